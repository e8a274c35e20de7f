/* api/guard.h -- what the HTTP library is lenient about is refused here, before a handler sees it.
 *
 * libmicrohttpd takes two Content-Length, Content-Length beside Transfer-Encoding, a blank before the colon, lines that end
 * in a lone LF, a CR or NUL inside a value, obs-fold and a request without Host. Two servers that read such a request
 * differently are how requests are smuggled. The library cuts the request into texts inside its read buffer and puts NULs
 * over separators; so where each text lies tells how the sender wrote it: after a value come CR and LF (now two NULs), then
 * the next name. Whatever does not lie so was a lone LF, a NUL or a folded line.
 * Pure: pointers in, an HTTP status out. Threads: any. */
#ifndef KD_API_GUARD_H
#define KD_API_GUARD_H
#include "base/string.h"

enum { KD_HEADERS_MAX = 64 };

typedef struct kd_header { kd_str name, value; } kd_header; /* value without blanks around it */

typedef struct kd_raw_request { /* as the library presents it, pointing into its read buffer */
    const char      *method;    /* NUL-terminated, like uri and version */
    const char      *uri;
    kd_str           target;    /* a copy of the URI as written: the library cuts its own at '?', '&' and '=' */
    const char      *version;
    const kd_header *headers;   /* in the order sent, values untrimmed */
    size_t           header_count;
    size_t           header_bytes_max;
} kd_raw_request;

typedef struct kd_framing {
    bool     has_length, chunked;
    uint64_t length;
    kd_str   host;
} kd_framing;

/* 0 when the request may be handled, else the status to refuse it with (400, 417, 431, 501, 505); err says why. */
int kd_guard_check(kd_framing *out, const kd_raw_request *raw, kd_err *err);
/* Is `host` ("name", "name:port", "[v6]:port") this machine's own name for itself, or one of `allowed` (comma-separated
 * names without port; "*" allows all)? Refusing others is what stops DNS rebinding. */
bool kd_guard_host(kd_str host, const char *allowed);
/* The name of a header: RFC 9110 token characters, at least one. */
bool kd_is_token(kd_str text);
#endif

/* api/request.h -- what stands behind a kd_request: between http.c, which fills it, and the accessors. Private to api/. */
#ifndef KD_API_REQUEST_H
#define KD_API_REQUEST_H
#include "api/guard.h"
#include "api/http.h"

enum { KD_REPLY_HEADERS_MAX = 12 };

struct kd_request_private {
    kd_http        *http;
    void           *connection;    /* the library's */
    const kd_route *route;         /* NULL: none */
    kd_header       headers[KD_HEADERS_MAX];
    size_t          header_count;
    kd_framing      framing;
    const char     *uri;           /* where the target lies in the library's buffer: an address to compare, cut by now */
    kd_str          target;        /* as written: path and query */
    kd_str          query;         /* raw, without '?' */
    kd_header       reply[KD_REPLY_HEADERS_MAX];
    size_t          reply_count;
    int64_t         begun_us;
    uint64_t        bytes_in;
    bool            guarded;       /* the header was seen and let through */
    size_t          body_bytes;    /* kept of the body, counted in its server */
    bool            too_large;     /* the body passed its limit: the rest is read and dropped */
    bool            crowded;       /* the bodies of all requests together passed theirs: likewise */
    bool            refused;       /* answer, then close the connection */
    bool            handled;       /* the handler ran */
    bool            later;         /* kd_http_later was called */
    bool            sent;          /* the answer is with the library */
    kd_stream      *stream;        /* the answer goes on: kd_http_stream */
    struct kd_worker *worker;
};

/* A plain percent-decoding into the arena; `plus` also turns '+' into a blank. Broken escapes stay as they are; a decoded
 * NUL makes the whole text empty. */
kd_str kd_percent_decode(kd_arena *arena, kd_str text, bool plus);
/* What kd_request_address tells of a peer's address. */
struct sockaddr;
kd_str kd_address_text(const kd_request *request, const struct sockaddr *peer);
#endif

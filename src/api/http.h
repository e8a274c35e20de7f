/* api/http.h -- the one file that knows the HTTP library is http.c (GNU libmicrohttpd); this is what the rest sees.
 *
 * A handler gets a whole request (body read up to the limit, decompressed) and answers at once, or keeps the request
 * (kd_http_later) and answers from another thread. What the library is lenient about is refused before a handler sees it:
 * two Content-Length, Content-Length with Transfer-Encoding, a blank before the colon, a bare CR, obs-fold, no Host. */
#ifndef KD_API_HTTP_H
#define KD_API_HTTP_H
#include "api/parts.h"

typedef struct kd_http    kd_http;
typedef struct kd_request kd_request;

typedef enum kd_method { KD_GET = 1, KD_HEAD = 2, KD_POST = 4, KD_PUT = 8, KD_PATCH = 16, KD_DELETE = 32, KD_OPTIONS = 64 } kd_method;

struct kd_request {
    kd_method   method;
    kd_str      path;             /* decoded per segment by kd_request_segment; raw here, without the query */
    kd_str      body;             /* decompressed */
    kd_arena   *arena;            /* of this request */
    kd_reader  *reader;           /* of this worker thread: only inside the handler, not after kd_http_later */
    kd_parts   *parts;
    int64_t     now_ms;
    char        request_id[33];   /* from traceparent or made; echoed as X-Request-Id */
    /* the answer */
    int         status;           /* 200 unless set */
    kd_buf      out;              /* body of the answer, in the arena */
    const char *content_type;     /* application/json unless set */
    uint32_t    retry_after_s;    /* 0: none */
    bool        no_store;         /* personal: Cache-Control: no-store */
    bool        cors;             /* collect and decide: echo Origin's wishes */
    struct kd_request_private *priv;
};

typedef void (*kd_handler)(kd_request *request);
typedef struct kd_route { /* first match wins; "{}" matches one segment, a last "..." the rest */
    uint32_t    methods;
    const char *pattern;          /* "/v1/admin/profiles/{}/events": "{}" stands for one segment */
    kd_handler  handler;
    const char *name;             /* for metrics */
} kd_route;

kd_str kd_request_header(const kd_request *request, const char *name); /* empty when absent */
kd_str kd_request_query(const kd_request *request, const char *name);  /* decoded, in the arena; empty when absent */
kd_str kd_request_segment(const kd_request *request, size_t index);    /* percent-decoded, in the arena; empty past the end */
kd_str kd_request_cookie(const kd_request *request, const char *name);
void   kd_request_reply_header(kd_request *request, const char *name, kd_str value); /* CR and LF in it are refused */

/* Keep the request beyond the handler: kd_http_answer must be called once, from any thread, and sends what stands in it. */
void kd_http_later(kd_request *request);
void kd_http_answer(kd_request *request);

/* application/problem+json (RFC 9457) from a status: type, title, status, detail, instance, errors[{pointer,detail}]. */
void kd_reply_problem(kd_request *request, kd_status status, const kd_err *err);
int  kd_http_code(kd_status status);

typedef struct kd_http_options { const char *host; uint16_t port; kd_limits limits; const kd_route *routes; size_t route_count; } kd_http_options;
/* Listening when it returns; `port` 0 takes a free one (kd_http_port). KD_IO: the address is taken, said with it. */
kd_status kd_http_start(kd_http **out, kd_parts *parts, const kd_http_options *options, kd_err *err);
uint16_t  kd_http_port(const kd_http *http);
void      kd_http_stop(kd_http *http); /* no new requests; ends those under way */
/* Prometheus lines of the server itself: requests by route and status class, durations, bytes, connections. */
void      kd_http_metrics(kd_buf *out, const kd_http *http);
#endif

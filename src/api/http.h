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
    const struct kd_caller *caller; /* who it is, once kd_caller_require (api/roles.h) let them in; else NULL */
    bool        masked;           /* what identifies somebody leaves out of the answer: api/masking.h */
    struct kd_request_private *priv;
};

typedef void (*kd_handler)(kd_request *request);
typedef enum kd_route_flag {
    KD_ROUTE_CORS = 1,            /* browsers of other origins may call it: preflight answered, Origin echoed, no credentials */
    KD_ROUTE_SEGMENT = 2          /* errors in the form the tracking SDKs know, {"success":false,...}, not problem+json */
} kd_route_flag;
struct kd_operation;              /* api/openapi.h: what /openapi.json says about it */
typedef struct kd_route {         /* first match wins; GET answers HEAD too; a last "/" of the path is overlooked */
    uint32_t    methods;
    const char *pattern;          /* "/v1/admin/profiles/{}/events": "{}" stands for one segment */
    kd_handler  handler;
    const char *name;             /* for metrics */
    uint32_t    flags;
    const struct kd_operation *operation;
} kd_route;
/* The route of a path, or NULL; *allowed gets the methods that other routes of this path take. */
const kd_route *kd_route_find(const kd_route *routes, size_t count, uint32_t method, kd_str path, uint32_t *allowed);

kd_str kd_request_header(const kd_request *request, const char *name); /* empty when absent */
kd_str kd_request_query(const kd_request *request, const char *name);  /* decoded, in the arena; empty when absent */
kd_str kd_request_segment(const kd_request *request, size_t index);    /* of the path, from 0; percent-decoded, in the arena; empty past the end */
kd_str kd_request_cookie(const kd_request *request, const char *name);
void   kd_request_reply_header(kd_request *request, const char *name, kd_str value); /* dropped when it holds CR, LF or NUL */
kd_http *kd_request_http(const kd_request *request);
/* Where it comes from, to count by: a client on loopback is taken for a proxy, and the last of its X-Forwarded-For counts. Of IPv6
 * the first 64 bits. In the arena; empty when not known. */
kd_str kd_request_address(const kd_request *request);

/* Keep the request beyond the handler: kd_http_answer must be called once, from any thread, and sends what stands in it. */
void kd_http_later(kd_request *request);
void kd_http_answer(kd_request *request);

/* An answer that goes on until its source or its reader ends it. `read` gives the bytes there are, 0 when there is nothing yet:
 * it is called again after kd_stream_wake; KD_STREAM_END ends the stream. No thread waits meanwhile. After `end` (the client is
 * gone, the server stops, or it was ended) neither is called any more. NULL: out of memory, and nothing was called. Set status and headers before the handler returns. */
typedef struct kd_stream kd_stream;
#define KD_STREAM_END SIZE_MAX
typedef struct kd_stream_source { size_t (*read)(void *self, char *out, size_t room); void (*end)(void *self); void *self; } kd_stream_source;
kd_stream *kd_http_stream(kd_request *request, const kd_stream_source *source);
void       kd_stream_wake(void *stream); /* any thread, until `end` has returned */

/* application/problem+json (RFC 9457) from a status: type, title, status, detail, instance, errors[{pointer,detail}]; on a
 * route of KD_ROUTE_SEGMENT {"success":false,"message","field","reason"}. */
void kd_reply_problem(kd_request *request, kd_status status, const kd_err *err);
void kd_reply_error(kd_request *request, int code, const char *type, const char *detail, const char *field); /* the same by HTTP status */
int  kd_http_code(kd_status status);
/* The answer is what a writer put into request->out: 200 unless set; a full arena becomes a problem. */
void kd_reply_json(kd_request *request, kd_status status, const kd_err *err);

typedef struct kd_http_options {
    const char     *host;
    uint16_t        port;
    kd_limits       limits;
    const kd_route *routes;
    size_t          route_count;
    const char     *allowed_hosts; /* bound to loopback, only loopback's names are served (DNS rebinding) and these: "shop.example,*" */
} kd_http_options;
/* Listening when it returns; `port` 0 takes a free one (kd_http_port). KD_IO: the address is taken, said with it. */
kd_status kd_http_start(kd_http **out, kd_parts *parts, const kd_http_options *options, kd_err *err);
uint16_t  kd_http_port(const kd_http *http);
void      kd_http_stop(kd_http *http); /* no new requests; ends those under way */
/* Prometheus lines of the server itself: requests by route and status class, durations, bytes, connections. */
void      kd_http_metrics(kd_buf *out, const kd_http *http);
#endif

#include "api/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/guard.h"
#include "api/measure.h"
#include "api/request.h"
#include "base/input.h"
#include "base/log.h"

enum {
    ARENAS_KEPT = 32,                   /* per worker */
    ARENA_KEPT_BYTES_MAX = 512 * 1024,  /* one that grew larger is given back to the system */
    CONNECTION_BYTES_MIN = 32 * 1024,   /* the library's buffer of a connection: header and the part of a body being read */
    DECOMPRESSED_FACTOR = 4,            /* a body may be so many times its limit after decompression */
    BODIES_FACTOR = 32,                 /* the bodies of all requests together, so many times the limit: whoever sends them has shown no key yet */
    DROPPED_FACTOR = 4,                 /* of a body too large, so many times the limit is read before the connection is cut */
    STREAM_BLOCK_BYTES = 16 * 1024,     /* of a stream, given to the library at once */
    STOP_WAIT_MS = 5000                 /* for requests under way; those that wait for the writer are always waited for */
};

typedef struct kd_worker { /* one per thread of the library */
    kd_http          *http;
    kd_reader        *reader;           /* opened with the first request that comes so far */
    kd_rng            rng;
    kd_arena         *arenas[ARENAS_KEPT];
    size_t            arena_count;
    kd_measure        measure;
    struct kd_worker *next;
} kd_worker;

struct kd_stream { /* lives as long as its response, which outlives the request */
    kd_http               *http;
    kd_stream_source       source;
    struct MHD_Connection *connection;
    bool                   asleep;      /* suspended: whoever takes this back resumes the connection */
    bool                   woken;       /* woken while not asleep: look again before falling asleep */
    kd_stream             *next, **link;
};

struct kd_http {
    kd_parts            *parts;
    kd_http_options      options;
    char                *allowed_hosts;
    bool                 loopback;      /* bound to a loopback address */
    uint16_t             port;
    int                  listener;
    _Atomic(struct MHD_Daemon *) daemon; /* workers may ask for it before it is given */
    atomic_bool          stopping;
    atomic_int           waiting;       /* requests kept by kd_http_later and not answered yet */
    atomic_int           under_way;     /* requests begun and not completed */
    atomic_size_t        body_bytes;    /* that requests under way keep of their bodies */
    pthread_mutex_t      lock;          /* of workers */
    kd_worker           *workers;
    pthread_mutex_t      streams_lock;  /* of streams, and of what each is about to do */
    kd_stream           *streams;
};

/* ---- workers ------------------------------------------------------------------------------------------------------ */
static _Thread_local kd_worker *this_worker;

static kd_worker *worker_of(kd_http *http)
{
    kd_worker *w = this_worker;
    if (w && w->http == http)
        return w;
    w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->http = http;
    kd_rng_seed_os(&w->rng);
    pthread_mutex_lock(&http->lock);
    w->next = http->workers;
    http->workers = w;
    pthread_mutex_unlock(&http->lock);
    this_worker = w;
    return w;
}

static void worker_free(kd_worker *w)
{
    for (size_t i = 0; i < w->arena_count; i++)
        kd_arena_free(w->arenas[i]);
    if (w->reader)
        kd_reader_close(w->reader);
    free(w);
}

static kd_arena *arena_take(kd_worker *w)
{
    return w->arena_count > 0 ? w->arenas[--w->arena_count] : kd_arena_new(w->http->options.limits.arena_bytes_max);
}

static void arena_give(kd_worker *w, kd_arena *arena)
{
    if (w->arena_count == ARENAS_KEPT || kd_arena_used(arena) > ARENA_KEPT_BYTES_MAX) {
        kd_arena_free(arena);
        return;
    }
    kd_arena_reset(arena);
    w->arenas[w->arena_count++] = arena;
}

/* ---- a request begins --------------------------------------------------------------------------------------------- */
/* The library calls this with the request line read and nothing else: the only moment at which the target is whole. What
 * it returns is the request's state until request_completed. */
static void *request_begin(void *self, const char *uri, struct MHD_Connection *connection)
{
    kd_http                   *http = self;
    kd_worker                 *worker = worker_of(http);
    kd_arena                  *arena = worker ? arena_take(worker) : NULL;
    kd_request                *request = arena ? KD_NEW(arena, kd_request, 1) : NULL;
    struct kd_request_private *p = request ? KD_NEW(arena, struct kd_request_private, 1) : NULL;
    const char                *question;
    atomic_fetch_add_explicit(&http->under_way, 1, memory_order_relaxed);
    if (p == NULL) {
        kd_arena_free(arena);
        return NULL;
    }
    request->priv = p;
    request->arena = arena;
    request->parts = http->parts;
    request->status = 200;
    request->content_type = "application/json";
    p->http = http;
    p->worker = worker;
    p->connection = connection;
    p->begun_us = kd_monotonic_us();
    p->uri = uri;
    p->target = request->path = kd_str_copy(arena, kd_str_z(uri));
    question = request->path.len ? memchr(request->path.ptr, '?', request->path.len) : NULL;
    if (question) {
        p->query = (kd_str){ question + 1, request->path.len - (size_t)(question - request->path.ptr) - 1 };
        request->path.len = (size_t)(question - request->path.ptr);
    }
    return request;
}

static void request_completed(void *self, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    kd_http    *http = self;
    kd_request *request = *state;
    (void)connection, (void)why;
    *state = NULL;
    if (request) {
        kd_worker *worker = request->priv->worker;
        if (!request->priv->sent)
            kd_measure_bump(&worker->measure.aborted, 1);
        atomic_fetch_sub_explicit(&http->body_bytes, request->priv->body_bytes, memory_order_relaxed);
        arena_give(worker, request->arena); /* the request lies in it */
    }
    atomic_fetch_sub_explicit(&http->under_way, 1, memory_order_relaxed);
}

static enum MHD_Result collect_header(void *self, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t value_len)
{
    struct kd_request_private *p = self;
    (void)kind;
    if (p->header_count == KD_HEADERS_MAX) {
        p->header_count = KD_HEADERS_MAX + 1; /* too many: told by the caller */
        return MHD_NO;
    }
    p->headers[p->header_count++] = (kd_header){ { name, name_len }, { value ? value : name + name_len, value_len } };
    return MHD_YES;
}

static kd_method method_of(const char *method)
{
    static const struct { const char *name; kd_method method; } names[] = {
        { "POST", KD_POST }, { "GET", KD_GET }, { "HEAD", KD_HEAD }, { "OPTIONS", KD_OPTIONS },
        { "PUT", KD_PUT }, { "DELETE", KD_DELETE }, { "PATCH", KD_PATCH },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(method, names[i].name) == 0)
            return names[i].method;
    return 0;
}

static bool is_trace_hex(const char *s, size_t len)
{
    bool any = false;
    for (size_t i = 0; i < len; i++) {
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
            return false;
        any = any || s[i] != '0';
    }
    return any;
}

/* The trace id of a W3C traceparent, "00-<32 hex>-<16 hex>-<2 hex>" with neither id all zeros; else one of our own. */
static void name_request(kd_request *request, kd_rng *rng)
{
    static const char digits[] = "0123456789abcdef";
    kd_str            t = kd_request_header(request, "traceparent");
    if (t.len == 55 && memcmp(t.ptr, "00-", 3) == 0 && t.ptr[35] == '-' && t.ptr[52] == '-' && is_trace_hex(t.ptr + 3, 32) && is_trace_hex(t.ptr + 36, 16)) {
        memcpy(request->request_id, t.ptr + 3, 32);
        return;
    }
    for (size_t i = 0; i < 32; i += 16) {
        uint64_t r = kd_rng_u64(rng);
        for (size_t j = 0; j < 16; j++, r >>= 4)
            request->request_id[i + j] = digits[r & 15];
    }
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */
static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void add_cors(kd_request *request, struct MHD_Response *response)
{
    kd_str origin = kd_request_header(request, "Origin");
    if (origin.len == 0 || origin.len > 512)
        return;
    add_header(response, "Access-Control-Allow-Origin", kd_str_cstr(request->arena, origin));
    add_header(response, "Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
    add_header(response, "Vary", "Origin");
}

static void add_headers(kd_request *request, struct MHD_Response *response)
{
    const struct kd_request_private *p = request->priv;
    if (request->status != 204)
        add_header(response, "Content-Type", request->content_type);
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "X-Request-Id", request->request_id);
    if (request->no_store)
        add_header(response, "Cache-Control", "no-store");
    if (request->retry_after_s > 0) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", request->retry_after_s);
        add_header(response, "Retry-After", seconds);
    }
    if (request->cors)
        add_cors(request, response);
    for (size_t i = 0; i < p->reply_count; i++)
        add_header(response, p->reply[i].name.ptr, p->reply[i].value.ptr ? p->reply[i].value.ptr : "");
    if (p->refused || atomic_load_explicit(&p->http->stopping, memory_order_relaxed))
        add_header(response, "Connection", "close");
}

/* ---- an answer that goes on --------------------------------------------------------------------------------------------- */
kd_stream *kd_http_stream(kd_request *request, const kd_stream_source *source)
{
    kd_http   *http = request->priv->http;
    kd_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->http = http;
    s->source = *source;
    s->connection = request->priv->connection;
    pthread_mutex_lock(&http->streams_lock);
    s->next = http->streams;
    s->link = &http->streams;
    if (s->next)
        s->next->link = &s->next;
    http->streams = s;
    pthread_mutex_unlock(&http->streams_lock);
    request->priv->stream = s;
    return s;
}

/* The library lets go of the response: the client is gone, or everything was sent. */
static void stream_end(void *self)
{
    kd_stream *s = self;
    s->source.end(s->source.self);
    pthread_mutex_lock(&s->http->streams_lock);
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    pthread_mutex_unlock(&s->http->streams_lock);
    free(s);
}

/* The library wants bytes. Where there are none the connection sleeps, unless somebody called between the look and the sleep. */
static ssize_t stream_read(void *self, uint64_t pos, char *out, size_t room)
{
    kd_stream *s = self;
    kd_http   *http = s->http;
    bool       again = true;
    (void)pos;
    while (again && !atomic_load(&http->stopping)) {
        size_t n = s->source.read(s->source.self, out, room);
        if (n == KD_STREAM_END)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (n > 0)
            return (ssize_t)n;
        pthread_mutex_lock(&http->streams_lock);
        again = s->woken || atomic_load(&http->stopping);
        s->woken = false;
        s->asleep = !again;
        if (s->asleep)
            MHD_suspend_connection(s->connection);
        pthread_mutex_unlock(&http->streams_lock);
    }
    return again ? MHD_CONTENT_READER_END_OF_STREAM : 0;
}

/* Under streams_lock. */
static void rouse(kd_stream *s)
{
    s->woken = true;
    if (s->asleep)
        MHD_resume_connection(s->connection);
    s->asleep = false;
}

void kd_stream_wake(void *stream)
{
    kd_stream *s = stream;
    pthread_mutex_lock(&s->http->streams_lock);
    rouse(s);
    pthread_mutex_unlock(&s->http->streams_lock);
}

/* The answer's bytes lie in the request's arena, which lives until the library has sent them: nothing is copied. */
static enum MHD_Result send_answer(kd_request *request)
{
    static const char          full[] = "{\"type\":\"urn:kunde:problem:limit\",\"title\":\"Too large\",\"status\":500,\"detail\":\"the answer is over the memory of one request\"}";
    struct kd_request_private *p = request->priv;
    struct MHD_Response       *response;
    enum MHD_Result            result;
    if (request->out.failed) {
        request->status = 500;
        request->content_type = "application/problem+json";
        request->out = (kd_buf){ .ptr = (char *)(uintptr_t)full, .len = sizeof full - 1 };
    }
    if (p->stream)
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read, p->stream, stream_end);
    else
        response = MHD_create_response_from_buffer(request->out.len, request->out.len ? request->out.ptr : (char *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        if (p->stream)
            stream_end(p->stream);
        return MHD_NO;
    }
    add_headers(request, response);
    kd_measure_add(&p->worker->measure, p->route ? (size_t)(p->route - p->http->options.routes) : KD_MEASURE_ROUTES_MAX, request->status,
                   kd_monotonic_us() - p->begun_us, p->bytes_in, request->out.len);
    p->sent = true;
    result = MHD_queue_response(p->connection, (unsigned)request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* An answer before the body was read: the connection ends with it, since nobody will read the body. */
static enum MHD_Result refuse(kd_request *request, int code, const char *type, const char *detail)
{
    request->priv->refused = true;
    kd_reply_error(request, code, type, detail, "");
    return send_answer(request);
}

static void allow_header(kd_request *request, const char *name, uint32_t methods)
{
    static const struct { const char *text; uint32_t method; } names[] = {
        { "GET", KD_GET }, { "HEAD", KD_GET }, { "POST", KD_POST }, { "PUT", KD_PUT }, { "PATCH", KD_PATCH }, { "DELETE", KD_DELETE }, { "OPTIONS", ~0U },
    };
    kd_buf list;
    kd_buf_init(&list, request->arena);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].method & methods)
            kd_buf_addf(&list, "%s%s", list.len ? ", " : "", names[i].text);
    kd_request_reply_header(request, name, kd_buf_str(&list));
}

/* OPTIONS: to a browser's preflight the wishes come back by name ('*' does not cover Authorization), for a day. */
static void answer_options(kd_request *request, uint32_t methods, bool cors)
{
    kd_str wishes = kd_request_header(request, "Access-Control-Request-Headers");
    request->status = 204;
    allow_header(request, "Allow", methods);
    if (!cors || kd_request_header(request, "Origin").len == 0)
        return;
    request->cors = true;
    allow_header(request, "Access-Control-Allow-Methods", methods);
    if (wishes.len > 0 && wishes.len <= 1024)
        kd_request_reply_header(request, "Access-Control-Allow-Headers", wishes);
    kd_request_reply_header(request, "Access-Control-Max-Age", KD_STR("86400"));
}

/* ---- the body ------------------------------------------------------------------------------------------------------ */
static kd_status decompress(kd_request *request, const char *encoding, kd_err *err)
{
    kd_input *in = NULL;
    kd_buf    out;
    size_t    cap = request->priv->http->options.limits.body_bytes_max * DECOMPRESSED_FACTOR, len = 1;
    kd_status status = kd_input_memory(&in, request->body.ptr, request->body.len, encoding, cap, err);
    kd_buf_init(&out, request->arena);
    kd_buf_reserve(&out, request->body.len < cap / 8 ? request->body.len * 8 : cap);
    while (status == KD_OK && len > 0) {
        if (out.cap - out.len < 4096 && !kd_buf_reserve(&out, out.cap + 4096))
            status = kd_fail_memory(err);
        else if ((status = kd_input_read(in, out.ptr + out.len, out.cap - out.len, &len, err)) == KD_OK)
            out.len += len;
    }
    kd_input_close(in);
    request->body = kd_buf_str(&out);
    return status;
}

/* False when the request is answered (with an error) already. */
static bool body_ready(kd_request *request)
{
    kd_str    encoding = kd_request_header(request, "Content-Encoding");
    kd_err    err = { 0 };
    kd_status status;
    if (request->priv->too_large) {
        kd_reply_error(request, 413, "limit", "the request's body is longer than the server's limit", "");
        return false;
    }
    if (request->priv->crowded) {
        kd_reply_error(request, 429, "busy", "too many large bodies are under way", "");
        return false;
    }
    request->body = kd_buf_str(&request->out); /* gathered where the answer will stand */
    if (request->out.failed) {
        kd_reply_error(request, 413, "limit", "the request's body is longer than the memory of one request", "");
        return false;
    }
    kd_buf_init(&request->out, request->arena);
    if (request->body.len == 0 || encoding.len == 0 || kd_str_is_nocase(encoding, "identity"))
        return true;
    if (!kd_str_is_nocase(encoding, "gzip") && !kd_str_is_nocase(encoding, "x-gzip") && !kd_str_is_nocase(encoding, "zstd")) {
        kd_reply_error(request, 415, "invalid", "Content-Encoding is none of gzip, zstd, identity", "");
        return false;
    }
    status = decompress(request, kd_str_is_nocase(encoding, "zstd") ? "zstd" : "gzip", &err);
    if (status != KD_OK)
        kd_reply_error(request, kd_http_code(status), kd_status_name(status), err.msg, "");
    return status == KD_OK;
}

static enum MHD_Result take_body(kd_request *request, const char *data, size_t *size)
{
    struct kd_request_private *p = request->priv;
    size_t                     max = p->http->options.limits.body_bytes_max;
    p->bytes_in += *size;
    if (p->bytes_in > max)
        p->too_large = true;
    if (!p->too_large && !p->crowded) {
        p->body_bytes += *size;
        p->crowded = atomic_fetch_add_explicit(&p->http->body_bytes, *size, memory_order_relaxed) + *size > max * BODIES_FACTOR;
    }
    if (!p->too_large && !p->crowded)
        kd_buf_add(&request->out, data, *size);
    *size = 0;
    return p->bytes_in > max * DROPPED_FACTOR ? MHD_NO : MHD_YES;
}

/* ---- from the library to a handler ---------------------------------------------------------------------------------- */
/* The header is complete: may it be handled, and by whom? */
static enum MHD_Result header_complete(kd_request *request, const char *method, const char *version)
{
    struct kd_request_private *p = request->priv;
    kd_http                   *http = p->http;
    kd_err                     err = { 0 };
    uint32_t                   allowed;
    int                        code;
    MHD_get_connection_values_n(p->connection, MHD_HEADER_KIND, collect_header, p);
    if (p->header_count > KD_HEADERS_MAX) {
        p->header_count = KD_HEADERS_MAX;
        return refuse(request, 431, "limit", "the request has too many headers");
    }
    code = kd_guard_check(&p->framing, &(kd_raw_request){ method, p->uri, p->target, version, p->headers, p->header_count,
                                                         http->options.limits.header_bytes_max }, &err);
    for (size_t i = 0; i < p->header_count; i++)
        p->headers[i].value = kd_str_trim(p->headers[i].value);
    p->guarded = true;
    name_request(request, &p->worker->rng);
    if (code != 0) {
        kd_measure_bump(&p->worker->measure.refused, 1);
        return refuse(request, code, "malformed", err.msg);
    }
    request->now_ms = kd_now(http->parts->clock);
    request->method = method_of(method);
    p->route = kd_route_find(http->options.routes, http->options.route_count, request->method, request->path, &allowed);
    if (p->route && (p->route->flags & KD_ROUTE_CORS))
        request->cors = true;
    if (http->loopback && !kd_guard_host(p->framing.host, http->allowed_hosts))
        return refuse(request, 421, "host", "this server answers to the names of this machine only; setting http_allowed_hosts adds others");
    if (atomic_load_explicit(&http->stopping, memory_order_relaxed))
        return refuse(request, 503, "stopping", "the server is stopping");
    if (p->framing.has_length && p->framing.length > http->options.limits.body_bytes_max) {
        /* A client in the middle of sending would see a broken connection, not the answer: let it finish, within reason. */
        if (p->framing.length / DROPPED_FACTOR > http->options.limits.body_bytes_max || kd_request_header(request, "Expect").len > 0)
            return refuse(request, 413, "limit", "the request's body is longer than the server's limit");
        p->too_large = true;
    }
    kd_buf_init(&request->out, request->arena);
    if (p->framing.has_length && !p->too_large)
        kd_buf_reserve(&request->out, p->framing.length < 256 * 1024 ? (size_t)p->framing.length : 256 * 1024);
    return MHD_YES;
}

/* No route takes it: preflight, wrong method, or nothing there. */
static void answer_unrouted(kd_request *request)
{
    const kd_http  *http = request->priv->http;
    const kd_route *other;
    uint32_t        allowed = 0, ignored;
    kd_route_find(http->options.routes, http->options.route_count, 0, request->path, &allowed);
    other = allowed ? kd_route_find(http->options.routes, http->options.route_count, allowed & (0U - allowed), request->path, &ignored) : NULL;
    if (allowed == 0) {
        kd_reply_error(request, 404, "not_found", "there is nothing at this path", "");
    } else if (request->method == KD_OPTIONS) {
        answer_options(request, allowed, other && (other->flags & KD_ROUTE_CORS));
    } else {
        allow_header(request, "Allow", allowed);
        kd_reply_error(request, 405, "method", "this path does not take this method; the header Allow names those it takes", "");
    }
}

static enum MHD_Result handle(kd_request *request)
{
    struct kd_request_private *p = request->priv;
    kd_err                     err = { 0 };
    kd_status                  status = KD_OK;
    p->handled = true;
    if (body_ready(request)) {
        if (p->worker->reader == NULL)
            status = kd_reader_open(&p->worker->reader, p->http->parts->store, &err);
        request->reader = p->worker->reader;
        if (status != KD_OK)
            kd_reply_problem(request, status, &err);
        else if (p->route == NULL)
            answer_unrouted(request);
        else
            p->route->handler(request);
    }
    /* After kd_http_later the request may be another thread's already: only this thread wrote `later`. */
    return p->later ? MHD_YES : send_answer(request);
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                  const char *data, size_t *size, void **state)
{
    kd_request *request = *state;
    (void)self, (void)connection, (void)url;
    if (request == NULL) /* no memory for it: cut the connection */
        return MHD_NO;
    if (!request->priv->guarded)
        return header_complete(request, method, version);
    if (*size > 0)
        return take_body(request, data, size);
    if (!request->priv->handled)
        return handle(request);
    return send_answer(request); /* resumed by kd_http_answer */
}

void kd_http_later(kd_request *request)
{
    struct kd_request_private *p = request->priv;
    p->later = true;
    request->reader = NULL;
    atomic_fetch_add(&p->http->waiting, 1);
    MHD_suspend_connection(p->connection);
}

void kd_http_answer(kd_request *request)
{
    kd_http               *http = request->priv->http;
    struct MHD_Connection *connection = request->priv->connection;
    MHD_resume_connection(connection); /* from here on the request belongs to its worker again, which may end it at any time */
    atomic_fetch_sub(&http->waiting, 1);
}

kd_http *kd_request_http(const kd_request *request)
{
    return request->priv->http;
}

kd_str kd_request_address(const kd_request *request)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->priv->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? kd_address_text(request, info->client_addr) : (kd_str){ 0 };
}

/* ---- start and stop -------------------------------------------------------------------------------------------------- */
typedef union address { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } address;

static kd_status address_of(address *out, socklen_t *len, bool *loopback, const char *host, uint16_t port, kd_err *err)
{
    char   name[64];
    size_t n = strlen(host);
    memset(out, 0, sizeof *out);
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']')
        host++, n -= 2;
    if (n >= sizeof name)
        return kd_fail_field(err, KD_INVALID, "host", "the address to listen on is too long");
    memcpy(name, host, n);
    name[n] = '\0';
    if (strcmp(name, "localhost") == 0)
        strcpy(name, "127.0.0.1");
    if (inet_pton(AF_INET, name, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        *len = sizeof out->v4;
        *loopback = (ntohl(out->v4.sin_addr.s_addr) >> 24) == 127;
        return KD_OK;
    }
    if (inet_pton(AF_INET6, name, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        *len = sizeof out->v6;
        *loopback = IN6_IS_ADDR_LOOPBACK(&out->v6.sin6_addr);
        return KD_OK;
    }
    return kd_fail_field(err, KD_INVALID, "host", "'%s' is no IPv4 or IPv6 address to listen on (127.0.0.1, 0.0.0.0, ::1, ::)", name);
}

static kd_status listen_on(kd_http *http, kd_err *err)
{
    address   a;
    socklen_t len;
    int       on = 1;
    kd_status status = address_of(&a, &len, &http->loopback, http->options.host, http->options.port, err);
    if (status != KD_OK)
        return status;
    http->listener = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (http->listener < 0)
        return kd_fail(err, KD_IO, "cannot make a socket: %s", strerror(errno));
    setsockopt(http->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(http->listener, &a.any, len) != 0 || listen(http->listener, 1024) != 0)
        return kd_fail(err, KD_IO, "cannot listen on %s port %u: %s", http->options.host, http->options.port, strerror(errno));
    if (getsockname(http->listener, &a.any, &len) != 0)
        return kd_fail(err, KD_IO, "cannot read the port of the socket: %s", strerror(errno));
    http->port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    return KD_OK;
}

/* The library would decode paths in place, which hides an encoded '/' or NUL from the router: leave them. */
static size_t leave_escapes(void *self, struct MHD_Connection *connection, char *text)
{
    (void)self, (void)connection;
    return strlen(text);
}

static kd_status start_daemon(kd_http *http, kd_err *err)
{
    const kd_limits *limits = &http->options.limits;
    size_t           memory = (size_t)limits->header_bytes_max + 16 * 1024;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, http->port, NULL, NULL, on_request, http,
        MHD_OPTION_LISTEN_SOCKET, http->listener,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)limits->threads,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory > CONNECTION_BYTES_MIN ? memory : (size_t)CONNECTION_BYTES_MIN,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)limits->connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)limits->connections_per_ip_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)limits->timeout_s,
        MHD_OPTION_URI_LOG_CALLBACK, request_begin, http,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, http,
        MHD_OPTION_END);
    return http->daemon ? KD_OK : kd_fail(err, KD_IO, "the HTTP server cannot start on port %u (threads, memory or file descriptors)", http->port);
}

static void http_free(kd_http *http)
{
    while (http->workers) {
        kd_worker *next = http->workers->next;
        worker_free(http->workers);
        http->workers = next;
    }
    if (http->listener >= 0)
        close(http->listener);
    pthread_mutex_destroy(&http->lock);
    pthread_mutex_destroy(&http->streams_lock);
    free(http->allowed_hosts);
    free(http);
}

kd_status kd_http_start(kd_http **out, kd_parts *parts, const kd_http_options *options, kd_err *err)
{
    kd_http  *http = calloc(1, sizeof *http);
    kd_status status;
    if (http == NULL)
        return kd_fail_memory(err);
    http->parts = parts;
    http->options = *options;
    http->listener = -1;
    http->allowed_hosts = strdup(options->allowed_hosts ? options->allowed_hosts : "");
    pthread_mutex_init(&http->lock, NULL);
    pthread_mutex_init(&http->streams_lock, NULL);
    status = listen_on(http, err);
    if (status == KD_OK)
        status = start_daemon(http, err);
    if (status != KD_OK) {
        http_free(http);
        return status;
    }
    *out = http;
    return KD_OK;
}

uint16_t kd_http_port(const kd_http *http)
{
    return http->port;
}

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

void kd_http_stop(kd_http *http)
{
    int64_t until_us;
    if (http == NULL)
        return;
    atomic_store(&http->stopping, true);
    MHD_quiesce_daemon(http->daemon);
    pthread_mutex_lock(&http->streams_lock);
    for (kd_stream *s = http->streams; s; s = s->next)
        rouse(s); /* each sees that the server stops, and ends */
    pthread_mutex_unlock(&http->streams_lock);
    /* A suspended connection may not be stopped: the writer answers each, so this wait ends. */
    while (atomic_load(&http->waiting) > 0)
        nap();
    until_us = kd_monotonic_us() + STOP_WAIT_MS * INT64_C(1000);
    while (atomic_load(&http->under_way) > 0 && kd_monotonic_us() < until_us)
        nap();
    MHD_stop_daemon(http->daemon);
    http_free(http);
}

void kd_http_metrics(kd_buf *out, const kd_http *http)
{
    kd_http                    *h = (kd_http *)(uintptr_t)http; /* only its lock is taken */
    kd_measure                 *sum = calloc(1, sizeof *sum);
    const char                **names = calloc(http->options.route_count + 1, sizeof *names);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    if (sum && names) {
        pthread_mutex_lock(&h->lock);
        for (const kd_worker *w = http->workers; w; w = w->next)
            kd_measure_sum(sum, &w->measure);
        pthread_mutex_unlock(&h->lock);
        for (size_t i = 0; i < http->options.route_count; i++)
            names[i] = http->options.routes[i].name;
        kd_measure_write(out, sum, names, http->options.route_count);
    }
    kd_metric(out, "kunde_http_connections", "gauge", "Connections open now.", info ? info->num_connections : 0);
    kd_metric(out, "kunde_http_waiting", "gauge", "Requests that wait for the writer.", atomic_load(&h->waiting));
    free(sum);
    free(names);
}

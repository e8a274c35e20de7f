#include "api/request.h"
#include <stdio.h>
#include "base/json.h"
#include "api/masking.h"
#include "base/log.h"

int kd_http_code(kd_status status)
{
    switch (status) {
    case KD_OK:           return 200;
    case KD_INVALID:      return 400;
    case KD_UNAUTHORIZED: return 401;
    case KD_DENIED:       return 403;
    case KD_NOT_FOUND:    return 404;
    case KD_CONFLICT:     return 409;
    case KD_LIMIT:        return 413;
    case KD_BUSY:         return 429;
    case KD_NUMERIC:      return 422;
    case KD_RETRY:
    case KD_UNKNOWN:
    case KD_IO:           return 503;
    case KD_CORRUPT:      return 500;
    }
    return 500;
}

static const char *title_of(int code)
{
    switch (code) {
    case 400: return "The request cannot be understood";
    case 401: return "No valid key";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Too large";
    case 415: return "Unsupported encoding";
    case 417: return "Expectation failed";
    case 421: return "Not this server";
    case 422: return "Cannot be computed";
    case 429: return "Too many requests";
    case 431: return "Header too large";
    case 501: return "Not implemented";
    case 503: return "Not available at the moment";
    case 505: return "HTTP version not supported";
    default:  return "Internal error";
    }
}

/* A field name ("customer.userId", "/placements/0") as a JSON pointer. */
static void write_pointer(kd_jw *w, kd_arena *arena, const char *field)
{
    size_t len = strlen(field);
    char  *pointer = kd_arena_alloc(arena, len + 2);
    if (pointer == NULL)
        return;
    pointer[0] = '/';
    memcpy(pointer + 1, field[0] == '/' ? field + 1 : field, len + (field[0] == '/' ? 0 : 1));
    if (field[0] != '/')
        for (char *p = pointer + 1; *p; p++)
            *p = *p == '.' ? '/' : *p;
    KD_JW_Z(w, "pointer", pointer);
}

static void write_segment_error(kd_jw *w, const char *detail, const char *field)
{
    kd_jw_object(w);
    KD_JW_BOOL(w, "success", false);
    KD_JW_Z(w, "message", detail);
    if (field[0])
        KD_JW_Z(w, "field", field);
    kd_jw_object_end(w);
}

static void write_problem(kd_jw *w, kd_request *request, int code, const char *type, const char *detail, const char *field)
{
    char text[96];
    kd_jw_object(w);
    snprintf(text, sizeof text, "urn:kunde:problem:%s", type);
    KD_JW_Z(w, "type", text);
    KD_JW_Z(w, "title", title_of(code));
    KD_JW_I64(w, "status", code);
    KD_JW_Z(w, "detail", detail);
    snprintf(text, sizeof text, "urn:kunde:request:%s", request->request_id);
    KD_JW_Z(w, "instance", text);
    if (field[0]) {
        kd_jw_key(w, "errors");
        kd_jw_array(w);
        kd_jw_object(w);
        write_pointer(w, request->arena, field);
        KD_JW_Z(w, "detail", detail);
        kd_jw_object_end(w);
        kd_jw_array_end(w);
    }
    kd_jw_object_end(w);
}

void kd_reply_error(kd_request *request, int code, const char *type, const char *detail, const char *field)
{
    const kd_route *route = request->priv->route;
    bool            segment = route && (route->flags & KD_ROUTE_SEGMENT);
    kd_jw           w;
    kd_buf_init(&request->out, request->arena); /* whatever was begun is not said */
    kd_jw_init(&w, &request->out);
    request->status = code;
    request->content_type = segment ? "application/json" : "application/problem+json";
    if (segment)
        write_segment_error(&w, detail, field);
    else
        write_problem(&w, request, code, type, detail, field);
    if (code == 401 && !segment)
        kd_request_reply_header(request, "WWW-Authenticate", KD_STR("Bearer realm=\"kunde\""));
    if ((code == 429 || code == 503) && request->retry_after_s == 0)
        request->retry_after_s = 1;
}

void kd_reply_problem(kd_request *request, kd_status status, const kd_err *err)
{
    /* What the operator's log may say about disks and files is not for callers. */
    bool inside = status == KD_CORRUPT || status == KD_IO || status == KD_RETRY || status == KD_UNKNOWN;
    if (inside)
        kd_log(KD_LOG_ERROR, "api", "failed", "route=%s status=%s request=%s msg=\"%s\"", request->priv->route ? request->priv->route->name : "-",
               kd_status_name(status), request->request_id, err ? err->msg : "");
    if (inside)
        kd_reply_error(request, kd_http_code(status), kd_status_name(status),
                       status == KD_CORRUPT ? "stored data failed its check; the server's log says which" : "the store is not available; try again", "");
    else
        kd_reply_error(request, kd_http_code(status), kd_status_name(status), err && err->msg[0] ? err->msg : "the request was refused",
                       err ? err->field : "");
}

void kd_reply_json(kd_request *request, kd_status status, const kd_err *err)
{
    kd_err own = { 0 };
    kd_buf masked;
    if (status == KD_OK && request->out.failed) {
        status = kd_fail_memory(&own);
        err = &own;
    }
    if (status == KD_OK && request->masked && request->status < 300 && request->out.len) { /* one place for all answers */
        kd_buf_init(&masked, request->arena);
        status = kd_mask_json(&masked, kd_buf_str(&request->out), request->arena, &own);
        request->out = masked;
        err = &own;
    }
    if (status != KD_OK)
        kd_reply_problem(request, status, err);
}

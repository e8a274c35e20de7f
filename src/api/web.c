#include "api/web.h"

#include "api/handlers.h"
#include "base/input.h"

/* Everything comes from this server, and nothing is written into the page itself: no script or style element, no attribute
 * of an event. Product pictures may come from anywhere by https. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
                             "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

static const kd_web_file *find(kd_str path)
{
    size_t low = 0, high = kd_web_files_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = kd_str_cmp(kd_str_z(kd_web_files[middle].path), path);
        if (order == 0)
            return &kd_web_files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The text up to `by`, trimmed; *rest goes on behind it. */
static kd_str cut(kd_str *rest, char by)
{
    const char *at = rest->len ? memchr(rest->ptr, by, rest->len) : NULL;
    kd_str      piece = { rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len };
    *rest = at ? (kd_str){ at + 1, rest->len - piece.len - 1 } : (kd_str){ 0 };
    return kd_str_trim(piece);
}

/* "gzip;q=0.8, *;q=0": a name without weight counts, one with the weight 0 is refused. */
static bool takes_gzip(kd_str accepted)
{
    while (accepted.len > 0) {
        kd_str item = cut(&accepted, ','), name = cut(&item, ';'), weight = kd_str_trim(item);
        double q = 1;
        if (!kd_str_is_nocase(name, "gzip") && !kd_str_is(name, "*"))
            continue;
        if (kd_str_starts(weight, "q="))
            kd_str_f64(&q, (kd_str){ weight.ptr + 2, weight.len - 2 });
        return q > 0;
    }
    return false;
}

/* If-None-Match: a list, each perhaps weak; "*" is any. */
static bool is_held(kd_str held, kd_str etag)
{
    while (held.len > 0) {
        kd_str item = cut(&held, ',');
        if (kd_str_starts(item, "W/"))
            item = (kd_str){ item.ptr + 2, item.len - 2 };
        if (kd_str_is(item, "*") || kd_str_eq(item, etag))
            return true;
    }
    return false;
}

static bool ends_in(const char *path, const char *end)
{
    size_t len = strlen(path), tail = strlen(end);
    return len >= tail && strcmp(path + len - tail, end) == 0;
}

static void add_rules(kd_request *request, const kd_web_file *file)
{
    if (strncmp(file->path, "/assets/", 8) == 0) { /* the name holds a hash of the content */
        kd_request_reply_header(request, "Cache-Control", KD_STR("public, max-age=31536000, immutable"));
        kd_request_reply_header(request, "Cross-Origin-Resource-Policy", KD_STR("same-origin"));
    } else if (ends_in(file->path, ".html")) {
        kd_request_reply_header(request, "Cache-Control", KD_STR("no-cache"));
        kd_request_reply_header(request, "Content-Security-Policy", KD_STR(policy));
        kd_request_reply_header(request, "Referrer-Policy", KD_STR("no-referrer"));
        kd_request_reply_header(request, "Cross-Origin-Opener-Policy", KD_STR("same-origin"));
        kd_request_reply_header(request, "Permissions-Policy", KD_STR("camera=(), microphone=(), geolocation=(), payment=(), usb=()"));
    } else { /* what shops put into their own pages under a fixed name */
        kd_request_reply_header(request, "Cache-Control", KD_STR("public, max-age=300"));
        kd_request_reply_header(request, "Access-Control-Allow-Origin", KD_STR("*"));
        kd_request_reply_header(request, "Cross-Origin-Resource-Policy", KD_STR("cross-origin"));
    }
    kd_request_reply_header(request, "Vary", KD_STR("Accept-Encoding"));
}

static kd_status unpack(kd_buf *out, const kd_web_file *file, kd_err *err)
{
    kd_input *in = NULL;
    size_t    len = 1;
    kd_status status = kd_input_memory(&in, file->gzip, file->gzip_len, "gzip", file->len, err);
    if (status == KD_OK && !kd_buf_reserve(out, file->len + 1))
        status = kd_fail_memory(err);
    while (status == KD_OK && len > 0 && (status = kd_input_read(in, out->ptr + out->len, out->cap - out->len, &len, err)) == KD_OK)
        out->len += len;
    kd_input_close(in);
    return status;
}

void kd_web_send(kd_request *request, const char *path)
{
    const kd_web_file *file = find(kd_str_z(path));
    bool               packed = takes_gzip(kd_request_header(request, "Accept-Encoding"));
    kd_buf             etag;
    kd_err             err = { 0 };
    kd_status          status = KD_OK;
    if (file == NULL) {
        kd_reply_error(request, 404, "not_found", "there is nothing at this path", "");
        return;
    }
    kd_buf_init(&etag, request->arena);
    kd_buf_addf(&etag, "\"%s%s\"", file->hash, packed ? "" : "-plain"); /* two forms of one file are two things to a cache */
    add_rules(request, file);
    kd_request_reply_header(request, "ETag", kd_buf_str(&etag));
    request->content_type = file->type;
    if (is_held(kd_request_header(request, "If-None-Match"), kd_buf_str(&etag))) {
        request->status = 304;
    } else if (packed) {
        kd_request_reply_header(request, "Content-Encoding", KD_STR("gzip"));
        request->out = (kd_buf){ .ptr = (char *)(uintptr_t)file->gzip, .len = file->gzip_len }; /* sent from where it lies, never written */
    } else {
        status = unpack(&request->out, file, &err);
    }
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
}

void kd_web_asset(kd_request *request)
{
    const char *path = kd_str_cstr(request->arena, request->path);
    kd_web_send(request, path ? path : "");
}

/* "/docs" and "/docs/collect" lie in the table with their ending. */
void kd_web_docs(kd_request *request)
{
    kd_buf path;
    kd_buf_init(&path, request->arena);
    kd_buf_addf(&path, "%.*s.html", (int)request->path.len, request->path.ptr);
    const char *file = path.failed ? NULL : kd_str_cstr(request->arena, kd_buf_str(&path));
    kd_web_send(request, file ? file : "");
}

static const char without[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Kunde</title></head><body><h1>Kunde</h1>"
    "<p>The engine runs. This build has no pages: it was made with -Dweb=false.</p>"
    "<p lang=\"de\">Die Maschine läuft. Dieser Bau hat keine Seiten: Er entstand mit -Dweb=false.</p>"
    "<p><a href=\"/openapi.json\">OpenAPI</a> · <a href=\"/metrics\">Prometheus</a> · <a href=\"/readyz\">Readiness</a></p></body></html>\n";

/* Every address of the dashboard is the same page; its script reads the address. */
void kd_web_dashboard(kd_request *request)
{
    if (kd_web_files_count > 0) {
        kd_web_send(request, "/index.html");
        return;
    }
    request->content_type = "text/html; charset=utf-8";
    kd_request_reply_header(request, "Content-Security-Policy", KD_STR("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"));
    kd_buf_add_z(&request->out, without);
}

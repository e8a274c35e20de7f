/* Webhooks: where stored events are told to. A change is checked, stored, written into the audit log, and in force. */
#include "api/caller.h"
#include "api/handlers.h"
#include "api/roles.h"
#include "journey/deliver.h"

enum { DOCS_PAGE = 512 };

static const kd_str KIND = { "webhook", 7 };

static void write_webhook(kd_jw *w, kd_request *request, const kd_doc *doc, const kd_json *json, const char *secret)
{
    static const char *const shown[] = { "name", "url", "events", "purpose", "from" };
    const kd_json *enabled = kd_json_get(json, "enabled");
    kd_jw_object(w);
    KD_JW_STR(w, "id", doc->id);
    KD_JW_I64(w, "version", (int64_t)doc->version);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const kd_json *node = kd_json_get(json, shown[i]);
        if (node) {
            kd_jw_key(w, shown[i]);
            kd_jw_node(w, node);
        }
    }
    KD_JW_BOOL(w, "enabled", kd_json_bool(enabled, true));
    if (secret && secret[0])
        KD_JW_Z(w, "secret", secret);
    kd_deliver_write_state(w, request->parts->deliver, doc->id);
    kd_jw_object_end(w);
}

static kd_status write_all(kd_jw *w, kd_request *request, kd_err *err)
{
    uint64_t  after = 0;
    size_t    count = 1;
    kd_status status = KD_OK;
    while (status == KD_OK && count > 0) {
        kd_doc *docs;
        status = kd_reader_docs(&docs, &count, request->reader, after, DOCS_PAGE, request->arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            const kd_json *json = NULL;
            after = docs[i].version;
            if (docs[i].deleted || !kd_str_eq(docs[i].kind, KIND))
                continue;
            status = kd_json_parse(&json, request->arena, docs[i].body.ptr, docs[i].body.len, err);
            if (status == KD_OK)
                write_webhook(w, request, &docs[i], json, NULL);
        }
    }
    return status;
}

void kd_admin_webhooks(kd_request *request)
{
    kd_err    err = { 0 };
    kd_jw     w;
    kd_status status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES))
        return;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "webhooks");
    kd_jw_array(&w);
    status = write_all(&w, request, &err);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}

/* The stored document of the path's id; KD_NOT_FOUND. */
static kd_status find(kd_doc *doc, const kd_json **json, kd_request *request, kd_err *err)
{
    kd_status status = kd_reader_doc(doc, request->reader, KIND, kd_request_segment(request, 3), request->arena, err);
    if (status == KD_NOT_FOUND || (status == KD_OK && doc->deleted))
        return kd_fail(err, KD_NOT_FOUND, "there is no webhook of this id");
    return status == KD_OK ? kd_json_parse(json, request->arena, doc->body.ptr, doc->body.len, err) : status;
}

static kd_status put_doc(kd_doc *doc, kd_request *request, kd_str body, bool deleted, kd_err *err)
{
    kd_status status;
    *doc = (kd_doc){ .kind = KIND, .id = kd_request_segment(request, 3), .valid_from_ms = request->now_ms, .deleted = deleted, .body = body };
    status = kd_store_docs_put(request->parts->store, doc, 1, err);
    return status == KD_OK ? kd_deliver_reload(request->parts->deliver, err) : status;
}

/* What is asked for, with what is stored of the secret. `rotate`: with a new one. */
static void put(kd_request *request, const kd_json *json, const kd_json *old, bool rotate)
{
    char      secret[KD_WEBHOOK_SECRET] = "";
    kd_doc    doc;
    kd_buf    body;
    kd_jw     w;
    kd_err    err = { 0 };
    kd_status status;
    kd_buf_init(&body, request->arena);
    status = kd_webhook_body(&body, secret, kd_request_segment(request, 3), json, old, rotate, request->parts->vault, request->now_ms, request->arena, &err);
    if (status == KD_OK && !kd_audit(request, rotate ? "webhook.rotate" : "webhook.change", kd_request_segment(request, 3), (kd_str){ 0 }))
        return;
    if (status == KD_OK)
        status = put_doc(&doc, request, kd_buf_str(&body), false, &err);
    if (status == KD_OK)
        status = kd_json_parse(&json, request->arena, body.ptr, body.len, &err);
    kd_jw_init(&w, &request->out);
    if (status == KD_OK)
        write_webhook(&w, request, &doc, json, secret);
    kd_reply_json(request, status, &err);
}

static kd_status count_webhooks(size_t *out, kd_request *request, kd_err *err)
{
    kd_webhook_set *set = NULL;
    kd_status       status = kd_webhooks_load(&set, request->reader, request->parts->vault, err);
    *out = status == KD_OK ? set->count : 0;
    kd_webhook_set_free(set);
    return status;
}

void kd_admin_webhook_put(kd_request *request)
{
    const kd_json *json, *old = NULL;
    kd_doc         doc;
    size_t         count = 0;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES) || (json = kd_request_json(request, false)) == NULL)
        return;
    status = kd_webhook_check(kd_request_segment(request, 3), json, request->parts->webhook_private_hosts, &err);
    if (status == KD_OK) {
        status = find(&doc, &old, request, &err);
        if (status == KD_NOT_FOUND)
            status = count_webhooks(&count, request, &err);
    }
    if (status == KD_OK && count >= KD_WEBHOOKS_MAX)
        status = kd_fail(&err, KD_LIMIT, "there are %d webhooks already", KD_WEBHOOKS_MAX);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    else
        put(request, json, old, false);
}

void kd_admin_webhook_rotate(kd_request *request)
{
    const kd_json *json = NULL;
    kd_doc         doc;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES))
        return;
    status = find(&doc, &json, request, &err);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    else
        put(request, json, json, true);
}

void kd_admin_webhook_delete(kd_request *request)
{
    const kd_json *json = NULL;
    kd_doc         doc;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES))
        return;
    status = find(&doc, &json, request, &err);
    if (status == KD_OK && !kd_audit(request, "webhook.delete", kd_request_segment(request, 3), (kd_str){ 0 }))
        return;
    if (status == KD_OK)
        status = put_doc(&doc, request, KD_STR("{}"), true, &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

static void nudge(kd_request *request, kd_status (*how)(kd_deliver *, kd_str, kd_err *))
{
    kd_err    err = { 0 };
    kd_status status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES))
        return;
    status = how(request->parts->deliver, kd_request_segment(request, 3), &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

void kd_admin_webhook_test(kd_request *request) { nudge(request, kd_deliver_test); }
void kd_admin_webhook_resume(kd_request *request) { nudge(request, kd_deliver_resume); }

/* What shops and their SDKs send: parsed in the worker, written by the writer, answered when it is durable. */
#include "api/handlers.h"

#include <sodium.h>

#include "api/caller.h"
#include "api/collecting.h"
#include "insight/live.h"
#include "insight/pulse.h"
#include "insight/sources.h"

typedef struct collection { /* of one request, in its arena */
    kd_submission submission;   /* first: done() gets its address */
    kd_request   *request;
    kd_incoming  *events;
    size_t        count;
    kd_str        source;       /* of the key it came by; empty while that is not known */
    const char   *type;         /* what kind of call it is; NULL: a batch, whose events say it */
    bool          single;
    bool          keeps;        /* the source wants its refused events kept */
    bool          believed;     /* came by a server key */
    kd_str        call;         /* as the path says it */
    const kd_guest *guest;      /* who was let in by something else than a key; NULL */
} collection;

static bool is_rejected(const kd_incoming *event)
{
    return event->status != KD_OK && !event->dropped;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------ */
static void write_rejected(kd_jw *w, const collection *c)
{
    kd_jw_key(w, "rejected");
    kd_jw_array(w);
    for (size_t i = 0; i < c->count; i++) {
        const kd_incoming *e = &c->events[i];
        if (!is_rejected(e))
            continue;
        kd_jw_object(w);
        KD_JW_I64(w, "index", (int64_t)i);
        if (e->message_id.len)
            KD_JW_STR(w, "messageId", e->message_id);
        KD_JW_Z(w, "field", e->err.field[0] ? e->err.field : "/"); /* "/": the event as a whole */
        KD_JW_Z(w, "reason", e->err.msg);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static size_t rejected_count(const collection *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += is_rejected(&c->events[i]);
    return n;
}

static bool has_any_to_write(const collection *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->events[i].status == KD_OK)
            return true;
    return false;
}

/* One bad event does not spoil its batch: 200, and the bad ones named. A single call that is refused is a 400. */
static void reply_stored(collection *c)
{
    kd_request *request = c->request;
    size_t      rejected = rejected_count(c);
    kd_jw       w;
    atomic_fetch_add_explicit(&request->parts->counts.rejected, rejected, memory_order_relaxed);
    if (c->single && rejected > 0) {
        kd_jw_init(&w, &request->out);
        request->status = 400;
        kd_jw_object(&w);
        KD_JW_BOOL(&w, "success", false);
        KD_JW_Z(&w, "message", c->events[0].err.msg);
        if (c->events[0].err.field[0])
            KD_JW_Z(&w, "field", c->events[0].err.field);
        KD_JW_Z(&w, "reason", kd_status_name(c->events[0].status));
        kd_jw_object_end(&w);
        return;
    }
    if (rejected == 0) {
        kd_buf_add_z(&request->out, "{\"success\":true}");
        return;
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_BOOL(&w, "success", true);
    write_rejected(&w, c);
    kd_jw_object_end(&w);
}

/* In the writer's thread. */
static void stored(kd_submission *submission, kd_status status, size_t count, size_t duplicates, const kd_err *err)
{
    collection *c = (collection *)submission;
    (void)count, (void)duplicates;
    if (status == KD_OK)
        reply_stored(c);
    else
        kd_reply_problem(c->request, status, err);
    kd_http_answer(c->request);
}

/* ---- reading the request --------------------------------------------------------------------------------------------------- */
static void read_context(kd_incoming_context *context, kd_request *request)
{
    kd_str sent_at = kd_request_header(request, "SentAt"), anonymous = kd_request_header(request, "AnonymousId");
    *context = (kd_incoming_context){ .speaker = KD_SPEAKER_PUBLIC, .received_ms = request->now_ms, .sent_at_ms = KD_TIME_MIN };
    context->random_ids = (uint32_t)atomic_fetch_add_explicit(&request->parts->counts.without_id, 1, memory_order_relaxed);
    context->gpc = kd_str_is(kd_request_header(request, "Sec-GPC"), "1");
    if (sent_at.len && !kd_time_parse(&context->sent_at_ms, sent_at, 0))
        context->sent_at_ms = KD_TIME_MIN;
    if (anonymous.len && anonymous.len <= 1024) { /* RudderStack: base64 */
        size_t len = 0;
        char  *text = kd_arena_alloc(request->arena, anonymous.len);
        if (text && sodium_base642bin((unsigned char *)text, anonymous.len, anonymous.ptr, anonymous.len, "=", &len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
            kd_utf8_valid((kd_str){ text, len }))
            context->anonymous_id = (kd_str){ text, len };
    }
}

static kd_status parse(collection *c, kd_str *body_key, kd_call call, const kd_incoming_context *context, kd_err *err)
{
    kd_request *request = c->request;
    return kd_incoming_parse(&c->events, &c->count, body_key, call, request->body.ptr ? request->body.ptr : "", request->body.len, context, request->arena, err);
}

/* The first user id of the events: the one a user token may prove. */
static kd_str first_user_id(const collection *c)
{
    for (size_t i = 0; i < c->count; i++)
        for (size_t j = 0; j < c->events[i].fact.ident_count; j++)
            if (c->events[i].fact.idents[j].type == KD_KEY_USER)
                return c->events[i].fact.idents[j].value;
    return (kd_str){ 0 };
}

/* True when the events must be read again because a valid user token proves a user id of theirs. */
static bool token_proves(kd_incoming_context *context, const collection *c)
{
    kd_request *request = c->request;
    kd_str      token = kd_request_header(request, "Kunde-User-Token"), user = first_user_id(c);
    if (token.len == 0 || user.len == 0 || context->speaker != KD_SPEAKER_PUBLIC)
        return false;
    if (kd_user_token_check(request->parts->keys, user, token, request->now_ms, NULL) != KD_OK) {
        /* An expired token in a tab left open must not lose the events: they are taken, as claimed. */
        atomic_fetch_add(&request->parts->counts.tokens_refused, 1);
        return false;
    }
    context->speaker = KD_SPEAKER_TOKEN;
    context->user_token_id = user;
    return true;
}

/* By the document of the source, if it has one: its transform, its schema. */
static kd_status parse_by_document(collection *c, kd_str *body_key, kd_call call, kd_incoming_context *context, kd_err *err)
{
    kd_parts         *parts = c->request->parts;
    const kd_sources *sources = kd_parts_sources(parts);
    const bool        transforms = (context->document = kd_sources_find(sources, context->source)) != NULL && kd_transform_step_count(context->document->transform) > 0;
    const kd_policy  *policy = context->policy = kd_parts_policy(parts);
    const int64_t     began_us = transforms ? kd_monotonic_us() : 0;
    uint64_t          dropped = 0;
    kd_status         status = parse(c, body_key, call, context, err);
    if (status == KD_OK && token_proves(context, c))
        status = parse(c, body_key, call, context, err);
    kd_policy_release(policy); /* what was read under it borrows nothing from it */
    context->policy = NULL;
    for (size_t i = 0; transforms && status == KD_OK && i < c->count; i++)
        dropped += c->events[i].dropped;
    if (transforms && status == KD_OK)
        kd_watch_see_transformed(parts->watch, context->source, c->count, dropped, (uint64_t)(kd_monotonic_us() - began_us));
    c->keeps = context->document && context->document->keep_rejected;
    kd_sources_release(sources);
    return status;
}

/* Authenticate and parse. A key in the body only is known after a first reading, and decides how the events are read. */
static kd_status read_events(collection *c, kd_call call, const kd_namespaces *namespaces, kd_err *err)
{
    kd_request         *request = c->request;
    kd_incoming_context context;
    kd_caller           caller;
    kd_str              body_key = { 0 };
    bool                signed_in = c->guest && c->guest->source.len > 0, by_header = signed_in || kd_request_key(request).len > 0;
    kd_status           status = KD_OK;
    read_context(&context, request);
    context.namespaces = namespaces;
    if (!by_header)
        status = parse(c, &body_key, call, &context, err);
    if (signed_in) {
        context.source = c->source = c->guest->source;
        context.speaker = c->guest->believed ? KD_SPEAKER_SERVER : KD_SPEAKER_PUBLIC;
        c->believed = c->guest->believed;
        return parse_by_document(c, &body_key, call, &context, err);
    }
    if (status == KD_OK)
        status = kd_caller_of(&caller, request, body_key, err);
    if (status == KD_OK) /* what a session sends is believed like a server's: it may change anybody's profile and consents */
        status = kd_session_check(&caller, KD_EDIT_SOURCES, err);
    if (status != KD_OK)
        return status;
    context.source = c->source = caller.source.len ? caller.source : KD_STR("shop");
    context.speaker = caller.role == KD_ROLE_WRITE ? KD_SPEAKER_PUBLIC : KD_SPEAKER_SERVER;
    c->believed = context.speaker == KD_SPEAKER_SERVER;
    return parse_by_document(c, &body_key, call, &context, err);
}

/* ---- those who watch -------------------------------------------------------------------------------------------------------- */
static const char *type_of(kd_call call)
{
    static const char *const types[] = { [KD_CALL_IDENTIFY] = "identify", [KD_CALL_TRACK] = "track", [KD_CALL_PAGE] = "page", [KD_CALL_SCREEN] = "screen",
                                         [KD_CALL_GROUP] = "group", [KD_CALL_ALIAS] = "alias" };
    return types[call]; /* NULL: a batch */
}

/* What the sender meant the refused event to be, as far as it can be read. */
static void name_rejected(kd_entry *entry, kd_str raw, kd_arena *arena)
{
    kd_call        call;
    const kd_json *json = NULL;
    kd_str         type;
    if (kd_json_parse(&json, arena, raw.ptr ? raw.ptr : "", raw.len, NULL) != KD_OK)
        return;
    entry->message_id = kd_json_text(kd_json_get(json, "messageId"));
    entry->name = kd_json_text(kd_json_get(json, "event"));
    type = kd_json_text(kd_json_get(json, "type"));
    if (entry->type == NULL && type.len >= 4 && kd_call_parse(&call, type) == KD_OK) /* the short names are for paths only */
        entry->type = type_of(call);
}

static void show_rejected(const collection *c, kd_str raw, const kd_err *err)
{
    kd_request *request = c->request;
    kd_entry    entry = { .state = KD_ENTRY_REJECTED, .time_ms = KD_TIME_MIN, .received_ms = request->now_ms, .source = c->source,
                          .type = c->type, .reason = kd_str_z(err->msg), .field = kd_str_z(err->field) };
    if (raw.len <= KD_EVENT_BYTES_MAX)
        name_rejected(&entry, raw, request->arena);
    kd_live_see_rejected(request->parts->live, &entry, raw);
}

/* For who mends them: an event whose source asks for it, as it was sent. */
static void keep_rejected(const collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const kd_incoming *e = &c->events[i];
        if (is_rejected(e) && e->raw.len)
            kd_watch_keep(c->request->parts->watch, &(kd_bad_event){ .source = c->source, .call = c->call, .field = kd_str_z(e->err.field),
                          .reason = kd_str_z(e->err.msg), .raw = e->raw, .believed = c->believed, .received_ms = c->request->now_ms });
    }
}

/* Refused events, one by one, or the whole body; not what strangers send, whose key we do not know. */
static void report_rejected(const collection *c, kd_status status, const kd_err *err)
{
    kd_parts *parts = c->request->parts;
    size_t    rejected = status != KD_OK ? 1 : rejected_count(c);
    if (c->source.len == 0 || rejected == 0)
        return;
    kd_pulse_see_rejected(parts->pulse, c->source, rejected);
    if (c->keeps && status == KD_OK)
        keep_rejected(c);
    if (!kd_live_is_watched(parts->live))
        return;
    if (status != KD_OK)
        show_rejected(c, c->request->body, err);
    for (size_t i = 0; status == KD_OK && i < c->count; i++)
        if (is_rejected(&c->events[i]))
            show_rejected(c, c->events[i].raw, &c->events[i].err);
}

static void submit(collection *c)
{
    kd_request *request = c->request;
    kd_err      err = { 0 };
    kd_status   status;
    c->submission = (kd_submission){ .events = c->events, .count = c->count, .bytes = kd_arena_used(request->arena), .done = stored };
    kd_http_later(request); /* before: the writer may be done before submit returns */
    status = kd_ingest_submit(request->parts->ingest, &c->submission, &err);
    if (status == KD_OK)
        return;
    kd_reply_problem(request, status, &err);
    kd_http_answer(request);
}

static void collect(kd_request *request, kd_str name, const kd_guest *guest)
{
    collection *c = KD_NEW(request->arena, collection, 1);
    kd_err      err = { 0 };
    kd_call     call;
    kd_status   status = kd_call_parse(&call, name);
    request->no_store = true;
    if (c == NULL)
        status = kd_fail_memory(&err);
    else
        c->request = request, c->type = status == KD_OK ? type_of(call) : NULL, c->call = name, c->guest = guest;
    if (status == KD_OK) {
        const kd_namespaces *namespaces = kd_customers_namespaces(request->parts->customers);
        status = read_events(c, call, namespaces, &err);
        kd_namespaces_release(namespaces);
    }
    if (c)
        report_rejected(c, status, &err);
    if (status != KD_OK) {
        /* Too many events or nested too deep: the tracking API's word for a body it cannot take is 400. */
        kd_reply_problem(request, status == KD_LIMIT ? KD_INVALID : status, &err);
        return;
    }
    c->single = call != KD_CALL_BATCH || (guest && guest->single);
    c->guest = NULL; /* the caller's, who is gone when the writer answers */
    if (!has_any_to_write(c))
        reply_stored(c); /* nothing to write */
    else
        submit(c);
}

void kd_collect(kd_request *request)
{
    collect(request, kd_request_segment(request, 1), NULL);
}

void kd_collect_batch(kd_request *request, const kd_guest *guest)
{
    collect(request, KD_STR("batch"), guest);
}

void kd_collect_nothing(kd_request *request)
{
    kd_buf_add_z(&request->out, "{\"success\":true}");
}

/* ---- what browser SDKs fetch before they send ------------------------------------------------------------------------------- */
void kd_collect_project_settings(kd_request *request)
{
    kd_str key = kd_request_segment(request, 2);
    kd_jw  w;
    if (kd_keys_source_of(request->parts->keys, key).len == 0) {
        kd_reply_error(request, 404, "not_found", "there is no such write key", "");
        return;
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "integrations");
    kd_jw_object(&w);
    kd_jw_key(&w, "Segment.io");
    kd_jw_object(&w);
    KD_JW_STR(&w, "apiKey", key);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
}

static void write_off(kd_jw *w, const char *key)
{
    kd_jw_key(w, key);
    kd_jw_object(w);
    KD_JW_BOOL(w, "enabled", false);
    kd_jw_object_end(w);
}

static void write_list(kd_jw *w, const char *key)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    kd_jw_array_end(w);
}

void kd_collect_source_config(kd_request *request)
{
    kd_str key = kd_request_key(request), source;
    char   updated[25];
    kd_jw  w;
    if (key.len == 0)
        key = kd_request_query(request, "writeKey");
    source = kd_keys_source_of(request->parts->keys, key);
    if (source.len == 0) {
        atomic_fetch_add(&request->parts->counts.unauthorized, 1);
        kd_reply_error(request, 401, "unauthorized", "there is no such write key", "");
        return;
    }
    kd_time_format(updated, request->parts->started_ms);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "source");
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", source);
    KD_JW_Z(&w, "name", "kunde");
    KD_JW_STR(&w, "writeKey", key);
    KD_JW_BOOL(&w, "enabled", true);
    kd_jw_key(&w, "config");
    kd_jw_object(&w);
    kd_jw_key(&w, "statsCollection");
    kd_jw_object(&w);
    write_off(&w, "errors");
    write_off(&w, "metrics");
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
    write_list(&w, "connections");
    write_list(&w, "destinations");
    KD_JW_Z(&w, "workspaceId", "kunde");
    kd_jw_object_end(&w);
    KD_JW_Z(&w, "updatedAt", updated);
    kd_jw_object_end(&w);
}

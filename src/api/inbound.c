#include "api/inbound.h"

#include <sodium.h>
#include <stdio.h>

#include "api/collecting.h"
#include "api/handlers.h"
#include "api/request.h"

enum { MESSAGE_ID_PLAIN_MAX = 60, SECRET_BYTES_MAX = 256, SECRETS_MAX = 8 };

/* ---- a message as a call ------------------------------------------------------------------------------------------------- */

static bool ends_in(kd_str type, const char *word)
{
    size_t len = strlen(word);
    if (type.len < len || !kd_str_is_nocase((kd_str){ type.ptr + type.len - len, len }, word))
        return false;
    char before = type.len == len ? '.' : type.ptr[type.len - len - 1];
    return before == '.' || before == '/' || before == ':' || before == '_' || before == '-';
}

static const char *call_of(kd_str type)
{
    static const char *const calls[] = { "track", "identify", "page", "screen", "group", "alias" };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (ends_in(type, calls[i]))
            return calls[i];
    return NULL;
}

static const char *order_of(kd_str type)
{
    static const struct { const char *words, *name; } orders[] = {
        { "order.cancelled", "Order Cancelled" }, { "order.canceled", "Order Cancelled" }, { "order.refunded", "Order Refunded" },
        { "order.returned", "Order Refunded" },   { "order.completed", "Order Completed" }, { "order.created", "Order Completed" },
        { "order.placed", "Order Completed" },    { "order.paid", "Order Completed" },      { "order", "Order Completed" },
        { "receipt", "Order Completed" },         { "receipt.created", "Order Completed" },
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (ends_in(type, orders[i].words))
            return orders[i].name;
    return NULL;
}

/* Source and id are the identity of a message: together as they are where they are short. */
static void write_id(kd_jw *w, const kd_message *m)
{
    char   text[128];
    size_t len;
    if (m->id.len <= MESSAGE_ID_PLAIN_MAX)
        len = (size_t)snprintf(text, sizeof text, "%016llx:%.*s", (unsigned long long)kd_hash64(m->source.ptr, m->source.len, 0), (int)m->id.len, m->id.ptr);
    else
        len = (size_t)snprintf(text, sizeof text, "%016llx:%016llx%016llx", (unsigned long long)kd_hash64(m->source.ptr, m->source.len, 0),
                               (unsigned long long)kd_hash64(m->id.ptr, m->id.len, 0), (unsigned long long)kd_hash64(m->id.ptr, m->id.len, 1));
    KD_JW_STR(w, "messageId", ((kd_str){ text, len }));
}

static bool is_envelope(kd_str key)
{
    static const char *const names[] = { "userId", "anonymousId", "context", "traits", "groupId", "previousId", "timestamp", "type", "event", "messageId", "integrations" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (kd_str_is(key, names[i]))
            return true;
    return false;
}

/* Members that name a person, and the message's own id and time where the data has none. */
static void write_envelope(kd_jw *w, const kd_message *m)
{
    const kd_json *data = kd_json_is(m->data, KD_JSON_OBJECT) ? m->data : NULL;
    static const char *const kept[] = { "userId", "anonymousId", "context" };
    write_id(w, m);
    if (m->time.len > 0)
        KD_JW_STR(w, "timestamp", m->time);
    for (size_t i = 0; data && i < sizeof kept / sizeof *kept; i++) {
        const kd_json *value = kd_json_get(data, kept[i]);
        if (value) {
            kd_jw_key(w, kept[i]);
            kd_jw_raw(w, value->raw);
        }
    }
    if (m->user.len > 0 && !kd_json_get(data, "userId"))
        KD_JW_STR(w, "userId", m->user);
    if (m->anonymous.len > 0 && !kd_json_get(data, "anonymousId"))
        KD_JW_STR(w, "anonymousId", m->anonymous);
}

/* The data is the call itself: all its members, with the message's type, id, and time where it has none. */
static void write_call(kd_jw *w, const kd_message *m, const char *call)
{
    KD_JW_Z(w, "type", call);
    write_envelope(w, m);
    for (const kd_json *member = kd_json_is(m->data, KD_JSON_OBJECT) ? m->data->child : NULL; member; member = member->next) {
        bool written = kd_str_is(member->key, "type") || kd_str_is(member->key, "messageId") || kd_str_is(member->key, "userId")
                    || kd_str_is(member->key, "anonymousId") || kd_str_is(member->key, "context") || (kd_str_is(member->key, "timestamp") && m->time.len > 0);
        if (written)
            continue;
        kd_jw_key_str(w, member->key);
        kd_jw_raw(w, member->raw);
    }
}

void kd_message_write(kd_jw *w, const kd_message *m)
{
    const char *call = call_of(m->type), *order = call ? NULL : order_of(m->type);
    kd_jw_object(w);
    if (call) {
        write_call(w, m, call);
        kd_jw_object_end(w);
        return;
    }
    KD_JW_Z(w, "type", "track");
    if (order)
        KD_JW_Z(w, "event", order);
    else
        KD_JW_STR(w, "event", m->type);
    write_envelope(w, m);
    kd_jw_key(w, "properties");
    kd_jw_object(w);
    if (kd_json_is(m->data, KD_JSON_OBJECT)) {
        for (const kd_json *member = m->data->child; member; member = member->next)
            if (!is_envelope(member->key)) {
                kd_jw_key_str(w, member->key);
                kd_jw_raw(w, member->raw);
            }
    } else if (m->data) {
        kd_jw_key(w, "data");
        kd_jw_raw(w, m->data->raw);
    } else if (m->text.len > 0)
        KD_JW_STR(w, "data", m->text);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
}

static kd_status needed(kd_str value, const char *field, kd_err *err)
{
    return value.len > 0 ? KD_OK : kd_fail_field(err, KD_INVALID, field, "a CloudEvent needs %s", field + 1);
}

static kd_status check_cloudevent(const kd_message *m, kd_str version, kd_err *err)
{
    kd_status status = needed(m->id, "/id", err);
    if (status == KD_OK)
        status = needed(m->source, "/source", err);
    if (status == KD_OK)
        status = needed(m->type, "/type", err);
    if (status == KD_OK && !kd_str_is(version, "1.0"))
        status = kd_fail_field(err, KD_INVALID, "/specversion", "must be 1.0");
    return status;
}

kd_status kd_message_from_cloudevent(kd_message *out, const kd_json *json, kd_arena *arena, kd_err *err)
{
    kd_str text = kd_json_text(kd_json_get(json, "data_base64"));
    *out = (kd_message){ 0 };
    if (!kd_json_is(json, KD_JSON_OBJECT))
        return kd_fail(err, KD_INVALID, "a CloudEvent must be a JSON object");
    out->id = kd_str_trim(kd_json_text(kd_json_get(json, "id")));
    out->source = kd_str_trim(kd_json_text(kd_json_get(json, "source")));
    out->type = kd_str_trim(kd_json_text(kd_json_get(json, "type")));
    out->time = kd_str_trim(kd_json_text(kd_json_get(json, "time")));
    out->user = kd_str_trim(kd_json_text(kd_json_get(json, "userid")));
    out->anonymous = kd_str_trim(kd_json_text(kd_json_get(json, "anonymousid")));
    out->data = kd_json_get(json, "data");
    if (!out->data && text.len > 0) { /* JSON all the same, most often; else kept as it came */
        size_t len = 0;
        char  *bytes = kd_arena_alloc(arena, text.len);
        if (!bytes)
            return kd_fail_memory(err);
        if (sodium_base642bin((unsigned char *)bytes, text.len, text.ptr, text.len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
            return kd_fail_field(err, KD_INVALID, "/data_base64", "not base64");
        if (kd_json_parse(&out->data, arena, bytes, len, NULL) != KD_OK) {
            out->data = NULL;
            out->text = text;
        }
    }
    return check_cloudevent(out, kd_json_text(kd_json_get(json, "specversion")), err);
}

/* ---- signatures ---------------------------------------------------------------------------------------------------------------- */

static bool next_word(kd_str *word, kd_str *rest)
{
    while (rest->len && (*rest->ptr == ' ' || *rest->ptr == '\n' || *rest->ptr == '\r' || *rest->ptr == '\t'))
        rest->ptr++, rest->len--;
    *word = (kd_str){ rest->ptr, 0 };
    while (word->len < rest->len && !memchr(" \n\r\t", rest->ptr[word->len], 4))
        word->len++;
    rest->ptr += word->len;
    rest->len -= word->len;
    return word->len > 0;
}

static bool sign(unsigned char out[crypto_auth_hmacsha256_BYTES], kd_str secret, kd_str id, kd_str timestamp, kd_str body)
{
    crypto_auth_hmacsha256_state state;
    unsigned char                key[SECRET_BYTES_MAX];
    size_t                       len = 0;
    if (kd_str_starts(secret, "whsec_")) {
        kd_str text = { secret.ptr + 6, secret.len - 6 };
        while (text.len && text.ptr[text.len - 1] == '=')
            text.len--;
        if (sodium_base642bin(key, sizeof key, text.ptr, text.len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
            return false;
    } else if (secret.len <= sizeof key)
        memcpy(key, secret.ptr, len = secret.len);
    if (len < 16) /* a shorter one can be guessed */
        return false;
    crypto_auth_hmacsha256_init(&state, key, len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id.ptr, id.len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp.ptr, timestamp.len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)(body.ptr ? body.ptr : ""), body.len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(key, sizeof key);
    return true;
}

static bool is_signature(kd_str word, const unsigned char mac[crypto_auth_hmacsha256_BYTES])
{
    unsigned char sent[crypto_auth_hmacsha256_BYTES];
    size_t        len = 0;
    if (!kd_str_starts(word, "v1,")
        || sodium_base642bin(sent, sizeof sent, word.ptr + 3, word.len - 3, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || len != sizeof sent)
        return false;
    return sodium_memcmp(sent, mac, sizeof sent) == 0;
}

kd_status kd_webhook_verify(kd_str secrets, kd_str id, kd_str timestamp, kd_str signatures, kd_str body, int64_t now_ms, kd_err *err)
{
    int64_t seconds = 0;
    kd_str  secret, signature;
    size_t  tried = 0;
    if (id.len == 0 || id.len > KD_MESSAGE_ID_MAX)
        return kd_fail_field(err, KD_INVALID, "webhook-id", "missing, or longer than %d bytes", KD_MESSAGE_ID_MAX);
    if (!kd_str_i64(&seconds, timestamp) || seconds < 0 || seconds > KD_TIME_MAX / 1000)
        return kd_fail_field(err, KD_INVALID, "webhook-timestamp", "missing, or no seconds since 1970");
    if (signatures.len == 0)
        return kd_fail_field(err, KD_INVALID, "webhook-signature", "missing");
    if (seconds - now_ms / 1000 > KD_WEBHOOK_TOLERANCE_S || now_ms / 1000 - seconds > KD_WEBHOOK_TOLERANCE_S)
        return kd_fail_field(err, KD_UNAUTHORIZED, "webhook-timestamp", "more than %d seconds from now: sign each attempt anew", KD_WEBHOOK_TOLERANCE_S);
    while (tried++ < SECRETS_MAX && next_word(&secret, &secrets)) {
        unsigned char mac[crypto_auth_hmacsha256_BYTES];
        if (!sign(mac, secret, id, timestamp, body))
            continue;
        for (kd_str rest = signatures; next_word(&signature, &rest);)
            if (is_signature(signature, mac))
                return KD_OK;
    }
    return kd_fail_field(err, KD_UNAUTHORIZED, "webhook-signature", "no signature here comes from a secret of this source");
}

/* ---- the doors ------------------------------------------------------------------------------------------------------------------ */

static kd_str media_type(kd_request *request)
{
    kd_str      type = kd_str_trim(kd_request_header(request, "Content-Type"));
    const char *end = type.len ? memchr(type.ptr, ';', type.len) : NULL;
    return kd_str_trim(end ? (kd_str){ type.ptr, (size_t)(end - type.ptr) } : type);
}

static bool is_json_type(kd_str type)
{
    return type.len == 0 || kd_str_is_nocase(type, "application/json") || (type.len > 5 && kd_str_is_nocase((kd_str){ type.ptr + type.len - 5, 5 }, "+json"));
}

static kd_str attribute(kd_request *request, const char *name)
{
    return kd_percent_decode(request->arena, kd_str_trim(kd_request_header(request, name)), false);
}

/* Binary mode: attributes in headers, percent-encoded; the body is the data. */
static kd_status read_binary(kd_message *out, kd_request *request, kd_err *err)
{
    *out = (kd_message){ .id = attribute(request, "ce-id"), .source = attribute(request, "ce-source"), .type = attribute(request, "ce-type"),
                         .time = attribute(request, "ce-time"), .user = attribute(request, "ce-userid"), .anonymous = attribute(request, "ce-anonymousid") };
    kd_status status = check_cloudevent(out, attribute(request, "ce-specversion"), err);
    if (status != KD_OK || request->body.len == 0)
        return status;
    if (is_json_type(media_type(request)))
        return kd_json_parse(&out->data, request->arena, request->body.ptr, request->body.len, err);
    if (!kd_utf8_valid(request->body))
        return kd_fail_field(err, KD_INVALID, "/data", "neither JSON nor text: send it as data_base64 in the JSON form");
    out->text = request->body;
    return KD_OK;
}

static void begin_batch(kd_jw *w, kd_buf *out, kd_arena *arena)
{
    kd_buf_init(out, arena);
    kd_jw_init(w, out);
    kd_jw_object(w);
    kd_jw_key(w, "batch");
    kd_jw_array(w);
}

static void collect_batch(kd_request *request, kd_jw *w, kd_buf *batch, const kd_guest *guest)
{
    kd_err err = { 0 };
    kd_jw_array_end(w);
    kd_jw_object_end(w);
    kd_status status = kd_buf_status(batch, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    request->body = kd_buf_str(batch);
    kd_collect_batch(request, guest);
}

/* CloudEvents 1.0 over HTTP: structured, batched, binary. */
void kd_cloudevents(kd_request *request)
{
    const kd_json *json = NULL;
    kd_message     message;
    kd_str         type = media_type(request);
    kd_err         err = { 0 };
    kd_buf         batch;
    kd_jw          w;
    kd_status      status = KD_OK;
    const bool     many = kd_str_is_nocase(type, "application/cloudevents-batch+json"), one = kd_str_is_nocase(type, "application/cloudevents+json");
    request->no_store = true;
    begin_batch(&w, &batch, request->arena);
    if (!many && !one) {
        if ((status = read_binary(&message, request, &err)) == KD_OK)
            kd_message_write(&w, &message);
    } else
        status = kd_json_parse(&json, request->arena, request->body.ptr ? request->body.ptr : "", request->body.len, &err);
    if (status == KD_OK && many && !kd_json_is(json, KD_JSON_ARRAY))
        status = kd_fail(&err, KD_INVALID, "a batch of CloudEvents must be a JSON array");
    for (const kd_json *item = many && status == KD_OK ? json->child : json; item && status == KD_OK; item = many ? item->next : NULL)
        if ((status = kd_message_from_cloudevent(&message, item, request->arena, &err)) == KD_OK)
            kd_message_write(&w, &message);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    else
        collect_batch(request, &w, &batch, &(kd_guest){ .single = !many });
}

/* What the sender signed, as calls: a batch of the tracking API, one of its calls, or {"type","timestamp","data"}. */
static kd_status write_webhook(kd_jw *w, kd_request *request, kd_str source, kd_str id, kd_err *err)
{
    static const char *const calls[] = { "track", "identify", "page", "screen", "group", "alias" };
    const kd_json *json = NULL;
    kd_status      status = kd_json_parse(&json, request->arena, request->body.ptr ? request->body.ptr : "", request->body.len, err);
    if (status == KD_OK && json->type != KD_JSON_OBJECT)
        status = kd_fail(err, KD_INVALID, "the body must be a JSON object");
    if (status != KD_OK)
        return status;
    kd_message m = { .id = id, .source = source, .type = kd_str_trim(kd_json_text(kd_json_get(json, "type"))), .data = kd_json_get(json, "data"),
                     .time = kd_str_trim(kd_json_text(kd_json_get(json, "timestamp"))) };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (kd_str_is(m.type, calls[i]) && !m.data)
            m.data = json; /* the call itself */
    if (m.type.len == 0)
        return kd_fail_field(err, KD_INVALID, "/type", "missing: a webhook's payload says what it is about");
    kd_message_write(w, &m);
    return KD_OK;
}

/* The secret of a source by its document. */
static kd_status find_secret(kd_str *out, kd_request *request, kd_str id, kd_err *err)
{
    const kd_sources *sources = kd_parts_sources(request->parts);
    const kd_source  *source = kd_sources_find(sources, id);
    kd_status         status = source ? kd_source_secret(out, source, request->arena, err)
                                      : kd_fail_field(err, KD_NOT_FOUND, "/source", "there is no source of this name");
    kd_sources_release(sources);
    if (status == KD_NOT_FOUND && source)
        status = kd_fail_field(err, KD_DENIED, "/secret", "this source has no secret: nothing it sends could be believed");
    return status;
}

void kd_webhooks(kd_request *request)
{
    kd_str    source = kd_request_segment(request, 2), secrets = { 0 }, id = kd_request_header(request, "webhook-id");
    kd_err    err = { 0 };
    kd_buf    batch;
    kd_jw     w;
    kd_status status = find_secret(&secrets, request, source, &err);
    request->no_store = true;
    if (status == KD_OK)
        status = kd_webhook_verify(secrets, id, kd_request_header(request, "webhook-timestamp"), kd_request_header(request, "webhook-signature"), request->body,
                                   request->now_ms, &err);
    begin_batch(&w, &batch, request->arena);
    if (status == KD_OK)
        status = write_webhook(&w, request, source, id, &err);
    if (status == KD_UNAUTHORIZED)
        atomic_fetch_add(&request->parts->counts.unauthorized, 1);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    else
        collect_batch(request, &w, &batch, &(kd_guest){ .source = source, .believed = true, .single = true });
}

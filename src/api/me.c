/* The shopper's console by API, under /v1/me; and the link to its page, which staff or the shop's server makes. */
#include "api/me.h"

#include <stdio.h>

#include "api/handlers.h"

static void write_time(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    kd_time_format(text, ms);
    KD_JW_Z(w, key, text);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */
static void write_registers(kd_jw *w, const char *key, const kd_register *list, uint32_t count)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (uint32_t i = 0; i < count; i++) {
        if (kd_str_is(list[i].value, "null"))
            continue;
        kd_jw_object(w);
        KD_JW_STR(w, "name", list[i].name);
        kd_jw_key(w, "value");
        kd_jw_raw(w, list[i].value);
        write_time(w, "at", list[i].time_ms);
        KD_JW_BOOL(w, "proven", !list[i].claimed);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_idents(kd_jw *w, const kd_profile *p)
{
    kd_jw_key(w, "identities");
    kd_jw_array(w);
    for (uint32_t i = 0; i < p->ident_count; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "type", kd_key_type_name(p->idents[i].type));
        KD_JW_STR(w, "value", p->idents[i].value);
        KD_JW_BOOL(w, "proven", p->idents[i].proven);
        write_time(w, "firstAt", p->idents[i].first_ms);
        write_time(w, "lastAt", p->idents[i].last_ms);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_likings(kd_jw *w, const kd_liking *list, size_t count)
{
    static const char *const names[] = { [KD_ATTR_CATEGORY] = "category", [KD_ATTR_BRAND] = "brand", [KD_ATTR_PRICE_BAND] = "", [KD_ATTR_COLOR] = "color", [KD_ATTR_SIZE] = "size" };
    kd_jw_key(w, "inferred");
    kd_jw_array(w);
    for (size_t i = 0; i < count; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "attribute", names[list[i].attribute]);
        KD_JW_STR(w, "value", list[i].value);
        kd_jw_key(w, "weight");
        kd_jw_f64(w, list[i].weight, 4);
        KD_JW_Z(w, "from", kd_kind_name(list[i].kind));
        KD_JW_I64(w, "evidence", list[i].count);
        write_time(w, "at", list[i].time_ms);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_purchases(kd_jw *w, const kd_purchase *list, size_t count)
{
    kd_jw_key(w, "purchases");
    kd_jw_array(w);
    for (size_t i = 0; i < count; i++) {
        kd_jw_object(w);
        write_time(w, "at", list[i].time_ms);
        KD_JW_STR(w, "orderId", list[i].order_id);
        KD_JW_STR(w, "productId", list[i].product_id);
        KD_JW_STR(w, "title", list[i].title);
        KD_JW_I64(w, "quantity", list[i].quantity);
        KD_JW_BOOL(w, "gift", list[i].gift);
        KD_JW_BOOL(w, "notForMe", list[i].not_for_me);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_consents(kd_jw *w, kd_request *request, const kd_me_known *known, const kd_me_history *history)
{
    kd_jw_key(w, "consents");
    kd_jw_array(w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++) {
        kd_jw_object(w);
        KD_JW_Z(w, "purpose", kd_purpose_name((kd_purpose)p));
        KD_JW_Z(w, "basis", kd_basis_name(kd_me_basis(request, (kd_purpose)p)));
        KD_JW_Z(w, "state", kd_me_state(known, (kd_purpose)p));
        KD_JW_BOOL(w, "allowed", kd_me_allows(request, known, (kd_purpose)p));
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    kd_jw_key(w, "consentHistory");
    kd_jw_array(w);
    for (size_t i = 0; i < history->said_count; i++) {
        kd_jw_object(w);
        write_time(w, "at", history->said[i].time_ms);
        KD_JW_Z(w, "purpose", kd_purpose_name(history->said[i].purpose));
        KD_JW_BOOL(w, "granted", history->said[i].granted);
        KD_JW_STR(w, "source", history->said[i].source);
        KD_JW_STR(w, "policy", history->said[i].policy);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_shown(kd_jw *w, const kd_me_history *history)
{
    char id[KD_ID_TEXT];
    kd_jw_key(w, "decisions");
    kd_jw_array(w);
    for (size_t i = 0; i < history->shown_count; i++) {
        const kd_shown *d = &history->shown[i];
        kd_id_format(id, d->id);
        kd_jw_object(w);
        KD_JW_Z(w, "decisionId", id);
        write_time(w, "at", d->time_ms);
        KD_JW_STR(w, "placement", d->placement);
        KD_JW_BOOL(w, "personal", d->personal);
        kd_jw_key(w, "items");
        kd_jw_array(w);
        for (size_t n = 0; n < d->item_count; n++) {
            kd_jw_object(w);
            KD_JW_STR(w, "productId", d->items[n].product_id);
            KD_JW_STR(w, "title", d->items[n].title);
            KD_JW_STR(w, "why", d->items[n].reasons);
            kd_jw_object_end(w);
        }
        kd_jw_array_end(w);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

enum { PART_KNOWN = 1, PART_STATED = 2, PART_CONSENTS = 4, PART_DECISIONS = 8, PARTS_ALL = 15 };

static kd_status write_parts(kd_request *request, const kd_me_known *known, unsigned parts, kd_err *err)
{
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    kd_me_history      history = { 0 };
    kd_purchase       *purchases = NULL;
    kd_liking         *likings = NULL;
    size_t             purchase_count = 0, liking_count = 0;
    char               id[KD_ID_TEXT];
    kd_jw              w;
    kd_status          status = KD_OK;
    if (parts & PART_KNOWN)
        status = kd_me_purchases(&purchases, &purchase_count, request, known, s, err);
    if (status == KD_OK && (parts & PART_KNOWN))
        status = kd_me_likings(&likings, &liking_count, request, known, s, err);
    if (status == KD_OK && (parts & (PART_CONSENTS | PART_DECISIONS)))
        status = kd_me_history_read(&history, request, known, s, kd_me_german(request, &known->stated), err);
    kd_snapshot_release(s);
    if (status != KD_OK)
        return status;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_BOOL(&w, "known", known->known);
    if (parts & PART_KNOWN) {
        kd_id_format(id, known->person);
        if (known->known)
            KD_JW_Z(&w, "person", id);
        write_idents(&w, &known->profile);
        write_registers(&w, "traits", known->profile.traits, known->profile.trait_count);
        write_likings(&w, likings, liking_count);
        write_purchases(&w, purchases, purchase_count);
    }
    if (parts & PART_STATED) {
        write_registers(&w, "preferences", known->profile.stated, known->profile.stated_count);
        kd_stated_write_appearance(&w, "appearance", &known->stated);
        KD_JW_BOOL(&w, "paused", known->stated.paused);
    }
    if (parts & PART_CONSENTS)
        write_consents(&w, request, known, &history);
    if (parts & PART_DECISIONS)
        write_shown(&w, &history);
    kd_jw_object_end(&w);
    return KD_OK;
}

kd_status kd_me_write_json(kd_request *request, const kd_me_known *known, kd_err *err) { return write_parts(request, known, PARTS_ALL, err); }

static void answer(kd_request *request, unsigned parts)
{
    kd_me       me;
    kd_me_known known;
    kd_err      err = { 0 };
    kd_status   status;
    if (!kd_me_enter(&me, request, false))
        return;
    status = kd_me_know(&known, request, &me, &err);
    if (status == KD_OK) {
        status = write_parts(request, &known, parts, &err);
        kd_me_unknow(&known);
    }
    kd_reply_json(request, status, &err);
}

void kd_me_get(kd_request *request) { answer(request, PART_KNOWN | PART_STATED | PART_CONSENTS); }
void kd_me_get_preferences(kd_request *request) { answer(request, PART_STATED); }
void kd_me_get_consents(kd_request *request) { answer(request, PART_CONSENTS); }
void kd_me_get_decisions(kd_request *request) { answer(request, PART_DECISIONS); }

/* ---- saying ---------------------------------------------------------------------------------------------------------------- */
typedef kd_status (*reading)(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err);

static void change(kd_request *request, reading read)
{
    kd_me          me;
    kd_me_known    known;
    kd_me_said     said = { .kind = KD_KIND_PREFERENCE };
    const kd_json *json;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_me_enter(&me, request, true) || (json = kd_request_json(request, false)) == NULL)
        return;
    status = kd_me_know(&known, request, &me, &err);
    if (status == KD_OK && !known.known && me.owner.type == KD_KEY_NONE)
        status = kd_fail(&err, KD_NOT_FOUND, "there is no such person");
    if (status == KD_OK)
        status = read(&said, &known, json, request, &err);
    if (status == KD_OK) {
        kd_buf_add_z(&request->out, "{\"success\":true}");
        kd_me_say(request, &me, &known, &said, "me");
    } else {
        kd_reply_problem(request, status, &err);
    }
    kd_me_unknow(&known);
}

static kd_status read_preferences(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err)
{
    kd_status status = json->child ? KD_OK : kd_fail_field(err, KD_INVALID, "/", "name at least one preference");
    for (const kd_json *m = json->child; m && status == KD_OK; m = m->next)
        status = kd_me_add(said, known, m->key, m, request->arena, err);
    return status;
}
void kd_me_put_preferences(kd_request *request) { change(request, read_preferences); }

static kd_status read_consents(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err)
{
    (void)known;
    said->kind = KD_KIND_CONSENT;
    said->consent = (kd_consent){ .source = KD_STR("me") };
    if (json->child == NULL)
        return kd_fail_field(err, KD_INVALID, "/", "name at least one purpose");
    for (const kd_json *m = json->child; m; m = m->next) {
        kd_purpose purpose;
        char       field[48];
        snprintf(field, sizeof field, "/%.*s", (int)(m->key.len < 40 ? m->key.len : 40), m->key.ptr);
        if (!kd_purpose_parse(&purpose, m->key))
            return kd_fail_field(err, KD_INVALID, field, "there is no such purpose");
        if (m->type != KD_JSON_TRUE && m->type != KD_JSON_FALSE)
            return kd_fail_field(err, KD_INVALID, field, "must be true (granted) or false (refused)");
        if (kd_me_basis(request, purpose) != KD_BASIS_CONSENT && kd_me_basis(request, purpose) != KD_BASIS_INTEREST)
            return kd_fail_field(err, KD_INVALID, field, "this purpose does not rest on what the person says");
        if (m->type == KD_JSON_TRUE)
            said->consent.granted |= KD_PURPOSE_BIT(purpose);
        else
            said->consent.refused |= KD_PURPOSE_BIT(purpose);
    }
    return KD_OK;
}
void kd_me_put_consents(kd_request *request) { change(request, read_consents); }

static kd_status required(kd_str *out, const kd_json *json, const char *name, kd_err *err)
{
    char field[48];
    *out = kd_str_trim(kd_json_text(kd_json_get(json, name)));
    snprintf(field, sizeof field, "/%s", name);
    return out->len && out->len <= KD_KEY_VALUE_MAX ? KD_OK : kd_fail_field(err, KD_INVALID, field, "must be text of 1 to %d bytes", KD_KEY_VALUE_MAX);
}

/* {...,"value":true}; absent: true. */
static kd_status add_mark(kd_me_said *said, const kd_me_known *known, kd_stated_kind kind, kd_str order, kd_str about, const kd_json *json, kd_request *request, kd_err *err)
{
    const kd_json *given = kd_json_get(json, "value"), yes = { .type = KD_JSON_TRUE };
    kd_buf         name;
    kd_buf_init(&name, request->arena);
    kd_stated_name_make(&name, kind, order, about);
    if (given && given->type != KD_JSON_TRUE && given->type != KD_JSON_FALSE)
        return kd_fail_field(err, KD_INVALID, "/value", "must be true or false");
    return kd_me_add(said, known, kd_buf_str(&name), given ? given : &yes, request->arena, err);
}

static kd_status read_gift(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err)
{
    kd_str    order, product;
    kd_status status = required(&order, json, "orderId", err);
    if (status == KD_OK)
        status = required(&product, json, "productId", err);
    return status == KD_OK ? add_mark(said, known, KD_STATED_GIFT, order, product, json, request, err) : status;
}
void kd_me_post_gift(kd_request *request) { change(request, read_gift); }

static kd_status read_not_for_me(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err)
{
    const bool category = kd_json_get(json, "category") != NULL;
    kd_str     about;
    kd_status  status = required(&about, json, category ? "category" : "productId", err);
    return status == KD_OK ? add_mark(said, known, category ? KD_STATED_NOT_CATEGORY : KD_STATED_NOT_PRODUCT, (kd_str){ 0 }, about, json, request, err) : status;
}
void kd_me_post_not_for_me(kd_request *request) { change(request, read_not_for_me); }

static kd_status read_pause(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err)
{
    const kd_json *paused = kd_json_get(json, "paused"), yes = { .type = KD_JSON_TRUE };
    return kd_me_add(said, known, KD_STR("paused"), paused ? paused : &yes, request->arena, err);
}
void kd_me_post_pause(kd_request *request) { change(request, read_pause); }

static kd_status read_correction(kd_me_said *said, const kd_me_known *known, const kd_json *json, kd_request *request, kd_err *err)
{
    const kd_json *value = kd_json_get(json, "value");
    kd_str         trait;
    kd_status      status = required(&trait, json, "trait", err);
    if (status == KD_OK && value == NULL)
        status = kd_fail_field(err, KD_INVALID, "/value", "is missing; null takes it out");
    return status == KD_OK ? kd_me_correct(said, known, trait, value->raw, request->arena, err) : status;
}
void kd_me_post_correct(kd_request *request) { change(request, read_correction); }

void kd_me_post_export(kd_request *request)
{
    kd_me me;
    if (kd_me_enter(&me, request, true))
        kd_me_export(request, &me);
}

void kd_me_post_erase(kd_request *request)
{
    kd_me          me;
    const kd_json *json;
    if (kd_me_enter(&me, request, true) && (json = kd_request_json(request, false)) != NULL)
        kd_me_erase(request, &me, kd_json_text(kd_json_get(json, "confirm")), false);
}

/* ---- POST /v1/admin/profiles/{id}/me-link ------------------------------------------------------------------------------------ */
static kd_str base_of(kd_request *request)
{
    kd_buf     out;
    const bool tls = kd_str_is_nocase(kd_request_header(request, "X-Forwarded-Proto"), "https");
    kd_buf_init(&out, request->arena);
    kd_buf_add_z(&out, tls ? "https://" : "http://");
    kd_buf_add_str(&out, kd_request_header(request, "Host"));
    return kd_buf_str(&out);
}

/* The two headers of a message that somebody else sends. */
static void write_unsubscribe(kd_jw *w, kd_request *request, kd_id person, kd_purpose purpose)
{
    kd_buf address, post;
    kd_buf_init(&address, request->arena);
    kd_buf_init(&post, request->arena);
    kd_unsubscribe_headers(&address, &post, request->parts->vault, base_of(request), person, purpose, request->now_ms);
    KD_JW_STR(w, "listUnsubscribe", kd_buf_str(&address));
    KD_JW_STR(w, "listUnsubscribePost", kd_buf_str(&post));
}

void kd_admin_me_link(kd_request *request)
{
    const kd_json *json = NULL;
    kd_str         unsubscribe;
    kd_purpose     purpose = KD_PURPOSE_MARKET_EMAIL;
    int64_t        hours = KD_ME_LINK_S / 3600;
    kd_id          person;
    char           token[KD_ME_TOKEN], id[KD_ID_TEXT];
    kd_err         err = { 0 };
    kd_jw          w;
    kd_status      status = KD_OK;
    if (!kd_caller_require(request, KD_HANDLE_RIGHTS))
        return;
    if (request->body.len && (json = kd_request_json(request, false)) == NULL)
        return;
    unsubscribe = kd_json_text(kd_json_get(json, "unsubscribe"));
    if (kd_json_get(json, "hours") && (!kd_json_i64(&hours, kd_json_get(json, "hours")) || hours < 1 || hours > KD_ME_LINK_MAX_S / 3600))
        status = kd_fail_field(&err, KD_INVALID, "/hours", "must be a whole number from 1 to %d", KD_ME_LINK_MAX_S / 3600);
    if (status == KD_OK && unsubscribe.len && (!kd_purpose_parse(&purpose, unsubscribe) || purpose < KD_PURPOSE_MARKET_EMAIL || purpose > KD_PURPOSE_MARKET_PUSH))
        status = kd_fail_field(&err, KD_INVALID, "/unsubscribe", "must be market-email, market-post or market-push");
    if (status == KD_OK)
        status = kd_answer_find(&person, request->parts, request->reader, kd_request_segment(request, 3), &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    kd_id_format(id, person);
    if (!kd_audit(request, "person.link", kd_str_z(id), (kd_str){ 0 })) /* whoever has it sees and changes what they may */
        return;
    kd_me_token_make(token, request->parts->vault, KD_ME_LINK, 0, person, request->now_ms + hours * 3600000);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "person", id);
    kd_jw_key(&w, "url");
    kd_jw_pieces(&w, (const kd_str[]){ base_of(request), KD_STR("/me?t="), kd_str_z(token) }, 3);
    write_time(&w, "expiresAt", request->now_ms + hours * 3600000);
    if (unsubscribe.len)
        write_unsubscribe(&w, request, person, purpose);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

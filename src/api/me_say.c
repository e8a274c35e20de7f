/* What a shopper says becomes an event like any other: of this person, proven, durable before it is answered. Then forms. */
#include "api/me.h"

#include "api/request.h"

enum { SAID_MAX = KD_FACT_TRAITS_MAX, CORRECTED_MAX = 600 };

typedef struct saying { kd_submission submission; /* first: done() gets its address */ kd_request *request; kd_incoming event; } saying;

static void said_done(kd_submission *submission, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    saying *s = (saying *)submission;
    (void)stored, (void)duplicates;
    if (status != KD_OK) {
        s->request->status = 0;
        s->request->content_type = NULL;
        s->request->out.len = 0;
        kd_reply_problem(s->request, status, err);
    }
    kd_http_answer(s->request);
}

static const char *name_of(kd_kind kind)
{
    return kind == KD_KIND_PREFERENCE ? "Preference Stated" : kind == KD_KIND_CONSENT ? "Consent Recorded" : "";
}

static void write_members(kd_jw *w, const kd_me_said *said, const char *source)
{
    for (size_t i = 0; i < said->trait_count; i++) {
        kd_jw_key_str(w, said->traits[i].name);
        kd_jw_raw(w, said->traits[i].value);
    }
    if (said->kind != KD_KIND_CONSENT)
        return;
    kd_jw_key(w, "purposes");
    kd_jw_object(w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if ((said->consent.granted | said->consent.refused) & KD_PURPOSE_BIT(p))
            KD_JW_BOOL(w, kd_purpose_name((kd_purpose)p), (said->consent.refused & KD_PURPOSE_BIT(p)) == 0);
    kd_jw_object_end(w);
    KD_JW_Z(w, "source", source);
}

/* As a shop's server would have sent it, so that the timeline and whoever reads the log find nothing new. */
static void write_body(kd_buf *out, const kd_incoming *e, const kd_me_said *said, const char *source)
{
    char  time[25];
    kd_jw w;
    kd_time_format(time, e->fact.time_ms);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "type", said->kind == KD_KIND_IDENTIFY ? "identify" : "track");
    KD_JW_STR(&w, "messageId", e->message_id);
    KD_JW_Z(&w, "timestamp", time);
    if (e->fact.ident_count)
        KD_JW_STR(&w, e->owner.type == KD_KEY_USER ? "userId" : "anonymousId", e->owner.value);
    if (said->kind != KD_KIND_IDENTIFY)
        KD_JW_Z(&w, "event", name_of(said->kind));
    kd_jw_key(&w, said->kind == KD_KIND_IDENTIFY ? "traits" : "properties");
    kd_jw_object(&w);
    write_members(&w, said, source);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
}

/* Newer than what was said before, even when that was said in the same millisecond or by a clock ahead of ours. */
static int64_t after_all(const kd_me_known *known, const kd_me_said *said, int64_t now_ms)
{
    const kd_register *list = said->kind == KD_KIND_PREFERENCE ? known->profile.stated : said->kind == KD_KIND_CONSENT ? known->profile.consents : known->profile.traits;
    const uint32_t     count = said->kind == KD_KIND_PREFERENCE ? known->profile.stated_count : said->kind == KD_KIND_CONSENT ? known->profile.consent_count
                                                                                                                            : known->profile.trait_count;
    int64_t            at = now_ms;
    for (uint32_t i = 0; i < count; i++)
        if (list[i].time_ms >= at && list[i].time_ms < now_ms + KD_FUTURE_SLACK_MS)
            at = list[i].time_ms + 1;
    return at;
}

/* Of a person that is known by its id there is no need to name a key; an anonymous id of which nothing is known yet becomes one. */
static kd_status make_event(kd_incoming *out, kd_request *request, const kd_me *me, const kd_me_known *known, const kd_me_said *said, const char *source,
                            kd_err *err)
{
    static _Thread_local kd_rng rng;
    static _Thread_local bool   seeded;
    char      message[KD_ID_TEXT];
    kd_ident *idents = KD_NEW(request->arena, kd_ident, 1);
    kd_buf    body;
    if (!seeded) {
        kd_rng_seed_os(&rng);
        seeded = true;
    }
    if (!idents)
        return kd_fail_memory(err);
    if (!known->known && me->owner.type == KD_KEY_NONE)
        return kd_fail(err, KD_NOT_FOUND, "there is no such person any more");
    idents[0] = me->owner;
    kd_id_format(message, kd_id_new(&rng, request->now_ms));
    *out = (kd_incoming){ .received_ms = request->now_ms, .message_id = kd_str_copy(request->arena, kd_str_z(message)) };
    out->fact = (kd_fact){ .kind = said->kind, .channel = KD_CHANNEL_WEB, .time_ms = after_all(known, said, request->now_ms), .name = kd_str_z(name_of(said->kind)),
                           .source = kd_str_z(source), .total_micro = KD_PRICE_NONE, .traits = said->traits, .trait_count = said->trait_count,
                           .consent = said->consent, .claimed = me->claimed && said->kind != KD_KIND_PREFERENCE }; /* a preference is of the browser alone anyway */
    if (known->known) {
        out->person = known->person;
    } else {
        out->owner = me->owner;
        out->fact.idents = idents;
        out->fact.ident_count = 1;
    }
    out->fact.id = kd_event_id(out->fact.source, out->message_id, out->fact.time_ms, false);
    kd_buf_init(&body, request->arena);
    write_body(&body, out, said, source);
    out->body = out->raw = kd_buf_str(&body);
    return out->message_id.ptr ? kd_buf_status(&body, err) : kd_fail_memory(err);
}

void kd_me_say(kd_request *request, const kd_me *me, const kd_me_known *known, const kd_me_said *said, const char *source)
{
    saying   *s = KD_NEW(request->arena, saying, 1);
    kd_err    err = { 0 };
    kd_status status = s ? KD_OK : kd_fail_memory(&err);
    if (said->trait_count == 0 && !kd_consent_says(&said->consent))
        return; /* said already: the answer stands */
    if (status == KD_OK)
        status = make_event(&s->event, request, me, known, said, source, &err);
    if (status == KD_OK) {
        s->request = request;
        s->submission = (kd_submission){ .events = &s->event, .count = 1, .bytes = s->event.body.len + sizeof s->event, .done = said_done };
        kd_http_later(request); /* before: the writer may be done before submit returns */
        status = kd_ingest_submit(request->parts->ingest, &s->submission, &err);
        if (status == KD_OK)
            return;
        said_done(&s->submission, status, 0, 0, &err);
        return;
    }
    request->status = 0;
    kd_reply_problem(request, status, &err);
}

kd_status kd_me_add(kd_me_said *said, const kd_me_known *known, kd_str name, const kd_json *value, kd_arena *arena, kd_err *err)
{
    uint32_t  at = 0, live = 0;
    bool      there = false;
    kd_buf    text;
    kd_status status;
    kd_buf_init(&text, arena);
    status = kd_stated_check(&text, name, value, arena, err);
    if (status != KD_OK || (status = kd_buf_status(&text, err)) != KD_OK)
        return status;
    for (uint32_t i = 0; i < known->profile.stated_count; i++) {
        const bool same = kd_str_eq(known->profile.stated[i].name, name);
        live++;
        at = same ? i : at;
        there = there || same;
    }
    if (there ? kd_str_eq(known->profile.stated[at].value, kd_buf_str(&text)) : kd_str_is(kd_buf_str(&text), "null"))
        return KD_OK;
    for (size_t i = 0; i < said->trait_count; i++)
        if (kd_str_eq(said->traits[i].name, name))
            return kd_fail_field(err, KD_INVALID, "/", "a preference is named twice");
    if (!there && live + said->trait_count >= KD_STATED_MAX)
        return kd_fail_field(err, KD_LIMIT, "/", "at most %d preferences are kept", KD_STATED_MAX);
    if (said->trait_count == SAID_MAX)
        return kd_fail_field(err, KD_LIMIT, "/", "at most %d preferences at a time", SAID_MAX);
    if (said->traits == NULL && (said->traits = KD_NEW(arena, kd_trait, SAID_MAX)) == NULL)
        return kd_fail_memory(err);
    said->kind = KD_KIND_PREFERENCE;
    said->traits[said->trait_count++] = (kd_trait){ kd_str_copy(arena, name), kd_buf_str(&text) };
    return KD_OK;
}

kd_status kd_me_correct(kd_me_said *said, const kd_me_known *known, kd_str trait, kd_str json, kd_arena *arena, kd_err *err)
{
    bool there = false, proven = false;
    for (uint32_t i = 0; i < known->profile.trait_count && !there; i++)
        if ((there = kd_str_eq(known->profile.traits[i].name, trait)))
            proven = !known->profile.traits[i].claimed;
    if (proven && known->claimed)
        return kd_fail_field(err, KD_DENIED, "/trait", "the shop knows this; to correct it needs a link of the shop or its user token, not an anonymous id alone");
    if (!there) /* corrected is what is there: nothing new is brought in this way */
        return kd_fail_field(err, KD_INVALID, "/trait", "nothing of this name is known");
    if (json.len > CORRECTED_MAX)
        return kd_fail_field(err, KD_INVALID, "/value", "longer than %d bytes", CORRECTED_MAX);
    said->traits = KD_NEW(arena, kd_trait, 1);
    if (!said->traits)
        return kd_fail_memory(err);
    said->kind = KD_KIND_IDENTIFY;
    said->traits[0] = (kd_trait){ kd_str_copy(arena, trait), json };
    said->trait_count = 1;
    return KD_OK;
}

/* ---- forms ---------------------------------------------------------------------------------------------------------------- */
kd_status kd_form_read(kd_field **out, size_t *count, kd_str body, kd_arena *arena, kd_err *err)
{
    *out = KD_NEW(arena, kd_field, KD_FIELDS_MAX);
    *count = 0;
    if (!*out)
        return kd_fail_memory(err);
    while (body.len > 0) {
        const char *end = memchr(body.ptr, '&', body.len);
        kd_str      pair = { body.ptr, end ? (size_t)(end - body.ptr) : body.len };
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        kd_str      name = { pair.ptr, equals ? (size_t)(equals - pair.ptr) : pair.len },
                    value = equals ? (kd_str){ equals + 1, pair.len - name.len - 1 } : (kd_str){ 0 };
        body.ptr += pair.len + (end != NULL);
        body.len -= pair.len + (end != NULL);
        if (name.len == 0)
            continue;
        if (*count == KD_FIELDS_MAX)
            return kd_fail(err, KD_LIMIT, "the form has more than %d fields", KD_FIELDS_MAX);
        name = kd_percent_decode(arena, name, true);
        value = value.len ? kd_percent_decode(arena, value, true) : value;
        if (!kd_utf8_valid(name) || !kd_utf8_valid(value))
            return kd_fail(err, KD_INVALID, "a field of the form is not UTF-8");
        (*out)[(*count)++] = (kd_field){ name, value };
    }
    return KD_OK;
}

kd_str kd_form_get(const kd_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (kd_str_is(fields[i].name, name))
            return fields[i].value;
    return (kd_str){ 0 };
}

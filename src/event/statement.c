#include "event/statement.h"

#include "base/clock.h"
#include "customer/policy.h"

#define STATEMENT_SOURCE KD_STR("kunde")

/* What does not depend on what is said. */
static kd_status begin(kd_incoming *out, const kd_statement *s, kd_kind kind, kd_str name, kd_arena *arena, kd_err *err)
{
    char   text[KD_ID_TEXT];
    kd_rng rng;
    *out = (kd_incoming){ .received_ms = s->now_ms, .message_id = s->message_id, .person = s->person };
    if (!s->message_id.len) {
        kd_rng_seed(&rng, s->seed);
        kd_id_format(text, kd_id_new(&rng, s->now_ms));
        out->message_id = kd_str_copy(arena, kd_str_z(text));
        if (!out->message_id.ptr)
            return kd_fail_memory(err);
    }
    out->fact = (kd_fact){ .kind = kind, .channel = s->channel, .time_ms = s->time_ms > s->now_ms ? s->now_ms : s->time_ms, .name = name,
                           .source = STATEMENT_SOURCE, .total_micro = KD_PRICE_NONE };
    out->fact.id = kd_event_id(STATEMENT_SOURCE, out->message_id, out->fact.time_ms, false);
    return KD_OK;
}

static void begin_body(kd_jw *w, kd_buf *buf, const kd_incoming *out, kd_arena *arena)
{
    char time[25];
    kd_buf_init(buf, arena);
    kd_jw_init(w, buf);
    kd_time_format(time, out->fact.time_ms);
    kd_jw_object(w);
    KD_JW_Z(w, "type", "track");
    KD_JW_STR(w, "event", out->fact.name);
    KD_JW_STR(w, "messageId", out->message_id);
    KD_JW_Z(w, "timestamp", time);
    kd_jw_key(w, "properties");
    kd_jw_object(w);
}

static kd_status end_body(kd_incoming *out, kd_jw *w, kd_buf *buf, kd_err *err)
{
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    out->body = out->raw = kd_buf_str(buf);
    return kd_buf_status(buf, err);
}

kd_status kd_consent_event(kd_incoming *out, const kd_statement *statement, const kd_consent *consent, kd_arena *arena, kd_err *err)
{
    kd_buf    buf;
    kd_jw     w;
    kd_status status;
    if (!kd_consent_says(consent) || (consent->granted | consent->refused) > KD_PURPOSES_ALL)
        return kd_fail_field(err, KD_INVALID, "/purpose", "names no purpose");
    if (consent->source.len > KD_CONSENT_SOURCE_MAX || consent->policy.len > KD_CONSENT_POLICY_MAX || consent->proof.len > KD_CONSENT_PROOF_MAX)
        return kd_fail_field(err, KD_INVALID, consent->source.len > KD_CONSENT_SOURCE_MAX ? "/source" : consent->policy.len > KD_CONSENT_POLICY_MAX ? "/policy" : "/proof", "is too long");
    if ((status = begin(out, statement, KD_KIND_CONSENT, KD_STR("Consent Recorded"), arena, err)) != KD_OK)
        return status;
    out->fact.consent = *consent;
    begin_body(&w, &buf, out, arena);
    kd_jw_key(&w, "purposes");
    kd_jw_object(&w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if ((consent->granted | consent->refused) & KD_PURPOSE_BIT(p))
            KD_JW_BOOL(&w, kd_purpose_name((kd_purpose)p), !(consent->refused & KD_PURPOSE_BIT(p)));
    kd_jw_object_end(&w);
    if (consent->source.len)
        KD_JW_STR(&w, "source", consent->source);
    if (consent->policy.len)
        KD_JW_STR(&w, "policy", consent->policy);
    if (consent->proof.len)
        KD_JW_STR(&w, "proof", consent->proof);
    return end_body(out, &w, &buf, err);
}

kd_status kd_preference_event(kd_incoming *out, const kd_statement *statement, const kd_trait *preferences, size_t count, kd_arena *arena, kd_err *err)
{
    kd_buf    buf;
    kd_jw     w;
    kd_status status;
    if (count == 0)
        return kd_fail_field(err, KD_INVALID, "", "states no preference");
    if (count > KD_FACT_TRAITS_MAX)
        return kd_fail_field(err, KD_LIMIT, "", "more than %d preferences at once", KD_FACT_TRAITS_MAX);
    if ((status = begin(out, statement, KD_KIND_PREFERENCE, KD_STR("Preference Stated"), arena, err)) != KD_OK)
        return status;
    out->fact.traits = preferences;
    out->fact.trait_count = count;
    begin_body(&w, &buf, out, arena);
    for (size_t i = 0; i < count; i++) {
        if (!preferences[i].name.len || kd_is_biometric(preferences[i].name))
            return kd_fail_field(err, KD_INVALID, "", "a preference needs a name, and biometric data is not accepted");
        kd_jw_key_str(&w, preferences[i].name);
        kd_jw_raw(&w, preferences[i].value);
    }
    return end_body(out, &w, &buf, err);
}

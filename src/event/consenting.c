#include "event/consenting.h"

#include <stdio.h>

#include "customer/tcf.h"

enum { ENTRIES_MAX = 200, LEVELS = 3 };

static kd_str cut_text(kd_str text, size_t max)
{
    if (text.len > max) {
        text.len = max;
        text.len = kd_utf8_prefix(text);
    }
    return text;
}

/* true, false, or "granted" and "denied" as some managers say. 1, 0, -1: granted, refused, nothing said. */
static int answer_of(const kd_json *node)
{
    kd_str text = kd_json_text(node);
    if (kd_json_is(node, KD_JSON_TRUE) || kd_str_is_nocase(text, "true") || kd_str_is_nocase(text, "granted") || kd_str_is_nocase(text, "yes"))
        return 1;
    if (kd_json_is(node, KD_JSON_FALSE) || kd_str_is_nocase(text, "false") || kd_str_is_nocase(text, "denied") || kd_str_is_nocase(text, "no"))
        return 0;
    return -1;
}

static kd_status read_answers(kd_consent *out, const kd_json *object, const char *field, const kd_policy *policy, kd_err *err)
{
    if (!kd_json_is(object, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, field, "must be an object of categories, each true or false");
    if (object->count > ENTRIES_MAX)
        return kd_fail_field(err, KD_LIMIT, field, "more than %d categories", ENTRIES_MAX);
    if (!object->child)
        out->refused |= KD_PURPOSES_ALL & ~KD_PURPOSE_BIT(KD_PURPOSE_OPERATE);
    for (const kd_json *one = object->child; one; one = one->next) {
        int answer = answer_of(kd_json_get_str(object, one->key)); /* of a name said twice the last counts */
        if (answer < 0 && !kd_json_is(one, KD_JSON_NULL))
            return kd_fail_field(err, KD_INVALID, field, "each category must be true or false");
        if (answer >= 0)
            *(answer ? &out->granted : &out->refused) |= kd_policy_of_category(policy, one->key);
    }
    return KD_OK;
}

static kd_status read_ids(kd_purposes *out, const kd_json *list, const char *field, const kd_policy *policy, kd_err *err)
{
    if (!list || kd_json_is(list, KD_JSON_NULL))
        return KD_OK;
    if (!kd_json_is(list, KD_JSON_ARRAY) || list->count > ENTRIES_MAX)
        return kd_fail_field(err, KD_INVALID, field, "must be an array of at most %d ids", ENTRIES_MAX);
    for (const kd_json *one = list->child; one; one = one->next)
        *out |= kd_policy_of_category(policy, kd_json_is(one, KD_JSON_OBJECT) ? kd_json_text(kd_json_get(one, "id")) : kd_json_text(one));
    return KD_OK;
}

static kd_status read_management(kd_consent *out, const kd_json *management, const kd_policy *policy, kd_err *err)
{
    kd_status status;
    if (!kd_json_is(management, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/context/consentManagement", "must be an object");
    status = read_ids(&out->granted, kd_json_get(management, "allowedConsentIds"), "/context/consentManagement/allowedConsentIds", policy, err);
    return status == KD_OK ? read_ids(&out->refused, kd_json_get(management, "deniedConsentIds"), "/context/consentManagement/deniedConsentIds", policy, err) : status;
}

/* A consent event of ours: {"purposes":{"personalise":false},"source":"form","policy":"2026-05","proof":"..."}. */
static kd_status read_properties(kd_consent *out, const kd_json *properties, const kd_policy *policy, kd_err *err)
{
    const kd_json *purposes = kd_json_get(properties, "purposes");
    kd_status      status = purposes ? read_answers(out, purposes, "/properties/purposes", policy, err) : KD_OK;
    if (!purposes)
        return KD_OK;
    out->source = kd_json_text(kd_json_get(properties, "source"));
    out->policy = kd_json_text(kd_json_get(properties, "policy"));
    out->proof = kd_json_text(kd_json_get(properties, "proof"));
    return status;
}

static kd_status at_field(kd_err *err, const char *field)
{
    if (err)
        snprintf(err->field, sizeof err->field, "%s", field);
    return KD_INVALID;
}

/* The strings of the advertising industry; the string itself is the proof. */
static kd_status read_strings(kd_consent *out, const kd_json *consent, kd_err *err)
{
    const kd_json *tc = kd_json_get(consent, "tcString"), *gpp = kd_json_get(consent, "gppString");
    kd_tcf         tcf;
    kd_gpp         sections;
    kd_status      status = KD_OK;
    if (tc && !kd_json_is(tc, KD_JSON_NULL)) {
        if ((status = kd_tcf_parse(&tcf, kd_json_text(tc), err)) != KD_OK)
            return at_field(err, "/context/consent/tcString");
        kd_tcf_purposes(out, &tcf);
        out->source = KD_STR("tcf");
        out->proof = kd_json_text(tc);
    }
    if (gpp && !kd_json_is(gpp, KD_JSON_NULL)) {
        if ((status = kd_gpp_parse(&sections, kd_json_text(gpp), err)) != KD_OK)
            return at_field(err, "/context/consent/gppString");
        if (sections.opted_out || sections.gpc)
            out->refused |= KD_PURPOSE_BIT(KD_PURPOSE_SHARE);
        out->source = out->source.len ? out->source : KD_STR("gpp");
        out->proof = out->proof.len ? out->proof : kd_json_text(gpp);
    }
    return status;
}

static kd_status read_context(kd_consent *out, const kd_json *consent, const kd_policy *policy, kd_err *err)
{
    const kd_json *categories = kd_json_get(consent, "categoryPreferences");
    kd_status      status = KD_OK;
    if (!kd_json_is(consent, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/context/consent", "must be an object");
    if (categories && !kd_json_is(categories, KD_JSON_NULL)) {
        status = read_answers(out, categories, "/context/consent/categoryPreferences", policy, err);
        out->source = KD_STR("context");
    }
    if (kd_json_is(kd_json_get(consent, "source"), KD_JSON_STRING))
        out->source = kd_json_text(kd_json_get(consent, "source"));
    out->policy = kd_json_text(kd_json_get(consent, "policy"));
    out->proof = kd_json_text(kd_json_get(consent, "proof"));
    return status == KD_OK ? read_strings(out, consent, err) : status;
}

kd_status kd_consenting_read(kd_fact *fact, const kd_json *consent, const kd_json *management, bool gpc, const kd_json *properties,
                             const kd_policy *policy, kd_arena *arena, kd_err *err)
{
    kd_consent said = { 0 };
    kd_status  status = KD_OK;
    (void)arena;
    if (!policy)
        return KD_OK;
    if (fact->kind == KD_KIND_CONSENT)
        status = read_properties(&said, properties, policy, err);
    if (status == KD_OK && consent)
        status = read_context(&said, consent, policy, err);
    if (status == KD_OK && management) {
        status = read_management(&said, management, policy, err);
        said.source = said.source.len ? said.source : KD_STR("rudderstack");
    }
    gpc |= kd_json_is(kd_json_get(consent, "gpc"), KD_JSON_TRUE);
    if (status == KD_OK && gpc) {
        kd_purposes against = kd_policy_gpc(policy);
        if ((said.refused & against) != against) /* else it adds nothing */
            said.source = kd_consent_says(&said) ? KD_STR("context, gpc") : KD_STR("gpc");
        said.refused |= against;
    }
    said.granted &= (kd_purposes)~said.refused;
    if (status == KD_OK && fact->kind == KD_KIND_CONSENT && !kd_consent_says(&said))
        return kd_fail_field(err, KD_INVALID, consent ? "/context/consent/categoryPreferences" : "/context/consent",
                             "a consent event must say something: context.consent.categoryPreferences, or properties.purposes");
    said.source = cut_text(said.source, KD_CONSENT_SOURCE_MAX);
    said.policy = cut_text(said.policy, KD_CONSENT_POLICY_MAX);
    said.proof = cut_text(said.proof, KD_CONSENT_PROOF_MAX);
    fact->consent = status == KD_OK && kd_consent_says(&said) ? said : (kd_consent){ 0 };
    return status;
}

static kd_status refuse_at(const kd_json *object, const char *at, int levels, kd_err *err)
{
    char field[64];
    for (const kd_json *one = kd_json_is(object, KD_JSON_OBJECT) || kd_json_is(object, KD_JSON_ARRAY) ? object->child : NULL; one; one = one->next) {
        if (one->key.len >= 3 && kd_is_biometric(one->key)) {
            snprintf(field, sizeof field, "%s/%.*s", at, (int)(one->key.len < 40 ? one->key.len : 40), one->key.ptr);
            return kd_fail_field(err, KD_DENIED, field, "biometric data is not accepted; leave the field out");
        }
        if (levels > 1 && one->child && refuse_at(one, at, levels - 1, err) != KD_OK)
            return KD_DENIED;
    }
    return KD_OK;
}

kd_status kd_consenting_refuse_biometric(const kd_json *object, const char *at, kd_err *err)
{
    return refuse_at(object, at, LEVELS, err);
}

#include "customer/consent.h"

#include "customer/profile_list.h"

const char *kd_consent_state_name(kd_consent_state state)
{
    return state == KD_CONSENT_GRANTED ? "granted" : state == KD_CONSENT_REFUSED ? "refused" : "unknown";
}

kd_consent_state kd_consent_of(const kd_profile *profile, kd_purpose purpose)
{
    kd_purposes bit = KD_PURPOSE_BIT(purpose);
    return profile->granted & bit ? KD_CONSENT_GRANTED : profile->refused & bit ? KD_CONSENT_REFUSED : KD_CONSENT_UNKNOWN;
}

const kd_register *kd_consent_register(const kd_profile *profile, kd_purpose purpose)
{
    kd_consent_state   state = kd_consent_of(profile, purpose);
    const kd_register *found = NULL;
    for (uint32_t i = 0; state != KD_CONSENT_UNKNOWN && i < profile->consent_count; i++) {
        const kd_register *one = &profile->consents[i];
        if (kd_str_is(one->name, kd_purpose_name(purpose)) && kd_consent_is_grant(one) == (state == KD_CONSENT_GRANTED)
            && (!found || one->time_ms > found->time_ms))
            found = one;
    }
    return found;
}

kd_status kd_consent_read(bool *granted, kd_consent *out, kd_str value, kd_arena *arena, kd_err *err)
{
    const kd_json *json = NULL;
    kd_status      status = kd_json_parse(&json, arena, value.ptr, value.len, err);
    if (status != KD_OK)
        return status;
    *granted = kd_json_bool(kd_json_get(json, "granted"), false);
    *out = (kd_consent){ .source = kd_json_text(kd_json_get(json, "source")), .policy = kd_json_text(kd_json_get(json, "policy")),
                         .proof = kd_json_text(kd_json_get(json, "proof")) };
    return KD_OK;
}

/* ---- along a batch ---------------------------------------------------------------------------------------------------------- */

void kd_consent_track_begin(kd_consent_track *track, const kd_profile *profile)
{
    *track = (kd_consent_track){ .anonymous = !profile || !profile->ident_count || profile->idents[profile->ident_count - 1].type == KD_KEY_ANONYMOUS };
    for (int p = 0; profile && profile->consent_count && p < KD_PURPOSE_COUNT; p++) {
        const kd_register *one = kd_consent_register(profile, (kd_purpose)p);
        if (one) {
            track->of[p].said = true;
            track->of[p].time_ms = one->time_ms;
            track->of[p].granted = kd_consent_is_grant(one);
        }
    }
}

void kd_consent_track_add(kd_consent_track *track, const kd_fact *fact)
{
    for (size_t i = 0; i < fact->ident_count; i++)
        track->anonymous &= fact->idents[i].type == KD_KEY_ANONYMOUS;
    if (!kd_consent_says(&fact->consent))
        return;
    for (int p = 0; p < KD_PURPOSE_COUNT; p++) {
        bool refused = fact->consent.refused & KD_PURPOSE_BIT(p), granted = !refused && (fact->consent.granted & KD_PURPOSE_BIT(p));
        if ((!refused && !granted) || (granted && fact->claimed && !track->anonymous) || (refused && fact->claimed && p == KD_PURPOSE_OPERATE)
            || (track->of[p].said && (fact->time_ms < track->of[p].time_ms || (fact->time_ms == track->of[p].time_ms && granted))))
            continue;
        track->of[p].said = true;
        track->of[p].time_ms = fact->time_ms;
        track->of[p].granted = granted;
    }
}

kd_purposes kd_consent_track_allowed(const kd_consent_track *track, const kd_policy *policy)
{
    kd_purposes granted = 0, refused = 0;
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if (track->of[p].said)
            *(track->of[p].granted ? &granted : &refused) |= KD_PURPOSE_BIT(p);
    return kd_allowed_by(policy, granted, refused, false);
}

/* customer/consent.h -- what a person has said about each purpose, read from a profile.
 *
 * A profile keeps statements as registers (customer/profile.h, `consents`): per purpose the newest that counts from anybody,
 * and the newest grant that is only claimed (by write key). The newest time wins; of equal times the refusal. A refusal counts
 * whoever said it, save that nobody can object to `operate` by write key alone. A claimed grant counts only while the profile
 * knows its person by nothing but anonymous ids: a browser may speak for itself, never for somebody else. */
#ifndef KD_CUSTOMER_CONSENT_H
#define KD_CUSTOMER_CONSENT_H
#include "customer/policy.h"

typedef enum kd_consent_state { KD_CONSENT_UNKNOWN, KD_CONSENT_GRANTED, KD_CONSENT_REFUSED } kd_consent_state;
const char *kd_consent_state_name(kd_consent_state state); /* "unknown", "granted", "refused" */

/* The register that decides about `purpose`; NULL: nothing was said that counts. */
const kd_register *kd_consent_register(const kd_profile *profile, kd_purpose purpose);
kd_consent_state   kd_consent_of(const kd_profile *profile, kd_purpose purpose);
/* The value of a register, {"granted":true,"source":...,"policy":...,"proof":...}; texts owned by `arena`. KD_CORRUPT. */
kd_status          kd_consent_read(bool *granted, kd_consent *out, kd_str value, kd_arena *arena, kd_err *err);

/* The same as it runs along a batch of events, without a profile: for the writer. */
typedef struct kd_consent_track {
    struct { int64_t time_ms; bool said, granted; } of[KD_PURPOSE_COUNT];
    bool anonymous; /* claimed grants count */
} kd_consent_track;
void        kd_consent_track_begin(kd_consent_track *track, const kd_profile *profile); /* NULL: a person nobody knows yet */
void        kd_consent_track_add(kd_consent_track *track, const kd_fact *fact);
kd_purposes kd_consent_track_allowed(const kd_consent_track *track, const kd_policy *policy);
#endif

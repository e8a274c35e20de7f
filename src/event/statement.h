/* event/statement.h -- what Kunde itself hears from a person: an event of ours about somebody known by id.
 *
 * The shopper's pages, staff and imports speak of a person whose id they have, not of a key. Such an event is proven, carries no
 * key (the person has one already), and belongs to exactly that person. Everything is owned by `arena`. */
#ifndef KD_EVENT_STATEMENT_H
#define KD_EVENT_STATEMENT_H
#include "event/incoming.h"

typedef struct kd_statement { /* what both have in common */
    kd_id   person;           /* KD_NOT_FOUND from the writer when there is no such person */
    int64_t time_ms, now_ms;  /* when it was said, no later than now; now */
    kd_str  message_id;       /* the same again is a duplicate; empty: `seed` makes one */
    uint64_t seed;
    kd_channel channel;
} kd_statement;

/* "Consent Recorded": the masks of `consent`, its source, policy and proof. KD_INVALID: it says nothing, or a text is too long. */
kd_status kd_consent_event(kd_incoming *out, const kd_statement *statement, const kd_consent *consent, kd_arena *arena, kd_err *err);
/* "Preference Stated": names and JSON values. KD_INVALID: none, a name is empty or biometric; KD_LIMIT: more than KD_FACT_TRAITS_MAX. */
kd_status kd_preference_event(kd_incoming *out, const kd_statement *statement, const kd_trait *preferences, size_t count, kd_arena *arena, kd_err *err);
#endif

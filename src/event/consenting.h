/* event/consenting.h -- what an event says about purposes, in the dialects that consent managers speak. Private to event/.
 *
 * context.consent.categoryPreferences (Segment, kunde.js): categories to true or false; an empty object refuses all but
 * `operate`, none at all says nothing. context.consentManagement (RudderStack): allowedConsentIds, deniedConsentIds.
 * context.consent.tcString (IAB TCF 2.3) and gppString. Global Privacy Control: the header, context.consent.gpc or context.gpc. A consent event
 * of ours has properties.purposes. A refusal outweighs a grant for one purpose. */
#ifndef KD_EVENT_CONSENTING_H
#define KD_EVENT_CONSENTING_H
#include "customer/policy.h"
#include "event/incoming.h"

/* Fills fact->consent; texts borrow from the event or are owned by `arena`. KD_INVALID with err->field: a consent that cannot be read is never
 * a grant, and its sender hears of it. `policy` NULL: nothing is read. */
kd_status kd_consenting_read(kd_fact *fact, const kd_json *consent, const kd_json *management, bool gpc, const kd_json *properties,
                             const kd_policy *policy, kd_arena *arena, kd_err *err);
/* KD_DENIED with err->field when a member of `object` names biometric data (three levels down). `at`: "/traits" and the like. */
kd_status kd_consenting_refuse_biometric(const kd_json *object, const char *at, kd_err *err);
#endif

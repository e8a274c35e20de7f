/* event/evidence.h -- the identity keys of one event, and what they say of one another. Private to event/.
 *
 * Keys stand in userId and anonymousId, in traits, in context.externalIds ([{type,id}]: built-in kinds by their names, older
 * SDKs' "loyalty_card" and "loyalty_id", and the shop's own namespaces), in context.device.id, and as card numbers in
 * properties. Pure: nodes in, keys out. */
#ifndef KD_EVENT_EVIDENCE_H
#define KD_EVENT_EVIDENCE_H
#include "event/incoming.h"

enum { KD_EVENT_KEYS_MAX = 12 }; /* of one event, and so one less of evidence */

typedef struct kd_key_nodes { /* any may be NULL or empty */
    const kd_json *traits, *context_traits, *external_ids, *device, *properties;
    kd_str         user_id, anonymous_id;
} kd_key_nodes;

typedef struct kd_verified { bool email, phone; } kd_verified; /* the shop says so: "emailVerified": true beside it, by a server key */

/* All keys, strongest first, into fact->idents. False when the arena is full. */
bool         kd_keys_read(kd_fact *fact, kd_verified *verified, const kd_key_nodes *nodes, kd_speaker speaker, const kd_namespaces *namespaces, kd_arena *arena);
/* How well an event of this kind and channel shows that two keys are one person's: docs/identity.md has the table. */
kd_link_kind kd_evidence_kind(const kd_fact *fact, kd_ident owner, kd_ident other, kd_verified verified);
/* Evidence of the event's other keys, beside what out->links has already. */
void         kd_evidence_read(kd_incoming *out, kd_verified verified);
#endif

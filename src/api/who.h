/* api/who.h -- from keys or an id to the person whose profile answers. Private to api/. */
#ifndef KD_API_WHO_H
#define KD_API_WHO_H
#include "api/parts.h"

/* The keys that a text may stand for, strongest first: "email:ada@example.org" says which kind it is; without that all kinds
 * are tried that it can be. */
enum { KD_WHO_KEYS = 12 };
size_t kd_who_keys(kd_key out[KD_WHO_KEYS], const kd_vault *vault, kd_str id);

/* The customer a person belongs to, or with `follow` false that person alone; *found false when nobody has a profile. */
kd_status kd_who_customer(kd_customer *out, bool *found, kd_parts *parts, kd_reader *reader, kd_id person, bool follow, kd_err *err);

/* Lock the first of `persons` (nil ones are passed over) that has a profile. One that was only ever linked to (an e-mail in
 * a server's identify has no events of its own) stands, with `follow`, for a person of the customer it belongs to. KD_OK with *entry
 * NULL when there is none. */
kd_status kd_who_acquire(kd_person **entry, kd_parts *parts, kd_reader *reader, const kd_id *persons, size_t count, bool follow, kd_err *err);
#endif

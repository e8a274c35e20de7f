/* api/tries.h -- how often somebody may be wrong at the door.
 *
 * Counted by user and address together (5 a minute), by address (20 a minute) and by user (60 an hour): one address cannot
 * use up the tries of another, and many addresses cannot try one password for ever. A try counts when it begins; a login that
 * succeeds gives its user's back. The table is of fixed size and keyed by chance: who fills it forgets somebody, not a chosen
 * one. Threads: the caller's lock. */
#ifndef KD_API_TRIES_H
#define KD_API_TRIES_H
#include "base/id.h"

enum { KD_TRIES_SLOTS = 8192, KD_TRIES_BOTH = 5, KD_TRIES_ADDRESS = 20, KD_TRIES_USER = 60 };
typedef struct kd_tries { uint64_t seed; struct { uint64_t what; int64_t since_ms; uint32_t count; } slots[KD_TRIES_SLOTS]; } kd_tries;

void      kd_tries_init(kd_tries *tries);
/* `user` nil: nobody of that name. KD_BUSY, and nothing is counted. */
kd_status kd_tries_begin(kd_tries *tries, kd_id user, kd_str address, int64_t now_ms, kd_err *err);
void      kd_tries_forget(kd_tries *tries, kd_id user, kd_str address);
#endif

/* event/withhold.h -- what may not be kept: events all of whose purposes are refused. Private to event/.
 *
 * Decided by the writer, where a person's consents are current, in the order of the batch: an event counts with what it says
 * itself. What it says about purposes is kept even where the event is not: it then goes on as a statement and nothing else,
 * unless it says what is known already.
 * Threads: kd_withhold_set_policy from any; the rest the writer's. Tracks are of one batch. */
#ifndef KD_EVENT_WITHHOLD_H
#define KD_EVENT_WITHHOLD_H
#include "customer/consent.h"
#include "event/ingest.h"

typedef struct kd_withhold kd_withhold;
kd_withhold *kd_withhold_new(void); /* NULL when out of memory */
void         kd_withhold_free(kd_withhold *withhold);
void         kd_withhold_set_policy(kd_withhold *withhold, const kd_policy *policy); /* retained; NULL: everything is kept */
void         kd_withhold_observe(kd_withhold *withhold, kd_observer observer, void *self);
uint64_t     kd_withhold_count(const kd_withhold *withhold); /* any thread */

/* A batch of at most `slots` persons and `events` events; `arena` outlives it. False when out of memory. */
bool         kd_withhold_begin(kd_withhold *withhold, size_t slots, size_t events, kd_arena *arena);
/* The person of a slot is this one (locked by the caller); NULL: nobody yet. */
void         kd_withhold_know(kd_withhold *withhold, uint32_t slot, const kd_profile *profile);
/* `in` itself, or the statement that is kept of it, or NULL: nothing is. */
const kd_incoming *kd_withhold_pass(kd_withhold *withhold, uint32_t slot, kd_id person, const kd_incoming *in, kd_arena *arena);
void         kd_withhold_end(kd_withhold *withhold); /* tells the observer what was withheld */
#endif

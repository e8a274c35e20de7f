/* customer/suggest.h -- who might be one person, for people to look at: never applied by itself.
 *
 * Pure: arrays in, pairs out. Two persons are suggested where their normalised name and postcode are the same, or where one
 * e-mail becomes the other by one character more, less, other, or two swapped. Letters of names are compared without case,
 * accents of Latin-1 and what is no letter. Cost: O(n) for n candidates, in memory of the arena. */
#ifndef KD_CUSTOMER_SUGGEST_H
#define KD_CUSTOMER_SUGGEST_H
#include "base/id.h"

typedef struct kd_candidate { kd_id person, customer; kd_str name, postcode, email; } kd_candidate; /* any text may be empty */
typedef struct kd_suggestion { uint32_t a, b; bool by_name, by_email; } kd_suggestion; /* rows of candidates, a < b */

/* Pairs of different customers, ascending, at most `max`. */
kd_status kd_suggest(kd_suggestion **out, size_t *count, const kd_candidate *candidates, size_t candidate_count, size_t max, kd_arena *arena, kd_err *err);
bool      kd_one_typo_apart(kd_str a, kd_str b); /* different, and at most one slip of the finger */
#endif

/* customer/stamps.h -- did anything about this person move since I looked?
 *
 * A table of counters that persons share by their hash. Who changes something moves the person's counter afterwards (after the
 * commit, under the lock); who keeps a result reads the counters before it looks, and the result holds as long as they
 * stand still. Persons that share a counter cost each other a needless look, never a wrong answer.
 * Threads: any, without locks. */
#ifndef KD_CUSTOMER_STAMPS_H
#define KD_CUSTOMER_STAMPS_H
#include <stdatomic.h>

#include "base/id.h"

enum { KD_STAMPS = 1 << 15 };
typedef struct kd_stamps { _Atomic uint32_t at[KD_STAMPS]; } kd_stamps; /* zero-filled */

static inline _Atomic uint32_t *kd_stamps_of(kd_stamps *stamps, kd_id person)
{
    uint32_t random; /* the last bytes of a person's id are */
    memcpy(&random, person.b + 12, sizeof random);
    return &stamps->at[random % KD_STAMPS];
}
static inline uint32_t kd_stamps_read(kd_stamps *stamps, kd_id person) { return atomic_load_explicit(kd_stamps_of(stamps, person), memory_order_acquire); }
static inline void     kd_stamps_move(kd_stamps *stamps, kd_id person) { atomic_fetch_add_explicit(kd_stamps_of(stamps, person), 1, memory_order_release); }
#endif

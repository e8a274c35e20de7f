/* customer/floor.h -- how many people must be in a count before it is shown.
 *
 * "3 people refused" is a fact about a group; of a shop with one customer in a village it is a fact about a person. Every count
 * of people in a slice (by source, by purpose, in a finding) goes through here: below the floor `k` (setting k_floor) a page shows
 * "<k". Nobody at all is said as 0. Shop-wide totals are not masked. Pure. */
#ifndef KD_CUSTOMER_FLOOR_H
#define KD_CUSTOMER_FLOOR_H
#include "base/json.h"

enum { KD_FLOOR_DEFAULT = 10 };

static inline bool kd_floor_hides(uint64_t people, uint32_t k) { return people != 0 && people < k; }

/* The count as a member of the object open in `w`: a number, or the text "<k". */
static inline void kd_floor_write(kd_jw *w, const char *key, uint64_t people, uint32_t k)
{
    char text[16];
    kd_jw_key(w, key);
    if (!kd_floor_hides(people, k)) {
        kd_jw_i64(w, (int64_t)people);
        return;
    }
    size_t len = sizeof text;
    text[--len] = 0;
    for (; k != 0; k /= 10)
        text[--len] = (char)('0' + k % 10);
    text[--len] = '<';
    kd_jw_z(w, text + len);
}

/* Parts of a whole that is shown: where one alone would be hidden it could be had by subtraction, so the least of the others goes with
 * it. hidden[i] says which are. */
static inline void kd_floor_parts(bool *hidden, const uint64_t *people, size_t count, uint32_t k)
{
    size_t alone = 0, least = count;
    for (size_t i = 0; i < count; i++)
        alone += hidden[i] = kd_floor_hides(people[i], k);
    for (size_t i = 0; i < count; i++)
        if (!hidden[i] && people[i] != 0 && (least == count || people[i] < people[least]))
            least = i;
    if (alone == 1 && least != count)
        hidden[least] = true;
}

/* One of such parts: "<k" below the floor, null where only its neighbour is hidden (its own size is no secret, the neighbour's is). */
static inline void kd_floor_write_part(kd_jw *w, const char *key, uint64_t people, bool hidden, uint32_t k)
{
    if (hidden && !kd_floor_hides(people, k)) {
        kd_jw_key(w, key);
        kd_jw_null(w);
        return;
    }
    kd_floor_write(w, key, people, k);
}
#endif

/* api/answer_parts.h -- what the answers about one customer share: answer_profile.c, answer_events.c. Private to api/. */
#ifndef KD_API_ANSWER_PARTS_H
#define KD_API_ANSWER_PARTS_H
#include "api/parts.h"

typedef struct kd_answer_members { /* of a customer, those that have events; ascending */
    kd_id  home;
    size_t count;
    struct { kd_id person; kd_data_key key; int64_t head; } of[KD_CUSTOMER_PERSONS_MAX];
} kd_answer_members;
/* `merged` (may be NULL) gets a copy of the customer's facts, unmasked: free it with kd_profile_free. KD_NOT_FOUND. */
kd_status kd_answer_members_of(kd_answer_members *out, kd_profile *merged, kd_parts *parts, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err);

void kd_answer_write_time(kd_jw *w, const char *key, int64_t ms);
void kd_answer_write_product(kd_jw *w, const kd_snapshot *s, kd_ref product, kd_ref variant); /* members of an object */
#endif

/* insight/source_days.h -- the counts of one field of a source's schema, day by day, and what they say. Private to insight/.
 * Pure; insight/sources.c locks. */
#ifndef KD_INSIGHT_SOURCE_DAYS_H
#define KD_INSIGHT_SOURCE_DAYS_H
#include "insight/sources.h"

typedef struct kd_field_slot {
    uint64_t key;   /* of event and path; 0: none */
    struct kd_field_day { int32_t day; uint32_t events, present, wrong_type, wrong_value, buckets[KD_SOURCE_BUCKETS]; } days[KD_WATCH_DAYS]; /* by day % KD_WATCH_DAYS; no events: unused */
} kd_field_slot;

void kd_field_slot_add(kd_field_slot *slot, int32_t day, struct kd_seen_field seen);
void kd_field_slot_report(kd_field_report *out, const kd_field_slot *slot, int32_t today); /* all but event and field */
/* Population stability index over buckets; half an event is added to each, so that an empty one is no infinity. */
double kd_psi(const uint64_t *recent, const uint64_t *before, size_t buckets);

void      kd_field_slots_encode(kd_buf *out, kd_str source, const kd_field_slot *slots, size_t count);
/* Slots are malloc-ed: free them. `source` borrows from `bytes`. KD_CORRUPT. */
kd_status kd_field_slots_decode(kd_str *source, kd_field_slot **slots, size_t *count, kd_str bytes);
#endif

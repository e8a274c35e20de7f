/* insight/lineage.h -- from a field of a profile to the event that set it.
 *
 * Registers (traits, stated preferences, consents) and interactions carry the id of their message, so their event is one read;
 * of an identity, a counter or a product bought the event is found on the person's chain by its time, looking at the newest
 * KD_LINEAGE_LOOKED_AT events. Fields are written
 *   traits.NAME  stated.NAME  consents.PURPOSE  identities.TYPE  counts.KIND.first  counts.KIND.last  bought.PRODUCT
 *   recent.KIND  affinity.ATTRIBUTE.VALUE (the interactions behind it, newest first, at most KD_LINEAGE_EVIDENCE)
 * Threads: any; a person's entry is locked for microseconds only. */
#ifndef KD_INSIGHT_LINEAGE_H
#define KD_INSIGHT_LINEAGE_H
#include "catalog/catalog.h"
#include "customer/people.h"

enum { KD_LINEAGE_LOOKED_AT = 2000, KD_LINEAGE_EVIDENCE = 10, KD_LINEAGE_FIELDS_MAX = 500 };

typedef enum kd_lineage_kind { KD_LINEAGE_TRAIT, KD_LINEAGE_STATED, KD_LINEAGE_CONSENT, KD_LINEAGE_IDENTITY, KD_LINEAGE_COUNT, KD_LINEAGE_BOUGHT, KD_LINEAGE_RECENT } kd_lineage_kind;
typedef struct kd_lineage {
    kd_str   field;              /* as above */
    kd_str   name;               /* of the register or kind alone */
    kd_str   value;              /* JSON */
    kd_lineage_kind kind;
    uint16_t event_kind;         /* kd_kind of the facts it belongs to; 0: none */
    bool     claimed;
    kd_id    person;
    bool     found;              /* the event below was found */
    kd_id    event;
    kd_str   event_name, source;
    int64_t  time_ms;
} kd_lineage;

/* Appends to (*out)[*count], which has room for KD_LINEAGE_FIELDS_MAX, what one person's profile says of `field` (empty: of everything but
 * interactions and affinities). KD_NOT_FOUND: there is no such person. Texts are owned by `arena`. */
kd_status kd_lineage_of(kd_lineage *out, size_t *count, kd_people *people, kd_reader *reader, kd_id person, kd_str field, const kd_snapshot *snapshot,
                        kd_arena *arena, kd_err *err);
#endif

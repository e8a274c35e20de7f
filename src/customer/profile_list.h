/* customer/profile_list.h -- the sorted sets a profile is made of; for profile.c, profile_codec.c and opinion.c only.
 *
 * A list grows along kd_list_capacity, a fixed ladder of sizes, so that its capacity follows from its count and need not
 * be stored: what is allocated is at least kd_list_capacity(count). */
#ifndef KD_CUSTOMER_PROFILE_LIST_H
#define KD_CUSTOMER_PROFILE_LIST_H
#include "customer/profile.h"

typedef struct kd_list_type {
    size_t size;                                 /* of an element */
    int  (*cmp)(const void *a, const void *b);   /* total, by key */
    void (*join)(void *into, void *from);        /* combine two of one key; `from` is used up. NULL: nothing to combine */
} kd_list_type;

extern const kd_list_type kd_list_counters, kd_list_days, kd_list_bought, kd_list_spent, kd_list_recents, kd_list_items,
                          kd_list_traits, kd_list_consents, kd_list_idents;

/* 1 to 7, then four steps to every doubling: at most a fifth is idle. */
uint32_t kd_list_capacity(uint32_t count);
/* `items` points to the pointer of a list. Room for `count` elements where there is room for kd_list_capacity(had) or more.
 * False when out of memory. */
bool     kd_list_reserve(void *items, uint32_t had, uint32_t count, const kd_list_type *type);
bool     kd_list_ascends(const void *items, uint32_t count, const kd_list_type *type); /* strictly */

bool   kd_kind_keeps_recent(unsigned kind);
bool   kd_kind_keeps_claims_apart(unsigned kind);
bool   kd_consent_is_grant(const kd_register *consent);
/* Into `granted` and `refused` what `consents` and `idents` come to: after every change of either. */
/* Nothing but browsers, apps and slips of paper are known of whoever this is, a browser among them. */
bool   kd_profile_is_itself(const kd_profile *profile);
void   kd_profile_settle(kd_profile *profile);
size_t kd_profile_measure(const kd_profile *profile); /* what `bytes` should be */
#endif

/* customer/mask.h -- the one way from a profile to whoever reads it.
 *
 * A reader says its purpose and gets a view that holds only what that purpose may see: lists whose data class it may not read
 * are empty, others are filtered by kind and field. Where everything is allowed the view is a plain copy of the struct. The
 * view borrows from `full` and `arena`, is not to be freed, changed or folded into, and lives no longer than either. */
#ifndef KD_CUSTOMER_MASK_H
#define KD_CUSTOMER_MASK_H
#include "customer/consent.h"

/* KD_LIMIT when the arena is full; the view is then empty. `consents` are in every view. */
kd_status kd_masked(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena);
#endif

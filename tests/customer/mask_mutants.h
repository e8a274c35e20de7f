/* tests/customer/mask_mutants.h -- the mask with one guard taken out each: the property test must notice every one of them. */
#ifndef KD_TEST_MASK_MUTANTS_H
#define KD_TEST_MASK_MUTANTS_H
#include "customer/mask.h"

kd_status masked_without_basis(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena);
kd_status masked_without_kinds(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena);
kd_status masked_without_traits(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena);
kd_status masked_without_stated(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena);
kd_status masked_without_keys(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena);
#endif

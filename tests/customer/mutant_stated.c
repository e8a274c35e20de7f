/* Kept by nobody: what the mask is without this guard. */
#include "mask_mutants.h"

#define kd_policy_of_stated(policy, name) ((kd_purposes)(KD_PURPOSES_ALL & ~KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)))
#define kd_masked masked_without_stated
#include "customer/mask.c"

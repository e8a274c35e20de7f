/* Kept by nobody: what the mask is without this guard. */
#include "mask_mutants.h"

#undef KD_CLASS_IDENTITY
#define KD_CLASS_IDENTITY KD_CLASS_ORDERS
#define kd_masked masked_without_keys
#include "customer/mask.c"

/* base/rng.h -- seeded randomness (xoshiro256**, Blackman & Vigna 2018; seeded by splitmix64).
 * Not for secrets: those come from libsodium. The same seed gives the same numbers on every machine. */
#ifndef KD_BASE_RNG_H
#define KD_BASE_RNG_H
#include <stdint.h>

typedef struct kd_rng { uint64_t s[4]; } kd_rng;

void     kd_rng_seed(kd_rng *rng, uint64_t seed);
void     kd_rng_seed_os(kd_rng *rng); /* from the operating system */
uint64_t kd_rng_u64(kd_rng *rng);
uint32_t kd_rng_below(kd_rng *rng, uint32_t n); /* 0..n-1 without bias; n > 0 */
double   kd_rng_unit(kd_rng *rng);              /* [0, 1) with 53 bits */
double   kd_rng_normal(kd_rng *rng);            /* mean 0, variance 1 */
double   kd_rng_exponential(kd_rng *rng);       /* mean 1 */
double   kd_rng_gamma(kd_rng *rng, double shape); /* scale 1; Marsaglia & Tsang 2000 */
uint32_t kd_rng_poisson(kd_rng *rng, double mean);
#endif

/* num/hll.h -- how many different things? A HyperLogLog sketch: 2^p registers of one byte.
 *
 * Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", AofA 2007,
 * with 64-bit hashes and the estimator of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017
 * (arXiv 1702.01284; its improved raw estimator), which needs no correction anywhere between a handful and billions. Standard
 * error 1.04 / sqrt(2^p): 1.6 % for p = 12. Adding is idempotent and commutative; a merge is what adding both would give.
 * Threads: pure functions over the caller's bytes, which begin as zeros. */
#ifndef KD_NUM_HLL_H
#define KD_NUM_HLL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KD_HLL_P_MIN = 4, KD_HLL_P_MAX = 18 };

/* `hash`: 64 well mixed bits of the thing. True when the sketch changed. */
bool   kd_hll_add(uint8_t *registers, unsigned p, uint64_t hash);
void   kd_hll_merge(uint8_t *into, const uint8_t *from, unsigned p);
double kd_hll_count(const uint8_t *registers, unsigned p);
#endif

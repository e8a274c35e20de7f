/* num/topk.h -- the k largest of a stream, by a bounded heap.
 * Order is total: greater score first, then the smaller id, so that equal data give equal lists for any thread count. */
#ifndef KD_NUM_TOPK_H
#define KD_NUM_TOPK_H
#include <stddef.h>
#include <stdint.h>

typedef struct kd_scored { float score; uint32_t id; } kd_scored;
typedef struct kd_topk { kd_scored *items; size_t count, k; } kd_topk; /* items: room for k, the caller's */

void kd_topk_push(kd_topk *top, float score, uint32_t id); /* NaN is never pushed */
void kd_topk_sort(kd_topk *top); /* best first; afterwards start anew before pushing */
#endif

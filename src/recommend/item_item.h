/* recommend/item_item.h -- the sparse item-item kernel: one Gram pass from interactions to the top-k neighbours of each item.
 *
 * X is users x items with weights > 0. G = X'X row by row, kept sparse, never whole.
 *   cosine       G_ij / (|x_i| |x_j| + shrink)
 *   asymmetric   G_ij / (|x_i|^(2a) |x_j|^(2(1-a)) + shrink)              Aiolli, RecSys 2013
 *   jaccard      G_ij / (|x_i|^2 + |x_j|^2 - G_ij + shrink)
 *   rp3beta      sum_u (x_ui/d_i)^alpha (x_uj/d_u)^alpha / d_j^beta      Paudel et al., TiiS 2016 (P3alpha: beta = 0)
 *   lift         N c_ij / (n_i n_j) * c_ij / (c_ij + shrink)             c, n: users who have both, one; N: users with any item
 * d are sums of weights, by item or user. Products are summed in double in ascending order of users, scores kept as float.
 * Arrays in, arrays out; the same bits for any thread count (each output row is one thread's work, summed in row order). */
#ifndef KD_RECOMMEND_ITEM_ITEM_H
#define KD_RECOMMEND_ITEM_ITEM_H
#include "num/csr.h"
#include "num/topk.h"
#include <stdbool.h>

typedef enum kd_similarity { KD_SIM_COSINE, KD_SIM_ASYMMETRIC, KD_SIM_JACCARD, KD_SIM_RP3BETA, KD_SIM_LIFT } kd_similarity;
typedef struct kd_item_item_params {
    kd_similarity similarity;
    uint32_t      k;              /* neighbours kept of each item */
    double        shrink, asymmetry, alpha, beta; /* asymmetry, 0..1; alpha, 0..4 without 0; beta, 0..4 */
    uint32_t      support_min;    /* users in common at least */
    uint32_t      row_max;        /* a user with more items counts with the row_max of greatest weight; 0: all. Bounds the
                                     quadratic cost of a till's house card or a crawler */
    bool          normalize;      /* the scores of an item's neighbours sum to 1: relations of different similarity can be added */
    unsigned      threads;        /* 0: all processors */
} kd_item_item_params;

typedef struct kd_neighbours { /* item i has counts[i] neighbours at items[i*k ..], best first */
    uint32_t   item_count, k;     /* k: as asked, at most item_count - 1, at least 1 */
    uint32_t  *counts;
    kd_scored *items;
    uint32_t  *support;           /* users in common, beside each */
} kd_neighbours;

/* KD_NUMERIC: a weight that is not finite or not above 0, or a score out of the range of float; KD_INVALID: a parameter. */
kd_status kd_item_item_train(kd_neighbours *out, const kd_csr *users_items, const kd_item_item_params *params, kd_err *err);
/* The same between two matrices of equal shape: neighbours j (by `taken`) of each item i (by `seen`), G = seen' taken, an
 * item never its own neighbour. A row is then an occasion: what was looked at before an order, and what the order took.
 * row_max holds for each matrix. RP3beta: d_i from `seen`, d_u and d_j from `taken`; lift: N counts rows where either has any. */
kd_status kd_item_item_cross(kd_neighbours *out, const kd_csr *seen, const kd_csr *taken, const kd_item_item_params *params, kd_err *err);
void      kd_neighbours_free(kd_neighbours *neighbours);
/* How much one interaction of age `age_days` counts: weight * 2^(-age / half_life); half_life 0: no decay. */
float     kd_interaction_weight(double weight, double age_days, double half_life_days);
#endif

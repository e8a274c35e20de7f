/* recommend/seeds.h -- from what a person did, or from the page they are on, to the products whose neighbours to ask. */
#ifndef KD_RECOMMEND_SEEDS_H
#define KD_RECOMMEND_SEEDS_H
#include "recommend/score.h"

/* A product's place in the model, under the name the event used: product or sku. UINT32_MAX: not in it. */
uint32_t kd_seed_item(const kd_model *model, const kd_snapshot *snapshot, kd_ref product);
/* Newest cart, orders, views, wishes, clicks, each with a weight by kind and age (never under 1/32 of it: who comes back after a year
 * is still known). What was bought is no seed as a view, wish or cart line; what came back is none at all. Terms of one
 * product by several kinds add up. Written behind the `from` there are; returns how many there are then, KD_SEEDS_MAX at most. */
size_t kd_seeds_of_profile(kd_seed seeds[KD_SEEDS_MAX], size_t from, const kd_profile *profile, const kd_cart_line *cart,
                           size_t cart_count, const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms);
/* The products given, each with weight 1. */
size_t kd_seeds_of_products(kd_seed seeds[KD_SEEDS_MAX], size_t from, const kd_ref *products, size_t count, kd_relation relation,
                            kd_term_kind kind, const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms);

/* The rules by which one interaction becomes a seed, shared with the back-test of training. Kinds of interaction rank by how
 * much they say: kd_seed_kind(0), kd_seed_kind(1), ... until KD_KIND_CUSTOM. Interactions of a kind are offered newest first,
 * all of one kind before the next; `from` is where the seeds of this kind begin. False: this kind has its share. */
kd_kind kd_seed_kind(size_t rank);
bool    kd_seed_add(kd_seed seeds[KD_SEEDS_MAX], size_t *count, size_t from, size_t rank, uint32_t item, int64_t time_ms, int64_t now_ms,
                    const kd_model *model);
#endif

/* recommend/shelf.h -- which variant of a product can be shown to this person: filter, stock, size.
 *
 * Size belief, first form: the sizes of the kept ones among the last KD_SIZE_LINES purchases, counted by department ("Outdoor" of
 * "Outdoor > Jackets"). For a product it is the believed size that the product is made in with the most evidence (then the
 * latest): M for the jacket and 42 for the shoes of one category do not disturb each other. Where the size is known and no
 * variant of it is in stock, the product is not shown: another size would only come back. */
#ifndef KD_RECOMMEND_SHELF_H
#define KD_RECOMMEND_SHELF_H
#include "recommend/recommend.h"

enum { KD_SIZES_MAX = 32, KD_SIZE_LINES = 32 };
typedef struct kd_sizes {
    struct { kd_ref department, size; uint32_t purchases; int64_t last_ms; } believed[KD_SIZES_MAX];
    uint32_t count;
} kd_sizes;

/* `profile` may be NULL: nothing is believed. Sensitive products (catalog/sensitive.h) teach only where that is allowed. */
void   kd_sizes_learn(kd_sizes *sizes, const kd_profile *profile, const kd_snapshot *snapshot, bool sensitive);
/* The value of KD_ATTR_SIZE to look for among the variants of `product`; 0: any. */
kd_ref kd_sizes_of(const kd_sizes *sizes, const kd_product *product);

/* The sizes the person told us for this product that it is made in, the best first: those told for its category or department, else
 * those told for everything. Returns how many, KD_SIZES_MAX at most. */
size_t kd_sizes_stated(kd_ref sizes[KD_SIZES_MAX], const kd_stated *stated, const kd_product *product);

typedef enum kd_shelf { KD_SHELF_SHOWN, KD_SHELF_FILTERED, KD_SHELF_OUT } kd_shelf;
/* *variant gets the first variant, in the catalogue's order, that passes the filter, is in stock and has the size; NULL when the
 * product has one only. `filter` may be NULL. */
kd_shelf kd_shelf_pick(const kd_variant **variant, const kd_catalog *catalog, const kd_product *product, const kd_filter *filter, kd_ref size);
/* The same, but only a variant that has one of these colours by itself, the first colour that is there; false when none can be shown. */
bool     kd_shelf_pick_color(const kd_variant **variant, const kd_catalog *catalog, const kd_product *product, const kd_filter *filter, kd_ref size,
                             const kd_stated_refs *colors);
#endif

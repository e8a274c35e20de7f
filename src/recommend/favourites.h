/* recommend/favourites.h -- what a person told us they like, as candidates for "for you".
 *
 * The rule, in one sentence: a product with a stated colour, brand or category stands before every product without one.
 *   score = matches * unit + what neighbours say,   unit = max(1, the greatest such sum of any product) + 0.000001
 * where `matches` counts attributes (colour, brand, category: 0 to 3), each once however many of its values match. Each match is a
 * term of its own (KD_TERM_STATED), so that reasons still add up to the score. A colour counts only when the variant that would be
 * shown has it. Candidates are the KD_FAVOURITES_MAX best-selling products of each value stated, then, as ever, neighbours.
 *
 * Which products have a value is found by one walk over the catalogue and remembered until the catalogue or the model changes.
 * Threads: a kd_favourites is shared. Memory: at most KD_FAVOURITES_LISTS lists. */
#ifndef KD_RECOMMEND_FAVOURITES_H
#define KD_RECOMMEND_FAVOURITES_H
#include "recommend/recommend.h"

enum { KD_FAVOURITES_MAX = 256, KD_FAVOURITES_LISTS = 512, KD_FAVOURITE_VALUES_MAX = 24 /* of one request; the first ones */ };

typedef struct kd_favourites kd_favourites;
kd_status kd_favourites_open(kd_favourites **out, kd_err *err);
void      kd_favourites_close(kd_favourites *favourites);
/* Refs of products that have the value themselves or in a variant, best-selling first (then the newer): owned by `arena`. `model` may be NULL. */
kd_status kd_favourites_of(const kd_ref **products, uint32_t *count, kd_favourites *favourites, const kd_snapshot *snapshot, const kd_model *model,
                           kd_product_attr value, kd_arena *arena, kd_err *err);

/* One candidate: which attributes match (bits), and by which values. */
enum { KD_LIKED_BRAND = 1, KD_LIKED_CATEGORY = 2, KD_LIKED_COLOR = 4 };
typedef struct kd_liked {
    const kd_product *product;
    int64_t           micro;    /* inferred: set by the caller before kd_liked_sort */
    uint32_t          item;     /* of the model; UINT32_MAX: none */
    uint32_t          rank;     /* among the best-selling of its value: the smallest */
    kd_ref            brand, category;
    uint8_t           bits;
} kd_liked;
/* All candidates of what was stated, each product once, in the order of the catalogue. Nothing when no value was stated. */
kd_status kd_liked_gather(kd_liked **out, size_t *count, kd_favourites *favourites, const kd_snapshot *snapshot, const kd_model *model,
                          const kd_stated *stated, kd_arena *arena, kd_err *err);
/* Greater score first, then the better-selling, then the smaller ref. */
void      kd_liked_sort(kd_liked *list, size_t count);
/* The stated colour that this variant, or the product itself, has; 0: none. */
kd_ref    kd_liked_color(const kd_stated *stated, const kd_product *product, const kd_variant *variant);
bool      kd_product_has(const kd_product *product, uint16_t attribute, kd_ref value); /* the product itself, not a variant */
#endif

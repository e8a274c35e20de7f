/* tests/recommend/shop.h -- a small shop to recommend from: store, catalogue, a model with planted neighbours, and persons. */
#ifndef KD_TEST_RECOMMEND_SHOP_H
#define KD_TEST_RECOMMEND_SHOP_H
#include "suite.h"

#include "recommend/recommend.h"

#define NOW INT64_C(1767225600000) /* 2026-01-01 */

typedef struct shop {
    char            folder[64];
    kd_store       *store;
    kd_reader      *reader;
    kd_catalog     *catalog;
    kd_recommender *recommender;
    kd_arena       *arena;       /* reset by whoever likes */
    kd_buf          model_bytes; /* of the last shop_plant_model */
    int64_t         now_ms;
} shop;

void shop_open(shop *s, uint16_t groups);
void shop_close(shop *s);
/* Products "p0".. : every fourth is its own variant, the others come in S, M and L ("p1-S"); stock 5 each. Category "Top<i%3> >
 * Sub<i%12>"; colour by i%5; every eleventh (from 3) replenishable, every thirteenth (from 5) hidden; price 10 + i % 50 EUR. */
void   shop_add_products(shop *s, uint32_t from, uint32_t to);
void   shop_put(shop *s, const char *json);
kd_ref shop_ref(uint32_t product);
kd_ref shop_variant_ref(uint32_t product, char size); /* size 0: the product itself */
void   shop_set_stock(shop *s, kd_ref variant, int64_t units);
bool   shop_is_hidden(uint32_t product);
bool   shop_is_replenishable(uint32_t product);

/* A model over p0..count-1 and `strangers` refs the catalogue does not know: `k` random neighbours each in every relation. */
const kd_model *shop_plant_model(shop *s, uint64_t seed, uint32_t count, uint32_t strangers, uint32_t k, uint64_t version);

/* One more event of this person, folded. `size` 0: no variant named; `order` may be NULL. */
void shop_act(kd_profile *profile, kd_kind kind, uint32_t product, char size, const char *order, int64_t time_ms);
#endif

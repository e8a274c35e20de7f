/* recommend/interactions.h -- who did what with which product, from the log's facts, as rows and as matrices.
 *
 * Twenty bytes a row. Users are persons (a till receipt nobody can name is one too); products are resolved through the
 * catalogue, so that a sku of the till and a product of the web are one item. What was returned is taken out again.
 * Orders that are only claimed (by write key alone) are taken for cart lines, unless the house trusts them: the "bought"
 * relation learns from proven orders alone, since anybody can send a claimed one, while a claim still shows what people
 * are after, which is what carts show. A claimed return is left out: it could unlearn somebody's purchases. With either,
 * a person counts by 500 products at most (kd_train_options).
 * Threads: none of its own; used by training only. */
#ifndef KD_RECOMMEND_INTERACTIONS_H
#define KD_RECOMMEND_INTERACTIONS_H
#include "base/map.h"
#include "recommend/item_item.h"
#include "recommend/train.h"

typedef struct kd_deed {      /* one line of one event */
    uint32_t user, item;      /* item UINT32_MAX: a whole order, brought back or cancelled */
    int32_t  minute;          /* since 1970 */
    uint32_t order;           /* hash of the order id; 0: none */
    uint16_t quantity;        /* kept, once settled */
    uint8_t  kind;            /* kd_kind */
} kd_deed;

typedef struct kd_deeds {
    kd_deed *rows;            /* once settled: ascending by user, item, minute; ORDER VIEW CLICK CART_ADD WISH_ADD only */
    size_t   count, room;
    kd_ref  *items;           /* item -> product, ascending once settled */
    uint32_t item_count, item_room, user_count;
    int32_t  newest_minute;   /* of all rows, not later than now */
    uint64_t events, order_lines, view_lines, returned_lines, claimed_order_lines; /* the last are among the view lines */
    size_t   bytes_max;
} kd_deeds;

/* One pass over the whole log; `only`: of these persons (kd_train_options), NULL: of all. KD_LIMIT when the rows alone would pass `bytes_max`. */
kd_status kd_deeds_scan(kd_deeds *out, kd_store *store, int64_t now_ms, const kd_map *only, bool trust_claims, size_t bytes_max, kd_train_progress progress, void *self, kd_err *err);
/* Take returns out, number the items ascending, sort. */
kd_status kd_deeds_settle(kd_deeds *deeds, kd_err *err);
/* The rows before `minute`, with the same users and items. */
kd_status kd_deeds_before(kd_deeds *out, const kd_deeds *deeds, int32_t minute, kd_err *err);
void      kd_deeds_free(kd_deeds *deeds);

typedef enum kd_side { KD_SIDE_ORDERS, KD_SIDE_VIEWS } kd_side; /* views: viewed, clicked, put into cart or wish list */
/* users x items: log2(1 + sum of decayed weights) of each pair; the tenth look at a thing says less than the first. */
kd_status kd_deeds_matrix(kd_csr *out, const kd_deeds *deeds, kd_side side, double half_life_days, kd_err *err);
/* Occasions (one order of one user) x items: what was viewed in the week before it, and what it took. Sorts a copy. */
kd_status kd_deeds_occasions(kd_csr *viewed, kd_csr *taken, const kd_deeds *deeds, double half_life_days, kd_err *err);
/* Per item: decayed users (orders whole, views a tenth); and the demand of the last `trend_days` against four windows before. */
kd_status kd_deeds_popularity(float *popularity, const kd_deeds *deeds, const kd_csr *orders, const kd_csr *views, kd_err *err);
kd_status kd_deeds_trend(float *trend, const kd_deeds *deeds, double trend_days, kd_err *err);
#endif

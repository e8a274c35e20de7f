/* customer/opinion.h -- opinions about a person: pure functions of facts, product attributes and the clock.
 *
 * The caller gives the attributes of products as arrays (so that customer/ need not know the catalogue) through one
 * callback that borrows. Everything here is computed at read time in microseconds and stored nowhere.
 *
 * Orders that are only claimed are asked about in two ways. What a person is taken to have done (owned, worn, liked) counts them
 * where they are believed: kd_profile_believes. Money and counts (orders, returns, how long ago) count them only where the house
 * trusts what browsers report (profile->trusts_claims): a visitor may well hide a product from himself, but not buy a status. */
#ifndef KD_CUSTOMER_OPINION_H
#define KD_CUSTOMER_OPINION_H
#include "customer/profile.h"

typedef struct kd_attr { uint16_t attribute; kd_ref value; } kd_attr; /* attribute: the catalogue's number for category, brand, colour, size, ... */
typedef struct kd_attr_source {
    /* Attributes of a product (and of the variant, when not 0): borrowed, valid while the caller's snapshot is held. 0 when unknown. */
    size_t (*attributes)(void *self, kd_ref product, kd_ref variant, const kd_attr **out);
    void *self;
} kd_attr_source;

typedef struct kd_affinity {
    uint16_t attribute;
    kd_ref   value;
    double   weight;         /* share of this value among the decayed evidence of its attribute, shrunk; 0..1, negative after returns */
    double   strength;       /* the decayed evidence itself */
    uint32_t evidence_count;
    kd_id    evidence;       /* the message that weighs most, of those that speak as the sum does */
    uint8_t  evidence_kind;
} kd_affinity;

typedef struct kd_taste_weights { /* evidence of one interaction of each kind, and after how many days it counts half */
    double view, click, cart, wish, order, returned, content;
    double half_life_days;   /* of views, clicks, carts; orders and returns decay at a quarter of the speed */
    double shrinkage;        /* evidence of "nothing in particular" */
} kd_taste_weights;
kd_taste_weights kd_taste_weights_default(void);

/* Ranked: ascending attribute, descending weight; at most `per_attribute` of each. Owned by `arena`. Evidence of one
 * interaction at age a counts strength(kind) * 2^(-a / half_life); returns count negatively, a return by order id against
 * the lines of that order; quantity does not count; equal for any order of facts. `source` is asked for content by the ref
 * of its id, as it is for a product. A claimed order that is not believed counts as a cart line: somebody got as far as to say so;
 * a claimed return then counts nothing. The formula in full: opinion.c. */
kd_status kd_opinion_affinities(kd_affinity **out, size_t *count, const kd_profile *profile, const kd_attr_source *source,
                                const kd_taste_weights *weights, size_t per_attribute, int64_t now_ms, kd_arena *arena, kd_err *err);

typedef struct kd_cart_line { kd_ref product, variant; int32_t quantity; int64_t price_micro; kd_currency currency; int64_t added_ms; } kd_cart_line;
/* Added less removed since the last order (claimed ones too); older than `keep_ms` is forgotten. A removal without variant
 * takes from any variant. Price and time are those of the last addition. Newest first. */
kd_status kd_opinion_cart(kd_cart_line **out, size_t *count, const kd_profile *profile, int64_t keep_ms, int64_t now_ms,
                          kd_arena *arena, kd_err *err);

/* The lists of a kind that count as this person's own: the proven one, then, of orders and returns that are believed, the claimed one.
 * Returns how many there are. */
size_t kd_opinion_recents(const kd_recent *out[2], const kd_profile *profile, kd_kind kind);

/* What the person spent, ascending by currency, points left out: proven, and claimed where the house trusts claims. Owned by `arena`. */
kd_status kd_opinion_spent(kd_spent **out, size_t *count, const kd_profile *profile, kd_arena *arena, kd_err *err);

typedef struct kd_points { bool any; int64_t credited_micro, taken_micro; } kd_points; /* balance: their difference; proven events only */
kd_points kd_opinion_points(const kd_profile *profile);

typedef struct kd_recency { int64_t last_seen_ms, last_order_ms; double days_since_seen, days_since_order; uint64_t orders, returns; } kd_recency;
/* Days are NaN-free: -1 when never (the time is then 0). Mail we sent and changes the shop made to an order are not "seen";
 * cancelled orders count as returns. Claims are seen; they
 * order nothing. */
kd_recency kd_opinion_recency(const kd_profile *profile, int64_t now_ms);
/* Distinct products of a kind, newest first; *count in: room, out: found. */
void kd_opinion_last_products(kd_ref *out, size_t *count, const kd_profile *profile, kd_kind kind);
/* True when a kept (not wholly returned) purchase of the product is known or believed; a return by order id counts against the lines of
 * that order among the recent ones. */
bool kd_opinion_owns(const kd_profile *profile, kd_ref product);
#endif

/* customer/profile.h -- what is known of one person, as facts.
 *
 * A profile is a commutative monoid over sets of stored events: fold(A + B) = merge(fold A, fold B) for disjoint A and B,
 * in any order and split, to the byte of its encoding. Each part keeps that law under its cap:
 *   counters          sums, minima, maxima
 *   days              per kind, the newest `days_max` days by date: a day that fell out can never come back
 *   bought            per product, counts; over its cap the products with the smallest hashes stay (KMV): whether a product
 *                     stays depends on the set of products alone, so its counts are complete or absent
 *   spent             per currency, two sums that only grow (a saturating sum of both signs would know its order); over
 *                     KD_PROFILE_CURRENCIES_MAX the smallest codes stay
 *   recent            per kind, the newest N lines by (time, message id, line)
 *   traits            the greatest of (proven, time, message id) wins; over the cap the smallest names stay, and a trait whose
 *                     name and value are longer than `trait_bytes` is not kept at all
 *   stated            preferences, as traits; only what is proven
 *   consents          per purpose, of what counts from anybody the newest, of equal times the refusal; and apart from it the newest
 *                     grant that is only claimed (customer/consent.h says when it counts). Two a purpose at most
 *   idents            first and last time, proven once is proven; over the cap the strongest types, then smallest values stay
 * Every list is a sorted set, and an event is a profile of its own: a fold IS a merge, so there is one law to get right.
 *
 * Orders and returns that are only claimed (DESIGN: a write key is public) never meet the proven ones: they have lists of their
 * own with caps of their own, so that nobody who holds the write key can put a purchase into somebody's profile, take one
 * out, or push one over a cap. Whether they count all the same is asked when the profile is read (customer/opinion.h).
 * Opinions (affinities, cart, sizes) are computed from it at read time: opinion.h.
 * Threads: none of its own; customer/people.h locks. Memory: one malloc family, freed by kd_profile_free. */
#ifndef KD_CUSTOMER_PROFILE_H
#define KD_CUSTOMER_PROFILE_H
#include "customer/fact.h"

enum { KD_PROFILE_CURRENCIES_MAX = 16 };

typedef struct kd_interaction {
    int64_t  time_ms;     /* kept between KD_TIME_MIN and KD_TIME_MAX */
    kd_id    id;          /* message */
    uint16_t line;        /* which line of it */
    bool     claimed;
    uint8_t  channel;
    int32_t  quantity;    /* 0 without a product */
    kd_ref   product, variant;  /* 0: a whole order (return by order id), or content */
    kd_ref   topic;       /* order id of orders and returns, content id of content; else 0 */
    int64_t  price_micro; /* of one unit, or the total of an event without lines; KD_PRICE_NONE when unknown */
    kd_currency currency;
} kd_interaction;

typedef struct kd_recent { /* newest first; never empty */
    uint8_t         kind; /* a cancelled order is kept among the returns */
    bool            claimed; /* orders and returns by write key alone; false for all other kinds, whose items say it one by one */
    uint32_t        count;
    kd_interaction *items;
} kd_recent;

typedef struct kd_counter { /* one per kind that ever occurred, ascending by kind */
    uint8_t  kind;
    uint64_t count;       /* events */
    uint64_t claimed;     /* of them */
    int64_t  first_ms, last_ms;
    int64_t  proven_first_ms, proven_last_ms; /* of those that are not claimed; 0 when all are */
} kd_counter;
typedef struct kd_day_count { uint8_t kind; int32_t day; uint32_t count, claimed; /* of them */ } kd_day_count;  /* ascending by kind, then day */
/* Ascending by product. A return may be known without its order: then orders and both times are 0. */
typedef struct kd_bought { kd_ref product; uint32_t orders, units, returned; int64_t first_ms, last_ms; } kd_bought;
/* Ascending by code; saturating. From lines with a price (quantity * price), or the total of an order or return without
 * lines. A negative price is money the other way: a discount line of an order adds to
 * returned_micro, so that bought - returned is what the shop kept. */
typedef struct kd_spent { kd_currency currency; int64_t bought_micro, returned_micro; } kd_spent;
typedef struct kd_register { kd_str name, value; int64_t time_ms; kd_id id; bool claimed; } kd_register; /* ascending by name; value JSON */
typedef struct kd_seen_ident { uint8_t type; kd_str value; int64_t first_ms, last_ms; bool proven; } kd_seen_ident; /* ascending by type, value */

typedef struct kd_profile {
    kd_counter    *counters;  uint32_t counter_count;
    kd_day_count  *days;      uint32_t day_count;
    kd_bought     *bought;    uint32_t bought_count;
    kd_spent      *spent;     uint32_t spent_count;
    kd_bought     *claimed_bought; uint32_t claimed_bought_count; /* the same of what is only claimed */
    kd_spent      *claimed_spent;  uint32_t claimed_spent_count;
    kd_recent     *recent;    uint32_t recent_count;   /* ascending by kind, proven before claimed */
    kd_register   *traits;    uint32_t trait_count;
    kd_register   *stated;    uint32_t stated_count;
    kd_register   *consents;  uint32_t consent_count;  /* names are purposes, values {"granted":true,"source":..,"policy":..,"proof":..}; what counts before a claimed grant */
    kd_seen_ident *idents;    uint32_t ident_count;
    kd_purposes    granted, refused; /* what `consents` come to; follows from the lists. Not encoded */
    size_t         bytes;     /* memory held, for the cap of the house */
    bool           trusts_claims; /* no fact: how the house reads this profile (customer/people.h). Not encoded, not merged. */
} kd_profile;

typedef struct kd_profile_caps { uint32_t recent, days, bought, traits, idents, trait_bytes, stated; } kd_profile_caps;
kd_profile_caps kd_profile_caps_default(void); /* 64, 400, 4096, 64, 32, 1024, 256 */

void      kd_profile_free(kd_profile *profile); /* its parts; leaves it empty, so a kd_profile may live anywhere */
/* Fold one stored event. Only KD_LIMIT (memory) can happen; the profile is then unchanged. Proven traits are not
 * overwritten by claimed ones. Kinds that keep recent lines: VIEW CLICK CART_ADD CART_REMOVE ORDER RETURN WISH_ADD WISH_REMOVE
 * CONTENT, and ORDER_CANCELLED, which counts as a return. Of these, an order, a return or a content without lines keeps one
 * interaction without product, which its topic names. Cost: well under a microsecond. */
kd_status kd_profile_fold(kd_profile *profile, const kd_fact *fact, const kd_profile_caps *caps, kd_err *err);
/* Likewise: on KD_LIMIT `into` is unchanged. */
kd_status kd_profile_merge(kd_profile *into, const kd_profile *from, const kd_profile_caps *caps, kd_err *err);
/* Loyalty points are a currency of the shop's own: credited (earned, adjusted upwards) and taken (redeemed, expired, adjusted
 * downwards) are the two sums of `spent` under this code, which is no code of money; the balance is their difference. */
#define KD_CURRENCY_POINTS ((kd_currency){ "PTS" })
bool      kd_currency_is_points(kd_currency currency);
/* What an event of the points ledger comes to; false when it says no number. */
bool      kd_fact_points(kd_spent *out, const kd_fact *fact);
/* What an order, return or cancellation comes to, as profiles count it; false when it comes to nothing. */
bool      kd_fact_spent(kd_spent *out, const kd_fact *fact);
/* Canonical: equal profiles give equal bytes. Versioned. */
void      kd_profile_encode(kd_buf *out, const kd_profile *profile);
/* KD_CORRUPT, or KD_CONFLICT: an earlier version, which kept less; the log must be folded again. `out` empty then. */
kd_status kd_profile_decode(kd_profile *out, kd_str bytes, kd_err *err);

const kd_recent   *kd_profile_recent(const kd_profile *profile, kd_kind kind);  /* NULL when none; of orders and returns the proven */
const kd_recent   *kd_profile_claimed(const kd_profile *profile, kd_kind kind); /* orders and returns that are only claimed; NULL */
const kd_counter  *kd_profile_counter(const kd_profile *profile, kd_kind kind);
/* What is proven of the product; where nothing is and claims are believed, what is claimed. */
const kd_bought   *kd_profile_bought(const kd_profile *profile, kd_ref product);
const kd_bought   *kd_profile_proven_bought(const kd_profile *profile, kd_ref product);
const kd_bought   *kd_profile_claimed_bought(const kd_profile *profile, kd_ref product);
/* Do claimed purchases count here as this person's own? Where the house trusts what browsers report, and where a browser speaks
 * of nobody but itself: the profile has seen no stronger key than anonymous ids, which nobody else knows. */
bool               kd_profile_believes(const kd_profile *profile);
const kd_register *kd_profile_trait(const kd_profile *profile, const char *name);
const kd_register *kd_profile_stated(const kd_profile *profile, const char *name); /* a value of null: taken back */
#endif

/* customer/fact.h -- what one event says about a person: typed, compact, nothing identifying.
 *
 * The stored form (kd_fact_encode) stands beside the sealed body in the log, so that folding, training and counting never
 * open a body. Traits and identities are identifying: they go into it as `who`, encoded (kd_who_encode) and then sealed with
 * the person's key, a few bytes that only a fold opens (KD_EVENT_TRAITS). The encoding is versioned; golden files keep every
 * version readable. */
#ifndef KD_CUSTOMER_FACT_H
#define KD_CUSTOMER_FACT_H
#include "base/id.h"
#include "base/money.h"
#include "customer/identity.h"
#include "customer/purpose.h"

typedef enum kd_kind { /* stored in the log: numbers never change */
    KD_KIND_CUSTOM = 0, KD_KIND_IDENTIFY = 1, KD_KIND_PAGE = 2, KD_KIND_SCREEN = 3, KD_KIND_GROUP = 4, KD_KIND_ALIAS = 5,
    KD_KIND_VIEW = 10,       /* product viewed */
    KD_KIND_CLICK = 11,      /* product clicked in a list */
    KD_KIND_LIST = 12,       /* list viewed or filtered */
    KD_KIND_SEARCH = 13,
    KD_KIND_CART_ADD = 14, KD_KIND_CART_REMOVE = 15, KD_KIND_CART_VIEW = 16,
    KD_KIND_CHECKOUT = 17,   /* started, any step, payment entered */
    KD_KIND_ORDER = 20, KD_KIND_ORDER_UPDATED = 21, KD_KIND_ORDER_CANCELLED = 22,
    KD_KIND_RETURN = 23,     /* refund, or goods brought back; lines, or a whole order by its id */
    KD_KIND_WISH_ADD = 24, KD_KIND_WISH_REMOVE = 25,
    KD_KIND_PROMO_VIEW = 26, KD_KIND_PROMO_CLICK = 27, KD_KIND_COUPON = 28, KD_KIND_SHARE = 29, KD_KIND_REVIEW = 30,
    KD_KIND_CONTENT = 31,    /* an article, guide or video read */
    KD_KIND_EMAIL = 32,      /* marked as spam; what was stored before 33 to 38 were told apart by their name */
    KD_KIND_SENT = 33, KD_KIND_DELIVERED = 34, KD_KIND_OPENED = 35, KD_KIND_CLICKED = 36, /* of a message by any channel: the */
    KD_KIND_BOUNCED = 37, KD_KIND_UNSUBSCRIBED = 38, /* topic is its campaign, the channel says by which, the total what it cost */
    KD_KIND_REDEEMED = 39,   /* a coupon was; topic: the coupon, order_id: the order */
    KD_KIND_CONSENT = 40,    /* nothing but what `consent` of the fact says */
    KD_KIND_PREFERENCE = 41, /* stated preferences, as traits */
    KD_KIND_POINTS_EARNED = 42, KD_KIND_POINTS_REDEEMED = 43, KD_KIND_POINTS_EXPIRED = 44, KD_KIND_POINTS_ADJUSTED = 45, /* total: points */
    KD_KIND_SERVICE = 46,    /* the person wrote to us, or we answered: a mail, a chat, a call's note */
    KD_KIND_DECISION = 100,  /* a receipt: what Kunde answered */
    KD_KIND_COUNT = 128
} kd_kind;
static inline bool kd_kind_is_message(unsigned kind) { return kind >= KD_KIND_SENT && kind <= KD_KIND_UNSUBSCRIBED; }
static inline bool kd_kind_is_points(unsigned kind) { return kind >= KD_KIND_POINTS_EARNED && kind <= KD_KIND_POINTS_ADJUSTED; }
const char *kd_kind_name(kd_kind kind); /* "view", "order", ...; never NULL */

typedef enum kd_channel { KD_CHANNEL_UNKNOWN, KD_CHANNEL_WEB, KD_CHANNEL_APP, KD_CHANNEL_STORE, KD_CHANNEL_EMAIL, KD_CHANNEL_SERVER, KD_CHANNEL_FILE,
    KD_CHANNEL_POST, KD_CHANNEL_PUSH, KD_CHANNEL_SMS, KD_CHANNEL_COUNT } kd_channel; /* stored: numbers never change */

typedef struct kd_fact_line {
    kd_str  product, variant;   /* the shop's own ids; variant may be empty */
    int32_t quantity;           /* > 0; a return says so by its kind */
    int64_t price_micro;        /* of one unit; KD_PRICE_NONE when the sender gave none */
} kd_fact_line;
#define KD_PRICE_NONE INT64_MIN
enum { KD_FACT_LINES_MAX = 2000, KD_FACT_TRAITS_MAX = 64 };

typedef struct kd_trait { kd_str name, value; /* value: JSON text */ } kd_trait;
typedef struct kd_ident {
    kd_key_type type;
    kd_str      value;  /* as sent, trimmed */
    bool        proven; /* false where the event is claimed: but a user token proves its user id and browser, not what stands beside them */
} kd_ident;

typedef struct kd_fact {
    kd_kind      kind;
    kd_channel   channel;
    bool         claimed;
    kd_id        id;            /* of the message: breaks ties of time */
    int64_t      time_ms;
    kd_str       name;          /* of the event as sent: "Product Viewed" */
    kd_str       topic;         /* what it is about besides products: content id, list or category id, coupon, search text is NOT kept here */
    kd_str       order_id;
    kd_str       place;         /* store of a till receipt */
    kd_str       source;        /* who sent it: the source of the key it came by, or the name of an import; empty when older than that was kept */
    kd_currency  currency;
    int64_t      total_micro;   /* of the order or refund as sent; KD_PRICE_NONE when not */
    const kd_fact_line *lines;
    size_t       line_count;
    kd_str       who;           /* traits and idents as stored: sealed; empty when there are none, or not sealed yet */
    const kd_trait *traits;     /* identify, and preference: what was stated; encoded in `who` only */
    size_t       trait_count;
    const kd_ident *idents;     /* all keys of the event; likewise */
    size_t       ident_count;
    kd_consent   consent;       /* what it says about purposes, whatever its kind; likewise */
} kd_fact;

/* Everything but id, time, kind, claimed (columns of the log) and traits, idents, consent (which `who` holds). */
void      kd_fact_encode(kd_buf *out, const kd_fact *fact);
/* Texts borrow from `bytes`; lines are owned by `arena`. Sets every field: what is not encoded is zero, for the caller to
 * fill. KD_CORRUPT when it is not what kd_fact_encode wrote. */
kd_status kd_fact_decode(kd_fact *out, kd_str bytes, kd_arena *arena, kd_err *err);
/* Traits, idents and consent, in the clear: to be sealed. Decoding reads `claimed` and sets these fields only; texts borrow from `bytes`. KD_CORRUPT. */
void      kd_who_encode(kd_buf *out, const kd_fact *fact);
kd_status kd_who_decode(kd_fact *fact, kd_str bytes, kd_arena *arena, kd_err *err);
#endif

/* customer/stated.h -- what a person told us in so many words: the registers of `stated`, by their meaning.
 *
 * A preference is a register of the profile (name, JSON value, when): the last word counts, `null` takes it back. Names:
 *   size, size.<department or category>      an array of sizes, the best first: decides which variant is shown
 *   color, brand, category                   arrays of values, as the catalogue spells them
 *   topic.<name>, channel.<email|post|push>  true or false
 *   frequency                                "often", "normal", "seldom"
 *   surprise                                 0 to 1: how much of a list may be something else (recommend/favourites.h)
 *   paused                                   true: be a stranger to the recommender
 *   language, theme, layout, startPage       how the shop is to look; handed back with every decision
 *   gift/<order>/<product>                   true: bought for somebody else, so it says nothing about taste
 *   notForMe/<product>, notForMe/category/<category>   true: never show it
 * Order, product and category are percent-encoded where they hold '/' or '%' (kd_stated_name_make), so that a name has one reading.
 *
 * Only what is proven is kept (customer/profile.h): what a public write key says of somebody changes nothing about them.
 * Pure; threads: any. */
#ifndef KD_CUSTOMER_STATED_H
#define KD_CUSTOMER_STATED_H
#include "base/json.h"
#include "customer/profile.h"

enum {
    KD_STATED_MAX = 256,         /* registers of one profile; more names than that are refused when they are written */
    KD_STATED_NAME_MAX = 400,    /* bytes, encoded */
    KD_STATED_VALUE_MAX = 600,   /* bytes of JSON: with the name within what a register may hold */
    KD_STATED_VALUES_MAX = 20,   /* of one array */
    KD_STATED_TEXT_MAX = 80      /* bytes of one value */
};

typedef enum kd_stated_kind {
    KD_STATED_NONE, KD_STATED_SIZE, KD_STATED_COLOR, KD_STATED_BRAND, KD_STATED_CATEGORY, KD_STATED_TOPIC, KD_STATED_CHANNEL,
    KD_STATED_FREQUENCY, KD_STATED_SURPRISE, KD_STATED_PAUSED, KD_STATED_LANGUAGE, KD_STATED_THEME, KD_STATED_LAYOUT, KD_STATED_START_PAGE,
    KD_STATED_GIFT, KD_STATED_NOT_PRODUCT, KD_STATED_NOT_CATEGORY
} kd_stated_kind;

typedef struct kd_stated_name { /* a name taken apart; what was not encoded borrows from it, the rest is owned by the arena */
    kd_stated_kind kind;
    kd_str         about;       /* department or category of a size; topic; channel; product; category. Empty: of everything */
    kd_str         order;       /* of a gift */
} kd_stated_name;

/* KD_INVALID with err->field = the name: no such preference, or a part is empty, too long or no text. */
kd_status kd_stated_name_parse(kd_stated_name *out, kd_str name, kd_arena *arena, kd_err *err);
/* The other way round; `order` for gifts only. */
void      kd_stated_name_make(kd_buf *out, kd_stated_kind kind, kd_str order, kd_str about);
/* May this be written? The value as it is to be stored is appended to `out` (texts trimmed, an array without what it says twice);
 * `null` passes for every name. KD_INVALID with err->field = "/<name>" and the reason. */
kd_status kd_stated_check(kd_buf *out, kd_str name, const kd_json *value, kd_arena *arena, kd_err *err);

typedef struct kd_stated_refs { const kd_ref *refs; const kd_str *texts; uint32_t count; } kd_stated_refs;
typedef struct kd_stated_size { kd_ref of; kd_ref size; } kd_stated_size; /* of: ref of the department or category; 0: any */
typedef struct kd_stated_gift { kd_ref order, product; } kd_stated_gift;

typedef struct kd_stated { /* owned by the arena it was read into */
    kd_stated_size *sizes;   uint32_t size_count;    /* in the order said, the special before the general */
    kd_stated_refs  colors, brands, categories;
    kd_stated_gift *gifts;   uint32_t gift_count;
    kd_ref         *not_products;   uint32_t not_product_count;
    kd_ref         *not_categories; uint32_t not_category_count;
    double          surprise;                        /* 0: not said */
    bool            paused;
    kd_str          language, theme, layout, start_page; /* empty: not said */
} kd_stated;

/* What the profile keeps. A register that does not read is passed over. Texts are copied into the arena. Only KD_LIMIT (memory). A
 * profile without any costs a comparison. */
kd_status kd_stated_read(kd_stated *out, const kd_profile *profile, kd_arena *arena, kd_err *err);
bool      kd_stated_is_paused(const kd_profile *profile); /* a search by name; NULL: no */
/* The profile as taste may read it: what was bought as a gift is not among its recent orders; whether it was bought is still known.
 * A shallow view that borrows from `full` and `arena`; without gifts a copy of the struct. */
kd_status kd_stated_view(kd_profile *view, const kd_profile *full, const kd_stated *stated, kd_arena *arena, kd_err *err);
bool      kd_stated_is_gift(const kd_stated *stated, kd_ref order, kd_ref product); /* NULL: no */
/* {"theme","layout","startPage","language"}, only what was said; nothing at all when none was: true when something was written.
 * `key` may be NULL. */
bool      kd_stated_write_appearance(kd_jw *w, const char *key, const kd_stated *stated);
#endif

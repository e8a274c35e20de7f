/* recommend/recommend.h -- the list for this person, now.
 *
 * Recipes over the live model, the profile's own facts, and what every event teaches at once (trending). Never a product
 * already bought (unless replenishable), never one that is out of stock, hidden or unknown; each item carries the terms of
 * its score, which sum to it. Allocation only in the request's arena; tens of microseconds (bench_recommend).
 * Threads: a kd_recommender is shared; observe from the writer, recommend from any. */
#ifndef KD_RECOMMEND_RECOMMEND_H
#define KD_RECOMMEND_RECOMMEND_H
#include "base/clock.h"
#include "catalog/catalog.h"
#include "customer/opinion.h"
#include "customer/stated.h"
#include "event/ingest.h"
#include "recommend/model.h"

typedef enum kd_recipe {
    KD_RECIPE_FOR_YOU,          /* neighbours of what this person bought, carted, wished, viewed; fallback trending, popular */
    KD_RECIPE_ALSO_BOUGHT,      /* neighbours of context products by orders */
    KD_RECIPE_ALSO_VIEWED,
    KD_RECIPE_VIEWED_THEN_BOUGHT,
    KD_RECIPE_CART,             /* completes the cart: neighbours by orders of what is in it */
    KD_RECIPE_POPULAR, KD_RECIPE_TRENDING,
    KD_RECIPE_RECENTLY_VIEWED,
    KD_RECIPE_COUNT
} kd_recipe;
const char *kd_recipe_name(kd_recipe recipe);           /* "for-you", "also-bought", ... */
kd_status   kd_recipe_parse(kd_recipe *out, kd_str name, kd_err *err);

typedef struct kd_filter { /* all given conditions hold */
    const kd_product_attr *any_of;   size_t any_of_count;    /* product has at least one of each attribute named */
    const kd_product_attr *none_of;  size_t none_of_count;
    int64_t price_min_micro, price_max_micro;                /* 0: open */
    bool    include_bought, include_out_of_stock;
} kd_filter;

typedef enum kd_term_kind { KD_TERM_BOUGHT, KD_TERM_VIEWED, KD_TERM_CART, KD_TERM_WISHED, KD_TERM_CONTEXT, KD_TERM_AFFINITY, KD_TERM_TREND, KD_TERM_POPULAR, KD_TERM_RECENT,
    KD_TERM_STATED, KD_TERM_SURPRISE } kd_term_kind;
const char *kd_term_kind_name(kd_term_kind kind);
typedef struct kd_term { kd_term_kind kind; kd_ref about; double weight; int64_t time_ms; uint32_t support; } kd_term; /* "because you bought `about`"; about 0: nothing in particular, or several. RECENT: `about` itself was
                                      looked at lately, or, with about 0, it is new in the shop. STATED: `about` is the value of an attribute that the person said
                                      they like. SURPRISE: asked to be shown something else */
enum { KD_TERMS_MAX = 8 };

/* Which layer of the chain filled a slot. A layer follows only when those before it left slots open. */
typedef enum kd_layer {
    KD_LAYER_RECIPE,            /* the recipe itself */
    KD_LAYER_TRENDING_CATEGORY, /* trending, in a category of the context products */
    KD_LAYER_TRENDING,
    KD_LAYER_POPULAR,
    KD_LAYER_NEWEST             /* a fresh catalogue without any event still answers */
} kd_layer;

typedef struct kd_recommended {
    const kd_product *product;      /* borrowed from the snapshot */
    const kd_variant *variant;      /* in stock, in the person's size where that is known; NULL: product has one only or none known */
    double            score;        /* fixed point: rounded to 1e-6 before ranking, so that replays rank alike */
    kd_term           terms[KD_TERMS_MAX]; /* greatest first; the remainder is summed in the last one as kind of the largest left out */
    uint8_t           term_count;
    uint8_t           layer;        /* kd_layer */
} kd_recommended;

/* Why a product that was thought of is not there. */
typedef enum kd_removal { KD_REMOVED_BOUGHT, KD_REMOVED_STOCK, KD_REMOVED_SIZE, KD_REMOVED_FILTER, KD_REMOVED_ASKED, KD_REMOVED_CART, KD_REMOVED_HIDDEN,
    KD_REMOVED_SENSITIVE, KD_REMOVED_NOT_FOR_ME } kd_removal;
const char *kd_removal_name(kd_removal why); /* "bought", "stock", ... */
typedef struct kd_removed { const kd_product *product; kd_removal why; } kd_removed;

typedef struct kd_recommend_request {
    kd_recipe         recipe;
    const kd_profile *profile;      /* NULL: a stranger. What was bought as a gift is taken out of its recent orders (kd_stated_view) */
    const kd_profile *gates;        /* where `profile` is NULL: what keeps out what was bought and picks the size, and says nothing else. NULL: nobody */
    const kd_stated  *stated;       /* what the person told us; NULL: nothing, which costs nothing */
    const kd_ref     *products;     /* context: the product page, the cart */
    size_t            product_count;
    const kd_filter  *filter;       /* NULL: none */
    size_t            count;        /* 1..KD_RECOMMEND_MAX */
    int64_t           now_ms;
    size_t            removed_max;  /* name so many of those left out; 0: only count them */
    bool              sensitive;    /* the person consented to the purpose "sensitive"; a stranger never did */
} kd_recommend_request;
enum { KD_RECOMMEND_MAX = 500, KD_CONTEXT_MAX = 500 };
typedef struct kd_recommend_result {
    kd_recommended *items;
    size_t          count;
    uint64_t        model_version;  /* 0: no model yet */
    uint32_t        candidates, removed_bought, removed_stock, removed_filter; /* why others are not there */
    kd_removed     *removed;        /* what was given first, then the best candidates */
    size_t          removed_count;
} kd_recommend_result;

typedef struct kd_recommender kd_recommender;
kd_status kd_recommender_open(kd_recommender **out, kd_catalog *catalog, kd_err *err);
void      kd_recommender_close(kd_recommender *recommender);
/* Swap the model in (retains it); requests under way finish on the old one. NULL takes it out. */
void      kd_recommender_set_model(kd_recommender *recommender, const kd_model *model);
const kd_model *kd_recommender_model(kd_recommender *recommender); /* retained for the caller; NULL */
/* A kd_observer: trending and popularity learn from every event at once; half-life one day and, for the longer view, a week. */
void      kd_recommender_observe(void *recommender, const kd_stored *events, size_t count);
/* Somebody was erased: the live lists give back what this event of theirs taught them (recommend/trending.h). */
void      kd_recommender_unlearn(kd_recommender *recommender, kd_id person, const kd_fact *fact, bool trusted);

/* Without request->sensitive no product that touches a sensitive concept (catalog/sensitive.h) is a seed, is in an answer, or teaches a
 * size: whatever the recipe, and whoever asks. A catalogue without such products pays one comparison a request.
 * `snapshot` held by the caller as long as the result is used. KD_INVALID: a recipe that needs context got none, or a count
 * or number of context products out of range. Equal inputs give equal answers: nothing is drawn.
 * Slots the recipe leaves open go to trending (in the context's category first), popular, then new products; at most 20,000
 * candidates of a layer are looked at. Only "recently-viewed" is not filled up: what was never viewed has no place there.
 * What a person stated outranks everything inferred: recommend/favourites.h. Products and categories that are "not for me" are left
 * out by every recipe and whatever the filter says, and counted with the filter's.
 * Left out always: hidden products, stubs that are in no model, what is in the cart or the context; unless the filter
 * includes them: what was ever bought, even if returned (unless replenishable), and what is out of stock. Where the person's
 * size is known (recommend/shelf.h) and no variant of it is in stock, the product counts as out of stock. */
kd_status kd_recommend(kd_recommend_result *out, kd_recommender *recommender, const kd_snapshot *snapshot, const kd_recommend_request *request,
                       kd_arena *arena, kd_err *err);
#endif

/* recommend/slate.h -- one request under way: what recommend.c fills, layer by layer, and told.c with what the person told us.
 * Private to recommend/. Threads: a slate belongs to the thread of its request. */
#ifndef KD_RECOMMEND_SLATE_H
#define KD_RECOMMEND_SLATE_H
#include <pthread.h>
#include "recommend/favourites.h"
#include "recommend/score.h"
#include "recommend/seeds.h"
#include "recommend/shelf.h"
#include "recommend/trending.h"

/* Working memory of one request, kept for the next: as many as ever ran at once. */
typedef struct kd_scratch {
    struct kd_scratch *next;
    kd_scorer       scorer;
    uint32_t       *marks;       /* by product row: turn + "bought", turn + "seen", or of an earlier turn */
    uint32_t        mark_room, turn;
} kd_scratch;

struct kd_recommender {
    kd_catalog     *catalog;
    kd_trending    *trending;
    kd_favourites  *favourites;
    pthread_mutex_t lock;        /* guards `idle` */
    kd_scratch     *idle;
};

enum { KD_SLATE_CATEGORIES_MAX = 16 };
typedef struct kd_slate {
    const kd_recommender       *recommender;
    const kd_recommend_request *request;
    const kd_snapshot          *snapshot;
    const kd_demand            *demand;
    const kd_model             *model;      /* NULL: none */
    kd_recommend_result        *result;
    kd_arena                   *arena;
    kd_scratch                 *scratch;
    kd_cart_line               *cart;
    size_t                      cart_count;
    kd_str                      categories[KD_SLATE_CATEGORIES_MAX]; /* of the context products */
    size_t                      category_count;
    kd_sizes                    sizes;
    bool                        sizes_known;
    const kd_ref               *familiar;   /* categories the person has looked at; only where a surprise was asked for */
    size_t                      familiar_count;
    size_t                      room;       /* slots that may be filled now: all, but for those kept for a surprise */
} kd_slate;

/* recommend.c */
static inline bool kd_slate_is_full(const kd_slate *s) { return s->result->count >= s->room; }
/* True once for each product of a request; *bought: it was marked so. */
bool     kd_slate_first_look(kd_slate *s, const kd_product *product, bool *bought);
void     kd_slate_note_removed(kd_slate *s, const kd_product *product, kd_removal why);
/* The variant to show: in the first size that is there, and within it in a colour they told us they like. *sized: a size is known. */
kd_shelf kd_slate_choose(const kd_variant **variant, bool *sized, kd_slate *s, const kd_product *product);
/* The next slot for `product`, or NULL when it may not be shown; the caller fills in score and terms. */
kd_recommended *kd_slate_offer(kd_slate *s, const kd_product *product, kd_layer layer);
void     kd_slate_fill_terms(kd_recommended *slot, const kd_terms *terms, const kd_seed *seeds);

/* told.c: what the person told us. Of those with `stated` only where the request has one. */
bool      kd_slate_is_not_for_me(const kd_stated *stated, const kd_product *product);
void      kd_slate_leave_out_unwanted(kd_slate *s);
kd_status kd_slate_fill_from_liked(kd_slate *s, const kd_seed *seeds, size_t seed_count, kd_err *err);
size_t    kd_slate_surprises(const kd_slate *s); /* slots of this request that are kept for a surprise */
kd_status kd_slate_learn_familiar(kd_slate *s, kd_err *err);
bool      kd_slate_is_unfamiliar(const kd_slate *s, const kd_product *product);
kd_status kd_slate_spread(kd_slate *s, size_t first, size_t count, kd_err *err);
#endif

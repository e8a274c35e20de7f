/* recommend/trending.h -- what is in demand, learnt from every event at once, blended with what the model knows.
 *
 * Counters per product decay lazily with half-lives of a day and a week. A person counts once for a product and kind of
 * event as far as a small table remembers, so that one visitor (or script) cannot lift a product alone. What readers see is
 * a kd_demand: an immutable pair of lists and the model they were blended with, published whole every 256 events or 200 ms.
 * Memory is bounded: KD_TRENDING_PRODUCTS counters; over that, the half with the least demand is forgotten.
 * Threads: all calls from any thread. */
#ifndef KD_RECOMMEND_TRENDING_H
#define KD_RECOMMEND_TRENDING_H
#include "event/ingest.h"
#include "recommend/model.h"

enum { KD_TRENDING_PRODUCTS = 65536, KD_DEMAND_MAX = 512 };

typedef struct kd_demanded { kd_ref product; int64_t micro; } kd_demanded;
typedef struct kd_demand_list {
    kd_demanded items[KD_DEMAND_MAX];  /* best first; 0 < micro <= 1e6 */
    uint32_t    count;
    double      model_micro;           /* what 1.0 of the model's own value is worth here: for items behind the list */
} kd_demand_list;
typedef struct kd_demand {
    _Atomic uint32_t refs;
    const kd_model  *model;            /* NULL: none */
    kd_demand_list   trending, popular;
} kd_demand;

typedef struct kd_trending kd_trending;
kd_status kd_trending_open(kd_trending **out, kd_err *err);
void      kd_trending_close(kd_trending *trending);
void      kd_trending_observe(kd_trending *trending, const kd_stored *events, size_t count);
/* Somebody was erased: what this event of theirs may have counted is taken out, no counter below 0. Exact where the event was
 * counted (not one of a product seen twice); a person's later events of a product then take nothing more. */
void      kd_trending_unlearn(kd_trending *trending, kd_id person, const kd_fact *fact, bool trusted);
void      kd_trending_set_model(kd_trending *trending, const kd_model *model); /* retains; published before it returns */
/* The lists of now; never NULL. Hold them as long as one request. */
const kd_demand *kd_demand_acquire(kd_trending *trending);
void             kd_demand_release(const kd_demand *demand);
#endif

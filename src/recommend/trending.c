#include "recommend/trending.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/map.h"

#define DAYS(ms) ((double)(ms) / (double)KD_DAY_MS)
enum {
    REMEMBERED = 32768,       /* (person, product, kind) that counted lately; a power of two */
    EVENTS_PER_PUBLICATION = 256,
    PUBLICATION_US = 200000,
    RESCALE_DAYS = 300        /* 2^300 is far inside a double */
};
static const double TREND_PRIOR = 50.0, POPULAR_PRIOR = 500.0; /* live demand that weighs as much as the model's opinion */

/* Forward decay (Cormode et al., ICDE 2009): an event of time t adds w * 2^((t - landmark) / half-life), so that nothing
 * ages in place and the order of products needs no clock. */
typedef struct counter { kd_ref product; double day, week; } counter;

struct kd_trending {
    pthread_mutex_t counting;  /* guards all down to `events` */
    kd_map   *rows;            /* product -> counters */
    counter  *counters;
    uint32_t  count;
    uint64_t *remembered;
    int64_t   landmark_ms, newest_ms;
    const kd_model *model;
    uint32_t  events;          /* since the last publication */
    int64_t   published_us;
    _Atomic bool stale;        /* counted and not yet published */
    pthread_mutex_t showing;   /* guards `shown`; taken after `counting` where both are */
    kd_demand *shown;
};

/* ---- publication ------------------------------------------------------------------------------------------------ */

typedef struct ranking { /* one list in the making */
    kd_demand_list *list;
    double          live_worth, model_worth; /* millionths for 1.0 of each */
} ranking;

static int best_first(const void *a, const void *b)
{
    const kd_demanded *x = a, *y = b;
    if (x->micro != y->micro)
        return x->micro > y->micro ? -1 : 1;
    return (x->product > y->product) - (x->product < y->product);
}

/* Volume and rise in one: steady demand of n a day gives about sqrt(n), new demand of n gives n. */
static double rise(double day, double week) { return day / sqrt(week / 7.0 + 1.0); }

static double live_value(const counter *c, bool trend, double day_now, double week_now)
{
    return trend ? rise(c->day * day_now, c->week * week_now) : c->week * week_now;
}

/* The KD_DEMAND_MAX strongest counters and the model's strongest items, blended, ranked, cut to KD_DEMAND_MAX. */
static void rank(kd_demand_list *list, const kd_trending *t, bool trend)
{
    kd_scored       kept[KD_DEMAND_MAX];
    kd_demanded     all[2 * KD_DEMAND_MAX];
    kd_topk         top = { kept, 0, KD_DEMAND_MAX };
    double          day_now = exp2(-DAYS(t->newest_ms - t->landmark_ms)), week_now = exp2(-DAYS(t->newest_ms - t->landmark_ms) / 7.0);
    double          total = 0.0, live_max = 0.0, share, model_max = 0.0;
    const uint32_t *items = NULL;
    size_t          item_count = 0, count = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        double value = live_value(&t->counters[i], trend, day_now, week_now);
        total += (trend ? t->counters[i].day * day_now : t->counters[i].week * week_now);
        if (value > 0.0)
            kd_topk_push(&top, (float)value, i);
    }
    kd_topk_sort(&top);
    if (t->model) {
        item_count = trend ? kd_model_trending(t->model, &items) : kd_model_popular(t->model, &items);
        model_max = item_count == 0 ? 0.0 : trend ? kd_model_trend(t->model, items[0]) : kd_model_popularity(t->model, items[0]);
    }
    share = total / (total + (trend ? TREND_PRIOR : POPULAR_PRIOR));
    if (!trend && share > 0.5)
        share = 0.5; /* popular is the longer view: a week never says more than the model's half year */
    if (model_max == 0.0)
        share = 1.0;
    live_max = top.count ? (double)kept[0].score : 1.0;
    list->model_micro = model_max > 0.0 ? (1.0 - share) * 1e6 / model_max : 0.0;

    for (size_t n = 0; n < top.count; n++) {
        const counter *c = &t->counters[kept[n].id];
        uint32_t       item = t->model ? kd_model_find(t->model, c->product) : UINT32_MAX;
        double         model = item == UINT32_MAX ? 0.0 : trend ? kd_model_trend(t->model, item) : kd_model_popularity(t->model, item);
        all[count++] = (kd_demanded){ c->product, llround(share * 1e6 * (double)kept[n].score / live_max + model * list->model_micro) };
    }
    for (size_t n = 0; n < item_count && n < KD_DEMAND_MAX; n++) {
        kd_ref product = kd_model_item(t->model, items[n]);
        bool   listed = false;
        for (size_t k = 0; k < top.count && !listed; k++)
            listed = all[k].product == product;
        double model = trend ? kd_model_trend(t->model, items[n]) : kd_model_popularity(t->model, items[n]);
        if (!listed)
            all[count++] = (kd_demanded){ product, llround(model * list->model_micro) };
    }
    qsort(all, count, sizeof *all, best_first);
    while (count > 0 && all[count - 1].micro <= 0)
        count--;
    list->count = (uint32_t)(count < KD_DEMAND_MAX ? count : KD_DEMAND_MAX);
    memcpy(list->items, all, list->count * sizeof *all);
}

/* Under `counting`. Out of memory leaves the old lists: they are only older. */
static bool publish(kd_trending *t)
{
    kd_demand *next = calloc(1, sizeof *next), *old;

    if (!next)
        return false;
    atomic_init(&next->refs, 1);
    next->model = kd_model_retain(t->model);
    rank(&next->trending, t, true);
    rank(&next->popular, t, false);
    t->events = 0;
    t->published_us = kd_monotonic_us();
    atomic_store_explicit(&t->stale, false, memory_order_relaxed);
    pthread_mutex_lock(&t->showing);
    old = t->shown;
    t->shown = next;
    pthread_mutex_unlock(&t->showing);
    if (old)
        kd_demand_release(old);
    return true;
}

static bool publication_due(const kd_trending *t)
{
    return t->events >= EVENTS_PER_PUBLICATION || (t->events > 0 && kd_monotonic_us() - t->published_us >= PUBLICATION_US);
}

const kd_demand *kd_demand_acquire(kd_trending *t)
{
    kd_demand *demand;

    /* The last events of a burst wait for no further event: the first reader who finds the lists old renews them. */
    if (atomic_load_explicit(&t->stale, memory_order_relaxed) && pthread_mutex_trylock(&t->counting) == 0) {
        if (publication_due(t))
            publish(t);
        pthread_mutex_unlock(&t->counting);
    }
    pthread_mutex_lock(&t->showing); /* read and count under one lock, or the publisher could free between the two */
    demand = t->shown;
    atomic_fetch_add_explicit(&demand->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&t->showing);
    return demand;
}

void kd_demand_release(const kd_demand *demand)
{
    kd_demand *d = (kd_demand *)demand;

    if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
        return;
    kd_model_release(d->model);
    free(d);
}

/* ---- counting --------------------------------------------------------------------------------------------------------- */

/* An order that is only claimed says no more than a cart: anybody who holds the write key can send one. */
static double weight_of(kd_kind kind, bool trusted)
{
    switch (kind == KD_KIND_ORDER && !trusted ? KD_KIND_CART_ADD : kind) {
    case KD_KIND_VIEW:     return 1.0;
    case KD_KIND_CLICK:    return 0.5;
    case KD_KIND_CART_ADD:
    case KD_KIND_WISH_ADD: return 3.0;
    case KD_KIND_ORDER:    return 5.0;
    default:               return 0.0;
    }
}

/* The first of this person, product and kind for as long as the table remembers? */
static bool counts(kd_trending *t, kd_id person, kd_ref product, kd_kind kind)
{
    uint64_t  tag = kd_hash64(person.b, sizeof person.b, product ^ (uint64_t)kind);
    uint64_t *slot = &t->remembered[tag % REMEMBERED];

    if (*slot == tag)
        return false;
    *slot = tag;
    return true;
}

static void rescale(kd_trending *t, int64_t landmark_ms)
{
    double day = exp2(-DAYS(landmark_ms - t->landmark_ms)), week = exp2(-DAYS(landmark_ms - t->landmark_ms) / 7.0);

    for (uint32_t i = 0; i < t->count; i++) {
        t->counters[i].day *= day;
        t->counters[i].week *= week;
    }
    t->landmark_ms = landmark_ms;
}

static int most_wanted_first(const void *a, const void *b)
{
    const counter *x = a, *y = b;
    if (x->week != y->week)
        return x->week > y->week ? -1 : 1;
    return (x->product > y->product) - (x->product < y->product);
}

/* Forget the half that is least in demand. False: out of memory, nothing has changed. */
static bool forget_half(kd_trending *t)
{
    kd_map *rows = kd_map_new(KD_TRENDING_PRODUCTS);

    if (!rows)
        return false;
    qsort(t->counters, t->count, sizeof *t->counters, most_wanted_first);
    t->count /= 2;
    for (uint32_t i = 0; i < t->count; i++)
        kd_map_put_new(rows, t->counters[i].product, i, NULL); /* has room by its making */
    kd_map_free(t->rows);
    t->rows = rows;
    return true;
}

static void count_product(kd_trending *t, kd_ref product, double weight, int64_t time_ms)
{
    uint32_t row;
    bool     is_new = false;

    if (t->count == 0)
        t->landmark_ms = t->newest_ms = time_ms;
    /* One event moves our idea of now by a day at most: a receipt dated 2062 must not make everything else ancient. */
    if (time_ms > t->newest_ms + KD_DAY_MS)
        time_ms = t->newest_ms + KD_DAY_MS;
    if (time_ms > t->newest_ms)
        t->newest_ms = time_ms;
    if (DAYS(t->newest_ms - t->landmark_ms) > RESCALE_DAYS)
        rescale(t, t->newest_ms);
    if (t->count == KD_TRENDING_PRODUCTS && !kd_map_get(t->rows, product, &row) && !forget_half(t))
        return;
    row = kd_map_put_new(t->rows, product, t->count, &is_new);
    if (row == UINT32_MAX)
        return;
    if (is_new)
        t->counters[t->count++] = (counter){ .product = product };
    t->counters[row].day += weight * exp2(DAYS(time_ms - t->landmark_ms));
    t->counters[row].week += weight * exp2(DAYS(time_ms - t->landmark_ms) / 7.0);
}

void kd_trending_observe(kd_trending *t, const kd_stored *events, size_t count)
{
    pthread_mutex_lock(&t->counting);
    for (size_t e = 0; e < count; e++) {
        const kd_fact *fact = events[e].fact;
        double         weight = weight_of(fact->kind, events[e].trusted);
        if (weight == 0.0)
            continue;
        for (size_t l = 0; l < fact->line_count; l++) {
            kd_ref product = kd_ref_of(fact->lines[l].product);
            if (product != 0 && counts(t, events[e].person, product, fact->kind))
                count_product(t, product, weight, fact->time_ms);
        }
        t->events++;
    }
    if (publication_due(t))
        publish(t);
    atomic_store_explicit(&t->stale, t->events > 0, memory_order_relaxed);
    pthread_mutex_unlock(&t->counting);
}

/* The table says whether this person's deed counted: its tag is taken out with the first event of the kind that is found, the
 * newest. Where the tag was overwritten since, nothing can be told, and nothing is taken. */
void kd_trending_unlearn(kd_trending *t, kd_id person, const kd_fact *fact, bool trusted)
{
    double weight = weight_of(fact->kind, trusted);
    pthread_mutex_lock(&t->counting);
    for (size_t l = 0; weight > 0.0 && l < fact->line_count; l++) {
        kd_ref    product = kd_ref_of(fact->lines[l].product);
        uint64_t  tag = kd_hash64(person.b, sizeof person.b, product ^ (uint64_t)fact->kind);
        uint64_t *slot = &t->remembered[tag % REMEMBERED];
        uint32_t  row;
        if (*slot != tag || !kd_map_get(t->rows, product, &row))
            continue;
        double day = t->counters[row].day - weight * exp2(DAYS(fact->time_ms - t->landmark_ms));
        double week = t->counters[row].week - weight * exp2(DAYS(fact->time_ms - t->landmark_ms) / 7.0);
        t->counters[row].day = day > 0.0 ? day : 0.0;
        t->counters[row].week = week > 0.0 ? week : 0.0;
        *slot = 0;
        t->events++;
    }
    atomic_store_explicit(&t->stale, t->events > 0, memory_order_relaxed);
    pthread_mutex_unlock(&t->counting);
}

void kd_trending_set_model(kd_trending *t, const kd_model *model)
{
    const kd_model *old;

    pthread_mutex_lock(&t->counting);
    old = t->model;
    t->model = kd_model_retain(model);
    publish(t);
    pthread_mutex_unlock(&t->counting);
    kd_model_release(old);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

kd_status kd_trending_open(kd_trending **out, kd_err *err)
{
    kd_trending *t = calloc(1, sizeof *t);

    if (!t)
        return kd_fail_memory(err);
    pthread_mutex_init(&t->counting, NULL);
    pthread_mutex_init(&t->showing, NULL);
    t->rows = kd_map_new(1024);
    t->counters = malloc(KD_TRENDING_PRODUCTS * sizeof *t->counters);
    t->remembered = calloc(REMEMBERED, sizeof *t->remembered);
    if (!t->rows || !t->counters || !t->remembered || !publish(t)) {
        kd_trending_close(t);
        return kd_fail_memory(err);
    }
    *out = t;
    return KD_OK;
}

void kd_trending_close(kd_trending *t)
{
    if (!t)
        return;
    kd_demand_release(t->shown);
    kd_model_release(t->model);
    pthread_mutex_destroy(&t->counting);
    pthread_mutex_destroy(&t->showing);
    kd_map_free(t->rows);
    free(t->counters);
    free(t->remembered);
    free(t);
}

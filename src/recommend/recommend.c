#include "recommend/recommend.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fetch.h"
#include "catalog/sensitive.h"
#include "recommend/slate.h"

enum { LOOKED_AT_MAX = 20000, AHEAD = 8, FACINGS_AHEAD = 12, MARK_BOUGHT = 0, MARK_SEEN = 1, MARKS = 2 };
static const int64_t CART_KEEP_MS = 30 * KD_DAY_MS;

/* ---- what may be on the slate ---------------------------------------------------------------------------------------- */

/* Events name products by id, tills by sku; marked once, candidates need not be looked for among what was bought one by one. */
static void mark_bought(kd_slate *s, const kd_bought *bought, uint32_t count)
{
    const kd_variant *variant;

    for (uint32_t i = 0; i < count; i++)
        kd_snapshot_fetch_ahead(s->snapshot, bought[i].product);
    for (uint32_t i = 0; i < count; i++) {
        const kd_product *product = kd_snapshot_find_any(s->snapshot, bought[i].product, &variant);
        if (product)
            s->scratch->marks[product->row] = s->scratch->turn + MARK_BOUGHT;
    }
}

/* A person who refuses to be known by taste is still not shown what they have. */
static const kd_profile *gates_of(const kd_recommend_request *request)
{
    return request->profile ? request->profile : request->gates;
}

static void mark_owned(kd_slate *s)
{
    const kd_profile *profile = gates_of(s->request);

    if (!profile)
        return;
    mark_bought(s, profile->bought, profile->bought_count);
    if (kd_profile_believes(profile))
        mark_bought(s, profile->claimed_bought, profile->claimed_bought_count);
}

/* True once for each product of a request; *bought: it was marked so. */
bool kd_slate_first_look(kd_slate *s, const kd_product *product, bool *bought)
{
    uint32_t *mark = &s->scratch->marks[product->row];
    if (*mark == s->scratch->turn + MARK_SEEN)
        return false;
    *bought = *mark == s->scratch->turn + MARK_BOUGHT;
    *mark = s->scratch->turn + MARK_SEEN;
    return true;
}

/* The sizes to try, the best first: those told us, else the one believed. Returns how many; 0: any. */
static size_t sizes_for(kd_ref sizes[KD_SIZES_MAX], kd_slate *s, const kd_product *product)
{
    size_t told;
    if (product->variant_count < 2 || !gates_of(s->request))
        return 0;
    if (s->request->stated && (told = kd_sizes_stated(sizes, s->request->stated, product)) > 0)
        return told;
    if (!s->sizes_known)
        kd_sizes_learn(&s->sizes, gates_of(s->request), s->snapshot, s->request->sensitive);
    s->sizes_known = true;
    sizes[0] = kd_sizes_of(&s->sizes, product);
    return sizes[0] != 0;
}

/* The variant to show: in the first size that is there, and within it in a colour they told us they like. */
kd_shelf kd_slate_choose(const kd_variant **variant, bool *sized, kd_slate *s, const kd_product *product)
{
    const kd_catalog *catalog = s->recommender->catalog;
    kd_ref            sizes[KD_SIZES_MAX] = { 0 };
    const size_t      count = sizes_for(sizes, s, product);
    kd_shelf          verdict = KD_SHELF_OUT;

    *sized = count > 0;
    for (size_t i = 0; i < (count ? count : 1) && verdict == KD_SHELF_OUT; i++) {
        if (s->request->stated && s->request->stated->colors.count && product->variant_count > 1 &&
            kd_shelf_pick_color(variant, catalog, product, s->request->filter, sizes[i], &s->request->stated->colors))
            return KD_SHELF_SHOWN;
        verdict = kd_shelf_pick(variant, catalog, product, s->request->filter, sizes[i]);
    }
    return verdict;
}

/* For those who ask why something is missing. */
void kd_slate_note_removed(kd_slate *s, const kd_product *product, kd_removal why)
{
    if (s->result->removed_count < s->request->removed_max)
        s->result->removed[s->result->removed_count++] = (kd_removed){ product, why };
}

/* The next slot for `product`, or NULL when it may not be shown; the caller fills in score and terms. */
kd_recommended *kd_slate_offer(kd_slate *s, const kd_product *product, kd_layer layer)
{
    const kd_filter  *filter = s->request->filter;
    const kd_variant *variant = NULL;
    kd_recommended   *slot;
    bool              bought, sized;

    if (!product || !kd_slate_first_look(s, product, &bought))
        return NULL;
    s->result->candidates++;
    if (product->hidden || (product->stub && (!s->model || kd_model_find(s->model, product->ref) == UINT32_MAX))) {
        kd_slate_note_removed(s, product, KD_REMOVED_HIDDEN);
        return NULL;
    }
    if (product->sensitive && !s->request->sensitive) {
        kd_slate_note_removed(s, product, KD_REMOVED_SENSITIVE);
        return NULL;
    }
    if (bought && !product->replenishable && !(filter && filter->include_bought)) {
        s->result->removed_bought++;
        kd_slate_note_removed(s, product, KD_REMOVED_BOUGHT);
        return NULL;
    }
    if (s->request->stated && kd_slate_is_not_for_me(s->request->stated, product)) {
        s->result->removed_filter++;
        kd_slate_note_removed(s, product, KD_REMOVED_NOT_FOR_ME);
        return NULL;
    }
    switch (kd_slate_choose(&variant, &sized, s, product)) {
    case KD_SHELF_FILTERED:
        s->result->removed_filter++;
        kd_slate_note_removed(s, product, KD_REMOVED_FILTER);
        return NULL;
    case KD_SHELF_OUT:
        s->result->removed_stock++;
        if (s->request->removed_max) /* in stock, but not in the size that fits? */
            kd_slate_note_removed(s, product, sized && kd_stock_available(s->recommender->catalog, product) ? KD_REMOVED_SIZE : KD_REMOVED_STOCK);
        return NULL;
    case KD_SHELF_SHOWN: break;
    }
    slot = &s->result->items[s->result->count++];
    slot->product = product;
    slot->variant = variant;
    slot->layer = (uint8_t)layer;
    return slot;
}

/* An item of a layer that has one reason only. */
static void offer_simple(kd_slate *s, const kd_product *product, kd_layer layer, int64_t micro, kd_term term)
{
    kd_recommended *slot = kd_slate_offer(s, product, layer);
    if (!slot)
        return;
    slot->score = term.weight = (double)micro / KD_MICRO;
    slot->terms[0] = term;
    slot->term_count = 1;
}

/* ---- layer: neighbours of seeds ---------------------------------------------------------------------------------------- */

void kd_slate_fill_terms(kd_recommended *slot, const kd_terms *terms, const kd_seed *seeds)
{
    for (uint8_t t = 0; t < terms->count; t++) {
        const kd_seed *seed = &seeds[terms->best[t].seed];
        slot->terms[t] = (kd_term){ .kind = seed->kind, .about = seed->about, .weight = (double)terms->best[t].micro / KD_MICRO,
                                    .time_ms = seed->time_ms, .support = terms->best[t].support };
    }
    slot->term_count = terms->count;
    if (terms->rest_micro > 0) { /* the last one then speaks for several */
        kd_term *last = &slot->terms[KD_TERMS_MAX - 1];
        *last = (kd_term){ .kind = last->kind, .weight = (double)(terms->best[KD_TERMS_MAX - 1].micro + terms->rest_micro) / KD_MICRO };
    }
}

/* At most AHEAD candidates, looked up together, so that one wait for memory serves them all. Returns how many were looked at. */
static size_t offer_scored(kd_slate *s, uint32_t *items, const kd_candidate *best, size_t count)
{
    const kd_product *products[AHEAD];
    size_t            done = 0;

    for (size_t i = 0; i < count; i++) {
        products[i] = kd_snapshot_find(s->snapshot, kd_model_item(s->model, best[i].item));
        kd_fetch_ahead(products[i], sizeof *products[i] + FACINGS_AHEAD * sizeof(kd_facing));
    }
    for (size_t i = 0; i < count; i++)
        if (products[i])
            kd_stock_fetch_ahead(s->recommender->catalog, products[i]->facings[0].row);
    for (; done < count && !kd_slate_is_full(s); done++) {
        kd_recommended *slot = kd_slate_offer(s, products[done], KD_LAYER_RECIPE);
        if (!slot)
            continue;
        slot->score = (double)best[done].micro / KD_MICRO;
        items[s->result->count - 1] = best[done].item;
    }
    return done;
}

/* The best candidates, until the slate is full or none is left. When a portion was not enough (much of it bought or sold out),
 * scores are added up anew for one eight times as large: rare, and cheaper than sorting more than is needed every time. */
static kd_status pick_scored(kd_slate *s, uint32_t *items, const kd_seed *seeds, size_t seed_count, kd_err *err)
{
    kd_scorer *scorer = &s->scratch->scorer;
    size_t     done = 0, total = 1;

    for (size_t portion = s->request->count + s->request->count / 2 + 16; !kd_slate_is_full(s) && done < total && done < LOOKED_AT_MAX; portion *= 8) {
        kd_scorer_add(scorer, s->model, seeds, seed_count);
        total = scorer->touched_count;
        size_t        room = portion < total ? portion : total;
        kd_candidate *best = KD_NEW(s->arena, kd_candidate, room);
        kd_scorer_top(best, best ? room : 0, scorer);
        if (!best)
            return kd_fail_memory(err);
        while (done < room && !kd_slate_is_full(s))
            done += offer_scored(s, items, best + done, room - done < AHEAD ? room - done : AHEAD);
    }
    return KD_OK;
}

static kd_status fill_from_seeds(kd_slate *s, const kd_seed *seeds, size_t seed_count, kd_err *err)
{
    uint32_t *items = KD_NEW(s->arena, uint32_t, s->request->count);
    kd_terms *terms = KD_NEW(s->arena, kd_terms, s->request->count);
    size_t    first = s->result->count;
    kd_status status = items && terms ? pick_scored(s, items, seeds, seed_count, err) : kd_fail_memory(err);

    if (status != KD_OK)
        return status;
    kd_scorer_explain(terms + first, &s->scratch->scorer, items + first, s->result->count - first, s->model, seeds, seed_count);
    for (size_t i = first; i < s->result->count; i++)
        kd_slate_fill_terms(&s->result->items[i], &terms[i], seeds);
    return KD_OK;
}

static size_t gather_seeds(kd_seed *seeds, const kd_slate *s)
{
    const kd_recommend_request *r = s->request;
    size_t count = 0;

    switch (r->recipe) {
    case KD_RECIPE_FOR_YOU:
        count = kd_seeds_of_products(seeds, 0, r->products, r->product_count, KD_RELATION_VIEWED, KD_TERM_CONTEXT, s->model,
                                     s->snapshot, r->now_ms);
        return r->profile ? kd_seeds_of_profile(seeds, count, r->profile, s->cart, s->cart_count, s->model, s->snapshot, r->now_ms) : count;
    case KD_RECIPE_ALSO_BOUGHT:
        return kd_seeds_of_products(seeds, 0, r->products, r->product_count, KD_RELATION_BOUGHT, KD_TERM_CONTEXT, s->model, s->snapshot, r->now_ms);
    case KD_RECIPE_ALSO_VIEWED:
        return kd_seeds_of_products(seeds, 0, r->products, r->product_count, KD_RELATION_VIEWED, KD_TERM_CONTEXT, s->model, s->snapshot, r->now_ms);
    case KD_RECIPE_VIEWED_THEN_BOUGHT:
        return kd_seeds_of_products(seeds, 0, r->products, r->product_count, KD_RELATION_VIEWED_BOUGHT, KD_TERM_CONTEXT, s->model,
                                    s->snapshot, r->now_ms);
    case KD_RECIPE_CART:
        count = kd_seeds_of_products(seeds, 0, r->products, r->product_count, KD_RELATION_BOUGHT, KD_TERM_CART, s->model, s->snapshot, r->now_ms);
        for (size_t i = 0; i < s->cart_count; i++)
            count = kd_seeds_of_products(seeds, count, &s->cart[i].product, 1, KD_RELATION_BOUGHT, KD_TERM_CART, s->model, s->snapshot,
                                         s->cart[i].added_ms);
        return count;
    default: return 0;
    }
}

/* Whatever made it a seed: a sensitive product speaks for nobody who did not say yes. */
static size_t without_sensitive(kd_seed *seeds, size_t count, const kd_slate *s)
{
    size_t kept = 0;

    if (s->request->sensitive || kd_snapshot_sensitive(s->snapshot) == 0)
        return count;
    for (size_t i = 0; i < count; i++)
        kd_snapshot_fetch_ahead(s->snapshot, seeds[i].about);
    for (size_t i = 0; i < count; i++) {
        const kd_variant *variant;
        const kd_product *product = kd_snapshot_find_any(s->snapshot, seeds[i].about, &variant);
        if (!product || product->sensitive == 0)
            seeds[kept++] = seeds[i];
    }
    return kept;
}

/* ---- layers: what is in demand, and what is new ---------------------------------------------------------------------------- */

static bool in_context_category(const kd_slate *s, const kd_product *product)
{
    for (size_t i = 0; i < s->category_count; i++)
        if (kd_str_eq(s->categories[i], product->category))
            return true;
    return false;
}

static void offer_demanded(kd_slate *s, kd_ref ref, int64_t micro, kd_layer layer, kd_term_kind kind, bool category_only)
{
    const kd_product *product = kd_snapshot_find(s->snapshot, ref);
    if (product && micro > 0 && (!category_only || in_context_category(s, product)) && (kind != KD_TERM_SURPRISE || kd_slate_is_unfamiliar(s, product)))
        offer_simple(s, product, layer, micro, (kd_term){ .kind = kind });
}

/* The live list, then the model's own order behind it. */
static void fill_from_demand(kd_slate *s, kd_layer layer, kd_term_kind kind, bool category_only)
{
    bool                  trend = kind == KD_TERM_TREND || kind == KD_TERM_SURPRISE;
    const kd_demand_list *list = trend ? &s->demand->trending : &s->demand->popular;
    const uint32_t       *items = NULL;
    size_t                count = 0;

    for (uint32_t i = 0; i < list->count && !kd_slate_is_full(s); i++)
        offer_demanded(s, list->items[i].product, list->items[i].micro, layer, kind, category_only);
    if (s->model)
        count = trend ? kd_model_trending(s->model, &items) : kd_model_popular(s->model, &items);
    for (size_t i = 0; i < count && i < LOOKED_AT_MAX && !kd_slate_is_full(s); i++) {
        double value = trend ? kd_model_trend(s->model, items[i]) : kd_model_popularity(s->model, items[i]);
        offer_demanded(s, kd_model_item(s->model, items[i]), llround(value * list->model_micro), layer, kind, category_only);
    }
}

static int better_score_first(const void *a, const void *b)
{
    const kd_recommended *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->product->ref > y->product->ref) - (x->product->ref < y->product->ref);
}

/* The last described are the newest; among those chosen, age decides. Stubs are not among them: a flood of invented ids must not
 * stand before what the shop sells. */
static void fill_from_newest(kd_slate *s)
{
    uint32_t described = kd_snapshot_described(s->snapshot);
    size_t   first = s->result->count;

    for (uint32_t n = 0; n < described && n < LOOKED_AT_MAX && !kd_slate_is_full(s); n++) {
        const kd_product *product = kd_snapshot_described_product(s->snapshot, described - 1 - n);
        double  age_days = (double)(s->request->now_ms - product->created_ms) / (double)KD_DAY_MS;
        int64_t micro = llround(KD_MICRO * exp2(-fmax(age_days, 0.0) / 30.0));
        offer_simple(s, product, KD_LAYER_NEWEST, micro > 0 ? micro : 1, (kd_term){ .kind = KD_TERM_RECENT, .time_ms = product->created_ms });
    }
    qsort(s->result->items + first, s->result->count - first, sizeof *s->result->items, better_score_first);
}

static void fill_recently_viewed(kd_slate *s)
{
    const kd_recent *views = s->request->profile ? kd_profile_recent(s->request->profile, KD_KIND_VIEW) : NULL;

    for (uint32_t i = 0; views && i < views->count && !kd_slate_is_full(s); i++) {
        const kd_variant *variant;
        const kd_product *product = kd_snapshot_find_any(s->snapshot, views->items[i].product, &variant);
        double            age_days = (double)(s->request->now_ms - views->items[i].time_ms) / (double)KD_DAY_MS;
        int64_t           micro = llround(KD_MICRO * exp2(-fmax(age_days, 0.0) / 7.0));
        if (product)
            offer_simple(s, product, KD_LAYER_RECIPE, micro > 0 ? micro : 1,
                         (kd_term){ .kind = KD_TERM_RECENT, .about = product->ref, .time_ms = views->items[i].time_ms });
    }
}

/* ---- one request --------------------------------------------------------------------------------------------------------------- */

static kd_status check_request(const kd_recommend_request *r, kd_err *err)
{
    bool needs_context = r->recipe == KD_RECIPE_ALSO_BOUGHT || r->recipe == KD_RECIPE_ALSO_VIEWED || r->recipe == KD_RECIPE_VIEWED_THEN_BOUGHT;

    if ((unsigned)r->recipe >= KD_RECIPE_COUNT)
        return kd_fail_field(err, KD_INVALID, "recipe", "there is no recipe number %d", (int)r->recipe);
    if (r->count == 0 || r->count > KD_RECOMMEND_MAX)
        return kd_fail_field(err, KD_INVALID, "count", "count must lie between 1 and %d", KD_RECOMMEND_MAX);
    if (r->product_count > KD_CONTEXT_MAX)
        return kd_fail_field(err, KD_INVALID, "products", "at most %d products can be given as context", KD_CONTEXT_MAX);
    if (needs_context && r->product_count == 0)
        return kd_fail_field(err, KD_INVALID, "products", "the recipe %s needs at least one product as context", kd_recipe_name(r->recipe));
    return KD_OK;
}

/* What the person has before their eyes already is no news; its categories are kept. */
static void leave_out_given(kd_slate *s)
{
    const kd_variant *variant;
    bool              bought;

    for (size_t i = 0; i < s->request->product_count; i++) {
        const kd_product *product = kd_snapshot_find_any(s->snapshot, s->request->products[i], &variant);
        if (!product)
            continue;
        if (kd_slate_first_look(s, product, &bought))
            kd_slate_note_removed(s, product, KD_REMOVED_ASKED);
        if (product->category.len && s->category_count < KD_SLATE_CATEGORIES_MAX && !in_context_category(s, product))
            s->categories[s->category_count++] = product->category;
    }
    for (size_t i = 0; i < s->cart_count; i++) {
        const kd_product *product = kd_snapshot_find_any(s->snapshot, s->cart[i].product, &variant);
        if (product && kd_slate_first_look(s, product, &bought))
            kd_slate_note_removed(s, product, KD_REMOVED_CART);
    }
}

/* What this very person likes, told before inferred, and what they asked to be surprised with. */
static kd_status fill_personal(kd_slate *s, kd_err *err)
{
    const kd_stated *stated = s->request->recipe == KD_RECIPE_FOR_YOU && s->request->profile ? s->request->stated : NULL;
    kd_seed          seeds[KD_SEEDS_MAX];
    const size_t     seed_count = s->model ? without_sensitive(seeds, gather_seeds(seeds, s), s) : 0, kept_free = kd_slate_surprises(s);
    kd_status        status = kept_free ? kd_slate_learn_familiar(s, err) : KD_OK;

    s->room -= kept_free;
    if (status == KD_OK && stated)
        status = kd_slate_fill_from_liked(s, seeds, seed_count, err);
    if (status == KD_OK && seed_count > 0 && !kd_slate_is_full(s))
        status = fill_from_seeds(s, seeds, seed_count, err);
    s->room = s->request->count;
    return status;
}

static void fill_shared(kd_slate *s)
{
    const kd_recommend_request *r = s->request;

    if (r->recipe == KD_RECIPE_POPULAR)
        fill_from_demand(s, KD_LAYER_RECIPE, KD_TERM_POPULAR, false);
    if (s->category_count > 0)
        fill_from_demand(s, r->recipe == KD_RECIPE_TRENDING ? KD_LAYER_RECIPE : KD_LAYER_TRENDING_CATEGORY, KD_TERM_TREND, true);
    fill_from_demand(s, r->recipe == KD_RECIPE_TRENDING && s->category_count == 0 ? KD_LAYER_RECIPE : KD_LAYER_TRENDING, KD_TERM_TREND, false);
    fill_from_demand(s, KD_LAYER_POPULAR, KD_TERM_POPULAR, false);
    if (!kd_slate_is_full(s))
        fill_from_newest(s);
}

static kd_status fill(kd_slate *s, kd_err *err)
{
    const kd_recommend_request *r = s->request;
    size_t    surprises, first;
    kd_status status;

    mark_owned(s);
    if (r->stated)
        kd_slate_leave_out_unwanted(s);
    if (r->recipe == KD_RECIPE_RECENTLY_VIEWED) {
        fill_recently_viewed(s);
        return KD_OK;
    }
    leave_out_given(s);
    status = fill_personal(s, err);
    if (status != KD_OK)
        return status;
    first = s->result->count;
    surprises = s->familiar ? kd_slate_surprises(s) : 0;
    if (surprises > 0) {
        s->room = first + surprises < r->count ? first + surprises : r->count;
        fill_from_demand(s, KD_LAYER_RECIPE, KD_TERM_SURPRISE, false);
        s->room = r->count;
        surprises = s->result->count - first;
    }
    fill_shared(s);
    return surprises > 0 ? kd_slate_spread(s, first, surprises, err) : KD_OK;
}

static kd_scratch *scratch_take(kd_recommender *recommender, uint32_t item_count, uint32_t product_count, kd_err *err)
{
    kd_scratch *one;

    pthread_mutex_lock(&recommender->lock);
    one = recommender->idle;
    if (one)
        recommender->idle = one->next;
    pthread_mutex_unlock(&recommender->lock);
    if (!one && !(one = calloc(1, sizeof *one))) {
        kd_fail_memory(err);
        return NULL;
    }
    if (!one->marks || product_count > one->mark_room || one->turn > UINT32_MAX - 2 * MARKS) {
        free(one->marks);
        one->mark_room = product_count + product_count / 4 + 64; /* the catalogue grows a product at a time */
        one->marks = calloc(one->mark_room, sizeof *one->marks);
        one->turn = 0;
    }
    one->turn += MARKS;
    if (!one->marks || kd_scorer_reserve(&one->scorer, item_count, err) != KD_OK) {
        kd_scorer_free(&one->scorer);
        free(one->marks);
        free(one);
        kd_fail_memory(err);
        return NULL;
    }
    return one;
}

static void scratch_give(kd_recommender *recommender, kd_scratch *one)
{
    pthread_mutex_lock(&recommender->lock);
    one->next = recommender->idle;
    recommender->idle = one;
    pthread_mutex_unlock(&recommender->lock);
}

kd_status kd_recommend(kd_recommend_result *out, kd_recommender *recommender, const kd_snapshot *snapshot, const kd_recommend_request *request,
                       kd_arena *arena, kd_err *err)
{
    kd_slate     s = { .recommender = recommender, .request = request, .snapshot = snapshot, .result = out, .arena = arena, .room = request->count };
    kd_status status = check_request(request, err);

    *out = (kd_recommend_result){ 0 };
    if (status != KD_OK)
        return status;
    out->items = KD_NEW(arena, kd_recommended, request->count);
    if (request->removed_max)
        out->removed = KD_NEW(arena, kd_removed, request->removed_max);
    if (!out->items || (request->removed_max && !out->removed))
        return kd_fail_memory(err);
    if (request->profile && kd_profile_recent(request->profile, KD_KIND_CART_ADD))
        status = kd_opinion_cart(&s.cart, &s.cart_count, request->profile, CART_KEEP_MS, request->now_ms, arena, err);
    if (status != KD_OK)
        return status;
    s.demand = kd_demand_acquire(recommender->trending);
    s.model = s.demand->model;
    s.scratch = scratch_take(recommender, s.model ? kd_model_item_count(s.model) : 0, kd_snapshot_products(snapshot), err);
    status = s.scratch ? fill(&s, err) : KD_LIMIT;
    out->model_version = s.model ? kd_model_version(s.model) : 0;
    if (s.scratch)
        scratch_give(recommender, s.scratch);
    kd_demand_release(s.demand);
    return status;
}

/* ---- the recommender itself ---------------------------------------------------------------------------------------------------- */

kd_status kd_recommender_open(kd_recommender **out, kd_catalog *catalog, kd_err *err)
{
    kd_recommender *r = calloc(1, sizeof *r);
    kd_status       status;

    if (!r)
        return kd_fail_memory(err);
    r->catalog = catalog;
    status = kd_favourites_open(&r->favourites, err);
    if (status == KD_OK)
        status = kd_trending_open(&r->trending, err);
    if (status != KD_OK) {
        kd_favourites_close(r->favourites);
        free(r);
        return status;
    }
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return KD_OK;
}

void kd_recommender_close(kd_recommender *recommender)
{
    if (!recommender)
        return;
    while (recommender->idle) {
        kd_scratch *one = recommender->idle;
        recommender->idle = one->next;
        kd_scorer_free(&one->scorer);
        free(one->marks);
        free(one);
    }
    kd_trending_close(recommender->trending);
    kd_favourites_close(recommender->favourites);
    pthread_mutex_destroy(&recommender->lock);
    free(recommender);
}

void kd_recommender_set_model(kd_recommender *recommender, const kd_model *model) { kd_trending_set_model(recommender->trending, model); }

const kd_model *kd_recommender_model(kd_recommender *recommender)
{
    const kd_demand *demand = kd_demand_acquire(recommender->trending);
    const kd_model  *model = kd_model_retain(demand->model);
    kd_demand_release(demand);
    return model;
}

void kd_recommender_observe(void *recommender, const kd_stored *events, size_t count)
{
    kd_trending_observe(((kd_recommender *)recommender)->trending, events, count);
}

void kd_recommender_unlearn(kd_recommender *recommender, kd_id person, const kd_fact *fact, bool trusted)
{
    kd_trending_unlearn(recommender->trending, person, fact, trusted);
}

#include "recommend/seeds.h"

#include <math.h>

/* How much a kind of interaction says, for how long, and whom to ask. The second relation answers where the first is silent:
 * a shop may send orders only, or views only. First come, first served up to KD_SEEDS_MAX. */
static const struct source {
    kd_kind kind; kd_term_kind term; float weight; double half_life_days; uint8_t newest; kd_relation relation, otherwise;
} sources[] = {
    { KD_KIND_CART_ADD, KD_TERM_CART, 1.0f, 14.0, 8, KD_RELATION_BOUGHT, KD_RELATION_VIEWED },
    { KD_KIND_ORDER, KD_TERM_BOUGHT, 1.0f, 90.0, 14, KD_RELATION_BOUGHT, KD_RELATION_VIEWED },
    { KD_KIND_VIEW, KD_TERM_VIEWED, 0.5f, 7.0, 14, KD_RELATION_VIEWED, KD_RELATION_BOUGHT },
    { KD_KIND_WISH_ADD, KD_TERM_WISHED, 0.8f, 60.0, 6, KD_RELATION_VIEWED, KD_RELATION_BOUGHT },
    { KD_KIND_CLICK, KD_TERM_VIEWED, 0.25f, 7.0, 4, KD_RELATION_VIEWED, KD_RELATION_BOUGHT },
};

static float decayed(const struct source *source, double age_days)
{
    double left = exp2(-fmax(age_days, 0.0) / source->half_life_days);
    return (float)(source->weight * fmax(left, 1.0 / 32.0));
}

float kd_seed_weight(kd_kind kind, double age_days)
{
    for (size_t s = 0; s < sizeof sources / sizeof *sources; s++)
        if (sources[s].kind == kind)
            return decayed(&sources[s], age_days);
    return 0.0f;
}

uint32_t kd_seed_item(const kd_model *model, const kd_snapshot *snapshot, kd_ref product)
{
    uint32_t          item = product ? kd_model_find(model, product) : UINT32_MAX;
    const kd_variant *variant;
    const kd_product *known;

    if (item != UINT32_MAX || product == 0)
        return item;
    known = kd_snapshot_find_any(snapshot, product, &variant);
    return known ? kd_model_find(model, known->ref) : UINT32_MAX;
}

static bool speaks(const kd_model *model, kd_relation relation, uint32_t item)
{
    const kd_model_neighbour *unused;
    return kd_model_neighbours(model, relation, item, &unused) > 0;
}

/* Appends unless the seeds from `from` on have the item already (they are newer), or no neighbour is known. */
static size_t add_seed(kd_seed *seeds, size_t from, size_t count, const kd_model *model, uint32_t item, kd_relation relation,
                       kd_relation otherwise, kd_seed seed)
{
    if (item == UINT32_MAX || count == KD_SEEDS_MAX)
        return count;
    for (size_t i = from; i < count; i++)
        if (seeds[i].item == item)
            return count;
    seed.item = item;
    seed.about = kd_model_item(model, item); /* the product, where the event named a sku */
    seed.relation = speaks(model, relation, item) ? relation : otherwise;
    if (speaks(model, seed.relation, item))
        seeds[count++] = seed;
    return count;
}

static bool taken_back(const kd_recent *removed, const kd_interaction *added)
{
    for (uint32_t i = 0; removed && i < removed->count; i++)
        if (removed->items[i].product == added->product && removed->items[i].time_ms >= added->time_ms)
            return true;
    return false;
}

static size_t add_recent(kd_seed *seeds, size_t count, const struct source *source, const kd_profile *profile,
                         const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms)
{
    const kd_recent *recent = kd_profile_recent(profile, source->kind);
    const kd_recent *removed = source->kind == KD_KIND_WISH_ADD ? kd_profile_recent(profile, KD_KIND_WISH_REMOVE) : NULL;
    size_t           from = count;

    for (uint32_t i = 0; recent && i < recent->count && count - from < source->newest && count < KD_SEEDS_MAX; i++) {
        const kd_interaction *one = &recent->items[i];
        const kd_bought      *bought = kd_profile_bought(profile, one->product);
        bool done = source->kind == KD_KIND_ORDER ? bought && bought->returned > 0 && !kd_opinion_owns(profile, one->product) : bought != NULL;
        if (one->product == 0 || done || taken_back(removed, one))
            continue;
        kd_seed seed = { .kind = source->term, .weight = decayed(source, (double)(now_ms - one->time_ms) / (double)KD_DAY_MS),
                         .time_ms = one->time_ms };
        count = add_seed(seeds, from, count, model, kd_seed_item(model, snapshot, one->product), source->relation, source->otherwise, seed);
    }
    return count;
}

size_t kd_seeds_of_profile(kd_seed seeds[KD_SEEDS_MAX], size_t from, const kd_profile *profile, const kd_cart_line *cart,
                           size_t cart_count, const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms)
{
    size_t count = from;

    for (size_t i = 0; i < cart_count && count - from < sources[0].newest; i++) {
        kd_seed seed = { .kind = KD_TERM_CART, .weight = decayed(&sources[0], (double)(now_ms - cart[i].added_ms) / (double)KD_DAY_MS),
                         .time_ms = cart[i].added_ms };
        count = add_seed(seeds, from, count, model, kd_seed_item(model, snapshot, cart[i].product), sources[0].relation,
                         sources[0].otherwise, seed);
    }
    for (size_t s = 1; s < sizeof sources / sizeof *sources; s++)
        count = add_recent(seeds, count, &sources[s], profile, model, snapshot, now_ms);
    return count;
}

size_t kd_seeds_of_products(kd_seed seeds[KD_SEEDS_MAX], size_t from, const kd_ref *products, size_t count, kd_relation relation,
                            kd_term_kind kind, const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms)
{
    size_t seed_count = from;

    for (size_t i = 0; i < count; i++) {
        kd_seed seed = { .kind = kind, .weight = 1.0f, .time_ms = now_ms };
        seed_count = add_seed(seeds, from, seed_count, model, kd_seed_item(model, snapshot, products[i]), relation, relation, seed);
    }
    return seed_count;
}

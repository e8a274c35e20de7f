#include "recommend/seeds.h"

#include <math.h>

/* How much a kind of interaction says, for how long, and whom to ask. The second relation answers where the first is silent:
 * a shop may send orders only, or views only. First come, first served up to KD_SEEDS_MAX. The cart is first. */
static const struct source {
    kd_kind kind; kd_term_kind term; float weight; double half_life_days; uint8_t newest; kd_relation relation, otherwise;
} sources[] = {
    { KD_KIND_CART_ADD, KD_TERM_CART, 1.0f, 14.0, 8, KD_RELATION_BOUGHT, KD_RELATION_VIEWED },
    { KD_KIND_ORDER, KD_TERM_BOUGHT, 1.0f, 90.0, 14, KD_RELATION_BOUGHT, KD_RELATION_VIEWED },
    { KD_KIND_VIEW, KD_TERM_VIEWED, 0.5f, 7.0, 14, KD_RELATION_VIEWED, KD_RELATION_BOUGHT },
    { KD_KIND_WISH_ADD, KD_TERM_WISHED, 0.8f, 60.0, 6, KD_RELATION_VIEWED, KD_RELATION_BOUGHT },
    { KD_KIND_CLICK, KD_TERM_VIEWED, 0.25f, 7.0, 4, KD_RELATION_VIEWED, KD_RELATION_BOUGHT },
};

enum { SOURCES = sizeof sources / sizeof *sources };

kd_kind kd_seed_kind(size_t rank) { return rank < SOURCES ? sources[rank].kind : KD_KIND_CUSTOM; }

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
static void add_seed(kd_seed *seeds, size_t *count, size_t from, kd_relation relation, kd_relation otherwise, kd_seed seed, const kd_model *model)
{
    if (seed.item == UINT32_MAX || *count == KD_SEEDS_MAX)
        return;
    for (size_t i = from; i < *count; i++)
        if (seeds[i].item == seed.item)
            return;
    seed.relation = speaks(model, relation, seed.item) ? relation : otherwise;
    seed.about = kd_model_item(model, seed.item); /* the product, where the event named a sku */
    if (speaks(model, seed.relation, seed.item))
        seeds[(*count)++] = seed;
}

bool kd_seed_add(kd_seed seeds[KD_SEEDS_MAX], size_t *count, size_t from, size_t rank, uint32_t item, int64_t time_ms, int64_t now_ms,
                 const kd_model *model)
{
    const struct source *source = &sources[rank];
    double age_days = (double)(now_ms - time_ms) / (double)KD_DAY_MS;
    double left = fmax(exp2(-fmax(age_days, 0.0) / source->half_life_days), 1.0 / 32.0);

    if (*count - from == source->newest || *count == KD_SEEDS_MAX)
        return false;
    add_seed(seeds, count, from, source->relation, source->otherwise,
             (kd_seed){ .item = item, .kind = source->term, .weight = (float)(source->weight * left), .time_ms = time_ms }, model);
    return true;
}

static bool taken_back(const kd_recent *removed, const kd_interaction *added)
{
    for (uint32_t i = 0; removed && i < removed->count; i++)
        if (removed->items[i].product == added->product && removed->items[i].time_ms >= added->time_ms)
            return true;
    return false;
}

static void add_recent(kd_seed *seeds, size_t *count, size_t rank, const kd_profile *profile, const kd_model *model,
                       const kd_snapshot *snapshot, int64_t now_ms)
{
    kd_kind          kind = sources[rank].kind;
    const kd_recent *recents[2];
    size_t           lists = kd_opinion_recents(recents, profile, kind);
    const kd_recent *removed = kind == KD_KIND_WISH_ADD ? kd_profile_recent(profile, KD_KIND_WISH_REMOVE) : NULL;
    size_t           from = *count;

    for (size_t l = 0; l < lists; l++)
        for (uint32_t i = 0; i < recents[l]->count; i++) {
            const kd_interaction *one = &recents[l]->items[i];
            const kd_bought      *bought = kd_profile_bought(profile, one->product);
            bool done = kind == KD_KIND_ORDER ? bought && bought->returned > 0 && !kd_opinion_owns(profile, one->product) : bought != NULL;
            if (one->product == 0 || done || taken_back(removed, one))
                continue;
            if (!kd_seed_add(seeds, count, from, rank, kd_seed_item(model, snapshot, one->product), one->time_ms, now_ms, model))
                return;
        }
}

size_t kd_seeds_of_profile(kd_seed seeds[KD_SEEDS_MAX], size_t from, const kd_profile *profile, const kd_cart_line *cart,
                           size_t cart_count, const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms)
{
    size_t count = from;

    for (size_t i = 0; i < cart_count; i++) /* rank 0: what the cart holds now, not what was ever put into it */
        if (!kd_seed_add(seeds, &count, from, 0, kd_seed_item(model, snapshot, cart[i].product), cart[i].added_ms, now_ms, model))
            break;
    for (size_t rank = 1; rank < SOURCES; rank++)
        add_recent(seeds, &count, rank, profile, model, snapshot, now_ms);
    return count;
}

size_t kd_seeds_of_products(kd_seed seeds[KD_SEEDS_MAX], size_t from, const kd_ref *products, size_t count, kd_relation relation,
                            kd_term_kind kind, const kd_model *model, const kd_snapshot *snapshot, int64_t now_ms)
{
    size_t seed_count = from;

    for (size_t i = 0; i < count; i++)
        add_seed(seeds, &seed_count, from, relation, relation,
                 (kd_seed){ .item = kd_seed_item(model, snapshot, products[i]), .kind = kind, .weight = 1.0f, .time_ms = now_ms }, model);
    return seed_count;
}

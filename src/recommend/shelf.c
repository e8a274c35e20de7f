#include "recommend/shelf.h"

/* ---- sizes ---------------------------------------------------------------------------------------------------- */

/* Was this line sent back, or its whole order? */
static bool came_back(const kd_interaction *bought, const kd_recent *const *returns, size_t lists)
{
    for (size_t l = 0; l < lists; l++)
        for (uint32_t i = 0; i < returns[l]->count; i++) {
            const kd_interaction *r = &returns[l]->items[i];
            bool same_thing = r->product != 0 && r->product == bought->product && r->variant == bought->variant && r->time_ms >= bought->time_ms;
            bool whole_order = r->product == 0 && r->topic != 0 && r->topic == bought->topic;
            if (same_thing || whole_order)
                return true;
        }
    return false;
}

static void believe(kd_sizes *sizes, kd_ref department, kd_ref size, int64_t time_ms)
{
    for (uint32_t i = 0; i < sizes->count; i++) {
        if (sizes->believed[i].size == size && sizes->believed[i].department == department) {
            sizes->believed[i].purchases++;
            if (sizes->believed[i].last_ms < time_ms)
                sizes->believed[i].last_ms = time_ms;
            return;
        }
    }
    if (sizes->count < KD_SIZES_MAX) {
        sizes->believed[sizes->count].department = department;
        sizes->believed[sizes->count].size = size;
        sizes->believed[sizes->count].purchases = 1;
        sizes->believed[sizes->count++].last_ms = time_ms;
    }
}

void kd_sizes_learn(kd_sizes *sizes, const kd_profile *profile, const kd_snapshot *snapshot, bool sensitive)
{
    const kd_recent *orders[2], *returns[2]; /* cancelled orders are among the returns */
    size_t           order_lists = profile ? kd_opinion_recents(orders, profile, KD_KIND_ORDER) : 0;
    size_t           return_lists = profile ? kd_opinion_recents(returns, profile, KD_KIND_RETURN) : 0;

    sizes->count = 0;
    for (size_t l = 0; l < order_lists; l++)
        for (uint32_t i = 0; i < orders[l]->count && i < KD_SIZE_LINES; i++)
            kd_snapshot_fetch_ahead(snapshot, orders[l]->items[i].variant ? orders[l]->items[i].variant : orders[l]->items[i].product);
    for (size_t l = 0; l < order_lists; l++)
        for (uint32_t i = 0; i < orders[l]->count && i < KD_SIZE_LINES; i++) {
            const kd_interaction *line = &orders[l]->items[i];
            const kd_variant     *variant = NULL;
            const kd_product     *product = kd_snapshot_find_any(snapshot, line->variant ? line->variant : line->product, &variant);
            kd_ref                size = product && variant ? product->facings[variant - product->variants].size : 0;
            if (size != 0 && (sensitive || product->sensitive == 0) && !came_back(line, returns, return_lists))
                believe(sizes, product->department, size, line->time_ms);
        }
}

static bool is_made_in(const kd_product *product, kd_ref size)
{
    for (uint16_t v = 0; v < product->variant_count; v++)
        if (product->facings[v].size == size)
            return true;
    return false;
}

kd_ref kd_sizes_of(const kd_sizes *sizes, const kd_product *product)
{
    uint32_t best = UINT32_MAX;

    if (sizes->count == 0 || product->variant_count < 2)
        return 0;
    for (uint32_t i = 0; i < sizes->count; i++) {
        bool better = best == UINT32_MAX || sizes->believed[i].purchases > sizes->believed[best].purchases ||
                      (sizes->believed[i].purchases == sizes->believed[best].purchases &&
                       sizes->believed[i].last_ms > sizes->believed[best].last_ms);
        if (better && sizes->believed[i].department == product->department && is_made_in(product, sizes->believed[i].size))
            best = i;
    }
    return best == UINT32_MAX ? 0 : sizes->believed[best].size;
}

/* Said of this product's category or department, or, with `general`, of everything. */
static size_t add_stated(kd_ref *sizes, const kd_stated *stated, const kd_product *product, bool general)
{
    size_t count = 0;
    for (uint32_t i = 0; i < stated->size_count && count < KD_SIZES_MAX; i++) {
        const kd_stated_size *one = &stated->sizes[i];
        bool                  about = general ? one->of == 0 : one->of != 0 && one->of == product->department;
        for (uint16_t a = 0; !general && !about && a < product->attr_count && product->attrs[a].attribute <= KD_ATTR_CATEGORY; a++)
            about = product->attrs[a].attribute == KD_ATTR_CATEGORY && product->attrs[a].value == one->of;
        if (about && is_made_in(product, one->size))
            sizes[count++] = one->size;
    }
    return count;
}

size_t kd_sizes_stated(kd_ref sizes[KD_SIZES_MAX], const kd_stated *stated, const kd_product *product)
{
    size_t count = stated->size_count ? add_stated(sizes, stated, product, false) : 0;
    return count || stated->size_count == 0 ? count : add_stated(sizes, stated, product, true);
}

/* ---- filter and stock -------------------------------------------------------------------------------------------- */

static bool has(const kd_product_attr *attrs, uint16_t count, kd_product_attr wanted)
{
    for (uint16_t i = 0; i < count; i++)
        if (attrs[i].attribute == wanted.attribute && attrs[i].value == wanted.value)
            return true;
    return false;
}

static bool variant_has(const kd_product *product, const kd_variant *variant, kd_product_attr wanted)
{
    return has(product->attrs, product->attr_count, wanted) || has(variant->attrs, variant->attr_count, wanted);
}

/* One of the values named for the attribute of any_of[at]. */
static bool has_one_of(const kd_product *product, const kd_variant *variant, const kd_filter *filter, size_t at)
{
    for (size_t i = 0; i < filter->any_of_count; i++)
        if (filter->any_of[i].attribute == filter->any_of[at].attribute && variant_has(product, variant, filter->any_of[i]))
            return true;
    return false;
}

static bool passes(const kd_catalog *catalog, const kd_product *product, const kd_variant *variant, const kd_filter *filter)
{
    kd_price price;

    for (size_t i = 0; i < filter->any_of_count; i++)
        if (!has_one_of(product, variant, filter, i))
            return false;
    for (size_t i = 0; i < filter->none_of_count; i++)
        if (variant_has(product, variant, filter->none_of[i]))
            return false;
    if (filter->price_min_micro == 0 && filter->price_max_micro == 0)
        return true;
    return kd_price_of(&price, catalog, variant->row) && price.micro >= filter->price_min_micro &&
           (filter->price_max_micro == 0 || price.micro <= filter->price_max_micro);
}

kd_shelf kd_shelf_pick(const kd_variant **variant, const kd_catalog *catalog, const kd_product *product, const kd_filter *filter, kd_ref size)
{
    kd_shelf verdict = KD_SHELF_FILTERED;

    for (uint16_t v = 0; v < product->variant_count; v++) {
        if (filter && !passes(catalog, product, &product->variants[v], filter))
            continue;
        verdict = KD_SHELF_OUT;
        if (size != 0 && product->facings[v].size != size)
            continue;
        if (!(filter && filter->include_out_of_stock) && !kd_stock_variant_available(catalog, product, v))
            continue;
        *variant = product->variant_count > 1 ? &product->variants[v] : NULL;
        return KD_SHELF_SHOWN;
    }
    return verdict;
}

bool kd_shelf_pick_color(const kd_variant **variant, const kd_catalog *catalog, const kd_product *product, const kd_filter *filter, kd_ref size,
                         const kd_stated_refs *colors)
{
    for (uint32_t c = 0; c < colors->count; c++)
        for (uint16_t v = 0; v < product->variant_count; v++) {
            const kd_variant *one = &product->variants[v];
            if (!has(one->attrs, one->attr_count, (kd_product_attr){ KD_ATTR_COLOR, colors->refs[c] }) || (filter && !passes(catalog, product, one, filter)) ||
                (size != 0 && product->facings[v].size != size) ||
                (!(filter && filter->include_out_of_stock) && !kd_stock_variant_available(catalog, product, v)))
                continue;
            *variant = one;
            return true;
        }
    return false;
}

#include "recommend/favourites.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/fetch.h"

typedef struct shelf_list { /* products of one value */
    kd_product_attr value;
    uint64_t        catalog, model;  /* versions it was made of */
    uint32_t        products;        /* and how many there were: stubs have no version */
    uint64_t        used;            /* turn of the last use */
    uint32_t        count;
    kd_ref         *refs;
} shelf_list;

struct kd_favourites {
    pthread_mutex_t lock;  /* over everything below; never held while the catalogue is walked */
    shelf_list      lists[KD_FAVOURITES_LISTS];
    uint32_t        count;
    uint64_t        turn;
};

kd_status kd_favourites_open(kd_favourites **out, kd_err *err)
{
    kd_favourites *f = calloc(1, sizeof *f);
    if (!f)
        return kd_fail_memory(err);
    pthread_mutex_init(&f->lock, NULL);
    *out = f;
    return KD_OK;
}

void kd_favourites_close(kd_favourites *favourites)
{
    if (!favourites)
        return;
    for (uint32_t i = 0; i < favourites->count; i++)
        free(favourites->lists[i].refs);
    pthread_mutex_destroy(&favourites->lock);
    free(favourites);
}

/* ---- which products have a value ------------------------------------------------------------------------------------ */

static bool has(const kd_product_attr *attrs, uint16_t count, uint16_t attribute, kd_ref value)
{
    for (uint16_t i = 0; i < count && attrs[i].attribute <= attribute; i++) /* ascending by attribute */
        if (attrs[i].attribute == attribute && attrs[i].value == value)
            return true;
    return false;
}

bool kd_product_has(const kd_product *product, uint16_t attribute, kd_ref value)
{
    return has(product->attrs, product->attr_count, attribute, value);
}

static bool variant_has(const kd_variant *variant, uint16_t attribute, kd_ref value)
{
    for (uint16_t i = 0; i < variant->attr_count; i++)
        if (variant->attrs[i].attribute == attribute && variant->attrs[i].value == value)
            return true;
    return false;
}

static bool product_or_variant_has(const kd_product *product, kd_product_attr value)
{
    if (kd_product_has(product, value.attribute, value.value))
        return true;
    for (uint16_t v = 0; value.attribute == KD_ATTR_COLOR && v < product->variant_count; v++)
        if (variant_has(&product->variants[v], value.attribute, value.value))
            return true;
    return false;
}

typedef struct selling { float popularity; int64_t created_ms; kd_ref ref; } selling;

static int better_selling(const void *a, const void *b)
{
    const selling *x = a, *y = b;
    if (x->popularity != y->popularity)
        return x->popularity > y->popularity ? -1 : 1;
    if (x->created_ms != y->created_ms)
        return x->created_ms > y->created_ms ? -1 : 1;
    return (x->ref > y->ref) - (x->ref < y->ref);
}

/* One walk over the catalogue. *refs is the caller's to free. */
static kd_status walk(kd_ref **refs, uint32_t *count, const kd_snapshot *snapshot, const kd_model *model, kd_product_attr value, kd_err *err)
{
    const uint32_t products = kd_snapshot_products(snapshot);
    selling       *found = NULL;
    size_t         had = 0, room = 0;
    for (uint32_t row = 0; row < products; row++) {
        kd_snapshot_walk_ahead(snapshot, row);
        const kd_product *product = kd_snapshot_product(snapshot, row);
        if (product->hidden || product->stub || !product_or_variant_has(product, value))
            continue;
        if (had == room) {
            selling *more = realloc(found, (room = room ? room * 2 : 64) * sizeof *found);
            if (!more) {
                free(found);
                return kd_fail_memory(err);
            }
            found = more;
        }
        const uint32_t item = model ? kd_model_find(model, product->ref) : UINT32_MAX;
        found[had++] = (selling){ item == UINT32_MAX ? 0 : kd_model_popularity(model, item), product->created_ms, product->ref };
    }
    if (had > 1)
        qsort(found, had, sizeof *found, better_selling);
    *count = (uint32_t)(had < KD_FAVOURITES_MAX ? had : KD_FAVOURITES_MAX);
    *refs = malloc((*count + (size_t)1) * sizeof **refs);
    for (uint32_t i = 0; *refs && i < *count; i++)
        (*refs)[i] = found[i].ref;
    free(found);
    return *refs ? KD_OK : kd_fail_memory(err);
}

static shelf_list *find(kd_favourites *f, kd_product_attr value)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->lists[i].value.value == value.value && f->lists[i].value.attribute == value.attribute)
            return &f->lists[i];
    return NULL;
}

/* Room for one more: free, or the one nobody asked for the longest time. */
static shelf_list *place(kd_favourites *f)
{
    shelf_list *oldest = &f->lists[0];
    if (f->count < KD_FAVOURITES_LISTS)
        return &f->lists[f->count++];
    for (uint32_t i = 1; i < f->count; i++)
        if (f->lists[i].used < oldest->used)
            oldest = &f->lists[i];
    return oldest;
}

static kd_status copy(const kd_ref **out, uint32_t *count, const kd_ref *refs, uint32_t had, kd_arena *arena, kd_err *err)
{
    kd_ref *copied = KD_NEW(arena, kd_ref, had + 1);
    if (!copied)
        return kd_fail_memory(err);
    memcpy(copied, refs, had * sizeof *refs);
    *out = copied;
    *count = had;
    return KD_OK;
}

kd_status kd_favourites_of(const kd_ref **products, uint32_t *count, kd_favourites *favourites, const kd_snapshot *snapshot, const kd_model *model,
                           kd_product_attr value, kd_arena *arena, kd_err *err)
{
    const shelf_list fresh = { .value = value, .catalog = kd_snapshot_version(snapshot), .model = model ? kd_model_version(model) : 0,
                         .products = kd_snapshot_products(snapshot) };
    kd_ref    *refs = NULL;
    uint32_t   had = 0;
    shelf_list *known;
    kd_status  status;

    pthread_mutex_lock(&favourites->lock);
    known = find(favourites, value);
    if (known && known->catalog == fresh.catalog && known->model == fresh.model && known->products == fresh.products) {
        known->used = ++favourites->turn;
        status = copy(products, count, known->refs, known->count, arena, err);
        pthread_mutex_unlock(&favourites->lock);
        return status;
    }
    pthread_mutex_unlock(&favourites->lock);
    status = walk(&refs, &had, snapshot, model, value, err);
    if (status == KD_OK)
        status = copy(products, count, refs, had, arena, err);
    if (status != KD_OK) {
        free(refs);
        return status;
    }
    pthread_mutex_lock(&favourites->lock);
    known = find(favourites, value);
    if (!known)
        known = place(favourites);
    free(known->refs);
    *known = fresh;
    known->refs = refs;
    known->count = had;
    known->used = ++favourites->turn;
    pthread_mutex_unlock(&favourites->lock);
    return KD_OK;
}

/* ---- candidates ------------------------------------------------------------------------------------------------------- */

static kd_status add_value(kd_liked **list, size_t *count, size_t *room, kd_favourites *favourites, const kd_snapshot *snapshot, const kd_model *model,
                           kd_product_attr value, kd_arena *arena, kd_err *err)
{
    const kd_ref *refs;
    uint32_t      had = 0;
    kd_status     status = kd_favourites_of(&refs, &had, favourites, snapshot, model, value, arena, err);
    if (status != KD_OK)
        return status;
    if (*count + had > *room) {
        const size_t more = (*count + had) * 2;
        kd_liked    *grown = KD_NEW(arena, kd_liked, more);
        if (!grown)
            return kd_fail_memory(err);
        if (*count)
            memcpy(grown, *list, *count * sizeof **list);
        *list = grown;
        *room = more;
    }
    for (uint32_t i = 0; i < had; i++)
        kd_snapshot_fetch_ahead(snapshot, refs[i]);
    for (uint32_t i = 0; i < had; i++) {
        const kd_product *product = kd_snapshot_find(snapshot, refs[i]);
        if (product)
            (*list)[(*count)++] = (kd_liked){ .product = product, .rank = i, .item = UINT32_MAX,
                .brand = value.attribute == KD_ATTR_BRAND ? value.value : 0, .category = value.attribute == KD_ATTR_CATEGORY ? value.value : 0,
                .bits = value.attribute == KD_ATTR_BRAND ? KD_LIKED_BRAND : value.attribute == KD_ATTR_CATEGORY ? KD_LIKED_CATEGORY : KD_LIKED_COLOR };
    }
    return KD_OK;
}

static int by_product(const void *a, const void *b)
{
    const kd_liked *x = a, *y = b;
    if (x->product->row != y->product->row)
        return x->product->row < y->product->row ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* A product found by its brand may have a colour that was stated as well without being among the best-selling of that colour. */
static void complete(kd_liked *one, const kd_stated *stated)
{
    for (uint32_t i = 0; i < stated->brands.count && !(one->bits & KD_LIKED_BRAND); i++)
        if (kd_product_has(one->product, KD_ATTR_BRAND, stated->brands.refs[i])) {
            one->bits |= KD_LIKED_BRAND;
            one->brand = stated->brands.refs[i];
        }
    for (uint32_t i = 0; i < stated->categories.count && !(one->bits & KD_LIKED_CATEGORY); i++)
        if (kd_product_has(one->product, KD_ATTR_CATEGORY, stated->categories.refs[i])) {
            one->bits |= KD_LIKED_CATEGORY;
            one->category = stated->categories.refs[i];
        }
    for (uint32_t i = 0; i < stated->colors.count && !(one->bits & KD_LIKED_COLOR); i++)
        if (product_or_variant_has(one->product, (kd_product_attr){ KD_ATTR_COLOR, stated->colors.refs[i] }))
            one->bits |= KD_LIKED_COLOR;
}

kd_status kd_liked_gather(kd_liked **out, size_t *count, kd_favourites *favourites, const kd_snapshot *snapshot, const kd_model *model,
                          const kd_stated *stated, kd_arena *arena, kd_err *err)
{
    const struct { uint16_t attribute; const kd_stated_refs *values; } said[] = {
        { KD_ATTR_BRAND, &stated->brands }, { KD_ATTR_CATEGORY, &stated->categories }, { KD_ATTR_COLOR, &stated->colors },
    };
    kd_liked *list = NULL;
    size_t    found = 0, room = 0, kept = 0, asked = 0;
    *out = NULL;
    *count = 0;
    for (size_t k = 0; k < sizeof said / sizeof *said; k++)
        for (uint32_t i = 0; i < said[k].values->count && asked < KD_FAVOURITE_VALUES_MAX; i++, asked++) {
            const kd_product_attr value = { said[k].attribute, said[k].values->refs[i] };
            kd_status             status = add_value(&list, &found, &room, favourites, snapshot, model, value, arena, err);
            if (status != KD_OK)
                return status;
        }
    if (found > 1)
        qsort(list, found, sizeof *list, by_product);
    for (size_t i = 0; i < found; i++) {
        if (kept > 0 && list[kept - 1].product == list[i].product)
            continue;
        list[kept] = list[i];
        complete(&list[kept], stated);
        list[kept].item = model ? kd_model_find(model, list[kept].product->ref) : UINT32_MAX;
        kept++;
    }
    *out = list;
    *count = kept;
    return KD_OK;
}

static int better_liked(const void *a, const void *b)
{
    const kd_liked *x = a, *y = b;
    if (x->micro != y->micro)
        return x->micro > y->micro ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->product->ref > y->product->ref) - (x->product->ref < y->product->ref);
}

void kd_liked_sort(kd_liked *list, size_t count)
{
    if (count > 1)
        qsort(list, count, sizeof *list, better_liked);
}

kd_ref kd_liked_color(const kd_stated *stated, const kd_product *product, const kd_variant *variant)
{
    const kd_variant *shown = variant ? variant : product->variant_count == 1 ? product->variants : NULL;
    for (uint32_t i = 0; i < stated->colors.count; i++) {
        const kd_ref color = stated->colors.refs[i];
        if (kd_product_has(product, KD_ATTR_COLOR, color) || (shown && variant_has(shown, KD_ATTR_COLOR, color)))
            return color;
    }
    return 0;
}

/* The shelves of the storefront: lists with filters and an order, and one product. */
#include "api/handlers.h"
#include "api/shop.h"
#include "catalog/query.h"

#include <stdlib.h>

enum { LIMIT_DEFAULT = 24, LIMIT_MAX = 60, OFFSET_MAX = 1000000, VALUES_MAX = 64, CHOICES_MAX = 16 };

/* ---- what is asked ---------------------------------------------------------------------------------------------------------- */
typedef enum order { ORDER_POPULAR, ORDER_FOR_YOU, ORDER_NEW, ORDER_CHEAP, ORDER_DEAR } order;
static const char *const order_names[] = { [ORDER_POPULAR] = "popular", [ORDER_FOR_YOU] = "for-you", [ORDER_NEW] = "new", [ORDER_CHEAP] = "price-up", [ORDER_DEAR] = "price-down" };
enum { ORDERS = sizeof order_names / sizeof *order_names };

typedef struct choices { kd_str items[CHOICES_MAX]; size_t count; } choices; /* of one filter; none: all */

typedef struct asked {
    kd_query        query;
    kd_str          category;
    choices         sizes, colors, brands;
    int64_t         price_max_micro;  /* 0: open */
    const kd_place *place;            /* to be had there; NULL: anywhere */
    bool            available;
    order           order;
    int64_t         offset, limit;
} asked;

static kd_status read_choices(choices *out, const kd_request *request, const char *name, kd_err *err)
{
    kd_str rest = kd_request_query(request, name);
    out->count = 0;
    while (rest.len) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        kd_str      one = { rest.ptr, comma ? (size_t)(comma - rest.ptr) : rest.len };
        rest = comma ? (kd_str){ comma + 1, rest.len - one.len - 1 } : (kd_str){ 0 };
        if (one.len == 0)
            continue;
        if (out->count == CHOICES_MAX)
            return kd_fail_field(err, KD_INVALID, name, "more than %d values", CHOICES_MAX);
        out->items[out->count++] = one;
    }
    return KD_OK;
}

static kd_status read_number(int64_t *out, const kd_request *request, const char *name, int64_t otherwise, int64_t least, int64_t most, kd_err *err)
{
    kd_str text = kd_request_query(request, name);
    *out = otherwise;
    if (text.len && (!kd_str_i64(out, text) || *out < least || *out > most))
        return kd_fail_field(err, KD_INVALID, name, "must be a whole number from %lld to %lld", (long long)least, (long long)most);
    return KD_OK;
}

static kd_status read_order(order *out, const kd_request *request, kd_err *err)
{
    kd_str text = kd_request_query(request, "sort");
    *out = ORDER_POPULAR;
    for (int i = 0; i < ORDERS; i++)
        if (kd_str_is(text, order_names[i])) {
            *out = (order)i;
            return KD_OK;
        }
    return text.len ? kd_fail_field(err, KD_INVALID, "sort", "must be popular, for-you, new, price-up or price-down") : KD_OK;
}

static kd_status read_asked(asked *out, const kd_request *request, const kd_snapshot *s, kd_err *err)
{
    kd_str    price = kd_request_query(request, "max"), place = kd_request_query(request, "place");
    kd_status status;
    *out = (asked){ .category = kd_request_query(request, "category"), .available = kd_str_is(kd_request_query(request, "available"), "true") };
    kd_query_read(&out->query, kd_request_query(request, "q"), s);
    if (place.len && (out->place = kd_snapshot_place_find(s, kd_ref_of(place))) == NULL)
        return kd_fail_field(err, KD_INVALID, "place", "there is no place of this id");
    if (price.len && (!kd_micro_parse(&out->price_max_micro, price, false) || out->price_max_micro <= 0))
        return kd_fail_field(err, KD_INVALID, "max", "must be an amount above 0");
    if ((status = read_choices(&out->sizes, request, "size", err)) != KD_OK || (status = read_choices(&out->colors, request, "color", err)) != KD_OK ||
        (status = read_choices(&out->brands, request, "brand", err)) != KD_OK || (status = read_order(&out->order, request, err)) != KD_OK ||
        (status = read_number(&out->offset, request, "offset", 0, 0, OFFSET_MAX, err)) != KD_OK)
        return status;
    return read_number(&out->limit, request, "limit", LIMIT_DEFAULT, 1, LIMIT_MAX, err);
}

/* ---- what matches ------------------------------------------------------------------------------------------------------------- */
typedef struct counted { kd_str value; uint32_t products; } counted;
typedef struct facet { counted values[VALUES_MAX]; size_t count; } facet;

typedef struct found { const kd_product *product; const kd_variant *variant; /* the first that matches */ uint32_t rank; int64_t price_micro; } found;
typedef struct shelf {
    const kd_snapshot *snapshot;
    const kd_catalog  *catalog;
    found             *items;
    size_t             count;
    facet              sizes, colors, brands; /* of everything in the category, whatever else is chosen */
    int64_t            price_max_micro;
} shelf;

static bool is_chosen(const choices *c, kd_str value)
{
    for (size_t i = 0; i < c->count; i++)
        if (kd_str_eq(c->items[i], value))
            return true;
    return c->count == 0;
}

/* Once a product, however many of its variants say it: the caller passes each value of a product once. */
static void count_value(facet *f, kd_str value)
{
    size_t at = 0;
    while (at < f->count && !kd_str_eq(f->values[at].value, value))
        at++;
    if (value.len == 0 || at == VALUES_MAX)
        return;
    if (at == f->count)
        f->values[f->count++] = (counted){ value, 0 };
    f->values[at].products++;
}

static void count_product(shelf *out, const kd_product *p)
{
    count_value(&out->brands, p->brand);
    for (uint16_t i = 0; i < p->variant_count; i++) {
        bool size_again = false, color_again = false;
        for (uint16_t j = 0; j < i; j++) {
            size_again = size_again || kd_str_eq(p->variants[j].size, p->variants[i].size);
            color_again = color_again || kd_str_eq(p->variants[j].color, p->variants[i].color);
        }
        if (!size_again)
            count_value(&out->sizes, p->variants[i].size);
        if (!color_again)
            count_value(&out->colors, p->variants[i].color);
    }
}

static bool has_stock(const shelf *out, const asked *a, const kd_product *p, const kd_variant *v)
{
    if (a->place)
        return kd_stock_at(out->catalog, v->row, a->place->row) > 0;
    return !a->available || kd_stock_variant_available(out->catalog, p, (uint16_t)(v - p->variants));
}

static const kd_variant *matching_variant(const shelf *out, const asked *a, const kd_product *p)
{
    for (uint16_t i = 0; i < p->variant_count; i++) {
        const kd_variant *v = &p->variants[i];
        if (is_chosen(&a->sizes, v->size) && is_chosen(&a->colors, v->color) && has_stock(out, a, p, v))
            return v;
    }
    return NULL;
}

static void fill(shelf *out, const asked *a)
{
    for (uint32_t row = 0; row < kd_snapshot_products(out->snapshot); row++) {
        const kd_product *p = kd_snapshot_product(out->snapshot, row);
        kd_snapshot_walk_ahead(out->snapshot, row);
        const kd_variant *v;
        kd_price          price = { 0 };
        if (p->hidden || p->stub || p->variant_count == 0 || (a->category.len && !kd_category_is_within(p->category, a->category)) || !kd_query_matches(&a->query, p))
            continue;
        kd_price_of(&price, out->catalog, p->variants[0].row);
        if (price.micro > out->price_max_micro)
            out->price_max_micro = price.micro;
        count_product(out, p);
        if (!is_chosen(&a->brands, p->brand) || (a->price_max_micro && price.micro > a->price_max_micro) || (v = matching_variant(out, a, p)) == NULL)
            continue;
        out->items[out->count++] = (found){ p, v, UINT32_MAX, price.micro };
    }
}

/* ---- in which order ----------------------------------------------------------------------------------------------------------- */
/* The recommender's own order, for this visitor or for everybody; what it does not name keeps the catalogue's, behind. */
static kd_status rank_items(shelf *out, const asked *a, kd_request *request, const kd_visitor *visitor, kd_err *err)
{
    const kd_product_attr category = { KD_ATTR_CATEGORY, kd_ref_of(a->category) };
    const kd_filter       filter = { .any_of = &category, .any_of_count = a->category.len ? 1 : 0, .include_bought = true, .include_out_of_stock = true };
    kd_recommend_request  question = { .recipe = a->order == ORDER_FOR_YOU ? KD_RECIPE_FOR_YOU : KD_RECIPE_POPULAR, .filter = &filter, .count = KD_RECOMMEND_MAX, .now_ms = request->now_ms };
    kd_recommend_result   list = { 0 };
    kd_person            *entry = NULL;
    kd_status             status = a->order == ORDER_FOR_YOU ? kd_shop_acquire(&entry, request, visitor, err) : KD_OK;
    if (status == KD_OK) {
        question.profile = entry ? &entry->profile : NULL;
        status = kd_recommend(&list, request->parts->recommender, out->snapshot, &question, request->arena, err);
    }
    if (entry)
        kd_people_release(request->parts->people, entry);
    uint32_t *ranks = status == KD_OK ? KD_NEW(request->arena, uint32_t, (size_t)kd_snapshot_products(out->snapshot) + 1) : NULL;
    if (status == KD_OK && ranks == NULL)
        status = kd_fail_memory(err);
    for (size_t i = 0; ranks && i < list.count; i++)
        ranks[list.items[i].product->row] = (uint32_t)i + 1;
    for (size_t i = 0; ranks && i < out->count; i++)
        if (ranks[out->items[i].product->row])
            out->items[i].rank = ranks[out->items[i].product->row];
    return status;
}

static int by_row(const found *a, const found *b) { return a->product->row < b->product->row ? -1 : a->product->row > b->product->row; }
static int by_rank(const void *x, const void *y)
{
    const found *a = x, *b = y;
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : by_row(a, b);
}
static int by_price(const void *x, const void *y)
{
    const found *a = x, *b = y;
    return a->price_micro != b->price_micro ? (a->price_micro < b->price_micro ? -1 : 1) : by_row(a, b);
}
static int by_price_down(const void *x, const void *y)
{
    const found *a = x, *b = y;
    return a->price_micro != b->price_micro ? (a->price_micro > b->price_micro ? -1 : 1) : by_row(a, b);
}
static int by_age(const void *x, const void *y) { return -by_row(x, y); } /* rows are only ever added */

static kd_status sort_items(shelf *out, const asked *a, kd_request *request, const kd_visitor *visitor, kd_err *err)
{
    static int (*const orders[ORDERS])(const void *, const void *) = { [ORDER_POPULAR] = by_rank, [ORDER_FOR_YOU] = by_rank, [ORDER_NEW] = by_age, [ORDER_CHEAP] = by_price, [ORDER_DEAR] = by_price_down };
    kd_status status = a->order <= ORDER_FOR_YOU ? rank_items(out, a, request, visitor, err) : KD_OK;
    if (status == KD_OK && out->count)
        qsort(out->items, out->count, sizeof *out->items, orders[a->order]);
    return status;
}

/* ---- GET /shop/api/products ------------------------------------------------------------------------------------------------------ */
static void write_facet(kd_jw *w, const char *key, const facet *f)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (size_t i = 0; i < f->count; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "value", f->values[i].value);
        KD_JW_I64(w, "products", f->values[i].products);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_colors(kd_jw *w, const kd_product *p)
{
    kd_jw_key(w, "colors");
    kd_jw_array(w);
    for (uint16_t i = 0; i < p->variant_count; i++)
        if (p->variants[i].color.len && (i == 0 || !kd_str_eq(p->variants[i].color, p->variants[i - 1].color)))
            kd_jw_str(w, p->variants[i].color);
    kd_jw_array_end(w);
}

static void write_shelf(kd_jw *w, const shelf *out, const asked *a)
{
    kd_jw_object(w);
    KD_JW_I64(w, "total", (int64_t)out->count);
    KD_JW_Z(w, "sort", order_names[a->order]);
    kd_jw_key(w, "products");
    kd_jw_array(w);
    for (size_t i = (size_t)a->offset; i < out->count && i < (size_t)(a->offset + a->limit); i++) {
        kd_jw_object(w);
        kd_shop_write_card(w, out->items[i].product, out->items[i].variant, out->catalog);
        KD_JW_BOOL(w, "available", kd_stock_available(out->catalog, out->items[i].product));
        write_colors(w, out->items[i].product);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    kd_jw_key(w, "facets");
    kd_jw_object(w);
    write_facet(w, "size", &out->sizes);
    write_facet(w, "color", &out->colors);
    write_facet(w, "brand", &out->brands);
    kd_shop_write_price(w, "priceMax", out->price_max_micro, (kd_currency){ "EUR" });
    kd_jw_object_end(w);
    kd_jw_object_end(w);
}

void kd_shop_products(kd_request *request)
{
    kd_visitor visitor;
    asked      a;
    kd_err     err = { 0 };
    if (!kd_shop_enter(request, false) || !kd_shop_visitor(&visitor, request))
        return;
    shelf    *out = KD_NEW(request->arena, shelf, 1);
    kd_status status = out ? KD_OK : kd_fail_memory(&err);
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    if (status == KD_OK)
        status = read_asked(&a, request, s, &err);
    if (status == KD_OK) {
        *out = (shelf){ .snapshot = s, .catalog = request->parts->catalog, .items = KD_NEW(request->arena, found, (size_t)kd_snapshot_products(s) + 1) };
        status = out->items ? KD_OK : kd_fail_memory(&err);
    }
    if (status == KD_OK) {
        fill(out, &a);
        status = sort_items(out, &a, request, &visitor, &err);
    }
    if (status == KD_OK) {
        kd_jw w;
        kd_jw_init(&w, &request->out);
        write_shelf(&w, out, &a);
    }
    kd_snapshot_release(s);
    kd_reply_json(request, status, &err);
}

/* ---- GET /shop/api/products/{id} --------------------------------------------------------------------------------------------------- */
static void write_stock(kd_jw *w, const kd_snapshot *s, const kd_catalog *catalog, const kd_variant *v)
{
    kd_jw_key(w, "stock");
    kd_jw_object(w);
    for (uint16_t i = 0; i < kd_snapshot_places(s); i++) {
        const kd_place *place = kd_snapshot_place(s, i);
        const int32_t   units = place->closed ? KD_STOCK_UNKNOWN : kd_stock_at(catalog, v->row, place->row);
        if (units == KD_STOCK_UNKNOWN)
            continue;
        kd_jw_key_str(w, place->id);
        kd_jw_i64(w, units);
    }
    kd_jw_object_end(w);
}

static void write_variants(kd_jw *w, const kd_product *p, const kd_snapshot *s, const kd_catalog *catalog)
{
    kd_jw_key(w, "variants");
    kd_jw_array(w);
    for (uint16_t i = 0; i < p->variant_count; i++) {
        const kd_variant *v = &p->variants[i];
        kd_jw_object(w);
        KD_JW_STR(w, "sku", v->sku);
        KD_JW_STR(w, "size", v->size);
        KD_JW_STR(w, "color", v->color);
        KD_JW_STR(w, "image", v->image.len ? v->image : p->image);
        KD_JW_BOOL(w, "available", kd_stock_variant_available(catalog, p, i));
        write_stock(w, s, catalog, v);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

void kd_shop_product(kd_request *request)
{
    kd_jw w;
    if (!kd_shop_enter(request, false))
        return;
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    const kd_variant  *v = NULL;
    const kd_product  *p = kd_snapshot_find_any(s, kd_ref_of(kd_request_segment(request, 3)), &v);
    if (p == NULL || p->hidden || p->stub) {
        kd_reply_error(request, 404, "not_found", "the shop has no product of this id", "");
        kd_snapshot_release(s);
        return;
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_shop_write_card(&w, p, v, request->parts->catalog);
    KD_JW_STR(&w, "description", p->description);
    KD_JW_BOOL(&w, "replenishable", p->replenishable);
    KD_JW_BOOL(&w, "available", kd_stock_available(request->parts->catalog, p));
    KD_JW_STR(&w, "material", kd_json_text(kd_json_get(p->doc, "material")));
    if (kd_json_is(kd_json_get(p->doc, "attributes"), KD_JSON_OBJECT)) {
        kd_jw_key(&w, "attributes");
        kd_jw_node(&w, kd_json_get(p->doc, "attributes"));
    }
    write_variants(&w, p, s, request->parts->catalog);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, KD_OK, NULL);
}

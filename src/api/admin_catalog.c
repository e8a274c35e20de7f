/* Products, places, content, stock and prices. */
#include "api/caller.h"
#include "api/handlers.h"

#include <stdio.h>
#include <stdlib.h>

#include "catalog/query.h"
#include "base/map.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 500, NEIGHBOURS = 20, CHANGES_MAX = 10000 };

/* ---- lists --------------------------------------------------------------------------------------------------------------- */
typedef struct page_of { size_t limit, from; } page_of;

/* ?limit=, ?cursor= (the row to go on with); false when answered already. */
static bool read_page(page_of *out, kd_request *request)
{
    kd_str  limit = kd_request_query(request, "limit"), cursor = kd_request_query(request, "cursor");
    int64_t n = LIST_DEFAULT, from = 0;
    if (limit.len && (!kd_str_i64(&n, limit) || n < 1 || n > LIST_MAX)) {
        kd_reply_error(request, 400, "invalid", "limit must be a whole number from 1 to 500", "limit");
        return false;
    }
    if (cursor.len && (!kd_str_i64(&from, cursor) || from < 0 || from > UINT32_MAX)) {
        kd_reply_error(request, 400, "invalid", "not a cursor of this list", "cursor");
        return false;
    }
    *out = (page_of){ (size_t)n, (size_t)from };
    return true;
}

static void write_cursor(kd_jw *w, size_t next, size_t count)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", next);
    KD_JW_Z(w, "cursor", next < count ? text : NULL);
}

static void write_price(kd_jw *w, const kd_catalog *catalog, uint32_t variant_row)
{
    kd_price price;
    int64_t  minor;
    if (!kd_price_of(&price, catalog, variant_row) || !kd_money_from_micro(&minor, price.micro, price.currency))
        return;
    kd_jw_key(w, "price");
    kd_jw_fixed(w, minor, kd_currency_exponent(price.currency));
    if (price.list_micro != price.micro && kd_money_from_micro(&minor, price.list_micro, price.currency)) {
        kd_jw_key(w, "listPrice");
        kd_jw_fixed(w, minor, kd_currency_exponent(price.currency));
    }
    KD_JW_Z(w, "currency", price.currency.code);
}

static void write_summary(kd_jw *w, const kd_product *p, const kd_catalog *catalog)
{
    KD_JW_STR(w, "id", p->id);
    KD_JW_STR(w, "title", p->title);
    KD_JW_STR(w, "brand", p->brand);
    KD_JW_STR(w, "category", p->category);
    KD_JW_STR(w, "url", p->url);
    KD_JW_STR(w, "image", p->image);
    KD_JW_I64(w, "version", (int64_t)p->version);
    KD_JW_BOOL(w, "stub", p->stub);
    KD_JW_BOOL(w, "hidden", p->hidden);
    KD_JW_BOOL(w, "available", kd_stock_available(catalog, p));
    KD_JW_I64(w, "variantCount", p->variant_count);
    if (p->variant_count)
        write_price(w, catalog, p->variants[0].row);
}

/* ?q=, ?category=, ?available=: all that are given hold. */
typedef struct wanted { kd_query query; kd_str category; bool by_stock, available; const kd_catalog *catalog; } wanted;

static bool read_wanted(wanted *out, kd_request *request)
{
    kd_str available = kd_request_query(request, "available");
    *out = (wanted){ .category = kd_request_query(request, "category"), .by_stock = available.len > 0, .available = kd_str_is(available, "true"),
                     .catalog = request->parts->catalog };
    if (!out->by_stock || out->available || kd_str_is(available, "false"))
        return true;
    kd_reply_error(request, 400, "invalid", "available must be true or false", "available");
    return false;
}

static bool is_wanted(const wanted *w, const kd_product *p)
{
    return (w->category.len == 0 || kd_category_is_within(p->category, w->category)) && kd_query_matches(&w->query, p)
        && (!w->by_stock || kd_stock_available(w->catalog, p) == w->available);
}

/* One page, and how many there are in all: the catalogue is in memory, and a merchandiser wants to know. */
static void write_products_page(kd_jw *w, const kd_snapshot *s, const wanted *want, const page_of *page)
{
    uint32_t count = kd_snapshot_products(s), next = count;
    size_t   shown = 0, total = 0;
    kd_jw_key(w, "products");
    kd_jw_array(w);
    for (uint32_t row = 0; row < count; row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        kd_snapshot_walk_ahead(s, row);
        if (!is_wanted(want, p))
            continue;
        total++;
        if (row < page->from || shown == page->limit) {
            next = row >= page->from && row < next ? row : next;
            continue;
        }
        kd_jw_object(w);
        write_summary(w, p, want->catalog);
        kd_jw_object_end(w);
        shown++;
    }
    kd_jw_array_end(w);
    KD_JW_I64(w, "total", (int64_t)total);
    write_cursor(w, next, count);
}

void kd_admin_products_list(kd_request *request)
{
    const kd_snapshot *s;
    page_of            page;
    wanted             want;
    kd_jw              w;
    if (!kd_caller_require(request, KD_SEE) || !read_page(&page, request) || !read_wanted(&want, request))
        return;
    s = kd_snapshot_acquire(request->parts->catalog);
    kd_query_read(&want.query, kd_request_query(request, "q"), s);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    write_products_page(&w, s, &want, &page);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, KD_OK, NULL);
}

/* ---- categories --------------------------------------------------------------------------------------------------------- */
typedef struct category_count { kd_str path; uint32_t products; } category_count;

static int by_path(const void *a, const void *b)
{
    return kd_str_cmp(((const category_count *)a)->path, ((const category_count *)b)->path);
}

typedef struct category_list {
    kd_map         *rows;
    category_count *items;
    size_t          count, room;
    kd_arena       *arena;
} category_list;

static bool list_open(category_list *list, kd_arena *arena)
{
    *list = (category_list){ .rows = kd_map_new(256), .items = KD_NEW(arena, category_count, 256), .room = 256, .arena = arena };
    return list->rows && list->items;
}

static bool list_add(category_list *list, uint64_t key, kd_str path, uint32_t products)
{
    bool     is_new = false;
    uint32_t at = kd_map_put_new(list->rows, key, (uint32_t)list->count, &is_new);
    if (at == UINT32_MAX)
        return false;
    if (is_new && list->count == list->room) {
        category_count *more = KD_NEW(list->arena, category_count, list->room * 2);
        if (!more)
            return false;
        memcpy(more, list->items, list->room * sizeof *more);
        list->items = more;
        list->room *= 2;
    }
    if (is_new)
        list->items[list->count++] = (category_count){ path, 0 };
    list->items[at].products += products;
    return true;
}

/* Every level of a path: "Outdoor" and "Outdoor > Jackets". */
static bool add_levels(category_list *levels, const category_count *one)
{
    for (size_t len = 1; len <= one->path.len; len++) {
        kd_str level = { one->path.ptr, len };
        bool   whole = len == one->path.len || kd_str_starts((kd_str){ one->path.ptr + len, one->path.len - len }, " > ");
        if (whole && !list_add(levels, kd_ref_of(level), level, one->products))
            return false;
    }
    return true;
}

/* The catalogue keeps the text of a category once, so that its address will do to count by. NULL: out of memory. */
static category_count *count_categories(size_t *count, const kd_snapshot *s, kd_arena *arena)
{
    category_list paths = { 0 }, levels = { 0 };
    bool          ok = list_open(&paths, arena) && list_open(&levels, arena);
    for (uint32_t row = 0; ok && row < kd_snapshot_products(s); row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        kd_snapshot_walk_ahead(s, row);
        if (!p->hidden && p->category.len)
            ok = list_add(&paths, (uintptr_t)p->category.ptr, p->category, 1);
    }
    for (size_t i = 0; ok && i < paths.count; i++)
        ok = add_levels(&levels, &paths.items[i]);
    kd_map_free(paths.rows);
    kd_map_free(levels.rows);
    *count = levels.count;
    return ok ? levels.items : NULL;
}

void kd_admin_categories(kd_request *request)
{
    const kd_snapshot *s;
    category_count    *list;
    size_t             count;
    kd_err             err = { 0 };
    kd_jw              w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    s = kd_snapshot_acquire(request->parts->catalog);
    list = count_categories(&count, s, request->arena);
    if (list)
        qsort(list, count, sizeof *list, by_path);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "categories");
    kd_jw_array(&w);
    for (size_t i = 0; list && i < count; i++) {
        kd_jw_object(&w);
        KD_JW_STR(&w, "category", list[i].path);
        KD_JW_I64(&w, "products", list[i].products);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, list ? KD_OK : kd_fail_memory(&err), &err);
}

/* Documents of places and of content, as written. */
static void list_docs(kd_request *request, const char *name, bool places)
{
    const kd_snapshot *s;
    page_of            page;
    size_t             row, count;
    kd_jw              w;
    if (!kd_caller_require(request, KD_SEE) || !read_page(&page, request))
        return;
    s = kd_snapshot_acquire(request->parts->catalog);
    count = places ? kd_snapshot_places(s) : kd_snapshot_contents(s);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, name);
    kd_jw_array(&w);
    for (row = page.from; row < count && row < page.from + page.limit; row++) {
        const kd_json *doc = places ? kd_snapshot_place(s, (uint16_t)row)->doc : kd_snapshot_content(s, (uint32_t)row)->doc;
        kd_str         id = places ? kd_snapshot_place(s, (uint16_t)row)->id : kd_snapshot_content(s, (uint32_t)row)->id;
        kd_jw_object(&w);
        KD_JW_STR(&w, "id", id);
        kd_jw_key(&w, "document");
        if (doc)
            kd_jw_node(&w, doc);
        else
            kd_jw_null(&w);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    write_cursor(&w, row, count);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, KD_OK, NULL);
}

void kd_admin_places_list(kd_request *request)
{
    list_docs(request, "places", true);
}

void kd_admin_content_list(kd_request *request)
{
    list_docs(request, "content", false);
}

/* ---- one product ------------------------------------------------------------------------------------------------------------ */
static void write_stock(kd_jw *w, const kd_snapshot *s, const kd_catalog *catalog, uint32_t variant_row)
{
    int32_t total = kd_stock_total(catalog, variant_row);
    kd_jw_key(w, "stock");
    if (total == KD_STOCK_UNKNOWN)
        kd_jw_null(w);
    else
        kd_jw_i64(w, total);
    kd_jw_key(w, "stockAt");
    kd_jw_object(w);
    for (uint16_t i = 0; i < kd_snapshot_places(s); i++) {
        const kd_place *place = kd_snapshot_place(s, i);
        int32_t         units = kd_stock_at(catalog, variant_row, place->row);
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
        KD_JW_BOOL(w, "available", kd_stock_variant_available(catalog, p, i));
        write_price(w, catalog, v->row);
        write_stock(w, s, catalog, v->row);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_neighbours(kd_jw *w, const kd_model *model, const kd_snapshot *s, kd_ref product)
{
    static const char *const names[KD_RELATION_COUNT] = { [KD_RELATION_BOUGHT] = "bought", [KD_RELATION_VIEWED] = "viewed", [KD_RELATION_VIEWED_BOUGHT] = "viewedThenBought" };
    uint32_t item = model ? kd_model_find(model, product) : UINT32_MAX;
    kd_jw_key(w, "neighbours");
    kd_jw_object(w);
    for (int relation = 0; relation < KD_RELATION_COUNT && item != UINT32_MAX; relation++) {
        const kd_model_neighbour *list = NULL;
        size_t                    count = kd_model_neighbours(model, (kd_relation)relation, item, &list);
        kd_jw_key(w, names[relation]);
        kd_jw_array(w);
        for (size_t i = 0; i < count && i < NEIGHBOURS; i++) {
            const kd_product *p = kd_snapshot_find(s, kd_model_item(model, list[i].item));
            if (p == NULL)
                continue;
            kd_jw_object(w);
            KD_JW_STR(w, "productId", p->id);
            KD_JW_STR(w, "title", p->title);
            KD_JW_STR(w, "image", p->image);
            kd_jw_key(w, "score");
            kd_jw_f64(w, (double)list[i].score, 6);
            KD_JW_I64(w, "support", kd_model_support(model, (kd_relation)relation, &list[i]));
            kd_jw_object_end(w);
        }
        kd_jw_array_end(w);
    }
    kd_jw_object_end(w);
}

void kd_admin_product(kd_request *request)
{
    kd_parts          *parts = request->parts;
    const kd_snapshot *s;
    const kd_model    *model;
    const kd_product  *p;
    const kd_variant  *v;
    kd_jw              w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    s = kd_snapshot_acquire(parts->catalog);
    p = kd_snapshot_find_any(s, kd_ref_of(kd_request_segment(request, 3)), &v);
    if (p == NULL) {
        kd_reply_error(request, 404, "not_found", "there is no product or sku of this id", "");
        kd_snapshot_release(s);
        return;
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    write_summary(&w, p, parts->catalog);
    write_variants(&w, p, s, parts->catalog);
    model = kd_recommender_model(parts->recommender);
    write_neighbours(&w, model, s, p->ref);
    if (model)
        kd_model_release(model);
    kd_jw_key(&w, "document");
    if (p->doc)
        kd_jw_node(&w, p->doc);
    else
        kd_jw_null(&w);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, KD_OK, NULL);
}

/* ---- changes ------------------------------------------------------------------------------------------------------------------ */
/* The list of a body: the array itself, or the member `name` of an object. NULL when answered already. */
static const kd_json *read_list(kd_request *request, const char *name)
{
    const kd_json *json = kd_request_json(request, true);
    if (json && json->type == KD_JSON_OBJECT) {
        json = kd_json_get(json, name);
        if (!kd_json_is(json, KD_JSON_ARRAY)) {
            kd_reply_error(request, 400, "invalid", "the body must be an array, or an object with one", name);
            return NULL;
        }
    }
    if (json && json->count > CHANGES_MAX) {
        kd_reply_error(request, 413, "limit", "more than 10000 entries in one request", name);
        return NULL;
    }
    return json;
}

static void reply_changes(kd_request *request, const kd_str *ids, const kd_err *bad, size_t count, size_t refused)
{
    kd_jw w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_I64(&w, "accepted", (int64_t)(count - refused));
    kd_jw_key(&w, "refused");
    kd_jw_array(&w);
    for (size_t i = 0; i < count; i++) {
        if (bad[i].status == KD_OK)
            continue;
        kd_jw_object(&w);
        KD_JW_I64(&w, "index", (int64_t)i);
        KD_JW_STR(&w, "id", ids[i]);
        KD_JW_Z(&w, "field", bad[i].field);
        KD_JW_Z(&w, "reason", bad[i].msg);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

static void put_docs(kd_request *request, const char *kind, const char *name)
{
    const kd_json     *list;
    kd_catalog_change *changes;
    kd_err            *bad, err = { 0 };
    kd_str            *ids;
    size_t             count = 0, refused = 0;
    kd_status          status;
    if (!kd_caller_require(request, KD_EDIT_CATALOGUE) || (list = read_list(request, name)) == NULL)
        return;
    changes = KD_NEW(request->arena, kd_catalog_change, (size_t)list->count + 1);
    bad = KD_NEW(request->arena, kd_err, (size_t)list->count + 1);
    ids = KD_NEW(request->arena, kd_str, (size_t)list->count + 1);
    if (changes == NULL || bad == NULL || ids == NULL) {
        kd_reply_problem(request, kd_fail_memory(&err), &err);
        return;
    }
    for (const kd_json *node = list->child; node; node = node->next) {
        ids[count] = kd_json_text(kd_json_get(node, "id"));
        changes[count] = (kd_catalog_change){ .kind = kd_str_z(kind), .id = ids[count], .body = node };
        count++;
    }
    status = kd_catalog_put(request->parts->catalog, changes, count, request->now_ms, bad, &refused, &err);
    if (status == KD_OK)
        reply_changes(request, ids, bad, count, refused);
    else
        kd_reply_problem(request, status, &err);
}

void kd_admin_products_put(kd_request *request)
{
    put_docs(request, "product", "products");
}

void kd_admin_places_put(kd_request *request)
{
    put_docs(request, "place", "places");
}

void kd_admin_content_put(kd_request *request)
{
    put_docs(request, "content", "content");
}

void kd_admin_product_delete(kd_request *request)
{
    kd_catalog_change  change = { .kind = KD_STR("product"), .deleted = true };
    const kd_snapshot *s;
    const kd_product  *p;
    size_t             refused = 0;
    kd_err             bad = { 0 }, err = { 0 };
    kd_status          status;
    if (!kd_caller_require(request, KD_EDIT_CATALOGUE))
        return;
    change.id = kd_request_segment(request, 3);
    s = kd_snapshot_acquire(request->parts->catalog);
    p = kd_snapshot_find(s, kd_ref_of(change.id));
    status = p && !p->hidden ? KD_OK : kd_fail(&err, KD_NOT_FOUND, "there is no product of this id");
    kd_snapshot_release(s);
    if (status == KD_OK)
        status = kd_catalog_put(request->parts->catalog, &change, 1, request->now_ms, &bad, &refused, &err);
    if (status == KD_OK && refused)
        err = bad, status = bad.status;
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

/* ---- stock and prices --------------------------------------------------------------------------------------------------------- */
/* {"sku","place","stock",at?} or {"sku","site"?,"price"?,"salePrice"?,"currency",at?}: up to three levels. */
typedef struct level_row { const kd_json *node; const kd_snapshot *snapshot; kd_level *out; size_t *count; int64_t now_ms; } level_row;

static kd_status read_amount(const level_row *r, kd_level level, const char *name, kd_level_what what, kd_err *err)
{
    const kd_json *node = kd_json_get(r->node, name);
    if (node == NULL)
        return KD_OK;
    level.what = (uint8_t)what;
    if (!kd_micro_parse(&level.value, kd_json_text(node), false) || level.value < 0)
        return kd_fail_field(err, KD_INVALID, what == KD_LEVEL_PRICE ? "/price" : "/salePrice", "must be an amount that is not negative");
    if (!kd_currency_parse(&level.currency, kd_json_text(kd_json_get(r->node, "currency"))))
        return kd_fail_field(err, KD_INVALID, "/currency", "a price needs its currency, three letters of ISO 4217");
    r->out[(*r->count)++] = level;
    return KD_OK;
}

static kd_status read_units(const level_row *r, kd_level level, kd_err *err)
{
    const kd_json  *node = kd_json_get(r->node, "stock");
    kd_str          place = kd_json_text(kd_json_get(r->node, "place"));
    if (node == NULL)
        return KD_OK;
    level.what = KD_LEVEL_STOCK;
    level.place = kd_ref_of(place);
    if (!kd_json_i64(&level.value, node) || level.value < 0 || level.value > INT32_MAX)
        return kd_fail_field(err, KD_INVALID, "/stock", "must be a whole number of units that is not negative");
    if (place.len && kd_snapshot_place_find(r->snapshot, level.place) == NULL)
        return kd_fail_field(err, KD_INVALID, "/place", "there is no place of this id");
    r->out[(*r->count)++] = level;
    return KD_OK;
}

static kd_status read_level(const level_row *r, kd_err *err)
{
    kd_str            sku = kd_json_text(kd_json_get(r->node, "sku")), at = kd_json_text(kd_json_get(r->node, "at"));
    const kd_variant *variant = NULL;
    const kd_product *product = sku.len ? kd_snapshot_find_any(r->snapshot, kd_ref_of(sku), &variant) : NULL;
    kd_level          level = { .at_ms = r->now_ms };
    kd_status         status;
    if (product && variant == NULL && product->variant_count == 1)
        variant = &product->variants[0];
    if (variant == NULL)
        return kd_fail_field(err, KD_INVALID, "/sku", product ? "names a product of several variants; name the variant" : "there is no variant of this sku");
    if (at.len && !kd_time_parse(&level.at_ms, at, 0))
        return kd_fail_field(err, KD_INVALID, "/at", "is no ISO 8601 time");
    level.variant = variant->ref;
    if (!kd_json_get(r->node, "stock") && !kd_json_get(r->node, "price") && !kd_json_get(r->node, "salePrice"))
        return kd_fail_field(err, KD_INVALID, "/stock", "nothing to set: stock, price or salePrice");
    status = read_units(r, level, err);
    level.place = kd_ref_of(kd_json_text(kd_json_get(r->node, "site")));
    if (status == KD_OK)
        status = read_amount(r, level, "price", KD_LEVEL_PRICE, err);
    if (status == KD_OK)
        status = read_amount(r, level, "salePrice", KD_LEVEL_SALE_PRICE, err);
    return status;
}

void kd_admin_levels_put(kd_request *request)
{
    const kd_json *list;
    kd_level      *levels;
    kd_str        *skus;
    kd_err        *bad, err = { 0 };
    size_t         count = 0, rows = 0, refused = 0;
    kd_status      status;
    level_row      row = { .now_ms = request->now_ms, .count = &count };
    if (!kd_caller_require(request, KD_EDIT_CATALOGUE) || (list = read_list(request, "levels")) == NULL)
        return;
    levels = KD_NEW(request->arena, kd_level, (size_t)list->count * 3 + 1);
    bad = KD_NEW(request->arena, kd_err, (size_t)list->count + 1);
    skus = KD_NEW(request->arena, kd_str, (size_t)list->count + 1);
    if (levels == NULL || bad == NULL || skus == NULL) {
        kd_reply_problem(request, kd_fail_memory(&err), &err);
        return;
    }
    row.out = levels;
    row.snapshot = kd_snapshot_acquire(request->parts->catalog);
    for (row.node = list->child; row.node; row.node = row.node->next, rows++) {
        size_t before = count;
        skus[rows] = kd_json_text(kd_json_get(row.node, "sku"));
        if (read_level(&row, &bad[rows]) != KD_OK) {
            count = before; /* a row goes in whole or not at all */
            refused++;
        }
    }
    kd_snapshot_release(row.snapshot);
    status = count ? kd_catalog_levels_put(request->parts->catalog, levels, count, &err) : KD_OK;
    if (status == KD_OK)
        reply_changes(request, skus, bad, rows, refused);
    else
        kd_reply_problem(request, status, &err);
}

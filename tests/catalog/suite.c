#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void open_catalog(shop *s)
{
    kd_err err = { 0 };
    if (kd_reader_open(&s->reader, s->store, &err) != KD_OK || kd_catalog_open(&s->catalog, s->store, s->reader, kd_clock_at(&s->now_ms), &err) != KD_OK)
        fail_msg("open: %s", err.msg);
}

void shop_open(shop *s)
{
    kd_err err = { 0 };
    char   path[128];
    *s = (shop){ .now_ms = INT64_C(1790000000000) };
    snprintf(s->dir, sizeof s->dir, "/tmp/kunde-catalog-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(path, sizeof path, "%s/shop.db", s->dir);
    const kd_store_options options = { .path = path, .create = true };
    if (kd_store_open(&s->store, &options, &err) != KD_OK)
        fail_msg("open the store: %s", err.msg);
    s->arena = kd_arena_new(SIZE_MAX / 4);
    open_catalog(s);
}

void shop_reopen(shop *s)
{
    kd_catalog_close(s->catalog);
    kd_reader_close(s->reader);
    open_catalog(s);
}

void shop_close(shop *s)
{
    char command[128];
    kd_catalog_close(s->catalog);
    kd_reader_close(s->reader);
    kd_store_close(s->store);
    kd_arena_free(s->arena);
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    assert_int_equal(system(command), 0);
}

static kd_status put_change(shop *s, const kd_catalog_change *change, kd_err *bad)
{
    kd_err          err = { 0 }, own = { 0 };
    size_t          refused = 0;
    const kd_status status = kd_catalog_put(s->catalog, change, 1, s->now_ms, bad ? bad : &own, &refused, &err);
    if (status != KD_OK)
        fail_msg("put: %s", err.msg);
    assert_int_equal(refused, (bad ? bad : &own)->status != KD_OK);
    return (bad ? bad : &own)->status;
}

static const kd_json *parsed(shop *s, const char *json)
{
    const kd_json *body = NULL;
    kd_err         err = { 0 };
    if (kd_json_parse(&body, s->arena, json, strlen(json), &err) != KD_OK)
        fail_msg("the test's own JSON: %s: %s", err.msg, json);
    return body;
}

kd_status shop_put(shop *s, const char *kind, const char *json, kd_err *bad)
{
    return put_change(s, &(kd_catalog_change){ .kind = kd_str_z(kind), .body = parsed(s, json) }, bad);
}

kd_status shop_stub(shop *s, kd_str id, kd_str name, bool claimed, kd_err *err)
{
    const kd_stub stub = { id, name, claimed };
    return kd_catalog_stubs(s->catalog, &stub, 1, s->now_ms, err);
}

void shop_must_put(shop *s, const char *kind, const char *json)
{
    kd_err bad = { 0 };
    if (shop_put(s, kind, json, &bad) != KD_OK)
        fail_msg("%s %s: %s", bad.field, bad.msg, json);
}

kd_status shop_merge(shop *s, const char *json)
{
    return put_change(s, &(kd_catalog_change){ .kind = KD_STR("product"), .body = parsed(s, json), .merge = true }, NULL);
}

kd_status shop_delete(shop *s, const char *kind, const char *id)
{
    return put_change(s, &(kd_catalog_change){ .kind = kd_str_z(kind), .id = kd_str_z(id), .deleted = true }, NULL);
}

static void put_level(shop *s, kd_level level)
{
    kd_err err = { 0 };
    level.at_ms = s->now_ms;
    if (kd_catalog_levels_put(s->catalog, &level, 1, &err) != KD_OK)
        fail_msg("level: %s", err.msg);
}

void shop_stock(shop *s, const char *sku, const char *place, int64_t units)
{
    put_level(s, (kd_level){ .variant = kd_ref_of(kd_str_z(sku)), .place = kd_ref_of(kd_str_z(place)), .what = KD_LEVEL_STOCK, .value = units });
}

void shop_price(shop *s, kd_level_what what, const char *sku, const char *amount, const char *currency)
{
    kd_level level = { .variant = kd_ref_of(kd_str_z(sku)), .what = (uint8_t)what };
    assert_true(kd_micro_parse(&level.value, kd_str_z(amount), false));
    snprintf(level.currency.code, sizeof level.currency.code, "%s", currency);
    put_level(s, level);
}

const kd_product *shop_product(const kd_snapshot *snapshot, const char *id)
{
    return kd_snapshot_find(snapshot, kd_ref_of(kd_str_z(id)));
}

bool has_attr(const kd_snapshot *s, const kd_product_attr *attrs, size_t count, const char *name, const char *value)
{
    const uint16_t number = kd_snapshot_attribute_by_name(s, kd_str_z(name));
    for (size_t i = 0; i < count; i++)
        if (number != 0 && attrs[i].attribute == number && kd_str_is(kd_snapshot_value_text(s, attrs[i].value), value))
            return true;
    return false;
}

/* ---- the state as text: one line a thing, sorted ---- */

typedef struct lines { kd_str *items; size_t count, cap; } lines;

static void add_line(lines *all, const kd_buf *line)
{
    assert_false(line->failed);
    if (all->count == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 256;
        all->items = realloc(all->items, all->cap * sizeof *all->items);
        assert_non_null(all->items);
    }
    all->items[all->count++] = kd_buf_str(line);
}

static void print_attrs(kd_buf *b, const kd_snapshot *s, const kd_product_attr *attrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kd_buf_add_z(b, i ? "," : " [");
        kd_buf_add_str(b, kd_snapshot_attribute_name(s, attrs[i].attribute));
        kd_buf_add_z(b, "=");
        kd_buf_add_str(b, kd_snapshot_value_text(s, attrs[i].value));
    }
    kd_buf_add_z(b, count ? "]" : " []");
}

static void print_json(kd_buf *b, const kd_json *node)
{
    kd_jw w;
    kd_jw_init(&w, b);
    if (node)
        kd_jw_node(&w, node);
}

static void print_variant(kd_buf *b, const kd_catalog *catalog, const kd_snapshot *s, const kd_product *p, const kd_variant *v)
{
    const kd_variant *found = NULL;
    const kd_product *owner = kd_snapshot_find_any(s, v->ref, &found);
    kd_price          price = { 0 };
    kd_buf_addf(b, "\n  %.*s %.*s/%.*s %.*s %.*s oos=%d", (int)v->sku.len, v->sku.ptr, (int)v->size.len, v->size.ptr, (int)v->color.len, v->color.ptr,
                (int)v->image.len, v->image.ptr, (int)v->gtin.len, v->gtin.ptr, v->out_of_stock);
    print_attrs(b, s, v->attrs, v->attr_count);
    print_json(b, v->doc);
    kd_buf_addf(b, " owner=%.*s", owner ? (int)owner->id.len : 0, owner ? owner->id.ptr : "");
    if (kd_price_of(&price, catalog, v->row))
        kd_buf_addf(b, " price=%lld/%lld%s", (long long)price.micro, (long long)price.list_micro, price.currency.code);
    kd_buf_addf(b, " total=%d available=%d", kd_stock_total(catalog, v->row), kd_stock_variant_available(catalog, p, (uint16_t)(v - p->variants)));
    for (char id = 'a'; id <= 'e'; id++) {
        const kd_place *place = kd_snapshot_place_find(s, kd_ref_of((kd_str){ &id, 1 }));
        if (place)
            kd_buf_addf(b, " %c:%d", id, kd_stock_at(catalog, v->row, place->row));
    }
}

static void print_product(kd_buf *b, const kd_catalog *catalog, const kd_snapshot *s, const kd_product *p)
{
    kd_buf_addf(b, "P %.*s v%llu stub=%d claimed=%d hidden=%d repl=%d dig=%d single=%d t=%.*s b=%.*s c=%.*s at=%lld", (int)p->id.len, p->id.ptr,
                (unsigned long long)p->version, p->stub, p->claimed, p->hidden, p->replenishable, p->digital, p->single, (int)p->title.len, p->title.ptr,
                (int)p->brand.len, p->brand.ptr, (int)p->category.len, p->category.ptr, (long long)p->created_ms);
    print_attrs(b, s, p->attrs, p->attr_count);
    print_json(b, p->doc);
    for (uint16_t i = 0; i < p->variant_count; i++)
        print_variant(b, catalog, s, p, &p->variants[i]);
}

static int compare_lines(const void *a, const void *b)
{
    return kd_str_cmp(*(const kd_str *)a, *(const kd_str *)b);
}

kd_str shop_state(shop *s, kd_catalog *catalog)
{
    const kd_snapshot *snapshot = kd_snapshot_acquire(catalog);
    lines              all = { 0 };
    kd_buf             out;
    for (uint32_t row = 0; row < kd_snapshot_products(snapshot); row++) {
        const kd_product *p = kd_snapshot_product(snapshot, row);
        kd_buf            line;
        assert_non_null(p);
        assert_int_equal(p->row, row);
        assert_ptr_equal(kd_snapshot_find(snapshot, p->ref), p);
        kd_buf_init(&line, s->arena);
        print_product(&line, catalog, snapshot, p);
        add_line(&all, &line);
    }
    for (uint16_t row = 0; row < kd_snapshot_places(snapshot); row++) {
        const kd_place *p = kd_snapshot_place(snapshot, row);
        kd_buf          line;
        kd_buf_init(&line, s->arena);
        kd_buf_addf(&line, "L %.*s closed=%d ", (int)p->id.len, p->id.ptr, p->closed);
        print_json(&line, p->doc);
        add_line(&all, &line);
    }
    for (uint32_t row = 0; row < kd_snapshot_contents(snapshot); row++) {
        const kd_content *c = kd_snapshot_content(snapshot, row);
        kd_buf            line;
        kd_buf_init(&line, s->arena);
        kd_buf_addf(&line, "C %.*s hidden=%d ", (int)c->id.len, c->id.ptr, c->hidden);
        print_attrs(&line, snapshot, c->attrs, c->attr_count);
        print_json(&line, c->doc);
        add_line(&all, &line);
    }
    for (int code = 10000; code < 10020; code++) {
        char            text[12];
        double          km = -1;
        kd_buf          line;
        snprintf(text, sizeof text, "%d", code);
        const kd_place *near = kd_snapshot_nearest(snapshot, KD_STR("DE"), kd_str_z(text), &km);
        kd_buf_init(&line, s->arena);
        kd_buf_addf(&line, "N %s %.*s %.3f", text, near ? (int)near->id.len : 1, near ? near->id.ptr : "-", km);
        add_line(&all, &line);
    }
    qsort(all.items, all.count, sizeof *all.items, compare_lines);
    kd_buf_init(&out, s->arena);
    kd_buf_addf(&out, "version %llu\n", (unsigned long long)kd_snapshot_version(snapshot));
    for (size_t i = 0; i < all.count; i++) {
        kd_buf_add_str(&out, all.items[i]);
        kd_buf_add_z(&out, "\n");
    }
    free(all.items);
    kd_snapshot_release(snapshot);
    assert_false(out.failed);
    return kd_str_copy(s->arena, kd_buf_str(&out));
}

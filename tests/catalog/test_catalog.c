#include "suite.h"
#include <stdio.h>
#include "catalog/image.h"

static const char jacket[] =
    "{\"id\":\"jacket\",\"title\":\"Rain jacket\",\"description\":\"Keeps \\\"you\\\" dry\\nall day\",\"url\":\"https://shop.example/jacket\","
    "\"image\":\"/i/jacket.svg\",\"brand\":\"Fjord\",\"category\":\"Outdoor>Jackets > Rain\",\"price\":89.95,\"currency\":\"EUR\","
    "\"attributes\":{\"style\":\"sporty\",\"fabric\":[\"nylon\",\"wool\"],\"washing\":\"30\"},\"taste\":[\"fabric\"],"
    "\"variants\":[{\"sku\":\"j-s\",\"size\":\"S\",\"color\":\"navy\",\"stock\":{\"a\":2,\"b\":0}},"
    "{\"sku\":\"j-m\",\"size\":\"M\",\"color\":\"navy\",\"stock\":0,\"price\":99.95,\"gtin\":4006381333931,\"attributes\":{\"cut\":\"long\"}}]}";

static void test_product(void **state)
{
    shop s;
    (void)state;
    shop_open(&s);
    shop_must_put(&s, "product", jacket);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const kd_product  *p = shop_product(t, "jacket");
    const kd_variant  *v = NULL;
    kd_price           price;
    assert_non_null(p);
    assert_true(kd_str_is(p->title, "Rain jacket") && kd_str_is(p->brand, "Fjord") && kd_str_is(p->category, "Outdoor > Jackets > Rain"));
    assert_true(kd_str_is(p->description, "Keeps \"you\" dry\nall day"));
    assert_int_equal(p->created_ms, s.now_ms);
    assert_true(!p->stub && !p->hidden && !p->single && p->version == kd_snapshot_version(t) && p->version != 0);
    assert_int_equal(p->variant_count, 2);
    /* every level of the category; the colour both variants share; marked and built-in attributes; not the others */
    static const char *const expected[][2] = { { "category", "Outdoor" }, { "category", "Outdoor > Jackets" }, { "category", "Outdoor > Jackets > Rain" },
                                               { "brand", "Fjord" }, { "color", "navy" }, { "style", "sporty" }, { "fabric", "nylon" }, { "fabric", "wool" },
                                               { "price_band", "Outdoor 68-100 EUR" } };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!has_attr(t, p->attrs, p->attr_count, expected[i][0], expected[i][1]))
            fail_msg("lacks %s=%s", expected[i][0], expected[i][1]);
    assert_int_equal(p->attr_count, sizeof expected / sizeof *expected);
    for (uint16_t i = 1; i < p->attr_count; i++)
        assert_true(p->attrs[i - 1].attribute <= p->attrs[i].attribute);
    assert_int_equal(kd_snapshot_attribute_by_name(t, KD_STR("washing")), 0);
    assert_int_equal(kd_snapshot_attribute_by_name(t, KD_STR("Colour")), KD_ATTR_COLOR);
    assert_true(kd_str_is(kd_snapshot_attribute_name(t, KD_ATTR_COLOR), "color"));
    assert_true(kd_snapshot_attribute_by_name(t, KD_STR("fabric")) >= KD_ATTR_FIRST_CUSTOM);
    /* variants */
    assert_ptr_equal(kd_snapshot_find_any(t, kd_ref_of(KD_STR("j-m")), &v), p);
    assert_ptr_equal(v, &p->variants[1]);
    assert_true(kd_str_is(v->size, "M") && kd_str_is(v->gtin, "4006381333931") && kd_json_get(v->doc, "attributes"));
    assert_int_equal(v->attr_count, 2);
    assert_true(has_attr(t, v->attrs, v->attr_count, "size", "M") && has_attr(t, v->attrs, v->attr_count, "cut", "long"));
    assert_ptr_equal(kd_snapshot_find_any(t, p->ref, &v), p);
    assert_null(v);
    assert_null(kd_snapshot_find_any(t, kd_ref_of(KD_STR("nobody")), &v));
    assert_null(kd_snapshot_find_any(t, 0, &v));
    /* levels */
    assert_true(kd_price_of(&price, s.catalog, p->variants[0].row));
    assert_true(price.micro == 89950000 && price.list_micro == 89950000 && strcmp(price.currency.code, "EUR") == 0);
    assert_true(kd_price_of(&price, s.catalog, p->variants[1].row) && price.micro == 99950000);
    assert_int_equal(kd_stock_total(s.catalog, p->variants[0].row), 2);
    assert_true(kd_stock_variant_available(s.catalog, p, 0) && !kd_stock_variant_available(s.catalog, p, 1));
    assert_true(kd_stock_available(s.catalog, p));
    assert_null(kd_json_get(p->doc, "price"));
    assert_true(kd_str_is(kd_json_text(kd_json_path(p->doc, "attributes.washing")), "30"));
    kd_snapshot_release(t);
    shop_close(&s);
}

static void test_availability(void **state)
{
    static const struct { const char *json; int32_t total; bool available; } cases[] = {
        { "{\"id\":\"p\",\"title\":\"T\"}", KD_STOCK_UNKNOWN, true },
        { "{\"id\":\"p\",\"title\":\"T\",\"availability\":\"out_of_stock\"}", KD_STOCK_UNKNOWN, false },
        { "{\"id\":\"p\",\"title\":\"T\",\"availability\":\"out_of_stock\",\"digital\":true}", KD_STOCK_UNKNOWN, true },
        { "{\"id\":\"p\",\"title\":\"T\",\"stock\":0}", 0, false },
        { "{\"id\":\"p\",\"title\":\"T\",\"stock\":\"5.00\",\"availability\":\"out_of_stock\"}", 5, true },
        { "{\"id\":\"p\",\"title\":\"T\",\"stock\":{\"a\":-3,\"b\":2,\"c\":0}}", 2 + 5, true }, /* the 5 of the nameless place is still there */
    };
    shop s;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shop_must_put(&s, "product", cases[i].json);
        const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
        const kd_product  *p = shop_product(t, "p");
        assert_true(p->single && p->variant_count == 1 && kd_str_is(p->variants[0].sku, "p"));
        assert_int_equal(kd_stock_total(s.catalog, p->variants[0].row), cases[i].total);
        assert_int_equal(kd_stock_available(s.catalog, p), cases[i].available);
        kd_snapshot_release(t);
    }
    shop_close(&s);
}

/* Stock and stubs: no rebuild, counted in objects made and chunks copied. */
static void test_a_delta_copies_what_it_changes(void **state)
{
    shop             s;
    kd_catalog_stats before, after;
    kd_err           err = { 0 };
    char             json[128];
    (void)state;
    shop_open(&s);
    for (int i = 0; i < 1000; i++) {
        snprintf(json, sizeof json, "{\"id\":\"p%d\",\"title\":\"T\",\"price\":\"20 EUR\",\"stock\":1}", i);
        if (i % 100 == 0 || i == 999)
            shop_must_put(&s, "product", json);
    }
    kd_catalog_get_stats(&before, s.catalog);
    const kd_snapshot *old = kd_snapshot_acquire(s.catalog);
    const kd_product  *p = shop_product(old, "p100");
    shop_stock(&s, "p100", "", 7);
    shop_stock(&s, "p100", "a", 2);
    shop_price(&s, KD_LEVEL_PRICE, "p100", "21", "EUR"); /* still in its band */
    shop_price(&s, KD_LEVEL_SALE_PRICE, "p100", "18", "EUR");
    assert_int_equal(kd_stock_total(s.catalog, p->variants[0].row), 9); /* seen through the old snapshot at once */
    kd_catalog_get_stats(&after, s.catalog);
    assert_int_equal(after.published, before.published);
    assert_int_equal(after.chunks_copied, before.chunks_copied);
    assert_int_equal(after.objects_made, before.objects_made);
    shop_price(&s, KD_LEVEL_PRICE, "p100", "50", "EUR"); /* out of it: one object, one chunk */
    kd_catalog_get_stats(&after, s.catalog);
    assert_int_equal(after.objects_made, before.objects_made + 1);
    assert_int_equal(after.chunks_copied, before.chunks_copied + 1);
    assert_int_equal(shop_stub(&s, KD_STR("new"), KD_STR("New thing"), false, &err), KD_OK);
    kd_catalog_get_stats(&after, s.catalog);
    assert_int_equal(after.objects_made, before.objects_made + 2);
    assert_int_equal(after.chunks_copied, before.chunks_copied + 3); /* its products, and who owns its sku */
    assert_int_equal(shop_stub(&s, KD_STR("new"), KD_STR("New thing"), false, &err), KD_OK);
    shop_must_put(&s, "product", "{\"id\":\"p200\",\"title\":\"T\",\"price\":\"20 EUR\",\"stock\":1}"); /* says nothing new */
    const kd_catalog_stats known = after;
    kd_catalog_get_stats(&after, s.catalog);
    assert_int_equal(after.published, known.published);
    assert_int_equal(after.objects_made, known.objects_made);
    assert_null(shop_product(old, "new")); /* a snapshot never changes */
    assert_true(has_attr(old, p->attrs, p->attr_count, "price_band", "15-22 EUR"));
    kd_snapshot_release(old);
    shop_close(&s);
}

static kd_catalog_stats stats_of(const shop *s)
{
    kd_catalog_stats stats;
    kd_catalog_get_stats(&stats, s->catalog);
    return stats;
}

/* Claims of `count` products nobody has heard of, as a script with the write key makes them up. */
static void flood(shop *s, const char *prefix, unsigned from, unsigned count)
{
    enum { AT_ONCE = 2500 };
    static char    ids[AT_ONCE][24];
    static kd_stub stubs[AT_ONCE];
    kd_err         err = { 0 };
    for (unsigned done = 0; done < count;) {
        size_t n = 0;
        for (; n < AT_ONCE && done < count; n++, done++) {
            snprintf(ids[n], sizeof ids[n], "%s%u", prefix, from + done);
            stubs[n] = (kd_stub){ kd_str_z(ids[n]), { NULL, 0 }, true };
        }
        assert_int_equal(kd_catalog_stubs(s->catalog, stubs, n, s->now_ms, &err), KD_OK);
    }
}

static bool is_named(shop *s, const char *id)
{
    const kd_snapshot *t = kd_snapshot_acquire(s->catalog);
    const kd_product  *p = shop_product(t, id);
    const bool         named = p && !p->hidden;
    kd_snapshot_release(t);
    return named;
}

static void test_claimed_stubs(void **state)
{
    shop   s;
    kd_err err = { 0 };
    (void)state;
    shop_open(&s);
    assert_int_equal(shop_stub(&s, KD_STR("x"), KD_STR("X"), true, &err), KD_OK);
    assert_true(stats_of(&s).stubs == 1 && stats_of(&s).claimed_stubs == 1);
    shop_reopen(&s);
    assert_true(stats_of(&s).stubs == 1 && stats_of(&s).claimed_stubs == 1);
    const kd_stub both[] = { { KD_STR("y"), KD_STR("claimed"), true }, { KD_STR("y"), KD_STR("Y"), false }, { KD_STR("x"), KD_STR("proven"), false } };
    assert_int_equal(kd_catalog_stubs(s.catalog, both, 3, s.now_ms, &err), KD_OK);
    assert_true(stats_of(&s).stubs == 2 && stats_of(&s).claimed_stubs == 0); /* a proven event takes the doubt away */
    assert_int_equal(shop_stub(&s, KD_STR("x"), KD_STR("once more"), true, &err), KD_OK); /* and no claim brings it back */
    shop_reopen(&s);
    assert_true(stats_of(&s).stubs == 2 && stats_of(&s).claimed_stubs == 0);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    assert_true(kd_str_is(shop_product(t, "y")->title, "Y") && kd_str_is(shop_product(t, "x")->title, "proven"));
    assert_int_equal(kd_snapshot_described(t), 0);
    kd_snapshot_release(t);
    shop_must_put(&s, "product", "{\"id\":\"z\",\"title\":\"Z\"}");
    assert_int_equal(shop_stub(&s, KD_STR("w"), KD_STR("W"), true, &err), KD_OK);
    shop_must_put(&s, "product", "{\"id\":\"w\",\"title\":\"W\"}"); /* described: it is a product now, and the newest */
    shop_must_put(&s, "product", "{\"id\":\"z\",\"title\":\"Z2\"}");
    t = kd_snapshot_acquire(s.catalog);
    assert_int_equal(kd_snapshot_described(t), 2);
    assert_true(kd_str_is(kd_snapshot_described_product(t, 0)->title, "Z2") && kd_str_is(kd_snapshot_described_product(t, 1)->title, "W"));
    assert_int_equal(stats_of(&s).claimed_stubs, 0);
    kd_snapshot_release(t);
    shop_close(&s);
}

/* Invented ids fill their own room, day after day, and nothing else; what is looked at again and again stays. */
static void test_a_flood_of_claims(void **state)
{
    enum { ROOM = 10000, ROWS = 50000 };
    shop   s;
    kd_err err = { 0 };
    (void)state;
    shop_open(&s);
    shop_must_put(&s, "product", "{\"id\":\"real\",\"title\":\"Real\"}");
    for (int i = 0; i < 5; i++)
        flood(&s, "loved-", 0, 100);
    flood(&s, "junk-", 0, ROOM + 5000);
    assert_int_equal(stats_of(&s).claimed_stubs, ROOM);
    assert_int_equal(stats_of(&s).claims_left_out, 5100);
    const uint64_t published = stats_of(&s).published;
    flood(&s, "more-", 0, 5000);
    assert_int_equal(stats_of(&s).published, published); /* nothing is written for them */
    assert_int_equal(shop_stub(&s, KD_STR("till"), KD_STR("Till"), false, &err), KD_OK); /* what is proven has its own room */
    assert_true(is_named(&s, "till"));
    const size_t bytes = kd_catalog_bytes(s.catalog);
    for (int day = 1; day < 20; day++) { /* more than the rows are enough for */
        s.now_ms += KD_DAY_MS;
        flood(&s, "loved-", 0, 100);
        flood(&s, "new-", (unsigned)day * 20000, 3000);
        assert_true(stats_of(&s).claimed_stubs <= ROOM);
        assert_true(is_named(&s, "real") && is_named(&s, "till"));
        assert_true(is_named(&s, "loved-7"));
        if (day == 7)
            assert_false(is_named(&s, "junk-7") && is_named(&s, "junk-5000") && is_named(&s, "junk-9800"));
    }
    assert_true(stats_of(&s).products <= ROWS + 2);
    assert_true(kd_catalog_bytes(s.catalog) < bytes * 6);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    assert_int_equal(kd_snapshot_described(t), 1);
    kd_snapshot_release(t);
    shop_reopen(&s); /* the dropped ones left nothing behind */
    assert_true(stats_of(&s).claimed_stubs <= ROOM && stats_of(&s).products == stats_of(&s).claimed_stubs + 2);
    assert_true(is_named(&s, "loved-7"));
    s.now_ms += 32 * KD_DAY_MS;
    flood(&s, "late-", 0, ROOM); /* when room is asked for, what nobody named for 30 days goes */
    assert_false(is_named(&s, "loved-7"));
    assert_true(is_named(&s, "late-7") && is_named(&s, "real") && is_named(&s, "till"));
    assert_int_equal(shop_stub(&s, KD_STR("loved-7"), KD_STR("Back"), false, &err), KD_OK);
    assert_true(is_named(&s, "loved-7"));
    shop_close(&s);
}

static void test_stubs(void **state)
{
    shop              s;
    kd_err            err = { 0 };
    const kd_variant *v = NULL;
    char              longest[300];
    (void)state;
    shop_open(&s);
    memset(longest, 'x', sizeof longest);
    assert_int_equal(shop_stub(&s, KD_STR(""), KD_STR("n"), false, &err), KD_INVALID);
    assert_int_equal(shop_stub(&s, KD_STR("a\nb"), KD_STR("n"), false, &err), KD_INVALID);
    assert_int_equal(shop_stub(&s, (kd_str){ longest, sizeof longest }, KD_STR("n"), false, &err), KD_INVALID);
    const kd_stub several[] = { { KD_STR("x"), KD_STR("X"), false }, { KD_STR("\x80"), KD_STR("bad"), false }, { KD_STR("x"), KD_STR("again"), false },
                                { KD_STR("j-m"), KD_STR(""), false } };
    assert_int_equal(kd_catalog_stubs(s.catalog, several, 4, s.now_ms, &err), KD_INVALID);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    assert_int_equal(kd_snapshot_products(t), 2);
    const kd_product *p = shop_product(t, "x");
    assert_true(p->stub && p->version == 0 && kd_str_is(p->title, "X") && p->variant_count == 1 && p->single);
    assert_true(kd_str_is(shop_product(t, "j-m")->title, "j-m"));
    kd_snapshot_release(t);
    /* the stub was a sku all along: once its product is described, the sku leads there */
    s.now_ms += 1000;
    shop_must_put(&s, "product", jacket);
    shop_must_put(&s, "product", "{\"id\":\"x\",\"title\":\"Described\"}");
    t = kd_snapshot_acquire(s.catalog);
    assert_true(kd_str_is(kd_snapshot_find_any(t, kd_ref_of(KD_STR("j-m")), &v)->id, "jacket"));
    assert_true(kd_str_is(v->sku, "j-m"));
    p = shop_product(t, "x");
    assert_true(!p->stub && p->version != 0 && p->created_ms == s.now_ms - 1000 && kd_str_is(p->title, "Described"));
    kd_catalog_stats stats;
    kd_catalog_get_stats(&stats, s.catalog);
    assert_int_equal(stats.stubs, 1);
    kd_snapshot_release(t);
    shop_close(&s);
}

static void test_delete_and_merge(void **state)
{
    shop              s;
    const kd_variant *v = NULL;
    (void)state;
    shop_open(&s);
    assert_int_equal(shop_delete(&s, "product", "jacket"), KD_NOT_FOUND);
    shop_must_put(&s, "product", jacket);
    assert_int_equal(shop_merge(&s, "{\"id\":\"jacket\",\"brand\":\"Fell\",\"variants\":[{\"sku\":\"j-m\",\"size\":\"M long\"},{\"sku\":\"j-l\",\"size\":\"L\"}]}"), KD_OK);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const kd_product  *p = shop_product(t, "jacket");
    assert_int_equal(p->variant_count, 3);
    assert_true(kd_str_is(p->brand, "Fell") && kd_str_is(p->title, "Rain jacket"));
    assert_non_null(kd_snapshot_find_any(t, kd_ref_of(KD_STR("j-s")), &v));
    assert_true(kd_str_is(v->size, "S"));
    assert_non_null(kd_snapshot_find_any(t, kd_ref_of(KD_STR("j-m")), &v));
    assert_true(kd_str_is(v->size, "M long"));
    kd_snapshot_release(t);
    assert_int_equal(shop_merge(&s, "{\"id\":\"other\",\"brand\":\"B\"}"), KD_INVALID); /* nothing below: it needs a title */
    assert_int_equal(shop_delete(&s, "product", "jacket"), KD_OK);
    t = kd_snapshot_acquire(s.catalog);
    p = shop_product(t, "jacket");
    assert_true(p->hidden && kd_str_is(p->title, "Rain jacket")); /* an order of last year still says what it was */
    assert_ptr_equal(kd_snapshot_find_any(t, kd_ref_of(KD_STR("j-l")), &v), p);
    kd_snapshot_release(t);
    assert_int_equal(shop_delete(&s, "product", "jacket"), KD_OK); /* and again: nothing */
    shop_must_put(&s, "product", jacket);
    t = kd_snapshot_acquire(s.catalog);
    assert_true(!shop_product(t, "jacket")->hidden);
    assert_null(kd_snapshot_find_any(t, kd_ref_of(KD_STR("j-l")), &v)); /* replaced, not merged: gone */
    kd_snapshot_release(t);
    shop_close(&s);
}

/* One batch: the later word on a document counts, bad ones are named, and one snapshot comes of it. */
static void test_batch(void **state)
{
    static const struct { const char *kind, *json; bool merge, deleted, bad; } all[] = {
        { "product", "{\"id\":\"a\",\"title\":\"A1\",\"price\":\"1 EUR\"}", false, false, false },
        { "product", "{\"id\":\"b\",\"title\":\"B\",\"price\":\"1\"}", false, false, true },
        { "product", "{\"id\":\"a\",\"title\":\"A2\",\"price\":\"2 EUR\",\"variants\":[{\"sku\":\"a1\"}]}", false, false, false },
        { "product", "{\"id\":\"a\",\"variants\":[{\"sku\":\"a2\",\"price\":\"1 EUR\"}]}", true, false, false },
        { "product", "{\"id\":\"a\",\"variants\":[{\"sku\":\"a2\",\"price\":\"3 EUR\"}]}", true, false, false },
        { "product", "{\"id\":\"c\",\"title\":\"C\"}", false, false, false },
        { "product", "{\"id\":\"c\"}", false, true, false },
        { "product", "{\"id\":\"d\"}", false, true, true },
        { "place", "{\"id\":\"a\",\"name\":\"A\"}", false, false, false },
    };
    enum { COUNT = sizeof all / sizeof *all };
    shop              s;
    kd_catalog_change changes[COUNT];
    kd_err            bad[COUNT], err = { 0 };
    size_t            refused = 0;
    kd_catalog_stats  before, after;
    kd_price          price;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < COUNT; i++) {
        changes[i] = (kd_catalog_change){ .kind = kd_str_z(all[i].kind), .merge = all[i].merge, .deleted = all[i].deleted };
        assert_int_equal(kd_json_parse(&changes[i].body, s.arena, all[i].json, strlen(all[i].json), &err), KD_OK);
    }
    kd_catalog_get_stats(&before, s.catalog);
    assert_int_equal(kd_catalog_put(s.catalog, changes, COUNT, s.now_ms, bad, &refused, &err), KD_OK);
    kd_catalog_get_stats(&after, s.catalog);
    assert_int_equal(refused, 2);
    assert_int_equal(after.published, before.published + 1);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(bad[i].status != KD_OK, all[i].bad);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const kd_product  *p = shop_product(t, "a");
    assert_int_equal(kd_snapshot_products(t), 2);
    assert_true(kd_str_is(p->title, "A2") && p->variant_count == 2 && shop_product(t, "c")->hidden);
    assert_true(kd_price_of(&price, s.catalog, p->variants[1].row) && price.micro == 3000000);
    kd_snapshot_release(t);
    shop_close(&s);
}

static void test_prices(void **state)
{
    shop     s;
    kd_price price;
    (void)state;
    shop_open(&s);
    shop_must_put(&s, "product", "{\"id\":\"p\",\"title\":\"T\",\"category\":\"Shoes\",\"price\":\"100.00\",\"salePrice\":80,\"currency\":\"EUR\"}");
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const uint32_t     row = shop_product(t, "p")->variants[0].row;
    assert_true(has_attr(t, shop_product(t, "p")->attrs, shop_product(t, "p")->attr_count, "price_band", "Shoes 100-150 EUR"));
    kd_snapshot_release(t);
    assert_true(kd_price_of(&price, s.catalog, row) && price.micro == 80000000 && price.list_micro == 100000000);
    /* the window of a sale is judged when it is said */
    shop_must_put(&s, "product", "{\"id\":\"p\",\"title\":\"T\",\"price\":100,\"salePrice\":70,\"currency\":\"EUR\",\"salePriceTo\":\"2026-01-01\"}");
    assert_true(kd_price_of(&price, s.catalog, row) && price.micro == 100000000 && price.list_micro == 100000000);
    shop_must_put(&s, "product", "{\"id\":\"p\",\"title\":\"T\",\"price\":100,\"salePrice\":70,\"currency\":\"EUR\",\"salePriceFrom\":\"2026-09-01\",\"salePriceTo\":\"2026-12-01\"}");
    assert_true(kd_price_of(&price, s.catalog, row) && price.micro == 70000000);
    shop_must_put(&s, "product", "{\"id\":\"p\",\"title\":\"T\"}"); /* says nothing about the price */
    assert_true(kd_price_of(&price, s.catalog, row) && price.micro == 70000000);
    shop_must_put(&s, "product", "{\"id\":\"p\",\"title\":\"T\",\"price\":\"100 EUR\"}"); /* no sale any more */
    assert_true(kd_price_of(&price, s.catalog, row) && price.micro == 100000000);
    shop_price(&s, KD_LEVEL_SALE_PRICE, "p", "90", "USD"); /* of another currency: no sale */
    assert_true(kd_price_of(&price, s.catalog, row) && price.micro == 100000000);
    assert_false(kd_price_of(&price, s.catalog, row + 1));
    assert_false(kd_price_of(&price, s.catalog, KD_ROW_NONE));
    shop_close(&s);
}

static void test_price_bands(void **state)
{
    static const struct { int64_t micro; const char *band; } cases[] = {
        { 0, "A under 1 EUR" }, { 999999, "A under 1 EUR" }, { 1000000, "A 1-1.5 EUR" }, { 1500000, "A 1.5-2.2 EUR" }, { 6800000, "A 6.8-10 EUR" },
        { 9999999, "A 6.8-10 EUR" }, { 10000000, "A 10-15 EUR" }, { 99990000, "A 68-100 EUR" }, { 100000000, "A 100-150 EUR" },
        { INT64_C(999999999999999), "A 680000000-1000000000 EUR" }, { 14999000000, "A 10000-15000 EUR" }, { INT64_MAX, "A over 1000000000 EUR" },
    };
    shop s;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const kd_ref ref = kd_price_band(s.catalog, KD_STR("A > B"), cases[i].micro, (kd_currency){ "EUR" });
        if (!kd_str_is(kd_words_text(&s.catalog->values, ref), cases[i].band))
            fail_msg("%lld: %s", (long long)cases[i].micro, kd_words_text(&s.catalog->values, ref).ptr);
    }
    shop_close(&s);
}

/* Prices and stock keep their history in the store; a body said twice leaves one entry; documents keep versions. */
static void test_history(void **state)
{
    shop      s;
    kd_level *levels = NULL;
    kd_doc   *docs = NULL;
    size_t    count = 0;
    kd_err    err = { 0 };
    (void)state;
    shop_open(&s);
    static const char *const days[] = { "{\"id\":\"p\",\"title\":\"T\",\"price\":\"10 EUR\",\"stock\":{\"a\":5}}",
                                        "{\"id\":\"p\",\"title\":\"T\",\"price\":\"10 EUR\",\"stock\":{\"a\":5}}",
                                        "{\"id\":\"p\",\"title\":\"T\",\"price\":\"12 EUR\",\"stock\":{\"a\":4}}",
                                        "{\"id\":\"p\",\"title\":\"U\",\"price\":\"10 EUR\",\"stock\":{\"a\":4}}" };
    const int64_t start = s.now_ms;
    for (size_t d = 0; d < 4; d++, s.now_ms += KD_DAY_MS)
        shop_must_put(&s, "product", days[d]);
    const kd_ref ref = kd_ref_of(KD_STR("p"));
    assert_int_equal(kd_reader_level_history(&levels, &count, s.reader, ref, KD_LEVEL_PRICE, 0, start, s.now_ms, s.arena, &err), KD_OK);
    assert_int_equal(count, 3);
    assert_true(levels[0].value == 10000000 && levels[1].value == 12000000 && levels[2].value == 10000000 && levels[1].at_ms == start + 2 * KD_DAY_MS);
    assert_int_equal(kd_reader_level_history(&levels, &count, s.reader, ref, KD_LEVEL_STOCK, kd_ref_of(KD_STR("a")), start, s.now_ms, s.arena, &err), KD_OK);
    assert_int_equal(count, 2);
    assert_int_equal(kd_reader_doc_history(&docs, &count, s.reader, KD_STR("product"), KD_STR("p"), 10, s.arena, &err), KD_OK);
    assert_int_equal(count, 2); /* a price is no version */
    assert_true(memmem(docs[1].body.ptr, docs[1].body.len, "price", 5) == NULL && memmem(docs[1].body.ptr, docs[1].body.len, "stock", 5) == NULL);
    shop_close(&s);
}

/* Stock that comes before its product, and before its place, is shown when they come. */
static void test_stock_first(void **state)
{
    shop s;
    (void)state;
    shop_open(&s);
    shop_stock(&s, "later", "a", 4);
    shop_stock(&s, "later", "b", 3);
    shop_price(&s, KD_LEVEL_PRICE, "later", "5", "EUR");
    shop_reopen(&s);
    shop_must_put(&s, "product", "{\"id\":\"p\",\"title\":\"T\",\"variants\":[{\"sku\":\"first\"},{\"sku\":\"later\"}]}");
    shop_must_put(&s, "place", "{\"id\":\"b\",\"name\":\"B\"}");
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const kd_variant  *v = NULL;
    kd_price           price;
    const kd_product  *p = kd_snapshot_find_any(t, kd_ref_of(KD_STR("later")), &v);
    const kd_place    *b = kd_snapshot_place_find(t, kd_ref_of(KD_STR("b")));
    assert_non_null(p);
    assert_int_equal(kd_stock_total(s.catalog, v->row), 7);
    assert_int_equal(kd_stock_at(s.catalog, v->row, b->row), 3);
    assert_int_equal(kd_stock_at(s.catalog, v->row, 77), KD_STOCK_UNKNOWN);
    assert_true(kd_price_of(&price, s.catalog, v->row) && price.micro == 5000000);
    assert_true(has_attr(t, p->attrs, p->attr_count, "price_band", "4.7-6.8 EUR"));
    kd_snapshot_release(t);
    assert_int_equal(shop_delete(&s, "place", "b"), KD_OK); /* closed: its stock counts nowhere */
    assert_int_equal(kd_stock_total(s.catalog, v->row), 4);
    shop_must_put(&s, "place", "{\"id\":\"b\",\"name\":\"B\"}");
    assert_int_equal(kd_stock_total(s.catalog, v->row), 7);
    shop_close(&s);
}

static void test_bad_levels(void **state)
{
    const kd_ref   ref = 1;
    const kd_level cases[] = {
        { .variant = 0, .what = KD_LEVEL_STOCK, .at_ms = 1 },
        { .variant = ref, .what = 9, .at_ms = 1 },
        { .variant = ref, .what = KD_LEVEL_STOCK, .value = INT64_C(3000000000), .at_ms = 1 },
        { .variant = ref, .what = KD_LEVEL_PRICE, .value = 1, .at_ms = 1 },
        { .variant = ref, .what = KD_LEVEL_PRICE, .value = 1, .currency = { "eur" }, .at_ms = 1 },
        { .variant = ref, .what = KD_LEVEL_PRICE, .value = -1, .currency = { "EUR" }, .at_ms = 1 },
        { .variant = ref, .what = KD_LEVEL_STOCK, .at_ms = INT64_MAX },
    };
    shop s;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_err err = { 0 };
        assert_int_equal(kd_catalog_levels_put(s.catalog, &cases[i], 1, &err), KD_INVALID);
        assert_true(err.msg[0] != 0 && err.field[0] != 0);
    }
    shop_close(&s);
}

/* The stored body comes back out of the object to the byte: merging and deleting rest on it. */
static void test_print_is_the_stored_body(void **state)
{
    shop   s;
    kd_doc doc;
    kd_err err = { 0 };
    kd_buf buf;
    (void)state;
    shop_open(&s);
    shop_must_put(&s, "product", jacket);
    assert_int_equal(kd_reader_doc(&doc, s.reader, KD_STR("product"), KD_STR("jacket"), s.arena, &err), KD_OK);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    kd_buf_init(&buf, s.arena);
    kd_product_print(&buf, shop_product(t, "jacket"));
    assert_true(kd_str_eq(kd_buf_str(&buf), doc.body));
    kd_snapshot_release(t);
    shop_close(&s);
}

static void test_content(void **state)
{
    shop s;
    (void)state;
    shop_open(&s);
    shop_must_put(&s, "content", "{\"id\":\"g1\",\"kind\":\"guide\",\"title\":\"Boots\",\"url\":\"/g1\",\"topics\":[\"care\",\"leather\"],\"categories\":[\"Shoes>Boots\"],\"products\":[\"p\"]}");
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const kd_content  *c = kd_snapshot_content_find(t, kd_ref_of(KD_STR("g1")));
    assert_true(c && kd_str_is(c->title, "Boots") && !c->hidden && kd_snapshot_contents(t) == 1 && kd_snapshot_content(t, 0) == c);
    assert_true(has_attr(t, c->attrs, c->attr_count, "topic", "care") && has_attr(t, c->attrs, c->attr_count, "category", "Shoes > Boots"));
    kd_snapshot_release(t);
    assert_int_equal(shop_delete(&s, "content", "g1"), KD_OK);
    t = kd_snapshot_acquire(s.catalog);
    assert_true(kd_snapshot_content(t, 0)->hidden);
    kd_snapshot_release(t);
    shop_close(&s);
}

/* 20,000 products with five variants each must stay well under 100 MB: 2,000 of them, with what a shop says of a product. */
static void test_memory(void **state)
{
    enum { PRODUCTS = 2000 };
    shop              s;
    kd_catalog_change changes[100];
    kd_err            bad[100], err = { 0 };
    size_t            refused = 0;
    (void)state;
    shop_open(&s);
    for (int i = 0; i < PRODUCTS; i++) {
        char   json[3000];
        size_t len = (size_t)snprintf(json, sizeof json,
            "{\"id\":\"P%05d\",\"title\":\"Rain jacket number %d\",\"description\":\"A light and breathable jacket for long days outside, with a hood that "
            "fits, sealed seams and two pockets.\",\"url\":\"https://shop.example/products/p%05d\",\"image\":\"/demo/images/p%05d.svg\",\"brand\":\"B%d\","
            "\"category\":\"Outdoor > Jackets\",\"price\":\"%d EUR\",\"attributes\":{\"style\":\"s\",\"cut\":\"c\",\"material\":\"m\",\"gender\":\"g\"},\"variants\":[",
            i, i, i, i, i % 40, 20 + i % 200);
        for (int v = 0; v < 5; v++)
            len += (size_t)snprintf(json + len, sizeof json - len, "%s{\"sku\":\"P%05d-%d\",\"size\":\"%d\",\"color\":\"c%d\",\"stock\":{\"a\":%d,\"b\":1}}",
                                    v ? "," : "", i, v, v, i % 5, v);
        len += (size_t)snprintf(json + len, sizeof json - len, "]}");
        changes[i % 100] = (kd_catalog_change){ .kind = KD_STR("product") };
        assert_int_equal(kd_json_parse(&changes[i % 100].body, s.arena, json, len, &err), KD_OK);
        if (i % 100 != 99)
            continue;
        assert_int_equal(kd_catalog_put(s.catalog, changes, 100, s.now_ms, bad, &refused, &err), KD_OK);
        assert_int_equal(refused, 0);
        kd_arena_reset(s.arena);
    }
    if (kd_catalog_bytes(s.catalog) > PRODUCTS * 4500)
        fail_msg("%zu bytes a product", kd_catalog_bytes(s.catalog) / PRODUCTS);
    shop_close(&s);
}

int run_catalog_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product), cmocka_unit_test(test_availability), cmocka_unit_test(test_a_delta_copies_what_it_changes),
        cmocka_unit_test(test_stubs), cmocka_unit_test(test_claimed_stubs), cmocka_unit_test(test_a_flood_of_claims), cmocka_unit_test(test_delete_and_merge), cmocka_unit_test(test_batch), cmocka_unit_test(test_prices),
        cmocka_unit_test(test_price_bands), cmocka_unit_test(test_history), cmocka_unit_test(test_stock_first), cmocka_unit_test(test_bad_levels),
        cmocka_unit_test(test_print_is_the_stored_body), cmocka_unit_test(test_content), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}

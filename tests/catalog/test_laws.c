#include "suite.h"
#include <stdio.h>

/* The law: after any changes the image in memory reads like one made anew from the store. Ids and skus are few, so that
 * they collide: stubs of skus, skus that wander between products, levels older than what is known. */

static void random_variant(kd_jw *w, kd_rng *rng, unsigned sku)
{
    static const char *const colors[] = { "red", "navy" };
    char                     text[32];
    kd_jw_object(w);
    snprintf(text, sizeof text, "s%u", sku);
    KD_JW_Z(w, "sku", text);
    if (kd_rng_below(rng, 3))
        KD_JW_Z(w, "size", kd_rng_below(rng, 2) ? "M" : "L");
    if (kd_rng_below(rng, 3))
        KD_JW_Z(w, "color", colors[kd_rng_below(rng, 2)]);
    if (kd_rng_below(rng, 4) == 0)
        KD_JW_Z(w, "availability", "out_of_stock");
    if (kd_rng_below(rng, 3) == 0) {
        snprintf(text, sizeof text, "%u.5 EUR", 1 + kd_rng_below(rng, 300));
        KD_JW_Z(w, "price", text);
    }
    if (kd_rng_below(rng, 4) == 0)
        KD_JW_I64(w, "stock", (int64_t)kd_rng_below(rng, 3));
    if (kd_rng_below(rng, 4) == 0) {
        kd_jw_key(w, "attributes");
        kd_jw_object(w);
        KD_JW_Z(w, "fabric", kd_rng_below(rng, 2) ? "wool" : "silk");
        kd_jw_object_end(w);
    }
    kd_jw_object_end(w);
}

static const char *random_product(shop *s, kd_rng *rng)
{
    kd_buf buf;
    kd_jw  w;
    char   text[32];
    kd_buf_init(&buf, s->arena);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    snprintf(text, sizeof text, kd_rng_below(rng, 5) ? "p%u" : "s%u", kd_rng_below(rng, 12));
    KD_JW_Z(&w, "id", text);
    KD_JW_Z(&w, "title", kd_rng_below(rng, 2) ? "One \"name\"" : "Another");
    if (kd_rng_below(rng, 2))
        KD_JW_Z(&w, "category", kd_rng_below(rng, 2) ? "Shoes > Boots" : "Outdoor");
    if (kd_rng_below(rng, 3) == 0)
        KD_JW_Z(&w, "taste", "fabric");
    if (kd_rng_below(rng, 6) == 0)
        KD_JW_BOOL(&w, "hidden", true);
    if (kd_rng_below(rng, 6) == 0)
        KD_JW_BOOL(&w, "digital", true);
    if (kd_rng_below(rng, 3) == 0) {
        snprintf(text, sizeof text, "%u EUR", 5 + kd_rng_below(rng, 200));
        KD_JW_Z(&w, "price", text);
        if (kd_rng_below(rng, 2))
            KD_JW_Z(&w, "salePrice", "4 EUR");
    }
    if (kd_rng_below(rng, 4)) {
        const unsigned first = kd_rng_below(rng, 12), count = 1 + kd_rng_below(rng, 4);
        kd_jw_key(&w, "variants");
        kd_jw_array(&w);
        for (unsigned i = 0; i < count; i++)
            random_variant(&w, rng, (first + i) % 12);
        kd_jw_array_end(&w);
    }
    kd_jw_object_end(&w);
    kd_buf_add_byte(&buf, 0);
    assert_false(buf.failed);
    return buf.ptr;
}

static void random_level(shop *s, kd_rng *rng)
{
    static const char *const places[] = { "", "a", "b", "c" };
    char                     sku[16];
    kd_err                   err = { 0 };
    kd_level                 level = { .what = (uint8_t)(1 + kd_rng_below(rng, 3)), .at_ms = s->now_ms - (int64_t)kd_rng_below(rng, 3) * 500 };
    snprintf(sku, sizeof sku, kd_rng_below(rng, 8) ? "s%u" : "p%u", kd_rng_below(rng, 14)); /* s12, s13: nobody has them */
    level.variant = kd_ref_of(kd_str_z(sku));
    level.place = level.what == KD_LEVEL_STOCK ? kd_ref_of(kd_str_z(places[kd_rng_below(rng, 4)])) : kd_rng_below(rng, 6) == 0;
    level.value = level.what == KD_LEVEL_STOCK ? (int64_t)kd_rng_below(rng, 6) - 2 : (int64_t)kd_rng_below(rng, 20) * 10000000;
    if (level.what != KD_LEVEL_STOCK)
        level.currency = (kd_currency){ "EUR" };
    if (kd_rng_below(rng, 10) == 0 && level.what != KD_LEVEL_STOCK)
        level.currency = (kd_currency){ "USD" };
    assert_int_equal(kd_catalog_levels_put(s->catalog, &level, 1, &err), KD_OK);
}

static void random_small_document(shop *s, kd_rng *rng)
{
    char json[256], id[2] = { (char)('a' + kd_rng_below(rng, 4)), 0 };
    switch (kd_rng_below(rng, 6)) {
    case 0:
    case 1:
        snprintf(json, sizeof json, "{\"id\":\"%s\",\"name\":\"N%u\",\"latitude\":%u,\"longitude\":%u}", id, kd_rng_below(rng, 2), 48 + kd_rng_below(rng, 6), 8 + kd_rng_below(rng, 6));
        shop_must_put(s, "place", json);
        break;
    case 2: shop_delete(s, "place", id); break;
    case 3:
        snprintf(json, sizeof json, "{\"country\":\"DE\",\"postalCode\":\"%u\",\"latitude\":%u,\"longitude\":10}", 10000 + kd_rng_below(rng, 20), 48 + kd_rng_below(rng, 6));
        shop_must_put(s, "postal", json);
        break;
    case 4:
        snprintf(json, sizeof json, "DE %u", 10000 + kd_rng_below(rng, 20));
        shop_delete(s, "postal", json);
        break;
    default:
        snprintf(json, sizeof json, "{\"id\":\"%s\",\"title\":\"C%u\",\"topics\":\"t%u\"}", id, kd_rng_below(rng, 2), kd_rng_below(rng, 3));
        if (kd_rng_below(rng, 4))
            shop_must_put(s, "content", json);
        else
            shop_delete(s, "content", id);
    }
}

static void random_step(shop *s, kd_rng *rng)
{
    char   id[16];
    kd_err err = { 0 };
    s->now_ms += 1000;
    switch (kd_rng_below(rng, 10)) {
    case 0:
    case 1:
    case 2: shop_put(s, "product", random_product(s, rng), &err); break; /* some are refused: a price beside a dearer sale */
    case 3: shop_merge(s, random_product(s, rng)); break;
    case 4:
        snprintf(id, sizeof id, kd_rng_below(rng, 5) ? "p%u" : "s%u", kd_rng_below(rng, 12));
        shop_delete(s, "product", id);
        break;
    case 5:
        snprintf(id, sizeof id, kd_rng_below(rng, 2) ? "p%u" : "s%u", kd_rng_below(rng, 13));
        assert_int_equal(shop_stub(s, kd_str_z(id), KD_STR("seen"), kd_rng_below(rng, 2), &err), KD_OK);
        break;
    case 6: random_small_document(s, rng); break;
    default: random_level(s, rng); break;
    }
}

static void compare(shop *s, uint64_t seed, unsigned step)
{
    kd_catalog  *anew = NULL;
    kd_err       err = { 0 };
    const kd_str here = shop_state(s, s->catalog);
    if (kd_catalog_open(&anew, s->store, s->reader, kd_clock_at(&s->now_ms), &err) != KD_OK)
        fail_msg("open: %s", err.msg);
    const kd_str there = shop_state(s, anew);
    kd_catalog_close(anew);
    if (kd_str_eq(here, there))
        return;
    size_t at = 0;
    while (at < here.len && at < there.len && here.ptr[at] == there.ptr[at])
        at++;
    at = at > 400 ? at - 400 : 0;
    fail_msg("seed %llu step %u differ:\n--- in memory\n%.800s\n--- from the store\n%.800s", (unsigned long long)seed, step, here.ptr + at, there.ptr + at);
}

static void test_memory_is_the_store(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        shop   s;
        kd_rng rng;
        shop_open(&s);
        kd_rng_seed(&rng, seed);
        for (unsigned step = 1; step <= 150; step++) {
            random_step(&s, &rng);
            if (step % 10 == 0) {
                compare(&s, seed, step);
                kd_arena_reset(s.arena);
            }
            if (step % 70 == 0)
                shop_reopen(&s);
        }
        shop_close(&s);
    }
}

int run_law_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_memory_is_the_store) };
    return cmocka_run_group_tests_name("laws", tests, NULL, NULL);
}

#include "suite.h"
#include <stdlib.h>

/* Failure on purpose: the store refuses, or the nth allocation fails. Then the image shows what the store holds, and nothing leaks. */

static kd_status store_fails = KD_OK;
static long      allocations_left = -1; /* -1: they do not fail */

void     *__real_malloc(size_t size);
void     *__real_calloc(size_t count, size_t size);
void     *__real_realloc(void *old, size_t size);
kd_status __real_kd_store_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err);
kd_status __real_kd_store_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err);
void     *__wrap_malloc(size_t size);
void     *__wrap_calloc(size_t count, size_t size);
void     *__wrap_realloc(void *old, size_t size);
kd_status __wrap_kd_store_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err);
kd_status __wrap_kd_store_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err);

static bool fails_now(void)
{
    return allocations_left > 0 && --allocations_left == 0;
}

void *__wrap_malloc(size_t size) { return fails_now() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return fails_now() ? NULL : __real_calloc(count, size); }
void *__wrap_realloc(void *old, size_t size) { return fails_now() ? NULL : __real_realloc(old, size); }

kd_status __wrap_kd_store_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err)
{
    return store_fails != KD_OK ? kd_fail(err, store_fails, "on purpose") : __real_kd_store_docs_put(store, docs, count, err);
}

kd_status __wrap_kd_store_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err)
{
    return store_fails == KD_BUSY ? kd_fail(err, store_fails, "on purpose") : __real_kd_store_levels_put(store, levels, count, err);
}

static const char *const texts[][2] = {
    { "product", "{\"id\":\"p\",\"title\":\"T\",\"category\":\"A > B\",\"price\":\"40 EUR\",\"variants\":[{\"sku\":\"s1\",\"stock\":{\"a\":1}},{\"sku\":\"s2\",\"size\":\"M\",\"attributes\":{\"cut\":\"slim\"}}]}" },
    { "product", "{\"id\":\"old\",\"title\":\"Now dearer\",\"price\":\"400 EUR\",\"stock\":9}" },
    { "place", "{\"id\":\"b\",\"name\":\"B\",\"latitude\":50,\"longitude\":10}" },
    { "content", "{\"id\":\"c\",\"title\":\"C\",\"topics\":[\"t\"]}" },
    { "postal", "{\"country\":\"DE\",\"postalCode\":\"10001\",\"latitude\":50,\"longitude\":10}" },
};
enum { COUNT = sizeof texts / sizeof *texts };

static kd_status put_all(shop *s, kd_catalog_change changes[COUNT], kd_err *err)
{
    kd_err bad[COUNT];
    size_t refused = 0;
    return kd_catalog_put(s->catalog, changes, COUNT, s->now_ms, bad, &refused, err);
}

static void start(shop *s, kd_catalog_change changes[COUNT])
{
    kd_err err = { 0 };
    shop_open(s);
    for (size_t i = 0; i < COUNT; i++) {
        changes[i] = (kd_catalog_change){ .kind = kd_str_z(texts[i][0]) };
        assert_int_equal(kd_json_parse(&changes[i].body, s->arena, texts[i][1], strlen(texts[i][1]), &err), KD_OK);
    }
    shop_must_put(s, "product", "{\"id\":\"old\",\"title\":\"Old\",\"price\":\"4 EUR\"}");
    shop_must_put(s, "place", "{\"id\":\"a\",\"name\":\"A\"}");
    s->now_ms += 1000;
}

static void must_read_like_the_store(shop *s)
{
    const kd_str here = shop_state(s, s->catalog);
    shop_reopen(s);
    const kd_str there = shop_state(s, s->catalog);
    if (!kd_str_eq(here, there))
        fail_msg("in memory\n%s\nfrom the store\n%s", here.ptr, there.ptr);
}

static void test_the_store_refuses(void **state)
{
    static const kd_status refusals[] = { KD_IO, KD_BUSY }; /* documents alone; levels as well */
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        shop              s;
        kd_catalog_change changes[COUNT];
        kd_err            err = { 0 };
        start(&s, changes);
        store_fails = refusals[i];
        assert_int_equal(put_all(&s, changes, &err), refusals[i]);
        assert_string_equal(err.msg, "on purpose");
        assert_int_equal(shop_stub(&s, KD_STR("x"), KD_STR("X"), false, &err), refusals[i]);
        store_fails = KD_OK;
        must_read_like_the_store(&s);
        assert_int_equal(put_all(&s, changes, &err), KD_OK); /* and the next try goes through */
        must_read_like_the_store(&s);
        shop_close(&s);
    }
}

static void test_no_memory(void **state)
{
    kd_status status = KD_LIMIT;
    long      n = 1;
    (void)state;
    for (; status != KD_OK && n < 1000; n++) {
        shop              s;
        kd_catalog_change changes[COUNT];
        kd_err            err = { 0 };
        start(&s, changes);
        allocations_left = n;
        status = put_all(&s, changes, &err);
        if (status == KD_OK && allocations_left <= 0)
            status = KD_LIMIT; /* it failed where it could be done without: go on looking */
        allocations_left = -1;
        assert_true(status == KD_OK || status == KD_LIMIT);
        must_read_like_the_store(&s);
        assert_int_equal(put_all(&s, changes, &err), KD_OK);
        must_read_like_the_store(&s);
        shop_close(&s);
    }
    assert_true(n > 20 && n < 1000);
}

static void test_open_without_memory(void **state)
{
    shop              s;
    kd_catalog_change changes[COUNT];
    kd_err            err = { 0 };
    kd_catalog       *catalog = NULL;
    kd_status         status = KD_LIMIT;
    (void)state;
    start(&s, changes);
    assert_int_equal(put_all(&s, changes, &err), KD_OK);
    for (long n = 1; status != KD_OK && n < 1000; n++) {
        allocations_left = n;
        status = kd_catalog_open(&catalog, s.store, s.reader, kd_clock_at(&s.now_ms), &err);
        allocations_left = -1;
        assert_true(status == KD_OK || status == KD_LIMIT);
    }
    assert_int_equal(status, KD_OK);
    kd_catalog_close(catalog);
    shop_close(&s);
}

int run_fault_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_store_refuses), cmocka_unit_test(test_no_memory), cmocka_unit_test(test_open_without_memory),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}

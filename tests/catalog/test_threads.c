#include "suite.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* Readers that never wait see whole snapshots and whole prices while a writer changes everything. */

typedef struct reading { kd_catalog *catalog; atomic_bool *stop; uint64_t seen; bool wrong; } reading;

/* The writer keeps: title "T<n>", one variant more per n % 5, list price = 2 * sale price. */
static bool check_product(const kd_catalog *catalog, const kd_snapshot *s, const kd_product *p)
{
    kd_price price;
    int64_t  n = 0;
    if (p->stub)
        return p->variant_count == 1;
    if (p->title.len < 2 || !kd_str_i64(&n, (kd_str){ p->title.ptr + 1, p->title.len - 1 }) || p->variant_count != 1 + n % 5)
        return false;
    for (uint16_t i = 0; i < p->variant_count; i++) {
        const kd_variant *v = NULL;
        if (kd_snapshot_find_any(s, p->variants[i].ref, &v) != p || v != &p->variants[i])
            return false;
        if (kd_price_of(&price, catalog, p->variants[i].row) && price.micro != price.list_micro && price.micro * 2 != price.list_micro)
            return false;
        (void)kd_stock_total(catalog, p->variants[i].row);
    }
    return p->attr_count > 0 && kd_snapshot_value_text(s, p->attrs[0].value).len != 0;
}

static void *read_all(void *self)
{
    reading *r = self;
    while (!atomic_load(r->stop) && !r->wrong) {
        const kd_snapshot *s = kd_snapshot_acquire(r->catalog);
        for (uint32_t row = 0; row < kd_snapshot_products(s) && !r->wrong; row++) {
            const kd_product *p = kd_snapshot_product(s, row);
            r->wrong = !p || kd_snapshot_find(s, p->ref) != p || !check_product(r->catalog, s, p);
        }
        kd_snapshot_release(s);
        r->seen++;
    }
    return NULL;
}

static void change_one(shop *s, unsigned n)
{
    char   json[1024];
    size_t len;
    kd_err err = { 0 };
    const unsigned id = n % 300;
    len = (size_t)snprintf(json, sizeof json, "{\"id\":\"p%u\",\"title\":\"T%u\",\"category\":\"C%u\",\"variants\":[", id, n, n % 7);
    for (unsigned v = 0; v < 1 + n % 5; v++)
        len += (size_t)snprintf(json + len, sizeof json - len, "%s{\"sku\":\"p%u-%u\",\"size\":\"%u\",\"stock\":{\"a\":%u}}", v ? "," : "", id, v, v, n % 3);
    snprintf(json + len, sizeof json - len, "]}");
    shop_must_put(s, "product", json);
    char sku[32];
    snprintf(sku, sizeof sku, "p%u-0", id);
    kd_level levels[2] = { { .variant = kd_ref_of(kd_str_z(sku)), .what = KD_LEVEL_SALE_PRICE, .value = 0, .currency = { "EUR" }, .at_ms = s->now_ms }, };
    levels[1] = levels[0]; /* the sale ends, then the price moves, then the next sale begins: no moment is wrong */
    levels[1].what = KD_LEVEL_PRICE;
    levels[1].value = (int64_t)(n + 1) * 2000000;
    assert_int_equal(kd_catalog_levels_put(s->catalog, levels, 2, &err), KD_OK);
    levels[0].value = (int64_t)(n + 1) * 1000000;
    assert_int_equal(kd_catalog_levels_put(s->catalog, levels, 1, &err), KD_OK);
    snprintf(sku, sizeof sku, "stub-%u", n);
    if (n % 10 == 0)
        assert_int_equal(shop_stub(s, kd_str_z(sku), (kd_str){ 0 }, n % 20 == 0, &err), KD_OK);
    s->now_ms += 1000;
}

static void test_readers_during_changes(void **state)
{
    shop        s;
    atomic_bool stop = false;
    pthread_t   threads[3];
    reading     readers[3];
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < 3; i++) {
        readers[i] = (reading){ .catalog = s.catalog, .stop = &stop };
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    }
    for (unsigned n = 0; n < 900; n++)
        change_one(&s, n);
    atomic_store(&stop, true);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_false(readers[i].wrong);
        assert_true(readers[i].seen > 0);
    }
    shop_close(&s);
}

int run_thread_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_readers_during_changes) };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}

/* Demand learnt at once: what rises is on top, one person alone lifts nothing, age decays, memory stays bounded. */
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "recommend/trending.h"

static void happen_as(kd_trending *t, bool trusted, kd_kind kind, uint32_t person, uint32_t product, int64_t time_ms)
{
    char         text[32];
    kd_fact_line line = { .product = { text, (size_t)snprintf(text, sizeof text, "p%u", product) }, .quantity = 1 };
    kd_fact      fact = { .kind = kind, .time_ms = time_ms, .lines = &line, .line_count = 1 };
    kd_stored    stored = { .fact = &fact, .person = { { (uint8_t)person, (uint8_t)(person >> 8), (uint8_t)(person >> 16), 1 } }, .trusted = trusted };
    kd_trending_observe(t, &stored, 1);
}

static void happen(kd_trending *t, kd_kind kind, uint32_t person, uint32_t product, int64_t time_ms)
{
    happen_as(t, true, kind, person, product, time_ms);
}

/* The place of a product in a list, or -1. */
static int place(const kd_demand_list *list, uint32_t product)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].product == shop_ref(product))
            return (int)i;
    return -1;
}

static const kd_demand *settled(kd_trending *t)
{
    usleep(210000); /* the last events are shown 200 ms later at the latest, by the next reader */
    return kd_demand_acquire(t);
}

/* An order that anybody may have sent lifts a product as a cart does, not as an order. */
static void test_claimed_orders_are_carts(void **state)
{
    kd_trending *t;
    (void)state;
    assert_int_equal(kd_trending_open(&t, NULL), KD_OK);
    for (uint32_t n = 0; n < 20; n++) {
        happen_as(t, false, KD_KIND_ORDER, n, 1, NOW);
        happen_as(t, false, KD_KIND_CART_ADD, n, 2, NOW);
        happen_as(t, true, KD_KIND_ORDER, n, 3, NOW);
    }
    const kd_demand *d = settled(t);
    assert_int_equal(place(&d->trending, 3), 0);
    assert_int_equal(d->trending.count, 3);
    assert_int_equal(d->trending.items[1].micro, d->trending.items[2].micro);
    kd_demand_release(d);
    kd_trending_close(t);
}

/* With somebody erased the lists are those of a shop where they never were, also when they looked twice. */
static void test_unlearns_a_person(void **state)
{
    kd_trending *with, *without;
    char         text[32] = "p2";
    kd_fact_line line = { .product = { text, 2 }, .quantity = 1 };
    kd_id        gone = { { 77, 0, 0, 1 } };
    (void)state;
    assert_int_equal(kd_trending_open(&with, NULL), KD_OK);
    assert_int_equal(kd_trending_open(&without, NULL), KD_OK);
    for (uint32_t n = 0; n < 10; n++)
        for (uint32_t product = 1; product <= 3; product++) {
            happen(with, KD_KIND_VIEW, n, product, NOW - (int64_t)n * 1000);
            happen(without, KD_KIND_VIEW, n, product, NOW - (int64_t)n * 1000);
        }
    happen(with, KD_KIND_VIEW, 77, 2, NOW - 5000);
    happen(with, KD_KIND_VIEW, 77, 2, NOW - 5000); /* counted once, and given back once */
    happen(with, KD_KIND_ORDER, 77, 2, NOW - 4000);
    for (int again = 0; again < 2; again++) {
        kd_trending_unlearn(with, gone, &(kd_fact){ .kind = KD_KIND_ORDER, .time_ms = NOW - 4000, .lines = &line, .line_count = 1 }, true);
        kd_trending_unlearn(with, gone, &(kd_fact){ .kind = KD_KIND_VIEW, .time_ms = NOW - 5000, .lines = &line, .line_count = 1 }, true);
    }
    const kd_demand *a = settled(with), *b = settled(without);
    assert_int_equal(a->trending.count, b->trending.count);
    assert_memory_equal(a->trending.items, b->trending.items, a->trending.count * sizeof *a->trending.items);
    assert_memory_equal(a->popular.items, b->popular.items, a->popular.count * sizeof *a->popular.items);
    kd_demand_release(a);
    kd_demand_release(b);
    kd_trending_close(with);
    kd_trending_close(without);
}

static void check_list(const kd_demand_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        assert_true(list->items[i].micro > 0 && list->items[i].micro <= 1000000);
        assert_true(i == 0 || list->items[i - 1].micro >= list->items[i].micro);
    }
}

static void test_rises_at_once(void **state)
{
    kd_trending *t;
    (void)state;
    assert_int_equal(kd_trending_open(&t, NULL), KD_OK);
    const kd_demand *d = kd_demand_acquire(t);
    assert_int_equal(d->trending.count + d->popular.count, 0);
    kd_demand_release(d);
    for (uint32_t day = 0; day < 28; day++) /* product 1 is wanted every day, product 2 only today */
        for (uint32_t n = 0; n < 40; n++)
            happen(t, KD_KIND_VIEW, day * 1000 + n, 1, NOW - (28 - (int64_t)day) * KD_DAY_MS);
    for (uint32_t n = 0; n < 40; n++)
        happen(t, KD_KIND_VIEW, 50000 + n, 2, NOW);
    d = settled(t);
    assert_int_equal(place(&d->trending, 2), 0);
    assert_int_equal(place(&d->trending, 1), 1);
    assert_int_equal(place(&d->popular, 1), 0); /* the longer view is not so easily moved */
    check_list(&d->trending);
    check_list(&d->popular);
    kd_demand_release(d);
    kd_trending_close(t);
}

static void test_one_person_lifts_nothing(void **state)
{
    kd_trending *t;
    (void)state;
    assert_int_equal(kd_trending_open(&t, NULL), KD_OK);
    for (int n = 0; n < 5000; n++)
        happen(t, KD_KIND_VIEW, 7, 1, NOW + n);
    happen(t, KD_KIND_VIEW, 8, 2, NOW);
    happen(t, KD_KIND_VIEW, 9, 2, NOW);
    const kd_demand *d = settled(t);
    assert_int_equal(place(&d->trending, 2), 0);
    assert_int_equal(place(&d->trending, 1), 1);
    kd_demand_release(d);
    kd_trending_close(t);
}

static void test_order_of_arrival_does_not_matter(void **state)
{
    kd_trending     *forth, *back;
    const kd_demand *a, *b;
    (void)state;
    assert_int_equal(kd_trending_open(&forth, NULL), KD_OK);
    assert_int_equal(kd_trending_open(&back, NULL), KD_OK);
    for (uint32_t n = 0; n < 300; n++)
        happen(forth, n % 3 ? KD_KIND_VIEW : KD_KIND_ORDER, n, n % 17, NOW + (int64_t)n * 3600000);
    for (uint32_t n = 300; n > 0; n--)
        happen(back, (n - 1) % 3 ? KD_KIND_VIEW : KD_KIND_ORDER, n - 1, (n - 1) % 17, NOW + (int64_t)(n - 1) * 3600000);
    a = settled(forth);
    b = settled(back);
    assert_int_equal(a->trending.count, 17);
    for (uint32_t i = 0; i < a->trending.count; i++) { /* sums in another order: the last bits may differ, the millionths not by more than one */
        assert_true(llabs((long long)(a->trending.items[i].micro - b->trending.items[i].micro)) <= 1);
        assert_true(llabs((long long)(a->popular.items[i].micro - b->popular.items[i].micro)) <= 1);
    }
    kd_demand_release(a);
    kd_demand_release(b);
    kd_trending_close(forth);
    kd_trending_close(back);
}

static void test_a_date_from_the_future(void **state)
{
    kd_trending *t;
    (void)state;
    assert_int_equal(kd_trending_open(&t, NULL), KD_OK);
    for (uint32_t n = 0; n < 50; n++)
        happen(t, KD_KIND_VIEW, n, 1, NOW);
    happen(t, KD_KIND_ORDER, 7, 2, NOW + 36 * 365 * KD_DAY_MS);
    for (uint32_t n = 50; n < 100; n++)
        happen(t, KD_KIND_VIEW, n, 1, NOW + 1000);
    const kd_demand *d = settled(t);
    assert_int_equal(place(&d->trending, 1), 0);
    assert_int_equal(place(&d->trending, 2), 1);
    kd_demand_release(d);
    kd_trending_close(t);
}

/* Years of an old import, then today; and more products than there are counters. */
static void test_long_time_and_many_products(void **state)
{
    kd_trending *t;
    (void)state;
    assert_int_equal(kd_trending_open(&t, NULL), KD_OK);
    for (uint32_t n = 0; n < 200; n++)
        happen(t, KD_KIND_ORDER, n, 1, NOW - 15 * 365 * KD_DAY_MS);
    for (uint32_t n = 0; n < KD_TRENDING_PRODUCTS + 5000; n++)
        happen(t, KD_KIND_VIEW, n, 100 + n, NOW - 3 * KD_DAY_MS);
    for (uint32_t n = 0; n < 20; n++)
        happen(t, KD_KIND_VIEW, 900000 + n, 2, NOW);
    const kd_demand *d = settled(t);
    assert_int_equal(place(&d->trending, 2), 0);
    assert_int_equal(d->trending.count, KD_DEMAND_MAX);
    check_list(&d->trending);
    check_list(&d->popular);
    kd_demand_release(d);
    kd_trending_close(t);
}

static void test_blends_with_model(void **state)
{
    shop             s;
    kd_trending     *t;
    const uint32_t  *order;
    (void)state;
    shop_open(&s, 1);
    assert_int_equal(kd_trending_open(&t, NULL), KD_OK);
    const kd_model *model = shop_plant_model(&s, 3, 900, 10, 5, 77);
    kd_trending_set_model(t, model);
    const kd_demand *d = kd_demand_acquire(t);
    assert_ptr_equal(d->model, model);
    assert_int_equal(d->popular.count, KD_DEMAND_MAX);
    kd_model_popular(model, &order); /* without live demand: the model's own order, as far as its values differ */
    assert_true(d->popular.items[0].micro == 1000000);
    for (uint32_t i = 0; i < d->popular.count; i++)
        assert_true(llabs((long long)(d->popular.items[i].micro - (int64_t)(1e6 * (double)kd_model_popularity(model, order[i]) / (double)kd_model_popularity(model, order[0]) + 0.5))) <= 1);
    kd_demand_release(d);
    for (uint32_t n = 0; n < 3000; n++)
        happen(t, KD_KIND_ORDER, n, 5000, NOW);
    d = settled(t);
    assert_int_equal(place(&d->trending, 5000), 0);
    assert_true(place(&d->popular, 5000) >= 0);
    check_list(&d->trending);
    check_list(&d->popular);
    kd_demand_release(d);
    kd_trending_set_model(t, NULL);
    d = kd_demand_acquire(t);
    assert_null(d->model);
    assert_int_equal(d->trending.count, 1);
    kd_demand_release(d);
    kd_trending_close(t);
    kd_model_release(model);
    shop_close(&s);
}

typedef struct crowd { kd_trending *trending; const kd_model *models[2]; _Atomic bool over; } crowd;

static void *read_lists(void *arg)
{
    crowd *c = arg;
    while (!atomic_load(&c->over)) {
        const kd_demand *d = kd_demand_acquire(c->trending);
        check_list(&d->trending);
        assert_true(!d->model || kd_model_version(d->model) - 1 < 2);
        kd_demand_release(d);
    }
    return NULL;
}

static void *swap_models(void *arg)
{
    crowd *c = arg;
    for (int n = 0; n < 300; n++)
        kd_trending_set_model(c->trending, c->models[n % 2]);
    return NULL;
}

/* Readers, a writer and a swapper at once; the thread sanitizer is run over this one too. */
static void test_threads(void **state)
{
    shop      s, other;
    crowd     c = { .over = false };
    pthread_t readers[2], swapper;
    (void)state;
    shop_open(&s, 1);
    shop_open(&other, 1);
    assert_int_equal(kd_trending_open(&c.trending, NULL), KD_OK);
    c.models[0] = shop_plant_model(&s, 1, 100, 0, 3, 1);
    c.models[1] = shop_plant_model(&other, 2, 100, 0, 3, 2);
    for (int n = 0; n < 2; n++)
        pthread_create(&readers[n], NULL, read_lists, &c);
    pthread_create(&swapper, NULL, swap_models, &c);
    for (uint32_t n = 0; n < 20000; n++)
        happen(c.trending, KD_KIND_VIEW, n, n % 200, NOW + n);
    pthread_join(swapper, NULL);
    atomic_store(&c.over, true);
    for (int n = 0; n < 2; n++)
        pthread_join(readers[n], NULL);
    kd_trending_close(c.trending);
    kd_model_release(c.models[0]);
    kd_model_release(c.models[1]);
    shop_close(&s);
    shop_close(&other);
}

const struct CMUnitTest trending_tests[] = {
    cmocka_unit_test(test_rises_at_once), cmocka_unit_test(test_claimed_orders_are_carts),
        cmocka_unit_test(test_unlearns_a_person),                cmocka_unit_test(test_one_person_lifts_nothing),
    cmocka_unit_test(test_order_of_arrival_does_not_matter), cmocka_unit_test(test_long_time_and_many_products),
    cmocka_unit_test(test_a_date_from_the_future), cmocka_unit_test(test_blends_with_model),            cmocka_unit_test(test_threads),
};
const size_t trending_test_count = sizeof trending_tests / sizeof *trending_tests;

#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { BRAND = 2, COLOR = 4, CATEGORY = 1 };

/* "<brand>-<color>" has these two as attributes; the category is "all" for every product, told twice. */
static size_t attributes(void *self, kd_ref product, kd_ref variant, const kd_attr **out)
{
    static const char *const brands[] = { "alto", "basso" }, *const colors[] = { "red", "navy" };
    static kd_attr           attrs[4];
    (void)self;
    (void)variant;
    for (int b = 0; b < 2; b++)
        for (int c = 0; c < 2; c++) {
            char name[32];
            snprintf(name, sizeof name, "%s-%s", brands[b], colors[c]);
            if (kd_ref_of(kd_str_z(name)) != product)
                continue;
            attrs[0] = (kd_attr){ CATEGORY, kd_ref_of(KD_STR("all")) };
            attrs[1] = (kd_attr){ BRAND, kd_ref_of(kd_str_z(brands[b])) };
            attrs[2] = (kd_attr){ COLOR, kd_ref_of(kd_str_z(colors[c])) };
            attrs[3] = attrs[0];
            *out = attrs;
            return 4;
        }
    return 0;
}

static void fold(kd_profile *p, kd_fact fact)
{
    kd_profile_caps caps = kd_profile_caps_default();
    kd_err          err = { 0 };
    assert_int_equal(kd_profile_fold(p, &fact, &caps, &err), KD_OK);
}

static const kd_affinity *find(const kd_affinity *list, size_t count, uint16_t attribute, const char *value)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].attribute == attribute && list[i].value == kd_ref_of(kd_str_z(value)))
            return &list[i];
    return NULL;
}

static void test_affinities(void **state)
{
    kd_arena         *arena = kd_arena_new(1 << 20);
    kd_attr_source    source = { attributes, NULL };
    kd_taste_weights  w = kd_taste_weights_default();
    kd_profile        p = { 0 };
    kd_fact           old_view = line_fact(arena, KD_KIND_VIEW, T0 - 30 * KD_DAY_MS, "alto-red", "", 1, 1);
    kd_fact           order = line_fact(arena, KD_KIND_ORDER, T0 - 120 * KD_DAY_MS, "basso-navy", "", 5, 1);
    kd_affinity      *list;
    const kd_affinity *a;
    size_t            count;
    kd_err            err = { 0 };
    (void)state;
    fold(&p, old_view);
    fold(&p, order);
    fold(&p, line_fact(arena, KD_KIND_VIEW, T0, "unknown-product", "", 1, 1));
    assert_int_equal(kd_opinion_affinities(&list, &count, &p, &source, &w, 5, T0, arena, &err), KD_OK);
    assert_int_equal(count, 5);
    a = find(list, count, BRAND, "alto"); /* one view, one half life ago */
    assert_true(fabs(a->strength - 0.5) < 1e-12);
    assert_true(fabs(a->weight - 0.5 / (0.5 + 4 + 5)) < 1e-12);
    assert_true(kd_id_eq(a->evidence, old_view.id));
    a = find(list, count, BRAND, "basso"); /* one order, a half life of orders ago; five pieces are one choice */
    assert_true(fabs(a->strength - 4) < 1e-12);
    assert_int_equal(a->evidence_kind, KD_KIND_ORDER);
    a = find(list, count, CATEGORY, "all"); /* told twice, counted once; both interactions */
    assert_true(fabs(a->strength - 4.5) < 1e-12);
    assert_int_equal(a->evidence_count, 2);
    assert_true(a->weight < 1);
    assert_int_equal(list[0].attribute, CATEGORY);
    assert_true(list[1].attribute == BRAND && list[1].weight > list[2].weight);
    assert_int_equal(kd_opinion_affinities(&list, &count, &p, &source, &w, 1, T0, arena, &err), KD_OK);
    assert_int_equal(count, 3); /* one of each attribute */
    kd_profile_free(&p);
    kd_arena_free(arena);
}

static void test_affinities_after_return(void **state)
{
    kd_arena          *arena = kd_arena_new(1 << 20);
    kd_attr_source     source = { attributes, NULL };
    kd_taste_weights   w = kd_taste_weights_default();
    kd_profile         p = { 0 };
    kd_fact            order = line_fact(arena, KD_KIND_ORDER, T0 - KD_DAY_MS, "alto-red", "", 1, 1);
    kd_fact            whole = { .kind = KD_KIND_RETURN, .id = counted_id(99, T0), .time_ms = T0, .order_id = KD_STR("o1"),
                                 .total_micro = KD_PRICE_NONE };
    kd_affinity       *list;
    const kd_affinity *a;
    size_t             count;
    kd_err             err = { 0 };
    (void)state;
    order.order_id = KD_STR("o1");
    fold(&p, order);
    assert_true(kd_opinion_owns(&p, kd_ref_of(KD_STR("alto-red"))));
    fold(&p, whole);
    assert_false(kd_opinion_owns(&p, kd_ref_of(KD_STR("alto-red"))));
    assert_int_equal(kd_opinion_affinities(&list, &count, &p, &source, &w, 5, T0, arena, &err), KD_OK);
    a = find(list, count, BRAND, "alto");
    assert_true(a->weight < 0 && a->weight > -1);
    assert_int_equal(a->evidence_kind, KD_KIND_RETURN);
    assert_true(kd_id_eq(a->evidence, whole.id));
    kd_profile_free(&p);
    kd_arena_free(arena);
}

/* Equal facts, whatever their order: equal to the bit. */
static void test_affinities_are_deterministic(void **state)
{
    static const char *const products[] = { "alto-red", "alto-navy", "basso-red", "basso-navy" };
    kd_arena        *arena = kd_arena_new(1 << 22);
    kd_attr_source   source = { attributes, NULL };
    kd_taste_weights w = kd_taste_weights_default();
    kd_rng           rng;
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        kd_profile   a = { 0 }, b = { 0 };
        kd_affinity *of_a, *of_b;
        size_t       count_a, count_b;
        kd_fact      facts[40];
        kd_err       err = { 0 };
        kd_rng_seed(&rng, seed);
        for (int i = 0; i < 40; i++) {
            facts[i] = random_fact(&rng, arena);
            facts[i].lines = line_fact(arena, KD_KIND_VIEW, T0, products[kd_rng_below(&rng, 4)], "", 1, 1).lines;
            facts[i].line_count = 1;
            fold(&a, facts[i]);
        }
        for (int i = 39; i >= 0; i--)
            fold(&b, facts[i]);
        assert_int_equal(kd_opinion_affinities(&of_a, &count_a, &a, &source, &w, 10, T0 + KD_DAY_MS, arena, &err), KD_OK);
        assert_int_equal(kd_opinion_affinities(&of_b, &count_b, &b, &source, &w, 10, T0 + KD_DAY_MS, arena, &err), KD_OK);
        assert_int_equal(count_a, count_b);
        for (size_t i = 0; i < count_a; i++) {
            assert_memory_equal(&of_a[i].weight, &of_b[i].weight, sizeof(double));
            assert_memory_equal(&of_a[i].strength, &of_b[i].strength, sizeof(double));
            assert_true(of_a[i].value == of_b[i].value && kd_id_eq(of_a[i].evidence, of_b[i].evidence));
            assert_true(fabs(of_a[i].weight) <= 1);
        }
        kd_profile_free(&a);
        kd_profile_free(&b);
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

static void test_cart(void **state)
{
    kd_arena     *arena = kd_arena_new(1 << 20);
    kd_profile    p = { 0 };
    kd_cart_line *lines;
    size_t        count;
    kd_err        err = { 0 };
    (void)state;
    fold(&p, line_fact(arena, KD_KIND_CART_ADD, T0, "gone-with-the-order", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_ORDER, T0 + 1, "x", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_CART_REMOVE, T0 + 2, "a", "", 5, 1)); /* before it was there: nothing */
    fold(&p, line_fact(arena, KD_KIND_CART_ADD, T0 + 3, "a", "a-m", 2, 500));
    fold(&p, line_fact(arena, KD_KIND_CART_ADD, T0 + 4, "b", "", 1, 700));
    fold(&p, line_fact(arena, KD_KIND_CART_ADD, T0 + 5, "a", "a-m", 1, 600));
    fold(&p, line_fact(arena, KD_KIND_CART_ADD, T0 + 6, "c", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_CART_REMOVE, T0 + 7, "c", "", 9, 1));
    fold(&p, line_fact(arena, KD_KIND_CART_REMOVE, T0 + 8, "a", "", 1, 1)); /* no variant: of what is there */
    assert_int_equal(kd_opinion_cart(&lines, &count, &p, 30 * KD_DAY_MS, T0 + 9, arena, &err), KD_OK);
    assert_int_equal(count, 2);
    assert_int_equal(lines[0].product, kd_ref_of(KD_STR("a")));
    assert_int_equal(lines[0].variant, kd_ref_of(KD_STR("a-m")));
    assert_int_equal(lines[0].quantity, 2);
    assert_int_equal(lines[0].price_micro, 600);
    assert_int_equal(lines[1].product, kd_ref_of(KD_STR("b")));
    assert_int_equal(kd_opinion_cart(&lines, &count, &p, 3, T0 + 8, arena, &err), KD_OK); /* b and the first a are forgotten */
    assert_int_equal(count, 0);
    assert_int_equal(kd_opinion_cart(&lines, &count, &p, 4, T0 + 8, arena, &err), KD_OK);
    assert_int_equal(count, 1);
    kd_profile_free(&p);
    assert_int_equal(kd_opinion_cart(&lines, &count, &p, 4, T0 + 8, arena, &err), KD_OK);
    assert_int_equal(count, 0);
    kd_arena_free(arena);
}

static void test_recency_and_owning(void **state)
{
    kd_arena  *arena = kd_arena_new(1 << 20);
    kd_profile p = { 0 };
    kd_recency r = kd_opinion_recency(&p, T0);
    kd_ref     last[2], x = kd_ref_of(KD_STR("x"));
    size_t     count = 2;
    (void)state;
    assert_true(r.days_since_seen == -1 && r.days_since_order == -1 && r.orders == 0);
    assert_false(kd_opinion_owns(&p, x));
    fold(&p, line_fact(arena, KD_KIND_ORDER, T0, "x", "", 2, 1));
    fold(&p, line_fact(arena, KD_KIND_VIEW, T0 + KD_DAY_MS, "y", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_VIEW, T0 + 2, "y", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_VIEW, T0 + 1, "z", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_VIEW, T0, "w", "", 1, 1));
    fold(&p, line_fact(arena, KD_KIND_EMAIL, T0 + 9 * KD_DAY_MS, "", "", 1, 1)); /* we wrote; nobody was here */
    r = kd_opinion_recency(&p, T0 + 3 * KD_DAY_MS);
    assert_true(r.days_since_seen == 2 && r.days_since_order == 3 && r.orders == 1 && r.returns == 0);
    assert_int_equal(r.last_order_ms, T0);
    kd_opinion_last_products(last, &count, &p, KD_KIND_VIEW);
    assert_int_equal(count, 2);
    assert_int_equal(last[0], kd_ref_of(KD_STR("y")));
    assert_int_equal(last[1], kd_ref_of(KD_STR("z")));
    count = 2;
    kd_opinion_last_products(last, &count, &p, KD_KIND_CLICK);
    assert_int_equal(count, 0);
    assert_true(kd_opinion_owns(&p, x));
    fold(&p, line_fact(arena, KD_KIND_RETURN, T0 + 1, "x", "", 1, 1));
    assert_true(kd_opinion_owns(&p, x)); /* one of two is kept */
    fold(&p, line_fact(arena, KD_KIND_RETURN, T0 + 2, "x", "", 1, 1));
    assert_false(kd_opinion_owns(&p, x));
    kd_profile_free(&p);
    kd_arena_free(arena);
}

static kd_fact claimed(kd_fact fact)
{
    fact.claimed = true;
    return fact;
}

static kd_fact of(kd_fact fact, const kd_ident *ident)
{
    fact.idents = ident;
    fact.ident_count = 1;
    return fact;
}

static const kd_affinity *brand_of(const kd_profile *p, const char *brand, kd_arena *arena)
{
    kd_attr_source   source = { attributes, NULL };
    kd_taste_weights w = kd_taste_weights_default();
    kd_affinity     *list;
    size_t           count;
    kd_err           err = { 0 };
    assert_int_equal(kd_opinion_affinities(&list, &count, p, &source, &w, 5, T0, arena, &err), KD_OK);
    return find(list, count, BRAND, brand);
}

/* Somebody with the write key puts an order into a known customer's profile, and takes a real one back. */
static void test_claims_about_others(void **state)
{
    static const kd_ident user = { KD_KEY_USER, { "u1", 2 }, false };
    kd_arena  *arena = kd_arena_new(1 << 20);
    kd_ref     red = kd_ref_of(KD_STR("alto-red")), navy = kd_ref_of(KD_STR("basso-navy"));
    kd_profile p = { 0 };
    kd_recency r;
    kd_spent  *spent;
    size_t     count = 1;
    kd_ref     last[1];
    kd_err     err = { 0 };
    (void)state;
    fold(&p, of(line_fact(arena, KD_KIND_ORDER, T0 - 9 * KD_DAY_MS, "alto-red", "", 1, 5000000), &user));
    fold(&p, claimed(of(line_fact(arena, KD_KIND_ORDER, T0 - KD_DAY_MS, "basso-navy", "", 1, 7000000), &user)));
    fold(&p, claimed(of(line_fact(arena, KD_KIND_RETURN, T0, "alto-red", "", 1, 5000000), &user)));
    assert_true(kd_opinion_owns(&p, red));
    assert_false(kd_opinion_owns(&p, navy));
    assert_null(kd_profile_bought(&p, navy));
    r = kd_opinion_recency(&p, T0);
    assert_true(r.orders == 1 && r.returns == 0 && r.days_since_order == 9 && r.days_since_seen == 0);
    kd_opinion_last_products(last, &count, &p, KD_KIND_ORDER);
    assert_true(count == 1 && last[0] == red);
    assert_int_equal(kd_opinion_spent(&spent, &count, &p, arena, &err), KD_OK);
    assert_true(count == 1 && spent[0].bought_micro == 5000000 && spent[0].returned_micro == 0);
    assert_true(brand_of(&p, "alto", arena)->strength > 0); /* the claimed return took nothing off */
    assert_true(brand_of(&p, "basso", arena)->strength > 2.9 && brand_of(&p, "basso", arena)->strength <= 3); /* as a cart line */

    p.trusts_claims = true; /* a shop that has nothing but what browsers report: the same facts, read otherwise */
    assert_false(kd_opinion_owns(&p, red));
    assert_true(kd_opinion_owns(&p, navy));
    r = kd_opinion_recency(&p, T0);
    assert_true(r.orders == 2 && r.returns == 1 && r.days_since_order == 1);
    assert_int_equal(kd_opinion_spent(&spent, &count, &p, arena, &err), KD_OK);
    assert_true(count == 1 && spent[0].bought_micro == 12000000 && spent[0].returned_micro == 5000000);
    assert_true(brand_of(&p, "basso", arena)->strength > 7);
    kd_profile_free(&p);
    kd_arena_free(arena);
}

/* A browser that speaks of nobody but itself is believed about what it has, not about what it is worth. */
static void test_claims_about_oneself(void **state)
{
    static const kd_ident browser = { KD_KEY_ANONYMOUS, { "a1", 2 }, false }, user = { KD_KEY_USER, { "u1", 2 }, true };
    kd_arena  *arena = kd_arena_new(1 << 20);
    kd_ref     red = kd_ref_of(KD_STR("alto-red"));
    kd_profile p = { 0 };
    kd_fact    whole;
    kd_spent  *spent;
    size_t     count;
    kd_err     err = { 0 };
    (void)state;
    whole = claimed(line_fact(arena, KD_KIND_ORDER, T0, "alto-red", "", 1, 5000000));
    whole.order_id = KD_STR("o1");
    fold(&p, of(whole, &browser));
    assert_true(kd_opinion_owns(&p, red) && kd_profile_bought(&p, red));
    assert_int_equal(kd_opinion_recency(&p, T0).orders, 0);
    assert_int_equal(kd_opinion_spent(&spent, &count, &p, arena, &err), KD_OK);
    assert_int_equal(count, 0);
    assert_true(brand_of(&p, "alto", arena)->strength > 7);
    fold(&p, of(line_fact(arena, KD_KIND_VIEW, T0, "alto-red", "", 1, 1), &user)); /* merged with somebody whose name others know */
    assert_false(kd_opinion_owns(&p, red));
    kd_profile_free(&p);
    whole = (kd_fact){ .kind = KD_KIND_ORDER_CANCELLED, .claimed = true, .id = counted_id(98, T0), .time_ms = T0 + 1, .order_id = KD_STR("o1"),
                       .total_micro = KD_PRICE_NONE };
    fold(&p, of(line_fact(arena, KD_KIND_ORDER, T0, "alto-red", "", 1, 1), &browser)); /* a till knows the device; the line has no order id */
    fold(&p, of(whole, &browser));
    assert_true(kd_opinion_owns(&p, red));
    kd_profile_free(&p);
    kd_arena_free(arena);
}

int run_opinion_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affinities), cmocka_unit_test(test_affinities_after_return),
        cmocka_unit_test(test_affinities_are_deterministic), cmocka_unit_test(test_cart), cmocka_unit_test(test_recency_and_owning),
        cmocka_unit_test(test_claims_about_others), cmocka_unit_test(test_claims_about_oneself),
    };
    return cmocka_run_group_tests_name("opinion", tests, NULL, NULL);
}

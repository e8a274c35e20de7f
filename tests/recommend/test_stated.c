/* What a person told us: it outranks what is inferred, decides the variant, hides what is not for them, and its reasons add up. */
#include "shop.h"

#include <math.h>

#include "recommend/favourites.h"

enum { PRODUCTS = 240, LIST = 12 };

static kd_ref red(void) { return kd_ref_of(KD_STR("red")); }

static kd_recommend_result recommend(shop *s, const kd_snapshot *snapshot, kd_recommend_request r)
{
    kd_recommend_result out;
    kd_err              err = { 0 };
    r.now_ms = NOW;
    assert_int_equal(kd_recommend(&out, s->recommender, snapshot, &r, s->arena, &err), KD_OK);
    return out;
}

static kd_profile somebody(kd_rng *rng)
{
    kd_profile p = { 0 };
    for (uint32_t n = 20; n > 0; n--)
        shop_act(&p, n % 3 ? KD_KIND_VIEW : KD_KIND_ORDER, kd_rng_below(rng, PRODUCTS), n % 3 ? 0 : 'S', NULL, NOW - (int64_t)n * KD_DAY_MS);
    return p;
}

static void check_sums(const kd_recommend_result *out)
{
    for (size_t i = 0; i < out->count; i++) {
        double sum = 0;
        assert_true(out->items[i].term_count >= 1 && out->items[i].term_count <= KD_TERMS_MAX);
        for (uint8_t t = 0; t < out->items[i].term_count; t++)
            sum += out->items[i].terms[t].weight;
        assert_true(fabs(sum - out->items[i].score) < 1e-6);
    }
}

static bool is_stated(const kd_recommended *item)
{
    for (uint8_t t = 0; t < item->term_count; t++)
        if (item->terms[t].kind == KD_TERM_STATED)
            return true;
    return false;
}

static void test_stated_outranks_inferred(void **state)
{
    shop   s;
    kd_rng rng;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    kd_rng_seed(&rng, 5);
    const kd_model    *model = shop_plant_model(&s, 3, PRODUCTS, 10, 20, 7);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    for (int round = 0; round < 40; round++) {
        kd_profile p = somebody(&rng);
        kd_ref     category = kd_ref_of(KD_STR("Top1 > Sub4")), color = red();
        kd_stated  stated = { .colors = { &color, NULL, 1 }, .categories = { &category, NULL, (uint32_t)(round % 2) } };
        kd_recommend_result without = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .count = LIST });
        kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .stated = &stated, .count = LIST });
        assert_int_equal(out.count, LIST);
        check_sums(&out);
        for (size_t i = 0; i < out.count; i++) { /* more red things than places: nothing else is shown */
            bool is_red = kd_product_has(out.items[i].product, KD_ATTR_COLOR, color);
            assert_true(is_red || (round % 2 && kd_product_has(out.items[i].product, KD_ATTR_CATEGORY, category)));
            assert_true(is_stated(&out.items[i]));
            assert_int_equal(out.items[i].terms[0].kind, KD_TERM_STATED);
            assert_true(out.items[i].score > without.items[0].score);
            assert_true(i == 0 || out.items[i].score <= out.items[i - 1].score);
        }
        if (round % 2) { /* two matches stand before one */
            size_t both = 0;
            while (both < out.count && out.items[both].terms[1].kind == KD_TERM_STATED && out.items[both].term_count > 1)
                both++;
            for (size_t i = both; i < out.count; i++)
                assert_false(out.items[i].term_count > 1 && out.items[i].terms[1].kind == KD_TERM_STATED);
        }
        kd_profile_free(&p);
        kd_arena_reset(s.arena);
    }
    kd_model_release(model);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

/* A new product of the stated brand is there at once, without a model and without anybody having bought it. */
static void test_stated_without_a_model(void **state)
{
    shop      s;
    kd_ref    brand = kd_ref_of(KD_STR("Alto"));
    kd_stated stated = { .brands = { &brand, NULL, 1 } };
    kd_profile p = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 40);
    for (int round = 0; round < 2; round++) { /* the second time the list is one product longer */
        shop_put(&s, round ? "{\"id\":\"n2\",\"title\":\"N2\",\"brand\":\"Alto\",\"price\":\"1.00\",\"currency\":\"EUR\"}"
                           : "{\"id\":\"n1\",\"title\":\"N1\",\"brand\":\"Alto\",\"price\":\"1.00\",\"currency\":\"EUR\"}");
        const kd_snapshot  *snapshot = kd_snapshot_acquire(s.catalog);
        kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .stated = &stated, .count = 5 });
        assert_int_equal(out.count, 5);
        for (int i = 0; i < 5; i++)
            assert_int_equal(is_stated(&out.items[i]), i <= round);
        kd_snapshot_release(snapshot);
    }
    shop_close(&s);
}

static void test_sizes_and_colors_decide_the_variant(void **state)
{
    shop       s;
    kd_profile p = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_put(&s, "{\"id\":\"shirt\",\"title\":\"Shirt\",\"category\":\"Top > Shirts\",\"variants\":["
                 "{\"sku\":\"S-red\",\"size\":\"S\",\"color\":\"red\",\"stock\":1,\"price\":\"1.00\",\"currency\":\"EUR\"},"
                 "{\"sku\":\"M-red\",\"size\":\"M\",\"color\":\"red\",\"stock\":1,\"price\":\"1.00\",\"currency\":\"EUR\"},"
                 "{\"sku\":\"M-blue\",\"size\":\"M\",\"color\":\"blue\",\"stock\":1,\"price\":\"1.00\",\"currency\":\"EUR\"},"
                 "{\"sku\":\"L-blue\",\"size\":\"L\",\"color\":\"blue\",\"out_of_stock\":true,\"price\":\"1.00\",\"currency\":\"EUR\"}]}");
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    const kd_ref small = kd_ref_of(KD_STR("S")), middle = kd_ref_of(KD_STR("M")), shoe = kd_ref_of(KD_STR("42")), blue = kd_ref_of(KD_STR("blue"));
    const kd_ref shirts = kd_ref_of(KD_STR("Top > Shirts")), top = kd_ref_of(KD_STR("Top"));
    struct { kd_stated_size sizes[3]; uint32_t count; bool colored; const char *sku; bool matches; } cases[] = {
        { { { 0, small } }, 1, false, "S-red", false },
        { { { 0, middle } }, 1, true, "M-blue", true },
        { { { 0, small } }, 1, true, "S-red", false },                /* blue is not to be had in S: no match is claimed */
        { { { shirts, middle }, { 0, small } }, 2, false, "M-red", false },
        { { { top, middle }, { 0, small } }, 2, false, "M-red", false },
        { { { shoe, middle }, { 0, small } }, 2, false, "S-red", false },  /* told of something else */
        { { { 0, shoe } }, 1, false, "S-red", false },                /* not made in it: says nothing here */
        { { { 0, 0 } }, 0, true, "M-blue", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_stated stated = { .sizes = cases[i].sizes, .size_count = cases[i].count, .colors = { &blue, NULL, cases[i].colored } };
        kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .stated = &stated, .count = 1 });
        assert_int_equal(out.count, 1);
        assert_true(kd_str_is(out.items[0].variant->sku, cases[i].sku));
        assert_int_equal(is_stated(&out.items[0]), cases[i].matches);
    }
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

static void test_not_for_me(void **state)
{
    shop   s;
    kd_rng rng;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    kd_rng_seed(&rng, 9);
    const kd_model    *model = shop_plant_model(&s, 3, PRODUCTS, 10, 20, 7);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    const kd_filter    all = { .include_bought = true, .include_out_of_stock = true };
    kd_recommender_set_model(s.recommender, model);
    for (int recipe = 0; recipe < KD_RECIPE_COUNT; recipe++)
        for (int round = 0; round < 10; round++) {
            kd_profile p = somebody(&rng);
            kd_ref     context = shop_ref(kd_rng_below(&rng, PRODUCTS)), category = kd_ref_of(KD_STR("Top1"));
            kd_recommend_request r = { .recipe = (kd_recipe)recipe, .profile = &p, .products = &context, .product_count = 1, .filter = &all, .count = LIST };
            kd_recommend_result  before = recommend(&s, snapshot, r);
            kd_ref               products[LIST];
            kd_stated            stated = { .not_categories = &category, .not_category_count = 1, .not_products = products };
            for (size_t i = 0; i < before.count; i += 2)
                products[stated.not_product_count++] = before.items[i].product->ref;
            r.stated = &stated;
            r.removed_max = 100;
            kd_recommend_result out = recommend(&s, snapshot, r);
            for (size_t i = 0; i < out.count; i++) {
                assert_false(kd_product_has(out.items[i].product, KD_ATTR_CATEGORY, category));
                for (uint32_t k = 0; k < stated.not_product_count; k++)
                    assert_true(out.items[i].product->ref != products[k]);
            }
            bool said = stated.not_product_count == 0;
            for (size_t i = 0; i < out.removed_count; i++)
                said |= out.removed[i].why == KD_REMOVED_NOT_FOR_ME;
            assert_true(said);
            kd_profile_free(&p);
            kd_arena_reset(s.arena);
        }
    kd_model_release(model);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

static void test_surprise_is_bounded(void **state)
{
    shop   s;
    kd_rng rng;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    kd_rng_seed(&rng, 11);
    const kd_model    *model = shop_plant_model(&s, 3, PRODUCTS, 10, 20, 7);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    for (int dial = 0; dial <= 4; dial++)
        for (size_t count = 1; count <= LIST; count++) {
            kd_profile p = { 0 };
            kd_stated  stated = { .surprise = dial / 4.0 };
            for (uint32_t n = 0; n < 6; n++) /* knows Sub0, Sub3, Sub6 and Sub9 only */
                shop_act(&p, KD_KIND_VIEW, 3 * n, 0, NULL, NOW - (int64_t)n * KD_DAY_MS);
            kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .stated = &stated, .count = count });
            size_t surprises = 0;
            assert_int_equal(out.count, count);
            check_sums(&out);
            for (size_t i = 0; i < out.count; i++) {
                if (out.items[i].terms[0].kind != KD_TERM_SURPRISE)
                    continue;
                surprises++;
                assert_true(i > 0); /* what fits best stays first */
                assert_true(out.items[i].product->row % 3 != 0);
            }
            assert_int_equal(surprises, (size_t)((double)count * stated.surprise / 2));
            kd_profile_free(&p);
            kd_arena_reset(s.arena);
        }
    kd_model_release(model);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

static void test_lists_are_remembered_within_bounds(void **state)
{
    shop           s;
    kd_favourites *f;
    kd_err         err = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 20);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    assert_int_equal(kd_favourites_open(&f, &err), KD_OK);
    for (uint64_t v = 0; v < 3 * KD_FAVOURITES_LISTS; v++) {
        const kd_ref *refs;
        uint32_t      count;
        assert_int_equal(kd_favourites_of(&refs, &count, f, snapshot, NULL, (kd_product_attr){ KD_ATTR_COLOR, v % 7 ? v : red() }, s.arena, &err), KD_OK);
        assert_int_equal(count, v % 7 ? 0 : 4 - 1 * shop_is_hidden(5));
        kd_arena_reset(s.arena);
    }
    kd_favourites_close(f);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

const struct CMUnitTest stated_tests[] = {
    cmocka_unit_test(test_stated_outranks_inferred), cmocka_unit_test(test_stated_without_a_model), cmocka_unit_test(test_sizes_and_colors_decide_the_variant),
    cmocka_unit_test(test_not_for_me), cmocka_unit_test(test_surprise_is_bounded), cmocka_unit_test(test_lists_are_remembered_within_bounds),
};
const size_t stated_test_count = sizeof stated_tests / sizeof *stated_tests;

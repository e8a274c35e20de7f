/* Without consent no sensitive product is recommended, gives a reason or teaches a size: 100,000 random requests, of which the first tenth
 * are asked again with consent, so that the test would notice a gate that is always closed. */
#include "shop.h"

#include <stdio.h>
#include <string.h>

#include "catalog/sensitive.h"
#include "recommend/shelf.h"

#ifdef __SANITIZE_THREAD__ /* a proof of one thread: the other run has it whole */
enum { PRODUCTS = 240, ROUNDS = 10000, LIST = 12 };
#else
enum { PRODUCTS = 240, ROUNDS = 100000, LIST = 12 };
#endif

static void act(kd_profile *p, kd_rng *rng)
{
    static const kd_kind kinds[] = { KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_CLICK, KD_KIND_CART_ADD, KD_KIND_WISH_ADD, KD_KIND_ORDER, KD_KIND_ORDER };
    for (uint32_t n = kd_rng_below(rng, 20); n > 0; n--) {
        const uint32_t product = kd_rng_below(rng, PRODUCTS);
        const char     size = product % 4 == 0 || kd_rng_below(rng, 4) == 0 ? 0 : "SML"[kd_rng_below(rng, 3)];
        shop_act(p, kinds[kd_rng_below(rng, sizeof kinds / sizeof *kinds)], product, size, NULL, NOW - (int64_t)(kd_rng_unit(rng) * 60.0 * (double)KD_DAY_MS));
    }
}

static bool is_sensitive(const kd_snapshot *snapshot, kd_ref ref)
{
    const kd_variant *variant;
    const kd_product *p = ref ? kd_snapshot_find_any(snapshot, ref, &variant) : NULL;
    return p && p->sensitive != 0;
}

typedef struct tally { size_t items, sensitive_items, sensitive_reasons; } tally;

static void ask(tally *t, shop *s, const kd_snapshot *snapshot, kd_recommend_request r)
{
    kd_recommend_result out;
    kd_err              err = { 0 };
    assert_int_equal(kd_recommend(&out, s->recommender, snapshot, &r, s->arena, &err), KD_OK);
    for (size_t i = 0; i < out.count; i++) {
        t->items++;
        t->sensitive_items += out.items[i].product->sensitive != 0;
        for (uint8_t k = 0; k < out.items[i].term_count; k++)
            t->sensitive_reasons += is_sensitive(snapshot, out.items[i].terms[k].about);
    }
}

static void put_concept(shop *s, const char *text)
{
    const kd_json *doc;
    kd_err         err = { 0 };
    assert_int_equal(kd_json_parse(&doc, s->arena, text, strlen(text), NULL), KD_OK);
    assert_int_equal(kd_catalog_concepts_put(s->catalog, &doc, 1, NOW, &err), KD_OK);
}

static void test_gate(void **state)
{
    shop   s;
    kd_rng rng;
    tally  without = { 0 }, with = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    put_concept(&s, "{\"id\":\"planted\",\"categories\":[\"Top1 > Sub1\",\"Top2\"],\"products\":[\"p0\",\"p12\"]}");
    const kd_model *model = shop_plant_model(&s, 4, PRODUCTS - 30, 15, 20, 42);
    kd_recommender_set_model(s.recommender, model);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    assert_in_range(kd_snapshot_sensitive(snapshot), PRODUCTS / 3, PRODUCTS / 2);
    kd_rng_seed(&rng, 7);
    for (int round = 0; round < ROUNDS; round++) {
        kd_profile profile = { 0 };
        kd_ref     context[3] = { shop_ref(kd_rng_below(&rng, PRODUCTS)), shop_variant_ref(kd_rng_below(&rng, PRODUCTS), 'M'), shop_ref(kd_rng_below(&rng, PRODUCTS)) };
        act(&profile, &rng);
        kd_recommend_request r = { .recipe = (kd_recipe)kd_rng_below(&rng, KD_RECIPE_COUNT), .profile = kd_rng_below(&rng, 8) ? &profile : NULL, .products = context,
                                   .product_count = 1 + kd_rng_below(&rng, 3), .count = 1 + kd_rng_below(&rng, LIST), .now_ms = NOW,
                                   .removed_max = kd_rng_below(&rng, 2) * 20 };
        ask(&without, &s, snapshot, r);
        r.sensitive = true;
        if (round < ROUNDS / 10)
            ask(&with, &s, snapshot, r);
        kd_profile_free(&profile);
        kd_arena_reset(s.arena);
    }
    assert_int_equal(without.sensitive_items, 0);
    assert_int_equal(without.sensitive_reasons, 0);
    assert_true(without.items > (size_t)ROUNDS * 3);
    assert_true(with.sensitive_items * 10 > with.items && with.sensitive_reasons > 0);
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

static void test_size(void **state)
{
    shop       s;
    kd_profile profile = { 0 };
    kd_sizes   sizes;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 24);
    shop_act(&profile, KD_KIND_ORDER, 1, 'L', "o1", NOW - KD_DAY_MS);
    put_concept(&s, "{\"id\":\"planted\",\"products\":[\"p1\"]}");
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_sizes_learn(&sizes, &profile, snapshot, false);
    assert_int_equal(sizes.count, 0);
    kd_sizes_learn(&sizes, &profile, snapshot, true);
    assert_int_equal(sizes.count, 1);
    kd_snapshot_release(snapshot);
    kd_profile_free(&profile);
    shop_close(&s);
}

/* Said to whoever asks why something is missing. */
static void test_removed(void **state)
{
    shop                s;
    kd_recommend_result out;
    kd_err              err = { 0 };
    size_t              named = 0;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 24);
    put_concept(&s, "{\"id\":\"planted\",\"categories\":[\"Top1\"]}");
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommend_request r = { .recipe = KD_RECIPE_POPULAR, .count = 24, .now_ms = NOW, .removed_max = 24 };
    assert_int_equal(kd_recommend(&out, s.recommender, snapshot, &r, s.arena, &err), KD_OK);
    for (size_t i = 0; i < out.removed_count; i++)
        named += out.removed[i].why == KD_REMOVED_SENSITIVE;
    assert_true(named > 0);
    assert_string_equal(kd_removal_name(KD_REMOVED_SENSITIVE), "sensitive");
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

const struct CMUnitTest sensitive_tests[] = { cmocka_unit_test(test_gate), cmocka_unit_test(test_size), cmocka_unit_test(test_removed) };
const size_t            sensitive_test_count = sizeof sensitive_tests / sizeof *sensitive_tests;

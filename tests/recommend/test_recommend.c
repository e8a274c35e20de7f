/* The list for a person: what must never be on it, what must always hold of it, and what fills it when little is known. */
#include "shop.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "recommend/score.h"
#include "recommend/seeds.h"

enum { PRODUCTS = 240, LIST = 12 };

static kd_recommend_result recommend(shop *s, const kd_snapshot *snapshot, kd_recommend_request r)
{
    kd_recommend_result out;
    kd_err              err = { 0 };
    r.now_ms = r.now_ms ? r.now_ms : NOW;
    kd_status status = kd_recommend(&out, s->recommender, snapshot, &r, s->arena, &err);
    if (status != KD_OK)
        print_message("%s: %s\n", err.field, err.msg);
    assert_int_equal(status, KD_OK);
    return out;
}

static uint32_t number_of(const kd_product *product)
{
    int64_t number = -1;
    assert_true(kd_str_i64(&number, (kd_str){ product->id.ptr + 1, product->id.len - 1 }));
    return (uint32_t)number;
}

/* A person of random deeds: some without orders, some with only old ones, some returning things. */
static kd_profile random_person(kd_rng *rng)
{
    static const kd_kind kinds[] = { KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_CLICK, KD_KIND_CART_ADD, KD_KIND_WISH_ADD, KD_KIND_ORDER, KD_KIND_ORDER,
                                     KD_KIND_CART_REMOVE, KD_KIND_WISH_REMOVE, KD_KIND_RETURN };
    kd_profile           p = { 0 };
    for (uint32_t n = kd_rng_below(rng, 40); n > 0; n--) {
        uint32_t product = kd_rng_below(rng, PRODUCTS);
        char     size = product % 4 == 0 || kd_rng_below(rng, 4) == 0 ? 0 : "SML"[kd_rng_below(rng, 3)];
        shop_act(&p, kinds[kd_rng_below(rng, sizeof kinds / sizeof *kinds)], product, size, NULL, NOW - (int64_t)(kd_rng_unit(rng) * 200.0 * (double)KD_DAY_MS));
    }
    return p;
}

static bool ever_bought(const kd_profile *profile, const kd_product *product)
{
    for (uint32_t i = 0; profile && i < profile->bought_count; i++) {
        if (profile->bought[i].product == product->ref)
            return true;
        for (uint16_t v = 0; v < product->variant_count; v++)
            if (profile->bought[i].product == product->variants[v].ref)
                return true;
    }
    return false;
}

static bool in_stock(shop *s, const kd_product *product, const kd_variant *variant)
{
    return variant ? kd_stock_variant_available(s->catalog, product, (uint16_t)(variant - product->variants)) : kd_stock_available(s->catalog, product);
}

/* What holds of every answer without `include_*`. */
static void check_answer(shop *s, const kd_recommend_request *r, const kd_recommend_result *out)
{
    assert_true(out->count <= r->count);
    for (size_t i = 0; i < out->count; i++) {
        const kd_recommended *one = &out->items[i];
        uint32_t              number = number_of(one->product);
        int64_t               sum = 0;
        assert_false(shop_is_hidden(number));
        assert_true(shop_is_replenishable(number) || !ever_bought(r->profile, one->product));
        assert_true(in_stock(s, one->product, one->variant));
        assert_true((one->variant != NULL) == (one->product->variant_count > 1));
        assert_true(one->score > 0 && one->term_count >= 1 && one->term_count <= KD_TERMS_MAX);
        for (uint8_t t = 0; t < one->term_count; t++) {
            sum += llround(one->terms[t].weight * 1e6);
            assert_true(one->terms[t].weight > 0);
            assert_true(t == 0 || t == KD_TERMS_MAX - 1 || one->terms[t - 1].weight >= one->terms[t].weight);
        }
        assert_int_equal(sum, llround(one->score * 1e6));
        assert_true(i == 0 || out->items[i - 1].layer < one->layer ||
                    (out->items[i - 1].layer == one->layer && out->items[i - 1].score >= one->score));
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(out->items[k].product, one->product);
        for (size_t k = 0; k < r->product_count; k++)
            assert_true(r->recipe == KD_RECIPE_RECENTLY_VIEWED || r->products[k] != one->product->ref);
    }
}

static void check_same(const kd_recommend_result *a, const kd_recommend_result *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->candidates, b->candidates);
    for (size_t i = 0; i < a->count; i++) {
        assert_ptr_equal(a->items[i].product, b->items[i].product);
        assert_ptr_equal(a->items[i].variant, b->items[i].variant);
        assert_true(a->items[i].score == b->items[i].score && a->items[i].layer == b->items[i].layer);
        assert_int_equal(a->items[i].term_count, b->items[i].term_count);
        for (uint8_t t = 0; t < a->items[i].term_count; t++) {
            assert_true(a->items[i].terms[t].weight == b->items[i].terms[t].weight);
            assert_true(a->items[i].terms[t].about == b->items[i].terms[t].about);
        }
    }
}

static void test_laws(void **state)
{
    shop   s;
    kd_rng rng;
    size_t by_layer[KD_LAYER_NEWEST + 1] = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    const kd_model *model = shop_plant_model(&s, 4, PRODUCTS - 30, 15, 20, 42);
    kd_recommender_set_model(s.recommender, model);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_rng_seed(&rng, 1);
    for (uint32_t n = 0; n < 60; n++)
        shop_set_stock(&s, shop_variant_ref(kd_rng_below(&rng, PRODUCTS / 4) * 4 + 1, "SML"[n % 3]), 0);
    for (int round = 0; round < 1500; round++) {
        kd_profile profile = random_person(&rng);
        kd_ref     context[4] = { shop_ref(kd_rng_below(&rng, PRODUCTS)), shop_ref(kd_rng_below(&rng, PRODUCTS)), 12345, shop_variant_ref(1, 'M') };
        kd_recommend_request r = { .recipe = (kd_recipe)kd_rng_below(&rng, KD_RECIPE_COUNT), .profile = kd_rng_below(&rng, 8) ? &profile : NULL,
                                   .products = context, .product_count = 1 + kd_rng_below(&rng, 4), .count = 1 + kd_rng_below(&rng, LIST) };
        if (r.recipe == KD_RECIPE_FOR_YOU || r.recipe >= KD_RECIPE_POPULAR)
            r.product_count = kd_rng_below(&rng, 3);
        r.now_ms = NOW;
        kd_recommend_result one = recommend(&s, snapshot, r), two = recommend(&s, snapshot, r);
        check_answer(&s, &r, &one);
        check_same(&one, &two);
        assert_int_equal(one.model_version, 42);
        if (r.recipe != KD_RECIPE_RECENTLY_VIEWED)
            assert_int_equal(one.count, r.count);
        for (size_t i = 0; i < one.count; i++)
            by_layer[one.items[i].layer]++;
        kd_profile_free(&profile);
        kd_arena_reset(s.arena);
    }
    assert_true(by_layer[KD_LAYER_RECIPE] > 1000 && by_layer[KD_LAYER_TRENDING] > 0 && by_layer[KD_LAYER_TRENDING_CATEGORY] > 0);
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

/* The first layer is the plain ranking by summed neighbours with the forbidden taken out, and nothing else. */
static void test_equals_plain_ranking(void **state)
{
    shop   s;
    kd_rng rng;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    const kd_model    *model = shop_plant_model(&s, 8, PRODUCTS, 0, 30, 1);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    kd_rng_seed(&rng, 2);
    for (int round = 0; round < 300; round++) {
        kd_profile    profile = random_person(&rng);
        kd_cart_line *cart = NULL;
        size_t        cart_count = 0, next = 0;
        kd_seed       seeds[KD_SEEDS_MAX];
        kd_scorer     scorer = { 0 };
        kd_candidate  all[PRODUCTS];
        assert_int_equal(kd_opinion_cart(&cart, &cart_count, &profile, 30 * KD_DAY_MS, NOW, s.arena, NULL), KD_OK);
        size_t seed_count = kd_seeds_of_profile(seeds, 0, &profile, cart, cart_count, model, snapshot, NOW);
        assert_int_equal(kd_scorer_reserve(&scorer, PRODUCTS, NULL), KD_OK);
        kd_scorer_add(&scorer, model, seeds, seed_count);
        size_t count = kd_scorer_top(all, PRODUCTS, &scorer);
        kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &profile, .count = LIST });
        for (size_t i = 0; i < count && next < LIST; i++) {
            const kd_product *product = kd_snapshot_find(snapshot, kd_model_item(model, all[i].item));
            bool              in_cart = false;
            for (size_t c = 0; c < cart_count; c++)
                in_cart |= cart[c].product == product->ref;
            if (product->hidden || in_cart || (ever_bought(&profile, product) && !product->replenishable))
                continue;
            assert_ptr_equal(out.items[next].product, product);
            assert_int_equal(llround(out.items[next].score * 1e6), all[i].micro);
            next++;
        }
        assert_true(next == out.count || out.items[next].layer != KD_LAYER_RECIPE);
        kd_scorer_free(&scorer);
        kd_profile_free(&profile);
        kd_arena_reset(s.arena);
    }
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

/* From an empty house to a full one: every stage answers, and says from which layer. */
static void test_chain(void **state)
{
    shop                 s;
    kd_recommend_request r = { .recipe = KD_RECIPE_FOR_YOU, .count = 5 };
    (void)state;
    shop_open(&s, 1);
    const kd_snapshot  *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommend_result out = recommend(&s, snapshot, r);
    assert_int_equal(out.count, 0); /* an empty catalogue has nothing to show, and that is no error */
    kd_snapshot_release(snapshot);

    shop_add_products(&s, 0, 40); /* a fresh catalogue without any event */
    snapshot = kd_snapshot_acquire(s.catalog);
    out = recommend(&s, snapshot, r);
    assert_int_equal(out.count, 5);
    assert_int_equal(out.items[0].layer, KD_LAYER_NEWEST);
    assert_int_equal(out.items[0].terms[0].kind, KD_TERM_RECENT);
    assert_int_equal(out.model_version, 0);

    kd_fact_line line = { .product = KD_STR("p7"), .quantity = 1 };
    kd_fact      fact = { .kind = KD_KIND_VIEW, .time_ms = NOW, .lines = &line, .line_count = 1 };
    kd_stored    stored[300];
    for (uint32_t n = 0; n < 300; n++) /* views of one product: it trends in the next answer */
        stored[n] = (kd_stored){ .fact = &fact, .person = { { (uint8_t)n, (uint8_t)(n >> 8) } } };
    kd_recommender_observe(s.recommender, stored, 300);
    out = recommend(&s, snapshot, r);
    assert_int_equal(number_of(out.items[0].product), 7);
    assert_int_equal(out.items[0].layer, KD_LAYER_TRENDING);
    assert_int_equal(out.items[1].layer, KD_LAYER_NEWEST);

    const kd_model *model = shop_plant_model(&s, 1, 40, 0, 3, 9);
    kd_recommender_set_model(s.recommender, model);
    out = recommend(&s, snapshot, r);
    assert_true(out.items[4].layer <= KD_LAYER_POPULAR);
    r.products = &(kd_ref){ shop_ref(19) };
    r.product_count = 1;
    r.recipe = KD_RECIPE_TRENDING; /* p7 and p19 share a category: with p19 on the page, p7 is what trends here */
    out = recommend(&s, snapshot, r);
    assert_int_equal(number_of(out.items[0].product), 7);
    assert_int_equal(out.items[0].layer, KD_LAYER_RECIPE);
    kd_recommender_set_model(s.recommender, NULL);
    assert_null(kd_recommender_model(s.recommender));
    out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_POPULAR, .count = 3 });
    assert_int_equal(out.items[0].layer, KD_LAYER_RECIPE);
    kd_model_release(model);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

static void test_bought_vanishes(void **state)
{
    shop       s;
    kd_profile p = { 0 };
    kd_filter  all = { .include_bought = true };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 60);
    const kd_model    *model = shop_plant_model(&s, 1, 60, 0, 30, 1);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    shop_act(&p, KD_KIND_VIEW, 1, 0, NULL, NOW - 1000);
    for (int n = 0; n < 20; n++) { /* buy what stands first, again and again, by product or by sku */
        kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .count = 1 });
        uint32_t            first = number_of(out.items[0].product);
        char                sku[32];
        kd_profile_caps     caps = kd_profile_caps_default();
        kd_fact_line        line = { .product = { sku, (size_t)snprintf(sku, sizeof sku, n % 2 && first % 4 ? "p%u-M" : "p%u", first) }, .quantity = 1, .price_micro = KD_PRICE_NONE };
        kd_fact             fact = { .kind = KD_KIND_ORDER, .time_ms = NOW - 500 + n, .id = { { 9, (uint8_t)n } }, .total_micro = KD_PRICE_NONE, .lines = &line, .line_count = 1 };
        assert_int_equal(kd_profile_fold(&p, &fact, &caps, NULL), KD_OK);
        out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .count = 40 });
        for (size_t i = 0; i < out.count; i++)
            assert_true(number_of(out.items[i].product) != first || shop_is_replenishable(first));
        if (shop_is_replenishable(first))
            break;
    }
    kd_recommend_result without = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .count = 60 });
    kd_recommend_result with = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .count = 60, .filter = &all });
    assert_true(without.removed_bought > 0 && with.removed_bought == 0 && with.count > without.count);
    kd_profile_free(&p);
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

static void test_sizes(void **state)
{
    shop       s;
    kd_profile p = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 60);
    const kd_model    *model = shop_plant_model(&s, 1, 60, 0, 40, 1);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    /* Top0 is products divisible by three: L kept twice, M kept once, S bought three times and sent back each time */
    shop_act(&p, KD_KIND_ORDER, 3, 'L', "a", NOW - 50 * KD_DAY_MS);
    shop_act(&p, KD_KIND_ORDER, 6, 'L', "b", NOW - 49 * KD_DAY_MS);
    shop_act(&p, KD_KIND_ORDER, 9, 'M', "c", NOW - 10 * KD_DAY_MS);
    for (uint32_t n = 0; n < 3; n++) {
        shop_act(&p, KD_KIND_ORDER, 15 + 6 * n, 'S', "d", NOW - 9 * KD_DAY_MS);
        shop_act(&p, KD_KIND_RETURN, 15 + 6 * n, 'S', "d", NOW - 8 * KD_DAY_MS);
    }
    shop_set_stock(&s, shop_variant_ref(30, 'L'), 0);
    shop_set_stock(&s, shop_variant_ref(34, 'S'), 0);
    kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &p, .count = 60 });
    bool                seen_34 = false;
    for (size_t i = 0; i < out.count; i++) {
        uint32_t number = number_of(out.items[i].product);
        assert_int_not_equal(number, 30); /* made in L, and L is gone */
        if (number % 3 == 0 && number % 4 != 0)
            assert_true(kd_str_is(out.items[i].variant->size, "L"));
        if (number == 34) { /* another top category: no size is known there, and S is gone */
            assert_true(kd_str_is(out.items[i].variant->size, "M"));
            seen_34 = true;
        }
    }
    assert_true(seen_34);
    assert_true(out.removed_stock > 0);
    kd_profile_free(&p);
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

static bool has_attr(const kd_product *product, const kd_variant *variant, kd_product_attr attr)
{
    for (uint16_t i = 0; i < product->attr_count; i++)
        if (product->attrs[i].attribute == attr.attribute && product->attrs[i].value == attr.value)
            return true;
    for (uint16_t i = 0; variant && i < variant->attr_count; i++)
        if (variant->attrs[i].attribute == attr.attribute && variant->attrs[i].value == attr.value)
            return true;
    return false;
}

static void test_filters(void **state)
{
    shop   s;
    kd_rng rng;
    size_t answered = 0;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    const kd_model    *model = shop_plant_model(&s, 1, PRODUCTS, 0, 40, 1);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    kd_rng_seed(&rng, 3);
    for (int round = 0; round < 300; round++) {
        kd_profile      profile = random_person(&rng);
        kd_product_attr any[3], none[2];
        kd_filter       f = { .any_of = any, .any_of_count = kd_rng_below(&rng, 4), .none_of = none, .none_of_count = kd_rng_below(&rng, 3),
                              .price_min_micro = kd_rng_below(&rng, 2) * INT64_C(15000000), .price_max_micro = kd_rng_below(&rng, 2) * INT64_C(40000000) };
        for (int n = 0; n < 5; n++) { /* attributes of products there are */
            const kd_product *product = kd_snapshot_product(snapshot, kd_rng_below(&rng, PRODUCTS));
            const kd_variant *variant = &product->variants[kd_rng_below(&rng, product->variant_count)];
            kd_product_attr   attr = variant->attr_count && kd_rng_below(&rng, 2) ? variant->attrs[kd_rng_below(&rng, variant->attr_count)]
                                                                                : product->attrs[kd_rng_below(&rng, product->attr_count)];
            *(n < 3 ? &any[n] : &none[n - 3]) = attr;
        }
        kd_recommend_request r = { .recipe = KD_RECIPE_FOR_YOU, .profile = &profile, .count = LIST, .filter = &f, .now_ms = NOW };
        kd_recommend_result  out = recommend(&s, snapshot, r);
        check_answer(&s, &r, &out);
        answered += out.count;
        for (size_t i = 0; i < out.count; i++) {
            const kd_product *product = out.items[i].product;
            const kd_variant *variant = out.items[i].variant ? out.items[i].variant : &product->variants[0];
            kd_price          price;
            for (size_t a = 0; a < f.any_of_count; a++) {
                bool one_of = false;
                for (size_t b = 0; b < f.any_of_count; b++)
                    one_of |= any[b].attribute == any[a].attribute && has_attr(product, variant, any[b]);
                assert_true(one_of);
            }
            for (size_t a = 0; a < f.none_of_count; a++)
                assert_false(has_attr(product, variant, none[a]));
            assert_true(kd_price_of(&price, s.catalog, variant->row));
            assert_true(price.micro >= f.price_min_micro && (!f.price_max_micro || price.micro <= f.price_max_micro));
        }
        kd_profile_free(&profile);
        kd_arena_reset(s.arena);
    }
    assert_true(answered > 300);
    kd_filter sold_out = { .include_out_of_stock = true };
    for (uint32_t n = 0; n < PRODUCTS; n += 4)
        shop_set_stock(&s, shop_ref(n), 0);
    kd_recommend_result without = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_POPULAR, .count = PRODUCTS });
    kd_recommend_result with = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_POPULAR, .count = PRODUCTS, .filter = &sold_out });
    assert_true(with.count > without.count && without.removed_stock > 0 && with.removed_stock == 0);
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

static void test_recently_viewed(void **state)
{
    shop       s;
    kd_profile p = { 0 };
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, 30);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    for (uint32_t n = 0; n < 8; n++)
        shop_act(&p, KD_KIND_VIEW, n == 7 ? 2 : n * 2, 0, NULL, NOW - 100000 + (int64_t)n * 1000);
    kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_RECENTLY_VIEWED, .profile = &p, .count = 10 });
    static const uint32_t want[] = { 2, 12, 10, 8, 6, 4, 0 };
    assert_int_equal(out.count, 7);
    for (size_t i = 0; i < out.count; i++) {
        assert_int_equal(number_of(out.items[i].product), want[i]);
        assert_true(out.items[i].terms[0].kind == KD_TERM_RECENT && out.items[i].terms[0].about == out.items[i].product->ref);
    }
    out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_RECENTLY_VIEWED, .count = 10 });
    assert_int_equal(out.count, 0); /* a stranger has viewed nothing, and nothing else is shown under that name */
    kd_profile_free(&p);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

static void test_rejects(void **state)
{
    static const struct { kd_recommend_request r; kd_status status; const char *field; } cases[] = {
        { { .recipe = KD_RECIPE_ALSO_BOUGHT, .count = 5 }, KD_INVALID, "products" },
        { { .recipe = KD_RECIPE_ALSO_VIEWED, .count = 5 }, KD_INVALID, "products" },
        { { .recipe = KD_RECIPE_VIEWED_THEN_BOUGHT, .count = 5 }, KD_INVALID, "products" },
        { { .recipe = KD_RECIPE_FOR_YOU, .count = 0 }, KD_INVALID, "count" },
        { { .recipe = KD_RECIPE_FOR_YOU, .count = KD_RECOMMEND_MAX + 1 }, KD_INVALID, "count" },
        { { .recipe = KD_RECIPE_COUNT, .count = 5 }, KD_INVALID, "recipe" },
        { { .recipe = KD_RECIPE_FOR_YOU, .count = 5, .product_count = KD_CONTEXT_MAX + 1 }, KD_INVALID, "products" },
    };
    shop      s;
    kd_recipe recipe;
    kd_err    err = { 0 };
    (void)state;
    shop_open(&s, 1);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_recommend_result out;
        err = (kd_err){ 0 };
        assert_int_equal(kd_recommend(&out, s.recommender, snapshot, &cases[i].r, s.arena, &err), cases[i].status);
        assert_string_equal(err.field, cases[i].field);
    }
    kd_arena           *tiny = kd_arena_new(64);
    kd_recommend_result out;
    assert_int_equal(kd_recommend(&out, s.recommender, snapshot, &(kd_recommend_request){ .count = 10 }, tiny, &err), KD_LIMIT);
    kd_arena_free(tiny);
    for (int r = 0; r < KD_RECIPE_COUNT; r++) {
        assert_int_equal(kd_recipe_parse(&recipe, kd_str_z(kd_recipe_name((kd_recipe)r)), NULL), KD_OK);
        assert_int_equal(recipe, r);
    }
    assert_int_equal(kd_recipe_parse(&recipe, KD_STR("For-You"), &err), KD_INVALID);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

/* Another thread sells out and restocks while lists are made. A variant that was out before the call and was not restocked
 * until after it must not be on the list. */
typedef struct till { shop *s; _Atomic bool over; _Atomic uint32_t changes[PRODUCTS]; _Atomic bool sold_out[PRODUCTS]; } till;

static void *sell(void *arg)
{
    till  *t = arg;
    kd_rng rng;
    kd_rng_seed(&rng, 4);
    while (!atomic_load(&t->over)) {
        uint32_t n = kd_rng_below(&rng, PRODUCTS / 4) * 4;
        bool     gone = !atomic_load(&t->sold_out[n]);
        atomic_fetch_add(&t->changes[n], 1); /* odd: changing */
        shop_set_stock(t->s, shop_ref(n), gone ? 0 : 5);
        atomic_store(&t->sold_out[n], gone);
        atomic_fetch_add(&t->changes[n], 1);
    }
    return NULL;
}

static void test_never_sold_out(void **state)
{
    static till t;
    shop        s;
    pthread_t   thread;
    kd_rng      rng;
    kd_profile  people[64];
    size_t      checked = 0;
    (void)state;
    shop_open(&s, 1);
    shop_add_products(&s, 0, PRODUCTS);
    const kd_model    *model = shop_plant_model(&s, 1, PRODUCTS, 0, 40, 1);
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    kd_recommender_set_model(s.recommender, model);
    kd_rng_seed(&rng, 5);
    for (int n = 0; n < 64; n++)
        people[n] = random_person(&rng);
    t.s = &s;
    pthread_create(&thread, NULL, sell, &t);
    for (int round = 0; round < 100000; round++) {
        uint32_t changes[PRODUCTS];
        bool     gone[PRODUCTS];
        for (uint32_t n = 0; n < PRODUCTS; n += 4) {
            changes[n] = atomic_load(&t.changes[n]);
            gone[n] = atomic_load(&t.sold_out[n]);
        }
        kd_recommend_result out = recommend(&s, snapshot, (kd_recommend_request){ .recipe = KD_RECIPE_FOR_YOU, .profile = &people[round % 64], .count = LIST });
        for (size_t i = 0; i < out.count; i++) {
            uint32_t n = number_of(out.items[i].product);
            if (n % 4 == 0 && changes[n] % 2 == 0 && atomic_load(&t.changes[n]) == changes[n]) {
                assert_false(gone[n]);
                checked++;
            }
        }
        kd_arena_reset(s.arena);
    }
    atomic_store(&t.over, true);
    pthread_join(thread, NULL);
    assert_true(checked > 100000);
    for (int n = 0; n < 64; n++)
        kd_profile_free(&people[n]);
    kd_snapshot_release(snapshot);
    kd_model_release(model);
    shop_close(&s);
}

const struct CMUnitTest recommend_tests[] = {
    cmocka_unit_test(test_laws),   cmocka_unit_test(test_equals_plain_ranking), cmocka_unit_test(test_chain),   cmocka_unit_test(test_bought_vanishes),
    cmocka_unit_test(test_sizes),  cmocka_unit_test(test_filters),              cmocka_unit_test(test_recently_viewed),
    cmocka_unit_test(test_rejects), cmocka_unit_test(test_never_sold_out),
};
const size_t recommend_test_count = sizeof recommend_tests / sizeof *recommend_tests;

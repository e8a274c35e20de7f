/* One answer at one or more placements. */
#include "suite.h"

#include <stdio.h>

static void check_no_product_twice(const kd_decision *decisions, size_t count)
{
    const kd_product *seen[4000];
    size_t            n = 0;
    for (size_t d = 0; d < count; d++) {
        assert_true(decisions[d].list.count <= decisions[d].placement->count);
        for (size_t i = 0; i < decisions[d].list.count; i++) {
            for (size_t s = 0; s < n; s++)
                assert_ptr_not_equal(seen[s], decisions[d].list.items[i].product);
            seen[n++] = decisions[d].list.items[i].product;
        }
    }
}

static void test_no_product_twice(void **state)
{
    static const char *const recipes[] = { "for-you", "popular", "trending", "also-bought", "cart", "for-you" };
    const kd_placement *placements[6];
    kd_profile          profile = { 0 };
    kd_ref              context[] = { shop_ref(2) };
    (void)state;
    shop_act(&profile, KD_KIND_VIEW, 7, 'S', NULL, NOW - KD_DAY_MS);
    shop_act(&profile, KD_KIND_CART_ADD, 9, 'M', NULL, NOW - KD_DAY_MS);
    shop_act(&profile, KD_KIND_ORDER, 10, 'M', "o1", NOW - 2 * KD_DAY_MS);
    for (int i = 0; i < 6; i++) {
        char json[120];
        snprintf(json, sizeof json, "{\"kind\":\"recommendation\",\"recipe\":\"%s\",\"count\":6}", recipes[i]);
        placements[i] = make_placement(recipes[i], json);
    }
    kd_decide_request request = { .profile = &profile, .channel = KD_CHANNEL_WEB, .products = context, .product_count = 1, .seed = 3 };
    kd_decision      *decisions = decide_at(placements, 6, &request);
    check_no_product_twice(decisions, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(decisions[i].list.count, 6); /* the gaps are closed */
        assert_false(decisions[i].nothing);
        assert_int_equal(decisions[i].list.model_version, 7001);
        for (int j = 0; j < i; j++)
            assert_false(kd_id_eq(decisions[i].id, decisions[j].id));
        assert_int_equal(kd_id_time_ms(decisions[i].id), NOW);
    }
    /* Alone, the second placement shows what the first one took from it. */
    kd_decision *alone = decide_at(&placements[1], 1, &request);
    assert_ptr_equal(alone[0].placement, placements[1]);
    kd_profile_free(&profile);
}

/* Thirty-two placements of a hundred want more than a list may hold, and more than the shop has. */
static void test_many_large_placements(void **state)
{
    const kd_placement *placements[32], *p = make_placement("big", "{\"kind\":\"recommendation\",\"recipe\":\"popular\",\"count\":100}");
    kd_decide_request   request = { .channel = KD_CHANNEL_WEB };
    size_t              shown = 0;
    (void)state;
    for (int i = 0; i < 32; i++)
        placements[i] = p;
    kd_decision *decisions = decide_at(placements, 32, &request);
    check_no_product_twice(decisions, 32);
    for (int i = 0; i < 32; i++)
        shown += decisions[i].list.count;
    assert_true(shown > 40 && shown <= 60);
    assert_true(decisions[31].nothing && decisions[31].list.count == 0);
}

static void test_same_seed_same_answer(void **state)
{
    const kd_placement *p = make_placement("home", "{\"kind\":\"recommendation\",\"count\":5}");
    kd_decide_request   request = { .seed = 42 }, other = { .seed = 43 };
    (void)state;
    kd_decision *a = decide_at(&p, 1, &request), *b = decide_at(&p, 1, &request), *c = decide_at(&p, 1, &other);
    assert_true(kd_id_eq(a->id, b->id));
    assert_false(kd_id_eq(a->id, c->id));
    assert_int_equal(a->list.count, b->list.count);
    for (size_t i = 0; i < a->list.count; i++) {
        assert_ptr_equal(a->list.items[i].product, b->list.items[i].product);
        assert_true(a->list.items[i].score == b->list.items[i].score);
    }
}

static void test_channels_and_live(void **state)
{
    const kd_placement *placements[] = {
        make_placement("all", "{\"kind\":\"content\",\"content\":{\"n\":1}}"),
        make_placement("web", "{\"kind\":\"content\",\"content\":{\"n\":2},\"channels\":[\"web\",\"app\"]}"),
        make_placement("mail", "{\"kind\":\"recommendation\",\"count\":2,\"channels\":[\"email\"]}"),
        make_placement("off", "{\"kind\":\"content\",\"content\":{\"n\":4},\"live\":false}"),
    };
    static const struct { kd_channel channel; bool shown[4]; } cases[] = {
        { KD_CHANNEL_WEB, { true, true, false, false } },
        { KD_CHANNEL_EMAIL, { true, false, true, false } },
        { KD_CHANNEL_STORE, { true, false, false, false } },
        { KD_CHANNEL_UNKNOWN, { true, false, false, false } },
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        kd_decide_request request = { .channel = cases[c].channel };
        kd_decision      *decisions = decide_at(placements, 4, &request);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(!decisions[i].nothing, cases[c].shown[i]);
            if (decisions[i].nothing) {
                assert_int_equal(decisions[i].content.len, 0);
                assert_int_equal(decisions[i].list.count, 0);
            }
            assert_false(kd_id_is_nil(decisions[i].id)); /* "nothing" is a decision, too */
        }
        assert_true(kd_str_is(decisions[0].content, "{\"n\":1}"));
        assert_int_equal(decisions[2].list.count, cases[c].shown[2] ? 2 : 0);
    }
}

static void test_content_beside_a_list(void **state)
{
    const kd_placement *placements[] = {
        make_placement("list", "{\"kind\":\"recommendation\",\"count\":2,\"content\":{\"headline\":\"Yours\"}}"),
        make_placement("empty", "{\"kind\":\"recommendation\",\"recipe\":\"recently-viewed\",\"content\":{\"headline\":\"Seen\"}}"),
    };
    kd_decide_request request = { .channel = KD_CHANNEL_WEB };
    kd_decision      *decisions;
    (void)state;
    decisions = decide_at(placements, 2, &request);
    assert_true(kd_str_is(decisions[0].content, "{\"headline\":\"Yours\"}"));
    assert_true(decisions[1].nothing); /* a stranger has seen nothing, and a headline over nothing is no answer */
    assert_int_equal(decisions[1].content.len, 0);
    decisions = decide_at(placements, 0, &request);
    assert_non_null(decisions);
}

static void test_filter_holds(void **state)
{
    const kd_placement *p = make_placement("red", "{\"kind\":\"recommendation\",\"recipe\":\"popular\",\"count\":50,\"filter\":{\"color\":\"red\",\"not\":{\"category\":[\"Top0\"]},\"price\":{\"max\":\"40\"}}}");
    kd_decide_request   request = { .channel = KD_CHANNEL_WEB };
    (void)state;
    kd_decision *d = decide_at(&p, 1, &request);
    assert_true(d->list.count > 0 && d->list.removed_filter > 0);
    for (size_t i = 0; i < d->list.count; i++) {
        unsigned number = 0;
        assert_int_equal(sscanf(d->list.items[i].product->id.ptr, "p%u", &number), 1);
        assert_true(number % 5 == 0 && number % 3 != 0 && 10 + number % 50 <= 40);
    }
}

static void test_a_missing_context_is_said(void **state)
{
    const kd_placement *placements[] = { make_placement("home", "{\"kind\":\"recommendation\"}"), make_placement("product", "{\"kind\":\"recommendation\",\"recipe\":\"also-bought\"}") };
    kd_decide_request   request = { .placements = placements, .placement_count = 2, .now_ms = NOW };
    kd_decision        *decisions = NULL;
    size_t              count = 0;
    kd_err              err = { 0 };
    kd_arena           *small = kd_arena_new(64);
    (void)state;
    assert_int_equal(kd_decide(&decisions, &count, g_shop.recommender, g_snapshot, &request, g_shop.arena, &err), KD_INVALID);
    assert_non_null(strstr(err.msg, "also-bought"));
    assert_int_equal(kd_decide(&decisions, &count, g_shop.recommender, g_snapshot, &request, small, &err), KD_LIMIT);
    kd_arena_free(small);
}

#define TEST(f) { #f, f, reset_arena, NULL, NULL }
const struct CMUnitTest decide_tests[] = {
    TEST(test_no_product_twice), TEST(test_many_large_placements), TEST(test_same_seed_same_answer), TEST(test_channels_and_live),
    TEST(test_content_beside_a_list), TEST(test_filter_holds), TEST(test_a_missing_context_is_said),
};
const size_t decide_test_count = sizeof decide_tests / sizeof *decide_tests;

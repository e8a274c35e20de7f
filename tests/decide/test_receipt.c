/* Receipts: what a decision used is in them, and bytes that are none never harm. */
#include "suite.h"

#include <stdio.h>

static kd_status as_json(kd_str *out, kd_str receipt, const kd_snapshot *snapshot, kd_err *err)
{
    kd_buf buf;
    kd_jw  w;
    kd_buf_init(&buf, g_shop.arena);
    kd_jw_init(&w, &buf);
    kd_status status = kd_receipt_write_json(&w, receipt, snapshot, err);
    *out = kd_buf_str(&buf);
    return status;
}

static kd_str text_at(const kd_json *json, const char *path) { return kd_json_text(kd_json_path(json, path)); }

static double number_at(const kd_json *json, const char *key)
{
    double value = -1;
    assert_true(kd_json_f64(&value, kd_json_get(json, key)));
    return value;
}

static void check_term(const kd_json *json, const kd_term *term)
{
    const kd_product *about = term->about ? kd_snapshot_find(g_snapshot, term->about) : NULL;
    assert_true(kd_str_is(text_at(json, "kind"), kd_term_kind_name(term->kind)));
    assert_true(number_at(json, "weight") - term->weight < 1e-6 && term->weight - number_at(json, "weight") < 1e-6);
    assert_int_equal(number_at(json, "support"), term->support);
    assert_int_equal(kd_json_get(json, "product") != NULL, term->about != 0);
    if (about)
        assert_true(kd_str_eq(text_at(json, "product"), about->id));
    if (term->time_ms) {
        char time[25];
        kd_time_format(time, term->time_ms);
        assert_true(kd_str_is(text_at(json, "at"), time));
    }
}

/* A decision with everything in it: terms of several kinds, a context, a chosen variant, things removed. */
static kd_str rich_receipt(kd_decision **decision, kd_decide_request *request, kd_profile *profile, kd_ref context[2])
{
    const kd_placement **p = KD_NEW(g_shop.arena, const kd_placement *, 1);
    kd_placement        *home = make_placement("home", "{\"kind\":\"recommendation\",\"count\":8,\"filter\":{\"not\":{\"color\":\"red\"}}}");
    kd_buf               buf;
    home->version = 9;
    *p = home;
    shop_act(profile, KD_KIND_ORDER, 10, 'M', "o1", NOW - 20 * KD_DAY_MS);
    shop_act(profile, KD_KIND_VIEW, 7, 'S', NULL, NOW - KD_DAY_MS);
    shop_act(profile, KD_KIND_CART_ADD, 9, 'M', NULL, NOW - 1000);
    context[0] = shop_ref(2);
    context[1] = kd_ref_of(KD_STR("unheard of"));
    *request = (kd_decide_request){ .profile = profile, .channel = KD_CHANNEL_EMAIL, .products = context, .product_count = 2, .folded = 4711, .seed = UINT64_MAX };
    *decision = decide_at(p, 1, request);
    kd_buf_init(&buf, g_shop.arena);
    kd_receipt_encode(&buf, *decision, request, g_snapshot);
    assert_int_equal(kd_buf_status(&buf, NULL), KD_OK);
    return kd_buf_str(&buf);
}

static void test_says_what_the_decision_had(void **state)
{
    kd_decision      *d;
    kd_decide_request request;
    kd_profile        profile = { 0 };
    kd_ref            context[2];
    kd_str            receipt = rich_receipt(&d, &request, &profile, context), text;
    kd_err            err = { 0 };
    char              time[25];
    const kd_json    *json, *item;
    size_t            i = 0;
    (void)state;
    assert_int_equal(as_json(&text, receipt, g_snapshot, &err), KD_OK);
    assert_int_equal(kd_json_parse(&json, g_shop.arena, text.ptr, text.len, &err), KD_OK);
    assert_true(kd_str_is(text_at(json, "placement"), "home"));
    assert_int_equal(number_at(json, "placementVersion"), 9);
    assert_true(kd_str_is(text_at(json, "kind"), "recommendation") && kd_str_is(text_at(json, "recipe"), "for-you") && kd_str_is(text_at(json, "channel"), "email"));
    assert_false(kd_json_bool(kd_json_get(json, "nothing"), true));
    assert_true(kd_json_bool(kd_json_get(json, "personal"), false));
    assert_int_equal(number_at(json, "factsUpTo"), 4711);
    kd_time_format(time, NOW);
    assert_true(kd_str_is(text_at(json, "at"), time) && kd_str_is(text_at(json, "seed"), "18446744073709551615"));
    assert_int_equal(number_at(json, "catalogueVersion"), kd_snapshot_version(g_snapshot));
    assert_int_equal(number_at(json, "modelVersion"), 7001);
    assert_int_equal(number_at(json, "candidates"), d->list.candidates);
    assert_int_equal(number_at(json, "removedBought"), d->list.removed_bought);
    assert_int_equal(number_at(json, "removedStock"), d->list.removed_stock);
    assert_int_equal(number_at(json, "removedFilter"), d->list.removed_filter);
    assert_int_equal(kd_json_get(json, "products")->count, 2);
    assert_true(kd_str_is(text_at(kd_json_get(json, "products")->child, "productId"), "p2"));
    assert_true(kd_str_starts(text_at(kd_json_get(json, "products")->child->next, "productId"), "#")); /* no name for it, so its hash */
    assert_int_equal(kd_json_get(json, "items")->count, d->list.count);
    for (item = kd_json_get(json, "items")->child; item != NULL; item = item->next, i++) {
        const kd_recommended *r = &d->list.items[i];
        const kd_json        *term = kd_json_get(item, "terms")->child;
        int64_t               score = 0, weights = 0, one;
        assert_true(kd_str_eq(text_at(item, "productId"), r->product->id));
        assert_int_equal(kd_json_get(item, "sku") != NULL, r->variant != NULL);
        assert_true(kd_micro_parse(&score, text_at(item, "score"), false));
        assert_int_equal(kd_json_get(item, "terms")->count, r->term_count);
        for (uint8_t t = 0; t < r->term_count; t++, term = term->next) {
            check_term(term, &r->terms[t]);
            assert_true(kd_micro_parse(&one, text_at(term, "weight"), false));
            weights += one;
        }
        assert_in_range(weights - score + 100, 92, 108); /* each weight is rounded once more */
    }
    assert_int_equal(i, d->list.count);
    assert_true(i > 0 && receipt.len < 200 + 250 * i);
    kd_profile_free(&profile);
}

static void test_nothing_and_content(void **state)
{
    const kd_placement *placements[] = { make_placement("off", "{\"kind\":\"recommendation\",\"live\":false}"), make_placement("service", "{\"kind\":\"content\",\"content\":{\"a\":1}}") };
    kd_decide_request   request = { .channel = KD_CHANNEL_UNKNOWN, .now_ms = NOW };
    kd_decision        *d = decide_at(placements, 2, &request);
    (void)state;
    for (int i = 0; i < 2; i++) {
        kd_buf         buf;
        kd_str         text;
        const kd_json *json;
        kd_buf_init(&buf, g_shop.arena);
        kd_receipt_encode(&buf, &d[i], &request, g_snapshot);
        assert_int_equal(as_json(&text, kd_buf_str(&buf), NULL, NULL), KD_OK);
        assert_int_equal(kd_json_parse(&json, g_shop.arena, text.ptr, text.len, NULL), KD_OK);
        assert_int_equal(kd_json_bool(kd_json_get(json, "nothing"), i != 0), i == 0);
        assert_false(kd_json_bool(kd_json_get(json, "personal"), true));
        assert_true(kd_str_is(text_at(json, "kind"), i ? "content" : "recommendation") && kd_str_is(text_at(json, "channel"), "unknown"));
        assert_int_equal(kd_json_get(json, "items")->count, 0);
        assert_true(buf.len < 64);
    }
}

/* KD_CORRUPT with a sentence, or JSON that reads. A block of exactly its size lets a sanitizer see one byte too far. */
static bool try_bytes(const char *bytes, size_t len)
{
    char  *copy = malloc(len ? len : 1);
    kd_str text;
    kd_err err = { 0 };
    memcpy(copy, bytes, len);
    kd_status      status = as_json(&text, (kd_str){ copy, len }, g_snapshot, &err);
    const kd_json *json;
    if (status == KD_OK)
        assert_int_equal(kd_json_parse(&json, g_shop.arena, text.ptr, text.len, NULL), KD_OK);
    else {
        assert_int_equal(status, KD_CORRUPT);
        assert_true(err.msg[0] != '\0');
    }
    free(copy);
    return status == KD_OK;
}

static void test_damaged(void **state)
{
    kd_decision      *d;
    kd_decide_request request;
    kd_profile        profile = { 0 };
    kd_ref            context[2];
    kd_str            receipt = rich_receipt(&d, &request, &profile, context);
    const size_t      len = receipt.len;
    char             *bytes = malloc(len + 1);
    kd_rng            rng;
    (void)state;
    memcpy(bytes, receipt.ptr, len);
    bytes[len] = 0;
    assert_true(try_bytes(bytes, len));
    assert_false(try_bytes(bytes, len + 1)); /* something behind it */
    for (size_t cut = 0; cut < len; cut++)
        assert_false(try_bytes(bytes, cut));
    for (size_t bit = 0; bit < len * 8; bit++) {
        kd_arena_reset(g_shop.arena);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        try_bytes(bytes, len);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    kd_rng_seed(&rng, 17);
    for (int round = 0; round < 3000; round++) {
        char   noise[120];
        size_t some = kd_rng_below(&rng, sizeof noise);
        for (size_t i = 0; i < some; i++)
            noise[i] = (char)kd_rng_u64(&rng);
        noise[0] = (char)(1 + round % 2);
        kd_arena_reset(g_shop.arena);
        try_bytes(noise, some);
    }
    free(bytes);
    kd_profile_free(&profile);
}

static void test_other_versions(void **state)
{
    kd_str text;
    kd_err err = { 0 };
    (void)state;
    assert_int_equal(as_json(&text, (kd_str){ 0 }, NULL, &err), KD_CORRUPT);
    assert_int_equal(as_json(&text, KD_STR("\x03home"), NULL, &err), KD_CORRUPT);
    assert_non_null(strstr(err.msg, "version"));
}

/* ---- the stored bytes of both versions ---- */

static size_t golden(char *bytes, size_t cap, const char *name, const char *mode, kd_str write)
{
    char   path[4096];
    size_t len;
    snprintf(path, sizeof path, "%s/golden/%s", KD_TEST_ROOT, name);
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    len = mode[0] == 'w' ? fwrite(write.ptr, 1, write.len, file) : fread(bytes, 1, cap, file);
    fclose(file);
    return len;
}

/* Made of fixed parts, so that it does not move when a score does; the hat's second seed is one of the coat's. */
static kd_str golden_receipt(void)
{
    const kd_product coat = { .id = KD_STR("coat-1") }, hat = { .id = KD_STR("hat-2") };
    const kd_variant size_m = { .sku = KD_STR("coat-1-M") };
    kd_recommended   items[] = {
        { .product = &coat, .variant = &size_m, .score = 0.875, .layer = KD_LAYER_RECIPE, .term_count = 2,
          .terms = { { KD_TERM_BOUGHT, 0x1122334455667788u, 0.5, NOW - KD_DAY_MS, 12 }, { KD_TERM_VIEWED, 0, 0.375, 0, 0 } } },
        { .product = &hat, .score = 0.125, .layer = KD_LAYER_NEWEST, .term_count = 2,
          .terms = { { KD_TERM_RECENT, 0, -0.000001, 0, 300 }, { KD_TERM_BOUGHT, 0x1122334455667788u, 0.125001, NOW - KD_DAY_MS, 7 } } },
    };
    const kd_ref context[] = { 0xfedcba9876543210u };
    kd_placement        placement = { .id = KD_STR("home"), .version = 300, .recipe = KD_RECIPE_CART };
    kd_decision         decision = { .placement = &placement,
                                     .list = { .items = items, .count = 2, .model_version = 1767000000000, .candidates = 1234, .removed_bought = 5, .removed_stock = 6, .removed_filter = 130 } };
    kd_decide_request   request = { .profile = &(kd_profile){ 0 }, .channel = KD_CHANNEL_APP, .products = context, .product_count = 1, .folded = 99, .now_ms = NOW, .seed = 0x0123456789abcdefu,
                                    .allowed = KD_PURPOSE_BIT(KD_PURPOSE_OPERATE) | KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE), .policy_version = 17 };
    kd_buf              buf;
    kd_buf_init(&buf, g_shop.arena);
    kd_receipt_encode(&buf, &decision, &request, g_snapshot);
    return kd_buf_str(&buf);
}

#define HEAD "\"placement\":\"home\",\"placementVersion\":300,\"kind\":\"recommendation\",\"recipe\":\"cart\",\"channel\":\"app\",\"nothing\":false,\"personal\":true,\"factsUpTo\":99," \
             "\"at\":\"2026-01-01T00:00:00.000Z\",\"seed\":\"81985529216486895\""
#define COUNTS "\"modelVersion\":1767000000000,\"candidates\":1234,\"removedBought\":5,\"removedStock\":6,\"removedFilter\":130,"
#define ITEMS "\"products\":[{\"productId\":\"#fedcba9876543210\"}]," \
              "\"items\":[{\"productId\":\"coat-1\",\"sku\":\"coat-1-M\",\"score\":0.875000,\"layer\":0,\"terms\":[{\"kind\":\"bought\",\"product\":\"#1122334455667788\",\"weight\":0.500000," \
              "\"at\":\"2025-12-31T00:00:00.000Z\",\"support\":12},{\"kind\":\"viewed\",\"weight\":0.375000,\"support\":0}]},"

static void check_golden(const char *name, const char *tail)
{
    char   bytes[1024];
    kd_str text;
    size_t len = golden(bytes, sizeof bytes, name, "rb", (kd_str){ 0 });
    assert_int_equal(as_json(&text, (kd_str){ bytes, len }, NULL, NULL), KD_OK);
    assert_non_null(memmem(text.ptr, text.len, HEAD, strlen(HEAD)));
    assert_true(text.len > strlen(tail));
    assert_memory_equal(text.ptr + text.len - strlen(tail), tail, strlen(tail));
}

static void test_golden(void **state)
{
    char   bytes[1024];
    kd_str made = golden_receipt();
    (void)state;
    if (getenv("KD_WRITE_GOLDEN"))
        golden(NULL, 0, "receipt_v2.bin", "wb", made);
    check_golden("receipt_v1.bin", COUNTS ITEMS "{\"productId\":\"hat-2\",\"score\":-0.000001,\"layer\":4,\"terms\":[{\"kind\":\"recent\",\"weight\":-0.000001,\"support\":300}]}]}");
    check_golden("receipt_v2.bin", COUNTS "\"allowed\":[\"operate\",\"personalise\"],\"policyVersion\":17," ITEMS
                 "{\"productId\":\"hat-2\",\"score\":0.125000,\"layer\":4,\"terms\":[{\"kind\":\"recent\",\"weight\":-0.000001,\"support\":300},"
                 "{\"kind\":\"bought\",\"product\":\"#1122334455667788\",\"weight\":0.125001,\"at\":\"2025-12-31T00:00:00.000Z\",\"support\":7}]}]}");
    size_t len = golden(bytes, sizeof bytes, "receipt_v2.bin", "rb", (kd_str){ 0 });
    assert_true(len > 90 && made.len > 90); /* what is written today differs in the version of the catalogue only */
    assert_memory_equal(bytes, made.ptr, 30);
    assert_memory_equal(bytes + len - 60, made.ptr + made.len - 60, 60);
}

#define TEST(f) { #f, f, reset_arena, NULL, NULL }
const struct CMUnitTest receipt_tests[] = {
    TEST(test_says_what_the_decision_had), TEST(test_nothing_and_content), TEST(test_damaged), TEST(test_other_versions), TEST(test_golden),
};
const size_t receipt_test_count = sizeof receipt_tests / sizeof *receipt_tests;

/* Decisions as JSON: whatever titles hold, the text is JSON; reasons are the terms of the score, in two languages. */
#include "suite.h"

#include <math.h>
#include <stdio.h>

static const kd_json *written(kd_str *text, const kd_recommended *item, const char *language)
{
    kd_buf         buf;
    kd_jw          w;
    const kd_json *json = NULL;
    kd_err         err = { 0 };
    kd_buf_init(&buf, g_shop.arena);
    kd_jw_init(&w, &buf);
    kd_recommended_write(&w, item, 1, g_snapshot, g_shop.catalog, kd_str_z(language));
    assert_int_equal(kd_buf_status(&buf, NULL), KD_OK);
    *text = kd_buf_str(&buf);
    if (kd_json_parse(&json, g_shop.arena, buf.ptr, buf.len, &err) != KD_OK)
        fail_msg("%s at %zu in %.*s", err.msg, err.pos, (int)buf.len, buf.ptr);
    return json;
}

static kd_str text_at(const kd_json *json, const char *path) { return kd_json_text(kd_json_path(json, path)); }

static kd_recommended item_about(kd_term_kind kind, kd_ref about)
{
    kd_recommended item = { .product = kd_snapshot_find(g_snapshot, shop_ref(4)), .score = .25, .term_count = 1 };
    item.terms[0] = (kd_term){ .kind = kind, .about = about, .weight = .25, .support = 3 };
    return item;
}

static void test_sentences(void **state)
{
    static const struct { kd_term_kind kind; const char *en, *de, *en_plain, *de_plain; } cases[] = {
        { KD_TERM_BOUGHT, "because you bought Product 7", "weil Sie Product 7 gekauft haben", "because of what you bought", "wegen Ihrer Einkäufe" },
        { KD_TERM_VIEWED, "because you looked at Product 7", "weil Sie sich Product 7 angesehen haben", "because of what you looked at", "wegen Ihrer angesehenen Artikel" },
        { KD_TERM_CART, "because Product 7 is in your cart", "weil Product 7 in Ihrem Warenkorb liegt", "goes with your cart", "passt zu Ihrem Warenkorb" },
        { KD_TERM_WISHED, "because Product 7 is on your wish list", "weil Product 7 auf Ihrem Wunschzettel steht", "goes with your wish list", "passt zu Ihrem Wunschzettel" },
        { KD_TERM_CONTEXT, "often chosen together with Product 7", "wird oft zusammen mit Product 7 gewählt", "often chosen together", "wird oft zusammen gewählt" },
        { KD_TERM_AFFINITY, "like Product 7, to your taste", "wie Product 7 nach Ihrem Geschmack", "to your taste", "nach Ihrem Geschmack" },
        { KD_TERM_TREND, "in demand just now", "gerade gefragt", "in demand just now", "gerade gefragt" },
        { KD_TERM_POPULAR, "popular here", "hier beliebt", "popular here", "hier beliebt" },
        { KD_TERM_RECENT, "you looked at this lately", "haben Sie kürzlich angesehen", "new in the shop", "neu im Sortiment" },
    };
    kd_str text;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_recommended about = item_about(cases[i].kind, shop_ref(7)), plain = item_about(cases[i].kind, 0), unknown = item_about(cases[i].kind, 12345);
        const kd_json *reason = kd_json_get(written(&text, &about, "en"), "reasons")->child;
        assert_true(kd_str_is(text_at(reason, "text"), cases[i].en));
        assert_true(kd_str_is(text_at(reason, "kind"), kd_term_kind_name(cases[i].kind)));
        assert_true(kd_str_is(text_at(reason, "product"), "p7") && kd_str_is(text_at(reason, "title"), "Product 7"));
        assert_true(kd_str_is(text_at(reason, "weight"), "0.25") && kd_str_is(text_at(reason, "support"), "3"));
        assert_true(kd_str_is(text_at(kd_json_get(written(&text, &about, "de"), "reasons")->child, "text"), cases[i].de));
        assert_true(kd_str_is(text_at(kd_json_get(written(&text, &plain, "en"), "reasons")->child, "text"), cases[i].en_plain));
        reason = kd_json_get(written(&text, &unknown, "de-AT"), "reasons")->child;
        assert_true(kd_str_is(text_at(reason, "text"), cases[i].de_plain));
        assert_null(kd_json_get(reason, "product"));
    }
}

static void test_languages(void **state)
{
    static const struct { const char *tag; bool german; } cases[] = { { "de", true }, { "DE", true }, { "de-CH", true }, { "De_de", true }, { "en", false }, { "", false },
                                                                      { "d", false }, { "den", false }, { "del", false }, { "fr", false }, { "nds", false } };
    kd_recommended item = item_about(KD_TERM_POPULAR, 0);
    kd_str         text;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(kd_str_is(text_at(kd_json_get(written(&text, &item, cases[i].tag), "reasons")->child, "text"), cases[i].german ? "hier beliebt" : "popular here"));
}

static bool is_plain_text(kd_str text)
{
    for (size_t c = 0; c < text.len; c++)
        if ((unsigned char)text.ptr[c] < ' ')
            return false;
    return kd_utf8_valid(text);
}

/* A document whose texts are this one. */
static const kd_product *put_hostile(const char *title)
{
    char   json[600];
    kd_buf body;
    kd_jw  w;
    kd_buf_init(&body, g_shop.arena);
    kd_jw_init(&w, &body);
    kd_jw_object(&w);
    KD_JW_Z(&w, "id", "hostile");
    KD_JW_Z(&w, "title", title);
    KD_JW_Z(&w, "brand", title);
    KD_JW_Z(&w, "category", title);
    kd_jw_object_end(&w);
    snprintf(json, sizeof json, "%.*s", (int)body.len, body.ptr);
    shop_put(&g_shop, json);
    kd_snapshot_release(g_snapshot);
    g_snapshot = kd_snapshot_acquire(g_shop.catalog);
    return kd_snapshot_find(g_snapshot, kd_ref_of(KD_STR("hostile")));
}

static void test_hostile_titles(void **state)
{
    static const char *const titles[] = { "\"},{\"x\":\"", "</script><script>alert(1)</script>", "back\\slash \\u0041 \\\"", "tab\tline\nreturn\r bell\a esc\x1b del\x7f",
                                          "%s %n %.*s %d", "zero width \xe2\x80\x8b \xf0\x9f\xa7\xa5", "{{title}}", "half \xc3", "lone \xed\xa0\x80 surrogate", "over \xc0\xaf long", "\xff\xfe" };
    (void)state;
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        const kd_product *product = put_hostile(titles[i]); /* what is no UTF-8 has U+FFFD there by now */
        kd_product        copy = *product;
        kd_recommended    item = item_about(KD_TERM_BOUGHT, shop_ref(7));
        kd_str            text;
        copy.image = kd_str_z(titles[i]);
        item.product = &copy;
        const kd_json *json = written(&text, &item, "en");
        assert_true(is_plain_text(text));
        assert_true(kd_str_is(text_at(json, "productId"), "hostile") && kd_str_eq(text_at(json, "title"), product->title) && kd_str_eq(text_at(json, "brand"), product->title));
        assert_true(kd_str_eq(text_at(json, "category"), product->category));
        if (kd_utf8_valid(copy.image))
            assert_true(kd_str_eq(product->title, copy.image) && kd_str_eq(text_at(json, "image"), copy.image));
        else
            assert_non_null(memmem(text_at(json, "image").ptr, text_at(json, "image").len, "\xef\xbf\xbd", 3));
        /* The same inside a sentence: the title of what it is about. */
        item = item_about(KD_TERM_BOUGHT, kd_ref_of(KD_STR("hostile")));
        const kd_json *reason = kd_json_get(written(&text, &item, "en"), "reasons")->child;
        kd_buf         sentence;
        kd_buf_init(&sentence, g_shop.arena);
        kd_buf_add_z(&sentence, "because you bought ");
        kd_buf_add_str(&sentence, product->title);
        assert_true(is_plain_text(text));
        assert_true(kd_str_eq(text_at(reason, "text"), kd_buf_str(&sentence)));
    }
}

static void test_weights_sum_to_the_score(void **state)
{
    const kd_placement *p = make_placement("home", "{\"kind\":\"recommendation\",\"count\":30}");
    kd_profile          profile = { 0 };
    kd_decide_request   request = { .profile = &profile, .channel = KD_CHANNEL_WEB };
    size_t              with_several = 0;
    kd_rng              rng;
    (void)state;
    kd_rng_seed(&rng, 8);
    for (int i = 0; i < 40; i++)
        shop_act(&profile, i % 3 ? KD_KIND_VIEW : KD_KIND_ORDER, kd_rng_below(&rng, 60), 0, "o", NOW - (int64_t)kd_rng_below(&rng, 100) * KD_DAY_MS);
    kd_decision *d = decide_at(&p, 1, &request);
    for (size_t i = 0; i < d->list.count; i++) {
        kd_str         text;
        const kd_json *json = written(&text, &d->list.items[i], "de");
        double         score = 0, sum = 0, weight = 0;
        assert_true(kd_json_f64(&score, kd_json_get(json, "score")));
        assert_int_equal(kd_json_get(json, "reasons")->count, d->list.items[i].term_count);
        with_several += d->list.items[i].term_count > 1;
        for (const kd_json *reason = kd_json_get(json, "reasons")->child; reason; reason = reason->next) {
            assert_true(kd_json_f64(&weight, kd_json_get(reason, "weight")));
            sum += weight;
        }
        assert_true(fabs(sum - score) < 5e-6); /* eight weights, each rounded to a millionth */
    }
    assert_true(d->list.count > 5 && with_several > 0);
    kd_profile_free(&profile);
}

static void test_what_an_item_shows(void **state)
{
    kd_recommended item = item_about(KD_TERM_POPULAR, 0);
    kd_product     product;
    kd_variant     variants[2];
    kd_str         text;
    const kd_json *json;
    (void)state;
    json = written(&text, &item, "en"); /* p4: its own variant, 14.00 EUR */
    assert_true(kd_str_is(text_at(json, "price"), "14.00") && kd_str_is(text_at(json, "currency"), "EUR"));
    assert_null(kd_json_get(json, "sku"));
    assert_null(kd_json_get(json, "listPrice"));
    assert_true(kd_str_is(text_at(json, "category"), "Top1 > Sub4"));
    assert_null(kd_json_get(json, "brand"));
    assert_true(kd_str_is(text_at(json, "score"), "0.25") && kd_str_is(text_at(json, "layer"), "0"));

    product = *kd_snapshot_find(g_snapshot, shop_ref(1));
    memcpy(variants, product.variants, sizeof variants);
    variants[1].image = KD_STR("/red.jpg");
    product.variants = variants;
    product.variant_count = 2;
    item.product = &product;
    item.variant = &variants[1];
    json = written(&text, &item, "en");
    assert_true(kd_str_eq(text_at(json, "sku"), variants[1].sku) && kd_str_eq(text_at(json, "size"), variants[1].size));
    assert_true(kd_str_is(text_at(json, "image"), "/red.jpg")); /* of the variant that is shown */

    kd_level levels[] = { { .variant = shop_variant_ref(4, 0), .what = KD_LEVEL_SALE_PRICE, .value = 9990000, .currency = { "EUR" }, .at_ms = ++g_shop.now_ms } };
    assert_int_equal(kd_catalog_levels_put(g_shop.catalog, levels, 1, NULL), KD_OK);
    item = item_about(KD_TERM_POPULAR, 0);
    json = written(&text, &item, "en");
    assert_true(kd_str_is(text_at(json, "price"), "9.99") && kd_str_is(text_at(json, "listPrice"), "14.00"));
}

static void test_decisions(void **state)
{
    const kd_placement *placements[] = {
        make_placement("list", "{\"kind\":\"recommendation\",\"count\":2,\"content\":{\"headline\":\"</script>\"}}"),
        make_placement("service", "{\"kind\":\"content\",\"content\":[1,2,\"x\"]}"),
        make_placement("off", "{\"kind\":\"content\",\"content\":1,\"live\":false}"),
    };
    static const char *const kinds[] = { "recommendation", "content", "nothing" };
    kd_decide_request request = { .channel = KD_CHANNEL_WEB };
    kd_decision      *decisions = decide_at(placements, 3, &request);
    (void)state;
    for (int i = 0; i < 3; i++) {
        kd_buf         buf;
        kd_jw          w;
        const kd_json *json;
        char           id[KD_ID_TEXT];
        kd_buf_init(&buf, g_shop.arena);
        kd_jw_init(&w, &buf);
        kd_decision_write(&w, &decisions[i], g_snapshot, g_shop.catalog, KD_STR("de"));
        assert_int_equal(kd_json_parse(&json, g_shop.arena, buf.ptr, buf.len, NULL), KD_OK);
        kd_id_format(id, decisions[i].id);
        assert_true(kd_str_eq(text_at(json, "placement"), placements[i]->id) && kd_str_is(text_at(json, "decisionId"), id) && kd_str_is(text_at(json, "kind"), kinds[i]));
        assert_int_equal(kd_json_get(json, "items")->count, i == 0 ? 2 : 0);
        assert_int_equal(kd_json_is(kd_json_get(json, "content"), KD_JSON_NULL), i == 2);
        assert_int_equal(kd_json_get(json, "reasons")->count, i == 1);
        if (i == 0)
            assert_true(kd_str_is(text_at(json, "content.headline"), "</script>"));
        if (i == 1)
            assert_true(kd_str_is(kd_json_text(kd_json_get(json, "reasons")->child), "für alle gleich"));
    }
}

/* Into a buffer of its own (no arena), and into one that is full: nothing leaks, and half a sentence is never an answer. */
static void test_other_buffers(void **state)
{
    kd_recommended item = item_about(KD_TERM_BOUGHT, shop_ref(7));
    kd_buf         buf;
    kd_jw          w;
    (void)state;
    kd_buf_init(&buf, NULL);
    kd_jw_init(&w, &buf);
    kd_recommended_write(&w, &item, 1, g_snapshot, g_shop.catalog, KD_STR("en"));
    assert_int_equal(kd_buf_status(&buf, NULL), KD_OK);
    kd_buf_free(&buf);
    for (size_t cap = 256; cap < 4096; cap += 256) {
        kd_arena *arena = kd_arena_new(cap);
        assert_non_null(arena);
        kd_buf_init(&buf, arena);
        kd_jw_init(&w, &buf);
        kd_recommended_write(&w, &item, 1, g_snapshot, g_shop.catalog, KD_STR("en"));
        if (kd_buf_status(&buf, NULL) == KD_OK)
            assert_non_null(memmem(buf.ptr, buf.len, "because you bought Product 7\"", 29));
        kd_arena_free(arena);
    }
}

#define TEST(f) { #f, f, reset_arena, NULL, NULL }
const struct CMUnitTest write_tests[] = {
    TEST(test_sentences), TEST(test_languages), TEST(test_hostile_titles), TEST(test_weights_sum_to_the_score), TEST(test_what_an_item_shows),
    TEST(test_decisions), TEST(test_other_buffers),
};
const size_t write_test_count = sizeof write_tests / sizeof *write_tests;

/* What a placement's document may say, and what becomes of it in memory. */
#include "suite.h"

#include <stdio.h>

static void test_reads(void **state)
{
    const kd_placement *p = make_placement("home-1.A_b", "{\"id\":\"home-1.A_b\",\"title\":\"For you\",\"kind\":\"recommendation\",\"recipe\":\"trending\","
                                                         "\"count\":7,\"channels\":[\"web\",\"Email\",\"web\"],\"content\":{ \"a\" : 1 },\"live\":false,"
                                                         "\"note\":\"members nobody knows are kept in the document\"}");
    (void)state;
    assert_true(kd_str_is(p->id, "home-1.A_b") && kd_str_is(p->title, "For you"));
    assert_int_equal(p->kind, KD_PLACEMENT_RECOMMENDATION);
    assert_int_equal(p->recipe, KD_RECIPE_TRENDING);
    assert_int_equal(p->count, 7);
    assert_int_equal(p->channels, 1u << KD_CHANNEL_WEB | 1u << KD_CHANNEL_EMAIL);
    assert_true(kd_str_is(p->content, "{ \"a\" : 1 }")); /* as written */
    assert_false(p->live);

    p = make_placement("bare", "{\"kind\":\"recommendation\"}");
    assert_true(kd_str_is(p->title, "bare"));
    assert_int_equal(p->recipe, KD_RECIPE_FOR_YOU);
    assert_int_equal(p->count, 10);
    assert_int_equal(p->channels, 0);
    assert_true(p->live);
    assert_int_equal(p->content.len, 0);
    assert_int_equal(p->filter.any_of_count + p->filter.none_of_count, 0);

    p = make_placement("nulls", "{\"id\":null,\"title\":null,\"kind\":\"recommendation\",\"recipe\":null,\"count\":null,\"filter\":null,\"channels\":null,\"live\":null,\"content\":null}");
    assert_true(p->live && p->count == 10 && p->channels == 0 && p->content.len == 0);
    p = make_placement("text", "{\"kind\":\"content\",\"content\":\"just text\"}");
    assert_int_equal(p->kind, KD_PLACEMENT_CONTENT);
    assert_true(kd_str_is(p->content, "\"just text\""));
}

static void test_refuses(void **state)
{
    static const struct { const char *id, *json, *field, *word; kd_status status; } cases[] = {
        { "x", "[]", "", "object", KD_INVALID },
        { "x", "\"home\"", "", "object", KD_INVALID },
        { "", "{\"kind\":\"recommendation\"}", "/id", "letters", KD_INVALID },
        { "a b", "{\"kind\":\"recommendation\"}", "/id", "letters", KD_INVALID },
        { "a/b", "{\"kind\":\"recommendation\"}", "/id", "letters", KD_INVALID },
        { "h\xc3\xb6me", "{\"kind\":\"recommendation\"}", "/id", "letters", KD_INVALID },
        { "0123456789012345678901234567890123456789012345678901234567890123456789", "{\"kind\":\"recommendation\"}", "/id", "64", KD_INVALID },
        { "x", "{\"id\":\"y\",\"kind\":\"recommendation\"}", "/id", "differs", KD_INVALID },
        { "x", "{\"id\":{},\"kind\":\"recommendation\"}", "/id", "differs", KD_INVALID },
        { "x", "{\"title\":[\"x\"],\"kind\":\"recommendation\"}", "/title", "text", KD_INVALID },
        { "x", "{}", "/kind", "recommendation", KD_INVALID },
        { "x", "{\"kind\":\"offer\"}", "/kind", "content", KD_INVALID },
        { "x", "{\"kind\":7}", "/kind", "must be", KD_INVALID },
        { "x", "{\"kind\":\"content\"}", "/content", "needs", KD_INVALID },
        { "x", "{\"kind\":\"content\",\"content\":null}", "/content", "needs", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"recipe\":\"cooking\"}", "/recipe", "for-you", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"recipe\":[]}", "/recipe", "for-you", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"count\":0}", "/count", "1 to 100", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"count\":101}", "/count", "1 to 100", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"count\":2.5}", "/count", "whole", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"count\":\"5\"}", "/count", "whole", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"count\":99999999999999999999}", "/count", "whole", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"channels\":\"web\"}", "/channels", "web", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"channels\":[\"fax\"]}", "/channels", "web", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"channels\":[\"unknown\"]}", "/channels", "web", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"channels\":[]}", "/channels", "at least one", KD_INVALID },
        { "x", "{\"kind\":\"content\",\"content\":1,\"live\":\"false\"}", "/live", "true or false", KD_INVALID },
        { "x", "{\"kind\":\"content\",\"content\":1,\"live\":0}", "/live", "true or false", KD_INVALID },
        { "x", "{\"kind\":\"recommendation\",\"filter\":[]}", "/filter", "object", KD_INVALID },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_placement p = { .count = 77 };
        kd_err       err = { 0 };
        kd_status    status = kd_placement_parse(&p, kd_str_z(cases[i].id), read_json(cases[i].json), g_snapshot, g_shop.arena, &err);
        if (status != cases[i].status || strcmp(err.field, cases[i].field) != 0 || strstr(err.msg, cases[i].word) == NULL)
            fail_msg("%s -> %s field \"%s\": %s", cases[i].json, kd_status_name(status), err.field, err.msg);
        assert_int_equal(p.count, 77); /* untouched */
        assert_int_equal(kd_placement_parse(&p, kd_str_z(cases[i].id), read_json(cases[i].json), g_snapshot, g_shop.arena, NULL), cases[i].status);
    }
    char long_title[400];
    snprintf(long_title, sizeof long_title, "{\"kind\":\"recommendation\",\"title\":\"%0201d\"}", 1);
    kd_placement p;
    kd_err       err = { 0 };
    assert_int_equal(kd_placement_parse(&p, KD_STR("x"), read_json(long_title), g_snapshot, g_shop.arena, &err), KD_LIMIT);
    assert_string_equal(err.field, "/title");
}

static kd_status filter_of(kd_filter *out, const char *json, kd_err *err)
{
    return kd_filter_parse(out, read_json(json), g_snapshot, g_shop.arena, err);
}

static void test_filters(void **state)
{
    kd_filter f;
    kd_err    err = { 0 };
    (void)state;
    assert_int_equal(kd_filter_parse(&f, NULL, g_snapshot, g_shop.arena, &err), KD_OK);
    assert_int_equal(f.any_of_count + f.none_of_count, 0);
    assert_false(f.include_bought || f.include_out_of_stock || f.price_min_micro || f.price_max_micro);
    assert_int_equal(filter_of(&f, "null", &err), KD_OK);
    assert_int_equal(filter_of(&f, "{\"category\":[\"Top1 > Sub1\",\"Top2\"],\"color\":\"red\",\"brand\":null,\"not\":{\"Color\":[\"blue\"]},"
                                   "\"price\":{\"min\":\"9.99\",\"max\":20},\"includeBought\":true,\"includeOutOfStock\":true}", &err), KD_OK);
    assert_int_equal(f.any_of_count, 3);
    assert_true(f.any_of[0].attribute == KD_ATTR_CATEGORY && f.any_of[0].value == kd_ref_of(KD_STR("Top1 > Sub1")));
    assert_true(f.any_of[2].attribute == KD_ATTR_COLOR && f.any_of[2].value == kd_ref_of(KD_STR("red")));
    assert_int_equal(f.none_of_count, 1);
    assert_true(f.none_of[0].attribute == KD_ATTR_COLOR && f.none_of[0].value == kd_ref_of(KD_STR("blue")));
    assert_int_equal(f.price_min_micro, 9990000);
    assert_int_equal(f.price_max_micro, 20000000);
    assert_true(f.include_bought && f.include_out_of_stock);
}

static void test_filters_refused(void **state)
{
    static const struct { const char *json, *field, *word; } cases[] = {
        { "7", "/filter", "object" },
        { "{\"smell\":[\"roses\"]}", "/filter/smell", "no attribute" },
        { "{\"an attribute with a very long name indeed, and more\":1}", "/filter/an attribute with a very long na", "no attribute" },
        { "{\"category\":[]}", "/filter/category", "names no value" },
        { "{\"category\":[\"a\",\"\"]}", "/filter/category", "not empty" },
        { "{\"category\":{\"a\":1}}", "/filter/category", "not empty" },
        { "{\"color\":true}", "/filter/color", "not empty" },
        { "{\"not\":[\"red\"]}", "/filter/not", "object" },
        { "{\"not\":{\"smell\":\"x\"}}", "/filter/not/smell", "no attribute" },
        { "{\"not\":{\"price\":{\"min\":1}}}", "/filter/not/price", "no attribute" },
        { "{\"not\":{\"not\":{}}}", "/filter/not/not", "no attribute" },
        { "{\"price\":5}", "/filter/price", "min and max" },
        { "{\"price\":{\"min\":\"cheap\"}}", "/filter/price/min", "amount" },
        { "{\"price\":{\"min\":-1}}", "/filter/price/min", "negative" },
        { "{\"price\":{\"max\":0}}", "/filter/price/max", "above 0" },
        { "{\"price\":{\"min\":5,\"max\":4.99}}", "/filter/price/max", "less than min" },
        { "{\"includeBought\":1}", "/filter/includeBought", "true or false" },
        { "{\"includeOutOfStock\":\"yes\"}", "/filter/includeOutOfStock", "true or false" },
    };
    kd_filter f;
    kd_buf    many;
    kd_err    err = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_status status = filter_of(&f, cases[i].json, &err);
        if (status != KD_INVALID || strcmp(err.field, cases[i].field) != 0 || strstr(err.msg, cases[i].word) == NULL)
            fail_msg("%s -> %s field \"%s\": %s", cases[i].json, kd_status_name(status), err.field, err.msg);
    }
    kd_buf_init(&many, g_shop.arena);
    kd_buf_add_z(&many, "{\"not\":{\"color\":[\"c\"");
    for (int i = 0; i < 200; i++)
        kd_buf_addf(&many, ",\"%d\"", i);
    kd_buf_add(&many, "]}}", 4);
    assert_int_equal(filter_of(&f, many.ptr, &err), KD_LIMIT);
    assert_string_equal(err.field, "/filter/not/color");
}

static void test_channels(void **state)
{
    static const char *const names[] = { "unknown", "web", "app", "store", "email", "server", "file", "post", "push", "sms" };
    (void)state;
    for (int i = 0; i < KD_CHANNEL_COUNT; i++) {
        kd_channel channel = KD_CHANNEL_FILE;
        assert_string_equal(kd_channel_name((kd_channel)i), names[i]);
        assert_int_equal(kd_channel_parse(&channel, kd_str_z(names[i])), i ? KD_OK : KD_INVALID);
        assert_int_equal(channel, i ? i : KD_CHANNEL_FILE);
    }
    kd_channel channel;
    assert_int_equal(kd_channel_parse(&channel, KD_STR("WEB")), KD_OK);
    assert_int_equal(kd_channel_parse(&channel, (kd_str){ 0 }), KD_INVALID);
    assert_string_equal(kd_channel_name((kd_channel)200), "unknown");
}

/* ---- the set in memory ---- */

static void put_doc(const char *kind, const char *id, const char *body, bool deleted)
{
    kd_doc doc = { .kind = kd_str_z(kind), .id = kd_str_z(id), .valid_from_ms = NOW, .deleted = deleted, .body = kd_str_z(body) };
    kd_err err = { 0 };
    if (kd_store_docs_put(g_shop.store, &doc, 1, &err) != KD_OK)
        fail_msg("%s", err.msg);
}

static kd_placements *load(void)
{
    kd_placements *placements = NULL;
    kd_err         err = { 0 };
    if (kd_placements_load(&placements, g_shop.reader, g_snapshot, &err) != KD_OK)
        fail_msg("%s", err.msg);
    return placements;
}

static void test_load(void **state)
{
    kd_placements *none = load(), *before, *after;
    char           id[16];
    (void)state;
    assert_int_equal(kd_placements_count(none), 0);
    assert_null(kd_placements_find(none, KD_STR("home")));
    assert_null(kd_placements_at(none, 0));
    kd_placements_release(none);

    put_doc("placement", "home", "{\"kind\":\"recommendation\",\"count\":3}", false);
    put_doc("placement", "gone", "{\"kind\":\"recommendation\"}", false);
    put_doc("setting", "home", "{\"kind\":\"no placement\"}", false);
    for (int i = 0; i < 300; i++) { /* more than one read, and more than the first room */
        snprintf(id, sizeof id, "p%d", i);
        put_doc("placement", id, i % 3 ? "{\"kind\":\"content\",\"content\":{}}" : "{\"kind\":\"recommendation\"}", false);
    }
    before = load();
    assert_int_equal(kd_placements_count(before), 302);
    const kd_placement *home = kd_placements_find(before, KD_STR("home"));
    assert_non_null(home);
    assert_int_equal(home->count, 3);
    for (size_t i = 0; i < kd_placements_count(before); i++)
        assert_ptr_equal(kd_placements_find(before, kd_placements_at(before, i)->id), kd_placements_at(before, i));
    assert_null(kd_placements_at(before, kd_placements_count(before)));

    put_doc("placement", "home", "{\"kind\":\"recommendation\",\"count\":5}", false);
    put_doc("placement", "gone", "{}", true);
    after = load();
    assert_int_equal(kd_placements_count(after), 301);
    assert_null(kd_placements_find(after, KD_STR("gone")));
    assert_int_equal(kd_placements_find(after, KD_STR("home"))->count, 5);
    assert_true(kd_placements_find(after, KD_STR("home"))->version > home->version);
    assert_int_equal(home->count, 3); /* the old set is as it was */

    const kd_placements *again = kd_placements_retain(before);
    assert_ptr_equal(again, before);
    kd_placements_release(before);
    assert_int_equal(kd_placements_find(again, KD_STR("home"))->count, 3);
    kd_placements_release(again);
    kd_placements_release(after);
    assert_null(kd_placements_retain(NULL));
    kd_placements_release(NULL);
    assert_int_equal(kd_placements_count(NULL), 0);
    assert_null(kd_placements_find(NULL, KD_STR("home")));
}

static void test_what_no_longer_reads_is_left_out(void **state)
{
    kd_placements *placements;
    (void)state;
    put_doc("placement", "home", "{\"kind\":\"recommendation\"}", false);
    put_doc("placement", "attribute", "{\"kind\":\"recommendation\",\"filter\":{\"smell\":\"roses\"}}", false);
    put_doc("placement", "future", "{\"kind\":\"hologram\"}", false);
    placements = load();
    assert_non_null(kd_placements_find(placements, KD_STR("home")));
    assert_null(kd_placements_find(placements, KD_STR("attribute")));
    assert_null(kd_placements_find(placements, KD_STR("future")));
    kd_placements_release(placements);
}

/* The placements of a shop whose catalogue is larger than what all placements may take together. */
static void test_load_beside_a_large_catalogue(void **state)
{
    kd_buf body;
    char   id[16];
    (void)state;
    kd_buf_init(&body, NULL);
    kd_buf_add_z(&body, "{\"text\":\"");
    for (int i = 0; i < 1 << 16; i++)
        kd_buf_add_z(&body, "sixteen letters.");
    kd_buf_add(&body, "\"}", 3);
    assert_int_equal(kd_buf_status(&body, NULL), KD_OK);
    for (int i = 0; i < 80; i++) { /* of a megabyte each */
        snprintf(id, sizeof id, "big%d", i);
        put_doc("article", id, body.ptr, false);
    }
    kd_buf_free(&body);
    put_doc("placement", "last", "{\"kind\":\"recommendation\"}", false);
    kd_placements *placements = load();
    assert_non_null(kd_placements_find(placements, KD_STR("last")));
    kd_placements_release(placements);
}

#define TEST(f) { #f, f, reset_arena, NULL, NULL }
const struct CMUnitTest placement_tests[] = {
    TEST(test_reads), TEST(test_refuses), TEST(test_filters), TEST(test_filters_refused), TEST(test_channels),
    TEST(test_load), TEST(test_what_no_longer_reads_is_left_out), TEST(test_load_beside_a_large_catalogue),
};
const size_t placement_test_count = sizeof placement_tests / sizeof *placement_tests;

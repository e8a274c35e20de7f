/* Which products touch a sensitive concept: by their words, by what staff named, and what a change of concepts does. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "catalog/sensitive.h"

static kd_concepts *seeded(void)
{
    kd_concepts *c = NULL;
    kd_err       err = { 0 };
    assert_int_equal(kd_concepts_with(&c, NULL, NULL, &err), KD_OK);
    return c;
}

/* The ids of the concepts found, with what was found: "pregnancy:Umstandsmode,...". */
static const char *found(const kd_concepts *c, const char *text)
{
    static char    out[512];
    kd_concept_hit hits[KD_CONCEPTS_MAX];
    const size_t   count = kd_concepts_find(hits, c, kd_str_z(text));
    size_t         len = 0;
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%.*s:%.*s", i ? "," : "", (int)hits[i].concept->id.len, hits[i].concept->id.ptr,
                                (int)hits[i].piece.len, hits[i].piece.ptr);
    return out;
}

static void test_words(void **state)
{
    static const struct { const char *text, *found; } cases[] = {
        { "", "" },
        { "Jacket, navy, unisex", "" },
        { "Umstandsmode: Jeans", "pregnancy:Umstandsmode" },
        { "SCHWANGERSCHAFTSTEST 2er", "pregnancy:SCHWANGERSCHAFTSTEST" },
        { "Maternity dress", "pregnancy:Maternity" },
        { "Hörgerätebatterien", "health:Hörgerätebatterien" },
        { "HÖRGERÄT", "health:HÖRGERÄT" },
        { "Trade union badge", "politics:Trade union" },
        { "trade\xc2\xa0union", "politics:trade\xc2\xa0union" },
        { "trade, union", "politics:trade, union" },
        { "union of trade", "" },
        { "Viagra\xc2\xae 50 mg", "intimate:Viagra" },
        { "Quran \xe2\x80\x93 pocket edition", "religion:Quran" },
        { "qur'an", "religion:qur'an" },
        { "HIV-Test", "health:HIV" },
        { "condoms for a diabetic", "intimate:condoms,health:diabetic" },
        /* what must not be taken for it */
        { "Essex sextant, Sussex", "" }, { "Chain lubricant for bicycles", "" }, { "Flusskrebse", "" }, { "Cross trainer", "" }, { "Umstandslos kochen", "" },
        { "Bibliothek", "" }, { "Gayle's gardening gloves", "" }, { "Politur", "" }, { "Kosher salt", "" }, { "T-Shirt schwül", "" }, { "Ethno pattern", "" },
    };
    kd_concepts *c = seeded();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(found(c, cases[i].text), cases[i].found) != 0)
            fail_msg("\"%s\": found \"%s\", expected \"%s\"", cases[i].text, found(c, cases[i].text), cases[i].found);
    kd_concepts_release(c);
}

static const kd_json *json(shop *s, const char *text)
{
    const kd_json *out = NULL;
    assert_int_equal(kd_json_parse(&out, s->arena, text, strlen(text), NULL), KD_OK);
    return out;
}

static void put(shop *s, const char *text)
{
    const kd_json *doc = json(s, text);
    kd_err         err = { 0 };
    if (kd_catalog_concepts_put(s->catalog, &doc, 1, s->now_ms, &err) != KD_OK)
        fail_msg("%s %s", err.field, err.msg);
}

static const char *marks(shop *s, const char *id)
{
    static char        out[256];
    const kd_snapshot *t = kd_snapshot_acquire(s->catalog);
    const kd_product  *p = shop_product(t, id);
    size_t             len = 0;
    out[0] = 0;
    for (unsigned bit = 0; p && bit < 32; bit++)
        if (p->sensitive >> bit & 1)
            len += (size_t)snprintf(out + len, sizeof out - len, "%s%.*s", len ? "," : "", bit == KD_CONCEPT_OWN ? 3 : (int)kd_concepts_at(kd_snapshot_concepts(t), bit)->id.len,
                                    bit == KD_CONCEPT_OWN ? "own" : kd_concepts_at(kd_snapshot_concepts(t), bit)->id.ptr);
    kd_snapshot_release(t);
    return out;
}

static uint32_t marked(shop *s)
{
    const kd_snapshot *t = kd_snapshot_acquire(s->catalog);
    const uint32_t     count = kd_snapshot_sensitive(t);
    kd_snapshot_release(t);
    return count;
}

static void fill(shop *s)
{
    shop_must_put(s, "product", "{\"id\":\"a\",\"title\":\"Jacket\",\"category\":\"Outdoor > Jackets\"}");
    shop_must_put(s, "product", "{\"id\":\"b\",\"title\":\"Jeans\",\"category\":\"Women > Maternity\"}");
    shop_must_put(s, "product", "{\"id\":\"c\",\"title\":\"Tea\",\"category\":\"Food\",\"attributes\":{\"use\":[\"fertility\",\"sleep\"]}}");
    shop_must_put(s, "product", "{\"id\":\"d\",\"title\":\"Chicken\",\"category\":\"Food\",\"attributes\":{\"halal\":false}}");
    shop_must_put(s, "product", "{\"id\":\"e\",\"title\":\"Chicken\",\"category\":\"Food\",\"attributes\":{\"halal\":true}}");
    shop_must_put(s, "product", "{\"id\":\"f\",\"title\":\"Thing\",\"sensitive\":true,\"variants\":[{\"sku\":\"f-1\"},{\"sku\":\"f-2\",\"size\":\"M\"}]}");
    shop_must_put(s, "content", "{\"id\":\"g\",\"kind\":\"article\",\"title\":\"Living with diabetes\"}");
    shop_stub(s, KD_STR("h"), KD_STR("Kondome 12er"), false, NULL);
}

static void check_filled(shop *s)
{
    assert_string_equal(marks(s, "a"), "");
    assert_string_equal(marks(s, "b"), "pregnancy");
    assert_string_equal(marks(s, "c"), "pregnancy");
    assert_string_equal(marks(s, "d"), "");
    assert_string_equal(marks(s, "e"), "religion");
    assert_string_equal(marks(s, "f"), "own");
    assert_string_equal(marks(s, "h"), "intimate");
    assert_int_equal(marked(s), 6);
}

static void test_products(void **state)
{
    shop   s;
    kd_err bad = { 0 };
    (void)state;
    shop_open(&s);
    fill(&s);
    check_filled(&s);
    assert_int_equal(shop_put(&s, "product", "{\"id\":\"x\",\"title\":\"X\",\"sensitive\":\"yes\"}", &bad), KD_INVALID);
    assert_string_equal(bad.field, "/sensitive");
    shop_price(&s, KD_LEVEL_PRICE, "b", "49.90", "EUR"); /* a new price band makes the object anew: the mark stays */
    check_filled(&s);
    shop_reopen(&s);
    check_filled(&s);
    shop_must_put(&s, "product", "{\"id\":\"b\",\"title\":\"Jeans\",\"category\":\"Women > Jeans\"}");
    assert_string_equal(marks(&s, "b"), "");
    assert_int_equal(marked(&s), 5);
    shop_close(&s);
}

static void test_concepts_change(void **state)
{
    shop s;
    (void)state;
    shop_open(&s);
    fill(&s);
    put(&s, "{\"id\":\"outdoors\",\"title\":{\"en\":\"Outdoors\"},\"categories\":[\"outdoor\"],\"products\":[\"d\"]}"); /* above "Outdoor > Jackets", in any case */
    assert_string_equal(marks(&s, "a"), "outdoors");
    assert_string_equal(marks(&s, "d"), "outdoors");
    assert_int_equal(marked(&s), 8);
    put(&s, "{\"id\":\"pregnancy\",\"except\":[\"c\"]}"); /* the words stay */
    assert_string_equal(marks(&s, "b"), "pregnancy");
    assert_string_equal(marks(&s, "c"), "");
    put(&s, "{\"id\":\"religion\",\"active\":false}");
    assert_string_equal(marks(&s, "e"), "");
    put(&s, "{\"id\":\"outdoors\",\"categories\":[\"Outdoor>Jackets\"],\"words\":[\"*icke*\"]}");
    assert_string_equal(marks(&s, "a"), "outdoors");
    assert_string_equal(marks(&s, "e"), "outdoors");
    shop_reopen(&s);
    assert_string_equal(marks(&s, "a"), "outdoors");
    assert_string_equal(marks(&s, "c"), "");
    assert_string_equal(marks(&s, "e"), "outdoors");
    assert_int_equal(marked(&s), 7); /* all but c */
    put(&s, "{\"id\":\"religion\",\"active\":true,\"words\":null}");
    assert_string_equal(marks(&s, "e"), "religion,outdoors");
    shop_close(&s);
}

static void test_bad_concepts(void **state)
{
    static const struct { const char *doc, *field; } cases[] = {
        { "[]", "/1" }, { "{}", "/1/id" }, { "{\"id\":\"A b\"}", "/1/id" }, { "{\"id\":\"0123456789012345678901234567890123456789x\"}", "/1/id" },
        { "{\"id\":\"x\",\"words\":\"y\"}", "/1/words" }, { "{\"id\":\"x\",\"words\":[\"fine\",\"a\"]}", "/1/words/1" }, { "{\"id\":\"x\",\"words\":[\"ab*\"]}", "/1/words/0" },
        { "{\"id\":\"x\",\"words\":[\"fi*ne\"]}", "/1/words/0" }, { "{\"id\":\"x\",\"words\":[\"one two three four five\"]}", "/1/words/0" }, { "{\"id\":\"x\",\"words\":[\"*two words\"]}", "/1/words/0" },
        { "{\"id\":\"x\",\"words\":[7]}", "/1/words/0" }, { "{\"id\":\"x\",\"categories\":[\"\"]}", "/1/categories/0" }, { "{\"id\":\"x\",\"active\":\"no\"}", "/1/active" },
        { "{\"id\":\"x\",\"title\":\"X\"}", "/1/title" },
    };
    shop s;
    (void)state;
    shop_open(&s);
    fill(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const kd_json *docs[] = { json(&s, "{\"id\":\"fine\",\"words\":[\"jacket\"]}"), json(&s, cases[i].doc) };
        kd_err         err = { 0 };
        assert_int_equal(kd_catalog_concepts_put(s.catalog, docs, 2, s.now_ms, &err), KD_INVALID);
        if (strcmp(err.field, cases[i].field) != 0)
            fail_msg("%s: %s, %s", cases[i].doc, err.field, err.msg);
    }
    check_filled(&s); /* all or nothing */
    for (int i = 0; i < KD_CONCEPTS_MAX; i++) {
        char           text[64];
        const kd_json *doc;
        kd_err         err = { 0 };
        snprintf(text, sizeof text, "{\"id\":\"more-%d\"}", i);
        doc = json(&s, text);
        const kd_status status = kd_catalog_concepts_put(s.catalog, &doc, 1, s.now_ms, &err);
        assert_int_equal(status, i < KD_CONCEPTS_MAX - 7 ? KD_OK : KD_LIMIT);
    }
    shop_close(&s);
}

int run_sensitive_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_words), cmocka_unit_test(test_products), cmocka_unit_test(test_concepts_change), cmocka_unit_test(test_bad_concepts) };
    return cmocka_run_group_tests_name("sensitive", tests, NULL, NULL);
}

/* The linter: what it finds, what it leaves alone, and that its figures are those of the sets. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "customer/floor.h"
#include "trust/linter.h"

static kd_catalog *shop_with(trust_house *h, const char *const *docs, size_t count)
{
    kd_catalog *catalog = NULL;
    kd_err      err = { 0 };
    int64_t     now = 0;
    assert_int_equal(kd_catalog_open(&catalog, h->store, h->reader, kd_clock_at(&now), &err), KD_OK);
    for (size_t i = 0; i < count; i++) {
        const kd_json    *body = NULL;
        kd_catalog_change change = { .kind = KD_STR("product") };
        kd_err            bad = { 0 };
        size_t            refused = 0;
        assert_int_equal(kd_json_parse(&body, h->arena, docs[i], strlen(docs[i]), NULL), KD_OK);
        change.body = body;
        assert_int_equal(kd_catalog_put(catalog, &change, 1, 1, &bad, &refused, &err), KD_OK);
        assert_int_equal(refused, 0);
    }
    return catalog;
}

static void lint(kd_findings *out, trust_house *h, kd_catalog *catalog, const char *text)
{
    const kd_snapshot *s = kd_snapshot_acquire(catalog);
    const kd_json     *doc = NULL;
    kd_placement       p;
    kd_err             err = { 0 };
    *out = (kd_findings){ .arena = h->arena };
    assert_int_equal(kd_json_parse(&doc, h->arena, text, strlen(text), NULL), KD_OK);
    if (kd_placement_parse(&p, KD_STR("home"), doc, s, h->arena, &err) != KD_OK)
        fail_msg("%s: %s %s", text, err.field, err.msg);
    assert_int_equal(kd_lint_placement(out, s, &p, doc, 3, &err), KD_OK);
    kd_snapshot_release(s);
}

static const char *told(const kd_findings *f)
{
    static char out[1024];
    size_t      len = 0;
    out[0] = 0;
    for (size_t i = 0; i < f->count; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s %s %s %.*s%s", i ? "; " : "", f->items[i].field, kd_lint_severity_name(f->items[i].severity),
                                kd_lint_why_name(f->items[i].why), f->items[i].concept ? (int)f->items[i].concept->id.len : 1,
                                f->items[i].concept ? f->items[i].concept->id.ptr : "-", f->items[i].acknowledged ? " acknowledged" : "");
    return out;
}

static void test_placements(void **state)
{
    static const struct { const char *doc, *told; } cases[] = {
        { "{\"kind\":\"recommendation\"}", "" },
        { "{\"kind\":\"recommendation\",\"title\":\"For mothers: maternity\"}", "/title warning names pregnancy" },
        { "{\"kind\":\"recommendation\",\"filter\":{\"category\":[\"Women > Maternity\"]}}", "/filter/category blocking names pregnancy" },
        { "{\"kind\":\"recommendation\",\"filter\":{\"category\":[\"Women > Maternity\"]},\"acknowledged\":[\"pregnancy\"]}",
          "/filter/category blocking names pregnancy acknowledged" },
        { "{\"kind\":\"recommendation\",\"filter\":{\"not\":{\"category\":[\"Women > Maternity\"]}}}", "" },
        { "{\"kind\":\"recommendation\",\"filter\":{\"brand\":\"Bump\"}}", "/filter warning overlap pregnancy" },
        { "{\"kind\":\"recommendation\",\"filter\":{\"brand\":\"Nord\"}}", "" },
        { "{\"kind\":\"content\",\"content\":{\"head\":\"New\",\"lines\":[\"Sale\",\"Vibrators -20 %\"]}}", "/content/lines/1 warning names intimate" },
    };
    static const char *const docs[] = {
        "{\"id\":\"a1\",\"title\":\"Jeans\",\"brand\":\"Bump\",\"category\":\"Women > Maternity\"}", "{\"id\":\"a2\",\"title\":\"Dress\",\"brand\":\"Bump\",\"category\":\"Women > Maternity\"}",
        "{\"id\":\"a3\",\"title\":\"Shirt\",\"brand\":\"Bump\",\"category\":\"Women > Maternity\"}", "{\"id\":\"a4\",\"title\":\"Socks\",\"brand\":\"Bump\",\"category\":\"Women > Socks\"}",
        "{\"id\":\"b1\",\"title\":\"Coat\",\"brand\":\"Nord\",\"category\":\"Women > Coats\"}", "{\"id\":\"b2\",\"title\":\"Hat\",\"brand\":\"Nord\",\"category\":\"Women > Hats\"}",
        "{\"id\":\"b3\",\"title\":\"Tights\",\"brand\":\"Nord\",\"category\":\"Women > Maternity\"}", "{\"id\":\"b4\",\"title\":\"Scarf\",\"brand\":\"Nord\",\"category\":\"Women > Hats\"}",
        "{\"id\":\"c1\",\"title\":\"Lamp\",\"category\":\"Home\"}", "{\"id\":\"c2\",\"title\":\"Rug\",\"category\":\"Home\"}", "{\"id\":\"c3\",\"title\":\"Mug\",\"category\":\"Home\"}",
        "{\"id\":\"c4\",\"title\":\"Pan\",\"category\":\"Home\"}",
        "{\"id\":\"a5\",\"title\":\"Skirt\",\"brand\":\"Bump\",\"category\":\"Women > Maternity\"}", "{\"id\":\"a6\",\"title\":\"Coat\",\"brand\":\"Bump\",\"category\":\"Women > Maternity\"}",
        "{\"id\":\"a7\",\"title\":\"Blouse\",\"brand\":\"Bump\",\"category\":\"Women > Maternity\"}", "{\"id\":\"c5\",\"title\":\"Pot\",\"category\":\"Home\"}",
        "{\"id\":\"c6\",\"title\":\"Bowl\",\"category\":\"Home\"}", "{\"id\":\"c7\",\"title\":\"Vase\",\"category\":\"Home\"}", "{\"id\":\"c8\",\"title\":\"Tray\",\"category\":\"Home\"}",
        "{\"id\":\"c9\",\"title\":\"Clock\",\"category\":\"Home\"}",
    };
    trust_house h;
    kd_findings f;
    (void)state;
    trust_house_open(&h, 1);
    kd_catalog *catalog = shop_with(&h, docs, sizeof docs / sizeof *docs);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lint(&f, &h, catalog, cases[i].doc);
        if (strcmp(told(&f), cases[i].told) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", cases[i].doc, told(&f), cases[i].told);
        assert_true((kd_findings_blocking(&f) != NULL) == (i == 2));
    }
    lint(&f, &h, catalog, cases[5].doc); /* six of Bump's seven, against seven of twenty */
    assert_int_equal(f.items[0].overlap.both, 6);
    assert_int_equal(f.items[0].overlap.audience, 7);
    assert_int_equal(f.items[0].overlap.seed, 7);
    assert_int_equal(f.items[0].overlap.population, 20);
    assert_float_equal(f.items[0].overlap.lift, 6.0 / 7.0 / (7.0 / 20.0), 1e-9);
    kd_catalog_close(catalog);
    trust_house_close(&h);
}

static void test_sentences(void **state)
{
    static const char *const docs[] = { "{\"id\":\"a\",\"title\":\"Pregnancy pillow\"}", "{\"id\":\"b\",\"title\":\"Pillow\"}", "{\"id\":\"c\",\"title\":\"Vibrator\"}" };
    static const size_t      expected[] = { 1, 0, 1 };
    trust_house h;
    (void)state;
    trust_house_open(&h, 1);
    kd_catalog        *catalog = shop_with(&h, docs, 3);
    const kd_snapshot *s = kd_snapshot_acquire(catalog);
    size_t             naming = 0;
    for (int kind = 0; kind < KD_TERM_KINDS; kind++)
        naming += kd_reason_names((kd_term_kind)kind);
    assert_true(naming >= 6);
    for (uint32_t row = 0; row < 3; row++) {
        kd_findings f = { .arena = h.arena };
        kd_err      err = { 0 };
        assert_int_equal(kd_lint_sentences(&f, s, kd_snapshot_product(s, row), &err), KD_OK);
        assert_int_equal(f.count, expected[row] * 2 * naming); /* both languages */
    }
    kd_snapshot_release(s);
    kd_catalog_close(catalog);
    trust_house_close(&h);
}

static int by_id(const void *a, const void *b) { return kd_id_cmp(*(const kd_id *)a, *(const kd_id *)b); }

/* Against counting pair by pair, over random sets with repetitions. */
static void test_overlap(void **state)
{
    enum { PEOPLE = 300 };
    kd_rng rng;
    (void)state;
    kd_rng_seed(&rng, 3);
    for (int round = 0; round < 300; round++) {
        kd_id    a[PEOPLE], b[PEOPLE];
        bool     in_a[PEOPLE] = { 0 }, in_b[PEOPLE] = { 0 };
        uint64_t only_a = 0, only_b = 0, both = 0;
        size_t   n = kd_rng_below(&rng, PEOPLE), m = kd_rng_below(&rng, PEOPLE);
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        for (size_t i = 0; i < n; i++) {
            const uint32_t who = kd_rng_below(&rng, PEOPLE);
            memcpy(&a[i], &who, sizeof who);
            in_a[who] = true;
        }
        for (size_t i = 0; i < m; i++) {
            const uint32_t who = kd_rng_below(&rng, PEOPLE);
            memcpy(&b[i], &who, sizeof who);
            in_b[who] = true;
        }
        for (size_t i = 0; i < PEOPLE; i++) {
            only_a += in_a[i];
            only_b += in_b[i];
            both += in_a[i] && in_b[i];
        }
        qsort(a, n, sizeof *a, by_id);
        qsort(b, m, sizeof *b, by_id);
        const kd_overlap o = kd_overlap_of_persons(a, n, b, m, PEOPLE, 10);
        assert_int_equal(o.audience, only_a);
        assert_int_equal(o.seed, only_b);
        assert_int_equal(o.both, both);
        assert_false(o.means_it); /* drawn at random: no more of one in the other than in everybody */
    }
    assert_true(kd_overlap_of(100, 100, 80, 10000, 10).means_it);
    assert_false(kd_overlap_of(10, 100, 8, 10000, 10).means_it);      /* under the floor: nothing is said */
    assert_false(kd_overlap_of(100, 5000, 80, 10000, 10).means_it);   /* lift 1.6 */
    assert_false(kd_overlap_of(0, 10, 0, 100, 10).means_it);
    assert_false(kd_overlap_of(10, 0, 0, 0, 0).means_it);
}

static void test_floor(void **state)
{
    static const struct { uint64_t people; uint32_t k; const char *shown; } cases[] = {
        { 0, 10, "0" }, { 1, 10, "\"<10\"" }, { 9, 10, "\"<10\"" }, { 10, 10, "10" }, { 3, 1, "3" }, { 4, 5, "\"<5\"" }, { 99, 100, "\"<100\"" }, { 7, 0, "7" }, { UINT32_MAX, 10, "4294967295" },
    };
    static const struct { uint64_t parts[3]; bool hidden[3]; } rows[] = {
        { { 100, 20, 30 }, { 0, 0, 0 } }, { { 100, 3, 30 }, { 0, 1, 1 } }, { { 100, 3, 0 }, { 1, 1, 0 } }, { { 4, 3, 30 }, { 1, 1, 0 } }, { { 0, 0, 4 }, { 0, 0, 1 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char   expected[64];
        kd_buf buf;
        kd_jw  w;
        kd_buf_init(&buf, NULL);
        kd_jw_init(&w, &buf);
        kd_jw_object(&w);
        kd_floor_write(&w, "n", cases[i].people, cases[i].k);
        kd_jw_object_end(&w);
        kd_buf_add_byte(&buf, 0);
        snprintf(expected, sizeof expected, "{\"n\":%s}", cases[i].shown);
        assert_string_equal(buf.ptr, expected);
        kd_buf_free(&buf);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool hidden[3];
        kd_floor_parts(hidden, rows[i].parts, 3, 10);
        for (size_t p = 0; p < 3; p++)
            assert_int_equal(hidden[p], rows[i].hidden[p]);
    }
}

int run_linter_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_placements), cmocka_unit_test(test_sentences), cmocka_unit_test(test_overlap), cmocka_unit_test(test_floor) };
    return cmocka_run_group_tests_name("linter", tests, NULL, NULL);
}

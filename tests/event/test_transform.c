/* Transforms and expressions: what each step does, where it refuses, and that what is not touched keeps its bytes. */
#include "tests.h"

#include "event/source.h"
#include "event/transform.h"

static kd_arena *arena;

static const kd_json *json(const char *text)
{
    const kd_json *out = NULL;
    kd_err         err = { 0 };
    if (kd_json_parse(&out, arena, text, strlen(text), &err) != KD_OK)
        fail_msg("%s: %s", text, err.msg);
    return out;
}

static int set_up(void **state)
{
    (void)state;
    arena = kd_arena_new(64 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    kd_arena_free(arena);
    return 0;
}

static void is_text(kd_str got, const char *wanted)
{
    if (!kd_str_is(got, wanted))
        fail_msg("got %.*s, wanted %s", (int)got.len, got.ptr ? got.ptr : "", wanted);
}

static kd_transform *transform(const char *steps)
{
    kd_transform *t = NULL;
    kd_err        err = { 0 };
    if (kd_transform_parse(&t, json(steps), "/transform", arena, &err) != KD_OK)
        fail_msg("%s: %s %s", steps, err.field, err.msg);
    return t;
}

static void test_expressions(void **state)
{
    static const struct { const char *expression, *value; } cases[] = {
        { "1+2*3", "7" }, { "(1+2)*3", "9" }, { "10/4", "2.5" }, { "-3 - -4", "1" }, { "0.1+0.2", "0.3" }, { "2/3", "0.666667" }, { "-2/3", "-0.666667" },
        { "price * quantity", "39.98" }, { "number(amount, \",\")", "1234.5" }, { "number('1,234.50')", "1234.5" }, { "round(2.345, 2)", "2.35" },
        { "round(-2.345, 2)", "-2.35" }, { "round(7.5)", "8" }, { "'a' & 'b' & 1", "\"ab1\"" }, { "concat(name, '-', price)", "\"Grün-19.99\"" },
        { "upper(name)", "\"GRÜN\"" }, { "lower('ÄÖÜ ÷×')", "\"äöü ÷×\"" }, { "coalesce(missing, '', nothing, 5)", "5" }, { "missing + 1", "null" },
        { "if(price > 10, 'dear', 'cheap')", "\"dear\"" }, { "not true", "false" }, { "not not true", "true" }, { "true and false or true", "true" },
        { "name == 'Grün'", "true" }, { "price == '19.99'", "true" }, { "price != 19.99", "false" }, { "missing == null", "true" }, { "missing < 1", "false" },
        { "date('24.12.2026', 'dd.mm.yyyy')", "\"2026-12-24T00:00:00.000Z\"" }, { "date('24.12.26 18:05', 'dd.mm.yy HH:mm', '+01:00')", "\"2026-12-24T17:05:00.000Z\"" },
        { "date('3/4/2026', 'd/M/yyyy')", "\"2026-04-03T00:00:00.000Z\"" }, { "length('Grün')", "4" }, { "trim('  a ')", "\"a\"" }, { "part('a;b;c', ';', 2)", "\"b\"" },
        { "part('a;b', ';', 3)", "null" }, { "replace('1-2-3', '-', '')", "\"123\"" }, { "starts('SKU-1', 'SKU')", "true" }, { "contains(name, 'rü')", "true" },
        { "field('/Invoice No.')", "\"A1\"" }, { "list.1", "2" }, { "list", "[1,2]" }, { "deep.er.still", "true" }, { "text(5)", "\"5\"" }, { "\"it\\\"s\"", "\"it\\\"s\"" },
    };
    const kd_json *item = json("{\"price\":19.99,\"quantity\":\"2\",\"amount\":\"1.234,50\",\"name\":\"Grün\",\"nothing\":null,\"Invoice No.\":\"A1\",\"list\":[1,2],"
                               "\"deep\":{\"er\":{\"still\":true}}}");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_expression *e = NULL;
        kd_str         value = { 0 };
        kd_err         err = { 0 };
        if (kd_expression_parse(&e, kd_str_z(cases[i].expression), arena, &err) != KD_OK || kd_expression_value(&value, e, item, arena, &err) != KD_OK)
            fail_msg("%s: %s", cases[i].expression, err.msg);
        if (!kd_str_is(value, cases[i].value))
            fail_msg("%s gave %.*s, not %s", cases[i].expression, (int)value.len, value.ptr, cases[i].value);
    }
}

static void test_expressions_that_do_not_read(void **state)
{
    static const struct { const char *expression; size_t pos; } cases[] = {
        { "", 0 }, { "1 +", 3 }, { "(1", 2 }, { "1 2", 2 }, { "'abc", 0 }, { "nofunction(1)", 0 }, { "1.2345678", 0 }, { "if(1,2)", 7 }, { "a ? b", 2 },
        { "lower(1,2)", 8 }, { "field(1)", 8 }, { "a..b", 0 }, { "9999999999999999999", 0 },
    };
    char deep[400] = "";
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_expression *e = NULL;
        kd_err         err = { 0 };
        assert_int_equal(kd_expression_parse(&e, kd_str_z(cases[i].expression), arena, &err), KD_INVALID);
        if (err.pos != cases[i].pos)
            fail_msg("%s: at %zu, not %zu: %s", cases[i].expression, err.pos, cases[i].pos, err.msg);
    }
    memset(deep, '(', 100);
    kd_expression *e = NULL;
    assert_int_equal(kd_expression_parse(&e, kd_str_z(deep), arena, NULL), KD_LIMIT);
    memset(deep, '-', 300);
    assert_int_equal(kd_expression_parse(&e, kd_str_z(deep), arena, NULL), KD_LIMIT);
}

static void test_expressions_that_fail(void **state)
{
    static const char *const cases[] = { "1/0", "'x' + 1", "9000000000000 * 9000000000000", "date('2026', 'dd.mm.yyyy')", "date('31.02.2026', 'dd.mm.yyyy')",
                                         "number('12a')", "part('a', '', 1)", "date('1.1.2026', 'd.m.yyyy', 'Berlin')" };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_expression *e = NULL;
        kd_str         value;
        kd_err         err = { 0 };
        assert_int_equal(kd_expression_parse(&e, kd_str_z(cases[i]), arena, &err), KD_OK);
        assert_int_equal(kd_expression_value(&value, e, json("{}"), arena, &err), KD_INVALID);
        assert_true(err.msg[0] != '\0');
    }
}

static void changes(const char *steps, const char *before, const char *after)
{
    const kd_json *out = NULL;
    bool           dropped = false;
    kd_err         err = { 0 };
    if (kd_transform_apply(&out, &dropped, transform(steps), json(before), arena, &err) != KD_OK)
        fail_msg("%s: %s", steps, err.msg);
    assert_int_equal(dropped, after == NULL);
    if (after)
        is_text(out->raw, after);
}

static void test_steps(void **state)
{
    (void)state;
    changes("[{\"do\":\"rename\",\"from\":\"properties.sku\",\"to\":\"properties.product_id\"}]", "{\"event\":\"X\",\"properties\":{ \"sku\" : \"A\",\"n\":1.50}}",
            "{\"event\":\"X\",\"properties\":{\"n\":1.50,\"product_id\":\"A\"}}");
    changes("[{\"do\":\"rename\",\"from\":\"a\",\"to\":\"b\"}]", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}"); /* what is taken stays */
    changes("[{\"do\":\"rename\",\"from\":\"a\",\"to\":\"x.y\"}]", "{\"a\":1}", "{\"x\":{\"y\":1}}");
    changes("[{\"do\":\"rename\",\"from\":\"/Invoice No.\",\"to\":\"order\"}]", "{\"Invoice No.\":\"7\"}", "{\"order\":\"7\"}");
    changes("[{\"do\":\"map\",\"field\":\"size\",\"values\":{\"Small\":\"S\",\"3\":40}}]", "{\"size\":\"Small\"}", "{\"size\":\"S\"}");
    changes("[{\"do\":\"map\",\"field\":\"size\",\"values\":{\"Small\":\"S\",\"3\":40}}]", "{\"size\":3}", "{\"size\":40}");
    changes("[{\"do\":\"map\",\"field\":\"size\",\"values\":{\"Small\":\"S\"}}]", "{\"size\":\"odd\"}", "{\"size\":\"odd\"}");
    changes("[{\"do\":\"map\",\"field\":\"size\",\"values\":{\"Small\":\"S\"},\"otherwise\":null}]", "{\"size\":\"odd\"}", "{\"size\":null}");
    changes("[{\"do\":\"compute\",\"field\":\"total\",\"expression\":\"price * quantity\"}]", "{\"price\":\"2.50\",\"quantity\":3}", "{\"price\":\"2.50\",\"quantity\":3,\"total\":7.5}");
    changes("[{\"do\":\"compute\",\"field\":\"a\",\"expression\":\"null\"}]", "{\"a\":1,\"b\":2}", "{\"b\":2}");
    changes("[{\"do\":\"default\",\"field\":\"currency\",\"value\":\"EUR\"}]", "{\"currency\":\"\"}", "{\"currency\":\"EUR\"}");
    changes("[{\"do\":\"default\",\"field\":\"currency\",\"value\":\"EUR\"}]", "{\"currency\":\"CHF\"}", "{\"currency\":\"CHF\"}");
    changes("[{\"do\":\"drop\",\"field\":\"context.ip\"}]", "{\"context\":{\"ip\":\"1.2.3.4\",\"page\":{\"url\":\"u\"}}}", "{\"context\":{\"page\":{\"url\":\"u\"}}}");
    changes("[{\"do\":\"drop\",\"field\":\"list.0\"}]", "{\"list\":[1,2]}", "{\"list\":[2]}");
    changes("[{\"do\":\"drop-event\",\"when\":\"event == 'Ping'\"}]", "{\"event\":\"Ping\"}", NULL);
    changes("[{\"do\":\"drop\",\"field\":\"a\",\"when\":\"b\"}]", "{\"a\":1,\"b\":false}", "{\"a\":1,\"b\":false}");
    changes("[{\"do\":\"rename\",\"from\":\"o\",\"to\":\"p\"},{\"do\":\"compute\",\"field\":\"t\",\"expression\":\"p\"}]", "{\"o\":{\"x\":1}}", "{\"p\":{\"x\":1},\"t\":{\"x\":1}}");
    changes("[{\"do\":\"drop\",\"field\":\"a\"}]", "{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2}"); /* twice the same name: both go */
}

static void test_bad_steps(void **state)
{
    static const struct { const char *steps, *field; } cases[] = {
        { "{}", "/transform" }, { "[1]", "/transform/0" }, { "[{\"do\":\"explode\"}]", "/transform/0/do" }, { "[{\"do\":\"rename\",\"from\":\"a\"}]", "/transform/0/to" },
        { "[{\"do\":\"drop\",\"field\":\"a\"},{\"do\":\"drop\",\"field\":\"\"}]", "/transform/1/field" }, { "[{\"do\":\"map\",\"field\":\"a\",\"values\":{}}]", "/transform/0/values" },
        { "[{\"do\":\"map\",\"field\":\"a\",\"values\":{\"x\":{}}}]", "/transform/0/values" }, { "[{\"do\":\"compute\",\"field\":\"a\",\"expression\":\"1 +\"}]", "/transform/0/expression" },
        { "[{\"do\":\"drop-event\"}]", "/transform/0/when" }, { "[{\"do\":\"default\",\"field\":\"a\"}]", "/transform/0/value" },
        { "[{\"do\":\"drop\",\"field\":\"a.b.c.d.e.f.g.h.i\"}]", "/transform/0/field" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_transform *t = NULL;
        kd_err        err = { 0 };
        assert_int_not_equal(kd_transform_parse(&t, json(cases[i].steps), "/transform", arena, &err), KD_OK);
        assert_string_equal(err.field, cases[i].field);
    }
}

static void test_a_step_that_fails_names_itself(void **state)
{
    const kd_json *out = NULL;
    bool           dropped;
    kd_err         err = { 0 };
    (void)state;
    assert_int_equal(kd_transform_apply(&out, &dropped, transform("[{\"do\":\"drop\",\"field\":\"x\"},{\"do\":\"compute\",\"field\":\"a\",\"expression\":\"a + 1\"}]"),
                                        json("{\"a\":\"many\"}"), arena, &err), KD_INVALID);
    assert_string_equal(err.field, "/transform/1");
    assert_non_null(strstr(err.msg, "compute"));
}

/* The law: where nothing applies, the very same node comes out, whatever the bytes. */
static void test_identity(void **state)
{
    static const char *const items[] = { "{}", "{ \"a\" : 1.0e2 , \"a\":[ ] }", "{\"\\u00e4\":\"\\n\"}", "[1]", "\"x\"", "{\"deep\":{\"er\":[{\"x\":null}]}}" };
    const kd_transform *none[] = { transform("[]"), transform("[{\"do\":\"drop\",\"field\":\"not.there\"}]"), transform("[{\"do\":\"rename\",\"from\":\"no\",\"to\":\"yes\"}]"),
                                   transform("[{\"do\":\"map\",\"field\":\"no\",\"values\":{\"a\":\"b\"}}]"), transform("[{\"do\":\"drop-event\",\"when\":\"false\"}]"),
                                   transform("[{\"do\":\"compute\",\"field\":\"no\",\"expression\":\"no\"}]"), NULL };
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        for (size_t t = 0; t < sizeof none / sizeof *none; t++) {
            const kd_json *in = json(items[i]), *out = NULL;
            bool           dropped;
            assert_int_equal(kd_transform_apply(&out, &dropped, none[t], in, arena, NULL), KD_OK);
            assert_true(out == in && !dropped);
        }
}

/* ---- sources ------------------------------------------------------------------------------------------------------------------- */
static kd_status source(kd_source *out, const char *doc, kd_err *err)
{
    return kd_source_parse(out, KD_STR("shop"), json(doc), arena, err);
}

static void test_a_source(void **state)
{
    kd_source       s;
    kd_source_seen *seen = NULL;
    kd_err          err = { 0 };
    (void)state;
    assert_int_equal(source(&s, "{\"name\":\"Shop\",\"kind\":\"web\",\"owner\":\"E-commerce\",\"purposes\":[\"operate\",\"analyse\"],\"freshness\":\"2h\",\"strict\":true,"
                                "\"schema\":{\"Order Completed\":{\"properties.total\":{\"type\":\"number\",\"required\":true},\"properties.currency\":{\"type\":\"text\",\"values\":[\"EUR\",\"CHF\"]}}},"
                                "\"transform\":[{\"do\":\"drop\",\"field\":\"a\"}]}", &err), KD_OK);
    assert_int_equal(s.fresh_ms, 2 * 3600 * 1000);
    assert_int_equal(s.purpose_count, 2);
    assert_int_equal(kd_transform_step_count(s.transform), 1);
    assert_int_equal(kd_source_look(&seen, &s, KD_STR("Order Completed"), json("{\"properties\":{\"total\":12.5,\"currency\":\"CHF\"}}"), arena, &err), KD_OK);
    assert_int_equal(seen->fields[0].state, KD_SEEN_FINE);
    assert_int_equal(seen->fields[1].bucket, 1);
    assert_int_equal(kd_source_look(&seen, &s, KD_STR("Other"), json("{}"), arena, &err), KD_OK);
    assert_null(seen);
    assert_int_equal(kd_source_look(&seen, &s, KD_STR("Order Completed"), json("{\"properties\":{\"currency\":\"CHF\"}}"), arena, &err), KD_INVALID);
    assert_string_equal(err.field, "/properties/total");
    assert_int_equal(kd_source_look(&seen, &s, KD_STR("Order Completed"), json("{\"properties\":{\"total\":\"12\"}}"), arena, &err), KD_INVALID);
    assert_int_equal(kd_source_look(&seen, &s, KD_STR("Order Completed"), json("{\"properties\":{\"total\":1,\"currency\":\"USD\"}}"), arena, &err), KD_INVALID);
    assert_string_equal(err.field, "/properties/currency");
    s.strict = false;
    assert_int_equal(kd_source_look(&seen, &s, KD_STR("Order Completed"), json("{\"properties\":{\"total\":\"x\",\"currency\":\"USD\"}}"), arena, &err), KD_OK);
    assert_int_equal(seen->fields[0].state, KD_SEEN_TYPE);
    assert_int_equal(seen->fields[1].state, KD_SEEN_VALUE);
}

static void test_bad_sources(void **state)
{
    static const struct { const char *doc, *field; } cases[] = {
        { "{\"id\":\"other\"}", "/id" }, { "{\"kind\":\"pigeon\"}", "/kind" }, { "{\"purposes\":[\"operate\",\"spy\"]}", "/purposes/1" }, { "{\"freshness\":\"soon\"}", "/freshness" },
        { "{\"freshness\":\"0h\"}", "/freshness" }, { "{\"freshness\":\"9999d\"}", "/freshness" }, { "{\"strict\":1}", "/strict" }, { "{\"secret\":\"hunter2\"}", "/secret" },
        { "{\"schema\":[]}", "/schema" }, { "{\"schema\":{\"A\":1}}", "/schema/A" }, { "{\"schema\":{\"A\":{\"x.y\":{\"type\":\"money\"}}}}", "/schema/A/x.y" },
        { "{\"schema\":{\"A\":{\"x\":{\"values\":[]}}}}", "/schema/A/x" }, { "{\"shema\":{}}", "/shema" }, { "{\"name\":5}", "/name" },
        { "{\"transform\":[{\"do\":\"compute\",\"field\":\"a\",\"expression\":\")\"}]}", "/transform/0/expression" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_source s;
        kd_err    err = { 0 };
        assert_int_not_equal(source(&s, cases[i].doc, &err), KD_OK);
        assert_string_equal(err.field, cases[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expressions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expressions_that_do_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expressions_that_fail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_step_that_fails_names_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_identity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_sources, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "suite.h"
#include "catalog/document.h"

/* Bodies that must be refused, with the field that is named. */
static void test_refused(void **state)
{
    static const struct { const char *kind, *json, *field; } cases[] = {
        { "product", "[]", "" },
        { "product", "{\"title\":\"x\"}", "/id" },
        { "product", "{\"id\":\"\",\"title\":\"x\"}", "/id" },
        { "product", "{\"id\":\"a\\u0001b\",\"title\":\"x\"}", "/id" },
        { "product", "{\"id\":{},\"title\":\"x\"}", "/id" },
        { "product", "{\"id\":\"p\"}", "/title" },
        { "product", "{\"id\":\"p\",\"title\":\" \"}", "/title" },
        { "product", "{\"id\":\"p\",\"title\":[]}", "/title" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":\"ten\",\"currency\":\"EUR\"}", "/price" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":-1,\"currency\":\"EUR\"}", "/price" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":1.1234567,\"currency\":\"EUR\"}", "/price" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":99999999999999999999,\"currency\":\"EUR\"}", "/price" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":{},\"currency\":\"EUR\"}", "/price" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":1}", "/currency" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":1,\"currency\":\"EURO\"}", "/currency" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"salePrice\":1,\"currency\":\"EUR\"}", "/salePrice" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":1,\"salePrice\":2,\"currency\":\"EUR\"}", "/salePrice" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":\"5 EUR\",\"salePrice\":\"4 USD\"}", "/salePrice" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"price\":\"5 EUR\",\"salePrice\":4,\"salePriceFrom\":\"soon\"}", "/salePriceFrom" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"stock\":1.5}", "/stock" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"stock\":\"many\"}", "/stock" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"stock\":{\"\":1}}", "/stock" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"stock\":{\"a\":[]}}", "/stock" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"stock\":2000000000}", "/stock" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"stock\":1,\"variants\":[{\"sku\":\"s\"}]}", "/stock" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"variants\":{}}", "/variants" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"variants\":[1]}", "/variants/0" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"variants\":[{\"size\":\"M\"}]}", "/variants/0/sku" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"variants\":[{\"sku\":\"s\"},{\"sku\":\"s\"}]}", "/variants" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"variants\":[{\"sku\":\"s\"},{\"sku\":\"t\",\"price\":\"x\"}]}", "/variants/1/price" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"variants\":[{\"sku\":\"s\",\"price\":1}]}", "/variants/0/currency" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"url\":\"javascript:alert(1)\"}", "/url" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"url\":\"  JavaScript:alert(1)\"}", "/url" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"image\":\"data:text/html,x\"}", "/image" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"image\":\"vbscript:x\"}", "/image" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"hidden\":\"yes\"}", "/hidden" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"availability\":\"perhaps\"}", "/availability" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"categories\":[1,{}]}", "/categories" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"taste\":{}}", "/taste" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"attributes\":[]}", "/attributes" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"attributes\":{\"cut\":{}}}", "/attributes/cut" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"attributes\":{\"cut\":[{}]}}", "/attributes/cut" },
        { "product", "{\"id\":\"p\",\"title\":\"x\",\"createdAt\":\"yesterday\"}", "/createdAt" },
        { "place", "{\"id\":\"a\"}", "/name" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"kind\":\"moon\"}", "/kind" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"latitude\":91,\"longitude\":0}", "/latitude" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"latitude\":1}", "/longitude" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"latitude\":\"north\",\"longitude\":0}", "/latitude" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"hours\":[]}", "/hours" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"hours\":{\"someday\":[]}}", "/hours" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"hours\":{\"mon\":[[\"9\",\"18:00\"]]}}", "/hours/mon" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"hours\":{\"mon\":[[\"19:00\",\"18:00\"]]}}", "/hours/mon" },
        { "place", "{\"id\":\"a\",\"name\":\"A\",\"hours\":{\"mon\":[[\"09:00\",\"24:30\"]]}}", "/hours/mon" },
        { "content", "{\"id\":\"c\"}", "/title" },
        { "content", "{\"id\":\"c\",\"title\":\"C\",\"url\":\"file:///etc\"}", "/url" },
        { "content", "{\"id\":\"c\",\"title\":\"C\",\"topics\":{}}", "/topics" },
        { "postal", "{\"country\":\"DEU\",\"postalCode\":\"1\"}", "/country" },
        { "postal", "{\"country\":\"DE\",\"postalCode\":\"a/b\"}", "/postalCode" },
        { "postal", "{\"country\":\"DE\",\"postalCode\":\"12345\"}", "/latitude" },
        { "postal", "{\"country\":\"DE\",\"postalCode\":\"12345\",\"latitude\":1,\"longitude\":181}", "/longitude" },
        { "stub", "{\"id\":\"p\",\"title\":\"x\"}", "kind" },
        { "segment", "{\"id\":\"p\"}", "kind" },
    };
    shop s;
    (void)state;
    shop_open(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_err bad = { 0 };
        if (shop_put(&s, cases[i].kind, cases[i].json, &bad) != KD_INVALID)
            fail_msg("accepted: %s", cases[i].json);
        if (strcmp(bad.field, cases[i].field) != 0 || bad.msg[0] == 0)
            fail_msg("%s: names \"%s\" (%s), not \"%s\"", cases[i].json, bad.field, bad.msg, cases[i].field);
    }
    const kd_snapshot *snapshot = kd_snapshot_acquire(s.catalog);
    assert_int_equal(kd_snapshot_products(snapshot), 0);
    assert_int_equal(kd_snapshot_version(snapshot), 0);
    kd_snapshot_release(snapshot);
    shop_close(&s);
}

/* The canonical body: reading it again gives the same bytes, and money and stock are not in it. */
static void test_canonical(void **state)
{
    static const struct { const char *given, *kept; } cases[] = {
        { "{ \"title\" : \"Boot\", \"id\": 7, \"price\": \"19.99 EUR\", \"stock\": 3, \"brand\":null }",
          "{\"id\":\"7\",\"title\":\"Boot\",\"createdAt\":\"2026-09-21T14:13:20.000Z\"}" },
        { "{\"id\":\"p\",\"title\":\"T\",\"variants\":[],\"currency\":\"EUR\",\"createdAt\":\"2020-01-02\",\"x\":{\"y\":[1,2.50]}}",
          "{\"id\":\"p\",\"title\":\"T\",\"x\":{\"y\":[1,2.50]},\"createdAt\":\"2020-01-02T00:00:00.000Z\"}" },
        { "{\"id\":\"p\",\"title\":\"T\",\"createdAt\":\"2020-01-02\",\"variants\":[{\"price\":1,\"currency\":\"EUR\",\"color\":\" red \",\"size\":42,\"sku\":\"s\","
          "\"availability\":\"in_stock\",\"fit\":\"slim\",\"stock\":{\"a\":1}}],\"brand\":\"B\"}",
          "{\"id\":\"p\",\"title\":\"T\",\"brand\":\"B\",\"createdAt\":\"2020-01-02T00:00:00.000Z\",\"variants\":[{\"sku\":\"s\",\"size\":\"42\",\"color\":\"red\",\"fit\":\"slim\"}]}" },
        { "{\"id\":\"p\",\"title\":\"T\",\"title\":\"U\",\"createdAt\":\"2020-01-02\"}", "{\"id\":\"p\",\"title\":\"U\",\"createdAt\":\"2020-01-02T00:00:00.000Z\"}" },
    };
    kd_arena *arena = kd_arena_new(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const kd_json *body = NULL, *again = NULL;
        kd_draft       draft, second;
        kd_err         err = { 0 };
        assert_int_equal(kd_json_parse(&body, arena, cases[i].given, strlen(cases[i].given), &err), KD_OK);
        if (kd_draft_read(&draft, KD_DOC_PRODUCT, body, (kd_str){ 0 }, INT64_C(1790000000000), INT64_C(1790000000000), arena, &err) != KD_OK)
            fail_msg("%s: %s", cases[i].given, err.msg);
        if (!kd_str_is(draft.body, cases[i].kept))
            fail_msg("kept %.*s", (int)draft.body.len, draft.body.ptr);
        assert_int_equal(kd_json_parse(&again, arena, draft.body.ptr, draft.body.len, &err), KD_OK);
        assert_int_equal(kd_draft_read(&second, KD_DOC_PRODUCT, again, (kd_str){ 0 }, 0, 0, arena, &err), KD_OK);
        assert_true(kd_str_eq(second.body, draft.body));
        assert_int_equal(second.level_count, 0);
    }
    kd_arena_free(arena);
}

static void test_price_text(void **state)
{
    static const struct { const char *text; bool comma, ok; int64_t micro; const char *currency; } cases[] = {
        { "19.99", false, true, 19990000, "" }, { "19.99 EUR", false, true, 19990000, "EUR" }, { "EUR 19.99", false, true, 19990000, "EUR" },
        { "19.99EUR", false, true, 19990000, "EUR" }, { " 5 usd ", false, true, 5000000, "USD" }, { "19,99 EUR", true, true, 19990000, "EUR" },
        { "19,99", false, false, 0, "" }, { "EUR", false, false, 0, "" }, { "", false, false, 0, "" }, { "1,234.50", false, false, 0, "" },
        { "1.5 EUROS", false, false, 0, "" }, { "0", false, true, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t     micro = -1;
        kd_currency currency;
        const bool  ok = kd_price_text(&micro, &currency, kd_str_z(cases[i].text), cases[i].comma);
        if (ok != cases[i].ok || (ok && (micro != cases[i].micro || strcmp(currency.code, cases[i].currency) != 0)))
            fail_msg("\"%s\": %d %lld %s", cases[i].text, ok, (long long)micro, currency.code);
    }
}

int run_document_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_canonical), cmocka_unit_test(test_price_text),
    };
    return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}

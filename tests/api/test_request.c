#include "support.h"

#include "api/caller.h"
#include "api/measure.h"
#include "api/routes.h"
#include "base/json.h"

static void nothing(kd_request *request) { (void)request; }

static void test_routes_are_found(void **state)
{
    static const kd_route table[] = {
        { KD_GET, "/", nothing, "root", 0, NULL },
        { KD_POST, "/v1/find", nothing, "find", 0, NULL },
        { KD_GET, "/v1/{}", nothing, "one", 0, NULL },
        { KD_DELETE, "/v1/{}", nothing, "gone", 0, NULL },
        { KD_GET, "/v1/{}/events", nothing, "events", 0, NULL },
    };
    static const struct { uint32_t method; const char *path, *name; uint32_t allowed; } cases[] = {
        { KD_GET, "/", "root", 0 }, { KD_HEAD, "/", "root", 0 }, { KD_GET, "/v1/a", "one", 0 }, { KD_GET, "/v1/a/", "one", 0 }, { KD_HEAD, "/v1/a", "one", 0 },
        { KD_GET, "/v1/find", "one", 0 }, { KD_POST, "/v1/find", "find", 0 }, { KD_GET, "/v1/a/events", "events", 0 }, { KD_DELETE, "/v1/a%2Fb", "gone", 0 },
        { KD_PUT, "/v1/find", NULL, KD_POST | KD_GET | KD_DELETE }, { KD_POST, "/v1/a", NULL, KD_GET | KD_DELETE }, { KD_GET, "/v1", NULL, 0 }, { KD_GET, "/v1/", NULL, 0 },
        { KD_GET, "/v1//events", NULL, 0 }, { KD_GET, "/v1/a/b", NULL, 0 }, { KD_GET, "/v1/a/events/x", NULL, 0 }, { KD_GET, "//", "root", 0 }, { KD_GET, "", NULL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t        allowed;
        const kd_route *r = kd_route_find(table, sizeof table / sizeof *table, cases[i].method, kd_str_z(cases[i].path), &allowed);
        if (cases[i].name ? r == NULL || strcmp(r->name, cases[i].name) != 0 : r != NULL || allowed != cases[i].allowed)
            fail_msg("%s: %s, allowed %x", cases[i].path, r ? r->name : "none", allowed);
    }
}

static void test_the_real_table(void **state)
{
    size_t          count;
    const kd_route *routes = kd_api_routes(&count);
    static const char *const collect[] = { "/v1/batch", "/v1/b", "/v1/track", "/v1/t", "/v1/identify", "/v1/i", "/v1/page", "/v1/p",
                                           "/v1/screen", "/v1/s", "/v1/group", "/v1/g", "/v1/alias", "/v1/a", "/v1/m" };
    (void)state;
    for (size_t i = 0; i < sizeof collect / sizeof *collect; i++) {
        uint32_t        allowed;
        const kd_route *r = kd_route_find(routes, count, KD_POST, kd_str_z(collect[i]), &allowed);
        assert_non_null(r);
        assert_int_equal(r->flags, KD_ROUTE_CORS | KD_ROUTE_SEGMENT);
    }
    assert_true(count <= KD_MEASURE_ROUTES_MAX);
}

static void test_parts_of_the_target(void **state)
{
    kd_request *r = request_new("/v1/admin/profiles/ada%40example.org%2Fx/?limit=5&cursor=a%26b+c&empty=&flag&broken=%zz%4");
    (void)state;
    assert_str(kd_request_segment(r, 0), "v1");
    assert_str(kd_request_segment(r, 3), "ada@example.org/x");
    assert_str(kd_request_segment(r, 4), "");
    assert_str(kd_request_segment(r, 9), "");
    assert_str(kd_request_query(r, "limit"), "5");
    assert_str(kd_request_query(r, "cursor"), "a&b c");
    assert_str(kd_request_query(r, "empty"), "");
    assert_str(kd_request_query(r, "flag"), "");
    assert_str(kd_request_query(r, "broken"), "%zz%4");
    assert_str(kd_request_query(r, "lim"), "");
    assert_str(kd_percent_decode(r->arena, KD_STR("a%00b"), false), "");
    assert_str(kd_percent_decode(r->arena, KD_STR("%41%6a"), false), "Aj");
    request_free(r);
}

static void test_headers_cookies_and_keys(void **state)
{
    static const struct { const char *header, *key; } cases[] = {
        { "Basic d2tfYWJjOg==", "wk_abc" }, { "basic d2tfYWJjOg", "wk_abc" }, { "Basic d2tfYWJj", "wk_abc" }, { "Bearer sk_1", "sk_1" }, { "bearer   sk_1 ", "sk_1" },
        { "Basic !!!", "" }, { "Basic ", "" }, { "Digest x", "" }, { "", "" }, { "Basic Onh4", "" },
    };
    kd_request *r = request_new("/");
    (void)state;
    request_add_header(r, "Cookie", "a=1; kunde_session = x; kunde_session=abc;b=2");
    request_add_header(r, "X-One", "1");
    assert_str(kd_request_cookie(r, "kunde_session"), "abc");
    assert_str(kd_request_cookie(r, "b"), "2");
    assert_str(kd_request_cookie(r, "c"), "");
    assert_str(kd_request_header(r, "x-one"), "1");
    assert_str(kd_request_header(r, "x-two"), "");
    kd_request_reply_header(r, "X", KD_STR("a\r\nSet-Cookie: b"));
    assert_int_equal(r->priv->reply_count, 0);
    request_free(r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        r = request_new("/");
        request_add_header(r, "Authorization", cases[i].header);
        assert_str(kd_request_key(r), cases[i].key);
        request_free(r);
    }
}

static const kd_json *answer_of(kd_request *r)
{
    const kd_json *json = NULL;
    assert_false(r->out.failed);
    assert_int_equal(kd_json_parse(&json, r->arena, r->out.ptr, r->out.len, NULL), KD_OK);
    return json;
}

static void test_problems(void **state)
{
    kd_err         err = { 0 };
    kd_request    *r = request_new("/v1/decide");
    const kd_json *json, *error;
    (void)state;
    kd_buf_add_z(&r->out, "half an answer");
    kd_reply_problem(r, kd_fail_field(&err, KD_INVALID, "customer.userId", "is \"too\" long"), &err);
    json = answer_of(r);
    assert_int_equal(r->status, 400);
    assert_string_equal(r->content_type, "application/problem+json");
    assert_str(kd_json_text(kd_json_get(json, "type")), "urn:kunde:problem:invalid");
    assert_str(kd_json_text(kd_json_get(json, "status")), "400");
    assert_str(kd_json_text(kd_json_get(json, "detail")), "is \"too\" long");
    assert_str(kd_json_text(kd_json_get(json, "instance")), "urn:kunde:request:0123456789abcdef0123456789abcdef");
    error = kd_json_get(json, "errors")->child;
    assert_str(kd_json_text(kd_json_get(error, "pointer")), "/customer/userId");
    kd_reply_problem(r, kd_fail_field(&err, KD_NOT_FOUND, "/placements/0", "there is no placement"), &err);
    assert_int_equal(r->status, 404);
    assert_str(kd_json_text(kd_json_get(kd_json_get(answer_of(r), "errors")->child, "pointer")), "/placements/0");
    request_free(r);
}

static void test_what_callers_are_not_told(void **state)
{
    kd_err      err = { 0 };
    kd_request *r = request_new("/v1/decide");
    (void)state;
    kd_reply_problem(r, kd_fail(&err, KD_IO, "disk /secret/path is full"), &err);
    assert_int_equal(r->status, 503);
    assert_int_equal(r->retry_after_s, 1);
    assert_null(memmem(r->out.ptr, r->out.len, "secret", 6));
    request_free(r);
}

static void test_segment_errors(void **state)
{
    static const kd_route route = { KD_POST, "/v1/track", nothing, "track", KD_ROUTE_SEGMENT, NULL };
    kd_err      err = { 0 };
    kd_request *r = request_new("/v1/track");
    (void)state;
    r->priv->route = &route;
    kd_reply_problem(r, kd_fail(&err, KD_BUSY, "the queue is full"), &err);
    assert_int_equal(r->status, 429);
    assert_int_equal(r->retry_after_s, 1);
    assert_string_equal(r->content_type, "application/json");
    assert_int_equal(kd_json_get(answer_of(r), "success")->type, KD_JSON_FALSE);
    assert_str(kd_json_text(kd_json_get(answer_of(r), "message")), "the queue is full");
    request_free(r);
}

static void test_status_codes(void **state)
{
    static const struct { kd_status status; int code; } cases[] = {
        { KD_OK, 200 }, { KD_INVALID, 400 }, { KD_UNAUTHORIZED, 401 }, { KD_DENIED, 403 }, { KD_NOT_FOUND, 404 }, { KD_CONFLICT, 409 }, { KD_LIMIT, 413 },
        { KD_BUSY, 429 }, { KD_NUMERIC, 422 }, { KD_IO, 503 }, { KD_CORRUPT, 500 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(kd_http_code(cases[i].status), cases[i].code);
}

static void test_histogram(void **state)
{
    static const char *const names[] = { "a", "b", "a" };
    static kd_measure one, sum;
    kd_buf            out;
    (void)state;
    memset(&one, 0, sizeof one);
    memset(&sum, 0, sizeof sum);
    kd_measure_add(&one, 0, 200, 50, 10, 20);
    kd_measure_add(&one, 2, 404, 51, 0, 5);
    kd_measure_add(&one, 1, 500, 9000000, 0, 0);
    kd_measure_sum(&sum, &one);
    kd_measure_sum(&sum, &one);
    kd_buf_init(&out, NULL);
    kd_measure_write(&out, &sum, names, 3);
    kd_buf_add(&out, "", 1);
    assert_non_null(strstr(out.ptr, "kunde_http_requests_total{route=\"a\",status=\"2xx\"} 2\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_requests_total{route=\"a\",status=\"4xx\"} 2\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_request_duration_seconds_bucket{route=\"a\",le=\"5e-05\"} 2\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_request_duration_seconds_bucket{route=\"a\",le=\"0.0001\"} 4\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_request_duration_seconds_bucket{route=\"b\",le=\"5\"} 0\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_request_duration_seconds_bucket{route=\"b\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_response_bytes_total 50\n"));
    kd_buf_free(&out);
}

int run_request_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_are_found), cmocka_unit_test(test_the_real_table), cmocka_unit_test(test_parts_of_the_target),
        cmocka_unit_test(test_headers_cookies_and_keys), cmocka_unit_test(test_problems), cmocka_unit_test(test_what_callers_are_not_told),
        cmocka_unit_test(test_segment_errors), cmocka_unit_test(test_status_codes), cmocka_unit_test(test_histogram),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}

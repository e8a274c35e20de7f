#include "support.h"

#include "api/openapi.h"
#include "api/routes.h"
#include "base/json.h"

typedef struct document { kd_arena *arena; const kd_json *json; kd_buf text; } document;

static void document_make(document *d)
{
    size_t          count;
    const kd_route *routes = kd_api_routes(&count);
    d->arena = kd_arena_new(16 << 20);
    kd_buf_init(&d->text, NULL);
    kd_openapi_write(&d->text, routes, count, "1.2.3");
    assert_false(d->text.failed);
    assert_int_equal(kd_json_parse(&d->json, d->arena, d->text.ptr, d->text.len, NULL), KD_OK);
}

static void document_end(document *d)
{
    kd_buf_free(&d->text);
    kd_arena_free(d->arena);
}

/* "{}" of a pattern against "{name}" of a path of the document. */
static const kd_json *path_of(const kd_json *paths, const char *pattern)
{
    for (const kd_json *p = paths->child; p; p = p->next) {
        size_t i = 0, j = 0;
        while (pattern[i] && j < p->key.len && pattern[i] == p->key.ptr[j]) {
            if (pattern[i] == '{')
                while (j + 1 < p->key.len && p->key.ptr[j + 1] != '}')
                    j++;
            i++, j++;
        }
        if (pattern[i] == '\0' && j == p->key.len)
            return p;
    }
    return NULL;
}

static void test_every_route_is_described(void **state)
{
    document        d;
    size_t          count;
    const kd_route *routes = kd_api_routes(&count);
    (void)state;
    document_make(&d);
    for (size_t i = 0; i < count; i++) {
        if (routes[i].operation == NULL) { /* pages for people, and what only they ask for */
            assert_false(kd_str_starts(kd_str_z(routes[i].pattern), "/v1/"));
            continue;
        }
        const kd_json *path = path_of(kd_json_get(d.json, "paths"), routes[i].pattern), *operation;
        const char    *method = routes[i].methods == KD_GET ? "get" : routes[i].methods == KD_PUT ? "put" : routes[i].methods == KD_DELETE ? "delete" : "post";
        if (path == NULL || (operation = kd_json_get(path, method)) == NULL) {
            fail_msg("%s %s is not described", method, routes[i].pattern);
            return;
        }
        assert_true(kd_json_text(kd_json_get(operation, "summary")).len > 0);
    }
    document_end(&d);
}

static void check_refs(const kd_json *node, const kd_json *schemas)
{
    for (const kd_json *child = node->child; child; child = child->next) {
        static const char prefix[] = "#/components/schemas/";
        if (node->type == KD_JSON_OBJECT && kd_str_is(child->key, "$ref")) {
            assert_true(kd_str_starts(child->text, prefix));
            if (kd_json_get_str(schemas, (kd_str){ child->text.ptr + sizeof prefix - 1, child->text.len - sizeof prefix + 1 }) == NULL)
                fail_msg("there is no %.*s", (int)child->text.len, child->text.ptr);
        }
        check_refs(child, schemas);
    }
}

static void test_references_lead_somewhere(void **state)
{
    document d;
    (void)state;
    document_make(&d);
    check_refs(d.json, kd_json_path(d.json, "components.schemas"));
    document_end(&d);
}

int run_openapi_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_route_is_described), cmocka_unit_test(test_references_lead_somewhere) };
    return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}

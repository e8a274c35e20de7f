#include "suite.h"

shop               g_shop;
const kd_snapshot *g_snapshot;

int group_open(void **state)
{
    const kd_model *model;
    (void)state;
    shop_open(&g_shop, 1);
    shop_add_products(&g_shop, 0, 60);
    model = shop_plant_model(&g_shop, 5, 60, 3, 12, 7001);
    kd_recommender_set_model(g_shop.recommender, model);
    kd_model_release(model);
    g_snapshot = kd_snapshot_acquire(g_shop.catalog);
    return 0;
}

int group_close(void **state)
{
    (void)state;
    kd_snapshot_release(g_snapshot);
    shop_close(&g_shop);
    return 0;
}

int reset_arena(void **state)
{
    (void)state;
    kd_arena_reset(g_shop.arena);
    return 0;
}

const kd_json *read_json(const char *text)
{
    const kd_json *json = NULL;
    kd_err         err = { 0 };
    if (kd_json_parse(&json, g_shop.arena, text, strlen(text), &err) != KD_OK)
        fail_msg("%s: %s", text, err.msg);
    return json;
}

kd_placement *make_placement(const char *id, const char *json)
{
    kd_placement *p = KD_NEW(g_shop.arena, kd_placement, 1);
    kd_err        err = { 0 };
    if (kd_placement_parse(p, kd_str_z(id), read_json(json), g_snapshot, g_shop.arena, &err) != KD_OK)
        fail_msg("%s: %s %s", json, err.field, err.msg);
    return p;
}

kd_decision *decide_at(const kd_placement *const *placements, size_t count, kd_decide_request *request)
{
    kd_decision *decisions = NULL;
    size_t       got = 0;
    kd_err       err = { 0 };

    request->placements = placements;
    request->placement_count = count;
    request->now_ms = request->now_ms ? request->now_ms : NOW;
    if (kd_decide(&decisions, &got, g_shop.recommender, g_snapshot, request, g_shop.arena, &err) != KD_OK)
        fail_msg("%s %s", err.field, err.msg);
    assert_int_equal(got, count);
    return decisions;
}

int main(void)
{
    int failed = _cmocka_run_group_tests("placement", placement_tests, placement_test_count, group_open, group_close);
    failed += _cmocka_run_group_tests("decide", decide_tests, decide_test_count, group_open, group_close);
    failed += _cmocka_run_group_tests("receipt", receipt_tests, receipt_test_count, group_open, group_close);
    failed += _cmocka_run_group_tests("write", write_tests, write_test_count, group_open, group_close);
    return failed != 0;
}

/* tests/decide/suite.h -- the parts of test_decide: one list of tests a file, run by main.c. */
#ifndef KD_TEST_DECIDE_SUITE_H
#define KD_TEST_DECIDE_SUITE_H
#include "../recommend/shop.h"

#include "decide/decide.h"

extern const struct CMUnitTest placement_tests[], decide_tests[], receipt_tests[], write_tests[];
extern const size_t placement_test_count, decide_test_count, receipt_test_count, write_test_count;

/* A shop of 60 products, half of them out of a model with planted neighbours. Opened by group_open, closed by group_close. */
extern shop g_shop;
int group_open(void **state);
int group_close(void **state);
int reset_arena(void **state); /* before each test */

const kd_json *read_json(const char *text);
/* The placement that `json` describes; fails the test when it does not read. */
kd_placement *make_placement(const char *id, const char *json);
/* One decision per placement for this request; its snapshot is held until group_close. */
kd_decision *decide_at(const kd_placement *const *placements, size_t count, kd_decide_request *request);
extern const kd_snapshot *g_snapshot;
#endif

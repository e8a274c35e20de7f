/* tests/recommend/suite.h -- the parts of test_recommend: one list of tests a file, run by main.c. */
#ifndef KD_TEST_RECOMMEND_SUITE_H
#define KD_TEST_RECOMMEND_SUITE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct CMUnitTest item_item_tests[], model_tests[], quality_tests[], score_tests[], trending_tests[], train_tests[], recommend_tests[], sensitive_tests[], stated_tests[];
extern const size_t item_item_test_count, model_test_count, quality_test_count, score_test_count, trending_test_count, train_test_count,
    recommend_test_count, sensitive_test_count, stated_test_count;

/* A file of the shared data sets; NULL (and a message) when they are not there, so that the test skips. */
const char *shared_file(char out[4096], const char *name);
#endif

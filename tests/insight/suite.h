/* The groups of test_insight: one a file. Each returns the number of failed tests. */
#ifndef KD_TEST_INSIGHT_SUITE_H
#define KD_TEST_INSIGHT_SUITE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int run_tally_tests(void);
int run_pulse_tests(void);
int run_live_tests(void);
int run_source_tests(void);
#endif

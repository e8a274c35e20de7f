/* The groups of test_event: one a file. Each returns the number of failed tests. */
#ifndef KD_TEST_EVENT_TESTS_H
#define KD_TEST_EVENT_TESTS_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int run_incoming_tests(void);
int run_ingest_tests(void);
#endif

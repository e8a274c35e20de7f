/* What the tests of base/ share. */
#ifndef KD_TEST_BASE_CHECK_H
#define KD_TEST_BASE_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/string.h"

#define CHECK(condition) assert_true(condition)
/* A table's row that fails says which one it was. */
#define CHECK_AT(condition, why)                                         \
    do {                                                                 \
        if (!(condition))                                                \
            fail_msg("%s (%s:%d): %s", #condition, __FILE__, __LINE__, (why)); \
    } while (0)
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define CHECK_STR(actual, expected)                                                                          \
    do {                                                                                                     \
        kd_str check_a = (actual), check_e = (expected);                                                     \
        if (!kd_str_eq(check_a, check_e))                                                                    \
            fail_msg("\"%.*s\" is not \"%.*s\" (%s:%d)", (int)check_a.len, check_a.ptr, (int)check_e.len,    \
                     check_e.ptr, __FILE__, __LINE__);                                                       \
    } while (0)

int test_memory(void);
int test_text(void);
int test_json(void);
int test_time(void);
int test_money(void);
int test_id(void);
int test_random(void);
int test_csv(void);
int test_input(void);
int test_log(void);
#endif

#include "check.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"

static void reads_times(void **state)
{
    (void)state;
    static const struct { const char *text; int offset_min; int64_t ms; } cases[] = {
        { "1970-01-01", 0, 0 }, { "1970-01-01T00:00:00Z", 0, 0 }, { "1970-01-01 00:00", 0, 0 }, { "1970-01-02", 0, KD_DAY_MS },
        { "1970-01-01", 60, -3600000 }, { "1970-01-01T01:00:00", 60, 0 }, { "1970-01-01T01:00:00+01:00", 0, 0 },
        { "1970-01-01T01:00:00+0100", -300, 0 }, { "1969-12-31T19:00:00-05:00", 0, 0 }, { "1970-01-01T00:00:00.001Z", 0, 1 },
        { "1970-01-01T00:00:00.1Z", 0, 100 }, { "1970-01-01T00:00:00.12z", 0, 120 }, { "1970-01-01t00:00:00.123456789Z", 0, 123 },
        { "1970-01-01T00:00:00.9999Z", 0, 999 }, { "2026-11-22T17:44:00.123Z", 0, INT64_C(1795369440123) },
        { "2000-02-29", 0, INT64_C(951782400000) }, { "2024-02-29T23:59:60Z", 0, INT64_C(1709251199999) },
        { "2024-02-29T23:59:60.5Z", 0, INT64_C(1709251199999) }, { "1900-01-01", 0, KD_TIME_MIN }, { "2200-01-01", 0, KD_TIME_MAX },
        { "1970-01-01T14:00:00+14:00", 0, 0 }, { "1970-01-01T00:00:00-00:00", 60, 0 }, { "1970-01-01T00:00Z", 0, 0 },
        { "1969-12-31T23:59:59.999Z", 0, -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 42;
        CHECK_AT(kd_time_parse(&ms, kd_str_z(cases[i].text), cases[i].offset_min), cases[i].text);
        if (ms != cases[i].ms)
            fail_msg("%s gives %lld", cases[i].text, (long long)ms);
    }
}

static void refuses_times(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", "2024", "2024-01", "2024-1-1", "24-01-01", "01/02/2024", "2024/01/02", "20240102", "2024-00-01", "2024-13-01", "2024-01-00",
        "2024-01-32", "2023-02-29", "1900-02-29", "2100-02-29", "2024-04-31", "2024-01-01T", "2024-01-01T1", "2024-01-01T10", "2024-01-01T10:0",
        "2024-01-01T24:00", "2024-01-01T24:00:00", "2024-01-01T10:60", "2024-01-01T10:00:61", "2024-01-01T10:00:0", "2024-01-01T10:00:00.",
        "2024-01-01T10:00:00.1234567890", "2024-01-01T10:00:00,5", "2024-01-01T10:00:00+", "2024-01-01T10:00:00+1", "2024-01-01T10:00:00+01",
        "2024-01-01T10:00:00+01:0", "2024-01-01T10:00:00+14:01", "2024-01-01T10:00:00+01:60", "2024-01-01T10:00:00-15:00",
        "2024-01-01T10:00:00Zx", "2024-01-01T10:00:00 Z", " 2024-01-01", "2024-01-01 ", "2024-01-01Z", "2024-01-01X10:00",
        "1899-12-31T23:59:59.999Z", "2200-01-01T00:00:00.001Z", "1900-01-01T00:00:00+01:00", "0000-01-01", "-2024-01-01", "2024-01-01T-1:00",
        "now", "1700000000", "2024-01-01T10:00:00\xC2\xB1" "01:00",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 42;
        CHECK_AT(!kd_time_parse(&ms, kd_str_z(cases[i]), 0) && ms == 42, cases[i]);
    }
    int64_t ms;
    CHECK(!kd_time_parse(&ms, KD_STR("2024-01-01T10:00:00\0"), 0));
    CHECK(!kd_time_parse(&ms, KD_STR("2024-01-01\0"), 0));
}

/* Every day of the range, against the C library's calendar. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t ms = KD_TIME_MIN; ms < KD_TIME_MAX; ms += KD_DAY_MS) {
        time_t    seconds = (time_t)(ms / 1000);
        struct tm tm;
        char      expected[40], text[25];
        int64_t   again = 0;
        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%dT00:00:00.000Z", &tm);
        kd_time_format(text, ms);
        CHECK(strcmp(text, expected) == 0);
        CHECK(kd_time_parse(&again, kd_str_z(text), 0) && again == ms);
    }
}

static void what_is_formatted_is_read_back(void **state)
{
    (void)state;
    kd_rng rng;
    kd_rng_seed(&rng, 7);
    for (int i = 0; i < 100000; i++) {
        int64_t ms = KD_TIME_MIN + (int64_t)(kd_rng_u64(&rng) % (uint64_t)(KD_TIME_MAX - KD_TIME_MIN)), again = 0;
        char    text[25];
        kd_time_format(text, ms);
        CHECK(strlen(text) == 24 && kd_time_parse(&again, kd_str_z(text), 120) && again == ms);
    }
    char text[25];
    kd_time_format(text, INT64_MIN);
    CHECK(strcmp(text, "0000-01-01T00:00:00.000Z") == 0);
    kd_time_format(text, INT64_MAX);
    CHECK(strcmp(text, "9999-12-31T23:59:59.999Z") == 0);
}

static void days_round_down(void **state)
{
    (void)state;
    CHECK(kd_day(0) == 0 && kd_day(KD_DAY_MS - 1) == 0 && kd_day(KD_DAY_MS) == 1 && kd_day(-1) == -1 && kd_day(-KD_DAY_MS) == -1);
    CHECK(kd_day(-KD_DAY_MS - 1) == -2 && kd_day(INT64_MAX) == INT32_MAX && kd_day(INT64_MIN) == INT32_MIN);
}

static void clocks_show_time(void **state)
{
    (void)state;
    int64_t  now = 5;
    kd_clock clock = kd_clock_at(&now);
    CHECK(kd_now(clock) == 5);
    now = 6;
    CHECK(kd_now(clock) == 6);
    CHECK(llabs(kd_now(kd_clock_system()) / 1000 - (int64_t)time(NULL)) <= 1);
    int64_t before = kd_monotonic_us();
    CHECK(kd_monotonic_us() >= before);
}

int test_time(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_times),
        cmocka_unit_test(refuses_times),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(what_is_formatted_is_read_back),
        cmocka_unit_test(days_round_down),
        cmocka_unit_test(clocks_show_time),
    };
    return cmocka_run_group_tests_name("base: time", tests, NULL, NULL);
}

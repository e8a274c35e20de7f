#include "check.h"

#include "base/money.h"
#include "base/rng.h"

static const kd_currency EUR = { "EUR" }, JPY = { "JPY" }, KWD = { "KWD" }, NONE = { "" };

static void currencies(void **state)
{
    (void)state;
    kd_currency c = NONE;
    CHECK(kd_currency_parse(&c, KD_STR("eUr")) && strcmp(c.code, "EUR") == 0);
    static const char *const bad[] = { "", "EU", "EURO", "E1R", "\xE2\x82\xAC", "   ", "E R" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_AT(!kd_currency_parse(&c, kd_str_z(bad[i])) && strcmp(c.code, "EUR") == 0, bad[i]);
    CHECK(kd_currency_exponent(EUR) == 2 && kd_currency_exponent(JPY) == 0 && kd_currency_exponent(KWD) == 3);
    CHECK(kd_currency_exponent(NONE) == 2 && kd_currency_exponent((kd_currency){ "XXX" }) == 2);
    CHECK(kd_currency_exponent((kd_currency){ "BIF" }) == 0 && kd_currency_exponent((kd_currency){ "XPF" }) == 0);
}

static void reads_amounts(void **state)
{
    (void)state;
    static const struct { const char *text; bool comma, ok; int64_t micro; } cases[] = {
        { "19.99", false, true, 19990000 }, { "-0.5", false, true, -500000 }, { "1e2", false, true, 100000000 }, { "+3", false, true, 3000000 },
        { ".5", false, true, 500000 }, { "5.", false, true, 5000000 }, { "0", false, true, 0 }, { "-0.00", false, true, 0 }, { "0e99", false, true, 0 },
        { "0e-99999999999999999999", false, true, 0 }, { "1.234567", false, true, 1234567 }, { "1.2345670000", false, true, 1234567 },
        { "1.2345678", false, false, 0 }, { "0.0000001", false, false, 0 }, { "1e-6", false, true, 1 }, { "1e-7", false, false, 0 },
        { "10e-7", false, true, 1 }, { "12.5E-1", false, true, 1250000 }, { "1E+3", false, true, 1000000000 }, { "0012", false, true, 12000000 },
        { "000000000000000000000000000001", false, true, 1000000 }, { "0.100000000000000000000000000000", false, true, 100000 },
        { "9223372036854.775807", false, true, INT64_MAX }, { "9223372036854.775808", false, false, 0 },
        { "-9223372036854.775808", false, true, INT64_MIN }, { "-9223372036854.775809", false, false, 0 }, { "1e13", false, false, 0 },
        { "1e99999999999999999999", false, false, 0 }, { "99999999999999999999", false, false, 0 }, { "9e12", false, true, INT64_C(9000000000000000000) },
        { "1,5", true, true, 1500000 }, { "1,5", false, false, 0 }, { "1.5", true, true, 1500000 }, { "1.234,56", true, false, 0 },
        { "1,234,567", true, false, 0 }, { "", false, false, 0 }, { "-", false, false, 0 }, { ".", false, false, 0 }, { ",", true, false, 0 },
        { "e5", false, false, 0 }, { "1e", false, false, 0 }, { "1e+", false, false, 0 }, { "1e5x", false, false, 0 }, { "1 ", false, false, 0 },
        { " 1", false, false, 0 }, { "--1", false, false, 0 }, { "1.2.3", false, false, 0 }, { "0x10", false, false, 0 }, { "inf", false, false, 0 },
        { "nan", false, false, 0 }, { "\xE2\x82\xAC" "5", false, false, 0 }, { "1e5.5", false, false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t micro = 42;
        CHECK_AT(kd_micro_parse(&micro, kd_str_z(cases[i].text), cases[i].comma) == cases[i].ok, cases[i].text);
        CHECK_AT(micro == (cases[i].ok ? cases[i].micro : 42), cases[i].text);
    }
}

static void lines_round_half_away_from_zero(void **state)
{
    (void)state;
    static const struct { int64_t price, quantity; const kd_currency *currency; int64_t minor; } cases[] = {
        { 19990000, 3, &EUR, 5997 }, { 4999, 1, &EUR, 0 }, { 5000, 1, &EUR, 1 }, { -5000, 1, &EUR, -1 }, { 5000, -1, &EUR, -1 },
        { -4999, 1, &EUR, 0 }, { 14999, 1, &EUR, 1 }, { 15000, 1, &EUR, 2 }, { 500000, 1, &JPY, 1 }, { 499999, 1, &JPY, 0 },
        { -1500000, 1, &JPY, -2 }, { 1234500, 1, &KWD, 1235 }, { 1234499, 1, &KWD, 1234 }, { 1005, 10, &EUR, 1 }, { 0, 99, &EUR, 0 },
        { INT64_MAX, 1, &JPY, INT64_C(9223372036855) }, { INT64_MIN, 1, &JPY, -INT64_C(9223372036855) },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t minor = 42;
        CHECK(kd_money_line(&minor, cases[i].price, cases[i].quantity, *cases[i].currency));
        if (minor != cases[i].minor)
            fail_msg("row %zu gives %lld", i, (long long)minor);
    }
    int64_t minor = 42;
    CHECK(!kd_money_line(&minor, INT64_MAX, 2, EUR) && !kd_money_line(&minor, INT64_MIN, -1, EUR) && minor == 42);
}

static void amounts_are_printed(void **state)
{
    (void)state;
    static const struct { int64_t minor; const kd_currency *currency; const char *text; } cases[] = {
        { 123450, &EUR, "1234.50" }, { 5, &EUR, "0.05" }, { -5, &EUR, "-0.05" }, { 0, &EUR, "0.00" }, { 1234, &JPY, "1234" }, { -7, &JPY, "-7" },
        { 1234, &KWD, "1.234" }, { INT64_MIN, &EUR, "-92233720368547758.08" }, { INT64_MIN, &JPY, "-9223372036854775808" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[32];
        kd_money_format(text, cases[i].minor, *cases[i].currency);
        CHECK_AT(strcmp(text, cases[i].text) == 0, cases[i].text);
    }
    kd_rng rng;
    kd_rng_seed(&rng, 3);
    for (int i = 0; i < 30000; i++) {
        kd_currency currency = i % 3 == 0 ? EUR : i % 3 == 1 ? JPY : KWD;
        int64_t     minor = (int64_t)(kd_rng_u64(&rng) >> (24 + kd_rng_below(&rng, 40))) - (i % 2 == 0 ? 0 : 1 << 20), micro, again;
        char        text[32];
        kd_money_format(text, minor, currency);
        if (!kd_micro_parse(&micro, kd_str_z(text), false))
            continue; /* more major units than millionths of them can count */
        CHECK(kd_money_from_micro(&again, micro, currency) && again == minor);
    }
}

int test_money(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currencies),
        cmocka_unit_test(reads_amounts),
        cmocka_unit_test(lines_round_half_away_from_zero),
        cmocka_unit_test(amounts_are_printed),
    };
    return cmocka_run_group_tests_name("base: money", tests, NULL, NULL);
}

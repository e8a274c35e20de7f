#include "check.h"

#include <locale.h>
#include <stdlib.h>

#include "base/rng.h"

static void strings_compare(void **state)
{
    (void)state;
    kd_str none = { NULL, 0 };
    CHECK(kd_str_eq(none, KD_STR("")) && kd_str_is(none, "") && !kd_str_is(none, "a"));
    CHECK(kd_str_eq(KD_STR("a\0b"), KD_STR("a\0b")) && !kd_str_eq(KD_STR("a\0b"), KD_STR("a\0c")));
    CHECK(kd_str_is_nocase(KD_STR("Content-TYPE"), "content-type") && !kd_str_is_nocase(KD_STR("a"), "b"));
    CHECK(!kd_str_is_nocase(KD_STR("\xC3\x84"), "\xC3\xA4")); /* only ASCII has a case here */
    CHECK(kd_str_cmp(KD_STR("a"), KD_STR("ab")) < 0 && kd_str_cmp(KD_STR("b"), KD_STR("ab")) > 0);
    CHECK(kd_str_cmp(none, none) == 0 && kd_str_cmp(none, KD_STR("a")) < 0 && kd_str_cmp(KD_STR("\xFF"), KD_STR("a")) > 0);
    CHECK(kd_str_starts(KD_STR("abc"), "ab") && kd_str_starts(none, "") && !kd_str_starts(KD_STR("a"), "ab"));
    CHECK_STR(kd_str_trim(KD_STR(" \t\r\n a b \v\f")), KD_STR("a b"));
    CHECK(kd_str_trim(KD_STR("  ")).len == 0 && kd_str_trim(none).len == 0);

    kd_arena *arena = kd_arena_new(4096);
    kd_str    copy = kd_str_copy(arena, KD_STR("x\0y"));
    CHECK(copy.len == 3 && copy.ptr[3] == 0 && memcmp(copy.ptr, "x\0y", 4) == 0);
    CHECK(strcmp(kd_str_cstr(arena, KD_STR("xy")), "xy") == 0 && kd_str_cstr(arena, KD_STR("x\0y")) == NULL);
    CHECK(strcmp(kd_str_cstr(arena, none), "") == 0);
    while (kd_arena_alloc(arena, 16) != NULL)
        ;
    CHECK(kd_str_copy(arena, KD_STR("x")).ptr == NULL && kd_str_copy(arena, KD_STR("x")).len == 0);
    kd_arena_free(arena);
}

static void integers(void **state)
{
    (void)state;
    static const struct { const char *text; bool ok; int64_t value; } cases[] = {
        { "0", true, 0 }, { "-0", true, 0 }, { "+7", true, 7 }, { "007", true, 7 }, { "-12", true, -12 },
        { "9223372036854775807", true, INT64_MAX }, { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 }, { "99999999999999999999", false, 0 },
        { "", false, 0 }, { "-", false, 0 }, { "+", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "1.0", false, 0 },
        { "1e2", false, 0 }, { "0x10", false, 0 }, { "--1", false, 0 }, { "1a", false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t value = 42;
        CHECK_AT(kd_str_i64(&value, kd_str_z(cases[i].text)) == cases[i].ok, cases[i].text);
        CHECK_AT(value == (cases[i].ok ? cases[i].value : 42), cases[i].text);
    }
}

static void reals(void **state)
{
    (void)state;
    static const struct { const char *text; bool ok; double value; } cases[] = {
        { "0", true, 0 }, { "-1.5", true, -1.5 }, { "+2", true, 2 }, { ".5", true, 0.5 }, { "5.", true, 5 }, { "1e3", true, 1000 },
        { "1E-2", true, 0.01 }, { "1e+2", true, 100 }, { "0.1", true, 0.1 }, { "1e308", true, 1e308 }, { "1e-400", true, 0 },
        { "1e309", false, 0 }, { "inf", false, 0 }, { "nan", false, 0 }, { "0x1p3", false, 0 }, { "", false, 0 }, { ".", false, 0 },
        { "1e", false, 0 }, { "1e+", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "1,5", false, 0 }, { "1..2", false, 0 },
        { "-", false, 0 }, { "e5", false, 0 }, { "--1", false, 0 },
        { "0000000000000000000000000000000000000000000000000000000000000000000000000000000000001.25", true, 1.25 },
    };
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed, its decimal comma must not matter */
    for (size_t i = 0; i < COUNT(cases); i++) {
        double value = 42;
        CHECK_AT(kd_str_f64(&value, kd_str_z(cases[i].text)) == cases[i].ok, cases[i].text);
        CHECK_AT(value == (cases[i].ok ? cases[i].value : 42), cases[i].text);
    }
    setlocale(LC_ALL, "C");
    double value = 42;
    CHECK(!kd_str_f64(&value, KD_STR("1\0")) && !kd_str_f64(&value, (kd_str){ NULL, 0 }));
}

static void utf8(void **state)
{
    (void)state;
    static const struct { const char *text; size_t prefix; const char *why; } cases[] = {
        { "plain text of more than eight bytes", 35, "ASCII" },
        { "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "two, three and four bytes" },
        { "12345678\x80", 8, "a continuation alone, behind a word" },
        { "\xC0\x80", 0, "overlong NUL" }, { "\xC1\xBF", 0, "overlong, two bytes" }, { "\xE0\x9F\xBF", 0, "overlong, three" },
        { "\xF0\x8F\xBF\xBF", 0, "overlong, four" }, { "\xED\x9F\xBF", 3, "last before the surrogates" },
        { "\xED\xA0\x80", 0, "a surrogate" }, { "\xF4\x8F\xBF\xBF", 4, "U+10FFFF" }, { "\xF4\x90\x80\x80", 0, "above it" },
        { "\xF5\x80\x80\x80", 0, "no such lead" }, { "a\xE2\x82", 1, "cut off" }, { "a\xE2\x82z", 1, "broken off" },
        { "\xFF\xFE", 0, "UTF-16" }, { "caf\xE9", 3, "Latin-1" }, { "", 0, "empty" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        kd_str text = kd_str_z(cases[i].text);
        CHECK_AT(kd_utf8_prefix(text) == cases[i].prefix, cases[i].why);
        CHECK_AT(kd_utf8_valid(text) == (cases[i].prefix == text.len), cases[i].why);
    }
    CHECK(kd_utf8_step(KD_STR("\xE2\x82\xAC!")) == 3 && kd_utf8_step(KD_STR("")) == 0 && kd_utf8_step(KD_STR("\0")) == 1);
}

/* All code points, by the definition: exactly the scalar values are valid. */
static void utf8_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x800; c < 0x110800; c++) {
        char   b[4];
        size_t len = c < 0x10000 ? 3 : 4;
        if (len == 3) {
            b[0] = (char)(0xE0 | c >> 12);
        } else {
            b[0] = (char)(0xF0 | c >> 18);
            b[1] = (char)(0x80 | (c >> 12 & 0x3F));
        }
        b[len - 2] = (char)(0x80 | (c >> 6 & 0x3F));
        b[len - 1] = (char)(0x80 | (c & 0x3F));
        bool scalar = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
        if (kd_utf8_valid((kd_str){ b, len }) != scalar)
            fail_msg("U+%04X", c);
    }
}

static void buffer_grows(void **state)
{
    (void)state;
    kd_arena *arena = kd_arena_new(1 << 20);
    for (int round = 0; round < 2; round++) {
        kd_buf buf;
        kd_buf_init(&buf, round == 0 ? NULL : arena);
        kd_buf_add(&buf, NULL, 0);
        CHECK(buf.len == 0);
        for (int i = 0; i < 1000; i++) {
            kd_buf_add_i64(&buf, i);
            kd_buf_add_byte(&buf, ',');
        }
        CHECK(!buf.failed && buf.len == 3890 && kd_buf_status(&buf, NULL) == KD_OK);
        CHECK(memcmp(buf.ptr, "0,1,2,", 6) == 0 && memcmp(buf.ptr + buf.len - 4, "999,", 4) == 0);
        kd_buf_free(&buf);
    }
    kd_buf buf;
    kd_buf_init(&buf, arena);
    kd_buf_add_i64(&buf, INT64_MIN);
    kd_buf_add_z(&buf, " ");
    kd_buf_add_i64(&buf, INT64_MAX);
    kd_buf_addf(&buf, " %s %d", "x", 5);
    CHECK_STR(kd_buf_str(&buf), KD_STR("-9223372036854775808 9223372036854775807 x 5"));
    char long_text[600];
    memset(long_text, 'y', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    size_t before = buf.len;
    kd_buf_addf(&buf, "<%s>", long_text);
    CHECK(buf.len == before + 601 && buf.ptr[before] == '<' && buf.ptr[buf.len - 1] == '>');
    kd_arena_free(arena);
}

static void buffer_fails_once_for_all(void **state)
{
    (void)state;
    kd_buf buf;
    kd_err err = { 0 };
    kd_buf_init(&buf, NULL);
    buf.max = 10;
    kd_buf_add_z(&buf, "0123456789");
    CHECK(!buf.failed);
    kd_buf_add_byte(&buf, 'x');
    CHECK(buf.failed && buf.len == 10);
    kd_buf_add(&buf, "", 0);
    kd_buf_add_z(&buf, "y");
    CHECK(buf.len == 10 && !kd_buf_reserve(&buf, 0) && kd_buf_status(&buf, &err) == KD_LIMIT && err.msg[0] != 0);
    kd_buf_free(&buf);

    kd_arena *arena = kd_arena_new(200);
    kd_buf_init(&buf, arena);
    for (int i = 0; i < 300; i++)
        kd_buf_add_byte(&buf, 'x');
    CHECK(buf.failed && buf.len <= 200);
    kd_arena_free(arena);

    kd_buf_init(&buf, NULL);
    CHECK(!kd_buf_reserve(&buf, SIZE_MAX) && buf.failed);
    kd_buf_free(&buf);
}

static void binary_round_trip(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        kd_rng  rng;
        kd_buf  buf;
        int64_t values[200];
        kd_rng_seed(&rng, seed);
        kd_buf_init(&buf, NULL);
        for (size_t i = 0; i < COUNT(values); i++) {
            uint64_t u = kd_rng_u64(&rng) >> kd_rng_below(&rng, 64);
            memcpy(&values[i], &u, sizeof u);
            values[i] = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : i % 2 == 0 ? values[i] : -(values[i] / 2);
            kd_put_zigzag(&buf, values[i]);
            kd_put_varint(&buf, (uint64_t)values[i]);
            kd_put_u64(&buf, (uint64_t)values[i]);
            kd_put_u32(&buf, (uint32_t)values[i]);
            kd_put_u8(&buf, (uint8_t)values[i]);
            kd_put_str(&buf, (kd_str){ (const char *)&values[i], (size_t)i % 9 });
        }
        kd_cut cut = kd_cut_from(buf.ptr, buf.len);
        for (size_t i = 0; i < COUNT(values); i++) {
            CHECK(kd_cut_zigzag(&cut) == values[i]);
            CHECK(kd_cut_varint(&cut) == (uint64_t)values[i]);
            CHECK(kd_cut_u64(&cut) == (uint64_t)values[i]);
            CHECK(kd_cut_u32(&cut) == (uint32_t)values[i]);
            CHECK(kd_cut_u8(&cut) == (uint8_t)values[i]);
            CHECK_STR(kd_cut_str(&cut), ((kd_str){ (const char *)&values[i], (size_t)i % 9 }));
        }
        CHECK(!cut.failed && cut.ptr == cut.end);
        CHECK(kd_cut_u8(&cut) == 0 && cut.failed);

        /* every cut of the bytes ends in failure, never beyond the end */
        for (size_t len = 0; len < buf.len && len < 300; len++) {
            char *exact = malloc(len + 1); /* so that the sanitizer sees a read behind it */
            memcpy(exact, buf.ptr, len);
            exact = realloc(exact, len > 0 ? len : 1);
            cut = kd_cut_from(exact, len);
            while (!cut.failed) {
                kd_cut_zigzag(&cut);
                kd_cut_varint(&cut);
                kd_cut_u64(&cut);
                kd_cut_u32(&cut);
                kd_cut_u8(&cut);
                kd_cut_str(&cut);
            }
            CHECK(kd_cut_varint(&cut) == 0 && kd_cut_str(&cut).len == 0 && kd_cut_u32(&cut) == 0);
            free(exact);
        }
        kd_buf_free(&buf);
    }
}

static void binary_is_fixed(void **state)
{
    (void)state;
    kd_buf buf;
    kd_buf_init(&buf, NULL);
    kd_put_u32(&buf, 0x01020304);
    kd_put_varint(&buf, 300);
    kd_put_zigzag(&buf, -2);
    kd_put_str(&buf, KD_STR("hi"));
    CHECK_STR(kd_buf_str(&buf), KD_STR("\x04\x03\x02\x01\xAC\x02\x03\x02hi"));
    kd_buf_free(&buf);

    kd_cut cut = kd_cut_from("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10);
    CHECK(kd_cut_varint(&cut) == UINT64_MAX && !cut.failed);
    cut = kd_cut_from("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10);
    CHECK(kd_cut_varint(&cut) == 0 && cut.failed);
    cut = kd_cut_from("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    CHECK(kd_cut_varint(&cut) == 0 && cut.failed);
    cut = kd_cut_from("\xFF\xFF\xFF\xFF\x0F" "x", 6); /* a length far behind the end */
    CHECK(kd_cut_str(&cut).len == 0 && cut.failed);
    cut = kd_cut_from("abc", 3);
    CHECK_STR(kd_cut_bytes(&cut, 3), KD_STR("abc"));
    CHECK(kd_cut_bytes(&cut, 0).len == 0 && !cut.failed && kd_cut_bytes(&cut, 1).len == 0 && cut.failed);
}

int test_text(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_compare),       cmocka_unit_test(integers),     cmocka_unit_test(reals),
        cmocka_unit_test(utf8),                  cmocka_unit_test(utf8_every_code_point),
        cmocka_unit_test(buffer_grows),          cmocka_unit_test(buffer_fails_once_for_all),
        cmocka_unit_test(binary_round_trip),     cmocka_unit_test(binary_is_fixed),
    };
    return cmocka_run_group_tests_name("base: text", tests, NULL, NULL);
}

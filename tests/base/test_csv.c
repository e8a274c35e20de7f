#include "check.h"


#include "base/csv.h"
#include "base/rng.h"

enum { RECORD_MAX = 1000 };

static kd_csv *open_text(kd_input **in, kd_str text, char delimiter, size_t record_max)
{
    kd_csv *csv = NULL;
    kd_err  err = { 0 };
    CHECK(kd_input_memory(in, text.ptr, text.len, "", 0, &err) == KD_OK);
    if (kd_csv_open(&csv, *in, delimiter, record_max, &err) != KD_OK)
        fail_msg("%s", err.msg);
    return csv;
}

/* All records as one text: fields in <>, records by their line number, a bad one as its reason and raw text. */
static kd_str describe(kd_buf *out, kd_str text, char delimiter, size_t record_max)
{
    kd_input *in = NULL;
    kd_csv   *csv = open_text(&in, text, delimiter, record_max);
    for (;;) {
        const kd_str *fields = NULL;
        size_t        count = 0;
        uint64_t      line = 0;
        kd_str        raw = { NULL, 0 };
        kd_err        err = { 0 };
        kd_status     status = kd_csv_next(csv, &fields, &count, &line, &raw, &err);
        if (status == KD_NOT_FOUND)
            break;
        kd_buf_addf(out, "%llu:", (unsigned long long)line);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            kd_buf_add_byte(out, '<');
            kd_buf_add_str(out, fields[i]);
            kd_buf_add_byte(out, '>');
        }
        if (status != KD_OK) {
            CHECK(status == KD_INVALID && err.msg[0] != 0);
            kd_buf_addf(out, "!%s[", strstr(err.msg, "quote") ? "quote" : strstr(err.msg, "UTF-8") ? "utf8" : strstr(err.msg, "longer") ? "long" : "many");
            kd_buf_add_str(out, raw);
            kd_buf_add_byte(out, ']');
        }
        kd_buf_add_byte(out, '\n');
    }
    kd_csv_close(csv);
    kd_input_close(in);
    return kd_buf_str(out);
}

static void reads_what_people_send(void **state)
{
    (void)state;
    static const struct { const char *text; const char *expected; const char *why; } cases[] = {
        { "a,b\n1,2\n", "1:<a><b>\n2:<1><2>\n", "plain" },
        { "a,b\r\n1,2\r\n", "1:<a><b>\n2:<1><2>\n", "CRLF" },
        { "a,b\n1,2", "1:<a><b>\n2:<1><2>\n", "no last line break" },
        { "a,b\n1,2\r", "1:<a><b>\n2:<1><2>\n", "a last CR alone" },
        { "\xEF\xBB\xBF" "a,b\n", "1:<a><b>\n", "byte order mark" },
        { "\xEF\xBB\xBF\"a\",b\n", "1:<a><b>\n", "byte order mark before a quote" },
        { "", "", "empty" }, { "\n\r\n\n", "", "blank lines" }, { "\xEF\xBB\xBF", "", "only a mark" }, { "\r", "", "one CR" },
        { "\n\na;b\n\n1;2\n\n", "3:<a><b>\n5:<1><2>\n", "blank lines between, and a semicolon" },
        { "a\tb,c\td\n1\t2\t3\n", "1:<a><b,c><d>\n2:<1><2><3>\n", "tabs" },
        { "a|b\n1|\n", "1:<a><b>\n2:<1><>\n", "bars" },
        { "\"a;b;c\",d\n1,2\n", "1:<a;b;c><d>\n2:<1><2>\n", "quoted delimiters do not count" },
        { "one\ntwo\n", "1:<one>\n2:<two>\n", "one column" },
        { ",\n,,\n", "1:<><>\n2:<><><>\n", "empty fields" },
        { "\"\"\n", "1:<>\n", "a quoted nothing is a record" },
        { "\"\"\r\n\"\"", "1:<>\n2:<>\n", "again, at the end" },
        { "\"a,b\",\"c\"\"d\",\"\"\"\"\n", "1:<a,b><c\"d><\">\n", "quotes" },
        { "x,\"\"\"a\"\" and \"\"b\"\"\",\"\"\"\"\"\"\n", "1:<x><\"a\" and \"b\"><\"\">\n", "many doubled quotes" },
        { "a,\"1\n2\r\n3\",b\nc,d,e\n", "1:<a><1\n2\r\n3><b>\n4:<c><d><e>\n", "line breaks inside quotes" },
        { "a,5\" nail,b\"\n", "1:<a><5\" nail><b\">\n", "quotes inside are plain" },
        { "a, \"b\"\n", "1:<a>< \"b\">\n", "a quote behind a blank is plain" },
        { "\"a\"\r\n\"b\"\r", "1:<a>\n2:<b>\n", "CRLF behind quotes" },
        { "a,\"b\"", "1:<a><b>\n", "the end behind a quote" },
        { "a\rb,c\n", "1:<a\rb><c>\n", "a CR inside" },
        { "  a , b \n", "1:<  a >< b >\n", "blanks are kept" },
        { "a,b\n\"x\"y,1\n2,3\n", "1:<a><b>\n2:!quote[\"x\"y,1]\n3:<2><3>\n", "text behind a closing quote" },
        { "a,b\n1,\"open\n2,3\n", "1:<a><b>\n2:!quote[1,\"open]\n3:<2><3>\n", "an open quote costs one line" },
        { "a,b\n1,\"open\n2,3\n4,\"x,y\"\n5,6\n", "1:<a><b>\n2:!quote[1,\"open]\n3:<2><3>\n4:<4><x,y>\n5:<5><6>\n", "even before other quotes" },
        { "a,b\n1,\"", "1:<a><b>\n2:!quote[1,\"]\n", "open at the very end" },
        { "a,\"b\" ,c\nd\n", "1:!quote[a,\"b\" ,c]\n2:<d>\n", "a blank behind a closing quote" },
        { "a\ncaf\xE9\nb\n", "1:<a>\n2:!utf8[caf\xE9]\n3:<b>\n", "Latin-1" },
        { "a\n\"caf\xE9\nx\"\r\nb\n", "1:<a>\n2:!utf8[\"caf\xE9\nx\"]\n4:<b>\n", "Latin-1 in quotes" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        kd_buf out;
        kd_buf_init(&out, NULL);
        kd_str got = describe(&out, kd_str_z(cases[i].text), 0, RECORD_MAX);
        if (!kd_str_is(got, cases[i].expected))
            fail_msg("%s: got\n%.*s", cases[i].why, (int)got.len, got.ptr);
        kd_buf_free(&out);
    }
    kd_buf out;
    kd_buf_init(&out, NULL);
    CHECK_STR(describe(&out, KD_STR("a,b;c\n1\0,2;3\n4;5\n"), ';', RECORD_MAX), KD_STR("1:<a,b><c>\n2:!utf8[1\0,2;3]\n3:<4><5>\n"));
    kd_buf_free(&out);
}

static void refuses_utf16(void **state)
{
    (void)state;
    static const char *const texts[] = { "\xFF\xFE" "a", "\xFE\xFF" "a" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        kd_input *in = NULL;
        kd_csv   *csv = NULL;
        kd_err    err = { 0 };
        CHECK(kd_input_memory(&in, texts[i], 3, "", 0, &err) == KD_OK);
        CHECK(kd_csv_open(&csv, in, 0, RECORD_MAX, &err) == KD_INVALID && strstr(err.msg, "UTF-16") != NULL && csv == NULL);
        kd_input_close(in);
    }
}

static void add_times(kd_buf *buf, char c, size_t times)
{
    for (size_t i = 0; i < times; i++)
        kd_buf_add_byte(buf, (uint8_t)c);
}

/* Records just at, and just over, the limit: unquoted, quoted, over several lines, and far beyond the buffer. */
static void long_records_are_passed_over(void **state)
{
    (void)state;
    static const struct { const char *head; size_t fill; const char *tail; bool ok; uint64_t next_line; } cases[] = {
        { "", RECORD_MAX, "\n", true, 2 },         { "", RECORD_MAX, "\r\n", true, 2 },         { "", RECORD_MAX + 1, "\n", false, 2 },
        { "", RECORD_MAX + 1, "\r\n", false, 2 },  { "\"", RECORD_MAX - 2, "\"\n", true, 2 },   { "\"", RECORD_MAX - 2, "\"\r\n", true, 2 },
        { "\"", RECORD_MAX - 1, "\"\n", false, 2 }, { "\"a\n", RECORD_MAX - 4, "\"\n", true, 3 }, { "", 3000000, "\n", false, 2 },
        { "\"", 3000000, "\n", false, 2 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        kd_buf text;
        kd_buf_init(&text, NULL);
        kd_buf_add_z(&text, cases[i].head);
        add_times(&text, 'x', cases[i].fill);
        kd_buf_add_z(&text, cases[i].tail);
        kd_buf_add_z(&text, "next\n");
        kd_input     *in = NULL;
        kd_csv       *csv = open_text(&in, kd_buf_str(&text), ',', RECORD_MAX);
        const kd_str *fields = NULL;
        size_t        count = 0;
        uint64_t      line = 0;
        kd_str        raw;
        kd_err        err = { 0 };
        kd_status     status = kd_csv_next(csv, &fields, &count, &line, &raw, &err);
        if (status != (cases[i].ok ? KD_OK : KD_INVALID))
            fail_msg("row %zu: %s", i, err.msg);
        CHECK(line == 1 && raw.len <= 4096 && raw.len >= RECORD_MAX - 4);
        CHECK(kd_csv_next(csv, &fields, &count, &line, &raw, &err) == KD_OK && line == cases[i].next_line);
        CHECK_STR(fields[0], KD_STR("next"));
        CHECK(kd_csv_next(csv, &fields, &count, &line, &raw, &err) == KD_NOT_FOUND);
        kd_csv_close(csv);
        kd_input_close(in);
        kd_buf_free(&text);
    }
}

static void too_many_fields_are_one_bad_record(void **state)
{
    (void)state;
    kd_buf text, out;
    kd_buf_init(&text, NULL);
    kd_buf_init(&out, NULL);
    add_times(&text, ',', KD_CSV_FIELDS_MAX - 1);
    kd_buf_add_z(&text, "\n");
    add_times(&text, ',', KD_CSV_FIELDS_MAX);
    kd_buf_add_z(&text, "\n\"q\"");
    add_times(&text, ',', KD_CSV_FIELDS_MAX);
    kd_buf_add_z(&text, "\nend\n");
    kd_str got = describe(&out, kd_buf_str(&text), ',', 100000);
    CHECK(strncmp(got.ptr, "1:<><>", 6) == 0 && memmem(got.ptr, got.len, "\n2:!many[", 9) != NULL);
    CHECK(memmem(got.ptr, got.len, "\n3:!many[", 9) != NULL && memmem(got.ptr, got.len, "\n4:<end>\n", 9) != NULL);
    kd_buf_free(&out);
    kd_buf_free(&text);
}

static void a_failing_input_is_no_bad_record(void **state)
{
    (void)state;
    kd_input     *in = NULL;
    kd_csv       *csv = NULL;
    kd_err        err = { 0 };
    const kd_str *fields = NULL;
    size_t        count = 0;
    uint64_t      line = 0;
    kd_str        raw;
    /* "a,b\n1,2\n3,4" behind a gzip header, stored, and cut off before its checksum */
    static const char cut[] = "\x1F\x8B\x08\0\0\0\0\0\0\x03\x01\x0B\0\xF4\xFF" "a,b\n1,2\n3,4";
    CHECK(kd_input_memory(&in, cut, sizeof cut - 1, "gzip", 0, &err) == KD_OK);
    CHECK(kd_csv_open(&csv, in, 0, RECORD_MAX, &err) == KD_OK);
    CHECK(kd_csv_next(csv, &fields, &count, &line, &raw, &err) == KD_OK && count == 2);
    CHECK(kd_csv_next(csv, &fields, &count, &line, &raw, &err) == KD_OK && line == 2);
    for (int i = 0; i < 2; i++) {
        CHECK(kd_csv_next(csv, &fields, &count, &line, &raw, &err) == KD_IO);
        CHECK(strstr(err.msg, "ends too early") != NULL && err.status == KD_IO);
    }
    kd_csv_close(csv);
    kd_input_close(in);
}

static kd_str random_field(kd_buf *buf, kd_rng *rng)
{
    static const char *const pieces[] = { "\xEF\xBB\xBF", "a", "bc", " ", "\"", "\"\"", ",", ";", "\n", "\r", "\r\n", "\t", "\xC3\xA9", "0.5", "long text without any trouble" };
    size_t start = buf->len;
    for (uint32_t n = kd_rng_below(rng, 5); n > 0; n--)
        kd_buf_add_z(buf, pieces[kd_rng_below(rng, COUNT(pieces))]);
    return (kd_str){ buf->ptr + start, buf->len - start };
}

/* What kd_csv_write writes, kd_csv_next reads, whatever stands in the fields; the buffer's edges are passed many times. */
static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        enum { RECORDS = 5000, FIELDS = 6 };
        static kd_str fields[RECORDS][FIELDS];
        static size_t counts[RECORDS];
        kd_rng rng;
        kd_buf pool, text;
        char   delimiter = ",;\t|"[seed % 4];
        kd_rng_seed(&rng, seed);
        kd_buf_init(&pool, NULL);
        kd_buf_init(&text, NULL);
        kd_buf_reserve(&pool, 6000000); /* once, as the fields point into it */
        for (size_t r = 0; r < RECORDS; r++) {
            counts[r] = 1 + kd_rng_below(&rng, FIELDS);
            for (size_t f = 0; f < counts[r]; f++) {
                fields[r][f] = random_field(&pool, &rng);
                if (f > 0)
                    kd_buf_add_byte(&text, (uint8_t)delimiter);
                kd_csv_write(&text, fields[r][f], delimiter);
            }
            kd_buf_add_z(&text, seed % 2 == 0 ? "\n" : "\r\n");
        }
        kd_input *in = NULL;
        kd_csv   *csv = open_text(&in, kd_buf_str(&text), delimiter, 300);
        for (size_t r = 0; r < RECORDS; r++) {
            const kd_str *got = NULL;
            size_t        count = 0;
            uint64_t      line;
            kd_str        raw;
            kd_err        err = { 0 };
            if (kd_csv_next(csv, &got, &count, &line, &raw, &err) != KD_OK)
                fail_msg("%s: %.*s", err.msg, (int)raw.len, raw.ptr);
            CHECK(count == counts[r]);
            for (size_t f = 0; f < count; f++)
                CHECK_STR(got[f], fields[r][f]);
        }
        kd_csv_close(csv);
        kd_input_close(in);
        kd_buf_free(&text);
        kd_buf_free(&pool);
    }
}

int test_csv(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_people_send),       cmocka_unit_test(refuses_utf16),
        cmocka_unit_test(long_records_are_passed_over), cmocka_unit_test(too_many_fields_are_one_bad_record),
        cmocka_unit_test(a_failing_input_is_no_bad_record), cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests_name("base: csv", tests, NULL, NULL);
}

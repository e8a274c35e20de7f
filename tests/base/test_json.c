#include "check.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/rng.h"

static kd_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = kd_arena_new(64 << 20);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    kd_arena_free(arena);
    return 0;
}

static const kd_json *parse(kd_str text)
{
    const kd_json *tree = NULL;
    kd_err         err = { 0 };
    if (kd_json_parse(&tree, arena, text.ptr, text.len, &err) != KD_OK)
        fail_msg("%s at %zu: %.*s", err.msg, err.pos, (int)text.len, text.ptr);
    return tree;
}

static kd_str print(const kd_json *tree)
{
    kd_buf buf;
    kd_jw  w;
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    kd_jw_node(&w, tree);
    CHECK(kd_buf_status(&buf, NULL) == KD_OK && w.depth == 0);
    return kd_buf_str(&buf);
}

static void reads_every_kind(void **state)
{
    (void)state;
    kd_str text = KD_STR(" { \"n\" : null, \"t\":true,\"f\":false ,\"i\":-12 , \"d\":1.50e+3,\"s\":\"a\\tb\",\n"
                         "  \"a\" : [ 1 , [ ] , { } ],\"o\":{\"x\":{\"y\":7}} }\r\n");
    const kd_json *tree = parse(text);
    CHECK(tree->type == KD_JSON_OBJECT && tree->count == 8 && tree->next == NULL);
    CHECK_STR(tree->raw, ((kd_str){ text.ptr + 1, text.len - 3 }));
    CHECK(kd_json_is(kd_json_get(tree, "n"), KD_JSON_NULL));
    CHECK(kd_json_bool(kd_json_get(tree, "t"), false) && !kd_json_bool(kd_json_get(tree, "f"), true));
    CHECK(kd_json_bool(kd_json_get(tree, "i"), true) && !kd_json_bool(NULL, false));
    CHECK_STR(kd_json_text(kd_json_get(tree, "i")), KD_STR("-12"));
    CHECK_STR(kd_json_text(kd_json_get(tree, "d")), KD_STR("1.50e+3"));
    CHECK_STR(kd_json_text(kd_json_get(tree, "s")), KD_STR("a\tb"));
    CHECK_STR(kd_json_get(tree, "s")->raw, KD_STR("\"a\\tb\""));
    const kd_json *array = kd_json_get(tree, "a");
    CHECK(array->count == 3 && array->child->next->count == 0 && array->child->next->next->next == NULL);
    CHECK_STR(array->raw, KD_STR("[ 1 , [ ] , { } ]"));
    CHECK_STR(array->child->next->raw, KD_STR("[ ]"));
    CHECK_STR(kd_json_get(tree, "o")->raw, KD_STR("{\"x\":{\"y\":7}}"));
    CHECK_STR(kd_json_text(kd_json_path(tree, "o.x.y")), KD_STR("7"));
    CHECK(kd_json_path(tree, "o.x.z") == NULL && kd_json_path(tree, "i.x") == NULL && kd_json_path(NULL, "a") == NULL);
    CHECK(kd_json_get(array, "a") == NULL && kd_json_get(NULL, "a") == NULL && kd_json_text(NULL).len == 0);
    CHECK(kd_json_text(array).len == 0 && !kd_json_is(NULL, KD_JSON_NULL));
    CHECK_STR(print(tree), KD_STR("{\"n\":null,\"t\":true,\"f\":false,\"i\":-12,\"d\":1.50e+3,\"s\":\"a\\tb\","
                                  "\"a\":[1,[],{}],\"o\":{\"x\":{\"y\":7}}}"));
    CHECK_STR(parse(KD_STR("0"))->raw, KD_STR("0"));
    CHECK_STR(parse(KD_STR(" \"\" "))->raw, KD_STR("\"\""));
}

static void the_last_duplicate_counts(void **state)
{
    (void)state;
    const kd_json *tree = parse(KD_STR("{\"a\":1,\"b\":2,\"\\u0061\":3}"));
    CHECK(tree->count == 3);
    CHECK_STR(kd_json_text(kd_json_get(tree, "a")), KD_STR("3"));
    CHECK(kd_json_get(parse(KD_STR("{\"\":1}")), "") != NULL);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    static const struct { const char *json; const char *text; } cases[] = {
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC" },
        { "\"\\ud83d\\uDE00!\"", "\xF0\x9F\x98\x80!" },
        { "\"\\ud83d\"", "\xEF\xBF\xBD" },                       /* half an emoji */
        { "\"\\ud83dx\\ude00\"", "\xEF\xBF\xBDx\xEF\xBF\xBD" },
        { "\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80" },
        { "\"\\ud83d\\n\"", "\xEF\xBF\xBD\n" },
        { "\"\\uDBFF\\uDFFF\"", "\xF4\x8F\xBF\xBF" },
        { "\"a\\\\\"", "a\\" },
        { "\"\xF0\x9F\x98\x80\"", "\xF0\x9F\x98\x80" },
        { "\"\x7F\"", "\x7F" },
        { "\"trailing blanks  \"  ", "trailing blanks  " },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const kd_json *node = parse(kd_str_z(cases[i].json));
        CHECK(node->type == KD_JSON_STRING);
        CHECK_STR(node->text, kd_str_z(cases[i].text));
    }
    CHECK_STR(parse(KD_STR("\"\\u0000\""))->text, KD_STR("\0"));
    CHECK_STR(parse(KD_STR("{\"\\n\":1}"))->child->key, KD_STR("\n"));
}

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    static const struct { const char *text; size_t pos; const char *why; } cases[] = {
        { "", 0, "empty" }, { " \n ", 3, "blank" }, { "01", 0, "leading zero" }, { "-01", 0, "leading zero" }, { "1.", 0, "no decimals" },
        { ".5", 0, "no whole part" }, { "+1", 0, "a plus" }, { "-", 0, "only a sign" }, { "1e", 0, "no exponent" }, { "1e+", 0, "no exponent" },
        { "NaN", 0, "NaN" }, { "Infinity", 0, "infinity" }, { "-Infinity", 0, "infinity" }, { "1x", 1, "garbage behind a number" },
        { "0x10", 1, "hexadecimal" }, { "1.2.3", 3, "two points" }, { "[1,-]", 3, "only a sign" },
        { "nul", 0, "cut word" }, { "nulls", 4, "long word" }, { "True", 0, "wrong case" }, { "truefalse", 4, "two words" },
        { "\"a", 0, "open string" }, { "\"a\\\"", 0, "open string behind an escape" }, { "\"a\nb\"", 2, "line feed in a string" },
        { "\"\x01\"", 1, "control character" }, { "\"\\q\"", 1, "no such escape" }, { "\"\\u12g4\"", 1, "no hex" },
        { "\"\\u12\"", 1, "short escape" }, { "\"ab\\u", 0, "cut escape" }, { "\"\\U0041\"", 1, "big U" }, { "'a'", 0, "single quotes" },
        { "\"a\"\"b\"", 3, "two strings" }, { "\"a\"b", 3, "text behind a string" },
        { "[", 1, "open array" }, { "[1", 2, "open array" }, { "[1,", 3, "open array" }, { "[1,]", 3, "trailing comma" }, { "[,1]", 1, "leading comma" },
        { "[1 2]", 3, "no comma" }, { "[1}", 2, "wrong bracket" }, { "]", 0, "closing only" }, { "[1]]", 3, "one too many" },
        { "{", 1, "open object" }, { "{\"a\"", 4, "no colon" }, { "{\"a\":", 5, "no value" }, { "{\"a\":1", 6, "open object" },
        { "{\"a\":1,}", 7, "trailing comma" }, { "{a:1}", 1, "bare key" }, { "{1:1}", 1, "number as key" }, { "{\"a\" 1}", 5, "no colon" },
        { "{\"a\"::1}", 5, "two colons" }, { "{\"a\":1 \"b\":2}", 7, "no comma" }, { "{\"a\",\"b\"}", 4, "a set" }, { "{]", 1, "wrong bracket" },
        { "{\"a\":1}{", 7, "two values" }, { "1 2", 2, "two values" }, { "1,", 1, "a comma behind" }, { "// c\n1", 0, "comment" },
        { "\xEF\xBB\xBF{}", 0, "byte order mark" }, { "\xFF", 0, "no UTF-8" }, { "\"caf\xE9\"", 4, "Latin-1" },
        { "[\"\xED\xA0\x80\"]", 2, "a surrogate in UTF-8" }, { "[\"\xC0\xAF\"]", 2, "overlong" }, { "[1]\f", 3, "form feed" },
        { "1\v", 1, "vertical tab" }, { "[1,\xC2\xA0" "2]", 3, "no-break space" }, { "\x1A", 0, "looks like a colon to a sloppy table" },
        { "{\"a\"\x1A" "1}", 4, "again" }, { "[1\x0C" "2]", 2, "looks like a comma to a sloppy table" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const kd_json *tree = NULL;
        kd_err         err = { 0 };
        CHECK_AT(kd_json_parse(&tree, arena, cases[i].text, strlen(cases[i].text), &err) == KD_INVALID, cases[i].why);
        CHECK_AT(tree == NULL && err.status == KD_INVALID && err.msg[0] != 0, cases[i].why);
        if (err.pos != cases[i].pos)
            fail_msg("%s: at %zu, not %zu (%s)", cases[i].why, err.pos, cases[i].pos, err.msg);
    }
    const kd_json *tree = NULL;
    CHECK(kd_json_parse(&tree, arena, "1\0", 2, NULL) == KD_INVALID);
    CHECK(kd_json_parse(&tree, arena, "[1,\0]", 5, NULL) == KD_INVALID);
    CHECK(kd_json_parse(&tree, arena, "\"a\0\"", 4, NULL) == KD_INVALID);
    CHECK(kd_json_parse(&tree, arena, NULL, 0, NULL) == KD_INVALID);
}

static void numbers_keep_their_text(void **state)
{
    (void)state;
    static const char *const good[] = { "0", "-0", "1", "10", "-1.5", "0.10", "1e5", "1E+05", "1.25e-300", "123456789012345678901234567890" };
    for (size_t i = 0; i < COUNT(good); i++)
        CHECK_STR(parse(kd_str_z(good[i]))->text, kd_str_z(good[i]));

    static const struct { const char *text; bool ok; int64_t value; } integers[] = {
        { "9007199254740993", true, INT64_C(9007199254740993) }, { "-9223372036854775808", true, INT64_MIN }, { "3.0", true, 3 },
        { "1e3", true, 1000 }, { "-2.5e1", true, -25 }, { "2.5", false, 0 }, { "1e30", false, 0 }, { "\"3\"", false, 0 }, { "true", false, 0 },
        { "9223372036854775808", false, 0 },
    };
    for (size_t i = 0; i < COUNT(integers); i++) {
        int64_t value = 42;
        CHECK_AT(kd_json_i64(&value, parse(kd_str_z(integers[i].text))) == integers[i].ok, integers[i].text);
        CHECK_AT(value == (integers[i].ok ? integers[i].value : 42), integers[i].text);
    }
    double d = 0;
    CHECK(kd_json_f64(&d, parse(KD_STR("-0.25"))) && d == -0.25);
    CHECK(!kd_json_f64(&d, parse(KD_STR("1e999"))) && !kd_json_f64(&d, parse(KD_STR("\"1\""))) && !kd_json_f64(&d, NULL));
    CHECK(!kd_json_i64(&(int64_t){ 0 }, NULL));
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    char text[2 * (KD_JSON_DEPTH_MAX + 1)];
    for (int deep = KD_JSON_DEPTH_MAX; deep <= KD_JSON_DEPTH_MAX + 1; deep++) {
        const kd_json *tree = NULL;
        kd_err         err = { 0 };
        memset(text, '[', (size_t)deep);
        memset(text + deep, ']', (size_t)deep);
        kd_status status = kd_json_parse(&tree, arena, text, (size_t)deep * 2, &err);
        CHECK(status == (deep == KD_JSON_DEPTH_MAX ? KD_OK : KD_LIMIT));
        if (status == KD_OK)
            CHECK_STR(print(tree), ((kd_str){ text, (size_t)deep * 2 }));
        else
            CHECK(err.pos == KD_JSON_DEPTH_MAX);
    }
    char *brackets = malloc(1 << 20);
    memset(brackets, '[', 1 << 20);
    const kd_json *tree = NULL;
    CHECK(kd_json_parse(&tree, arena, brackets, 1 << 20, NULL) == KD_LIMIT);
    free(brackets);
}

/* --- laws over random trees --- */

static kd_str random_text(kd_rng *rng)
{
    static const char *const pieces[] = { "a", "Z9", " ", "\"", "\\", "\n", "\x01", "\x1F", "\x7F", "/", "\xC3\xA9", "\xE2\x82\xAC",
                                          "\xF0\x9F\x98\x80", "\xEF\xBF\xBD", "{", "]", ",", ":", "plain words of some length" };
    kd_buf buf;
    kd_buf_init(&buf, arena);
    for (uint32_t n = kd_rng_below(rng, 6); n > 0; n--)
        kd_buf_add_z(&buf, pieces[kd_rng_below(rng, COUNT(pieces))]);
    if (kd_rng_below(rng, 10) == 0)
        kd_buf_add_byte(&buf, 0);
    return kd_buf_str(&buf);
}

static kd_json *random_tree(kd_rng *rng, int depth)
{
    static const char *const numbers[] = { "0", "-1", "3.140", "1e-7", "12345678901234567890", "-0.0E+1" };
    kd_json *node = KD_NEW(arena, kd_json, 1);
    node->type = (kd_json_type)kd_rng_below(rng, depth < 5 ? 7 : 5);
    switch (node->type) {
    case KD_JSON_NULL:   node->raw = KD_STR("null"); break;
    case KD_JSON_TRUE:   node->raw = KD_STR("true"); break;
    case KD_JSON_FALSE:  node->raw = KD_STR("false"); break;
    case KD_JSON_NUMBER: node->text = node->raw = kd_str_z(numbers[kd_rng_below(rng, COUNT(numbers))]); break;
    case KD_JSON_STRING: node->text = random_text(rng); break;
    case KD_JSON_ARRAY:
    case KD_JSON_OBJECT: {
        const kd_json **link = &node->child;
        node->count = kd_rng_below(rng, 5);
        for (uint32_t i = 0; i < node->count; i++) {
            kd_json *child = random_tree(rng, depth + 1);
            if (node->type == KD_JSON_OBJECT)
                child->key = random_text(rng);
            *link = child;
            link = &child->next;
        }
    }
    }
    return node;
}

static void check_same(const kd_json *a, const kd_json *b)
{
    CHECK(a->type == b->type && a->count == b->count);
    CHECK_STR(a->text, b->text);
    CHECK_STR(a->key, b->key);
    const kd_json *x = a->child, *y = b->child;
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        check_same(x, y);
    CHECK(x == NULL && y == NULL);
}

static void check_slices(const kd_json *node, const kd_json *parent)
{
    CHECK(node->raw.ptr >= parent->raw.ptr && node->raw.ptr + node->raw.len <= parent->raw.ptr + parent->raw.len);
    check_same(parse(node->raw), node->key.len == 0 ? node : &(kd_json){ .type = node->type, .count = node->count, .text = node->text,
                                                                          .child = node->child });
    for (const kd_json *child = node->child; child != NULL; child = child->next)
        check_slices(child, node);
}

/* Blanks wherever JSON allows them. */
static kd_str spread(kd_rng *rng, kd_str text)
{
    kd_buf buf;
    bool   quoted = false;
    kd_buf_init(&buf, arena);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool token = !quoted && strchr("{}[]:,", c) != NULL;
        if (token && kd_rng_below(rng, 2) == 0)
            kd_buf_add_byte(&buf, (uint8_t)" \t\n\r"[kd_rng_below(rng, 4)]);
        kd_buf_add_byte(&buf, (uint8_t)c);
        if (token && kd_rng_below(rng, 2) == 0)
            kd_buf_add_byte(&buf, ' ');
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\')
            kd_buf_add_byte(&buf, (uint8_t)text.ptr[++i]);
    }
    return kd_buf_str(&buf);
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        kd_rng rng;
        kd_rng_seed(&rng, seed);
        const kd_json *tree = random_tree(&rng, 0);
        kd_str         text = print(tree);
        const kd_json *again = parse(text);
        check_same(tree, again);
        CHECK_STR(print(again), text);
        const kd_json *wide = parse(spread(&rng, text));
        check_same(tree, wide);
        check_slices(wide, wide);
        kd_arena_reset(arena);
    }
}

/* Any one byte changed: either refused with a place inside the text, or something that prints and reads back alike. */
static void damaged_texts(void **state)
{
    (void)state;
    static const char bytes[] = "\"\\{}[]:,019-+.eE tnu\n\x01\x80\xC3\xFF";
    for (uint64_t seed = 0; seed < 3000; seed++) {
        kd_rng rng;
        kd_rng_seed(&rng, seed);
        kd_str text = print(random_tree(&rng, 0));
        char  *damaged = kd_arena_copy(arena, text.ptr, text.len);
        for (uint32_t n = 1 + kd_rng_below(&rng, 3); n > 0 && text.len > 0; n--)
            damaged[kd_rng_below(&rng, (uint32_t)text.len)] = bytes[kd_rng_below(&rng, sizeof bytes - 1)];
        const kd_json *tree = NULL;
        kd_err         err = { 0 };
        kd_status      status = kd_json_parse(&tree, arena, damaged, text.len, &err);
        if (status == KD_OK)
            check_same(tree, parse(print(tree)));
        else
            CHECK(status == KD_INVALID && err.pos <= text.len && err.msg[0] != 0);
        kd_arena_reset(arena);
    }
}

static void a_full_arena_is_a_limit(void **state)
{
    (void)state;
    kd_str text = KD_STR("{\"a\\n\":[1,2,{\"b\":\"\\u20ac\"},[[],[],[]],\"x\\ty\"],\"c\":{\"d\":null}}");
    bool   passed = false;
    for (size_t cap = 0; !passed; cap += 16) {
        kd_arena      *small = kd_arena_new(cap);
        const kd_json *tree = NULL;
        kd_err         err = { 0 };
        kd_status      status = kd_json_parse(&tree, small, text.ptr, text.len, &err);
        CHECK(status == KD_OK || (status == KD_LIMIT && tree == NULL && err.status == KD_LIMIT));
        passed = status == KD_OK;
        kd_arena_free(small);
        CHECK(cap < 100000);
    }
}

/* The parser of a thread grows for a large text, gives it back, and serves small ones again. */
static void *parse_sizes(void *failed)
{
    kd_arena *own = kd_arena_new(256 << 20);
    for (size_t elements = 1; elements <= 1000000; elements *= 10) {
        kd_buf buf;
        kd_jw  w;
        kd_buf_init(&buf, NULL);
        kd_jw_init(&w, &buf);
        kd_jw_array(&w);
        for (size_t i = 0; i < elements; i++)
            kd_jw_i64(&w, (int64_t)i);
        kd_jw_array_end(&w);
        for (int round = 0; round < 2; round++) {
            const kd_json *tree = NULL, *small = NULL;
            if (kd_json_parse(&tree, own, buf.ptr, buf.len, NULL) != KD_OK || tree->count != elements ||
                kd_json_parse(&small, own, "[1]", 3, NULL) != KD_OK || small->count != 1)
                *(bool *)failed = true;
            kd_arena_reset(own);
        }
        kd_buf_free(&buf);
    }
    kd_arena_free(own);
    return NULL;
}

static void threads_have_their_own_parser(void **state)
{
    (void)state;
    pthread_t threads[3];
    bool      failed[3] = { false };
    for (size_t i = 0; i < COUNT(threads); i++)
        CHECK(pthread_create(&threads[i], NULL, parse_sizes, &failed[i]) == 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        CHECK(!failed[i]);
    }
}

/* --- the writer --- */

static void writer_writes(void **state)
{
    (void)state;
    kd_buf buf;
    kd_jw  w;
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    KD_JW_STR(&w, "s", KD_STR("q\" b\\ n\n r\r t\t c\x02 \xE2\x82\xAC \xFF."));
    KD_JW_Z(&w, "z", NULL);
    KD_JW_I64(&w, "i", INT64_MIN);
    KD_JW_BOOL(&w, "b", true);
    kd_jw_key(&w, "a");
    kd_jw_array(&w);
    kd_jw_fixed(&w, 12345, 2);
    kd_jw_fixed(&w, -5, 2);
    kd_jw_fixed(&w, 7, 0);
    kd_jw_fixed(&w, INT64_MIN, 0);
    kd_jw_fixed(&w, INT64_MIN, 18);
    kd_jw_object(&w);
    kd_jw_object_end(&w);
    kd_jw_array(&w);
    kd_jw_array_end(&w);
    kd_jw_raw(&w, KD_STR("{\"r\":1}"));
    kd_jw_null(&w);
    kd_jw_array_end(&w);
    kd_jw_key_str(&w, KD_STR("k\""));
    kd_jw_bool(&w, false);
    kd_jw_key(&w, "p");
    kd_jw_pieces(&w, (const kd_str[]){ KD_STR("because \""), { NULL, 0 }, KD_STR("it\n"), KD_STR("is") }, 4);
    kd_jw_object_end(&w);
    CHECK_STR(kd_buf_str(&buf),
              KD_STR("{\"s\":\"q\\\" b\\\\ n\\n r\\r t\\t c\\u0002 \xE2\x82\xAC \xEF\xBF\xBD.\",\"z\":null,\"i\":-9223372036854775808,"
                     "\"b\":true,\"a\":[123.45,-0.05,7,-9223372036854775808,-9.223372036854775808,{},[],{\"r\":1},null],\"k\\\"\":false,\"p\":\"because \\\"it\\nis\"}"));
    parse(kd_buf_str(&buf));
}

/* A character that must be escaped is seen at every place of texts of every length. */
static void writer_escapes_everywhere(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 33; len++)
        for (size_t at = 0; at < len; at++) {
            char   text[33], expected[40];
            kd_buf buf;
            kd_jw  w;
            memset(text, 'x', sizeof text);
            text[at] = '"';
            snprintf(expected, sizeof expected, "\"%.*s\\%.*s\"", (int)at, text, (int)(len - at), text + at);
            kd_buf_init(&buf, arena);
            kd_jw_init(&w, &buf);
            kd_jw_str(&w, (kd_str){ text, len });
            CHECK_STR(kd_buf_str(&buf), kd_str_z(expected));
        }
}

static void writer_rounds(void **state)
{
    (void)state;
    static const struct { double value; int decimals; const char *text; } cases[] = {
        { 0, 3, "0" }, { -0.0, 3, "0" }, { -0.0001, 3, "0" }, { 1.5, 3, "1.5" }, { 1.25, 1, "1.2" }, { 0.999, 2, "1" }, { -2.5, 0, "-2" },
        { 1.0 / 3, 4, "0.3333" }, { 100, 4, "100" }, { -12.030, 3, "-12.03" }, { 1e20, 2, "100000000000000000000" }, { 0.1, 15, "0.1" },
        { 123456789.125, 2, "123456789.12" }, { NAN, 2, "null" }, { INFINITY, 2, "null" }, { -INFINITY, 2, "null" }, { 2.675, 2, "2.67" },
        { 9.9999, 3, "10" }, { 999999999999999.9, 1, "999999999999999.9" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        kd_buf buf;
        kd_jw  w;
        kd_buf_init(&buf, arena);
        kd_jw_init(&w, &buf);
        kd_jw_f64(&w, cases[i].value, cases[i].decimals);
        CHECK_STR(kd_buf_str(&buf), kd_str_z(cases[i].text));
    }
}

static void writer_has_a_depth(void **state)
{
    (void)state;
    kd_buf buf;
    kd_jw  w;
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    for (int i = 0; i < KD_JW_DEPTH_MAX; i++) {
        kd_jw_array(&w);
        kd_jw_i64(&w, i);
    }
    CHECK(!buf.failed);
    kd_jw_array(&w);
    CHECK(buf.failed);
    for (int i = 0; i <= KD_JW_DEPTH_MAX; i++)
        kd_jw_array_end(&w);
}

int test_json(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(the_last_duplicate_counts),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(numbers_keep_their_text),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(damaged_texts),
        cmocka_unit_test(a_full_arena_is_a_limit),
        cmocka_unit_test(threads_have_their_own_parser),
        cmocka_unit_test(writer_writes),
        cmocka_unit_test(writer_escapes_everywhere),
        cmocka_unit_test(writer_rounds),
        cmocka_unit_test(writer_has_a_depth),
    };
    return cmocka_run_group_tests_name("base: json", tests, set_up, tear_down);
}

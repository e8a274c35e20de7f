/* customer/stated.h: names have one reading, what may be written is checked, and what was said is read back. */
#include "support.h"

#include <string.h>

#include "customer/stated.h"

static kd_register reg(const char *name, const char *value, bool claimed)
{
    return (kd_register){ .name = kd_str_z(name), .value = kd_str_z(value), .time_ms = T0, .claimed = claimed };
}

static void test_names(void **state)
{
    static const struct { const char *name; kd_stated_kind kind; const char *about, *order; } good[] = {
        { "size", KD_STATED_SIZE, "", "" },
        { "size.Outdoor > Jackets", KD_STATED_SIZE, "Outdoor > Jackets", "" },
        { "topic.sailing", KD_STATED_TOPIC, "sailing", "" },
        { "channel.post", KD_STATED_CHANNEL, "post", "" },
        { "gift/A-1/p 7", KD_STATED_GIFT, "p 7", "A-1" },
        { "gift/A%2F1/50%25", KD_STATED_GIFT, "50%", "A/1" },
        { "notForMe/p7", KD_STATED_NOT_PRODUCT, "p7", "" },
        { "notForMe/category/Women > Shoes", KD_STATED_NOT_CATEGORY, "Women > Shoes", "" },
        { "startPage", KD_STATED_START_PAGE, "", "" },
    };
    static const char *const bad[] = { "", "sizes", "topic.", "channel.fax", "gift/A", "gift//p", "gift/A/", "gift/A/b/c", "notForMe/", "notForMe/a/b",
                                       "notForMe/%2", "notForMe/%zz", "topic.\x01", "notForMe/%00", "notForMe/%FF" };
    kd_arena *arena = kd_arena_new(1 << 16);
    kd_err    err = { 0 };
    char      longest[KD_STATED_NAME_MAX + 8];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        kd_stated_name name;
        kd_buf         made;
        assert_int_equal(kd_stated_name_parse(&name, kd_str_z(good[i].name), arena, &err), KD_OK);
        assert_int_equal(name.kind, good[i].kind);
        assert_true(kd_str_is(name.about, good[i].about) && kd_str_is(name.order, good[i].order));
        kd_buf_init(&made, arena);
        kd_stated_name_make(&made, name.kind, name.order, name.about);
        assert_true(kd_str_is(kd_buf_str(&made), good[i].name));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kd_stated_name name;
        assert_int_equal(kd_stated_name_parse(&name, kd_str_z(bad[i]), arena, &err), KD_INVALID);
        assert_int_equal(err.field[0], '/');
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "topic.", 6);
    assert_int_equal(kd_stated_name_parse(&(kd_stated_name){ 0 }, (kd_str){ longest, sizeof longest }, arena, &err), KD_INVALID);
    kd_arena_free(arena);
}

static void test_what_may_be_written(void **state)
{
    static const struct { const char *name, *value, *stored; } cases[] = { /* stored NULL: refused */
        { "color", "[\" navy \",\"navy\",\"red\"]", "[\"navy\",\"red\"]" },
        { "size", "\"M\"", "[\"M\"]" },
        { "size", "[42]", "[\"42\"]" },
        { "size", "[]", "[]" },
        { "size", "null", "null" },
        { "brand", "[\"\"]", NULL },
        { "brand", "{}", NULL },
        { "brand", "[[\"a\"]]", NULL },
        { "brand", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]", NULL },
        { "paused", "true", "true" },
        { "paused", "\"true\"", NULL },
        { "surprise", "0.5", "0.5" },
        { "surprise", "1.01", NULL },
        { "surprise", "-0.1", NULL },
        { "surprise", "\"1\"", NULL },
        { "theme", "\"dark\"", "\"dark\"" },
        { "theme", "\"pink\"", NULL },
        { "frequency", "\"seldom\"", "\"seldom\"" },
        { "language", "\"de-AT\"", "\"de-AT\"" },
        { "language", "\"d\"", NULL },
        { "language", "\"de_AT<\"", NULL },
        { "startPage", "\"/women?x=1\"", "\"/women?x=1\"" },
        { "startPage", "\"//evil.example\"", NULL },
        { "startPage", "\"/\\\\evil.example\"", NULL },
        { "startPage", "\"https://evil.example\"", NULL },
        { "startPage", "\"javascript:alert(1)\"", NULL },
        { "gift/A/p", "true", "true" },
        { "nonsense", "true", NULL },
    };
    kd_arena *arena = kd_arena_new(1 << 18);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const kd_json *value;
        kd_buf         out;
        kd_err         err = { 0 };
        kd_buf_init(&out, arena);
        assert_int_equal(kd_json_parse(&value, arena, cases[i].value, strlen(cases[i].value), &err), KD_OK);
        kd_status status = kd_stated_check(&out, kd_str_z(cases[i].name), value, arena, &err);
        assert_int_equal(status, cases[i].stored ? KD_OK : KD_INVALID);
        if (cases[i].stored)
            assert_true(kd_str_is(kd_buf_str(&out), cases[i].stored));
        else
            assert_true(err.field[0] == '/' && err.msg[0]);
    }
    kd_arena_free(arena);
}

static void test_read(void **state)
{
    const kd_register list[] = { /* ascending by name */
        reg("brand", "[\"alto\"]", true), reg("color", "[\"navy\",\"red\"]", false), reg("gift/A/p1", "true", false), reg("gift/A/p2", "false", false),
        reg("language", "\"de\"", false), reg("notForMe/category/Shoes", "true", false), reg("notForMe/p9", "true", false), reg("paused", "true", true),
        reg("size", "[\"M\",\"L\"]", false), reg("size.Shoes", "[\"42\"]", false), reg("surprise", "0.5", false), reg("theme", "null", false),
        reg("unheard", "1", false),
    };
    enum { COUNT = sizeof list / sizeof *list };
    kd_profile p = { .stated = (kd_register *)(uintptr_t)list, .stated_count = COUNT };
    kd_arena *arena = kd_arena_new(1 << 18);
    kd_stated s;
    kd_buf    out;
    kd_jw     w;
    kd_err    err = { 0 };
    (void)state;
    assert_int_equal(kd_stated_read(&s, &p, arena, &err), KD_OK);
    assert_int_equal(s.brands.count, 0); /* claimed */
    assert_false(s.paused);
    assert_false(kd_stated_is_paused(&p));
    assert_int_equal(s.colors.count, 2);
    assert_true(s.colors.refs[0] == kd_ref_of(KD_STR("navy")));
    assert_int_equal(s.size_count, 3);
    assert_true(s.sizes[0].of == kd_ref_of(KD_STR("Shoes")) && s.sizes[0].size == kd_ref_of(KD_STR("42"))); /* the special one first */
    assert_true(s.sizes[1].of == 0 && s.sizes[1].size == kd_ref_of(KD_STR("M")));
    assert_true(kd_stated_is_gift(&s, kd_ref_of(KD_STR("A")), kd_ref_of(KD_STR("p1"))));
    assert_false(kd_stated_is_gift(&s, kd_ref_of(KD_STR("A")), kd_ref_of(KD_STR("p2"))));
    assert_int_equal(s.not_product_count, 1);
    assert_int_equal(s.not_category_count, 1);
    assert_true(s.surprise == 0.5);
    kd_buf_init(&out, arena);
    kd_jw_init(&w, &out);
    assert_true(kd_stated_write_appearance(&w, NULL, &s));
    assert_true(kd_str_is(kd_buf_str(&out), "{\"language\":\"de\"}"));
    p = (kd_profile){ .stated = &(kd_register){ .name = KD_STR("paused"), .value = KD_STR("true") }, .stated_count = 1 };
    assert_true(kd_stated_is_paused(&p));
    assert_int_equal(kd_stated_read(&s, &p, arena, &err), KD_OK);
    assert_true(s.paused);
    assert_int_equal(kd_stated_read(&s, &(kd_profile){ 0 }, arena, &err), KD_OK);
    assert_false(kd_stated_is_paused(NULL));
    assert_false(kd_stated_write_appearance(&w, NULL, &s));
    kd_arena_free(arena);
}

static void test_gifts_are_no_taste_but_bought(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 18);
    kd_profile      p = { 0 }, view;
    kd_profile_caps caps = kd_profile_caps_default();
    kd_stated       s = { .gifts = &(kd_stated_gift){ kd_ref_of(KD_STR("A")), kd_ref_of(KD_STR("p1")) }, .gift_count = 1 };
    kd_err          err = { 0 };
    (void)state;
    for (int order = 0; order < 2; order++)
        for (int product = 1; product < 3; product++) {
            kd_fact fact = line_fact(arena, KD_KIND_ORDER, T0 + order * 10 + product, product == 1 ? "p1" : "p2", "", 1, 1);
            fact.order_id = order ? KD_STR("B") : KD_STR("A");
            assert_int_equal(kd_profile_fold(&p, &fact, &caps, &err), KD_OK);
        }
    assert_int_equal(kd_stated_view(&view, &p, NULL, arena, &err), KD_OK);
    assert_ptr_equal(view.recent, p.recent);
    assert_int_equal(kd_stated_view(&view, &p, &s, arena, &err), KD_OK);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_ORDER)->count, 4);
    assert_int_equal(kd_profile_recent(&view, KD_KIND_ORDER)->count, 3);
    assert_int_equal(kd_profile_bought(&view, kd_ref_of(KD_STR("p1")))->orders, 2);
    kd_profile_free(&p);
    kd_arena_free(arena);
}

int run_stated_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_what_may_be_written), cmocka_unit_test(test_read),
                                        cmocka_unit_test(test_gifts_are_no_taste_but_bought) };
    return cmocka_run_group_tests_name("stated", tests, NULL, NULL);
}

#include "support.h"

#include <string.h>

static void same_fact(const kd_fact *a, const kd_fact *b)
{
    assert_int_equal(a->channel, b->channel);
    assert_true(kd_str_eq(a->name, b->name) && kd_str_eq(a->topic, b->topic));
    assert_true(kd_str_eq(a->order_id, b->order_id) && kd_str_eq(a->place, b->place) && kd_str_eq(a->source, b->source));
    assert_string_equal(a->currency.code, b->currency.code);
    assert_int_equal(a->total_micro, b->total_micro);
    assert_int_equal(a->line_count, b->line_count);
    for (size_t i = 0; i < a->line_count; i++) {
        assert_true(kd_str_eq(a->lines[i].product, b->lines[i].product) && kd_str_eq(a->lines[i].variant, b->lines[i].variant));
        assert_int_equal(a->lines[i].quantity, b->lines[i].quantity);
        assert_int_equal(a->lines[i].price_micro, b->lines[i].price_micro);
    }
}

static kd_str fact_bytes(const kd_fact *fact, kd_arena *arena)
{
    kd_buf buf;
    kd_buf_init(&buf, arena);
    kd_fact_encode(&buf, fact);
    assert_false(buf.failed);
    return kd_buf_str(&buf);
}

static void test_fact_round_trip(void **state)
{
    kd_arena *arena = kd_arena_new(1 << 22);
    kd_rng    rng;
    (void)state;
    kd_rng_seed(&rng, 1);
    for (int i = 0; i < 3000; i++) {
        kd_err  err = { 0 };
        kd_fact fact = random_fact(&rng, arena), back;
        kd_str  bytes = fact_bytes(&fact, arena);
        assert_int_equal(kd_fact_decode(&back, bytes, arena, &err), KD_OK);
        same_fact(&fact, &back);
        assert_true(str_same(bytes, fact_bytes(&back, arena)));
        assert_null(back.traits); /* identifying: never part of it */
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

/* Whatever the bytes, it reads a fact or says KD_CORRUPT; copies of the exact length let the sanitizer see a byte too far. */
static void test_fact_damaged(void **state)
{
    kd_arena *arena = kd_arena_new(1 << 22);
    kd_rng    rng;
    (void)state;
    kd_rng_seed(&rng, 2);
    for (int i = 0; i < 3000; i++) {
        kd_err    err = { 0 };
        kd_fact   fact = random_fact(&rng, arena), back;
        kd_str    bytes = fact_bytes(&fact, arena);
        size_t    len = kd_rng_below(&rng, 3) ? bytes.len : kd_rng_below(&rng, (uint32_t)bytes.len);
        char     *copy = test_malloc(len + !len);
        kd_status status;
        memcpy(copy, bytes.ptr, len);
        for (uint32_t flips = len ? 1 + kd_rng_below(&rng, 3) : 0; flips; flips--)
            copy[kd_rng_below(&rng, (uint32_t)len)] ^= (char)(1 << kd_rng_below(&rng, 8));
        status = kd_fact_decode(&back, (kd_str){ copy, len }, arena, &err);
        assert_true(status == KD_OK || status == KD_CORRUPT);
        if (status == KD_OK) {
            kd_str  again = fact_bytes(&back, arena);
            kd_fact third;
            assert_int_equal(kd_fact_decode(&third, again, arena, &err), KD_OK);
            same_fact(&back, &third);
        }
        test_free(copy);
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

static void test_fact_rejects(void **state)
{
    static const struct { const char *bytes; size_t len; const char *why; } cases[] = {
        { "", 0, "empty" },
        { "\x02\x01\x00", 3, "a version of the future" },
        { "\x01\x0a\x00", 3, "no such channel" },
        { "\x01\x01\x80\x01", 4, "a flag of the future" },
        { "\x01\x01\x00\x00", 4, "a byte too many" },
        { "\x01\x01\x40\x00", 4, "lines, but none" },
        { "\x01\x01\x40\xff\xff\x03\x00\x00", 8, "more lines than bytes" },
        { "\x01\x01\x40\x01\x02\x01p\x00", 8, "quantity 0" },
        { "\x01\x01\x40\x01\x08\x01p", 7, "a flag of a line of the future" },
        { "\x01\x01\x10" "E1R", 6, "no currency" },
    };
    kd_arena *arena = kd_arena_new(1 << 16);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_fact fact;
        kd_err  err = { 0 };
        if (kd_fact_decode(&fact, (kd_str){ cases[i].bytes, cases[i].len }, arena, &err) != KD_CORRUPT)
            fail_msg("accepted: %s", cases[i].why);
        assert_string_not_equal(err.msg, "");
    }
    kd_arena_free(arena);
}

static void test_fact_golden(void **state)
{
    const kd_fact_line lines[] = { { KD_STR("jacket-1"), KD_STR("jacket-1-navy-m"), 1, 129990000 },
                                   { KD_STR("socks"), { NULL, 0 }, 3, 4333333 }, { KD_STR("gift"), { NULL, 0 }, 1, KD_PRICE_NONE } };
    const kd_fact fact = { .kind = KD_KIND_ORDER, .channel = KD_CHANNEL_STORE, .name = KD_STR("Order Completed"), .topic = KD_STR("SPRING"),
                           .order_id = KD_STR("A-1001"), .place = KD_STR("berlin"), .currency = { "EUR" }, .total_micro = 142990000,
                           .lines = lines, .line_count = 3 };
    kd_arena *arena = kd_arena_new(1 << 18);
    kd_str    now = fact_bytes(&fact, arena), old = golden("fact_v1.bin", now, arena);
    kd_fact   back;
    kd_err    err = { 0 };
    (void)state;
    assert_int_equal(kd_fact_decode(&back, old, arena, &err), KD_OK);
    same_fact(&fact, &back);
    assert_true(str_same(now, old)); /* version 1 is still what is written */
    kd_arena_free(arena);
}

static void test_who(void **state)
{
    const kd_ident idents[] = { { KD_KEY_USER, KD_STR("u-1"), true }, { KD_KEY_ANONYMOUS, KD_STR(""), false } };
    const kd_trait traits[] = { { KD_STR("size"), KD_STR("42") } };
    kd_fact   fact = { .idents = idents, .ident_count = 2, .traits = traits, .trait_count = 1 }, none = { 0 }, read = { 0 }, claimed = { 0 };
    kd_arena *arena = kd_arena_new(1 << 20);
    kd_buf    bytes;
    kd_err    err = { 0 };
    (void)state;
    kd_buf_init(&bytes, arena);
    kd_who_encode(&bytes, &fact);
    assert_int_equal(kd_who_decode(&read, kd_buf_str(&bytes), arena, &err), KD_OK);
    assert_int_equal(read.ident_count, 2);
    assert_int_equal(read.idents[0].type, KD_KEY_USER);
    assert_true(kd_str_eq(read.idents[0].value, KD_STR("u-1")) && kd_str_eq(read.idents[1].value, KD_STR("")));
    assert_true(read.idents[0].proven && !read.idents[1].proven);
    fact.claimed = claimed.claimed = true; /* then nothing is proven, whatever the bits say: those before the flag said nothing */
    bytes.len = 0;
    kd_who_encode(&bytes, &fact);
    assert_int_equal(kd_who_decode(&claimed, kd_buf_str(&bytes), arena, &err), KD_OK);
    assert_true(!claimed.idents[0].proven && !claimed.idents[1].proven);
    assert_int_equal(read.trait_count, 1);
    assert_true(kd_str_eq(read.traits[0].name, KD_STR("size")) && kd_str_eq(read.traits[0].value, KD_STR("42")));
    for (size_t len = 0; len < bytes.len; len++) /* cut short anywhere it is damaged, and the fact is left alone */
        assert_int_equal(kd_who_decode(&none, (kd_str){ bytes.ptr, len }, arena, &err), KD_CORRUPT);
    kd_put_u8(&bytes, 0);
    assert_int_equal(kd_who_decode(&none, kd_buf_str(&bytes), arena, &err), KD_CORRUPT);
    bytes.len--;
    fact.consent = (kd_consent){ .granted = 2, .refused = 64, .source = KD_STR("gpc"), .policy = KD_STR("2026-05"), .proof = KD_STR("form 9") };
    bytes.len = 0;
    kd_who_encode(&bytes, &fact);
    assert_int_equal(kd_who_decode(&read, kd_buf_str(&bytes), arena, &err), KD_OK);
    assert_true(read.consent.granted == 2 && read.consent.refused == 64 && kd_str_is(read.consent.source, "gpc"));
    assert_true(kd_str_is(read.consent.policy, "2026-05") && kd_str_is(read.consent.proof, "form 9"));
    for (size_t len = bytes.len - 1; len > bytes.len - 20; len--) /* short of the end, save where it ends before the consent */
        assert_int_equal(kd_who_decode(&none, (kd_str){ bytes.ptr, len }, arena, &err), KD_CORRUPT);
    assert_int_equal(kd_who_decode(&none, KD_STR("\xff\xff\xff\xff\x0f"), arena, &err), KD_CORRUPT);
    assert_int_equal(none.ident_count + none.trait_count, 0);
    kd_arena_free(arena);
}

static void test_kind_names(void **state)
{
    (void)state;
    assert_string_equal(kd_kind_name(KD_KIND_VIEW), "view");
    assert_string_equal(kd_kind_name(KD_KIND_ORDER), "order");
    assert_string_equal(kd_kind_name(KD_KIND_DECISION), "decision");
    assert_string_equal(kd_kind_name((kd_kind)77), "unknown");
}

int run_fact_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fact_round_trip), cmocka_unit_test(test_fact_damaged), cmocka_unit_test(test_fact_rejects),
        cmocka_unit_test(test_fact_golden), cmocka_unit_test(test_who),
        cmocka_unit_test(test_kind_names),
    };
    return cmocka_run_group_tests_name("fact", tests, NULL, NULL);
}

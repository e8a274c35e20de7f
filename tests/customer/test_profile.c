#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { EVENTS_MAX = 80, PARTS_MAX = 5 };

static void fold(kd_profile *profile, const kd_fact *fact, const kd_profile_caps *caps)
{
    kd_err err = { 0 };
    assert_int_equal(kd_profile_fold(profile, fact, caps, &err), KD_OK);
}

static void shuffle(size_t *order, size_t count, kd_rng *rng)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = kd_rng_below(rng, (uint32_t)i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* The law: fold(A + B) = merge(fold A, fold B), to the byte, for any split into parts and any order within and among them. */
static void test_profile_is_a_monoid(void **state)
{
    kd_arena *arena = kd_arena_new(1 << 24);
    kd_rng    rng;
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        kd_profile_caps caps;
        kd_fact         facts[EVENTS_MAX];
        size_t          order[EVENTS_MAX], count, part[EVENTS_MAX];
        kd_profile      straight = { 0 }, parts[PARTS_MAX] = { 0 };
        kd_str          expected;
        kd_err          err = { 0 };
        kd_rng_seed(&rng, seed);
        caps = random_caps(&rng);
        count = kd_rng_below(&rng, EVENTS_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            facts[i] = random_fact(&rng, arena);
            order[i] = i;
            fold(&straight, &facts[i], &caps);
        }
        expected = encoded(&straight, arena);
        for (int round = 0; round < 4; round++) {
            size_t live = PARTS_MAX;
            shuffle(order, count, &rng);
            for (size_t i = 0; i < count; i++) {
                part[i] = kd_rng_below(&rng, PARTS_MAX);
                fold(&parts[part[i]], &facts[order[i]], &caps);
            }
            for (; live > 1; live--) { /* merge two at random, whichever into whichever */
                size_t     into = kd_rng_below(&rng, (uint32_t)live - 1);
                kd_profile swap;
                if (kd_rng_below(&rng, 2)) {
                    swap = parts[into];
                    parts[into] = parts[live - 1];
                    parts[live - 1] = swap;
                }
                assert_int_equal(kd_profile_merge(&parts[into], &parts[live - 1], &caps, &err), KD_OK);
                kd_profile_free(&parts[live - 1]);
            }
            assert_true(str_same(expected, encoded(&parts[0], arena)));
            assert_int_equal(parts[0].bytes, straight.bytes);
            kd_profile_free(&parts[0]);
        }
        kd_profile_free(&straight);
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

static void test_profile_round_trip(void **state)
{
    kd_arena *arena = kd_arena_new(1 << 24);
    kd_rng    rng;
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        kd_profile_caps caps;
        kd_profile      profile = { 0 }, back, again;
        kd_str          bytes;
        kd_err          err = { 0 };
        kd_rng_seed(&rng, 1000 + seed);
        caps = random_caps(&rng);
        for (size_t i = kd_rng_below(&rng, 100); i; i--) {
            kd_fact fact = random_fact(&rng, arena);
            fold(&profile, &fact, &caps);
        }
        bytes = encoded(&profile, arena);
        assert_int_equal(kd_profile_decode(&back, bytes, &err), KD_OK);
        assert_true(str_same(bytes, encoded(&back, arena)));
        assert_int_equal(back.bytes, profile.bytes);
        for (int i = 0; i < 20; i++) { /* a decoded profile grows as the one that was never away */
            kd_fact fact = random_fact(&rng, arena);
            fold(&profile, &fact, &caps);
            fold(&back, &fact, &caps);
        }
        assert_true(str_same(encoded(&profile, arena), encoded(&back, arena)));
        assert_int_equal(kd_profile_decode(&again, encoded(&back, arena), &err), KD_OK);
        kd_profile_free(&profile);
        kd_profile_free(&back);
        kd_profile_free(&again);
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

static void check_damaged(const char *bytes, size_t len, kd_arena *arena)
{
    char      *copy = test_malloc(len + !len);
    kd_profile profile;
    kd_err     err = { 0 };
    kd_status  status;
    memcpy(copy, bytes, len);
    status = kd_profile_decode(&profile, (kd_str){ copy, len }, &err);
    assert_true(status == KD_OK || status == KD_CORRUPT || (status == KD_CONFLICT && len && copy[0] < 3)); /* its first byte became an older version */
    if (status == KD_OK) {
        kd_str     again = encoded(&profile, arena);
        kd_profile third;
        assert_int_equal(kd_profile_decode(&third, again, &err), KD_OK);
        assert_true(str_same(again, encoded(&third, arena)));
        kd_profile_free(&third);
    } else {
        assert_int_equal(profile.bytes, 0);
        assert_null(profile.recent);
    }
    kd_profile_free(&profile);
    test_free(copy);
}

static void test_profile_damaged(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 24);
    kd_profile_caps caps = { .recent = 6, .days = 4, .bought = 8, .traits = 4, .idents = 4, .trait_bytes = 40 };
    kd_rng          rng;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        kd_profile profile = { 0 };
        kd_str     bytes;
        char       copy[8192];
        kd_rng_seed(&rng, 2000 + seed);
        for (size_t i = 1 + kd_rng_below(&rng, 40); i; i--) {
            kd_fact fact = random_fact(&rng, arena);
            fold(&profile, &fact, &caps);
        }
        bytes = encoded(&profile, arena);
        assert_true(bytes.len < sizeof copy);
        for (int i = 0; i < 30; i++)
            check_damaged(bytes.ptr, kd_rng_below(&rng, (uint32_t)bytes.len), arena);
        for (int i = 0; i < 200; i++) {
            memcpy(copy, bytes.ptr, bytes.len);
            for (uint32_t flips = 1 + kd_rng_below(&rng, 3); flips; flips--)
                copy[kd_rng_below(&rng, (uint32_t)bytes.len)] ^= (char)(1 << kd_rng_below(&rng, 8));
            check_damaged(copy, bytes.len, arena);
        }
        kd_profile_free(&profile);
        kd_arena_reset(arena);
    }
    kd_arena_free(arena);
}

/* The nth allocation fails: KD_LIMIT, the profile as it was, nothing leaked. */
static void test_profile_out_of_memory(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 24);
    kd_profile_caps caps = kd_profile_caps_default();
    unsigned        failures = 0;
    kd_rng          rng;
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        kd_profile profile = { 0 }, other = { 0 }, decoded;
        kd_str     before;
        kd_err     err = { 0 };
        kd_rng_seed(&rng, 3000 + seed);
        for (int i = 0; i < 20; i++) {
            kd_fact fact = random_fact(&rng, arena);
            fold(i % 2 ? &profile : &other, &fact, &caps);
        }
        for (int i = 0; i < 4; i++) {
            kd_fact   fact = random_fact(&rng, arena);
            kd_status status = KD_LIMIT;
            for (unsigned nth = 1; status != KD_OK; nth++) {
                before = encoded(&profile, arena);
                fail_allocation(nth);
                status = i < 3 ? kd_profile_fold(&profile, &fact, &caps, &err) : kd_profile_merge(&profile, &other, &caps, &err);
                fail_allocation(0);
                assert_true(status == KD_OK || status == KD_LIMIT);
                if (status == KD_LIMIT) {
                    failures++;
                    assert_true(str_same(before, encoded(&profile, arena)));
                }
            }
        }
        before = encoded(&profile, arena);
        for (unsigned nth = 1;; nth++) {
            kd_status status;
            fail_allocation(nth);
            status = kd_profile_decode(&decoded, before, &err);
            fail_allocation(0);
            assert_true(status == KD_OK || status == KD_LIMIT);
            if (status == KD_OK)
                break;
            assert_int_equal(decoded.bytes, 0);
        }
        kd_profile_free(&decoded);
        kd_profile_free(&profile);
        kd_profile_free(&other);
        kd_arena_reset(arena);
    }
    assert_true(failures > 500);
    kd_arena_free(arena);
}

static void test_profile_facts(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 20);
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      p = { 0 };
    kd_fact_line    lines[] = { { KD_STR("a"), KD_STR("a-m"), 2, 10000000 }, { KD_STR("b"), { NULL, 0 }, 1, 5000000 },
                                { KD_STR("a"), KD_STR("a-l"), 1, 10000000 }, { KD_STR("voucher"), { NULL, 0 }, 1, -3000000 } };
    kd_fact         order = { .kind = KD_KIND_ORDER, .id = counted_id(1, T0), .time_ms = T0, .order_id = KD_STR("o1"),
                              .currency = { "EUR" }, .total_micro = 1, .lines = lines, .line_count = 4 };
    kd_fact         returned = line_fact(arena, KD_KIND_RETURN, T0 + KD_DAY_MS, "a", "a-m", 1, 10000000);
    kd_fact         cancelled = { .kind = KD_KIND_ORDER_CANCELLED, .id = counted_id(3, T0), .time_ms = T0 + 2 * KD_DAY_MS,
                                  .order_id = KD_STR("o1"), .currency = { "EUR" }, .total_micro = 7000000 };
    const kd_bought *a;
    (void)state;
    fold(&p, &order, &caps);
    fold(&p, &returned, &caps);
    fold(&p, &cancelled, &caps);
    a = kd_profile_bought(&p, kd_ref_of(KD_STR("a")));
    assert_int_equal(a->orders, 1);
    assert_int_equal(a->units, 3);
    assert_int_equal(a->returned, 1);
    assert_int_equal(a->first_ms, T0);
    assert_null(kd_profile_bought(&p, kd_ref_of(KD_STR("c"))));
    assert_int_equal(p.spent_count, 1);
    assert_int_equal(p.spent[0].bought_micro, 35000000);
    assert_int_equal(p.spent[0].returned_micro, 3000000 + 10000000 + 7000000); /* the voucher is money back; so is a total */
    assert_int_equal(kd_profile_counter(&p, KD_KIND_ORDER)->claimed, 0);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_ORDER)->count, 4);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_ORDER)->items[0].line, 3); /* newest first: the last line */
    assert_int_equal(kd_profile_recent(&p, KD_KIND_RETURN)->count, 2);        /* the cancelled order is one */
    assert_int_equal(kd_profile_recent(&p, KD_KIND_RETURN)->items[0].product, 0);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_RETURN)->items[0].topic, kd_ref_of(KD_STR("o1")));
    assert_null(kd_profile_recent(&p, KD_KIND_ORDER_CANCELLED));
    assert_null(kd_profile_counter(&p, KD_KIND_VIEW));
    kd_profile_free(&p);
    kd_arena_free(arena);
}

static kd_fact claimed(kd_fact fact)
{
    fact.claimed = true;
    return fact;
}

/* What is only claimed stands beside what is proven and never in it, whatever it is and however much of it comes. */
static void test_profile_claims_apart(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 22);
    kd_profile_caps caps = { .recent = 3, .days = 2, .bought = 4, .traits = 1, .idents = 1, .trait_bytes = 9 };
    kd_profile      p = { 0 };
    kd_fact         bought = line_fact(arena, KD_KIND_ORDER, T0, "a", "a-m", 2, 10000000);
    kd_ref          a = kd_ref_of(KD_STR("a"));
    (void)state;
    fold(&p, &bought, &caps);
    for (unsigned i = 0; i < 200; i++) { /* a flood of purchases and returns that anybody may have sent, in invented currencies */
        kd_fact order = claimed(line_fact(arena, KD_KIND_ORDER, T0 + 1 + i, text(arena, "p%u", i).ptr, "", 1, 1000000));
        kd_fact back = claimed(line_fact(arena, KD_KIND_RETURN, T0 + 1 + i, "a", "a-m", 1, 10000000));
        order.currency = back.currency = (kd_currency){ { 'A', (char)('A' + i / 26), (char)('A' + i % 26), 0 } };
        fold(&p, &order, &caps);
        fold(&p, &back, &caps);
    }
    assert_int_equal(p.bought_count, 1);
    assert_int_equal(kd_profile_bought(&p, a)->units, 2);
    assert_int_equal(kd_profile_bought(&p, a)->returned, 0);
    assert_null(kd_profile_bought(&p, p.claimed_bought[0].product == a ? p.claimed_bought[1].product : p.claimed_bought[0].product));
    assert_int_equal(p.claimed_bought_count, caps.bought);
    assert_int_equal(p.spent_count, 1);
    assert_string_equal(p.spent[0].currency.code, "EUR");
    assert_true(p.spent[0].bought_micro == 20000000 && p.spent[0].returned_micro == 0);
    assert_int_equal(p.claimed_spent_count, KD_PROFILE_CURRENCIES_MAX);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_ORDER)->count, 1);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_ORDER)->items[0].product, a);
    assert_null(kd_profile_recent(&p, KD_KIND_RETURN));
    assert_int_equal(kd_profile_claimed(&p, KD_KIND_ORDER)->count, caps.recent);
    assert_int_equal(kd_profile_claimed(&p, KD_KIND_RETURN)->count, caps.recent);
    assert_int_equal(kd_profile_counter(&p, KD_KIND_ORDER)->count, 201);
    assert_int_equal(kd_profile_counter(&p, KD_KIND_ORDER)->claimed, 200);
    assert_int_equal(kd_profile_counter(&p, KD_KIND_ORDER)->last_ms, T0 + 200);
    assert_true(kd_profile_counter(&p, KD_KIND_ORDER)->proven_first_ms == T0 && kd_profile_counter(&p, KD_KIND_ORDER)->proven_last_ms == T0);
    assert_int_equal(p.days[0].kind, KD_KIND_ORDER);
    assert_true(p.days[0].count == 201 && p.days[0].claimed == 200);
    p.trusts_claims = true;
    assert_true(kd_profile_bought(&p, p.claimed_bought[0].product) != NULL);
    kd_profile_free(&p);
    kd_arena_free(arena);
}

static kd_fact trait_fact(kd_arena *arena, uint64_t n, int64_t time_ms, bool claimed, const char *name, kd_str value)
{
    kd_trait *trait = KD_NEW(arena, kd_trait, 1);
    *trait = (kd_trait){ kd_str_z(name), value };
    return (kd_fact){ .kind = KD_KIND_IDENTIFY, .id = counted_id(n, time_ms), .time_ms = time_ms, .claimed = claimed,
                      .total_micro = KD_PRICE_NONE, .traits = trait, .trait_count = 1 };
}

static void test_profile_traits(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 20);
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      p = { 0 };
    char            big[2000];
    kd_fact         fact;
    (void)state;
    fact = trait_fact(arena, 1, T0, true, "city", KD_STR("\"Rome\""));
    fold(&p, &fact, &caps);
    assert_true(kd_str_is(kd_profile_trait(&p, "city")->value, "\"Rome\""));
    fact = trait_fact(arena, 2, T0 - 9, false, "city", KD_STR("\"Oslo\"")); /* older, but proven */
    fold(&p, &fact, &caps);
    fact = trait_fact(arena, 3, T0 + 9, true, "city", KD_STR("\"Kyoto\"")); /* newest, but claimed */
    fold(&p, &fact, &caps);
    assert_true(kd_str_is(kd_profile_trait(&p, "city")->value, "\"Oslo\""));
    assert_false(kd_profile_trait(&p, "city")->claimed);
    fact = trait_fact(arena, 4, T0, false, "city", KD_STR("\"Ulm\""));
    fold(&p, &fact, &caps);
    assert_true(kd_str_is(kd_profile_trait(&p, "city")->value, "\"Ulm\""));
    fact = trait_fact(arena, 6, T0 + 5, false, "city", KD_STR("\"Bonn\""));
    memset(fact.id.b, 0, sizeof fact.id.b); /* the later time, though the smaller id */
    fold(&p, &fact, &caps);
    assert_true(kd_str_is(kd_profile_trait(&p, "city")->value, "\"Bonn\""));
    memset(big, 'x', sizeof big);
    fact = trait_fact(arena, 5, T0, false, "essay", (kd_str){ big, sizeof big });
    fold(&p, &fact, &caps);
    assert_null(kd_profile_trait(&p, "essay")); /* not kept, and not cut */
    assert_null(kd_profile_trait(&p, "ci"));
    kd_profile_free(&p);
    kd_arena_free(arena);
}

/* A card is not pushed out by hundreds of cookies; a proven sight stays proven. */
static void test_profile_idents(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 20);
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      p = { 0 };
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        kd_ident idents[] = { { KD_KEY_CARD, KD_STR("4711"), i == 7 }, { KD_KEY_ANONYMOUS, text(arena, "cookie%u", i), false } };
        kd_fact  fact = { .kind = KD_KIND_PAGE, .id = counted_id(i, T0), .time_ms = T0 + i, .claimed = i != 7, .total_micro = KD_PRICE_NONE,
                          .idents = idents, .ident_count = 2 };
        fold(&p, &fact, &caps);
    }
    assert_int_equal(p.ident_count, caps.idents);
    assert_true(kd_str_is(p.idents[0].value, "cookie0"));
    assert_true(kd_str_is(p.idents[1].value, "cookie1"));
    assert_int_equal(p.idents[p.ident_count - 1].type, KD_KEY_CARD);
    assert_true(p.idents[p.ident_count - 1].proven);
    assert_int_equal(p.idents[p.ident_count - 1].first_ms, T0);
    assert_int_equal(p.idents[p.ident_count - 1].last_ms, T0 + 299);
    assert_false(p.idents[0].proven);
    assert_false(kd_profile_believes(&p));
    kd_profile_free(&p);
    kd_arena_free(arena);
}

/* What the caps leave is the newest days and lines, the smallest hashes and codes. */
static void test_profile_caps(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 20);
    kd_profile_caps caps = { .recent = 3, .days = 2, .bought = 4, .traits = 1, .idents = 1, .trait_bytes = 9 };
    kd_profile      p = { 0 };
    kd_ref          smallest = UINT64_MAX;
    (void)state;
    for (int i = 0; i < 40; i++) {
        kd_fact fact = line_fact(arena, KD_KIND_ORDER, T0 + (i * 7 % 40) * KD_DAY_MS, text(arena, "p%d", i).ptr, "", 1, 1);
        kd_ref  product = kd_ref_of(fact.lines[0].product);
        fact.currency = (kd_currency){ { 'A', 'A', (char)('A' + i % 26), 0 } };
        smallest = product < smallest ? product : smallest;
        fold(&p, &fact, &caps);
        fact.kind = KD_KIND_VIEW;
        fold(&p, &fact, &caps);
    }
    assert_int_equal(p.day_count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(p.days[i].day, kd_day(T0 + (38 + i % 2) * KD_DAY_MS));
    assert_int_equal(kd_profile_recent(&p, KD_KIND_VIEW)->count, 3);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_VIEW)->items[0].time_ms, T0 + 39 * KD_DAY_MS);
    assert_int_equal(kd_profile_recent(&p, KD_KIND_VIEW)->items[2].time_ms, T0 + 37 * KD_DAY_MS);
    assert_int_equal(p.bought_count, 4);
    assert_int_equal(p.bought[0].product, smallest);
    assert_int_equal(p.spent_count, KD_PROFILE_CURRENCIES_MAX);
    assert_string_equal(p.spent[0].currency.code, "AAA");
    assert_int_equal(kd_profile_counter(&p, KD_KIND_ORDER)->count, 40); /* counters forget nothing */
    kd_profile_free(&p);
    kd_arena_free(arena);
}

static void check_misordered(const kd_profile *p, const char *list, kd_arena *arena)
{
    kd_profile back;
    kd_err     err = { 0 };
    if (kd_profile_decode(&back, encoded(p, arena), &err) != KD_CORRUPT)
        fail_msg("accepted: %s out of order", list);
}

#define CHECK_MISORDERED(list, count)                                                                                    \
    do {                                                                                                                 \
        char swap[sizeof *p.list];                                                                                       \
        assert_true(p.count >= 2);                                                                                       \
        memcpy(swap, &p.list[0], sizeof swap);                                                                           \
        p.list[0] = p.list[1];                                                                                           \
        memcpy(&p.list[1], swap, sizeof swap);                                                                           \
        check_misordered(&p, #list, arena);                                                                              \
        p.list[1] = p.list[0];                                                                                           \
        memcpy(&p.list[0], swap, sizeof swap);                                                                           \
    } while (0)

/* Bytes that no fold would write are not a profile: each list out of order. */
static void test_profile_misordered(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 20);
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      p = { 0 };
    kd_rng          rng;
    (void)state;
    kd_rng_seed(&rng, 5);
    for (int i = 0; i < 120; i++) {
        kd_fact fact = random_fact(&rng, arena);
        fold(&p, &fact, &caps);
    }
    CHECK_MISORDERED(counters, counter_count);
    CHECK_MISORDERED(days, day_count);
    CHECK_MISORDERED(bought, bought_count);
    CHECK_MISORDERED(spent, spent_count);
    CHECK_MISORDERED(claimed_bought, claimed_bought_count);
    CHECK_MISORDERED(claimed_spent, claimed_spent_count);
    CHECK_MISORDERED(recent, recent_count);
    CHECK_MISORDERED(recent[0].items, recent[0].count);
    CHECK_MISORDERED(traits, trait_count);
    CHECK_MISORDERED(stated, stated_count);
    CHECK_MISORDERED(consents, consent_count);
    CHECK_MISORDERED(idents, ident_count);
    kd_profile_free(&p);
    kd_arena_free(arena);
}

static kd_profile typical(kd_arena *arena, unsigned events)
{
    static const kd_kind kinds[] = { KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_CART_ADD, KD_KIND_VIEW, KD_KIND_ORDER };
    kd_profile_caps      caps = kd_profile_caps_default();
    kd_profile           p = { 0 };
    kd_ident             idents[] = { { KD_KEY_ANONYMOUS, KD_STR("6f8a3c5e-1d2b-4c7f-9e0a-5b4c3d2e1f0a"), true },
                                      { KD_KEY_USER, KD_STR("user-10482"), true }, { KD_KEY_EMAIL, KD_STR("ada.lovelace@example.org"), true } };
    kd_trait             traits[] = { { KD_STR("email"), KD_STR("\"ada.lovelace@example.org\"") }, { KD_STR("firstName"), KD_STR("\"Ada\"") },
                                      { KD_STR("city"), KD_STR("\"Hamburg\"") } };
    for (unsigned i = 0; i < events; i++) {
        kd_fact fact = line_fact(arena, kinds[i % 6], T0 + i * 7 * HOUR_MS + i * 977, text(arena, "product-%u", i % 11).ptr,
                                 text(arena, "product-%u-m", i % 11).ptr, 1, 19990000 + (int64_t)(i % 7) * 10000000);
        fact.order_id = fact.kind == KD_KIND_ORDER ? text(arena, "A-%u", i) : (kd_str){ NULL, 0 };
        fact.id = counted_id(i, fact.time_ms);
        fact.idents = idents;
        fact.ident_count = 1;
        fact.claimed = i % 12 == 11; /* every other order comes from the browser alone */
        if (i % 4 == 3)
            fact.consent = (kd_consent){ .granted = KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE) | KD_PURPOSE_BIT(KD_PURPOSE_ANALYSE),
                                         .refused = KD_PURPOSE_BIT(KD_PURPOSE_SHARE), .source = KD_STR("context") };
        if (i == 3) {
            fact.ident_count = 3;
            fact.traits = traits;
            fact.trait_count = 3;
        }
        fold(&p, &fact, &caps);
    }
    if (events > 20) {
        kd_trait stated[] = { { KD_STR("size.Schuhe"), KD_STR("[\"42\",\"42.5\"]") }, { KD_STR("topic.running"), KD_STR("true") } };
        kd_fact  fact = { .kind = KD_KIND_PREFERENCE, .id = counted_id(7, T0), .time_ms = T0, .total_micro = KD_PRICE_NONE, .traits = stated, .trait_count = 2 };
        fold(&p, &fact, &caps);
    }
    return p;
}

static void test_profile_size(void **state)
{
    kd_arena             *arena = kd_arena_new(1 << 20);
    static const unsigned events[] = { 5, 15, 60, 500 };
    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        kd_profile p = typical(arena, events[i]);
        size_t     len = encoded(&p, arena).len;
        print_message("profile of %u events: %zu bytes stored, %zu in memory\n", events[i], len, p.bytes);
        if (events[i] == 15)
            assert_true(len <= 1536);
        kd_profile_free(&p);
    }
    kd_arena_free(arena);
}

static void test_profile_golden(void **state)
{
    kd_arena  *arena = kd_arena_new(1 << 20);
    kd_profile p = typical(arena, 40), back;
    kd_str     now = encoded(&p, arena), old = golden("profile_v3.bin", now, arena);
    kd_err     err = { 0 };
    (void)state;
    assert_true(p.claimed_bought_count > 1 && p.bought_count > 1);
    assert_int_equal(kd_profile_decode(&back, old, &err), KD_OK);
    assert_true(str_same(now, old));
    assert_true(str_same(now, encoded(&back, arena)));
    kd_profile_free(&p);
    kd_profile_free(&back);
    for (int version = 1; version <= 2; version++) { /* what they lack stands in the log: they are known, and folded anew (customer/people.h) */
        old = stored(version == 1 ? "profile_v1.bin" : "profile_v2.bin", arena);
        assert_int_equal(kd_profile_decode(&back, old, &err), KD_CONFLICT);
        assert_int_equal(back.bytes, 0);
    }
    kd_arena_free(arena);
}

/* What is claimed states no preference; a value that is taken back stays as null, so that an older one cannot come back. */
static void test_profile_stated(void **state)
{
    kd_arena       *arena = kd_arena_new(1 << 20);
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      p = { 0 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        kd_fact fact = trait_fact(arena, (uint64_t)i, T0 + i, i == 2, "color", i ? KD_STR("null") : KD_STR("[\"navy\"]"));
        fact.kind = KD_KIND_PREFERENCE;
        fold(&p, &fact, &caps);
    }
    assert_null(kd_profile_trait(&p, "color"));
    assert_true(kd_str_is(kd_profile_stated(&p, "color")->value, "null"));
    assert_int_equal(kd_profile_stated(&p, "color")->time_ms, T0 + 1);
    kd_profile_free(&p);
    kd_arena_free(arena);
}

int run_profile_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_is_a_monoid), cmocka_unit_test(test_profile_round_trip), cmocka_unit_test(test_profile_damaged),
        cmocka_unit_test(test_profile_out_of_memory), cmocka_unit_test(test_profile_facts), cmocka_unit_test(test_profile_claims_apart),
        cmocka_unit_test(test_profile_traits),
        cmocka_unit_test(test_profile_idents), cmocka_unit_test(test_profile_caps), cmocka_unit_test(test_profile_misordered),
        cmocka_unit_test(test_profile_stated), cmocka_unit_test(test_profile_size), cmocka_unit_test(test_profile_golden),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}

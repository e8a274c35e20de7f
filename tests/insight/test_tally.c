/* The tally: the same counts in any order and after any stop, inside its bounds, whatever bytes it is given. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "insight/tally.h"

static const int64_t T0 = 1790000000000;
enum { EVENTS = 3000 };

static kd_id id_of(uint64_t n)
{
    kd_id id = { { 1 } };
    memcpy(id.b + 8, &n, sizeof n);
    return id;
}

typedef struct sample { kd_stored stored; kd_fact fact; kd_fact_line lines[2]; } sample;

static sample *make_samples(size_t count, uint64_t seed)
{
    static const kd_str  sources[] = { { "shop", 4 }, { "till", 4 }, { NULL, 0 }, { "app", 3 } };
    static const kd_kind kinds[] = { KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_ORDER, KD_KIND_RETURN, KD_KIND_ORDER_CANCELLED, KD_KIND_IDENTIFY };
    static const char   *codes[] = { "EUR", "CHF", "" };
    sample              *all = calloc(count, sizeof *all);
    kd_rng               rng;
    kd_rng_seed(&rng, seed);
    for (size_t i = 0; i < count; i++) {
        sample *s = &all[i];
        s->lines[0] = (kd_fact_line){ KD_STR("P1"), { NULL, 0 }, 1 + (int32_t)kd_rng_below(&rng, 3), (int64_t)kd_rng_below(&rng, 1000) * 10000 };
        s->lines[1] = (kd_fact_line){ KD_STR("P2"), { NULL, 0 }, 1, kd_rng_below(&rng, 4) ? 5000000 : KD_PRICE_NONE };
        s->fact = (kd_fact){ .kind = kinds[kd_rng_below(&rng, 6)], .claimed = kd_rng_below(&rng, 4) == 0, .time_ms = T0 - (int64_t)kd_rng_below(&rng, 40 * 86400) * 1000,
                             .source = sources[kd_rng_below(&rng, 4)], .total_micro = KD_PRICE_NONE, .lines = s->lines, .line_count = kd_rng_below(&rng, 3) };
        strcpy(s->fact.currency.code, codes[kd_rng_below(&rng, 3)]);
        s->stored = (kd_stored){ .fact = &s->fact, .person = id_of(kd_rng_below(&rng, 500)), .offset = (int64_t)i + 1, .first = kd_rng_below(&rng, 6) == 0,
                                 .received_ms = T0 - (int64_t)kd_rng_below(&rng, 3 * 86400) * 1000 };
    }
    return all;
}

static void shuffle(sample *all, size_t count, uint64_t seed)
{
    kd_rng rng;
    kd_rng_seed(&rng, seed);
    for (size_t i = count; i > 1; i--) {
        size_t other = kd_rng_below(&rng, (uint32_t)i);
        sample swap = all[i - 1];
        all[i - 1] = all[other];
        all[other] = swap;
    }
    for (size_t i = 0; i < count; i++) {
        all[i].fact.lines = all[i].lines;
        all[i].stored.fact = &all[i].fact;
    }
}

static void reload(kd_tally *t) /* as a restart does */
{
    kd_buf   state;
    kd_cut   cut;
    kd_err   err = { 0 };
    size_t   count = t->day_count;
    kd_buf  *days = calloc(count + 1, sizeof *days);
    kd_buf_init(&state, NULL);
    kd_tally_encode(&state, t);
    for (size_t i = 0; i < count; i++) {
        kd_buf_init(&days[i], NULL);
        kd_tally_day_encode(&days[i], t->days[i]);
    }
    kd_tally_free(t);
    cut = kd_cut_from(state.ptr, state.len);
    assert_int_equal(kd_tally_decode(t, &cut, &err), KD_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(kd_tally_day_decode(t, kd_buf_str(&days[i]), &err), KD_OK);
        kd_buf_free(&days[i]);
    }
    free(days);
    kd_buf_free(&state);
}

static const kd_tally_cell *cell_of(const kd_tally *t, const kd_tally_day *day, kd_str source)
{
    for (uint32_t i = 0; day && i < day->cell_count; i++) {
        const kd_tally_source *s = &t->sources[day->cells[i].source];
        if (kd_str_eq((kd_str){ s->name, s->name_len }, source))
            return &day->cells[i];
    }
    return NULL;
}

static const kd_tally_money *money_of(const kd_tally_cell *cell, const kd_tally_money *like)
{
    for (uint32_t i = 0; i < cell->money_count; i++)
        if (cell->money[i].claimed == like->claimed && strcmp(cell->money[i].currency.code, like->currency.code) == 0)
            return &cell->money[i];
    return NULL;
}

/* By name: sources are numbered as they come. */
static void assert_same(const kd_tally *a, const kd_tally *b)
{
    assert_int_equal(a->day_count, b->day_count);
    assert_int_equal(a->events, b->events);
    assert_int_equal(a->newest_ms, b->newest_ms);
    assert_int_equal(a->source_count, b->source_count);
    assert_memory_equal(a->minutes, b->minutes, sizeof a->minutes);
    assert_memory_equal(a->active, b->active, sizeof a->active);
    for (size_t d = 0; d < a->day_count; d++) {
        const kd_tally_day *x = a->days[d], *y = b->days[d];
        assert_int_equal(x->day, y->day);
        assert_int_equal(x->new_people, y->new_people);
        assert_int_equal(x->cell_count, y->cell_count);
        assert_memory_equal(x->sketch, y->sketch, sizeof x->sketch);
        for (uint32_t c = 0; c < x->cell_count; c++) {
            const kd_tally_source *s = &a->sources[x->cells[c].source];
            const kd_tally_cell   *p = &x->cells[c], *q = cell_of(b, y, (kd_str){ s->name, s->name_len });
            assert_non_null(q);
            assert_true(p->events == q->events && p->orders == q->orders && p->claimed_orders == q->claimed_orders && p->money_count == q->money_count);
            for (uint32_t m = 0; m < p->money_count; m++) {
                const kd_tally_money *other = money_of(q, &p->money[m]);
                assert_non_null(other);
                assert_true(other->bought_micro == p->money[m].bought_micro && other->returned_micro == p->money[m].returned_micro);
            }
        }
    }
    for (size_t i = 0; i < a->source_count; i++) {
        kd_tally_source *other = kd_tally_source_of((kd_tally *)(uintptr_t)b, (kd_str){ a->sources[i].name, a->sources[i].name_len });
        assert_int_equal(other->events, a->sources[i].events);
        assert_int_equal(other->last_ms, a->sources[i].last_ms);
        assert_memory_equal(other->hours, a->sources[i].hours, sizeof other->hours);
    }
}

static void test_any_order_and_any_stop(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        kd_tally straight, other;
        sample  *all = make_samples(EVENTS, seed);
        kd_rng   rng;
        kd_rng_seed(&rng, seed + 100);
        kd_tally_init(&straight);
        kd_tally_init(&other);
        for (size_t i = 0; i < EVENTS; i++)
            assert_true(kd_tally_add(&straight, &all[i].stored));
        shuffle(all, EVENTS, seed + 200);
        for (size_t i = 0; i < EVENTS; i++) {
            assert_true(kd_tally_add(&other, &all[i].stored));
            if (kd_rng_below(&rng, 500) == 0)
                reload(&other);
        }
        assert_same(&straight, &other);
        kd_tally_free(&straight);
        kd_tally_free(&other);
        free(all);
    }
}

/* Against a plain count of everything, kept exactly. */
static void test_equals_a_plain_count(void **state)
{
    kd_tally t;
    sample  *all = make_samples(EVENTS, 77);
    (void)state;
    kd_tally_init(&t);
    for (size_t i = 0; i < EVENTS; i++)
        kd_tally_add(&t, &all[i].stored);
    for (size_t d = 0; d < t.day_count; d++) {
        uint64_t events = 0, orders = 0, claimed = 0, fresh = 0, people = 0, counted = 0, counted_orders = 0, counted_claimed = 0;
        int64_t  eur = 0, counted_eur = 0;
        bool     seen[500] = { false };
        for (size_t i = 0; i < EVENTS; i++) {
            const sample *s = &all[i];
            kd_spent      spent;
            uint64_t      person;
            if (kd_day(s->fact.time_ms) != t.days[d]->day)
                continue;
            memcpy(&person, s->stored.person.b + 8, sizeof person);
            people += !seen[person];
            seen[person] = true;
            events++;
            fresh += s->stored.first;
            orders += s->fact.kind == KD_KIND_ORDER && !s->fact.claimed;
            claimed += s->fact.kind == KD_KIND_ORDER && s->fact.claimed;
            if (s->fact.kind == KD_KIND_ORDER && !s->fact.claimed && strcmp(s->fact.currency.code, "EUR") == 0 && kd_fact_spent(&spent, &s->fact))
                eur += spent.bought_micro;
        }
        for (uint32_t c = 0; c < t.days[d]->cell_count; c++) {
            const kd_tally_cell *cell = &t.days[d]->cells[c];
            counted += cell->events;
            counted_orders += cell->orders;
            counted_claimed += cell->claimed_orders;
            for (uint32_t m = 0; m < cell->money_count; m++)
                if (!cell->money[m].claimed && strcmp(cell->money[m].currency.code, "EUR") == 0)
                    counted_eur += cell->money[m].bought_micro;
        }
        assert_int_equal(counted, events);
        assert_int_equal(counted_orders, orders);
        assert_int_equal(counted_claimed, claimed);
        assert_int_equal(counted_eur, eur);
        assert_int_equal(t.days[d]->new_people, fresh);
        assert_true(kd_tally_people(t.days[d]) > 0.95 * (double)people - 1 && kd_tally_people(t.days[d]) < 1.05 * (double)people + 1);
    }
    kd_tally_free(&t);
    free(all);
}

static void test_bounds(void **state)
{
    kd_tally t;
    sample  *s = make_samples(1, 5);
    char     name[32];
    (void)state;
    kd_tally_init(&t);
    s->fact.kind = KD_KIND_VIEW;
    for (int32_t day = 0; day < KD_TALLY_DAYS + 100; day++) { /* forwards: the oldest fall out */
        s->fact.time_ms = (int64_t)day * KD_DAY_MS;
        assert_true(kd_tally_add(&t, &s->stored));
    }
    assert_int_equal(t.day_count, KD_TALLY_DAYS);
    assert_int_equal(t.days[0]->day, 100);
    assert_int_equal(t.gone_count, 100);
    s->fact.time_ms = 5 * KD_DAY_MS; /* one that fell out does not come back */
    assert_false(kd_tally_add(&t, &s->stored));
    assert_int_equal(t.left_out, 1);
    assert_null(kd_tally_day_of(&t, 5));
    reload(&t);
    assert_int_equal(t.day_count, KD_TALLY_DAYS);
    kd_tally_clean(&t);
    assert_int_equal(t.gone_count, 0);
    s->fact.time_ms = 4000 * KD_DAY_MS;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "source-%d", i);
        s->fact.source = kd_str_z(name);
        assert_true(kd_tally_add(&t, &s->stored));
    }
    assert_int_equal(t.source_count, KD_TALLY_SOURCES);
    assert_memory_equal(t.sources[KD_TALLY_SOURCES - 1].name, "(others)", 8);
    assert_int_equal(t.sources[KD_TALLY_SOURCES - 1].events, 200 - (KD_TALLY_SOURCES - 2)); /* "shop", 62 of these, and the others */
    s->fact.kind = KD_KIND_ORDER;
    s->fact.line_count = 0;
    for (int i = 0; i < 26; i++) {
        s->fact.total_micro = INT64_MAX / 2;
        snprintf(s->fact.currency.code, sizeof s->fact.currency.code, "A%cA", 'A' + i);
        assert_int_equal(kd_tally_add(&t, &s->stored), i < KD_TALLY_MONIES);
    }
    for (int i = 0; i < 4; i++) { /* sums stop at what can be written */
        strcpy(s->fact.currency.code, "AAA");
        kd_tally_add(&t, &s->stored);
    }
    reload(&t);
    kd_tally_free(&t);
    free(s);
}

/* Damaged bytes are refused or read as something that can be counted on and freed. */
static void test_damaged(void **state)
{
    kd_tally t;
    sample  *all = make_samples(400, 9);
    kd_buf   bytes, day;
    kd_rng   rng;
    (void)state;
    kd_rng_seed(&rng, 3);
    kd_tally_init(&t);
    for (size_t i = 0; i < 400; i++)
        kd_tally_add(&t, &all[i].stored);
    kd_buf_init(&bytes, NULL);
    kd_buf_init(&day, NULL);
    kd_tally_encode(&bytes, &t);
    kd_tally_day_encode(&day, t.days[3]);
    kd_tally_free(&t);
    for (int i = 0; i < 4000; i++) {
        const kd_buf *from = i % 2 ? &bytes : &day;
        size_t        len = kd_rng_below(&rng, 3) ? from->len : kd_rng_below(&rng, (uint32_t)from->len);
        char         *copy = malloc(len + 1); /* the exact length, so that the sanitizer sees a byte too far */
        kd_err        err = { 0 };
        copy = realloc(copy, len ? len : 1);
        memcpy(copy, from->ptr, len);
        for (uint32_t flips = len ? kd_rng_below(&rng, 4) : 0; flips; flips--)
            copy[kd_rng_below(&rng, (uint32_t)(len < 200 ? len : 200))] ^= (char)(1 << kd_rng_below(&rng, 8));
        if (i % 2) {
            kd_cut cut = kd_cut_from(copy, len);
            kd_tally_decode(&t, &cut, &err);
        } else {
            kd_tally_day_decode(&t, (kd_str){ copy, len }, &err);
        }
        if (err.status == KD_OK)
            kd_tally_add(&t, &all[i % 400].stored);
        kd_tally_free(&t);
        free(copy);
    }
    kd_buf_free(&bytes);
    kd_buf_free(&day);
    free(all);
}

int run_tally_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_and_any_stop), cmocka_unit_test(test_equals_a_plain_count), cmocka_unit_test(test_bounds), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}

/* One customer as a pure function of evidence: the rules one by one, and the laws over evidence at random. */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "customer/customers.h"
#include "customer/walk.h"

enum { ARENA_BYTES = 512 * 1024 * 1024, ROWS_MAX = 4096 };

typedef struct world { kd_link rows[ROWS_MAX]; size_t count; kd_arena *arena; } world;

static world *world_new(void)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->arena = kd_arena_new(ARENA_BYTES);
    return w;
}

static void world_free(world *w)
{
    kd_arena_free(w->arena);
    free(w);
}

/* Persons by number; the type goes with the number so that nobody is two things. */
static const uint8_t types_of[] = { KD_KEY_USER, KD_KEY_ANONYMOUS, KD_KEY_EMAIL, KD_KEY_CARD, KD_KEY_PHONE, KD_KEY_USER, KD_KEY_ANONYMOUS, KD_KEY_TILL,
                                    KD_KEY_DEVICE, KD_KEY_RECEIPT, KD_KEY_OWN_FIRST };
static kd_id person(unsigned n) { return counted_id(n + 1, T0); }
static uint8_t type_of(unsigned n) { return n >= 1000 ? (uint8_t)(n / 1000) : types_of[n % (sizeof types_of)]; }
/* 1000 * type + n: a person of a type, said by the test. */
#define USER(n) (KD_KEY_USER * 1000u + (n))
#define BROWSER(n) (KD_KEY_ANONYMOUS * 1000u + (n))
#define EMAIL(n) (KD_KEY_EMAIL * 1000u + (n))
#define CARD(n) (KD_KEY_CARD * 1000u + (n))
#define PHONE(n) (KD_KEY_PHONE * 1000u + (n))

static kd_link row(unsigned a, unsigned b, uint8_t kind, int64_t time_ms)
{
    return (kd_link){ .person = person(a), .other = person(b), .kind = kind, .proven = true, .time_ms = time_ms, .last_ms = time_ms,
                      .event = counted_id(a * 7 + b, time_ms), .person_type = type_of(a), .other_type = type_of(b) };
}

static void say(world *w, unsigned a, unsigned b, uint8_t kind, int64_t time_ms)
{
    assert_true(w->count + 2 <= ROWS_MAX);
    w->rows[w->count++] = row(a, b, kind, time_ms);
    w->rows[w->count++] = row(b, a, kind, time_ms);
    w->rows[w->count - 1].event = w->rows[w->count - 2].event;
}

static void take_back(world *w, unsigned a, unsigned b, uint8_t kind, int64_t time_ms)
{
    say(w, a, b, kind, time_ms);
    for (size_t i = w->count - 2; i < w->count; i++) {
        w->rows[i].time_ms = INT64_MAX;
        w->rows[i].last_ms = INT64_MIN;
        w->rows[i].taken_back_ms = time_ms;
        w->rows[i].event = (kd_id){ { 0 } };
    }
}

static kd_graph resolve(world *w)
{
    kd_graph g;
    kd_err   err = { 0 };
    assert_int_equal(kd_graph_resolve(&g, w->rows, w->count, kd_namespaces_builtin(), w->arena, &err), KD_OK);
    return g;
}

static bool one(const kd_graph *g, unsigned a, unsigned b)
{
    size_t x = kd_graph_find(g, person(a)), y = kd_graph_find(g, person(b));
    return x != SIZE_MAX && y != SIZE_MAX && g->customer[x] == g->customer[y];
}

static kd_verdict why(const kd_graph *g, unsigned a)
{
    return (kd_verdict)g->why[kd_graph_find(g, person(a))];
}

static kd_verdict verdict(const kd_graph *g, unsigned a, unsigned b, uint8_t kind)
{
    size_t x = kd_graph_find(g, person(a)), y = kd_graph_find(g, person(b));
    for (size_t i = 0; i < g->edge_count; i++)
        if (g->edges[i].kind == kind && g->edges[i].a == (x < y ? x : y) && g->edges[i].b == (x < y ? y : x))
            return (kd_verdict)g->edges[i].verdict;
    fail_msg("no such evidence");
    return KD_VERDICT_USED;
}

/* ---- the rules -------------------------------------------------------------------------------------------------------------- */

static void test_what_joins(void **state)
{
    world   *w = world_new();
    kd_graph g;
    (void)state;
    say(w, USER(1), BROWSER(1), KD_LINK_LOGIN, T0);
    say(w, USER(1), EMAIL(1), KD_LINK_LOGIN, T0 + 1);
    say(w, USER(2), USER(1), KD_LINK_ALIAS, T0 + 2);
    say(w, CARD(1), USER(2), KD_LINK_CARD, T0 + 3);
    w->rows[w->count] = row(USER(1), BROWSER(9), KD_LINK_LOGIN, T0); /* half of it: the other side never came */
    w->count++;
    say(w, USER(1), BROWSER(8), KD_LINK_LOGIN, T0);
    w->rows[w->count - 1].proven = w->rows[w->count - 2].proven = false;
    g = resolve(w);
    assert_true(one(&g, USER(1), BROWSER(1)) && one(&g, USER(1), EMAIL(1)) && one(&g, USER(1), USER(2)) && one(&g, CARD(1), BROWSER(1)));
    assert_false(one(&g, USER(1), BROWSER(9)));
    assert_false(one(&g, USER(1), BROWSER(8)));
    assert_int_equal(verdict(&g, USER(1), BROWSER(9), KD_LINK_LOGIN), KD_VERDICT_HALF);
    assert_int_equal(verdict(&g, USER(1), BROWSER(8), KD_LINK_LOGIN), KD_VERDICT_CLAIMED);
    take_back(w, USER(2), USER(1), KD_LINK_ALIAS, T0 + 2);
    g = resolve(w);
    assert_false(one(&g, USER(1), USER(2)));
    assert_int_equal(verdict(&g, USER(1), USER(2), KD_LINK_ALIAS), KD_VERDICT_TAKEN_BACK);
    say(w, USER(2), USER(1), KD_LINK_ALIAS, T0 + 3); /* newer than that */
    g = resolve(w);
    assert_true(one(&g, USER(1), USER(2)));
    world_free(w);
}

static void test_two_user_ids(void **state)
{
    world   *w = world_new();
    kd_graph g;
    (void)state;
    say(w, USER(1), BROWSER(1), KD_LINK_LOGIN, T0); /* a tablet */
    say(w, USER(2), BROWSER(1), KD_LINK_LOGIN, T0 + 1);
    say(w, USER(1), EMAIL(1), KD_LINK_LOGIN, T0);   /* a couple's e-mail, verified for both */
    say(w, USER(2), EMAIL(1), KD_LINK_VERIFIED, T0 + 1);
    say(w, BROWSER(1), USER(3), KD_LINK_ALIAS, T0); /* SDKs alias at every login */
    say(w, EMAIL(1), BROWSER(5), KD_LINK_VERIFIED, T0);
    g = resolve(w);
    assert_false(one(&g, USER(1), USER(2)));
    assert_int_equal(why(&g, BROWSER(1)), KD_VERDICT_TWO_USERS);
    assert_int_equal(why(&g, EMAIL(1)), KD_VERDICT_TWO_USERS);
    assert_false(one(&g, EMAIL(1), USER(1)) || one(&g, BROWSER(1), USER(2)) || one(&g, EMAIL(1), BROWSER(5)));
    say(w, USER(1), USER(2), KD_LINK_ALIAS, T0 + 9); /* they are one after all: then the e-mail is theirs, the tablet is USER 3's too */
    g = resolve(w);
    assert_true(one(&g, USER(1), USER(2)) && one(&g, EMAIL(1), USER(1)) && one(&g, BROWSER(5), USER(2)));
    assert_int_equal(why(&g, BROWSER(1)), KD_VERDICT_TWO_USERS);
    say(w, USER(3), USER(2), KD_LINK_STAFF, T0 + 10);
    g = resolve(w);
    assert_true(one(&g, BROWSER(1), USER(3)));
    say(w, USER(1), USER(3), KD_LINK_APART, T0 + 11); /* the alias is weaker than staff's word */
    g = resolve(w);
    assert_false(one(&g, USER(1), USER(3)));
    assert_true(one(&g, USER(2), USER(3)));
    assert_int_equal(verdict(&g, USER(1), USER(2), KD_LINK_ALIAS), KD_VERDICT_APART);
    world_free(w);
}

static void test_what_was_typed(void **state)
{
    world   *w = world_new();
    kd_graph g;
    (void)state;
    say(w, EMAIL(1), BROWSER(1), KD_LINK_ORDER, T0); /* a guest */
    say(w, EMAIL(1), PHONE(1), KD_LINK_ORDER, T0);
    say(w, EMAIL(1), BROWSER(2), KD_LINK_ORDER, T0 + 5);
    say(w, USER(1), EMAIL(2), KD_LINK_LOGIN, T0);    /* an account; somebody types its e-mail */
    say(w, EMAIL(2), BROWSER(3), KD_LINK_ORDER, T0 + 1);
    say(w, EMAIL(3), BROWSER(4), KD_LINK_ORDER, T0); /* two guests at one tablet */
    say(w, EMAIL(4), BROWSER(4), KD_LINK_ORDER, T0 + 1);
    say(w, CARD(1), EMAIL(5), KD_LINK_CARD, T0);     /* a card, and a guest who uses another's */
    say(w, CARD(1), EMAIL(6), KD_LINK_ORDER, T0 + 1);
    g = resolve(w);
    assert_true(one(&g, EMAIL(1), BROWSER(1)) && one(&g, PHONE(1), BROWSER(2)));
    assert_false(one(&g, BROWSER(3), USER(1)) || one(&g, BROWSER(3), EMAIL(2)));
    assert_int_equal(verdict(&g, EMAIL(2), BROWSER(3), KD_LINK_ORDER), KD_VERDICT_TYPED);
    assert_false(one(&g, EMAIL(3), EMAIL(4)) || one(&g, EMAIL(3), BROWSER(4)));
    assert_int_equal(verdict(&g, EMAIL(3), BROWSER(4), KD_LINK_ORDER), KD_VERDICT_TWO_KEYS);
    assert_true(one(&g, CARD(1), EMAIL(5)));
    assert_false(one(&g, CARD(1), EMAIL(6)));
    say(w, USER(5), EMAIL(7), KD_LINK_ORDER, T0 + 1); /* somebody logged in tells an e-mail: theirs, unless the account has another */
    say(w, USER(1), EMAIL(8), KD_LINK_ORDER, T0 + 1);
    say(w, EMAIL(7), BROWSER(7), KD_LINK_ORDER, T0);  /* a guest who types it stays a guest, whoever came first */
    g = resolve(w);
    assert_true(one(&g, USER(5), EMAIL(7)));
    assert_false(one(&g, USER(1), EMAIL(8)) || one(&g, BROWSER(7), EMAIL(7)));
    assert_int_equal(verdict(&g, USER(1), EMAIL(8), KD_LINK_ORDER), KD_VERDICT_TWO_KEYS);
    world_free(w);
}

static void test_kiosks_chains_and_cycles(void **state)
{
    world   *w = world_new();
    kd_graph g;
    (void)state;
    for (unsigned i = 0; i < 26; i++)
        say(w, EMAIL(i), BROWSER(1), KD_LINK_VERIFIED, T0 + i); /* a kiosk without one login */
    for (unsigned i = 0; i < 300; i++)
        say(w, USER(i), USER((i + 1) % 300), KD_LINK_ALIAS, T0); /* a ring of aliases */
    g = resolve(w);
    assert_int_equal(why(&g, BROWSER(1)), KD_VERDICT_OVER_LIMIT);
    assert_false(one(&g, EMAIL(1), EMAIL(2)));
    assert_true(one(&g, USER(0), USER(150)));
    world_free(w);
}

/* ---- the laws --------------------------------------------------------------------------------------------------------------- */

static void random_world(world *w, kd_rng *rng, unsigned persons, unsigned pieces)
{
    static const uint8_t kinds[] = { KD_LINK_LOGIN, KD_LINK_LOGIN, KD_LINK_LOGIN, KD_LINK_ALIAS, KD_LINK_ORDER, KD_LINK_ORDER, KD_LINK_CARD, KD_LINK_VERIFIED,
                                     KD_LINK_STAFF, KD_LINK_APART, KD_LINK_TYPED };
    w->count = 0;
    for (unsigned i = 0; i < pieces; i++) {
        unsigned a = kd_rng_below(rng, persons), b = kd_rng_below(rng, persons);
        uint8_t  kind = kinds[kd_rng_below(rng, sizeof kinds)];
        int64_t  time_ms = T0 + kd_rng_below(rng, 6);
        if (a == b)
            continue;
        if (kd_rng_below(rng, 6) == 0)
            take_back(w, a, b, kind, time_ms);
        else
            say(w, a, b, kind, time_ms);
        if (kd_rng_below(rng, 20) == 0)
            w->count--; /* a crash came between */
        else if (kd_rng_below(rng, 15) == 0)
            w->rows[w->count - 1].proven = w->rows[w->count - 2].proven = false;
    }
}

static void shuffle(kd_link *rows, size_t count, kd_rng *rng)
{
    for (size_t i = count; i > 1; i--) {
        size_t  k = kd_rng_below(rng, (uint32_t)i);
        kd_link swap = rows[i - 1];
        rows[i - 1] = rows[k];
        rows[k] = swap;
    }
}

static void same_graph(const kd_graph *a, const kd_graph *b, uint64_t seed)
{
    assert_int_equal(a->person_count, b->person_count);
    for (size_t i = 0; i < a->person_count; i++)
        if (!kd_id_eq(a->persons[i], b->persons[i]) || a->customer[i] != b->customer[i] || a->why[i] != b->why[i])
            fail_msg("seed %llu: person %zu differs", (unsigned long long)seed, i);
    assert_int_equal(a->edge_count, b->edge_count);
    for (size_t i = 0; i < a->edge_count; i++)
        assert_true(a->edges[i].verdict == b->edges[i].verdict && a->edges[i].time_ms == b->edges[i].time_ms);
}

static void test_any_order_any_split(void **state)
{
    world *w = world_new();
    kd_rng rng;
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        kd_graph g, again;
        kd_rng_seed(&rng, seed);
        kd_arena_reset(w->arena);
        random_world(w, &rng, 4 + kd_rng_below(&rng, 30), 2 + kd_rng_below(&rng, 60));
        g = resolve(w);
        for (size_t i = 0, count = w->count; i < count && w->count < ROWS_MAX; i++)
            if (kd_rng_below(&rng, 3) == 0)
                w->rows[w->count++] = w->rows[i]; /* heard of again */
        shuffle(w->rows, w->count, &rng);
        again = resolve(w);
        same_graph(&g, &again, seed);
        for (size_t i = 0; i < g.person_count; i++) { /* what holds whatever the evidence was */
            assert_true(g.customer[i] <= i && g.customer[g.customer[i]] == g.customer[i]);
            if (g.why[i] == KD_VERDICT_OVER_LIMIT)
                assert_int_equal(g.customer[i], i);
        }
        for (size_t i = 0; i < g.edge_count; i++) {
            const kd_edge *e = &g.edges[i];
            if (e->kind == KD_LINK_APART && e->verdict == KD_VERDICT_USED)
                assert_true(g.customer[e->a] != g.customer[e->b]);
            else if (e->verdict == KD_VERDICT_USED)
                assert_true(g.customer[e->a] == g.customer[e->b]);
        }
    }
    world_free(w);
}

/* Two user ids are one customer only where aliases and staff alone lead from one to the other. */
static void test_weak_evidence_never_joins_two_user_ids(void **state)
{
    world *w = world_new(), *strong = world_new();
    kd_rng rng;
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        kd_graph g, s;
        kd_rng_seed(&rng, seed);
        kd_arena_reset(w->arena);
        kd_arena_reset(strong->arena);
        random_world(w, &rng, 24, 60);
        for (size_t i = strong->count = 0; i < w->count; i++)
            if (kd_strength_is_strong(kd_link_strength(w->rows[i].kind, w->rows[i].person_type, w->rows[i].other_type)))
                strong->rows[strong->count++] = w->rows[i];
        g = resolve(w);
        s = resolve(strong);
        for (size_t i = 0; i < g.person_count; i++)
            for (size_t k = i + 1; k < g.person_count; k++)
                if (g.types[i] == KD_KEY_USER && g.types[k] == KD_KEY_USER && g.customer[i] == g.customer[k]) {
                    size_t x = kd_graph_find(&s, g.persons[i]), y = kd_graph_find(&s, g.persons[k]);
                    if (x == SIZE_MAX || y == SIZE_MAX || s.customer[x] != s.customer[y])
                        fail_msg("seed %llu", (unsigned long long)seed);
                }
    }
    world_free(strong);
    world_free(w);
}

/* ---- through the store ------------------------------------------------------------------------------------------------------- */

typedef struct shop { char folder[64]; house house; kd_people *people; kd_customers *customers; } shop;

static void shop_open(shop *s, uint16_t groups)
{
    const kd_people_options options = { 64 << 20, 64 << 20, kd_profile_caps_default(), false };
    kd_err                  err = { 0 };
    temp_folder(s->folder);
    house_open(&s->house, s->folder, groups);
    assert_int_equal(kd_people_open(&s->people, s->house.store, s->house.vault, &options, &err), KD_OK);
    assert_int_equal(kd_customers_open(&s->customers, s->house.store, s->people, 1 << 20, &err), KD_OK);
}

static void shop_close(shop *s)
{
    kd_customers_close(s->customers);
    kd_people_close(s->people);
    house_close(&s->house);
    remove_folder(s->folder);
}

static void store_rows(shop *s, const kd_link *rows, size_t count)
{
    kd_err err = { 0 };
    for (size_t i = 0; i < count; i++) {
        kd_txn *txn;
        assert_int_equal(kd_txn_begin(&txn, s->house.store, kd_store_group_of(s->house.store, rows[i].person), &err), KD_OK);
        size_t n = 1;
        while (i + n < count && kd_store_group_of(s->house.store, rows[i + n].person) == kd_store_group_of(s->house.store, rows[i].person))
            n++;
        assert_int_equal(kd_txn_links_put(txn, rows + i, n, &err), KD_OK);
        assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
        i += n - 1;
    }
    for (size_t i = 0; i < count; i++)
        kd_customers_changed(s->customers, &rows[i].person, 1);
}

static void put_person(shop *s, kd_id id, uint8_t type)
{
    kd_profile_row row;
    uint8_t        secret[KD_SECRET_BYTES];
    kd_key         key = { type, { 1 } };
    kd_err         err = { 0 };
    kd_txn        *txn;
    assert_int_equal(kd_people_new(&row, secret, s->people, id, key, &err), KD_OK);
    assert_int_equal(kd_txn_begin(&txn, s->house.store, kd_store_group_of(s->house.store, id), &err), KD_OK);
    assert_int_equal(kd_txn_persons_put(txn, &row, 1, &err), KD_OK);
    assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
}

static void fold(shop *s, kd_id id, const kd_fact *fact, int64_t offset)
{
    kd_person *p;
    kd_err     err = { 0 };
    assert_int_equal(kd_people_acquire(&p, s->people, s->house.reader, id, &err), KD_OK);
    assert_int_equal(kd_person_fold(p, s->people, fact, offset, &err), KD_OK);
    kd_people_release(s->people, p);
}

/* A walk that reads what it needs comes to the customer that all evidence together gives. */
static void test_walk_is_the_whole(void **state)
{
    world *w = world_new();
    kd_rng rng;
    (void)state;
    for (uint64_t seed = 1; seed <= LONG_PROOF(40, 8); seed++) {
        shop     s;
        kd_graph g;
        unsigned persons = 8 + 22 * (unsigned)(seed % 4);
        kd_rng_seed(&rng, seed);
        kd_arena_reset(w->arena);
        random_world(w, &rng, persons, persons * 3 / (1 + (unsigned)(seed % 3)));
        shop_open(&s, seed % 2 ? 1 : 4);
        store_rows(&s, w->rows, w->count);
        g = resolve(w);
        for (size_t i = 0; i < g.person_count; i++) {
            kd_id *members;
            size_t count, expected = 0;
            kd_err err = { 0 };
            assert_int_equal(kd_customers_members(&members, &count, s.customers, s.house.reader, g.persons[i], w->arena, &err), KD_OK);
            for (size_t k = 0; k < g.person_count; k++)
                if (g.customer[k] == g.customer[i]) {
                    if (expected >= count || !kd_id_eq(members[expected], g.persons[k]))
                        fail_msg("seed %llu: person %zu has other members", (unsigned long long)seed, i);
                    expected++;
                }
            assert_int_equal(count, expected);
        }
        shop_close(&s);
    }
    world_free(w);
}

/* Evidence given and taken back in any order, asked between: the same customer and the same bytes, which are those of its
 * persons merged in any order. */
static void test_same_bytes(void **state)
{
    enum { PERSONS = 14 };
    world *w = world_new();
    kd_rng rng;
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        kd_str   first[PERSONS] = { 0 };
        kd_fact *facts = NULL;
        kd_rng_seed(&rng, seed);
        kd_arena_reset(w->arena);
        random_world(w, &rng, PERSONS, 40);
        facts = KD_NEW(w->arena, kd_fact, PERSONS * 3);
        for (int i = 0; i < PERSONS * 3; i++)
            facts[i] = random_fact(&rng, w->arena);
        for (int round = 0; round < 3; round++) {
            shop s;
            shop_open(&s, 1);
            for (unsigned i = 0; i < PERSONS; i++)
                if (i % 5)
                    put_person(&s, person(i), type_of(i));
            shuffle(w->rows, w->count, &rng);
            for (size_t i = 0, n; i < w->count; i += n) {
                n = 1 + kd_rng_below(&rng, 12);
                n = n < w->count - i ? n : w->count - i;
                store_rows(&s, w->rows + i, n);
                for (unsigned k = 0; k < PERSONS; k++) { /* what was kept must not stay */
                    kd_customer c;
                    if (kd_customers_acquire(&c, s.customers, s.house.reader, person(k), NULL) == KD_OK)
                        kd_customers_release(s.customers, &c);
                }
            }
            for (int i = 0; i < PERSONS * 3; i++)
                if ((i / 3) % 5)
                    fold(&s, person((unsigned)i / 3), &facts[i], i + 1);
            for (unsigned k = 0; k < PERSONS; k++) {
                kd_customer c;
                kd_err      err = { 0 };
                kd_str      bytes = { 0 };
                kd_status   status = kd_customers_acquire(&c, s.customers, s.house.reader, person(k), &err);
                kd_id       members[KD_CUSTOMER_PERSONS_MAX];
                size_t      count = 0;
                if (status == KD_OK) {
                    bytes = encoded(c.profile, w->arena);
                    count = c.person_count;
                    memcpy(members, c.persons, count * sizeof *members);
                    kd_customers_release(s.customers, &c);
                } else {
                    assert_int_equal(status, KD_NOT_FOUND);
                }
                if (round == 0)
                    first[k] = bytes;
                else if (first[k].len != bytes.len || (bytes.len && !str_same(first[k], bytes)))
                    fail_msg("seed %llu, person %u: other bytes", (unsigned long long)seed, k);
                if (count) {
                    kd_profile merged = { 0 };
                    for (size_t i = count; i-- > 0;) {
                        kd_person *p;
                        if (kd_people_acquire(&p, s.people, s.house.reader, members[i], NULL) != KD_OK)
                            continue;
                        assert_int_equal(kd_profile_merge(&merged, &p->profile, kd_people_caps(s.people), &err), KD_OK);
                        kd_people_release(s.people, p);
                    }
                    assert_true(str_same(bytes, encoded(&merged, w->arena)));
                    kd_profile_free(&merged);
                }
            }
            shop_close(&s);
        }
    }
    world_free(w);
}

/* What a decision asks after evidence came or went, and after a fold. */
static void test_the_next_question_sees_it(void **state)
{
    shop        s;
    kd_arena   *arena = kd_arena_new(1 << 20);
    kd_err      err = { 0 };
    kd_customer c;
    kd_fact     bought = line_fact(arena, KD_KIND_ORDER, T0, "boots", "", 1, 1000000), seen = line_fact(arena, KD_KIND_VIEW, T0, "hat", "", 1, 1000000);
    kd_link     login = row(USER(1), BROWSER(1), KD_LINK_LOGIN, T0), email = row(USER(1), EMAIL(1), KD_LINK_LOGIN, T0);
    (void)state;
    shop_open(&s, 4);
    put_person(&s, person(USER(1)), KD_KEY_USER);
    put_person(&s, person(BROWSER(1)), KD_KEY_ANONYMOUS);
    fold(&s, person(USER(1)), &bought, 1);
    assert_int_equal(kd_customers_acquire(&c, s.customers, s.house.reader, person(BROWSER(1)), &err), KD_OK);
    assert_true(c.person_count == 1 && c.profile->bought_count == 0 && c.entry != NULL);
    kd_customers_release(s.customers, &c);
    assert_int_equal(kd_customers_acquire(&c, s.customers, s.house.reader, person(EMAIL(1)), &err), KD_NOT_FOUND);
    assert_int_equal(kd_customers_say(s.customers, &login, false, &err), KD_OK);
    assert_int_equal(kd_customers_say(s.customers, &email, false, &err), KD_OK);
    assert_int_equal(kd_customers_acquire(&c, s.customers, s.house.reader, person(BROWSER(1)), &err), KD_OK);
    assert_true(c.person_count == 3 && c.profile->bought_count == 1 && kd_id_eq(c.person, person(BROWSER(1))));
    assert_true(kd_id_eq(c.home, c.persons[0]) && kd_id_cmp(c.persons[0], c.persons[1]) < 0 && kd_id_cmp(c.persons[1], c.persons[2]) < 0);
    kd_customers_release(s.customers, &c);
    fold(&s, person(BROWSER(1)), &seen, 2);
    assert_int_equal(kd_customers_acquire(&c, s.customers, s.house.reader, person(EMAIL(1)), &err), KD_OK); /* a key only: stands for the customer */
    assert_true(kd_profile_recent(c.profile, KD_KIND_VIEW) != NULL && c.profile->bought_count == 1 && !kd_id_eq(c.person, person(EMAIL(1))));
    kd_customers_release(s.customers, &c);
    assert_int_equal(kd_customers_acquire_alone(&c, s.customers, s.house.reader, person(BROWSER(1)), &err), KD_OK);
    assert_true(c.profile->bought_count == 0);
    kd_customers_release(s.customers, &c);
    login.time_ms = T0 + 1;
    assert_int_equal(kd_customers_say(s.customers, &login, true, &err), KD_OK);
    assert_int_equal(kd_customers_acquire(&c, s.customers, s.house.reader, person(BROWSER(1)), &err), KD_OK);
    assert_true(c.person_count == 1 && c.profile->bought_count == 0);
    kd_customers_release(s.customers, &c);
    assert_true(kd_customers_bytes(s.customers) < 4 << 20);
    shop_close(&s);
    kd_arena_free(arena);
}

/* The second step of a link, and of taking it back, does not happen: whoever asks from either side hears the same. */
static void test_a_crash_between_the_two_steps(void **state)
{
    shop      s;
    kd_err    err = { 0 };
    kd_arena *arena = kd_arena_new(1 << 20);
    unsigned  browser = 1;
    kd_id    *a, *b;
    size_t    a_count, b_count;
    (void)state;
    shop_open(&s, 16);
    while (kd_store_group_of(s.house.store, person(BROWSER(browser))) == kd_store_group_of(s.house.store, person(USER(1))))
        browser++;
    for (int back = 0; back < 2; back++) {
        kd_link half = row(USER(1), BROWSER(browser), KD_LINK_LOGIN, T0 + back);
        kd_link mirror = row(BROWSER(browser), USER(1), KD_LINK_LOGIN, T0 + back);
        if (back) { /* whole first, then half taken back, by the other side */
            mirror = (kd_link){ .person = mirror.person, .other = mirror.other, .kind = KD_LINK_LOGIN, .proven = true, .time_ms = INT64_MAX, .last_ms = INT64_MIN,
                                .taken_back_ms = T0 + 9, .person_type = mirror.person_type, .other_type = mirror.other_type };
            assert_int_equal(kd_customers_say(s.customers, &half, false, &err), KD_OK);
            store_rows(&s, &mirror, 1);
        } else {
            store_rows(&s, &half, 1);
        }
        assert_int_equal(kd_customers_members(&a, &a_count, s.customers, s.house.reader, person(USER(1)), arena, &err), KD_OK);
        assert_int_equal(kd_customers_members(&b, &b_count, s.customers, s.house.reader, person(BROWSER(browser)), arena, &err), KD_OK);
        assert_true(a_count == 1 && b_count == 1);
        if (!back) { /* said again, it is whole */
            assert_int_equal(kd_customers_say(s.customers, &half, false, &err), KD_OK);
            assert_int_equal(kd_customers_members(&a, &a_count, s.customers, s.house.reader, person(USER(1)), arena, &err), KD_OK);
            assert_int_equal(a_count, 2);
        }
    }
    shop_close(&s);
    kd_arena_free(arena);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------------------- */

static void test_half_a_million_on_one_key(void **state)
{
    enum { LINKS = LONG_PROOF(500000, 25000), AT_ONCE = LONG_PROOF(50000, 2500) };
    kd_arena *arena = kd_arena_new(ARENA_BYTES), *small = kd_arena_new(16 << 20);
    kd_link  *rows = calloc(2 * LINKS, sizeof *rows);
    kd_graph  g;
    kd_walk   walk;
    shop      s;
    kd_err    err = { 0 };
    size_t    at;
    (void)state;
    shop_open(&s, 1);
    for (unsigned i = 0; i < LINKS; i++) { /* a test account that every visitor's browser logged in to */
        kd_link login = row(USER(0), BROWSER(0), KD_LINK_LOGIN, T0 + i);
        login.other = counted_id(1000000 + i, T0);
        rows[2 * i] = login;
        login.person = login.other;
        login.other = person(USER(0));
        login.person_type = KD_KEY_ANONYMOUS;
        login.other_type = KD_KEY_USER;
        rows[2 * i + 1] = login;
    }
    assert_int_equal(kd_graph_resolve(&g, rows, 2 * LINKS, kd_namespaces_builtin(), arena, &err), KD_OK);
    assert_int_equal(g.person_count, LINKS + 1);
    at = kd_graph_find(&g, person(USER(0)));
    assert_int_equal(g.why[at], KD_VERDICT_OVER_LIMIT);
    for (size_t i = 0; i < g.person_count; i++)
        assert_int_equal(g.customer[i], i);
    for (size_t i = 0; i < 2 * LINKS; i += AT_ONCE)
        store_rows(&s, rows + i, AT_ONCE);
    assert_int_equal(kd_walk_from(&walk, s.house.reader, person(USER(0)), kd_namespaces_builtin(), kd_people_link_stamps(s.people), small, &err), KD_OK);
    assert_int_equal(walk.visited_count, 1); /* and no more memory than the small arena */
    assert_int_equal(kd_walk_from(&walk, s.house.reader, counted_id(1000001, T0), kd_namespaces_builtin(), kd_people_link_stamps(s.people), small, &err), KD_OK);
    assert_int_equal(walk.visited_count, 2);
    shop_close(&s);
    free(rows);
    kd_arena_free(small);
    kd_arena_free(arena);
}

static void test_a_chain_that_does_not_end(void **state)
{
    enum { LINKS = 20000 };
    kd_arena *arena = kd_arena_new(ARENA_BYTES);
    kd_link  *rows = calloc(2 * LINKS, sizeof *rows);
    kd_graph  g;
    shop      s;
    kd_id    *members;
    size_t    count;
    kd_err    err = { 0 };
    (void)state;
    for (unsigned i = 0; i < LINKS; i++) {
        rows[2 * i] = row(USER(0), USER(1), KD_LINK_ALIAS, T0);
        rows[2 * i].person = counted_id(i + 1, T0);
        rows[2 * i].other = counted_id(i + 2, T0);
        rows[2 * i + 1] = rows[2 * i];
        rows[2 * i + 1].person = counted_id(i + 2, T0);
        rows[2 * i + 1].other = counted_id(i + 1, T0);
    }
    assert_int_equal(kd_graph_resolve(&g, rows, 2 * LINKS, kd_namespaces_builtin(), arena, &err), KD_OK);
    assert_true(g.why[LINKS / 2] == KD_VERDICT_TOO_MANY && g.customer[LINKS / 2] == LINKS / 2);
    shop_open(&s, 1);
    store_rows(&s, rows, 2 * LINKS);
    kd_arena_reset(arena);
    assert_int_equal(kd_customers_members(&members, &count, s.customers, s.house.reader, counted_id(LINKS / 2, T0), arena, &err), KD_OK);
    assert_int_equal(count, 1);
    shop_close(&s);
    free(rows);
    kd_arena_free(arena);
}

/* ---- un-merge during merge ------------------------------------------------------------------------------------------------------ */

typedef struct race { shop *shop; atomic_bool stop; atomic_uint asked, joined; } race;

static void *ask(void *arg)
{
    race      *r = arg;
    kd_reader *reader;
    kd_err     err = { 0 };
    assert_int_equal(kd_reader_open(&reader, r->shop->house.store, &err), KD_OK);
    while (!atomic_load(&r->stop))
        for (unsigned i = 1; i <= 3; i++) {
            kd_customer c;
            kd_status   status = kd_customers_acquire(&c, r->shop->customers, reader, person(i == 3 ? BROWSER(1) : USER(i)), &err);
            assert_int_equal(status, KD_OK);
            assert_true(c.profile->bought_count == (c.person_count > 1 ? 2u : i == 3 ? 0u : 1u)); /* all of it or none */
            atomic_fetch_add(&r->asked, 1);
            atomic_fetch_add(&r->joined, c.person_count > 1);
            kd_customers_release(r->shop->customers, &c);
        }
    kd_reader_close(reader);
    return NULL;
}

static void test_unmerge_during_merge(void **state)
{
    shop        s;
    race        r = { .shop = &s };
    pthread_t   threads[3];
    kd_arena   *arena = kd_arena_new(1 << 20);
    kd_err      err = { 0 };
    kd_customer c;
    kd_fact     first = line_fact(arena, KD_KIND_ORDER, T0, "boots", "", 1, 1000000), second = line_fact(arena, KD_KIND_ORDER, T0, "hat", "", 1, 1000000);
    (void)state;
    shop_open(&s, 1);
    put_person(&s, person(USER(1)), KD_KEY_USER);
    put_person(&s, person(USER(2)), KD_KEY_USER);
    put_person(&s, person(BROWSER(1)), KD_KEY_ANONYMOUS);
    fold(&s, person(USER(1)), &first, 1);
    fold(&s, person(USER(2)), &second, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &r), 0);
    for (int i = 0; i < 150; i++) {
        kd_link alias = row(USER(1), USER(2), KD_LINK_ALIAS, T0 + i);
        assert_int_equal(kd_customers_say(s.customers, &alias, i % 2, &err), KD_OK); /* newer than the last time it was taken back */
        assert_int_equal(kd_customers_acquire(&c, s.customers, s.house.reader, person(USER(1)), &err), KD_OK);
        assert_int_equal(c.person_count, i % 2 ? 1 : 2); /* who said it sees it at once */
        kd_customers_release(s.customers, &c);
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&r.asked) > 100);
    shop_close(&s);
    kd_arena_free(arena);
}

int run_graph_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_joins), cmocka_unit_test(test_two_user_ids), cmocka_unit_test(test_what_was_typed),
        cmocka_unit_test(test_kiosks_chains_and_cycles), cmocka_unit_test(test_any_order_any_split),
        cmocka_unit_test(test_weak_evidence_never_joins_two_user_ids), cmocka_unit_test(test_walk_is_the_whole), cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_the_next_question_sees_it), cmocka_unit_test(test_a_crash_between_the_two_steps),
        cmocka_unit_test(test_half_a_million_on_one_key), cmocka_unit_test(test_a_chain_that_does_not_end), cmocka_unit_test(test_unmerge_during_merge),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}

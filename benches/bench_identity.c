/* Identity: customers of a whole shop from its evidence; one through the store; a key's person; merging a customer of 10,000 events.
 *
 *     bench_identity [shoppers] [folder]      460000 shoppers have three million keys
 *
 * Prints one line of JSON. The folder gets a database and is left as it is. */
#include <stdio.h>
#include <stdlib.h>

#include "../tests/customer/simulated.h"
#include "base/clock.h"
#include "customer/customers.h"
#include "customer/identity.h"

enum { LOOKUPS = 200000, KEYS = 300000, AT_ONCE = 20000, EVENTS = 10000, ROUNDS = 300 };
#define T0 INT64_C(1767225600000)

static void must(kd_status status, const kd_err *err)
{
    if (status == KD_OK)
        return;
    fprintf(stderr, "bench_identity: %s\n", err->msg);
    exit(1);
}

static void resolve_all(size_t shoppers)
{
    kd_arena *arena = kd_arena_new((size_t)16 << 30);
    simulated s;
    kd_graph  g;
    kd_err    err = { 0 };
    size_t    customers = 0;
    simulate(&s, shoppers, 1);
    int64_t from = kd_monotonic_us();
    must(kd_graph_resolve(&g, s.rows, s.row_count, kd_namespaces_builtin(), arena, &err), &err);
    int64_t us = kd_monotonic_us() - from;
    for (uint32_t i = 0; i < g.person_count; i++)
        customers += g.customer[i] == i;
    printf("{\"shoppers\":%zu,\"keys\":%zu,\"links\":%zu,\"customers\":%zu,\"resolve_s\":%.2f,\"resolve_mb\":%zu", shoppers, g.person_count, s.row_count / 2, customers,
           (double)us / 1e6, kd_arena_used(arena) >> 20);
    simulated_free(&s);
    kd_arena_free(arena);
}

typedef struct shop { kd_store *store; kd_reader *reader; kd_vault *vault; kd_people *people; kd_identity *identity; kd_customers *customers; } shop;

static void shop_open(shop *s, const char *folder)
{
    char                    path[512], key[512];
    kd_err                  err = { 0 };
    const kd_store_options  options = { .path = path, .groups = 1, .create = true };
    const kd_people_options people = { 256u << 20, 128u << 20, kd_profile_caps_default(), false };
    snprintf(path, sizeof path, "%s/bench_identity.db", folder);
    snprintf(key, sizeof key, "%s/bench_identity.key", folder);
    must(kd_store_open(&s->store, &options, &err), &err);
    must(kd_reader_open(&s->reader, s->store, &err), &err);
    must(kd_vault_open(&s->vault, s->store, s->reader, key, NULL, true, &err), &err);
    must(kd_people_open(&s->people, s->store, s->vault, &people, &err), &err);
    must(kd_identity_open(&s->identity, s->store, 64u << 20, &err), &err);
    must(kd_customers_open(&s->customers, s->store, s->people, 64u << 20, &err), &err);
}

static void put(shop *s, kd_id id, uint8_t type)
{
    kd_profile_row row;
    uint8_t        secret[KD_SECRET_BYTES];
    kd_txn        *txn;
    kd_err         err = { 0 };
    must(kd_people_new(&row, secret, s->people, id, (kd_key){ type, { 1 } }, &err), &err);
    must(kd_txn_begin(&txn, s->store, 0, &err), &err);
    must(kd_txn_persons_put(txn, &row, 1, &err), &err);
    must(kd_txn_commit(txn, &err), &err);
}

static kd_key key_of(uint32_t n, const shop *s)
{
    char   text[24];
    kd_key key;
    kd_err err = { 0 };
    snprintf(text, sizeof text, "customer-%u", n);
    must(kd_key_make(&key, s->vault, KD_KEY_USER, kd_str_z(text), &err), &err);
    return key;
}

/* Value to keyed hash to person, known ones; cold: the first time, read from the store. */
static void look_up(shop *s, kd_rng *rng)
{
    kd_key *keys = malloc(KEYS * sizeof *keys);
    kd_id  *persons = malloc(KEYS * sizeof *persons);
    bool   *is_new = malloc(KEYS * sizeof *is_new);
    kd_err  err = { 0 };
    double  us[2];
    for (uint32_t i = 0; i < KEYS; i++)
        keys[i] = key_of(i, s);
    for (uint32_t i = 0; i < KEYS; i += AT_ONCE)
        must(kd_identity_ensure(persons + i, is_new + i, s->identity, s->reader, keys + i, AT_ONCE, rng, T0, &err), &err);
    for (int warm = 0; warm < 2; warm++) {
        int64_t from;
        if (!warm) {
            kd_identity_close(s->identity);
            must(kd_identity_open(&s->identity, s->store, 64u << 20, &err), &err);
        }
        from = kd_monotonic_us();
        for (int i = 0; i < LOOKUPS; i++) {
            kd_key key = key_of(kd_rng_below(rng, KEYS), s);
            must(kd_identity_find(persons, s->identity, s->reader, &key, 1, &err), &err);
        }
        us[warm] = (double)(kd_monotonic_us() - from) / LOOKUPS;
    }
    printf(",\"lookup_cold_us\":%.2f,\"lookup_us\":%.2f", us[0], us[1]);
    free(keys);
    free(persons);
    free(is_new);
}

static kd_fact view(kd_arena *arena, uint32_t n)
{
    kd_fact_line *line = KD_NEW(arena, kd_fact_line, 1);
    char          text[16];
    snprintf(text, sizeof text, "P%u", n % 3000);
    line->product = kd_str_copy(arena, kd_str_z(text));
    line->quantity = 1;
    line->price_micro = 1000000;
    return (kd_fact){ .kind = n % 4 ? KD_KIND_VIEW : KD_KIND_ORDER, .channel = KD_CHANNEL_WEB, .time_ms = T0 + n, .id = simulated_id(n + 1), .total_micro = KD_PRICE_NONE,
                      .lines = line, .line_count = 1 };
}

static void fold(shop *s, kd_id id, const kd_fact *fact, int64_t offset)
{
    kd_person *p;
    kd_err     err = { 0 };
    must(kd_people_acquire(&p, s->people, s->reader, id, &err), &err);
    must(kd_person_fold(p, s->people, fact, offset, &err), &err);
    kd_people_release(s->people, p);
}

static double ask(shop *s, kd_id id)
{
    kd_customer c;
    kd_err      err = { 0 };
    int64_t     from = kd_monotonic_us();
    must(kd_customers_acquire(&c, s->customers, s->reader, id, &err), &err);
    kd_customers_release(s->customers, &c);
    return (double)(kd_monotonic_us() - from);
}

/* An account with 10,000 events and four browsers: the first question, after an event in a browser, and with nothing new. */
static void merge(shop *s)
{
    kd_arena *arena = kd_arena_new(64u << 20);
    kd_id     user = simulated_id(1 << 20), browsers[4];
    kd_err    err = { 0 };
    double    first, after = 0, again = 0, alone = 0;
    int64_t   offset = 1;
    put(s, user, KD_KEY_USER);
    for (int i = 0; i < 4; i++) {
        browsers[i] = simulated_id((1 << 20) + 1 + (size_t)i);
        put(s, browsers[i], KD_KEY_ANONYMOUS);
    }
    for (uint32_t i = 0; i < EVENTS; i++) {
        kd_fact fact = view(arena, i);
        fold(s, i % 5 ? user : browsers[i % 4], &fact, offset++);
    }
    ask(s, user);
    for (int i = 0; i < ROUNDS; i++)
        alone += ask(s, user);
    for (int i = 0; i < 4; i++) {
        kd_link link = { .person = user, .other = browsers[i], .kind = KD_LINK_LOGIN, .proven = true, .time_ms = T0, .person_type = KD_KEY_USER, .other_type = KD_KEY_ANONYMOUS };
        must(kd_customers_say(s->customers, &link, false, &err), &err);
    }
    first = ask(s, user);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        kd_fact fact = view(arena, EVENTS + i);
        fold(s, browsers[i % 4], &fact, offset++);
        after += ask(s, user);
        again += ask(s, user);
    }
    printf(",\"alone_us\":%.2f,\"join_us\":%.0f,\"merge_us\":%.0f,\"joined_us\":%.2f}\n", alone / ROUNDS, first, after / ROUNDS, again / ROUNDS);
    kd_arena_free(arena);
}

int main(int argc, char **argv)
{
    size_t shoppers = argc > 1 ? strtoull(argv[1], NULL, 10) : 460000;
    shop   s;
    kd_rng rng;
    kd_rng_seed(&rng, 1);
    resolve_all(shoppers);
    shop_open(&s, argc > 2 ? argv[2] : ".");
    look_up(&s, &rng);
    merge(&s);
    kd_customers_close(s.customers);
    kd_identity_close(s.identity);
    kd_people_close(s.people);
    kd_vault_close(s.vault);
    kd_reader_close(s.reader);
    kd_store_close(s.store);
    return 0;
}

/* The pulse against its law: it equals a recount of the log, whatever came between: restarts, crashes before it was written,
 * databases that never had one, commits that failed or of unknown fate, writers and readers at the same time. */
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "insight/pulse.h"

static const int64_t NOW = 1800000000000;
enum { PERSONS = 300, DAYS = 20 };

/* ---- faults: the linker puts these in front of the store's ---- */
static _Atomic int  fault_every, fault_calls;
static _Atomic bool crash; /* the pulse can write nothing any more, as if the process were gone */

kd_status __real_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __real_kd_txn_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err);
kd_status __wrap_kd_txn_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err);

kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err)
{
    int call = fault_every ? ++fault_calls : 1;
    if (fault_every && call % fault_every == 0) {
        if (call / fault_every % 2) {
            kd_txn_rollback(txn);
            return KD_RETRY;
        }
        assert_int_equal(__real_kd_txn_commit(txn, err), KD_OK);
        return KD_UNKNOWN;
    }
    return __real_kd_txn_commit(txn, err);
}

kd_status __wrap_kd_txn_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err)
{
    return crash ? kd_fail(err, KD_IO, "gone") : __real_kd_txn_records_put(txn, records, count, err);
}

/* ---- a small world ---- */
typedef struct world {
    char         folder[64], path[80], key_path[90];
    uint16_t     groups;
    int64_t      now_ms;
    kd_store    *store;
    kd_reader   *reader;
    kd_vault    *vault;
    kd_people   *people;
    kd_identity *identity;
    kd_ingest   *ingest;
    kd_pulse    *pulse; /* NULL: an old program, without one */
    uint64_t     messages;
} world;

static void must(kd_status status, const kd_err *err)
{
    if (status != KD_OK)
        fail_msg("%s: %s", kd_status_name(status), err->msg);
}

static void open_world(world *w, bool with_pulse)
{
    kd_people_options people = { .bytes_max = 32 << 20, .dirty_bytes_max = 16 << 20, .caps = kd_profile_caps_default() };
    kd_ingest_options options = { .clock = kd_clock_at(&w->now_ms) };
    kd_err            err = { 0 };
    must(kd_store_open(&w->store, &(kd_store_options){ .path = w->path, .groups = w->groups, .create = true }, &err), &err);
    must(kd_reader_open(&w->reader, w->store, &err), &err);
    must(kd_vault_open(&w->vault, w->store, w->reader, w->key_path, NULL, true, &err), &err);
    must(kd_people_open(&w->people, w->store, w->vault, &people, &err), &err);
    must(kd_identity_open(&w->identity, w->store, 1 << 20, &err), &err);
    must(kd_ingest_open(&w->ingest, w->store, w->people, w->identity, w->vault, &options, &err), &err);
    w->pulse = NULL;
    if (with_pulse) {
        must(kd_pulse_open(&w->pulse, w->store, kd_clock_at(&w->now_ms), &err), &err);
        kd_ingest_observe(w->ingest, kd_pulse_see_stored, w->pulse);
        kd_ingest_observe_duplicates(w->ingest, kd_pulse_see_duplicates, w->pulse);
    }
    must(kd_ingest_start(w->ingest, NULL, &err), &err);
    if (with_pulse)
        must(kd_pulse_start(w->pulse, &err), &err);
}

static void close_world(world *w, bool gently)
{
    kd_err err = { 0 };
    if (gently)
        must(kd_ingest_stop(w->ingest, &err), &err);
    kd_ingest_close(w->ingest);
    crash = !gently;
    kd_pulse_close(w->pulse);
    crash = false;
    kd_identity_close(w->identity);
    kd_people_close(w->people);
    kd_vault_close(w->vault);
    kd_reader_close(w->reader);
    kd_store_close(w->store);
}

static world *new_world(uint16_t groups)
{
    world *w = calloc(1, sizeof *w);
    strcpy(w->folder, "/tmp/kunde-test-pulse-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/db", w->folder);
    snprintf(w->key_path, sizeof w->key_path, "%s/key", w->folder);
    w->groups = groups;
    w->now_ms = NOW;
    return w;
}

static void end_world(world *w)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
}

/* A batch of random events: views, orders, returns of random persons, at random times of the last days, a tenth sent again. */
static void write_events(world *w, size_t count, kd_rng *rng)
{
    static const char *const names[] = { "Product Viewed", "Order Completed", "Order Refunded", "Something Else" };
    static const char *const sources[] = { "shop", "till", "app" };
    kd_arena    *arena = kd_arena_new(64 << 20);
    kd_incoming *events = NULL;
    size_t       n = 0, stored = 0, duplicates = 0;
    kd_buf       body;
    kd_str       key;
    kd_err       err = { 0 };
    const char  *source = sources[kd_rng_below(rng, 3)];
    kd_incoming_context context = { .speaker = kd_rng_below(rng, 3) ? KD_SPEAKER_SERVER : KD_SPEAKER_PUBLIC, .source = kd_str_z(source), .received_ms = w->now_ms,
                                    .sent_at_ms = KD_TIME_MIN };
    kd_buf_init(&body, arena);
    kd_buf_add_z(&body, "{\"batch\":[");
    for (size_t i = 0; i < count; i++) {
        char     time[25];
        uint64_t message = kd_rng_below(rng, 10) || w->messages == 0 ? w->messages++ : kd_rng_u64(rng) % w->messages;
        kd_rng   own; /* a message is the same whenever it is sent */
        kd_rng_seed(&own, message);
        kd_time_format(time, NOW - (int64_t)kd_rng_below(&own, DAYS * 86400) * 1000);
        kd_buf_addf(&body, "%s{\"type\":\"track\",\"messageId\":\"%s-%llu\",\"userId\":\"u%u\",\"timestamp\":\"%s\",\"event\":\"%s\",\"properties\":{\"order_id\":\"o%llu\",\"currency\":\"%s\","
                           "\"products\":[{\"product_id\":\"P%u\",\"price\":%u.5,\"quantity\":%u}]}}", i ? "," : "", source, (unsigned long long)message, kd_rng_below(&own, PERSONS), time,
                    names[kd_rng_below(&own, 4)], (unsigned long long)message, kd_rng_below(&own, 5) ? "EUR" : "CHF", kd_rng_below(&own, 20), kd_rng_below(&own, 90), 1 + kd_rng_below(&own, 3));
    }
    kd_buf_add_z(&body, "]}");
    must(kd_incoming_parse(&events, &n, &key, KD_CALL_BATCH, body.ptr, body.len, &context, arena, &err), &err);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(events[i].status, KD_OK);
    must(kd_ingest_write(w->ingest, events, n, &stored, &duplicates, &err), &err);
    kd_arena_free(arena);
}

static void wait_complete(world *w)
{
    kd_pulse_state state;
    for (int i = 0; i < 6000; i++) {
        kd_pulse_get_state(&state, w->pulse, w->now_ms);
        if (state.complete)
            return;
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    fail_msg("the pulse does not catch up");
}

/* ---- the recount ---- */
typedef struct plain { /* of a day */
    uint64_t events, fresh, orders, claimed;
    int64_t  eur, eur_returned;
    kd_id    people[PERSONS * 2];
    size_t   person_count;
} plain;

static void recount(plain *days, int32_t first, world *w)
{
    kd_arena *arena = kd_arena_new(256 << 20);
    kd_err    err = { 0 };
    for (uint16_t g = 0; g < w->groups; g++) {
        int64_t after = 0;
        for (size_t count = 1; count;) {
            kd_event *events;
            kd_arena_reset(arena);
            must(kd_reader_log(&events, &count, w->reader, g, after, 1000, false, arena, &err), &err);
            for (size_t i = 0; i < count; i++) {
                plain   *day = &days[kd_day(events[i].time_ms) - first];
                kd_fact  fact;
                kd_spent spent;
                size_t   p = 0;
                after = events[i].offset;
                must(kd_fact_decode(&fact, events[i].facts, arena, &err), &err);
                fact.kind = (kd_kind)events[i].kind;
                day->events++;
                day->fresh += events[i].prev == 0;
                while (p < day->person_count && !kd_id_eq(day->people[p], events[i].person))
                    p++;
                if (p == day->person_count)
                    day->people[day->person_count++] = events[i].person;
                if (fact.kind == KD_KIND_ORDER)
                    *((events[i].flags & KD_EVENT_CLAIMED) ? &day->claimed : &day->orders) += 1;
                if ((fact.kind == KD_KIND_ORDER || fact.kind == KD_KIND_RETURN) && !(events[i].flags & KD_EVENT_CLAIMED) && kd_fact_spent(&spent, &fact)
                    && strcmp(spent.currency.code, "EUR") == 0) {
                    day->eur += spent.bought_micro;
                    day->eur_returned += spent.returned_micro;
                }
            }
        }
    }
    kd_arena_free(arena);
}

static void assert_equals_recount(world *w)
{
    const int32_t  last = kd_day(NOW), first = last - DAYS - 1;
    plain         *days = calloc(DAYS + 4, sizeof *days);
    kd_arena      *arena = kd_arena_new(8 << 20);
    kd_pulse_day  *counted = NULL;
    size_t         count = 0;
    uint64_t       by_source = 0, all = 0;
    kd_err         err = { 0 };
    must(kd_ingest_flush(w->ingest, &err), &err);
    wait_complete(w);
    recount(days, first, w);
    must(kd_pulse_days(&counted, &count, w->pulse, first, last, (kd_str){ 0 }, false, arena, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const plain *day = &days[counted[i].day - first];
        int64_t      eur = 0, returned = 0;
        for (size_t m = 0; m < counted[i].money_count; m++)
            if (strcmp(counted[i].money[m].currency.code, "EUR") == 0)
                eur = counted[i].money[m].bought_micro, returned = counted[i].money[m].returned_micro;
        assert_int_equal(counted[i].events, day->events);
        assert_int_equal(counted[i].new_people, day->fresh);
        assert_int_equal(counted[i].orders, day->orders);
        assert_int_equal(counted[i].claimed_orders, day->claimed);
        assert_int_equal(eur, day->eur);
        assert_int_equal(returned, day->eur_returned);
        assert_true((double)counted[i].people > 0.93 * (double)day->person_count - 1 && (double)counted[i].people < 1.07 * (double)day->person_count + 1);
        all += day->events;
    }
    for (int s = 0; s < 3; s++) {
        must(kd_pulse_days(&counted, &count, w->pulse, first, last, kd_str_z(s == 0 ? "shop" : s == 1 ? "till" : "app"), false, arena, &err), &err);
        for (size_t i = 0; i < count; i++)
            by_source += counted[i].events;
    }
    assert_int_equal(by_source, all);
    kd_arena_free(arena);
    free(days);
}

/* ---- the law ---- */
static void check_restarts(uint16_t groups)
{
    world *w = new_world(groups);
    kd_rng rng;
    kd_err err = { 0 };
    kd_rng_seed(&rng, groups);
    open_world(w, true);
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 4; i++)
            write_events(w, 50, &rng);
        if (kd_rng_below(&rng, 3) == 0)
            must(kd_pulse_checkpoint(w->pulse, &err), &err);
        if (kd_rng_below(&rng, 2))
            assert_equals_recount(w);
        close_world(w, kd_rng_below(&rng, 2) == 0); /* else as after kill -9 */
        open_world(w, true);
    }
    assert_equals_recount(w);
    close_world(w, true);
    end_world(w);
}

static void test_restarts(void **state) { (void)state; check_restarts(1); }
static void test_restarts_of_sixteen_groups(void **state) { (void)state; check_restarts(16); }

/* An older program wrote on, without a pulse: at first, and again in between. */
static void test_a_database_without_one(void **state)
{
    world *w = new_world(1);
    kd_rng rng;
    (void)state;
    kd_rng_seed(&rng, 5);
    for (int round = 0; round < 3; round++) {
        open_world(w, false);
        for (int i = 0; i < 60; i++)
            write_events(w, 100, &rng);
        close_world(w, true);
        open_world(w, true);
        for (int i = 0; i < 40; i++) /* while it counts what is there */
            write_events(w, 20, &rng);
        assert_equals_recount(w);
        close_world(w, round != 1);
    }
    end_world(w);
}

static void test_commits_that_fail(void **state)
{
    world *w = new_world(1);
    kd_rng rng;
    (void)state;
    kd_rng_seed(&rng, 6);
    for (int round = 0; round < 6; round++) {
        open_world(w, true);
        fault_calls = 0;
        fault_every = 3;
        for (int i = 0; i < 20; i++) {
            write_events(w, 30, &rng);
            if (i % 5 == 0)
                kd_pulse_checkpoint(w->pulse, NULL);
        }
        fault_every = 0;
        assert_equals_recount(w);
        close_world(w, round % 2);
    }
    open_world(w, true);
    assert_equals_recount(w);
    close_world(w, true);
    end_world(w);
}

static void test_a_damaged_state_is_counted_anew(void **state)
{
    world       *w = new_world(1);
    kd_rng       rng;
    kd_txn      *txn;
    kd_err       err = { 0 };
    const kd_record record = { .kind = KD_STR("pulse"), .id = { { 1 } }, .body = KD_STR("\x01garbage") };
    (void)state;
    kd_rng_seed(&rng, 8);
    open_world(w, true);
    write_events(w, 300, &rng);
    close_world(w, true);
    must(kd_store_open(&w->store, &(kd_store_options){ .path = w->path }, &err), &err);
    must(kd_txn_begin(&txn, w->store, 0, &err), &err);
    must(kd_txn_records_put(txn, &record, 1, &err), &err);
    must(kd_txn_commit(txn, &err), &err);
    kd_store_close(w->store);
    open_world(w, true);
    assert_equals_recount(w);
    close_world(w, true);
    open_world(w, true);
    assert_equals_recount(w);
    close_world(w, true);
    end_world(w);
}

static void test_sources_and_now(void **state)
{
    world           *w = new_world(1);
    kd_arena        *arena = kd_arena_new(1 << 20);
    kd_pulse_source *sources;
    kd_pulse_now     now;
    size_t           count;
    kd_rng           rng;
    kd_err           err = { 0 };
    uint64_t         events = 0;
    (void)state;
    kd_rng_seed(&rng, 9);
    open_world(w, true);
    for (int i = 0; i < 9; i++)
        write_events(w, 40, &rng);
    kd_pulse_see_rejected(w->pulse, KD_STR("shop"), 3);
    kd_pulse_see_rejected(w->pulse, KD_STR("only-wrong"), 2);
    assert_equals_recount(w);
    for (int again = 0; again < 2; again++) {
        events = 0;
        must(kd_pulse_sources(&sources, &count, w->pulse, w->now_ms, arena, &err), &err);
        for (size_t i = 0; i < count; i++) {
            events += sources[i].events_24h;
            if (kd_str_is(sources[i].name, "shop"))
                assert_int_equal(sources[i].rejected, 3);
            if (kd_str_is(sources[i].name, "only-wrong"))
                assert_true(sources[i].rejected == 2 && sources[i].last_ms == KD_TIME_MIN);
            else
                assert_int_equal(sources[i].last_ms, NOW);
        }
        assert_true(events > 200 && events <= 360);
        close_world(w, true);
        open_world(w, true);
        wait_complete(w);
    }
    must(kd_pulse_sources(&sources, &count, w->pulse, w->now_ms + 2 * KD_DAY_MS, arena, &err), &err);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sources[i].events_24h, 0);
    kd_pulse_now_at(&now, w->pulse, NOW);
    assert_true(now.people <= 10);
    close_world(w, true);
    kd_arena_free(arena);
    end_world(w);
}

/* ---- writers and readers at once ---- */
static atomic_bool stop;

static void *read_on(void *self)
{
    world    *w = self;
    kd_arena *arena = kd_arena_new(16 << 20);
    while (!atomic_load(&stop)) {
        kd_pulse_day    *days;
        kd_pulse_source *sources;
        kd_pulse_now     now;
        kd_pulse_state   state;
        size_t           count;
        kd_arena_reset(arena);
        kd_pulse_days(&days, &count, w->pulse, kd_day(NOW) - DAYS, kd_day(NOW), (kd_str){ 0 }, true, arena, NULL);
        kd_pulse_sources(&sources, &count, w->pulse, NOW, arena, NULL);
        kd_pulse_now_at(&now, w->pulse, NOW);
        kd_pulse_get_state(&state, w->pulse, NOW);
        kd_pulse_see_rejected(w->pulse, KD_STR("shop"), 1);
        kd_pulse_checkpoint(w->pulse, NULL);
    }
    kd_arena_free(arena);
    return NULL;
}

static void test_threads(void **state)
{
    world    *w = new_world(4);
    pthread_t readers[2];
    kd_rng    rng;
    (void)state;
    kd_rng_seed(&rng, 10);
    open_world(w, false);
    for (int i = 0; i < 40; i++)
        write_events(w, 100, &rng);
    close_world(w, true);
    open_world(w, true);
    atomic_store(&stop, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, w), 0);
    for (int i = 0; i < 40; i++)
        write_events(w, 50, &rng);
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_equals_recount(w);
    close_world(w, true);
    end_world(w);
}

int run_pulse_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restarts), cmocka_unit_test(test_restarts_of_sixteen_groups), cmocka_unit_test(test_a_database_without_one),
        cmocka_unit_test(test_commits_that_fail), cmocka_unit_test(test_a_damaged_state_is_counted_anew), cmocka_unit_test(test_sources_and_now),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}

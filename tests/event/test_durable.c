/* Nothing is acknowledged before the disk has it: the whole way from many senders to done(), over a VFS that writes down what
 * reached the disk and when. The linker puts notes of its own around the commits of events. */
#include "tests.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event/ingest.h"
#include "record_vfs.h"

enum { SENDERS = 4, SUBMISSIONS = 900, PER = 5, EVENTS = SUBMISSIONS * PER, PEOPLE = 20, FLIGHT = 3, CUTS = 14, BATCHES_MAX = 20000 };
static const int64_t NOW = 1800000000000;

/* ---- notes ------------------------------------------------------------------------------------------------------------ */

enum { NOTE_BEGIN = 1, NOTE_COMMITTED, NOTE_ANSWER }; /* in the upper half of a note; below, which transaction or submission */

static uint64_t batches;                  /* transactions with events in them; the writer's thread only */
static uint32_t batch_of[EVENTS];         /* which of them stored an event; read when the threads have ended */
static _Thread_local uint64_t appended;   /* the open transaction, if it has events */

kd_status __real_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __real_kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err);
kd_status __wrap_kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err);

static size_t number_of(int64_t time_ms) /* the time of an event is its number */
{
    return (size_t)(time_ms - (NOW - EVENTS));
}

kd_status __wrap_kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err)
{
    kd_status status = __real_kd_txn_append(txn, events, count, heads, slots, results, err);
    appended = ++batches;
    assert_true(batches < BATCHES_MAX);
    for (size_t i = 0; i < count && status == KD_OK; i++)
        if (results[i] == KD_APPEND_STORED)
            batch_of[number_of(events[i].time_ms)] = (uint32_t)batches;
    return status;
}

kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err)
{
    uint64_t  batch = appended;
    kd_status status;
    appended = 0;
    if (batch)
        kd_record_note((uint64_t)NOTE_BEGIN << 32 | batch);
    status = __real_kd_txn_commit(txn, err);
    if (batch && status == KD_OK)
        kd_record_note((uint64_t)NOTE_COMMITTED << 32 | batch);
    return status;
}

/* A transaction's frames are written by its commit, and nobody else writes to the WAL meanwhile: between the beginning of the
 * commit and its good end there is a write, and a sync that began after the last one. An answer comes after the good end
 * of every transaction that stored something of what it answers. */
static size_t check_order(void)
{
    const kd_record_entry *entries;
    size_t                 count = kd_record_entries(&entries), answers = 0;
    uint64_t               wrote = 0;
    bool                   open = false, safe = false;
    bool                  *committed = calloc(BATCHES_MAX, sizeof *committed);
    assert_non_null(committed);
    for (size_t i = 0; i < count; i++) {
        const kd_record_entry *e = &entries[i];
        uint32_t               which = (uint32_t)e->value;
        if (e->op == KD_RECORD_NOTE && e->value >> 32 == NOTE_BEGIN) {
            open = true;
            safe = false;
            wrote = 0;
        } else if (e->op == KD_RECORD_NOTE && e->value >> 32 == NOTE_COMMITTED) {
            assert_true(safe);
            committed[which] = true;
            open = false;
        } else if (e->op == KD_RECORD_NOTE) {
            for (size_t k = 0; k < PER; k++)
                assert_true(committed[batch_of[which * PER + k]]);
            answers++;
        } else if (open && e->wal && e->op == KD_RECORD_WRITE) {
            wrote = e->seq;
        } else if (open && e->wal && e->op == KD_RECORD_SYNC_END) {
            safe = safe || (wrote > 0 && e->value > wrote);
        }
    }
    free(committed);
    return answers;
}

/* ---- a house over a database file ------------------------------------------------------------------------------------------ */

typedef struct house {
    kd_store    *store;
    kd_reader   *reader;
    kd_vault    *vault;
    kd_people   *people;
    kd_identity *identity;
    kd_ingest   *ingest;
    int64_t      now_ms;
    uint64_t     replayed;
} house;

static void must(kd_status status, const kd_err *err)
{
    if (status != KD_OK)
        fail_msg("%s: %s", kd_status_name(status), err->msg);
}

static void open_house(house *h, const char *path, const char *key_path, const char *vfs)
{
    kd_people_options people = { 8 << 20, 1 << 20, kd_profile_caps_default(), false };
    kd_store_options  store = { .path = path, .create = vfs != NULL, .wal_bytes_max = 512 * 1024, .vfs = vfs };
    kd_err            err = { 0 };
    h->now_ms = NOW;
    must(kd_store_open(&h->store, &store, &err), &err);
    must(kd_reader_open(&h->reader, h->store, &err), &err);
    must(kd_vault_open(&h->vault, h->store, h->reader, key_path, NULL, vfs != NULL, &err), &err);
    must(kd_people_open(&h->people, h->store, h->vault, &people, &err), &err);
    must(kd_identity_open(&h->identity, h->store, 1 << 20, &err), &err);
    /* Small batches, so that answers, commits and checkpoints of profiles are many and interleave. */
    must(kd_ingest_open(&h->ingest, h->store, h->people, h->identity, h->vault,
                        &(kd_ingest_options){ .clock = kd_clock_at(&h->now_ms), .batch_events_max = 8 * PER, .checkpoint_events = 300,
                                              .checkpoint_rows = 7 }, &err), &err);
    must(kd_ingest_start(h->ingest, &h->replayed, &err), &err);
}

static void close_house(house *h)
{
    kd_ingest_close(h->ingest);
    kd_identity_close(h->identity);
    kd_people_close(h->people);
    kd_vault_close(h->vault);
    kd_reader_close(h->reader);
    kd_store_close(h->store);
}

/* ---- senders --------------------------------------------------------------------------------------------------------------- */

typedef enum answer { ANSWER_NONE, ANSWER_GOOD, ANSWER_BAD } answer;
typedef struct letter { kd_submission submission; size_t number; _Atomic int answer; } letter; /* first: done() gets its address */
typedef struct post { kd_arena *arena; kd_incoming *events; letter *letters; kd_ingest *ingest; _Atomic size_t senders_left, bad; } post;
typedef struct sender { post *post; size_t first; } sender;

static void take_answer(kd_submission *submission, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    letter *l = (letter *)submission;
    (void)err;
    if (status == KD_OK) {
        assert_int_equal(stored + duplicates, PER);
        kd_record_note((uint64_t)NOTE_ANSWER << 32 | l->number);
    }
    l->answer = status == KD_OK ? ANSWER_GOOD : ANSWER_BAD;
}

static void send_letter(post *p, letter *l)
{
    kd_err err = { 0 };
    l->answer = ANSWER_NONE;
    while (kd_ingest_submit(p->ingest, &l->submission, &err) == KD_BUSY)
        usleep(100);
}

/* Until it is taken: what fails is sent again. */
static void await_letter(post *p, letter *l)
{
    while (l->answer != ANSWER_GOOD) {
        if (l->answer == ANSWER_BAD) {
            p->bad++;
            send_letter(p, l);
        }
        usleep(100);
    }
}

static void *send_letters(void *self)
{
    sender *s = self;
    post   *p = s->post;
    for (size_t i = s->first; i < SUBMISSIONS; i += SENDERS) {
        send_letter(p, &p->letters[i]);
        if (i >= FLIGHT * SENDERS)
            await_letter(p, &p->letters[i - FLIGHT * SENDERS]);
    }
    for (size_t i = s->first; i < SUBMISSIONS; i += SENDERS)
        await_letter(p, &p->letters[i]);
    p->senders_left--;
    return NULL;
}

static void write_letters(post *p, uint64_t seed)
{
    kd_incoming_context context = { .speaker = KD_SPEAKER_SERVER, .source = KD_STR("web"), .received_ms = NOW, .sent_at_ms = KD_TIME_MIN };
    kd_rng              rng;
    kd_err              err = { 0 };
    kd_rng_seed(&rng, seed);
    p->arena = kd_arena_new(256 << 20);
    p->events = KD_NEW(p->arena, kd_incoming, EVENTS);
    p->letters = KD_NEW(p->arena, letter, SUBMISSIONS);
    assert_true(p->events && p->letters);
    for (size_t i = 0; i < EVENTS; i++) {
        const kd_json *item;
        char           text[500];
        unsigned       person = kd_rng_below(&rng, PEOPLE);
        const char    *kind = kd_rng_below(&rng, 8) ? "\"type\":\"track\",\"event\":\"Product Viewed\"" : "\"type\":\"identify\",\"traits\":{\"size\":42}";
        snprintf(text, sizeof text, "{%s,\"userId\":\"u%u\",\"anonymousId\":\"a%u\",\"messageId\":\"m%zu\",\"timestamp\":%lld,"
                 "\"properties\":{\"product_id\":\"p%u\",\"price\":9.5,\"currency\":\"EUR\"}}", kind, person, person, i,
                 (long long)(NOW - EVENTS + (int64_t)i), kd_rng_below(&rng, 50));
        must(kd_json_parse(&item, p->arena, text, strlen(text), &err), &err);
        kd_incoming_from_json(&p->events[i], KD_CALL_BATCH, item, NULL, &context, p->arena);
        must(p->events[i].status, &p->events[i].err);
    }
    for (size_t i = 0; i < SUBMISSIONS; i++) {
        p->letters[i].number = i;
        p->letters[i].submission = (kd_submission){ .events = p->events + i * PER, .count = PER, .bytes = 4000, .done = take_answer };
    }
}

/* ---- what a cut leaves ------------------------------------------------------------------------------------------------------- */

typedef struct cut { char path[100]; bool answered[SUBMISSIONS]; } cut;

static void check_log(const house *h, const cut *c)
{
    kd_arena *arena = kd_arena_new(64 << 20);
    bool     *there = KD_NEW(arena, bool, EVENTS);
    kd_event *events;
    size_t    count;
    kd_err    err = { 0 };
    must(kd_reader_log(&events, &count, h->reader, 0, 0, EVENTS + 1, false, arena, &err), &err);
    for (size_t i = 0; i < count; i++) {
        size_t number = number_of(events[i].time_ms);
        assert_false(there[number]); /* exactly once */
        there[number] = true;
    }
    for (size_t i = 0; i < EVENTS; i++)
        if (c->answered[i / PER] && !there[i])
            fail_msg("event %zu was acknowledged and is lost", i);
    kd_arena_free(arena);
}

/* Replayed profiles are those of the log. */
static void check_profiles(house *h)
{
    kd_profile_caps caps = kd_profile_caps_default();
    kd_arena       *arena = kd_arena_new(16 << 20);
    kd_profile_row *rows;
    int64_t         cursor = 0;
    size_t          count;
    kd_err          err = { 0 };
    must(kd_ingest_checkpoint(h->ingest, &err), &err);
    must(kd_reader_profile_scan(&rows, &count, h->reader, 0, &cursor, 1000, arena, &err), &err);
    for (size_t i = 0; i < count; i++) {
        kd_profile refolded = { 0 };
        kd_person *person;
        kd_buf     live, again;
        kd_buf_init(&live, NULL);
        kd_buf_init(&again, NULL);
        must(kd_people_acquire(&person, h->people, h->reader, rows[i].person, &err), &err);
        kd_profile_encode(&live, &person->profile);
        kd_people_release(h->people, person);
        must(kd_refold(&refolded, h->reader, h->vault, rows[i].person, 0, &caps, &err), &err);
        kd_profile_encode(&again, &refolded);
        assert_int_equal(live.len, again.len);
        assert_memory_equal(live.ptr, again.ptr, live.len);
        kd_profile_free(&refolded);
        kd_buf_free(&live);
        kd_buf_free(&again);
    }
    kd_arena_free(arena);
}

typedef enum disk_kind { DISK_FAST, DISK_SLOW, DISK_FAILING } disk_kind;

/* The power goes at random moments while the senders send. The answers counted are those given before the cut began. */
static size_t cut_at_random(cut *cuts, const char *folder, const char *path, post *p, disk_kind disk, kd_rng *rng)
{
    size_t made = 0;
    while (p->senders_left > 0) {
        usleep(1000 + kd_rng_below(rng, 20000));
        if (disk == DISK_FAILING) { /* the writer tries again after a sync that fails; a full disk its sender hears of */
            kd_record_fail_sync(1 + kd_rng_below(rng, 4));
            kd_record_fail_write(1 + kd_rng_below(rng, 40), true);
        }
        if (made == CUTS)
            continue;
        snprintf(cuts[made].path, sizeof cuts[made].path, "%s/cut%zu.db", folder, made);
        for (size_t i = 0; i < SUBMISSIONS; i++)
            cuts[made].answered[i] = p->letters[i].answer == ANSWER_GOOD;
        assert_true(kd_record_cut(path, cuts[made].path));
        made++;
    }
    kd_record_fail_sync(0);
    kd_record_fail_write(0, false);
    return made;
}

static void run_disk(disk_kind disk)
{
    char      folder[64] = "/tmp/kunde-test-event-XXXXXX", path[100], key_path[100], command[100];
    cut      *cuts = calloc(CUTS, sizeof *cuts);
    post      p = { .senders_left = SENDERS };
    house     h;
    kd_rng    rng;
    pthread_t threads[SENDERS];
    sender    senders[SENDERS];
    size_t    made;
    assert_non_null(mkdtemp(folder));
    assert_non_null(cuts);
    snprintf(path, sizeof path, "%s/k.db", folder);
    snprintf(key_path, sizeof key_path, "%s/k.key", folder);
    kd_rng_seed(&rng, 77 + disk);
    batches = 0;
    kd_record_clear();
    write_letters(&p, 5 + disk);
    open_house(&h, path, key_path, kd_record_vfs());
    p.ingest = h.ingest;
    kd_record_slow_sync(disk == DISK_SLOW ? 6000 : disk == DISK_FAILING ? 500 : 0);
    for (size_t i = 0; i < SENDERS; i++) {
        senders[i] = (sender){ &p, i };
        assert_int_equal(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
    }
    made = cut_at_random(cuts, folder, path, &p, disk, &rng);
    for (size_t i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    kd_record_slow_sync(0);
    close_house(&h);
    assert_int_equal(check_order(), SUBMISSIONS);
    assert_true(made > 0);
    if (disk == DISK_FAILING)
        assert_true(p.bad > 0); /* some senders heard of it, and came again */
    for (size_t i = 0; i < made; i++) {
        house again;
        open_house(&again, cuts[i].path, key_path, NULL);
        check_log(&again, &cuts[i]);
        check_profiles(&again);
        close_house(&again);
    }
    kd_record_clear();
    kd_arena_free(p.arena);
    free(cuts);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void test_fast_disk(void **state)
{
    (void)state;
    run_disk(DISK_FAST);
}

static void test_slow_disk(void **state)
{
    (void)state;
    run_disk(DISK_SLOW);
}

static void test_failing_disk(void **state)
{
    (void)state;
    run_disk(DISK_FAILING);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_disk),
        cmocka_unit_test(test_slow_disk),
        cmocka_unit_test(test_failing_disk),
    };
    return cmocka_run_group_tests_name("durable", tests, NULL, NULL);
}

#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { PERSONS = 40, EVENTS_MAX = 4000, GROUPS_MAX = 16 };

/* What the people should know: a straight fold per person, and the log as it was appended. */
typedef struct logged { kd_fact fact; size_t person; uint16_t group; int64_t offset; bool receipt; } logged;
typedef struct model {
    kd_id      ids[PERSONS];
    kd_profile straight[PERSONS];
    int64_t    head[PERSONS];
    bool       exists[PERSONS];
    logged     log[EVENTS_MAX];
    size_t     log_count;
    int64_t    end[GROUPS_MAX];
} model;

typedef struct world {
    char              folder[64];
    house             house;
    kd_people        *people;
    kd_people_options options;
    uint16_t          groups;
    kd_arena         *arena;
    kd_rng            rng;
    model             model;
} world;

static void world_people(world *w)
{
    kd_err err = { 0 };
    assert_int_equal(kd_people_open(&w->people, w->house.store, w->house.vault, &w->options, &err), KD_OK);
}

static world *world_new(uint16_t groups, uint64_t seed, size_t bytes_max)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    temp_folder(w->folder);
    house_open(&w->house, w->folder, groups);
    w->groups = groups;
    w->arena = kd_arena_new(1 << 28);
    w->options = (kd_people_options){ .bytes_max = bytes_max, .dirty_bytes_max = 64 * 1024, .caps = kd_profile_caps_default() };
    kd_rng_seed(&w->rng, seed);
    for (uint64_t i = 0; i < PERSONS; i++)
        w->model.ids[i] = counted_id(seed * 1000 + i, T0 + (int64_t)i);
    world_people(w);
    return w;
}

static void world_free(world *w)
{
    for (size_t i = 0; i < PERSONS; i++)
        kd_profile_free(&w->model.straight[i]);
    kd_people_close(w->people);
    house_close(&w->house);
    remove_folder(w->folder);
    kd_arena_free(w->arena);
    free(w);
}

static void make_person(world *w, size_t person)
{
    kd_profile_row row;
    uint8_t        secret[KD_SECRET_BYTES];
    kd_key         key = { KD_KEY_USER, { 0 } };
    kd_txn        *txn;
    kd_err         err = { 0 };
    memcpy(key.hash, w->model.ids[person].b, 16);
    assert_int_equal(kd_people_new(&row, secret, w->people, w->model.ids[person], key, &err), KD_OK);
    assert_int_equal(kd_people_new(&row, secret, w->people, w->model.ids[person], key, &err), KD_CONFLICT);
    if (kd_rng_below(&w->rng, 4) == 0) { /* the transaction failed; once more */
        kd_people_forget(w->people, w->model.ids[person]);
        assert_int_equal(kd_people_new(&row, secret, w->people, w->model.ids[person], key, &err), KD_OK);
    }
    assert_int_equal(kd_txn_begin(&txn, w->house.store, kd_store_group_of(w->house.store, row.person), &err), KD_OK);
    assert_int_equal(kd_txn_persons_put(txn, &row, 1, &err), KD_OK);
    assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
    w->model.exists[person] = true;
}

static void fold_logged(world *w, const logged *l)
{
    kd_person *p;
    kd_err     err = { 0 };
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[l->person], &err), KD_OK);
    if (l->receipt)
        kd_person_touch(p, w->people, l->offset);
    else
        assert_int_equal(kd_person_fold(p, w->people, &l->fact, l->offset, &err), KD_OK);
    assert_true(p->head >= l->offset);
    kd_people_release(w->people, p);
}

/* Append to the log and fold, as the writer does; a receipt moves the place in the log only. */
static void append(world *w, size_t person, bool receipt)
{
    model    *m = &w->model;
    kd_fact   fact = random_fact(&w->rng, w->arena);
    uint16_t  group = kd_store_group_of(w->house.store, m->ids[person]);
    kd_event  e = { .person = m->ids[person], .time_ms = T0, .received_ms = T0, .kind = (uint16_t)fact.kind };
    uint32_t  slot = 0;
    kd_append result;
    kd_txn   *txn;
    kd_err    err = { 0 };
    if (receipt)
        e.kind = KD_KIND_DECISION;
    if (!m->exists[person])
        make_person(w, person);
    fact.id = e.id = counted_id(100000 + m->log_count, T0);
    assert_int_equal(kd_txn_begin(&txn, w->house.store, group, &err), KD_OK);
    assert_int_equal(kd_txn_append(txn, &e, 1, &m->head[person], &slot, &result, &err), KD_OK);
    assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
    assert_int_equal(result, KD_APPEND_STORED);
    if (!receipt)
        assert_int_equal(kd_profile_fold(&m->straight[person], &fact, &w->options.caps, &err), KD_OK);
    m->log[m->log_count] = (logged){ fact, person, group, e.offset, receipt };
    m->end[group] = e.offset;
    fold_logged(w, &m->log[m->log_count]);
    fold_logged(w, &m->log[m->log_count++]); /* a second time: nothing */
}

static void event(world *w, size_t person) { append(w, person, false); }

static void check_person(world *w, size_t person)
{
    kd_person *p;
    kd_err     err = { 0 };
    if (!w->model.exists[person]) {
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[person], &err), KD_NOT_FOUND);
        return;
    }
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[person], &err), KD_OK);
    assert_true(str_same(encoded(&p->profile, w->arena), encoded(&w->model.straight[person], w->arena)));
    assert_int_equal(p->made_by.type, KD_KEY_USER);
    assert_memory_equal(p->made_by.hash, w->model.ids[person].b, 16);
    assert_int_equal(p->head, w->model.head[person]);
    kd_people_release(w->people, p);
}

static void check_all(world *w)
{
    for (size_t i = 0; i < PERSONS; i++)
        check_person(w, i);
}

static void checkpoint(world *w, kd_status expected)
{
    uint16_t group = (uint16_t)kd_rng_below(&w->rng, w->groups);
    kd_err   err = { 0 };
    assert_int_equal(kd_people_checkpoint(w->people, group, w->model.end[group], 1 + kd_rng_below(&w->rng, 9), &err), expected);
}

/* As after kill -9: memory is gone; what the offset does not cover is folded again, what a row covers already is not. */
static void crash_and_replay(world *w)
{
    model *m = &w->model;
    kd_people_close(w->people);
    house_close(&w->house);
    house_open(&w->house, w->folder, w->groups);
    world_people(w);
    for (uint16_t group = 0; group < w->groups; group++) {
        int64_t covered;
        kd_err  err = { 0 };
        assert_int_equal(kd_reader_offset(&covered, w->house.reader, group, KD_PROFILE_CONSUMER, &err), KD_OK);
        for (size_t i = 0; i < m->log_count; i++) {
            if (m->log[i].group == group && m->log[i].offset > covered)
                fold_logged(w, &m->log[i]);
        }
    }
}

static void fail_some_commits(world *w)
{
    switch (kd_rng_below(&w->rng, 4)) {
    case 0: fail_commits(2, KD_RETRY, false); checkpoint(w, KD_OK); break;
    case 1: fail_commits(1, KD_UNKNOWN, true); checkpoint(w, KD_OK); break;
    case 2: fail_commits(1, KD_UNKNOWN, false); checkpoint(w, KD_OK); break;
    default: fail_commits(1, KD_IO, false); checkpoint(w, KD_IO); break;
    }
    fail_commits(0, KD_OK, false);
}

static void run_model(uint16_t groups, uint64_t seed, size_t bytes_max)
{
    world *w = world_new(groups, seed, bytes_max);
    for (int step = 0; step < 400; step++) {
        unsigned dice = kd_rng_below(&w->rng, 100);
        if (dice < 70)
            append(w, kd_rng_below(&w->rng, PERSONS), dice < 25);
        else if (dice < 85)
            check_person(w, kd_rng_below(&w->rng, PERSONS));
        else if (dice < 94)
            checkpoint(w, KD_OK);
        else if (dice < 98)
            fail_some_commits(w);
        else
            crash_and_replay(w);
    }
    check_all(w);
    for (uint16_t group = 0; group < groups; group++) {
        kd_err err = { 0 };
        assert_int_equal(kd_people_checkpoint(w->people, group, w->model.end[group], 7, &err), KD_OK);
    }
    assert_int_equal(kd_people_dirty_bytes(w->people), 0);
    assert_false(kd_people_full(w->people));
    check_all(w);
    crash_and_replay(w); /* replays nothing now */
    check_all(w);
    world_free(w);
}

static void test_people_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        run_model(1, seed, 100);
        run_model(1, 10 + seed, 1 << 20);
        run_model(16, 20 + seed, 100);
    }
}

static void test_people_full(void **state)
{
    world *w = world_new(1, 99, 1 << 20);
    (void)state;
    w->model.exists[0] = false;
    kd_people_close(w->people);
    w->options.dirty_bytes_max = 3000;
    world_people(w);
    while (!kd_people_full(w->people)) {
        assert_true(w->model.log_count < 200);
        event(w, 0);
    }
    assert_true(kd_people_dirty_bytes(w->people) > 3000);
    assert_true(kd_people_bytes(w->people) >= kd_people_dirty_bytes(w->people));
    checkpoint(w, KD_OK);
    assert_false(kd_people_full(w->people));
    check_all(w);
    world_free(w);
}

/* The cap holds whoever is asked for: beyond it, at most the one asked for last stays in each of the 128 shards. */
static void test_people_bounded(void **state)
{
    enum { MANY = 3000, SHARDS = 128, ENTRY_MAX = 4096 };
    world        *w = world_new(1, 96, 512 * 1024);
    static kd_id  ids[MANY];
    kd_err        err = { 0 };
    kd_person    *p;
    size_t        most = 0;
    kd_txn       *txn;
    (void)state;
    assert_int_equal(kd_txn_begin(&txn, w->house.store, 0, &err), KD_OK);
    for (int i = 0; i < MANY; i++) {
        kd_profile_row row;
        uint8_t        secret[KD_SECRET_BYTES];
        ids[i] = counted_id(7000 + (uint64_t)i, T0);
        assert_int_equal(kd_people_new(&row, secret, w->people, ids[i], (kd_key){ .type = KD_KEY_USER }, &err), KD_OK);
        assert_int_equal(kd_txn_persons_put(txn, &row, 1, &err), KD_OK);
    }
    assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
    for (int i = 0; i < MANY; i++) {
        kd_fact fact = line_fact(w->arena, KD_KIND_VIEW, T0 + i, "p", "", 1, 1);
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, ids[i], &err), KD_OK);
        assert_int_equal(kd_person_fold(p, w->people, &fact, i + 1, &err), KD_OK);
        kd_people_release(w->people, p);
    }
    assert_int_equal(kd_people_count(w->people), MANY); /* dirty ones stay */
    assert_int_equal(kd_people_dirty_bytes(w->people), kd_people_bytes(w->people));
    assert_true(kd_people_bytes(w->people) > w->options.bytes_max + SHARDS * ENTRY_MAX);
    assert_int_equal(kd_people_checkpoint(w->people, 0, MANY, 500, &err), KD_OK);
    assert_true(kd_people_bytes(w->people) <= w->options.bytes_max);
    for (int i = 0; i < 3 * MANY; i++) {
        int which = (int)kd_rng_below(&w->rng, MANY);
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, ids[which], &err), KD_OK);
        assert_int_equal(p->profile.counters[0].first_ms, T0 + which);
        kd_people_release(w->people, p);
        most = kd_people_bytes(w->people) > most ? kd_people_bytes(w->people) : most;
    }
    assert_true(most <= w->options.bytes_max + SHARDS * ENTRY_MAX);
    world_free(w);
}

/* A person that is not in the store yet has nowhere to come back from: it stays, however full the house is. */
static void test_people_fresh_stay(void **state)
{
    enum { FRESH = 600 };
    world        *w = world_new(1, 95, 100);
    static kd_id  ids[FRESH];
    kd_profile_row row;
    uint8_t       secret[KD_SECRET_BYTES];
    kd_person    *p;
    kd_err        err = { 0 };
    (void)state;
    for (size_t i = 0; i < PERSONS; i++)
        event(w, i);
    checkpoint(w, KD_OK);
    for (size_t i = 0; i < FRESH; i++) {
        ids[i] = counted_id(9000 + i, T0);
        assert_int_equal(kd_people_new(&row, secret, w->people, ids[i], (kd_key){ .type = KD_KEY_USER }, &err), KD_OK);
    }
    check_all(w);
    check_all(w);
    checkpoint(w, KD_OK); /* writes none of them */
    for (size_t i = 0; i < FRESH; i++) {
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, ids[i], &err), KD_OK);
        kd_people_release(w->people, p);
        kd_people_forget(w->people, ids[i]);
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, ids[i], &err), KD_NOT_FOUND);
    }
    world_free(w);
}

static void fold_meanwhile(void *self)
{
    world     *w = self;
    kd_fact    fact = line_fact(w->arena, KD_KIND_VIEW, T0, "late", "", 1, 1);
    kd_person *p;
    kd_err     err = { 0 };
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[2], &err), KD_OK);
    assert_int_equal(kd_person_fold(p, w->people, &fact, p->folded + 1, &err), KD_OK);
    kd_people_release(w->people, p);
}

/* What is folded while its row is on the way to the disk is not in that row, so the person stays dirty. */
static void test_people_fold_during_commit(void **state)
{
    world     *w = world_new(1, 94, 1 << 20);
    kd_person *p;
    int64_t    folded;
    kd_err     err = { 0 };
    (void)state;
    event(w, 1);
    event(w, 2);
    before_commit(fold_meanwhile, w);
    assert_int_equal(kd_people_checkpoint(w->people, 0, 1, 10, &err), KD_OK);
    assert_true(kd_people_dirty_bytes(w->people) > 0);
    assert_true(kd_people_dirty_bytes(w->people) < kd_people_bytes(w->people)); /* only this one */
    assert_int_equal(kd_people_checkpoint(w->people, 0, 1, 10, &err), KD_OK);
    assert_int_equal(kd_people_dirty_bytes(w->people), 0);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[2], &err), KD_OK);
    folded = p->folded;
    kd_people_release(w->people, p);
    kd_people_close(w->people);
    world_people(w);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[2], &err), KD_OK);
    assert_int_equal(p->folded, folded);
    assert_non_null(kd_profile_counter(&p->profile, KD_KIND_VIEW));
    kd_people_release(w->people, p);
    world_free(w);
}

/* A row under another person's id, or changed on disk, is no profile. */
static void test_people_corrupt(void **state)
{
    world    *w = world_new(1, 98, 100);
    kd_person *p;
    kd_txn   *txn;
    kd_err    err = { 0 };
    kd_profile_row row = { .folded = INT64_MAX, .head = 1, .state = KD_STR("these bytes were never sealed, and long enough to be") };
    (void)state;
    event(w, 1);
    checkpoint(w, KD_OK);
    row.person = w->model.ids[1];
    assert_int_equal(kd_txn_begin(&txn, w->house.store, 0, &err), KD_OK);
    assert_int_equal(kd_txn_profiles_put(txn, &row, 1, &err), KD_OK);
    assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[1], &err), KD_CORRUPT);
    assert_int_equal(kd_people_count(w->people), 0);
    world_free(w);
}

static kd_profile_row stored_row(world *w, kd_id person)
{
    kd_profile_row row = { 0 };
    kd_err         err = { 0 };
    assert_int_equal(kd_reader_profiles(&row, w->house.reader, &person, 1, w->arena, &err), KD_OK);
    return row;
}

/* Decisions move a person's place in the log and nothing else: the checkpoint leaves the sealed profile as it stands. */
static void test_people_moved(void **state)
{
    world         *w = world_new(1, 97, 1 << 20);
    kd_person     *p;
    kd_err         err = { 0 };
    kd_id          person;
    kd_profile_row before, after;
    (void)state;
    event(w, 1);
    checkpoint(w, KD_OK);
    person = w->model.ids[1];
    before = stored_row(w, person);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, person, &err), KD_OK);
    kd_person_touch(p, w->people, before.folded + 7);
    kd_people_release(w->people, p);
    checkpoint(w, KD_OK);
    after = stored_row(w, person);
    assert_true(str_same(before.state, after.state)); /* sealed anew, it would have another nonce */
    assert_int_equal(after.head, before.folded + 7);
    assert_int_equal(after.folded, before.folded + 7);
    assert_int_equal(kd_people_dirty_bytes(w->people), 0);
    kd_people_close(w->people);
    world_people(w);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, person, &err), KD_OK);
    assert_int_equal(p->head, before.folded + 7);
    assert_int_equal(p->folded, before.folded + 7);
    assert_true(str_same(encoded(&p->profile, w->arena), encoded(&w->model.straight[1], w->arena)));
    kd_people_release(w->people, p);
    world_free(w);
}

/* A row that an earlier version wrote, whose sums nobody can take apart: a person into whom nothing was folded yet. */
static void test_people_outdated(void **state)
{
    world         *w = world_new(1, 99, 1 << 20);
    kd_person     *p;
    kd_txn        *txn;
    kd_buf         sealed;
    kd_err         err = { 0 };
    kd_profile_row row = { .folded = 40, .head = 40 };
    (void)state;
    event(w, 1);
    checkpoint(w, KD_OK);
    kd_buf_init(&sealed, w->arena);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[1], &err), KD_OK);
    kd_seal(&sealed, &p->key, (kd_str){ (const char *)p->id.b, sizeof p->id.b }, stored("profile_v1.bin", w->arena));
    kd_people_release(w->people, p);
    row.person = w->model.ids[1];
    row.state = kd_buf_str(&sealed);
    assert_int_equal(kd_txn_begin(&txn, w->house.store, 0, &err), KD_OK);
    assert_int_equal(kd_txn_profiles_put(txn, &row, 1, &err), KD_OK);
    assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
    kd_people_close(w->people);
    w->options.trust_claims = true;
    world_people(w);
    assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[1], &err), KD_OK);
    assert_int_equal(p->folded, 0);
    assert_int_equal(p->head, 40);
    assert_true(p->profile.trusts_claims);
    assert_int_equal(p->profile.counter_count, 0);
    assert_int_equal(kd_person_fold(p, w->people, &w->model.log[0].fact, w->model.log[0].offset, &err), KD_OK);
    assert_true(str_same(encoded(&p->profile, w->arena), encoded(&w->model.straight[1], w->arena)));
    kd_people_release(w->people, p);
    world_free(w);
}

/* Seal a profile of an earlier version into the row of each person, as folded as it is, and forget how far the log is folded. */
static void outdate_all(world *w)
{
    kd_txn *txn;
    kd_err  err = { 0 };
    for (size_t i = 0; i < PERSONS; i++) {
        kd_profile_row row;
        kd_buf         sealed;
        kd_person     *p;
        if (!w->model.exists[i])
            continue;
        row = stored_row(w, w->model.ids[i]);
        kd_buf_init(&sealed, w->arena);
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, row.person, &err), KD_OK);
        kd_seal(&sealed, &p->key, (kd_str){ (const char *)p->id.b, sizeof p->id.b }, stored("profile_v1.bin", w->arena));
        kd_people_release(w->people, p);
        row.state = kd_buf_str(&sealed);
        assert_int_equal(kd_txn_begin(&txn, w->house.store, kd_store_group_of(w->house.store, row.person), &err), KD_OK);
        assert_int_equal(kd_txn_profiles_put(txn, &row, 1, &err), KD_OK);
        assert_int_equal(kd_txn_offset_put(txn, KD_PROFILE_CONSUMER, 0, &err), KD_OK);
        assert_int_equal(kd_txn_commit(txn, &err), KD_OK);
    }
    kd_people_close(w->people);
    world_people(w);
}

/* A log folded anew after a change of version, with checkpoints on the way (a shop larger than its memory) and perhaps a crash:
 * the rows of the earlier version are folded further than the new ones are yet, and must give way all the same. */
static void test_people_refold_in_parts(void **state)
{
    enum { EVENTS = 400 };
    (void)state;
    for (int crash = 0; crash < 2; crash++) {
        world  *w = world_new(1, 120 + (uint64_t)crash, 100); /* nothing clean stays in memory */
        kd_err  err = { 0 };
        for (int i = 0; i < EVENTS; i++) {
            append(w, kd_rng_below(&w->rng, PERSONS), i % 3 == 1);
            if (i % 50 == 49)
                assert_int_equal(kd_people_checkpoint(w->people, 0, w->model.end[0], 7, &err), KD_OK);
        }
        outdate_all(w);
        for (size_t i = 0; i < w->model.log_count; i++) {
            fold_logged(w, &w->model.log[i]);
            if (i % 60 == 59)
                assert_int_equal(kd_people_checkpoint(w->people, 0, w->model.log[i].offset, 7, &err), KD_OK);
            if (crash && i == EVENTS / 2) {
                crash_and_replay(w);
                break;
            }
        }
        assert_int_equal(kd_people_checkpoint(w->people, 0, w->model.end[0], 7, &err), KD_OK);
        check_all(w);
        crash_and_replay(w);
        check_all(w);
        world_free(w);
    }
}

/* ---- threads ------------------------------------------------------------------------------------------------------------- */

typedef struct race {
    world      *w;
    atomic_bool stop;
    size_t      from, to; /* this thread's persons: it alone folds them */
    atomic_int  failures;
} race;

static void *fold_thread(void *self)
{
    race      *r = self;
    kd_reader *reader;
    kd_err     err = { 0 };
    if (kd_reader_open(&reader, r->w->house.store, &err) != KD_OK)
        return r;
    for (int64_t i = 0; i < 6000; i++) {
        size_t     person = r->from + (size_t)i % (r->to - r->from);
        kd_fact    fact = { .kind = KD_KIND_VIEW, .id = counted_id((uint64_t)i, T0), .time_ms = T0 + i, .total_micro = KD_PRICE_NONE };
        kd_person *p;
        if (kd_people_acquire(&p, r->w->people, reader, r->w->model.ids[person], &err) != KD_OK) {
            atomic_fetch_add(&r->failures, 1);
            continue;
        }
        if (kd_person_fold(p, r->w->people, &fact, p->folded + 1, &err) != KD_OK)
            atomic_fetch_add(&r->failures, 1);
        kd_people_release(r->w->people, p);
        if (i % 3 == 0 && kd_people_acquire(&p, r->w->people, reader, r->w->model.ids[(size_t)(i * 7) % PERSONS], &err) == KD_OK)
            kd_people_release(r->w->people, p); /* somebody else's */
        (void)kd_people_full(r->w->people);
    }
    kd_reader_close(reader);
    return NULL;
}

static void *checkpoint_thread(void *self)
{
    race  *r = self;
    kd_err err = { 0 };
    while (!atomic_load(&r->stop))
        if (kd_people_checkpoint(r->w->people, 0, 1, 16, &err) != KD_OK)
            atomic_fetch_add(&r->failures, 1);
    return NULL;
}

static void test_people_threads(void **state)
{
    world    *w = world_new(1, 97, 100);
    race      folds[2] = { { .w = w, .from = 0, .to = PERSONS / 2 }, { .w = w, .from = PERSONS / 2, .to = PERSONS } }, writes = { .w = w };
    pthread_t threads[2], writer;
    kd_err    err = { 0 };
    void     *result;
    (void)state;
    for (size_t i = 0; i < PERSONS; i++)
        make_person(w, i);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, fold_thread, &folds[i]);
    pthread_create(&writer, NULL, checkpoint_thread, &writes);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    atomic_store(&writes.stop, true);
    pthread_join(writer, NULL);
    assert_int_equal(folds[0].failures + folds[1].failures + writes.failures, 0);
    assert_int_equal(kd_people_checkpoint(w->people, 0, 1, 16, &err), KD_OK);
    kd_people_close(w->people); /* what is read now comes from the disk */
    world_people(w);
    for (size_t i = 0; i < PERSONS; i++) {
        kd_person *p;
        assert_int_equal(kd_people_acquire(&p, w->people, w->house.reader, w->model.ids[i], &err), KD_OK);
        assert_int_equal(kd_profile_counter(&p->profile, KD_KIND_VIEW)->count, 6000 / (PERSONS / 2));
        assert_int_equal(p->folded, 6000 / (PERSONS / 2));
        kd_people_release(w->people, p);
    }
    world_free(w);
}

int run_people_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_model), cmocka_unit_test(test_people_full), cmocka_unit_test(test_people_bounded),
        cmocka_unit_test(test_people_fresh_stay), cmocka_unit_test(test_people_fold_during_commit),
        cmocka_unit_test(test_people_corrupt), cmocka_unit_test(test_people_moved), cmocka_unit_test(test_people_outdated), cmocka_unit_test(test_people_refold_in_parts),
        cmocka_unit_test(test_people_threads),
    };
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}

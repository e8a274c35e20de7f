#include "conformance.h"

#include <pthread.h>

#include "support.h"

/* ---- how a correct caller calls ----------------------------------------------------------------------------------- */
bool conform_again(kd_status status, unsigned *tries)
{
    bool again = status == KD_RETRY || status == KD_UNKNOWN || status == KD_IO || status == KD_BUSY;
    return again && ++*tries < 100;
}

static kd_status run_once(conform *c, uint16_t group, conform_body body, void *arg, kd_err *err)
{
    kd_txn   *txn = NULL;
    kd_status status = kd_txn_begin(&txn, c->store, group, err);
    if (status != KD_OK)
        return status;
    status = body(txn, arg, err);
    if (status == KD_OK)
        return kd_txn_commit(txn, err);
    kd_txn_rollback(txn);
    return status;
}

void conform_txn(conform *c, uint16_t group, conform_body body, void *arg)
{
    kd_err err = { 0 };
    AGAIN(run_once(c, group, body, arg, &err));
}

kd_id conform_person(conform *c, uint64_t n)
{
    (void)c;
    return numbered_id(n + 7000000, T0 + (int64_t)n);
}

kd_id conform_person_of(conform *c, uint16_t group, uint64_t n)
{
    for (uint64_t i = 0;; i++) {
        kd_id id = conform_person(c, i);
        if (kd_store_group_of(c->store, id) == group && n-- == 0)
            return id;
    }
}

static int set_up(void **state)
{
    conform *c = calloc(1, sizeof *c);
    kd_err   err = { 0 };
    c->adapter = *state;
    temp_folder(c->folder);
    join(c->path, c->folder, "kunde.db");
    OK(c->adapter->open(&c->store, c->path, c->adapter->groups, &err));
    AGAIN(kd_reader_open(&c->reader, c->store, &err));
    c->arena = kd_arena_new(256 << 20);
    kd_rng_seed(&c->rng, 42);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    conform              *c = *state;
    const kd_conformance *adapter = c->adapter;
    kd_reader_close(c->reader);
    kd_store_close(c->store);
    kd_arena_free(c->arena);
    remove_folder(c->folder);
    free(c);
    *state = (void *)adapter;
    return 0;
}

static void reopen(conform *c)
{
    kd_err err = { 0 };
    kd_reader_close(c->reader);
    kd_store_close(c->store);
    OK(c->adapter->open(&c->store, c->path, 0, &err));
    AGAIN(kd_reader_open(&c->reader, c->store, &err));
}

/* ---- the log against a model --------------------------------------------------------------------------------------- */
enum { PERSONS = 40, EVENTS = 900, BATCH = 23 };

typedef struct model {
    kd_id    persons[PERSONS];
    int64_t  heads[PERSONS];
    kd_event events[EVENTS];  /* as stored: offset and prev filled */
    uint32_t who[EVENTS];
    char     bodies[EVENTS][64];
} model;

typedef struct batch {
    kd_event  events[BATCH];
    uint32_t  slots[BATCH];
    kd_append results[BATCH];
    size_t    index[BATCH]; /* in the model */
    size_t    count;
    int64_t  *heads, tried[PERSONS];
} batch;

static kd_status append_batch(kd_txn *txn, void *arg, kd_err *err)
{
    batch *b = arg;
    memcpy(b->tried, b->heads, sizeof b->tried); /* a transaction that failed must not have moved them */
    return kd_txn_append(txn, b->events, b->count, b->tried, b->slots, b->results, err);
}

/* Run the batch and take what came of it into the model. After KD_UNKNOWN and a second run everything may be a duplicate of
 * the first: then the log is asked, as ingest does. */
static void put_batch(conform *c, model *m, batch *b, uint16_t group)
{
    kd_err err = { 0 };
    if (b->count == 0)
        return;
    b->heads = m->heads;
    conform_txn(c, group, append_batch, b);
    memcpy(m->heads, b->tried, sizeof b->tried);
    for (size_t i = 0; i < b->count; i++) {
        kd_event *event = &m->events[b->index[i]];
        if (b->results[i] == KD_APPEND_STORED) {
            assert_int_equal(event->offset, 0); /* never twice */
            event->offset = b->events[i].offset;
            event->prev = b->events[i].prev;
            continue;
        }
        kd_event stored;
        AGAIN(kd_reader_event(&stored, c->reader, event->person, event->id, c->arena, &err));
        assert_true(event->offset == 0 || event->offset == stored.offset);
        event->offset = stored.offset;
        event->prev = stored.prev;
        if (m->heads[b->slots[i]] < stored.offset)
            m->heads[b->slots[i]] = stored.offset;
    }
    b->count = 0;
}

static void make_events(conform *c, model *m)
{
    for (size_t i = 0; i < PERSONS; i++)
        m->persons[i] = conform_person(c, i);
    for (size_t i = 0; i < EVENTS; i++) {
        uint32_t who = kd_rng_below(&c->rng, PERSONS);
        size_t   len = kd_rng_below(&c->rng, sizeof m->bodies[i]);
        for (size_t k = 0; k < len; k++)
            m->bodies[i][k] = (char)kd_rng_u64(&c->rng);
        m->who[i] = who;
        m->events[i] = (kd_event){ .id = kd_id_new(&c->rng, T0 + (int64_t)kd_rng_below(&c->rng, 5000)), .person = m->persons[who],
                                   .time_ms = T0 - (int64_t)kd_rng_below(&c->rng, 100000), .received_ms = T0 + (int64_t)i,
                                   .kind = (uint16_t)kd_rng_below(&c->rng, 70), .flags = (uint16_t)kd_rng_below(&c->rng, 8),
                                   .facts = { m->bodies[i], len / 3 }, .body = { m->bodies[i] + len / 3, len - len / 3 } };
    }
}

/* All events, each group's in the order of the model, in batches. */
static void put_events(conform *c, model *m)
{
    batch   *b = calloc(1, sizeof *b);
    uint16_t groups = kd_store_groups(c->store);
    for (uint16_t group = 0; group < groups; group++) {
        for (size_t i = 0; i < EVENTS; i++) {
            if (kd_store_group_of(c->store, m->events[i].person) != group)
                continue;
            b->events[b->count] = m->events[i];
            b->slots[b->count] = m->who[i];
            b->index[b->count++] = i;
            if (b->count == BATCH)
                put_batch(c, m, b, group);
        }
        put_batch(c, m, b, group);
    }
    free(b);
}

static void same_event(const kd_event *a, const kd_event *b, bool with_body)
{
    assert_true(kd_id_eq(a->id, b->id) && kd_id_eq(a->person, b->person));
    assert_int_equal(a->time_ms, b->time_ms);
    assert_int_equal(a->received_ms, b->received_ms);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->prev, b->prev);
    assert_true(same_str(a->facts, b->facts));
    assert_true(with_body ? same_str(a->body, b->body) : a->body.len == 0);
}

static const kd_event *event_at(conform *c, const model *m, uint16_t group, int64_t offset)
{
    for (size_t i = 0; i < EVENTS; i++)
        if (m->events[i].offset == offset && kd_store_group_of(c->store, m->events[i].person) == group)
            return &m->events[i];
    return NULL;
}

/* The log read in pages is the model, gapless and in order. */
static void check_log(conform *c, const model *m, bool with_body)
{
    kd_err err = { 0 };
    size_t total = 0;
    for (uint16_t group = 0; group < kd_store_groups(c->store); group++) {
        kd_event *events = NULL;
        size_t    count = 0;
        int64_t   after = 0, end = 0;
        do {
            AGAIN(kd_reader_log(&events, &count, c->reader, group, after, 17, with_body, c->arena, &err));
            assert_true(count <= 17);
            for (size_t i = 0; i < count; i++) {
                const kd_event *want = event_at(c, m, group, ++after);
                assert_non_null(want);
                same_event(&events[i], want, with_body);
            }
            total += count;
        } while (count > 0);
        AGAIN(kd_reader_log_end(&end, c->reader, group, &err));
        assert_int_equal(end, after);
        kd_arena_reset(c->arena);
    }
    assert_int_equal(total, EVENTS);
}

/* Each person's chain, newest first, is that person's events of the model. */
static void check_chains(conform *c, const model *m)
{
    kd_err    err = { 0 };
    kd_event *events = NULL;
    size_t    count = 0, total = 0;
    for (size_t p = 0; p < PERSONS; p++) {
        uint16_t group = kd_store_group_of(c->store, m->persons[p]);
        AGAIN(kd_reader_chain(&events, &count, c->reader, m->persons[p], m->heads[p], SIZE_MAX, true, c->arena, &err));
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 ? events[i].offset == m->heads[p] : events[i].offset == events[i - 1].prev);
            assert_true(kd_id_eq(events[i].person, m->persons[p]));
            same_event(&events[i], event_at(c, m, group, events[i].offset), true);
        }
        total += count;
        size_t two = 0;
        AGAIN(kd_reader_chain(&events, &two, c->reader, m->persons[p], m->heads[p], 2, false, c->arena, &err));
        assert_int_equal(two, count < 2 ? count : 2);
    }
    assert_int_equal(total, EVENTS);
}

static void test_log(void **state)
{
    conform *c = *state;
    model   *m = calloc(1, sizeof *m);
    make_events(c, m);
    put_events(c, m);
    check_log(c, m, true);
    check_log(c, m, false);
    check_chains(c, m);
    put_events(c, m); /* the same again: all duplicates, nothing moves */
    check_log(c, m, true);
    reopen(c);
    check_log(c, m, true);
    check_chains(c, m);
    free(m);
}

/* ---- duplicates ------------------------------------------------------------------------------------------------------ */
static void test_duplicates(void **state)
{
    conform  *c = *state;
    kd_err    err = { 0 };
    uint16_t  group = kd_store_groups(c->store) - 1;
    model    *m = calloc(1, sizeof *m);
    batch    *b = calloc(1, sizeof *b);
    kd_id     id = numbered_id(1, T0);
    kd_event *events;
    size_t    count;
    for (size_t i = 0; i < 3; i++)
        m->persons[i] = conform_person_of(c, group, i);
    /* the same id three times: twice for one person, once for another */
    static const uint32_t who[] = { 0, 0, 1, 0 };
    for (size_t i = 0; i < 4; i++) {
        b->events[i] = (kd_event){ .id = i == 3 ? numbered_id(2, T0) : id, .person = m->persons[who[i]], .body = KD_STR("x") };
        b->slots[i] = who[i];
    }
    b->count = 4;
    b->heads = m->heads;
    conform_txn(c, group, append_batch, b);
    AGAIN(kd_reader_log(&events, &count, c->reader, group, 0, 100, true, c->arena, &err));
    assert_int_equal(count, 3);
    assert_true(kd_id_eq(events[0].id, id) && kd_id_eq(events[1].id, id) && kd_id_eq(events[1].person, m->persons[1]));
    assert_int_equal(events[2].prev, 1);
    assert_int_equal(events[1].prev, 0);
    if (!c->adapter->rough) {
        assert_int_equal(b->results[0], KD_APPEND_STORED);
        assert_int_equal(b->results[1], KD_APPEND_DUPLICATE);
        assert_int_equal(b->results[2], KD_APPEND_STORED);
        assert_int_equal(b->tried[0], 3);
        assert_int_equal(b->tried[1], 2);
        /* heads of duplicates stay as they are given */
        memcpy(m->heads, b->tried, sizeof m->heads);
        conform_txn(c, group, append_batch, b);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(b->results[i], KD_APPEND_DUPLICATE);
        assert_memory_equal(m->heads, b->tried, sizeof m->heads);
    }
    free(b);
    free(m);
}

/* ---- one transaction, one group; all or nothing ---------------------------------------------------------------------- */
static kd_status put_stranger(kd_txn *txn, int what, kd_id person, kd_err *err)
{
    kd_event       event = { .id = person, .person = person };
    kd_profile_row row = { .person = person, .secret = KD_STR("s") };
    kd_link        link = { .person = person, .other = numbered_id(5, T0) };
    kd_record      record = { .person = person, .kind = KD_STR("job"), .id = numbered_id(6, T0) };
    int64_t        head = 0;
    uint32_t       slot = 0;
    kd_append      result;
    switch (what) {
    case 0: return kd_txn_append(txn, &event, 1, &head, &slot, &result, err);
    case 1: return kd_txn_persons_put(txn, &row, 1, err);
    case 2: return kd_txn_profiles_put(txn, &row, 1, err);
    case 3: return kd_txn_links_put(txn, &link, 1, err);
    case 4: return kd_txn_records_put(txn, &record, 1, err);
    default: return kd_txn_record_delete(txn, person, KD_STR("job"), record.id, err);
    }
}

static void test_groups(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    uint16_t groups = kd_store_groups(c->store);
    kd_txn  *txn = NULL;
    int64_t  end;
    GIVES(KD_INVALID, kd_txn_begin(&txn, c->store, groups, &err));
    SAYS("group");
    GIVES(KD_INVALID, kd_reader_log_end(&end, c->reader, groups, &err));
    for (uint32_t i = 0; i < 2000; i++) { /* a group is a run of parts */
        kd_id id = conform_person(c, i);
        assert_int_equal(kd_store_group_of(c->store, id), kd_part(id) / (KD_PARTS / groups));
    }
    if (groups == 1 || c->adapter->rough)
        return;
    kd_id mine = conform_person_of(c, 0, 0), other = conform_person_of(c, groups - 1, 0);
    for (int what = 0; what < 6; what++) {
        AGAIN(kd_txn_begin(&txn, c->store, 0, &err));
        OK(put_stranger(txn, 4, mine, &err)); /* a good call first: it must go down with the other */
        GIVES(KD_INVALID, put_stranger(txn, what, other, &err));
        SAYS("group");
        GIVES(KD_INVALID, kd_txn_commit(txn, &err));
    }
    kd_record *records;
    size_t     count;
    OK(kd_reader_records(&records, &count, c->reader, mine, KD_STR("job"), (kd_id){ 0 }, 10, c->arena, &err));
    assert_int_equal(count, 0);
    OK(kd_reader_log_end(&end, c->reader, groups - 1, &err));
    assert_int_equal(end, 0);
}

static void test_rollback(void **state)
{
    conform  *c = *state;
    kd_err    err = { 0 };
    kd_id     person = conform_person_of(c, 0, 0);
    kd_txn   *txn = NULL;
    kd_event  event = { .id = numbered_id(9, T0), .person = person, .body = KD_STR("lost") };
    int64_t   head = 0, end = -1;
    uint32_t  slot = 0;
    kd_append result;
    if (c->adapter->rough)
        return; /* about the bare calls */
    OK(kd_txn_begin(&txn, c->store, 0, &err));
    OK(kd_txn_append(txn, &event, 1, &head, &slot, &result, &err));
    OK(kd_txn_offset_put(txn, "profile", 5, &err));
    OK(kd_reader_log_end(&end, c->reader, 0, &err));
    assert_int_equal(end, 0); /* nobody sees what is not committed */
    kd_txn *second = NULL;
    GIVES(KD_INVALID, kd_txn_begin(&second, c->store, 0, &err)); /* it would wait for itself */
    GIVES(KD_INVALID, kd_store_meta_put(c->store, "x", KD_STR("y"), &err));
    kd_txn_rollback(txn);
    kd_txn_rollback(NULL);
    OK(kd_reader_offset(&end, c->reader, 0, "profile", &err));
    assert_int_equal(end, 0);
    head = 0;
    OK(kd_txn_begin(&txn, c->store, 0, &err));
    OK(kd_txn_append(txn, &event, 1, &head, &slot, &result, &err));
    OK(kd_txn_commit(txn, &err));
    assert_int_equal(event.offset, 1); /* the lost one left no hole */
    OK(kd_txn_begin(&txn, c->store, 0, &err));
    OK(kd_txn_commit(txn, &err)); /* an empty one is fine */
}

/* ---- hollowing ------------------------------------------------------------------------------------------------------- */
typedef struct hollow_run { int64_t cursor, next; size_t hollowed; } hollow_run;

static kd_status hollow_step(kd_txn *txn, void *arg, kd_err *err)
{
    hollow_run *run = arg;
    run->next = run->cursor; /* it moves only when the step is committed */
    return kd_txn_hollow(txn, 3, T0 + 50, &run->next, 7, &run->hollowed, err);
}

static void test_hollow(void **state)
{
    conform   *c = *state;
    kd_err     err = { 0 };
    model     *m = calloc(1, sizeof *m);
    batch     *b = calloc(1, sizeof *b);
    hollow_run run = { 0 };
    kd_event  *events;
    size_t     count, hollow = 0, total = 0;
    int64_t    before;
    m->persons[0] = conform_person_of(c, 0, 0);
    for (size_t i = 0; i < 100; i++) {
        m->events[i] = (kd_event){ .id = numbered_id(i, T0), .person = m->persons[0], .received_ms = T0 + (int64_t)i,
                                   .kind = i % 2 ? 3 : 4, .facts = KD_STR("facts"), .body = KD_STR("body") };
        b->events[b->count] = m->events[i];
        b->index[b->count++] = i;
        if (b->count == BATCH)
            put_batch(c, m, b, 0);
    }
    put_batch(c, m, b, 0);
    do {
        before = run.cursor;
        conform_txn(c, 0, hollow_step, &run);
        run.cursor = run.next;
        total += run.hollowed;
    } while (run.cursor != before);
    if (!c->adapter->rough)
        assert_int_equal(total, 25); /* a step that was run again finds nothing left */
    AGAIN(kd_reader_chain(&events, &count, c->reader, m->persons[0], m->heads[0], 1000, true, c->arena, &err));
    assert_int_equal(count, 100);
    for (size_t i = 0; i < count; i++) {
        bool is_hollow = events[i].flags & KD_EVENT_HOLLOW;
        assert_true(is_hollow == (events[i].kind == 3 && events[i].received_ms < T0 + 50));
        assert_true(is_hollow ? events[i].body.len == 0 && events[i].facts.len == 0 : kd_str_is(events[i].body, "body"));
        hollow += is_hollow;
    }
    assert_int_equal(hollow, 25);
    m->events[1].offset = 0;
    b->events[0] = m->events[1];
    b->index[0] = 1;
    b->count = 1;
    put_batch(c, m, b, 0); /* a hollow event still makes its retry a duplicate */
    AGAIN(kd_reader_log_end(&before, c->reader, 0, &err));
    assert_int_equal(before, 100);
    free(b);
    free(m);
}

/* ---- many threads ---------------------------------------------------------------------------------------------------- */
enum { WRITERS = 4, ROUNDS = 25, EACH = 5 };
typedef struct writer { conform *c; uint64_t number; bool ok; } writer;

static kd_status append_some(kd_txn *txn, void *arg, kd_err *err)
{
    kd_event *events = arg;
    int64_t   head = 0;
    uint32_t  slots[EACH] = { 0 };
    kd_append results[EACH];
    return kd_txn_append(txn, events, EACH, &head, slots, results, err);
}

static void *write_much(void *arg)
{
    writer  *w = arg;
    kd_event events[EACH];
    kd_err   err = { 0 };
    w->ok = true;
    for (uint64_t round = 0; w->ok && round < ROUNDS; round++) {
        kd_id     person = conform_person(w->c, w->number * 1000 + round);
        unsigned  tries = 0;
        kd_status status;
        for (uint64_t i = 0; i < EACH; i++)
            events[i] = (kd_event){ .id = numbered_id(w->number * 100000 + round * 100 + i, T0), .person = person, .body = KD_STR("b") };
        do
            status = run_once(w->c, kd_store_group_of(w->c->store, person), append_some, events, &err);
        while (conform_again(status, &tries));
        w->ok = status == KD_OK;
    }
    return NULL;
}

static size_t read_on(conform *c, int64_t *after)
{
    kd_err    err = { 0 };
    kd_event *events;
    size_t    count, total = 0;
    for (uint16_t group = 0; group < kd_store_groups(c->store); group++) {
        AGAIN(kd_reader_log(&events, &count, c->reader, group, after[group], 1000, false, c->arena, &err));
        for (size_t i = 0; i < count; i++)
            assert_int_equal(events[i].offset, ++after[group]); /* what is committed later comes later */
        total += count;
    }
    kd_arena_reset(c->arena);
    return total;
}

static void test_threads(void **state)
{
    conform  *c = *state;
    pthread_t threads[WRITERS];
    writer    writers[WRITERS];
    int64_t  *after = calloc(kd_store_groups(c->store), sizeof *after);
    size_t    total = 0;
    for (uint64_t i = 0; i < WRITERS; i++) {
        writers[i] = (writer){ c, i, false };
        assert_int_equal(pthread_create(&threads[i], NULL, write_much, &writers[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        total += read_on(c, after);
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(writers[i].ok);
    }
    for (size_t more; (more = read_on(c, after)) > 0;)
        total += more;
    assert_int_equal(total, WRITERS * ROUNDS * EACH);
    free(after);
}

/* ---- stats, check, backup -------------------------------------------------------------------------------------------- */
typedef struct findings { size_t lines, faults; char first[256]; } findings;

static void take_finding(void *self, bool ok, const char *line)
{
    findings *found = self;
    found->lines++;
    if (!ok && found->faults++ == 0)
        snprintf(found->first, sizeof found->first, "%s", line);
}

static void check_store(kd_reader *reader)
{
    findings found = { 0 };
    kd_err   err = { 0 };
    AGAIN(kd_store_check(reader, take_finding, &found, &err));
    if (found.faults)
        fail_msg("%zu faults: %s", found.faults, found.first);
    assert_true(found.lines > 0);
}

static void count_progress(void *self, uint64_t done, uint64_t total)
{
    assert_true(done <= total && total > 0);
    *(uint64_t *)self = done == total ? UINT64_MAX : done;
}

static void test_care(void **state)
{
    conform       *c = *state;
    kd_err         err = { 0 };
    model         *m = calloc(1, sizeof *m);
    char           copy[256];
    uint64_t       progress = 0;
    kd_sha         sha;
    kd_store_stats stats;
    make_events(c, m);
    put_events(c, m);
    AGAIN(kd_store_blob_put(&sha, c->store, "model", 5, &err));
    check_store(c->reader);
    AGAIN(kd_reader_stats(&stats, c->reader, &err));
    assert_int_equal(stats.events, EVENTS);
    assert_true(stats.file_bytes > 0 && stats.commits > 0);
    join(copy, c->folder, "copy.db");
    OK(kd_store_backup(c->store, copy, count_progress, &progress, &err));
    assert_true(progress == UINT64_MAX);
    GIVES(KD_CONFLICT, kd_store_backup(c->store, copy, NULL, NULL, &err)); /* never over another file */
    kd_reader_close(c->reader);
    kd_store_close(c->store);
    OK(c->adapter->open(&c->store, copy, 0, &err));
    AGAIN(kd_reader_open(&c->reader, c->store, &err));
    check_log(c, m, true);
    check_chains(c, m);
    check_store(c->reader);
    char blob[4096];
    OK(kd_store_blob_path(blob, c->store, sha, &err));
    free(m);
}

static void test_reopen(void **state)
{
    conform  *c = *state;
    kd_err    err = { 0 };
    kd_store *other = NULL;
    uint16_t  groups = c->adapter->groups;
    reopen(c);
    assert_int_equal(kd_store_groups(c->store), groups);
    assert_string_equal(kd_store_path(c->store), c->path);
    GIVES(KD_CONFLICT, c->adapter->open(&other, c->path, 0, &err));
    kd_reader_close(c->reader);
    kd_store_close(c->store);
    GIVES(KD_INVALID, c->adapter->open(&other, c->path, groups == 1 ? 2 : groups / 2, &err));
    SAYS("groups");
    OK(c->adapter->open(&c->store, c->path, groups, &err));
    AGAIN(kd_reader_open(&c->reader, c->store, &err));
}

int kd_conformance_run(const kd_conformance *adapter)
{
    static const struct { const char *name; void (*test)(void **state); } all[] = {
        { "log", test_log }, { "duplicates", test_duplicates }, { "groups", test_groups }, { "rollback", test_rollback },
        { "hollow", test_hollow }, { "threads", test_threads }, { "care", test_care }, { "reopen", test_reopen },
        { "persons", conform_persons }, { "keys", conform_keys }, { "links", conform_links }, { "evidence", conform_evidence }, { "records", conform_records },
        { "docs", conform_docs }, { "levels", conform_levels }, { "meta", conform_meta }, { "blobs", conform_blobs },
        { "caps", conform_caps }, { "erase", conform_erase }, { "arguments", conform_arguments },
    };
    enum { COUNT = sizeof all / sizeof *all };
    struct CMUnitTest tests[COUNT];
    static char       names[16][COUNT][64]; /* cmocka keeps the pointers; one line a run */
    static size_t     run;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[run % 16][i], 64, "%s_%s", adapter->name, all[i].name);
        tests[i] = (struct CMUnitTest){ names[run % 16][i], all[i].test, set_up, tear_down, (void *)adapter };
    }
    run++;
    return _cmocka_run_group_tests(adapter->name, tests, COUNT, NULL, NULL);
}

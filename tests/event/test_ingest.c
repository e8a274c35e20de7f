/* The writer against its law: whatever the splits, duplicates, restarts and faults, a profile is the fold of the distinct
 * events that were acknowledged, and equals the refold from the log. */
#include "tests.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event/ingest.h"

static const int64_t NOW = 1800000000000;

/* ---- faults: the linker puts these in front of the store's ------------------------------------------------------------------ */

typedef enum fault { FAULT_NONE, FAULT_RETRY, FAULT_UNKNOWN_DONE, FAULT_UNKNOWN_UNDONE, FAULT_IO, FAULT_IO_DONE } fault;

static _Atomic int  fault_kind, fault_every, fault_calls, fault_count; /* the n-th commit with events in it fails, again and again */
static _Atomic bool checkpoints_fail;                                  /* every commit without events does */
static _Atomic int  log_faults;                                        /* so many reads of the log fail */
static _Thread_local bool appended;

kd_status __real_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __real_kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err);
kd_status __wrap_kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err);
kd_status __real_kd_reader_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit, bool with_body,
                               kd_arena *arena, kd_err *err);
kd_status __wrap_kd_reader_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit, bool with_body,
                               kd_arena *arena, kd_err *err);

kd_status __wrap_kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err)
{
    appended = true;
    return __real_kd_txn_append(txn, events, count, heads, slots, results, err);
}

kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err)
{
    bool mine = appended;
    appended = false;
    if (!mine && checkpoints_fail) {
        kd_txn_rollback(txn);
        return kd_fail(err, KD_IO, "disk full");
    }
    if (!mine || !fault_every || ++fault_calls % fault_every != 0)
        return __real_kd_txn_commit(txn, err);
    fault_count++;
    switch (fault_kind) {
    case FAULT_RETRY:
        kd_txn_rollback(txn);
        return KD_RETRY;
    case FAULT_UNKNOWN_DONE:
        assert_int_equal(__real_kd_txn_commit(txn, err), KD_OK);
        return KD_UNKNOWN;
    case FAULT_UNKNOWN_UNDONE:
        kd_txn_rollback(txn);
        return KD_UNKNOWN;
    case FAULT_IO_DONE: /* worse than the port promises: said to have failed, and happened */
        assert_int_equal(__real_kd_txn_commit(txn, err), KD_OK);
        return kd_fail(err, KD_IO, "disk full");
    default:
        kd_txn_rollback(txn);
        return kd_fail(err, KD_IO, "disk full");
    }
}

kd_status __wrap_kd_reader_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit, bool with_body,
                               kd_arena *arena, kd_err *err)
{
    if (log_faults > 0 && log_faults-- > 0)
        return kd_fail(err, KD_IO, "cannot read");
    return __real_kd_reader_log(events, count, reader, group, after, limit, with_body, arena, err);
}

static void set_fault(fault kind, int every)
{
    fault_kind = kind;
    fault_calls = fault_count = 0;
    fault_every = every;
}

/* ---- a small world ----------------------------------------------------------------------------------------------------------------- */

typedef struct world {
    char         folder[64], path[80], key_path[80];
    uint16_t     groups;
    int64_t      now_ms;
    kd_store    *store;
    kd_reader   *reader;
    kd_vault    *vault;
    kd_people   *people;
    kd_identity *identity;
    kd_ingest   *ingest;
    kd_people_options people_options;
    kd_ingest_options options;
    kd_observer  observer;
    uint64_t     replayed;
} world;

static void must(kd_status status, const kd_err *err)
{
    if (status != KD_OK)
        fail_msg("%s: %s", kd_status_name(status), err->msg);
}

static void open_world(world *w)
{
    kd_err err = { 0 };
    must(kd_store_open(&w->store, &(kd_store_options){ .path = w->path, .groups = w->groups, .create = true }, &err), &err);
    must(kd_reader_open(&w->reader, w->store, &err), &err);
    must(kd_vault_open(&w->vault, w->store, w->reader, w->key_path, NULL, true, &err), &err);
    must(kd_people_open(&w->people, w->store, w->vault, &w->people_options, &err), &err);
    must(kd_identity_open(&w->identity, w->store, 1 << 20, &err), &err);
    must(kd_ingest_open(&w->ingest, w->store, w->people, w->identity, w->vault, &w->options, &err), &err);
    if (w->observer)
        kd_ingest_observe(w->ingest, w->observer, w);
    must(kd_ingest_start(w->ingest, &w->replayed, &err), &err);
}

/* `stop`: with a last checkpoint; else as after a crash, as far as the database goes. */
static void close_world(world *w, bool stop)
{
    kd_err err = { 0 };
    if (stop)
        must(kd_ingest_stop(w->ingest, &err), &err);
    kd_ingest_close(w->ingest);
    kd_identity_close(w->identity);
    kd_people_close(w->people);
    kd_vault_close(w->vault);
    kd_reader_close(w->reader);
    kd_store_close(w->store);
}

static world *new_world(uint16_t groups)
{
    world *w = calloc(1, sizeof *w);
    strcpy(w->folder, "/tmp/kunde-test-event-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/k.db", w->folder);
    snprintf(w->key_path, sizeof w->key_path, "%s/k.key", w->folder);
    w->groups = groups;
    w->now_ms = NOW;
    w->options.clock = kd_clock_at(&w->now_ms);
    w->people_options = (kd_people_options){ 64 << 20, 32 << 20, kd_profile_caps_default(), false };
    return w;
}

static void free_world(world *w)
{
    char command[100];
    set_fault(FAULT_NONE, 0);
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
}

/* ---- a stream of events, and what a plain fold makes of it -------------------------------------------------------------------------- */

enum { PEOPLE = 24 };

typedef struct stream {
    kd_arena    *arena;
    kd_incoming *events;
    size_t       count;
    uint64_t     seed;
} stream;

static const char *random_event(char *out, kd_rng *rng, size_t number)
{
    static const char *const plain[] = { "Product Viewed", "Product Added", "Product Removed", "Product Added to Wishlist", "Order Completed",
                                         "Order Refunded", "Newsletter Joined", "Products Searched" };
    char     ids[120], id[40] = "";
    unsigned person = kd_rng_below(rng, PEOPLE), what = kd_rng_below(rng, 11);
    int64_t  when = NOW - (int64_t)kd_rng_below(rng, 400) * KD_DAY_MS / 4;
    if (person % 3 == 0) /* logged in on one of a few devices */
        snprintf(ids, sizeof ids, "\"userId\":\"u%u\",\"anonymousId\":\"a%u\"", person, kd_rng_below(rng, PEOPLE));
    else
        snprintf(ids, sizeof ids, "\"anonymousId\":\"a%u\"", person);
    if (kd_rng_below(rng, 10))
        snprintf(id, sizeof id, ",\"messageId\":\"m%zu\"", number);
    if (what < 8)
        sprintf(out, "{\"type\":\"track\",\"event\":\"%s\",%s%s,\"timestamp\":%lld,\"properties\":{\"order_id\":\"o%zu\",\"currency\":\"EUR\",\"products\":"
                     "[{\"product_id\":\"p%u\",\"sku\":\"s%u\",\"price\":%u.%02u,\"quantity\":%u},{\"product_id\":\"p%u\"}]}}",
                plain[what], ids, id, (long long)when, number, kd_rng_below(rng, 40), kd_rng_below(rng, 80), kd_rng_below(rng, 90),
                kd_rng_below(rng, 100), 1 + kd_rng_below(rng, 3), kd_rng_below(rng, 40));
    else if (what == 8)
        sprintf(out, "{\"type\":\"identify\",%s%s,\"timestamp\":%lld,\"traits\":{\"size\":\"%u\",\"email\":\"mail%u@x.de\",\"n%u\":%u}}", ids, id,
                (long long)when, kd_rng_below(rng, 50), person, kd_rng_below(rng, 5), kd_rng_below(rng, 99));
    else if (what == 9)
        sprintf(out, "{\"type\":\"alias\",\"userId\":\"u%u\",\"previousId\":\"u%u\"%s}", person, kd_rng_below(rng, PEOPLE), id);
    else
        sprintf(out, "{\"type\":\"page\",%s%s,\"context\":{\"page\":{\"path\":\"/x\"}},\"name\":\"Home\"}", ids, id);
    return out;
}

static stream new_stream(uint64_t seed, size_t count)
{
    stream s = { .arena = kd_arena_new(256 << 20), .count = count, .seed = seed };
    kd_rng rng;
    kd_rng_seed(&rng, seed);
    s.events = KD_NEW(s.arena, kd_incoming, count);
    for (size_t i = 0; i < count; i++) {
        char                text[800];
        kd_incoming_context context = { .speaker = kd_rng_below(&rng, 2) ? KD_SPEAKER_SERVER : KD_SPEAKER_PUBLIC, .source = KD_STR("web"),
                                        .received_ms = NOW, .sent_at_ms = KD_TIME_MIN };
        const kd_json      *item;
        kd_err              err = { 0 };
        random_event(text, &rng, i);
        must(kd_json_parse(&item, s.arena, text, strlen(text), &err), &err);
        kd_incoming_from_json(&s.events[i], KD_CALL_BATCH, item, NULL, &context, s.arena);
        must(s.events[i].status, &s.events[i].err);
    }
    return s;
}

static kd_id person_of(world *w, kd_ident ident)
{
    kd_key key;
    kd_id  person;
    kd_err err = { 0 };
    must(kd_key_make(&key, w->vault, ident.type, ident.value, &err), &err);
    must(kd_identity_find(&person, w->identity, w->reader, &key, 1, &err), &err);
    return person;
}

static void encode_resident(kd_buf *out, world *w, kd_id person)
{
    kd_person *entry;
    kd_err     err = { 0 };
    must(kd_people_acquire(&entry, w->people, w->reader, person, &err), &err);
    kd_profile_encode(out, &entry->profile);
    kd_people_release(w->people, entry);
}

static void assert_same_bytes(const kd_buf *a, const kd_buf *b, const char *what)
{
    if (a->len != b->len || memcmp(a->ptr, b->ptr, a->len) != 0)
        fail_msg("%s: %zu and %zu bytes", what, a->len, b->len);
}

static bool seen_before(const stream *s, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (kd_id_eq(s->events[j].fact.id, s->events[i].fact.id) && kd_str_eq(s->events[j].owner.value, s->events[i].owner.value)
            && s->events[j].owner.type == s->events[i].owner.type)
            return true;
    return false;
}

/* Every owner of the stream: profile in memory = plain fold of the distinct events = refold from the log. Returns the
 * number of distinct events. */
static size_t assert_law(world *w, const stream *s)
{
    kd_profile_caps caps = kd_profile_caps_default();
    size_t          distinct = 0;
    bool           *done = KD_NEW(s->arena, bool, s->count);
    kd_err          err = { 0 };
    must(kd_ingest_checkpoint(w->ingest, &err), &err);
    for (size_t i = 0; i < s->count; i++) {
        kd_profile plain = { 0 }, refolded = { 0 };
        kd_buf     want, got, again;
        kd_id      person;
        if (done[i])
            continue;
        for (size_t j = i; j < s->count; j++)
            if (s->events[j].owner.type == s->events[i].owner.type && kd_str_eq(s->events[j].owner.value, s->events[i].owner.value)) {
                done[j] = true;
                if (!seen_before(s, j)) {
                    must(kd_profile_fold(&plain, &s->events[j].fact, &caps, &err), &err);
                    distinct++;
                }
            }
        kd_buf_init(&want, NULL);
        kd_buf_init(&got, NULL);
        kd_buf_init(&again, NULL);
        person = person_of(w, s->events[i].owner);
        assert_false(kd_id_is_nil(person));
        kd_profile_encode(&want, &plain);
        encode_resident(&got, w, person);
        assert_same_bytes(&want, &got, "in memory");
        must(kd_refold(&refolded, w->reader, w->vault, person, 0, &caps, &err), &err);
        kd_profile_encode(&again, &refolded);
        assert_same_bytes(&want, &again, "from the log");
        kd_profile_free(&plain);
        kd_profile_free(&refolded);
        kd_buf_free(&want);
        kd_buf_free(&got);
        kd_buf_free(&again);
    }
    return distinct;
}

/* In random requests, some of them twice. With `insist`, what fails is sent again until it is taken. */
static void send_some(world *w, const stream *s, size_t from, size_t to, bool insist, size_t *stored)
{
    kd_rng rng;
    kd_rng_seed(&rng, s->seed ^ from);
    *stored = 0;
    for (size_t at = from, n; at < to; at += n) {
        size_t times = 1 + (kd_rng_below(&rng, 4) == 0);
        n = 1 + kd_rng_below(&rng, 20);
        if (n > to - at)
            n = to - at;
        for (size_t k = 0; k < times; k++) {
            size_t    now = 0, known = 0;
            kd_err    err = { 0 };
            kd_status status;
            do {
                status = kd_ingest_write(w->ingest, s->events + at, n, &now, &known, &err);
            } while (insist && status == KD_IO);
            must(status, &err);
            assert_int_equal(now + known, n);
            *stored += now;
        }
    }
}

/* ---- the law ---------------------------------------------------------------------------------------------------------------------------- */

static void test_streams(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        world          *w = new_world(round % 2 ? 16 : 1);
        stream          s = new_stream((uint64_t)round + 1, 600);
        size_t          stored;
        kd_ingest_stats stats;
        w->options.batch_events_max = round < 2 ? 0 : 7;
        open_world(w);
        send_some(w, &s, 0, s.count, false, &stored);
        assert_int_equal(assert_law(w, &s), stored);
        kd_ingest_get_stats(&stats, w->ingest);
        assert_int_equal(stats.stored, stored);
        assert_true(stats.duplicates > 0);
        assert_int_equal(stats.failed, 0);
        assert_int_equal(stats.queue_bytes, 0);
        close_world(w, true);
        kd_arena_free(s.arena);
        free_world(w);
    }
}

static _Atomic uint64_t observed, observed_replay, observed_stubs;

static void observe(void *self, const kd_stored *events, size_t count)
{
    (void)self;
    for (size_t i = 0; i < count; i++) {
        observed++;
        observed_replay += events[i].replay;
        observed_stubs += events[i].stubs != NULL;
        assert_false(kd_id_is_nil(events[i].person));
        assert_true(events[i].offset > 0 && events[i].fact->ident_count > 0);
    }
}

static void test_restart(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        world *w = new_world(round % 2 ? 16 : 1);
        stream s = new_stream((uint64_t)round + 50, 500);
        size_t first, second, again;
        kd_err err = { 0 };
        observed = observed_replay = observed_stubs = 0;
        w->observer = observe;
        open_world(w);
        send_some(w, &s, 0, 120, false, &first);
        if (round < 2)
            must(kd_ingest_checkpoint(w->ingest, &err), &err);
        send_some(w, &s, 120, 250, false, &second);
        assert_int_equal(observed, first + second);
        assert_true(observed_stubs > 0);
        close_world(w, false); /* no checkpoint: as a crash leaves it */
        observed = observed_replay = 0;
        open_world(w);
        assert_int_equal(w->replayed, round < 2 ? second : first + second);
        assert_int_equal(observed_replay, w->replayed);
        send_some(w, &s, 0, 250, false, &again); /* nothing is stored twice, whatever the restart */
        assert_int_equal(again, 0);
        assert_int_equal(observed, w->replayed);
        send_some(w, &s, 250, s.count, false, &again);
        assert_int_equal(assert_law(w, &s), first + second + again);
        close_world(w, true);
        open_world(w);
        assert_int_equal(w->replayed, 0);
        assert_int_equal(assert_law(w, &s), first + second + again);
        close_world(w, true);
        kd_arena_free(s.arena);
        free_world(w);
    }
}

static void test_faults(void **state)
{
    static const fault kinds[] = { FAULT_RETRY, FAULT_UNKNOWN_DONE, FAULT_UNKNOWN_UNDONE, FAULT_IO, FAULT_IO_DONE };
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint16_t groups = 1; groups <= 16; groups += 15) {
            world *w = new_world(groups);
            stream s = new_stream(k + 100, 300);
            size_t stored;
            observed = 0;
            w->observer = observe;
            open_world(w);
            set_fault(kinds[k], groups == 1 ? 3 : 23); /* a request may span all groups, and must get through sometime */
            send_some(w, &s, 0, s.count, true, &stored);
            assert_true(fault_count > 2);
            set_fault(FAULT_NONE, 0);
            size_t distinct = assert_law(w, &s);
            if (kinds[k] < FAULT_IO) /* a commit of unknown fate counts as what it turns out to be */
                assert_int_equal(distinct, stored);
            assert_int_equal(observed, distinct);
            close_world(w, false);
            open_world(w);
            assert_int_equal(assert_law(w, &s), distinct);
            close_world(w, true);
            kd_arena_free(s.arena);
            free_world(w);
        }
}

/* The log cannot even be read after a commit of unknown fate: nobody is told "stored", and nothing is folded twice or lost. */
static void test_faults_upon_faults(void **state)
{
    world  *w = new_world(1);
    stream  s = new_stream(7, 100);
    size_t  stored;
    kd_err  err = { 0 };
    (void)state;
    open_world(w);
    send_some(w, &s, 0, 40, false, &stored);
    set_fault(FAULT_UNKNOWN_DONE, 1);
    log_faults = 3;
    assert_int_equal(kd_ingest_write(w->ingest, s.events + 40, 20, NULL, NULL, &err), KD_IO);
    set_fault(FAULT_NONE, 0);
    assert_int_equal(kd_ingest_write(w->ingest, s.events + 60, 20, NULL, NULL, &err), KD_IO);
    send_some(w, &s, 40, s.count, true, &stored);
    assert_law(w, &s);
    close_world(w, true);
    /* a store that never gives in: an answer, not a hang */
    open_world(w);
    set_fault(FAULT_RETRY, 1);
    assert_int_equal(kd_ingest_write(w->ingest, s.events, 1, NULL, NULL, &err), KD_IO);
    set_fault(FAULT_NONE, 0);
    close_world(w, true);
    kd_arena_free(s.arena);
    free_world(w);
}

/* ---- one by one ------------------------------------------------------------------------------------------------------------------------- */

static kd_incoming *read_batch(size_t *count, kd_arena *arena, const char *body, kd_speaker speaker, int64_t received_ms)
{
    kd_incoming_context context = { .speaker = speaker, .source = KD_STR("web"), .received_ms = received_ms, .sent_at_ms = KD_TIME_MIN };
    kd_incoming        *events = NULL;
    kd_str              key;
    kd_err              err = { 0 };
    must(kd_incoming_parse(&events, count, &key, KD_CALL_BATCH, body, strlen(body), &context, arena, &err), &err);
    return events;
}

/* The same batch twice, five seconds apart, with and without timestamps; and one bad event among good ones. */
static void test_twice(void **state)
{
    static const char first[] = "{\"sentAt\":\"2027-01-15T08:00:00Z\",\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"messageId\":\"1\"},"
                                "{\"type\":\"nonsense\",\"userId\":\"u\"},"
                                "{\"type\":\"track\",\"event\":\"B\",\"userId\":\"u\",\"messageId\":\"2\",\"timestamp\":\"2027-01-15T07:59:00Z\"}]}";
    char      second[sizeof first];
    world    *w = new_world(1);
    kd_arena *arena = kd_arena_new(16 << 20);
    size_t    count, stored, known;
    kd_err    err = { 0 };
    kd_ingest_stats stats;
    (void)state;
    strcpy(second, first);
    memcpy(strstr(second, "08:00:00"), "08:00:05", 8);
    open_world(w);
    kd_incoming *events = read_batch(&count, arena, first, KD_SPEAKER_PUBLIC, NOW);
    must(kd_ingest_write(w->ingest, events, count, &stored, &known, &err), &err);
    assert_int_equal(stored, 2);
    assert_int_equal(known, 0);
    events = read_batch(&count, arena, second, KD_SPEAKER_PUBLIC, NOW + 5000);
    must(kd_ingest_write(w->ingest, events, count, &stored, &known, &err), &err);
    assert_int_equal(stored, 0);
    assert_int_equal(known, 2);
    must(kd_ingest_write(w->ingest, events, 0, &stored, &known, &err), &err); /* an empty batch is a batch */
    kd_ingest_get_stats(&stats, w->ingest);
    assert_int_equal(stats.rejected, 2);
    close_world(w, true);
    kd_arena_free(arena);
    free_world(w);
}

static void test_links(void **state)
{
    static const char body[] = "{\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u1\",\"anonymousId\":\"a1\",\"timestamp\":\"2027-01-15T07:59:00Z\",\"messageId\":\"1\"},"
                               "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u1\",\"anonymousId\":\"a1\",\"timestamp\":\"2027-01-15T07:58:00Z\",\"messageId\":\"2\"},"
                               "{\"type\":\"alias\",\"userId\":\"u1\",\"previousId\":\"u1\"}]}";
    (void)state;
    for (uint16_t groups = 1; groups <= 16; groups += 15) {
        world    *w = new_world(groups);
        kd_arena *arena = kd_arena_new(16 << 20);
        size_t    count;
        kd_err    err = { 0 };
        kd_link  *links;
        open_world(w);
        for (int round = 0; round < 3; round++) {
            kd_incoming *events = read_batch(&count, arena, body, round == 2 ? KD_SPEAKER_SERVER : KD_SPEAKER_PUBLIC, NOW);
            must(kd_ingest_write(w->ingest, events, count, NULL, NULL, &err), &err);
        }
        kd_id user = person_of(w, (kd_ident){ KD_KEY_USER, KD_STR("u1"), true }), device = person_of(w, (kd_ident){ KD_KEY_ANONYMOUS, KD_STR("a1"), true });
        assert_false(kd_id_is_nil(user) || kd_id_is_nil(device) || kd_id_eq(user, device));
        for (int side = 0; side < 2; side++) {
            must(kd_reader_links(&links, &count, w->reader, side ? device : user, 1000, arena, &err), &err);
            assert_int_equal(count, 2); /* one claimed, one proven, at each end */
            assert_true(links[0].proven != links[1].proven);
            assert_true(kd_id_eq(links[0].other, side ? user : device));
            assert_int_equal(links[0].time_ms, NOW - 120000); /* first seen, though told second */
        }
        /* a device that was only linked to so far gets its profile with its first own event */
        kd_incoming *events = read_batch(&count, arena, "{\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"anonymousId\":\"a1\"}]}", KD_SPEAKER_PUBLIC, NOW);
        must(kd_ingest_write(w->ingest, events, count, NULL, NULL, &err), &err);
        kd_person *person;
        must(kd_people_acquire(&person, w->people, w->reader, device, &err), &err);
        assert_int_equal(kd_profile_counter(&person->profile, KD_KIND_CUSTOM)->count, 1);
        kd_people_release(w->people, person);
        close_world(w, true);
        kd_arena_free(arena);
        free_world(w);
    }
}

static _Atomic int receipts_done;

static void count_receipt(void *self, kd_status status)
{
    (void)self;
    receipts_done += status == KD_OK;
}

static kd_receipt_write receipt_of(kd_id person, unsigned number, bool durable)
{
    kd_receipt_write write = { .durable = durable, .done = count_receipt };
    char             text[16];
    snprintf(text, sizeof text, "r%u", number);
    write.event = (kd_event){ .id = kd_id_of_message(KD_STR("kunde"), kd_str_z(text), NOW), .person = person, .time_ms = NOW, .received_ms = NOW,
                              .kind = KD_KIND_DECISION, .facts = KD_STR("facts"), .body = KD_STR("{\"why\":\"because\"}") };
    return write;
}

static void test_receipts(void **state)
{
    world     *w = new_world(1);
    kd_arena  *arena = kd_arena_new(16 << 20);
    size_t     count;
    kd_err     err = { 0 };
    kd_event  *events;
    kd_person *person;
    kd_str     body;
    (void)state;
    open_world(w);
    receipts_done = 0;
    kd_incoming *sent = read_batch(&count, arena, "{\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u1\",\"anonymousId\":\"a1\",\"messageId\":\"1\"}]}",
                                   KD_SPEAKER_SERVER, NOW);
    must(kd_ingest_write(w->ingest, sent, count, NULL, NULL, &err), &err);
    kd_id user = person_of(w, sent->owner), device = person_of(w, (kd_ident){ KD_KEY_ANONYMOUS, KD_STR("a1"), true });
    const kd_id to[4] = { user, user, { { 0 } }, device };
    for (unsigned i = 0; i < 4; i++) {
        kd_receipt_write write = receipt_of(to[i], i + 1, i == 0 || i == 3);
        must(kd_ingest_receipt(w->ingest, &write, &err), &err);
    }
    must(kd_ingest_flush(w->ingest, &err), &err);
    assert_int_equal(receipts_done, 2); /* of the durable ones */
    must(kd_reader_log(&events, &count, w->reader, 0, 0, 100, true, arena, &err), &err);
    assert_int_equal(count, 5);
    must(kd_people_acquire(&person, w->people, w->reader, user, &err), &err);
    assert_int_equal(person->head, 3);
    assert_null(kd_profile_counter(&person->profile, KD_KIND_DECISION));
    kd_data_key key = person->key;
    kd_people_release(w->people, person);
    assert_true(kd_id_eq(events[2].person, user));
    assert_int_equal(events[2].prev, 2);
    must(kd_stored_body(&body, &events[2], &key, arena, &err), &err);
    assert_true(kd_str_is(body, "{\"why\":\"because\"}"));
    for (size_t i = 3; i < 5; i++) { /* strangers: the one nobody knows, and the one without a profile */
        assert_true(kd_id_is_nil(events[i].person));
        assert_int_equal(events[i].prev, 0);
        must(kd_stored_body(&body, &events[i], kd_vault_house_key(w->vault), arena, &err), &err);
        assert_true(kd_str_is(body, "{\"why\":\"because\"}"));
    }
    assert_int_not_equal(kd_stored_body(&body, &events[3], &key, arena, &err), KD_OK);
    assert_null(memmem(events[2].body.ptr, events[2].body.len, "because", 7)); /* sealed */
    /* behind the answer, yet within a second */
    kd_receipt_write late = receipt_of(user, 5, false);
    must(kd_ingest_receipt(w->ingest, &late, &err), &err);
    kd_ingest_stats stats;
    for (int i = 0; i < 100; i++) {
        kd_ingest_get_stats(&stats, w->ingest);
        if (stats.receipts == 5)
            break;
        usleep(10000);
    }
    assert_int_equal(stats.receipts, 5);
    close_world(w, false);
    open_world(w);
    assert_int_equal(w->replayed, 6);
    must(kd_people_acquire(&person, w->people, w->reader, user, &err), &err);
    assert_int_equal(person->head, 6);
    kd_people_release(w->people, person);
    close_world(w, true);
    kd_arena_free(arena);
    free_world(w);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(void *self, const kd_stored *events, size_t count)
{
    (void)self;
    (void)events;
    (void)count;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static _Atomic int answered;

static void count_answer(kd_submission *self, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    (void)self;
    (void)stored;
    (void)duplicates;
    (void)err;
    answered += status == KD_OK;
}

static void test_full_queue(void **state)
{
    enum { COUNT = 40 };
    world          *w = new_world(1);
    stream          s = new_stream(9, COUNT);
    kd_submission   submissions[COUNT];
    kd_err          err = { 0 };
    kd_ingest_stats stats;
    int             taken = 0;
    (void)state;
    w->options.queue_bytes_max = 10000;
    w->observer = wait_at_gate;
    open_world(w);
    answered = 0;
    pthread_mutex_lock(&gate); /* the writer stands still after its first batch */
    for (int i = 0; i < COUNT; i++) {
        submissions[i] = (kd_submission){ .events = &s.events[i], .count = 1, .bytes = 1000, .done = count_answer };
        kd_status status = kd_ingest_submit(w->ingest, &submissions[i], &err);
        assert_int_equal(status, taken < 10 ? KD_OK : KD_BUSY);
        taken += status == KD_OK;
    }
    assert_int_equal(taken, 10);
    kd_ingest_get_stats(&stats, w->ingest);
    assert_int_equal(stats.busy, COUNT - 10);
    assert_int_equal(stats.queue_bytes, 10000);
    pthread_mutex_unlock(&gate);
    must(kd_ingest_flush(w->ingest, &err), &err);
    assert_int_equal(answered, 10);
    must(kd_ingest_submit(w->ingest, &submissions[20], &err), &err);
    close_world(w, false); /* what is queued is answered, even so */
    assert_int_equal(answered, 11);
    kd_arena_free(s.arena);
    free_world(w);
}

/* Little room for dirty profiles: the writer waits for checkpoints, and all goes on. */
static void test_little_memory(void **state)
{
    world          *w = new_world(1);
    stream          s = new_stream(11, 400);
    size_t          stored;
    kd_ingest_stats stats;
    (void)state;
    w->people_options.dirty_bytes_max = 4096;
    w->people_options.bytes_max = 8192;
    open_world(w);
    send_some(w, &s, 0, s.count, false, &stored);
    assert_int_equal(assert_law(w, &s), stored);
    kd_ingest_get_stats(&stats, w->ingest);
    assert_true(stats.checkpoints > 3);
    close_world(w, false);
    open_world(w);
    assert_int_equal(assert_law(w, &s), stored);
    close_world(w, true);
    kd_arena_free(s.arena);
    free_world(w);
}

typedef struct sender { world *w; const stream *s; uint64_t seed; } sender;

static void *send_at_random(void *self)
{
    sender *me = self;
    kd_rng  rng;
    kd_rng_seed(&rng, me->seed);
    for (int i = 0; i < 60; i++) {
        size_t at = kd_rng_below(&rng, (uint32_t)me->s->count), n = 1 + kd_rng_below(&rng, 12);
        kd_err err = { 0 };
        if (n > me->s->count - at)
            n = me->s->count - at;
        must(kd_ingest_write(me->w->ingest, me->s->events + at, n, NULL, NULL, &err), &err);
        kd_receipt_write receipt = receipt_of((kd_id){ 0 }, (unsigned)(me->seed * 1000 + (unsigned)i), i % 3 == 0);
        must(kd_ingest_receipt(me->w->ingest, &receipt, &err), &err);
    }
    return NULL;
}

static void *read_at_random(void *self)
{
    sender    *me = self;
    kd_reader *reader;
    kd_rng     rng;
    kd_err     err = { 0 };
    kd_rng_seed(&rng, me->seed);
    must(kd_reader_open(&reader, me->w->store, &err), &err);
    for (int i = 0; i < 400; i++) {
        const kd_incoming *event = &me->s->events[kd_rng_below(&rng, (uint32_t)me->s->count)];
        kd_key             key;
        kd_id              person;
        kd_person         *entry;
        must(kd_key_make(&key, me->w->vault, event->owner.type, event->owner.value, &err), &err);
        must(kd_identity_find(&person, me->w->identity, reader, &key, 1, &err), &err);
        if (!kd_id_is_nil(person) && kd_people_acquire(&entry, me->w->people, reader, person, &err) == KD_OK)
            kd_people_release(me->w->people, entry);
        if (i % 100 == 0)
            must(kd_ingest_checkpoint(me->w->ingest, &err), &err);
        sched_yield();
    }
    kd_reader_close(reader);
    return NULL;
}

/* Too much is dirty and no checkpoint can be written: senders hear of it at once, and all is well when there is room again. */
static void test_no_room_for_a_checkpoint(void **state)
{
    world    *w = new_world(1);
    kd_arena *arena = kd_arena_new(1 << 20);
    char      body[200];
    (void)state;
    w->people_options.dirty_bytes_max = 1;
    open_world(w);
    checkpoints_fail = true;
    for (int i = 0; i < 4; i++) {
        size_t       count;
        kd_err       err = { 0 };
        snprintf(body, sizeof body, "{\"batch\":[{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u%d\",\"messageId\":\"m%d\"}]}", i, i);
        kd_incoming *events = read_batch(&count, arena, body, KD_SPEAKER_SERVER, NOW);
        checkpoints_fail = i < 3;
        assert_int_equal(kd_ingest_write(w->ingest, events, count, NULL, NULL, &err), i == 0 || i == 3 ? KD_OK : KD_IO);
    }
    close_world(w, true);
    kd_arena_free(arena);
    free_world(w);
}

static void test_many_senders(void **state)
{
    enum { SENDERS = 4 };
    (void)state;
    for (uint16_t groups = 1; groups <= 16; groups += 15) {
        world          *w = new_world(groups);
        stream          s = new_stream(13, 300);
        pthread_t       threads[SENDERS + 1];
        sender          senders[SENDERS + 1];
        size_t          stored;
        kd_ingest_stats stats;
        kd_err          err = { 0 };
        w->people_options.dirty_bytes_max = 64 << 10;
        w->people_options.bytes_max = 128 << 10;
        open_world(w);
        for (uint64_t i = 0; i <= SENDERS; i++) {
            senders[i] = (sender){ w, &s, i + 1 };
            assert_int_equal(pthread_create(&threads[i], NULL, i < SENDERS ? send_at_random : read_at_random, &senders[i]), 0);
        }
        for (int i = 0; i <= SENDERS; i++)
            pthread_join(threads[i], NULL);
        must(kd_ingest_flush(w->ingest, &err), &err);
        send_some(w, &s, 0, s.count, false, &stored);
        size_t distinct = assert_law(w, &s);
        kd_ingest_get_stats(&stats, w->ingest);
        assert_int_equal(stats.stored, distinct);
        assert_int_equal(stats.receipts, SENDERS * 60);
        assert_int_equal(stats.receipts_lost, 0);
        close_world(w, true);
        kd_arena_free(s.arena);
        free_world(w);
    }
}

static void test_not_running(void **state)
{
    world        *w = new_world(1);
    stream        s = new_stream(15, 1);
    kd_err        err = { 0 };
    kd_submission submission = { .events = s.events, .count = 1, .done = count_answer };
    (void)state;
    open_world(w);
    must(kd_ingest_stop(w->ingest, &err), &err);
    assert_int_equal(kd_ingest_submit(w->ingest, &submission, &err), KD_BUSY);
    assert_int_equal(kd_ingest_write(w->ingest, s.events, 1, NULL, NULL, &err), KD_BUSY);
    kd_receipt_write receipt = receipt_of((kd_id){ 0 }, 1, false);
    assert_int_equal(kd_ingest_receipt(w->ingest, &receipt, &err), KD_BUSY);
    must(kd_ingest_flush(w->ingest, &err), &err);
    must(kd_ingest_checkpoint(w->ingest, &err), &err);
    close_world(w, true);
    kd_arena_free(s.arena);
    free_world(w);
}

int run_ingest_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_upon_faults),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_no_room_for_a_checkpoint),
        cmocka_unit_test(test_many_senders),
        cmocka_unit_test(test_not_running),
    };
    return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}

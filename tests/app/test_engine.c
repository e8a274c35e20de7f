/* The house opened and closed, its model kept through training that fails, receipts past their retention. */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void must_open(house *h, bool create)
{
    kd_err err = { 0 };
    if (house_open(h, create, &err) != KD_OK)
        fail_msg("%s", err.msg);
}

static void must_train(house *h)
{
    kd_err err = { 0 };
    if (kd_engine_train(h->engine, NULL, NULL, NULL, &err) != KD_OK)
        fail_msg("%s", err.msg);
}

static void test_open_twice(void **state)
{
    house        h;
    kd_err       err = { 0 };
    kd_engine   *second = NULL;
    kd_engine_news news;
    (void)state;
    house_new(&h);
    assert_int_equal(house_open(&h, false, &err), KD_NOT_FOUND);
    assert_int_not_equal(access(h.db, F_OK), 0); /* nothing was made by looking */
    must_open(&h, true);
    assert_true(h.news.made && h.news.write_key[0] && h.news.server_key[0] && h.news.replayed == 0);
    assert_int_equal(kd_placements_count(kd_engine_parts(h.engine)->placements), 5);
    assert_true(kd_engine_parts(h.engine)->ready);
    assert_int_equal(kd_engine_open(&second, &h.settings, true, &news, &err), KD_CONFLICT);
    assert_null(second);
    house_fill(&h, 0, 50);
    house_close(&h);
    must_open(&h, false);
    assert_false(h.news.made || h.news.write_key[0] || h.news.server_key[0]);
    assert_int_equal(h.news.replayed, 0); /* closing wrote a checkpoint */
    house_fill(&h, 50, 10);
    house_close(&h);
    assert_int_equal(kd_engine_close(NULL, &err), KD_OK);
    house_end(&h);
}

static void test_what_does_not_open_leaves_nothing_behind(void **state)
{
    house  h;
    char   key[128], away[160];
    kd_err err = { 0 };
    FILE  *file;
    (void)state;
    house_new(&h);
    must_open(&h, true);
    house_close(&h);
    snprintf(key, sizeof key, "%s.key", h.db);
    snprintf(away, sizeof away, "%s.away", key);
    assert_int_equal(rename(key, away), 0);
    assert_int_not_equal(house_open(&h, true, &err), KD_OK);
    assert_non_null(strstr(err.msg, "key"));
    assert_int_not_equal(access(key, F_OK), 0);
    assert_null(h.engine);
    file = fopen(key, "w");
    fprintf(file, "%064d\n", 0);
    fclose(file);
    chmod(key, 0600);
    assert_int_not_equal(house_open(&h, true, &err), KD_OK);
    assert_int_equal(rename(away, key), 0);
    must_open(&h, true); /* nobody holds a lock from the attempts */
    house_end(&h);
}

/* ---- the model ---- */

/* The file of the newest model document but `back`. */
static void blob_of(char path[4096], house *h, size_t back)
{
    kd_parts      *parts = kd_engine_parts(h->engine);
    kd_reader     *reader = NULL;
    kd_arena      *arena = kd_arena_new(1 << 20);
    kd_doc        *docs = NULL;
    size_t         count = 0;
    const kd_json *json = NULL;
    kd_sha         sha;

    assert_int_equal(kd_reader_open(&reader, parts->store, NULL), KD_OK);
    assert_int_equal(kd_reader_doc_history(&docs, &count, reader, KD_STR("model"), KD_STR("recommend"), 20, arena, NULL), KD_OK);
    assert_true(back < count);
    assert_int_equal(kd_json_parse(&json, arena, docs[back].body.ptr, docs[back].body.len, NULL), KD_OK);
    assert_true(kd_sha_parse(&sha, kd_json_text(kd_json_get(json, "sha"))));
    if (kd_store_blob_path(path, parts->store, sha, NULL) != KD_OK)
        path[0] = '\0';
    kd_reader_close(reader);
    kd_arena_free(arena);
}

static void damage(const char *path)
{
    FILE *file = fopen(path, "r+b");
    chmod(path, 0600);
    if (file == NULL)
        file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, 300, SEEK_SET);
    fputs("here something else was", file);
    fclose(file);
}

static void test_a_damaged_model_gives_way_to_the_one_before(void **state)
{
    house    h;
    char     newest[4096], before[4096];
    uint64_t first, second;
    (void)state;
    child_does(NULL);
    house_new(&h);
    must_open(&h, true);
    assert_int_equal(house_model(&h), 0);
    house_fill(&h, 0, 300);
    must_train(&h);
    first = house_model(&h);
    assert_true(first > 0);
    house_fill(&h, 300, 60);
    must_train(&h);
    second = house_model(&h);
    assert_true(second > first);
    blob_of(newest, &h, 0);
    blob_of(before, &h, 1);
    house_close(&h);

    must_open(&h, false);
    assert_int_equal(house_model(&h), second);
    house_close(&h);
    damage(newest);
    must_open(&h, false);
    assert_int_equal(house_model(&h), first);
    house_close(&h);
    assert_int_equal(unlink(newest), 0);
    must_open(&h, false);
    assert_int_equal(house_model(&h), first);
    house_close(&h);
    assert_int_equal(truncate(before, 100), 0);
    must_open(&h, false); /* without any model it serves trending */
    assert_int_equal(house_model(&h), 0);
    must_train(&h);
    assert_true(house_model(&h) > second);
    house_end(&h);
}

static void test_old_models_are_thrown_away(void **state)
{
    house h;
    char  path[4096];
    (void)state;
    child_does(NULL);
    house_new(&h);
    must_open(&h, true);
    house_fill(&h, 0, 200);
    for (int i = 0; i < 5; i++)
        must_train(&h);
    for (size_t back = 0; back < 5; back++) {
        blob_of(path, &h, back);
        assert_int_equal(path[0] != '\0', back < 3);
    }
    house_end(&h);
}

/* ---- training that does not end well ---- */

static void no_child_and_no_file(house *h)
{
    char path[128];
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    snprintf(path, sizeof path, "%s.training", h->db);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_a_child_that_fails_leaves_the_old_model(void **state)
{
    static const struct { const char *does; kd_status status; const char *word; } cases[] = {
        { "die", KD_IO, "without a word" }, { "babble", KD_IO, "without a word" }, { "fail", KD_LIMIT, "the reason, in words" },
        { "lie", KD_NOT_FOUND, "" }, { "rubbish", KD_CORRUPT, "" },
    };
    house    h;
    uint64_t version;
    (void)state;
    child_does(NULL);
    house_new(&h);
    must_open(&h, true);
    house_fill(&h, 0, 200);
    must_train(&h);
    version = house_model(&h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_err err = { 0 };
        child_does(cases[i].does);
        kd_status status = kd_engine_train(h.engine, NULL, NULL, NULL, &err);
        if (status != cases[i].status && !(status == KD_INVALID && cases[i].status == KD_CORRUPT))
            fail_msg("%s: %s %s", cases[i].does, kd_status_name(status), err.msg);
        if (err.msg[0] == '\0' || strstr(err.msg, cases[i].word) == NULL)
            fail_msg("%s: %s", cases[i].does, err.msg);
        assert_int_equal(house_model(&h), version);
        no_child_and_no_file(&h);
    }
    child_does(NULL);
    house_close(&h);
    must_open(&h, false);
    assert_int_equal(house_model(&h), version);
    must_train(&h);
    house_end(&h);
}

typedef struct watcher { house *h; atomic_bool *flag; unsigned steps; kd_status second; } watcher;

static void on_step(void *self, const char *step, uint64_t done, uint64_t total)
{
    watcher *w = self;
    assert_true(strcmp(step, "scan") == 0 && done == 1 && total == 2);
    w->second = kd_engine_train(w->h->engine, NULL, NULL, NULL, NULL);
    w->steps++;
    atomic_store(w->flag, true);
}

static void test_training_can_be_ended(void **state)
{
    house       h;
    atomic_bool cancel = false;
    kd_err      err = { 0 };
    (void)state;
    house_new(&h);
    must_open(&h, true);
    house_fill(&h, 0, 20);
    child_does("hang");
    for (int by_stop = 0; by_stop < 2; by_stop++) { /* by its caller, and by a server that stops */
        watcher       w = { &h, by_stop ? &kd_engine_parts(h.engine)->stopping : &cancel, 0, KD_OK };
        const int64_t from = kd_monotonic_us();
        assert_int_equal(kd_engine_train(h.engine, on_step, &w, &cancel, &err), KD_BUSY);
        assert_int_equal(w.steps, 1);
        assert_int_equal(w.second, KD_BUSY); /* one at a time */
        assert_true(kd_monotonic_us() - from < 10000000);
        no_child_and_no_file(&h);
        cancel = false;
    }
    child_does(NULL);
    house_end(&h);
}

static void test_nothing_to_learn_from(void **state)
{
    house  h;
    kd_err err = { 0 };
    (void)state;
    child_does(NULL);
    house_new(&h);
    must_open(&h, true);
    assert_int_equal(kd_engine_train(h.engine, NULL, NULL, NULL, &err), KD_NOT_FOUND);
    assert_int_equal(house_model(&h), 0);
    house_end(&h);
}

/* ---- receipts ---- */

static void write_receipt(house *h, uint64_t seed, int64_t received_ms)
{
    kd_receipt_write receipt = { .event = { .time_ms = received_ms, .received_ms = received_ms, .kind = KD_KIND_DECISION, .body = KD_STR("\1what was decided") } };
    kd_rng           rng;
    kd_rng_seed(&rng, seed);
    receipt.event.id = kd_id_new(&rng, received_ms);
    assert_int_equal(kd_ingest_receipt(kd_engine_parts(h->engine)->ingest, &receipt, NULL), KD_OK);
}

static void test_expire(void **state)
{
    house         h;
    const int64_t now_ms = kd_now(kd_clock_system());
    size_t        hollowed = 99, count = 0, hollow = 0, receipts = 0;
    kd_event     *events = NULL;
    kd_reader    *reader = NULL;
    kd_arena     *arena = kd_arena_new((size_t)16 << 20);
    kd_err        err = { 0 };
    (void)state;
    house_new(&h);
    must_open(&h, true);
    house_fill(&h, 0, 30);
    for (uint64_t i = 0; i < 40; i++)
        write_receipt(&h, 1000 + i, now_ms - (int64_t)(i < 25 ? 91 : 89) * KD_DAY_MS);
    assert_int_equal(kd_ingest_flush(kd_engine_parts(h.engine)->ingest, NULL), KD_OK);
    assert_int_equal(kd_engine_expire(h.engine, &hollowed, &err), KD_OK);
    assert_int_equal(hollowed, 25);
    assert_int_equal(kd_engine_expire(h.engine, &hollowed, &err), KD_OK); /* nothing is left to do */
    assert_int_equal(hollowed, 0);
    assert_int_equal(kd_reader_open(&reader, kd_engine_parts(h.engine)->store, NULL), KD_OK);
    assert_int_equal(kd_reader_log(&events, &count, reader, 0, 0, 1000, true, arena, NULL), KD_OK);
    assert_int_equal(count, 70);
    for (size_t i = 0; i < count; i++) {
        const bool gone = (events[i].flags & KD_EVENT_HOLLOW) != 0;
        hollow += gone;
        receipts += events[i].kind == KD_KIND_DECISION;
        assert_int_equal(gone, events[i].kind == KD_KIND_DECISION && events[i].received_ms < now_ms - 90 * KD_DAY_MS);
        assert_int_equal(events[i].body.len == 0, gone);
    }
    assert_int_equal(hollow, 25);
    assert_int_equal(receipts, 40);
    kd_reader_close(reader);
    kd_arena_free(arena);
    house_end(&h);
}

/* ---- what events teach the catalogue ---- */

static void test_unknown_products_come_together(void **state)
{
    house            h;
    kd_catalog_stats before, after;
    (void)state;
    house_new(&h);
    must_open(&h, true);
    kd_catalog_get_stats(&before, kd_engine_parts(h.engine)->catalog);
    house_fill(&h, 0, 200);
    kd_catalog_get_stats(&after, kd_engine_parts(h.engine)->catalog);
    assert_int_equal(after.stubs - before.stubs, 30);
    assert_true(after.published - before.published <= 2); /* one submission, one snapshot; not one a product */
    house_fill(&h, 200, 200);
    kd_catalog_get_stats(&before, kd_engine_parts(h.engine)->catalog);
    assert_int_equal(before.published, after.published);
    house_end(&h);
}

const struct CMUnitTest engine_tests[] = {
    cmocka_unit_test(test_open_twice),
    cmocka_unit_test(test_what_does_not_open_leaves_nothing_behind),
    cmocka_unit_test(test_a_damaged_model_gives_way_to_the_one_before),
    cmocka_unit_test(test_old_models_are_thrown_away),
    cmocka_unit_test(test_a_child_that_fails_leaves_the_old_model),
    cmocka_unit_test(test_training_can_be_ended),
    cmocka_unit_test(test_nothing_to_learn_from),
    cmocka_unit_test(test_expire),
    cmocka_unit_test(test_unknown_products_come_together),
};
const size_t engine_test_count = sizeof engine_tests / sizeof *engine_tests;

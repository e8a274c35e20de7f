/* Nothing is called stored before the disk has it. */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

#include "record_vfs.h"

typedef struct place { char folder[64], path[256], wal[300], copy[256]; kd_store *store; } place;

static void open_recorded(place *p)
{
    kd_err           err = { 0 };
    kd_store_options options = { .path = p->path, .create = true, .cache_bytes = 256 * 1024, .wal_bytes_max = 512 * 1024,
                                 .vfs = kd_record_vfs() };
    OK(kd_store_open(&p->store, &options, &err));
}

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    kd_record_clear();
    temp_folder(p->folder);
    join(p->path, p->folder, "kunde.db");
    join(p->copy, p->folder, "copy.db");
    snprintf(p->wal, sizeof p->wal, "%s-wal", p->path);
    open_recorded(p);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    if (p->store)
        kd_store_close(p->store);
    kd_record_clear();
    remove_folder(p->folder);
    free(p);
    return 0;
}

/* Between the last write to the WAL and the answer stands a sync that began after the one and ended before the other. */
static void check_order(void)
{
    const kd_record_entry *entries;
    size_t                 count = kd_record_entries(&entries);
    uint64_t               wrote = 0, safe = 0, answers = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].op == KD_RECORD_NOTE) {
            assert_true(wrote > 0 && safe > wrote);
            answers++;
        } else if (entries[i].wal && entries[i].op == KD_RECORD_WRITE) {
            wrote = entries[i].seq;
        } else if (entries[i].wal && entries[i].op == KD_RECORD_SYNC_END && entries[i].value > safe) {
            safe = entries[i].value;
        }
    }
    assert_int_equal(answers, 60);
}

static void test_commit_waits_for_the_sync(void **state)
{
    place *p = *state;
    kd_err err = { 0 };
    for (uint64_t i = 0; i < 60; i++) {
        OK(append_run(p->store, 1, i * 10, 10, &err));
        assert_int_equal(kd_record_unsynced(p->wal), 0);
        kd_record_note(i);
    }
    check_order();
    kd_record_slow_sync(60000);
    int64_t start = kd_monotonic_us();
    OK(append_run(p->store, 1, 600, 10, &err));
    assert_true(kd_monotonic_us() - start >= 60000);
}

static void check_copy(const place *p, size_t at_least, size_t at_most)
{
    kd_err    err = { 0 };
    kd_store *store = NULL;
    char      side[300];
    OK(try_open(&store, p->copy, false, &err));
    size_t count = count_events(store, 1);
    if (count < at_least || count > at_most)
        fail_msg("%zu events after the cut, not %zu to %zu", count, at_least, at_most);
    kd_store_close(store);
    snprintf(side, sizeof side, "%s-wal", p->copy);
    unlink(side);
    unlink(p->copy);
}

/* The power goes after any commit, checkpoints of the WAL going on all the while: every event answered for is there. */
static void test_cut_after_commits(void **state)
{
    place *p = *state;
    kd_err err = { 0 };
    for (uint64_t i = 0; i < 120; i++) {
        OK(append_run(p->store, 1, i * 20, 20, &err));
        if (i % 8 != 7)
            continue;
        assert_true(kd_record_cut(p->path, p->copy));
        check_copy(p, (i + 1) * 20, (i + 1) * 20);
    }
}

typedef struct appender { place *p; _Atomic size_t answered; _Atomic bool stop; } appender;

static void *keep_appending(void *arg)
{
    appender *a = arg;
    kd_err    err = { 0 };
    for (size_t next = 0; !a->stop; next += 7)
        if (append_run(a->p->store, 1, next, 7, &err) == KD_OK)
            a->answered = next + 7;
        else
            break;
    return NULL;
}

/* The power goes at any moment, in the middle of a commit or a checkpoint too. */
static void test_cut_at_any_moment(void **state)
{
    place    *p = *state;
    appender  a = { .p = p };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_appending, &a), 0);
    for (int i = 0; i < 15; i++) {
        usleep(7000);
        size_t before = a.answered;
        assert_true(kd_record_cut(p->path, p->copy));
        size_t after = a.answered;
        check_copy(p, before, after + 7); /* the one under way may be there or not, but whole */
    }
    a.stop = true;
    pthread_join(thread, NULL);
    assert_true(a.answered > 0);
}

/* The nth write or sync fails: the answer is no promise, and after a second try everything is there exactly once. */
static void test_failing_disk(void **state)
{
    place   *p = *state;
    kd_err   err = { 0 };
    uint64_t next = 0;
    bool     unknown = false, full = false;
    for (unsigned nth = 1; nth <= 12; nth++) {
        for (int what = 0; what < 3; what++) {
            if (what == 0)
                kd_record_fail_sync(nth);
            else
                kd_record_fail_write(nth, what == 2);
            for (unsigned tries = 0; tries < 20; tries++) {
                kd_status status = append_run(p->store, 1, next, 25, &err);
                if (status == KD_OK) {
                    next += 25;
                    continue;
                }
                assert_true(status == KD_UNKNOWN || status == KD_IO);
                unknown = unknown || status == KD_UNKNOWN;
                if (what == 2 && status == KD_IO) {
                    SAYS("disk full");
                    full = true;
                }
            }
            kd_record_fail_sync(0);
            kd_record_fail_write(0, false);
        }
    }
    assert_true(unknown && full);
    assert_int_equal(count_events(p->store, 1), next);
    kd_store_close(p->store);
    open_recorded(p);
    assert_int_equal(count_events(p->store, 1), next);
}

/* A transaction larger than the page cache meets a full disk in the middle: nothing of it stays, the next one works. */
static void test_full_in_the_middle(void **state)
{
    place *p = *state;
    kd_err err = { 0 };
    OK(append_run(p->store, 1, 0, 10, &err));
    kd_record_fail_write(3, true);
    GIVES(KD_IO, append_run(p->store, 1, 10, 20000, &err));
    SAYS("disk full");
    kd_record_fail_write(0, false);
    assert_int_equal(count_events(p->store, 1), 10);
    OK(append_run(p->store, 1, 10, 10, &err));
    assert_int_equal(count_events(p->store, 1), 20);
}

int run_durable_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit_waits_for_the_sync, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_after_commits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_at_any_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_in_the_middle, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("durable", tests, NULL, NULL);
}

/* Processes that die, processes that meet, and a disk that is full. */
#include "support.h"

#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct place { char folder[64], path[256]; } place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    temp_folder(p->folder);
    join(p->path, p->folder, "kunde.db");
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    remove_folder(p->folder);
    free(p);
    return 0;
}

static kd_status open_small(kd_store **out, const char *path, kd_err *err)
{
    kd_store_options options = { .path = path, .create = true, .cache_bytes = 256 * 1024, .wal_bytes_max = 256 * 1024 };
    return kd_store_open(out, &options, err);
}

/* ---- kill -9 ---------------------------------------------------------------------------------------------------------- */
/* The child: append without end, one to twelve events at a time, and say each time how many are stored. */
static void append_for_ever(const char *path, size_t next, int say)
{
    kd_err    err = { 0 };
    kd_store *store = NULL;
    if (open_small(&store, path, &err) != KD_OK)
        _exit(1);
    for (;; ) {
        size_t count = next % 12 + 1;
        if (append_run(store, 1, next, count, &err) != KD_OK)
            _exit(2);
        next += count;
        if (write(say, &next, sizeof next) != (ssize_t)sizeof next)
            _exit(3);
    }
}

/* Kill the child after `ms`; the last number it said. */
static size_t run_and_kill(const char *path, size_t next, int ms)
{
    int    ends[2], code;
    size_t acked = next;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        append_for_ever(path, next, ends[1]);
    }
    close(ends[1]);
    assert_true(read(ends[0], &acked, sizeof acked) == (ssize_t)sizeof acked); /* it is under way */
    usleep((useconds_t)ms * 1000);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFSIGNALED(code));
    for (size_t n; read(ends[0], &n, sizeof n) == (ssize_t)sizeof n;)
        acked = n;
    close(ends[0]);
    return acked;
}

static void no_fault(void *self, bool ok, const char *line)
{
    (void)self;
    if (!ok)
        fail_msg("%s", line);
}

static void test_kill(void **state)
{
    place     *p = *state;
    kd_err     err = { 0 };
    kd_store  *store = NULL;
    kd_reader *reader = NULL;
    size_t     stored = 0;
    kd_rng     rng;
    kd_rng_seed(&rng, 11);
    for (int kills = 0; kills < 15; kills++) {
        size_t acked = run_and_kill(p->path, stored, (int)kd_rng_below(&rng, 60));
        OK(open_small(&store, p->path, &err));
        stored = count_events(store, 1); /* each once, none missing between */
        assert_true(stored >= acked && stored <= acked + 12);
        OK(kd_reader_open(&reader, store, &err));
        OK(kd_store_check(reader, no_fault, NULL, &err));
        kd_reader_close(reader);
        kd_store_close(store);
    }
    assert_true(stored > 100);
}

/* ---- two processes, one database ---------------------------------------------------------------------------------------- */
static void test_owned(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    kd_store *store = NULL;
    char      byte = 0, pid[24];
    int       ready[2], code;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        if (open_small(&store, p->path, &err) == KD_OK && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    GIVES(KD_CONFLICT, try_open(&store, p->path, true, &err));
    snprintf(pid, sizeof pid, "process %ld", (long)child);
    SAYS(pid);
    kill(child, SIGKILL);
    waitpid(child, &code, 0);
    close(ready[0]);
    close(ready[1]);
    OK(try_open(&store, p->path, true, &err)); /* a dead owner owns nothing */
    kd_store_close(store);
}

static int child_refuses(kd_store *store, kd_reader *reader)
{
    kd_err     err = { 0 };
    kd_txn    *txn = NULL;
    kd_reader *other = NULL;
    int64_t    end;
    if (kd_txn_begin(&txn, store, 0, &err) != KD_INVALID || !strstr(err.msg, "parent"))
        return 1;
    if (kd_reader_log_end(&end, reader, 0, &err) != KD_INVALID || kd_reader_open(&other, store, &err) != KD_INVALID)
        return 2;
    kd_reader_close(reader);
    kd_store_close(store); /* of no effect here */
    return 0;
}

static void test_fork(void **state)
{
    place     *p = *state;
    kd_err     err = { 0 };
    kd_store  *store = store_open(p->path, 1);
    kd_reader *reader = NULL;
    int        code;
    OK(kd_reader_open(&reader, store, &err));
    OK(append_run(store, 1, 0, 5, &err));
    pid_t child = fork();
    if (child == 0)
        _exit(child_refuses(store, reader));
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 0);
    OK(append_run(store, 1, 5, 5, &err));
    assert_int_equal(count_events(store, 1), 10);
    kd_reader_close(reader);
    kd_store_close(store);
}

/* ---- a full disk ---------------------------------------------------------------------------------------------------------- */
/* In a child: fill the disk until it says so, then see that all that was answered for is there. */
static int fill_disk(const char *path)
{
    kd_err    err = { 0 };
    kd_store *store = NULL;
    kd_status status = open_small(&store, path, &err);
    size_t    next = 0;
    if (status != KD_OK)
        return 1;
    while (status == KD_OK && next < 400000) {
        status = append_run(store, 1, next, 100, &err);
        next += status == KD_OK ? 100 : 0;
    }
    if ((status != KD_IO && status != KD_UNKNOWN) || !strstr(err.msg, "disk full")) {
        print_error("after %zu events: %s, %s\n", next, kd_status_name(status), err.msg);
        return 2;
    }
    kd_sha sha;
    char  *big = calloc(1, 16 << 20);
    status = kd_store_blob_put(&sha, store, big, 16 << 20, &err);
    free(big);
    if (status == KD_OK)
        return 3;
    if (count_events(store, 1) != next)
        return 4;
    kd_store_close(store);
    if (try_open(&store, path, false, &err) != KD_OK)
        return 5;
    if (count_events(store, 1) != next)
        return 6;
    kd_store_close(store);
    return next > 0 ? 0 : 7;
}

static void in_child(int (*body)(const char *path), const char *path, rlim_t file_bytes_max)
{
    int   code;
    pid_t child = fork();
    if (child == 0) {
        if (file_bytes_max) {
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &(struct rlimit){ file_bytes_max, file_bytes_max });
        }
        _exit(body(path));
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 0);
}

static void test_full_disk(void **state)
{
    place *p = *state;
    char   path[256];
    if (mount("none", p->folder, "tmpfs", 0, "size=4m") != 0) {
        print_message("no right to mount a small disk\n");
        skip();
    }
    join(path, p->folder, "kunde.db");
    in_child(fill_disk, path, 0);
    assert_int_equal(umount2(p->folder, MNT_DETACH), 0);
}

static void test_file_limit(void **state)
{
    place *p = *state;
    in_child(fill_disk, p->path, 3 << 20);
}

int run_crash_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_owned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fork, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_limit, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}

/* The write-ahead log stays bounded, backups are whole, damage is found, what is deleted is gone. */
#include "support.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct place { char folder[64], path[256], copy[256]; } place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    temp_folder(p->folder);
    join(p->path, p->folder, "kunde.db");
    join(p->copy, p->folder, "copy.db");
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

static void raw_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char    *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- the write-ahead log -------------------------------------------------------------------------------------------------- */
static void test_wal_is_bounded(void **state)
{
    place           *p = *state;
    kd_err           err = { 0 };
    kd_store        *store = NULL;
    kd_reader       *reader = NULL;
    kd_arena        *arena = kd_arena_new(1 << 20);
    kd_event        *events;
    size_t           count;
    kd_store_stats   stats;
    uint64_t         most = 0;
    kd_store_options options = { .path = p->path, .create = true, .wal_bytes_max = 1 << 20 };
    OK(kd_store_open(&store, &options, &err));
    OK(kd_reader_open(&reader, store, &err));
    for (uint64_t i = 0; i < 500; i++) {
        OK(append_run(store, 1, i * 100, 100, &err));
        OK(kd_reader_log(&events, &count, reader, 0, (int64_t)i * 50, 20, true, arena, &err)); /* a reader is always about */
        kd_arena_reset(arena);
        OK(kd_reader_stats(&stats, reader, &err));
        most = stats.wal_bytes > most ? stats.wal_bytes : most;
    }
    assert_int_equal(stats.events, 50000);
    assert_true(stats.file_bytes > 4 << 20);
    assert_true(most > 1 << 18 && most < (1 << 20) + (1 << 18)); /* the bound and one transaction */
    kd_reader_close(reader);
    kd_store_close(store);
    kd_arena_free(arena);
}

/* ---- the writer's turn ------------------------------------------------------------------------------------------------------ */
typedef struct taker { kd_store *store; int number; int *order; _Atomic int *taken; } taker;

static void *take_turns(void *arg)
{
    taker *t = arg;
    for (int i = 0; i < 100; i++) {
        kd_txn *txn = NULL;
        if (kd_txn_begin(&txn, t->store, 0, NULL) != KD_OK)
            return NULL;
        t->order[(*t->taken)++] = t->number;
        usleep(200); /* the other one is waiting by now */
        kd_txn_rollback(txn);
    }
    return NULL;
}

/* Ingest and checkpoint both want the writer all the time: neither may starve. */
static void test_turns_are_fair(void **state)
{
    place      *p = *state;
    kd_store   *store = store_open(p->path, 1);
    int         order[200], run = 0, longest = 0, switches = 0;
    _Atomic int taken = 0;
    taker       takers[2] = { { store, 0, order, &taken }, { store, 1, order, &taken } };
    pthread_t   threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &takers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(taken, 200);
    for (int i = 1; i < 200; i++) {
        bool same = order[i] == order[i - 1];
        run = same ? run + 1 : 0;
        longest = run > longest ? run : longest;
        switches += !same;
    }
    if (switches < 50) /* they take turns but at both ends, when one has not begun or has ended */
        fail_msg("%d changes of turn in 200, %d turns in a row", switches, longest);
    kd_store_close(store);
}

/* ---- backup ------------------------------------------------------------------------------------------------------------------ */
typedef struct appender { kd_store *store; _Atomic size_t answered; _Atomic bool stop; } appender;

static void *keep_appending(void *arg)
{
    appender *a = arg;
    kd_err    err = { 0 };
    for (size_t next = a->answered; !a->stop; next += 20) {
        if (append_run(a->store, 1, next, 20, &err) != KD_OK)
            break;
        a->answered = next + 20;
    }
    return NULL;
}

typedef struct progress { uint64_t calls, done, total; } progress;

static void take_progress(void *self, uint64_t done, uint64_t total)
{
    progress *p = self;
    p->calls++;
    p->done = done;
    p->total = total;
}

static void test_backup_under_load(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    appender  a = { .store = store_open(p->path, 1) };
    progress  seen = { 0 };
    pthread_t thread;
    for (; a.answered < 60000; a.answered += 5000)
        OK(append_run(a.store, 1, a.answered, 5000, &err));
    assert_int_equal(pthread_create(&thread, NULL, keep_appending, &a), 0);
    size_t before = a.answered;
    OK(kd_store_backup(a.store, p->copy, take_progress, &seen, &err));
    size_t after = a.answered;
    a.stop = true;
    pthread_join(thread, NULL);
    assert_true(seen.calls > 2 && seen.done == seen.total);
    kd_store_close(a.store);
    kd_store *copy = NULL;
    OK(try_open(&copy, p->copy, false, &err));
    size_t count = count_events(copy, 1);
    assert_true(count >= before && count <= after + 20);
    kd_store_close(copy);
}

static void test_backup_refusals(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    kd_store *store = store_open(p->path, 1);
    char      part[300], deep[256];
    snprintf(part, sizeof part, "%s.part", p->copy);
    FILE *file = fopen(part, "w");
    fclose(file);
    GIVES(KD_CONFLICT, kd_store_backup(store, p->copy, NULL, NULL, &err));
    SAYS(".part");
    unlink(part);
    join(deep, p->folder, "none/copy.db");
    GIVES(KD_IO, kd_store_backup(store, deep, NULL, NULL, &err));
    GIVES(KD_CONFLICT, kd_store_backup(store, p->path, NULL, NULL, &err));
    OK(kd_store_backup(store, p->copy, NULL, NULL, &err));
    assert_int_not_equal(access(part, F_OK), 0);
    kd_store_close(store);
}

/* ---- check ------------------------------------------------------------------------------------------------------------------- */
typedef struct findings { size_t lines, faults; char all[4096]; } findings;

static void take_finding(void *self, bool ok, const char *line)
{
    findings *found = self;
    size_t    len = strlen(found->all);
    found->lines++;
    found->faults += !ok;
    if (!ok)
        snprintf(found->all + len, sizeof found->all - len, "%s\n", line);
}

static findings check_file(const char *path)
{
    kd_err     err = { 0 };
    findings   found = { 0 };
    kd_store  *store = NULL;
    kd_reader *reader = NULL;
    OK(try_open(&store, path, false, &err));
    OK(kd_reader_open(&reader, store, &err));
    OK(kd_store_check(reader, take_finding, &found, &err));
    kd_reader_close(reader);
    kd_store_close(store);
    return found;
}

static void make_shop(const place *p)
{
    kd_err         err = { 0 };
    kd_store      *store = store_open(p->path, 1);
    kd_profile_row row = { .person = numbered_id(1, T0), .secret = KD_STR("s") };
    kd_doc         doc = { .kind = KD_STR("product"), .id = KD_STR("p"), .body = KD_STR("{}") };
    kd_txn        *txn = NULL;
    kd_sha         sha;
    OK(append_run(store, 1, 0, 200, &err));
    OK(append_run(store, 2, 0, 200, &err));
    OK(kd_txn_begin(&txn, store, 0, &err));
    OK(kd_txn_persons_put(txn, &row, 1, &err));
    row.head = row.folded = 200;
    OK(kd_txn_profiles_put(txn, &row, 1, &err));
    OK(kd_txn_commit(txn, &err));
    OK(kd_store_docs_put(store, &doc, 1, &err));
    OK(kd_store_blob_put(&sha, store, "abc", 3, &err));
    kd_store_close(store);
}

/* Each law broken by hand, past the port, is found and named. */
static void test_check_finds(void **state)
{
    static const struct { const char *sql, *says; } cases[] = {
        { "UPDATE log SET prev=at WHERE at=5", "offset 5: its chain does not lead back" },
        { "UPDATE log SET prev=3 WHERE at=300", "offset 300: its chain leads to no event of the same person" },
        { "UPDATE log SET prev=9999 WHERE at=7", "offset 7" },
        { "UPDATE profile SET head=250", "its newest event is not in the log" },
        { "UPDATE profile SET head=9999", "its newest event is not in the log" },
        { "UPDATE profile SET folded=9999", "folded past the end" },
        { "UPDATE doc_head SET version=77", "called the newest" },
    };
    place *p = *state;
    make_shop(p);
    findings sound = check_file(p->path);
    assert_int_equal(sound.faults, 0);
    assert_true(sound.lines >= 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(copy_file(p->path, p->copy));
        raw_sql(p->copy, cases[i].sql);
        findings found = check_file(p->copy);
        if (found.faults == 0 || !strstr(found.all, cases[i].says))
            fail_msg("%s: found \"%s\"", cases[i].sql, found.all);
    }
}

static void test_check_finds_a_bad_blob(void **state)
{
    place *p = *state;
    char   blob[400];
    make_shop(p);
    snprintf(blob, sizeof blob, "%s.blobs/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", p->path);
    FILE *file = fopen(blob, "w");
    assert_non_null(file);
    fputs("abd", file);
    fclose(file);
    findings found = check_file(p->path);
    assert_int_equal(found.faults, 1);
    assert_non_null(strstr(found.all, "blob ba7816bf"));
}

/* A page of noise in the file: found, never believed, and no crash. */
static void test_damaged_pages(void **state)
{
    place   *p = *state;
    uint8_t  noise[8192];
    kd_rng   rng;
    size_t   pages, found_any = 0;
    struct stat st;
    make_shop(p);
    assert_int_equal(stat(p->path, &st), 0);
    pages = (size_t)st.st_size / sizeof noise;
    kd_rng_seed(&rng, 5);
    for (size_t page = 1; page < pages; page++) { /* the first holds the header: without it it is no database */
        assert_true(copy_file(p->path, p->copy));
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)kd_rng_u64(&rng);
        FILE *file = fopen(p->copy, "r+b");
        fseek(file, (long)(page * sizeof noise), SEEK_SET);
        assert_int_equal(fwrite(noise, 1, sizeof noise, file), sizeof noise);
        fclose(file);
        kd_err    err = { 0 };
        kd_store *store = NULL;
        kd_status status = try_open(&store, p->copy, false, &err);
        if (status == KD_OK) {
            kd_store_close(store);
            found_any += check_file(p->copy).faults > 0;
        } else {
            assert_int_equal(status, KD_CORRUPT);
            found_any++;
        }
    }
    assert_int_equal(found_any, pages - 1);
}

/* ---- gone is gone -------------------------------------------------------------------------------------------------------------- */
static size_t occurrences(const char *path, const char *needle)
{
    struct stat st;
    FILE       *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    char *bytes = malloc((size_t)st.st_size);
    assert_int_equal(fread(bytes, 1, (size_t)st.st_size, file), (size_t)st.st_size);
    fclose(file);
    size_t      found = 0, left = (size_t)st.st_size;
    const char *at = bytes;
    while ((at = memmem(at, left, needle, strlen(needle)))) {
        found++;
        at++;
        left = (size_t)st.st_size - (size_t)(at - bytes);
    }
    free(bytes);
    return found;
}

static void test_nothing_stays_behind(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    kd_store *store = store_open(p->path, 1);
    kd_id     who = numbered_id(1, T0);
    kd_record record = { who, KD_STR("request"), numbered_id(2, T0), T0, KD_STR("{\"note\":\"BURN AFTER READING\"}") };
    kd_txn   *txn = NULL;
    int64_t   cursor = 0;
    size_t    hollowed = 0;
    OK(append_run(store, 1, 0, 300, &err));
    OK(kd_txn_begin(&txn, store, 0, &err));
    OK(kd_txn_records_put(txn, &record, 1, &err));
    OK(kd_txn_commit(txn, &err));
    kd_store_close(store);
    assert_true(occurrences(p->path, "Product Viewed") >= 300 && occurrences(p->path, "BURN AFTER") == 1);
    store = store_open(p->path, 1);
    OK(kd_txn_begin(&txn, store, 0, &err));
    OK(kd_txn_hollow(txn, 1, T0 + 1, &cursor, 1000, &hollowed, &err));
    assert_int_equal(hollowed, 300);
    OK(kd_txn_record_delete(txn, who, KD_STR("request"), record.id, &err));
    OK(kd_txn_record_delete(txn, who, KD_STR("request"), record.id, &err)); /* gone already: fine */
    OK(kd_txn_commit(txn, &err));
    kd_store_close(store);
    assert_int_equal(occurrences(p->path, "Product Viewed"), 0);
    assert_int_equal(occurrences(p->path, "BURN AFTER"), 0);
}

int run_care_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wal_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turns_are_fair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_backup_under_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_backup_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_finds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_finds_a_bad_blob, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_stays_behind, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("care", tests, NULL, NULL);
}

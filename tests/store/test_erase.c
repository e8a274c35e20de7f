/* What is erased is in no byte of the files: the raw database, its log, its index. */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite.h"

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

static size_t found_in(const char *path, const char *suffix, const void *bytes, size_t len)
{
    char        name[300];
    struct stat st;
    size_t      found = 0;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0)
        return 0;
    char *all = malloc((size_t)st.st_size + 1);
    assert_int_equal(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
    for (const char *at = all; (at = memmem(at, (size_t)(all + st.st_size - at), bytes, len)); at++)
        found++;
    free(all);
    close(fd);
    return found;
}

static size_t found(const char *path, const void *bytes, size_t len)
{
    return found_in(path, "", bytes, len) + found_in(path, "-wal", bytes, len) + found_in(path, "-shm", bytes, len);
}

enum { PERSONS = 3000 };
static kd_key key_of(size_t i)
{
    kd_key key = { .type = (uint8_t)(1 + i % 6) };
    for (size_t b = 0; b < sizeof key.hash; b += 8) {
        uint64_t h = kd_hash64(&i, sizeof i, b);
        memcpy(key.hash + b, &h, 8);
    }
    return key;
}

static kd_id person_of(size_t i) { return numbered_id(i, T0 + (int64_t)i); }

/* Rows that come in at random places and grow many times: pages split, and rows move about in them. */
static void fill(kd_store *store)
{
    kd_err  err = { 0 };
    kd_txn *txn;
    char    state[900];
    for (size_t i = 0; i < PERSONS; i += 50) {
        kd_key keys[50];
        kd_id  persons[50];
        kd_profile_row rows[50];
        char secrets[50][40];
        for (size_t n = 0; n < 50; n++) {
            keys[n] = key_of(i + n);
            persons[n] = person_of(i + n);
            rows[n] = (kd_profile_row){ .person = persons[n], .key_type = keys[n].type, .secret = { secrets[n], 40 } };
            memcpy(rows[n].key, keys[n].hash, 16);
            snprintf(secrets[n], 40, "wrapped-key-of-%08zu", i + n);
        }
        OK(kd_store_keys_link(store, keys, persons, 50, &err));
        OK(kd_txn_begin(&txn, store, 0, &err));
        OK(kd_txn_persons_put(txn, rows, 50, &err));
        OK(kd_txn_commit(txn, &err));
    }
    for (int round = 1; round <= 6; round++) {
        OK(kd_txn_begin(&txn, store, 0, &err));
        for (size_t i = (size_t)round; i < PERSONS; i += (size_t)round) {
            memset(state, 0, sizeof state);
            snprintf(state, sizeof state, "state-of-%08zu", i);
            kd_profile_row row = { .person = person_of(i), .folded = round,
                                   .state = { state, 100 + (i * 37 + (size_t)round * 211) % 800 } };
            OK(kd_txn_profiles_put(txn, &row, 1, &err));
        }
        OK(kd_txn_commit(txn, &err));
    }
}

static void check_file(const char *path)
{
    sqlite3      *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_nothing_is_left_in_the_files(void **state)
{
    place           *p = *state;
    kd_err           err = { 0 };
    kd_store_options options = { .path = p->path, .create = true };
    kd_store        *store;
    kd_txn          *txn;
    char             text[64];
    size_t           gone = 0;
    OK(kd_store_open(&store, &options, &err));
    fill(store);
    for (size_t i = 5; i < PERSONS; i += 10, gone++) {
        kd_key_row row = { key_of(i), person_of(i) };
        kd_erased  counts = { 0 };
        OK(kd_store_keys_unlink(store, &row, 1, &err));
        OK(kd_txn_begin(&txn, store, 0, &err));
        OK(kd_txn_person_erase(txn, person_of(i), &counts, &err));
        OK(kd_txn_commit(txn, &err));
    }
    OK(kd_store_sweep(store, &err));
    assert_int_equal(gone, PERSONS / 10);
    for (size_t i = 0; i < PERSONS; i++) {
        bool   erased = i % 10 == 5;
        kd_key key = key_of(i);
        assert_true(erased == (found(p->path, key.hash, sizeof key.hash) == 0));
        snprintf(text, sizeof text, "wrapped-key-of-%08zu", i);
        assert_true(erased == (found(p->path, text, strlen(text)) == 0));
        snprintf(text, sizeof text, "state-of-%08zu", i);
        assert_true(!erased || found(p->path, text, strlen(text)) == 0);
        if (i == 400)
            i = PERSONS - 400; /* both ends: reading the whole file is slow under the sanitizers */
    }

    kd_store_close(store);
    check_file(p->path);
}

/* A page is left alone unless it is exactly as the format says. */
static void test_what_is_no_page_is_left_alone(void **state)
{
    uint8_t  page[8192], was[8192];
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        static const uint8_t types[] = { 0x02, 0x05, 0x0a, 0x0d, 0x00, 0x01, 0xff };
        for (size_t i = 0; i < sizeof page; i += 8, seed++) {
            uint64_t h = kd_hash64(&seed, sizeof seed, 3);
            memcpy(page + i, &h, 8);
        }
        page[0] = types[round % 7];
        if (round % 3 == 0)
            page[3] = 0, page[4] &= 15; /* few cells: more of them look right */
        if (round % 5 == 0)
            page[1] = page[2] = 0;
        memcpy(was, page, sizeof was);
        kd_scrub_page(page, sizeof page, false);
        unsigned begin = (page[0] >= 8 ? 8u : 12u) + 2u * ((unsigned)was[3] << 8 | was[4]), content = (unsigned)was[5] << 8 | was[6];
        if (page[0] == 0 || page[0] == 1 || page[0] == 0xff || begin > content || content > sizeof page)
            assert_memory_equal(page, was, sizeof page);
        else
            assert_memory_equal(page, was, begin);
    }
}

int run_erase_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_left_in_the_files, set_up, tear_down),
        cmocka_unit_test(test_what_is_no_page_is_left_alone),
    };
    return cmocka_run_group_tests_name("erase", tests, NULL, NULL);
}

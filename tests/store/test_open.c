/* What is refused at the door, and what is let in. */
#include "support.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "base/input.h"

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
    chmod(p->folder, 0700);
    remove_folder(p->folder);
    free(p);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static size_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (size_t)st.st_size : SIZE_MAX;
}

/* Straight at the file, past the port: for what only another program would do. */
static void raw_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_missing(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    kd_store *store = NULL;
    char      deep[256];
    GIVES(KD_NOT_FOUND, try_open(&store, p->path, false, &err));
    SAYS("kunde.db");
    assert_int_equal(file_size(p->path), SIZE_MAX); /* asking made nothing */
    join(deep, p->folder, "none/kunde.db");
    GIVES(KD_NOT_FOUND, try_open(&store, deep, true, &err));
    GIVES(KD_INVALID, try_open(&store, p->folder, true, &err));
    SAYS("not a file");
    GIVES(KD_INVALID, try_open(&store, "", true, &err));
    kd_store_options options = { .path = p->path, .create = true, .groups = 3 };
    GIVES(KD_INVALID, kd_store_open(&store, &options, &err));
    assert_string_equal(err.field, "groups");
    options = (kd_store_options){ .path = p->path, .create = true, .read_only = true };
    GIVES(KD_INVALID, kd_store_open(&store, &options, &err));
}

static void test_strangers(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    kd_store *store = NULL;
    uint8_t   noise[20000];
    kd_rng    rng;
    kd_rng_seed(&rng, 3);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)kd_rng_u64(&rng);
    static const char text[] = "This is a shopping list, and long enough to be more than a header of one hundred bytes, which a database has.\n";
    write_file(p->path, text, sizeof text - 1);
    GIVES(KD_INVALID, try_open(&store, p->path, true, &err));
    SAYS("not a Kunde database");
    assert_int_equal(file_size(p->path), sizeof text - 1); /* left as it was */
    write_file(p->path, noise, sizeof noise);
    GIVES(KD_INVALID, try_open(&store, p->path, true, &err));
    assert_int_equal(unlink(p->path), 0);
    raw_sql(p->path, "CREATE TABLE shopping(item)");
    GIVES(KD_INVALID, try_open(&store, p->path, true, &err));
    SAYS("another program");
    raw_sql(p->path, "SELECT item FROM shopping");
}

static void test_newer(void **state)
{
    place *p = *state;
    kd_err err = { 0 };
    kd_store_close(store_open(p->path, 1));
    raw_sql(p->path, "PRAGMA user_version=99");
    kd_store *store = NULL;
    GIVES(KD_INVALID, try_open(&store, p->path, true, &err));
    SAYS("newer");
    SAYS("99");
}

static void test_empty_file(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    kd_store *store = NULL;
    write_file(p->path, "", 0);
    GIVES(KD_INVALID, try_open(&store, p->path, false, &err));
    SAYS("empty");
    OK(try_open(&store, p->path, true, &err)); /* as after a crash before the first page */
    OK(append_run(store, 1, 0, 3, &err));
    kd_store_close(store);
    assert_int_equal(file_size(p->path) % 8192, 0);
    struct stat st;
    assert_int_equal(stat(p->path, &st), 0);
    OK(try_open(&store, p->path, false, &err));
    assert_int_equal(count_events(store, 1), 3);
    kd_store_close(store);
}

static void test_private_file(void **state)
{
    place      *p = *state;
    struct stat st;
    kd_store_close(store_open(p->path, 1));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600); /* what is in it is nobody else's business */
}

/* A crash leaves a WAL behind: a copy of both files taken while the store is open is just that. */
static void test_wal_left_over(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    char      copy[256], wal[300], copy_wal[300];
    kd_store *store = store_open(p->path, 1);
    OK(append_run(store, 1, 0, 50, &err));
    join(copy, p->folder, "copy.db");
    snprintf(wal, sizeof wal, "%s-wal", p->path);
    snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
    assert_true(file_size(wal) > 0 && copy_file(p->path, copy) && copy_file(wal, copy_wal));
    kd_store_close(store);
    OK(try_open(&store, copy, false, &err));
    assert_int_equal(count_events(store, 1), 50);
    kd_store_close(store);
    assert_int_equal(file_size(copy_wal), SIZE_MAX); /* an orderly end leaves one file */
}

static void test_read_only_handle(void **state)
{
    place           *p = *state;
    kd_err           err = { 0 };
    kd_store        *writer = store_open(p->path, 16), *store = NULL;
    kd_store_options options = { .path = p->path, .read_only = true };
    kd_txn          *txn = NULL;
    OK(append_run(writer, 1, 0, 5, &err));
    OK(kd_store_open(&store, &options, &err)); /* beside the one that owns it */
    assert_int_equal(kd_store_groups(store), 16);
    assert_int_equal(count_events(store, 1), 5);
    OK(append_run(writer, 1, 5, 5, &err));
    assert_int_equal(count_events(store, 1), 10);
    GIVES(KD_DENIED, kd_txn_begin(&txn, store, 0, &err));
    GIVES(KD_DENIED, kd_store_meta_put(store, "a", KD_STR("b"), &err));
    kd_sha sha;
    GIVES(KD_DENIED, kd_store_blob_put(&sha, store, "a", 1, &err));
    kd_store_close(writer);
    assert_int_equal(count_events(store, 1), 10);
    kd_store_close(store);
}

/* Run in a child that may not write here; root has to become somebody else for that. 0: it went as it should. */
static int as_nobody(int (*body)(const place *p), const place *p)
{
    int   code = 0;
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(body(p));
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    return WIFEXITED(code) ? WEXITSTATUS(code) : 98;
}

static int refused_folder(const place *p)
{
    kd_err    err = { 0 };
    kd_store *store = NULL;
    char      other[256];
    snprintf(other, sizeof other, "%.200s/new.db", p->folder);
    if (try_open(&store, other, true, &err) != KD_DENIED || !strstr(err.msg, "cannot"))
        return 1;
    if (try_open(&store, p->path, false, &err) != KD_DENIED || !strstr(err.msg, "cannot"))
        return 2;
    return 0;
}

static int reads_frozen(const place *p)
{
    kd_err           err = { 0 };
    kd_store        *store = NULL;
    kd_store_options options = { .path = p->path, .read_only = true };
    if (kd_store_open(&store, &options, &err) != KD_OK)
        return 1;
    if (count_events(store, 1) != 7)
        return 2;
    kd_store_close(store);
    return 0;
}

static void test_read_only_folder(void **state)
{
    place    *p = *state;
    kd_err    err = { 0 };
    char      lock[300];
    kd_store *store = store_open(p->path, 1);
    OK(append_run(store, 1, 0, 7, &err));
    kd_store_close(store);
    snprintf(lock, sizeof lock, "%s.lock", p->path);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(chmod(p->path, 0444), 0);
    assert_int_equal(chmod(p->folder, 0555), 0);
    assert_int_equal(as_nobody(refused_folder, p), 0);
    assert_int_equal(as_nobody(reads_frozen, p), 0); /* a copy on a read-only disk can still be read */
}

/* ---- golden ------------------------------------------------------------------------------------------------------------ */
#define GOLDEN KD_SOURCE_ROOT "/tests/golden/store_v1.db.zst"

static void fill_golden(kd_store *store)
{
    kd_err         err = { 0 };
    kd_id          who = numbered_id(1, T0);
    uint16_t       group = kd_store_group_of(store, who);
    kd_profile_row row = { .person = who, .key_type = 2, .key = { 9 }, .secret = KD_STR("wrapped") };
    kd_link        link = { .person = who, .other = numbered_id(2, T0), .kind = 1, .proven = true, .time_ms = T0, .event = numbered_id(3, T0) };
    kd_record      record = { who, KD_STR("job"), numbered_id(4, T0), T0, KD_STR("{\"a\":1}") };
    kd_key         key = { 2, { 9 } };
    kd_doc         doc = { .kind = KD_STR("product"), .id = KD_STR("p1"), .valid_from_ms = T0, .body = KD_STR("{\"v\":1}") };
    kd_level       level = { 1, 2, KD_LEVEL_PRICE, 19990000, { "EUR" }, T0 };
    kd_txn        *txn = NULL;
    OK(append_run(store, 1, 0, 5, &err));
    OK(kd_store_keys_link(store, &key, &who, 1, &err));
    OK(kd_txn_begin(&txn, store, group, &err));
    OK(kd_txn_persons_put(txn, &row, 1, &err));
    row.head = row.folded = 5;
    row.state = KD_STR("state");
    OK(kd_txn_profiles_put(txn, &row, 1, &err));
    OK(kd_txn_offset_put(txn, "profile", 5, &err));
    OK(kd_txn_links_put(txn, &link, 1, &err));
    OK(kd_txn_records_put(txn, &record, 1, &err));
    OK(kd_txn_commit(txn, &err));
    OK(kd_store_docs_put(store, &doc, 1, &err));
    doc.body = KD_STR("{\"v\":2}");
    OK(kd_store_docs_put(store, &doc, 1, &err));
    OK(kd_store_levels_put(store, &level, 1, &err));
    level.value++;
    level.at_ms++;
    OK(kd_store_levels_put(store, &level, 1, &err));
    OK(kd_store_meta_put(store, "salt", KD_STR("grain"), &err));
}

static void write_golden(const place *p)
{
    char      fresh[256];
    size_t    len, packed;
    kd_store *store;
    join(fresh, p->folder, "fresh.db");
    store = store_open(fresh, 16);
    fill_golden(store);
    kd_store_close(store);
    len = file_size(fresh);
    void *bytes = malloc(len), *out = malloc(ZSTD_compressBound(len));
    FILE *file = fopen(fresh, "rb");
    assert_int_equal(fread(bytes, 1, len, file), len);
    fclose(file);
    packed = ZSTD_compress(out, ZSTD_compressBound(len), bytes, len, 19);
    assert_false(ZSTD_isError(packed));
    write_file(GOLDEN, out, packed);
    free(bytes);
    free(out);
}

static void unpack_golden(const char *to)
{
    kd_err    err = { 0 };
    kd_input *in = NULL;
    char      buf[16384];
    size_t    len;
    FILE     *file = fopen(to, "wb");
    OK(kd_input_open(&in, AT_FDCWD, -1, GOLDEN, &err));
    do {
        OK(kd_input_read(in, buf, sizeof buf, &len, &err));
        assert_int_equal(fwrite(buf, 1, len, file), len);
    } while (len > 0);
    kd_input_close(in);
    assert_int_equal(fclose(file), 0);
}

static void no_fault(void *self, bool ok, const char *line)
{
    (void)self;
    if (!ok)
        fail_msg("%s", line);
}

/* A database of the first schema, written when it was made, opens for ever. */
static void test_golden(void **state)
{
    place     *p = *state;
    kd_err     err = { 0 };
    kd_id      who = numbered_id(1, T0), got;
    kd_key     key = { 2, { 9 } };
    kd_store  *store = NULL;
    kd_reader *reader = NULL;
    kd_arena  *arena = kd_arena_new(1 << 20);
    kd_profile_row row;
    kd_link       *links;
    kd_record     *records;
    kd_level      *levels;
    kd_doc         doc;
    kd_str         salt;
    size_t         count;
    int64_t        offset, cursor = 0;
    if (getenv("KD_GOLDEN_WRITE"))
        write_golden(p);
    unpack_golden(p->path);
    OK(try_open(&store, p->path, false, &err));
    assert_int_equal(kd_store_groups(store), 16);
    assert_int_equal(count_events(store, 1), 5);
    OK(kd_reader_open(&reader, store, &err));
    OK(kd_reader_profiles(&row, reader, &who, 1, arena, &err));
    assert_true(kd_str_is(row.state, "state") && kd_str_is(row.secret, "wrapped") && row.folded == 5 && row.key[0] == 9);
    OK(kd_reader_keys(&got, reader, &key, 1, &err));
    assert_true(kd_id_eq(got, who));
    OK(kd_reader_offset(&offset, reader, kd_store_group_of(store, who), "profile", &err));
    assert_int_equal(offset, 5);
    OK(kd_reader_links(&links, &count, reader, who, 1000, arena, &err));
    assert_true(count == 1 && links[0].proven);
    OK(kd_reader_records(&records, &count, reader, who, KD_STR("job"), (kd_id){ 0 }, 9, arena, &err));
    assert_true(count == 1 && kd_str_is(records[0].body, "{\"a\":1}"));
    OK(kd_reader_doc(&doc, reader, KD_STR("product"), KD_STR("p1"), arena, &err));
    assert_true(kd_str_is(doc.body, "{\"v\":2}") && doc.version == 2);
    OK(kd_reader_levels(&levels, &count, reader, &cursor, 9, arena, &err));
    assert_true(count == 1 && levels[0].value == 19990001);
    OK(kd_reader_meta(&salt, reader, "salt", arena, &err));
    assert_true(kd_str_is(salt, "grain"));
    OK(kd_store_check(reader, no_fault, NULL, &err));
    kd_reader_close(reader);
    OK(append_run(store, 1, 5, 5, &err));
    kd_store_close(store);
    kd_arena_free(arena);
}

int run_open_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_strangers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_private_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wal_left_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_only_handle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_only_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_golden, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}

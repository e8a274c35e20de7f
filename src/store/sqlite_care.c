#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* ---- backup -------------------------------------------------------------------------------------------------------- */
enum { BACKUP_STEP_PAGES = 512 /* 4 MiB: some milliseconds, between two transactions */ };

/* Step by step through the writer's own connection: what is written meanwhile goes into the copy too. Through any other
 * connection each write would make the copy begin again, and under load it would never end. */
static kd_status copy_pages(kd_sqlite *store, kd_conn *to, kd_store_progress progress, void *self, kd_err *err)
{
    kd_status status = kd_sqlite_enter(store, err);
    if (status != KD_OK)
        return status;
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", store->writer.db, "main");
    kd_sqlite_leave(store);
    if (!backup)
        return kd_conn_fail(err, to, sqlite3_errcode(to->db), "begin the backup");
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        if (rc != SQLITE_OK)
            nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        status = kd_sqlite_enter(store, err);
        if (status != KD_OK)
            break;
        rc = sqlite3_backup_step(backup, BACKUP_STEP_PAGES);
        uint64_t total = (uint64_t)sqlite3_backup_pagecount(backup), left = (uint64_t)sqlite3_backup_remaining(backup);
        kd_sqlite_leave(store);
        if (progress && (rc == SQLITE_OK || rc == SQLITE_DONE))
            progress(self, total - left, total);
    }
    kd_status after = kd_sqlite_enter(store, NULL);
    sqlite3_backup_finish(backup);
    if (after == KD_OK)
        kd_sqlite_leave(store);
    if (status == KD_OK && rc != SQLITE_DONE)
        status = kd_conn_fail(err, to, rc, "copy the database");
    return status;
}

/* PRAGMA quick_check of one table, or of all (NULL); each line that is not "ok" goes to `say`, which may be NULL. */
static kd_status quick_check(bool *sound, kd_conn *conn, const char *table, kd_store_say say, void *self, kd_err *err)
{
    char          text[128], line[320];
    sqlite3_stmt *stmt = NULL;
    snprintf(text, sizeof text, table ? "PRAGMA quick_check(%s)" : "PRAGMA quick_check", table);
    int rc = sqlite3_prepare_v2(conn->db, text, -1, &stmt, NULL);
    *sound = true;
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(stmt, 0);
        rc = SQLITE_OK;
        if (found && strcmp(found, "ok") == 0)
            continue;
        *sound = false;
        snprintf(line, sizeof line, "table %s: %.250s", table ? table : "(any)", found ? found : "damaged");
        if (say)
            say(self, false, line);
    }
    kd_status status = rc == SQLITE_DONE ? KD_OK : kd_conn_fail(err, conn, rc, "check the database file");
    sqlite3_finalize(stmt);
    return status;
}

static kd_status verify(const char *path, const char *vfs, kd_err *err)
{
    kd_conn         conn;
    bool            sound = false;
    kd_conn_options options = { path, vfs, KD_ROLE_COPY, false, 0 };
    kd_status       status = kd_conn_open(&conn, &options, err);
    if (status != KD_OK)
        return status;
    status = quick_check(&sound, &conn, NULL, NULL, NULL, err);
    if (status == KD_OK && !sound)
        status = kd_fail(err, KD_CORRUPT, "the copy is damaged; so may the database be: see kunde doctor");
    kd_conn_close(&conn);
    return status;
}

static kd_status sync_file(const char *path, kd_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        kd_status status = kd_fail(err, KD_IO, "sync the backup: %s", errno == ENOSPC ? "disk full" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    close(fd);
    return KD_OK;
}

static kd_status copy_database(kd_sqlite *store, const char *part, kd_store_progress progress, void *self, kd_err *err)
{
    kd_conn         to;
    kd_conn_options options = { part, store->vfs, KD_ROLE_COPY, false, 0 };
    kd_status       status = kd_conn_open(&to, &options, err);
    if (status == KD_OK)
        status = kd_conn_exec(&to, "PRAGMA synchronous=OFF", err); /* it is synced once, whole, before it gets its name */
    if (status == KD_OK)
        status = copy_pages(store, &to, progress, self, err);
    kd_conn_close(&to);
    if (status == KD_OK)
        status = verify(part, store->vfs, err);
    return status == KD_OK ? sync_file(part, err) : status;
}

static kd_status claim_name(const char *to_path, const char *part, kd_err *err)
{
    if (access(to_path, F_OK) == 0)
        return kd_fail(err, KD_CONFLICT, "%.180s is there already; a backup never overwrites", to_path);
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return kd_fail(err, KD_CONFLICT, "%.150s is there: a backup is running, or one was broken off and it can be removed", part);
    if (fd < 0)
        return kd_fail(err, errno == EACCES || errno == EROFS ? KD_DENIED : KD_IO, "cannot make the backup %.150s: %s", part,
                       errno == ENOSPC ? "disk full" : strerror(errno));
    close(fd);
    return KD_OK;
}

kd_status kd_sqlite_backup(kd_store *base, const char *to_path, kd_store_progress progress, void *self, kd_err *err)
{
    kd_sqlite *store = kd_sqlite_of(base);
    char       part[4096];
    if (snprintf(part, sizeof part, "%s.part", to_path) >= (int)sizeof part)
        return kd_fail(err, KD_LIMIT, "the name of the backup is too long");
    kd_status status = claim_name(to_path, part, err);
    if (status != KD_OK)
        return status;
    /* Blobs before and after: those the copy speaks of may be deleted meanwhile, and new ones may come. */
    status = kd_blob_copy_all(base->path, to_path, err);
    if (status == KD_OK)
        status = copy_database(store, part, progress, self, err);
    if (status == KD_OK)
        status = kd_blob_copy_all(base->path, to_path, err);
    if (status == KD_OK && rename(part, to_path) != 0)
        status = kd_fail(err, KD_IO, "rename the backup: %s", strerror(errno));
    if (status != KD_OK) {
        unlink(part);
        return status;
    }
    return kd_fsync_folder_of(to_path, err);
}

/* ---- check --------------------------------------------------------------------------------------------------------- */
enum { CHECK_ROWS = 10000 /* rows of one read: well under a second */, CHECK_SAY_MAX = 20 };

typedef struct checker {
    kd_conn     *conn;
    uint16_t     groups, group;
    int64_t      log_end;      /* of the group, when it was last looked at */
    kd_store_say say;
    void        *self;
    uint64_t     rows, faults; /* of the law at hand */
} checker;

__attribute__((format(printf, 2, 3))) static void fault(checker *check, const char *format, ...)
{
    char    line[256];
    va_list args;
    if (check->faults++ >= CHECK_SAY_MAX)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    check->say(check->self, false, line);
}

static bool same_id(sqlite3_stmt *stmt, int a, int b)
{
    kd_id x, y;
    return kd_column_id(&x, stmt, a, NULL) == KD_OK && kd_column_id(&y, stmt, b, NULL) == KD_OK && kd_id_eq(x, y);
}

static bool in_group(const checker *check, sqlite3_stmt *stmt, int at)
{
    kd_id person;
    return kd_column_id(&person, stmt, at, NULL) == KD_OK && kd_group_of(check->groups, person) == check->group;
}

static void check_event(checker *check, sqlite3_stmt *stmt)
{
    int64_t   row = sqlite3_column_int64(stmt, 0), prev = sqlite3_column_int64(stmt, 2);
    long long offset = kd_row_number(row);
    if (!in_group(check, stmt, 1))
        fault(check, "log, group %u, offset %lld: its person is of another group", check->group, offset);
    if (prev < 0 || prev >= offset)
        fault(check, "log, group %u, offset %lld: its chain does not lead back", check->group, offset);
    else if (prev > 0 && !same_id(stmt, 1, 3))
        fault(check, "log, group %u, offset %lld: its chain leads to no event of the same person", check->group, offset);
    if (sqlite3_column_int64(stmt, 4) != row)
        fault(check, "log, group %u, offset %lld: the index of messages does not know it", check->group, offset);
}

static void check_profile(checker *check, sqlite3_stmt *stmt)
{
    int64_t   row = sqlite3_column_int64(stmt, 0), head = sqlite3_column_int64(stmt, 2), folded = sqlite3_column_int64(stmt, 3);
    long long number = kd_row_number(row);
    if (!in_group(check, stmt, 1))
        fault(check, "profile, group %u, row %lld: its person is of another group", check->group, number);
    if (head < 0 || (head > 0 && !same_id(stmt, 1, 4)))
        fault(check, "profile, group %u, row %lld: its newest event is not in the log", check->group, number);
    if (folded > check->log_end) /* the log grows while we look */
        kd_sqlite_end(&check->log_end, check->conn, KD_SQL_LOG_END, check->group, NULL);
    if (folded < 0 || folded > check->log_end)
        fault(check, "profile, group %u, row %lld: it is folded past the end of the log", check->group, number);
    if (sqlite3_column_int64(stmt, 5) != row)
        fault(check, "profile, group %u, row %lld: the index of persons does not know it", check->group, number);
}

static void check_doc(checker *check, sqlite3_stmt *stmt)
{
    if (sqlite3_column_int64(stmt, 1) != sqlite3_column_int64(stmt, 2))
        fault(check, "document %lld: version %lld is called the newest, but %lld is", (long long)sqlite3_column_int64(stmt, 0),
              (long long)sqlite3_column_int64(stmt, 1), (long long)sqlite3_column_int64(stmt, 2));
}

/* Walk a law's statement over the rowids of a group, a chunk at a time; between chunks nothing is held. */
static kd_status walk(checker *check, kd_sql which, void (*look)(checker *check, sqlite3_stmt *stmt), kd_err *err)
{
    int64_t       at = kd_row_base(check->group);
    size_t        seen = CHECK_ROWS;
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, check->conn, which, err);
    while (status == KD_OK && seen == CHECK_ROWS) {
        int rc;
        seen = 0;
        sqlite3_bind_int64(stmt, 1, at);
        sqlite3_bind_int64(stmt, 2, kd_row_last(check->group));
        sqlite3_bind_int64(stmt, 3, CHECK_ROWS);
        if (sqlite3_bind_parameter_count(stmt) > 3)
            sqlite3_bind_int64(stmt, 4, kd_row_base(check->group));
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            at = sqlite3_column_int64(stmt, 0);
            look(check, stmt);
            seen++;
        }
        if (rc != SQLITE_DONE)
            status = kd_conn_fail(err, check->conn, rc, "check the laws");
        kd_conn_done(stmt);
        check->rows += seen;
    }
    return status;
}

/* A law over all groups (or one, for what is global), then one line that says how it went. A damaged page ends this law, not
 * the check: the findings are what the caller came for. */
static kd_status check_law(checker *check, const char *law, kd_sql which, bool global, void (*look)(checker *check, sqlite3_stmt *stmt),
                           kd_err *err)
{
    char      line[160];
    kd_err    why = { 0 };
    kd_status status = KD_OK;
    check->rows = check->faults = 0;
    for (check->group = 0; status == KD_OK && check->group < (global ? 1 : check->groups); check->group++) {
        check->log_end = 0;
        status = walk(check, which, look, &why);
    }
    if (status == KD_CORRUPT) {
        fault(check, "%s: %s", law, why.msg);
        status = KD_OK;
    }
    if (status != KD_OK)
        return kd_fail(err, status, "%s", why.msg);
    snprintf(line, sizeof line, "%s: %llu rows, %llu faults", law, (unsigned long long)check->rows, (unsigned long long)check->faults);
    check->say(check->self, check->faults == 0, line);
    return KD_OK;
}

/* One quick_check a table: the smallest step SQLite offers, so that no read lasts longer than it must. */
static kd_status check_tables(checker *check, kd_err *err)
{
    static const char *const tables[] = { "shape", "meta", "log", "profile", "moved", "consumer", "ident", "link", "record", "doc",
                                          "doc_head", "level", "level_history" };
    char      line[96];
    kd_err    why = { 0 };
    bool      sound = true, all = true;
    kd_status status = KD_OK;
    for (size_t i = 0; status == KD_OK && i < sizeof tables / sizeof *tables; i++) {
        status = quick_check(&sound, check->conn, tables[i], check->say, check->self, &why);
        if (status == KD_CORRUPT) {
            snprintf(line, sizeof line, "table %s: damaged", tables[i]);
            check->say(check->self, false, line);
            sound = false;
            status = KD_OK;
        }
        all = all && sound;
    }
    if (status != KD_OK)
        return kd_fail(err, status, "%s", why.msg);
    if (all)
        check->say(check->self, true, "the database file is sound");
    return KD_OK;
}

kd_status kd_sqlite_check(kd_reader *reader, kd_store_say say, void *self, kd_err *err)
{
    checker   check = { .conn = kd_conn_of_reader(reader), .groups = reader->store->groups, .say = say, .self = self };
    kd_status status = check_tables(&check, err);
    if (status == KD_OK)
        status = check_law(&check, "log", KD_SQL_LOG_LAWS, false, check_event, err);
    if (status == KD_OK)
        status = check_law(&check, "profiles", KD_SQL_PROFILE_LAWS, false, check_profile, err);
    if (status == KD_OK)
        status = check_law(&check, "documents", KD_SQL_DOC_LAWS, true, check_doc, err);
    return status == KD_OK ? kd_blob_check_all(reader->store->path, say, self, err) : status;
}

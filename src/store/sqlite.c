#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"

/* At the end of every commit SQLite looks through the writer's whole cache for pages behind the file's end, some 70 ns each:
 * a large cache makes every commit slower, and what it does not hold the system's page cache does. */
static const size_t WRITER_CACHE = 16u << 20, READER_CACHE = 8u << 20, WAL_BYTES_MAX = 256u << 20;

/* ---- the writer's turn -------------------------------------------------------------------------------------------- */
kd_status kd_sqlite_enter(kd_sqlite *store, kd_err *err)
{
    kd_turn *turn = &store->turn;
    pthread_mutex_lock(&turn->lock);
    if (turn->held && pthread_equal(turn->owner, pthread_self())) {
        pthread_mutex_unlock(&turn->lock);
        return kd_fail(err, KD_INVALID, "this thread has a transaction open already");
    }
    uint64_t ticket = turn->next++;
    while (turn->serving != ticket)
        pthread_cond_wait(&turn->moved, &turn->lock);
    turn->held = true;
    turn->owner = pthread_self();
    pthread_mutex_unlock(&turn->lock);
    return KD_OK;
}

void kd_sqlite_leave(kd_sqlite *store)
{
    kd_turn *turn = &store->turn;
    pthread_mutex_lock(&turn->lock);
    turn->held = false;
    turn->serving++;
    pthread_cond_broadcast(&turn->moved);
    pthread_mutex_unlock(&turn->lock);
}

/* ---- transactions ------------------------------------------------------------------------------------------------- */
static kd_status begin(kd_sqlite *store, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_sqlite_enter(store, err);
    if (status != KD_OK)
        return status;
    status = kd_conn_stmt(&stmt, &store->writer, KD_SQL_BEGIN, err);
    if (status == KD_OK)
        status = kd_conn_run(&store->writer, stmt, "begin a transaction", err);
    if (status != KD_OK)
        kd_sqlite_leave(store);
    return status;
}

static void roll_back(kd_sqlite *store)
{
    sqlite3_stmt *stmt;
    /* Some errors have rolled back already; an error in here leaves nothing behind that could be committed. */
    if (!sqlite3_get_autocommit(store->writer.db) && kd_conn_stmt(&stmt, &store->writer, KD_SQL_ROLLBACK, NULL) == KD_OK)
        kd_conn_run(&store->writer, stmt, "roll back", NULL);
}

/* What a failed COMMIT means. After an I/O error the frames may lie in the WAL, whole, without a sync that told: a crash
 * now could bring them back, and without one they are overwritten. */
static kd_status fate(kd_sqlite *store, int rc, kd_err *err)
{
    kd_status status = kd_conn_fail(err, &store->writer, rc, "commit");
    if ((rc & 0xff) == SQLITE_IOERR && err) {
        char why[sizeof err->msg];
        snprintf(why, sizeof why, "%s", err->msg);
        status = kd_fail(err, KD_UNKNOWN, "%.180s; whether it is stored is not known", why);
    } else if ((rc & 0xff) == SQLITE_IOERR) {
        status = KD_UNKNOWN;
    }
    roll_back(store);
    return status;
}

static kd_status commit(kd_sqlite *store, kd_err *err)
{
    sqlite3_stmt *stmt;
    if (sqlite3_get_autocommit(store->writer.db))
        return kd_fail(err, KD_IO, "commit: the transaction was rolled back after an error");
    kd_status status = kd_conn_stmt(&stmt, &store->writer, KD_SQL_COMMIT, err);
    if (status != KD_OK) {
        roll_back(store);
        return status;
    }
    int64_t start = kd_monotonic_us();
    int     rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE)
        status = fate(store, rc, err);
    kd_conn_done(stmt);
    if (status == KD_OK) {
        atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&store->commit_us, (unsigned long long)(kd_monotonic_us() - start), memory_order_relaxed);
        kd_wal_care(store);
    }
    return status;
}

kd_status kd_sqlite_write(kd_sqlite *store, kd_status (*body)(kd_conn *conn, void *arg, kd_err *err), void *arg, kd_err *err)
{
    kd_status status = begin(store, err);
    if (status != KD_OK)
        return status;
    status = body(&store->writer, arg, err);
    if (status == KD_OK)
        status = commit(store, err);
    else
        roll_back(store);
    kd_sqlite_leave(store);
    return status;
}

static kd_status txn_begin(kd_txn **out, kd_store *base, uint16_t group, kd_err *err)
{
    kd_sqlite *store = kd_sqlite_of(base);
    kd_status  status = begin(store, err);
    if (status != KD_OK)
        return status;
    /* One transaction at a time has the turn, so one struct serves them all. */
    store->txn = (kd_sqlite_txn){ .base = { .store = base, .group = group }, .ends = store->ends[group] };
    *out = &store->txn.base;
    return KD_OK;
}

static kd_status txn_commit(kd_txn *txn, kd_err *err)
{
    kd_sqlite *store = kd_sqlite_of(txn->store);
    kd_status  status = commit(store, err);
    store->ends[txn->group] = status == KD_OK ? store->txn.ends : (kd_ends){ -1, -1 };
    kd_sqlite_leave(store);
    return status;
}

static void txn_rollback(kd_txn *txn)
{
    kd_sqlite *store = kd_sqlite_of(txn->store);
    roll_back(store);
    kd_sqlite_leave(store);
}

/* ---- readers ------------------------------------------------------------------------------------------------------ */
static kd_status reader_open(kd_reader **out, kd_store *base, kd_err *err)
{
    kd_sqlite        *store = kd_sqlite_of(base);
    kd_sqlite_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return kd_fail_memory(err);
    kd_conn_options options = { base->path, store->vfs, KD_ROLE_READER, base->read_only, store->reader_cache_bytes };
    kd_status       status = kd_conn_open(&reader->conn, &options, err);
    if (status != KD_OK) {
        free(reader);
        return status;
    }
    reader->base.store = base;
    *out = &reader->base;
    return KD_OK;
}

static void reader_close(kd_reader *reader)
{
    kd_conn_close(kd_conn_of_reader(reader));
    free(reader);
}

/* ---- blobs: files beside the database ------------------------------------------------------------------------------ */
static kd_status blob_put(kd_sha *sha, kd_store *store, const void *bytes, size_t len, kd_err *err)
{
    return kd_blob_put(sha, store->path, bytes, len, err);
}

static kd_status blob_path(char out[4096], const kd_store *store, kd_sha sha, kd_err *err)
{
    return kd_blob_path(out, store->path, sha, err);
}

static kd_status blob_delete(kd_store *store, kd_sha sha, kd_err *err)
{
    return kd_blob_delete(store->path, sha, err);
}

/* ---- open and close ------------------------------------------------------------------------------------------------ */
/* A lock that ends with the process, however it ends; the pid inside is for the message only. */
static kd_status take_lock(kd_sqlite *store, kd_err *err)
{
    char name[4096], pid[24] = "";
    if (snprintf(name, sizeof name, "%s.lock", store->base.path) >= (int)sizeof name)
        return kd_fail(err, KD_LIMIT, "the path of the database is too long");
    store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        int code = errno;
        if (code == EACCES || code == EPERM || code == EROFS)
            return kd_fail(err, KD_DENIED, "cannot write in the folder of the database %.100s: %s", store->base.path, strerror(code));
        return kd_fail(err, code == ENOENT ? KD_NOT_FOUND : KD_IO, "cannot make the lock file of the database %.100s: %s",
                       store->base.path, strerror(code));
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = pread(store->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strspn(pid, "0123456789") : 0] = 0;
        return kd_fail(err, KD_CONFLICT, "the database %.100s is in use by process %s", store->base.path, pid[0] ? pid : "(unknown)");
    }
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(store->lock_fd, 0) != 0 || pwrite(store->lock_fd, pid, (size_t)len, 0) != len)
        return kd_fail(err, KD_IO, "cannot write the lock file of the database: %s", errno == ENOSPC ? "disk full" : strerror(errno));
    return KD_OK;
}

/* Asked before anything is made: a wrong path must not leave a lock file beside it. */
static kd_status look_at_file(bool *is_new, const kd_store_options *options, kd_err *err)
{
    struct stat st;
    *is_new = false;
    if (stat(options->path, &st) == 0)
        return S_ISREG(st.st_mode) ? KD_OK : kd_fail(err, KD_INVALID, "%.150s is not a file", options->path);
    if (errno != ENOENT)
        return kd_fail(err, errno == EACCES ? KD_DENIED : KD_IO, "cannot open the database %.150s: %s", options->path, strerror(errno));
    if (!options->create)
        return kd_fail(err, KD_NOT_FOUND, "there is no database %.150s", options->path);
    *is_new = true;
    return KD_OK;
}

/* An empty file that only its owner can read: SQLite gives its side files the same mode. */
static kd_status make_file(const char *path, kd_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return kd_fail(err, errno == EACCES || errno == EROFS ? KD_DENIED : KD_IO, "cannot make the database %.150s: %s", path,
                       errno == ENOSPC ? "disk full" : strerror(errno));
    close(fd);
    return KD_OK;
}

static kd_status open_writer(kd_sqlite *store, const kd_store_options *options, bool is_new, kd_err *err)
{
    size_t          cache = options->cache_bytes ? options->cache_bytes : WRITER_CACHE;
    kd_conn_options conn = { options->path, options->vfs, KD_ROLE_WRITER, options->read_only, cache };
    kd_status       status = kd_conn_open(&store->writer, &conn, err);
    store->base.groups = options->groups;
    if (status == KD_OK)
        status = kd_schema_open(&store->base.groups, &store->writer, options->create, options->read_only, err);
    if (status == KD_OK && is_new)
        status = kd_fsync_folder_of(options->path, err);
    if (status != KD_OK)
        return status;
    store->erased_from_ms = INT64_MAX;
    if (!options->read_only && (status = kd_sqlite_erased_load(store, err)) != KD_OK)
        return status;
    store->ends = malloc(store->base.groups * sizeof *store->ends);
    if (!store->ends)
        return kd_fail_memory(err);
    for (size_t i = 0; i < store->base.groups; i++)
        store->ends[i] = (kd_ends){ -1, -1 };
    return KD_OK;
}

static void sqlite_close(kd_store *base)
{
    kd_sqlite *store = kd_sqlite_of(base);
    kd_wal_stop(store);
    kd_conn_close(&store->writer); /* the last connection copies the WAL into the file and removes it */
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    pthread_mutex_destroy(&store->turn.lock);
    pthread_cond_destroy(&store->turn.moved);
    free(store->ends);
    free(store->vfs);
    free(base->path);
    free(store);
}

static const kd_store_ops ops = {
    .close = sqlite_close, .reader_open = reader_open, .reader_close = reader_close,
    .txn_begin = txn_begin, .txn_commit = txn_commit, .txn_rollback = txn_rollback,
    .append = kd_sqlite_append, .hollow = kd_sqlite_hollow, .chain_erase = kd_sqlite_chain_erase,
    .person_erase = kd_sqlite_person_erase, .link_erase = kd_sqlite_link_erase, .keys_of = kd_sqlite_keys_of,
    .keys_unlink = kd_sqlite_keys_unlink, .sweep = kd_sqlite_sweep, .persons_put = kd_sqlite_persons_put, .secrets_put = kd_sqlite_secrets_put,
    .profiles_put = kd_sqlite_profiles_put, .offset_put = kd_sqlite_offset_put, .links_put = kd_sqlite_links_put,
    .records_put = kd_sqlite_records_put, .record_delete = kd_sqlite_record_delete,
    .log = kd_sqlite_log, .chain = kd_sqlite_chain, .event = kd_sqlite_event, .log_end = kd_sqlite_log_end,
    .offset = kd_sqlite_offset, .profiles = kd_sqlite_profiles, .profile_scan = kd_sqlite_profile_scan,
    .keys = kd_sqlite_keys, .links = kd_sqlite_links, .evidence = kd_sqlite_evidence, .taken_back = kd_sqlite_taken_back, .records = kd_sqlite_records,
    .docs = kd_sqlite_docs, .doc = kd_sqlite_doc, .doc_history = kd_sqlite_doc_history,
    .levels = kd_sqlite_levels, .level_history = kd_sqlite_level_history, .meta = kd_sqlite_meta,
    .stats = kd_sqlite_stats, .check = kd_sqlite_check,
    .keys_link = kd_sqlite_keys_link, .docs_put = kd_sqlite_docs_put, .levels_put = kd_sqlite_levels_put,
    .meta_put = kd_sqlite_meta_put, .blob_put = blob_put, .blob_path = blob_path, .blob_delete = blob_delete,
    .backup = kd_sqlite_backup,
};

static kd_sqlite *allocate(const kd_store_options *options)
{
    kd_sqlite *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->base = (kd_store){ .ops = &ops, .path = strdup(options->path), .read_only = options->read_only,
                              .fork_count = kd_store_forks() };
    store->vfs = options->vfs ? strdup(options->vfs) : NULL;
    store->lock_fd = -1;
    store->reader_cache_bytes = options->cache_bytes && options->cache_bytes < READER_CACHE ? options->cache_bytes : READER_CACHE;
    pthread_mutex_init(&store->turn.lock, NULL);
    pthread_cond_init(&store->turn.moved, NULL);
    if (store->base.path && (store->vfs || !options->vfs))
        return store;
    sqlite_close(&store->base);
    return NULL;
}

kd_status kd_sqlite_open(kd_store **out, const kd_store_options *options, kd_err *err)
{
    bool       is_new = false;
    kd_sqlite *store = sodium_init() >= 0 ? allocate(options) : NULL;
    if (!store)
        return kd_fail_memory(err);
    kd_status status = look_at_file(&is_new, options, err);
    if (status == KD_OK && !options->read_only)
        status = take_lock(store, err);
    if (status == KD_OK && is_new)
        status = make_file(options->path, err);
    if (status == KD_OK)
        status = open_writer(store, options, is_new, err);
    if (status == KD_OK && !options->read_only) {
        kd_blob_sweep(options->path);
        status = kd_wal_start(store, options->wal_bytes_max ? options->wal_bytes_max : WAL_BYTES_MAX, err);
    }
    if (status != KD_OK) {
        sqlite_close(&store->base);
        return status;
    }
    *out = &store->base;
    return KD_OK;
}

#include "store/sqlite.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"

/* How the write-ahead log stays bounded under a writer that never pauses:
 *
 *   thread   copies what is committed into the database file whenever the WAL grew by an eighth of its bound, and every few
 *            seconds, while writing goes on (PASSIVE). It can never take the last step, because new frames keep coming.
 *   writer   after the commit that reaches the bound, between two transactions, copies the little that is left and lets the
 *            next transaction begin at the WAL's start (RESTART). The file keeps its length: overwriting it costs one
 *            flush a commit, growing it again would cost the file system's journal as well.
 *
 * A reader inside a call can hold up the restart for the moment of that call; it is tried again an eighth later. */
enum { IDLE_S = 5, READER_WAIT_MS = 200, FRAME_HEADER = 24, WAL_HEADER = 32, STEPS = 8 };

static int note_frames(void *self, sqlite3 *db, const char *name, int frames)
{
    kd_wal *wal = self;
    (void)db, (void)name;
    atomic_store(&wal->bytes, (size_t)frames * (KD_SQLITE_PAGE_BYTES + FRAME_HEADER) + WAL_HEADER);
    return SQLITE_OK;
}

/* A checkpoint that fails loses nothing, but somebody should know why the WAL grows: said once until it works again. */
static void report(kd_wal *wal, int rc)
{
    bool failed = rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY;
    if (failed && !wal->failing)
        kd_log(KD_LOG_WARN, "store", "checkpoint_failed", "sqlite=%d reason=\"%s\"", rc, sqlite3_errstr(rc));
    wal->failing = failed;
}

static void *run(void *self)
{
    kd_wal         *wal = self;
    struct timespec until;
    pthread_mutex_lock(&wal->lock);
    while (!wal->stop) {
        if (!wal->wanted) {
            clock_gettime(CLOCK_MONOTONIC, &until);
            until.tv_sec += IDLE_S;
            pthread_cond_timedwait(&wal->wake, &wal->lock, &until);
        }
        wal->wanted = false;
        if (wal->stop)
            break;
        pthread_mutex_unlock(&wal->lock);
        pthread_mutex_lock(&wal->copying);
        report(wal, sqlite3_wal_checkpoint_v2(wal->conn.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
        pthread_mutex_unlock(&wal->copying);
        pthread_mutex_lock(&wal->lock);
    }
    pthread_mutex_unlock(&wal->lock);
    return NULL;
}

/* Signals belong to the program, not to this thread. */
static int start_thread(kd_wal *wal)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&wal->thread, NULL, run, wal);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

kd_status kd_wal_start(kd_sqlite *store, size_t bytes_max, kd_err *err)
{
    kd_wal            *wal = &store->wal;
    char               text[80];
    pthread_condattr_t attr;
    kd_conn_options    options = { store->base.path, store->vfs, KD_ROLE_WRITER, false, 256 * 1024 };
    /* One transaction may pass the bound; then the file is cut back to it at the next restart. */
    snprintf(text, sizeof text, "PRAGMA journal_size_limit=%zu", bytes_max);
    kd_status status = kd_conn_exec(&store->writer, text, err);
    if (status == KD_OK)
        status = kd_conn_open(&wal->conn, &options, err);
    if (status != KD_OK)
        return status;
    wal->bytes_max = bytes_max;
    sqlite3_wal_hook(store->writer.db, note_frames, wal);
    pthread_mutex_init(&wal->lock, NULL);
    pthread_mutex_init(&wal->copying, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&wal->wake, &attr);
    pthread_condattr_destroy(&attr);
    int rc = start_thread(wal);
    wal->started = rc == 0;
    return rc == 0 ? KD_OK : kd_fail(err, KD_IO, "cannot start the checkpoint thread: %s", strerror(rc));
}

static void wake(kd_wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    wal->wanted = true;
    pthread_cond_signal(&wal->wake);
    pthread_mutex_unlock(&wal->lock);
}

void kd_wal_care(kd_sqlite *store)
{
    kd_wal *wal = &store->wal;
    size_t  bytes = atomic_load(&wal->bytes);
    if (bytes < wal->asked_at)
        wal->asked_at = 0; /* the WAL began anew by itself, after a pause */
    if (bytes - wal->asked_at < wal->bytes_max / STEPS)
        return;
    wal->asked_at = bytes;
    if (bytes < wal->bytes_max) {
        wake(wal);
        return;
    }
    pthread_mutex_lock(&wal->copying); /* the thread may be at it: waiting here is what bounds the WAL */
    sqlite3_busy_timeout(store->writer.db, READER_WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(store->writer.db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(store->writer.db, KD_SQLITE_BUSY_MS);
    report(wal, rc);
    pthread_mutex_unlock(&wal->copying);
}

void kd_wal_stop(kd_sqlite *store)
{
    kd_wal *wal = &store->wal;
    if (wal->started) {
        pthread_mutex_lock(&wal->lock);
        wal->stop = true;
        pthread_cond_signal(&wal->wake);
        pthread_mutex_unlock(&wal->lock);
        pthread_join(wal->thread, NULL);
        pthread_cond_destroy(&wal->wake);
        pthread_mutex_destroy(&wal->copying);
        pthread_mutex_destroy(&wal->lock);
    }
    kd_conn_close(&wal->conn);
}

/* What takes a person out of the file for good: keys, content, rows, and then the traces that deleting leaves. */
#include "store/sqlite.h"

#include <time.h>

/* ---- identity keys ------------------------------------------------------------------------------------------------- */
static bool is_one_of(const void *bytes, int len, const kd_id *persons, size_t count)
{
    for (size_t i = 0; bytes && len == (int)sizeof(kd_id) && i < count; i++)
        if (memcmp(bytes, persons[i].b, sizeof persons[i].b) == 0)
            return true;
    return false;
}

static kd_status take_key(kd_list *list, kd_key *cursor, sqlite3_stmt *stmt, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err)
{
    const void *hash = sqlite3_column_blob(stmt, 1);
    if (!hash || sqlite3_column_bytes(stmt, 1) != (int)sizeof cursor->hash)
        return kd_fail(err, KD_CORRUPT, "a stored identity key is not 16 bytes long");
    cursor->type = (uint8_t)sqlite3_column_int(stmt, 0);
    memcpy(cursor->hash, hash, sizeof cursor->hash);
    if (!is_one_of(sqlite3_column_blob(stmt, 2), sqlite3_column_bytes(stmt, 2), persons, count))
        return KD_OK;
    kd_key_row *row = kd_list_add(list, sizeof *row, arena, err);
    if (!row)
        return KD_LIMIT;
    row->key = *cursor;
    memcpy(row->person.b, sqlite3_column_blob(stmt, 2), sizeof row->person.b);
    return KD_OK;
}

kd_status kd_sqlite_keys_of(kd_key_row **rows, size_t *count, bool *more, kd_reader *reader, const kd_id *persons, size_t person_count,
                            kd_key *cursor, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    size_t        seen = 0;
    int           rc = SQLITE_DONE;
    kd_key        at = *cursor;
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_KEY_SCAN, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int(stmt, 1, cursor->type);
    sqlite3_bind_blob(stmt, 2, cursor->hash, sizeof cursor->hash, SQLITE_STATIC);
    kd_bind_limit(stmt, 3, limit);
    while (status == KD_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        seen++;
        status = take_key(&list, &at, stmt, persons, person_count, arena, err);
    }
    if (status == KD_OK && rc != SQLITE_DONE)
        status = kd_conn_fail(err, conn, rc, "look through the keys");
    kd_conn_done(stmt);
    if (status != KD_OK)
        return status;
    *cursor = at;
    *more = seen == limit;
    *rows = list.items;
    *count = list.count;
    return KD_OK;
}

typedef struct unlink_keys { const kd_key_row *rows; size_t count; } unlink_keys;

static kd_status delete_keys(kd_conn *conn, void *arg, kd_err *err)
{
    unlink_keys  *keys = arg;
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_KEY_DELETE, err);
    for (size_t i = 0; status == KD_OK && i < keys->count; i++) {
        sqlite3_bind_int(stmt, 1, keys->rows[i].key.type);
        sqlite3_bind_blob(stmt, 2, keys->rows[i].key.hash, sizeof keys->rows[i].key.hash, SQLITE_STATIC);
        kd_bind_id(stmt, 3, &keys->rows[i].person);
        status = kd_conn_run(conn, stmt, "delete a key", err);
    }
    return status;
}

kd_status kd_sqlite_keys_unlink(kd_store *store, const kd_key_row *rows, size_t count, kd_err *err)
{
    unlink_keys keys = { rows, count };
    return kd_sqlite_write(kd_sqlite_of(store), delete_keys, &keys, err);
}

/* ---- events -------------------------------------------------------------------------------------------------------- */
typedef struct link_back { kd_id person; int64_t prev; int flags; } link_back;

static kd_status read_link_back(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    link_back *back = item;
    (void)arena;
    back->prev = sqlite3_column_int64(stmt, 1);
    back->flags = sqlite3_column_int(stmt, 2);
    return kd_column_id(&back->person, stmt, 0, err);
}

/* One event of the chain; *prev is the one before it. */
static kd_status hollow_event(int64_t *prev, bool *was_full, kd_conn *conn, int64_t row, kd_id person, kd_err *err)
{
    sqlite3_stmt *stmt;
    link_back     back = { 0 };
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_LOG_BACK, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    status = kd_conn_row(&back, conn, stmt, read_link_back, "follow a person's events", "", NULL, err);
    if (status == KD_NOT_FOUND || (status == KD_OK && (!kd_id_eq(back.person, person) || back.prev >= kd_row_number(row))))
        return kd_fail(err, KD_CORRUPT, "a person's chain of events is broken at offset %lld", (long long)kd_row_number(row));
    *prev = back.prev;
    *was_full = status == KD_OK && !(back.flags & KD_EVENT_HOLLOW);
    if (status != KD_OK || (back.flags & KD_EVENT_ERASED))
        return status;
    if ((status = kd_conn_stmt(&stmt, conn, KD_SQL_LOG_ERASE, err)) != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    return kd_conn_run(conn, stmt, "take the content out of an event", err);
}

/* From now on an event is asked whether its id was erased before. */
static kd_status note_erasure(kd_txn *txn, kd_conn *conn, int64_t at_ms, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_ERASED_PUT, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, at_ms);
    status = kd_conn_run(conn, stmt, "note an erasure", err);
    if (status == KD_OK && at_ms < kd_sqlite_of(txn->store)->erased_from_ms)
        kd_sqlite_of(txn->store)->erased_from_ms = at_ms; /* also when the transaction fails: only a look too many */
    return status;
}

kd_status kd_sqlite_chain_erase(kd_txn *txn, kd_id person, int64_t at_ms, int64_t *offset, size_t limit, size_t *erased, kd_err *err)
{
    kd_conn  *conn = kd_conn_of_txn(txn);
    kd_status status = note_erasure(txn, conn, at_ms, err);
    int64_t   at = *offset;
    for (size_t i = 0; status == KD_OK && at > 0 && i < limit; i++) {
        int64_t prev = 0;
        bool    was_full = false;
        status = hollow_event(&prev, &was_full, conn, kd_row_base(txn->group) | at, person, err);
        *erased += status == KD_OK && was_full;
        at = prev;
    }
    if (status == KD_OK)
        *offset = at;
    return status;
}

kd_status kd_sqlite_erased_load(kd_sqlite *store, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, &store->writer, KD_SQL_ERASED_GET, err);
    return status == KD_OK ? kd_conn_int(&store->erased_from_ms, INT64_MAX, &store->writer, stmt, "read since when events are erased", err)
                           : status;
}

static int64_t made_ms(const kd_id *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->b[i];
    return ms;
}

kd_status kd_sqlite_is_erased(bool *erased, kd_txn *txn, const kd_event *event, kd_err *err)
{
    kd_sqlite    *store = kd_sqlite_of(txn->store);
    sqlite3_stmt *stmt;
    int64_t       found = 0;
    *erased = false;
    if (made_ms(&event->person) < store->erased_from_ms) /* a person made before any erasure is nobody's second coming */
        return KD_OK;
    kd_status status = kd_conn_stmt(&stmt, &store->writer, KD_SQL_LOG_ERASED, err);
    if (status != KD_OK)
        return status;
    kd_bind_id(stmt, 1, &event->id);
    kd_bind_id(stmt, 2, &event->person);
    status = kd_conn_int(&found, 0, &store->writer, stmt, "ask whether an event was erased", err);
    *erased = found != 0;
    return status;
}

/* ---- what else a person has ---------------------------------------------------------------------------------------- */
static kd_status delete_by(size_t *count, kd_conn *conn, kd_sql which, const kd_id *a, const kd_id *b, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, which, err);
    if (status != KD_OK)
        return status;
    kd_bind_id(stmt, 1, a);
    if (b)
        kd_bind_id(stmt, 2, b);
    status = kd_conn_run(conn, stmt, "erase a person", err);
    if (status == KD_OK)
        *count += (size_t)sqlite3_changes64(conn->db);
    return status;
}

kd_status kd_sqlite_person_erase(kd_txn *txn, kd_id person, kd_erased *out, kd_err *err)
{
    kd_conn  *conn = kd_conn_of_txn(txn);
    kd_status status = delete_by(&out->records, conn, KD_SQL_RECORDS_ERASE, &person, NULL, err);
    if (status == KD_OK)
        status = delete_by(&out->links, conn, KD_SQL_LINKS_ERASE, &person, NULL, err);
    if (status == KD_OK)
        status = delete_by(&(size_t){ 0 }, conn, KD_SQL_MOVED_ERASE, &person, NULL, err);
    if (status == KD_OK)
        status = delete_by(&out->profiles, conn, KD_SQL_PROFILE_ERASE, &person, NULL, err);
    return status;
}

kd_status kd_sqlite_link_erase(kd_txn *txn, kd_id person, kd_id other, size_t *erased, kd_err *err)
{
    return delete_by(erased, kd_conn_of_txn(txn), KD_SQL_LINK_ERASE, &person, &other, err);
}

/* ---- the traces ---------------------------------------------------------------------------------------------------- */

/* Everything committed goes home and the log is cut to nothing; then the writer drops the pages it kept, which may hold in
 * their unused bytes what the file no longer does. A reader inside a call holds the first up for that moment. */
kd_status kd_sqlite_sweep(kd_store *base, kd_err *err)
{
    enum { TRIES = 50, PAUSE_NS = 20000000 };
    kd_sqlite *store = kd_sqlite_of(base);
    kd_status  status = kd_sqlite_enter(store, err);
    int        rc = SQLITE_BUSY;
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&store->wal.copying);
    for (int i = 0; i < TRIES && (rc & 0xff) == SQLITE_BUSY; i++) {
        if (i)
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
        rc = sqlite3_wal_checkpoint_v2(store->writer.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    if (rc != SQLITE_OK)
        status = kd_conn_fail(err, &store->writer, rc, "bring the write-ahead log home");
    sqlite3_db_release_memory(store->writer.db);
    if (rc == SQLITE_OK)
        atomic_store(&store->wal.bytes, 0);
    pthread_mutex_unlock(&store->wal.copying);
    kd_sqlite_leave(store);
    return status;
}

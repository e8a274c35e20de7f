#include "store/sqlite.h"

kd_status kd_sqlite_end(int64_t *number, kd_conn *conn, kd_sql which, uint16_t group, kd_err *err)
{
    sqlite3_stmt *stmt;
    int64_t       row = 0;
    kd_status     status = kd_conn_stmt(&stmt, conn, which, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, kd_row_base(group));
    sqlite3_bind_int64(stmt, 2, kd_row_last(group));
    status = kd_conn_int(&row, 0, conn, stmt, "find the end of a group", err);
    if (status == KD_OK)
        *number = kd_row_number(row);
    return status;
}

/* The end of the transaction's group, looked up once after opening and after each rollback. */
static kd_status known_end(int64_t *end, kd_txn *txn, kd_sql which, kd_err *err)
{
    return *end >= 0 ? KD_OK : kd_sqlite_end(end, kd_conn_of_txn(txn), which, txn->group, err);
}

/* ---- the log ------------------------------------------------------------------------------------------------------- */
static int insert_event(sqlite3_stmt *stmt, const kd_event *event, int64_t row, int64_t prev)
{
    sqlite3_bind_int64(stmt, 1, row);
    kd_bind_id(stmt, 2, &event->id);
    kd_bind_id(stmt, 3, &event->person);
    sqlite3_bind_int64(stmt, 4, event->time_ms);
    sqlite3_bind_int64(stmt, 5, event->received_ms);
    sqlite3_bind_int(stmt, 6, event->kind);
    sqlite3_bind_int(stmt, 7, event->flags);
    sqlite3_bind_int64(stmt, 8, prev);
    kd_bind_str(stmt, 9, event->facts);
    kd_bind_str(stmt, 10, event->body);
    int rc = sqlite3_step(stmt);
    int reset = sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : reset;
}

kd_status kd_sqlite_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results,
                           kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    int64_t      *end = &((kd_sqlite_txn *)txn)->ends.log;
    sqlite3_stmt *stmt;
    kd_status     status = known_end(end, txn, KD_SQL_LOG_END, err);
    if (status == KD_OK)
        status = kd_conn_stmt(&stmt, conn, KD_SQL_LOG_APPEND, err);
    if (status != KD_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        int64_t *head = &heads[slots[i]];
        bool     erased;
        if ((status = kd_sqlite_is_erased(&erased, txn, &events[i], err)) != KD_OK)
            return status;
        if (erased) {
            results[i] = KD_APPEND_DUPLICATE;
            continue;
        }
        int rc = insert_event(stmt, &events[i], kd_row_base(txn->group) | (*end + 1), *head);
        if (rc != SQLITE_OK)
            return kd_conn_fail(err, conn, rc, "append to the log");
        if (sqlite3_changes(conn->db) == 0) {
            results[i] = KD_APPEND_DUPLICATE;
            continue;
        }
        results[i] = KD_APPEND_STORED;
        events[i].offset = ++*end;
        events[i].prev = *head;
        *head = *end;
    }
    return KD_OK;
}

kd_status kd_sqlite_hollow(kd_txn *txn, uint16_t kind, int64_t before_ms, int64_t *cursor, size_t limit, size_t *hollowed, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    int64_t      *end = &((kd_sqlite_txn *)txn)->ends.log;
    sqlite3_stmt *stmt;
    kd_status     status = known_end(end, txn, KD_SQL_LOG_END, err);
    if (status == KD_OK)
        status = kd_conn_stmt(&stmt, conn, KD_SQL_LOG_HOLLOW, err);
    if (status != KD_OK || *cursor >= *end)
        return status;
    int64_t last = (uint64_t)limit < (uint64_t)(*end - *cursor) ? *cursor + (int64_t)limit : *end; /* offsets have no gaps */
    sqlite3_bind_int64(stmt, 1, kd_row_base(txn->group) | *cursor);
    sqlite3_bind_int64(stmt, 2, kd_row_base(txn->group) | last);
    sqlite3_bind_int(stmt, 3, kind);
    sqlite3_bind_int64(stmt, 4, before_ms);
    status = kd_conn_run(conn, stmt, "take content out of the log", err);
    if (status == KD_OK) {
        *hollowed = (size_t)sqlite3_changes64(conn->db);
        *cursor = last;
    }
    return status;
}

static kd_status read_event(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    kd_event *event = item;
    event->offset = kd_row_number(sqlite3_column_int64(stmt, 0));
    event->time_ms = sqlite3_column_int64(stmt, 3);
    event->received_ms = sqlite3_column_int64(stmt, 4);
    event->kind = (uint16_t)sqlite3_column_int(stmt, 5);
    event->flags = (uint16_t)sqlite3_column_int(stmt, 6);
    event->prev = sqlite3_column_int64(stmt, 7);
    kd_status status = kd_column_id(&event->id, stmt, 1, err);
    if (status == KD_OK)
        status = kd_column_id(&event->person, stmt, 2, err);
    if (status == KD_OK)
        status = kd_column_str(&event->facts, stmt, 8, arena, err);
    if (status == KD_OK)
        status = kd_column_str(&event->body, stmt, 9, arena, err);
    return status;
}

kd_status kd_sqlite_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit,
                        bool with_body, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, with_body ? KD_SQL_LOG_READ : KD_SQL_LOG_READ_FACTS, err);
    if (status == KD_OK) {
        if (after > kd_row_number(INT64_MAX))
            after = kd_row_number(INT64_MAX); /* else it would reach into the next group */
        sqlite3_bind_int64(stmt, 1, kd_row_base(group) | after);
        sqlite3_bind_int64(stmt, 2, kd_row_last(group));
        kd_bind_limit(stmt, 3, limit);
        status = kd_conn_rows(&list, sizeof **events, conn, stmt, read_event, "read the log", arena, err);
    }
    *events = list.items;
    *count = list.count;
    return status;
}

/* The event at `offset`, which must be one of `person`. */
static kd_status chain_event(kd_event *event, kd_conn *conn, sqlite3_stmt *stmt, uint16_t group, kd_id person, int64_t offset,
                             kd_arena *arena, kd_err *err)
{
    sqlite3_bind_int64(stmt, 1, kd_row_base(group) | kd_row_number(offset));
    kd_status status = kd_conn_row(event, conn, stmt, read_event, "follow a person's events", "", arena, err);
    if (status == KD_NOT_FOUND)
        status = kd_fail(err, KD_CORRUPT, "a person's chain of events leads to offset %lld, where nothing is", (long long)offset);
    if (status == KD_OK && (!kd_id_eq(event->person, person) || event->prev >= event->offset))
        status = kd_fail(err, KD_CORRUPT, "a person's chain of events is broken at offset %lld", (long long)offset);
    return status;
}

kd_status kd_sqlite_chain(kd_event **events, size_t *count, kd_reader *reader, kd_id person, int64_t head, size_t limit,
                          bool with_body, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    uint16_t      group = kd_store_group_of(reader->store, person);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, with_body ? KD_SQL_LOG_AT : KD_SQL_LOG_AT_FACTS, err);
    if (status == KD_OK)
        status = kd_conn_read_begin(conn, err);
    for (int64_t offset = head; status == KD_OK && offset > 0 && list.count < limit;) {
        kd_event *event = kd_list_add(&list, sizeof *event, arena, err);
        status = event ? chain_event(event, conn, stmt, group, person, offset, arena, err) : KD_LIMIT;
        offset = event ? event->prev : 0;
    }
    kd_conn_read_end(conn);
    *events = status == KD_OK ? list.items : NULL;
    *count = status == KD_OK ? list.count : 0;
    return status;
}

kd_status kd_sqlite_event(kd_event *event, kd_reader *reader, kd_id person, kd_id id, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_LOG_BY_ID, err);
    if (status != KD_OK)
        return status;
    kd_bind_id(stmt, 1, &id);
    kd_bind_id(stmt, 2, &person);
    return kd_conn_row(event, conn, stmt, read_event, "read an event", "there is no such event", arena, err);
}

kd_status kd_sqlite_log_end(int64_t *offset, kd_reader *reader, uint16_t group, kd_err *err)
{
    return kd_sqlite_end(offset, kd_conn_of_reader(reader), KD_SQL_LOG_END, group, err);
}

/* ---- profiles ------------------------------------------------------------------------------------------------------ */
kd_status kd_sqlite_persons_put(kd_txn *txn, const kd_profile_row *rows, size_t count, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    int64_t      *end = &((kd_sqlite_txn *)txn)->ends.profile;
    sqlite3_stmt *stmt;
    kd_status     status = known_end(end, txn, KD_SQL_PROFILE_END, err);
    if (status == KD_OK)
        status = kd_conn_stmt(&stmt, conn, KD_SQL_PROFILE_NEW, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        sqlite3_bind_int64(stmt, 1, kd_row_base(txn->group) | (*end + 1));
        kd_bind_id(stmt, 2, &rows[i].person);
        sqlite3_bind_int(stmt, 3, rows[i].key_type);
        sqlite3_bind_blob(stmt, 4, rows[i].key, sizeof rows[i].key, SQLITE_STATIC);
        kd_bind_str(stmt, 5, rows[i].secret);
        status = kd_conn_run(conn, stmt, "make a person", err);
        if (status == KD_OK && sqlite3_changes(conn->db) > 0)
            ++*end;
    }
    return status;
}

kd_status kd_sqlite_secrets_put(kd_txn *txn, const kd_secret_change *changes, size_t count, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_SECRET_PUT, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        kd_bind_id(stmt, 1, &changes[i].person);
        kd_bind_str(stmt, 2, changes[i].before);
        kd_bind_str(stmt, 3, changes[i].after);
        status = kd_conn_run(conn, stmt, "wrap a data key anew", err);
    }
    return status;
}

static kd_status find_row(int64_t *row, kd_conn *conn, const kd_id *person, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_PROFILE_ROW, err);
    if (status != KD_OK)
        return status;
    kd_bind_id(stmt, 1, person);
    status = kd_conn_int(row, 0, conn, stmt, "find a profile", err);
    if (status == KD_OK && *row == 0)
        status = kd_fail(err, KD_NOT_FOUND, "write a profile: the store has no such person");
    return status;
}

static kd_status put_profile(bool *done, kd_conn *conn, sqlite3_stmt *stmt, const kd_profile_row *row, kd_err *err)
{
    sqlite3_bind_int64(stmt, 1, row->row);
    kd_bind_id(stmt, 2, &row->person);
    sqlite3_bind_int64(stmt, 3, row->head);
    sqlite3_bind_int64(stmt, 4, row->folded);
    kd_bind_str(stmt, 5, row->state);
    sqlite3_bind_int(stmt, 6, row->anew);
    kd_status status = kd_conn_run(conn, stmt, "write a profile", err);
    *done = status == KD_OK && sqlite3_changes(conn->db) > 0;
    if (!*done || !row->anew)
        return status;
    /* Where the earlier version stood in the log is not where this one stands. */
    if ((status = kd_conn_stmt(&stmt, conn, KD_SQL_MOVED_ERASE, err)) != KD_OK)
        return status;
    kd_bind_id(stmt, 1, &row->person);
    return kd_conn_run(conn, stmt, "write a profile", err);
}

static kd_status move_profile(kd_conn *conn, sqlite3_stmt *stmt, const kd_profile_row *row, kd_err *err)
{
    kd_bind_id(stmt, 1, &row->person);
    sqlite3_bind_int64(stmt, 2, row->head);
    sqlite3_bind_int64(stmt, 3, row->folded);
    return kd_conn_run(conn, stmt, "write a person's place in the log", err);
}

kd_status kd_sqlite_profiles_put(kd_txn *txn, kd_profile_row *rows, size_t count, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    sqlite3_stmt *stmt, *move;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_PROFILE_PUT, err);
    if (status == KD_OK)
        status = kd_conn_stmt(&move, conn, KD_SQL_PROFILE_MOVE, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        kd_profile_row *row = &rows[i];
        int64_t         given = row->row, found = given;
        bool            done = row->moved;
        if (row->moved)
            status = move_profile(conn, move, row, err);
        else if (given > 0)
            status = put_profile(&done, conn, stmt, row, err);
        if (status != KD_OK || done)
            continue;
        /* No shortcut, a wrong one, or the row is folded further already: the person decides. */
        status = find_row(&found, conn, &row->person, err);
        if (status != KD_OK)
            break;
        row->row = found;
        if (found != given)
            status = put_profile(&done, conn, stmt, row, err);
    }
    return status;
}

static kd_status read_profile(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    kd_profile_row *row = item;
    const void     *key = sqlite3_column_blob(stmt, 5);
    row->row = sqlite3_column_int64(stmt, 0);
    row->head = sqlite3_column_int64(stmt, 2);
    row->folded = sqlite3_column_int64(stmt, 3);
    row->key_type = (uint8_t)sqlite3_column_int(stmt, 4);
    if (!key || sqlite3_column_bytes(stmt, 5) != (int)sizeof row->key)
        return kd_fail(err, KD_CORRUPT, "a stored identity key is not 16 bytes long");
    memcpy(row->key, key, sizeof row->key);
    kd_status status = kd_column_id(&row->person, stmt, 1, err);
    if (status == KD_OK)
        status = kd_column_str(&row->secret, stmt, 6, arena, err);
    if (status == KD_OK)
        status = kd_column_str(&row->state, stmt, 7, arena, err);
    return status;
}

kd_status kd_sqlite_profiles(kd_profile_row *rows, kd_reader *reader, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_PROFILE_GET, err);
    bool          several = count > 1; /* one statement is a transaction by itself */
    if (status == KD_OK && several)
        status = kd_conn_read_begin(conn, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        memset(&rows[i], 0, sizeof rows[i]);
        kd_bind_id(stmt, 1, &persons[i]);
        status = kd_conn_row(&rows[i], conn, stmt, read_profile, "read a profile", "", arena, err);
        if (status == KD_NOT_FOUND)
            status = KD_OK; /* its person stays nil */
    }
    if (several)
        kd_conn_read_end(conn);
    return status;
}

kd_status kd_sqlite_profile_scan(kd_profile_row **rows, size_t *count, kd_reader *reader, uint16_t group, int64_t *cursor,
                                 size_t limit, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_PROFILE_SCAN, err);
    if (status == KD_OK) {
        sqlite3_bind_int64(stmt, 1, kd_row_base(group) | kd_row_number(*cursor));
        sqlite3_bind_int64(stmt, 2, kd_row_last(group));
        kd_bind_limit(stmt, 3, limit);
        status = kd_conn_rows(&list, sizeof **rows, conn, stmt, read_profile, "scan profiles", arena, err);
    }
    *rows = list.items;
    *count = list.count;
    if (list.count)
        *cursor = kd_row_number((*rows)[list.count - 1].row);
    return status;
}

/* ---- offsets ------------------------------------------------------------------------------------------------------- */
kd_status kd_sqlite_offset_put(kd_txn *txn, const char *consumer, int64_t offset, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_OFFSET_PUT, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int(stmt, 1, txn->group);
    kd_bind_text(stmt, 2, kd_str_z(consumer));
    sqlite3_bind_int64(stmt, 3, offset);
    return kd_conn_run(conn, stmt, "write an offset", err);
}

kd_status kd_sqlite_offset(int64_t *offset, kd_reader *reader, uint16_t group, const char *consumer, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_OFFSET_GET, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int(stmt, 1, group);
    kd_bind_text(stmt, 2, kd_str_z(consumer));
    return kd_conn_int(offset, 0, conn, stmt, "read an offset", err);
}

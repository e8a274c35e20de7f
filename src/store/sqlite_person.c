#include "store/sqlite.h"

/* ---- identity keys ------------------------------------------------------------------------------------------------- */
typedef struct link_keys { const kd_key *keys; kd_id *persons; size_t count; } link_keys;

static kd_status read_person(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    (void)arena;
    return kd_column_id(item, stmt, 0, err);
}

static kd_status get_key(kd_id *person, kd_conn *conn, const kd_key *key, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_KEY_GET, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int(stmt, 1, key->type);
    sqlite3_bind_blob(stmt, 2, key->hash, sizeof key->hash, SQLITE_STATIC);
    return kd_conn_row(person, conn, stmt, read_person, "look up a key", "there is no such key", NULL, err);
}

static kd_status put_keys(kd_conn *conn, void *arg, kd_err *err)
{
    link_keys    *link = arg;
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_KEY_PUT, err);
    for (size_t i = 0; status == KD_OK && i < link->count; i++) {
        sqlite3_bind_int(stmt, 1, link->keys[i].type);
        sqlite3_bind_blob(stmt, 2, link->keys[i].hash, sizeof link->keys[i].hash, SQLITE_STATIC);
        kd_bind_id(stmt, 3, &link->persons[i]);
        status = kd_conn_run(conn, stmt, "link a key", err);
        if (status == KD_OK && sqlite3_changes(conn->db) == 0)
            status = get_key(&link->persons[i], conn, &link->keys[i], err);
    }
    return status;
}

kd_status kd_sqlite_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err)
{
    link_keys link = { keys, persons, count };
    return kd_sqlite_write(kd_sqlite_of(store), put_keys, &link, err);
}

kd_status kd_sqlite_keys(kd_id *persons, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err)
{
    kd_conn  *conn = kd_conn_of_reader(reader);
    bool      several = count > 1;
    kd_status status = several ? kd_conn_read_begin(conn, err) : KD_OK;
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        memset(&persons[i], 0, sizeof persons[i]);
        status = get_key(&persons[i], conn, &keys[i], err);
        if (status == KD_NOT_FOUND)
            status = KD_OK; /* nil */
    }
    if (several)
        kd_conn_read_end(conn);
    return status;
}

/* ---- links --------------------------------------------------------------------------------------------------------- */
kd_status kd_sqlite_links_put(kd_txn *txn, const kd_link *links, size_t count, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_LINK_PUT, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        kd_bind_id(stmt, 1, &links[i].person);
        kd_bind_id(stmt, 2, &links[i].other);
        sqlite3_bind_int(stmt, 3, links[i].kind);
        sqlite3_bind_int(stmt, 4, links[i].proven);
        sqlite3_bind_int64(stmt, 5, links[i].time_ms);
        kd_bind_id(stmt, 6, &links[i].event);
        sqlite3_bind_int64(stmt, 7, links[i].last_ms ? links[i].last_ms : links[i].time_ms);
        sqlite3_bind_int64(stmt, 8, links[i].taken_back_ms);
        sqlite3_bind_int(stmt, 9, links[i].person_type);
        sqlite3_bind_int(stmt, 10, links[i].other_type);
        status = kd_conn_run(conn, stmt, "write a link", err);
    }
    return status;
}

static kd_status read_link(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    kd_link *link = item;
    (void)arena;
    link->kind = (uint8_t)sqlite3_column_int(stmt, 1);
    link->proven = sqlite3_column_int(stmt, 2) != 0;
    link->time_ms = sqlite3_column_int64(stmt, 3);
    link->last_ms = sqlite3_column_int64(stmt, 5);
    link->taken_back_ms = sqlite3_column_int64(stmt, 6);
    link->person_type = (uint8_t)sqlite3_column_int(stmt, 7);
    link->other_type = (uint8_t)sqlite3_column_int(stmt, 8);
    kd_status status = kd_column_id(&link->other, stmt, 0, err);
    return status == KD_OK ? kd_column_id(&link->event, stmt, 4, err) : status;
}

static kd_status read_links(kd_link **links, size_t *count, kd_conn *conn, kd_sql sql, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, sql, err);
    if (status == KD_OK) {
        kd_bind_id(stmt, 1, &person);
        kd_bind_limit(stmt, 2, limit);
        status = kd_conn_rows(&list, sizeof **links, conn, stmt, read_link, "read links", arena, err);
    }
    *links = list.items;
    *count = list.count;
    for (size_t i = 0; i < list.count; i++)
        (*links)[i].person = person;
    return status;
}

kd_status kd_sqlite_links(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    return read_links(links, count, kd_conn_of_reader(reader), KD_SQL_LINKS, person, limit, arena, err);
}

kd_status kd_sqlite_evidence(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    return read_links(links, count, kd_conn_of_reader(reader), KD_SQL_EVIDENCE, person, limit, arena, err);
}

kd_status kd_sqlite_taken_back(kd_id **persons, size_t *count, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_TAKEN_BACK, err);
    if (status == KD_OK) {
        kd_bind_id(stmt, 1, &after);
        kd_bind_limit(stmt, 2, limit);
        status = kd_conn_rows(&list, sizeof **persons, conn, stmt, read_person, "read who had links taken back", arena, err);
    }
    *persons = list.items;
    *count = list.count;
    return status;
}

/* ---- records ------------------------------------------------------------------------------------------------------- */
kd_status kd_sqlite_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_RECORD_PUT, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        kd_bind_id(stmt, 1, &records[i].person);
        kd_bind_text(stmt, 2, records[i].kind);
        kd_bind_id(stmt, 3, &records[i].id);
        sqlite3_bind_int64(stmt, 4, records[i].time_ms);
        kd_bind_str(stmt, 5, records[i].body);
        status = kd_conn_run(conn, stmt, "write a record", err);
    }
    return status;
}

kd_status kd_sqlite_record_delete(kd_txn *txn, kd_id person, kd_str kind, kd_id id, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_txn(txn);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_RECORD_DELETE, err);
    if (status != KD_OK)
        return status;
    kd_bind_id(stmt, 1, &person);
    kd_bind_text(stmt, 2, kind);
    kd_bind_id(stmt, 3, &id);
    return kd_conn_run(conn, stmt, "delete a record", err);
}

static kd_status read_record(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    kd_record *record = item;
    record->time_ms = sqlite3_column_int64(stmt, 1);
    kd_status status = kd_column_id(&record->id, stmt, 0, err);
    return status == KD_OK ? kd_column_str(&record->body, stmt, 2, arena, err) : status;
}

kd_status kd_sqlite_records(kd_record **records, size_t *count, kd_reader *reader, kd_id person, kd_str kind, kd_id after,
                            size_t limit, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    kd_str        name = kd_str_copy(arena, kind);
    sqlite3_stmt *stmt;
    kd_status     status = kind.len == 0 || name.ptr ? kd_conn_stmt(&stmt, conn, KD_SQL_RECORDS, err) : kd_fail_memory(err);
    if (status == KD_OK) {
        kd_bind_id(stmt, 1, &person);
        kd_bind_text(stmt, 2, kind);
        kd_bind_id(stmt, 3, &after);
        kd_bind_limit(stmt, 4, limit);
        status = kd_conn_rows(&list, sizeof **records, conn, stmt, read_record, "read records", arena, err);
    }
    *records = list.items;
    *count = list.count;
    for (size_t i = 0; i < list.count; i++) {
        (*records)[i].person = person;
        (*records)[i].kind = name;
    }
    return status;
}

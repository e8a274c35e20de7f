#include "store/sqlite.h"

#include <stdio.h>
#include <sys/stat.h>

/* ---- documents ----------------------------------------------------------------------------------------------------- */
typedef struct put_docs { kd_doc *docs; size_t count; } put_docs;

/* Is `doc` what the newest version says already? Then it takes that version. */
static kd_status is_known(bool *known, kd_conn *conn, kd_doc *doc, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_NEWEST, err);
    *known = false;
    if (status != KD_OK)
        return status;
    kd_bind_text(stmt, 1, doc->kind);
    kd_bind_text(stmt, 2, doc->id);
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        kd_str body = { sqlite3_column_blob(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2) };
        *known = (sqlite3_column_int(stmt, 1) != 0) == doc->deleted && kd_str_eq(body, doc->body);
        if (*known)
            doc->version = (uint64_t)sqlite3_column_int64(stmt, 0);
    } else if (rc != SQLITE_DONE) {
        status = kd_conn_fail(err, conn, rc, "read a document");
    }
    kd_conn_done(stmt);
    return status;
}

static kd_status put_doc(kd_conn *conn, const kd_doc *doc, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_PUT, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, (int64_t)doc->version);
    kd_bind_text(stmt, 2, doc->kind);
    kd_bind_text(stmt, 3, doc->id);
    sqlite3_bind_int64(stmt, 4, doc->valid_from_ms);
    sqlite3_bind_int(stmt, 5, doc->deleted);
    kd_bind_text(stmt, 6, doc->body);
    status = kd_conn_run(conn, stmt, "write a document", err);
    if (status == KD_OK)
        status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_HEAD_PUT, err);
    if (status != KD_OK)
        return status;
    kd_bind_text(stmt, 1, doc->kind);
    kd_bind_text(stmt, 2, doc->id);
    sqlite3_bind_int64(stmt, 3, (int64_t)doc->version);
    return kd_conn_run(conn, stmt, "write a document", err);
}

static kd_status put_all_docs(kd_conn *conn, void *arg, kd_err *err)
{
    put_docs     *put = arg;
    sqlite3_stmt *stmt;
    int64_t       last = 0;
    bool          known;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_LAST, err);
    if (status == KD_OK)
        status = kd_conn_int(&last, 0, conn, stmt, "find the newest document", err);
    for (size_t i = 0; status == KD_OK && i < put->count; i++) {
        status = is_known(&known, conn, &put->docs[i], err);
        if (status != KD_OK || known)
            continue;
        put->docs[i].version = (uint64_t)++last;
        status = put_doc(conn, &put->docs[i], err);
    }
    return status;
}

kd_status kd_sqlite_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err)
{
    put_docs put = { docs, count };
    return kd_sqlite_write(kd_sqlite_of(store), put_all_docs, &put, err);
}

static kd_status read_doc(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    kd_doc *doc = item;
    doc->version = (uint64_t)sqlite3_column_int64(stmt, 2);
    doc->valid_from_ms = sqlite3_column_int64(stmt, 3);
    doc->deleted = sqlite3_column_int(stmt, 4) != 0;
    kd_status status = kd_column_str(&doc->kind, stmt, 0, arena, err);
    if (status == KD_OK)
        status = kd_column_str(&doc->id, stmt, 1, arena, err);
    if (status == KD_OK)
        status = kd_column_str(&doc->body, stmt, 5, arena, err);
    return status;
}

kd_status kd_sqlite_docs(kd_doc **docs, size_t *count, kd_reader *reader, uint64_t after, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_SCAN, err);
    if (status == KD_OK) {
        sqlite3_bind_int64(stmt, 1, after > INT64_MAX ? INT64_MAX : (int64_t)after);
        kd_bind_limit(stmt, 2, limit);
        status = kd_conn_rows(&list, sizeof **docs, conn, stmt, read_doc, "read documents", arena, err);
    }
    *docs = list.items;
    *count = list.count;
    return status;
}

kd_status kd_sqlite_doc(kd_doc *doc, kd_reader *reader, kd_str kind, kd_str id, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_GET, err);
    if (status != KD_OK)
        return status;
    kd_bind_text(stmt, 1, kind);
    kd_bind_text(stmt, 2, id);
    return kd_conn_row(doc, conn, stmt, read_doc, "read a document", "there is no such document", arena, err);
}

kd_status kd_sqlite_doc_history(kd_doc **docs, size_t *count, kd_reader *reader, kd_str kind, kd_str id, size_t limit,
                                kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_HISTORY, err);
    if (status == KD_OK) {
        kd_bind_text(stmt, 1, kind);
        kd_bind_text(stmt, 2, id);
        kd_bind_limit(stmt, 3, limit);
        status = kd_conn_rows(&list, sizeof **docs, conn, stmt, read_doc, "read the history of a document", arena, err);
    }
    *docs = list.items;
    *count = list.count;
    return status;
}

/* ---- levels -------------------------------------------------------------------------------------------------------- */
typedef struct put_levels { const kd_level *levels; size_t count; } put_levels;

static kd_status put_level(kd_conn *conn, kd_sql which, const kd_level *level, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, which, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, (int64_t)level->variant);
    sqlite3_bind_int(stmt, 2, level->what);
    sqlite3_bind_int64(stmt, 3, (int64_t)level->place);
    sqlite3_bind_int64(stmt, 4, level->value);
    kd_bind_text(stmt, 5, (kd_str){ level->currency.code, strnlen(level->currency.code, sizeof level->currency.code) });
    sqlite3_bind_int64(stmt, 6, level->at_ms);
    return kd_conn_run(conn, stmt, "write a level", err);
}

static void read_currency(kd_currency *out, sqlite3_stmt *stmt, int at)
{
    const unsigned char *text = sqlite3_column_text(stmt, at);
    memset(out, 0, sizeof *out);
    if (text)
        snprintf(out->code, sizeof out->code, "%s", (const char *)text);
}

/* What a level does: nothing (the newest says so already), history only (it is older), or both. */
typedef enum effect { NOTHING, HISTORY, NEWEST } effect;

static kd_status effect_of(effect *out, kd_conn *conn, const kd_level *level, kd_err *err)
{
    kd_currency   currency;
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_LEVEL_NEWEST, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, (int64_t)level->variant);
    sqlite3_bind_int(stmt, 2, level->what);
    sqlite3_bind_int64(stmt, 3, (int64_t)level->place);
    int rc = sqlite3_step(stmt);
    *out = NEWEST;
    if (rc == SQLITE_ROW) {
        read_currency(&currency, stmt, 1);
        if (level->at_ms < sqlite3_column_int64(stmt, 2))
            *out = HISTORY;
        else if (sqlite3_column_int64(stmt, 0) == level->value && strncmp(currency.code, level->currency.code, sizeof currency.code) == 0)
            *out = NOTHING;
    } else if (rc != SQLITE_DONE) {
        status = kd_conn_fail(err, conn, rc, "read a level");
    }
    kd_conn_done(stmt);
    return status;
}

/* The history holds every value, the newest too: a change is an insert there, and a question about the past one range. */
static kd_status put_all_levels(kd_conn *conn, void *arg, kd_err *err)
{
    put_levels *put = arg;
    kd_status   status = KD_OK;
    effect      does = NOTHING;
    for (size_t i = 0; status == KD_OK && i < put->count; i++) {
        status = effect_of(&does, conn, &put->levels[i], err);
        if (status == KD_OK && does == NEWEST)
            status = put_level(conn, KD_SQL_LEVEL_PUT, &put->levels[i], err);
        if (status == KD_OK && does != NOTHING)
            status = put_level(conn, KD_SQL_LEVEL_HISTORY_PUT, &put->levels[i], err);
    }
    return status;
}

kd_status kd_sqlite_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err)
{
    put_levels put = { levels, count };
    return kd_sqlite_write(kd_sqlite_of(store), put_all_levels, &put, err);
}

static kd_status read_level(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    kd_level *level = item;
    (void)arena, (void)err;
    level->variant = (kd_ref)sqlite3_column_int64(stmt, 0);
    level->what = (uint8_t)sqlite3_column_int(stmt, 1);
    level->place = (kd_ref)sqlite3_column_int64(stmt, 2);
    level->value = sqlite3_column_int64(stmt, 3);
    read_currency(&level->currency, stmt, 4);
    level->at_ms = sqlite3_column_int64(stmt, 5);
    return KD_OK;
}

/* Not kd_conn_rows: the cursor is the row of the last level, which no kd_level holds. */
kd_status kd_sqlite_levels(kd_level **levels, size_t *count, kd_reader *reader, int64_t *cursor, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    int64_t       last = *cursor;
    int           rc = SQLITE_DONE;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_LEVEL_SCAN, err);
    if (status != KD_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, *cursor);
    kd_bind_limit(stmt, 2, limit);
    while (status == KD_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        kd_level *level = kd_list_add(&list, sizeof *level, arena, err);
        status = level ? read_level(level, stmt, arena, err) : KD_LIMIT;
        last = sqlite3_column_int64(stmt, 6);
    }
    if (status == KD_OK && rc != SQLITE_DONE)
        status = kd_conn_fail(err, conn, rc, "read levels");
    kd_conn_done(stmt);
    *levels = status == KD_OK ? list.items : NULL;
    *count = status == KD_OK ? list.count : 0;
    *cursor = status == KD_OK ? last : *cursor;
    return status;
}

kd_status kd_sqlite_level_history(kd_level **levels, size_t *count, kd_reader *reader, kd_ref variant, uint8_t what, kd_ref place,
                                  int64_t from_ms, int64_t to_ms, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    kd_list       list = { 0 };
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_LEVEL_HISTORY, err);
    if (status == KD_OK) {
        sqlite3_bind_int64(stmt, 1, (int64_t)variant);
        sqlite3_bind_int(stmt, 2, what);
        sqlite3_bind_int64(stmt, 3, (int64_t)place);
        sqlite3_bind_int64(stmt, 4, from_ms);
        sqlite3_bind_int64(stmt, 5, to_ms);
        status = kd_conn_rows(&list, sizeof **levels, conn, stmt, read_level, "read the history of a level", arena, err);
    }
    *levels = list.items;
    *count = list.count;
    return status;
}

/* ---- meta, stats --------------------------------------------------------------------------------------------------- */
typedef struct put_meta { const char *name; kd_str value; } put_meta;

static kd_status put_one_meta(kd_conn *conn, void *arg, kd_err *err)
{
    const put_meta *put = arg;
    sqlite3_stmt   *stmt;
    kd_status       status = kd_conn_stmt(&stmt, conn, KD_SQL_META_PUT, err);
    if (status != KD_OK)
        return status;
    kd_bind_text(stmt, 1, kd_str_z(put->name));
    kd_bind_str(stmt, 2, put->value);
    return kd_conn_run(conn, stmt, "write a setting", err);
}

kd_status kd_sqlite_meta_put(kd_store *store, const char *name, kd_str value, kd_err *err)
{
    put_meta put = { name, value };
    return kd_sqlite_write(kd_sqlite_of(store), put_one_meta, &put, err);
}

static kd_status read_meta(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err)
{
    return kd_column_str(item, stmt, 0, arena, err);
}

kd_status kd_sqlite_meta(kd_str *value, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err)
{
    kd_conn      *conn = kd_conn_of_reader(reader);
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_META_GET, err);
    if (status != KD_OK)
        return status;
    kd_bind_text(stmt, 1, kd_str_z(name));
    return kd_conn_row(value, conn, stmt, read_meta, "read a setting", "there is no such setting", arena, err);
}

static kd_status sum_ends(uint64_t *sum, kd_reader *reader, kd_sql which, kd_err *err)
{
    kd_status status = KD_OK;
    *sum = 0;
    for (uint16_t group = 0; status == KD_OK && group < reader->store->groups; group++) {
        int64_t end = 0;
        status = kd_sqlite_end(&end, kd_conn_of_reader(reader), which, group, err);
        *sum += (uint64_t)end;
    }
    return status;
}

kd_status kd_sqlite_stats(kd_store_stats *stats, kd_reader *reader, kd_err *err)
{
    kd_sqlite    *store = kd_sqlite_of(reader->store);
    kd_conn      *conn = kd_conn_of_reader(reader);
    sqlite3_stmt *stmt;
    int64_t       pages = 0, documents = 0;
    char          wal[4096];
    struct stat   st;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_PAGES, err);
    if (status == KD_OK)
        status = kd_conn_int(&pages, 0, conn, stmt, "count pages", err);
    if (status == KD_OK)
        status = kd_conn_stmt(&stmt, conn, KD_SQL_DOC_COUNT, err);
    if (status == KD_OK)
        status = kd_conn_int(&documents, 0, conn, stmt, "count documents", err);
    memset(stats, 0, sizeof *stats);
    if (status == KD_OK)
        status = sum_ends(&stats->events, reader, KD_SQL_LOG_END, err); /* offsets have no gaps */
    if (status == KD_OK)
        status = sum_ends(&stats->persons, reader, KD_SQL_PROFILE_END, err);
    stats->file_bytes = (uint64_t)pages * KD_SQLITE_PAGE_BYTES;
    stats->documents = (uint64_t)documents;
    if (snprintf(wal, sizeof wal, "%s-wal", reader->store->path) < (int)sizeof wal && stat(wal, &st) == 0)
        stats->wal_bytes = (uint64_t)st.st_size;
    stats->commits = atomic_load(&store->commits);
    stats->commit_us_total = atomic_load(&store->commit_us);
    return status;
}

#include "store/sqlite.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every statement of the adapter that runs more than once. Column lists stand in macros because their readers count on the order. */
#define EVENT_FACTS "SELECT at,id,person,time_ms,received_ms,kind,flags,prev,facts,NULL FROM log "
#define EVENT "SELECT at,id,person,time_ms,received_ms,kind,flags,prev,facts,body FROM log "
#define PROFILE "SELECT p.row,p.person,max(p.head,ifnull(m.head,0)),max(p.folded,ifnull(m.folded,0)),p.key_type,p.key,p.secret,p.state" \
                " FROM profile p LEFT JOIN moved m ON m.person=p.person "
#define DOC "SELECT d.kind,d.id,d.version,d.valid_from_ms,d.deleted,d.body FROM "

static const char *const texts[KD_SQL_COUNT] = {
    [KD_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [KD_SQL_BEGIN_READ] = "BEGIN",
    [KD_SQL_COMMIT] = "COMMIT",
    [KD_SQL_ROLLBACK] = "ROLLBACK",

    [KD_SQL_LOG_END] = "SELECT max(at) FROM log WHERE at BETWEEN ?1 AND ?2",
    /* Only the message's key makes a duplicate; a clash of offsets would be our own fault and must be an error. */
    [KD_SQL_LOG_APPEND] = "INSERT INTO log(at,id,person,time_ms,received_ms,kind,flags,prev,facts,body)"
                          " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id,person) DO NOTHING",
    [KD_SQL_LOG_READ] = EVENT "WHERE at>?1 AND at<=?2 ORDER BY at LIMIT ?3",
    [KD_SQL_LOG_READ_FACTS] = EVENT_FACTS "WHERE at>?1 AND at<=?2 ORDER BY at LIMIT ?3",
    [KD_SQL_LOG_AT] = EVENT "WHERE at=?1",
    [KD_SQL_LOG_AT_FACTS] = EVENT_FACTS "WHERE at=?1",
    [KD_SQL_LOG_BY_ID] = EVENT "WHERE id=?1 AND person=?2",
    [KD_SQL_LOG_HOLLOW] = "UPDATE log SET flags=flags|8,facts=x'',body=x''"
                          " WHERE at>?1 AND at<=?2 AND kind=?3 AND received_ms<?4 AND flags&8=0",
    [KD_SQL_LOG_LAWS] = "SELECT a.at,a.person,a.prev,b.person,(SELECT c.at FROM log c INDEXED BY log_id WHERE c.id=a.id AND c.person=a.person)"
                        " FROM log a LEFT JOIN log b ON b.at=?4|a.prev AND a.prev>0 WHERE a.at>?1 AND a.at<=?2 ORDER BY a.at LIMIT ?3",

    [KD_SQL_PROFILE_END] = "SELECT max(row) FROM profile WHERE row BETWEEN ?1 AND ?2",
    [KD_SQL_PROFILE_NEW] = "INSERT INTO profile(row,person,head,folded,key_type,key,secret,state)"
                           " VALUES(?1,?2,0,0,?3,?4,?5,x'') ON CONFLICT(person) DO NOTHING",
    [KD_SQL_PROFILE_PUT] = "UPDATE profile SET head=?3,folded=?4,state=?5 WHERE row=?1 AND person=?2 AND (folded<=?4 OR ?6)",
    [KD_SQL_PROFILE_MOVE] = "INSERT INTO moved(person,head,folded) VALUES(?1,?2,?3)"
                            " ON CONFLICT(person) DO UPDATE SET head=excluded.head,folded=excluded.folded WHERE folded<=excluded.folded",
    [KD_SQL_PROFILE_ROW] = "SELECT row FROM profile WHERE person=?1",
    [KD_SQL_PROFILE_GET] = PROFILE "WHERE p.person=?1",
    [KD_SQL_PROFILE_SCAN] = PROFILE "WHERE p.row>?1 AND p.row<=?2 ORDER BY p.row LIMIT ?3",
    [KD_SQL_PROFILE_LAWS] = "SELECT p.row,p.person,max(p.head,ifnull(m.head,0)),max(p.folded,ifnull(m.folded,0)),e.person,"
                            "(SELECT q.row FROM profile q WHERE q.person=p.person)"
                            " FROM profile p LEFT JOIN moved m ON m.person=p.person"
                            " LEFT JOIN log e ON e.at=?4|max(p.head,ifnull(m.head,0)) AND max(p.head,ifnull(m.head,0))>0"
                            " WHERE p.row>?1 AND p.row<=?2 ORDER BY p.row LIMIT ?3",

    [KD_SQL_OFFSET_PUT] = "INSERT INTO consumer(part_group,name,offset) VALUES(?1,?2,?3)"
                          " ON CONFLICT DO UPDATE SET offset=excluded.offset",
    [KD_SQL_OFFSET_GET] = "SELECT offset FROM consumer WHERE part_group=?1 AND name=?2",

    [KD_SQL_LOG_BACK] = "SELECT person,prev,flags FROM log WHERE at=?1",
    [KD_SQL_LOG_ERASE] = "UPDATE log SET flags=flags|24,facts=x'',body=x'' WHERE at=?1",
    [KD_SQL_LOG_ERASED] = "SELECT 1 FROM log INDEXED BY log_id WHERE id=?1 AND person<>?2 AND flags&16 LIMIT 1",
    [KD_SQL_ERASED_PUT] = "INSERT INTO meta(name,value) VALUES('erased_from_ms',?1)"
                          " ON CONFLICT DO UPDATE SET value=min(value,excluded.value) WHERE excluded.value<value",
    [KD_SQL_ERASED_GET] = "SELECT value FROM meta WHERE name='erased_from_ms'",
    [KD_SQL_KEY_SCAN] = "SELECT type,hash,person FROM ident WHERE (type,hash)>(?1,?2) ORDER BY type,hash LIMIT ?3",
    [KD_SQL_KEY_DELETE] = "DELETE FROM ident WHERE type=?1 AND hash=?2 AND person=?3",
    [KD_SQL_RECORDS_ERASE] = "DELETE FROM record WHERE person=?1 AND kind<>'tombstone'",
    [KD_SQL_LINKS_ERASE] = "DELETE FROM link WHERE person=?1",
    [KD_SQL_LINK_ERASE] = "DELETE FROM link WHERE person=?1 AND proven IN (0,1) AND other=?2", /* so: by its key, not past all rows of the person */
    [KD_SQL_PROFILE_ERASE] = "DELETE FROM profile WHERE person=?1",
    [KD_SQL_MOVED_ERASE] = "DELETE FROM moved WHERE person=?1",

    [KD_SQL_KEY_PUT] = "INSERT INTO ident(type,hash,person) VALUES(?1,?2,?3) ON CONFLICT DO NOTHING",
    [KD_SQL_KEY_GET] = "SELECT person FROM ident WHERE type=?1 AND hash=?2",
    [KD_SQL_LINK_PUT] = "INSERT INTO link(person,other,kind,proven,time_ms,event,last_ms,back_ms,person_type,other_type)"
                        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"
                        " ON CONFLICT DO UPDATE SET time_ms=min(time_ms,excluded.time_ms),last_ms=max(last_ms,excluded.last_ms),"
                        "event=CASE WHEN (excluded.time_ms,excluded.event)<(time_ms,event) THEN excluded.event ELSE event END,"
                        "back_ms=max(back_ms,excluded.back_ms),person_type=max(person_type,excluded.person_type),"
                        "other_type=max(other_type,excluded.other_type)"
                        " WHERE (excluded.time_ms,excluded.event)<(time_ms,event) OR excluded.last_ms>last_ms OR excluded.back_ms>back_ms"
                        " OR excluded.person_type>person_type OR excluded.other_type>other_type",
    [KD_SQL_LINKS] = "SELECT other,kind,proven,time_ms,event,last_ms,back_ms,person_type,other_type FROM link WHERE person=?1"
                     " ORDER BY proven DESC,other,kind LIMIT ?2",
    [KD_SQL_TAKEN_BACK] = "SELECT DISTINCT person FROM link INDEXED BY link_back WHERE back_ms>0 AND person>?1 ORDER BY person LIMIT ?2",
    [KD_SQL_EVIDENCE] = "SELECT other,kind,proven,time_ms,event,last_ms,back_ms,person_type,other_type FROM link"
                        " WHERE person=?1 AND proven=1 AND (back_ms=0 OR last_ms>back_ms) ORDER BY other,kind LIMIT ?2",
    [KD_SQL_SECRET_PUT] = "UPDATE profile SET secret=?3 WHERE person=?1 AND secret=?2",
    [KD_SQL_RECORD_PUT] = "INSERT INTO record(person,kind,id,time_ms,body) VALUES(?1,?2,?3,?4,?5)"
                          " ON CONFLICT DO UPDATE SET time_ms=excluded.time_ms,body=excluded.body",
    [KD_SQL_RECORD_DELETE] = "DELETE FROM record WHERE person=?1 AND kind=?2 AND id=?3",
    [KD_SQL_RECORDS] = "SELECT id,time_ms,body FROM record WHERE person=?1 AND kind=?2 AND id>?3 ORDER BY id LIMIT ?4",

    [KD_SQL_DOC_LAST] = "SELECT max(version) FROM doc",
    [KD_SQL_DOC_NEWEST] = "SELECT d.version,d.deleted,d.body FROM doc_head h JOIN doc d ON d.version=h.version WHERE h.kind=?1 AND h.id=?2",
    [KD_SQL_DOC_PUT] = "INSERT INTO doc(version,kind,id,valid_from_ms,deleted,body) VALUES(?1,?2,?3,?4,?5,?6)",
    [KD_SQL_DOC_HEAD_PUT] = "INSERT INTO doc_head(kind,id,version) VALUES(?1,?2,?3)"
                            " ON CONFLICT(kind,id) DO UPDATE SET version=excluded.version",
    [KD_SQL_DOC_GET] = DOC "doc_head h JOIN doc d ON d.version=h.version WHERE h.kind=?1 AND h.id=?2",
    [KD_SQL_DOC_SCAN] = DOC "doc_head h JOIN doc d ON d.version=h.version WHERE h.version>?1 ORDER BY h.version LIMIT ?2",
    [KD_SQL_DOC_HISTORY] = DOC "doc d WHERE d.kind=?1 AND d.id=?2 ORDER BY d.version DESC LIMIT ?3",
    [KD_SQL_DOC_COUNT] = "SELECT max(number) FROM doc_head", /* a head is never deleted */
    [KD_SQL_DOC_LAWS] = "SELECT h.number,h.version,(SELECT max(d.version) FROM doc d WHERE d.kind=h.kind AND d.id=h.id) FROM doc_head h"
                        " WHERE h.number>?1 AND h.number<=?2 ORDER BY h.number LIMIT ?3",

    [KD_SQL_LEVEL_NEWEST] = "SELECT value,currency,at_ms FROM level WHERE variant=?1 AND what=?2 AND place=?3",
    [KD_SQL_LEVEL_PUT] = "INSERT INTO level(variant,what,place,value,currency,at_ms) VALUES(?1,?2,?3,?4,?5,?6)"
                         " ON CONFLICT(variant,what,place) DO UPDATE SET value=excluded.value,currency=excluded.currency,at_ms=excluded.at_ms",
    [KD_SQL_LEVEL_HISTORY_PUT] = "INSERT INTO level_history(variant,what,place,value,currency,at_ms) VALUES(?1,?2,?3,?4,?5,?6)"
                                 " ON CONFLICT DO UPDATE SET value=excluded.value,currency=excluded.currency",
    [KD_SQL_LEVEL_SCAN] = "SELECT variant,what,place,value,currency,at_ms,row FROM level WHERE row>?1 ORDER BY row LIMIT ?2",
    [KD_SQL_LEVEL_HISTORY] = "SELECT variant,what,place,value,currency,at_ms FROM level_history"
                             " WHERE variant=?1 AND what=?2 AND place=?3 AND at_ms<=?5 AND at_ms>=coalesce((SELECT max(at_ms) FROM"
                             " level_history WHERE variant=?1 AND what=?2 AND place=?3 AND at_ms<=?4),?4) ORDER BY at_ms",

    [KD_SQL_META_PUT] = "INSERT INTO meta(name,value) VALUES(?1,?2) ON CONFLICT DO UPDATE SET value=excluded.value",
    [KD_SQL_META_GET] = "SELECT value FROM meta WHERE name=?1",
    [KD_SQL_PAGES] = "PRAGMA page_count",
};

/* ---- errors ------------------------------------------------------------------------------------------------------ */
kd_status kd_conn_fail(kd_err *err, const kd_conn *conn, int rc, const char *what)
{
    const char *text = conn->db ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_FULL:     return kd_fail(err, KD_IO, "%s: disk full", what);
    case SQLITE_NOMEM:    return kd_fail_memory(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:   return kd_fail(err, KD_RETRY, "%s: the database is busy", what);
    case SQLITE_READONLY:
    case SQLITE_PERM:     return kd_fail(err, KD_DENIED, "%s: no permission to write the database or its folder", what);
    case SQLITE_CANTOPEN: {
        int code = conn->db ? sqlite3_system_errno(conn->db) : 0;
        if (code == EACCES || code == EPERM || code == EROFS)
            return kd_fail(err, KD_DENIED, "%s: no permission for the database or its folder (%s)", what, strerror(code));
        return kd_fail(err, KD_IO, "%s: cannot open the database file%s%s", what, code ? ": " : "", code ? strerror(code) : "");
    }
    case SQLITE_CORRUPT:  return kd_fail(err, KD_CORRUPT, "%s: the database file is damaged (%s); see kunde doctor", what, text);
    case SQLITE_NOTADB:   return kd_fail(err, KD_INVALID, "the file is not a Kunde database (%s)", what);
    case SQLITE_TOOBIG:   return kd_fail(err, KD_LIMIT, "%s: a value is too long for the database", what);
    default: break;
    }
    int code = conn->db ? sqlite3_system_errno(conn->db) : 0;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        return kd_fail(err, KD_IO, "%s: disk full", what);
    if (rc == SQLITE_IOERR_WRITE && code == 0) /* a limit on file sizes ends here too, and SQLite does not say which it was */
        return kd_fail(err, KD_IO, "%s: a write failed (disk full, a limit on file sizes, or a broken disk)", what);
    return kd_fail(err, KD_IO, "%s: %s (SQLite %d%s%s)", what, text, rc, code ? ", " : "", code ? strerror(code) : "");
}

/* ---- connections ------------------------------------------------------------------------------------------------- */
static void configure_sqlite(void)
{
    /* Its memory statistics cost a lock of the whole process at every allocation, and nobody reads them. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
    kd_scrub_register();
}

/* "file:" URI of a path, for the one parameter that has no flag. */
static bool immutable_uri(char *out, size_t cap, const char *path)
{
    size_t at = (size_t)snprintf(out, cap, "file:");
    for (; *path && at + 4 < cap; path++)
        at += (size_t)snprintf(out + at, cap - at, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned char)*path);
    return *path == 0 && (size_t)snprintf(out + at, cap - at, "?immutable=1") < cap - at;
}

/* A database nobody has open, in a folder we cannot write, has no WAL and cannot get one: then it cannot change either. */
static bool is_frozen(const char *path)
{
    char        side[4096];
    const char *slash = strrchr(path, '/');
    size_t      len = slash ? (size_t)(slash - path) + 1 : 0;
    if (len >= sizeof side || (size_t)snprintf(side, sizeof side, "%s-wal", path) >= sizeof side || access(side, F_OK) == 0)
        return false;
    memcpy(side, path, len);
    side[len] = '.';
    side[len + 1] = 0;
    return access(side, W_OK) != 0;
}

static kd_status set_up(kd_conn *conn, const kd_conn_options *options, kd_err *err)
{
    char text[256];
    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_busy_timeout(conn->db, KD_SQLITE_BUSY_MS);
    /* A file from elsewhere must not run code of its own in here. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    if (options->role == KD_ROLE_COPY)
        return KD_OK;
    /* No mmap: a read error would be a SIGBUS instead of a status, and every connection would map the file for itself. */
    snprintf(text, sizeof text,
             "PRAGMA mmap_size=0;PRAGMA cache_size=-%zu;PRAGMA temp_store=MEMORY;PRAGMA synchronous=FULL;PRAGMA query_only=%d;",
             options->cache_bytes / 1024 + 1, options->role == KD_ROLE_READER);
    kd_status status = kd_conn_exec(conn, text, err);
    /* What is deleted or moved is overwritten, always: it would stay in free pages otherwise, for anybody who reads the raw file. */
    if (status == KD_OK && options->role == KD_ROLE_WRITER)
        status = kd_conn_exec(conn, "PRAGMA secure_delete=ON", err);
    sqlite3_wal_autocheckpoint(conn->db, 0);
    return status;
}

kd_status kd_conn_open(kd_conn *conn, const kd_conn_options *options, kd_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char                  uri[3 * PATH_MAX];
    const char           *name = options->path;
    int                   flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;
    pthread_once(&once, configure_sqlite);
    memset(conn, 0, sizeof *conn);
    if (options->role != KD_ROLE_READER)
        flags |= SQLITE_OPEN_CREATE;
    if (options->read_only)
        flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY;
    if (options->read_only && is_frozen(options->path)) {
        if (!immutable_uri(uri, sizeof uri, options->path))
            return kd_fail(err, KD_LIMIT, "the path of the database is too long");
        name = uri;
        flags |= SQLITE_OPEN_URI;
    }
    int       rc = sqlite3_open_v2(name, &conn->db, flags, options->vfs ? options->vfs : KD_SCRUB_VFS);
    kd_status status = rc == SQLITE_OK ? set_up(conn, options, err) : kd_conn_fail(err, conn, rc, "open the database");
    if (status != KD_OK)
        kd_conn_close(conn);
    return status;
}

void kd_conn_close(kd_conn *conn)
{
    for (size_t i = 0; i < KD_SQL_COUNT; i++)
        sqlite3_finalize(conn->stmts[i]);
    sqlite3_close(conn->db);
    memset(conn, 0, sizeof *conn);
}

kd_status kd_conn_stmt(sqlite3_stmt **out, kd_conn *conn, kd_sql which, kd_err *err)
{
    if (!conn->stmts[which]) {
        int rc = sqlite3_prepare_v3(conn->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &conn->stmts[which], NULL);
        if (rc != SQLITE_OK) {
            *out = NULL;
            return kd_conn_fail(err, conn, rc, "prepare a statement");
        }
    }
    *out = conn->stmts[which];
    return KD_OK;
}

void kd_conn_done(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt); /* what it binds is overwritten before the next step, and never read before */
}

kd_status kd_conn_exec(kd_conn *conn, const char *sql, kd_err *err)
{
    int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? KD_OK : kd_conn_fail(err, conn, rc, "set up the database");
}

kd_status kd_conn_run(kd_conn *conn, sqlite3_stmt *stmt, const char *what, kd_err *err)
{
    int       rc = sqlite3_step(stmt);
    kd_status status = rc == SQLITE_DONE ? KD_OK : kd_conn_fail(err, conn, rc, what);
    kd_conn_done(stmt);
    return status;
}

kd_status kd_conn_int(int64_t *out, int64_t otherwise, kd_conn *conn, sqlite3_stmt *stmt, const char *what, kd_err *err)
{
    int       rc = sqlite3_step(stmt);
    kd_status status = KD_OK;
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? otherwise : sqlite3_column_int64(stmt, 0);
    else if (rc == SQLITE_DONE)
        *out = otherwise;
    else
        status = kd_conn_fail(err, conn, rc, what);
    kd_conn_done(stmt);
    return status;
}

kd_status kd_conn_read_begin(kd_conn *conn, kd_err *err)
{
    sqlite3_stmt *stmt;
    kd_status     status = kd_conn_stmt(&stmt, conn, KD_SQL_BEGIN_READ, err);
    return status == KD_OK ? kd_conn_run(conn, stmt, "begin to read", err) : status;
}

void kd_conn_read_end(kd_conn *conn)
{
    sqlite3_stmt *stmt;
    if (!sqlite3_get_autocommit(conn->db) && kd_conn_stmt(&stmt, conn, KD_SQL_COMMIT, NULL) == KD_OK)
        kd_conn_run(conn, stmt, "end a read", NULL); /* nothing was written: there is nothing that can be lost */
}

/* ---- values ------------------------------------------------------------------------------------------------------ */
void kd_bind_id(sqlite3_stmt *stmt, int at, const kd_id *id)
{
    sqlite3_bind_blob(stmt, at, id->b, sizeof id->b, SQLITE_STATIC);
}

void kd_bind_str(sqlite3_stmt *stmt, int at, kd_str bytes)
{
    sqlite3_bind_blob64(stmt, at, bytes.len ? bytes.ptr : "", bytes.len, SQLITE_STATIC);
}

void kd_bind_text(sqlite3_stmt *stmt, int at, kd_str text)
{
    sqlite3_bind_text64(stmt, at, text.len ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void kd_bind_limit(sqlite3_stmt *stmt, int at, size_t limit)
{
    sqlite3_bind_int64(stmt, at, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
}

kd_status kd_column_id(kd_id *out, sqlite3_stmt *stmt, int at, kd_err *err)
{
    const void *bytes = sqlite3_column_blob(stmt, at);
    if (!bytes || sqlite3_column_bytes(stmt, at) != (int)sizeof out->b)
        return kd_fail(err, KD_CORRUPT, "a stored id is not 16 bytes long");
    memcpy(out->b, bytes, sizeof out->b);
    return KD_OK;
}

kd_status kd_column_str(kd_str *out, sqlite3_stmt *stmt, int at, kd_arena *arena, kd_err *err)
{
    const void *bytes = sqlite3_column_blob(stmt, at);
    size_t      len = (size_t)sqlite3_column_bytes(stmt, at);
    *out = (kd_str){ NULL, 0 };
    if (len == 0)
        return KD_OK;
    char *copy = bytes ? kd_arena_copy(arena, bytes, len) : NULL;
    if (!copy)
        return kd_fail_memory(err);
    *out = (kd_str){ copy, len };
    return KD_OK;
}

void *kd_list_add(kd_list *list, size_t size, kd_arena *arena, kd_err *err)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 16;
        void  *items = kd_arena_array(arena, cap, size);
        if (!items) {
            kd_fail_memory(err);
            return NULL;
        }
        if (list->count)
            memcpy(items, list->items, list->count * size);
        list->items = items;
        list->cap = cap;
    }
    return (char *)list->items + list->count++ * size;
}

kd_status kd_conn_rows(kd_list *list, size_t size, kd_conn *conn, sqlite3_stmt *stmt, kd_read_row read, const char *what,
                       kd_arena *arena, kd_err *err)
{
    int       rc = SQLITE_ROW;
    kd_status status = KD_OK;
    *list = (kd_list){ 0 };
    while (status == KD_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        void *item = kd_list_add(list, size, arena, err);
        status = item ? read(item, stmt, arena, err) : KD_LIMIT;
    }
    if (status == KD_OK && rc != SQLITE_DONE)
        status = kd_conn_fail(err, conn, rc, what);
    kd_conn_done(stmt);
    if (status != KD_OK)
        *list = (kd_list){ 0 };
    return status;
}

kd_status kd_conn_row(void *item, kd_conn *conn, sqlite3_stmt *stmt, kd_read_row read, const char *what, const char *missing,
                      kd_arena *arena, kd_err *err)
{
    int       rc = sqlite3_step(stmt);
    kd_status status;
    if (rc == SQLITE_ROW)
        status = read(item, stmt, arena, err);
    else if (rc == SQLITE_DONE)
        status = kd_fail(err, KD_NOT_FOUND, "%s", missing);
    else
        status = kd_conn_fail(err, conn, rc, what);
    kd_conn_done(stmt);
    return status;
}

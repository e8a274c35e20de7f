#include "store/sqlite.h"

#include <stdio.h>

enum {
    APPLICATION_ID = 0x4b756e64, /* "Kund", in the header of the file */
    SCHEMA = 4                   /* user_version: how many of the migrations below are in the file */
};

/* Each step turns schema i into schema i + 1; a step that was ever shipped is never edited. All missing ones run in one
 * transaction. Why it looks as it does:
 *   log       a rowid table appends; its unique index is near-sorted because message ids start with their time. The body is
 *             last, so that reading facts alone does not touch it.
 *   profile   updated by rowid in the checkpoint's order; no (part, person) index, because a group is a range of rowids.
 *   doc_head  the newest version of each document, so that a node's delta does not read history.
 *   WITHOUT ROWID where the row is little more than its key. */
static const char *const migrations[SCHEMA] = {
    "CREATE TABLE shape(part_groups INTEGER NOT NULL);"
    "CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE log(at INTEGER PRIMARY KEY, id BLOB NOT NULL, person BLOB NOT NULL, time_ms INTEGER NOT NULL,"
    " received_ms INTEGER NOT NULL, kind INTEGER NOT NULL, flags INTEGER NOT NULL, prev INTEGER NOT NULL,"
    " facts BLOB NOT NULL, body BLOB NOT NULL);"
    "CREATE UNIQUE INDEX log_id ON log(id,person);"
    "CREATE TABLE profile(row INTEGER PRIMARY KEY, person BLOB NOT NULL UNIQUE, head INTEGER NOT NULL, folded INTEGER NOT NULL,"
    " key_type INTEGER NOT NULL, key BLOB NOT NULL, secret BLOB NOT NULL, state BLOB NOT NULL);"
    "CREATE TABLE consumer(part_group INTEGER NOT NULL, name TEXT NOT NULL, offset INTEGER NOT NULL,"
    " PRIMARY KEY(part_group,name)) WITHOUT ROWID;"
    "CREATE TABLE ident(type INTEGER NOT NULL, hash BLOB NOT NULL, person BLOB NOT NULL, PRIMARY KEY(type,hash)) WITHOUT ROWID;"
    "CREATE TABLE link(person BLOB NOT NULL, other BLOB NOT NULL, kind INTEGER NOT NULL, proven INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY(person,other,kind,proven)) WITHOUT ROWID;"
    "CREATE TABLE record(person BLOB NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL, time_ms INTEGER NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY(person,kind,id)) WITHOUT ROWID;"
    "CREATE TABLE doc(version INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, valid_from_ms INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE UNIQUE INDEX doc_name ON doc(kind,id,version);"
    "CREATE TABLE doc_head(number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL UNIQUE,"
    " UNIQUE(kind,id));"
    "CREATE TABLE level(row INTEGER PRIMARY KEY, variant INTEGER NOT NULL, what INTEGER NOT NULL, place INTEGER NOT NULL,"
    " value INTEGER NOT NULL, currency TEXT NOT NULL, at_ms INTEGER NOT NULL, UNIQUE(variant,what,place));"
    "CREATE TABLE level_history(variant INTEGER NOT NULL, what INTEGER NOT NULL, place INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " value INTEGER NOT NULL, currency TEXT NOT NULL, PRIMARY KEY(variant,what,place,at_ms)) WITHOUT ROWID;",

    /* A person's newest place in the log where only that moved since the profile's row was written: decisions come far more often
     * than facts, and a row of thirty bytes is written for them instead of one of a thousand. */
    "CREATE TABLE moved(person BLOB NOT NULL PRIMARY KEY, head INTEGER NOT NULL, folded INTEGER NOT NULL) WITHOUT ROWID;",

    /* Evidence remembers when it was seen last and taken back, and of which types the keys of the two are, so that who walks
     * along it need not look up a key by its person. What is proven stands first: claims of the public make no walk longer. */
    "CREATE TABLE link3(person BLOB NOT NULL, other BLOB NOT NULL, kind INTEGER NOT NULL, proven INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, event BLOB NOT NULL, last_ms INTEGER NOT NULL, back_ms INTEGER NOT NULL, person_type INTEGER NOT NULL,"
    " other_type INTEGER NOT NULL, PRIMARY KEY(person,proven DESC,other,kind)) WITHOUT ROWID;"
    "CREATE TEMP TABLE type_of(person BLOB NOT NULL PRIMARY KEY, type INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT OR IGNORE INTO type_of SELECT person,type FROM ident WHERE person IN (SELECT person FROM link);"
    "INSERT INTO link3 SELECT person,other,kind,proven,time_ms,event,time_ms,0,"
    " ifnull((SELECT type FROM type_of t WHERE t.person=link.person),0),ifnull((SELECT type FROM type_of t WHERE t.person=link.other),0)"
    " FROM link ORDER BY person,proven DESC,other,kind;"
    "DROP TABLE type_of;"
    "DROP TABLE link;"
    "ALTER TABLE link3 RENAME TO link;",

    /* Who had evidence taken back: few, and every start asks. */
    "CREATE INDEX link_back ON link(person) WHERE back_ms>0;",
};

static kd_status ask(int64_t *out, kd_conn *conn, const char *sql, kd_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int           rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    kd_status     status = rc == SQLITE_OK ? kd_conn_int(out, 0, conn, stmt, "read the database's header", err)
                                           : kd_conn_fail(err, conn, rc, "read the database's header");
    sqlite3_finalize(stmt);
    return status;
}

static kd_status migrate(kd_conn *conn, int64_t from, uint16_t groups, kd_err *err)
{
    char      text[160];
    kd_status status = kd_conn_exec(conn, "BEGIN IMMEDIATE", err);
    if (status != KD_OK)
        return status;
    for (int64_t i = from; status == KD_OK && i < SCHEMA; i++)
        status = kd_conn_exec(conn, migrations[i], err);
    if (status == KD_OK && from == 0) {
        snprintf(text, sizeof text, "PRAGMA application_id=%d;INSERT INTO shape VALUES(%u)", APPLICATION_ID, groups);
        status = kd_conn_exec(conn, text, err);
    }
    if (status == KD_OK) {
        snprintf(text, sizeof text, "PRAGMA user_version=%d;COMMIT", SCHEMA);
        status = kd_conn_exec(conn, text, err);
    }
    if (status != KD_OK)
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static kd_status make(uint16_t *groups, kd_conn *conn, kd_err *err)
{
    char text[96];
    *groups = *groups ? *groups : 1;
    /* The page size can only be set before the first page, and the journal mode outside a transaction. */
    snprintf(text, sizeof text, "PRAGMA page_size=%d;PRAGMA journal_mode=WAL", KD_SQLITE_PAGE_BYTES);
    kd_status status = kd_conn_exec(conn, text, err);
    return status == KD_OK ? migrate(conn, 0, *groups, err) : status;
}

static kd_status check_groups(uint16_t *groups, kd_conn *conn, kd_err *err)
{
    int64_t   stored = 0;
    kd_status status = ask(&stored, conn, "SELECT part_groups FROM shape", err);
    if (status != KD_OK)
        return status;
    if (stored < 1 || stored > KD_PARTS || (stored & (stored - 1)) != 0)
        return kd_fail(err, KD_CORRUPT, "the database says it has %lld groups", (long long)stored);
    if (*groups && *groups != stored)
        return kd_fail_field(err, KD_INVALID, "groups", "the database was made with %lld groups, not %u", (long long)stored, *groups);
    *groups = (uint16_t)stored;
    return KD_OK;
}

kd_status kd_schema_open(uint16_t *groups, kd_conn *conn, bool create, bool read_only, kd_err *err)
{
    int64_t   application = 0, version = 0, objects = 0;
    kd_status status = ask(&application, conn, "PRAGMA application_id", err);
    if (status == KD_OK)
        status = ask(&version, conn, "PRAGMA user_version", err);
    if (status == KD_OK)
        status = ask(&objects, conn, "SELECT count(*) FROM sqlite_master", err);
    if (status != KD_OK)
        return status;
    if (application == 0 && version == 0 && objects == 0) /* empty, or a crash came between the first page and the tables */
        return create ? make(groups, conn, err) : kd_fail(err, KD_INVALID, "the file is empty, not a Kunde database");
    if (application != APPLICATION_ID)
        return kd_fail(err, KD_INVALID, "the file is a database of another program, not a Kunde database");
    if (version > SCHEMA)
        return kd_fail(err, KD_INVALID, "the database was made by a newer version (schema %lld; this program knows %d)",
                       (long long)version, SCHEMA);
    if (version < SCHEMA && read_only)
        return kd_fail(err, KD_INVALID, "the database is of an older version (schema %lld of %d); open it once for writing",
                       (long long)version, SCHEMA);
    if (version < SCHEMA)
        status = migrate(conn, version, 0, err);
    if (status == KD_OK && !read_only)
        status = kd_conn_exec(conn, "PRAGMA journal_mode=WAL", err); /* a copy by hand may have left that mode */
    return status == KD_OK ? check_groups(groups, conn, err) : status;
}

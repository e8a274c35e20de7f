/* store/sqlite.h -- inside of the SQLite adapter: what its files share. Nobody else includes it.
 *
 *   sqlite.c         open and close, the ownership lock, the writer's turn, transactions
 *   sqlite_schema.c  tables, migrations, what kind of file this is
 *   sqlite_conn.c    a connection, its prepared statements, SQLite's errors in our words
 *   sqlite_log.c     the log, profiles, offsets
 *   sqlite_person.c  identity keys, links, records
 *   sqlite_global.c  documents, levels, meta, stats
 *   sqlite_erase.c   takes a person out for good
 *   sqlite_scrub.c   the layer over the file that leaves nothing in unused bytes
 *   sqlite_wal.c     keeps the write-ahead log bounded
 *   sqlite_care.c    backup, check
 *
 * One connection writes, in turns; every reader has its own, and the WAL's thread has one. The rowid of an event, and of a
 * profile, is group << 48 | its number in the group: a group is a range of rowids and new rows append at its end. */
#ifndef KD_STORE_SQLITE_H
#define KD_STORE_SQLITE_H
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "store/adapter.h"

enum { KD_ROW_BITS = 48, KD_SQLITE_PAGE_BYTES = 8192, KD_SQLITE_BUSY_MS = 5000 };

static inline int64_t kd_row_base(uint16_t group) { return (int64_t)group << KD_ROW_BITS; }
static inline int64_t kd_row_last(uint16_t group) { return kd_row_base(group) | ((INT64_C(1) << KD_ROW_BITS) - 1); }
static inline int64_t kd_row_number(int64_t row) { return row & ((INT64_C(1) << KD_ROW_BITS) - 1); }

/* ---- statements -------------------------------------------------------------------------------------------------- */
typedef enum kd_sql {
    KD_SQL_BEGIN, KD_SQL_BEGIN_READ, KD_SQL_COMMIT, KD_SQL_ROLLBACK,
    KD_SQL_LOG_END, KD_SQL_LOG_APPEND, KD_SQL_LOG_READ, KD_SQL_LOG_READ_FACTS, KD_SQL_LOG_AT, KD_SQL_LOG_AT_FACTS,
    KD_SQL_LOG_BY_ID, KD_SQL_LOG_HOLLOW, KD_SQL_LOG_LAWS,
    KD_SQL_PROFILE_END, KD_SQL_PROFILE_NEW, KD_SQL_PROFILE_PUT, KD_SQL_PROFILE_MOVE, KD_SQL_PROFILE_ROW, KD_SQL_PROFILE_GET, KD_SQL_PROFILE_SCAN,
    KD_SQL_PROFILE_LAWS,
    KD_SQL_OFFSET_PUT, KD_SQL_OFFSET_GET,
    KD_SQL_KEY_PUT, KD_SQL_KEY_GET, KD_SQL_LINK_PUT, KD_SQL_LINKS, KD_SQL_EVIDENCE, KD_SQL_TAKEN_BACK,
    KD_SQL_SECRET_PUT,
    KD_SQL_RECORD_PUT, KD_SQL_RECORD_DELETE, KD_SQL_RECORDS,
    KD_SQL_DOC_LAST, KD_SQL_DOC_NEWEST, KD_SQL_DOC_PUT, KD_SQL_DOC_HEAD_PUT, KD_SQL_DOC_GET, KD_SQL_DOC_SCAN, KD_SQL_DOC_HISTORY,
    KD_SQL_DOC_COUNT, KD_SQL_DOC_LAWS,
    KD_SQL_LEVEL_NEWEST, KD_SQL_LEVEL_PUT, KD_SQL_LEVEL_HISTORY_PUT, KD_SQL_LEVEL_SCAN, KD_SQL_LEVEL_HISTORY,
    KD_SQL_LOG_BACK, KD_SQL_LOG_ERASE, KD_SQL_LOG_ERASED, KD_SQL_ERASED_PUT, KD_SQL_ERASED_GET,
    KD_SQL_KEY_SCAN, KD_SQL_KEY_DELETE, KD_SQL_RECORDS_ERASE, KD_SQL_LINKS_ERASE, KD_SQL_LINK_ERASE, KD_SQL_PROFILE_ERASE, KD_SQL_MOVED_ERASE,
    KD_SQL_META_PUT, KD_SQL_META_GET, KD_SQL_PAGES,
    KD_SQL_COUNT
} kd_sql;

/* ---- a connection ------------------------------------------------------------------------------------------------ */
typedef struct kd_conn {
    sqlite3      *db;
    sqlite3_stmt *stmts[KD_SQL_COUNT]; /* prepared when first used, for the life of the connection */
} kd_conn;

typedef enum kd_role {
    KD_ROLE_WRITER, /* makes the file when it is not there */
    KD_ROLE_READER, /* on a file that this process owns, or another one */
    KD_ROLE_COPY    /* a new file, the target of a backup */
} kd_role;

typedef struct kd_conn_options {
    const char *path, *vfs;
    kd_role     role;
    bool        read_only;  /* the whole handle: takes no lock that needs a writable file */
    size_t      cache_bytes;
} kd_conn_options;

kd_status kd_conn_open(kd_conn *conn, const kd_conn_options *options, kd_err *err);
void      kd_conn_close(kd_conn *conn);
/* Borrowed until kd_conn_done (which takes NULL too). */
kd_status kd_conn_stmt(sqlite3_stmt **out, kd_conn *conn, kd_sql which, kd_err *err);
void      kd_conn_done(sqlite3_stmt *stmt);
kd_status kd_conn_exec(kd_conn *conn, const char *sql, kd_err *err);
/* Run a statement that gives no rows; resets it. */
kd_status kd_conn_run(kd_conn *conn, sqlite3_stmt *stmt, const char *what, kd_err *err);
/* One integer of one row; `otherwise` when there is no row or it is NULL. Resets. */
kd_status kd_conn_int(int64_t *out, int64_t otherwise, kd_conn *conn, sqlite3_stmt *stmt, const char *what, kd_err *err);
/* SQLite's result code in our words. */
kd_status kd_conn_fail(kd_err *err, const kd_conn *conn, int rc, const char *what);
/* A read transaction over several statements; begin, then end whatever happened. */
kd_status kd_conn_read_begin(kd_conn *conn, kd_err *err);
void      kd_conn_read_end(kd_conn *conn);

/* Binding and reading columns: binds borrow until the step, columns are copied to the arena. */
void      kd_bind_id(sqlite3_stmt *stmt, int at, const kd_id *id);
void      kd_bind_str(sqlite3_stmt *stmt, int at, kd_str bytes); /* as a BLOB, never NULL */
void      kd_bind_text(sqlite3_stmt *stmt, int at, kd_str text);
void      kd_bind_limit(sqlite3_stmt *stmt, int at, size_t limit);
kd_status kd_column_id(kd_id *out, sqlite3_stmt *stmt, int at, kd_err *err);
kd_status kd_column_str(kd_str *out, sqlite3_stmt *stmt, int at, kd_arena *arena, kd_err *err);

/* Every row of a bound statement as an item of `size` bytes in the arena: *items and *count on KD_OK, else NULL and 0. Resets. */
typedef kd_status (*kd_read_row)(void *item, sqlite3_stmt *stmt, kd_arena *arena, kd_err *err);
typedef struct kd_list { void *items; size_t count, cap; } kd_list;
void     *kd_list_add(kd_list *list, size_t size, kd_arena *arena, kd_err *err); /* zero-filled; NULL: over the cap */
kd_status kd_conn_rows(kd_list *list, size_t size, kd_conn *conn, sqlite3_stmt *stmt, kd_read_row read, const char *what,
                       kd_arena *arena, kd_err *err);
/* The one row of a bound statement; KD_NOT_FOUND with `missing`. Resets. */
kd_status kd_conn_row(void *item, kd_conn *conn, sqlite3_stmt *stmt, kd_read_row read, const char *what, const char *missing,
                      kd_arena *arena, kd_err *err);

/* ---- the store --------------------------------------------------------------------------------------------------- */
typedef struct kd_turn { /* a lock that serves in the order of asking, so that ingest and checkpoint alternate */
    pthread_mutex_t lock;
    pthread_cond_t  moved;
    uint64_t        next, serving;
    bool            held;
    pthread_t       owner; /* while held */
} kd_turn;

typedef struct kd_ends { int64_t log, profile; } kd_ends; /* last row number of a group; -1: look it up */

typedef struct kd_sqlite kd_sqlite;
typedef struct kd_sqlite_txn {
    kd_txn     base;
    kd_ends    ends; /* as this transaction sees them */
} kd_sqlite_txn;

typedef struct kd_wal { /* sqlite_wal.c */
    pthread_t       thread;
    bool            started;
    pthread_mutex_t lock;      /* of stop and wanted */
    pthread_cond_t  wake;
    bool            stop, wanted;
    pthread_mutex_t copying;   /* held for a checkpoint: of failing */
    bool            failing;
    kd_conn         conn;      /* the thread's own */
    size_t          bytes_max;
    atomic_size_t   bytes;     /* of the WAL in use */
    size_t          asked_at;  /* `bytes` when the thread was last woken or a restart last tried; the turn holder's */
} kd_wal;

struct kd_sqlite {
    kd_store      base;
    char         *vfs;
    size_t        reader_cache_bytes;
    bool          read_only;
    int           lock_fd;
    kd_turn       turn;
    kd_conn       writer;      /* its turn holder's */
    kd_sqlite_txn txn;         /* likewise */
    kd_ends      *ends;        /* per group; likewise */
    kd_wal        wal;
    int64_t       erased_from_ms; /* persons made before it are not asked about erased events; INT64_MAX: nothing was erased. The turn holder's */
    atomic_ullong commits, commit_us;
};

typedef struct kd_sqlite_reader {
    kd_reader base;
    kd_conn   conn;
} kd_sqlite_reader;

static inline kd_sqlite *kd_sqlite_of(kd_store *store) { return (kd_sqlite *)store; }
static inline kd_conn *kd_conn_of_reader(kd_reader *reader) { return &((kd_sqlite_reader *)reader)->conn; }
static inline kd_conn *kd_conn_of_txn(kd_txn *txn) { return &kd_sqlite_of(txn->store)->writer; }

/* The writer's turn. KD_INVALID when this thread has it already: it would wait for itself. */
kd_status kd_sqlite_enter(kd_sqlite *store, kd_err *err);
void      kd_sqlite_leave(kd_sqlite *store);
/* Run `body` as one transaction on the writer's connection. */
kd_status kd_sqlite_write(kd_sqlite *store, kd_status (*body)(kd_conn *conn, void *arg, kd_err *err), void *arg, kd_err *err);

/* Look at the file behind a fresh connection: make the tables (`create`), migrate an older one, refuse what is not ours.
 * `*groups` enters as asked for (0: any) and leaves as it is. */
kd_status kd_schema_open(uint16_t *groups, kd_conn *conn, bool create, bool read_only, kd_err *err);

kd_status kd_wal_start(kd_sqlite *store, size_t bytes_max, kd_err *err);
void      kd_wal_care(kd_sqlite *store); /* by the turn's holder, after each commit */
void      kd_wal_stop(kd_sqlite *store);

#define KD_SCRUB_VFS "kunde"
void      kd_scrub_register(void); /* once a process, after SQLite is configured */
void      kd_scrub_page(uint8_t *page, unsigned size, bool first); /* for its test */

/* ---- operations, by file ------------------------------------------------------------------------------------------- */
kd_status kd_sqlite_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err);
kd_status kd_sqlite_hollow(kd_txn *txn, uint16_t kind, int64_t before_ms, int64_t *cursor, size_t limit, size_t *hollowed, kd_err *err);
kd_status kd_sqlite_keys_of(kd_key_row **rows, size_t *count, bool *more, kd_reader *reader, const kd_id *persons, size_t person_count,
                            kd_key *cursor, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_keys_unlink(kd_store *store, const kd_key_row *rows, size_t count, kd_err *err);
kd_status kd_sqlite_chain_erase(kd_txn *txn, kd_id person, int64_t at_ms, int64_t *offset, size_t limit, size_t *erased, kd_err *err);
kd_status kd_sqlite_person_erase(kd_txn *txn, kd_id person, kd_erased *out, kd_err *err);
kd_status kd_sqlite_link_erase(kd_txn *txn, kd_id person, kd_id other, size_t *erased, kd_err *err);
kd_status kd_sqlite_sweep(kd_store *store, kd_err *err);
kd_status kd_sqlite_erased_load(kd_sqlite *store, kd_err *err);                                   /* when the store opens */
kd_status kd_sqlite_is_erased(bool *erased, kd_txn *txn, const kd_event *event, kd_err *err);     /* before it is appended */
kd_status kd_sqlite_secrets_put(kd_txn *txn, const kd_secret_change *changes, size_t count, kd_err *err);
kd_status kd_sqlite_persons_put(kd_txn *txn, const kd_profile_row *rows, size_t count, kd_err *err);
kd_status kd_sqlite_profiles_put(kd_txn *txn, kd_profile_row *rows, size_t count, kd_err *err);
kd_status kd_sqlite_offset_put(kd_txn *txn, const char *consumer, int64_t offset, kd_err *err);
kd_status kd_sqlite_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit,
                        bool with_body, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_chain(kd_event **events, size_t *count, kd_reader *reader, kd_id person, int64_t head, size_t limit,
                          bool with_body, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_event(kd_event *event, kd_reader *reader, kd_id person, kd_id id, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_log_end(int64_t *offset, kd_reader *reader, uint16_t group, kd_err *err);
kd_status kd_sqlite_offset(int64_t *offset, kd_reader *reader, uint16_t group, const char *consumer, kd_err *err);
kd_status kd_sqlite_profiles(kd_profile_row *rows, kd_reader *reader, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_profile_scan(kd_profile_row **rows, size_t *count, kd_reader *reader, uint16_t group, int64_t *cursor,
                                 size_t limit, kd_arena *arena, kd_err *err);
/* The last row number of a group in the log (KD_SQL_LOG_END) or among profiles (KD_SQL_PROFILE_END). */
kd_status kd_sqlite_end(int64_t *number, kd_conn *conn, kd_sql which, uint16_t group, kd_err *err);

kd_status kd_sqlite_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err);
kd_status kd_sqlite_keys(kd_id *persons, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err);
kd_status kd_sqlite_links_put(kd_txn *txn, const kd_link *links, size_t count, kd_err *err);
kd_status kd_sqlite_links(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_taken_back(kd_id **persons, size_t *count, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_evidence(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err);
kd_status kd_sqlite_record_delete(kd_txn *txn, kd_id person, kd_str kind, kd_id id, kd_err *err);
kd_status kd_sqlite_records(kd_record **records, size_t *count, kd_reader *reader, kd_id person, kd_str kind, kd_id after,
                            size_t limit, kd_arena *arena, kd_err *err);

kd_status kd_sqlite_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err);
kd_status kd_sqlite_docs(kd_doc **docs, size_t *count, kd_reader *reader, uint64_t after, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_doc(kd_doc *doc, kd_reader *reader, kd_str kind, kd_str id, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_doc_history(kd_doc **docs, size_t *count, kd_reader *reader, kd_str kind, kd_str id, size_t limit,
                                kd_arena *arena, kd_err *err);
kd_status kd_sqlite_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err);
kd_status kd_sqlite_levels(kd_level **levels, size_t *count, kd_reader *reader, int64_t *cursor, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_level_history(kd_level **levels, size_t *count, kd_reader *reader, kd_ref variant, uint8_t what, kd_ref place,
                                  int64_t from_ms, int64_t to_ms, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_meta_put(kd_store *store, const char *name, kd_str value, kd_err *err);
kd_status kd_sqlite_meta(kd_str *value, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err);
kd_status kd_sqlite_stats(kd_store_stats *stats, kd_reader *reader, kd_err *err);

kd_status kd_sqlite_backup(kd_store *store, const char *to_path, kd_store_progress progress, void *self, kd_err *err);
kd_status kd_sqlite_check(kd_reader *reader, kd_store_say say, void *self, kd_err *err);
#endif

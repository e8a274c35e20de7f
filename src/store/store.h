/* store/store.h -- the port to whatever keeps Kunde's data; the only door to a database.
 *
 * Person-scoped data (log, profiles, records, links) is written in a transaction bound to one partition group: a person
 * belongs to part kd_part(person) of 1024, a group is a run of parts, and every call refuses a person of another group
 * (KD_INVALID). On one SQLite file there is one group; the tests run sixteen as well, so that the same callers run on a
 * sharded database, where one transaction is one shard. Small global data (documents, levels, keys) has calls of its own.
 * No time, randomness or default is made in here: all are arguments.
 *
 * Threads: a kd_store is shared; write calls of any thread queue behind one another. A kd_reader and a kd_txn belong to
 * one thread. No read lasts longer than its call, so that the write-ahead log stays bounded; scans go by cursor.
 * Ownership: bytes handed in are borrowed for the call; bytes handed out are owned by the arena given. */
#ifndef KD_STORE_STORE_H
#define KD_STORE_STORE_H
#include "base/arena.h"
#include "base/id.h"
#include "base/money.h"
#include "base/status.h"
#include "base/string.h"

typedef struct kd_store  kd_store;
typedef struct kd_reader kd_reader;
typedef struct kd_txn    kd_txn;

/* ---- open ---------------------------------------------------------------------------------------------------- */
typedef struct kd_store_options {
    const char *path;         /* the database file; "<path>.lock", "<path>.blobs/" stand beside it */
    uint16_t    groups;       /* 1..1024, a power of two; fixed when the database is made; 0: as it is (1 for a new one) */
    bool        create;       /* make it when it is not there */
    bool        read_only;    /* no lock, no migration: for a training child; writes are KD_DENIED */
    size_t      cache_bytes;  /* page cache of the writer; 0: 16 MiB. A reader, of which there are many, takes at most 8 MiB */
    size_t      wal_bytes_max;/* the WAL begins anew when it has grown past this, and is no longer than this and one transaction; 0: 256 MiB */
    const char *vfs;          /* SQLite VFS by name, for tests; NULL: the default */
} kd_store_options;

/* KD_CONFLICT: another process owns the database (the message names its pid). KD_INVALID: not a Kunde database, or made by
 * a newer version (the message says which). KD_NOT_FOUND: there is none, and `create` is false. KD_DENIED: the file or its
 * folder cannot be written. Older ones are migrated forward in one transaction. */
kd_status kd_store_open(kd_store **out, const kd_store_options *options, kd_err *err);
void      kd_store_close(kd_store *store); /* every reader closed before */
uint16_t  kd_store_groups(const kd_store *store);
uint16_t  kd_store_group_of(const kd_store *store, kd_id person);
const char *kd_store_path(const kd_store *store);

kd_status kd_reader_open(kd_reader **out, kd_store *store, kd_err *err);
void      kd_reader_close(kd_reader *reader);

/* ---- transactions of one group ------------------------------------------------------------------------------- */
/* Waits for its turn among all writers of the store, first come first served; a thread has at most one open, and makes no
 * other write call meanwhile (KD_INVALID). Once a call of a transaction has failed, the transaction can only roll back:
 * later calls and the commit repeat that failure. */
kd_status kd_txn_begin(kd_txn **out, kd_store *store, uint16_t group, kd_err *err);
/* Durable when it returns KD_OK. KD_RETRY: nothing happened, run the transaction again. KD_UNKNOWN: it may or may not have
 * happened; read the log and run it again (every call here is idempotent). The transaction is over in every case. */
kd_status kd_txn_commit(kd_txn *txn, kd_err *err);
void      kd_txn_rollback(kd_txn *txn); /* NULL is fine */

/* ---- the log ------------------------------------------------------------------------------------------------- */
enum {
    KD_EVENT_SEALED  = 1, /* body is sealed with the person's data key */
    KD_EVENT_CLAIMED = 2, /* came by a public write key alone */
    KD_EVENT_TRAITS  = 4, /* facts hold traits or identities, sealed, that the fold wants */
    KD_EVENT_HOLLOW  = 8, /* its content passed its retention and is gone; the row keeps chain and deduplication */
    KD_EVENT_ERASED  = 16 /* hollow because its person was erased: no event of this id is stored again, whoever it is said to be of */
};
typedef struct kd_event {
    kd_id    id;          /* of the message; unique with `person` */
    kd_id    person;      /* nil: of nobody (a decision for a visitor never seen) */
    int64_t  time_ms;     /* when it happened, corrected for the sender's clock */
    int64_t  received_ms;
    uint16_t kind;        /* customer/fact.h */
    uint16_t flags;
    int64_t  offset;      /* its place in its group's log, from 1, without meaning beyond order; set by the store */
    int64_t  prev;        /* offset of the same person's previous event; 0: none; set by the store */
    kd_str   facts;       /* compact, nothing identifying in it (customer/fact.h) */
    kd_str   body;        /* as the sender wrote it */
} kd_event;

typedef enum kd_append { KD_APPEND_STORED = 1, KD_APPEND_DUPLICATE = 2 } kd_append;

/* Append in the order given. `slots[i]` says which of `heads` belongs to events[i].person: heads[] enters as the offset of
 * the newest event of each person and leaves as the new one (restore it yourself when the transaction fails). Sets
 * events[i].offset and .prev of stored ones, results[i] of all. */
kd_status kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results,
                        kd_err *err);
/* Take the content (facts, body) out of events of `kind` received before `before_ms`, looking at `limit` rows after
 * *cursor, which moves; *hollowed counts. A run is over when *cursor no longer moves. */
kd_status kd_txn_hollow(kd_txn *txn, uint16_t kind, int64_t before_ms, int64_t *cursor, size_t limit, size_t *hollowed, kd_err *err);

/* Events of a group after `after`, in order, at most `limit`; *count 0 at the end. Gapless: what is committed later has
 * greater offsets. `with_body` false leaves body empty. */
kd_status kd_reader_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit,
                        bool with_body, kd_arena *arena, kd_err *err);
/* Newest first along the chain of one person, from offset `head` (inclusive; 0 gives none), at most `limit`. KD_CORRUPT:
 * an offset on the way is not an event of this person. */
kd_status kd_reader_chain(kd_event **events, size_t *count, kd_reader *reader, kd_id person, int64_t head, size_t limit,
                          bool with_body, kd_arena *arena, kd_err *err);
kd_status kd_reader_event(kd_event *event, kd_reader *reader, kd_id person, kd_id id, kd_arena *arena, kd_err *err); /* KD_NOT_FOUND */
kd_status kd_reader_log_end(int64_t *offset, kd_reader *reader, uint16_t group, kd_err *err); /* newest offset, 0 when empty */

/* ---- profiles and their checkpoint ---------------------------------------------------------------------------- */
typedef struct kd_profile_row {
    kd_id   person;
    int64_t row;     /* the adapter's shortcut to the row; 0 when not known */
    int64_t head;    /* newest event of the person */
    int64_t folded;  /* log offset up to which `state` holds this person's events */
    uint8_t key_type;/* which identity key made the person (customer/identity.h) */
    uint8_t key[16]; /* its keyed hash */
    kd_str  secret;  /* the person's data key, wrapped by the master key */
    kd_str  state;   /* sealed profile; empty: nothing folded yet */
    bool    moved;   /* to be written: head and folded alone, since nothing between was folded into `state` */
    bool    anew;    /* to be written: over a state of an earlier version, however far that was folded */
} kd_profile_row;

/* New persons (person, key, secret), in the same transaction as their first events. Known ones are left as they are. */
kd_status kd_txn_persons_put(kd_txn *txn, const kd_profile_row *rows, size_t count, kd_err *err);
/* Write head, folded and state of known persons, sorted by the caller's best key; a row that is already folded further is
 * left alone. Sets rows[i].row. KD_NOT_FOUND: there is no such person. A row that is only `moved` is not looked up: its row
 * number stays, and for a person that is not there nothing can be read. */
kd_status kd_txn_profiles_put(kd_txn *txn, kd_profile_row *rows, size_t count, kd_err *err);
/* Up to which offset `consumer` has taken this group's log into account. */
kd_status kd_txn_offset_put(kd_txn *txn, const char *consumer, int64_t offset, kd_err *err);
kd_status kd_reader_offset(int64_t *offset, kd_reader *reader, uint16_t group, const char *consumer, kd_err *err); /* 0 when none */
/* rows[i] of persons[i]; a person that is not there gets a nil person. */
kd_status kd_reader_profiles(kd_profile_row *rows, kd_reader *reader, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err);
/* The next `limit` rows of a group after *cursor (start at 0), which moves; *count 0 at the end. */
kd_status kd_reader_profile_scan(kd_profile_row **rows, size_t *count, kd_reader *reader, uint16_t group, int64_t *cursor,
                                 size_t limit, kd_arena *arena, kd_err *err);

/* ---- identity keys, and links between persons ----------------------------------------------------------------- */
typedef struct kd_key { uint8_t type; uint8_t hash[16]; } kd_key; /* keyed hash of type and normalised value */
/* In one transaction of its own: keys[i] gets persons[i] unless it has one; persons[i] leaves as the winner. */
kd_status kd_store_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err);
/* persons[i] of keys[i]; nil when unknown. */
kd_status kd_reader_keys(kd_id *persons, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err);

typedef struct kd_link {  /* evidence that two persons are one; stored in the partition of `person` */
    kd_id   person, other;
    uint8_t kind;         /* customer/identity.h: login, alias, order, ... */
    bool    proven;
    int64_t time_ms;      /* first seen; INT64_MAX: never, it was only taken back */
    kd_id   event;        /* what said so */
    int64_t last_ms;      /* last seen; 0 when put: as time_ms */
    int64_t taken_back_ms;/* evidence not newer than this counts no more; 0: never taken back */
    uint8_t person_type, other_type; /* of which type the keys of the two are; 0: not known */
} kd_link;
static inline bool kd_link_active(const kd_link *link) { return link->taken_back_ms == 0 || link->last_ms > link->taken_back_ms; }
/* One per (person, other, kind, proven); the earliest (time, event), the newest last_ms and taken_back_ms stay, in whatever order
 * they come. */
kd_status kd_txn_links_put(kd_txn *txn, const kd_link *links, size_t count, kd_err *err);
/* All rows of a person, what is proven first, then ascending by (other, kind); at most `limit`. */
kd_status kd_reader_links(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err);
/* Of them what is proven and not taken back, ascending by (other, kind), at most `limit`: half a million links on one key cost
 * no more than that. */
kd_status kd_reader_evidence(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err);
/* Persons with evidence that was taken back, ascending after `after`, at most `limit`. */
kd_status kd_reader_taken_back(kd_id **persons, size_t *count, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err);

/* ---- records: what else a person, or nobody (nil), has ---------------------------------------------------------- */
typedef struct kd_record {
    kd_id   person;
    kd_str  kind;    /* "quarantine", "job", ... */
    kd_id   id;      /* not nil */
    int64_t time_ms;
    kd_str  body;    /* JSON, sealed by the caller where it identifies */
} kd_record;
kd_status kd_txn_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err); /* by (person, kind, id), last wins */
kd_status kd_txn_record_delete(kd_txn *txn, kd_id person, kd_str kind, kd_id id, kd_err *err);
/* Records of a person and kind with id > after (nil: from the first), ascending by id, at most `limit`. */
kd_status kd_reader_records(kd_record **records, size_t *count, kd_reader *reader, kd_id person, kd_str kind, kd_id after,
                            size_t limit, kd_arena *arena, kd_err *err);

/* ---- documents: small global things with versions ---------------------------------------------------------------- */
typedef struct kd_doc {
    kd_str   kind, id;      /* "product", "place", "content", "placement", "source", "key", ... */
    uint64_t version;       /* one counter for all documents; set by the store */
    int64_t  valid_from_ms;
    bool     deleted;
    kd_str   body;          /* JSON */
} kd_doc;
/* Append new versions in one transaction. A body equal to the newest version's is not appended again: its version stays. */
kd_status kd_store_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err);
/* The newest version of each document whose newest version is > after, ascending by version, at most `limit`. */
kd_status kd_reader_docs(kd_doc **docs, size_t *count, kd_reader *reader, uint64_t after, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_reader_doc(kd_doc *doc, kd_reader *reader, kd_str kind, kd_str id, kd_arena *arena, kd_err *err); /* newest; KD_NOT_FOUND */
kd_status kd_reader_doc_history(kd_doc **docs, size_t *count, kd_reader *reader, kd_str kind, kd_str id, size_t limit,
                                kd_arena *arena, kd_err *err); /* newest first */

/* ---- levels: stock and price, outside the documents --------------------------------------------------------------- */
typedef enum kd_level_what { KD_LEVEL_STOCK = 1, KD_LEVEL_PRICE = 2, KD_LEVEL_SALE_PRICE = 3 } kd_level_what;
typedef struct kd_level {
    kd_ref      variant;
    kd_ref      place;     /* stock: the place; price: the site; 0: the default one */
    uint8_t     what;
    int64_t     value;     /* stock: units; price: micro (base/money.h) */
    kd_currency currency;  /* price only */
    int64_t     at_ms;
} kd_level;
/* Set the level and keep the old value as history; a value equal to the newest changes nothing; an at_ms older than the
 * newest goes to the history only. */
kd_status kd_store_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err);
/* Newest values, all, by cursor (start at 0). */
kd_status kd_reader_levels(kd_level **levels, size_t *count, kd_reader *reader, int64_t *cursor, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_reader_level_history(kd_level **levels, size_t *count, kd_reader *reader, kd_ref variant, uint8_t what, kd_ref place,
                                  int64_t from_ms, int64_t to_ms, kd_arena *arena, kd_err *err); /* ascending; includes the value in force at from_ms */

/* ---- erasing a person ------------------------------------------------------------------------------------------------- */
/* What is deleted, here and by every other call, is overwritten in the file. Every call may be repeated. Nothing here knows
 * an order of steps: trust/erase.h does. */
typedef struct kd_key_row { kd_key key; kd_id person; } kd_key_row;
typedef struct kd_erased { size_t profiles, records, links; } kd_erased;
/* The keys of `persons` among the next `limit` keys after *cursor (all zero at first), which moves; *more false at the end. */
kd_status kd_reader_keys_of(kd_key_row **rows, size_t *count, bool *more, kd_reader *reader, const kd_id *persons, size_t person_count,
                            kd_key *cursor, size_t limit, kd_arena *arena, kd_err *err);
/* In one transaction of its own: keys that are still those persons' become nobody's. */
kd_status kd_store_keys_unlink(kd_store *store, const kd_key_row *rows, size_t count, kd_err *err);
/* Take the content out of at most `limit` events of the chain that begins at *offset, which moves back; 0: all are done.
 * *erased counts those that had content. From now on append takes an event of such an id for known (KD_APPEND_DUPLICATE) also
 * when it is of a person made at `at_ms` or later: what was erased does not come back under a new name. An adapter whose
 * groups are machines of their own may hold to this within a group only. */
kd_status kd_txn_chain_erase(kd_txn *txn, kd_id person, int64_t at_ms, int64_t *offset, size_t limit, size_t *erased, kd_err *err);
/* Its profile with the wrapped data key, its records except those of kind "tombstone", its links. Adds to *out. */
kd_status kd_txn_person_erase(kd_txn *txn, kd_id person, kd_erased *out, kd_err *err);
/* All links from `person` to `other`: the other half of links, in the partition of another person. */
kd_status kd_txn_link_erase(kd_txn *txn, kd_id person, kd_id other, size_t *erased, kd_err *err);
/* Bring home what is committed, cut the write-ahead log to nothing, forget cached pages: after it, what was erased before is in
 * no file of the store but its blobs. KD_RETRY: readers were inside their calls for a whole second. */
kd_status kd_store_sweep(kd_store *store, kd_err *err);

/* ---- the rest ----------------------------------------------------------------------------------------------------- */
kd_status kd_store_meta_put(kd_store *store, const char *name, kd_str value, kd_err *err);
kd_status kd_reader_meta(kd_str *value, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err); /* KD_NOT_FOUND */

/* Large and immutable things in files named by their SHA-256, written beside and renamed, fsynced. */
typedef struct kd_sha { uint8_t b[32]; } kd_sha;
kd_status kd_store_blob_put(kd_sha *sha, kd_store *store, const void *bytes, size_t len, kd_err *err);
kd_status kd_store_blob_path(char out[4096], const kd_store *store, kd_sha sha, kd_err *err); /* KD_NOT_FOUND */
kd_status kd_store_blob_delete(kd_store *store, kd_sha sha, kd_err *err);
void      kd_sha_format(char out[65], kd_sha sha);
bool      kd_sha_parse(kd_sha *out, kd_str hex);

typedef struct kd_store_stats {
    uint64_t file_bytes, wal_bytes, events, persons, documents, commits, commit_us_total;
} kd_store_stats;
kd_status kd_reader_stats(kd_store_stats *stats, kd_reader *reader, kd_err *err); /* cheap: no full scan */

/* A consistent copy while everything goes on, verified; blobs too. Never over a file that is there (KD_CONFLICT).
 * `progress` (may be NULL) gets done and total pages. */
kd_status kd_store_backup(kd_store *store, const char *to_path, void (*progress)(void *self, uint64_t done, uint64_t total),
                          void *self, kd_err *err);
/* Check the file and the laws of this port (chains lead back, heads exist, offsets ascend); one call of `say` per finding,
 * `ok` false for a fault. */
kd_status kd_store_check(kd_reader *reader, void (*say)(void *self, bool ok, const char *line), void *self, kd_err *err);
#endif

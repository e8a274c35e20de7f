/* store/adapter.h -- what an adapter of the store port must provide. For adapters and their tests only.
 *
 * store.c owns the public functions: it checks arguments, groups, read-only handles and handles carried over a fork, in one
 * place, and hands on what is left. An adapter embeds the three structs below as the first member of its own and fills
 * one table of operations; it may trust what reaches it. The fault-injecting adapter of the tests wraps another store in
 * the same way. */
#ifndef KD_STORE_ADAPTER_H
#define KD_STORE_ADAPTER_H
#include "store/secret.h"
#include "store/store.h"

typedef void (*kd_store_progress)(void *self, uint64_t done, uint64_t total);
typedef void (*kd_store_say)(void *self, bool ok, const char *line);

/* Each stands for the public function of the same name, under the same contract. */
typedef struct kd_store_ops {
    void      (*close)(kd_store *store);
    kd_status (*reader_open)(kd_reader **out, kd_store *store, kd_err *err);
    void      (*reader_close)(kd_reader *reader);
    kd_status (*txn_begin)(kd_txn **out, kd_store *store, uint16_t group, kd_err *err);
    kd_status (*txn_commit)(kd_txn *txn, kd_err *err); /* never called on a transaction with a failed call */
    void      (*txn_rollback)(kd_txn *txn);

    kd_status (*append)(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results,
                        kd_err *err);
    kd_status (*hollow)(kd_txn *txn, uint16_t kind, int64_t before_ms, int64_t *cursor, size_t limit, size_t *hollowed, kd_err *err);
    kd_status (*chain_erase)(kd_txn *txn, kd_id person, int64_t at_ms, int64_t *offset, size_t limit, size_t *erased, kd_err *err);
    kd_status (*person_erase)(kd_txn *txn, kd_id person, kd_erased *out, kd_err *err);
    kd_status (*link_erase)(kd_txn *txn, kd_id person, kd_id other, size_t *erased, kd_err *err);
    kd_status (*persons_put)(kd_txn *txn, const kd_profile_row *rows, size_t count, kd_err *err);
    kd_status (*secrets_put)(kd_txn *txn, const kd_secret_change *changes, size_t count, kd_err *err);
    kd_status (*profiles_put)(kd_txn *txn, kd_profile_row *rows, size_t count, kd_err *err);
    kd_status (*offset_put)(kd_txn *txn, const char *consumer, int64_t offset, kd_err *err);
    kd_status (*links_put)(kd_txn *txn, const kd_link *links, size_t count, kd_err *err);
    kd_status (*records_put)(kd_txn *txn, const kd_record *records, size_t count, kd_err *err);
    kd_status (*record_delete)(kd_txn *txn, kd_id person, kd_str kind, kd_id id, kd_err *err);

    kd_status (*log)(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit, bool with_body,
                     kd_arena *arena, kd_err *err);
    kd_status (*chain)(kd_event **events, size_t *count, kd_reader *reader, kd_id person, int64_t head, size_t limit, bool with_body,
                       kd_arena *arena, kd_err *err);
    kd_status (*event)(kd_event *event, kd_reader *reader, kd_id person, kd_id id, kd_arena *arena, kd_err *err);
    kd_status (*log_end)(int64_t *offset, kd_reader *reader, uint16_t group, kd_err *err);
    kd_status (*offset)(int64_t *offset, kd_reader *reader, uint16_t group, const char *consumer, kd_err *err);
    kd_status (*profiles)(kd_profile_row *rows, kd_reader *reader, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err);
    kd_status (*profile_scan)(kd_profile_row **rows, size_t *count, kd_reader *reader, uint16_t group, int64_t *cursor, size_t limit,
                              kd_arena *arena, kd_err *err);
    kd_status (*keys)(kd_id *persons, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err);
    kd_status (*keys_of)(kd_key_row **rows, size_t *count, bool *more, kd_reader *reader, const kd_id *persons, size_t person_count,
                         kd_key *cursor, size_t limit, kd_arena *arena, kd_err *err);
    kd_status (*links)(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err);
    kd_status (*taken_back)(kd_id **persons, size_t *count, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err);
    kd_status (*evidence)(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err);
    kd_status (*records)(kd_record **records, size_t *count, kd_reader *reader, kd_id person, kd_str kind, kd_id after, size_t limit,
                         kd_arena *arena, kd_err *err);
    kd_status (*docs)(kd_doc **docs, size_t *count, kd_reader *reader, uint64_t after, size_t limit, kd_arena *arena, kd_err *err);
    kd_status (*doc)(kd_doc *doc, kd_reader *reader, kd_str kind, kd_str id, kd_arena *arena, kd_err *err);
    kd_status (*doc_history)(kd_doc **docs, size_t *count, kd_reader *reader, kd_str kind, kd_str id, size_t limit, kd_arena *arena,
                             kd_err *err);
    kd_status (*levels)(kd_level **levels, size_t *count, kd_reader *reader, int64_t *cursor, size_t limit, kd_arena *arena, kd_err *err);
    kd_status (*level_history)(kd_level **levels, size_t *count, kd_reader *reader, kd_ref variant, uint8_t what, kd_ref place,
                               int64_t from_ms, int64_t to_ms, kd_arena *arena, kd_err *err);
    kd_status (*meta)(kd_str *value, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err);
    kd_status (*stats)(kd_store_stats *stats, kd_reader *reader, kd_err *err);
    kd_status (*check)(kd_reader *reader, kd_store_say say, void *self, kd_err *err);

    kd_status (*keys_link)(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err);
    kd_status (*keys_unlink)(kd_store *store, const kd_key_row *rows, size_t count, kd_err *err);
    kd_status (*sweep)(kd_store *store, kd_err *err);
    kd_status (*docs_put)(kd_store *store, kd_doc *docs, size_t count, kd_err *err);
    kd_status (*levels_put)(kd_store *store, const kd_level *levels, size_t count, kd_err *err);
    kd_status (*meta_put)(kd_store *store, const char *name, kd_str value, kd_err *err);
    kd_status (*blob_put)(kd_sha *sha, kd_store *store, const void *bytes, size_t len, kd_err *err);
    kd_status (*blob_path)(char out[4096], const kd_store *store, kd_sha sha, kd_err *err);
    kd_status (*blob_delete)(kd_store *store, kd_sha sha, kd_err *err);
    kd_status (*backup)(kd_store *store, const char *to_path, kd_store_progress progress, void *self, kd_err *err);
} kd_store_ops;

struct kd_store {
    const kd_store_ops *ops;
    char               *path;
    uint16_t            groups;
    bool                read_only;
    unsigned            fork_count; /* kd_store_forks() when it was opened */
};

struct kd_reader {
    kd_store *store;
};

struct kd_txn {
    kd_store *store;
    uint16_t  group;
    kd_status failed;  /* of the first call that failed; such a transaction cannot commit */
    char      why[sizeof(((kd_err *)0)->msg)];
};

/* How often this process image has been forked off its ancestors since the first store was opened. */
unsigned kd_store_forks(void);
uint16_t kd_group_of(uint16_t groups, kd_id person);

/* The adapter of kd_store_open. */
kd_status kd_sqlite_open(kd_store **out, const kd_store_options *options, kd_err *err);

/* Blobs as files in the folder "<path>.blobs" (blob.c), for adapters that have no better place. */
kd_status kd_blob_put(kd_sha *sha, const char *path, const void *bytes, size_t len, kd_err *err);
kd_status kd_blob_path(char out[4096], const char *path, kd_sha sha, kd_err *err);
kd_status kd_blob_delete(const char *path, kd_sha sha, kd_err *err);
kd_status kd_blob_copy_all(const char *from_path, const char *to_path, kd_err *err); /* links or copies what is not there yet */
/* One `say` per blob that is not what its name says; a last one with the count. */
kd_status kd_blob_check_all(const char *path, kd_store_say say, void *self, kd_err *err);
void      kd_blob_sweep(const char *path); /* removes what a crash left half written */
kd_status kd_fsync_folder_of(const char *path, kd_err *err);
#endif

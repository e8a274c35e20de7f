#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "store/adapter.h"

/* ---- guards: what every call checks before an adapter sees it ---------------------------------------------------- */
static atomic_uint forks;

static void count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

unsigned kd_store_forks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

/* SQLite forbids to carry a connection over a fork: the child would share locks and file positions with its parent. */
static kd_status check_process(const kd_store *store, kd_err *err)
{
    if (store->fork_count == atomic_load_explicit(&forks, memory_order_relaxed))
        return KD_OK;
    return kd_fail(err, KD_INVALID, "this store was opened by the parent process; a child opens its own");
}

static kd_status check_write(const kd_store *store, kd_err *err)
{
    if (store->read_only)
        return kd_fail(err, KD_DENIED, "the database was opened for reading only");
    return check_process(store, err);
}

static kd_status check_group(const kd_store *store, uint16_t group, kd_err *err)
{
    if (group >= store->groups)
        return kd_fail(err, KD_INVALID, "group %u is not one of the %u groups of this database", group, store->groups);
    return check_process(store, err);
}

static kd_status check_text(kd_str text, const char *field, kd_err *err)
{
    if (text.len == 0)
        return kd_fail_field(err, KD_INVALID, field, "%s is empty", field);
    if (memchr(text.ptr, 0, text.len) || !kd_utf8_valid(text))
        return kd_fail_field(err, KD_INVALID, field, "%s is not UTF-8 text", field);
    return KD_OK;
}

/* The one place where a person meets the group of a transaction. `first` is the first of `count` ids, `stride` bytes apart. */
static kd_status check_persons(kd_txn *txn, const kd_id *first, size_t count, size_t stride, kd_err *err)
{
    const char *at = (const char *)first;
    uint16_t    groups = txn->store->groups;
    if (groups == 1)
        return KD_OK;
    for (size_t i = 0; i < count; i++, at += stride) {
        kd_id person;
        memcpy(&person, at, sizeof person);
        uint16_t group = kd_group_of(groups, person);
        if (group != txn->group)
            return kd_fail(err, KD_INVALID, "row %zu belongs to group %u, but the transaction is of group %u", i, group, txn->group);
    }
    return KD_OK;
}

static kd_status check_txn(kd_txn *txn, kd_err *err)
{
    if (txn->failed != KD_OK)
        return kd_fail(err, txn->failed, "%s", txn->why);
    return check_process(txn->store, err);
}

/* Remember the first failure: a transaction is all or nothing, whatever its owner does after an error. */
static kd_status settle(kd_txn *txn, kd_status status, const kd_err *err)
{
    if (status != KD_OK && txn->failed == KD_OK) {
        txn->failed = status;
        snprintf(txn->why, sizeof txn->why, "%s", err && err->msg[0] ? err->msg : "a call of this transaction failed");
    }
    return status;
}

uint16_t kd_group_of(uint16_t groups, kd_id person)
{
    return (uint16_t)((unsigned)kd_part(person) * groups / KD_PARTS);
}

/* ---- open -------------------------------------------------------------------------------------------------------- */
kd_status kd_store_open(kd_store **out, const kd_store_options *options, kd_err *err)
{
    uint16_t groups = options->groups;
    if (!options->path || !options->path[0])
        return kd_fail_field(err, KD_INVALID, "path", "the database needs a file name");
    if (groups > KD_PARTS || (groups & (groups - 1)) != 0)
        return kd_fail_field(err, KD_INVALID, "groups", "%u groups: it must be a power of two from 1 to %d", groups, KD_PARTS);
    if (options->read_only && options->create)
        return kd_fail_field(err, KD_INVALID, "create", "a database cannot be made and opened for reading only at once");
    kd_store_forks();
    return kd_sqlite_open(out, options, err);
}

void kd_store_close(kd_store *store)
{
    /* A child must not close what its parent uses; its copy of the memory ends with it. */
    if (store && check_process(store, NULL) == KD_OK)
        store->ops->close(store);
}

uint16_t kd_store_groups(const kd_store *store)
{
    return store->groups;
}

uint16_t kd_store_group_of(const kd_store *store, kd_id person)
{
    return kd_group_of(store->groups, person);
}

const char *kd_store_path(const kd_store *store)
{
    return store->path;
}

kd_status kd_reader_open(kd_reader **out, kd_store *store, kd_err *err)
{
    kd_status status = check_process(store, err);
    return status == KD_OK ? store->ops->reader_open(out, store, err) : status;
}

void kd_reader_close(kd_reader *reader)
{
    if (reader && check_process(reader->store, NULL) == KD_OK)
        reader->store->ops->reader_close(reader);
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */
kd_status kd_txn_begin(kd_txn **out, kd_store *store, uint16_t group, kd_err *err)
{
    kd_status status = check_write(store, err);
    if (status == KD_OK)
        status = check_group(store, group, err);
    return status == KD_OK ? store->ops->txn_begin(out, store, group, err) : status;
}

kd_status kd_txn_commit(kd_txn *txn, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK)
        return txn->store->ops->txn_commit(txn, err);
    kd_txn_rollback(txn);
    return status;
}

void kd_txn_rollback(kd_txn *txn)
{
    if (txn && check_process(txn->store, NULL) == KD_OK)
        txn->store->ops->txn_rollback(txn);
}

kd_status kd_txn_append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results,
                        kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK && count > 0)
        status = check_persons(txn, &events->person, count, sizeof *events, err);
    if (status == KD_OK)
        status = txn->store->ops->append(txn, events, count, heads, slots, results, err);
    return settle(txn, status, err);
}

kd_status kd_txn_hollow(kd_txn *txn, uint16_t kind, int64_t before_ms, int64_t *cursor, size_t limit, size_t *hollowed, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    *hollowed = 0;
    if (status == KD_OK && *cursor < 0)
        status = kd_fail_field(err, KD_INVALID, "cursor", "a log cursor starts at 0");
    if (status == KD_OK)
        status = txn->store->ops->hollow(txn, kind, before_ms, cursor, limit, hollowed, err);
    return settle(txn, status, err);
}

kd_status kd_txn_chain_erase(kd_txn *txn, kd_id person, int64_t at_ms, int64_t *offset, size_t limit, size_t *erased, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    *erased = 0;
    if (status == KD_OK)
        status = check_persons(txn, &person, 1, sizeof person, err);
    if (status == KD_OK && *offset < 0)
        status = kd_fail_field(err, KD_INVALID, "offset", "an offset of the log is not negative");
    if (status == KD_OK)
        status = txn->store->ops->chain_erase(txn, person, at_ms, offset, limit, erased, err);
    return settle(txn, status, err);
}

kd_status kd_txn_person_erase(kd_txn *txn, kd_id person, kd_erased *out, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK)
        status = check_persons(txn, &person, 1, sizeof person, err);
    if (status == KD_OK && kd_id_is_nil(person))
        status = kd_fail_field(err, KD_INVALID, "person", "nobody cannot be erased");
    if (status == KD_OK)
        status = txn->store->ops->person_erase(txn, person, out, err);
    return settle(txn, status, err);
}

kd_status kd_txn_link_erase(kd_txn *txn, kd_id person, kd_id other, size_t *erased, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK)
        status = check_persons(txn, &person, 1, sizeof person, err);
    if (status == KD_OK)
        status = txn->store->ops->link_erase(txn, person, other, erased, err);
    return settle(txn, status, err);
}

kd_status kd_txn_persons_put(kd_txn *txn, const kd_profile_row *rows, size_t count, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK && count > 0)
        status = check_persons(txn, &rows->person, count, sizeof *rows, err);
    for (size_t i = 0; status == KD_OK && i < count; i++)
        if (kd_id_is_nil(rows[i].person))
            status = kd_fail_field(err, KD_INVALID, "person", "row %zu: nobody cannot have a profile", i);
    if (status == KD_OK)
        status = txn->store->ops->persons_put(txn, rows, count, err);
    return settle(txn, status, err);
}

kd_status kd_txn_secrets_put(kd_txn *txn, const kd_secret_change *changes, size_t count, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK && count > 0)
        status = check_persons(txn, &changes->person, count, sizeof *changes, err);
    if (status == KD_OK)
        status = txn->store->ops->secrets_put(txn, changes, count, err);
    return settle(txn, status, err);
}

kd_status kd_txn_profiles_put(kd_txn *txn, kd_profile_row *rows, size_t count, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK && count > 0)
        status = check_persons(txn, &rows->person, count, sizeof *rows, err);
    if (status == KD_OK)
        status = txn->store->ops->profiles_put(txn, rows, count, err);
    return settle(txn, status, err);
}

kd_status kd_txn_offset_put(kd_txn *txn, const char *consumer, int64_t offset, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK)
        status = check_text(kd_str_z(consumer), "consumer", err);
    if (status == KD_OK)
        status = txn->store->ops->offset_put(txn, consumer, offset, err);
    return settle(txn, status, err);
}

kd_status kd_txn_links_put(kd_txn *txn, const kd_link *links, size_t count, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK && count > 0)
        status = check_persons(txn, &links->person, count, sizeof *links, err);
    if (status == KD_OK)
        status = txn->store->ops->links_put(txn, links, count, err);
    return settle(txn, status, err);
}

kd_status kd_txn_records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK && count > 0)
        status = check_persons(txn, &records->person, count, sizeof *records, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        status = check_text(records[i].kind, "kind", err);
        if (status == KD_OK && kd_id_is_nil(records[i].id))
            status = kd_fail_field(err, KD_INVALID, "id", "record %zu has no id", i);
    }
    if (status == KD_OK)
        status = txn->store->ops->records_put(txn, records, count, err);
    return settle(txn, status, err);
}

kd_status kd_txn_record_delete(kd_txn *txn, kd_id person, kd_str kind, kd_id id, kd_err *err)
{
    kd_status status = check_txn(txn, err);
    if (status == KD_OK)
        status = check_persons(txn, &person, 1, sizeof person, err);
    if (status == KD_OK)
        status = txn->store->ops->record_delete(txn, person, kind, id, err);
    return settle(txn, status, err);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */
kd_status kd_reader_log(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after, size_t limit,
                        bool with_body, kd_arena *arena, kd_err *err)
{
    kd_status status = check_group(reader->store, group, err);
    if (status == KD_OK && after < 0)
        status = kd_fail_field(err, KD_INVALID, "after", "a log offset is not negative");
    return status == KD_OK ? reader->store->ops->log(events, count, reader, group, after, limit, with_body, arena, err) : status;
}

kd_status kd_reader_chain(kd_event **events, size_t *count, kd_reader *reader, kd_id person, int64_t head, size_t limit,
                          bool with_body, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    if (status == KD_OK && head < 0)
        status = kd_fail_field(err, KD_INVALID, "head", "a log offset is not negative");
    return status == KD_OK ? reader->store->ops->chain(events, count, reader, person, head, limit, with_body, arena, err) : status;
}

kd_status kd_reader_event(kd_event *event, kd_reader *reader, kd_id person, kd_id id, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->event(event, reader, person, id, arena, err) : status;
}

kd_status kd_reader_log_end(int64_t *offset, kd_reader *reader, uint16_t group, kd_err *err)
{
    kd_status status = check_group(reader->store, group, err);
    return status == KD_OK ? reader->store->ops->log_end(offset, reader, group, err) : status;
}

kd_status kd_reader_offset(int64_t *offset, kd_reader *reader, uint16_t group, const char *consumer, kd_err *err)
{
    kd_status status = check_group(reader->store, group, err);
    return status == KD_OK ? reader->store->ops->offset(offset, reader, group, consumer, err) : status;
}

kd_status kd_reader_profiles(kd_profile_row *rows, kd_reader *reader, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->profiles(rows, reader, persons, count, arena, err) : status;
}

kd_status kd_reader_profile_scan(kd_profile_row **rows, size_t *count, kd_reader *reader, uint16_t group, int64_t *cursor,
                                 size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_group(reader->store, group, err);
    if (status == KD_OK && *cursor < 0)
        status = kd_fail_field(err, KD_INVALID, "cursor", "a cursor starts at 0");
    return status == KD_OK ? reader->store->ops->profile_scan(rows, count, reader, group, cursor, limit, arena, err) : status;
}

kd_status kd_reader_keys(kd_id *persons, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->keys(persons, reader, keys, count, err) : status;
}

kd_status kd_reader_keys_of(kd_key_row **rows, size_t *count, bool *more, kd_reader *reader, const kd_id *persons, size_t person_count,
                            kd_key *cursor, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    *rows = NULL;
    *count = 0;
    *more = false;
    return status == KD_OK ? reader->store->ops->keys_of(rows, count, more, reader, persons, person_count, cursor, limit, arena, err) : status;
}

kd_status kd_reader_links(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->links(links, count, reader, person, limit, arena, err) : status;
}

kd_status kd_reader_taken_back(kd_id **persons, size_t *count, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->taken_back(persons, count, reader, after, limit, arena, err) : status;
}

kd_status kd_reader_evidence(kd_link **links, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->evidence(links, count, reader, person, limit, arena, err) : status;
}

kd_status kd_reader_records(kd_record **records, size_t *count, kd_reader *reader, kd_id person, kd_str kind, kd_id after,
                            size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->records(records, count, reader, person, kind, after, limit, arena, err) : status;
}

kd_status kd_reader_docs(kd_doc **docs, size_t *count, kd_reader *reader, uint64_t after, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->docs(docs, count, reader, after, limit, arena, err) : status;
}

kd_status kd_reader_doc(kd_doc *doc, kd_reader *reader, kd_str kind, kd_str id, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->doc(doc, reader, kind, id, arena, err) : status;
}

kd_status kd_reader_doc_history(kd_doc **docs, size_t *count, kd_reader *reader, kd_str kind, kd_str id, size_t limit,
                                kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->doc_history(docs, count, reader, kind, id, limit, arena, err) : status;
}

kd_status kd_reader_levels(kd_level **levels, size_t *count, kd_reader *reader, int64_t *cursor, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->levels(levels, count, reader, cursor, limit, arena, err) : status;
}

kd_status kd_reader_level_history(kd_level **levels, size_t *count, kd_reader *reader, kd_ref variant, uint8_t what, kd_ref place,
                                  int64_t from_ms, int64_t to_ms, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    if (status != KD_OK)
        return status;
    return reader->store->ops->level_history(levels, count, reader, variant, what, place, from_ms, to_ms, arena, err);
}

kd_status kd_reader_meta(kd_str *value, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->meta(value, reader, name, arena, err) : status;
}

kd_status kd_reader_stats(kd_store_stats *stats, kd_reader *reader, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->stats(stats, reader, err) : status;
}

kd_status kd_store_check(kd_reader *reader, void (*say)(void *self, bool ok, const char *line), void *self, kd_err *err)
{
    kd_status status = check_process(reader->store, err);
    return status == KD_OK ? reader->store->ops->check(reader, say, self, err) : status;
}

/* ---- global writes ------------------------------------------------------------------------------------------------ */
kd_status kd_store_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err)
{
    kd_status status = check_write(store, err);
    for (size_t i = 0; status == KD_OK && i < count; i++)
        if (kd_id_is_nil(persons[i]))
            status = kd_fail_field(err, KD_INVALID, "person", "key %zu: a key cannot belong to nobody", i);
    return status == KD_OK ? store->ops->keys_link(store, keys, persons, count, err) : status;
}

kd_status kd_store_keys_unlink(kd_store *store, const kd_key_row *rows, size_t count, kd_err *err)
{
    kd_status status = check_write(store, err);
    return status == KD_OK ? store->ops->keys_unlink(store, rows, count, err) : status;
}

kd_status kd_store_sweep(kd_store *store, kd_err *err)
{
    kd_status status = check_write(store, err);
    return status == KD_OK ? store->ops->sweep(store, err) : status;
}

kd_status kd_store_docs_put(kd_store *store, kd_doc *docs, size_t count, kd_err *err)
{
    kd_status status = check_write(store, err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        status = check_text(docs[i].kind, "kind", err);
        if (status == KD_OK)
            status = check_text(docs[i].id, "id", err);
    }
    return status == KD_OK ? store->ops->docs_put(store, docs, count, err) : status;
}

kd_status kd_store_levels_put(kd_store *store, const kd_level *levels, size_t count, kd_err *err)
{
    kd_status status = check_write(store, err);
    for (size_t i = 0; status == KD_OK && i < count; i++)
        if (levels[i].what < KD_LEVEL_STOCK || levels[i].what > KD_LEVEL_SALE_PRICE)
            status = kd_fail_field(err, KD_INVALID, "what", "level %zu is neither stock nor price", i);
    return status == KD_OK ? store->ops->levels_put(store, levels, count, err) : status;
}

kd_status kd_store_meta_put(kd_store *store, const char *name, kd_str value, kd_err *err)
{
    kd_status status = check_write(store, err);
    if (status == KD_OK)
        status = check_text(kd_str_z(name), "name", err);
    return status == KD_OK ? store->ops->meta_put(store, name, value, err) : status;
}

kd_status kd_store_blob_put(kd_sha *sha, kd_store *store, const void *bytes, size_t len, kd_err *err)
{
    kd_status status = check_write(store, err);
    return status == KD_OK ? store->ops->blob_put(sha, store, bytes, len, err) : status;
}

kd_status kd_store_blob_path(char out[4096], const kd_store *store, kd_sha sha, kd_err *err)
{
    return store->ops->blob_path(out, store, sha, err);
}

kd_status kd_store_blob_delete(kd_store *store, kd_sha sha, kd_err *err)
{
    kd_status status = check_write(store, err);
    return status == KD_OK ? store->ops->blob_delete(store, sha, err) : status;
}

kd_status kd_store_backup(kd_store *store, const char *to_path, void (*progress)(void *self, uint64_t done, uint64_t total),
                          void *self, kd_err *err)
{
    kd_status status = check_write(store, err); /* it is copied through the writer's connection */
    if (status == KD_OK && (!to_path || !to_path[0]))
        status = kd_fail_field(err, KD_INVALID, "to", "the backup needs a file name");
    return status == KD_OK ? store->ops->backup(store, to_path, progress, self, err) : status;
}

#include "fault.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store/adapter.h"

enum { FAULTS_MAX = 16 };

typedef struct fault_store {
    kd_store        base;
    kd_store       *inner;
    pthread_mutex_t lock; /* of what follows */
    kd_fault        faults[FAULTS_MAX];
    uint64_t        seen[FAULTS_MAX]; /* calls that the fault counted */
    size_t          count;
    uint64_t        hits;
} fault_store;

typedef struct fault_reader { kd_reader base; kd_reader *inner; } fault_reader;
typedef struct fault_txn { kd_txn base; kd_txn *inner; } fault_txn;

static fault_store *outer(kd_store *store) { return (fault_store *)store; }
static kd_reader *inner_of(kd_reader *reader) { return ((fault_reader *)reader)->inner; }
static kd_txn *inside(kd_txn *txn) { return ((fault_txn *)txn)->inner; }

/* ---- which fault hits this call ------------------------------------------------------------------------------------ */
static kd_fault next_fault(kd_store *store, unsigned call)
{
    fault_store *fault = outer(store);
    kd_fault     hit = { 0 };
    pthread_mutex_lock(&fault->lock);
    for (size_t i = 0; i < fault->count; i++) {
        const kd_fault *plan = &fault->faults[i];
        if (!(plan->calls & call))
            continue;
        uint64_t n = ++fault->seen[i];
        bool     due = n == plan->nth || (plan->every && n > plan->nth && (n - plan->nth) % plan->every == 0);
        if (due && !hit.kind)
            hit = *plan;
    }
    fault->hits += hit.kind != 0;
    pthread_mutex_unlock(&fault->lock);
    if (hit.kind == KD_FAULT_STALL)
        nanosleep(&(struct timespec){ hit.stall_us / 1000000, hit.stall_us % 1000000 * 1000 }, NULL);
    return hit;
}

/* KD_OK: go on. Otherwise what the call answers without having done anything. */
static kd_status before(const kd_fault *hit, kd_err *err)
{
    if (hit->kind == KD_FAULT_FAIL)
        return kd_fail(err, hit->status, "a fault on purpose (%s)", kd_status_name(hit->status));
    if (hit->kind == KD_FAULT_UNKNOWN_LOST)
        return kd_fail(err, KD_UNKNOWN, "a fault on purpose (lost)");
    return KD_OK;
}

static kd_status after(const kd_fault *hit, kd_status status, kd_err *err)
{
    if (hit->kind == KD_FAULT_UNKNOWN_DONE && status == KD_OK)
        return kd_fail(err, KD_UNKNOWN, "a fault on purpose (done)");
    return status;
}

/* The body of every plain call: once, twice, or not at all. */
#define CALL(store, class, ...)                                       \
    do {                                                              \
        kd_fault  hit = next_fault((store), (class));                 \
        kd_status status = before(&hit, err);                         \
        if (status == KD_OK)                                          \
            status = (__VA_ARGS__);                                   \
        if (status == KD_OK && hit.kind == KD_FAULT_TWICE)            \
            status = (__VA_ARGS__);                                   \
        return (class) == KD_FAULT_GLOBAL ? after(&hit, status, err) : status; \
    } while (0)

/* ---- transactions --------------------------------------------------------------------------------------------------- */
static kd_status txn_begin(kd_txn **out, kd_store *store, uint16_t group, kd_err *err)
{
    kd_fault   hit = next_fault(store, KD_FAULT_BEGIN);
    kd_status  status = before(&hit, err);
    fault_txn *txn = status == KD_OK ? calloc(1, sizeof *txn) : NULL;
    if (status != KD_OK)
        return status;
    if (!txn)
        return kd_fail_memory(err);
    status = kd_txn_begin(&txn->inner, outer(store)->inner, group, err);
    if (status != KD_OK) {
        free(txn);
        return status;
    }
    txn->base.store = store;
    txn->base.group = group;
    *out = &txn->base;
    return KD_OK;
}

static void txn_rollback(kd_txn *txn)
{
    kd_txn_rollback(inside(txn));
    free(txn);
}

static kd_status txn_commit(kd_txn *txn, kd_err *err)
{
    kd_fault  hit = next_fault(txn->store, KD_FAULT_COMMIT);
    kd_status status = before(&hit, err);
    if (status == KD_OK) {
        status = after(&hit, kd_txn_commit(inside(txn), err), err);
        free(txn);
    } else {
        txn_rollback(txn);
    }
    return status;
}

static kd_status append(kd_txn *txn, kd_event *events, size_t count, int64_t *heads, const uint32_t *slots, kd_append *results, kd_err *err)
{
    kd_fault  hit = next_fault(txn->store, KD_FAULT_WRITE);
    kd_status status = before(&hit, err);
    if (status == KD_OK)
        status = kd_txn_append(inside(txn), events, count, heads, slots, results, err);
    if (status != KD_OK || hit.kind != KD_FAULT_TWICE)
        return status;
    /* The caller sees the first delivery; the second must find duplicates only, and leave the heads alone. */
    kd_append *again = calloc(count ? count : 1, sizeof *again);
    if (!again)
        return kd_fail_memory(err);
    status = kd_txn_append(inside(txn), events, count, heads, slots, again, err);
    for (size_t i = 0; status == KD_OK && i < count; i++)
        if (again[i] != KD_APPEND_DUPLICATE)
            status = kd_fail(err, KD_CORRUPT, "event %zu was stored twice", i);
    free(again);
    return status;
}

static kd_status hollow(kd_txn *txn, uint16_t kind, int64_t before_ms, int64_t *cursor, size_t limit, size_t *hollowed, kd_err *err)
{
    kd_fault  hit = next_fault(txn->store, KD_FAULT_WRITE);
    kd_status status = before(&hit, err);
    return status == KD_OK ? kd_txn_hollow(inside(txn), kind, before_ms, cursor, limit, hollowed, err) : status;
}

static kd_status chain_erase(kd_txn *txn, kd_id person, int64_t at_ms, int64_t *offset, size_t limit, size_t *erased, kd_err *err)
{
    kd_fault  hit = next_fault(txn->store, KD_FAULT_WRITE);
    kd_status status = before(&hit, err);
    return status == KD_OK ? kd_txn_chain_erase(inside(txn), person, at_ms, offset, limit, erased, err) : status;
}

static kd_status person_erase(kd_txn *txn, kd_id person, kd_erased *out, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_person_erase(inside(txn), person, out, err));
}

static kd_status link_erase(kd_txn *txn, kd_id person, kd_id other, size_t *erased, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_link_erase(inside(txn), person, other, erased, err));
}

static kd_status persons_put(kd_txn *txn, const kd_profile_row *rows, size_t count, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_persons_put(inside(txn), rows, count, err));
}

static kd_status profiles_put(kd_txn *txn, kd_profile_row *rows, size_t count, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_profiles_put(inside(txn), rows, count, err));
}

static kd_status offset_put(kd_txn *txn, const char *consumer, int64_t offset, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_offset_put(inside(txn), consumer, offset, err));
}

static kd_status links_put(kd_txn *txn, const kd_link *links, size_t count, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_links_put(inside(txn), links, count, err));
}

static kd_status records_put(kd_txn *txn, const kd_record *records, size_t count, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_records_put(inside(txn), records, count, err));
}

static kd_status record_delete(kd_txn *txn, kd_id person, kd_str kind, kd_id id, kd_err *err)
{
    CALL(txn->store, KD_FAULT_WRITE, kd_txn_record_delete(inside(txn), person, kind, id, err));
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */
static kd_status reader_open(kd_reader **out, kd_store *store, kd_err *err)
{
    kd_fault      hit = next_fault(store, KD_FAULT_READER);
    kd_status     status = before(&hit, err);
    fault_reader *reader = status == KD_OK ? calloc(1, sizeof *reader) : NULL;
    if (status != KD_OK)
        return status;
    if (!reader)
        return kd_fail_memory(err);
    status = kd_reader_open(&reader->inner, outer(store)->inner, err);
    if (status != KD_OK) {
        free(reader);
        return status;
    }
    reader->base.store = store;
    *out = &reader->base;
    return KD_OK;
}

static void reader_close(kd_reader *reader)
{
    kd_reader_close(inner_of(reader));
    free(reader);
}

/* A read has nothing to deliver twice: what it gives is in the caller's arena already. */
#define READ(reader, ...)                                                   \
    do {                                                                    \
        kd_fault  hit = next_fault((reader)->store, KD_FAULT_READ);         \
        kd_status status = before(&hit, err);                               \
        return status == KD_OK ? (__VA_ARGS__) : status;                    \
    } while (0)

static kd_status log_read(kd_event **events, size_t *count, kd_reader *reader, uint16_t group, int64_t after_offset, size_t limit,
                          bool with_body, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_log(events, count, inner_of(reader), group, after_offset, limit, with_body, arena, err));
}

static kd_status chain(kd_event **events, size_t *count, kd_reader *reader, kd_id person, int64_t head, size_t limit, bool with_body,
                       kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_chain(events, count, inner_of(reader), person, head, limit, with_body, arena, err));
}

static kd_status event_read(kd_event *event, kd_reader *reader, kd_id person, kd_id id, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_event(event, inner_of(reader), person, id, arena, err));
}

static kd_status log_end(int64_t *offset, kd_reader *reader, uint16_t group, kd_err *err)
{
    READ(reader, kd_reader_log_end(offset, inner_of(reader), group, err));
}

static kd_status offset_read(int64_t *offset, kd_reader *reader, uint16_t group, const char *consumer, kd_err *err)
{
    READ(reader, kd_reader_offset(offset, inner_of(reader), group, consumer, err));
}

static kd_status profiles(kd_profile_row *rows, kd_reader *reader, const kd_id *persons, size_t count, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_profiles(rows, inner_of(reader), persons, count, arena, err));
}

static kd_status profile_scan(kd_profile_row **rows, size_t *count, kd_reader *reader, uint16_t group, int64_t *cursor, size_t limit,
                              kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_profile_scan(rows, count, inner_of(reader), group, cursor, limit, arena, err));
}

static kd_status keys(kd_id *persons, kd_reader *reader, const kd_key *list, size_t count, kd_err *err)
{
    READ(reader, kd_reader_keys(persons, inner_of(reader), list, count, err));
}

static kd_status keys_of(kd_key_row **rows, size_t *count, bool *more, kd_reader *reader, const kd_id *persons, size_t person_count,
                         kd_key *cursor, size_t limit, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_keys_of(rows, count, more, inner_of(reader), persons, person_count, cursor, limit, arena, err));
}

static kd_status links(kd_link **list, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_links(list, count, inner_of(reader), person, limit, arena, err));
}

static kd_status taken_back(kd_id **persons, size_t *count, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_taken_back(persons, count, inner_of(reader), after, limit, arena, err));
}

static kd_status evidence(kd_link **list, size_t *count, kd_reader *reader, kd_id person, size_t limit, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_evidence(list, count, inner_of(reader), person, limit, arena, err));
}

static kd_status records(kd_record **list, size_t *count, kd_reader *reader, kd_id person, kd_str kind, kd_id after_id, size_t limit,
                         kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_records(list, count, inner_of(reader), person, kind, after_id, limit, arena, err));
}

static kd_status docs(kd_doc **list, size_t *count, kd_reader *reader, uint64_t version, size_t limit, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_docs(list, count, inner_of(reader), version, limit, arena, err));
}

static kd_status doc_read(kd_doc *doc, kd_reader *reader, kd_str kind, kd_str id, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_doc(doc, inner_of(reader), kind, id, arena, err));
}

static kd_status doc_history(kd_doc **list, size_t *count, kd_reader *reader, kd_str kind, kd_str id, size_t limit, kd_arena *arena,
                             kd_err *err)
{
    READ(reader, kd_reader_doc_history(list, count, inner_of(reader), kind, id, limit, arena, err));
}

static kd_status levels(kd_level **list, size_t *count, kd_reader *reader, int64_t *cursor, size_t limit, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_levels(list, count, inner_of(reader), cursor, limit, arena, err));
}

static kd_status level_history(kd_level **list, size_t *count, kd_reader *reader, kd_ref variant, uint8_t what, kd_ref place,
                               int64_t from_ms, int64_t to_ms, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_level_history(list, count, inner_of(reader), variant, what, place, from_ms, to_ms, arena, err));
}

static kd_status meta(kd_str *value, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err)
{
    READ(reader, kd_reader_meta(value, inner_of(reader), name, arena, err));
}

static kd_status stats(kd_store_stats *out, kd_reader *reader, kd_err *err)
{
    READ(reader, kd_reader_stats(out, inner_of(reader), err));
}

static kd_status check(kd_reader *reader, kd_store_say say, void *self, kd_err *err)
{
    READ(reader, kd_store_check(inner_of(reader), say, self, err));
}

/* ---- global writes -------------------------------------------------------------------------------------------------- */
static kd_status keys_link(kd_store *store, const kd_key *list, kd_id *persons, size_t count, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_keys_link(outer(store)->inner, list, persons, count, err));
}

static kd_status docs_put(kd_store *store, kd_doc *list, size_t count, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_docs_put(outer(store)->inner, list, count, err));
}

static kd_status levels_put(kd_store *store, const kd_level *list, size_t count, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_levels_put(outer(store)->inner, list, count, err));
}

static kd_status meta_put(kd_store *store, const char *name, kd_str value, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_meta_put(outer(store)->inner, name, value, err));
}

static kd_status blob_put(kd_sha *sha, kd_store *store, const void *bytes, size_t len, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_blob_put(sha, outer(store)->inner, bytes, len, err));
}

static kd_status blob_path(char out[4096], const kd_store *store, kd_sha sha, kd_err *err)
{
    return kd_store_blob_path(out, ((const fault_store *)store)->inner, sha, err);
}

/* Not twice: the second deletion would answer KD_NOT_FOUND, as it should. */
static kd_status blob_delete(kd_store *store, kd_sha sha, kd_err *err)
{
    kd_fault  hit = next_fault(store, KD_FAULT_GLOBAL);
    kd_status status = before(&hit, err);
    return status == KD_OK ? after(&hit, kd_store_blob_delete(outer(store)->inner, sha, err), err) : status;
}

static kd_status sweep(kd_store *store, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_sweep(outer(store)->inner, err));
}

static kd_status keys_unlink(kd_store *store, const kd_key_row *rows, size_t count, kd_err *err)
{
    CALL(store, KD_FAULT_GLOBAL, kd_store_keys_unlink(outer(store)->inner, rows, count, err));
}

static kd_status backup(kd_store *store, const char *to_path, kd_store_progress progress, void *self, kd_err *err)
{
    return kd_store_backup(outer(store)->inner, to_path, progress, self, err);
}

/* ---- open and close ------------------------------------------------------------------------------------------------- */
static void close_both(kd_store *store)
{
    fault_store *fault = outer(store);
    kd_store_close(fault->inner);
    pthread_mutex_destroy(&fault->lock);
    free(fault);
}

static const kd_store_ops ops = {
    .close = close_both, .reader_open = reader_open, .reader_close = reader_close,
    .txn_begin = txn_begin, .txn_commit = txn_commit, .txn_rollback = txn_rollback,
    .append = append, .hollow = hollow, .chain_erase = chain_erase, .person_erase = person_erase, .link_erase = link_erase,
    .keys_of = keys_of, .keys_unlink = keys_unlink, .sweep = sweep, .persons_put = persons_put, .profiles_put = profiles_put, .offset_put = offset_put,
    .links_put = links_put, .records_put = records_put, .record_delete = record_delete,
    .log = log_read, .chain = chain, .event = event_read, .log_end = log_end, .offset = offset_read,
    .profiles = profiles, .profile_scan = profile_scan, .keys = keys, .links = links, .evidence = evidence, .taken_back = taken_back, .records = records,
    .docs = docs, .doc = doc_read, .doc_history = doc_history, .levels = levels, .level_history = level_history,
    .meta = meta, .stats = stats, .check = check,
    .keys_link = keys_link, .docs_put = docs_put, .levels_put = levels_put, .meta_put = meta_put,
    .blob_put = blob_put, .blob_path = blob_path, .blob_delete = blob_delete, .backup = backup,
};

kd_store *kd_fault_wrap(kd_store *inner)
{
    fault_store *fault = calloc(1, sizeof *fault);
    if (!fault)
        return NULL;
    fault->base = *inner; /* path, groups, read_only are the same */
    fault->base.ops = &ops;
    fault->inner = inner;
    pthread_mutex_init(&fault->lock, NULL);
    return &fault->base;
}

void kd_fault_set(kd_store *store, const kd_fault *faults, size_t count)
{
    fault_store *fault = outer(store);
    pthread_mutex_lock(&fault->lock);
    fault->count = count < FAULTS_MAX ? count : FAULTS_MAX;
    memset(fault->seen, 0, sizeof fault->seen);
    for (size_t i = 0; i < fault->count; i++)
        fault->faults[i] = faults[i];
    fault->hits = 0;
    pthread_mutex_unlock(&fault->lock);
}

uint64_t kd_fault_hits(kd_store *store)
{
    fault_store *fault = outer(store);
    pthread_mutex_lock(&fault->lock);
    uint64_t hits = fault->hits;
    pthread_mutex_unlock(&fault->lock);
    return hits;
}

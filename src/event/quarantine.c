#include "event/import.h"

#include "event/import_run.h"

/* Records of nobody (the nil person) of kind "quarantine". A bad row may hold anything a shop knows of a customer, so its
 * body is sealed with the house key, with its id as what is authenticated. */

enum { PAGE = 500, PAGE_BYTES_MAX = 64 << 20 };
static const kd_id nobody;

/* The same row of the same file gets the same id, so that importing again puts no second record. The upper half of an id
 * is file, then line: listing in order of ids lists a file's rows together and in their order. */
static kd_id id_of(uint64_t fingerprint, uint64_t line)
{
    uint64_t at[2] = { fingerprint, line };
    int64_t  order = (int64_t)((fingerprint & 0xffff) << 32 | (line & 0xffffffff));
    return kd_id_of_message(KD_STR("quarantine"), (kd_str){ (const char *)at, sizeof at }, order);
}

static kd_str about(const kd_id *id)
{
    return (kd_str){ (const char *)id->b, sizeof id->b };
}

static kd_status seal_row(kd_record *out, const kd_bad_row *row, const char *file, const char *what, const kd_vault *vault,
                          kd_arena *arena, kd_err *err)
{
    kd_buf text, sealed;
    kd_jw  w;
    kd_buf_init(&text, arena);
    kd_buf_init(&sealed, arena);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    KD_JW_Z(&w, "file", file);
    KD_JW_Z(&w, "what", what);
    KD_JW_I64(&w, "line", (int64_t)row->line);
    KD_JW_STR(&w, "field", row->field);
    KD_JW_STR(&w, "reason", row->reason);
    KD_JW_STR(&w, "raw", row->raw);
    kd_jw_object_end(&w);
    kd_status status = kd_buf_status(&text, err);
    if (status != KD_OK)
        return status;
    kd_seal(&sealed, kd_vault_house_key(vault), about(&out->id), kd_buf_str(&text));
    out->body = kd_buf_str(&sealed);
    return kd_buf_status(&sealed, err);
}

static kd_status put_all(kd_store *store, const kd_record *records, size_t count, kd_err *err)
{
    for (;;) {
        kd_txn   *txn = NULL;
        kd_status status = kd_txn_begin(&txn, store, kd_store_group_of(store, nobody), err);
        if (status != KD_OK)
            return status;
        status = kd_txn_records_put(txn, records, count, err);
        if (status != KD_OK) {
            kd_txn_rollback(txn);
            return status;
        }
        status = kd_txn_commit(txn, err);
        if (status != KD_RETRY && status != KD_UNKNOWN) /* putting a record twice puts it once */
            return status;
    }
}

kd_status kd_quarantine_put(kd_store *store, const kd_vault *vault, const kd_bad_row *rows, size_t count, const char *file,
                            const char *what, uint64_t fingerprint, int64_t now_ms, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(PAGE_BYTES_MAX);
    kd_record *records = arena ? KD_NEW(arena, kd_record, count) : NULL;
    kd_status  status = records ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        records[i] = (kd_record){ .person = nobody, .kind = KD_STR("quarantine"), .id = id_of(fingerprint, rows[i].line),
            .time_ms = now_ms };
        status = seal_row(&records[i], &rows[i], file, what, vault, arena, err);
    }
    if (status == KD_OK && count > 0)
        status = put_all(store, records, count, err);
    kd_arena_free(arena);
    return status;
}

static kd_status open_row(kd_quarantined *out, const kd_record *record, const kd_vault *vault, kd_arena *arena, kd_err *err)
{
    kd_str         text = { 0 };
    const kd_json *json = NULL;
    int64_t        line = 0;
    kd_status      status = kd_unseal(&text, arena, kd_vault_house_key(vault), about(&record->id), record->body, err);
    if (status == KD_OK)
        status = kd_json_parse(&json, arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    kd_json_i64(&line, kd_json_get(json, "line"));
    *out = (kd_quarantined){ .id = record->id, .time_ms = record->time_ms, .line = (uint64_t)line,
        .file = kd_json_text(kd_json_get(json, "file")), .what = kd_json_text(kd_json_get(json, "what")),
        .field = kd_json_text(kd_json_get(json, "field")), .reason = kd_json_text(kd_json_get(json, "reason")),
        .raw = kd_json_text(kd_json_get(json, "raw")) };
    return KD_OK;
}

kd_status kd_quarantine_list(kd_quarantined **rows, size_t *count, kd_reader *reader, const kd_vault *vault, kd_id after,
                             size_t limit, kd_arena *arena, kd_err *err)
{
    kd_record *records = NULL;
    size_t     found = 0;
    kd_status  status = kd_reader_records(&records, &found, reader, nobody, KD_STR("quarantine"), after, limit, arena, err);
    if (status != KD_OK)
        return status;
    kd_quarantined *list = KD_NEW(arena, kd_quarantined, found);
    if (!list)
        return kd_fail_memory(err);
    for (size_t i = 0; i < found && status == KD_OK; i++)
        status = open_row(&list[i], &records[i], vault, arena, err);
    if (status != KD_OK)
        return status;
    *rows = list;
    *count = found;
    return KD_OK;
}

static kd_status delete_all(kd_store *store, const kd_record *records, size_t count, kd_err *err)
{
    for (;;) {
        kd_txn   *txn = NULL;
        kd_status status = kd_txn_begin(&txn, store, kd_store_group_of(store, nobody), err);
        if (status != KD_OK)
            return status;
        for (size_t i = 0; i < count && (status == KD_OK || status == KD_NOT_FOUND); i++)
            status = kd_txn_record_delete(txn, nobody, KD_STR("quarantine"), records[i].id, err);
        if (status != KD_OK && status != KD_NOT_FOUND) {
            kd_txn_rollback(txn);
            return status;
        }
        status = kd_txn_commit(txn, err);
        if (status != KD_RETRY && status != KD_UNKNOWN)
            return status;
    }
}

kd_status kd_quarantine_clear(kd_store *store, kd_reader *reader, size_t *cleared, kd_err *err)
{
    kd_arena *arena = kd_arena_new(PAGE_BYTES_MAX);
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    *cleared = 0;
    while (status == KD_OK) { /* page by page: what is deleted no longer stands before the next */
        kd_record *records = NULL;
        size_t     count = 0;
        kd_arena_reset(arena);
        status = kd_reader_records(&records, &count, reader, nobody, KD_STR("quarantine"), nobody, PAGE, arena, err);
        if (status != KD_OK || count == 0)
            break;
        status = delete_all(store, records, count, err);
        if (status == KD_OK)
            *cleared += count;
    }
    kd_arena_free(arena);
    return status;
}

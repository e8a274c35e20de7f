#include "event/quarantine.h"

#include <stdio.h>
#include <stdlib.h>

#include "event/import_run.h"

/* Records of nobody (the nil person) of kind "quarantine". A bad row may hold anything a shop knows of a customer, so its
 * body is sealed with the house key, with its id as what is authenticated. */

enum { PAGE = 500, PAGE_BYTES_MAX = 64 << 20, RAW_KEPT_OF_ROW = 4096, MAPS_MAX = 128 };
static const kd_id nobody;

/* Hashes are numbers of 64 bits: as text, so that no reader of JSON rounds them. */
static kd_str u64_text(char out[24], uint64_t value)
{
    return (kd_str){ out, (size_t)snprintf(out, 24, "\"%016llx\"", (unsigned long long)value) };
}

/* The same row of the same file gets the same id, so that importing again puts no second record. The upper half of an id
 * is file, then line: listing in order of ids lists a file's rows together and in their order. Events of the collect door
 * stand behind all files, by the time they came. */
static kd_id id_of_row(uint64_t fingerprint, uint64_t line)
{
    uint64_t at[2] = { fingerprint, line };
    int64_t  order = (int64_t)((fingerprint & 0x7fff) << 32 | (line & 0xffffffff));
    return kd_id_of_message(KD_STR("quarantine"), (kd_str){ (const char *)at, sizeof at }, order);
}

static kd_id id_of_event(const kd_bad_event *event)
{
    uint64_t hash = kd_hash64(event->raw.ptr, event->raw.len, kd_hash64(event->source.ptr, event->source.len, 0));
    return kd_id_of_message(KD_STR("refused"), (kd_str){ (const char *)&hash, sizeof hash },
                            (INT64_C(1) << 47) | (event->received_ms & ((INT64_C(1) << 47) - 1)));
}

static kd_str about(const kd_id *id)
{
    return (kd_str){ (const char *)id->b, sizeof id->b };
}

/* ---- writing ---- */

static void write_options(kd_jw *w, const kd_import_options *o)
{
    kd_jw_object(w);
    KD_JW_Z(w, "currency", o->currency.code);
    KD_JW_I64(w, "utcOffsetMin", o->utc_offset_min);
    KD_JW_BOOL(w, "decimalComma", o->decimal_comma);
    KD_JW_I64(w, "dates", o->dates);
    KD_JW_STR(w, "cancelPrefix", o->cancel_prefix);
    kd_jw_key(w, "map");
    kd_jw_array(w);
    for (size_t m = 0; m < o->map_count; m++) {
        kd_jw_z(w, o->map[m].column);
        kd_jw_z(w, o->map[m].field);
    }
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

/* What makes its event by itself: a line of the catalogue does not, and one without its header cannot be read alone. */
static bool reads_alone(const kd_import *run)
{
    switch (run->options->what) {
    case KD_IMPORT_PRODUCTS: case KD_IMPORT_PLACES: case KD_IMPORT_CONTENT: case KD_IMPORT_POSTAL: return false;
    default: return run->columns != NULL || kd_import_format_of(run) == KD_IMPORT_JSONL;
    }
}

static void write_row(kd_jw *w, const kd_bad_row *row, const kd_import *run)
{
    kd_jw_object(w);
    KD_JW_Z(w, "file", run->name);
    KD_JW_Z(w, "what", kd_import_what_name(run->options->what));
    KD_JW_I64(w, "line", (int64_t)row->line);
    KD_JW_STR(w, "field", row->field);
    KD_JW_STR(w, "reason", row->reason);
    KD_JW_STR(w, "raw", row->raw);
    KD_JW_STR(w, "source", run->options->source);
    KD_JW_BOOL(w, "cut", row->raw.len >= RAW_KEPT_OF_ROW);
    KD_JW_BOOL(w, "replayable", reads_alone(run));
    KD_JW_STR(w, "columns", kd_str_z(run->columns));
    kd_jw_key(w, "head");
    kd_jw_raw(w, u64_text((char[24]){ 0 }, run->head));
    kd_jw_key(w, "bytes");
    kd_jw_raw(w, u64_text((char[24]){ 0 }, run->bytes_total));
    kd_jw_key(w, "options");
    write_options(w, run->options);
    kd_jw_object_end(w);
}

static kd_status seal_text(kd_record *out, const kd_buf *text, const kd_vault *vault, kd_arena *arena, kd_err *err)
{
    kd_buf    sealed;
    kd_status status = kd_buf_status(text, err);
    kd_buf_init(&sealed, arena);
    if (status != KD_OK)
        return status;
    kd_seal(&sealed, kd_vault_house_key(vault), about(&out->id), kd_buf_str(text));
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

kd_status kd_quarantine_put(const kd_import *run, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(PAGE_BYTES_MAX);
    kd_record *records = arena ? KD_NEW(arena, kd_record, run->bad_count) : NULL;
    kd_status  status = records ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < run->bad_count && status == KD_OK; i++) {
        kd_buf text;
        kd_jw  w;
        records[i] = (kd_record){ .person = nobody, .kind = KD_STR("quarantine"), .id = id_of_row(run->fingerprint, run->bad[i].line),
            .time_ms = kd_now(run->to->clock) };
        kd_buf_init(&text, arena);
        kd_jw_init(&w, &text);
        write_row(&w, &run->bad[i], run);
        status = seal_text(&records[i], &text, run->to->vault, arena, err);
    }
    if (status == KD_OK && run->bad_count > 0)
        status = put_all(run->to->store, records, run->bad_count, err);
    kd_arena_free(arena);
    return status;
}

kd_status kd_quarantine_put_events(kd_store *store, const kd_vault *vault, const kd_bad_event *events, size_t count, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(PAGE_BYTES_MAX);
    kd_record *records = arena ? KD_NEW(arena, kd_record, count) : NULL;
    kd_status  status = records ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        const kd_bad_event *e = &events[i];
        kd_buf              text;
        kd_jw               w;
        records[i] = (kd_record){ .person = nobody, .kind = KD_STR("quarantine"), .id = id_of_event(e), .time_ms = e->received_ms };
        kd_buf_init(&text, arena);
        kd_jw_init(&w, &text);
        kd_jw_object(&w);
        KD_JW_Z(&w, "door", "http");
        KD_JW_STR(&w, "what", e->call);
        KD_JW_STR(&w, "source", e->source);
        KD_JW_STR(&w, "field", e->field);
        KD_JW_STR(&w, "reason", e->reason);
        KD_JW_STR(&w, "raw", e->raw);
        KD_JW_BOOL(&w, "believed", e->believed);
        KD_JW_BOOL(&w, "replayable", true);
        KD_JW_I64(&w, "received", e->received_ms);
        kd_jw_object_end(&w);
        status = seal_text(&records[i], &text, vault, arena, err);
    }
    if (status == KD_OK && count > 0)
        status = put_all(store, records, count, err);
    kd_arena_free(arena);
    return status;
}

/* ---- reading ---- */

static uint64_t u64_of(const kd_json *json, const char *name)
{
    char   text[20] = "";
    kd_str hex = kd_json_text(kd_json_get(json, name));
    if (hex.len < sizeof text && hex.len)
        memcpy(text, hex.ptr, hex.len);
    return strtoull(text, NULL, 16);
}

static kd_status open_held(kd_held *out, const kd_record *record, const kd_vault *vault, kd_arena *arena, kd_err *err)
{
    kd_str         text = { 0 };
    const kd_json *json = NULL, *options;
    int64_t        line = 0;
    kd_status      status = kd_unseal(&text, arena, kd_vault_house_key(vault), about(&record->id), record->body, err);
    if (status == KD_OK)
        status = kd_json_parse(&json, arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    options = kd_json_get(json, "options");
    kd_json_i64(&line, kd_json_get(json, "line"));
    *out = (kd_held){ .id = record->id, .time_ms = record->time_ms, .line = (uint64_t)line,
        .door = kd_str_is(kd_json_text(kd_json_get(json, "door")), "http") ? KD_DOOR_HTTP : KD_DOOR_FILE,
        .source = kd_json_text(kd_json_get(json, "source")), .file = kd_json_text(kd_json_get(json, "file")),
        .what = kd_json_text(kd_json_get(json, "what")), .field = kd_json_text(kd_json_get(json, "field")),
        .reason = kd_json_text(kd_json_get(json, "reason")), .raw = kd_json_text(kd_json_get(json, "raw")),
        .cut = kd_json_bool(kd_json_get(json, "cut"), false), .replayable = kd_json_bool(kd_json_get(json, "replayable"), false),
        .columns = kd_json_text(kd_json_get(json, "columns")), .options = options ? options->raw : (kd_str){ 0 },
        .head = u64_of(json, "head"), .bytes_total = u64_of(json, "bytes"), .believed = kd_json_bool(kd_json_get(json, "believed"), false) };
    if (!kd_json_i64(&out->received_ms, kd_json_get(json, "received")))
        out->received_ms = record->time_ms;
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
    for (size_t i = 0; i < found && status == KD_OK; i++) {
        kd_held held = { 0 };
        status = open_held(&held, &records[i], vault, arena, err);
        list[i] = (kd_quarantined){ .id = held.id, .time_ms = held.time_ms, .file = held.file, .what = held.what, .field = held.field,
            .reason = held.reason, .raw = held.raw, .line = held.line };
    }
    if (status != KD_OK)
        return status;
    *rows = list;
    *count = found;
    return KD_OK;
}

kd_status kd_held_list(kd_held **out, size_t *count, kd_id *last, kd_reader *reader, const kd_vault *vault, kd_str source, kd_id after,
                       size_t limit, kd_arena *arena, kd_err *err)
{
    enum { LOOKED_AT = 5000 }; /* of others' records, on the way to those of one source: the next call goes on */
    kd_held  *list = KD_NEW(arena, kd_held, limit);
    kd_status status = list ? KD_OK : kd_fail_memory(err);
    *count = 0;
    *last = nobody;
    for (size_t looked = 0; status == KD_OK && *count < limit && looked < LOOKED_AT;) {
        kd_record *records = NULL;
        size_t     found = 0;
        status = kd_reader_records(&records, &found, reader, nobody, KD_STR("quarantine"), after, PAGE < limit ? PAGE : limit, arena, err);
        if (status == KD_OK && found == 0) {
            *last = nobody;
            break;
        }
        for (size_t i = 0; i < found && status == KD_OK && *count < limit; i++, looked++) {
            status = open_held(&list[*count], &records[i], vault, arena, err);
            *count += status == KD_OK && (source.len == 0 || kd_str_eq(list[*count].source, source));
            after = *last = records[i].id;
        }
    }
    *out = list;
    return status;
}

kd_status kd_held_get(kd_held *out, kd_reader *reader, const kd_vault *vault, kd_id id, kd_arena *arena, kd_err *err)
{
    kd_record *records = NULL;
    kd_id      before = id;
    size_t     count = 0;
    for (size_t i = sizeof before.b; i-- > 0 && before.b[i]-- == 0;) /* the id before it: the next one is the first behind that */
        ;
    kd_status status = kd_reader_records(&records, &count, reader, nobody, KD_STR("quarantine"), before, 1, arena, err);
    if (status != KD_OK)
        return status;
    if (kd_id_is_nil(id) || count == 0 || !kd_id_eq(records[0].id, id))
        return kd_fail(err, KD_NOT_FOUND, "there is nothing of this id in quarantine");
    return open_held(out, &records[0], vault, arena, err);
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

kd_status kd_held_drop(kd_store *store, kd_id id, kd_err *err)
{
    const kd_record record = { .id = id };
    return delete_all(store, &record, 1, err);
}

/* ---- replay ---- */

static kd_status read_options(kd_import_options *out, const kd_held *held, kd_arena *arena, kd_err *err)
{
    const kd_json *json = NULL, *map;
    kd_feed_map   *maps;
    int64_t        number = 0;
    kd_status      status = kd_json_parse(&json, arena, held->options.ptr, held->options.len, err);
    if (status != KD_OK)
        return status;
    *out = (kd_import_options){ .source = held->source, .format = held->columns.len ? KD_IMPORT_CSV : KD_IMPORT_JSONL,
        .decimal_comma = kd_json_bool(kd_json_get(json, "decimalComma"), false), .cancel_prefix = kd_json_text(kd_json_get(json, "cancelPrefix")) };
    kd_currency_parse(&out->currency, kd_json_text(kd_json_get(json, "currency")));
    if (kd_json_i64(&number, kd_json_get(json, "utcOffsetMin")))
        out->utc_offset_min = (int)number;
    if (kd_json_i64(&number, kd_json_get(json, "dates")))
        out->dates = (kd_import_dates)number;
    map = kd_json_get(json, "map");
    if (map && map->count && (maps = KD_NEW(arena, kd_feed_map, map->count / 2)) != NULL) {
        for (const kd_json *node = map->child; node && node->next && out->map_count < MAPS_MAX; node = node->next->next)
            maps[out->map_count++] = (kd_feed_map){ kd_str_cstr(arena, node->text), kd_str_cstr(arena, node->next->text) };
        out->map = maps;
    }
    return kd_import_what_parse(&out->what, held->what) == KD_OK ? KD_OK : kd_fail(err, KD_INVALID, "this kind of file is not known any more");
}

static kd_status replay_row(kd_replay_outcome *out, const kd_importer *to, const kd_held *held, kd_str text, kd_arena *arena, kd_err *err)
{
    kd_import_replay  replay = { .line = held->line, .head = held->head, .bytes_total = held->bytes_total };
    kd_import_options options;
    kd_import_counts  counts;
    kd_input         *in = NULL;
    kd_buf            file;
    const char       *name = kd_str_cstr(arena, held->file);
    kd_status         status = read_options(&options, held, arena, err);
    options.replay = &replay;
    kd_buf_init(&file, arena);
    if (held->columns.len) {
        kd_buf_add_str(&file, held->columns);
        kd_buf_add_byte(&file, '\n');
    }
    kd_buf_add_str(&file, text);
    kd_buf_add_byte(&file, '\n');
    if (status == KD_OK)
        status = kd_buf_status(&file, err);
    if (status == KD_OK)
        status = kd_input_memory(&in, file.ptr, file.len, "", 0, err);
    if (status == KD_OK) {
        status = kd_import_run(&counts, to, in, name ? name : "quarantine", &options, NULL, NULL, NULL, err);
        kd_input_close(in);
    }
    if (status != KD_OK)
        return status;
    if (counts.quarantined > 0)
        return kd_fail_field(err, KD_INVALID, replay.why.field, "%s", replay.why.msg);
    if (counts.rows + counts.dropped != 1)
        return kd_fail_field(err, KD_INVALID, "row", "must be one row, and there are %llu", (unsigned long long)(counts.rows + counts.dropped));
    *out = (kd_replay_outcome){ counts.stored, counts.duplicates, counts.dropped };
    return KD_OK;
}

/* An event that brought no messageId gets one of its record, so that a replay after a kill is no second event. */
static kd_status with_id(const kd_json **item, const kd_held *held, kd_arena *arena, kd_err *err)
{
    char   id[KD_ID_TEXT];
    kd_buf text;
    kd_jw  w;
    if (kd_str_trim(kd_json_text(kd_json_get(*item, "messageId"))).len)
        return KD_OK;
    kd_id_format(id, held->id);
    kd_buf_init(&text, arena);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    KD_JW_Z(&w, "messageId", id);
    for (const kd_json *member = (*item)->child; member; member = member->next)
        if (!kd_str_is(member->key, "messageId")) {
            kd_jw_key_str(&w, member->key);
            kd_jw_raw(&w, member->raw);
        }
    kd_jw_object_end(&w);
    kd_status status = kd_buf_status(&text, err);
    return status == KD_OK ? kd_json_parse(item, arena, text.ptr, text.len, err) : status;
}

static kd_status replay_event(kd_replay_outcome *out, const kd_importer *to, const kd_held *held, kd_str text, kd_arena *arena, kd_err *err)
{
    const kd_incoming_context context = { .speaker = held->believed ? KD_SPEAKER_SERVER : KD_SPEAKER_PUBLIC, .source = held->source,
        .document = kd_sources_find(to->sources, held->source), .received_ms = held->received_ms, .sent_at_ms = KD_TIME_MIN,
        .policy = to->policy };
    kd_incoming   *event = KD_NEW(arena, kd_incoming, 1);
    const kd_json *item = NULL;
    kd_call        call;
    kd_status      status = event ? kd_json_parse(&item, arena, text.ptr, text.len, err) : kd_fail_memory(err);
    if (status == KD_OK && item->type != KD_JSON_OBJECT)
        status = kd_fail(err, KD_INVALID, "an event must be a JSON object");
    if (status == KD_OK && kd_call_parse(&call, held->what) != KD_OK)
        status = kd_fail(err, KD_INVALID, "a kept event of an unknown call");
    if (status == KD_OK)
        status = with_id(&item, held, arena, err);
    if (status != KD_OK)
        return status;
    kd_incoming_from_json(event, call, item, NULL, &context, arena);
    if (event->dropped) {
        out->dropped = 1;
        return KD_OK;
    }
    if (event->status != KD_OK) {
        if (err)
            *err = event->err;
        return event->status == KD_LIMIT ? KD_INVALID : event->status;
    }
    return kd_ingest_write(to->ingest, event, 1, &out->stored, &out->duplicates, err);
}

kd_status kd_held_replay(kd_replay_outcome *out, const kd_importer *to, const kd_held *held, kd_str mended, kd_err *err)
{
    kd_arena *arena = kd_arena_new(PAGE_BYTES_MAX);
    kd_str    text = mended.len ? mended : held->raw;
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    *out = (kd_replay_outcome){ 0 };
    if (status == KD_OK && !held->replayable)
        status = kd_fail(err, KD_INVALID, "this row cannot be read by itself: mend it in its file and import that again");
    if (status == KD_OK && held->cut && mended.len == 0)
        status = kd_fail_field(err, KD_INVALID, "row", "only the beginning of this row is kept: give the whole row");
    if (status == KD_OK && text.len > KD_QUARANTINE_RAW_MAX)
        status = kd_fail_field(err, KD_LIMIT, "row", "longer than 32 KiB");
    if (status == KD_OK)
        status = held->door == KD_DOOR_HTTP ? replay_event(out, to, held, text, arena, err) : replay_row(out, to, held, text, arena, err);
    if (status == KD_OK)
        status = kd_held_drop(to->store, held->id, err);
    kd_arena_free(arena);
    return status;
}

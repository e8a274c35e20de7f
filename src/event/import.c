#include "event/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/import_run.h"

enum { BAD_BYTES_MAX = 4 << 20, TELL_EVERY_US = 200 * 1000, CHECK_EVERY_ROWS = 256 };

static const struct { const char *name; kd_import_what what; } kinds[] = {
    { "orders", KD_IMPORT_ORDERS }, { "products", KD_IMPORT_PRODUCTS }, { "customers", KD_IMPORT_CUSTOMERS },
    { "events", KD_IMPORT_EVENTS }, { "content", KD_IMPORT_CONTENT },   { "places", KD_IMPORT_PLACES },
    { "postal", KD_IMPORT_POSTAL }, { "weather", KD_IMPORT_WEATHER },
    { "receipts", KD_IMPORT_RECEIPTS }, { "contacts", KD_IMPORT_CONTACTS }, { "points", KD_IMPORT_POINTS }, { "texts", KD_IMPORT_TEXTS }, { "consents", KD_IMPORT_CONSENTS },
    { "campaigns", KD_IMPORT_CAMPAIGNS }, { "coupons", KD_IMPORT_COUPONS }, { "calendar", KD_IMPORT_CALENDAR },
    { "mentions", KD_IMPORT_MENTIONS },
};

kd_status kd_import_what_parse(kd_import_what *out, kd_str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kd_str_is(name, kinds[i].name)) {
            *out = kinds[i].what;
            return KD_OK;
        }
    return KD_NOT_FOUND;
}

const char *kd_import_what_name(kd_import_what what)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].what == what)
            return kinds[i].name;
    return "";
}

/* ---- a run, from its options to its end ---- */

static kd_import_options with_defaults(const kd_import_options *given)
{
    kd_import_options o = *given;
    if (o.source.len == 0)
        o.source = kd_str_z(kd_import_what_name(o.what));
    if (o.currency.code[0] == 0)
        o.currency = (kd_currency){ "EUR" };
    if (o.record_bytes_max == 0)
        o.record_bytes_max = 1 << 20;
    if (o.quarantine_max == 0)
        o.quarantine_max = 100000;
    if (o.cancel_prefix.len == 0)
        o.cancel_prefix = KD_STR("C");
    if (o.orders_max == 0)
        o.orders_max = 4194304;
    if (o.mark_ms == 0)
        o.mark_ms = 1000;
    return o;
}

static kd_status run_kind(kd_import *run, kd_err *err)
{
    switch (run->options->what) {
    case KD_IMPORT_ORDERS:    return kd_import_orders(run, err);
    case KD_IMPORT_RECEIPTS:  return kd_import_orders(run, err);
    case KD_IMPORT_CONTACTS: case KD_IMPORT_POINTS: case KD_IMPORT_TEXTS: case KD_IMPORT_CONSENTS: return kd_import_deeds(run, err);
    case KD_IMPORT_CAMPAIGNS: case KD_IMPORT_CALENDAR: case KD_IMPORT_MENTIONS: return kd_import_almanac(run, err);
    case KD_IMPORT_COUPONS:   return kd_import_coupons(run, err);
    case KD_IMPORT_CUSTOMERS: return kd_import_customers(run, err);
    case KD_IMPORT_EVENTS:    return kd_import_events(run, err);
    case KD_IMPORT_WEATHER:   return kd_import_almanac(run, err);
    case KD_IMPORT_PRODUCTS:  return kd_import_feed(run, KD_FEED_PRODUCTS, err);
    case KD_IMPORT_PLACES:    return kd_import_feed(run, KD_FEED_PLACES, err);
    case KD_IMPORT_CONTENT:   return kd_import_feed(run, KD_FEED_CONTENT, err);
    case KD_IMPORT_POSTAL:    return kd_import_feed(run, KD_FEED_POSTAL, err);
    }
    return kd_fail(err, KD_INVALID, "no such kind of import");
}

static void tell(kd_import *run)
{
    uint64_t done = 0;
    if (!run->progress)
        return;
    kd_input_progress(run->in, &done, &run->bytes_total);
    run->progress(run->self, run->counts, done, run->bytes_total);
}

kd_status kd_import_run(kd_import_counts *counts, const kd_importer *to, kd_input *in, const char *name,
                        const kd_import_options *options, kd_import_progress progress, void *self,
                        const atomic_bool *cancel, kd_err *err)
{
    kd_import_options filled = with_defaults(options);
    kd_import        *run = calloc(1, sizeof *run);
    uint64_t          done = 0;
    kd_status         status;
    *counts = (kd_import_counts){ .currency = filled.currency };
    if (!run)
        return kd_fail_memory(err);
    if (to->sources) {
        const kd_source *source = kd_sources_find(to->sources, filled.source);
        filled.transform = source && kd_transform_step_count(source->transform) ? source->transform : NULL;
    }
    filled.dropped = &counts->dropped;
    *run = (kd_import){ .to = to, .options = &filled, .counts = counts, .in = in, .name = name, .progress = progress,
        .self = self, .cancel = cancel };
    run->bad_arena = kd_arena_new(BAD_BYTES_MAX);
    run->told_us = kd_monotonic_us();
    kd_input_progress(in, &done, &run->bytes_total);
    status = run->bad_arena ? run_kind(run, err) : kd_fail_memory(err);
    if (status == KD_OK && !counts->cancelled && counts->rows < run->mark.check_row) {
        kd_import_mark_put(run, NULL, err);
        status = kd_fail(err, KD_CONFLICT,
                         "the file is shorter than when its import began; the noted progress is dropped: run the command again");
    }
    if (run->begun || run->bad_count > 0) {
        kd_err    late = { 0 };
        kd_status kept = kd_import_bad_rows_flush(run, &late); /* what was put aside is kept, however the run ended */
        if (kept == KD_OK && status == KD_OK && run->marked && !counts->cancelled)
            kept = kd_import_mark_put(run, NULL, &late);
        if (status == KD_OK && kept != KD_OK) {
            status = kept;
            *err = late;
        }
    }
    tell(run);
    kd_arena_free(run->bad_arena);
    free(run->columns);
    free(run);
    return status;
}

bool kd_import_go_on(kd_import *run)
{
    if (run->cancel && atomic_load_explicit(run->cancel, memory_order_relaxed)) {
        run->counts->cancelled = true;
        return false;
    }
    if (run->counts->rows % CHECK_EVERY_ROWS == 0 && run->progress) {
        int64_t now_us = kd_monotonic_us();
        if (now_us - run->told_us >= TELL_EVERY_US) {
            run->told_us = now_us;
            tell(run);
        }
    }
    return true;
}

static bool ends_with(kd_str name, const char *end)
{
    size_t len = strlen(end);
    return name.len >= len && kd_str_is_nocase((kd_str){ name.ptr + name.len - len, len }, end);
}

kd_import_format kd_import_format_of(const kd_import *run)
{
    static const char *const packed[] = { ".gz", ".zst", ".zstd" };
    kd_str name = kd_str_z(run->name);
    if (run->options->format != KD_IMPORT_AUTO)
        return run->options->format;
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(name, packed[i])) {
            name.len -= strlen(packed[i]);
            break;
        }
    if (ends_with(name, ".jsonl") || ends_with(name, ".ndjson") || ends_with(name, ".json"))
        return KD_IMPORT_JSONL;
    if (ends_with(name, ".csv") || ends_with(name, ".tsv") || ends_with(name, ".txt"))
        return KD_IMPORT_CSV;
    return run->options->what == KD_IMPORT_EVENTS ? KD_IMPORT_JSONL : KD_IMPORT_CSV;
}

/* ---- rows seen, rows refused ---- */

void kd_import_hash(kd_import *run, kd_str bytes)
{
    run->hash = kd_hash64(bytes.ptr, bytes.len, run->hash);
}

kd_status kd_import_seen(kd_import *run, const kd_row *row, kd_err *err)
{
    run->counts->rows++;
    if (row->object || row->count == 0)
        kd_import_hash(run, row->raw);
    else
        for (size_t c = 0; c < row->count; c++)
            kd_import_hash(run, row->cells[c]);
    if (run->counts->rows == 1)
        run->head = run->options->replay ? run->options->replay->head : run->hash;
    if (run->counts->rows != run->mark.check_row || run->hash == run->mark.check_hash)
        return KD_OK;
    kd_import_mark_put(run, NULL, err);
    return kd_fail(err, KD_CONFLICT,
                   "the file has changed since its import began; the noted progress is dropped: run the command again");
}

kd_status kd_import_next(kd_row *row, kd_import *run, kd_rows *rows, kd_err *why, kd_err *err)
{
    if (!kd_import_go_on(run))
        return KD_NOT_FOUND;
    kd_status status = kd_rows_next(row, rows, why);
    if (status == KD_OK || status == KD_INVALID) {
        kd_status seen = kd_import_seen(run, row, err);
        return seen == KD_OK ? status : seen;
    }
    if (status != KD_NOT_FOUND && err)
        *err = *why;
    return status;
}

kd_status kd_import_reject(kd_import *run, uint64_t line, const kd_err *why, kd_str raw, kd_err *err)
{
    kd_import_reasons *reasons = run->options->reasons;
    run->counts->quarantined++;
    if (reasons && reasons->count < KD_IMPORT_REASONS) {
        reasons->lines[reasons->count] = line;
        reasons->why[reasons->count++] = *why;
    }
    if (run->counts->quarantined > run->options->quarantine_max)
        return kd_fail_field(err, KD_LIMIT, why->field,
                             "more than %zu bad rows: is this the right kind of file? the last one, line %" PRIu64 ": %.120s",
                             run->options->quarantine_max, line, why->msg);
    if (run->options->replay)
        run->options->replay->why = *why;
    if (run->options->dry_run || run->options->replay)
        return KD_OK;
    kd_bad_row *bad = &run->bad[run->bad_count];
    *bad = (kd_bad_row){ .line = line, .field = kd_str_copy(run->bad_arena, kd_str_z(why->field)),
        .reason = kd_str_copy(run->bad_arena, kd_str_z(why->msg)), .raw = kd_str_copy(run->bad_arena, raw) };
    if (!bad->field.ptr || !bad->reason.ptr || !bad->raw.ptr)
        return kd_fail_memory(err);
    return ++run->bad_count == KD_BAD_ROWS_PENDING ? kd_import_bad_rows_flush(run, err) : KD_OK;
}

kd_status kd_import_reject_row(kd_import *run, const kd_row *row, const kd_err *why, kd_err *err)
{
    kd_buf text;
    kd_buf_init(&text, NULL);
    kd_row_text(&text, row);
    if (run->columns == NULL && row->header.len) /* kept beyond the rows: what is pending is written after they are closed */
        run->columns = strndup(row->header.ptr, row->header.len);
    kd_status status = kd_buf_status(&text, err);
    if (status == KD_OK)
        status = kd_import_reject(run, row->line, why, kd_buf_str(&text), err);
    kd_buf_free(&text);
    return status;
}

kd_status kd_import_bad_rows_flush(kd_import *run, kd_err *err)
{
    kd_status status = kd_import_begin(run, err);
    if (status != KD_OK || run->bad_count == 0)
        return status;
    status = kd_quarantine_put(run, err);
    if (status == KD_OK) {
        run->bad_count = 0;
        kd_arena_reset(run->bad_arena);
    }
    return status;
}

/* ---- the mark ---- */

static uint64_t hash_of_options(const kd_import_options *o)
{
    uint64_t h = kd_hash64(o->source.ptr, o->source.len, (uint64_t)o->what);
    int64_t  rest[] = { o->utc_offset_min, o->decimal_comma, o->format, o->dates, (int64_t)o->record_bytes_max };
    h = kd_hash64(o->currency.code, sizeof o->currency.code, h);
    h = kd_hash64(o->cancel_prefix.ptr, o->cancel_prefix.len, h);
    h = kd_hash64(rest, sizeof rest, h ^ kd_transform_hash(o->transform));
    for (size_t s = 0; s < o->set_count; s++) {
        h = kd_hash64(o->set[s].column, strlen(o->set[s].column), h);
        h = kd_hash64(o->set[s].field, strlen(o->set[s].field), h);
    }
    for (size_t m = 0; m < o->map_count; m++) {
        h = kd_hash64(o->map[m].column, strlen(o->map[m].column), h);
        h = kd_hash64(o->map[m].field, strlen(o->map[m].field), h);
    }
    return h;
}

static kd_status mark_get(kd_import *run, kd_err *err)
{
    kd_arena *arena = kd_arena_new(64 * 1024);
    kd_str    text = { 0 };
    kd_mark   mark = { 0 };
    if (!arena)
        return kd_fail_memory(err);
    kd_status status = kd_reader_meta(&text, run->to->reader, run->mark_name, arena, err);
    if (status == KD_OK) {
        const char *z = kd_str_cstr(arena, text);
        if (z && sscanf(z, "%" SCNu64 " %" SCNu64 " %" SCNx64, &mark.row, &mark.check_row, &mark.check_hash) == 3
            && mark.check_row > run->counts->rows) {
            run->mark = mark;
            run->marked = true;
            run->counts->resumed_at = mark.row > 0 ? mark.row - 1 : 0;
        }
    }
    kd_arena_free(arena);
    return status == KD_NOT_FOUND ? KD_OK : status;
}

/* The mark belongs to the file and to how it is read: with another --map, what was read wrongly is read again. */
kd_status kd_import_begin(kd_import *run, kd_err *err)
{
    if (run->begun || run->options->dry_run || run->options->replay)
        return KD_OK;
    run->fingerprint = kd_hash64(&run->bytes_total, sizeof run->bytes_total, run->hash);
    uint64_t name = kd_hash64(&run->fingerprint, sizeof run->fingerprint, hash_of_options(run->options));
    snprintf(run->mark_name, sizeof run->mark_name, "import/%016" PRIx64, name);
    kd_status status = mark_get(run, err);
    run->begun = status == KD_OK;
    return status;
}

kd_status kd_import_mark_put(kd_import *run, const kd_mark *mark, kd_err *err)
{
    char text[80] = "";
    if (run->options->replay)
        return KD_OK;
    run->marked = true;
    if (mark)
        snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %016" PRIx64, mark->row, mark->check_row, mark->check_hash);
    return kd_store_meta_put(run->to->store, run->mark_name, kd_str_z(text), err);
}

#include "event/import_run.h"

#include <stdlib.h>

/* Files whose rows are documents: the catalogue's (through its own feeds), and what import_outside.c knows. A document that says nothing new
 * is not appended again by the store, so these files need no mark: after a kill they are simply put once more. */

enum { BATCH_ROWS = 500, BATCH_BYTES_MAX = 256 << 20, BATCH_BYTES = 16 << 20 };

/* ---- the catalogue ---- */

typedef struct shelf {  /* documents on their way into the catalogue */
    kd_import        *run;
    kd_arena         *arena;
    kd_catalog_change changes[BATCH_ROWS];
    kd_err            bad[BATCH_ROWS];
    uint64_t          lines[BATCH_ROWS];
    size_t            count;
    bool              products;
} shelf;

static kd_status put_changes(shelf *s, kd_err *err)
{
    kd_import *run = s->run;
    size_t     refused = 0;
    kd_status  status = kd_import_begin(run, err);
    memset(s->bad, 0, sizeof s->bad);
    if (status == KD_OK && s->count > 0 && !run->options->dry_run)
        status = kd_catalog_put(run->to->catalog, s->changes, s->count, kd_now(run->to->clock), s->bad, &refused, err);
    for (size_t i = 0; i < s->count && status == KD_OK; i++) {
        const kd_json *body = s->changes[i].body;
        if (s->bad[i].status != KD_OK)
            status = kd_import_reject(run, s->lines[i], &s->bad[i], body ? body->raw : s->changes[i].id, err);
        run->counts->documents += s->bad[i].status == KD_OK;
        run->counts->products += s->products && s->bad[i].status == KD_OK;
    }
    run->counts->refused += refused;
    s->count = 0;
    kd_arena_reset(s->arena);
    return status;
}

/* One document or bad row of the feed. KD_NOT_FOUND at the end. */
static kd_status take_change(shelf *s, kd_feed *feed, kd_err *err)
{
    kd_import *run = s->run;
    kd_err     why = { 0 };
    kd_str     raw = { 0 };
    uint64_t   line = 0;
    kd_status  status = kd_feed_next(&s->changes[s->count], feed, s->arena, &line, &raw, &why);
    if (status == KD_OK || status == KD_INVALID) {
        run->counts->rows++;
        kd_import_hash(run, (kd_str){ (const char *)&line, sizeof line });
        kd_import_hash(run, status == KD_OK ? s->changes[s->count].id : raw);
    }
    if (status == KD_INVALID)
        return kd_import_reject(run, line, &why, raw, err);
    if (status != KD_OK) {
        if (status != KD_NOT_FOUND && err)
            *err = why;
        return status;
    }
    s->lines[s->count++] = line;
    return s->count == BATCH_ROWS || kd_arena_used(s->arena) > BATCH_BYTES ? put_changes(s, err) : KD_OK;
}

kd_status kd_import_feed(kd_import *run, kd_feed_what what, kd_err *err)
{
    const kd_import_options *o = run->options;
    const kd_feed_options options = { .what = what, .map = o->map, .map_count = o->map_count, .currency = o->currency,
                                      .decimal_comma = o->decimal_comma, .record_bytes_max = o->record_bytes_max };
    shelf    *s = calloc(1, sizeof *s);
    kd_feed  *feed = NULL;
    kd_status status;
    if (!s)
        return kd_fail_memory(err);
    s->run = run;
    s->products = what == KD_FEED_PRODUCTS;
    s->arena = kd_arena_new(BATCH_BYTES_MAX);
    status = s->arena ? kd_feed_open(&feed, run->in, &options, err) : kd_fail_memory(err);
    while (status == KD_OK && kd_import_go_on(run))
        status = take_change(s, feed, err);
    if (status == KD_OK || status == KD_NOT_FOUND)
        status = put_changes(s, err);
    kd_feed_close(feed);
    kd_arena_free(s->arena);
    free(s);
    return status;
}

/* ---- other documents, one a row ---- */

typedef struct almanac { kd_import *run; const kd_import_table *table; kd_row_doc *doc; kd_arena *arena; kd_doc docs[BATCH_ROWS]; size_t count; } almanac;

static kd_status put_docs(almanac *a, kd_err *err)
{
    kd_import *run = a->run;
    kd_status  status = KD_OK;
    if (a->count > 0 && !run->options->dry_run)
        status = kd_store_docs_put(run->to->store, a->docs, a->count, err);
    if (status == KD_OK)
        run->counts->documents += a->count;
    a->count = 0;
    kd_arena_reset(a->arena);
    return status;
}

static kd_status take_doc(almanac *a, kd_rows *rows, kd_err *err)
{
    kd_row    row;
    kd_err    why = { 0 };
    kd_status status = kd_import_next(&row, a->run, rows, &why, err);
    if (status == KD_OK)
        status = a->doc(&a->docs[a->count], a->run, &row, a->arena, &why);
    if (status == KD_INVALID)
        return kd_import_reject_row(a->run, &row, &why, err);
    if (status != KD_OK)
        return status;
    return ++a->count == BATCH_ROWS ? put_docs(a, err) : KD_OK;
}

kd_status kd_import_almanac(kd_import *run, kd_err *err)
{
    static const struct { kd_import_what what; const kd_import_table *table; kd_row_doc *doc; } kinds[] = {
        { KD_IMPORT_WEATHER, &kd_weather_table, kd_weather_doc },    { KD_IMPORT_CAMPAIGNS, &kd_campaign_table, kd_campaign_doc },
        { KD_IMPORT_CALENDAR, &kd_calendar_table, kd_calendar_doc }, { KD_IMPORT_MENTIONS, &kd_mention_table, kd_mention_doc },
    };
    almanac  *a = calloc(1, sizeof *a);
    kd_rows  *rows = NULL;
    kd_status status;
    if (!a)
        return kd_fail_memory(err);
    a->run = run;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].what == run->options->what) {
            a->table = kinds[i].table;
            a->doc = kinds[i].doc;
        }
    a->arena = kd_arena_new(BATCH_BYTES_MAX);
    status = a->arena ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_rows_open(&rows, run->in, a->table, run->options, kd_import_format_of(run), err);
    if (status == KD_OK)
        kd_import_hash(run, kd_rows_columns(rows));
    while (status == KD_OK)
        status = take_doc(a, rows, err);
    if (status == KD_OK || status == KD_NOT_FOUND)
        status = put_docs(a, err);
    kd_rows_close(rows);
    kd_arena_free(a->arena);
    free(a);
    return status;
}

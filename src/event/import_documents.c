#include "event/import_run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "event/import_values.h"

/* Files whose rows are documents: the catalogue's (through its own feeds) and the weather. A document that says nothing new
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

/* ---- the weather ---- */

enum { W_PLACE, W_POSTAL, W_COUNTRY, W_TIME, W_TEMPERATURE, W_CONDITION, W_RAIN, W_WIND, W_HUMIDITY, W_SNOW };
static const kd_import_field weather_fields[] = {
    [W_PLACE] = { "place", "place placeid store storeid station", false },
    [W_POSTAL] = { "postal_code", "postalcode zip zipcode postcode plz", false },
    [W_COUNTRY] = { "country", "country countrycode", false },
    [W_TIME] = { "time", "time date datetime timestamp", true },
    [W_TEMPERATURE] = { "temperature_c", "temperaturec temperature temp tempc", true },
    [W_CONDITION] = { "condition", "condition weather", false },
    [W_RAIN] = { "precipitation_mm", "precipitationmm precipitation rainmm rain", false },
    [W_WIND] = { "wind_kmh", "windkmh windspeed wind", false },
    [W_HUMIDITY] = { "humidity", "humidity humiditypercent", false },
    [W_SNOW] = { "snow_cm", "snowcm snow", false },
};
static const kd_import_table weather_table = { weather_fields, sizeof weather_fields / sizeof *weather_fields, false };
static const struct { int field, min, max; } measures[] = {
    { W_TEMPERATURE, -95, 65 }, { W_RAIN, 0, 2000 }, { W_WIND, 0, 500 }, { W_HUMIDITY, 0, 100 }, { W_SNOW, 0, 2000 },
};

typedef struct almanac { kd_import *run; kd_arena *arena; kd_doc docs[BATCH_ROWS]; size_t count; } almanac;

static kd_status write_measures(kd_jw *w, const kd_row *row, bool comma, kd_err *err)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        const char *name = weather_fields[measures[i].field].name;
        kd_str      text = row->field[measures[i].field];
        int64_t     micro = 0;
        if (text.len == 0 && measures[i].field == W_TEMPERATURE)
            return kd_fail_field(err, KD_INVALID, name, "no temperature");
        if (text.len == 0)
            continue;
        if (!kd_micro_parse(&micro, text, comma))
            return kd_fail_field(err, KD_INVALID, name, "not a number");
        if (micro < measures[i].min * INT64_C(1000000) || micro > measures[i].max * INT64_C(1000000))
            return kd_fail_field(err, KD_INVALID, name, "not between %d and %d", measures[i].min, measures[i].max);
        kd_jw_key(w, name);
        kd_jw_f64(w, (double)micro / 1e6, 2);
    }
    return KD_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* "store-1:2026-11-22", "de-10115:2026-11-22T14:00Z": where, and the day or the minute. */
static kd_status weather_id(kd_buf *id, const kd_row *row, const kd_import *run, char iso[25], kd_err *err)
{
    kd_str      place = row->field[W_PLACE], postal = row->field[W_POSTAL];
    kd_str      country = row->field[W_COUNTRY], time = row->field[W_TIME];
    int64_t     ms, written;
    const char *why;
    bool        day_only = !memchr(time.ptr ? time.ptr : "", ':', time.len);
    if (place.len == 0 && (postal.len == 0 || country.len == 0))
        return kd_fail_field(err, KD_INVALID, "place", "neither a place nor a postal code with its country");
    if (place.len > 200 || postal.len > 20 || country.len > 60)
        return kd_fail_field(err, KD_INVALID, "place", "longer than a place or a postal code can be");
    if (!kd_import_time(&ms, &written, time, run->options->dates, run->options->utc_offset_min, &why))
        return kd_fail_field(err, KD_INVALID, "time", "%s", why);
    kd_time_format(iso, day_only ? written : ms); /* a day is a day of that place, whatever the zone */
    if (place.len > 0)
        kd_buf_add_str(id, place);
    else {
        for (size_t i = 0; i < country.len; i++)
            kd_buf_add_byte(id, (uint8_t)lower(country.ptr[i]));
        kd_buf_add_byte(id, '-');
        kd_buf_add_str(id, postal);
    }
    kd_buf_add_byte(id, ':');
    kd_buf_add(id, iso, day_only ? 10 : 16);
    if (!day_only)
        kd_buf_add_byte(id, 'Z');
    return kd_buf_status(id, err);
}

static kd_status weather_doc(kd_doc *out, const kd_import *run, const kd_row *row, kd_arena *arena, kd_err *err)
{
    kd_buf id, body;
    kd_jw  w;
    char   iso[25];
    kd_buf_init(&id, arena);
    kd_buf_init(&body, arena);
    kd_jw_init(&w, &body);
    kd_status status = weather_id(&id, row, run, iso, err);
    if (status != KD_OK)
        return status;
    if (row->field[W_CONDITION].len > 64)
        return kd_fail_field(err, KD_INVALID, "condition", "longer than 64 bytes");
    kd_jw_object(&w);
    if (row->field[W_PLACE].len > 0)
        KD_JW_STR(&w, "place", row->field[W_PLACE]);
    if (row->field[W_POSTAL].len > 0)
        KD_JW_STR(&w, "postal_code", row->field[W_POSTAL]);
    if (row->field[W_COUNTRY].len > 0)
        KD_JW_STR(&w, "country", row->field[W_COUNTRY]);
    KD_JW_Z(&w, "time", iso);
    if (row->field[W_CONDITION].len > 0)
        KD_JW_STR(&w, "condition", row->field[W_CONDITION]);
    status = write_measures(&w, row, run->options->decimal_comma, err);
    kd_jw_object_end(&w);
    if (status == KD_OK)
        status = kd_buf_status(&body, err);
    *out = (kd_doc){ .kind = KD_STR("weather"), .id = kd_buf_str(&id), .valid_from_ms = kd_now(run->to->clock),
        .body = kd_buf_str(&body) };
    return status;
}

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

static kd_status take_weather(almanac *a, kd_rows *rows, kd_err *err)
{
    kd_row    row;
    kd_err    why = { 0 };
    kd_status status = kd_rows_next(&row, rows, &why), seen;
    if ((status == KD_OK || status == KD_INVALID) && (seen = kd_import_seen(a->run, &row, err)) != KD_OK)
        return seen;
    if (status == KD_OK)
        status = weather_doc(&a->docs[a->count], a->run, &row, a->arena, &why);
    if (status == KD_INVALID)
        return kd_import_reject_row(a->run, &row, &why, err);
    if (status != KD_OK) {
        if (status != KD_NOT_FOUND && err)
            *err = why;
        return status;
    }
    return ++a->count == BATCH_ROWS ? put_docs(a, err) : KD_OK;
}

kd_status kd_import_weather(kd_import *run, kd_err *err)
{
    almanac  *a = calloc(1, sizeof *a);
    kd_rows  *rows = NULL;
    kd_status status;
    if (!a)
        return kd_fail_memory(err);
    a->run = run;
    a->arena = kd_arena_new(BATCH_BYTES_MAX);
    status = a->arena ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_rows_open(&rows, run->in, &weather_table, run->options, kd_import_format_of(run), err);
    if (status == KD_OK)
        kd_import_hash(run, kd_rows_columns(rows));
    while (status == KD_OK && kd_import_go_on(run))
        status = take_weather(a, rows, err);
    if (status == KD_OK || status == KD_NOT_FOUND)
        status = put_docs(a, err);
    kd_rows_close(rows);
    kd_arena_free(a->arena);
    free(a);
    return status;
}

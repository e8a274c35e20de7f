#include "event/import_run.h"

#include "event/import_values.h"

/* What goes on around a shop, and what it plans: weather, holidays and events, what is said about products elsewhere, campaigns.
 * Each row is a document with versions, so that its history stays. */

enum { TEXT_BYTES_MAX = 200 };

static kd_status text_fits(kd_str text, const char *field, kd_err *err)
{
    return text.len <= TEXT_BYTES_MAX ? KD_OK : kd_fail_field(err, KD_INVALID, field, "longer than %d bytes", TEXT_BYTES_MAX);
}

kd_status kd_import_day(char out[11], const kd_import *run, kd_str text, const char *field, kd_err *err)
{
    int64_t     ms, written;
    const char *why;
    char        iso[25];
    if (!kd_import_time(&ms, &written, text, run->options->dates, run->options->utc_offset_min, &why))
        return kd_fail_field(err, KD_INVALID, field, "%s", why);
    kd_time_format(iso, written);
    memcpy(out, iso, 10);
    out[10] = 0;
    return KD_OK;
}

static kd_status write_day(kd_jw *w, const kd_import *run, kd_str text, const char *field, kd_err *err)
{
    char day[11];
    if (text.len == 0)
        return KD_OK;
    kd_status status = kd_import_day(day, run, text, field, err);
    if (status == KD_OK)
        KD_JW_Z(w, field, day);
    return status;
}

static kd_status write_number(kd_jw *w, const kd_import *run, kd_str text, const char *field, int64_t min, int64_t max, kd_err *err)
{
    int64_t micro = 0;
    if (text.len == 0)
        return KD_OK;
    if (!kd_micro_parse(&micro, text, run->options->decimal_comma))
        return kd_fail_field(err, KD_INVALID, field, "not a number");
    if (micro < min * 1000000 || micro > max * 1000000)
        return kd_fail_field(err, KD_INVALID, field, "not between %lld and %lld", (long long)min, (long long)max);
    kd_jw_key(w, field);
    kd_jw_fixed(w, micro, 6);
    return KD_OK;
}

/* The rest of a row, each column under its own name. */
static kd_status finish_doc(kd_doc *out, const kd_import *run, const char *kind, kd_buf *id, kd_buf *body, kd_jw *w, const kd_row *row,
                            kd_err *err)
{
    kd_import_write_others(w, row);
    kd_jw_object_end(w);
    *out = (kd_doc){ .kind = kd_str_z(kind), .id = kd_buf_str(id), .valid_from_ms = kd_now(run->to->clock), .body = kd_buf_str(body) };
    kd_status status = kd_buf_status(id, err);
    return status == KD_OK ? kd_buf_status(body, err) : status;
}

/* ---- campaigns ---- */

enum { C_ID, C_NAME, C_CHANNEL, C_TYPE, C_START, C_END, C_COST, C_CURRENCY };
static const kd_import_field campaign_fields[] = {
    [C_ID] = { "campaign", "campaignid campaign id offerid offer mailingid", true },
    [C_NAME] = { "name", "name title campaignname subject", false },
    [C_CHANNEL] = { "channel", "channel medium", false },
    [C_TYPE] = { "type", "type campaigntype kind", false },
    [C_START] = { "start", "start startdate starts startat validfrom from date", false },
    [C_END] = { "end", "end enddate ends endat validto until to", false },
    [C_COST] = { "cost", "cost costs budget", false },
    [C_CURRENCY] = { "currency", "currency currencycode", false },
};
const kd_import_table kd_campaign_table = { campaign_fields, sizeof campaign_fields / sizeof *campaign_fields, true };

kd_status kd_campaign_doc(kd_doc *out, const kd_import *run, const kd_row *row, kd_arena *arena, kd_err *err)
{
    kd_str      campaign = row->field[C_ID];
    kd_currency currency = run->options->currency;
    kd_buf      id, body;
    kd_jw       w;
    char        start[11] = "", end[11] = "";
    kd_status   status = text_fits(campaign, "campaign", err);
    if (status == KD_OK && campaign.len == 0)
        status = kd_fail_field(err, KD_INVALID, "campaign", "no campaign");
    if (status == KD_OK && row->field[C_CURRENCY].len && !kd_currency_parse(&currency, row->field[C_CURRENCY]))
        status = kd_fail_field(err, KD_INVALID, "currency", "not an ISO 4217 code of three letters");
    if (status == KD_OK && row->field[C_START].len)
        status = kd_import_day(start, run, row->field[C_START], "start", err);
    if (status == KD_OK && row->field[C_END].len)
        status = kd_import_day(end, run, row->field[C_END], "end", err);
    if (status == KD_OK && start[0] && end[0] && strcmp(end, start) < 0)
        status = kd_fail_field(err, KD_INVALID, "end", "before its start");
    if (status != KD_OK)
        return status;
    kd_buf_init(&id, arena);
    kd_buf_init(&body, arena);
    kd_buf_add_str(&id, campaign);
    kd_jw_init(&w, &body);
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", campaign);
    kd_import_write_text(&w, "name", row->field[C_NAME]);
    kd_import_write_text(&w, "channel", row->field[C_CHANNEL]);
    kd_import_write_text(&w, "type", row->field[C_TYPE]);
    kd_import_write_text(&w, "start", kd_str_z(start));
    kd_import_write_text(&w, "end", kd_str_z(end));
    status = write_number(&w, run, row->field[C_COST], "cost", 0, 1000000000000, err);
    if (status == KD_OK && row->field[C_COST].len)
        KD_JW_Z(&w, "currency", currency.code);
    return status == KD_OK ? finish_doc(out, run, "outreach", &id, &body, &w, row, err) : status;
}

/* ---- calendar ---- */

enum { K_REGION, K_DAY, K_NAME, K_KIND, K_END };
static const kd_import_field calendar_fields[] = {
    [K_REGION] = { "region", "region country state place store", true },
    [K_DAY] = { "day", "day date start startdate", true },
    [K_NAME] = { "name", "name event holiday title localname", true },
    [K_KIND] = { "kind", "kind type category", false },
    [K_END] = { "end", "end enddate until", false },
};
const kd_import_table kd_calendar_table = { calendar_fields, sizeof calendar_fields / sizeof *calendar_fields, true };

kd_status kd_calendar_doc(kd_doc *out, const kd_import *run, const kd_row *row, kd_arena *arena, kd_err *err)
{
    kd_buf    id, body;
    kd_jw     w;
    char      day[11];
    kd_status status = kd_import_day(day, run, row->field[K_DAY], "day", err);
    for (int f = K_REGION; f <= K_NAME && status == KD_OK; f++) {
        status = text_fits(row->field[f], calendar_fields[f].name, err);
        if (status == KD_OK && row->field[f].len == 0)
            status = kd_fail_field(err, KD_INVALID, calendar_fields[f].name, "empty");
    }
    if (status != KD_OK)
        return status;
    kd_buf_init(&id, arena);
    kd_buf_init(&body, arena);
    kd_buf_add_str(&id, row->field[K_REGION]);
    kd_buf_addf(&id, ":%s:", day);
    kd_buf_add_str(&id, row->field[K_NAME]);
    kd_jw_init(&w, &body);
    kd_jw_object(&w);
    KD_JW_STR(&w, "region", row->field[K_REGION]);
    KD_JW_Z(&w, "day", day);
    KD_JW_STR(&w, "name", row->field[K_NAME]);
    kd_import_write_text(&w, "kind", row->field[K_KIND]);
    status = write_day(&w, run, row->field[K_END], "end", err);
    return status == KD_OK ? finish_doc(out, run, "calendar", &id, &body, &w, row, err) : status;
}

/* ---- what is said about products elsewhere ---- */

enum { M_PRODUCT, M_DAY, M_NETWORK, M_COUNT, M_SENTIMENT };
static const kd_import_field mention_fields[] = {
    [M_PRODUCT] = { "product", "productid product itemid item sku brand topic", true },
    [M_DAY] = { "day", "day date time timestamp", true },
    [M_NETWORK] = { "network", "network channel platform site", false },
    [M_COUNT] = { "count", "count mentions number", true },
    [M_SENTIMENT] = { "sentiment", "sentiment score", false },
};
const kd_import_table kd_mention_table = { mention_fields, sizeof mention_fields / sizeof *mention_fields, true };

kd_status kd_mention_doc(kd_doc *out, const kd_import *run, const kd_row *row, kd_arena *arena, kd_err *err)
{
    kd_buf    id, body;
    kd_jw     w;
    char      day[11];
    kd_str    product = row->field[M_PRODUCT], network = row->field[M_NETWORK];
    kd_status status = kd_import_day(day, run, row->field[M_DAY], "day", err);
    if (status == KD_OK)
        status = text_fits(product, "product", err);
    if (status == KD_OK)
        status = text_fits(network, "network", err);
    if (status == KD_OK && product.len == 0)
        status = kd_fail_field(err, KD_INVALID, "product", "no product");
    if (status == KD_OK && row->field[M_COUNT].len == 0)
        status = kd_fail_field(err, KD_INVALID, "count", "no count");
    if (status != KD_OK)
        return status;
    kd_buf_init(&id, arena);
    kd_buf_init(&body, arena);
    kd_buf_add_str(&id, product);
    kd_buf_addf(&id, ":%s:", day);
    kd_buf_add_str(&id, network);
    kd_jw_init(&w, &body);
    kd_jw_object(&w);
    KD_JW_STR(&w, "product", product);
    KD_JW_Z(&w, "day", day);
    kd_import_write_text(&w, "network", network);
    status = write_number(&w, run, row->field[M_COUNT], "count", 0, 1000000000000, err);
    if (status == KD_OK)
        status = write_number(&w, run, row->field[M_SENTIMENT], "sentiment", -1, 1, err);
    return status == KD_OK ? finish_doc(out, run, "mention", &id, &body, &w, row, err) : status;
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
const kd_import_table kd_weather_table = { weather_fields, sizeof weather_fields / sizeof *weather_fields, false };
static const struct { int field, min, max; } measures[] = {
    { W_TEMPERATURE, -95, 65 }, { W_RAIN, 0, 2000 }, { W_WIND, 0, 500 }, { W_HUMIDITY, 0, 100 }, { W_SNOW, 0, 2000 },
};

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

kd_status kd_weather_doc(kd_doc *out, const kd_import *run, const kd_row *row, kd_arena *arena, kd_err *err)
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

#include <stdio.h>
#include "catalog/feed_row.h"

/* Rows of places, contents and postal codes: one row, one document. */

static void write_text(kd_jw *w, const kd_feed_row *row, const char *field)
{
    const kd_str value = kd_feed_row_get(row, field);
    if (value.len != 0)
        KD_JW_STR(w, field, value);
}

static void write_others(kd_jw *w, const kd_feed_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (kd_str_starts(row->cells[i].field, "member:")) {
            kd_jw_key_str(w, (kd_str){ row->cells[i].field.ptr + 7, row->cells[i].field.len - 7 });
            kd_jw_str(w, row->cells[i].value);
        }
}

/* "9:00" -> "09:00"; false when it is no time of a clock. */
static bool clock_text(char out[6], kd_str text)
{
    int64_t     hour = 0, minute = 0;
    const char *colon = memchr(text.ptr, ':', text.len);
    const size_t at = colon ? (size_t)(colon - text.ptr) : text.len;
    if (!kd_str_i64(&hour, (kd_str){ text.ptr, at }) || (colon && !kd_str_i64(&minute, (kd_str){ colon + 1, text.len - at - 1 })))
        return false;
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || (hour == 24 && minute != 0))
        return false;
    snprintf(out, 6, "%02u:%02u", (unsigned)hour % 100, (unsigned)minute % 100);
    return true;
}

/* "09:00-12:00, 13:00-18:00" -> [["09:00","12:00"],["13:00","18:00"]]; "closed" -> [] */
static kd_status write_day(kd_jw *w, const char *day, kd_str text, kd_err *err)
{
    kd_jw_key(w, day);
    kd_jw_array(w);
    while (text.len != 0 && !kd_str_is_nocase(text, "closed")) {
        const char  *comma = memchr(text.ptr, ',', text.len);
        const size_t len = comma ? (size_t)(comma - text.ptr) : text.len;
        const kd_str span = kd_str_trim((kd_str){ text.ptr, len });
        const char  *dash = span.len ? memchr(span.ptr, '-', span.len) : NULL;
        const size_t at = dash ? (size_t)(dash - span.ptr) : 0;
        char         opens[6], closes[6];
        text = comma ? (kd_str){ comma + 1, text.len - len - 1 } : (kd_str){ 0 };
        if (!dash || !clock_text(opens, kd_str_trim((kd_str){ span.ptr, at }))
            || !clock_text(closes, kd_str_trim((kd_str){ dash + 1, span.len - at - 1 })))
            return kd_fail_field(err, KD_INVALID, day, "%s: hours are written 09:00-12:00, 13:00-18:00 or closed", day);
        kd_jw_array(w);
        kd_jw_z(w, opens);
        kd_jw_z(w, closes);
        kd_jw_array_end(w);
    }
    kd_jw_array_end(w);
    return KD_OK;
}

static kd_status write_place(kd_jw *w, const kd_feed_row *row, kd_err *err)
{
    static const char *const texts[] = { "id", "name", "kind", "latitude", "longitude" };
    static const char *const address[] = { "street", "postalCode", "city", "region", "country" };
    static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
    bool      any = false;
    kd_status status = KD_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        write_text(w, row, texts[i]);
    for (size_t i = 0; i < sizeof address / sizeof *address; i++) {
        if (kd_feed_row_get(row, address[i]).len == 0)
            continue;
        if (!any) {
            kd_jw_key(w, "address");
            kd_jw_object(w);
        }
        any = true;
        write_text(w, row, address[i]);
    }
    if (any)
        kd_jw_object_end(w);
    any = false;
    for (size_t i = 0; i < 7 && status == KD_OK; i++) {
        if (kd_feed_row_get(row, days[i]).len == 0)
            continue;
        if (!any) {
            kd_jw_key(w, "hours");
            kd_jw_object(w);
        }
        any = true;
        status = write_day(w, days[i], kd_feed_row_get(row, days[i]), err);
    }
    if (any && status == KD_OK)
        kd_jw_object_end(w);
    write_others(w, row);
    return status;
}

static void write_content(kd_jw *w, const kd_feed_row *row)
{
    static const char *const texts[] = { "id", "kind", "title", "url", "image" },
        *const lists[] = { "topics", "categories", "products" };
    const kd_str             hidden = kd_feed_row_get(row, "hidden");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        write_text(w, row, texts[i]);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (kd_feed_row_get(row, lists[i]).len != 0) {
            kd_jw_key(w, lists[i]);
            kd_feed_list(w, kd_feed_row_get(row, lists[i]));
        }
    if (hidden.len != 0)
        KD_JW_BOOL(w, "hidden", kd_str_is(hidden, "true"));
    write_others(w, row);
}

kd_status kd_feed_document(kd_buf *out, const kd_feed_row *row, const kd_feed_options *options, kd_err *err)
{
    static const char *const postal[] = { "country", "postalCode", "latitude", "longitude" };
    kd_jw     w;
    kd_status status = KD_OK;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    if (options->what == KD_FEED_PLACES)
        status = write_place(&w, row, err);
    else if (options->what == KD_FEED_CONTENT)
        write_content(&w, row);
    for (size_t i = 0; options->what == KD_FEED_POSTAL && i < sizeof postal / sizeof *postal; i++)
        write_text(&w, row, postal[i]);
    if (status != KD_OK)
        return status;
    kd_jw_object_end(&w);
    return kd_buf_status(out, err);
}

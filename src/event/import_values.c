#include "event/import_values.h"

#include <stdio.h>

enum { TIME_TEXT_MAX = 64 };

bool kd_import_quantity(int32_t *out, kd_str text, bool comma, const char **why)
{
    int64_t micro = 0;
    if (text.len == 0)
        *why = "no quantity";
    else if (!kd_micro_parse(&micro, text, comma))
        *why = "the quantity is not a number";
    else if (micro % 1000000 != 0)
        *why = "the quantity is not a whole number of pieces";
    else if (micro / 1000000 > INT32_MAX || micro / 1000000 < -INT32_MAX)
        *why = "the quantity is too large";
    else {
        *out = (int32_t)(micro / 1000000);
        return true;
    }
    return false;
}

/* One or two digits (or exactly `exact`), which move *at. */
static bool digits(int *out, kd_str text, size_t *at, size_t exact)
{
    size_t begin = *at, most = exact ? exact : 2;
    int    value = 0;
    while (*at < text.len && *at - begin < most && text.ptr[*at] >= '0' && text.ptr[*at] <= '9')
        value = value * 10 + (text.ptr[(*at)++] - '0');
    *out = value;
    return *at > begin && (exact == 0 || *at - begin == exact);
}

/* What follows the date: nothing, or blank or 'T' and a time of day whose hour may have one digit. */
static bool iso_of_parts(char iso[TIME_TEXT_MAX], int year, int month, int day, kd_str rest)
{
    int    hour = 0, len;
    size_t at = 1;
    if (rest.len == 0)
        len = snprintf(iso, TIME_TEXT_MAX, "%04d-%02d-%02d", year, month, day);
    else if ((rest.ptr[0] == ' ' || rest.ptr[0] == 'T') && rest.len < 40 && digits(&hour, rest, &at, 0))
        len = snprintf(iso, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d%.*s", year, month, day, hour, (int)(rest.len - at),
                       rest.ptr + at);
    else
        return false;
    return len > 0 && len < TIME_TEXT_MAX;
}

static kd_str from(kd_str text, size_t at)
{
    return (kd_str){ text.ptr + at, text.len - at };
}

/* "2026/" but not "1.12." */
static bool starts_with_year(kd_str text)
{
    int    year;
    size_t at = 0;
    return digits(&year, text, &at, 4) && at < text.len && (text.ptr[at] == '/' || text.ptr[at] == '.' || text.ptr[at] == '-');
}

/* Three numbers between `separator`: year first, or the two orders of day and month. */
static bool iso_of_triple(char iso[TIME_TEXT_MAX], kd_str text, char separator, bool month_first)
{
    int    a, b, c;
    size_t at = 0;
    if (starts_with_year(text))
        return digits(&a, text, &at, 4) && text.ptr[at++] == separator && digits(&b, text, &at, 0) && at < text.len
               && text.ptr[at++] == separator && digits(&c, text, &at, 0) && iso_of_parts(iso, a, b, c, from(text, at));
    if (!digits(&a, text, &at, 0) || at >= text.len || text.ptr[at++] != separator || !digits(&b, text, &at, 0)
        || at >= text.len || text.ptr[at++] != separator || !digits(&c, text, &at, 4))
        return false;
    return iso_of_parts(iso, c, month_first ? a : b, month_first ? b : a, from(text, at));
}

static bool in_range(int64_t ms)
{
    return ms >= KD_TIME_MIN && ms <= KD_TIME_MAX;
}

static bool all_digits(int64_t *out, kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return kd_str_i64(out, text);
}

static bool number_time(int64_t *out_ms, int64_t *written_ms, kd_str text, int64_t number, int offset_min)
{
    if (text.len == 8) {
        char   iso[TIME_TEXT_MAX];
        kd_str day = { iso, (size_t)snprintf(iso, sizeof iso, "%.4s-%.2s-%.2s", text.ptr, text.ptr + 4, text.ptr + 6) };
        return kd_time_parse(out_ms, day, offset_min) && kd_time_parse(written_ms, day, 0);
    }
    *out_ms = *written_ms = text.len == 10 ? number * 1000 : number;
    return (text.len == 10 || text.len == 13) && in_range(*out_ms);
}

bool kd_import_time(int64_t *out_ms, int64_t *written_ms, kd_str text, kd_import_dates dates, int offset_min, const char **why)
{
    char    iso[TIME_TEXT_MAX];
    int64_t number;
    *why = "the date is in no form we know";
    if (text.len == 0) {
        *why = "no date";
        return false;
    }
    if (kd_time_parse(out_ms, text, offset_min))
        return kd_time_parse(written_ms, text, 0);
    if (all_digits(&number, text))
        return number_time(out_ms, written_ms, text, number, offset_min);
    bool year_first = starts_with_year(text);
    char separator = year_first ? text.ptr[4] : memchr(text.ptr, '/', text.len < 6 ? text.len : 6) ? '/' : '.';
    if (separator == '/' && !year_first && dates == KD_DATES_CLEAR) {
        *why = "a date with slashes may begin with its day or its month: say --dates dmy or --dates mdy";
        return false;
    }
    return iso_of_triple(iso, text, separator, separator == '/' && dates == KD_DATES_MDY)
           && kd_time_parse(out_ms, kd_str_z(iso), offset_min) && kd_time_parse(written_ms, kd_str_z(iso), 0);
}

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, OFFSET_MAX_MIN = 14 * 60 };

static int64_t system_now_ms(void *self)
{
    struct timespec t;
    (void)self;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t shown_now_ms(void *self)
{
    return *(const int64_t *)self;
}

kd_clock kd_clock_system(void)
{
    return (kd_clock){ system_now_ms, NULL };
}

kd_clock kd_clock_at(const int64_t *now_ms)
{
    union { const int64_t *in; void *out; } self = { .in = now_ms }; /* only ever read through */
    return (kd_clock){ shown_now_ms, self.out };
}

int64_t kd_monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- calendar: the proleptic Gregorian one, counted in eras of 400 years (146097 days) that begin on 1 March, so that the
 * leap day is the last of its year --- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t day_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468; /* days from 0000-03-01 to 1970-01-01 */
}

static void date_of(int64_t *year, int *month, int *day, int64_t days)
{
    days += 719468;
    int64_t era = floor_div(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int days_of_month(int year, int month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* --- reading: each function takes what it reads from the front of *in, or gives false --- */

static bool take_digits(int *out, kd_str *in, size_t count)
{
    int value = 0;
    if (in->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char c = in->ptr[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *out = value;
    in->ptr += count;
    in->len -= count;
    return true;
}

static bool take_any(kd_str *in, const char *wanted)
{
    if (in->len == 0 || in->ptr[0] == 0 || strchr(wanted, in->ptr[0]) == NULL)
        return false;
    in->ptr++;
    in->len--;
    return true;
}

static bool take_date(int64_t *out_ms, kd_str *in)
{
    int year, month, day;
    if (!take_digits(&year, in, 4) || !take_any(in, "-") || !take_digits(&month, in, 2) || !take_any(in, "-") ||
        !take_digits(&day, in, 2))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return false;
    *out_ms = day_of(year, month, day) * KD_DAY_MS;
    return true;
}

/* One to nine decimals; what is finer than a millisecond is dropped. */
static bool take_decimals(int *out_ms, kd_str *in)
{
    size_t count = 0;
    int    digit;
    *out_ms = 0;
    while (count < 10 && take_digits(&digit, in, 1)) {
        if (count < 3)
            *out_ms += digit * (count == 0 ? 100 : count == 1 ? 10 : 1);
        count++;
    }
    return count >= 1 && count <= 9;
}

static bool take_time(int64_t *out_ms, kd_str *in)
{
    int hour, minute, second = 0, ms = 0;
    if (!take_digits(&hour, in, 2) || !take_any(in, ":") || !take_digits(&minute, in, 2))
        return false;
    if (take_any(in, ":")) {
        if (!take_digits(&second, in, 2) || (take_any(in, ".") && !take_decimals(&ms, in)))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (second == 60) { /* a leap second: the last millisecond we can name */
        second = 59;
        ms = 999;
    }
    *out_ms = (int64_t)hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + ms;
    return true;
}

/* "" leaves *offset_min as it is. */
static bool take_zone(int *offset_min, kd_str *in)
{
    int hours, minutes;
    if (in->len == 0)
        return true;
    if (take_any(in, "Zz")) {
        *offset_min = 0;
        return true;
    }
    bool west = in->ptr[0] == '-';
    if (!take_any(in, "+-") || !take_digits(&hours, in, 2))
        return false;
    take_any(in, ":");
    if (!take_digits(&minutes, in, 2) || minutes > 59 || hours * 60 + minutes > OFFSET_MAX_MIN)
        return false;
    *offset_min = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool kd_time_parse(int64_t *out_ms, kd_str text, int offset_min)
{
    int64_t date_ms, time_ms = 0;
    if (!take_date(&date_ms, &text))
        return false;
    if (take_any(&text, "Tt ") && (!take_time(&time_ms, &text) || !take_zone(&offset_min, &text)))
        return false;
    int64_t ms = date_ms + time_ms - (int64_t)offset_min * MINUTE_MS;
    if (text.len > 0 || ms < KD_TIME_MIN || ms > KD_TIME_MAX)
        return false;
    *out_ms = ms;
    return true;
}

void kd_time_format(char out[25], int64_t ms)
{
    const int64_t first = INT64_C(-62167219200000), last = INT64_C(253402300799999); /* the years 0000 to 9999 */
    ms = ms < first ? first : ms > last ? last : ms;
    int64_t days = floor_div(ms, KD_DAY_MS), year;
    int     rest = (int)(ms - days * KD_DAY_MS), month, day;
    date_of(&year, &month, &day, days);
    snprintf(out, 25, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
             (unsigned)rest / HOUR_MS % 100, (unsigned)rest / MINUTE_MS % 60, (unsigned)rest / 1000 % 60, (unsigned)rest % 1000);
}

int32_t kd_day(int64_t ms)
{
    int64_t days = floor_div(ms, KD_DAY_MS);
    return days < INT32_MIN ? INT32_MIN : days > INT32_MAX ? INT32_MAX : (int32_t)days;
}

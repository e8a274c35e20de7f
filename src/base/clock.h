/* base/clock.h -- time is an argument.
 *
 * Milliseconds since 1970-01-01 UTC, int64. Nothing below app/ reads the system clock by itself. */
#ifndef KD_BASE_CLOCK_H
#define KD_BASE_CLOCK_H
#include "base/string.h"

#define KD_DAY_MS INT64_C(86400000)
/* Times outside 1900-01-01 .. 2200-01-01 are refused by kd_time_parse. */
#define KD_TIME_MIN INT64_C(-2208988800000)
#define KD_TIME_MAX INT64_C(7258118400000)

typedef struct kd_clock {
    int64_t (*now_ms)(void *self);
    void *self;
} kd_clock;

kd_clock kd_clock_system(void);
kd_clock kd_clock_at(const int64_t *now_ms); /* a clock that shows *now_ms; the caller moves it */
static inline int64_t kd_now(kd_clock clock) { return clock.now_ms(clock.self); }

/* Microseconds of a clock that never jumps, for durations only. */
int64_t kd_monotonic_us(void);

/* ISO 8601 / RFC 3339: date, or date and time ('T' or blank; seconds and up to 9 decimals optional; Z, +hh:mm, +hhmm or
 * none = `offset_min` minutes east of UTC). Also dd/mm/yyyy is NOT guessed: false. */
bool kd_time_parse(int64_t *out_ms, kd_str text, int offset_min);
/* "2026-11-22T17:44:00.123Z"; `out` holds 25 bytes with the NUL. */
void kd_time_format(char out[25], int64_t ms);
int32_t kd_day(int64_t ms); /* days since 1970, rounded down */
#endif

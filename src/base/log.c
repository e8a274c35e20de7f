#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_MAX_BYTES = 1024 };

static atomic_int level_min = KD_LOG_INFO;

void kd_log_set_level(kd_log_level level)
{
    atomic_store_explicit(&level_min, (int)level, memory_order_relaxed);
}

void kd_log(kd_log_level level, const char *mod, const char *ev, const char *more, ...)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    if ((int)level < atomic_load_explicit(&level_min, memory_order_relaxed) || level >= KD_LOG_OFF)
        return;

    char line[LINE_MAX_BYTES], ts[25];
    kd_time_format(ts, kd_now(kd_clock_system()));
    int head = snprintf(line, sizeof line, "ts=%s level=%s mod=%s ev=%s ", ts, names[level], mod, ev);
    if (head < 0 || (size_t)head >= sizeof line)
        return;
    va_list args;
    va_start(args, more);
    int tail = vsnprintf(line + head, sizeof line - (size_t)head, more, args);
    va_end(args);

    size_t len = (size_t)head + (tail > 0 ? (size_t)tail : 0);
    if (len > sizeof line - 1)
        len = sizeof line - 1; /* cut, never split over two lines */
    while (len > 0 && line[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = ' '; /* a value cannot begin a line of its own */
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* there is nobody left to tell */
}

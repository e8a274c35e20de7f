/* What commands say: to streams that may be another process's. */
#include "app/command.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        const ssize_t wrote = write(fd, text, len);
        if (wrote < 0 && errno == EAGAIN) { /* a caller's pipe may not wait by itself */
            struct pollfd room = { fd, POLLOUT, 0 };
            poll(&room, 1, 1000);
            continue;
        }
        if (wrote <= 0 && errno != EINTR)
            return; /* the reader went away: nobody is left to tell */
        text += wrote > 0 ? wrote : 0;
        len -= wrote > 0 ? (size_t)wrote : 0;
    }
}

static void print_to(int fd, const char *format, va_list args)
{
    char *text = NULL;
    const int len = vasprintf(&text, format, args);
    if (len > 0)
        write_all(fd, text, (size_t)len);
    free(text);
}

void kd_print(const kd_io *io, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_to(io->out, format, args);
    va_end(args);
}

void kd_print_str(const kd_io *io, kd_str text) { write_all(io->out, text.ptr, text.len); }

int kd_print_plain(const kd_io *io, kd_str text, int columns)
{
    char   out[1024];
    size_t len = 0;
    int    taken = 0;

    while (text.len > 0 && taken < columns && len + 4 < sizeof out) {
        const size_t step = kd_utf8_step(text);
        if (step == 0 || (step == 1 && ((unsigned char)text.ptr[0] < ' ' || text.ptr[0] == 0x7f)) || (step == 2 && (unsigned char)text.ptr[0] == 0xc2 && (unsigned char)text.ptr[1] < 0xa0))
            out[len++] = '.'; /* not UTF-8, or a control character of ASCII or Latin 1 */
        else {
            memcpy(out + len, text.ptr, step);
            len += step;
        }
        text.ptr += step ? step : 1;
        text.len -= step ? step : 1;
        taken++;
    }
    write_all(io->out, out, len);
    return taken;
}

void kd_complain(const kd_io *io, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_to(io->err, format, args);
    va_end(args);
}

int kd_report(const kd_io *io, const kd_err *err)
{
    const bool named = err->field[0] == '\0' || strstr(err->msg, err->field) != NULL; /* most sentences name their field */
    kd_complain(io, "kunde: %s%s%s%s\n", err->msg, named ? "" : " (", named ? "" : err->field, named ? "" : ")");
    switch (err->status) {
    case KD_INVALID: return KD_EXIT_USAGE;
    case KD_NOT_FOUND: return KD_EXIT_NOT_SO;
    case KD_LIMIT: return KD_EXIT_NOT_SO;
    default: return KD_EXIT_ENVIRONMENT;
    }
}

void kd_bar_start(kd_bar *bar, const kd_io *io) { *bar = (kd_bar){ .io = io, .tty = isatty(io->err), .started_us = kd_monotonic_us() }; }

void kd_bar_show(kd_bar *bar, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    const int64_t now = kd_monotonic_us();
    const double  seconds = (double)(now - bar->started_us) / 1e6;
    const double  rate = seconds > 0 ? (double)done / seconds : 0;

    if (now - bar->drawn_us < (bar->tty ? 200000 : 10000000))
        return;
    if (!bar->tty && bar->drawn_us == 0) { /* short work needs no line */
        bar->drawn_us = now;
        return;
    }
    bar->drawn_us = now;
    if (total != 0 && done <= total) {
        const int filled = (int)(30 * done / total);
        kd_complain(bar->io, "%s%-10s [%.*s%*s] %3d %%  %.0f %s/s  %.0f s left%s", bar->tty ? "\r" : "", what, filled, "##############################",
                    30 - filled, "", (int)(100 * done / total), rate, unit, rate > 0 ? (double)(total - done) / rate : 0.0, bar->tty ? "  " : "\n");
    } else
        kd_complain(bar->io, "%s%-10s %llu %s  %.0f %s/s%s", bar->tty ? "\r" : "", what, (unsigned long long)done, unit, rate, unit, bar->tty ? "  " : "\n");
    bar->drawn = true;
}

void kd_bar_end(kd_bar *bar)
{
    if (bar->tty && bar->drawn)
        kd_complain(bar->io, "\r\x1b[K");
}

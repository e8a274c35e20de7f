#include "event/import_lines.h"

#include <stdlib.h>

enum { READ_BYTES = 256 * 1024, HEAD_BYTES = 4096 };

struct kd_lines {
    kd_input *in;
    size_t    max;
    char     *buf;       /* bytes from..to are read and not yet handed out */
    size_t    from, to, cap;
    uint64_t  number;
    bool      ended;
    char      head[HEAD_BYTES]; /* of a line too long */
};

kd_status kd_lines_open(kd_lines **out, kd_input *in, size_t line_bytes_max, kd_err *err)
{
    kd_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return kd_fail_memory(err);
    lines->in = in;
    lines->max = line_bytes_max;
    lines->cap = READ_BYTES;
    lines->buf = malloc(lines->cap);
    if (!lines->buf) {
        free(lines);
        return kd_fail_memory(err);
    }
    *out = lines;
    return KD_OK;
}

void kd_lines_close(kd_lines *lines)
{
    if (!lines)
        return;
    free(lines->buf);
    free(lines);
}

/* More bytes behind what is there: what was handed out makes room first, then the buffer grows up to one line and a read. */
static kd_status more(kd_lines *lines, kd_err *err)
{
    size_t got = 0;
    memmove(lines->buf, lines->buf + lines->from, lines->to - lines->from);
    lines->to -= lines->from;
    lines->from = 0;
    if (lines->cap - lines->to < READ_BYTES / 2) {
        char *grown = realloc(lines->buf, lines->cap * 2);
        if (!grown)
            return kd_fail_memory(err);
        lines->buf = grown;
        lines->cap *= 2;
    }
    kd_status status = kd_input_read(lines->in, lines->buf + lines->to, lines->cap - lines->to, &got, err);
    lines->to += got;
    lines->ended = status == KD_OK && got == 0;
    return status == KD_INVALID ? KD_IO : status; /* a truncated gzip, say: not one bad line, but the end of all */
}

/* The line begins at `from` and has no end within `max` bytes: keep its beginning, drop the rest as it is read. */
static kd_status skip_long(kd_str *text, kd_lines *lines, kd_err *err)
{
    memcpy(lines->head, lines->buf + lines->from, HEAD_BYTES);
    for (;;) {
        char *end = memchr(lines->buf + lines->from, '\n', lines->to - lines->from);
        if (end) {
            lines->from = (size_t)(end - lines->buf) + 1;
            break;
        }
        lines->from = lines->to;
        kd_status status = more(lines, err);
        if (status != KD_OK)
            return status;
        if (lines->ended)
            break;
    }
    *text = (kd_str){ lines->head, HEAD_BYTES };
    return kd_fail_field(err, KD_INVALID, "row", "the line is longer than %zu bytes", lines->max);
}

static kd_status one_line(kd_str *text, kd_lines *lines, kd_err *err)
{
    size_t searched = 0;
    for (;;) {
        char *begin = lines->buf + lines->from, *end = memchr(begin + searched, '\n', lines->to - lines->from - searched);
        if (end) {
            *text = (kd_str){ begin, (size_t)(end - begin) };
            lines->from += text->len + 1;
            break;
        }
        searched = lines->to - lines->from;
        if (searched > lines->max && searched >= HEAD_BYTES)
            return skip_long(text, lines, err);
        if (lines->ended) {
            if (searched == 0)
                return KD_NOT_FOUND;
            *text = (kd_str){ begin, searched };
            lines->from = lines->to;
            break;
        }
        kd_status status = more(lines, err);
        if (status != KD_OK)
            return status;
    }
    if (text->len > lines->max)
        return kd_fail_field(err, KD_INVALID, "row", "the line is longer than %zu bytes", lines->max);
    return KD_OK;
}

kd_status kd_lines_next(kd_str *text, kd_lines *lines, uint64_t *number, kd_err *err)
{
    for (;;) {
        *text = (kd_str){ 0 };
        kd_status status = one_line(text, lines, err);
        if (status == KD_NOT_FOUND)
            return status;
        *number = ++lines->number;
        if (status != KD_OK)
            return status;
        if (lines->number == 1 && kd_str_starts(*text, "\xef\xbb\xbf"))
            *text = (kd_str){ text->ptr + 3, text->len - 3 };
        *text = kd_str_trim(*text);
        if (text->len > 0)
            return KD_OK;
    }
}

#include <stdlib.h>
#include "catalog/feed_row.h"

enum { READ_BYTES = 64 * 1024, RAW_BYTES = 4096 };

struct kd_feed_lines {
    kd_input *in;
    char     *buffer;
    size_t    start, len, cap; /* the bytes not yet given out: buffer[start .. start + len) */
    size_t    record_bytes_max;
    uint64_t  line;            /* of the next one */
    bool      ended;
    char      cut[RAW_BYTES];  /* the beginning of a line that had to be skipped */
};

kd_status kd_feed_lines_open(kd_feed_lines **out, kd_input *in, char head, uint64_t lines_before, const kd_feed_options *options,
                             kd_err *err)
{
    kd_feed_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return kd_fail_memory(err);
    lines->cap = options->record_bytes_max + READ_BYTES;
    lines->buffer = malloc(lines->cap);
    if (!lines->buffer) {
        free(lines);
        return kd_fail_memory(err);
    }
    lines->in = in;
    lines->record_bytes_max = options->record_bytes_max;
    lines->line = lines_before + 1;
    lines->buffer[0] = head;
    lines->len = 1;
    *out = lines;
    return KD_OK;
}

void kd_feed_lines_close(kd_feed_lines *lines)
{
    if (!lines)
        return;
    free(lines->buffer);
    free(lines);
}

static kd_status more(kd_feed_lines *lines, kd_err *err)
{
    size_t len = 0;
    if (lines->start != 0)
        memmove(lines->buffer, lines->buffer + lines->start, lines->len);
    lines->start = 0;
    const kd_status status = kd_input_read(lines->in, lines->buffer + lines->len, lines->cap - lines->len, &len, err);
    lines->ended = status == KD_OK && len == 0;
    lines->len += len;
    return status == KD_INVALID ? KD_IO : status; /* a truncated gzip, say: not one bad line, but the end of all */
}

/* Past the end of a line that is too long, holding no more than one buffer. */
static kd_status skip_line(kd_feed_lines *lines, kd_err *err)
{
    for (;;) {
        const char *end = memchr(lines->buffer + lines->start, '\n', lines->len);
        if (end) {
            const size_t len = (size_t)(end - (lines->buffer + lines->start)) + 1;
            lines->start += len;
            lines->len -= len;
            return KD_OK;
        }
        lines->start = lines->len = 0;
        if (lines->ended)
            return KD_OK;
        const kd_status status = more(lines, err);
        if (status != KD_OK)
            return status;
    }
}

kd_status kd_feed_lines_next(kd_str *text, kd_feed_lines *lines, uint64_t *line, kd_str *raw, kd_err *err)
{
    for (;;) {
        const char *end = lines->len ? memchr(lines->buffer + lines->start, '\n', lines->len) : NULL;
        size_t      len = end ? (size_t)(end - (lines->buffer + lines->start)) : lines->len;
        kd_status   status;
        if (!end && !lines->ended && len <= lines->record_bytes_max) {
            if ((status = more(lines, err)) != KD_OK)
                return status;
            continue;
        }
        *line = lines->line;
        if (len > lines->record_bytes_max) {
            memcpy(lines->cut, lines->buffer + lines->start, len < RAW_BYTES ? len : RAW_BYTES);
            *raw = (kd_str){ lines->cut, len < RAW_BYTES ? len : RAW_BYTES };
            lines->line++;
            status = skip_line(lines, err);
            return status == KD_OK ? kd_fail(err, KD_INVALID, "the line is longer than %zu bytes", lines->record_bytes_max)
                : status;
        }
        if (lines->len == 0)
            return KD_NOT_FOUND;
        *text = *raw = kd_str_trim((kd_str){ lines->buffer + lines->start, len });
        raw->len = raw->len < RAW_BYTES ? raw->len : RAW_BYTES;
        lines->line++;
        lines->start += len + (end != NULL);
        lines->len -= len + (end != NULL);
        if (text->len != 0)
            return KD_OK;
    }
}

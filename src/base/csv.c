#include "base/csv.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 256 * 1024, RAW_MAX = 4096, LINE_BREAK = 2 /* bytes of CRLF */ };

struct kd_csv {
    kd_input *in;
    char      delimiter;
    size_t    record_max;
    char     *buffer;     /* [start, end) is what is read and not yet given out */
    size_t    cap, start, end;
    bool      in_end;     /* the input has no more ... */
    kd_err    in_failure; /* ... or failed: whole records before that are still given out */
    uint64_t  line;       /* number of the line at `start`, from 1 */
    size_t    count;
    kd_str    fields[KD_CSV_FIELDS_MAX];
    kd_buf    unquoted;     /* fields of this record that held doubled quotes */
    char      raw[RAW_MAX]; /* the beginning of a line too long for the buffer */
};

static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

/* What was found at `start`. CUT: the bytes end before the record does. */
typedef enum found { FOUND_RECORD, FOUND_CUT, FOUND_OPEN_QUOTE, FOUND_TEXT_BEHIND_QUOTE, FOUND_TOO_MANY, FOUND_NO_MEMORY } found;

/* The bytes in which a record may lie. `whole`: the input ends with them, so that their end ends a record too. */
typedef struct window {
    const char *text, *end;
    bool        whole;
} window;

static const char *find_byte(const char *from, const char *end, char byte)
{
    return from < end ? memchr(from, byte, (size_t)(end - from)) : NULL;
}

/* --- the buffer --- */

/* At least `want` bytes from `start` on, unless the input ends before; false when out of memory. */
static bool fill(kd_csv *csv, size_t want)
{
    if (csv->start > 0) {
        memmove(csv->buffer, csv->buffer + csv->start, csv->end - csv->start);
        csv->end -= csv->start;
        csv->start = 0;
    }
    if (csv->cap < want) {
        char *bigger = realloc(csv->buffer, want);
        if (bigger == NULL)
            return false;
        csv->buffer = bigger;
        csv->cap = want;
    }
    while (csv->end < want && !csv->in_end) {
        size_t len = 0;
        kd_input_read(csv->in, csv->buffer + csv->end, csv->cap - csv->end, &len, &csv->in_failure); /* on failure len is 0 */
        csv->end += len;
        csv->in_end = len == 0;
    }
    return true;
}

static window look(const kd_csv *csv)
{
    const char *text = csv->buffer + csv->start;
    size_t      have = csv->end - csv->start, most = csv->record_max + LINE_BREAK;
    return (window){ text, text + (have < most ? have : most),
                     have <= most && csv->in_end && csv->in_failure.status == KD_OK };
}

/* Gives [start, start + len) away, and the line break behind it. */
static void advance(kd_csv *csv, size_t len)
{
    const char *p = csv->buffer + csv->start, *end = p + len;
    while ((p = find_byte(p, end, '\n')) != NULL) {
        csv->line++;
        p++;
    }
    csv->start += len;
    if (csv->start < csv->end)
        csv->start++;
    csv->line++;
}

/* --- one record --- */

static bool add_field(kd_csv *csv, const char *from, const char *to)
{
    if (csv->count == KD_CSV_FIELDS_MAX)
        return false;
    csv->fields[csv->count++] = (kd_str){ from, (size_t)(to - from) };
    return true;
}

/* A line without quotes is no more than its delimiters. */
static found split_plain(kd_csv *csv, const char *p, const char *line_end)
{
    const char *delimiter;
    line_end -= line_end > p && line_end[-1] == '\r';
    while ((delimiter = find_byte(p, line_end, csv->delimiter)) != NULL) {
        if (!add_field(csv, p, delimiter))
            return FOUND_TOO_MANY;
        p = delimiter + 1;
    }
    return add_field(csv, p, line_end) ? FOUND_RECORD : FOUND_TOO_MANY;
}

/* The text from..to between its quotes, each doubled quote made one. */
static found add_quoted_field(kd_csv *csv, window w, const char *from, const char *to)
{
    const char *quote = find_byte(from, to, '"');
    if (quote != NULL) {
        /* room for the whole window at once: earlier fields of the record point into this buffer */
        if (csv->unquoted.len == 0 && !kd_buf_reserve(&csv->unquoted, (size_t)(w.end - w.text)))
            return FOUND_NO_MEMORY;
        size_t at = csv->unquoted.len;
        for (; quote != NULL; quote = find_byte(from, to, '"')) {
            kd_buf_add(&csv->unquoted, from, (size_t)(quote + 1 - from));
            from = quote + 2;
        }
        kd_buf_add(&csv->unquoted, from, (size_t)(to - from));
        from = csv->unquoted.ptr + at;
        to = csv->unquoted.ptr + csv->unquoted.len;
    }
    return add_field(csv, from, to) ? FOUND_RECORD : FOUND_TOO_MANY;
}

/* The quote that closes what is opened before `p`, a doubled one being text; NULL when it is not in the window. */
static const char *closing_quote(const char *p, const char *end)
{
    while ((p = find_byte(p, end, '"')) != NULL && p + 1 < end && p[1] == '"')
        p += 2;
    return p;
}

/* The quoted field at `p`; *stop is the delimiter, line feed or end behind it. */
static found take_quoted(kd_csv *csv, window w, const char *p, const char **stop)
{
    const char *quote = closing_quote(p + 1, w.end);
    if (quote == NULL)
        return w.whole ? FOUND_OPEN_QUOTE : FOUND_CUT;
    const char *s = quote + 1;
    s += s < w.end && *s == '\r' && (s + 1 == w.end || s[1] == '\n');
    if (s == w.end && !w.whole)
        return FOUND_CUT;
    if (s < w.end && *s != '\n' && *s != csv->delimiter)
        return FOUND_TEXT_BEHIND_QUOTE;
    *stop = s;
    return add_quoted_field(csv, w, p + 1, quote);
}

/* The unquoted field at `p`. A quote inside it is a plain character (5" nails). */
static found take_unquoted(kd_csv *csv, window w, const char *p, const char **stop)
{
    const char *line_end = find_byte(p, w.end, '\n');
    if (line_end == NULL && !w.whole)
        return FOUND_CUT;
    if (line_end == NULL)
        line_end = w.end;
    *stop = find_byte(p, line_end, csv->delimiter);
    const char *field_end = *stop != NULL ? *stop : line_end;
    if (*stop == NULL) {
        *stop = line_end;
        field_end -= field_end > p && field_end[-1] == '\r';
    }
    return add_field(csv, p, field_end) ? FOUND_RECORD : FOUND_TOO_MANY;
}

/* The fields at the front of the window, and the record's length without its line feed. */
static found split(kd_csv *csv, window w, size_t *len)
{
    const char *line_end = find_byte(w.text, w.end, '\n'), *p = w.text, *stop = NULL;
    csv->count = 0;
    csv->unquoted.len = 0;
    if (line_end != NULL && find_byte(w.text, line_end, '"') == NULL) {
        *len = (size_t)(line_end - w.text);
        return split_plain(csv, w.text, line_end);
    }
    for (;;) {
        bool  quoted = p < w.end && *p == '"';
        found result = quoted ? take_quoted(csv, w, p, &stop) : take_unquoted(csv, w, p, &stop);
        if (result != FOUND_RECORD)
            return result;
        if (stop == w.end || *stop == '\n')
            break;
        p = stop + 1;
    }
    *len = (size_t)(stop - w.text);
    return FOUND_RECORD;
}

static bool at_blank_line(window w)
{
    const char *p = w.text;
    p += p < w.end && *p == '\r';
    return p < w.end ? *p == '\n' : p > w.text && w.whole;
}

/* The next record that is no blank line. What is split again after more was read is at most as much as was read, because the
 * buffer doubles. */
static found find_record(kd_csv *csv, size_t *len)
{
    for (;;) {
        window w = look(csv);
        if (at_blank_line(w)) {
            advance(csv, *w.text == '\r');
            continue;
        }
        found  result = w.text < w.end ? split(csv, w, len) : FOUND_CUT;
        size_t have = csv->end - csv->start, most = csv->record_max + LINE_BREAK + 1;
        if (result != FOUND_CUT || csv->in_end || have >= most)
            return result;
        size_t want = have * 2 < most ? have * 2 : most;
        if (!fill(csv, want > CHUNK ? want : CHUNK))
            return FOUND_NO_MEMORY;
    }
}

/* --- bad records --- */

static kd_status bad(kd_str *raw, kd_str text, kd_err *err, const char *why)
{
    *raw = (kd_str){ text.ptr, text.len < RAW_MAX ? text.len : RAW_MAX };
    return kd_fail(err, KD_INVALID, "%s", why);
}

static kd_str without_cr(const char *text, size_t len)
{
    return (kd_str){ text, len - (len > 0 && text[len - 1] == '\r') };
}

/* Nobody knows where a record ends whose quotes do not close, or which is too long. Only its first line is given up, so that one
 * stray quote costs one line and not every line up to the next quote. */
static kd_status give_up_line(kd_csv *csv, kd_str *raw, kd_err *err, const char *why)
{
    const char *text = csv->buffer + csv->start;
    const char *line_end = find_byte(text, csv->buffer + csv->end, '\n');
    if (line_end != NULL || csv->in_end) {
        size_t len = line_end != NULL ? (size_t)(line_end - text) : csv->end - csv->start;
        advance(csv, len);
        return bad(raw, without_cr(text, len), err, why);
    }
    /* the line is longer than the buffer: its beginning is kept, its rest read and dropped */
    size_t kept = csv->end - csv->start < RAW_MAX ? csv->end - csv->start : RAW_MAX;
    memcpy(csv->raw, text, kept);
    do {
        csv->start = csv->end;
        if (!fill(csv, CHUNK))
            return kd_fail_memory(err);
        line_end = find_byte(csv->buffer, csv->buffer + csv->end, '\n');
    } while (line_end == NULL && !csv->in_end);
    advance(csv, line_end != NULL ? (size_t)(line_end - csv->buffer) : csv->end);
    return bad(raw, (kd_str){ csv->raw, kept }, err, why);
}

static kd_status give_up_long(kd_csv *csv, kd_str *raw, kd_err *err)
{
    char why[64];
    snprintf(why, sizeof why, "the record is longer than %zu bytes", csv->record_max);
    return give_up_line(csv, raw, err, why);
}

/* The input has no further record. A damaged gzip is not a bad record (KD_INVALID would mean that one can go on). */
static kd_status ended(const kd_csv *csv, kd_err *err)
{
    if (csv->in_failure.status == KD_OK)
        return KD_NOT_FOUND;
    kd_status status = csv->in_failure.status == KD_LIMIT ? KD_LIMIT : KD_IO;
    return kd_fail(err, status, "%s", csv->in_failure.msg);
}

kd_status kd_csv_next(kd_csv *csv, const kd_str **fields, size_t *count, uint64_t *line, kd_str *raw, kd_err *err)
{
    size_t len = 0;
    found  result = find_record(csv, &len);
    size_t have = csv->end - csv->start;
    *line = csv->line;
    switch (result) {
    case FOUND_RECORD:            break;
    case FOUND_NO_MEMORY:         return kd_fail_memory(err);
    case FOUND_OPEN_QUOTE:        return give_up_line(csv, raw, err, "a quote is opened and never closed");
    case FOUND_TEXT_BEHIND_QUOTE: return give_up_line(csv, raw, err, "text stands behind a closing quote");
    case FOUND_TOO_MANY:          return give_up_line(csv, raw, err, "the record has more than 1024 fields");
    case FOUND_CUT:
        if (have <= csv->record_max + LINE_BREAK) /* nothing left, or what is left was cut off by the input's failure */
            return ended(csv, err);
        return give_up_long(csv, raw, err);
    }
    kd_str text = without_cr(csv->buffer + csv->start, len);
    if (text.len > csv->record_max)
        return give_up_long(csv, raw, err);
    advance(csv, len);
    if (memchr(text.ptr, 0, text.len) != NULL)
        return bad(raw, text, err, "the record holds a NUL byte: is the file text in UTF-8?");
    if (!kd_utf8_valid(text))
        return bad(raw, text, err, "the record is not UTF-8");
    *raw = (kd_str){ text.ptr, text.len < RAW_MAX ? text.len : RAW_MAX };
    *fields = csv->fields;
    *count = csv->count;
    return KD_OK;
}

/* --- opening --- */

/* The candidate that stands most often in the header line, outside quotes; the earlier candidate on a tie. */
static char guess_delimiter(window w)
{
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof candidates] = { 0 }, best = 0;
    bool   quoted = false, begun = false;
    for (const char *p = w.text; p < w.end && !(begun && !quoted && *p == '\n'); p++) {
        const char *known = *p != 0 ? strchr(candidates, *p) : NULL;
        begun = begun || (*p != '\n' && *p != '\r');
        if (*p == '"')
            quoted = !quoted;
        else if (known != NULL && !quoted)
            counts[known - candidates]++;
    }
    for (size_t i = 1; candidates[i] != 0; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

kd_status kd_csv_open(kd_csv **out, kd_input *in, char delimiter, size_t record_bytes_max, kd_err *err)
{
    kd_csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL)
        return kd_fail_memory(err);
    csv->in = in;
    csv->line = 1;
    csv->record_max = record_bytes_max < SIZE_MAX / 4 ? record_bytes_max : SIZE_MAX / 4;
    kd_buf_init(&csv->unquoted, NULL);
    if (!fill(csv, CHUNK)) {
        kd_csv_close(csv);
        return kd_fail_memory(err);
    }
    window w = look(csv);
    kd_str text = { w.text, (size_t)(w.end - w.text) };
    if (kd_str_starts(text, "\xFF\xFE") || kd_str_starts(text, "\xFE\xFF")) {
        kd_csv_close(csv);
        return kd_fail(err, KD_INVALID, "the file is UTF-16: save it with the encoding UTF-8");
    }
    if (kd_str_starts(text, BYTE_ORDER_MARK))
        csv->start = 3;
    csv->delimiter = delimiter != 0 ? delimiter : guess_delimiter(look(csv));
    *out = csv;
    return KD_OK;
}

void kd_csv_close(kd_csv *csv)
{
    if (csv == NULL)
        return;
    kd_buf_free(&csv->unquoted);
    free(csv->buffer);
    free(csv);
}

void kd_csv_write(kd_buf *out, kd_str field, char delimiter)
{
    /* an empty one is quoted: alone it would be a blank line; and so is what the beginning of a file would swallow */
    bool plain = field.len > 0 && !kd_str_starts(field, BYTE_ORDER_MARK);
    for (size_t i = 0; i < field.len && plain; i++)
        plain = field.ptr[i] != '"' && field.ptr[i] != '\n' && field.ptr[i] != '\r' && field.ptr[i] != delimiter;
    if (plain) {
        kd_buf_add_str(out, field);
        return;
    }
    kd_buf_add_byte(out, '"');
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '"')
            kd_buf_add_byte(out, '"');
        kd_buf_add_byte(out, (uint8_t)field.ptr[i]);
    }
    kd_buf_add_byte(out, '"');
}

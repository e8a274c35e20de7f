#include <stdio.h>
#include <stdlib.h>
#include "base/csv.h"
#include "catalog/feed_row.h"

struct kd_feed_csv {
    kd_csv   *csv;
    kd_arena *arena;   /* names of columns */
    kd_str   *fields;  /* by column */
    kd_str   *columns;
    size_t    count;
    uint64_t  lines_before;
};

/* The caller read one byte to see what the file is, and a stream cannot give it back. It belongs to the first name of the
 * header: a quoted name is read to its end here, so that the rest begins with a delimiter; any other byte is put before the
 * first name that the CSV reader finds. A delimiter means that the first name is empty. */
static kd_status read_quoted(kd_buf *name, kd_input *in, kd_err *err)
{
    bool quote = false;
    while (name->len < 4096) {
        char      c = 0;
        size_t    len = 0;
        kd_status status = kd_input_read(in, &c, 1, &len, err);
        if (status != KD_OK)
            return status;
        if (len == 0)
            return quote ? KD_OK : kd_fail(err, KD_INVALID, "the file ends inside the first name of its header");
        if (quote && c != '"') {
            if (c == ',' || c == ';' || c == '\t' || c == '|') {
                kd_buf_add_byte(name, (uint8_t)c); /* cut off again by the caller: it is the delimiter */
                return KD_OK;
            }
            return c == '\n' || c == '\r' ? kd_fail(err, KD_INVALID, "the header has one column only")
                                          : kd_fail(err, KD_INVALID, "the header has text behind a closing quote");
        }
        if (c != '"' || quote)
            kd_buf_add_byte(name, (uint8_t)c);
        quote = c == '"' && !quote;
    }
    return kd_fail(err, KD_INVALID, "the first name of the header is longer than 4096 bytes");
}

static bool is_delimiter(char c)
{
    return c == ',' || c == ';' || c == '\t' || c == '|';
}

/* All names of the header; *delimiter 0 leaves the choice to the CSV reader. */
static kd_status read_header(kd_feed_csv *feed, kd_input *in, char head, size_t record_bytes_max, kd_err *err)
{
    kd_buf        first;
    const kd_str *names = NULL;
    size_t        count = 0, extra = 0;
    uint64_t      line = 0;
    kd_str        raw;
    char          delimiter = 0;
    kd_status     status = KD_OK;
    kd_buf_init(&first, feed->arena);
    if (head == '"') {
        status = read_quoted(&first, in, err);
        if (status == KD_OK && first.len != 0 && is_delimiter(first.ptr[first.len - 1]))
            delimiter = first.ptr[--first.len];
        extra = 1;
    } else if (is_delimiter(head)) {
        delimiter = head;
        extra = 1;
    } else {
        kd_buf_add_byte(&first, (uint8_t)head);
    }
    if (status == KD_OK)
        status = kd_csv_open(&feed->csv, in, delimiter, record_bytes_max, err);
    if (status == KD_OK)
        status = kd_csv_next(feed->csv, &names, &count, &line, &raw, err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? kd_fail(err, KD_INVALID, "the file has no header with names of columns") : status;
    feed->count = count + extra;
    feed->columns = KD_NEW(feed->arena, kd_str, feed->count);
    feed->fields = KD_NEW(feed->arena, kd_str, feed->count);
    if (!feed->columns || !feed->fields)
        return kd_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 && extra == 0) {
            kd_buf_add_str(&first, names[0]);
            continue;
        }
        feed->columns[i + extra] = kd_str_copy(feed->arena, kd_str_trim(names[i]));
    }
    feed->columns[0] = kd_str_trim(kd_buf_str(&first));
    return kd_buf_status(&first, err);
}

static bool same_name(kd_str column, const char *wanted)
{
    const kd_str name = kd_str_trim(kd_str_z(wanted));
    char         text[512];
    if (name.len >= sizeof text)
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = 0;
    return kd_str_is_nocase(column, text);
}

static kd_status map_columns(kd_feed_csv *feed, const kd_feed_options *options, kd_err *err)
{
    bool handle = false, variant = false;
    for (size_t i = 0; i < feed->count; i++) {
        handle = handle || kd_str_is_nocase(feed->columns[i], "handle");
        variant = variant || kd_str_is_nocase(feed->columns[i], "variant price")
            || kd_str_is_nocase(feed->columns[i], "variant sku")
            || kd_str_is_nocase(feed->columns[i], "option1 value");
    }
    const kd_feed_style style = handle && variant ? KD_STYLE_SHOPIFY : KD_STYLE_PLAIN;
    for (size_t i = 0; i < feed->count; i++) {
        feed->fields[i] = kd_feed_field(feed->columns[i], options->what, style, feed->arena);
        if (!feed->fields[i].ptr)
            return kd_fail_memory(err);
    }
    for (size_t m = 0; m < options->map_count; m++) {
        size_t at = 0;
        while (at < feed->count && !same_name(feed->columns[at], options->map[m].column))
            at++;
        if (at == feed->count)
            return kd_fail_field(err, KD_INVALID, options->map[m].column, "the file has no column \"%s\", which --map names",
                                 options->map[m].column);
        feed->fields[at] = kd_str_copy(feed->arena, kd_str_z(options->map[m].field));
        if (!feed->fields[at].ptr)
            return kd_fail_memory(err);
    }
    const char *const needed = options->what == KD_FEED_POSTAL ? "postalCode" : "id";
    for (size_t i = 0; i < feed->count; i++)
        if (kd_str_is(feed->fields[i], needed) || kd_str_is(feed->fields[i], "group"))
            return KD_OK;
    return kd_fail_field(err, KD_INVALID, needed, "the file has no column for %s (name one with --map column=%s)", needed, needed);
}

kd_status kd_feed_csv_open(kd_feed_csv **out, kd_input *in, char head, uint64_t lines_before, const kd_feed_options *options,
                           kd_err *err)
{
    kd_feed_csv *feed = calloc(1, sizeof *feed);
    kd_status    status;
    if (!feed)
        return kd_fail_memory(err);
    feed->lines_before = lines_before;
    feed->arena = kd_arena_new(8 * 1024 * 1024);
    status = feed->arena ? read_header(feed, in, head, options->record_bytes_max, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = map_columns(feed, options, err);
    if (status == KD_OK)
        *out = feed;
    else
        kd_feed_csv_close(feed);
    return status;
}

void kd_feed_csv_close(kd_feed_csv *csv)
{
    if (!csv)
        return;
    kd_csv_close(csv->csv);
    kd_arena_free(csv->arena);
    free(csv);
}

kd_status kd_feed_csv_next(kd_feed_row *row, kd_feed_csv *csv, kd_arena *arena, kd_str *raw, kd_err *err)
{
    const kd_str *values = NULL;
    size_t        count = 0;
    *row = (kd_feed_row){ 0 };
    *raw = (kd_str){ 0 };
    kd_status status = kd_csv_next(csv->csv, &values, &count, &row->line, raw, err);
    row->line += csv->lines_before;
    if (status != KD_OK)
        return status;
    if (count > csv->count)
        return kd_fail(err, KD_INVALID, "the row has %zu fields, the header %zu", count, csv->count);
    for (size_t i = 0; i < count; i++)
        if (!kd_feed_row_add(row, csv->fields[i], csv->columns[i], values[i], arena))
            return kd_fail_memory(err);
    return KD_OK;
}

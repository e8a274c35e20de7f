#include "catalog/feeds.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/map.h"
#include "catalog/feed_row.h"

enum {
    RECORD_BYTES = 1024 * 1024, GROUP_BYTES = 16 * 1024 * 1024, ARENA_BYTES = 256 * 1024 * 1024,
    PRODUCTS_MAX = 8 * 1024 * 1024, HEAD_BYTES_MAX = 1024 * 1024 /* of blanks before the first word */
};

struct kd_feed {
    kd_feed_options options;
    kd_arena       *maps;      /* our copy of the column map */
    kd_feed_csv    *csv;       /* one of three, or none for an empty file */
    kd_feed_xml    *xml;
    kd_feed_lines  *lines;
    kd_arena       *rows_of, *row_of;   /* memory of the group, and of the row just read */
    kd_feed_row    *rows;               /* [KD_DOC_VARIANTS_MAX] */
    size_t          count;
    kd_map         *seen;      /* products given out already */
    kd_err          ended;     /* why the file ended, once the last group is out; KD_NOT_FOUND: as files do */
};

static const char *const kinds[] = { [KD_FEED_PRODUCTS] = "product", [KD_FEED_PLACES] = "place", [KD_FEED_CONTENT] = "content",
                                     [KD_FEED_POSTAL] = "postal" };

/* ---- open ---- */

/* Past a byte order mark and blanks to the first byte that says what the file is; 0 at the end. */
static kd_status first_byte(char *head, uint64_t *lines_before, kd_input *in, kd_err *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t            marked = 0;
    for (size_t i = 0; i < HEAD_BYTES_MAX; i++) {
        size_t          len = 0;
        const kd_status status = kd_input_read(in, head, 1, &len, err);
        if (status != KD_OK || len == 0) {
            *head = 0;
            return status;
        }
        if (i < 3 && marked == i && *head == mark[i]) {
            marked++;
            continue;
        }
        if (marked == 1 || marked == 2 || *head == 0 || (unsigned char)*head >= 0xfe)
            return kd_fail(err, KD_INVALID, "the file is not UTF-8 text (UTF-16 or a binary file?): save it as UTF-8");
        *lines_before += *head == '\n';
        /* a tab at once: an empty first name */
        if (*head != ' ' && *head != '\r' && *head != '\n' && (*head != '\t' || i == marked))
            return KD_OK;
    }
    return kd_fail(err, KD_INVALID, "the file begins with a megabyte of blanks");
}

static kd_status open_source(kd_feed *feed, kd_input *in, kd_err *err)
{
    char      head = 0;
    uint64_t  lines = 0;
    kd_status status = first_byte(&head, &lines, in, err);
    if (status != KD_OK)
        return status;
    switch (head) {
    case 0:
        feed->ended.status = KD_NOT_FOUND;
        return KD_OK;
    case '<': return kd_feed_xml_open(&feed->xml, in, lines, &feed->options, err);
    case '{': return kd_feed_lines_open(&feed->lines, in, head, lines, &feed->options, err);
    case '[': return kd_fail(err, KD_INVALID, "the file is a JSON array: write one document a line (JSON Lines)");
    default:  return kd_feed_csv_open(&feed->csv, in, head, lines, &feed->options, err);
    }
}

static kd_status copy_map(kd_feed *feed, kd_err *err)
{
    kd_feed_map *map = KD_NEW(feed->maps, kd_feed_map, feed->options.map_count);
    if (!map)
        return kd_fail_memory(err);
    for (size_t i = 0; i < feed->options.map_count; i++) {
        const kd_feed_map *from = &feed->options.map[i];
        if (!kd_feed_field_known(kd_str_z(from->field), feed->options.what))
            return kd_fail_field(err, KD_INVALID, from->field, "--map %s=%s: Kunde has no field \"%s\" for %s documents",
                                 from->column, from->field,
                                 from->field, kinds[feed->options.what]);
        map[i].column = kd_str_cstr(feed->maps, kd_str_z(from->column));
        map[i].field = kd_str_cstr(feed->maps, kd_str_z(from->field));
        if (!map[i].column || !map[i].field)
            return kd_fail_memory(err);
    }
    feed->options.map = map;
    return KD_OK;
}

kd_status kd_feed_open(kd_feed **out, kd_input *in, const kd_feed_options *options, kd_err *err)
{
    kd_feed  *feed = calloc(1, sizeof *feed);
    kd_status status;
    if (!feed)
        return kd_fail_memory(err);
    feed->options = *options;
    if (feed->options.record_bytes_max == 0)
        feed->options.record_bytes_max = RECORD_BYTES;
    feed->maps = kd_arena_new(ARENA_BYTES);
    feed->rows_of = kd_arena_new(ARENA_BYTES);
    feed->row_of = kd_arena_new(ARENA_BYTES);
    feed->rows = calloc(KD_DOC_VARIANTS_MAX, sizeof *feed->rows);
    feed->seen = kd_map_new(1024);
    status = feed->maps && feed->rows_of && feed->row_of && feed->rows && feed->seen ? copy_map(feed, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = open_source(feed, in, err);
    if (status == KD_OK)
        *out = feed;
    else
        kd_feed_close(feed);
    return status;
}

void kd_feed_close(kd_feed *feed)
{
    if (!feed)
        return;
    kd_feed_csv_close(feed->csv);
    kd_feed_xml_close(feed->xml);
    kd_feed_lines_close(feed->lines);
    kd_arena_free(feed->maps);
    kd_arena_free(feed->rows_of);
    kd_arena_free(feed->row_of);
    kd_map_free(feed->seen);
    free(feed->rows);
    free(feed);
}

/* ---- rows ---- */

static kd_status next_row(kd_feed_row *row, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_str *raw, kd_err *err)
{
    kd_status status = feed->csv ? kd_feed_csv_next(row, feed->csv, arena, raw, err)
        : kd_feed_xml_next(row, feed->xml, arena, raw, err);
    *line = row->line;
    return status == KD_OK ? kd_feed_row_check(row, &feed->options, arena, err) : status;
}

static kd_status document(kd_catalog_change *change, kd_feed *feed, const kd_buf *json, kd_arena *arena, kd_err *err)
{
    *change = (kd_catalog_change){ .kind = kd_str_z(kinds[feed->options.what]) };
    const kd_status status = kd_json_parse(&change->body, arena, json->ptr, json->len, err);
    change->id = kd_json_text(kd_json_get(change->body, "id"));
    return status;
}

/* The rows gathered so far become one document. */
static kd_status give_group(kd_catalog_change *change, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_err *err)
{
    kd_buf    json;
    kd_status status;
    bool      is_new = false;
    kd_buf_init(&json, feed->rows_of);
    *line = feed->rows[0].line;
    status = kd_feed_product(&json, feed->rows, feed->count, err);
    if (status == KD_OK)
        status = document(change, feed, &json, arena, err);
    if (status == KD_OK && kd_map_count(feed->seen) >= PRODUCTS_MAX)
        status = kd_fail(err, KD_LIMIT, "more than %d products in one file: split it", PRODUCTS_MAX);
    if (status == KD_OK && kd_map_put_new(feed->seen, kd_ref_of(change->id), 1, &is_new) == UINT32_MAX)
        status = kd_fail_memory(err);
    change->merge = !is_new; /* a group that does not stand together: what came before stays */
    feed->count = 0;
    kd_arena_reset(feed->rows_of);
    return status;
}

/* A second row of a product says something only as a variant of its own, or as one more picture. */
static kd_status check_second(const kd_feed *feed, const kd_feed_row *row, kd_err *err)
{
    char text[KD_DOC_ID_BYTES_MAX + 1], other[KD_DOC_ID_BYTES_MAX + 1];
    if (!kd_feed_row_is_variant(row)) {
        for (size_t i = 0; i < row->count; i++)
            if (!kd_str_is(row->cells[i].field, "id") && !kd_str_is(row->cells[i].field, "image")
                && !kd_str_is(row->cells[i].field, "images"))
                return kd_fail_field(err, KD_INVALID, "sku",
                                     "sku: is missing; the product has a row already, and another needs a sku of its own");
        return KD_OK;
    }
    const kd_str sku = kd_feed_sku(text, row);
    for (size_t r = 0; r < feed->count; r++)
        if (kd_feed_row_is_variant(&feed->rows[r]) && kd_str_eq(kd_feed_sku(other, &feed->rows[r]), sku))
            return kd_fail_field(err, KD_INVALID, "sku", "sku: stands in an earlier row of the same product");
    return KD_OK;
}

/* KD_NOT_FOUND: `row` was added to the group. Else it began the next one, and the one before was given. */
static kd_status take_row(kd_catalog_change *change, kd_feed *feed, const kd_feed_row *row, kd_arena *arena, uint64_t *line,
                          kd_err *err)
{
    const bool same = feed->count != 0 && kd_str_eq(kd_feed_product_id(&feed->rows[0]), kd_feed_product_id(row));
    kd_status  status = same ? check_second(feed, row, err) : KD_OK;
    if (status != KD_OK)
        return status;
    status = KD_NOT_FOUND;
    if (feed->count != 0 && (!same || feed->count == KD_DOC_VARIANTS_MAX || kd_arena_used(feed->rows_of) > GROUP_BYTES))
        status = give_group(change, feed, arena, line, err);
    if (!kd_feed_row_copy(&feed->rows[feed->count], row, feed->rows_of))
        return kd_fail_memory(err);
    feed->count++;
    return status;
}

static kd_status next_product(kd_catalog_change *change, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_str *raw, kd_err *err)
{
    while (feed->ended.status == KD_OK) {
        kd_feed_row row;
        kd_err      why = { 0 };
        kd_arena_reset(feed->row_of);
        kd_status   status = next_row(&row, feed, feed->row_of, line, raw, &why);
        if (status == KD_OK)
            status = take_row(change, feed, &row, arena, line, &why);
        else if (status != KD_INVALID) {
            why.status = status; /* first what was read whole, then the reason why there is no more */
            feed->ended = why;
            break;
        }
        if (status == KD_NOT_FOUND)
            continue;
        if (status != KD_OK && err)
            *err = why;
        return status;
    }
    if (feed->count != 0)
        return give_group(change, feed, arena, line, err);
    if (err)
        *err = feed->ended;
    return feed->ended.status;
}

static kd_status next_plain(kd_catalog_change *change, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_str *raw, kd_err *err)
{
    kd_feed_row row;
    kd_buf      json;
    kd_arena_reset(feed->row_of);
    kd_status status = next_row(&row, feed, feed->row_of, line, raw, err);
    if (status != KD_OK)
        return status;
    kd_buf_init(&json, feed->row_of);
    status = kd_feed_document(&json, &row, &feed->options, err);
    return status == KD_OK ? document(change, feed, &json, arena, err) : status;
}

static kd_status next_line(kd_catalog_change *change, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_str *raw, kd_err *err)
{
    kd_str    text;
    kd_status status = kd_feed_lines_next(&text, feed->lines, line, raw, err);
    if (status != KD_OK)
        return status;
    kd_buf json = { .ptr = (char *)(uintptr_t)text.ptr, .len = text.len };
    status = document(change, feed, &json, arena, err);
    if (status == KD_OK && change->body->type != KD_JSON_OBJECT)
        return kd_fail(err, KD_INVALID, "the line is JSON, but no document (a JSON object)");
    change->deleted = kd_json_bool(kd_json_get(change->body, "deleted"), false);
    return status == KD_LIMIT ? KD_INVALID : status; /* nested too deep: this line, not the file */
}

kd_status kd_feed_next(kd_catalog_change *change, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_str *raw, kd_err *err)
{
    *change = (kd_catalog_change){ 0 };
    *raw = (kd_str){ 0 };
    *line = 0;
    if (feed->lines)
        return next_line(change, feed, arena, line, raw, err);
    if (feed->ended.status == KD_OK && feed->options.what != KD_FEED_PRODUCTS)
        return next_plain(change, feed, arena, line, raw, err);
    return next_product(change, feed, arena, line, raw, err);
}

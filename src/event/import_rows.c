#include "event/import_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "event/import_lines.h"

enum { NAMES_BYTES_MAX = 1 << 20, RAW_MAX = 4096 };

struct kd_rows {
    const kd_import_table *table;
    const kd_feed_map     *map;
    size_t                 map_count;
    const kd_feed_map     *set;
    size_t                 set_count;
    kd_arena              *set_arena;    /* of one row */
    kd_csv                *csv;      /* one of the two */
    kd_lines              *lines;
    kd_arena              *names_arena, *row_arena;
    size_t                 count;    /* columns of the file; of JSON Lines: members of the row the columns were made for */
    kd_str                *names, *cells;
    uint8_t               *field_of;
    kd_str                 columns;  /* as JSON */
    kd_str                 header;   /* as text, for messages */
    const kd_transform    *transform;/* NULL: none */
    uint64_t              *dropped;
    kd_arena              *header_arena;
    kd_str                 header_raw;   /* the line as sent; empty when long */
    kd_str                *header_names; /* what the columns are called before the transform */
    size_t                 header_count;
};

/* ---- columns ---- */

/* "Invoice No." -> "invoiceno": what people put between the words of a header differs, the words do not. */
static size_t squeeze(char *out, size_t cap, kd_str name)
{
    size_t len = 0;
    for (size_t i = 0; i < name.len && len + 1 < cap; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80)
            out[len++] = (char)c;
    }
    out[len] = 0;
    return len;
}

static bool same_name(kd_str a, kd_str b)
{
    char x[128], y[128];
    return kd_str_eq(a, b) || (squeeze(x, sizeof x, a) > 0 && squeeze(y, sizeof y, b) > 0 && strcmp(x, y) == 0);
}

static bool next_alias(kd_str *alias, const char **rest)
{
    const char *from = *rest + strspn(*rest, " ");
    size_t      len = strcspn(from, " ");
    *alias = (kd_str){ from, len };
    *rest = from + len;
    return len > 0;
}

static size_t field_named(const kd_import_table *table, kd_str name)
{
    for (size_t f = 0; f < table->count; f++)
        if (same_name(kd_str_z(table->fields[f].name), name))
            return f;
    return KD_IMPORT_NO_FIELD;
}

/* The header as a message shows it. */
static int shown(const kd_rows *rows)
{
    return (int)(rows->header.len > 110 ? 110 : rows->header.len);
}

static kd_status unknown_field(const kd_rows *rows, const char *flag, const kd_feed_map *map, kd_err *err)
{
    char   known[160] = "";
    size_t len = 0;
    for (size_t f = 0; f < rows->table->count && len < sizeof known; f++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", f ? ", " : "", rows->table->fields[f].name);
    return kd_fail_field(err, KD_INVALID, map->field, "--%s: there is no field %.24s; there are: %s", flag, map->field, known);
}

/* What --map says comes first, and may also rename a column that is no field. */
static kd_status apply_map(kd_rows *rows, bool taken[], bool header, kd_err *err)
{
    for (size_t m = 0; m < rows->map_count; m++) {
        size_t field = field_named(rows->table, kd_str_z(rows->map[m].field)), column = rows->count;
        for (size_t c = 0; c < rows->count && column == rows->count; c++)
            if (same_name(rows->names[c], kd_str_z(rows->map[m].column)))
                column = c;
        if (field == KD_IMPORT_NO_FIELD && !rows->table->open)
            return unknown_field(rows, "map", &rows->map[m], err);
        if (column == rows->count) {
            if (header)
                return kd_fail_field(err, KD_INVALID, rows->map[m].column, "--map %.40s=%.40s: no such column; there are: %.*s",
                                     rows->map[m].column, rows->map[m].field, shown(rows), rows->header.ptr);
            continue;
        }
        if (field == KD_IMPORT_NO_FIELD)
            rows->names[column] = kd_str_z(rows->map[m].field);
        else if (taken[field])
            return kd_fail_field(err, KD_INVALID, rows->map[m].field, "--map gives the field %.40s to two columns",
                                 rows->map[m].field);
        else {
            rows->field_of[column] = (uint8_t)field;
            taken[field] = true;
        }
    }
    return KD_OK;
}

static void apply_aliases(kd_rows *rows, bool taken[])
{
    char   squeezed[128];
    for (size_t f = 0; f < rows->table->count; f++) {
        const char *rest = rows->table->fields[f].aliases;
        for (kd_str alias; !taken[f] && next_alias(&alias, &rest);)
            for (size_t c = 0; c < rows->count && !taken[f]; c++)
                if (rows->field_of[c] == KD_IMPORT_NO_FIELD
                    && kd_str_eq(alias, (kd_str){ squeezed, squeeze(squeezed, sizeof squeezed, rows->names[c]) })) {
                    rows->field_of[c] = (uint8_t)f;
                    taken[f] = true;
                }
    }
}

/* Decide which column is which field. `header`: of a CSV file, where what is missing is missing in every row. */
static kd_status find_columns(kd_rows *rows, bool header, kd_err *err)
{
    bool taken[KD_IMPORT_FIELDS_MAX] = { false };
    memset(rows->field_of, KD_IMPORT_NO_FIELD, rows->count);
    kd_status status = apply_map(rows, taken, header, err);
    if (status != KD_OK)
        return status;
    apply_aliases(rows, taken);
    for (size_t s = 0; s < rows->set_count; s++)
        taken[field_named(rows->table, kd_str_z(rows->set[s].field))] = true;
    for (size_t c = 0; header && c < rows->count; c++) /* "a" and "a": which one did the shop mean? */
        for (size_t d = 0; d < c; d++)
            if (same_name(rows->names[c], rows->names[d]) && (rows->table->open || rows->field_of[d] != KD_IMPORT_NO_FIELD))
                return kd_fail_field(err, KD_INVALID, "header", "columns %zu and %zu are both named \"%.*s\": rename one of them",
                                     d + 1, c + 1, (int)(rows->names[c].len > 60 ? 60 : rows->names[c].len), rows->names[c].ptr);
    for (size_t f = 0; header && f < rows->table->count; f++)
        if (rows->table->fields[f].required && !taken[f]) {
            char   needed[100] = "";
            size_t len = 0;
            for (size_t g = 0; g < rows->table->count && len < sizeof needed; g++)
                if (rows->table->fields[g].required)
                    len += (size_t)snprintf(needed + len, sizeof needed - len, "%s%s", len ? ", " : "",
                                            rows->table->fields[g].name);
            return kd_fail_field(err, KD_INVALID, rows->table->fields[f].name,
                                 "no column for \"%s\" (needed: %s); found: %.*s; say --map column=%s",
                                 rows->table->fields[f].name, needed, shown(rows), rows->header.ptr, rows->table->fields[f].name);
        }
    return KD_OK;
}

static bool columns_new(kd_rows *rows, size_t count)
{
    kd_arena_reset(rows->names_arena);
    rows->count = count;
    rows->names = KD_NEW(rows->names_arena, kd_str, count + 1);
    rows->cells = KD_NEW(rows->names_arena, kd_str, count + 1);
    rows->field_of = KD_NEW(rows->names_arena, uint8_t, count + 1);
    return rows->names && rows->cells && rows->field_of;
}

/* ---- opening ---- */

/* The header could not be read as text: say what the file is instead, as far as its first bytes tell. */
static kd_status not_text(kd_str raw, const kd_err *why, kd_err *err)
{
    const unsigned char *b = (const unsigned char *)raw.ptr;
    if (raw.len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff) || b[0] == 0 || b[1] == 0))
        return kd_fail_field(err, KD_INVALID, "header", "the file is UTF-16 or binary, not UTF-8 text: save it as CSV in UTF-8");
    if (raw.len >= 4 && memcmp(raw.ptr, "PK\3\4", 4) == 0)
        return kd_fail_field(err, KD_INVALID, "header",
                             "the file is a ZIP archive or a spreadsheet (xlsx): save it as CSV in UTF-8");
    return kd_fail_field(err, KD_INVALID, "header", "the header line cannot be read: %.180s", why->msg);
}

static kd_status keep_header(kd_rows *rows, const kd_str *fields, size_t count, kd_err *err)
{
    kd_buf text, json;
    kd_jw  w;
    if (!columns_new(rows, count))
        return kd_fail_memory(err);
    kd_buf_init(&text, rows->names_arena);
    kd_buf_init(&json, rows->names_arena);
    kd_jw_init(&w, &json);
    kd_jw_array(&w);
    for (size_t c = 0; c < count; c++) {
        kd_str name = kd_str_trim(fields[c]);
        if (c > 0)
            kd_buf_add_z(&text, ", ");
        kd_buf_add_str(&text, name);
        kd_jw_str(&w, name);
        rows->names[c] = kd_str_copy(rows->names_arena, name);
        if (!rows->names[c].ptr)
            return kd_fail_memory(err);
    }
    kd_jw_array_end(&w);
    rows->header = kd_buf_str(&text);
    rows->columns = kd_buf_str(&json);
    kd_status status = kd_buf_status(&text, err);
    return status == KD_OK ? kd_buf_status(&json, err) : status;
}

/* The header as sent and its names, beyond what a transformed row calls its columns. */
static kd_status keep_names(kd_rows *rows, kd_str raw, kd_err *err)
{
    rows->header_names = KD_NEW(rows->header_arena, kd_str, rows->count + 1);
    if (!rows->header_names)
        return kd_fail_memory(err);
    if (raw.len <= RAW_MAX && !(rows->header_raw = kd_str_copy(rows->header_arena, raw)).ptr)
        return kd_fail_memory(err);
    for (size_t c = 0; c < rows->count; c++)
        if (!(rows->header_names[rows->header_count++] = kd_str_copy(rows->header_arena, rows->names[c])).ptr)
            return kd_fail_memory(err);
    return KD_OK;
}

static kd_status open_csv(kd_rows *rows, kd_input *in, size_t record_bytes_max, kd_err *err)
{
    const kd_str *fields = NULL;
    size_t        count = 0;
    uint64_t      line = 0;
    kd_str        raw = { 0 };
    kd_err        why = { 0 };
    kd_status     status = kd_csv_open(&rows->csv, in, 0, record_bytes_max, &why);
    if (status == KD_OK)
        status = kd_csv_next(rows->csv, &fields, &count, &line, &raw, &why);
    if (status == KD_NOT_FOUND)
        return kd_fail_field(err, KD_INVALID, "header", "the file is empty: its first line must name the columns");
    if (status == KD_INVALID && raw.len > 0)
        return not_text(raw, &why, err);
    if (status != KD_OK) {
        *err = why;
        return status;
    }
    if (fields[0].len > 0 && fields[0].ptr[0] == '{')
        return kd_fail_field(err, KD_INVALID, "header", "the file looks like JSON Lines: name it .jsonl or say --format jsonl");
    status = keep_header(rows, fields, count, err);
    if (status == KD_OK)
        status = keep_names(rows, raw, err);
    return status == KD_OK && !rows->transform ? find_columns(rows, true, err) : status; /* a transform may make what is missing */
}

kd_status kd_rows_open(kd_rows **out, kd_input *in, const kd_import_table *table, const kd_import_options *options,
                       kd_import_format format, kd_err *err)
{
    kd_rows  *rows = calloc(1, sizeof *rows);
    kd_status status = KD_OK;
    if (!rows)
        return kd_fail_memory(err);
    rows->table = table;
    rows->map = options->map;
    rows->map_count = options->map_count;
    rows->set = options->set;
    rows->set_count = options->set_count;
    rows->set_arena = kd_arena_new(NAMES_BYTES_MAX);
    rows->transform = options->transform;
    rows->dropped = options->dropped;
    rows->header_arena = kd_arena_new(2 * NAMES_BYTES_MAX);
    rows->names_arena = kd_arena_new(NAMES_BYTES_MAX);
    rows->row_arena = kd_arena_new(options->record_bytes_max * 8 + (1 << 20)); /* a tree of nodes is wider than its text */
    for (size_t m = 0; m < rows->map_count && !table->open && status == KD_OK; m++)
        if (field_named(table, kd_str_z(rows->map[m].field)) == KD_IMPORT_NO_FIELD)
            status = unknown_field(rows, "map", &rows->map[m], err);
    for (size_t s = 0; s < rows->set_count && status == KD_OK; s++)
        if (field_named(table, kd_str_z(rows->set[s].field)) == KD_IMPORT_NO_FIELD)
            status = unknown_field(rows, "set", &rows->set[s], err);
    if (status == KD_OK && (!rows->set_arena || !rows->names_arena || !rows->row_arena || !rows->header_arena))
        status = kd_fail_memory(err);
    if (status == KD_OK)
        status = format == KD_IMPORT_JSONL ? kd_lines_open(&rows->lines, in, options->record_bytes_max, err)
                                           : open_csv(rows, in, options->record_bytes_max, err);
    if (status != KD_OK) {
        kd_rows_close(rows);
        return status;
    }
    *out = rows;
    return KD_OK;
}

void kd_rows_close(kd_rows *rows)
{
    if (!rows)
        return;
    kd_csv_close(rows->csv);
    kd_lines_close(rows->lines);
    kd_arena_free(rows->set_arena);
    kd_arena_free(rows->header_arena);
    kd_arena_free(rows->names_arena);
    kd_arena_free(rows->row_arena);
    free(rows);
}

kd_str kd_rows_columns(const kd_rows *rows)
{
    return rows->columns;
}

/* ---- rows ---- */

/* A field that the row leaves empty, as the operator said it; "{line}" becomes the row's number. */
static kd_str set_value(kd_rows *rows, const char *value, uint64_t line)
{
    const char *at = strstr(value, "{line}");
    kd_buf      text;
    if (!at)
        return kd_str_z(value);
    kd_buf_init(&text, rows->set_arena);
    kd_buf_add(&text, value, (size_t)(at - value));
    kd_buf_addf(&text, "%llu", (unsigned long long)line);
    kd_buf_add_z(&text, at + 6);
    return kd_buf_str(&text);
}

static void fill(kd_row *row, kd_rows *rows)
{
    row->count = rows->count;
    row->names = rows->names;
    row->cells = rows->cells;
    row->field_of = rows->field_of;
    for (size_t c = 0; c < rows->count; c++)
        if (rows->field_of[c] != KD_IMPORT_NO_FIELD)
            row->field[rows->field_of[c]] = rows->cells[c];
    if (rows->set_count > 0)
        kd_arena_reset(rows->set_arena);
    for (size_t s = 0; s < rows->set_count; s++) {
        kd_str *field = &row->field[field_named(rows->table, kd_str_z(rows->set[s].field))];
        if (field->len == 0)
            *field = set_value(rows, rows->set[s].column, row->line);
    }
}

static bool same_keys(const kd_rows *rows, const kd_json *object)
{
    size_t c = 0;
    if (object->count != rows->count || !rows->names)
        return false;
    for (const kd_json *member = object->child; member; member = member->next, c++)
        if (c >= rows->count || !kd_str_eq(member->key, rows->names[c]))
            return false;
    return true;
}

/* The members of row->object are its cells. */
static kd_status take_object(kd_row *row, kd_rows *rows, kd_err *err)
{
    size_t c = 0;
    if (rows->map_count > 0 || rows->transform || !same_keys(rows, row->object)) { /* most files write the same members in the same order */
        if (!columns_new(rows, row->object->count))
            return kd_fail_field(err, KD_INVALID, "row", "more members than %d bytes of names hold", NAMES_BYTES_MAX);
        for (const kd_json *member = row->object->child; member; member = member->next, c++) {
            rows->names[c] = kd_str_copy(rows->names_arena, member->key);
            if (!rows->names[c].ptr)
                return kd_fail_field(err, KD_INVALID, "row", "more members than %d bytes of names hold", NAMES_BYTES_MAX);
        }
        if (find_columns(rows, false, err) != KD_OK)
            return KD_CONFLICT; /* --map contradicts itself: wrong for every row, so the file ends here */
    }
    c = 0;
    for (const kd_json *member = row->object->child; member; member = member->next, c++)
        rows->cells[c] = member->type == KD_JSON_STRING ? kd_str_trim(member->text)
                       : member->type == KD_JSON_NULL   ? (kd_str){ 0 } : member->raw;
    fill(row, rows);
    return KD_OK;
}

/* row->object through the transform; *dropped: the row is left out. What cannot be computed is a bad row. */
static kd_status transform_row(kd_row *row, bool *dropped, kd_rows *rows, kd_err *err)
{
    const kd_json *out = NULL;
    kd_status      status = kd_transform_apply(&out, dropped, rows->transform, row->object, rows->row_arena, err);
    row->object = status == KD_OK ? out : NULL;
    if (*dropped && rows->dropped)
        ++*rows->dropped;
    return status == KD_LIMIT ? KD_INVALID : status;
}

/* The columns of a CSV row as an object of texts, for the transform. */
static kd_status object_of_cells(kd_row *row, const kd_str *fields, kd_rows *rows, kd_err *err)
{
    kd_buf text;
    kd_jw  w;
    kd_arena_reset(rows->row_arena);
    kd_buf_init(&text, rows->row_arena);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    for (size_t c = 0; c < rows->header_count; c++) {
        kd_jw_key_str(&w, rows->header_names[c]);
        kd_jw_str(&w, kd_str_trim(fields[c]));
    }
    kd_jw_object_end(&w);
    kd_status status = kd_buf_status(&text, err);
    if (status == KD_OK)
        status = kd_json_parse(&row->object, rows->row_arena, text.ptr, text.len, err);
    return status == KD_OK ? KD_OK : KD_INVALID;
}

static kd_status next_csv(kd_row *row, bool *dropped, kd_rows *rows, kd_err *err)
{
    const kd_str *fields = NULL;
    size_t        count = 0;
    kd_status     status = kd_csv_next(rows->csv, &fields, &count, &row->line, &row->raw, err);
    row->table = true;
    row->header = rows->header_raw;
    if (status != KD_OK)
        return status;
    if (count != rows->header_count) /* most often a comma in a text that should have been quoted: reading on would shift the columns */
        return kd_fail_field(err, KD_INVALID, "row", "%zu fields where the header has %zu", count, rows->header_count);
    if (rows->transform) {
        if ((status = object_of_cells(row, fields, rows, err)) == KD_OK)
            status = transform_row(row, dropped, rows, err);
        return status == KD_OK && !*dropped ? take_object(row, rows, err) : status;
    }
    for (size_t c = 0; c < rows->count; c++)
        rows->cells[c] = kd_str_trim(fields[c]);
    fill(row, rows);
    return KD_OK;
}

static kd_status next_json(kd_row *row, bool *dropped, kd_rows *rows, kd_err *err)
{
    kd_str    text;
    kd_status status = kd_lines_next(&text, rows->lines, &row->line, err);
    row->raw = text;
    if (status != KD_OK)
        return status;
    kd_arena_reset(rows->row_arena);
    status = kd_json_parse(&row->object, rows->row_arena, text.ptr, text.len, err);
    if (status == KD_OK && row->object->type != KD_JSON_OBJECT)
        status = kd_fail_field(err, KD_INVALID, "row", "not a JSON object%s", row->line == 1 ? "; CSV needs --format csv" : "");
    if (status == KD_OK && rows->transform)
        status = transform_row(row, dropped, rows, err);
    if (status != KD_OK) {
        row->object = NULL;
        row->raw.len = text.len > RAW_MAX ? RAW_MAX : text.len;
        return KD_INVALID;
    }
    return *dropped ? KD_OK : take_object(row, rows, err);
}

kd_status kd_rows_next(kd_row *row, kd_rows *rows, kd_err *err)
{
    for (;;) {
        bool      dropped = false;
        kd_status status;
        memset(row, 0, sizeof *row);
        status = rows->csv ? next_csv(row, &dropped, rows, err) : next_json(row, &dropped, rows, err);
        if (status != KD_OK || !dropped)
            return status;
    }
}

void kd_row_text(kd_buf *out, const kd_row *row)
{
    if (row->raw.len > 0 || row->count == 0) {
        kd_buf_add(out, row->raw.ptr, row->raw.len > RAW_MAX ? RAW_MAX : row->raw.len);
        return;
    }
    for (size_t c = 0; c < row->count && out->len < RAW_MAX; c++) {
        if (c > 0)
            kd_buf_add_byte(out, ',');
        kd_csv_write(out, row->cells[c], ',');
    }
    if (out->len > RAW_MAX)
        out->len = RAW_MAX;
}

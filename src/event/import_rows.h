/* event/import_rows.h -- the rows of a shop's file, CSV or JSON Lines alike, with their columns found by name.
 * Private to the importer. Memory: one record, and the columns' names. */
#ifndef KD_EVENT_IMPORT_ROWS_H
#define KD_EVENT_IMPORT_ROWS_H
#include "base/json.h"
#include "event/import.h"

enum { KD_IMPORT_FIELDS_MAX = 24, KD_IMPORT_NO_FIELD = 0xff };

/* What a kind of file may say. `aliases`: names of columns in small letters and digits, blank between; the first that is in
 * the file wins (case, blanks and punctuation of a header do not matter: "Invoice No." is "invoiceno"). */
typedef struct kd_import_field { const char *name, *aliases; bool required; } kd_import_field;
typedef struct kd_import_table {
    const kd_import_field *fields;
    size_t                 count;
    bool                   open; /* other columns mean something too: --map may give them any name */
} kd_import_table;

typedef struct kd_row {          /* all borrowed until the next call */
    uint64_t       line;         /* of the file, from 1 */
    size_t         count;        /* cells */
    const kd_str  *names, *cells;/* trimmed; an object or array of JSON is its source text */
    const uint8_t *field_of;     /* which field each cell is, or KD_IMPORT_NO_FIELD */
    kd_str         field[KD_IMPORT_FIELDS_MAX]; /* the cell of each field; empty when there is none */
    const kd_json *object;       /* JSON Lines, and what passed a transform: the row; its members are the cells in order. Else NULL */
    bool           table;        /* it comes out of CSV, whatever `object` says */
    kd_str         raw;          /* the text as sent, before any transform (of a bad row cut at 4 KiB) */
    kd_str         header;       /* of CSV: the header line as sent; empty when longer than 4 KiB */
} kd_row;

typedef struct kd_rows kd_rows;
/* CSV: reads the header. KD_INVALID with a sentence: no header, not text, a required column missing (the message lists what
 * was found and what is needed), a column twice, a --map that names nothing. The input stays the caller's. */
kd_status kd_rows_open(kd_rows **out, kd_input *in, const kd_import_table *table, const kd_import_options *options,
                       kd_import_format format, kd_err *err);
void      kd_rows_close(kd_rows *rows);
/* KD_OK; KD_NOT_FOUND at the end; KD_INVALID for a bad row (line and raw are set; the next call goes on); else the input failed. */
kd_status kd_rows_next(kd_row *row, kd_rows *rows, kd_err *err);
/* The header as a JSON array of names; empty for JSON Lines. */
kd_str    kd_rows_columns(const kd_rows *rows);
/* A row as text, for quarantine. */
void      kd_row_text(kd_buf *out, const kd_row *row);
#endif

/* catalog/feed_row.h -- one row of a file, whatever its format: cells under the names of Kunde's fields.
 *
 *   file --(feed_csv, feed_xml)--> rows --(feed_product, feed_document)--> documents; JSON Lines are documents already.
 * Only src/catalog/ includes it. */
#ifndef KD_CATALOG_FEED_ROW_H
#define KD_CATALOG_FEED_ROW_H
#include "catalog/document.h"
#include "catalog/feeds.h"

typedef struct kd_cell {
    kd_str field;  /* "price", "stock:berlin", "attr:fabric"; never "skip" */
    kd_str column; /* as the file calls it: for messages */
    kd_str value;  /* trimmed, not empty */
} kd_cell;
typedef struct kd_feed_row {
    kd_cell *cells;
    size_t   count, cap;
    uint64_t line;
} kd_feed_row;

typedef enum kd_feed_style { KD_STYLE_PLAIN, KD_STYLE_SHOPIFY, KD_STYLE_XML } kd_feed_style;

/* ---- feed_row.c ---- */
/* The field of a column; "skip" for one that is not kept. Owned by `arena` where it is not a constant; ptr NULL: out of memory. */
kd_str kd_feed_field(kd_str column, kd_feed_what what, kd_feed_style style, kd_arena *arena);
bool   kd_feed_field_known(kd_str field, kd_feed_what what); /* may a --map name it? */
bool   kd_feed_row_add(kd_feed_row *row, kd_str field, kd_str column, kd_str value, kd_arena *arena); /* copies the value */
kd_str kd_feed_row_get(const kd_feed_row *row, const char *field); /* the first one; empty */
bool   kd_feed_row_copy(kd_feed_row *to, const kd_feed_row *from, kd_arena *arena);
/* Are the cells what their fields want? Values leave in Kunde's form (amounts with currency, availability, booleans). */
kd_status kd_feed_row_check(kd_feed_row *row, const kd_feed_options *options, kd_arena *arena, kd_err *err);

/* ---- feed_product.c, feed_document.c: rows -> JSON ---- */
kd_str    kd_feed_product_id(const kd_feed_row *row);
bool      kd_feed_row_is_variant(const kd_feed_row *row);
kd_str    kd_feed_sku(char text[KD_DOC_ID_BYTES_MAX + 1], const kd_feed_row *row); /* of a variant's row; may lie in `text` */
kd_status kd_feed_product(kd_buf *out, const kd_feed_row *rows, size_t count, kd_err *err);
kd_status kd_feed_document(kd_buf *out, const kd_feed_row *row, const kd_feed_options *options, kd_err *err);
void      kd_feed_list(kd_jw *w, kd_str values); /* "a|b" -> ["a","b"] */

/* ---- sources ---- */
typedef struct kd_feed_csv kd_feed_csv;
/* `head`: what was read of the file already. */
kd_status kd_feed_csv_open(kd_feed_csv **out, kd_input *in, char head, uint64_t lines_before, const kd_feed_options *options,
                           kd_err *err);
void      kd_feed_csv_close(kd_feed_csv *csv);
kd_status kd_feed_csv_next(kd_feed_row *row, kd_feed_csv *csv, kd_arena *arena, kd_str *raw, kd_err *err);

typedef struct kd_feed_xml kd_feed_xml;
kd_status kd_feed_xml_open(kd_feed_xml **out, kd_input *in, uint64_t lines_before, const kd_feed_options *options, kd_err *err);
void      kd_feed_xml_close(kd_feed_xml *xml);
kd_status kd_feed_xml_next(kd_feed_row *row, kd_feed_xml *xml, kd_arena *arena, kd_str *raw, kd_err *err);

typedef struct kd_feed_lines kd_feed_lines;
kd_status kd_feed_lines_open(kd_feed_lines **out, kd_input *in, char head, uint64_t lines_before, const kd_feed_options *options,
                             kd_err *err);
void      kd_feed_lines_close(kd_feed_lines *lines);
/* The next line that is not blank; borrowed until the next call. KD_INVALID: longer than a record may be (it is skipped). */
kd_status kd_feed_lines_next(kd_str *text, kd_feed_lines *lines, uint64_t *line, kd_str *raw, kd_err *err);
#endif

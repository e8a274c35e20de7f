/* catalog/feeds.h -- product, place and content files into documents.
 *
 * Google Merchant TSV, CSV and XML (RSS 2.0 and Atom, namespace g:), Shopify-like and plain CSV, JSON Lines. Streaming:
 * items that share item_group_id (or product id) and stand together become one product with variants; the same product
 * seen again later in the file is merged by the caller's kd_catalog_put as a newer version holding both (change->merge).
 * The first byte that is not blank tells the format: '<' XML, '{' JSON Lines, anything else CSV; a CSV with a column Handle
 * is Shopify's. Columns that are no field of a product become attributes. The fields are described in docs/catalogue.md.
 * A bad row is reported and skipped; the file goes on. Memory: one group of rows, and 16 bytes for each product seen. */
#ifndef KD_CATALOG_FEEDS_H
#define KD_CATALOG_FEEDS_H
#include "base/input.h"
#include "catalog/catalog.h"

typedef enum kd_feed_what { KD_FEED_PRODUCTS, KD_FEED_PLACES, KD_FEED_CONTENT, KD_FEED_POSTAL } kd_feed_what;
/* From --map column=field. Fields: those of docs/catalogue.md, "stock:<place>", "attr:<name>", "taste:<name>" (an attribute that
 * describes taste), "skip". A field that is none, or a column that the file lacks, is KD_INVALID. */
typedef struct kd_feed_map { const char *column, *field; } kd_feed_map;
typedef struct kd_feed_options {
    kd_feed_what       what;
    const kd_feed_map *map;
    size_t             map_count;
    kd_currency        currency;    /* for prices without one */
    bool               decimal_comma;
    size_t             record_bytes_max; /* 1 MiB when 0 */
} kd_feed_options;

typedef struct kd_feed kd_feed;
kd_status kd_feed_open(kd_feed **out, kd_input *in, const kd_feed_options *options, kd_err *err);
void      kd_feed_close(kd_feed *feed);
/* The next document: change->body owned by `arena`. KD_NOT_FOUND at the end; KD_INVALID for a bad row: err says field and
 * reason, *line where, *raw its text (borrowed until the next call), and the next call goes on; other statuses end the file. */
kd_status kd_feed_next(kd_catalog_change *change, kd_feed *feed, kd_arena *arena, uint64_t *line, kd_str *raw, kd_err *err);
#endif

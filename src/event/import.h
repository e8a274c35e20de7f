/* event/import.h -- a shop's files into events and documents.
 *
 * CSV (gz, zst, stdin) with a column map, and JSON Lines. Streaming in bounded memory; a bad row goes to quarantine with
 * line, field and reason; running the same file again changes nothing (ids come from source, document number and ordinal,
 * never from content); after a kill the same command goes on where the last durable batch ended. */
#ifndef KD_EVENT_IMPORT_H
#define KD_EVENT_IMPORT_H
#include "base/input.h"
#include "catalog/feeds.h"
#include "event/ingest.h"

typedef enum kd_import_what { KD_IMPORT_ORDERS, KD_IMPORT_PRODUCTS, KD_IMPORT_CUSTOMERS, KD_IMPORT_EVENTS, KD_IMPORT_CONTENT, KD_IMPORT_PLACES, KD_IMPORT_POSTAL, KD_IMPORT_WEATHER } kd_import_what;
kd_status   kd_import_what_parse(kd_import_what *out, kd_str name);
const char *kd_import_what_name(kd_import_what what);

typedef struct kd_import_options {
    kd_import_what     what;
    kd_str             source;          /* names the sender in ids: "till", "newsletter"; default: the kind */
    const kd_feed_map *map;             /* column=field */
    size_t             map_count;
    kd_currency        currency;        /* of amounts without one; default EUR */
    int                utc_offset_min;  /* of times without a zone */
    bool               decimal_comma;
    bool               dry_run;         /* check and count, write nothing */
    size_t             record_bytes_max;/* 1 MiB when 0 */
    size_t             quarantine_max;  /* stop with KD_LIMIT after so many bad rows; 0: 100,000 */
} kd_import_options;

typedef struct kd_import_counts {
    uint64_t rows, quarantined;
    uint64_t events, stored, duplicates;      /* events made of the rows */
    uint64_t orders, order_lines, returns, return_lines, anonymous_lines, customers, products, documents, refused;
    uint64_t zero_price_lines, adjustments;   /* lines that are no sale and no return by their quantity or price, kept as such */
    int64_t  revenue_micro;                   /* sum of quantity * price of order lines, exact */
    kd_currency currency;
    uint64_t resumed_at;                      /* row after which this run went on; 0: from the start */
} kd_import_counts;

typedef struct kd_importer { /* what an import writes to */
    kd_store *store; kd_reader *reader; kd_ingest *ingest; kd_catalog *catalog; const kd_vault *vault; kd_clock clock;
} kd_importer;
typedef void (*kd_import_progress)(void *self, const kd_import_counts *counts, uint64_t bytes_done, uint64_t bytes_total);

/* One file. `name` is what the operator called it (for quarantine and resume). Progress is called about five times a
 * second; it returns nothing: cancel by setting *cancel. */
kd_status kd_import_run(kd_import_counts *counts, const kd_importer *to, kd_input *in, const char *name, const kd_import_options *options,
                        kd_import_progress progress, void *self, const volatile bool *cancel, kd_err *err);

typedef struct kd_quarantined { kd_id id; int64_t time_ms; kd_str file, what, field, reason, raw; uint64_t line; } kd_quarantined;
kd_status kd_quarantine_list(kd_quarantined **rows, size_t *count, kd_reader *reader, const kd_vault *vault, kd_id after, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_quarantine_clear(kd_store *store, kd_reader *reader, size_t *cleared, kd_err *err);
#endif

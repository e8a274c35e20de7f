/* event/import.h -- a shop's files into events and documents.
 *
 * CSV (gz, zst, stdin) with a column map, and JSON Lines. Streaming in bounded memory; a bad row goes to quarantine with
 * line, field and reason; running the same file again changes nothing (ids come from source, document number and ordinal,
 * never from content); after a kill the same command goes on where the last durable batch ended.
 * Columns, formats, ids and limits: docs/import.md. Threads: one import per call; several may run at once. */
#ifndef KD_EVENT_IMPORT_H
#define KD_EVENT_IMPORT_H
#include <stdatomic.h>
#include "base/input.h"
#include "catalog/feeds.h"
#include "event/ingest.h"
#include "event/source.h"

typedef enum kd_import_what {
    KD_IMPORT_ORDERS, KD_IMPORT_PRODUCTS, KD_IMPORT_CUSTOMERS, KD_IMPORT_EVENTS, KD_IMPORT_CONTENT, KD_IMPORT_PLACES,
    KD_IMPORT_POSTAL, KD_IMPORT_WEATHER,
    KD_IMPORT_RECEIPTS, KD_IMPORT_CONTACTS, KD_IMPORT_POINTS, KD_IMPORT_TEXTS,
    KD_IMPORT_CAMPAIGNS, KD_IMPORT_COUPONS, KD_IMPORT_CALENDAR, KD_IMPORT_MENTIONS,
    KD_IMPORT_CONSENTS
} kd_import_what;
kd_status   kd_import_what_parse(kd_import_what *out, kd_str name);
const char *kd_import_what_name(kd_import_what what);

typedef enum kd_import_format {
    KD_IMPORT_AUTO,  /* by the file's name; a pipe is CSV, of events JSON Lines */
    KD_IMPORT_CSV, KD_IMPORT_JSONL
} kd_import_format;
typedef enum kd_import_dates { /* what comes first in dates with slashes */
    KD_DATES_CLEAR,  /* "03/04/2026" is refused */
    KD_DATES_DMY, KD_DATES_MDY
} kd_import_dates;

typedef struct kd_import_replay { /* one row out of quarantine: event/quarantine.h */
    uint64_t line, head, bytes_total; /* where it stood, and of what file */
    kd_err   why;                     /* gets the reason when it is refused again; nothing goes to quarantine */
} kd_import_replay;

enum { KD_IMPORT_REASONS = 20 };
typedef struct kd_import_reasons { /* why the first bad rows are bad; not written to the log: a reason may quote what stood there */
    size_t   count;
    uint64_t lines[KD_IMPORT_REASONS];
    kd_err   why[KD_IMPORT_REASONS];
} kd_import_reasons;

typedef struct kd_import_options {
    kd_import_what     what;
    kd_str             source;          /* names the sender in ids: "till", "newsletter"; default: the kind */
    const kd_feed_map *map;             /* column=field */
    size_t             map_count;
    const kd_feed_map *set;             /* field=value (`column` is the value) for rows that leave the field empty; "{line}" in it is the row's line */
    size_t             set_count;
    kd_currency        currency;        /* of amounts without one; default EUR */
    int                utc_offset_min;  /* of times without a zone */
    bool               decimal_comma;
    bool               dry_run;         /* check and count, write nothing */
    size_t             record_bytes_max;/* 1 MiB when 0 */
    size_t             quarantine_max;  /* stop with KD_LIMIT after so many bad rows; 0: 100,000 */
    kd_import_format   format;
    kd_import_dates    dates;
    kd_str             cancel_prefix;   /* orders: "<prefix><digits>" is a cancelled invoice; default "C"; "-" for none */
    size_t             orders_max;      /* distinct orders of one file, about 40 bytes each; 0: 4,194,304 */
    uint32_t           mark_ms;         /* note the progress for a resume this often; 0: 1000 */
    kd_import_replay  *replay;          /* NULL: a whole file */
    kd_import_reasons *reasons;         /* NULL: not wanted; begins empty */
    /* Filled in by kd_import_run: */
    const kd_transform *transform;      /* of the source's document; taken before a row is read */
    uint64_t           *dropped;        /* rows that it left out are counted here */
} kd_import_options;

/* Rows are counted over the whole file, also by a run that goes on after a kill (it reads the file again, and skips what is
 * already durable). Of orders: rows = quarantined + order_lines + return_lines + adjustments. */
typedef struct kd_import_counts {
    uint64_t rows, quarantined;
    uint64_t events, stored, duplicates;      /* events made of the rows; of them new to the store, and known to it */
    uint64_t orders, returns;                 /* distinct order ids with order lines, with return lines */
    uint64_t order_lines, return_lines;
    uint64_t adjustments;                     /* lines that are no sale and no return by their quantity or price, kept as such */
    uint64_t anonymous_lines;                 /* of all lines: without a customer */
    uint64_t zero_price_lines, service_lines; /* of all lines: at price 0; postage, fees, manual entries */
    uint64_t customers, products;             /* distinct ones of orders; customers put, products put */
    uint64_t documents;                       /* of catalogue and weather files: put, products too */
    uint64_t refused;                         /* of catalogue files: refused by the catalogue, and quarantined */
    int64_t  revenue_micro;                   /* sum of quantity * price of order lines, exact */
    kd_currency currency;                     /* of revenue_micro: lines in another currency are not in it */
    uint64_t dropped;                         /* rows that the transform of the source left out; not in `rows` */
    uint64_t resumed_at;                      /* row after which this run went on; 0: from the start */
    bool     cancelled;                       /* *cancel was set: run the same command again to go on */
} kd_import_counts;

typedef struct kd_importer { /* what an import writes to */
    kd_store *store; kd_reader *reader; kd_ingest *ingest; kd_catalog *catalog; const kd_vault *vault; kd_clock clock;
    const kd_sources *sources; /* whose transforms rows go through; NULL: none */
    const kd_policy  *policy;  /* what categories of consents mean; NULL: consents are not read */
} kd_importer;
typedef void (*kd_import_progress)(void *self, const kd_import_counts *counts, uint64_t bytes_done, uint64_t bytes_total);

/* One file. `name` is what the operator called it (for quarantine and resume). Progress is called about five times a
 * second; it returns nothing: cancel by setting *cancel, which may be NULL, from whatever thread. */
kd_status kd_import_run(kd_import_counts *counts, const kd_importer *to, kd_input *in, const char *name,
                        const kd_import_options *options, kd_import_progress progress, void *self,
                        const atomic_bool *cancel, kd_err *err);

typedef struct kd_quarantined { kd_id id; int64_t time_ms; kd_str file, what, field, reason, raw; uint64_t line; } kd_quarantined;
/* Bad rows, by file and line; owned by `arena`. They hold what the shop sent, so they are sealed in the store. */
kd_status kd_quarantine_list(kd_quarantined **rows, size_t *count, kd_reader *reader, const kd_vault *vault, kd_id after,
                             size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_quarantine_clear(kd_store *store, kd_reader *reader, size_t *cleared, kd_err *err);
#endif

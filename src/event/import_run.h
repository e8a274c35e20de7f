/* event/import_run.h -- one import while it runs: what every kind of file shares. Private to the importer.
 *
 * Resume. A run reads its file from the start in every case: decompressing and cutting rows is cheap, and only so do
 * ordinals and the grouping of lines come out the same. What saves the time is that nothing before the mark is written
 * again. The mark of a file (store meta) says up to which row everything is durable, and the hash of the rows read by then;
 * the hash is compared when the same row is reached again, so that a file that changed meanwhile is noticed. */
#ifndef KD_EVENT_IMPORT_RUN_H
#define KD_EVENT_IMPORT_RUN_H
#include "event/import.h"
#include "event/import_rows.h"

typedef struct kd_flight kd_flight; /* import_flight.c: events on their way to the writer */

typedef struct kd_mark {
    uint64_t row;        /* everything that begins before this row is durable */
    uint64_t check_row, check_hash; /* after so many rows, their hash was this */
} kd_mark;

typedef struct kd_bad_row { kd_str field, reason, raw; uint64_t line; } kd_bad_row;
enum { KD_BAD_ROWS_PENDING = 256 };

typedef struct kd_import {
    const kd_importer       *to;
    const kd_import_options *options; /* defaults filled in */
    kd_import_counts        *counts;
    kd_input                *in;
    const char              *name;
    kd_import_progress       progress;
    void                    *self;
    const atomic_bool       *cancel;
    int64_t                  told_us;
    uint64_t                 bytes_total;

    uint64_t head;         /* hash of header and first row */
    uint64_t hash;         /* of header and all rows so far */
    bool     begun;        /* the fingerprint is fixed and the mark is read */
    uint64_t fingerprint;
    bool     marked;       /* a mark of this file may be in the store */
    char     mark_name[48];
    kd_mark  mark;         /* of an earlier run; row 0: none */
    uint64_t safe_row;     /* whatever begins before this row has been handed to the flight */

    kd_flight *flight;
    kd_arena  *bad_arena;  /* bad rows that are not written yet */
    char      *columns;    /* the header line, for rows in quarantine; NULL: none */
    kd_bad_row bad[KD_BAD_ROWS_PENDING];
    size_t     bad_count;
} kd_import;

/* ---- import.c ---- */
/* Count a row and take it into the hashes. KD_CONFLICT: the file is not the one that an earlier run began. */
kd_status kd_import_seen(kd_import *run, const kd_row *row, kd_err *err);
void      kd_import_hash(kd_import *run, kd_str bytes);
/* The next row, seen. As kd_rows_next: KD_INVALID with *why for a bad row; KD_NOT_FOUND at the end, and when the import is cancelled;
 * anything else ends the run, with *err. */
kd_status kd_import_next(kd_row *row, kd_import *run, kd_rows *rows, kd_err *why, kd_err *err);
/* Put a bad row aside. KD_LIMIT after quarantine_max of them. */
kd_status kd_import_reject(kd_import *run, uint64_t line, const kd_err *why, kd_str raw, kd_err *err);
/* The same, from a row that could be read and makes no sense. */
kd_status kd_import_reject_row(kd_import *run, const kd_row *row, const kd_err *why, kd_err *err);
/* Call before the first thing is written: fixes what the file is called in marks and quarantine (a hash of its rows so far
 * and its size; when this happens depends on the rows alone) and reads the mark. */
kd_status kd_import_begin(kd_import *run, kd_err *err);
kd_status kd_import_bad_rows_flush(kd_import *run, kd_err *err);
kd_status kd_import_mark_put(kd_import *run, const kd_mark *mark, kd_err *err); /* NULL: the file is done */
/* Tell the progress now and then; false when the import shall end. */
bool      kd_import_go_on(kd_import *run);
kd_import_format kd_import_format_of(const kd_import *run);

/* ---- one function per kind of file ---- */
kd_status kd_import_orders(kd_import *run, kd_err *err);
kd_status kd_import_customers(kd_import *run, kd_err *err);
kd_status kd_import_events(kd_import *run, kd_err *err);
kd_status kd_import_feed(kd_import *run, kd_feed_what what, kd_err *err);

kd_status kd_import_deeds(kd_import *run, kd_err *err);   /* what happened to a person: contacts, points, texts */
kd_status kd_import_almanac(kd_import *run, kd_err *err); /* a row is a document: weather, campaigns, calendar, mentions */
kd_status kd_import_coupons(kd_import *run, kd_err *err);

/* ---- import_events.c: rows that become calls of the collect door ---- */
typedef struct kd_row_kind {
    const kd_import_table *table;
    /* Writes the whole call, an id included. KD_INVALID: the row is bad. */
    kd_status (*write)(kd_jw *w, const kd_import *run, const kd_row *row, kd_err *err);
    kd_call   call;
} kd_row_kind;
kd_status kd_import_rows_as_calls(kd_import *run, const kd_row_kind *kind, kd_err *err); /* NULL: events, which say themselves what they are */
void      kd_import_write_id(kd_jw *w, const kd_import *run, const kd_row *row); /* messageId of file, line and text */
void      kd_import_write_text(kd_jw *w, const char *key, kd_str text);          /* nothing when empty */
void      kd_import_write_others(kd_jw *w, const kd_row *row);                   /* the cells that are no field; empty ones say nothing */
kd_status kd_import_write_time(kd_jw *w, const kd_import *run, kd_str text, const char *field, kd_err *err);
void      kd_import_write_known_as(kd_jw *w, kd_str email, kd_str phone, kd_str card);

/* ---- import_documents.c ---- */
typedef kd_status kd_row_doc(kd_doc *out, const kd_import *run, const kd_row *row, kd_arena *arena, kd_err *err);
extern const kd_import_table kd_weather_table, kd_campaign_table, kd_calendar_table, kd_mention_table;
kd_row_doc kd_weather_doc, kd_campaign_doc, kd_calendar_doc, kd_mention_doc;
/* "2026-12-31" of a date as shops write it; KD_INVALID with the field. */
kd_status kd_import_day(char out[11], const kd_import *run, kd_str text, const char *field, kd_err *err);

/* ---- import_flight.c: batches of events, up to three with the writer while the next is being made ---- */
kd_status kd_flight_open(kd_flight **out, kd_import *run, kd_err *err);
void      kd_flight_close(kd_flight *flight); /* waits for what is with the writer; NULL is fine */
/* Room for one event of about `bytes`: zero-filled, with the arena its parts are to be made in (both until the flight lands). */
kd_status kd_flight_room(kd_incoming **event, kd_arena **arena, kd_flight *flight, size_t bytes, kd_err *err);
/* The event made in that room is complete; it takes part only now. */
void      kd_flight_add(kd_flight *flight);
/* Send what is left and wait for all. */
kd_status kd_flight_land(kd_flight *flight, kd_err *err);

/* ---- import_amend.c ---- */
/* An order of the file that holds more lines than the store's event under its id (an invoice exported before it was
 * complete, a row that was in quarantine) gets its missing lines as an event of their own. */
kd_status kd_import_amend(kd_import *run, const kd_incoming *events, size_t count, kd_err *err);

/* ---- import_orders.c ---- */
typedef struct kd_order_event { /* what an event of order lines is made of */
    kd_kind kind;
    kd_str  order, message_id, user, email, card, phone, place;
    kd_str  till, till_customer, e_receipt;
    kd_str  known_as;                  /* what the receipt of nobody is called by */
    bool    receipt;                   /* of a till, whether or not it names its place */
    int64_t time_ms, written_ms;
    kd_currency currency;
    const kd_fact_line *lines;         /* owned by the arena that the event goes to, as are the texts */
    const struct kd_stub_hint *stubs;
    size_t  line_count;
    kd_str  columns, rows;             /* JSON: names, and the rows without the outer brackets */
} kd_order_event;
kd_status kd_import_order_event(kd_incoming *out, const kd_import *run, const kd_order_event *order, kd_arena *arena,
                                kd_err *err);

/* Where a row stands, and of what size its file is: also when it comes out of quarantine. */
static inline uint64_t kd_import_line(const kd_import *run, const kd_row *row) { return run->options->replay ? run->options->replay->line : row->line; }
static inline uint64_t kd_import_bytes(const kd_import *run) { return run->options->replay ? run->options->replay->bytes_total : run->bytes_total; }

/* ---- quarantine.c ---- */
/* The pending bad rows of a run, in one transaction. */
kd_status kd_quarantine_put(const kd_import *run, kd_err *err);
#endif

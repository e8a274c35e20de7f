/* event/ingest.h -- the writer: from parsed events to the log, then to the profile in memory, then to the answer.
 *
 * One thread per store. Requests queue; the writer takes what has gathered while the last commit synced (group commit
 * without a timer), resolves keys to persons (new ones linked first, in one transaction), seals bodies, appends, commits,
 * folds what was STORED, tells the observers, then calls each request's `done`. An event acknowledged is in the next
 * decision. A second thread writes checkpoints of profiles behind. At start the tail of the log after the checkpoint is
 * folded again.
 * Memory: `queue_bytes_max` bounds what waits; past it submit gives KD_BUSY. */
#ifndef KD_EVENT_INGEST_H
#define KD_EVENT_INGEST_H
#include "base/clock.h"
#include "customer/people.h"
#include "event/incoming.h"

typedef struct kd_ingest kd_ingest;
typedef struct kd_ingest_options { /* 0: the default in brackets */
    size_t   queue_bytes_max;           /* what waits or is being written; receipts have a quarter of it besides [64 MiB] */
    size_t   batch_events_max;          /* events of one transaction; a larger submission goes alone [4096] */
    uint64_t checkpoint_events;         /* a checkpoint at the latest after so many, and every 30 s [100,000] */
    size_t   checkpoint_rows;           /* profiles of one checkpoint transaction [1000] */
    kd_clock clock;
} kd_ingest_options;

typedef struct kd_stored {      /* what an observer sees of one event, after the fold, before the answer; receipts are not shown */
    const kd_fact *fact;
    kd_id          person;
    int64_t        offset;
    const struct kd_stub_hint *stubs; /* one per line, or NULL (when read back from the log) */
    const kd_source_seen *seen; /* what of its source's schema it brought; NULL: nothing is expected, or read back from the log */
    int64_t        received_ms;
    kd_str         message_id; /* as the sender wrote it; empty when read back from the log */
    bool           first;      /* the first event of its person in the log */
    bool           trusted;    /* not claimed, or the house trusts what browsers report: an order that counts as one */
    bool           replay;     /* folded at the start of the process: seen by an observer of an earlier one */
} kd_stored;
typedef void (*kd_observer)(void *self, const kd_stored *events, size_t count);

typedef struct kd_submission { /* one request's events; everything in it lives until done() was called */
    const kd_incoming *events;
    size_t             count;
    size_t             bytes;    /* for the bound of the queue */
    /* Called once, from the writer's thread: KD_OK when all events with status KD_OK are durable (stored, or known already).
     * `stored`, `duplicates` count; rejected ones were never written. KD_IO and others: send it again; what of it was stored
     * all the same (a part of a request that spans groups, a commit of unknown fate) is then a duplicate. */
    void (*done)(struct kd_submission *self, kd_status status, size_t stored, size_t duplicates, const kd_err *err);
    struct kd_submission *next;  /* the queue's */
} kd_submission;

kd_status kd_ingest_open(kd_ingest **out, kd_store *store, kd_people *people, kd_identity *identity, const kd_vault *vault,
                         const kd_ingest_options *options, kd_err *err);
/* Before start, at most 16. Observers run in the writer's thread, in the order registered; they must not submit and wait. */
void      kd_ingest_observe(kd_ingest *ingest, kd_observer observer, void *self);
/* Likewise of events that were known already and are not stored again (offset 0): one such observer at most. */
void      kd_ingest_observe_duplicates(kd_ingest *ingest, kd_observer observer, void *self);
/* Likewise of events that were not kept, since all they may serve is refused (offset 0). */
void      kd_ingest_observe_withheld(kd_ingest *ingest, kd_observer observer, void *self);
/* Any time, any thread: what consents are measured by from the next batch on (retained). NULL, as at first: everything is kept. */
void      kd_ingest_set_policy(kd_ingest *ingest, const kd_policy *policy);
/* Replay the tail, then start the threads. *replayed may be NULL. */
kd_status kd_ingest_start(kd_ingest *ingest, uint64_t *replayed, kd_err *err);
/* Take what is queued, write a last checkpoint, end the threads. */
kd_status kd_ingest_stop(kd_ingest *ingest, kd_err *err);
void      kd_ingest_close(kd_ingest *ingest); /* without stop: what is queued is written, no checkpoint */

/* KD_OK: done() will be called (perhaps before this returns). KD_BUSY: the queue is full, done() is not called. */
kd_status kd_ingest_submit(kd_ingest *ingest, kd_submission *submission, kd_err *err);
/* Submit and wait, for room in the queue too: imports, tests. Not from an observer or done(). */
kd_status kd_ingest_write(kd_ingest *ingest, const kd_incoming *events, size_t count, size_t *stored, size_t *duplicates, kd_err *err);

/* Receipts: what Kunde itself says (kind KD_KIND_DECISION and above: the profile does not fold them). `event` has id, person
 * (nil for a stranger), times, kind, facts, body (clear); copied in both cases. `durable` true: written at once, and done(),
 * which may be NULL, called after the commit. false: written with the next batch, or within a second. KD_BUSY when the buffer
 * is full. A person whose profile does not exist (known by a key only) becomes nil. */
typedef struct kd_receipt_write { kd_event event; bool durable; void (*done)(void *self, kd_status status); void *self; } kd_receipt_write;
kd_status kd_ingest_receipt(kd_ingest *ingest, const kd_receipt_write *receipt, kd_err *err);
/* Wait until everything submitted before the call is durable (receipts too). */
kd_status kd_ingest_flush(kd_ingest *ingest, kd_err *err);
kd_status kd_ingest_checkpoint(kd_ingest *ingest, kd_err *err); /* now, and wait */

/* Run `work` in the writer's thread between two batches, while no checkpoint is written;
 * wait for it. Nothing is in flight then: no person is half made, no profile half saved. Not from an observer or done(). */
kd_status kd_ingest_between(kd_ingest *ingest, kd_status (*work)(void *self, kd_err *err), void *self, kd_err *err);

typedef struct kd_ingest_stats { uint64_t stored, duplicates, rejected, batches, failed, busy, receipts, receipts_lost, checkpoints, replayed, queue_bytes, last_commit_us, withheld; } kd_ingest_stats;
void kd_ingest_get_stats(kd_ingest_stats *out, const kd_ingest *ingest);

/* A stored event as the fold wants it: facts decoded, traits and idents unsealed where flagged. Needs no body. */
kd_status kd_stored_fact(kd_fact *out, const kd_event *event, const kd_data_key *key, kd_arena *arena, kd_err *err);
/* The body in the clear. */
kd_status kd_stored_body(kd_str *out, const kd_event *event, const kd_data_key *key, kd_arena *arena, kd_err *err);
/* Refold one person from the log alone (tests, doctor): walks the chain back from the event at `head`, as taken from the
 * profile in memory it is to equal; 0: from the head in the person's row, as of its last checkpoint. KD_NOT_FOUND: no such person. */
kd_status kd_refold(kd_profile *out, kd_reader *reader, const kd_vault *vault, kd_id person, int64_t head, const kd_profile_caps *caps,
                    kd_err *err);
#endif

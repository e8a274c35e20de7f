#include "event/import_run.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Three batches: one is being made here, one lies in the writer's queue, one is being written. Batches land in the order in
 * which they left, so the mark of one says that all before it are durable too. */

enum {
    BATCHES = 3,
    BATCH_EVENTS = 1024,
    BATCH_BYTES = 1 << 20,             /* a batch leaves when its events pass this: a few thousand order lines */
    BATCH_BYTES_MAX = 256 << 20,       /* the arena's cap; one event may be much larger than a batch */
    EVENT_OVERHEAD = 512,              /* of an event in the writer's queue, besides its body */
    BUSY_PAUSE_NS = 2 * 1000 * 1000
};

typedef struct batch {
    kd_submission submission;          /* first, so that done() finds the batch */
    struct kd_flight *flight;
    kd_arena     *arena;
    kd_incoming  *events;
    size_t        count;
    kd_mark       mark;
    bool          away, landed;        /* under the flight's lock, as is what follows */
    kd_status     status;
    size_t        stored, duplicates;
    kd_err        err;
} batch;

struct kd_flight {
    kd_import      *run;
    batch           batches[BATCHES];
    size_t          next;              /* the one being made, or to be made next; the oldest one away is the next that is away */
    int64_t         marked_us;
    pthread_mutex_t lock;
    pthread_cond_t  landed;
};

kd_status kd_flight_open(kd_flight **out, kd_import *run, kd_err *err)
{
    kd_flight *flight = calloc(1, sizeof *flight);
    if (!flight)
        return kd_fail_memory(err);
    flight->run = run;
    flight->marked_us = kd_monotonic_us();
    pthread_mutex_init(&flight->lock, NULL);
    pthread_cond_init(&flight->landed, NULL);
    for (size_t i = 0; i < BATCHES; i++) {
        batch *b = &flight->batches[i];
        b->flight = flight;
        b->arena = kd_arena_new(BATCH_BYTES_MAX);
        b->events = calloc(BATCH_EVENTS, sizeof *b->events);
        if (!b->arena || !b->events) {
            kd_flight_close(flight);
            return kd_fail_memory(err);
        }
    }
    *out = flight;
    return KD_OK;
}

static void wait_for(batch *b)
{
    pthread_mutex_lock(&b->flight->lock);
    while (b->away && !b->landed)
        pthread_cond_wait(&b->flight->landed, &b->flight->lock);
    pthread_mutex_unlock(&b->flight->lock);
}

void kd_flight_close(kd_flight *flight)
{
    if (!flight)
        return;
    for (size_t i = 0; i < BATCHES; i++) {
        wait_for(&flight->batches[i]);
        kd_arena_free(flight->batches[i].arena);
        free(flight->batches[i].events);
    }
    pthread_cond_destroy(&flight->landed);
    pthread_mutex_destroy(&flight->lock);
    free(flight);
}

/* From the writer's thread. */
static void on_done(kd_submission *submission, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    batch *b = (batch *)submission;
    pthread_mutex_lock(&b->flight->lock);
    b->status = status;
    b->stored = stored;
    b->duplicates = duplicates;
    b->err = err ? *err : (kd_err){ 0 };
    b->landed = true;
    pthread_cond_signal(&b->flight->landed);
    pthread_mutex_unlock(&b->flight->lock);
}

/* Take a batch that is away back: count it, complete what it told of shorter orders, note the progress. */
static kd_status receive(batch *b, kd_err *err)
{
    kd_import *run = b->flight->run;
    kd_status  status = KD_OK;
    if (!b->away)
        return KD_OK;
    wait_for(b);
    b->away = b->landed = false;
    if (b->status != KD_OK) {
        if (err)
            *err = b->err;
        return b->status;
    }
    run->counts->stored += b->stored;
    run->counts->duplicates += b->duplicates;
    if (b->duplicates > 0 && (run->options->what == KD_IMPORT_ORDERS || run->options->what == KD_IMPORT_RECEIPTS))
        status = kd_import_amend(run, b->events, b->count, err);
    int64_t now_us = kd_monotonic_us();
    if (status == KD_OK && now_us - b->flight->marked_us >= (int64_t)run->options->mark_ms * 1000) {
        b->flight->marked_us = now_us;
        status = kd_import_mark_put(run, &b->mark, err);
    }
    return status;
}

static kd_status send(kd_flight *flight, kd_err *err)
{
    batch     *b = &flight->batches[flight->next];
    kd_import *run = flight->run;
    kd_status  status;
    if (b->count == 0)
        return KD_OK;
    status = kd_import_bad_rows_flush(run, err); /* before the mark of this batch can be written */
    if (status != KD_OK)
        return status;
    b->mark = (kd_mark){ run->safe_row, run->counts->rows, run->hash };
    b->submission.events = b->events;
    b->submission.count = b->count;
    b->submission.done = on_done;
    b->away = true;
    for (;;) {
        status = kd_ingest_submit(run->to->ingest, &b->submission, err);
        if (status != KD_BUSY || !kd_import_go_on(run))
            break;
        nanosleep(&(struct timespec){ .tv_nsec = BUSY_PAUSE_NS }, NULL); /* the server's other guests come first */
    }
    if (status != KD_OK) {
        b->away = false;
        return status;
    }
    flight->next = (flight->next + 1) % BATCHES;
    return KD_OK;
}

kd_status kd_flight_room(kd_incoming **event, kd_arena **arena, kd_flight *flight, size_t bytes, kd_err *err)
{
    batch *b = &flight->batches[flight->next];
    if (b->count == BATCH_EVENTS || (b->count > 0 && b->submission.bytes + bytes > BATCH_BYTES)) {
        kd_status status = send(flight, err);
        if (status != KD_OK)
            return status;
        b = &flight->batches[flight->next];
    }
    if (b->away || b->count == 0) {
        kd_status status = receive(b, err);
        if (status != KD_OK)
            return status;
        b->count = 0;
        b->submission.bytes = 0;
        kd_arena_reset(b->arena);
    }
    *event = &b->events[b->count];
    memset(*event, 0, sizeof **event);
    *arena = b->arena;
    return KD_OK;
}

void kd_flight_add(kd_flight *flight)
{
    batch *b = &flight->batches[flight->next];
    b->submission.bytes += b->events[b->count].body.len + EVENT_OVERHEAD;
    b->count++;
}

kd_status kd_flight_land(kd_flight *flight, kd_err *err)
{
    const kd_import *run = flight->run;
    kd_status        status = send(flight, err);
    for (size_t i = 0; i < BATCHES && status == KD_OK; i++) { /* oldest first */
        batch *b = &flight->batches[(flight->next + i) % BATCHES];
        status = receive(b, err);
        b->count = 0;
    }
    if (status == KD_OK && run->counts->cancelled && run->begun)
        status = kd_import_mark_put(flight->run, &(kd_mark){ run->safe_row, run->counts->rows, run->hash }, err);
    return status;
}

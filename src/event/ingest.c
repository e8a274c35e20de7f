#include "event/ingest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "event/withhold.h"
#include "event/writer.h"

enum {
    RECEIPT_DELAY_MS = 500,      /* a receipt waits at most this long for a batch to ride with: half of what is promised */
    CHECKPOINT_EVERY_MS = 30000,
    RECEIPTS_BYTES_MIN = 1 << 20,
    FULL_WAIT_MS = 100
};

typedef struct receipt {
    kd_event        event;
    void          (*done)(void *self, kd_status status);
    void           *self;
    struct receipt *next;
} receipt;

typedef struct between { /* work of others in the writer's thread */
    kd_status (*work)(void *self, kd_err *err);
    void       *self;
    kd_status   status;
    kd_err      err;
    bool        done;
} between;

typedef struct receipt_list { /* in its own arena; two of them take turns */
    kd_arena *arena;
    receipt  *first, *last;
    size_t    count;
} receipt_list;

struct kd_ingest {
    kd_store         *store;
    kd_people        *people;
    kd_writer        *writer;
    kd_ingest_options options;
    uint16_t          groups;

    pthread_mutex_t lock;     /* guards all that follows */
    pthread_cond_t  work;     /* the writer waits for something to write */
    pthread_cond_t  progress; /* submitters wait for room, flush for the end, the writer for a checkpoint */
    pthread_cond_t  dirt;     /* the checkpoint thread waits for a reason */
    bool            running, stopping, writer_ended;
    kd_submission  *first, *last;
    size_t          queue_bytes; /* until done() was called */
    uint64_t        submitted, finished;
    receipt_list    receipts;    /* gathering */
    int64_t         receipts_due_us; /* when the oldest of them must be written */
    bool            receipts_now;
    uint64_t        receipts_in, receipts_out;
    uint64_t        checkpoint_wanted, checkpoint_begun, checkpoint_done, checkpoints_failed;
    uint64_t        stored_since_checkpoint;
    kd_status       checkpoint_status;
    kd_err          checkpoint_err;
    kd_ingest_stats stats;

    struct between *between;    /* one of them, the next to run */

    pthread_mutex_t checkpoint_lock; /* one checkpoint at a time */
    pthread_t       writer_thread, checkpoint_thread;
    receipt_list    taken;       /* the writer's own from here on: receipts being written */
    kd_write_item  *items;
    kd_write_request *requests;
    size_t          items_room;
};

/* ---- helpers ------------------------------------------------------------------------------------------------------- */

static struct timespec deadline_in(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static bool wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t ms)
{
    struct timespec at = deadline_in(ms);
    return pthread_cond_timedwait(cond, lock, &at) != ETIMEDOUT;
}

static void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

/* ---- the checkpoint -------------------------------------------------------------------------------------------------- */

/* Without the lock: the writer goes on meanwhile. What it folds after `folded` was read is dirty again, or replayed. */
static kd_status write_checkpoint(kd_ingest *ingest, kd_err *err)
{
    kd_status status = KD_OK;
    pthread_mutex_lock(&ingest->checkpoint_lock);
    for (uint16_t group = 0; group < ingest->groups && status == KD_OK; group++)
        status = kd_people_checkpoint(ingest->people, group, kd_writer_folded(ingest->writer, group), ingest->options.checkpoint_rows, err);
    pthread_mutex_unlock(&ingest->checkpoint_lock);
    if (status != KD_OK)
        kd_log(KD_LOG_ERROR, "event", "checkpoint_failed", "status=%s", kd_status_name(status));
    return status;
}

static bool checkpoint_due(const kd_ingest *ingest)
{
    return ingest->checkpoint_wanted > ingest->checkpoint_begun || ingest->stored_since_checkpoint >= ingest->options.checkpoint_events
        || kd_people_full(ingest->people);
}

/* With the lock held, which is let go meanwhile. */
static void run_checkpoint(kd_ingest *ingest)
{
    uint64_t  wanted = ingest->checkpoint_begun = ingest->checkpoint_wanted;
    kd_err    err = { 0 };
    kd_status status;
    ingest->stored_since_checkpoint = 0;
    pthread_mutex_unlock(&ingest->lock);
    status = write_checkpoint(ingest, &err);
    pthread_mutex_lock(&ingest->lock);
    ingest->checkpoint_done = wanted;
    ingest->checkpoint_status = status;
    ingest->checkpoint_err = err;
    ingest->stats.checkpoints += status == KD_OK;
    ingest->checkpoints_failed += status != KD_OK;
    pthread_cond_broadcast(&ingest->progress);
}

static void *checkpoint_main(void *self)
{
    kd_ingest *ingest = self;
    pthread_mutex_lock(&ingest->lock);
    while (!ingest->writer_ended) {
        bool woken = checkpoint_due(ingest) || wait_for(&ingest->dirt, &ingest->lock, CHECKPOINT_EVERY_MS);
        bool idle = !woken && ingest->stored_since_checkpoint == 0 && kd_people_dirty_bytes(ingest->people) == 0;
        if (ingest->writer_ended || idle || (woken && !checkpoint_due(ingest)))
            continue;
        run_checkpoint(ingest);
        if (ingest->checkpoint_status != KD_OK && !ingest->writer_ended) /* a full disk: try again, but not at once */
            wait_for(&ingest->dirt, &ingest->lock, 1000);
    }
    /* Whoever still waits for one gets the last. */
    while (ingest->checkpoint_wanted > ingest->checkpoint_done)
        run_checkpoint(ingest);
    pthread_mutex_unlock(&ingest->lock);
    return NULL;
}

/* Memory is bounded: while too much of it is dirty, nothing new is folded. False when a checkpoint that was tried meanwhile
 * could not be written (a full disk): whoever waits is told so rather than kept for ever. Lock held. */
static bool wait_while_full(kd_ingest *ingest)
{
    const uint64_t failed = ingest->checkpoints_failed;
    while (kd_people_full(ingest->people)) {
        if (ingest->checkpoints_failed != failed)
            return false;
        pthread_cond_signal(&ingest->dirt);
        wait_for(&ingest->progress, &ingest->lock, FULL_WAIT_MS);
    }
    return true;
}

/* ---- the writer's thread ----------------------------------------------------------------------------------------------- */

static bool receipts_due(const kd_ingest *ingest)
{
    return ingest->receipts.count && (ingest->receipts_now || ingest->stopping || ingest->receipts.count >= ingest->options.batch_events_max
                                      || kd_monotonic_us() >= ingest->receipts_due_us);
}

/* Until there is something to write; false at the end. Lock held. */
static bool wait_for_work(kd_ingest *ingest)
{
    for (;;) {
        if (ingest->first || ingest->between || receipts_due(ingest))
            return true;
        if (ingest->stopping)
            return false;
        if (ingest->receipts.count) {
            int64_t left_ms = (ingest->receipts_due_us - kd_monotonic_us()) / 1000 + 1;
            wait_for(&ingest->work, &ingest->lock, left_ms > 0 ? left_ms : 1);
        } else {
            pthread_cond_wait(&ingest->work, &ingest->lock);
        }
    }
}

/* What has gathered, up to a transaction's size; at least one submission, however large. Lock held. */
static kd_submission *take_submissions(kd_ingest *ingest, size_t *count, size_t *events)
{
    kd_submission *first = ingest->first, *last = NULL;
    *count = *events = 0;
    while (ingest->first && (!last || *events + ingest->first->count <= ingest->options.batch_events_max)) {
        last = ingest->first;
        *events += last->count;
        ++*count;
        ingest->first = last->next;
    }
    if (last)
        last->next = NULL;
    if (!ingest->first)
        ingest->last = NULL;
    return first;
}

/* The gathered receipts become the writer's. Lock held. */
static void take_receipts(kd_ingest *ingest)
{
    receipt_list empty = ingest->taken;
    kd_arena_reset(empty.arena);
    empty.first = empty.last = NULL;
    empty.count = 0;
    ingest->taken = ingest->receipts;
    ingest->receipts = empty;
    ingest->receipts_now = false;
}

static bool reserve_items(kd_ingest *ingest, size_t count)
{
    kd_write_item    *items;
    kd_write_request *requests;
    if (count <= ingest->items_room)
        return true;
    items = realloc(ingest->items, count * sizeof *items);
    if (items)
        ingest->items = items;
    requests = realloc(ingest->requests, count * sizeof *requests);
    if (requests)
        ingest->requests = requests;
    if (!items || !requests)
        return false;
    ingest->items_room = count;
    return true;
}

static void answer_submissions(kd_ingest *ingest, kd_submission *first, const kd_write_request *requests)
{
    size_t          bytes = 0, count = 0;
    kd_ingest_stats add = { 0 };
    for (kd_submission *s = first, *next; s; s = next, count++) {
        const kd_write_request *request = &requests[count];
        next = s->next; /* done() ends its life */
        bytes += s->bytes;
        add.stored += request->stored;
        add.duplicates += request->duplicates;
        add.failed += request->status != KD_OK;
        s->done(s, request->status, request->stored, request->duplicates, &request->err);
    }
    pthread_mutex_lock(&ingest->lock);
    ingest->queue_bytes -= bytes;
    ingest->finished += count;
    ingest->stats.stored += add.stored;
    ingest->stats.duplicates += add.duplicates;
    ingest->stats.failed += add.failed;
    ingest->stored_since_checkpoint += add.stored;
    if (ingest->stored_since_checkpoint >= ingest->options.checkpoint_events)
        pthread_cond_signal(&ingest->dirt);
    pthread_cond_broadcast(&ingest->progress);
    pthread_mutex_unlock(&ingest->lock);
}

static void answer_receipts(kd_ingest *ingest, const receipt *first, size_t count, const kd_write_request *requests)
{
    size_t lost = 0;
    for (size_t i = 0; i < count; i++, first = first->next) {
        lost += requests[i].status != KD_OK;
        if (first->done)
            first->done(first->self, requests[i].status);
    }
    pthread_mutex_lock(&ingest->lock);
    ingest->receipts_out += count;
    ingest->stats.receipts += count - lost;
    ingest->stats.receipts_lost += lost;
    ingest->stored_since_checkpoint += count - lost;
    pthread_cond_broadcast(&ingest->progress);
    pthread_mutex_unlock(&ingest->lock);
}

/* Nothing of this batch can be written: say so to each with what is there for sure, one request at a time. */
static void refuse_batch(kd_ingest *ingest, kd_submission *submissions, size_t receipt_count, const kd_write_request *why)
{
    for (kd_submission *s = submissions, *next; s; s = next) {
        next = s->next;
        s->next = NULL;
        answer_submissions(ingest, s, why);
    }
    for (size_t i = 0; i < receipt_count; i++, ingest->taken.first = ingest->taken.first->next)
        answer_receipts(ingest, ingest->taken.first, 1, why);
    ingest->taken.count -= receipt_count;
}

/* One batch: these submissions and at most `receipt_count` of the receipts taken; `held` when too much is dirty for it. */
static void write_batch(kd_ingest *ingest, kd_submission *submissions, size_t submission_count, size_t event_count, size_t receipt_count,
                        bool held)
{
    size_t    items = 0, requests = 0;
    receipt  *first_receipt = ingest->taken.first;
    kd_err    err = { 0 };
    kd_status status = held ? kd_fail(&err, KD_IO, "changed profiles fill the memory for them, and the checkpoint cannot be written")
                     : reserve_items(ingest, submission_count + event_count + receipt_count) ? KD_OK : kd_fail_memory(&err);
    if (status != KD_OK) {
        refuse_batch(ingest, submissions, receipt_count, &(kd_write_request){ .status = status, .err = err });
        return;
    }
    for (kd_submission *s = submissions; s; s = s->next) {
        kd_write_request *request = &ingest->requests[requests++];
        *request = (kd_write_request){ .status = KD_OK };
        for (size_t i = 0; i < s->count; i++)
            if (s->events[i].status == KD_OK)
                ingest->items[items++] = (kd_write_item){ .incoming = &s->events[i], .request = request };
    }
    for (size_t i = 0; i < receipt_count; i++, ingest->taken.first = ingest->taken.first->next) {
        ingest->requests[requests] = (kd_write_request){ .status = KD_OK };
        ingest->items[items++] = (kd_write_item){ .receipt = &ingest->taken.first->event, .request = &ingest->requests[requests++] };
    }
    ingest->taken.count -= receipt_count;
    if (items)
        kd_writer_write(ingest->writer, ingest->items, items);
    answer_submissions(ingest, submissions, ingest->requests);
    answer_receipts(ingest, first_receipt, receipt_count, ingest->requests + submission_count);
}

/* Lock held, which is let go meanwhile. The checkpoint's lock comes first and alone: its thread never waits for the writer. */
static void run_between(kd_ingest *ingest)
{
    between *b = ingest->between;
    pthread_mutex_unlock(&ingest->lock);
    pthread_mutex_lock(&ingest->checkpoint_lock);
    b->status = b->work(b->self, &b->err);
    kd_writer_forget_links(ingest->writer);
    pthread_mutex_unlock(&ingest->checkpoint_lock);
    pthread_mutex_lock(&ingest->lock);
    ingest->between = NULL;
    b->done = true;
    pthread_cond_broadcast(&ingest->progress);
}

static void *writer_main(void *self)
{
    kd_ingest *ingest = self;
    pthread_mutex_lock(&ingest->lock);
    while (ingest->taken.count || wait_for_work(ingest)) {
        kd_submission *submissions;
        size_t         submission_count, event_count, receipt_count;
        bool held = !wait_while_full(ingest);
        submissions = take_submissions(ingest, &submission_count, &event_count);
        if (!ingest->taken.count)
            take_receipts(ingest);
        receipt_count = ingest->taken.count < ingest->options.batch_events_max ? ingest->taken.count : ingest->options.batch_events_max;
        ingest->stats.batches++;
        pthread_mutex_unlock(&ingest->lock);
        write_batch(ingest, submissions, submission_count, event_count, receipt_count, held);
        pthread_mutex_lock(&ingest->lock);
        if (ingest->between && !ingest->taken.count)
            run_between(ingest);
    }
    ingest->writer_ended = true;
    pthread_cond_signal(&ingest->dirt);
    pthread_mutex_unlock(&ingest->lock);
    return NULL;
}

/* ---- open, start, stop ---------------------------------------------------------------------------------------------------- */

static kd_ingest_options with_defaults(kd_ingest_options options)
{
    options.queue_bytes_max = options.queue_bytes_max ? options.queue_bytes_max : (size_t)64 << 20;
    options.batch_events_max = options.batch_events_max ? options.batch_events_max : 4096;
    options.checkpoint_events = options.checkpoint_events ? options.checkpoint_events : 100000;
    options.checkpoint_rows = options.checkpoint_rows ? options.checkpoint_rows : 1000;
    return options;
}

kd_status kd_ingest_open(kd_ingest **out, kd_store *store, kd_people *people, kd_identity *identity, const kd_vault *vault,
                         const kd_ingest_options *options, kd_err *err)
{
    kd_ingest *ingest = calloc(1, sizeof *ingest);
    size_t     receipts_bytes;
    kd_status  status;
    if (!ingest)
        return kd_fail_memory(err);
    ingest->store = store;
    ingest->people = people;
    ingest->options = with_defaults(*options);
    ingest->groups = kd_store_groups(store);
    pthread_mutex_init(&ingest->lock, NULL);
    pthread_mutex_init(&ingest->checkpoint_lock, NULL);
    cond_init(&ingest->work);
    cond_init(&ingest->progress);
    cond_init(&ingest->dirt);
    receipts_bytes = ingest->options.queue_bytes_max / 8; /* two of them: a quarter */
    if (receipts_bytes < RECEIPTS_BYTES_MIN)
        receipts_bytes = RECEIPTS_BYTES_MIN;
    ingest->receipts.arena = kd_arena_new(receipts_bytes);
    ingest->taken.arena = kd_arena_new(receipts_bytes);
    status = ingest->receipts.arena && ingest->taken.arena
        ? kd_writer_open(&ingest->writer, store, people, identity, vault, options->clock, ingest->options.checkpoint_rows, err)
        : kd_fail_memory(err);
    if (status == KD_OK)
        *out = ingest;
    else
        kd_ingest_close(ingest);
    return status;
}

void kd_ingest_observe(kd_ingest *ingest, kd_observer observer, void *self)
{
    if (kd_writer_observe(ingest->writer, observer, self) != KD_OK)
        abort(); /* our own mistake: who observes is written in the program, not in its input */
}

kd_status kd_ingest_start(kd_ingest *ingest, uint64_t *replayed, kd_err *err)
{
    uint64_t  count = 0;
    kd_status status = kd_writer_replay(ingest->writer, &count, err);
    if (replayed)
        *replayed = count;
    if (status != KD_OK)
        return status;
    ingest->stats.replayed = count;
    ingest->stored_since_checkpoint = count;
    if (pthread_create(&ingest->checkpoint_thread, NULL, checkpoint_main, ingest) != 0)
        return kd_fail(err, KD_LIMIT, "cannot start the checkpoint thread");
    if (pthread_create(&ingest->writer_thread, NULL, writer_main, ingest) != 0) {
        pthread_mutex_lock(&ingest->lock);
        ingest->writer_ended = true;
        pthread_cond_signal(&ingest->dirt);
        pthread_mutex_unlock(&ingest->lock);
        pthread_join(ingest->checkpoint_thread, NULL);
        return kd_fail(err, KD_LIMIT, "cannot start the writer thread");
    }
    pthread_mutex_lock(&ingest->lock);
    ingest->running = true;
    pthread_mutex_unlock(&ingest->lock);
    return KD_OK;
}

/* The writer first, with all that is queued; then the checkpoint thread, which it may be waiting for. */
static void end_threads(kd_ingest *ingest)
{
    pthread_mutex_lock(&ingest->lock);
    if (!ingest->running) {
        pthread_mutex_unlock(&ingest->lock);
        return;
    }
    ingest->running = false;
    ingest->stopping = true;
    pthread_cond_broadcast(&ingest->work);
    pthread_cond_broadcast(&ingest->progress);
    pthread_mutex_unlock(&ingest->lock);
    pthread_join(ingest->writer_thread, NULL);
    pthread_join(ingest->checkpoint_thread, NULL);
}

kd_status kd_ingest_stop(kd_ingest *ingest, kd_err *err)
{
    end_threads(ingest);
    return write_checkpoint(ingest, err);
}

void kd_ingest_close(kd_ingest *ingest)
{
    if (!ingest)
        return;
    end_threads(ingest);
    kd_writer_close(ingest->writer);
    kd_arena_free(ingest->receipts.arena);
    kd_arena_free(ingest->taken.arena);
    free(ingest->items);
    free(ingest->requests);
    pthread_cond_destroy(&ingest->work);
    pthread_cond_destroy(&ingest->progress);
    pthread_cond_destroy(&ingest->dirt);
    pthread_mutex_destroy(&ingest->lock);
    pthread_mutex_destroy(&ingest->checkpoint_lock);
    free(ingest);
}

kd_status kd_ingest_between(kd_ingest *ingest, kd_status (*work)(void *self, kd_err *err), void *self, kd_err *err)
{
    between mine = { .work = work, .self = self };
    pthread_mutex_lock(&ingest->lock);
    while (ingest->running && ingest->between)
        pthread_cond_wait(&ingest->progress, &ingest->lock);
    if (!ingest->running) {
        pthread_mutex_unlock(&ingest->lock);
        return kd_fail(err, KD_BUSY, "the engine starts or stops");
    }
    ingest->between = &mine;
    pthread_cond_signal(&ingest->work);
    while (!mine.done)
        pthread_cond_wait(&ingest->progress, &ingest->lock);
    pthread_mutex_unlock(&ingest->lock);
    if (mine.status != KD_OK && err)
        *err = mine.err;
    return mine.status;
}

void kd_ingest_observe_withheld(kd_ingest *ingest, kd_observer observer, void *self)
{
    kd_withhold_observe(kd_writer_withhold(ingest->writer), observer, self);
}

void kd_ingest_set_policy(kd_ingest *ingest, const kd_policy *policy)
{
    kd_withhold_set_policy(kd_writer_withhold(ingest->writer), policy);
}

void kd_ingest_observe_duplicates(kd_ingest *ingest, kd_observer observer, void *self)
{
    kd_writer_observe_duplicates(ingest->writer, observer, self);
}

/* ---- submit ------------------------------------------------------------------------------------------------------------------ */

static kd_status submit(kd_ingest *ingest, kd_submission *submission, bool wait, kd_err *err)
{
    size_t    rejected = 0;
    kd_status status = KD_OK;
    for (size_t i = 0; i < submission->count; i++)
        rejected += submission->events[i].status != KD_OK;
    submission->next = NULL;
    pthread_mutex_lock(&ingest->lock);
    /* One that is larger than the queue gets in when it is alone. */
    while (ingest->running && ingest->queue_bytes && ingest->queue_bytes + submission->bytes > ingest->options.queue_bytes_max) {
        if (!wait) {
            status = kd_fail(err, KD_BUSY, "the queue of events is full");
            break;
        }
        pthread_cond_wait(&ingest->progress, &ingest->lock);
    }
    if (status == KD_OK && !ingest->running)
        status = kd_fail(err, KD_BUSY, "events are not taken now: the engine starts or stops");
    if (status == KD_OK) {
        ingest->queue_bytes += submission->bytes;
        ingest->submitted++;
        ingest->stats.rejected += rejected;
        if (ingest->last)
            ingest->last->next = submission;
        else
            ingest->first = submission;
        ingest->last = submission;
        pthread_cond_signal(&ingest->work);
    } else {
        ingest->stats.busy++;
    }
    pthread_mutex_unlock(&ingest->lock);
    return status;
}

kd_status kd_ingest_submit(kd_ingest *ingest, kd_submission *submission, kd_err *err)
{
    return submit(ingest, submission, false, err);
}

typedef struct waiting { /* a submission somebody waits for */
    kd_submission   submission; /* first: done() gets its address */
    pthread_mutex_t lock;
    pthread_cond_t  answered;
    bool            is_answered;
    kd_status       status;
    kd_err          err;
    size_t          stored, duplicates;
} waiting;

static void wake(kd_submission *submission, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    waiting *w = (waiting *)submission;
    pthread_mutex_lock(&w->lock);
    w->status = status;
    w->err = *err;
    w->stored = stored;
    w->duplicates = duplicates;
    w->is_answered = true;
    pthread_cond_signal(&w->answered);
    pthread_mutex_unlock(&w->lock);
}

kd_status kd_ingest_write(kd_ingest *ingest, const kd_incoming *events, size_t count, size_t *stored, size_t *duplicates, kd_err *err)
{
    waiting   w = { .submission = { .events = events, .count = count, .done = wake } };
    kd_status status;
    for (size_t i = 0; i < count; i++)
        w.submission.bytes += sizeof events[i] + events[i].body.len;
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.answered, NULL);
    status = submit(ingest, &w.submission, true, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&w.lock);
        while (!w.is_answered)
            pthread_cond_wait(&w.answered, &w.lock);
        pthread_mutex_unlock(&w.lock);
        status = w.status;
        if (status != KD_OK && err)
            *err = w.err;
    }
    if (stored)
        *stored = w.stored;
    if (duplicates)
        *duplicates = w.duplicates;
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.answered);
    return status;
}

/* Into the gathering list. False when its arena is full. Lock held. */
static bool gather(kd_ingest *ingest, const kd_receipt_write *write)
{
    receipt_list *list = &ingest->receipts;
    receipt      *r = KD_NEW(list->arena, receipt, 1);
    if (!r)
        return false;
    *r = (receipt){ .event = write->event, .done = write->durable ? write->done : NULL, .self = write->self };
    r->event.facts = kd_str_copy(list->arena, write->event.facts);
    r->event.body = kd_str_copy(list->arena, write->event.body);
    if (!r->event.facts.ptr || !r->event.body.ptr)
        return false;
    if (list->last)
        list->last->next = r;
    else
        list->first = r;
    list->last = r;
    list->count++;
    return true;
}

kd_status kd_ingest_receipt(kd_ingest *ingest, const kd_receipt_write *write, kd_err *err)
{
    kd_status status = KD_OK;
    bool      first;
    pthread_mutex_lock(&ingest->lock);
    first = ingest->receipts.count == 0;
    if (!ingest->running) {
        status = kd_fail(err, KD_BUSY, "receipts are not taken now: the engine starts or stops");
    } else if (!gather(ingest, write)) {
        status = kd_fail(err, KD_BUSY, "the buffer of receipts is full");
        ingest->receipts_now = true;
    } else {
        ingest->receipts_in++;
        ingest->receipts_now |= write->durable;
        if (first)
            ingest->receipts_due_us = kd_monotonic_us() + RECEIPT_DELAY_MS * 1000;
    }
    if (first || ingest->receipts_now || ingest->receipts.count == ingest->options.batch_events_max)
        pthread_cond_signal(&ingest->work);
    if (status != KD_OK && !write->durable)
        ingest->stats.receipts_lost++;
    pthread_mutex_unlock(&ingest->lock);
    return status;
}

kd_status kd_ingest_flush(kd_ingest *ingest, kd_err *err)
{
    uint64_t  submitted, receipts, lost, failed;
    kd_status status = KD_OK;
    pthread_mutex_lock(&ingest->lock);
    submitted = ingest->submitted;
    receipts = ingest->receipts_in;
    lost = ingest->stats.receipts_lost;
    failed = ingest->stats.failed;
    ingest->receipts_now = true;
    pthread_cond_signal(&ingest->work);
    while ((ingest->finished < submitted || ingest->receipts_out < receipts) && !ingest->writer_ended)
        pthread_cond_wait(&ingest->progress, &ingest->lock);
    if (ingest->stats.receipts_lost > lost || ingest->stats.failed > failed)
        status = kd_fail(err, KD_IO, "some of what was waiting could not be written");
    pthread_mutex_unlock(&ingest->lock);
    return status;
}

kd_status kd_ingest_checkpoint(kd_ingest *ingest, kd_err *err)
{
    uint64_t  wanted;
    kd_status status;
    pthread_mutex_lock(&ingest->lock);
    if (!ingest->running) {
        pthread_mutex_unlock(&ingest->lock);
        return write_checkpoint(ingest, err);
    }
    wanted = ++ingest->checkpoint_wanted;
    pthread_cond_signal(&ingest->dirt);
    while (ingest->checkpoint_done < wanted)
        pthread_cond_wait(&ingest->progress, &ingest->lock);
    status = ingest->checkpoint_status;
    if (status != KD_OK && err)
        *err = ingest->checkpoint_err;
    pthread_mutex_unlock(&ingest->lock);
    return status;
}

void kd_ingest_get_stats(kd_ingest_stats *out, const kd_ingest *ingest)
{
    kd_ingest *locked = (kd_ingest *)ingest; /* only its lock changes */
    pthread_mutex_lock(&locked->lock);
    *out = locked->stats;
    out->queue_bytes = locked->queue_bytes;
    pthread_mutex_unlock(&locked->lock);
    out->last_commit_us = kd_writer_commit_us(ingest->writer);
    out->withheld = kd_withhold_count(kd_writer_withhold(ingest->writer));
}

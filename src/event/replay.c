#include "event/replay.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

enum { CHUNK_EVENTS = 8192, THREADS_MAX = 16 };
static const size_t CHUNK_BYTES_MAX = (size_t)512 << 20;

typedef struct page {          /* a chunk as it was read */
    kd_reader *reader;
    kd_arena  *arena;
    kd_event  *events;
    size_t     count;
    uint16_t   group;
    int64_t    after;
    bool       read;           /* `events` are those of `group` after `after` */
    kd_status  status;
    kd_err     err;
} page;

typedef struct worker {
    kd_replay *replay;
    unsigned   number;
    kd_reader *reader;
    kd_arena  *arena;          /* facts of its events, until the next chunk */
    size_t     failed_at;      /* the first event it could not fold; SIZE_MAX: none */
    kd_status  status;
    kd_err     err;
} worker;

struct kd_replay {
    kd_people   *people;
    unsigned     threads;
    worker       workers[THREADS_MAX];
    page         pages[2];     /* the one being folded and, with several threads, the one being read */
    page        *folding;
    kd_arena    *arena;        /* of the chunk: who is told */
    const kd_fact **facts;     /* per event: what observers shall see of it, or NULL */
};

void kd_replay_close(kd_replay *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < r->threads; i++) {
        if (r->workers[i].reader)
            kd_reader_close(r->workers[i].reader);
        kd_arena_free(r->workers[i].arena);
    }
    for (int i = 0; i < 2; i++) {
        if (r->pages[i].reader)
            kd_reader_close(r->pages[i].reader);
        kd_arena_free(r->pages[i].arena);
    }
    kd_arena_free(r->arena);
    free(r);
}

kd_status kd_replay_open(kd_replay **out, kd_store *store, kd_people *people, unsigned threads, kd_err *err)
{
    kd_replay *r = calloc(1, sizeof *r);
    kd_status  status = KD_OK;
    if (!r)
        return kd_fail_memory(err);
    r->people = people;
    r->threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    r->folding = &r->pages[0];
    r->arena = kd_arena_new(CHUNK_BYTES_MAX);
    if (!r->arena)
        status = kd_fail_memory(err);
    for (unsigned i = 0; i < r->threads && status == KD_OK; i++) {
        r->workers[i] = (worker){ .replay = r, .number = i, .arena = kd_arena_new(CHUNK_BYTES_MAX) };
        status = r->workers[i].arena ? kd_reader_open(&r->workers[i].reader, store, err) : kd_fail_memory(err);
    }
    for (int i = 0; i < (r->threads > 1 ? 2 : 1) && status == KD_OK; i++) {
        r->pages[i].arena = kd_arena_new(CHUNK_BYTES_MAX);
        status = r->pages[i].arena ? kd_reader_open(&r->pages[i].reader, store, err) : kd_fail_memory(err);
    }
    if (status == KD_OK)
        *out = r;
    else
        kd_replay_close(r);
    return status;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static void read_page(page *p, uint16_t group, int64_t after)
{
    kd_arena_reset(p->arena);
    p->group = group;
    p->after = after;
    p->count = 0;
    p->err = (kd_err){ 0 };
    p->status = kd_reader_log(&p->events, &p->count, p->reader, group, after, CHUNK_EVENTS, false, p->arena, &p->err);
    p->read = true;
}

static void *read_ahead(void *self)
{
    page *p = self;
    read_page(p, p->group, p->after);
    return NULL;
}

/* ---- folding ---------------------------------------------------------------------------------------------------------- */

/* Whose share? The last bytes of a person's id are random. */
static bool is_mine(const worker *w, const kd_event *event)
{
    return event->person.b[sizeof event->person.b - 1] % w->replay->threads == w->number;
}

/* Kunde's own words (receipts) move a person's place in the log; the profile keeps what customers did. */
static bool is_receipt(const kd_event *event)
{
    return event->kind >= KD_KIND_DECISION;
}

/* One event of the log into its profile. *told gets its facts when observers are to see them. */
static kd_status fold(const kd_fact **told, worker *w, const kd_event *event)
{
    kd_people *people = w->replay->people;
    kd_person *person;
    kd_fact   *fact;
    kd_status  status;
    if (kd_id_is_nil(event->person))
        return KD_OK;
    status = kd_people_acquire(&person, people, w->reader, event->person, &w->err);
    if (status == KD_NOT_FOUND)
        return KD_OK; /* erased since: the log keeps the place, not the person */
    if (status != KD_OK)
        return status;
    fact = KD_NEW(w->arena, kd_fact, 1);
    if (is_receipt(event) || (event->flags & KD_EVENT_HOLLOW)) {
        kd_person_touch(person, people, event->offset);
    } else if (!fact) {
        status = kd_fail_memory(&w->err);
    } else if ((status = kd_stored_fact(fact, event, &person->key, w->arena, &w->err)) == KD_CORRUPT) {
        /* One damaged row must not keep a shop closed: say where it is, and go on. `kunde doctor` names it too. */
        kd_log(KD_LOG_ERROR, "event", "damaged", "offset=%lld", (long long)event->offset);
        kd_person_touch(person, people, event->offset);
        status = KD_OK;
    } else if (status == KD_OK && (status = kd_person_fold(person, people, fact, event->offset, &w->err)) == KD_OK) {
        *told = fact;
    }
    kd_people_release(people, person);
    return status;
}

/* The persons of its share in one read, not in one each. What cannot be had this way, the fold asks for again and says why. */
static void load_persons(worker *w, const page *p)
{
    kd_id *persons = KD_NEW(w->arena, kd_id, p->count);
    size_t count = 0;
    for (size_t i = 0; persons && i < p->count; i++)
        if (is_mine(w, &p->events[i]))
            persons[count++] = p->events[i].person;
    if (count)
        kd_people_load(w->replay->people, w->reader, persons, count, NULL);
}

static void *fold_share(void *self)
{
    worker     *w = self;
    const page *p = w->replay->folding;
    kd_arena_reset(w->arena);
    w->status = KD_OK;
    w->failed_at = SIZE_MAX;
    load_persons(w, p);
    for (size_t i = 0; i < p->count && w->status == KD_OK; i++)
        if (is_mine(w, &p->events[i]) && (w->status = fold(&w->replay->facts[i], w, &p->events[i])) != KD_OK)
            w->failed_at = i;
    return NULL;
}

/* Every share; each in a thread of its own where there is one to be had. */
static void fold_all(kd_replay *r)
{
    pthread_t threads[THREADS_MAX], reading;
    bool      started[THREADS_MAX] = { false };
    page     *next = r->folding == &r->pages[0] ? &r->pages[1] : &r->pages[0];
    bool      ahead = r->threads > 1 && r->folding->count == CHUNK_EVENTS;
    if (ahead) {
        next->group = r->folding->group;
        next->after = r->folding->events[r->folding->count - 1].offset;
        next->read = false;
        ahead = pthread_create(&reading, NULL, read_ahead, next) == 0;
    }
    for (unsigned i = 1; i < r->threads; i++)
        started[i] = pthread_create(&threads[i], NULL, fold_share, &r->workers[i]) == 0;
    for (unsigned i = 0; i < r->threads; i++)
        if (!started[i])
            fold_share(&r->workers[i]);
    for (unsigned i = 1; i < r->threads; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
    if (ahead)
        pthread_join(reading, NULL);
}

/* ---- a chunk ------------------------------------------------------------------------------------------------------------ */

/* The page asked for, read ahead or now. */
static kd_status turn_page(kd_replay *r, uint16_t group, int64_t after, kd_err *err)
{
    page *ahead = r->folding == &r->pages[0] ? &r->pages[1] : &r->pages[0];
    if (ahead->read && ahead->group == group && ahead->after == after)
        r->folding = ahead;
    else
        read_page(r->folding, group, after);
    r->folding->read = false; /* it is used up: what is asked for again is read again */
    if (r->folding->status != KD_OK && err)
        *err = r->folding->err;
    return r->folding->status;
}

kd_status kd_replay_next(kd_replay_chunk *out, kd_replay *r, uint16_t group, int64_t after, kd_err *err)
{
    kd_status status = turn_page(r, group, after, err);
    page     *p = r->folding;
    *out = (kd_replay_chunk){ .events = p->events };
    if (status != KD_OK || p->count == 0)
        return status;
    kd_arena_reset(r->arena);
    r->facts = KD_NEW(r->arena, const kd_fact *, p->count);
    out->told = KD_NEW(r->arena, kd_stored, p->count);
    if (!r->facts || !out->told)
        return kd_fail_memory(err);
    fold_all(r);
    out->count = p->count;
    for (unsigned i = 0; i < r->threads; i++)
        if (r->workers[i].failed_at < out->count) {
            out->count = r->workers[i].failed_at;
            status = r->workers[i].status;
            if (err)
                *err = r->workers[i].err;
        }
    if (status == KD_LIMIT && out->count > 0) /* no room for all their facts at once: the rest comes next, in room that is free again */
        status = KD_OK;
    for (size_t i = 0; i < out->count; i++)
        if (r->facts[i])
            out->told[out->told_count++] = (kd_stored){ .fact = r->facts[i], .person = p->events[i].person, .offset = p->events[i].offset,
                                                        .received_ms = p->events[i].received_ms, .first = p->events[i].prev == 0 };
    return status;
}

#include "insight/pulse.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "num/hll.h"

enum {
    CHUNK_EVENTS = 4096,            /* read and counted at once while catching up */
    CHECKPOINT_MS = 30000,          /* also what the counts of refused events may lose in a crash */
    ARENA_BYTES = 64 << 20,
    LOAD_RECORDS = 64,
    ACTIVE_MINUTES = 5, MINUTES_SHOWN = 60, HOURS_SHOWN = 24
};
static const int64_t MINUTE_MS = 60000, HOUR_MS = 3600000;
static const uint8_t STATE_ID = 1, DAY_ID = 2; /* first byte of a record's id */

typedef struct group {
    int64_t folded;                 /* everything up to here is counted */
    int64_t told;                   /* the newest offset that the writer told of while this group was behind */
    bool    live;                   /* the writer tells of every event from here on */
} group;

struct kd_pulse {
    kd_store       *store;
    kd_reader      *reader;         /* the thread's, once it runs */
    kd_clock        clock;
    uint16_t        groups;
    pthread_t       thread;
    bool            started;
    pthread_mutex_t write_lock;     /* one checkpoint at a time; taken before `lock` */

    pthread_mutex_t lock;           /* guards all that follows */
    pthread_cond_t  wake;
    bool            stopping, changed, lost;
    group          *group;
    kd_tally        tally;
};

/* ---- counting --------------------------------------------------------------------------------------------------------------- */
/* With the lock held. */
static void count_event(kd_pulse *p, const kd_stored *event)
{
    p->changed = true;
    if (!kd_tally_add(&p->tally, event) && !p->lost) {
        p->lost = true;
        kd_log(KD_LOG_WARN, "insight", "pulse-left-out", "why=\"a day, source or currency has no room; told once\"");
    }
}

void kd_pulse_see_stored(void *self, const kd_stored *events, size_t count)
{
    kd_pulse *p = self;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < count; i++) {
        group *g = &p->group[p->groups == 1 ? 0 : kd_store_group_of(p->store, events[i].person)];
        if (!g->live || events[i].replay)
            g->told = events[i].offset > g->told ? events[i].offset : g->told;
        else if (events[i].offset > g->folded) {
            count_event(p, &events[i]);
            g->folded = events[i].offset;
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void kd_pulse_see_duplicates(void *self, const kd_stored *events, size_t count)
{
    kd_pulse *p = self;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < count; i++)
        kd_tally_source_of(&p->tally, events[i].fact->source)->duplicates++;
    p->changed = true;
    pthread_mutex_unlock(&p->lock);
}

void kd_pulse_see_rejected(kd_pulse *p, kd_str source, uint64_t count)
{
    pthread_mutex_lock(&p->lock);
    kd_tally_source_of(&p->tally, source)->rejected += count;
    p->changed = true;
    pthread_mutex_unlock(&p->lock);
}

/* ---- catching up -------------------------------------------------------------------------------------------------------------- */
/* With the lock held. What is not an event of somebody's, or cannot be read, counts nothing: so it is for the writer too. */
static void count_logged(kd_pulse *p, const kd_event *event, kd_arena *scratch)
{
    kd_fact fact;
    kd_arena_reset(scratch);
    if (event->kind >= KD_KIND_DECISION || kd_id_is_nil(event->person) || (event->flags & KD_EVENT_HOLLOW)
        || kd_fact_decode(&fact, event->facts, scratch, NULL) != KD_OK)
        return;
    fact.kind = (kd_kind)event->kind;
    fact.time_ms = event->time_ms;
    fact.claimed = (event->flags & KD_EVENT_CLAIMED) != 0;
    count_event(p, &(kd_stored){ .fact = &fact, .person = event->person, .offset = event->offset, .received_ms = event->received_ms, .first = event->prev == 0 });
}

/* As many events as there is room for: a few long ones must not stop the counting for ever. */
static kd_status read_chunk(kd_event **events, size_t *count, kd_pulse *p, uint16_t which, int64_t after, kd_arena *arena, kd_err *err)
{
    kd_status status = KD_LIMIT;
    for (size_t limit = CHUNK_EVENTS; status == KD_LIMIT && limit; limit /= 2) {
        kd_arena_reset(arena);
        status = kd_reader_log(events, count, p->reader, which, after, limit, false, arena, err);
    }
    return status;
}

/* One chunk of a group. *more false when the writer's own word is enough from now on. */
static kd_status follow(bool *more, kd_pulse *p, uint16_t which, kd_arena *arena, kd_arena *scratch, kd_err *err)
{
    group    *g = &p->group[which];
    kd_event *events = NULL;
    size_t    count = 0;
    int64_t   after;
    kd_status status;
    pthread_mutex_lock(&p->lock);
    *more = !g->live;
    after = g->folded;
    pthread_mutex_unlock(&p->lock);
    if (!*more)
        return KD_OK;
    status = read_chunk(&events, &count, p, which, after, arena, err);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < count; i++)
        count_logged(p, &events[i], scratch);
    if (count)
        g->folded = events[count - 1].offset;
    /* Nothing more in the log, and nothing told of that was not in it when it was read: what comes next will be told. */
    g->live = count == 0 && g->folded >= g->told;
    *more = !g->live;
    pthread_mutex_unlock(&p->lock);
    return KD_OK;
}

/* ---- the stored state --------------------------------------------------------------------------------------------------------- */
static kd_id state_id(void)
{
    return (kd_id){ { STATE_ID } };
}

static kd_id day_id(int32_t day)
{
    const uint32_t ordered = (uint32_t)day ^ 0x80000000u;
    return (kd_id){ { DAY_ID, (uint8_t)(ordered >> 24), (uint8_t)(ordered >> 16), (uint8_t)(ordered >> 8), (uint8_t)ordered } };
}

/* Everything that changed, as records. With the lock held; it is clean afterwards, so that a failure must dirty all again. */
static kd_status take_records(kd_record **out, size_t *count, kd_id **gone, size_t *gone_count, kd_pulse *p, kd_arena *arena, kd_err *err)
{
    const kd_tally *t = &p->tally;
    kd_record      *records = KD_NEW(arena, kd_record, t->day_count + 1);
    kd_buf         *texts = KD_NEW(arena, kd_buf, t->day_count + 1);
    kd_status       status = records && texts ? KD_OK : kd_fail_memory(err);
    *count = *gone_count = 0;
    *gone = KD_NEW(arena, kd_id, t->gone_count + 1);
    if (status != KD_OK || *gone == NULL)
        return kd_fail_memory(err);
    kd_buf_init(&texts[0], arena);
    kd_put_varint(&texts[0], p->groups);
    for (uint16_t g = 0; g < p->groups; g++)
        kd_put_varint(&texts[0], (uint64_t)p->group[g].folded);
    kd_tally_encode(&texts[0], t);
    records[(*count)++] = (kd_record){ .kind = KD_STR("pulse"), .id = state_id(), .time_ms = kd_now(p->clock) };
    for (size_t i = 0; i < t->day_count; i++) {
        if (!t->days[i]->dirty)
            continue;
        kd_buf_init(&texts[*count], arena);
        kd_tally_day_encode(&texts[*count], t->days[i]);
        records[*count] = (kd_record){ .kind = KD_STR("pulse"), .id = day_id(t->days[i]->day), .time_ms = (int64_t)t->days[i]->day * KD_DAY_MS };
        ++*count;
    }
    for (size_t i = 0; i < *count && status == KD_OK; i++) {
        records[i].body = kd_buf_str(&texts[i]);
        status = kd_buf_status(&texts[i], err);
    }
    for (size_t i = 0; i < t->gone_count; i++)
        (*gone)[(*gone_count)++] = day_id(t->gone[i]);
    *out = records;
    return status;
}

static kd_status write_records(kd_pulse *p, const kd_record *records, size_t count, const kd_id *gone, size_t gone_count, kd_err *err)
{
    const kd_id nobody = { 0 };
    kd_txn     *txn = NULL;
    kd_status   status = kd_txn_begin(&txn, p->store, kd_store_group_of(p->store, nobody), err);
    if (status != KD_OK)
        return status;
    for (size_t i = 0; i < gone_count && status == KD_OK; i++)
        status = kd_txn_record_delete(txn, nobody, KD_STR("pulse"), gone[i], err);
    if (status == KD_OK)
        status = kd_txn_records_put(txn, records, count, err);
    if (status != KD_OK) {
        kd_txn_rollback(txn);
        return status;
    }
    return kd_txn_commit(txn, err);
}

static void dirty_all(kd_pulse *p)
{
    pthread_mutex_lock(&p->lock);
    p->changed = true;
    for (size_t i = 0; i < p->tally.day_count; i++)
        p->tally.days[i]->dirty = true;
    pthread_mutex_unlock(&p->lock);
}

kd_status kd_pulse_checkpoint(kd_pulse *p, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(ARENA_BYTES);
    kd_record *records = NULL;
    kd_id     *gone = NULL;
    size_t     count = 0, gone_count = 0;
    bool       changed;
    kd_status  status = arena ? KD_OK : kd_fail_memory(err);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&p->write_lock);
    pthread_mutex_lock(&p->lock);
    changed = p->changed;
    if (changed && (status = take_records(&records, &count, &gone, &gone_count, p, arena, err)) == KD_OK) {
        kd_tally_clean(&p->tally);
        p->changed = false;
    }
    pthread_mutex_unlock(&p->lock);
    if (changed && status == KD_OK && (status = write_records(p, records, count, gone, gone_count, err)) != KD_OK) {
        dirty_all(p); /* days that fell out stay in the store then, and fall out again when they are read */
        kd_log(KD_LOG_WARN, "insight", "pulse-not-written", "status=%s", kd_status_name(status));
    }
    pthread_mutex_unlock(&p->write_lock);
    kd_arena_free(arena);
    return status;
}

static kd_status read_state(kd_pulse *p, kd_str bytes, kd_err *err)
{
    kd_cut cut = kd_cut_from(bytes.ptr, bytes.len);
    if (kd_cut_varint(&cut) != p->groups)
        return kd_fail(err, KD_CORRUPT, "the pulse was counted over another number of groups");
    for (uint16_t g = 0; g < p->groups; g++)
        p->group[g].folded = (int64_t)kd_cut_varint(&cut);
    return kd_tally_decode(&p->tally, &cut, err);
}

static kd_status load(kd_pulse *p, kd_err *err)
{
    const kd_id nobody = { 0 };
    kd_id       after = { 0 };
    kd_arena   *arena = kd_arena_new(ARENA_BYTES);
    size_t      count = 1;
    bool        found = false;
    kd_status   status = arena ? KD_OK : kd_fail_memory(err);
    while (status == KD_OK && count) {
        kd_record *records = NULL;
        kd_arena_reset(arena);
        status = kd_reader_records(&records, &count, p->reader, nobody, KD_STR("pulse"), after, LOAD_RECORDS, arena, err);
        for (size_t i = 0; i < count && status == KD_OK; i++) {
            after = records[i].id;
            if (after.b[0] == STATE_ID)
                found = true, status = read_state(p, records[i].body, err);
            else
                status = found ? kd_tally_day_decode(&p->tally, records[i].body, err) : kd_fail(err, KD_CORRUPT, "days of the pulse without their state");
        }
    }
    kd_arena_free(arena);
    if (status != KD_CORRUPT)
        return status;
    kd_log(KD_LOG_WARN, "insight", "pulse-damaged", "why=\"%s\" note=\"counted anew from the log\"", err->msg);
    kd_tally_free(&p->tally);
    memset(p->group, 0, p->groups * sizeof *p->group);
    return KD_OK;
}

/* ---- the thread ------------------------------------------------------------------------------------------------------------------ */
static struct timespec in_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    return at;
}

static bool is_stopping(kd_pulse *p)
{
    bool stopping;
    pthread_mutex_lock(&p->lock);
    stopping = p->stopping;
    pthread_mutex_unlock(&p->lock);
    return stopping;
}

/* Each chunk is followed by a rest of the same length: shoppers come first. */
static void catch_up(kd_pulse *p, kd_arena *arena, kd_arena *scratch)
{
    int64_t written_us = kd_monotonic_us();
    for (uint16_t g = 0; g < p->groups; g++) {
        bool more = true;
        while (more && !is_stopping(p)) {
            const int64_t began_us = kd_monotonic_us();
            kd_err        err = { 0 };
            int64_t       rest_us;
            if (follow(&more, p, g, arena, scratch, &err) != KD_OK) {
                kd_log(KD_LOG_WARN, "insight", "pulse-cannot-read", "status=%s", kd_status_name(err.status));
                return; /* the rest is tried again after a while */
            }
            rest_us = kd_monotonic_us() - began_us;
            if (more && rest_us > 0 && rest_us < 1000000)
                nanosleep(&(struct timespec){ .tv_nsec = rest_us * 1000 }, NULL);
            if (kd_monotonic_us() - written_us > CHECKPOINT_MS * INT64_C(1000) / 4) {
                kd_pulse_checkpoint(p, &err);
                written_us = kd_monotonic_us();
            }
        }
    }
}

static void *pulse_main(void *self)
{
    kd_pulse *p = self;
    kd_arena *arena = kd_arena_new(ARENA_BYTES), *scratch = kd_arena_new(ARENA_BYTES);
    kd_err    err = { 0 };
    while (!is_stopping(p)) {
        struct timespec until;
        if (arena && scratch)
            catch_up(p, arena, scratch);
        kd_pulse_checkpoint(p, &err);
        until = in_ms(CHECKPOINT_MS);
        pthread_mutex_lock(&p->lock);
        while (!p->stopping && pthread_cond_timedwait(&p->wake, &p->lock, &until) == 0)
            ;
        pthread_mutex_unlock(&p->lock);
    }
    kd_arena_free(arena);
    kd_arena_free(scratch);
    return NULL;
}

static void pulse_free(kd_pulse *p)
{
    if (p->reader)
        kd_reader_close(p->reader);
    kd_tally_free(&p->tally);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->write_lock);
    free(p->group);
    free(p);
}

kd_status kd_pulse_open(kd_pulse **out, kd_store *store, kd_clock clock, kd_err *err)
{
    kd_pulse          *p = calloc(1, sizeof *p);
    pthread_condattr_t attr;
    kd_status          status;
    if (p == NULL)
        return kd_fail_memory(err);
    p->store = store;
    p->clock = clock;
    p->groups = kd_store_groups(store);
    kd_tally_init(&p->tally);
    pthread_mutex_init(&p->lock, NULL);
    pthread_mutex_init(&p->write_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attr);
    pthread_condattr_destroy(&attr);
    p->group = calloc(p->groups, sizeof *p->group);
    status = p->group ? kd_reader_open(&p->reader, store, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = load(p, err);
    if (status == KD_OK)
        *out = p;
    else
        pulse_free(p);
    return status;
}

kd_status kd_pulse_start(kd_pulse *p, kd_err *err)
{
    if (pthread_create(&p->thread, NULL, pulse_main, p) != 0)
        return kd_fail(err, KD_LIMIT, "cannot start the thread of the pulse");
    p->started = true;
    return KD_OK;
}

void kd_pulse_close(kd_pulse *p)
{
    if (p == NULL)
        return;
    if (p->started) {
        pthread_mutex_lock(&p->lock);
        p->stopping = true;
        pthread_cond_signal(&p->wake);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
        kd_pulse_checkpoint(p, NULL);
    }
    pulse_free(p);
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------------- */
static bool add_money(kd_pulse_day *day, const kd_tally_money *more, size_t room)
{
    size_t at = 0;
    while (at < day->money_count && memcmp(day->money[at].currency.code, more->currency.code, sizeof more->currency.code) < 0)
        at++;
    if (at == day->money_count || memcmp(day->money[at].currency.code, more->currency.code, sizeof more->currency.code) != 0) {
        if (day->money_count == room)
            return false;
        memmove(&day->money[at + 1], &day->money[at], (day->money_count - at) * sizeof *day->money);
        day->money[at] = (kd_pulse_money){ .currency = more->currency };
        day->money_count++;
    }
    day->money[at].bought_micro += more->bought_micro;
    day->money[at].returned_micro += more->returned_micro;
    return true;
}

/* `source` < 0: all. */
static bool read_day(kd_pulse_day *out, kd_tally_day *day, int64_t source, bool with_claims, kd_arena *arena)
{
    size_t room = 0;
    for (uint32_t c = 0; c < day->cell_count; c++)
        room += day->cells[c].money_count;
    out->money = KD_NEW(arena, kd_pulse_money, room + 1);
    if (out->money == NULL)
        return false;
    out->people = (uint64_t)llround(kd_tally_people(day));
    out->new_people = day->new_people;
    for (uint32_t c = 0; c < day->cell_count; c++) {
        const kd_tally_cell *cell = &day->cells[c];
        if (source >= 0 && (int64_t)cell->source != source)
            continue;
        out->events += cell->events;
        out->orders += cell->orders + (with_claims ? cell->claimed_orders : 0);
        out->claimed_orders += cell->claimed_orders;
        for (uint32_t m = 0; m < cell->money_count; m++)
            if (with_claims || !cell->money[m].claimed)
                add_money(out, &cell->money[m], room);
    }
    return true;
}

/* The index of a source, without making one; -1: everybody; the number of sources: nobody's. */
static int64_t index_of(const kd_tally *t, kd_str source)
{
    for (size_t i = 0; i < t->source_count; i++)
        if (source.len && kd_str_eq((kd_str){ t->sources[i].name, t->sources[i].name_len }, source))
            return (int64_t)i;
    return source.len ? (int64_t)t->source_count : -1;
}

kd_status kd_pulse_days(kd_pulse_day **out, size_t *count, kd_pulse *p, int32_t from, int32_t to, kd_str source, bool with_claims,
                        kd_arena *arena, kd_err *err)
{
    kd_status status = KD_OK;
    int64_t   index;
    pthread_mutex_lock(&p->lock);
    if (p->tally.day_count == 0)
        from = to + 1;
    else if (p->tally.days[0]->day > from)
        from = p->tally.days[0]->day;
    index = index_of(&p->tally, source);
    *count = from <= to ? (size_t)((int64_t)to - from + 1) : 0;
    *out = KD_NEW(arena, kd_pulse_day, *count + 1);
    if (*out == NULL)
        status = kd_fail_memory(err);
    for (size_t i = 0; i < *count && status == KD_OK; i++) {
        kd_tally_day *day = (kd_tally_day *)(uintptr_t)kd_tally_day_of(&p->tally, from + (int32_t)i); /* ours: its count of people is kept */
        (*out)[i].day = from + (int32_t)i;
        if (day && !read_day(&(*out)[i], day, index, with_claims, arena))
            status = kd_fail_memory(err);
    }
    pthread_mutex_unlock(&p->lock);
    return status;
}

kd_status kd_pulse_sources(kd_pulse_source **out, size_t *count, kd_pulse *p, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    const int64_t hour = now_ms / HOUR_MS;
    kd_status     status = KD_OK;
    pthread_mutex_lock(&p->lock);
    *count = p->tally.source_count;
    *out = KD_NEW(arena, kd_pulse_source, *count + 1);
    if (*out == NULL)
        status = kd_fail_memory(err);
    for (size_t i = 0; i < *count && status == KD_OK; i++) {
        const kd_tally_source *s = &p->tally.sources[i];
        (*out)[i] = (kd_pulse_source){ kd_str_copy(arena, (kd_str){ s->name, s->name_len }), s->last_ms, s->events, 0, s->rejected, s->duplicates };
        for (size_t h = 0; h < KD_TALLY_HOURS; h++)
            if (s->hours[h].hour > hour - HOURS_SHOWN && s->hours[h].hour <= hour)
                (*out)[i].events_24h += s->hours[h].events;
    }
    pthread_mutex_unlock(&p->lock);
    return status;
}

void kd_pulse_now_at(kd_pulse_now *out, kd_pulse *p, int64_t now_ms)
{
    const int64_t minute = now_ms / MINUTE_MS;
    uint8_t       sketch[KD_TALLY_SKETCH] = { 0 };
    *out = (kd_pulse_now){ 0 };
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < KD_TALLY_MINUTES; i++) {
        const int64_t ago = minute - p->tally.minutes[i].minute;
        if (p->tally.minutes[i].minute >= 0 && ago >= 0 && ago < MINUTES_SHOWN)
            out->per_minute[MINUTES_SHOWN - 1 - ago] = p->tally.minutes[i].events;
    }
    for (size_t i = 0; i < KD_TALLY_ACTIVE_MINUTES; i++) {
        const int64_t ago = minute - p->tally.active[i].minute;
        if (p->tally.active[i].minute >= 0 && ago >= 0 && ago < ACTIVE_MINUTES)
            kd_hll_merge(sketch, p->tally.active[i].sketch, KD_TALLY_P);
    }
    pthread_mutex_unlock(&p->lock);
    out->people = (uint64_t)llround(kd_hll_count(sketch, KD_TALLY_P));
}

void kd_pulse_get_state(kd_pulse_state *out, kd_pulse *p, int64_t now_ms)
{
    pthread_mutex_lock(&p->lock);
    *out = (kd_pulse_state){ .complete = true, .events = p->tally.events, .left_out = p->tally.left_out, .days = p->tally.day_count };
    for (uint16_t g = 0; g < p->groups; g++)
        out->complete = out->complete && p->group[g].live;
    out->fresh_ms = out->complete ? now_ms : p->tally.newest_ms;
    pthread_mutex_unlock(&p->lock);
}

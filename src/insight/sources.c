#include "insight/sources.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "insight/source_days.h"

enum {
    CHECKPOINT_MS = 30000, KEEP_MS = 1000, ARENA_BYTES = 64 << 20, LOAD_RECORDS = 16, KEPT_PENDING = 512
};

/* ---- what is held ------------------------------------------------------------------------------------------------------------ */
typedef struct watched { /* one source */
    char                id[KD_SOURCE_ID_MAX];
    size_t              id_len;
    bool                dirty, listed;   /* listed: there is a document with a schema; else its counts wait for one */
    uint64_t            schema_hash;
    uint32_t            first[KD_SOURCE_EVENTS_MAX]; /* of an event of the schema: its first slot */
    kd_field_slot      *slots;
    size_t              count;
    kd_transform_counts transformed;
} watched;

typedef struct kept { kd_bad_event event; size_t bytes; char *texts; } kept;

struct kd_watch {
    kd_store       *store;
    const kd_vault *vault;
    kd_clock        clock;
    pthread_t       thread;
    bool            started;
    pthread_mutex_t write_lock;   /* one checkpoint at a time; taken before `lock` */

    pthread_mutex_t lock;         /* guards all that follows */
    pthread_cond_t  wake;
    bool            stopping;
    watched        *sources[KD_SOURCES_MAX];
    size_t          source_count, fields;
    kept            pending[KEPT_PENDING];
    size_t          pending_count, pending_bytes;
    uint64_t        kept_total, left_out;
};

static watched *find(kd_watch *w, kd_str id)
{
    for (size_t i = 0; i < w->source_count; i++)
        if (w->sources[i]->id_len == id.len && (id.len == 0 || memcmp(w->sources[i]->id, id.ptr, id.len) == 0))
            return w->sources[i];
    return NULL;
}

static watched *find_or_make(kd_watch *w, kd_str id)
{
    watched *s = find(w, id);
    if (s || id.len > KD_SOURCE_ID_MAX || w->source_count == KD_SOURCES_MAX || (s = calloc(1, sizeof *s)) == NULL)
        return s;
    s->id_len = id.len;
    if (id.len)
        memcpy(s->id, id.ptr, id.len);
    w->sources[w->source_count++] = s;
    return s;
}

/* ---- counting ------------------------------------------------------------------------------------------------------------------ */
void kd_watch_see_stored(void *self, const kd_stored *events, size_t count)
{
    kd_watch *w = self;
    bool      any = false;
    for (size_t i = 0; i < count && !any; i++)
        any = events[i].seen != NULL && !events[i].replay;
    if (!any)
        return;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < count; i++) {
        const kd_source_seen *seen = events[i].seen;
        watched              *s = seen && !events[i].replay ? find(w, events[i].fact->source) : NULL;
        if (s == NULL || !s->listed || s->schema_hash != seen->schema_hash || s->first[seen->event] + seen->count > s->count)
            continue; /* on its way while the schema changed */
        for (size_t f = 0; f < seen->count; f++)
            kd_field_slot_add(&s->slots[s->first[seen->event] + f], kd_day(events[i].fact->time_ms), seen->fields[f]);
        s->dirty = true;
    }
    pthread_mutex_unlock(&w->lock);
}

void kd_watch_see_transformed(kd_watch *w, kd_str source, uint64_t events, uint64_t dropped, uint64_t us)
{
    watched *s;
    pthread_mutex_lock(&w->lock);
    if ((s = find_or_make(w, source)) != NULL) {
        s->transformed.events += events;
        s->transformed.dropped += dropped;
        s->transformed.us += us;
    }
    pthread_mutex_unlock(&w->lock);
}

void kd_watch_transformed(kd_transform_counts *out, kd_watch *w, kd_str source)
{
    *out = (kd_transform_counts){ 0 };
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->source_count; i++) {
        const watched *s = w->sources[i];
        if (source.len && !kd_str_eq((kd_str){ s->id, s->id_len }, source))
            continue;
        out->events += s->transformed.events;
        out->dropped += s->transformed.dropped;
        out->us += s->transformed.us;
    }
    pthread_mutex_unlock(&w->lock);
}

/* ---- the documents in force -------------------------------------------------------------------------------------------------------- */
static uint64_t key_of(const kd_source_event *event, const kd_source_field *field)
{
    return kd_hash64(field->path.ptr, field->path.len, kd_hash64(event->name.ptr, event->name.len, 1));
}

/* New slots in the order of the schema; what was counted of a field that stays is taken along. With the lock held. */
static bool take_schema(kd_watch *w, watched *s, const kd_source *source)
{
    size_t         count = 0, at = 0;
    kd_field_slot *slots;
    for (size_t e = 0; e < source->event_count; e++)
        count += source->events[e].field_count;
    if (w->fields - s->count + count > KD_WATCH_FIELDS_MAX || (slots = calloc(count ? count : 1, sizeof *slots)) == NULL)
        return false;
    for (size_t e = 0; e < source->event_count; e++) {
        s->first[e] = (uint32_t)at;
        for (size_t f = 0; f < source->events[e].field_count; f++, at++) {
            slots[at].key = key_of(&source->events[e], &source->events[e].fields[f]);
            for (size_t o = 0; o < s->count; o++)
                if (s->slots[o].key == slots[at].key)
                    slots[at] = s->slots[o];
        }
    }
    free(s->slots);
    w->fields += count - s->count;
    s->slots = slots;
    s->count = count;
    s->schema_hash = source->schema_hash;
    s->listed = s->dirty = true;
    return true;
}

kd_status kd_watch_set(kd_watch *w, const kd_sources *sources, kd_err *err)
{
    kd_status status = KD_OK;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->source_count; i++)
        w->sources[i]->listed = w->sources[i]->listed && kd_sources_find(sources, (kd_str){ w->sources[i]->id, w->sources[i]->id_len }) != NULL;
    for (size_t i = 0; i < kd_sources_count(sources) && status == KD_OK; i++) {
        const kd_source *source = kd_sources_at(sources, i);
        watched         *s = find_or_make(w, source->id);
        if (s && s->listed && s->schema_hash == source->schema_hash)
            continue;
        if (s == NULL || !take_schema(w, s, source))
            kd_log(KD_LOG_WARN, "insight", "source-not-watched", "source=%.*s why=\"more than %d fields in all schemas\"", (int)source->id.len, source->id.ptr, KD_WATCH_FIELDS_MAX);
    }
    pthread_mutex_unlock(&w->lock);
    (void)err;
    return status;
}

/* ---- refused events ------------------------------------------------------------------------------------------------------------------ */
static kd_str packed(char **at, kd_str text)
{
    kd_str copy = { *at, text.len };
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

void kd_watch_keep(kd_watch *w, const kd_bad_event *event)
{
    const size_t bytes = event->source.len + event->call.len + event->field.len + event->reason.len + event->raw.len + 1;
    kept        *k;
    char        *at;
    pthread_mutex_lock(&w->lock);
    if (w->pending_count == KEPT_PENDING || w->pending_bytes + bytes > KD_KEEP_BYTES_MAX || w->kept_total + w->pending_count >= KD_KEPT_MAX
        || event->raw.len > KD_QUARANTINE_RAW_MAX || (at = malloc(bytes)) == NULL) {
        w->left_out++;
    } else {
        k = &w->pending[w->pending_count++];
        *k = (kept){ *event, bytes, at };
        k->event.source = packed(&at, event->source);
        k->event.call = packed(&at, event->call);
        k->event.field = packed(&at, event->field);
        k->event.reason = packed(&at, event->reason);
        k->event.raw = packed(&at, event->raw);
        w->pending_bytes += bytes;
        if (w->pending_count == 1)
            pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
}

uint64_t kd_watch_left_out(kd_watch *w)
{
    pthread_mutex_lock(&w->lock);
    const uint64_t out = w->left_out;
    pthread_mutex_unlock(&w->lock);
    return out;
}

/* With the write lock held. */
static kd_status write_kept(kd_watch *w, kd_err *err)
{
    kept        *taken = NULL;
    kd_bad_event events[64];
    size_t       count;
    kd_status    status = KD_OK;
    pthread_mutex_lock(&w->lock);
    count = w->pending_count;
    if (count && (taken = malloc(count * sizeof *taken)) != NULL) {
        memcpy(taken, w->pending, count * sizeof *taken);
        w->pending_count = w->pending_bytes = 0;
        w->kept_total += count;
    }
    pthread_mutex_unlock(&w->lock);
    if (taken == NULL)
        return count ? kd_fail_memory(err) : KD_OK;
    for (size_t i = 0; i < count;) {
        size_t some = 0;
        while (some < sizeof events / sizeof *events && i + some < count) {
            events[some] = taken[i + some].event;
            some++;
        }
        if (status == KD_OK)
            status = kd_quarantine_put_events(w->store, w->vault, events, some, err);
        i += some;
    }
    for (size_t i = 0; i < count; i++)
        free(taken[i].texts);
    free(taken);
    if (status != KD_OK)
        kd_log(KD_LOG_WARN, "insight", "refused-events-not-kept", "count=%zu status=%s", count, kd_status_name(status));
    return status;
}

/* ---- the stored state ------------------------------------------------------------------------------------------------------------------ */
static const kd_id nobody;
#define KIND KD_STR("source-days")

static kd_id id_of(const watched *s)
{
    return kd_id_of_message(KIND, (kd_str){ s->id, s->id_len }, 1);
}

static kd_status take_records(kd_record **out, size_t *count, kd_watch *w, kd_arena *arena, kd_err *err)
{
    kd_record *records = KD_NEW(arena, kd_record, w->source_count + 1);
    *count = 0;
    if (records == NULL)
        return kd_fail_memory(err);
    for (size_t i = 0; i < w->source_count; i++) {
        watched *s = w->sources[i];
        kd_buf   body;
        if (!s->dirty)
            continue;
        kd_buf_init(&body, arena);
        kd_field_slots_encode(&body, (kd_str){ s->id, s->id_len }, s->slots, s->count);
        if (body.failed)
            return kd_fail_memory(err);
        records[(*count)++] = (kd_record){ .kind = KIND, .id = id_of(s), .time_ms = kd_now(w->clock), .body = kd_buf_str(&body) };
    }
    for (size_t i = 0; i < w->source_count; i++)
        w->sources[i]->dirty = false;
    *out = records;
    return KD_OK;
}

static kd_status put_records(kd_watch *w, const kd_record *records, size_t count, kd_err *err)
{
    kd_txn   *txn = NULL;
    kd_status status = kd_txn_begin(&txn, w->store, kd_store_group_of(w->store, nobody), err);
    if (status != KD_OK)
        return status;
    if ((status = kd_txn_records_put(txn, records, count, err)) != KD_OK) {
        kd_txn_rollback(txn);
        return status;
    }
    return kd_txn_commit(txn, err);
}

/* With the write lock held. */
static kd_status write_days(kd_watch *w, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(ARENA_BYTES);
    kd_record *records = NULL;
    size_t     count = 0;
    kd_status  status = arena ? KD_OK : kd_fail_memory(err);
    pthread_mutex_lock(&w->lock);
    if (status == KD_OK)
        status = take_records(&records, &count, w, arena, err);
    pthread_mutex_unlock(&w->lock);
    if (status == KD_OK && count && (status = put_records(w, records, count, err)) != KD_OK) {
        pthread_mutex_lock(&w->lock);
        for (size_t i = 0; i < w->source_count; i++)
            w->sources[i]->dirty = true;
        pthread_mutex_unlock(&w->lock);
        kd_log(KD_LOG_WARN, "insight", "source-days-not-written", "status=%s", kd_status_name(status));
    }
    kd_arena_free(arena);
    return status;
}

kd_status kd_watch_flush(kd_watch *w, kd_err *err)
{
    kd_status status, days;
    pthread_mutex_lock(&w->write_lock);
    status = write_kept(w, err);
    days = write_days(w, status == KD_OK ? err : NULL);
    pthread_mutex_unlock(&w->write_lock);
    return status == KD_OK ? days : status;
}

static kd_status load(kd_watch *w, kd_err *err)
{
    kd_reader *reader = NULL;
    kd_arena  *arena = kd_arena_new(ARENA_BYTES);
    kd_id      after = { 0 };
    size_t     count = 1;
    kd_status  status = arena ? kd_reader_open(&reader, w->store, err) : kd_fail_memory(err);
    while (status == KD_OK && count) {
        kd_record *records = NULL;
        kd_arena_reset(arena);
        status = kd_reader_records(&records, &count, reader, nobody, KIND, after, LOAD_RECORDS, arena, err);
        for (size_t i = 0; i < count && status == KD_OK; i++) {
            kd_str         id;
            kd_field_slot *slots = NULL;
            size_t         slot_count = 0;
            watched       *s;
            after = records[i].id;
            if (kd_field_slots_decode(&id, &slots, &slot_count, records[i].body) != KD_OK || w->fields + slot_count > KD_WATCH_FIELDS_MAX
                || (s = find_or_make(w, id)) == NULL || s->slots) {
                kd_log(KD_LOG_WARN, "insight", "source-days-damaged", "note=\"counted anew from now on\"");
                free(slots);
                continue;
            }
            s->slots = slots;
            s->count = slot_count;
            w->fields += slot_count;
        }
    }
    if (reader)
        kd_reader_close(reader);
    kd_arena_free(arena);
    return status;
}

/* ---- the thread -------------------------------------------------------------------------------------------------------------------------- */
static void *watch_main(void *self)
{
    kd_watch *w = self;
    int64_t   written_us = kd_monotonic_us();
    bool      stopping = false;
    while (!stopping) {
        struct timespec until;
        kd_err          err = { 0 };
        bool            kept_some;
        pthread_mutex_lock(&w->lock);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += w->pending_count ? KEEP_MS / 1000 : CHECKPOINT_MS / 1000;
        if (!w->stopping)
            pthread_cond_timedwait(&w->wake, &w->lock, &until);
        stopping = w->stopping;
        kept_some = w->pending_count > 0;
        pthread_mutex_unlock(&w->lock);
        if (kept_some && !stopping) {
            nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL); /* one transaction for what comes together */
            pthread_mutex_lock(&w->write_lock);
            write_kept(w, &err);
            pthread_mutex_unlock(&w->write_lock);
        }
        if (!stopping && kd_monotonic_us() - written_us > CHECKPOINT_MS * INT64_C(1000)) {
            kd_watch_flush(w, &err);
            written_us = kd_monotonic_us();
        }
    }
    return NULL;
}

static void watch_free(kd_watch *w)
{
    for (size_t i = 0; i < w->source_count; i++) {
        free(w->sources[i]->slots);
        free(w->sources[i]);
    }
    for (size_t i = 0; i < w->pending_count; i++)
        free(w->pending[i].texts);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    pthread_mutex_destroy(&w->write_lock);
    free(w);
}

kd_status kd_watch_open(kd_watch **out, kd_store *store, const kd_vault *vault, kd_clock clock, kd_err *err)
{
    kd_watch          *w = calloc(1, sizeof *w);
    pthread_condattr_t attr;
    kd_status          status;
    if (w == NULL)
        return kd_fail_memory(err);
    w->store = store;
    w->vault = vault;
    w->clock = clock;
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->write_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    if ((status = load(w, err)) != KD_OK) {
        watch_free(w);
        return status;
    }
    *out = w;
    return KD_OK;
}

kd_status kd_watch_start(kd_watch *w, kd_err *err)
{
    if (pthread_create(&w->thread, NULL, watch_main, w) != 0)
        return kd_fail(err, KD_LIMIT, "cannot start the thread that watches sources");
    w->started = true;
    return KD_OK;
}

void kd_watch_close(kd_watch *w)
{
    kd_err err = { 0 };
    if (w == NULL)
        return;
    if (w->started) {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    kd_watch_flush(w, &err);
    watch_free(w);
}

/* ---- what came of it ----------------------------------------------------------------------------------------------------------------------- */
kd_status kd_watch_fields(kd_field_report **out, size_t *count, kd_watch *w, const kd_source *source, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    kd_field_report *reports;
    const watched   *s;
    size_t           at = 0;
    *count = 0;
    for (size_t e = 0; e < source->event_count; e++)
        *count += source->events[e].field_count;
    if ((reports = KD_NEW(arena, kd_field_report, *count)) == NULL)
        return kd_fail_memory(err);
    pthread_mutex_lock(&w->lock);
    s = find(w, source->id);
    for (size_t e = 0; e < source->event_count; e++)
        for (size_t f = 0; f < source->events[e].field_count; f++, at++) {
            const kd_field_slot  empty = { 0 };
            const kd_field_slot *slot = s && s->listed && s->schema_hash == source->schema_hash ? &s->slots[at] : &empty;
            reports[at].event = source->events[e].name;
            reports[at].field = &source->events[e].fields[f];
            kd_field_slot_report(&reports[at], slot, kd_day(now_ms));
        }
    pthread_mutex_unlock(&w->lock);
    *out = reports;
    return KD_OK;
}

#include "insight/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    RING_BYTES = 4 * 1024 * 1024,
    GATHER_MS = 20,               /* notes that come together are told together: fewer wakes and writes */
    TICK_MS = 1000,
    GRACE_MS = 30000,             /* how long entries are kept for a page that may come back */
    READ_BYTES = 16 * 1024,       /* entries are laid out for a listener in portions of about this size */
    ID_UNIT = 1000                /* sequence numbers begin at the time of the start in ms times this: a new process counts on */
};

typedef struct note { /* what an entry is made of, copied: its texts lie behind it */
    struct note *next;
    kd_entry     entry;
    kd_str       raw;
    char         text[];
} note;

typedef struct told { char *text; size_t len, plain; } told; /* an entry as it is sent; up to `plain` nothing of what somebody sent is in it */

struct kd_listener {
    kd_live *live;
    void   (*wake)(void *self);
    void    *self;
    int64_t  next;                /* sequence number of the entry to lay out next */
    uint64_t dropped;             /* not shown to this one since the last tick it was told */
    bool     tick;                /* a tick is due */
    bool     masked;              /* does not get what was sent */
    kd_buf   text;                /* laid out; sent up to `sent` */
    size_t   sent;
};

struct kd_live {
    kd_catalog     *catalog;
    atomic_bool     watched;      /* somebody listens, or did a moment ago */
    pthread_t       thread;
    bool            started;

    pthread_mutex_t lock;         /* guards all that follows */
    pthread_cond_t  news;         /* the thread waits for notes, a listener or the end */
    bool            stopping;
    note           *first, *last; /* notes not told yet */
    double          allowance;    /* how many more notes may be taken now */
    int64_t         allowed_us;   /* as of when */
    uint64_t        came, left_out; /* events since the last tick, and those of them without a note */
    uint64_t        per_second;
    int64_t         tick_us, empty_us; /* when the next tick is due; since when nobody listens (0: somebody does) */
    told            ring[KD_LIVE_RING];
    int64_t         oldest, next; /* sequence numbers: the ring holds oldest .. next - 1 */
    size_t          ring_bytes;
    kd_listener    *listeners[KD_LIVE_LISTENERS_MAX];
    unsigned        listener_count;
    uint64_t        entries, dropped;
};

/* ---- notes ---------------------------------------------------------------------------------------------------------------- */
static kd_str keep(char **at, kd_str text)
{
    kd_str kept = { *at, text.len };
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return kept;
}

static note *note_of(const kd_entry *entry, kd_str raw)
{
    const size_t bytes = entry->message_id.len + entry->source.len + entry->name.len + entry->product.len + entry->reason.len + entry->field.len + raw.len;
    note        *n = malloc(sizeof *n + bytes);
    char        *at = n ? n->text : NULL;
    if (n == NULL)
        return NULL;
    n->next = NULL;
    n->entry = *entry;
    n->entry.message_id = keep(&at, entry->message_id);
    n->entry.source = keep(&at, entry->source);
    n->entry.name = keep(&at, entry->name);
    n->entry.product = keep(&at, entry->product);
    n->entry.reason = keep(&at, entry->reason);
    n->entry.field = keep(&at, entry->field);
    n->raw = keep(&at, raw);
    return n;
}

/* How many of `count` events may be told now: a bucket of a second's worth that fills as time goes by. */
static size_t allow(kd_live *live, size_t count)
{
    int64_t now_us;
    size_t  granted;
    pthread_mutex_lock(&live->lock);
    now_us = kd_monotonic_us(); /* under the lock: time only goes forwards here */
    live->allowance += (double)(now_us - live->allowed_us) * KD_LIVE_PER_SECOND / 1e6;
    live->allowed_us = now_us;
    if (live->allowance > KD_LIVE_PER_SECOND)
        live->allowance = KD_LIVE_PER_SECOND;
    granted = live->allowance < (double)count ? (size_t)live->allowance : count;
    live->allowance -= (double)granted;
    live->came += count;
    live->left_out += count - granted;
    pthread_mutex_unlock(&live->lock);
    return granted;
}

static void leave(kd_live *live, note *first, note *last)
{
    if (first == NULL)
        return;
    pthread_mutex_lock(&live->lock);
    if (live->last)
        live->last->next = first;
    else
        live->first = first;
    live->last = last;
    pthread_cond_signal(&live->news);
    pthread_mutex_unlock(&live->lock);
}

static kd_entry entry_of(const kd_stored *event, kd_entry_state state)
{
    const kd_fact *fact = event->fact;
    return (kd_entry){ .state = state, .time_ms = fact->time_ms, .received_ms = event->received_ms, .person = event->person, .id = fact->id,
                       .message_id = event->message_id, .source = fact->source, .name = fact->name,
                       .product = fact->line_count ? fact->lines[0].product : (kd_str){ 0 }, .type = kd_entry_type(fact->kind), .claimed = fact->claimed };
}

static void see(kd_live *live, const kd_stored *events, size_t count, kd_entry_state state)
{
    note  *first = NULL, *last = NULL;
    size_t granted = allow(live, count);
    for (size_t i = 0; i < granted; i++) {
        kd_entry entry = entry_of(&events[i], state);
        note    *n = events[i].replay ? NULL : note_of(&entry, (kd_str){ 0 });
        if (n == NULL)
            continue;
        if (last)
            last->next = n;
        else
            first = n;
        last = n;
    }
    leave(live, first, last);
}

bool kd_live_is_watched(kd_live *live)
{
    return atomic_load_explicit(&live->watched, memory_order_relaxed);
}

void kd_live_see_stored(void *self, const kd_stored *events, size_t count)
{
    if (kd_live_is_watched(self))
        see(self, events, count, KD_ENTRY_STORED);
}

void kd_live_see_duplicates(void *self, const kd_stored *events, size_t count)
{
    if (kd_live_is_watched(self))
        see(self, events, count, KD_ENTRY_DUPLICATE);
}

void kd_live_see_rejected(kd_live *live, const kd_entry *entry, kd_str raw)
{
    note *n;
    if (!kd_live_is_watched(live) || allow(live, 1) == 0)
        return;
    if (raw.len > KD_LIVE_RAW_MAX) {
        raw.len = KD_LIVE_RAW_MAX;
        while (raw.len && ((unsigned char)raw.ptr[raw.len] & 0xC0) == 0x80) /* not inside a character */
            raw.len--;
    }
    n = note_of(entry, raw);
    leave(live, n, n);
}

/* ---- the ring --------------------------------------------------------------------------------------------------------------- */
static void forget_oldest(kd_live *live)
{
    told *t = &live->ring[live->oldest++ % KD_LIVE_RING];
    live->ring_bytes -= t->len;
    free(t->text);
    *t = (told){ 0 };
}

static void forget_all(kd_live *live)
{
    while (live->oldest < live->next)
        forget_oldest(live);
}

/* The entry's text in memory of its own; empty when there is none. */
static told tell(const note *n, int64_t seq, const kd_snapshot *snapshot)
{
    kd_entry entry = n->entry;
    size_t   plain;
    kd_buf   buf;
    kd_jw    w;
    entry.seq = seq;
    kd_buf_init(&buf, NULL);
    kd_buf_addf(&buf, "id: %lld\nevent: entry\ndata: ", (long long)seq);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    kd_entry_write(&w, &entry, snapshot);
    plain = buf.len;
    if (entry.state == KD_ENTRY_REJECTED)
        KD_JW_STR(&w, "raw", n->raw);
    kd_jw_object_end(&w);
    kd_buf_add_z(&buf, "\n\n");
    if (buf.failed)
        kd_buf_free(&buf);
    return buf.failed ? (told){ 0 } : (told){ buf.ptr, buf.len, plain };
}

static void put(kd_live *live, told t)
{
    while (live->oldest < live->next && (live->next - live->oldest == KD_LIVE_RING || live->ring_bytes + t.len > RING_BYTES))
        forget_oldest(live);
    live->ring[live->next++ % KD_LIVE_RING] = t;
    live->ring_bytes += t.len;
    live->entries++;
}

static void wake_all(kd_live *live)
{
    for (unsigned i = 0; i < live->listener_count; i++)
        if (live->listeners[i]->wake)
            live->listeners[i]->wake(live->listeners[i]->self);
}

/* ---- the thread -------------------------------------------------------------------------------------------------------------- */
/* With the lock held, which is let go while texts are made: only this thread gives out sequence numbers. */
static void tell_notes(kd_live *live)
{
    const kd_snapshot *snapshot;
    note              *n;
    pthread_mutex_unlock(&live->lock);
    nanosleep(&(struct timespec){ .tv_nsec = GATHER_MS * 1000000L }, NULL);
    pthread_mutex_lock(&live->lock);
    n = live->first;
    live->first = live->last = NULL;
    pthread_mutex_unlock(&live->lock);
    snapshot = kd_snapshot_acquire(live->catalog);
    while (n) {
        note *next = n->next;
        told  t = tell(n, live->next, snapshot);
        free(n);
        n = next;
        pthread_mutex_lock(&live->lock);
        if (t.text)
            put(live, t);
        else
            live->left_out++;
        pthread_mutex_unlock(&live->lock);
    }
    kd_snapshot_release(snapshot);
    pthread_mutex_lock(&live->lock);
    wake_all(live);
}

static void tick(kd_live *live, int64_t now_us)
{
    live->per_second = live->came;
    live->dropped += live->left_out;
    for (unsigned i = 0; i < live->listener_count; i++) {
        live->listeners[i]->dropped += live->left_out;
        live->listeners[i]->tick = true;
    }
    live->came = live->left_out = 0;
    live->tick_us += TICK_MS * INT64_C(1000);
    if (live->tick_us < now_us) /* it was late, or nobody listened for a while */
        live->tick_us = now_us + TICK_MS * INT64_C(1000);
    if (live->listener_count == 0 && live->empty_us && now_us - live->empty_us > GRACE_MS * INT64_C(1000)) {
        /* What comes now is not kept: an entry of before must not look as if this came right after it. */
        atomic_store(&live->watched, false);
        forget_all(live);
        live->oldest = ++live->next;
    }
    wake_all(live);
}

static struct timespec time_of(int64_t us)
{
    return (struct timespec){ us / 1000000, (long)(us % 1000000) * 1000 };
}

static void *live_main(void *self)
{
    kd_live *live = self;
    pthread_mutex_lock(&live->lock);
    while (!live->stopping) {
        const int64_t         now_us = kd_monotonic_us();
        const struct timespec until = time_of(live->tick_us);
        if (live->first)
            tell_notes(live);
        else if (!atomic_load(&live->watched))
            pthread_cond_wait(&live->news, &live->lock);
        else if (now_us >= live->tick_us)
            tick(live, now_us);
        else
            pthread_cond_timedwait(&live->news, &live->lock, &until);
    }
    pthread_mutex_unlock(&live->lock);
    return NULL;
}

/* ---- listeners ------------------------------------------------------------------------------------------------------------------ */
/* Where a listener that saw `last_seq` goes on. */
static int64_t place_of(uint64_t *missed, const kd_live *live, int64_t last_seq)
{
    *missed = 0;
    if (last_seq == 0 || last_seq >= live->next)
        return live->next;
    if (last_seq + 1 >= live->oldest)
        return last_seq + 1;
    if (live->next - last_seq <= 2 * KD_LIVE_RING) /* else it is of a process before, or of long ago: nobody counted */
        *missed = (uint64_t)(live->oldest - last_seq - 1);
    return live->oldest;
}

kd_status kd_live_listen(kd_listener **out, kd_live *live, int64_t last_seq, kd_err *err)
{
    kd_listener *l = calloc(1, sizeof *l);
    kd_status    status = l ? KD_OK : kd_fail_memory(err);
    if (status != KD_OK)
        return status;
    l->live = live;
    kd_buf_init(&l->text, NULL);
    kd_buf_add_z(&l->text, ": kunde\nretry: 2000\n\n"); /* a page that loses the stream comes back after two seconds */
    pthread_mutex_lock(&live->lock);
    if (live->listener_count == KD_LIVE_LISTENERS_MAX) {
        status = kd_fail(err, KD_BUSY, "%d pages watch the stream already", KD_LIVE_LISTENERS_MAX);
    } else {
        l->next = place_of(&l->dropped, live, last_seq);
        live->listeners[live->listener_count++] = l;
        live->empty_us = 0;
        if (!atomic_exchange(&live->watched, true)) {
            live->came = live->left_out = 0;
            live->tick_us = kd_monotonic_us() + TICK_MS * INT64_C(1000);
        }
        pthread_cond_signal(&live->news);
    }
    pthread_mutex_unlock(&live->lock);
    if (status == KD_OK)
        *out = l;
    else
        kd_buf_free(&l->text), free(l);
    return status;
}

void kd_listener_mask(kd_listener *listener) { listener->masked = true; }

void kd_listener_on_news(kd_listener *listener, void (*wake)(void *self), void *self)
{
    pthread_mutex_lock(&listener->live->lock);
    listener->wake = wake;
    listener->self = self;
    pthread_mutex_unlock(&listener->live->lock);
}

/* The next portion: a tick when one is due, and entries. */
static void lay_out(kd_listener *l)
{
    kd_live *live = l->live;
    if (l->text.failed) {
        kd_buf_free(&l->text);
        kd_buf_init(&l->text, NULL);
    }
    l->text.len = l->sent = 0;
    if (l->next < live->oldest) {
        l->dropped += (uint64_t)(live->oldest - l->next);
        live->dropped += (uint64_t)(live->oldest - l->next);
        l->next = live->oldest;
    }
    while (l->next < live->next && l->text.len < READ_BYTES) {
        const told *t = &live->ring[l->next++ % KD_LIVE_RING];
        kd_buf_add(&l->text, t->text, l->masked ? t->plain : t->len);
        if (l->masked)
            kd_buf_add_z(&l->text, "}\n\n");
    }
    if (!l->tick)
        return;
    kd_buf_addf(&l->text, "event: tick\ndata: {\"perSecond\":%llu,\"dropped\":%llu}\n\n", (unsigned long long)live->per_second, (unsigned long long)l->dropped);
    l->tick = false;
    l->dropped = 0;
}

size_t kd_listener_read(void *self, char *out, size_t room)
{
    kd_listener *l = self;
    size_t       n;
    if (l->sent == l->text.len) { /* the text is this thread's alone: the lock is for where it comes from */
        pthread_mutex_lock(&l->live->lock);
        lay_out(l);
        pthread_mutex_unlock(&l->live->lock);
    }
    n = l->text.len - l->sent < room ? l->text.len - l->sent : room;
    if (n)
        memcpy(out, l->text.ptr + l->sent, n);
    l->sent += n;
    return n;
}

void kd_listener_close(void *self)
{
    kd_listener *l = self;
    kd_live     *live = l->live;
    pthread_mutex_lock(&live->lock);
    for (unsigned i = 0; i < live->listener_count; i++)
        if (live->listeners[i] == l) {
            live->listeners[i] = live->listeners[--live->listener_count];
            break;
        }
    if (live->listener_count == 0)
        live->empty_us = kd_monotonic_us();
    pthread_mutex_unlock(&live->lock);
    kd_buf_free(&l->text);
    free(l);
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------------- */
kd_status kd_live_open(kd_live **out, kd_catalog *catalog, kd_clock clock, kd_err *err)
{
    kd_live           *live = calloc(1, sizeof *live);
    pthread_condattr_t attr;
    if (live == NULL)
        return kd_fail_memory(err);
    live->catalog = catalog;
    live->oldest = live->next = kd_now(clock) * ID_UNIT;
    pthread_mutex_init(&live->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&live->news, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&live->thread, NULL, live_main, live) != 0) {
        kd_live_close(live);
        return kd_fail(err, KD_LIMIT, "cannot start the thread of the live stream");
    }
    live->started = true;
    *out = live;
    return KD_OK;
}

void kd_live_close(kd_live *live)
{
    if (live == NULL)
        return;
    if (live->started) {
        pthread_mutex_lock(&live->lock);
        live->stopping = true;
        pthread_cond_signal(&live->news);
        pthread_mutex_unlock(&live->lock);
        pthread_join(live->thread, NULL);
    }
    for (note *n = live->first, *next; n; n = next) {
        next = n->next;
        free(n);
    }
    forget_all(live);
    pthread_cond_destroy(&live->news);
    pthread_mutex_destroy(&live->lock);
    free(live);
}

void kd_live_forget(kd_live *live)
{
    pthread_mutex_lock(&live->lock);
    while (live->oldest < live->next)
        forget_oldest(live);
    pthread_mutex_unlock(&live->lock);
}

void kd_live_get_stats(kd_live_stats *out, kd_live *live)
{
    pthread_mutex_lock(&live->lock);
    *out = (kd_live_stats){ live->entries, live->dropped + live->left_out, live->listener_count };
    pthread_mutex_unlock(&live->lock);
}

#include "customer/people.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* A shard is a hash table of entries under one lock, a ring of all its entries for eviction (second chance), and a list of
 * the dirty ones. Each shard has its share of `bytes_max`; ids are hashed, so shards fill evenly. */
enum { SHARD_BITS = 7, SHARDS = 1 << SHARD_BITS, FIRST_BUCKETS = 8, LOAD_BYTES_MAX = 64 * 1024 * 1024 };
enum { RETRIES_MAX = 10, RETRY_PAUSE_NS = 1000 * 1000 };

typedef struct kd_person_private entry;
struct kd_person_private {
    kd_person person;           /* first: a kd_person of ours is an entry */
    entry    *next;             /* of its bucket */
    entry    *ring_prev, *ring_next;
    entry    *dirty_prev, *dirty_next;
    uint64_t  hash;
    int64_t   row;              /* the store's shortcut; 0 when not known yet */
    size_t    bytes;            /* as counted in the shard and the totals */
    uint32_t  generation;       /* moves with every change: a checkpoint cleans only what it wrote */
    bool      dirty, referenced;
    bool      refolded;         /* dirty with facts; otherwise only the place in the log moved */
    bool      outdated;         /* the store's row is of an earlier version, and folded further than this one is yet */
    bool      fresh;            /* made by kd_people_new; the store may not have it yet, so it must stay */
};

typedef struct shard {
    pthread_mutex_t lock;       /* guards all below and every entry of the shard */
    entry         **buckets;
    size_t          bucket_count, count, bytes;
    entry          *hand;       /* of the clock: where eviction looks next */
    entry          *dirty;
} shard;

struct kd_people {
    kd_store         *store;
    const kd_vault   *vault;
    kd_people_options options;
    pthread_mutex_t   checkpoint; /* one at a time */
    atomic_size_t     bytes, dirty_bytes, count;
    kd_stamps         links, folds, taken_back;
    shard             shards[SHARDS];
};

/* ---- the table ----------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(kd_id person)
{
    return kd_hash64(person.b, sizeof person.b, 0);
}

static shard *shard_of(kd_people *people, uint64_t hash)
{
    return &people->shards[hash >> (64 - SHARD_BITS)];
}

static entry *table_find(const shard *s, uint64_t hash, kd_id person)
{
    entry *e = s->bucket_count ? s->buckets[hash & (s->bucket_count - 1)] : NULL;
    while (e && !kd_id_eq(e->person.id, person))
        e = e->next;
    return e;
}

/* About one entry a bucket. Out of memory for more buckets is no error: the chains get longer. */
static bool table_grow(shard *s)
{
    size_t  wanted = s->bucket_count ? s->bucket_count * 2 : FIRST_BUCKETS;
    entry **buckets;
    if (s->count < s->bucket_count)
        return true;
    buckets = calloc(wanted, sizeof *buckets);
    if (!buckets)
        return s->bucket_count > 0;
    for (size_t i = 0; i < s->bucket_count; i++)
        for (entry *e = s->buckets[i], *next; e; e = next) {
            next = e->next;
            e->next = buckets[e->hash & (wanted - 1)];
            buckets[e->hash & (wanted - 1)] = e;
        }
    free(s->buckets);
    s->buckets = buckets;
    s->bucket_count = wanted;
    return true;
}

static void ring_insert(shard *s, entry *e)
{
    if (!s->hand) {
        s->hand = e->ring_prev = e->ring_next = e;
        return;
    }
    e->ring_next = s->hand; /* behind the hand: looked at last */
    e->ring_prev = s->hand->ring_prev;
    e->ring_prev->ring_next = e;
    s->hand->ring_prev = e;
}

static void ring_remove(shard *s, entry *e)
{
    if (s->hand == e)
        s->hand = e->ring_next == e ? NULL : e->ring_next;
    e->ring_prev->ring_next = e->ring_next;
    e->ring_next->ring_prev = e->ring_prev;
}

static size_t entry_bytes(const entry *e)
{
    return sizeof *e + sizeof(entry *) + e->person.profile.bytes;
}

/* Count what the entry holds now; it may have grown or shrunk. Unsigned sums wrap to the right result. */
static void recount(kd_people *people, shard *s, entry *e)
{
    size_t now = entry_bytes(e), more = now - e->bytes;
    s->bytes += more;
    atomic_fetch_add_explicit(&people->bytes, more, memory_order_relaxed);
    if (e->dirty)
        atomic_fetch_add_explicit(&people->dirty_bytes, more, memory_order_relaxed);
    e->bytes = now;
}

static void mark_dirty(kd_people *people, shard *s, entry *e)
{
    e->generation++;
    e->fresh = false;
    if (e->dirty)
        return;
    e->dirty = true;
    e->dirty_prev = NULL;
    e->dirty_next = s->dirty;
    if (s->dirty)
        s->dirty->dirty_prev = e;
    s->dirty = e;
    atomic_fetch_add_explicit(&people->dirty_bytes, e->bytes, memory_order_relaxed);
}

static void mark_clean(kd_people *people, shard *s, entry *e)
{
    e->dirty = false;
    if (e->dirty_prev)
        e->dirty_prev->dirty_next = e->dirty_next;
    else
        s->dirty = e->dirty_next;
    if (e->dirty_next)
        e->dirty_next->dirty_prev = e->dirty_prev;
    atomic_fetch_sub_explicit(&people->dirty_bytes, e->bytes, memory_order_relaxed);
}

static void entry_free(entry *e)
{
    kd_profile_free(&e->person.profile);
    sodium_memzero(&e->person.key, sizeof e->person.key);
    free(e);
}

static void table_insert(kd_people *people, shard *s, entry *e)
{
    entry **bucket = &s->buckets[e->hash & (s->bucket_count - 1)];
    e->next = *bucket;
    *bucket = e;
    ring_insert(s, e);
    s->count++;
    atomic_fetch_add_explicit(&people->count, 1, memory_order_relaxed);
    recount(people, s, e);
}

static void table_drop(kd_people *people, shard *s, entry *e)
{
    entry **at = &s->buckets[e->hash & (s->bucket_count - 1)];
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    ring_remove(s, e);
    if (e->dirty)
        mark_clean(people, s, e);
    s->count--;
    s->bytes -= e->bytes;
    atomic_fetch_sub_explicit(&people->count, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&people->bytes, e->bytes, memory_order_relaxed);
    entry_free(e);
}

/* Second chance: the hand passes over an entry once after each use; what is dirty or fresh stays. `keep` may be NULL. */
static void evict(kd_people *people, shard *s, const entry *keep)
{
    size_t bytes_max = people->options.bytes_max / SHARDS;
    for (size_t steps = 2 * s->count; s->bytes > bytes_max && s->hand && steps; steps--) {
        entry *e = s->hand;
        s->hand = e->ring_next;
        if (e->referenced)
            e->referenced = false;
        else if (!e->dirty && !e->fresh && e != keep)
            table_drop(people, s, e);
    }
}

/* ---- open, close ----------------------------------------------------------------------------------------------------------- */

kd_status kd_people_open(kd_people **out, kd_store *store, const kd_vault *vault, const kd_people_options *options, kd_err *err)
{
    kd_people *people = calloc(1, sizeof *people);
    if (!people)
        return kd_fail_memory(err);
    people->store = store;
    people->vault = vault;
    people->options = *options;
    pthread_mutex_init(&people->checkpoint, NULL);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&people->shards[i].lock, NULL);
    *out = people;
    return KD_OK;
}

void kd_people_close(kd_people *people)
{
    if (!people)
        return;
    for (int i = 0; i < SHARDS; i++) {
        shard *s = &people->shards[i];
        while (s->hand)
            table_drop(people, s, s->hand);
        free(s->buckets);
        pthread_mutex_destroy(&s->lock);
    }
    pthread_mutex_destroy(&people->checkpoint);
    free(people);
}

/* ---- load ------------------------------------------------------------------------------------------------------------------ */

static kd_str about(const kd_id *person)
{
    return (kd_str){ (const char *)person->b, sizeof person->b };
}

static kd_status unpack(entry *e, const kd_people *people, const kd_profile_row *row, kd_arena *arena, kd_err *err)
{
    kd_person *p = &e->person;
    kd_str     state;
    bool       outdated = false;
    kd_status  status = kd_vault_unwrap(&p->key, people->vault, row->secret, p->id, err);
    if (status == KD_OK && row->state.len) {
        status = kd_unseal(&state, arena, &p->key, about(&p->id), row->state, err);
        if (status == KD_OK)
            status = kd_profile_decode(&p->profile, state, err);
        if ((outdated = status == KD_CONFLICT)) /* the replay that follows every change of version folds it anew */
            status = KD_OK;
    }
    p->profile.trusts_claims = people->options.trust_claims;
    e->row = row->row;
    p->head = row->head;
    p->folded = outdated ? 0 : row->folded;
    e->outdated = outdated;
    p->made_by.type = row->key_type;
    memcpy(p->made_by.hash, row->key, sizeof p->made_by.hash);
    return status;
}

/* A row of the store becomes an entry of the shard, whose lock is held. */
static kd_status insert_row(entry **out, kd_people *people, shard *s, uint64_t hash, const kd_profile_row *row, kd_arena *arena, kd_err *err)
{
    entry    *e = table_grow(s) ? calloc(1, sizeof *e) : NULL;
    kd_status status;
    if (!e)
        return kd_fail_memory(err);
    e->person.id = row->person;
    e->person.priv = e;
    e->hash = hash;
    status = unpack(e, people, row, arena, err);
    if (status != KD_OK) {
        entry_free(e);
        return status;
    }
    table_insert(people, s, e);
    evict(people, s, e);
    *out = e;
    return KD_OK;
}

/* Read a person into the shard, whose lock is held: nobody else can load it a second time. */
static kd_status load(entry **out, kd_people *people, shard *s, uint64_t hash, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_profile_row row = { .row = 0 };
    kd_arena      *arena = kd_arena_new(LOAD_BYTES_MAX);
    kd_status      status = arena ? kd_reader_profiles(&row, reader, &person, 1, arena, err) : kd_fail_memory(err);
    if (status == KD_OK && kd_id_is_nil(row.person))
        status = kd_fail(err, KD_NOT_FOUND, "there is no such person");
    if (status == KD_OK)
        status = insert_row(out, people, s, hash, &row, arena, err);
    kd_arena_free(arena);
    return status;
}

kd_status kd_people_acquire(kd_person **out, kd_people *people, kd_reader *reader, kd_id person, kd_err *err)
{
    uint64_t  hash = hash_of(person);
    shard    *s = shard_of(people, hash);
    entry    *e;
    kd_status status = KD_OK;
    pthread_mutex_lock(&s->lock);
    e = table_find(s, hash, person);
    if (!e)
        status = load(&e, people, s, hash, reader, person, err);
    if (status != KD_OK) {
        pthread_mutex_unlock(&s->lock);
        return status;
    }
    e->referenced = true;
    *out = &e->person;
    return KD_OK;
}

void kd_people_release(kd_people *people, kd_person *person)
{
    pthread_mutex_unlock(&shard_of(people, person->priv->hash)->lock);
}

/* Those of `persons` that are not in memory, without runs of one person. Returns how many. */
static size_t pick_absent(kd_id *absent, kd_people *people, const kd_id *persons, size_t count)
{
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_of(persons[i]);
        shard   *s = shard_of(people, hash);
        bool     there;
        if (kd_id_is_nil(persons[i]) || (i && kd_id_eq(persons[i], persons[i - 1])))
            continue;
        pthread_mutex_lock(&s->lock);
        there = table_find(s, hash, persons[i]) != NULL;
        pthread_mutex_unlock(&s->lock);
        if (!there)
            absent[picked++] = persons[i];
    }
    return picked;
}

static int cmp_ids(const void *a, const void *b)
{
    const kd_id *x = a, *y = b;
    return kd_id_cmp(*x, *y);
}

static kd_status insert_rows(kd_people *people, const kd_profile_row *rows, size_t count, kd_arena *arena, kd_err *err)
{
    kd_status status = KD_OK;
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        uint64_t hash = hash_of(rows[i].person);
        shard   *s = shard_of(people, hash);
        entry   *e;
        if (kd_id_is_nil(rows[i].person))
            continue;
        pthread_mutex_lock(&s->lock);
        if (!table_find(s, hash, rows[i].person))
            status = insert_row(&e, people, s, hash, &rows[i], arena, err);
        pthread_mutex_unlock(&s->lock);
    }
    return status;
}

kd_status kd_people_load(kd_people *people, kd_reader *reader, const kd_id *persons, size_t count, kd_err *err)
{
    enum { AT_ONCE = 256 }; /* bounds what the arena must hold */
    kd_id          *absent = malloc((count ? count : 1) * sizeof *absent);
    kd_profile_row *rows = malloc(AT_ONCE * sizeof *rows);
    kd_arena       *arena = kd_arena_new(LOAD_BYTES_MAX);
    size_t          picked = absent && rows && arena ? pick_absent(absent, people, persons, count) : 0;
    kd_status       status = absent && rows && arena ? KD_OK : kd_fail_memory(err);
    if (picked)
        qsort(absent, picked, sizeof *absent, cmp_ids); /* ids begin with their time: neighbours lie on one page */
    for (size_t i = 0; i < picked && status == KD_OK; i += AT_ONCE) {
        size_t some = picked - i < AT_ONCE ? picked - i : AT_ONCE;
        kd_arena_reset(arena);
        status = kd_reader_profiles(rows, reader, absent + i, some, arena, err);
        if (status == KD_OK)
            status = insert_rows(people, rows, some, arena, err);
    }
    kd_arena_free(arena);
    free(rows);
    free(absent);
    return status;
}

kd_status kd_people_new(kd_profile_row *row, uint8_t secret[KD_SECRET_BYTES], kd_people *people, kd_id person, kd_key made_by,
                        kd_err *err)
{
    uint64_t  hash = hash_of(person);
    shard    *s = shard_of(people, hash);
    entry    *e;
    kd_status status = KD_OK;
    pthread_mutex_lock(&s->lock);
    if (table_find(s, hash, person)) {
        status = kd_fail(err, KD_CONFLICT, "the person is there already");
    } else if (!table_grow(s) || !(e = calloc(1, sizeof *e))) {
        status = kd_fail_memory(err);
    } else {
        e->person = (kd_person){ .id = person, .made_by = made_by, .priv = e, .profile.trusts_claims = people->options.trust_claims };
        e->hash = hash;
        e->fresh = true;
        kd_data_key_new(&e->person.key);
        kd_vault_wrap(secret, people->vault, &e->person.key, person);
        table_insert(people, s, e);
        *row = (kd_profile_row){ .person = person, .key_type = made_by.type, .secret = { (const char *)secret, KD_SECRET_BYTES } };
        memcpy(row->key, made_by.hash, sizeof row->key);
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

void kd_people_forget(kd_people *people, kd_id person)
{
    uint64_t hash = hash_of(person);
    shard   *s = shard_of(people, hash);
    entry   *e;
    pthread_mutex_lock(&s->lock);
    e = table_find(s, hash, person);
    if (e)
        table_drop(people, s, e);
    kd_stamps_move(&people->folds, person);
    pthread_mutex_unlock(&s->lock);
}

/* ---- fold ------------------------------------------------------------------------------------------------------------------- */

kd_status kd_person_fold(kd_person *person, kd_people *people, const kd_fact *fact, int64_t event_offset, kd_err *err)
{
    kd_status status;
    if (event_offset <= person->folded)
        return KD_OK;
    status = kd_profile_fold(&person->profile, fact, &people->options.caps, err);
    if (status == KD_OK) {
        person->priv->refolded = true;
        kd_stamps_move(&people->folds, person->id);
        kd_person_touch(person, people, event_offset);
    }
    return status;
}

void kd_person_touch(kd_person *person, kd_people *people, int64_t event_offset)
{
    entry *e = person->priv;
    shard *s = shard_of(people, e->hash);
    if (event_offset <= person->folded)
        return;
    person->folded = event_offset;
    if (event_offset > person->head)
        person->head = event_offset;
    recount(people, s, e);
    mark_dirty(people, s, e);
}

void kd_people_note_links(kd_people *people, const kd_id *persons, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kd_stamps_move(&people->links, persons[i]);
}

void kd_people_note_taken_back(kd_people *people, kd_id person)
{
    atomic_store(kd_stamps_of(&people->taken_back, person), 1);
}

bool kd_people_taken_back(kd_people *people, kd_id person)
{
    return kd_stamps_read(&people->taken_back, person) != 0;
}

kd_stamps *kd_people_link_stamps(kd_people *people) { return &people->links; }
kd_stamps *kd_people_fold_stamps(kd_people *people) { return &people->folds; }

void kd_person_replace(kd_person *person, kd_people *people, kd_profile *fresh)
{
    entry     *e = person->priv;
    shard     *s = shard_of(people, e->hash);
    kd_profile old = person->profile;
    fresh->trusts_claims = old.trusts_claims;
    person->profile = *fresh;
    *fresh = old;
    e->refolded = true;
    kd_stamps_move(&people->folds, person->id);
    recount(people, s, e);
    mark_dirty(people, s, e);
}

bool kd_people_full(const kd_people *people)
{
    return kd_people_dirty_bytes(people) > people->options.dirty_bytes_max;
}

size_t kd_people_bytes(const kd_people *people)
{
    return atomic_load_explicit(&people->bytes, memory_order_relaxed);
}

size_t kd_people_dirty_bytes(const kd_people *people)
{
    return atomic_load_explicit(&people->dirty_bytes, memory_order_relaxed);
}

size_t kd_people_count(const kd_people *people)
{
    return atomic_load_explicit(&people->count, memory_order_relaxed);
}

const kd_profile_caps *kd_people_caps(const kd_people *people)
{
    return &people->options.caps;
}

bool kd_people_trust_claims(const kd_people *people)
{
    return people->options.trust_claims;
}

/* ---- checkpoint -------------------------------------------------------------------------------------------------------- */

typedef struct due { /* a person to be written */
    int64_t row;
    kd_id   person;
} due;

typedef struct checkpoint {
    kd_people      *people;
    uint16_t        group;
    due            *due;
    size_t          due_count, due_room;
    kd_profile_row *rows;        /* of one batch; states are offsets into `sealed` until all are there */
    uint32_t       *generations;
    size_t          count;
    kd_buf          plain, sealed;
} checkpoint;

static bool collect_shard(checkpoint *c, shard *s)
{
    bool ok = true;
    pthread_mutex_lock(&s->lock);
    for (const entry *e = s->dirty; e && ok; e = e->dirty_next) {
        if (kd_store_group_of(c->people->store, e->person.id) != c->group)
            continue;
        if (c->due_count == c->due_room) {
            size_t room = c->due_room ? c->due_room + c->due_room / 2 : 1024;
            due   *grown = realloc(c->due, room * sizeof *grown);
            ok = grown != NULL;
            if (!ok)
                break;
            c->due = grown;
            c->due_room = room;
        }
        c->due[c->due_count++] = (due){ e->row, e->person.id };
    }
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static int cmp_due(const void *a, const void *b)
{
    const due *x = a, *y = b;
    if (x->row != y->row) /* 0, not known yet, goes last: new rows lie at the end of the table */
        return (uint64_t)x->row - 1 < (uint64_t)y->row - 1 ? -1 : 1;
    return kd_id_cmp(x->person, y->person);
}

/* Encode and seal one person into the batch, under its lock. */
static void pack(checkpoint *c, kd_id person)
{
    uint64_t hash = hash_of(person);
    shard   *s = shard_of(c->people, hash);
    entry   *e;
    pthread_mutex_lock(&s->lock);
    e = table_find(s, hash, person);
    if (e && e->dirty) {
        kd_profile_row *row = &c->rows[c->count];
        size_t          begin = c->sealed.len;
        c->plain.len = 0;
        if (e->refolded)
            kd_profile_encode(&c->plain, &e->person.profile);
        if (e->refolded && !c->plain.failed)
            kd_seal(&c->sealed, &e->person.key, about(&person), kd_buf_str(&c->plain));
        *row = (kd_profile_row){ .person = person, .row = e->row, .head = e->person.head, .folded = e->person.folded,
                                 .state = { NULL, c->sealed.len - begin }, .moved = !e->refolded, .anew = e->outdated };
        c->generations[c->count++] = e->generation;
    }
    pthread_mutex_unlock(&s->lock);
}

static kd_status write_once(checkpoint *c, const int64_t *offset, kd_err *err)
{
    kd_txn   *txn;
    kd_status status = kd_txn_begin(&txn, c->people->store, c->group, err);
    if (status != KD_OK)
        return status;
    if (c->count)
        status = kd_txn_profiles_put(txn, c->rows, c->count, err);
    if (status == KD_OK && offset)
        status = kd_txn_offset_put(txn, KD_PROFILE_CONSUMER, *offset, err);
    if (status == KD_OK)
        return kd_txn_commit(txn, err);
    kd_txn_rollback(txn);
    return status;
}

/* KD_RETRY: nothing happened. KD_UNKNOWN: perhaps it did; the same rows again change nothing. Both: once more, a little later. */
static kd_status write_batch(checkpoint *c, const int64_t *offset, kd_err *err)
{
    kd_status status = write_once(c, offset, err);
    for (int i = 0; i < RETRIES_MAX && (status == KD_RETRY || status == KD_UNKNOWN); i++) {
        struct timespec pause = { .tv_nsec = (long)RETRY_PAUSE_NS << i };
        while (pause.tv_nsec >= 1000000000L) {
            pause.tv_nsec -= 1000000000L;
            pause.tv_sec++;
        }
        nanosleep(&pause, NULL);
        status = write_once(c, offset, err);
    }
    return status;
}

/* What did not change since it was packed is clean now. */
static void settle(checkpoint *c)
{
    for (size_t i = 0; i < c->count; i++) {
        uint64_t hash = hash_of(c->rows[i].person);
        shard   *s = shard_of(c->people, hash);
        entry   *e;
        pthread_mutex_lock(&s->lock);
        e = table_find(s, hash, c->rows[i].person);
        if (e) {
            e->row = c->rows[i].row;
            e->outdated = e->outdated && c->rows[i].moved;
            if (e->dirty && e->generation == c->generations[i]) {
                mark_clean(c->people, s, e);
                e->refolded = false;
            }
            evict(c->people, s, NULL);
        }
        pthread_mutex_unlock(&s->lock);
    }
}

/* `offset` NULL: more batches follow. */
static kd_status run_batch(checkpoint *c, const due *batch, size_t count, const int64_t *offset, kd_err *err)
{
    const char *state;
    kd_status   status;
    c->count = 0;
    c->sealed.len = 0;
    for (size_t i = 0; i < count; i++)
        pack(c, batch[i].person);
    if (c->plain.failed || c->sealed.failed)
        return kd_fail_memory(err);
    state = c->sealed.ptr;
    for (size_t i = 0; i < c->count; i++) {
        c->rows[i].state.ptr = state;
        state += c->rows[i].state.len;
    }
    status = write_batch(c, offset, err);
    if (status == KD_OK)
        settle(c);
    return status;
}

static kd_status run(checkpoint *c, int64_t offset, size_t batch, kd_err *err)
{
    kd_status status = KD_OK;
    size_t    done = 0;
    for (int i = 0; i < SHARDS; i++)
        if (!collect_shard(c, &c->people->shards[i]))
            return kd_fail_memory(err);
    if (c->due_count)
        qsort(c->due, c->due_count, sizeof *c->due, cmp_due);
    c->rows = malloc(batch * sizeof *c->rows);
    c->generations = malloc(batch * sizeof *c->generations);
    if (!c->rows || !c->generations)
        return kd_fail_memory(err);
    do { /* the last batch carries the offset; without any, it goes alone */
        size_t left = c->due_count - done, count = left < batch ? left : batch;
        status = run_batch(c, c->due + done, count, count == left ? &offset : NULL, err);
        done += count;
    } while (status == KD_OK && done < c->due_count);
    return status;
}

kd_status kd_people_checkpoint(kd_people *people, uint16_t group, int64_t offset, size_t batch, kd_err *err)
{
    checkpoint c = { .people = people, .group = group };
    kd_status  status;
    assert(batch > 0);
    kd_buf_init(&c.plain, NULL);
    kd_buf_init(&c.sealed, NULL);
    pthread_mutex_lock(&people->checkpoint);
    status = run(&c, offset, batch, err);
    pthread_mutex_unlock(&people->checkpoint);
    free(c.due);
    free(c.rows);
    free(c.generations);
    kd_buf_free(&c.plain);
    kd_buf_free(&c.sealed);
    return status;
}

#include "customer/customers.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "customer/walk.h"

/* What is kept of a customer of several persons. Nothing in it changes once it is there; a newer one takes its place. It holds
 * as long as the stamps in it stand still: those of the evidence it was walked from, and those of its persons' facts. */
typedef struct kd_customer_private component;
struct kd_customer_private {
    atomic_uint  refs;
    uint64_t     policy;        /* which namespaces it was resolved by */
    kd_id        home;
    size_t       person_count, visited_count;
    kd_id       *persons, *visited;
    uint32_t    *folds, *links; /* stamps of persons and of visited */
    size_t       known;         /* how many of the persons have a profile */
    kd_id        first;         /* the first of them */
    kd_profile   merged;        /* when there are several */
    size_t       bytes;
};

enum { SHARDS = 16, WAYS = 8, SLOT_BYTES = 4096, SETS_MIN = 8, SETS_MAX = 1 << 14, RETRIES_MAX = 8, GRAPH_PERSONS = 256, GRAPH_ROWS = 2000 };

typedef struct slot { kd_id person; component *held; } slot;
typedef struct shard {
    pthread_mutex_t lock;       /* guards all below; nothing else is locked under it */
    slot           *slots;
    size_t          bytes;
    unsigned        turn;       /* which way of a full set goes next */
    size_t          hand;       /* which slot goes next when there are too many bytes */
} shard;

struct kd_customers {
    kd_store            *store;
    kd_people           *people;
    kd_stamps           *links, *folds;
    size_t               shard_bytes_max, sets;
    pthread_mutex_t      policy_lock;  /* guards `namespaces` */
    const kd_namespaces *namespaces;
    _Atomic uint64_t     policy;       /* moves with them */
    shard                shards[SHARDS];
};

/* ---- components ---------------------------------------------------------------------------------------------------------- */

static void component_release(component *held)
{
    if (!held || atomic_fetch_sub_explicit(&held->refs, 1, memory_order_acq_rel) != 1)
        return;
    kd_profile_free(&held->merged);
    free(held->persons);
    free(held->visited);
    free(held->folds);
    free(held->links);
    free(held);
}

static component *component_new(size_t persons, size_t visited)
{
    component *held = calloc(1, sizeof *held);
    if (!held)
        return NULL;
    atomic_init(&held->refs, 1);
    held->person_count = persons;
    held->visited_count = visited;
    held->persons = calloc(persons + 1, sizeof *held->persons);
    held->visited = calloc(visited + 1, sizeof *held->visited);
    held->folds = calloc(persons + 1, sizeof *held->folds);
    held->links = calloc(visited + 1, sizeof *held->links);
    held->bytes = sizeof *held + persons * (sizeof(kd_id) + 4) + visited * (sizeof(kd_id) + 4);
    if (!held->persons || !held->visited || !held->folds || !held->links) {
        component_release(held);
        return NULL;
    }
    return held;
}

static bool links_hold(const component *held, kd_customers *c)
{
    if (held->policy != atomic_load_explicit(&c->policy, memory_order_acquire))
        return false;
    for (size_t i = 0; i < held->visited_count; i++)
        if (kd_stamps_read(c->links, held->visited[i]) != held->links[i])
            return false;
    return true;
}

/* The one who alone has a profile is read itself, not a copy of it: its facts may move. */
static bool facts_hold(const component *held, kd_customers *c)
{
    for (size_t i = 0; i < held->person_count; i++)
        if (kd_stamps_read(c->folds, held->persons[i]) != held->folds[i] && !(held->known == 1 && kd_id_eq(held->persons[i], held->first)))
            return false;
    return true;
}

/* One person after the other: never two locked. */
static kd_status merge_facts(component *held, kd_customers *c, kd_reader *reader, kd_err *err)
{
    kd_profile alone = { 0 };
    kd_status  status = KD_OK;
    held->known = 0;
    for (size_t i = 0; i < held->person_count && status == KD_OK; i++) {
        kd_person *entry;
        held->folds[i] = kd_stamps_read(c->folds, held->persons[i]);
        status = kd_people_acquire(&entry, c->people, reader, held->persons[i], err);
        if (status == KD_NOT_FOUND) {
            status = KD_OK; /* a key only */
            continue;
        }
        if (status != KD_OK)
            break;
        held->folds[i] = kd_stamps_read(c->folds, held->persons[i]); /* they move under the lock */
        if (held->known++ == 0)
            held->first = held->persons[i];
        status = kd_profile_merge(&held->merged, &entry->profile, kd_people_caps(c->people), err);
        kd_people_release(c->people, entry);
    }
    held->merged.trusts_claims = kd_people_trust_claims(c->people);
    if (held->known == 1) {
        kd_profile_free(&held->merged);
        held->merged = alone;
    }
    held->bytes += held->merged.bytes;
    return status;
}

/* ---- the cache -------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(kd_id person)
{
    return kd_hash64(person.b, sizeof person.b, 0);
}

static component *cache_get(kd_customers *c, kd_id person)
{
    uint64_t   hash = hash_of(person);
    shard     *s = &c->shards[hash % SHARDS];
    component *found = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->slots) {
        slot *set = s->slots + (hash >> 32) % c->sets * WAYS;
        for (int i = 0; i < WAYS && !found; i++)
            if (set[i].held && kd_id_eq(set[i].person, person))
                found = set[i].held;
        if (found)
            atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static void slot_empty(shard *s, slot *which)
{
    if (!which->held)
        return;
    s->bytes -= which->held->bytes;
    component_release(which->held);
    which->held = NULL;
}

/* Out of memory: it is not kept. */
static void cache_put(kd_customers *c, kd_id person, component *held)
{
    uint64_t hash = hash_of(person);
    shard   *s = &c->shards[hash % SHARDS];
    slot    *set, *place = NULL;
    size_t   slots = c->sets * WAYS;
    pthread_mutex_lock(&s->lock);
    if (!s->slots)
        s->slots = calloc(slots, sizeof *s->slots);
    if (s->slots && held->bytes <= c->shard_bytes_max) {
        set = s->slots + (hash >> 32) % c->sets * WAYS;
        for (int i = 0; i < WAYS; i++)
            if (set[i].held && kd_id_eq(set[i].person, person))
                place = &set[i];
        for (int i = 0; i < WAYS && !place; i++)
            if (!set[i].held)
                place = &set[i];
        if (!place)
            place = &set[s->turn++ % WAYS];
        slot_empty(s, place);
        for (size_t steps = slots; s->bytes + held->bytes > c->shard_bytes_max && steps; steps--, s->hand = (s->hand + 1) % slots)
            slot_empty(s, &s->slots[s->hand]);
        atomic_fetch_add_explicit(&held->refs, 1, memory_order_relaxed);
        *place = (slot){ person, held };
        s->bytes += held->bytes;
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- open, close ------------------------------------------------------------------------------------------------------------- */

/* The writer tells of evidence again where some was taken back, also before this process. */
static kd_status remember_taken_back(kd_customers *c, kd_err *err)
{
    enum { AT_ONCE = 4096, BYTES = 1 << 20 };
    kd_reader *reader = NULL;
    kd_arena  *arena = kd_arena_new(BYTES);
    kd_id     *persons, after = { { 0 } };
    size_t     count = 1;
    kd_status  status = arena ? kd_reader_open(&reader, c->store, err) : kd_fail_memory(err);
    while (status == KD_OK && count > 0) {
        kd_arena_reset(arena);
        status = kd_reader_taken_back(&persons, &count, reader, after, AT_ONCE, arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++)
            kd_people_note_taken_back(c->people, after = persons[i]);
    }
    if (reader)
        kd_reader_close(reader);
    kd_arena_free(arena);
    return status;
}

kd_status kd_customers_open(kd_customers **out, kd_store *store, kd_people *people, size_t cache_bytes_max, kd_err *err)
{
    kd_customers *c = calloc(1, sizeof *c);
    kd_status     status;
    if (!c)
        return kd_fail_memory(err);
    c->store = store;
    c->people = people;
    c->links = kd_people_link_stamps(people);
    c->folds = kd_people_fold_stamps(people);
    c->shard_bytes_max = cache_bytes_max / SHARDS;
    c->sets = c->shard_bytes_max / SLOT_BYTES / WAYS;
    c->sets = c->sets < SETS_MIN ? SETS_MIN : c->sets > SETS_MAX ? SETS_MAX : c->sets;
    c->namespaces = kd_namespaces_builtin();
    pthread_mutex_init(&c->policy_lock, NULL);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&c->shards[i].lock, NULL);
    if ((status = remember_taken_back(c, err)) == KD_OK)
        *out = c;
    else
        kd_customers_close(c);
    return status;
}

void kd_customers_close(kd_customers *c)
{
    if (!c)
        return;
    for (int i = 0; i < SHARDS; i++) {
        for (size_t k = 0; c->shards[i].slots && k < c->sets * WAYS; k++)
            component_release(c->shards[i].slots[k].held);
        free(c->shards[i].slots);
        pthread_mutex_destroy(&c->shards[i].lock);
    }
    kd_namespaces_release(c->namespaces);
    pthread_mutex_destroy(&c->policy_lock);
    free(c);
}

const kd_namespaces *kd_customers_namespaces(kd_customers *c)
{
    const kd_namespaces *n;
    pthread_mutex_lock(&c->policy_lock);
    n = kd_namespaces_retain(c->namespaces);
    pthread_mutex_unlock(&c->policy_lock);
    return n;
}

void kd_customers_set_namespaces(kd_customers *c, const kd_namespaces *namespaces)
{
    const kd_namespaces *old;
    pthread_mutex_lock(&c->policy_lock);
    old = c->namespaces;
    c->namespaces = namespaces;
    atomic_fetch_add_explicit(&c->policy, 1, memory_order_release);
    pthread_mutex_unlock(&c->policy_lock);
    kd_namespaces_release(old);
}

size_t kd_customers_bytes(const kd_customers *c)
{
    size_t bytes = sizeof *c;
    for (int i = 0; i < SHARDS; i++) {
        shard *s = (shard *)(uintptr_t)&c->shards[i]; /* a lock is no part of the value */
        pthread_mutex_lock(&s->lock);
        bytes += s->bytes + (s->slots ? c->sets * WAYS * sizeof *s->slots : 0);
        pthread_mutex_unlock(&s->lock);
    }
    return bytes;
}

/* ---- from evidence to a customer ---------------------------------------------------------------------------------------------- */

static kd_status walk_from(kd_walk *out, uint64_t *policy, kd_customers *c, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err)
{
    const kd_namespaces *namespaces;
    kd_status            status;
    *policy = atomic_load_explicit(&c->policy, memory_order_acquire); /* before they are read: too old a number is only seen as that */
    namespaces = kd_customers_namespaces(c);
    status = kd_walk_from(out, reader, person, namespaces, c->links, arena, err);
    kd_namespaces_release(namespaces);
    return status;
}

/* The 64 smallest, and the one asked for. */
static size_t pick_persons(kd_id *out, const kd_walk *w, kd_id person)
{
    const kd_graph *g = &w->graph;
    size_t          n = 0;
    if (w->start == SIZE_MAX) {
        out[n++] = person;
        return n;
    }
    for (size_t i = g->customer[w->start]; i < g->person_count && n < KD_CUSTOMER_PERSONS_MAX; i++)
        if (g->customer[i] == g->customer[w->start])
            out[n++] = g->persons[i];
    if (kd_id_cmp(out[n - 1], person) < 0)
        out[n - 1] = person;
    return n;
}

/* *out NULL: the person has no proven links at all, as of the stamp *alone. */
static kd_status component_walk(component **out, uint32_t *alone, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_arena *arena = kd_arena_new(KD_WALK_BYTES);
    kd_walk   w;
    uint64_t  policy = 0;
    kd_id     persons[KD_CUSTOMER_PERSONS_MAX];
    size_t    count;
    kd_status status = arena ? walk_from(&w, &policy, c, reader, person, arena, err) : kd_fail_memory(err);
    *out = NULL;
    if (status == KD_OK && w.start == SIZE_MAX && !w.crowd && w.visited_count == 1) {
        *alone = w.stamps[0];
    } else if (status == KD_OK) {
        count = pick_persons(persons, &w, person);
        *out = component_new(count, w.visited_count);
        if (*out) {
            memcpy((*out)->persons, persons, count * sizeof *persons);
            memcpy((*out)->visited, w.visited, w.visited_count * sizeof *w.visited);
            memcpy((*out)->links, w.stamps, w.visited_count * sizeof *w.stamps);
            (*out)->policy = policy;
            (*out)->home = w.start == SIZE_MAX ? person : w.graph.persons[w.graph.customer[w.start]];
        } else {
            status = kd_fail_memory(err);
        }
    }
    kd_arena_free(arena);
    return status;
}

static component *component_again(const component *old)
{
    component *held = component_new(old->person_count, old->visited_count);
    if (!held)
        return NULL;
    memcpy(held->persons, old->persons, old->person_count * sizeof *held->persons);
    memcpy(held->visited, old->visited, old->visited_count * sizeof *held->visited);
    memcpy(held->links, old->links, old->visited_count * sizeof *held->links);
    held->policy = old->policy;
    held->home = old->home;
    return held;
}

/* An up-to-date one, from the cache where that holds; NULL in *out as above. */
static kd_status component_of(component **out, uint32_t *alone, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err)
{
    component *held = cache_get(c, person), *fresh = NULL;
    kd_status  status = KD_OK;
    *out = NULL;
    if (held && links_hold(held, c)) {
        if (facts_hold(held, c)) {
            *out = held;
            return KD_OK;
        }
        fresh = component_again(held);
        status = fresh ? KD_OK : kd_fail_memory(err);
    } else {
        status = component_walk(&fresh, alone, c, reader, person, err);
    }
    component_release(held);
    if (status == KD_OK && fresh)
        status = merge_facts(fresh, c, reader, err);
    if (status != KD_OK || !fresh) {
        component_release(fresh);
        return status;
    }
    cache_put(c, person, fresh);
    *out = fresh;
    return KD_OK;
}

static void fill_alone(kd_customer *out, kd_person *entry)
{
    *out = (kd_customer){ .home = entry->id, .persons = &entry->id, .person_count = 1, .profile = &entry->profile, .person = entry->id,
                          .folded = entry->folded, .head = entry->head, .entry = entry };
}

kd_status kd_customers_acquire_alone(kd_customer *out, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_person *entry;
    kd_status  status = kd_people_acquire(&entry, c->people, reader, person, err);
    if (status == KD_OK)
        fill_alone(out, entry);
    return status;
}

/* The persons of a component, with the profile of the only one that has any, locked, or the merged one. */
static kd_status fill_joined(kd_customer *out, kd_customers *c, kd_reader *reader, component *held, kd_id person, kd_err *err)
{
    kd_person *entry;
    kd_status  status;
    *out = (kd_customer){ .home = held->home, .persons = held->persons, .person_count = held->person_count, .priv = held };
    if (held->known == 0)
        return kd_fail(err, KD_NOT_FOUND, "there is no such person");
    status = kd_people_acquire(&entry, c->people, reader, held->known == 1 ? held->first : person, err);
    if (status == KD_NOT_FOUND) /* a key only: receipts go to the first that has a profile */
        status = kd_people_acquire(&entry, c->people, reader, held->first, err);
    if (status != KD_OK)
        return status;
    out->person = entry->id;
    out->folded = entry->folded;
    out->head = entry->head;
    if (held->known == 1) {
        out->profile = &entry->profile;
        out->entry = entry;
    } else {
        out->profile = &held->merged;
        kd_people_release(c->people, entry);
    }
    return KD_OK;
}

kd_status kd_customers_acquire(kd_customer *out, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_person *entry;
    component *held;
    uint32_t   alone = 0;
    kd_status  status = kd_people_acquire(&entry, c->people, reader, person, err);
    bool       known = status == KD_OK;
    if (known && entry->alone && entry->alone_stamp == kd_stamps_read(c->links, person)) {
        fill_alone(out, entry);
        return KD_OK;
    }
    if (known)
        kd_people_release(c->people, entry);
    else if (status != KD_NOT_FOUND)
        return status;
    status = component_of(&held, &alone, c, reader, person, err);
    if (status != KD_OK)
        return status;
    if (!held) {
        status = kd_people_acquire(&entry, c->people, reader, person, err);
        if (status != KD_OK)
            return status;
        entry->alone = true;
        entry->alone_stamp = alone;
        fill_alone(out, entry);
        return KD_OK;
    }
    status = fill_joined(out, c, reader, held, person, err);
    if (status != KD_OK)
        component_release(held);
    return status;
}

void kd_customers_release(kd_customers *c, kd_customer *customer)
{
    if (customer->entry)
        kd_people_release(c->people, customer->entry);
    component_release(customer->priv);
    *customer = (kd_customer){ 0 };
}

/* ---- for those who ask about more than facts --------------------------------------------------------------------------------- */

kd_status kd_customers_members(kd_id **persons, size_t *count, kd_customers *c, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err)
{
    kd_arena *own = kd_arena_new(KD_WALK_BYTES);
    kd_walk   w = { .start = SIZE_MAX };
    uint64_t  policy;
    kd_status status = own ? walk_from(&w, &policy, c, reader, person, own, err) : kd_fail_memory(err);
    size_t    n = 0;
    if (status == KD_OK) {
        for (size_t i = 0; w.start != SIZE_MAX && i < w.graph.person_count; i++)
            n += w.graph.customer[i] == w.graph.customer[w.start];
        *persons = KD_NEW(arena, kd_id, n + 1);
        status = *persons ? KD_OK : kd_fail_memory(err);
    }
    if (status == KD_OK) {
        *count = 0;
        for (size_t i = 0; w.start != SIZE_MAX && i < w.graph.person_count; i++)
            if (w.graph.customer[i] == w.graph.customer[w.start])
                (*persons)[(*count)++] = w.graph.persons[i];
        if (*count == 0)
            (*persons)[(*count)++] = person;
    }
    kd_arena_free(own);
    return status;
}

/* All rows of those the walk came to, claims and what was taken back too, as far as somebody can look at them. */
kd_status kd_customers_graph(kd_graph *out, kd_customers *c, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err)
{
    const kd_namespaces *namespaces = kd_customers_namespaces(c);
    kd_walk              w;
    kd_link             *all = NULL;
    size_t               count = 0, room = 0;
    kd_status            status = kd_walk_from(&w, reader, person, namespaces, c->links, arena, err);
    for (size_t i = 0; status == KD_OK && i < w.visited_count && i < GRAPH_PERSONS; i++) {
        kd_link *rows = NULL;
        size_t   some = 0;
        status = kd_reader_links(&rows, &some, reader, w.visited[i], GRAPH_ROWS, arena, err);
        if (status == KD_OK && count + some > room) {
            kd_link *bigger = KD_NEW(arena, kd_link, room = 2 * (count + some));
            if (!bigger)
                status = kd_fail_memory(err);
            else if (count)
                memcpy(bigger, all, count * sizeof *all);
            all = bigger;
        }
        if (status == KD_OK && some)
            memcpy(all + count, rows, some * sizeof *rows);
        count += status == KD_OK ? some : 0;
    }
    if (status == KD_OK)
        status = kd_graph_resolve(out, all, count, namespaces, arena, err);
    kd_namespaces_release(namespaces);
    return status;
}

void kd_customers_changed(kd_customers *c, const kd_id *persons, size_t count)
{
    kd_people_note_links(c->people, persons, count);
}

static kd_status put_rows(kd_customers *c, const kd_link *rows, size_t count, kd_err *err)
{
    kd_status status = KD_RETRY;
    for (int i = 0; i < RETRIES_MAX && (status == KD_RETRY || status == KD_UNKNOWN); i++) { /* again: the same rows change nothing */
        struct timespec pause = { .tv_nsec = 1000000L << i };
        kd_txn         *txn;
        if (i)
            nanosleep(&pause, NULL);
        status = kd_txn_begin(&txn, c->store, kd_store_group_of(c->store, rows[0].person), err);
        if (status == KD_OK && (status = kd_txn_links_put(txn, rows, count, err)) != KD_OK)
            kd_txn_rollback(txn);
        else if (status == KD_OK)
            status = kd_txn_commit(txn, err);
    }
    return status == KD_RETRY || status == KD_UNKNOWN ? kd_fail(err, KD_IO, "the store did not take the evidence in %d attempts", (int)RETRIES_MAX) : status;
}

kd_status kd_customers_say(kd_customers *c, const kd_link *link, bool take_back, kd_err *err)
{
    kd_link   rows[2] = { *link, *link };
    kd_id     both[2] = { link->person, link->other };
    bool      together = kd_store_group_of(c->store, link->person) == kd_store_group_of(c->store, link->other);
    kd_status status;
    if (kd_id_eq(link->person, link->other))
        return kd_fail_field(err, KD_INVALID, "/b", "a person is always one with itself");
    if (take_back) {
        kd_people_note_taken_back(c->people, link->person);
        kd_people_note_taken_back(c->people, link->other);
        rows[0].time_ms = INT64_MAX;
        rows[0].last_ms = INT64_MIN;
        rows[0].taken_back_ms = link->time_ms;
        rows[0].event = (kd_id){ { 0 } };
    }
    rows[1] = rows[0];
    rows[1].person = link->other;
    rows[1].other = link->person;
    rows[1].person_type = link->other_type;
    rows[1].other_type = link->person_type;
    status = put_rows(c, rows, together ? 2 : 1, err);
    if (status == KD_OK && !together)
        status = put_rows(c, rows + 1, 1, err);
    kd_people_note_links(c->people, both, 2); /* half of it may be there, whatever came of it */
    return status;
}

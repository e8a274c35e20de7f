#include "event/writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "event/batch.h"
#include "event/known_links.h"
#include "event/replay.h"
#include "event/withhold.h"

enum {
    OBSERVERS_MAX = 16,
    ATTEMPTS_MAX = 8,                   /* of one transaction: waits of 1, 2, 4 .. 64 ms between them */
    SCRATCH_BYTES_MAX = 512 << 20,      /* tables of one batch; a batch is bounded by the queue */
    KEEP_BYTES_MAX = 32 << 20           /* sealed bodies: a buffer that grew past this is not kept */
};

typedef struct group_state {
    _Atomic int64_t folded;
    bool            unsure; /* the log may hold more than was folded: read it before writing */
} group_state;

struct kd_writer {
    kd_store       *store;
    kd_reader      *reader;
    kd_people      *people;
    kd_identity    *identity;
    const kd_vault *vault;
    kd_clock        clock;
    size_t          checkpoint_rows;
    kd_rng          rng;
    struct { kd_observer call; void *self; } observers[OBSERVERS_MAX];
    size_t          observer_count;
    struct { kd_observer call; void *self; } of_duplicates;
    uint16_t        groups;
    group_state    *group;
    kd_arena       *scratch;   /* of one batch */
    kd_replay      *catching_up; /* after a mishap: in this thread */
    kd_buf          bytes;     /* facts and sealed bodies of one batch */
    kd_buf          who, clear;/* of one event: who it speaks of, sealed and not yet */
    kd_withhold    *withhold;  /* events that nobody may keep */
    kd_known_links *links;     /* evidence that the store has already: most events repeat it */
    _Atomic uint64_t commit_us;
};

/* ---- open, close ------------------------------------------------------------------------------------------------- */

kd_status kd_writer_open(kd_writer **out, kd_store *store, kd_people *people, kd_identity *identity, const kd_vault *vault,
                         kd_clock clock, size_t checkpoint_rows, kd_err *err)
{
    kd_writer *writer = calloc(1, sizeof *writer);
    kd_status  status;
    if (!writer)
        return kd_fail_memory(err);
    writer->store = store;
    writer->people = people;
    writer->identity = identity;
    writer->vault = vault;
    writer->clock = clock;
    writer->checkpoint_rows = checkpoint_rows;
    writer->groups = kd_store_groups(store);
    writer->group = calloc(writer->groups, sizeof *writer->group);
    writer->links = kd_known_links_new();
    writer->withhold = kd_withhold_new();
    writer->scratch = kd_arena_new(SCRATCH_BYTES_MAX);
    kd_buf_init(&writer->bytes, NULL);
    kd_buf_init(&writer->who, NULL);
    kd_buf_init(&writer->clear, NULL);
    kd_rng_seed_os(&writer->rng);
    status = writer->group && writer->links && writer->withhold && writer->scratch ? kd_reader_open(&writer->reader, store, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_replay_open(&writer->catching_up, store, people, 1, err);
    if (status == KD_OK)
        *out = writer;
    else
        kd_writer_close(writer);
    return status;
}

void kd_writer_close(kd_writer *writer)
{
    if (!writer)
        return;
    if (writer->reader)
        kd_reader_close(writer->reader);
    kd_buf_free(&writer->bytes);
    kd_buf_free(&writer->who);
    kd_buf_free(&writer->clear);
    kd_arena_free(writer->scratch);
    kd_replay_close(writer->catching_up);
    kd_known_links_free(writer->links);
    kd_withhold_free(writer->withhold);
    free(writer->group);
    free(writer);
}

kd_status kd_writer_observe(kd_writer *writer, kd_observer observer, void *self)
{
    if (writer->observer_count == OBSERVERS_MAX)
        return KD_LIMIT;
    writer->observers[writer->observer_count].call = observer;
    writer->observers[writer->observer_count++].self = self;
    return KD_OK;
}

void kd_writer_observe_duplicates(kd_writer *writer, kd_observer observer, void *self)
{
    writer->of_duplicates.call = observer;
    writer->of_duplicates.self = self;
}

struct kd_withhold *kd_writer_withhold(kd_writer *writer) { return writer->withhold; }

int64_t kd_writer_folded(const kd_writer *writer, uint16_t group)
{
    return atomic_load_explicit(&writer->group[group].folded, memory_order_acquire);
}

uint64_t kd_writer_commit_us(const kd_writer *writer)
{
    return atomic_load_explicit(&writer->commit_us, memory_order_relaxed);
}

void kd_writer_forget_links(kd_writer *writer) { kd_known_links_forget(writer->links); }

static void set_folded(kd_writer *writer, uint16_t group, int64_t offset)
{
    atomic_store_explicit(&writer->group[group].folded, offset, memory_order_release);
}

static void tell(const kd_writer *writer, kd_stored *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        events[i].trusted = !events[i].fact->claimed || kd_people_trust_claims(writer->people);
    for (size_t i = 0; count && i < writer->observer_count; i++)
        writer->observers[i].call(writer->observers[i].self, events, count);
}

static void wait_ms(unsigned ms)
{
    struct timespec pause = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&pause, NULL);
}

/* ---- folding what the log holds ------------------------------------------------------------------------------------ */

/* Everything of a group after what is folded. `seen` (may be NULL) gets (event id) of all of it, owned by `seen_arena`. */
static kd_status catch_up(kd_writer *writer, kd_replay *replay, uint16_t group, uint64_t *count, kd_id **seen, size_t *seen_count,
                          kd_arena *seen_arena, kd_err *err)
{
    const bool      at_start = replay != writer->catching_up;
    kd_replay_chunk chunk = { .count = 1 };
    kd_status       status = KD_OK;
    while (status == KD_OK && chunk.count > 0) {
        status = kd_replay_next(&chunk, replay, group, kd_writer_folded(writer, group), err);
        if (chunk.count > 0)
            set_folded(writer, group, chunk.events[chunk.count - 1].offset);
        for (size_t i = 0; i < chunk.told_count; i++)
            chunk.told[i].replay = at_start;
        tell(writer, chunk.told, chunk.told_count);
        *count += chunk.count;
        if (seen && chunk.count > 0) {
            kd_id *all = KD_NEW(seen_arena, kd_id, *seen_count + chunk.count);
            if (!all)
                return kd_fail_memory(err);
            if (*seen_count)
                memcpy(all, *seen, *seen_count * sizeof *all);
            for (size_t i = 0; i < chunk.count; i++)
                all[*seen_count + i] = chunk.events[i].id;
            *seen = all;
            *seen_count += chunk.count;
        }
        if (status == KD_OK && at_start && kd_people_full(writer->people))
            status = kd_people_checkpoint(writer->people, group, kd_writer_folded(writer, group), writer->checkpoint_rows, err);
    }
    return status;
}

/* A start waits for nothing else, so it takes what processors there are. */
static unsigned replay_threads(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : (unsigned)processors;
}

kd_status kd_writer_replay(kd_writer *writer, uint64_t *replayed, kd_err *err)
{
    kd_replay *replay;
    kd_status  status = kd_replay_open(&replay, writer->store, writer->people, replay_threads(), err);
    *replayed = 0;
    if (status != KD_OK)
        return status;
    for (uint16_t group = 0; group < writer->groups && status == KD_OK; group++) {
        int64_t offset;
        status = kd_reader_offset(&offset, writer->reader, group, KD_PROFILE_CONSUMER, err);
        if (status == KD_OK) {
            set_folded(writer, group, offset);
            status = catch_up(writer, replay, group, replayed, NULL, NULL, NULL, err);
        }
    }
    kd_replay_close(replay);
    return status;
}

/* ---- a batch: keys to persons ---------------------------------------------------------------------------------------- */

static void fail_request(kd_write_request *request, kd_status status, const kd_err *err)
{
    if (request->status != KD_OK)
        return;
    request->status = status;
    request->err = err ? *err : (kd_err){ .status = status };
}

static void fail_all(batch *b, kd_status status, const kd_err *err)
{
    for (size_t i = 0; i < b->count; i++)
        fail_request(b->entries[i].item.request, status, err);
}

static kd_status make_key(kd_key *out, const kd_writer *writer, kd_ident ident, const kd_ident *before, const kd_key *key_before, kd_err *err)
{
    if (before && before->type == ident.type && kd_str_eq(before->value, ident.value)) {
        *out = *key_before;
        return KD_OK;
    }
    return kd_key_make(out, writer->vault, ident.type, ident.value, err);
}

/* A person's events come one after another, so the keys of the one before mostly serve again: `before` may be NULL. */
static kd_status make_keys(kd_writer *writer, batch *b, entry *e, const entry *before)
{
    const kd_incoming *in = e->item.incoming, *last = before ? before->item.incoming : NULL;
    const kd_key      *last_keys = before ? &b->keys[before->first_key] : NULL;
    kd_key            *keys = &b->keys[b->key_count];
    kd_err             err = { 0 };
    kd_status          status = make_key(keys, writer, in->owner, last ? &last->owner : NULL, last_keys, &err);
    e->first_key = (uint32_t)b->key_count;
    for (uint8_t i = 0; i < in->link_count && status == KD_OK; i++) {
        bool has = last && i < last->link_count;
        status = make_key(&keys[1 + i], writer, in->links[i].other, has ? &last->links[i].other : NULL, has ? &last_keys[1 + i] : NULL, &err);
    }
    if (status != KD_OK)
        fail_request(e->item.request, status, &err);
    else
        b->key_count += 1u + in->link_count;
    return status;
}

/* A person for every key, made where there is none, before any event: an event then never waits for an identity. */
static kd_status find_persons(kd_writer *writer, batch *b, kd_err *err)
{
    kd_status    status = KD_OK;
    const entry *before = NULL;
    for (size_t i = 0; i < b->count; i++) {
        entry *e = &b->entries[i];
        if (e->item.incoming && kd_id_is_nil(e->item.incoming->person) && e->item.request->status == KD_OK && make_keys(writer, b, e, before) == KD_OK)
            before = e;
    }
    for (unsigned attempt = 0; b->key_count && attempt < ATTEMPTS_MAX; attempt++) {
        if (attempt)
            wait_ms(1u << (attempt - 1));
        status = kd_identity_ensure(b->persons, b->is_new, writer->identity, writer->reader, b->keys, b->key_count, &writer->rng,
                                    kd_now(writer->clock), err);
        if (status != KD_RETRY && status != KD_UNKNOWN) /* first wins, so running it again is safe */
            break;
    }
    return status;
}

/* Fills key, head and, for a person that is new to the store, the row. */
static void load_slot(kd_writer *writer, batch *b, uint32_t index, bool is_new, const kd_key *made_by)
{
    slot      *s = &b->slots[index];
    kd_err     err = { 0 };
    kd_person *person;
    s->status = is_new ? KD_NOT_FOUND : kd_people_acquire(&person, writer->people, writer->reader, s->person, &err);
    if (s->status == KD_NOT_FOUND && made_by) { /* an identity without a profile row also happens: it was only linked to so far */
        s->status = kd_people_new(&s->row, s->secret, writer->people, s->person, *made_by, &err);
        s->fresh = s->status == KD_OK;
        if (s->fresh)
            s->status = kd_people_acquire(&person, writer->people, writer->reader, s->person, &err);
    }
    if (s->status == KD_OK) {
        s->key = person->key;
        b->heads[index] = person->head;
        kd_withhold_know(writer->withhold, index, &person->profile);
        kd_people_release(writer->people, person);
    } else if ((s->err = KD_NEW(writer->scratch, kd_err, 1))) {
        *s->err = err;
    }
}

static uint32_t new_slot(kd_writer *writer, batch *b, kd_id person)
{
    b->slots[b->slot_count].person = person;
    b->slots[b->slot_count].group = kd_store_group_of(writer->store, person);
    b->slots[b->slot_count].status = KD_OK;
    return (uint32_t)b->slot_count++;
}

static uint32_t slot_of(kd_writer *writer, batch *b, kd_id person, bool is_new, const kd_key *made_by)
{
    uint64_t random; /* the last bytes of a person's id are */
    size_t   at;
    uint32_t index;
    memcpy(&random, person.b + 8, sizeof random);
    for (at = random & b->table_mask; b->table[at]; at = (at + 1) & b->table_mask)
        if (kd_id_eq(b->slots[b->table[at] - 1].person, person))
            return b->table[at] - 1;
    index = new_slot(writer, b, person);
    b->table[at] = index + 1;
    load_slot(writer, b, index, is_new, made_by);
    return index;
}

static uint32_t nobody_slot(kd_writer *writer, batch *b)
{
    uint32_t index = new_slot(writer, b, (kd_id){ 0 });
    b->slots[index].key = *kd_vault_house_key(writer->vault);
    return index;
}

static void find_slots(kd_writer *writer, batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        entry *e = &b->entries[i];
        if (e->item.request->status != KD_OK)
            continue;
        if (e->item.incoming && !kd_id_is_nil(e->item.incoming->person)) {
            e->slot = slot_of(writer, b, e->item.incoming->person, false, NULL);
        } else if (e->item.incoming) {
            e->slot = slot_of(writer, b, b->persons[e->first_key], b->is_new[e->first_key], &b->keys[e->first_key]);
        } else if (kd_id_is_nil(e->item.receipt->person)) {
            e->slot = nobody_slot(writer, b);
        } else {
            e->slot = slot_of(writer, b, e->item.receipt->person, false, NULL);
            if (b->slots[e->slot].status == KD_NOT_FOUND)
                e->slot = nobody_slot(writer, b); /* known by a key only, without a profile: a stranger as far as a decision goes */
        }
        if (b->slots[e->slot].status != KD_OK)
            fail_request(e->item.request, b->slots[e->slot].status, b->slots[e->slot].err);
    }
}

/* What may not be kept leaves the batch here, before its evidence and its bytes are. A person made for nothing else goes too. */
static void withhold_all(kd_writer *writer, batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        entry             *e = &b->entries[i];
        const kd_incoming *kept;
        if (e->item.request->status != KD_OK)
            continue;
        if (e->item.incoming) {
            kept = kd_withhold_pass(writer->withhold, e->slot, b->slots[e->slot].person, e->item.incoming, writer->scratch);
            e->withheld = kept == NULL;
            e->item.incoming = kept ? kept : e->item.incoming;
        }
        b->slots[e->slot].used |= !e->withheld;
    }
    for (size_t i = 0; i < b->slot_count; i++)
        if (b->slots[i].fresh && !b->slots[i].used)
            kd_people_forget(writer->people, b->slots[i].person);
}

/* ---- a batch: evidence ------------------------------------------------------------------------------------------------ */

/* Each link as two rows, one at each person. A row of another group than its event's goes ahead of the event in a
 * transaction of its own: whenever the event is stored, both rows are. */
static void find_links(kd_writer *writer, batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const entry       *e = &b->entries[i];
        const kd_incoming *in = e->item.incoming;
        if (!in || e->withheld || e->item.request->status != KD_OK)
            continue;
        for (uint8_t k = 0; k < in->link_count; k++) {
            kd_link  link = { .person = b->slots[e->slot].person, .other = b->persons[e->first_key + 1 + k], .kind = (uint8_t)in->links[k].kind,
                              .proven = in->links[k].proven, .time_ms = in->fact.time_ms, .event = in->fact.id,
                              .person_type = (uint8_t)in->owner.type, .other_type = (uint8_t)in->links[k].other.type };
            uint16_t own = b->slots[e->slot].group, others = kd_store_group_of(writer->store, link.other);
            if (kd_id_eq(link.person, link.other) || !kd_known_links_add(writer->links, &link, in->received_ms, kd_people_taken_back(writer->people, link.person) || kd_people_taken_back(writer->people, link.other)))
                continue;
            b->links[b->link_count++] = (link_row){ link, own, false, e->item.request };
            link.other = link.person;
            link.other_type = link.person_type;
            link.person_type = (uint8_t)in->links[k].other.type;
            link.person = b->persons[e->first_key + 1 + k];
            b->links[b->link_count++] = (link_row){ link, others, others != own, e->item.request };
        }
    }
}

static size_t pick_links(kd_link *out, const batch *b, uint16_t group, bool ahead)
{
    size_t count = 0;
    for (size_t i = 0; i < b->link_count; i++)
        if (b->links[i].group == group && b->links[i].ahead == ahead && b->links[i].request->status == KD_OK)
            out[count++] = b->links[i].link;
    return count;
}

/* Whoever kept a customer of theirs looks again. Both rows of a link pass here, each with its own person. */
static void note_links(const kd_writer *writer, const kd_link *links, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kd_people_note_links(writer->people, &links[i].person, 1);
}

static kd_status put_links(kd_writer *writer, uint16_t group, const kd_link *links, size_t count, kd_err *err)
{
    kd_status status = KD_OK;
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        kd_txn *txn;
        if (attempt)
            wait_ms(1u << (attempt - 1));
        status = kd_txn_begin(&txn, writer->store, group, err);
        if (status == KD_OK && (status = kd_txn_links_put(txn, links, count, err)) != KD_OK)
            kd_txn_rollback(txn);
        else if (status == KD_OK)
            status = kd_txn_commit(txn, err);
        if (status != KD_RETRY && status != KD_UNKNOWN)
            break;
    }
    return status;
}

static void write_links_ahead(kd_writer *writer, batch *b)
{
    kd_link *links = writer->groups > 1 && b->link_count ? KD_NEW(writer->scratch, kd_link, b->link_count) : NULL;
    if (writer->groups == 1 || b->link_count == 0)
        return;
    for (uint16_t group = 0; group < writer->groups; group++) {
        kd_err    err = { 0 };
        size_t    count = links ? pick_links(links, b, group, true) : 0;
        kd_status status = !links ? kd_fail_memory(&err) : count ? put_links(writer, group, links, count, &err) : KD_OK;
        for (size_t i = 0; status != KD_OK && i < b->link_count; i++)
            if (b->links[i].ahead && b->links[i].group == group)
                fail_request(b->links[i].request, status, &err);
        if (status != KD_OK)
            kd_known_links_forget(writer->links);
        else if (count)
            note_links(writer, links, count);
    }
}

/* ---- a batch: bytes ----------------------------------------------------------------------------------------------------- */

static const kd_id *entry_id(const entry *e)
{
    return e->item.incoming ? &e->item.incoming->fact.id : &e->item.receipt->id;
}

static kd_str entry_body(const entry *e)
{
    return e->item.incoming ? e->item.incoming->body : e->item.receipt->body;
}

static bool is_named(const kd_fact *fact)
{
    return fact->trait_count || fact->ident_count || kd_consent_says(&fact->consent);
}

static void put_facts(kd_writer *writer, const kd_fact *fact, const kd_data_key *key)
{
    kd_fact stored = *fact;
    writer->who.len = 0;
    if (is_named(fact))
        kd_who_seal(&writer->who, fact, key, &writer->clear);
    stored.who = kd_buf_str(&writer->who);
    kd_fact_encode(&writer->bytes, &stored);
    writer->bytes.failed |= writer->who.failed;
}

static void reuse(kd_buf *buf)
{
    if (buf->failed || buf->cap > KEEP_BYTES_MAX) {
        kd_buf_free(buf);
        kd_buf_init(buf, NULL);
    }
    buf->len = 0;
}

/* Facts and sealed bodies of the whole batch in one buffer. */
static kd_status seal_all(kd_writer *writer, batch *b, kd_err *err)
{
    kd_buf *bytes = &writer->bytes;
    size_t  room = 0;
    reuse(bytes);
    reuse(&writer->who);
    reuse(&writer->clear);
    for (size_t i = 0; i < b->count; i++)
        room += entry_body(&b->entries[i]).len + 2 * KD_SEAL_OVERHEAD + 192;
    kd_buf_reserve(bytes, room);
    for (size_t i = 0; i < b->count; i++) {
        entry *e = &b->entries[i];
        if (e->withheld || e->item.request->status != KD_OK)
            continue;
        e->facts = bytes->len;
        if (e->item.incoming)
            put_facts(writer, &e->item.incoming->fact, &b->slots[e->slot].key);
        else
            kd_buf_add_str(bytes, e->item.receipt->facts);
        e->body = bytes->len;
        kd_seal(bytes, &b->slots[e->slot].key, (kd_str){ (const char *)entry_id(e)->b, sizeof entry_id(e)->b }, entry_body(e));
        e->end = bytes->len;
    }
    return kd_buf_status(bytes, err);
}

static kd_event event_of(const kd_writer *writer, const batch *b, const entry *e)
{
    const kd_incoming *in = e->item.incoming;
    const char        *bytes = writer->bytes.ptr;
    kd_event           event = in ? (kd_event){ .id = in->fact.id, .time_ms = in->fact.time_ms, .received_ms = in->received_ms,
                                                .kind = (uint16_t)in->fact.kind }
                                  : *e->item.receipt;
    event.person = b->slots[e->slot].person;
    event.offset = event.prev = 0;
    event.flags |= KD_EVENT_SEALED;
    if (in && in->fact.claimed)
        event.flags |= KD_EVENT_CLAIMED;
    if (in && is_named(&in->fact))
        event.flags |= KD_EVENT_TRAITS;
    event.facts = (kd_str){ bytes + e->facts, e->body - e->facts };
    event.body = (kd_str){ bytes + e->body, e->end - e->body };
    return event;
}

/* ---- a batch: one transaction a group -------------------------------------------------------------------------------------- */

static bool goes_to(const batch *b, const entry *e, uint16_t group)
{
    return !e->withheld && e->item.request->status == KD_OK && b->slots[e->slot].group == group;
}

static bool row_goes_to(const slot *s, uint16_t group)
{
    return s->fresh && s->used && s->group == group;
}

/* Counts first: with many groups, most get little. */
static kd_status plan_group(group_write *w, kd_writer *writer, batch *b, uint16_t group, kd_err *err)
{
    kd_arena *arena = writer->scratch;
    size_t    count = 0, row_count = 0;
    *w = (group_write){ .group = group };
    for (size_t i = 0; i < b->count; i++)
        count += goes_to(b, &b->entries[i], group);
    for (size_t i = 0; i < b->slot_count; i++)
        row_count += row_goes_to(&b->slots[i], group);
    if (count + row_count == 0)
        return KD_OK;
    w->events = KD_NEW(arena, kd_event, count);
    w->slots = KD_NEW(arena, uint32_t, count);
    w->entry = KD_NEW(arena, uint32_t, count);
    w->results = KD_NEW(arena, kd_append, count);
    w->rows = KD_NEW(arena, kd_profile_row, row_count);
    w->links = KD_NEW(arena, kd_link, b->link_count);
    if (!w->events || !w->slots || !w->entry || !w->results || !w->rows || !w->links)
        return kd_fail_memory(err);
    for (size_t i = 0; i < b->count; i++)
        if (goes_to(b, &b->entries[i], group)) {
            w->events[w->count] = event_of(writer, b, &b->entries[i]);
            w->slots[w->count] = b->entries[i].slot;
            w->entry[w->count++] = (uint32_t)i;
        }
    for (size_t i = 0; i < b->slot_count; i++)
        if (row_goes_to(&b->slots[i], group))
            w->rows[w->row_count++] = b->slots[i].row;
    w->link_count = pick_links(w->links, b, group, false);
    return KD_OK;
}

static kd_status commit_group(kd_writer *writer, batch *b, group_write *w, kd_err *err)
{
    kd_txn   *txn;
    kd_status status = kd_txn_begin(&txn, writer->store, w->group, err);
    int64_t   began_us = kd_monotonic_us();
    if (status != KD_OK)
        return status;
    if (w->row_count)
        status = kd_txn_persons_put(txn, w->rows, w->row_count, err);
    if (status == KD_OK && w->link_count)
        status = kd_txn_links_put(txn, w->links, w->link_count, err);
    if (status == KD_OK && w->count)
        status = kd_txn_append(txn, w->events, w->count, b->heads, w->slots, w->results, err);
    if (status != KD_OK) {
        kd_txn_rollback(txn);
        return status;
    }
    status = kd_txn_commit(txn, err);
    atomic_store_explicit(&writer->commit_us, (uint64_t)(kd_monotonic_us() - began_us), memory_order_relaxed);
    return status;
}

/* The newest event of each person of the group, as folded: where an attempt failed, the heads it moved are wrong. */
static kd_status reload_heads(kd_writer *writer, batch *b, uint16_t group, kd_err *err)
{
    for (size_t i = 0; i < b->slot_count; i++) {
        kd_person *person;
        kd_status  status;
        if (b->slots[i].group != group || b->slots[i].status != KD_OK)
            continue;
        if (kd_id_is_nil(b->slots[i].person)) {
            b->heads[i] = 0;
            continue;
        }
        status = kd_people_acquire(&person, writer->people, writer->reader, b->slots[i].person, err);
        if (status != KD_OK)
            return status;
        b->heads[i] = person->head;
        kd_people_release(writer->people, person);
    }
    return KD_OK;
}

/* Until the commit is certain, one way or the other. */
static kd_status commit_surely(kd_writer *writer, batch *b, group_write *w, kd_err *err)
{
    group_state *group = &writer->group[w->group];
    kd_status    status = KD_RETRY;
    kd_id       *seen = NULL;
    size_t       seen_count = 0;
    uint64_t     count = 0;
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX && (status == KD_RETRY || status == KD_UNKNOWN); attempt++) {
        bool again = attempt > 0 || group->unsure;
        if (attempt)
            wait_ms(1u << (attempt - 1));
        if (group->unsure) {
            bool mine = attempt > 0; /* what an earlier batch left behind is no success of this one */
            status = catch_up(writer, writer->catching_up, w->group, &count, mine ? &seen : NULL, &seen_count, writer->scratch, err);
            if (status != KD_OK)
                break;
            group->unsure = false;
        }
        status = again ? reload_heads(writer, b, w->group, err) : KD_OK;
        if (status == KD_OK)
            status = commit_group(writer, b, w, err);
        group->unsure = status != KD_OK && status != KD_RETRY;
    }
    w->recovered = seen;
    w->recovered_count = seen_count;
    if (status == KD_RETRY || status == KD_UNKNOWN)
        status = kd_fail(err, KD_IO, "the store did not take the transaction in %d attempts", (int)ATTEMPTS_MAX);
    return status;
}

static kd_status fold_stored(kd_writer *writer, const entry *e, const kd_event *event, kd_err *err)
{
    kd_person *person;
    kd_status  status;
    if (kd_id_is_nil(event->person))
        return KD_OK;
    status = kd_people_acquire(&person, writer->people, writer->reader, event->person, err);
    if (status != KD_OK)
        return status;
    if (e->item.incoming)
        status = kd_person_fold(person, writer->people, &e->item.incoming->fact, event->offset, err);
    else
        kd_person_touch(person, writer->people, event->offset);
    kd_people_release(writer->people, person);
    return status;
}

static kd_stored stored_of(const entry *e, const kd_event *event)
{
    const kd_incoming *in = e->item.incoming;
    return (kd_stored){ .fact = &in->fact, .person = event->person, .offset = event->offset, .stubs = in->stubs, .seen = in->seen,
                        .received_ms = in->received_ms, .message_id = in->message_id, .first = event->offset > 0 && event->prev == 0 };
}

/* Fold what was stored, in log order, and tell the observers. A fold that fails (memory) leaves the rest of the group to the
 * next catching up; its senders hear of the failure and come again. */
static void fold_group(kd_writer *writer, batch *b, const group_write *w)
{
    kd_stored *told = KD_NEW(writer->scratch, kd_stored, w->count);
    kd_err     err = { 0 };
    kd_status  status = told ? KD_OK : kd_fail_memory(&err);
    size_t     told_count = 0, seen = 0, known = 0;
    for (size_t i = 0; i < w->count; i++) {
        const entry      *e = &b->entries[w->entry[i]];
        kd_write_request *request = e->item.request;
        const kd_event   *event = &w->events[i];
        if (w->results[i] == KD_APPEND_DUPLICATE) {
            bool recovered = seen < w->recovered_count && kd_id_eq(w->recovered[seen], event->id);
            seen += recovered;
            *(recovered ? &request->stored : &request->duplicates) += 1;
            if (told && !recovered && e->item.incoming)
                told[w->count - ++known] = stored_of(e, event); /* from the back: together they are no more than the batch */
            continue;
        }
        if (status == KD_OK && (status = fold_stored(writer, e, event, &err)) == KD_OK) {
            set_folded(writer, w->group, event->offset);
            if (e->item.incoming)
                told[told_count++] = stored_of(e, event);
        }
        if (status == KD_OK)
            request->stored++;
        else
            fail_request(request, status, &err);
    }
    writer->group[w->group].unsure = status != KD_OK;
    tell(writer, told, told_count);
    if (known && writer->of_duplicates.call)
        writer->of_duplicates.call(writer->of_duplicates.self, told + w->count - known, known);
}

static void write_group(kd_writer *writer, batch *b, uint16_t group)
{
    group_write w;
    kd_err      err = { 0 };
    kd_status   status = plan_group(&w, writer, b, group, &err);
    if (status == KD_OK && w.count == 0 && w.row_count == 0)
        return;
    if (status == KD_OK)
        status = commit_surely(writer, b, &w, &err);
    if (status == KD_OK) {
        note_links(writer, w.links, w.link_count);
        fold_group(writer, b, &w);
        return;
    }
    for (size_t i = 0; i < b->count; i++)
        if (goes_to(b, &b->entries[i], group))
            fail_request(b->entries[i].item.request, status, &err);
    for (size_t i = 0; i < b->slot_count; i++)
        if (row_goes_to(&b->slots[i], group))
            kd_people_forget(writer->people, b->slots[i].person);
    kd_known_links_forget(writer->links);
}

static bool open_batch(batch *b, kd_writer *writer, const kd_write_item *items, size_t count)
{
    kd_arena *arena = writer->scratch;
    size_t    keys = 0, links = 0, slots = count, table = 16;
    for (size_t i = 0; i < count; i++)
        if (items[i].incoming) {
            keys += 1u + items[i].incoming->link_count;
            links += 2u * items[i].incoming->link_count;
        } else {
            slots++; /* a receipt's person may turn out to be nobody */
        }
    while (table < 2 * count)
        table *= 2;
    *b = (batch){ .slot_room = slots, .count = count, .entries = KD_NEW(arena, entry, count), .persons = KD_NEW(arena, kd_id, keys),
                  .is_new = KD_NEW(arena, bool, keys), .keys = KD_NEW(arena, kd_key, keys), .slots = KD_NEW(arena, slot, slots),
                  .heads = KD_NEW(arena, int64_t, slots), .table = KD_NEW(arena, uint32_t, table), .table_mask = table - 1,
                  .links = KD_NEW(arena, link_row, links) };
    if (!b->entries || !b->persons || !b->is_new || !b->keys || !b->slots || !b->heads || !b->table || !b->links)
        return false;
    for (size_t i = 0; i < count; i++)
        b->entries[i].item = items[i];
    return true;
}

void kd_writer_write(kd_writer *writer, const kd_write_item *items, size_t count)
{
    batch     b;
    kd_err    err = { 0 };
    kd_status status;
    kd_arena_reset(writer->scratch);
    if (!open_batch(&b, writer, items, count) || !kd_withhold_begin(writer->withhold, b.slot_room, count, writer->scratch)) {
        status = kd_fail_memory(&err);
        for (size_t i = 0; i < count; i++)
            fail_request(items[i].request, status, &err);
        return;
    }
    status = find_persons(writer, &b, &err);
    if (status == KD_OK) {
        find_slots(writer, &b);
        withhold_all(writer, &b);
        find_links(writer, &b);
        status = seal_all(writer, &b, &err);
        if (status == KD_OK)
            write_links_ahead(writer, &b);
    }
    if (status != KD_OK) {
        fail_all(&b, status == KD_RETRY || status == KD_UNKNOWN ? KD_IO : status, &err);
        kd_known_links_forget(writer->links); /* evidence of this batch is not in the store */
    }
    for (uint16_t group = 0; group < writer->groups; group++)
        write_group(writer, &b, group);
    kd_withhold_end(writer->withhold);
}

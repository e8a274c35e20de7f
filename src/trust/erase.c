#include "trust/erase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "event/import.h"
#include "trust/proof.h"
#include "trust/rights.h"

static const kd_id nobody;
enum { EVENTS_AT_ONCE = 1000, LINKS_AT_ONCE = 1000, KEYS_AT_ONCE = 50000, QUARANTINE_PAGE = 200, VALUES_MAX = 256, VALUE_MIN = 4 };
#define TOMBSTONE KD_STR("tombstone")

/* A test ends the process here; a release build has no such thing. */
static void crash_point(kd_step step)
{
#ifndef NDEBUG
    const char *at = getenv("KUNDE_TEST_CRASH");
    if (at && strncmp(at, "erase:", 6) == 0 && strcmp(at + 6, kd_step_name(step)) == 0)
        _exit(9);
#else
    (void)step;
#endif
}

/* ---- gather ---------------------------------------------------------------------------------------------------------- */
typedef struct gathered { kd_case *c; kd_arena *arena; } gathered;

static void add_value(gathered *g, kd_str value)
{
    if (value.len < VALUE_MIN || g->c->value_count == VALUES_MAX)
        return;
    for (size_t i = 0; i < g->c->value_count; i++)
        if (kd_str_eq(g->c->values[i], value))
            return;
    kd_str copy = kd_str_copy(g->arena, value);
    if (copy.ptr)
        g->c->values[g->c->value_count++] = copy;
}

/* The texts by which somebody would know them: keys, and the traits that are contact or name. */
static void add_values(gathered *g, const kd_profile *profile)
{
    static const char *const named[] = { "email", "phone", "name", "lastName", "last_name", "address", "street", "username" };
    for (uint32_t i = 0; i < profile->ident_count; i++)
        add_value(g, profile->idents[i].value);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        const kd_register *trait = kd_profile_trait(profile, named[i]);
        const kd_json     *json = NULL;
        if (!trait || kd_json_parse(&json, g->arena, trait->value.ptr, trait->value.len, NULL) != KD_OK)
            continue;
        add_value(g, kd_json_text(json));
        for (const kd_json *part = json->type == KD_JSON_OBJECT ? json->child : NULL; part; part = part->next)
            add_value(g, kd_json_text(part));
    }
}

static kd_status put_tombstone(kd_txn *txn, void *arg, kd_err *err) { return kd_txn_records_put(txn, arg, 1, err); }

static kd_status gather(kd_rights *rights, kd_case *c, kd_arena *arena, kd_err *err)
{
    gathered  g = { c, arena };
    kd_status status = kd_customers_members(&c->persons, &c->person_count, rights->house.customers, rights->reader, c->seen.person, arena, err);
    c->values = status == KD_OK ? KD_NEW(arena, kd_str, VALUES_MAX) : NULL;
    c->value_count = 0;
    if (status == KD_OK && !c->values)
        status = kd_fail_memory(err);
    for (size_t i = 0; status == KD_OK && i < c->person_count; i++) {
        char      at[32];
        kd_person *person = NULL;
        kd_record  tombstone = { .person = c->persons[i], .kind = TOMBSTONE, .id = c->persons[i], .time_ms = c->began_ms };
        tombstone.body = (kd_str){ at, (size_t)snprintf(at, sizeof at, "{\"at\":%lld}", (long long)c->began_ms) };
        status = kd_people_acquire(&person, rights->house.people, rights->reader, c->persons[i], err);
        if (status == KD_OK) {
            add_values(&g, &person->profile);
            kd_people_release(rights->house.people, person);
        }
        if (status == KD_OK || status == KD_NOT_FOUND) /* a key without events of its own has no profile */
            status = kd_rights_txn(rights, c->persons[i], put_tombstone, &tombstone, err);
    }
    return status;
}

kd_status kd_erase_is_gone(bool *gone, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(65536);
    kd_record *records = NULL;
    size_t     count = 0;
    kd_status  status = arena ? kd_reader_records(&records, &count, reader, person, TOMBSTONE, nobody, 1, arena, err) : kd_fail_memory(err);
    *gone = count > 0;
    kd_arena_free(arena);
    return status;
}

/* ---- unlearn --------------------------------------------------------------------------------------------------------- */
static kd_status head_of(int64_t *head, kd_rights *rights, kd_id id, kd_err *err)
{
    kd_person *person = NULL;
    kd_status  status = kd_people_acquire(&person, rights->house.people, rights->reader, id, err);
    *head = 0;
    if (status == KD_OK) {
        *head = person->head;
        kd_people_release(rights->house.people, person);
    }
    return status == KD_NOT_FOUND ? KD_OK : status;
}

/* What the events taught the live lists is taken back; a restart in between has forgotten it by itself. */
static kd_status unlearn_person(kd_rights *rights, kd_id person, kd_arena *arena, kd_err *err)
{
    int64_t   at = 0;
    kd_status status = head_of(&at, rights, person, err);
    while (status == KD_OK && at > 0) {
        kd_event *events = NULL;
        size_t    count = 0;
        kd_arena_reset(arena);
        status = kd_reader_chain(&events, &count, rights->reader, person, at, EVENTS_AT_ONCE, false, arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            kd_fact fact;
            at = events[i].prev;
            if (events[i].kind >= KD_KIND_DECISION || events[i].flags & KD_EVENT_HOLLOW || kd_fact_decode(&fact, events[i].facts, arena, NULL) != KD_OK)
                continue;
            fact.kind = (kd_kind)events[i].kind;
            fact.time_ms = events[i].time_ms;
            fact.claimed = (events[i].flags & KD_EVENT_CLAIMED) != 0;
            kd_recommender_unlearn(rights->house.recommender, person, &fact, !fact.claimed || kd_people_trust_claims(rights->house.people));
        }
    }
    return status;
}

static kd_status unlearn(kd_rights *rights, const kd_case *c, kd_err *err)
{
    kd_arena *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_status status = arena ? kd_retrain_note(rights, err) : kd_fail_memory(err);
    for (size_t i = 0; status == KD_OK && i < c->person_count; i++)
        status = unlearn_person(rights, c->persons[i], arena, err);
    kd_arena_free(arena);
    return status;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------ */
typedef struct moment { /* what is done between two batches of the writer */
    kd_rights  *rights;
    kd_case    *c;
    kd_key_row *rows;
    size_t      count;
} moment;

static kd_status cut_keys(void *self, kd_err *err)
{
    moment   *m = self;
    kd_status status;
    do
        status = kd_store_keys_unlink(m->rights->house.store, m->rows, m->count, err);
    while (status == KD_RETRY || status == KD_UNKNOWN);
    if (status == KD_OK)
        kd_identity_forget(m->rights->house.identity, m->c->persons, m->c->person_count);
    return status;
}

/* No key can become theirs meanwhile: a key that is new gets a person that is new. */
static kd_status find_keys(moment *m, kd_arena *arena, kd_err *err)
{
    kd_key    cursor = { 0 };
    size_t    room = 0;
    bool      more = true;
    kd_status status = KD_OK;
    while (status == KD_OK && more) {
        kd_key_row *rows = NULL;
        size_t      count = 0;
        kd_arena_reset(arena);
        status = kd_reader_keys_of(&rows, &count, &more, m->rights->reader, m->c->persons, m->c->person_count, &cursor, KEYS_AT_ONCE, arena, err);
        if (status == KD_OK && m->count + count > room) {
            room = 2 * (m->count + count);
            kd_key_row *grown = realloc(m->rows, room * sizeof *grown);
            if (!grown)
                return kd_fail_memory(err);
            m->rows = grown;
        }
        if (status == KD_OK && count) {
            memcpy(m->rows + m->count, rows, count * sizeof *rows);
            m->count += count;
        }
    }
    return status;
}

static kd_status cut_all_keys(kd_rights *rights, kd_case *c, kd_err *err)
{
    moment    m = { .rights = rights, .c = c };
    kd_arena *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_status status = arena ? find_keys(&m, arena, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_ingest_between(rights->house.ingest, cut_keys, &m, err);
    if (status == KD_OK)
        c->keys += m.count;
    kd_arena_free(arena);
    free(m.rows);
    return status;
}

/* ---- empty ----------------------------------------------------------------------------------------------------------- */
typedef struct emptying { kd_id person; int64_t at_ms, from, next; size_t erased; } emptying;

static kd_status empty_some(kd_txn *txn, void *arg, kd_err *err)
{
    emptying *e = arg;
    e->next = e->from;
    return kd_txn_chain_erase(txn, e->person, e->at_ms, &e->next, EVENTS_AT_ONCE, &e->erased, err);
}

static kd_status empty_person(kd_rights *rights, kd_case *c, kd_id person, kd_err *err)
{
    emptying  e = { .person = person, .at_ms = c->began_ms };
    kd_status status = head_of(&e.from, rights, person, err);
    while (status == KD_OK && e.from > 0) {
        if ((status = kd_rights_txn(rights, person, empty_some, &e, err)) == KD_OK) {
            e.from = e.next;
            c->events += e.erased;
        }
    }
    return status;
}

static kd_status empty(kd_rights *rights, kd_case *c, kd_err *err)
{
    kd_status status = KD_OK;
    for (size_t i = 0; status == KD_OK && i < c->person_count; i++)
        status = empty_person(rights, c, c->persons[i], err);
    return status;
}

/* ---- close ----------------------------------------------------------------------------------------------------------- */
typedef struct parting {
    kd_id          person;
    kd_erased      counts;
    const kd_store *store;
    const kd_link *rows;   /* some of its links */
    size_t         count, links;
    uint16_t       group;  /* whose halves go */
    bool           own;    /* the person's halves go */
} parting;

static kd_status part_person(kd_txn *txn, void *arg, kd_err *err)
{
    parting *p = arg;
    p->counts = (kd_erased){ 0 };
    return kd_txn_person_erase(txn, p->person, &p->counts, err);
}

static kd_status part_links(kd_txn *txn, void *arg, kd_err *err)
{
    parting  *p = arg;
    kd_status status = KD_OK;
    p->links = 0;
    for (size_t i = 0; status == KD_OK && i < p->count; i++) {
        size_t erased = 0;
        if (p->own)
            status = kd_txn_link_erase(txn, p->person, p->rows[i].other, &erased, err);
        else if (kd_store_group_of(p->store, p->rows[i].other) == p->group)
            status = kd_txn_link_erase(txn, p->rows[i].other, p->person, &erased, err);
        p->links += erased;
    }
    return status;
}

/* The other halves of some links first, a transaction for each group: its own say where they are. */
static kd_status close_some_links(kd_rights *rights, kd_case *c, kd_id person, const kd_link *rows, size_t count, kd_err *err)
{
    bool      done[KD_PARTS] = { false };
    parting   p = { .person = person, .store = rights->house.store, .rows = rows, .count = count };
    kd_status status = KD_OK;
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        p.group = kd_store_group_of(p.store, rows[i].other);
        if (done[p.group])
            continue;
        done[p.group] = true;
        status = kd_rights_txn(rights, rows[i].other, part_links, &p, err);
        c->links += p.links;
    }
    p.own = true;
    if (status == KD_OK && (status = kd_rights_txn(rights, person, part_links, &p, err)) == KD_OK)
        c->links += p.links;
    return status;
}

/* A page at a time: the public can say half a million things of one key, and the writer waits meanwhile. */
static kd_status close_links(kd_rights *rights, kd_case *c, kd_id person, kd_arena *arena, kd_err *err)
{
    size_t    count = LINKS_AT_ONCE;
    kd_status status = KD_OK;
    while (status == KD_OK && count == LINKS_AT_ONCE) {
        kd_link *links = NULL;
        kd_arena_reset(arena);
        status = kd_reader_links(&links, &count, rights->reader, person, LINKS_AT_ONCE, arena, err);
        if (status == KD_OK && count)
            status = close_some_links(rights, c, person, links, count, err);
        for (size_t i = 0; status == KD_OK && i < count; i++)
            kd_customers_changed(rights->house.customers, &links[i].other, 1);
    }
    return status;
}

static kd_status close_person(kd_rights *rights, kd_case *c, kd_id person, kd_arena *arena, kd_err *err)
{
    parting   p = { .person = person };
    kd_status status = empty_person(rights, c, person, err); /* what came since */
    kd_arena_reset(arena);
    if (status == KD_OK)
        status = close_links(rights, c, person, arena, err);
    if (status == KD_OK)
        status = kd_rights_txn(rights, person, part_person, &p, err);
    if (status == KD_OK) {
        c->profiles += p.counts.profiles;
        c->records += p.counts.records;
        c->links += p.counts.links;
        kd_people_forget(rights->house.people, person);
    }
    return status;
}

static kd_status close_all(void *self, kd_err *err)
{
    moment   *m = self;
    kd_arena *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; status == KD_OK && i < m->c->person_count; i++)
        status = close_person(m->rights, m->c, m->c->persons[i], arena, err);
    if (status == KD_OK) {
        kd_identity_forget(m->rights->house.identity, m->c->persons, m->c->person_count);
        kd_customers_changed(m->rights->house.customers, m->c->persons, m->c->person_count);
    }
    kd_arena_free(arena);
    return status;
}

/* ---- traces ---------------------------------------------------------------------------------------------------------- */
static kd_str folded_case(kd_arena *arena, kd_str text)
{
    char *out = kd_arena_copy(arena, text.ptr, text.len);
    for (size_t i = 0; out && i < text.len; i++)
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] + ('a' - 'A'));
    return (kd_str){ out, out ? text.len : 0 };
}

static bool holds_one(kd_str raw, const kd_str *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (raw.len >= values[i].len && memmem(raw.ptr, raw.len, values[i].ptr, values[i].len))
            return true;
    return false;
}

static kd_status drop_row(kd_txn *txn, void *arg, kd_err *err)
{
    kd_status status = kd_txn_record_delete(txn, nobody, KD_STR("quarantine"), *(kd_id *)arg, err);
    return status == KD_NOT_FOUND ? KD_OK : status;
}

static kd_status clear_quarantine(kd_rights *rights, kd_case *c, kd_err *err)
{
    kd_arena *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES), *own = kd_arena_new(1 << 20);
    kd_str   *values = own ? KD_NEW(own, kd_str, c->value_count + 1) : NULL;
    kd_id     after = nobody;
    kd_status status = arena && values ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; status == KD_OK && i < c->value_count; i++)
        values[i] = folded_case(own, c->values[i]);
    for (size_t count = QUARANTINE_PAGE; status == KD_OK && c->value_count && count == QUARANTINE_PAGE;) {
        kd_quarantined *rows = NULL;
        kd_arena_reset(arena);
        count = 0;
        status = kd_quarantine_list(&rows, &count, rights->reader, rights->house.vault, after, QUARANTINE_PAGE, arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            after = rows[i].id;
            if (!holds_one(folded_case(arena, rows[i].raw), values, c->value_count))
                continue;
            status = kd_rights_txn(rights, nobody, drop_row, &rows[i].id, err);
            c->quarantined += status == KD_OK;
        }
    }
    kd_arena_free(arena);
    kd_arena_free(own);
    return status;
}

/* ---- receipt --------------------------------------------------------------------------------------------------------- */
static kd_status sign(kd_rights *rights, kd_case *c, kd_arena *arena, kd_err *err)
{
    char   id[KD_ID_TEXT], began[25], done[25], due[25], signature[KD_PROOF_HEX + 1], public_key[KD_PROOF_KEY_HEX + 1];
    kd_buf said, receipt;
    kd_jw  w;
    kd_id_format(id, c->seen.id);
    kd_time_format(began, c->began_ms);
    kd_time_format(done, kd_now(rights->house.clock));
    kd_time_format(due, rights->retrain_due_ms);
    kd_buf_init(&said, arena);
    kd_jw_init(&w, &said);
    kd_jw_object(&w);
    KD_JW_Z(&w, "statement", "erased");
    KD_JW_Z(&w, "request", id);
    KD_JW_Z(&w, "began", began);
    KD_JW_Z(&w, "done", done);
    KD_JW_I64(&w, "persons", (int64_t)c->person_count);
    KD_JW_I64(&w, "profiles", (int64_t)c->profiles);
    KD_JW_I64(&w, "events", (int64_t)c->events);
    KD_JW_I64(&w, "identityKeys", (int64_t)c->keys);
    KD_JW_I64(&w, "links", (int64_t)c->links);
    KD_JW_I64(&w, "records", (int64_t)c->records);
    KD_JW_I64(&w, "quarantinedRows", (int64_t)c->quarantined);
    if (rights->retrain_due_ms)
        KD_JW_Z(&w, "modelsRetrainedBy", due);
    kd_jw_object_end(&w);
    kd_status status = kd_buf_status(&said, err);
    if (status != KD_OK)
        return status;
    kd_proof_sign(signature, public_key, rights->house.vault, kd_buf_str(&said));
    kd_buf_init(&receipt, arena);
    kd_jw_init(&w, &receipt);
    kd_jw_object(&w);
    KD_JW_STR(&w, "said", kd_buf_str(&said)); /* as text: the signature is over these bytes */
    KD_JW_Z(&w, "algorithm", "Ed25519");
    KD_JW_Z(&w, "publicKey", public_key);
    KD_JW_Z(&w, "signature", signature);
    kd_jw_object_end(&w);
    c->seen.receipt = kd_buf_str(&receipt);
    c->seen.person = nobody;
    c->person_count = c->value_count = 0;
    return kd_buf_status(&receipt, err);
}

/* ---- the saga -------------------------------------------------------------------------------------------------------- */
static kd_status take_step(kd_rights *rights, kd_case *c, kd_arena *arena, kd_err *err)
{
    moment m = { .rights = rights, .c = c };
    switch (c->step) {
    case KD_STEP_GATHER:  return gather(rights, c, arena, err);
    case KD_STEP_UNLEARN: return unlearn(rights, c, err);
    case KD_STEP_KEYS:    return cut_all_keys(rights, c, err);
    case KD_STEP_EMPTY:   return empty(rights, c, err);
    case KD_STEP_CLOSE: {
        kd_status status = kd_ingest_between(rights->house.ingest, close_all, &m, err);
        if (status == KD_OK && rights->house.forget)
            rights->house.forget(rights->house.self, c->persons, c->person_count);
        return status;
    }
    case KD_STEP_TRACES:  return clear_quarantine(rights, c, err);
    case KD_STEP_RECEIPT: return sign(rights, c, arena, err);
    case KD_STEP_SWEEP:
        c->seen.state = KD_RIGHT_DONE;
        c->seen.closed_ms = kd_now(rights->house.clock);
        return kd_store_sweep(rights->house.store, err);
    default: return KD_OK;
    }
}

kd_status kd_erase_run(kd_rights *rights, kd_case *c, kd_arena *arena, kd_err *err)
{
    kd_status status = KD_OK;
    while (status == KD_OK && c->step < KD_STEP_DONE) {
        int64_t from_us = kd_monotonic_us();
        status = take_step(rights, c, arena, err);
        crash_point(c->step); /* done, and not yet said so: it is done again */
        if (status != KD_OK)
            return status;
        kd_log(KD_LOG_INFO, "trust", "erase", "step=%s ms=%lld", kd_step_name(c->step), (long long)((kd_monotonic_us() - from_us) / 1000));
        c->step++;
        c->seen.why = (kd_str){ 0 };
        status = kd_case_save(rights, c, err);
    }
    return status;
}

kd_status kd_erase_start(kd_id *request, kd_rights *rights, kd_reader *reader, kd_id person, kd_str by, kd_err *err)
{
    kd_arena     *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_right_case c = { 0 };
    kd_status     status = arena ? kd_rights_open_request(&c, rights, reader, KD_RIGHT_ERASE, person, by, arena, err) : kd_fail_memory(err);
    if (status == KD_OK || (status == KD_CONFLICT && c.state == KD_RIGHT_OPEN))
        status = kd_rights_run(&c, rights, reader, c.id, by, arena, err);
    *request = c.id;
    kd_arena_free(arena);
    return status;
}

kd_status kd_erase_wait(kd_rights *rights, kd_reader *reader, kd_id request, int64_t timeout_ms, kd_err *err)
{
    const int64_t until_us = kd_monotonic_us() + timeout_ms * 1000;
    kd_arena     *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_status     status = arena ? KD_OK : kd_fail_memory(err);
    bool          done = false;
    while (status == KD_OK && !done) {
        kd_right_case c;
        kd_arena_reset(arena);
        status = kd_rights_get(&c, rights, reader, request, arena, err);
        done = status == KD_OK && c.state == KD_RIGHT_DONE;
        if (status == KD_OK && !done && c.why.len)
            status = kd_fail(err, KD_IO, "the erasure is held up and tried again: %.*s", (int)(c.why.len < 160 ? c.why.len : 160), c.why.ptr);
        else if (status == KD_OK && !done && kd_monotonic_us() > until_us)
            status = kd_fail(err, KD_LIMIT, "the erasure goes on and is not done yet");
        else if (status == KD_OK && !done)
            nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    kd_arena_free(arena);
    return status;
}

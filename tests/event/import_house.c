#include "import_house.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MASTER_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define NOW INT64_C(1795370000000) /* 2026-11-22 */

void house_new(house *h)
{
    *h = (house){ .now_ms = NOW };
    snprintf(h->folder, sizeof h->folder, "/tmp/kd_import_XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    house_open(h, NULL, NULL);
}

void house_open(house *h, kd_observer observer, void *self)
{
    char      path[96];
    kd_err    err = { 0 };
    kd_status status;
    snprintf(path, sizeof path, "%s/kunde.db", h->folder);
    assert_ok(kd_store_open(&h->store, &(kd_store_options){ .path = path, .groups = 1, .create = true }, &err), err);
    assert_ok(kd_reader_open(&h->reader, h->store, &err), err);
    assert_ok(kd_vault_open(&h->vault, h->store, h->reader, NULL, MASTER_KEY, true, &err), err);
    const kd_people_options people = { 256 << 20, 128 << 20, kd_profile_caps_default(), false };
    assert_ok(kd_people_open(&h->people, h->store, h->vault, &people, &err), err);
    assert_ok(kd_identity_open(&h->identity, h->store, 16 << 20, &err), err);
    kd_clock clock = kd_clock_at(&h->now_ms);
    assert_ok(kd_ingest_open(&h->ingest, h->store, h->people, h->identity, h->vault, &(kd_ingest_options){ .clock = clock },
                             &err), err);
    if (observer)
        kd_ingest_observe(h->ingest, observer, self);
    assert_ok(kd_ingest_start(h->ingest, NULL, &err), err);
    status = kd_catalog_open(&h->catalog, h->store, h->reader, clock, &err);
    assert_ok(status, err);
    h->importer = (kd_importer){ h->store, h->reader, h->ingest, h->catalog, h->vault, clock, NULL, NULL };
}

void house_close(house *h)
{
    kd_err err = { 0 };
    assert_ok(kd_ingest_stop(h->ingest, &err), err);
    kd_ingest_close(h->ingest);
    kd_catalog_close(h->catalog);
    kd_identity_close(h->identity);
    kd_people_close(h->people);
    kd_vault_close(h->vault);
    kd_reader_close(h->reader);
    kd_store_close(h->store);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st; (void)type; (void)at;
    return remove(path);
}

void house_remove(house *h)
{
    house_close(h);
    nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

kd_import_options options_of(kd_import_what what)
{
    return (kd_import_options){ .what = what, .source = KD_STR("till"), .currency = { "GBP" } };
}

kd_status import_input(house *h, kd_import_counts *counts, kd_input *in, const char *name, const kd_import_options *options,
                       kd_err *err)
{
    kd_status status = kd_import_run(counts, &h->importer, in, name, options, NULL, NULL, NULL, err);
    kd_input_close(in);
    return status;
}

kd_status import_bytes(house *h, kd_import_counts *counts, const void *bytes, size_t len, const char *name,
                       const kd_import_options *options, kd_err *err)
{
    kd_input *in = NULL;
    kd_err    e = { 0 };
    assert_ok(kd_input_memory(&in, bytes, len, "", 0, &e), e);
    return import_input(h, counts, in, name, options, err);
}

kd_status import_text(house *h, kd_import_counts *counts, const char *text, const char *name, const kd_import_options *options,
                      kd_err *err)
{
    return import_bytes(h, counts, text, strlen(text), name, options, err);
}

kd_status import_path(house *h, kd_import_counts *counts, const char *path, const kd_import_options *options, kd_err *err)
{
    kd_input *in = NULL;
    kd_status status = kd_input_open(&in, AT_FDCWD, STDIN_FILENO, path, err);
    return status == KD_OK ? import_input(h, counts, in, path, options, err) : status;
}

/* ---- what the house knows ---- */

typedef struct known { kd_id person; kd_key key; kd_data_key data_key; } known;

static known person_of(house *h, kd_id id)
{
    kd_person *person = NULL;
    kd_err     err = { 0 };
    assert_ok(kd_people_acquire(&person, h->people, h->reader, id, &err), err);
    known k = { id, person->made_by, person->key };
    kd_people_release(h->people, person);
    return k;
}

typedef void (*each_stored)(void *self, house *h, const kd_event *event, const known *owner, kd_arena *arena);

static void scan_log(house *h, bool with_body, each_stored call, void *self)
{
    kd_arena *arena = kd_arena_new(512 << 20);
    int64_t   after = 0;
    for (;;) {
        kd_event *events = NULL;
        size_t    count = 0;
        kd_err    err = { 0 };
        kd_arena_reset(arena);
        assert_ok(kd_reader_log(&events, &count, h->reader, 0, after, 500, with_body, arena, &err), err);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            known owner = person_of(h, events[i].person);
            call(self, h, &events[i], &owner, arena);
            after = events[i].offset;
        }
    }
    kd_arena_free(arena);
}

static void add_to_state(void *self, house *h, const kd_event *event, const known *owner, kd_arena *arena)
{
    state   *s = self;
    kd_fact  fact = { 0 };
    kd_err   err = { 0 };
    kd_str   body = { 0 };
    kd_buf   facts;
    (void)h;
    kd_buf_init(&facts, NULL);
    assert_ok(kd_fact_decode(&fact, event->facts, arena, &err), err);
    fact.who = (kd_str){ 0 }; /* sealed, and so never twice the same */
    kd_fact_encode(&facts, &fact);
    assert_ok(kd_stored_body(&body, event, &owner->data_key, arena, &err), err);
    uint64_t hash = kd_hash64(&owner->key.type, sizeof owner->key.type, 0); /* its hash is keyed by what is each database's own */
    hash = kd_hash64(event->id.b, sizeof event->id.b, hash ^ (uint64_t)event->time_ms);
    hash = kd_hash64(facts.ptr, facts.len, hash);
    kd_buf_free(&facts);
    s->digest += kd_hash64(body.ptr, body.len, hash);
    s->events++;
    s->lines += fact.line_count;
}

state state_of(house *h)
{
    state     s = { 0 };
    kd_arena *arena = kd_arena_new(64 << 20);
    int64_t   cursor = 0;
    scan_log(h, true, add_to_state, &s);
    for (;;) {
        kd_profile_row *rows = NULL;
        size_t          count = 0;
        kd_err          err = { 0 };
        kd_arena_reset(arena);
        assert_ok(kd_reader_profile_scan(&rows, &count, h->reader, 0, &cursor, 200, arena, &err), err);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            kd_person *person = NULL;
            kd_buf     bytes;
            kd_buf_init(&bytes, NULL);
            assert_ok(kd_people_acquire(&person, h->people, h->reader, rows[i].person, &err), err);
            kd_profile_encode(&bytes, &person->profile);
            s.profiles_digest += kd_hash64(bytes.ptr, bytes.len, person->made_by.type);
            kd_people_release(h->people, person);
            kd_buf_free(&bytes);
            s.persons++;
        }
    }
    kd_arena_free(arena);
    return s;
}

typedef struct walk { each_event call; void *self; } walk;

static void decode_and_call(void *self, house *h, const kd_event *event, const known *owner, kd_arena *arena)
{
    walk   *w = self;
    kd_fact fact = { 0 };
    kd_err  err = { 0 };
    (void)h;
    assert_ok(kd_fact_decode(&fact, event->facts, arena, &err), err);
    fact.kind = (kd_kind)event->kind;
    fact.time_ms = event->time_ms;
    fact.id = event->id;
    fact.claimed = event->flags & KD_EVENT_CLAIMED;
    w->call(w->self, &fact, (kd_key_type)owner->key.type);
}

void for_each_event(house *h, each_event call, void *self)
{
    scan_log(h, false, decode_and_call, &(walk){ call, self });
}

size_t quarantine_count(house *h)
{
    kd_arena *arena = kd_arena_new(64 << 20);
    size_t    total = 0, count = 0;
    kd_id     after = { 0 };
    do {
        kd_quarantined *rows = NULL;
        kd_err          err = { 0 };
        assert_ok(kd_quarantine_list(&rows, &count, h->reader, h->vault, after, 100, arena, &err), err);
        total += count;
        if (count > 0)
            after = rows[count - 1].id;
    } while (count > 0);
    kd_arena_free(arena);
    return total;
}

typedef struct wanted { const char *order_id; kd_kind kind; kd_arena *arena; kd_str body; } wanted;

static void keep_body(void *self, house *h, const kd_event *event, const known *owner, kd_arena *arena)
{
    wanted *w = self;
    kd_fact fact = { 0 };
    kd_str  body = { 0 };
    kd_err  err = { 0 };
    (void)h;
    assert_ok(kd_fact_decode(&fact, event->facts, arena, &err), err);
    if (event->kind != w->kind || !kd_str_is(fact.order_id, w->order_id))
        return;
    assert_null(w->body.ptr);
    assert_ok(kd_stored_body(&body, event, &owner->data_key, arena, &err), err);
    w->body = kd_str_copy(w->arena, body);
}

kd_str body_of(house *h, const char *order_id, kd_kind kind, kd_arena *arena)
{
    wanted w = { order_id, kind, arena, { 0 } };
    scan_log(h, true, keep_body, &w);
    return w.body;
}

#include "event/import_run.h"

#include <stdlib.h>

/* Why this is needed: an order's event is known by the ordinal of its first line, so an order that has grown since it was
 * imported comes under the id that the store knows, and would be taken for a repetition. That happens whenever an export is
 * cut in the middle of an order, or a line lay in quarantine and has been put right in the file. Lines are compared by what
 * they say only to find which are missing; where the numbers of lines are equal, nothing is done, whatever they say. */

enum { AMEND_BYTES_MAX = 256 << 20, KEYS_AT_ONCE = 256 };

static bool same_line(const kd_fact_line *a, const kd_fact_line *b)
{
    return a->quantity == b->quantity && a->price_micro == b->price_micro && kd_str_eq(a->product, b->product)
        && kd_str_eq(a->variant, b->variant);
}

/* Which lines of `event` the stored one lacks: of equal lines as many as there are more, at most as many as it is shorter. */
static size_t find_missing(bool *missing, const kd_fact *event, const kd_fact *stored, bool *taken)
{
    size_t room = event->line_count - stored->line_count, found = 0;
    for (size_t i = 0; i < event->line_count && found < room; i++) {
        size_t s = 0;
        while (s < stored->line_count && (taken[s] || !same_line(&event->lines[i], &stored->lines[s])))
            s++;
        if (s < stored->line_count)
            taken[s] = true;
        else {
            missing[i] = true;
            found++;
        }
    }
    return found;
}

static void write_missing_rows(kd_jw *w, const kd_json *rows, const bool *missing)
{
    size_t i = 0;
    kd_jw_array(w);
    for (const kd_json *row = rows->child; row; row = row->next)
        if (missing[i++])
            kd_jw_raw(w, row->raw);
    kd_jw_array_end(w);
}

/* The same body with another message id and only the missing rows. */
static kd_status write_body(kd_buf *out, const kd_json *body, kd_str message_id, const bool *missing, kd_err *err)
{
    kd_jw w;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    for (const kd_json *member = body->child; member; member = member->next) {
        kd_jw_key_str(&w, member->key);
        if (kd_str_is(member->key, "messageId"))
            kd_jw_str(&w, message_id);
        else if (kd_str_is(member->key, "properties")) {
            kd_jw_object(&w);
            for (const kd_json *property = member->child; property; property = property->next) {
                kd_jw_key_str(&w, property->key);
                if (kd_str_is(property->key, "rows"))
                    write_missing_rows(&w, property, missing);
                else
                    kd_jw_raw(&w, property->raw);
            }
            kd_jw_object_end(&w);
        } else
            kd_jw_raw(&w, member->raw);
    }
    kd_jw_object_end(&w);
    return kd_buf_status(out, err);
}

/* *made false: nothing is missing. */
static kd_status supplement(kd_incoming *out, bool *made, const kd_import *run, const kd_incoming *event, const kd_fact *stored,
                            kd_arena *arena, kd_err *err)
{
    const kd_json *body = NULL;
    kd_buf         text, id;
    bool          *missing = KD_NEW(arena, bool, event->fact.line_count), *taken = KD_NEW(arena, bool, stored->line_count + 1);
    kd_fact_line  *lines = KD_NEW(arena, kd_fact_line, event->fact.line_count);
    struct kd_stub_hint *stubs = KD_NEW(arena, struct kd_stub_hint, event->fact.line_count);
    size_t         count = 0;
    if (!missing || !taken || !lines || !stubs)
        return kd_fail_memory(err);
    kd_status status = kd_json_parse(&body, arena, event->body.ptr, event->body.len, err);
    if (status != KD_OK)
        return status;
    const kd_json *rows = kd_json_path(body, "properties.rows");
    if (!rows || rows->count != event->fact.line_count || find_missing(missing, &event->fact, stored, taken) == 0)
        return KD_OK;
    for (size_t i = 0; i < event->fact.line_count; i++)
        if (missing[i]) {
            lines[count] = event->fact.lines[i];
            stubs[count++] = event->stubs[i];
        }
    kd_buf_init(&id, arena);
    kd_buf_add_str(&id, event->message_id);
    kd_buf_addf(&id, "+%zu", stored->line_count);
    *out = *event;
    out->message_id = kd_buf_str(&id);
    out->fact.id = kd_event_id(run->options->source, out->message_id, kd_id_time_ms(event->fact.id), false);
    out->fact.lines = lines;
    out->fact.line_count = count;
    out->stubs = stubs;
    kd_buf_init(&text, arena);
    status = write_body(&text, body, out->message_id, missing, err);
    out->body = kd_buf_str(&text);
    *made = status == KD_OK;
    return status;
}

/* Append to `made` what a run of at most KEYS_AT_ONCE events lacks in the store. */
static kd_status find_supplements(kd_incoming *made, size_t *made_count, const kd_import *run, const kd_incoming *events,
                                  size_t count, kd_arena *arena, kd_err *err)
{
    kd_key    keys[KEYS_AT_ONCE] = { 0 };
    kd_id     persons[KEYS_AT_ONCE];
    kd_status status = KD_OK;
    for (size_t i = 0; i < count && status == KD_OK; i++)
        status = kd_key_make(&keys[i], run->to->vault, events[i].owner.type, events[i].owner.value, err);
    if (status == KD_OK)
        status = kd_reader_keys(persons, run->to->reader, keys, count, err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_event stored = { 0 };
        kd_fact  fact = { 0 };
        bool     is_made = false;
        status = kd_reader_event(&stored, run->to->reader, persons[i], events[i].fact.id, arena, err);
        if (status == KD_NOT_FOUND || (status == KD_OK && (stored.flags & KD_EVENT_HOLLOW))) {
            status = KD_OK; /* erased meanwhile, or past its retention: it is not to come back */
            continue;
        }
        if (status == KD_OK)
            status = kd_fact_decode(&fact, stored.facts, arena, err);
        if (status == KD_OK && fact.line_count < events[i].fact.line_count)
            status = supplement(&made[*made_count], &is_made, run, &events[i], &fact, arena, err);
        *made_count += is_made;
    }
    return status;
}

kd_status kd_import_amend(kd_import *run, const kd_incoming *events, size_t count, kd_err *err)
{
    kd_arena    *arena = kd_arena_new(AMEND_BYTES_MAX);
    kd_incoming *made = arena ? KD_NEW(arena, kd_incoming, count) : NULL;
    size_t       made_count = 0, stored = 0, duplicates = 0;
    kd_status    status = made ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK; i += KEYS_AT_ONCE) {
        size_t some = count - i < KEYS_AT_ONCE ? count - i : KEYS_AT_ONCE;
        status = find_supplements(made, &made_count, run, events + i, some, arena, err);
    }
    if (status == KD_OK && made_count > 0)
        status = kd_ingest_write(run->to->ingest, made, made_count, &stored, &duplicates, err);
    if (status == KD_OK) {
        run->counts->events += made_count;
        run->counts->stored += stored;
        run->counts->duplicates += duplicates;
    }
    if (status == KD_OK && duplicates > 0) /* a supplement may have grown as well; each is shorter than what it supplements */
        status = kd_import_amend(run, made, made_count, err);
    kd_arena_free(arena);
    return status;
}

#include "event/import_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/import_values.h"

/* Files whose rows are events: of customers (each row an identify call), and of events themselves.
 *
 * Both become the JSON that the collect door reads, and are read by its own parser, so that a row means here what it means
 * there. Ids. An event that brings a messageId, or is a whole order, is known by that. The others are known by their file
 * (its first row, so that a log that has grown repeats nothing), line and text. A customer's row is known by its file (first
 * row and size), line and text: the same file again changes nothing, while a later export that says something new, or says
 * again what was true before, counts as news. */

enum { C_USER, C_ANONYMOUS, C_EMAIL, C_PHONE, C_CARD, C_TIME };
static const kd_import_field customer_fields[] = {
    [C_USER] = { "customer", "customerid customer userid user householdid customernumber customerno id", false },
    [C_ANONYMOUS] = { "anonymous_id", "anonymousid cookie cookieid", false },
    [C_EMAIL] = { "email", "email emailaddress mail", false },
    [C_PHONE] = { "phone", "phone phonenumber mobile", false },
    [C_CARD] = { "card", "card cardid loyaltycard loyaltyid loyaltycardid cardnumber", false },
    [C_TIME] = { "time", "updatedat modifiedat lastmodified timestamp", false },
};
static const kd_import_table customer_table = { customer_fields, sizeof customer_fields / sizeof *customer_fields, true };

enum { E_TYPE, E_EVENT, E_USER, E_ANONYMOUS, E_EMAIL, E_PHONE, E_CARD, E_TIME, E_ID, E_CHANNEL };
static const kd_import_field event_fields[] = {
    [E_TYPE] = { "type", "type", false },
    [E_EVENT] = { "event", "event eventname", true },
    [E_USER] = { "customer", "userid customerid customer user", false },
    [E_ANONYMOUS] = { "anonymous_id", "anonymousid cookie cookieid sessionid session", false },
    [E_EMAIL] = { "email", "email emailaddress", false },
    [E_PHONE] = { "phone", "phone phonenumber mobile", false },
    [E_CARD] = { "card", "card cardid loyaltycard loyaltyid loyaltycardid cardnumber", false },
    [E_TIME] = { "time", "timestamp originaltimestamp eventtime time date datetime", true },
    [E_ID] = { "message_id", "messageid eventid", false },
    [E_CHANNEL] = { "channel", "channel", false },
};
static const kd_import_table event_table = { event_fields, sizeof event_fields / sizeof *event_fields, true };

typedef struct reading {
    kd_import *run;
    const kd_row_kind *kind; /* NULL: events */
    kd_arena  *arena;  /* of one row, before it is an event */
    kd_buf     json;
} reading;

/* ---- a row as JSON ---- */

void kd_import_write_text(kd_jw *w, const char *key, kd_str text)
{
    if (text.len > 0)
        KD_JW_STR(w, key, text);
}

/* The cells that are no field; empty ones say nothing. */
void kd_import_write_others(kd_jw *w, const kd_row *row)
{
    const kd_json *member = row->object ? row->object->child : NULL;
    for (size_t c = 0; c < row->count; c++, member = member ? member->next : NULL) {
        if (row->field_of[c] != KD_IMPORT_NO_FIELD || row->cells[c].len == 0 || row->names[c].len == 0)
            continue;
        kd_jw_key_str(w, row->names[c]);
        if (member)
            kd_jw_raw(w, member->raw);
        else
            kd_jw_str(w, row->cells[c]);
    }
}

kd_status kd_import_write_time(kd_jw *w, const kd_import *run, kd_str text, const char *field, kd_err *err)
{
    int64_t     ms, written;
    const char *why;
    char        iso[25];
    if (text.len == 0)
        return KD_OK;
    if (!kd_import_time(&ms, &written, text, run->options->dates, run->options->utc_offset_min, &why))
        return kd_fail_field(err, KD_INVALID, field, "%s", why);
    kd_time_format(iso, ms);
    KD_JW_Z(w, "timestamp", iso);
    return KD_OK;
}

static void write_message_id(kd_jw *w, const kd_import *run, uint64_t file, const kd_row *row, uint64_t text)
{
    char id[64];
    snprintf(id, sizeof id, "%016" PRIx64 ":%" PRIu64 ":%016" PRIx64, file, kd_import_line(run, row), text);
    KD_JW_Z(w, "messageId", id);
}

static uint64_t hash_of_row(const kd_row *row)
{
    uint64_t h = 0;
    if (row->object)
        return kd_hash64(row->raw.ptr, row->raw.len, 0); /* as sent: a transform that was mended makes no other event of it */
    for (size_t c = 0; c < row->count; c++)
        h = kd_hash64(row->cells[c].ptr, row->cells[c].len, h);
    return h;
}

void kd_import_write_id(kd_jw *w, const kd_import *run, const kd_row *row)
{
    write_message_id(w, run, run->head, row, hash_of_row(row));
}

void kd_import_write_known_as(kd_jw *w, kd_str email, kd_str phone, kd_str card)
{
    kd_import_write_text(w, "email", email);
    kd_import_write_text(w, "phone", phone);
    kd_import_write_text(w, "loyalty_id", card);
}

static kd_status customer_json(kd_jw *w, const kd_import *run, const kd_row *row, kd_err *err)
{
    kd_jw_object(w);
    KD_JW_Z(w, "type", "identify");
    const uint64_t bytes = kd_import_bytes(run);
    write_message_id(w, run, kd_hash64(&bytes, sizeof bytes, run->head), row, hash_of_row(row));
    kd_status status = kd_import_write_time(w, run, row->field[C_TIME], "time", err);
    kd_import_write_text(w, "userId", row->field[C_USER]);
    kd_import_write_text(w, "anonymousId", row->field[C_ANONYMOUS]);
    kd_jw_key(w, "traits");
    kd_jw_object(w);
    kd_import_write_known_as(w, row->field[C_EMAIL], row->field[C_PHONE], row->field[C_CARD]);
    kd_import_write_others(w, row);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    return status;
}

static const kd_row_kind customer_kind = { &customer_table, customer_json, KD_CALL_IDENTIFY };

/* An event of a CSV file: columns that are no field are its properties (of an identify row, its traits). */
static kd_status event_json(kd_jw *w, reading *r, const kd_row *row, kd_err *err)
{
    kd_str type = row->field[E_TYPE].len > 0 ? row->field[E_TYPE] : KD_STR("track");
    kd_jw_object(w);
    KD_JW_STR(w, "type", type);
    kd_import_write_text(w, kd_str_is(type, "page") || kd_str_is(type, "screen") ? "name" : "event", row->field[E_EVENT]);
    if (row->field[E_ID].len > 0)
        KD_JW_STR(w, "messageId", row->field[E_ID]);
    kd_status status = kd_import_write_time(w, r->run, row->field[E_TIME], "time", err);
    kd_import_write_text(w, "userId", row->field[E_USER]);
    kd_import_write_text(w, "anonymousId", row->field[E_ANONYMOUS]);
    kd_import_write_text(w, "channel", row->field[E_CHANNEL]);
    kd_jw_key(w, "context");
    kd_jw_object(w);
    kd_jw_key(w, "traits");
    kd_jw_object(w);
    kd_import_write_known_as(w, row->field[E_EMAIL], row->field[E_PHONE], row->field[E_CARD]);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    kd_jw_key(w, kd_str_is(type, "identify") ? "traits" : "properties");
    kd_jw_object(w);
    kd_import_write_others(w, row);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    return status;
}

/* An event without an id of its own gets one made of where it stands. */
static void with_message_id(kd_jw *w, const reading *r, const kd_row *row, const kd_json *item)
{
    kd_jw_object(w);
    write_message_id(w, r->run, r->run->head, row, hash_of_row(row));
    for (const kd_json *member = item->child; member; member = member->next)
        if (!kd_str_is(member->key, "messageId")) {
            kd_jw_key_str(w, member->key);
            kd_jw_raw(w, member->raw);
        }
    kd_jw_object_end(w);
}

/* ---- JSON as an event ---- */

static kd_status read_json(kd_incoming *out, reading *r, kd_str text, kd_call call, kd_arena *arena, kd_err *err)
{
    const kd_incoming_context context = { .speaker = KD_SPEAKER_SERVER, .source = r->run->options->source,
        .received_ms = kd_now(r->run->to->clock), .sent_at_ms = KD_TIME_MIN, .channel = KD_CHANNEL_FILE,
        .policy = r->run->to->policy };
    const kd_json *item = NULL;
    kd_status      status = kd_json_parse(&item, arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    kd_incoming_from_json(out, call, item, NULL, &context, arena);
    if (out->status != KD_OK && err)
        *err = out->err;
    return out->status;
}

/* The writer takes a batch or leaves it: a key that it would refuse is found here, where it costs one row. */
static kd_status check_keys(const kd_incoming *event, const kd_vault *vault, kd_err *err)
{
    kd_key    key;
    kd_status status = kd_key_make(&key, vault, event->owner.type, event->owner.value, err);
    for (uint8_t i = 0; i < event->link_count && status == KD_OK; i++)
        status = kd_key_make(&key, vault, event->links[i].other.type, event->links[i].other.value, err);
    return status;
}

static bool has_own_id(const kd_incoming *event, const kd_json *item)
{
    return kd_str_trim(kd_json_text(kd_json_get(item, "messageId"))).len > 0 || kd_str_starts(event->message_id, "order:");
}

/* KD_INVALID: the row is bad. The event is made of JSON in r->json, or of the row itself. */
static kd_status make_event(kd_incoming *out, reading *r, const kd_row *row, kd_arena *arena, kd_err *err)
{
    kd_jw     w;
    kd_status status = KD_OK;
    kd_str    text = row->object ? row->object->raw : row->raw;
    bool      events = r->kind == NULL; /* of the other kinds, rows are turned into calls of one kind, ids included */
    bool      as_sent = row->object && !row->table && events;
    r->json.len = 0;
    r->json.failed = false;
    kd_jw_init(&w, &r->json);
    if (!as_sent) {
        status = events ? event_json(&w, r, row, err) : r->kind->write(&w, r->run, row, err);
        text = kd_buf_str(&r->json);
    }
    if (status == KD_OK && (status = kd_buf_status(&r->json, err)) == KD_OK)
        status = read_json(out, r, text, events ? KD_CALL_BATCH : r->kind->call, arena, err);
    if (status == KD_OK && events) {
        const kd_json *item = NULL;
        kd_arena_reset(r->arena);
        status = kd_json_parse(&item, r->arena, text.ptr, text.len, err);
        if (status == KD_OK && !has_own_id(out, item)) {
            kd_buf named;
            kd_buf_init(&named, r->arena);
            kd_jw_init(&w, &named);
            with_message_id(&w, r, row, item);
            if ((status = kd_buf_status(&named, err)) == KD_OK)
                status = read_json(out, r, kd_buf_str(&named), KD_CALL_BATCH, arena, err);
        }
    }
    if (status == KD_OK)
        status = check_keys(out, r->run->to->vault, err);
    return status == KD_LIMIT ? KD_INVALID : status; /* too long, too deep: this row, not the file */
}

/* ---- the file ---- */

static kd_status take_row(reading *r, const kd_row *row, kd_err *why, kd_err *err)
{
    kd_import   *run = r->run;
    kd_incoming *event = NULL;
    kd_arena    *arena = NULL;
    kd_status    status = kd_flight_room(&event, &arena, run->flight, 2048, err);
    if (status != KD_OK)
        return status == KD_INVALID ? KD_CORRUPT : status;
    status = make_event(event, r, row, arena, why);
    if (status != KD_OK) {
        if (status != KD_INVALID && err)
            *err = *why;
        return status;
    }
    run->counts->events++;
    run->counts->customers += r->kind == &customer_kind;
    /* The mark is read when the first batch leaves: that batch repeats what an earlier run wrote, and is known. */
    if (!run->options->dry_run && run->counts->rows >= run->mark.row)
        kd_flight_add(run->flight);
    run->safe_row = run->counts->rows + 1;
    return KD_OK;
}

static kd_status read_file(reading *r, kd_rows *rows, kd_err *err)
{
    kd_import *run = r->run;
    kd_row     row;
    for (;;) {
        kd_err    why = { 0 };
        kd_status status = kd_import_next(&row, run, rows, &why, err);
        if (status == KD_NOT_FOUND)
            break;
        if (status == KD_OK)
            status = take_row(r, &row, &why, err);
        if (status == KD_INVALID)
            status = kd_import_reject_row(run, &row, &why, err);
        if (status != KD_OK)
            return status;
    }
    return kd_flight_land(run->flight, err);
}

kd_status kd_import_rows_as_calls(kd_import *run, const kd_row_kind *kind, kd_err *err)
{
    reading   r = { .run = run, .kind = kind, .arena = kd_arena_new(64 << 20) };
    kd_rows  *rows = NULL;
    kd_status status = r.arena ? kd_flight_open(&run->flight, run, err) : kd_fail_memory(err);
    const kd_import_table *table = kind ? kind->table : &event_table;
    kd_buf_init(&r.json, NULL);
    if (status == KD_OK)
        status = kd_rows_open(&rows, run->in, table, run->options, kd_import_format_of(run), err);
    if (status == KD_OK) {
        kd_import_hash(run, kd_rows_columns(rows));
        status = read_file(&r, rows, err);
    }
    kd_rows_close(rows);
    kd_flight_close(run->flight);
    run->flight = NULL;
    kd_buf_free(&r.json);
    kd_arena_free(r.arena);
    return status;
}

kd_status kd_import_customers(kd_import *run, kd_err *err)
{
    return kd_import_rows_as_calls(run, &customer_kind, err);
}

kd_status kd_import_events(kd_import *run, kd_err *err)
{
    return kd_import_rows_as_calls(run, NULL, err);
}

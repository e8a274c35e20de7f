/* kd_answer_events: what happened to one customer, the chains of all its persons merged by time. */
#include "api/answer_parts.h"

#include <stdio.h>

enum {
    EVENTS_DEFAULT = 50,
    EVENTS_MAX = 500,
    EVENTS_READ = 50,                       /* at a time, of all chains together */
    LANE_READ_MIN = 4,
    EVENTS_BYTES_ENOUGH = 8 * 1024 * 1024,  /* of an answer: the rest by its cursor */
    SCRATCH_BYTES = 4 * 1024 * 1024,
    PAGE_BYTES = 16 * 1024 * 1024
};

typedef struct lane { /* one person's chain, read a page at a time */
    kd_id       person;
    kd_data_key key;
    int64_t     next;     /* the event behind those in hand; 0: none */
    kd_event   *events;   /* in hand, newest first, from `at` */
    size_t      count, at;
    bool        asked;    /* `next` is what the caller says, and may be anything */
    kd_arena   *page;
} lane;

typedef struct timeline {
    kd_reader         *reader;
    kd_data_key        key;     /* of the event being written */
    const kd_snapshot *snapshot;
    kd_arena          *scratch; /* of one event */
    lane               lanes[KD_CUSTOMER_PERSONS_MAX];
    size_t             lane_count;
} timeline;

static void write_decision_event(kd_jw *w, const kd_event *event, const timeline *t)
{
    char   id[KD_ID_TEXT];
    kd_str body = { 0 };
    kd_buf receipt;
    kd_jw  inner;
    kd_id_format(id, event->id);
    KD_JW_Z(w, "messageId", id);
    KD_JW_Z(w, "type", "decision");
    /* Written apart: a receipt that turns out damaged half way must not break the list. */
    kd_buf_init(&receipt, t->scratch);
    kd_jw_init(&inner, &receipt);
    kd_jw_key(w, "event");
    kd_jw_raw(w, kd_stored_body(&body, event, &t->key, t->scratch, NULL) == KD_OK && kd_receipt_write_json(&inner, body, t->snapshot, NULL) == KD_OK && !receipt.failed ? kd_buf_str(&receipt)
                                                                                                                                                                        : KD_STR("{}"));
}

static const char *call_name(uint16_t kind)
{
    switch (kind) {
    case KD_KIND_IDENTIFY: return "identify";
    case KD_KIND_PAGE:     return "page";
    case KD_KIND_SCREEN:   return "screen";
    case KD_KIND_GROUP:    return "group";
    case KD_KIND_ALIAS:    return "alias";
    default:               return "track";
    }
}

/* messageId, type and name in front, then what the sender wrote, as it was written. */
static void write_sent_event(kd_jw *w, const kd_event *event, const timeline *t)
{
    kd_str         body = { 0 };
    const kd_json *doc = NULL;
    if (!(event->flags & KD_EVENT_HOLLOW) && kd_stored_body(&body, event, &t->key, t->scratch, NULL) == KD_OK &&
        kd_json_parse(&doc, t->scratch, body.ptr, body.len, NULL) != KD_OK)
        doc = NULL;
    if (kd_json_get(doc, "messageId"))
        KD_JW_STR(w, "messageId", kd_json_text(kd_json_get(doc, "messageId")));
    KD_JW_Z(w, "type", call_name(event->kind));
    if (kd_json_get(doc, "event"))
        KD_JW_STR(w, "name", kd_json_text(kd_json_get(doc, "event")));
    kd_jw_key(w, "event");
    kd_jw_raw(w, doc ? body : KD_STR("{}"));
}

/* Where it happened and the first product it names, with how many there are: for a row with a picture. */
static void write_facts(kd_jw *w, const kd_event *event, const timeline *t)
{
    kd_fact fact;
    if (event->kind == KD_KIND_DECISION || event->facts.len == 0 || kd_fact_decode(&fact, event->facts, t->scratch, NULL) != KD_OK)
        return;
    KD_JW_Z(w, "channel", kd_channel_name(fact.channel));
    if (fact.line_count == 0)
        return;
    kd_jw_key(w, "product");
    kd_jw_object(w);
    kd_answer_write_product(w, t->snapshot, kd_ref_of(fact.lines[0].product), fact.lines[0].variant.len ? kd_ref_of(fact.lines[0].variant) : 0);
    kd_jw_object_end(w);
    KD_JW_I64(w, "products", (int64_t)fact.line_count);
}

static void write_event(kd_jw *w, const kd_event *event, const timeline *t)
{
    char id[KD_ID_TEXT];
    kd_arena_reset(t->scratch);
    kd_jw_object(w);
    kd_id_format(id, event->id);
    KD_JW_Z(w, "id", id);
    KD_JW_Z(w, "kind", kd_kind_name(event->kind));
    kd_answer_write_time(w, "timestamp", event->time_ms);
    kd_answer_write_time(w, "receivedAt", event->received_ms);
    KD_JW_BOOL(w, "claimed", (event->flags & KD_EVENT_CLAIMED) != 0);
    kd_id_format(id, event->person);
    KD_JW_Z(w, "personId", id);
    write_facts(w, event, t);
    if (event->kind == KD_KIND_DECISION)
        write_decision_event(w, event, t);
    else
        write_sent_event(w, event, t);
    kd_jw_object_end(w);
}

/* ---- merging chains ------------------------------------------------------------------------------------------------------------ */
static kd_status fill(lane *l, const timeline *t, kd_err *err)
{
    size_t    want = EVENTS_READ / t->lane_count;
    kd_status status;
    if (l->at < l->count || l->next <= 0)
        return KD_OK;
    if (!l->page && !(l->page = kd_arena_new(PAGE_BYTES)))
        return kd_fail_memory(err);
    kd_arena_reset(l->page);
    l->at = l->count = 0;
    status = kd_reader_chain(&l->events, &l->count, t->reader, l->person, l->next, want < LANE_READ_MIN ? LANE_READ_MIN : want, true, l->page, err);
    if (status == KD_CORRUPT && l->asked)
        return kd_fail_field(err, KD_INVALID, "/cursor", "not a cursor of this list");
    l->asked = false;
    if (status == KD_OK && (l->count == 0 || !kd_id_eq(l->events[0].person, l->person)))
        return kd_fail_field(err, KD_INVALID, "/cursor", "not a cursor of this list");
    if (status == KD_OK)
        l->next = l->events[l->count - 1].prev;
    return status;
}

/* Newest first; of one time the smaller person. NULL at the end. */
static kd_status newest(lane **out, timeline *t, kd_err *err)
{
    kd_status status = KD_OK;
    *out = NULL;
    for (size_t i = 0; i < t->lane_count && status == KD_OK; i++) {
        lane *l = &t->lanes[i];
        status = fill(l, t, err);
        if (status == KD_OK && l->at < l->count && (*out == NULL || l->events[l->at].time_ms > (*out)->events[(*out)->at].time_ms))
            *out = l;
    }
    return status;
}

/* Where each chain goes on, in the order of the persons; empty at the end of all. */
static void write_cursor(kd_jw *w, const timeline *t, kd_arena *arena)
{
    bool   more = false;
    kd_buf text;
    kd_buf_init(&text, arena);
    for (size_t i = 0; i < t->lane_count; i++) {
        const lane *l = &t->lanes[i];
        int64_t     next = l->at < l->count ? l->events[l->at].offset : l->next;
        more = more || next > 0;
        if (i)
            kd_buf_add_z(&text, ".");
        kd_buf_add_i64(&text, next > 0 ? next : 0);
    }
    if (more)
        KD_JW_STR(w, "cursor", kd_buf_str(&text));
    else
        KD_JW_Z(w, "cursor", NULL);
}

static kd_status read_cursor(timeline *t, const kd_answer_members *members, kd_str cursor, kd_err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < members->count; i++) {
        lane  *l = &t->lanes[i];
        size_t end = at;
        *l = (lane){ .person = members->of[i].person, .key = members->of[i].key, .next = members->of[i].head };
        if (!cursor.len)
            continue;
        while (end < cursor.len && cursor.ptr[end] != '.')
            end++;
        if (at > cursor.len || !kd_str_i64(&l->next, (kd_str){ cursor.ptr + at, end - at }) || l->next < 0 || l->next > members->of[i].head)
            return kd_fail_field(err, KD_INVALID, "/cursor", "not a cursor of this list");
        l->asked = true;
        at = end + 1;
    }
    t->lane_count = members->count;
    if (cursor.len && at != cursor.len + 1)
        return kd_fail_field(err, KD_INVALID, "/cursor", "not a cursor of this list: the customer's persons are others by now");
    return KD_OK;
}

static kd_status write_timeline(kd_buf *out, timeline *t, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_jw     w;
    lane     *l = NULL;
    kd_status status;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    kd_jw_key(&w, "events");
    kd_jw_array(&w);
    status = newest(&l, t, err);
    for (size_t shown = 0; status == KD_OK && l && shown < limit && out->len < EVENTS_BYTES_ENOUGH; shown++) {
        t->key = l->key;
        write_event(&w, &l->events[l->at++], t);
        status = newest(&l, t, err);
    }
    kd_jw_array_end(&w);
    write_cursor(&w, t, arena);
    kd_jw_object_end(&w);
    return status != KD_OK ? status : kd_buf_status(out, err);
}

kd_status kd_answer_events(kd_buf *out, kd_parts *parts, kd_reader *reader, kd_str id, size_t limit, kd_str cursor, kd_arena *arena, kd_err *err)
{
    timeline          *t = KD_NEW(arena, timeline, 1);
    kd_answer_members *members = KD_NEW(arena, kd_answer_members, 1);
    kd_id              person;
    kd_status          status = t && members && (t->scratch = kd_arena_new(SCRATCH_BYTES)) ? kd_answer_find(&person, parts, reader, id, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_answer_members_of(members, NULL, parts, reader, person, arena, err);
    if (status == KD_OK)
        status = read_cursor(t, members, cursor, err);
    if (status == KD_OK) {
        t->reader = reader;
        t->snapshot = kd_snapshot_acquire(parts->catalog);
        status = write_timeline(out, t, limit == 0 ? EVENTS_DEFAULT : limit < EVENTS_MAX ? limit : EVENTS_MAX, arena, err);
        kd_snapshot_release(t->snapshot);
    }
    for (size_t i = 0; t && i < t->lane_count; i++)
        kd_arena_free(t->lanes[i].page);
    if (t)
        kd_arena_free(t->scratch);
    return status;
}

/* Events of everybody, newest first; and one of them in full. */
#include "api/caller.h"
#include "api/handlers.h"
#include "insight/entry.h"
#include "insight/tail.h"

enum {
    LIMIT_DEFAULT = 50, LIMIT_MAX = 200,
    ROWS_LOOKED_AT = 20000,          /* of the log, when most of it is receipts */
    CHAIN_LOOKED_AT = 500, CHAIN_STEP = 50, DECISIONS_MAX = 10, /* behind one event */
    SCRATCH_BYTES = 4 * 1024 * 1024,
    KEYS_KEPT = 16
};

/* ---- whose event: the key that opens it ---------------------------------------------------------------------------------- */
typedef struct opened { kd_id person; kd_data_key key; bool known; } opened;
typedef struct opener { /* from a person to their data key, for the few that one answer meets */
    kd_request *request;
    kd_arena   *scratch;
    opened      kept[KEYS_KEPT];
    size_t      next;
} opener;

/* False when the person or their key is gone: nothing of theirs can be read any more. */
static bool key_of(kd_data_key *out, opener *o, kd_id person)
{
    kd_profile_row row;
    opened        *slot = NULL;
    for (size_t i = 0; i < KEYS_KEPT && !kd_id_is_nil(person); i++)
        if (kd_id_eq(o->kept[i].person, person))
            slot = &o->kept[i];
    if (slot == NULL) {
        slot = &o->kept[o->next++ % KEYS_KEPT];
        slot->person = person;
        slot->known = kd_reader_profiles(&row, o->request->reader, &person, 1, o->scratch, NULL) == KD_OK && !kd_id_is_nil(row.person)
                      && kd_vault_unwrap(&slot->key, o->request->parts->vault, row.secret, person, NULL) == KD_OK;
    }
    *out = slot->key;
    return slot->known;
}

/* What the sender wrote, parsed; NULL when it cannot be read any more. In the scratch arena. */
static const kd_json *open_body(kd_str *body, opener *o, const kd_event *event)
{
    const kd_json *doc = NULL;
    kd_data_key    key;
    if ((event->flags & KD_EVENT_HOLLOW) || !key_of(&key, o, event->person) || kd_stored_body(body, event, &key, o->scratch, NULL) != KD_OK
        || kd_json_parse(&doc, o->scratch, body->ptr, body->len, NULL) != KD_OK)
        return NULL;
    return doc;
}

static kd_entry entry_of(const kd_event *event, const kd_fact *fact, kd_str message_id)
{
    return (kd_entry){ .seq = event->offset, .state = KD_ENTRY_STORED, .time_ms = event->time_ms, .received_ms = event->received_ms, .person = event->person,
                       .id = event->id, .message_id = message_id, .source = fact->source, .name = fact->name,
                       .product = fact->line_count ? fact->lines[0].product : (kd_str){ 0 }, .type = kd_entry_type((kd_kind)event->kind),
                       .claimed = (event->flags & KD_EVENT_CLAIMED) != 0 };
}

/* ---- the list -------------------------------------------------------------------------------------------------------------- */
static void write_row(kd_jw *w, opener *o, const kd_event *event, const kd_snapshot *snapshot)
{
    kd_event       whole;
    kd_fact        fact;
    kd_str         body;
    const kd_json *doc = NULL;
    kd_entry       entry;
    kd_arena_reset(o->scratch);
    if (kd_fact_decode(&fact, event->facts, o->scratch, NULL) != KD_OK)
        fact = (kd_fact){ .total_micro = KD_PRICE_NONE };
    if (kd_reader_event(&whole, o->request->reader, event->person, event->id, o->scratch, NULL) == KD_OK)
        doc = open_body(&body, o, &whole);
    entry = entry_of(event, &fact, kd_json_text(kd_json_get(doc, "messageId")));
    kd_jw_object(w);
    kd_entry_write(w, &entry, snapshot);
    kd_jw_object_end(w);
}

static kd_status write_list(kd_jw *w, opener *o, kd_tail *tail, size_t limit, const kd_snapshot *snapshot, kd_err *err)
{
    kd_status status = KD_OK;
    for (size_t shown = 0, looked = 0; shown < limit && looked < ROWS_LOOKED_AT; looked++) {
        const kd_event *event;
        status = kd_tail_next(&event, tail, err);
        if (status != KD_OK || event == NULL)
            break;
        if (event->kind >= KD_KIND_DECISION)
            continue;
        write_row(w, o, event, snapshot);
        shown++;
    }
    return status;
}

static kd_status answer_list(kd_request *request, size_t limit, kd_err *err)
{
    kd_tail           *tail = NULL;
    const kd_snapshot *snapshot;
    opener             o = { .request = request, .scratch = kd_arena_new(SCRATCH_BYTES) };
    kd_buf             cursor;
    kd_jw              w;
    kd_status          status = o.scratch ? kd_tail_open(&tail, request->parts->store, request->reader, kd_request_query(request, "cursor"), request->arena, err)
                                          : kd_fail_memory(err);
    if (status == KD_OK) {
        kd_jw_init(&w, &request->out);
        kd_jw_object(&w);
        kd_jw_key(&w, "events");
        kd_jw_array(&w);
        snapshot = kd_snapshot_acquire(request->parts->catalog);
        status = write_list(&w, &o, tail, limit, snapshot, err);
        kd_snapshot_release(snapshot);
        kd_jw_array_end(&w);
        kd_buf_init(&cursor, request->arena);
        kd_tail_cursor(&cursor, tail);
        kd_write_text(&w, "cursor", kd_buf_str(&cursor));
        kd_jw_object_end(&w);
    }
    kd_arena_free(o.scratch);
    return status;
}

void kd_admin_events(kd_request *request)
{
    int64_t limit = LIMIT_DEFAULT;
    kd_str  text;
    kd_err  err = { 0 };
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    text = kd_request_query(request, "limit");
    if (text.len && (!kd_str_i64(&limit, text) || limit < 1 || limit > LIMIT_MAX)) {
        kd_reply_error(request, 400, "invalid", "limit must be a whole number from 1 to 200", "limit");
        return;
    }
    kd_reply_json(request, answer_list(request, (size_t)limit, &err), &err);
}

/* ---- what one event added to the profile ------------------------------------------------------------------------------------- */
static void write_line_fact(kd_jw *w, const kd_fact *fact, const kd_fact_line *line, const kd_snapshot *s)
{
    const kd_variant *variant = NULL;
    const kd_product *p = kd_snapshot_find_any(s, kd_ref_of(line->product), &variant);
    kd_jw_object(w);
    KD_JW_Z(w, "kind", kd_kind_name(fact->kind));
    KD_JW_STR(w, "productId", p ? p->id : line->product);
    kd_write_text(w, "title", p ? p->title : (kd_str){ 0 });
    kd_write_text(w, "image", p ? p->image : (kd_str){ 0 });
    if (line->variant.len)
        KD_JW_STR(w, "sku", line->variant);
    KD_JW_I64(w, "count", line->quantity);
    if (line->price_micro != KD_PRICE_NONE) {
        kd_write_money(w, "value", line->price_micro, fact->currency);
        KD_JW_Z(w, "currency", fact->currency.code);
    }
    kd_jw_object_end(w);
}

static void write_named_fact(kd_jw *w, const char *kind, kd_str name, kd_str json, kd_str text)
{
    kd_jw_object(w);
    KD_JW_Z(w, "kind", kind);
    KD_JW_STR(w, "name", name);
    kd_jw_key(w, "value");
    if (json.len)
        kd_jw_raw(w, json);
    else
        kd_jw_str(w, text);
    kd_jw_object_end(w);
}

static void write_facts(kd_jw *w, const kd_fact *fact, const kd_snapshot *s)
{
    const kd_str none = { 0 };
    kd_jw_key(w, "facts");
    kd_jw_array(w);
    for (size_t i = 0; i < fact->line_count; i++)
        write_line_fact(w, fact, &fact->lines[i], s);
    if (fact->line_count == 0) { /* it counts as one of its kind, if nothing else */
        kd_jw_object(w);
        KD_JW_Z(w, "kind", kd_kind_name(fact->kind));
        KD_JW_I64(w, "count", 1);
        kd_jw_object_end(w);
    }
    if (fact->order_id.len)
        write_named_fact(w, "orderId", KD_STR("orderId"), none, fact->order_id);
    if (fact->topic.len)
        write_named_fact(w, "topic", KD_STR("topic"), none, fact->topic);
    if (fact->place.len)
        write_named_fact(w, "place", KD_STR("place"), none, fact->place);
    if (fact->total_micro != KD_PRICE_NONE) {
        kd_jw_object(w);
        KD_JW_Z(w, "kind", "total");
        kd_write_money(w, "value", fact->total_micro, fact->currency);
        KD_JW_Z(w, "currency", fact->currency.code);
        kd_jw_object_end(w);
    }
    for (size_t i = 0; i < fact->trait_count; i++)
        write_named_fact(w, "trait", fact->traits[i].name, fact->traits[i].value, none);
    for (size_t i = 0; i < fact->ident_count; i++)
        write_named_fact(w, "identity", kd_str_z(kd_key_type_name(fact->idents[i].type)), none, fact->idents[i].value);
    kd_jw_array_end(w);
}

/* ---- the decisions behind it ------------------------------------------------------------------------------------------------- */
static bool names_product(const kd_json *object, const char *member, const kd_fact *fact, const kd_snapshot *s)
{
    kd_str id = kd_json_text(kd_json_get(object, member));
    for (size_t i = 0; id.len && i < fact->line_count; i++) {
        const kd_variant *variant = NULL;
        const kd_product *p = kd_snapshot_find_any(s, kd_ref_of(fact->lines[i].product), &variant);
        if (kd_str_eq(id, fact->lines[i].product) || (p && kd_str_eq(id, p->id)))
            return true;
    }
    return false;
}

/* Does a term of any item's score, or the context asked with, name a product of the event? */
static bool is_about(const kd_json *receipt, const kd_fact *fact, const kd_snapshot *s)
{
    const kd_json *list = kd_json_get(receipt, "products"), *items = kd_json_get(receipt, "items");
    for (const kd_json *product = list ? list->child : NULL; product; product = product->next)
        if (names_product(product, "productId", fact, s))
            return true;
    for (const kd_json *item = items ? items->child : NULL; item; item = item->next) {
        const kd_json *terms = kd_json_get(item, "terms");
        for (const kd_json *term = terms ? terms->child : NULL; term; term = term->next)
            if (names_product(term, "product", fact, s))
                return true;
    }
    return false;
}

static bool write_decision(kd_jw *w, opener *o, const kd_event *event, const kd_fact *fact, const kd_snapshot *s)
{
    const kd_json *receipt = NULL;
    kd_data_key    key;
    kd_str         bytes;
    kd_buf         text;
    kd_jw          inner;
    kd_buf_init(&text, o->scratch);
    kd_jw_init(&inner, &text);
    if ((event->flags & KD_EVENT_HOLLOW) || !key_of(&key, o, event->person) || kd_stored_body(&bytes, event, &key, o->scratch, NULL) != KD_OK
        || kd_receipt_write_json(&inner, bytes, s, NULL) != KD_OK || kd_json_parse(&receipt, o->scratch, text.ptr, text.len, NULL) != KD_OK
        || !is_about(receipt, fact, s))
        return false;
    kd_jw_object(w);
    kd_write_id(w, "decisionId", event->id);
    KD_JW_STR(w, "placement", kd_json_text(kd_json_get(receipt, "placement")));
    kd_write_time(w, "time", event->time_ms);
    kd_jw_object_end(w);
    return true;
}

/* Newest first, down the person's chain to the event itself, or as far as a bounded look goes. */
static kd_status write_decisions(kd_jw *w, opener *o, const kd_event *event, const kd_fact *fact, const kd_snapshot *s, kd_err *err)
{
    kd_person *person = NULL;
    int64_t    at = 0;
    size_t     found = 0;
    kd_status  status = kd_people_acquire(&person, o->request->parts->people, o->request->reader, event->person, err);
    if (status == KD_OK) {
        at = person->head;
        kd_people_release(o->request->parts->people, person);
    }
    if (status == KD_NOT_FOUND)
        status = KD_OK;
    kd_jw_key(w, "decisions");
    kd_jw_array(w);
    for (size_t looked = 0; status == KD_OK && at > event->offset && looked < CHAIN_LOOKED_AT && found < DECISIONS_MAX && fact->line_count;) {
        kd_event *events = NULL;
        size_t    count = 0;
        kd_arena_reset(o->scratch);
        status = kd_reader_chain(&events, &count, o->request->reader, event->person, at, CHAIN_STEP, true, o->scratch, err);
        for (size_t i = 0; status == KD_OK && i < count && events[i].offset > event->offset && found < DECISIONS_MAX; i++)
            found += events[i].kind == KD_KIND_DECISION && write_decision(w, o, &events[i], fact, s);
        at = status == KD_OK && count ? events[count - 1].prev : 0;
        looked += count;
    }
    kd_jw_array_end(w);
    return status;
}

/* ---- one event ------------------------------------------------------------------------------------------------------------------ */
static void reply_gone(kd_request *request, const char *why)
{
    kd_reply_error(request, 410, "gone", why, "");
}

static kd_status write_event(opener *o, const kd_event *event, const kd_fact *fact, const kd_json *doc, kd_str body, kd_err *err)
{
    kd_request        *request = o->request;
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    kd_entry           entry = entry_of(event, fact, kd_json_text(kd_json_get(doc, "messageId")));
    kd_status          status;
    kd_jw              w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_entry_write(&w, &entry, s);
    kd_jw_key(&w, "event");
    kd_jw_raw(&w, body);
    write_facts(&w, fact, s);
    status = write_decisions(&w, o, event, fact, s, err); /* from here on the scratch arena is its own */
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    return status;
}

/* What write_event needs lives in the request's arena; `scratch` is for what lies behind the event. */
static kd_status answer_event(kd_request *request, kd_arena *scratch, kd_err *err)
{
    opener         o = { .request = request, .scratch = request->arena };
    kd_id          person, id;
    kd_event       event;
    kd_fact        fact;
    kd_data_key    key;
    kd_str         body = { 0 };
    const kd_json *doc;
    kd_status      status;
    if (!kd_id_parse(&person, kd_request_segment(request, 3)) || !kd_id_parse(&id, kd_request_segment(request, 4)))
        return kd_fail_field(err, KD_INVALID, "id", "an event is named by the ids of its person and its own, both UUIDs");
    status = kd_reader_event(&event, request->reader, person, id, request->arena, err);
    if (status == KD_NOT_FOUND || (status == KD_OK && event.kind >= KD_KIND_DECISION))
        return kd_fail(err, KD_NOT_FOUND, "this person has no event of this id");
    if (status != KD_OK)
        return status;
    if (event.flags & KD_EVENT_HOLLOW)
        return reply_gone(request, "the event has passed its retention and its content is gone"), KD_OK;
    if (!key_of(&key, &o, person))
        return reply_gone(request, "the person was erased: what was sent about them cannot be read any more"), KD_OK;
    if (!kd_audit_person(request, person))
        return KD_OK; /* answered */
    doc = open_body(&body, &o, &event);
    status = doc ? kd_stored_fact(&fact, &event, &key, request->arena, err) : kd_fail(err, KD_CORRUPT, "the body of an event cannot be opened");
    if (status != KD_OK)
        return status;
    o.scratch = scratch;
    return write_event(&o, &event, &fact, doc, body, err);
}

void kd_admin_event(kd_request *request)
{
    kd_arena *scratch;
    kd_err    err = { 0 };
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    scratch = kd_arena_new(SCRATCH_BYTES);
    kd_reply_json(request, scratch ? answer_event(request, scratch, &err) : kd_fail_memory(&err), &err);
    kd_arena_free(scratch);
}

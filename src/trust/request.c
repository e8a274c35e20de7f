#include "trust/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "event/statement.h"
#include "trust/retention.h"
#include "trust/rights.h"

static const char *const right_names[KD_RIGHTS] = { "export", "erase", "rectify", "restrict", "release", "object" };
static const char *const state_names[KD_RIGHT_STATES] = { "open", "running", "done", "rejected" };
static const char *const step_names[KD_STEPS] = { "gather", "unlearn", "keys", "empty", "close", "traces", "receipt", "sweep", "done" };
static const kd_id nobody;
enum { NOTE_MAX = 2000, PAGE = 200, EXTENSION_DAYS = 61 };
#define KIND KD_STR("request")

const char *kd_right_name(kd_right right) { return right_names[right < KD_RIGHTS ? right : 0]; }
const char *kd_right_state_name(kd_right_state state) { return state_names[state < KD_RIGHT_STATES ? state : 0]; }
const char *kd_step_name(kd_step step) { return step_names[step < KD_STEPS ? step : 0]; }

static bool name_of(int *out, kd_str name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (kd_str_is(name, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

bool kd_right_parse(kd_right *out, kd_str name)
{
    int  at = 0;
    bool ok = name_of(&at, name, right_names, KD_RIGHTS);
    if (ok)
        *out = (kd_right)at;
    return ok;
}

/* ---- as stored ------------------------------------------------------------------------------------------------------ */
static void write_id(kd_jw *w, const char *key, kd_id id)
{
    char text[KD_ID_TEXT];
    kd_id_format(text, id);
    KD_JW_Z(w, key, text);
}

static void write_saga(kd_jw *w, const kd_case *c)
{
    KD_JW_Z(w, "step", kd_step_name(c->step));
    KD_JW_I64(w, "began", c->began_ms);
    kd_jw_key(w, "persons");
    kd_jw_array(w);
    for (size_t i = 0; i < c->person_count; i++) {
        char text[KD_ID_TEXT];
        kd_id_format(text, c->persons[i]);
        kd_jw_z(w, text);
    }
    kd_jw_array_end(w);
    kd_jw_key(w, "values");
    kd_jw_array(w);
    for (size_t i = 0; i < c->value_count; i++)
        kd_jw_str(w, c->values[i]);
    kd_jw_array_end(w);
    KD_JW_I64(w, "events", (int64_t)c->events);
    KD_JW_I64(w, "keys", (int64_t)c->keys);
    KD_JW_I64(w, "profiles", (int64_t)c->profiles);
    KD_JW_I64(w, "links", (int64_t)c->links);
    KD_JW_I64(w, "records", (int64_t)c->records);
    KD_JW_I64(w, "quarantined", (int64_t)c->quarantined);
}

static void write_case(kd_jw *w, const kd_case *c)
{
    kd_jw_object(w);
    KD_JW_Z(w, "right", kd_right_name(c->seen.right));
    KD_JW_Z(w, "state", kd_right_state_name(c->seen.state));
    write_id(w, "person", c->seen.person);
    KD_JW_I64(w, "opened", c->seen.opened_ms);
    KD_JW_I64(w, "due", c->seen.due_ms);
    KD_JW_I64(w, "closed", c->seen.closed_ms);
    KD_JW_BOOL(w, "extended", c->seen.extended);
    KD_JW_STR(w, "by", c->seen.by);
    KD_JW_STR(w, "handledBy", c->seen.handled_by);
    KD_JW_STR(w, "note", c->seen.note);
    KD_JW_STR(w, "why", c->seen.why);
    KD_JW_I64(w, "granted", c->granted);
    KD_JW_I64(w, "refused", c->refused);
    write_saga(w, c);
    if (c->seen.receipt.len)
        KD_JW_STR(w, "receipt", c->seen.receipt);
    kd_jw_object_end(w);
}

static int64_t number(const kd_json *json, const char *key)
{
    int64_t value = 0;
    kd_json_i64(&value, kd_json_get(json, key));
    return value;
}

static size_t length_of(const kd_json *array)
{
    size_t n = 0;
    for (const kd_json *item = array ? array->child : NULL; item; item = item->next)
        n++;
    return n;
}

static kd_status read_saga(kd_case *c, const kd_json *json, kd_arena *arena, kd_err *err)
{
    const kd_json *persons = kd_json_get(json, "persons"), *values = kd_json_get(json, "values");
    c->persons = KD_NEW(arena, kd_id, length_of(persons) + 1);
    c->values = KD_NEW(arena, kd_str, length_of(values) + 1);
    if (!c->persons || !c->values)
        return kd_fail_memory(err);
    for (const kd_json *item = persons ? persons->child : NULL; item; item = item->next)
        if (!kd_id_parse(&c->persons[c->person_count++], kd_json_text(item)))
            return kd_fail(err, KD_CORRUPT, "a stored request names no person");
    for (const kd_json *item = values ? values->child : NULL; item; item = item->next)
        c->values[c->value_count++] = kd_json_text(item);
    c->began_ms = number(json, "began");
    c->events = (uint64_t)number(json, "events");
    c->keys = (uint64_t)number(json, "keys");
    c->profiles = (uint64_t)number(json, "profiles");
    c->links = (uint64_t)number(json, "links");
    c->records = (uint64_t)number(json, "records");
    c->quarantined = (uint64_t)number(json, "quarantined");
    return KD_OK;
}

static kd_str about(const kd_id *id) { return (kd_str){ (const char *)id->b, sizeof id->b }; }

kd_status kd_case_read(kd_case *out, const kd_vault *vault, const kd_record *record, kd_arena *arena, kd_err *err)
{
    const kd_json *json = NULL;
    kd_str         text = { 0 };
    int            right = 0, state = 0, step = 0;
    kd_status      status = kd_unseal(&text, arena, kd_vault_house_key(vault), about(&record->id), record->body, err);
    *out = (kd_case){ .seen.id = record->id };
    if (status == KD_OK)
        status = kd_json_parse(&json, arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    if (!name_of(&right, kd_json_text(kd_json_get(json, "right")), right_names, KD_RIGHTS)
        || !name_of(&state, kd_json_text(kd_json_get(json, "state")), state_names, KD_RIGHT_STATES)
        || !name_of(&step, kd_json_text(kd_json_get(json, "step")), step_names, KD_STEPS)
        || !kd_id_parse(&out->seen.person, kd_json_text(kd_json_get(json, "person"))))
        return kd_fail(err, KD_CORRUPT, "a stored request is damaged");
    out->seen.right = (kd_right)right;
    out->seen.state = (kd_right_state)state;
    out->step = (kd_step)step;
    out->seen.opened_ms = number(json, "opened");
    out->seen.due_ms = number(json, "due");
    out->seen.closed_ms = number(json, "closed");
    out->seen.extended = kd_json_bool(kd_json_get(json, "extended"), false);
    out->seen.by = kd_json_text(kd_json_get(json, "by"));
    out->seen.handled_by = kd_json_text(kd_json_get(json, "handledBy"));
    out->seen.note = kd_json_text(kd_json_get(json, "note"));
    out->seen.why = kd_json_text(kd_json_get(json, "why"));
    out->seen.receipt = kd_json_text(kd_json_get(json, "receipt"));
    out->seen.step = state == KD_RIGHT_RUNNING ? kd_str_z(kd_step_name(out->step)) : (kd_str){ 0 };
    out->granted = (kd_purposes)number(json, "granted");
    out->refused = (kd_purposes)number(json, "refused");
    return read_saga(out, json, arena, err);
}

kd_status kd_rights_txn(kd_rights *rights, kd_id person, kd_status (*body)(kd_txn *txn, void *arg, kd_err *err), void *arg, kd_err *err)
{
    kd_store *store = rights->house.store;
    kd_status status;
    do { /* every body may run twice */
        kd_txn *txn = NULL;
        if ((status = kd_txn_begin(&txn, store, kd_store_group_of(store, person), err)) != KD_OK)
            return status;
        if ((status = body(txn, arg, err)) != KD_OK) {
            kd_txn_rollback(txn);
            return status;
        }
        status = kd_txn_commit(txn, err);
    } while (status == KD_RETRY || status == KD_UNKNOWN);
    return status;
}

static kd_status put_record(kd_txn *txn, void *arg, kd_err *err) { return kd_txn_records_put(txn, arg, 1, err); }

kd_status kd_case_save(kd_rights *rights, const kd_case *c, kd_err *err)
{
    kd_buf    text, sealed;
    kd_jw     w;
    kd_status status;
    kd_buf_init(&text, NULL);
    kd_buf_init(&sealed, NULL);
    kd_jw_init(&w, &text);
    write_case(&w, c);
    if ((status = kd_buf_status(&text, err)) == KD_OK) {
        kd_seal(&sealed, kd_vault_house_key(rights->house.vault), about(&c->seen.id), kd_buf_str(&text));
        status = kd_buf_status(&sealed, err);
    }
    if (status == KD_OK) {
        kd_record record = { .person = nobody, .kind = KIND, .id = c->seen.id, .time_ms = c->seen.opened_ms, .body = kd_buf_str(&sealed) };
        status = kd_rights_txn(rights, nobody, put_record, &record, err);
    }
    kd_buf_free(&text);
    kd_buf_free(&sealed);
    return status;
}

/* The record with exactly this id: the first after the one before it. */
kd_status kd_case_load(kd_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err)
{
    kd_record *records = NULL;
    size_t     count = 0;
    kd_id      before = id;
    for (int i = (int)sizeof before.b - 1; i >= 0 && before.b[i]-- == 0; i--)
        ;
    kd_status status = kd_reader_records(&records, &count, reader, nobody, KIND, before, 1, arena, err);
    if (status == KD_OK && (count == 0 || !kd_id_eq(records[0].id, id)))
        status = kd_fail(err, KD_NOT_FOUND, "there is no such request");
    return status == KD_OK ? kd_case_read(out, rights->house.vault, &records[0], arena, err) : status;
}

/* ---- opening, listing, closing ---------------------------------------------------------------------------------------- */
typedef struct finding { kd_id person; kd_right right; kd_case *out; bool found; } finding;

static kd_status each_case(kd_rights *rights, kd_reader *reader, kd_status (*take)(void *self, kd_case *c), void *self, kd_arena *arena, kd_err *err)
{
    kd_id     after = nobody;
    kd_status status = KD_OK;
    for (size_t count = PAGE; status == KD_OK && count == PAGE;) {
        kd_record *records = NULL;
        status = kd_reader_records(&records, &count, reader, nobody, KIND, after, PAGE, arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            kd_case c;
            after = records[i].id;
            if ((status = kd_case_read(&c, rights->house.vault, &records[i], arena, err)) == KD_OK)
                status = take(self, &c);
        }
    }
    return status;
}

static kd_status find_open(void *self, kd_case *c)
{
    finding *f = self;
    if (c->seen.state <= KD_RIGHT_RUNNING && c->seen.right == f->right && kd_id_eq(c->seen.person, f->person)) {
        *f->out = *c;
        f->found = true;
    }
    return KD_OK;
}

static kd_status person_is_known(kd_rights *rights, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_customer customer;
    kd_status   status = kd_customers_acquire(&customer, rights->house.customers, reader, person, err);
    if (status == KD_OK)
        kd_customers_release(rights->house.customers, &customer);
    return status;
}

kd_status kd_rights_open_request(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_right right, kd_id person, kd_str by, kd_arena *arena, kd_err *err)
{
    const int64_t now = kd_now(rights->house.clock);
    kd_case       c = { 0 };
    finding       f = { person, right, &c, false };
    kd_status     status = person_is_known(rights, reader, person, err);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&rights->lock);
    status = each_case(rights, reader, find_open, &f, arena, err);
    if (status == KD_OK && f.found) {
        status = kd_fail(err, KD_CONFLICT, "the same request is open already");
    } else if (status == KD_OK) {
        c = (kd_case){ .seen = { .id = kd_id_new(&rights->rng, now), .right = right, .person = person, .opened_ms = now,
                                 .due_ms = now + rights->house.due_days * KD_DAY_MS, .by = by } };
        status = kd_case_save(rights, &c, err);
    }
    pthread_mutex_unlock(&rights->lock);
    *out = c.seen;
    return status;
}

kd_status kd_rights_get(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err)
{
    kd_case   c = { 0 };
    kd_status status = kd_case_load(&c, rights, reader, id, arena, err);
    *out = c.seen;
    return status;
}

kd_status kd_rights_list(kd_right_case **out, size_t *count, bool *more, kd_rights *rights, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_record     *records = NULL;
    size_t         found = 0;
    kd_status      status = kd_reader_records(&records, &found, reader, nobody, KIND, after, limit + 1, arena, err);
    kd_right_case *list = status == KD_OK ? KD_NEW(arena, kd_right_case, found + 1) : NULL;
    if (status == KD_OK && !list)
        status = kd_fail_memory(err);
    *more = found > limit;
    *count = found > limit ? limit : found;
    for (size_t i = 0; status == KD_OK && i < *count; i++) {
        kd_case c;
        if ((status = kd_case_read(&c, rights->house.vault, &records[i], arena, err)) == KD_OK)
            list[i] = c.seen;
    }
    *out = list;
    return status;
}

/* Load, change, save, under the lock. */
typedef kd_status (*change)(kd_case *c, kd_rights *rights, void *arg, kd_err *err);
static kd_status change_case(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, change apply, void *arg, kd_arena *arena, kd_err *err)
{
    kd_case c = { 0 };
    pthread_mutex_lock(&rights->lock);
    kd_status status = kd_case_load(&c, rights, reader, id, arena, err);
    if (status == KD_OK && (c.seen.state == KD_RIGHT_DONE || c.seen.state == KD_RIGHT_REJECTED))
        status = kd_fail(err, KD_CONFLICT, "the request is closed already");
    if (status == KD_OK && c.seen.state == KD_RIGHT_RUNNING)
        status = kd_fail(err, KD_CONFLICT, "the erasure has begun and goes on by itself");
    if (status == KD_OK)
        status = apply(&c, rights, arg, err);
    if (status == KD_OK)
        status = kd_case_save(rights, &c, err);
    pthread_mutex_unlock(&rights->lock);
    *out = c.seen;
    return status;
}

typedef struct closing { bool done; kd_str by, note; } closing;

static kd_status close_it(kd_case *c, kd_rights *rights, void *arg, kd_err *err)
{
    const closing *how = arg;
    if (how->note.len > NOTE_MAX)
        return kd_fail_field(err, KD_INVALID, "note", "the note is longer than %d bytes", NOTE_MAX);
    if (how->done && c->seen.right == KD_RIGHT_ERASE)
        return kd_fail(err, KD_CONFLICT, "an erasure is done when it was carried out: run it");
    c->seen.state = how->done ? KD_RIGHT_DONE : KD_RIGHT_REJECTED;
    c->seen.closed_ms = kd_now(rights->house.clock);
    c->seen.handled_by = how->by;
    c->seen.note = how->note;
    return KD_OK;
}

kd_status kd_rights_close_request(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, bool done, kd_str by, kd_str note, kd_arena *arena, kd_err *err)
{
    closing how = { done, by, note };
    return change_case(out, rights, reader, id, close_it, &how, arena, err);
}

static kd_status extend_it(kd_case *c, kd_rights *rights, void *arg, kd_err *err)
{
    (void)rights, (void)arg;
    if (c->seen.extended)
        return kd_fail(err, KD_CONFLICT, "the deadline was moved already");
    c->seen.extended = true;
    c->seen.due_ms += EXTENSION_DAYS * KD_DAY_MS;
    return KD_OK;
}

kd_status kd_rights_extend(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err)
{
    return change_case(out, rights, reader, id, extend_it, NULL, arena, err);
}

/* ---- carrying out ----------------------------------------------------------------------------------------------------- */
typedef struct acting { kd_reader *reader; kd_str by; kd_arena *arena; const kd_trait *traits; size_t count; } acting;

static kd_status say(kd_rights *rights, const kd_incoming *event, kd_err *err)
{
    size_t stored = 0, duplicates = 0;
    return event->status != KD_OK ? (*err = event->err, event->status) : kd_ingest_write(rights->house.ingest, event, 1, &stored, &duplicates, err);
}

static kd_statement statement_of(kd_rights *rights, kd_id person)
{
    const int64_t now = kd_now(rights->house.clock);
    return (kd_statement){ .person = person, .time_ms = now, .now_ms = now, .seed = kd_rng_u64(&rights->rng), .channel = KD_CHANNEL_SERVER };
}

/* What was in force before, so that a release gives back that and nothing more. */
static kd_status said_before(kd_case *c, kd_rights *rights, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_customer customer;
    kd_status   status = kd_customers_acquire(&customer, rights->house.customers, reader, person, err);
    if (status == KD_OK) {
        c->granted = customer.profile->granted;
        c->refused = customer.profile->refused;
        kd_customers_release(rights->house.customers, &customer);
    }
    return status;
}

static kd_status find_restriction(void *self, kd_case *c)
{
    finding *f = self;
    if (c->seen.state == KD_RIGHT_DONE && kd_id_eq(c->seen.person, f->person) && (c->seen.right == KD_RIGHT_RESTRICT || c->seen.right == KD_RIGHT_RELEASE)) {
        *f->out = *c;
        f->found = c->seen.right == KD_RIGHT_RESTRICT;
    }
    return KD_OK;
}

/* What is in force by an interest until somebody objects. A purpose that rests on consent is given back only where it was granted. */
static kd_purposes by_interest(kd_rights *rights)
{
    const kd_policy *policy = rights->house.policy(rights->house.self);
    kd_purposes      purposes = 0;
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if (kd_policy_purpose(policy, (kd_purpose)p)->basis == KD_BASIS_INTEREST)
            purposes |= KD_PURPOSE_BIT(p);
    kd_policy_release(policy);
    return purposes & (kd_purposes)~KD_PURPOSE_BIT(KD_PURPOSE_OPERATE);
}

static kd_status state_purposes(kd_case *c, kd_rights *rights, const acting *with, kd_err *err)
{
    kd_purposes  all = KD_PURPOSES_ALL & ~KD_PURPOSE_BIT(KD_PURPOSE_OPERATE);
    kd_consent   consent = { .source = KD_STR("staff"), .proof = KD_STR("request") };
    kd_statement statement = statement_of(rights, c->seen.person);
    kd_incoming  event = { 0 };
    kd_case      was = { 0 };
    finding      f = { c->seen.person, KD_RIGHT_RESTRICT, &was, false };
    kd_status    status = KD_OK;
    switch (c->seen.right) {
    case KD_RIGHT_OBJECT:
        consent.refused = KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE) | KD_PURPOSE_BIT(KD_PURPOSE_ANALYSE);
        break;
    case KD_RIGHT_RESTRICT:
        status = said_before(c, rights, with->reader, c->seen.person, err);
        consent.refused = all;
        break;
    default:
        status = each_case(rights, with->reader, find_restriction, &f, with->arena, err);
        if (status == KD_OK && !f.found)
            status = kd_fail(err, KD_CONFLICT, "there is no restriction that could be released");
        /* What may rest on an interest is in force again unless it was objected to before; the rest where it was granted.
         * What was never spoken of stays refused, which comes to the same as unknown where consent is the basis. */
        consent.granted = ((was.granted & all) | by_interest(rights)) & ~was.refused;
    }
    if (status == KD_OK)
        status = kd_consent_event(&event, &statement, &consent, with->arena, err);
    return status == KD_OK ? say(rights, &event, err) : status;
}

static kd_status run_it(kd_case *c, kd_rights *rights, void *arg, kd_err *err)
{
    const acting *with = arg;
    kd_status     status = KD_OK;
    switch (c->seen.right) {
    case KD_RIGHT_ERASE:
        c->seen.state = KD_RIGHT_RUNNING;
        c->began_ms = kd_now(rights->house.clock);
        c->seen.handled_by = with->by;
        return KD_OK;
    case KD_RIGHT_EXPORT: return kd_fail(err, KD_INVALID, "an export is fetched, then the request completed");
    case KD_RIGHT_RECTIFY: return kd_fail(err, KD_INVALID, "a rectification needs the values");
    default: break;
    }
    status = state_purposes(c, rights, with, err);
    return status == KD_OK ? close_it(c, rights, &(closing){ true, with->by, c->seen.note }, err) : status;
}

kd_status kd_rights_run(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_str by, kd_arena *arena, kd_err *err)
{
    acting    with = { .reader = reader, .by = by, .arena = arena };
    kd_status status = change_case(out, rights, reader, id, run_it, &with, arena, err);
    if (status == KD_OK && out->right == KD_RIGHT_ERASE) {
        pthread_mutex_lock(&rights->lock);
        rights->wanted = true;
        pthread_cond_broadcast(&rights->moved);
        pthread_mutex_unlock(&rights->lock);
    }
    return status;
}

/* An identify of ours, proven: it outranks whatever was sent before it. */
static kd_status correction(kd_incoming *out, const kd_statement *statement, const kd_trait *traits, size_t count, kd_arena *arena, kd_err *err)
{
    kd_buf    body;
    kd_jw     w;
    kd_status status = kd_preference_event(out, statement, traits, count, arena, err);
    if (status != KD_OK)
        return status;
    out->fact.kind = KD_KIND_IDENTIFY;
    out->fact.name = KD_STR("Identity Corrected");
    kd_buf_init(&body, arena);
    kd_jw_init(&w, &body);
    kd_jw_object(&w);
    KD_JW_Z(&w, "type", "identify");
    KD_JW_STR(&w, "messageId", out->message_id);
    kd_jw_key(&w, "traits");
    kd_jw_object(&w);
    for (size_t i = 0; i < count; i++)
        kd_jw_key_str(&w, traits[i].name), kd_jw_raw(&w, traits[i].value);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
    out->body = out->raw = kd_buf_str(&body);
    return kd_buf_status(&body, err);
}

static kd_status rectify_it(kd_case *c, kd_rights *rights, void *arg, kd_err *err)
{
    const acting *with = arg;
    kd_statement  statement = statement_of(rights, c->seen.person);
    kd_incoming   event = { 0 };
    if (c->seen.right != KD_RIGHT_RECTIFY)
        return kd_fail(err, KD_INVALID, "this is no request for rectification");
    kd_status status = correction(&event, &statement, with->traits, with->count, with->arena, err);
    if (status == KD_OK)
        status = say(rights, &event, err);
    return status == KD_OK ? close_it(c, rights, &(closing){ true, with->by, c->seen.note }, err) : status;
}

kd_status kd_rights_rectify(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, const kd_trait *traits, size_t count, kd_str by, kd_arena *arena, kd_err *err)
{
    acting with = { .reader = reader, .by = by, .arena = arena, .traits = traits, .count = count };
    return change_case(out, rights, reader, id, rectify_it, &with, arena, err);
}

/* ---- the thread ------------------------------------------------------------------------------------------------------- */
typedef struct due { kd_id ids[PAGE]; size_t count; } due;

static kd_status collect_running(void *self, kd_case *c)
{
    due *d = self;
    if (c->seen.state == KD_RIGHT_RUNNING && d->count < PAGE)
        d->ids[d->count++] = c->seen.id;
    return KD_OK;
}

static void note_trouble(kd_rights *rights, kd_case *c, const kd_err *why)
{
    kd_err err = { 0 };
    kd_log(KD_LOG_ERROR, "trust", "erase-held-up", "step=%s why=\"%s\"", kd_step_name(c->step), why->msg);
    c->seen.why = kd_str_z(why->msg);
    if (kd_case_save(rights, c, &err) != KD_OK)
        kd_log(KD_LOG_ERROR, "trust", "erase-note-failed", "why=\"%s\"", err.msg);
}

/* True when all that is running was done. */
static bool run_all(kd_rights *rights)
{
    kd_arena *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_err    err = { 0 };
    due       d = { .count = 0 };
    bool      ok = arena && each_case(rights, rights->reader, collect_running, &d, arena, &err) == KD_OK;
    for (size_t i = 0; arena && i < d.count && !rights->stop; i++) {
        kd_case c;
        kd_arena_reset(arena);
        kd_status status = kd_case_load(&c, rights, rights->reader, d.ids[i], arena, &err);
        if (status == KD_OK && (status = kd_erase_run(rights, &c, arena, &err)) != KD_OK)
            note_trouble(rights, &c, &err);
        pthread_mutex_lock(&rights->lock);
        rights->erased += status == KD_OK;
        rights->failed += status != KD_OK;
        pthread_cond_broadcast(&rights->moved);
        pthread_mutex_unlock(&rights->lock);
        ok = ok && status == KD_OK;
    }
    kd_arena_free(arena);
    return ok;
}

/* Once a day, and soon after the start. */
static void sweep_daily(kd_rights *rights)
{
    const int64_t    now = kd_now(rights->house.clock);
    kd_retention_run run;
    kd_err           err = { 0 };
    if (now - rights->swept_ms < KD_DAY_MS)
        return;
    rights->swept_ms = now;
    kd_status status = kd_retention_run_now(&run, rights, rights->reader, &rights->stop, &err);
    if (status != KD_OK)
        kd_log(KD_LOG_WARN, "trust", "retention-failed", "why=\"%s\"", err.msg);
    else if (run.emptied + run.quarantined)
        kd_log(KD_LOG_INFO, "trust", "retention", "emptied=%llu refolded=%llu quarantined=%llu", (unsigned long long)run.emptied,
               (unsigned long long)run.refolded, (unsigned long long)run.quarantined);
    pthread_mutex_lock(&rights->lock);
    rights->emptied += run.emptied;
    pthread_mutex_unlock(&rights->lock);
}

static void *rights_main(void *self)
{
    enum { AGAIN_S = 20 };
    kd_rights *rights = self;
    bool       due_now = true; /* what an earlier process left */
    pthread_mutex_lock(&rights->lock);
    while (!rights->stop) {
        if (!rights->wanted && !due_now) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += AGAIN_S;
            due_now = pthread_cond_timedwait(&rights->moved, &rights->lock, &until) != 0;
            if (!rights->wanted && !due_now)
                continue;
        }
        rights->wanted = due_now = false;
        pthread_mutex_unlock(&rights->lock);
        bool ok = run_all(rights);
        if (!rights->stop)
            sweep_daily(rights);
        if (ok && rights->retrain_due_ms && rights->house.retrain && !rights->stop) {
            const int64_t began = kd_now(rights->house.clock);
            kd_err        err = { 0 };
            kd_status     status = rights->house.retrain(rights->house.self, &err);
            if (status == KD_OK || status == KD_NOT_FOUND) /* nothing left to learn from: no model is trained on anybody */
                kd_rights_trained(rights, began);
            else if (status != KD_BUSY)
                kd_log(KD_LOG_WARN, "trust", "retrain-failed", "why=\"%s\"", err.msg);
        }
        pthread_mutex_lock(&rights->lock);
    }
    pthread_mutex_unlock(&rights->lock);
    return NULL;
}

/* ---- open, close -------------------------------------------------------------------------------------------------------- */
#define RETRAIN_META "retrain_due"

kd_status kd_retrain_note(kd_rights *rights, kd_err *err)
{
    char text[64];
    const int64_t now = kd_now(rights->house.clock), due_ms = now + rights->house.retrain_hours * INT64_C(3600000);
    snprintf(text, sizeof text, "%lld %lld", (long long)(rights->retrain_due_ms ? rights->retrain_due_ms : due_ms), (long long)now);
    kd_status status = kd_store_meta_put(rights->house.store, RETRAIN_META, kd_str_z(text), err);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&rights->lock);
    rights->retrain_due_ms = rights->retrain_due_ms ? rights->retrain_due_ms : due_ms;
    rights->erased_ms = now;
    pthread_mutex_unlock(&rights->lock);
    return KD_OK;
}

void kd_rights_trained(kd_rights *rights, int64_t began_ms)
{
    pthread_mutex_lock(&rights->lock);
    bool over = rights->retrain_due_ms && began_ms >= rights->erased_ms;
    if (over)
        rights->retrain_due_ms = 0;
    pthread_mutex_unlock(&rights->lock);
    if (over)
        kd_store_meta_put(rights->house.store, RETRAIN_META, KD_STR("0 0"), NULL);
}

static kd_status load_retrain(kd_rights *rights, kd_err *err)
{
    kd_arena *arena = kd_arena_new(4096);
    kd_str    value = { 0 };
    long long due_ms = 0, at_ms = 0;
    kd_status status = arena ? kd_reader_meta(&value, rights->reader, RETRAIN_META, arena, err) : kd_fail_memory(err);
    char      text[64] = "";
    if (status == KD_OK && value.len < sizeof text)
        memcpy(text, value.ptr, value.len);
    if (status == KD_OK && sscanf(text, "%lld %lld", &due_ms, &at_ms) == 2) {
        rights->retrain_due_ms = due_ms;
        rights->erased_ms = at_ms;
    }
    kd_arena_free(arena);
    return status == KD_NOT_FOUND ? KD_OK : status;
}

kd_status kd_rights_open(kd_rights **out, const kd_rights_house *house, kd_err *err)
{
    kd_rights *rights = calloc(1, sizeof *rights);
    if (!rights)
        return kd_fail_memory(err);
    rights->house = *house;
    pthread_mutex_init(&rights->lock, NULL);
    pthread_cond_init(&rights->moved, NULL);
    kd_rng_seed_os(&rights->rng);
    kd_status status = kd_reader_open(&rights->reader, house->store, err);
    if (status == KD_OK)
        status = load_retrain(rights, err);
    if (status == KD_OK && pthread_create(&rights->thread, NULL, rights_main, rights) != 0)
        status = kd_fail(err, KD_LIMIT, "cannot start the thread of requests");
    rights->started = status == KD_OK;
    if (status == KD_OK)
        *out = rights;
    else
        kd_rights_close(rights);
    return status;
}

void kd_rights_close(kd_rights *rights)
{
    if (!rights)
        return;
    pthread_mutex_lock(&rights->lock);
    rights->stop = true;
    pthread_cond_broadcast(&rights->moved);
    pthread_mutex_unlock(&rights->lock);
    if (rights->started)
        pthread_join(rights->thread, NULL);
    if (rights->reader)
        kd_reader_close(rights->reader);
    pthread_mutex_destroy(&rights->lock);
    pthread_cond_destroy(&rights->moved);
    free(rights);
}

typedef struct tally { kd_rights_stats *out; int64_t now_ms; } tally;

static kd_status count_case(void *self, kd_case *c)
{
    tally *t = self;
    bool   open = c->seen.state <= KD_RIGHT_RUNNING;
    t->out->open += open;
    t->out->overdue += open && c->seen.due_ms < t->now_ms;
    return KD_OK;
}

void kd_rights_get_stats(kd_rights_stats *out, kd_rights *rights)
{
    kd_arena  *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    kd_reader *reader = NULL;
    tally      self = { out, kd_now(rights->house.clock) };
    *out = (kd_rights_stats){ 0 };
    if (arena && kd_reader_open(&reader, rights->house.store, NULL) == KD_OK) {
        each_case(rights, reader, count_case, &self, arena, NULL);
        kd_reader_close(reader);
    }
    kd_arena_free(arena);
    pthread_mutex_lock(&rights->lock);
    out->erased = rights->erased;
    out->failed = rights->failed;
    out->emptied = rights->emptied;
    out->retrain_due_ms = rights->retrain_due_ms;
    pthread_mutex_unlock(&rights->lock);
}

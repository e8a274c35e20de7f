#include "trust/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/import.h"
#include "trust/rights.h"

enum { PAGES_A_NOTE = 50, PAGE_ROWS = 1000, PERSONS_AT_ONCE = 50, QUARANTINE_PAGE = 200, DAYS_MAX = 36500 };
static const kd_id nobody;
static const char *const names[KD_RETAIN_COUNT] = { "behaviour", "orders", "marketing", "texts", "decisions", "quarantine" };
#define KIND KD_STR("retention")

const char *kd_retained_name(kd_retained what) { return names[what < KD_RETAIN_COUNT ? what : 0]; }

/* ---- the documents ---------------------------------------------------------------------------------------------------- */
static int64_t days_of(const kd_json *json, const char *key)
{
    int64_t days = 0;
    return kd_json_i64(&days, kd_json_get(json, key)) && days > 0 ? days : 0;
}

kd_status kd_retention_load(kd_retention *out, kd_reader *reader, kd_err *err)
{
    kd_arena *arena = kd_arena_new(1 << 20);
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    *out = (kd_retention){ 0 };
    for (int i = 0; status == KD_OK && i < KD_RETAIN_COUNT; i++) {
        const kd_json *json = NULL;
        kd_doc         doc;
        status = kd_reader_doc(&doc, reader, KIND, kd_str_z(names[i]), arena, err);
        if (status == KD_OK && !doc.deleted && kd_json_parse(&json, arena, doc.body.ptr, doc.body.len, NULL) == KD_OK) {
            out->of[i].days = days_of(json, "days");
            out->of[i].minimum_days = days_of(json, "minimumDays");
        }
        status = status == KD_NOT_FOUND ? KD_OK : status;
    }
    kd_arena_free(arena);
    return status;
}

static kd_status read_days(int64_t *out, const kd_json *rule, const char *key, const char *what, kd_err *err)
{
    char           field[64];
    const kd_json *given = kd_json_get(rule, key);
    int64_t        days;
    if (!given)
        return KD_OK;
    snprintf(field, sizeof field, "/%s/%s", what, key);
    if (!kd_json_i64(&days, given) || days < 0 || days > DAYS_MAX)
        return kd_fail_field(err, KD_INVALID, field, "days are a whole number from 0 (kept) to %d", DAYS_MAX);
    *out = days;
    return KD_OK;
}

static kd_status read_rule(kd_retention *set, int what, const kd_json *rule, kd_err *err)
{
    char      field[64];
    kd_status status = read_days(&set->of[what].minimum_days, rule, "minimumDays", names[what], err);
    if (status == KD_OK)
        status = read_days(&set->of[what].days, rule, "days", names[what], err);
    snprintf(field, sizeof field, "/%s/days", names[what]);
    if (status == KD_OK && set->of[what].days && set->of[what].days < set->of[what].minimum_days)
        status = kd_fail_field(err, KD_INVALID, field, "must be kept for %lld days", (long long)set->of[what].minimum_days);
    return status;
}

kd_status kd_retention_put(kd_store *store, kd_reader *reader, const kd_json *doc, int64_t now_ms, kd_err *err)
{
    kd_retention set;
    kd_doc       docs[KD_RETAIN_COUNT];
    char         bodies[KD_RETAIN_COUNT][96];
    size_t       count = 0;
    kd_status    status = kd_retention_load(&set, reader, err);
    for (const kd_json *rule = doc->child; status == KD_OK && rule; rule = rule->next) {
        int what = 0;
        while (what < KD_RETAIN_COUNT && !kd_str_is(rule->key, names[what]))
            what++;
        if (what == KD_RETAIN_COUNT || !kd_json_is(rule, KD_JSON_OBJECT))
            return kd_fail_field(err, KD_INVALID, "", "a rule is one of behaviour, orders, marketing, texts, decisions, quarantine with {\"days\":N}");
        if ((status = read_rule(&set, what, rule, err)) != KD_OK)
            break;
        if (count == KD_RETAIN_COUNT)
            return kd_fail_field(err, KD_INVALID, "", "a class is named twice");
        int len = snprintf(bodies[count], sizeof bodies[count], "{\"days\":%lld,\"minimumDays\":%lld}", (long long)set.of[what].days, (long long)set.of[what].minimum_days);
        docs[count] = (kd_doc){ .kind = KIND, .id = kd_str_z(names[what]), .valid_from_ms = now_ms, .body = { bodies[count], (size_t)len } };
        count++;
    }
    return status == KD_OK && count ? kd_store_docs_put(store, docs, count, err) : status;
}

/* ---- what is over ------------------------------------------------------------------------------------------------------- */
static int class_of(unsigned kind)
{
    switch (kind) {
    case KD_KIND_IDENTIFY: case KD_KIND_GROUP: case KD_KIND_ALIAS: case KD_KIND_CONSENT: case KD_KIND_PREFERENCE: return -1;
    case KD_KIND_ORDER: case KD_KIND_ORDER_UPDATED: case KD_KIND_ORDER_CANCELLED: case KD_KIND_RETURN: return KD_RETAIN_ORDERS;
    case KD_KIND_COUPON: case KD_KIND_EMAIL: case KD_KIND_REDEEMED: return KD_RETAIN_MARKETING;
    case KD_KIND_REVIEW: case KD_KIND_SERVICE: return KD_RETAIN_TEXTS;
    default: break;
    }
    return kind >= KD_KIND_DECISION ? KD_RETAIN_DECISIONS : kd_kind_is_message(kind) ? KD_RETAIN_MARKETING
         : kd_kind_is_points(kind) ? KD_RETAIN_ORDERS : KD_RETAIN_BEHAVIOUR;
}

typedef struct sweep { /* one page of the log */
    kd_rights *rights;
    kd_reader *reader;
    int64_t    before[KD_RETAIN_COUNT]; /* INT64_MIN: nothing */
    uint16_t   group, kinds[KD_KIND_COUNT];
    size_t     kind_count;
    int64_t    after, count;            /* the page */
    kd_id      persons[PAGE_ROWS];
    size_t     person_count, from;      /* to be folded anew */
    uint64_t   emptied, refolded;
    long long  note_group, note_after;  /* where an earlier run was left by a crash; -1: nowhere */
    int        again;                   /* pages of it still to be folded anew */
    unsigned   since_note;              /* worked pages since the last note; 0: none stands */
} sweep;

/* Profiles that were folded anew are in memory until a checkpoint; after a crash they would remember what the log no longer
 * holds. So a note says from which page on that may be, and the next run folds the persons of those pages once more. */
#define NOTE_META "retention_at"

static kd_status put_note(sweep *s, long long group, long long after, kd_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "%lld %lld", group, after);
    return kd_store_meta_put(s->rights->house.store, NOTE_META, kd_str_z(text), err);
}

static kd_status read_note(sweep *s, kd_arena *arena, kd_err *err)
{
    kd_str    value = { 0 };
    char      text[64] = "";
    kd_status status = kd_reader_meta(&value, s->reader, NOTE_META, arena, err);
    s->note_group = s->note_after = -1;
    if (status == KD_OK && value.len < sizeof text) {
        memcpy(text, value.ptr, value.len);
        if (sscanf(text, "%lld %lld", &s->note_group, &s->note_after) != 2)
            s->note_group = -1;
    }
    return status == KD_NOT_FOUND ? KD_OK : status;
}

/* What was folded is durable, and the note goes. */
static kd_status settle(sweep *s, kd_err *err)
{
    kd_status status = kd_ingest_checkpoint(s->rights->house.ingest, err);
    s->since_note = 0;
    return status == KD_OK ? put_note(s, -1, -1, err) : status;
}

static void note_event(sweep *s, const kd_event *event)
{
    int class = class_of(event->kind);
    bool again = s->again > 0 && (event->flags & (KD_EVENT_HOLLOW | KD_EVENT_ERASED)) == KD_EVENT_HOLLOW;
    if (class < 0 || (event->flags & KD_EVENT_HOLLOW && !again) || event->received_ms >= s->before[class])
        return;
    bool known = again;
    for (size_t i = 0; i < s->kind_count; i++)
        known = known || s->kinds[i] == event->kind;
    if (!known)
        s->kinds[s->kind_count++] = event->kind;
    if (event->kind >= KD_KIND_DECISION || kd_id_is_nil(event->person))
        return;
    for (size_t i = s->person_count; i-- > 0;) /* a person's events mostly come together */
        if (kd_id_eq(s->persons[i], event->person))
            return;
    s->persons[s->person_count++] = event->person;
}

static kd_status empty_page(kd_txn *txn, void *arg, kd_err *err)
{
    sweep    *s = arg;
    kd_status status = KD_OK;
    s->emptied = 0;
    for (size_t i = 0; status == KD_OK && i < s->kind_count; i++) {
        int64_t cursor = s->after;
        size_t  some = 0;
        status = kd_txn_hollow(txn, s->kinds[i], s->before[class_of(s->kinds[i])], &cursor, (size_t)s->count, &some, err);
        s->emptied += some;
    }
    return status;
}

static kd_status hollow_page(sweep *s, kd_err *err)
{
    kd_status status;
    do {
        kd_txn *txn = NULL;
        if ((status = kd_txn_begin(&txn, s->rights->house.store, s->group, err)) != KD_OK)
            return status;
        if ((status = empty_page(txn, s, err)) != KD_OK) {
            kd_txn_rollback(txn);
            return status;
        }
        status = kd_txn_commit(txn, err);
    } while (status == KD_RETRY || status == KD_UNKNOWN);
    return status;
}

/* Between two batches nothing is folded meanwhile: what the log says now is the profile. */
static kd_status refold_some(void *self, kd_err *err)
{
    sweep          *s = self;
    kd_profile_caps caps = kd_profile_caps_default();
    kd_status       status = KD_OK;
    for (size_t i = s->from; status == KD_OK && i < s->person_count && i < s->from + PERSONS_AT_ONCE; i++) {
        kd_person *person = NULL;
        kd_profile fresh = { 0 };
        int64_t    head = 0;
        status = kd_people_acquire(&person, s->rights->house.people, s->reader, s->persons[i], err);
        if (status == KD_OK) {
            head = person->head;
            kd_people_release(s->rights->house.people, person);
            status = kd_refold(&fresh, s->reader, s->rights->house.vault, s->persons[i], head, &caps, err);
        }
        if (status == KD_OK && (status = kd_people_acquire(&person, s->rights->house.people, s->reader, s->persons[i], err)) == KD_OK) {
            kd_person_replace(person, s->rights->house.people, &fresh);
            kd_people_release(s->rights->house.people, person);
            s->refolded++;
        }
        kd_profile_free(&fresh);
        status = status == KD_NOT_FOUND ? KD_OK : status; /* erased since */
    }
    return status;
}

static kd_status take_page(kd_retention_run *out, sweep *s, const kd_event *events, size_t count, kd_err *err)
{
    kd_status status = KD_OK;
    s->kind_count = s->person_count = 0;
    s->count = (int64_t)count;
    if (s->note_group == s->group && s->note_after == s->after)
        s->again = PAGES_A_NOTE;
    for (size_t i = 0; i < count; i++)
        note_event(s, &events[i]);
    s->again -= s->again > 0;
    if ((s->kind_count || s->person_count) && s->since_note++ == 0)
        status = put_note(s, s->group, s->after, err);
    if (status == KD_OK && s->kind_count)
        status = hollow_page(s, err);
    out->emptied += status == KD_OK && s->kind_count ? s->emptied : 0;
    for (s->from = 0; status == KD_OK && s->from < s->person_count; s->from += PERSONS_AT_ONCE)
        status = kd_ingest_between(s->rights->house.ingest, refold_some, s, err);
    return status == KD_OK && s->since_note >= PAGES_A_NOTE ? settle(s, err) : status;
}

static kd_status sweep_group(kd_retention_run *out, sweep *s, const bool *stop, kd_arena *arena, kd_err *err)
{
    int64_t   newest = INT64_MIN;
    kd_status status = KD_OK;
    for (int i = 0; i < KD_RETAIN_QUARANTINE; i++)
        newest = s->before[i] > newest ? s->before[i] : newest;
    for (s->after = 0; status == KD_OK && !(stop && *stop);) {
        kd_event *events = NULL;
        size_t    count = 0;
        kd_arena_reset(arena);
        status = kd_reader_log(&events, &count, s->reader, s->group, s->after, PAGE_ROWS, false, arena, err);
        /* The log is in the order of arrival: behind the first page of which nothing is over nothing is. */
        if (status != KD_OK || count == 0 || events[0].received_ms >= newest + KD_DAY_MS)
            break;
        status = take_page(out, s, events, count, err);
        out->looked_at += count;
        s->after = events[count - 1].offset;
    }
    return status;
}

static kd_status drop_row(kd_txn *txn, void *arg, kd_err *err)
{
    kd_status status = kd_txn_record_delete(txn, nobody, KD_STR("quarantine"), *(kd_id *)arg, err);
    return status == KD_NOT_FOUND ? KD_OK : status;
}

static kd_status clear_quarantine(kd_retention_run *out, sweep *s, kd_arena *arena, kd_err *err)
{
    kd_id     after = nobody;
    kd_status status = KD_OK;
    for (size_t count = QUARANTINE_PAGE; status == KD_OK && count == QUARANTINE_PAGE;) {
        kd_record *rows = NULL;
        kd_arena_reset(arena);
        status = kd_reader_records(&rows, &count, s->reader, nobody, KD_STR("quarantine"), after, QUARANTINE_PAGE, arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            after = rows[i].id;
            if (rows[i].time_ms < s->before[KD_RETAIN_QUARANTINE] && (status = kd_rights_txn(s->rights, nobody, drop_row, &rows[i].id, err)) == KD_OK)
                out->quarantined++;
        }
    }
    return status;
}

kd_status kd_retention_run_now(kd_retention_run *out, kd_rights *rights, kd_reader *reader, const bool *stop, kd_err *err)
{
    kd_retention  rules;
    sweep        *s = calloc(1, sizeof *s);
    kd_arena     *arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES);
    const int64_t now = kd_now(rights->house.clock);
    kd_status     status = s && arena ? kd_retention_load(&rules, reader, err) : kd_fail_memory(err);
    bool          any = false;
    *out = (kd_retention_run){ 0 };
    for (int i = 0; status == KD_OK && i < KD_RETAIN_COUNT; i++) {
        s->before[i] = rules.of[i].days ? now - rules.of[i].days * KD_DAY_MS : INT64_MIN;
        any = any || (i < KD_RETAIN_QUARANTINE && rules.of[i].days);
    }
    if (status == KD_OK) {
        s->rights = rights;
        s->reader = reader;
        status = read_note(s, arena, err);
    }
    for (uint16_t group = 0; status == KD_OK && any && group < kd_store_groups(rights->house.store); group++) {
        s->group = group;
        status = sweep_group(out, s, stop, arena, err);
    }
    if (status == KD_OK && rules.of[KD_RETAIN_QUARANTINE].days)
        status = clear_quarantine(out, s, arena, err);
    if (status == KD_OK && (s->since_note || s->note_group >= 0))
        status = settle(s, err);
    if (s)
        out->refolded = s->refolded;
    if (status == KD_OK && out->emptied + out->quarantined)
        status = kd_store_sweep(rights->house.store, err);
    kd_arena_free(arena);
    free(s);
    return status;
}

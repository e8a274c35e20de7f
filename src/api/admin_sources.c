/* Sources: what is expected of them, what they send, where they are overdue, drifting or lack something. */
#include "api/handlers.h"
#include "api/roles.h"
#include "api/sources.h"
#include "insight/entry.h"
#include "insight/pulse.h"

enum { GAP_DAYS = 30 };
static const int64_t MINUTE_MS = 60000;

const kd_sources *kd_parts_sources(kd_parts *parts)
{
    const kd_sources *s;
    pthread_mutex_lock(&parts->sources_lock);
    s = kd_sources_retain(parts->sources);
    pthread_mutex_unlock(&parts->sources_lock);
    return s;
}

kd_status kd_parts_sources_reload(kd_parts *parts, kd_reader *reader, kd_err *err)
{
    const kd_sources *old;
    kd_sources       *fresh = NULL;
    kd_status         status = kd_sources_load(&fresh, reader, err);
    if (status == KD_OK)
        status = kd_watch_set(parts->watch, fresh, err);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&parts->sources_lock);
    old = parts->sources;
    parts->sources = fresh;
    pthread_mutex_unlock(&parts->sources_lock);
    kd_sources_release(old);
    return KD_OK;
}

/* ---- one source, counted ------------------------------------------------------------------------------------------------------- */
typedef struct audited { /* one source with all that is known of it */
    kd_str           id;
    const kd_source *document;   /* NULL: nobody wrote one */
    kd_pulse_source  sent;       /* zeros, last_ms KD_TIME_MIN: never anything */
    kd_field_report *fields;
    size_t           field_count;
    uint64_t         orders, claimed_orders; /* of the last GAP_DAYS days */
    uint32_t         gap_days;   /* of those, since its first: without any event */
    int32_t          gap_from;   /* the newest gap's first day */
    bool             overdue, drifting;
    double           complete;   /* of required fields, the recent share; negative: nothing to tell */
} audited;

static kd_status count_days(audited *a, kd_request *request, kd_err *err)
{
    const int32_t today = kd_day(request->now_ms);
    kd_pulse_day *days = NULL;
    size_t        count = 0;
    bool          begun = false;
    kd_status     status = kd_pulse_days(&days, &count, request->parts->pulse, today - GAP_DAYS, today, a->id, true, request->arena, err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        a->orders += days[i].orders;
        a->claimed_orders += days[i].claimed_orders;
        begun = begun || days[i].events > 0;
        if (begun && days[i].events == 0 && days[i].day < today) { /* today is not over yet */
            a->gap_from = i > 0 && days[i - 1].events == 0 && a->gap_days ? a->gap_from : days[i].day;
            a->gap_days++;
        }
    }
    return status;
}

static void judge(audited *a, int64_t now_ms)
{
    uint64_t expected = 0, brought = 0;
    a->complete = -1;
    a->overdue = a->document && a->document->fresh_ms > 0 && (a->sent.last_ms == KD_TIME_MIN || now_ms - a->sent.last_ms > a->document->fresh_ms);
    for (size_t i = 0; i < a->field_count; i++) {
        a->drifting = a->drifting || a->fields[i].drift != 0;
        if (!a->fields[i].field->required)
            continue;
        expected += a->fields[i].recent.events;
        brought += a->fields[i].recent.present - a->fields[i].recent.wrong_type - a->fields[i].recent.wrong_value;
    }
    if (expected)
        a->complete = (double)brought / (double)expected;
}

static kd_status audit(audited *a, kd_request *request, kd_err *err)
{
    kd_status status = count_days(a, request, err);
    if (status == KD_OK && a->document)
        status = kd_watch_fields(&a->fields, &a->field_count, request->parts->watch, a->document, request->now_ms, request->arena, err);
    judge(a, request->now_ms);
    return status;
}

static const char *state_of(const audited *a)
{
    return a->overdue ? "overdue" : a->drifting ? "drifting" : a->sent.last_ms == KD_TIME_MIN ? "silent" : a->document == NULL ? "undocumented" : "fresh";
}

/* Those that send, and those that only have a document. */
static kd_status gather(audited **out, size_t *count, const kd_sources *documents, kd_request *request, kd_err *err)
{
    kd_pulse_source *sent = NULL;
    size_t           sending = 0;
    kd_status        status = kd_pulse_sources(&sent, &sending, request->parts->pulse, request->now_ms, request->arena, err);
    audited         *list = status == KD_OK ? KD_NEW(request->arena, audited, sending + kd_sources_count(documents)) : NULL;
    *count = 0;
    if (list == NULL)
        return status == KD_OK ? kd_fail_memory(err) : status;
    for (size_t i = 0; i < sending; i++)
        list[(*count)++] = (audited){ .id = sent[i].name, .document = kd_sources_find(documents, sent[i].name), .sent = sent[i] };
    for (size_t i = 0; i < kd_sources_count(documents); i++) {
        const kd_source *document = kd_sources_at(documents, i);
        size_t           j = 0;
        while (j < sending && !kd_str_eq(sent[j].name, document->id))
            j++;
        if (j == sending)
            list[(*count)++] = (audited){ .id = document->id, .document = document, .sent = { .name = document->id, .last_ms = KD_TIME_MIN } };
    }
    for (size_t i = 0; i < *count && status == KD_OK; i++)
        status = audit(&list[i], request, err);
    *out = list;
    return status;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------------- */
static void write_share(kd_jw *w, const char *key, double share)
{
    kd_jw_key(w, key);
    if (share < 0)
        kd_jw_null(w);
    else
        kd_jw_f64(w, share, 4);
}

static double share(uint64_t some, uint64_t all) { return all ? (double)some / (double)all : -1; }

/* What is known of every source; the first six as Home has always read them. */
static void write_summary(kd_jw *w, const audited *a, const audited *all, size_t count)
{
    uint64_t orders = 0;
    for (size_t i = 0; i < count; i++)
        orders += all[i].orders + all[i].claimed_orders;
    KD_JW_STR(w, "source", a->id.len ? a->id : KD_STR("(unknown)")); /* events of before sources were kept */
    kd_write_time(w, "lastEventAt", a->sent.last_ms);
    KD_JW_I64(w, "events", (int64_t)a->sent.events);
    KD_JW_I64(w, "events24h", (int64_t)a->sent.events_24h);
    KD_JW_I64(w, "rejected", (int64_t)a->sent.rejected);
    KD_JW_I64(w, "duplicates", (int64_t)a->sent.duplicates);
    KD_JW_BOOL(w, "documented", a->document != NULL);
    kd_write_text(w, "name", a->document ? a->document->name : (kd_str){ 0 });
    KD_JW_Z(w, "kind", a->document ? kd_source_kind_name(a->document->kind) : NULL);
    kd_write_text(w, "owner", a->document ? a->document->owner : (kd_str){ 0 });
    kd_jw_key(w, "purposes");
    kd_jw_array(w);
    for (size_t i = 0; a->document && i < a->document->purpose_count; i++)
        kd_jw_str(w, a->document->purposes[i]);
    kd_jw_array_end(w);
    KD_JW_Z(w, "state", state_of(a));
    KD_JW_BOOL(w, "overdue", a->overdue);
    KD_JW_BOOL(w, "drifting", a->drifting);
    if (a->document && a->document->fresh_ms)
        KD_JW_I64(w, "freshnessMinutes", a->document->fresh_ms / MINUTE_MS);
    kd_jw_key(w, "perMinute");
    kd_jw_f64(w, (double)a->sent.events_24h / (24 * 60), 3);
    write_share(w, "completeness", a->complete);
    kd_jw_key(w, "last30Days");
    kd_jw_object(w);
    KD_JW_I64(w, "orders", (int64_t)(a->orders + a->claimed_orders));
    KD_JW_I64(w, "claimedOrders", (int64_t)a->claimed_orders);
    write_share(w, "ordersShare", share(a->orders + a->claimed_orders, orders));
    KD_JW_I64(w, "daysWithoutEvents", a->gap_days);
    kd_jw_object_end(w);
}

static void write_days(kd_jw *w, const char *key, const kd_field_days *d)
{
    kd_jw_key(w, key);
    kd_jw_object(w);
    KD_JW_I64(w, "events", (int64_t)d->events);
    KD_JW_I64(w, "present", (int64_t)d->present);
    KD_JW_I64(w, "wrongType", (int64_t)d->wrong_type);
    KD_JW_I64(w, "unknownValue", (int64_t)d->wrong_value);
    write_share(w, "share", share(d->present, d->events));
    kd_jw_key(w, "buckets");
    kd_jw_array(w);
    for (size_t i = 0; i < KD_SOURCE_BUCKETS; i++)
        kd_jw_i64(w, (int64_t)d->buckets[i]);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static void write_day_text(kd_jw *w, const char *key, int32_t day)
{
    char text[25];
    kd_time_format(text, (int64_t)day * KD_DAY_MS);
    KD_JW_STR(w, key, ((kd_str){ text, 10 }));
}

static void write_field(kd_jw *w, const kd_field_report *f)
{
    static const struct { kd_drift bit; const char *name; } drifts[] = { { KD_DRIFT_OF_SHARE, "share" }, { KD_DRIFT_OF_TYPE, "type" }, { KD_DRIFT_OF_VALUES, "values" } };
    kd_jw_object(w);
    KD_JW_STR(w, "event", f->event);
    KD_JW_STR(w, "path", f->field->path);
    KD_JW_Z(w, "type", kd_field_type_name(f->field->type));
    KD_JW_BOOL(w, "required", f->field->required);
    kd_jw_key(w, "values");
    kd_jw_array(w);
    for (size_t i = 0; i < f->field->value_count; i++)
        kd_jw_str(w, f->field->values[i]);
    kd_jw_array_end(w);
    write_day_text(w, "recentFrom", f->recent_from);
    write_days(w, "recent", &f->recent);
    write_day_text(w, "beforeFrom", f->before_from);
    write_days(w, "before", &f->before);
    write_share(w, "stabilityIndex", f->psi);
    kd_jw_key(w, "drift");
    kd_jw_array(w);
    for (size_t i = 0; i < sizeof drifts / sizeof *drifts; i++)
        if (f->drift & drifts[i].bit)
            kd_jw_z(w, drifts[i].name);
    kd_jw_array_end(w);
    kd_jw_key(w, "days");
    kd_jw_array(w);
    for (size_t i = 0; i < KD_WATCH_DAYS; i++) {
        kd_jw_array(w);
        kd_jw_i64(w, f->day[i].events);
        kd_jw_i64(w, f->day[i].present);
        kd_jw_array_end(w);
    }
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static void write_finding(kd_jw *w, const char *kind, const audited *a)
{
    kd_jw_object(w);
    KD_JW_Z(w, "kind", kind);
    kd_write_text(w, "source", a ? a->id : (kd_str){ 0 });
    if (a && strcmp(kind, "gap") == 0) {
        write_day_text(w, "from", a->gap_from);
        KD_JW_I64(w, "days", a->gap_days);
    }
    kd_jw_object_end(w);
}

/* What an audit of the sources would note down. */
static void write_findings(kd_jw *w, const audited *all, size_t count)
{
    uint64_t orders = 0;
    kd_jw_key(w, "findings");
    kd_jw_array(w);
    for (size_t i = 0; i < count; i++) {
        const audited *a = &all[i];
        orders += a->orders + a->claimed_orders;
        if (a->document == NULL && a->id.len)
            write_finding(w, "undocumented", a);
        else if (a->document && a->document->owner.len == 0)
            write_finding(w, "no-owner", a);
        if (a->document && a->document->purpose_count == 0)
            write_finding(w, "no-purpose", a);
        if (a->document && a->document->event_count == 0)
            write_finding(w, "no-schema", a);
        if (a->overdue)
            write_finding(w, "overdue", a);
        if (a->drifting)
            write_finding(w, "drift", a);
        if (a->gap_days && a->document && a->document->fresh_ms && a->document->fresh_ms <= KD_DAY_MS)
            write_finding(w, "gap", a);
    }
    if (orders == 0)
        write_finding(w, "no-orders", NULL);
    kd_jw_array_end(w);
}

/* ---- answers -------------------------------------------------------------------------------------------------------------------------- */
void kd_admin_sources(kd_request *request)
{
    const kd_sources *documents;
    audited          *all = NULL;
    size_t            count = 0;
    kd_err            err = { 0 };
    kd_status         status;
    kd_jw             w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    documents = kd_parts_sources(request->parts);
    status = gather(&all, &count, documents, request, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "sources");
    kd_jw_array(&w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_jw_object(&w);
        write_summary(&w, &all[i], all, count);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    if (status == KD_OK)
        write_findings(&w, all, count);
    kd_jw_object_end(&w);
    kd_sources_release(documents);
    kd_reply_json(request, status, &err);
}

static kd_status write_document(kd_jw *w, const audited *a, kd_request *request, kd_err *err)
{
    kd_doc    doc;
    kd_status status;
    kd_jw_key(w, "document");
    if (a->document == NULL) {
        kd_jw_null(w);
        return KD_OK;
    }
    status = kd_reader_doc(&doc, request->reader, KD_STR("source"), a->id, request->arena, err);
    if (status == KD_OK) {
        kd_jw_raw(w, doc.body);
        KD_JW_I64(w, "version", (int64_t)a->document->version);
    }
    return status;
}

static kd_status write_source(kd_jw *w, const audited *a, const audited *all, size_t count, kd_request *request, kd_err *err)
{
    kd_transform_counts transformed;
    kd_status           status;
    kd_watch_transformed(&transformed, request->parts->watch, a->id);
    kd_jw_object(w);
    write_summary(w, a, all, count);
    status = write_document(w, a, request, err);
    kd_jw_key(w, "transformed"); /* since the server began */
    kd_jw_object(w);
    KD_JW_I64(w, "events", (int64_t)transformed.events);
    KD_JW_I64(w, "dropped", (int64_t)transformed.dropped);
    KD_JW_I64(w, "microseconds", (int64_t)transformed.us);
    kd_jw_object_end(w);
    kd_jw_key(w, "fields");
    kd_jw_array(w);
    for (size_t i = 0; i < a->field_count && status == KD_OK; i++)
        write_field(w, &a->fields[i]);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
    return status;
}

void kd_admin_source(kd_request *request)
{
    kd_str            id = kd_request_segment(request, 3);
    const kd_sources *documents;
    audited          *all = NULL;
    size_t            count = 0, i = 0;
    kd_err            err = { 0 };
    kd_status         status;
    kd_jw             w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    documents = kd_parts_sources(request->parts);
    status = gather(&all, &count, documents, request, &err);
    while (status == KD_OK && i < count && !kd_str_eq(all[i].id, id))
        i++;
    if (status == KD_OK && i == count)
        status = kd_fail(&err, KD_NOT_FOUND, "there is no source of this id: it has no document and has sent nothing");
    kd_jw_init(&w, &request->out);
    if (status == KD_OK)
        status = write_source(&w, &all[i], all, count, request, &err);
    kd_sources_release(documents);
    kd_reply_json(request, status, &err);
}

/* Documents of sources: made, changed, taken away; and what one would do to a sample, with nothing stored. */
#include "api/caller.h"
#include "api/handlers.h"
#include "api/sources.h"
#include "base/csv.h"

enum { SAMPLE_ROWS_MAX = 200, RECORD_BYTES_MAX = 64 * 1024 };

/* ---- put, delete ------------------------------------------------------------------------------------------------------------- */
static kd_status put_doc(kd_request *request, kd_str id, kd_str body, bool deleted, kd_err *err)
{
    kd_doc    doc = { .kind = KD_STR("source"), .id = id, .valid_from_ms = request->now_ms, .deleted = deleted, .body = body };
    kd_status status = kd_store_docs_put(request->parts->store, &doc, 1, err);
    return status == KD_OK ? kd_parts_sources_reload(request->parts, request->reader, err) : status;
}

static kd_status check_room(kd_request *request, kd_str id, kd_err *err)
{
    const kd_sources *sources = kd_parts_sources(request->parts);
    const bool        full = kd_sources_count(sources) >= KD_SOURCES_MAX && kd_sources_find(sources, id) == NULL;
    kd_sources_release(sources);
    return full ? kd_fail(err, KD_LIMIT, "there are %d sources already", KD_SOURCES_MAX) : KD_OK;
}

void kd_admin_source_put(kd_request *request)
{
    const kd_json *json;
    kd_source      parsed;
    kd_str         id;
    kd_buf         body;
    kd_jw          w;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES) || (json = kd_request_json(request, false)) == NULL)
        return;
    id = kd_request_segment(request, 3);
    status = kd_source_parse(&parsed, id, json, request->arena, &err);
    if (status == KD_OK)
        status = check_room(request, id, &err);
    kd_buf_init(&body, request->arena);
    kd_jw_init(&w, &body);
    kd_jw_node(&w, json);
    if (status == KD_OK)
        status = kd_buf_status(&body, &err);
    if (status == KD_OK && !kd_audit(request, "source.change", id, (kd_str){ 0 }))
        return;
    if (status == KD_OK)
        status = put_doc(request, id, kd_buf_str(&body), false, &err);
    if (status == KD_OK)
        kd_admin_source(request);
    else
        kd_reply_problem(request, status, &err);
}

void kd_admin_source_delete(kd_request *request)
{
    const kd_sources *sources;
    kd_str            id = kd_request_segment(request, 3);
    kd_err            err = { 0 };
    kd_status         status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES))
        return;
    sources = kd_parts_sources(request->parts);
    status = kd_sources_find(sources, id) ? KD_OK : kd_fail(&err, KD_NOT_FOUND, "there is no document of this source");
    kd_sources_release(sources);
    if (status == KD_OK && !kd_audit(request, "source.delete", id, (kd_str){ 0 }))
        return;
    if (status == KD_OK)
        status = put_doc(request, id, KD_STR("{}"), true, &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

/* ---- dry run -------------------------------------------------------------------------------------------------------------------- */
typedef struct trial {
    kd_request      *request;
    const kd_source *source;
    kd_jw            w;
    size_t           rows, fine, refused, dropped, changed;
} trial;

/* The verdict on one event or row: what the collect door would say to an event; of a row of a table the transform alone. */
static kd_status verdict_of(const trial *t, const kd_json *after, bool table, kd_err *why)
{
    const kd_incoming_context context = { .speaker = KD_SPEAKER_SERVER, .source = t->source->id, .received_ms = t->request->now_ms, .sent_at_ms = KD_TIME_MIN };
    kd_incoming    *event = KD_NEW(t->request->arena, kd_incoming, 1);
    kd_source_seen *seen = NULL;
    kd_call         call = KD_CALL_TRACK;
    kd_str          type = kd_json_text(kd_json_get(after, "type"));
    kd_status       status;
    if (table)
        return KD_OK;
    if (event == NULL)
        return kd_fail_memory(why);
    if (type.len && kd_call_parse(&call, type) != KD_OK)
        call = KD_CALL_BATCH; /* whose reading says what is wrong with the type */
    kd_incoming_from_json(event, call, after, NULL, &context, t->request->arena);
    if (event->status != KD_OK) {
        *why = event->err;
        return event->status;
    }
    status = kd_source_look(&seen, t->source, call == KD_CALL_TRACK ? event->fact.name : type, after, t->request->arena, why);
    return status;
}

static void try_one(trial *t, const kd_json *before, bool table)
{
    const kd_json *after = NULL;
    kd_err         why = { 0 };
    bool           dropped = false;
    kd_status      status = kd_transform_apply(&after, &dropped, t->source->transform, before, t->request->arena, &why);
    if (status == KD_OK && !dropped)
        status = verdict_of(t, after, table, &why);
    t->rows++;
    t->dropped += dropped;
    t->refused += status != KD_OK;
    t->fine += status == KD_OK && !dropped;
    t->changed += after != NULL && after != before;
    kd_jw_object(&t->w);
    kd_jw_key(&t->w, "before");
    kd_jw_raw(&t->w, before->raw);
    kd_jw_key(&t->w, "after");
    if (after)
        kd_jw_raw(&t->w, after->raw);
    else
        kd_jw_null(&t->w);
    KD_JW_BOOL(&t->w, "changed", after != NULL && after != before);
    KD_JW_Z(&t->w, "verdict", dropped ? "dropped" : status == KD_OK ? "fine" : "refused");
    KD_JW_Z(&t->w, "field", status != KD_OK ? (why.field[0] ? why.field : "/") : NULL);
    KD_JW_Z(&t->w, "reason", status != KD_OK ? why.msg : NULL);
    kd_jw_object_end(&t->w);
}

static void refuse_line(trial *t, kd_str raw, const kd_err *why)
{
    t->rows++;
    t->refused++;
    kd_jw_object(&t->w);
    KD_JW_STR(&t->w, "before", raw);
    kd_jw_key(&t->w, "after"), kd_jw_null(&t->w);
    KD_JW_BOOL(&t->w, "changed", false);
    KD_JW_Z(&t->w, "verdict", "refused");
    KD_JW_Z(&t->w, "field", why->field[0] ? why->field : "row");
    KD_JW_Z(&t->w, "reason", why->msg);
    kd_jw_object_end(&t->w);
}

static const kd_json *object_of(trial *t, const kd_str *names, const kd_str *cells, size_t count)
{
    const kd_json *json = NULL;
    kd_buf         text;
    kd_jw          w;
    kd_buf_init(&text, t->request->arena);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    for (size_t c = 0; c < count; c++)
        kd_jw_key_str(&w, names[c]), kd_jw_str(&w, kd_str_trim(cells[c]));
    kd_jw_object_end(&w);
    return !text.failed && kd_json_parse(&json, t->request->arena, text.ptr, text.len, NULL) == KD_OK ? json : NULL;
}

static kd_status try_csv(trial *t, kd_str sample, kd_err *err)
{
    kd_input     *in = NULL;
    kd_csv       *csv = NULL;
    kd_str       *names = NULL;
    const kd_str *cells = NULL;
    size_t        columns = 0, count = 0;
    uint64_t      line;
    kd_str        raw;
    kd_status     status = kd_input_memory(&in, sample.ptr, sample.len, "", 0, err);
    if (status == KD_OK)
        status = kd_csv_open(&csv, in, 0, RECORD_BYTES_MAX, err);
    if (status == KD_OK && (status = kd_csv_next(csv, &cells, &columns, &line, &raw, err)) == KD_NOT_FOUND)
        status = kd_fail_field(err, KD_INVALID, "/sample", "is empty");
    if (status == KD_OK && (names = KD_NEW(t->request->arena, kd_str, columns)) == NULL)
        status = kd_fail_memory(err);
    for (size_t c = 0; status == KD_OK && c < columns; c++)
        names[c] = kd_str_copy(t->request->arena, kd_str_trim(cells[c]));
    while (status == KD_OK && t->rows < SAMPLE_ROWS_MAX) {
        kd_err    why = { 0 };
        kd_status one = kd_csv_next(csv, &cells, &count, &line, &raw, &why);
        if (one != KD_OK && one != KD_INVALID)
            break;
        const kd_json *row = one == KD_OK && count == columns ? object_of(t, names, cells, count) : NULL;
        if (one == KD_OK && count != columns)
            kd_fail_field(&why, KD_INVALID, "row", "%zu fields where the header has %zu", count, columns);
        if (row)
            try_one(t, row, true);
        else
            refuse_line(t, raw, &why);
    }
    kd_csv_close(csv);
    kd_input_close(in);
    return status;
}

static void try_lines(trial *t, kd_str sample)
{
    while (sample.len && t->rows < SAMPLE_ROWS_MAX) {
        const char    *end = memchr(sample.ptr, '\n', sample.len);
        const size_t   len = end ? (size_t)(end - sample.ptr) : sample.len;
        kd_str         line = kd_str_trim((kd_str){ sample.ptr, len });
        const kd_json *json = NULL;
        kd_err         why = { 0 };
        if (line.len && kd_json_parse(&json, t->request->arena, line.ptr, line.len, &why) == KD_OK && json->type == KD_JSON_OBJECT)
            try_one(t, json, kd_json_get(json, "type") == NULL && kd_json_get(json, "event") == NULL);
        else if (line.len) {
            if (json)
                kd_fail_field(&why, KD_INVALID, "row", "not a JSON object");
            refuse_line(t, line, &why);
        }
        sample = end ? (kd_str){ end + 1, sample.len - len - 1 } : (kd_str){ 0 };
    }
}

static kd_status try_sample(trial *t, const kd_json *sample, kd_err *err)
{
    if (kd_json_is(sample, KD_JSON_ARRAY)) {
        if (sample->count > SAMPLE_ROWS_MAX)
            return kd_fail_field(err, KD_LIMIT, "/sample", "more than %d events", SAMPLE_ROWS_MAX);
        for (const kd_json *item = sample->child; item; item = item->next)
            try_one(t, item, false);
        return KD_OK;
    }
    if (!kd_json_is(sample, KD_JSON_STRING))
        return kd_fail_field(err, KD_INVALID, "/sample", "must be an array of events, or the text of a CSV or JSON Lines file");
    kd_str text = kd_str_trim(sample->text);
    if (text.len && text.ptr[0] == '{')
        try_lines(t, text);
    else
        return try_csv(t, text, err);
    return KD_OK;
}

/* The document given, or the one in force; one that is not there yet has no steps and no schema. */
static kd_status source_to_try(kd_source *out, kd_request *request, const kd_json *body, const kd_sources *sources, kd_err *err)
{
    static const kd_json empty = { .type = KD_JSON_OBJECT, .raw = { "{}", 2 } };
    const kd_json       *given = kd_json_get(body, "document");
    kd_str               id = kd_request_segment(request, 3);
    const kd_source     *found = kd_sources_find(sources, id);
    if (found && (given == NULL || given->type == KD_JSON_NULL)) {
        *out = *found;
        return KD_OK;
    }
    return kd_source_parse(out, id, given && given->type != KD_JSON_NULL ? given : &empty, request->arena, err);
}

void kd_admin_source_dry_run(kd_request *request)
{
    const kd_sources *sources;
    const kd_json    *body;
    kd_source         source;
    trial             t = { .request = request, .source = &source };
    kd_err            err = { 0 };
    kd_status         status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES) || (body = kd_request_json(request, false)) == NULL)
        return;
    sources = kd_parts_sources(request->parts);
    status = source_to_try(&source, request, body, sources, &err);
    kd_jw_init(&t.w, &request->out);
    kd_jw_object(&t.w);
    kd_jw_key(&t.w, "rows");
    kd_jw_array(&t.w);
    if (status == KD_OK)
        status = try_sample(&t, kd_json_get(body, "sample"), &err);
    kd_jw_array_end(&t.w);
    KD_JW_I64(&t.w, "count", (int64_t)t.rows);
    KD_JW_I64(&t.w, "fine", (int64_t)t.fine);
    KD_JW_I64(&t.w, "refused", (int64_t)t.refused);
    KD_JW_I64(&t.w, "dropped", (int64_t)t.dropped);
    KD_JW_I64(&t.w, "changed", (int64_t)t.changed);
    kd_jw_object_end(&t.w);
    kd_sources_release(sources);
    kd_reply_json(request, status, &err);
}

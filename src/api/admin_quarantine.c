/* What was refused and may be mended: listed, mended, replayed, forgotten. Sealed at rest; shown to who may see personal data. */
#include "api/caller.h"
#include "api/handlers.h"
#include "api/sources.h"
#include "insight/entry.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, REPLAY_AT_ONCE = 500, STILL_NAMED = 20, LIST_BYTES = 64 << 20 };

static void write_held(kd_jw *w, const kd_held *h)
{
    kd_jw_object(w);
    kd_write_id(w, "id", h->id);
    kd_write_time(w, "time", h->time_ms);
    KD_JW_Z(w, "door", h->door == KD_DOOR_HTTP ? "http" : "file");
    kd_write_text(w, "source", h->source);
    kd_write_text(w, "file", h->file);
    kd_write_text(w, "what", h->what);
    if (h->door == KD_DOOR_FILE)
        KD_JW_I64(w, "line", (int64_t)h->line);
    KD_JW_STR(w, "field", h->field);
    KD_JW_STR(w, "reason", h->reason);
    kd_write_text(w, "columns", h->columns);
    KD_JW_STR(w, "row", h->raw);
    KD_JW_BOOL(w, "cut", h->cut);
    KD_JW_BOOL(w, "replayable", h->replayable);
    kd_jw_object_end(w);
}

static kd_status read_limit(size_t *out, kd_request *request, kd_err *err)
{
    kd_str  text = kd_request_query(request, "limit");
    int64_t limit = LIMIT_DEFAULT;
    if (text.len && (!kd_str_i64(&limit, text) || limit < 1 || limit > LIMIT_MAX))
        return kd_fail_field(err, KD_INVALID, "limit", "must be 1 to %d", LIMIT_MAX);
    *out = (size_t)limit;
    return KD_OK;
}

void kd_admin_quarantine(kd_request *request)
{
    kd_parts *parts = request->parts;
    kd_held  *rows = NULL;
    kd_arena *scratch;
    size_t    count = 0, limit = 0;
    kd_id     after = { 0 }, last = { 0 };
    kd_str    cursor = kd_request_query(request, "cursor");
    kd_err    err = { 0 };
    kd_status status;
    kd_jw     w;
    if (!kd_caller_require(request, KD_SEE_PERSONAL) || !kd_audit_read(request, "quarantine.read", (kd_str){ 0 }))
        return;
    scratch = kd_arena_new(LIST_BYTES);
    status = scratch ? read_limit(&limit, request, &err) : kd_fail_memory(&err);
    if (status == KD_OK && cursor.len && !kd_id_parse(&after, cursor))
        status = kd_fail_field(&err, KD_INVALID, "cursor", "not one that a list gave");
    if (status == KD_OK)
        status = kd_watch_flush(parts->watch, &err);
    if (status == KD_OK)
        status = kd_held_list(&rows, &count, &last, request->reader, parts->vault, kd_request_query(request, "source"), after, limit, scratch, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "rows");
    kd_jw_array(&w);
    for (size_t i = 0; i < count && status == KD_OK; i++)
        write_held(&w, &rows[i]);
    kd_jw_array_end(&w);
    kd_write_id(&w, "cursor", last);
    KD_JW_I64(&w, "leftOut", (int64_t)kd_watch_left_out(parts->watch));
    kd_jw_object_end(&w);
    kd_arena_free(scratch);
    kd_reply_json(request, status, &err);
}

static kd_status find(kd_held *out, kd_request *request, kd_err *err)
{
    kd_id id;
    if (!kd_id_parse(&id, kd_request_segment(request, 3)))
        return kd_fail(err, KD_NOT_FOUND, "there is nothing of this id in quarantine");
    return kd_held_get(out, request->reader, request->parts->vault, id, request->arena, err);
}

static void write_outcome(kd_jw *w, const kd_replay_outcome *o)
{
    KD_JW_I64(w, "stored", (int64_t)o->stored);
    KD_JW_I64(w, "duplicates", (int64_t)o->duplicates);
    KD_JW_I64(w, "dropped", (int64_t)o->dropped);
}

/* An event that a person mended by hand goes through the reading of all others; its text may be given as JSON, too. */
static kd_status mended_text(kd_str *out, const kd_json *body, kd_err *err)
{
    const kd_json *row = kd_json_get(body, "row");
    *out = (kd_str){ 0 };
    if (row == NULL || row->type == KD_JSON_NULL)
        return KD_OK;
    if (row->type != KD_JSON_STRING && row->type != KD_JSON_OBJECT)
        return kd_fail_field(err, KD_INVALID, "/row", "must be the row as text, or an event as an object");
    *out = row->type == KD_JSON_STRING ? row->text : row->raw;
    return out->len ? KD_OK : kd_fail_field(err, KD_INVALID, "/row", "is empty; leave it out to replay the row as it is");
}

void kd_admin_quarantine_mend(kd_request *request)
{
    const kd_sources *sources;
    const kd_policy  *policy;
    const kd_json    *body;
    kd_held           held;
    kd_replay_outcome outcome = { 0 };
    kd_str            mended, id = kd_request_segment(request, 3);
    kd_err            err = { 0 };
    kd_status         status;
    kd_jw             w;
    if (!kd_caller_require(request, KD_EDIT_SOURCES) || (body = kd_request_json(request, false)) == NULL)
        return;
    sources = kd_parts_sources(request->parts);
    policy = kd_parts_policy(request->parts);
    status = mended_text(&mended, body, &err);
    if (status == KD_OK)
        status = find(&held, request, &err);
    if (status == KD_OK && !kd_audit(request, "quarantine.replay", id, (kd_str){ 0 })) {
        kd_sources_release(sources);
        kd_policy_release(policy);
        return;
    }
    if (status == KD_OK) {
        const kd_importer to = kd_request_importer(request, request->reader, sources, policy);
        status = kd_held_replay(&outcome, &to, &held, mended, &err);
    }
    kd_sources_release(sources);
    kd_policy_release(policy);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    write_outcome(&w, &outcome);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}

void kd_admin_quarantine_drop(kd_request *request)
{
    kd_held   held;
    kd_err    err = { 0 };
    kd_status status;
    if (!kd_caller_require(request, KD_EDIT_SOURCES))
        return;
    status = find(&held, request, &err);
    if (status == KD_OK && !kd_audit(request, "quarantine.drop", kd_request_segment(request, 3), (kd_str){ 0 }))
        return;
    if (status == KD_OK)
        status = kd_held_drop(request->parts->store, held.id, &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

/* As many as a request may take, from `cursor` on; the answer's cursor says where to go on. What is still refused stays, and the first
 * of those are named. */
static kd_status replay_some(kd_jw *w, kd_request *request, const kd_json *body, const kd_sources *sources, const kd_policy *policy, kd_err *err)
{
    const kd_importer to = kd_request_importer(request, request->reader, sources, policy);
    kd_arena         *list = kd_arena_new(LIST_BYTES);
    kd_replay_outcome sum = { 0 };
    kd_held          *rows = NULL;
    kd_id             after = { 0 }, last = { 0 };
    size_t            count = 0, still = 0, replayed = 0;
    kd_str            cursor = kd_json_text(kd_json_get(body, "cursor"));
    kd_status         status = list ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK && cursor.len && !kd_id_parse(&after, cursor))
        status = kd_fail_field(err, KD_INVALID, "/cursor", "not one that a replay gave");
    if (status == KD_OK)
        status = kd_held_list(&rows, &count, &last, request->reader, request->parts->vault, kd_json_text(kd_json_get(body, "source")), after, REPLAY_AT_ONCE, list, err);
    kd_jw_key(w, "refused");
    kd_jw_array(w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_replay_outcome one;
        kd_err            why = { 0 };
        kd_status         s = kd_held_replay(&one, &to, &rows[i], (kd_str){ 0 }, &why);
        if (s == KD_OK) {
            replayed++;
            sum.stored += one.stored;
            sum.duplicates += one.duplicates;
            sum.dropped += one.dropped;
        } else if (s == KD_INVALID || s == KD_LIMIT || s == KD_CONFLICT || s == KD_DENIED) {
            if (still++ < STILL_NAMED) {
                kd_jw_object(w);
                kd_write_id(w, "id", rows[i].id);
                KD_JW_Z(w, "field", why.field);
                KD_JW_Z(w, "reason", why.msg);
                kd_jw_object_end(w);
            }
        } else {
            status = s;
            if (err)
                *err = why;
        }
    }
    kd_jw_array_end(w);
    KD_JW_I64(w, "replayed", (int64_t)replayed);
    KD_JW_I64(w, "stillRefused", (int64_t)still);
    write_outcome(w, &sum);
    kd_write_id(w, "cursor", last);
    kd_arena_free(list);
    return status;
}

void kd_admin_quarantine_replay(kd_request *request)
{
    const kd_sources *sources;
    const kd_policy  *policy;
    const kd_json    *body;
    kd_err            err = { 0 };
    kd_status         status;
    kd_jw             w;
    if (!kd_caller_require(request, KD_EDIT_SOURCES) || (body = kd_request_json(request, false)) == NULL
        || !kd_audit(request, "quarantine.replay", kd_json_text(kd_json_get(body, "source")), (kd_str){ 0 }))
        return;
    sources = kd_parts_sources(request->parts);
    policy = kd_parts_policy(request->parts);
    status = kd_watch_flush(request->parts->watch, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    if (status == KD_OK)
        status = replay_some(&w, request, body, sources, policy, &err);
    kd_jw_object_end(&w);
    kd_sources_release(sources);
    kd_policy_release(policy);
    kd_reply_json(request, status, &err);
}

/* Placements: documents that say what may stand where. A change is checked as decide would read it, stored, and in force. */
#include "api/caller.h"
#include "api/handlers.h"

enum { PLACEMENTS_MAX = 1000 };

static void write_placement(kd_jw *w, const kd_doc *doc, const kd_placement *placement)
{
    kd_jw_object(w);
    KD_JW_STR(w, "id", placement->id);
    KD_JW_I64(w, "version", (int64_t)placement->version);
    kd_jw_key(w, "document");
    kd_jw_raw(w, doc->body);
    kd_jw_object_end(w);
}

static kd_status read_placement(kd_jw *w, kd_request *request, const kd_placement *placement, kd_err *err)
{
    kd_doc    doc;
    kd_status status = kd_reader_doc(&doc, request->reader, KD_STR("placement"), placement->id, request->arena, err);
    if (status == KD_OK)
        write_placement(w, &doc, placement);
    return status;
}

void kd_admin_placements_list(kd_request *request)
{
    const kd_placements *placements;
    kd_err               err = { 0 };
    kd_status            status = KD_OK;
    kd_jw                w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    placements = kd_parts_placements(request->parts);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "placements");
    kd_jw_array(&w);
    for (size_t i = 0; placements && i < kd_placements_count(placements) && status == KD_OK; i++)
        status = read_placement(&w, request, kd_placements_at(placements, i), &err);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    if (placements)
        kd_placements_release(placements);
    kd_reply_json(request, status, &err);
}

/* The placement of the path in force now; *placements is to be released. KD_NOT_FOUND. */
static kd_status find(const kd_placement **out, const kd_placements **placements, kd_request *request, kd_err *err)
{
    *placements = kd_parts_placements(request->parts);
    *out = *placements ? kd_placements_find(*placements, kd_request_segment(request, 3)) : NULL;
    return *out ? KD_OK : kd_fail(err, KD_NOT_FOUND, "there is no placement of this id");
}

void kd_admin_placement(kd_request *request)
{
    const kd_placements *placements;
    const kd_placement  *placement;
    kd_err               err = { 0 };
    kd_status            status;
    kd_jw                w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    status = find(&placement, &placements, request, &err);
    kd_jw_init(&w, &request->out);
    if (status == KD_OK)
        status = read_placement(&w, request, placement, &err);
    if (placements)
        kd_placements_release(placements);
    kd_reply_json(request, status, &err);
}

static kd_status put_doc(kd_request *request, kd_str id, kd_str body, bool deleted, kd_err *err)
{
    kd_doc    doc = { .kind = KD_STR("placement"), .id = id, .valid_from_ms = request->now_ms, .deleted = deleted, .body = body };
    kd_status status = kd_store_docs_put(request->parts->store, &doc, 1, err);
    return status == KD_OK ? kd_parts_placements_reload(request->parts, request->reader, err) : status;
}

static kd_status check_room(kd_request *request, kd_str id, kd_err *err)
{
    const kd_placements *placements = kd_parts_placements(request->parts);
    bool                 full = placements && kd_placements_count(placements) >= PLACEMENTS_MAX && kd_placements_find(placements, id) == NULL;
    if (placements)
        kd_placements_release(placements);
    return full ? kd_fail(err, KD_LIMIT, "there are %d placements already", PLACEMENTS_MAX) : KD_OK;
}

void kd_admin_placement_put(kd_request *request)
{
    const kd_json     *json;
    const kd_snapshot *snapshot;
    kd_placement       parsed;
    kd_str             id, named;
    kd_buf             body;
    kd_jw              w;
    kd_err             err = { 0 };
    kd_status          status;
    if (!kd_caller_require(request, KD_EDIT_PLACEMENTS) || (json = kd_request_json(request, false)) == NULL)
        return;
    id = kd_request_segment(request, 3);
    named = kd_json_text(kd_json_get(json, "id"));
    status = named.len && !kd_str_eq(named, id) ? kd_fail_field(&err, KD_INVALID, "/id", "differs from the id in the path") : check_room(request, id, &err);
    snapshot = kd_snapshot_acquire(request->parts->catalog);
    if (status == KD_OK)
        status = kd_placement_parse(&parsed, id, json, snapshot, request->arena, &err);
    if (status == KD_OK)
        status = kd_trust_check_placement(request, &parsed, json, snapshot, &err);
    kd_snapshot_release(snapshot);
    kd_buf_init(&body, request->arena);
    kd_jw_init(&w, &body);
    kd_jw_node(&w, json);
    if (status == KD_OK)
        status = kd_buf_status(&body, &err);
    if (status == KD_OK)
        status = put_doc(request, id, kd_buf_str(&body), false, &err);
    if (status == KD_OK)
        kd_admin_placement(request);
    else
        kd_reply_problem(request, status, &err);
}

void kd_admin_placement_delete(kd_request *request)
{
    const kd_placements *placements;
    const kd_placement  *placement;
    kd_err               err = { 0 };
    kd_status            status;
    if (!kd_caller_require(request, KD_EDIT_PLACEMENTS))
        return;
    status = find(&placement, &placements, request, &err);
    if (placements)
        kd_placements_release(placements);
    if (status == KD_OK)
        status = put_doc(request, kd_request_segment(request, 3), KD_STR("{}"), true, &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

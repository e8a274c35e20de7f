/* What persons ask for by law: the list with its deadlines, and what is done about each. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/caller.h"
#include "api/handlers.h"
#include "insight/entry.h"
#include "trust/export.h"
#include "trust/retention.h"

enum { LIST_MAX = 200, TRAITS_MAX = 32 };

static kd_str staff(kd_request *request)
{
    kd_caller caller;
    if (kd_caller_of(&caller, request, (kd_str){ 0 }, NULL) != KD_OK)
        return (kd_str){ 0 };
    return caller.user.len ? caller.user : caller.source.len ? caller.source : KD_STR("key");
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */
static void write_time(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    kd_jw_key(w, key);
    if (ms) {
        kd_time_format(text, ms);
        kd_jw_z(w, text);
    } else {
        kd_jw_null(w);
    }
}

static void write_id(kd_jw *w, const char *key, kd_id id)
{
    char text[KD_ID_TEXT];
    kd_id_format(text, id);
    KD_JW_Z(w, key, kd_id_is_nil(id) ? NULL : text);
}

static void write_case(kd_jw *w, const kd_right_case *c, int64_t now_ms)
{
    kd_jw_object(w);
    write_id(w, "id", c->id);
    KD_JW_Z(w, "right", kd_right_name(c->right));
    KD_JW_Z(w, "state", kd_right_state_name(c->state));
    write_id(w, "person", c->person);
    write_time(w, "openedAt", c->opened_ms);
    write_time(w, "dueAt", c->due_ms);
    write_time(w, "closedAt", c->closed_ms);
    KD_JW_BOOL(w, "overdue", c->state <= KD_RIGHT_RUNNING && c->due_ms < now_ms);
    KD_JW_BOOL(w, "extended", c->extended);
    KD_JW_STR(w, "openedBy", c->by);
    KD_JW_STR(w, "handledBy", c->handled_by);
    KD_JW_STR(w, "note", c->note);
    if (c->step.len)
        KD_JW_STR(w, "step", c->step);
    if (c->why.len)
        KD_JW_STR(w, "heldUpBy", c->why);
    if (c->receipt.len)
        kd_jw_key(w, "receipt"), kd_jw_raw(w, c->receipt);
    kd_jw_object_end(w);
}

static void reply_case(kd_request *request, kd_status status, const kd_right_case *c, const kd_err *err)
{
    kd_jw w;
    if (status == KD_OK) {
        kd_jw_init(&w, &request->out);
        write_case(&w, c, kd_now(request->parts->clock));
    }
    kd_reply_json(request, status, err);
}

static bool request_id(kd_id *out, kd_request *request)
{
    kd_err err = { 0 };
    if (kd_id_parse(out, kd_request_segment(request, 3)))
        return true;
    kd_reply_problem(request, kd_fail(&err, KD_NOT_FOUND, "there is no such request"), &err);
    return false;
}

static bool audit(kd_request *request, const char *verb, kd_id id)
{
    char text[KD_ID_TEXT];
    kd_id_format(text, id);
    return kd_audit(request, verb, kd_str_z(text), (kd_str){ 0 });
}

/* ---- the list ----------------------------------------------------------------------------------------------------------- */
static kd_status write_list(kd_request *request, kd_err *err)
{
    kd_right_case *cases = NULL;
    size_t         count = 0;
    bool           more = false;
    kd_id          after = { 0 };
    kd_str         cursor = kd_request_query(request, "cursor"), state = kd_request_query(request, "state");
    kd_jw          w;
    if (cursor.len && !kd_id_parse(&after, cursor))
        return kd_fail_field(err, KD_INVALID, "/cursor", "a cursor is the id of a request");
    kd_status status = kd_rights_list(&cases, &count, &more, request->parts->rights, request->reader, after, LIST_MAX, request->arena, err);
    if (status != KD_OK)
        return status;
    kd_rights_stats stats;
    kd_rights_get_stats(&stats, request->parts->rights);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "requests");
    kd_jw_array(&w);
    for (size_t i = 0; i < count; i++)
        if (!state.len || kd_str_is(state, kd_right_state_name(cases[i].state)))
            write_case(&w, &cases[i], kd_now(request->parts->clock));
    kd_jw_array_end(&w);
    KD_JW_I64(&w, "open", (int64_t)stats.open);
    KD_JW_I64(&w, "overdue", (int64_t)stats.overdue);
    write_time(&w, "modelsRetrainedBy", stats.retrain_due_ms);
    write_id(&w, "cursor", more ? cases[count - 1].id : (kd_id){ 0 });
    kd_jw_object_end(&w);
    return KD_OK;
}

void kd_admin_requests_list(kd_request *request)
{
    kd_err err = { 0 };
    if (kd_caller_require(request, KD_HANDLE_RIGHTS))
        kd_reply_json(request, write_list(request, &err), &err);
}

/* ---- one request --------------------------------------------------------------------------------------------------------- */
void kd_admin_requests_open(kd_request *request)
{
    kd_err         err = { 0 };
    kd_right_case  c = { 0 };
    kd_right       right;
    kd_id          person;
    if (!kd_caller_require(request, KD_HANDLE_RIGHTS))
        return;
    const kd_json *body = kd_request_json(request, false);
    if (!body)
        return;
    kd_status status = kd_right_parse(&right, kd_json_text(kd_json_get(body, "right"))) ? KD_OK
        : kd_fail_field(&err, KD_INVALID, "/right", "right is one of export, erase, rectify, restrict, release, object");
    if (status == KD_OK)
        status = kd_answer_find(&person, request->parts, request->reader, kd_json_text(kd_json_get(body, "customer")), &err);
    if (status == KD_INVALID && strcmp(err.field, "/id") == 0)
        status = kd_fail_field(&err, KD_INVALID, "/customer", "customer is a person id or an identity value");
    if (status == KD_OK)
        status = kd_rights_open_request(&c, request->parts->rights, request->reader, right, person, staff(request), request->arena, &err);
    if (status == KD_OK && !audit(request, "request.open", c.id))
        return;
    if (status == KD_OK)
        request->status = 201;
    reply_case(request, status, &c, &err);
}

void kd_admin_request(kd_request *request)
{
    kd_err        err = { 0 };
    kd_right_case c = { 0 };
    kd_id         id;
    if (kd_caller_require(request, KD_HANDLE_RIGHTS) && request_id(&id, request))
        reply_case(request, kd_rights_get(&c, request->parts->rights, request->reader, id, request->arena, &err), &c, &err);
}

static kd_status read_traits(kd_trait traits[TRAITS_MAX], size_t *count, const kd_json *body, kd_err *err)
{
    const kd_json *given = kd_json_get(body, "traits");
    if (!kd_json_is(given, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/traits", "a rectification needs the traits to be set");
    for (const kd_json *t = given->child; t; t = t->next) {
        if (*count == TRAITS_MAX)
            return kd_fail_field(err, KD_LIMIT, "/traits", "at most %d traits at once", TRAITS_MAX);
        traits[(*count)++] = (kd_trait){ t->key, t->raw };
    }
    return *count ? KD_OK : kd_fail_field(err, KD_INVALID, "/traits", "no trait is given");
}

static kd_status act(kd_right_case *c, kd_request *request, kd_id id, kd_str verb, const kd_json *body, kd_err *err)
{
    kd_rights *rights = request->parts->rights;
    kd_str     by = staff(request), note = kd_json_text(kd_json_get(body, "note"));
    kd_trait   traits[TRAITS_MAX];
    size_t     count = 0;
    if (kd_str_is(verb, "complete"))
        return kd_rights_close_request(c, rights, request->reader, id, true, by, note, request->arena, err);
    if (kd_str_is(verb, "reject"))
        return kd_rights_close_request(c, rights, request->reader, id, false, by, note, request->arena, err);
    if (kd_str_is(verb, "extend"))
        return kd_rights_extend(c, rights, request->reader, id, request->arena, err);
    kd_status status = kd_rights_get(c, rights, request->reader, id, request->arena, err);
    if (status != KD_OK)
        return status;
    if (c->right != KD_RIGHT_RECTIFY)
        return kd_rights_run(c, rights, request->reader, id, by, request->arena, err);
    status = read_traits(traits, &count, body, err);
    return status == KD_OK ? kd_rights_rectify(c, rights, request->reader, id, traits, count, by, request->arena, err) : status;
}

static void work_on(kd_request *request, const char *verb, const char *name)
{
    static const kd_json nothing = { .type = KD_JSON_OBJECT };
    kd_err         err = { 0 };
    kd_right_case  c = { 0 };
    kd_id          id;
    const kd_json *body = &nothing;
    if (!kd_caller_require(request, KD_HANDLE_RIGHTS) || !request_id(&id, request))
        return;
    if (request->body.len && !(body = kd_request_json(request, false)))
        return;
    if (!audit(request, name, id)) /* said before it is done */
        return;
    reply_case(request, act(&c, request, id, kd_str_z(verb), body, &err), &c, &err);
}

void kd_admin_request_complete(kd_request *request) { work_on(request, "complete", "request.complete"); }
void kd_admin_request_reject(kd_request *request) { work_on(request, "reject", "request.reject"); }
void kd_admin_request_extend(kd_request *request) { work_on(request, "extend", "request.extend"); }
void kd_admin_request_run(kd_request *request) { work_on(request, "run", "request.run"); }

/* ---- the export ----------------------------------------------------------------------------------------------------------- */
static size_t read_file(void *self, char *out, size_t room)
{
    ssize_t got = read((int)(intptr_t)self, out, room);
    return got > 0 ? (size_t)got : KD_STREAM_END;
}

static void end_file(void *self) { close((int)(intptr_t)self); }

/* Beside the database, where there is room for it, without a name as soon as it is open. */
static kd_status make_export(int *fd, kd_request *request, kd_id person, kd_err *err)
{
    char      path[4096], id[KD_ID_TEXT];
    kd_rng    rng;
    kd_rng_seed_os(&rng);
    kd_id_format(id, kd_id_new(&rng, kd_now(request->parts->clock)));
    snprintf(path, sizeof path, "%s.export-%s", kd_store_path(request->parts->store), id);
    kd_status status = kd_export_zip(request->parts->rights, request->reader, person, path, err);
    if (status != KD_OK)
        return status;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    return *fd >= 0 ? KD_OK : kd_fail(err, KD_IO, "cannot read the export");
}

void kd_admin_request_export(kd_request *request)
{
    kd_err        err = { 0 };
    kd_right_case c = { 0 };
    kd_id         id;
    int           fd = -1;
    if (!kd_caller_require(request, KD_HANDLE_RIGHTS) || !request_id(&id, request))
        return;
    kd_status status = kd_rights_get(&c, request->parts->rights, request->reader, id, request->arena, &err);
    if (status == KD_OK && c.right != KD_RIGHT_EXPORT)
        status = kd_fail(&err, KD_INVALID, "this is no request for an export");
    if (status == KD_OK && c.state == KD_RIGHT_REJECTED)
        status = kd_fail(&err, KD_CONFLICT, "the request was rejected");
    if (status == KD_OK && !audit(request, "person.export", c.person))
        return;
    if (status == KD_OK)
        status = make_export(&fd, request, c.person, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    request->content_type = "application/zip";
    kd_request_reply_header(request, "Content-Disposition", KD_STR("attachment; filename=\"export.zip\""));
    kd_request_reply_header(request, "Cache-Control", KD_STR("no-store"));
    if (!kd_http_stream(request, &(kd_stream_source){ read_file, end_file, (void *)(intptr_t)fd })) {
        close(fd);
        kd_reply_problem(request, kd_fail_memory(&err), &err);
    }
}

/* ---- retention ------------------------------------------------------------------------------------------------------------ */
/* Receipts end by the setting at the latest, whatever their rule says. */
static int64_t days_in_force(const kd_request *request, kd_retained what, int64_t days)
{
    const int64_t setting = request->parts->receipt_retention_days;
    return what == KD_RETAIN_DECISIONS && (days == 0 || days > setting) ? setting : days;
}

static kd_status write_retention(kd_request *request, kd_err *err)
{
    kd_retention rules;
    kd_jw        w;
    kd_status    status = kd_retention_load(&rules, request->reader, err);
    if (status != KD_OK)
        return status;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    for (int i = 0; i < KD_RETAIN_COUNT; i++) {
        kd_jw_key(&w, kd_retained_name((kd_retained)i));
        kd_jw_object(&w);
        KD_JW_I64(&w, "days", days_in_force(request, (kd_retained)i, rules.of[i].days));
        KD_JW_I64(&w, "minimumDays", rules.of[i].minimum_days);
        kd_jw_object_end(&w);
    }
    kd_jw_object_end(&w);
    return KD_OK;
}

void kd_admin_retention(kd_request *request)
{
    kd_err err = { 0 };
    if (kd_caller_require(request, KD_SEE))
        kd_reply_json(request, write_retention(request, &err), &err);
}

void kd_admin_retention_put(kd_request *request)
{
    kd_err err = { 0 };
    if (!kd_caller_require(request, KD_EDIT_PRIVACY))
        return;
    const kd_json *body = kd_request_json(request, false);
    if (!body || !kd_audit(request, "retention.change", (kd_str){ 0 }, body->raw.len <= 1024 ? body->raw : (kd_str){ 0 }))
        return;
    kd_status status = kd_retention_put(request->parts->store, request->reader, body, kd_now(request->parts->clock), &err);
    kd_reply_json(request, status == KD_OK ? write_retention(request, &err) : status, &err);
}

void kd_admin_retention_run(kd_request *request)
{
    kd_err           err = { 0 };
    kd_retention_run run;
    kd_jw            w;
    if (!kd_caller_require(request, KD_EDIT_PRIVACY))
        return;
    if (!kd_audit(request, "retention.run", (kd_str){ 0 }, (kd_str){ 0 }))
        return;
    kd_status status = kd_retention_run_now(&run, request->parts->rights, request->reader, NULL, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_I64(&w, "lookedAt", (int64_t)run.looked_at);
    KD_JW_I64(&w, "emptied", (int64_t)run.emptied);
    KD_JW_I64(&w, "refolded", (int64_t)run.refolded);
    KD_JW_I64(&w, "quarantined", (int64_t)run.quarantined);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}

/* Read-back of persons and decisions; the state of the engine; training and checkpoints on demand. */
#include "api/handlers.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/caller.h"
#include "api/users.h"

/* The person named, and an entry of the audit log where they are seen in clear; false: answered. */
static bool open_person(kd_request *request, kd_str id)
{
    kd_id     person;
    kd_err    err = { 0 };
    kd_status status = kd_answer_find(&person, request->parts, request->reader, id, &err);
    if (status == KD_OK)
        return kd_audit_person(request, person);
    kd_reply_problem(request, status, &err);
    return false;
}

static void reply_profile(kd_request *request, kd_str id)
{
    kd_err err = { 0 };
    if (open_person(request, id))
        kd_reply_json(request, kd_answer_profile(&request->out, request->parts, request->reader, id, request->arena, &err), &err);
}

void kd_admin_profile(kd_request *request)
{
    if (kd_caller_require(request, KD_SEE_PEOPLE))
        reply_profile(request, kd_request_segment(request, 3));
}

void kd_admin_profile_events(kd_request *request)
{
    kd_str  text, cursor;
    int64_t limit = 0;
    kd_err  err = { 0 };
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    text = kd_request_query(request, "limit");
    cursor = kd_request_query(request, "cursor");
    if (text.len && (!kd_str_i64(&limit, text) || limit < 1 || limit > 500)) {
        kd_reply_error(request, 400, "invalid", "limit must be a whole number from 1 to 500", "limit");
        return;
    }
    if (open_person(request, kd_request_segment(request, 3)))
        kd_reply_json(request, kd_answer_events(&request->out, request->parts, request->reader, kd_request_segment(request, 3), (size_t)limit, cursor, request->arena, &err), &err);
}

/* The id in the body, not in the URL: what the dashboard uses, so that no e-mail stands in a browser's history. */
void kd_admin_profile_find(kd_request *request)
{
    const kd_json *json;
    if (kd_caller_require(request, KD_SEE_PEOPLE) && (json = kd_request_json(request, false)) != NULL)
        reply_profile(request, kd_json_text(kd_json_get(json, "id")));
}

/* What seals the receipts of a person, or those of nobody. */
static kd_status receipt_key(kd_data_key *key, kd_request *request, kd_id person, kd_err *err)
{
    kd_person *entry;
    kd_status  status;
    if (kd_id_is_nil(person)) {
        *key = *kd_vault_house_key(request->parts->vault);
        return KD_OK;
    }
    status = kd_people_acquire(&entry, request->parts->people, request->reader, person, err);
    if (status != KD_OK)
        return status;
    *key = entry->key;
    kd_people_release(request->parts->people, entry);
    return KD_OK;
}

/* A receipt lies with the person it was made for; decisions for visitors never seen lie with nobody. */
static kd_status answer_decision(kd_request *request, kd_err *err)
{
    kd_str             person_text = kd_request_query(request, "person");
    kd_id              id, person = { 0 };
    kd_event           event;
    kd_data_key        key;
    kd_str             body;
    const kd_snapshot *snapshot;
    kd_jw              w;
    kd_status          status = KD_OK;
    if (!kd_id_parse(&id, kd_request_segment(request, 3)))
        return kd_fail_field(err, KD_INVALID, "/id", "a decision's id is a UUID");
    if (person_text.len)
        status = kd_answer_find(&person, request->parts, request->reader, person_text, err);
    if (status == KD_OK)
        status = kd_reader_event(&event, request->reader, person, id, request->arena, err);
    if (status == KD_NOT_FOUND || (status == KD_OK && event.kind != KD_KIND_DECISION))
        return kd_fail(err, KD_NOT_FOUND, "there is no decision of this id for %s", person_text.len ? "this person" : "an unknown visitor; name its person with ?person=");
    if (status != KD_OK)
        return status;
    if (event.flags & KD_EVENT_HOLLOW)
        return kd_fail(err, KD_NOT_FOUND, "the receipt has passed its retention and is gone");
    status = receipt_key(&key, request, person, err);
    if (status == KD_OK)
        status = kd_stored_body(&body, &event, &key, request->arena, err);
    if (status != KD_OK)
        return status;
    kd_jw_init(&w, &request->out);
    snapshot = kd_snapshot_acquire(request->parts->catalog);
    status = kd_receipt_write_json(&w, body, snapshot, err);
    kd_snapshot_release(snapshot);
    return status;
}

void kd_admin_decision(kd_request *request)
{
    kd_err err = { 0 };
    if (kd_caller_require(request, KD_SEE_PEOPLE))
        kd_reply_json(request, answer_decision(request, &err), &err);
}

/* ---- the state of the engine -------------------------------------------------------------------------------------------- */
static void write_store_state(kd_jw *w, kd_reader *reader)
{
    kd_store_stats s;
    if (kd_reader_stats(&s, reader, NULL) != KD_OK)
        return;
    kd_jw_key(w, "database");
    kd_jw_object(w);
    KD_JW_I64(w, "fileBytes", (int64_t)s.file_bytes);
    KD_JW_I64(w, "walBytes", (int64_t)s.wal_bytes);
    KD_JW_I64(w, "events", (int64_t)s.events);
    KD_JW_I64(w, "persons", (int64_t)s.persons);
    KD_JW_I64(w, "documents", (int64_t)s.documents);
    KD_JW_I64(w, "commits", (int64_t)s.commits);
    KD_JW_I64(w, "commitMicroseconds", (int64_t)s.commit_us_total);
    kd_jw_object_end(w);
}

static void write_ingest_state(kd_jw *w, const kd_ingest *ingest)
{
    kd_ingest_stats s;
    kd_ingest_get_stats(&s, ingest);
    kd_jw_key(w, "ingest");
    kd_jw_object(w);
    KD_JW_I64(w, "stored", (int64_t)s.stored);
    KD_JW_I64(w, "duplicates", (int64_t)s.duplicates);
    KD_JW_I64(w, "rejected", (int64_t)s.rejected);
    KD_JW_I64(w, "commits", (int64_t)s.batches);
    KD_JW_I64(w, "failed", (int64_t)s.failed);
    KD_JW_I64(w, "busy", (int64_t)s.busy);
    KD_JW_I64(w, "queueBytes", (int64_t)s.queue_bytes);
    KD_JW_I64(w, "receipts", (int64_t)s.receipts);
    KD_JW_I64(w, "receiptsLost", (int64_t)s.receipts_lost);
    KD_JW_I64(w, "checkpoints", (int64_t)s.checkpoints);
    KD_JW_I64(w, "replayed", (int64_t)s.replayed);
    kd_jw_object_end(w);
}

static void write_memory_state(kd_jw *w, kd_parts *parts)
{
    const kd_snapshot *s = kd_snapshot_acquire(parts->catalog);
    kd_jw_key(w, "people");
    kd_jw_object(w);
    KD_JW_I64(w, "resident", (int64_t)kd_people_count(parts->people));
    KD_JW_I64(w, "bytes", (int64_t)kd_people_bytes(parts->people));
    KD_JW_I64(w, "dirtyBytes", (int64_t)kd_people_dirty_bytes(parts->people));
    KD_JW_I64(w, "identityBytes", (int64_t)kd_identity_bytes(parts->identity));
    kd_jw_object_end(w);
    kd_jw_key(w, "catalogue");
    kd_jw_object(w);
    KD_JW_I64(w, "version", (int64_t)kd_snapshot_version(s));
    KD_JW_I64(w, "products", kd_snapshot_products(s));
    KD_JW_I64(w, "variants", kd_snapshot_variants(s));
    KD_JW_I64(w, "places", kd_snapshot_places(s));
    KD_JW_I64(w, "content", kd_snapshot_contents(s));
    KD_JW_I64(w, "bytes", (int64_t)kd_catalog_bytes(parts->catalog));
    kd_jw_object_end(w);
    kd_snapshot_release(s);
}

/* What the system counts as this process's memory: maps of the database and the libraries are in it. */
static void write_process_state(kd_jw *w)
{
    struct rusage usage;
    long          pages = 0;
    FILE         *f = fopen("/proc/self/statm", "re");
    if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    getrusage(RUSAGE_SELF, &usage);
    kd_jw_key(w, "process");
    kd_jw_object(w);
    KD_JW_I64(w, "residentBytes", (int64_t)pages * sysconf(_SC_PAGESIZE));
    KD_JW_I64(w, "peakBytes", (int64_t)usage.ru_maxrss * 1024);
    kd_jw_object_end(w);
}

static void write_model_state(kd_jw *w, kd_parts *parts, int64_t now_ms)
{
    const kd_model *model = kd_recommender_model(parts->recommender);
    char            trained[25];
    kd_jw_key(w, "model");
    if (model == NULL) {
        kd_jw_null(w);
        return;
    }
    kd_time_format(trained, (int64_t)kd_model_version(model));
    kd_jw_object(w);
    KD_JW_I64(w, "version", (int64_t)kd_model_version(model));
    KD_JW_Z(w, "trainedAt", trained);
    KD_JW_I64(w, "ageSeconds", (now_ms - (int64_t)kd_model_version(model)) / 1000);
    KD_JW_I64(w, "products", kd_model_item_count(model));
    if (kd_model_report(model).len) {
        kd_jw_key(w, "report");
        kd_jw_raw(w, kd_model_report(model));
    }
    kd_jw_object_end(w);
    kd_model_release(model);
}

void kd_admin_state(kd_request *request)
{
    kd_parts            *parts = request->parts;
    const kd_placements *placements;
    char                 started[25];
    kd_jw                w;
    if (!kd_caller_require(request, KD_OPERATE))
        return;
    kd_time_format(started, parts->started_ms);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "version", parts->version);
    KD_JW_Z(&w, "startedAt", started);
    KD_JW_I64(&w, "uptimeSeconds", (request->now_ms - parts->started_ms) / 1000);
    KD_JW_BOOL(&w, "ready", atomic_load(&parts->ready));
    KD_JW_BOOL(&w, "passwordSet", kd_users_has_password(parts->users, kd_users_first()));
    write_process_state(&w);
    write_store_state(&w, request->reader);
    write_ingest_state(&w, parts->ingest);
    write_memory_state(&w, parts);
    write_model_state(&w, parts, request->now_ms);
    placements = kd_parts_placements(parts);
    KD_JW_I64(&w, "placements", placements ? (int64_t)kd_placements_count(placements) : 0);
    if (placements)
        kd_placements_release(placements);
    if (parts->settings_json) {
        kd_jw_key(&w, "settings");
        parts->settings_json(parts->settings_self, &w);
    }
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

/* ---- on demand ------------------------------------------------------------------------------------------------------------ */
enum { ASIDES_MAX = 4 };

static void train(kd_request *request)
{
    kd_parts *parts = request->parts;
    kd_err    err = { 0 };
    kd_status status = parts->train ? parts->train(parts->train_self, &err) : kd_fail(&err, KD_NOT_FOUND, "this process does not train models");
    kd_jw     w;
    if (status == KD_OK) {
        kd_jw_init(&w, &request->out);
        kd_jw_object(&w);
        write_model_state(&w, parts, request->now_ms);
        kd_jw_object_end(&w);
    }
    kd_reply_json(request, status, &err);
}

static void checkpoint(kd_request *request)
{
    kd_err    err = { 0 };
    kd_status status = kd_ingest_flush(request->parts->ingest, &err);
    if (status == KD_OK)
        status = kd_ingest_checkpoint(request->parts->ingest, &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

typedef struct aside { kd_request *request; void (*work)(kd_request *request); } aside;

static void *run_aside(void *self)
{
    aside     *a = self; /* in the request's arena: not to be touched after the answer */
    kd_parts  *parts = a->request->parts;
    a->work(a->request);
    atomic_fetch_sub(&parts->counts.asides, 1);
    kd_http_answer(a->request);
    return NULL;
}

/* What takes seconds runs on a thread of its own, so that the shop's requests on this worker do not wait behind it. */
void kd_api_aside(kd_request *request, void (*work)(kd_request *request))
{
    aside    *a = KD_NEW(request->arena, aside, 1);
    kd_err    err = { 0 };
    pthread_t thread;
    if (a == NULL || atomic_fetch_add(&request->parts->counts.asides, 1) >= ASIDES_MAX) {
        if (a)
            atomic_fetch_sub(&request->parts->counts.asides, 1);
        kd_reply_problem(request, a ? kd_fail(&err, KD_BUSY, "too many long requests are under way") : kd_fail_memory(&err), &err);
        return;
    }
    *a = (aside){ request, work };
    kd_http_later(request);
    if (pthread_create(&thread, NULL, run_aside, a) == 0)
        pthread_detach(thread);
    else
        run_aside(a);
}

void kd_admin_train(kd_request *request)
{
    if (kd_caller_require(request, KD_OPERATE))
        kd_api_aside(request, train);
}

void kd_admin_checkpoint(kd_request *request)
{
    if (kd_caller_require(request, KD_OPERATE))
        kd_api_aside(request, checkpoint);
}

/* What a person said about purposes, and on whose behalf staff may say it; purposes, data classes and fields as documents. */
#include "api/caller.h"
#include "api/handlers.h"
#include "customer/consent.h"
#include "event/statement.h"

enum { CHAIN_EVENTS = 200, CHAIN_EVENTS_MAX = 4000, HISTORY_MAX = 200, CHAIN_BYTES = 16 << 20 };

/* ---- one person --------------------------------------------------------------------------------------------------------- */

static void write_time(kd_jw *w, const char *key, int64_t ms)
{
    char time[25];
    kd_time_format(time, ms);
    KD_JW_Z(w, key, time);
}

static void write_said(kd_jw *w, const kd_register *said, kd_arena *arena)
{
    kd_consent consent;
    bool       granted;
    if (!said || kd_consent_read(&granted, &consent, said->value, arena, NULL) != KD_OK)
        return;
    write_time(w, "time", said->time_ms);
    KD_JW_BOOL(w, "proven", !said->claimed);
    KD_JW_STR(w, "source", consent.source);
    KD_JW_STR(w, "policy", consent.policy);
    if (consent.proof.len)
        KD_JW_STR(w, "proof", consent.proof);
}

static void write_names(kd_jw *w, const char *key, kd_purposes purposes)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if (purposes & KD_PURPOSE_BIT(p))
            kd_jw_z(w, kd_purpose_name((kd_purpose)p));
    kd_jw_array_end(w);
}

static void write_states(kd_jw *w, const kd_profile *profile, const kd_policy *policy, kd_arena *arena)
{
    const kd_purposes allowed = kd_allowed(policy, profile, false);
    write_names(w, "allowed", allowed);
    KD_JW_I64(w, "policyVersion", (int64_t)kd_policy_version(policy));
    kd_jw_key(w, "purposes");
    kd_jw_array(w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++) {
        const kd_purpose_rule *rule = kd_policy_purpose(policy, (kd_purpose)p);
        kd_jw_object(w);
        KD_JW_Z(w, "purpose", kd_purpose_name((kd_purpose)p));
        KD_JW_STR(w, "title", rule->title);
        KD_JW_Z(w, "basis", kd_basis_name(rule->basis));
        KD_JW_Z(w, "state", kd_consent_state_name(kd_consent_of(profile, (kd_purpose)p)));
        KD_JW_BOOL(w, "allowed", (allowed & KD_PURPOSE_BIT(p)) != 0);
        write_said(w, kd_consent_register(profile, (kd_purpose)p), arena);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static bool same_statement(const kd_consent *a, const kd_consent *b)
{
    return a->granted == b->granted && a->refused == b->refused && kd_str_eq(a->source, b->source) && kd_str_eq(a->policy, b->policy);
}

static void write_statement(kd_jw *w, const kd_fact *fact, int64_t first_ms)
{
    kd_jw_object(w);
    write_time(w, "time", first_ms);
    write_names(w, "granted", fact->consent.granted & (kd_purposes)~fact->consent.refused);
    write_names(w, "refused", fact->consent.refused);
    KD_JW_STR(w, "source", fact->consent.source);
    KD_JW_STR(w, "policy", fact->consent.policy);
    KD_JW_STR(w, "proof", fact->consent.proof);
    KD_JW_BOOL(w, "proven", !fact->claimed);
    KD_JW_STR(w, "event", fact->name);
    kd_jw_object_end(w);
}

/* Statements along the person's chain, newest first; what a browser repeats with every event is one, as of when it was said first. */
static kd_status write_history(kd_jw *w, kd_request *request, kd_id person, int64_t head, const kd_data_key *key, kd_err *err)
{
    kd_arena *arena = kd_arena_new(CHAIN_BYTES), *keep = request->arena;
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    size_t    looked = 0, written = 0;
    bool      pending = false;
    kd_fact   last = { 0 };
    while (status == KD_OK && head > 0 && looked < CHAIN_EVENTS_MAX && written < HISTORY_MAX) {
        kd_event *events;
        size_t    count;
        kd_arena_reset(arena);
        status = kd_reader_chain(&events, &count, request->reader, person, head, CHAIN_EVENTS, false, arena, err);
        for (size_t i = 0; i < count && status == KD_OK && written < HISTORY_MAX; i++, looked++) {
            kd_fact fact;
            head = events[i].prev;
            if (events[i].kind >= KD_KIND_DECISION || (events[i].flags & KD_EVENT_HOLLOW) || kd_stored_fact(&fact, &events[i], key, arena, NULL) != KD_OK
                || !kd_consent_says(&fact.consent))
                continue;
            if (pending && !same_statement(&last.consent, &fact.consent)) {
                write_statement(w, &last, last.time_ms);
                written++;
            }
            last = fact;
            last.name = kd_str_copy(keep, fact.name);
            last.consent.source = kd_str_copy(keep, fact.consent.source);
            last.consent.policy = kd_str_copy(keep, fact.consent.policy);
            last.consent.proof = kd_str_copy(keep, fact.consent.proof);
            pending = true;
        }
        if (status == KD_OK && count == 0)
            break;
    }
    if (status == KD_OK && pending && written < HISTORY_MAX)
        write_statement(w, &last, last.time_ms);
    kd_arena_free(arena);
    return status;
}

static kd_status write_person(kd_jw *w, kd_request *request, kd_id person, kd_err *err)
{
    kd_parts        *parts = request->parts;
    const kd_policy *policy = kd_parts_policy(parts);
    kd_customer      customer = { 0 };
    kd_person       *entry;
    kd_data_key      key = { { 0 } };
    int64_t          head = 0;
    kd_status        status = kd_customers_acquire(&customer, parts->customers, request->reader, person, err);
    kd_jw_object(w);
    if (status == KD_OK) {
        write_states(w, customer.profile, policy, request->arena);
        kd_customers_release(parts->customers, &customer);
        status = kd_people_acquire(&entry, parts->people, request->reader, person, err);
    }
    if (status == KD_OK) {
        key = entry->key;
        head = entry->head;
        kd_people_release(parts->people, entry);
    }
    kd_jw_key(w, "history");
    kd_jw_array(w);
    if (status == KD_OK)
        status = write_history(w, request, person, head, &key, err);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
    kd_policy_release(policy);
    return status;
}

void kd_admin_consents(kd_request *request)
{
    kd_id     person;
    kd_err    err = { 0 };
    kd_status status;
    kd_jw     w;
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    request->no_store = true;
    status = kd_answer_find(&person, request->parts, request->reader, kd_request_segment(request, 3), &err);
    if (status == KD_OK && !kd_audit_person(request, person))
        return;
    kd_jw_init(&w, &request->out);
    if (status == KD_OK)
        status = write_person(&w, request, person, &err);
    kd_reply_json(request, status, &err);
}

/* {"purpose":"market-email","granted":false,"source":"phone","policy":"2026-05","proof":"call 4711","time":...}; the last four may lack. */
static kd_status read_consent(kd_consent *out, int64_t *time_ms, const kd_json *json, int64_t now_ms, kd_err *err)
{
    const kd_json *granted = kd_json_get(json, "granted"), *time = kd_json_get(json, "time");
    kd_purpose     purpose;
    if (!kd_purpose_parse(&purpose, kd_json_text(kd_json_get(json, "purpose"))))
        return kd_fail_field(err, KD_INVALID, "/purpose", "must be operate, personalise, analyse, market-email, market-post, market-push, share or sensitive");
    if (!kd_json_is(granted, KD_JSON_TRUE) && !kd_json_is(granted, KD_JSON_FALSE))
        return kd_fail_field(err, KD_INVALID, "/granted", "must be true or false");
    *(kd_json_is(granted, KD_JSON_TRUE) ? &out->granted : &out->refused) = KD_PURPOSE_BIT(purpose);
    out->source = kd_json_text(kd_json_get(json, "source"));
    out->policy = kd_json_text(kd_json_get(json, "policy"));
    out->proof = kd_json_text(kd_json_get(json, "proof"));
    if (out->source.len == 0)
        out->source = KD_STR("staff");
    *time_ms = now_ms;
    if (time && (!kd_time_parse(time_ms, kd_json_text(time), 0) || *time_ms > now_ms + KD_FUTURE_SLACK_MS))
        return kd_fail_field(err, KD_INVALID, "/time", "must be a time that is not in the future");
    return KD_OK;
}

void kd_admin_consent_post(kd_request *request)
{
    const kd_json *json;
    kd_consent     consent = { 0 };
    kd_statement   statement = { .now_ms = request->now_ms, .channel = KD_CHANNEL_SERVER };
    kd_incoming    event;
    kd_rng         rng;
    kd_err         err = { 0 };
    kd_status      status;
    kd_jw          w;
    if (!kd_caller_require(request, KD_HANDLE_RIGHTS) || (json = kd_request_json(request, false)) == NULL)
        return;
    request->no_store = true;
    kd_rng_seed_os(&rng);
    statement.seed = kd_rng_u64(&rng);
    status = kd_answer_find(&statement.person, request->parts, request->reader, kd_request_segment(request, 3), &err);
    if (status == KD_OK)
        status = read_consent(&consent, &statement.time_ms, json, request->now_ms, &err);
    if (status == KD_OK)
        status = kd_consent_event(&event, &statement, &consent, request->arena, &err);
    if (status == KD_OK) {
        char id[KD_ID_TEXT];
        kd_id_format(id, statement.person);
        if (!kd_audit(request, consent.granted ? "consent.grant" : "consent.refuse", kd_str_z(id), (kd_str){ 0 }))
            return;
        status = kd_ingest_write(request->parts->ingest, &event, 1, NULL, NULL, &err);
    }
    kd_jw_init(&w, &request->out);
    if (status == KD_OK)
        status = write_person(&w, request, statement.person, &err);
    kd_reply_json(request, status, &err);
}

/* ---- documents ------------------------------------------------------------------------------------------------------------ */

static void write_rule(kd_jw *w, const kd_purpose_rule *rule)
{
    kd_jw_object(w);
    KD_JW_Z(w, "id", kd_purpose_name(rule->purpose));
    KD_JW_STR(w, "title", rule->title);
    KD_JW_STR(w, "text", rule->text);
    KD_JW_Z(w, "basis", kd_basis_name(rule->basis));
    KD_JW_BOOL(w, "gpc", rule->gpc);
    kd_jw_key(w, "categories");
    kd_jw_raw(w, rule->categories);
    KD_JW_I64(w, "version", (int64_t)rule->version);
    kd_jw_object_end(w);
}

static void write_class(kd_jw *w, const kd_policy *policy, const kd_data_class *c)
{
    kd_jw_object(w);
    KD_JW_STR(w, "id", c->id);
    KD_JW_STR(w, "title", c->title);
    write_names(w, "purposes", c->purposes);
    kd_jw_key(w, "kinds");
    kd_jw_array(w);
    for (int kind = 0; kind < KD_KIND_DECISION; kind++)
        if (strcmp(kd_kind_name((kd_kind)kind), "unknown") != 0 && kd_policy_class_of_event(policy, (kd_kind)kind, (kd_str){ 0 }) == c)
            kd_jw_z(w, kd_kind_name((kd_kind)kind));
    kd_jw_array_end(w);
    KD_JW_I64(w, "version", (int64_t)c->version);
    kd_jw_object_end(w);
}

static void write_field(kd_jw *w, const kd_field_rule *field)
{
    kd_jw_object(w);
    KD_JW_STR(w, "id", field->name);
    KD_JW_STR(w, "title", field->title);
    if (field->data_class.len)
        KD_JW_STR(w, "class", field->data_class);
    write_names(w, "purposes", field->purposes);
    KD_JW_I64(w, "version", (int64_t)field->version);
    kd_jw_object_end(w);
}

static const char *kind_of(kd_str segment)
{
    return kd_str_is(segment, "purposes") ? "purpose" : kd_str_is(segment, "fields") ? "field" : "data-class";
}

/* One of them by its id; false when there is none. */
static bool write_one(kd_jw *w, const kd_policy *policy, const char *kind, kd_str id)
{
    kd_purpose           purpose;
    const kd_data_class *c = kd_policy_class(policy, id);
    const kd_field_rule *field = kd_policy_field(policy, id);
    if (strcmp(kind, "purpose") == 0 && kd_purpose_parse(&purpose, id))
        return write_rule(w, kd_policy_purpose(policy, purpose)), true;
    if (strcmp(kind, "data-class") == 0 && c)
        return write_class(w, policy, c), true;
    if (strcmp(kind, "field") == 0 && field)
        return write_field(w, field), true;
    return false;
}

void kd_admin_policy(kd_request *request)
{
    const kd_policy *policy;
    const char      *kind = kind_of(kd_request_segment(request, 2));
    kd_str           id = kd_request_segment(request, 3);
    kd_err           err = { 0 };
    kd_status        status = KD_OK;
    kd_jw            w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    policy = kd_parts_policy(request->parts);
    kd_jw_init(&w, &request->out);
    if (id.len) {
        if (!write_one(&w, policy, kind, id))
            status = kd_fail(&err, KD_NOT_FOUND, "there is no %s of this id", kind);
    } else {
        kd_jw_object(&w);
        kd_jw_key(&w, kind[0] == 'p' ? "purposes" : kind[0] == 'f' ? "fields" : "dataClasses");
        kd_jw_array(&w);
        for (int p = 0; kind[0] == 'p' && p < KD_PURPOSE_COUNT; p++)
            write_rule(&w, kd_policy_purpose(policy, (kd_purpose)p));
        for (size_t i = 0; kind[0] == 'd' && i < kd_policy_class_count(policy); i++)
            write_class(&w, policy, kd_policy_class_at(policy, i));
        for (size_t i = 0; kind[0] == 'f' && i < kd_policy_field_count(policy); i++)
            write_field(&w, kd_policy_field_at(policy, i));
        kd_jw_array_end(&w);
        kd_jw_object_end(&w);
    }
    kd_policy_release(policy);
    kd_reply_json(request, status, &err);
}

void kd_admin_policy_put(kd_request *request)
{
    const kd_policy *policy;
    const kd_json   *json;
    const char      *kind = kind_of(kd_request_segment(request, 2));
    kd_str           id = kd_request_segment(request, 3);
    kd_buf           body;
    kd_jw            w;
    kd_err           err = { 0 };
    kd_status        status;
    if (!kd_caller_require(request, KD_EDIT_PRIVACY) || (json = kd_request_json(request, false)) == NULL)
        return;
    policy = kd_parts_policy(request->parts);
    status = kd_policy_check(policy, kd_str_z(kind), id, json, &err);
    kd_policy_release(policy);
    kd_buf_init(&body, request->arena);
    kd_jw_init(&w, &body);
    kd_jw_node(&w, json);
    if (status == KD_OK)
        status = kd_buf_status(&body, &err);
    if (status == KD_OK) {
        kd_doc doc = { .kind = kd_str_z(kind), .id = id, .valid_from_ms = request->now_ms, .body = kd_buf_str(&body) };
        if (!kd_audit(request, "policy.change", id, (kd_str){ 0 }))
            return;
        status = kd_store_docs_put(request->parts->store, &doc, 1, &err);
    }
    if (status == KD_OK)
        status = kd_parts_policy_reload(request->parts, request->reader, &err);
    if (status == KD_OK)
        kd_admin_policy(request);
    else
        kd_reply_problem(request, status, &err);
}

/* Browsers ask a site whether it honours Sec-GPC. */
void kd_api_gpc(kd_request *request)
{
    kd_buf_add_z(&request->out, "{\"gpc\":true,\"lastUpdate\":\"2026-11-23\"}");
    kd_reply_json(request, KD_OK, NULL);
}

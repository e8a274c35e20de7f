/* From a field of a profile to the event that set it. */
#include "api/caller.h"
#include "api/handlers.h"
#include "insight/entry.h"
#include "insight/lineage.h"

enum { BYTES_MAX = 32 << 20 };

/* What a field may serve: by its own document, or by the class of what it belongs to. */
static kd_purposes purposes_of(const kd_policy *policy, const kd_lineage *l)
{
    switch (l->kind) {
    case KD_LINEAGE_TRAIT: return kd_policy_of_trait(policy, l->name);
    case KD_LINEAGE_STATED: return kd_policy_of_stated(policy, l->name);
    case KD_LINEAGE_CONSENT: return kd_policy_class(policy, KD_STR(KD_CLASS_CONSENT))->purposes;
    case KD_LINEAGE_IDENTITY: return kd_policy_class(policy, KD_STR(KD_CLASS_IDENTITY))->purposes;
    default: return kd_policy_of_kind(policy, (kd_kind)l->event_kind);
    }
}

static void write_purposes(kd_jw *w, kd_purposes purposes)
{
    kd_jw_key(w, "purposes");
    kd_jw_array(w);
    for (int purpose = 0; purpose < KD_PURPOSE_COUNT; purpose++)
        if (purposes & KD_PURPOSE_BIT(purpose))
            kd_jw_z(w, kd_purpose_name((kd_purpose)purpose));
    kd_jw_array_end(w);
}

static void write_lineage(kd_jw *w, const kd_lineage *l, const kd_policy *policy, bool clear)
{
    const bool personal = l->kind == KD_LINEAGE_TRAIT || l->kind == KD_LINEAGE_IDENTITY || l->kind == KD_LINEAGE_STATED;
    kd_jw_object(w);
    KD_JW_STR(w, "field", l->field);
    kd_jw_key(w, "value");
    if (l->value.len && (clear || !personal))
        kd_jw_raw(w, l->value);
    else
        kd_jw_null(w);
    KD_JW_BOOL(w, "hidden", personal && !clear);
    KD_JW_BOOL(w, "claimed", l->claimed);
    write_purposes(w, purposes_of(policy, l));
    kd_jw_key(w, "event");
    if (l->found) {
        kd_jw_object(w);
        kd_write_id(w, "person", l->person);
        kd_write_id(w, "id", l->event);
        kd_write_text(w, "name", l->event_name);
        kd_write_time(w, "time", l->time_ms);
        kd_write_text(w, "source", l->source);
        kd_jw_object_end(w);
    } else {
        kd_jw_null(w); /* past its retention, or farther back than a bounded look goes */
    }
    kd_jw_object_end(w);
}

static kd_status answer(kd_request *request, kd_id person, kd_arena *arena, kd_err *err)
{
    kd_parts          *parts = request->parts;
    kd_str             field = kd_request_query(request, "field");
    const kd_snapshot *snapshot;
    const kd_policy   *policy;
    kd_lineage        *list = KD_NEW(arena, kd_lineage, KD_LINEAGE_FIELDS_MAX);
    kd_id             *persons = NULL;
    size_t             count = 0, person_count = 0;
    bool               clear = kd_caller_may(request, KD_SEE_PERSONAL), known = false;
    kd_jw              w;
    kd_status          status = list ? kd_customers_members(&persons, &person_count, parts->customers, request->reader, person, arena, err) : kd_fail_memory(err);
    snapshot = kd_snapshot_acquire(parts->catalog);
    for (size_t i = 0; i < person_count && status == KD_OK; i++) {
        status = kd_lineage_of(list, &count, parts->people, request->reader, persons[i], field, snapshot, arena, err);
        known = known || status == KD_OK;
        if (status == KD_NOT_FOUND)
            status = KD_OK; /* one of the customer's keys that has no events of its own */
    }
    kd_snapshot_release(snapshot);
    if (status == KD_OK && !known)
        return kd_fail(err, KD_NOT_FOUND, "there is no person of this id");
    policy = kd_parts_policy(parts);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "fields");
    kd_jw_array(&w);
    for (size_t i = 0; i < count && status == KD_OK; i++)
        write_lineage(&w, &list[i], policy, clear);
    kd_policy_release(policy);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    return status;
}

void kd_admin_lineage(kd_request *request)
{
    kd_arena *arena;
    kd_id     person;
    kd_err    err = { 0 };
    kd_status status;
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    arena = kd_arena_new(BYTES_MAX);
    status = arena ? kd_answer_find(&person, request->parts, request->reader, kd_request_segment(request, 3), &err) : kd_fail_memory(&err);
    if (status == KD_OK && !kd_audit_person(request, person)) {
        kd_arena_free(arena);
        return;
    }
    if (status == KD_OK)
        status = answer(request, person, arena, &err);
    kd_arena_free(arena);
    kd_reply_json(request, status, &err);
}

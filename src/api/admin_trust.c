/* What a shop says about people and may not want to have said: sensitive concepts, the linter's findings, and the summary of the Trust page. */
#include <stdio.h>

#include "api/caller.h"
#include "api/handlers.h"
#include "catalog/sensitive.h"
#include "insight/entry.h"
#include "trust/audit.h"
#include "trust/linter.h"
#include "trust/request.h"

enum { EXAMPLES = 5, CONCEPTS_PER_CALL = KD_CONCEPTS_MAX, PREVIEW_BYTES_MAX = 16 * 1024, SENTENCES_LISTED_MAX = 200 };

/* ---- concepts ---- */

typedef struct marked { uint32_t count, shown[EXAMPLES], shown_count; } marked; /* rows of examples */

static void count_marked(marked out[KD_CONCEPTS_MAX + 1], const kd_snapshot *s)
{
    memset(out, 0, sizeof(marked) * (KD_CONCEPTS_MAX + 1));
    for (uint32_t row = 0; kd_snapshot_sensitive(s) != 0 && row < kd_snapshot_products(s); row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        kd_snapshot_walk_ahead(s, row);
        for (uint32_t mask = p && !p->hidden ? p->sensitive : 0; mask; mask &= mask - 1) {
            marked *m = &out[__builtin_ctz(mask)];
            m->count++;
            if (m->shown_count < EXAMPLES)
                m->shown[m->shown_count++] = row;
        }
    }
}

static void write_examples(kd_jw *w, const marked *m, const kd_snapshot *s)
{
    KD_JW_I64(w, "marked", m->count);
    kd_jw_key(w, "examples");
    kd_jw_array(w);
    for (uint32_t i = 0; i < m->shown_count; i++) {
        const kd_product *p = kd_snapshot_product(s, m->shown[i]);
        kd_jw_object(w);
        KD_JW_STR(w, "id", p->id);
        KD_JW_STR(w, "title", p->title);
        KD_JW_STR(w, "category", p->category);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void answer_concepts(kd_request *request)
{
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    const kd_concepts *c = kd_snapshot_concepts(s);
    marked             marks[KD_CONCEPTS_MAX + 1];
    kd_err             err = { 0 };
    kd_jw              w;
    count_marked(marks, s);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "concepts");
    kd_jw_array(&w);
    for (size_t i = 0; i < kd_concepts_count(c); i++) {
        const kd_concept *one = kd_concepts_at(c, i);
        kd_jw_object(&w);
        KD_JW_STR(&w, "id", one->id);
        KD_JW_BOOL(&w, "seeded", one->seeded);
        KD_JW_BOOL(&w, "changed", one->changed);
        write_examples(&w, &marks[i], s);
        kd_jw_key(&w, "document");
        kd_concept_print(&w, one);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    kd_jw_key(&w, "own"); /* products whose own document says "sensitive" */
    kd_jw_object(&w);
    write_examples(&w, &marks[KD_CONCEPT_OWN], s);
    kd_jw_object_end(&w);
    KD_JW_I64(&w, "total", kd_snapshot_sensitive(s));
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, KD_OK, &err);
}

void kd_admin_sensitive(kd_request *request)
{
    if (kd_caller_require(request, KD_SEE))
        answer_concepts(request);
}

/* Would they be taken? Asked before the audit log is told that they were. */
static kd_status check_concepts(kd_request *request, const kd_json *const *docs, size_t count, kd_err *err)
{
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    const kd_concepts *with = kd_concepts_retain(kd_snapshot_concepts(s));
    kd_status          status = KD_OK;
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_concepts *next = NULL;
        kd_err       why = { 0 };
        status = kd_concepts_with(&next, with, docs[i], &why);
        if (status != KD_OK) {
            char field[sizeof why.field + 32];
            snprintf(field, sizeof field, "/concepts/%zu%s", i, why.field);
            kd_fail_field(err, status, field, "%s", why.msg);
            break;
        }
        kd_concepts_release(with);
        with = next;
    }
    kd_concepts_release(with);
    kd_snapshot_release(s);
    return status;
}

void kd_admin_sensitive_put(kd_request *request)
{
    const kd_json *json, *list, *docs[CONCEPTS_PER_CALL];
    size_t         count = 0;
    kd_err         err = { 0 };
    kd_buf         ids;
    kd_jw          w;
    if (!kd_caller_require(request, KD_EDIT_PRIVACY) || (json = kd_request_json(request, false)) == NULL)
        return;
    list = kd_json_get(json, "concepts");
    if (!kd_json_is(list, KD_JSON_ARRAY) || list->count == 0 || list->count > CONCEPTS_PER_CALL) {
        kd_fail_field(&err, KD_INVALID, "/concepts", "must be a list of 1 to %d concepts", CONCEPTS_PER_CALL);
        kd_reply_problem(request, KD_INVALID, &err);
        return;
    }
    kd_buf_init(&ids, request->arena);
    kd_jw_init(&w, &ids);
    kd_jw_object(&w);
    kd_jw_key(&w, "concepts");
    kd_jw_array(&w);
    for (const kd_json *v = list->child; v; v = v->next) {
        const kd_str id = kd_json_text(kd_json_get(v, "id"));
        docs[count++] = v;
        kd_jw_str(&w, (kd_str){ id.ptr, id.len < KD_CONCEPT_ID_BYTES_MAX ? kd_utf8_prefix(id) : 0 });
    }
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_status status = check_concepts(request, docs, count, &err);
    if (status == KD_OK && !kd_audit(request, "sensitive.change", (kd_str){ 0 }, kd_buf_str(&ids)))
        return;
    if (status == KD_OK)
        status = kd_catalog_concepts_put(request->parts->catalog, docs, count, request->now_ms, &err);
    if (status == KD_OK)
        answer_concepts(request);
    else
        kd_reply_problem(request, status, &err);
}

/* ---- findings ---- */

static kd_status lint_all(kd_findings *out, kd_request *request, const kd_snapshot *s, kd_err *err)
{
    const kd_placements *placements = kd_parts_placements(request->parts);
    kd_status            status = KD_OK;
    for (size_t i = 0; placements && i < kd_placements_count(placements) && status == KD_OK; i++) {
        const kd_placement *p = kd_placements_at(placements, i);
        const kd_json      *doc = NULL;
        kd_doc              stored;
        status = kd_reader_doc(&stored, request->reader, KD_STR("placement"), p->id, request->arena, err);
        if (status == KD_OK)
            status = kd_json_parse(&doc, request->arena, stored.body.ptr, stored.body.len, err);
        if (status == KD_OK)
            status = kd_lint_placement(out, s, p, doc, request->parts->k_floor, err);
    }
    if (placements)
        kd_placements_release(placements);
    return status;
}

/* Products whose title says it: their sentences may be told to those only who said yes. At most a few are listed. */
static kd_status lint_products(kd_findings *out, const kd_snapshot *s, kd_err *err)
{
    kd_status status = KD_OK;
    for (uint32_t row = 0; kd_snapshot_sensitive(s) != 0 && row < kd_snapshot_products(s) && status == KD_OK && out->count < SENTENCES_LISTED_MAX; row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        const size_t      before = out->count;
        if (!p || p->hidden || p->sensitive == 0)
            continue;
        status = kd_lint_sentences(out, s, p, err);
        if (out->count > before + 1) /* one a product says enough here: the others are the same with another verb */
            out->count = before + 1;
        for (size_t i = before; i < out->count; i++)
            out->items[i].severity = KD_LINT_NOTE; /* the gate holds it back */
    }
    return status;
}

/* Everything there is to find: the list and the figures of the overview are of the same. */
static kd_status lint_house(kd_findings *out, kd_request *request, const kd_snapshot *s, kd_err *err)
{
    kd_status status;
    out->arena = request->arena;
    status = lint_all(out, request, s, err);
    return status == KD_OK ? lint_products(out, s, err) : status;
}

static void write_findings(kd_jw *w, const kd_findings *f)
{
    kd_jw_key(w, "findings");
    kd_jw_array(w);
    for (size_t i = 0; i < f->count; i++)
        kd_finding_write(w, &f->items[i]);
    kd_jw_array_end(w);
    KD_JW_BOOL(w, "cut", f->cut);
}

static void write_public_sentences(kd_jw *w)
{
    kd_jw_key(w, "sentences");
    kd_jw_array(w);
    for (int kind = 0; kind < KD_TERM_KINDS; kind++)
        for (int german = 0; german < 2; german++) {
            const kd_str title = kd_reason_names((kd_term_kind)kind) ? KD_STR("\xe2\x80\xa6") : (kd_str){ 0 };
            kd_str       pieces[3];
            kd_jw_object(w);
            KD_JW_Z(w, "kind", kd_term_kind_name((kd_term_kind)kind));
            KD_JW_Z(w, "language", german ? "de" : "en");
            kd_jw_key(w, "text");
            size_t n = kd_reason_sentence(pieces, (kd_term_kind)kind, title, german);
            kd_jw_pieces(w, pieces, n);
            kd_jw_object_end(w);
        }
    kd_jw_array_end(w);
}

void kd_admin_findings(kd_request *request)
{
    kd_findings        found = { 0 };
    const kd_snapshot *s;
    kd_err             err = { 0 };
    kd_status          status;
    kd_jw              w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    s = kd_snapshot_acquire(request->parts->catalog);
    status = lint_house(&found, request, s, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_write_time(&w, "checkedAt", request->now_ms);
    kd_jw_key(&w, "thresholds");
    kd_jw_object(&w);
    kd_jw_key(&w, "lift"), kd_jw_f64(&w, KD_LINT_LIFT, 2);
    KD_JW_I64(&w, "kFloor", request->parts->k_floor);
    kd_jw_object_end(&w);
    write_findings(&w, &found);
    write_public_sentences(&w);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, status, &err);
}

/* ---- would you print this on the banner? ---- */

static kd_status preview_product(kd_jw *w, kd_findings *out, const kd_snapshot *s, const kd_product *p, kd_err *err)
{
    kd_status status = kd_lint_sentences(out, s, p, err);
    kd_jw_key(w, "product");
    kd_jw_object(w);
    KD_JW_STR(w, "id", p->id);
    KD_JW_STR(w, "title", p->title);
    KD_JW_BOOL(w, "sensitive", p->sensitive != 0);
    kd_jw_object_end(w);
    kd_jw_key(w, "sentences");
    kd_jw_array(w);
    for (int kind = 0; kind < KD_TERM_KINDS; kind++)
        for (int german = 0; german < 2 && kd_reason_names((kd_term_kind)kind); german++) {
            kd_str pieces[3];
            kd_jw_object(w);
            KD_JW_Z(w, "kind", kd_term_kind_name((kd_term_kind)kind));
            KD_JW_Z(w, "language", german ? "de" : "en");
            kd_jw_key(w, "text");
            size_t n = kd_reason_sentence(pieces, (kd_term_kind)kind, p->title, german);
            kd_jw_pieces(w, pieces, n);
            kd_jw_object_end(w);
        }
    kd_jw_array_end(w);
    return status;
}

void kd_admin_findings_preview(kd_request *request)
{
    const kd_json      *json;
    const kd_snapshot  *s;
    const kd_product   *product = NULL;
    const kd_variant   *variant;
    kd_findings         found = { 0 };
    kd_err              err = { 0 };
    kd_status           status = KD_OK;
    kd_jw               w;
    if (!kd_caller_require(request, KD_SEE) || (json = kd_request_json(request, false)) == NULL)
        return;
    const kd_str text = kd_json_text(kd_json_get(json, "text")), named = kd_json_text(kd_json_get(json, "product"));
    found.arena = request->arena;
    s = kd_snapshot_acquire(request->parts->catalog);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    if (text.len == 0 && named.len == 0)
        status = kd_fail_field(&err, KD_INVALID, "/text", "give a text, or a product");
    else if (text.len > PREVIEW_BYTES_MAX)
        status = kd_fail_field(&err, KD_LIMIT, "/text", "at most %d bytes", PREVIEW_BYTES_MAX);
    else if (named.len && (product = kd_snapshot_find_any(s, kd_ref_of(named), &variant)) == NULL)
        status = kd_fail_field(&err, KD_NOT_FOUND, "/product", "there is no product or sku of this name");
    if (status == KD_OK && text.len)
        status = kd_lint_text(&found, &(kd_lint_object){ KD_STR("text"), KD_STR(""), KD_STR(""), KD_LINT_WARNING }, "/text", kd_snapshot_concepts(s), text, &err);
    if (status == KD_OK && product)
        status = preview_product(&w, &found, s, product, &err);
    write_findings(&w, &found);
    KD_JW_Z(&w, "verdict", found.count || (product && product->sensitive) ? "ask" : "fine");
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, status, &err);
}

/* What admin_placements.c asks before it stores one. KD_CONFLICT: it names a concept and nobody acknowledged that. */
kd_status kd_trust_check_placement(kd_request *request, const kd_placement *placement, const kd_json *doc, const kd_snapshot *snapshot, kd_err *err)
{
    kd_findings       found = { .arena = request->arena };
    const kd_json    *acknowledged = kd_json_get(doc, "acknowledged");
    const kd_finding *worst;
    kd_status         status;
    if (acknowledged && acknowledged->type != KD_JSON_NULL && (acknowledged->type != KD_JSON_ARRAY || acknowledged->count > KD_LINT_ACKNOWLEDGED_MAX))
        return kd_fail_field(err, KD_INVALID, "/acknowledged", "must be a list of at most %d ids of concepts", KD_LINT_ACKNOWLEDGED_MAX);
    status = kd_lint_placement(&found, snapshot, placement, doc, request->parts->k_floor, err);
    worst = status == KD_OK ? kd_findings_blocking(&found) : NULL;
    if (!worst)
        return status;
    if (worst->why == KD_LINT_BIOMETRIC)
        return kd_fail_field(err, KD_INVALID, worst->field, "\"%.*s\" is biometric: no such field is accepted anywhere", (int)(worst->piece.len < 64 ? worst->piece.len : 64), worst->piece.ptr);
    return kd_fail_field(err, KD_CONFLICT, worst->field, "\"%.*s\" names the sensitive concept %.*s; only people who consented to \"sensitive\" would be shown anything. "
                         "Take it out, or add \"acknowledged\":[\"%.*s\"] to the placement if it is meant", (int)kd_utf8_prefix((kd_str){ worst->piece.ptr, worst->piece.len < 48 ? worst->piece.len : 48 }),
                         worst->piece.ptr, (int)worst->concept->id.len, worst->concept->id.ptr, (int)worst->concept->id.len, worst->concept->id.ptr);
}

/* ---- the Trust page ---- */

static void write_severities(kd_jw *w, const kd_findings *f)
{
    size_t by[3] = { 0 }, acknowledged = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].acknowledged)
            acknowledged++;
        else
            by[f->items[i].severity]++;
    }
    kd_jw_key(w, "findings");
    kd_jw_object(w);
    KD_JW_I64(w, "blocking", (int64_t)by[KD_LINT_BLOCKING]);
    KD_JW_I64(w, "warning", (int64_t)by[KD_LINT_WARNING]);
    KD_JW_I64(w, "note", (int64_t)by[KD_LINT_NOTE]);
    KD_JW_I64(w, "acknowledged", (int64_t)acknowledged);
    kd_jw_object_end(w);
}

static void write_audit(kd_jw *w, kd_request *request)
{
    kd_audit_verdict v = { 0 };
    kd_jw_key(w, "audit");
    if (!request->parts->audit) {
        kd_jw_null(w);
        return;
    }
    kd_audit_state(&v, request->parts->audit);
    kd_jw_object(w);
    KD_JW_I64(w, "entries", (int64_t)v.entries);
    KD_JW_I64(w, "anchored", (int64_t)v.anchored);
    KD_JW_BOOL(w, "whole", v.why[0] == '\0' && v.broken == 0);
    KD_JW_Z(w, "why", v.why);
    if (v.newest_ms)
        kd_write_time(w, "newestAt", v.newest_ms);
    if (v.anchored_ms)
        kd_write_time(w, "anchoredAt", v.anchored_ms);
    kd_jw_object_end(w);
}

static void write_requests(kd_jw *w, kd_request *request)
{
    kd_rights_stats stats;
    kd_jw_key(w, "requests");
    if (!request->parts->rights) {
        kd_jw_null(w);
        return;
    }
    kd_rights_get_stats(&stats, request->parts->rights);
    kd_jw_object(w);
    KD_JW_I64(w, "open", (int64_t)stats.open);
    KD_JW_I64(w, "overdue", (int64_t)stats.overdue);
    kd_write_time(w, "modelsRetrainedBy", stats.retrain_due_ms ? stats.retrain_due_ms : KD_TIME_MIN);
    kd_jw_object_end(w);
}

void kd_admin_trust(kd_request *request)
{
    kd_findings        found = { 0 };
    const kd_snapshot *s;
    kd_err             err = { 0 };
    kd_status          status;
    kd_jw              w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    s = kd_snapshot_acquire(request->parts->catalog);
    status = lint_house(&found, request, s, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_write_time(&w, "at", request->now_ms);
    KD_JW_I64(&w, "kFloor", request->parts->k_floor);
    write_severities(&w, &found);
    kd_jw_key(&w, "sensitive");
    kd_jw_object(&w);
    KD_JW_I64(&w, "concepts", (int64_t)kd_concepts_count(kd_snapshot_concepts(s)));
    KD_JW_I64(&w, "products", kd_snapshot_sensitive(s));
    kd_jw_object_end(&w);
    write_audit(&w, request);
    write_requests(&w, request);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, status, &err);
}

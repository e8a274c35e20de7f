#include "trust/linter.h"

#include <math.h>
#include <stdio.h>

#include "customer/policy.h"

const char *kd_lint_why_name(kd_lint_why why)
{
    static const char *const names[] = { "names", "overlap", "sentence", "biometric" };
    return (size_t)why < sizeof names / sizeof *names ? names[why] : "unknown";
}

const char *kd_lint_severity_name(kd_lint_severity severity)
{
    static const char *const names[] = { "note", "warning", "blocking" };
    return (size_t)severity < sizeof names / sizeof *names ? names[severity] : "unknown";
}

/* ---- overlap ---- */

/* Lower end of Wilson's interval for x of n, at 95 %: honest where n is small, where x/n +- 2 s is not. */
static double wilson_low(double x, double n)
{
    const double z = 1.959964, p = x / n;
    return (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

kd_overlap kd_overlap_of(uint64_t audience, uint64_t seed, uint64_t both, uint64_t population, uint32_t k)
{
    kd_overlap o = { .audience = audience, .seed = seed, .both = both, .population = population };
    if (audience == 0 || seed == 0 || population == 0)
        return o;
    const double everybody = (double)seed / (double)population;
    o.share = (double)both / (double)audience;
    o.lift = o.share / everybody;
    o.means_it = both >= k && o.lift >= KD_LINT_LIFT && wilson_low((double)both, (double)audience) > everybody;
    return o;
}

/* How many different ones are in an ascending set. */
static uint64_t distinct(const kd_id *set, size_t count)
{
    uint64_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += i == 0 || !kd_id_eq(set[i], set[i - 1]);
    return n;
}

kd_overlap kd_overlap_of_persons(const kd_id *audience, size_t audience_count, const kd_id *seed, size_t seed_count, uint64_t population, uint32_t k)
{
    uint64_t both = 0;
    for (size_t a = 0, s = 0; a < audience_count && s < seed_count;) {
        const int order = kd_id_cmp(audience[a], seed[s]);
        if (order == 0 && (a == 0 || !kd_id_eq(audience[a], audience[a - 1])))
            both++;
        if (order <= 0)
            a++;
        else
            s++;
    }
    return kd_overlap_of(distinct(audience, audience_count), distinct(seed, seed_count), both, population, k);
}

/* ---- the list ---- */

static kd_status add(kd_findings *out, const kd_finding *finding, kd_err *err)
{
    if (out->count == KD_FINDINGS_MAX) {
        out->cut = true;
        return KD_OK;
    }
    if (out->count == out->cap) {
        const size_t cap = out->cap ? out->cap * 2 : 16;
        kd_finding  *items = KD_NEW(out->arena, kd_finding, cap);
        if (!items)
            return kd_fail_memory(err);
        if (out->count)
            memcpy(items, out->items, out->count * sizeof *items);
        out->items = items;
        out->cap = cap;
    }
    kd_finding *to = &out->items[out->count++];
    *to = *finding;
    to->object_kind = kd_str_copy(out->arena, finding->object_kind); /* what is found outlives what was read */
    to->object = kd_str_copy(out->arena, finding->object);
    to->title = kd_str_copy(out->arena, finding->title);
    to->piece = kd_str_copy(out->arena, finding->piece);
    return to->object_kind.ptr && to->object.ptr && to->title.ptr && to->piece.ptr ? KD_OK : kd_fail_memory(err);
}

static kd_finding finding_of(const kd_lint_object *object, const char *field, kd_lint_why why)
{
    kd_finding f = { .object_kind = object->kind, .object = object->id, .title = object->title, .why = why, .severity = object->severity };
    snprintf(f.field, sizeof f.field, "%s", field);
    return f;
}

static kd_status lint_words(kd_findings *out, const kd_lint_object *object, const char *field, kd_lint_why why, const kd_concepts *concepts, kd_str text, kd_err *err)
{
    kd_concept_hit hits[KD_CONCEPTS_MAX];
    const size_t   count = kd_concepts_find(hits, concepts, text);
    kd_status      status = KD_OK;
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_finding f = finding_of(object, field, why);
        f.concept = hits[i].concept;
        f.piece = hits[i].piece;
        status = add(out, &f, err);
    }
    return status;
}

kd_status kd_lint_text(kd_findings *out, const kd_lint_object *object, const char *field, const kd_concepts *concepts, kd_str text, kd_err *err)
{
    return lint_words(out, object, field, KD_LINT_NAMES, concepts, text, err);
}

const kd_finding *kd_findings_blocking(const kd_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity == KD_LINT_BLOCKING && !findings->items[i].acknowledged)
            return &findings->items[i];
    return NULL;
}

/* ---- placements ---- */

typedef struct lint { /* of one placement */
    kd_findings       *out;
    const kd_snapshot *snapshot;
    const kd_concepts *concepts;
    kd_lint_object     object;
    uint32_t           named;    /* concepts that the filter names: what it names it need not mean as well */
    kd_err            *err;
} lint;

static kd_status lint_node(lint *l, const char *field, const kd_json *node)
{
    char      below[48];
    kd_status status = KD_OK;
    if (kd_json_is(node, KD_JSON_STRING))
        return lint_words(l->out, &l->object, field, KD_LINT_NAMES, l->concepts, node->text, l->err);
    if (!kd_json_is(node, KD_JSON_OBJECT) && !kd_json_is(node, KD_JSON_ARRAY))
        return KD_OK;
    size_t at = 0;
    for (const kd_json *v = node->child; v && status == KD_OK; v = v->next, at++) {
        if (node->type == KD_JSON_OBJECT)
            snprintf(below, sizeof below, "%.30s/%.*s", field, (int)kd_utf8_prefix((kd_str){ v->key.ptr, v->key.len < 16 ? v->key.len : 16 }), v->key.ptr);
        else
            snprintf(below, sizeof below, "%.30s/%zu", field, at);
        status = lint_node(l, below, v);
    }
    return status;
}

static kd_status add_marks(lint *l, const char *field, uint32_t mask, kd_str piece)
{
    kd_status status = KD_OK;
    for (size_t i = 0; i < kd_concepts_count(l->concepts) && status == KD_OK; i++) {
        kd_finding f = finding_of(&l->object, field, KD_LINT_NAMES);
        if ((mask >> i & 1) == 0)
            continue;
        f.severity = KD_LINT_BLOCKING;
        f.concept = kd_concepts_at(l->concepts, i);
        f.piece = piece;
        status = add(l->out, &f, l->err);
    }
    l->named |= mask;
    return status;
}

/* Values that the filter asks for; what it leaves out ("not") is not used for anybody. */
static kd_status lint_filter(lint *l, const kd_json *filter)
{
    kd_status status = KD_OK;
    for (const kd_json *member = kd_json_is(filter, KD_JSON_OBJECT) ? filter->child : NULL; member && status == KD_OK; member = member->next) {
        char       field[48];
        const bool category = kd_str_is(member->key, "category");
        if (kd_str_is(member->key, "not") || kd_str_is(member->key, "price"))
            continue;
        snprintf(field, sizeof field, "/filter/%.*s", (int)kd_utf8_prefix((kd_str){ member->key.ptr, member->key.len < 32 ? member->key.len : 32 }), member->key.ptr);
        if (kd_is_biometric(member->key)) {
            kd_finding f = finding_of(&l->object, field, KD_LINT_BIOMETRIC);
            f.severity = KD_LINT_BLOCKING;
            f.piece = member->key;
            status = add(l->out, &f, l->err);
        }
        uint32_t of_key = kd_json_is(member, KD_JSON_FALSE) ? 0 : kd_concepts_of_category(l->concepts, member->key);
        if (status == KD_OK && of_key)
            status = add_marks(l, field, of_key, member->key);
        const bool     list = kd_json_is(member, KD_JSON_ARRAY);
        for (const kd_json *v = list ? member->child : member; v && status == KD_OK; v = list ? v->next : NULL) {
            kd_concept_hit hits[KD_CONCEPTS_MAX];
            const kd_str   text = kd_json_text(v);
            uint32_t       mask = category ? kd_concepts_of_category(l->concepts, text) : 0;
            for (size_t i = category ? 0 : kd_concepts_find(hits, l->concepts, text); i-- > 0;)
                for (size_t c = 0; c < kd_concepts_count(l->concepts); c++)
                    if (kd_concepts_at(l->concepts, c) == hits[i].concept)
                        mask |= UINT32_C(1) << c;
            status = add_marks(l, field, mask, text);
        }
    }
    return status;
}

static bool has_any(const kd_product_attr *attrs, uint16_t count, kd_product_attr wanted)
{
    for (uint16_t i = 0; i < count; i++)
        if (attrs[i].attribute == wanted.attribute && attrs[i].value == wanted.value)
            return true;
    return false;
}

static bool product_has(const kd_product *p, kd_product_attr wanted)
{
    bool has = has_any(p->attrs, p->attr_count, wanted);
    for (uint16_t v = 0; v < p->variant_count && !has; v++)
        has = has_any(p->variants[v].attrs, p->variants[v].attr_count, wanted);
    return has;
}

/* By attributes alone: price and stock change by the hour, and say nothing of what is meant. */
static bool passes(const kd_product *p, const kd_filter *filter)
{
    for (size_t i = 0; i < filter->any_of_count; i++) {
        bool one = false;
        for (size_t j = 0; j < filter->any_of_count && !one; j++)
            one = filter->any_of[j].attribute == filter->any_of[i].attribute && product_has(p, filter->any_of[j]);
        if (!one)
            return false;
    }
    for (size_t i = 0; i < filter->none_of_count; i++)
        if (product_has(p, filter->none_of[i]))
            return false;
    return true;
}

enum { BITS = 32 };
static kd_status lint_overlap(lint *l, const kd_filter *filter, uint32_t k)
{
    uint64_t  population = 0, audience = 0, seed[BITS] = { 0 }, both[BITS] = { 0 };
    kd_status status = KD_OK;
    if (filter->any_of_count == 0 && filter->none_of_count == 0)
        return KD_OK;
    for (uint32_t row = 0; row < kd_snapshot_products(l->snapshot); row++) {
        const kd_product *p = kd_snapshot_product(l->snapshot, row);
        kd_snapshot_walk_ahead(l->snapshot, row);
        if (!p || p->hidden || p->stub)
            continue;
        const bool in = passes(p, filter);
        population++;
        audience += in;
        for (uint32_t mask = p->sensitive; mask; mask &= mask - 1) {
            const int bit = __builtin_ctz(mask);
            seed[bit]++;
            both[bit] += in;
        }
    }
    for (int bit = 0; bit < BITS && status == KD_OK; bit++) {
        kd_finding f = finding_of(&l->object, "/filter", KD_LINT_OVERLAP);
        f.overlap = kd_overlap_of(audience, seed[bit], both[bit], population, k);
        f.concept = bit == KD_CONCEPT_OWN ? NULL : kd_concepts_at(l->concepts, (size_t)bit < kd_concepts_count(l->concepts) ? (size_t)bit : 0);
        if (f.overlap.means_it && (l->named >> bit & 1) == 0)
            status = add(l->out, &f, l->err);
    }
    return status;
}

static bool acknowledges(const kd_json *doc, const kd_finding *f)
{
    const kd_json *list = kd_json_get(doc, "acknowledged");
    const kd_str   id = f->concept ? f->concept->id : KD_STR("own");
    for (const kd_json *v = kd_json_is(list, KD_JSON_ARRAY) ? list->child : NULL; v; v = v->next)
        if (kd_str_eq(kd_json_text(v), id))
            return true;
    return false;
}

kd_status kd_lint_placement(kd_findings *out, const kd_snapshot *snapshot, const kd_placement *placement, const kd_json *doc, uint32_t k, kd_err *err)
{
    const size_t from = out->count;
    lint l = { .out = out, .snapshot = snapshot, .concepts = kd_snapshot_concepts(snapshot), .err = err,
               .object = { KD_STR("placement"), placement->id, placement->title, KD_LINT_WARNING } };
    kd_status status = lint_words(out, &l.object, "/title", KD_LINT_NAMES, l.concepts, placement->title, err);
    if (status == KD_OK)
        status = lint_node(&l, "/content", kd_json_get(doc, "content"));
    if (status == KD_OK)
        status = lint_filter(&l, kd_json_get(doc, "filter"));
    if (status == KD_OK && placement->kind == KD_PLACEMENT_RECOMMENDATION)
        status = lint_overlap(&l, &placement->filter, k);
    for (size_t i = from; i < out->count; i++)
        out->items[i].acknowledged = out->items[i].why != KD_LINT_BIOMETRIC && acknowledges(doc, &out->items[i]);
    return status;
}

/* ---- sentences ---- */

kd_status kd_lint_sentences(kd_findings *out, const kd_snapshot *snapshot, const kd_product *about, kd_err *err)
{
    static const char *const  languages[] = { "en", "de" };
    const kd_lint_object      object = { KD_STR("sentence"), about->id, about->title, KD_LINT_WARNING };
    kd_status                 status = KD_OK;
    for (int german = 0; german < 2 && status == KD_OK; german++)
        for (int kind = 0; kind < KD_TERM_KINDS && status == KD_OK; kind++) {
            kd_str pieces[3];
            kd_buf text;
            char   field[48];
            if (!kd_reason_names((kd_term_kind)kind))
                continue;
            kd_buf_init(&text, out->arena);
            for (size_t i = 0, n = kd_reason_sentence(pieces, (kd_term_kind)kind, about->title, german); i < n; i++)
                kd_buf_add_str(&text, pieces[i]);
            snprintf(field, sizeof field, "/%s/%s", languages[german], kd_term_kind_name((kd_term_kind)kind));
            if ((status = kd_buf_status(&text, err)) == KD_OK)
                status = lint_words(out, &object, field, KD_LINT_SENTENCE, kd_snapshot_concepts(snapshot), kd_buf_str(&text), err);
        }
    return status;
}

/* ---- written ---- */

static const char *suggestion(const kd_finding *f, bool german)
{
    switch (f->why) {
    case KD_LINT_BIOMETRIC:
        return german ? "Biometrische Merkmale werden nirgends angenommen. Nehmen Sie das Feld heraus." : "Biometric features are accepted nowhere. Take the field out.";
    case KD_LINT_SENTENCE:
        return german ? "Nur wer dem Zweck „Sensibles“ zugestimmt hat, bekommt diesen Satz. Prüfen Sie, ob er auf einem geteilten Bildschirm stehen dürfte."
                      : "Only people who consented to \"sensitive\" are told this. Ask yourself whether it could stand on a shared screen.";
    case KD_LINT_OVERLAP:
        return german ? "Der Filter trifft fast nur solche Artikel. Nehmen Sie ihn weiter, oder vermerken Sie unter „acknowledged“, dass es gemeint ist."
                      : "The filter meets hardly anything else. Make it wider, or say under \"acknowledged\" that it is meant.";
    case KD_LINT_NAMES: break;
    }
    if (f->severity == KD_LINT_BLOCKING)
        return german ? "Nehmen Sie den Wert aus dem Filter, oder vermerken Sie unter „acknowledged“, dass er gemeint ist: gezeigt wird dann nur, wer zugestimmt hat."
                      : "Take the value out of the filter, or say under \"acknowledged\" that it is meant: only people who consented will be shown it.";
    return german ? "Wählen Sie Worte, die jeder mitlesen darf." : "Choose words that anybody may read over a shoulder.";
}

static void write_overlap(kd_jw *w, const kd_overlap *o)
{
    kd_jw_key(w, "overlap");
    kd_jw_object(w);
    KD_JW_Z(w, "of", "products");
    KD_JW_I64(w, "audience", (int64_t)o->audience);
    KD_JW_I64(w, "both", (int64_t)o->both);
    KD_JW_I64(w, "seed", (int64_t)o->seed);
    KD_JW_I64(w, "population", (int64_t)o->population);
    kd_jw_key(w, "share"), kd_jw_f64(w, o->share, 4);
    kd_jw_key(w, "lift"), kd_jw_f64(w, o->lift, 2);
    kd_jw_object_end(w);
}

void kd_finding_write(kd_jw *w, const kd_finding *f)
{
    kd_jw_object(w);
    kd_jw_key(w, "object");
    kd_jw_object(w);
    KD_JW_STR(w, "kind", f->object_kind);
    KD_JW_STR(w, "id", f->object);
    KD_JW_STR(w, "title", f->title);
    kd_jw_object_end(w);
    KD_JW_Z(w, "field", f->field);
    kd_jw_key(w, "concept");
    kd_jw_object(w);
    const bool biometric = f->why == KD_LINT_BIOMETRIC;
    KD_JW_STR(w, "id", f->concept ? f->concept->id : biometric ? KD_STR("biometric") : KD_STR("own"));
    KD_JW_STR(w, "en", f->concept ? f->concept->title_en : biometric ? KD_STR("Biometric data") : KD_STR("Marked by its own document"));
    KD_JW_STR(w, "de", f->concept ? f->concept->title_de : biometric ? KD_STR("Biometrische Daten") : KD_STR("Vom eigenen Dokument gekennzeichnet"));
    kd_jw_object_end(w);
    KD_JW_Z(w, "why", kd_lint_why_name(f->why));
    KD_JW_Z(w, "severity", kd_lint_severity_name(f->severity));
    KD_JW_STR(w, "text", f->piece);
    if (f->why == KD_LINT_OVERLAP)
        write_overlap(w, &f->overlap);
    KD_JW_BOOL(w, "acknowledged", f->acknowledged);
    kd_jw_key(w, "suggestion");
    kd_jw_object(w);
    KD_JW_Z(w, "en", suggestion(f, false));
    KD_JW_Z(w, "de", suggestion(f, true));
    kd_jw_object_end(w);
    kd_jw_object_end(w);
}

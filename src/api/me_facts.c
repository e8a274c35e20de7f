/* What the shopper's pages show: purchases, recent decisions in words, what was said about purposes, what we infer. */
#include "api/me.h"

#include <stdlib.h>

#include "recommend/recommend.h"

enum { ORDERS_READ = 24, REASONS_A_ITEM = 2, PER_ATTRIBUTE = 4 };

/* ---- purchases ------------------------------------------------------------------------------------------------------------ */
static bool is_true(const kd_profile *p, kd_stated_kind kind, kd_str order, kd_str about, kd_arena *arena)
{
    const kd_register *said;
    kd_buf             name;
    kd_buf_init(&name, arena);
    kd_stated_name_make(&name, kind, order, about);
    kd_buf_add_byte(&name, 0);
    said = name.failed ? NULL : kd_profile_stated(p, name.ptr);
    return said && kd_str_is(said->value, "true");
}

static void add_line(kd_purchase *out, const kd_fact *order, const kd_fact_line *line, kd_request *request, const kd_me_known *known, const kd_snapshot *s)
{
    const kd_variant *variant = NULL;
    const kd_product *product = kd_snapshot_find_any(s, kd_ref_of(line->product), &variant);
    const kd_str      id = product ? product->id : line->product;
    *out = (kd_purchase){ .time_ms = order->time_ms, .order_id = kd_str_copy(request->arena, order->order_id), .product_id = kd_str_copy(request->arena, line->product),
                          .title = kd_str_copy(request->arena, product && product->title.len ? product->title : line->product), .quantity = line->quantity };
    if (product)
        out->image = kd_str_copy(request->arena, variant && variant->image.len ? variant->image : product->image);
    out->gift = is_true(&known->profile, KD_STATED_GIFT, order->order_id, line->product, request->arena);
    out->not_for_me = is_true(&known->profile, KD_STATED_NOT_PRODUCT, (kd_str){ 0 }, id, request->arena);
}

/* An event stands with the person it happened to. */
static bool find_event(kd_event *out, kd_request *request, const kd_me_known *known, kd_id id)
{
    for (size_t i = 0; i < known->person_count; i++)
        if (kd_reader_event(out, request->reader, known->persons[i], id, request->arena, NULL) == KD_OK)
            return !(out->flags & KD_EVENT_HOLLOW);
    return false;
}

kd_status kd_me_purchases(kd_purchase **out, size_t *count, kd_request *request, const kd_me_known *known, const kd_snapshot *s, kd_err *err)
{
    const kd_recent *recents[2];
    const size_t     lists = kd_opinion_recents(recents, &known->profile, KD_KIND_ORDER);
    size_t           orders = 0;
    *count = 0;
    *out = KD_NEW(request->arena, kd_purchase, KD_PURCHASES_MAX);
    if (!*out)
        return kd_fail_memory(err);
    for (size_t l = 0; l < lists; l++)
        for (uint32_t i = 0; i < recents[l]->count && orders < ORDERS_READ && *count < KD_PURCHASES_MAX; i++) {
            const kd_interaction *first = &recents[l]->items[i];
            kd_event              event;
            kd_fact               fact;
            if (i > 0 && kd_id_eq(recents[l]->items[i - 1].id, first->id)) /* lines of one order lie together */
                continue;
            orders++;
            if (!find_event(&event, request, known, first->id) || kd_fact_decode(&fact, event.facts, request->arena, NULL) != KD_OK)
                continue;
            fact.time_ms = event.time_ms;
            for (size_t n = 0; n < fact.line_count && *count < KD_PURCHASES_MAX; n++)
                add_line(&(*out)[(*count)++], &fact, &fact.lines[n], request, known, s);
        }
    return KD_OK;
}

/* ---- what was decided, and why ------------------------------------------------------------------------------------------------ */
static kd_str title_of(kd_str id, const kd_snapshot *s, kd_arena *arena)
{
    const kd_variant *variant;
    const kd_product *p = id.len ? kd_snapshot_find_any(s, kd_ref_of(id), &variant) : NULL;
    return p && p->title.len ? kd_str_copy(arena, p->title) : id;
}

/* The heaviest terms in words, said once each. */
static kd_str reasons_of(const kd_json *terms, const kd_snapshot *s, bool german, kd_arena *arena)
{
    kd_buf out;
    size_t said = 0;
    kd_buf_init(&out, arena);
    for (const kd_json *t = kd_json_is(terms, KD_JSON_ARRAY) ? terms->child : NULL; t && said < REASONS_A_ITEM; t = t->next) {
        const kd_str product = kd_json_text(kd_json_get(t, "product")), value = kd_json_text(kd_json_get(t, "value"));
        const bool   unknown = product.len > 0 && product.ptr[0] == '#';
        const kd_str about = value.len ? value : unknown ? (kd_str){ 0 } : title_of(product, s, arena);
        if (said > 0)
            kd_buf_add_z(&out, "; ");
        said += kd_reason_text(&out, kd_json_text(kd_json_get(t, "kind")), about, german);
    }
    return kd_buf_str(&out);
}

static kd_status read_receipt(kd_shown *out, kd_request *request, const kd_me_known *known, kd_id id, int64_t time_ms, const kd_snapshot *s, bool german,
                              kd_err *err)
{
    const kd_json *doc, *items;
    kd_event       event;
    kd_str         body;
    kd_buf         text;
    kd_jw          w;
    kd_status      status = kd_reader_event(&event, request->reader, known->person, id, request->arena, err);
    if (status == KD_OK && (event.flags & KD_EVENT_HOLLOW))
        status = KD_NOT_FOUND;
    if (status == KD_OK)
        status = kd_stored_body(&body, &event, &known->key, request->arena, err);
    if (status != KD_OK)
        return status;
    kd_buf_init(&text, request->arena);
    kd_jw_init(&w, &text);
    status = kd_receipt_write_json(&w, body, s, err);
    if (status == KD_OK)
        status = kd_json_parse(&doc, request->arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    *out = (kd_shown){ .time_ms = time_ms, .id = id, .placement = kd_json_text(kd_json_get(doc, "placement")), .personal = kd_json_bool(kd_json_get(doc, "personal"), false) };
    items = kd_json_get(doc, "items");
    for (const kd_json *i = kd_json_is(items, KD_JSON_ARRAY) ? items->child : NULL; i && out->item_count < KD_SHOWN_ITEMS; i = i->next) {
        const kd_str product = kd_json_text(kd_json_get(i, "productId"));
        out->items[out->item_count].product_id = product;
        out->items[out->item_count].title = title_of(product, s, request->arena);
        out->items[out->item_count++].reasons = reasons_of(kd_json_get(i, "terms"), s, german, request->arena);
    }
    return KD_OK;
}

static void add_said(kd_me_history *out, const kd_event *event, const kd_me_known *known, kd_arena *arena)
{
    kd_fact fact;
    if (!(event->flags & KD_EVENT_TRAITS) || kd_stored_fact(&fact, event, &known->key, arena, NULL) != KD_OK)
        return;
    for (int p = 0; p < KD_PURPOSE_COUNT && out->said_count < KD_SAID_SHOWN; p++) {
        const kd_purposes bit = KD_PURPOSE_BIT(p);
        if ((fact.consent.granted | fact.consent.refused) & bit)
            out->said[out->said_count++] = (kd_consent_said){ event->time_ms, (kd_purpose)p, (fact.consent.refused & bit) == 0,
                                                              kd_str_copy(arena, fact.consent.source), kd_str_copy(arena, fact.consent.policy) };
    }
}

kd_status kd_me_history_read(kd_me_history *out, kd_request *request, const kd_me_known *known, const kd_snapshot *s, bool german, kd_err *err)
{
    kd_event *events = NULL;
    size_t    count = 0;
    kd_status status = KD_OK;
    *out = (kd_me_history){ .shown = KD_NEW(request->arena, kd_shown, KD_SHOWN_DECISIONS), .said = KD_NEW(request->arena, kd_consent_said, KD_SAID_SHOWN) };
    if (!out->shown || !out->said)
        return kd_fail_memory(err);
    if (known->known)
        status = kd_reader_chain(&events, &count, request->reader, known->person, known->head, KD_LOG_LOOKED_AT, false, request->arena, err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        if (events[i].kind != KD_KIND_DECISION)
            add_said(out, &events[i], known, request->arena);
        else if (out->shown_count < KD_SHOWN_DECISIONS &&
                 read_receipt(&out->shown[out->shown_count], request, known, events[i].id, events[i].time_ms, s, german, NULL) == KD_OK)
            out->shown_count += out->shown[out->shown_count].item_count > 0;
    }
    return status;
}

/* ---- what we infer ------------------------------------------------------------------------------------------------------------------ */
typedef struct attr_self { const kd_snapshot *s; kd_attr merged[64]; } attr_self;

static size_t attributes(void *self, kd_ref product, kd_ref variant, const kd_attr **out)
{
    attr_self        *a = self;
    const kd_variant *v = NULL, *named = NULL;
    const kd_product *p = kd_snapshot_find_any(a->s, product, &v);
    size_t            count = 0;
    if (p == NULL || p->sensitive != 0)
        return 0;
    if (variant && kd_snapshot_find_any(a->s, variant, &named) == p)
        v = named;
    for (uint16_t i = 0; i < p->attr_count && count < 64; i++)
        a->merged[count++] = (kd_attr){ p->attrs[i].attribute, p->attrs[i].value };
    for (uint16_t i = 0; v && i < v->attr_count && count < 64; i++)
        a->merged[count++] = (kd_attr){ v->attrs[i].attribute, v->attrs[i].value };
    *out = a->merged;
    return count;
}

/* When the interaction was that speaks loudest: ids of events whose sender wrote no time have none in them. */
static int64_t time_of(const kd_profile *p, kd_id event)
{
    for (uint32_t k = 0; k < p->recent_count; k++)
        for (uint32_t i = 0; i < p->recent[k].count; i++)
            if (kd_id_eq(p->recent[k].items[i].id, event))
                return p->recent[k].items[i].time_ms;
    return kd_id_time_ms(event);
}

kd_status kd_me_likings(kd_liking **out, size_t *count, kd_request *request, const kd_me_known *known, const kd_snapshot *s, kd_err *err)
{
    attr_self              self = { .s = s };
    const kd_attr_source   source = { attributes, &self };
    const kd_taste_weights weights = kd_taste_weights_default();
    kd_affinity           *list = NULL;
    kd_profile             view;
    size_t                 found = 0;
    kd_status              status = kd_stated_view(&view, &known->profile, &known->stated, request->arena, err);
    if (status == KD_OK)
        status = kd_opinion_affinities(&list, &found, &view, &source, &weights, PER_ATTRIBUTE, request->now_ms, request->arena, err);
    *count = 0;
    *out = KD_NEW(request->arena, kd_liking, found + 1);
    if (status == KD_OK && !*out)
        status = kd_fail_memory(err);
    for (size_t i = 0; i < found && status == KD_OK; i++) {
        const kd_affinity *a = &list[i];
        const bool shown = a->attribute == KD_ATTR_CATEGORY || a->attribute == KD_ATTR_BRAND || a->attribute == KD_ATTR_COLOR || a->attribute == KD_ATTR_SIZE;
        if (shown && a->weight > 0.02)
            (*out)[(*count)++] = (kd_liking){ a->attribute, kd_str_copy(request->arena, kd_snapshot_value_text(s, a->value)), a->weight, a->evidence_count,
                                              time_of(&view, a->evidence), (kd_kind)a->evidence_kind };
    }
    return status;
}

/* ---- purposes ------------------------------------------------------------------------------------------------------------------------- */
kd_basis kd_me_basis(kd_request *request, kd_purpose purpose)
{
    const kd_policy *policy = kd_parts_policy(request->parts);
    const kd_basis   basis = kd_policy_purpose(policy, purpose)->basis;
    kd_policy_release(policy);
    return basis;
}

const char *kd_me_state(const kd_me_known *known, kd_purpose purpose)
{
    const kd_purposes bit = KD_PURPOSE_BIT(purpose);
    return known->profile.refused & bit ? "refused" : known->profile.granted & bit ? "granted" : "unknown";
}

bool kd_me_allows(kd_request *request, const kd_me_known *known, kd_purpose purpose)
{
    const kd_policy  *policy = kd_parts_policy(request->parts);
    const kd_purposes allowed = kd_allowed(policy, &known->profile, false);
    kd_policy_release(policy);
    return (allowed & KD_PURPOSE_BIT(purpose)) != 0;
}

#include "insight/lineage.h"

#include "base/json.h"
#include "customer/identity.h"

enum { CHAIN_STEP = 200, SCRATCH_BYTES = 8 << 20 };

typedef struct tracing {
    kd_lineage        *out;
    size_t            *count;
    kd_str             field;    /* asked for; empty: all */
    const kd_snapshot *snapshot;
    kd_id              person;
    int64_t            head;
    kd_arena          *arena;
    bool               full;
} tracing;

/* ---- what the profile says: under the person's lock, nothing is read meanwhile ------------------------------------------------ */
static kd_str joined(tracing *t, const char *prefix, kd_str name, const char *suffix)
{
    kd_buf text;
    kd_buf_init(&text, t->arena);
    kd_buf_add_z(&text, prefix);
    kd_buf_add_str(&text, name);
    kd_buf_add_z(&text, suffix);
    t->full = t->full || text.failed;
    return kd_buf_str(&text);
}

static kd_lineage *add(tracing *t, kd_lineage_kind kind, kd_str field, kd_str name)
{
    kd_lineage *l;
    if ((t->field.len && !kd_str_eq(t->field, field)) || *t->count == KD_LINEAGE_FIELDS_MAX)
        return NULL;
    l = &t->out[(*t->count)++];
    *l = (kd_lineage){ .kind = kind, .field = field, .name = kd_str_copy(t->arena, name), .person = t->person, .time_ms = KD_TIME_MIN };
    return l;
}

static void set_value(kd_lineage *l, tracing *t, void (*write)(kd_jw *w, const void *of), const void *of)
{
    kd_buf text;
    kd_jw  w;
    kd_buf_init(&text, t->arena);
    kd_jw_init(&w, &text);
    write(&w, of);
    t->full = t->full || text.failed;
    l->value = kd_buf_str(&text);
}

static void add_registers(tracing *t, kd_lineage_kind kind, const char *prefix, const kd_register *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kd_lineage *l = add(t, kind, joined(t, prefix, list[i].name, ""), list[i].name);
        if (l == NULL)
            continue;
        l->value = kd_str_copy(t->arena, list[i].value);
        l->event = list[i].id;
        l->time_ms = list[i].time_ms;
        l->claimed = list[i].claimed;
    }
}

static void write_text(kd_jw *w, const void *of) { kd_jw_str(w, *(const kd_str *)of); }
static void write_count(kd_jw *w, const void *of) { kd_jw_i64(w, (int64_t)*(const uint64_t *)of); }

static void write_bought(kd_jw *w, const void *of)
{
    const kd_bought *b = of;
    kd_jw_object(w);
    KD_JW_I64(w, "orders", b->orders);
    KD_JW_I64(w, "units", b->units);
    KD_JW_I64(w, "returned", b->returned);
    kd_jw_object_end(w);
}

static void write_interaction(kd_jw *w, const void *of)
{
    const kd_interaction *i = of;
    kd_jw_object(w);
    KD_JW_I64(w, "quantity", i->quantity);
    if (i->price_micro != KD_PRICE_NONE)
        kd_jw_key(w, "price"), kd_jw_fixed(w, i->price_micro, 6);
    kd_jw_object_end(w);
}

static void add_identities(tracing *t, const kd_profile *p)
{
    for (uint32_t i = 0; i < p->ident_count; i++) {
        const kd_str name = kd_str_z(kd_key_type_name((kd_key_type)p->idents[i].type));
        kd_lineage  *l = add(t, KD_LINEAGE_IDENTITY, joined(t, "identities.", name, ""), name);
        if (l == NULL)
            continue;
        set_value(l, t, write_text, &p->idents[i].value);
        l->time_ms = p->idents[i].first_ms;
        l->claimed = !p->idents[i].proven;
    }
}

static void add_counters(tracing *t, const kd_profile *p)
{
    for (uint32_t i = 0; i < p->counter_count; i++) {
        const kd_counter *c = &p->counters[i];
        const kd_str      name = kd_str_z(kd_kind_name((kd_kind)c->kind));
        for (int last = 0; last < 2; last++) {
            kd_lineage *l = add(t, KD_LINEAGE_COUNT, joined(t, "counts.", name, last ? ".last" : ".first"), name);
            if (l == NULL)
                continue;
            set_value(l, t, write_count, &c->count);
            l->event_kind = c->kind;
            l->time_ms = last ? c->last_ms : c->first_ms;
        }
    }
}

static kd_str id_of_product(tracing *t, kd_ref product)
{
    const kd_product *found = kd_snapshot_find(t->snapshot, product);
    return found ? found->id : (kd_str){ 0 };
}

static void add_bought(tracing *t, const kd_profile *p)
{
    for (uint32_t i = 0; i < p->bought_count; i++) {
        kd_str      id = id_of_product(t, p->bought[i].product);
        kd_lineage *l = id.len ? add(t, KD_LINEAGE_BOUGHT, joined(t, "bought.", id, ""), id) : NULL;
        if (l == NULL)
            continue;
        set_value(l, t, write_bought, &p->bought[i]);
        l->event_kind = KD_KIND_ORDER;
        l->time_ms = p->bought[i].last_ms;
    }
}

static bool has_value(const tracing *t, kd_ref product, uint16_t attribute, kd_ref value)
{
    const kd_variant *variant = NULL;
    const kd_product *p = kd_snapshot_find_any(t->snapshot, product, &variant);
    for (uint16_t i = 0; p && i < p->attr_count; i++)
        if (p->attrs[i].attribute == attribute && p->attrs[i].value == value)
            return true;
    return false;
}

/* "recent.KIND" and "affinity.ATTRIBUTE.VALUE": the interactions themselves. */
static void add_interactions(tracing *t, const kd_profile *p)
{
    const bool  affinity = kd_str_starts(t->field, "affinity.");
    const char *dot = affinity ? memchr(t->field.ptr + 9, '.', t->field.len - 9) : NULL;
    uint16_t    attribute = dot ? kd_snapshot_attribute_by_name(t->snapshot, (kd_str){ t->field.ptr + 9, (size_t)(dot - t->field.ptr) - 9 }) : 0;
    kd_ref      value = dot ? kd_ref_of((kd_str){ dot + 1, t->field.len - (size_t)(dot + 1 - t->field.ptr) }) : 0;
    if (!affinity && !kd_str_starts(t->field, "recent."))
        return;
    for (uint32_t r = 0; r < p->recent_count; r++) {
        const kd_recent *list = &p->recent[r];
        const kd_str     kind = kd_str_z(kd_kind_name((kd_kind)list->kind));
        if (!affinity && !kd_str_eq(kind, (kd_str){ t->field.ptr + 7, t->field.len - 7 }))
            continue;
        for (uint32_t i = 0, taken = 0; i < list->count && taken < KD_LINEAGE_EVIDENCE; i++) {
            const kd_interaction *one = &list->items[i];
            kd_lineage           *l = affinity && (attribute == 0 || !has_value(t, one->product, attribute, value)) ? NULL : add(t, KD_LINEAGE_RECENT, t->field, kind);
            if (l == NULL)
                continue;
            set_value(l, t, write_interaction, one);
            l->event = one->id;
            l->time_ms = one->time_ms;
            l->claimed = one->claimed;
            l->event_kind = list->kind;
            taken++;
        }
    }
}

/* ---- their events ------------------------------------------------------------------------------------------------------------------ */
static void take_event(kd_lineage *l, const kd_event *event, kd_arena *scratch, kd_arena *arena)
{
    kd_fact fact;
    l->found = true;
    l->event = event->id;
    l->time_ms = event->time_ms;
    if ((event->flags & KD_EVENT_HOLLOW) || kd_fact_decode(&fact, event->facts, scratch, NULL) != KD_OK)
        return;
    l->event_name = kd_str_copy(arena, fact.name.len ? fact.name : kd_str_z(kd_kind_name((kd_kind)event->kind)));
    l->source = kd_str_copy(arena, fact.source);
}

/* Those that carry no id: the event of that time and kind. An identity may have come with any kind. */
static kd_status find_by_time(tracing *t, kd_reader *reader, size_t from, kd_arena *scratch, kd_err *err)
{
    int64_t   at = t->head;
    kd_status status = KD_OK;
    for (size_t looked = 0; status == KD_OK && at > 0 && looked < KD_LINEAGE_LOOKED_AT;) {
        kd_event *events = NULL;
        size_t    count = 0;
        bool      missing = false;
        kd_arena_reset(scratch);
        for (size_t i = from; i < *t->count; i++)
            missing = missing || (!t->out[i].found && kd_id_is_nil(t->out[i].event));
        if (!missing)
            break;
        status = kd_reader_chain(&events, &count, reader, t->person, at, CHAIN_STEP, false, scratch, err);
        for (size_t e = 0; status == KD_OK && e < count; e++)
            for (size_t i = from; events[e].kind < KD_KIND_DECISION && i < *t->count; i++) {
                kd_lineage *l = &t->out[i];
                if (!l->found && kd_id_is_nil(l->event) && l->time_ms == events[e].time_ms && (l->event_kind == 0 || l->event_kind == events[e].kind))
                    take_event(l, &events[e], scratch, t->arena);
            }
        at = status == KD_OK && count ? events[count - 1].prev : 0;
        looked += count;
    }
    return status;
}

static kd_status find_events(tracing *t, kd_reader *reader, size_t from, kd_err *err)
{
    kd_arena *scratch = kd_arena_new(SCRATCH_BYTES);
    kd_status status = scratch ? KD_OK : kd_fail_memory(err);
    for (size_t i = from; i < *t->count && status == KD_OK; i++) {
        kd_event event;
        if (kd_id_is_nil(t->out[i].event))
            continue;
        kd_arena_reset(scratch);
        status = kd_reader_event(&event, reader, t->person, t->out[i].event, scratch, err);
        if (status == KD_OK)
            take_event(&t->out[i], &event, scratch, t->arena);
        else if (status == KD_NOT_FOUND)
            status = KD_OK; /* erased, or past its retention */
    }
    if (status == KD_OK)
        status = find_by_time(t, reader, from, scratch, err);
    kd_arena_free(scratch);
    return status;
}

kd_status kd_lineage_of(kd_lineage *out, size_t *count, kd_people *people, kd_reader *reader, kd_id id, kd_str field, const kd_snapshot *snapshot,
                        kd_arena *arena, kd_err *err)
{
    tracing      t = { .out = out, .count = count, .field = field, .snapshot = snapshot, .person = id, .arena = arena };
    kd_person   *person = NULL;
    const size_t from = *count;
    kd_status    status = kd_people_acquire(&person, people, reader, id, err);
    if (status != KD_OK)
        return status;
    const kd_profile *p = &person->profile;
    t.head = person->head;
    add_registers(&t, KD_LINEAGE_TRAIT, "traits.", p->traits, p->trait_count);
    add_registers(&t, KD_LINEAGE_STATED, "stated.", p->stated, p->stated_count);
    add_registers(&t, KD_LINEAGE_CONSENT, "consents.", p->consents, p->consent_count);
    add_identities(&t, p);
    add_counters(&t, p);
    if (field.len == 0 || kd_str_starts(field, "bought."))
        add_bought(&t, p);
    add_interactions(&t, p);
    kd_people_release(people, person);
    return t.full ? kd_fail_memory(err) : find_events(&t, reader, from, err);
}

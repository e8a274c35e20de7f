/* kd_answer_find, kd_answer_profile: what is known of one customer, for those who may read it. */
#include "api/answer_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/who.h"
#include "recommend/shelf.h"

enum {
    SHOWN_PRODUCTS = 20,
    PER_ATTRIBUTE = 10,
    ACTIVITY_DAYS = 400,
    CART_KEEP_DAYS = 30,
    MEMO = 256,
    SCRATCH_BYTES = 4 * 1024 * 1024
};

/* ---- who ------------------------------------------------------------------------------------------------------------- */
/* One of `persons` that has a profile, or stands for one that has. */
static kd_status settle(kd_id *person, kd_parts *parts, kd_reader *reader, const kd_id *persons, size_t count, kd_err *err)
{
    kd_person *entry;
    kd_status  status = kd_who_acquire(&entry, parts, reader, persons, count, true, err);
    if (status != KD_OK)
        return status;
    if (entry == NULL)
        return kd_fail(err, KD_NOT_FOUND, "nobody is known under this id");
    *person = entry->id;
    kd_people_release(parts->people, entry);
    return KD_OK;
}

static kd_status find_by_key(kd_id *person, kd_parts *parts, kd_reader *reader, kd_str id, kd_err *err)
{
    kd_key    keys[KD_WHO_KEYS];
    kd_id     persons[KD_WHO_KEYS];
    size_t    count = kd_who_keys(keys, parts->vault, id);
    kd_status status = count ? kd_identity_find(persons, parts->identity, reader, keys, count, err) : KD_OK;
    return status == KD_OK ? settle(person, parts, reader, persons, count, err) : status;
}

kd_status kd_answer_find(kd_id *person, kd_parts *parts, kd_reader *reader, kd_str id, kd_err *err)
{
    kd_id     named;
    kd_status status;
    if (id.len == 0 || id.len > KD_KEY_VALUE_MAX + 16)
        return kd_fail_field(err, KD_INVALID, "/id", "an id has 1 to %d characters", KD_KEY_VALUE_MAX);
    /* Anonymous ids are UUIDs too, so a person id that nobody has may still be a key. */
    status = kd_id_parse(&named, id) ? settle(person, parts, reader, &named, 1, err) : KD_NOT_FOUND;
    return status == KD_NOT_FOUND ? find_by_key(person, parts, reader, id, err) : status;
}

/* ---- the messages behind an opinion ------------------------------------------------------------------------------------ */
typedef struct messages { /* from the id of a stored event to the sender's own messageId, read once each */
    kd_reader  *reader;
    kd_id       person;
    kd_answer_members members;
    kd_arena   *arena, *scratch;
    struct { kd_id event; kd_str text; } memo[MEMO];
    size_t      count;
    bool        sensitive; /* the person allows opinions from sensitive products */
} messages;

static kd_str message_text(messages *m, kd_id event_id)
{
    kd_event       event;
    kd_str         body, text = { 0 };
    const kd_json *doc;
    for (size_t i = 0; i < m->count; i++)
        if (kd_id_eq(m->memo[i].event, event_id))
            return m->memo[i].text;
    for (size_t i = 0; i < m->members.count && !text.len; i++) { /* a merged profile does not say whose event it was */
        kd_arena_reset(m->scratch);
        if (kd_reader_event(&event, m->reader, m->members.of[i].person, event_id, m->scratch, NULL) == KD_OK &&
            kd_stored_body(&body, &event, &m->members.of[i].key, m->scratch, NULL) == KD_OK && kd_json_parse(&doc, m->scratch, body.ptr, body.len, NULL) == KD_OK)
            text = kd_str_copy(m->arena, kd_json_text(kd_json_get(doc, "messageId")));
    }
    if (m->count < MEMO) {
        m->memo[m->count].event = event_id;
        m->memo[m->count++].text = text;
    }
    return text;
}

static void write_message_id(kd_jw *w, messages *m, kd_id event_id)
{
    kd_str text = message_text(m, event_id);
    if (text.len)
        KD_JW_STR(w, "messageId", text);
}

/* ---- small writers ------------------------------------------------------------------------------------------------------ */
void kd_answer_write_time(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    kd_time_format(text, ms);
    KD_JW_Z(w, key, text);
}

static void write_money(kd_jw *w, const char *key, int64_t micro, kd_currency currency)
{
    int64_t minor;
    char    text[32];
    if (!kd_money_from_micro(&minor, micro, currency))
        return;
    kd_money_format(text, minor, currency);
    kd_jw_key(w, key);
    kd_jw_raw(w, kd_str_z(text));
}

static void write_text(kd_jw *w, const char *key, kd_str text)
{
    if (text.len)
        KD_JW_STR(w, key, text);
}

void kd_answer_write_product(kd_jw *w, const kd_snapshot *s, kd_ref product, kd_ref variant)
{
    const kd_variant *v = NULL, *named = NULL;
    const kd_product *p = kd_snapshot_find_any(s, product, &v);
    char              hex[20];
    if (p == NULL) {
        snprintf(hex, sizeof hex, "#%016llx", (unsigned long long)product);
        KD_JW_Z(w, "productId", hex);
        return;
    }
    if (variant && kd_snapshot_find_any(s, variant, &named) == p)
        v = named;
    KD_JW_STR(w, "productId", p->id);
    write_text(w, "title", p->title);
    write_text(w, "image", v && v->image.len ? v->image : p->image); /* in its own colour */
    if (v == NULL)
        return;
    KD_JW_STR(w, "sku", v->sku);
    write_text(w, "size", v->size);
    write_text(w, "color", v->color);
}

/* ---- parts of the profile ----------------------------------------------------------------------------------------------- */
static void write_identities(kd_jw *w, const kd_profile *p)
{
    kd_jw_key(w, "identities");
    kd_jw_array(w);
    for (uint32_t i = 0; i < p->ident_count; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "type", kd_key_type_name(p->idents[i].type));
        KD_JW_STR(w, "value", p->idents[i].value);
        KD_JW_BOOL(w, "proven", p->idents[i].proven);
        kd_answer_write_time(w, "firstAt", p->idents[i].first_ms);
        kd_answer_write_time(w, "lastAt", p->idents[i].last_ms);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_traits(kd_jw *w, const kd_profile *p)
{
    kd_jw_key(w, "traits");
    kd_jw_object(w);
    for (uint32_t i = 0; i < p->trait_count; i++) {
        kd_jw_key_str(w, p->traits[i].name);
        kd_jw_raw(w, p->traits[i].value);
    }
    kd_jw_object_end(w);
    kd_jw_key(w, "claimedTraits"); /* came by a public write key alone */
    kd_jw_array(w);
    for (uint32_t i = 0; i < p->trait_count; i++)
        if (p->traits[i].claimed)
            kd_jw_str(w, p->traits[i].name);
    kd_jw_array_end(w);
}

static void write_counts(kd_jw *w, const kd_profile *p)
{
    uint64_t claimed = 0;
    kd_jw_key(w, "counts");
    kd_jw_object(w);
    for (uint32_t i = 0; i < p->counter_count; i++) {
        const kd_counter *c = &p->counters[i];
        claimed += c->claimed;
        kd_jw_key(w, kd_kind_name(c->kind));
        kd_jw_object(w);
        KD_JW_I64(w, "count", (int64_t)c->count);
        KD_JW_I64(w, "claimed", (int64_t)c->claimed);
        kd_answer_write_time(w, "firstAt", c->first_ms);
        kd_answer_write_time(w, "lastAt", c->last_ms);
        kd_jw_object_end(w);
    }
    kd_jw_object_end(w);
    KD_JW_I64(w, "claimedEvents", (int64_t)claimed);
}

/* Never added across currencies. */
static void write_revenue(kd_jw *w, const kd_spent *spent, size_t count)
{
    kd_jw_key(w, "revenue");
    kd_jw_array(w);
    for (size_t i = 0; i < count; i++) {
        if (kd_currency_is_points(spent[i].currency))
            continue;
        kd_jw_object(w);
        KD_JW_Z(w, "currency", spent[i].currency.code);
        write_money(w, "bought", spent[i].bought_micro, spent[i].currency);
        write_money(w, "returned", spent[i].returned_micro, spent[i].currency);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static kd_status write_recency(kd_jw *w, const kd_profile *p, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    kd_recency r = kd_opinion_recency(p, now_ms);
    kd_spent  *spent;
    size_t     spent_count;
    kd_status  status = kd_opinion_spent(&spent, &spent_count, p, arena, err);
    if (status != KD_OK)
        return status;
    kd_jw_key(w, "recency");
    kd_jw_object(w);
    if (r.days_since_seen >= 0) {
        kd_answer_write_time(w, "lastSeenAt", r.last_seen_ms);
        kd_jw_key(w, "daysSinceSeen");
        kd_jw_f64(w, r.days_since_seen, 2);
    }
    if (r.days_since_order >= 0) {
        kd_answer_write_time(w, "lastOrderAt", r.last_order_ms);
        kd_jw_key(w, "daysSinceOrder");
        kd_jw_f64(w, r.days_since_order, 2);
    }
    kd_jw_object_end(w);
    KD_JW_I64(w, "orders", (int64_t)r.orders);
    KD_JW_I64(w, "returns", (int64_t)r.returns);
    write_revenue(w, spent, spent_count);
    kd_points points = kd_opinion_points(p);
    if (points.any) {
        kd_jw_key(w, "points");
        kd_jw_object(w);
        kd_jw_key(w, "balance");
        kd_jw_fixed(w, points.credited_micro - points.taken_micro, 6);
        kd_jw_key(w, "credited");
        kd_jw_fixed(w, points.credited_micro, 6);
        kd_jw_key(w, "taken");
        kd_jw_fixed(w, points.taken_micro, 6);
        kd_jw_object_end(w);
    }
    return KD_OK;
}

static void write_seen(kd_jw *w, const kd_interaction *x, kd_kind kind, const kd_snapshot *s, messages *m)
{
    kd_jw_object(w);
    kd_answer_write_product(w, s, x->product, x->variant);
    kd_answer_write_time(w, "at", x->time_ms);
    if (kind == KD_KIND_ORDER)
        KD_JW_I64(w, "quantity", x->quantity);
    if (x->price_micro != KD_PRICE_NONE)
        write_money(w, "price", x->price_micro, x->currency);
    KD_JW_BOOL(w, "claimed", x->claimed);
    write_message_id(w, m, x->id);
    kd_jw_object_end(w);
}

/* The newest distinct products of a kind. */
static void write_last(kd_jw *w, const char *key, const kd_profile *p, kd_kind kind, const kd_snapshot *s, messages *m)
{
    const kd_recent *recents[2];
    size_t           lists = kd_opinion_recents(recents, p, kind), count = 0;
    kd_ref           seen[SHOWN_PRODUCTS];
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (size_t l = 0; l < lists; l++)
        for (uint32_t i = 0; i < recents[l]->count && count < SHOWN_PRODUCTS; i++) {
            const kd_interaction *x = &recents[l]->items[i];
            bool                  again = x->product == 0;
            for (size_t j = 0; j < count; j++)
                again = again || seen[j] == x->product;
            if (again)
                continue;
            seen[count++] = x->product;
            write_seen(w, x, kind, s, m);
        }
    kd_jw_array_end(w);
}

/* Orders or returns with their lines: lines of one message lie together, newest first. What names no product (a return by
 * order id) is a message without lines. */
static void write_history(kd_jw *w, const char *key, const kd_recent *recent, const kd_snapshot *s, messages *m)
{
    size_t shown = 0;
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (uint32_t i = 0; recent && i < recent->count && shown < SHOWN_PRODUCTS; shown++) {
        const kd_interaction *first = &recent->items[i];
        kd_jw_object(w);
        kd_answer_write_time(w, "at", first->time_ms);
        KD_JW_Z(w, "channel", kd_channel_name((kd_channel)first->channel));
        KD_JW_BOOL(w, "claimed", first->claimed);
        write_message_id(w, m, first->id);
        if (first->currency.code[0])
            KD_JW_Z(w, "currency", first->currency.code);
        if (first->product == 0 && first->price_micro != KD_PRICE_NONE)
            write_money(w, "total", first->price_micro, first->currency);
        kd_jw_key(w, "lines");
        kd_jw_array(w);
        for (; i < recent->count && kd_id_eq(recent->items[i].id, first->id); i++) {
            const kd_interaction *x = &recent->items[i];
            if (x->product == 0)
                continue;
            kd_jw_object(w);
            kd_answer_write_product(w, s, x->product, x->variant);
            KD_JW_I64(w, "quantity", x->quantity);
            if (x->price_micro != KD_PRICE_NONE)
                write_money(w, "price", x->price_micro, x->currency);
            kd_jw_object_end(w);
        }
        kd_jw_array_end(w);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

/* What came by write key alone, which anybody may have sent: apart from what is proven. */
static void write_claimed(kd_jw *w, const kd_profile *p, const kd_snapshot *s, messages *m)
{
    const kd_counter *orders = kd_profile_counter(p, KD_KIND_ORDER), *returns = kd_profile_counter(p, KD_KIND_RETURN),
                     *cancelled = kd_profile_counter(p, KD_KIND_ORDER_CANCELLED);
    kd_jw_key(w, "claimed");
    kd_jw_object(w);
    KD_JW_BOOL(w, "counted", p->trusts_claims); /* are they in "orders", "returns" and "revenue" all the same? */
    KD_JW_I64(w, "orders", orders ? (int64_t)orders->claimed : 0);
    KD_JW_I64(w, "returns", (returns ? (int64_t)returns->claimed : 0) + (cancelled ? (int64_t)cancelled->claimed : 0));
    write_revenue(w, p->claimed_spent, p->claimed_spent_count);
    write_history(w, "orderHistory", kd_profile_claimed(p, KD_KIND_ORDER), s, m);
    write_history(w, "returnHistory", kd_profile_claimed(p, KD_KIND_RETURN), s, m);
    kd_jw_object_end(w);
}

/* What recommending believes of the sizes, with the purchases that speak for each: recommend/shelf.h. */
static void write_sizes(kd_jw *w, const kd_profile *p, const kd_snapshot *s, bool sensitive)
{
    kd_sizes sizes;
    kd_sizes_learn(&sizes, p, s, sensitive);
    kd_jw_key(w, "sizes");
    kd_jw_array(w);
    for (uint32_t i = 0; i < sizes.count; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "category", kd_snapshot_value_text(s, sizes.believed[i].department));
        KD_JW_STR(w, "size", kd_snapshot_value_text(s, sizes.believed[i].size));
        KD_JW_I64(w, "purchases", sizes.believed[i].purchases);
        kd_answer_write_time(w, "lastAt", sizes.believed[i].last_ms);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static int newer_day(const void *a, const void *b)
{
    const kd_day_count *x = a, *y = b;
    return x->day > y->day ? -1 : x->day < y->day;
}

/* Events of a day over all kinds, and the orders among them: newest first. */
static kd_status write_activity(kd_jw *w, const kd_profile *p, kd_arena *arena, kd_err *err)
{
    kd_day_count *days = KD_NEW(arena, kd_day_count, (size_t)p->day_count + 1);
    if (days == NULL)
        return kd_fail_memory(err);
    if (p->day_count)
        memcpy(days, p->days, p->day_count * sizeof *days);
    qsort(days, p->day_count, sizeof *days, newer_day);
    kd_jw_key(w, "activity");
    kd_jw_array(w);
    for (uint32_t i = 0, shown = 0; i < p->day_count && shown < ACTIVITY_DAYS; shown++) {
        int32_t day = days[i].day;
        int64_t events = 0, orders = 0;
        char    text[25];
        for (; i < p->day_count && days[i].day == day; i++) {
            events += days[i].count;
            orders += days[i].kind == KD_KIND_ORDER ? days[i].count - (p->trusts_claims ? 0 : days[i].claimed) : 0;
        }
        kd_time_format(text, day * KD_DAY_MS);
        text[10] = '\0'; /* the date of it */
        kd_jw_object(w);
        KD_JW_Z(w, "day", text);
        KD_JW_I64(w, "events", events);
        KD_JW_I64(w, "orders", orders);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    return KD_OK;
}

static kd_status write_cart(kd_jw *w, const kd_profile *p, const kd_snapshot *s, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    kd_cart_line *lines = NULL;
    size_t        count = 0;
    kd_status     status = kd_opinion_cart(&lines, &count, p, CART_KEEP_DAYS * KD_DAY_MS, now_ms, arena, err);
    kd_jw_key(w, "cart");
    kd_jw_array(w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_jw_object(w);
        kd_answer_write_product(w, s, lines[i].product, lines[i].variant);
        KD_JW_I64(w, "quantity", lines[i].quantity);
        if (lines[i].price_micro != KD_PRICE_NONE)
            write_money(w, "price", lines[i].price_micro, lines[i].currency);
        kd_answer_write_time(w, "addedAt", lines[i].added_ms);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    return status;
}

typedef struct attribute_source { const kd_snapshot *snapshot; kd_arena *arena; bool sensitive; } attribute_source; /* may sensitive products speak? */

static size_t attributes_of(void *self, kd_ref product, kd_ref variant, const kd_attr **out)
{
    attribute_source *source = self;
    const kd_variant *v = NULL, *named = NULL;
    const kd_product *p = kd_snapshot_find_any(source->snapshot, product, &v);
    kd_attr          *attrs;
    size_t            count = 0;
    if (p == NULL || (p->sensitive && !source->sensitive))
        return 0;
    if (variant && kd_snapshot_find_any(source->snapshot, variant, &named) == p)
        v = named;
    attrs = KD_NEW(source->arena, kd_attr, (size_t)p->attr_count + (v ? v->attr_count : 0) + 1);
    if (attrs == NULL)
        return 0;
    for (uint16_t i = 0; i < p->attr_count; i++)
        attrs[count++] = (kd_attr){ p->attrs[i].attribute, p->attrs[i].value };
    for (uint16_t i = 0; v && i < v->attr_count; i++)
        attrs[count++] = (kd_attr){ v->attrs[i].attribute, v->attrs[i].value };
    *out = attrs;
    return count;
}

/* The line of the evidence that has this value: a message may name several products. */
static const kd_interaction *evidence_line(const kd_affinity *a, const kd_profile *p, const kd_attr_source *source)
{
    const kd_recent *recents[] = { kd_profile_recent(p, (kd_kind)a->evidence_kind), kd_profile_claimed(p, (kd_kind)a->evidence_kind) };
    for (size_t l = 0; l < 2; l++)
        for (uint32_t i = 0; recents[l] && i < recents[l]->count; i++) {
            const kd_interaction *x = &recents[l]->items[i];
            const kd_attr        *attrs = NULL;
            size_t                count = kd_id_eq(x->id, a->evidence) && x->product ? source->attributes(source->self, x->product, x->variant, &attrs) : 0;
            for (size_t j = 0; j < count; j++)
                if (attrs[j].attribute == a->attribute && attrs[j].value == a->value)
                    return x;
        }
    return NULL;
}

static void write_affinity(kd_jw *w, const kd_affinity *a, const kd_profile *p, const kd_attr_source *source, const kd_snapshot *s, messages *m)
{
    const kd_interaction *line = evidence_line(a, p, source);
    kd_jw_object(w);
    KD_JW_STR(w, "value", kd_snapshot_value_text(s, a->value));
    kd_jw_key(w, "weight");
    kd_jw_f64(w, a->weight, 4);
    kd_jw_key(w, "strength");
    kd_jw_f64(w, a->strength, 4);
    kd_jw_key(w, "evidence");
    kd_jw_object(w);
    KD_JW_Z(w, "kind", kd_kind_name(a->evidence_kind));
    write_message_id(w, m, a->evidence);
    KD_JW_I64(w, "count", a->evidence_count);
    if (line) {
        kd_answer_write_time(w, "at", line->time_ms);
        kd_jw_key(w, "product");
        kd_jw_object(w);
        kd_answer_write_product(w, s, line->product, line->variant);
        kd_jw_object_end(w);
    }
    kd_jw_object_end(w);
    kd_jw_object_end(w);
}

static kd_status write_affinities(kd_jw *w, const kd_profile *p, const kd_snapshot *s, messages *m, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    attribute_source source = { s, arena, m->sensitive };
    kd_attr_source   callback = { attributes_of, &source };
    kd_taste_weights weights = kd_taste_weights_default();
    kd_affinity     *list = NULL;
    size_t           count = 0;
    kd_status        status = kd_opinion_affinities(&list, &count, p, &callback, &weights, PER_ATTRIBUTE, now_ms, arena, err);
    kd_jw_key(w, "affinities");
    kd_jw_object(w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        if (i == 0 || list[i].attribute != list[i - 1].attribute) {
            kd_jw_key_str(w, kd_snapshot_attribute_name(s, list[i].attribute));
            kd_jw_array(w);
        }
        write_affinity(w, &list[i], p, &callback, s, m);
        if (i + 1 == count || list[i + 1].attribute != list[i].attribute)
            kd_jw_array_end(w);
    }
    kd_jw_object_end(w);
    return status;
}

/* ---- the profile ---------------------------------------------------------------------------------------------------------- */
/* A copy, so that the customer is held for the encoding only, not while JSON is written and messages are read. */
kd_status kd_answer_members_of(kd_answer_members *out, kd_profile *merged, kd_parts *parts, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err)
{
    kd_customer customer;
    kd_id       persons[KD_CUSTOMER_PERSONS_MAX];
    size_t      count;
    kd_buf      bytes;
    kd_status   status = kd_customers_acquire(&customer, parts->customers, reader, person, err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? kd_fail(err, KD_NOT_FOUND, "nobody is known under this id") : status;
    *out = (kd_answer_members){ .home = customer.home };
    count = customer.person_count;
    memcpy(persons, customer.persons, count * sizeof *persons);
    kd_buf_init(&bytes, arena);
    if (merged)
        kd_profile_encode(&bytes, customer.profile);
    kd_customers_release(parts->customers, &customer);
    status = kd_buf_status(&bytes, err);
    if (status == KD_OK && merged)
        status = kd_profile_decode(merged, kd_buf_str(&bytes), err);
    if (status == KD_OK && merged)
        merged->trusts_claims = kd_people_trust_claims(parts->people);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_person *entry;
        status = kd_people_acquire(&entry, parts->people, reader, persons[i], err);
        if (status == KD_OK) {
            out->of[out->count].person = persons[i];
            out->of[out->count].key = entry->key;
            out->of[out->count++].head = entry->head;
            kd_people_release(parts->people, entry);
        } else if (status == KD_NOT_FOUND) {
            status = KD_OK; /* a key without events of its own */
        }
    }
    return status;
}

static void write_members(kd_jw *w, const kd_answer_members *members)
{
    char id[KD_ID_TEXT];
    kd_id_format(id, members->home);
    KD_JW_Z(w, "customerId", id);
    kd_jw_key(w, "persons");
    kd_jw_array(w);
    for (size_t i = 0; i < members->count; i++) {
        kd_id_format(id, members->of[i].person);
        kd_jw_z(w, id);
    }
    kd_jw_array_end(w);
}

static kd_status write_profile(kd_buf *out, const kd_profile *p, const kd_snapshot *s, messages *m, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    char      id[KD_ID_TEXT];
    kd_jw     w;
    kd_status status;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    kd_id_format(id, m->person);
    KD_JW_Z(&w, "personId", id);
    write_members(&w, &m->members);
    write_identities(&w, p);
    write_traits(&w, p);
    write_counts(&w, p);
    status = write_recency(&w, p, now_ms, arena, err);
    write_last(&w, "lastViewed", p, KD_KIND_VIEW, s, m);
    write_last(&w, "lastBought", p, KD_KIND_ORDER, s, m);
    write_last(&w, "lastWished", p, KD_KIND_WISH_ADD, s, m);
    write_history(&w, "orderHistory", kd_profile_recent(p, KD_KIND_ORDER), s, m);
    write_history(&w, "returnHistory", kd_profile_recent(p, KD_KIND_RETURN), s, m);
    write_claimed(&w, p, s, m);
    write_sizes(&w, p, s, m->sensitive);
    if (status == KD_OK)
        status = write_activity(&w, p, arena, err);
    if (status == KD_OK)
        status = write_cart(&w, p, s, now_ms, arena, err);
    if (status == KD_OK)
        status = write_affinities(&w, p, s, m, now_ms, arena, err);
    kd_jw_object_end(&w);
    return status != KD_OK ? status : kd_buf_status(out, err);
}

/* Did they say yes to opinions from what is sensitive? */
static bool allows_sensitive(kd_parts *parts, const kd_profile *profile)
{
    const kd_policy *policy = kd_parts_policy(parts);
    const bool       yes = (kd_allowed(policy, profile, false) & KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)) != 0;
    kd_policy_release(policy);
    return yes;
}

kd_status kd_answer_profile(kd_buf *out, kd_parts *parts, kd_reader *reader, kd_str id, kd_arena *arena, kd_err *err)
{
    kd_profile         profile = { 0 };
    messages          *m = KD_NEW(arena, messages, 1);
    kd_arena          *scratch = kd_arena_new(SCRATCH_BYTES);
    const kd_snapshot *snapshot = NULL;
    kd_status          status = m && scratch ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_answer_find(&m->person, parts, reader, id, err);
    if (status == KD_OK)
        status = kd_answer_members_of(&m->members, &profile, parts, reader, m->person, arena, err);
    if (status == KD_OK) {
        m->reader = reader;
        m->arena = arena;
        m->scratch = scratch;
        m->sensitive = allows_sensitive(parts, &profile);
        snapshot = kd_snapshot_acquire(parts->catalog);
        status = write_profile(out, &profile, snapshot, m, kd_now(parts->clock), arena, err);
        kd_snapshot_release(snapshot);
    }
    kd_profile_free(&profile);
    kd_arena_free(scratch);
    return status;
}

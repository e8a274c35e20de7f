#include "customer/profile.h"

#include <stdlib.h>

#include "base/clock.h"
#include "customer/profile_list.h"

/* Layout, version 3: u8 version, then the lists in the order of the struct, each a varint count and its elements. Version 1
 * summed claimed purchases with proven ones, version 2 kept neither preferences nor consents: what they lack stands in the log,
 * so they are not read but folded anew. Stated preferences and consents stand as traits do, behind them.
 *
 * Times are zig-zag differences to the time written before, whatever list that was in. A message id begins with the
 * milliseconds its sender wrote (base/id.h): where they equal the event's time, only the other 10 bytes are written. Lines
 * of one order, and traits of one identify, say so with one bit instead of repeating the event. A currency is written
 * where it changes. An interaction takes about 35 bytes (20 of an order's further lines), with the whole id 6 more. */
enum { VERSION = 3 };

enum { /* of an interaction */
    ITEM_SAME_EVENT = 1, ITEM_VARIANT = 2, ITEM_PRICE = 4, ITEM_QUANTITY = 8, ITEM_ID_TIME = 16, ITEM_TOPIC = 32, ITEM_LINE = 64,
    ITEM_PRODUCT = 128, ITEM_CURRENCY = 256, ITEM_CLAIMED = 512, ITEM_CHANNEL_SHIFT = 10, ITEM_FLAGS_MAX = 256 << 10
};
enum { TRAIT_SAME_EVENT = 1, TRAIT_ID_TIME = 2, TRAIT_CLAIMED = 4, TRAIT_ALL = 7 };
enum { IDENT_PROVEN = 128, RECENT_CLAIMED = 128 };

typedef struct writer {
    kd_buf     *out;
    int64_t     time_ms;  /* the last one written */
    kd_currency currency; /* likewise */
} writer;

/* ---- write ------------------------------------------------------------------------------------------------------------ */

static void put_time(writer *w, int64_t ms)
{
    kd_put_zigzag(w->out, ms - w->time_ms);
    w->time_ms = ms;
}

static void put_id(writer *w, kd_id id, bool id_time)
{
    kd_buf_add(w->out, id.b + (id_time ? 6 : 0), id_time ? 10 : 16);
}

static void put_counters(writer *w, const kd_profile *p)
{
    kd_put_varint(w->out, p->counter_count);
    for (uint32_t i = 0; i < p->counter_count; i++) {
        const kd_counter *c = &p->counters[i];
        kd_put_u8(w->out, c->kind);
        kd_put_varint(w->out, c->count);
        kd_put_varint(w->out, c->claimed);
        put_time(w, c->first_ms);
        put_time(w, c->last_ms);
        if (c->claimed && c->claimed < c->count) {
            put_time(w, c->proven_first_ms);
            put_time(w, c->proven_last_ms);
        }
    }
}

static void put_days(writer *w, const kd_profile *p)
{
    const kd_day_count *days = p->days;
    kd_put_varint(w->out, p->day_count);
    for (uint32_t i = 0; i < p->day_count;) { /* runs of one kind */
        uint32_t end = i;
        int32_t  day = 0;
        while (end < p->day_count && days[end].kind == days[i].kind)
            end++;
        kd_put_u8(w->out, days[i].kind);
        kd_put_varint(w->out, end - i);
        for (; i < end; i++) {
            kd_put_zigzag(w->out, (int64_t)days[i].day - day);
            kd_put_varint(w->out, (uint64_t)days[i].count << 1 | (days[i].claimed != 0));
            if (days[i].claimed)
                kd_put_varint(w->out, days[i].claimed);
            day = days[i].day;
        }
    }
}

static void put_bought(writer *w, const kd_bought *list, uint32_t count)
{
    kd_put_varint(w->out, count);
    for (uint32_t i = 0; i < count; i++) {
        const kd_bought *b = &list[i];
        kd_put_u64(w->out, b->product);
        kd_put_varint(w->out, b->orders);
        kd_put_varint(w->out, b->units);
        kd_put_varint(w->out, b->returned);
        if (b->orders) {
            put_time(w, b->first_ms);
            put_time(w, b->last_ms);
        }
    }
}

static void put_spent(writer *w, const kd_spent *list, uint32_t count)
{
    kd_put_varint(w->out, count);
    for (uint32_t i = 0; i < count; i++) {
        kd_buf_add(w->out, list[i].currency.code, 3);
        kd_put_varint(w->out, (uint64_t)list[i].bought_micro);
        kd_put_varint(w->out, (uint64_t)list[i].returned_micro);
    }
}

/* `b` is another line of the event of `a`, which stands before it. */
static bool same_event(const kd_interaction *a, const kd_interaction *b)
{
    return a->time_ms == b->time_ms && kd_id_eq(a->id, b->id) && a->topic == b->topic && a->claimed == b->claimed
        && a->channel == b->channel && memcmp(&a->currency, &b->currency, sizeof a->currency) == 0;
}

static void put_item(writer *w, const kd_interaction *item, const kd_interaction *before)
{
    bool     same = before && same_event(before, item);
    bool     id_time = !same && kd_id_time_ms(item->id) == item->time_ms;
    bool     line = item->line != (same ? before->line - 1 : 0);
    bool     currency = !same && memcmp(&item->currency, &w->currency, sizeof item->currency) != 0;
    unsigned flags = (same ? ITEM_SAME_EVENT : 0) | (item->variant ? ITEM_VARIANT : 0)
                   | (item->price_micro != KD_PRICE_NONE ? ITEM_PRICE : 0) | (item->quantity != 1 ? ITEM_QUANTITY : 0)
                   | (id_time ? ITEM_ID_TIME : 0) | (!same && item->topic ? ITEM_TOPIC : 0) | (line ? ITEM_LINE : 0)
                   | (item->product ? ITEM_PRODUCT : 0) | (currency ? ITEM_CURRENCY : 0);
    if (!same)
        flags |= (item->claimed ? ITEM_CLAIMED : 0) | (unsigned)item->channel << ITEM_CHANNEL_SHIFT;
    kd_put_varint(w->out, flags);
    if (!same) {
        put_time(w, item->time_ms);
        put_id(w, item->id, id_time);
        if (item->topic)
            kd_put_u64(w->out, item->topic);
        if (currency)
            kd_buf_add(w->out, item->currency.code, 3);
        w->currency = item->currency;
    }
    if (line)
        kd_put_varint(w->out, item->line);
    if (item->product)
        kd_put_u64(w->out, item->product);
    if (item->variant)
        kd_put_u64(w->out, item->variant);
    if (item->quantity != 1)
        kd_put_varint(w->out, (uint64_t)item->quantity);
    if (item->price_micro != KD_PRICE_NONE)
        kd_put_zigzag(w->out, item->price_micro);
}

static void put_recents(writer *w, const kd_profile *p)
{
    kd_put_varint(w->out, p->recent_count);
    for (uint32_t i = 0; i < p->recent_count; i++) {
        const kd_recent *recent = &p->recent[i];
        kd_put_u8(w->out, (uint8_t)(recent->kind | (recent->claimed ? RECENT_CLAIMED : 0)));
        kd_put_varint(w->out, recent->count);
        for (uint32_t j = 0; j < recent->count; j++)
            put_item(w, &recent->items[j], j ? &recent->items[j - 1] : NULL);
    }
}

static void put_registers(writer *w, const kd_register *list, uint32_t count)
{
    kd_put_varint(w->out, count);
    for (uint32_t i = 0; i < count; i++) {
        const kd_register *t = &list[i], *before = i ? t - 1 : NULL;
        bool same = before && before->time_ms == t->time_ms && kd_id_eq(before->id, t->id);
        bool id_time = !same && kd_id_time_ms(t->id) == t->time_ms;
        kd_put_u8(w->out, (uint8_t)((same ? TRAIT_SAME_EVENT : 0) | (id_time ? TRAIT_ID_TIME : 0)
                                    | (t->claimed ? TRAIT_CLAIMED : 0)));
        kd_put_str(w->out, t->name);
        kd_put_str(w->out, t->value);
        if (!same) {
            put_time(w, t->time_ms);
            put_id(w, t->id, id_time);
        }
    }
}

static void put_idents(writer *w, const kd_profile *p)
{
    kd_put_varint(w->out, p->ident_count);
    for (uint32_t i = 0; i < p->ident_count; i++) {
        const kd_seen_ident *s = &p->idents[i];
        kd_put_u8(w->out, (uint8_t)(s->type | (s->proven ? IDENT_PROVEN : 0)));
        kd_put_str(w->out, s->value);
        put_time(w, s->first_ms);
        put_time(w, s->last_ms);
    }
}

void kd_profile_encode(kd_buf *out, const kd_profile *profile)
{
    writer w = { .out = out };
    kd_put_u8(out, VERSION);
    put_counters(&w, profile);
    put_days(&w, profile);
    put_bought(&w, profile->bought, profile->bought_count);
    put_spent(&w, profile->spent, profile->spent_count);
    put_bought(&w, profile->claimed_bought, profile->claimed_bought_count);
    put_spent(&w, profile->claimed_spent, profile->claimed_spent_count);
    put_recents(&w, profile);
    put_registers(&w, profile->traits, profile->trait_count);
    put_registers(&w, profile->stated, profile->stated_count);
    put_registers(&w, profile->consents, profile->consent_count);
    put_idents(&w, profile);
}

/* ---- read -------------------------------------------------------------------------------------------------------------- */

typedef struct reader {
    kd_cut      cut;
    int64_t     time_ms;
    kd_currency currency;
    bool        wrong;  /* well-formed, but nothing kd_profile_encode would write; sticky, as cut.failed */
    bool        memory; /* out of it; sticky */
} reader;

static bool stopped(const reader *r)
{
    return r->wrong || r->memory || r->cut.failed;
}

static int64_t cut_time(reader *r)
{
    uint64_t ms = (uint64_t)r->time_ms + (uint64_t)kd_cut_zigzag(&r->cut); /* wraps where a signed sum must not */
    if ((int64_t)ms < KD_TIME_MIN || (int64_t)ms > KD_TIME_MAX)
        r->wrong = true;
    else
        r->time_ms = (int64_t)ms;
    return r->time_ms;
}

static uint32_t cut_u32(reader *r)
{
    uint64_t v = kd_cut_varint(&r->cut);
    if (v > UINT32_MAX)
        r->wrong = true;
    return (uint32_t)v;
}

static int64_t cut_i63(reader *r)
{
    uint64_t v = kd_cut_varint(&r->cut);
    if (v > INT64_MAX)
        r->wrong = true;
    return (int64_t)(v & INT64_MAX);
}

static kd_currency cut_currency(reader *r)
{
    kd_currency currency = { "" };
    kd_str      code = kd_cut_bytes(&r->cut, 3);
    if (code.len == 3)
        memcpy(currency.code, code.ptr, 3);
    return currency;
}

static kd_id cut_id(reader *r, bool id_time, int64_t time_ms)
{
    kd_id  id = { { 0 } };
    size_t len = id_time ? 10 : 16;
    kd_str bytes = kd_cut_bytes(&r->cut, len);
    if (id_time && time_ms < 0)
        r->wrong = true; /* 48 bits of an id have no sign */
    for (int i = 0; i < 6 && id_time; i++)
        id.b[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
    if (bytes.len == len)
        memcpy(id.b + 16 - len, bytes.ptr, len);
    return id;
}

/* A count of elements that take `bytes_min` bytes or more, and room for them. 0 once something is wrong. */
static uint32_t cut_list(reader *r, void *items, size_t bytes_min, const kd_list_type *type)
{
    uint64_t count = kd_cut_varint(&r->cut);
    if (stopped(r))
        return 0;
    if (count > (uint64_t)(r->cut.end - r->cut.ptr) / bytes_min) {
        r->wrong = true;
        return 0;
    }
    if (count && !kd_list_reserve(items, 0, (uint32_t)count, type))
        r->memory = true;
    return r->memory ? 0 : (uint32_t)count;
}

static void cut_counters(reader *r, kd_profile *p)
{
    p->counter_count = cut_list(r, &p->counters, 5, &kd_list_counters);
    for (uint32_t i = 0; i < p->counter_count; i++) {
        kd_counter *c = &p->counters[i];
        *c = (kd_counter){ .kind = kd_cut_u8(&r->cut) };
        c->count = kd_cut_varint(&r->cut);
        c->claimed = kd_cut_varint(&r->cut);
        c->first_ms = cut_time(r);
        c->last_ms = cut_time(r);
        if (!c->claimed) {
            c->proven_first_ms = c->first_ms;
            c->proven_last_ms = c->last_ms;
        } else if (c->claimed < c->count) {
            c->proven_first_ms = cut_time(r);
            c->proven_last_ms = cut_time(r);
            r->wrong |= c->proven_first_ms < c->first_ms || c->proven_first_ms > c->proven_last_ms || c->proven_last_ms > c->last_ms;
        }
        r->wrong |= c->kind >= KD_KIND_COUNT || !c->count || c->claimed > c->count || c->first_ms > c->last_ms;
    }
    r->wrong |= !kd_list_ascends(p->counters, p->counter_count, &kd_list_counters);
}

static void cut_days(reader *r, kd_profile *p)
{
    uint32_t count = cut_list(r, &p->days, 2, &kd_list_days);
    while (p->day_count < count && !stopped(r)) {
        uint8_t  kind = kd_cut_u8(&r->cut);
        uint64_t run = kd_cut_varint(&r->cut);
        int64_t  day = 0;
        if (run < 1 || run > count - p->day_count)
            r->wrong = true;
        for (; run && !stopped(r); run--) {
            int64_t  step = kd_cut_zigzag(&r->cut);
            uint64_t counts;
            if (step < KD_TIME_MIN / KD_DAY_MS * 2 || step > KD_TIME_MAX / KD_DAY_MS * 2)
                step = 0, r->wrong = true;
            day += step;
            counts = kd_cut_varint(&r->cut);
            p->days[p->day_count] = (kd_day_count){ .kind = kind, .day = (int32_t)day, .count = (uint32_t)(counts >> 1) };
            if (counts & 1)
                p->days[p->day_count].claimed = cut_u32(r);
            r->wrong |= kind >= KD_KIND_COUNT || day < KD_TIME_MIN / KD_DAY_MS - 1 || day > KD_TIME_MAX / KD_DAY_MS
                     || counts >> 1 > UINT32_MAX || !(counts >> 1) || p->days[p->day_count].claimed > counts >> 1
                     || (counts & 1) != (p->days[p->day_count].claimed != 0);
            p->day_count++;
        }
    }
    r->wrong |= !kd_list_ascends(p->days, p->day_count, &kd_list_days);
}

static void cut_bought(reader *r, kd_bought **list, uint32_t *count)
{
    *count = cut_list(r, list, 11, &kd_list_bought);
    for (uint32_t i = 0; i < *count; i++) {
        kd_bought *b = &(*list)[i];
        *b = (kd_bought){ .product = kd_cut_u64(&r->cut) };
        b->orders = cut_u32(r);
        b->units = cut_u32(r);
        b->returned = cut_u32(r);
        if (b->orders) {
            b->first_ms = cut_time(r);
            b->last_ms = cut_time(r);
        }
        r->wrong |= !b->product || b->units < b->orders || (b->units && !b->orders) || b->first_ms > b->last_ms;
    }
    r->wrong |= !kd_list_ascends(*list, *count, &kd_list_bought);
}

static void cut_spent(reader *r, kd_spent **list, uint32_t *count)
{
    *count = cut_list(r, list, 5, &kd_list_spent);
    for (uint32_t i = 0; i < *count; i++) {
        (*list)[i].currency = cut_currency(r);
        (*list)[i].bought_micro = cut_i63(r);
        (*list)[i].returned_micro = cut_i63(r);
    }
    r->wrong |= !kd_list_ascends(*list, *count, &kd_list_spent);
}

static void cut_item(reader *r, kd_interaction *item, const kd_interaction *before)
{
    uint64_t flags = kd_cut_varint(&r->cut), line = 0, quantity = 1;
    bool     same = flags & ITEM_SAME_EVENT;
    if (flags >= ITEM_FLAGS_MAX || (same && (!before || flags & (ITEM_TOPIC | ITEM_ID_TIME | ITEM_CURRENCY)
                                             || flags >= ITEM_CLAIMED))) {
        r->wrong = true;
        *item = (kd_interaction){ 0 };
        return;
    }
    if (same) {
        *item = *before;
        line = before->line - 1u;
    } else {
        *item = (kd_interaction){ .claimed = flags & ITEM_CLAIMED, .channel = (uint8_t)(flags >> ITEM_CHANNEL_SHIFT) };
        item->time_ms = cut_time(r);
        item->id = cut_id(r, flags & ITEM_ID_TIME, item->time_ms);
        item->topic = flags & ITEM_TOPIC ? kd_cut_u64(&r->cut) : 0;
        if (flags & ITEM_CURRENCY)
            r->currency = cut_currency(r);
        item->currency = r->currency;
    }
    if (flags & ITEM_LINE)
        line = kd_cut_varint(&r->cut);
    item->line = (uint16_t)line;
    item->product = flags & ITEM_PRODUCT ? kd_cut_u64(&r->cut) : 0;
    item->variant = flags & ITEM_VARIANT ? kd_cut_u64(&r->cut) : 0;
    if (flags & ITEM_QUANTITY)
        quantity = kd_cut_varint(&r->cut);
    item->quantity = (int32_t)quantity;
    item->price_micro = flags & ITEM_PRICE ? kd_cut_zigzag(&r->cut) : KD_PRICE_NONE;
    r->wrong |= line > UINT16_MAX || quantity > INT32_MAX;
}

/* Claims stand where claims belong. */
static bool claims_fit(const kd_recent *recent)
{
    bool apart = kd_kind_keeps_claims_apart(recent->kind), fit = apart || !recent->claimed;
    for (uint32_t i = 0; apart && i < recent->count; i++)
        fit &= recent->items[i].claimed == recent->claimed;
    return fit;
}

static void cut_recents(reader *r, kd_profile *p)
{
    uint32_t count = cut_list(r, &p->recent, 3, &kd_list_recents);
    while (p->recent_count < count && !stopped(r)) {
        kd_recent *recent = &p->recent[p->recent_count++];
        unsigned   kind = kd_cut_u8(&r->cut);
        *recent = (kd_recent){ .kind = kind & (RECENT_CLAIMED - 1), .claimed = kind & RECENT_CLAIMED };
        recent->count = cut_list(r, &recent->items, 1, &kd_list_items);
        for (uint32_t j = 0; j < recent->count; j++)
            cut_item(r, &recent->items[j], j ? &recent->items[j - 1] : NULL);
        r->wrong |= !recent->count || !kd_kind_keeps_recent(recent->kind) || !claims_fit(recent)
                 || !kd_list_ascends(recent->items, recent->count, &kd_list_items);
    }
    r->wrong |= !kd_list_ascends(p->recent, p->recent_count, &kd_list_recents);
}

/* One piece of memory for both, as profile.c makes and frees it. */
static bool own_texts(reader *r, kd_str *name, kd_str *value)
{
    char *copy = stopped(r) ? NULL : malloc(name->len + value->len + 1);
    if (!copy) {
        r->memory |= !stopped(r);
        return false;
    }
    if (name->len)
        memcpy(copy, name->ptr, name->len);
    if (value->len)
        memcpy(copy + name->len, value->ptr, value->len);
    *name = (kd_str){ copy, name->len };
    *value = (kd_str){ copy + name->len, value->len };
    return true;
}

static void cut_registers(reader *r, kd_register **list, uint32_t *kept, const kd_list_type *type)
{
    uint32_t count = cut_list(r, list, 3, type);
    for (uint32_t i = 0; i < count && !stopped(r); i++) {
        kd_register *t = &(*list)[i];
        unsigned     flags = kd_cut_u8(&r->cut);
        *t = (kd_register){ .claimed = flags & TRAIT_CLAIMED };
        t->name = kd_cut_str(&r->cut);
        t->value = kd_cut_str(&r->cut);
        r->wrong |= flags > TRAIT_ALL || !t->name.len || (flags & TRAIT_SAME_EVENT && (!i || flags & TRAIT_ID_TIME));
        if (!own_texts(r, &t->name, &t->value))
            return;
        ++*kept;
        if (flags & TRAIT_SAME_EVENT) {
            t->time_ms = t[-1].time_ms;
            t->id = t[-1].id;
        } else {
            t->time_ms = cut_time(r);
            t->id = cut_id(r, flags & TRAIT_ID_TIME, t->time_ms);
        }
    }
    r->wrong |= !kd_list_ascends(*list, *kept, type);
}

/* Purposes by their names, values as profile.c writes them. */
static void check_consents(reader *r, const kd_profile *p)
{
    for (uint32_t i = 0; i < p->consent_count; i++) {
        kd_purpose purpose;
        kd_str     value = p->consents[i].value;
        r->wrong |= !kd_purpose_parse(&purpose, p->consents[i].name) || (!kd_str_starts(value, "{\"granted\":true") && !kd_str_starts(value, "{\"granted\":false"));
    }
}

static void cut_idents(reader *r, kd_profile *p)
{
    uint32_t count = cut_list(r, &p->idents, 4, &kd_list_idents);
    for (uint32_t i = 0; i < count && !stopped(r); i++) {
        kd_seen_ident *s = &p->idents[i];
        kd_str         none = { NULL, 0 };
        unsigned       type = kd_cut_u8(&r->cut);
        *s = (kd_seen_ident){ .type = type & (IDENT_PROVEN - 1), .proven = type & IDENT_PROVEN, .value = kd_cut_str(&r->cut) };
        s->first_ms = cut_time(r);
        s->last_ms = cut_time(r);
        r->wrong |= s->type < KD_KEY_ANONYMOUS || s->type >= IDENT_PROVEN || !s->value.len || s->first_ms > s->last_ms;
        if (!own_texts(r, &s->value, &none))
            return;
        p->ident_count++;
    }
    r->wrong |= !kd_list_ascends(p->idents, p->ident_count, &kd_list_idents);
}

kd_status kd_profile_decode(kd_profile *out, kd_str bytes, kd_err *err)
{
    reader   r = { .cut = kd_cut_from(bytes.ptr, bytes.len) };
    unsigned version = kd_cut_u8(&r.cut);
    *out = (kd_profile){ 0 };
    if (!r.cut.failed && version >= 1 && version < VERSION)
        return kd_fail(err, KD_CONFLICT, "stored profile: version %u kept less than is kept now; fold the log anew", version);
    if (r.cut.failed || version != VERSION)
        return kd_fail(err, KD_CORRUPT, "stored profile: version %u is unknown", version);
    cut_counters(&r, out);
    cut_days(&r, out);
    cut_bought(&r, &out->bought, &out->bought_count);
    cut_spent(&r, &out->spent, &out->spent_count);
    cut_bought(&r, &out->claimed_bought, &out->claimed_bought_count);
    cut_spent(&r, &out->claimed_spent, &out->claimed_spent_count);
    cut_recents(&r, out);
    cut_registers(&r, &out->traits, &out->trait_count, &kd_list_traits);
    cut_registers(&r, &out->stated, &out->stated_count, &kd_list_traits);
    cut_registers(&r, &out->consents, &out->consent_count, &kd_list_consents);
    check_consents(&r, out);
    cut_idents(&r, out);
    if (stopped(&r) || r.cut.ptr != r.cut.end) {
        size_t at = (size_t)(r.cut.ptr - (const uint8_t *)bytes.ptr);
        kd_profile_free(out);
        return r.memory ? kd_fail_memory(err) : kd_fail_at(err, KD_CORRUPT, at, "stored profile: damaged before byte %zu", at);
    }
    kd_profile_settle(out);
    out->bytes = kd_profile_measure(out);
    return KD_OK;
}

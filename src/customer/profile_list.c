#include "customer/profile_list.h"

#include <stdlib.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static uint32_t add_u32(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static uint64_t add_u64(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int64_t add_i64(int64_t a, int64_t b) /* neither is negative */
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int cmp_counter(const void *a, const void *b)
{
    const kd_counter *x = a, *y = b;
    return COMPARE(x->kind, y->kind);
}

static void widen(int64_t *first_ms, int64_t *last_ms, int64_t from_first_ms, int64_t from_last_ms)
{
    if (from_first_ms < *first_ms)
        *first_ms = from_first_ms;
    if (from_last_ms > *last_ms)
        *last_ms = from_last_ms;
}

static void join_counter(void *into, void *from)
{
    kd_counter *x = into, *y = from;
    if (x->claimed == x->count) { /* its proven times say nothing yet */
        x->proven_first_ms = y->proven_first_ms;
        x->proven_last_ms = y->proven_last_ms;
    } else if (y->claimed < y->count) {
        widen(&x->proven_first_ms, &x->proven_last_ms, y->proven_first_ms, y->proven_last_ms);
    }
    x->claimed = add_u64(x->claimed, y->claimed);
    x->count = add_u64(x->count, y->count);
    widen(&x->first_ms, &x->last_ms, y->first_ms, y->last_ms);
}

static int cmp_day(const void *a, const void *b)
{
    const kd_day_count *x = a, *y = b;
    return x->kind != y->kind ? COMPARE(x->kind, y->kind) : COMPARE(x->day, y->day);
}

static void join_day(void *into, void *from)
{
    kd_day_count *x = into, *y = from;
    x->count = add_u32(x->count, y->count);
    x->claimed = add_u32(x->claimed, y->claimed);
}

static int cmp_bought(const void *a, const void *b)
{
    const kd_bought *x = a, *y = b;
    return COMPARE(x->product, y->product);
}

static void join_bought(void *into, void *from)
{
    kd_bought *x = into, *y = from;
    if (!x->orders) { /* its times say nothing yet */
        x->first_ms = y->first_ms;
        x->last_ms = y->last_ms;
    } else if (y->orders) {
        widen(&x->first_ms, &x->last_ms, y->first_ms, y->last_ms);
    }
    x->orders = add_u32(x->orders, y->orders);
    x->units = add_u32(x->units, y->units);
    x->returned = add_u32(x->returned, y->returned);
}

static int cmp_spent(const void *a, const void *b)
{
    const kd_spent *x = a, *y = b;
    return memcmp(x->currency.code, y->currency.code, 4);
}

static void join_spent(void *into, void *from)
{
    kd_spent *x = into, *y = from;
    x->bought_micro = add_i64(x->bought_micro, y->bought_micro);
    x->returned_micro = add_i64(x->returned_micro, y->returned_micro);
}

static int cmp_recent(const void *a, const void *b)
{
    const kd_recent *x = a, *y = b;
    return x->kind != y->kind ? COMPARE(x->kind, y->kind) : COMPARE(x->claimed, y->claimed);
}

/* The key is the whole interaction: time, message and line decide, the rest only where one message id stands for two
 * different events, which a merge of two persons can meet. */
static int cmp_item(const void *a, const void *b)
{
    const kd_interaction *x = a, *y = b;
    int                   c;
    if (x->time_ms != y->time_ms)
        return COMPARE(y->time_ms, x->time_ms);
    if ((c = kd_id_cmp(y->id, x->id)) != 0)
        return c;
    if (x->line != y->line)
        return COMPARE(y->line, x->line);
    if (x->product != y->product)
        return COMPARE(x->product, y->product);
    if (x->variant != y->variant)
        return COMPARE(x->variant, y->variant);
    if (x->topic != y->topic)
        return COMPARE(x->topic, y->topic);
    if (x->quantity != y->quantity)
        return COMPARE(x->quantity, y->quantity);
    if (x->price_micro != y->price_micro)
        return COMPARE(x->price_micro, y->price_micro);
    if (x->claimed != y->claimed)
        return COMPARE(x->claimed, y->claimed);
    if (x->channel != y->channel)
        return COMPARE(x->channel, y->channel);
    return memcmp(x->currency.code, y->currency.code, 4);
}

static int cmp_trait(const void *a, const void *b)
{
    const kd_register *x = a, *y = b;
    return kd_str_cmp(x->name, y->name);
}

/* A lattice: proven before claimed, then the later, then the greater message, then (one message naming a trait twice) the
 * greater value. Its maximum does not ask in which order the writers came. */
static void join_trait(void *into, void *from)
{
    kd_register *x = into, *y = from;
    int          c = COMPARE(x->claimed, y->claimed); /* claimed is the weaker one */
    if (c == 0)
        c = COMPARE(y->time_ms, x->time_ms);
    if (c == 0)
        c = kd_id_cmp(y->id, x->id);
    if (c == 0)
        c = kd_str_cmp(y->value, x->value);
    if (c > 0) {
        kd_register loser = *x;
        *x = *y;
        *y = loser;
    }
    free((char *)(uintptr_t)y->name.ptr); /* name and value are one piece of memory */
}

/* The text is ours (profile.c): {"granted":true or {"granted":false. */
bool kd_consent_is_grant(const kd_register *consent)
{
    static const char before[] = "{\"granted\":";
    return consent->value.len >= sizeof before && consent->value.ptr[sizeof before - 1] == 't';
}

static int cmp_consent(const void *a, const void *b)
{
    const kd_register *x = a, *y = b;
    int                c = kd_str_cmp(x->name, y->name);
    return c ? c : COMPARE(x->claimed && kd_consent_is_grant(x), y->claimed && kd_consent_is_grant(y));
}

/* A lattice again: the later, then the refusal, then the greater message, then the proven one, then the greater value. */
static void join_consent(void *into, void *from)
{
    kd_register *x = into, *y = from;
    int          c = COMPARE(y->time_ms, x->time_ms);
    if (c == 0)
        c = COMPARE(kd_consent_is_grant(x), kd_consent_is_grant(y));
    if (c == 0)
        c = kd_id_cmp(y->id, x->id);
    if (c == 0)
        c = COMPARE(x->claimed, y->claimed);
    if (c == 0)
        c = kd_str_cmp(y->value, x->value);
    if (c > 0) {
        kd_register loser = *x;
        *x = *y;
        *y = loser;
    }
    free((char *)(uintptr_t)y->name.ptr);
}

bool kd_profile_is_itself(const kd_profile *p)
{
    bool anonymous = false;
    for (uint32_t i = 0; i < p->ident_count; i++) {
        if (kd_key_strength(p->idents[i].type) > kd_key_strength(KD_KEY_ANONYMOUS))
            return false;
        anonymous = anonymous || p->idents[i].type == KD_KEY_ANONYMOUS;
    }
    return anonymous;
}

/* A browser may speak for itself: while nothing but anonymous ids is known, its claimed grants count where nothing said later,
 * or at the same time, refuses. */
void kd_profile_settle(kd_profile *p)
{
    bool itself = kd_profile_is_itself(p);
    p->granted = p->refused = 0;
    for (uint32_t i = 0; i < p->consent_count; i++) {
        const kd_register *one = &p->consents[i], *counts = i && kd_str_eq(one[-1].name, one->name) ? one - 1 : NULL;
        bool               grant = kd_consent_is_grant(one);
        kd_purpose         purpose;
        if (!kd_purpose_parse(&purpose, one->name) || (grant && one->claimed && (!itself || (counts && counts->time_ms >= one->time_ms))))
            continue;
        *(grant ? &p->granted : &p->refused) |= KD_PURPOSE_BIT(purpose);
        *(grant ? &p->refused : &p->granted) &= (kd_purposes)~KD_PURPOSE_BIT(purpose);
    }
}

static int cmp_ident(const void *a, const void *b)
{
    const kd_seen_ident *x = a, *y = b;
    return x->type != y->type ? COMPARE(x->type, y->type) : kd_str_cmp(x->value, y->value);
}

static void join_ident(void *into, void *from)
{
    kd_seen_ident *x = into, *y = from;
    widen(&x->first_ms, &x->last_ms, y->first_ms, y->last_ms);
    x->proven |= y->proven;
    free((char *)(uintptr_t)y->value.ptr);
}

const kd_list_type kd_list_counters = { sizeof(kd_counter), cmp_counter, join_counter };
const kd_list_type kd_list_days = { sizeof(kd_day_count), cmp_day, join_day };
const kd_list_type kd_list_bought = { sizeof(kd_bought), cmp_bought, join_bought };
const kd_list_type kd_list_spent = { sizeof(kd_spent), cmp_spent, join_spent };
const kd_list_type kd_list_recents = { sizeof(kd_recent), cmp_recent, NULL };
const kd_list_type kd_list_items = { sizeof(kd_interaction), cmp_item, NULL };
const kd_list_type kd_list_traits = { sizeof(kd_register), cmp_trait, join_trait };
const kd_list_type kd_list_consents = { sizeof(kd_register), cmp_consent, join_consent };
const kd_list_type kd_list_idents = { sizeof(kd_seen_ident), cmp_ident, join_ident };

uint32_t kd_list_capacity(uint32_t count)
{
    uint32_t step = 1;
    while (count > step * 8 - step)
        step *= 2;
    return (count + step - 1) / step * step;
}

bool kd_list_reserve(void *items, uint32_t had, uint32_t count, const kd_list_type *type)
{
    void *at, *grown;
    memcpy(&at, items, sizeof at); /* whatever it points to, it is a pointer */
    if (at && kd_list_capacity(had) >= count)
        return true;
    grown = realloc(at, kd_list_capacity(count) * type->size);
    if (!grown)
        return false;
    memcpy(items, &grown, sizeof grown);
    return true;
}

bool kd_list_ascends(const void *items, uint32_t count, const kd_list_type *type)
{
    const char *at = items;
    for (uint32_t i = 1; i < count; i++, at += type->size)
        if (type->cmp(at, at + type->size) >= 0)
            return false;
    return true;
}

bool kd_kind_keeps_claims_apart(unsigned kind)
{
    return kind == KD_KIND_ORDER || kind == KD_KIND_RETURN || kind == KD_KIND_ORDER_CANCELLED;
}

bool kd_kind_keeps_recent(unsigned kind)
{
    switch (kind) {
    case KD_KIND_VIEW: case KD_KIND_CLICK: case KD_KIND_CART_ADD: case KD_KIND_CART_REMOVE: case KD_KIND_ORDER:
    case KD_KIND_RETURN: case KD_KIND_WISH_ADD: case KD_KIND_WISH_REMOVE: case KD_KIND_CONTENT:
        return true;
    default:
        return false;
    }
}

static size_t list_bytes(uint32_t count, const kd_list_type *type)
{
    enum { MALLOC_HEADER = 16 };
    return count ? kd_list_capacity(count) * type->size + MALLOC_HEADER : 0;
}

enum { MALLOC_PIECE = 24 }; /* header and rounding of a short text */

static size_t registers_bytes(const kd_register *list, uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += list[i].name.len + list[i].value.len + MALLOC_PIECE;
    return bytes;
}

size_t kd_profile_measure(const kd_profile *p)
{
    size_t bytes = list_bytes(p->counter_count, &kd_list_counters) + list_bytes(p->day_count, &kd_list_days)
                 + list_bytes(p->bought_count, &kd_list_bought) + list_bytes(p->spent_count, &kd_list_spent)
                 + list_bytes(p->claimed_bought_count, &kd_list_bought) + list_bytes(p->claimed_spent_count, &kd_list_spent)
                 + list_bytes(p->recent_count, &kd_list_recents) + list_bytes(p->trait_count, &kd_list_traits)
                 + list_bytes(p->stated_count, &kd_list_traits) + list_bytes(p->consent_count, &kd_list_consents)
                 + list_bytes(p->ident_count, &kd_list_idents);
    for (uint32_t i = 0; i < p->recent_count; i++)
        bytes += list_bytes(p->recent[i].count, &kd_list_items);
    bytes += registers_bytes(p->traits, p->trait_count) + registers_bytes(p->stated, p->stated_count)
           + registers_bytes(p->consents, p->consent_count);
    for (uint32_t i = 0; i < p->ident_count; i++)
        bytes += p->idents[i].value.len + MALLOC_PIECE;
    return bytes;
}

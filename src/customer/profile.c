#include "customer/profile.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "customer/profile_list.h"

/* How many kinds keep recent lines, two of them in two lists: bounds what a merge may have to stage. */
enum { RECENT_LISTS = 9 + 2 };

kd_profile_caps kd_profile_caps_default(void)
{
    return (kd_profile_caps){ .recent = 64, .days = 400, .bought = 4096, .traits = 64, .idents = 32, .trait_bytes = 1024, .stated = 256 };
}

static void free_text(kd_str text)
{
    free((char *)(uintptr_t)text.ptr); /* ours: const towards readers only */
}

static void free_texts(kd_register *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free_text(list[i].name); /* the value lies behind it */
}

void kd_profile_free(kd_profile *profile)
{
    for (uint32_t i = 0; i < profile->recent_count; i++)
        free(profile->recent[i].items);
    free_texts(profile->traits, profile->trait_count);
    free_texts(profile->stated, profile->stated_count);
    free_texts(profile->consents, profile->consent_count);
    for (uint32_t i = 0; i < profile->ident_count; i++)
        free_text(profile->idents[i].value);
    free(profile->counters);
    free(profile->days);
    free(profile->bought);
    free(profile->spent);
    free(profile->claimed_bought);
    free(profile->claimed_spent);
    free(profile->recent);
    free(profile->traits);
    free(profile->stated);
    free(profile->consents);
    free(profile->idents);
    *profile = (kd_profile){ 0 };
}

/* ---- sorted sets ---------------------------------------------------------------------------------------------------- */

/* The first of items[0..count) that is not below `key`. */
static uint32_t lower_bound(const void *items, uint32_t count, const void *key, const kd_list_type *type)
{
    uint32_t low = 0;
    while (low < count) {
        uint32_t middle = low + (count - low) / 2;
        if (type->cmp((const char *)items + middle * type->size, key) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* How many of `from` are not in `items`. */
static uint32_t count_new(const void *items, uint32_t count, const void *from, uint32_t from_count, const kd_list_type *type)
{
    uint32_t fresh = 0, at = 0;
    if (!count)
        return from_count;
    for (uint32_t i = 0; i < from_count; i++) {
        const char *key = (const char *)from + i * type->size;
        at += lower_bound((const char *)items + at * type->size, count - at, key, type);
        if (at == count)
            return fresh + from_count - i;
        fresh += type->cmp((const char *)items + at * type->size, key) != 0;
    }
    return fresh;
}

/* Merge `from` into `items`, which has room for `fresh` (count_new) more. From the back, so that each element moves once. */
static uint32_t merge_list(void *items, uint32_t count, void *from, uint32_t from_count, uint32_t fresh, const kd_list_type *type)
{
    size_t   size = type->size;
    char    *base = items;
    uint32_t total = count + fresh, gap = total; /* where the block moved next shall end */
    while (from_count--) {
        char    *element = (char *)from + from_count * size;
        uint32_t at = lower_bound(base, count, element, type);
        bool     known = at < count && type->cmp(base + at * size, element) == 0;
        gap -= count - at;
        if (gap != at && at < count)
            memmove(base + gap * size, base + at * size, (count - at) * size);
        if (!known)
            memcpy(base + --gap * size, element, size);
        else if (type->join)
            type->join(base + gap * size, element);
        count = at;
    }
    assert(gap == count);
    return total;
}

/* ---- caps ------------------------------------------------------------------------------------------------------------ */

/* Per kind, the newest `max` days stay. */
static void cap_days(kd_profile *profile, uint32_t max)
{
    kd_day_count *days = profile->days;
    uint32_t      kept = 0, i = 0;
    if (profile->day_count <= max)
        return;
    while (i < profile->day_count) {
        uint32_t end = i + 1;
        while (end < profile->day_count && days[end].kind == days[i].kind)
            end++;
        if (end - i > max)
            i = end - max;
        memmove(days + kept, days + i, (end - i) * sizeof *days);
        kept += end - i;
        i = end;
    }
    profile->day_count = kept;
}

static void cap_registers(kd_register *list, uint32_t *count, uint32_t max)
{
    while (*count > max)
        free_text(list[--*count].name);
}

/* The strongest types stay: a card must not be pushed out by cookies. Among one type the smallest values. */
static void cap_idents(kd_profile *profile, uint32_t max)
{
    kd_seen_ident *idents = profile->idents;
    while (profile->ident_count > max) {
        uint32_t end = 1;
        while (end < profile->ident_count && idents[end].type == idents[0].type)
            end++;
        free_text(idents[end - 1].value);
        memmove(idents + end - 1, idents + end, (--profile->ident_count - (end - 1)) * sizeof *idents);
    }
}

static void cap_smallest(uint32_t *count, uint32_t max)
{
    *count = *count > max ? max : *count;
}

static void cap_all(kd_profile *profile, const kd_profile_caps *caps)
{
    cap_days(profile, caps->days);
    cap_smallest(&profile->bought_count, caps->bought);
    cap_smallest(&profile->claimed_bought_count, caps->bought);
    cap_smallest(&profile->spent_count, KD_PROFILE_CURRENCIES_MAX);
    cap_smallest(&profile->claimed_spent_count, KD_PROFILE_CURRENCIES_MAX);
    for (uint32_t i = 0; i < profile->recent_count; i++)
        if (profile->recent[i].count > caps->recent)
            profile->recent[i].count = caps->recent;
    cap_registers(profile->traits, &profile->trait_count, caps->traits);
    cap_registers(profile->stated, &profile->stated_count, caps->stated); /* consents: their names are purposes, which are few */
    cap_idents(profile, caps->idents);
}

/* ---- merge ------------------------------------------------------------------------------------------------------------ */

/* What of `from` must be copied before the first byte of `into` changes, so that running out of memory changes nothing. */
typedef struct staged {
    kd_recent      recent[RECENT_LISTS]; /* those `into` has none of yet, in their order */
    uint32_t       recent_count;
    kd_register   *traits, *stated, *consents;
    uint32_t       trait_count, stated_count, consent_count;
    kd_seen_ident *idents;
    uint32_t       ident_count;
} staged;

static void staged_free(staged *s)
{
    for (uint32_t i = 0; i < s->recent_count; i++)
        free(s->recent[i].items);
    free_texts(s->traits, s->trait_count);
    free_texts(s->stated, s->stated_count);
    free_texts(s->consents, s->consent_count);
    for (uint32_t i = 0; i < s->ident_count; i++)
        free_text(s->idents[i].value);
    free(s->traits);
    free(s->stated);
    free(s->consents);
    free(s->idents);
}

/* Name and value, side by side in one piece of memory. */
static bool copy_texts(kd_str *name, kd_str *value)
{
    char *copy = malloc(name->len + value->len + 1);
    if (!copy)
        return false;
    if (name->len)
        memcpy(copy, name->ptr, name->len);
    if (value->len)
        memcpy(copy + name->len, value->ptr, value->len);
    name->ptr = copy;
    value->ptr = copy + name->len;
    return true;
}

static bool stage_registers(kd_register **out, uint32_t *count, const kd_register *from, uint32_t from_count)
{
    if (from_count && !(*out = malloc(from_count * sizeof **out)))
        return false;
    for (; *count < from_count; ++*count) {
        kd_register *copy = &(*out)[*count];
        *copy = from[*count];
        if (!copy_texts(&copy->name, &copy->value))
            return false;
    }
    return true;
}

static bool stage_texts(staged *s, const kd_profile *from)
{
    if (!stage_registers(&s->traits, &s->trait_count, from->traits, from->trait_count)
        || !stage_registers(&s->stated, &s->stated_count, from->stated, from->stated_count)
        || !stage_registers(&s->consents, &s->consent_count, from->consents, from->consent_count))
        return false;
    if (from->ident_count && !(s->idents = malloc(from->ident_count * sizeof *s->idents)))
        return false;
    for (uint32_t i = 0; i < from->ident_count; i++) {
        kd_str none = { NULL, 0 };
        s->idents[i] = from->idents[i];
        if (!copy_texts(&s->idents[i].value, &none))
            return false;
        s->ident_count++;
    }
    return true;
}

static kd_recent *find_recent(const kd_profile *profile, unsigned kind, bool claimed)
{
    for (uint32_t i = 0; i < profile->recent_count; i++)
        if (profile->recent[i].kind == kind && profile->recent[i].claimed == claimed)
            return &profile->recent[i];
    return NULL;
}

/* Room for the lines of `from`: in place for kinds that are there, as staged copies for the others. */
static bool stage_recent(staged *s, kd_profile *into, const kd_profile *from)
{
    for (uint32_t i = 0; i < from->recent_count; i++) {
        const kd_recent *theirs = &from->recent[i];
        kd_recent       *ours = find_recent(into, theirs->kind, theirs->claimed), *copy;
        if (ours) {
            uint32_t fresh = count_new(ours->items, ours->count, theirs->items, theirs->count, &kd_list_items);
            if (!kd_list_reserve(&ours->items, ours->count, ours->count + fresh, &kd_list_items))
                return false;
            continue;
        }
        copy = &s->recent[s->recent_count];
        *copy = (kd_recent){ .kind = theirs->kind, .claimed = theirs->claimed, .count = theirs->count };
        if (!kd_list_reserve(&copy->items, 0, theirs->count, &kd_list_items))
            return false;
        memcpy(copy->items, theirs->items, theirs->count * sizeof *copy->items);
        s->recent_count++;
    }
    return kd_list_reserve(&into->recent, into->recent_count, into->recent_count + s->recent_count, &kd_list_recents);
}

static void merge_recent(kd_profile *into, const kd_profile *from, staged *s)
{
    for (uint32_t i = 0; i < from->recent_count; i++) {
        const kd_recent *theirs = &from->recent[i];
        kd_recent       *ours = find_recent(into, theirs->kind, theirs->claimed);
        if (ours) {
            uint32_t fresh = count_new(ours->items, ours->count, theirs->items, theirs->count, &kd_list_items);
            ours->count = merge_list(ours->items, ours->count, theirs->items, theirs->count, fresh, &kd_list_items);
        }
    }
    if (s->recent_count)
        into->recent_count = merge_list(into->recent, into->recent_count, s->recent, s->recent_count, s->recent_count,
                                        &kd_list_recents);
    s->recent_count = 0; /* `into` owns them now */
}

/* One row a list: how many of `from` are new to it is found once, for the room and for the merge. */
#define RESERVE(list, n, from_list, from_n, type)                                                                        \
    ((fresh_##n = count_new(into->list, into->n, from_list, from_n, type)) == 0                                         \
     || kd_list_reserve(&into->list, into->n, into->n + fresh_##n, type))
#define MERGE(list, n, from_list, from_n, type)                                                                          \
    (into->n = merge_list(into->list, into->n, from_list, from_n, fresh_##n, type))

kd_status kd_profile_merge(kd_profile *into, const kd_profile *from, const kd_profile_caps *caps, kd_err *err)
{
    uint32_t fresh_counter_count, fresh_day_count, fresh_bought_count, fresh_spent_count, fresh_claimed_bought_count,
             fresh_claimed_spent_count, fresh_trait_count, fresh_stated_count, fresh_consent_count, fresh_ident_count;
    staged   s = { .recent_count = 0 };
    bool     texts = from->trait_count || from->ident_count || from->stated_count || from->consent_count;
    if ((texts && !stage_texts(&s, from)) || (from->recent_count && !stage_recent(&s, into, from))
        || !RESERVE(counters, counter_count, from->counters, from->counter_count, &kd_list_counters)
        || !RESERVE(days, day_count, from->days, from->day_count, &kd_list_days)
        || !RESERVE(bought, bought_count, from->bought, from->bought_count, &kd_list_bought)
        || !RESERVE(spent, spent_count, from->spent, from->spent_count, &kd_list_spent)
        || !RESERVE(claimed_bought, claimed_bought_count, from->claimed_bought, from->claimed_bought_count, &kd_list_bought)
        || !RESERVE(claimed_spent, claimed_spent_count, from->claimed_spent, from->claimed_spent_count, &kd_list_spent)
        || !RESERVE(traits, trait_count, s.traits, s.trait_count, &kd_list_traits)
        || !RESERVE(stated, stated_count, s.stated, s.stated_count, &kd_list_traits)
        || !RESERVE(consents, consent_count, s.consents, s.consent_count, &kd_list_consents)
        || !RESERVE(idents, ident_count, s.idents, s.ident_count, &kd_list_idents)) {
        staged_free(&s);
        return kd_fail_memory(err);
    }
    MERGE(counters, counter_count, from->counters, from->counter_count, &kd_list_counters);
    MERGE(days, day_count, from->days, from->day_count, &kd_list_days);
    MERGE(bought, bought_count, from->bought, from->bought_count, &kd_list_bought);
    MERGE(spent, spent_count, from->spent, from->spent_count, &kd_list_spent);
    MERGE(claimed_bought, claimed_bought_count, from->claimed_bought, from->claimed_bought_count, &kd_list_bought);
    MERGE(claimed_spent, claimed_spent_count, from->claimed_spent, from->claimed_spent_count, &kd_list_spent);
    MERGE(traits, trait_count, s.traits, s.trait_count, &kd_list_traits);
    MERGE(stated, stated_count, s.stated, s.stated_count, &kd_list_traits);
    MERGE(consents, consent_count, s.consents, s.consent_count, &kd_list_consents);
    MERGE(idents, ident_count, s.idents, s.ident_count, &kd_list_idents);
    merge_recent(into, from, &s);
    s.trait_count = s.stated_count = s.consent_count = s.ident_count = 0; /* their texts are owned by `into`, or freed by a join */
    staged_free(&s);
    cap_all(into, caps);
    kd_profile_settle(into);
    into->bytes = kd_profile_measure(into);
    return KD_OK;
}

/* ---- one event as a profile --------------------------------------------------------------------------------------------- */

static int64_t clamp_time(int64_t ms)
{
    return ms < KD_TIME_MIN ? KD_TIME_MIN : ms > KD_TIME_MAX ? KD_TIME_MAX : ms;
}

static bool is_return(kd_kind kind)
{
    return kind == KD_KIND_RETURN || kind == KD_KIND_ORDER_CANCELLED;
}

/* Sorted, of each key one: elements of one key are joined. Returns the new count. */
static uint32_t sort_unique(void *items, uint32_t count, const kd_list_type *type)
{
    char    *base = items;
    uint32_t kept = 0;
    if (count < 2)
        return count;
    qsort(items, count, type->size, type->cmp);
    for (uint32_t i = 1; i < count; i++) {
        char *last = base + kept * type->size, *next = base + i * type->size;
        if (type->cmp(last, next) == 0)
            type->join(last, next);
        else if (++kept != i)
            memcpy(last + type->size, next, type->size);
    }
    return kept + 1;
}

/* quantity * price, at most INT64_MAX; 0 for no price. `quantity` > 0, `price_micro` >= 0. */
static int64_t amount(int64_t price_micro, int64_t quantity)
{
    return price_micro > INT64_MAX / quantity ? INT64_MAX : price_micro * quantity;
}

static void add_spent(kd_spent *spent, bool returned, int64_t price_micro, int64_t quantity)
{
    int64_t *sum, more;
    if (price_micro == KD_PRICE_NONE)
        return;
    sum = (price_micro < 0) != returned ? &spent->returned_micro : &spent->bought_micro;
    more = amount(price_micro < 0 ? -price_micro : price_micro, quantity);
    *sum = *sum > INT64_MAX - more ? INT64_MAX : *sum + more;
}

static uint32_t event_items(kd_interaction *items, const kd_fact *fact, int64_t time_ms, const kd_profile_caps *caps)
{
    bool           order = fact->kind == KD_KIND_ORDER || is_return(fact->kind);
    kd_ref         topic = order ? kd_ref_of(fact->order_id) : fact->kind == KD_KIND_CONTENT ? kd_ref_of(fact->topic) : 0;
    uint32_t       count = 0;
    kd_interaction common = { .time_ms = time_ms, .id = fact->id, .claimed = fact->claimed, .channel = (uint8_t)fact->channel,
                              .topic = topic, .price_micro = KD_PRICE_NONE, .currency = fact->currency };
    for (size_t i = fact->line_count; i-- > 0 && count < caps->recent;) { /* from the last: newest first means greatest line first */
        const kd_fact_line *line = &fact->lines[i];
        if (!line->product.len || line->quantity < 1)
            continue;
        items[count] = common;
        items[count].line = (uint16_t)i;
        items[count].product = kd_ref_of(line->product);
        items[count].variant = kd_ref_of(line->variant);
        items[count].quantity = line->quantity;
        items[count++].price_micro = line->price_micro;
    }
    if (!fact->line_count && topic && caps->recent) {
        common.price_micro = fact->total_micro;
        items[count++] = common;
    }
    return count;
}

static uint32_t event_bought(kd_bought *bought, const kd_fact *fact, int64_t time_ms)
{
    bool     returned = is_return(fact->kind);
    uint32_t count = 0, unique;
    for (size_t i = 0; i < fact->line_count; i++) {
        const kd_fact_line *line = &fact->lines[i];
        if (!line->product.len || line->quantity < 1)
            continue;
        bought[count] = (kd_bought){ .product = kd_ref_of(line->product) };
        if (returned) {
            bought[count].returned = (uint32_t)line->quantity;
        } else {
            bought[count].orders = 1;
            bought[count].units = (uint32_t)line->quantity;
            bought[count].first_ms = bought[count].last_ms = time_ms;
        }
        count++;
    }
    unique = sort_unique(bought, count, &kd_list_bought);
    for (uint32_t i = 0; i < unique && !returned; i++)
        bought[i].orders = 1; /* two lines of one product are one order */
    return unique;
}

bool kd_currency_is_points(kd_currency currency)
{
    return memcmp(currency.code, KD_CURRENCY_POINTS.code, 3) == 0;
}

bool kd_fact_spent(kd_spent *spent, const kd_fact *fact)
{
    bool returned = is_return(fact->kind);
    *spent = (kd_spent){ .currency = fact->currency };
    if (kd_currency_is_points(fact->currency))
        return false; /* points move by events of their ledger alone */
    if (!fact->line_count)
        add_spent(spent, returned, fact->total_micro, 1);
    for (size_t i = 0; i < fact->line_count; i++)
        if (fact->lines[i].quantity > 0)
            add_spent(spent, returned, fact->lines[i].price_micro, fact->lines[i].quantity);
    return spent->bought_micro || spent->returned_micro;
}

bool kd_fact_points(kd_spent *points, const kd_fact *fact)
{
    const bool adjusted = fact->kind == KD_KIND_POINTS_ADJUSTED;
    int64_t    number = fact->total_micro;
    *points = (kd_spent){ .currency = KD_CURRENCY_POINTS };
    if (number == KD_PRICE_NONE)
        return false;
    if (!adjusted && number < 0) /* some write what is taken with its sign, some without: the kind says which way it went */
        number = -number;
    add_spent(points, fact->kind == KD_KIND_POINTS_REDEEMED || fact->kind == KD_KIND_POINTS_EXPIRED, number, 1);
    return points->bought_micro || points->returned_micro;
}

/* A message naming a trait or key twice: as join would decide, but of borrowed texts, which nobody may free. */
static uint32_t event_traits(kd_register *traits, const kd_fact *fact, int64_t time_ms, const kd_profile_caps *caps)
{
    uint32_t count = 0;
    for (size_t i = 0; i < fact->trait_count; i++) {
        kd_str   name = fact->traits[i].name, value = fact->traits[i].value;
        uint32_t at = 0;
        if (!name.len || name.len + value.len > caps->trait_bytes)
            continue;
        while (at < count && !kd_str_eq(traits[at].name, name))
            at++;
        if (at < count && kd_str_cmp(value, traits[at].value) <= 0)
            continue;
        traits[at] = (kd_register){ .name = name, .value = value, .time_ms = time_ms, .id = fact->id, .claimed = fact->claimed };
        count += at == count;
    }
    return sort_unique(traits, count, &kd_list_traits);
}

static void add_consent_value(kd_buf *out, bool granted, const kd_consent *consent)
{
    kd_jw w;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_BOOL(&w, "granted", granted);
    if (consent->source.len)
        KD_JW_STR(&w, "source", consent->source);
    if (consent->policy.len)
        KD_JW_STR(&w, "policy", consent->policy);
    if (consent->proof.len)
        KD_JW_STR(&w, "proof", consent->proof);
    kd_jw_object_end(&w);
}

/* One register a purpose. `texts` holds both values, whose text is the same for all purposes. By write key nobody objects to
 * `operate`: else anybody who knows a user id could have that customer's orders turned away. */
static uint32_t event_consents(kd_register *consents, kd_buf *texts, const kd_fact *fact, int64_t time_ms)
{
    const kd_consent *said = &fact->consent;
    uint32_t          count = 0;
    size_t            granted_len;
    add_consent_value(texts, true, said);
    granted_len = texts->len;
    add_consent_value(texts, false, said);
    for (int p = 0; p < KD_PURPOSE_COUNT && !texts->failed; p++) {
        bool refused = said->refused & KD_PURPOSE_BIT(p);
        if (!((said->granted | said->refused) & KD_PURPOSE_BIT(p)) || (refused && fact->claimed && p == KD_PURPOSE_OPERATE))
            continue;
        consents[count++] = (kd_register){ .name = kd_str_z(kd_purpose_name((kd_purpose)p)), .time_ms = time_ms, .id = fact->id, .claimed = fact->claimed,
                                           .value = refused ? (kd_str){ texts->ptr + granted_len, texts->len - granted_len }
                                                            : (kd_str){ texts->ptr, granted_len } };
    }
    return sort_unique(consents, count, &kd_list_consents);
}

static uint32_t event_idents(kd_seen_ident *idents, const kd_fact *fact, int64_t time_ms)
{
    uint32_t count = 0;
    for (size_t i = 0; i < fact->ident_count; i++) {
        kd_ident ident = fact->idents[i];
        uint32_t at = 0;
        if (ident.type == KD_KEY_NONE || !ident.value.len || ident.value.len > KD_KEY_VALUE_MAX)
            continue;
        while (at < count && (idents[at].type != ident.type || !kd_str_eq(idents[at].value, ident.value)))
            at++;
        if (at < count) {
            idents[at].proven |= ident.proven;
            continue;
        }
        idents[count++] = (kd_seen_ident){ .type = (uint8_t)ident.type, .value = ident.value, .first_ms = time_ms,
                                           .last_ms = time_ms, .proven = ident.proven };
    }
    return sort_unique(idents, count, &kd_list_idents);
}

/* The arrays of one event: on the stack for what shops send every day, else in one piece of the heap. */
typedef struct scratch {
    kd_interaction *items;  /* one more than lines: an order without any */
    kd_bought      *bought;
    kd_register    *traits;
    kd_seen_ident  *idents;
    void           *heap;
    _Alignas(16) char stack[6 * 1024];
} scratch;

static bool scratch_make(scratch *s, const kd_fact *fact)
{
    size_t items = (fact->line_count + 1) * sizeof *s->items, bought = fact->line_count * sizeof *s->bought;
    size_t traits = fact->trait_count * sizeof *s->traits, idents = fact->ident_count * sizeof *s->idents;
    size_t need = items + bought + traits + idents;
    char  *at = s->stack;
    s->heap = NULL;
    if (need > sizeof s->stack && !(at = s->heap = malloc(need)))
        return false;
    s->items = (kd_interaction *)(void *)at;
    s->bought = (kd_bought *)(void *)(at + items);
    s->traits = (kd_register *)(void *)(at + items + bought);
    s->idents = (kd_seen_ident *)(void *)(at + items + bought + traits);
    return true;
}

/* What the event says in words: traits or preferences, consents, keys. Preferences count where it is proven who states them. */
static void fold_said(kd_profile *event, scratch *s, kd_register consents[KD_PURPOSE_COUNT], kd_buf *texts, const kd_fact *fact, int64_t time_ms,
                      const kd_profile_caps *caps)
{
    uint32_t traits = event_traits(s->traits, fact, time_ms, caps);
    if (fact->kind == KD_KIND_PREFERENCE) {
        event->stated = s->traits;
        event->stated_count = fact->claimed ? 0 : traits;
    } else {
        event->traits = s->traits;
        event->trait_count = traits;
    }
    if (kd_consent_says(&fact->consent)) {
        event->consents = consents;
        event->consent_count = event_consents(consents, texts, fact, time_ms);
    }
    event->idents = s->idents;
    event->ident_count = event_idents(s->idents, fact, time_ms);
}

kd_status kd_profile_fold(kd_profile *profile, const kd_fact *fact, const kd_profile_caps *caps, kd_err *err)
{
    unsigned     kind = (unsigned)fact->kind < KD_KIND_COUNT ? (unsigned)fact->kind : KD_KIND_CUSTOM;
    int64_t      time_ms = clamp_time(fact->time_ms);
    bool         apart = fact->claimed && kd_kind_keeps_claims_apart(kind);
    int64_t      proven_ms = fact->claimed ? 0 : time_ms;
    kd_counter   counter = { .kind = (uint8_t)kind, .count = 1, .claimed = fact->claimed, .first_ms = time_ms, .last_ms = time_ms,
                             .proven_first_ms = proven_ms, .proven_last_ms = proven_ms };
    kd_day_count day = { .kind = (uint8_t)kind, .day = kd_day(time_ms), .count = 1, .claimed = fact->claimed };
    kd_spent     spent;
    kd_recent    recent = { .kind = (uint8_t)(is_return(fact->kind) ? KD_KIND_RETURN : kind), .claimed = apart };
    kd_profile   event = { .counters = &counter, .counter_count = 1, .days = &day, .day_count = 1, .recent = &recent };
    scratch      s;
    kd_register  consents[KD_PURPOSE_COUNT];
    kd_buf       texts;
    kd_status    status;
    assert(fact->line_count <= KD_FACT_LINES_MAX && caps->recent && caps->days);
    if (!scratch_make(&s, fact))
        return kd_fail_memory(err);
    if (kd_kind_keeps_recent(recent.kind)) {
        recent.items = s.items;
        recent.count = event_items(s.items, fact, time_ms, caps);
        event.recent_count = recent.count > 0;
    }
    if (fact->kind == KD_KIND_ORDER || is_return(fact->kind)) {
        *(apart ? &event.claimed_bought : &event.bought) = s.bought;
        *(apart ? &event.claimed_bought_count : &event.bought_count) = event_bought(s.bought, fact, time_ms);
        *(apart ? &event.claimed_spent : &event.spent) = &spent;
        *(apart ? &event.claimed_spent_count : &event.spent_count) = kd_fact_spent(&spent, fact);
    }
    if (kd_kind_is_points(kind)) {
        *(fact->claimed ? &event.claimed_spent : &event.spent) = &spent;
        *(fact->claimed ? &event.claimed_spent_count : &event.spent_count) = kd_fact_points(&spent, fact);
    }
    kd_buf_init(&texts, NULL);
    fold_said(&event, &s, consents, &texts, fact, time_ms, caps);
    status = texts.failed ? kd_fail_memory(err) : kd_profile_merge(profile, &event, caps, err);
    kd_buf_free(&texts);
    free(s.heap);
    return status;
}

/* ---- look-ups -------------------------------------------------------------------------------------------------------------- */

const kd_recent *kd_profile_recent(const kd_profile *profile, kd_kind kind)
{
    return find_recent(profile, (unsigned)kind, false);
}

const kd_recent *kd_profile_claimed(const kd_profile *profile, kd_kind kind)
{
    return find_recent(profile, (unsigned)kind, true);
}

const kd_counter *kd_profile_counter(const kd_profile *profile, kd_kind kind)
{
    for (uint32_t i = 0; i < profile->counter_count; i++)
        if (profile->counters[i].kind == (unsigned)kind)
            return &profile->counters[i];
    return NULL;
}

static const kd_bought *find_bought(const kd_bought *bought, uint32_t count, kd_ref product)
{
    kd_bought key = { .product = product };
    uint32_t  at = lower_bound(bought, count, &key, &kd_list_bought);
    return at < count && bought[at].product == product ? &bought[at] : NULL;
}

const kd_bought *kd_profile_bought(const kd_profile *profile, kd_ref product)
{
    const kd_bought *proven = kd_profile_proven_bought(profile, product);
    return proven || !kd_profile_believes(profile) ? proven : kd_profile_claimed_bought(profile, product);
}

const kd_bought *kd_profile_proven_bought(const kd_profile *profile, kd_ref product)
{
    return find_bought(profile->bought, profile->bought_count, product);
}

const kd_bought *kd_profile_claimed_bought(const kd_profile *profile, kd_ref product)
{
    return find_bought(profile->claimed_bought, profile->claimed_bought_count, product);
}

bool kd_profile_believes(const kd_profile *profile)
{
    return profile->trusts_claims || kd_profile_is_itself(profile);
}

static const kd_register *find_register(const kd_register *list, uint32_t count, const char *name)
{
    kd_register key = { .name = kd_str_z(name) };
    uint32_t    at = lower_bound(list, count, &key, &kd_list_traits);
    return at < count && kd_str_eq(list[at].name, key.name) ? &list[at] : NULL;
}

const kd_register *kd_profile_trait(const kd_profile *profile, const char *name)
{
    return find_register(profile->traits, profile->trait_count, name);
}

const kd_register *kd_profile_stated(const kd_profile *profile, const char *name)
{
    return find_register(profile->stated, profile->stated_count, name);
}

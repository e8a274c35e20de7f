#include "customer/opinion.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "customer/profile_list.h"

/* ---- affinities -------------------------------------------------------------------------------------------------------- *
 *
 * Legend: an interaction i of kind k at age a_i days is evidence e_i = weight(k) * 2^(-a_i / h_k), where h_k is the half
 * life, four times as long for orders and returns; a return is -e_i. Quantity does not count (ten pairs of socks are one
 * choice). For a value v of attribute A
 *     strength(v) = sum of e_i over the interactions with value v
 *     total(A)    = sum of |e_i| over the interactions that have A at all, each once however many values it has
 *     weight(v)   = strength(v) / (total(A) + shrinkage)                                          in (-1, 1)
 * Sums run in the order of the profile, which is canonical: equal facts give equal bits. */

typedef struct cell { /* a value while it gathers evidence */
    kd_affinity affinity;
    double      most, least;      /* the greatest and the smallest e_i */
    kd_id       least_id;
    uint8_t     least_kind;
    uint32_t    interaction;      /* the last one counted: a product naming a value twice (itself and its variant) is one */
    uint32_t    total;            /* row of its attribute in totals */
} cell;

typedef struct total {
    double   sum;
    uint16_t attribute;
    uint32_t interaction; /* the last one counted */
} total;

typedef struct tally {
    const kd_profile       *profile;
    const kd_attr_source   *source;
    const kd_taste_weights *weights;
    int64_t                 now_ms;
    kd_arena               *arena;
    cell                   *cells;
    uint32_t                cell_count, cell_room;
    uint32_t               *slots;       /* hash table of rows of cells + 1; a power of two, at most half full */
    uint32_t                slot_mask;
    total                  *totals;
    uint32_t                total_count, total_room;
    uint32_t                interaction; /* counts interactions from 1 */
} tally;

kd_taste_weights kd_taste_weights_default(void)
{
    return (kd_taste_weights){ .view = 1, .click = 1, .cart = 3, .wish = 3, .order = 8, .returned = 9, .content = 1,
                               .half_life_days = 30, .shrinkage = 5 };
}

/* Arrays of an arena grow by copying; the old ones end with it. */
static bool grow(void *array, uint32_t *room, size_t size, kd_arena *arena)
{
    uint32_t more = *room ? *room * 2 : 64;
    void    *old, *grown = kd_arena_array(arena, more, size);
    if (!grown)
        return false;
    memcpy(&old, array, sizeof old);
    if (*room)
        memcpy(grown, old, *room * size);
    memcpy(array, &grown, sizeof grown);
    *room = more;
    return true;
}

static uint32_t slot_of(const tally *t, uint16_t attribute, kd_ref value)
{
    uint64_t mixed = (value ^ (uint64_t)attribute << 48) * UINT64_C(0x9e3779b97f4a7c15); /* golden ratio: spreads the attribute */
    return (uint32_t)(mixed >> 32) & t->slot_mask;
}

static bool grow_cells(tally *t)
{
    uint32_t slots;
    if (!grow(&t->cells, &t->cell_room, sizeof *t->cells, t->arena))
        return false;
    slots = t->cell_room * 2;
    t->slots = KD_NEW(t->arena, uint32_t, slots);
    if (!t->slots)
        return false;
    t->slot_mask = slots - 1;
    for (uint32_t i = 0; i < t->cell_count; i++) {
        uint32_t slot = slot_of(t, t->cells[i].affinity.attribute, t->cells[i].affinity.value);
        while (t->slots[slot])
            slot = (slot + 1) & t->slot_mask;
        t->slots[slot] = i + 1;
    }
    return true;
}

/* UINT32_MAX: out of memory. There are about ten attributes. */
static uint32_t total_row(tally *t, uint16_t attribute)
{
    for (uint32_t i = 0; i < t->total_count; i++)
        if (t->totals[i].attribute == attribute)
            return i;
    if (t->total_count == t->total_room && !grow(&t->totals, &t->total_room, sizeof *t->totals, t->arena))
        return UINT32_MAX;
    t->totals[t->total_count] = (total){ .attribute = attribute };
    return t->total_count++;
}

static cell *find_cell(tally *t, kd_attr attr)
{
    uint32_t slot, row;
    if (t->cell_count == t->cell_room && !grow_cells(t))
        return NULL;
    for (slot = slot_of(t, attr.attribute, attr.value); t->slots[slot]; slot = (slot + 1) & t->slot_mask) {
        cell *c = &t->cells[t->slots[slot] - 1];
        if (c->affinity.value == attr.value && c->affinity.attribute == attr.attribute)
            return c;
    }
    row = total_row(t, attr.attribute);
    if (row == UINT32_MAX)
        return NULL;
    t->cells[t->cell_count] = (cell){ .affinity = { .attribute = attr.attribute, .value = attr.value }, .total = row };
    t->slots[slot] = ++t->cell_count;
    return &t->cells[t->cell_count - 1];
}

static bool add_evidence(tally *t, kd_ref product, kd_ref variant, kd_id id, uint8_t kind, double evidence)
{
    const kd_attr *attrs = NULL;
    size_t         count = t->source->attributes(t->source->self, product, variant, &attrs);
    t->interaction++;
    for (size_t i = 0; i < count; i++) {
        cell  *c = find_cell(t, attrs[i]);
        total *sum;
        if (!c)
            return false;
        sum = &t->totals[c->total];
        if (sum->interaction != t->interaction)
            sum->sum += fabs(evidence);
        sum->interaction = t->interaction;
        if (c->interaction == t->interaction)
            continue;
        c->interaction = t->interaction;
        c->affinity.strength += evidence;
        c->affinity.evidence_count++;
        if (evidence > c->most) {
            c->most = evidence;
            c->affinity.evidence = id;
            c->affinity.evidence_kind = kind;
        } else if (evidence < c->least) {
            c->least = evidence;
            c->least_id = id;
            c->least_kind = kind;
        }
    }
    return true;
}

/* A return by order id speaks against every line of that order we remember. */
static bool add_whole_return(tally *t, const kd_interaction *returned, double evidence)
{
    const kd_recent *orders[2];
    size_t           lists = kd_opinion_recents(orders, t->profile, KD_KIND_ORDER);
    for (size_t l = 0; l < lists; l++)
        for (uint32_t i = 0; i < orders[l]->count; i++) {
            const kd_interaction *line = &orders[l]->items[i];
            if (line->product && line->topic == returned->topic
                && !add_evidence(t, line->product, line->variant, returned->id, KD_KIND_RETURN, evidence))
                return false;
        }
    return true;
}

static bool add_recent(tally *t, const kd_recent *recent, double weight, double half_life_days)
{
    for (uint32_t i = 0; i < recent->count; i++) {
        const kd_interaction *item = &recent->items[i];
        double age_days = item->time_ms < t->now_ms ? (double)(t->now_ms - item->time_ms) / (double)KD_DAY_MS : 0;
        double evidence = weight * exp2(-age_days / half_life_days);
        kd_ref product = item->product ? item->product : recent->kind == KD_KIND_CONTENT ? item->topic : 0;
        bool   ok = product ? add_evidence(t, product, item->variant, item->id, recent->kind, evidence)
                  : recent->kind != KD_KIND_RETURN || add_whole_return(t, item, evidence);
        if (!ok)
            return false;
    }
    return true;
}

static double weight_of(const kd_taste_weights *w, uint8_t kind)
{
    switch (kind) {
    case KD_KIND_VIEW: return w->view;
    case KD_KIND_CLICK: return w->click;
    case KD_KIND_CART_ADD: return w->cart;
    case KD_KIND_WISH_ADD: return w->wish;
    case KD_KIND_ORDER: return w->order;
    case KD_KIND_RETURN: return -w->returned;
    case KD_KIND_CONTENT: return w->content;
    default: return 0;
    }
}

static int cmp_affinity(const void *a, const void *b)
{
    const kd_affinity *x = a, *y = b;
    if (x->attribute != y->attribute)
        return x->attribute < y->attribute ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* Rank the cells and keep the best of each attribute. */
static size_t rank(kd_affinity *out, const tally *t, size_t per_attribute)
{
    size_t kept = 0, of_attribute = 0;
    for (uint32_t i = 0; i < t->cell_count; i++) {
        const cell *c = &t->cells[i];
        double      all = t->totals[c->total].sum + t->weights->shrinkage;
        out[i] = c->affinity;
        out[i].weight = all > 0 ? c->affinity.strength / all : 0;
        if (c->affinity.strength < 0 || c->most <= 0) { /* what weighs most speaks for the sum, not against it */
            out[i].evidence = c->least_id;
            out[i].evidence_kind = c->least_kind;
        }
    }
    if (t->cell_count)
        qsort(out, t->cell_count, sizeof *out, cmp_affinity);
    for (uint32_t i = 0; i < t->cell_count; i++) {
        of_attribute = kept && out[kept - 1].attribute == out[i].attribute ? of_attribute : 0;
        if (of_attribute++ < per_attribute)
            out[kept++] = out[i];
    }
    return kept;
}

kd_status kd_opinion_affinities(kd_affinity **out, size_t *count, const kd_profile *profile, const kd_attr_source *source,
                                const kd_taste_weights *weights, size_t per_attribute, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    tally t = { .profile = profile, .source = source, .weights = weights, .now_ms = now_ms, .arena = arena };
    for (uint32_t i = 0; i < profile->recent_count; i++) {
        const kd_recent *recent = &profile->recent[i];
        bool             doubted = recent->claimed && !kd_profile_believes(profile);
        bool             slow = !doubted && (recent->kind == KD_KIND_ORDER || recent->kind == KD_KIND_RETURN);
        double           weight = !doubted ? weight_of(weights, recent->kind) : recent->kind == KD_KIND_ORDER ? weights->cart : 0;
        if (weight != 0 && !add_recent(&t, recent, weight, weights->half_life_days * (slow ? 4 : 1)))
            return kd_fail_memory(err);
    }
    *out = KD_NEW(arena, kd_affinity, t.cell_count);
    if (!*out)
        return kd_fail_memory(err);
    *count = rank(*out, &t, per_attribute);
    return KD_OK;
}

/* ---- cart -------------------------------------------------------------------------------------------------------------- */

/* Is `a` older than `b`? The order of the profile's lists, read from their ends. */
static bool older(const kd_interaction *a, const kd_interaction *b)
{
    int c = a->time_ms != b->time_ms ? (a->time_ms < b->time_ms ? -1 : 1) : kd_id_cmp(a->id, b->id);
    return c < 0 || (c == 0 && a->line < b->line);
}

static size_t cart_add(kd_cart_line *lines, size_t count, const kd_interaction *item)
{
    size_t  i = 0;
    int64_t sum;
    while (i < count && (lines[i].product != item->product || lines[i].variant != item->variant))
        i++;
    if (i == count)
        lines[count++] = (kd_cart_line){ .product = item->product, .variant = item->variant };
    sum = (int64_t)lines[i].quantity + item->quantity;
    lines[i].quantity = (int32_t)(sum > INT32_MAX ? INT32_MAX : sum);
    lines[i].price_micro = item->price_micro;
    lines[i].currency = item->currency;
    lines[i].added_ms = item->time_ms;
    return count;
}

/* A removal without variant takes from whichever variant of the product is there. */
static void cart_remove(kd_cart_line *lines, size_t count, const kd_interaction *item)
{
    int32_t left = item->quantity;
    for (size_t i = 0; i < count && left > 0; i++) {
        int32_t taken = left < lines[i].quantity ? left : lines[i].quantity;
        if (lines[i].product != item->product || (item->variant && lines[i].variant != item->variant))
            continue;
        lines[i].quantity -= taken;
        left -= taken;
    }
}

static int cmp_cart(const void *a, const void *b)
{
    const kd_cart_line *x = a, *y = b;
    if (x->added_ms != y->added_ms)
        return x->added_ms > y->added_ms ? -1 : 1;
    if (x->product != y->product)
        return x->product < y->product ? -1 : 1;
    return (x->variant > y->variant) - (x->variant < y->variant);
}

kd_status kd_opinion_cart(kd_cart_line **out, size_t *count, const kd_profile *profile, int64_t keep_ms, int64_t now_ms,
                          kd_arena *arena, kd_err *err)
{
    const kd_recent  *adds = kd_profile_recent(profile, KD_KIND_CART_ADD), *removes = kd_profile_recent(profile, KD_KIND_CART_REMOVE);
    const kd_counter *orders = kd_profile_counter(profile, KD_KIND_ORDER);
    uint32_t          add = adds ? adds->count : 0, take = removes ? removes->count : 0;
    kd_cart_line     *lines = KD_NEW(arena, kd_cart_line, add);
    size_t            found = 0, kept = 0;
    if (!lines)
        return kd_fail_memory(err);
    while (add) { /* both lists from the oldest; removals behind the last addition still count */
        const kd_interaction *item = &adds->items[add - 1];
        bool                  removes_first = take && older(&removes->items[take - 1], item);
        if (removes_first)
            item = &removes->items[--take];
        else
            add--;
        if (item->time_ms < now_ms - keep_ms || (orders && item->time_ms <= orders->last_ms))
            continue;
        if (removes_first)
            cart_remove(lines, found, item);
        else
            found = cart_add(lines, found, item);
    }
    while (take)
        cart_remove(lines, found, &removes->items[--take]);
    for (size_t i = 0; i < found; i++)
        if (lines[i].quantity > 0)
            lines[kept++] = lines[i];
    if (kept)
        qsort(lines, kept, sizeof *lines, cmp_cart);
    *out = lines;
    *count = kept;
    return KD_OK;
}

size_t kd_opinion_recents(const kd_recent *out[2], const kd_profile *profile, kd_kind kind)
{
    const kd_recent *proven = kd_profile_recent(profile, kind), *claimed = kd_profile_claimed(profile, kind);
    size_t           count = 0;
    if (proven)
        out[count++] = proven;
    if (claimed && kd_profile_believes(profile))
        out[count++] = claimed;
    return count;
}

kd_status kd_opinion_spent(kd_spent **out, size_t *count, const kd_profile *profile, kd_arena *arena, kd_err *err)
{
    uint32_t  claims = profile->trusts_claims ? profile->claimed_spent_count : 0, i = 0, j = 0;
    kd_spent *sums = KD_NEW(arena, kd_spent, profile->spent_count + claims);
    if (!sums)
        return kd_fail_memory(err);
    *count = 0;
    while (i < profile->spent_count || j < claims) {
        const kd_spent *a = i < profile->spent_count ? &profile->spent[i] : NULL, *b = j < claims ? &profile->claimed_spent[j] : NULL;
        int             order = !a ? 1 : !b ? -1 : kd_list_spent.cmp(a, b);
        kd_spent        theirs = order >= 0 ? *b : (kd_spent){ { "" }, 0, 0 };
        sums[*count] = order <= 0 ? *a : theirs;
        if (order == 0)
            kd_list_spent.join(&sums[*count], &theirs);
        i += order <= 0;
        j += order >= 0;
        *count += !kd_currency_is_points(sums[*count].currency);
    }
    *out = sums;
    return KD_OK;
}

kd_points kd_opinion_points(const kd_profile *profile)
{
    kd_points points = { 0 };
    for (uint32_t i = 0; i < profile->spent_count; i++)
        if (kd_currency_is_points(profile->spent[i].currency))
            points = (kd_points){ true, profile->spent[i].bought_micro, profile->spent[i].returned_micro };
    return points;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------ */

/* What others do to a person's file is no sign of life; nor is an opened message, which mail programs open by themselves. */
static bool shows_presence(uint8_t kind)
{
    if (kd_kind_is_message(kind) && kind != KD_KIND_CLICKED)
        return false;
    if (kind == KD_KIND_POINTS_EARNED || kind == KD_KIND_POINTS_EXPIRED || kind == KD_KIND_POINTS_ADJUSTED)
        return false;
    return kind != KD_KIND_EMAIL && kind != KD_KIND_ORDER_UPDATED && kind != KD_KIND_ORDER_CANCELLED && kind < KD_KIND_DECISION;
}

static double days_since(int64_t then_ms, int64_t now_ms)
{
    return then_ms < now_ms ? (double)(now_ms - then_ms) / (double)KD_DAY_MS : 0;
}

kd_recency kd_opinion_recency(const kd_profile *profile, int64_t now_ms)
{
    kd_recency r = { .days_since_seen = -1, .days_since_order = -1 };
    for (uint32_t i = 0; i < profile->counter_count; i++) {
        const kd_counter *c = &profile->counters[i];
        if (shows_presence(c->kind) && (r.days_since_seen < 0 || c->last_ms > r.last_seen_ms)) {
            r.last_seen_ms = c->last_ms;
            r.days_since_seen = days_since(c->last_ms, now_ms);
        }
        uint64_t counted = c->count - (profile->trusts_claims ? 0 : c->claimed);
        if (c->kind == KD_KIND_ORDER && counted) {
            r.last_order_ms = profile->trusts_claims ? c->last_ms : c->proven_last_ms;
            r.days_since_order = days_since(r.last_order_ms, now_ms);
            r.orders = counted;
        }
        if (c->kind == KD_KIND_RETURN || c->kind == KD_KIND_ORDER_CANCELLED)
            r.returns += counted;
    }
    return r;
}

void kd_opinion_last_products(kd_ref *out, size_t *count, const kd_profile *profile, kd_kind kind)
{
    const kd_recent *recents[2];
    size_t           lists = kd_opinion_recents(recents, profile, kind), room = *count, found = 0;
    for (size_t l = 0; l < lists; l++)
        for (uint32_t i = 0; i < recents[l]->count && found < room; i++) {
            kd_ref product = recents[l]->items[i].product;
            size_t j = 0;
            while (j < found && out[j] != product)
                j++;
            if (product && j == found)
                out[found++] = product;
        }
    *count = found;
}

static bool returned_whole(const kd_recent *const *returns, size_t lists, kd_ref order)
{
    for (size_t l = 0; l < lists && order; l++)
        for (uint32_t i = 0; i < returns[l]->count; i++)
            if (!returns[l]->items[i].product && returns[l]->items[i].topic == order)
                return true;
    return false;
}

static int64_t kept_units(const kd_bought *bought)
{
    return bought ? (int64_t)bought->units - bought->returned : 0;
}

bool kd_opinion_owns(const kd_profile *profile, kd_ref product)
{
    const kd_recent *orders[2], *returns[2];
    size_t           order_lists = kd_opinion_recents(orders, profile, KD_KIND_ORDER);
    size_t           return_lists = kd_opinion_recents(returns, profile, KD_KIND_RETURN);
    int64_t          kept = kept_units(kd_profile_proven_bought(profile, product));
    if (kd_profile_believes(profile))
        kept += kept_units(kd_profile_claimed_bought(profile, product));
    for (size_t l = 0; l < order_lists; l++)
        for (uint32_t i = 0; kept > 0 && i < orders[l]->count; i++) {
            const kd_interaction *line = &orders[l]->items[i];
            if (line->product == product && returned_whole(returns, return_lists, line->topic))
                kept -= line->quantity;
        }
    return kept > 0;
}

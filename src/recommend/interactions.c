#include "recommend/interactions.h"

#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "catalog/catalog.h"
#include "customer/fact.h"

#define WHOLE_ORDER UINT32_MAX
enum { CHUNK_EVENTS = 4096, RETURN_LOOK_BACK = 4096, MINUTES_A_DAY = 1440, OCCASION_MINUTES = 7 * MINUTES_A_DAY, OCCASION_VIEWS = 50, WINDOWS = 5 };
static const size_t CHUNK_BYTES = (size_t)512 << 20;

void kd_deeds_free(kd_deeds *deeds)
{
    free(deeds->rows);
    free(deeds->items);
    *deeds = (kd_deeds){ 0 };
}

/* ---- the scan --------------------------------------------------------------------------------------------------- */

typedef struct scan {
    kd_deeds          *deeds;
    const kd_snapshot *snapshot;
    const kd_map      *only;           /* whom to learn from; NULL: everybody */
    kd_map            *users, *items;  /* hash of person id, ref as sent -> row */
    int32_t            now_minute;
    bool               trust_claims;
    kd_err            *err;
} scan;

static bool is_wanted(uint16_t kind)
{
    switch (kind) {
    case KD_KIND_VIEW: case KD_KIND_CLICK: case KD_KIND_CART_ADD: case KD_KIND_WISH_ADD: case KD_KIND_ORDER: case KD_KIND_RETURN:
    case KD_KIND_ORDER_CANCELLED: return true;
    default: return false;
    }
}

static bool is_return(uint8_t kind) { return kind == KD_KIND_RETURN || kind == KD_KIND_ORDER_CANCELLED; }

static kd_status add_row(scan *s, kd_deed row)
{
    kd_deeds *d = s->deeds;

    if (d->count == d->room) {
        size_t   room = d->room ? d->room + d->room / 2 : 4096;
        kd_deed *rows;
        if (room * sizeof *rows > d->bytes_max)
            return kd_fail(s->err, KD_LIMIT, "the log has too many interactions for training in %zu bytes: raise its memory setting", d->bytes_max);
        if (!(rows = realloc(d->rows, room * sizeof *rows)))
            return kd_fail_memory(s->err);
        d->rows = rows;
        d->room = room;
    }
    d->rows[d->count++] = row;
    return KD_OK;
}

/* The item of a product as the event named it. Products found through the catalogue share one row with their skus. */
static kd_status item_of(uint32_t *out, scan *s, const kd_fact_line *line)
{
    kd_deeds         *d = s->deeds;
    kd_ref            sent = kd_ref_of(line->product.len ? line->product : line->variant), product = sent;
    const kd_variant *variant;

    if (kd_map_get(s->items, sent, out))
        return KD_OK;
    const kd_product *known = kd_snapshot_find_any(s->snapshot, sent, &variant);
    if (known)
        product = known->ref;
    if (!kd_map_get(s->items, product, out)) {
        if (d->item_count == d->item_room) {
            uint32_t room = d->item_room ? d->item_room * 2 : 1024;
            kd_ref  *items = realloc(d->items, room * sizeof *items);
            if (!items)
                return kd_fail_memory(s->err);
            d->items = items;
            d->item_room = room;
        }
        *out = d->item_count;
        d->items[d->item_count++] = product;
        if (!kd_map_set(s->items, product, *out))
            return kd_fail_memory(s->err);
    }
    return sent == product || kd_map_set(s->items, sent, *out) ? KD_OK : kd_fail_memory(s->err);
}

static kd_status take_event(scan *s, const kd_event *event, const kd_fact *fact)
{
    kd_deeds *d = s->deeds;
    int64_t   minute = event->time_ms / 60000;
    kd_deed   row = { .kind = (uint8_t)event->kind, .minute = minute < s->now_minute ? (int32_t)minute : s->now_minute };
    bool      doubted = fact->claimed && !s->trust_claims;
    kd_status status = KD_OK;

    if (doubted && is_return(row.kind))
        return KD_OK;
    if (doubted && row.kind == KD_KIND_ORDER) {
        d->claimed_order_lines += fact->line_count;
        row.kind = KD_KIND_CART_ADD;
    }
    row.user = kd_map_put_new(s->users, kd_hash64(event->person.b, sizeof event->person.b, 0), d->user_count, NULL);
    if (row.user == UINT32_MAX)
        return kd_fail_memory(s->err);
    if (row.user == d->user_count)
        d->user_count++;
    row.order = (uint32_t)kd_ref_of(fact->order_id);
    if (fact->line_count == 0 && is_return(row.kind) && row.order != 0) {
        row.item = WHOLE_ORDER;
        return add_row(s, row);
    }
    for (size_t l = 0; status == KD_OK && l < fact->line_count; l++) {
        const kd_fact_line *line = &fact->lines[l];
        if (line->product.len == 0 && line->variant.len == 0)
            continue;
        row.quantity = (uint16_t)(line->quantity < 1 ? 1 : line->quantity > UINT16_MAX ? UINT16_MAX : line->quantity);
        status = item_of(&row.item, s, line);
        if (status == KD_OK)
            status = add_row(s, row);
        d->order_lines += row.kind == KD_KIND_ORDER;
        d->returned_lines += is_return(row.kind);
        d->view_lines += row.kind != KD_KIND_ORDER && !is_return(row.kind);
    }
    return status;
}

static kd_status take_chunk(scan *s, const kd_event *events, size_t count, kd_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        kd_fact   fact;
        kd_status status;
        uint32_t  may;
        if (s->only && !kd_map_get(s->only, kd_hash64(events[i].person.b, sizeof events[i].person.b, 0), &may))
            continue;
        if (!is_wanted(events[i].kind) || events[i].flags & KD_EVENT_HOLLOW || kd_id_is_nil(events[i].person))
            continue;
        status = kd_fact_decode(&fact, events[i].facts, arena, s->err);
        fact.claimed = (events[i].flags & KD_EVENT_CLAIMED) != 0;
        if (status == KD_OK)
            status = take_event(s, &events[i], &fact);
        if (status != KD_OK)
            return status;
        s->deeds->events++;
    }
    return KD_OK;
}

static kd_status scan_group(scan *s, kd_reader *reader, uint16_t group, kd_arena *arena, kd_train_progress progress, void *self)
{
    int64_t   end = 0, after = 0;
    kd_status status = kd_reader_log_end(&end, reader, group, s->err);

    while (status == KD_OK) {
        kd_event *events;
        size_t    count;
        kd_arena_reset(arena);
        status = kd_reader_log(&events, &count, reader, group, after, CHUNK_EVENTS, false, arena, s->err);
        if (status != KD_OK || count == 0)
            break;
        after = events[count - 1].offset;
        status = take_chunk(s, events, count, arena);
        if (progress)
            progress(self, "scan", (uint64_t)after, (uint64_t)(end > after ? end : after));
    }
    return status;
}

kd_status kd_deeds_scan(kd_deeds *out, kd_store *store, int64_t now_ms, const kd_map *only, bool trust_claims, size_t bytes_max, kd_train_progress progress,
                        void *self, kd_err *err)
{
    scan        s = { .deeds = out, .now_minute = (int32_t)(now_ms / 60000), .only = only, .trust_claims = trust_claims, .err = err };
    kd_reader  *reader = NULL;
    kd_catalog *catalog = NULL;
    kd_arena   *arena = kd_arena_new(CHUNK_BYTES);
    kd_status   status = kd_reader_open(&reader, store, err);

    *out = (kd_deeds){ .bytes_max = bytes_max };
    s.users = kd_map_new(1024);
    s.items = kd_map_new(1024);
    if (status == KD_OK && (!arena || !s.users || !s.items))
        status = kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_catalog_open(&catalog, store, reader, kd_clock_at(&now_ms), err);
    if (status == KD_OK) {
        s.snapshot = kd_snapshot_acquire(catalog);
        for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(store); group++)
            status = scan_group(&s, reader, group, arena, progress, self);
        kd_snapshot_release(s.snapshot);
    }
    if (catalog)
        kd_catalog_close(catalog);
    if (reader)
        kd_reader_close(reader);
    kd_map_free(s.users);
    kd_map_free(s.items);
    kd_arena_free(arena);
    if (status == KD_OK && out->count == 0)
        status = kd_fail(err, KD_NOT_FOUND, "there are no interactions with products yet: nothing to learn from");
    if (status != KD_OK)
        kd_deeds_free(out);
    return status;
}

/* ---- settling ------------------------------------------------------------------------------------------------------- */

static int by_user_item_time(const void *a, const void *b)
{
    const kd_deed *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->minute != y->minute)
        return x->minute < y->minute ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1; /* an order stands before its return */
    return (x->order > y->order) - (x->order < y->order);
}

/* Rows begin..at-1 of one user and item are in order of time: the goods brought back by row `at` come from the order it names,
 * then from the latest before it. */
static void bring_back(kd_deed *rows, size_t begin, size_t at)
{
    uint32_t left = rows[at].quantity;

    for (int named = 1; named >= 0; named--) {
        for (size_t n = at; n > begin && at - n < RETURN_LOOK_BACK && left > 0; n--) {
            kd_deed *bought = &rows[n - 1];
            if (bought->kind != KD_KIND_ORDER || (named && (bought->order == 0 || bought->order != rows[at].order)))
                continue;
            uint32_t taken = left < bought->quantity ? left : bought->quantity;
            bought->quantity = (uint16_t)(bought->quantity - taken);
            left -= taken;
        }
    }
}

static void bring_back_lines(kd_deeds *d)
{
    for (size_t n = 0, begin = 0; n < d->count; n++) {
        if (d->rows[n].user != d->rows[begin].user || d->rows[n].item != d->rows[begin].item)
            begin = n;
        if (is_return(d->rows[n].kind) && d->rows[n].item != WHOLE_ORDER)
            bring_back(d->rows, begin, n);
    }
}

static kd_status bring_back_orders(kd_deeds *d, kd_err *err)
{
    kd_map *orders = kd_map_new(64);
    bool    full = orders == NULL;

    for (size_t n = 0; n < d->count && !full; n++)
        if (d->rows[n].item == WHOLE_ORDER)
            full = !kd_map_set(orders, (uint64_t)d->rows[n].user << 32 | d->rows[n].order, 1);
    for (size_t n = 0; n < d->count && !full && kd_map_count(orders) > 0; n++) {
        uint32_t back;
        if (d->rows[n].kind == KD_KIND_ORDER && kd_map_get(orders, (uint64_t)d->rows[n].user << 32 | d->rows[n].order, &back)) {
            d->rows[n].quantity = 0;
            d->returned_lines++;
        }
    }
    kd_map_free(orders);
    return full ? kd_fail_memory(err) : KD_OK;
}

typedef struct named_item { kd_ref ref; uint32_t item; } named_item;
static int by_ref(const void *a, const void *b)
{
    kd_ref x = ((const named_item *)a)->ref, y = ((const named_item *)b)->ref;
    return (x > y) - (x < y);
}

/* Items ascending by ref, as the model file wants them. */
static kd_status number_items(kd_deeds *d, kd_err *err)
{
    named_item *named = malloc((d->item_count + (size_t)1) * sizeof *named);
    uint32_t   *number = malloc((d->item_count + (size_t)1) * sizeof *number);

    if (named && number) {
        for (uint32_t i = 0; i < d->item_count; i++)
            named[i] = (named_item){ d->items[i], i };
        qsort(named, d->item_count, sizeof *named, by_ref);
        for (uint32_t i = 0; i < d->item_count; i++) {
            d->items[i] = named[i].ref;
            number[named[i].item] = i;
        }
        for (size_t n = 0; n < d->count; n++)
            if (d->rows[n].item != WHOLE_ORDER)
                d->rows[n].item = number[d->rows[n].item];
    }
    kd_status status = named && number ? KD_OK : kd_fail_memory(err);
    free(named);
    free(number);
    return status;
}

kd_status kd_deeds_settle(kd_deeds *d, kd_err *err)
{
    kd_status status = number_items(d, err);
    size_t    kept = 0;

    if (status != KD_OK)
        return status;
    qsort(d->rows, d->count, sizeof *d->rows, by_user_item_time);
    bring_back_lines(d);
    status = bring_back_orders(d, err);
    d->newest_minute = INT32_MIN;
    for (size_t n = 0; n < d->count; n++) {
        if (is_return(d->rows[n].kind) || (d->rows[n].kind == KD_KIND_ORDER && d->rows[n].quantity == 0))
            continue;
        d->rows[kept++] = d->rows[n];
        d->newest_minute = d->rows[n].minute > d->newest_minute ? d->rows[n].minute : d->newest_minute;
    }
    d->count = kept;
    if (status == KD_OK && kept == 0)
        status = kd_fail(err, KD_NOT_FOUND, "everything that was bought was brought back: nothing to learn from");
    return status;
}

kd_status kd_deeds_before(kd_deeds *out, const kd_deeds *deeds, int32_t minute, kd_err *err)
{
    *out = *deeds;
    out->count = 0;
    out->rows = malloc((deeds->count + 1) * sizeof *out->rows);
    out->items = malloc((deeds->item_count + (size_t)1) * sizeof *out->items);
    if (!out->rows || !out->items) {
        kd_deeds_free(out);
        return kd_fail_memory(err);
    }
    memcpy(out->items, deeds->items, deeds->item_count * sizeof *out->items);
    for (size_t n = 0; n < deeds->count; n++)
        if (deeds->rows[n].minute < minute)
            out->rows[out->count++] = deeds->rows[n];
    out->newest_minute = minute;
    return KD_OK;
}

/* ---- matrices --------------------------------------------------------------------------------------------------------- */

static double weight_on(kd_side side, uint8_t kind)
{
    switch (kind) {
    case KD_KIND_ORDER:    return side == KD_SIDE_ORDERS ? 1.0 : 0.0;
    case KD_KIND_VIEW:     return side == KD_SIDE_VIEWS ? 1.0 : 0.0;
    case KD_KIND_CLICK:    return side == KD_SIDE_VIEWS ? 0.5 : 0.0;
    case KD_KIND_CART_ADD:
    case KD_KIND_WISH_ADD: return side == KD_SIDE_VIEWS ? 2.0 : 0.0;
    default:               return 0.0;
    }
}

static double age_days(const kd_deeds *d, const kd_deed *row) { return (double)(d->newest_minute - row->minute) / MINUTES_A_DAY; }

/* The end of the rows of the same user and item as rows[n]. */
static size_t pair_end(const kd_deeds *d, size_t n)
{
    size_t end = n;
    while (end < d->count && d->rows[end].user == d->rows[n].user && d->rows[end].item == d->rows[n].item)
        end++;
    return end;
}

kd_status kd_deeds_matrix(kd_csr *out, const kd_deeds *d, kd_side side, double half_life_days, kd_err *err)
{
    kd_status status;
    uint64_t  cells = 0;

    *out = (kd_csr){ 0 };
    status = kd_csr_alloc(out, d->user_count, d->item_count, d->count, err);
    for (size_t n = 0, end; status == KD_OK && n < d->count; n = end) { /* rows stand in the order of the matrix */
        double sum = 0.0;
        end = pair_end(d, n);
        for (size_t r = n; r < end; r++)
            sum += kd_interaction_weight(weight_on(side, d->rows[r].kind), age_days(d, &d->rows[r]), half_life_days);
        float value = (float)log2(1.0 + sum);
        if (value > 0.0f) { /* what is centuries old rounds to nothing, and is nothing */
            out->indices[cells] = d->rows[n].item;
            out->values[cells++] = value;
        }
        out->indptr[d->rows[n].user + 1] = cells;
    }
    for (uint32_t u = 0; status == KD_OK && u < d->user_count; u++)
        if (out->indptr[u + 1] < out->indptr[u])
            out->indptr[u + 1] = out->indptr[u]; /* a user without rows */
    return status;
}

static int by_user_time(const void *a, const void *b)
{
    const kd_deed *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->minute != y->minute)
        return x->minute < y->minute ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1; /* looking (10..) stands before ordering (20) in the same minute */
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

typedef struct cells { kd_cell *all; size_t count, room; } cells;

static bool add_cell(cells *c, uint32_t row, uint32_t col, float value)
{
    if (c->count == c->room) {
        size_t   room = c->room ? c->room + c->room / 2 : 4096;
        kd_cell *all = realloc(c->all, room * sizeof *all);
        if (!all)
            return false;
        c->all = all;
        c->room = room;
    }
    c->all[c->count++] = (kd_cell){ row, col, value };
    return true;
}

/* What the user looked at in the week before rows[at], newest first, each thing once, into row `occasion`. */
static bool add_views(cells *viewed, const kd_deed *rows, size_t at, uint32_t occasion)
{
    size_t first = viewed->count;

    for (size_t n = at; n > 0 && viewed->count - first < OCCASION_VIEWS; n--) {
        const kd_deed *row = &rows[n - 1];
        bool           known = false;
        if (row->user != rows[at].user || row->minute < rows[at].minute - OCCASION_MINUTES)
            break;
        if (row->kind != KD_KIND_VIEW && row->kind != KD_KIND_CLICK)
            continue;
        for (size_t c = first; c < viewed->count && !known; c++)
            known = viewed->all[c].col == row->item;
        if (!known && !add_cell(viewed, occasion, row->item, 1.0f))
            return false;
    }
    return true;
}

static bool collect_occasions(cells *viewed, cells *taken, uint32_t *occasions, const kd_deeds *d, const kd_deed *rows, double half_life_days)
{
    for (size_t n = 0, end; n < d->count; n = end) {
        float  weight = kd_interaction_weight(1.0, age_days(d, &rows[n]), half_life_days);
        size_t views = viewed->count;
        for (end = n + 1; end < d->count && rows[end].user == rows[n].user && rows[end].minute == rows[n].minute &&
                          rows[end].kind == rows[n].kind && rows[end].order == rows[n].order;)
            end++;
        if (rows[n].kind != KD_KIND_ORDER || weight == 0.0f)
            continue;
        if (!add_views(viewed, rows, n, *occasions))
            return false;
        if (viewed->count == views)
            continue; /* bought without a look */
        for (size_t l = n; l < end; l++)
            if (!add_cell(taken, *occasions, rows[l].item, weight))
                return false;
        ++*occasions;
    }
    return true;
}

kd_status kd_deeds_occasions(kd_csr *viewed_out, kd_csr *taken_out, const kd_deeds *d, double half_life_days, kd_err *err)
{
    kd_deed  *rows = malloc((d->count + 1) * sizeof *rows);
    cells     viewed = { 0 }, taken = { 0 };
    uint32_t  occasions = 0;
    kd_status status = KD_OK;

    *viewed_out = *taken_out = (kd_csr){ 0 };
    if (!rows)
        return kd_fail_memory(err);
    memcpy(rows, d->rows, d->count * sizeof *rows);
    qsort(rows, d->count, sizeof *rows, by_user_time);
    if (!collect_occasions(&viewed, &taken, &occasions, d, rows, half_life_days))
        status = kd_fail_memory(err);
    free(rows);
    if (status == KD_OK)
        status = kd_csr_from_cells(viewed_out, viewed.all, viewed.count, occasions, d->item_count, err);
    if (status == KD_OK)
        status = kd_csr_from_cells(taken_out, taken.all, taken.count, occasions, d->item_count, err);
    if (status != KD_OK)
        kd_csr_free(viewed_out);
    free(viewed.all);
    free(taken.all);
    return status;
}

/* ---- popularity and trend --------------------------------------------------------------------------------------------------- */

kd_status kd_deeds_popularity(float *popularity, const kd_deeds *d, const kd_csr *orders, const kd_csr *views, kd_err *err)
{
    double *sum = calloc((size_t)d->item_count + 1, sizeof *sum);

    if (!sum)
        return kd_fail_memory(err);
    for (uint64_t n = 0; n < orders->indptr[orders->rows]; n++)
        sum[orders->indices[n]] += orders->values[n];
    for (uint64_t n = 0; n < views->indptr[views->rows]; n++)
        sum[views->indices[n]] += 0.1 * views->values[n];
    for (uint32_t i = 0; i < d->item_count; i++)
        popularity[i] = (float)sum[i];
    free(sum);
    return KD_OK;
}

static double demand_of(uint8_t kind)
{
    return kind == KD_KIND_ORDER ? 5.0 : kind == KD_KIND_CART_ADD || kind == KD_KIND_WISH_ADD ? 3.0 : kind == KD_KIND_CLICK ? 0.5 : 1.0;
}

/* recent / sqrt(expected + 1), expected from the four windows before: as recommend/trending.c ranks live demand. A person counts
 * once a product and window, by the strongest thing they did. */
kd_status kd_deeds_trend(float *trend, const kd_deeds *d, double trend_days, kd_err *err)
{
    double *recent = calloc((size_t)d->item_count + 1, sizeof *recent), *before = calloc((size_t)d->item_count + 1, sizeof *before);

    for (size_t n = 0, end; recent && before && n < d->count; n = end) {
        double strongest[WINDOWS] = { 0 };
        end = pair_end(d, n);
        for (size_t r = n; r < end; r++) {
            double window = floor(age_days(d, &d->rows[r]) / trend_days);
            if (window < WINDOWS)
                strongest[(int)window] = fmax(strongest[(int)window], demand_of(d->rows[r].kind));
        }
        recent[d->rows[n].item] += strongest[0];
        for (int w = 1; w < WINDOWS; w++)
            before[d->rows[n].item] += strongest[w] / (WINDOWS - 1);
    }
    for (uint32_t i = 0; recent && before && i < d->item_count; i++)
        trend[i] = (float)(recent[i] / sqrt(before[i] + 1.0));
    kd_status status = recent && before ? KD_OK : kd_fail_memory(err);
    free(recent);
    free(before);
    return status;
}

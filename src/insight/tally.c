#include "insight/tally.h"

#include <stdlib.h>

#include "base/clock.h"
#include "num/hll.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, MONTH = 32, NEVER = -1 };

static const char others[] = "(others)"; /* sources that have no room of their own */

void kd_tally_init(kd_tally *t)
{
    memset(t, 0, sizeof *t);
    t->newest_ms = KD_TIME_MIN;
    for (size_t i = 0; i < KD_TALLY_MINUTES; i++)
        t->minutes[i].minute = NEVER;
    for (size_t i = 0; i < KD_TALLY_ACTIVE_MINUTES; i++)
        t->active[i].minute = NEVER;
}

static void day_free(kd_tally_day *day)
{
    for (uint32_t i = 0; i < day->cell_count; i++)
        free(day->cells[i].money);
    free(day->cells);
    free(day);
}

void kd_tally_free(kd_tally *t)
{
    for (size_t i = 0; i < t->day_count; i++)
        day_free(t->days[i]);
    free(t->days);
    free(t->gone);
    kd_tally_init(t);
}

/* ---- sources ------------------------------------------------------------------------------------------------------------- */
static bool is_named(const kd_tally_source *source, kd_str name)
{
    return source->name_len == name.len && (name.len == 0 || memcmp(source->name, name.ptr, name.len) == 0);
}

kd_tally_source *kd_tally_source_of(kd_tally *t, kd_str name)
{
    kd_tally_source *source;
    if (name.len > KD_TALLY_SOURCE_BYTES)
        name.len = KD_TALLY_SOURCE_BYTES; /* the length that a source of a key may have (api/keys.h) */
    for (size_t i = 0; i < t->source_count; i++)
        if (is_named(&t->sources[i], name))
            return &t->sources[i];
    if (t->source_count == KD_TALLY_SOURCES)
        return &t->sources[KD_TALLY_SOURCES - 1];
    if (t->source_count == KD_TALLY_SOURCES - 1)
        name = kd_str_z(others);
    source = &t->sources[t->source_count++];
    *source = (kd_tally_source){ .name_len = name.len, .last_ms = KD_TIME_MIN };
    if (name.len)
        memcpy(source->name, name.ptr, name.len);
    for (size_t i = 0; i < KD_TALLY_HOURS; i++)
        source->hours[i].hour = NEVER;
    return source;
}

/* ---- days ------------------------------------------------------------------------------------------------------------------ */
/* The index of the first day that is not before `day`: mostly the last, today. */
static size_t place_of(const kd_tally *t, int32_t day)
{
    size_t low = 0, high = t->day_count;
    if (high && t->days[high - 1]->day == day)
        return high - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->days[middle]->day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const kd_tally_day *kd_tally_day_of(const kd_tally *t, int32_t day)
{
    size_t at = place_of(t, day);
    return at < t->day_count && t->days[at]->day == day ? t->days[at] : NULL;
}

static bool remember_gone(kd_tally *t, int32_t day)
{
    if (t->gone_count == t->gone_room) {
        size_t   room = t->gone_room ? 2 * t->gone_room : MONTH;
        int32_t *more = realloc(t->gone, room * sizeof *more);
        if (more == NULL)
            return false;
        t->gone = more;
        t->gone_room = room;
    }
    t->gone[t->gone_count++] = day;
    return true;
}

/* The newest days that ever occurred are kept: one that fell out can never come back, whatever the order of events. */
static bool make_room(kd_tally *t)
{
    if (t->day_count == KD_TALLY_DAYS) {
        if (!remember_gone(t, t->days[0]->day))
            return false;
        day_free(t->days[0]);
        memmove(t->days, t->days + 1, --t->day_count * sizeof *t->days);
    }
    if (t->day_count == t->day_room) {
        size_t         room = t->day_room ? 2 * t->day_room : MONTH;
        kd_tally_day **more = realloc(t->days, room * sizeof *more);
        if (more == NULL)
            return false;
        t->days = more;
        t->day_room = room;
    }
    return true;
}

/* NULL: out of memory, or older than all the days there is room for. */
static kd_tally_day *day_of(kd_tally *t, int32_t day)
{
    size_t        at = place_of(t, day);
    kd_tally_day *fresh;
    if (at < t->day_count && t->days[at]->day == day)
        return t->days[at];
    if ((at == 0 && t->day_count == KD_TALLY_DAYS) || (fresh = calloc(1, sizeof *fresh)) == NULL)
        return NULL;
    fresh->day = day;
    if (!make_room(t)) {
        free(fresh);
        return NULL;
    }
    at = place_of(t, day);
    memmove(t->days + at + 1, t->days + at, (t->day_count - at) * sizeof *t->days);
    t->days[at] = fresh;
    t->day_count++;
    return fresh;
}

double kd_tally_people(kd_tally_day *day)
{
    if (day->people < 0)
        day->people = kd_hll_count(day->sketch, KD_TALLY_P);
    return day->people;
}

static kd_tally_cell *cell_of(kd_tally_day *day, uint32_t source)
{
    kd_tally_cell *more;
    for (uint32_t i = 0; i < day->cell_count; i++)
        if (day->cells[i].source == source)
            return &day->cells[i];
    more = realloc(day->cells, (day->cell_count + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    day->cells = more;
    day->cells[day->cell_count] = (kd_tally_cell){ .source = source };
    return &day->cells[day->cell_count++];
}

/* NULL: no room for one more currency. */
static kd_tally_money *money_of(kd_tally_cell *cell, kd_currency currency, bool claimed)
{
    kd_tally_money *more;
    for (uint32_t i = 0; i < cell->money_count; i++)
        if (cell->money[i].claimed == claimed && memcmp(cell->money[i].currency.code, currency.code, sizeof currency.code) == 0)
            return &cell->money[i];
    if (cell->money_count == KD_TALLY_MONIES || (more = realloc(cell->money, (cell->money_count + 1) * sizeof *more)) == NULL)
        return NULL;
    cell->money = more;
    cell->money[cell->money_count] = (kd_tally_money){ currency, claimed, 0, 0 };
    return &cell->money[cell->money_count++];
}

static void add(int64_t *sum, int64_t more)
{
    if (__builtin_add_overflow(*sum, more, sum))
        *sum = INT64_MAX;
}

static bool add_order(kd_tally_cell *cell, const kd_fact *fact)
{
    kd_spent        spent;
    kd_tally_money *money;
    if (fact->kind != KD_KIND_ORDER && fact->kind != KD_KIND_RETURN && fact->kind != KD_KIND_ORDER_CANCELLED)
        return true;
    if (fact->kind == KD_KIND_ORDER)
        *(fact->claimed ? &cell->claimed_orders : &cell->orders) += 1;
    if (!kd_fact_spent(&spent, fact))
        return true;
    money = money_of(cell, spent.currency, fact->claimed);
    if (money == NULL)
        return false;
    add(&money->bought_micro, spent.bought_micro);
    add(&money->returned_micro, spent.returned_micro);
    return true;
}

static void add_to_minutes(kd_tally *t, int64_t time_ms, uint64_t hash)
{
    const int64_t minute = time_ms / MINUTE_MS;
    const size_t  m = (size_t)minute % KD_TALLY_MINUTES, a = (size_t)minute % KD_TALLY_ACTIVE_MINUTES;
    if (time_ms < 0 || minute < t->minutes[m].minute)
        return;
    if (minute > t->minutes[m].minute)
        t->minutes[m].events = 0;
    t->minutes[m].minute = minute;
    t->minutes[m].events++;
    if (minute < t->active[a].minute)
        return;
    if (minute > t->active[a].minute)
        memset(t->active[a].sketch, 0, sizeof t->active[a].sketch);
    t->active[a].minute = minute;
    kd_hll_add(t->active[a].sketch, KD_TALLY_P, hash);
}

static void add_to_source(kd_tally_source *source, int64_t received_ms)
{
    const int64_t hour = received_ms / HOUR_MS;
    const size_t  h = (size_t)hour % KD_TALLY_HOURS;
    source->events++;
    if (received_ms > source->last_ms)
        source->last_ms = received_ms;
    if (received_ms < 0 || hour < source->hours[h].hour)
        return;
    if (hour > source->hours[h].hour)
        source->hours[h].events = 0;
    source->hours[h].hour = hour;
    source->hours[h].events++;
}

bool kd_tally_add(kd_tally *t, const kd_stored *event)
{
    const kd_fact   *fact = event->fact;
    const uint64_t   hash = kd_hash64(event->person.b, sizeof event->person.b, 0);
    kd_tally_source *source = kd_tally_source_of(t, fact->source);
    kd_tally_day    *day = day_of(t, kd_day(fact->time_ms));
    kd_tally_cell   *cell = day ? cell_of(day, (uint32_t)(source - t->sources)) : NULL;
    t->events++;
    if (event->received_ms > t->newest_ms)
        t->newest_ms = event->received_ms;
    add_to_source(source, event->received_ms);
    add_to_minutes(t, fact->time_ms, hash);
    if (cell == NULL) {
        t->left_out++;
        return false;
    }
    cell->events++;
    day->new_people += event->first;
    if (kd_hll_add(day->sketch, KD_TALLY_P, hash))
        day->people = -1;
    day->dirty = true;
    if (add_order(cell, fact))
        return true;
    t->left_out++;
    return false;
}

void kd_tally_clean(kd_tally *t)
{
    for (size_t i = 0; i < t->day_count; i++)
        t->days[i]->dirty = false;
    t->gone_count = 0;
}

/* ---- stored forms ------------------------------------------------------------------------------------------------------------ */
enum { VERSION = 1, SPARSE = 0, DENSE = 1, SPARSE_MAX = 1200 /* registers: beyond, all of them are shorter */ };

static void put_sketch(kd_buf *out, const uint8_t *sketch)
{
    size_t set = 0, before = 0;
    for (size_t i = 0; i < KD_TALLY_SKETCH; i++)
        set += sketch[i] != 0;
    kd_put_u8(out, set > SPARSE_MAX ? DENSE : SPARSE);
    if (set > SPARSE_MAX) {
        kd_buf_add(out, sketch, KD_TALLY_SKETCH);
        return;
    }
    kd_put_varint(out, set);
    for (size_t i = 0; i < KD_TALLY_SKETCH; i++)
        if (sketch[i]) {
            kd_put_varint(out, i - before);
            kd_put_u8(out, sketch[i]);
            before = i;
        }
}

static void cut_sketch(uint8_t *sketch, kd_cut *cut)
{
    size_t at = 0;
    memset(sketch, 0, KD_TALLY_SKETCH);
    if (kd_cut_u8(cut) == DENSE) {
        kd_str bytes = kd_cut_bytes(cut, KD_TALLY_SKETCH);
        if (!cut->failed)
            memcpy(sketch, bytes.ptr, KD_TALLY_SKETCH);
        return;
    }
    for (uint64_t set = kd_cut_varint(cut); set && !cut->failed; set--) {
        const uint64_t step = kd_cut_varint(cut);
        if (step >= KD_TALLY_SKETCH - at) {
            cut->failed = true;
            return;
        }
        at += step;
        sketch[at] = kd_cut_u8(cut);
    }
}

void kd_tally_encode(kd_buf *out, const kd_tally *t)
{
    kd_put_u8(out, VERSION);
    kd_put_varint(out, t->events);
    kd_put_varint(out, t->left_out);
    kd_put_zigzag(out, t->newest_ms);
    kd_put_varint(out, t->source_count);
    for (size_t i = 0; i < t->source_count; i++) {
        const kd_tally_source *s = &t->sources[i];
        kd_put_str(out, (kd_str){ s->name, s->name_len });
        kd_put_varint(out, s->events);
        kd_put_varint(out, s->rejected);
        kd_put_varint(out, s->duplicates);
        kd_put_zigzag(out, s->last_ms);
        for (size_t h = 0; h < KD_TALLY_HOURS; h++) {
            kd_put_zigzag(out, s->hours[h].hour);
            kd_put_varint(out, s->hours[h].events);
        }
    }
    for (size_t i = 0; i < KD_TALLY_MINUTES; i++) {
        kd_put_zigzag(out, t->minutes[i].minute);
        kd_put_varint(out, t->minutes[i].events);
    }
    for (size_t i = 0; i < KD_TALLY_ACTIVE_MINUTES; i++) {
        kd_put_zigzag(out, t->active[i].minute);
        put_sketch(out, t->active[i].sketch);
    }
}

static void cut_source(kd_tally_source *s, kd_cut *cut)
{
    kd_str name = kd_cut_str(cut);
    if (name.len > KD_TALLY_SOURCE_BYTES) {
        cut->failed = true;
        return;
    }
    *s = (kd_tally_source){ .name_len = name.len };
    if (name.len)
        memcpy(s->name, name.ptr, name.len);
    s->events = kd_cut_varint(cut);
    s->rejected = kd_cut_varint(cut);
    s->duplicates = kd_cut_varint(cut);
    s->last_ms = kd_cut_zigzag(cut);
    for (size_t h = 0; h < KD_TALLY_HOURS; h++) {
        s->hours[h].hour = kd_cut_zigzag(cut);
        s->hours[h].events = kd_cut_varint(cut);
    }
}

static kd_status corrupt(kd_err *err)
{
    return kd_fail(err, KD_CORRUPT, "the stored counts of the pulse are damaged");
}

kd_status kd_tally_decode(kd_tally *t, kd_cut *cut, kd_err *err)
{
    uint64_t count;
    if (kd_cut_u8(cut) != VERSION)
        return corrupt(err);
    t->events = kd_cut_varint(cut);
    t->left_out = kd_cut_varint(cut);
    t->newest_ms = kd_cut_zigzag(cut);
    count = kd_cut_varint(cut);
    if (count > KD_TALLY_SOURCES)
        return corrupt(err);
    for (t->source_count = 0; t->source_count < count; t->source_count++)
        cut_source(&t->sources[t->source_count], cut);
    for (size_t i = 0; i < KD_TALLY_MINUTES; i++) {
        t->minutes[i].minute = kd_cut_zigzag(cut);
        t->minutes[i].events = kd_cut_varint(cut);
    }
    for (size_t i = 0; i < KD_TALLY_ACTIVE_MINUTES; i++) {
        t->active[i].minute = kd_cut_zigzag(cut);
        cut_sketch(t->active[i].sketch, cut);
    }
    return cut->failed ? corrupt(err) : KD_OK;
}

void kd_tally_day_encode(kd_buf *out, const kd_tally_day *day)
{
    kd_put_u8(out, VERSION);
    kd_put_zigzag(out, day->day);
    kd_put_varint(out, day->new_people);
    kd_put_varint(out, day->cell_count);
    for (uint32_t i = 0; i < day->cell_count; i++) {
        const kd_tally_cell *c = &day->cells[i];
        kd_put_varint(out, c->source);
        kd_put_varint(out, c->events);
        kd_put_varint(out, c->orders);
        kd_put_varint(out, c->claimed_orders);
        kd_put_varint(out, c->money_count);
        for (uint32_t m = 0; m < c->money_count; m++) {
            kd_buf_add(out, c->money[m].currency.code, sizeof c->money[m].currency.code);
            kd_put_u8(out, c->money[m].claimed);
            kd_put_zigzag(out, c->money[m].bought_micro);
            kd_put_zigzag(out, c->money[m].returned_micro);
        }
    }
    put_sketch(out, day->sketch);
}

static bool cut_cell(kd_tally_day *day, kd_cut *cut)
{
    const uint64_t source = kd_cut_varint(cut);
    kd_tally_cell *cell = source < KD_TALLY_SOURCES ? cell_of(day, (uint32_t)source) : NULL;
    uint64_t       monies;
    if (cell == NULL)
        return false;
    cell->events = kd_cut_varint(cut);
    cell->orders = kd_cut_varint(cut);
    cell->claimed_orders = kd_cut_varint(cut);
    monies = kd_cut_varint(cut);
    for (uint64_t m = 0; m < monies && !cut->failed; m++) {
        kd_str          code = kd_cut_bytes(cut, sizeof(kd_currency));
        kd_currency     currency = { "" };
        kd_tally_money *money;
        if (cut->failed || code.ptr[code.len - 1] != '\0')
            return false;
        memcpy(currency.code, code.ptr, sizeof currency.code);
        money = money_of(cell, currency, kd_cut_u8(cut) != 0);
        if (money == NULL)
            return false;
        money->bought_micro = kd_cut_zigzag(cut);
        money->returned_micro = kd_cut_zigzag(cut);
    }
    return !cut->failed;
}

kd_status kd_tally_day_decode(kd_tally *t, kd_str bytes, kd_err *err)
{
    kd_cut        cut = kd_cut_from(bytes.ptr, bytes.len);
    const bool    known = kd_cut_u8(&cut) == VERSION;
    const int64_t number = kd_cut_zigzag(&cut);
    kd_tally_day *day = known && number >= INT32_MIN && number <= INT32_MAX && !cut.failed ? day_of(t, (int32_t)number) : NULL;
    uint64_t      cells;
    if (day == NULL)
        return corrupt(err);
    day->new_people = kd_cut_varint(&cut);
    cells = kd_cut_varint(&cut);
    for (uint64_t i = 0; i < cells; i++)
        if (!cut_cell(day, &cut))
            return corrupt(err);
    cut_sketch(day->sketch, &cut);
    day->people = -1;
    return cut.failed || cut.ptr != cut.end ? corrupt(err) : KD_OK;
}

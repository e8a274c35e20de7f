#include "insight/source_days.h"

#include <math.h>
#include <stdlib.h>

enum { VERSION = 1 };

void kd_field_slot_add(kd_field_slot *slot, int32_t day, struct kd_seen_field seen)
{
    const int32_t        ring = day % KD_WATCH_DAYS;
    struct kd_field_day *d = &slot->days[ring < 0 ? ring + KD_WATCH_DAYS : ring];
    if (d->events && day < d->day)
        return; /* older than all that is kept */
    if (d->events == 0 || day > d->day)
        *d = (struct kd_field_day){ .day = day };
    d->events++;
    if (seen.state == KD_SEEN_ABSENT)
        return;
    d->present++;
    d->wrong_type += seen.state == KD_SEEN_TYPE;
    d->wrong_value += seen.state == KD_SEEN_VALUE;
    d->buckets[seen.bucket % KD_SOURCE_BUCKETS]++;
}

double kd_psi(const uint64_t *recent, const uint64_t *before, size_t buckets)
{
    double n = 0, m = 0, index = 0;
    for (size_t i = 0; i < buckets; i++) {
        n += (double)recent[i];
        m += (double)before[i];
    }
    for (size_t i = 0; i < buckets; i++) {
        if (recent[i] == 0 && before[i] == 0)
            continue; /* of a field with two values the other fourteen say nothing */
        const double p = ((double)recent[i] + 0.5) / (n + 0.5 * (double)buckets), q = ((double)before[i] + 0.5) / (m + 0.5 * (double)buckets);
        index += (p - q) * log(p / q);
    }
    return index;
}

static void add_day(kd_field_days *sum, const struct kd_field_day *d)
{
    sum->events += d->events;
    sum->present += d->present;
    sum->wrong_type += d->wrong_type;
    sum->wrong_value += d->wrong_value;
    for (size_t b = 0; b < KD_SOURCE_BUCKETS; b++)
        sum->buckets[b] += d->buckets[b];
}

static double part(uint64_t some, uint64_t all) { return all ? (double)some / (double)all : 0; }

static unsigned drift_of(const kd_field_report *r)
{
    const kd_field_days *a = &r->recent, *b = &r->before;
    unsigned             drift = 0;
    if (a->events >= KD_DRIFT_EVENTS && b->events >= 2 * KD_DRIFT_EVENTS && fabs(part(a->present, a->events) - part(b->present, b->events)) >= KD_DRIFT_SHARE)
        drift |= KD_DRIFT_OF_SHARE;
    if (a->present >= KD_DRIFT_EVENTS && b->present >= 2 * KD_DRIFT_EVENTS
        && fabs(part(a->wrong_type + a->wrong_value, a->present) - part(b->wrong_type + b->wrong_value, b->present)) >= KD_DRIFT_SHARE)
        drift |= KD_DRIFT_OF_TYPE;
    if (r->psi >= KD_DRIFT_PSI)
        drift |= KD_DRIFT_OF_VALUES;
    return drift;
}

void kd_field_slot_report(kd_field_report *r, const kd_field_slot *slot, int32_t today)
{
    uint32_t events_today = 0;
    for (size_t i = 0; i < KD_WATCH_DAYS; i++)
        if (slot->days[i].events && slot->days[i].day == today)
            events_today = slot->days[i].events;
    r->today = today;
    r->recent_from = events_today >= KD_DRIFT_EVENTS ? today : today - 1;
    r->before_from = r->recent_from - KD_DRIFT_BEFORE;
    for (size_t i = 0; i < KD_WATCH_DAYS; i++) {
        const struct kd_field_day *d = &slot->days[i];
        if (d->events == 0 || d->day > today || d->day <= today - KD_WATCH_DAYS)
            continue;
        r->day[KD_WATCH_DAYS - 1 - (today - d->day)].events = d->events;
        r->day[KD_WATCH_DAYS - 1 - (today - d->day)].present = d->present;
        if (d->day >= r->recent_from)
            add_day(&r->recent, d);
        else if (d->day >= r->before_from)
            add_day(&r->before, d);
    }
    r->psi = r->recent.present >= KD_DRIFT_VALUES && r->before.present >= 2 * KD_DRIFT_VALUES ? kd_psi(r->recent.buckets, r->before.buckets, KD_SOURCE_BUCKETS) : -1;
    r->drift = drift_of(r);
}

/* ---- stored form ------------------------------------------------------------------------------------------------------------ */
static void put_day(kd_buf *out, const struct kd_field_day *d)
{
    kd_put_zigzag(out, d->day);
    kd_put_varint(out, d->events);
    kd_put_varint(out, d->present);
    kd_put_varint(out, d->wrong_type);
    kd_put_varint(out, d->wrong_value);
    for (size_t b = 0; b < KD_SOURCE_BUCKETS; b++)
        kd_put_varint(out, d->buckets[b]);
}

static uint32_t cut_u32(kd_cut *cut)
{
    const uint64_t v = kd_cut_varint(cut);
    if (v > UINT32_MAX)
        cut->failed = true;
    return (uint32_t)v;
}

static void cut_day(kd_field_slot *slot, kd_cut *cut)
{
    struct kd_field_day d = { 0 };
    const int64_t       day = kd_cut_zigzag(cut);
    if (day < INT32_MIN || day > INT32_MAX) {
        cut->failed = true;
        return;
    }
    d.day = (int32_t)day;
    d.events = cut_u32(cut);
    d.present = cut_u32(cut);
    d.wrong_type = cut_u32(cut);
    d.wrong_value = cut_u32(cut);
    for (size_t b = 0; b < KD_SOURCE_BUCKETS; b++)
        d.buckets[b] = cut_u32(cut);
    const int32_t ring = d.day % KD_WATCH_DAYS;
    slot->days[ring < 0 ? ring + KD_WATCH_DAYS : ring] = d;
}

void kd_field_slots_encode(kd_buf *out, kd_str source, const kd_field_slot *slots, size_t count)
{
    kd_put_u8(out, VERSION);
    kd_put_str(out, source);
    kd_put_varint(out, count);
    for (size_t i = 0; i < count; i++) {
        size_t days = 0;
        for (size_t d = 0; d < KD_WATCH_DAYS; d++)
            days += slots[i].days[d].events > 0;
        kd_put_u64(out, slots[i].key);
        kd_put_varint(out, days);
        for (size_t d = 0; d < KD_WATCH_DAYS; d++)
            if (slots[i].days[d].events)
                put_day(out, &slots[i].days[d]);
    }
}

kd_status kd_field_slots_decode(kd_str *source, kd_field_slot **slots, size_t *count, kd_str bytes)
{
    kd_cut         cut = kd_cut_from(bytes.ptr, bytes.len);
    const bool     known = kd_cut_u8(&cut) == VERSION;
    kd_field_slot *list;
    uint64_t       n;
    *slots = NULL;
    *source = kd_cut_str(&cut);
    n = kd_cut_varint(&cut);
    if (!known || cut.failed || n > KD_SOURCE_FIELDS_MAX || (list = calloc(n ? n : 1, sizeof *list)) == NULL)
        return KD_CORRUPT;
    for (uint64_t i = 0; i < n && !cut.failed; i++) {
        list[i].key = kd_cut_u64(&cut);
        for (uint64_t days = kd_cut_varint(&cut); days && !cut.failed; days--)
            cut_day(&list[i], &cut);
    }
    if (cut.failed || cut.ptr != cut.end) {
        free(list);
        return KD_CORRUPT;
    }
    *slots = list;
    *count = (size_t)n;
    return KD_OK;
}

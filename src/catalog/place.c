#include <math.h>
#include <stdlib.h>
#include "catalog/image.h"

/* ---- places ---- */

static kd_str text_of(const kd_json *doc, const char *name)
{
    return kd_str_trim(kd_json_text(kd_json_get(doc, name)));
}

static double coordinate(const kd_json *doc, const char *name)
{
    double value = NAN;
    return kd_str_f64(&value, text_of(doc, name)) ? value : NAN;
}

kd_object *kd_place_make(kd_catalog *catalog, const kd_draft *draft, const kd_json *body, uint32_t row)
{
    const size_t     head = kd_pack_array_bytes(1, sizeof(kd_place_object)), bytes = head + kd_pack_tree_bytes(body);
    kd_place_object *object = kd_object_new(catalog, bytes, kd_hash64(draft->body.ptr, draft->body.len, 0), draft->deleted);
    if (!object)
        return NULL;
    kd_pack   pack = { (char *)object + head, (char *)object + bytes };
    kd_place *p = &object->place;
    p->doc = kd_pack_tree(&pack, body);
    p->id = text_of(p->doc, "id");
    p->name = text_of(p->doc, "name");
    p->kind = text_of(p->doc, "kind");
    if (p->kind.len == 0)
        p->kind = KD_STR("store");
    p->ref = draft->ref;
    p->row = (uint16_t)row;
    p->closed = draft->deleted;
    p->latitude = coordinate(p->doc, "latitude");
    p->longitude = coordinate(p->doc, "longitude");
    return &object->head;
}

static int minutes_of(const kd_json *clock)
{
    const kd_str t = kd_json_text(clock);
    return t.len == 5 ? ((t.ptr[0] - '0') * 10 + t.ptr[1] - '0') * 60 + (t.ptr[3] - '0') * 10 + t.ptr[4] - '0' : -1;
}

bool kd_place_open_at(const kd_place *place, int64_t local_ms)
{
    static const char *const days[] = { "thu", "fri", "sat", "sun", "mon", "tue", "wed" }; /* 1970-01-01 was a Thursday */
    const int32_t  day = kd_day(local_ms);
    const int      minute = (int)((local_ms - day * KD_DAY_MS) / 60000);
    const kd_json *hours = kd_json_get(place->doc, "hours");
    if (place->closed)
        return false;
    if (!kd_json_is(hours, KD_JSON_OBJECT))
        return true;
    const kd_json *spans = kd_json_get(hours, days[((day % 7) + 7) % 7]);
    for (const kd_json *span = kd_json_is(spans, KD_JSON_ARRAY) ? spans->child : NULL; span; span = span->next)
        if (span->count == 2 && minute >= minutes_of(span->child) && minute < minutes_of(span->child->next))
            return true;
    return false;
}

/* ---- postal codes ---- */

static int compare_changes(const void *a, const void *b)
{
    const kd_postal_change *x = a, *y = b;
    const int               order = memcmp(x->row.key, y->row.key, sizeof x->row.key);
    return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

bool kd_postal_change_of(kd_postal_change *out, const kd_draft *draft, const kd_json *body)
{
    *out = (kd_postal_change){ .deleted = draft->deleted };
    if (draft->id.len < 4 || !kd_postal_key(out->row.key, (kd_str){ draft->id.ptr, 2 },
                                            (kd_str){ draft->id.ptr + 3, draft->id.len - 3 }))
        return false;
    if (draft->deleted)
        return true;
    const double latitude = coordinate(body, "latitude"), longitude = coordinate(body, "longitude");
    if (!(fabs(latitude) <= 90) || !(fabs(longitude) <= 180))
        return false;
    out->row.latitude_e6 = (int32_t)lround(latitude * 1e6);
    out->row.longitude_e6 = (int32_t)lround(longitude * 1e6);
    return true;
}

kd_postal *kd_postal_with(const kd_postal *older, kd_postal_change *changes, size_t count)
{
    const size_t before = older ? older->count : 0;
    kd_postal   *merged = malloc(sizeof *merged + (before + count) * sizeof merged->rows[0]);
    size_t       old = 0;
    if (!merged)
        return NULL;
    atomic_init(&merged->refs, 1);
    merged->count = 0;
    qsort(changes, count, sizeof *changes, compare_changes);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && memcmp(changes[i].row.key, changes[i + 1].row.key, sizeof changes[i].row.key) == 0)
            continue; /* the last word on a code counts */
        int order = -1;
        while (old < before && (order = memcmp(older->rows[old].key, changes[i].row.key, sizeof changes[i].row.key)) < 0)
            merged->rows[merged->count++] = older->rows[old++];
        if (old < before && order == 0)
            old++;
        if (!changes[i].deleted)
            merged->rows[merged->count++] = changes[i].row;
    }
    while (old < before)
        merged->rows[merged->count++] = older->rows[old++];
    return merged;
}

void kd_postal_release(kd_postal *postal)
{
    if (postal && atomic_fetch_sub_explicit(&postal->refs, 1, memory_order_acq_rel) == 1)
        free(postal);
}

static int compare_key(const void *key, const void *row)
{
    return memcmp(key, ((const kd_postal_row *)row)->key, KD_POSTAL_CODE_BYTES + 2);
}

/* The code itself, or what the table has of its beginning: tables of the Netherlands or the United Kingdom often hold
 * "1012" and "SW1A" where customers write "1012 AB" and "SW1A 1AA". */
static const kd_postal_row *postal_find(const kd_postal *postal, kd_str country, kd_str code)
{
    char key[KD_POSTAL_CODE_BYTES + 2];
    if (!postal || !kd_postal_key(key, country, code))
        return NULL;
    for (size_t len = strnlen(key, sizeof key); len >= 4; len--) { /* country and at least two of the code */
        const kd_postal_row *row = bsearch(key, postal->rows, postal->count, sizeof postal->rows[0], compare_key);
        if (row)
            return row;
        key[len - 1] = 0;
    }
    return NULL;
}

/* Great-circle distance on a sphere of 6371.0088 km (the mean radius), haversine form: exact for small distances. */
static double distance_km(double latitude_a, double longitude_a, double latitude_b, double longitude_b)
{
    const double rad = 3.14159265358979323846 / 180;
    const double u = sin((latitude_b - latitude_a) * rad / 2), v = sin((longitude_b - longitude_a) * rad / 2);
    const double h = u * u + cos(latitude_a * rad) * cos(latitude_b * rad) * v * v;
    return 2 * 6371.0088 * asin(sqrt(h < 1 ? h : 1));
}

static const kd_place *nearest(const kd_snapshot *s, kd_str country, kd_str postal_code, const int64_t *local_ms, double *km)
{
    const kd_postal_row *from = postal_find(s->postal, country, postal_code);
    const kd_place      *best = NULL;
    double               best_km = INFINITY;
    for (uint32_t row = 0; from && row < s->places.count; row++) {
        const kd_place *place = kd_snapshot_place(s, (uint16_t)row);
        if (place->closed || !kd_str_is(place->kind, "store") || isnan(place->latitude)
            || (local_ms && !kd_place_open_at(place, *local_ms)))
            continue;
        const double away = distance_km(from->latitude_e6 / 1e6, from->longitude_e6 / 1e6, place->latitude, place->longitude);
        /* the same answer for any order of rows */
        if (away < best_km || (away == best_km && best && kd_str_cmp(place->id, best->id) < 0)) {
            best = place;
            best_km = away;
        }
    }
    if (best && km)
        *km = best_km;
    return best;
}

const kd_place *kd_snapshot_nearest(const kd_snapshot *s, kd_str country, kd_str postal_code, double *km)
{
    return nearest(s, country, postal_code, NULL, km);
}

const kd_place *kd_snapshot_nearest_open(const kd_snapshot *s, kd_str country, kd_str postal_code, int64_t local_ms, double *km)
{
    return nearest(s, country, postal_code, &local_ms, km);
}

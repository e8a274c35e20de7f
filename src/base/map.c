#include "base/map.h"

#include <stdlib.h>

typedef struct slot {
    uint64_t key;
    uint32_t value;
    uint32_t used; /* lives in what would be padding, and spares key 0 from being special */
} slot;

struct kd_map {
    slot  *slots;
    size_t mask; /* number of slots, a power of two, less 1 */
    size_t count;
};

/* Keys may be sequential row numbers, so they are mixed before the low bits choose the slot (murmur3's finalizer). */
static size_t mix(uint64_t key)
{
    key = (key ^ (key >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    key = (key ^ (key >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (size_t)(key ^ (key >> 33));
}

/* At most 6 of 10 slots are used, which keeps probes short. */
static bool is_full(size_t count, size_t slots)
{
    return count > slots / 10 * 6 + slots % 10 * 6 / 10;
}

kd_map *kd_map_new(size_t expected)
{
    kd_map *map = calloc(1, sizeof *map);
    size_t  slots = 16;
    if (map == NULL || expected > SIZE_MAX / (4 * sizeof(slot))) {
        free(map);
        return NULL;
    }
    while (is_full(expected, slots))
        slots *= 2;
    map->slots = calloc(slots, sizeof(slot));
    map->mask = slots - 1;
    if (map->slots == NULL) {
        free(map);
        return NULL;
    }
    return map;
}

void kd_map_free(kd_map *map)
{
    if (map == NULL)
        return;
    free(map->slots);
    free(map);
}

/* The slot of `key`, or the free one where it belongs. */
static slot *find(const kd_map *map, uint64_t key)
{
    size_t i = mix(key) & map->mask;
    while (map->slots[i].used && map->slots[i].key != key)
        i = (i + 1) & map->mask;
    return &map->slots[i];
}

bool kd_map_get(const kd_map *map, uint64_t key, uint32_t *value)
{
    const slot *s = find(map, key);
    if (s->used)
        *value = s->value;
    return s->used;
}

static bool grow(kd_map *map)
{
    kd_map bigger = { .mask = map->mask * 2 + 1, .count = map->count };
    bigger.slots = calloc(bigger.mask + 1, sizeof(slot));
    if (bigger.slots == NULL)
        return false;
    for (size_t i = 0; i <= map->mask; i++)
        if (map->slots[i].used)
            *find(&bigger, map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = bigger;
    return true;
}

/* The slot of `key`, made when it was new; NULL when out of memory. */
static slot *find_or_make(kd_map *map, uint64_t key, bool *is_new)
{
    slot *s = find(map, key);
    *is_new = !s->used;
    if (s->used)
        return s;
    if (is_full(map->count + 1, map->mask + 1)) {
        if (!grow(map))
            return NULL;
        s = find(map, key);
    }
    map->count++;
    s->key = key;
    s->used = 1;
    return s;
}

uint32_t kd_map_put_new(kd_map *map, uint64_t key, uint32_t value, bool *is_new)
{
    bool  made;
    slot *s = find_or_make(map, key, &made);
    if (is_new != NULL)
        *is_new = s != NULL && made;
    if (s == NULL)
        return UINT32_MAX;
    if (made)
        s->value = value;
    return s->value;
}

bool kd_map_set(kd_map *map, uint64_t key, uint32_t value)
{
    bool  made;
    slot *s = find_or_make(map, key, &made);
    if (s != NULL)
        s->value = value;
    return s != NULL;
}

size_t kd_map_count(const kd_map *map)
{
    return map->count;
}

size_t kd_map_bytes(const kd_map *map)
{
    return sizeof *map + (map->mask + 1) * sizeof(slot);
}

/* base/map.h -- a hash map from a 64-bit key to a 32-bit value (open addressing, linear probing).
 * Key 0 is allowed. No removal: what is removed in Kunde is removed by building anew. Threads: one writer or many readers. */
#ifndef KD_BASE_MAP_H
#define KD_BASE_MAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kd_map kd_map;
kd_map *kd_map_new(size_t expected); /* NULL when out of memory */
void    kd_map_free(kd_map *map);
bool    kd_map_get(const kd_map *map, uint64_t key, uint32_t *value);
/* The value under `key`, put there as `value` if the key was new (*is_new tells; may be NULL). UINT32_MAX: out of memory. */
uint32_t kd_map_put_new(kd_map *map, uint64_t key, uint32_t value, bool *is_new);
bool     kd_map_set(kd_map *map, uint64_t key, uint32_t value);
size_t   kd_map_count(const kd_map *map);
size_t   kd_map_bytes(const kd_map *map);
#endif

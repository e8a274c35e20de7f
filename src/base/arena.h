/* base/arena.h -- memory that ends all at once.
 *
 * One arena per request or training run, with a byte cap. Passing the cap gives NULL, which callers turn into KD_LIMIT
 * (kd_fail_memory). Blocks grow geometrically. Threads: an arena belongs to one thread at a time. */
#ifndef KD_BASE_ARENA_H
#define KD_BASE_ARENA_H
#include <stddef.h>

typedef struct kd_arena kd_arena;

kd_arena *kd_arena_new(size_t bytes_max);
void      kd_arena_free(kd_arena *arena); /* NULL is fine */
void      kd_arena_reset(kd_arena *arena); /* empty again; keeps the largest block for the next request */
size_t    kd_arena_used(const kd_arena *arena);

/* Zero-filled, aligned to 16. NULL when the cap is passed or the machine has no more. `size` 0 gives a valid pointer. */
void *kd_arena_alloc(kd_arena *arena, size_t size);
/* The same without the zeros: for bytes that are written before anyone reads them. */
void *kd_arena_room(kd_arena *arena, size_t size);
/* count * size with the multiplication checked. */
void *kd_arena_array(kd_arena *arena, size_t count, size_t size);
/* A copy of `size` bytes with a NUL behind them. */
char *kd_arena_copy(kd_arena *arena, const void *bytes, size_t size);

#define KD_NEW(arena, type, count) ((type *)kd_arena_array((arena), (count), sizeof(type)))
#endif

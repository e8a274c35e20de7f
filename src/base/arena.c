#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature) /* clang's way of asking; gcc defines the name itself */
#if __has_feature(address_sanitizer)
#define KD_ARENA_POISONS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define KD_ARENA_POISONS
#endif
#ifdef KD_ARENA_POISONS
#include <sanitizer/asan_interface.h>
#else /* what has not been handed out is poisoned only where someone looks */
#define ASAN_POISON_MEMORY_REGION(ptr, size) ((void)(ptr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, size) ((void)(ptr), (void)(size))
#endif

enum { ALIGN = 16, BLOCK_MIN = 4096, BLOCK_MAX = 1 << 20 };

typedef struct block {
    struct block *next;
    size_t        size, used;
    alignas(ALIGN) char bytes[];
} block;

struct kd_arena {
    block *head;     /* allocations come from here; the others are full, or hold one large piece */
    size_t reserved; /* sum of block sizes: this is what the cap bounds */
    size_t bytes_max;
    size_t used;
    size_t grow; /* size of the next ordinary block */
};

kd_arena *kd_arena_new(size_t bytes_max)
{
    kd_arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL) {
        arena->bytes_max = bytes_max;
        arena->grow = BLOCK_MIN;
    }
    return arena;
}

static void free_blocks(block *b, const block *keep)
{
    while (b != NULL) {
        block *next = b->next;
        if (b != keep) {
            ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
            free(b);
        }
        b = next;
    }
}

void kd_arena_free(kd_arena *arena)
{
    if (arena == NULL)
        return;
    free_blocks(arena->head, NULL);
    free(arena);
}

void kd_arena_reset(kd_arena *arena)
{
    block *largest = arena->head;
    for (block *b = arena->head; b != NULL; b = b->next)
        if (b->size > largest->size)
            largest = b;
    free_blocks(arena->head, largest);
    arena->head = largest;
    arena->used = 0;
    arena->reserved = 0;
    if (largest != NULL) {
        largest->next = NULL;
        largest->used = 0;
        arena->reserved = largest->size;
        ASAN_POISON_MEMORY_REGION(largest->bytes, largest->size);
    }
}

size_t kd_arena_used(const kd_arena *arena)
{
    return arena->used;
}

/* A block with room for `need` more bytes, or NULL. A piece that would waste most of an ordinary block gets its own, placed
 * behind the head, so that the head goes on serving small pieces. */
static block *block_for(kd_arena *arena, size_t need)
{
    size_t left = arena->bytes_max - arena->reserved;
    if (need > left)
        return NULL;
    size_t size = need > arena->grow / 2 ? need : arena->grow;
    if (size > left)
        size = left;
    block *b = malloc(sizeof *b + size);
    if (b == NULL)
        return NULL;
    b->size = size;
    b->used = 0;
    ASAN_POISON_MEMORY_REGION(b->bytes, b->size);
    arena->reserved += size;
    if (size == need && arena->head != NULL) {
        b->next = arena->head->next;
        arena->head->next = b;
    } else {
        b->next = arena->head;
        arena->head = b;
        if (arena->grow < BLOCK_MAX)
            arena->grow *= 2;
    }
    return b;
}

void *kd_arena_room(kd_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t need = size == 0 ? ALIGN : (size + ALIGN - 1) / ALIGN * ALIGN;
    block *b = arena->head;
    if (b == NULL || b->size - b->used < need) {
        b = block_for(arena, need);
        if (b == NULL)
            return NULL;
    }
    void *ptr = b->bytes + b->used;
    b->used += need;
    arena->used += need;
    ASAN_UNPOISON_MEMORY_REGION(ptr, size); /* exactly: the padding stays poisoned */
    return ptr;
}

void *kd_arena_alloc(kd_arena *arena, size_t size)
{
    void *ptr = kd_arena_room(arena, size);
    return ptr != NULL ? memset(ptr, 0, size) : NULL;
}

void *kd_arena_array(kd_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return kd_arena_alloc(arena, count * size);
}

char *kd_arena_copy(kd_arena *arena, const void *bytes, size_t size)
{
    char *copy = size < SIZE_MAX ? kd_arena_room(arena, size + 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

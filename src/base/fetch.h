/* base/fetch.h -- asking for memory before it is needed.
 *
 * Models, products and their texts lie anywhere in hundreds of megabytes: asked for one after the other, most of the time goes by
 * waiting. Elsewhere than with gcc and clang this is nothing, and only slower. */
#ifndef KD_BASE_FETCH_H
#define KD_BASE_FETCH_H
#include <stddef.h>
#include <stdint.h>

/* A hint: `ptr` may be anything, NULL too, and the bytes need not be there. */
static inline void kd_fetch_ahead(const void *ptr, size_t bytes)
{
#ifdef __GNUC__
    for (size_t at = 0; at < bytes; at += 64)
        __builtin_prefetch((const void *)((uintptr_t)ptr + at));
#else
    (void)ptr, (void)bytes;
#endif
}
#endif

#include "catalog/index.h"
#include <assert.h>
#include <stdlib.h>
#include "base/fetch.h"

enum { INDEX_SLOTS_MIN = 64 };

void kd_index_clear(kd_index *index)
{
    kd_index_table *table = atomic_load_explicit(&index->table, memory_order_relaxed);
    while (table) {
        kd_index_table *older = table->retired;
        free(table);
        table = older;
    }
    atomic_store_explicit(&index->table, NULL, memory_order_relaxed);
    index->count = index->bytes = 0;
}

static void place(kd_index_table *table, uint64_t key, uint64_t value)
{
    size_t at = key & table->mask;
    while (atomic_load_explicit(&table->slots[at].key, memory_order_relaxed) != 0)
        at = (at + 1) & table->mask;
    atomic_store_explicit(&table->slots[at].value, value, memory_order_relaxed);
    atomic_store_explicit(&table->slots[at].key, key, memory_order_release); /* whoever sees the key sees the value */
}

bool kd_index_reserve(kd_index *index, size_t more)
{
    kd_index_table *old = atomic_load_explicit(&index->table, memory_order_relaxed);
    size_t          slots = old ? old->mask + 1 : INDEX_SLOTS_MIN;
    if (more > SIZE_MAX / 64 - index->count)
        return false;
    while (slots / 2 < index->count + more) /* at most half full: a miss ends after two steps on average */
        slots *= 2;
    if (old && slots == old->mask + 1)
        return true;
    kd_index_table *table = calloc(1, sizeof *table + slots * sizeof table->slots[0]);
    if (!table)
        return false;
    table->retired = old;
    table->mask = slots - 1;
    for (size_t i = 0; old && i <= old->mask; i++) {
        const uint64_t key = atomic_load_explicit(&old->slots[i].key, memory_order_relaxed);
        if (key != 0)
            place(table, key, atomic_load_explicit(&old->slots[i].value, memory_order_relaxed));
    }
    index->bytes += sizeof *table + slots * sizeof table->slots[0];
    atomic_store_explicit(&index->table, table, memory_order_release);
    return true;
}

void kd_index_put(kd_index *index, uint64_t key, uint64_t value)
{
    kd_index_table *table = atomic_load_explicit(&index->table, memory_order_relaxed);
    assert(key != 0 && table && index->count < (table->mask + 1) / 2);
    place(table, key, value);
    index->count++;
}

bool kd_index_get(const kd_index *index, uint64_t key, uint64_t *value)
{
    const kd_index_table *table = atomic_load_explicit(&index->table, memory_order_acquire);
    if (!table || key == 0)
        return false;
    for (size_t at = key & table->mask;; at = (at + 1) & table->mask) {
        const uint64_t here = atomic_load_explicit(&table->slots[at].key, memory_order_acquire);
        if (here == 0)
            return false;
        if (here == key) {
            *value = atomic_load_explicit(&table->slots[at].value, memory_order_relaxed);
            return true;
        }
    }
}

void kd_index_fetch_ahead(const kd_index *index, uint64_t key)
{
    const kd_index_table *table = atomic_load_explicit(&index->table, memory_order_acquire);
    if (table)
        kd_fetch_ahead(&table->slots[key & table->mask], sizeof table->slots[0]);
}

void kd_words_clear(kd_words *words)
{
    kd_index_clear(&words->index);
    kd_arena_free(words->arena);
    words->arena = NULL;
}

const kd_word *kd_words_add(kd_words *words, kd_str text, kd_ref *ref)
{
    uint64_t known = 0;
    *ref = kd_ref_of(text);
    if (kd_index_get(&words->index, *ref, &known))
        return (const kd_word *)(uintptr_t)known;
    if (!words->arena && !(words->arena = kd_arena_new(SIZE_MAX)))
        return NULL;
    kd_word *word = kd_arena_alloc(words->arena, sizeof *word + text.len + 1);
    if (!word || !kd_index_reserve(&words->index, 1))
        return NULL;
    word->len = text.len;
    if (text.len != 0)
        memcpy(word->text, text.ptr, text.len);
    kd_index_put(&words->index, *ref, (uintptr_t)word);
    return word;
}

kd_str kd_words_text(const kd_words *words, kd_ref ref)
{
    uint64_t known = 0;
    return kd_index_get(&words->index, ref, &known) ? kd_word_str((const kd_word *)(uintptr_t)known) : (kd_str){ 0 };
}

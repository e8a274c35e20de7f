/* catalog/index.h -- from a ref to a number or a text, growing while others read.
 *
 * Append-only open addressing. A reader takes no lock: it sees an entry when it happened before what the reader already
 * saw (a snapshot published after it). Growth makes a new table; the old ones are kept until kd_index_clear, because a
 * reader may still be inside one; together they are smaller than the new one.
 * Threads: one writer at a time, any readers. */
#ifndef KD_CATALOG_INDEX_H
#define KD_CATALOG_INDEX_H
#include <stdatomic.h>
#include "base/id.h"

typedef struct kd_index_slot { _Atomic uint64_t key, value; } kd_index_slot;
typedef struct kd_index_table {
    struct kd_index_table *retired;
    size_t                 mask;
    kd_index_slot          slots[];
} kd_index_table;
typedef struct kd_index { /* zero-filled: empty */
    _Atomic(kd_index_table *) table;
    size_t                    count, bytes;
} kd_index;

void kd_index_clear(kd_index *index);
/* Room for `more` entries, so that putting them cannot fail. False: out of memory. */
bool kd_index_reserve(kd_index *index, size_t more);
/* A new key, not 0. */
void kd_index_put(kd_index *index, uint64_t key, uint64_t value);
bool kd_index_get(const kd_index *index, uint64_t key, uint64_t *value);
void kd_index_fetch_ahead(const kd_index *index, uint64_t key);

/* Texts that are said many times and kept once: the values of attributes. Never removed while the catalogue is open. */
typedef struct kd_word { size_t len; char text[]; } kd_word;
typedef struct kd_words {
    kd_index  index; /* ref -> kd_word */
    kd_arena *arena; /* made by the first word */
} kd_words;
void           kd_words_clear(kd_words *words);
const kd_word *kd_words_add(kd_words *words, kd_str text, kd_ref *ref); /* NULL: out of memory */
kd_str         kd_words_text(const kd_words *words, kd_ref ref);        /* empty when unknown */
static inline kd_str kd_word_str(const kd_word *word) { return (kd_str){ word->text, word->len }; }
#endif

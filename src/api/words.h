/* api/words.h -- products by words, as somebody types them. Private to api/. Threads: pure functions. */
#ifndef KD_API_WORDS_H
#define KD_API_WORDS_H
#include "catalog/catalog.h"

enum { KD_WORDS_MAX = 8, KD_WORD_BYTES = 64 };
typedef struct kd_query { /* in lower case */
    size_t count;
    struct { char text[KD_WORD_BYTES]; size_t len; } words[KD_WORDS_MAX];
} kd_query;

/* The first KD_WORDS_MAX words of a text, each cut at KD_WORD_BYTES; none: everything matches. */
void kd_query_read(kd_query *out, kd_str text);
/* Every word is part of title, id, category or brand, or a whole sku; upper and lower case are one (ASCII and Latin letters). */
bool kd_query_matches(const kd_query *query, const kd_product *product);
/* The category itself, or one below it ("Outdoor" of "Outdoor > Jackets"). */
bool kd_category_is_within(kd_str category, kd_str level);
#endif

/* catalog/query.h -- products by words, as somebody types them. Threads: pure functions. */
#ifndef KD_CATALOG_QUERY_H
#define KD_CATALOG_QUERY_H
#include "catalog/catalog.h"

enum { KD_QUERY_WORDS_MAX = 8, KD_QUERY_WORD_BYTES = 64 };
typedef struct kd_query {
    size_t count;
    struct {
        char     text[KD_QUERY_WORD_BYTES]; /* in lower case */
        size_t   len;
        uint32_t row;                       /* of the product whose id or sku the word is; KD_ROW_NONE */
    } words[KD_QUERY_WORDS_MAX];
} kd_query;

/* The first KD_QUERY_WORDS_MAX words of a text, each cut at KD_QUERY_WORD_BYTES; none: everything matches. */
void kd_query_read(kd_query *out, kd_str text, const kd_snapshot *snapshot);
/* Every word is part of title, id, category or brand, upper and lower case being one (ASCII and Latin-1 letters), or a whole sku as
 * typed or in capitals. */
bool kd_query_matches(const kd_query *query, const kd_product *product);
/* The category itself, or one below it ("Outdoor" of "Outdoor > Jackets"). */
bool kd_category_is_within(kd_str category, kd_str level);
/* `len` bytes of UTF-8 in lower case; for the same text the same length. */
void kd_lower(char *out, const char *text, size_t len);
#endif

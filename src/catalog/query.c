#include "catalog/query.h"

/* Lower case of a byte of UTF-8, by the byte before it: ASCII, and the letters of Latin-1, which begin with C3. */
static unsigned char lower(unsigned char c, unsigned char before)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c + 32);
    if (before == 0xC3 && c >= 0x80 && c <= 0x9E && c != 0x97)
        return (unsigned char)(c + 0x20);
    return c;
}

void kd_lower(char *out, const char *text, size_t len)
{
    unsigned char before = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        out[i] = (char)lower(c, before);
        before = c;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

static uint32_t row_of(kd_str word, const kd_snapshot *snapshot)
{
    const kd_variant *variant;
    const kd_product *product;
    char              capitals[KD_QUERY_WORD_BYTES];
    if (word.len > sizeof capitals)
        return KD_ROW_NONE;
    product = kd_snapshot_find_any(snapshot, kd_ref_of(word), &variant);
    for (size_t i = 0; i < word.len; i++)
        capitals[i] = (char)(word.ptr[i] >= 'a' && word.ptr[i] <= 'z' ? word.ptr[i] - 32 : word.ptr[i]);
    if (product == NULL)
        product = kd_snapshot_find_any(snapshot, kd_ref_of((kd_str){ capitals, word.len }), &variant);
    return product ? product->row : KD_ROW_NONE;
}

void kd_query_read(kd_query *out, kd_str text, const kd_snapshot *snapshot)
{
    size_t i = 0;
    out->count = 0;
    while (out->count < KD_QUERY_WORDS_MAX) {
        size_t begin, len;
        while (i < text.len && is_blank(text.ptr[i]))
            i++;
        if (i == text.len)
            return;
        for (begin = i; i < text.len && !is_blank(text.ptr[i]);)
            i++;
        len = i - begin < KD_QUERY_WORD_BYTES ? i - begin : KD_QUERY_WORD_BYTES;
        kd_lower(out->words[out->count].text, text.ptr + begin, len);
        out->words[out->count].row = row_of((kd_str){ text.ptr + begin, i - begin }, snapshot);
        out->words[out->count++].len = len;
    }
}

bool kd_query_matches(const kd_query *query, const kd_product *p)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->words[i].row != p->row && memmem(p->words.ptr, p->words.len, query->words[i].text, query->words[i].len) == NULL)
            return false;
    return true;
}

bool kd_category_is_within(kd_str category, kd_str level)
{
    if (category.len < level.len || memcmp(category.ptr, level.ptr, level.len) != 0)
        return false;
    return category.len == level.len || kd_str_starts((kd_str){ category.ptr + level.len, category.len - level.len }, " > ");
}

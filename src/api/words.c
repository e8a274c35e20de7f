#include "api/words.h"

/* Lower case of a byte of UTF-8, by the byte before it: ASCII, and the letters of Latin-1, which begin with C3. */
static unsigned char lower(unsigned char c, unsigned char before)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c + 32);
    if (before == 0xC3 && c >= 0x80 && c <= 0x9E && c != 0x97)
        return (unsigned char)(c + 0x20);
    return c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

void kd_query_read(kd_query *out, kd_str text)
{
    size_t i = 0;
    out->count = 0;
    while (out->count < KD_WORDS_MAX) {
        size_t len = 0;
        while (i < text.len && is_blank(text.ptr[i]))
            i++;
        if (i == text.len)
            return;
        for (unsigned char before = 0; i < text.len && !is_blank(text.ptr[i]); before = (unsigned char)text.ptr[i++])
            if (len < KD_WORD_BYTES)
                out->words[out->count].text[len++] = (char)lower((unsigned char)text.ptr[i], before);
        out->words[out->count++].len = len;
    }
}

static bool contains(kd_str text, const char *word, size_t len)
{
    for (size_t from = 0; from + len <= text.len; from++) {
        size_t n = 0;
        while (n < len && lower((unsigned char)text.ptr[from + n], from + n ? (unsigned char)text.ptr[from + n - 1] : 0) == (unsigned char)word[n])
            n++;
        if (n == len)
            return true;
    }
    return false;
}

static bool has_sku(const kd_product *p, const char *word, size_t len)
{
    for (uint16_t v = 0; v < p->variant_count; v++)
        if (p->variants[v].sku.len == len && contains(p->variants[v].sku, word, len))
            return true;
    return false;
}

bool kd_query_matches(const kd_query *query, const kd_product *p)
{
    for (size_t i = 0; i < query->count; i++) {
        const char *word = query->words[i].text;
        size_t      len = query->words[i].len;
        if (!contains(p->title, word, len) && !contains(p->id, word, len) && !contains(p->category, word, len) && !contains(p->brand, word, len)
            && !has_sku(p, word, len))
            return false;
    }
    return true;
}

bool kd_category_is_within(kd_str category, kd_str level)
{
    if (category.len < level.len || memcmp(category.ptr, level.ptr, level.len) != 0)
        return false;
    return category.len == level.len || kd_str_starts((kd_str){ category.ptr + level.len, category.len - level.len }, " > ");
}

#include <stdio.h>
#include <stdlib.h>
#include "catalog/image.h"

/* ---- names and numbers ---- */

static const struct { uint16_t number; const char *name; } built_in[] = {
    { KD_ATTR_CATEGORY, "category" }, { KD_ATTR_BRAND, "brand" }, { KD_ATTR_PRICE_BAND, "price_band" }, { KD_ATTR_COLOR, "color" },
    { KD_ATTR_SIZE, "size" }, { KD_ATTR_STYLE, "style" }, { KD_ATTR_CUT, "cut" }, { KD_ATTR_MATERIAL, "material" },
    { KD_ATTR_GENDER, "gender" }, { KD_ATTR_COLOR, "colour" }, /* the first spelling is the name */
};

static uint16_t built_in_number(kd_str name)
{
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (kd_str_is_nocase(name, built_in[i].name))
            return built_in[i].number;
    return 0;
}

/* A custom name's number follows from the name itself, so that it is the same after a restart and on another node; two names
 * that meet go to the next free number, in the order they came. */
static uint16_t custom_start(kd_str name)
{
    return (uint16_t)(KD_ATTR_FIRST_CUSTOM + kd_ref_of(name) % (KD_ATTRIBUTE_NUMBERS - KD_ATTR_FIRST_CUSTOM));
}

static uint16_t custom_next(uint16_t number)
{
    return number == KD_ATTRIBUTE_NUMBERS - 1 ? KD_ATTR_FIRST_CUSTOM : (uint16_t)(number + 1);
}

uint16_t kd_attribute_find(const kd_catalog *catalog, kd_str name)
{
    uint16_t number = built_in_number(name);
    if (number != 0 || name.len == 0)
        return number;
    for (number = custom_start(name);; number = custom_next(number)) {
        const kd_word *word = atomic_load_explicit(&catalog->attribute_names[number], memory_order_acquire);
        if (!word)
            return 0;
        if (kd_str_eq(kd_word_str(word), name))
            return number;
    }
}

uint16_t kd_attribute_number(kd_catalog *catalog, kd_str name)
{
    kd_ref   ref;
    uint16_t number = kd_attribute_find(catalog, name);
    if (catalog->attribute_count == 0) { /* the first call of a catalogue: the built-in names */
        for (size_t i = sizeof built_in / sizeof *built_in; i-- > 0;) {
            const kd_word *word = kd_words_add(&catalog->values, kd_str_z(built_in[i].name), &ref);
            if (!word)
                return 0;
            atomic_store_explicit(&catalog->attribute_names[built_in[i].number], word, memory_order_release);
        }
        catalog->attribute_count = sizeof built_in / sizeof *built_in - 1;
    }
    if (number != 0 || name.len == 0)
        return number;
    const kd_word *word = catalog->attribute_count < KD_ATTRIBUTE_NAMES_MAX ? kd_words_add(&catalog->values, name, &ref) : NULL;
    if (!word)
        return 0;
    for (number = custom_start(name); atomic_load_explicit(&catalog->attribute_names[number], memory_order_relaxed);)
        number = custom_next(number);
    atomic_store_explicit(&catalog->attribute_names[number], word, memory_order_release);
    catalog->attribute_count++;
    return number;
}

/* ---- lists ---- */

static bool attr_push(kd_attr_list *list, uint16_t attribute, kd_ref value)
{
    if (list->count == list->cap) {
        const size_t     cap = list->cap ? list->cap * 2 : 16;
        kd_product_attr *items = KD_NEW(list->arena, kd_product_attr, cap);
        if (!items)
            return false;
        if (list->count)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = (kd_product_attr){ attribute, value };
    return true;
}

bool kd_attr_add(kd_attr_list *list, kd_catalog *catalog, uint16_t attribute, kd_str text)
{
    kd_ref ref = 0;
    text = kd_str_trim(text);
    if (text.len == 0 || attribute == 0)
        return true;
    return kd_words_add(&catalog->values, text, &ref) && attr_push(list, attribute, ref);
}

bool kd_attr_add_node(kd_attr_list *list, kd_catalog *catalog, uint16_t attribute, const kd_json *node)
{
    bool ok = true;
    if (kd_json_is(node, KD_JSON_TRUE) || kd_json_is(node, KD_JSON_FALSE))
        return kd_attr_add(list, catalog, attribute, node->type == KD_JSON_TRUE ? KD_STR("yes") : KD_STR("no"));
    if (!kd_json_is(node, KD_JSON_ARRAY))
        return kd_attr_add(list, catalog, attribute, kd_json_text(node));
    for (const kd_json *v = node->child; v && ok; v = v->next)
        ok = kd_attr_add(list, catalog, attribute, kd_json_text(v));
    return ok;
}

bool kd_attr_add_category(kd_attr_list *list, kd_catalog *catalog, kd_str path, const kd_word **whole)
{
    char   text[KD_DOC_TITLE_BYTES_MAX * 3]; /* "a>b" becomes "a > b" */
    size_t len = 0;
    while (path.len != 0) {
        const char  *end = memchr(path.ptr, '>', path.len);
        const kd_str level = kd_str_trim((kd_str){ path.ptr, end ? (size_t)(end - path.ptr) : path.len });
        const size_t step = end ? (size_t)(end - path.ptr) + 1 : path.len;
        kd_ref       ref = 0;
        path = (kd_str){ path.ptr + step, path.len - step };
        if (level.len == 0)
            continue;
        if (len + 3 + level.len > sizeof text)
            break;
        if (len != 0) {
            memcpy(text + len, " > ", 3);
            len += 3;
        }
        memcpy(text + len, level.ptr, level.len);
        len += level.len;
        const kd_word *word = kd_words_add(&catalog->values, (kd_str){ text, len }, &ref);
        if (!word || !attr_push(list, KD_ATTR_CATEGORY, ref))
            return false;
        *whole = word;
    }
    return true;
}

static int compare_attrs(const void *a, const void *b)
{
    const kd_product_attr *x = a, *y = b;
    if (x->attribute != y->attribute)
        return x->attribute < y->attribute ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

void kd_attr_sort(kd_attr_list *list)
{
    size_t kept = 0;
    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof *list->items, compare_attrs);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || compare_attrs(&list->items[kept - 1], &list->items[i]) != 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

/* ---- price bands ----
 *
 * Fixed bands, six to a factor of ten (1, 1.5, 2.2, 3.3, 4.7, 6.8: the preferred numbers E6, so a band spans a factor of
 * about 1.47), inside the top level of the category and the currency. Not quintiles of the category: those move with every
 * product that comes or goes, and would have to be computed anew for all of it; a fixed band of a product depends on its own
 * price alone, is the same after a rebuild, and reads well in a reason ("Jackets 68-100 EUR"). Being relative to the category
 * is kept: a shopper's band for jackets says nothing about socks. */
#define BAND_MICRO_MAX INT64_C(1000000000000000) /* a billion */

static int print_bound(char *out, size_t cap, int64_t micro) /* "68", or "6.8" */
{
    if (micro % 1000000 == 0)
        return snprintf(out, cap, "%lld", (long long)(micro / 1000000));
    return snprintf(out, cap, "%lld.%lld", (long long)(micro / 1000000), (long long)(micro / 100000 % 10));
}

kd_ref kd_price_band(kd_catalog *catalog, kd_str category, int64_t micro, kd_currency currency)
{
    static const int64_t steps[] = { 100, 150, 220, 330, 470, 680, 1000 };
    const char *end = memchr(category.ptr ? category.ptr : "", '>', category.len);
    const kd_str top = kd_str_trim((kd_str){ category.ptr, end ? (size_t)(end - category.ptr) : category.len });
    char        text[KD_DOC_TITLE_BYTES_MAX + 80];
    kd_ref      ref = 0;
    int         len = 0;
    if (top.len != 0)
        len = snprintf(text, sizeof text, "%.*s ", (int)(top.len < KD_DOC_TITLE_BYTES_MAX ? top.len : KD_DOC_TITLE_BYTES_MAX),
                       top.ptr);
    if (micro >= BAND_MICRO_MAX) {
        len += snprintf(text + len, sizeof text - (size_t)len, "over %lld %s", (long long)(BAND_MICRO_MAX / 1000000),
                        currency.code);
    } else if (micro < 1000000) {
        len += snprintf(text + len, sizeof text - (size_t)len, "under 1 %s", currency.code);
    } else {
        int64_t unit = 10000; /* micro per hundredth: a decade starts at 100 units */
        size_t  s = 0;
        while (micro / unit >= 1000)
            unit *= 10;
        while (micro / unit >= steps[s + 1])
            s++;
        len += print_bound(text + len, sizeof text - (size_t)len, steps[s] * unit);
        text[len++] = '-';
        len += print_bound(text + len, sizeof text - (size_t)len, steps[s + 1] * unit);
        len += snprintf(text + len, sizeof text - (size_t)len, " %s", currency.code);
    }
    return kd_words_add(&catalog->values, (kd_str){ text, (size_t)len }, &ref) ? ref : 0;
}

#include <stdio.h>
#include "catalog/document.h"
#include "catalog/feed_row.h"

/* Rows of one product into its document. A row is a variant when it has a sku, belongs to a group, or is one of several. */

kd_str kd_feed_product_id(const kd_feed_row *row)
{
    const kd_str group = kd_feed_row_get(row, "group");
    return group.len ? group : kd_feed_row_get(row, "id");
}

bool kd_feed_row_is_variant(const kd_feed_row *row)
{
    return kd_feed_row_get(row, "sku").len != 0 || kd_feed_row_get(row, "group").len != 0
        || kd_feed_row_get(row, "option1").len != 0;
}

void kd_feed_list(kd_jw *w, kd_str values)
{
    kd_jw_array(w);
    while (values.len != 0) {
        const char  *bar = memchr(values.ptr, '|', values.len);
        const size_t len = bar ? (size_t)(bar - values.ptr) : values.len;
        const kd_str value = kd_str_trim((kd_str){ values.ptr, len });
        if (value.len != 0)
            kd_jw_str(w, value);
        values = bar ? (kd_str){ bar + 1, values.len - len - 1 } : (kd_str){ 0 };
    }
    kd_jw_array_end(w);
}

static void write_value(kd_jw *w, kd_str value)
{
    if (memchr(value.ptr, '|', value.len))
        kd_feed_list(w, value);
    else
        kd_jw_str(w, value);
}

/* ---- Shopify's options: "Option1 Name" stands on the first row, "Option1 Value" on every row ---- */

typedef enum option_kind { OPTION_NONE, OPTION_SIZE, OPTION_COLOR, OPTION_OTHER } option_kind;

static option_kind option_kind_of(kd_str name)
{
    static const char *const sizes[] = { "size", "shoe size", "größe", "groesse", "taille", "talla" };
    static const char *const colors[] = { "color", "colour", "farbe", "couleur" };
    if (name.len == 0 || kd_str_is_nocase(name, "title"))
        return OPTION_NONE; /* "Title: Default Title" is how a product without options looks */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (kd_str_is_nocase(name, sizes[i]))
            return OPTION_SIZE;
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        if (kd_str_is_nocase(name, colors[i]))
            return OPTION_COLOR;
    return OPTION_OTHER;
}

static const char *const option_names[] = { "option1Name", "option2Name", "option3Name" };
static const char *const option_values[] = { "option1", "option2", "option3" };

static kd_str option_text(const kd_feed_row *row, const kd_feed_row *first, option_kind kind)
{
    for (size_t i = 0; i < 3; i++)
        if (option_kind_of(kd_feed_row_get(first, option_names[i])) == kind)
            return kd_feed_row_get(row, option_values[i]);
    return (kd_str){ 0 };
}

/* ---- the parts of a document ---- */

static void write_text(kd_jw *w, const char *key, kd_str value)
{
    if (value.len != 0)
        KD_JW_STR(w, key, value);
}

static bool same_currency(kd_str a, kd_str b)
{
    return a.len > 3 && b.len > 3 && memcmp(a.ptr + a.len - 3, b.ptr + b.len - 3, 3) == 0;
}

static bool above(kd_str a, kd_str b) /* amounts in the form of kd_feed_row_check */
{
    int64_t     x = 0, y = 0;
    kd_currency currency;
    return same_currency(a, b) && kd_price_text(&x, &currency, a, false) && kd_price_text(&y, &currency, b, false) && x > y;
}

static void write_prices(kd_jw *w, const kd_feed_row *row)
{
    kd_str       price = kd_feed_row_get(row, "price"), sale = kd_feed_row_get(row, "salePrice");
    const kd_str before = kd_feed_row_get(row, "compareAt"), window = kd_feed_row_get(row, "saleWindow");
    if (above(before, price)) { /* Shopify names the price that is paid, and the one it was before */
        sale = price;
        price = before;
    }
    write_text(w, "price", price);
    write_text(w, "salePrice", sale);
    if (window.len != 0) {
        const size_t at = (size_t)((const char *)memchr(window.ptr, '/', window.len) - window.ptr);
        write_text(w, "salePriceFrom", kd_str_trim((kd_str){ window.ptr, at }));
        write_text(w, "salePriceTo", kd_str_trim((kd_str){ window.ptr + at + 1, window.len - at - 1 }));
    }
    write_text(w, "salePriceFrom", kd_feed_row_get(row, "salePriceFrom"));
    write_text(w, "salePriceTo", kd_feed_row_get(row, "salePriceTo"));
}

static void write_stock(kd_jw *w, const kd_feed_row *row)
{
    const kd_str all = kd_feed_row_get(row, "stock");
    bool         places = false;
    for (size_t i = 0; i < row->count && !places; i++)
        places = kd_str_starts(row->cells[i].field, "stock:");
    if (!places) { /* a number beside the numbers of places would count twice */
        write_text(w, "stock", all);
        return;
    }
    kd_jw_key(w, "stock");
    kd_jw_object(w);
    for (size_t i = 0; i < row->count; i++)
        if (kd_str_starts(row->cells[i].field, "stock:")) {
            kd_jw_key_str(w, (kd_str){ row->cells[i].field.ptr + 6, row->cells[i].field.len - 6 });
            kd_jw_str(w, row->cells[i].value);
        }
    kd_jw_object_end(w);
}

/* "attr:fabric" and "taste:fabric" -> "fabric"; empty for other fields. */
static kd_str attribute_name(kd_str field)
{
    const size_t skip = kd_str_starts(field, "attr:") ? 5 : kd_str_starts(field, "taste:") ? 6 : field.len;
    return (kd_str){ field.ptr + skip, field.len - skip };
}

/* The attributes of a product's rows: one that all rows agree on, where they name it, is the product's; else the variants'. */
typedef struct named { kd_str field, value; bool shared; } named;
typedef struct names { named items[KD_DOC_ATTRIBUTES_MAX]; size_t count; bool full; } names;

static named *name_find(names *all, kd_str field)
{
    for (size_t i = 0; i < all->count; i++)
        if (kd_str_eq(all->items[i].field, field))
            return &all->items[i];
    return NULL;
}

static void gather_names(names *all, const kd_feed_row *rows, size_t count)
{
    all->count = 0;
    all->full = false;
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < rows[r].count; i++) {
            const kd_cell *cell = &rows[r].cells[i];
            named         *known = attribute_name(cell->field).len ? name_find(all, cell->field) : NULL;
            if (known)
                known->shared = known->shared && kd_str_eq(known->value, cell->value);
            else if (attribute_name(cell->field).len != 0 && all->count == KD_DOC_ATTRIBUTES_MAX)
                all->full = true;
            else if (attribute_name(cell->field).len != 0)
                all->items[all->count++] = (named){ cell->field, cell->value, true };
        }
}

static void write_tags(kd_jw *w, kd_str tags)
{
    kd_jw_key(w, "tags");
    kd_jw_array(w);
    for (size_t start = 0, i = 0; i <= tags.len; i++)
        if (i == tags.len || tags.ptr[i] == ',') {
            const kd_str tag = kd_str_trim((kd_str){ tags.ptr + start, i - start });
            if (tag.len != 0)
                kd_jw_str(w, tag);
            start = i + 1;
        }
    kd_jw_array_end(w);
}

static bool has_letter(kd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] | 32) >= 'a' && (s.ptr[i] | 32) <= 'z')
            return true;
    return false;
}

static void write_product_attributes(kd_jw *w, const kd_feed_row *first, const names *all)
{
    const kd_str tags = kd_feed_row_get(first, "tags"), other = kd_feed_row_get(first, "otherCategory");
    kd_jw_key(w, "attributes");
    kd_jw_object(w);
    if (tags.len != 0)
        write_tags(w, tags);
    if (other.len != 0 && !has_letter(other)) /* Google's number of a category */
        KD_JW_STR(w, "google_product_category", other);
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].shared) {
            kd_jw_key_str(w, attribute_name(all->items[i].field));
            write_value(w, all->items[i].value);
        }
    kd_jw_object_end(w);
}

static void write_taste(kd_jw *w, const kd_feed_row *first, const names *all)
{
    const kd_str marked = kd_feed_row_get(first, "taste");
    bool         any = marked.len != 0;
    for (size_t i = 0; i < all->count && !any; i++)
        any = kd_str_starts(all->items[i].field, "taste:");
    if (!any)
        return;
    kd_jw_key(w, "taste");
    kd_jw_array(w);
    for (size_t start = 0, i = 0; marked.len != 0 && i <= marked.len; i++)
        if (i == marked.len || marked.ptr[i] == '|' || marked.ptr[i] == ',') {
            const kd_str name = kd_str_trim((kd_str){ marked.ptr + start, i - start });
            if (name.len != 0)
                kd_jw_str(w, name);
            start = i + 1;
        }
    for (size_t i = 0; i < all->count; i++)
        if (kd_str_starts(all->items[i].field, "taste:"))
            kd_jw_str(w, attribute_name(all->items[i].field));
    kd_jw_array_end(w);
}

static void write_images(kd_jw *w, const kd_feed_row *rows, size_t count)
{
    bool   first = true;
    size_t written = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < rows[r].count && written < KD_DOC_VALUES_MAX; i++) {
            const bool main_image = kd_str_is(rows[r].cells[i].field, "image");
            if (main_image && first) {
                first = false;
                continue;
            }
            /* Google's additional_image_link (several, or one cell with commas), and "Image Src" of Shopify's further rows. */
            const bool further = main_image && (!kd_feed_row_is_variant(&rows[r]) || kd_feed_row_get(&rows[r], "option1").len != 0);
            if (!further && !kd_str_is(rows[r].cells[i].field, "images"))
                continue;
            kd_str rest = rows[r].cells[i].value;
            if (written == 0) {
                kd_jw_key(w, "images");
                kd_jw_array(w);
            }
            while (rest.len != 0 && written < KD_DOC_VALUES_MAX) {
                const char  *comma = memchr(rest.ptr, ',', rest.len);
                const size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
                kd_jw_str(w, kd_str_trim((kd_str){ rest.ptr, len }));
                written++;
                rest = comma ? (kd_str){ comma + 1, rest.len - len - 1 } : (kd_str){ 0 };
            }
        }
    if (written != 0)
        kd_jw_array_end(w);
}

static void write_categories(kd_jw *w, const kd_feed_row *row)
{
    const kd_str one = kd_feed_row_get(row, "category"), many = kd_feed_row_get(row, "categories"),
        other = kd_feed_row_get(row, "otherCategory");
    size_t       paths = 0;
    for (size_t i = 0; i < row->count; i++)
        paths += kd_str_is(row->cells[i].field, "category");
    if (one.len != 0)
        KD_JW_STR(w, "category", one);
    else if (many.len == 0 && other.len != 0 && has_letter(other))
        KD_JW_STR(w, "category", other);
    if (paths < 2 && many.len == 0)
        return;
    kd_jw_key(w, "categories");
    if (many.len != 0) {
        kd_feed_list(w, many);
        return;
    }
    kd_jw_array(w);
    for (size_t i = 0; i < row->count; i++)
        if (kd_str_is(row->cells[i].field, "category"))
            kd_jw_str(w, row->cells[i].value);
    kd_jw_array_end(w);
}

static void write_flags(kd_jw *w, const kd_feed_row *row)
{
    static const char *const flags[] = { "replenishable", "digital", "hidden", "sensitive" };
    const kd_str             status = kd_feed_row_get(row, "status"), published = kd_feed_row_get(row, "published");
    const bool               away = (status.len != 0 && !kd_str_is_nocase(status, "active")) || kd_str_is(published, "false");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const kd_str flag = kd_feed_row_get(row, flags[i]);
        if (i == 2 ? away || flag.len != 0 : flag.len != 0)
            KD_JW_BOOL(w, flags[i], (i == 2 && away) || kd_str_is(flag, "true"));
    }
}

/* ---- variants ---- */

static bool has_options(const kd_feed_row *first)
{
    for (size_t i = 0; i < 3; i++)
        if (option_kind_of(kd_feed_row_get(first, option_names[i])) != OPTION_NONE)
            return true;
    return false;
}

kd_str kd_feed_sku(char text[KD_DOC_ID_BYTES_MAX + 1], const kd_feed_row *row)
{
    const kd_str sku = kd_feed_row_get(row, "sku"), id = kd_feed_row_get(row, "id");
    if (sku.len != 0 || kd_feed_row_get(row, "option1").len == 0)
        return sku.len ? sku : id; /* the items of a Google group */
    size_t len = (size_t)snprintf(text, KD_DOC_ID_BYTES_MAX + 1, "%.*s", (int)id.len, id.ptr);
    for (size_t i = 0; i < 3; i++) { /* a shop without skus: handle and options name the variant */
        const kd_str option = kd_feed_row_get(row, option_values[i]);
        if (option.len != 0 && !kd_str_is(option, "Default Title") && len < KD_DOC_ID_BYTES_MAX)
            len += (size_t)snprintf(text + len, KD_DOC_ID_BYTES_MAX + 1 - len, "/%.*s", (int)option.len, option.ptr);
    }
    return (kd_str){ text, len < KD_DOC_ID_BYTES_MAX ? len : KD_DOC_ID_BYTES_MAX };
}

/* Opens "attributes" at its first member. */
static void write_member(kd_jw *w, bool *any, kd_str name, kd_str value)
{
    if (!*any) {
        kd_jw_key(w, "attributes");
        kd_jw_object(w);
    }
    *any = true;
    kd_jw_key_str(w, name);
    write_value(w, value);
}

static void write_variant_attributes(kd_jw *w, names *all, const kd_feed_row *first, const kd_feed_row *row)
{
    bool any = false;
    for (size_t i = 0; i < 3; i++) {
        const kd_str name = kd_feed_row_get(first, option_names[i]), value = kd_feed_row_get(row, option_values[i]);
        if (option_kind_of(name) == OPTION_OTHER && value.len != 0)
            write_member(w, &any, name, value);
    }
    for (size_t i = 0; i < row->count; i++) {
        const kd_str name = attribute_name(row->cells[i].field);
        const named *known = name.len ? name_find(all, row->cells[i].field) : NULL;
        if (known && !known->shared)
            write_member(w, &any, name, row->cells[i].value);
    }
    if (any)
        kd_jw_object_end(w);
}

static void write_sellable(kd_jw *w, const kd_feed_row *row, const kd_feed_row *first)
{
    const kd_str size = kd_feed_row_get(row, "size"), color = kd_feed_row_get(row, "color");
    write_text(w, "size", size.len ? size : option_text(row, first, OPTION_SIZE));
    write_text(w, "color", color.len ? color : option_text(row, first, OPTION_COLOR));
    write_text(w, "gtin", kd_feed_row_get(row, "gtin"));
    write_text(w, "availability", kd_feed_row_get(row, "availability"));
    write_prices(w, row);
    write_stock(w, row);
}

static void write_variant(kd_jw *w, names *all, const kd_feed_row *first, const kd_feed_row *row)
{
    char         text[KD_DOC_ID_BYTES_MAX + 1];
    const kd_str own = kd_feed_row_get(row, "variantImage"), image = kd_feed_row_get(row, "image");
    kd_jw_object(w);
    KD_JW_STR(w, "sku", kd_feed_sku(text, row));
    if (own.len != 0)
        KD_JW_STR(w, "image", own);
    else if (image.len != 0 && kd_feed_row_get(row, "option1").len == 0 && !kd_str_eq(image, kd_feed_row_get(first, "image")))
        KD_JW_STR(w, "image", image);
    write_sellable(w, row, first);
    write_variant_attributes(w, all, first, row);
    kd_jw_object_end(w);
}

kd_status kd_feed_product(kd_buf *out, const kd_feed_row *rows, size_t count, kd_err *err)
{
    size_t       variants = 0;
    names        all;
    const kd_str created = kd_feed_row_get(&rows[0], "createdAt");
    kd_jw        w;
    for (size_t r = 0; r < count; r++)
        variants += kd_feed_row_is_variant(&rows[r]);
    /* One row, one sku, no options: the row is the product itself, unless its sku has another name. */
    if (variants == 1 && count == 1 && !has_options(&rows[0]) && kd_feed_row_get(&rows[0], "group").len == 0
        && (kd_feed_row_get(&rows[0], "sku").len == 0 || kd_str_eq(kd_feed_row_get(&rows[0], "sku"),
                                                                   kd_feed_row_get(&rows[0], "id"))))
        variants = 0;
    gather_names(&all, rows, count);
    if (all.full)
        return kd_fail_field(err, KD_INVALID, "attributes", "a product must not have more than %d attributes",
                             KD_DOC_ATTRIBUTES_MAX);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", kd_feed_product_id(&rows[0]));
    write_text(&w, "title", kd_feed_row_get(&rows[0], "title"));
    write_text(&w, "description", kd_feed_row_get(&rows[0], "description"));
    write_text(&w, "url", kd_feed_row_get(&rows[0], "url"));
    write_text(&w, "image", kd_feed_row_get(&rows[0], "image"));
    write_images(&w, rows, count);
    write_text(&w, "brand", kd_feed_row_get(&rows[0], "brand"));
    write_categories(&w, &rows[0]);
    write_flags(&w, &rows[0]);
    write_text(&w, "createdAt", created);
    write_taste(&w, &rows[0], &all);
    write_product_attributes(&w, &rows[0], &all);
    if (variants == 0) {
        write_sellable(&w, &rows[0], &rows[0]);
    } else {
        kd_jw_key(&w, "variants");
        kd_jw_array(&w);
        for (size_t r = 0; r < count; r++)
            if (kd_feed_row_is_variant(&rows[r]))
                write_variant(&w, &all, &rows[0], &rows[r]);
        kd_jw_array_end(&w);
    }
    kd_jw_object_end(&w);
    return kd_buf_status(out, err);
}

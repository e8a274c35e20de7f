#include "catalog/feed_row.h"
#include <stdio.h>
#include <stdlib.h>
#include "catalog/document.h"

typedef struct alias { const char *column, *field; } alias;

/* Columns of Google Merchant files and of plain tables, in the form that normalise() makes. */
static const alias product_columns[] = {
    { "id", "id" }, { "product_id", "id" }, { "productid", "id" }, { "item_id", "id" },
    { "item_group_id", "group" }, { "group", "group" }, { "group_id", "group" }, { "parent_id", "group" },
    { "parent_sku", "group" },
    { "title", "title" }, { "name", "title" }, { "product_name", "title" },
    { "description", "description" }, { "summary", "description" }, { "content", "description" }, { "body", "description" },
    { "link", "url" }, { "url", "url" }, { "product_url", "url" },
    { "image_link", "image" }, { "image", "image" }, { "image_url", "image" }, { "picture", "image" },
    { "additional_image_link", "images" }, { "additional_images", "images" }, { "images", "images" },
    { "brand", "brand" }, { "vendor", "brand" }, { "manufacturer", "brand" },
    { "product_type", "category" }, { "category", "category" }, { "product_category", "category" }, { "categories", "categories" },
    { "google_product_category", "otherCategory" },
    { "price", "price" }, { "unit_price", "price" }, { "sale_price", "salePrice" }, { "saleprice", "salePrice" },
    { "special_price", "salePrice" },
    { "sale_price_effective_date", "saleWindow" }, { "salepricefrom", "salePriceFrom" }, { "salepriceto", "salePriceTo" },
    { "currency", "currency" }, { "availability", "availability" },
    { "sku", "sku" }, { "variant_sku", "sku" }, { "variant_id", "sku" },
    { "size", "size" }, { "color", "color" }, { "colour", "color" },
    { "gtin", "gtin" }, { "ean", "gtin" }, { "barcode", "gtin" }, { "upc", "gtin" }, { "gtin13", "gtin" }, { "isbn", "gtin" },
    { "stock", "stock" }, { "quantity", "stock" }, { "qty", "stock" }, { "inventory", "stock" }, { "stock_quantity", "stock" },
    { "inventory_quantity", "stock" },
    { "replenishable", "replenishable" }, { "digital", "digital" }, { "hidden", "hidden" }, { "sensitive", "sensitive" }, { "taste", "taste" },
    { "created_at", "createdAt" }, { "createdat", "createdAt" }, { "created", "createdAt" },
    { "shipping", "skip" }, { "tax", "skip" }, { "installment", "skip" }, { "loyalty_program", "skip" },
};
static const alias shopify_columns[] = {
    { "handle", "id" }, { "title", "title" }, { "body_html", "description" }, { "body", "description" }, { "vendor", "brand" },
    { "product_category", "category" }, { "type", "otherCategory" }, { "tags", "tags" }, { "published", "published" },
    { "status", "status" },
    { "option1_name", "option1Name" }, { "option1_value", "option1" }, { "option2_name", "option2Name" },
    { "option2_value", "option2" },
    { "option3_name", "option3Name" }, { "option3_value", "option3" },
    { "variant_sku", "sku" }, { "variant_price", "price" }, { "variant_compare_at_price", "compareAt" },
    { "variant_inventory_qty", "stock" },
    { "variant_barcode", "gtin" }, { "variant_image", "variantImage" }, { "image_src", "image" }, { "gift_card", "digital" },
    { "google_shopping_gender", "attr:gender" }, { "google_shopping_age_group", "attr:age_group" },
};
static const alias place_columns[] = {
    { "id", "id" }, { "place_id", "id" }, { "store_id", "id" }, { "store_code", "id" }, { "name", "name" }, { "title", "name" },
    { "store_name", "name" },
    { "kind", "kind" }, { "type", "kind" }, { "latitude", "latitude" }, { "lat", "latitude" }, { "longitude", "longitude" },
    { "lon", "longitude" },
    { "lng", "longitude" }, { "street", "street" }, { "address", "street" }, { "address_line_1", "street" },
    { "postal_code", "postalCode" },
    { "postalcode", "postalCode" }, { "postcode", "postalCode" }, { "zip", "postalCode" }, { "zip_code", "postalCode" },
    { "city", "city" },
    { "locality", "city" }, { "region", "region" }, { "state", "region" }, { "country", "country" }, { "country_code", "country" },
    { "mon", "mon" }, { "tue", "tue" }, { "wed", "wed" }, { "thu", "thu" }, { "fri", "fri" }, { "sat", "sat" }, { "sun", "sun" },
    { "monday", "mon" }, { "tuesday", "tue" }, { "wednesday", "wed" }, { "thursday", "thu" }, { "friday", "fri" },
    { "saturday", "sat" }, { "sunday", "sun" },
};
static const alias content_columns[] = {
    { "id", "id" }, { "content_id", "id" }, { "title", "title" }, { "name", "title" }, { "kind", "kind" }, { "type", "kind" },
    { "url", "url" },
    { "link", "url" }, { "image", "image" }, { "image_link", "image" }, { "image_url", "image" }, { "topics", "topics" },
    { "tags", "topics" },
    { "topic", "topics" }, { "categories", "categories" }, { "category", "categories" }, { "products", "products" },
    { "product_ids", "products" },
    { "hidden", "hidden" },
};
static const alias postal_columns[] = {
    { "country", "country" }, { "country_code", "country" }, { "postal_code", "postalCode" }, { "postalcode", "postalCode" },
    { "postcode", "postalCode" },
    { "zip", "postalCode" }, { "zip_code", "postalCode" }, { "plz", "postalCode" }, { "latitude", "latitude" },
    { "lat", "latitude" },
    { "longitude", "longitude" }, { "lon", "longitude" }, { "lng", "longitude" },
};

typedef struct columns { const alias *items; size_t count; } columns;
#define COLUMNS(table) ((columns){ (table), sizeof(table) / sizeof *(table) })

static columns columns_of(kd_feed_what what, kd_feed_style style)
{
    switch (what) {
    case KD_FEED_PLACES:  return COLUMNS(place_columns);
    case KD_FEED_CONTENT: return COLUMNS(content_columns);
    case KD_FEED_POSTAL:  return COLUMNS(postal_columns);
    default:              return style == KD_STYLE_SHOPIFY ? COLUMNS(shopify_columns) : COLUMNS(product_columns);
    }
}

/* "Body (HTML)" -> "body_html", "g:id" -> "id", "item group id" -> "item_group_id" */
static void normalise(char out[64], kd_str column)
{
    size_t len = 0;
    bool   gap = false;
    if (kd_str_starts(column, "g:"))
        column = (kd_str){ column.ptr + 2, column.len - 2 };
    for (size_t i = 0; i < column.len && len < 62; i++) {
        const char c = column.ptr[i];
        const bool upper = c >= 'A' && c <= 'Z';
        if (c == ' ' || c == '_' || c == '-' || c == '/' || c == '(' || c == ')') {
            gap = len != 0;
            continue;
        }
        if (gap)
            out[len++] = '_';
        gap = false;
        out[len++] = upper ? (char)(c + 32) : c;
    }
    out[len] = 0;
}

/* Attributes that Google's files and plain tables name by themselves. */
static bool is_attribute(const char *name)
{
    static const char *const names[] = { "material", "pattern", "gender", "age_group", "style", "cut" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static kd_str joined(const char *prefix, kd_str text, kd_arena *arena)
{
    const size_t len = strlen(prefix);
    char        *at = kd_arena_alloc(arena, len + text.len + 1);
    if (!at)
        return (kd_str){ 0 };
    memcpy(at, prefix, len);
    if (text.len)
        memcpy(at + len, text.ptr, text.len);
    return (kd_str){ at, len + text.len };
}

kd_str kd_feed_field(kd_str column, kd_feed_what what, kd_feed_style style, kd_arena *arena)
{
    const columns known = columns_of(what, style);
    char          name[64];
    column = kd_str_trim(column);
    normalise(name, column);
    for (size_t i = 0; i < known.count; i++)
        if (strcmp(known.items[i].column, name) == 0)
            return kd_str_z(known.items[i].field);
    if (what == KD_FEED_PRODUCTS && (kd_str_starts(column, "stock:") || kd_str_starts(column, "attr:")
                                     || kd_str_starts(column, "taste:")))
        return kd_str_copy(arena, column);
    if (what == KD_FEED_POSTAL || style == KD_STYLE_SHOPIFY || column.len == 0 || column.len > KD_DOC_ID_BYTES_MAX)
        return KD_STR("skip");
    if (what != KD_FEED_PRODUCTS) /* what a place or an article says besides is kept under its own name */
        return joined("member:", column, arena);
    if (is_attribute(name))
        return joined("attr:", kd_str_z(name), arena);
    if (style == KD_STYLE_XML && !kd_str_starts(column, "g:")) /* pubDate, guid, author: about the item, not the product */
        return KD_STR("skip");
    if (kd_str_starts(column, "g:"))
        column = (kd_str){ column.ptr + 2, column.len - 2 };
    return joined("attr:", column, arena);
}

bool kd_feed_field_known(kd_str field, kd_feed_what what)
{
    const columns known = columns_of(what, KD_STYLE_PLAIN);
    if (kd_str_is(field, "skip"))
        return true;
    for (size_t i = 0; i < known.count; i++)
        if (kd_str_is(field, known.items[i].field))
            return true;
    return what == KD_FEED_PRODUCTS && ((kd_str_starts(field, "stock:") && field.len > 6)
                                        || (kd_str_starts(field, "attr:") && field.len > 5)
                                        || (kd_str_starts(field, "taste:") && field.len > 6));
}

/* ---- rows ---- */

bool kd_feed_row_add(kd_feed_row *row, kd_str field, kd_str column, kd_str value, kd_arena *arena)
{
    value = kd_str_trim(value);
    if (value.len == 0 || kd_str_is(field, "skip"))
        return true;
    if (row->count == row->cap) {
        const size_t cap = row->cap ? row->cap * 2 : 32;
        kd_cell     *cells = KD_NEW(arena, kd_cell, cap);
        if (!cells)
            return false;
        if (row->count)
            memcpy(cells, row->cells, row->count * sizeof *cells);
        row->cells = cells;
        row->cap = cap;
    }
    kd_cell *cell = &row->cells[row->count];
    *cell = (kd_cell){ field, column, kd_str_copy(arena, value) };
    row->count += cell->value.ptr != NULL;
    return cell->value.ptr != NULL;
}

kd_str kd_feed_row_get(const kd_feed_row *row, const char *field)
{
    for (size_t i = 0; i < row->count; i++)
        if (kd_str_is(row->cells[i].field, field))
            return row->cells[i].value;
    return (kd_str){ 0 };
}

bool kd_feed_row_copy(kd_feed_row *to, const kd_feed_row *from, kd_arena *arena)
{
    *to = (kd_feed_row){ .line = from->line };
    for (size_t i = 0; i < from->count; i++) {
        const kd_str field = kd_str_copy(arena, from->cells[i].field), column = kd_str_copy(arena, from->cells[i].column);
        if (!field.ptr || !column.ptr || !kd_feed_row_add(to, field, column, from->cells[i].value, arena))
            return false;
    }
    return true;
}

/* ---- checks ---- */

static kd_status wrong(kd_err *err, const kd_cell *cell, const char *why)
{
    char column[sizeof err->field];
    snprintf(column, sizeof column, "%.*s", (int)(cell->column.len < sizeof column ? cell->column.len : sizeof column - 1),
             cell->column.ptr);
    return kd_fail_field(err, KD_INVALID, column, "%s: %s", column, why);
}

/* "19,99" -> "19.990000 EUR": what a document wants. */
static kd_status amount(kd_cell *cell, const kd_feed_row *row, const kd_feed_options *options, kd_arena *arena, kd_err *err)
{
    int64_t      micro = 0;
    kd_currency  currency;
    const kd_str own = kd_feed_row_get(row, "currency");
    char         text[48];
    if (!kd_price_text(&micro, &currency, cell->value, options->decimal_comma))
        return wrong(err, cell, "is no decimal amount such as 19.99 or 19.99 EUR, with at most 6 decimals");
    if (micro < 0)
        return wrong(err, cell, "is negative");
    if (!currency.code[0] && own.len != 0 && !kd_currency_parse(&currency, own))
        return wrong(err, cell, "has a currency beside it that is not three letters");
    if (!currency.code[0])
        currency = options->currency;
    if (!currency.code[0])
        return wrong(err, cell, "has no currency, and none was given for the file");
    snprintf(text, sizeof text, "%lld.%06lld %s", (long long)(micro / 1000000), (long long)(micro % 1000000), currency.code);
    cell->value = kd_str_copy(arena, kd_str_z(text));
    return cell->value.ptr ? KD_OK : kd_fail_memory(err);
}

static kd_status units(kd_cell *cell, const kd_feed_options *options, kd_arena *arena, kd_err *err)
{
    int64_t micro = 0;
    char    text[32];
    if (!kd_micro_parse(&micro, cell->value, options->decimal_comma) || micro % 1000000 != 0 || llabs(micro / 1000000) > 1000000000)
        return wrong(err, cell, "is no whole number");
    snprintf(text, sizeof text, "%lld", (long long)(micro / 1000000));
    cell->value = kd_str_copy(arena, kd_str_z(text));
    return cell->value.ptr ? KD_OK : kd_fail_memory(err);
}

static kd_status truth(kd_cell *cell, kd_err *err)
{
    static const char *const yes[] = { "true", "yes", "1", "y", "x", "on" }, *const no[] = { "false", "no", "0", "n", "off" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (kd_str_is_nocase(cell->value, yes[i]))
            return cell->value = KD_STR("true"), KD_OK;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (kd_str_is_nocase(cell->value, no[i]))
            return cell->value = KD_STR("false"), KD_OK;
    return wrong(err, cell, "is neither true nor false");
}

static kd_status availability(kd_cell *cell, kd_err *err)
{
    static const alias words[] = {
        { "in_stock", "in_stock" }, { "instock", "in_stock" }, { "available", "in_stock" }, { "limited_availability", "in_stock" },
        { "limitedavailability", "in_stock" }, { "out_of_stock", "out_of_stock" }, { "outofstock", "out_of_stock" },
        { "sold_out", "out_of_stock" },
        { "soldout", "out_of_stock" }, { "discontinued", "out_of_stock" }, { "preorder", "preorder" }, { "pre_order", "preorder" },
        { "backorder", "backorder" }, { "back_order", "backorder" },
    };
    char   name[64];
    kd_str value = cell->value;
    for (size_t i = value.len; i-- > 0;) /* https://schema.org/InStock */
        if (value.ptr[i] == '/') {
            value = (kd_str){ value.ptr + i + 1, value.len - i - 1 };
            break;
        }
    normalise(name, value);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].column, name) == 0)
            return cell->value = kd_str_z(words[i].field), KD_OK;
    return wrong(err, cell, "is not in_stock, out_of_stock, preorder or backorder");
}

static kd_status window(const kd_cell *cell, kd_err *err)
{
    const char *slash = memchr(cell->value.ptr, '/', cell->value.len);
    int64_t     from = 0, to = 0;
    if (!slash)
        return wrong(err, cell, "is not start/end");
    const size_t at = (size_t)(slash - cell->value.ptr);
    if (!kd_time_parse(&from, kd_str_trim((kd_str){ cell->value.ptr, at }), 0)
        || !kd_time_parse(&to, kd_str_trim((kd_str){ slash + 1, cell->value.len - at - 1 }), 0) || to < from)
        return wrong(err, cell, "is not start/end as two ISO 8601 times");
    return KD_OK;
}

static kd_status coordinate(kd_cell *cell, const kd_feed_options *options, kd_arena *arena, kd_err *err)
{
    double value;
    cell->value = kd_str_copy(arena, cell->value);
    for (size_t i = 0; cell->value.ptr && options->decimal_comma && i < cell->value.len; i++)
        if (cell->value.ptr[i] == ',')
            ((char *)(uintptr_t)cell->value.ptr)[i] = '.'; /* our own copy */
    return !cell->value.ptr ? kd_fail_memory(err) : kd_str_f64(&value, cell->value) ? KD_OK : wrong(err, cell, "is no number");
}

static kd_status check_cell(kd_cell *cell, const kd_feed_row *row, const kd_feed_options *options, kd_arena *arena, kd_err *err)
{
    const kd_str field = cell->field;
    int64_t      ms;
    if (!kd_utf8_valid(cell->value))
        return wrong(err, cell, "is not UTF-8");
    if (kd_str_is(field, "price") || kd_str_is(field, "salePrice") || kd_str_is(field, "compareAt"))
        return amount(cell, row, options, arena, err);
    if (kd_str_is(field, "stock") || kd_str_starts(field, "stock:"))
        return units(cell, options, arena, err);
    if (kd_str_is(field, "replenishable") || kd_str_is(field, "digital") || kd_str_is(field, "hidden")
        || kd_str_is(field, "sensitive") || kd_str_is(field, "published"))
        return truth(cell, err);
    if (kd_str_is(field, "availability"))
        return availability(cell, err);
    if (kd_str_is(field, "saleWindow"))
        return window(cell, err);
    if (kd_str_is(field, "createdAt") || kd_str_is(field, "salePriceFrom") || kd_str_is(field, "salePriceTo"))
        return kd_time_parse(&ms, cell->value, 0) ? KD_OK : wrong(err, cell, "is no ISO 8601 time");
    if (kd_str_is(field, "latitude") || kd_str_is(field, "longitude"))
        return coordinate(cell, options, arena, err);
    if ((kd_str_is(field, "id") || kd_str_is(field, "sku") || kd_str_is(field, "group")) && cell->value.len > KD_DOC_ID_BYTES_MAX)
        return wrong(err, cell, "is longer than 256 bytes");
    return KD_OK;
}

kd_status kd_feed_row_check(kd_feed_row *row, const kd_feed_options *options, kd_arena *arena, kd_err *err)
{
    kd_status status = KD_OK;
    for (size_t i = 0; i < row->count && status == KD_OK; i++)
        status = check_cell(&row->cells[i], row, options, arena, err);
    if (status == KD_OK && options->what != KD_FEED_POSTAL && kd_feed_row_get(row, "id").len == 0
        && (options->what != KD_FEED_PRODUCTS || kd_feed_row_get(row, "group").len == 0))
        return kd_fail_field(err, KD_INVALID, "id", "id: is missing");
    return status;
}

#include "catalog/document_read.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct price_said { /* what holds for a variant: its own words, else the product's */
    bool        price, sale;
    int64_t     price_micro, sale_micro;
    kd_currency currency;
} price_said;

typedef struct product_reader {
    kd_draft *draft;
    int64_t   now_ms;
    size_t    level_cap;
    kd_arena *arena;
    kd_err   *err;
} product_reader;

/* ---- levels ---- */

static kd_status push_level(product_reader *r, kd_level level)
{
    kd_draft *draft = r->draft;
    if (draft->level_count == r->level_cap) {
        const size_t cap = r->level_cap ? r->level_cap * 2 : 8;
        kd_level    *levels = KD_NEW(r->arena, kd_level, cap);
        if (!levels)
            return kd_fail_memory(r->err);
        if (draft->level_count)
            memcpy(levels, draft->levels, draft->level_count * sizeof *levels);
        draft->levels = levels;
        r->level_cap = cap;
    }
    level.at_ms = r->now_ms;
    draft->levels[draft->level_count++] = level;
    return KD_OK;
}

static kd_status read_amount(bool *said, int64_t *micro, kd_currency *currency, product_reader *r, const kd_json *object,
                             const char *at, const char *name)
{
    const kd_json *node = kd_field(object, name);
    const kd_str   text = kd_str_trim(kd_json_text(node));
    kd_currency    named;
    *said = false;
    if (!node || (node->type == KD_JSON_STRING && text.len == 0))
        return KD_OK;
    if (text.len == 0 || !kd_price_text(micro, &named, text, false))
        return kd_field_wrong(r->err, at, name, "must be a decimal amount such as 19.99 or \"19.99 EUR\", with at most 6 decimals");
    if (*micro < 0)
        return kd_field_wrong(r->err, at, name, "must not be negative");
    if (named.code[0])
        *currency = named;
    *said = true;
    return KD_OK;
}

/* True when now lies in the window of a sale price; either end may be open. */
static kd_status sale_is_on(bool *on, product_reader *r, const kd_json *object, const char *at)
{
    kd_str    text;
    int64_t   ms = 0;
    kd_status status;
    *on = true;
    if ((status = kd_field_text(&text, object, at, "salePriceFrom", 64, r->err)) != KD_OK)
        return status;
    if (text.len != 0 && !kd_time_parse(&ms, text, 0))
        return kd_field_wrong(r->err, at, "salePriceFrom", "must be an ISO 8601 time");
    if (text.len != 0 && r->now_ms < ms)
        *on = false;
    if ((status = kd_field_text(&text, object, at, "salePriceTo", 64, r->err)) != KD_OK)
        return status;
    if (text.len != 0 && !kd_time_parse(&ms, text, 0))
        return kd_field_wrong(r->err, at, "salePriceTo", "must be an ISO 8601 time");
    if (text.len != 0 && r->now_ms >= ms)
        *on = false;
    return KD_OK;
}

/* *said enters with what is inherited and leaves with what holds for `object`. */
static kd_status read_price(price_said *said, product_reader *r, const kd_json *object, const char *at)
{
    kd_str    code;
    bool      given = false, on = false;
    kd_status status = kd_field_text(&code, object, at, "currency", 16, r->err);
    if (status != KD_OK)
        return status;
    if (code.len != 0 && !kd_currency_parse(&said->currency, code))
        return kd_field_wrong(r->err, at, "currency", "must be three letters (ISO 4217), such as EUR");
    if ((status = read_amount(&given, &said->price_micro, &said->currency, r, object, at, "price")) != KD_OK)
        return status;
    if (given) {
        said->price = true;
        said->sale = false; /* the product's sale price does not belong to a price of one's own */
    }
    kd_currency sale_currency = said->currency;
    int64_t     sale_micro = 0;
    if ((status = read_amount(&given, &sale_micro, &sale_currency, r, object, at, "salePrice")) != KD_OK
        || (status = sale_is_on(&on, r, object, at)) != KD_OK)
        return status;
    if (!given)
        return KD_OK;
    if (!said->price)
        return kd_field_wrong(r->err, at, "salePrice", "needs a price beside it");
    if (strcmp(sale_currency.code, said->currency.code) != 0)
        return kd_field_wrong(r->err, at, "salePrice", "must have the currency of the price");
    if (sale_micro > said->price_micro)
        return kd_field_wrong(r->err, at, "salePrice", "must not be above the price");
    said->sale = on && sale_micro < said->price_micro;
    said->sale_micro = sale_micro;
    return KD_OK;
}

static kd_status push_price(product_reader *r, const price_said *said, kd_ref variant, const char *at)
{
    if (!said->price)
        return KD_OK;
    if (!said->currency.code[0])
        return kd_field_wrong(r->err, at, "currency", "a price needs a currency (ISO 4217), such as EUR");
    kd_level level = { .variant = variant, .what = KD_LEVEL_PRICE, .value = said->price_micro, .currency = said->currency };
    const kd_status status = push_level(r, level);
    level.what = KD_LEVEL_SALE_PRICE; /* 0 ends a sale: a price that comes without one says so */
    level.value = said->sale ? said->sale_micro : 0;
    return status == KD_OK ? push_level(r, level) : status;
}

static kd_status push_units(product_reader *r, const kd_json *node, kd_ref variant, kd_ref place, const char *at)
{
    int64_t      micro = 0;
    const kd_str text = kd_str_trim(kd_json_text(node));
    if (node->type == KD_JSON_NULL || (node->type == KD_JSON_STRING && text.len == 0))
        return KD_OK;
    /* "5" and "5.00" are both five: spreadsheets write the second. */
    if (!kd_micro_parse(&micro, text, false) || micro % 1000000 != 0 || llabs(micro / 1000000) > 1000000000)
        return kd_field_wrong(r->err, at, "stock", "must be a whole number, or an object of place ids and whole numbers");
    return push_level(r, (kd_level){ .variant = variant, .place = place, .what = KD_LEVEL_STOCK, .value = micro / 1000000 });
}

static kd_status read_stock(product_reader *r, const kd_json *object, kd_ref variant, const char *at)
{
    const kd_json *node = kd_field(object, "stock");
    kd_status      status = KD_OK;
    if (!node)
        return KD_OK;
    if (node->type != KD_JSON_OBJECT)
        return push_units(r, node, variant, 0, at);
    for (const kd_json *place = node->child; place && status == KD_OK; place = place->next) {
        if (kd_str_trim(place->key).len == 0 || place->key.len > KD_DOC_ID_BYTES_MAX)
            return kd_field_wrong(r->err, at, "stock", "has a place id that is empty or longer than 256 bytes");
        status = push_units(r, place, variant, kd_ref_of(kd_str_trim(place->key)), at);
    }
    return status;
}

/* ---- checks shared by products and variants ---- */

static kd_status check_availability(bool *in_stock, const kd_json *object, const char *at, kd_err *err)
{
    kd_str          text;
    const kd_status status = kd_field_text(&text, object, at, "availability", 32, err);
    *in_stock = kd_str_is(text, "in_stock");
    if (status != KD_OK || text.len == 0 || *in_stock || kd_str_is(text, "out_of_stock") || kd_str_is(text, "preorder")
        || kd_str_is(text, "backorder"))
        return status;
    return kd_field_wrong(err, at, "availability", "must be in_stock, out_of_stock, preorder or backorder");
}

static kd_status check_attributes(const kd_json *object, const char *at, kd_err *err)
{
    const kd_json *attributes = kd_field(object, "attributes");
    char           inside[40];
    if (!attributes)
        return KD_OK;
    if (attributes->type != KD_JSON_OBJECT)
        return kd_field_wrong(err, at, "attributes", "must be an object of names and values");
    if (attributes->count > KD_DOC_ATTRIBUTES_MAX)
        return kd_field_wrong(err, at, "attributes", "has more than 200 members");
    snprintf(inside, sizeof inside, "%s/attributes", at);
    for (const kd_json *member = attributes->child; member; member = member->next) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)(member->key.len < 31 ? member->key.len : 31), member->key.ptr);
        if (kd_str_trim(member->key).len == 0 || member->key.len > KD_DOC_ID_BYTES_MAX)
            return kd_field_wrong(err, at, "attributes", "has a name that is empty or longer than 256 bytes");
        if (member->type == KD_JSON_OBJECT)
            return kd_field_wrong(err, inside, name, "must be a value or a list of texts");
        if (member->type == KD_JSON_TRUE || member->type == KD_JSON_FALSE || member->type == KD_JSON_NULL)
            continue;
        if (member->type != KD_JSON_ARRAY ? member->text.len > KD_DOC_TITLE_BYTES_MAX : member->count > KD_DOC_VALUES_MAX)
            return kd_field_wrong(err, inside, name, "is longer than 1024 bytes, or has more than 100 values");
        for (const kd_json *v = member->type == KD_JSON_ARRAY ? member->child : NULL; v; v = v->next)
            if ((v->type != KD_JSON_STRING && v->type != KD_JSON_NUMBER) || v->text.len > KD_DOC_TITLE_BYTES_MAX)
                return kd_field_wrong(err, inside, name, "must be a value or a list of texts");
    }
    return KD_OK;
}

/* ---- variants ---- */

/* One variant in the one order of members: sku, size, color, gtin, image, then what else it says. */
static void print_variant(kd_jw *w, const kd_json *variant, const kd_str known[5], bool in_stock)
{
    static const char *const names[] = { "sku", "size", "color", "gtin", "image" };
    static const char *const without[] = { "sku", "size", "color", "gtin", "image", "price", "salePrice", "salePriceFrom",
                                           "salePriceTo",
                                           "currency", "stock", "availability" };
    kd_jw_object(w);
    for (size_t i = 0; i < 5; i++)
        if (known[i].len != 0)
            KD_JW_STR(w, names[i], known[i]);
    /* in stock is the rule: not kept */
    kd_print_members(w, variant, without, sizeof without / sizeof *without - (in_stock ? 0 : 1));
    kd_jw_object_end(w);
}

static kd_status read_variant(product_reader *r, kd_jw *w, const kd_json *variant, size_t number, price_said said, kd_ref *ref)
{
    kd_str    known[5];
    bool      in_stock = false;
    char      at[32];
    kd_status status;
    snprintf(at, sizeof at, "/variants/%zu", number);
    if (variant->type != KD_JSON_OBJECT)
        return kd_fail_field(r->err, KD_INVALID, at, "a variant must be a JSON object");
    if (variant->count > KD_DOC_MEMBERS_MAX)
        return kd_fail_field(r->err, KD_INVALID, at, "a variant must not have more than %d members", KD_DOC_MEMBERS_MAX);
    if ((status = kd_field_id(&known[0], variant, at, "sku", r->err)) != KD_OK)
        return status;
    if (known[0].len == 0)
        return kd_field_wrong(r->err, at, "sku", "is missing");
    *ref = kd_ref_of(known[0]);
    if ((status = kd_field_text(&known[1], variant, at, "size", KD_DOC_ID_BYTES_MAX, r->err)) != KD_OK
        || (status = kd_field_text(&known[2], variant, at, "color", KD_DOC_ID_BYTES_MAX, r->err)) != KD_OK
        || (status = kd_field_text(&known[3], variant, at, "gtin", 64, r->err)) != KD_OK
        || (status = kd_field_url(&known[4], variant, at, "image", true, r->err)) != KD_OK
        || (status = check_availability(&in_stock, variant, at, r->err)) != KD_OK
        || (status = check_attributes(variant, at, r->err)) != KD_OK
        || (status = read_price(&said, r, variant, at)) != KD_OK
        || (status = push_price(r, &said, *ref, at)) != KD_OK
        || (status = read_stock(r, variant, *ref, at)) != KD_OK)
        return status;
    print_variant(w, variant, known, in_stock);
    return KD_OK;
}

static int compare_refs(const void *a, const void *b)
{
    const kd_ref x = *(const kd_ref *)a, y = *(const kd_ref *)b;
    return x < y ? -1 : x > y;
}

static kd_status read_variants(product_reader *r, kd_jw *w, const kd_json *variants, const price_said *said)
{
    size_t    number = 0;
    kd_ref   *refs = KD_NEW(r->arena, kd_ref, variants->count);
    kd_status status = refs ? KD_OK : kd_fail_memory(r->err);
    kd_jw_key(w, "variants");
    kd_jw_array(w);
    for (const kd_json *v = variants->child; v && status == KD_OK; v = v->next, number++)
        status = read_variant(r, w, v, number, *said, &refs[number]);
    kd_jw_array_end(w);
    if (status != KD_OK)
        return status;
    qsort(refs, number, sizeof *refs, compare_refs);
    for (size_t i = 1; i < number; i++)
        if (refs[i] == refs[i - 1])
            return kd_field_wrong(r->err, "", "variants", "name one sku twice");
    return KD_OK;
}

/* ---- the product ---- */

static kd_status check_product(const kd_json *body, kd_err *err)
{
    static const char *const flags[] = { "replenishable", "digital", "hidden", "sensitive" };
    static const struct { const char *name; size_t bytes_max; } texts[] = {
        { "title", KD_DOC_TITLE_BYTES_MAX }, { "description", KD_DOC_TEXT_BYTES_MAX }, { "brand", KD_DOC_ID_BYTES_MAX },
        { "category", KD_DOC_TITLE_BYTES_MAX }, { "size", KD_DOC_ID_BYTES_MAX }, { "color", KD_DOC_ID_BYTES_MAX }, { "gtin", 64 },
    };
    kd_str    text;
    bool      flag;
    kd_status status = KD_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if ((status = kd_field_text(&text, body, "", texts[i].name, texts[i].bytes_max, err)) != KD_OK)
            return status;
        if (i == 0 && text.len == 0)
            return kd_field_wrong(err, "", "title", "is missing");
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags && status == KD_OK; i++)
        status = kd_field_bool(&flag, body, "", flags[i], err);
    if (status != KD_OK || (status = kd_field_url(&text, body, "", "url", false, err)) != KD_OK
        || (status = kd_field_url(&text, body, "", "image", true, err)) != KD_OK
        || (status = kd_field_texts(body, "", "categories", KD_DOC_TITLE_BYTES_MAX, err)) != KD_OK
        || (status = kd_field_texts(body, "", "taste", KD_DOC_ID_BYTES_MAX, err)) != KD_OK
        || (status = check_availability(&flag, body, "", err)) != KD_OK)
        return status;
    return check_attributes(body, "", err);
}

static kd_status print_created(product_reader *r, kd_jw *w, const kd_json *body, int64_t created_ms)
{
    kd_str          text;
    char            iso[25];
    const kd_status status = kd_field_text(&text, body, "", "createdAt", 64, r->err);
    if (status != KD_OK)
        return status;
    if (text.len != 0 && !kd_time_parse(&created_ms, text, 0))
        return kd_field_wrong(r->err, "", "createdAt", "must be an ISO 8601 time");
    kd_time_format(iso, created_ms);
    KD_JW_Z(w, "createdAt", iso);
    return KD_OK;
}

kd_status kd_draft_product(kd_draft *draft, kd_buf *buf, const kd_json *body, int64_t created_ms, int64_t now_ms, kd_arena *arena,
                           kd_err *err)
{
    static const char *const without[] = { "id", "price", "salePrice", "salePriceFrom", "salePriceTo", "currency", "stock",
                                           "createdAt",
                                           "variants", "deleted" };
    product_reader r = { .draft = draft, .now_ms = now_ms, .arena = arena, .err = err };
    price_said     said = { 0 };
    const kd_json *variants = kd_field(body, "variants");
    kd_jw          w;
    kd_status      status = check_product(body, err);
    if (status != KD_OK || (status = read_price(&said, &r, body, "")) != KD_OK)
        return status;
    if (variants && variants->type != KD_JSON_ARRAY)
        return kd_field_wrong(err, "", "variants", "must be a list of objects");
    if (variants && variants->count > KD_DOC_VARIANTS_MAX)
        return kd_field_wrong(err, "", "variants", "has more than 2000 entries");
    if (variants && variants->count == 0)
        variants = NULL;
    if (variants && kd_field(body, "stock"))
        return kd_field_wrong(err, "", "stock", "belongs to the variants of a product that has some");
    kd_jw_init(&w, buf);
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", draft->id);
    kd_print_members(&w, body, without, sizeof without / sizeof *without);
    if ((status = print_created(&r, &w, body, created_ms)) != KD_OK)
        return status;
    if (variants)
        status = read_variants(&r, &w, variants, &said);
    else if ((status = push_price(&r, &said, draft->ref, "")) == KD_OK)
        status = read_stock(&r, body, draft->ref, "");
    kd_jw_object_end(&w);
    return status;
}

/* ---- a newer body over an older one ---- */

static bool names_sku(const kd_json *variants, kd_str sku)
{
    for (const kd_json *v = variants ? variants->child : NULL; v; v = v->next)
        if (kd_str_eq(kd_str_trim(kd_json_text(kd_json_get(v, "sku"))), sku))
            return true;
    return false;
}

kd_status kd_draft_merge(const kd_json **out, const kd_json *older, const kd_json *newer, kd_arena *arena, kd_err *err)
{
    static const char *const without[] = { "variants" };
    const kd_json *before = kd_field(older, "variants"), *now = kd_field(newer, "variants");
    kd_buf         buf;
    kd_jw          w;
    if (!kd_json_is(newer, KD_JSON_OBJECT) || (now && now->type != KD_JSON_ARRAY))
        return *out = newer, KD_OK; /* reading it will say what is wrong */
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    for (const kd_json *member = older->child; member; member = member->next)
        if (!kd_str_is(member->key, "variants") && !kd_json_is(kd_json_get_str(newer, member->key), KD_JSON_NULL)) {
            const kd_json *winner = kd_json_get_str(newer, member->key);
            kd_jw_key_str(&w, member->key);
            kd_jw_node(&w, winner ? winner : member);
        }
    for (const kd_json *member = newer->child; member; member = member->next)
        if (!kd_str_is(member->key, without[0]) && member->type != KD_JSON_NULL && !kd_json_get_str(older, member->key)) {
            kd_jw_key_str(&w, member->key);
            kd_jw_node(&w, member);
        }
    if ((before && before->count != 0) || (now && now->count != 0)) {
        kd_jw_key(&w, "variants");
        kd_jw_array(&w);
        for (const kd_json *v = before ? before->child : NULL; v; v = v->next)
            if (!names_sku(now, kd_json_text(kd_json_get(v, "sku"))))
                kd_jw_node(&w, v);
        for (const kd_json *v = now ? now->child : NULL; v; v = v->next)
            kd_jw_node(&w, v);
        kd_jw_array_end(&w);
    }
    kd_jw_object_end(&w);
    const kd_status status = kd_buf_status(&buf, err);
    return status == KD_OK ? kd_json_parse(out, arena, buf.ptr, buf.len, err) : status;
}

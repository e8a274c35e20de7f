#include "catalog/document_read.h"
#include "catalog/image.h"
#include "catalog/query.h"

typedef struct maker {
    kd_catalog    *catalog;
    const kd_json *taste;  /* names the document marks */
    kd_arena      *arena;
} maker;

/* ---- attributes ---- */

static bool marked(const kd_json *taste, kd_str name)
{
    if (kd_json_is(taste, KD_JSON_STRING))
        return kd_str_eq(kd_str_trim(taste->text), name);
    for (const kd_json *v = kd_json_is(taste, KD_JSON_ARRAY) ? taste->child : NULL; v; v = v->next)
        if (kd_str_eq(kd_str_trim(kd_json_text(v)), name))
            return true;
    return false;
}

static bool add_attributes(kd_attr_list *list, const maker *m, const kd_json *attributes)
{
    bool ok = true;
    for (const kd_json *a = kd_json_is(attributes, KD_JSON_OBJECT) ? attributes->child : NULL; a && ok; a = a->next) {
        const kd_str   name = kd_str_trim(a->key);
        const uint16_t number = marked(m->taste, name) ? kd_attribute_number(m->catalog, name)
            : kd_attribute_find(m->catalog, name);
        const kd_word *whole = NULL;
        if (number == KD_ATTR_CATEGORY)
            ok = kd_attr_add_category(list, m->catalog, kd_json_text(a), &whole);
        else if (number != KD_ATTR_PRICE_BAND && (number < KD_ATTR_FIRST_CUSTOM || marked(m->taste, name)))
            ok = kd_attr_add_node(list, m->catalog, number, a); /* number 0, no room for another name: left out of taste */
    }
    return ok;
}

static bool add_categories(kd_attr_list *list, kd_str *category, const maker *m, const kd_json *body)
{
    const kd_json *categories = kd_json_get(body, "categories");
    const kd_word *whole = NULL, *other = NULL;
    if (!kd_attr_add_category(list, m->catalog, kd_json_text(kd_json_get(body, "category")), &whole)
        || !kd_attr_add_category(list, m->catalog, kd_json_text(categories), whole ? &other : &whole))
        return false;
    for (const kd_json *v = kd_json_is(categories, KD_JSON_ARRAY) ? categories->child : NULL; v; v = v->next)
        if (!kd_attr_add_category(list, m->catalog, kd_json_text(v), whole ? &other : &whole))
            return false;
    *category = whole ? kd_word_str(whole) : (kd_str){ 0 };
    return true;
}

/* What all variants share stands with the product, so that it counts when only the product is named, and not twice when the
 * variant is. Sizes stay: "in your size" is asked of variants. */
static bool lift_shared(kd_attr_list *product, kd_variant *variants, size_t count, kd_product_attr **own)
{
    for (size_t a = 0; a < variants[0].attr_count; a++) {
        const kd_product_attr shared = own[0][a];
        bool                  everywhere = shared.attribute != KD_ATTR_SIZE && shared.attribute != 0;
        for (size_t v = 1; v < count && everywhere; v++) {
            everywhere = false;
            for (size_t i = 0; i < variants[v].attr_count && !everywhere; i++)
                everywhere = own[v][i].attribute == shared.attribute && own[v][i].value == shared.value;
        }
        if (!everywhere)
            continue;
        if (product->count == product->cap) /* the list was made with room for this */
            return false;
        product->items[product->count++] = shared;
        for (size_t v = 0; v < count; v++)
            for (size_t i = 0; i < variants[v].attr_count; i++)
                if (own[v][i].attribute == shared.attribute && own[v][i].value == shared.value)
                    own[v][i].attribute = 0; /* swept out below */
    }
    for (size_t v = 0; v < count; v++) {
        uint16_t kept = 0;
        for (size_t i = 0; i < variants[v].attr_count; i++)
            if (own[v][i].attribute != 0)
                own[v][kept++] = own[v][i];
        variants[v].attr_count = kept;
    }
    return true;
}

static kd_str interned(const maker *m, const kd_json *node, bool *ok)
{
    kd_ref       ref = 0;
    const kd_str text = kd_str_trim(kd_json_text(node));
    if (text.len == 0)
        return (kd_str){ 0 };
    const kd_word *word = kd_words_add(&m->catalog->values, text, &ref);
    *ok = *ok && word;
    return word ? kd_word_str(word) : (kd_str){ 0 };
}

/* ---- variants ---- */

static bool printed(const kd_json **out, const kd_json *object, const char *const *without, size_t without_count, kd_arena *arena)
{
    kd_buf buf;
    kd_jw  w;
    kd_err err;
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    kd_print_members(&w, object, without, without_count);
    kd_jw_object_end(&w);
    return !buf.failed && kd_json_parse(out, arena, buf.ptr, buf.len, &err) == KD_OK;
}

static bool read_variant(kd_variant *out, kd_product_attr **own, const maker *m, const kd_json *node, bool sold_out)
{
    static const char *const known[] = { "sku", "size", "color", "gtin", "image" };
    kd_attr_list   list = { .arena = m->arena };
    const kd_str   availability = kd_json_text(kd_json_get(node, "availability"));
    bool           ok = true;
    uint32_t       others = 0;
    out->sku = kd_json_text(kd_json_get(node, "sku"));
    out->ref = kd_ref_of(out->sku);
    out->row = kd_variant_row(m->catalog, out->ref);
    out->size = interned(m, kd_json_get(node, "size"), &ok);
    out->color = interned(m, kd_json_get(node, "color"), &ok);
    out->image = kd_json_text(kd_json_get(node, "image"));
    out->gtin = kd_json_text(kd_json_get(node, "gtin"));
    out->out_of_stock = availability.len ? kd_str_is(availability, "out_of_stock") : sold_out;
    for (const kd_json *member = node->child; member; member = member->next) {
        others++;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (kd_str_is(member->key, known[i])) {
                others--;
                break;
            }
    }
    if (others != 0 && !printed(&out->doc, node, known, sizeof known / sizeof *known, m->arena))
        return false;
    if (!ok || out->row == KD_ROW_NONE || !kd_attr_add(&list, m->catalog, KD_ATTR_SIZE, out->size)
        || !kd_attr_add(&list, m->catalog, KD_ATTR_COLOR, out->color) || !add_attributes(&list, m, kd_json_get(node, "attributes")))
        return false;
    kd_attr_sort(&list);
    *own = list.items;
    out->attrs = list.items;
    out->attr_count = (uint16_t)list.count;
    return true;
}

static bool read_variants(kd_product *p, kd_attr_list *attrs, const maker *m, const kd_json *variants, bool sold_out)
{
    size_t            n = 0;
    kd_variant       *items = KD_NEW(m->arena, kd_variant, variants->count);
    kd_product_attr **own = KD_NEW(m->arena, kd_product_attr *, variants->count);
    if (!items || !own)
        return false;
    for (const kd_json *v = variants->child; v; v = v->next, n++)
        if (!read_variant(&items[n], &own[n], m, v, sold_out))
            return false;
    /* Room for all of the first variant's in the product's list. */
    kd_product_attr *roomy = KD_NEW(m->arena, kd_product_attr, attrs->count + items[0].attr_count + 1);
    if (!roomy)
        return false;
    if (attrs->count)
        memcpy(roomy, attrs->items, attrs->count * sizeof *roomy);
    attrs->items = roomy;
    attrs->cap = attrs->count + items[0].attr_count;
    p->variants = items;
    p->variant_count = (uint16_t)n;
    return lift_shared(attrs, items, n, own);
}

/* A product without variants is its own: its size stands with the variant, everything else with the product. */
static bool own_variant(kd_product *p, const maker *m, const kd_json *body, bool sold_out)
{
    kd_variant    *variant = KD_NEW(m->arena, kd_variant, 1);
    const kd_json *attributes = kd_json_get(body, "attributes");
    const kd_json *size = kd_json_get(body, "size"), *color = kd_json_get(body, "color");
    kd_attr_list   list = { .arena = m->arena };
    bool           ok = true;
    if (!variant)
        return false;
    variant->sku = p->id;
    variant->ref = p->ref;
    variant->row = kd_variant_row(m->catalog, p->ref);
    variant->size = interned(m, size ? size : kd_json_get(attributes, "size"), &ok);
    variant->color = interned(m, color ? color : kd_json_get(attributes, "color"), &ok);
    variant->gtin = kd_json_text(kd_json_get(body, "gtin"));
    variant->out_of_stock = sold_out;
    if (!ok || variant->row == KD_ROW_NONE || !kd_attr_add(&list, m->catalog, KD_ATTR_SIZE, variant->size))
        return false;
    variant->attrs = list.items;
    variant->attr_count = (uint16_t)list.count;
    p->variants = variant;
    p->variant_count = 1;
    p->single = true;
    return true;
}

/* ---- price bands ---- */

kd_ref kd_product_band(kd_catalog *catalog, const kd_product *product)
{
    kd_price lowest = { 0 }, price;
    bool     known = false;
    for (uint16_t i = 0; i < product->variant_count; i++) {
        if (!kd_levels_price(&price, catalog->levels, product->variants[i].row))
            continue;
        if (!known || (price.list_micro < lowest.list_micro && strcmp(price.currency.code, lowest.currency.code) == 0))
            lowest = price; /* the list price: a sale does not change what kind of thing it is */
        known = true;
    }
    return known ? kd_price_band(catalog, product->category, lowest.list_micro, lowest.currency) : 0;
}

static void drop_sizes_and_bands(kd_attr_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].attribute != KD_ATTR_SIZE && list->items[i].attribute != KD_ATTR_PRICE_BAND)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

/* Sorted, with the band among them; false: out of memory. */
static bool attrs_done(kd_product *p, kd_attr_list *list, kd_ref band, kd_arena *arena)
{
    kd_product_attr *items = KD_NEW(arena, kd_product_attr, list->count + 1);
    if (!items)
        return false;
    if (list->count)
        memcpy(items, list->items, list->count * sizeof *items);
    *list = (kd_attr_list){ .items = items, .count = list->count, .cap = list->count + 1, .arena = arena };
    drop_sizes_and_bands(list);
    if (band != 0)
        list->items[list->count++] = (kd_product_attr){ KD_ATTR_PRICE_BAND, band };
    kd_attr_sort(list);
    p->attrs = list->items;
    p->attr_count = (uint16_t)(list->count < UINT16_MAX ? list->count : UINT16_MAX);
    return true;
}

/* ---- one block of memory ---- */

static kd_str member_text(const kd_json *doc, const char *name)
{
    return kd_str_trim(kd_json_text(kd_json_get(doc, name)));
}

/* What one searches a product by, a line each. */
enum { WORDS = 4 };
static size_t words_of(kd_str parts[WORDS], const kd_product *p)
{
    size_t bytes = WORDS;
    parts[0] = member_text(p->doc, "title");
    parts[1] = member_text(p->doc, "id");
    parts[2] = p->category;
    parts[3] = member_text(p->doc, "brand");
    for (size_t i = 0; i < WORDS; i++)
        bytes += parts[i].len;
    return bytes;
}

static kd_str pack_words(kd_pack *pack, const kd_product *p)
{
    kd_str parts[WORDS];
    char  *text = kd_pack_array(pack, NULL, words_of(parts, p), 1), *at = text;
    for (size_t i = 0; i < WORDS; i++) {
        kd_lower(at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
        *at++ = '\n';
    }
    return (kd_str){ text, (size_t)(at - text) };
}

static void add_member(kd_jw *w, const char *key, kd_str text)
{
    if (text.len != 0)
        KD_JW_STR(w, key, text);
}

/* The members of an object without its braces, so that a writer can set them among others. */
static kd_str compose_card(kd_buf *buf, const kd_product *p)
{
    kd_jw w;
    kd_buf_init(buf, NULL);
    kd_jw_init(&w, buf);
    kd_jw_object(&w);
    KD_JW_STR(&w, "productId", member_text(p->doc, "id"));
    KD_JW_STR(&w, "title", member_text(p->doc, "title"));
    add_member(&w, "brand", member_text(p->doc, "brand"));
    add_member(&w, "category", p->category);
    add_member(&w, "url", member_text(p->doc, "url"));
    return buf->failed ? (kd_str){ 0 } : (kd_str){ buf->ptr + 1, buf->len - 1 };
}

static size_t product_bytes(const kd_product *p, kd_str card)
{
    kd_str parts[WORDS];
    size_t bytes = kd_pack_array_bytes(1, sizeof(kd_product_object)) + kd_pack_str_bytes(card) + kd_pack_array_bytes(p->variant_count, sizeof(kd_facing)) + kd_pack_tree_bytes(p->doc)
        + kd_pack_array_bytes(words_of(parts, p), 1) + kd_pack_array_bytes(p->attr_count, sizeof(kd_product_attr)) + kd_pack_array_bytes(p->variant_count, sizeof(kd_variant));
    for (uint16_t i = 0; i < p->variant_count; i++) {
        const kd_variant *v = &p->variants[i];
        bytes += kd_pack_array_bytes(v->attr_count, sizeof(kd_product_attr));
        if (!p->single)
            bytes += kd_pack_str_bytes(v->sku) + kd_pack_str_bytes(v->image) + kd_pack_str_bytes(v->gtin);
        if (v->doc)
            bytes += kd_pack_tree_bytes(v->doc);
    }
    return bytes;
}

static kd_ref size_of(const kd_variant *variant)
{
    for (uint16_t i = 0; i < variant->attr_count; i++)
        if (variant->attrs[i].attribute == KD_ATTR_SIZE)
            return variant->attrs[i].value;
    return 0;
}

static kd_ref department_of(kd_str category)
{
    const char  *end = memchr(category.ptr ? category.ptr : "", '>', category.len);
    const kd_str top = end ? kd_str_trim((kd_str){ category.ptr, (size_t)(end - category.ptr) }) : category;
    return top.len ? kd_ref_of(top) : 0;
}

uint32_t kd_product_mark(const kd_catalog *catalog, const kd_product *p)
{
    enum { CATEGORIES_MAX = 64 };
    kd_str categories[CATEGORIES_MAX];
    size_t count = 0;
    for (uint16_t i = 0; i < p->attr_count && count < CATEGORIES_MAX; i++)
        if (p->attrs[i].attribute == KD_ATTR_CATEGORY)
            categories[count++] = kd_words_text(&catalog->values, p->attrs[i].value);
    return kd_concepts_of_product(catalog->concepts, p, categories, count);
}

static kd_object *pack_with_card(kd_catalog *catalog, const kd_product *p, kd_str card, uint64_t hash, bool deleted)
{
    const size_t       bytes = product_bytes(p, card);
    kd_product_object *object = kd_object_new(catalog, bytes, hash, deleted);
    if (!object)
        return NULL;
    kd_pack     pack = { (char *)object + kd_pack_array_bytes(1, sizeof *object), (char *)object + bytes };
    kd_product *q = &object->product;
    *q = *p;
    atomic_init(&object->seen, 1);
    atomic_init(&object->seen_day, catalog->today);
    kd_facing *facings = kd_pack_array(&pack, NULL, p->variant_count, sizeof(kd_facing));
    for (uint16_t i = 0; i < p->variant_count; i++)
        facings[i] = (kd_facing){ size_of(&p->variants[i]), p->variants[i].row, p->variants[i].out_of_stock };
    q->facings = facings;
    q->department = department_of(p->category);
    q->card = kd_pack_str(&pack, card);
    q->words = pack_words(&pack, p);
    q->doc = kd_pack_tree(&pack, p->doc);
    q->id = member_text(q->doc, "id");
    q->title = member_text(q->doc, "title");
    q->description = member_text(q->doc, "description");
    q->url = member_text(q->doc, "url");
    q->image = member_text(q->doc, "image");
    q->brand = member_text(q->doc, "brand");
    q->attrs = kd_pack_array(&pack, p->attrs, p->attr_count, sizeof(kd_product_attr));
    kd_variant *variants = kd_pack_array(&pack, p->variants, p->variant_count, sizeof(kd_variant));
    q->variants = variants;
    for (uint16_t i = 0; i < p->variant_count; i++) {
        kd_variant *v = &variants[i];
        v->attrs = kd_pack_array(&pack, v->attrs, v->attr_count, sizeof(kd_product_attr));
        v->sku = p->single ? q->id : kd_pack_str(&pack, v->sku);
        v->image = p->single ? q->image : kd_pack_str(&pack, v->image);
        v->gtin = p->single ? member_text(q->doc, "gtin") : kd_pack_str(&pack, v->gtin);
        if (v->doc)
            v->doc = kd_pack_tree(&pack, v->doc);
    }
    q->sensitive = kd_product_mark(catalog, q);
    return &object->head;
}

/* `p` points anywhere (an arena, an older object); the object has everything in its own block, and values in the word list. */
static kd_object *pack_product(kd_catalog *catalog, const kd_product *p, uint64_t hash, bool deleted)
{
    kd_buf       buf;
    const kd_str card = compose_card(&buf, p);
    kd_object   *object = card.ptr ? pack_with_card(catalog, p, card, hash, deleted) : NULL;
    kd_buf_free(&buf);
    return object;
}

kd_object *kd_product_make(kd_catalog *catalog, const kd_draft *draft, const kd_json *body, uint32_t row, bool stub,
                           kd_arena *arena)
{
    static const char *const without[] = { "variants" };
    const kd_json *variants = kd_json_get(body, "variants");
    const maker    m = { catalog, kd_json_get(body, "taste"), arena };
    kd_attr_list   attrs = { .arena = arena };
    kd_product     p = { .ref = draft->ref, .row = row, .stub = stub };
    kd_ref         band;
    p.id = draft->id;
    p.doc = body;
    p.claimed = stub && kd_json_bool(kd_json_get(body, "claimed"), false);
    p.hidden = draft->deleted || kd_json_bool(kd_json_get(body, "hidden"), false);
    p.replenishable = kd_json_bool(kd_json_get(body, "replenishable"), false);
    p.digital = kd_json_bool(kd_json_get(body, "digital"), false);
    kd_time_parse(&p.created_ms, kd_json_text(kd_json_get(body, "createdAt")), 0);
    if (variants && (variants->type != KD_JSON_ARRAY || variants->count == 0))
        variants = NULL;
    if (kd_json_get(body, "variants") && !printed(&p.doc, body, without, 1, arena))
        return NULL;
    const bool sold_out = kd_str_is(kd_json_text(kd_json_get(body, "availability")), "out_of_stock");
    if (!add_categories(&attrs, &p.category, &m, body) || !kd_attr_add(&attrs, catalog, KD_ATTR_BRAND,
        kd_json_text(kd_json_get(body, "brand")))
        || !kd_attr_add(&attrs, catalog, KD_ATTR_COLOR, kd_json_text(kd_json_get(body, "color")))
        || !add_attributes(&attrs, &m, kd_json_get(body, "attributes")))
        return NULL;
    if (!(variants ? read_variants(&p, &attrs, &m, variants, sold_out) : own_variant(&p, &m, body, sold_out)))
        return NULL;
    band = kd_product_band(catalog, &p);
    if (!attrs_done(&p, &attrs, band, arena))
        return NULL;
    return pack_product(catalog, &p, kd_hash64(draft->body.ptr, draft->body.len, 0), draft->deleted);
}

/* A fresh object stands for the document of the old one. */
static kd_object *in_place_of(kd_object *object, const kd_product_object *old)
{
    if (object) {
        kd_product_object *made = (kd_product_object *)(void *)object;
        object->version = old->head.version;
        atomic_store_explicit(&made->seen, atomic_load_explicit(&old->seen, memory_order_relaxed), memory_order_relaxed);
        atomic_store_explicit(&made->seen_day, atomic_load_explicit(&old->seen_day, memory_order_relaxed), memory_order_relaxed);
    }
    return object;
}

kd_object *kd_product_marked(kd_catalog *catalog, const kd_product_object *old)
{
    return in_place_of(pack_product(catalog, &old->product, old->head.hash, old->head.deleted), old);
}

kd_object *kd_product_with_band(kd_catalog *catalog, const kd_product_object *old, kd_ref band, kd_arena *arena)
{
    kd_product   p = old->product;
    /* copied before it is changed */
    kd_attr_list attrs = { .items = (kd_product_attr *)(uintptr_t)p.attrs, .count = p.attr_count };
    if (!attrs_done(&p, &attrs, band, arena))
        return NULL;
    return in_place_of(pack_product(catalog, &p, old->head.hash, old->head.deleted), old);
}

void kd_product_print(kd_buf *buf, const kd_product *product)
{
    static const char *const names[] = { "sku", "size", "color", "gtin", "image" };
    kd_jw w;
    kd_jw_init(&w, buf);
    kd_jw_object(&w);
    kd_print_members(&w, product->doc, NULL, 0);
    if (!product->single) {
        kd_jw_key(&w, "variants");
        kd_jw_array(&w);
        for (uint16_t i = 0; i < product->variant_count; i++) {
            const kd_variant *v = &product->variants[i];
            const kd_str      texts[] = { v->sku, v->size, v->color, v->gtin, v->image };
            kd_jw_object(&w);
            for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
                if (texts[t].len != 0)
                    KD_JW_STR(&w, names[t], texts[t]);
            kd_print_members(&w, v->doc, NULL, 0);
            kd_jw_object_end(&w);
        }
        kd_jw_array_end(&w);
    }
    kd_jw_object_end(&w);
}

#include "catalog/change.h"
#include <stdlib.h>

static kd_status begun(kd_showing *showing, kd_err *err)
{
    if (!showing->edit)
        showing->edit = kd_edit_begin(showing->catalog);
    return showing->edit ? KD_OK : kd_fail_memory(err);
}

/* ---- who owns a sku ----
 *
 * Several documents may name one sku (a feed regroups its products). It belongs to the newest document that is for sale, then
 * to stubs, then to deleted ones: a function of the documents alone, so that a restart gives the same owner. */

static int owner_class(const kd_product_object *object)
{
    return object->head.deleted ? 0 : object->product.stub ? 1 : 2;
}

static bool outranks(const kd_product_object *a, const kd_product_object *b)
{
    const int class_a = owner_class(a), class_b = owner_class(b);
    return class_a != class_b ? class_a > class_b : a->head.version > b->head.version;
}

static const kd_product_object *product_at(const kd_snapshot *s, uint32_t row)
{
    return (const kd_product_object *)(const void *)kd_table_get(&s->products, row);
}

static const kd_variant *variant_of(const kd_product *product, kd_ref sku)
{
    for (uint16_t i = 0; i < product->variant_count; i++)
        if (product->variants[i].ref == sku)
            return &product->variants[i];
    return NULL;
}

static bool is_contested(const kd_catalog *catalog, kd_ref sku)
{
    uint32_t value;
    return kd_map_get(catalog->contested, sku, &value);
}

/* The best claimant of a sku among all products: asked only when a contested one loses its owner. */
static uint32_t best_owner(const kd_snapshot *edit, kd_ref sku)
{
    const kd_product_object *best = NULL;
    for (uint32_t row = 0; row < edit->products.count; row++) {
        const kd_product_object *object = product_at(edit, row);
        if (object && variant_of(&object->product, sku) && (!best || outranks(object, best)))
            best = object;
    }
    return best ? best->product.row : KD_ROW_NONE;
}

static bool claim(kd_snapshot *edit, const kd_product_object *object, const kd_variant *v, bool sank)
{
    const uint32_t row = object->product.row, owner = kd_snapshot_owner(edit, v->row);
    if (owner == row && sank && is_contested(edit->catalog, v->ref))
        return kd_edit_set_owner(edit, v->row, best_owner(edit, v->ref));
    if (owner == row)
        return true;
    if (owner != KD_ROW_NONE) {
        if (!kd_map_set(edit->catalog->contested, v->ref, 1))
            return false;
        if (!outranks(object, product_at(edit, owner)))
            return true;
    }
    return kd_edit_set_owner(edit, v->row, row);
}

static bool give_up(kd_snapshot *edit, uint32_t row, const kd_variant *v)
{
    if (kd_snapshot_owner(edit, v->row) != row)
        return true;
    return kd_edit_set_owner(edit, v->row, is_contested(edit->catalog, v->ref) ? best_owner(edit, v->ref) : KD_ROW_NONE);
}

/* A row made for a claim: stubs.c looks at these only. An edit that is dropped leaves one behind that means nothing. */
static void note_claimed_row(kd_catalog *catalog, uint32_t row)
{
    const uint32_t count = atomic_load_explicit(&catalog->claimed_row_count, memory_order_relaxed);
    if (count < KD_CLAIMED_ROWS_MAX)
        catalog->claimed_rows[count] = row;
    atomic_store_explicit(&catalog->claimed_row_count, count + (count < KD_CLAIMED_ROWS_MAX), memory_order_relaxed);
}

/* `object` into its row, and its skus to it. */
static bool place_product(kd_snapshot *edit, kd_object *object)
{
    const kd_product_object *now = (const kd_product_object *)(const void *)object;
    const uint32_t           row = now->product.row;
    kd_object               *before = kd_table_get(&edit->products, row);
    edit->sensitive = edit->sensitive + (now->product.sensitive != 0) - (before && kd_product_of(before)->sensitive != 0);
    if (before)
        atomic_fetch_add_explicit(&before->refs, 1, memory_order_relaxed); /* kept until its skus are settled */
    bool ok = kd_edit_set(edit, &edit->products, row, object);
    if (ok) {
        const kd_product_object *was = (const kd_product_object *)(const void *)before;
        const bool               sank = was && owner_class(now) < owner_class(was);
        const bool           is_stub = now->product.stub && !now->head.deleted, was_stub = was && was->product.stub && !was->head.deleted;
        edit->stubs = edit->stubs + is_stub - was_stub;
        edit->claimed_stubs = edit->claimed_stubs + (is_stub && now->product.claimed) - (was_stub && was->product.claimed);
        if (!was && now->product.claimed)
            note_claimed_row(edit->catalog, row);
        if (!now->product.stub && (!was || was->product.stub))
            ok = kd_edit_add_described(edit, row);
        for (uint16_t i = 0; i < now->product.variant_count && ok; i++)
            ok = claim(edit, now, &now->product.variants[i], sank);
        for (uint16_t i = 0; was && i < was->product.variant_count && ok; i++)
            if (!variant_of(&now->product, was->product.variants[i].ref))
                ok = give_up(edit, row, &was->product.variants[i]);
    }
    kd_object_release(before);
    return ok;
}

/* ---- documents ---- */

static kd_status show_postal(kd_showing *showing, const kd_draft *draft, const kd_json *body, kd_err *err)
{
    if (showing->postal_count == showing->postal_cap) {
        const size_t      cap = showing->postal_cap ? showing->postal_cap * 2 : 256;
        kd_postal_change *changes = realloc(showing->postal, cap * sizeof *changes);
        if (!changes)
            return kd_fail_memory(err);
        showing->postal = changes;
        showing->postal_cap = cap;
    }
    kd_postal_change *change = &showing->postal[showing->postal_count];
    if (!kd_postal_change_of(change, draft, body))
        return kd_fail(err, KD_CORRUPT, "a stored postal code is not one");
    change->order = (uint32_t)showing->postal_count++;
    return KD_OK;
}

static void set_version(kd_doc_kind kind, kd_object *object, uint64_t version)
{
    object->version = version;
    if (kind == KD_DOC_PRODUCT)
        ((kd_product_object *)(void *)object)->product.version = version; /* of a stub it stays 0 */
}

static void raise_watermark(kd_snapshot *edit, uint64_t version)
{
    if (version > edit->version)
        edit->version = version;
}

kd_status kd_show(kd_showing *showing, const kd_draft *draft, uint64_t version, kd_err *err)
{
    const kd_json *body;
    bool           is_new, ok = false;
    kd_object     *object = NULL;
    kd_status      status = begun(showing, err);
    if (status != KD_OK)
        return status;
    kd_arena_reset(showing->scratch);
    status = kd_json_parse(&body, showing->scratch, draft->body.ptr, draft->body.len, err);
    if (status != KD_OK || body->type != KD_JSON_OBJECT)
        return status == KD_LIMIT ? status : kd_fail(err, KD_CORRUPT, "a stored %s is not a JSON object",
                                                     kd_doc_kind_name(draft->kind));
    kd_snapshot *edit = showing->edit;
    raise_watermark(edit, version);
    if (draft->kind == KD_DOC_POSTAL)
        return show_postal(showing, draft, body, err);
    kd_catalog    *catalog = showing->catalog;
    kd_table      *table = kd_edit_table(edit, draft->kind);
    const uint32_t row = kd_edit_row(edit, draft->kind, draft->ref, &is_new);
    if (row == KD_ROW_NONE)
        return kd_fail(err, KD_LIMIT, "out of memory, or more %ss than Kunde can hold", kd_doc_kind_name(draft->kind));
    if (draft->kind == KD_DOC_STUB && !is_new && !product_at(edit, row)->product.stub)
        return KD_OK; /* described meanwhile: the description counts */
    switch (draft->kind) {
    case KD_DOC_PRODUCT:
    case KD_DOC_STUB:
        object = kd_product_make(catalog, draft, body, row, draft->kind == KD_DOC_STUB, showing->scratch);
        break;
    case KD_DOC_PLACE:
        if (kd_levels_place_reserve(catalog->levels, draft->ref))
            object = kd_place_make(catalog, draft, body, row);
        showing->places = true;
        break;
    case KD_DOC_CONTENT: object = kd_content_make(catalog, draft, body, showing->scratch); break;
    default: break;
    }
    if (!object)
        return kd_fail_memory(err);
    set_version(draft->kind, object, version);
    if (version == 0) /* of several drafts the later is newer, and each newer than what is stored */
        object->version = UINT64_MAX / 2 + atomic_load_explicit(&catalog->objects_made, memory_order_relaxed);
    if (draft->kind == KD_DOC_PRODUCT || draft->kind == KD_DOC_STUB)
        ok = place_product(edit, object);
    else {
        if (draft->kind == KD_DOC_CONTENT)
            edit->sensitive = edit->sensitive + kd_content_is_marked(object) - kd_content_is_marked(kd_table_get(table, row));
        ok = kd_edit_set(edit, table, row, object);
    }
    return ok ? KD_OK : kd_fail_memory(err);
}

void kd_showing_version(kd_showing *showing, const kd_draft *draft, uint64_t version)
{
    bool       is_new;
    kd_object *object = NULL;
    if (draft->kind != KD_DOC_POSTAL)
        object = kd_table_get(kd_edit_table(showing->edit, draft->kind),
                              kd_edit_row(showing->edit, draft->kind, draft->ref, &is_new));
    if (object && !(draft->kind == KD_DOC_STUB && !kd_product_of(object)->stub))
        set_version(draft->kind, object, version);
    raise_watermark(showing->edit, version);
}

/* ---- sensitive marks ---- */

kd_status kd_show_marks(kd_showing *showing, kd_err *err)
{
    kd_catalog *catalog = showing->catalog;
    if (begun(showing, err) != KD_OK)
        return KD_LIMIT;
    kd_snapshot *edit = showing->edit;
    kd_concepts_release(edit->concepts);
    edit->concepts = kd_concepts_retain(catalog->concepts);
    edit->sensitive = 0;
    for (uint32_t row = 0; row < edit->products.count; row++) {
        const kd_product_object *old = product_at(edit, row);
        const uint32_t           mark = old ? kd_product_mark(catalog, &old->product) : 0;
        edit->sensitive += mark != 0;
        if (old && mark != old->product.sensitive && !kd_edit_set(edit, &edit->products, row, kd_product_marked(catalog, old)))
            return kd_fail_memory(err);
    }
    for (uint32_t row = 0; row < edit->contents.count; row++) {
        const kd_content_object *old = (const kd_content_object *)(const void *)kd_table_get(&edit->contents, row);
        const uint32_t           mark = old ? kd_concepts_of_content(catalog->concepts, &old->content) : 0;
        edit->sensitive += mark != 0;
        if (old && mark != old->content.sensitive && !kd_edit_set(edit, &edit->contents, row, kd_content_marked(catalog, old)))
            return kd_fail_memory(err);
    }
    return KD_OK;
}

/* ---- price bands ---- */

static kd_ref band_in(const kd_product *product)
{
    for (uint16_t i = 0; i < product->attr_count; i++)
        if (product->attrs[i].attribute == KD_ATTR_PRICE_BAND)
            return product->attrs[i].value;
    return 0;
}

static kd_status refresh_band(kd_showing *showing, uint32_t row, kd_err *err)
{
    kd_catalog              *catalog = showing->catalog;
    const kd_product_object *old = product_at(showing->edit ? showing->edit : catalog->current, row);
    const kd_ref             band = kd_product_band(catalog, &old->product);
    if (band == band_in(&old->product))
        return KD_OK;
    if (begun(showing, err) != KD_OK)
        return KD_LIMIT;
    kd_arena_reset(showing->scratch);
    kd_object *object = kd_product_with_band(catalog, old, band, showing->scratch);
    return kd_edit_set(showing->edit, &showing->edit->products, row, object) ? KD_OK : kd_fail_memory(err);
}

kd_status kd_show_bands(kd_showing *showing, const kd_level *levels, size_t count, kd_err *err)
{
    kd_catalog *catalog = showing->catalog;
    kd_status   status = KD_OK;
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        const kd_snapshot *s = showing->edit ? showing->edit : catalog->current;
        uint64_t           variant_row = 0;
        if (levels[i].what == KD_LEVEL_STOCK || levels[i].place != 0 || !kd_index_get(&catalog->variant_rows, levels[i].variant,
            &variant_row))
            continue;
        const uint32_t owner = kd_snapshot_owner(s, (uint32_t)variant_row);
        if (!is_contested(catalog, levels[i].variant)) {
            if (owner != KD_ROW_NONE)
                status = refresh_band(showing, owner, err);
            continue;
        }
        for (uint32_t row = 0; row < s->products.count && status == KD_OK; row++) { /* others name this sku too */
            s = showing->edit ? showing->edit : catalog->current;
            if (variant_of(&product_at(s, row)->product, levels[i].variant))
                status = refresh_band(showing, row, err);
        }
    }
    return status;
}

/* ---- the end ---- */

void kd_showing_drop(kd_showing *showing)
{
    kd_edit_discard(showing->edit);
    free(showing->postal);
    showing->edit = NULL;
    showing->postal = NULL;
    showing->postal_count = showing->postal_cap = 0;
}

/* Which place's stock lies in which column, and which is closed. */
static void link_places(kd_snapshot *edit)
{
    for (uint32_t row = 0; row < edit->places.count; row++) {
        const kd_place *place = kd_snapshot_place(edit, (uint16_t)row);
        kd_levels_place(edit->catalog->levels, place->row, place->ref, place->closed);
    }
}

kd_status kd_showing_ready(kd_showing *showing, kd_err *err)
{
    if (showing->postal_count == 0)
        return KD_OK;
    kd_postal *postal = kd_postal_with(showing->edit->postal, showing->postal, showing->postal_count);
    if (!postal)
        return kd_fail_memory(err);
    kd_postal_release(showing->edit->postal);
    showing->edit->postal = postal;
    showing->postal_count = 0;
    return KD_OK;
}

kd_status kd_showing_store(kd_showing *showing, const kd_draft *drafts, size_t count, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    kd_status status = kd_showing_ready(showing, err);
    kd_doc   *docs = KD_NEW(arena, kd_doc, count);
    size_t    used = 0;
    if (status == KD_OK && !docs)
        status = kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK; i++)
        if (!drafts[i].unchanged)
            docs[used++] = (kd_doc){ .kind = kd_str_z(kd_doc_kind_name(drafts[i].kind)), .id = drafts[i].id,
                                     .valid_from_ms = now_ms,
                                     .deleted = drafts[i].deleted, .body = drafts[i].body };
    if (status == KD_OK && used != 0)
        status = kd_store_docs_put(showing->catalog->store, docs, used, err);
    if (status != KD_OK) {
        kd_showing_drop(showing);
        return status;
    }
    for (size_t i = 0, d = 0; i < count; i++)
        if (!drafts[i].unchanged)
            kd_showing_version(showing, &drafts[i], docs[d++].version);
    kd_showing_publish(showing);
    return KD_OK;
}

void kd_showing_publish(kd_showing *showing)
{
    kd_snapshot *edit = showing->edit;
    if (edit && showing->places)
        link_places(edit);
    showing->edit = NULL;
    if (edit)
        kd_edit_publish(edit);
    kd_showing_drop(showing);
}

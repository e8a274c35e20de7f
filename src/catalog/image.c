#include "catalog/image.h"
#include <assert.h>
#include <stdlib.h>
#include "base/fetch.h"

struct kd_fresh { kd_index *index; kd_ref ref; uint32_t row; };

/* ---- objects ---- */

void *kd_object_new(kd_catalog *catalog, size_t bytes, uint64_t hash, bool deleted)
{
    kd_object *object = calloc(1, bytes);
    if (!object)
        return NULL;
    atomic_init(&object->refs, 1);
    object->bytes = bytes;
    object->hash = hash;
    object->deleted = deleted;
    object->account = &catalog->object_bytes;
    atomic_fetch_add_explicit(object->account, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&catalog->objects_made, 1, memory_order_relaxed);
    return object;
}

void kd_object_release(kd_object *object)
{
    if (!object || atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) != 1)
        return;
    atomic_fetch_sub_explicit(object->account, object->bytes, memory_order_relaxed);
    free(object);
}

/* ---- tables ---- */

static void chunk_release(kd_chunk *chunk, bool counted)
{
    if (atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; counted && i < KD_CHUNK_SLOTS; i++)
        kd_object_release((kd_object *)chunk->slots[i]);
    free(chunk);
}

static void table_clear(kd_table *table)
{
    for (uint32_t c = 0; c < table->chunk_count; c++)
        chunk_release(table->chunks[c], table->counted);
    free(table->chunks);
    *table = (kd_table){ .counted = table->counted };
}

static bool table_share(kd_table *to, const kd_table *from)
{
    *to = (kd_table){ .counted = from->counted, .count = from->count };
    if (from->chunk_count == 0)
        return true;
    to->chunks = malloc(from->chunk_count * sizeof(kd_chunk *));
    if (!to->chunks)
        return false;
    memcpy(to->chunks, from->chunks, from->chunk_count * sizeof(kd_chunk *));
    to->chunk_count = from->chunk_count;
    for (uint32_t c = 0; c < to->chunk_count; c++)
        atomic_fetch_add_explicit(&to->chunks[c]->refs, 1, memory_order_relaxed);
    return true;
}

static uintptr_t table_slot(const kd_table *table, uint32_t row)
{
    return row < table->count ? table->chunks[row / KD_CHUNK_SLOTS]->slots[row % KD_CHUNK_SLOTS] : 0;
}

kd_object *kd_table_get(const kd_table *table, uint32_t row)
{
    return (kd_object *)table_slot(table, row);
}

/* The chunk `c`, this edit's own: made, or copied when others see it too. */
static kd_chunk *chunk_own(kd_snapshot *edit, kd_table *table, uint32_t c)
{
    if (c >= table->chunk_count) {
        kd_chunk **chunks = realloc(table->chunks, ((size_t)c + 1) * sizeof(kd_chunk *));
        if (!chunks)
            return NULL;
        table->chunks = chunks;
        for (; table->chunk_count <= c; table->chunk_count++) {
            kd_chunk *made = calloc(1, sizeof *made);
            if (!made)
                return NULL;
            atomic_init(&made->refs, 1);
            made->edit = edit->number;
            table->chunks[table->chunk_count] = made;
        }
    }
    kd_chunk *chunk = table->chunks[c];
    if (chunk->edit == edit->number)
        return chunk;
    kd_chunk *copy = malloc(sizeof *copy);
    if (!copy)
        return NULL;
    atomic_init(&copy->refs, 1);
    copy->edit = edit->number;
    memcpy(copy->slots, chunk->slots, sizeof copy->slots);
    for (size_t i = 0; table->counted && i < KD_CHUNK_SLOTS; i++)
        if (copy->slots[i])
            atomic_fetch_add_explicit(&((kd_object *)copy->slots[i])->refs, 1, memory_order_relaxed);
    table->chunks[c] = copy;
    chunk_release(chunk, table->counted);
    atomic_fetch_add_explicit(&edit->catalog->chunks_copied, 1, memory_order_relaxed);
    return copy;
}

static bool table_set(kd_snapshot *edit, kd_table *table, uint32_t row, uintptr_t slot)
{
    kd_chunk *chunk = chunk_own(edit, table, row / KD_CHUNK_SLOTS);
    if (!chunk)
        return false;
    if (table->counted)
        kd_object_release((kd_object *)chunk->slots[row % KD_CHUNK_SLOTS]);
    chunk->slots[row % KD_CHUNK_SLOTS] = slot;
    if (row >= table->count)
        table->count = row + 1;
    return true;
}

/* ---- snapshots ---- */

static void snapshot_free(kd_snapshot *s)
{
    table_clear(&s->products);
    table_clear(&s->places);
    table_clear(&s->contents);
    table_clear(&s->owners);
    table_clear(&s->described);
    kd_postal_release(s->postal);
    kd_concepts_release(s->concepts);
    kd_map_free(s->fresh_rows);
    free(s->fresh);
    free(s);
}

const kd_snapshot *kd_snapshot_acquire(kd_catalog *catalog)
{
    /* Read and count under one lock: with a bare load the writer could free the snapshot between our load and our increment. */
    pthread_mutex_lock(&catalog->slot_lock);
    kd_snapshot *s = catalog->current;
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&catalog->slot_lock);
    return s;
}

void kd_snapshot_release(const kd_snapshot *snapshot)
{
    kd_snapshot *s = (kd_snapshot *)(uintptr_t)snapshot; /* const for its readers; the count is everybody's */
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        snapshot_free(s);
}

kd_snapshot *kd_edit_begin(kd_catalog *catalog)
{
    const kd_snapshot *from = catalog->current; /* only writers change it, and we are the one */
    kd_snapshot       *edit = calloc(1, sizeof *edit);
    if (!edit)
        return NULL;
    atomic_init(&edit->refs, 1);
    edit->catalog = catalog;
    edit->number = ++catalog->edits;
    edit->products.counted = edit->places.counted = edit->contents.counted = true;
    edit->concepts = kd_concepts_retain(catalog->concepts);
    if (!from)
        return edit;
    edit->version = from->version;
    edit->stubs = from->stubs;
    edit->claimed_stubs = from->claimed_stubs;
    edit->sensitive = from->sensitive;
    edit->postal = from->postal;
    if (edit->postal)
        atomic_fetch_add_explicit(&edit->postal->refs, 1, memory_order_relaxed);
    if (table_share(&edit->products, &from->products) && table_share(&edit->places, &from->places)
        && table_share(&edit->contents, &from->contents) && table_share(&edit->owners, &from->owners)
        && table_share(&edit->described, &from->described))
        return edit;
    snapshot_free(edit);
    return NULL;
}

void kd_edit_discard(kd_snapshot *edit)
{
    kd_snapshot_release(edit);
}

static size_t bytes_beside_objects(const kd_catalog *catalog, const kd_snapshot *s)
{
    const size_t chunks = (size_t)s->products.chunk_count + s->places.chunk_count + s->contents.chunk_count + s->owners.chunk_count
        + s->described.chunk_count;
    return chunks * (sizeof(kd_chunk) + sizeof(kd_chunk *)) + (s->postal ? s->postal->count * sizeof(kd_postal_row) : 0)
        + kd_levels_bytes(catalog->levels) + catalog->product_rows.bytes + catalog->place_rows.bytes + catalog->content_rows.bytes
        + catalog->variant_rows.bytes + catalog->values.index.bytes + (catalog->values.arena
            ? kd_arena_used(catalog->values.arena) : 0)
        + kd_map_bytes(catalog->contested);
}

void kd_edit_publish(kd_snapshot *edit)
{
    kd_catalog *catalog = edit->catalog;
    for (size_t i = 0; i < edit->fresh_count; i++)
        kd_index_put(edit->fresh[i].index, edit->fresh[i].ref, edit->fresh[i].row);
    kd_map_free(edit->fresh_rows);
    free(edit->fresh);
    edit->fresh_rows = NULL;
    edit->fresh = NULL;
    edit->fresh_count = edit->fresh_cap = 0;
    edit->variants = catalog->variant_count;
    pthread_mutex_lock(&catalog->slot_lock);
    kd_snapshot *old = catalog->current;
    catalog->current = edit;
    pthread_mutex_unlock(&catalog->slot_lock);
    atomic_fetch_add_explicit(&catalog->published, 1, memory_order_relaxed);
    atomic_store_explicit(&catalog->other_bytes, bytes_beside_objects(catalog, edit), memory_order_relaxed);
    kd_snapshot_release(old);
}

bool kd_edit_set(kd_snapshot *edit, kd_table *table, uint32_t row, kd_object *object)
{
    if (object && table_set(edit, table, row, (uintptr_t)object))
        return true;
    kd_object_release(object);
    return false;
}

bool kd_edit_set_owner(kd_snapshot *edit, uint32_t variant_row, uint32_t product_row)
{
    return table_set(edit, &edit->owners, variant_row, product_row == KD_ROW_NONE ? 0 : (uintptr_t)product_row + 1);
}

bool kd_edit_add_described(kd_snapshot *edit, uint32_t product_row)
{
    return table_set(edit, &edit->described, edit->described.count, (uintptr_t)product_row + 1);
}

uint32_t kd_snapshot_owner(const kd_snapshot *s, uint32_t variant_row)
{
    const uintptr_t slot = table_slot(&s->owners, variant_row);
    return slot == 0 ? KD_ROW_NONE : (uint32_t)(slot - 1);
}

kd_table *kd_edit_table(kd_snapshot *edit, kd_doc_kind kind)
{
    return kind == KD_DOC_PLACE ? &edit->places : kind == KD_DOC_CONTENT ? &edit->contents : &edit->products;
}

static kd_index *index_of(kd_catalog *catalog, kd_doc_kind kind)
{
    return kind == KD_DOC_PLACE ? &catalog->place_rows : kind == KD_DOC_CONTENT ? &catalog->content_rows : &catalog->product_rows;
}

uint32_t kd_edit_row(kd_snapshot *edit, kd_doc_kind kind, kd_ref ref, bool *is_new)
{
    kd_index      *index = index_of(edit->catalog, kind);
    const uint64_t key = ref ^ (kind == KD_DOC_PLACE ? 1 : kind == KD_DOC_CONTENT ? 2 : 0);
    const uint32_t row_max = kind == KD_DOC_PLACE ? UINT16_MAX : KD_PRODUCTS_MAX;
    uint64_t       known = 0;
    uint32_t       row = 0;
    *is_new = false;
    if (kd_index_get(index, ref, &known))
        return (uint32_t)known;
    if (edit->fresh_rows && kd_map_get(edit->fresh_rows, key, &row))
        return row;
    row = kd_edit_table(edit, kind)->count;
    if (!edit->fresh_rows)
        edit->fresh_rows = kd_map_new(16);
    if (edit->fresh_count == edit->fresh_cap) {
        const size_t     cap = edit->fresh_cap ? edit->fresh_cap * 2 : 16;
        struct kd_fresh *fresh = realloc(edit->fresh, cap * sizeof *fresh);
        if (!fresh)
            return KD_ROW_NONE;
        edit->fresh = fresh;
        edit->fresh_cap = cap;
    }
    /* The index gets the row only when the edit is published, and must not fail then. */
    if (row >= row_max || !edit->fresh_rows || !kd_index_reserve(index, edit->fresh_count + 1)
        || !kd_map_set(edit->fresh_rows, key, row))
        return KD_ROW_NONE;
    edit->fresh[edit->fresh_count++] = (struct kd_fresh){ index, ref, row };
    *is_new = true;
    return row;
}

uint32_t kd_variant_row(kd_catalog *catalog, kd_ref sku)
{
    uint64_t row = 0;
    if (kd_index_get(&catalog->variant_rows, sku, &row))
        return (uint32_t)row;
    if (catalog->variant_count >= KD_LEVEL_ROWS_MAX || !kd_index_reserve(&catalog->variant_rows, 1))
        return KD_ROW_NONE;
    kd_index_put(&catalog->variant_rows, sku, catalog->variant_count);
    return catalog->variant_count++;
}

/* ---- what readers ask of a snapshot ---- */

uint64_t kd_snapshot_version(const kd_snapshot *s) { return s->version; }
uint32_t kd_snapshot_products(const kd_snapshot *s) { return s->products.count; }
uint32_t kd_snapshot_variants(const kd_snapshot *s) { return s->variants; }
uint32_t kd_snapshot_sensitive(const kd_snapshot *s) { return s->sensitive; }
const kd_concepts *kd_snapshot_concepts(const kd_snapshot *s) { return s->concepts; }
uint32_t kd_snapshot_described(const kd_snapshot *s) { return s->described.count; }
uint16_t kd_snapshot_places(const kd_snapshot *s) { return (uint16_t)s->places.count; }
uint32_t kd_snapshot_contents(const kd_snapshot *s) { return s->contents.count; }

const kd_product *kd_snapshot_product(const kd_snapshot *s, uint32_t row)
{
    const kd_object *object = kd_table_get(&s->products, row);
    return object ? kd_product_of(object) : NULL;
}

const kd_product *kd_snapshot_described_product(const kd_snapshot *s, uint32_t at)
{
    return kd_snapshot_product(s, (uint32_t)table_slot(&s->described, at) - 1);
}

const kd_place *kd_snapshot_place(const kd_snapshot *s, uint16_t row)
{
    const kd_place_object *object = (const kd_place_object *)(const void *)kd_table_get(&s->places, row);
    return object ? &object->place : NULL;
}

const kd_content *kd_snapshot_content(const kd_snapshot *s, uint32_t row)
{
    const kd_content_object *object = (const kd_content_object *)(const void *)kd_table_get(&s->contents, row);
    return object ? &object->content : NULL;
}

void kd_snapshot_walk_ahead(const kd_snapshot *s, uint32_t row)
{
    enum { ROWS_AHEAD = 8, OBJECT_BYTES = 576 }; /* the product, its facings and its words stand in a row */
    if (row + ROWS_AHEAD < kd_snapshot_products(s))
        kd_fetch_ahead(kd_snapshot_product(s, row + ROWS_AHEAD), OBJECT_BYTES);
}

void kd_snapshot_fetch_ahead(const kd_snapshot *s, kd_ref ref)
{
    kd_index_fetch_ahead(&s->catalog->product_rows, ref);
    kd_index_fetch_ahead(&s->catalog->variant_rows, ref);
}

const kd_product *kd_snapshot_find(const kd_snapshot *s, kd_ref product)
{
    uint64_t row = 0;
    return kd_index_get(&s->catalog->product_rows, product, &row) ? kd_snapshot_product(s, (uint32_t)row) : NULL;
}

const kd_product *kd_snapshot_find_any(const kd_snapshot *s, kd_ref ref, const kd_variant **variant)
{
    const kd_product *named = kd_snapshot_find(s, ref), *owner = NULL;
    uint64_t          row = 0;
    *variant = NULL;
    if ((named && !named->stub) || !kd_index_get(&s->catalog->variant_rows, ref, &row))
        return named;
    /* A stub may have been made of a sku before its product was described: then the described one is meant. */
    const uint32_t owner_row = kd_snapshot_owner(s, (uint32_t)row);
    if (owner_row != KD_ROW_NONE)
        owner = kd_snapshot_product(s, owner_row);
    if (!owner || owner == named)
        return named;
    for (uint16_t i = 0; i < owner->variant_count; i++)
        if (owner->variants[i].ref == ref) {
            *variant = &owner->variants[i];
            return owner;
        }
    return named;
}

const kd_place *kd_snapshot_place_find(const kd_snapshot *s, kd_ref place)
{
    uint64_t row = 0;
    return kd_index_get(&s->catalog->place_rows, place, &row) ? kd_snapshot_place(s, (uint16_t)row) : NULL;
}

const kd_content *kd_snapshot_content_find(const kd_snapshot *s, kd_ref content)
{
    uint64_t row = 0;
    return kd_index_get(&s->catalog->content_rows, content, &row) ? kd_snapshot_content(s, (uint32_t)row) : NULL;
}

kd_str kd_snapshot_value_text(const kd_snapshot *s, kd_ref value)
{
    return kd_words_text(&s->catalog->values, value);
}

uint16_t kd_snapshot_attribute_by_name(const kd_snapshot *s, kd_str name)
{
    return kd_attribute_find(s->catalog, name);
}

kd_str kd_snapshot_attribute_name(const kd_snapshot *s, uint16_t attribute)
{
    const kd_word *word = atomic_load_explicit(&s->catalog->attribute_names[attribute], memory_order_acquire);
    return word ? kd_word_str(word) : (kd_str){ 0 };
}

#include "catalog/catalog.h"
#include <stdlib.h>
#include "base/log.h"
#include "catalog/change.h"

enum { PAGE = 1000 };

/* ---- open and close ---- */

static kd_status load_levels(kd_catalog *catalog, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    int64_t   cursor = 0;
    kd_level *levels = NULL;
    size_t    count = 0;
    kd_status status;
    do {
        kd_arena_reset(arena);
        if ((status = kd_reader_levels(&levels, &count, reader, &cursor, 4 * PAGE, arena, err)) != KD_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            const uint32_t row = kd_variant_row(catalog, levels[i].variant);
            if (row == KD_ROW_NONE || !kd_levels_reserve(catalog->levels, &levels[i], row))
                return kd_fail_memory(err);
            kd_levels_set(catalog->levels, &levels[i], row);
        }
    } while (count != 0);
    return KD_OK;
}

/* A document about a sensitive concept; one that does not read is left out, and the concept stays as it comes with Kunde. */
static kd_status load_concept(kd_showing *showing, const kd_doc *doc, bool *marks)
{
    kd_catalog    *catalog = showing->catalog;
    const kd_json *body = NULL;
    kd_concepts   *with = NULL;
    kd_err         why = { 0 };
    kd_arena_reset(showing->scratch);
    if (kd_json_parse(&body, showing->scratch, doc->body.ptr, doc->body.len, &why) != KD_OK || kd_concepts_with(&with, catalog->concepts, body, &why) != KD_OK) {
        kd_log(KD_LOG_WARN, "catalog", "document-unreadable", "kind=sensitive version=%llu why=\"%s\"", (unsigned long long)doc->version, why.msg);
        return KD_OK;
    }
    kd_concepts_release(catalog->concepts);
    catalog->concepts = with;
    *marks = true;
    return KD_OK;
}

/* KD_OK too for a document that is not the catalogue's, or that does not read: one bad row must not close the shop. */
static kd_status load_doc(kd_showing *showing, const kd_doc *doc, bool *marks, kd_err *err)
{
    kd_draft draft = { .id = doc->id, .ref = kd_ref_of(doc->id), .body = doc->body, .deleted = doc->deleted };
    if (kd_str_is(doc->kind, "sensitive"))
        return load_concept(showing, doc, marks);
    if (kd_str_is(doc->kind, kd_doc_kind_name(KD_DOC_STUB)))
        draft.kind = KD_DOC_STUB;
    else if (!kd_doc_kind_parse(&draft.kind, doc->kind))
        return KD_OK;
    if (draft.kind == KD_DOC_STUB && draft.deleted) /* dropped: it comes again when it is seen again */
        return KD_OK;
    const kd_status status = kd_show(showing, &draft, doc->version, err);
    if (status != KD_CORRUPT)
        return status;
    kd_log(KD_LOG_WARN, "catalog", "document-unreadable", "kind=%s version=%llu why=\"%s\"", kd_doc_kind_name(draft.kind),
           (unsigned long long)doc->version, err ? err->msg : "");
    return KD_OK;
}

static kd_status load_docs(kd_catalog *catalog, kd_reader *reader, kd_arena *arena, kd_arena *scratch, kd_err *err)
{
    kd_showing showing = { .catalog = catalog, .scratch = scratch, .edit = catalog->current };
    kd_doc    *docs = NULL;
    size_t     count = 0;
    uint64_t   after = 0;
    bool       marks = false;
    kd_status  status;
    catalog->current = NULL; /* the empty snapshot is the edit: nobody else has seen it */
    do {
        kd_arena_reset(arena);
        status = kd_reader_docs(&docs, &count, reader, after, PAGE, arena, err);
        for (size_t i = 0; i < count && status == KD_OK; i++) {
            status = load_doc(&showing, &docs[i], &marks, err);
            after = docs[i].version;
        }
    } while (status == KD_OK && count != 0);
    if (status == KD_OK && marks) /* concepts come in the order they were written, products before and behind them */
        status = kd_show_marks(&showing, err);
    if (status == KD_OK)
        status = kd_showing_ready(&showing, err);
    if (status == KD_OK)
        kd_showing_publish(&showing);
    else
        kd_showing_drop(&showing);
    return status;
}

kd_status kd_catalog_open(kd_catalog **out, kd_store *store, kd_reader *reader, kd_clock clock, kd_err *err)
{
    kd_catalog *catalog = calloc(1, sizeof *catalog); /* calloc: most of the table of names is never touched */
    kd_arena   *arena = kd_arena_new(SIZE_MAX / 4), *scratch = kd_arena_new(SIZE_MAX / 4); /* bounded by a page of documents */
    kd_status   status = KD_OK;
    if (!catalog || !arena || !scratch) {
        status = kd_fail_memory(err);
        goto out;
    }
    catalog->store = store;
    pthread_mutex_init(&catalog->write_lock, NULL);
    pthread_mutex_init(&catalog->slot_lock, NULL);
    catalog->levels = kd_levels_new();
    catalog->contested = kd_map_new(16);
    catalog->claimed_rows = malloc(KD_CLAIMED_ROWS_MAX * sizeof *catalog->claimed_rows); /* mostly never touched */
    catalog->today = kd_day(kd_now(clock)); /* every other time in here is an argument of its call */
    atomic_init(&catalog->claims_settled_day, catalog->today);
    kd_attribute_number(catalog, (kd_str){ 0 }); /* the built-in names */
    kd_concepts *concepts = NULL;
    status = kd_concepts_with(&concepts, NULL, NULL, err);
    catalog->concepts = concepts;
    if (status != KD_OK || !catalog->levels || !catalog->contested || !catalog->claimed_rows || catalog->attribute_count == 0 || !(catalog->current = kd_edit_begin(catalog)))
        status = kd_fail_memory(err);
    if (status == KD_OK) /* levels first: the price band of a product asks for them */
        status = load_levels(catalog, reader, arena, err);
    if (status == KD_OK)
        status = load_docs(catalog, reader, arena, scratch, err);
out:
    kd_arena_free(arena);
    kd_arena_free(scratch);
    if (status == KD_OK) {
        *out = catalog;
    } else if (catalog && catalog->store) {
        kd_catalog_close(catalog);
    } else {
        free(catalog);
    }
    return status;
}

void kd_catalog_close(kd_catalog *catalog)
{
    if (!catalog)
        return;
    kd_snapshot_release(catalog->current);
    kd_index_clear(&catalog->product_rows);
    kd_index_clear(&catalog->place_rows);
    kd_index_clear(&catalog->content_rows);
    kd_index_clear(&catalog->variant_rows);
    kd_words_clear(&catalog->values);
    kd_concepts_release(catalog->concepts);
    kd_levels_free(catalog->levels);
    kd_map_free(catalog->contested);
    free(catalog->claimed_rows);
    pthread_mutex_destroy(&catalog->write_lock);
    pthread_mutex_destroy(&catalog->slot_lock);
    free(catalog);
}

/* ---- levels ---- */

/* In the store, then in the arrays; then the products that left their price band. Called with the write lock. */
static kd_status levels_write(kd_catalog *catalog, const kd_level *levels, size_t count, kd_err *err)
{
    uint64_t  row = 0;
    kd_status status;
    if (count == 0)
        return KD_OK;
    for (size_t i = 0; i < count; i++) {
        const uint32_t made = kd_variant_row(catalog, levels[i].variant); /* also of a variant whose product is still to come */
        if (made == KD_ROW_NONE || !kd_levels_reserve(catalog->levels, &levels[i], made))
            return kd_fail(err, KD_LIMIT, "out of memory, or more variants than Kunde can hold");
    }
    if ((status = kd_store_levels_put(catalog->store, levels, count, err)) != KD_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        if (kd_index_get(&catalog->variant_rows, levels[i].variant, &row))
            kd_levels_set(catalog->levels, &levels[i], (uint32_t)row);
    return KD_OK;
}

static kd_status bands_write(kd_catalog *catalog, const kd_level *levels, size_t count, kd_arena *scratch, kd_err *err)
{
    kd_showing      showing = { .catalog = catalog, .scratch = scratch };
    const kd_status status = kd_show_bands(&showing, levels, count, err);
    if (status == KD_OK)
        kd_showing_publish(&showing);
    else
        kd_showing_drop(&showing);
    return status;
}

kd_status kd_catalog_levels_put(kd_catalog *catalog, const kd_level *levels, size_t count, kd_err *err)
{
    kd_status status = KD_OK;
    for (size_t i = 0; i < count; i++)
        if ((status = kd_level_check(&levels[i], err)) != KD_OK)
            return status;
    kd_arena *scratch = kd_arena_new(SIZE_MAX / 4);
    if (!scratch)
        return kd_fail_memory(err);
    pthread_mutex_lock(&catalog->write_lock);
    status = levels_write(catalog, levels, count, err);
    if (status == KD_OK)
        status = bands_write(catalog, levels, count, scratch, err);
    pthread_mutex_unlock(&catalog->write_lock);
    kd_arena_free(scratch);
    return status;
}

/* ---- documents ---- */

typedef struct batch {
    kd_catalog *catalog;
    kd_showing  showing;
    kd_arena   *arena;    /* drafts and levels, till the end */
    kd_arena   *scratch;  /* one document */
    kd_map     *slots;    /* document -> its draft */
    kd_map     *said;     /* levels named already -> which */
    kd_draft   *drafts;
    size_t      count;
    kd_level   *levels;
    size_t      level_count, level_cap;
    int64_t     now_ms;
} batch;

static uint64_t slot_key(kd_doc_kind kind, kd_ref ref)
{
    return ref ^ (uint64_t)kind << 62 ^ (uint64_t)kind;
}

static kd_object *known_object(const kd_catalog *catalog, kd_doc_kind kind, kd_ref ref)
{
    const kd_snapshot *s = catalog->current;
    const kd_index    *index = kind == KD_DOC_PLACE ? &catalog->place_rows : kind == KD_DOC_CONTENT ? &catalog->content_rows
        : &catalog->product_rows;
    const kd_table    *table = kind == KD_DOC_PLACE ? &s->places : kind == KD_DOC_CONTENT ? &s->contents : &s->products;
    uint64_t           row = 0;
    if (kind == KD_DOC_POSTAL)
        return NULL;
    return kd_index_get(index, ref, &row) ? kd_table_get(table, (uint32_t)row) : NULL;
}

static void print_known(kd_buf *buf, kd_doc_kind kind, const kd_object *object)
{
    kd_jw w;
    if (kind == KD_DOC_PRODUCT) {
        kd_product_print(buf, kd_product_of(object));
        return;
    }
    kd_jw_init(&w, buf);
    kd_jw_node(&w, kind == KD_DOC_PLACE ? ((const kd_place_object *)(const void *)object)->place.doc
                                        : ((const kd_content_object *)(const void *)object)->content.doc);
}

/* The row of a postal code as the table has it now; NULL. */
static const kd_postal_row *known_postal(const kd_catalog *catalog, const kd_postal_row *row)
{
    const kd_postal *postal = catalog->current->postal;
    size_t           low = 0, high = postal ? postal->count : 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int    order = memcmp(postal->rows[middle].key, row->key, sizeof row->key);
        if (order == 0)
            return &postal->rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The body a deleted document keeps: as it was last, so that what names it can still say what it was. */
static kd_status read_deletion(kd_draft *draft, batch *b, const kd_catalog_change *change, kd_doc_kind kind,
                               const kd_draft *earlier, kd_err *err)
{
    kd_postal_change postal = { 0 };
    kd_buf           buf;
    kd_status        status;
    *draft = (kd_draft){ .kind = kind, .deleted = true };
    if (kind == KD_DOC_POSTAL && !change->body) { /* its id is "DE 24937" */
        draft->id = kd_str_trim(change->id);
    } else if ((status = kd_draft_id(&draft->id, kind, change->body, change->id, b->scratch, err)) != KD_OK) {
        return status;
    }
    draft->ref = kd_ref_of(draft->id);
    const kd_object *known = known_object(b->catalog, kind, draft->ref);
    const bool       there = kind == KD_DOC_POSTAL ? kd_postal_change_of(&postal, draft, NULL)
        && known_postal(b->catalog, &postal.row) : known != NULL;
    if (earlier ? earlier->deleted : !there)
        return kd_fail_field(err, KD_NOT_FOUND, "/id", "there is no such %s to delete", kd_doc_kind_name(kind));
    kd_buf_init(&buf, b->scratch);
    if (earlier)
        kd_buf_add_str(&buf, earlier->body);
    else if (known)
        print_known(&buf, kind, known);
    else
        kd_buf_add_z(&buf, "{}");
    draft->body = kd_buf_str(&buf);
    draft->unchanged = !earlier && known && known->deleted;
    return kd_buf_status(&buf, err);
}

/* The body to lay `change` over; NULL when it stands alone. */
static kd_status older_body(const kd_json **out, batch *b, kd_doc_kind kind, const kd_object *known, const kd_draft *earlier,
                            kd_err *err)
{
    kd_buf buf;
    *out = NULL;
    if (kind != KD_DOC_PRODUCT || (earlier ? earlier->deleted : !known || known->deleted || kd_product_of(known)->stub))
        return KD_OK;
    kd_buf_init(&buf, b->scratch);
    if (earlier)
        kd_buf_add_str(&buf, earlier->body);
    else
        kd_product_print(&buf, kd_product_of(known));
    const kd_status status = kd_buf_status(&buf, err);
    return status == KD_OK ? kd_json_parse(out, b->scratch, buf.ptr, buf.len, err) : status;
}

static kd_status read_body(kd_draft *draft, batch *b, const kd_catalog_change *change, kd_doc_kind kind, kd_ref ref,
                           const kd_draft *earlier, kd_err *err)
{
    const kd_object *known = known_object(b->catalog, kind, ref);
    const kd_json   *body = change->body, *older = NULL;
    const int64_t    created_ms = kind == KD_DOC_PRODUCT && known ? kd_product_of(known)->created_ms : b->now_ms;
    kd_status        status = change->merge ? older_body(&older, b, kind, known, earlier, err) : KD_OK;
    if (status == KD_OK && older)
        status = kd_draft_merge(&body, older, change->body, b->scratch, err);
    if (status == KD_OK)
        status = kd_draft_read(draft, kind, body, change->id, created_ms, b->now_ms, b->scratch, err);
    if (status != KD_OK)
        return status;
    if (kind == KD_DOC_POSTAL) {
        kd_postal_change     row;
        const kd_postal_row *now = kd_postal_change_of(&row, draft, body) ? known_postal(b->catalog, &row.row) : NULL;
        draft->unchanged = now && memcmp(now, &row.row, sizeof *now) == 0;
    } else {
        draft->unchanged = known && !known->deleted && known->hash == kd_hash64(draft->body.ptr, draft->body.len, 0)
            && !(kind == KD_DOC_PRODUCT && kd_product_of(known)->stub);
    }
    return KD_OK;
}

static kd_status push_level(batch *b, const kd_level *level, kd_err *err)
{
    if (b->level_count == b->level_cap) {
        const size_t cap = b->level_cap ? b->level_cap * 2 : 64;
        kd_level    *levels = KD_NEW(b->arena, kd_level, cap);
        if (!levels)
            return kd_fail_memory(err);
        if (b->level_count)
            memcpy(levels, b->levels, b->level_count * sizeof *levels);
        b->levels = levels;
        b->level_cap = cap;
    }
    b->levels[b->level_count++] = *level;
    return KD_OK;
}

static bool same_place(const kd_level *a, const kd_level *b)
{
    return a->variant == b->variant && a->place == b->place && a->what == b->what;
}

/* Levels that say something new; within one batch the later word counts. */
static kd_status keep_levels(batch *b, const kd_draft *draft, kd_err *err)
{
    kd_status status = KD_OK;
    for (size_t i = 0; i < draft->level_count && status == KD_OK; i++) {
        const kd_level *level = &draft->levels[i];
        const uint64_t  key = level->variant ^ level->place * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)level->what << 60;
        uint64_t        row = 0;
        uint32_t        before = 0;
        if (kd_map_get(b->said, key, &before) && same_place(&b->levels[before], level)) {
            b->levels[before] = *level;
            continue;
        }
        const bool same = kd_index_get(&b->catalog->variant_rows, level->variant, &row)
            ? kd_levels_same(b->catalog->levels, level, (uint32_t)row) : level->what == KD_LEVEL_SALE_PRICE && level->value == 0;
        if (same)
            continue;
        status = kd_map_set(b->said, key, (uint32_t)b->level_count) ? push_level(b, level, err) : kd_fail_memory(err);
    }
    return status;
}

/* In the order of the store's keys: a B-tree takes sorted rows several times faster than scattered ones. */
static int compare_levels(const void *a, const void *b)
{
    const kd_level *x = a, *y = b;
    if (x->variant != y->variant)
        return (int64_t)x->variant < (int64_t)y->variant ? -1 : 1; /* signed, as databases have it */
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return (int64_t)x->place < (int64_t)y->place ? -1 : (int64_t)x->place > (int64_t)y->place;
}

/* One change into the batch: a later one of the same document takes the place of an earlier. */
static kd_status batch_read(batch *b, const kd_catalog_change *change, kd_err *err)
{
    kd_doc_kind kind;
    kd_draft    draft, *earlier = NULL;
    kd_str      id = { 0 };
    uint32_t    slot = 0;
    kd_status   status;
    kd_arena_reset(b->scratch);
    if (!kd_doc_kind_parse(&kind, change->kind))
        return kd_fail_field(err, KD_INVALID, "kind", "the catalogue knows product, place, content and postal");
    if (!change->deleted || change->body) {
        if ((status = kd_draft_id(&id, kind, change->body, change->id, b->scratch, err)) != KD_OK)
            return status;
    } else {
        id = kd_str_trim(change->id);
    }
    const kd_ref ref = kd_ref_of(id);
    if (kd_map_get(b->slots, slot_key(kind, ref), &slot))
        earlier = &b->drafts[slot];
    status = change->deleted ? read_deletion(&draft, b, change, kind, earlier, err)
        : read_body(&draft, b, change, kind, ref, earlier, err);
    if (status != KD_OK)
        return status;
    draft.id = kd_str_copy(b->arena, draft.id); /* scratch goes with the next change */
    if (!draft.unchanged || earlier)
        draft.body = kd_str_copy(b->arena, draft.body);
    if (!draft.id.ptr || !draft.body.ptr || (status = keep_levels(b, &draft, err)) != KD_OK)
        return kd_fail_memory(err);
    draft.levels = NULL;
    if (earlier) {
        *earlier = draft;
    } else if (!draft.unchanged) {
        if (!kd_map_set(b->slots, slot_key(kind, ref), (uint32_t)b->count))
            return kd_fail_memory(err);
        b->drafts[b->count++] = draft;
    }
    return KD_OK;
}

/* Levels first: a product never appears without its price. If the documents then fail, the levels stand, as the store says. */
static kd_status batch_write(batch *b, kd_err *err)
{
    kd_status status;
    if (b->level_count != 0)
        qsort(b->levels, b->level_count, sizeof *b->levels, compare_levels);
    if ((status = levels_write(b->catalog, b->levels, b->level_count, err)) != KD_OK)
        return status;
    for (size_t i = 0; i < b->count && status == KD_OK; i++)
        if (!b->drafts[i].unchanged)
            status = kd_show(&b->showing, &b->drafts[i], 0, err);
    if (status == KD_OK)
        status = kd_show_bands(&b->showing, b->levels, b->level_count, err);
    if (status == KD_OK)
        status = kd_showing_store(&b->showing, b->drafts, b->count, b->now_ms, b->arena, err);
    else
        kd_showing_drop(&b->showing);
    if (status != KD_OK)
        bands_write(b->catalog, b->levels, b->level_count, b->scratch, NULL);
    return status;
}

kd_status kd_catalog_put(kd_catalog *catalog, const kd_catalog_change *changes, size_t count, int64_t now_ms, kd_err *bad,
                         size_t *refused, kd_err *err)
{
    batch     b = { .catalog = catalog, .now_ms = now_ms };
    kd_err    own = { 0 };
    kd_status status = KD_OK;
    b.arena = kd_arena_new(SIZE_MAX / 4); /* the size of the batch is the caller's choice */
    b.scratch = kd_arena_new(SIZE_MAX / 4);
    b.slots = kd_map_new(count);
    b.said = kd_map_new(count);
    b.drafts = b.arena ? KD_NEW(b.arena, kd_draft, count) : NULL;
    b.showing = (kd_showing){ .catalog = catalog, .scratch = b.scratch };
    if (!b.arena || !b.scratch || !b.slots || !b.said || !b.drafts)
        status = kd_fail_memory(err);
    if (refused)
        *refused = 0;
    pthread_mutex_lock(&catalog->write_lock);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_err         *why = bad ? &bad[i] : &own;
        const kd_status one = (*why = (kd_err){ 0 }, batch_read(&b, &changes[i], why));
        if (one == KD_LIMIT) {
            status = kd_fail_memory(err);
        } else if (one != KD_OK && refused) {
            ++*refused;
        }
    }
    if (status == KD_OK)
        status = batch_write(&b, err);
    pthread_mutex_unlock(&catalog->write_lock);
    kd_map_free(b.slots);
    kd_map_free(b.said);
    kd_arena_free(b.arena);
    kd_arena_free(b.scratch);
    return status;
}

/* ---- stock, price, figures ---- */

int32_t kd_stock_at(const kd_catalog *catalog, uint32_t variant_row, uint16_t place_row)
{
    return kd_levels_stock(catalog->levels, variant_row, place_row);
}

int32_t kd_stock_total(const kd_catalog *catalog, uint32_t variant_row)
{
    return kd_levels_total(catalog->levels, variant_row);
}

bool kd_stock_variant_available(const kd_catalog *catalog, const kd_product *product, uint16_t variant)
{
    const kd_facing *facing = &product->facings[variant];
    const int32_t    units = kd_levels_total(catalog->levels, facing->row);
    return product->digital || (units == KD_STOCK_UNKNOWN ? !facing->out_of_stock : units > 0);
}

bool kd_stock_available(const kd_catalog *catalog, const kd_product *product)
{
    for (uint16_t i = 0; i < product->variant_count; i++)
        if (kd_stock_variant_available(catalog, product, i))
            return true;
    return false;
}

bool kd_price_of(kd_price *out, const kd_catalog *catalog, uint32_t variant_row)
{
    return kd_levels_price(out, catalog->levels, variant_row);
}

void kd_stock_fetch_ahead(const kd_catalog *catalog, uint32_t variant_row)
{
    kd_levels_total_fetch_ahead(catalog->levels, variant_row);
}

void kd_price_fetch_ahead(const kd_catalog *catalog, uint32_t variant_row)
{
    kd_levels_price_fetch_ahead(catalog->levels, variant_row);
}

size_t kd_catalog_bytes(const kd_catalog *catalog)
{
    return atomic_load_explicit(&catalog->object_bytes, memory_order_relaxed) + atomic_load_explicit(&catalog->other_bytes,
        memory_order_relaxed);
}

void kd_catalog_get_stats(kd_catalog_stats *out, kd_catalog *catalog)
{
    const kd_snapshot *s = kd_snapshot_acquire(catalog);
    *out = (kd_catalog_stats){
        .published = atomic_load_explicit(&catalog->published, memory_order_relaxed),
        .chunks_copied = atomic_load_explicit(&catalog->chunks_copied, memory_order_relaxed),
        .objects_made = atomic_load_explicit(&catalog->objects_made, memory_order_relaxed),
        .claims_left_out = atomic_load_explicit(&catalog->claims_left_out, memory_order_relaxed),
        .products = s->products.count, .stubs = s->stubs, .claimed_stubs = s->claimed_stubs, .variants = s->variants,
        .contents = s->contents.count, .places = s->places.count, .postal_codes = (uint32_t)(s->postal ? s->postal->count : 0),
    };
    kd_snapshot_release(s);
}

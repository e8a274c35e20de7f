/* catalog/image.h -- the image in memory: counted objects in tables that are copied on write. Only src/catalog/ includes it.
 *
 *   kd_catalog.current -> kd_snapshot -> kd_table -> chunk [256 slots] -> object (a product, place or content; one malloc)
 *                                         each arrow is counted; a new snapshot shares every chunk it does not change
 *
 * An edit is a snapshot not yet published: the writer may change the chunks that are its own (chunk->edit == number). */
#ifndef KD_CATALOG_IMAGE_H
#define KD_CATALOG_IMAGE_H
#include <pthread.h>
#include <stdatomic.h>
#include "base/map.h"
#include "catalog/document.h"
#include "catalog/index.h"
#include "catalog/levels.h"
#include "catalog/sensitive.h"

/* ---- objects ---- */
typedef struct kd_object {
    _Atomic uint32_t refs;
    size_t           bytes;
    uint64_t         hash;     /* of the stored body; the same body again is no change */
    uint64_t         version;  /* of the document, a stub's too; while an edit waits for the store: above every real one */
    bool             deleted;
    _Atomic size_t  *account;  /* bytes of all living objects of the catalogue */
} kd_object;
typedef struct kd_product_object {
    kd_object        head;
    kd_product       product;
    _Atomic uint32_t seen;     /* of a claimed stub: how often, and when last (stubs.c) */
    _Atomic int32_t  seen_day;
} kd_product_object;
typedef struct kd_place_object { kd_object head; kd_place place; } kd_place_object;
typedef struct kd_content_object { kd_object head; kd_content content; } kd_content_object;

/* ---- tables ---- */
enum { KD_CHUNK_SLOTS = 256 };
typedef struct kd_chunk {
    _Atomic uint32_t refs;
    uint64_t         edit;
    uintptr_t        slots[KD_CHUNK_SLOTS];
} kd_chunk;
typedef struct kd_table {
    kd_chunk **chunks;
    uint32_t   chunk_count, count; /* slots 0..count-1 are in use */
    bool       counted;            /* slots are objects; else plain numbers */
} kd_table;

/* ---- postal codes: one immutable sorted array ---- */
typedef struct kd_postal_row {
    char    key[KD_POSTAL_CODE_BYTES + 2]; /* country, code; NUL-filled */
    int32_t latitude_e6, longitude_e6;
} kd_postal_row;
typedef struct kd_postal {
    _Atomic uint32_t refs;
    size_t           count;
    kd_postal_row    rows[];
} kd_postal;

struct kd_snapshot {
    _Atomic uint32_t refs;
    kd_catalog      *catalog;
    uint64_t         version;
    uint64_t         number;   /* of the edit that made it */
    uint32_t         variants;
    uint32_t         stubs, claimed_stubs; /* alive; the second are among the first */
    uint32_t         sensitive;            /* products and contents with a mark */
    const kd_concepts *concepts;           /* what they were marked with */
    kd_table         products, places, contents;
    kd_table         described; /* the rows of products that have a document, in the order they got it */
    kd_table         owners;   /* by variant row: product row + 1, or 0 */
    kd_postal       *postal;   /* NULL: none */
    struct kd_fresh *fresh;    /* an edit's own: refs to be shown when it is published */
    size_t           fresh_count, fresh_cap;
    kd_map          *fresh_rows; /* ref and kind -> row, of fresh ones */
};

enum { KD_ATTRIBUTE_NUMBERS = 1 << 16, KD_ATTRIBUTE_NAMES_MAX = 4096, KD_STUBS_MAX = 100000, KD_PRODUCTS_MAX = 1 << 26 };
/* Stubs that nothing but claimed events named: alive at once, enough for a shop that has no catalogue here yet, and rows made
 * for them while the process lives, which bounds the memory that invented ids can take (some 25 MB). */
enum { KD_CLAIMED_STUBS_MAX = 10000, KD_CLAIMED_ROWS_MAX = 5 * KD_CLAIMED_STUBS_MAX };

struct kd_catalog {
    kd_store       *store;
    pthread_mutex_t write_lock;    /* one writer at a time */
    pthread_mutex_t slot_lock;     /* `current`: held for two instructions */
    kd_snapshot    *current;
    uint64_t        edits;
    kd_index        product_rows, place_rows, content_rows, variant_rows;
    uint32_t        variant_count;  /* rows given out; a variant of which only stock is known has one as well */
    uint32_t       *claimed_rows;   /* rows made for claimed stubs, whatever they are now; `claimed_row_count` of them */
    _Atomic uint32_t claimed_row_count;
    _Atomic int32_t claims_settled_day; /* the last day on which claimed stubs were dropped */
    int32_t         today;          /* as the last one who named stubs knew it; `write_lock` */
    kd_map         *contested;      /* skus that more than one product has named */
    kd_levels      *levels;
    kd_words        values;         /* texts of attribute values */
    const kd_concepts *concepts;    /* what new objects are marked with; `write_lock` */
    _Atomic(const kd_word *) attribute_names[KD_ATTRIBUTE_NUMBERS];
    uint32_t        attribute_count;
    _Atomic size_t  object_bytes;   /* of living objects, old snapshots' too */
    _Atomic size_t  other_bytes;    /* of everything else, as of the newest snapshot */
    _Atomic uint64_t chunks_copied, objects_made, published, claims_left_out;
};

/* ---- image.c ---- */
void      kd_object_release(kd_object *object);
void     *kd_object_new(kd_catalog *catalog, size_t bytes, uint64_t hash, bool deleted); /* refs 1, else zero */
kd_object *kd_table_get(const kd_table *table, uint32_t row);

/* A copy of the current snapshot, to be changed and then published or discarded. NULL: out of memory. */
kd_snapshot *kd_edit_begin(kd_catalog *catalog);
void         kd_edit_publish(kd_snapshot *edit);
void         kd_edit_discard(kd_snapshot *edit); /* NULL is fine */
/* Put `object` (the reference is taken, on failure too) into `row`, which may be the next free one. */
bool kd_edit_set(kd_snapshot *edit, kd_table *table, uint32_t row, kd_object *object);
bool kd_edit_add_described(kd_snapshot *edit, uint32_t product_row);
bool kd_edit_set_owner(kd_snapshot *edit, uint32_t variant_row, uint32_t product_row);
/* The row of a ref in this edit, made when it is new (*is_new). KD_ROW_NONE: out of memory or rows. */
uint32_t kd_edit_row(kd_snapshot *edit, kd_doc_kind kind, kd_ref ref, bool *is_new);
kd_table *kd_edit_table(kd_snapshot *edit, kd_doc_kind kind);
/* The row of a variant, given out at first sight. */
uint32_t kd_variant_row(kd_catalog *catalog, kd_ref sku);
uint32_t kd_snapshot_owner(const kd_snapshot *s, uint32_t variant_row); /* KD_ROW_NONE */

/* ---- attributes.c ---- */
typedef struct kd_attr_list { kd_product_attr *items; size_t count, cap; kd_arena *arena; } kd_attr_list;
uint16_t kd_attribute_number(kd_catalog *catalog, kd_str name); /* gives a new name a number; 0: no room */
uint16_t kd_attribute_find(const kd_catalog *catalog, kd_str name);
bool kd_attr_add(kd_attr_list *list, kd_catalog *catalog, uint16_t attribute, kd_str text); /* an empty text adds nothing */
bool kd_attr_add_node(kd_attr_list *list, kd_catalog *catalog, uint16_t attribute, const kd_json *node); /* a text or a list */
bool kd_attr_add_category(kd_attr_list *list, kd_catalog *catalog, kd_str path, const kd_word **whole); /* every level */
void kd_attr_sort(kd_attr_list *list);
/* "Jackets 68-100 EUR": the band of a price inside the top level of its category. */
kd_ref kd_price_band(kd_catalog *catalog, kd_str category, int64_t micro, kd_currency currency);

/* ---- pack.c: what an object keeps of a parsed document, in its own memory ---- */
typedef struct kd_pack { char *at, *end; } kd_pack;
/* First the sum of the sizes, then one block, then the same things in any order. */
size_t   kd_pack_array_bytes(size_t count, size_t size);
size_t   kd_pack_tree_bytes(const kd_json *tree);
kd_json *kd_pack_tree(kd_pack *pack, const kd_json *tree);
size_t   kd_pack_str_bytes(kd_str s);
kd_str   kd_pack_str(kd_pack *pack, kd_str s);
void    *kd_pack_array(kd_pack *pack, const void *items, size_t count, size_t size); /* items NULL: room for them */

/* ---- product.c, place.c, content.c: objects out of stored bodies; NULL: out of memory (or rows) ---- */
kd_object *kd_product_make(kd_catalog *catalog, const kd_draft *draft, const kd_json *body, uint32_t row, bool stub,
                           kd_arena *arena);
kd_object *kd_product_with_band(kd_catalog *catalog, const kd_product_object *old, kd_ref band, kd_arena *arena);
/* The same product marked anew, by the catalogue's concepts as they are now. */
kd_object *kd_product_marked(kd_catalog *catalog, const kd_product_object *old);
uint32_t   kd_product_mark(const kd_catalog *catalog, const kd_product *product);
kd_object *kd_content_marked(kd_catalog *catalog, const kd_content_object *old);
kd_ref     kd_product_band(kd_catalog *catalog, const kd_product *product); /* 0 when no price is known */
void       kd_product_print(kd_buf *buf, const kd_product *product); /* the stored body again, to the byte */
kd_object *kd_place_make(kd_catalog *catalog, const kd_draft *draft, const kd_json *body, uint32_t row);
kd_object *kd_content_make(kd_catalog *catalog, const kd_draft *draft, const kd_json *body, kd_arena *arena);
/* `older` (may be NULL) with rows laid over it or, where deleted, taken out. */
typedef struct kd_postal_change { kd_postal_row row; bool deleted; uint32_t order; } kd_postal_change;
bool       kd_postal_change_of(kd_postal_change *out, const kd_draft *draft, const kd_json *body);
kd_postal *kd_postal_with(const kd_postal *older, kd_postal_change *changes, size_t count);
void       kd_postal_release(kd_postal *postal);
static inline uint32_t kd_content_is_marked(const kd_object *object) /* 0 or 1; NULL: 0 */
{
    return object && ((const kd_content_object *)(const void *)object)->content.sensitive != 0;
}
static inline const kd_product *kd_product_of(const kd_object *object) { return &((const kd_product_object *)(const void *)object)->product; }
#endif

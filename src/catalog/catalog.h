/* catalog/catalog.h -- products with their variants, stock and prices, places and content; ready to be read in nanoseconds.
 *
 * The truth is documents in the store; this is its image in memory. A kd_snapshot is immutable and counted: a decision
 * takes one, reads, gives it back. A change makes a new snapshot that shares everything untouched with the old one (chunks
 * of products are copied on write), so a delta costs what it changes. Product and variant rows are dense, only ever added
 * while the process lives, and node-local: nothing durable may hold one (use kd_ref). Stock and price are outside the
 * snapshot: arrays of atomics by variant row, seen at once by everybody.
 * Threads: readers any; writers queue on one lock inside. */
#ifndef KD_CATALOG_CATALOG_H
#define KD_CATALOG_CATALOG_H
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/money.h"
#include "store/store.h"

typedef struct kd_catalog  kd_catalog;
typedef struct kd_snapshot kd_snapshot;
#define KD_ROW_NONE UINT32_MAX

/* Attributes that describe taste. The first ones are built in; a shop's catalogue may mark more by name. */
typedef enum kd_attribute {
    KD_ATTR_CATEGORY = 1, KD_ATTR_BRAND, KD_ATTR_PRICE_BAND, KD_ATTR_COLOR, KD_ATTR_SIZE, KD_ATTR_STYLE, KD_ATTR_CUT, KD_ATTR_MATERIAL,
    KD_ATTR_GENDER, KD_ATTR_FIRST_CUSTOM = 32
} kd_attribute;
typedef struct kd_product_attr { uint16_t attribute; kd_ref value; } kd_product_attr; /* same shape as customer/opinion.h kd_attr */

typedef struct kd_variant {
    kd_str   sku;
    kd_ref   ref;         /* of the sku */
    uint32_t row;         /* dense over all variants: index of stock and price */
    kd_str   size, color, image, gtin;
    const kd_product_attr *attrs; /* its size, and what else not all variants of the product share */
    uint16_t attr_count;
    bool     out_of_stock;        /* its document says so; what is known of its stock counts more */
    const kd_json *doc;           /* what else its document says ("attributes", ...); NULL when nothing */
} kd_variant;

/* What is asked of every variant of a product before one is shown: side by side, and right behind the product in memory. */
typedef struct kd_facing { kd_ref size; uint32_t row; bool out_of_stock; } kd_facing; /* size: the value of KD_ATTR_SIZE, 0: none */

typedef struct kd_product {
    kd_str   id;          /* the shop's */
    kd_ref   ref;
    uint32_t row;
    uint64_t version;     /* of its document; 0 for a stub */
    bool     stub;        /* seen in an event, not yet described */
    bool     claimed;     /* a stub that nothing but claimed events named */
    bool     hidden;      /* deleted, or not for sale: never recommended; still found by its id and skus */
    bool     replenishable; /* bought again and again: "already bought" does not exclude it */
    bool     digital;     /* has no stock */
    uint32_t sensitive;   /* a bit for each sensitive concept it touches: catalog/sensitive.h; 0: none */
    kd_str   title, description, url, image, brand, category; /* category: "Outdoor > Jackets" */
    int64_t  created_ms;
    const kd_product_attr *attrs; /* of the product, ascending by attribute; categories on every level; never the size */
    uint16_t attr_count;
    kd_ref   department;          /* of the topmost category, "Outdoor" of "Outdoor > Jackets"; 0: none */
    kd_str   card;                /* as JSON members, made once and copied into every answer: "productId","title","brand","category","url"; what is empty is left out */
    kd_str   words;               /* title, id, category and brand in lower case, a line each: catalog/query.h */
    const kd_facing  *facings;    /* of each variant */
    const kd_variant *variants;   /* at least one: a product without variants is its own */
    uint16_t variant_count;
    bool     single;              /* it has no variants but itself */
    const kd_json *doc;           /* the document but for its variants, for templates and pages */
} kd_product;

typedef struct kd_place {
    kd_str   id, name, kind;      /* kind: "store", "warehouse", "pickup" */
    kd_ref   ref;
    uint16_t row;                 /* index into stock */
    double   latitude, longitude; /* NaN when unknown */
    bool     closed;              /* its document is deleted: kept for what names it, its stock counts nowhere */
    const kd_json *doc;           /* hours, address */
} kd_place;

typedef struct kd_content { /* an article, guide or video */
    kd_str   id, kind, title, url, image;
    kd_ref   ref;
    bool     hidden;              /* deleted, or not to be shown */
    uint32_t sensitive;           /* as of a product */
    const kd_product_attr *attrs; /* categories on every level, topics as attribute "topic" */
    uint16_t attr_count;
    const kd_json *doc;
} kd_content;

/* Load all documents and levels of the store; `reader` is borrowed for the call. Every snapshot is released before close. */
kd_status kd_catalog_open(kd_catalog **out, kd_store *store, kd_reader *reader, kd_clock clock, kd_err *err);
void      kd_catalog_close(kd_catalog *catalog);

const kd_snapshot *kd_snapshot_acquire(kd_catalog *catalog);
void               kd_snapshot_release(const kd_snapshot *snapshot);
uint64_t kd_snapshot_version(const kd_snapshot *s);        /* newest document version in it: the watermark receipts name */
uint32_t kd_snapshot_products(const kd_snapshot *s);       /* rows 0..n-1 */
uint32_t kd_snapshot_variants(const kd_snapshot *s);
const kd_product *kd_snapshot_product(const kd_snapshot *s, uint32_t row);  /* never NULL for row < products */
uint32_t kd_snapshot_described(const kd_snapshot *s);      /* products that have, or had, a document */
const kd_product *kd_snapshot_described_product(const kd_snapshot *s, uint32_t at); /* 0: the first to be described; never NULL */
const kd_product *kd_snapshot_find(const kd_snapshot *s, kd_ref product);   /* by product ref; NULL */
/* By product id or by a variant's sku (till and feeds name either); *variant NULL when it named the product. */
const kd_product *kd_snapshot_find_any(const kd_snapshot *s, kd_ref ref, const kd_variant **variant);
uint16_t kd_snapshot_places(const kd_snapshot *s);
const kd_place   *kd_snapshot_place(const kd_snapshot *s, uint16_t row);
const kd_place   *kd_snapshot_place_find(const kd_snapshot *s, kd_ref place);
/* The nearest place of kind "store" to a postal code of a country, by the imported table; NULL when unknown. */
const kd_place   *kd_snapshot_nearest(const kd_snapshot *s, kd_str country, kd_str postal_code, double *km);
/* The nearest one that is open (hours of its document; without any it counts as open) at `local_ms`: ms since 1970 by the
 * clock on its wall, which the caller makes of UTC and the site's time zone. */
const kd_place   *kd_snapshot_nearest_open(const kd_snapshot *s, kd_str country, kd_str postal_code, int64_t local_ms, double *km);
bool kd_place_open_at(const kd_place *place, int64_t local_ms);
uint32_t kd_snapshot_contents(const kd_snapshot *s);
const kd_content *kd_snapshot_content(const kd_snapshot *s, uint32_t row);
const kd_content *kd_snapshot_content_find(const kd_snapshot *s, kd_ref content);
/* The attribute's name ("color") and the text of a value ("navy"); empty when unknown. */
kd_str kd_snapshot_attribute_name(const kd_snapshot *s, uint16_t attribute);
kd_str kd_snapshot_value_text(const kd_snapshot *s, kd_ref value);
uint16_t kd_snapshot_attribute_by_name(const kd_snapshot *s, kd_str name); /* 0 when unknown */

/* Stock and price, live. */
enum { KD_STOCK_UNKNOWN = INT32_MIN };
int32_t kd_stock_at(const kd_catalog *catalog, uint32_t variant_row, uint16_t place_row); /* KD_STOCK_UNKNOWN when nobody said */
int32_t kd_stock_total(const kd_catalog *catalog, uint32_t variant_row);                  /* over all places; unknown when none said */
/* Buyable somewhere: digital, or stock > 0, or stock unknown everywhere and no `out_of_stock` in its document. */
bool    kd_stock_available(const kd_catalog *catalog, const kd_product *product);
bool    kd_stock_variant_available(const kd_catalog *catalog, const kd_product *product, uint16_t variant);
typedef struct kd_price { int64_t micro, list_micro; kd_currency currency; } kd_price; /* list: before a sale; equal when none */
bool    kd_price_of(kd_price *out, const kd_catalog *catalog, uint32_t variant_row); /* default site; false when unknown */

/* Hints (base/fetch.h) for those who look up many: memory is asked for now and waited for once. */
void    kd_snapshot_fetch_ahead(const kd_snapshot *s, kd_ref ref); /* before kd_snapshot_find_any */
void    kd_snapshot_walk_ahead(const kd_snapshot *s, uint32_t row);    /* in a walk over all products: those some rows on */
void    kd_stock_fetch_ahead(const kd_catalog *catalog, uint32_t variant_row);
void    kd_price_fetch_ahead(const kd_catalog *catalog, uint32_t variant_row);

/* Changes: written to the store, then shown. Each takes documents as JSON (catalog/feeds.h makes them from files). */
typedef struct kd_catalog_change {
    kd_str         kind, id;   /* kind: product, place, content, postal */
    const kd_json *body;
    bool           deleted;
    bool           merge;      /* laid over the product as it is: members it lacks and variants it does not name stay */
} kd_catalog_change;
/* Validates, appends versions, publishes ONE new snapshot. bad[i] (may be NULL) names what is wrong with change i; bad ones
 * are left out and the others go through: *refused counts them. Prices and stock found in product bodies become levels. */
kd_status kd_catalog_put(kd_catalog *catalog, const kd_catalog_change *changes, size_t count, int64_t now_ms, kd_err *bad, size_t *refused, kd_err *err);
kd_status kd_catalog_levels_put(kd_catalog *catalog, const kd_level *levels, size_t count, kd_err *err);
/* Products that an event named and nobody described: at once in the next snapshot, not for recommendation before they have a
 * document or have been bought or viewed often enough to be in a model. Idempotent, cheap when known; one commit and one
 * snapshot for many. Wrong ids are left out; the first of them is what err names. What is claimed (anybody can invent ids) has
 * little room and an end: catalog/stubs.c; beyond it claims are left out and counted. */
typedef struct kd_stub { kd_str product_id, name; bool claimed; } kd_stub;
kd_status kd_catalog_stubs(kd_catalog *catalog, const kd_stub *stubs, size_t count, int64_t now_ms, kd_err *err);

size_t kd_catalog_bytes(const kd_catalog *catalog); /* of the image in memory */
typedef struct kd_catalog_stats {
    uint64_t published;      /* snapshots */
    uint64_t chunks_copied;  /* copied on write, since the start */
    uint64_t objects_made;   /* products, places, contents built, since the start */
    uint64_t claims_left_out;/* claimed sightings of unknown products for which there was no room, since the start */
    uint32_t products, stubs, claimed_stubs, variants, contents, places, postal_codes;
} kd_catalog_stats;
void kd_catalog_get_stats(kd_catalog_stats *out, kd_catalog *catalog);
#endif

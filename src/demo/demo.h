/* demo/demo.h -- a whole shop, made up: the simulator.
 *
 * A catalogue in fashion and outdoor with sizes, colours, prices, drawn pictures and stock in three stores; customers with
 * known tastes, sizes, price sensitivity and habits; a year of web, till and newsletter events. Deterministic by seed,
 * offline. The truth (what each customer really likes) goes to a file of its own, so that recommenders, identity and
 * predictions can be measured against it; the engine never reads it.
 * Events go through the same door as everyone's (kd_incoming_from_json and kd_ingest). */
#ifndef KD_DEMO_DEMO_H
#define KD_DEMO_DEMO_H
#include "catalog/catalog.h"
#include "event/ingest.h"

typedef struct kd_demo_options {
    uint32_t customers, products, days; /* 20000, 2000, 365 */
    uint64_t seed;
    int64_t  end_ms;                    /* the history ends here */
    const char *truth_path;             /* JSON Lines, one customer a line; NULL: not kept */
} kd_demo_options;
typedef struct kd_demo_target { kd_store *store; kd_ingest *ingest; kd_catalog *catalog; } kd_demo_target;
typedef struct kd_demo_counts { uint64_t products, variants, customers, events, orders, order_lines, returns; } kd_demo_counts;
typedef void (*kd_demo_progress)(void *self, const char *step, uint64_t done, uint64_t total);

/* Five customers with a story each, whom the storefront's visitors may be: known user ids, a year like the others' but told by
 * hand. Their truth is in the same file. */
enum { KD_PERSONAS = 5 };
typedef struct kd_demo_persona { const char *user_id, *first, *last, *town, *postal_code, *card /* "": none */, *store; } kd_demo_persona;
extern const kd_demo_persona kd_demo_personas[KD_PERSONAS];
/* The name of the store's meta value that says "a demo": nobody in it is real. kd_demo_make sets it. */
#define KD_DEMO_META "demo"

kd_status kd_demo_make(kd_demo_counts *counts, const kd_demo_target *to, const kd_demo_options *options, kd_demo_progress progress,
                       void *self, kd_err *err);
/* The drawn picture of a product (of the demo's or any other) as SVG, from its category and the colour of `variant` (NULL: its
 * first). */
void      kd_demo_picture(kd_buf *out, const kd_product *product, const kd_variant *variant);
#endif

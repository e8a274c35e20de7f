/* The demo's goods as documents, and their pictures. */
#include "demo/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 250, BATCH_ARENA_BYTES = 64 << 20 };

static const char *const adjectives[] = { "Light", "Storm", "Coast", "Harbour", "Alpine", "City", "Trail", "Northern", "Everyday", "Classic", "Breeze", "Summit" };
static const char *const materials[] = { "organic cotton", "recycled polyester", "merino wool", "linen", "leather", "nylon" };

static void write_stock(kd_jw *w, kd_rng *rng, bool scarce)
{
    kd_jw_key(w, "stock");
    kd_jw_object(w);
    KD_JW_I64(w, "web", scarce ? 0 : kd_rng_below(rng, 40));
    for (int s = 0; s < STORES; s++)
        KD_JW_I64(w, demo_stores[s], scarce ? 0 : kd_rng_below(rng, 6));
    kd_jw_object_end(w);
}

static void write_variants(kd_jw *w, const world *world_, uint32_t row, kd_rng *rng, uint64_t *variants)
{
    const good *g = &world_->goods[row];
    char        sku[48], size[8];

    kd_jw_key(w, "variants");
    kd_jw_array(w);
    for (int c = 0; c < g->colors; c++)
        for (int s = 0; s < demo_size_count(g); s++) {
            demo_sku(sku, world_, row, c, s);
            demo_size_name(size, g, s);
            kd_jw_object(w);
            KD_JW_Z(w, "sku", sku);
            KD_JW_Z(w, "color", demo_colors[g->color[c]].name);
            if (size[0] != '\0')
                KD_JW_Z(w, "size", size);
            write_stock(w, rng, kd_rng_unit(rng) < .15);
            kd_jw_object_end(w);
            ++*variants;
        }
    kd_jw_array_end(w);
}

static void write_good(kd_jw *w, const world *world_, uint32_t row, uint64_t *variants)
{
    const good     *g = &world_->goods[row];
    const category *c = &demo_categories[g->category];
    kd_rng          rng = demo_rng(world_, 4, row);
    char            id[16], text[200];

    demo_good_id(id, row);
    kd_jw_object(w);
    KD_JW_Z(w, "id", id);
    snprintf(text, sizeof text, "%s %s %s", demo_brands[g->brand].name, adjectives[kd_rng_below(&rng, 12)], c->noun);
    KD_JW_Z(w, "title", text);
    snprintf(text, sizeof text, "A %s %s in %s by %s, made of %s.", demo_styles[g->style], c->noun, demo_colors[g->color[0]].name, demo_brands[g->brand].name,
             materials[kd_rng_below(&rng, 6)]);
    KD_JW_Z(w, "description", text);
    snprintf(text, sizeof text, "/shop/p/%s", id);
    KD_JW_Z(w, "url", text);
    snprintf(text, sizeof text, "/demo/pictures/%s.svg", id);
    KD_JW_Z(w, "image", text);
    KD_JW_Z(w, "brand", demo_brands[g->brand].name);
    KD_JW_Z(w, "category", c->path);
    kd_jw_key(w, "price");
    kd_jw_fixed(w, g->price_cents, 2);
    KD_JW_Z(w, "currency", "EUR");
    if (c->again_days != 0)
        KD_JW_BOOL(w, "replenishable", true);
    kd_jw_key(w, "attributes");
    kd_jw_object(w);
    KD_JW_Z(w, "style", demo_styles[g->style]);
    if (c->sizes == SIZE_LETTER)
        KD_JW_Z(w, "cut", demo_cuts[g->cut]);
    if (c->sizes != SIZE_NONE)
        KD_JW_Z(w, "gender", g->woman ? "women" : "men");
    kd_jw_object_end(w);
    write_variants(w, world_, row, &rng, variants);
    kd_jw_object_end(w);
}

/* Collects documents and hands them over in batches. */
typedef struct batch { const kd_demo_target *to; kd_arena *arena; kd_catalog_change changes[BATCH]; size_t count; int64_t now_ms; } batch;

static kd_status flush(batch *b, kd_err *err)
{
    kd_err    bad[BATCH] = { 0 };
    size_t    refused = 0;
    kd_status status = b->count == 0 ? KD_OK : kd_catalog_put(b->to->catalog, b->changes, b->count, b->now_ms, bad, &refused, err);

    for (size_t i = 0; status == KD_OK && refused != 0 && i < b->count; i++)
        if (bad[i].status != KD_OK)
            status = kd_fail_field(err, KD_INVALID, bad[i].field, "the catalogue refused a document of the demo: %s", bad[i].msg);
    b->count = 0;
    kd_arena_reset(b->arena);
    return status;
}

/* `id` and the text live in the batch's arena until the flush. */
static kd_status add(batch *b, const char *kind, const char *id, const kd_buf *text, kd_err *err)
{
    const kd_json *body = NULL;
    kd_status      status = kd_buf_status(text, err);

    if (status == KD_OK)
        status = kd_json_parse(&body, b->arena, text->ptr, text->len, err);
    if (status != KD_OK)
        return status;
    const kd_str kept = kd_str_copy(b->arena, kd_str_z(id));
    if (kept.ptr == NULL)
        return kd_fail_memory(err);
    b->changes[b->count++] = (kd_catalog_change){ .kind = kd_str_z(kind), .id = kept, .body = body };
    return b->count == BATCH ? flush(b, err) : KD_OK;
}

static kd_status add_places(batch *b, kd_err *err)
{
    static const struct { const char *id, *name, *kind; int town; } places[] = {
        { "web", "Warehouse", "warehouse", 6 }, { "flensburg", "Kunde Flensburg", "store", 0 }, { "hamburg", "Kunde Hamburg", "store", 3 }, { "muenchen", "Kunde München", "store", 17 },
    };
    static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat" };
    kd_status                status = KD_OK;

    for (size_t i = 0; status == KD_OK && i < sizeof places / sizeof *places; i++) {
        const town *t = &demo_towns[places[i].town];
        kd_buf      text;
        kd_jw       w;
        kd_buf_init(&text, b->arena);
        kd_jw_init(&w, &text);
        kd_jw_object(&w);
        KD_JW_Z(&w, "id", places[i].id);
        KD_JW_Z(&w, "name", places[i].name);
        KD_JW_Z(&w, "kind", places[i].kind);
        kd_jw_key(&w, "latitude");
        kd_jw_f64(&w, t->latitude, 4);
        kd_jw_key(&w, "longitude");
        kd_jw_f64(&w, t->longitude, 4);
        kd_jw_key(&w, "address");
        kd_jw_object(&w);
        KD_JW_Z(&w, "city", t->name);
        KD_JW_Z(&w, "postalCode", t->postal_code);
        KD_JW_Z(&w, "country", "DE");
        kd_jw_object_end(&w);
        kd_jw_key(&w, "hours");
        kd_jw_object(&w);
        for (size_t d = 0; d < sizeof days / sizeof *days; d++) {
            kd_jw_key(&w, days[d]);
            kd_jw_raw(&w, d == 5 ? KD_STR("[[\"10:00\",\"16:00\"]]") : KD_STR("[[\"09:30\",\"19:00\"]]"));
        }
        kd_jw_object_end(&w);
        kd_jw_object_end(&w);
        status = add(b, "place", places[i].id, &text, err);
    }
    for (int i = 0; status == KD_OK && i < TOWNS; i++) {
        char   id[16];
        kd_buf text;
        snprintf(id, sizeof id, "DE-%s", demo_towns[i].postal_code);
        kd_buf_init(&text, b->arena);
        kd_buf_addf(&text, "{\"country\":\"DE\",\"postalCode\":\"%s\",\"latitude\":%.4f,\"longitude\":%.4f}", demo_towns[i].postal_code, demo_towns[i].latitude, demo_towns[i].longitude);
        status = add(b, "postal", id, &text, err);
    }
    return status;
}

static kd_status add_contents(batch *b, kd_err *err)
{
    static const struct { const char *id, *kind, *title, *category; } contents[] = {
        { "guide-layers", "guide", "Three layers: dressing for any weather", "Outdoor > Jackets" }, { "guide-boots", "guide", "How a hiking boot should fit", "Outdoor > Hiking Boots" },
        { "guide-tent", "guide", "Pitching a tent in the wind", "Outdoor > Tents" }, { "video-backpack", "video", "Adjusting a backpack in two minutes", "Outdoor > Backpacks" },
        { "article-swim", "article", "Open water: from the pool to the fjord", "Swim > Swimsuits" }, { "guide-goggles", "guide", "Goggles that do not fog", "Swim > Goggles" },
        { "article-wool", "article", "Why merino does not smell", "Fashion > Knitwear" }, { "guide-jeans", "guide", "Jeans: slim, regular, relaxed", "Fashion > Jeans" },
        { "guide-proofing", "guide", "Making a jacket waterproof again", "Care > Wash-in Proofing" }, { "article-run", "article", "Your first ten kilometres", "Running > Running Shoes" },
        { "video-gloves", "video", "Warm hands in winter", "Winter > Gloves" }, { "guide-sun", "guide", "How much sunscreen is enough", "Care > Sunscreen" },
    };
    kd_status status = KD_OK;

    for (size_t i = 0; status == KD_OK && i < sizeof contents / sizeof *contents; i++) {
        kd_buf text;
        kd_jw  w;
        char   url[64];
        kd_buf_init(&text, b->arena);
        kd_jw_init(&w, &text);
        kd_jw_object(&w);
        KD_JW_Z(&w, "id", contents[i].id);
        KD_JW_Z(&w, "kind", contents[i].kind);
        KD_JW_Z(&w, "title", contents[i].title);
        snprintf(url, sizeof url, "/shop/c/%s", contents[i].id);
        KD_JW_Z(&w, "url", url);
        kd_jw_key(&w, "categories");
        kd_jw_array(&w);
        kd_jw_z(&w, contents[i].category);
        kd_jw_array_end(&w);
        kd_jw_object_end(&w);
        status = add(b, "content", contents[i].id, &text, err);
    }
    return status;
}

kd_status demo_put_catalogue(kd_demo_counts *counts, const world *w, const kd_demo_target *to, kd_demo_progress progress, void *self, kd_err *err)
{
    batch    *b = calloc(1, sizeof *b);
    kd_status status = KD_OK;

    if (b == NULL || (b->arena = kd_arena_new(BATCH_ARENA_BYTES)) == NULL) {
        free(b);
        return kd_fail_memory(err);
    }
    b->to = to;
    b->now_ms = w->start_ms;
    status = add_places(b, err);
    if (status == KD_OK)
        status = add_contents(b, err);
    for (uint32_t row = 0; status == KD_OK && row < w->options.products; row++) {
        kd_buf text;
        kd_jw  out;
        char   id[16];
        kd_buf_init(&text, b->arena);
        kd_jw_init(&out, &text);
        write_good(&out, w, row, &counts->variants);
        demo_good_id(id, row);
        status = add(b, "product", id, &text, err);
        counts->products++;
        if (progress != NULL && row % 500 == 0)
            progress(self, "products", row, w->options.products);
    }
    if (status == KD_OK)
        status = flush(b, err);
    kd_arena_free(b->arena);
    free(b);
    return status;
}

/* ---- pictures: one simple shape a kind of product, in its colour ---- */

static const char *shape_path(const char *shape)
{
    static const struct { const char *shape, *path; } paths[] = {
        { "jacket", "M70 50 L90 40 Q100 52 110 40 L130 50 L160 80 L146 98 L132 86 L132 165 L68 165 L68 86 L54 98 L40 80 Z" },
        { "shirt", "M72 52 L88 44 Q100 58 112 44 L128 52 L154 74 L142 92 L128 82 L128 160 L72 160 L72 82 L58 92 L46 74 Z" },
        { "trousers", "M72 40 L128 40 L138 168 L110 168 L100 84 L90 168 L62 168 Z" },
        { "shoe", "M36 120 Q50 118 62 96 L92 96 Q104 122 150 128 Q168 132 166 150 L36 150 Z" },
        { "bag", "M66 70 Q66 44 100 44 Q134 44 134 70 L142 160 L58 160 Z M82 70 Q82 58 100 58 Q118 58 118 70 Z" },
        { "tent", "M100 44 L172 158 L116 158 L100 120 L84 158 L28 158 Z" },
        { "swim", "M78 40 L88 40 Q90 70 100 72 Q110 70 112 40 L122 40 Q124 90 132 110 Q120 150 108 162 L92 162 Q80 150 68 110 Q76 90 78 40 Z" },
        { "goggles", "M34 92 Q34 76 60 76 Q88 76 96 92 L104 92 Q112 76 140 76 Q166 76 166 92 Q166 122 140 122 Q114 122 104 102 L96 102 Q86 122 60 122 Q34 122 34 92 Z" },
        { "glove", "M74 160 L74 96 L58 78 Q52 66 64 66 L80 80 L80 50 Q88 40 94 50 L96 78 L100 46 Q108 38 114 48 L114 80 L122 56 Q132 52 132 62 L128 120 L124 160 Z" },
        { "hat", "M52 128 Q52 62 100 62 Q148 62 148 128 L160 128 L160 148 L40 148 L40 128 Z" },
        { "dress", "M80 40 L92 40 Q100 54 108 40 L120 40 L118 88 L146 166 L54 166 L82 88 Z" },
        { "sock", "M84 38 L122 38 L122 112 Q128 128 106 146 Q84 168 66 158 Q52 148 66 136 L84 116 Z" },
        { "box", "M56 70 L144 70 L144 150 L56 150 Z M56 70 L70 52 L158 52 L144 70 Z" },
        { "bottle", "M86 36 L114 36 L114 62 Q132 70 132 90 L132 164 L68 164 L68 90 Q68 70 86 62 Z" },
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(paths[i].shape, shape) == 0)
            return paths[i].path;
    return paths[12].path;
}

void kd_demo_picture(kd_buf *out, const kd_product *product)
{
    const char *shape = "box", *hex = demo_colors[3].hex;

    for (int c = 0; c < CATEGORIES; c++)
        if (kd_str_is(product->category, demo_categories[c].path))
            shape = demo_categories[c].shape;
    for (int c = 0; c < COLORS && product->variant_count != 0; c++)
        if (kd_str_is(product->variants[0].color, demo_colors[c].name))
            hex = demo_colors[c].hex;
    const int turn = (int)(product->ref % 7) - 3; /* so that a shelf of them does not look stamped */
    kd_buf_addf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 200\" role=\"img\"><rect width=\"200\" height=\"200\" fill=\"#f3efe6\"/>"
                     "<ellipse cx=\"100\" cy=\"176\" rx=\"62\" ry=\"6\" fill=\"#00000018\"/>"
                     "<path d=\"%s\" fill=\"%s\" stroke=\"#1d2329\" stroke-opacity=\".35\" stroke-width=\"2\" stroke-linejoin=\"round\" fill-rule=\"evenodd\" transform=\"rotate(%d 100 100)\"/></svg>",
                shape_path(shape), hex, turn);
}

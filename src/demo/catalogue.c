/* The demo's goods as documents. */
#include "demo/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 250, BATCH_ARENA_BYTES = 64 << 20 };

static const char *const adjectives[] = { "Light", "Storm", "Coast", "Harbour", "Alpine", "City", "Trail", "Northern", "Everyday", "Classic", "Breeze", "Summit" };
/* What a kind of good is made of, by its noun. */
static const char *material_of(const category *c, kd_rng *rng)
{
    static const struct { const char *nouns, *materials[3]; } known[] = {
        { "Jacket Backpack Tent Sleeping Bag Ski Trousers", { "recycled polyester", "ripstop nylon", "polyamide" } }, { "Boots Sneakers", { "leather", "suede", "recycled mesh" } },
        { "Shirt T-Shirt Jeans Socks", { "organic cotton", "cotton and hemp", "linen and cotton" } },              { "Pullover Hat Ski Underwear", { "merino wool", "lambswool", "wool and cotton" } },
        { "Dress", { "linen", "viscose", "organic cotton" } },                                                        { "Fleece Gloves Trousers Running Shoes Swimsuit", { "recycled polyester", "polyamide", "recycled nylon" } },
        { "Goggles", { "polycarbonate", "silicone and polycarbonate", "polycarbonate" } },
    };
    const uint32_t which = kd_rng_below(rng, 6) % 3; /* one draw for every kind of good, whatever it is */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(known[i].nouns, c->noun) != NULL)
            return known[i].materials[which];
    return NULL; /* a bar, a bottle */
}

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
    char        sku[48], size[8], image[80];

    kd_jw_key(w, "variants");
    kd_jw_array(w);
    for (int c = 0; c < g->colors; c++) {
        demo_sku(sku, world_, row, c, 0); /* one picture a colour: that of its first size */
        snprintf(image, sizeof image, "/demo/pictures/%s.svg", sku);
        for (int s = 0; s < demo_size_count(g); s++) {
            demo_sku(sku, world_, row, c, s);
            demo_size_name(size, g, s);
            kd_jw_object(w);
            KD_JW_Z(w, "sku", sku);
            KD_JW_Z(w, "color", demo_colors[g->color[c]].name);
            if (size[0] != '\0')
                KD_JW_Z(w, "size", size);
            if (g->colors > 1)
                KD_JW_Z(w, "image", image);
            write_stock(w, rng, kd_rng_unit(rng) < .15);
            kd_jw_object_end(w);
            ++*variants;
        }
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
    const char *material = material_of(c, &rng);
    snprintf(text, sizeof text, "%s by %s%s%s.", c->noun, demo_brands[g->brand].name, material ? ", made of " : "", material ? material : "");
    KD_JW_Z(w, "description", text);
    if (material != NULL)
        KD_JW_Z(w, "material", material);
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

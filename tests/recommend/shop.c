#include "shop.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

static const char sizes[] = "SML";

static int64_t shop_now(void *self) { return ((shop *)self)->now_ms; }

void shop_open(shop *s, uint16_t groups)
{
    char             path[128];
    kd_store_options options = { .path = path, .groups = groups, .create = true };
    kd_err           err = { 0 };

    *s = (shop){ .folder = "/tmp/kd_recommend_XXXXXX", .now_ms = NOW };
    assert_non_null(mkdtemp(s->folder));
    snprintf(path, sizeof path, "%s/kunde.db", s->folder);
    assert_int_equal(kd_store_open(&s->store, &options, &err), KD_OK);
    assert_int_equal(kd_reader_open(&s->reader, s->store, &err), KD_OK);
    assert_int_equal(kd_catalog_open(&s->catalog, s->store, s->reader, (kd_clock){ shop_now, s }, &err), KD_OK);
    assert_int_equal(kd_recommender_open(&s->recommender, s->catalog, &err), KD_OK);
    s->arena = kd_arena_new((size_t)256 << 20);
    kd_buf_init(&s->model_bytes, NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void shop_close(shop *s)
{
    kd_recommender_close(s->recommender);
    kd_catalog_close(s->catalog);
    kd_reader_close(s->reader);
    kd_store_close(s->store);
    kd_arena_free(s->arena);
    kd_buf_free(&s->model_bytes);
    nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool shop_is_hidden(uint32_t product) { return product % 13 == 5; }
bool shop_is_replenishable(uint32_t product) { return product % 11 == 3; }

kd_ref shop_variant_ref(uint32_t product, char size)
{
    char text[32];
    int  len = size ? snprintf(text, sizeof text, "p%u-%c", product, size) : snprintf(text, sizeof text, "p%u", product);
    return kd_ref_of((kd_str){ text, (size_t)len });
}

kd_ref shop_ref(uint32_t product) { return shop_variant_ref(product, 0); }

static void put_all(shop *s, kd_catalog_change *changes, size_t count)
{
    kd_err *bad = KD_NEW(s->arena, kd_err, count), err = { 0 };
    size_t  refused = 0;
    kd_status status = kd_catalog_put(s->catalog, changes, count, s->now_ms, bad, &refused, &err);
    for (size_t i = 0; i < count; i++)
        if (bad[i].status != KD_OK)
            print_message("refused %.*s: %s %s\n", (int)changes[i].id.len, changes[i].id.ptr, bad[i].field, bad[i].msg);
    if (status != KD_OK)
        print_message("%s\n", err.msg);
    assert_int_equal(status, KD_OK);
    assert_int_equal(refused, 0);
}

void shop_put(shop *s, const char *json)
{
    const kd_json    *body;
    kd_catalog_change change = { .kind = KD_STR("product") };
    assert_int_equal(kd_json_parse(&body, s->arena, json, strlen(json), NULL), KD_OK);
    change.id = kd_json_text(kd_json_get(body, "id"));
    change.body = body;
    put_all(s, &change, 1);
}

static void write_product(kd_buf *out, uint32_t i)
{
    static const char *const colors[] = { "red", "green", "blue", "black", "white" };
    kd_buf_addf(out, "{\"id\":\"p%u\",\"title\":\"Product %u\",\"category\":\"Top%u > Sub%u\",\"color\":\"%s\",\"price\":\"%u.00\",\"currency\":\"EUR\"", i, i,
                i % 3, i % 12, colors[i % 5], 10 + i % 50);
    if (shop_is_hidden(i))
        kd_buf_add_z(out, ",\"hidden\":true");
    if (shop_is_replenishable(i))
        kd_buf_add_z(out, ",\"replenishable\":true");
    if (i % 4 == 0) {
        kd_buf_add_z(out, ",\"stock\":5}");
        return;
    }
    kd_buf_add_z(out, ",\"variants\":[");
    for (int v = 0; v < 3; v++)
        kd_buf_addf(out, "%s{\"sku\":\"p%u-%c\",\"size\":\"%c\",\"stock\":5}", v ? "," : "", i, sizes[v], sizes[v]);
    kd_buf_add_z(out, "]}");
}

void shop_add_products(shop *s, uint32_t from, uint32_t to)
{
    kd_catalog_change *changes = KD_NEW(s->arena, kd_catalog_change, to - from);
    for (uint32_t i = from; i < to; i++) {
        kd_buf         text;
        const kd_json *body;
        kd_buf_init(&text, s->arena);
        write_product(&text, i);
        assert_int_equal(kd_json_parse(&body, s->arena, text.ptr, text.len, NULL), KD_OK);
        changes[i - from] = (kd_catalog_change){ .kind = KD_STR("product"), .id = kd_json_text(kd_json_get(body, "id")), .body = body };
    }
    put_all(s, changes, to - from);
    kd_arena_reset(s->arena);
}

void shop_set_stock(shop *s, kd_ref variant, int64_t units)
{
    kd_level level = { .variant = variant, .what = KD_LEVEL_STOCK, .value = units, .at_ms = ++s->now_ms };
    assert_int_equal(kd_catalog_levels_put(s->catalog, &level, 1, NULL), KD_OK);
}

static int by_ref(const void *a, const void *b)
{
    kd_ref x = *(const kd_ref *)a, y = *(const kd_ref *)b;
    return (x > y) - (x < y);
}

static kd_neighbours random_neighbours(kd_rng *rng, uint32_t items, uint32_t k)
{
    kd_neighbours n = { .item_count = items, .k = k, .counts = calloc(items, sizeof(uint32_t)),
                        .items = calloc((size_t)items * k, sizeof(kd_scored)), .support = calloc((size_t)items * k, sizeof(uint32_t)) };
    for (uint32_t i = 0; i < items; i++) {
        kd_topk top = { n.items + (size_t)i * k, 0, k };
        uint32_t step = 1 + kd_rng_below(rng, items - 1);
        for (uint32_t m = 0, j = (i + step) % items; m < k && j != i; m++, j = (j + step) % items)
            kd_topk_push(&top, (float)(0.3 * kd_rng_unit(rng) * kd_rng_unit(rng) + 1e-4), j);
        kd_topk_sort(&top);
        n.counts[i] = (uint32_t)top.count;
        for (size_t m = 0; m < top.count; m++)
            n.support[(size_t)i * k + m] = 1 + kd_rng_below(rng, 90);
    }
    return n;
}

const kd_model *shop_plant_model(shop *s, uint64_t seed, uint32_t count, uint32_t strangers, uint32_t k, uint64_t version)
{
    uint32_t       items = count + strangers;
    kd_ref        *refs = calloc(items, sizeof *refs);
    float         *popularity = calloc(items, sizeof *popularity), *trend = calloc(items, sizeof *trend);
    kd_model_build b = { .version = version, .item_count = items, .items = refs, .popularity = popularity, .trend = trend, .report = KD_STR("{}") };
    kd_model      *model;
    kd_rng         rng;

    kd_rng_seed(&rng, seed);
    for (uint32_t i = 0; i < items; i++)
        refs[i] = i < count ? shop_ref(i) : kd_rng_u64(&rng);
    qsort(refs, items, sizeof *refs, by_ref);
    for (uint32_t i = 0; i < items; i++) {
        popularity[i] = (float)kd_rng_below(&rng, 1000) / 7;
        trend[i] = kd_rng_below(&rng, 3) ? 0 : (float)kd_rng_below(&rng, 100) / 3;
    }
    for (int r = 0; r < KD_RELATION_COUNT; r++)
        b.relations[r] = random_neighbours(&rng, items, k);
    kd_buf_free(&s->model_bytes);
    kd_buf_init(&s->model_bytes, NULL);
    assert_int_equal(kd_model_write(&s->model_bytes, &b, NULL), KD_OK);
    assert_int_equal(kd_model_from_bytes(&model, kd_buf_str(&s->model_bytes), NULL), KD_OK);
    for (int r = 0; r < KD_RELATION_COUNT; r++)
        kd_neighbours_free(&b.relations[r]);
    free(refs);
    free(popularity);
    free(trend);
    return model;
}

void shop_act(kd_profile *profile, kd_kind kind, uint32_t product, char size, const char *order, int64_t time_ms)
{
    static uint64_t  serial;
    char             product_text[32], variant_text[32];
    kd_profile_caps  caps = kd_profile_caps_default();
    kd_rng           rng;
    kd_fact_line     line = { .quantity = 1, .price_micro = KD_PRICE_NONE };
    kd_fact          fact = { .kind = kind, .time_ms = time_ms, .order_id = kd_str_z(order), .total_micro = KD_PRICE_NONE, .lines = &line, .line_count = 1 };

    kd_rng_seed(&rng, ++serial);
    fact.id = kd_id_new(&rng, time_ms);
    line.product = (kd_str){ product_text, (size_t)snprintf(product_text, sizeof product_text, "p%u", product) };
    if (size)
        line.variant = (kd_str){ variant_text, (size_t)snprintf(variant_text, sizeof variant_text, "p%u-%c", product, size) };
    assert_int_equal(kd_profile_fold(profile, &fact, &caps, NULL), KD_OK);
}

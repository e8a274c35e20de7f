/* Ten personal products in process: 20,000 products with three variants, a model with 100 neighbours in each relation, persons
 * of 40 deeds: by Zipf's law over the products, as shops see it, and once more evenly spread, where every list is a surprise
 * to the caches. Beside it the plain way to the same ranking: a dense table cleared, summed and fully sorted, nothing checked.
 * Prints one line of JSON: microseconds, medians and 99th percentiles over interleaved calls. */
#include "recommend/recommend.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "recommend/score.h"
#include "recommend/seeds.h"

enum { PRODUCTS = 20000, K = 100, PEOPLE = 500, DEEDS = 40, CALLS = 20000, PLAIN_CALLS = 500, LIST = 10, BATCH = 2000 };
#define NOW INT64_C(1767225600000)

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_recommend: %s\n", what);
        exit(1);
    }
}

static kd_ref product_ref(uint32_t i)
{
    char text[16];
    return kd_ref_of((kd_str){ text, (size_t)snprintf(text, sizeof text, "p%u", i) });
}

/* ---- the shop ---------------------------------------------------------------------------------------------------- */

static void add_products(kd_catalog *catalog, kd_arena *arena, uint32_t from)
{
    kd_catalog_change *changes = KD_NEW(arena, kd_catalog_change, BATCH);
    size_t             refused = 0;

    for (uint32_t i = from; i < from + BATCH; i++) {
        const kd_json *body;
        kd_buf         text;
        kd_buf_init(&text, arena);
        kd_buf_addf(&text, "{\"id\":\"p%u\",\"title\":\"Product %u\",\"category\":\"Top%u > Sub%u\",\"brand\":\"B%u\",\"price\":\"%u.00\",\"currency\":\"EUR\",\"variants\":["
                           "{\"sku\":\"p%u-S\",\"size\":\"S\",\"stock\":5},{\"sku\":\"p%u-M\",\"size\":\"M\",\"stock\":5},{\"sku\":\"p%u-L\",\"size\":\"L\",\"stock\":%u}]}",
                    i, i, i % 5, i % 60, i % 90, 10 + i % 90, i, i, i, i % 7 ? 5 : 0);
        must(kd_json_parse(&body, arena, text.ptr, text.len, NULL) == KD_OK, "json");
        changes[i - from] = (kd_catalog_change){ .kind = KD_STR("product"), .id = kd_json_text(kd_json_get(body, "id")), .body = body };
    }
    must(kd_catalog_put(catalog, changes, BATCH, NOW, NULL, &refused, NULL) == KD_OK && refused == 0, "catalogue");
    kd_arena_reset(arena);
}

static int by_ref(const void *a, const void *b)
{
    kd_ref x = *(const kd_ref *)a, y = *(const kd_ref *)b;
    return (x > y) - (x < y);
}

/* Neighbours favour a popular head, as real ones do: many lists meet in the same items. */
static kd_model *plant_model(kd_buf *bytes)
{
    kd_ref        *refs = malloc(PRODUCTS * sizeof *refs);
    float         *popularity = malloc(PRODUCTS * sizeof *popularity);
    kd_neighbours  n = { .item_count = PRODUCTS, .k = K, .counts = malloc(PRODUCTS * sizeof *n.counts),
                         .items = malloc((size_t)PRODUCTS * K * sizeof *n.items), .support = calloc((size_t)PRODUCTS * K, sizeof *n.support) };
    kd_model_build b = { .version = 1, .item_count = PRODUCTS, .items = refs, .popularity = popularity, .trend = popularity, .report = KD_STR("{}") };
    kd_model      *model;
    kd_rng         rng;

    must(refs && popularity && n.counts && n.items && n.support, "memory");
    kd_rng_seed(&rng, 1);
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        refs[i] = product_ref(i);
        popularity[i] = (float)(1.0 + kd_rng_exponential(&rng));
        kd_topk top = { n.items + (size_t)i * K, 0, K };
        for (uint32_t m = 0; m < K; m++) {
            double   u = kd_rng_unit(&rng);
            uint32_t j = (uint32_t)(u * u * (PRODUCTS / (K + 1))) * (K + 1) + m; /* distinct: by remainder */
            if (j != i)
                kd_topk_push(&top, (float)(0.02 * kd_rng_unit(&rng) + 1e-4), j);
        }
        kd_topk_sort(&top);
        n.counts[i] = (uint32_t)top.count;
    }
    qsort(refs, PRODUCTS, sizeof *refs, by_ref);
    for (int r = 0; r < KD_RELATION_COUNT; r++)
        b.relations[r] = n;
    must(kd_model_write(bytes, &b, NULL) == KD_OK && kd_model_from_bytes(&model, kd_buf_str(bytes), NULL) == KD_OK, "model");
    kd_neighbours_free(&n);
    free(refs);
    free(popularity);
    return model;
}

static void live(kd_profile *person, kd_rng *rng, uint32_t serial, bool zipf)
{
    static const kd_kind kinds[] = { KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_ORDER, KD_KIND_CART_ADD, KD_KIND_WISH_ADD };
    kd_profile_caps      caps = kd_profile_caps_default();

    for (uint32_t n = 0; n < DEEDS; n++) {
        char         product[16], variant[16];
        uint32_t     i = zipf ? (uint32_t)exp(kd_rng_unit(rng) * log(PRODUCTS)) : kd_rng_below(rng, PRODUCTS);
        kd_fact_line line = { .product = { product, (size_t)snprintf(product, sizeof product, "p%u", i) }, .quantity = 1, .price_micro = KD_PRICE_NONE,
                              .variant = { variant, (size_t)snprintf(variant, sizeof variant, "p%u-%c", i, "SML"[serial % 3]) } };
        kd_fact      fact = { .kind = kinds[kd_rng_below(rng, 6)], .time_ms = NOW - (int64_t)(kd_rng_exponential(rng) * 20.0 * (double)KD_DAY_MS),
                              .total_micro = KD_PRICE_NONE, .lines = &line, .line_count = 1 };
        fact.id = kd_id_new(rng, fact.time_ms);
        must(kd_profile_fold(person, &fact, &caps, NULL) == KD_OK, "profile");
    }
}

/* ---- the measurement ------------------------------------------------------------------------------------------------ */

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); /* kd_monotonic_us counts whole microseconds: too coarse here */
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int best_first(const void *a, const void *b)
{
    const kd_candidate *x = a, *y = b;
    return x->micro != y->micro ? (x->micro > y->micro ? -1 : 1) : (x->item > y->item) - (x->item < y->item);
}

static int64_t rank_plainly(kd_candidate *all, const kd_model *model, const kd_snapshot *snapshot, const kd_profile *person)
{
    kd_seed seeds[KD_SEEDS_MAX];
    size_t  count = kd_seeds_of_profile(seeds, 0, person, NULL, 0, model, snapshot, NOW);

    for (uint32_t i = 0; i < PRODUCTS; i++)
        all[i] = (kd_candidate){ 0, i };
    for (size_t s = 0; s < count; s++) {
        const kd_model_neighbour *n;
        for (size_t k = kd_model_neighbours(model, seeds[s].relation, seeds[s].item, &n); k > 0; k--)
            all[n[k - 1].item].micro += (int64_t)(seeds[s].weight * 1e6f * n[k - 1].score + 0.5f);
    }
    qsort(all, PRODUCTS, sizeof *all, best_first);
    return all[0].micro;
}

typedef struct figures { double p50, p99, plain_p50, filled, own; } figures;

static figures measure(kd_recommender *recommender, const kd_model *model, const kd_snapshot *snapshot, const kd_profile *people, kd_arena *arena)
{
    static double       took[CALLS], plain[PLAIN_CALLS];
    static kd_candidate all[PRODUCTS];
    size_t              filled = 0, plain_count = 0, own = 0;

    for (int n = -2000; n < CALLS; n++) { /* the first two thousand warm up */
        kd_recommend_request r = { .recipe = KD_RECIPE_FOR_YOU, .profile = &people[(n + 2000) * 7 % PEOPLE], .count = LIST, .now_ms = NOW };
        kd_recommend_result  out;
        double               begin = now_us();
        must(kd_recommend(&out, recommender, snapshot, &r, arena, NULL) == KD_OK, "recommend");
        if (n >= 0) {
            took[n] = now_us() - begin;
            filled += out.count;
            for (size_t i = 0; i < out.count; i++)
                own += out.items[i].layer == KD_LAYER_RECIPE;
        }
        kd_arena_reset(arena);
        if (n >= 0 && n % (CALLS / PLAIN_CALLS) == 0) {
            begin = now_us();
            must(rank_plainly(all, model, snapshot, r.profile) >= 0, "plain");
            plain[plain_count++] = now_us() - begin;
        }
    }
    qsort(took, CALLS, sizeof *took, ascending);
    qsort(plain, plain_count, sizeof *plain, ascending);
    return (figures){ took[CALLS / 2], took[CALLS / 100 * 99], plain[plain_count / 2], (double)filled / ((double)CALLS * LIST),
                      (double)own / ((double)CALLS * LIST) };
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int main(void)
{
    static kd_profile people[PEOPLE];
    static int64_t    now_ms = NOW;
    char              folder[] = "/tmp/kd_bench_XXXXXX", path[64];
    kd_store_options  options = { .path = path, .groups = 1, .create = true };
    kd_store         *store;
    kd_reader        *reader;
    kd_catalog       *catalog;
    kd_recommender   *recommender;
    kd_arena         *arena = kd_arena_new((size_t)256 << 20);
    kd_buf            bytes;
    kd_rng            rng;

    must(arena && mkdtemp(folder), "folder");
    snprintf(path, sizeof path, "%s/kunde.db", folder);
    must(kd_store_open(&store, &options, NULL) == KD_OK && kd_reader_open(&reader, store, NULL) == KD_OK, "store");
    must(kd_catalog_open(&catalog, store, reader, kd_clock_at(&now_ms), NULL) == KD_OK, "catalogue");
    must(kd_recommender_open(&recommender, catalog, NULL) == KD_OK, "recommender");
    for (uint32_t from = 0; from < PRODUCTS; from += BATCH)
        add_products(catalog, arena, from);
    kd_buf_init(&bytes, NULL);
    kd_model *model = plant_model(&bytes);
    kd_recommender_set_model(recommender, model);
    const kd_snapshot *snapshot = kd_snapshot_acquire(catalog);
    figures            f[2];
    for (int even = 0; even < 2; even++) {
        kd_rng_seed(&rng, 2);
        for (uint32_t n = 0; n < PEOPLE; n++)
            live(&people[n], &rng, n, !even);
        f[even] = measure(recommender, model, snapshot, people, arena);
        for (uint32_t n = 0; n < PEOPLE; n++)
            kd_profile_free(&people[n]);
    }
    kd_snapshot_release(snapshot);
    printf("{\"bench\":\"recommend\",\"products\":%d,\"variants\":%d,\"k\":%d,\"deeds\":%d,\"list\":%d,\"calls\":%d,\"p50_us\":%.2f,\"p99_us\":%.2f,"
           "\"even_p50_us\":%.2f,\"even_p99_us\":%.2f,\"filled\":%.3f,\"byRecipe\":%.3f,\"baseline\":\"dense table, full sort, no checks\","
           "\"baseline_p50_us\":%.2f,\"ratio\":%.1f}\n",
           PRODUCTS, 3 * PRODUCTS, K, DEEDS, LIST, CALLS, f[0].p50, f[0].p99, f[1].p50, f[1].p99, f[0].filled, f[0].own, f[0].plain_p50,
           f[0].plain_p50 / f[0].p50);

    kd_recommender_close(recommender);
    kd_model_release(model);
    kd_buf_free(&bytes);
    kd_catalog_close(catalog);
    kd_reader_close(reader);
    kd_store_close(store);
    kd_arena_free(arena);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

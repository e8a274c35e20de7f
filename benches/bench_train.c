/* Item-item training over a synthetic shop, beside the plainest way to count what goes together: a hash map of pairs.
 * Prints one line of JSON: seconds as medians of interleaved rounds, and ratios to the baseline of the same rounds. */
#include "recommend/item_item.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/rng.h"

enum { USERS = 100000, ITEMS = 20000, CELLS = 1000000, ROUNDS = 3 };

static void fatal(const char *what)
{
    fprintf(stderr, "bench_train: %s\n", what);
    exit(1);
}

/* Items by Zipf's law with exponent 1: the share of rank r is 1/r. Interactions per user are exponential with mean 10. */
static void make_cells(kd_cell *cells)
{
    double *upto = malloc(ITEMS * sizeof *upto), sum = 0.0;
    kd_rng  rng;

    if (!upto)
        fatal("out of memory");
    kd_rng_seed(&rng, 1);
    for (int i = 0; i < ITEMS; i++)
        upto[i] = sum += 1.0 / (i + 1);
    for (uint32_t n = 0, user = 0; n < CELLS; user = (user + 1) % USERS) {
        for (int left = 1 + (int)(kd_rng_exponential(&rng) * 9.5); left > 0 && n < CELLS; left--, n++) {
            double   at = kd_rng_unit(&rng) * sum;
            uint32_t low = 0, high = ITEMS - 1;
            while (low < high) {
                uint32_t middle = (low + high) / 2;
                if (upto[middle] < at)
                    low = middle + 1;
                else
                    high = middle;
            }
            cells[n] = (kd_cell){ user, low, 1.0f };
        }
    }
    free(upto);
}

static size_t count_pairs(const kd_csr *m)
{
    kd_map *pairs = kd_map_new(0);
    size_t  count;

    if (!pairs)
        fatal("out of memory");
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint64_t a = m->indptr[u]; a < m->indptr[u + 1]; a++) {
            for (uint64_t b = a + 1; b < m->indptr[u + 1]; b++) {
                uint64_t key = (uint64_t)m->indices[a] << 32 | m->indices[b];
                bool     is_new;
                uint32_t seen = kd_map_put_new(pairs, key, 1, &is_new);
                if (seen == UINT32_MAX || (!is_new && !kd_map_set(pairs, key, seen + 1)))
                    fatal("out of memory");
            }
        }
    }
    count = kd_map_count(pairs);
    kd_map_free(pairs);
    return count;
}

static double train_s(const kd_csr *m, kd_similarity similarity, unsigned threads)
{
    kd_item_item_params params = { .similarity = similarity, .k = 100, .alpha = 0.9, .beta = 0.25, .normalize = true, .threads = threads };
    kd_neighbours       n;
    kd_err              err = { 0 };
    int64_t             begin = kd_monotonic_us();

    if (kd_item_item_train(&n, m, &params, &err) != KD_OK)
        fatal(err.msg);
    kd_neighbours_free(&n);
    return (double)(kd_monotonic_us() - begin) / 1e6;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

int main(void)
{
    kd_cell *cells = malloc(CELLS * sizeof *cells);
    double   matrix[ROUNDS], baseline[ROUNDS], cosine[ROUNDS], cosine_1[ROUNDS], rp3beta[ROUNDS];
    size_t   pairs = 0, interactions = 0;
    kd_err   err = { 0 };

    if (!cells)
        fatal("out of memory");
    make_cells(cells);
    for (int r = 0; r < ROUNDS; r++) {
        kd_csr  m;
        int64_t begin = kd_monotonic_us();
        if (kd_csr_from_cells(&m, cells, CELLS, USERS, ITEMS, &err) != KD_OK)
            fatal(err.msg);
        matrix[r] = (double)(kd_monotonic_us() - begin) / 1e6;
        cosine[r] = train_s(&m, KD_SIM_COSINE, 2);
        begin = kd_monotonic_us();
        pairs = count_pairs(&m);
        baseline[r] = (double)(kd_monotonic_us() - begin) / 1e6;
        rp3beta[r] = train_s(&m, KD_SIM_RP3BETA, 2);
        cosine_1[r] = train_s(&m, KD_SIM_COSINE, 1);
        interactions = m.indptr[m.rows];
        kd_csr_free(&m);
    }
    free(cells);
    double base = median(baseline), two = median(cosine), one = median(cosine_1), rp3 = median(rp3beta);
    printf("{\"bench\":\"train\",\"rows\":%d,\"interactions\":%zu,\"users\":%d,\"items\":%d,\"k\":100,\"pairs\":%zu,"
           "\"baseline\":\"hash map of pairs, one thread, counting only\",\"baseline_s\":%.3f,\"matrix_s\":%.3f,\"cosine_s\":%.3f,"
           "\"cosine_one_thread_s\":%.3f,\"rp3beta_s\":%.3f,\"cosine_ratio\":%.2f,\"rp3beta_ratio\":%.2f}\n",
           CELLS, interactions, USERS, ITEMS, pairs, base, median(matrix), two, one, rp3, base / two, base / rp3);
    return 0;
}

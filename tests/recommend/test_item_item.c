/* The kernel against a dense table in double, and the laws that every similarity keeps. */
#include "suite.h"

#include <math.h>

#include "base/rng.h"
#include "recommend/item_item.h"

enum { SIDE = 40 };

typedef struct table { uint32_t rows, cols; double x[SIDE][SIDE]; } table;

static table random_table(kd_rng *rng, bool weighted)
{
    table t = { 2 + kd_rng_below(rng, SIDE - 1), 2 + kd_rng_below(rng, SIDE - 1), { { 0 } } };
    for (uint32_t u = 0; u < t.rows; u++)
        for (uint32_t i = 0; i < t.cols; i++)
            if (kd_rng_below(rng, 4) == 0)
                t.x[u][i] = weighted ? 0.25 * (1 + kd_rng_below(rng, 12)) : 1.0;
    return t;
}

static kd_csr sparse(const table *t)
{
    kd_cell *cells = calloc((size_t)SIDE * SIDE, sizeof *cells);
    size_t   count = 0;
    kd_csr   m;
    for (uint32_t u = 0; u < t->rows; u++)
        for (uint32_t i = 0; i < t->cols; i++)
            if (t->x[u][i] != 0.0)
                cells[count++] = (kd_cell){ u, i, (float)t->x[u][i] };
    assert_int_equal(kd_csr_from_cells(&m, cells, count, t->rows, t->cols, NULL), KD_OK);
    free(cells);
    return m;
}

/* The formulas of item_item.h, word by word, with no care for speed. */
static double oracle(const table *s, const table *t, uint32_t i, uint32_t j, const kd_item_item_params *p, uint32_t *common)
{
    double gram = 0, square_i = 0, square_j = 0, both = 0, n_i = 0, n_j = 0, users = 0, d_i = 0, d_j = 0, walk = 0;
    for (uint32_t u = 0; u < s->rows; u++) {
        double d_u = 0, any = 0;
        for (uint32_t c = 0; c < t->cols; c++) {
            d_u += t->x[u][c];
            any += s->x[u][c] + t->x[u][c];
        }
        users += any > 0;
        gram += s->x[u][i] * t->x[u][j];
        square_i += s->x[u][i] * s->x[u][i];
        square_j += t->x[u][j] * t->x[u][j];
        both += s->x[u][i] > 0 && t->x[u][j] > 0;
        n_i += s->x[u][i] > 0;
        n_j += t->x[u][j] > 0;
        d_i += s->x[u][i];
        d_j += t->x[u][j];
    }
    for (uint32_t u = 0; u < s->rows; u++) {
        double d_u = 0;
        for (uint32_t c = 0; c < t->cols; c++)
            d_u += t->x[u][c];
        if (s->x[u][i] > 0 && t->x[u][j] > 0)
            walk += pow(s->x[u][i] / d_i, p->alpha) * pow(t->x[u][j] / d_u, p->alpha);
    }
    *common = (uint32_t)both;
    if (both == 0)
        return 0;
    switch (p->similarity) {
    case KD_SIM_COSINE:     return gram / (sqrt(square_i) * sqrt(square_j) + p->shrink);
    case KD_SIM_ASYMMETRIC: return gram / (pow(square_i, p->asymmetry) * pow(square_j, 1 - p->asymmetry) + p->shrink);
    case KD_SIM_JACCARD:    return gram / (square_i + square_j - gram + p->shrink);
    case KD_SIM_RP3BETA:    return walk / pow(d_j, p->beta);
    case KD_SIM_LIFT:       return users * both / (n_i * n_j) * both / (both + p->shrink);
    }
    return 0;
}

/* Two float roundings of a few: inputs (quarters) are exact, walk steps are rounded once each, the score once. */
static bool close_to(double a, double b) { return fabs(a - b) <= 1e-6 * fabs(b) + 1e-12; }

static void check_against_oracle(const table *s, const table *t, const kd_item_item_params *p, const kd_neighbours *got)
{
    for (uint32_t i = 0; i < s->cols; i++) {
        double   want[SIDE] = { 0 }, sum = 0;
        uint32_t common[SIDE] = { 0 }, possible = 0;
        for (uint32_t j = 0; j < t->cols; j++) {
            double score = i == j ? 0 : oracle(s, t, i, j, p, &common[j]);
            want[j] = common[j] >= p->support_min ? score : 0;
            possible += want[j] > 0;
        }
        assert_int_equal(got->counts[i], possible < got->k ? possible : got->k);
        const kd_scored *row = got->items + (size_t)i * got->k;
        for (uint32_t n = 0; n < got->counts[i]; n++)
            sum += p->normalize ? want[row[n].id] : 0;
        for (uint32_t n = 0; n < got->counts[i]; n++) {
            uint32_t j = row[n].id;
            assert_true(j != i && j < t->cols);
            assert_true(close_to(row[n].score, sum > 0 ? want[j] / sum : want[j]));
            assert_int_equal(got->support[(size_t)i * got->k + n], common[j]);
            assert_true(n == 0 || row[n - 1].score > row[n].score || (row[n - 1].score == row[n].score && row[n - 1].id < j));
            want[j] = -want[j]; /* taken: what is left must not be better than what was kept */
        }
        for (uint32_t j = 0; j < t->cols && got->counts[i] == got->k; j++)
            if (want[j] > 0)
                assert_true(want[j] <= -want[row[got->counts[i] - 1].id] * (1 + 1e-6));
    }
}

static kd_item_item_params random_params(kd_rng *rng, kd_similarity similarity)
{
    return (kd_item_item_params){ .similarity = similarity, .k = 1 + kd_rng_below(rng, 50), .shrink = kd_rng_below(rng, 2) * 2.5,
                                  .asymmetry = kd_rng_unit(rng), .alpha = 0.4 + kd_rng_unit(rng), .beta = kd_rng_unit(rng),
                                  .support_min = kd_rng_below(rng, 3), .normalize = kd_rng_below(rng, 2), .threads = 1 + kd_rng_below(rng, 3) };
}

static void test_equals_oracle(void **state)
{
    (void)state;
    for (int similarity = KD_SIM_COSINE; similarity <= KD_SIM_LIFT; similarity++) {
        for (uint64_t seed = 0; seed < 40; seed++) {
            kd_rng rng;
            kd_rng_seed(&rng, seed * 8 + (uint64_t)similarity);
            table               t = random_table(&rng, seed % 2), s = seed % 4 < 2 ? t : random_table(&rng, true);
            kd_item_item_params p = random_params(&rng, (kd_similarity)similarity);
            kd_neighbours       got;
            s.rows = t.rows;
            s.cols = t.cols;
            kd_csr a = sparse(&s), b = sparse(&t);
            assert_int_equal(kd_item_item_cross(&got, &a, &b, &p, NULL), KD_OK);
            check_against_oracle(&s, &t, &p, &got);
            kd_neighbours_free(&got);
            kd_csr_free(&a);
            kd_csr_free(&b);
        }
    }
}

/* Users of two worlds that never meet (black and white squares); one item of a user withheld comes first of all unseen. */
static void test_checkerboard(void **state)
{
    (void)state;
    for (int similarity = KD_SIM_COSINE; similarity <= KD_SIM_LIFT; similarity++) {
        for (uint32_t withheld = 0; withheld < 20; withheld++) {
            kd_item_item_params p = { .similarity = (kd_similarity)similarity, .k = 20, .alpha = 1, .beta = 0.3, .asymmetry = 0.4, .threads = 2 };
            table               t = { 20, 20, { { 0 } } };
            double              scores[20] = { 0 };
            kd_neighbours       got;
            for (uint32_t u = 0; u < 20; u++)
                for (uint32_t i = 0; i < 20; i++)
                    t.x[u][i] = (u + i) % 2 == 0 && !(u == 6 && i == withheld);
            kd_csr m = sparse(&t);
            assert_int_equal(kd_item_item_train(&got, &m, &p, NULL), KD_OK);
            for (uint32_t i = 0; i < 20; i++)
                for (uint32_t n = 0; t.x[6][i] > 0 && n < got.counts[i]; n++)
                    scores[got.items[(size_t)i * got.k + n].id] += got.items[(size_t)i * got.k + n].score;
            for (uint32_t i = 0; withheld % 2 == 0 && i < 20; i++)
                if (i != withheld && t.x[6][i] == 0)
                    assert_true(scores[i] < scores[withheld]);
            for (uint32_t i = 0; i < 20; i++)
                for (uint32_t n = 0; n < got.counts[i]; n++)
                    assert_int_equal(got.items[(size_t)i * got.k + n].id % 2, i % 2);
            kd_neighbours_free(&got);
            kd_csr_free(&m);
        }
    }
}

static void test_same_bits_for_any_threads(void **state)
{
    enum { USERS = 3000, ITEMS = 700, CELLS = 40000 };
    kd_cell *cells = calloc(CELLS, sizeof *cells);
    kd_csr   m;
    kd_rng   rng;
    (void)state;
    kd_rng_seed(&rng, 7);
    for (size_t n = 0; n < CELLS; n++) { /* the square of a uniform number: a popular head */
        double   at = kd_rng_unit(&rng);
        cells[n] = (kd_cell){ kd_rng_below(&rng, USERS), (uint32_t)(at * at * ITEMS), (float)kd_rng_unit(&rng) + 0.01f };
    }
    assert_int_equal(kd_csr_from_cells(&m, cells, CELLS, USERS, ITEMS, NULL), KD_OK);
    for (int similarity = KD_SIM_COSINE; similarity <= KD_SIM_LIFT; similarity++) {
        kd_neighbours one = { 0 };
        for (unsigned threads = 1; threads <= 3; threads++) {
            kd_item_item_params p = { .similarity = (kd_similarity)similarity, .k = 50, .alpha = 0.8, .beta = 0.4, .asymmetry = 0.3,
                                      .row_max = 30, .normalize = true, .threads = threads };
            kd_neighbours got;
            assert_int_equal(kd_item_item_train(&got, &m, &p, NULL), KD_OK);
            if (threads == 1) {
                one = got;
                continue;
            }
            assert_memory_equal(got.counts, one.counts, ITEMS * sizeof *got.counts);
            for (size_t i = 0; i < ITEMS; i++) {
                assert_memory_equal(got.items + i * got.k, one.items + i * got.k, got.counts[i] * sizeof *got.items);
                assert_memory_equal(got.support + i * got.k, one.support + i * got.k, got.counts[i] * sizeof *got.support);
            }
            kd_neighbours_free(&got);
        }
        kd_neighbours_free(&one);
    }
    kd_csr_free(&m);
    free(cells);
}

static void test_degenerate(void **state)
{
    kd_item_item_params p = { .similarity = KD_SIM_COSINE, .k = 1000, .threads = 2 };
    static const kd_cell one_user[] = { { 0, 0, 1 }, { 0, 1, 1 }, { 0, 2, 1 } }, one_item[] = { { 0, 0, 1 }, { 1, 0, 2 } };
    kd_neighbours got;
    kd_csr        m;
    (void)state;

    assert_int_equal(kd_csr_from_cells(&m, NULL, 0, 0, 0, NULL), KD_OK);
    assert_int_equal(kd_item_item_train(&got, &m, &p, NULL), KD_OK);
    assert_int_equal(got.item_count, 0);
    kd_neighbours_free(&got);
    kd_csr_free(&m);

    assert_int_equal(kd_csr_from_cells(&m, one_user, 3, 1, 4, NULL), KD_OK);
    assert_int_equal(kd_item_item_train(&got, &m, &p, NULL), KD_OK);
    assert_int_equal(got.k, 3); /* k greater than the items there are */
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(got.counts[i], 2);
        assert_true(got.items[(size_t)i * got.k].score == 1.0f);
        assert_int_equal(got.items[(size_t)i * got.k].id, i == 0 ? 1 : 0); /* all equal: the smaller id first */
    }
    assert_int_equal(got.counts[3], 0);
    kd_neighbours_free(&got);
    kd_csr_free(&m);

    assert_int_equal(kd_csr_from_cells(&m, one_item, 2, 2, 1, NULL), KD_OK);
    assert_int_equal(kd_item_item_train(&got, &m, &p, NULL), KD_OK);
    assert_int_equal(got.counts[0], 0);
    kd_neighbours_free(&got);
    kd_csr_free(&m);
}

static void test_rejects(void **state)
{
    static const kd_cell  cells[] = { { 0, 0, 1 }, { 0, 1, 1 } };
    static const struct { kd_item_item_params p; float weight; kd_status status; const char *field; } cases[] = {
        { { .k = 1 }, NAN, KD_NUMERIC, "" },
        { { .k = 1 }, INFINITY, KD_NUMERIC, "" },
        { { .k = 1 }, -1, KD_NUMERIC, "" },
        { { .k = 1 }, 0, KD_NUMERIC, "" },
        { { .k = 0 }, 1, KD_INVALID, "k" },
        { { .k = 1, .shrink = -1 }, 1, KD_INVALID, "shrink" },
        { { .k = 1, .shrink = NAN }, 1, KD_INVALID, "shrink" },
        { { .k = 1, .similarity = KD_SIM_ASYMMETRIC, .asymmetry = 1.5 }, 1, KD_INVALID, "asymmetry" },
        { { .k = 1, .similarity = KD_SIM_RP3BETA, .alpha = 0 }, 1, KD_INVALID, "alpha" },
        { { .k = 1, .similarity = KD_SIM_RP3BETA, .alpha = 1, .beta = NAN }, 1, KD_INVALID, "beta" },
        { { .k = 1, .similarity = (kd_similarity)9 }, 1, KD_INVALID, "similarity" },
        { { .k = 1, .similarity = KD_SIM_RP3BETA, .alpha = 1, .beta = 4 }, 1e-20f, KD_NUMERIC, "" }, /* the score leaves float */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_csr        m;
        kd_neighbours got;
        kd_err        err = { 0 };
        assert_int_equal(kd_csr_from_cells(&m, cells, 2, 1, 2, NULL), KD_OK);
        m.values[1] = cases[i].weight;
        assert_int_equal(kd_item_item_train(&got, &m, &cases[i].p, &err), cases[i].status);
        assert_string_equal(err.field, cases[i].field);
        assert_true(err.msg[0] != '\0');
        assert_null(got.items);
        kd_csr_free(&m);
    }
}

/* A house card that bought a million products must not cost 10^12 steps: it counts with its row_max heaviest. */
static void test_million_item_user(void **state)
{
    enum { ITEMS = 1000000, MAX = 300 };
    kd_item_item_params p = { .similarity = KD_SIM_COSINE, .k = 10, .row_max = MAX, .threads = 2 };
    kd_csr              m;
    kd_neighbours       got;
    uint32_t            with = 0;
    (void)state;
    assert_int_equal(kd_csr_alloc(&m, 1, ITEMS, ITEMS, NULL), KD_OK);
    m.indptr[1] = ITEMS;
    for (uint32_t i = 0; i < ITEMS; i++) {
        m.indices[i] = i;
        m.values[i] = i % 1000 == 0 && i / 1000 < MAX ? 2.0f : 1.0f;
    }
    assert_int_equal(kd_item_item_train(&got, &m, &p, NULL), KD_OK);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(got.counts[i], i % 1000 == 0 && i / 1000 < MAX ? 10 : 0);
        with += got.counts[i] > 0;
    }
    assert_int_equal(with, MAX);
    kd_neighbours_free(&got);
    kd_csr_free(&m);
}

static void test_interaction_weight(void **state)
{
    (void)state;
    assert_true(kd_interaction_weight(3.0, 30.0, 30.0) == 1.5f);
    assert_true(kd_interaction_weight(3.0, 400.0, 0.0) == 3.0f);
    assert_true(kd_interaction_weight(3.0, -5.0, 30.0) == 3.0f); /* an event from the future is not worth more than now */
}

const struct CMUnitTest item_item_tests[] = {
    cmocka_unit_test(test_equals_oracle), cmocka_unit_test(test_checkerboard),      cmocka_unit_test(test_same_bits_for_any_threads),
    cmocka_unit_test(test_degenerate),    cmocka_unit_test(test_rejects),           cmocka_unit_test(test_million_item_user),
    cmocka_unit_test(test_interaction_weight),
};
const size_t item_item_test_count = sizeof item_item_tests / sizeof *item_item_tests;

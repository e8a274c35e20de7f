/* Laws of num/: sparse rows equal a dense table, and the k largest equal a full sort. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "base/id.h"
#include "num/csr.h"
#include "num/hll.h"
#include "num/topk.h"

static int best_first(const void *a, const void *b)
{
    kd_scored x = *(const kd_scored *)a, y = *(const kd_scored *)b;
    if (x.score != y.score)
        return x.score > y.score ? -1 : 1;
    return (x.id > y.id) - (x.id < y.id);
}

static void test_topk_equals_sort(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        kd_scored all[200], kept[64];
        kd_rng    rng;
        kd_rng_seed(&rng, seed);
        size_t  count = kd_rng_below(&rng, 200), k = kd_rng_below(&rng, 65);
        kd_topk top = { kept, 0, k };
        for (size_t i = 0; i < count; i++) { /* few distinct scores, so that ties decide */
            all[i] = (kd_scored){ (float)kd_rng_below(&rng, 9) - 4.0f, (uint32_t)i };
        }
        for (size_t i = count; i > 1; i--) { /* any order of pushing gives the same list */
            size_t    other = kd_rng_below(&rng, (uint32_t)i);
            kd_scored swap = all[i - 1];
            all[i - 1] = all[other];
            all[other] = swap;
        }
        for (size_t i = 0; i < count; i++)
            kd_topk_push(&top, all[i].score, all[i].id);
        kd_topk_sort(&top);
        qsort(all, count, sizeof *all, best_first);
        assert_int_equal(top.count, count < k ? count : k);
        for (size_t i = 0; i < top.count; i++) {
            assert_int_equal(kept[i].id, all[i].id);
            assert_true(kept[i].score == all[i].score);
        }
    }
}

static void test_topk_leaves_nan_out(void **state)
{
    kd_scored kept[3];
    kd_topk   top = { kept, 0, 3 };
    (void)state;
    kd_topk_push(&top, NAN, 1);
    kd_topk_push(&top, -INFINITY, 2);
    kd_topk_push(&top, INFINITY, 3);
    kd_topk_push(&top, NAN, 4);
    kd_topk_sort(&top);
    assert_int_equal(top.count, 2);
    assert_int_equal(kept[0].id, 3);
    assert_int_equal(kept[1].id, 2);
}

static void check_rows(const kd_csr *m)
{
    assert_int_equal(m->indptr[0], 0);
    for (uint32_t r = 0; r < m->rows; r++)
        for (uint64_t n = m->indptr[r] + 1; n < m->indptr[r + 1]; n++)
            assert_true(m->indices[n - 1] < m->indices[n]);
}

static void test_csr_equals_dense(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        double  dense[12][9] = { { 0 } };
        kd_cell cells[80];
        kd_csr  m, t, back;
        kd_rng  rng;
        size_t  stored = 0, distinct = 0;
        kd_rng_seed(&rng, seed);
        uint32_t rows = 1 + kd_rng_below(&rng, 12), cols = 1 + kd_rng_below(&rng, 9);
        size_t   count = kd_rng_below(&rng, 81);
        for (size_t i = 0; i < count; i++) {
            cells[i] = (kd_cell){ kd_rng_below(&rng, rows), kd_rng_below(&rng, cols), 1.0f + (float)kd_rng_below(&rng, 8) };
            dense[cells[i].row][cells[i].col] += cells[i].value;
        }
        assert_int_equal(kd_csr_from_cells(&m, cells, count, rows, cols, NULL), KD_OK);
        assert_int_equal(kd_csr_transpose(&t, &m, NULL), KD_OK);
        assert_int_equal(kd_csr_transpose(&back, &t, NULL), KD_OK);
        check_rows(&m);
        check_rows(&t);
        for (uint32_t r = 0; r < rows; r++)
            for (uint32_t c = 0; c < cols; c++)
                distinct += dense[r][c] > 0.0;
        for (uint32_t r = 0; r < rows; r++) {
            for (uint64_t n = m.indptr[r]; n < m.indptr[r + 1]; n++, stored++) {
                assert_true((double)m.values[n] == dense[r][m.indices[n]]);
                assert_true(back.values[n] == m.values[n] && back.indices[n] == m.indices[n]);
            }
            assert_int_equal(back.indptr[r + 1], m.indptr[r + 1]);
        }
        assert_int_equal(stored, distinct);
        kd_csr_free(&m);
        kd_csr_free(&t);
        kd_csr_free(&back);
    }
}

static void test_csr_rejects(void **state)
{
    static const struct { kd_cell cells[2]; size_t count; kd_status status; const char *why; } cases[] = {
        { { { 0, 0, NAN } }, 1, KD_NUMERIC, "not a number" },
        { { { 0, 0, 1 }, { 1, 1, -INFINITY } }, 2, KD_NUMERIC, "infinite" },
        { { { 0, 0, 3e38f }, { 0, 0, 3e38f } }, 2, KD_NUMERIC, "a sum past float" },
        { { { 2, 0, 1 } }, 1, KD_INVALID, "a row outside" },
        { { { 0, 3, 1 } }, 1, KD_INVALID, "a column outside" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_csr m;
        kd_err err = { 0 };
        print_message("%s\n", cases[i].why);
        assert_int_equal(kd_csr_from_cells(&m, cases[i].cells, cases[i].count, 2, 3, &err), cases[i].status);
        assert_null(m.indptr);
        assert_true(err.msg[0] != '\0');
    }
}

static void test_csr_empty(void **state)
{
    kd_csr m, t;
    (void)state;
    assert_int_equal(kd_csr_from_cells(&m, NULL, 0, 0, 0, NULL), KD_OK);
    assert_int_equal(kd_csr_transpose(&t, &m, NULL), KD_OK);
    kd_csr_free(&m);
    kd_csr_free(&t);
    assert_int_equal(kd_csr_from_cells(&m, NULL, 0, 5, 7, NULL), KD_OK);
    assert_int_equal(m.indptr[5], 0);
    kd_csr_free(&m);
}

/* ---- how many different things ---- */

static uint64_t hash_of(uint64_t seed, uint64_t thing) { return kd_hash64(&thing, sizeof thing, seed); }

/* The mean error over 40 seeds tells of a bias, the root mean square of the spread: both against the truth. With 40 seeds the
 * spread itself is known to about 11 %, and the mean to spread / sqrt(40): bounds of three times that. */
static void test_hll_against_truth(void **state)
{
    static const unsigned counts[] = { 1, 10, 100, 1000, 5000, 10240, 20000, 100000, 1000000 };
    enum { P = 12, SEEDS = 40 };
    static uint8_t registers[SEEDS][1 << P];
    const double   expected = 1.04 / sqrt(1 << P);
    uint64_t       done = 0;
    (void)state;
    memset(registers, 0, sizeof registers);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double sum = 0.0, squares = 0.0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            for (uint64_t i = done; i < counts[c]; i++)
                kd_hll_add(registers[seed], P, hash_of(seed, i));
            double error = kd_hll_count(registers[seed], P) / counts[c] - 1.0;
            sum += error;
            squares += error * error;
        }
        done = counts[c];
        assert_true(sqrt(squares / SEEDS) < expected * 1.35);
        assert_true(fabs(sum / SEEDS) < 3.0 * expected / sqrt(SEEDS));
    }
}

static void test_hll_small_ones_are_nearly_exact(void **state)
{
    uint8_t registers[4096] = { 0 };
    (void)state;
    assert_true(kd_hll_count(registers, 12) == 0.0);
    for (uint64_t n = 1; n <= 50; n++) {
        kd_hll_add(registers, 12, hash_of(7, n));
        assert_false(kd_hll_add(registers, 12, hash_of(7, n))); /* a second time changes nothing */
        assert_true(fabs(kd_hll_count(registers, 12) - (double)n) < 1.0 + 0.02 * (double)n);
    }
}

static void test_hll_merge_is_the_sketch_of_both(void **state)
{
    uint8_t a[1 << 10] = { 0 }, b[1 << 10] = { 0 }, both[1 << 10] = { 0 };
    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        kd_hll_add(i % 3 ? a : b, 10, hash_of(1, i));
        kd_hll_add(i % 5 ? b : a, 10, hash_of(1, i));
        kd_hll_add(both, 10, hash_of(1, i));
    }
    kd_hll_merge(a, b, 10);
    assert_memory_equal(a, both, sizeof a);
    memset(a, 255, sizeof a); /* no sketch at all: more than anybody has */
    assert_true(kd_hll_count(a, 10) > 1e18);
    kd_hll_add(both, 10, 0);
    kd_hll_add(both, 10, UINT64_MAX);
    assert_true(isfinite(kd_hll_count(both, 10)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topk_equals_sort), cmocka_unit_test(test_topk_leaves_nan_out), cmocka_unit_test(test_csr_equals_dense),
        cmocka_unit_test(test_csr_rejects),      cmocka_unit_test(test_csr_empty),
        cmocka_unit_test(test_hll_against_truth), cmocka_unit_test(test_hll_small_ones_are_nearly_exact),
        cmocka_unit_test(test_hll_merge_is_the_sketch_of_both),
    };
    return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}

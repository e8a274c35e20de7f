/* Laws of num/: sparse rows equal a dense table, and the k largest equal a full sort. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/rng.h"
#include "num/csr.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topk_equals_sort), cmocka_unit_test(test_topk_leaves_nan_out), cmocka_unit_test(test_csr_equals_dense),
        cmocka_unit_test(test_csr_rejects),      cmocka_unit_test(test_csr_empty),
    };
    return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}

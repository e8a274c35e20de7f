#include "num/csr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

kd_status kd_csr_alloc(kd_csr *out, uint32_t rows, uint32_t cols, uint64_t count, kd_err *err)
{
    size_t room = count ? (size_t)count : 1; /* malloc(0) may be NULL, which would look like a failure */

    *out = (kd_csr){ .rows = rows, .cols = cols };
    if (count > SIZE_MAX / sizeof(uint64_t))
        return kd_fail_memory(err);
    out->indptr = calloc((size_t)rows + 1, sizeof *out->indptr);
    out->indices = malloc(room * sizeof *out->indices);
    out->values = malloc(room * sizeof *out->values);
    if (!out->indptr || !out->indices || !out->values) {
        kd_csr_free(out);
        return kd_fail_memory(err);
    }
    return KD_OK;
}

void kd_csr_free(kd_csr *matrix)
{
    free(matrix->indptr);
    free(matrix->indices);
    free(matrix->values);
    *matrix = (kd_csr){ 0 };
}

/* indptr holds, at [r + 1], how many cells row r has; afterwards where row r begins at [r]. */
static void counts_to_starts(uint64_t *indptr, uint32_t rows)
{
    for (size_t r = 0; r < rows; r++)
        indptr[r + 1] += indptr[r];
}

/* Scattering moved each indptr[r] to the end of row r: move them back by one. */
static void ends_to_starts(uint64_t *indptr, uint32_t rows)
{
    memmove(indptr + 1, indptr, (size_t)rows * sizeof *indptr);
    indptr[0] = 0;
}

static kd_status check_cells(const kd_cell *cells, size_t count, uint32_t rows, uint32_t cols, kd_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].row >= rows || cells[i].col >= cols)
            return kd_fail_at(err, KD_INVALID, i, "cell %zu lies at row %u, column %u of a matrix of %u x %u", i, cells[i].row,
                              cells[i].col, rows, cols);
        if (!isfinite(cells[i].value))
            return kd_fail_at(err, KD_NUMERIC, i, "cell %zu (row %u, column %u) is not a finite number", i, cells[i].row,
                              cells[i].col);
    }
    return KD_OK;
}

/* Neighbouring cells of one place become one. Rows are packed to the left in place. */
static kd_status add_equal_places(kd_csr *m, kd_err *err)
{
    uint64_t to = 0, from = 0;

    for (size_t r = 0; r < m->rows; r++) {
        uint64_t end = m->indptr[r + 1];
        m->indptr[r] = to;
        while (from < end) {
            uint32_t col = m->indices[from];
            double   sum = 0.0;
            for (; from < end && m->indices[from] == col; from++)
                sum += m->values[from];
            if (!isfinite((float)sum))
                return kd_fail(err, KD_NUMERIC, "the cells of row %zu, column %u add up to no finite number", r, col);
            m->indices[to] = col;
            m->values[to++] = (float)sum;
        }
    }
    m->indptr[m->rows] = to;
    return KD_OK;
}

kd_status kd_csr_from_cells(kd_csr *out, const kd_cell *cells, size_t count, uint32_t rows, uint32_t cols, kd_err *err)
{
    kd_csr    by_col = { 0 };
    kd_status status = check_cells(cells, count, rows, cols, err);

    *out = (kd_csr){ 0 };
    if (status == KD_OK)
        status = kd_csr_alloc(&by_col, cols, rows, count, err);
    if (status != KD_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        by_col.indptr[cells[i].col + 1]++;
    counts_to_starts(by_col.indptr, cols);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = by_col.indptr[cells[i].col]++;
        by_col.indices[at] = cells[i].row;
        by_col.values[at] = cells[i].value;
    }
    ends_to_starts(by_col.indptr, cols);
    status = kd_csr_transpose(out, &by_col, err); /* stable: columns come out ascending, equal places side by side */
    kd_csr_free(&by_col);
    if (status == KD_OK)
        status = add_equal_places(out, err);
    if (status != KD_OK)
        kd_csr_free(out);
    return status;
}

kd_status kd_csr_transpose(kd_csr *out, const kd_csr *matrix, kd_err *err)
{
    uint64_t  count = matrix->indptr[matrix->rows];
    kd_status status = kd_csr_alloc(out, matrix->cols, matrix->rows, count, err);

    if (status != KD_OK)
        return status;
    for (uint64_t n = 0; n < count; n++)
        out->indptr[matrix->indices[n] + 1]++;
    counts_to_starts(out->indptr, out->rows);
    for (uint32_t r = 0; r < matrix->rows; r++) {
        for (uint64_t n = matrix->indptr[r]; n < matrix->indptr[r + 1]; n++) {
            uint64_t at = out->indptr[matrix->indices[n]]++;
            out->indices[at] = r;
            out->values[at] = matrix->values[n];
        }
    }
    ends_to_starts(out->indptr, out->rows);
    return KD_OK;
}

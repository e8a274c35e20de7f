/* num/csr.h -- a sparse matrix by rows (compressed sparse row: indptr, indices, values).
 * Memory is the matrix's own: every kd_csr that a call below filled ends with kd_csr_free; on failure it is left empty. */
#ifndef KD_NUM_CSR_H
#define KD_NUM_CSR_H
#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

typedef struct kd_csr {
    uint32_t  rows, cols;
    uint64_t *indptr;   /* rows + 1 */
    uint32_t *indices;  /* ascending within a row */
    float    *values;
} kd_csr;

typedef struct kd_cell { uint32_t row, col; float value; } kd_cell;
/* From cells in any order; cells of the same place are added (in double, in the order given, then rounded). KD_NUMERIC for
 * a value, or a sum, that is not finite; KD_INVALID for a cell outside rows x cols. Linear: two stable scatterings. */
kd_status kd_csr_from_cells(kd_csr *out, const kd_cell *cells, size_t count, uint32_t rows, uint32_t cols, kd_err *err);
kd_status kd_csr_transpose(kd_csr *out, const kd_csr *matrix, kd_err *err);
/* A matrix of zeros with room for `count` cells: indptr all 0, to be filled by the caller. */
kd_status kd_csr_alloc(kd_csr *out, uint32_t rows, uint32_t cols, uint64_t count, kd_err *err);
void      kd_csr_free(kd_csr *matrix); /* leaves it empty */
#endif

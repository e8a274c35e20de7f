/* num/csr.h -- a sparse matrix by rows (compressed sparse row: indptr, indices, values). */
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
/* From cells in any order; cells of the same place are added (in double, then rounded). KD_NUMERIC for a value that is not finite. */
kd_status kd_csr_from_cells(kd_csr *out, const kd_cell *cells, size_t count, uint32_t rows, uint32_t cols, kd_err *err);
kd_status kd_csr_transpose(kd_csr *out, const kd_csr *matrix, kd_err *err);
void      kd_csr_free(kd_csr *matrix);
#endif

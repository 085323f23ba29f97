/* assay.linalg/1: dense linear algebra of small matrices on the host, in f64,
 * by LAPACK: truncated weights, Hessians of layers, spatial filters,
 * predictors. The same operands give the same bits on one machine. Everything
 * is INVALID_ARGUMENT for a matrix that is empty, of the wrong extents, or
 * holds a NaN or an infinity (its place is named). */
#ifndef ASSAY_HARNESS_ABI_SERVICES_LINALG_H_
#define ASSAY_HARNESS_ABI_SERVICES_LINALG_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_LINALG_ID "assay.linalg/1"

/* Borrowed, row-major: element (i, j) is values[i * columns + j]. Results are
 * written to matrices of the extents that their function says. */
typedef struct assay_matrix {
  uint32_t size;
  uint32_t reserved;
  int64_t rows;
  int64_t columns;
  double* values;
} assay_matrix;

enum {
  ASSAY_SOLVE_GENERAL = 0,  /* any square a that is not singular */
  ASSAY_SOLVE_POSITIVE = 1, /* a symmetric positive definite a */
  ASSAY_SOLVE_LEAST = 2     /* least |a x - b|, and of those the least |x| */
};

/* [main, hook] for all functions. */
typedef struct assay_linalg_table {
  uint32_t size;
  uint32_t revision;

  /* a [m,n] = u diag(s) v' with u [m,k], s (k values, falling) and v [n,k],
   * k = min(m, n); columns are orthonormal, the largest magnitude of each
   * column of u positive. */
  assay_status* (*svd)(assay_host* host, const assay_matrix* a, assay_matrix* u,
                       double* s, assay_matrix* v);

  /* a [m,n], m >= n, = q [m,n] r [n,n]: r upper triangular, its diagonal >= 0.
   */
  assay_status* (*qr)(assay_host* host, const assay_matrix* a, assay_matrix* q,
                      assay_matrix* r);

  /* a x = value b x for symmetric a [n,n] and positive definite b; b null: the
   * identity. `values` (n, falling) and `vectors` [n,n], one a column, with
   * vectors' b vectors the identity. */
  assay_status* (*eigen)(assay_host* host, const assay_matrix* a,
                         const assay_matrix* b, double* values,
                         assay_matrix* vectors);

  /* The lower triangle l [n,n] with a = l l'. FAILED_PRECONDITION where a is
   * not positive definite. */
  assay_status* (*cholesky)(assay_host* host, const assay_matrix* a,
                            assay_matrix* l);

  /* x [n,k] of a x = b for a [m,n] and b [m,k]; `how` is ASSAY_SOLVE_...
   * FAILED_PRECONDITION where a is singular, or not positive definite. */
  assay_status* (*solve)(assay_host* host, const assay_matrix* a,
                         const assay_matrix* b, int32_t how, assay_matrix* x);
} assay_linalg_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_LINALG_H_ */

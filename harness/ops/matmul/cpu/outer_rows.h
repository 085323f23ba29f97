// Sums of outer products of rows: the gradient of a linear layer's weights, and
// of its bias beside it.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_OUTER_ROWS_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_OUTER_ROWS_H_

#include <cstdint>

namespace assay::cpu {

// Rows of the result that are computed together: ranges begin at a multiple.
constexpr int64_t kOuterRows = 8;
// Floats that SumOuterProducts wants of `panel`.
constexpr int64_t kOuterPanel = 64 * 48;

// Row-major matrices left [inner, rows] and right [inner, columns].
struct OuterProducts {
  const float* left;
  const float* right;
  int64_t inner, rows, columns;  // columns: a multiple of 16
};

// result[m][n] = sum over k of left[k][m] * right[k][n] for m in [begin, end),
// and sums[m] = sum over k of left[k][m] unless null.
void SumOuterProducts(const OuterProducts& from, int64_t begin, int64_t end,
                      float* panel, float* result, float* sums);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_OUTER_ROWS_H_

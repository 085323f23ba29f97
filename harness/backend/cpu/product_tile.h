// A tile of a product of matrices, its sums in registers.
#ifndef ASSAY_HARNESS_BACKEND_CPU_PRODUCT_TILE_H_
#define ASSAY_HARNESS_BACKEND_CPU_PRODUCT_TILE_H_

#include <cstdint>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {

// Elements between rows of the result's left side and between its terms: {n, 1}
// for a left side [rows, inner], {1, n} for one that is transposed.
struct LeftSteps {
  int64_t row, term;
};

// out[r] = sum over k < inner of left[r][k] * right[k], of kRows rows and
// kVectors vectors, added to what `out` holds if `add`. Terms in order.
template <int kRows, int kVectors>
ASSAY_ALWAYS_INLINE void ProductTile(const float* left, const LeftSteps& step,
                                     const float* right, int64_t right_row,
                                     int64_t inner, bool add, float* out,
                                     int64_t out_row) {
  V16 sums[kRows][kVectors] = {};
  for (int64_t k = 0; k < inner; ++k) {
    V16 columns[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = LoadLanes(right + k * right_row + v * kLanes);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const float one = left[r * step.row + k * step.term];
      for (int v = 0; v < kVectors; ++v) sums[r][v] += one * columns[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      float* to = out + r * out_row + v * kLanes;
      StoreLanes(add ? LoadLanes(to) + sums[r][v] : sums[r][v], to);
    }
  }
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_PRODUCT_TILE_H_

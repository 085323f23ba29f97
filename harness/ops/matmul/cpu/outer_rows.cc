#include "harness/ops/matmul/cpu/outer_rows.h"

#include <algorithm>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/product_tile.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

// Products added up in registers before they go to the result: so many rows of
// the left side stay in a core's cache meanwhile.
constexpr int64_t kInner = 64;
constexpr int kVectors = 3;  // of the result, beside each other
static_assert(kOuterPanel == kInner * kVectors * kLanes);

// Rows [begin, end) of kWidth vectors of the result from `column` on, of the
// products [k, k + inner), whose right side is packed first.
template <int kWidth>
ASSAY_ALWAYS_INLINE void OuterColumns(const OuterProducts& from, int64_t begin,
                                      int64_t end, int64_t column, int64_t k,
                                      int64_t inner, float* panel,
                                      float* result) {
  for (int64_t i = 0; i < inner; ++i) {
    const float* right = from.right + (k + i) * from.columns + column;
    for (int v = 0; v < kWidth; ++v) {
      StoreLanes(LoadLanes(right + v * kLanes),
                 panel + (i * kWidth + v) * kLanes);
    }
  }
  const float* left = from.left + k * from.rows;
  int64_t m = begin;
  for (; m + kOuterRows <= end; m += kOuterRows) {
    ProductTile<kOuterRows, kWidth>(
        left + m, {1, from.rows}, panel, kWidth * kLanes, inner, k != 0,
        result + m * from.columns + column, from.columns);
  }
  for (; m < end; ++m) {
    ProductTile<1, kWidth>(left + m, {1, from.rows}, panel, kWidth * kLanes,
                           inner, k != 0, result + m * from.columns + column,
                           from.columns);
  }
}

// Adds rows [k, k + inner) of the left side.
ASSAY_ALWAYS_INLINE void AddRows(const OuterProducts& from, int64_t begin,
                                 int64_t end, int64_t k, int64_t inner,
                                 float* sums) {
  constexpr int kWide = 4;
  const float* left = from.left + k * from.rows;
  int64_t m = begin;
  for (; m + kWide * kLanes <= end; m += kWide * kLanes) {
    V16 sum[kWide] = {};
    for (int64_t i = 0; i < inner; ++i) {
      for (int v = 0; v < kWide; ++v) {
        sum[v] += LoadLanes(left + i * from.rows + m + v * kLanes);
      }
    }
    for (int v = 0; v < kWide; ++v) {
      float* to = sums + m + v * kLanes;
      StoreLanes(k == 0 ? sum[v] : LoadLanes(to) + sum[v], to);
    }
  }
  for (; m < end; ++m) {
    float sum = 0;
    for (int64_t i = 0; i < inner; ++i) sum += left[i * from.rows + m];
    sums[m] = k == 0 ? sum : sums[m] + sum;
  }
}

}  // namespace

ASSAY_CPU_CLONES void SumOuterProducts(const OuterProducts& from, int64_t begin,
                                       int64_t end, float* panel, float* result,
                                       float* sums) {
  for (int64_t k = 0; k < from.inner; k += kInner) {
    const int64_t inner = std::min(kInner, from.inner - k);
    // First, so that it also brings these rows near.
    if (sums != nullptr) AddRows(from, begin, end, k, inner, sums);
    int64_t column = 0;
    for (; column + kVectors * kLanes <= from.columns;
         column += kVectors * kLanes) {
      OuterColumns<kVectors>(from, begin, end, column, k, inner, panel, result);
    }
    for (; column < from.columns; column += kLanes) {
      OuterColumns<1>(from, begin, end, column, k, inner, panel, result);
    }
  }
}

}  // namespace assay::cpu

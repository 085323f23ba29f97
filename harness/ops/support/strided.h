// Walking several tensors together: broadcasts, permutations, slices.
#ifndef ASSAY_HARNESS_OPS_SUPPORT_STRIDED_H_
#define ASSAY_HARNESS_OPS_SUPPORT_STRIDED_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/shape.h"

namespace assay {

// NumPy's rule: shapes are aligned at the last axis; extents are equal or 1.
absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b);

// Strides that read a row-major tensor of shape `from` as if it had shape `to`:
// 0 on added and stretched axes.
std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to);

// Merges neighbouring axes of `shape` that every operand walks in one stride,
// and drops axes of extent 1.
void MergeAxes(Shape* shape, std::vector<int64_t>* strides, size_t operands);

// Calls visit(positions) for each element of `shape` in row-major order;
// positions[n] is operand n's offset in elements, from its strides.
template <size_t N, typename Visit>
void WalkStrided(Shape shape, std::array<std::vector<int64_t>, N> strides,
                 const Visit& visit) {
  MergeAxes(&shape, strides.data(), N);
  std::array<int64_t, N> base{};
  if (shape.empty()) return visit(base);
  const size_t last = shape.size() - 1;
  std::array<int64_t, N> step;
  for (size_t n = 0; n < N; ++n) step[n] = strides[n][last];
  std::vector<int64_t> index(shape.size(), 0);
  while (true) {
    std::array<int64_t, N> at = base;
    for (int64_t i = 0; i < shape[last]; ++i) {
      visit(at);
      for (size_t n = 0; n < N; ++n) at[n] += step[n];
    }
    // Advance the outer axes like an odometer.
    size_t axis = last;
    while (axis > 0) {
      --axis;
      for (size_t n = 0; n < N; ++n) base[n] += strides[n][axis];
      if (++index[axis] < shape[axis]) break;
      for (size_t n = 0; n < N; ++n) base[n] -= shape[axis] * strides[n][axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (last == 0) return;
  }
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SUPPORT_STRIDED_H_

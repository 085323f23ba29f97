// The loop under the references of matmul and linear.
#ifndef ASSAY_HARNESS_OPS_MATMUL_GEMM_H_
#define ASSAY_HARNESS_OPS_MATMUL_GEMM_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace assay {

// A matrix in memory: element (i, j) lies at data[i * row + j * column].
template <typename T>
struct MatrixView {
  const T* data;
  int64_t row, column;
};

// Calls finish(i, sums) for each row i of a[m,k] b[k,n]: n sums, taken in Sum
// in the order of k. About 1 multiply-accumulate per nanosecond: b is packed
// once, so that the innermost loop runs along rows.
template <typename Sum, typename T, typename Finish>
void Gemm(MatrixView<T> a, MatrixView<T> b, int64_t m, int64_t n, int64_t k,
          const Finish& finish) {
  std::vector<Sum> packed(static_cast<size_t>(k * n));
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      packed[static_cast<size_t>(i * n + j)] =
          static_cast<Sum>(b.data[i * b.row + j * b.column]);
    }
  }
  std::vector<Sum> sums(static_cast<size_t>(n));
  for (int64_t i = 0; i < m; ++i) {
    std::fill(sums.begin(), sums.end(), Sum(0));
    for (int64_t l = 0; l < k; ++l) {
      const Sum factor = static_cast<Sum>(a.data[i * a.row + l * a.column]);
      const Sum* from = packed.data() + l * n;
      for (int64_t j = 0; j < n; ++j) {
        sums[static_cast<size_t>(j)] += factor * from[j];
      }
    }
    finish(i, sums.data());
  }
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_MATMUL_GEMM_H_

// A matrix without its zeros, and its product with many columns at once.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_SPARSE_ROWS_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_SPARSE_ROWS_H_

#include <cstdint>
#include <vector>

namespace assay::cpu {

// Entry k of row o, starts[o] <= k < starts[o + 1], multiplies what lies
// offsets[k] floats behind the source.
struct SparseRows {
  std::vector<int32_t> starts = {0};
  std::vector<int32_t> offsets;
  std::vector<float> values;

  int64_t rows() const { return static_cast<int64_t>(starts.size()) - 1; }
  void Add(int64_t offset, float value) {
    offsets.push_back(static_cast<int32_t>(offset));
    values.push_back(value);
  }
  void EndRow() { starts.push_back(static_cast<int32_t>(values.size())); }
};

// dst[p] = start + sum of values[k] * src[offsets[k] + p] over row `o`, in the
// order of its entries, for p in [0, n). Reads and writes up to n rounded up
// to a multiple of 16. After Elsen et al. 2020, "Fast Sparse ConvNets": the
// columns fill the vectors, so that no zero is ever loaded.
void MultiplyRow(const SparseRows& rows, int64_t o, float start,
                 const float* src, int64_t n, float* dst);

// The same for one column: start + sum of values[k] * src[offsets[k]], in four
// interleaved partial sums.
float MultiplyOne(const SparseRows& rows, int64_t o, float start,
                  const float* src);

// dst[p] = dst[p] + residual[p] where that is not null, then max(., 0) if
// `relu` (NaN stays NaN).
void FinishRun(const float* residual, bool relu, int64_t n, float* dst);

// dst[c * 64 + r] = src[r * columns + c] for r < rows <= 64, c < columns; the
// other r are 0.
void TransposeIn(const float* src, int64_t rows, int64_t columns, float* dst);
// dst[r * columns + c] = src[c * 64 + r] for r < rows <= 64, c < columns.
void TransposeOut(const float* src, int64_t rows, int64_t columns, float* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_SPARSE_ROWS_H_

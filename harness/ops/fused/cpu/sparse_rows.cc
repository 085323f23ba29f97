#include "harness/ops/fused/cpu/sparse_rows.h"

#include <algorithm>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

constexpr int64_t kRows = 64;  // of a transposed block

// `Vectors` * 16 columns of one row.
template <int Vectors>
ASSAY_ALWAYS_INLINE void Tile(const int32_t* offsets, const float* values,
                              int64_t count, float start, const float* src,
                              float* dst) {
  V16 sums[Vectors];
  for (int v = 0; v < Vectors; ++v) sums[v] = Splat(start);
  for (int64_t k = 0; k < count; ++k) {
    const V16 value = Splat(values[k]);
    const float* p = src + offsets[k];
    for (int v = 0; v < Vectors; ++v) {
      sums[v] += value * LoadLanes(p + v * kLanes);
    }
  }
  for (int v = 0; v < Vectors; ++v) StoreLanes(sums[v], dst + v * kLanes);
}

// Exchanges the halves of size `Step` of rows r and r + Step: after steps 8, 4,
// 2, 1 the block is transposed.
template <int Step>
ASSAY_ALWAYS_INLINE void Exchange(V16 (&block)[kLanes]) {
  M16 low, high;
  for (int i = 0; i < kLanes; ++i) {
    const bool second = (i & Step) != 0;
    low[i] = second ? kLanes + i - Step : i;
    high[i] = second ? kLanes + i : i + Step;
  }
  for (int r = 0; r < kLanes; ++r) {
    if ((r & Step) != 0) continue;
    const V16 a = block[r], b = block[r + Step];
    block[r] = __builtin_shuffle(a, b, low);
    block[r + Step] = __builtin_shuffle(a, b, high);
  }
}

// dst[c * dst_stride + r] = src[r * src_stride + c] for r, c < 16.
ASSAY_ALWAYS_INLINE void Transpose16(const float* src, int64_t src_stride,
                                     float* dst, int64_t dst_stride) {
  V16 block[kLanes];
  for (int r = 0; r < kLanes; ++r) block[r] = LoadLanes(src + r * src_stride);
  Exchange<8>(block);
  Exchange<4>(block);
  Exchange<2>(block);
  Exchange<1>(block);
  for (int r = 0; r < kLanes; ++r) StoreLanes(block[r], dst + r * dst_stride);
}

}  // namespace

ASSAY_CPU_CLONES
void MultiplyRow(const SparseRows& rows, int64_t o, float start,
                 const float* src, int64_t n, float* dst) {
  const size_t row = static_cast<size_t>(o);
  const int32_t begin = rows.starts[row];
  const int64_t count = rows.starts[row + 1] - begin;
  const int32_t* offsets = rows.offsets.data() + begin;
  const float* values = rows.values.data() + begin;
  int64_t p = 0;
  for (; p + 3 * kLanes < n; p += 4 * kLanes) {
    Tile<4>(offsets, values, count, start, src + p, dst + p);
  }
  for (; p < n; p += kLanes) {
    Tile<1>(offsets, values, count, start, src + p, dst + p);
  }
}

float MultiplyOne(const SparseRows& rows, int64_t o, float start,
                  const float* src) {
  const size_t row = static_cast<size_t>(o);
  const int32_t end = rows.starts[row + 1];
  const int32_t* offsets = rows.offsets.data();
  const float* values = rows.values.data();
  int32_t k = rows.starts[row];
  float sums[4] = {start, 0, 0, 0};
  for (; k + 4 <= end; k += 4) {
    for (int i = 0; i < 4; ++i) sums[i] += values[k + i] * src[offsets[k + i]];
  }
  for (; k < end; ++k) sums[0] += values[k] * src[offsets[k]];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

ASSAY_CPU_CLONES
void FinishRun(const float* residual, bool relu, int64_t n, float* dst) {
  if (residual != nullptr) {
    for (int64_t p = 0; p < n; ++p) dst[p] += residual[p];
  }
  if (relu) {
    for (int64_t p = 0; p < n; ++p) dst[p] = dst[p] < 0 ? 0 : dst[p];
  }
}

ASSAY_CPU_CLONES
void TransposeIn(const float* src, int64_t rows, int64_t columns, float* dst) {
  const int64_t whole_rows = rows / kLanes * kLanes;
  const int64_t whole_columns = columns / kLanes * kLanes;
  for (int64_t c = 0; c < whole_columns; c += kLanes) {
    for (int64_t r = 0; r < whole_rows; r += kLanes) {
      Transpose16(src + r * columns + c, columns, dst + c * kRows + r, kRows);
    }
  }
  for (int64_t c = 0; c < columns; ++c) {
    const int64_t first = c < whole_columns ? whole_rows : 0;
    for (int64_t r = first; r < rows; ++r) {
      dst[c * kRows + r] = src[r * columns + c];
    }
    for (int64_t r = rows; r < kRows; ++r) dst[c * kRows + r] = 0;
  }
}

ASSAY_CPU_CLONES
void TransposeOut(const float* src, int64_t rows, int64_t columns, float* dst) {
  const int64_t whole_rows = rows / kLanes * kLanes;
  const int64_t whole_columns = columns / kLanes * kLanes;
  for (int64_t r = 0; r < whole_rows; r += kLanes) {
    for (int64_t c = 0; c < whole_columns; c += kLanes) {
      Transpose16(src + c * kRows + r, kRows, dst + r * columns + c, columns);
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t first = r < whole_rows ? whole_columns : 0;
    for (int64_t c = first; c < columns; ++c) {
      dst[r * columns + c] = src[c * kRows + r];
    }
  }
}

}  // namespace assay::cpu

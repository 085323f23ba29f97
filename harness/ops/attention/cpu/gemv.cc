#include "harness/ops/attention/cpu/gemv.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

// Columns that lie side by side in a packed row: pairs of bf16 fill a lane.
constexpr int64_t GroupOf(DType dtype) { return dtype == DType::kBF16 ? 2 : 1; }

int64_t Groups(DType dtype, int64_t columns) {
  return (columns + GroupOf(dtype) - 1) / GroupOf(dtype);
}

ASSAY_ALWAYS_INLINE V16 OfBits(U16 bits) {
  V16 v;
  std::memcpy(&v, &bits, sizeof(v));
  return v;
}

// Sums of kBlocks blocks of rows, two for each: enough under way to hide the
// latency of an addition.

template <int kBlocks>
ASSAY_ALWAYS_INLINE void BlocksF32(const float* packed, int64_t columns,
                                   const float* x, float* out) {
  const int64_t step = columns * kGemvRows, half = columns / 2;
  V16 low[kBlocks] = {}, high[kBlocks] = {};
  for (int64_t i = 0; i < half; ++i) {
    const V16 a = Splat(x[i]), b = Splat(x[i + half]);
    for (int k = 0; k < kBlocks; ++k) {
      const float* w = packed + k * step + i * kGemvRows;
      low[k] += a * LoadLanes(w);
      high[k] += b * LoadLanes(w + half * kGemvRows);
    }
  }
  for (int k = 0; k < kBlocks; ++k) {
    if (columns % 2 != 0) {
      low[k] += Splat(x[columns - 1]) *
                LoadLanes(packed + (k + 1) * step - kGemvRows);
    }
    StoreLanes(low[k] + high[k], out + k * kGemvRows);
  }
}

// The pairs of an odd number of columns end with a zero, which meets no x.
template <int kBlocks>
ASSAY_ALWAYS_INLINE void BlocksBf16(const BFloat16* packed, int64_t columns,
                                    const float* x, float* out) {
  const int64_t pairs = (columns + 1) / 2, step = pairs * kGemvRows * 2;
  V16 low[kBlocks] = {}, high[kBlocks] = {};
  for (int64_t i = 0; i < pairs; ++i) {
    const V16 a = Splat(x[2 * i]);
    const V16 b = Splat(2 * i + 1 < columns ? x[2 * i + 1] : 0.0f);
    for (int k = 0; k < kBlocks; ++k) {
      U16 both;
      std::memcpy(&both, packed + k * step + i * kGemvRows * 2, sizeof(both));
      low[k] += a * OfBits(both << 16);
      high[k] += b * OfBits(both & 0xffff0000u);
    }
  }
  for (int k = 0; k < kBlocks; ++k) {
    StoreLanes(low[k] + high[k], out + k * kGemvRows);
  }
}

// The compiler widens bytes slowly, so with AVX-512 by hand.
#define ASSAY_AVX512 __attribute__((target("avx512f")))

ASSAY_AVX512 inline __m512 WidenBytes(const int8_t* p) {
  // The masked forms, because GCC 12 warns of the others' own headers.
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm512_maskz_cvtepi32_ps(0xffff,
                                  _mm512_maskz_cvtepi8_epi32(0xffff, bytes));
}

template <int kBlocks>
ASSAY_AVX512 inline void BlocksS8(const int8_t* packed, int64_t columns,
                                  const float* x, float* out) {
  const int64_t step = columns * kGemvRows, half = columns / 2;
  __m512 low[kBlocks], high[kBlocks];
  for (int k = 0; k < kBlocks; ++k) low[k] = high[k] = _mm512_setzero_ps();
  for (int64_t i = 0; i < half; ++i) {
    const __m512 a = _mm512_set1_ps(x[i]), b = _mm512_set1_ps(x[i + half]);
    for (int k = 0; k < kBlocks; ++k) {
      const int8_t* w = packed + k * step + i * kGemvRows;
      low[k] = _mm512_fmadd_ps(a, WidenBytes(w), low[k]);
      high[k] = _mm512_fmadd_ps(b, WidenBytes(w + half * kGemvRows), high[k]);
    }
  }
  for (int k = 0; k < kBlocks; ++k) {
    if (columns % 2 != 0) {
      low[k] = _mm512_fmadd_ps(_mm512_set1_ps(x[columns - 1]),
                               WidenBytes(packed + (k + 1) * step - kGemvRows),
                               low[k]);
    }
    _mm512_storeu_ps(out + k * kGemvRows, _mm512_add_ps(low[k], high[k]));
  }
}

// --- Blocks [begin, end), four at a time

ASSAY_CPU_CLONES void GemvF32(const float* packed, int64_t columns,
                              const float* x, int64_t begin, int64_t end,
                              float* out) {
  const int64_t step = columns * kGemvRows;
  int64_t b = begin;
  for (; b + 4 <= end; b += 4) {
    BlocksF32<4>(packed + b * step, columns, x, out + b * kGemvRows);
  }
  for (; b < end; ++b) {
    BlocksF32<1>(packed + b * step, columns, x, out + b * kGemvRows);
  }
}

ASSAY_CPU_CLONES void GemvBf16(const BFloat16* packed, int64_t columns,
                               const float* x, int64_t begin, int64_t end,
                               float* out) {
  const int64_t step = (columns + 1) / 2 * 2 * kGemvRows;
  int64_t b = begin;
  for (; b + 4 <= end; b += 4) {
    BlocksBf16<4>(packed + b * step, columns, x, out + b * kGemvRows);
  }
  for (; b < end; ++b) {
    BlocksBf16<1>(packed + b * step, columns, x, out + b * kGemvRows);
  }
}

ASSAY_AVX512 void GemvS8Avx512(const int8_t* packed, int64_t columns,
                               const float* x, int64_t begin, int64_t end,
                               float* out) {
  const int64_t step = columns * kGemvRows;
  int64_t b = begin;
  for (; b + 4 <= end; b += 4) {
    BlocksS8<4>(packed + b * step, columns, x, out + b * kGemvRows);
  }
  for (; b < end; ++b) {
    BlocksS8<1>(packed + b * step, columns, x, out + b * kGemvRows);
  }
}

void GemvS8Plain(const int8_t* packed, int64_t columns, const float* x,
                 int64_t begin, int64_t end, float* out) {
  for (int64_t b = begin; b < end; ++b) {
    float sums[kGemvRows] = {};
    for (int64_t i = 0; i < columns; ++i) {
      const int8_t* w = packed + (b * columns + i) * kGemvRows;
      for (int64_t r = 0; r < kGemvRows; ++r) {
        sums[r] += x[i] * static_cast<float>(w[r]);
      }
    }
    std::copy_n(sums, kGemvRows, out + b * kGemvRows);
  }
}

void GemvS8(const int8_t* packed, int64_t columns, const float* x,
            int64_t begin, int64_t end, float* out) {
  static const bool avx512 = [] {
    const std::vector<std::string> f = CpuFeatures();
    return std::count(f.begin(), f.end(), "avx512f") > 0;
  }();
  (avx512 ? GemvS8Avx512 : GemvS8Plain)(packed, columns, x, begin, end, out);
}

template <typename T>
void Pack(const T* matrix, int64_t rows, int64_t columns, int64_t group,
          T* packed) {
  const int64_t groups = (columns + group - 1) / group;
  for (int64_t row = 0; row < GemvBlocks(rows) * kGemvRows; ++row) {
    T* to = packed +
            (row / kGemvRows * groups * kGemvRows + row % kGemvRows) * group;
    for (int64_t i = 0; i < groups * group; ++i) {
      const bool inside = row < rows && i < columns;
      to[i / group * kGemvRows * group + i % group] =
          inside ? matrix[row * columns + i] : T(0);
    }
  }
}

}  // namespace

int64_t GemvBlocks(int64_t rows) { return (rows + kGemvRows - 1) / kGemvRows; }

int64_t GemvBlockBytes(DType dtype, int64_t columns) {
  return kGemvRows * Groups(dtype, columns) * GroupOf(dtype) * SizeOf(dtype);
}

void PackGemv(DType dtype, const void* matrix, int64_t rows, int64_t columns,
              void* packed) {
  switch (dtype) {
    case DType::kBF16:
      return Pack(static_cast<const BFloat16*>(matrix), rows, columns, 2,
                  static_cast<BFloat16*>(packed));
    case DType::kS8:
      return Pack(static_cast<const int8_t*>(matrix), rows, columns, 1,
                  static_cast<int8_t*>(packed));
    default:
      return Pack(static_cast<const float*>(matrix), rows, columns, 1,
                  static_cast<float*>(packed));
  }
}

void Gemv(DType dtype, const void* packed, int64_t columns, const float* x,
          int64_t begin, int64_t end, float* out) {
  switch (dtype) {
    case DType::kBF16:
      return GemvBf16(static_cast<const BFloat16*>(packed), columns, x, begin,
                      end, out);
    case DType::kS8:
      return GemvS8(static_cast<const int8_t*>(packed), columns, x, begin, end,
                    out);
    default:
      return GemvF32(static_cast<const float*>(packed), columns, x, begin, end,
                     out);
  }
}

}  // namespace assay::cpu

#include "harness/ops/fused/cpu/attention_rows.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/rounded_lanes.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/elementwise/cpu/vector_math.h"

namespace assay::cpu {
namespace {

// kBlockRows x (16 * vectors) sums in registers.
template <int kVectors>
ASSAY_ALWAYS_INLINE void TileF32(const float* a, int64_t a_row, const float* b,
                                 int64_t b_row, int64_t inner, float* out,
                                 int64_t out_row) {
  V16 sums[kBlockRows][kVectors] = {};
  for (int64_t k = 0; k < inner; ++k) {
    V16 right[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      right[v] = LoadLanes(b + k * b_row + v * kLanes);
    }
    for (int r = 0; r < kBlockRows; ++r) {
      const V16 left = Splat(a[r * a_row + k]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] += left * right[v];
    }
  }
  for (int r = 0; r < kBlockRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      StoreLanes(sums[r][v], out + r * out_row + v * kLanes);
    }
  }
}

// exp(x) for x <= 0, to 2e-7; 0 below the normal floats.
ASSAY_ALWAYS_INLINE float ExpOfNegative(float x) {
  constexpr float kLowest = -87.0f;
  const float clamped = x > kLowest ? x : kLowest;
  // 2^n exp(r), |r| <= ln(2) / 2.
  const float n = RoundSmall(clamped * 1.44269504088896341f);
  float r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float e = p * r * r + r + 1.0f;
  const float power = FloatOfBits((static_cast<int32_t>(n) + 127) << 23);
  return x > kLowest ? e * power : 0.0f;
}

template <typename Q>
ASSAY_ALWAYS_INLINE void ScaleOnGrid(const float* x, float factor,
                                     bool through_bf16, float inverse,
                                     float zero, int64_t n, Q* dst) {
  const auto value = [&](V16 v) {
    v *= factor;
    if (!through_bf16) return v;
    BFloat16 rounded[kLanes];
    StoreLanes(v, rounded);
    return LoadLanes(rounded);
  };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    StoreRounded(value(LoadLanes(x + i)), inverse, zero, dst + i);
  }
  if (i < n) {
    StoreSomeRounded(value(LoadSome(x + i, n - i)), n - i, inverse, zero,
                     dst + i);
  }
}

#define ASSAY_BF16_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

template <int kVectors>
ASSAY_BF16_TARGET inline void TileBf16(const uint32_t* a, int64_t a_row,
                                       const uint32_t* b, int64_t b_row,
                                       int64_t inner, float* out,
                                       int64_t out_row) {
  __m512 sums[kBlockRows][kVectors];
  for (int r = 0; r < kBlockRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < inner; ++k) {
    __m512bh right[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      right[v] = reinterpret_cast<__m512bh>(
          _mm512_loadu_si512(b + k * b_row + v * kLanes));
    }
    for (int r = 0; r < kBlockRows; ++r) {
      const __m512bh left = reinterpret_cast<__m512bh>(
          _mm512_set1_epi32(static_cast<int>(a[r * a_row + k])));
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = _mm512_dpbf16_ps(sums[r][v], left, right[v]);
      }
    }
  }
  for (int r = 0; r < kBlockRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_ps(out + r * out_row + v * kLanes, sums[r][v]);
    }
  }
}

}  // namespace

ASSAY_CPU_CLONES void ProductF32(const float* a, int64_t a_row, const float* b,
                                 int64_t b_row, int64_t inner, int64_t columns,
                                 float* out, int64_t out_row) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    TileF32<4>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
  if (c + 2 * kLanes <= columns) {
    TileF32<2>(a, a_row, b + c, b_row, inner, out + c, out_row);
    c += 2 * kLanes;
  }
  if (c < columns) {
    TileF32<1>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
}

ASSAY_BF16_TARGET void ProductBf16(const uint32_t* a, int64_t a_row,
                                   const uint32_t* b, int64_t b_row,
                                   int64_t inner, int64_t columns, float* out,
                                   int64_t out_row) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    TileBf16<4>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
  if (c + 2 * kLanes <= columns) {
    TileBf16<2>(a, a_row, b + c, b_row, inner, out + c, out_row);
    c += 2 * kLanes;
  }
  if (c < columns) {
    TileBf16<1>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
}

ASSAY_CPU_CLONES float SoftmaxRow(float scale, const float* mask,
                                  int64_t mask_step, int64_t n, int64_t padded,
                                  float* x) {
  if (mask != nullptr) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) x[i] = x[i] * scale + mask[i * mask_step];
    scale = 1.0f;
  }
  float largest = x[0] * scale;
#pragma omp simd reduction(max : largest)
  for (int64_t i = 0; i < n; ++i) {
    const float scaled = x[i] * scale;
    largest = scaled > largest ? scaled : largest;
  }
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    const float e = ExpOfNegative(x[i] * scale - largest);
    x[i] = e;
    sum += e;
  }
  std::fill(x + n, x + padded, 0.0f);
  return sum;
}

ASSAY_BF16_TARGET void ToBf16Row(const float* x, int64_t n, BFloat16* dst) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
    std::memcpy(static_cast<void*>(dst + i), &narrow, sizeof(narrow));
  }
}

ASSAY_CPU_CLONES void ScaleRow(const float* x, float factor, int64_t n,
                               float* dst) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) dst[i] = factor * x[i];
}

ASSAY_CPU_CLONES void ScaleRow(const float* x, float factor, int64_t n,
                               BFloat16* dst) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    StoreLanes(LoadLanes(x + i) * factor, dst + i);
  }
  for (; i < n; ++i) dst[i] = BFloat16(factor * x[i]);
}

ASSAY_CPU_CLONES void ScaleRow(const float* x, float factor, bool through_bf16,
                               float inverse, float zero, int64_t n,
                               uint8_t* dst) {
  ScaleOnGrid(x, factor, through_bf16, inverse, zero, n, dst);
}

ASSAY_CPU_CLONES void ScaleRow(const float* x, float factor, bool through_bf16,
                               float inverse, float zero, int64_t n,
                               int8_t* dst) {
  ScaleOnGrid(x, factor, through_bf16, inverse, zero, n, dst);
}

}  // namespace assay::cpu

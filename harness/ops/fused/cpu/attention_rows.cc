#include "harness/ops/fused/cpu/attention_rows.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/rounded_lanes.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/elementwise/cpu/vector_math.h"

namespace assay::cpu {
namespace {

// Where the left side of a product lies, and whether the product is added.
enum class Kind {
  kRows,   // a[r][k], stored
  kOuter,  // a[k][r], added to what is there
};

template <Kind kind>
ASSAY_ALWAYS_INLINE int64_t LeftAt(int64_t r, int64_t k, int64_t a_row) {
  return kind == Kind::kRows ? r * a_row + k : k * a_row + r;
}

// kBlockRows x (16 * vectors) sums in registers.
template <Kind kind, int kVectors>
ASSAY_ALWAYS_INLINE void TileF32(const float* a, int64_t a_row, const float* b,
                                 int64_t b_row, int64_t inner, float* out,
                                 int64_t out_row) {
  V16 sums[kBlockRows][kVectors] = {};
  if (kind == Kind::kOuter) {
    for (int r = 0; r < kBlockRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = LoadLanes(out + r * out_row + v * kLanes);
      }
    }
  }
  for (int64_t k = 0; k < inner; ++k) {
    V16 right[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      right[v] = LoadLanes(b + k * b_row + v * kLanes);
    }
    for (int r = 0; r < kBlockRows; ++r) {
      const float left = a[LeftAt<kind>(r, k, a_row)];
      for (int v = 0; v < kVectors; ++v) sums[r][v] += left * right[v];
    }
  }
  for (int r = 0; r < kBlockRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      StoreLanes(sums[r][v], out + r * out_row + v * kLanes);
    }
  }
}

// exp(x) for x <= 0, to 2e-7; 0 where it is below 1e-37.
ASSAY_ALWAYS_INLINE V16 ExpOfNegative(V16 x) {
  constexpr float kLowest = -85.0f;
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: the fraction falls off
  const M16 seen = x > kLowest;
  const V16 clamped = seen ? x : Splat(kLowest);
  // 2^n exp(r), |r| <= ln(2) / 2; n lies in the low bits of `shifted`.
  const V16 shifted = clamped * 1.44269504088896341f + kMagic;
  const V16 n = shifted - kMagic;
  V16 r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  V16 p = Splat(1.3981999507e-3f);
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const V16 e = p * r * r + r + 1.0f;
  M16 power, bits;
  std::memcpy(&power, &shifted, sizeof(power));
  std::memcpy(&bits, &e, sizeof(bits));
  bits = (bits + (power << 23)) & seen;
  V16 result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

ASSAY_ALWAYS_INLINE float LargestLane(V16 v) {
  typedef float V8 __attribute__((vector_size(32)));
  typedef float V4 __attribute__((vector_size(16)));
  V8 eights[2];
  std::memcpy(eights, &v, sizeof(v));
  const V8 eight = eights[0] > eights[1] ? eights[0] : eights[1];
  V4 fours[2];
  std::memcpy(fours, &eight, sizeof(eight));
  const V4 four = fours[0] > fours[1] ? fours[0] : fours[1];
  return std::max(std::max(four[0], four[2]), std::max(four[1], four[3]));
}

// `other` in all lanes but the first n.
ASSAY_ALWAYS_INLINE V16 FirstLanes(V16 v, int64_t n, float other) {
  const M16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lane < static_cast<int32_t>(n) ? v : Splat(other);
}

template <typename Q>
ASSAY_ALWAYS_INLINE void ScaleOnGrid(const float* x, float factor,
                                     float inverse, float zero, int64_t n,
                                     Q* dst) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    StoreRounded(LoadLanes(x + i) * factor, inverse, zero, dst + i);
  }
  if (i < n) {
    StoreSomeRounded(LoadSome(x + i, n - i) * factor, n - i, inverse, zero,
                     dst + i);
  }
}

ASSAY_ALWAYS_INLINE const char* WordAt(const void* words, int64_t i) {
  return static_cast<const char*>(words) + 4 * i;
}
ASSAY_ALWAYS_INLINE char* WordAt(void* words, int64_t i) {
  return static_cast<char*>(words) + 4 * i;
}

// Sixteen rows of sixteen words become columns: in step k, rows whose numbers
// differ in bit k exchange the halves of their groups of 2^(k+1) lanes.
ASSAY_ALWAYS_INLINE void TransposeTile(const void* x, int64_t row,
                                       int64_t dst_row, void* dst) {
  V16 rows[kLanes];
  for (int r = 0; r < kLanes; ++r) {
    std::memcpy(&rows[r], WordAt(x, r * row), sizeof(V16));
  }
#pragma GCC unroll 4
  for (int step = 1; step < kLanes; step *= 2) {
    M16 low, high;
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool second = (lane & step) != 0;
      low[lane] = second ? kLanes + lane - step : lane;
      high[lane] = second ? kLanes + lane : lane + step;
    }
#pragma GCC unroll 16
    for (int r = 0; r < kLanes; ++r) {
      if ((r & step) != 0) continue;
      const V16 first = rows[r], second = rows[r + step];
      rows[r] = __builtin_shuffle(first, second, low);
      rows[r + step] = __builtin_shuffle(first, second, high);
    }
  }
  for (int r = 0; r < kLanes; ++r) {
    std::memcpy(WordAt(dst, r * dst_row), &rows[r], sizeof(V16));
  }
}

#define ASSAY_BF16_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

template <Kind kind, int kVectors>
ASSAY_BF16_TARGET inline void TileBf16(const uint32_t* a, int64_t a_row,
                                       const uint32_t* b, int64_t b_row,
                                       int64_t inner, float* out,
                                       int64_t out_row) {
  __m512 sums[kBlockRows][kVectors];
  for (int r = 0; r < kBlockRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = kind == Kind::kRows
                       ? _mm512_setzero_ps()
                       : _mm512_loadu_ps(out + r * out_row + v * kLanes);
    }
  }
  for (int64_t k = 0; k < inner; ++k) {
    __m512bh right[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      right[v] = reinterpret_cast<__m512bh>(
          _mm512_loadu_si512(b + k * b_row + v * kLanes));
    }
    for (int r = 0; r < kBlockRows; ++r) {
      const __m512bh left = reinterpret_cast<__m512bh>(
          _mm512_set1_epi32(static_cast<int>(a[LeftAt<kind>(r, k, a_row)])));
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

// Sixteen floats as bf16, each in the lower half of a word.
ASSAY_BF16_TARGET inline U16 Bf16Bits(const float* x) {
  const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_loadu_ps(x));
  H16 bits;
  std::memcpy(&bits, &narrow, sizeof(bits));
  return __builtin_convertvector(bits, U16);
}

template <Kind kind>
ASSAY_ALWAYS_INLINE void TilesF32(const float* a, int64_t a_row, const float* b,
                                  int64_t b_row, int64_t inner, int64_t columns,
                                  float* out, int64_t out_row) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    TileF32<kind, 4>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
  if (c + 2 * kLanes <= columns) {
    TileF32<kind, 2>(a, a_row, b + c, b_row, inner, out + c, out_row);
    c += 2 * kLanes;
  }
  if (c < columns) {
    TileF32<kind, 1>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
}

template <Kind kind>
ASSAY_BF16_TARGET inline void TilesBf16(const uint32_t* a, int64_t a_row,
                                        const uint32_t* b, int64_t b_row,
                                        int64_t inner, int64_t columns,
                                        float* out, int64_t out_row) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    TileBf16<kind, 4>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
  if (c + 2 * kLanes <= columns) {
    TileBf16<kind, 2>(a, a_row, b + c, b_row, inner, out + c, out_row);
    c += 2 * kLanes;
  }
  if (c < columns) {
    TileBf16<kind, 1>(a, a_row, b + c, b_row, inner, out + c, out_row);
  }
}

}  // namespace

ASSAY_CPU_CLONES void ProductF32(const float* a, int64_t a_row, const float* b,
                                 int64_t b_row, int64_t inner, int64_t columns,
                                 float* out, int64_t out_row) {
  TilesF32<Kind::kRows>(a, a_row, b, b_row, inner, columns, out, out_row);
}

ASSAY_CPU_CLONES void AddOuterF32(const float* a, int64_t a_row, const float* b,
                                  int64_t b_row, int64_t inner, int64_t columns,
                                  float* out, int64_t out_row) {
  TilesF32<Kind::kOuter>(a, a_row, b, b_row, inner, columns, out, out_row);
}

ASSAY_BF16_TARGET void ProductBf16(const uint32_t* a, int64_t a_row,
                                   const uint32_t* b, int64_t b_row,
                                   int64_t inner, int64_t columns, float* out,
                                   int64_t out_row) {
  TilesBf16<Kind::kRows>(a, a_row, b, b_row, inner, columns, out, out_row);
}

ASSAY_BF16_TARGET void AddOuterBf16(const uint32_t* a, int64_t a_row,
                                    const uint32_t* b, int64_t b_row,
                                    int64_t inner, int64_t columns, float* out,
                                    int64_t out_row) {
  TilesBf16<Kind::kOuter>(a, a_row, b, b_row, inner, columns, out, out_row);
}

ASSAY_CPU_CLONES float SoftmaxRow(float scale, const float* mask,
                                  int64_t mask_step, int64_t n, int64_t padded,
                                  float* x) {
  if (mask != nullptr) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) x[i] = x[i] * scale + mask[i * mask_step];
    scale = 1.0f;
  }
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const int64_t whole = n / kLanes * kLanes;
  V16 most = Splat(kLowest);
  for (int64_t i = 0; i < whole; i += kLanes) {
    const V16 scaled = LoadLanes(x + i) * scale;
    most = scaled > most ? scaled : most;
  }
  const int64_t left = n - whole;
  const bool roomy = padded - whole >= kLanes;
  V16 last = {};
  if (left > 0) {
    last = roomy ? LoadLanes(x + whole) : LoadSome(x + whole, left);
    last = last * scale;
    const V16 some = FirstLanes(last, left, kLowest);
    most = some > most ? some : most;
  }
  const float largest = LargestLane(most);
  V16 sums = {};
  for (int64_t i = 0; i < whole; i += kLanes) {
    const V16 e = ExpOfNegative(LoadLanes(x + i) * scale - largest);
    StoreLanes(e, x + i);
    sums += e;
  }
  int64_t filled = n;
  if (left > 0) {
    const V16 e = FirstLanes(ExpOfNegative(last - largest), left, 0.0f);
    sums += e;
    if (roomy) {
      StoreLanes(e, x + whole);
      filled = whole + kLanes;
    } else {
      StoreSome(e, left, x + whole);
    }
  }
  std::fill(x + filled, x + padded, 0.0f);
  return SumLanes(sums);
}

ASSAY_CPU_CLONES void SoftmaxBackwardRow(float scale, float factor, int64_t n,
                                         float* weights, float* gradient) {
  V16 sums = {};
  for (int64_t i = 0; i < n; i += kLanes) {
    const V16 weight = factor * LoadLanes(weights + i);
    StoreLanes(weight, weights + i);
    sums += weight * LoadLanes(gradient + i);
  }
  const V16 sum = Splat(SumLanes(sums));
  for (int64_t i = 0; i < n; i += kLanes) {
    const V16 weight = scale * LoadLanes(weights + i);
    StoreLanes(weight * (LoadLanes(gradient + i) - sum), gradient + i);
  }
}

ASSAY_BF16_TARGET void ToBf16Row(const float* x, int64_t n, BFloat16* dst) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
    std::memcpy(static_cast<void*>(dst + i), &narrow, sizeof(narrow));
  }
}

namespace {

// 2^x for x <= 0, to 3e-6.
ASSAY_BF16_TARGET inline __m512 PowerOfTwo(__m512 x) {
  constexpr __mmask16 kAll = 0xffff;
  const __m512 whole = _mm512_maskz_roundscale_ps(
      kAll, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_sub_ps(x, whole);
  __m512 p = _mm512_set1_ps(1.33335581e-3f);
  for (const float c :
       {9.61812911e-3f, 5.55041087e-2f, 2.40226507e-1f, 6.93147181e-1f, 1.0f}) {
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  }
  return _mm512_maskz_scalef_ps(kAll, p, whole);
}

// Lanes of the vector at i that are below n.
ASSAY_BF16_TARGET inline __mmask16 LanesBelow(int64_t i, int64_t n) {
  const int64_t lanes = std::clamp<int64_t>(n - i, 0, kLanes);
  return static_cast<__mmask16>((1u << lanes) - 1u);
}

}  // namespace

ASSAY_BF16_TARGET float SoftmaxRowBf16(float scale, const float* mask,
                                       int64_t mask_step, int64_t n,
                                       int64_t padded, const float* x,
                                       BFloat16* weights) {
  constexpr float kLog2OfE = 1.44269504088896341f;
  // scale * x + mask, as powers of two.
  const __m512 factor = _mm512_set1_ps(scale * kLog2OfE);
  const auto score = [&](int64_t i, __mmask16 lanes) ASSAY_BF16_TARGET {
    const __m512 product =
        _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), factor);
    if (mask == nullptr) return product;
    const __m512 masked = mask_step == 0
                              ? _mm512_set1_ps(*mask)
                              : _mm512_maskz_loadu_ps(lanes, mask + i);
    return _mm512_fmadd_ps(masked, _mm512_set1_ps(kLog2OfE), product);
  };
  const __m512 lowest = _mm512_set1_ps(-std::numeric_limits<float>::max());
  __m512 largest = lowest;
  for (int64_t i = 0; i < n; i += kLanes) {
    const __mmask16 lanes = LanesBelow(i, n);
    largest = _mm512_mask_max_ps(largest, lanes, largest, score(i, lanes));
  }
  largest = _mm512_set1_ps(LargestLane(largest));
  __m512 sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < padded; i += kLanes) {
    const __mmask16 lanes = LanesBelow(i, n);
    const __m512 e = _mm512_maskz_mov_ps(
        lanes, PowerOfTwo(_mm512_sub_ps(score(i, lanes), largest)));
    sum = _mm512_add_ps(sum, e);
    const __m256bh narrow = _mm512_cvtneps_pbh(e);
    std::memcpy(static_cast<void*>(weights + i), &narrow, sizeof(narrow));
  }
  return SumLanes(sum);
}

ASSAY_BF16_TARGET void ToBf16Pairs(const float* first, const float* second,
                                   int64_t n, uint32_t* dst) {
  for (int64_t i = 0; i < n; i += kLanes) {
    U16 pairs = Bf16Bits(first + i);
    if (second != nullptr) pairs |= Bf16Bits(second + i) << 16;
    std::memcpy(dst + i, &pairs, sizeof(pairs));
  }
}

ASSAY_CPU_CLONES void TransposeWords(const void* x, int64_t row, int64_t rows,
                                     int64_t columns, int64_t dst_row,
                                     void* dst) {
  const int64_t whole_rows = rows / kLanes * kLanes;
  const int64_t whole_columns = columns / kLanes * kLanes;
  for (int64_t r = 0; r < whole_rows; r += kLanes) {
    for (int64_t c = 0; c < whole_columns; c += kLanes) {
      TransposeTile(WordAt(x, r * row + c), row, dst_row,
                    WordAt(dst, c * dst_row + r));
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; ++c) {
      std::memcpy(WordAt(dst, c * dst_row + r), WordAt(x, r * row + c), 4);
    }
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

ASSAY_CPU_CLONES void ScaleRow(const float* x, float factor, float inverse,
                               float zero, int64_t n, uint8_t* dst) {
  ScaleOnGrid(x, factor, inverse, zero, n, dst);
}

ASSAY_CPU_CLONES void ScaleRow(const float* x, float factor, float inverse,
                               float zero, int64_t n, int8_t* dst) {
  ScaleOnGrid(x, factor, inverse, zero, n, dst);
}

}  // namespace assay::cpu

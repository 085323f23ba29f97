#include "harness/ops/fused/cpu/attention_bytes_vnni.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

constexpr int64_t kLanes = 16;
constexpr __mmask16 kAll = 0xffff;

#define ASSAY_VNNI_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

// kBlockRows x (16 * vectors) sums in registers.
template <int kVectors>
ASSAY_VNNI_TARGET inline void TileVnni(const uint32_t* a, int64_t a_row,
                                       const uint32_t* b, int64_t b_row,
                                       int64_t inner, const int32_t* start,
                                       int32_t* out, int64_t out_row) {
  __m512i sums[kBlockRows][kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const __m512i first = start == nullptr
                              ? _mm512_setzero_si512()
                              : _mm512_loadu_si512(start + v * kLanes);
#pragma GCC unroll 6
    for (int r = 0; r < kBlockRows; ++r) sums[r][v] = first;
  }
  for (int64_t k = 0; k < inner; ++k) {
    __m512i right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      right[v] = _mm512_loadu_si512(b + k * b_row + v * kLanes);
    }
#pragma GCC unroll 6
    for (int r = 0; r < kBlockRows; ++r) {
      const __m512i left =
          _mm512_set1_epi32(static_cast<int>(a[r * a_row + k]));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], left, right[v]);
      }
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kBlockRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_si512(out + r * out_row + v * kLanes, sums[r][v]);
    }
  }
}

ASSAY_VNNI_TARGET void ProductVnni(const uint32_t* a, int64_t a_row,
                                   const uint32_t* b, int64_t b_row,
                                   int64_t inner, int64_t columns,
                                   const int32_t* start, int32_t* out,
                                   int64_t out_row) {
  const auto from = [start](int64_t c) {
    return start == nullptr ? nullptr : start + c;
  };
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    TileVnni<4>(a, a_row, b + c, b_row, inner, from(c), out + c, out_row);
  }
  if (c + 2 * kLanes <= columns) {
    TileVnni<2>(a, a_row, b + c, b_row, inner, from(c), out + c, out_row);
    c += 2 * kLanes;
  }
  if (c < columns) {
    TileVnni<1>(a, a_row, b + c, b_row, inner, from(c), out + c, out_row);
  }
}

// Lanes of the vector at i that are below n.
ASSAY_VNNI_TARGET inline __mmask16 LanesBelow(int64_t i, int64_t n) {
  const int64_t lanes = std::clamp<int64_t>(n - i, 0, kLanes);
  return static_cast<__mmask16>((1u << lanes) - 1u);
}

typedef int32_t I8 __attribute__((vector_size(32)));
typedef float F8 __attribute__((vector_size(32)));

// Halves are joined with halves.
ASSAY_VNNI_TARGET inline int32_t LargestLane(__m512i v) {
  I8 halves[2];
  std::memcpy(halves, &v, sizeof(v));
  const I8 eight = halves[0] > halves[1] ? halves[0] : halves[1];
  const __m128i four = _mm_max_epi32(
      _mm256_castsi256_si128(reinterpret_cast<__m256i>(eight)),
      _mm256_extracti128_si256(reinterpret_cast<__m256i>(eight), 1));
  const __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

ASSAY_VNNI_TARGET inline int32_t SumOfLanes(__m512i v) {
  I8 halves[2];
  std::memcpy(halves, &v, sizeof(v));
  const I8 eight = halves[0] + halves[1];
  const __m128i four = _mm_add_epi32(
      _mm256_castsi256_si128(reinterpret_cast<__m256i>(eight)),
      _mm256_extracti128_si256(reinterpret_cast<__m256i>(eight), 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

ASSAY_VNNI_TARGET inline float LargestLane(__m512 v) {
  F8 halves[2];
  std::memcpy(halves, &v, sizeof(v));
  const F8 eight = halves[0] > halves[1] ? halves[0] : halves[1];
  float largest = eight[0];
  for (int i = 1; i < 8; ++i) largest = std::max(largest, eight[i]);
  return largest;
}

// 2^x, to 3e-6.
ASSAY_VNNI_TARGET inline __m512 PowerOfTwo(__m512 x) {
  const __m512 whole = _mm512_maskz_roundscale_ps(
      kAll, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_sub_ps(x, whole);
  __m512 p = _mm512_set1_ps(9.57010199e-3f);
  for (const float c :
       {5.59178613e-2f, 2.40247448e-1f, 6.93121815e-1f, 9.99999261e-1f}) {
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  }
  return _mm512_maskz_scalef_ps(kAll, p, whole);
}

// The lanes of a row's scores, in units of log(2).
struct Row {
  const int32_t* x;
  __m512 factor;
  const float* mask;
  int64_t mask_step;
};

template <bool kMasked>
ASSAY_VNNI_TARGET inline __m512 ScoresAt(const Row& row, int64_t i,
                                         __mmask16 lanes) {
  const __m512 x =
      _mm512_maskz_cvtepi32_ps(kAll, _mm512_maskz_loadu_epi32(kAll, row.x + i));
  if (!kMasked) return _mm512_mul_ps(x, row.factor);
  constexpr float kLog2OfE = 1.44269504088896341f;
  const __m512 masked = row.mask_step == 0
                            ? _mm512_set1_ps(*row.mask)
                            : _mm512_maskz_loadu_ps(lanes, row.mask + i);
  return _mm512_fmadd_ps(masked, _mm512_set1_ps(kLog2OfE),
                         _mm512_mul_ps(x, row.factor));
}

template <bool kMasked>
ASSAY_VNNI_TARGET inline __m512 LargestOf(const Row& row, int64_t n) {
  if (!kMasked) {
    __m512i largest = _mm512_set1_epi32(std::numeric_limits<int32_t>::min());
    for (int64_t i = 0; i < n; i += kLanes) {
      const __mmask16 lanes = LanesBelow(i, n);
      largest = _mm512_mask_max_epi32(
          largest, lanes, largest, _mm512_maskz_loadu_epi32(kAll, row.x + i));
    }
    const float most = static_cast<float>(LargestLane(largest));
    return _mm512_mul_ps(_mm512_set1_ps(most), row.factor);
  }
  __m512 largest = _mm512_set1_ps(-std::numeric_limits<float>::max());
  for (int64_t i = 0; i < n; i += kLanes) {
    const __mmask16 lanes = LanesBelow(i, n);
    largest = _mm512_mask_max_ps(largest, lanes, largest,
                                 ScoresAt<kMasked>(row, i, lanes));
  }
  return _mm512_set1_ps(LargestLane(largest));
}

template <bool kMasked>
ASSAY_VNNI_TARGET inline int32_t WeightsOf(const Row& row, int64_t n,
                                           int64_t padded, uint8_t* weights) {
  constexpr float kLog2Of255 = 7.99435343685885787f;
  const __m512 shift =
      _mm512_sub_ps(_mm512_set1_ps(kLog2Of255), LargestOf<kMasked>(row, n));
  __m512i sum = _mm512_setzero_si512();
  for (int64_t i = 0; i < padded; i += kLanes) {
    const __mmask16 lanes = LanesBelow(i, n);
    const __m512 y = _mm512_add_ps(ScoresAt<kMasked>(row, i, lanes), shift);
    const __m512i steps = _mm512_maskz_cvtps_epi32(lanes, PowerOfTwo(y));
    sum = _mm512_add_epi32(sum, steps);
    const __m128i bytes = _mm512_maskz_cvtepi32_epi8(kAll, steps);
    std::memcpy(weights + i, &bytes, sizeof(bytes));
  }
  return SumOfLanes(sum);
}

ASSAY_VNNI_TARGET int32_t SoftmaxVnni(float scale, const float* mask,
                                      int64_t mask_step, int64_t n,
                                      int64_t padded, const int32_t* x,
                                      uint8_t* weights) {
  constexpr float kLog2OfE = 1.44269504088896341f;
  const Row row = {x, _mm512_set1_ps(scale * kLog2OfE), mask, mask_step};
  return mask == nullptr ? WeightsOf<false>(row, n, padded, weights)
                         : WeightsOf<true>(row, n, padded, weights);
}

// Rows are read in full vectors of bytes up to n, the last one masked.
ASSAY_VNNI_TARGET void JoinRowsVnni(const uint8_t* const rows[4], uint32_t flip,
                                    int64_t n, uint32_t* words) {
  const __m128i flips = _mm_set1_epi8(static_cast<char>(flip & 255u));
  for (int64_t i = 0; i < n; i += kLanes) {
    const __mmask16 lanes = LanesBelow(i, n);
    __m128i bytes[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      bytes[r] =
          rows[r] == nullptr
              ? _mm_setzero_si128()
              : _mm_xor_si128(_mm_maskz_loadu_epi8(lanes, rows[r] + i), flips);
    }
    const __m128i low = _mm_unpacklo_epi8(bytes[0], bytes[1]);
    const __m128i high = _mm_unpackhi_epi8(bytes[0], bytes[1]);
    const __m128i low2 = _mm_unpacklo_epi8(bytes[2], bytes[3]);
    const __m128i high2 = _mm_unpackhi_epi8(bytes[2], bytes[3]);
    const __m128i joined[4] = {
        _mm_unpacklo_epi16(low, low2), _mm_unpackhi_epi16(low, low2),
        _mm_unpacklo_epi16(high, high2), _mm_unpackhi_epi16(high, high2)};
    std::memcpy(words + i, joined,
                static_cast<size_t>(std::min(kLanes, n - i)) * sizeof(*words));
  }
}

ASSAY_VNNI_TARGET void StoreVnni(const int32_t* x, float factor, float shift,
                                 float inverse, float zero, int64_t n,
                                 uint8_t* dst) {
  const __m512 factors = _mm512_set1_ps(factor * inverse);
  const __m512 shifts = _mm512_set1_ps(shift * inverse + zero);
  for (int64_t i = 0; i < n; i += kLanes) {
    const __mmask16 lanes = LanesBelow(i, n);
    const __m512 sums =
        _mm512_maskz_cvtepi32_ps(kAll, _mm512_maskz_loadu_epi32(lanes, x + i));
    const __m512 y = _mm512_maskz_min_ps(
        kAll, _mm512_fmadd_ps(sums, factors, shifts), _mm512_set1_ps(255.0f));
    const __m512i steps = _mm512_maskz_max_epi32(
        kAll, _mm512_maskz_cvtps_epi32(kAll, y), _mm512_setzero_si512());
    _mm512_mask_cvtepi32_storeu_epi8(dst + i, lanes, steps);
  }
}

}  // namespace

const ByteLoops& VnniByteLoops() {
  static constexpr ByteLoops kLoops = {ProductVnni, SoftmaxVnni, JoinRowsVnni,
                                       StoreVnni};
  return kLoops;
}

}  // namespace assay::cpu

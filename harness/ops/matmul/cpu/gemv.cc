#include "harness/ops/matmul/cpu/gemv.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

// Columns that lie side by side in a packed row: they fill a lane.
constexpr int64_t GroupOf(DType dtype) {
  return dtype == DType::kBF16 ? 2 : (dtype == DType::kS8 ? 4 : 1);
}

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

// --- Bytes

constexpr int64_t kQuad = GroupOf(DType::kS8);

int64_t Quads(int64_t columns) { return (columns + kQuad - 1) / kQuad; }

int64_t BytesBlock(int64_t columns) {
  return Quads(columns) * kGemvRows * kQuad + kGemvRows * 4;
}

#define ASSAY_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))

// All lanes. (Without masks, GCC 12 warns of its own header.)
constexpr __mmask16 kAll = 0xffff;

// x in steps, each with a bias that makes it unsigned: for every four numbers
// the upper bytes, then the lower ones. Behind sixteens of them the step.
constexpr float kMostSteps = 32512;
constexpr int kBias = 32768;  // 128 of the upper bytes

int64_t StepBytes(int64_t columns) {
  return (columns + kGemvRows - 1) / kGemvRows * kGemvRows * 2;
}

ASSAY_VNNI inline __m512 LoadSome(const float* x, int64_t left) {
  return _mm512_maskz_loadu_ps(
      left >= 16 ? kAll : static_cast<__mmask16>((1 << left) - 1), x);
}

ASSAY_VNNI void ToSteps(const float* x, int64_t columns, uint8_t* bytes) {
  __m512 magnitudes = _mm512_setzero_ps();
  for (int64_t i = 0; i < columns; i += 16) {
    magnitudes = _mm512_maskz_max_ps(
        kAll, magnitudes, _mm512_abs_ps(LoadSome(x + i, columns - i)));
  }
  float lanes[16];
  _mm512_storeu_ps(lanes, magnitudes);
  const float largest = *std::max_element(lanes, lanes + 16);
  const __m512 inverse =
      _mm512_set1_ps(largest > 0 ? kMostSteps / largest : 0.0f);
  for (int64_t i = 0; i < columns; i += 16) {
    const __m512i steps = _mm512_add_epi32(
        _mm512_maskz_cvtps_epi32(
            kAll, _mm512_mul_ps(LoadSome(x + i, columns - i), inverse)),
        _mm512_set1_epi32(kBias));
    const __m128i lower = _mm512_maskz_cvtepi32_epi8(kAll, steps);
    const __m128i upper = _mm512_maskz_cvtepi32_epi8(
        kAll, _mm512_maskz_srli_epi32(kAll, steps, 8));
    __m128i* to = reinterpret_cast<__m128i*>(bytes + 2 * i);
    _mm_storeu_si128(to, _mm_unpacklo_epi32(upper, lower));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(upper, lower));
  }
  const float step = largest / kMostSteps;
  std::memcpy(bytes + StepBytes(columns), &step, sizeof(step));
}

using QuadWord = int32_t __attribute__((may_alias));

template <int kBlocks>
ASSAY_VNNI inline void BlocksS8(const int8_t* packed, int64_t columns,
                                const uint8_t* x, float* out) {
  const int64_t step = BytesBlock(columns), quads = Quads(columns);
  __m512i high[kBlocks], low[kBlocks];
  for (int k = 0; k < kBlocks; ++k) high[k] = low[k] = _mm512_setzero_si512();
  const QuadWord* words = reinterpret_cast<const QuadWord*>(x);
  for (int64_t q = 0; q < quads; ++q) {
    const __m512i upper = _mm512_set1_epi32(words[2 * q]);
    const __m512i lower = _mm512_set1_epi32(words[2 * q + 1]);
    for (int k = 0; k < kBlocks; ++k) {
      const __m512i w = _mm512_loadu_si512(packed + k * step + q * 64);
      high[k] = _mm512_dpbusd_epi32(high[k], upper, w);
      low[k] = _mm512_dpbusd_epi32(low[k], lower, w);
    }
  }
  float factor;
  std::memcpy(&factor, x + StepBytes(columns), sizeof(factor));
  for (int k = 0; k < kBlocks; ++k) {
    const __m512i sums = _mm512_loadu_si512(packed + k * step + quads * 64);
    const __m512i upper =
        _mm512_sub_epi32(high[k], _mm512_maskz_slli_epi32(kAll, sums, 7));
    const __m512 all = _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(kAll, upper),
                                       _mm512_set1_ps(256),
                                       _mm512_maskz_cvtepi32_ps(kAll, low[k]));
    _mm512_storeu_ps(out + k * kGemvRows,
                     _mm512_mul_ps(all, _mm512_set1_ps(factor)));
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

ASSAY_VNNI void GemvS8Vnni(const int8_t* packed, int64_t columns,
                           const uint8_t* x, int64_t begin, int64_t end,
                           float* out) {
  const int64_t step = BytesBlock(columns);
  int64_t b = begin;
  for (; b + 4 <= end; b += 4) {
    BlocksS8<4>(packed + b * step, columns, x, out + b * kGemvRows);
  }
  for (; b < end; ++b) {
    BlocksS8<1>(packed + b * step, columns, x, out + b * kGemvRows);
  }
}

ASSAY_CPU_CLONES void GemvS8Plain(const int8_t* packed, int64_t columns,
                                  const float* x, int64_t begin, int64_t end,
                                  float* out) {
  const int64_t step = BytesBlock(columns);
  for (int64_t b = begin; b < end; ++b) {
    float sums[kGemvRows] = {};
    for (int64_t i = 0; i < columns; ++i) {
      const int8_t* w =
          packed + b * step + i / kQuad * kGemvRows * kQuad + i % kQuad;
      for (int64_t r = 0; r < kGemvRows; ++r) {
        sums[r] += x[i] * static_cast<float>(w[r * kQuad]);
      }
    }
    std::copy_n(sums, kGemvRows, out + b * kGemvRows);
  }
}

// Blocks lie `step` elements apart.
template <typename T>
void Pack(const T* matrix, int64_t rows, int64_t columns, int64_t group,
          int64_t step, T* packed) {
  const int64_t groups = (columns + group - 1) / group;
  for (int64_t row = 0; row < GemvBlocks(rows) * kGemvRows; ++row) {
    T* to = packed + row / kGemvRows * step + row % kGemvRows * group;
    for (int64_t i = 0; i < groups * group; ++i) {
      const bool inside = row < rows && i < columns;
      to[i / group * kGemvRows * group + i % group] =
          inside ? matrix[row * columns + i] : T(0);
    }
  }
}

void PackBytes(const int8_t* matrix, int64_t rows, int64_t columns,
               int8_t* packed) {
  const int64_t step = BytesBlock(columns);
  Pack(matrix, rows, columns, kQuad, step, packed);
  for (int64_t block = 0; block < GemvBlocks(rows); ++block) {
    int32_t sums[kGemvRows] = {};
    const int64_t first = block * kGemvRows;
    const int64_t count = std::min(kGemvRows, rows - first);
    for (int64_t r = 0; r < count; ++r) {
      const int8_t* row = matrix + (first + r) * columns;
      sums[r] = std::accumulate(row, row + columns, int32_t{0});
    }
    std::memcpy(packed + (block + 1) * step - kGemvRows * 4, sums,
                sizeof(sums));
  }
}

}  // namespace

int64_t GemvBlocks(int64_t rows) { return (rows + kGemvRows - 1) / kGemvRows; }

int64_t GemvBlockBytes(DType dtype, int64_t columns) {
  if (dtype == DType::kS8) return BytesBlock(columns);
  return kGemvRows * Groups(dtype, columns) * GroupOf(dtype) * SizeOf(dtype);
}

void PackGemv(DType dtype, const void* matrix, int64_t rows, int64_t columns,
              void* packed) {
  const int64_t step = GemvBlockBytes(dtype, columns) / SizeOf(dtype);
  switch (dtype) {
    case DType::kBF16:
      return Pack(static_cast<const BFloat16*>(matrix), rows, columns, 2, step,
                  static_cast<BFloat16*>(packed));
    case DType::kS8:
      return PackBytes(static_cast<const int8_t*>(matrix), rows, columns,
                       static_cast<int8_t*>(packed));
    default:
      return Pack(static_cast<const float*>(matrix), rows, columns, 1, step,
                  static_cast<float*>(packed));
  }
}

int64_t GemvSpaceBytes(DType dtype, int64_t columns) {
  return dtype == DType::kS8 && HasWideInt8() ? StepBytes(columns) + 4 : 0;
}

const void* PrepareGemv(DType dtype, const float* x, int64_t columns,
                        void* space) {
  if (GemvSpaceBytes(dtype, columns) == 0) return x;
  ToSteps(x, columns, static_cast<uint8_t*>(space));
  return space;
}

void Gemv(DType dtype, const void* packed, int64_t columns, const void* x,
          int64_t begin, int64_t end, float* out) {
  const float* floats = static_cast<const float*>(x);
  switch (dtype) {
    case DType::kBF16:
      return GemvBf16(static_cast<const BFloat16*>(packed), columns, floats,
                      begin, end, out);
    case DType::kS8:
      if (HasWideInt8()) {
        return GemvS8Vnni(static_cast<const int8_t*>(packed), columns,
                          static_cast<const uint8_t*>(x), begin, end, out);
      }
      return GemvS8Plain(static_cast<const int8_t*>(packed), columns, floats,
                         begin, end, out);
    default:
      return GemvF32(static_cast<const float*>(packed), columns, floats, begin,
                     end, out);
  }
}

}  // namespace assay::cpu

#include "harness/ops/matmul/cpu/u4_panels.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/quantize/group.h"

namespace assay::cpu {
namespace {

// Which of a word's eight inputs its half-byte j is.
constexpr int InputOf(int j) { return j % 2 * 4 + j / 2; }

struct Call {
  const U4Panels& panels;
  int64_t panel;
  const char* rows;  // prepared
  int64_t row_bytes;
  float* out;
  int64_t out_row;
};

// Words of group g that hold inputs.
ASSAY_ALWAYS_INLINE int64_t WordsOf(const U4Shape& s, int64_t g) {
  const int64_t left = s.inputs - g * s.group;
  return ((left < s.group ? left : s.group) + kStep - 1) / kStep;
}

template <typename T>
void PackFactors(const T* scales, const U4Shape& s, float* packed) {
  for (int64_t p = 0; p < s.panels(); ++p) {
    for (int64_t g = 0; g < s.groups; ++g) {
      for (int64_t lane = 0; lane < kPanel; ++lane) {
        const int64_t o = p * kPanel + lane;
        *packed++ =
            o < s.outputs ? static_cast<float>(scales[o * s.groups + g]) : 0.0f;
      }
    }
  }
}

// What stands in front of a prepared row's elements: factors of its groups'
// steps (kBytes alone) and the groups' sums, in steps.
int64_t HeadFloats(U4Form form, const U4Shape& s) {
  const int64_t floats = form == U4Form::kBytes ? 2 * s.groups : s.groups;
  return (floats + kPanel - 1) / kPanel * kPanel;
}

const float* RowHead(const Call& call, int r) {
  return reinterpret_cast<const float*>(call.rows + r * call.row_bytes);
}

template <typename T>
const T* RowElements(const Call& call, U4Form form, int r) {
  return reinterpret_cast<const T*>(RowHead(call, r) +
                                    HeadFloats(form, call.panels.shape));
}

// Words of a panel.
int64_t PanelWords(const U4Shape& s) {
  return s.groups * s.group / kStep * kPanel;
}

// kRows x kPanels sums in registers, for any processor.
template <int kRowCount, int kPanelCount>
ASSAY_ALWAYS_INLINE void TilePlain(const Call& call) {
  const U4Shape& s = call.panels.shape;
  const int64_t words = PanelWords(s);
  const float* src[kRowCount];
  for (int r = 0; r < kRowCount; ++r) {
    src[r] = RowElements<float>(call, U4Form::kFloats, r);
  }
  V16 total[kRowCount][kPanelCount] = {};
  for (int64_t g = 0; g < s.groups; ++g) {
    V16 sum[kRowCount][kPanelCount] = {};
    const int64_t first = g * s.group / kStep;
    for (int64_t w = 0; w < WordsOf(s, g); ++w) {
      for (int p = 0; p < kPanelCount; ++p) {
        U16 word;
        std::memcpy(
            &word,
            call.panels.words + (call.panel + p) * words + (first + w) * kPanel,
            sizeof(word));
        for (int j = 0; j < 8; ++j) {
          const M16 q = __builtin_convertvector((word >> (4 * j)) & 15u, M16);
          const V16 weight = __builtin_convertvector(q - 8, V16);
          const int64_t i = (first + w) * kStep + InputOf(j);
          for (int r = 0; r < kRowCount; ++r) {
            sum[r][p] += weight * Splat(src[r][i]);
          }
        }
      }
    }
    for (int p = 0; p < kPanelCount; ++p) {
      const int64_t at = ((call.panel + p) * s.groups + g) * kPanel;
      const V16 scale = LoadLanes(call.panels.scales + at);
      for (int r = 0; r < kRowCount; ++r) {
        if (call.panels.zeros != nullptr) {
          sum[r][p] -=
              LoadLanes(call.panels.zeros + at) * Splat(RowHead(call, r)[g]);
        }
        total[r][p] += sum[r][p] * scale;
      }
    }
  }
  for (int r = 0; r < kRowCount; ++r) {
    for (int p = 0; p < kPanelCount; ++p) {
      StoreLanes(total[r][p], call.out + r * call.out_row + p * kPanel);
    }
  }
}

#define ASSAY_VNNI_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

// All lanes. (Without masks, GCC 12 warns of its own header.)
constexpr __mmask16 kAll16 = 0xffff;

// Four inputs in a lane: the lower halves of a word's bytes, then the upper
// ones. Products are of the unsigned 4 bits, from which the zero point goes
// with the group's sum.

// Of four numbers, the upper bytes or the lower ones.
using Quad = int32_t __attribute__((may_alias));

template <int kRowCount, int kPanelCount>
ASSAY_VNNI_TARGET inline void TileBytes(const Call& call) {
  const U4Shape& s = call.panels.shape;
  const int64_t words = PanelWords(s);
  const Quad* src[kRowCount];
  for (int r = 0; r < kRowCount; ++r) {
    src[r] = RowElements<Quad>(call, U4Form::kBytes, r);
  }
  const __m512i half = _mm512_set1_epi32(0x0f0f0f0f);
  const __m512 middle = _mm512_set1_ps(8);
  __m512 total[kRowCount][kPanelCount];
  for (auto& row : total) {
    for (__m512& t : row) t = _mm512_setzero_ps();
  }
  for (int64_t g = 0; g < s.groups; ++g) {
    __m512i high[kRowCount][kPanelCount], low[kRowCount][kPanelCount];
    for (int r = 0; r < kRowCount; ++r) {
      for (int p = 0; p < kPanelCount; ++p) {
        high[r][p] = low[r][p] = _mm512_setzero_si512();
      }
    }
    const int64_t first = g * s.group / kStep, end = first + WordsOf(s, g);
    for (int64_t w = first; w < end; ++w) {
      for (int p = 0; p < kPanelCount; ++p) {
        const __m512i word = _mm512_loadu_si512(
            call.panels.words + (call.panel + p) * words + w * kPanel);
        const __m512i quads[2] = {
            _mm512_and_si512(word, half),
            _mm512_and_si512(_mm512_maskz_srli_epi32(kAll16, word, 4), half)};
#pragma GCC unroll 2
        for (int j = 0; j < 2; ++j) {
          for (int r = 0; r < kRowCount; ++r) {
            const Quad* x = src[r] + 4 * w + 2 * j;
            high[r][p] = _mm512_dpbusd_epi32(high[r][p], quads[j],
                                             _mm512_set1_epi32(x[0]));
            low[r][p] = _mm512_dpbusd_epi32(low[r][p], quads[j],
                                            _mm512_set1_epi32(x[1]));
          }
        }
      }
    }
    for (int p = 0; p < kPanelCount; ++p) {
      const int64_t at = ((call.panel + p) * s.groups + g) * kPanel;
      const __m512 scale = _mm512_loadu_ps(call.panels.scales + at);
      const __m512 zero =
          call.panels.zeros == nullptr
              ? middle
              : _mm512_add_ps(middle, _mm512_loadu_ps(call.panels.zeros + at));
      for (int r = 0; r < kRowCount; ++r) {
        const float* head = RowHead(call, r);
        __m512 made = _mm512_fmadd_ps(
            _mm512_maskz_cvtepi32_ps(kAll16, high[r][p]), _mm512_set1_ps(256),
            _mm512_maskz_cvtepi32_ps(kAll16, low[r][p]));
        made = _mm512_fnmadd_ps(zero, _mm512_set1_ps(head[g]), made);
        total[r][p] = _mm512_fmadd_ps(
            made, _mm512_mul_ps(scale, _mm512_set1_ps(head[s.groups + g])),
            total[r][p]);
      }
    }
  }
  for (int r = 0; r < kRowCount; ++r) {
    for (int p = 0; p < kPanelCount; ++p) {
      _mm512_storeu_ps(call.out + r * call.out_row + p * kPanel, total[r][p]);
    }
  }
}

// A tile of `rows` rows (8, 4, 2 or 1), with `count` panels (kPanelsAtOnce or
// 1).
ASSAY_CPU_CLONES
void RunPlain(const Call& call, int rows, int64_t count) {
  switch (rows) {
    case 8:
      return TilePlain<8, 1>(call);
    case 4:
      return TilePlain<4, 1>(call);
    case 2:
      return TilePlain<2, 1>(call);
    default:
      return count == 1 ? TilePlain<1, 1>(call)
                        : TilePlain<1, kPanelsAtOnce>(call);
  }
}

ASSAY_VNNI_TARGET
void RunBytes(const Call& call, int rows, int64_t count) {
  switch (rows) {
    case 8:
      return TileBytes<8, 1>(call);
    case 4:
      return TileBytes<4, 1>(call);
    case 2:
      return TileBytes<2, 1>(call);
    default:
      return count == 1 ? TileBytes<1, 1>(call)
                        : TileBytes<1, kPanelsAtOnce>(call);
  }
}

// Elements as floats, and the sums of groups.
template <typename From>
void CopyElements(const From* src, const U4Shape& s, float* sums, float* dst) {
  for (int64_t i = 0; i < s.inputs; ++i) dst[i] = static_cast<float>(src[i]);
  for (int64_t i = s.inputs; i < s.width(); ++i) dst[i] = 0;
  for (int64_t g = 0; g < s.groups; ++g) {
    const int64_t begin = g * s.group;
    sums[g] = std::accumulate(dst + begin,
                              dst + std::min(s.inputs, begin + s.group), 0.0f);
  }
}

// On each side of zero, with room to round the upper byte up.
constexpr float kSteps = 32512;

ASSAY_VNNI_TARGET inline __m512 LoadSome(const float* src, __mmask16 lanes) {
  return _mm512_maskz_loadu_ps(lanes, src);
}
ASSAY_VNNI_TARGET inline __m512 LoadSome(const BFloat16* src, __mmask16 lanes) {
  const __m512i bits =
      _mm512_maskz_cvtepu16_epi32(kAll16, _mm256_maskz_loadu_epi16(lanes, src));
  return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(kAll16, bits, 16));
}

// Lanes of the sixteen from `i` on that lie before `end`.
__mmask16 LanesBefore(int64_t i, int64_t end) {
  return static_cast<__mmask16>(end - i >= kPanel ? 0xffff
                                                  : (1 << (end - i)) - 1);
}

template <typename From>
ASSAY_VNNI_TARGET float Largest(const From* src, int64_t begin, int64_t end) {
  __m512 largest = _mm512_setzero_ps();
  for (int64_t i = begin; i < end; i += kPanel) {
    const __m512 x = LoadSome(src + i, LanesBefore(i, end));
    largest = _mm512_maskz_max_ps(kAll16, largest, _mm512_abs_ps(x));
  }
  const __m512d all = _mm512_castps_pd(largest);
  const __m256 eight = _mm256_max_ps(
      _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, all, 0)),
      _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, all, 1)));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight),
                           _mm256_extractf128_ps(eight, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

// Sixteen numbers: of four after four the upper bytes, then the lower ones.
ASSAY_VNNI_TARGET inline void StoreBytes(__m512i steps, int8_t* dst) {
  const __m512i upper = _mm512_maskz_srai_epi32(
      kAll16, _mm512_add_epi32(steps, _mm512_set1_epi32(128)), 8);
  const __m512i lower =
      _mm512_sub_epi32(steps, _mm512_maskz_slli_epi32(kAll16, upper, 8));
  const __m128i u = _mm512_maskz_cvtepi32_epi8(kAll16, upper);
  const __m128i l = _mm512_maskz_cvtepi32_epi8(kAll16, lower);
  __m128i* to = reinterpret_cast<__m128i*>(dst);
  _mm_storeu_si128(to, _mm_unpacklo_epi32(u, l));
  _mm_storeu_si128(to + 1, _mm_unpackhi_epi32(u, l));
}

ASSAY_VNNI_TARGET inline int32_t SumOf(__m512i lanes) {
  const __m256i eight =
      _mm256_add_epi32(_mm512_maskz_extracti64x4_epi64(0xff, lanes, 0),
                       _mm512_maskz_extracti64x4_epi64(0xff, lanes, 1));
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight),
                               _mm256_extracti128_si256(eight, 1));
  four = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(four) + _mm_extract_epi32(four, 1);
}

template <typename From>
ASSAY_VNNI_TARGET void Quantize(const From* src, const U4Shape& s, float* head,
                                int8_t* dst) {
  for (int64_t g = 0; g < s.groups; ++g) {
    const int64_t begin = g * s.group;
    const int64_t end = std::min(s.inputs, begin + s.group);
    const float largest = Largest(src, begin, end);
    const __m512 inverse =
        _mm512_set1_ps(largest > 0 ? kSteps / largest : 0.0f);
    __m512i sum = _mm512_setzero_si512();
    for (int64_t i = begin; i < end; i += kPanel) {
      const __m512 x = LoadSome(src + i, LanesBefore(i, end));
      const __m512i steps =
          _mm512_maskz_cvtps_epi32(kAll16, _mm512_mul_ps(x, inverse));
      sum = _mm512_add_epi32(sum, steps);
      StoreBytes(steps, dst + 2 * i);
    }
    head[g] = static_cast<float>(SumOf(sum));
    head[s.groups + g] = largest / kSteps;
  }
}

template <typename From>
void PrepareRow(U4Form form, const From* src, const U4Shape& s, void* row) {
  float* head = static_cast<float*>(row);
  float* elements = head + HeadFloats(form, s);
  if (form == U4Form::kFloats) return CopyElements(src, s, head, elements);
  Quantize(src, s, head, reinterpret_cast<int8_t*>(elements));
}

}  // namespace

void PackWords(const uint8_t* weights, const U4Shape& s, uint32_t* words) {
  const int64_t row = s.groups * s.group / 2;  // bytes
  for (int64_t p = 0; p < s.panels(); ++p) {
    for (int64_t w = 0; w < s.groups * s.group / kStep; ++w) {
      for (int64_t lane = 0; lane < kPanel; ++lane) {
        const int64_t o = p * kPanel + lane;
        uint32_t word = 0x88888888u;  // zeros
        for (int j = 0; o < s.outputs && j < 8; ++j) {
          const int64_t i = w * kStep + InputOf(j);
          if (i >= s.inputs) continue;
          const auto q = static_cast<uint32_t>(NibbleAt(weights + o * row, i));
          word = (word & ~(15u << (4 * j))) | q << (4 * j);
        }
        *words++ = word;
      }
    }
  }
}

void PackScales(const float* scales, const U4Shape& s, float* packed) {
  PackFactors(scales, s, packed);
}

void PackScales(const BFloat16* scales, const U4Shape& s, float* packed) {
  PackFactors(scales, s, packed);
}

void PackZeros(const uint8_t* zero_points, const U4Shape& s, float* packed) {
  const int64_t row = (s.groups + 1) / 2;
  for (int64_t p = 0; p < s.panels(); ++p) {
    for (int64_t g = 0; g < s.groups; ++g) {
      for (int64_t lane = 0; lane < kPanel; ++lane) {
        const int64_t o = p * kPanel + lane;
        const int zero = o < s.outputs ? NibbleAt(zero_points + o * row, g) : 8;
        *packed++ = static_cast<float>(zero - 8);
      }
    }
  }
}

U4Form BestU4Form() { return HasWideInt8() ? U4Form::kBytes : U4Form::kFloats; }

int64_t U4RowBytes(U4Form form, const U4Shape& s) {
  const int64_t element = form == U4Form::kFloats ? 4 : 2;
  return HeadFloats(form, s) * 4 + (s.width() * element + 63) / 64 * 64;
}

void PrepareU4Row(U4Form form, const float* src, const U4Shape& s, void* row) {
  PrepareRow(form, src, s, row);
}

void PrepareU4Row(U4Form form, const BFloat16* src, const U4Shape& s,
                  void* row) {
  PrepareRow(form, src, s, row);
}

void MultiplyU4(U4Form form, const U4Panels& panels, int64_t panel,
                int64_t count, const void* prepared, int rows, float* out) {
  const auto run = form == U4Form::kBytes ? RunBytes : RunPlain;
  const int64_t row_bytes = U4RowBytes(form, panels.shape);
  const int64_t out_row = count * kPanel;
  for (int row = 0, now; row < rows; row += now) {
    now = 8;
    while (now > rows - row) now /= 2;
    for (int64_t p = 0, wide; p < count; p += wide) {
      wide = now == 1 && count - p >= kPanelsAtOnce ? kPanelsAtOnce : 1;
      run({panels, panel + p,
           static_cast<const char*>(prepared) + row * row_bytes, row_bytes,
           out + row * out_row + p * kPanel, out_row},
          now, wide);
    }
  }
}

}  // namespace assay::cpu

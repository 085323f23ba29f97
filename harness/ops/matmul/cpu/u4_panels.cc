#include "harness/ops/matmul/cpu/u4_panels.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/quantize/group.h"

namespace assay::cpu {
namespace {

// Which of a word's eight inputs its half-byte j is.
constexpr int InputOf(int j) { return j < 4 ? 2 * j : 2 * (j - 4) + 1; }

struct Call {
  const U4Panels& panels;
  int64_t panel;
  const void* src;
  int64_t src_row;
  const float* sums;
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

template <typename T>
ASSAY_ALWAYS_INLINE void Sum(const T* src, const U4Shape& s, float* sums) {
  for (int64_t g = 0; g < s.groups; ++g) {
    const int64_t end = std::min(s.inputs, (g + 1) * s.group);
    float sum = 0;
    for (int64_t i = g * s.group; i < end; ++i) {
      sum += static_cast<float>(src[i]);
    }
    sums[g] = sum;
  }
}

// kRows x kPanels sums in registers, for any processor.
template <int kRowCount, int kPanelCount>
ASSAY_ALWAYS_INLINE void TilePlain(const Call& call) {
  const U4Shape& s = call.panels.shape;
  const int64_t words = s.groups * s.group / kStep * kPanel;
  const float* src = static_cast<const float*>(call.src);
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
            sum[r][p] += weight * Splat(src[r * call.src_row + i]);
          }
        }
      }
    }
    for (int p = 0; p < kPanelCount; ++p) {
      const int64_t at = ((call.panel + p) * s.groups + g) * kPanel;
      const V16 scale = LoadLanes(call.panels.scales + at);
      for (int r = 0; r < kRowCount; ++r) {
        if (call.panels.zeros != nullptr) {
          sum[r][p] -= LoadLanes(call.panels.zeros + at) *
                       Splat(call.sums[r * s.groups + g]);
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

#define ASSAY_AVX512_TARGET __attribute__((target("avx512f")))
#define ASSAY_BF16_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

// All lanes. (Without masks, GCC 12 warns of its own header.)
constexpr __mmask16 kAll16 = 0xffff;
constexpr __mmask32 kAll32 = 0xffffffff;

// After a group: its zero point and scale.
ASSAY_AVX512_TARGET inline __m512 Finish(const Call& call, int64_t panel,
                                         int64_t g, int r, __m512 sum,
                                         __m512 total) {
  const int64_t groups = call.panels.shape.groups;
  const int64_t at = (panel * groups + g) * kPanel;
  if (call.panels.zeros != nullptr) {
    sum = _mm512_fnmadd_ps(_mm512_loadu_ps(call.panels.zeros + at),
                           _mm512_set1_ps(call.sums[r * groups + g]), sum);
  }
  return _mm512_fmadd_ps(sum, _mm512_loadu_ps(call.panels.scales + at), total);
}

// A permutation of a table of sixteen floats reads four bits of each lane and
// gives the weight.
template <int kRowCount, int kPanelCount>
ASSAY_AVX512_TARGET inline void TileF32(const Call& call) {
  const U4Shape& s = call.panels.shape;
  const int64_t words = s.groups * s.group / kStep * kPanel;
  const float* src = static_cast<const float*>(call.src);
  const __m512 table =
      _mm512_set_ps(7, 6, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8);
  __m512 total[kRowCount][kPanelCount];
  for (auto& row : total) {
    for (__m512& t : row) t = _mm512_setzero_ps();
  }
  for (int64_t g = 0; g < s.groups; ++g) {
    __m512 sum[kRowCount][kPanelCount];
    for (auto& row : sum) {
      for (__m512& t : row) t = _mm512_setzero_ps();
    }
    const int64_t first = g * s.group / kStep, end = first + WordsOf(s, g);
    for (int64_t w = first; w < end; ++w) {
      __m512i word[kPanelCount];
      for (int p = 0; p < kPanelCount; ++p) {
        word[p] = _mm512_loadu_si512(call.panels.words +
                                     (call.panel + p) * words + w * kPanel);
      }
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        const float* x = src + w * kStep + InputOf(j);
        for (int p = 0; p < kPanelCount; ++p) {
          const __m512 weight = _mm512_maskz_permutexvar_ps(
              kAll16,
              _mm512_maskz_srli_epi32(kAll16, word[p],
                                      static_cast<unsigned>(4 * j)),
              table);
          for (int r = 0; r < kRowCount; ++r) {
            sum[r][p] = _mm512_fmadd_ps(
                weight, _mm512_set1_ps(x[r * call.src_row]), sum[r][p]);
          }
        }
      }
    }
    for (int r = 0; r < kRowCount; ++r) {
      for (int p = 0; p < kPanelCount; ++p) {
        total[r][p] =
            Finish(call, call.panel + p, g, r, sum[r][p], total[r][p]);
      }
    }
  }
  for (int r = 0; r < kRowCount; ++r) {
    for (int p = 0; p < kPanelCount; ++p) {
      _mm512_storeu_ps(call.out + r * call.out_row + p * kPanel, total[r][p]);
    }
  }
}

// As TileF32, two inputs in a lane.
template <int kRowCount, int kPanelCount>
ASSAY_BF16_TARGET inline void TileBf16(const Call& call) {
  const U4Shape& s = call.panels.shape;
  const int64_t words = s.groups * s.group / kStep * kPanel;
  const BFloat16* src = static_cast<const BFloat16*>(call.src);
  alignas(64) BFloat16 values[32];
  for (int i = 0; i < 32; ++i) {
    values[i] = BFloat16(static_cast<float>(i % 16 - 8));
  }
  const __m512i table = _mm512_load_si512(values);
  __m512 total[kRowCount][kPanelCount];
  for (auto& row : total) {
    for (__m512& t : row) t = _mm512_setzero_ps();
  }
  for (int64_t g = 0; g < s.groups; ++g) {
    __m512 sum[kRowCount][kPanelCount];
    for (auto& row : sum) {
      for (__m512& t : row) t = _mm512_setzero_ps();
    }
    const int64_t first = g * s.group / kStep, end = first + WordsOf(s, g);
    for (int64_t w = first; w < end; ++w) {
      __m512i word[kPanelCount];
      for (int p = 0; p < kPanelCount; ++p) {
        word[p] = _mm512_loadu_si512(call.panels.words +
                                     (call.panel + p) * words + w * kPanel);
      }
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const BFloat16* x = src + w * kStep + 2 * j;
        __m512bh pair[kRowCount];
        for (int r = 0; r < kRowCount; ++r) {
          int bits;
          std::memcpy(&bits, x + r * call.src_row, sizeof(bits));
          pair[r] = reinterpret_cast<__m512bh>(_mm512_set1_epi32(bits));
        }
        for (int p = 0; p < kPanelCount; ++p) {
          const __m512bh weight =
              reinterpret_cast<__m512bh>(_mm512_maskz_permutexvar_epi16(
                  kAll32,
                  _mm512_maskz_srli_epi16(kAll32, word[p],
                                          static_cast<unsigned>(4 * j)),
                  table));
          for (int r = 0; r < kRowCount; ++r) {
            sum[r][p] = _mm512_dpbf16_ps(sum[r][p], weight, pair[r]);
          }
        }
      }
    }
    for (int r = 0; r < kRowCount; ++r) {
      for (int p = 0; p < kPanelCount; ++p) {
        total[r][p] =
            Finish(call, call.panel + p, g, r, sum[r][p], total[r][p]);
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

ASSAY_AVX512_TARGET
void RunF32(const Call& call, int rows, int64_t count) {
  switch (rows) {
    case 8:
      return TileF32<8, 1>(call);
    case 4:
      return TileF32<4, 1>(call);
    case 2:
      return TileF32<2, 1>(call);
    default:
      return count == 1 ? TileF32<1, 1>(call) : TileF32<1, kPanelsAtOnce>(call);
  }
}

ASSAY_BF16_TARGET
void RunBf16(const Call& call, int rows, int64_t count) {
  switch (rows) {
    case 8:
      return TileBf16<8, 1>(call);
    case 4:
      return TileBf16<4, 1>(call);
    case 2:
      return TileBf16<2, 1>(call);
    default:
      return count == 1 ? TileBf16<1, 1>(call)
                        : TileBf16<1, kPanelsAtOnce>(call);
  }
}

using RunTile = void (*)(const Call&, int, int64_t);

template <typename T>
void Multiply(RunTile run, const U4Panels& panels, int64_t panel, int64_t count,
              const T* src, int64_t src_row, const float* sums, int rows,
              float* out) {
  const int64_t out_row = count * kPanel;
  for (int row = 0, now; row < rows; row += now) {
    now = 8;
    while (now > rows - row) now /= 2;
    for (int64_t p = 0, wide; p < count; p += wide) {
      wide = now == 1 && count - p >= kPanelsAtOnce ? kPanelsAtOnce : 1;
      run({panels, panel + p, src + row * src_row, src_row,
           sums == nullptr ? nullptr : sums + row * panels.shape.groups,
           out + row * out_row + p * kPanel, out_row},
          now, wide);
    }
  }
}

RunTile ChooseF32() {
  const auto features = CpuFeatures();
  return std::count(features.begin(), features.end(), "avx512f") > 0 ? RunF32
                                                                     : RunPlain;
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

void MultiplyU4(const U4Panels& panels, int64_t panel, int64_t count,
                const float* src, int64_t src_row, const float* sums, int rows,
                float* out) {
  static const RunTile run = ChooseF32();
  Multiply(run, panels, panel, count, src, src_row, sums, rows, out);
}

void MultiplyU4Bf16(const U4Panels& panels, int64_t panel, int64_t count,
                    const BFloat16* src, int64_t src_row, const float* sums,
                    int rows, float* out) {
  Multiply(RunBf16, panels, panel, count, src, src_row, sums, rows, out);
}

void SumGroups(const float* src, const U4Shape& s, float* sums) {
  Sum(src, s, sums);
}

void SumGroups(const BFloat16* src, const U4Shape& s, float* sums) {
  Sum(src, s, sums);
}

}  // namespace assay::cpu

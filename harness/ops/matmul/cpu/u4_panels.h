// Products with weights of 4 bits (ops/quantize/group.h): sixteen outputs at a
// time, which are the lanes of a vector.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_U4_PANELS_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_U4_PANELS_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

constexpr int64_t kPanel = 16;  // outputs
constexpr int64_t kStep = 8;    // inputs in a word of each output

struct U4Shape {
  int64_t outputs = 0, inputs = 0, groups = 0, group = 0;

  int64_t panels() const { return (outputs + kPanel - 1) / kPanel; }
  // Elements of what U4Panels points at.
  int64_t words() const { return panels() * groups * group / kStep * kPanel; }
  int64_t factors() const { return panels() * groups * kPanel; }
  // Elements of a source row that kernels read.
  int64_t width() const { return (inputs + kStep - 1) / kStep * kStep; }
};

// The layer as kernels read it, panel by panel.
//   words  [groups][group / 8][16]: half-byte j < 4 of a word is input 2j of
//          its eight, half-byte 4 + j is input 2j + 1
//   scales [groups][16]
//   zeros  [groups][16], zero point less 8; null: all 0
struct U4Panels {
  U4Shape shape;
  const uint32_t* words = nullptr;
  const float* scales = nullptr;
  const float* zeros = nullptr;
};

void PackWords(const uint8_t* weights, const U4Shape& shape, uint32_t* words);
void PackScales(const float* scales, const U4Shape& shape, float* packed);
void PackScales(const BFloat16* scales, const U4Shape& shape, float* packed);
void PackZeros(const uint8_t* zero_points, const U4Shape& shape, float* packed);

// What one call does best with.
constexpr int kRows = 8;
constexpr int64_t kPanelsAtOnce = 4;

// out[r][lane] for `rows` rows (at most kRows) and the outputs of `count`
// panels from `panel` on; a row of `out` has count * 16 floats. Rows of src lie
// src_row elements apart, at least shape.width(), and hold zeros from `inputs`
// on. sums[r][g], groups floats apart: the sum of a row's group; read where
// there are zeros. A row's result depends on neither `rows` nor `count`.
void MultiplyU4(const U4Panels& panels, int64_t panel, int64_t count,
                const float* src, int64_t src_row, const float* sums, int rows,
                float* out);

// The same of bf16 rows, products exact and summed in f32. Only where the
// processor has avx512_bf16.
void MultiplyU4Bf16(const U4Panels& panels, int64_t panel, int64_t count,
                    const BFloat16* src, int64_t src_row, const float* sums,
                    int rows, float* out);

// The sums of groups of a row.
void SumGroups(const float* src, const U4Shape& shape, float* sums);
void SumGroups(const BFloat16* src, const U4Shape& shape, float* sums);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_U4_PANELS_H_

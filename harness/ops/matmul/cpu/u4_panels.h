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
  // Elements of a source row in its form, zeros from `inputs` on.
  int64_t width() const { return (inputs + kStep - 1) / kStep * kStep; }
};

// The layer as kernels read it, panel by panel.
//   words  [groups][group / 8][16]: the lower half of byte j of a word is input
//          j of its eight, the upper half input 4 + j
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

// How source rows lie for the products.
enum class U4Form : uint8_t {
  kFloats,  // floats, on any processor
  // Two bytes each, of 16 bits in steps of 1/32512 of the group's largest;
  // products exact, and exactly summed within a group; with avx512_vnni.
  kBytes,
};

// The fastest on this processor.
U4Form BestU4Form();

// A source row in its form, at `row`, of U4RowBytes (a multiple of 64).
int64_t U4RowBytes(U4Form form, const U4Shape& shape);
void PrepareU4Row(U4Form form, const float* src, const U4Shape& shape,
                  void* row);
void PrepareU4Row(U4Form form, const BFloat16* src, const U4Shape& shape,
                  void* row);

// What one call does best with.
constexpr int kRows = 8;
constexpr int64_t kPanelsAtOnce = 4;

// out[r][lane] for `rows` prepared rows (at most kRows), one behind the other,
// and the outputs of `count` panels from `panel` on; a row of `out` has
// count * 16 floats. A row's result depends on neither `rows` nor `count`.
void MultiplyU4(U4Form form, const U4Panels& panels, int64_t panel,
                int64_t count, const void* prepared, int rows, float* out);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_U4_PANELS_H_

// How a kernel stores its result where the nodes behind it in its unit round
// it: on a grid of 8 bits, or to bf16.
#ifndef ASSAY_HARNESS_BACKEND_CPU_ROUNDING_H_
#define ASSAY_HARNESS_BACKEND_CPU_ROUNDING_H_

#include "harness/backend/cpu/program_builder.h"
#include "harness/core/dtype.h"

namespace assay::cpu {

struct Rounding {
  DType dtype = DType::kF32;  // of what is stored
  // u8 and s8: saturate(round(y * inverse) + zero), half to even. `inverse` is
  // 1 / scale, so that where y / scale is within a rounding error of a tie the
  // neighbouring step may result.
  float inverse = 1, zero = 0;
};

// The result of the unit that `builder` is at, and how it is stored.
ValueId UnitResult(const ProgramBuilder& builder);
Rounding UnitRounding(const ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_ROUNDING_H_

// The operands of a 4-bit matrix, packed into a program's memory.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_U4_SLOTS_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_U4_SLOTS_H_

#include <cstdint>
#include <vector>

#include "harness/backend/cpu/program_builder.h"
#include "harness/ops/matmul/cpu/u4_panels.h"

namespace assay::cpu {

// As ops/quantize/group.h has them; zero points may be absent.
struct U4Values {
  ValueId weights = kNoValue, scales = kNoValue, zeros = kNoValue;
};

struct U4Slots {
  SlotId words = kNoSlot, scales = kNoSlot, zeros = kNoSlot;

  U4Panels At(void* const* slots, const U4Shape& shape) const;
  void AppendTo(std::vector<SlotId>* slots) const;  // those that are there
};

// Rows [first_row, first_row + shape.outputs) of a matrix. Constants are packed
// now, others by a step on every run.
U4Slots PackU4(ProgramBuilder& builder, const U4Values& values,
               const U4Shape& shape, int64_t first_row);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_U4_SLOTS_H_

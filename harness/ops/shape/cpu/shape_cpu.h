// Kernels that move elements, on the CPU. slice, pad and concat keep channel
// blocks where whole blocks move.
#ifndef ASSAY_HARNESS_OPS_SHAPE_CPU_SHAPE_CPU_H_
#define ASSAY_HARNESS_OPS_SHAPE_CPU_SHAPE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeReshape(ProgramBuilder& builder);  // no step: the same memory
absl::Status MakeTranspose(ProgramBuilder& builder);
absl::Status MakeSlice(ProgramBuilder& builder);
absl::Status MakePad(ProgramBuilder& builder);
absl::Status MakeConcat(ProgramBuilder& builder);
absl::Status MakeBroadcastTo(ProgramBuilder& builder);
absl::Status MakeRepeatHeads(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_SHAPE_CPU_SHAPE_CPU_H_

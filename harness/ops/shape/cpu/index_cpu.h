// Kernels that index rows, on the CPU. An index out of range is OUT_OF_RANGE.
#ifndef ASSAY_HARNESS_OPS_SHAPE_CPU_INDEX_CPU_H_
#define ASSAY_HARNESS_OPS_SHAPE_CPU_INDEX_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeGather(ProgramBuilder& builder);
absl::Status MakeScatterAdd(ProgramBuilder& builder);
absl::Status MakeOneHot(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_SHAPE_CPU_INDEX_CPU_H_

// Kernels of the elementwise ops on the CPU.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_ELEMENTWISE_CPU_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_ELEMENTWISE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// One expression of all nodes of the unit. Runs in the layout of its operands
// where all have the result's shape or are scalars, else on row-major tensors.
absl::Status MakeElementwise(ProgramBuilder& builder);

// identity, stop_gradient, dropout in inference: the operand's memory.
absl::Status MakeIdentity(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_ELEMENTWISE_CPU_H_

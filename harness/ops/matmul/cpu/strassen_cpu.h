// Products of f32 with constant weights by strassen_rows.h.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_STRASSEN_CPU_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_STRASSEN_CPU_H_

#include "harness/backend/cpu/program_builder.h"
#include "harness/ops/matmul/cpu/strassen_rows.h"

namespace assay::cpu {

// Whether these kernels compute the product of builder.node(), a linear layer,
// and are expected to be faster than oneDNN's: with AVX-512, f32, constant
// weights and sides that are worth halving. Not where CpuOptions forbid it.
bool SuitsStrassen(ProgramBuilder& builder);

// The step that multiplies operand 0 by operand 1, adds operand 2 and what
// `epilogue` says, and writes `dst`, row-major.
void AddStrassen(ProgramBuilder& builder, ProductEpilogue epilogue, SlotId dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_STRASSEN_CPU_H_

// The gradients of a linear layer's weights and bias as one step.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_OUTER_CPU_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_OUTER_CPU_H_

#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// The step of a matmul with a transposed left side whose unit also has the
// reduce_sum of that side over its rows.
void MakeOuterProducts(ProgramBuilder& b, NodeId sum);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_OUTER_CPU_H_

// Kernels of layer and RMS normalisation over the last axis, on the CPU.
#ifndef ASSAY_HARNESS_OPS_NORM_CPU_ROW_NORM_CPU_H_
#define ASSAY_HARNESS_OPS_NORM_CPU_ROW_NORM_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// layer_norm, rms_norm.
absl::Status MakeRowNorm(ProgramBuilder& builder);
// layer_norm_backward, rms_norm_backward.
absl::Status MakeRowNormBackward(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_NORM_CPU_ROW_NORM_CPU_H_

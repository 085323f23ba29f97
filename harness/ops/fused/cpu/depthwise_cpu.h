// Depthwise 3x3 convolutions of bytes, of which oneDNN multiplies a few a
// cycle.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// Whether the unit is a conv2d_fused that MakeByteDepthwise computes: u8 to u8
// or s8, one channel a group, a dense 3x3 kernel, constant weights and bias, no
// residual, no activation but relu and relu6, on a processor with VNNI.
bool IsByteDepthwise(const ProgramBuilder& builder);

// Reads and writes channels last.
absl::Status MakeByteDepthwise(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_CPU_H_

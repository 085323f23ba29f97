// Depthwise 3x3 convolutions: bytes, of which oneDNN multiplies a few a cycle,
// and floats, which it reads again for every product.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// Whether the unit is a conv2d_fused that MakeDepthwise computes: one channel a
// group, a dense 3x3 kernel, constant weights and bias, no residual, no
// activation but relu and relu6, and
//   u8 to u8 or s8, on a processor with VNNI, or
//   f32 to f32 or bf16 to bf16, of whole blocks of sixteen channels, on one
//   that takes sixteen floats at a time (and multiplies bf16).
bool IsDepthwise(const ProgramBuilder& builder);

// Bytes have their channels last; floats lie as they come, or in blocks.
absl::Status MakeDepthwise(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_CPU_H_

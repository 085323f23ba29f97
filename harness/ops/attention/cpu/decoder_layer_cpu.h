// The kernel of decoder_layer on the CPU: one team of threads for the whole
// layer, matrices packed for reading once.
#ifndef ASSAY_HARNESS_OPS_ATTENTION_CPU_DECODER_LAYER_CPU_H_
#define ASSAY_HARNESS_OPS_ATTENTION_CPU_DECODER_LAYER_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// Constant matrices are packed at compile time, others on every run.
absl::Status MakeDecoderLayer(ProgramBuilder& builder);

// f32 activations with f32, bf16 or s8 matrices, on any processor.
absl::Status SupportsDecoderLayer(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_ATTENTION_CPU_DECODER_LAYER_CPU_H_

// Decoders: causal language models in today's form (RMSNorm, rotary positions,
// SwiGLU, grouped queries, tied head), small.
#ifndef ASSAY_HARNESS_MODELS_LMD_LMD_H_
#define ASSAY_HARNESS_MODELS_LMD_LMD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

struct LmdOptions {
  std::string name = "lmd-xs";
  int64_t vocabulary = 256;
  int64_t layers = 4;
  int64_t features = 128;
  int64_t heads = 4;      // of queries
  int64_t kv_heads = 4;   // of keys and values; divides heads
  int64_t hidden = 344;   // of the MLP
  int64_t context = 128;  // tokens
};

// x = E[tokens]; each layer x += Wo attention(rms1(x)), x += Wd(silu(Wg r) * Wu
// r) with r = rms2(x); logits = E rms_f(x). No biases. Query head i reads
// key-value head i * kv_heads / heads; rotary positions start at 0. Matrices
// start N(0, 0.02^2); Wo and Wd N(0, (0.02 / sqrt(2 layers))^2); norms 1.
//
// Input "tokens" s32 [N,context], output "logits" [N,context,vocabulary];
// ReferenceGraphOptions::input gives another context, classes another
// vocabulary. Parameters: "embedding.weights",
// "layers.0.norm1.scale",
// "layers.0.attention.{query,key,value,output}.weights",
// "layers.0.norm2.scale", "layers.0.mlp.{gate,up,down}.weights", "norm.scale".
// INVALID_ARGUMENT: heads that do not divide.
absl::StatusOr<ReferenceGraph> Lmd(const OpSet& ops, const LmdOptions& lmd,
                                   const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LMD_LMD_H_

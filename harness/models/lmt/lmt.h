// Encoder-decoder transformers for sequences to sequences (Vaswani et al.
// 2017).
#ifndef ASSAY_HARNESS_MODELS_LMT_LMT_H_
#define ASSAY_HARNESS_MODELS_LMT_LMT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

struct LmtOptions {
  std::string name = "lmt-xs";
  int64_t vocabulary = 256;  // of both sides
  int64_t encoder_layers = 2;
  int64_t decoder_layers = 2;
  int64_t features = 128;
  int64_t heads = 4;  // divides features
  int64_t hidden = 512;
  int64_t length = 64;  // of both sequences
  double dropout = 0.1;
};

// One table E for both sides and the output. Embedding = sqrt(features)
// E[token] plus sinusoids of the position (cosines in the first half of the
// features, sines in the second); post-norm layers with biases and ReLU:
// attention and MLP; in the decoder causal attention, attention over the
// encoder's result and MLP. Logits = E x. Token 0 of the source is padding,
// which nothing attends to.
//
// Inputs "tokens" s32 [N,S] (the source) and "prefix" s32 [N,T] (the target,
// shifted by one); output "logits" [N,T,vocabulary].
// ReferenceGraphOptions::input {S} or {S,T} gives other lengths, classes
// another vocabulary. Parameters: "embedding.weights",
// "encoder.0.attention.query.weights", "encoder.0.norm1.scale",
// "encoder.0.mlp.up.weights", "decoder.0.cross.query.weights".
// INVALID_ARGUMENT: heads that do not divide.
absl::StatusOr<ReferenceGraph> Lmt(const OpSet& ops, const LmtOptions& lmt,
                                   const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LMT_LMT_H_

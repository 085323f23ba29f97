// Encoders: text classifiers in BERT's form (Devlin et al. 2019), small.
#ifndef ASSAY_HARNESS_MODELS_LME_LME_H_
#define ASSAY_HARNESS_MODELS_LME_LME_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// Paths of an encoder's layers. Those in the second half follow `layer` and the
// layer's number.
struct EncoderNames {
  std::string token = "embedding.token";
  std::string position = "embedding.position";
  std::string type = "embedding.type";
  std::string norm = "embedding.norm";
  std::string pooler = "pooler";
  std::string layer = "layers.";
  std::string query = ".attention.query";
  std::string key = ".attention.key";
  std::string value = ".attention.value";
  std::string output = ".attention.output";
  std::string norm1 = ".norm1";
  std::string up = ".mlp.up";
  std::string down = ".mlp.down";
  std::string norm2 = ".norm2";
};

struct LmeOptions {
  std::string name = "lme-s";
  int64_t vocabulary = 8192;
  int64_t layers = 4;
  int64_t features = 128;
  int64_t heads = 4;
  int64_t hidden = 512;
  int64_t positions = 64;  // rows of the position table
  int64_t length = 0;      // of the input; 0: as many as there are positions
  bool pre_norm = false;   // norm in front of each sub-layer, one at the end
  double dropout = 0.1;
  EncoderNames names = {};
};

// Token 0 is padding, which nothing attends to; token 0 of the sequence is the
// one that is pooled ([CLS]). Embedding = norm(token + position + type);
// attention and gelu MLP with biases, post-norm; pooler tanh(linear) of the
// first position; linear classifier. Matrices start N(0, 0.02^2), biases 0.
//
// Input "tokens" s32 [N,length], with length <= positions; "logits"
// [N,classes], 2 by default. Single sequences: every type id
// is 0, so the type table's first row is added everywhere.
// INVALID_ARGUMENT: length above positions, or heads that do not divide.
absl::StatusOr<ReferenceGraph> Lme(const OpSet& ops, const LmeOptions& lme,
                                   const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LME_LME_H_

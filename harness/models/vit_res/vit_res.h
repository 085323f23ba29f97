// Multi-stage vision transformers with residual spatial reduction (Liao et al.
// 2021, ViT-ResNAS).
#ifndef ASSAY_HARNESS_MODELS_VIT_RES_VIT_RES_H_
#define ASSAY_HARNESS_MODELS_VIT_RES_VIT_RES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

struct VitResStage {
  int64_t blocks = 6;
  int64_t features = 256;
  int64_t heads = 6;
  int64_t head_features = 32;  // heads * head_features need not be features
  int64_t hidden = 768;        // of the MLP
};

// The largest network of the paper's tiny space by default.
struct VitResOptions {
  std::string name = "vit-res";
  Shape image = {3, 224, 224};
  // Channels of the three 3x3 convolutions in front, the first of stride 2; 0:
  // none.
  int64_t stem = 24;
  int64_t patch = 7;  // of the convolution behind them
  std::vector<VitResStage> stages = {
      {6, 256, 6, 32, 768}, {6, 512, 12, 48, 1536}, {6, 1024, 12, 64, 3072}};
  int64_t classes = 1000;
};

// A class token and positions; stages of pre-norm blocks (attention, gelu MLP).
// Between stages a spatial reduction: of the normed tokens a 3x3 convolution of
// stride 2 over the grid with positions of its own, and a linear layer for the
// class token, plus the 2x2 means of the tokens and the class token as they
// were, with zeros for the further features. Norm and linear of the class
// token. Input "image" [N,C,H,W]. Parameters: "stem.conv1.weights",
// "patch.weights", "token", "positions", "stage1.0.attn.qkv.weights",
// "reduce1.norm.scale", "reduce1.conv.weights", "reduce1.token.weights",
// "reduce1.positions", "norm", "head". INVALID_ARGUMENT: an image that is not
// of whole patches, or a grid of odd extents in front of a reduction.
absl::StatusOr<ReferenceGraph> VitRes(const OpSet& ops,
                                      const VitResOptions& vit_res,
                                      const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_VIT_RES_VIT_RES_H_

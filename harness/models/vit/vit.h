// Vision transformers (Dosovitskiy et al. 2021), as DeiT trains them (Touvron
// et al. 2021).
#ifndef ASSAY_HARNESS_MODELS_VIT_VIT_H_
#define ASSAY_HARNESS_MODELS_VIT_VIT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// DeiT-Tiny by default.
struct VitOptions {
  std::string name = "vit-tiny";
  Shape image = {3, 224, 224};
  int64_t patch = 16;  // pixels of a side; divides height and width
  int64_t features = 192;
  int64_t layers = 12;
  int64_t heads = 3;  // divides features
  int64_t hidden = 768;
  int64_t classes = 1000;
};

// Patches by a convolution, a class token in front, positions added; pre-norm
// blocks of attention (queries, keys and values from one layer) and a gelu MLP;
// norm; linear of the class token. Linear layers start N(0, 0.02^2), biases 0.
//
// Input "image" [N,C,H,W], output "logits". Parameters are called as timm does
// for deit_tiny_patch16_224 ("cls_token", "pos_embed",
// "patch_embed.proj.weights", "blocks.0.attn.qkv.weights",
// "blocks.0.norm1.scale", "head.bias"), so that its weights fit by FromTorch
// (torch_names.h). INVALID_ARGUMENT: a patch that does not divide the image,
// heads that do not divide the features.
absl::StatusOr<ReferenceGraph> Vit(const OpSet& ops, const VitOptions& vit,
                                   const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_VIT_VIT_H_

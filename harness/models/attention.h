// Multi-head attention, composed of matmul, softmax and reshapes; and what
// transformers over images have around it.
#ifndef ASSAY_HARNESS_MODELS_ATTENTION_H_
#define ASSAY_HARNESS_MODELS_ATTENTION_H_

#include <cstdint>
#include <string>

#include "harness/models/layers.h"

namespace assay {

// [N,T,heads*D] -> [N,heads,T,D] and back.
ValueId SplitHeads(LayerBuilder& net, ValueId x, int64_t heads);
ValueId MergeHeads(LayerBuilder& net, ValueId x);

// softmax(q k' / sqrt(D) + mask) v for q [N,H,T,D] and k, v [N,H,S,D]. `mask`
// is added and broadcasts to [N,H,T,S]: 0 where attention is allowed, kMasked
// elsewhere; kNoValue: allowed everywhere.
ValueId Attend(LayerBuilder& net, ValueId q, ValueId k, ValueId v,
               ValueId mask);

// Elements [start, end) of the last axis.
ValueId LastAxisSlice(LayerBuilder& net, ValueId x, int64_t start, int64_t end);

// Of x [N,T,D] everything to everything, queries, keys and values from one
// linear layer `path`.qkv of 3 * heads * head_features, and `path`.proj back to
// D. Weights N(0, stddev^2), biases 0.
ValueId SelfAttention(LayerBuilder& net, ValueId x, const std::string& path,
                      int64_t heads, int64_t head_features, double stddev);

// `path`.fc1 to `hidden` features, gelu, `path`.fc2 back to those of x.
ValueId GeluMlp(LayerBuilder& net, ValueId x, const std::string& path,
                int64_t hidden, double stddev);

// Patches of `patch` x `patch` pixels by a convolution `path` with bias:
// [N,C,H,W] to [N,features,H/patch,W/patch]. Starts as PyTorch's convolutions
// do.
ValueId PatchGrid(LayerBuilder& net, ValueId image, const std::string& path,
                  int64_t features, int64_t patch);
// [N,D,H,W] -> [N,H*W,D].
ValueId GridTokens(LayerBuilder& net, ValueId grid);

// A learnt token in front of x [N,T,D], and learnt positions: [N,1+T,D]. Added,
// not concatenated, so that nothing depends on the batch. N(0, stddev^2).
ValueId TokenAndPositions(LayerBuilder& net, ValueId x,
                          const std::string& token,
                          const std::string& positions, double stddev);

// Far below any score, so that its exponential is exactly 0, yet finite, so
// that ranges and gradients stay numbers.
inline constexpr double kMasked = -1e9;

// f32 [length,length], query by key: 0 up to the diagonal, kMasked beyond. Made
// of nodes over a scalar, so that no constant counts as a parameter.
ValueId CausalMask(LayerBuilder& net, int64_t length);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ATTENTION_H_

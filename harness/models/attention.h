// Multi-head attention, composed of matmul, softmax and reshapes.
#ifndef ASSAY_HARNESS_MODELS_ATTENTION_H_
#define ASSAY_HARNESS_MODELS_ATTENTION_H_

#include <cstdint>

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

// Far below any score, so that its exponential is exactly 0, yet finite, so
// that ranges and gradients stay numbers.
inline constexpr double kMasked = -1e9;

// f32 [length,length], query by key: 0 up to the diagonal, kMasked beyond. Made
// of nodes over a scalar, so that no constant counts as a parameter.
ValueId CausalMask(LayerBuilder& net, int64_t length);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ATTENTION_H_

// The gradient of attention_fused. Not differentiated: a graph that is to be
// differentiated twice keeps attention as products and softmax.
//
// Operands: query, key, value as attention_fused has them; gradient [B, T,
// H * D] of its result, of query's type; its mask or none. Attributes: those of
// attention_fused, and
//   packed   1: query, key and value are the same tensor, whose views do not
//            overlap, and there is one result. Default 0
//
// Results: the gradients of query, key and value, of their shapes and types, or
// with `packed` the one of them all; 0 where no view reads. Each view must read
// no element twice. With P the weights and G the gradient of a head,
//   dV = P' G,  dP = G V',  dS = P * (dP - rowsum(P * dP)),
//   dQ = scale * dS K,  dK = scale * dS' Q
// and dK and dV are summed over the queries' heads that share them. The weights
// are computed again instead of kept, as in FlashAttention (Dao et al. 2022).
//
// Cost: 5 * B * H * T * S * D multiply-accumulates.
#ifndef ASSAY_HARNESS_OPS_FUSED_ATTENTION_BACKWARD_H_
#define ASSAY_HARNESS_OPS_FUSED_ATTENTION_BACKWARD_H_

#include <cstddef>
#include <cstdint>

#include "harness/graph/op_schema.h"

namespace assay {

// True when the three views of `attributes`, over one tensor, read no element
// twice. False where it is not obvious.
bool ViewsLieApart(const Attributes& attributes);

// Elements of result i that the views fill.
int64_t FilledByViews(const Attributes& attributes, size_t i);

OpSchema AttentionBackwardSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_FUSED_ATTENTION_BACKWARD_H_

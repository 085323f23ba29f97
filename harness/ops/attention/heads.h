// What attention needs beside matmul, add and softmax: [B,H,T,D] tensors of
// heads. Cost: a few operations per element; no multiply-accumulates are
// counted.
#ifndef ASSAY_HARNESS_OPS_ATTENTION_HEADS_H_
#define ASSAY_HARNESS_OPS_ATTENTION_HEADS_H_

#include "harness/graph/op_schema.h"

namespace assay {

// Rotary position embedding, half-split form: for i < D/2 (D is even) the pair
// (src[..,t,i], src[..,t,i + D/2]) is turned by the angle
// (t + offset) * base^(-2i/D), with inverse=1 by its negative.
//
//   base      real, above 0, default 10000.
//   offset    of the first position, default 0.
//   gradient  rope with `inverse` flipped; any number of times.
//
// Floats; angles are computed in double.
OpSchema RopeSchema();

// [B,KV,T,D] to [B,KV*repeats,T,D]: head h of dst is head h / repeats of src
// (grouped-query attention). Floats. Differentiates any number of times.
OpSchema RepeatHeadsSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ATTENTION_HEADS_H_

// A decoder that takes one token at a time and remembers the ones before.
#ifndef ASSAY_HARNESS_MODELS_LMD_LMD_DECODER_H_
#define ASSAY_HARNESS_MODELS_LMD_LMD_DECODER_H_

#include "absl/status/statusor.h"
#include "harness/core/dtype.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/lmd/lmd.h"

namespace assay {

struct LmdDecoder {
  Graph graph;
  // The empty caches: "layers.0.keys", "layers.0.values", ... A run writes
  // them; a new sequence begins at position 0 and need not clear them.
  ParameterStore caches;
};

// What Lmd() computes for one more token, as a plan: the network's parameters
// are constants, matrices of layers in `matrices` (f32, bf16, s8 with a scale
// per row, symmetric, or u8: 4 bits in groups of 32 with scale and zero point);
// embedding and output layer stay f32.
//
// Inputs "token" s32 [1] and "position" s32 []: 0 for the first token of a
// sequence, one more for each. Outputs "logits" f32 [1,vocabulary] and
// "next" s32 [1], the most likely token. Positions go up to lmd.context - 1.
//
// NOT_FOUND: a parameter that the store lacks; INVALID_ARGUMENT: another shape,
// or another type of matrices.
absl::StatusOr<LmdDecoder> MakeLmdDecoder(const OpSet& ops,
                                          const LmdOptions& lmd,
                                          const ParameterStore& parameters,
                                          DType matrices);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LMD_LMD_DECODER_H_

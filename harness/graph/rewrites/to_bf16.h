// Mixed precision: bf16 where the multiplications are, f32 where it matters.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_TO_BF16_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_TO_BF16_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy in which f32 values are handled by the kind of node that reads them:
//   conv2d, linear, matmul          every operand is cast to bf16
//   batch_norm(_training), layer_norm, rms_norm
//                                   the source comes as it is; scale, shift and
//                                   statistics stay f32
//   elementwise ops, pooling, reductions, ops that move elements
//                                   bf16 when all activations among the
//                                   operands are bf16 (parameters and constants
//                                   follow); otherwise f32
//   everything else (softmax, losses, gather, exp, log, optimiser steps)
//                                   f32
// Parameters, inputs, outputs and updates keep their types: parameters are the
// f32 master weights, cast inside the graph, so that AddGradients gives f32
// gradients of them. Apply before AddGradients, after ToTraining. f64 values
// are left alone.
absl::StatusOr<Graph> ToBf16(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_TO_BF16_H_

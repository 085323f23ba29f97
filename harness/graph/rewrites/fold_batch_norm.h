// Batch norms melt into the convolution or linear layer before them.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FOLD_BATCH_NORM_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FOLD_BATCH_NORM_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct FoldedNetwork {
  Graph graph;
  ParameterStore parameters;
};

// For every batch_norm whose source is a conv2d, a conv_transpose2d or a linear
// of rank 2 with no other reader, per output channel (in double precision):
//   weights := weights * scale / sqrt(variance + epsilon)
//   bias    := (bias - mean) * scale / sqrt(variance + epsilon) + shift
// A layer without bias gets the parameter "<layer>.bias". The layer's result
// keeps the name of the layer. A batch_norm stays where weights or bias are not
// parameters, or are read elsewhere too, or where its own operands are not all
// parameters. The result's store holds folded copies and lacks what the graph
// no longer reads; tensors of `parameters` are not changed. NOT_FOUND names a
// parameter that `parameters` lacks.
absl::StatusOr<FoldedNetwork> FoldBatchNorm(const Graph& graph,
                                            const ParameterStore& parameters);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FOLD_BATCH_NORM_H_

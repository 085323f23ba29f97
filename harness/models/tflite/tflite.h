// TensorFlow Lite in: float networks of convolutions as Assay graphs.
#ifndef ASSAY_HARNESS_MODELS_TFLITE_TFLITE_H_
#define ASSAY_HARNESS_MODELS_TFLITE_TFLITE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct ImportedGraph {
  Graph graph;
  ParameterStore parameters;
};

// Reads a model with one subgraph, one input and one output of f32, made of
// CONV_2D, DEPTHWISE_CONV_2D, ADD, AVERAGE_POOL_2D, RESHAPE (of a 1x1 image to
// a row), FULLY_CONNECTED and a last SOFTMAX, which is left out: the output
// "logits" is what it reads. The input [N,H,W,C] becomes `input`, [N,C,H,W];
// weights are transposed to match. Parameters are named after their operators'
// order: "conv1.weights", "depthwise2.bias", "linear1.weights".
//
// INVALID_ARGUMENT: bytes that are no such file; the message names `where` and
// the offset or the operator. UNIMPLEMENTED: an operator, type or option that
// is not listed.
absl::StatusOr<ImportedGraph> ImportTflite(absl::string_view bytes,
                                           absl::string_view where,
                                           absl::string_view input,
                                           const OpSet& ops);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TFLITE_TFLITE_H_

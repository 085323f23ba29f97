// ONNX in, with the decisions that only a run can make.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_IMPORT_DYNAMIC_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_IMPORT_DYNAMIC_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

struct OnnxDynamicNetwork {
  // Inputs and outputs under the file's names and in its order and types.
  DynamicGraph graph;
  ParameterStore parameters;
  std::vector<std::string> bound;  // as in OnnxNetwork
};

// Whether an If or a Loop stands in the model's graph, its functions left out.
bool HasControlFlow(const OnnxModel& model);

// Whether a run of the network decides anything: false where every condition
// was known at import, which ImportOnnx then does as well.
bool Decides(const DynamicGraph& graph);

// Imports a model. What stands between conditionals and loops are pieces,
// imported as ImportOnnx does.
//
//   If    a conditional, where its condition is computed by a run; where its
//         branches give other types, both go on with what stands behind it
//   Loop  written out where trip count and condition are known at import; else
//         a While whose predicate is the condition, and the trip count where
//         that is computed by a run
//
// A parameter that two pieces store differently stands twice, the second time
// with a suffix. `options.values` serve shapes within pieces, not conditions.
//
// Errors as ImportOnnx; UNIMPLEMENTED too: values from one iteration to the
// next whose types differ, also by way of a branch; values that are collected
// over iterations whose number is not known; Ifs in a row whose branches give
// other types, so that what stands behind them is imported over 255 times.
absl::StatusOr<OnnxDynamicNetwork> ImportDynamicOnnx(
    const OnnxModel& model, const OnnxImportOptions& options, const OpSet& ops);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_IMPORT_DYNAMIC_H_

// Networks with control flow as ONNX models: conditionals as If, loops as Loop.
#ifndef ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORT_DYNAMIC_H_
#define ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORT_DYNAMIC_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/onnx/export/export.h"

namespace assay {

struct OnnxModel;

struct DynamicExportOptions {
  // Loops of so many iterations are written out, others become a Loop.
  int64_t unroll_limit = 0;
  // dynamic_batch is off: a batch that decides as one has a fixed size.
  OnnxExportOptions onnx = {};
};

// A whole network (VerifyDynamic), for inputs of exactly its types. Pieces are
// written as ExportOnnx writes graphs.
//
//   If      a branch gives what it assigns and what is read later; one that
//           returns takes the rest of the network into it, since ONNX has no
//           return
//   While   a Loop with its maximum as trip count; For one without a condition
//   others  predicates are nodes on what they read, in its element type
//
// UNIMPLEMENTED: what ExportOnnx refuses; a return within a loop that is not
// written out; a variable whose types differ where paths join or from one
// iteration to the next. INVALID_ARGUMENT as VerifyDynamic and JoinStraight.
absl::StatusOr<OnnxModel> ExportDynamicOnnx(
    const DynamicGraph& graph, const ParameterStore& parameters,
    const DynamicExportOptions& options = {});

// The same, written to a file atomically.
absl::Status WriteDynamicOnnxFile(const std::string& path,
                                  const DynamicGraph& graph,
                                  const ParameterStore& parameters,
                                  const DynamicExportOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORT_DYNAMIC_H_

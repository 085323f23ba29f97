#include "harness/models/onnx/import/import_dynamic.h"

#include <algorithm>

#include "harness/core/status_macros.h"
#include "harness/models/onnx/import/dynamic_importer.h"
#include "harness/models/onnx/import/inputs.h"

namespace assay {

bool HasControlFlow(const OnnxModel& model) {
  return std::any_of(model.graph.nodes.begin(), model.graph.nodes.end(),
                     IsOnnxControl);
}

bool Decides(const DynamicGraph& graph) {
  return std::any_of(
      graph.body.begin(), graph.body.end(), [](const Statement& s) {
        return !IsStraight(s.kind) && s.kind != StatementKind::kReturn;
      });
}

absl::StatusOr<OnnxDynamicNetwork> ImportDynamicOnnx(
    const OnnxModel& model, const OnnxImportOptions& options,
    const OpSet& ops) {
  ASSAY_RETURN_IF_ERROR(CheckOnnxOptions(model, options));
  return DynamicImporter(model, options, ops).Run();
}

}  // namespace assay

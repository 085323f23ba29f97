#include "harness/models/onnx/export/names.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {

std::string OnnxNames::Fresh(absl::string_view wanted) {
  std::string name(wanted);
  for (int64_t suffix = 2; !taken_.insert(name).second; ++suffix) {
    name = absl::StrCat(wanted, "_", suffix);
  }
  return name;
}

absl::Status OnnxNames::NameOutputs(const Graph& graph) {
  for (const Graph::Output& output : graph.outputs()) {
    std::string& name = names_[static_cast<size_t>(output.value)];
    if (name == output.name) continue;
    if (!taken_.insert(output.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("output \"", output.name,
                       "\": expected a name that no input and no parameter "
                       "has; ONNX gives values and outputs one name"));
    }
    if (name.empty() && graph.value(output.value).kind == ValueKind::kResult) {
      name = output.name;
    } else {
      copies_.emplace_back(output.name, output.value);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<OnnxNames> OnnxNames::Of(const Graph& graph) {
  OnnxNames names;
  names.names_.resize(static_cast<size_t>(graph.value_count()));
  for (const auto* ids : {&graph.inputs(), &graph.parameters()}) {
    for (const ValueId id : *ids) {
      names.names_[static_cast<size_t>(id)] = names.Fresh(graph.value(id).name);
    }
  }
  ASSAY_RETURN_IF_ERROR(names.NameOutputs(graph));
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    std::string& name = names.names_[static_cast<size_t>(id)];
    if (name.empty()) name = names.Fresh(graph.value(id).name);
  }
  return names;
}

}  // namespace assay

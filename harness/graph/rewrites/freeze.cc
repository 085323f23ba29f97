#include "harness/graph/rewrites/freeze.h"

#include "absl/strings/str_cat.h"
#include "harness/graph/copier.h"

namespace assay {

absl::StatusOr<Graph> Freeze(const Graph& graph,
                             const ParameterStore& parameters) {
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    const Value& value = graph.value(id);
    if (value.kind != ValueKind::kParameter) return false;
    const Tensor* tensor = parameters.Find(value.name);
    if (tensor == nullptr) return false;
    if (tensor->dtype() != value.type.dtype ||
        tensor->shape() != value.type.shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter '", value.name, "': expected ",
                       ToString(value.type), ", got ", tensor->TypeString()));
    }
    copier.Set(id, copier.b().Constant(*tensor, value.name));
    return true;
  };
  return CopyGraph(graph, hooks);
}

}  // namespace assay

#include "harness/graph/rewrites/apply_masks.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {

std::string MaskName(absl::string_view parameter) {
  return absl::StrCat(parameter, ".mask");
}

std::string MaskedName(absl::string_view parameter) {
  return absl::StrCat(parameter, ".masked");
}

absl::StatusOr<Graph> ApplyMasks(const Graph& graph,
                                 absl::Span<const std::string> parameters) {
  absl::flat_hash_set<ValueId> masked;
  for (const std::string& name : parameters) {
    const ValueId id = graph.FindValue(name);
    if (id == kNoValue || graph.value(id).kind != ValueKind::kParameter) {
      return absl::NotFoundError(
          absl::StrCat("ApplyMasks: no parameter '", name, "' in the graph"));
    }
    masked.insert(id);
  }
  absl::flat_hash_map<ValueId, ValueId> plain;  // in the graph -> in the copy
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    if (!masked.contains(id)) return false;
    ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(id));
    plain[id] = copier.Map(id);
    const Value& value = graph.value(id);
    GraphBuilder& b = copier.b();
    const ValueId mask =
        b.Parameter(MaskName(value.name), value.type.dtype, value.type.shape);
    copier.Set(id, b.Op("mul", {plain[id], b.Op("stop_gradient", {mask})}, {},
                        MaskedName(value.name)));
    return true;
  };
  // Outputs and updates are copied last and see the parameter again.
  hooks.finish = [&](GraphCopier& copier) {
    for (const auto& [from, to] : plain) copier.Set(from, to);
    return absl::OkStatus();
  };
  return CopyGraph(graph, hooks);
}

}  // namespace assay

#include "harness/models/dynamic/dynamic_network.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {

absl::StatusOr<ParameterStore> Initialise(const DynamicNetwork& network,
                                          uint64_t seed) {
  return Initialise(network.whole.graph, network.whole.initialisers, seed);
}

ValueId NetworkExtender::Parameter(std::string name, Shape shape,
                                   Initialiser::Kind kind, double value) {
  network_->initialisers.push_back({name, kind, value});
  return b_.Parameter(std::move(name), DType::kF32, std::move(shape));
}

ValueId NetworkExtender::Linear(ValueId x, absl::string_view path,
                                int64_t features) {
  if (!b_.ok()) return kNoValue;
  const Shape shape = {features, b_.shape(x).back()};
  const ValueId weights =
      Parameter(absl::StrCat(path, ".weights"), shape,
                Initialiser::Kind::kNormal, LecunFanIn(shape));
  const ValueId bias = Parameter(absl::StrCat(path, ".bias"), {features},
                                 Initialiser::Kind::kConstant, 0);
  return b_.Op("linear", {x, weights, bias});
}

ValueId NetworkExtender::PooledLinear(ValueId x, absl::string_view path,
                                      int64_t features) {
  return Linear(b_.ReduceMean(x, {2, 3}, false), path, features);
}

std::vector<ValueId> ResultsOf(const Graph& graph, absl::string_view op) {
  std::vector<ValueId> results;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (graph.node(id).op == op) results.push_back(graph.node(id).outputs[0]);
  }
  return results;
}

absl::StatusOr<ReferenceGraph> WithPrefix(const ReferenceGraph& network,
                                          absl::string_view prefix) {
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    const Value& value = network.graph.value(id);
    if (value.kind != ValueKind::kParameter) return false;
    copier.Set(id, copier.b().Parameter(absl::StrCat(prefix, value.name),
                                        value.type.dtype, value.type.shape));
    return true;
  };
  ASSAY_ASSIGN_OR_RETURN(Graph graph, CopyGraph(network.graph, hooks));
  ReferenceGraph renamed{std::move(graph), network.initialisers};
  for (Initialiser& initialiser : renamed.initialisers) {
    initialiser.parameter = absl::StrCat(prefix, initialiser.parameter);
  }
  return renamed;
}

}  // namespace assay

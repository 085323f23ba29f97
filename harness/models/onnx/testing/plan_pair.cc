#include "harness/models/onnx/testing/plan_pair.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/models/init.h"
#include "harness/models/onnx/export/export.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

std::string TypesOf(const Graph& plan, const std::vector<ValueId>& values) {
  return absl::StrJoin(values, ", ", [&](std::string* out, ValueId id) {
    absl::StrAppend(out, id == kNoValue ? "_" : ToString(plan.type(id)));
  });
}

absl::StatusOr<Graph> Lower(const Graph& graph, const ParameterStore& store,
                            int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(const Graph batched, Rebatch(graph, batch));
  ASSAY_ASSIGN_OR_RETURN(LoweredNetwork lowered,
                         LowerForInference(batched, store));
  return std::move(lowered.graph);
}

void AddOnly(const char* whose, const std::vector<std::string>& nodes,
             const std::vector<std::string>& others,
             std::vector<std::string>* differences) {
  std::vector<std::string> a = nodes, b = others, only;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                      std::back_inserter(only));
  for (const std::string& node : only) {
    differences->push_back(absl::StrCat(whose, ": ", node));
  }
}

}  // namespace

absl::StatusOr<PlanPair> MakePlanPair(const std::string& network,
                                      int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph net,
                         BuildReferenceGraph(network, StandardOps()));
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore store,
                         Initialise(net.graph, net.initialisers, 1));
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel out, ExportOnnx(net.graph, store));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeOnnxModel(out));
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel in,
                         ParseOnnxModel(bytes, network, ""));
  ASSAY_ASSIGN_OR_RETURN(const OnnxNetwork imported,
                         ImportOnnx(in, OnnxImportOptions(), StandardOps()));
  ASSAY_ASSIGN_OR_RETURN(Graph own, Lower(net.graph, store, batch));
  ASSAY_ASSIGN_OR_RETURN(Graph other,
                         Lower(imported.graph, imported.parameters, batch));
  return PlanPair{std::move(own), std::move(other)};
}

std::vector<std::string> NodesOf(const Graph& plan) {
  std::vector<std::string> nodes;
  for (NodeId id = 0; id < plan.node_count(); ++id) {
    const Node& node = plan.node(id);
    nodes.push_back(absl::StrCat(node.op, "(", TypesOf(plan, node.inputs),
                                 ") -> ", TypesOf(plan, node.outputs)));
  }
  return nodes;
}

std::vector<std::string> PlanDifferences(const PlanPair& pair) {
  const std::vector<std::string> own = NodesOf(pair.own);
  const std::vector<std::string> imported = NodesOf(pair.imported);
  std::vector<std::string> differences;
  AddOnly("own", own, imported, &differences);
  AddOnly("imported", imported, own, &differences);
  for (size_t i = 0; differences.empty() && i < own.size(); ++i) {
    if (own[i] != imported[i]) {
      differences.push_back(
          absl::StrCat("order, from node ", i, " on: ", own[i]));
    }
  }
  return differences;
}

}  // namespace assay

#include "harness/models/dynamic/routed_experts.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/cut.h"
#include "harness/dynamic/dynamic_builder.h"

namespace assay {
namespace {

// p with all but its `visited` largest elements set to 0.
ValueId KeepLargest(GraphBuilder& b, ValueId p, int64_t visited) {
  ValueId left = p;
  for (int64_t i = 0; i < visited; ++i) {
    const ValueId top =
        b.Op("reduce_max", {left},
             {{"axes", std::vector<int64_t>{1}}, {"keep", int64_t{1}}});
    const ValueId below = b.Op("cast", {b.Op("greater", {top, left})},
                               {{"dtype", std::string("f32")}});
    left = b.Mul(left, below);
  }
  return b.Sub(p, left);
}

ValueId Column(GraphBuilder& b, ValueId x, int64_t column) {
  return b.Op("slice", {x},
              {{"starts", std::vector<int64_t>{0, column}},
               {"ends", std::vector<int64_t>{kToTheEnd, column + 1}}});
}

struct Network {
  ReferenceGraph whole;
  ValueId x, y, logits;
  std::vector<ValueId> weights;  // by expert, [N,1]
  std::vector<ValueId> before;   // the sum before each expert
};

absl::StatusOr<Network> BuildWhole(const OpSet& ops,
                                   const RoutedExpertsOptions& options) {
  Network net{{Graph(ops), {}}, kNoValue, kNoValue, kNoValue, {}, {}};
  net.whole.graph.set_name("experts-whole");
  NetworkExtender layers(&net.whole);
  GraphBuilder& b = layers.b();
  net.x = b.Input("features", DType::kF32, {1, options.features});
  const ValueId p = KeepLargest(
      b, b.Op("softmax", {layers.Linear(net.x, "router", options.experts)}),
      options.visited);
  for (int64_t e = 0; e < options.experts; ++e) {
    net.weights.push_back(Column(b, p, e));
  }
  net.y = net.x;
  for (int64_t e = 0; e < options.experts; ++e) {
    const std::string path = absl::StrCat("expert", e + 1);
    net.before.push_back(net.y);
    const ValueId hidden =
        b.Op("relu", {layers.Linear(net.x, path + ".up", options.hidden)});
    const ValueId out = layers.Linear(hidden, path + ".down", options.features);
    net.y = b.Add(net.y, b.Mul(net.weights[static_cast<size_t>(e)], out));
  }
  net.logits = layers.Linear(net.y, "linear", options.classes);
  b.Output("logits", net.logits);
  ASSAY_RETURN_IF_ERROR(b.status());
  return net;
}

}  // namespace

absl::StatusOr<DynamicNetwork> RoutedExperts(
    const OpSet& ops, const RoutedExpertsOptions& options) {
  if (options.visited < 1 || options.visited > options.experts) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected 1 to ", options.experts,
                     " visited experts, got ", options.visited));
  }
  ASSAY_ASSIGN_OR_RETURN(Network net, BuildWhole(ops, options));
  const Graph& graph = net.whole.graph;
  DynamicBuilder b(ops, "experts");
  b.Outputs({"logits"});
  const VariableId x = b.Input("features", graph.type(net.x));
  const VariableId y = b.Variable("y");
  std::vector<CutEnd> weights;
  for (size_t e = 0; e < net.weights.size(); ++e) {
    weights.push_back({absl::StrCat("weight", e + 1), net.weights[e]});
  }
  ASSAY_ASSIGN_OR_RETURN(Graph router,
                         CutPiece(graph, "router", {{"x", net.x}}, weights));
  const std::vector<VariableId> routes = b.Run(std::move(router), {x});
  b.Copy(y, x);
  for (size_t e = 0; e < routes.size(); ++e) {
    const ValueId after = e + 1 < routes.size() ? net.before[e + 1] : net.y;
    // The first expert adds to the input itself.
    std::vector<CutEnd> ends = {{"x", net.x}, {"weight", net.weights[e]}};
    std::vector<VariableId> arguments = {x, routes[e]};
    if (e > 0) {
      ends.push_back({"y", net.before[e]});
      arguments.push_back(y);
    }
    ASSAY_ASSIGN_OR_RETURN(
        Graph expert,
        CutPiece(graph, absl::StrCat("expert", e + 1), ends, {{"y", after}}));
    const auto piece = std::make_shared<const Graph>(std::move(expert));
    b.If({PredicateKind::kGate, routes[e], 0},
         [&] { b.RunInto(piece, arguments, {y}); });
  }
  ASSAY_ASSIGN_OR_RETURN(Graph head, CutPiece(graph, "head", {{"y", net.y}},
                                              {{"logits", net.logits}}));
  b.Return(b.Run(std::move(head), {y}));
  ASSAY_ASSIGN_OR_RETURN(DynamicGraph dynamic, b.Finish());
  return DynamicNetwork{std::move(dynamic), std::move(net.whole)};
}

}  // namespace assay

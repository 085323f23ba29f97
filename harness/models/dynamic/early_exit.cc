#include "harness/models/dynamic/early_exit.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/cut.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/models/dscnn/dscnn.h"
#include "harness/models/registry.h"
#include "harness/models/resnet_cifar/resnet_cifar.h"

namespace assay {
namespace {

constexpr double kNormEpsilon = 1e-5;

absl::StatusOr<DynamicNetwork> PooledExits(ReferenceGraph network,
                                           const std::vector<ValueId>& points,
                                           const ExitRule& rule) {
  const ValueId logits = network.graph.FindOutput("logits");
  const int64_t classes = network.graph.shape(logits).back();
  return AddExits(
      std::move(network), points,
      [&](NetworkExtender& net, ValueId point, size_t exit) {
        return net.PooledLinear(point, absl::StrCat("exit", exit), classes);
      },
      rule);
}

// The last token's row of x [N,T,...], as [N,...].
ValueId LastRow(GraphBuilder& b, ValueId x) {
  if (!b.ok()) return kNoValue;
  const Shape shape = b.shape(x);
  const std::vector<int64_t> starts = {0, shape[1] - 1, 0};
  x = b.Op("slice", {x},
           {{"starts", starts}, {"ends", std::vector<int64_t>(3, kToTheEnd)}});
  return b.Reshape(x, {0, shape[2]});
}

}  // namespace

absl::StatusOr<DynamicNetwork> AddExits(
    ReferenceGraph network, const std::vector<ValueId>& points,
    const std::function<ValueId(NetworkExtender&, ValueId, size_t)>& head,
    const ExitRule& rule) {
  const ValueId input = network.graph.inputs()[0];
  const std::string input_name = network.graph.value(input).name;
  NetworkExtender extender(&network);
  std::vector<ValueId> logits;
  for (size_t i = 0; i < points.size(); ++i) {
    logits.push_back(head(extender, points[i], i + 1));
    extender.b().Output(absl::StrCat("exit", i + 1, "/logits"), logits.back());
  }
  ASSAY_RETURN_IF_ERROR(extender.b().status());
  const Graph& graph = network.graph;
  DynamicBuilder b(graph.ops(), absl::StrCat(graph.name(), "-exits"));
  b.Outputs({"logits"});
  VariableId x = b.Input(input_name, graph.type(input));
  CutEnd from{input_name, input};
  for (size_t i = 0; i < points.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(Graph piece,
                           CutPiece(graph, absl::StrCat("part", i + 1), {from},
                                    {{"x", points[i]}, {"logits", logits[i]}}));
    const std::vector<VariableId> results = b.Run(std::move(piece), {x});
    b.If({rule.kind, results[1], rule.threshold},
         [&] { b.Return({results[1]}); });
    x = results[0];
    from = {"x", points[i]};
  }
  ASSAY_ASSIGN_OR_RETURN(
      Graph rest, CutPiece(graph, absl::StrCat("part", points.size() + 1),
                           {from}, {{"logits", graph.FindOutput("logits")}}));
  b.Return(b.Run(std::move(rest), {x}));
  ASSAY_ASSIGN_OR_RETURN(DynamicGraph dynamic, b.Finish());
  return DynamicNetwork{std::move(dynamic), std::move(network)};
}

absl::StatusOr<DynamicNetwork> EarlyExitResNet(
    const OpSet& ops, int depth, const ReferenceGraphOptions& options,
    const ExitRule& rule) {
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph network,
                         ResNetCifar(ops, depth, Shortcut::kPad, options));
  // A relu per block's inner layer and one behind its addition, after the
  // stem's.
  const std::vector<ValueId> relus = ResultsOf(network.graph, "relu");
  const size_t stage = (relus.size() - 1) / 3;
  return PooledExits(std::move(network), {relus[stage], relus[2 * stage]},
                     rule);
}

absl::StatusOr<DynamicNetwork> EarlyExitDsCnn(
    const OpSet& ops, const ReferenceGraphOptions& options,
    const ExitRule& rule) {
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph network, DsCnn(ops, options));
  const std::vector<ValueId> relus = ResultsOf(network.graph, "relu");
  return PooledExits(std::move(network), {relus[(relus.size() - 1) / 2]}, rule);
}

absl::StatusOr<DynamicNetwork> EarlyExitMobileNet(
    const OpSet& ops, const ReferenceGraphOptions& options,
    const ExitRule& rule) {
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph network,
                         BuildReferenceGraph("mobilenet-v2", ops, options));
  const std::vector<ValueId> sums = ResultsOf(network.graph, "add");
  return PooledExits(std::move(network), {sums[sums.size() / 2]}, rule);
}

absl::StatusOr<DynamicNetwork> EarlyExitDecoder(
    const OpSet& ops, const LmdOptions& lmd, int64_t stride,
    const ReferenceGraphOptions& options, const ExitRule& rule) {
  if (stride < 1 || stride >= lmd.layers) {
    return absl::InvalidArgumentError(
        absl::StrCat(lmd.name, ": expected exits every 1 to ", lmd.layers - 1,
                     " layers, got ", stride));
  }
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph network, Lmd(ops, lmd, options));
  Graph& graph = network.graph;
  // Two residual additions per layer; other sums have heads.
  std::vector<ValueId> residuals;
  for (const ValueId sum : ResultsOf(graph, "add")) {
    if (graph.shape(sum).size() == 3) residuals.push_back(sum);
  }
  std::vector<ValueId> points;
  for (int64_t layer = stride; layer < lmd.layers; layer += stride) {
    points.push_back(residuals[static_cast<size_t>(2 * layer - 1)]);
  }
  const ValueId table = graph.FindValue("embedding.weights");
  const ValueId all = graph.FindOutput("logits");
  graph.ClearOutputs();
  GraphBuilder b(&graph);
  b.Output("logits", LastRow(b, all));
  ASSAY_RETURN_IF_ERROR(b.status());
  return AddExits(
      std::move(network), points,
      [&](NetworkExtender& net, ValueId point, size_t exit) {
        const ValueId scale =
            net.Parameter(absl::StrCat("exit", exit, ".norm.scale"),
                          {lmd.features}, Initialiser::Kind::kConstant, 1);
        const ValueId last =
            net.b().Op("rms_norm", {LastRow(net.b(), point), scale},
                       {{"epsilon", kNormEpsilon}});
        return net.b().Op("linear", {last, table});
      },
      rule);
}

}  // namespace assay

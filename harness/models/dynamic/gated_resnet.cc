#include "harness/models/dynamic/gated_resnet.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/cut.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/models/resnet_cifar/resnet_cifar.h"

namespace assay {
namespace {

struct GatedBlock {
  ValueId src, shortcut, dst, gate;
};

// Blocks end in relu(add(residual, shortcut)).
std::vector<GatedBlock> FindBlocks(const Graph& graph) {
  std::vector<GatedBlock> blocks;
  ValueId src = kNoValue;
  for (const ValueId relu : ResultsOf(graph, "relu")) {
    const ValueId sum = graph.node(graph.value(relu).producer).inputs[0];
    const Node& node = graph.node(graph.value(sum).producer);
    if (node.op == "add") {
      blocks.push_back({src, node.inputs[1], relu, kNoValue});
      src = relu;
    } else if (src == kNoValue) {
      src = relu;
    }
  }
  return blocks;
}

absl::StatusOr<std::shared_ptr<const Graph>> Piece(const Graph& graph,
                                                   const std::string& name,
                                                   ValueId from, ValueId to,
                                                   const std::string& output) {
  ASSAY_ASSIGN_OR_RETURN(Graph piece,
                         CutPiece(graph, name, {{"x", from}}, {{output, to}}));
  return std::make_shared<const Graph>(std::move(piece));
}

absl::Status WriteBlock(const Graph& graph, const GatedBlock& block,
                        const std::string& name, VariableId x,
                        DynamicBuilder* b) {
  ASSAY_ASSIGN_OR_RETURN(const auto gate, Piece(graph, name + ".gate",
                                                block.src, block.gate, "gate"));
  ASSAY_ASSIGN_OR_RETURN(const auto whole,
                         Piece(graph, name, block.src, block.dst, "x"));
  ASSAY_ASSIGN_OR_RETURN(
      const auto skip,
      Piece(graph, name + ".shortcut", block.src, block.shortcut, "x"));
  const VariableId open = b->Run(gate, {x})[0];
  // The shortcut is not negative, so that the relu behind it does nothing.
  b->If(
      {PredicateKind::kGate, open, 0}, [&] { b->RunInto(whole, {x}, {x}); },
      [&] {
        if (block.shortcut != block.src) b->RunInto(skip, {x}, {x});
      });
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DynamicNetwork> GatedResNet(
    const OpSet& ops, int depth, const ReferenceGraphOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph network,
                         ResNetCifar(ops, depth, Shortcut::kPad, options));
  Graph& graph = network.graph;
  std::vector<GatedBlock> blocks = FindBlocks(graph);
  NetworkExtender extender(&network);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string name = absl::StrCat("gate", i + 1);
    blocks[i].gate = extender.PooledLinear(blocks[i].src, name, 1);
    extender.b().Output(name, blocks[i].gate);
  }
  ASSAY_RETURN_IF_ERROR(extender.b().status());
  DynamicBuilder b(ops, absl::StrCat(graph.name(), "-gated"));
  b.Outputs({"logits"});
  const ValueId image = graph.inputs()[0];
  const VariableId input = b.Input("image", graph.type(image));
  ASSAY_ASSIGN_OR_RETURN(Graph stem, CutPiece(graph, "stem", {{"image", image}},
                                              {{"x", blocks[0].src}}));
  const VariableId x = b.Run(std::move(stem), {input})[0];
  for (size_t i = 0; i < blocks.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(
        WriteBlock(graph, blocks[i], absl::StrCat("block", i + 1), x, &b));
  }
  ASSAY_ASSIGN_OR_RETURN(const auto head,
                         Piece(graph, "head", blocks.back().dst,
                               graph.FindOutput("logits"), "logits"));
  b.Return(b.Run(head, {x}));
  ASSAY_ASSIGN_OR_RETURN(DynamicGraph dynamic, b.Finish());
  return DynamicNetwork{std::move(dynamic), std::move(network)};
}

}  // namespace assay

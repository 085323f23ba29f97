#include "plugins/early_exit/network.h"

#include <utility>

#include "plugins/early_exit/places.h"
#include "plugins/early_exit/thresholds.h"

namespace assay::early_exit {
namespace {

std::vector<Step> StepsOf(sdk::GraphRef graph) {
  std::vector<Step> steps;
  for (uint32_t i = 0;; ++i) {
    const sdk::ValueId input = graph.input(i);
    if (input == sdk::kNoValue) break;
    steps.push_back({{}, {input}});
  }
  for (sdk::NodeId id = 0; id < graph.node_count(); ++id) {
    const sdk::Node node = graph.node(id);
    steps.push_back(
        {node.inputs, node.outputs, static_cast<double>(node.macs)});
  }
  return steps;
}

// The mean over positions: [N,C,H,W] and [N,T,C] to [N,C].
sdk::ValueId Pooled(sdk::Graph* graph, sdk::ValueId place) {
  const size_t rank = graph->shape(place).size();
  if (rank == 2) return place;
  const sdk::Ints axes = rank == 3 ? sdk::Ints{1} : sdk::Ints{2, 3};
  return graph->Op("reduce_mean", {place},
                   {{"axes", axes}, {"keep", int64_t{0}}});
}

sdk::Status AddExit(const Place& place, int64_t classes, Network* network) {
  sdk::Graph& g = network->graph;
  Exit exit;
  exit.name = "exit" + std::to_string(network->exits.size());
  exit.place = place.value;
  exit.trunk_macs = place.macs;
  const sdk::ValueId features = Pooled(&g, place.value);
  ASSAY_RETURN_IF_ERROR(g.status());
  const int64_t width = g.shape(features)[1];
  exit.logits = g.Op(
      "linear", {features, g.Param(exit.name + ".weights", {classes, width}),
                 g.Param(exit.name + ".bias", {classes})});
  ASSAY_RETURN_IF_ERROR(g.status());
  exit.head_macs = static_cast<double>(classes * width);
  const std::vector<float> zeros(static_cast<size_t>(classes * width), 0.0f);
  ASSAY_RETURN_IF_ERROR(network->set.Set(exit.name + ".weights",
                                         sdk::Shape{classes, width}, zeros));
  ASSAY_RETURN_IF_ERROR(network->set.Set(
      exit.name + ".bias", sdk::Shape{classes},
      sdk::Span<const float>(zeros.data(), static_cast<size_t>(classes))));
  network->exits.push_back(std::move(exit));
  return sdk::OkStatus();
}

bool CanHoldExit(sdk::GraphRef graph, sdk::ValueId value) {
  const size_t rank = graph.shape(value).size();
  return rank >= 2 && rank <= 4;
}

}  // namespace

sdk::StatusOr<Network> WithExits(const sdk::Run& run, int64_t count,
                                 bool fold) {
  Network network;
  ASSAY_ASSIGN_OR_RETURN(network.set, run.CloneParameters());
  ASSAY_ASSIGN_OR_RETURN(network.graph, run.Rebatch(run.graph(), 1));
  if (fold) {
    ASSAY_ASSIGN_OR_RETURN(network.graph,
                           run.FoldBatchNorm(network.graph, &network.set));
  }
  const std::vector<Step> steps = StepsOf(network.graph);
  for (const Step& step : steps) network.trunk_macs += step.macs;
  std::vector<Place> places;
  for (const Place& place : NarrowPlaces(steps, network.graph.logits())) {
    if (CanHoldExit(network.graph, place.value)) places.push_back(place);
  }
  const int64_t classes = run.task().classes;
  for (const Place& place : SpreadPlaces(places, count, network.trunk_macs)) {
    ASSAY_RETURN_IF_ERROR(AddExit(place, classes, &network));
  }
  if (network.exits.empty()) {
    return sdk::FailedPrecondition(
        "the network has no value of rank 2 to 4, before nine tenths of its "
        "work, through which everything later goes: there is no place for an "
        "exit");
  }
  return network;
}

sdk::StatusOr<sdk::Graph> UpTo(const sdk::Run& run, const Network& network,
                               size_t exit) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run.Clone(network.graph));
  graph.ClearOutputs();
  graph.Output("logits", network.exits[exit].logits);
  ASSAY_RETURN_IF_ERROR(graph.status());
  return graph;
}

sdk::StatusOr<sdk::Graph> Joined(const sdk::Run& run, const Network& network) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run.Clone(network.graph));
  sdk::ValueId logits = graph.logits();
  for (const Exit& exit : network.exits) {
    logits = graph.Add(logits, graph.Scale(exit.logits, 0));
  }
  graph.ClearOutputs();
  graph.Output("logits", logits);
  ASSAY_RETURN_IF_ERROR(graph.status());
  return graph;
}

sdk::StatusOr<sdk::DynamicNetwork> Leaving(
    const sdk::Run& run, const Network& network, sdk::Asks asks,
    const std::vector<double>& thresholds) {
  const sdk::Graph& g = network.graph;
  ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork leaving,
                         run.NewDynamic(run.graph(), "early exits"));
  sdk::PieceEnd at = {g.input(), leaving.Input(run.task().input)};
  for (size_t e = 0; e < network.exits.size(); ++e) {
    if (thresholds[e] == kNever) continue;
    const Exit& exit = network.exits[e];
    const std::vector<sdk::VariableId> made =
        leaving.Run(g, {at}, {{exit.place}, {exit.logits}});
    at = {exit.place, made[0]};
    leaving.If({asks, made[1], thresholds[e]},
               [&] { leaving.Give({made[1]}); });
  }
  leaving.Give(leaving.Run(g, {at}, {{g.logits()}}));
  ASSAY_RETURN_IF_ERROR(leaving.Finish());
  return leaving;
}

}  // namespace assay::early_exit

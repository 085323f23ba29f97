#include "plugins/early_exit/network.h"

#include <algorithm>
#include <cmath>
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

// Writes one head.
class HeadBuilder {
 public:
  HeadBuilder(std::string name, sdk::Random* random, Network* network)
      : name_(std::move(name)),
        random_(*random),
        g_(network->graph),
        set_(network->set) {}

  // As many of the convolutions as `most_macs` allow.
  sdk::StatusOr<sdk::ValueId> Logits(sdk::ValueId place, int64_t classes,
                                     int64_t convolutions, double most_macs) {
    sdk::ValueId x = place;
    if (g_.shape(x).size() == 4) {
      for (int64_t i = 0; i < convolutions; ++i) {
        most_macs -= ConvolutionMacs(g_.shape(x));
        if (most_macs < 0) break;
        ASSAY_ASSIGN_OR_RETURN(x, Convolution("conv" + std::to_string(i), x));
      }
    }
    const sdk::ValueId features = Pooled(&g_, x);
    ASSAY_RETURN_IF_ERROR(g_.status());
    const int64_t width = g_.shape(features)[1];
    ASSAY_ASSIGN_OR_RETURN(const sdk::ValueId weights,
                           Parameter("weights", {classes, width}, 0));
    ASSAY_ASSIGN_OR_RETURN(const sdk::ValueId bias,
                           Parameter("bias", {classes}, 0));
    const sdk::ValueId logits = g_.Op("linear", {features, weights, bias});
    ASSAY_RETURN_IF_ERROR(g_.status());
    return logits;
  }

 private:
  static int64_t OutputsFor(int64_t inputs) {
    return std::max(inputs, std::min(2 * inputs, kWidest));
  }

  static double ConvolutionMacs(const sdk::Shape& shape) {
    const int64_t positions = (shape[2] + 1) / 2 * ((shape[3] + 1) / 2);
    return static_cast<double>(positions * shape[1] *
                               (9 + OutputsFor(shape[1])));
  }

  // Depthwise with half the positions, then twice the channels up to a bound,
  // so that a head costs little beside the trunk.
  sdk::StatusOr<sdk::ValueId> Convolution(const std::string& name,
                                          sdk::ValueId x) {
    const int64_t inputs = g_.shape(x)[1];
    const int64_t outputs = OutputsFor(inputs);
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::ValueId depthwise,
        Parameter(name + ".depthwise", {inputs, 1, 3, 3}, std::sqrt(1.0 / 9)));
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::ValueId pointwise,
        Parameter(name + ".pointwise", {outputs, inputs, 1, 1},
                  std::sqrt(2.0 / static_cast<double>(inputs))));
    ASSAY_ASSIGN_OR_RETURN(const sdk::ValueId bias,
                           Parameter(name + ".bias", {outputs}, 0));
    const sdk::ValueId half = g_.Op("conv2d", {x, depthwise},
                                    {{"strides", sdk::Ints{2, 2}},
                                     {"pads", sdk::Ints{1, 1, 1, 1}},
                                     {"groups", inputs}});
    return g_.Op("relu", {g_.Op("conv2d", {half, pointwise, bias})});
  }

  sdk::StatusOr<sdk::ValueId> Parameter(const std::string& name,
                                        const sdk::Shape& shape,
                                        double deviation) {
    int64_t elements = 1;
    for (const int64_t extent : shape) elements *= extent;
    std::vector<float> values(static_cast<size_t>(elements), 0.0f);
    if (deviation > 0) {
      random_.FillNormal(values, 0, static_cast<float>(deviation));
    }
    const std::string path = name_ + "." + name;
    ASSAY_RETURN_IF_ERROR(set_.Set(path, shape, values));
    return g_.Param(path, shape);
  }

  static constexpr int64_t kWidest = 64;

  const std::string name_;
  sdk::Random& random_;
  sdk::Graph& g_;
  sdk::Parameters& set_;
};

// What a head's convolutions may cost.
constexpr double kMostOfTrunk = 0.125;

sdk::Status AddExit(const Place& place, int64_t classes, int64_t convolutions,
                    sdk::Random* random, Network* network) {
  Exit exit;
  exit.name = "exit" + std::to_string(network->exits.size());
  exit.place = place.value;
  exit.trunk_macs = place.macs;
  const sdk::NodeId first = network->graph.node_count();
  HeadBuilder head(exit.name, random, network);
  ASSAY_ASSIGN_OR_RETURN(exit.logits,
                         head.Logits(place.value, classes, convolutions,
                                     kMostOfTrunk * network->trunk_macs));
  for (sdk::NodeId id = first; id < network->graph.node_count(); ++id) {
    exit.head_macs += static_cast<double>(network->graph.node(id).macs);
  }
  network->exits.push_back(std::move(exit));
  return sdk::OkStatus();
}

bool CanHoldExit(sdk::GraphRef graph, sdk::ValueId value) {
  const size_t rank = graph.shape(value).size();
  return rank >= 2 && rank <= 4;
}

}  // namespace

sdk::StatusOr<Network> WithExits(const sdk::Run& run,
                                 const ExitOptions& options) {
  Network network;
  ASSAY_ASSIGN_OR_RETURN(network.set, run.CloneParameters());
  ASSAY_ASSIGN_OR_RETURN(network.graph, run.Rebatch(run.graph(), 1));
  if (options.fold) {
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
  ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run.Random("heads"));
  for (const Place& place :
       SpreadPlaces(places, options.count, network.trunk_macs)) {
    ASSAY_RETURN_IF_ERROR(
        AddExit(place, classes, options.convolutions, &random, &network));
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

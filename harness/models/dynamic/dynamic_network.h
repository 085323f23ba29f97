// Reference networks whose path depends on the input.
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_DYNAMIC_NETWORK_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_DYNAMIC_NETWORK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/init.h"
#include "harness/models/layers.h"

namespace assay {

struct DynamicNetwork {
  DynamicGraph graph;
  // All of it without control flow, exits and gates as further outputs: what is
  // trained, and what says how the parameters start.
  ReferenceGraph whole;
};

// A store with every parameter of the network; models/init.h.
absl::StatusOr<ParameterStore> Initialise(const DynamicNetwork& network,
                                          uint64_t seed);

// Layers on top of a finished network. Errors stick, as in GraphBuilder.
class NetworkExtender {
 public:
  explicit NetworkExtender(ReferenceGraph* network)
      : network_(network), b_(&network->graph) {}

  GraphBuilder& b() { return b_; }
  ValueId Parameter(std::string name, Shape shape, Initialiser::Kind kind,
                    double value);
  // x [N,I] -> [N,features]; weights N(0, LecunFanIn), bias 0.
  ValueId Linear(ValueId x, absl::string_view path, int64_t features);
  // The mean over space of x [N,C,H,W], then Linear.
  ValueId PooledLinear(ValueId x, absl::string_view path, int64_t features);

 private:
  ReferenceGraph* network_;
  GraphBuilder b_;
};

// Results of nodes with this op, in order.
std::vector<ValueId> ResultsOf(const Graph& graph, absl::string_view op);

// The network with every parameter's name behind `prefix`.
absl::StatusOr<ReferenceGraph> WithPrefix(const ReferenceGraph& network,
                                          absl::string_view prefix);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_DYNAMIC_NETWORK_H_

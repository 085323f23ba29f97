// Architectures as graphs: dense networks, and sub-networks that read slices of
// the supernet's parameters.
#ifndef ASSAY_PLUGINS_NAS_BASELINES_NETWORK_H_
#define ASSAY_PLUGINS_NAS_BASELINES_NETWORK_H_

#include <map>
#include <string>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/nas_baselines/architecture.h"

namespace assay::nas_baselines {

// The supernet's parameters by name; running statistics are not among them.
using FullShapes = std::map<std::string, sdk::Shape>;

// A dense network.
struct Network {
  sdk::Graph graph;  // inference form
  sdk::Parameters set;
};

// The dense network of these blocks in inference form, batch size 1.
sdk::StatusOr<sdk::Graph> InferenceGraph(const sdk::Run& run, Family family,
                                         const std::vector<Block>& blocks);

// Parameters of the inference graph, in its order, without statistics.
FullShapes ShapesOf(sdk::GraphRef graph);

// Appends the training form of a sub-network to `graph`: its parameters are
// crops of full ones, batch norms use the batch. Adds the task's input.
sdk::ValueId SubnetLogits(const sdk::Task& task, Family family,
                          const std::vector<Block>& blocks,
                          const FullShapes& full, int64_t batch,
                          sdk::Graph* graph);

// The dense network with its own cropped copies of the supernet's parameters.
// Statistics are 0 and 1: recalibrate before use.
sdk::StatusOr<Network> Extract(const sdk::Run& run, Family family,
                               const std::vector<Block>& blocks,
                               const FullShapes& full,
                               sdk::ParametersRef supernet);

// The spaces whose largest network costs as much as the reference network or
// less, as near as a width in steps of 4 allows (never below 4).
// INVALID_ARGUMENT in words where the task's samples are neither images nor
// features in time.
sdk::StatusOr<Architectures> ArchitecturesFor(const sdk::Run& run,
                                              int64_t width);

}  // namespace assay::nas_baselines

#endif  // ASSAY_PLUGINS_NAS_BASELINES_NETWORK_H_

// The reference network with exits, and as a network with control flow.
#ifndef ASSAY_PLUGINS_EARLY_EXIT_NETWORK_H_
#define ASSAY_PLUGINS_EARLY_EXIT_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::early_exit {

// A head behind a value of the trunk: convolutions, the mean over positions,
// and a layer.
struct Exit {
  std::string name;  // its parameters are name.weights, name.bias, ...
  sdk::ValueId place = sdk::kNoValue;
  sdk::ValueId logits = sdk::kNoValue;
  double trunk_macs = 0;  // up to `place`
  double head_macs = 0;
};

struct Network {
  sdk::Graph graph;  // the trunk in inference form, and all heads
  sdk::Parameters set;
  std::vector<Exit> exits;
  double trunk_macs = 0;
};

struct ExitOptions {
  int64_t count = 1;  // at most
  // Of a head behind an image; fewer where they would cost more than an eighth
  // of the network's multiply-accumulates.
  int64_t convolutions = 0;
  bool fold = true;  // batch norms, so that nothing but heads can move
};

// The trained reference network with exits, whose last layers are 0; their
// convolutions are drawn from the stream "heads". FAILED_PRECONDITION: there is
// no place for an exit.
sdk::StatusOr<Network> WithExits(const sdk::Run& run,
                                 const ExitOptions& options);

// The trunk up to an exit, which gives the logits.
sdk::StatusOr<sdk::Graph> UpTo(const sdk::Run& run, const Network& network,
                               size_t exit);
// All of it with the trunk's logits, on which every head has a part of 0: what
// one training of trunk and heads begins with.
sdk::StatusOr<sdk::Graph> Joined(const sdk::Run& run, const Network& network);

// Leaves by an exit where `asks` of its logits reaches the threshold; exits
// whose threshold is kNever are left out.
sdk::StatusOr<sdk::DynamicNetwork> Leaving(
    const sdk::Run& run, const Network& network, sdk::Asks asks,
    const std::vector<double>& thresholds);

}  // namespace assay::early_exit

#endif  // ASSAY_PLUGINS_EARLY_EXIT_NETWORK_H_

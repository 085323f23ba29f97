// A network that shrinks: graph and parameters, cut together.
#ifndef ASSAY_PLUGINS_STRUCTURED_BASELINES_NETWORK_H_
#define ASSAY_PLUGINS_STRUCTURED_BASELINES_NETWORK_H_

#include "harness/abi/sdk.h"
#include "plugins/structured_baselines/channel_selection.h"

namespace assay::structured_baselines {

struct Network {
  sdk::Graph graph;  // inference form
  sdk::Parameters set;
};

// A copy of the run's trained reference network.
sdk::StatusOr<Network> ReferenceNetwork(const sdk::Run& run);

// Removes channels physically.
sdk::Status Remove(const sdk::Groups& groups, const Removed& removed,
                   Network* network);

// The least ratio (to 1/1024) at which the selection brings the network to
// `macs_fraction` of the reference's multiply-accumulates, and what it removes.
// FAILED_PRECONDITION says how far the selection can go where that is not
// enough.
sdk::StatusOr<Removed> SelectForMacs(const sdk::Run& run,
                                     const Network& network,
                                     const sdk::Groups& groups,
                                     const GroupScores& scores,
                                     double macs_fraction,
                                     const SelectionOptions& options);

}  // namespace assay::structured_baselines

#endif  // ASSAY_PLUGINS_STRUCTURED_BASELINES_NETWORK_H_

#include "plugins/structured_baselines/network.h"

#include <string>
#include <utility>

namespace assay::structured_baselines {
namespace {

constexpr int kRatioSteps = 1024;

sdk::StatusOr<double> FractionAfter(const sdk::Run& run, const Network& network,
                                    const sdk::Groups& groups,
                                    const Removed& removed, double reference) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph smaller,
                         groups.Remove(network.graph, removed, {}));
  ASSAY_ASSIGN_OR_RETURN(sdk::Cost cost, run.Cost(smaller));
  return static_cast<double>(cost.macs) / reference;
}

}  // namespace

sdk::StatusOr<Network> ReferenceNetwork(const sdk::Run& run) {
  Network network;
  ASSAY_ASSIGN_OR_RETURN(network.graph, run.CloneGraph());
  ASSAY_ASSIGN_OR_RETURN(network.set, run.CloneParameters());
  return network;
}

sdk::Status Remove(const sdk::Groups& groups, const Removed& removed,
                   Network* network) {
  ASSAY_ASSIGN_OR_RETURN(
      network->graph, groups.Remove(network->graph, removed, {&network->set}));
  return sdk::OkStatus();
}

sdk::StatusOr<Removed> SelectForMacs(const sdk::Run& run,
                                     const Network& network,
                                     const sdk::Groups& groups,
                                     const GroupScores& scores,
                                     double macs_fraction,
                                     const SelectionOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Cost dense, run.Cost(run.graph()));
  const auto reference = static_cast<double>(dense.macs);
  int low = -1, high = kRatioSteps - 1;  // high is checked first, low never is
  Removed best;
  double reached = 1;
  for (int step = high; low + 1 < high || best.empty();
       step = low + (high - low) / 2) {
    ASSAY_ASSIGN_OR_RETURN(
        Removed removed,
        SelectChannels(scores, static_cast<double>(step) / kRatioSteps,
                       options));
    ASSAY_ASSIGN_OR_RETURN(
        reached, FractionAfter(run, network, groups, removed, reference));
    if (reached <= macs_fraction) {
      best = std::move(removed);
      high = step;
    } else if (best.empty()) {
      return sdk::FailedPrecondition(
          "the channels that may go leave " + std::to_string(reached) +
          " of the reference's MACs, the budget is " +
          std::to_string(macs_fraction));
    } else {
      low = step;
    }
  }
  return best;
}

}  // namespace assay::structured_baselines

// Taylor pruning, Molchanov et al. 2019, arXiv 1906.10771.
#ifndef ASSAY_PLUGINS_STRUCTURED_BASELINES_TAYLOR_H_
#define ASSAY_PLUGINS_STRUCTURED_BASELINES_TAYLOR_H_

#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/structured_baselines/channel_selection.h"
#include "plugins/structured_baselines/group_scores.h"

namespace assay::structured_baselines {

// Gathers importances while the host trains: after each backward pass
//   I_c = (gamma_c dL/dgamma_c + beta_c dL/dbeta_c)^2, the gate after a batch
// norm (equation 8 of the paper with gates), or, where a group has no batch
// norm, (sum over the channel's filter of w dL/dw)^2.
// Scores are exponential means with factor 0.9 over the minibatches seen.
class TaylorHooks final : public sdk::Hooks {
 public:
  // `groups` must outlive this. Groups that MayPrune refuses score nothing.
  TaylorHooks(const sdk::Groups& groups, sdk::GraphRef graph, bool streams);

  uint32_t events() const override { return kAfterBackward; }
  sdk::Status AfterBackward(sdk::Event& e) override;

  const GroupScores& scores() const { return scores_; }
  // Starts from the importances of an earlier network whose channels are these
  // after a removal.
  void Continue(GroupScores scores) {
    scores_ = std::move(scores);
    started_ = true;
  }

 private:
  // w * dL/dw of a parameter, summed per index of `axis`.
  sdk::StatusOr<std::vector<double>> Products(sdk::Event& e,
                                              const sdk::GroupAxis& axis);
  sdk::StatusOr<std::vector<double>> Importance(sdk::Event& e, size_t group);

  const sdk::Groups& groups_;
  const Parameters parameters_;
  std::vector<std::vector<size_t>> axes_;  // per group, those that score
  GroupScores scores_;
  bool started_ = false;
};

// The scores of the channels that stay.
GroupScores Without(const GroupScores& scores, const Removed& removed);

}  // namespace assay::structured_baselines

#endif  // ASSAY_PLUGINS_STRUCTURED_BASELINES_TAYLOR_H_

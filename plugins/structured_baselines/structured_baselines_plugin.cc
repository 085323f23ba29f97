// The structured baselines: score channels, remove the lowest everywhere they
// appear, recalibrate, fine-tune.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/structured_baselines/channel_selection.h"
#include "plugins/structured_baselines/group_scores.h"
#include "plugins/structured_baselines/network.h"
#include "plugins/structured_baselines/taylor.h"

namespace assay::structured_baselines {

class StructuredBaselines final : public sdk::Method {
 public:
  sdk::Status Plan(const sdk::Run& run, sdk::Needs& needs) override {
    needs.epochs = static_cast<double>(run.budgets().size()) *
                   (run.config().Real("fine_tune_epochs") +
                    run.config().Real("sparse_epochs"));
    return sdk::OkStatus();
  }

  sdk::Status Apply(sdk::Run& run) override {
    for (const sdk::Budget& budget : run.budgets()) {
      if (run.stop_wanted()) return sdk::Cancelled();
      ASSAY_ASSIGN_OR_RETURN(Network network, Prune(run, budget));
      ASSAY_RETURN_IF_ERROR(FineTune(run, &network));
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, network.graph, network.set));
    }
    return sdk::OkStatus();
  }

 private:
  static std::string Score(const sdk::Run& run) {
    return run.config().Choice("score");
  }

  static SelectionOptions Selection(const sdk::Run& run) {
    const std::string scope = run.config().Choice("scope");
    const std::string score = Score(run);
    SelectionOptions options;
    options.global = scope == "global" ||
                     (scope == "auto" && score != "l1" && score != "fpgm");
    options.least_kept = run.config().Real("least_kept");
    options.round_to = run.config().Integer("round_to");
    return options;
  }

  // The reference network without what the budget makes go. Where the insides
  // of blocks cannot give enough, residual streams go as well if they may.
  sdk::StatusOr<Network> Prune(sdk::Run& run, const sdk::Budget& budget) {
    const double fraction = budget.macs_fraction.value_or(1.0);
    const std::string streams = run.config().Choice("streams");
    sdk::StatusOr<Network> network = PruneWith(run, fraction, streams == "all");
    const bool not_enough =
        network.status().code() == sdk::Code::kFailedPrecondition;
    if (streams != "auto" || !not_enough) {
      run.Note("streams/" + budget.id, streams == "all" ? "pruned" : "kept");
      return network;
    }
    run.Log("residual streams are pruned, too: " + network.status().message());
    run.Note("streams/" + budget.id, "pruned");
    return PruneWith(run, fraction, true);
  }

  sdk::StatusOr<Network> PruneWith(sdk::Run& run, double fraction,
                                   bool streams) {
    ASSAY_ASSIGN_OR_RETURN(Network network, ReferenceNetwork(run));
    const bool taylor = Score(run) == "taylor";
    ASSAY_RETURN_IF_ERROR(taylor
                              ? PruneByTaylor(run, fraction, streams, &network)
                              : PruneOnce(run, fraction, streams, &network));
    return network;
  }

  sdk::Status PruneOnce(sdk::Run& run, double fraction, bool streams,
                        Network* network) {
    if (Score(run) == "slimming") {
      ASSAY_RETURN_IF_ERROR(TrainSparse(run, network));
    }
    ASSAY_ASSIGN_OR_RETURN(sdk::Groups groups, run.FindGroups(network->graph));
    ASSAY_ASSIGN_OR_RETURN(GroupScores scores,
                           ScoreGroups(run, Score(run), network->graph, groups,
                                       network->set, streams));
    ASSAY_ASSIGN_OR_RETURN(
        Removed removed,
        SelectForMacs(run, *network, groups, scores, fraction, Selection(run)));
    return Remove(groups, removed, network);
  }

  // Training with s * sign(gamma) added to the gradients of batch norm scales.
  sdk::Status TrainSparse(sdk::Run& run, Network* network) {
    const double epochs = run.config().Real("sparse_epochs");
    if (epochs == 0) return sdk::OkStatus();
    sdk::TrainOptions options;
    options.epochs = epochs;
    options.learning_rate = run.config().Real("learning_rate");
    options.stream = "sparse";
    for (const sdk::Parameter& p : network->graph.parameters()) {
      if (p.role != sdk::Role::kNormScale) continue;
      options.rules.push_back(
          {.name = p.name, .l1 = run.config().Real("sparsity_penalty")});
    }
    return run.Train(network->graph, &network->set, options).status();
  }

  // Removes a hundredth of the channels after every ten minibatches, scoring
  // while fine-tuning, until the budget is met.
  sdk::Status PruneByTaylor(sdk::Run& run, double fraction, bool streams,
                            Network* network) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Cost dense, run.Cost(run.graph()));
    ASSAY_ASSIGN_OR_RETURN(sdk::Groups groups, run.FindGroups(network->graph));
    std::vector<int64_t> least = LeastKept(run, groups);
    GroupScores carried;
    for (int event = 0;; ++event) {
      if (run.stop_wanted()) return sdk::Cancelled();
      ASSAY_ASSIGN_OR_RETURN(sdk::Cost cost, run.Cost(network->graph));
      const double reached =
          static_cast<double>(cost.macs) / static_cast<double>(dense.macs);
      if (reached <= fraction) return sdk::OkStatus();
      ASSAY_ASSIGN_OR_RETURN(groups, run.FindGroups(network->graph));
      TaylorHooks hooks(groups, network->graph, streams);
      if (event > 0) hooks.Continue(std::move(carried));
      sdk::TrainOptions options;
      options.steps = run.config().Integer("taylor_steps");
      options.learning_rate = run.config().Real("taylor_learning_rate");
      options.schedule = "constant";
      options.warmup_steps = 0;
      options.stream = "taylor/" + std::to_string(event);
      options.hooks = &hooks;
      ASSAY_RETURN_IF_ERROR(
          run.Train(network->graph, &network->set, options).status());
      ASSAY_ASSIGN_OR_RETURN(Removed removed,
                             Lowest(run, hooks.scores(), least));
      if (removed.empty()) {
        return sdk::FailedPrecondition(
            "the channels that may go leave " + std::to_string(reached) +
            " of the reference's MACs, the budget is " +
            std::to_string(fraction));
      }
      carried = Without(hooks.scores(), removed);
      ASSAY_RETURN_IF_ERROR(Remove(groups, removed, network));
    }
  }

  static std::vector<int64_t> LeastKept(const sdk::Run& run,
                                        const sdk::Groups& groups) {
    const SelectionOptions options = Selection(run);
    std::vector<int64_t> least;
    for (const sdk::Group& group : groups) {
      const double part =
          options.least_kept * static_cast<double>(group.channels);
      least.push_back(std::max<int64_t>(1, static_cast<int64_t>(part + 0.999)));
    }
    return least;
  }

  // The lowest hundredth of all channels (at least one) that groups can spare;
  // empty when none can.
  static sdk::StatusOr<Removed> Lowest(const sdk::Run& run,
                                       const GroupScores& scores,
                                       const std::vector<int64_t>& least) {
    std::vector<std::pair<double, std::pair<size_t, int64_t>>> order;
    for (size_t g = 0; g < scores.size(); ++g) {
      for (size_t c = 0; c < scores[g].size(); ++c) {
        order.push_back({scores[g][c], {g, static_cast<int64_t>(c)}});
      }
    }
    std::sort(order.begin(), order.end());
    auto wanted = static_cast<int64_t>(run.config().Real("taylor_fraction") *
                                       static_cast<double>(order.size()));
    wanted = std::max<int64_t>(1, wanted);
    Removed removed(scores.size());
    bool any = false;
    for (const auto& [score, where] : order) {
      const auto [g, c] = where;
      const auto left = static_cast<int64_t>(scores[g].size()) -
                        static_cast<int64_t>(removed[g].size());
      if (wanted == 0 || left <= least[g]) continue;
      removed[g].push_back(c);
      any = true;
      --wanted;
    }
    for (auto& r : removed) std::sort(r.begin(), r.end());
    return any ? removed : Removed();
  }

  sdk::Status FineTune(sdk::Run& run, Network* network) {
    const int64_t batches = run.config().Integer("recalibration_batches");
    if (batches > 0) {
      ASSAY_RETURN_IF_ERROR(run.Recalibrate(network->graph, &network->set,
                                            batches, "recalibrate"));
    }
    const double epochs = run.config().Real("fine_tune_epochs");
    if (epochs == 0) return sdk::OkStatus();
    sdk::TrainOptions options;
    options.epochs = epochs;
    options.learning_rate = run.config().Real("learning_rate");
    options.schedule = "cosine";
    options.warmup_steps = 0;
    options.stream = "fine_tune";
    return run.Train(network->graph, &network->set, options).status();
  }
};

}  // namespace assay::structured_baselines

ASSAY_EXPORT_METHOD(
    assay::structured_baselines::StructuredBaselines,
    assay::sdk::Card("structured_baselines")
        .Version("1.0.0")
        .Title("Channel pruning by L1 norm, slimming, geometric median, Taylor "
               "expansion and dependency groups")
        .Paper("Li et al. 2017, arXiv 1608.08710, and those of README.md")
        .Kind(assay::sdk::Kind::kPrune)
        .Determinism(assay::sdk::Determinism::kMachine)
        .Budgets(ASSAY_BUDGET_MACS)
        .Requires(ASSAY_ANALYSIS_ID)
        .Requires(ASSAY_TRAIN_ID)
        .Choice(1, "score",
                {"l1", "slimming", "fpgm", "taylor", "depgraph", "random"},
                "l1", "what a channel is worth; higher stays")
        .Choice(2, "scope", {"auto", "local", "global"}, "auto",
                "rank in each group or all together; auto: local for l1 and "
                "fpgm")
        .Choice(3, "streams", {"auto", "keep", "all"}, "auto",
                "whether residual streams are pruned, too; auto: where the "
                "insides of blocks cannot meet the budget")
        .Real(4, "least_kept", 0.1, {0, 1}, "fraction of a group that stays")
        .Integer(5, "round_to", 1, {1, 256},
                 "kept channels are a multiple of this")
        .Integer(6, "recalibration_batches", 200, {0, 100000},
                 "of batch norm after the removal")
        .Real(7, "fine_tune_epochs", 4, {0, 1000}, "after the removal, cosine")
        .Real(8, "learning_rate", 0.01, {1e-8, 100},
              "peak, of fine-tuning and of slimming's sparse training")
        .Real(9, "sparse_epochs", 4, {0, 1000}, "slimming: before scoring")
        .Real(10, "sparsity_penalty", 1e-4, {0, 1},
              "slimming: s of s * sign(gamma)")
        .Integer(11, "taylor_steps", 10, {1, 100000},
                 "minibatches between two removals")
        .Real(12, "taylor_fraction", 0.01, {0, 1},
              "of the channels that a removal takes")
        .Real(13, "taylor_learning_rate", 1e-3, {1e-8, 100},
              "while pruning by taylor"));

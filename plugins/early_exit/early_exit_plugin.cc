// Classical early exits (BranchyNet): heads behind a few values of the network,
// trained; thresholds by the validation split; submitted with control flow.
#include <string>
#include <utility>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/early_exit/network.h"
#include "plugins/early_exit/thresholds.h"
#include "plugins/early_exit/training.h"

namespace assay::early_exit {
namespace {

sdk::Asks AsksOf(const sdk::Config& config) {
  const std::string measure = config.Choice("measure");
  if (measure == "margin") return sdk::Asks::kMargin;
  if (measure == "entropy") return sdk::Asks::kEntropy;
  return sdk::Asks::kMaxProbability;
}

bool Jointly(const sdk::Config& config) {
  return config.Choice("train") == "joint";
}

}  // namespace

class EarlyExit final : public sdk::Method {
 public:
  sdk::Status Plan(const sdk::Run& run, sdk::Needs& needs) override {
    // An exit stands for one pass, a joint step for one more.
    const int64_t passes =
        run.config().Integer("exits") + (Jointly(run.config()) ? 1 : 0);
    needs.epochs = run.config().Real("epochs") * static_cast<double>(passes);
    return sdk::OkStatus();
  }

  sdk::Status Apply(sdk::Run& run) override {
    const sdk::Config& config = run.config();
    if (run.task().metric != ASSAY_ACCURACY) {
      return sdk::FailedPrecondition(
          "early exits are chosen by accuracy, the task's metric is another");
    }
    ASSAY_ASSIGN_OR_RETURN(
        Network network,
        WithExits(run, {.count = config.Integer("exits"),
                        .convolutions = config.Integer("convolutions"),
                        .fold = !Jointly(config)}));
    const TrainingOptions training = {config.Real("epochs"),
                                      config.Real("learning_rate")};
    ASSAY_RETURN_IF_ERROR(Jointly(config)
                              ? TrainJointly(run, training, &network)
                              : TrainHeads(run, training, &network));
    ASSAY_ASSIGN_OR_RETURN(const Answers answers,
                           AnswersOf(run, network, AsksOf(config)));
    for (const sdk::Budget& budget : run.budgets()) {
      if (run.stop_wanted()) return sdk::Cancelled();
      ASSAY_ASSIGN_OR_RETURN(const std::vector<double> thresholds,
                             Choose(run, budget, network, answers));
      ASSAY_RETURN_IF_ERROR(Submit(run, budget, network, answers, thresholds));
    }
    return sdk::OkStatus();
  }

 private:
  static sdk::StatusOr<std::vector<double>> Choose(const sdk::Run& run,
                                                   const sdk::Budget& budget,
                                                   const Network& network,
                                                   const Answers& answers) {
    const sdk::Config& config = run.config();
    const double fixed = config.Real("threshold");
    if (fixed >= 0) {
      const double sign = AsksOf(config) == sdk::Asks::kEntropy ? -1 : 1;
      return std::vector<double>(network.exits.size(), sign * fixed);
    }
    if (!budget.macs_fraction.has_value()) {
      return ThresholdsForAccuracy(
          answers, run.task().reference - config.Real("max_loss"),
          config.Real("caution"));
    }
    // What holds on one split holds on another within some error.
    ASSAY_ASSIGN_OR_RETURN(const sdk::Cost dense, run.Cost(run.graph()));
    const double most = *budget.macs_fraction *
                        (1 - config.Real("macs_margin")) *
                        static_cast<double>(dense.macs);
    std::vector<double> thresholds = ThresholdsForMacs(answers, most);
    const Outcome outcome = Follow(answers, thresholds);
    if (outcome.macs <= most) return thresholds;
    return sdk::FailedPrecondition(
        "leaving as early as can be costs " + std::to_string(outcome.macs) +
        " multiply-accumulates on average, the budget is " +
        std::to_string(most));
  }

  static sdk::Status Submit(const sdk::Run& run, const sdk::Budget& budget,
                            const Network& network, const Answers& answers,
                            std::vector<double> thresholds) {
    const Outcome outcome = Follow(answers, thresholds);
    run.Metric("validation_accuracy/" + budget.id, -1, outcome.accuracy);
    run.Metric("validation_macs/" + budget.id, -1, outcome.macs);
    bool leaves = false;
    for (size_t e = 0; e < thresholds.size(); ++e) {
      run.Metric("share/" + network.exits[e].name + "/" + budget.id, -1,
                 outcome.shares[e]);
      run.Note("threshold/" + network.exits[e].name + "/" + budget.id,
               std::to_string(thresholds[e]));
      leaves = leaves || thresholds[e] != kNever;
    }
    if (!leaves) {
      // Nothing may leave: the network as it is, without control flow.
      return run.Submit(budget, network.graph, network.set);
    }
    const sdk::Asks asks = AsksOf(run.config());
    if (asks == sdk::Asks::kEntropy) {
      for (double& threshold : thresholds) {
        if (threshold != kNever) threshold = -threshold;
      }
    }
    ASSAY_ASSIGN_OR_RETURN(const sdk::DynamicNetwork leaving,
                           Leaving(run, network, asks, thresholds));
    return run.Submit(budget, leaving, network.set);
  }
};

}  // namespace assay::early_exit

ASSAY_EXPORT_METHOD(
    assay::early_exit::EarlyExit,
    assay::sdk::Card("early_exit")
        .Version("1.2.0")
        .Title("Early exits by confidence, thresholds for an accuracy or for "
               "multiply-accumulates")
        .Paper("Teerapittayanon et al. 2016, arXiv 1709.01686")
        .Kind(assay::sdk::Kind::kMixed)
        .Determinism(assay::sdk::Determinism::kMachine)
        .Budgets(ASSAY_BUDGET_MACS)
        .Requires(ASSAY_TRAINER_ID)
        .Requires(ASSAY_DYNAMIC_ID)
        .Integer(1, "exits", 2, {1, 16},
                 "at most, spread evenly over the multiply-accumulates")
        .Choice(2, "train", {"heads", "joint"}, "heads",
                "the exits alone, or the whole network with them")
        .Real(3, "epochs", 8, {0, 1000}, "of each head, or of all together")
        .Real(4, "learning_rate", 0.01, {1e-8, 100}, "peak, AdamW, cosine")
        .Choice(5, "measure", {"max_probability", "margin", "entropy"},
                "max_probability", "what makes an exit sure")
        .Real(6, "threshold", -1, {-1, 1000},
              "of every exit; below 0: chosen on the validation split")
        .Real(7, "max_loss", 0.01, {0, 1},
              "of validation accuracy, without a budget")
        .Real(8, "macs_margin", 0.02, {0, 1},
              "of a budget, kept for the difference between splits")
        .Real(9, "caution", 2, {0, 10},
              "standard errors that max_loss must hold with, too")
        .Integer(10, "convolutions", 2, {0, 4},
                 "of each head behind an image"));

// Magnitude pruning and the other common unstructured baselines. What is scored
// and how it is allotted is in pruner.h; here is when.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/magnitude/allocation.h"
#include "plugins/magnitude/pruner.h"

namespace assay::magnitude {
namespace {

constexpr double kFineTuneRate = 0.1;  // of the recipe's peak learning rate
constexpr double kGradualBegin = 0.1, kGradualEnd = 0.75;  // of the training

PrunerOptions OptionsOf(const sdk::Config& config) {
  PrunerOptions o;
  o.score = config.Choice("score");
  o.allocation = config.Choice("alloc");
  o.control = config.Choice("control");
  o.prune_embeddings = config.Flag("prune_embeddings");
  o.synflow_rounds = config.Integer("synflow_rounds");
  o.sensitivity.per_class = config.Integer("score_per_class");
  o.sensitivity.temperature = config.Real("grasp_temperature");
  o.sensitivity.batch_statistics = config.Choice("bn_mode") == "train";
  return o;
}

// Raises the sparsity of a training network along the cubic schedule.
class Gradual final : public sdk::Hooks {
 public:
  Gradual(const sdk::Run& run, Pruner* pruner, double final_sparsity)
      : run_(run),
        pruner_(pruner),
        final_(final_sparsity),
        every_(run.config().Integer("gradual_every")) {}

  uint32_t events() const override { return kStepEnd; }

  sdk::Status StepEnd(sdk::Event& e) override {
    const auto steps = static_cast<double>(e.steps());
    const auto begin = static_cast<int64_t>(kGradualBegin * steps);
    const auto end = static_cast<int64_t>(kGradualEnd * steps);
    const int64_t step = e.step() + 1;
    const bool due = (step - begin) % every_ == 0 && step < end;
    if (step < begin || step > end || (!due && step != end)) {
      return sdk::OkStatus();
    }
    std::vector<sdk::Tensor> values;
    std::vector<sdk::Span<const float>> weights;
    for (const sdk::Parameter& p : pruner_->layers()) {
      ASSAY_ASSIGN_OR_RETURN(sdk::Tensor value, e.Value(p.name));
      values.push_back(std::move(value));
    }
    for (const sdk::Tensor& value : values) weights.push_back(value.values());
    ASSAY_RETURN_IF_ERROR(pruner_->PruneValuesTo(
        CubicSparsity(final_, step, begin, end), weights));
    for (size_t l = 0; l < pruner_->layers().size(); ++l) {
      const sdk::Parameter& p = pruner_->layers()[l];
      const std::vector<uint8_t>& mask = pruner_->masks()[l];
      ASSAY_ASSIGN_OR_RETURN(sdk::Tensor tensor,
                             run_.NewTensor(sdk::DType::kU8, p.shape));
      std::copy(mask.begin(), mask.end(), tensor.values<uint8_t>().begin());
      ASSAY_RETURN_IF_ERROR(e.SetMask(p.name, tensor));
    }
    pruner_->Report(step);
    return sdk::OkStatus();
  }

 private:
  const sdk::Run& run_;
  Pruner* pruner_;
  double final_;
  int64_t every_;
};

}  // namespace

class Magnitude final : public sdk::Method {
 public:
  sdk::Status Plan(const sdk::Run& run, sdk::Needs& needs) override {
    const sdk::Config& config = run.config();
    const std::string score = config.Choice("score");
    const std::string when = config.Choice("when");
    if (when == "gradual" && score != "mag") {
      return sdk::InvalidArgument(
          "when=gradual ranks by magnitude while training; score=" + score +
          " has no meaning there");
    }
    if (config.Choice("alloc") == "lamp" && score != "mag") {
      return sdk::InvalidArgument("alloc=lamp normalises magnitudes; score=" +
                                  score + " has no meaning there");
    }
    const double each = when == "oneshot" || when == "iterative"
                            ? FineTuneEpochs(run)
                            : FullEpochs(run);
    needs.epochs = 0;
    for (const sdk::Budget& b : run.budgets()) {
      needs.epochs += each * (when == "iterative" ? Rounds(run, b) : 1);
    }
    return sdk::OkStatus();
  }

  sdk::Status Apply(sdk::Run& run) override {
    run.Note("bn_mode", run.config().Choice("bn_mode"));
    const std::string when = run.config().Choice("when");
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_ASSIGN_OR_RETURN(Pruner pruner,
                             Pruner::Make(run, OptionsOf(run.config())));
      sdk::Parameters set;
      if (when == "at_init") {
        ASSAY_ASSIGN_OR_RETURN(set, AtInit(run, budget, &pruner));
      } else if (when == "gradual") {
        ASSAY_ASSIGN_OR_RETURN(set, WhileTraining(run, budget, &pruner));
      } else {
        ASSAY_ASSIGN_OR_RETURN(set, AfterTraining(run, budget, &pruner));
      }
      ASSAY_ASSIGN_OR_RETURN(sdk::Parameters masks, pruner.MaskSet());
      ASSAY_RETURN_IF_ERROR(set.ApplyMasks(masks));
      pruner.Report(-1);
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, run.graph(), set));
    }
    return sdk::OkStatus();
  }

 private:
  static double Target(const sdk::Budget& budget) {
    return budget.sparsity.value_or(0.0);
  }

  static double FullEpochs(const sdk::Run& run) {
    const double epochs = run.config().Real("epochs");
    return epochs >= 0 ? epochs : run.recipe().epochs;
  }

  static double FineTuneEpochs(const sdk::Run& run) {
    const double epochs = run.config().Real("fine_tune_epochs");
    return epochs >= 0 ? epochs : std::max(1.0, run.recipe().epochs / 4);
  }

  // Prunings of the iterative protocol: each takes a fraction of the rest.
  static int Rounds(const sdk::Run& run, const sdk::Budget& budget) {
    const double keep = 1 - run.config().Real("iteration_fraction");
    const double rounds = std::log(1 - Target(budget)) / std::log(keep);
    return std::max(1, static_cast<int>(std::ceil(rounds - 1e-9)));
  }

  // The trained network, then prune and fine-tune, once or in rounds.
  sdk::StatusOr<sdk::Parameters> AfterTraining(sdk::Run& run,
                                               const sdk::Budget& budget,
                                               Pruner* pruner) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    const bool iterative = run.config().Choice("when") == "iterative";
    const int rounds = iterative ? Rounds(run, budget) : 1;
    const double keep = 1 - run.config().Real("iteration_fraction");
    for (int round = 1; round <= rounds; ++round) {
      if (run.stop_wanted()) return sdk::Cancelled();
      const double target =
          round == rounds ? Target(budget) : 1 - std::pow(keep, round);
      ASSAY_RETURN_IF_ERROR(pruner->PruneTo(target, set));
      ASSAY_RETURN_IF_ERROR(Control(run, pruner, &set));
      ASSAY_RETURN_IF_ERROR(FineTune(run, *pruner, round, &set));
    }
    return set;
  }

  sdk::Status FineTune(sdk::Run& run, const Pruner& pruner, int round,
                       sdk::Parameters* set) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters masks, pruner.MaskSet());
    ASSAY_RETURN_IF_ERROR(set->ApplyMasks(masks));
    const double epochs = FineTuneEpochs(run);
    if (epochs == 0) return sdk::OkStatus();
    const double rate = run.config().Real("fine_tune_learning_rate");
    sdk::TrainOptions options;
    options.epochs = epochs;
    options.learning_rate =
        rate >= 0 ? rate : kFineTuneRate * run.recipe().learning_rate;
    options.schedule = run.config().Choice("fine_tune_schedule");
    options.warmup_steps = 0;
    options.masks = masks;
    options.stream = "fine_tune/" + std::to_string(round);
    return run.Train(run.graph(), set, options).status();
  }

  // Fresh weights, pruned, then the whole recipe under the masks.
  sdk::StatusOr<sdk::Parameters> AtInit(sdk::Run& run,
                                        const sdk::Budget& budget,
                                        Pruner* pruner) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(set.Initialize(run.graph(), "init"));
    ASSAY_RETURN_IF_ERROR(pruner->PruneTo(Target(budget), set));
    ASSAY_RETURN_IF_ERROR(Control(run, pruner, &set));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters masks, pruner->MaskSet());
    ASSAY_RETURN_IF_ERROR(set.ApplyMasks(masks));
    sdk::TrainOptions options;
    options.epochs = FullEpochs(run);
    options.masks = masks;
    ASSAY_RETURN_IF_ERROR(run.Train(run.graph(), &set, options).status());
    return set;
  }

  // Fresh weights, the whole recipe, sparsity rising on the way.
  sdk::StatusOr<sdk::Parameters> WhileTraining(sdk::Run& run,
                                               const sdk::Budget& budget,
                                               Pruner* pruner) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(set.Initialize(run.graph(), "init"));
    Gradual gradual(run, pruner, Target(budget));
    sdk::TrainOptions options;
    options.epochs = FullEpochs(run);
    options.hooks = &gradual;
    ASSAY_RETURN_IF_ERROR(run.Train(run.graph(), &set, options).status());
    return set;
  }

  // The sanity checks of Frankle et al. 2021, arXiv 2009.08576.
  static sdk::Status Control(sdk::Run& run, Pruner* pruner,
                             sdk::Parameters* set) {
    const std::string control = run.config().Choice("control");
    if (control == "shuffle") return pruner->Shuffle();
    if (control == "reinit") {
      ASSAY_ASSIGN_OR_RETURN(sdk::Parameters fresh, run.NewParameters());
      ASSAY_RETURN_IF_ERROR(fresh.Initialize(run.graph(), "reinit"));
      return set->Assign(fresh);
    }
    return sdk::OkStatus();
  }
};

}  // namespace assay::magnitude

ASSAY_EXPORT_METHOD(
    assay::magnitude::Magnitude,
    assay::sdk::Card("magnitude")
        .Version("1.0.0")
        .Title("Magnitude, SNIP, GraSP, SynFlow and random pruning of single "
               "weights")
        .Paper("Han et al. 2015, arXiv 1506.02626, and those of README.md")
        .Kind(assay::sdk::Kind::kPrune)
        .Determinism(assay::sdk::Determinism::kMachine)
        .Budgets(ASSAY_BUDGET_SPARSITY)
        .Requires(ASSAY_TRAIN_ID)
        .Choice(1, "score", {"mag", "random", "snip", "grasp", "synflow"},
                "mag", "what a weight is worth; higher stays")
        .Choice(2, "alloc",
                {"global", "lamp", "uniform", "uniform_plus", "er", "erk"},
                "global", "how many weights each layer keeps")
        .Choice(3, "when", {"oneshot", "iterative", "gradual", "at_init"},
                "oneshot", "pruning after, while or before training")
        .Choice(4, "control", {"none", "invert", "shuffle", "reinit"}, "none",
                "sanity checks: keep the worst, shuffle masks in each layer, "
                "new weights under the masks")
        .Real(5, "fine_tune_epochs", -1, {-1, 1000},
              "after each pruning; -1: a quarter of the recipe, at least 1")
        .Real(6, "fine_tune_learning_rate", -1, {-1, 100},
              "peak; -1: a tenth of the recipe's")
        .Choice(7, "fine_tune_schedule", {"constant", "cosine", "linear"},
                "constant", "of the fine-tuning")
        .Real(8, "iteration_fraction", 0.2, {0.01, 0.99},
              "of the remaining weights that each iteration removes")
        .Real(9, "epochs", -1, {-1, 10000},
              "of at_init and gradual; -1: the recipe's")
        .Integer(10, "gradual_every", 100, {1, 1000000},
                 "steps between two prunings of gradual")
        .Integer(11, "score_per_class", 10, {1, 100000},
                 "training samples of each class that score snip and grasp")
        .Real(12, "grasp_temperature", 200, {1e-3, 1e6},
              "divides the logits for grasp")
        .Choice(13, "bn_mode", {"train", "eval"}, "train",
                "batch norm while snip and grasp score; synflow is always "
                "eval")
        .Integer(14, "synflow_rounds", 100, {1, 10000},
                 "of the exponential schedule")
        .Flag(15, "prune_embeddings", false,
              "embeddings take part in pruning, too"));

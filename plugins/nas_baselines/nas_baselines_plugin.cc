// The NAS baselines: train one supernet, search it under a budget of
// multiply-accumulates, hand in the best network found as a dense one.
#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "harness/abi/sdk.h"
#include "harness/abi/search/genetic.h"
#include "plugins/nas_baselines/architecture.h"
#include "plugins/nas_baselines/network.h"
#include "plugins/nas_baselines/searchers.h"
#include "plugins/nas_baselines/space.h"
#include "plugins/nas_baselines/supernet.h"

namespace assay::nas_baselines {
namespace {

sdk::Status Recalibrate(const sdk::Run& run, Network* network) {
  return run.Recalibrate(network->graph, &network->set,
                         run.config().Integer("recalibration_batches"),
                         "recalibrate");
}

// Cost: multiply-accumulates as a fraction of the reference's. Accuracy: of the
// recalibrated sub-network on the validation split.
class SupernetOracle final : public Oracle {
 public:
  SupernetOracle(const sdk::Run& run, const Architectures& architectures,
                 const Supernet& supernet, double reference_macs)
      : run_(run),
        architectures_(architectures),
        supernet_(supernet),
        reference_macs_(reference_macs) {}

  sdk::StatusOr<double> Cost(const Choice& x) override {
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph graph,
                           InferenceGraph(run_, architectures_.family(),
                                          architectures_.Blocks(x)));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Cost cost, run_.Cost(graph));
    return static_cast<double>(cost.macs) / reference_macs_;
  }

  sdk::StatusOr<double> Accuracy(const Choice& x) override {
    if (run_.stop_wanted()) return sdk::Cancelled();
    ASSAY_ASSIGN_OR_RETURN(Network network, supernet_.Extract(x));
    ASSAY_RETURN_IF_ERROR(Recalibrate(run_, &network));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Score score,
                           run_.Evaluate(network.graph, network.set));
    ASSAY_ASSIGN_OR_RETURN(const double macs, Cost(x));
    run_.Metric("search/accuracy", evaluations_, score.metric);
    run_.Metric("search/macs", evaluations_, macs * reference_macs_);
    ++evaluations_;
    run_.Progress("search", evaluations_,
                  run_.config().Integer("evaluations") *
                      static_cast<int64_t>(run_.budgets().size()));
    return score.metric;
  }

 private:
  const sdk::Run& run_;
  const Architectures& architectures_;
  const Supernet& supernet_;
  double reference_macs_;
  int64_t evaluations_ = 0;
};

}  // namespace

class NasBaselines final : public sdk::Method {
 public:
  sdk::Status Plan(const sdk::Run& run, sdk::Needs& needs) override {
    ASSAY_RETURN_IF_ERROR(
        ArchitecturesFor(run, run.config().Integer("width")).status());
    const sdk::Config& config = run.config();
    const auto budgets = static_cast<int64_t>(run.budgets().size());
    const double supernet =
        static_cast<double>(config.Integer("supernet_steps")) /
        static_cast<double>(run.recipe().steps_per_epoch);
    needs.epochs = supernet + static_cast<double>(budgets) *
                                  config.Real("fine_tune_epochs");
    needs.evaluations = budgets * config.Integer("evaluations");
    return sdk::OkStatus();
  }

  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(
        const Architectures architectures,
        ArchitecturesFor(run, run.config().Integer("width")));
    run.Note("space/largest",
             architectures.space().Key(architectures.space().Largest()));
    ASSAY_ASSIGN_OR_RETURN(Supernet supernet,
                           Supernet::Make(run, architectures));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Cost reference, run.Cost(run.graph()));
    SupernetOracle oracle(run, architectures, supernet,
                          static_cast<double>(reference.macs));
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(CheckReachable(architectures, budget, oracle));
    }
    ASSAY_RETURN_IF_ERROR(supernet.Train(TrainingOptions(run)));
    for (const sdk::Budget& budget : run.budgets()) {
      Evaluations evaluations(
          architectures.space(), oracle,
          static_cast<size_t>(run.config().Integer("evaluations")),
          Limit(budget));
      ASSAY_RETURN_IF_ERROR(Search(run, &evaluations));
      ASSAY_RETURN_IF_ERROR(
          HandIn(run, budget, architectures, supernet, evaluations));
    }
    return sdk::OkStatus();
  }

 private:
  static double Limit(const sdk::Budget& budget) {
    return budget.macs_fraction.value_or(
        std::numeric_limits<double>::infinity());
  }

  static SupernetOptions TrainingOptions(const sdk::Run& run) {
    SupernetOptions options;
    options.steps = run.config().Integer("supernet_steps");
    options.passes = run.config().Integer("passes");
    options.learning_rate = run.config().Real("learning_rate") *
                            static_cast<double>(run.recipe().batch_size) / 256;
    options.weight_decay = run.config().Real("weight_decay");
    options.label_smoothing = run.config().Real("label_smoothing");
    return options;
  }

  // Before anything is trained.
  static sdk::Status CheckReachable(const Architectures& architectures,
                                    const sdk::Budget& budget,
                                    SupernetOracle& oracle) {
    ASSAY_ASSIGN_OR_RETURN(const double least,
                           oracle.Cost(architectures.space().Smallest()));
    if (least <= Limit(budget)) return sdk::OkStatus();
    return sdk::FailedPrecondition(
        "budget " + budget.id + ": the smallest network of the space has " +
        std::to_string(least) +
        " of the reference's multiply-accumulates; a smaller width helps");
  }

  static sdk::Status Search(sdk::Run& run, Evaluations* evaluations) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run.Random("search"));
    const search::Source source = {
        [&random](uint64_t n) { return random.Below(n); },
        [&random] { return random.Uniform(); }};
    const auto population =
        static_cast<size_t>(run.config().Integer("population"));
    const std::string_view searcher = run.config().Choice("searcher");
    if (searcher == "random") return RandomSearch(source.below, evaluations);
    if (searcher == "nsga2") return Nsga2(population, source, evaluations);
    if (searcher == "spos_evolution") {
      SposOptions options;
      options.population = population;
      options.parents = std::max<size_t>(1, population / 5);
      options.mutants = options.crossovers = population / 2;
      return SposEvolution(options, source, evaluations);
    }
    AgingOptions options;
    options.population = population;
    options.sample = static_cast<size_t>(run.config().Integer("sample"));
    return AgingEvolution(options, source.below, evaluations);
  }

  static sdk::Status HandIn(sdk::Run& run, const sdk::Budget& budget,
                            const Architectures& architectures,
                            const Supernet& supernet,
                            const Evaluations& evaluations) {
    const Evaluated* best = evaluations.best();
    if (best == nullptr) {
      return sdk::FailedPrecondition(
          "budget " + budget.id +
          ": ten thousand draws found no network within it");
    }
    run.Note("chosen/" + budget.id, architectures.space().Key(best->x));
    run.Note("evaluations/" + budget.id,
             std::to_string(evaluations.log().size()));
    ASSAY_ASSIGN_OR_RETURN(Network network, supernet.Extract(best->x));
    ASSAY_RETURN_IF_ERROR(Recalibrate(run, &network));
    ASSAY_RETURN_IF_ERROR(FineTune(run, &network));
    return run.Submit(budget, network.graph, network.set);
  }

  static sdk::Status FineTune(sdk::Run& run, Network* network) {
    const double epochs = run.config().Real("fine_tune_epochs");
    if (epochs == 0) return sdk::OkStatus();
    sdk::TrainOptions options;
    options.epochs = epochs;
    options.learning_rate = run.config().Real("fine_tune_learning_rate");
    options.schedule = "cosine";
    options.warmup_steps = 0;
    options.stream = "fine_tune";
    return run.Train(network->graph, &network->set, options).status();
  }
};

}  // namespace assay::nas_baselines

ASSAY_EXPORT_METHOD(
    assay::nas_baselines::NasBaselines,
    assay::sdk::Card("nas_baselines")
        .Version("1.0.0")
        .Title("Random search and aging evolution over a supernet trained with "
               "the sandwich rule")
        .Paper("Real et al. 2019, arXiv 1802.01548; Yu et al. 2020, arXiv "
               "2003.11142")
        .Kind(assay::sdk::Kind::kSearch)
        .Determinism(assay::sdk::Determinism::kMachine)
        .Budgets(ASSAY_BUDGET_MACS)
        .Modalities(ASSAY_IMAGE | ASSAY_AUDIO)
        .Requires(ASSAY_ANALYSIS_ID)
        .Requires(ASSAY_PROGRAM_ID)
        .Requires(ASSAY_TRAIN_ID)
        .Choice(1, "searcher",
                {"random", "aging_evolution", "nsga2", "spos_evolution"},
                "aging_evolution", "how architectures are proposed")
        .Integer(2, "evaluations", 20, {1, 1000000},
                 "distinct architectures that a search may evaluate, for each "
                 "budget")
        .Integer(3, "population", 8, {1, 100000},
                 "members; the first are random")
        .Integer(4, "sample", 3, {1, 100000},
                 "aging_evolution: members drawn for each parent")
        .Integer(5, "supernet_steps", 150, {1, 100000000},
                 "optimiser steps of the supernet's training")
        .Integer(6, "passes", 4, {2, 64},
                 "networks in each step: largest, random ones, smallest")
        .Integer(7, "recalibration_batches", 4, {1, 100000},
                 "of batch norm, before each evaluation")
        .Real(8, "fine_tune_epochs", 4, {0, 1000},
              "of the chosen network, cosine; 0 as in BigNAS")
        .Real(9, "learning_rate", 0.1, {1e-8, 100},
              "peak, of the supernet, for a batch of 256; in proportion for "
              "others")
        .Integer(10, "width", 0, {0, 512},
                 "largest width of the first layer, a multiple of 4; 0: the "
                 "largest network costs what the reference does")
        .Real(11, "weight_decay", 1e-5, {0, 1}, "of the supernet's weights")
        .Real(12, "label_smoothing", 0.1, {0, 0.99},
              "of the largest network's labels")
        .Real(13, "fine_tune_learning_rate", 0.1, {1e-8, 100},
              "peak, of fine-tuning"));

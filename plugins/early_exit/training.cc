#include "plugins/early_exit/training.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "plugins/early_exit/confidence.h"

namespace assay::early_exit {
namespace {

sdk::TrainOptions OptionsFor(const sdk::Run& run, const TrainingOptions& o,
                             std::string stream) {
  sdk::TrainOptions options;
  options.steps = std::max<int64_t>(
      1, std::llround(o.epochs *
                      static_cast<double>(run.recipe().steps_per_epoch)));
  options.learning_rate = o.learning_rate;
  options.optimizer = "adamw";
  options.schedule = "cosine";
  options.warmup_steps = 0;
  options.stream = std::move(stream);
  return options;
}

std::string OutputOf(const Network& network, size_t exit) {
  return exit < network.exits.size() ? network.exits[exit].name : "logits";
}

// Everything that the exits and the end say, batch by batch.
sdk::StatusOr<sdk::Graph> AllAnswers(const sdk::Run& run,
                                     const Network& network, int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run.Clone(network.graph));
  for (const Exit& exit : network.exits) graph.Output(exit.name, exit.logits);
  ASSAY_RETURN_IF_ERROR(graph.status());
  return run.Rebatch(graph, batch);
}

sdk::StatusOr<std::vector<int64_t>> LabelsOf(const sdk::Run& run,
                                             const assay_batch& batch) {
  const std::string name = run.task().labels;
  for (uint32_t i = 0; i < batch.feed_count; ++i) {
    if (sdk::ToString(batch.feeds[i]->name) != name) continue;
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::View view,
        sdk::View::Make(run.services(), batch.feeds[i]->tensor, ASSAY_READ));
    if (view.dl().dtype.bits == 32) {
      const auto labels = view.values<int32_t>();
      return std::vector<int64_t>(labels.begin(), labels.end());
    }
    const auto labels = view.values<int64_t>();
    return std::vector<int64_t>(labels.begin(), labels.end());
  }
  return sdk::FailedPrecondition("a batch without " + name);
}

sdk::Status Add(const sdk::Tensor& logits, const std::vector<int64_t>& labels,
                int64_t samples, sdk::Asks asks,
                std::vector<double>* confidence, std::vector<uint8_t>* right) {
  const sdk::Span<const float> all = logits.values();
  const size_t classes = all.size() / labels.size();
  for (size_t i = 0; i < static_cast<size_t>(samples); ++i) {
    const sdk::Span<const float> row(all.data() + i * classes, classes);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    right->push_back(best == labels[i] ? 1 : 0);
    if (confidence == nullptr) continue;
    ASSAY_ASSIGN_OR_RETURN(const double sure, ConfidenceOf(row, asks));
    confidence->push_back(sure);
  }
  return sdk::OkStatus();
}

}  // namespace

sdk::Status TrainHeads(sdk::Run& run, const TrainingOptions& o,
                       Network* network) {
  for (size_t e = 0; e < network->exits.size(); ++e) {
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph graph, UpTo(run, *network, e));
    sdk::TrainOptions options = OptionsFor(run, o, network->exits[e].name);
    for (const sdk::Parameter& p : graph.parameters()) {
      const bool head = p.name.rfind(network->exits[e].name + ".", 0) == 0;
      if (p.trainable && !head) {
        options.rules.push_back({.name = p.name, .frozen = true});
      }
    }
    ASSAY_ASSIGN_OR_RETURN(sdk::Trainer trainer,
                           run.NewTrainer(graph, network->set, options));
    ASSAY_ASSIGN_OR_RETURN(const sdk::TrainResult result,
                           trainer.Advance(options.steps));
    if (result.stopped) return sdk::Cancelled();
    run.Metric("loss/" + network->exits[e].name, -1, result.loss);
    ASSAY_RETURN_IF_ERROR(trainer.Save(&network->set));
  }
  return sdk::OkStatus();
}

sdk::Status TrainJointly(sdk::Run& run, const TrainingOptions& o,
                         Network* network) {
  ASSAY_ASSIGN_OR_RETURN(const sdk::Graph whole, Joined(run, *network));
  std::vector<sdk::Graph> exits;
  for (size_t e = 0; e < network->exits.size(); ++e) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph exit, UpTo(run, *network, e));
    exits.push_back(std::move(exit));
  }
  const sdk::TrainOptions options = OptionsFor(run, o, "joint");
  ASSAY_ASSIGN_OR_RETURN(sdk::Trainer trainer,
                         run.NewTrainer(whole, network->set, options));
  for (int64_t step = 0; step < options.steps; ++step) {
    if (run.stop_wanted()) return sdk::Cancelled();
    run.Progress("joint training", step, options.steps);
    ASSAY_RETURN_IF_ERROR(trainer.Backward().status());
    for (const sdk::Graph& exit : exits) {
      ASSAY_RETURN_IF_ERROR(trainer.BackwardAdd(exit).status());
    }
    ASSAY_RETURN_IF_ERROR(trainer.Apply());
  }
  return trainer.Save(&network->set);
}

sdk::StatusOr<Answers> AnswersOf(const sdk::Run& run, const Network& network,
                                 sdk::Asks asks) {
  const int64_t batch = run.recipe().batch_size;
  const size_t exits = network.exits.size();
  Answers answers;
  answers.confidence.resize(exits);
  answers.right.resize(exits + 1);
  for (const Exit& exit : network.exits) {
    answers.trunk_macs.push_back(exit.trunk_macs);
    answers.head_macs.push_back(exit.head_macs);
  }
  answers.trunk_macs.push_back(network.trunk_macs);
  ASSAY_ASSIGN_OR_RETURN(const sdk::Graph graph,
                         AllAnswers(run, network, batch));
  ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables,
                         run.NewVariables(network.set));
  ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(graph));
  ASSAY_ASSIGN_OR_RETURN(const sdk::PartRef part,
                         run.Whole(sdk::Split::kValidation));
  ASSAY_ASSIGN_OR_RETURN(sdk::Batches batches,
                         run.Open(part, {.batch_size = batch}));
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const assay_batch* fed, batches.Next());
    if (fed == nullptr) break;
    ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> labels,
                           LabelsOf(run, *fed));
    ASSAY_RETURN_IF_ERROR(program.Feed(fed));
    ASSAY_RETURN_IF_ERROR(program.Run());
    for (size_t e = 0; e <= exits; ++e) {
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor logits,
                             program.Fetch(OutputOf(network, e)));
      ASSAY_RETURN_IF_ERROR(Add(logits, labels, fed->samples, asks,
                                e < exits ? &answers.confidence[e] : nullptr,
                                &answers.right[e]));
    }
  }
  return answers;
}

}  // namespace assay::early_exit

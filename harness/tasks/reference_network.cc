#include "harness/tasks/reference_network.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/graph/structural_hash.h"
#include "harness/models/init.h"
#include "harness/models/torch_names.h"
#include "harness/tasks/fit_network.h"
#include "harness/train/checkpoint.h"
#include "harness/train/evaluate.h"
#include "harness/train/trainer.h"

namespace assay {
namespace {

constexpr absl::Duration kSaveEvery = absl::Minutes(3);

std::string InitialiserText(const Initialiser& initialiser) {
  return absl::StrCat(initialiser.parameter, " ",
                      static_cast<int>(initialiser.kind), " ",
                      initialiser.value);
}

Schedule ScheduleFor(const Task& task, int64_t steps) {
  Schedule schedule = task.RecipeSchedule();
  if (steps == 0 || steps == schedule.steps) return schedule;
  schedule.warmup = schedule.warmup * steps / schedule.steps;
  schedule.steps = steps;
  return schedule;
}

// Saves the run now and then, and at its end.
class Saver : public TrainingHooks {
 public:
  Saver(std::string path, std::string key, double seconds_before,
        const TrainingLedger* ledger)
      : path_(std::move(path)),
        key_(std::move(key)),
        seconds_before_(seconds_before),
        ledger_(ledger),
        saved_(absl::Now()) {}

  absl::Status StepEnd(Trainer& trainer, const StepReport&) override {
    if (path_.empty() || absl::Now() - saved_ < kSaveEvery) {
      return absl::OkStatus();
    }
    saved_ = absl::Now();
    return Save(trainer);
  }

  absl::Status Save(const Trainer& trainer) const {
    if (path_.empty()) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(Checkpoint state, trainer.SaveState());
    state.metadata["key"] = key_;
    state.metadata["seconds"] = absl::StrCat(seconds());
    return WriteCheckpoint(path_, state);
  }

  double seconds() const { return seconds_before_ + ledger_->seconds; }

 private:
  std::string path_, key_;
  double seconds_before_;
  const TrainingLedger* ledger_;
  absl::Time saved_;
};

// A number in the metadata.
absl::StatusOr<double> Number(const Checkpoint& checkpoint,
                              const std::string& path, const char* name) {
  const auto found = checkpoint.metadata.find(name);
  double value = 0;
  if (found == checkpoint.metadata.end() ||
      !absl::SimpleAtod(found->second, &value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": metadata: expected a number \"", name, "\""));
  }
  return value;
}

absl::StatusOr<Checkpoint> ReadKeyed(const std::string& path,
                                     const std::string& key) {
  ASSAY_ASSIGN_OR_RETURN(Checkpoint checkpoint, ReadCheckpoint(path));
  const auto found = checkpoint.metadata.find("key");
  const std::string got =
      found == checkpoint.metadata.end() ? "none" : found->second;
  if (got != key) {
    return absl::DataLossError(
        absl::StrCat(path, ": expected the key ", key, ", got ", got));
  }
  return checkpoint;
}

absl::Status ReadCached(const std::string& path, ReferenceNetwork* network) {
  ASSAY_ASSIGN_OR_RETURN(Checkpoint checkpoint, ReadKeyed(path, network->key));
  for (const ValueId id : network->graph.parameters()) {
    const Value& value = network->graph.value(id);
    ASSAY_ASSIGN_OR_RETURN(const Tensor tensor,
                           checkpoint.parameters.Get(value.name));
    if (tensor.dtype() != value.type.dtype ||
        tensor.shape() != value.type.shape) {
      return absl::DataLossError(
          absl::StrCat(path, ": parameter \"", value.name, "\": expected ",
                       ToString(value.type), ", got ", tensor.TypeString()));
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const double steps, Number(checkpoint, path, "steps"));
  ASSAY_ASSIGN_OR_RETURN(network->seconds, Number(checkpoint, path, "seconds"));
  ASSAY_ASSIGN_OR_RETURN(network->validation_metric,
                         Number(checkpoint, path, "validation_metric"));
  network->steps = static_cast<int64_t>(steps);
  network->parameters = std::move(checkpoint.parameters);
  network->cached = true;
  return absl::OkStatus();
}

class Maker {
 public:
  Maker(const Task& task, const OpSet& ops, Device* device,
        const ReferenceOptions& options)
      : task_(task), ops_(ops), device_(device), options_(options) {}

  absl::Status Train(ReferenceNetwork* network) {
    ASSAY_ASSIGN_OR_RETURN(ReferenceGraph reference,
                           task_.BuildNetwork(ops_, task_.spec().recipe.batch));
    ASSAY_ASSIGN_OR_RETURN(
        const ParameterStore initial,
        Initialise(reference.graph, reference.initialisers, options_.seed));
    StepOptions step = task_.RecipeStep(options_.seed);
    step.bf16 = options_.bf16;
    ASSAY_ASSIGN_OR_RETURN(
        const std::unique_ptr<Trainer> trainer,
        Trainer::Make(device_, std::move(reference.graph), step, initial));
    const std::string partial =
        network->path.empty() ? "" : network->path + ".partial";
    double seconds_before = 0;
    if (!partial.empty() && FileExists(partial)) {
      ASSAY_ASSIGN_OR_RETURN(const Checkpoint state,
                             ReadKeyed(partial, network->key));
      ASSAY_RETURN_IF_ERROR(trainer->RestoreState(state));
      ASSAY_ASSIGN_OR_RETURN(seconds_before, Number(state, partial, "seconds"));
    }
    ASSAY_RETURN_IF_ERROR(Loop(*trainer, partial, seconds_before, network));
    ASSAY_RETURN_IF_ERROR(
        Validate(trainer->device_parameters(), network).status());
    ASSAY_RETURN_IF_ERROR(Write(*network));
    if (!partial.empty()) std::remove(partial.c_str());
    return absl::OkStatus();
  }

  // Takes the weights that the task names.
  absl::Status ReadPublished(ReferenceNetwork* network) {
    const PublishedWeights& weights = task_.spec().published_weights;
    const std::string path = JoinPath(task_.data_dir(), weights.file);
    ASSAY_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(path));
    if (digest != weights.sha256) {
      return absl::DataLossError(absl::StrCat(
          path, ": expected SHA-256 ", weights.sha256, ", got ", digest));
    }
    ASSAY_ASSIGN_OR_RETURN(const Checkpoint torch, ReadCheckpoint(path));
    ASSAY_ASSIGN_OR_RETURN(network->parameters,
                           FromTorch(network->graph, torch.parameters));
    DeviceParameters parameters(device_);
    ASSAY_RETURN_IF_ERROR(parameters.Load(network->parameters));
    ASSAY_RETURN_IF_ERROR(Validate(&parameters, network).status());
    return Write(*network);
  }

  // A network that the user brought is trained already.
  absl::Status Adopt(ReferenceNetwork* network) {
    network->parameters = task_.brought()->parameters;
    DeviceParameters parameters(device_);
    ASSAY_RETURN_IF_ERROR(parameters.Load(network->parameters));
    ASSAY_ASSIGN_OR_RETURN(const Scores scores, Validate(&parameters, network));
    ASSAY_RETURN_IF_ERROR(CheckAdopted(scores));
    return Write(*network);
  }

 private:
  absl::Status Loop(Trainer& trainer, const std::string& partial,
                    double seconds_before, ReferenceNetwork* network) {
    const std::unique_ptr<BatchSource> batches =
        task_.TrainingBatches(task_.spec().recipe.batch, options_.seed);
    TrainingLedger ledger;
    LoopOptions loop;
    loop.schedule = ScheduleFor(task_, options_.steps);
    loop.last_step = loop.schedule.steps;
    loop.label = absl::StrCat("train ", task_.spec().id);
    loop.progress = options_.progress;
    loop.stop = options_.stop;
    loop.ledger = &ledger;
    Saver saver(partial, network->key, seconds_before, &ledger);
    ASSAY_ASSIGN_OR_RETURN(const LoopResult result,
                           RunTraining(trainer, *batches, loop, &saver));
    if (result.stopped) {
      ASSAY_RETURN_IF_ERROR(saver.Save(trainer));
      return absl::CancelledError(absl::StrCat(
          "training of ", task_.spec().id, " stopped after ", trainer.step(),
          " of ", loop.last_step, " steps",
          partial.empty() ? "" : "; the next call goes on from there"));
    }
    network->steps = trainer.step();
    network->seconds = saver.seconds();
    ASSAY_ASSIGN_OR_RETURN(network->parameters, trainer.Parameters());
    return absl::OkStatus();
  }

  absl::StatusOr<Scores> Validate(DeviceParameters* parameters,
                                  ReferenceNetwork* network) {
    ASSAY_ASSIGN_OR_RETURN(
        const std::unique_ptr<Evaluator> evaluator,
        Evaluator::Make(device_, network->graph, task_.spec().evaluation_batch,
                        parameters));
    const std::unique_ptr<BatchSource> batches = task_.EvaluationBatches(
        Split::kValidation, task_.spec().evaluation_batch, Scoring::kFast);
    Evaluator::Options evaluation;
    evaluation.label = absl::StrCat("validate ", task_.spec().id);
    evaluation.progress = options_.progress;
    evaluation.stop = options_.stop;
    ASSAY_ASSIGN_OR_RETURN(Scores scores, evaluator->Run(*batches, evaluation));
    network->validation_metric = task_.MetricOf(scores);
    return scores;
  }

  // A trained classifier that does no better than guessing has been misread.
  absl::Status CheckAdopted(const Scores& scores) const {
    const DatasetSpec& data = task_.dataset().spec();
    if (task_.spec().metric != Metric::kAccuracy ||
        scores.accuracy() * static_cast<double>(data.classes) >= 1.2) {
      return absl::OkStatus();
    }
    const std::vector<int32_t> fitting =
        OrderThatFits(scores.labels, scores.predictions, data.classes);
    std::vector<int32_t> order;  // of the network's own scores
    for (const int32_t label : task_.brought()->labels) {
      if (fitting.empty()) break;
      order.push_back(fitting[static_cast<size_t>(label)]);
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "the network does not fit the task: its accuracy on ", data.name,
        "'s validation split is ", scores.accuracy(), ", and guessing gives ",
        1 / static_cast<double>(data.classes),
        order.empty()
            ? absl::StrCat("; it read (x - mean) / stddev with mean ",
                           absl::StrJoin(task_.spec().mean, ","),
                           " and stddev ",
                           absl::StrJoin(task_.spec().stddev, ","),
                           ": --network_mean and --network_stddev say what it "
                           "was trained with")
            : absl::StrCat("; its scores stand for the classes in another "
                           "order: --network_labels=",
                           absl::StrJoin(order, ","))));
  }

  absl::Status Write(const ReferenceNetwork& network) const {
    if (network.path.empty()) return absl::OkStatus();
    Checkpoint checkpoint;
    checkpoint.parameters = network.parameters;
    checkpoint.metadata = {
        {"key", network.key},
        {"task", task_.spec().id},
        {"recipe", task_.RecipeText()},
        {"dataset", task_.dataset().spec().fingerprint},
        {"seed", absl::StrCat(options_.seed)},
        {"precision", options_.bf16 ? "bf16" : "f32"},
        {"steps", absl::StrCat(network.steps)},
        {"seconds", absl::StrCat(network.seconds)},
        {"validation_metric", absl::StrCat(network.validation_metric)}};
    return WriteCheckpoint(network.path, checkpoint);
  }

  const Task& task_;
  const OpSet& ops_;
  Device* device_;
  const ReferenceOptions& options_;
};

}  // namespace

absl::StatusOr<std::string> ReferenceKey(const Task& task, const OpSet& ops,
                                         const Device& device,
                                         const ReferenceOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph reference,
                         task.BuildNetwork(ops, task.spec().recipe.batch));
  const DeviceDescription& description = device.description();
  const Schedule schedule = ScheduleFor(task, options.steps);
  const std::string& published = task.spec().published_weights.sha256;
  return Sha256Hex(absl::StrCat(
      "revision ", kTrainingRevision, "\n", StructuralHash(reference.graph),
      "\n",
      absl::StrJoin(reference.initialisers, "\n",
                    [](std::string* out, const Initialiser& initialiser) {
                      absl::StrAppend(out, InitialiserText(initialiser));
                    }),
      "\n", task.spec().id, "\n", task.RecipeText(), "\n", schedule.steps,
      " steps, ", schedule.ToString(), "\n", task.dataset().spec().fingerprint,
      "\nseed ", options.seed, "\n", options.bf16 ? "bf16" : "f32", "\n",
      description.name, "\n", description.library,
      published.empty() ? "" : "\npublished weights ", published));
}

absl::StatusOr<ReferenceNetwork> GetReferenceNetwork(
    const Task& task, const OpSet& ops, Device* device,
    const ReferenceOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph reference,
                         task.BuildNetwork(ops, task.spec().evaluation_batch));
  ReferenceNetwork network{
      std::move(reference.graph), {}, "", "", false, false, 0, 0, 0};
  network.published = !task.spec().published_weights.file.empty();
  ASSAY_ASSIGN_OR_RETURN(network.key,
                         ReferenceKey(task, ops, *device, options));
  if (!options.cache_dir.empty()) {
    network.path =
        JoinPath(options.cache_dir,
                 absl::StrCat(task.spec().id, "-", network.key.substr(0, 16),
                              ".safetensors"));
    if (FileExists(network.path)) {
      ASSAY_RETURN_IF_ERROR(ReadCached(network.path, &network));
      return network;
    }
  }
  Maker maker(task, ops, device, options);
  ASSAY_RETURN_IF_ERROR(task.brought() != nullptr ? maker.Adopt(&network)
                        : network.published ? maker.ReadPublished(&network)
                                            : maker.Train(&network));
  return network;
}

}  // namespace assay

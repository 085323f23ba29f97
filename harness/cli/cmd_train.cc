// assay train: the reference network of a task, trained once and cached.
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/backend/registry.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"
#include "harness/ops/ops.h"
#include "harness/tasks/reference_network.h"
#include "harness/tasks/registry.h"
#include "harness/tasks/task.h"
#include "harness/train/evaluate.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"backend", "NAME", "cpu", "where to train"},
    {"seed", "N", "1", "of initial values, order and augmentation"},
    {"steps", "N", "0", "of the optimiser; 0: the recipe's"},
    {"precision", "f32|bf16", "f32", "of activations and gradients"},
    {"test", "", "", "score the test split as well"},
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"cache_dir", "DIR", "", "where trained networks lie"},
    {"format", "text|json", "text", "how to print the result"},
};

absl::StatusOr<ReferenceOptions> OptionsOf(const Args& args) {
  ReferenceOptions options;
  options.cache_dir = CacheFolder(args.Text("cache_dir"));
  ASSAY_ASSIGN_OR_RETURN(options.seed, args.Unsigned("seed"));
  ASSAY_ASSIGN_OR_RETURN(options.steps, args.Int("steps"));
  const std::string precision = args.Text("precision");
  if (precision != "f32" && precision != "bf16") {
    return absl::InvalidArgumentError(
        absl::StrCat("--precision expects f32 or bf16, got '", precision, "'"));
  }
  options.bf16 = precision == "bf16";
  options.stop = StopOnInterrupt();
  return options;
}

absl::StatusOr<double> MetricOn(const Task& task, Device* device,
                                const ReferenceNetwork& network, Split split) {
  DeviceParameters parameters(device);
  ASSAY_RETURN_IF_ERROR(parameters.Load(network.parameters));
  const int64_t batch = task.spec().evaluation_batch;
  ASSAY_ASSIGN_OR_RETURN(auto evaluator, Evaluator::Make(device, network.graph,
                                                         batch, &parameters));
  const auto source = task.EvaluationBatches(split, batch);
  Evaluator::Options options;
  options.label = absl::StrCat("score ", Name(split));
  options.progress = true;
  options.stop = StopOnInterrupt();
  ASSAY_ASSIGN_OR_RETURN(Scores scores, evaluator->Run(*source, options));
  return task.MetricOf(scores);
}

std::string MetricText(const Task& task, double value) {
  return absl::StrFormat("%.4f %s", value, Name(task.spec().metric));
}

absl::Status Train(const Args& args) {
  if (args.positional().size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("expects one task, got ", args.positional().size(),
                     "; `assay list tasks` shows them"));
  }
  ASSAY_ASSIGN_OR_RETURN(Format format, ParseFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(ReferenceOptions options, OptionsOf(args));
  ASSAY_ASSIGN_OR_RETURN(TaskSpec spec, FindTask(args.positional()[0]));
  ASSAY_ASSIGN_OR_RETURN(auto task,
                         Task::Open(spec, DataFolder(args.Text("data_dir"))));
  ASSAY_ASSIGN_OR_RETURN(auto device, MakeDevice(args.Text("backend")));
  ASSAY_ASSIGN_OR_RETURN(
      ReferenceNetwork network,
      GetReferenceNetwork(*task, StandardOps(), device.get(), options));

  Table table({"field", "value"});
  table.Add({"task", spec.id});
  table.Add({"network", absl::StrCat(spec.network, ", seed ", options.seed)});
  table.Add({"steps", absl::StrCat(network.steps)});
  table.Add({"trained in", HumanDuration(absl::Seconds(network.seconds))});
  table.Add({"validation", MetricText(*task, network.validation_metric)});
  if (args.Switch("test")) {
    ASSAY_ASSIGN_OR_RETURN(const double test, MetricOn(*task, device.get(),
                                                       network, Split::kTest));
    table.Add({"test", MetricText(*task, test)});
    table.Add({"target", absl::StrCat(MetricText(*task, spec.target),
                                      task->Reached(test) ? ", reached"
                                                          : ", not reached")});
  }
  table.Add({"file", network.path});
  table.Add({"cached", network.cached ? "yes" : "no"});
  std::fputs(table.Render(format).c_str(), stdout);
  return absl::OkStatus();
}

int Run(const Args& args) {
  const absl::Status status = Train(args);
  if (status.ok()) return kExitOk;
  if (absl::IsCancelled(status)) {
    absl::FPrintF(stderr,
                  "assay train: interrupted; the same command goes on from "
                  "the last checkpoint\n");
    return kExitInterrupted;
  }
  return Complain("train", status);
}

}  // namespace

extern const Command kTrainCommand = {
    "train",
    "train TASK [flags]",
    "train a task's reference network (once; then it is cached)",
    "Trains the reference network of TASK by its recipe, unless the cache has\n"
    "it: the key is a hash of network, recipe, data, seed, precision and\n"
    "kernels. Runs that need the network find it there.",
    kFlags,
    Run,
    /*place=*/130,
};

}  // namespace assay

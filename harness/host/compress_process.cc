#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/core/file.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"
#include "harness/host/compress/compress.h"
#include "harness/host/process/child_process.h"
#include "harness/host/processes.h"
#include "harness/host/run_files.h"
#include "harness/host/run_setup.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/host/twin.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

// The parent's terminal, where it gave us one.
std::FILE* OpenProgress() {
  return fcntl(kProgressFd, F_GETFD) < 0 ? nullptr : fdopen(kProgressFd, "w");
}

CompressSink::Options SinkOptions(const RunSpec& spec) {
  CompressSink::Options options;
  options.output_dir = spec.output_dir();
  for (const ServedBudget& b : BudgetsOf(spec)) options.budgets.push_back(b.id);
  options.progress = OpenProgress();
  options.terminal =
      options.progress != nullptr && IsTerminal(options.progress);
  return options;
}

// What the method is given: the reference network, or its twin, whose classes
// the task then names as it does.
struct Given {
  Graph graph;
  ParameterStore parameters;
  std::vector<Initialiser> initialisers;
};
absl::StatusOr<Given> GivenNetwork(const RunSpec& spec, Task* task,
                                   ReferenceNetwork reference) {
  ASSAY_ASSIGN_OR_RETURN(
      ReferenceGraph built,
      task->BuildNetwork(StandardOps(), task->spec().evaluation_batch));
  if (!spec.twin()) {
    return Given{std::move(reference.graph), std::move(reference.parameters),
                 std::move(built.initialisers)};
  }
  const std::vector<int32_t> classes =
      TwinClasses(reference.graph, spec.seed());
  ASSAY_ASSIGN_OR_RETURN(TwinNetwork twin,
                         MakeTwin(reference.graph, reference.parameters,
                                  built.initialisers, classes));
  if (!classes.empty()) task->Relabel(classes);
  return Given{std::move(twin.graph), std::move(twin.parameters),
               std::move(twin.initialisers)};
}

// Task, reference network and its identity; then the method. An error is the
// harness's.
absl::Status PrepareAndCompress(const RunSpec& spec, CompressResult* result) {
  const absl::Time began = absl::Now();
  ASSAY_RETURN_IF_ERROR(LimitThreads(spec.threads()));
  const std::atomic<bool>* terminate = StopOnTerminate();
  ASSAY_ASSIGN_OR_RETURN(const RunSetup setup, OpenTask(spec));
  ASSAY_ASSIGN_OR_RETURN(ReferenceNetwork reference, ReferenceOf(spec, setup));
  ASSAY_ASSIGN_OR_RETURN(*result->mutable_reference(), IdentityOf(reference));
  const double reference_quality = reference.validation_metric;
  ASSAY_ASSIGN_OR_RETURN(
      Given given, GivenNetwork(spec, setup.task.get(), std::move(reference)));
  // Nothing of the test split is left when foreign code comes in.
  setup.task->ForgetTest();
  ServedTask served;
  served.task = setup.task.get();
  served.initialisers = std::move(given.initialisers);
  served.reference = reference_quality;
  ASSAY_ASSIGN_OR_RETURN(served.chance, ChanceOf(*setup.task));

  CompressInput input{&spec,
                      &served,
                      setup.device.get(),
                      std::move(given.graph),
                      std::move(given.parameters),
                      [terminate]() -> int32_t {
                        return *terminate ? ASSAY_STOP_SOON : ASSAY_STOP_NO;
                      }};
  PhaseRecord* phase = result->add_phases();
  phase->set_name("open task and reference network");
  phase->set_kind(PhaseRecord::HARNESS);
  phase->set_seconds(absl::ToDoubleSeconds(absl::Now() - began));
  phase->set_calls(1);
  CompressSink sink(SinkOptions(spec));
  Compress(std::move(input), &sink, result);
  return absl::OkStatus();
}

}  // namespace

int CompressMain(const std::string& spec_path) {
  EnterStage(Outcome::PREPARE);
  const auto spec = ReadRunSpec(spec_path);
  if (!spec.ok()) return ExitCodeOf(spec.status());
  CompressResult result;
  const absl::Status prepared = PrepareAndCompress(*spec, &result);
  if (!prepared.ok()) {
    *result.mutable_outcome() =
        OutcomeOf(prepared, Outcome::HARNESS_ERROR, Outcome::PREPARE);
  }
  const absl::Status written =
      WriteMessage(JoinPath(spec->output_dir(), kCompressResultFile), result);
  std::fflush(nullptr);
  // No destructor of the plugin's runs after the result is there.
  _exit(ExitCodeOf(written));
}

}  // namespace assay

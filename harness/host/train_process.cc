#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "datasets/verified_files.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/processes.h"
#include "harness/host/run_files.h"
#include "harness/host/run_files.pb.h"
#include "harness/host/run_setup.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/measure/clock.h"
#include "harness/report/check.h"
#include "harness/report/record/phase_timer.h"

namespace assay {
namespace {

double SecondsSince(int64_t start_ns) {
  return static_cast<double>(MonotonicClock().NowNs() - start_ns) * 1e-9;
}

// What training took, now or when it was done.
void FillLedger(const RunSetup& setup, const ReferenceNetwork& network,
                LedgerRecord* ledger) {
  if (network.published) {
    *ledger->mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE,
                         "published weights, which were not trained here");
    return;
  }
  *ledger->mutable_availability() = MakeAvailability(Availability::MEASURED);
  const int64_t batch = setup.task->spec().recipe.batch;
  ledger->set_steps(static_cast<uint64_t>(network.steps));
  ledger->set_samples(static_cast<uint64_t>(network.steps * batch));
  ledger->set_seconds(network.seconds);
  *ledger->mutable_joules_availability() = MakeAvailability(
      Availability::UNAVAILABLE, "no meter was read while it was trained");
}

absl::Status Train(const RunSpec& spec, TrainResult* result) {
  ASSAY_RETURN_IF_ERROR(LimitThreads(spec.threads()));
  const int64_t start = MonotonicClock().NowNs();
  ASSAY_ASSIGN_OR_RETURN(const RunSetup setup, OpenTask(spec));
  *result->add_phases() =
      SinglePhase("open task", PhaseRecord::HARNESS, SecondsSince(start));
  for (std::string& stamp : setup.verified->stamps()) {
    result->add_verified_files(std::move(stamp));
  }
  const int64_t opened = MonotonicClock().NowNs();
  ASSAY_ASSIGN_OR_RETURN(const ReferenceNetwork network,
                         ReferenceOf(spec, setup));
  const bool trained = !network.cached && !network.published;
  *result->add_phases() = SinglePhase(
      trained ? "train reference network" : "read reference network",
      trained ? PhaseRecord::TRAINING : PhaseRecord::HARNESS,
      SecondsSince(opened));
  result->set_was_cached(network.cached);
  FillLedger(setup, network, result->mutable_ledger());
  ASSAY_ASSIGN_OR_RETURN(*result->mutable_reference(), IdentityOf(network));
  return absl::OkStatus();
}

}  // namespace

int TrainMain(const std::string& spec_path) {
  EnterStage(Outcome::PREPARE);
  auto spec = ReadRunSpec(spec_path);
  if (!spec.ok()) return ExitCodeOf(spec.status());
  TrainResult result;
  const absl::Status trained = Train(*spec, &result);
  if (trained.ok()) {
    result.mutable_outcome()->set_status(Outcome::OK);
    result.mutable_outcome()->set_stage(Outcome::DONE);
  } else {
    *result.mutable_outcome() =
        OutcomeOf(trained, Outcome::HARNESS_ERROR, Outcome::PREPARE);
  }
  return ExitCodeOf(
      WriteMessage(JoinPath(spec->output_dir(), kTrainResultFile), result));
}

}  // namespace assay

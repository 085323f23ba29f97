#include "harness/host/score/tuned_dense.h"

#include "harness/core/status_macros.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/materialisation.h"
#include "harness/report/check.h"
#include "harness/tasks/fine_tune.h"

namespace assay {
namespace {

TunedDense NotApplicable(const char* why) {
  TunedDense record;
  *record.mutable_availability() =
      MakeAvailability(Availability::NOT_APPLICABLE, why);
  return record;
}

void FillLedger(const LedgerRecord& offered, const FineTuned& tuned,
                LedgerRecord* ledger) {
  *ledger->mutable_availability() = MakeAvailability(Availability::MEASURED);
  ledger->set_samples(static_cast<uint64_t>(tuned.samples));
  ledger->set_steps(static_cast<uint64_t>(tuned.steps));
  ledger->set_seconds(tuned.seconds);
  ledger->mutable_allowance()->set_samples(offered.samples());
  *ledger->mutable_joules_availability() =
      MakeAvailability(Availability::UNAVAILABLE,
                       "no meter was read while the dense network was tuned");
}

}  // namespace

absl::StatusOr<TunedDense> TuneDense(const Task& task, Device* device,
                                     const RunSpec& spec,
                                     const ReferenceNetwork& reference,
                                     const LedgerRecord& spent,
                                     const EvaluationOptions& evaluation,
                                     ScoresByPrecision* scores) {
  if (spent.samples() == 0) {
    return NotApplicable("the method trained on nothing");
  }
  if (IsQuantized(reference.graph)) {
    return NotApplicable("the dense network is one of integers");
  }
  const auto batch = static_cast<uint64_t>(task.spec().recipe.batch);
  FineTuneOptions options;
  options.steps = static_cast<int64_t>((spent.samples() + batch - 1) / batch);
  options.seed = spec.seed();
  options.bf16 = spec.training_precision() == "bf16";
  options.stop = StopOnTerminate();
  ASSAY_ASSIGN_OR_RETURN(
      FineTuned tuned,
      FineTune(task, device, reference.graph, reference.parameters, options));
  TunedDense record;
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  record.set_validation_before(reference.validation_metric);
  record.set_validation_after(tuned.validation_metric);
  record.set_kept(HigherIsBetter(task.spec().metric)
                      ? tuned.validation_metric >= reference.validation_metric
                      : tuned.validation_metric <= reference.validation_metric);
  record.set_recipe(tuned.recipe);
  FillLedger(spent, tuned, record.mutable_ledger());
  CandidateRecord* network = record.mutable_network();
  network->set_name("dense, tuned");
  ASSAY_ASSIGN_OR_RETURN(
      *scores,
      EvaluateNetwork(task, device, reference.graph,
                      record.kept() ? tuned.parameters : reference.parameters,
                      evaluation, network));
  return record;
}

}  // namespace assay

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/processes.h"
#include "harness/host/run_files.h"
#include "harness/host/run_files.pb.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/score.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/measure/clock.h"
#include "harness/report/record/phase_timer.h"

namespace assay {
namespace {

// Foreign code ran since the reference network was trained, with the rights to
// write into the cache.
absl::Status CheckUnchanged(const ReferenceIdentity& expected,
                            const ReferenceNetwork& network) {
  ASSAY_ASSIGN_OR_RETURN(const ReferenceIdentity got, IdentityOf(network));
  if (got.graph_sha256() == expected.graph_sha256() &&
      got.weights_sha256() == expected.weights_sha256()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "reference network ", network.path,
      " changed while the method ran: expected graph ", expected.graph_sha256(),
      " and weights ", expected.weights_sha256(), ", got ", got.graph_sha256(),
      " and ", got.weights_sha256()));
}

absl::Status Run(const ScoreRequest& request, PhaseTimer* phases,
                 ScoreResult* result) {
  ASSAY_RETURN_IF_ERROR(LimitThreads(request.spec().threads()));
  RunSetup setup;
  {
    const PhaseTimer::Scope scope(phases, "open task", PhaseRecord::HARNESS);
    ASSAY_ASSIGN_OR_RETURN(setup, OpenTask(request.spec()));
  }
  ASSAY_ASSIGN_OR_RETURN(const ReferenceNetwork reference,
                         ReferenceOf(request.spec(), setup));
  ASSAY_RETURN_IF_ERROR(CheckUnchanged(request.reference(), reference));
  return Score(request, setup, reference, phases, result);
}

}  // namespace

int ScoreMain(const std::string& request_path) {
  PhaseTimer phases(MonotonicClock());
  EnterStage(Outcome::SCORE);
  ScoreRequest request;
  const absl::Status read = ReadMessage(request_path, &request);
  if (!read.ok()) return ExitCodeOf(read);
  ScoreResult result;
  const absl::Status scored = Run(request, &phases, &result);
  if (!scored.ok()) {
    *result.mutable_outcome() =
        OutcomeOf(scored, Outcome::HARNESS_ERROR, Outcome::SCORE);
  }
  *result.mutable_phases() = phases.Record().phases();
  return ExitCodeOf(WriteMessage(
      JoinPath(request.spec().output_dir(), kScoreResultFile), result));
}

}  // namespace assay

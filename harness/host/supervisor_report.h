// The report of a run from what its processes left.
#ifndef ASSAY_HARNESS_HOST_SUPERVISOR_REPORT_H_
#define ASSAY_HARNESS_HOST_SUPERVISOR_REPORT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "harness/host/compress_result.pb.h"
#include "harness/host/process/child_process.h"
#include "harness/host/run_files.pb.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

// All that is known of a run once it has ended. A process that never started
// has no ChildResult; one that left no result that may be believed has the
// empty message.
struct RunRecord {
  RunSpec spec;
  Outcome outcome;
  absl::Time started, finished;
  std::string plugin_sha256;
  Provenance provenance;
  std::optional<ChildResult> train_child, compress_child, score_child;
  bool compress_believed = false;
  TrainResult train;
  CompressResult compress;
  LedgerRecord compress_energy;  // joules alone
  std::optional<TwinRun> twin;   // of an audit
  std::optional<ChildResult> twin_child;
  OverheadRecord twin_phases;  // of its compress process, phases alone
  ScoreResult score;
};

// A report that CheckReport accepts: where the pieces do not make one, one that
// says so and leaves them out.
Report MakeReport(const RunRecord& record);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SUPERVISOR_REPORT_H_

// Running the runs of a sweep, one after the other, so that it can be killed at
// any instant and go on.
#ifndef ASSAY_HARNESS_SWEEP_SWEEP_H_
#define ASSAY_HARNESS_SWEEP_SWEEP_H_

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

// Does one run in spec.output_dir and returns its report, already written
// there as report.pb. A run that went wrong is a report too; an error means
// that there is none.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual absl::StatusOr<Report> Execute(const RunSpec& spec) = 0;
};

// What happened to one run of a sweep.
struct SweepRow {
  RunSpec spec;
  std::string report_path;
  enum State { kRan, kHadRun, kStopped, kNoReport } state = kRan;
  Report report;         // kRan and kHadRun
  absl::Status failure;  // kNoReport
};

struct SweepOptions {
  std::string folder;  // runs go below it: RunFolder(spec)
  bool fresh = false;  // run again what is done
  bool retry = false;  // run again what ended with another status than OK
  const std::atomic<bool>* stop = nullptr;
  // Called before (row.state unset) and after each run; `index` counts from 0.
  std::function<void(size_t index, size_t total, const RunSpec& spec)> on_start;
  std::function<void(size_t index, size_t total, const SweepRow& row)> on_end;
  // Called at the end with what went wrong beside the runs: that status.json
  // could not be kept.
  std::function<void(const absl::Status& status)> on_warning;
};

// Runs `specs` in order, each with the sweep's id and its place filled in. A
// run whose report.pb is whole and was not ABORTED is done and only read. One
// failure never stops the others. The folder is locked meanwhile: a second
// sweep in it gets UNAVAILABLE. status.json in it says how far the sweep is
// (status_file.h). The rows come in the order of `specs`; after a stop the rest
// are kStopped.
absl::StatusOr<std::vector<SweepRow>> RunSweep(absl::Span<const RunSpec> specs,
                                               const SweepOptions& options,
                                               Executor& executor);

}  // namespace assay

#endif  // ASSAY_HARNESS_SWEEP_SWEEP_H_

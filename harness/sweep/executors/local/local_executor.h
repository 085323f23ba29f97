// Runs on this machine, one after the other, each in processes of its own.
#ifndef ASSAY_HARNESS_SWEEP_EXECUTORS_LOCAL_LOCAL_EXECUTOR_H_
#define ASSAY_HARNESS_SWEEP_EXECUTORS_LOCAL_LOCAL_EXECUTOR_H_

#include <atomic>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/supervisor.h"
#include "harness/host/trained_references.h"
#include "harness/report/report.pb.h"
#include "harness/sweep/sweep.h"

namespace assay {

class LocalExecutor final : public Executor {
 public:
  // `executable` has the commands of harness/host/processes.h. When `stop` (may
  // be null, must outlive the executor) is set, the run ends as ABORTED.
  LocalExecutor(std::string executable, const std::atomic<bool>* stop) {
    options_.executable = std::move(executable);
    options_.stop = stop;
    options_.trained = &trained_;
  }

  absl::StatusOr<Report> Execute(const RunSpec& spec) override {
    return Supervise(spec, options_);
  }

 private:
  TrainedReferences trained_;
  SuperviseOptions options_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_SWEEP_EXECUTORS_LOCAL_LOCAL_EXECUTOR_H_

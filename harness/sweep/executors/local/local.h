// Runs on this machine, one after the other, each in processes of its own.
#ifndef ASSAY_HARNESS_SWEEP_EXECUTORS_LOCAL_LOCAL_H_
#define ASSAY_HARNESS_SWEEP_EXECUTORS_LOCAL_LOCAL_H_

#include <utility>

#include "absl/status/statusor.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/supervisor.h"
#include "harness/report/report.pb.h"
#include "harness/sweep/sweep.h"

namespace assay {

class LocalExecutor final : public Executor {
 public:
  // What `options` points to must outlive the executor.
  explicit LocalExecutor(SuperviseOptions options)
      : options_(std::move(options)) {}

  absl::StatusOr<Report> Execute(const RunSpec& spec) override {
    return Supervise(spec, options_);
  }

 private:
  const SuperviseOptions options_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_SWEEP_EXECUTORS_LOCAL_LOCAL_H_

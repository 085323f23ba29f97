// status.json: how far a sweep is, for those who watch it (status.proto).
#ifndef ASSAY_HARNESS_SWEEP_STATUS_FILE_H_
#define ASSAY_HARNESS_SWEEP_STATUS_FILE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

class PhaseStatus;
class Report;
class RunSpec;
class SweepStatus;

inline constexpr char kStatusFile[] = "status.json";
inline constexpr char kProgressFile[] = "progress.json";

// Keeps the file of one sweep. Not thread-safe.
class StatusFile {
 public:
  // Every run waits; nothing is written yet.
  StatusFile(std::string folder, absl::Span<const RunSpec> specs);
  ~StatusFile();

  // Each writes the file; runs are counted from 0.
  absl::Status Started(size_t run);
  absl::Status Ended(size_t run, const Report& report, bool had_report);
  absl::Status EndedWithoutReport(size_t run, const absl::Status& why);
  absl::Status Finished(bool stopped);

 private:
  absl::Status Write();

  const std::string folder_;
  const std::unique_ptr<SweepStatus> status_;
};

// NOT_FOUND where there is none, DATA_LOSS where it cannot be understood.
absl::StatusOr<SweepStatus> ReadSweepStatus(const std::string& folder);
// What the process of a run does now; `folder` is the run's.
absl::StatusOr<PhaseStatus> ReadPhaseStatus(const std::string& folder);

}  // namespace assay

#endif  // ASSAY_HARNESS_SWEEP_STATUS_FILE_H_

// progress.json: what the process of a run does now, for those who watch it
// (harness/sweep/status.proto, PhaseStatus).
#ifndef ASSAY_HARNESS_CLI_PROGRESS_FILE_H_
#define ASSAY_HARNESS_CLI_PROGRESS_FILE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace assay {

struct ProgressState;

// The file's text.
std::string ProgressJson(absl::string_view process, const ProgressState& state,
                         absl::Time now);

// From now on every Progress of this process is told in the file, which is
// replaced whole. A folder that cannot be written costs the watcher a line and
// the run nothing, so it is no error.
void KeepProgressFile(std::string folder, std::string process);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_PROGRESS_FILE_H_

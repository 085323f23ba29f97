// One run from its spec to its report, in three processes of which only the
// middle one holds foreign code.
#ifndef ASSAY_HARNESS_HOST_SUPERVISOR_H_
#define ASSAY_HARNESS_HOST_SUPERVISOR_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

class TrainedReferences;

struct SuperviseOptions {
  // Program with the commands internal-train, internal-compress and
  // internal-score (processes.h); empty: this one.
  std::string executable;
  // Wall time of the trusted processes; 0: none. The compress process has
  // spec.limits and spec.training.
  double train_seconds = 0;
  double score_seconds = 0;
  int64_t score_memory_bytes = 0;  // address space; 0: none
  // Largest single file that the compress process may write.
  int64_t file_bytes = int64_t{4} << 30;
  const std::atomic<bool>* stop = nullptr;  // set by Ctrl-C: ABORTED
  // Runs that give the same one train a network once; may be null.
  TrainedReferences* trained = nullptr;
};

// Does the run in spec.output_dir, whose earlier files of a run are removed,
// and writes report.pb there last. Whatever goes wrong in a process (a crash,
// an exit, a limit, rubbish for a result) becomes that report's outcome. An
// error means that there is no report: the folder cannot be written, or the
// spec has no method or task. [any] +blocks
absl::StatusOr<Report> Supervise(const RunSpec& spec,
                                 const SuperviseOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SUPERVISOR_H_

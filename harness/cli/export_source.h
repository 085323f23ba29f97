// What `assay export` takes away: a task's reference network, a candidate that
// a run left, or a checkpoint.
#ifndef ASSAY_HARNESS_CLI_EXPORT_SOURCE_H_
#define ASSAY_HARNESS_CLI_EXPORT_SOURCE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "harness/cli/args.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/run_setup.h"

namespace assay {

struct ExportRequest {
  std::string what;  // a task, an artifact's folder or a .safetensors file
  std::string task;  // of an artifact or checkpoint; may be empty
  std::string backend;
  std::string precision;  // that the reference network trained in
  std::string data_dir, cache_dir;
};

// From the command's first argument and its flags --task, --backend, --data_dir
// and --cache_dir.
ExportRequest ExportRequestOf(const Args& args, const std::string& precision);

struct ExportSource {
  Graph graph;
  ParameterStore parameters;
  // Null where no task is known, which only an artifact may lack.
  RunSetup setup;
  std::string about;  // "artifact sparsity>=0.9"
};

// The reference network is trained where the cache lacks it. INVALID_ARGUMENT:
// a checkpoint without --task; other errors are those of the registries, the
// data set and the files.
absl::StatusOr<ExportSource> OpenExportSource(const ExportRequest& request);

// What the network expects and means, for people and for import:
// "assay.task", "assay.input", "assay.mean", "assay.stddev", "assay.classes".
std::map<std::string, std::string> TaskMetadata(const Task& task);

// Runs the first `count` samples of the test split through the network, and
// writes inputs.npy (as the network takes them), logits.npy and labels.npy to
// `folder`: for comparing another runtime with. Lowered, the plan is run that
// reports speak of; otherwise node by node, as the file says it.
absl::Status WriteSamples(const ExportSource& source, int64_t count,
                          bool lowered, const std::string& folder);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_EXPORT_SOURCE_H_

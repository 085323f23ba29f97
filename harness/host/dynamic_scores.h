// Quality of a network with control flow, and what its paths cost.
#ifndef ASSAY_HARNESS_HOST_DYNAMIC_SCORES_H_
#define ASSAY_HARNESS_HOST_DYNAMIC_SCORES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/dynamic/executable.h"
#include "harness/graph/parameter_store.h"
#include "harness/train/batch.h"
#include "harness/train/evaluate.h"

namespace assay {

struct DynamicScores {
  Scores scores;
  std::vector<int64_t> macs;             // of each sample, on its path
  std::map<std::string, int64_t> paths;  // samples by path (path.h)
  // The sub-networks, typed for batch 1, and how many samples each ran.
  std::vector<Graph> subnetworks;
  std::vector<int64_t> visits;
  Tensor first_logits;  // of the first batch

  double mean_macs() const;
};

// Every sample of every batch of `source` decides for itself. The network's
// inputs are of batch 1 and it has an output "logits". Errors as
// BuildHostModule, RegroupedProgram and Evaluator::Run; INVALID_ARGUMENT, at
// the first batch that has them, for logits of another type than `logits` (if
// any), which is that of one sample.
absl::StatusOr<DynamicScores> ScoreDynamic(
    Device* device, const DynamicGraph& graph, const ParameterStore& parameters,
    BatchSource& source, const Evaluator::Options& run,
    const ExecutableOptions& options = {}, const TensorType* logits = nullptr);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_DYNAMIC_SCORES_H_

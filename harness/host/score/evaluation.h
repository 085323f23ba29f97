// Quality of one network on the test split, in each precision that applies.
#ifndef ASSAY_HARNESS_HOST_SCORE_EVALUATION_H_
#define ASSAY_HARNESS_HOST_SCORE_EVALUATION_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"
#include "harness/train/evaluate.h"

namespace assay {

struct EvaluationOptions {
  bool bf16 = false;  // a plan in bf16 beside the network's own precision
  std::string label;  // of the progress bar
};

// The scores by precision, for comparisons with others on the same items.
using ScoresByPrecision = std::map<std::string, Scores>;

// Adds quality records and the materialisation record. A graph with
// quantize_linear nodes is scored as its integer plan; another as an f32
// program, exactly as given; both are also run the other way (as a
// floating-point program, as a plan), and what lowering changed is recorded.
// UNIMPLEMENTED: the device cannot run it.
absl::StatusOr<ScoresByPrecision> EvaluateNetwork(
    const Task& task, Device* device, const Graph& graph,
    const ParameterStore& parameters, const EvaluationOptions& options,
    CandidateRecord* record);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_EVALUATION_H_

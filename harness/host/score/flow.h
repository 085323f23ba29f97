// Candidates with control flow: what the score process does with them that it
// does otherwise with plans.
#ifndef ASSAY_HARNESS_HOST_SCORE_FLOW_H_
#define ASSAY_HARNESS_HOST_SCORE_FLOW_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/score/evaluation.h"
#include "harness/host/score/plan.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"
#include "harness/train/evaluate.h"

namespace assay {

// A network with control flow, whose samples each decide for themselves.
struct Flow {
  const DynamicGraph* graph = nullptr;
  const Graph* pieces = nullptr;  // side_by_side.h
  const ParameterStore* parameters = nullptr;

  // "int8" where a piece is quantized, else "f32".
  std::string precision() const;
};

// As EvaluateNetwork: the scores of lowered sub-networks are those that count,
// since they are what is timed; what lowering changed is recorded. Fills the
// record's cost with the means over the paths. INVALID_ARGUMENT: the candidate
// is no network for the task: other logits than `reference` has, or a piece
// that does not fit what it gets.
absl::StatusOr<ScoresByPrecision> EvaluateFlow(const Task& task, Device* device,
                                               const Flow& flow,
                                               const Graph& reference,
                                               const EvaluationOptions& options,
                                               CandidateRecord* record);

// Scores on the test split in the order of `samples` (empty: its own).
absl::StatusOr<Scores> ScoreFlow(const Task& task, Device* device,
                                 const Flow& flow, const std::string& label,
                                 std::vector<int64_t> samples = {});

// Answers to the first `rows` items in batches of `batch`.
absl::StatusOr<Tensor> FlowLogits(Device* device, const Flow& flow,
                                  const Batch& first, int64_t rows,
                                  int64_t batch);

// A batch of 1 keeps its tensors on the device; larger ones are regrouped.
// Inputs stay on the host, whence predicates are decided.
absl::StatusOr<std::unique_ptr<TimedSystem>> MakeFlowSystem(
    Device* device, const Flow& flow, const std::string& precision,
    int64_t batch, int threads, const LoweringOptions& lowering = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_FLOW_H_

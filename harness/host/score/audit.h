// Runs that would expose a plan that does better on the benchmark than on its
// task.
#ifndef ASSAY_HARNESS_HOST_SCORE_AUDIT_H_
#define ASSAY_HARNESS_HOST_SCORE_AUDIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/score/flow.h"
#include "harness/measure/scenario/scenario.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"
#include "harness/train/evaluate.h"

namespace assay {

// Answers to repeated samples may come at most this much faster.
inline constexpr double kAuditLimit = 1.1;

// "same_sample" and "alternate_seed" of one system, interleaved with its
// ordinary run. The settings' scenario is SingleStream.
absl::StatusOr<std::vector<AuditRecord>> AuditTiming(
    const ScenarioSettings& settings, SystemUnderTest* system, Clock& clock);

// "shuffled_order": the answers to the items of the test split in a random
// order against `ordered`, those in the split's own. A plan that looks at its
// item alone changes none but by rounding.
AuditRecord AuditOrder(const Scores& ordered, const Scores& shuffled,
                       const std::vector<int64_t>& order);

// All of them for a network in its own precision at batch 1 (timing) and at the
// task's evaluation batch (order). NOT_APPLICABLE: the order of a stream.
absl::StatusOr<std::vector<AuditRecord>> Audit(
    const Task& task, Device* device, int threads, const MeasureSpec& measure,
    uint64_t seed, const Graph& graph, const ParameterStore& parameters);
// Of a network with control flow. NOT_APPLICABLE: times, which depend on the
// sample.
absl::StatusOr<std::vector<AuditRecord>> Audit(const Task& task, Device* device,
                                               uint64_t seed, const Flow& flow);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_AUDIT_H_

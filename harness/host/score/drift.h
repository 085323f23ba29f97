// How a network's answers change with the batch size and the backend.
#ifndef ASSAY_HARNESS_HOST_SCORE_DRIFT_H_
#define ASSAY_HARNESS_HOST_SCORE_DRIFT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/score/flow.h"
#include "harness/host/score/timing.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"

namespace assay {

// Rows of the first evaluation batch that are compared, at most.
inline constexpr int64_t kDriftRows = 64;

// The plan in the network's own precision, at the task's evaluation batch on
// the first device, against: batch 1 and each of `batches` there, and the
// evaluation batch on every other device. UNAVAILABLE where a device cannot run
// it. Errors are the first device's or the data's.
absl::StatusOr<std::vector<DriftRecord>> MeasureDrift(
    const Task& task, absl::Span<const TimedDevice> devices,
    absl::Span<const int32_t> batches, const Graph& graph,
    const ParameterStore& parameters);
// Of a network with control flow.
absl::StatusOr<std::vector<DriftRecord>> MeasureDrift(
    const Task& task, absl::Span<const TimedDevice> devices,
    absl::Span<const int32_t> batches, const Flow& flow);

// Fills in the differences of two tensors of logits, of which the first `rows`
// along dimension 0 are compared.
void CompareLogits(const Tensor& reference, const Tensor& other, int64_t rows,
                   DriftRecord* record);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_DRIFT_H_

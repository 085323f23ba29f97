// Batch-norm statistics anew.
#ifndef ASSAY_HARNESS_HOST_SERVICES_RECALIBRATE_H_
#define ASSAY_HARNESS_HOST_SERVICES_RECALIBRATE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/train/batch.h"

namespace assay {

// The running statistics of a network in inference form, as the mean of those
// of batches 0 ... batches - 1 of `source`. Each batch norm sees the batch as
// the batch norms before it, by their batch statistics, leave it. Empty for a
// network without batch norm.
absl::StatusOr<ParameterStore> RecalibratedStatistics(
    Device* device, const Graph& network, const ParameterStore& parameters,
    BatchSource& source, int64_t batches);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_RECALIBRATE_H_

// Samples of a batch: rows of axis 0, in and out of tensors.
#ifndef ASSAY_HARNESS_DYNAMIC_BATCH_ROWS_H_
#define ASSAY_HARNESS_DYNAMIC_BATCH_ROWS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"

namespace assay {

// Rows `samples` of `all`, in that order; a tensor of rank 0 is shared by all
// samples, and comes as it is.
Tensor GatherRows(const Tensor& all, absl::Span<const int64_t> samples);

// Row i of `rows` becomes row samples[i] of `all`, which has the same extents
// behind axis 0.
void ScatterRows(const Tensor& rows, absl::Span<const int64_t> samples,
                 Tensor* all);

// Extent of axis 0 of all tensors that have one; 1 where none has.
// INVALID_ARGUMENT names two that differ.
absl::StatusOr<int64_t> BatchOf(const std::map<std::string, Tensor>& tensors);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_BATCH_ROWS_H_

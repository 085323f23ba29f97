#include "harness/graph/rewrites/rebatch.h"

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {

absl::StatusOr<Graph> Rebatch(const Graph& graph, int64_t batch) {
  if (batch < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch: expected 1 or more, got ", batch));
  }
  Graph copy = graph;
  for (const ValueId id : copy.inputs()) {
    Shape& shape = copy.mutable_value(id)->type.shape;
    if (!shape.empty()) shape[0] = batch;
  }
  ASSAY_RETURN_IF_ERROR(copy.InferTypes());
  return copy;
}

}  // namespace assay

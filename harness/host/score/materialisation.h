// Whether what a method claims to have saved is gone from the network.
#ifndef ASSAY_HARNESS_HOST_SCORE_MATERIALISATION_H_
#define ASSAY_HARNESS_HOST_SCORE_MATERIALISATION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/report/cost.pb.h"

namespace assay {

// `graph` as submitted; `plan` as lowered for its own precision, from which the
// integer kernels are counted; `left_in_float` as lowering said. What lowering
// changed in the answers is the caller's to fill in.
absl::StatusOr<MaterialisationRecord> MakeMaterialisationRecord(
    const Graph& graph, const ParameterStore& parameters, const Graph& plan,
    absl::Span<const std::string> left_in_float);

// What the kernels of a plan execute and keep, batch included: all of a dense
// kernel, zeros or not; of a sparse one only what is not zero.
struct ExecutedCost {
  int64_t macs = 0;
  int64_t weight_bytes = 0;
};
ExecutedCost ExecutedCostOf(const Graph& plan);

// Whether the graph asks for integer kernels: it has dequantize_linear nodes.
bool IsQuantized(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_MATERIALISATION_H_

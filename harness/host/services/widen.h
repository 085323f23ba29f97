// A graph in double precision, for the reference device.
#ifndef ASSAY_HARNESS_HOST_SERVICES_WIDEN_H_
#define ASSAY_HARNESS_HOST_SERVICES_WIDEN_H_

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy in which every f32 input, parameter, constant and cast is f64; other
// types stay. Random draws are widened from the same f32 numbers.
absl::StatusOr<Graph> WidenToF64(const Graph& graph);

// f32 becomes f64; any other tensor comes back as it is.
Tensor Widen(const Tensor& tensor);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_WIDEN_H_

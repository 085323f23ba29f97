// Public weights under PyTorch's names, for Assay's graphs.
#ifndef ASSAY_HARNESS_MODELS_TORCH_NAMES_H_
#define ASSAY_HARNESS_MODELS_TORCH_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// PyTorch's name of a parameter with the same layer path: .weights and .scale
// are .weight, .shift is .bias, .mean and .variance are .running_mean and
// .running_var.
std::string TorchName(absl::string_view parameter);

// The parameters of `graph` out of `torch`. NOT_FOUND: one is absent.
// INVALID_ARGUMENT: another type, or a tensor that the graph does not use
// (num_batches_tracked, a counter, may be there).
absl::StatusOr<ParameterStore> FromTorch(const Graph& graph,
                                         const ParameterStore& torch);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TORCH_NAMES_H_

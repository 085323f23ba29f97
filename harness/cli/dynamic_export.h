// What `assay export` does with a network that has control flow.
#ifndef ASSAY_HARNESS_CLI_DYNAMIC_EXPORT_H_
#define ASSAY_HARNESS_CLI_DYNAMIC_EXPORT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace assay {

struct DynamicExportRequest {
  std::string network;  // harness/models/dynamic/registry.h
  std::string weights;  // a .safetensors file; empty: initialised by `seed`
  uint64_t seed = 1;
  // Of every exit that asks for the largest probability; none: the network's.
  std::optional<double> threshold;
  std::string output;  // the .onnx file
  int64_t samples = 0;
  std::string samples_dir, backend;
  bool as_written = false;  // samples are run node by node
};

// Whether a network with control flow has this name.
bool IsDynamicNetwork(const std::string& name);

// Writes the network with If and Loop. `samples` random inputs, and what Assay
// makes of them on `backend`, go to samples_dir/test_data_set_K in the layout
// of ONNX's own test data. Gives what the file holds, in words.
//
// INVALID_ARGUMENT: weights that lack a parameter or have it in another shape.
absl::StatusOr<std::string> ExportDynamicNetwork(
    const DynamicExportRequest& request);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_DYNAMIC_EXPORT_H_

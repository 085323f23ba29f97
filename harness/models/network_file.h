// Networks that a user brings in a file, whatever its format.
#ifndef ASSAY_HARNESS_MODELS_NETWORK_FILE_H_
#define ASSAY_HARNESS_MODELS_NETWORK_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// Reads an ONNX file with its external data (onnx/proto/read_model.h); one
// whose name ends in .tflite as TensorFlow Lite (tflite/tflite.h). Errors are
// theirs.
absl::StatusOr<OnnxModel> ReadNetworkFile(const std::string& path);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_NETWORK_FILE_H_

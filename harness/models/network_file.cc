#include "harness/models/network_file.h"

#include "absl/strings/match.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/tflite/tflite.h"

namespace assay {

absl::StatusOr<OnnxModel> ReadNetworkFile(const std::string& path) {
  if (!absl::EndsWith(path, ".tflite")) return ReadOnnxModel(path);
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return ReadTflite(bytes, path);
}

}  // namespace assay

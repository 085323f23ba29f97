// Tensors that a model keeps in files beside it.
#ifndef ASSAY_HARNESS_MODELS_ONNX_PROTO_EXTERNAL_DATA_H_
#define ASSAY_HARNESS_MODELS_ONNX_PROTO_EXTERNAL_DATA_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace assay {

// Where a tensor's bytes lie: `location` as the model states it, relative to
// the model's folder. length below 0: to the end of the file.
struct ExternalRange {
  std::string location;
  int64_t offset = 0, length = -1;
};

// Reads exactly `bytes` bytes to `to`. INVALID_ARGUMENT: a location that is
// empty, absolute, has a component "..", or leads out of `folder` by a link;
// what is no regular file; a range outside the file or of another length.
// NOT_FOUND, UNAVAILABLE: the system's reason.
absl::Status ReadExternalData(const std::string& folder,
                              const ExternalRange& range, int64_t bytes,
                              void* to);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_PROTO_EXTERNAL_DATA_H_

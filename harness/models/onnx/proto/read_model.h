// ONNX files in: the bytes that somebody else wrote, checked as they are read.
#ifndef ASSAY_HARNESS_MODELS_ONNX_PROTO_READ_MODEL_H_
#define ASSAY_HARNESS_MODELS_ONNX_PROTO_READ_MODEL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

struct OnnxReadLimits {
  // Of a model file; protobuf itself ends at 2 GiB.
  int64_t max_file_bytes = (int64_t{1} << 31) - 1;
  // Of all tensors of a model together, those of external files included.
  int64_t max_tensor_bytes = int64_t{1} << 36;
};

// Reads a model file with its external data. Those are looked for below the
// model's folder and nowhere else: an absolute location, one with "..", or a
// link that leads out of the folder is refused; so is what is no regular file,
// and an offset or length outside the file. A tensor's bytes must be as many as
// its type and extents say.
//
// Memory and time are proportional to the size of the files. NOT_FOUND and
// UNAVAILABLE as ReadFile; INVALID_ARGUMENT names the file, the tensor or the
// node and attribute; UNIMPLEMENTED: sparse initializers.
absl::StatusOr<OnnxModel> ReadOnnxModel(const std::string& path,
                                        const OnnxReadLimits& limits = {});

// The same for bytes in memory. `where` stands in errors; `folder` is where
// external data lie, "" refuses them.
absl::StatusOr<OnnxModel> ParseOnnxModel(absl::string_view bytes,
                                         absl::string_view where,
                                         const std::string& folder,
                                         const OnnxReadLimits& limits = {});

// A file with one TensorProto, as in ONNX's test data.
absl::StatusOr<OnnxTensor> ReadOnnxTensor(const std::string& path,
                                          const OnnxReadLimits& limits = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_PROTO_READ_MODEL_H_

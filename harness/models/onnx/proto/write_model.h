// ONNX files out.
#ifndef ASSAY_HARNESS_MODELS_ONNX_PROTO_WRITE_MODEL_H_
#define ASSAY_HARNESS_MODELS_ONNX_PROTO_WRITE_MODEL_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// The bytes of a .onnx file: tensors inline, as raw data. The same model gives
// the same bytes. INVALID_ARGUMENT: a tensor without elements in memory though
// its type has some, or more than protobuf's 2 GiB.
absl::StatusOr<std::string> SerializeOnnxModel(const OnnxModel& model);

// The bytes of a .pb file with one TensorProto.
absl::StatusOr<std::string> SerializeOnnxTensor(const OnnxTensor& tensor);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_PROTO_WRITE_MODEL_H_

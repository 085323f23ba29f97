// One TensorProto to and from memory. For the files of this folder that see
// protobuf.
#ifndef ASSAY_HARNESS_MODELS_ONNX_PROTO_TENSOR_PROTO_H_
#define ASSAY_HARNESS_MODELS_ONNX_PROTO_TENSOR_PROTO_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace onnx {
class TensorProto;
}  // namespace onnx

namespace assay {

// Takes `budget` down by the tensor's bytes; INVALID_ARGUMENT when it would
// fall below 0, before any memory is asked for. External data are looked for
// below `folder`; "" refuses them. Messages begin with what is wrong.
absl::StatusOr<OnnxTensor> FromTensorProto(const onnx::TensorProto& proto,
                                           const std::string& folder,
                                           int64_t* budget);

absl::Status ToTensorProto(const OnnxTensor& tensor, onnx::TensorProto* proto);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_PROTO_TENSOR_PROTO_H_

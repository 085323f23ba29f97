// TensorFlow Lite in: networks of convolutions, of floats or of 8-bit integers,
// as ONNX models, which import takes further (harness/models/onnx/import).
#ifndef ASSAY_HARNESS_MODELS_TFLITE_TFLITE_H_
#define ASSAY_HARNESS_MODELS_TFLITE_TFLITE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// Reads a file made of CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, ADD,
// AVERAGE_POOL_2D, RESHAPE and SOFTMAX. The network has the file's input and
// output by their names, with any batch and with images as [N,C,H,W].
//
//   integers  a tensor of INT8 becomes a QuantizeLinear and a DequantizeLinear
//             with its scale and zero point, weights of INT8 a DequantizeLinear
//             with theirs, one per channel where the file says so; a bias of
//             INT32 becomes the reals that it stands for. Input and output are
//             reals too: they are quantized inside.
//   names     of parameters: "conv1.weights", "depthwise2.bias",
//             "linear1.weights", counted in the file's order
//
// INVALID_ARGUMENT: bytes that are no such file; the message names `where` and
// the offset, tensor or operator. UNIMPLEMENTED: an operator, type or option
// that is not listed.
absl::StatusOr<OnnxModel> ReadTflite(absl::string_view bytes,
                                     absl::string_view where);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TFLITE_TFLITE_H_

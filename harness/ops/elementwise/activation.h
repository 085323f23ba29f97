// Activation functions of one float operand `src`; dst has its type.
//
// Ops marked [2] differentiate any number of times (where a derivative jumps,
// the second derivative is 0). Cost: one evaluation per element; no
// multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_ACTIVATION_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_ACTIVATION_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema TanhSchema();       // [2]
OpSchema SigmoidSchema();    // 1 / (1 + exp(-src)); [2]
OpSchema SiluSchema();       // src * sigmoid(src); [2]
OpSchema HardswishSchema();  // src * clip(src + 3, 0, 6) / 6; [2]

// approximate="none": src * Phi(src); "tanh": src * (1 + tanh(u)) / 2 with
// u = sqrt(2/pi) (src + 0.044715 src^3). [2]
OpSchema GeluSchema();
// The derivative of gelu with approximate="none": Phi(src) + src phi(src). [2]
OpSchema GeluSlopeSchema();

// max(src, 0); the gradient at 0 is 0. [2]
OpSchema ReluSchema();
// relu's gradient: diff_dst where dst > 0, else 0; dst is relu's result.
// [2] in diff_dst; constant in dst.
OpSchema ReluBackwardSchema();
// clip(src, 0, 6). [2]
OpSchema Relu6Schema();
// min(max(src, low), high), low <= high; the gradient passes where
// low < src < high. [2]
OpSchema ClipSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_ACTIVATION_H_

// Elementwise functions of one operand `src`; dst has its shape.
//
// src is f32, f64 or bf16 unless said otherwise, and dst of the same type. Ops
// marked [2] differentiate any number of times. Cost: one evaluation per
// element; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_UNARY_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_UNARY_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema NegSchema();     // -src, integers too; [2]
OpSchema AbsSchema();     // |src|, integers too; gradient sign(src); [2]
OpSchema SignSchema();    // -1, 0 or 1 (NaN stays); no gradient flows
OpSchema ExpSchema();     // [2]
OpSchema LogSchema();     // [2]
OpSchema SqrtSchema();    // [2]
OpSchema RsqrtSchema();   // 1 / sqrt(src); [2]
OpSchema SquareSchema();  // src * src; [2]
OpSchema ErfSchema();     // [2]
OpSchema SinSchema();     // of radians; [2]
OpSchema CosSchema();     // [2]
// To integers: half to even, down, up. No gradient flows.
OpSchema RoundSchema();
OpSchema FloorSchema();
OpSchema CeilSchema();

// src ^ exponent (real); [2]. The derivative is exponent * src^(exponent - 1).
OpSchema PowScalarSchema();

// src; [2]. Any type.
OpSchema IdentitySchema();
// src; no gradient flows. Any type.
OpSchema StopGradientSchema();
// src: a network is kept in its inference form. `rate` (in [0, 1), default 0.5)
// is what the training form drops. [2]
OpSchema DropoutSchema();

// src as type `dtype` ("bf16"): to an integer rounds half to even and
// saturates, NaN becomes 0; to bool is src != 0. [2] between floats; otherwise
// no gradient flows. Any type.
OpSchema CastSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_UNARY_H_

// A linear layer with weights of 4 bits.
#ifndef ASSAY_HARNESS_OPS_MATMUL_LINEAR_U4_H_
#define ASSAY_HARNESS_OPS_MATMUL_LINEAR_U4_H_

#include "harness/graph/op_schema.h"

namespace assay {

// dst [..,O] = src [..,I] W' + bias, W = dequantize_u4 of weights, scales and
// zero points (ops/quantize/group.h), whose float type need not be src's. bias
// [O], absent, f32 or of src's type. Lowering makes it of linear and
// dequantize_u4. src and bias have gradients, which differentiate again;
// weights have none. Sums in double; a backend may round a group of src to 16
// bits of its largest, and sum it before it multiplies by its scale. Cost: I
// multiply-accumulates per element of dst.
OpSchema LinearU4Schema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_MATMUL_LINEAR_U4_H_

// Arithmetic on two operands, with NumPy's broadcasting.
//
// a and b share one type of f32, f64, bf16, s32, s64 (integers wrap around);
// dst has it too. All differentiate any number of times. Cost: one operation
// per element of dst; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_ARITHMETIC_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_ARITHMETIC_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema AddSchema();  // a + b
OpSchema SubSchema();  // a - b
OpSchema MulSchema();  // a * b
OpSchema DivSchema();  // a / b, floats only

// The larger and the smaller one. NaN in either operand gives NaN. Where a
// equals b the whole gradient goes to a.
OpSchema MaximumSchema();
OpSchema MinimumSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_ARITHMETIC_H_

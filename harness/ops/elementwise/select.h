// Comparisons and choices, with NumPy's broadcasting. Cost: one operation per
// element of dst; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_SELECT_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_SELECT_H_

#include "harness/graph/op_schema.h"

namespace assay {

// a > b and a == b as bool; a and b share one type of f32, f64, bf16, s32, s64.
// No gradient flows.
OpSchema GreaterSchema();
OpSchema EqualSchema();

// condition (bool) ? a : b; a, b and dst share one type of f32, f64, bf16, s32,
// s64, and the three operands broadcast. Differentiates any number of times in
// a and b.
OpSchema WhereSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_SELECT_H_

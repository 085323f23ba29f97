// Ops that run along one axis.
#ifndef ASSAY_HARNESS_OPS_REDUCE_SCAN_H_
#define ASSAY_HARNESS_OPS_REDUCE_SCAN_H_

#include "harness/graph/op_schema.h"

namespace assay {

// Position of the maximum along `axis` (default -1), as s32; that axis is
// dropped. The first of equal maxima wins; a NaN counts as a maximum. src: f32,
// f64, bf16, s32, s64. No gradient flows.
OpSchema ArgmaxSchema();

// dst[i] = src[0] + ... + src[i] along `axis` (default -1); with reverse=1
// src[i] + ... + src[last]. Floats, summed in double. Differentiates any number
// of times.
OpSchema CumsumSchema();

// src; k, axis (default -1), largest=1 -> values of src's type and their
// positions as s32, both with extent k on the axis: the k largest in falling
// order, with largest=0 the k smallest in rising order. Equal ones go lowest
// position first; a NaN is above all numbers. src: f32, f64, bf16, s32, s64.
// Values differentiate any number of times. Cost: O(n log k) comparisons a row.
OpSchema TopKSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_REDUCE_SCAN_H_

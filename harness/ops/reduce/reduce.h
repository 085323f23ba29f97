// Reductions over axes.
//
// `axes` lists the axes to reduce (negative ones count from the back; all axes
// when absent); keep=1 leaves them with extent 1, keep=0 (the default) drops
// them. Reducing an axis of extent 0 cannot occur: such tensors are refused.
// Sums are taken in double precision, in row-major order. Cost: one operation
// per element of src; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_REDUCE_REDUCE_H_
#define ASSAY_HARNESS_OPS_REDUCE_REDUCE_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema ReduceSumSchema();   // f32, f64, bf16, s32, s64 (wraps around); [2]
OpSchema ReduceMeanSchema();  // floats; [2]
// f32, f64, bf16, s32, s64; a NaN wins. The gradient goes to the first maximum
// (in row-major order) of each group alone. [2]
OpSchema ReduceMaxSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_REDUCE_REDUCE_H_

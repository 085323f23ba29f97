// A convolution or linear layer with what follows it, as lowering makes them.
// They are not differentiated and not pruned: a network is lowered last.
//
// Operands: src, weights as for conv2d and linear; bias [O], absent or f32 (or
// src's type); residual, absent or of dst's shape, f32, bf16, u8 or s8 (or
// src's type). Attributes beside the convolution's:
//   activation        "none" (default), "relu", "relu6", "hardswish", "gelu"
//                     (the erf form), "silu" or "tanh"
//   dst_dtype         "f32", "bf16", "f64", "u8" or "s8"; default: src's type
//                     where that is a float, else f32
//   src_scale, src_zero_point, weights_scales (one real, or one per output
//                     channel), dst_scale, dst_zero_point, residual_scale,
//                     residual_zero_point: real = scale * (q - zero_point).
//                     Scales default to 1 and must be positive; zero points
//                     default to 0 and must fit the type. They speak of integer
//                     tensors only; weights are symmetric.
//   sparse            1: the weights are mostly zeros, and a backend may leave
//                     them out. What an infinite or NaN source would have made
//                     of a zero is then not there; all else is equal but for
//                     the order of sums. Default 0.
//
// Floats (f32, bf16, f64: src and weights of one type): sums in double, then
// f32 (f64 where src is) as below. Integers (src u8 or s8, weights s8):
//   1. sum in s32, exactly: acc = sum((src - src_zero_point) * weights);
//   padding
//      is real zero. At most 65,793 terms, so that no sum can overflow.
//   2. y = f32(acc) * f32(src_scale * weights_scale[o])
// Then both, in f32:
//   3. y = y + bias[o]
//   4. y = y + residual, an integer one as f32(q - residual_zero_point) *
//      f32(residual_scale)
//   5. y = activation(y)
//   6. dst = y, or for an integer dst
//      saturate(round(y / f32(dst_scale)) + dst_zero_point), half to even
//
// Cost: as conv2d and linear.
#ifndef ASSAY_HARNESS_OPS_FUSED_FUSED_H_
#define ASSAY_HARNESS_OPS_FUSED_FUSED_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema Conv2dFusedSchema();
OpSchema LinearFusedSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_FUSED_FUSED_H_

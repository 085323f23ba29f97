// Maximum pooling over images [N,C,H,W], its gradient and the gradient's.
//
// Attributes: kernel=[kh,kw], strides=[1,1], pads=[top,left,bottom,right] (0,
// each below the kernel; padding never wins). dst is [N,C,OH,OW] with
// OH = floor((H + top + bottom - kh) / sy) + 1. Floats of one type; max_pool
// also takes u8 and s8. The first maximum of a window in row-major order wins;
// NaN beats any number. Cost: kh*kw comparisons per element of dst; no
// multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_POOL_MAX_POOL_H_
#define ASSAY_HARNESS_OPS_POOL_MAX_POOL_H_

#include "harness/graph/op_schema.h"

namespace assay {

// src -> dst; differentiates any number of times.
OpSchema MaxPoolSchema();

// diff_dst src -> diff_src: each window's diff_dst is added at src's maximum.
// Differentiates any number of times in diff_dst; constant in src.
OpSchema MaxPoolBackwardSchema();

// values src -> dst: each window's element of `values` (of src's shape) at
// src's maximum. max_pool(src) is max_pool_select(src, src), and
// max_pool_backward's gradient is max_pool_select. Differentiates any number of
// times in values; constant in src.
OpSchema MaxPoolSelectSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_POOL_MAX_POOL_H_

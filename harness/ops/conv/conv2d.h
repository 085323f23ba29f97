// Two-dimensional convolution (cross-correlation) and its two gradients.
//
// src [N,I,H,W], weights [O,I/groups,kh,kw], dst [N,O,OH,OW]:
//   dst[n,o,y,x] = bias[o] + sum over i, ky, kx of weights[o,i,ky,kx] *
//       src[n, i', y*sy + ky*dy - top, x*sx + kx*dx - left]
// with i' = i + I/groups * (o / (O/groups)), and 0 outside the source.
// Attributes: strides=[1,1], pads=[top,left,bottom,right] (0), dilations=[1,1]
// (1 is dense), groups=1; groups=I is a depthwise convolution. Floats of one
// type, summed in double. A sequence [N,F,T] is an image of height 1.
//
// The three ops are each linear in both operands and each other's gradients, so
// all differentiate any number of times. Cost of each: I/groups*kh*kw
// multiply-accumulates per element of dst.
#ifndef ASSAY_HARNESS_OPS_CONV_CONV2D_H_
#define ASSAY_HARNESS_OPS_CONV_CONV2D_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema Conv2dSchema();  // src weights [bias [O]]

// diff_dst weights; src_shape=[H,W] -> diff_src [N,I,H,W]
OpSchema Conv2dBackwardDataSchema();

// src diff_dst; kernel=[kh,kw] -> diff_weights [O,I/groups,kh,kw]
OpSchema Conv2dBackwardWeightsSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_CONV_CONV2D_H_

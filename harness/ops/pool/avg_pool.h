// Average pooling over images [N,C,H,W] and its gradient.
//
// Attributes: kernel=[kh,kw], strides=[1,1], pads=[top,left,bottom,right] (0,
// each below the kernel), count_include_pad=0: a window is divided by the
// number of its elements that lie inside the source, with 1 by kh*kw. Floats,
// summed in double. The ops are linear and each other's gradients, so both
// differentiate any number of times. Cost: kh*kw additions per element of dst;
// no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_POOL_AVG_POOL_H_
#define ASSAY_HARNESS_OPS_POOL_AVG_POOL_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema AvgPoolSchema();  // src [N,C,H,W] -> dst [N,C,OH,OW]

// diff_dst [N,C,OH,OW]; src_shape=[H,W] -> diff_src [N,C,H,W]
OpSchema AvgPoolBackwardSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_POOL_AVG_POOL_H_

// Softmax and its logarithm.
//
// Along `axis` (default -1) of src, a float; dst has its type. The row's
// maximum is subtracted first and sums are taken in double, so that no finite
// row overflows. Both differentiate any number of times. Cost: one exponential
// per element; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_SOFTMAX_SOFTMAX_H_
#define ASSAY_HARNESS_OPS_SOFTMAX_SOFTMAX_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema SoftmaxSchema();     // exp(src) / sum(exp(src))
OpSchema LogSoftmaxSchema();  // src - log(sum(exp(src)))

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SOFTMAX_SOFTMAX_H_

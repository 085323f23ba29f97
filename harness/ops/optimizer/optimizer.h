// Steps of optimisers, as in PyTorch. All tensors but `learning_rate` and
// `step` have one shape; all but `step` (s64 []) one type, f32 or f64;
// learning_rate is []. Results are new values; an update of the graph stores
// them. No gradient flows. Computed in double, rounded once. Cost: a few
// operations per element; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_OPTIMIZER_OPTIMIZER_H_
#define ASSAY_HARNESS_OPS_OPTIMIZER_OPTIMIZER_H_

#include "harness/graph/op_schema.h"

namespace assay {

// parameter gradient momentum_buffer learning_rate; momentum, weight_decay
// (reals, default 0), nesterov=0 -> parameter', buffer':
//   g = gradient + weight_decay * parameter
//   buffer' = momentum * buffer + g
//   parameter' = parameter - learning_rate * (nesterov ? g + momentum * buffer'
//                                                      : buffer')
// A buffer of zeros starts it as PyTorch does.
OpSchema SgdStepSchema();

// parameter gradient first second learning_rate step; beta1=0.9, beta2=0.999,
// epsilon=1e-8, weight_decay=0 -> parameter', first', second'. step counts from
// 1:
//   first' = beta1 * first + (1 - beta1) * gradient
//   second' = beta2 * second + (1 - beta2) * gradient^2
//   parameter' = parameter * (1 - learning_rate * weight_decay) -
//       learning_rate * (first' / (1 - beta1^step)) /
//           (sqrt(second' / (1 - beta2^step)) + epsilon)
OpSchema AdamwStepSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_OPTIMIZER_OPTIMIZER_H_

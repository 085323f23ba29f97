// A handful of small ops with references and gradients, so that harness/graph
// is tested without harness/ops above it: add, mul (broadcasting), tanh,
// matmul (rank 2; transpose_a, transpose_b), reduce_sum (axes, keep),
// broadcast_to and expand (shape), sign (no gradient), split (halves of the
// last axis: two results), cast (dtype), typed (an attribute of each type),
// bad_gradient (an identity whose gradient has the wrong type).
#ifndef ASSAY_HARNESS_GRAPH_TESTING_TOY_OPS_H_
#define ASSAY_HARNESS_GRAPH_TESTING_TOY_OPS_H_

#include "harness/graph/op_schema.h"

namespace assay {

const OpSet& ToyOps();

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TESTING_TOY_OPS_H_

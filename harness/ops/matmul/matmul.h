// Products of matrices.
#ifndef ASSAY_HARNESS_OPS_MATMUL_MATMUL_H_
#define ASSAY_HARNESS_OPS_MATMUL_MATMUL_H_

#include "harness/graph/op_schema.h"

namespace assay {

// a [..,M,K] times b [..,K,N] to [..,M,N]; with transpose_a=1 a is [..,K,M],
// with transpose_b=1 b is [..,N,K]. Leading axes broadcast as NumPy's. Floats
// of one type, summed in double in the order of K. Differentiates any number of
// times. Cost: M*N*K multiply-accumulates per matrix.
OpSchema MatmulSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_MATMUL_MATMUL_H_

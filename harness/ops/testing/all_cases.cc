#include "harness/ops/testing/all_cases.h"

#include "harness/ops/attention/attention_cases.h"
#include "harness/ops/conv/conv_cases.h"
#include "harness/ops/custom/custom_cases.h"
#include "harness/ops/elementwise/elementwise_cases.h"
#include "harness/ops/fused/fused_cases.h"
#include "harness/ops/matmul/matmul_cases.h"
#include "harness/ops/norm/norm_cases.h"
#include "harness/ops/optimizer/optimizer_cases.h"
#include "harness/ops/pool/pool_cases.h"
#include "harness/ops/quantize/quantize_cases.h"
#include "harness/ops/random/random_cases.h"
#include "harness/ops/reduce/reduce_cases.h"
#include "harness/ops/shape/shape_cases.h"
#include "harness/ops/softmax/softmax_cases.h"

namespace assay {

const OpCases& AllCases() {
  static const OpCases* const all = [] {
    auto* cases = new OpCases;
    for (const auto family :
         {AttentionCases, ConvCases, CustomCases, ElementwiseCases, FusedCases,
          MatmulCases, NormCases, OptimizerCases, PoolCases, QuantizeCases,
          RandomCases, ReduceCases, ShapeCases, SoftmaxCases}) {
      const OpCases more = family();
      cases->accepted.insert(cases->accepted.end(), more.accepted.begin(),
                             more.accepted.end());
      cases->refused.insert(cases->refused.end(), more.refused.begin(),
                            more.refused.end());
    }
    return cases;
  }();
  return *all;
}

}  // namespace assay

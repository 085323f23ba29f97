// A hand for writing the gradients of normalisations as formulas.
#ifndef ASSAY_HARNESS_OPS_NORM_ALGEBRA_H_
#define ASSAY_HARNESS_OPS_NORM_ALGEBRA_H_

#include <cstdint>
#include <vector>

#include "harness/graph/builder.h"

namespace assay {

// `v` as `dtype`; no node when it has that type.
ValueId CastTo(GraphBuilder& b, ValueId v, DType dtype);

// Statistics of values of one shape over some of their axes. A statistic has
// extent 1 on those axes, so that it broadcasts against the values.
class Algebra {
 public:
  // `axes` are those that statistics sum over.
  Algebra(GraphBuilder* builder, const Shape& shape, std::vector<int64_t> axes);

  ValueId Sum(ValueId v) { return b_.ReduceSum(v, axes_, true); }
  ValueId Mean(ValueId v) { return b_.ReduceMean(v, axes_, true); }
  ValueId MeanOfProduct(ValueId v, ValueId w) { return Mean(b_.Mul(v, w)); }
  double count() const { return count_; }  // elements of one statistic

  // v w
  // v + w; the other one when one is absent.
  ValueId Add(ValueId v, ValueId w);

  // v - mean(v) - x mean(v x): what is left of v beside the constant and x.
  // Without `centered` the constant stays in.
  ValueId Residual(ValueId v, ValueId x, bool centered);

 private:
  GraphBuilder& b_;
  std::vector<int64_t> axes_;
  double count_ = 1;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_NORM_ALGEBRA_H_

#include "harness/ops/norm/algebra.h"

#include <string>
#include <utility>

namespace assay {

ValueId CastTo(GraphBuilder& b, ValueId v, DType dtype) {
  if (!b.ok() || b.dtype(v) == dtype) return v;
  return b.Op("cast", {v}, {{"dtype", std::string(Name(dtype))}});
}

Algebra::Algebra(GraphBuilder* builder, const Shape& shape,
                 std::vector<int64_t> axes)
    : b_(*builder), axes_(std::move(axes)) {
  for (const int64_t axis : axes_) {
    count_ *= static_cast<double>(shape[static_cast<size_t>(axis)]);
  }
}

ValueId Algebra::Add(ValueId v, ValueId w) {
  if (v == kNoValue) return w;
  return w == kNoValue ? v : b_.Add(v, w);
}

ValueId Algebra::Residual(ValueId v, ValueId x, bool centered) {
  const ValueId along = b_.Mul(x, MeanOfProduct(v, x));
  return b_.Sub(centered ? b_.Sub(v, Mean(v)) : v, along);
}

}  // namespace assay

// What the elementwise ops share: inference, reference loops, schemas.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_ELEMENTWISE_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_ELEMENTWISE_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/support/strided.h"
#include "harness/ops/support/visit.h"

namespace assay {

// dst has the type of src, a float.
absl::Status InferFloatUnary(InferContext& context);
// dst has the type of src, a float, s32 or s64.
absl::Status InferNumericUnary(InferContext& context);
// dst has the common numeric type of a and b, and their broadcast shape.
absl::Status InferNumericBinary(InferContext& context);
// As InferNumericBinary, of type bool.
absl::Status InferComparison(InferContext& context);

// A schema with one operand `src`, a float, and couplings of an elementwise op.
OpSchema UnarySchema(std::string name,
                     absl::Status (*reference)(ReferenceContext&),
                     absl::Status (*gradient)(GradientBuilder&));
// A schema with operands `a b` that broadcast.
OpSchema BinarySchema(std::string name,
                      absl::Status (*reference)(ReferenceContext&),
                      absl::Status (*gradient)(GradientBuilder&));

// dst[i] = f(src[i]) for float and double.
template <typename F>
absl::Status MapFloat(ReferenceContext& context, const F& f) {
  const Tensor& src = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    T* to = dst.data<T>();
    for (int64_t i = 0; i < src.size(); ++i) to[i] = f(from[i]);
    return absl::OkStatus();
  });
}

// The same for s32 and s64 too.
template <typename F>
absl::Status MapNumeric(ReferenceContext& context, const F& f) {
  const Tensor& src = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  return VisitNumeric(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    T* to = dst.data<T>();
    for (int64_t i = 0; i < src.size(); ++i) to[i] = f(from[i]);
    return absl::OkStatus();
  });
}

// dst = f(a, b) with broadcasting; Dst is the element type of dst.
template <typename T, typename Dst, typename F>
void MapBinary(ReferenceContext& context, const F& f) {
  const Tensor& a = *context.inputs[0];
  const Tensor& b = *context.inputs[1];
  Tensor& dst = *context.outputs[0];
  const T* from_a = a.data<T>();
  const T* from_b = b.data<T>();
  Dst* to = dst.data<Dst>();
  WalkStrided<3>(
      dst.shape(),
      {RowMajorStrides(dst.shape()), BroadcastStrides(a.shape(), dst.shape()),
       BroadcastStrides(b.shape(), dst.shape())},
      [&](const std::array<int64_t, 3>& at) {
        to[at[0]] = f(from_a[at[1]], from_b[at[2]]);
      });
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_ELEMENTWISE_H_

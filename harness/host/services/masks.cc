#include "harness/host/services/masks.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

template <typename T>
void Multiply(const Tensor& mask, Tensor* value) {
  const T* m = mask.data<T>();
  T* v = value->data<T>();
  // A choice, not a product: what is pruned is 0 even where it was not finite.
  for (int64_t i = 0; i < value->size(); ++i) v[i] = m[i] == T{0} ? T{0} : v[i];
}

}  // namespace

absl::StatusOr<Tensor> MaskAs(const Tensor& mask, const Tensor& value,
                              absl::string_view name) {
  if (mask.shape() != value.shape()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "mask of ", name, ": expected the shape ", ToString(value.shape()),
        ", got ", ToString(mask.shape())));
  }
  if (value.dtype() != DType::kF32 && value.dtype() != DType::kF64) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask of ", name, ": only f32 and f64 are masked, it is ",
                     Name(value.dtype())));
  }
  // Through bool: nonzero becomes 1.
  return mask.Cast(DType::kBool).Cast(value.dtype());
}

void MultiplyByMask(const Tensor& mask, Tensor* value) {
  if (value->dtype() == DType::kF64) {
    Multiply<double>(mask, value);
  } else {
    Multiply<float>(mask, value);
  }
}

}  // namespace assay

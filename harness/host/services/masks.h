// Masks as methods give them: any type, nonzero = kept.
#ifndef ASSAY_HARNESS_HOST_SERVICES_MASKS_H_
#define ASSAY_HARNESS_HOST_SERVICES_MASKS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"

namespace assay {

// The mask as 0 and 1 of the element type of `value`. INVALID_ARGUMENT: another
// shape, or a value that is no f32 or f64.
absl::StatusOr<Tensor> MaskAs(const Tensor& mask, const Tensor& value,
                              absl::string_view name);

// value *= mask, elementwise; both of one type.
void MultiplyByMask(const Tensor& mask, Tensor* value);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_MASKS_H_

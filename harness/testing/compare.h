// Comparing tensors with tolerances that follow from their types.
#ifndef ASSAY_HARNESS_TESTING_COMPARE_H_
#define ASSAY_HARNESS_TESTING_COMPARE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "harness/core/tensor.h"

namespace assay {

// The distance from 1 to the next value: 2^-23 for f32, 2^-52 for f64, 2^-7 for
// bf16.
double EpsilonOf(DType dtype);

// OK when `got` may come from another implementation of what made `want`, in
// which each element is a sum of at most `terms` terms; otherwise says where
// and by how much they differ most. Types and shapes must agree.
//
//   floats  |got - want| <= scale * (2 eps(type) + (4 + terms) eps(f32)), where
//           scale is the largest finite |want| (f64: eps(f64) throughout):
//           one rounding of the result and one of each partial sum. NaN and
//           infinities must be equal.
//   u8, s8  one step apart at most: a tie may round either way.
//   others  equal.
absl::Status CompareTensors(const Tensor& want, const Tensor& got,
                            int64_t terms);

}  // namespace assay

#endif  // ASSAY_HARNESS_TESTING_COMPARE_H_

// How far two answers are apart.
#ifndef ASSAY_HARNESS_HOST_SCORE_DIFFERENCE_H_
#define ASSAY_HARNESS_HOST_SCORE_DIFFERENCE_H_

#include "harness/core/tensor.h"

namespace assay {

// |a - b|: 0 where both are NaN or the same infinity. Where only one is no
// finite number, or the two infinities differ, the largest double, because
// reports hold finite numbers.
double Apart(double a, double b);

// The largest of all elements, as floats. The largest double where the shapes
// differ.
double LargestDifference(const Tensor& a, const Tensor& b);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_DIFFERENCE_H_

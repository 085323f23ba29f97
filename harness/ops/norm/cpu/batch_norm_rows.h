// Inner loops of batch normalisation: one strip of up to 16 channels (or of 16
// neighbours of one channel) over `count` positions, `stride` elements apart.
#ifndef ASSAY_HARNESS_OPS_NORM_CPU_BATCH_NORM_ROWS_H_
#define ASSAY_HARNESS_OPS_NORM_CPU_BATCH_NORM_ROWS_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

struct Strip {
  int64_t count, stride;
  int64_t lanes;  // 1..16
};

// Per lane: sum of (x - pivot) and of its square, 16 each.
template <typename T>
void SumSquares(const Strip& strip, const T* x, const float* pivot, float* sum,
                float* squares);

// dst = x * factor + term [+ residual], then max(., 0) if `relu`.
template <typename T>
void ScaleShift(const Strip& strip, const T* x, const T* residual,
                const float* factor, const float* term, bool relu, T* dst);

// Gradient that arrives: diff [+ more], zeroed where mask <= 0. Null: absent.
template <typename T>
struct Arriving {
  const T* diff;
  const T* more;
  const T* mask;
};

// Per lane: sum of g and of g * (x - mean), g what arrives; g is also kept in
// `kept` unless null.
template <typename T>
void SumGradients(const Strip& strip, const Arriving<T>& arriving, const T* x,
                  const float* mean, float* sum, float* dot, T* kept);

// dst = g * a + x * b + c.
template <typename T>
void CombineGradients(const Strip& strip, const Arriving<T>& arriving,
                      const T* x, const float* a, const float* b,
                      const float* c, T* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_NORM_CPU_BATCH_NORM_ROWS_H_

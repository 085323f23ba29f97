// Inner loops of reductions.
#ifndef ASSAY_HARNESS_OPS_REDUCE_CPU_REDUCE_ROWS_H_
#define ASSAY_HARNESS_OPS_REDUCE_CPU_REDUCE_ROWS_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

// Sum of n consecutive elements. T is float or BFloat16.
template <typename T>
double SumRow(const T* x, int64_t n);
template <typename T>
float MaxRow(const T* x, int64_t n);

// Adds, or takes the maximum of, `rows` rows of n consecutive elements each,
// `stride` apart, element by element into sums[0..n).
template <typename T>
void AddRows(const T* x, int64_t rows, int64_t stride, int64_t n, float* sums);
template <typename T>
void MaxRows(const T* x, int64_t rows, int64_t stride, int64_t n, float* best);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_REDUCE_CPU_REDUCE_ROWS_H_

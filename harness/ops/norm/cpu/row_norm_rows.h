// One row of layer (centred) or RMS normalisation.
#ifndef ASSAY_HARNESS_OPS_NORM_CPU_ROW_NORM_ROWS_H_
#define ASSAY_HARNESS_OPS_NORM_CPU_ROW_NORM_ROWS_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

// Mean (0 unless `centred`) and 1 / sqrt(mean square about it + epsilon).
struct RowStatistics {
  float mean, rstd;
};
template <typename T>
RowStatistics StatisticsOf(const T* x, int64_t n, bool centred, float epsilon);

// dst = (x - mean) * rstd * scale [+ shift]; shift may be null.
template <typename T>
void NormalizeRow(const T* x, int64_t n, const RowStatistics& s,
                  const float* scale, const float* shift, T* dst);

// The same, stored on a grid or as bf16 (rounding.h: `inverse` and `zero`) in
// `dst`, and as it is in `whole` unless that is null. T is f32 or bf16; Q u8,
// s8 or bf16.
template <typename T, typename Q>
void NormalizeRowRounded(const T* x, int64_t n, const RowStatistics& s,
                         const float* scale, const float* shift, float inverse,
                         float zero, T* whole, Q* dst);

// diff_src, and diff_scale += diff * x^, diff_shift += diff (unless null),
// x^ the normalised row.
template <typename T>
void BackwardRow(const T* x, const T* diff, int64_t n, const RowStatistics& s,
                 bool centred, const float* scale, T* diff_src,
                 float* diff_scale, float* diff_shift);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_NORM_CPU_ROW_NORM_ROWS_H_

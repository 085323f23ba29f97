#include "harness/ops/norm/cpu/row_norm_rows.h"

#include <cmath>
#include <cstring>

#include "harness/backend/cpu/rounded_lanes.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

// f(vector index, lanes) over a row; the last vector may be partial.
template <typename F>
ASSAY_ALWAYS_INLINE void ForVectors(int64_t n, const F& f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) f(i, int64_t{kLanes});
  if (i < n) f(i, n - i);
}

template <typename T>
ASSAY_ALWAYS_INLINE V16 Get(const T* p, int64_t lanes) {
  return lanes == kLanes ? LoadLanes(p) : LoadSome(p, lanes);
}
template <typename T>
ASSAY_ALWAYS_INLINE void Put(V16 v, int64_t lanes, T* p) {
  if (lanes == kLanes) {
    StoreLanes(v, p);
  } else {
    StoreSome(v, lanes, p);
  }
}

// x - mean with 0 in lanes beyond the row.
template <typename T>
ASSAY_ALWAYS_INLINE V16 Centre(const T* p, int64_t lanes, float mean) {
  if (lanes == kLanes) return LoadLanes(p) - mean;
  float some[kLanes] = {};
  for (int64_t i = 0; i < lanes; ++i) some[i] = static_cast<float>(p[i]) - mean;
  return LoadLanes(some);
}

// The sum of f(vector index, lanes) over a row, in four sums that do not wait
// for one another.
template <typename F>
ASSAY_ALWAYS_INLINE float SumOverRow(int64_t n, const F& f) {
  V16 sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int64_t k = 0; k < 4; ++k) sums[k] += f(i + k * kLanes, kLanes);
  }
  for (; i + kLanes <= n; i += kLanes) sums[0] += f(i, kLanes);
  if (i < n) sums[1] += f(i, n - i);
  return SumLanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <typename T>
ASSAY_ALWAYS_INLINE RowStatistics StatisticsBody(const T* x, int64_t n,
                                                 bool centred, float epsilon) {
  const float count = static_cast<float>(n);
  float mean = 0;
  if (centred) {
    mean = SumOverRow(
               n, [&](int64_t i, int64_t lanes) { return Get(x + i, lanes); }) /
           count;
  }
  const float squares = SumOverRow(n, [&](int64_t i, int64_t lanes) {
    const V16 d = Centre(x + i, lanes, mean);
    return d * d;
  });
  return {mean, 1.0f / std::sqrt(squares / count + epsilon)};
}

template <typename T>
ASSAY_ALWAYS_INLINE void NormalizeBody(const T* x, int64_t n,
                                       const RowStatistics& s,
                                       const float* scale, const float* shift,
                                       T* dst) {
  ForVectors(n, [&](int64_t i, int64_t lanes) {
    V16 y = (Get(x + i, lanes) - s.mean) * s.rstd * Get(scale + i, lanes);
    if (shift != nullptr) y += Get(shift + i, lanes);
    Put(y, lanes, dst + i);
  });
}

template <typename T, typename Q>
ASSAY_ALWAYS_INLINE void NormalizeRoundedBody(const T* x, int64_t n,
                                              const RowStatistics& s,
                                              const float* scale,
                                              const float* shift, float inverse,
                                              float zero, T* whole, Q* dst) {
  ForVectors(n, [&](int64_t i, int64_t lanes) {
    V16 y = (Get(x + i, lanes) - s.mean) * s.rstd * Get(scale + i, lanes);
    if (shift != nullptr) y += Get(shift + i, lanes);
    if (whole != nullptr) Put(y, lanes, whole + i);
    if (lanes == kLanes) {
      StoreRounded(y, inverse, zero, dst + i);
    } else {
      StoreSomeRounded(y, lanes, inverse, zero, dst + i);
    }
  });
}

template <typename T>
ASSAY_ALWAYS_INLINE void BackwardBody(const T* x, const T* diff, int64_t n,
                                      const RowStatistics& s, bool centred,
                                      const float* scale, T* diff_src,
                                      float* diff_scale, float* diff_shift) {
  V16 sum = {}, dot = {};
  ForVectors(n, [&](int64_t i, int64_t lanes) {
    const V16 g = Get(diff + i, lanes);
    const V16 xhat = Centre(x + i, lanes, s.mean) * s.rstd;
    const V16 e = g * Get(scale + i, lanes);
    sum += e;
    dot += e * xhat;
    Put(Get(diff_scale + i, lanes) + g * xhat, lanes, diff_scale + i);
    if (diff_shift != nullptr) {
      Put(Get(diff_shift + i, lanes) + g, lanes, diff_shift + i);
    }
  });
  const float count = static_cast<float>(n);
  const float mean = centred ? SumLanes(sum) / count : 0.0f;
  const float mean_x = SumLanes(dot) / count;
  ForVectors(n, [&](int64_t i, int64_t lanes) {
    const V16 xhat = Centre(x + i, lanes, s.mean) * s.rstd;
    const V16 e = Get(diff + i, lanes) * Get(scale + i, lanes);
    Put((e - mean - xhat * mean_x) * s.rstd, lanes, diff_src + i);
  });
}

#define ASSAY_ROWS(T)                                                         \
  ASSAY_CPU_CLONES RowStatistics StatisticsOf##T(                             \
      const T* x, int64_t n, bool centred, float epsilon) {                   \
    return StatisticsBody(x, n, centred, epsilon);                            \
  }                                                                           \
  ASSAY_CPU_CLONES void NormalizeOf##T(                                       \
      const T* x, int64_t n, const RowStatistics& s, const float* scale,      \
      const float* shift, T* dst) {                                           \
    NormalizeBody(x, n, s, scale, shift, dst);                                \
  }                                                                           \
  ASSAY_CPU_CLONES void BackwardOf##T(const T* x, const T* diff, int64_t n,   \
                                      const RowStatistics& s, bool centred,   \
                                      const float* scale, T* diff_src,        \
                                      float* diff_scale, float* diff_shift) { \
    BackwardBody(x, diff, n, s, centred, scale, diff_src, diff_scale,         \
                 diff_shift);                                                 \
  }
ASSAY_ROWS(float)
ASSAY_ROWS(BFloat16)
#undef ASSAY_ROWS

#define ASSAY_ROUNDED(T, Q)                                                 \
  ASSAY_CPU_CLONES void NormalizeOf##T##To##Q(                              \
      const T* x, int64_t n, const RowStatistics& s, const float* scale,    \
      const float* shift, float inverse, float zero, T* whole, Q* dst) {    \
    NormalizeRoundedBody(x, n, s, scale, shift, inverse, zero, whole, dst); \
  }
ASSAY_ROUNDED(float, uint8_t)
ASSAY_ROUNDED(float, int8_t)
ASSAY_ROUNDED(float, BFloat16)
ASSAY_ROUNDED(BFloat16, uint8_t)
ASSAY_ROUNDED(BFloat16, int8_t)
#undef ASSAY_ROUNDED

}  // namespace

#define ASSAY_ROUNDED(T, Q)                                                  \
  template <>                                                                \
  void NormalizeRowRounded(const T* x, int64_t n, const RowStatistics& s,    \
                           const float* scale, const float* shift,           \
                           float inverse, float zero, T* whole, Q* dst) {    \
    NormalizeOf##T##To##Q(x, n, s, scale, shift, inverse, zero, whole, dst); \
  }
ASSAY_ROUNDED(float, uint8_t)
ASSAY_ROUNDED(float, int8_t)
ASSAY_ROUNDED(float, BFloat16)
ASSAY_ROUNDED(BFloat16, uint8_t)
ASSAY_ROUNDED(BFloat16, int8_t)
#undef ASSAY_ROUNDED

#define ASSAY_ROWS(T)                                                        \
  template <>                                                                \
  RowStatistics StatisticsOf(const T* x, int64_t n, bool centred,            \
                             float epsilon) {                                \
    return StatisticsOf##T(x, n, centred, epsilon);                          \
  }                                                                          \
  template <>                                                                \
  void NormalizeRow(const T* x, int64_t n, const RowStatistics& s,           \
                    const float* scale, const float* shift, T* dst) {        \
    NormalizeOf##T(x, n, s, scale, shift, dst);                              \
  }                                                                          \
  template <>                                                                \
  void BackwardRow(const T* x, const T* diff, int64_t n,                     \
                   const RowStatistics& s, bool centred, const float* scale, \
                   T* diff_src, float* diff_scale, float* diff_shift) {      \
    BackwardOf##T(x, diff, n, s, centred, scale, diff_src, diff_scale,       \
                  diff_shift);                                               \
  }
ASSAY_ROWS(float)
ASSAY_ROWS(BFloat16)
#undef ASSAY_ROWS

}  // namespace assay::cpu

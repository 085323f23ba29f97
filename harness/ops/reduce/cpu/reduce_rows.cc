#include "harness/ops/reduce/cpu/reduce_rows.h"

#include <algorithm>
#include <limits>

#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
// Elements summed in f32 before they join a double.
constexpr int64_t kRun = 64 * kLanes;

ASSAY_ALWAYS_INLINE V16 MaxLanes(V16 a, V16 b) {
  // NaN wins.
  const M16 take = (b > a) | (b != b);
  M16 x, y;
  std::memcpy(&x, &a, sizeof(x));
  std::memcpy(&y, &b, sizeof(y));
  x = (x & ~take) | (y & take);
  std::memcpy(&a, &x, sizeof(a));
  return a;
}

template <typename T>
ASSAY_ALWAYS_INLINE double SumRowBody(const T* x, int64_t n) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = std::min(n, begin + kRun);
    V16 a = {}, b = {};
    int64_t i = begin;
    for (; i + 2 * kLanes <= end; i += 2 * kLanes) {
      a += LoadLanes(x + i);
      b += LoadLanes(x + i + kLanes);
    }
    for (; i + kLanes <= end; i += kLanes) a += LoadLanes(x + i);
    if (i < end) b += LoadSome(x + i, end - i);
    total += static_cast<double>(SumLanes(a + b));
  }
  return total;
}

template <typename T>
ASSAY_ALWAYS_INLINE float MaxRowBody(const T* x, int64_t n) {
  V16 best = Splat(kLowest);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) best = MaxLanes(best, LoadLanes(x + i));
  float result = kLowest;
  for (int lane = 0; lane < kLanes; ++lane) {
    if (best[lane] > result || best[lane] != best[lane]) result = best[lane];
  }
  for (; i < n; ++i) {
    const float v = static_cast<float>(x[i]);
    if (v > result || v != v) result = v;
  }
  return result;
}

template <bool kMax, typename T>
ASSAY_ALWAYS_INLINE void FoldRowsBody(const T* x, int64_t rows, int64_t stride,
                                      int64_t n, float* sums) {
  int64_t column = 0;
  for (; column + kLanes <= n; column += kLanes) {
    V16 a = LoadLanes(sums + column);
    const T* p = x + column;
    for (int64_t r = 0; r < rows; ++r, p += stride) {
      const V16 v = LoadLanes(p);
      a = kMax ? MaxLanes(a, v) : a + v;
    }
    StoreLanes(a, sums + column);
  }
  if (column < n) {
    V16 a = LoadSome(sums + column, n - column);
    const T* p = x + column;
    for (int64_t r = 0; r < rows; ++r, p += stride) {
      const V16 v = LoadSome(p, n - column);
      a = kMax ? MaxLanes(a, v) : a + v;
    }
    StoreSome(a, n - column, sums + column);
  }
}

#define ASSAY_ROWS(T)                                                          \
  ASSAY_CPU_CLONES double SumRowOf##T(const T* x, int64_t n) {                 \
    return SumRowBody(x, n);                                                   \
  }                                                                            \
  ASSAY_CPU_CLONES float MaxRowOf##T(const T* x, int64_t n) {                  \
    return MaxRowBody(x, n);                                                   \
  }                                                                            \
  ASSAY_CPU_CLONES void AddRowsOf##T(const T* x, int64_t rows, int64_t stride, \
                                     int64_t n, float* sums) {                 \
    FoldRowsBody<false>(x, rows, stride, n, sums);                             \
  }                                                                            \
  ASSAY_CPU_CLONES void MaxRowsOf##T(const T* x, int64_t rows, int64_t stride, \
                                     int64_t n, float* best) {                 \
    FoldRowsBody<true>(x, rows, stride, n, best);                              \
  }
ASSAY_ROWS(float)
ASSAY_ROWS(BFloat16)
#undef ASSAY_ROWS

}  // namespace

#define ASSAY_ROWS(T)                                               \
  template <>                                                       \
  double SumRow(const T* x, int64_t n) {                            \
    return SumRowOf##T(x, n);                                       \
  }                                                                 \
  template <>                                                       \
  float MaxRow(const T* x, int64_t n) {                             \
    return MaxRowOf##T(x, n);                                       \
  }                                                                 \
  template <>                                                       \
  void AddRows(const T* x, int64_t rows, int64_t stride, int64_t n, \
               float* sums) {                                       \
    AddRowsOf##T(x, rows, stride, n, sums);                         \
  }                                                                 \
  template <>                                                       \
  void MaxRows(const T* x, int64_t rows, int64_t stride, int64_t n, \
               float* best) {                                       \
    MaxRowsOf##T(x, rows, stride, n, best);                         \
  }
ASSAY_ROWS(float)
ASSAY_ROWS(BFloat16)
#undef ASSAY_ROWS

}  // namespace assay::cpu

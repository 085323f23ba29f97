#include "harness/ops/norm/cpu/batch_norm_rows.h"

#include <cstring>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

// Access to whole strips and to narrow ones; the choice is made once per strip.
struct Whole {
  template <typename T>
  ASSAY_ALWAYS_INLINE V16 Load(const T* p) const {
    return LoadLanes(p);
  }
  template <typename T>
  ASSAY_ALWAYS_INLINE void Store(V16 v, T* p) const {
    StoreLanes(v, p);
  }
};
// With the processor's own rounding to bf16; an assembler's line, because the
// functions that it is inlined into from have no such target.
struct Native {
  ASSAY_ALWAYS_INLINE V16 Load(const BFloat16* p) const { return LoadLanes(p); }
  ASSAY_ALWAYS_INLINE void Store(V16 v, BFloat16* p) const {
    H16 bits;
    __asm__("vcvtneps2bf16 %1, %0" : "=v"(bits) : "v"(v));
    std::memcpy(static_cast<void*>(p), &bits, sizeof(bits));
  }
};
struct Narrow {
  int64_t lanes;
  template <typename T>
  ASSAY_ALWAYS_INLINE V16 Load(const T* p) const {
    return LoadSome(p, lanes);
  }
  template <typename T>
  ASSAY_ALWAYS_INLINE void Store(V16 v, T* p) const {
    StoreSome(v, lanes, p);
  }
};

template <typename T, typename Access>
ASSAY_ALWAYS_INLINE void SumSquaresBody(const Strip& s, const Access& access,
                                        const T* x, const float* pivot,
                                        float* sum, float* squares) {
  const V16 shift = LoadLanes(pivot);
  // Two accumulators each hide the latency of an addition.
  V16 sum0 = {}, sum1 = {}, square0 = {}, square1 = {};
  int64_t i = 0;
  for (; i + 2 <= s.count; i += 2) {
    const V16 a = access.Load(x + i * s.stride) - shift;
    const V16 b = access.Load(x + (i + 1) * s.stride) - shift;
    sum0 += a;
    sum1 += b;
    square0 += a * a;
    square1 += b * b;
  }
  if (i < s.count) {
    const V16 a = access.Load(x + i * s.stride) - shift;
    sum0 += a;
    square0 += a * a;
  }
  StoreLanes(sum0 + sum1, sum);
  StoreLanes(square0 + square1, squares);
}

template <bool kRelu, bool kResidual, typename T, typename Access>
ASSAY_ALWAYS_INLINE void ScaleShiftLoop(const Strip& s, const Access& access,
                                        const T* x, const T* residual,
                                        const float* factor, const float* term,
                                        T* dst) {
  const V16 f = LoadLanes(factor), t = LoadLanes(term);
  for (int64_t i = 0; i < s.count; ++i) {
    V16 y = access.Load(x + i * s.stride) * f + t;
    if constexpr (kResidual) y += access.Load(residual + i * s.stride);
    if constexpr (kRelu) y = ReluLanes(y);
    access.Store(y, dst + i * s.stride);
  }
}

template <typename T, typename Access>
ASSAY_ALWAYS_INLINE void ScaleShiftBody(const Strip& s, const Access& access,
                                        const T* x, const T* residual,
                                        const float* factor, const float* term,
                                        bool relu, T* dst) {
  if (residual != nullptr) {
    if (relu) {
      ScaleShiftLoop<true, true>(s, access, x, residual, factor, term, dst);
    } else {
      ScaleShiftLoop<false, true>(s, access, x, residual, factor, term, dst);
    }
  } else if (relu) {
    ScaleShiftLoop<true, false>(s, access, x, residual, factor, term, dst);
  } else {
    ScaleShiftLoop<false, false>(s, access, x, residual, factor, term, dst);
  }
}

template <bool kMask, bool kMore, typename T, typename Access>
ASSAY_ALWAYS_INLINE V16 Arrived(const Access& access, const Arriving<T>& from,
                                int64_t at) {
  V16 g = access.Load(from.diff + at);
  if constexpr (kMore) g += access.Load(from.more + at);
  if constexpr (kMask) g = KeepPositive(g, access.Load(from.mask + at));
  return g;
}

template <bool kMask, bool kMore, typename T, typename Access>
ASSAY_ALWAYS_INLINE void SumGradientsLoop(const Strip& s, const Access& access,
                                          const Arriving<T>& from, const T* x,
                                          const float* mean, float* sum,
                                          float* dot, T* kept) {
  const V16 m = LoadLanes(mean);
  V16 sums = {}, dots = {};
  for (int64_t i = 0; i < s.count; ++i) {
    const int64_t at = i * s.stride;
    const V16 g = Arrived<kMask, kMore>(access, from, at);
    sums += g;
    dots += g * (access.Load(x + at) - m);
    if (kept != nullptr) access.Store(g, kept + at);
  }
  StoreLanes(sums, sum);
  StoreLanes(dots, dot);
}

template <bool kMask, bool kMore, typename T, typename Access>
ASSAY_ALWAYS_INLINE void CombineLoop(const Strip& s, const Access& access,
                                     const Arriving<T>& from, const T* x,
                                     const float* a, const float* b,
                                     const float* c, T* dst) {
  const V16 fa = LoadLanes(a), fb = LoadLanes(b), fc = LoadLanes(c);
  for (int64_t i = 0; i < s.count; ++i) {
    const int64_t at = i * s.stride;
    const V16 g = Arrived<kMask, kMore>(access, from, at);
    access.Store(g * fa + access.Load(x + at) * fb + fc, dst + at);
  }
}

// Calls f<kMask, kMore>.
#define ASSAY_BY_ARRIVING(from, Loop, ...) \
  if ((from).more != nullptr) {            \
    if ((from).mask != nullptr) {          \
      Loop<true, true>(__VA_ARGS__);       \
    } else {                               \
      Loop<false, true>(__VA_ARGS__);      \
    }                                      \
  } else if ((from).mask != nullptr) {     \
    Loop<true, false>(__VA_ARGS__);        \
  } else {                                 \
    Loop<false, false>(__VA_ARGS__);       \
  }

template <typename T, typename Access>
ASSAY_ALWAYS_INLINE void SumGradientsBody(const Strip& s, const Access& access,
                                          const Arriving<T>& from, const T* x,
                                          const float* mean, float* sum,
                                          float* dot, T* kept) {
  ASSAY_BY_ARRIVING(from, SumGradientsLoop, s, access, from, x, mean, sum, dot,
                    kept)
}

template <typename T, typename Access>
ASSAY_ALWAYS_INLINE void CombineBody(const Strip& s, const Access& access,
                                     const Arriving<T>& from, const T* x,
                                     const float* a, const float* b,
                                     const float* c, T* dst) {
  ASSAY_BY_ARRIVING(from, CombineLoop, s, access, from, x, a, b, c, dst)
}
#undef ASSAY_BY_ARRIVING

// target_clones wants plain functions: one per element type.
#define ASSAY_ROWS(T)                                                          \
  ASSAY_CPU_CLONES void SumSquaresOf##T(const Strip& s, const T* x,            \
                                        const float* pivot, float* sum,        \
                                        float* squares) {                      \
    if (s.lanes == kLanes) {                                                   \
      SumSquaresBody(s, Whole(), x, pivot, sum, squares);                      \
    } else {                                                                   \
      SumSquaresBody(s, Narrow{s.lanes}, x, pivot, sum, squares);              \
    }                                                                          \
  }                                                                            \
  ASSAY_CPU_CLONES void ScaleShiftOf##T(                                       \
      const Strip& s, const T* x, const T* residual, const float* factor,      \
      const float* term, bool relu, T* dst) {                                  \
    if (s.lanes == kLanes) {                                                   \
      ScaleShiftBody(s, Whole(), x, residual, factor, term, relu, dst);        \
    } else {                                                                   \
      ScaleShiftBody(s, Narrow{s.lanes}, x, residual, factor, term, relu,      \
                     dst);                                                     \
    }                                                                          \
  }                                                                            \
  ASSAY_CPU_CLONES void SumGradientsOf##T(                                     \
      const Strip& s, const Arriving<T>& from, const T* x, const float* mean,  \
      float* sum, float* dot, T* kept) {                                       \
    if (s.lanes == kLanes) {                                                   \
      SumGradientsBody(s, Whole(), from, x, mean, sum, dot, kept);             \
    } else {                                                                   \
      SumGradientsBody(s, Narrow{s.lanes}, from, x, mean, sum, dot, kept);     \
    }                                                                          \
  }                                                                            \
  ASSAY_CPU_CLONES void CombineOf##T(const Strip& s, const Arriving<T>& from,  \
                                     const T* x, const float* a,               \
                                     const float* b, const float* c, T* dst) { \
    if (s.lanes == kLanes) {                                                   \
      CombineBody(s, Whole(), from, x, a, b, c, dst);                          \
    } else {                                                                   \
      CombineBody(s, Narrow{s.lanes}, from, x, a, b, c, dst);                  \
    }                                                                          \
  }

ASSAY_ROWS(float)
ASSAY_ROWS(BFloat16)
#undef ASSAY_ROWS

#define ASSAY_NATIVE_BF16 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

ASSAY_NATIVE_BF16 void ScaleShiftNative(const Strip& s, const BFloat16* x,
                                        const BFloat16* residual,
                                        const float* factor, const float* term,
                                        bool relu, BFloat16* dst) {
  ScaleShiftBody(s, Native(), x, residual, factor, term, relu, dst);
}

ASSAY_NATIVE_BF16 void SumGradientsNative(const Strip& s,
                                          const Arriving<BFloat16>& from,
                                          const BFloat16* x, const float* mean,
                                          float* sum, float* dot,
                                          BFloat16* kept) {
  SumGradientsBody(s, Native(), from, x, mean, sum, dot, kept);
}

ASSAY_NATIVE_BF16 void CombineNative(const Strip& s,
                                     const Arriving<BFloat16>& from,
                                     const BFloat16* x, const float* a,
                                     const float* b, const float* c,
                                     BFloat16* dst) {
  CombineBody(s, Native(), from, x, a, b, c, dst);
}

bool RoundsNatively(const Strip& s) {
  return HasWideBf16() && s.lanes == kLanes;
}

}  // namespace

template <>
void SumSquares(const Strip& s, const float* x, const float* pivot, float* sum,
                float* squares) {
  SumSquaresOffloat(s, x, pivot, sum, squares);
}
template <>
void SumSquares(const Strip& s, const BFloat16* x, const float* pivot,
                float* sum, float* squares) {
  SumSquaresOfBFloat16(s, x, pivot, sum, squares);
}

template <>
void ScaleShift(const Strip& s, const float* x, const float* residual,
                const float* factor, const float* term, bool relu, float* dst) {
  ScaleShiftOffloat(s, x, residual, factor, term, relu, dst);
}
template <>
void ScaleShift(const Strip& s, const BFloat16* x, const BFloat16* residual,
                const float* factor, const float* term, bool relu,
                BFloat16* dst) {
  if (RoundsNatively(s)) {
    ScaleShiftNative(s, x, residual, factor, term, relu, dst);
    return;
  }
  ScaleShiftOfBFloat16(s, x, residual, factor, term, relu, dst);
}

template <>
void SumGradients(const Strip& s, const Arriving<float>& from, const float* x,
                  const float* mean, float* sum, float* dot, float* kept) {
  SumGradientsOffloat(s, from, x, mean, sum, dot, kept);
}
template <>
void SumGradients(const Strip& s, const Arriving<BFloat16>& from,
                  const BFloat16* x, const float* mean, float* sum, float* dot,
                  BFloat16* kept) {
  if (RoundsNatively(s)) {
    SumGradientsNative(s, from, x, mean, sum, dot, kept);
    return;
  }
  SumGradientsOfBFloat16(s, from, x, mean, sum, dot, kept);
}

template <>
void CombineGradients(const Strip& s, const Arriving<float>& from,
                      const float* x, const float* a, const float* b,
                      const float* c, float* dst) {
  CombineOffloat(s, from, x, a, b, c, dst);
}
template <>
void CombineGradients(const Strip& s, const Arriving<BFloat16>& from,
                      const BFloat16* x, const float* a, const float* b,
                      const float* c, BFloat16* dst) {
  if (RoundsNatively(s)) {
    CombineNative(s, from, x, a, b, c, dst);
    return;
  }
  CombineOfBFloat16(s, from, x, a, b, c, dst);
}

}  // namespace assay::cpu

// Sixteen floats stored on a grid of 8 bits or as bf16: rounding.h. For
// functions marked ASSAY_CPU_CLONES.
#ifndef ASSAY_HARNESS_BACKEND_CPU_ROUNDED_LANES_H_
#define ASSAY_HARNESS_BACKEND_CPU_ROUNDED_LANES_H_

#include <cstdint>
#include <cstring>

#include "harness/backend/cpu/vector16.h"
#include "harness/core/dtype.h"

namespace assay::cpu {

// Steps from the zero point, clamped to what Q holds; a NaN is the zero point.
template <typename Q>
ASSAY_ALWAYS_INLINE M16 OnGrid(V16 y, float inverse, float zero) {
  constexpr float kLow = sizeof(Q) == 1 && static_cast<Q>(-1) < 0 ? -128 : 0;
  // Adding and taking away 1.5 * 2^23 rounds what is small.
  constexpr float kRound = 12582912.0f;
  V16 steps = y * inverse;
  const V16 low = Splat(kLow - zero), high = Splat(kLow + 255 - zero);
  steps = steps == steps ? steps : V16{};
  steps = steps > low ? steps : low;
  steps = steps < high ? steps : high;
  steps = (steps + kRound) - kRound;
  return __builtin_convertvector(steps + zero, M16);
}

ASSAY_ALWAYS_INLINE void StoreRounded(V16 y, float inverse, float zero,
                                      uint8_t* p) {
  typedef uint8_t B16 __attribute__((vector_size(16)));
  const B16 bytes =
      __builtin_convertvector(OnGrid<uint8_t>(y, inverse, zero), B16);
  std::memcpy(p, &bytes, sizeof(bytes));
}
ASSAY_ALWAYS_INLINE void StoreRounded(V16 y, float inverse, float zero,
                                      int8_t* p) {
  typedef int8_t B16 __attribute__((vector_size(16)));
  const B16 bytes =
      __builtin_convertvector(OnGrid<int8_t>(y, inverse, zero), B16);
  std::memcpy(p, &bytes, sizeof(bytes));
}
ASSAY_ALWAYS_INLINE void StoreRounded(V16 y, float, float, BFloat16* p) {
  StoreLanes(y, p);
}

// The first n lanes.
template <typename Q>
ASSAY_ALWAYS_INLINE void StoreSomeRounded(V16 y, int64_t n, float inverse,
                                          float zero, Q* p) {
  Q buffer[kLanes];
  StoreRounded(y, inverse, zero, buffer);
  for (int64_t i = 0; i < n; ++i) p[i] = buffer[i];
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_ROUNDED_LANES_H_

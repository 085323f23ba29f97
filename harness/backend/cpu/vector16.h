// Sixteen floats at a time, by the compiler's vector extension: one zmm where
// there is AVX-512, several smaller registers elsewhere. For functions marked
// ASSAY_CPU_CLONES.
#ifndef ASSAY_HARNESS_BACKEND_CPU_VECTOR16_H_
#define ASSAY_HARNESS_BACKEND_CPU_VECTOR16_H_

#include <cstdint>
#include <cstring>

#include "harness/backend/cpu/multiversion.h"
#include "harness/core/dtype.h"

namespace assay::cpu {

constexpr int kLanes = 16;

typedef float V16 __attribute__((vector_size(64)));
typedef int32_t M16 __attribute__((vector_size(64)));  // lanes of 0 or -1
typedef uint32_t U16 __attribute__((vector_size(64)));
typedef uint16_t H16 __attribute__((vector_size(32)));

ASSAY_ALWAYS_INLINE V16 Splat(float x) { return V16{} + x; }

ASSAY_ALWAYS_INLINE V16 LoadLanes(const float* p) {
  V16 v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

ASSAY_ALWAYS_INLINE V16 LoadLanes(const BFloat16* p) {
  H16 h;
  std::memcpy(&h, p, sizeof(h));
  const U16 u = __builtin_convertvector(h, U16) << 16;
  V16 v;
  std::memcpy(&v, &u, sizeof(v));
  return v;
}

ASSAY_ALWAYS_INLINE void StoreLanes(V16 v, float* p) {
  std::memcpy(p, &v, sizeof(v));
}

// Rounds to nearest even. A NaN whose payload lies in the lower half alone
// would become an infinity, so it is made quiet.
ASSAY_ALWAYS_INLINE void StoreLanes(V16 v, BFloat16* p) {
  U16 u;
  std::memcpy(&u, &v, sizeof(u));
  const M16 nan = v != v;
  U16 quiet;
  std::memcpy(&quiet, &nan, sizeof(quiet));
  const U16 rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  const U16 kept = (u >> 16) | 0x40u;
  const H16 h =
      __builtin_convertvector((rounded & ~quiet) | (kept & quiet), H16);
  std::memcpy(static_cast<void*>(p), &h, sizeof(h));
}

// The first n lanes; the others are 0, or not stored.
template <typename T>
ASSAY_ALWAYS_INLINE V16 LoadSome(const T* p, int64_t n) {
  T buffer[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) buffer[i] = p[i];
  return LoadLanes(buffer);
}
template <typename T>
ASSAY_ALWAYS_INLINE void StoreSome(V16 v, int64_t n, T* p) {
  T buffer[kLanes];
  StoreLanes(v, buffer);
  for (int64_t i = 0; i < n; ++i) p[i] = buffer[i];
}

ASSAY_ALWAYS_INLINE V16 KeepPositive(V16 value, V16 sign) {
  const M16 positive = sign > 0.0f;
  M16 bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits &= positive;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// max(x, 0); NaN stays NaN.
ASSAY_ALWAYS_INLINE V16 ReluLanes(V16 x) {
  const M16 negative = x < 0.0f;
  M16 bits;
  std::memcpy(&bits, &x, sizeof(bits));
  bits &= ~negative;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// Halves are added to halves.
ASSAY_ALWAYS_INLINE float SumLanes(V16 v) {
  typedef float V8 __attribute__((vector_size(32)));
  typedef float V4 __attribute__((vector_size(16)));
  V8 eights[2];
  std::memcpy(eights, &v, sizeof(v));
  const V8 eight = eights[0] + eights[1];
  V4 fours[2];
  std::memcpy(fours, &eight, sizeof(eight));
  const V4 four = fours[0] + fours[1];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_VECTOR16_H_

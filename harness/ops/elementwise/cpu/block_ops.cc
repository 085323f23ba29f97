#include "harness/ops/elementwise/cpu/block_ops.h"

#include <immintrin.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/ops/elementwise/cpu/vector_math.h"

namespace assay::cpu {
namespace {

// 1/2 and a quotient of polynomials in x^2 (our own fit, to 2e-9 before
// rounding), up to where the nearest float is 0 or 1.
ASSAY_ALWAYS_INLINE float SlopeOfGelu(float x) {
  constexpr float kFlat = 5.6f;
  const float low = x < -kFlat ? -kFlat : x;
  const float clamped = low > kFlat ? kFlat : low;
  const float z = clamped * clamped;
  float p = 1.5010482513e-8f;
  p = p * z + 6.0187192260e-7f;
  p = p * z + 3.4118639746e-5f;
  p = p * z + 7.8763579763e-5f;
  p = p * z + 1.4132959871e-2f;
  p = p * z - 2.9250669346e-2f;
  p = p * z + 7.9788455038e-1f;
  float q = 1.2881139261e-9f;
  q = q * z + 2.5469085580e-7f;
  q = q * z + 8.7102622626e-6f;
  q = q * z + 2.1479333662e-4f;
  q = q * z + 3.6205857139e-3f;
  q = q * z + 4.1604418284e-2f;
  q = q * z + 2.9667292053e-1f;
  q = q * z + 1.0f;
  return 0.5f + clamped * p / q;
}
inline double SlopeOfGelu(double x) {
  return 0.5 * (1 + VectorErf(x * M_SQRT1_2)) +
         x * (M_SQRT1_2 * M_2_SQRTPI / 2 * VectorExp(-0.5 * x * x));
}

// The formulas. T is float or double; a, b, c are operands, p and q constants.
#define ASSAY_FORMULA(name, expression)                               \
  template <typename T>                                               \
  ASSAY_ALWAYS_INLINE T name(T a, T b, T c, T p, T q) {               \
    static_cast<void>(a), static_cast<void>(b), static_cast<void>(c); \
    static_cast<void>(p), static_cast<void>(q);                       \
    return expression;                                                \
  }

ASSAY_FORMULA(Add, a + b)
ASSAY_FORMULA(Sub, a - b)
ASSAY_FORMULA(Mul, a* b)
ASSAY_FORMULA(Div, a / b)
ASSAY_FORMULA(DivTruncated, std::trunc(a / b))
// NaN wins, as in NumPy.
ASSAY_FORMULA(Maximum, a > b || a != a ? a : b)
ASSAY_FORMULA(Minimum, a < b || a != a ? a : b)
ASSAY_FORMULA(Neg, -a)
ASSAY_FORMULA(Abs, a < 0 ? -a : (a == 0 ? T(0) : a))
ASSAY_FORMULA(Sign, a > 0 ? T(1) : (a < 0 ? T(-1) : a * 0))
ASSAY_FORMULA(Exp, VectorExp(a))
ASSAY_FORMULA(Log, VectorLog(a))
ASSAY_FORMULA(Sqrt, std::sqrt(a))
ASSAY_FORMULA(Rsqrt, T(1) / std::sqrt(a))
ASSAY_FORMULA(Square, a* a)
ASSAY_FORMULA(Tanh, VectorTanh(a))
ASSAY_FORMULA(Sigmoid, VectorSigmoid(a))
ASSAY_FORMULA(Silu, a* VectorSigmoid(a))
ASSAY_FORMULA(Clip, a < p ? p : (a > q ? q : a))
ASSAY_FORMULA(Relu6, a < 0 ? T(0) : (a > 6 ? T(6) : a))
ASSAY_FORMULA(Hardswish, a* Relu6<T>(a + 3, b, c, p, q) / 6)
ASSAY_FORMULA(Erf, VectorErf(a))
ASSAY_FORMULA(Gelu, T(0.5) * a * (T(1) + VectorErf(a * T(M_SQRT1_2))))
ASSAY_FORMULA(GeluSlope, SlopeOfGelu(a))
ASSAY_FORMULA(GeluTanh, a* VectorSigmoid(T(2 * M_SQRT1_2 * M_2_SQRTPI) *
                                         (a + T(0.044715) * a * a * a)))
ASSAY_FORMULA(Relu, a < 0 ? T(0) : a)
ASSAY_FORMULA(ReluBackward, b > 0 ? a : T(0))
ASSAY_FORMULA(Greater, a > b ? T(1) : T(0))
ASSAY_FORMULA(Equal, a == b ? T(1) : T(0))
ASSAY_FORMULA(Where, a != 0 ? b : c)
ASSAY_FORMULA(Round, VectorRound(a))
ASSAY_FORMULA(Floor, std::floor(a))
ASSAY_FORMULA(Ceil, std::ceil(a))
ASSAY_FORMULA(Sin, std::sin(a))
ASSAY_FORMULA(Cos, std::cos(a))
ASSAY_FORMULA(Copy, a)
ASSAY_FORMULA(PowScalar, std::pow(a, p))
// Steps on a grid of scale b and zero point c; saturation comes with the store.
ASSAY_FORMULA(Zeroed, a == a ? a : T(0))
ASSAY_FORMULA(Quantize, Zeroed<T>(VectorRound(a / b), b, c, p, q) + c)
ASSAY_FORMULA(Dequantize, (a - c) * b)
ASSAY_FORMULA(FakeQuantize,
              (Clip<T>(VectorRound(a / b) + c, b, c, p, q) - c) * b)
ASSAY_FORMULA(LsqQuantize, Clip<T>(VectorRound(a / b), b, c, p, q) * b)
#undef ASSAY_FORMULA

// ASSAY_B and ASSAY_C are the second and third operand, or anything.
#define ASSAY_BLOCK_LOOP(F, T)                                \
  ASSAY_CPU_CLONES void F##_##T(const BlockArguments<T>& x) { \
    const T* a = x.a;                                         \
    [[maybe_unused]] const T* b = x.b;                        \
    [[maybe_unused]] const T* c = x.c;                        \
    T* dst = x.dst;                                           \
    const T p = x.p, q = x.q;                                 \
    const int64_t n = x.n;                                    \
    _Pragma("omp simd") for (int64_t i = 0; i < n; ++i) {     \
      dst[i] = ASSAY_APPLY(F, T);                             \
    }                                                         \
  }
#define ASSAY_APPLY(F, T) F<T>(a[i], ASSAY_B, ASSAY_C, p, q)

#define ASSAY_BOTH(F) ASSAY_BLOCK_LOOP(F, float) ASSAY_BLOCK_LOOP(F, double)

// Unary.
#define ASSAY_B p
#define ASSAY_C p
ASSAY_BOTH(Neg)
ASSAY_BOTH(Abs)
ASSAY_BOTH(Sign)
ASSAY_BOTH(Exp)
ASSAY_BOTH(Log)
ASSAY_BOTH(Sqrt)
ASSAY_BOTH(Rsqrt)
ASSAY_BOTH(Square)
ASSAY_BOTH(Tanh)
ASSAY_BOTH(Sigmoid)
ASSAY_BOTH(Silu)
ASSAY_BOTH(Clip)
ASSAY_BOTH(Relu6)
ASSAY_BOTH(Hardswish)
ASSAY_BOTH(Erf)
ASSAY_BOTH(Gelu)
ASSAY_BOTH(GeluSlope)
ASSAY_BOTH(GeluTanh)
ASSAY_BOTH(Relu)
ASSAY_BOTH(Round)
ASSAY_BOTH(Floor)
ASSAY_BOTH(Ceil)
ASSAY_BOTH(Sin)
ASSAY_BOTH(Cos)
ASSAY_BOTH(Copy)
ASSAY_BOTH(PowScalar)
#undef ASSAY_B
// Binary.
#define ASSAY_B b[i]
ASSAY_BOTH(Add)
ASSAY_BOTH(Sub)
ASSAY_BOTH(Mul)
ASSAY_BOTH(Div)
ASSAY_BOTH(DivTruncated)
ASSAY_BOTH(Maximum)
ASSAY_BOTH(Minimum)
ASSAY_BOTH(ReluBackward)
ASSAY_BOTH(Greater)
ASSAY_BOTH(Equal)
ASSAY_BOTH(LsqQuantize)
#undef ASSAY_C
// Ternary.
#define ASSAY_C c[i]
ASSAY_BOTH(Where)
ASSAY_BOTH(Quantize)
ASSAY_BOTH(Dequantize)
ASSAY_BOTH(FakeQuantize)
#undef ASSAY_B
#undef ASSAY_C

#define ASSAY_ROW(name, F, keeps_zero) \
  { name, F##_float, F##_double, keeps_zero }

constexpr BlockOp kBlockOps[] = {
    ASSAY_ROW("abs", Abs, true),
    ASSAY_ROW("add", Add, true),
    ASSAY_ROW("cast", Copy, true),
    ASSAY_ROW("ceil", Ceil, true),
    ASSAY_ROW("clip", Clip, false),
    ASSAY_ROW("cos", Cos, false),
    ASSAY_ROW("dequantize_linear", Dequantize, false),
    ASSAY_ROW("div", Div, false),
    ASSAY_ROW("div_truncated", DivTruncated, false),
    ASSAY_ROW("equal", Equal, false),
    ASSAY_ROW("erf", Erf, true),
    ASSAY_ROW("exp", Exp, false),
    ASSAY_ROW("fake_quantize", FakeQuantize, false),
    ASSAY_ROW("floor", Floor, true),
    ASSAY_ROW("gelu", Gelu, true),
    ASSAY_ROW("gelu_slope", GeluSlope, false),
    ASSAY_ROW("gelu_tanh", GeluTanh, true),
    ASSAY_ROW("greater", Greater, false),
    ASSAY_ROW("hardswish", Hardswish, true),
    ASSAY_ROW("log", Log, false),
    ASSAY_ROW("lsq_quantize", LsqQuantize, false),
    ASSAY_ROW("maximum", Maximum, true),
    ASSAY_ROW("minimum", Minimum, true),
    ASSAY_ROW("mul", Mul, true),
    ASSAY_ROW("neg", Neg, true),
    ASSAY_ROW("pow_scalar", PowScalar, false),
    ASSAY_ROW("quantize_linear", Quantize, false),
    ASSAY_ROW("relu", Relu, true),
    ASSAY_ROW("relu6", Relu6, true),
    ASSAY_ROW("relu_backward", ReluBackward, true),
    ASSAY_ROW("round", Round, true),
    ASSAY_ROW("rsqrt", Rsqrt, false),
    ASSAY_ROW("sigmoid", Sigmoid, false),
    ASSAY_ROW("sign", Sign, true),
    ASSAY_ROW("silu", Silu, true),
    ASSAY_ROW("sin", Sin, true),
    ASSAY_ROW("sqrt", Sqrt, true),
    ASSAY_ROW("square", Square, true),
    ASSAY_ROW("sub", Sub, true),
    ASSAY_ROW("tanh", Tanh, true),
    ASSAY_ROW("where", Where, true),
};

template <typename T>
T Widen(T x) {
  return x;
}
ASSAY_ALWAYS_INLINE float Widen(BFloat16 x) {
  return FloatOfBits(static_cast<int32_t>(x.bits) << 16);
}

template <typename To, typename From>
ASSAY_ALWAYS_INLINE To Narrow(From x) {
  if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != 0;
  } else if constexpr (std::is_integral_v<To>) {
    if (x != x) return 0;
    constexpr auto kLow = std::numeric_limits<To>::min();
    constexpr auto kHigh = std::numeric_limits<To>::max();
    if (x <= static_cast<From>(kLow)) return kLow;
    if (x >= static_cast<From>(kHigh)) return kHigh;
    return static_cast<To>(std::nearbyint(x));
  } else {
    return static_cast<To>(x);
  }
}

ASSAY_CPU_CLONES void LoadBf16(const BFloat16* src, int64_t n, float* dst) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) dst[i] = Widen(src[i]);
}

ASSAY_CPU_CLONES void StoreBf16(const float* src, int64_t n, BFloat16* dst) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t u = static_cast<uint32_t>(BitsOfFloat(src[i]));
    const uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    const uint32_t quiet = (u >> 16) | 0x40u;
    const bool nan = (u & 0x7fffffffu) > 0x7f800000u;
    dst[i].bits = static_cast<uint16_t>(nan ? quiet : rounded);
  }
}

// By the processor's own rounding, which takes subnormal numbers for 0.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void
StoreBf16Native(const float* src, int64_t n, BFloat16* dst) {
  constexpr int64_t kLanes = 16;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const __m256bh bits = _mm512_cvtneps_pbh(_mm512_loadu_ps(src + i));
    std::memcpy(static_cast<void*>(dst + i), &bits, sizeof(bits));
  }
  if (i == n) return;
  const __mmask16 rest = static_cast<__mmask16>((1u << (n - i)) - 1u);
  const __m256bh bits =
      _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, src + i));
  __m256i words;
  std::memcpy(&words, &bits, sizeof(words));
  _mm256_mask_storeu_epi16(dst + i, rest, words);
}

#define ASSAY_BYTES(Byte)                                                      \
  ASSAY_CPU_CLONES void Load_##Byte(const Byte* src, int64_t n, float* dst) {  \
    _Pragma("omp simd") for (int64_t i = 0; i < n; ++i) {                      \
      dst[i] = static_cast<float>(src[i]);                                     \
    }                                                                          \
  }                                                                            \
  ASSAY_CPU_CLONES void Store_##Byte(const float* src, int64_t n, Byte* dst) { \
    constexpr float kLow = std::numeric_limits<Byte>::min();                   \
    constexpr float kHigh = std::numeric_limits<Byte>::max();                  \
    _Pragma("omp simd") for (int64_t i = 0; i < n; ++i) {                      \
      const float x = src[i];                                                  \
      const float above = x > kLow ? x : kLow;                                 \
      const float within = above < kHigh ? above : kHigh;                      \
      const float kept = x == x ? within : 0.0f;                               \
      dst[i] = static_cast<Byte>(static_cast<int32_t>(RoundSmall(kept)));      \
    }                                                                          \
  }
// Bounds are whole, so that saturating before rounding is the same.
#define ASSAY_QUANTIZE(Byte)                                                  \
  ASSAY_CPU_CLONES void Quantize_##Byte(const float* src, int64_t n,          \
                                        float scale, float zero, Byte* dst) { \
    const float low = std::numeric_limits<Byte>::min() - zero;                \
    const float high = std::numeric_limits<Byte>::max() - zero;               \
    _Pragma("omp simd") for (int64_t i = 0; i < n; ++i) {                     \
      const float steps = src[i] / scale;                                     \
      const float above = steps > low ? steps : low;                          \
      const float within = above < high ? above : high;                       \
      const float kept = src[i] == src[i] ? within : 0.0f;                    \
      const float rounded = RoundSmall(kept) + zero;                          \
      dst[i] = static_cast<Byte>(static_cast<int32_t>(rounded));              \
    }                                                                         \
  }
ASSAY_BYTES(int8_t)
ASSAY_BYTES(uint8_t)
#undef ASSAY_BYTES
ASSAY_QUANTIZE(int8_t)
ASSAY_QUANTIZE(uint8_t)
#undef ASSAY_QUANTIZE

// Calls f<T>() with the C++ type of `dtype`.
template <typename F>
void Visit(DType dtype, const F& f) {
  switch (dtype) {
    case DType::kF32:
      return f.template operator()<float>();
    case DType::kF64:
      return f.template operator()<double>();
    case DType::kBF16:
      return f.template operator()<BFloat16>();
    case DType::kS8:
      return f.template operator()<int8_t>();
    case DType::kU8:
      return f.template operator()<uint8_t>();
    case DType::kS32:
      return f.template operator()<int32_t>();
    case DType::kS64:
      return f.template operator()<int64_t>();
    case DType::kBool:
      return f.template operator()<bool>();
  }
}

template <typename To>
void Load(DType dtype, const void* src, int64_t n, To* dst) {
  Visit(dtype, [&]<typename From>() {
    const From* from = static_cast<const From*>(src);
    for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<To>(Widen(from[i]));
  });
}

template <typename From>
void Store(DType dtype, const From* src, int64_t n, void* dst) {
  Visit(dtype, [&]<typename To>() {
    To* to = static_cast<To*>(dst);
    for (int64_t i = 0; i < n; ++i) to[i] = Narrow<To>(src[i]);
  });
}

}  // namespace

const BlockOp* FindBlockOp(absl::string_view name) {
  for (const BlockOp& op : kBlockOps) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

void LoadBlock(DType dtype, const void* src, int64_t n, float* dst) {
  switch (dtype) {
    case DType::kBF16:
      return LoadBf16(static_cast<const BFloat16*>(src), n, dst);
    case DType::kS8:
      return Load_int8_t(static_cast<const int8_t*>(src), n, dst);
    case DType::kU8:
      return Load_uint8_t(static_cast<const uint8_t*>(src), n, dst);
    default:
      return Load(dtype, src, n, dst);
  }
}

void LoadBlock(DType dtype, const void* src, int64_t n, double* dst) {
  Load(dtype, src, n, dst);
}

void StoreBlock(DType dtype, const float* src, int64_t n, void* dst) {
  switch (dtype) {
    case DType::kBF16:
      return HasWideBf16()
                 ? StoreBf16Native(src, n, static_cast<BFloat16*>(dst))
                 : StoreBf16(src, n, static_cast<BFloat16*>(dst));
    case DType::kS8:
      return Store_int8_t(src, n, static_cast<int8_t*>(dst));
    case DType::kU8:
      return Store_uint8_t(src, n, static_cast<uint8_t*>(dst));
    default:
      return Store(dtype, src, n, dst);
  }
}

void QuantizeBlock(DType dtype, const float* src, int64_t n, float scale,
                   float zero_point, void* dst) {
  if (dtype == DType::kS8) {
    Quantize_int8_t(src, n, scale, zero_point, static_cast<int8_t*>(dst));
  } else {
    Quantize_uint8_t(src, n, scale, zero_point, static_cast<uint8_t*>(dst));
  }
}

void StoreBlock(DType dtype, const double* src, int64_t n, void* dst) {
  Store(dtype, src, n, dst);
}

}  // namespace assay::cpu

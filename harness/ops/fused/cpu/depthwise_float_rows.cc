#include "harness/ops/fused/cpu/depthwise_float_rows.h"

#include <immintrin.h>

#include <cstring>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

#define ASSAY_BF16_TARGET \
  __attribute__((target("fma,avx512f,avx512bw,avx512vl,avx512bf16")))

struct F32 {
  ASSAY_ALWAYS_INLINE V16 Load(const float* p) const { return LoadLanes(p); }
  ASSAY_ALWAYS_INLINE void Store(V16 y, float* p) const { StoreLanes(y, p); }
};

// As LoadLanes and StoreLanes, in two instructions and in one.
struct Bf16 {
  ASSAY_BF16_TARGET ASSAY_ALWAYS_INLINE V16 Load(const BFloat16* p) const {
    __m256i narrow;
    std::memcpy(&narrow, static_cast<const void*>(p), sizeof(narrow));
    const __m512i wide = _mm512_maskz_slli_epi32(
        0xffff, _mm512_maskz_cvtepu16_epi32(0xffff, narrow), 16);
    V16 v;
    std::memcpy(&v, &wide, sizeof(v));
    return v;
  }
  ASSAY_BF16_TARGET ASSAY_ALWAYS_INLINE void Store(V16 y, BFloat16* p) const {
    __m512 wide;
    std::memcpy(&wide, &y, sizeof(wide));
    const __m256bh narrow = _mm512_cvtneps_pbh(wide);
    std::memcpy(static_cast<void*>(p), &narrow, sizeof(narrow));
  }
};

// The rows of a column of the source under the kernel.
struct Column {
  V16 row[3];
};

// The block in registers: elements of dst might be anyone's.
struct Products {
  V16 weights[3][3], bias, low, high;

  ASSAY_ALWAYS_INLINE void Read(const DepthwiseFloatRows& r,
                                const DepthwiseFloatBlock& block) {
    for (int column = 0; column < 3; ++column) {
      for (int k = 0; k < 3; ++k) {
        weights[column][k] = LoadLanes(block.weights[column][k]);
      }
    }
    bias = LoadLanes(block.bias);
    low = Splat(r.low);
    high = Splat(r.high);
  }

  ASSAY_ALWAYS_INLINE V16 operator()(const Column& left, const Column& middle,
                                     const Column& right) const {
    // One sum a column, so that none waits for nine products.
    V16 a = bias, b = V16{}, c = V16{};
    for (int k = 0; k < 3; ++k) {
      a += left.row[k] * weights[0][k];
      b += middle.row[k] * weights[1][k];
      c += right.row[k] * weights[2][k];
    }
    V16 y = a + (b + c);
    y = y < low ? low : y;
    return y > high ? high : y;
  }
};

}  // namespace

// Loads a column, zeros outside of the image.
#define ASSAY_COLUMN(io, at, to)                         \
  if ((at) < 0 || (at) >= r.width) {                     \
    for (int k = 0; k < 3; ++k) (to).row[k] = V16{};     \
  } else {                                               \
    for (int k = 0; k < 3; ++k) {                        \
      (to).row[k] = (io).Load(under[k] + (at)*steps[k]); \
    }                                                    \
  }

// Columns are kept while they are under the kernel: three results in turn take
// each one's place. A macro, since its instructions are the caller's.
#define ASSAY_DEPTHWISE(T, io)                              \
  alignas(64) static constexpr T kPadding[kLanes] = {};     \
  Products product;                                         \
  product.Read(r, block);                                   \
  const int64_t step = r.step, stride = r.strides[1];       \
  for (int64_t row = begin; row < end; ++row) {             \
    const T* under[3];                                      \
    int64_t steps[3];                                       \
    for (int64_t k = 0; k < 3; ++k) {                       \
      const int64_t y = row * r.strides[0] - r.pad_top + k; \
      const bool inside = y >= 0 && y < r.height;           \
      under[k] = inside ? src + y * r.src_row : kPadding;   \
      steps[k] = inside ? step : 0;                         \
    }                                                       \
    T* to = dst + row * r.dst_row;                          \
    T* const to_end = to + r.out_width * step;              \
    Column a, b, c;                                         \
    int64_t x = -r.pad_left;                                \
    ASSAY_COLUMN(io, x, a)                                  \
    if (stride == 1) {                                      \
      ASSAY_COLUMN(io, x + 1, b)                            \
      for (;;) {                                            \
        ASSAY_COLUMN(io, x + 2, c)                          \
        (io).Store(product(a, b, c), to);                   \
        if ((to += step) == to_end) break;                  \
        ASSAY_COLUMN(io, x + 3, a)                          \
        (io).Store(product(b, c, a), to);                   \
        if ((to += step) == to_end) break;                  \
        ASSAY_COLUMN(io, x + 4, b)                          \
        (io).Store(product(c, a, b), to);                   \
        if ((to += step) == to_end) break;                  \
        x += 3;                                             \
      }                                                     \
      continue;                                             \
    }                                                       \
    for (;;) {                                              \
      ASSAY_COLUMN(io, x + 1, b)                            \
      ASSAY_COLUMN(io, x + 2, c)                            \
      (io).Store(product(a, b, c), to);                     \
      if ((to += step) == to_end) break;                    \
      x += stride;                                          \
      if (stride == 2) {                                    \
        a = c;                                              \
      } else {                                              \
        ASSAY_COLUMN(io, x, a)                              \
      }                                                     \
    }                                                       \
  }

ASSAY_CPU_CLONES void DepthwiseFloat(const DepthwiseFloatRows& r,
                                     const DepthwiseFloatBlock& block,
                                     const float* src, int64_t begin,
                                     int64_t end, float* dst) {
  constexpr F32 kIo;
  ASSAY_DEPTHWISE(float, kIo)
}

ASSAY_BF16_TARGET void DepthwiseFloat(const DepthwiseFloatRows& r,
                                      const DepthwiseFloatBlock& block,
                                      const BFloat16* src, int64_t begin,
                                      int64_t end, BFloat16* dst) {
  constexpr Bf16 kIo;
  ASSAY_DEPTHWISE(BFloat16, kIo)
}

}  // namespace assay::cpu

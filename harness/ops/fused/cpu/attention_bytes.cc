#include "harness/ops/fused/cpu/attention_bytes.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/rounded_lanes.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/fused/cpu/attention_bytes_vnni.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

typedef uint8_t B16 __attribute__((vector_size(16)));

// The lowest byte of each lane. In one step the compiler takes lanes apart.
ASSAY_ALWAYS_INLINE B16 LowBytes(M16 v) {
  return __builtin_convertvector(__builtin_convertvector(v, H16), B16);
}

ASSAY_ALWAYS_INLINE M16 LoadWords(const void* p) {
  M16 v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
ASSAY_ALWAYS_INLINE void StoreWords(M16 v, void* p) {
  std::memcpy(p, &v, sizeof(v));
}

// Byte i of each word, signed.
ASSAY_ALWAYS_INLINE M16 SignedByte(M16 words, int i) {
  return (words << (24 - 8 * i)) >> 24;
}

ASSAY_CPU_CLONES void ProductPlain(const uint32_t* a, int64_t a_row,
                                   const uint32_t* b, int64_t b_row,
                                   int64_t inner, int64_t columns,
                                   const int32_t* start, int32_t* out,
                                   int64_t out_row) {
  for (int r = 0; r < kBlockRows; ++r) {
    for (int64_t c = 0; c < columns; c += kLanes) {
      M16 sums = start == nullptr ? M16{} : LoadWords(start + c);
      for (int64_t k = 0; k < inner; ++k) {
        const uint32_t left = a[r * a_row + k];
        const M16 right = LoadWords(b + k * b_row + c);
        for (int i = 0; i < 4; ++i) {
          const int32_t factor = static_cast<int32_t>(left >> (8 * i) & 255u);
          sums += factor * SignedByte(right, i);
        }
      }
      StoreWords(sums, out + r * out_row + c);
    }
  }
}

// --- Softmax

ASSAY_ALWAYS_INLINE V16 FloatsOf(M16 x) {
  return __builtin_convertvector(x, V16);
}
ASSAY_ALWAYS_INLINE M16 BitsOf(V16 x) {
  M16 bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
ASSAY_ALWAYS_INLINE V16 OfBits(M16 bits) {
  V16 x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// Added and taken away, it rounds what is small; added alone, it leaves the
// rounded number in the lowest bits.
constexpr float kRound = 12582912.0f;  // 1.5 * 2^23
constexpr int32_t kRoundBits = 0x4B400000;
constexpr float kLog2OfE = 1.44269504088896341f;
constexpr float kLog2Of255 = 7.99435343685885787f;
constexpr float kLowest = -20.0f;  // 2^x is 0 on the grid of weights

// 2^x for x in [-100, 100], to 3e-7.
ASSAY_ALWAYS_INLINE V16 PowerOfTwo(V16 x) {
  const V16 shifted = x + kRound;
  const V16 r = x - (shifted - kRound);
  V16 p = Splat(1.33335581e-3f);
  p = p * r + 9.61812911e-3f;
  p = p * r + 5.55041087e-2f;
  p = p * r + 2.40226507e-1f;
  p = p * r + 6.93147181e-1f;
  p = p * r + 1.0f;
  // The bits of kRound fall off.
  U16 exponent;
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  M16 power;
  exponent <<= 23;
  std::memcpy(&power, &exponent, sizeof(power));
  return OfBits(BitsOf(p) + power);
}

// Lanes below n keep x, the others are `other`.
ASSAY_ALWAYS_INLINE M16 Below(int64_t n, M16 x, int32_t other) {
  constexpr M16 kNumbers = {0, 1, 2,  3,  4,  5,  6,  7,
                            8, 9, 10, 11, 12, 13, 14, 15};
  const M16 kept = kNumbers < static_cast<int32_t>(n);
  return (x & kept) | (~kept & other);
}

// The scores of a row in units of log(2), sixteen from i on, of which n count.
struct Scores {
  const int32_t* x;
  float factor;

  ASSAY_ALWAYS_INLINE V16 At(int64_t i, int64_t) const {
    return FloatsOf(LoadWords(x + i)) * factor;
  }
};
struct MaskedScores {
  const int32_t* x;
  float factor;
  const float* mask;
  int64_t mask_step;

  ASSAY_ALWAYS_INLINE V16 At(int64_t i, int64_t n) const {
    V16 y = Splat(mask[0]);
    if (mask_step != 0) {
      y = n < kLanes ? LoadSome(mask + i, n) : LoadLanes(mask + i);
    }
    return FloatsOf(LoadWords(x + i)) * factor + y * kLog2OfE;
  }
};

ASSAY_ALWAYS_INLINE float LargestLane(V16 x) {
  float largest = x[0];
  for (int i = 1; i < kLanes; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

template <typename Row>
ASSAY_ALWAYS_INLINE float LargestOf(const Row& row, int64_t n) {
  constexpr float kNone = -std::numeric_limits<float>::max();
  V16 largest = Splat(kNone);
  for (int64_t i = 0; i < n; i += kLanes) {
    V16 y = row.At(i, n - i);
    if (n - i < kLanes)
      y = OfBits(Below(n - i, BitsOf(y), BitsOf(V16{} + kNone)[0]));
    largest = y > largest ? y : largest;
  }
  return LargestLane(largest);
}

// Stores 2^x as bytes, and gives them.
ASSAY_ALWAYS_INLINE M16 StoreWeights(V16 x, uint8_t* weights) {
  const V16 kept = x > kLowest ? x : Splat(kLowest);
  const M16 steps = BitsOf(PowerOfTwo(kept) + kRound);
  const B16 bytes = LowBytes(steps);
  std::memcpy(weights, &bytes, sizeof(bytes));
  return steps - kRoundBits;
}

template <typename Row>
ASSAY_ALWAYS_INLINE int32_t WeightsOf(const Row& row, int64_t n, int64_t padded,
                                      uint8_t* weights) {
  const float shift = LargestOf(row, n) - kLog2Of255;
  M16 sums = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    sums += StoreWeights(row.At(i, kLanes) - shift, weights + i);
  }
  if (i < n) {
    const M16 y = BitsOf(row.At(i, n - i) - shift);
    const M16 last = Below(n - i, y, BitsOf(Splat(kLowest))[0]);
    sums += StoreWeights(OfBits(last), weights + i);
    i += kLanes;
  }
  if (i < padded) {
    std::memset(weights + i, 0, static_cast<size_t>(padded - i));
  }
  int32_t sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += sums[lane];
  return sum;
}

// --- What comes out

template <typename T>
ASSAY_ALWAYS_INLINE void Store(V16 y, float inverse, float zero, T* dst) {
  StoreRounded(y, inverse, zero, dst);
}
ASSAY_ALWAYS_INLINE void Store(V16 y, float, float, float* dst) {
  StoreLanes(y, dst);
}

template <typename T>
ASSAY_ALWAYS_INLINE void StoreSumsAs(const int32_t* x, float factor,
                                     float shift, float inverse, float zero,
                                     int64_t n, T* dst) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const V16 y = FloatsOf(LoadWords(x + i)) * factor + shift;
    Store(y, inverse, zero, dst + i);
  }
  if (i == n) return;
  T last[kLanes];
  Store(FloatsOf(LoadWords(x + i)) * factor + shift, inverse, zero, last);
  std::memcpy(static_cast<void*>(dst + i), last,
              static_cast<size_t>(n - i) * sizeof(T));
}

ASSAY_CPU_CLONES int32_t SoftmaxPlain(float scale, const float* mask,
                                      int64_t mask_step, int64_t n,
                                      int64_t padded, const int32_t* x,
                                      uint8_t* weights) {
  const float factor = scale * kLog2OfE;
  if (mask == nullptr) {
    return WeightsOf(Scores{x, factor}, n, padded, weights);
  }
  return WeightsOf(MaskedScores{x, factor, mask, mask_step}, n, padded,
                   weights);
}

ASSAY_CPU_CLONES void JoinRowsPlain(const uint8_t* const rows[4], uint32_t flip,
                                    int64_t n, uint32_t* words) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    U16 joined = {};
    for (int r = 0; r < 4; ++r) {
      if (rows[r] == nullptr) continue;
      B16 bytes;
      std::memcpy(&bytes, rows[r] + i, sizeof(bytes));
      joined |= (__builtin_convertvector(bytes, U16) ^ (flip & 255u))
                << (8 * r);
    }
    std::memcpy(words + i, &joined, sizeof(joined));
  }
  for (; i < n; ++i) {
    uint32_t joined = 0;
    for (int r = 0; r < 4; ++r) {
      if (rows[r] == nullptr) continue;
      joined |= (uint32_t{rows[r][i]} ^ (flip & 255u)) << (8 * r);
    }
    words[i] = joined;
  }
}

ASSAY_CPU_CLONES void StorePlain(const int32_t* x, float factor, float shift,
                                 float inverse, float zero, int64_t n,
                                 uint8_t* dst) {
  StoreSumsAs(x, factor, shift, inverse, zero, n, dst);
}

}  // namespace

const ByteLoops& PlainByteLoops() {
  static constexpr ByteLoops kLoops = {ProductPlain, SoftmaxPlain,
                                       JoinRowsPlain, StorePlain};
  return kLoops;
}

const ByteLoops& FindByteLoops() {
  return HasWideInt8() ? VnniByteLoops() : PlainByteLoops();
}

ASSAY_CPU_CLONES void FlipColumns(uint32_t flip, int32_t zero, int64_t inner,
                                  int64_t columns, int64_t padded,
                                  uint32_t* words, int32_t* start) {
  for (int64_t c = 0; c < padded; c += kLanes) {
    const int32_t flips = static_cast<int32_t>(flip);
    const M16 flipped = Below(columns - c, M16{} + flips, 0);
    M16 sums = {};
    for (int64_t k = 0; k < inner; ++k) {
      const M16 w = LoadWords(words + k * padded + c) ^ flipped;
      StoreWords(w, words + k * padded + c);
      for (int i = 0; i < 4; ++i) sums += SignedByte(w, i);
    }
    StoreWords(sums * -zero, start + c);
  }
}

ASSAY_CPU_CLONES void StoreSums(const int32_t* x, float factor, float shift,
                                int64_t n, float* dst) {
  StoreSumsAs(x, factor, shift, 1, 0, n, dst);
}

ASSAY_CPU_CLONES void StoreSums(const int32_t* x, float factor, float shift,
                                int64_t n, BFloat16* dst) {
  StoreSumsAs(x, factor, shift, 1, 0, n, dst);
}

ASSAY_CPU_CLONES void StoreSums(const int32_t* x, float factor, float shift,
                                float inverse, float zero, int64_t n,
                                int8_t* dst) {
  StoreSumsAs(x, factor, shift, inverse, zero, n, dst);
}

}  // namespace assay::cpu

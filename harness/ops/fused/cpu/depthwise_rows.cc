#include "harness/ops/fused/cpu/depthwise_rows.h"

#include <immintrin.h>

#include <algorithm>

#include "harness/backend/cpu/multiversion.h"

namespace assay::cpu {
namespace {

#define ASSAY_VNNI_TARGET \
  __attribute__((target("fma,avx512f,avx512bw,avx512vl,avx512vnni")))

constexpr int64_t kChannels = kDepthwiseChannels;

// A column of the source under the kernel: words of three bytes and any fourth.
struct Column {
  __m256i words[4];
};

// A block's columns as it moves along the row.
struct Window {
  const uint8_t* src[3];
  int64_t step[3];  // from column to column: 0 in padding
  __mmask32 mask;   // of the channels that there are
  int64_t width;
  __m256i padding;

  ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE void Load(int64_t x, Column* to) const {
    if (x < 0 || x >= width) {
      for (__m256i& words : to->words) words = padding;
      return;
    }
    const __m256i a = _mm256_maskz_loadu_epi8(mask, src[0] + x * step[0]);
    const __m256i b = _mm256_maskz_loadu_epi8(mask, src[1] + x * step[1]);
    const __m256i c = _mm256_maskz_loadu_epi8(mask, src[2] + x * step[2]);
    const __m256i low = _mm256_unpacklo_epi8(a, b);
    const __m256i high = _mm256_unpackhi_epi8(a, b);
    // The weight of the fourth byte is zero.
    const __m256i low_c = _mm256_unpacklo_epi8(c, c);
    const __m256i high_c = _mm256_unpackhi_epi8(c, c);
    to->words[0] = _mm256_unpacklo_epi16(low, low_c);
    to->words[1] = _mm256_unpackhi_epi16(low, low_c);
    to->words[2] = _mm256_unpacklo_epi16(high, high_c);
    to->words[3] = _mm256_unpackhi_epi16(high, high_c);
  }
};

ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE const __m256i* Vector(const void* p) {
  return static_cast<const __m256i*>(p);
}

template <bool kClamps>
struct Store {
  const DepthwiseBlock* block;
  __m256i weights[3][4];  // of the block: bytes of dst might be anyone's
  __m256 low, high;
  __m256i zero;
  bool is_signed;
  __mmask32 mask;

  ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE __m256i
  Steps(int v, const Column& left, const Column& middle,
        const Column& right) const {
    __m256i sum = _mm256_load_si256(Vector(block->start[v]));
    sum = _mm256_dpbusd_epi32(sum, left.words[v], weights[0][v]);
    sum = _mm256_dpbusd_epi32(sum, middle.words[v], weights[1][v]);
    sum = _mm256_dpbusd_epi32(sum, right.words[v], weights[2][v]);
    __m256 y = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                               _mm256_load_ps(block->factor[v]),
                               _mm256_load_ps(block->offset[v]));
    if (kClamps) y = _mm256_min_ps(_mm256_max_ps(y, low), high);
    return _mm256_cvtps_epi32(y);
  }

  // Packing twice puts the channels back in order.
  ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE void operator()(const Column& left,
                                                        const Column& middle,
                                                        const Column& right,
                                                        uint8_t* dst) const {
    const __m256i low_half =
        _mm256_adds_epi16(_mm256_packs_epi32(Steps(0, left, middle, right),
                                             Steps(1, left, middle, right)),
                          zero);
    const __m256i high_half =
        _mm256_adds_epi16(_mm256_packs_epi32(Steps(2, left, middle, right),
                                             Steps(3, left, middle, right)),
                          zero);
    const __m256i bytes = is_signed ? _mm256_packs_epi16(low_half, high_half)
                                    : _mm256_packus_epi16(low_half, high_half);
    // Masked stores take many cycles on some processors.
    if (mask == ~__mmask32{0}) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst), bytes);
    } else if (mask == 0xffff) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dst),
                       _mm256_castsi256_si128(bytes));
    } else {
      _mm256_mask_storeu_epi8(dst, mask, bytes);
    }
  }
};

// Columns are kept while they are under the kernel: three results in turn take
// each one's place.
template <bool kClamps>
ASSAY_VNNI_TARGET void RunBlock(const DepthwiseRows& r, const Window& window,
                                const Store<kClamps>& shared, uint8_t* dst) {
  Store<kClamps> store = shared;
  for (int column = 0; column < 3; ++column) {
    for (int v = 0; v < 4; ++v) {
      store.weights[column][v] =
          _mm256_load_si256(Vector(store.block->weights[column][v]));
    }
  }
  Column a, b, c;
  int64_t x = -r.pad_left;  // the column under the kernel's left one
  int64_t left = r.out_width;
  if (r.stride == 1) {
    window.Load(x, &a);
    window.Load(x + 1, &b);
    for (;;) {
      window.Load(x + 2, &c);
      store(a, b, c, dst);
      if (--left == 0) return;
      window.Load(x + 3, &a);
      store(b, c, a, dst + r.channels);
      if (--left == 0) return;
      window.Load(x + 4, &b);
      store(c, a, b, dst + 2 * r.channels);
      if (--left == 0) return;
      x += 3;
      dst += 3 * r.channels;
    }
  }
  window.Load(x, &a);
  for (;;) {
    window.Load(x + 1, &b);
    window.Load(x + 2, &c);
    store(a, b, c, dst);
    if (--left == 0) return;
    dst += r.channels;
    x += r.stride;
    if (r.stride == 2) {
      a = c;
    } else {
      window.Load(x, &a);
    }
  }
}

template <bool kClamps>
ASSAY_VNNI_TARGET void RunRow(const DepthwiseRows& rows,
                              const uint8_t* const src[3], uint8_t* dst) {
  alignas(64) uint8_t padding[kChannels];
  std::fill(padding, padding + kChannels, rows.src_zero);
  Window window;
  window.width = rows.width;
  window.padding = _mm256_set1_epi8(static_cast<char>(rows.src_zero));
  Store<kClamps> store;
  store.low = _mm256_set1_ps(rows.low);
  store.high = _mm256_set1_ps(rows.high);
  store.zero = _mm256_set1_epi16(static_cast<int16_t>(rows.dst_zero));
  store.is_signed = rows.dst_signed;
  for (int64_t c = 0; c < rows.channels; c += kChannels) {
    const int64_t n = std::min(kChannels, rows.channels - c);
    window.mask = store.mask =
        n == kChannels ? ~__mmask32{0} : (__mmask32{1} << n) - 1;
    for (int k = 0; k < 3; ++k) {
      window.src[k] = src[k] == nullptr ? padding : src[k] + c;
      window.step[k] = src[k] == nullptr ? 0 : rows.channels;
    }
    store.block = rows.blocks + c / kChannels;
    RunBlock(rows, window, store, dst + c);
  }
}

}  // namespace

void DepthwiseRow(const DepthwiseRows& rows, const uint8_t* const src[3],
                  void* dst) {
  uint8_t* bytes = static_cast<uint8_t*>(dst);
  if (rows.clamps) {
    RunRow<true>(rows, src, bytes);
  } else {
    RunRow<false>(rows, src, bytes);
  }
}

}  // namespace assay::cpu

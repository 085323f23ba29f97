#include "harness/ops/fused/cpu/depthwise_rows.h"

#include <immintrin.h>

#include <algorithm>

#include "harness/backend/cpu/multiversion.h"

namespace assay::cpu {
namespace {

#define ASSAY_VNNI_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

constexpr int64_t kChannels = 64;

// A column of the source under the kernel: words of three bytes and any fourth.
struct Column {
  __m512i words[4];
};

// A block's columns as it moves along the row.
struct Window {
  const uint8_t* src[3];
  int64_t step[3];  // from column to column: 0 in padding
  __mmask64 mask;   // of the channels that there are
  int64_t width;
  __m512i padding;

  ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE void Load(int64_t x, Column* to) const {
    if (x < 0 || x >= width) {
      for (__m512i& words : to->words) words = padding;
      return;
    }
    const __m512i a = _mm512_maskz_loadu_epi8(mask, src[0] + x * step[0]);
    const __m512i b = _mm512_maskz_loadu_epi8(mask, src[1] + x * step[1]);
    const __m512i c = _mm512_maskz_loadu_epi8(mask, src[2] + x * step[2]);
    const __m512i low = _mm512_unpacklo_epi8(a, b);
    const __m512i high = _mm512_unpackhi_epi8(a, b);
    // The weight of the fourth byte is zero.
    const __m512i low_c = _mm512_unpacklo_epi8(c, c);
    const __m512i high_c = _mm512_unpackhi_epi8(c, c);
    to->words[0] = _mm512_unpacklo_epi16(low, low_c);
    to->words[1] = _mm512_unpackhi_epi16(low, low_c);
    to->words[2] = _mm512_unpacklo_epi16(high, high_c);
    to->words[3] = _mm512_unpackhi_epi16(high, high_c);
  }
};

struct Store {
  const DepthwiseBlock* block;
  __m512 low, high;
  __m512i zero;
  bool is_signed;
  __mmask64 mask;

  ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE __m512i
  Steps(int v, const Column& left, const Column& middle,
        const Column& right) const {
    const auto weights = [&](int column) ASSAY_VNNI_TARGET {
      return _mm512_load_si512(block->weights[column][v]);
    };
    __m512i sum = _mm512_load_si512(block->start[v]);
    sum = _mm512_dpbusd_epi32(sum, left.words[v], weights(0));
    sum = _mm512_dpbusd_epi32(sum, middle.words[v], weights(1));
    sum = _mm512_dpbusd_epi32(sum, right.words[v], weights(2));
    constexpr __mmask16 kAll = 0xffff;
    __m512 y = _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(kAll, sum),
                               _mm512_load_ps(block->factor[v]),
                               _mm512_load_ps(block->offset[v]));
    y = _mm512_maskz_max_ps(kAll, y, low);
    y = _mm512_maskz_min_ps(kAll, y, high);
    return _mm512_add_epi32(_mm512_maskz_cvtps_epi32(kAll, y), zero);
  }

  // Packing twice puts the channels back in order.
  ASSAY_VNNI_TARGET ASSAY_ALWAYS_INLINE void operator()(const Column& left,
                                                        const Column& middle,
                                                        const Column& right,
                                                        uint8_t* dst) const {
    const __m512i low_half = _mm512_packs_epi32(Steps(0, left, middle, right),
                                                Steps(1, left, middle, right));
    const __m512i high_half = _mm512_packs_epi32(Steps(2, left, middle, right),
                                                 Steps(3, left, middle, right));
    const __m512i bytes = is_signed ? _mm512_packs_epi16(low_half, high_half)
                                    : _mm512_packus_epi16(low_half, high_half);
    _mm512_mask_storeu_epi8(dst, mask, bytes);
  }
};

// Columns are kept while they are under the kernel: three results in turn take
// each one's place.
ASSAY_VNNI_TARGET void RunBlock(const DepthwiseRows& r, const Window& window,
                                const Store& store, uint8_t* dst) {
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

}  // namespace

ASSAY_VNNI_TARGET void DepthwiseRow(const DepthwiseRows& rows,
                                    const uint8_t* const src[3], void* dst) {
  alignas(64) uint8_t padding[kChannels];
  std::fill(padding, padding + kChannels, rows.src_zero);
  Window window;
  window.width = rows.width;
  window.padding = _mm512_set1_epi8(static_cast<char>(rows.src_zero));
  Store store;
  store.low = _mm512_set1_ps(rows.low);
  store.high = _mm512_set1_ps(rows.high);
  store.zero = _mm512_set1_epi32(rows.dst_zero);
  store.is_signed = rows.dst_signed;
  for (int64_t c = 0; c < rows.channels; c += kChannels) {
    const int64_t n = std::min(kChannels, rows.channels - c);
    window.mask = store.mask =
        n == kChannels ? ~__mmask64{0} : (__mmask64{1} << n) - 1;
    for (int k = 0; k < 3; ++k) {
      window.src[k] = src[k] == nullptr ? padding : src[k] + c;
      window.step[k] = src[k] == nullptr ? 0 : rows.channels;
    }
    store.block = rows.blocks + c / kChannels;
    RunBlock(rows, window, store, static_cast<uint8_t*>(dst) + c);
  }
}

}  // namespace assay::cpu

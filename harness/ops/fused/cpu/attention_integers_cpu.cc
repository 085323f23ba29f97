#include "harness/ops/fused/cpu/attention_integers_cpu.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/rounding.h"
#include "harness/ops/fused/attention.h"
#include "harness/ops/fused/cpu/attention_bytes.h"
#include "harness/ops/fused/cpu/attention_forms.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

constexpr int64_t kGroup = 4;  // bytes in a word
constexpr uint32_t kFlipSigns = 0x80808080u;

int64_t Words(int64_t bytes) { return (bytes + kGroup - 1) / kGroup; }

// An operand as the products want it: queries u8, keys and values s8. Flipping
// the highest bit of a byte moves it, and its zero point, by 128.
struct ByteOperand {
  ByteOperand(const ProgramBuilder& b, size_t i, const char* name,
              bool wanted_signed) {
    const AttentionGrid grid = AttentionGridOf(b.node().attributes, name);
    const bool is_signed = b.type(b.input(i)).dtype == DType::kS8;
    scale = static_cast<float>(grid.scale);
    zero = static_cast<int32_t>(grid.zero_point);
    if (is_signed == wanted_signed) return;
    flip = kFlipSigns;
    zero += is_signed ? 128 : -128;
  }
  uint32_t flip = 0;
  int32_t zero;
  float scale;
};

// The scratch of one thread, in words of 4 bytes.
struct Space {
  Space(const Attention& a, uint32_t* memory) {
    const std::array<int64_t, 7> sizes = Sizes(a);
    std::array<uint32_t*, 7> at;
    for (size_t i = 0; i < sizes.size(); memory += sizes[i++]) at[i] = memory;
    keys = at[0];
    values = at[1];
    queries = at[2];
    weights = at[3];
    start = reinterpret_cast<int32_t*>(at[4]);
    scores = reinterpret_cast<int32_t*>(at[5]);
    sums = reinterpret_cast<int32_t*>(at[6]);
  }
  static std::array<int64_t, 7> Sizes(const Attention& a) {
    const int64_t words = Words(a.extents.features);
    return {words * a.keys_padded,
            Words(a.extents.keys) * a.features_padded,
            RoundUp(kBlockRows * words, kVector),
            RoundUp(kBlockRows * Words(a.keys_padded), kVector),
            a.keys_padded,
            kBlockRows * a.keys_padded,
            kBlockRows * a.features_padded};
  }
  static int64_t Size(const Attention& a) {
    const std::array<int64_t, 7> sizes = Sizes(a);
    return std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  }

  uint32_t *keys, *values, *queries, *weights;
  int32_t *start, *scores, *sums;
};

class AttentionIntegers final : public Kernel {
 public:
  AttentionIntegers(const ProgramBuilder& b, const Attention& a)
      : a_(a),
        query_(b, 0, "query", false),
        key_(b, 1, "key", true),
        value_(b, 2, "value", true),
        scale_(a.scale * query_.scale * key_.scale),
        loops_(FindByteLoops()) {}

  absl::Status Run(void* const* slots) const override {
    const int64_t tasks = a_.extents.batch * a_.extents.heads * a_.blocks;
    ParallelRanges(a_.parts, tasks, [&](int part, int64_t begin, int64_t end) {
      const Space space(
          a_, At<uint32_t>(slots, a_.scratch) + part * Space::Size(a_));
      int64_t packed = -1;  // the head whose keys and values lie in `space`
      for (int64_t task = begin; task < end; ++task) {
        const int64_t head = task / a_.blocks;
        const int64_t b = head / a_.extents.heads;
        const int64_t h = head % a_.extents.heads;
        if (const int64_t kv = head / a_.repeats; kv != packed) {
          PackKeys(
              HeadAt<uint8_t>(slots, a_.key_slot, a_.key, b, h / a_.repeats),
              space);
          PackValues(HeadAt<uint8_t>(slots, a_.value_slot, a_.value, b,
                                     h / a_.repeats),
                     space);
          packed = kv;
        }
        RunBlock(slots, space, b, h, task % a_.blocks * kBlockRows);
      }
    });
    return absl::OkStatus();
  }

 private:
  // As columns of words of features; zeros behind the last feature meet zeros
  // of the queries. What zero points of the keys add to the scores of a row is
  // the same for all of them, so that softmax does not see it.
  void PackKeys(const uint8_t* from, const Space& space) const {
    const AttentionExtents& e = a_.extents;
    const int64_t whole = e.features / kGroup, padded = a_.keys_padded;
    const int64_t rest = e.features % kGroup;
    if (a_.key.row % kGroup == 0) {
      TransposeWords(from, a_.key.row / kGroup, e.keys, whole, padded,
                     space.keys);
    } else {
      for (int64_t s = 0; s < e.keys; ++s) {
        TransposeWords(from + s * a_.key.row, 0, 1, whole, padded,
                       space.keys + s);
      }
    }
    for (int64_t k = 0; k < Words(e.features); ++k) {
      std::fill(space.keys + k * padded + e.keys, space.keys + (k + 1) * padded,
                0u);
    }
    for (int64_t s = 0; rest != 0 && s < e.keys; ++s) {
      uint32_t& last = space.keys[whole * padded + s];
      // Flipped below with the others.
      last = key_.flip;
      std::memcpy(&last, from + s * a_.key.row + whole * kGroup,
                  static_cast<size_t>(rest));
    }
    FlipColumns(key_.flip, query_.zero, Words(e.features), e.keys, padded,
                space.keys, space.start);
  }

  // As rows of words of keys, a column per feature.
  void PackValues(const uint8_t* from, const Space& space) const {
    const AttentionExtents& e = a_.extents;
    uint32_t* to = space.values;
    for (int64_t s = 0; s < e.keys; s += kGroup, to += a_.features_padded) {
      const uint8_t* rows[kGroup] = {};
      for (int64_t r = 0; r < std::min(kGroup, e.keys - s); ++r) {
        rows[r] = from + (s + r) * a_.value.row;
      }
      loops_.join_rows(rows, value_.flip, e.features, to);
      std::fill(to + e.features, to + a_.features_padded, 0u);
    }
  }

  void PackQueries(const uint8_t* from, int64_t rows, uint32_t* to) const {
    const int64_t features = a_.extents.features, words = Words(features);
    for (int64_t r = 0; r < kBlockRows; ++r, to += words) {
      if (r >= rows) {
        std::fill(to, to + words, 0u);
        continue;
      }
      to[words - 1] = query_.flip;
      std::memcpy(to, from + r * a_.query.row, static_cast<size_t>(features));
      for (int64_t k = 0; k < words; ++k) to[k] ^= query_.flip;
    }
  }

  // Queries [t, t + kBlockRows) of head h.
  void RunBlock(void* const* slots, const Space& space, int64_t b, int64_t h,
                int64_t t) const {
    const AttentionExtents& e = a_.extents;
    const int64_t rows = std::min<int64_t>(kBlockRows, e.queries - t);
    PackQueries(HeadAt<uint8_t>(slots, a_.query_slot, a_.query, b, h) +
                    t * a_.query.row,
                rows, space.queries);
    const int64_t words = Words(e.features);
    const int64_t columns = RoundUp(a_.Seen(t + rows), kVector);
    loops_.product(space.queries, words, space.keys, a_.keys_padded, words,
                   columns, space.start, space.scores, a_.keys_padded);
    const int64_t weights_row = Words(a_.keys_padded);
    int32_t weights[kBlockRows];
    for (int64_t r = 0; r < kBlockRows; ++r) {
      uint32_t* made = space.weights + r * weights_row;
      if (r >= rows) {
        std::fill(made, made + Words(columns), 0u);
        continue;
      }
      weights[r] = loops_.softmax(scale_, a_.Mask(slots, b, h, t + r),
                                  a_.mask_strides[3], a_.Seen(t + r + 1),
                                  columns, space.scores + r * a_.keys_padded,
                                  reinterpret_cast<uint8_t*>(made));
    }
    loops_.product(space.weights, weights_row, space.values, a_.features_padded,
                   Words(std::min(columns, e.keys)), a_.features_padded,
                   nullptr, space.sums, a_.features_padded);
    const int64_t at = ((b * e.queries + t) * e.heads + h) * e.features;
    for (int64_t r = 0; r < rows; ++r) {
      Store(space.sums + r * a_.features_padded, weights[r],
            at + r * e.heads * e.features, slots);
    }
  }

  // The features of one head as elements of dst from `at` on.
  void Store(const int32_t* sums, int32_t weights, int64_t at,
             void* const* slots) const {
    const int64_t n = a_.extents.features;
    const float factor = value_.scale / static_cast<float>(weights);
    const float shift = -value_.scale * static_cast<float>(value_.zero);
    const Rounding& to = a_.rounding;
    if (to.dtype == DType::kU8) {
      loops_.store(sums, factor, shift, to.inverse, to.zero, n,
                   At<uint8_t>(slots, a_.dst) + at);
    } else if (to.dtype == DType::kS8) {
      StoreSums(sums, factor, shift, to.inverse, to.zero, n,
                At<int8_t>(slots, a_.dst) + at);
    } else if (to.dtype == DType::kBF16) {
      StoreSums(sums, factor, shift, n, At<BFloat16>(slots, a_.dst) + at);
    } else {
      StoreSums(sums, factor, shift, n, At<float>(slots, a_.dst) + at);
    }
  }

  Attention a_;
  ByteOperand query_, key_, value_;
  float scale_;  // of integer scores
  const ByteLoops& loops_;
};

}  // namespace

absl::Status MakeAttentionIntegers(ProgramBuilder& b) {
  Attention a(b);
  std::vector<SlotId> reads = a.BindOperands(b);
  a.scratch = b.Scratch(4 * a.parts * Space::Size(a));
  b.AddStep(std::make_unique<AttentionIntegers>(b, a), std::move(reads),
            {a.dst, a.scratch});
  return absl::OkStatus();
}

}  // namespace assay::cpu

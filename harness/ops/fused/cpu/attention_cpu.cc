#include "harness/ops/fused/cpu/attention_cpu.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/rounding.h"
#include "harness/ops/fused/attention.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

constexpr int64_t kVector = 16;

int64_t RoundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

bool MultipliesBf16() {
  const std::vector<std::string> f = CpuFeatures();
  return std::count(f.begin(), f.end(), "avx512_bf16") > 0;
}

// What a run needs, fixed at compile time.
struct Attention {
  explicit Attention(ProgramBuilder& b)
      : extents(ExtentsOf(b.node().attributes)),
        query(HeadViewOf(b.node().attributes, "query_view")),
        key(HeadViewOf(b.node().attributes, "key_view")),
        value(HeadViewOf(b.node().attributes, "value_view")),
        repeats(b.node().attributes.Int("repeats", 1)),
        scale(static_cast<float>(b.node().attributes.Real("scale", 1))),
        causal(b.node().attributes.Int("causal", 0) != 0),
        keys_padded(RoundUp(extents.keys, kVector)),
        features_padded(RoundUp(extents.features, kVector)),
        blocks((extents.queries + kBlockRows - 1) / kBlockRows) {
    const int64_t tasks = extents.batch * extents.heads * blocks;
    const int64_t work = 2 * extents.batch * extents.heads * extents.queries *
                         extents.keys * extents.features;
    parts = static_cast<int>(
        std::min<int64_t>(ThreadsFor(b.threads(), work / 8), tasks));
  }

  // Keys that the queries before `end` see.
  int64_t Seen(int64_t end) const {
    return causal ? end + extents.keys - extents.queries : extents.keys;
  }

  AttentionExtents extents;
  HeadView query, key, value;
  int64_t repeats;
  float scale;
  bool causal;
  int64_t keys_padded, features_padded, blocks;
  int parts;
  Rounding rounding;
  int64_t mask_strides[4] = {0, 0, 0, 0};
  SlotId query_slot, key_slot, value_slot, mask_slot = kNoSlot, dst, scratch;
};

// Elements are multiplied one by one, in f32.
template <typename T>
struct Singles {
  using Source = T;
  using Word = float;
  static constexpr int64_t kGroup = 1;
  static constexpr auto kProduct = ProductF32;
  // The groups of one row, `step` words apart.
  static void JoinRow(const T* row, int64_t n, int64_t step, Word* to) {
    for (int64_t d = 0; d < n; ++d) to[d * step] = static_cast<float>(row[d]);
  }
  // The groups that rows make with each other, one per column.
  static void JoinRows(const T* row, const T*, int64_t n, Word* to) {
    JoinRow(row, n, 1, to);
  }
  // Scores become weights, which Weights gives as a product reads them.
  static float Softmax(float scale, const float* mask, int64_t mask_step,
                       int64_t n, int64_t padded, float* scores, float*) {
    return SoftmaxRow(scale, mask, mask_step, n, padded, scores);
  }
  static const Word* Weights(const float* scores, float*) { return scores; }
};

// In pairs of bf16.
struct Pairs {
  using Source = BFloat16;
  using Word = uint32_t;
  static constexpr int64_t kGroup = 2;
  static constexpr auto kProduct = ProductBf16;
  static void JoinRow(const BFloat16* row, int64_t n, int64_t step, Word* to) {
    for (int64_t d = 0; d + 1 < n; d += 2, to += step) {
      std::memcpy(to, row + d, sizeof(Word));
    }
    if (n % 2 != 0) *to = row[n - 1].bits;
  }
  // No second row: null.
  static void JoinRows(const BFloat16* first, const BFloat16* second, int64_t n,
                       Word* to) {
    for (int64_t d = 0; d < n; ++d) to[d] = first[d].bits;
    if (second == nullptr) return;
    for (int64_t d = 0; d < n; ++d) to[d] |= Word{second[d].bits} << 16;
  }
  static float Softmax(float scale, const float* mask, int64_t mask_step,
                       int64_t n, int64_t padded, float* scores,
                       float* weights) {
    return SoftmaxRowBf16(scale, mask, mask_step, n, padded, scores,
                          reinterpret_cast<BFloat16*>(weights));
  }
  static const Word* Weights(const float*, float* weights) {
    return reinterpret_cast<const Word*>(weights);
  }
};

// The scratch of one thread, in words of 4 bytes.
template <typename Form>
struct Space {
  using Word = typename Form::Word;

  Space(const Attention& a, float* memory) {
    const std::array<int64_t, 6> sizes = Sizes(a);
    std::array<float*, 6> at;
    for (size_t i = 0; i < sizes.size(); memory += sizes[i++]) at[i] = memory;
    keys = reinterpret_cast<Word*>(at[0]);
    values = reinterpret_cast<Word*>(at[1]);
    queries = reinterpret_cast<Word*>(at[2]);
    scores = at[3];
    weights = at[4];
    sums = at[5];
  }
  static int64_t KeyRows(const Attention& a) {
    return (a.extents.features + Form::kGroup - 1) / Form::kGroup;
  }
  static int64_t ValueRows(const Attention& a) {
    return (a.extents.keys + Form::kGroup - 1) / Form::kGroup;
  }
  static std::array<int64_t, 6> Sizes(const Attention& a) {
    return {KeyRows(a) * a.keys_padded,
            ValueRows(a) * a.features_padded,
            RoundUp(kBlockRows * KeyRows(a), kVector),
            kBlockRows * a.keys_padded,
            kBlockRows * a.keys_padded,
            kBlockRows * a.features_padded};
  }
  static int64_t Words(const Attention& a) {
    const std::array<int64_t, 6> sizes = Sizes(a);
    return std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  }

  Word *keys, *values, *queries;
  float *scores, *weights, *sums;
};

template <typename Form>
class AttentionKernel final : public Kernel {
 public:
  using T = typename Form::Source;
  using Word = typename Form::Word;

  explicit AttentionKernel(const Attention& a) : a_(a) {}

  absl::Status Run(void* const* slots) const override {
    const int64_t tasks = a_.extents.batch * a_.extents.heads * a_.blocks;
    ParallelRanges(a_.parts, tasks, [&](int part, int64_t begin, int64_t end) {
      const Space<Form> space(
          a_, At<float>(slots, a_.scratch) + part * Space<Form>::Words(a_));
      int64_t packed = -1;  // the head whose keys and values lie in `space`
      for (int64_t task = begin; task < end; ++task) {
        const int64_t head = task / a_.blocks;
        const int64_t b = head / a_.extents.heads;
        const int64_t h = head % a_.extents.heads;
        if (const int64_t kv = head / a_.repeats; kv != packed) {
          PackKeys(Head(slots, a_.key_slot, a_.key, b, h / a_.repeats), space);
          PackValues(Head(slots, a_.value_slot, a_.value, b, h / a_.repeats),
                     space);
          packed = kv;
        }
        RunBlock(slots, space, b, h, task % a_.blocks * kBlockRows);
      }
    });
    return absl::OkStatus();
  }

 private:
  static const T* Head(void* const* slots, SlotId slot, const HeadView& view,
                       int64_t b, int64_t h) {
    return At<const T>(slots, slot) + view.offset + b * view.batch +
           h * view.head;
  }

  // Rows of groups of features, a column per key.
  void PackKeys(const T* keys, const Space<Form>& space) const {
    const int64_t features = a_.extents.features, n = a_.extents.keys;
    for (int64_t s = 0; s < n; ++s) {
      Form::JoinRow(keys + s * a_.key.row, features, a_.keys_padded,
                    space.keys + s);
    }
    for (int64_t d = 0; d < Space<Form>::KeyRows(a_); ++d) {
      std::fill(space.keys + d * a_.keys_padded + n,
                space.keys + (d + 1) * a_.keys_padded, Word{0});
    }
  }

  // Rows of groups of keys, a column per feature.
  void PackValues(const T* values, const Space<Form>& space) const {
    const int64_t features = a_.extents.features, n = a_.extents.keys;
    for (int64_t s = 0; s < n; s += Form::kGroup) {
      const T* value = values + s * a_.value.row;
      Word* to = space.values + s / Form::kGroup * a_.features_padded;
      Form::JoinRows(value, s + 1 < n ? value + a_.value.row : nullptr,
                     features, to);
      std::fill(to + features, to + a_.features_padded, Word{0});
    }
  }

  void PackQueries(const T* queries, int64_t rows,
                   const Space<Form>& space) const {
    const int64_t words = Space<Form>::KeyRows(a_);
    const int64_t features = a_.extents.features;
    for (int64_t r = 0; r < kBlockRows; ++r) {
      Word* to = space.queries + r * words;
      if (r >= rows) {
        std::fill(to, to + words, Word{0});
        continue;
      }
      Form::JoinRow(queries + r * a_.query.row, features, 1, to);
    }
  }

  // Queries [t, t + kBlockRows) of head h.
  void RunBlock(void* const* slots, const Space<Form>& space, int64_t b,
                int64_t h, int64_t t) const {
    const AttentionExtents& e = a_.extents;
    const int64_t rows = std::min<int64_t>(kBlockRows, e.queries - t);
    PackQueries(Head(slots, a_.query_slot, a_.query, b, h) + t * a_.query.row,
                rows, space);
    const int64_t words = Space<Form>::KeyRows(a_);
    const int64_t columns = RoundUp(a_.Seen(t + rows), kVector);
    Form::kProduct(space.queries, words, space.keys, a_.keys_padded, words,
                   columns, space.scores, a_.keys_padded);
    float factors[kBlockRows] = {};
    for (int64_t r = 0; r < kBlockRows; ++r) {
      float* row = space.scores + r * a_.keys_padded;
      float* made = space.weights + r * a_.keys_padded / Form::kGroup;
      if (r >= rows) {
        std::fill(made, made + columns / Form::kGroup, 0.0f);
        continue;
      }
      const float sum =
          Form::Softmax(a_.scale, Mask(slots, b, h, t + r), a_.mask_strides[3],
                        a_.Seen(t + r + 1), columns, row, made);
      factors[r] = 1.0f / sum;
    }
    const Word* weights = Form::Weights(space.scores, space.weights);
    const int64_t inner =
        (std::min(columns, e.keys) + Form::kGroup - 1) / Form::kGroup;
    Form::kProduct(weights, a_.keys_padded / Form::kGroup, space.values,
                   a_.features_padded, inner, a_.features_padded, space.sums,
                   a_.features_padded);
    const int64_t at = ((b * e.queries + t) * e.heads + h) * e.features;
    for (int64_t r = 0; r < rows; ++r) {
      Store(space.sums + r * a_.features_padded, factors[r],
            at + r * e.heads * e.features, slots);
    }
  }

  // The features of one head as elements of dst from `at` on.
  void Store(const float* sums, float factor, int64_t at,
             void* const* slots) const {
    const int64_t n = a_.extents.features;
    const Rounding& to = a_.rounding;
    if (to.dtype == DType::kU8) {
      ScaleRow(sums, factor, to.inverse, to.zero, n,
               At<uint8_t>(slots, a_.dst) + at);
    } else if (to.dtype == DType::kS8) {
      ScaleRow(sums, factor, to.inverse, to.zero, n,
               At<int8_t>(slots, a_.dst) + at);
    } else {
      ScaleRow(sums, factor, n, At<T>(slots, a_.dst) + at);
    }
  }

  const float* Mask(void* const* slots, int64_t b, int64_t h, int64_t t) const {
    if (a_.mask_slot == kNoSlot) return nullptr;
    return At<const float>(slots, a_.mask_slot) + b * a_.mask_strides[0] +
           h * a_.mask_strides[1] + t * a_.mask_strides[2];
  }

  Attention a_;
};

template <typename Form>
void AddAttention(ProgramBuilder& b, Attention a, std::vector<SlotId> reads) {
  a.scratch = b.Scratch(4 * a.parts * Space<Form>::Words(a));
  b.AddStep(std::make_unique<AttentionKernel<Form>>(a), std::move(reads),
            {a.dst, a.scratch});
}

}  // namespace

absl::Status MakeAttentionFused(ProgramBuilder& b) {
  Attention a(b);
  a.query_slot = b.ReadPlain(b.input(0));
  a.key_slot = b.ReadPlain(b.input(1));
  a.value_slot = b.ReadPlain(b.input(2));
  std::vector<SlotId> reads = {a.query_slot, a.key_slot, a.value_slot};
  if (const ValueId mask = b.input(3); mask != kNoValue) {
    a.mask_slot = b.ReadPlain(mask);
    reads.push_back(a.mask_slot);
    int64_t stride = 1;
    for (size_t axis = 4; axis-- > 0;) {
      const int64_t extent = b.shape(mask)[axis];
      a.mask_strides[axis] = extent == 1 ? 0 : stride;
      stride *= extent;
    }
  }
  a.rounding = UnitRounding(b);
  a.dst = b.WritePlain(UnitResult(b));
  if (b.type(b.input(0)).dtype == DType::kF32) {
    AddAttention<Singles<float>>(b, a, std::move(reads));
  } else if (MultipliesBf16()) {
    AddAttention<Pairs>(b, a, std::move(reads));
  } else {
    AddAttention<Singles<BFloat16>>(b, a, std::move(reads));
  }
  return absl::OkStatus();
}

}  // namespace assay::cpu

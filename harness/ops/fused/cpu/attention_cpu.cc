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
#include "harness/backend/cpu/support.h"
#include "harness/ops/fused/attention.h"
#include "harness/ops/fused/cpu/attention_forms.h"
#include "harness/ops/fused/cpu/attention_integers_cpu.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

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
  static std::array<int64_t, 6> Sizes(const Attention& a) {
    const int64_t words = Groups<Form>(a.extents.features);
    return {words * a.keys_padded,
            Groups<Form>(a.extents.keys) * a.features_padded,
            RoundUp(kBlockRows * words, kVector),
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
          const T* keys =
              HeadAt<T>(slots, a_.key_slot, a_.key, b, h / a_.repeats);
          const T* values =
              HeadAt<T>(slots, a_.value_slot, a_.value, b, h / a_.repeats);
          PackColumns<Form>(keys, a_.key.row, a_.extents.keys,
                            a_.extents.features, a_.keys_padded, space.keys);
          PackRows<Form>(values, a_.value.row, a_.extents.keys,
                         a_.extents.features, a_.features_padded, space.values);
          packed = kv;
        }
        RunBlock(slots, space, b, h, task % a_.blocks * kBlockRows);
      }
    });
    return absl::OkStatus();
  }

 private:
  // Queries [t, t + kBlockRows) of head h.
  void RunBlock(void* const* slots, const Space<Form>& space, int64_t b,
                int64_t h, int64_t t) const {
    const AttentionExtents& e = a_.extents;
    const int64_t rows = std::min<int64_t>(kBlockRows, e.queries - t);
    PackBlock<Form>(
        HeadAt<T>(slots, a_.query_slot, a_.query, b, h) + t * a_.query.row,
        a_.query.row, rows, e.features, space.queries);
    const int64_t words = Groups<Form>(e.features);
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
      const float sum = Form::Softmax(a_.scale, a_.Mask(slots, b, h, t + r),
                                      a_.mask_strides[3], a_.Seen(t + r + 1),
                                      columns, row, made);
      factors[r] = 1.0f / sum;
    }
    const Word* weights = Form::Weights(space.scores, space.weights);
    const int64_t inner = Groups<Form>(std::min(columns, e.keys));
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
  const DType dtype = b.type(b.input(0)).dtype;
  if (dtype == DType::kU8 || dtype == DType::kS8) {
    return MakeAttentionIntegers(b);
  }
  Attention a(b);
  std::vector<SlotId> reads = a.BindOperands(b);
  if (dtype == DType::kF32) {
    AddAttention<Singles<float>>(b, a, std::move(reads));
  } else if (HasWideBf16()) {
    AddAttention<Pairs>(b, a, std::move(reads));
  } else {
    AddAttention<Singles<BFloat16>>(b, a, std::move(reads));
  }
  return absl::OkStatus();
}

absl::Status SupportsAttentionFused(const Graph& graph, const Node& node) {
  return SupportsOnly(graph, node,
                      {DType::kF32, DType::kBF16, DType::kU8, DType::kS8});
}

}  // namespace assay::cpu

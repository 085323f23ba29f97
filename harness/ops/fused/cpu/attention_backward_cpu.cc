#include "harness/ops/fused/cpu/attention_backward_cpu.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/ops/fused/attention_backward.h"
#include "harness/ops/fused/cpu/attention_forms.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {
namespace {

// Queries whose weights are kept at a time.
constexpr int64_t kQueries = 8 * kBlockRows;

struct Backward : Attention {
  explicit Backward(ProgramBuilder& b)
      : Attention(b),
        // Outer products read whole blocks of keys.
        weights_padded(keys_padded + kVector),
        sums_rows(RoundUp(extents.keys, kBlockRows)) {
    parts = static_cast<int>(
        std::min<int64_t>(parts, extents.batch * extents.heads / repeats));
  }

  int64_t weights_padded, sums_rows;
  SlotId gradient_slot;
  SlotId to_query, to_key, to_value;
  // Results that the views do not fill, with their bytes.
  std::vector<std::pair<SlotId, int64_t>> cleared;
};

// The scratch of one thread, in words of 4 bytes.
template <typename Form>
struct BackwardSpace {
  using Word = typename Form::Word;
  static constexpr size_t kParts = 13;

  BackwardSpace(const Backward& a, float* memory) {
    const std::array<int64_t, kParts> sizes = Sizes(a);
    std::array<float*, kParts> at;
    for (size_t i = 0; i < kParts; memory += sizes[i++]) at[i] = memory;
    key_columns = reinterpret_cast<Word*>(at[0]);
    value_columns = reinterpret_cast<Word*>(at[1]);
    key_rows = reinterpret_cast<Word*>(at[2]);
    queries = reinterpret_cast<Word*>(at[3]);
    gradients = reinterpret_cast<Word*>(at[4]);
    query_rows = reinterpret_cast<Word*>(at[5]);
    gradient_rows = reinterpret_cast<Word*>(at[6]);
    weights = at[7];
    scores = at[8];
    words = at[9];
    to_query = at[10];
    to_keys = at[11];
    to_values = at[12];
  }
  static std::array<int64_t, kParts> Sizes(const Backward& a) {
    const int64_t groups = Groups<Form>(a.extents.features);
    const int64_t block = RoundUp(kBlockRows * groups, kVector);
    const int64_t rows = Groups<Form>(kQueries) * a.features_padded;
    const int64_t weights = kQueries * a.weights_padded;
    const int64_t sums = a.sums_rows * a.features_padded;
    return {groups * a.keys_padded,
            groups * a.keys_padded,
            Groups<Form>(a.extents.keys) * a.features_padded,
            block,
            block,
            rows,
            rows,
            weights,
            weights,
            Form::kGroup > 1 ? weights : 0,
            kBlockRows * a.features_padded,
            sums,
            sums};
  }
  static int64_t Words(const Backward& a) {
    const std::array<int64_t, kParts> sizes = Sizes(a);
    return std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  }

  // Of a head: as columns for the products that give scores, as rows for the
  // gradient of the queries.
  Word *key_columns, *value_columns, *key_rows;
  // Of a block of rows, as left sides.
  Word *queries, *gradients;
  // Of kQueries rows, as right sides.
  Word *query_rows, *gradient_rows;
  // Of kQueries rows: weights, and the gradient of weights, then of scores.
  float *weights, *scores;
  float* words;  // where floats become words
  float *to_query, *to_keys, *to_values;
};

template <typename Form>
class AttentionBackwardKernel final : public Kernel {
 public:
  using T = typename Form::Source;
  using Word = typename Form::Word;
  using Space = BackwardSpace<Form>;

  explicit AttentionBackwardKernel(Backward a) : a_(std::move(a)) {}

  absl::Status Run(void* const* slots) const override {
    for (const auto& [slot, bytes] : a_.cleared) {
      std::memset(At<char>(slots, slot), 0, static_cast<size_t>(bytes));
    }
    const int64_t heads = a_.extents.heads / a_.repeats;
    ParallelRanges(a_.parts, a_.extents.batch * heads,
                   [&](int part, int64_t begin, int64_t end) {
                     const Space space(a_, At<float>(slots, a_.scratch) +
                                               part * Space::Words(a_));
                     for (int64_t i = begin; i < end; ++i) {
                       RunHead(slots, space, i / heads, i % heads);
                     }
                   });
    return absl::OkStatus();
  }

 private:
  // The queries' heads that read head `kv` of keys and values.
  void RunHead(void* const* slots, const Space& space, int64_t b,
               int64_t kv) const {
    const AttentionExtents& e = a_.extents;
    const T* keys = HeadAt<T>(slots, a_.key_slot, a_.key, b, kv);
    PackColumns<Form>(keys, a_.key.row, e.keys, e.features, a_.keys_padded,
                      space.key_columns);
    PackRows<Form>(keys, a_.key.row, e.keys, e.features, a_.features_padded,
                   space.key_rows);
    PackColumns<Form>(HeadAt<T>(slots, a_.value_slot, a_.value, b, kv),
                      a_.value.row, e.keys, e.features, a_.keys_padded,
                      space.value_columns);
    const int64_t sums = a_.sums_rows * a_.features_padded;
    std::fill(space.to_keys, space.to_keys + sums, 0.0f);
    std::fill(space.to_values, space.to_values + sums, 0.0f);
    for (int64_t h = kv * a_.repeats; h < (kv + 1) * a_.repeats; ++h) {
      for (int64_t t = 0; t < e.queries; t += kQueries) {
        RunQueries(slots, space, b, h, t);
      }
    }
    T* to_key = HeadAt<T>(slots, a_.to_key, a_.key, b, kv);
    T* to_value = HeadAt<T>(slots, a_.to_value, a_.value, b, kv);
    for (int64_t s = 0; s < e.keys; ++s) {
      ScaleRow(space.to_keys + s * a_.features_padded, 1.0f, e.features,
               to_key + s * a_.key.row);
      ScaleRow(space.to_values + s * a_.features_padded, 1.0f, e.features,
               to_value + s * a_.value.row);
    }
  }

  // Queries [t, t + kQueries) of head h.
  void RunQueries(void* const* slots, const Space& space, int64_t b, int64_t h,
                  int64_t t) const {
    const AttentionExtents& e = a_.extents;
    const int64_t rows = std::min(kQueries, e.queries - t);
    const T* queries =
        HeadAt<T>(slots, a_.query_slot, a_.query, b, h) + t * a_.query.row;
    const int64_t gradient_row = e.heads * e.features;
    const T* gradients = At<T>(slots, a_.gradient_slot) +
                         (b * e.queries + t) * gradient_row + h * e.features;
    PackRows<Form>(queries, a_.query.row, rows, e.features, a_.features_padded,
                   space.query_rows);
    PackRows<Form>(gradients, gradient_row, rows, e.features,
                   a_.features_padded, space.gradient_rows);
    // Keys that any of the queries sees, in whole blocks.
    const int64_t seen = a_.Seen(t + rows);
    const int64_t filled = RoundUp(seen + kBlockRows - 1, kVector);
    for (int64_t r = 0; r < rows; r += kBlockRows) {
      const int64_t count = std::min<int64_t>(kBlockRows, rows - r);
      PackBlock<Form>(queries + r * a_.query.row, a_.query.row, count,
                      e.features, space.queries);
      PackBlock<Form>(gradients + r * gradient_row, gradient_row, count,
                      e.features, space.gradients);
      RunBlock(slots, space, b, h, t, r, count, filled);
    }
    AddToKeys(space, space.weights, rows, seen, filled, space.gradient_rows,
              space.to_values);
    AddToKeys(space, space.scores, rows, seen, filled, space.query_rows,
              space.to_keys);
  }

  // Weights and the gradient of scores of rows [r, r + count) behind query t,
  // and the gradient of their queries.
  void RunBlock(void* const* slots, const Space& space, int64_t b, int64_t h,
                int64_t t, int64_t r, int64_t count, int64_t filled) const {
    const AttentionExtents& e = a_.extents;
    const int64_t groups = Groups<Form>(e.features);
    const int64_t columns = RoundUp(a_.Seen(t + r + count), kVector);
    float* weights = space.weights + r * a_.weights_padded;
    float* scores = space.scores + r * a_.weights_padded;
    Form::kProduct(space.queries, groups, space.key_columns, a_.keys_padded,
                   groups, columns, weights, a_.weights_padded);
    Form::kProduct(space.gradients, groups, space.value_columns, a_.keys_padded,
                   groups, columns, scores, a_.weights_padded);
    for (int64_t i = 0; i < count; ++i) {
      float* weight = weights + i * a_.weights_padded;
      float* score = scores + i * a_.weights_padded;
      const float sum = SoftmaxRow(a_.scale, a_.Mask(slots, b, h, t + r + i),
                                   a_.mask_strides[3], a_.Seen(t + r + i + 1),
                                   columns, weight);
      SoftmaxBackwardRow(a_.scale, 1.0f / sum, columns, weight, score);
      std::fill(weight + columns, weight + filled, 0.0f);
      std::fill(score + columns, score + filled, 0.0f);
    }
    const Word* left = nullptr;
    for (int64_t i = kBlockRows - 1; i >= 0; --i) {
      left = Form::Left(scores + i * a_.weights_padded, columns,
                        space.words + i * a_.weights_padded / Form::kGroup);
    }
    Form::kProduct(left, a_.weights_padded / Form::kGroup, space.key_rows,
                   a_.features_padded, Groups<Form>(std::min(columns, e.keys)),
                   a_.features_padded, space.to_query, a_.features_padded);
    T* to =
        HeadAt<T>(slots, a_.to_query, a_.query, b, h) + (t + r) * a_.query.row;
    for (int64_t i = 0; i < count; ++i) {
      ScaleRow(space.to_query + i * a_.features_padded, 1.0f, e.features,
               to + i * a_.query.row);
    }
  }

  // sums[s] += sum over the queries of x[query][s] * right[query].
  void AddToKeys(const Space& space, const float* x, int64_t rows, int64_t seen,
                 int64_t filled, const Word* right, float* sums) const {
    const Word* left =
        Form::Outer(x, rows, a_.weights_padded, filled, space.words);
    for (int64_t s = 0; s < seen; s += kBlockRows) {
      Form::kAddOuter(left + s, a_.weights_padded, right, a_.features_padded,
                      Groups<Form>(rows), a_.features_padded,
                      sums + s * a_.features_padded, a_.features_padded);
    }
  }

  Backward a_;
};

template <typename Form>
void AddBackward(ProgramBuilder& b, Backward a, std::vector<SlotId> reads,
                 std::vector<SlotId> writes) {
  a.scratch = b.Scratch(4 * a.parts * BackwardSpace<Form>::Words(a));
  writes.push_back(a.scratch);
  b.AddStep(std::make_unique<AttentionBackwardKernel<Form>>(std::move(a)),
            std::move(reads), std::move(writes));
}

}  // namespace

absl::Status MakeAttentionBackward(ProgramBuilder& b) {
  Backward a(b);
  a.query_slot = b.ReadPlain(b.input(0));
  a.key_slot = b.ReadPlain(b.input(1));
  a.value_slot = b.ReadPlain(b.input(2));
  a.gradient_slot = b.ReadPlain(b.input(3));
  std::vector<SlotId> reads = {a.query_slot, a.key_slot, a.value_slot,
                               a.gradient_slot};
  a.ReadMask(b, 4, &reads);
  const size_t results = b.node().outputs.size();
  std::vector<SlotId> writes;
  for (size_t i = 0; i < results; ++i) {
    writes.push_back(b.WritePlain(b.output(i)));
    const int64_t filled = FilledByViews(b.node().attributes, i);
    const TensorType& type = b.type(b.output(i));
    if (filled < ElementCount(type.shape)) {
      a.cleared.emplace_back(writes.back(),
                             ElementCount(type.shape) * SizeOf(type.dtype));
    }
  }
  a.to_query = writes[0];
  a.to_key = writes[results == 1 ? 0 : 1];
  a.to_value = writes[results == 1 ? 0 : 2];
  if (b.type(b.input(0)).dtype == DType::kF32) {
    AddBackward<Singles<float>>(b, a, std::move(reads), std::move(writes));
  } else if (HasWideBf16()) {
    AddBackward<Pairs>(b, a, std::move(reads), std::move(writes));
  } else {
    AddBackward<Singles<BFloat16>>(b, a, std::move(reads), std::move(writes));
  }
  return absl::OkStatus();
}

}  // namespace assay::cpu

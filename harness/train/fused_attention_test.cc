// Steps whose attention is one op, against steps that keep products and
// softmax.
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"
#include "harness/train/step.h"

namespace assay {
namespace {

constexpr int64_t kBatch = 2, kLength = 5, kHeads = 2, kWidth = 4;
constexpr int64_t kFeatures = kHeads * kWidth;

enum class Mask { kNone, kCausal, kLearnt };

struct Network {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};

  ValueId Linear(ValueId x, const std::string& name, int64_t outputs) {
    const ValueId weights =
        b.Parameter(name, DType::kF32, {outputs, b.shape(x).back()});
    return b.Op("linear", {x, weights});
  }
  ValueId Split(ValueId x, int64_t heads) {
    return b.Transpose(b.Reshape(x, {kBatch, kLength, heads, kWidth}),
                       {0, 2, 1, 3});
  }
  ValueId MaskOf(Mask mask) {
    if (mask == Mask::kLearnt) {
      return b.Parameter("bias", DType::kF32, {1, kHeads, kLength, kLength});
    }
    std::vector<float> hidden;
    for (int64_t t = 0; t < kLength; ++t) {
      for (int64_t s = 0; s < kLength; ++s) {
        hidden.push_back(s <= t ? 0.0f : -1e9f);
      }
    }
    return b.Constant(Tensor::From<float>({kLength, kLength}, hidden));
  }
  void Attend(ValueId q, ValueId k, ValueId v, Mask mask) {
    ValueId scores = b.Op("matmul", {q, k}, {{"transpose_b", int64_t{1}}});
    scores = b.Scale(scores, 0.5);
    if (mask != Mask::kNone) scores = b.Add(scores, MaskOf(mask));
    const ValueId weights = b.Op("softmax", {scores}, {{"axis", int64_t{-1}}});
    const ValueId merged =
        b.Reshape(b.Transpose(b.Op("matmul", {weights, v}), {0, 2, 1, 3}),
                  {kBatch, kLength * kFeatures});
    b.Output("logits", Linear(merged, "head", 3));
  }
};

// Queries, keys and values as slices of one product, as a vision transformer
// has them.
Graph Packed(Mask mask) {
  Network net;
  const ValueId x =
      net.b.Input("image", DType::kF32, {kBatch, kLength, kFeatures});
  const ValueId qkv = net.Linear(x, "qkv", 3 * kFeatures);
  std::vector<ValueId> parts;
  for (int64_t i = 0; i < 3; ++i) {
    parts.push_back(net.Split(
        net.b.Op("slice", {qkv},
                 {{"starts", std::vector<int64_t>{0, 0, i * kFeatures}},
                  {"ends", std::vector<int64_t>{kBatch, kLength,
                                                (i + 1) * kFeatures}}}),
        kHeads));
  }
  net.Attend(parts[0], parts[1], parts[2], mask);
  EXPECT_OK(net.b.status());
  return net.graph;
}

// One head of keys and values for both heads of queries, as a decoder has them.
Graph Grouped() {
  Network net;
  const ValueId x =
      net.b.Input("image", DType::kF32, {kBatch, kLength, kFeatures});
  const auto shared = [&](const char* name) {
    return net.b.Op("repeat_heads", {net.Split(net.Linear(x, name, kWidth), 1)},
                    {{"repeats", int64_t{kHeads}}});
  };
  const ValueId q = net.Split(net.Linear(x, "query", kFeatures), kHeads);
  net.Attend(q, shared("key"), shared("value"), Mask::kCausal);
  EXPECT_OK(net.b.status());
  return net.graph;
}

int Count(const Graph& graph, const std::string& op) {
  int count = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    count += graph.node(id).op == op ? 1 : 0;
  }
  return count;
}

Tensor Drawn(const Shape& shape, const std::string& name) {
  Tensor t(DType::kF32, shape);
  RandomStream(5, name).FillNormal(t.span<float>(), 0, 0.5);
  return t;
}

ParameterStore Gradients(const Graph& network, bool fused, int attentions) {
  StepOptions options;
  options.fuse_attention = fused;
  auto step = BuildBackward(network, options, /*accumulate=*/false);
  EXPECT_OK(step.status());
  if (!step.ok()) return {};
  EXPECT_EQ(Count(*step, "attention_backward"), attentions);
  ParameterStore store;
  for (const ValueId id : step->parameters()) {
    const Value& value = step->value(id);
    store.Set(value.name, Drawn(value.type.shape, value.name));
  }
  const std::map<std::string, Tensor> feeds = {
      {"image", Drawn({kBatch, kLength, kFeatures}, "image")},
      {"labels", Tensor::From<int32_t>({kBatch}, {0, 2})}};
  auto evaluation = Evaluate(*step, feeds, store);
  EXPECT_OK(evaluation.status());
  return evaluation.ok() ? evaluation->updates : ParameterStore();
}

void ExpectSame(const Graph& network, int attentions) {
  const ParameterStore want = Gradients(network, false, 0);
  const ParameterStore got = Gradients(network, true, attentions);
  EXPECT_FALSE(want.Names().empty());
  ASSERT_EQ(want.Names(), got.Names());
  for (const std::string& name : want.Names()) {
    EXPECT_OK(CompareTensors(*want.Find(name), *got.Find(name), 256)) << name;
  }
}

TEST(FusedAttentionTest, SharedOperandsHaveOneGradient) {
  const Graph network = Packed(Mask::kNone);
  ExpectSame(network, 1);
  ASSERT_OK_AND_ASSIGN(const Graph step, BuildBackward(network, {}, false));
  EXPECT_EQ(Count(step, "pad"), 0);
}

TEST(FusedAttentionTest, CausalWithSharedKeys) { ExpectSame(Grouped(), 1); }

TEST(FusedAttentionTest, LearntMasksKeepTheirGradient) {
  ExpectSame(Packed(Mask::kLearnt), 0);
}

}  // namespace
}  // namespace assay

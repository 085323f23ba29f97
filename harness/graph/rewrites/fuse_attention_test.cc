#include "harness/graph/rewrites/fuse_attention.h"

#include <cmath>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/constant_fold.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

constexpr int64_t kBatch = 2, kLength = 5, kHeads = 4, kWidth = 6;
constexpr int64_t kFeatures = kHeads * kWidth;

int Count(const Graph& graph, const std::string& op) {
  int count = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    count += graph.node(id).op == op ? 1 : 0;
  }
  return count;
}

Tensor Drawn(Shape shape, const char* name) {
  Tensor t(DType::kF32, std::move(shape));
  RandomStream(5, name).FillNormal(t.span<float>(), 0, 1);
  return t;
}

// The same outputs on the same inputs, before and after.
void ExpectSame(const Graph& before, const Graph& after) {
  std::map<std::string, Tensor> feeds;
  for (const ValueId input : before.inputs()) {
    const Value& value = before.value(input);
    feeds[value.name] = Drawn(value.type.shape, value.name.c_str());
  }
  ASSERT_OK_AND_ASSIGN(const Evaluation want,
                       Evaluate(before, feeds, ParameterStore()));
  ASSERT_OK_AND_ASSIGN(const Evaluation got,
                       Evaluate(after, feeds, ParameterStore()));
  for (const auto& [name, tensor] : want.outputs) {
    EXPECT_OK(CompareTensors(tensor, got.outputs.at(name), 64)) << name;
  }
}

struct Composed {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};

  ValueId Input(const char* name, Shape shape) {
    return b.Input(name, DType::kF32, std::move(shape));
  }
  // [B,T,n*D] -> [B,n,T,D].
  ValueId Split(ValueId x, int64_t heads) {
    return b.Transpose(b.Reshape(x, {0, 0, heads, kWidth}), {0, 2, 1, 3});
  }
  void Merge(ValueId heads) {
    b.Output("dst", b.Reshape(b.Transpose(heads, {0, 2, 1, 3}),
                              {kBatch, kLength, kFeatures}));
  }
  ValueId Softmax(ValueId x) {
    return b.Op("softmax", {x}, {{"axis", int64_t{-1}}});
  }
  ValueId Product(ValueId q, ValueId k) {
    return b.Op("matmul", {q, k}, {{"transpose_b", int64_t{1}}});
  }
};

const Node* OnlyAttention(const Graph& graph) {
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (graph.node(id).op == "attention_fused") return &graph.node(id);
  }
  return nullptr;
}

TEST(FuseAttentionTest, ReadsHeadsThroughReshapesAndTransposes) {
  Composed c;
  const Shape rows = {kBatch, kLength, kFeatures};
  const ValueId q = c.Split(c.Input("q", rows), kHeads);
  const ValueId k = c.Split(c.Input("k", rows), kHeads);
  const ValueId v = c.Split(c.Input("v", rows), kHeads);
  c.Merge(c.b.Op("matmul", {c.Softmax(c.b.Scale(c.Product(q, k), 0.4)), v}));
  ASSERT_OK(c.b.status());
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseAttention(c.graph));
  EXPECT_EQ(fused.node_count(), 1);
  ExpectSame(c.graph, fused);
}

// One layer for all three, cut apart behind a transpose; scales at q and k; k
// transposed: the form of torch's scaled_dot_product_attention in ONNX.
TEST(FuseAttentionTest, ReadsSlicesOfOneTensor) {
  Composed c;
  const ValueId qkv = c.b.Transpose(
      c.b.Reshape(c.Input("qkv", {kBatch, kLength, 3 * kFeatures}),
                  {kBatch, kLength, 3, kHeads, kWidth}),
      {2, 0, 3, 1, 4});
  const auto part = [&](int64_t i) {
    const ValueId slice =
        c.b.Op("slice", {qkv},
               {{"starts", Ints{i, 0, 0, 0, 0}},
                {"ends", Ints{i + 1, kBatch, kHeads, kLength, kWidth}}});
    return c.b.Reshape(slice, {kBatch, kHeads, kLength, kWidth});
  };
  const ValueId q = c.b.Scale(part(0), 0.5);
  const ValueId k = c.b.Scale(c.b.Transpose(part(1), {0, 1, 3, 2}), 0.7);
  c.Merge(c.b.Op("matmul", {c.Softmax(c.b.Op("matmul", {q, k})), part(2)}));
  ASSERT_OK(c.b.status());
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseAttention(c.graph));
  EXPECT_EQ(fused.node_count(), 1);
  ExpectSame(c.graph, fused);
}

TEST(FuseAttentionTest, SharesHeadsAndFindsTheDiagonal) {
  Composed c;
  const auto repeated = [&](const char* name) {
    return c.b.Op("repeat_heads",
                  {c.Split(c.Input(name, {kBatch, kLength, 2 * kWidth}), 2)},
                  {{"repeats", int64_t{2}}});
  };
  const ValueId q = c.Split(c.Input("q", {kBatch, kLength, kFeatures}), kHeads);
  const ValueId k = repeated("k"), v = repeated("v");
  Tensor mask = Tensor::Zeros(DType::kF32, {kLength, kLength});
  for (int64_t t = 0; t < kLength; ++t) {
    for (int64_t s = t + 1; s < kLength; ++s) {
      mask.data<float>()[t * kLength + s] = -1e9f;
    }
  }
  // Known only after constants are folded, as in harness/models/attention.h.
  const ValueId computed = c.b.Scale(c.b.Constant(mask), 1.0);
  c.Merge(c.b.Op("matmul", {c.Softmax(c.b.Add(c.Product(q, k), computed)), v}));
  ASSERT_OK(c.b.status());
  ASSERT_OK_AND_ASSIGN(const Graph masked, FuseAttention(c.graph));
  ASSERT_NE(OnlyAttention(masked), nullptr);
  EXPECT_EQ(OnlyAttention(masked)->inputs.size(), 4u);
  ExpectSame(c.graph, masked);
  ASSERT_OK_AND_ASSIGN(const Graph folded, FoldConstants(masked));
  ASSERT_OK_AND_ASSIGN(const Graph causal, FuseAttention(folded));
  ASSERT_NE(OnlyAttention(causal), nullptr);
  EXPECT_EQ(OnlyAttention(causal)->attributes.Int("causal", 0), 1);
  EXPECT_EQ(OnlyAttention(causal)->inputs.size(), 3u);
  ExpectSame(c.graph, causal);
}

TEST(FuseAttentionTest, LeavesWeightsThatSomethingElseReads) {
  Composed c;
  const Shape rows = {kBatch, kLength, kFeatures};
  const ValueId q = c.Split(c.Input("q", rows), kHeads);
  const ValueId k = c.Split(c.Input("k", rows), kHeads);
  const ValueId weights = c.Softmax(c.Product(q, k));
  c.b.Output("weights", weights);
  c.Merge(c.b.Op("matmul", {weights, k}));
  ASSERT_OK(c.b.status());
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseAttention(c.graph));
  EXPECT_EQ(Count(fused, "attention_fused"), 0);
  ExpectSame(c.graph, fused);
}

}  // namespace
}  // namespace assay

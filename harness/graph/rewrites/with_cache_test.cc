#include "harness/graph/rewrites/with_cache.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/backend/session.h"
#include "harness/graph/builder.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/verify.h"
#include "harness/models/init.h"
#include "harness/models/lmd/lmd.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kContext = 12;

LmdOptions Small() {
  LmdOptions lmd;
  lmd.vocabulary = 17;
  lmd.layers = 2;
  lmd.features = 16;
  lmd.heads = 4;
  lmd.kv_heads = 2;
  lmd.hidden = 24;
  lmd.context = kContext;
  return lmd;
}

Tensor Tokens(const std::vector<int32_t>& tokens) {
  return Tensor::From<int32_t>({1, static_cast<int64_t>(tokens.size())},
                               tokens);
}

class WithCacheTest : public ::testing::Test {
 protected:
  WithCacheTest() : device_(MakeReferenceDevice()), variables_(device_.get()) {}

  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const ReferenceGraph lmd,
                         Lmd(StandardOps(), Small(), {}));
    ASSERT_OK_AND_ASSIGN(network_, Rebatch(lmd.graph, 1));
    ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                         Initialise(lmd.graph, lmd.initialisers, 3));
    ASSERT_OK(variables_.Load(parameters));
    for (int32_t i = 0; i < kContext; ++i) tokens_.push_back(i * 5 % 17);
  }

  // Logits of all positions at once, row by row.
  std::vector<float> Whole(const std::vector<int32_t>& tokens) {
    auto session = Session::Make(device_.get(), network_, &variables_);
    EXPECT_OK(session.status());
    EXPECT_OK((*session)->Feed("tokens", Tokens(tokens)));
    EXPECT_OK((*session)->Run());
    const Tensor logits = *(*session)->Fetch("logits");
    return {logits.span<float>().begin(), logits.span<float>().end()};
  }

  std::vector<float> Step(int64_t position,
                          const std::vector<int32_t>& tokens) {
    const auto made = WithCache(network_, static_cast<int64_t>(tokens.size()));
    EXPECT_OK(made.status());
    EXPECT_OK(Verify(made->graph));
    if (position == 0) {
      EXPECT_OK(variables_.Load(made->caches));
    }
    auto session = Session::Make(device_.get(), made->graph, &variables_);
    EXPECT_OK(session.status());
    EXPECT_OK((*session)->Feed("tokens", Tokens(tokens)));
    EXPECT_OK((*session)->Feed(
        "position",
        Tensor::From<int32_t>({}, {static_cast<int32_t>(position)})));
    EXPECT_OK((*session)->Run());
    const Tensor logits = *(*session)->Fetch("logits");
    return {logits.span<float>().begin(), logits.span<float>().end()};
  }

  void ExpectRows(const std::vector<float>& whole, int64_t position,
                  const std::vector<float>& rows) {
    const size_t begin = static_cast<size_t>(position) * 17;
    ASSERT_LE(begin + rows.size(), whole.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_NEAR(rows[i], whole[begin + i], 1e-5) << position << ", " << i;
    }
  }

  std::vector<int32_t> Part(size_t begin, size_t end) const {
    return {tokens_.begin() + static_cast<std::ptrdiff_t>(begin),
            tokens_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  std::unique_ptr<Device> device_;
  DeviceParameters variables_;
  Graph network_{StandardOps()};
  std::vector<int32_t> tokens_;
};

TEST_F(WithCacheTest, PositionsMayComeInPieces) {
  const std::vector<float> whole = Whole(tokens_);
  ExpectRows(whole, 0, Step(0, Part(0, 5)));
  ExpectRows(whole, 5, Step(5, Part(5, 6)));
  ExpectRows(whole, 6, Step(6, Part(6, 9)));
  ExpectRows(whole, 9, Step(9, Part(9, 12)));
}

TEST_F(WithCacheTest, ToGoBackIsToBeginAtAnEarlierPosition) {
  const std::vector<float> before = Whole(tokens_);
  ExpectRows(before, 0, Step(0, Part(0, 8)));
  tokens_[4] = 16;
  tokens_[5] = 15;
  const std::vector<float> after = Whole(tokens_);
  ExpectRows(after, 4, Step(4, Part(4, 6)));
  ExpectRows(after, 6, Step(6, Part(6, 12)));
}

// `graph` with the operands of products of activations on grids.
Graph OnGrids(const Graph& graph) {
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    const Node& node = graph.node(id);
    if (node.op != "matmul") return false;
    GraphBuilder& b = copier.b();
    const ValueId scale = b.Scalar(DType::kF32, 1.0 / 32);
    const ValueId zero = b.Constant(Tensor::From<int32_t>({}, {128}));
    std::vector<ValueId> operands;
    for (const ValueId v : node.inputs) {
      const ValueId grid = b.Op("quantize_linear", {copier.Map(v), scale, zero},
                                {{"dtype", std::string("u8")}});
      operands.push_back(b.Op("dequantize_linear", {grid, scale, zero}));
    }
    copier.Set(node.outputs[0], b.Op("matmul", operands, node.attributes));
    return true;
  };
  auto made = CopyGraph(graph, hooks);
  EXPECT_OK(made.status());
  return *std::move(made);
}

TEST_F(WithCacheTest, AttentionMayMultiplyWhatIsOnGrids) {
  const std::vector<float> plain = Whole(tokens_);
  network_ = OnGrids(network_);
  const std::vector<float> whole = Whole(tokens_);
  EXPECT_NE(whole, plain);
  ExpectRows(whole, 0, Step(0, Part(0, 5)));
  ExpectRows(whole, 5, Step(5, Part(5, 6)));
  ExpectRows(whole, 6, Step(6, Part(6, 12)));
}

TEST_F(WithCacheTest, WhatIsNotCausalIsRefused) {
  EXPECT_THAT(std::string(WithCache(network_, kContext).status().message()),
              HasSubstr("expected 1 to 11 positions at a time, got 12"));
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1, 4, 2});
  const ValueId scores = b.Op("matmul", {x, x}, {{"transpose_b", int64_t{1}}});
  b.Output("y", b.Op("matmul", {b.Op("softmax", {scores}), x}));
  ASSERT_OK(b.status());
  EXPECT_THAT(std::string(WithCache(graph, 2).status().message()),
              HasSubstr("expected attention with a causal mask"));
}

// One position at a time, a table with a row for each would be broadcast.
TEST_F(WithCacheTest, LearntPositionsAreRefused) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1, 4, 2});
  b.Output("y", b.Add(x, b.Parameter("learnt", DType::kF32, {4, 2})));
  ASSERT_OK(b.status());
  EXPECT_THAT(std::string(WithCache(graph, 1).status().message()),
              HasSubstr("expected a node that keeps positions apart"));
}

TEST(CacheChunkTest, IsTheLargestPowerOfTwoThatFits) {
  EXPECT_EQ(CacheChunk(1, 16), 1);
  EXPECT_EQ(CacheChunk(7, 16), 4);
  EXPECT_EQ(CacheChunk(16, 16), 8);  // fewer than all positions
  EXPECT_EQ(CacheChunk(1000, 1000), 64);
  EXPECT_EQ(CacheChunk(5, 2), 1);
}

}  // namespace
}  // namespace assay

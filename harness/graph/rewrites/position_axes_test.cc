#include "harness/graph/rewrites/position_axes.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

// 4 positions of 6 numbers, or of tokens.
struct Net {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};
  ValueId x = b.Input("x", DType::kF32, {1, 4, 6});
  ValueId tokens = b.Input("tokens", DType::kS32, {1, 4});
  AttentionProducts attention;

  ValueId Transposed(ValueId v, Ints order) {
    return b.Op("transpose", {v}, {{"permutation", std::move(order)}});
  }
  ValueId Softmax(ValueId v, int64_t axis) {
    return b.Op("softmax", {v}, {{"axis", axis}});
  }
  ValueId Constant(Shape shape) {
    return b.Constant(Tensor::Zeros(DType::kF32, std::move(shape)));
  }
  NodeId Producer(ValueId v) const { return graph.value(v).producer; }
};

void ExpectAxis(const Net& net, ValueId result, int64_t axis) {
  ASSERT_OK(net.b.status());
  ASSERT_OK_AND_ASSIGN(const auto axes, PositionAxes(net.graph, net.attention));
  EXPECT_EQ(axes[static_cast<size_t>(result)], axis);
}

void ExpectRefused(const Net& net, ValueId result) {
  ASSERT_OK(net.b.status());
  EXPECT_THAT(PositionAxes(net.graph, net.attention).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'" + net.graph.value(result).name + "' (")));
}

TEST(PositionAxesTest, LayersAndNormsWorkAlongFeatures) {
  Net net;
  GraphBuilder& b = net.b;
  const ValueId w = b.Parameter("w", DType::kF32, {3, 6});
  const ValueId scale = b.Parameter("scale", DType::kF32, {6});
  ExpectAxis(net, b.Op("linear", {net.x, w}), 1);
  ExpectAxis(net, b.Op("rms_norm", {net.x, scale}), 1);
  ExpectAxis(net, b.Op("matmul", {net.x, w}, {{"transpose_b", int64_t{1}}}), 1);
  ExpectAxis(net, net.Softmax(net.x, -1), 1);
  ExpectAxis(net, b.Add(w, w), kNoPositions);
}

TEST(PositionAxesTest, TheAxisFollowsShapes) {
  Net net;
  GraphBuilder& b = net.b;
  const ValueId heads = b.Reshape(net.x, {1, 4, 2, 3});
  const ValueId first = net.Transposed(heads, {0, 2, 1, 3});
  ExpectAxis(net, heads, 1);
  ExpectAxis(net, first, 2);
  ExpectAxis(net, b.ReduceSum(first, {1}, false), 1);
  ExpectAxis(net, b.ReduceSum(first, {-1}, true), 2);
  ExpectAxis(net, b.Reshape(net.x, {4, 6}), 0);
  ExpectAxis(net, b.Op("gather", {net.Constant({9, 5}), net.tokens}), 1);
  ExpectAxis(net, b.Add(net.x, net.Constant({6})), 1);
}

TEST(PositionAxesTest, WhatMixesPositionsIsRefused) {
  using Mix = ValueId (*)(Net&);
  const Mix mixes[] = {
      [](Net& n) { return n.b.ReduceSum(n.x, {1}, true); },
      [](Net& n) { return n.Softmax(n.x, 1); },
      [](Net& n) {
        return n.b.Op("cumsum", {n.x}, {{"axis", int64_t{1}}});
      },
      [](Net& n) {
        return n.b.Op("concat", {n.x, n.x}, {{"axis", int64_t{1}}});
      },
      [](Net& n) {
        return n.b.Op("slice", {n.x},
                      {{"starts", Ints{0, 1, 0}}, {"ends", Ints{1, 4, 6}}});
      },
      // Keys by values without weights between them; scores that no softmax
      // follows.
      [](Net& n) {
        return n.b.Op("matmul", {n.x, n.x}, {{"transpose_a", int64_t{1}}});
      },
      [](Net& n) {
        return n.b.Op("matmul", {n.x, n.x}, {{"transpose_b", int64_t{1}}});
      },
      [](Net& n) {
        return n.b.Reshape(n.x, {1, 3, 8});
      },
      // A number for each position.
      [](Net& n) {
        return n.b.Add(n.x, n.Constant({4, 1}));
      },
  };
  for (const Mix& mix : mixes) {
    Net net;
    const ValueId result = mix(net);
    ExpectRefused(net, result);
  }
}

TEST(PositionAxesTest, AttentionMayMixThem) {
  Net net;
  GraphBuilder& b = net.b;
  const ValueId scores =
      b.Op("matmul", {net.x, net.x}, {{"transpose_b", int64_t{1}}});
  const ValueId mask = net.Constant({4, 4});
  const ValueId masked = b.Add(b.Scale(scores, 0.5), mask);
  const ValueId result = b.Op("matmul", {net.Softmax(masked, -1), net.x});
  ExpectRefused(net, scores);
  net.attention.scores = {net.Producer(scores)};
  net.attention.contexts = {net.Producer(result)};
  ExpectRefused(net, masked);
  net.attention.masks = {mask};
  ExpectAxis(net, result, 1);
}

}  // namespace
}  // namespace assay

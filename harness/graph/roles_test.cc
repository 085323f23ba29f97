#include "harness/graph/roles.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/graph/cost.h"
#include "harness/graph/testing/toy_ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

constexpr DType kF32 = DType::kF32;

// y = tanh(x (w * mask) + b) u, with a statistic on the side.
struct Network {
  Graph graph{ToyOps()};
  ValueId w, mask, bias, u;

  Network() {
    GraphBuilder b(&graph);
    const ValueId x = b.Input("x", kF32, {4, 3});
    w = b.Parameter("w", kF32, {3, 5});
    mask = b.Parameter("w.mask", kF32, {3, 5});
    bias = b.Parameter("b", kF32, {5});
    u = b.Parameter("u", kF32, {5, 2});
    const ValueId mean = b.Parameter("n.mean", kF32, {2});
    const ValueId hidden = b.Op("matmul", {x, b.Mul(w, b.Op("sign", {mask}))});
    const ValueId y =
        b.Op("matmul", {b.Op("tanh", {b.Add(hidden, bias)}), u}, {}, "last");
    b.Output("y", b.Add(y, b.Mul(mean, b.Scalar(kF32, 1))));
    EXPECT_TRUE(b.ok()) << b.status();
  }
};

TEST(RolesTest, FollowUseThroughMasks) {
  const Network n;
  EXPECT_THAT(ParameterRoles(n.graph),
              ElementsAre(Role::kLinear, Role::kOther, Role::kBias,
                          Role::kLinear, Role::kStatistic));
  EXPECT_EQ(RoleOf(n.graph, n.bias), Role::kBias);
  EXPECT_EQ(Name(Role::kDepthwiseConv), "depthwise_conv");
  EXPECT_EQ(Name(Role::kOther), "other");
}

TEST(RolesTest, TrainableIsReachedByGradientAndNoStatistic) {
  const Network n;
  EXPECT_THAT(TrainableParameters(n.graph), ElementsAre(n.w, n.bias, n.u));
  EXPECT_THAT(PrunableParameters(n.graph), ElementsAre(n.w, n.u));
}

TEST(RolesTest, LayersStandInExecutionOrder) {
  const Network n;
  const std::vector<Layer> layers = Layers(n.graph);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].weights, n.w);
  EXPECT_EQ(layers[1].weights, n.u);
  EXPECT_EQ(n.graph.value(n.graph.node(layers[1].node).outputs[0]).name,
            "last");
}

TEST(CostTest, CountsMacsParametersAndBytes) {
  const Network n;
  const Cost cost = CostOf(n.graph);
  EXPECT_EQ(cost.macs, 4 * 3 * 5 + 4 * 5 * 2);
  EXPECT_EQ(cost.alive_macs, cost.macs);
  EXPECT_EQ(cost.parameters, 15 + 15 + 5 + 10);
  EXPECT_EQ(cost.bytes, 4 * (15 + 15 + 5 + 10 + 2 + 1));
  ASSERT_EQ(cost.nodes.size(), 2u);
  EXPECT_EQ(cost.nodes[0].macs, 60);
}

TEST(CostTest, ZerosOfDerivedWeightsAreRemoved) {
  const Network n;
  ParameterStore store;
  for (const ValueId id : n.graph.parameters()) {
    const Value& value = n.graph.value(id);
    Tensor ones(kF32, value.type.shape);
    for (float& x : ones.span<float>()) x = 1;
    store.Set(value.name, ones);
  }
  for (int64_t i = 0; i < 6; ++i) store.Find("w.mask")->data<float>()[i] = 0;
  store.Find("w")->data<float>()[0] = -0.0f;
  store.Find("u")->data<float>()[3] = 0;
  const auto cost = CostOf(n.graph, store);
  ASSERT_TRUE(cost.ok()) << cost.status();
  EXPECT_EQ(cost->macs, 100);
  EXPECT_EQ(cost->nodes[0].alive_macs, 4 * 9);
  EXPECT_EQ(cost->nodes[1].alive_macs, 4 * 9);
  EXPECT_EQ(cost->nonzeros, 45 - 8);
  store.Erase("u");
  EXPECT_EQ(CostOf(n.graph, store).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(CostTest, CountNonzerosKnowsEveryType) {
  for (const DType dtype :
       {DType::kF32, DType::kF64, DType::kBF16, DType::kS8, DType::kU8,
        DType::kS32, DType::kS64, DType::kBool}) {
    const Tensor tensor =
        Tensor::From<float>({4}, {0, 1, -0.0f, 3}).Cast(dtype);
    EXPECT_EQ(CountNonzeros(tensor), 2) << Name(dtype);
  }
}

}  // namespace
}  // namespace assay

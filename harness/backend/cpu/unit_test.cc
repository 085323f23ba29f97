#include "harness/backend/cpu/unit.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/kernel_registry.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"

namespace assay::cpu {
namespace {

using testing::ElementsAre;

// The ops of each unit, in order.
std::vector<std::vector<std::string>> Ops(const Graph& graph) {
  std::vector<std::vector<std::string>> units;
  for (const Unit& unit : PlanUnits(graph, FindKernel)) {
    units.emplace_back();
    for (const NodeId id : unit.nodes) {
      units.back().push_back(graph.node(id).op);
    }
  }
  return units;
}

TEST(UnitTest, ChainsOfOneShapeBecomeOne) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {4, 3});
  const ValueId y = b.Input("y", DType::kF32, {3});
  b.Output("z", b.Op("tanh", {b.Mul(b.Add(x, y), x)}));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_THAT(Ops(graph), ElementsAre(ElementsAre("add", "mul", "tanh")));
}

TEST(UnitTest, ResultsThatOthersReadStayVisible) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {4});
  const ValueId e = b.Op("exp", {x});
  b.Output("e", e);
  b.Output("z", b.Op("neg", {e}));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_THAT(Ops(graph), ElementsAre(ElementsAre("exp"), ElementsAre("neg")));
}

TEST(UnitTest, ProductsOfRowsTakeTheirSum) {
  if (!HasWideVectors()) GTEST_SKIP() << "no vectors of 16 floats";
  const auto units = [](int64_t rows, int64_t height, int64_t width) {
    Graph graph(StandardOps());
    GraphBuilder b(&graph);
    const ValueId left = b.Input("left", DType::kF32, {rows, height});
    const ValueId right = b.Input("right", DType::kF32, {rows, width});
    b.Output("sum", b.ReduceSum(left, {0}, false));
    b.Output("product",
             b.Op("matmul", {left, right}, {{"transpose_a", int64_t{1}}}));
    EXPECT_TRUE(b.ok()) << b.status();
    return Ops(graph).size();
  };
  EXPECT_EQ(units(512, 32, 16), 1);
  EXPECT_EQ(units(511, 32, 16), 2);
  EXPECT_EQ(units(512, 16, 32), 2);
  EXPECT_EQ(units(512, 36, 16), 2);
  EXPECT_EQ(units(512, 32, 24), 2);
}

TEST(UnitTest, RoundingStaysVisible) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {4});
  const ValueId half = b.Op("cast", {x}, {{"dtype", "bf16"}});
  b.Output("z", b.Op("cast", {half}, {{"dtype", "f32"}}));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(Ops(graph).size(), 2u);
}

TEST(UnitTest, BatchNormTakesWhatFollows) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {2, 3, 4, 4});
  const ValueId scale = b.Input("scale", DType::kF32, {3});
  const std::vector<ValueId> norm =
      b.Ops("batch_norm_training", {x, scale, scale});
  b.Output("mean", b.Op("neg", {norm[1]}));
  b.Output("y", b.Op("relu", {b.Add(norm[0], x)}));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_THAT(Ops(graph),
              ElementsAre(ElementsAre("batch_norm_training", "add", "relu"),
                          ElementsAre("neg")));
}

TEST(UnitTest, KernelsStoreRounded) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {4, 8});
  const ValueId row = b.Constant(Tensor::Zeros(DType::kF32, {8}));
  const ValueId scale = b.Scalar(DType::kF32, 0.5);
  const ValueId zero = b.Constant(Tensor::Zeros(DType::kS32, {}));
  const ValueId norm = b.Op("layer_norm", {x, row, row});
  b.Output("steps", b.Op("quantize_linear", {norm, scale, zero}));
  b.Output("sum", b.Op("add", {norm, x}));
  const ValueId rms = b.Op("rms_norm", {x, row});
  b.Output("half", b.Op("cast", {rms}, {{"dtype", "bf16"}}));
  // Another grid for each row: known to the elementwise kernel alone.
  const ValueId scales = b.Constant(Tensor::Zeros(DType::kF32, {4}));
  const ValueId zeros = b.Constant(Tensor::Zeros(DType::kS32, {4}));
  b.Output("rows",
           b.Op("quantize_linear",
                {b.Op("rms_norm", {b.Op("exp", {x}), row}), scales, zeros}));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_THAT(
      Ops(graph),
      testing::UnorderedElementsAre(
          ElementsAre("layer_norm", "quantize_linear"), ElementsAre("add"),
          ElementsAre("rms_norm", "cast"), ElementsAre("exp"),
          ElementsAre("rms_norm"), ElementsAre("quantize_linear")));
}

TEST(UnitTest, NoUnitWaitsForItself) {
  // The norm's statistics reach the addition on another way.
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {2, 3, 4, 4});
  const ValueId scale = b.Input("scale", DType::kF32, {3});
  const std::vector<ValueId> norm =
      b.Ops("batch_norm_training", {x, scale, scale});
  const ValueId spread = b.Op("broadcast_to", {b.Reshape(norm[1], {3, 1, 1})},
                              {{"shape", std::vector<int64_t>{2, 3, 4, 4}}});
  b.Output("y", b.Add(norm[0], spread));
  ASSERT_TRUE(b.ok()) << b.status();
  const auto units = Ops(graph);
  ASSERT_EQ(units.size(), 4u);
  EXPECT_THAT(units.back(), ElementsAre("add"));
}

}  // namespace
}  // namespace assay::cpu

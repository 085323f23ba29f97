#include "harness/host/score/materialisation.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/graph/rewrites/apply_masks.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

Graph OneLayer() {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("image", DType::kF32, {1, 4});
  const ValueId w = b.Parameter("fc.weights", DType::kF32, {3, 4});
  b.Output("logits", b.Op("linear", {x, w}));
  EXPECT_TRUE(b.status().ok()) << b.status();
  return graph;
}

ParameterStore Weights(float value) {
  Tensor weights = Tensor::Zeros(DType::kF32, {3, 4});
  for (float& w : weights.span<float>()) w = value;
  ParameterStore parameters;
  parameters.Set("fc.weights", weights);
  return parameters;
}

TEST(MaterialisationTest, APlainNetworkPasses) {
  const Graph graph = OneLayer();
  auto record = MakeMaterialisationRecord(graph, Weights(1), graph, {});
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_TRUE(record->passed());
  EXPECT_EQ(record->weight_kernels(), 1u);
  EXPECT_EQ(record->integer_kernels(), 0u);
  EXPECT_EQ(record->zero_channels_left(), 0u);
}

TEST(MaterialisationTest, AMaskThatIsStillMultipliedIsNamed) {
  auto masked = ApplyMasks(OneLayer(), {std::string("fc.weights")});
  ASSERT_TRUE(masked.ok()) << masked.status();
  ParameterStore parameters = Weights(1);
  parameters.Set(MaskName("fc.weights"), *Weights(0).Find("fc.weights"));
  auto record = MakeMaterialisationRecord(*masked, parameters, *masked, {});
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_THAT(record->masks_left(), ElementsAre("fc.weights"));
  EXPECT_FALSE(record->passed());
}

TEST(MaterialisationTest, WhatLoweringLeftInFloatIsToldButNoPretence) {
  const Graph graph = OneLayer();
  auto record = MakeMaterialisationRecord(graph, Weights(1), graph, {"sum"});
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_THAT(record->floats_between_integers(), ElementsAre("sum"));
  EXPECT_TRUE(record->passed());
}

TEST(MaterialisationTest, SparseKernelsExecuteAndKeepWhatIsNotZero) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("image", DType::kF32, {2, 4});
  Tensor weights = Tensor::Zeros(DType::kF32, {3, 4});
  weights.data<float>()[5] = 1;
  const ValueId w = b.Constant(weights, "fc.weights");
  b.Output("dense", b.Op("linear_fused", {x, w}));
  EXPECT_EQ(ExecutedCostOf(graph).macs, 24);
  EXPECT_EQ(ExecutedCostOf(graph).weight_bytes, 48);

  Graph sparse(StandardOps());
  GraphBuilder s(&sparse);
  const ValueId y = s.Input("image", DType::kF32, {2, 4});
  s.Output("sparse",
           s.Op("linear_fused", {y, s.Constant(weights, "fc.weights")},
                {{"sparse", int64_t{1}}}));
  ASSERT_TRUE(s.status().ok()) << s.status();
  EXPECT_EQ(ExecutedCostOf(sparse).macs, 2);
  EXPECT_EQ(ExecutedCostOf(sparse).weight_bytes, 8);
  auto record = MakeMaterialisationRecord(OneLayer(), Weights(1), sparse, {});
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->weight_kernels(), 1u);
  EXPECT_EQ(record->sparse_kernels(), 1u);
}

TEST(MaterialisationTest, ZeroChannelsThatCouldGoAreCounted) {
  const Graph graph = OneLayer();
  ParameterStore parameters = Weights(1);
  for (int i = 4; i < 8; ++i) {
    parameters.Find("fc.weights")->data<float>()[i] = 0;
  }
  auto record = MakeMaterialisationRecord(graph, parameters, graph, {});
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->zero_channels_left(), 1u);
  EXPECT_TRUE(record->passed());  // zeros are no pretence
}

}  // namespace
}  // namespace assay

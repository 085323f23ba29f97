#include "harness/host/score/cost_record.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

// linear [4 -> 3] without bias, relu, linear [3 -> 2] with bias.
struct Small {
  Graph graph{StandardOps()};
  ParameterStore parameters;
};

Small TwoLayers() {
  Small net;
  GraphBuilder b(&net.graph);
  const ValueId x = b.Input("image", DType::kF32, {5, 4});
  const ValueId w1 = b.Parameter("fc1.weights", DType::kF32, {3, 4});
  const ValueId w2 = b.Parameter("fc2.weights", DType::kF32, {2, 3});
  const ValueId b2 = b.Parameter("fc2.bias", DType::kF32, {2});
  const ValueId hidden = b.Op("relu", {b.Op("linear", {x, w1})});
  b.Output("logits", b.Op("linear", {hidden, w2, b2}));
  EXPECT_TRUE(b.status().ok()) << b.status();
  Tensor first = Tensor::Zeros(DType::kF32, {3, 4});
  for (int i = 0; i < 4; ++i) first.data<float>()[i] = 1;  // 4 of 12
  Tensor second = Tensor::Zeros(DType::kF32, {2, 3});
  for (float& value : second.span<float>()) value = 2;
  Tensor bias = Tensor::Zeros(DType::kF32, {2});
  net.parameters.Set("fc1.weights", first);
  net.parameters.Set("fc2.weights", second);
  net.parameters.Set("fc2.bias", bias);
  return net;
}

TEST(CostRecordTest, CountsOneSample) {
  const Small net = TwoLayers();
  auto cost = MakeCostRecord(net.graph, net.parameters, 999);
  ASSERT_TRUE(cost.ok()) << cost.status();
  EXPECT_EQ(cost->parameters(), 20u);          // 12 + 6 + 2
  EXPECT_EQ(cost->nonzero_parameters(), 10u);  // 4 + 6 + 0
  EXPECT_DOUBLE_EQ(cost->density(), 0.5);
  EXPECT_EQ(cost->bytes_on_disk(), 999u);
  EXPECT_EQ(cost->weight_bytes(), 80u);
  EXPECT_DOUBLE_EQ(cost->mean_bits(), 32);
  EXPECT_EQ(cost->macs(), 18u);          // not 5 * 18: one sample
  EXPECT_EQ(cost->nonzero_macs(), 10u);  // 4 + 6
  EXPECT_DOUBLE_EQ(cost->bit_macs(), 18);
}

TEST(CostRecordTest, ListsLayers) {
  const Small net = TwoLayers();
  auto cost = MakeCostRecord(net.graph, net.parameters, 0);
  ASSERT_TRUE(cost.ok()) << cost.status();
  ASSERT_EQ(cost->layers_size(), 2);
  EXPECT_EQ(cost->layers(0).name(), "fc1.weights");
  EXPECT_EQ(cost->layers(0).op(), "linear");
  EXPECT_EQ(cost->layers(0).shape(1), 4);
  EXPECT_EQ(cost->layers(0).nonzero_parameters(), 4u);
  EXPECT_EQ(cost->layers(0).macs(), 12u);
  EXPECT_EQ(cost->layers(0).nonzero_macs(), 4u);
  EXPECT_EQ(cost->layers(1).weight_bits(), 32u);
}

TEST(CostRecordTest, PeakActivationsAreThoseAliveTogether) {
  Small net = TwoLayers();  // batch 5
  // image [5,4] 80 bytes with linear [5,3] 60 bytes is the largest pair.
  EXPECT_EQ(PeakActivationBytes(net.graph), 140);
}

TEST(CostRecordTest, AMissingParameterIsNamed) {
  Small net = TwoLayers();
  net.parameters.Erase("fc2.bias");
  EXPECT_FALSE(MakeCostRecord(net.graph, net.parameters, 0).ok());
}

}  // namespace
}  // namespace assay

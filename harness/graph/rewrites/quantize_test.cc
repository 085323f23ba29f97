#include "harness/graph/rewrites/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/cost.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/roles.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

int64_t CountOps(const Graph& graph, absl::string_view op) {
  int64_t count = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    count += graph.node(id).op == op;
  }
  return count;
}

TEST(GridOfTest, FollowsTheFormulae) {
  const auto grid = [](double low, double high) {
    const auto g = GridOf({low, high});
    EXPECT_TRUE(g.ok()) << g.status();
    return std::make_pair(g->scale, g->zero_point);
  };
  EXPECT_EQ(grid(0, 255), std::make_pair(1.0f, 0));
  EXPECT_EQ(grid(2, 255), std::make_pair(1.0f, 0));  // widened to hold 0
  EXPECT_EQ(grid(-1, 1.55), std::make_pair(0.01f, 100));
  EXPECT_EQ(grid(-255, -3), std::make_pair(1.0f, 255));
  EXPECT_EQ(grid(0, 0), std::make_pair(1e-8f, 0));
  EXPECT_FALSE(GridOf({1, 0}).ok());
  EXPECT_FALSE(GridOf({0, std::nan("")}).ok());
  EXPECT_FALSE(GridOf({0, std::numeric_limits<double>::infinity()}).ok());
}

TEST(QuantizeWeightsTest, RoundsHalfToEvenAndClampsToTheRestrictedRange) {
  const Tensor weights =
      Tensor::From<float>({2, 3}, {0.5f, 1.5f, -2.5f, 300, -300, 0});
  const Tensor q = QuantizeWeights(weights, Tensor::From<float>({2}, {1, 2}));
  EXPECT_THAT(q.span<int8_t>(), ElementsAre(0, 2, -2, 127, -127, 0));
}

TEST(WeightScalesTest, PerTensorAndPerChannel) {
  const Tensor weights =
      Tensor::From<float>({3, 2}, {1.27f, -0.5f, 0, 0, -2.54f, 1});
  EXPECT_THAT(WeightScales(weights, true).span<float>(),
              ElementsAre(testing::FloatEq(0.01f), testing::FloatEq(1e-8f),
                          testing::FloatEq(0.02f)));
  const Tensor one = WeightScales(weights, false);
  EXPECT_EQ(one.shape(), Shape{});
  EXPECT_FLOAT_EQ(one.data<float>()[0], 0.02f);
}

// The folded residual network, its ranges on one batch, scales per channel.
class QuantizeTest : public testing::Test {
 protected:
  QuantizeTest() : n_(DType::kF32), network_{Graph(n_.graph().ops()), {}} {
    BuildResidualNetwork(n_, 4);
    auto folded = FoldBatchNorm(n_.graph(), n_.store());
    EXPECT_TRUE(folded.ok()) << folded.status();
    network_ = *std::move(folded);
    Calibrate();
    for (const ValueId id : PrunableParameters(network_.graph)) {
      const std::string& name = network_.graph.value(id).name;
      options_.weight_scales[name] =
          WeightScales(*network_.parameters.Find(name), true);
    }
  }

  // Min and max of every activation.
  void Calibrate() {
    Graph probe = network_.graph;
    probe.ClearOutputs();
    for (ValueId id = 0; id < probe.value_count(); ++id) {
      const Value& value = probe.value(id);
      if (value.kind == ValueKind::kParameter) continue;
      EXPECT_TRUE(probe.AddOutput(value.name, id).ok());
    }
    const auto run = Evaluate(probe, n_.Feeds(), network_.parameters);
    EXPECT_TRUE(run.ok()) << run.status();
    for (const auto& [name, tensor] : run->outputs) {
      const auto values = tensor.span<float>();
      const auto [low, high] =
          std::minmax_element(values.begin(), values.end());
      options_.activations[name] = {*low, *high};
    }
  }

  QuantizedNetwork Quantized() {
    auto quantized = Quantize(network_.graph, network_.parameters, options_);
    EXPECT_TRUE(quantized.ok()) << quantized.status();
    EXPECT_TRUE(Verify(quantized->graph).ok()) << Verify(quantized->graph);
    return *std::move(quantized);
  }

  std::string Error() {
    return std::string(Quantize(network_.graph, network_.parameters, options_)
                           .status()
                           .message());
  }

  NetworkBuilder n_;
  FoldedNetwork network_;
  QuantizeOptions options_;
};

TEST_F(QuantizeTest, IsCloseToTheFloatNetwork) {
  const QuantizedNetwork quantized = Quantized();
  const auto want = Evaluate(network_.graph, n_.Feeds(), network_.parameters);
  const auto got = Evaluate(quantized.graph, n_.Feeds(), quantized.parameters);
  ASSERT_TRUE(want.ok() && got.ok()) << want.status() << got.status();
  const Tensor& logits = want->outputs.at("logits");
  double most = 0;
  for (const float x : logits.span<float>()) {
    most = std::max(most, std::abs(static_cast<double>(x)));
  }
  const double error = MaxDifference(logits, got->outputs.at("logits"));
  EXPECT_LE(error, 0.05 * most);
  EXPECT_GT(error, 0);
}

TEST_F(QuantizeTest, WrapsEachValueOnceAndStoresBytes) {
  const QuantizedNetwork quantized = Quantized();
  // Nine layers read eight values: block2.conv1 and the projection share one.
  // Both operands of two additions: three are not yet wrapped.
  EXPECT_EQ(CountOps(quantized.graph, "quantize_linear"), 8 + 3);
  EXPECT_EQ(CountOps(quantized.graph, "dequantize_linear"), 8 + 3 + 9);
  EXPECT_EQ(quantized.parameters.Find("stem.weights")->dtype(), DType::kS8);
  EXPECT_EQ(quantized.parameters.Find("stem.bias")->dtype(), DType::kF32);
  EXPECT_EQ(network_.parameters.Find("stem.weights")->dtype(), DType::kF32);
  const Cost dense = CostOf(network_.graph), small = CostOf(quantized.graph);
  EXPECT_EQ(small.macs, dense.macs);
  EXPECT_LT(small.bytes, dense.bytes);
  // Roles look through the dequantization.
  EXPECT_EQ(PrunableParameters(quantized.graph).size(), 9u);
}

TEST_F(QuantizeTest, LayersLeftOutStayFloat) {
  options_.weight_scales.erase("stem.weights");
  options_.weight_scales.erase("head.weights");
  options_.residual_adds = false;
  options_.activations.erase("image");
  const QuantizedNetwork quantized = Quantized();
  EXPECT_EQ(quantized.parameters.Find("head.weights")->dtype(), DType::kF32);
  const ValueId image = quantized.graph.FindValue("image");
  const std::vector<NodeId> readers = quantized.graph.Consumers(image);
  ASSERT_EQ(readers.size(), 1u);
  EXPECT_EQ(quantized.graph.node(readers[0]).op, "conv2d");
  EXPECT_EQ(CountOps(quantized.graph, "quantize_linear"), 6);
}

TEST_F(QuantizeTest, ScalesPerTensorAreScalars) {
  for (auto& [name, scales] : options_.weight_scales) {
    scales = WeightScales(*network_.parameters.Find(name), false);
  }
  const QuantizedNetwork quantized = Quantized();
  EXPECT_EQ(
      quantized.graph.shape(quantized.graph.FindValue("stem.weights.scale")),
      Shape{});
  EXPECT_TRUE(Evaluate(quantized.graph, n_.Feeds(), quantized.parameters).ok());
}

TEST_F(QuantizeTest, WhatIsMissingOrWrongIsNamed) {
  const QuantizeOptions whole = options_;
  options_.activations.erase("image");
  EXPECT_EQ(Error(), "quantize 'stem': no range for its source 'image'");

  options_ = whole;
  options_.activations["image"] = {2, 1};
  EXPECT_EQ(Error(),
            "range of 'image': expected finite low <= high, got [2, 1]");

  options_ = whole;
  options_.weight_scales["typo.weights"] = Tensor::From<float>({}, {1});
  EXPECT_EQ(Error(),
            "weight scales of 'typo.weights': expected an f32 parameter");

  options_ = whole;
  options_.weight_scales["stem.bias"] = Tensor::From<float>({}, {1});
  EXPECT_EQ(Error(),
            "weight scales of 'stem.bias': expected the weights of conv2d and "
            "linear alone");

  options_ = whole;
  options_.weight_scales["stem.weights"] = Tensor::From<float>({2}, {1, 1});
  EXPECT_EQ(Error(),
            "weight scales of 'stem.weights': expected f32[] or f32[6], got "
            "f32[2]");

  options_ = whole;
  options_.weight_scales["stem.weights"] = Tensor::From<float>({}, {0});
  EXPECT_THAT(Error(), HasSubstr("expected positive numbers, got 0"));

  options_ = whole;
  network_.parameters.Erase("stem.weights");
  EXPECT_EQ(
      Quantize(network_.graph, network_.parameters, options_).status().code(),
      absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace assay

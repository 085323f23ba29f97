#include "harness/host/budget_rules.h"

#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

Footprint Dense() {
  Footprint dense;
  dense.prunable = {1, 1000, 1000, 32000};
  dense.macs = 5000;
  dense.weight_bits = dense.activation_bits = 32;
  dense.widest_weights = dense.widest_activations = "fc.weights";
  dense.parameter_bytes = 4000;
  return dense;
}

BudgetFinding Only(const BudgetLimits& limits, const Footprint& candidate) {
  const std::vector<BudgetFinding> findings =
      JudgeBudget(limits, Dense(), candidate);
  EXPECT_EQ(findings.size(), 1u);
  return findings.empty() ? BudgetFinding() : findings[0];
}

TEST(BudgetRulesTest, NothingAskedNothingJudged) {
  EXPECT_TRUE(JudgeBudget({}, Dense(), Dense()).empty());
}

TEST(BudgetRulesTest, SparsityIsOfTheDenseNetworksWeights) {
  BudgetLimits limits;
  limits.sparsity = 0.9;
  Footprint candidate = Dense();
  candidate.prunable.nonzeros = 100;
  const BudgetFinding met = Only(limits, candidate);
  EXPECT_EQ(met.quantity, "sparsity");
  EXPECT_TRUE(met.at_least);
  EXPECT_DOUBLE_EQ(met.reached, 0.9);
  EXPECT_TRUE(met.met);
  // Removed channels count: half the weights are gone, 1/10 of the rest is 0.
  candidate.prunable.weights = 500;
  candidate.prunable.nonzeros = 450;
  EXPECT_DOUBLE_EQ(Only(limits, candidate).reached, 0.55);
  EXPECT_FALSE(Only(limits, candidate).met);
  EXPECT_EQ(Only(limits, candidate).message,
            "expected a sparsity of at least 0.9, got 0.55 (450 of 1000 "
            "weights are left)");
}

TEST(BudgetRulesTest, OneWeightOfATensorIsGranted) {
  BudgetLimits limits;
  limits.sparsity = 0.9;
  Footprint candidate = Dense();
  candidate.prunable.nonzeros = 101;
  EXPECT_TRUE(Only(limits, candidate).met);
  candidate.prunable.nonzeros = 102;
  EXPECT_FALSE(Only(limits, candidate).met);
}

TEST(BudgetRulesTest, MacsBitsAndBytesAreUpperLimits) {
  BudgetLimits macs;
  macs.macs_fraction = 0.5;
  Footprint candidate = Dense();
  candidate.macs = 2500;
  EXPECT_TRUE(Only(macs, candidate).met);
  candidate.macs = 2501;
  EXPECT_FALSE(Only(macs, candidate).met);

  BudgetLimits bits;
  bits.weight_bits = bits.activation_bits = 8;
  candidate.weight_bits = 8;
  const auto findings = JudgeBudget(bits, Dense(), candidate);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(findings[0].met);
  EXPECT_FALSE(findings[1].met);
  EXPECT_EQ(findings[1].message,
            "layer fc.weights: expected at most 8 bits of activations, got 32");

  BudgetLimits bytes;
  bytes.bytes = 3999;
  EXPECT_FALSE(Only(bytes, Dense()).met);
}

TEST(BudgetRulesTest, FootprintIsReadFromTheNetwork) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("image", DType::kF32, {7, 4});
  const ValueId w = b.Parameter("fc.weights", DType::kF32, {3, 4});
  const ValueId bias = b.Parameter("fc.bias", DType::kF32, {3});
  b.Output("logits", b.Op("linear", {x, w, bias}));
  ParameterStore parameters;
  Tensor weights = Tensor::Zeros(DType::kF32, {3, 4});
  weights.data<float>()[5] = 1;
  parameters.Set("fc.weights", weights);
  parameters.Set("fc.bias", Tensor::Zeros(DType::kF32, {3}));
  auto footprint = FootprintOf(graph, &parameters);
  ASSERT_TRUE(footprint.ok()) << footprint.status();
  EXPECT_EQ(footprint->prunable.weights, 12);
  EXPECT_EQ(footprint->prunable.tensors, 1);
  EXPECT_EQ(footprint->prunable.nonzeros, 1);
  EXPECT_EQ(footprint->macs, 12);
  EXPECT_EQ(footprint->weight_bits, 32);
  EXPECT_EQ(footprint->widest_weights, "fc.weights");
  EXPECT_EQ(footprint->parameter_bytes, 48 + 12);
  EXPECT_EQ(FootprintOf(graph, nullptr)->prunable.nonzeros, 12);
  EXPECT_EQ(footprint->prunable.bits, 12 * 32);
}

}  // namespace
}  // namespace assay

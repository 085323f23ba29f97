#include "harness/host/score/budgets.h"

#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

Footprint Dense() {
  Footprint dense;
  dense.prunable = dense.prunable_nonzeros = 1000;
  dense.macs = 5000;
  dense.weight_bits = dense.activation_bits = 32;
  dense.parameter_bytes = 4000;
  return dense;
}

BudgetRecord Only(const Budget& budget, const Footprint& candidate) {
  const std::vector<BudgetRecord> records =
      CheckBudget(budget, Dense(), candidate);
  EXPECT_EQ(records.size(), 1u);
  return records.empty() ? BudgetRecord() : records[0];
}

TEST(BudgetsTest, NothingAskedNothingJudged) {
  EXPECT_TRUE(CheckBudget({}, Dense(), Dense()).empty());
}

TEST(BudgetsTest, SparsityIsOfTheDenseNetworksWeights) {
  Budget budget;
  budget.set_sparsity(0.9);
  Footprint candidate = Dense();
  candidate.prunable_nonzeros = 100;
  const BudgetRecord met = Only(budget, candidate);
  EXPECT_EQ(met.quantity(), "sparsity");
  EXPECT_DOUBLE_EQ(met.reached(), 0.9);
  EXPECT_TRUE(met.met());
  // Removed channels count: half the weights are gone, 1/10 of the rest is 0.
  candidate.prunable = 500;
  candidate.prunable_nonzeros = 450;
  EXPECT_DOUBLE_EQ(Only(budget, candidate).reached(), 0.55);
  EXPECT_FALSE(Only(budget, candidate).met());
}

TEST(BudgetsTest, OneWeightIsGranted) {
  Budget budget;
  budget.set_sparsity(0.9);
  Footprint candidate = Dense();
  candidate.prunable_nonzeros = 101;
  EXPECT_TRUE(Only(budget, candidate).met());
  candidate.prunable_nonzeros = 102;
  EXPECT_FALSE(Only(budget, candidate).met());
}

TEST(BudgetsTest, MacsBitsAndBytesAreUpperLimits) {
  Budget budget;
  budget.set_macs_fraction(0.5);
  Footprint candidate = Dense();
  candidate.macs = 2500;
  EXPECT_TRUE(Only(budget, candidate).met());
  candidate.macs = 2501;
  EXPECT_FALSE(Only(budget, candidate).met());

  Budget bits;
  bits.set_weight_bits(8);
  bits.set_activation_bits(8);
  candidate.weight_bits = 8;
  const auto records = CheckBudget(bits, Dense(), candidate);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0].met());
  EXPECT_FALSE(records[1].met());

  Budget bytes;
  bytes.set_bytes(3999);
  EXPECT_FALSE(Only(bytes, Dense()).met());
}

TEST(BudgetsTest, FootprintIsReadFromTheNetwork) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("image", DType::kF32, {7, 4});
  const ValueId w = b.Parameter("fc.weights", DType::kF32, {3, 4});
  b.Output("logits", b.Op("linear", {x, w}));
  ParameterStore parameters;
  Tensor weights = Tensor::Zeros(DType::kF32, {3, 4});
  weights.data<float>()[5] = 1;
  parameters.Set("fc.weights", weights);
  auto footprint = FootprintOf(graph, parameters);
  ASSERT_TRUE(footprint.ok()) << footprint.status();
  EXPECT_EQ(footprint->prunable, 12);
  EXPECT_EQ(footprint->prunable_nonzeros, 1);
  EXPECT_EQ(footprint->macs, 12);
  EXPECT_EQ(footprint->weight_bits, 32);
  EXPECT_EQ(footprint->parameter_bytes, 48);
}

}  // namespace
}  // namespace assay

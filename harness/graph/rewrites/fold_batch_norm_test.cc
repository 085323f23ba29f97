#include "harness/graph/rewrites/fold_batch_norm.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/reference.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

int64_t CountOps(const Graph& graph, absl::string_view op) {
  int64_t count = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    count += graph.node(id).op == op;
  }
  return count;
}

FoldedNetwork Folded(NetworkBuilder& n) {
  auto folded = FoldBatchNorm(n.graph(), n.store());
  EXPECT_TRUE(folded.ok()) << folded.status();
  EXPECT_TRUE(Verify(folded->graph).ok()) << Verify(folded->graph);
  const auto want = Evaluate(n.graph(), n.Feeds(), n.store());
  const auto got = Evaluate(folded->graph, n.Feeds(), folded->parameters);
  EXPECT_TRUE(want.ok() && got.ok()) << want.status() << got.status();
  EXPECT_LE(
      MaxDifference(want->outputs.at("logits"), got->outputs.at("logits")),
      1e-12);
  return *std::move(folded);
}

TEST(FoldBatchNormTest, ResidualNetworksLoseEveryNorm) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  const ParameterStore before = n.store().Clone();
  const FoldedNetwork folded = Folded(n);
  EXPECT_EQ(CountOps(n.graph(), "batch_norm"), 8);
  EXPECT_EQ(CountOps(folded.graph, "batch_norm"), 0);
  // Eight convolutions and the head, each with weights and bias, no more.
  EXPECT_EQ(folded.graph.parameters().size(), 18u);
  EXPECT_EQ(folded.parameters.size(), 18u);
  EXPECT_TRUE(folded.parameters.Has("stem.bias"));
  for (const auto& [name, tensor] : before.values()) {
    EXPECT_TRUE(BitEqual(tensor, *n.store().Find(name))) << name;
  }
}

TEST(FoldBatchNormTest, AnExistingBiasIsFoldedToo) {
  NetworkBuilder n;
  const ValueId x = n.Input("x", {2, 3, 4, 4});
  n.Done(n.BatchNorm("bn", n.Conv("conv", x, 5, 3, 1, 1, true)));
  EXPECT_EQ(Folded(n).parameters.size(), 2u);
}

TEST(FoldBatchNormTest, LinearLayersOfRankTwoFold) {
  NetworkBuilder n;
  n.Done(n.BatchNorm("bn", n.Linear("fc", n.Input("x", {4, 3}), 6)));
  EXPECT_EQ(CountOps(Folded(n).graph, "batch_norm"), 0);
}

TEST(FoldBatchNormTest, TransposedConvolutionsFoldByGroup) {
  for (const int64_t groups : {1, 2}) {
    NetworkBuilder n;
    const ValueId up = n.b().Op(
        "conv_transpose2d",
        {n.Input("x", {2, 4, 3, 3}), n.Parameter("up.weights", {4, 3, 2, 2})},
        {{"strides", std::vector<int64_t>{2, 2}}, {"groups", groups}});
    n.Done(n.BatchNorm("bn", up));
    const FoldedNetwork folded = Folded(n);
    EXPECT_EQ(CountOps(folded.graph, "batch_norm"), 0);
    EXPECT_EQ(folded.parameters.Find("up.bias")->size(), 3 * groups);
  }
}

TEST(FoldBatchNormTest, ASecondReaderKeepsTheNorm) {
  NetworkBuilder n;
  const ValueId conv = n.Conv("conv", n.Input("x", {2, 3, 4, 4}), 5, 3);
  n.Done(n.b().Add(n.BatchNorm("bn", conv), conv));
  EXPECT_EQ(CountOps(Folded(n).graph, "batch_norm"), 1);
}

TEST(FoldBatchNormTest, AnOutputKeepsTheNorm) {
  NetworkBuilder n;
  const ValueId conv = n.Conv("conv", n.Input("x", {2, 3, 4, 4}), 5, 3);
  n.b().Output("features", conv);
  n.Done(n.BatchNorm("bn", conv));
  EXPECT_EQ(CountOps(Folded(n).graph, "batch_norm"), 1);
}

TEST(FoldBatchNormTest, SharedWeightsKeepTheNorm) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Input("x", {2, 3, 4, 4});
  const ValueId first = n.BatchNorm("bn", n.Conv("conv", x, 3, 1));
  n.Done(b.Op("conv2d", {first, n.graph().FindValue("conv.weights")}));
  EXPECT_EQ(CountOps(Folded(n).graph, "batch_norm"), 1);
}

TEST(FoldBatchNormTest, ATakenBiasNameIsNotReused) {
  NetworkBuilder n;
  const ValueId conv = n.Conv("conv", n.Input("x", {2, 3, 4, 4}), 5, 3);
  const ValueId other = n.Parameter("conv.bias", {5, 4, 4});
  n.Done(n.b().Mul(n.BatchNorm("bn", conv), other));
  EXPECT_TRUE(Folded(n).parameters.Has("conv.bias_folded"));
}

TEST(FoldBatchNormTest, AnAbsentParameterIsNamed) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 1);
  n.store().Erase("stem.bn.mean");
  const auto folded = FoldBatchNorm(n.graph(), n.store());
  EXPECT_EQ(folded.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(folded.status().message()),
              testing::HasSubstr("'stem.bn.mean'"));
}

}  // namespace
}  // namespace assay

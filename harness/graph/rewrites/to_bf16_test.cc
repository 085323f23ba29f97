#include "harness/graph/rewrites/to_bf16.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/roles.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

constexpr DType kBF16 = DType::kBF16;
constexpr DType kF32 = DType::kF32;

Graph Mixed(const Graph& graph) {
  auto mixed = ToBf16(graph);
  EXPECT_TRUE(mixed.ok()) << mixed.status();
  EXPECT_TRUE(Verify(*mixed).ok()) << Verify(*mixed);
  return *std::move(mixed);
}

TEST(ToBf16Test, MultipliesInBf16AndKeepsTheSignature) {
  NetworkBuilder n(kF32);
  BuildResidualNetwork(n, 2);
  const Graph graph = Mixed(n.graph());
  ASSERT_EQ(graph.parameters().size(), n.graph().parameters().size());
  for (const ValueId id : graph.parameters()) {
    EXPECT_EQ(graph.type(id).dtype, kF32) << graph.value(id).name;
  }
  EXPECT_EQ(graph.type(graph.FindOutput("logits")).dtype, kF32);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    const Value& result = graph.value(node.outputs[0]);
    if (node.op == "conv2d" || node.op == "linear" || node.op == "relu" ||
        node.op == "add" || node.op == "batch_norm") {
      EXPECT_EQ(result.type.dtype, kBF16) << result.name;
    }
    if (node.op == "batch_norm") {
      EXPECT_EQ(graph.type(node.inputs[1]).dtype, kF32) << result.name;
    }
  }
}

TEST(ToBf16Test, EachValueIsCastOnce) {
  NetworkBuilder n(kF32);
  BuildResidualNetwork(n, 2);
  const Graph graph = Mixed(n.graph());
  int casts = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    casts += graph.node(id).op == "cast";
  }
  // The image, nine weights, the head's bias, and the logits back.
  EXPECT_EQ(casts, 1 + 9 + 1 + 1);
}

TEST(ToBf16Test, IsCloseToF32) {
  NetworkBuilder n(kF32);
  BuildResidualNetwork(n, 2);
  const auto want = Evaluate(n.graph(), n.Feeds(), n.store());
  const auto got = Evaluate(Mixed(n.graph()), n.Feeds(), n.store());
  ASSERT_TRUE(want.ok() && got.ok()) << want.status() << got.status();
  const Tensor& a = want->outputs.at("logits");
  double most = 0;
  for (const float x : a.span<float>()) {
    most = std::max(most, static_cast<double>(std::abs(x)));
  }
  // A few roundings of 2^-9 each on the way.
  const double error = MaxDifference(a, got->outputs.at("logits"));
  EXPECT_LE(error, 0.03 * most);
  EXPECT_GT(error, 0);
}

TEST(ToBf16Test, GradientsOfParametersAreF32) {
  NetworkBuilder n(kF32);
  BuildResidualNetwork(n, 4);
  auto training = ToTraining(n.graph());
  ASSERT_TRUE(training.ok()) << training.status();
  {
    GraphBuilder b(&*training);
    const ValueId labels = b.Input("labels", DType::kS32, {4});
    const ValueId loss = b.ReduceMean(
        b.Op("cross_entropy", {training->FindOutput("logits"), labels}), {0},
        false);
    b.Output("loss", loss);
    ASSERT_TRUE(b.ok()) << b.status();
  }
  Graph graph = Mixed(*training);
  const ValueId loss = graph.FindOutput("loss");
  EXPECT_EQ(graph.type(loss).dtype, kF32);
  const std::vector<ValueId> trainable = TrainableParameters(graph);
  EXPECT_EQ(trainable.size(), TrainableParameters(n.graph()).size());
  const auto gradients = AddGradients(&graph, loss, kNoValue, trainable);
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  for (size_t i = 0; i < trainable.size(); ++i) {
    const std::string& name = graph.value(trainable[i]).name;
    ASSERT_NE((*gradients)[i], kNoValue) << name;
    EXPECT_EQ(graph.type((*gradients)[i]), graph.type(trainable[i])) << name;
  }
  for (const Graph::Update& update : graph.updates()) {
    EXPECT_EQ(graph.type(update.value).dtype, kF32);
  }
  EXPECT_EQ(graph.updates().size(), 16u);
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph);
  auto feeds = n.Feeds();
  feeds["labels"] = Tensor::From<int32_t>({4}, {0, 1, 2, 3});
  const auto got = Evaluate(graph, feeds, n.store());
  EXPECT_TRUE(got.ok()) << got.status();
}

TEST(ToBf16Test, DoublePrecisionIsLeftAlone) {
  NetworkBuilder n(DType::kF64);
  BuildResidualNetwork(n, 2);
  const Graph graph = Mixed(n.graph());
  EXPECT_EQ(graph.node_count(), n.graph().node_count());
}

TEST(ToBf16Test, MixedActivationsMeetInF32) {
  NetworkBuilder n(kF32);
  const ValueId x = n.Input("x", {2, 4});
  n.Done(n.b().Add(n.Linear("fc", x, 4), x));
  const Graph graph = Mixed(n.graph());
  const ValueId sum = graph.FindOutput("logits");
  EXPECT_EQ(graph.node(graph.value(sum).producer).op, "add");
  EXPECT_EQ(graph.type(sum).dtype, kF32);
}

}  // namespace
}  // namespace assay

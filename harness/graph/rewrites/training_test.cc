#include "harness/graph/rewrites/training.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/roles.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

Evaluation Outcome(const Graph& graph,
                   const std::map<std::string, Tensor>& feeds,
                   const ParameterStore& store) {
  auto result = Evaluate(graph, feeds, store);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : Evaluation();
}

Graph Training(const Graph& graph, const TrainingOptions& options = {}) {
  auto training = ToTraining(graph, options);
  EXPECT_TRUE(training.ok()) << training.status();
  EXPECT_TRUE(Verify(*training).ok()) << Verify(*training);
  return *std::move(training);
}

// One batch norm over two channels, [4, 2]: values to check by eye.
struct Norm {
  NetworkBuilder n;
  std::map<std::string, Tensor> feeds;

  Norm() {
    n.Done(n.BatchNorm("bn", n.Input("x", {4, 2})));
    n.store().Set("bn.mean", Tensor::From<double>({2}, {10, 0}));
    n.store().Set("bn.variance", Tensor::From<double>({2}, {2, 1}));
    n.store().Set("bn.scale", Tensor::From<double>({2}, {1, 2}));
    n.store().Set("bn.shift", Tensor::From<double>({2}, {0, 3}));
    feeds["x"] = Tensor::From<double>({4, 2}, {1, 5, 2, 5, 3, 5, 6, 5});
  }
};

TEST(TrainingTest, RunningStatisticsMoveAsPyTorchsDo) {
  Norm norm;
  const Evaluation got =
      Outcome(Training(norm.n.graph()), norm.feeds, norm.n.store());
  // Channel 0: mean 3, sum of squares 14: biased 3.5, unbiased 14 / 3.
  const double* mean = got.updates.Find("bn.mean")->data<double>();
  const double* variance = got.updates.Find("bn.variance")->data<double>();
  EXPECT_DOUBLE_EQ(mean[0], 0.9 * 10 + 0.1 * 3);
  EXPECT_DOUBLE_EQ(mean[1], 0.1 * 5);
  EXPECT_DOUBLE_EQ(variance[0], 0.9 * 2 + 0.1 * 14 / 3);
  EXPECT_DOUBLE_EQ(variance[1], 0.9);
  const double* y = got.outputs.at("logits").data<double>();
  EXPECT_NEAR(y[0], (1 - 3) / std::sqrt(3.5 + 1e-5), 1e-12);
  EXPECT_NEAR(y[1], 3, 1e-12);
}

TEST(TrainingTest, BatchModeUpdatesNothing) {
  Norm norm;
  const Graph graph =
      Training(norm.n.graph(), {.batch_norm = BatchNormMode::kBatch});
  EXPECT_TRUE(graph.updates().empty());
  const Evaluation got = Outcome(graph, norm.feeds, norm.n.store());
  EXPECT_NEAR(got.outputs.at("logits").data<double>()[0],
              (1 - 3) / std::sqrt(3.5 + 1e-5), 1e-12);
}

TEST(TrainingTest, FrozenModeIsInference) {
  Norm norm;
  const Graph graph =
      Training(norm.n.graph(), {.batch_norm = BatchNormMode::kFrozen});
  const Evaluation got = Outcome(graph, norm.feeds, norm.n.store());
  const Evaluation want = Outcome(norm.n.graph(), norm.feeds, norm.n.store());
  EXPECT_TRUE(BitEqual(got.outputs.at("logits"), want.outputs.at("logits")));
}

TEST(TrainingTest, MomentumIsTheBatchsWeight) {
  Norm norm;
  const Evaluation got = Outcome(Training(norm.n.graph(), {.momentum = 1}),
                                 norm.feeds, norm.n.store());
  EXPECT_DOUBLE_EQ(got.updates.Find("bn.mean")->data<double>()[0], 3);
}

TEST(TrainingTest, ASharedNormIsUpdatedByEachUse) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Input("x", {2, 1});
  const ValueId once = n.BatchNorm("bn", x);
  const ValueId twice =
      b.Op("batch_norm",
           {b.Scale(x, 2), n.graph().FindValue("bn.scale"),
            n.graph().FindValue("bn.shift"), n.graph().FindValue("bn.mean"),
            n.graph().FindValue("bn.variance")});
  n.Done(b.Add(once, twice));
  n.store().Set("bn.mean", Tensor::From<double>({1}, {0}));
  const Graph graph = Training(n.graph(), {.momentum = 0.5});
  EXPECT_EQ(graph.updates().size(), 2u);
  const Evaluation got =
      Outcome(graph, {{"x", Tensor::From<double>({2, 1}, {0, 8})}}, n.store());
  // 0 -> (0 + 4) / 2 -> (2 + 8) / 2.
  EXPECT_DOUBLE_EQ(got.updates.Find("bn.mean")->data<double>()[0], 5);
}

TEST(TrainingTest, OneValuePerChannelIsRefused) {
  NetworkBuilder n;
  n.Done(n.BatchNorm("bn", n.Input("x", {1, 3})));
  EXPECT_EQ(ToTraining(n.graph()).status().message(),
            "batch_norm 'bn': expected more than one value per channel to "
            "train on, got f64[1,3]");
  EXPECT_TRUE(
      ToTraining(n.graph(), {.batch_norm = BatchNormMode::kBatch}).ok());
}

TEST(TrainingTest, GradientsOfTheTrainingFormAgreeWithDifferences) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  Graph graph = Training(n.graph());
  GraphBuilder b(&graph);
  const ValueId logits = graph.FindOutput("logits");
  const ValueId loss = b.ReduceSum(b.Mul(logits, logits), {0, 1}, false);
  b.Output("loss", loss);
  const std::vector<ValueId> trainable = TrainableParameters(n.graph());
  std::vector<ValueId> sources;
  for (const ValueId id : trainable) {
    sources.push_back(graph.FindValue(n.graph().value(id).name));
  }
  const auto gradients = AddGradients(&graph, loss, kNoValue, sources);
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  for (size_t i = 0; i < sources.size(); ++i) {
    ASSERT_NE((*gradients)[i], kNoValue);
    b.Output(graph.value(sources[i]).name, (*gradients)[i]);
  }
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph);
  const auto feeds = n.Feeds();
  const Evaluation at = Outcome(graph, feeds, n.store());
  for (const ValueId source : sources) {
    const std::string& name = graph.value(source).name;
    double& element = n.store().Find(name)->data<double>()[1];
    const double kept = element, h = 1e-6;
    const auto loss_at = [&](double value) {
      element = value;
      return Outcome(graph, feeds, n.store())
          .outputs.at("loss")
          .data<double>()[0];
    };
    const double slope = (loss_at(kept + h) - loss_at(kept - h)) / (2 * h);
    element = kept;
    EXPECT_NEAR(at.outputs.at(name).data<double>()[1], slope,
                1e-4 * (1 + std::abs(slope)))
        << name;
  }
}

// Hessian-vector products of a whole network: the gradient of <gradient, v>.
TEST(TrainingTest, GradientsDifferentiateAgain) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  Graph graph = Training(n.graph(), {.batch_norm = BatchNormMode::kBatch});
  GraphBuilder b(&graph);
  const ValueId labels = b.Input("labels", DType::kS32, {2});
  const ValueId loss = b.ReduceMean(
      b.Op("cross_entropy", {graph.FindOutput("logits"), labels}), {0}, false);
  ASSERT_TRUE(b.ok()) << b.status();
  const std::vector<ValueId> weights = PrunableParameters(graph);
  const auto first = AddGradients(&graph, loss, kNoValue, weights);
  ASSERT_TRUE(first.ok()) << first.status();
  ValueId slope = b.Scalar(DType::kF64, 0);
  for (size_t i = 0; i < weights.size(); ++i) {
    const Shape& shape = graph.shape(weights[i]);
    const ValueId v = b.Constant(
        RandomTensor(DType::kF64, shape, graph.value(weights[i]).name + ".v"));
    std::vector<int64_t> axes;
    for (size_t k = 0; k < shape.size(); ++k) {
      axes.push_back(static_cast<int64_t>(k));
    }
    slope = b.Add(slope, b.ReduceSum(b.Mul((*first)[i], v), axes, false));
  }
  b.Output("slope", slope);
  const auto second = AddGradients(&graph, slope, kNoValue, weights);
  ASSERT_TRUE(second.ok()) << second.status();
  for (size_t i = 0; i < weights.size(); ++i) {
    b.Output(graph.value(weights[i]).name, (*second)[i]);
  }
  ASSERT_TRUE(b.ok()) << b.status();
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph);

  auto feeds = n.Feeds();
  feeds["labels"] = Tensor::From<int32_t>({2}, {1, 4});
  const Evaluation at = Outcome(graph, feeds, n.store());
  for (const ValueId weight : weights) {
    const std::string& name = graph.value(weight).name;
    double& element = n.store().Find(name)->data<double>()[2];
    const double kept = element, h = 1e-6;
    const auto slope_at = [&](double value) {
      element = value;
      const Evaluation got = Outcome(graph, feeds, n.store());
      return *got.outputs.at("slope").data<double>();
    };
    const double want = (slope_at(kept + h) - slope_at(kept - h)) / (2 * h);
    element = kept;
    EXPECT_NEAR(at.outputs.at(name).data<double>()[2], want,
                1e-4 * (1 + std::abs(want)))
        << name;
  }
}

// Dropout over 40,000 ones.
struct Dropping {
  NetworkBuilder n{DType::kF32};
  std::map<std::string, Tensor> feeds;

  explicit Dropping(double rate) {
    n.Done(n.b().Op("dropout", {n.Input("x", {4, 10000})}, {{"rate", rate}},
                    "drop"));
    feeds["x"] = Tensor(DType::kF32, {4, 10000});
    for (float& x : feeds["x"].span<float>()) x = 1;
    Step(1);
  }
  void Step(int64_t step) { feeds["step"] = Tensor::From<int64_t>({}, {step}); }
  Tensor Drop(uint64_t seed) {
    return Outcome(Training(n.graph(), {.dropout_seed = seed}), feeds, {})
        .outputs.at("logits");
  }
};

TEST(TrainingTest, DropoutKeepsTheExpectation) {
  Dropping d(0.25);
  const Tensor y = d.Drop(1);
  int64_t dropped = 0;
  for (const float v : y.span<float>()) {
    EXPECT_TRUE(v == 0 || v == 1 / 0.75f) << v;
    dropped += v == 0;
  }
  // Five standard deviations of a binomial.
  EXPECT_NEAR(static_cast<double>(dropped), 10000, 5 * std::sqrt(7500));
}

TEST(TrainingTest, DropoutFollowsStepAndSeed) {
  Dropping d(0.5);
  const Tensor first = d.Drop(1);
  EXPECT_TRUE(BitEqual(d.Drop(1), first));
  EXPECT_FALSE(BitEqual(d.Drop(2), first));
  d.Step(2);
  EXPECT_FALSE(BitEqual(d.Drop(1), first));
}

TEST(TrainingTest, DropoutCanStayTheIdentity) {
  Dropping d(0.5);
  const Graph graph = Training(d.n.graph(), {.dropout = false});
  EXPECT_EQ(graph.FindValue("step"), kNoValue);
  const Graph none = Training(Dropping(0).n.graph());
  EXPECT_EQ(none.node_count(), 0);
}

TEST(TrainingTest, AStepThatIsNoStepIsRefused) {
  NetworkBuilder n(DType::kF32);
  const ValueId step = n.Input("step", {4});
  n.Done(n.b().Op("dropout", {step}, {{"rate", 0.5}}));
  EXPECT_THAT(std::string(ToTraining(n.graph()).status().message()),
              HasSubstr("'step': expected an input of s64[], got f32[4]"));
}

}  // namespace
}  // namespace assay

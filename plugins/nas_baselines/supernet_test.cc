// The supernet over a tiny run, through the SDK.
#include "plugins/nas_baselines/supernet.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "harness/host/services/testing/tiny_run.h"

namespace assay::nas_baselines {
namespace {

#define ASSERT_OK(expr)                             \
  do {                                              \
    const sdk::Status status_ = (expr);             \
    ASSERT_TRUE(status_.ok()) << status_.message(); \
  } while (false)
#define ASSERT_OK_ASSIGN(lhs, expr) \
  ASSERT_OK_ASSIGN_(ASSAY_SDK_CONCAT_(assay_or_, __LINE__), lhs, expr)
#define ASSERT_OK_ASSIGN_(or_, lhs, expr)          \
  auto or_ = (expr);                               \
  ASSERT_TRUE(or_.ok()) << or_.status().message(); \
  lhs = *std::move(or_)

TEST(LearningRateTest, WarmsUpAndFallsToZero) {
  SupernetOptions options;
  options.steps = 100;
  options.warmup = 0.1;
  options.learning_rate = 1;
  EXPECT_DOUBLE_EQ(LearningRate(options, 0), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(options, 4), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(options, 10), 1);
  EXPECT_NEAR(LearningRate(options, 55), 0.5, 1e-12);
  EXPECT_LT(LearningRate(options, 99), 0.001);
  EXPECT_DOUBLE_EQ(LearningRate({.steps = 1, .learning_rate = 1}, 0), 1);
}

class SupernetTest : public ::testing::Test {
 protected:
  SupernetTest()
      : run_(tiny_.Enter(), TinyRun::find(), sdk::Config()),
        architectures_(Family::kCnn, 2, 4) {}

  TinyRun tiny_;
  sdk::Run run_;
  Architectures architectures_;
};

TEST_F(SupernetTest, ExtractsTheFirstChannelsAndTheMiddleOfKernels) {
  ASSERT_OK_ASSIGN(const Supernet supernet,
                   Supernet::Make(run_, architectures_));
  ASSERT_OK_ASSIGN(const Network small,
                   supernet.Extract(architectures_.space().Smallest()));
  const std::string name = "stage1.block1.conv.weights";
  ASSERT_OK_ASSIGN(const auto all, supernet.parameters().Floats(name));
  ASSERT_OK_ASSIGN(const auto part, small.set.Floats(name));
  ASSERT_EQ(all.size(), 4u * 4 * 5 * 5);
  ASSERT_EQ(part.size(), 2u * 2 * 3 * 3);
  EXPECT_EQ(part[0], all[5 + 1]);          // [0,0,1,1]
  EXPECT_EQ(part[35], all[125 + 15 + 3]);  // [1,1,3,3]
  EXPECT_FALSE(small.set.Has("stage1.block2.conv.weights"));
  ASSERT_OK_ASSIGN(const auto variance, small.set.Floats("stem.bn.variance"));
  EXPECT_EQ(variance[0], 1.0f);
  ASSERT_OK_ASSIGN(const auto scale,
                   supernet.parameters().Floats("stage1.block2.bn.scale"));
  EXPECT_EQ(scale[0], 0.0f);  // residual blocks begin as the identity
}

TEST_F(SupernetTest, TrainingLowersTheLossAndIsDeterministic) {
  SupernetOptions options;
  options.steps = 10;
  options.passes = 3;
  options.learning_rate = 0.05;
  float first[2];
  for (float& value : first) {
    TinyRun tiny;
    sdk::Run run(tiny.Enter(), TinyRun::find(), sdk::Config());
    ASSERT_OK_ASSIGN(Supernet supernet, Supernet::Make(run, architectures_));
    ASSERT_OK(supernet.Train(options));
    const auto& losses = tiny.sink().metrics.at("supernet/loss");
    ASSERT_EQ(losses.size(), 10u);
    EXPECT_LT(losses.back(), losses.front());
    ASSERT_OK_ASSIGN(const auto weights,
                     supernet.parameters().Floats("head.weights"));
    value = weights[0];
    EXPECT_FALSE(supernet.parameters().Has("nas/teacher"));
  }
  EXPECT_EQ(first[0], first[1]);
}

TEST_F(SupernetTest, SlicesComputeWhatTheExtractedNetworkComputes) {
  ASSERT_OK_ASSIGN(const Supernet supernet,
                   Supernet::Make(run_, architectures_));
  const Choice x = architectures_.space().Smallest();
  ASSERT_OK_ASSIGN(const Network small, supernet.Extract(x));
  ASSERT_OK_ASSIGN(
      const sdk::Graph largest,
      InferenceGraph(run_, Family::kCnn,
                     architectures_.Blocks(architectures_.space().Largest())));
  ASSERT_OK_ASSIGN(sdk::Graph sliced, run_.NewGraph("sliced"));
  sliced.Output("logits", SubnetLogits(run_.task(), Family::kCnn,
                                       architectures_.Blocks(x),
                                       ShapesOf(largest), 16, &sliced));
  ASSERT_OK(sliced.status());
  ASSERT_OK_ASSIGN(sdk::Graph dense,
                   run_.ToTraining(small.graph, sdk::BatchNorm::kBatch));
  ASSERT_OK_ASSIGN(dense, run_.Rebatch(dense, 16));
  ASSERT_OK_ASSIGN(sdk::Variables all,
                   run_.NewVariables(supernet.parameters()));
  ASSERT_OK_ASSIGN(sdk::Variables own, run_.NewVariables(small.set));
  ASSERT_OK_ASSIGN(sdk::Program a, all.Compile(sliced));
  ASSERT_OK_ASSIGN(sdk::Program b, own.Compile(dense));
  ASSERT_OK_ASSIGN(const sdk::PartRef train, run_.Whole(sdk::Split::kTrain));
  ASSERT_OK_ASSIGN(sdk::Batches batches, run_.Open(train, {}));
  ASSERT_OK_ASSIGN(const assay_batch* batch, batches.Next());
  ASSERT_OK(a.Feed(batch));
  ASSERT_OK(b.Feed(batch));
  ASSERT_OK(a.Run());
  ASSERT_OK(b.Run());
  ASSERT_OK_ASSIGN(const sdk::Tensor left, a.Fetch("logits"));
  ASSERT_OK_ASSIGN(const sdk::Tensor right, b.Fetch("logits"));
  for (size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left.values()[i], right.values()[i]);
  }
}

TEST_F(SupernetTest, TheSpaceFitsTheReferenceNetwork) {
  ASSERT_OK_ASSIGN(const Architectures fit, ArchitecturesFor(run_, 0));
  EXPECT_EQ(fit.family(), Family::kCnn);
  EXPECT_EQ(fit.space().ValueOf(fit.space().Largest(), 0), 4);
  ASSERT_OK_ASSIGN(const Architectures wide, ArchitecturesFor(run_, 16));
  EXPECT_EQ(wide.space().ValueOf(wide.space().Largest(), 0), 16);
}

TEST_F(SupernetTest, TdnnTakesFeaturesAndGivesLogits) {
  sdk::Task task = run_.task();
  task.sample_shape = {1, 20, 10};
  const Architectures tdnn(Family::kTdnn, 10, 8);
  FullShapes shapes;
  for (const Block& b : tdnn.Blocks(tdnn.space().Largest())) {
    shapes[b.name + ".conv.weights"] = {b.outputs, b.inputs, 1, b.kernel};
    shapes[b.name + ".bn.scale"] = shapes[b.name + ".bn.shift"] = {b.outputs};
  }
  shapes["head.mean.weights"] = shapes["head.deviation.weights"] = {4, 8};
  shapes["head.mean.bias"] = {4};
  for (const Choice& x : {tdnn.space().Smallest(), tdnn.space().Largest()}) {
    ASSERT_OK_ASSIGN(sdk::Graph graph, run_.NewGraph("tdnn"));
    const sdk::ValueId logits =
        SubnetLogits(task, Family::kTdnn, tdnn.Blocks(x), shapes, 6, &graph);
    ASSERT_OK(graph.status());
    EXPECT_EQ(graph.shape(logits), sdk::Shape({6, 4}));
  }
}

}  // namespace
}  // namespace assay::nas_baselines

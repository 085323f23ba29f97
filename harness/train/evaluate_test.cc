#include "harness/train/evaluate.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/train/loss.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(ScoresTest, SayWhatTheyCount) {
  Scores scores;
  scores.labels = {0, 1, 1, 2};
  scores.predictions = {0, 1, 0, 2};
  scores.total_nats = 8 * std::log(2.0);
  EXPECT_EQ(scores.correct(), 3);
  EXPECT_DOUBLE_EQ(scores.accuracy(), 0.75);
  EXPECT_DOUBLE_EQ(scores.bits_per_byte(), 2);
  EXPECT_DOUBLE_EQ(scores.word_perplexity(4), 4);
  EXPECT_THAT(scores.hits(), ElementsAre(1, 1, 0, 1));
  const std::vector<double> classes = scores.class_accuracy(4);
  EXPECT_DOUBLE_EQ(classes[0], 1);
  EXPECT_DOUBLE_EQ(classes[1], 0.5);
  EXPECT_TRUE(std::isnan(classes[3]));
}

// Three batches of two one-hot rows; the last row is padding.
class OneHots : public BatchSource {
 public:
  int64_t batch_size() const override { return 2; }
  int64_t batch_count() const override { return 3; }
  absl::StatusOr<Batch> Make(int64_t number) override {
    const int32_t second = number == 2 ? kIgnoredLabel : 1;
    return Batch{{{"image", Tensor::From<float>({2, 2}, {1, 0, 0, 1})},
                  {"labels", Tensor::From<int32_t>({2}, {0, second})}},
                 number == 2 ? 1 : 2};
  }
};

TEST(EvaluatorTest, ScoresWhatTheParametersAreNow) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("image", DType::kF32, {1, 2});
  b.Output("logits",
           b.Op("linear", {x, b.Parameter("w", DType::kF32, {2, 2})}));
  ASSERT_TRUE(b.ok()) << b.status();
  const auto device = MakeReferenceDevice();
  DeviceParameters parameters(device.get());
  OneHots source;
  const auto evaluator =
      Evaluator::Make(device.get(), graph, source.batch_size(), &parameters);
  ASSERT_TRUE(evaluator.ok()) << evaluator.status();
  const auto run = [&](std::vector<float> w) {
    EXPECT_TRUE(parameters.Set("w", Tensor::From<float>({2, 2}, w)).ok());
    const auto scores = (*evaluator)->Run(source, {});
    EXPECT_TRUE(scores.ok()) << scores.status();
    return *scores;
  };
  const Scores right = run({1, 0, 0, 1});
  EXPECT_EQ(right.count(), 5);
  EXPECT_DOUBLE_EQ(right.accuracy(), 1);
  EXPECT_NEAR(right.mean_loss(), std::log(1 + std::exp(-1.0)), 1e-6);
  EXPECT_DOUBLE_EQ(run({0, 1, 1, 0}).accuracy(), 0);
}

TEST(EvaluatorTest, StopsWhenAsked) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  b.Output("logits", b.Input("image", DType::kF32, {1, 2}));
  const auto device = MakeReferenceDevice();
  DeviceParameters parameters(device.get());
  const auto evaluator = Evaluator::Make(device.get(), graph, 2, &parameters);
  ASSERT_TRUE(evaluator.ok()) << evaluator.status();
  const std::atomic<bool> stop = true;
  OneHots source;
  Evaluator::Options options;
  options.stop = &stop;
  EXPECT_EQ((*evaluator)->Run(source, options).status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace assay

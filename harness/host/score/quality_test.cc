#include "harness/host/score/quality.h"

#include <memory>
#include <utility>

#include "datasets/array_dataset.h"
#include "gtest/gtest.h"
#include "harness/core/tensor.h"

namespace assay {
namespace {

std::unique_ptr<Task> ImageTask() {
  auto pool = std::make_shared<Pool>();
  pool->features = Tensor::Zeros(DType::kF32, {10, 1, 12, 12});
  pool->labels = Tensor::Zeros(DType::kS32, {10});
  DatasetSpec data;
  data.name = "zeros";
  data.sample_shape = {1, 12, 12};
  data.classes = 2;
  data.class_names = {"a", "b"};
  data.fingerprint = std::string(64, '0');
  TaskSpec spec;
  spec.id = "zeros-lenet5";
  spec.network = "lenet5";
  spec.mean = {0};
  spec.stddev = {1};
  spec.target = 0.75;
  spec.recipe.batch = 10;
  spec.recipe.epochs = 1;
  const Rows rows = AllRows(pool);
  auto task = Task::Make(spec, MakeArrayDataset(data, {rows, rows, rows}));
  EXPECT_TRUE(task.ok()) << task.status();
  return *std::move(task);
}

Scores FourAnswers(std::vector<int32_t> predictions) {
  Scores scores;
  scores.labels = {0, 0, 1, 1};
  scores.predictions = std::move(predictions);
  scores.nats = {0.1f, 0.1f, 0.1f, 0.1f};
  scores.total_nats = 0.4;
  return scores;
}

TEST(QualityTest, AccuracyHasClassesAnIntervalAndATarget) {
  const auto task = ImageTask();
  const QualityRecord record = MakeQualityRecord(
      *task, Split::kTest, FourAnswers({0, 0, 1, 0}), "f32", 20);
  EXPECT_EQ(record.split(), "test");
  EXPECT_EQ(record.metric(), "top1_accuracy");
  EXPECT_DOUBLE_EQ(record.value(), 0.75);
  EXPECT_EQ(record.count(), 4u);
  EXPECT_EQ(record.batch(), 20u);
  EXPECT_LT(record.interval().low(), 0.75);
  ASSERT_EQ(record.classes_size(), 2);
  EXPECT_DOUBLE_EQ(record.classes(0).value(), 1.0);
  EXPECT_DOUBLE_EQ(record.classes(1).value(), 0.5);
  EXPECT_TRUE(record.reached_target());
}

TEST(QualityTest, ComparesAnswersItemByItem) {
  const auto task = ImageTask();
  const Scores dense = FourAnswers({0, 0, 1, 0});
  const Scores candidate = FourAnswers({0, 1, 1, 1});
  auto comparison = CompareToDense(
      MakeQualityRecord(*task, Split::kTest, dense, "f32", 20), dense,
      MakeQualityRecord(*task, Split::kTest, candidate, "int8", 20), candidate);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  EXPECT_EQ(comparison->dense_right_candidate_wrong(), 1u);
  EXPECT_EQ(comparison->dense_wrong_candidate_right(), 1u);
  EXPECT_EQ(comparison->answers_changed(), 2u);
  EXPECT_EQ(comparison->precision(), "int8");
}

TEST(QualityTest, OtherSplitsDoNotPair) {
  const auto task = ImageTask();
  const Scores scores = FourAnswers({0, 0, 1, 1});
  EXPECT_FALSE(
      CompareToDense(
          MakeQualityRecord(*task, Split::kTest, scores, "f32", 20), scores,
          MakeQualityRecord(*task, Split::kValidation, scores, "f32", 20),
          scores)
          .ok());
}

}  // namespace
}  // namespace assay

#include "harness/host/score/twin_audit.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/array_dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/host/score/quality.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kItems = 400;

Rows SomeRows() {
  auto pool = std::make_shared<Pool>();
  pool->features = Tensor::Zeros(DType::kF32, {kItems, 1, 2, 2});
  pool->labels = Tensor::Zeros(DType::kS32, {kItems});
  return AllRows(std::move(pool));
}

std::unique_ptr<Task> SomeTask() {
  DatasetSpec data;
  data.name = "some";
  data.sample_shape = {1, 2, 2};
  data.classes = 2;
  data.fingerprint = std::string(64, '0');
  TaskSpec spec;
  spec.id = "some";
  spec.mean = {0};
  spec.stddev = {1};
  spec.recipe.batch = 10;
  spec.recipe.epochs = 1;
  auto task = Task::Make(
      spec, MakeArrayDataset(data, {SomeRows(), SomeRows(), SomeRows()}));
  EXPECT_TRUE(task.ok()) << task.status();
  return *std::move(task);
}

// Wrong on the first `wrong` items.
Scores Wrong(size_t wrong) {
  Scores scores;
  scores.labels.assign(kItems, 0);
  scores.predictions.assign(kItems, 0);
  for (size_t i = 0; i < wrong; ++i) scores.predictions[i] = 1;
  return scores;
}

AuditRecord Audit(size_t own, size_t twin,
                  const std::vector<std::string>& unmet = {}) {
  const std::unique_ptr<Task> task = SomeTask();
  CandidateRecord candidate;
  *candidate.add_quality() =
      MakeQualityRecord(*task, Split::kTest, Wrong(own), "f32", 20);
  auto audit = AuditTwin(*task, candidate, Wrong(own), Wrong(twin), unmet);
  EXPECT_TRUE(audit.ok()) << audit.status();
  return *std::move(audit);
}

TEST(TwinAuditTest, TheSameAnswersPass) {
  const AuditRecord audit = Audit(40, 40);
  EXPECT_EQ(audit.kind(), "renamed_twin");
  EXPECT_TRUE(audit.passed());
  EXPECT_EQ(audit.items(), static_cast<uint64_t>(kItems));
  EXPECT_EQ(audit.answers_changed(), 0u);
}

TEST(TwinAuditTest, AsMuchAsTwoSeedsDifferPasses) {
  EXPECT_TRUE(Audit(40, 48).passed());
  EXPECT_TRUE(Audit(40, 20).passed());  // better
}

TEST(TwinAuditTest, SurelyWorseThanTheLimitFails) {
  const AuditRecord audit = Audit(40, 100);
  EXPECT_FALSE(audit.passed());
  EXPECT_THAT(audit.detail(), HasSubstr("at most 0.03 worse than 0.9"));
  EXPECT_THAT(audit.detail(), HasSubstr("got 0.75"));
}

TEST(TwinAuditTest, ABudgetLostFails) {
  const AuditRecord audit = Audit(40, 40, {"sparsity"});
  EXPECT_FALSE(audit.passed());
  EXPECT_THAT(audit.detail(), HasSubstr("not met there: sparsity"));
}

TEST(TwinAuditTest, AnswersGoBackToTheirOwnClasses) {
  Scores scores;
  scores.labels = {0, 1, 2};
  scores.predictions = {2, 0, 1};  // class c is called order[c]
  const std::vector<int32_t> order = {2, 0, 1};
  EXPECT_THAT(InOwnClasses(scores, order).predictions, ElementsAre(0, 1, 2));
  EXPECT_THAT(InOwnClasses(scores, {}).predictions, ElementsAre(2, 0, 1));
}

}  // namespace
}  // namespace assay

#include "harness/tasks/fine_tune.h"

#include <memory>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/models/init.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Images of 8x8 whose brighter half tells the class.
class Halves : public Dataset {
 public:
  Halves() : Dataset(Spec()) {}
  void ForgetTest() override {}
  int64_t size(Split) const override { return 32; }

 private:
  static DatasetSpec Spec() {
    DatasetSpec spec;
    spec.sample_shape = {1, 8, 8};
    spec.classes = 2;
    spec.mean = {0};
    spec.stddev = {1};
    spec.fingerprint = "halves";
    return spec;
  }
  void Sample(Split split, int64_t index, void* features,
              int32_t* label) const override {
    float* image = static_cast<float*>(features);
    *label = static_cast<int32_t>(index % 2);
    for (int64_t i = 0; i < 64; ++i) {
      const int64_t noise =
          (i * 37 + index * 101) % 64 + static_cast<int64_t>(split);
      image[i] = static_cast<float>(noise) / 64;
      if ((i % 8 < 4) == (*label == 1)) image[i] += 1;
    }
  }
};

class FineTuneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TaskSpec spec;
    spec.id = "halves";
    spec.network = "lenet300";
    spec.evaluation_batch = 16;
    spec.recipe.batch = 8;
    spec.recipe.epochs = 1;
    spec.recipe.schedule.peak = 0.5;
    ASSERT_OK_AND_ASSIGN(task_, Task::Make(spec, std::make_unique<Halves>()));
    ASSERT_OK_AND_ASSIGN(const ReferenceGraph built,
                         task_->BuildNetwork(StandardOps(), 16));
    graph_ = std::make_unique<Graph>(built.graph);
    ASSERT_OK_AND_ASSIGN(parameters_,
                         Initialise(built.graph, built.initialisers, 3));
    options_.progress = false;
  }

  absl::StatusOr<FineTuned> Tune() {
    return FineTune(*task_, device_.get(), *graph_, parameters_, options_);
  }

  const std::unique_ptr<Device> device_ = MakeReferenceDevice();
  std::unique_ptr<Task> task_;
  std::unique_ptr<Graph> graph_;
  ParameterStore parameters_;
  FineTuneOptions options_;
};

TEST_F(FineTuneTest, LearnsAndSaysWhatItSpent) {
  options_.steps = 20;
  ASSERT_OK_AND_ASSIGN(const FineTuned tuned, Tune());
  EXPECT_EQ(tuned.steps, 20);
  EXPECT_EQ(tuned.samples, 160);
  EXPECT_GT(tuned.seconds, 0);
  EXPECT_EQ(tuned.validation_metric, 1.0);
  EXPECT_THAT(tuned.recipe, HasSubstr("cosine"));
  EXPECT_EQ(tuned.parameters.Names(), parameters_.Names());
}

TEST_F(FineTuneTest, RepeatsToTheBit) {
  options_.steps = 3;
  ASSERT_OK_AND_ASSIGN(const FineTuned a, Tune());
  ASSERT_OK_AND_ASSIGN(const FineTuned b, Tune());
  for (const auto& [name, value] : a.parameters.values()) {
    EXPECT_TRUE(BitEqual(value, *b.parameters.Find(name))) << name;
  }
}

TEST_F(FineTuneTest, NoStepsAreNoTraining) {
  options_.steps = 0;
  EXPECT_THAT(Tune().status().message(), HasSubstr("expected at least one"));
}

TEST_F(FineTuneTest, StopsWhenTold) {
  const std::atomic<bool> stop = true;
  options_.steps = 50;
  options_.stop = &stop;
  EXPECT_EQ(Tune().status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace assay

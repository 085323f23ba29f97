#include "harness/host/score/testing/small_task.h"

#include <string>
#include <utility>

#include "datasets/array_dataset.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

constexpr int64_t kClasses = 3;

Rows RandomRows(int64_t rows, uint64_t seed) {
  auto pool = std::make_shared<Pool>();
  pool->features = Tensor(DType::kF32, {rows, 1, 12, 12});
  pool->labels = Tensor(DType::kS32, {rows});
  RandomStream(seed, "images").FillUniform(pool->features.span<float>(), 0, 1);
  for (int64_t i = 0; i < rows; ++i) {
    pool->labels.data<int32_t>()[i] = static_cast<int32_t>(i % kClasses);
  }
  return AllRows(std::move(pool));
}

}  // namespace

std::unique_ptr<Task> MakeSmallTask(const SmallTaskSizes& sizes) {
  DatasetSpec data;
  data.name = "random";
  data.sample_shape = {1, 12, 12};
  data.classes = kClasses;
  data.class_names = {"a", "b", "c"};
  data.fingerprint = std::string(64, '0');
  TaskSpec spec;
  spec.id = "random-lenet5";
  spec.dataset = "random";
  spec.network = "lenet5";
  spec.mean = {0};
  spec.stddev = {1};
  spec.target = 0.5;
  spec.evaluation_batch = sizes.evaluation_batch;
  spec.recipe.batch = sizes.batch;
  spec.recipe.epochs = 1;
  auto task =
      Task::Make(spec, MakeArrayDataset(data, {RandomRows(sizes.train, 1),
                                               RandomRows(sizes.validation, 2),
                                               RandomRows(sizes.test, 3)}));
  EXPECT_TRUE(task.ok()) << task.status();
  return *std::move(task);
}

}  // namespace assay

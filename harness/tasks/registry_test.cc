#include "harness/tasks/registry.h"

#include <algorithm>
#include <set>

#include "datasets/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/models/registry.h"

namespace assay {
namespace {

TEST(TaskRegistryTest, IdsAreSortedAndUnique) {
  std::set<std::string> ids;
  for (const TaskSpec& spec : TaskSpecs()) {
    EXPECT_TRUE(ids.insert(spec.id).second) << spec.id;
  }
  EXPECT_TRUE(std::is_sorted(
      TaskSpecs().begin(), TaskSpecs().end(),
      [](const TaskSpec& a, const TaskSpec& b) { return a.id < b.id; }));
}

TEST(TaskRegistryTest, WhatTheyNameExists) {
  const std::vector<std::string> networks = ReferenceGraphNames();
  for (const TaskSpec& spec : TaskSpecs()) {
    SCOPED_TRACE(spec.id);
    EXPECT_FALSE(spec.summary.empty());
    EXPECT_EQ(std::count(networks.begin(), networks.end(), spec.network), 1);
    const auto dataset = FindDataset(spec.dataset);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_TRUE(
        ResolveOptions(spec.dataset, (*dataset)->options, spec.dataset_options)
            .ok());
  }
}

TEST(TaskRegistryTest, RecipesCanBeRun) {
  for (const TaskSpec& spec : TaskSpecs()) {
    SCOPED_TRACE(spec.id);
    EXPECT_NE(spec.recipe.epochs > 0, spec.recipe.steps > 0);
    EXPECT_GE(spec.recipe.batch, 1);
    EXPECT_GE(spec.evaluation_batch, 1);
    EXPECT_GE(spec.recipe.warmup, 0);
    EXPECT_LT(spec.recipe.warmup, 1);
    EXPECT_TRUE(Check(spec.recipe.schedule).ok());
    EXPECT_EQ(spec.mean.size(), spec.stddev.size());
    if (spec.metric == Metric::kAccuracy) {
      EXPECT_GT(spec.target, 0);
      EXPECT_LE(spec.target, 1);
    }
  }
}

TEST(TaskRegistryTest, UnknownIdsListTheKnown) {
  const auto status = FindTask("mnist-resnet1000").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("cifar10-resnet20"));
}

}  // namespace
}  // namespace assay

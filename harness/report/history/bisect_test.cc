#include "harness/report/history/bisect.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kCommits = {"a", "b", "c", "d", "e",
                                           "f", "g", "h", "i"};

TEST(BisectTest, HalvesUntilOneIsLeft) {
  // f made it slower.
  const auto measure = [](const std::string& commit) {
    return commit < "f" ? 100.0 : 112.0;
  };
  ValuesByCommit values = {{"a", {100, 101, 99}}, {"i", {111, 112}}};
  int steps = 0;
  for (;; ++steps) {
    const auto step = NextToMeasure(kCommits, values);
    ASSERT_TRUE(step.ok()) << step.status();
    if (step->next.empty()) {
      EXPECT_EQ(step->first_bad, "f");
      EXPECT_EQ(step->last_good, "e");
      EXPECT_EQ(step->suspects, 1u);
      break;
    }
    EXPECT_EQ(values.count(step->next), 0u);
    values[step->next] = {measure(step->next)};
  }
  EXPECT_EQ(steps, 3);  // of eight suspects
}

TEST(BisectTest, WhatWasMeasuredBeforeNarrowsIt) {
  const auto step = NextToMeasure(
      kCommits, {{"a", {1.0}}, {"c", {1.1}}, {"g", {1.9}}, {"i", {2.0}}});
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->last_good, "c");
  EXPECT_EQ(step->first_bad, "g");
  EXPECT_EQ(step->next, "e");
  EXPECT_EQ(step->suspects, 4u);
}

TEST(BisectTest, WhatWasMendedInBetweenIsNotTheCulprit) {
  const auto step = NextToMeasure(
      kCommits, {{"a", {1.0}}, {"c", {2.0}}, {"e", {1.0}}, {"i", {2.0}}});
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->last_good, "e");
  EXPECT_EQ(step->next, "g");
}

TEST(BisectTest, SkipsWhatCannotBeMeasured) {
  const ValuesByCommit ends = {{"a", {1.0}}, {"i", {2.0}}};
  auto step = NextToMeasure(kCommits, ends, {"e"});
  EXPECT_EQ(step->next, "d");
  step = NextToMeasure(kCommits, ends, {"d", "e", "f"});
  EXPECT_EQ(step->next, "c");
  const ValuesByCommit narrow = {{"c", {1.0}}, {"f", {2.0}}};
  step = NextToMeasure({"c", "d", "e", "f"}, narrow, {"d", "e"});
  EXPECT_EQ(step->next, "");
  EXPECT_EQ(step->suspects, 3u);
  EXPECT_EQ(step->skipped, (std::vector<std::string>{"d", "e"}));
}

TEST(BisectTest, BothEndsMustBeKnownAndDiffer) {
  EXPECT_THAT(
      std::string(NextToMeasure(kCommits, {{"a", {1.0}}}).status().message()),
      HasSubstr("commit i has not been measured"));
  EXPECT_EQ(
      NextToMeasure(kCommits, {{"a", {1.0}}, {"i", {1.0}}}).status().code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(NextToMeasure({"a"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace assay

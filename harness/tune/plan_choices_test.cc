#include "harness/tune/plan_choices.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PlanChoicesTest, ThreadsAreHalvedDownToOne) {
  EXPECT_THAT(PlanAlternatives({{}, 6, {}})[0].values,
              ElementsAre("6", "3", "1"));
  EXPECT_THAT(PlanAlternatives({{}, 1, {}})[0].values, ElementsAre("1"));
}

TEST(PlanChoicesTest, TheRulesChangeNothing) {
  const PlanSettings settings{{}, 4, CpuOptions()};
  ASSERT_OK_AND_ASSIGN(
      const PlanSettings same,
      WithChoices(settings, RulesOf(PlanAlternatives(settings))));
  EXPECT_EQ(same.threads, 4);
  EXPECT_EQ(same.cpu, CpuOptions());
  EXPECT_EQ(same.lowering.sparse_density, settings.lowering.sparse_density);
  EXPECT_TRUE(same.lowering.fuse && same.lowering.fuse_attention &&
              same.lowering.group_weights && same.lowering.fold_low_rank);
}

TEST(PlanChoicesTest, EachOtherValueChangesItsOption) {
  const PlanSettings settings{{}, 4, {}};
  Choices choices = RulesOf(PlanAlternatives(settings));
  choices = {{"threads", "1"},     {"sparse", "none"},
             {"fuse", "off"},      {"attention", "products"},
             {"low_rank", "kept"}, {"group_weights", "wide"}};
  ASSERT_OK_AND_ASSIGN(const PlanSettings other,
                       WithChoices(settings, choices));
  EXPECT_EQ(other.threads, 1);
  EXPECT_EQ(other.lowering.sparse_density, 0);
  EXPECT_FALSE(other.lowering.fuse || other.lowering.fuse_attention ||
               other.lowering.group_weights || other.lowering.fold_low_rank);
}

TEST(PlanChoicesTest, TheCpuHasWaysOfItsOwn) {
  const PlanSettings settings{{}, 4, CpuOptions()};
  const std::vector<Alternative> alternatives = PlanAlternatives(settings);
  const Choices rules = RulesOf(alternatives);
  for (const Alternative& alternative : alternatives) {
    for (size_t i = 1; i < alternative.values.size(); ++i) {
      SCOPED_TRACE(alternative.name + "=" + alternative.values[i]);
      Choices choices = rules;
      choices[alternative.name] = alternative.values[i];
      ASSERT_OK_AND_ASSIGN(const PlanSettings other,
                           WithChoices(settings, choices));
      const bool of_cpu =
          alternative.name == "strips" || alternative.name == "bands" ||
          alternative.name == "layout" || alternative.name == "algorithm" ||
          alternative.name == "winograd" || alternative.name == "depthwise" ||
          alternative.name == "weights";
      EXPECT_EQ(other.cpu != CpuOptions(), of_cpu);
    }
  }
  Choices choices = rules;
  choices["layout"] = "blocked";
  choices["strips"] = "4";
  ASSERT_OK_AND_ASSIGN(const PlanSettings other,
                       WithChoices(settings, choices));
  EXPECT_EQ(other.cpu->layout, ImageLayout::kBlocked);
  EXPECT_EQ(other.cpu->strip_samples, 4);
}

TEST(PlanChoicesTest, SaysWhatIsWrong) {
  const PlanSettings settings{{}, 2, {}};
  Choices choices = RulesOf(PlanAlternatives(settings));
  choices["threads"] = "3";
  EXPECT_THAT(WithChoices(settings, choices).status().message(),
              HasSubstr("'threads' to be one of 2, 1, got '3'"));
  choices["threads"] = "1";
  choices["speed"] = "high";
  EXPECT_FALSE(WithChoices(settings, choices).ok());
  choices.erase("speed");
  choices.erase("fuse");
  EXPECT_THAT(WithChoices(settings, choices).status().message(),
              HasSubstr("'fuse' to be one of on, off, got none"));
}

}  // namespace
}  // namespace assay

#include "harness/tune/tuner.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kMs = 1'000'000;

// Variants whose runs take the sum of what their values cost.
class FakeMaker final : public VariantMaker {
 public:
  FakeMaker(FakeClock* clock, std::map<std::string, int64_t> cost_ms)
      : clock_(clock), cost_ms_(std::move(cost_ms)) {}

  absl::StatusOr<std::unique_ptr<TunedVariant>> Make(
      const Choices& choices) override {
    std::string key;
    int64_t ms = 0;
    for (const auto& [name, value] : choices) {
      if (value == "absent") return absl::UnimplementedError("no such kernel");
      // "same" is another word for "rule".
      key += name + "=" + (value == "same" ? "rule" : value) + " ";
      const auto found = cost_ms_.find(name + "=" + value);
      ms += found == cost_ms_.end() ? 10 : found->second;
    }
    ++made_;
    return std::make_unique<Variant>(clock_, key, ms);
  }
  int made() const { return made_; }

 private:
  class Variant final : public TunedVariant {
   public:
    Variant(FakeClock* clock, std::string key, int64_t ms)
        : clock_(clock), key_(std::move(key)), ms_(ms) {}
    std::string Key() const override { return key_; }
    absl::Status Prepare() override { return absl::OkStatus(); }
    absl::Status Run() override {
      clock_->Advance(ms_ * kMs);
      return absl::OkStatus();
    }

   private:
    FakeClock* clock_;
    std::string key_;
    int64_t ms_;
  };

  FakeClock* clock_;
  std::map<std::string, int64_t> cost_ms_;
  int made_ = 0;
};

TEST(TunerTest, TakesWhatIsFasterAndKeepsTheRulesElsewhere) {
  FakeClock clock;
  FakeMaker maker(&clock, {{"a=fast", 5}, {"b=slow", 20}});
  const std::vector<Alternative> alternatives = {{"a", {"rule", "fast"}},
                                                 {"b", {"rule", "slow"}}};
  ASSERT_OK_AND_ASSIGN(const TuneResult result,
                       Tune(alternatives, maker, clock, {.seconds = 100}));
  EXPECT_EQ(result.choices, (Choices{{"a", "fast"}, {"b", "rule"}}));
  EXPECT_EQ(result.comparisons, 2);
  EXPECT_THAT(result.unmeasured, IsEmpty());
}

TEST(TunerTest, ASmallGainIsNone) {
  FakeClock clock;
  FakeMaker maker(&clock, {{"a=rule", 100}, {"a=little", 98}});
  ASSERT_OK_AND_ASSIGN(
      const TuneResult result,
      Tune({{{"a", {"rule", "little"}}}}, maker, clock, {.seconds = 100}));
  EXPECT_EQ(result.choices.at("a"), "rule");
}

TEST(TunerTest, WhatIsAbsentOrTheSameIsNotCompared) {
  FakeClock clock;
  FakeMaker maker(&clock, {});
  ASSERT_OK_AND_ASSIGN(
      const TuneResult result,
      Tune({{{"a", {"rule", "absent", "same"}}}}, maker, clock, {}));
  EXPECT_EQ(result.choices.at("a"), "rule");
  EXPECT_EQ(result.comparisons, 0);
}

TEST(TunerTest, EndsInTimeAndSaysWhatWasNotMeasured) {
  FakeClock clock;
  FakeMaker maker(&clock, {{"a=x", 9}, {"b=y", 1}});
  const std::vector<Alternative> alternatives = {{"a", {"rule", "x"}},
                                                 {"b", {"rule", "y"}}};
  ASSERT_OK_AND_ASSIGN(const TuneResult result,
                       Tune(alternatives, maker, clock, {.seconds = 0.2}));
  // One round at most beyond the limit: two variants of at most 20 ms.
  EXPECT_LE(result.seconds, 0.24);
  EXPECT_THAT(result.unmeasured, ElementsAre("b=y"));
  EXPECT_EQ(result.choices.at("b"), "rule");
}

TEST(TunerTest, NoTimeMeansTheRules) {
  FakeClock clock;
  FakeMaker maker(&clock, {{"a=x", 1}});
  ASSERT_OK_AND_ASSIGN(
      const TuneResult result,
      Tune({{{"a", {"rule", "x"}}}}, maker, clock, {.seconds = 0}));
  EXPECT_EQ(result.choices.at("a"), "rule");
  EXPECT_EQ(maker.made(), 1);
}

}  // namespace
}  // namespace assay

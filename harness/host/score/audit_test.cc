#include "harness/host/score/audit.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"
#include "harness/report/check.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Takes 1,000 ns for a sample, and `known_ns` for one that it has just answered
// or that `favourites` holds.
class Remembers final : public SystemUnderTest {
 public:
  Remembers(FakeClock* clock, int64_t known_ns, bool caches,
            std::vector<int64_t> favourites = {})
      : clock_(clock),
        known_ns_(known_ns),
        caches_(caches),
        favourites_(std::move(favourites)) {}

  absl::Status Answer(absl::Span<const int64_t> samples) override {
    for (const int64_t s : samples) {
      const bool known = (caches_ && s == last_) ||
                         std::count(favourites_.begin(), favourites_.end(), s);
      clock_->Advance(known ? known_ns_ : 1000);
      last_ = s;
    }
    return absl::OkStatus();
  }

 private:
  FakeClock* clock_;
  int64_t known_ns_;
  bool caches_;
  std::vector<int64_t> favourites_;
  int64_t last_ = -1;
};

std::map<std::string, AuditRecord> Timing(FakeClock* clock,
                                          SystemUnderTest* system,
                                          const ScenarioSettings& settings) {
  const auto records = AuditTiming(settings, system, *clock);
  EXPECT_TRUE(records.ok()) << records.status();
  std::map<std::string, AuditRecord> by_kind;
  for (const AuditRecord& record : *records) by_kind[record.kind()] = record;
  return by_kind;
}

ScenarioSettings Settings(int64_t samples) {
  ScenarioSettings settings;
  settings.data_samples = samples;
  settings.min_queries = 160;
  settings.warm_up_seconds = 0;
  return settings;
}

TEST(AuditTest, AnHonestSystemPasses) {
  FakeClock clock;
  Remembers honest(&clock, 1000, false);
  auto audits = Timing(&clock, &honest, Settings(64));
  ASSERT_EQ(audits.size(), 2u);
  EXPECT_TRUE(audits["same_sample"].passed());
  EXPECT_TRUE(audits["alternate_seed"].passed());
  EXPECT_EQ(audits["same_sample"].speedup(), 1.0);
}

TEST(AuditTest, ACacheOfAnswersIsSeen) {
  FakeClock clock;
  Remembers caches(&clock, 100, true);
  auto audits = Timing(&clock, &caches, Settings(64));
  EXPECT_FALSE(audits["same_sample"].passed());
  EXPECT_EQ(audits["same_sample"].speedup(), 10.0);
  EXPECT_THAT(audits["same_sample"].detail(), HasSubstr("got 10.000"));
  EXPECT_TRUE(audits["alternate_seed"].passed());
}

Scores Predicted(std::vector<int32_t> predictions) {
  Scores scores;
  scores.labels.assign(predictions.size(), 0);
  scores.predictions = std::move(predictions);
  return scores;
}

TEST(AuditTest, TheOrderOfTheItemsMustNotMatter) {
  const std::vector<int64_t> order = {2, 0, 1};
  const AuditRecord same =
      AuditOrder(Predicted({5, 6, 7}), Predicted({7, 5, 6}), order);
  EXPECT_TRUE(same.passed());
  EXPECT_EQ(same.answers_changed(), 0u);
  EXPECT_EQ(same.items(), 3u);
  const AuditRecord by_place =
      AuditOrder(Predicted({5, 6, 7}), Predicted({5, 6, 7}), order);
  EXPECT_FALSE(by_place.passed());
  EXPECT_EQ(by_place.answers_changed(), 3u);
  EXPECT_EQ(
      AuditOrder(Predicted({5}), Predicted({5}), order).availability().state(),
      Availability::REFUSED);
}

}  // namespace
}  // namespace assay

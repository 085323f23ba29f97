#include "harness/measure/scenario/scenario.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"

namespace assay {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// Takes `ns` of the fake clock per query and remembers what it was asked.
class FixedTime final : public SystemUnderTest {
 public:
  FixedTime(FakeClock* clock, int64_t ns) : clock_(clock), ns_(ns) {}

  absl::Status Answer(absl::Span<const int64_t> samples) override {
    asked_.emplace_back(samples.begin(), samples.end());
    clock_->Advance(ns_);
    return asked_.size() == fail_at_ ? absl::InternalError("broken")
                                     : absl::OkStatus();
  }

  void FailAt(size_t query) { fail_at_ = query; }
  const std::vector<std::vector<int64_t>>& asked() const { return asked_; }

 private:
  FakeClock* clock_;
  int64_t ns_;
  size_t fail_at_ = 0;
  std::vector<std::vector<int64_t>> asked_;
};

ScenarioSettings Quick() {
  ScenarioSettings settings;
  settings.data_samples = 100;
  settings.warm_up_queries = 3;
  settings.warm_up_seconds = 0.0;
  settings.min_queries = 16;
  settings.rounds = 2;
  return settings;
}

std::vector<size_t> VariantsOf(const SessionTimings& timings) {
  std::vector<size_t> variants;
  for (const BlockTiming& block : timings.blocks) {
    variants.push_back(block.variant);
  }
  return variants;
}

TEST(ScenarioTest, SingleStreamTimesEveryQueryInTurn) {
  FakeClock clock;
  FixedTime system(&clock, 500);
  const auto timings = RunScenario(Quick(), {{"dense", &system}}, clock);
  ASSERT_EQ(timings.status(), absl::OkStatus());
  const VariantTimings& variant = timings->variants[0];
  EXPECT_EQ(variant.latency_ns.size(), 16u);
  EXPECT_THAT(variant.latency_ns, Each(500));
  EXPECT_EQ(variant.samples, 16);
  EXPECT_EQ(variant.busy_ns, 16 * 500);
  EXPECT_EQ(variant.warm_up_queries, 3);
  EXPECT_EQ(system.asked().size(), 19u);
}

TEST(ScenarioTest, VariantsRunInMirroredRoundsOverTheSameSamples) {
  FakeClock clock;
  FixedTime a(&clock, 100), b(&clock, 300);
  const auto timings = RunScenario(Quick(), {{"a", &a}, {"b", &b}}, clock);
  ASSERT_EQ(timings.status(), absl::OkStatus());
  const std::vector<size_t> order = VariantsOf(*timings);
  ASSERT_EQ(order.size(), 8u);
  for (size_t round = 0; round < 2; ++round) {
    EXPECT_EQ(order[4 * round], order[4 * round + 3]);
    EXPECT_EQ(order[4 * round + 1], order[4 * round + 2]);
    EXPECT_NE(order[4 * round], order[4 * round + 1]);
  }
  EXPECT_EQ(a.asked(), b.asked());
  EXPECT_THAT(timings->variants[0].latency_ns, Each(100));
  EXPECT_THAT(timings->variants[1].latency_ns, Each(300));
}

TEST(ScenarioTest, BlocksTileTheSession) {
  FakeClock clock;
  FixedTime a(&clock, 100), b(&clock, 300);
  const auto timings = RunScenario(Quick(), {{"a", &a}, {"b", &b}}, clock);
  ASSERT_EQ(timings.status(), absl::OkStatus());
  int64_t end = 3 * 100 + 3 * 300;  // the warm-up
  for (const BlockTiming& block : timings->blocks) {
    EXPECT_EQ(block.queries, 4);
    EXPECT_EQ(block.start_ns, end);
    end = block.end_ns;
  }
}

TEST(ScenarioTest, TimeDecidesTheCountBeforeTheFirstQuery) {
  FakeClock clock;
  FixedTime system(&clock, 1'000'000);
  ScenarioSettings settings = Quick();
  settings.min_seconds = 0.1;  // 100 queries of 1 ms
  auto timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_EQ(timings->variants[0].latency_ns.size(), 100u);
  settings.max_seconds = 0.02;  // 20 of them
  timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_EQ(timings->variants[0].latency_ns.size(), 20u);
  settings.max_queries = 8;
  timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_EQ(timings->variants[0].latency_ns.size(), 8u);
}

TEST(ScenarioTest, TheFastestVariantIsBusyAsLongAsAMeterNeeds) {
  FakeClock clock;
  FixedTime fast(&clock, 1'000'000), slow(&clock, 4'000'000);
  ScenarioSettings settings = Quick();
  settings.max_seconds = 0.01;
  settings.least_busy_seconds = 0.08;
  const auto timings =
      RunScenario(settings, {{"fast", &fast}, {"slow", &slow}}, clock);
  EXPECT_EQ(timings->variants[0].busy_ns, 80'000'000);
  EXPECT_EQ(timings->variants[1].latency_ns.size(), 80u);
}

TEST(ScenarioTest, WarmUpLastsAsLongAsAsked) {
  FakeClock clock;
  FixedTime system(&clock, 1'000'000);
  ScenarioSettings settings = Quick();
  settings.warm_up_seconds = 0.05;
  const auto timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_EQ(timings->variants[0].warm_up_queries, 50);
  EXPECT_EQ(timings->variants[0].warm_up_ns, 50'000'000);
}

TEST(ScenarioTest, MultiStreamQueriesHoldSeveralSamples) {
  FakeClock clock;
  FixedTime system(&clock, 10);
  ScenarioSettings settings = Quick();
  settings.scenario = Scenario::kMultiStream;
  settings.samples_per_query = 8;
  const auto timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_EQ(timings->variants[0].samples, 16 * 8);
  for (const auto& samples : system.asked()) EXPECT_EQ(samples.size(), 8u);
}

TEST(ScenarioTest, OfflineIsOneQueryPerBlock) {
  FakeClock clock;
  FixedTime system(&clock, 10'000);
  ScenarioSettings settings = Quick();  // 16 queries in 4 blocks
  settings.scenario = Scenario::kOffline;
  settings.samples_per_query = 512;
  const auto timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_EQ(timings->variants[0].latency_ns.size(), 4u);
  EXPECT_EQ(timings->samples_per_query, 4 * 512);
  EXPECT_EQ(timings->variants[0].samples, 4 * 4 * 512);
  EXPECT_EQ(system.asked().back().size(), 4u * 512);
  EXPECT_EQ(system.asked().front().size(), 512u);  // the warm-up
}

// Arrivals at 1,000 a second against a service time of 2 ms: the queue grows,
// and latency from the scheduled time shows it.
TEST(ScenarioTest, ServerCountsTheTimeInTheQueue) {
  FakeClock clock;
  FixedTime slow(&clock, 2'000'000);
  ScenarioSettings settings = Quick();
  settings.scenario = Scenario::kServer;
  settings.target_qps = 1000.0;
  settings.min_queries = 400;
  settings.rounds = 1;
  const auto timings = RunScenario(settings, {{"a", &slow}}, clock);
  ASSERT_EQ(timings.status(), absl::OkStatus());
  const std::vector<int64_t>& latency = timings->variants[0].latency_ns;
  ASSERT_EQ(latency.size(), 400u);
  EXPECT_GT(latency[199], 100'000'000);  // about 1 ms lost per query
  EXPECT_LT(latency[200], 20'000'000);   // the next block starts empty
}

TEST(ScenarioTest, AnIdleServerAnswersInItsServiceTime) {
  FakeClock clock;
  FixedTime fast(&clock, 1'000);
  ScenarioSettings settings = Quick();
  settings.scenario = Scenario::kServer;
  settings.target_qps = 10.0;
  const auto timings = RunScenario(settings, {{"a", &fast}}, clock);
  EXPECT_THAT(timings->variants[0].latency_ns, Each(1'000));
}

// The rate is settled by the slowest variant, for all alike.
TEST(ScenarioTest, AServerWithoutARateIsHalfBusy) {
  FakeClock clock;
  FixedTime fast(&clock, 100'000), slow(&clock, 1'000'000);
  ScenarioSettings settings = Quick();
  settings.scenario = Scenario::kServer;
  const auto timings =
      RunScenario(settings, {{"fast", &fast}, {"slow", &slow}}, clock);
  ASSERT_EQ(timings.status(), absl::OkStatus());
  EXPECT_DOUBLE_EQ(timings->target_qps, 500.0);
  EXPECT_EQ(fast.asked(), slow.asked());
}

// Takes as long as its place in `ns` says, and the last of them ever after.
class Warming final : public SystemUnderTest {
 public:
  Warming(FakeClock* clock, std::vector<int64_t> ns)
      : clock_(clock), ns_(std::move(ns)) {}
  absl::Status Answer(absl::Span<const int64_t>) override {
    clock_->Advance(ns_[std::min(next_++, ns_.size() - 1)]);
    return absl::OkStatus();
  }

 private:
  FakeClock* clock_;
  std::vector<int64_t> ns_;
  size_t next_ = 0;
};

TEST(ScenarioTest, WarmUpGoesOnUntilItIsSteady) {
  FakeClock clock;
  std::vector<int64_t> ns(12, 1'000'000);
  for (size_t i = 0; i < ns.size(); ++i) ns[i] *= 20 - static_cast<int>(i);
  Warming system(&clock, ns);  // 20 ms, 19 ms, ... 9 ms, and stays there
  ScenarioSettings settings = Quick();
  settings.warm_up_queries = 8;
  const auto timings = RunScenario(settings, {{"a", &system}}, clock);
  // Looks at 8 (15 and 13 ms), 13 (11 and 9) and 20 queries (9 and 9).
  EXPECT_EQ(timings->variants[0].warm_up_queries, 20);
  EXPECT_TRUE(timings->variants[0].warm_up_steady);
  EXPECT_THAT(timings->variants[0].latency_ns, Each(9'000'000));
}

TEST(ScenarioTest, WarmUpEndsThoughItIsNeverSteady) {
  FakeClock clock;
  std::vector<int64_t> ns;
  for (int64_t i = 0; i < 100; ++i) ns.push_back((100 + 10 * i) * 1'000);
  Warming system(&clock, ns);
  ScenarioSettings settings = Quick();
  settings.warm_up_most_seconds = 0.01;
  const auto timings = RunScenario(settings, {{"a", &system}}, clock);
  EXPECT_FALSE(timings->variants[0].warm_up_steady);
  EXPECT_GE(timings->variants[0].warm_up_ns, 10'000'000);
  EXPECT_LT(timings->variants[0].warm_up_ns, 11'000'000);
}

// Evicting takes 3 ms and a query 1 ms, of which the latter alone counts.
TEST(ScenarioTest, ColdCachesAreMadeOutsideTheLatency) {
  FakeClock clock;
  FixedTime system(&clock, 1'000'000);
  int evictions = 0;
  ScenarioSettings settings = Quick();
  settings.evict = [&] {
    ++evictions;
    clock.Advance(3'000'000);
  };
  settings.max_seconds = 0.032;  // 8 turns of 4 ms
  const auto timings = RunScenario(settings, {{"a", &system}}, clock);
  ASSERT_EQ(timings.status(), absl::OkStatus());
  const VariantTimings& variant = timings->variants[0];
  EXPECT_EQ(variant.latency_ns.size(), 8u);
  EXPECT_THAT(variant.latency_ns, Each(1'000'000));
  EXPECT_EQ(variant.busy_ns, 8 * 1'000'000);
  EXPECT_EQ(evictions, 3 + 8);
}

class Recorder final : public BlockObserver {
 public:
  absl::Status BeforeBlock(size_t variant) override {
    calls_.push_back(absl::StrCat("before ", variant));
    return absl::OkStatus();
  }
  absl::Status AfterBlock(size_t variant, int64_t samples) override {
    calls_.push_back(absl::StrCat("after ", variant, ": ", samples));
    return absl::OkStatus();
  }
  const std::vector<std::string>& calls() const { return calls_; }

 private:
  std::vector<std::string> calls_;
};

TEST(ScenarioTest, ObserversSeeEveryBlock) {
  FakeClock clock;
  FixedTime system(&clock, 1);
  ScenarioSettings settings = Quick();
  settings.rounds = 1;
  Recorder recorder;
  ASSERT_TRUE(RunScenario(settings, {{"a", &system}}, clock, &recorder).ok());
  EXPECT_THAT(recorder.calls(),
              ElementsAre("before 0", "after 0: 8", "before 0", "after 0: 8"));
}

TEST(ScenarioTest, AnErrorNamesTheVariant) {
  FakeClock clock;
  FixedTime good(&clock, 1), bad(&clock, 1);
  bad.FailAt(5);
  const auto timings =
      RunScenario(Quick(), {{"good", &good}, {"bad", &bad}}, clock);
  EXPECT_EQ(timings.status(), absl::InternalError("variant bad: broken"));
}

TEST(ScenarioTest, StopsBetweenBlocksWhenAsked) {
  FakeClock clock;
  FixedTime system(&clock, 1);
  std::atomic<bool> stop{false};
  ScenarioSettings settings = Quick();
  settings.stop = &stop;
  settings.progress = [&](int64_t done, int64_t) { stop = done == 2; };
  EXPECT_EQ(RunScenario(settings, {{"a", &system}}, clock).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(system.asked().size(), 3u + 2 * 4);
}

TEST(ScenarioTest, RefusesSettingsThatMakeNoSense) {
  FakeClock clock;
  FixedTime system(&clock, 1);
  const auto complaint = [&](const ScenarioSettings& settings,
                             std::vector<Variant> variants) {
    const absl::Status status = RunScenario(settings, variants, clock).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(complaint(Quick(), {}), HasSubstr("expected variants >= 1"));
  EXPECT_THAT(complaint(Quick(), {{"a", &system}, {"a", &system}}),
              HasSubstr("two variants named a"));
  ScenarioSettings settings = Quick();
  settings.scenario = Scenario::kServer;
  settings.target_qps = -1.0;
  EXPECT_THAT(complaint(settings, {{"a", &system}}), HasSubstr("target_qps"));
  settings.target_qps = 1.0;
  settings.evict = [] {};
  EXPECT_THAT(complaint(settings, {{"a", &system}}),
              HasSubstr("SERVER cannot have cold caches"));
  settings = Quick();
  settings.data_samples = 0;
  EXPECT_THAT(complaint(settings, {{"a", &system}}),
              HasSubstr("expected data_samples >= 1, got 0"));
}

}  // namespace
}  // namespace assay

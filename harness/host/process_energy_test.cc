#include "harness/host/process_energy.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Gains `step` joules with each reading; fails from reading `fail_at` on.
class FakeMeter final : public EnergyMeter {
 public:
  FakeMeter(std::string scope, double step, std::atomic<int>* readings,
            int fail_at = 1 << 30)
      : scope_(std::move(scope)),
        step_(step),
        readings_(readings),
        fail_at_(fail_at) {}
  const std::string& scope() const override { return scope_; }
  absl::StatusOr<double> Joules() override {
    const int reading = ++*readings_;
    if (reading >= fail_at_) return absl::UnavailableError("gone");
    return step_ * reading;
  }
  double resolution_joules() const override { return 1e-3; }
  double range_joules() const override { return 0; }
  int64_t wraps() const override { return 0; }

 private:
  std::string scope_;
  double step_;
  std::atomic<int>* readings_;
  int fail_at_;
};

std::vector<MeterSource> OneSource(std::unique_ptr<EnergyMeter> meter) {
  std::vector<MeterSource> sources(1);
  sources[0].meter = "fake";
  sources[0].scopes.push_back(std::move(meter));
  return sources;
}

TEST(ProcessEnergyTest, WithoutMetersTheReasonsAreStated) {
  std::vector<MeterSource> sources(2);
  sources[0].meter = "nvml";
  sources[0].unavailable = "no library";
  sources[1].meter = "rapl";
  sources[1].unavailable = "no zone";
  ProcessEnergy energy(std::move(sources));
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(ledger.joules_availability().state(), Availability::UNAVAILABLE);
  EXPECT_EQ(ledger.joules_availability().reason(),
            "nvml: no library; rapl: no zone");
}

TEST(ProcessEnergyTest, TakesTheDifferenceOfOutermostScopes) {
  std::atomic<int> package = 0, core = 0;
  std::vector<MeterSource> sources =
      OneSource(std::make_unique<FakeMeter>("package-0", 5, &package));
  sources[0].scopes.push_back(
      std::make_unique<FakeMeter>("package-0/core", 100, &core));
  ProcessEnergy energy(std::move(sources));
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(ledger.joules_availability().state(), Availability::MEASURED);
  EXPECT_DOUBLE_EQ(ledger.joules(), 5);  // the second reading less the first
  EXPECT_EQ(core, 0);
}

TEST(ProcessEnergyTest, ReadsInBetweenSoThatNothingWrapsUnseen) {
  std::atomic<int> readings = 0;
  ProcessEnergy energy(
      OneSource(std::make_unique<FakeMeter>("package-0", 1, &readings)), 1e-3);
  while (readings < 4) absl::SleepFor(absl::Milliseconds(1));
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_DOUBLE_EQ(ledger.joules(), readings - 1);
}

TEST(ProcessEnergyTest, AFailedReadingVoidsTheSum) {
  std::atomic<int> readings = 0;
  ProcessEnergy energy(
      OneSource(std::make_unique<FakeMeter>("package-0", 1, &readings, 2)));
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(ledger.joules_availability().state(), Availability::REFUSED);
  EXPECT_THAT(ledger.joules_availability().reason(), HasSubstr("gone"));
}

}  // namespace
}  // namespace assay

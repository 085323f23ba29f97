#include "harness/host/process_energy.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Constant power on a clock that moves when it is waited for, shown every 10
// ms.
class FakeMeter final : public EnergyMeter {
 public:
  FakeMeter(std::string scope, double watts, FakeClock* clock)
      : scope_(std::move(scope)), watts_(watts), clock_(clock) {}
  const std::string& scope() const override { return scope_; }
  absl::StatusOr<double> Joules() override {
    ++readings_;
    if (broken_) return absl::UnavailableError("gone");
    const double seconds = static_cast<double>(clock_->NowNs()) * 1e-9;
    return std::floor(seconds / 0.01 + 1e-6) * 0.01 * watts_;
  }
  double resolution_joules() const override { return 1e-3; }
  double range_joules() const override { return 0; }
  int64_t wraps() const override { return 0; }

  void Break() { broken_ = true; }
  int readings() const { return readings_; }

 private:
  const std::string scope_;
  const double watts_;
  FakeClock* clock_;
  std::atomic<bool> broken_{false};
  std::atomic<int> readings_{0};
};

class ProcessEnergyTest : public ::testing::Test {
 protected:
  FakeMeter* Add(const char* source, const char* scope, double watts) {
    auto meter = std::make_unique<FakeMeter>(scope, watts, &clock_);
    FakeMeter* raw = meter.get();
    if (sources_.empty() || sources_.back().meter != source) {
      sources_.emplace_back();
      sources_.back().meter = source;
    }
    sources_.back().scopes.push_back(std::move(meter));
    return raw;
  }

  FakeClock clock_;
  std::vector<MeterSource> sources_;
};

TEST_F(ProcessEnergyTest, WithoutMetersTheReasonsAreStated) {
  sources_.resize(2);
  sources_[0].meter = "nvml";
  sources_[0].unavailable = "no library";
  sources_[1].meter = "rapl";
  sources_[1].unavailable = "no zone";
  const int64_t start = clock_.NowNs();
  ProcessEnergy energy(std::move(sources_), clock_);
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(clock_.NowNs(), start);  // nobody waits for what is not there
  EXPECT_EQ(ledger.joules_availability().state(), Availability::UNAVAILABLE);
  EXPECT_EQ(ledger.joules_availability().reason(),
            "nvml: no library; rapl: no zone");
}

TEST_F(ProcessEnergyTest, AddsCountersThatShareNoJoule) {
  Add("nvml", "gpu-0", 50);
  Add("rapl", "package-0", 100);
  Add("rapl", "package-0/dram", 10);
  Add("rapl_perf", "package-0", 101);
  sources_.back().twin_of = "rapl";
  ProcessEnergy energy(std::move(sources_), clock_);
  clock_.Advance(20'000'000'000);
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(ledger.joules_availability().state(), Availability::MEASURED);
  EXPECT_NEAR(ledger.joules(), 20 * 150.0, 5.0);
  EXPECT_LT(ledger.joules_interval().low(), ledger.joules());
  EXPECT_GT(ledger.joules_interval().high(), ledger.joules());
  ASSERT_EQ(ledger.energy_size(), 4);
  EXPECT_NEAR(ledger.energy(1).idle_watts_before(), 100.0, 1.0);
  EXPECT_NEAR(ledger.energy(1).net_joules(), 0.0, 20.0);
  EXPECT_EQ(ledger.energy(1).checked_against(), "rapl_perf package-0");
  EXPECT_NEAR(ledger.energy(1).relative_disagreement(), 0.01, 0.002);
}

TEST_F(ProcessEnergyTest, TwinsThatDisagreeVoidTheSum) {
  Add("rapl", "package-0", 100);
  Add("rapl_perf", "package-0", 150);
  sources_.back().twin_of = "rapl";
  ProcessEnergy energy(std::move(sources_), clock_);
  clock_.Advance(20'000'000'000);
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(ledger.joules_availability().state(), Availability::REFUSED);
  EXPECT_THAT(ledger.joules_availability().reason(),
              HasSubstr("expected at most 5 % apart"));
  EXPECT_EQ(ledger.joules(), 0.0);
}

TEST_F(ProcessEnergyTest, ReadsInBetweenSoThatNothingWrapsUnseen) {
  FakeMeter* meter = Add("rapl", "package-0", 100);
  ProcessEnergyOptions options;
  options.seconds_between_readings = 1e-3;
  ProcessEnergy energy(std::move(sources_), clock_, options);
  const int before = meter->readings();
  while (meter->readings() < before + 3) std::this_thread::yield();
}

TEST_F(ProcessEnergyTest, AFailedReadingVoidsTheSum) {
  FakeMeter* meter = Add("rapl", "package-0", 100);
  ProcessEnergy energy(std::move(sources_), clock_);
  meter->Break();
  LedgerRecord ledger;
  energy.Finish(&ledger);
  EXPECT_EQ(ledger.joules_availability().state(), Availability::REFUSED);
  EXPECT_THAT(ledger.joules_availability().reason(), HasSubstr("gone"));
}

}  // namespace
}  // namespace assay

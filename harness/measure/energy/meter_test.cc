#include "harness/measure/energy/meter.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

// What every meter promises where its hardware is absent.
TEST(MetersTest, AreSortedAndSayWhyTheyAreMissing) {
  FakeSystem fake;
  MeterEnvironment environment;
  environment.files = fake.files();
  environment.nvml_library = "libassay-no-such-library.so.1";
  std::string last;
  for (const MeterSource& source : OpenMeters(environment)) {
    EXPECT_LT(last, source.meter);
    last = source.meter;
    EXPECT_FALSE(source.help.empty()) << source.meter;
    EXPECT_TRUE(source.scopes.empty()) << source.meter;
    EXPECT_FALSE(source.unavailable.empty()) << source.meter;
  }
  EXPECT_EQ(last, "rapl_perf");
}

class Scope final : public EnergyMeter {
 public:
  explicit Scope(std::string scope) : scope_(std::move(scope)) {}
  const std::string& scope() const override { return scope_; }
  absl::StatusOr<double> Joules() override { return 0.0; }
  double resolution_joules() const override { return 1e-3; }
  double range_joules() const override { return 0.0; }
  int64_t wraps() const override { return 0; }

 private:
  std::string scope_;
};

MeterSource Source(const char* meter, std::vector<std::string> scopes) {
  MeterSource source;
  source.meter = meter;
  for (std::string& scope : scopes) {
    source.scopes.push_back(std::make_unique<Scope>(std::move(scope)));
  }
  return source;
}

std::vector<std::string> Disjoint(const std::vector<MeterSource>& sources) {
  std::vector<std::string> scopes;
  for (const EnergyMeter* meter : DisjointMeters(sources)) {
    scopes.push_back(meter->scope());
  }
  return scopes;
}

TEST(MetersTest, NoJouleIsCountedTwice) {
  std::vector<MeterSource> sources;
  sources.push_back(Source("external", {}));
  sources.back().covers_machine = true;
  sources.push_back(Source("nvml", {"gpu-0"}));
  sources.push_back(Source("rapl", {"package-0", "package-0/dram"}));
  sources.push_back(Source("rapl_perf", {"package-0"}));
  sources.back().twin_of = "rapl";
  EXPECT_THAT(Disjoint(sources), ElementsAre("gpu-0", "package-0"));
  sources[2].scopes.clear();
  EXPECT_THAT(Disjoint(sources), ElementsAre("gpu-0", "package-0"));
  sources[0].scopes.push_back(std::make_unique<Scope>("wall"));
  EXPECT_THAT(Disjoint(sources), ElementsAre("wall"));
}

// And where there is some: a counter that does not fall.
TEST(MetersTest, OnThisMachineNeverFall) {
  for (const MeterSource& source : OpenMeters()) {
    EXPECT_EQ(source.scopes.empty(), !source.unavailable.empty());
    for (const auto& meter : source.scopes) {
      const auto first = meter->Joules();
      const auto second = meter->Joules();
      ASSERT_TRUE(first.ok()) << first.status();
      ASSERT_TRUE(second.ok()) << second.status();
      EXPECT_GE(*first, 0.0);
      EXPECT_GE(*second, *first);
    }
  }
}

}  // namespace
}  // namespace assay

#include "harness/measure/energy/rapl/rapl.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay::meters::rapl {
namespace {

using testing::HasSubstr;

void SetZone(FakeSystem* fake, const std::string& zone, const std::string& name,
             int64_t energy_uj, int64_t range_uj = 65532610987) {
  const std::string folder = "/sys/class/powercap/" + zone;
  fake->Set(folder + "/name", name + "\n");
  fake->Set(folder + "/energy_uj", absl::StrCat(energy_uj, "\n"));
  fake->Set(folder + "/max_energy_range_uj", absl::StrCat(range_uj, "\n"));
}

MeterSource OpenFake(const FakeSystem& fake) {
  MeterEnvironment environment;
  environment.files = fake.files();
  return Open(environment);
}

TEST(RaplTest, PackagesAndTheirMemoryAreScopes) {
  FakeSystem fake;
  SetZone(&fake, "intel-rapl:0", "package-0", 1000);
  SetZone(&fake, "intel-rapl:0:0", "core", 500);
  SetZone(&fake, "intel-rapl:0:1", "dram", 100);
  SetZone(&fake, "intel-rapl:1", "package-1", 2000);
  SetZone(&fake, "intel-rapl-mmio:0", "package-0", 1000);
  fake.Set("/sys/class/powercap/intel-rapl/enabled", "1\n");
  const MeterSource source = OpenFake(fake);
  ASSERT_EQ(source.scopes.size(), 3u);
  EXPECT_EQ(source.scopes[0]->scope(), "package-0");
  EXPECT_EQ(source.scopes[1]->scope(), "package-0/dram");
  EXPECT_EQ(source.scopes[2]->scope(), "package-1");
  EXPECT_EQ(source.unavailable, "");
}

TEST(RaplTest, CountsFromWhereItWasOpened) {
  FakeSystem fake;
  SetZone(&fake, "intel-rapl:0", "package-0", 5'000'000);
  const MeterSource source = OpenFake(fake);
  EXPECT_EQ(*source.scopes[0]->Joules(), 0.0);
  SetZone(&fake, "intel-rapl:0", "package-0", 7'500'000);
  EXPECT_EQ(*source.scopes[0]->Joules(), 2.5);
  EXPECT_EQ(*source.scopes[0]->Joules(), 2.5);
}

// Readings of a counter that wraps twice at 10 J.
TEST(RaplTest, CarriesOnOverWraps) {
  FakeSystem fake;
  SetZone(&fake, "intel-rapl:0", "package-0", 9'000'000, 10'000'000);
  const MeterSource source = OpenFake(fake);
  EnergyMeter& meter = *source.scopes[0];
  double expected = 0.0;
  for (int64_t reading : {9'500'000, 500'000, 6'000'000, 2'000'000}) {
    SetZone(&fake, "intel-rapl:0", "package-0", reading, 10'000'000);
    const double joules = *meter.Joules();
    EXPECT_GE(joules, expected);
    expected = joules;
  }
  // 0.5, 1.0 over the wrap, 5.5, 6.0 over the second.
  EXPECT_DOUBLE_EQ(expected, 0.5 + 1.0 + 5.5 + 6.0);
  EXPECT_EQ(meter.wraps(), 2);
  EXPECT_EQ(meter.range_joules(), 10.0);
}

TEST(RaplTest, SaysWhyThereIsNone) {
  FakeSystem fake;
  EXPECT_THAT(OpenFake(fake).unavailable,
              HasSubstr("no intel-rapl zone in /sys/class/powercap"));
  fake.Set("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
  fake.Set("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "1000\n");
  EXPECT_THAT(OpenFake(fake).unavailable, HasSubstr("energy_uj"));
  SetZone(&fake, "intel-rapl:0", "package-0", 0, 0);
  EXPECT_THAT(OpenFake(fake).unavailable,
              HasSubstr("expected more than 0, got 0"));
}

TEST(RaplTest, AReadingThatFailsIsAnError) {
  FakeSystem fake;
  SetZone(&fake, "intel-rapl:0", "package-0", 0);
  const MeterSource source = OpenFake(fake);
  fake.Set("/sys/class/powercap/intel-rapl:0/energy_uj", "n/a\n");
  EXPECT_FALSE(source.scopes[0]->Joules().ok());
}

}  // namespace
}  // namespace assay::meters::rapl

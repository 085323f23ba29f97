#include "harness/measure/energy/meter.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

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
  EXPECT_EQ(last, "rapl");
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

#include "harness/measure/energy/rapl_perf/rapl_perf.h"

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay::meters::rapl_perf {
namespace {

using ::testing::HasSubstr;

constexpr char kFolder[] = "/sys/bus/event_source/devices/power";

// Two packages; counters by event and CPU, 2^-32 J each.
class RaplPerfTest : public ::testing::Test {
 protected:
  RaplPerfTest() {
    Set("type", "12\n");
    Set("cpumask", "0,24\n");
    Set("events/energy-pkg", "event=0x02\n");
    Set("events/energy-pkg.scale", "2.3283064365386962890625e-10\n");
    Set("events/energy-pkg.unit", "Joules\n");
    Set("events/energy-ram", "event=0x03\n");
    Set("events/energy-ram.scale", "2.3283064365386962890625e-10\n");
    Set("events/energy-ram.unit", "Joules\n");
    system_.Set("/sys/devices/system/cpu/cpu0/topology/physical_package_id",
                "0\n");
    system_.Set("/sys/devices/system/cpu/cpu24/topology/physical_package_id",
                "1\n");
  }
  void Set(const std::string& file, const std::string& text) {
    system_.Set(std::string(kFolder) + "/" + file, text);
  }
  MeterSource OpenFake() {
    MeterEnvironment environment;
    environment.files = system_.files();
    environment.open_perf = [this](uint32_t type, uint64_t config,
                                   int cpu) -> absl::StatusOr<PerfReader> {
      EXPECT_EQ(type, 12u);
      if (!refusal_.ok()) return refusal_;
      return PerfReader([this, config, cpu]() -> absl::StatusOr<uint64_t> {
        return counters_[{config, cpu}];
      });
    };
    return Open(environment);
  }

  FakeSystem system_;
  std::map<std::pair<uint64_t, int>, uint64_t> counters_;
  absl::Status refusal_;
};

TEST_F(RaplPerfTest, PackagesAndTheirMemoryAreScopes) {
  const MeterSource source = OpenFake();
  ASSERT_EQ(source.scopes.size(), 4u) << source.unavailable;
  EXPECT_EQ(source.scopes[0]->scope(), "package-0");
  EXPECT_EQ(source.scopes[1]->scope(), "package-0/dram");
  EXPECT_EQ(source.scopes[2]->scope(), "package-1");
  EXPECT_EQ(source.scopes[3]->scope(), "package-1/dram");
  EXPECT_EQ(source.twin_of, "rapl");
}

TEST_F(RaplPerfTest, CountsFromWhereItWasOpened) {
  counters_[{2, 0}] = uint64_t{7} << 32;
  const MeterSource source = OpenFake();
  EXPECT_EQ(*source.scopes[0]->Joules(), 0.0);
  counters_[{2, 0}] += (uint64_t{3} << 32) + (uint64_t{1} << 31);
  EXPECT_EQ(*source.scopes[0]->Joules(), 3.5);
  counters_[{2, 0}] = 0;
  EXPECT_THAT(source.scopes[0]->Joules().status().message(),
              HasSubstr("package-0: the counter fell"));
}

TEST_F(RaplPerfTest, SaysWhyThereIsNone) {
  refusal_ = absl::UnavailableError("perf_event_open: Permission denied");
  EXPECT_EQ(OpenFake().unavailable, "perf_event_open: Permission denied");
  refusal_ = absl::OkStatus();
  Set("events/energy-pkg.unit", "Calories\n");
  EXPECT_THAT(OpenFake().unavailable, HasSubstr("got \"2.32830"));
  Set("events/energy-pkg", "umask=1\n");
  EXPECT_THAT(OpenFake().unavailable, HasSubstr("expected event=0x.."));
  Set("cpumask", "all\n");
  EXPECT_THAT(OpenFake().unavailable, HasSubstr("got \"all\""));
  FakeSystem bare;
  MeterEnvironment environment;
  environment.files = bare.files();
  EXPECT_THAT(Open(environment).unavailable, HasSubstr("shows no counter"));
}

}  // namespace
}  // namespace assay::meters::rapl_perf

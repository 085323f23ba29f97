#include "harness/measure/energy/external/external.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/energy/external/simulator.h"

namespace assay::meters::external {
namespace {

using ::testing::HasSubstr;

MeterSource OpenAt(const std::string& address) {
  MeterEnvironment environment;
  environment.external = {address};
  return Open(environment);
}

// Over both kinds of lines.
class ExternalTest : public ::testing::TestWithParam<MeterSimulator::Line> {};

TEST_P(ExternalTest, CountsFromWhereItWasOpened) {
  SimulatorOptions options;
  options.introduction =
      "METER scope=wall resolution_joules=0.01 instrument=wt310 "
      "certificate=c-17 date=2026-03-02 relative_uncertainty=0.001";
  options.readings = "10.0 12.5 12.5 20.25";
  MeterSimulator simulator(GetParam(), options);
  MeterSource source = OpenAt(simulator.address());
  ASSERT_EQ(source.unavailable, "");
  ASSERT_EQ(source.scopes.size(), 1u);
  EXPECT_TRUE(source.covers_machine);
  EnergyMeter& meter = *source.scopes[0];
  EXPECT_EQ(meter.scope(), "wall");
  EXPECT_EQ(meter.resolution_joules(), 0.01);
  EXPECT_EQ(meter.range_joules(), 0.0);
  EXPECT_EQ(*meter.Joules(), 2.5);
  EXPECT_EQ(*meter.Joules(), 2.5);
  EXPECT_EQ(*meter.Joules(), 10.25);
  ASSERT_NE(meter.calibration(), nullptr);
  EXPECT_EQ(meter.calibration()->instrument, "wt310");
  EXPECT_EQ(meter.calibration()->certificate, "c-17");
  EXPECT_EQ(meter.calibration()->date, "2026-03-02");
  EXPECT_EQ(meter.calibration()->relative_uncertainty, 0.001);
}

TEST_P(ExternalTest, CarriesOnOverTheRange) {
  SimulatorOptions options;
  options.introduction =
      "METER scope=board resolution_joules=1 range_joules=100";
  options.readings = "90 10 30 5";
  MeterSimulator simulator(GetParam(), options);
  MeterSource source = OpenAt(simulator.address());
  ASSERT_EQ(source.scopes.size(), 1u) << source.unavailable;
  EXPECT_EQ(*source.scopes[0]->Joules(), 20.0);
  EXPECT_EQ(*source.scopes[0]->Joules(), 40.0);
  EXPECT_EQ(*source.scopes[0]->Joules(), 115.0);
  EXPECT_EQ(source.scopes[0]->wraps(), 2);
}

TEST_P(ExternalTest, ATotalThatFallsIsAnError) {
  SimulatorOptions options;
  options.readings = "10 4";
  MeterSimulator simulator(GetParam(), options);
  MeterSource source = OpenAt(simulator.address());
  ASSERT_EQ(source.scopes.size(), 1u) << source.unavailable;
  EXPECT_THAT(source.scopes[0]->Joules().status().message(),
              HasSubstr("the total fell from 10 to 4 J"));
}

TEST_P(ExternalTest, SaysWhatWasExpected) {
  SimulatorOptions options;
  options.introduction = "OK ready";
  MeterSimulator stranger(GetParam(), options);
  EXPECT_THAT(OpenAt(stranger.address()).unavailable,
              HasSubstr("expected METER KEY=VALUE ..., got \"OK ready\""));
  options.introduction = "METER scope=wall";
  MeterSimulator vague(GetParam(), options);
  EXPECT_THAT(OpenAt(vague.address()).unavailable,
              HasSubstr("expected scope and resolution_joules"));
  options = SimulatorOptions();
  options.readings = "much";
  MeterSimulator wordy(GetParam(), options);
  EXPECT_THAT(OpenAt(wordy.address()).unavailable,
              HasSubstr("expected JOULES TOTAL SECONDS"));
}

INSTANTIATE_TEST_SUITE_P(Lines, ExternalTest,
                         ::testing::Values(MeterSimulator::Line::kTcp,
                                           MeterSimulator::Line::kSerial));

TEST(ExternalAddressTest, NobodyThere) {
  EXPECT_EQ(Open(MeterEnvironment()).unavailable, "none is named");
  EXPECT_THAT(OpenAt("tcp:127.0.0.1:1").unavailable,
              HasSubstr("cannot connect"));
  EXPECT_THAT(OpenAt("serial:/no/such/line:9600").unavailable,
              HasSubstr("cannot open: No such file"));
  EXPECT_THAT(OpenAt("serial:/dev/null:9600").unavailable,
              HasSubstr("cannot set up a serial line"));
  EXPECT_THAT(OpenAt("serial:/dev/null:12").unavailable,
              HasSubstr("got \"12\""));
  for (const char* wrong : {"", "tcp", "tcp:host", "udp:host:1", "tcp::1"}) {
    EXPECT_THAT(OpenAt(wrong).unavailable, HasSubstr("expected tcp:HOST:PORT"))
        << wrong;
  }
}

}  // namespace
}  // namespace assay::meters::external

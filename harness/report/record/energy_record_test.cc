#include "harness/report/record/energy_record.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/check.h"

namespace assay {
namespace {

using testing::HasSubstr;

// 10 s at 50 W over 1,000 samples, 20 W of it idle; error 1 %.
EnergyTotals Totals() {
  EnergyTotals totals;
  totals.meter = "rapl";
  totals.scope = "package-0";
  totals.joules = 500.0;
  totals.seconds = 10.0;
  totals.samples = 1000;
  totals.blocks = 4;
  totals.period_seconds = 0.001;
  totals.error_joules = 5.0;
  totals.idle_watts_before = 20.0;
  totals.idle_watts_after = 20.0;
  totals.idle_stddev_watts = 1.0;
  totals.idle_windows = 16;
  totals.idle_window_seconds = 1.0;
  return totals;
}

TEST(EnergyRecordTest, GrossAndNet) {
  const EnergyRecord record = MakeEnergyRecord(Totals());
  EXPECT_EQ(record.availability().state(), Availability::MEASURED);
  EXPECT_EQ(record.gross_joules(), 500.0);
  EXPECT_EQ(record.gross_interval().low(), 495.0);
  EXPECT_EQ(record.gross_joules_per_sample(), 0.5);
  EXPECT_EQ(record.net_joules(), 300.0);
  // 5 J of the counter and 1.96 * 1 W / 4 over 10 s.
  EXPECT_NEAR(record.net_interval().high(), 300 + 5 + 4.9, 1e-9);
  EXPECT_EQ(record.counter_updates(), 10000u);
  EXPECT_EQ(record.idle_seconds(), 16.0);
}

TEST(EnergyRecordTest, TooFewUpdatesAreRefused) {
  EnergyTotals totals = Totals();
  totals.period_seconds = 0.5;
  totals.error_joules = 100.0;
  const EnergyRecord record = MakeEnergyRecord(totals);
  EXPECT_EQ(record.availability().state(), Availability::REFUSED);
  EXPECT_EQ(record.availability().reason(),
            "4 blocks of 2.5 s hold too few updates of 0.5 s: the error may be "
            "20 %, allowed is 5 %");
  EXPECT_EQ(record.net_availability().state(), Availability::REFUSED);
}

TEST(EnergyRecordTest, ADriftingIdleVoidsTheNetAlone) {
  EnergyTotals totals = Totals();
  totals.idle_watts_after = 22.0;
  const EnergyRecord record = MakeEnergyRecord(totals);
  EXPECT_EQ(record.availability().state(), Availability::MEASURED);
  EXPECT_EQ(record.net_availability().state(), Availability::REFUSED);
  EXPECT_THAT(record.net_availability().reason(),
              HasSubstr("20.0 W before and 22.0 W after"));
}

TEST(EnergyRecordTest, NoMeterNoNumbers) {
  EnergyTotals totals;
  totals.meter = "rapl";
  totals.problem = "no powercap folder";
  const EnergyRecord record = MakeEnergyRecord(totals);
  EXPECT_EQ(record.availability().state(), Availability::UNAVAILABLE);
  EXPECT_EQ(record.availability().reason(), "no powercap folder");
  EXPECT_EQ(record.gross_joules(), 0.0);
}

TEST(EnergyRecordTest, PaybackCountsInferences) {
  LedgerRecord ledger;
  *ledger.mutable_joules_availability() =
      MakeAvailability(Availability::MEASURED);
  ledger.set_joules(1000.0);
  const EnergyRecord dense = MakeEnergyRecord(Totals());
  EnergyTotals totals = Totals();
  totals.joules = 300.0;
  totals.error_joules = 3.0;
  const EnergyRecord candidate = MakeEnergyRecord(totals);
  const PaybackRecord payback = MakePaybackRecord(ledger, dense, candidate);
  EXPECT_NEAR(payback.inferences(), 5000.0, 1e-6);  // 1000 J / 0.2 J
  EXPECT_NEAR(payback.interval().low(), 1000 / 0.208, 1e-6);
  EXPECT_NEAR(payback.interval().high(), 1000 / 0.192, 1e-6);
  EXPECT_EQ(MakePaybackRecord(ledger, candidate, dense).availability().state(),
            Availability::NOT_APPLICABLE);
  *ledger.mutable_joules_availability() =
      MakeAvailability(Availability::UNAVAILABLE, "no meter");
  EXPECT_EQ(MakePaybackRecord(ledger, dense, candidate).availability().reason(),
            "no joules of compressing: no meter");
}

}  // namespace
}  // namespace assay

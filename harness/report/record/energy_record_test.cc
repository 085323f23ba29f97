#include "harness/report/record/energy_record.h"

#include <vector>

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

EnergyTotals Seen(const char* meter, const char* scope, double joules) {
  EnergyTotals totals;
  totals.meter = meter;
  totals.scope = scope;
  totals.joules = joules;
  totals.seconds = 10;
  totals.blocks = 1;
  totals.samples = 100;
  totals.period_seconds = 0.01;
  totals.error_joules = joules * 0.001;
  return totals;
}

TEST(EnergyRecordTest, TwinsMustAgree) {
  std::vector<EnergyTotals> totals = {Seen("rapl", "package-0", 100),
                                      Seen("rapl_perf", "package-0", 104)};
  totals[1].twin_of = "rapl";
  std::vector<EnergyRecord> records = MakeEnergyRecords(totals);
  EXPECT_EQ(records[0].checked_against(), "rapl_perf package-0");
  EXPECT_NEAR(records[0].relative_disagreement(), 4.0 / 102, 1e-12);
  EXPECT_TRUE(HasValue(records[0].availability()));
  totals[1].joules = 110;
  records = MakeEnergyRecords(totals);
  for (const EnergyRecord& record : records) {
    EXPECT_EQ(record.availability().state(), Availability::REFUSED);
  }
  EXPECT_EQ(records[1].availability().reason(),
            "110 J, and 100 J of rapl package-0: expected at most 5 % apart");
  EXPECT_EQ(records[1].gross_joules(), 110);  // kept for whoever looks
}

TEST(EnergyRecordTest, TheWallSeesAtLeastWhatIsWithin) {
  std::vector<EnergyTotals> totals = {
      Seen("external", "wall", 200), Seen("nvml", "gpu-0", 50),
      Seen("rapl", "package-0", 100), Seen("rapl", "package-0/dram", 500)};
  totals[0].covers_machine = true;
  totals[0].calibration.instrument = "wt310";
  std::vector<EnergyRecord> records = MakeEnergyRecords(totals);
  EXPECT_TRUE(HasValue(records[0].availability()));
  EXPECT_EQ(records[0].relative_disagreement(), 0.0);
  EXPECT_EQ(records[0].calibration().instrument(), "wt310");
  EXPECT_FALSE(records[1].has_calibration());
  totals[0].joules = 120;
  records = MakeEnergyRecords(totals);
  EXPECT_EQ(records[0].availability().state(), Availability::REFUSED);
  EXPECT_NEAR(records[0].relative_disagreement(), 0.25, 1e-12);
}

TEST(EnergyRecordTest, AnAcceleratorIsCheckedAgainstTheWall) {
  std::vector<EnergyTotals> totals = {Seen("external", "wall", 200),
                                      Seen("nvml", "gpu-0", 150)};
  totals[0].covers_machine = true;
  std::vector<EnergyRecord> records = MakeEnergyRecords(totals);
  EXPECT_EQ(records[1].checked_against(), "external wall");
  EXPECT_TRUE(HasValue(records[1].availability()));
  // More within than around it: one of the two is wrong.
  totals[1].joules = 260;
  records = MakeEnergyRecords(totals);
  for (const EnergyRecord& record : records) {
    EXPECT_EQ(record.availability().state(), Availability::REFUSED);
  }
  EXPECT_EQ(records[1].availability().reason(),
            "260 J, and 200 J of external wall: expected at most 5 % apart");
}

TEST(EnergyRecordTest, TwoInstrumentsOverTheMachineMustAgree) {
  std::vector<EnergyTotals> totals = {Seen("external", "wall", 200),
                                      Seen("external", "plug", 204)};
  totals[0].covers_machine = totals[1].covers_machine = true;
  std::vector<EnergyRecord> records = MakeEnergyRecords(totals);
  EXPECT_EQ(records[0].checked_against(), "external plug");
  EXPECT_EQ(records[1].checked_against(), "external wall");
  EXPECT_TRUE(HasValue(records[0].availability()));
  totals[1].joules = 250;
  records = MakeEnergyRecords(totals);
  EXPECT_FALSE(HasValue(records[0].availability()));
  EXPECT_FALSE(HasValue(records[1].availability()));
}

TEST(EnergyRecordTest, KeepsTheReadings) {
  EnergyTotals totals = Totals();
  totals.readings.kept = {{1'000'000'000, 0, true},
                          {1'500'000'000, 25, false},
                          {3'000'000'000, 90, true},
                          {3'100'000'000, 95, false}};
  totals.readings.dropped = 2;
  const EnergyTrace trace = MakeEnergyRecord(totals, {}, 400'000'000).trace();
  EXPECT_THAT(trace.at_ns(),
              testing::ElementsAre(600'000'000, 1'100'000'000, 2'600'000'000,
                                   2'700'000'000));
  EXPECT_THAT(trace.joules(), testing::ElementsAre(0, 25, 90, 95));
  EXPECT_THAT(trace.block_starts(), testing::ElementsAre(0, 2));
  EXPECT_EQ(trace.dropped(), 2u);
  EXPECT_FALSE(MakeEnergyRecord(Totals()).has_trace());
  totals.problem = "gone";
  EXPECT_FALSE(MakeEnergyRecord(totals).has_trace());
}

TEST(EnergyRecordTest, TheWindowForTheWantedErrorIsStated) {
  EnergyLimits limits;
  limits.most_error = 0.01;
  EnergyTotals totals = Seen("rapl", "package-0", 100);
  totals.error_joules = 5;
  const EnergyRecord record = MakeEnergyRecord(totals, limits);
  EXPECT_EQ(record.availability().state(), Availability::REFUSED);
  EXPECT_EQ(record.wanted_error(), 0.01);
  EXPECT_NEAR(record.wanted_window_seconds(), 50.0, 1e-9);
}

TEST(EnergyRecordTest, AnEstimateIsNeverAMeasurement) {
  CostRecord cost;
  *cost.mutable_availability() = MakeAvailability(Availability::DERIVED);
  cost.set_macs(3'000'000);
  cost.set_weight_bytes(8000);
  LayerCost* layer = cost.add_layers();
  layer->set_macs(2'000'000);
  layer->set_weight_bits(8);
  layer->set_activation_bits(8);
  const EnergyEstimate estimate = MakeEnergyEstimate(cost, 4);
  EXPECT_EQ(estimate.availability().state(), Availability::ESTIMATED);
  EXPECT_EQ(estimate.model(), "op_counts");
  // 2 million products of bytes, 1 million of floats, 2000 bytes of weights.
  EXPECT_NEAR(estimate.joules_per_sample(),
              2e6 * 0.3e-12 + 1e6 * 4.6e-12 + 2000 * 0.1625e-9, 1e-12);
  EXPECT_EQ(estimate.inputs_size(), 4);
  EXPECT_FALSE(HasValue(MakeEnergyEstimate(CostRecord(), 1).availability()));
}

}  // namespace
}  // namespace assay

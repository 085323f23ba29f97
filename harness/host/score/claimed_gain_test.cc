#include "harness/host/score/claimed_gain.h"

#include "gtest/gtest.h"
#include "harness/report/check.h"

namespace assay {
namespace {

CandidateRecord Network(uint64_t macs, uint64_t bytes) {
  CandidateRecord record;
  record.mutable_materialisation()->set_plan_macs(macs);
  record.mutable_materialisation()->set_plan_weight_bytes(bytes);
  return record;
}

void Ask(const char* quantity, double reached, CandidateRecord* record) {
  BudgetRecord* budget = record->add_budgets();
  budget->set_quantity(quantity);
  budget->set_reached(reached);
}

void Time(double speedup, double low, double high, CandidateRecord* record) {
  GainRecord* gain = record->add_gains();
  *gain->mutable_availability() = MakeAvailability(Availability::MEASURED);
  gain->set_scenario("SINGLE_STREAM");
  gain->set_precision("f32");
  gain->set_against_precision("f32");
  gain->set_batch(1);
  gain->set_measured_speedup(speedup);
  gain->mutable_measured_interval()->set_low(low);
  gain->mutable_measured_interval()->set_high(high);
}

ClaimedGain Judge(const char* quantity, CandidateRecord candidate) {
  Ask(quantity, 0.9, &candidate);
  JudgeClaims(Network(1000, 4000), &candidate);
  EXPECT_EQ(candidate.materialisation().claims_size(), 1);
  return candidate.materialisation().claims(0);
}

TEST(ClaimedGainTest, ZerosThatAreMultipliedShowNothing) {
  CandidateRecord zeros = Network(1000, 4000);
  EXPECT_EQ(Judge("sparsity", zeros).verdict(), ClaimedGain::UNDECIDED);
  Time(1.0, 0.98, 1.02, &zeros);
  const ClaimedGain claim = Judge("sparsity", zeros);
  EXPECT_EQ(claim.verdict(), ClaimedGain::NOT_SHOWN);
  EXPECT_EQ(claim.claimed(), 0.9);
  EXPECT_EQ(claim.timing(), "SINGLE_STREAM f32 batch 1 against f32");
}

TEST(ClaimedGainTest, RemovedChannelsShowInMacs) {
  const ClaimedGain claim = Judge("sparsity", Network(500, 3000));
  EXPECT_EQ(claim.verdict(), ClaimedGain::SHOWN);
  EXPECT_EQ(claim.shown_in(), "macs");
  EXPECT_EQ(claim.macs_ratio(), 2.0);
}

TEST(ClaimedGainTest, SparseKernelsShowInTime) {
  CandidateRecord sparse = Network(1000, 4000);
  Time(1.5, 1.4, 1.6, &sparse);
  EXPECT_EQ(Judge("sparsity", sparse).shown_in(), "latency");
}

TEST(ClaimedGainTest, IntegersShowInBytesAndNotInMacs) {
  EXPECT_EQ(Judge("weight_bits", Network(1000, 1000)).shown_in(), "bytes");
  CandidateRecord pretence = Network(900, 4000);
  Time(0.9, 0.8, 1.0, &pretence);
  EXPECT_EQ(Judge("weight_bits", pretence).verdict(), ClaimedGain::NOT_SHOWN);
  EXPECT_EQ(Judge("activation_bits", pretence).verdict(),
            ClaimedGain::NOT_SHOWN);
}

TEST(ClaimedGainTest, MacsAndBytesAreShownByThemselves) {
  EXPECT_EQ(Judge("macs_fraction", Network(1000, 1000)).verdict(),
            ClaimedGain::NOT_SHOWN);
  EXPECT_EQ(Judge("bytes", Network(100, 4000)).verdict(),
            ClaimedGain::NOT_SHOWN);
  EXPECT_EQ(Judge("bytes", Network(1000, 2000)).verdict(), ClaimedGain::SHOWN);
}

}  // namespace
}  // namespace assay

#include "harness/host/tuned_plans.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

LatencyRecord Timing(const std::string& precision, const std::string& threads) {
  LatencyRecord latency;
  latency.set_precision(precision);
  latency.set_batch(1);
  if (threads.empty()) return latency;
  KeyValue* row = latency.mutable_tuning()->add_choices();
  row->set_key("threads");
  row->set_value(threads);
  return latency;
}

TEST(TunedPlansTest, EachPlanOnce) {
  Report report;
  report.mutable_dense()->set_name("dense");
  *report.mutable_dense()->add_latency() = Timing("f32", "1");
  *report.mutable_dense()->add_latency() = Timing("f32", "1");
  *report.mutable_dense()->add_latency() = Timing("bf16", "2");
  LatencyRecord* decode = report.mutable_dense()->add_latency();
  *decode = Timing("f32", "2");
  decode->set_scenario(LatencyRecord::DECODE);
  CandidateRecord* candidate = report.add_candidates();
  candidate->set_name("sparsity>=0.5");
  *candidate->add_latency() = Timing("f32", "");  // by rules
  RunSpec spec;
  spec.add_tuned()->set_network("of another report");
  RepeatPlans(report, &spec);
  ASSERT_EQ(spec.tuned_size(), 3);
  EXPECT_EQ(spec.tuned(0).network(), "dense");
  EXPECT_EQ(spec.tuned(0).precision(), "f32");
  EXPECT_EQ(spec.tuned(0).choices().at("threads"), "1");
  EXPECT_EQ(spec.tuned(1).precision(), "bf16");
  EXPECT_EQ(spec.tuned(1).choices().at("threads"), "2");
  EXPECT_EQ(spec.tuned(1).writes(), "");
  EXPECT_EQ(spec.tuned(2).writes(), "decode");
}

}  // namespace
}  // namespace assay

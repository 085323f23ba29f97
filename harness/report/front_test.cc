#include "harness/report/front.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/check.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// A report of one network with this accuracy and these MACs, exactly.
Report Exact(const char* method, double accuracy, uint64_t macs) {
  Report report;
  report.mutable_identity()->set_method(method);
  report.mutable_identity()->set_task("images");
  report.mutable_identity()->set_backend("cpu");
  report.mutable_identity()->set_seed(1);
  CandidateRecord* network = report.add_candidates();
  network->set_name("none");
  QualityRecord* quality = network->add_quality();
  quality->set_split("test");
  quality->set_precision("f32");
  quality->set_direction(QualityRecord::HIGHER_IS_BETTER);
  quality->set_value(accuracy);
  *quality->mutable_availability() = MakeAvailability(Availability::MEASURED);
  network->mutable_cost()->set_macs(macs);
  *network->mutable_cost()->mutable_availability() =
      MakeAvailability(Availability::DERIVED);
  return report;
}

TEST(FrontTest, BestForTheirCostAreOnIt) {
  const std::vector<Front> fronts =
      MakeFronts({Exact("big", 0.9, 900), Exact("bad", 0.7, 950),
                  Exact("small", 0.8, 100)},
                 FrontCost::kMacs);
  ASSERT_EQ(fronts.size(), 1u);
  ASSERT_EQ(fronts[0].points.size(), 3u);
  EXPECT_EQ(fronts[0].points[0].network, "small none, seed 1");
  EXPECT_EQ(fronts[0].points[0].chance, 1.0);
  EXPECT_EQ(fronts[0].points[1].chance, 1.0);
  EXPECT_EQ(fronts[0].points[2].chance, 0.0);
}

TEST(FrontTest, IntervalsOverlapAndChancesShareThemselvesOut) {
  Report a = Exact("a", 0.90, 100), b = Exact("b", 0.90, 100);
  for (Report* report : {&a, &b}) {
    Interval* interval =
        report->mutable_candidates(0)->mutable_quality(0)->mutable_interval();
    interval->set_low(0.88);
    interval->set_high(0.92);
    interval->set_confidence(0.95);
    interval->set_method("wilson");
  }
  const Front front = MakeFronts({a, b}, FrontCost::kMacs, 4000)[0];
  EXPECT_NEAR(front.points[0].chance, 0.5, 0.03);
  EXPECT_NEAR(front.points[0].chance + front.points[1].chance, 1.0, 1e-12);
}

TEST(FrontTest, ReadsWholeReportsAndSaysWhatIsMissing) {
  const std::vector<Front> fast =
      MakeFronts({SampleReport(), SampleCrash()}, FrontCost::kLatency, 100);
  ASSERT_FALSE(fast.empty());
  EXPECT_FALSE(fast[0].points.empty());
  const std::vector<Front> frugal =
      MakeFronts({SampleReport()}, FrontCost::kEnergy, 100);
  ASSERT_EQ(frugal.size(), 1u);
  EXPECT_TRUE(frugal[0].points.empty());
  ASSERT_FALSE(frugal[0].left_out.empty());
  EXPECT_THAT(frugal[0].left_out[0], HasSubstr("dense f32: no energy"));
}

TEST(FrontTest, CostsHaveNames) {
  EXPECT_EQ(*ParseFrontCost("bytes"), FrontCost::kBytes);
  EXPECT_THAT(ParseFrontCost("price").status().message(),
              HasSubstr("got \"price\""));
}

}  // namespace
}  // namespace assay

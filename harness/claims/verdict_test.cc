#include "harness/claims/verdict.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/text_proto.h"
#include "harness/report/check.h"
#include "harness/report/record/quality_record.h"

namespace assay {
namespace {

using testing::HasSubstr;

Claim Parse(const std::string& text) {
  Claim claim;
  EXPECT_TRUE(ParseTextProto(text, "claim", &claim).ok());
  return claim;
}

// Better than uniform by at least a point, over three seeds.
Claim Lamp() {
  return Parse(R"(
    id: "lamp" statement: "s" source: "p" task: "t" seeds: [1, 2, 3]
    metric { quantity: QUALITY }
    first { method { name: "magnitude" label: "lamp"
      parameters { key: "alloc" value: "lamp" } } }
    second { method { name: "magnitude" label: "uniform" } }
    relation: AT_LEAST margin: 0.01)");
}

// A network that is wrong on the first `wrong` of 2,000 items.
void SetWrong(int wrong, const std::string& precision,
              CandidateRecord* network) {
  std::vector<bool> correct(2000, true);
  for (int i = 0; i < wrong; ++i) correct[static_cast<size_t>(i)] = false;
  QualityOptions options;
  options.split = "test";
  options.metric = "top1_accuracy";
  options.precision = precision;
  options.unit = "fraction";
  options.items_sha256 = std::string(64, 'a');
  *network->add_quality() = MakeAccuracyRecord(correct, {}, {}, options);
}

Report ReportOf(const RunSpec& spec, int wrong,
                const std::string& precision = "f32") {
  Report report;
  report.set_schema(kReportSchema);
  FillIdentity(spec, report.mutable_identity());
  report.mutable_outcome()->set_status(Outcome::OK);
  CandidateRecord* candidate = report.add_candidates();
  SetWrong(wrong, precision, candidate);
  candidate->mutable_cost()->mutable_availability()->set_state(
      Availability::DERIVED);
  candidate->mutable_cost()->set_macs(500);
  SetWrong(100, "f32", report.mutable_dense());
  report.mutable_dense()->mutable_cost()->mutable_availability()->set_state(
      Availability::DERIVED);
  report.mutable_dense()->mutable_cost()->set_macs(1000);
  return report;
}

// The reports of every run of `claim`; wrong[i] items in the i-th.
std::vector<Report> ReportsOf(const Claim& claim,
                              const std::vector<int>& wrong) {
  std::vector<Report> reports;
  const auto runs = RunsOf(claim);
  EXPECT_TRUE(runs.ok()) << runs.status();
  for (size_t i = 0; i < runs->size(); ++i) {
    reports.push_back(ReportOf((*runs)[i], wrong[i]));
  }
  return reports;
}

ClaimVerdict JudgeOrDie(const Claim& claim,
                        const std::vector<Report>& reports) {
  auto verdict = Judge(claim, reports);
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  return verdict.ok() ? *verdict : ClaimVerdict();
}

TEST(VerdictTest, Holds) {
  // Three points better at every seed.
  const ClaimVerdict verdict =
      JudgeOrDie(Lamp(), ReportsOf(Lamp(), {100, 160, 101, 163, 99, 158}));
  EXPECT_EQ(verdict.verdict, ClaimAttempt::HOLDS);
  EXPECT_NEAR(verdict.estimate, 0.0302, 1e-3);
  EXPECT_GT(verdict.low, 0.01);
  EXPECT_EQ(verdict.method, "student_t and items");
  EXPECT_EQ(verdict.reason, "");
}

TEST(VerdictTest, Fails) {
  const ClaimVerdict verdict =
      JudgeOrDie(Lamp(), ReportsOf(Lamp(), {160, 100, 163, 101, 158, 99}));
  EXPECT_EQ(verdict.verdict, ClaimAttempt::FAILS);
  EXPECT_LT(verdict.high, 0.01);
}

TEST(VerdictTest, UndecidedWhereSeedsDisagree) {
  const ClaimVerdict verdict =
      JudgeOrDie(Lamp(), ReportsOf(Lamp(), {100, 160, 100, 100, 100, 130}));
  EXPECT_EQ(verdict.verdict, ClaimAttempt::UNDECIDED);
  EXPECT_TRUE(verdict.estimated);
  EXPECT_THAT(verdict.reason, HasSubstr("both sides of the bar"));
}

TEST(VerdictTest, PartOfThePopulationDecidesNothing) {
  std::vector<Report> reports =
      ReportsOf(Lamp(), {100, 160, 101, 163, 99, 158});
  reports.erase(reports.begin() + 3);
  const ClaimVerdict verdict = JudgeOrDie(Lamp(), reports);
  EXPECT_EQ(verdict.verdict, ClaimAttempt::UNDECIDED);
  EXPECT_FALSE(verdict.estimated);
  EXPECT_THAT(verdict.missing, testing::ElementsAre(3u));
  EXPECT_EQ(verdict.reason, "1 of 6 runs are missing: uniform on t seed 2");
}

TEST(VerdictTest, ARunThatWentWrongDecidesNothingUntilOneEndsWell) {
  std::vector<Report> reports =
      ReportsOf(Lamp(), {100, 160, 101, 163, 99, 158});
  const Report good = reports[0];
  reports[0].mutable_outcome()->set_status(Outcome::CRASHED);
  reports[0].mutable_finished()->set_seconds(99);
  EXPECT_THAT(JudgeOrDie(Lamp(), reports).reason,
              HasSubstr("lamp on t seed 1 ended with CRASHED"));
  reports.push_back(good);
  EXPECT_EQ(JudgeOrDie(Lamp(), reports).verdict, ClaimAttempt::HOLDS);
}

TEST(VerdictTest, OtherReferenceWeightsDoNotPair) {
  std::vector<Report> reports =
      ReportsOf(Lamp(), {100, 160, 101, 163, 99, 158});
  reports[1].mutable_identity()->set_reference_weights_sha256(
      std::string(64, 'b'));
  EXPECT_THAT(JudgeOrDie(Lamp(), reports).reason,
              HasSubstr("different data or reference weights"));
}

TEST(VerdictTest, IntegersAgainstTheDenseNetworkOfTheSameRuns) {
  const Claim claim = Parse(R"(
    id: "int8" statement: "s" source: "p" task: "t" seeds: 1
    metric { quantity: QUALITY }
    first { method { name: "quantization" } precision: "int8" }
    second { dense: true }
    relation: AT_LEAST margin: -0.005)");
  const auto runs = RunsOf(claim);
  ASSERT_EQ(runs->size(), 1u);
  // One item lost: the interval of the items is well within half a point.
  ClaimVerdict verdict = JudgeOrDie(claim, {ReportOf((*runs)[0], 101, "int8")});
  EXPECT_EQ(verdict.verdict, ClaimAttempt::HOLDS);
  EXPECT_EQ(verdict.method, "items");
  EXPECT_NEAR(verdict.estimate, -0.0005, 1e-9);
  // Two points lost.
  verdict = JudgeOrDie(claim, {ReportOf((*runs)[0], 140, "int8")});
  EXPECT_EQ(verdict.verdict, ClaimAttempt::FAILS);
  // Not scored in integers at all.
  verdict = JudgeOrDie(claim, {ReportOf((*runs)[0], 100, "f32")});
  EXPECT_EQ(verdict.verdict, ClaimAttempt::UNDECIDED);
  EXPECT_THAT(verdict.reason, HasSubstr("lacks quality on test in int8"));
}

TEST(VerdictTest, RatiosOfWhatIsCountedAreExact) {
  const Claim claim = Parse(R"(
    id: "half" statement: "s" source: "p" task: "t" seeds: 1
    metric { quantity: MACS }
    first { method { name: "l1" } } second { dense: true }
    relation: AT_MOST effect: RATIO margin: 0.5)");
  const auto runs = RunsOf(claim);
  const ClaimVerdict verdict = JudgeOrDie(claim, {ReportOf((*runs)[0], 100)});
  EXPECT_EQ(verdict.verdict, ClaimAttempt::HOLDS);
  EXPECT_EQ(verdict.method, "exact");
  EXPECT_NEAR(verdict.estimate, 0.5, 1e-12);
}

TEST(VerdictTest, TimeIsReadOnMachinesThatCanTell) {
  const Claim claim = Parse(R"(
    id: "fast" statement: "s" source: "p" task: "t" seeds: [1, 2, 3]
    metric { quantity: LATENCY_P50_NS }
    first { method { name: "q" } precision: "int8" } second { dense: true }
    cpu_feature: "avx512_vnni"
    relation: AT_MOST effect: RATIO margin: 0.7)");
  std::vector<Report> reports;
  const auto runs = RunsOf(claim);
  for (const RunSpec& run : *runs) {
    Report report = ReportOf(run, 100);
    const auto add = [](const char* precision, double ns,
                        CandidateRecord* network) {
      LatencyRecord* latency = network->add_latency();
      latency->set_scenario(LatencyRecord::SINGLE_STREAM);
      latency->set_precision(precision);
      latency->set_batch(1);
      latency->mutable_availability()->set_state(Availability::MEASURED);
      PercentileRecord* p = latency->add_percentiles();
      p->set_fraction(0.5);
      p->set_estimate_ns(ns);
    };
    add("f32", 1000, report.mutable_dense());
    add("int8", 500 + 5 * static_cast<double>(run.seed()),
        report.mutable_candidates(0));
    reports.push_back(report);
  }
  EXPECT_THAT(JudgeOrDie(claim, reports).reason,
              HasSubstr("needs a processor with avx512_vnni"));
  for (Report& report : reports) {
    report.mutable_provenance()->mutable_cpu()->add_features("avx512_vnni");
  }
  EXPECT_EQ(JudgeOrDie(claim, reports).verdict, ClaimAttempt::HOLDS);
  EXPECT_NEAR(JudgeOrDie(claim, reports).estimate, 0.51, 1e-3);
  reports[0].mutable_machine()->set_verdict(MachineRecord::INVALID);
  EXPECT_THAT(JudgeOrDie(claim, reports).reason, HasSubstr("was not fit"));
}

// One of several timings of one network.
void AddTiming(const std::string& backend, LatencyRecord::Caches caches,
               double ns, CandidateRecord* network) {
  LatencyRecord* latency = network->add_latency();
  latency->set_scenario(LatencyRecord::SINGLE_STREAM);
  latency->set_precision("f32");
  latency->set_batch(1);
  latency->set_backend(backend);
  latency->set_caches(caches);
  latency->mutable_availability()->set_state(Availability::MEASURED);
  PercentileRecord* p = latency->add_percentiles();
  p->set_fraction(0.5);
  p->set_estimate_ns(ns);
}

TEST(VerdictTest, ATimingOfOtherCachesOrAnotherBackendDoesNotCount) {
  Claim claim = Parse(R"(
    id: "fast" statement: "s" source: "p" task: "t" seeds: [1, 2, 3]
    metric { quantity: LATENCY_P50_NS }
    first { method { name: "q" } } second { dense: true }
    relation: AT_MOST effect: RATIO margin: 0.7)");
  std::vector<Report> reports;
  const auto runs = RunsOf(claim);
  for (const RunSpec& run : *runs) {
    Report report = ReportOf(run, 100);
    const double seed = static_cast<double>(run.seed());
    for (CandidateRecord* network :
         {report.mutable_dense(), report.mutable_candidates(0)}) {
      const double ns = network == report.mutable_dense() ? 1000 : 500 + seed;
      AddTiming("", LatencyRecord::COLD, 3000 + seed, network);
      AddTiming("reference", LatencyRecord::HOT, 9000 + seed, network);
      AddTiming("", LatencyRecord::HOT, ns, network);
    }
    reports.push_back(report);
  }
  EXPECT_NEAR(JudgeOrDie(claim, reports).estimate, 0.502, 1e-3);
  claim.mutable_metric()->set_backend("cuda");
  EXPECT_THAT(JudgeOrDie(claim, reports).reason, HasSubstr("missing"));
  for (Report& report : reports) {
    RunSpec spec;
    ASSERT_TRUE(ParseRunText(report.identity().spec(), &spec).ok());
    spec.mutable_measure()->add_other_backends("reference");
    spec.mutable_measure()->add_caches("cold");
    report.mutable_identity()->set_spec(RunText(spec));
  }
  claim.mutable_metric()->set_backend("");
  EXPECT_THAT(JudgeOrDie(claim, reports).reason, HasSubstr("missing"));
  claim.mutable_metric()->set_cold_caches(true);
  EXPECT_NEAR(JudgeOrDie(claim, reports).estimate, 1.0, 1e-3);
}

TEST(VerdictTest, ADenseNetworkWithTheSameAllowance) {
  const Claim claim = Parse(R"(
    id: "worth" statement: "s" source: "p" task: "t" seeds: 1
    metric { quantity: QUALITY }
    first { method { name: "l1" } } second { tuned_dense: true }
    relation: AT_LEAST margin: -0.02)");
  const auto runs = RunsOf(claim);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_TRUE((*runs)[0].measure().same_allowance());
  Report report = ReportOf((*runs)[0], 110);
  TunedDense* tuned = report.mutable_tuned_dense();
  tuned->mutable_availability()->set_state(Availability::NOT_APPLICABLE);
  tuned->mutable_availability()->set_reason("the method trained on nothing");
  EXPECT_THAT(JudgeOrDie(claim, {report}).reason,
              HasSubstr("the method trained on nothing"));
  tuned->mutable_availability()->set_state(Availability::MEASURED);
  *tuned->mutable_network() = report.dense();
  EXPECT_EQ(JudgeOrDie(claim, {report}).verdict, ClaimAttempt::HOLDS);
}

TEST(VerdictTest, WithinNeedsTheWholeInterval) {
  Claim claim = Lamp();
  claim.set_relation(Claim::WITHIN);
  claim.set_margin(0.01);
  EXPECT_EQ(JudgeOrDie(claim, ReportsOf(claim, {100, 101, 100, 100, 100, 102}))
                .verdict,
            ClaimAttempt::HOLDS);
  EXPECT_EQ(JudgeOrDie(claim, ReportsOf(claim, {100, 160, 101, 163, 99, 158}))
                .verdict,
            ClaimAttempt::FAILS);
}

TEST(VerdictTest, WithoutASecondSideTheMarginIsTheBar) {
  Claim claim = Lamp();
  claim.clear_second();
  claim.set_margin(0.9);
  EXPECT_EQ(JudgeOrDie(claim, ReportsOf(claim, {100, 101, 99})).verdict,
            ClaimAttempt::HOLDS);
  claim.set_margin(0.99);
  EXPECT_EQ(JudgeOrDie(claim, ReportsOf(claim, {100, 101, 99})).verdict,
            ClaimAttempt::FAILS);
}

}  // namespace
}  // namespace assay

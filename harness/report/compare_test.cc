#include "harness/report/compare.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/record/quality_record.h"
#include "harness/report/record/samples.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const MetricChange& Find(const Comparison& comparison,
                         const std::string& candidate,
                         const std::string& metric) {
  for (const MetricChange& change : comparison.changes) {
    if (change.candidate == candidate &&
        change.metric.find(metric) != std::string::npos) {
      return change;
    }
  }
  ADD_FAILURE() << candidate << ": no " << metric;
  static const MetricChange none;
  return none;
}

// The dense network's latencies: `median` +/- 5 %.
void SetLatencies(double median, uint64_t seed, Report* report) {
  RandomStream random(seed, "compare_test");
  std::vector<int64_t> latencies;
  for (int i = 0; i < 400; ++i) {
    latencies.push_back(
        static_cast<int64_t>(median * (0.95 + 0.1 * random.UniformDouble())));
  }
  *report->mutable_dense()->mutable_latency(0)->mutable_kept() =
      EncodeSamples(latencies);
}

// The candidate right on all of 2,000 items but the first `wrong`.
void SetCorrect(int wrong, Report* report) {
  std::vector<bool> correct(2000, true);
  for (int i = 0; i < wrong; ++i) correct[static_cast<size_t>(i)] = false;
  QualityOptions options;
  options.split = "test";
  options.metric = "top1_accuracy";
  options.precision = "f32";
  options.unit = "fraction";
  options.items_sha256 = std::string(64, 'a');
  *report->mutable_candidates(0)->mutable_quality(0) =
      MakeAccuracyRecord(correct, {}, {}, options);
}

TEST(CompareTest, AReportIsLikeItself) {
  const Comparison comparison =
      CompareReports({SampleReport()}, {SampleReport()});
  EXPECT_EQ(comparison.matched, 1);
  EXPECT_EQ(comparison.Count(Change::kWorse), 0);
  EXPECT_EQ(comparison.Count(Change::kBetter), 0);
  EXPECT_EQ(comparison.Count(Change::kUndecided), 0);
  EXPECT_EQ(comparison.ExitCode(), 0);
}

TEST(CompareTest, SlowerThanTheMarginIsWorse) {
  Report before = SampleReport(), now = SampleReport();
  SetLatencies(100000, 1, &before);
  SetLatencies(112000, 2, &now);
  const Comparison comparison = CompareReports({before}, {now});
  const MetricChange& change = Find(comparison, "dense", "latency p50");
  EXPECT_EQ(change.change, Change::kWorse);
  EXPECT_LT(change.p_value, 0.05);
  EXPECT_EQ(comparison.ExitCode(), 1);
  EXPECT_EQ(
      Find(CompareReports({now}, {before}), "dense", "latency p50").change,
      Change::kBetter);
}

TEST(CompareTest, ASmallSlowdownIsTheSame) {
  Report before = SampleReport(), now = SampleReport();
  SetLatencies(100000, 1, &before);
  SetLatencies(102000, 2, &now);
  EXPECT_EQ(
      Find(CompareReports({before}, {now}), "dense", "latency p50").change,
      Change::kSame);
}

TEST(CompareTest, AtTheMarginNothingIsDecided) {
  Report before = SampleReport(), now = SampleReport();
  SetLatencies(100000, 1, &before);
  SetLatencies(105000, 2, &now);
  const Comparison comparison = CompareReports({before}, {now});
  const MetricChange& change = Find(comparison, "dense", "latency p50");
  EXPECT_EQ(change.change, Change::kUndecided);
  EXPECT_THAT(change.note, HasSubstr("margin"));
}

TEST(CompareTest, AnotherMachineCannotBeCompared) {
  Report before = SampleReport(), now = SampleReport();
  now.mutable_provenance()->set_machine_fingerprint(std::string(64, '9'));
  EXPECT_EQ(Find(CompareReports({before}, {now}), "dense", "latency p50").note,
            "measured on another machine");
  now = SampleReport();
  now.mutable_machine()->set_verdict(MachineRecord::INVALID);
  EXPECT_EQ(Find(CompareReports({before}, {now}), "dense", "latency p50").note,
            "a machine was not fit to be timed");
}

TEST(CompareTest, LostAnswersAreWorse) {
  Report before = SampleReport(), now = SampleReport();
  SetCorrect(100, &before);
  SetCorrect(140, &now);
  const Comparison comparison = CompareReports({before}, {now});
  const MetricChange& change =
      Find(comparison, "sparsity>=0.9", "top1_accuracy");
  EXPECT_EQ(change.change, Change::kWorse);
  EXPECT_EQ(change.test, "mcnemar_exact");
  EXPECT_EQ(
      Find(CompareReports({now}, {before}), "sparsity>=0.9", "top1_accuracy")
          .change,
      Change::kBetter);
}

TEST(CompareTest, AFewFlipsOfManyItemsAreTheSame) {
  Report before = SampleReport(), now = SampleReport();
  SetCorrect(100, &before);
  SetCorrect(102, &now);
  EXPECT_EQ(
      Find(CompareReports({before}, {now}), "sparsity>=0.9", "top1_accuracy")
          .change,
      Change::kSame);
}

TEST(CompareTest, OtherItemsDoNotPair) {
  Report before = SampleReport(), now = SampleReport();
  SetCorrect(100, &before);
  SetCorrect(140, &now);
  now.mutable_candidates(0)
      ->mutable_quality(0)
      ->mutable_items()
      ->set_items_sha256(std::string(64, 'b'));
  const Comparison comparison = CompareReports({before}, {now});
  const MetricChange& change =
      Find(comparison, "sparsity>=0.9", "top1_accuracy");
  EXPECT_EQ(change.change, Change::kUndecided);
  EXPECT_THAT(change.note, HasSubstr("not paired"));
}

TEST(CompareTest, CostBudgetsAndStatusAreExact) {
  Report before = SampleReport(), now = SampleReport();
  now.mutable_candidates(0)->mutable_cost()->set_macs(1);
  now.mutable_candidates(0)->mutable_cost()->set_bytes_on_disk(1 << 30);
  now.mutable_candidates(0)->mutable_budgets(0)->set_met(false);
  now.mutable_outcome()->set_status(Outcome::TIMED_OUT);
  const Comparison comparison = CompareReports({before}, {now});
  EXPECT_EQ(Find(comparison, "sparsity>=0.9", "MACs").change, Change::kBetter);
  EXPECT_EQ(Find(comparison, "sparsity>=0.9", "bytes").change, Change::kWorse);
  EXPECT_EQ(Find(comparison, "sparsity>=0.9", "budget").change, Change::kWorse);
  EXPECT_EQ(Find(comparison, "", "status").change, Change::kWorse);
  EXPECT_EQ(Find(comparison, "", "status").note, "OK -> TIMED_OUT");
}

TEST(CompareTest, ManyTestsNeedStrongerEvidence) {
  Report before = SampleReport(), now = SampleReport();
  SetCorrect(100, &before);
  SetCorrect(107, &now);  // 7 flips one way: p = 2 / 2^7 = 0.0156
  const auto p = [&](int copies) {
    std::vector<Report> old_set, new_set;
    for (int i = 0; i < copies; ++i) {
      before.mutable_identity()->set_seed(static_cast<uint64_t>(i));
      now.mutable_identity()->set_seed(static_cast<uint64_t>(i));
      old_set.push_back(before);
      new_set.push_back(now);
    }
    return Find(CompareReports(old_set, new_set), "sparsity>=0.9",
                "top1_accuracy")
        .p_value;
  };
  // Of one report: tests of dense and candidate quality and two latencies.
  EXPECT_NEAR(p(1), 4 * 2.0 / 128, 1e-12);
  EXPECT_NEAR(p(3), 12 * 2.0 / 128, 1e-12);
}

TEST(CompareTest, UnmatchedExperimentsAreListed) {
  Report other = SampleReport();
  other.mutable_identity()->set_seed(8);
  const Comparison comparison =
      CompareReports({SampleReport()}, {SampleReport(), other});
  EXPECT_THAT(comparison.only_in_new, ElementsAre(HasSubstr("seed 8")));
  EXPECT_TRUE(comparison.only_in_baseline.empty());
  EXPECT_EQ(comparison.ExitCode(), 0);
  EXPECT_EQ(CompareReports({SampleReport()}, {other}).ExitCode(), 2);
  EXPECT_EQ(CompareReports({}, {}).ExitCode(), 2);
}

TEST(CompareTest, TheLastOfSeveralRunsCounts) {
  Report early = SampleReport(), late = SampleReport();
  early.mutable_outcome()->set_status(Outcome::ABORTED);
  late.mutable_finished()->set_seconds(late.finished().seconds() + 1);
  EXPECT_EQ(CompareReports({SampleReport()}, {late, early}).ExitCode(), 0);
}

TEST(CompareTest, CrashedRunsCompareByStatusAlone) {
  const Comparison comparison =
      CompareReports({SampleCrash()}, {SampleCrash()});
  EXPECT_EQ(comparison.changes.size(), 1u);
  EXPECT_EQ(comparison.ExitCode(), 0);
}

}  // namespace
}  // namespace assay

#include "harness/report/compare.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/record/quality_record.h"
#include "harness/report/record/samples.h"
#include "harness/report/statistics/distributions.h"
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

// Rounds of one run each: the i-th of `a` finishes just before or after the
// i-th of `b`, in turns.
void TakeTurns(std::vector<Report>* a, std::vector<Report>* b) {
  int64_t clock = 1750000000;
  for (size_t i = 0; i < a->size(); ++i) {
    Report* first = i % 2 == 0 ? &(*a)[i] : &(*b)[i];
    Report* second = i % 2 == 0 ? &(*b)[i] : &(*a)[i];
    first->mutable_finished()->set_seconds(++clock);
    second->mutable_finished()->set_seconds(++clock);
  }
}

void SetMedian(double ns, Report* report) {
  for (PercentileRecord& p :
       *report->mutable_dense()->mutable_latency(0)->mutable_percentiles()) {
    if (p.fraction() == 0.5) p.set_estimate_ns(ns);
  }
}

std::vector<Report> WithMedians(const std::vector<double>& medians) {
  std::vector<Report> reports;
  for (double ns : medians) {
    reports.push_back(SampleReport());
    SetMedian(ns, &reports.back());
  }
  return reports;
}

// Two runs of the same thing: neighbouring latencies alike, each start of the
// program a little faster or slower, a few answers flipped either way.
Report NoisyRun(RandomStream& random) {
  Report report = SampleReport();
  const auto normal = [&] { return static_cast<double>(random.Normal()); };
  for (CandidateRecord* record :
       {report.mutable_dense(), report.mutable_candidates(0)}) {
    const double level = 100000 * std::exp(0.01 * normal());
    double wave = normal();
    std::vector<int64_t> latencies;
    for (int i = 0; i < 300; ++i) {
      wave = 0.8 * wave + 0.6 * normal();
      latencies.push_back(static_cast<int64_t>(level * (1 + 0.03 * wave)));
    }
    *record->mutable_latency(0)->mutable_kept() = EncodeSamples(latencies);
    std::vector<bool> correct(2000);
    for (size_t i = 0; i < correct.size(); ++i) {
      // A tenth of the items are near the border, and fall either way.
      correct[i] = i % 10 != 0 || random.Below(2) == 0;
    }
    QualityOptions options;
    options.split = "test";
    options.metric = "top1_accuracy";
    options.precision = "f32";
    options.unit = "fraction";
    options.items_sha256 = std::string(64, 'a');
    *record->mutable_quality(0) = MakeAccuracyRecord(correct, {}, {}, options);
  }
  return report;
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

TEST(CompareTest, RoundsAreComparedInPairs) {
  // The machine slows down by half over the rounds; the pairs do not mind.
  std::vector<Report> before = WithMedians({100000, 120000, 140000, 150000});
  std::vector<Report> now = WithMedians({112000, 133000, 156000, 169000});
  TakeTurns(&before, &now);
  const Comparison comparison = CompareReports(before, now);
  const MetricChange& change = Find(comparison, "dense", "latency p50");
  EXPECT_EQ(change.test, "paired_rounds");
  EXPECT_EQ(change.change, Change::kWorse);
  EXPECT_NEAR(change.estimate, 1.117, 0.003);
  EXPECT_GT(change.low, 1.05);
  now = WithMedians({101000, 120000, 139000, 151000});
  TakeTurns(&before, &now);
  EXPECT_EQ(Find(CompareReports(before, now), "dense", "latency p50").change,
            Change::kSame);
}

TEST(CompareTest, RoundsThatDisagreeDecideNothing) {
  std::vector<Report> before = WithMedians({100000, 100000, 100000});
  std::vector<Report> now = WithMedians({125000, 100000, 115000});
  TakeTurns(&before, &now);
  const MetricChange change =
      Find(CompareReports(before, now), "dense", "latency p50");
  EXPECT_EQ(change.change, Change::kUndecided);
  EXPECT_EQ(change.test, "paired_rounds");
}

TEST(CompareTest, RunsThatDidNotTakeTurnsAreNoRounds) {
  std::vector<Report> before = WithMedians({1, 1, 1});
  std::vector<Report> now = WithMedians({1, 1, 1});
  for (Report& report : now) {
    report.mutable_finished()->set_seconds(1760000000);
  }
  EXPECT_EQ(Find(CompareReports(before, now), "dense", "latency p50").test,
            "block_bootstrap");
}

TEST(CompareTest, EnergyIsHeldAgainstItsMargin) {
  Report before = SampleReport(), now = SampleReport();
  const auto set = [](double joules, Report* report) {
    EnergyRecord* energy =
        report->mutable_dense()->mutable_latency(0)->mutable_energy(0);
    energy->mutable_availability()->set_state(Availability::MEASURED);
    energy->set_gross_joules(joules);
    energy->set_gross_joules_per_sample(joules / 100);
    energy->mutable_gross_interval()->set_low(joules * 0.99);
    energy->mutable_gross_interval()->set_high(joules * 1.01);
    energy->mutable_gross_interval()->set_confidence(0.95);
  };
  set(10.0, &before);
  set(11.5, &now);
  const auto change = [&] {
    return Find(CompareReports({before}, {now}), "dense", "energy rapl").change;
  };
  EXPECT_EQ(change(), Change::kWorse);
  set(10.1, &now);
  EXPECT_EQ(change(), Change::kSame);
  set(10.5, &now);
  EXPECT_EQ(change(), Change::kUndecided);
}

// 2,000 items, 30 flips one way: certain, and of no concern.
TEST(CompareTest, ACertainDifferenceWithinTheMarginIsTheSame) {
  Report before = SampleReport(), now = SampleReport();
  SetCorrect(100, &before);
  SetCorrect(130, &now);
  CompareOptions wide;
  wide.quality_margin = 0.05;
  const MetricChange change = Find(CompareReports({before}, {now}, wide),
                                   "sparsity>=0.9", "top1_accuracy");
  EXPECT_LT(change.p_value, 0.001);
  EXPECT_EQ(change.change, Change::kSame);
  EXPECT_EQ(change.effect, "difference");
  EXPECT_NEAR(change.estimate, -0.015, 1e-9);
}

// What a CI job acts on, for each kind of harm and for none.
TEST(CompareTest, EachInjectedRegressionIsCaught) {
  Report before = SampleReport();
  SetLatencies(100000, 1, &before);
  SetCorrect(100, &before);
  Report slower = before, wronger = before, bigger = before, same = before;
  SetLatencies(110000, 2, &slower);
  SetCorrect(130, &wronger);
  bigger.mutable_candidates(0)->mutable_cost()->set_bytes_on_disk(248001);
  SetLatencies(100500, 3, &same);
  for (const Report& harmed : {slower, wronger, bigger}) {
    const Comparison comparison = CompareReports({before}, {harmed});
    EXPECT_EQ(comparison.ExitCode(), 1);
    EXPECT_EQ(comparison.Count(Change::kWorse), 1);
  }
  EXPECT_EQ(CompareReports({before}, {same}).ExitCode(), 0);
}

TEST(CompareTest, WhatIsNoLongerSubmittedIsWorse) {
  Report now = SampleReport();
  now.clear_candidates();
  EXPECT_EQ(
      Find(CompareReports({SampleReport()}, {now}), "sparsity>=0.9", "submit")
          .change,
      Change::kWorse);
}

TEST(CompareTest, StrictMindsWhatIsUndecidedOrGone) {
  Report other = SampleReport(), moved = SampleReport();
  other.mutable_identity()->set_seed(8);
  const Comparison gone =
      CompareReports({SampleReport(), other}, {SampleReport()});
  EXPECT_EQ(gone.ExitCode(), 0);
  EXPECT_EQ(gone.ExitCode(true), 1);
  moved.mutable_provenance()->set_machine_fingerprint(std::string(64, '9'));
  const Comparison undecided = CompareReports({SampleReport()}, {moved});
  EXPECT_EQ(undecided.ExitCode(), 0);
  EXPECT_EQ(undecided.ExitCode(true), 1);
}

// The promise of --alpha: of comparisons of a thing with itself, no more than
// that share says that something is worse (or better). One batch of 200 must
// not speak against it at the level of one in a thousand.
TEST(CompareTest, FalseAlarmsOf200ComparisonsOfAThingWithItself) {
  RandomStream random(7, "compare_test/a_a");
  CompareOptions options;
  options.resamples = 400;
  constexpr int kComparisons = 200;
  int alarms = 0, wrongly_worse = 0;
  for (int i = 0; i < kComparisons; ++i) {
    const Comparison comparison =
        CompareReports({NoisyRun(random)}, {NoisyRun(random)}, options);
    wrongly_worse += comparison.ExitCode() == 1 ? 1 : 0;
    alarms +=
        comparison.ExitCode() == 1 || comparison.Count(Change::kBetter) > 0 ? 1
                                                                            : 0;
  }
  EXPECT_LT(BinomialCdf(alarms - 1, kComparisons, options.alpha), 0.999);
  EXPECT_LE(wrongly_worse, alarms);
}

TEST(CompareTest, FalseAlarmsOf200ComparisonsInRounds) {
  RandomStream random(8, "compare_test/a_a");
  constexpr int kComparisons = 200;
  int alarms = 0;
  for (int i = 0; i < kComparisons; ++i) {
    std::vector<double> medians[2];
    for (int round = 0; round < 5; ++round) {
      for (auto& side : medians) {
        side.push_back(100000 *
                       std::exp(0.03 * static_cast<double>(random.Normal())));
      }
    }
    std::vector<Report> before = WithMedians(medians[0]);
    std::vector<Report> now = WithMedians(medians[1]);
    TakeTurns(&before, &now);
    alarms += CompareReports(before, now).ExitCode() == 1 ? 1 : 0;
  }
  EXPECT_LT(BinomialCdf(alarms - 1, kComparisons, 0.05), 0.999);
}

}  // namespace
}  // namespace assay

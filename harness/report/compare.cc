#include "harness/report/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"
#include "harness/report/check.h"
#include "harness/report/index.h"
#include "harness/report/record/quality_record.h"
#include "harness/report/record/samples.h"
#include "harness/report/statistics/bootstrap.h"
#include "harness/report/statistics/distributions.h"
#include "harness/report/statistics/equivalence.h"
#include "harness/report/timing_key.h"

namespace assay {
namespace {

// A change before the p-values are adjusted for their number.
struct Pending {
  MetricChange change;
  bool tested = false;
  Change if_significant = Change::kUndecided;
  Change otherwise = Change::kUndecided;
};

using Runs = std::vector<const Report*>;  // of one experiment, oldest first

std::pair<int64_t, int32_t> Finished(const Report& report) {
  return {report.finished().seconds(), report.finished().nanos()};
}

// Runs that were made side by side.
struct Round {
  const Report* before = nullptr;
  const Report* now = nullptr;
};

constexpr size_t kFewestRounds = 3;

// Empty unless the two sides took turns: of the runs in the order of time, the
// first two are one of each, and so are the next two.
std::vector<Round> RoundsOf(const Runs& before, const Runs& now) {
  if (before.size() != now.size() || before.size() < kFewestRounds) return {};
  std::vector<Round> rounds;
  for (size_t i = 0; i < before.size(); ++i) {
    if (i > 0 && std::max(Finished(*before[i - 1]), Finished(*now[i - 1])) >=
                     std::min(Finished(*before[i]), Finished(*now[i]))) {
      return {};
    }
    rounds.push_back({before[i], now[i]});
  }
  return rounds;
}

// The record of that network under that timing, or null.
const LatencyRecord* FindLatency(const Report& report,
                                 const std::string& candidate,
                                 const LatencyRecord& like) {
  const auto search = [&](const CandidateRecord& of) -> const LatencyRecord* {
    for (const LatencyRecord& one : of.latency()) {
      if (SameTiming(one, like)) return &one;
    }
    return nullptr;
  };
  if (report.dense().name() == candidate) return search(report.dense());
  for (const CandidateRecord& one : report.candidates()) {
    if (one.name() == candidate) return search(one);
  }
  return nullptr;
}

double MedianNs(const LatencyRecord& record) {
  for (const PercentileRecord& p : record.percentiles()) {
    if (p.fraction() == 0.5) return p.estimate_ns();
  }
  return 0.0;
}

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) {}

  void Run(const std::string& key, const Runs& old_runs, const Runs& new_runs) {
    const Report &before = *old_runs.back(), &now = *new_runs.back();
    experiment_ = key;
    candidate_.clear();
    CompareStatus(before, now);
    rounds_ = RoundsOf(old_runs, new_runs);
    machine_note_ = MachineNote(before, now);
    for (const Round& round : rounds_) {
      if (machine_note_.empty()) {
        machine_note_ = MachineNote(*round.before, *round.now);
      }
    }
    if (before.has_dense() && now.has_dense()) {
      CompareCandidate(before.dense(), now.dense());
    }
    if (before.tuned_dense().has_network() && now.tuned_dense().has_network()) {
      CompareCandidate(before.tuned_dense().network(),
                       now.tuned_dense().network());
    }
    for (const CandidateRecord& old : before.candidates()) {
      bool submitted = false;
      for (const CandidateRecord& fresh : now.candidates()) {
        if (old.name() != fresh.name()) continue;
        submitted = true;
        CompareCandidate(old, fresh);
      }
      if (submitted) continue;
      candidate_ = old.name();
      AddExact("candidate submitted", "", 1, 0, false);
    }
  }

  std::vector<MetricChange> Take() {
    Adjust();
    std::vector<MetricChange> changes;
    for (Pending& pending : pending_) {
      changes.push_back(std::move(pending.change));
    }
    return changes;
  }

 private:
  Pending& Add(std::string metric, absl::string_view unit, double before,
               double now) {
    pending_.emplace_back();
    MetricChange& change = pending_.back().change;
    change.experiment = experiment_;
    change.candidate = candidate_;
    change.metric = std::move(metric);
    change.unit = std::string(unit);
    change.baseline = before;
    change.now = now;
    return pending_.back();
  }

  void AddExact(std::string metric, absl::string_view unit, double before,
                double now, bool less_is_better) {
    MetricChange& change = Add(std::move(metric), unit, before, now).change;
    change.test = "exact";
    change.change = now == before                      ? Change::kSame
                    : (now < before) == less_is_better ? Change::kBetter
                                                       : Change::kWorse;
  }

  void CompareStatus(const Report& before, const Report& now) {
    const bool was = before.outcome().status() == Outcome::OK;
    const bool is = now.outcome().status() == Outcome::OK;
    AddExact("status OK", "", was ? 1 : 0, is ? 1 : 0, false);
    pending_.back().change.note =
        absl::StrCat(Outcome::Status_Name(before.outcome().status()), " -> ",
                     Outcome::Status_Name(now.outcome().status()));
  }

  // Why speeds cannot be compared; empty where they can.
  static std::string MachineNote(const Report& before, const Report& now) {
    if (before.provenance().machine_fingerprint() !=
        now.provenance().machine_fingerprint()) {
      return "measured on another machine";
    }
    for (const Report* report : {&before, &now}) {
      if (report->machine().verdict() == MachineRecord::INVALID) {
        return "a machine was not fit to be timed";
      }
    }
    return "";
  }

  void CompareCandidate(const CandidateRecord& before,
                        const CandidateRecord& now) {
    candidate_ = now.name();
    CompareBudgets(before, now);
    CompareCost(before.cost(), now.cost());
    for (const QualityRecord& old : before.quality()) {
      for (const QualityRecord& fresh : now.quality()) {
        if (std::tie(old.split(), old.metric(), old.precision()) ==
            std::tie(fresh.split(), fresh.metric(), fresh.precision())) {
          CompareOneQuality(old, fresh);
        }
      }
    }
    for (const LatencyRecord& old : before.latency()) {
      for (const LatencyRecord& fresh : now.latency()) {
        if (SameTiming(old, fresh)) {
          CompareLatency(old, fresh);
          CompareEnergy(old, fresh);
        }
      }
    }
  }

  void CompareBudgets(const CandidateRecord& before,
                      const CandidateRecord& now) {
    for (const BudgetRecord& old : before.budgets()) {
      for (const BudgetRecord& fresh : now.budgets()) {
        if (old.quantity() != fresh.quantity() ||
            old.asked() != fresh.asked()) {
          continue;
        }
        AddExact(absl::StrCat("budget ", old.quantity(), " met"), "",
                 old.met() ? 1 : 0, fresh.met() ? 1 : 0, false);
      }
    }
  }

  void CompareCost(const CostRecord& before, const CostRecord& now) {
    if (!HasValue(before.availability()) || !HasValue(now.availability())) {
      return;
    }
    const auto add = [&](const char* what, const char* unit, uint64_t a,
                         uint64_t b) {
      AddExact(what, unit, static_cast<double>(a), static_cast<double>(b),
               true);
    };
    add("non-zero parameters", "", before.nonzero_parameters(),
        now.nonzero_parameters());
    add("MACs", "", before.macs(), now.macs());
    add("bytes on disk", "bytes", before.bytes_on_disk(), now.bytes_on_disk());
  }

  void CompareOneQuality(const QualityRecord& before,
                         const QualityRecord& now) {
    if (!HasValue(before.availability()) || !HasValue(now.availability())) {
      return;
    }
    Pending& pending =
        Add(absl::StrCat(now.split(), " ", now.metric(), " ", now.precision()),
            now.unit(), before.value(), now.value());
    MetricChange& change = pending.change;
    const auto paired = CompareQuality(before, now, 0);
    if (!paired.ok()) {
      if (before.value() == now.value()) change.change = Change::kSame;
      change.note = std::string(paired.status().message());
      return;
    }
    pending.tested = true;
    change.test = paired->test();
    change.p_value = paired->p_value();
    const bool up = paired->difference() > 0;
    const bool up_is_better = now.direction() != QualityRecord::LOWER_IS_BETTER;
    pending.if_significant =
        up == up_is_better ? Change::kBetter : Change::kWorse;
    change.margin = options_.quality_margin;
    if (paired->has_interval()) {
      change.effect = "difference";
      change.estimate = paired->difference();
      change.low = paired->interval().low();
      change.high = paired->interval().high();
      change.confidence = paired->interval().confidence();
    }
    const bool equal =
        before.items().scores_sha256() == now.items().scores_sha256();
    const bool within = paired->has_interval() &&
                        paired->interval().low() > -options_.quality_margin &&
                        paired->interval().high() < options_.quality_margin;
    if (within) pending.if_significant = Change::kSame;
    if (equal || within) {
      pending.otherwise = Change::kSame;
    } else {
      change.note = absl::StrCat("a difference within the margin of ",
                                 options_.quality_margin,
                                 " is not shown, nor one beyond it");
    }
  }

  void CompareLatency(const LatencyRecord& before, const LatencyRecord& now) {
    Pending& pending = Add(absl::StrCat("latency p50 ", TimingLabel(now)), "ns",
                           MedianNs(before), MedianNs(now));
    MetricChange& change = pending.change;
    if (!machine_note_.empty()) {
      change.note = machine_note_;
      return;
    }
    const std::vector<double> ratios = RatiosOfRounds(now);
    if (ratios.size() >= kFewestRounds) {
      Decide(TestPairedRatios(ratios, MarginOf(options_.latency_margin)),
             "paired_rounds", options_.latency_margin, &pending);
      return;
    }
    const auto old_samples = DecodeSamples(before.kept());
    const auto new_samples = DecodeSamples(now.kept());
    if (!old_samples.ok() || !new_samples.ok()) {
      change.note = std::string(
          (old_samples.ok() ? new_samples : old_samples).status().message());
      return;
    }
    if (old_samples->size() < kFewest || new_samples->size() < kFewest ||
        !(Median(*old_samples) > 0.0)) {
      change.note =
          absl::StrCat("expected at least ", kFewest, " kept latencies, got ",
                       old_samples->size(), " and ", new_samples->size());
      return;
    }
    BootstrapOptions bootstrap;
    bootstrap.resamples = options_.resamples;
    bootstrap.seed = options_.seed;
    Decide(TestMedianRatio(*old_samples, *new_samples,
                           MarginOf(options_.latency_margin), bootstrap),
           "block_bootstrap", options_.latency_margin, &pending);
  }

  // Of the medians, one for each round; empty unless every round has both.
  std::vector<double> RatiosOfRounds(const LatencyRecord& like) const {
    std::vector<double> ratios;
    for (const Round& round : rounds_) {
      const auto median = [&](const Report& report) {
        const LatencyRecord* record = FindLatency(report, candidate_, like);
        return record != nullptr && HasValue(record->availability())
                   ? MedianNs(*record)
                   : 0.0;
      };
      const double old_ns = median(*round.before), new_ns = median(*round.now);
      if (!(old_ns > 0.0) || !(new_ns > 0.0)) return {};
      ratios.push_back(new_ns / old_ns);
    }
    return ratios;
  }

  void CompareEnergy(const LatencyRecord& before, const LatencyRecord& now) {
    for (const EnergyRecord& old : before.energy()) {
      for (const EnergyRecord& fresh : now.energy()) {
        if (old.meter() == fresh.meter() && old.scope() == fresh.scope() &&
            HasValue(old.availability()) && HasValue(fresh.availability())) {
          CompareMeter(now, old, fresh);
        }
      }
    }
  }

  void CompareMeter(const LatencyRecord& timing, const EnergyRecord& before,
                    const EnergyRecord& now) {
    Pending& pending = Add(
        absl::StrCat("energy ", now.meter(), now.scope().empty() ? "" : " ",
                     now.scope(), " ", TimingLabel(timing)),
        "J", before.gross_joules_per_sample(), now.gross_joules_per_sample());
    MetricChange& change = pending.change;
    if (!machine_note_.empty()) {
      change.note = machine_note_;
      return;
    }
    const double error = std::hypot(LogError(before), LogError(now));
    if (!(change.baseline > 0.0) || !(change.now > 0.0) || !(error > 0.0)) {
      change.note = "a reading has no interval, or is not positive";
      return;
    }
    Decide(TestLogRatio(std::log(change.now / change.baseline), error,
                        MarginOf(options_.energy_margin)),
           "normal", options_.energy_margin, &pending);
  }

  // Standard error of the logarithm of a reading; 0 where it has no interval.
  static double LogError(const EnergyRecord& record) {
    const Interval& interval = record.gross_interval();
    if (!(interval.confidence() > 0.0) || !(interval.confidence() < 1.0) ||
        !(record.gross_joules() > 0.0)) {
      return 0.0;
    }
    return 0.5 * (interval.high() - interval.low()) / record.gross_joules() /
           NormalQuantile(0.5 + 0.5 * interval.confidence());
  }

  Margin MarginOf(double relative) const {
    return {1.0 / (1.0 + relative), 1.0 + relative, options_.alpha};
  }

  // Less is better.
  void Decide(const MarginTest& test, const char* name, double margin,
              Pending* pending) {
    MetricChange& change = pending->change;
    pending->tested = true;
    change.test = name;
    change.effect = "ratio";
    change.estimate = test.estimate;
    change.low = test.bounds.low;
    change.high = test.bounds.high;
    change.confidence = 1.0 - 2.0 * options_.alpha;
    change.margin = margin;
    change.p_value = std::min(1.0, 2.0 * std::min(test.p_above, test.p_below));
    pending->if_significant =
        test.p_above < test.p_below ? Change::kWorse : Change::kBetter;
    if (test.p_outside < options_.alpha) {
      pending->otherwise = Change::kSame;
    } else {
      change.note =
          absl::StrCat("the ratio may lie on either side of the margin of ",
                       100 * margin, " %");
    }
  }

  // Holm: the k-th smallest of m p-values is multiplied by m - k + 1.
  void Adjust() {
    std::vector<size_t> tested;
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (pending_[i].tested) tested.push_back(i);
    }
    std::sort(tested.begin(), tested.end(), [&](size_t a, size_t b) {
      return pending_[a].change.p_value < pending_[b].change.p_value;
    });
    double largest = 0.0;
    for (size_t k = 0; k < tested.size(); ++k) {
      Pending& pending = pending_[tested[k]];
      MetricChange& change = pending.change;
      largest = std::max(
          largest, change.p_value * static_cast<double>(tested.size() - k));
      change.p_value = std::min(1.0, largest);
      const bool significant = change.p_value < options_.alpha;
      change.change = significant ? pending.if_significant : pending.otherwise;
      if (significant) change.note.clear();
    }
  }

  static constexpr size_t kFewest = 30;

  const CompareOptions& options_;
  std::string experiment_, candidate_, machine_note_;
  std::vector<Round> rounds_;
  std::vector<Pending> pending_;
};

std::map<std::string, Runs> ByExperiment(absl::Span<const Report> reports) {
  std::map<std::string, Runs> runs;
  for (const Report& report : reports) {
    runs[ExperimentKey(report.identity())].push_back(&report);
  }
  for (auto& [key, list] : runs) {
    std::stable_sort(list.begin(), list.end(),
                     [](const Report* a, const Report* b) {
                       return Finished(*a) < Finished(*b);
                     });
  }
  return runs;
}

}  // namespace

const char* ChangeName(Change change) {
  switch (change) {
    case Change::kSame:
      return "SAME";
    case Change::kBetter:
      return "BETTER";
    case Change::kWorse:
      return "WORSE";
    case Change::kUndecided:
      return "UNDECIDED";
  }
  return "UNKNOWN";
}

int64_t Comparison::Count(Change change) const {
  return std::count_if(
      changes.begin(), changes.end(),
      [&](const MetricChange& one) { return one.change == change; });
}

int Comparison::ExitCode(bool strict) const {
  if (matched == 0) return 2;
  if (strict && (Count(Change::kUndecided) > 0 || !only_in_baseline.empty())) {
    return 1;
  }
  return Count(Change::kWorse) > 0 ? 1 : 0;
}

Comparison CompareReports(absl::Span<const Report> baseline,
                          absl::Span<const Report> now,
                          const CompareOptions& options) {
  const auto before = ByExperiment(baseline), after = ByExperiment(now);
  Comparison result;
  Comparer comparer(options);
  for (const auto& [key, runs] : before) {
    const auto found = after.find(key);
    if (found == after.end()) {
      result.only_in_baseline.push_back(key);
      continue;
    }
    ++result.matched;
    comparer.Run(key, runs, found->second);
  }
  for (const auto& [key, runs] : after) {
    if (before.count(key) == 0) result.only_in_new.push_back(key);
  }
  result.changes = comparer.Take();
  return result;
}

}  // namespace assay

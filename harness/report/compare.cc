#include "harness/report/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "harness/report/check.h"
#include "harness/report/index.h"
#include "harness/report/record/quality_record.h"
#include "harness/report/record/samples.h"
#include "harness/report/statistics/bootstrap.h"
#include "harness/report/statistics/descriptive.h"

namespace assay {
namespace {

// A change before the p-values are adjusted for their number.
struct Pending {
  MetricChange change;
  bool tested = false;
  Change if_significant = Change::kUndecided;
  Change otherwise = Change::kUndecided;
};

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) {}

  void Run(const std::string& key, const Report& before, const Report& now) {
    experiment_ = key;
    candidate_.clear();
    CompareStatus(before, now);
    machine_note_ = MachineNote(before, now);
    if (before.has_dense() && now.has_dense()) {
      CompareCandidate(before.dense(), now.dense());
    }
    for (const CandidateRecord& old : before.candidates()) {
      for (const CandidateRecord& fresh : now.candidates()) {
        if (old.name() == fresh.name()) CompareCandidate(old, fresh);
      }
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
        if (old.scenario() == fresh.scenario() &&
            old.precision() == fresh.precision() &&
            old.batch() == fresh.batch()) {
          CompareLatency(old, fresh);
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
    const bool equal =
        before.items().scores_sha256() == now.items().scores_sha256();
    const bool within = paired->has_interval() &&
                        paired->interval().low() > -options_.quality_margin &&
                        paired->interval().high() < options_.quality_margin;
    if (equal || within) {
      pending.otherwise = Change::kSame;
    } else {
      change.note = absl::StrCat("a difference within the margin of ",
                                 options_.quality_margin,
                                 " is not shown, nor one beyond it");
    }
  }

  void CompareLatency(const LatencyRecord& before, const LatencyRecord& now) {
    const PercentileRecord* old_median = nullptr;
    const PercentileRecord* new_median = nullptr;
    for (const PercentileRecord& p : before.percentiles()) {
      if (p.fraction() == 0.5) old_median = &p;
    }
    for (const PercentileRecord& p : now.percentiles()) {
      if (p.fraction() == 0.5) new_median = &p;
    }
    Pending& pending =
        Add(absl::StrCat("latency p50 ",
                         LatencyRecord::Scenario_Name(now.scenario()), " ",
                         now.precision(), " batch ", now.batch()),
            "ns", old_median != nullptr ? old_median->estimate_ns() : 0.0,
            new_median != nullptr ? new_median->estimate_ns() : 0.0);
    MetricChange& change = pending.change;
    if (!machine_note_.empty()) {
      change.note = machine_note_;
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
    DecideLatency(*old_samples, *new_samples, &pending);
  }

  // One-sided tests against the two ends of the margin.
  void DecideLatency(const std::vector<double>& before,
                     const std::vector<double>& now, Pending* pending) {
    BootstrapOptions bootstrap;
    bootstrap.resamples = options_.resamples;
    bootstrap.seed = options_.seed;
    const RatioResult result = BootstrapRatio(before, now, Median, bootstrap);
    const double high = 1.0 + options_.latency_margin, low = 1.0 / high;
    const auto share_below = [&](double bar) {
      const auto at = std::upper_bound(result.resampled.begin(),
                                       result.resampled.end(), bar);
      return static_cast<double>(at - result.resampled.begin() + 1) /
             static_cast<double>(result.resampled.size() + 1);
    };
    const auto share_above = [&](double bar) {
      const auto at = std::lower_bound(result.resampled.begin(),
                                       result.resampled.end(), bar);
      return static_cast<double>(result.resampled.end() - at + 1) /
             static_cast<double>(result.resampled.size() + 1);
    };
    const double p_slower = share_below(high), p_faster = share_above(low);
    const double p_outside = std::max(share_above(high), share_below(low));
    MetricChange& change = pending->change;
    pending->tested = true;
    change.test = "block_bootstrap";
    change.p_value = std::min(1.0, 2.0 * std::min(p_slower, p_faster));
    pending->if_significant =
        p_slower < p_faster ? Change::kWorse : Change::kBetter;
    if (p_outside < options_.alpha) {
      pending->otherwise = Change::kSame;
    } else {
      change.note = absl::StrCat(
          "the ratio may lie on either side of the "
          "margin of ",
          100 * options_.latency_margin, " %");
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
  std::vector<Pending> pending_;
};

// Of several runs of one experiment the last to finish.
std::map<std::string, const Report*> Latest(absl::Span<const Report> reports) {
  std::map<std::string, const Report*> latest;
  const auto time = [](const Report& r) {
    return std::make_pair(r.finished().seconds(), r.finished().nanos());
  };
  for (const Report& report : reports) {
    const Report*& kept = latest[ExperimentKey(report.identity())];
    if (kept == nullptr || time(*kept) <= time(report)) kept = &report;
  }
  return latest;
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

int Comparison::ExitCode() const {
  if (matched == 0) return 2;
  return Count(Change::kWorse) > 0 ? 1 : 0;
}

Comparison CompareReports(absl::Span<const Report> baseline,
                          absl::Span<const Report> now,
                          const CompareOptions& options) {
  const auto before = Latest(baseline), after = Latest(now);
  Comparison result;
  Comparer comparer(options);
  for (const auto& [key, report] : before) {
    const auto found = after.find(key);
    if (found == after.end()) {
      result.only_in_baseline.push_back(key);
      continue;
    }
    ++result.matched;
    comparer.Run(key, *report, *found->second);
  }
  for (const auto& [key, report] : after) {
    if (before.count(key) == 0) result.only_in_new.push_back(key);
  }
  result.changes = comparer.Take();
  return result;
}

}  // namespace assay

#include "harness/claims/verdict.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/check.h"
#include "harness/report/record/quality_record.h"
#include "harness/report/statistics/student_t.h"
#include "harness/report/timing_key.h"

namespace assay {
namespace {

constexpr double kDefaultConfidence = 0.95;

std::string PrecisionOf(const ClaimSide& side) {
  return side.precision().empty() ? "f32" : side.precision();
}

std::string NameOf(const RunSpec& run) {
  return absl::StrCat(run.label(), " on ", run.task(), " seed ", run.seed());
}

bool Later(const Report& a, const Report& b) {
  return std::make_pair(a.finished().seconds(), a.finished().nanos()) >
         std::make_pair(b.finished().seconds(), b.finished().nanos());
}

bool EndedWell(const Report& report) {
  return report.outcome().status() == Outcome::OK;
}

// The report that fills `run`: one that ended well before one that did not,
// then the last. Null where there is none.
const Report* FindRun(
    const RunSpec& run,
    const std::vector<std::pair<RunSpec, const Report*>>& made) {
  const Report* best = nullptr;
  for (const auto& [spec, report] : made) {
    if (!Serves(spec, run)) continue;
    const bool better =
        best == nullptr || EndedWell(*report) > EndedWell(*best) ||
        (EndedWell(*report) == EndedWell(*best) && Later(*report, *best));
    if (better) best = report;
  }
  return best;
}

// One number of one side in one run, and the answers behind it.
struct Reading {
  double value = 0.0;
  const QualityRecord* quality = nullptr;
};

class Reader {
 public:
  explicit Reader(const Claim& claim) : claim_(claim) {}

  absl::StatusOr<Reading> Read(const ClaimSide& side,
                               const Report& report) const {
    const CandidateRecord* network = &report.dense();
    if (side.tuned_dense()) {
      if (!HasValue(report.tuned_dense().availability())) {
        const std::string& reason =
            report.tuned_dense().availability().reason();
        return Missing(
            report, absl::StrCat("the dense network with the same allowance: ",
                                 reason.empty() ? "not asked for" : reason));
      }
      network = &report.tuned_dense().network();
    } else if (!side.dense()) {
      if (report.candidates_size() != 1) {
        return Missing(report, absl::StrCat("one candidate; it has ",
                                            report.candidates_size()));
      }
      network = &report.candidates(0);
    }
    switch (claim_.metric().quantity()) {
      case ClaimMetric::QUALITY:
        return Quality(side, *network, report);
      case ClaimMetric::LATENCY_P50_NS:
        return Latency(side, *network, report);
      case ClaimMetric::SPEEDUP:
      case ClaimMetric::REALISED_GAIN:
        return Gain(side, *network, report);
      case ClaimMetric::EVALUATIONS:
        return Reading{static_cast<double>(report.ledger().evaluations())};
      case ClaimMetric::TRAINING_SAMPLES:
        return Reading{static_cast<double>(report.ledger().samples())};
      default:
        return Cost(*network, report);
    }
  }

 private:
  static absl::Status Missing(const Report& report, const std::string& what) {
    return absl::NotFoundError(
        absl::StrCat("the report of ", report.identity().label(), " seed ",
                     report.identity().seed(), " lacks ", what));
  }

  absl::StatusOr<Reading> Quality(const ClaimSide& side,
                                  const CandidateRecord& network,
                                  const Report& report) const {
    const std::string split =
        claim_.metric().split().empty() ? "test" : claim_.metric().split();
    for (const QualityRecord& record : network.quality()) {
      if (record.split() == split && record.precision() == PrecisionOf(side) &&
          HasValue(record.availability())) {
        return Reading{record.value(), &record};
      }
    }
    return Missing(
        report, absl::StrCat("quality on ", split, " in ", PrecisionOf(side)));
  }

  uint32_t batch() const {
    return claim_.metric().batch() == 0
               ? 1u
               : static_cast<uint32_t>(claim_.metric().batch());
  }

  // Queries one after the other: of one sample, or of a batch.
  LatencyRecord::Scenario scenario() const {
    return batch() == 1 ? LatencyRecord::SINGLE_STREAM
                        : LatencyRecord::MULTI_STREAM;
  }

  // What a timing must be one of: the runs' own backend and hot caches unless
  // the claim says otherwise.
  LatencyRecord Wanted(const ClaimSide& side) const {
    LatencyRecord wanted;
    wanted.set_scenario(scenario());
    wanted.set_batch(batch());
    wanted.set_precision(PrecisionOf(side));
    wanted.set_backend(claim_.metric().backend());
    wanted.set_caches(claim_.metric().cold_caches() ? LatencyRecord::COLD
                                                    : LatencyRecord::HOT);
    return wanted;
  }

  absl::Status CheckMachine(const Report& report) const {
    if (report.machine().verdict() != MachineRecord::INVALID) {
      return absl::OkStatus();
    }
    return Missing(report, "timings that count: the machine was not fit");
  }

  absl::StatusOr<Reading> Latency(const ClaimSide& side,
                                  const CandidateRecord& network,
                                  const Report& report) const {
    ASSAY_RETURN_IF_ERROR(CheckMachine(report));
    for (const LatencyRecord& record : network.latency()) {
      if (!SameTiming(record, Wanted(side)) ||
          !HasValue(record.availability())) {
        continue;
      }
      for (const PercentileRecord& p : record.percentiles()) {
        if (p.fraction() == 0.5) return Reading{p.estimate_ns()};
      }
    }
    return Missing(report,
                   absl::StrCat("a latency of ", TimingLabel(Wanted(side))));
  }

  absl::StatusOr<Reading> Gain(const ClaimSide& side,
                               const CandidateRecord& network,
                               const Report& report) const {
    ASSAY_RETURN_IF_ERROR(CheckMachine(report));
    for (const GainRecord& gain : network.gains()) {
      if (SameTiming(TimingOf(gain), Wanted(side)) &&
          gain.against_precision() == "f32" && HasValue(gain.availability())) {
        return Reading{claim_.metric().quantity() == ClaimMetric::SPEEDUP
                           ? gain.measured_speedup()
                           : gain.realised_gain()};
      }
    }
    return Missing(report,
                   absl::StrCat("a gain of ", TimingLabel(Wanted(side))));
  }

  absl::StatusOr<Reading> Cost(const CandidateRecord& network,
                               const Report& report) const {
    const CostRecord& cost = network.cost();
    if (!HasValue(cost.availability())) return Missing(report, "its cost");
    switch (claim_.metric().quantity()) {
      case ClaimMetric::MACS:
        return Reading{static_cast<double>(cost.macs())};
      case ClaimMetric::PARAMETERS:
        return Reading{static_cast<double>(cost.nonzero_parameters())};
      default:
        return Reading{static_cast<double>(cost.bytes_on_disk())};
    }
  }

  const Claim& claim_;
};

// Half the width of the paired interval of first - second over the items.
double ItemsHalfWidth(const Reading& first, const Reading& second,
                      double confidence) {
  if (first.quality == nullptr || second.quality == nullptr) return 0.0;
  // Two precisions of one network pair as well.
  QualityRecord like = *first.quality;
  like.set_precision(second.quality->precision());
  const auto paired = CompareQuality(*second.quality, like, 0);
  if (!paired.ok() || !paired->has_interval()) return 0.0;
  const double given = paired->interval().confidence();
  return 0.5 * (paired->interval().high() - paired->interval().low()) *
         StudentTQuantile(0.5 + 0.5 * confidence, 1e6) /
         StudentTQuantile(0.5 + 0.5 * given, 1e6);
}

class Judgement {
 public:
  Judgement(const Claim& claim, std::vector<RunSpec> runs)
      : claim_(claim), runs_(std::move(runs)), reader_(claim) {
    verdict_.runs_wanted = runs_.size();
    verdict_.confidence =
        claim.confidence() == 0.0 ? kDefaultConfidence : claim.confidence();
  }

  ClaimVerdict Of(absl::Span<const Report> reports) {
    const absl::Status found = FindAll(reports);
    absl::Status read = found.ok() ? Measure() : found;
    if (!read.ok()) {
      verdict_.reason = std::string(read.message());
      return std::move(verdict_);
    }
    Estimate();
    Decide();
    return std::move(verdict_);
  }

 private:
  absl::Status FindAll(absl::Span<const Report> reports) {
    std::vector<std::pair<RunSpec, const Report*>> made;
    for (const Report& report : reports) {
      RunSpec spec;
      if (ParseRunText(report.identity().spec(), &spec).ok()) {
        made.emplace_back(std::move(spec), &report);
      }
    }
    for (size_t i = 0; i < runs_.size(); ++i) {
      found_.push_back(FindRun(runs_[i], made));
      if (found_.back() == nullptr) verdict_.missing.push_back(i);
    }
    if (verdict_.missing.empty()) return CheckRuns();
    return absl::NotFoundError(
        absl::StrCat(verdict_.missing.size(), " of ", runs_.size(),
                     " runs are missing: ", NameOf(runs_[verdict_.missing[0]]),
                     verdict_.missing.size() > 1 ? ", ..." : ""));
  }

  absl::Status CheckRuns() const {
    for (size_t i = 0; i < runs_.size(); ++i) {
      const Report& report = *found_[i];
      if (!EndedWell(report)) {
        return absl::FailedPreconditionError(
            absl::StrCat(NameOf(runs_[i]), " ended with ",
                         Outcome::Status_Name(report.outcome().status())));
      }
      if (claim_.cpu_feature().empty()) continue;
      const auto& features = report.provenance().cpu().features();
      if (std::count(features.begin(), features.end(), claim_.cpu_feature()) ==
          0) {
        return absl::FailedPreconditionError(
            absl::StrCat("needs a processor with ", claim_.cpu_feature(), "; ",
                         NameOf(runs_[i]), " ran without"));
      }
    }
    return absl::OkStatus();
  }

  // The report of that side for a seed. Runs stand seed by seed, the first
  // side's method before the second's.
  const Report& RunOf(size_t seed, bool second) const {
    const size_t per_seed =
        runs_.size() / static_cast<size_t>(claim_.seeds_size());
    return *found_[seed * per_seed + (second ? per_seed - 1 : 0)];
  }

  static absl::Status CheckPair(const Report& a, const Report& b) {
    const RunIdentity &x = a.identity(), &y = b.identity();
    if (x.reference_weights_sha256() == y.reference_weights_sha256() &&
        x.dataset().version() == y.dataset().version()) {
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError(
        absl::StrCat("the runs with seed ", x.seed(),
                     " started from different data or reference weights"));
  }

  absl::Status Measure() {
    for (int i = 0; i < claim_.seeds_size(); ++i) {
      const size_t seed = static_cast<size_t>(i);
      const Report &a = RunOf(seed, false), &b = RunOf(seed, true);
      ASSAY_RETURN_IF_ERROR(CheckPair(a, b));
      ASSAY_ASSIGN_OR_RETURN(const Reading first,
                             reader_.Read(claim_.first(), a));
      Reading second;
      if (claim_.has_second()) {
        ASSAY_ASSIGN_OR_RETURN(second, reader_.Read(claim_.second(), b));
      }
      ASSAY_RETURN_IF_ERROR(AddEffect(first, second));
    }
    return absl::OkStatus();
  }

  absl::Status AddEffect(const Reading& first, const Reading& second) {
    if (claim_.effect() == Claim::DIFFERENCE) {
      effects_.push_back(first.value - second.value);
      items_.push_back(claim_.has_second()
                           ? ItemsHalfWidth(first, second, verdict_.confidence)
                           : OwnHalfWidth(first));
      return absl::OkStatus();
    }
    if (!(first.value > 0.0) || !(second.value > 0.0)) {
      return absl::FailedPreconditionError(
          absl::StrCat("a ratio of ", first.value, " and ", second.value));
    }
    effects_.push_back(std::log(first.value / second.value));
    items_.push_back(claim_.metric().quantity() == ClaimMetric::QUALITY
                         ? std::hypot(OwnHalfWidth(first) / first.value,
                                      OwnHalfWidth(second) / second.value)
                         : 0.0);
    return absl::OkStatus();
  }

  static double OwnHalfWidth(const Reading& reading) {
    if (reading.quality == nullptr || !reading.quality->has_interval()) {
      return 0.0;
    }
    const Interval& interval = reading.quality->interval();
    return 0.5 * (interval.high() - interval.low());
  }

  void Estimate() {
    const double n = static_cast<double>(effects_.size());
    const double mean = Mean(effects_), items = Mean(items_);
    double seeds = 0.0;
    if (effects_.size() > 1) {
      seeds = StandardDeviation(effects_) / std::sqrt(n) *
              StudentTQuantile(0.5 + 0.5 * verdict_.confidence, n - 1.0);
    }
    const double half = std::hypot(seeds, items);
    verdict_.method = effects_.size() == 1 ? (items > 0.0 ? "items" : "exact")
                      : items > 0.0        ? "student_t and items"
                                           : "student_t";
    const bool ratio = claim_.effect() == Claim::RATIO;
    const auto back = [&](double x) { return ratio ? std::exp(x) : x; };
    verdict_.estimated = true;
    verdict_.estimate = back(mean);
    verdict_.low = back(mean - half);
    verdict_.high = back(mean + half);
  }

  void Decide() {
    double bottom = -HUGE_VAL, top = HUGE_VAL;
    switch (claim_.relation()) {
      case Claim::AT_LEAST:
        bottom = claim_.margin();
        break;
      case Claim::AT_MOST:
        top = claim_.margin();
        break;
      default:
        top = claim_.effect() == Claim::RATIO ? 1.0 + claim_.margin()
                                              : claim_.margin();
        bottom = claim_.effect() == Claim::RATIO ? 1.0 / top : -top;
    }
    if (verdict_.low >= bottom && verdict_.high <= top) {
      verdict_.verdict = ClaimAttempt::HOLDS;
    } else if (verdict_.high < bottom || verdict_.low > top) {
      verdict_.verdict = ClaimAttempt::FAILS;
    } else {
      verdict_.reason = "the interval lies on both sides of the bar";
    }
  }

  const Claim& claim_;
  const std::vector<RunSpec> runs_;
  const Reader reader_;
  std::vector<const Report*> found_;  // as runs_
  std::vector<double> effects_, items_;
  ClaimVerdict verdict_;
};

}  // namespace

absl::StatusOr<ClaimVerdict> Judge(const Claim& claim,
                                   absl::Span<const Report> reports) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<RunSpec> runs, RunsOf(claim));
  return Judgement(claim, std::move(runs)).Of(reports);
}

}  // namespace assay

#include "harness/report/front.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/report/check.h"
#include "harness/report/statistics/front.h"

namespace assay {
namespace {

struct Figure {
  double value = 0.0;
  Interval interval;
};

const LatencyRecord* FindTiming(const CandidateRecord& network,
                                const std::string& precision) {
  for (const LatencyRecord& latency : network.latency()) {
    if (latency.scenario() == LatencyRecord::SINGLE_STREAM &&
        latency.precision() == precision && latency.backend().empty() &&
        latency.caches() != LatencyRecord::COLD) {
      return &latency;
    }
  }
  return nullptr;
}

absl::Status Missing(absl::string_view what, const Availability& availability) {
  return absl::NotFoundError(
      absl::StrCat("no ", what, availability.reason().empty() ? "" : ": ",
                   availability.reason()));
}

absl::StatusOr<Figure> LatencyOf(const LatencyRecord& latency) {
  if (!HasValue(latency.availability())) {
    return Missing("latency", latency.availability());
  }
  return Figure{latency.mean_ns(), latency.mean_interval()};
}

absl::StatusOr<Figure> EnergyOf(const LatencyRecord& latency) {
  for (const EnergyRecord& energy : latency.energy()) {
    if (!HasValue(energy.availability())) continue;
    Figure figure{energy.gross_joules_per_sample(), energy.gross_interval()};
    const double samples = static_cast<double>(latency.samples());
    figure.interval.set_low(figure.interval.low() / samples);
    figure.interval.set_high(figure.interval.high() / samples);
    return figure;
  }
  return Missing("energy", latency.energy_size() > 0
                               ? latency.energy(0).availability()
                               : latency.availability());
}

absl::StatusOr<Figure> CostOf(const CandidateRecord& network,
                              const std::string& precision, FrontCost cost) {
  if (cost == FrontCost::kMacs || cost == FrontCost::kBytes) {
    if (!HasValue(network.cost().availability())) {
      return Missing("cost", network.cost().availability());
    }
    return Figure{static_cast<double>(cost == FrontCost::kMacs
                                          ? network.cost().macs()
                                          : network.cost().bytes_on_disk()),
                  {}};
  }
  const LatencyRecord* timing = FindTiming(network, precision);
  if (timing == nullptr) {
    return absl::NotFoundError("single queries were not timed");
  }
  return cost == FrontCost::kLatency ? LatencyOf(*timing) : EnergyOf(*timing);
}

UncertainValue Uncertain(double value, const Interval& interval, bool negate) {
  const double confidence = interval.confidence();
  UncertainValue result{value, 0.0, 0.0};
  // A bound that is certain is as wide as one of 99 % would be.
  if (!interval.method().empty()) {
    result = FromInterval(value, interval.low(), interval.high(),
                          std::min(confidence > 0.0 ? confidence : 0.95, 0.99));
  }
  if (negate) {
    result.value = -result.value;
    std::swap(result.error_below, result.error_above);
  }
  return result;
}

std::string NameOf(const Report& report, const CandidateRecord& network,
                   bool dense) {
  if (dense) return "dense";
  const RunIdentity& identity = report.identity();
  const bool labelled =
      !identity.label().empty() && identity.label() != identity.method();
  return absl::StrCat(identity.method(), labelled ? "/" : "",
                      labelled ? identity.label() : "", " ", network.name(),
                      ", seed ", identity.seed());
}

class Builder {
 public:
  explicit Builder(FrontCost cost) : cost_(cost) {}

  void Add(const Report& report) {
    const RunIdentity& identity = report.identity();
    Open& open = open_[{identity.task(), identity.backend()}];
    open.front.task = identity.task();
    open.front.backend = identity.backend();
    if (!open.has_dense && report.dense().quality_size() > 0) {
      open.has_dense = true;
      AddNetwork(NameOf(report, report.dense(), true), report.dense(), &open);
    }
    for (const CandidateRecord& candidate : report.candidates()) {
      AddNetwork(NameOf(report, candidate, false), candidate, &open);
    }
  }

  std::vector<Front> Take(int64_t draws, uint64_t seed) {
    std::vector<Front> fronts;
    for (auto& [key, open] : open_) {
      const std::vector<double> chances =
          FrontChances(open.uncertain, draws, seed);
      for (size_t i = 0; i < chances.size(); ++i) {
        open.front.points[i].chance = chances[i];
      }
      std::stable_sort(open.front.points.begin(), open.front.points.end(),
                       [](const FrontPoint& a, const FrontPoint& b) {
                         return a.cost < b.cost;
                       });
      fronts.push_back(std::move(open.front));
    }
    return fronts;
  }

 private:
  struct Open {
    Front front;
    std::vector<UncertainPoint> uncertain;
    bool has_dense = false;
  };

  void AddNetwork(const std::string& name, const CandidateRecord& network,
                  Open* open) {
    bool any = false;
    for (const QualityRecord& quality : network.quality()) {
      if (quality.split() != "test" || !HasValue(quality.availability())) {
        continue;
      }
      any = true;
      AddPoint(name, network, quality, open);
    }
    if (!any) {
      open->front.left_out.push_back(
          absl::StrCat(name, ": no score on the test split"));
    }
  }

  void AddPoint(const std::string& name, const CandidateRecord& network,
                const QualityRecord& quality, Open* open) {
    const auto cost = CostOf(network, quality.precision(), cost_);
    if (!cost.ok()) {
      open->front.left_out.push_back(absl::StrCat(
          name, " ", quality.precision(), ": ", cost.status().message()));
      return;
    }
    open->front.metric = quality.metric();
    open->front.unit = quality.unit();
    open->front.points.push_back({name, quality.precision(), quality.value(),
                                  cost->value, quality.interval(),
                                  cost->interval, 0.0});
    open->uncertain.push_back(
        {{Uncertain(quality.value(), quality.interval(),
                    quality.direction() != QualityRecord::LOWER_IS_BETTER),
          Uncertain(cost->value, cost->interval, false)}});
  }

  const FrontCost cost_;
  std::map<std::pair<std::string, std::string>, Open> open_;
};

}  // namespace

absl::StatusOr<FrontCost> ParseFrontCost(absl::string_view name) {
  if (name == "latency") return FrontCost::kLatency;
  if (name == "macs") return FrontCost::kMacs;
  if (name == "bytes") return FrontCost::kBytes;
  if (name == "energy") return FrontCost::kEnergy;
  return absl::InvalidArgumentError(absl::StrCat(
      "cost: expected latency, macs, bytes or energy, got \"", name, "\""));
}

std::vector<Front> MakeFronts(absl::Span<const Report> reports, FrontCost cost,
                              int64_t draws, uint64_t seed) {
  Builder builder(cost);
  for (const Report& report : reports) builder.Add(report);
  return builder.Take(draws, seed);
}

}  // namespace assay

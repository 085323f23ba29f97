#include "harness/report/formats/figures.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "harness/core/progress.h"
#include "harness/report/check.h"

namespace assay {
namespace {

struct Step {
  double scale;
  const char* unit;
};

// Three significant digits in the largest unit that the value reaches.
template <size_t kSteps>
std::string Scaled(double value, const Step (&steps)[kSteps]) {
  const double size = std::abs(value);
  const Step* step = &steps[0];
  // 999.6 of a unit would print as 1000 of it.
  for (const Step& s : steps) {
    if (size >= 0.9995 * s.scale) step = &s;
  }
  const double scaled = value / step->scale;
  const double digits = std::abs(scaled);
  const int decimals = digits >= 99.95 ? 0 : digits >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f%s", decimals, scaled, step->unit);
}

}  // namespace

std::string HumanNs(double ns) {
  static constexpr Step kSteps[] = {
      {1, " ns"}, {1e3, " us"}, {1e6, " ms"}, {1e9, " s"}};
  return Scaled(ns, kSteps);
}

std::string HumanCount(double count) {
  if (std::abs(count) < 1000) return absl::StrFormat("%g", count);
  static constexpr Step kSteps[] = {
      {1e3, " k"}, {1e6, " M"}, {1e9, " G"}, {1e12, " T"}};
  return Scaled(count, kSteps);
}

std::string HumanSize(double bytes) {
  if (std::abs(bytes) < 1024) return absl::StrFormat("%g B", bytes);
  static constexpr Step kSteps[] = {{1024.0, " KiB"},
                                    {1048576.0, " MiB"},
                                    {1073741824.0, " GiB"},
                                    {1099511627776.0, " TiB"}};
  return Scaled(bytes, kSteps);
}

std::string HumanJoules(double joules) {
  static constexpr Step kSteps[] = {{1e-9, " nJ"}, {1e-6, " uJ"}, {1e-3, " mJ"},
                                    {1, " J"},     {1e3, " kJ"},  {1e6, " MJ"}};
  return Scaled(joules, kSteps);
}

std::string HumanSeconds(double seconds) {
  if (seconds < 60)
    return absl::StrFormat("%.*f s", seconds < 10 ? 2 : 1, seconds);
  return HumanDuration(absl::Seconds(seconds));
}

std::string HumanFactor(double factor) {
  return absl::StrFormat("%.2fx", factor);
}

std::string HumanPValue(double p) {
  return p < 0.001 ? "<0.001" : absl::StrFormat("%.3f", p);
}

std::string QualityText(double value, const std::string& unit) {
  return unit == "fraction" ? absl::StrFormat("%.2f %%", 100 * value)
                            : absl::StrFormat("%.4g", value);
}

std::string QualityText(const QualityRecord& record) {
  if (!HasValue(record.availability())) {
    return Availability::State_Name(record.availability().state());
  }
  std::string text = QualityText(record.value(), record.unit());
  if (!record.has_interval()) return text;
  const Interval& interval = record.interval();
  if (record.unit() == "fraction") {
    return absl::StrFormat("%s (%.2f-%.2f)", text, 100 * interval.low(),
                           100 * interval.high());
  }
  return absl::StrFormat("%s (%.4g-%.4g)", text, interval.low(),
                         interval.high());
}

std::string DifferenceText(double difference, const std::string& unit) {
  return unit == "fraction" ? absl::StrFormat("%+.2f pp", 100 * difference)
                            : absl::StrFormat("%+.4g", difference);
}

std::string PercentileText(const PercentileRecord& record) {
  if (record.fraction() == 0.5) return HumanNs(record.estimate_ns());
  if (!HasValue(record.availability())) return "refused";
  return absl::StrCat("<=", HumanNs(record.bound_ns()));
}

const PercentileRecord* FindPercentile(const LatencyRecord& record,
                                       double fraction) {
  for (const PercentileRecord& p : record.percentiles()) {
    if (std::abs(p.fraction() - fraction) < 1e-9) return &p;
  }
  return nullptr;
}

const GainRecord* FindGain(const CandidateRecord& candidate,
                           const LatencyRecord& timing) {
  const GainRecord* found = nullptr;
  for (const GainRecord& gain : candidate.gains()) {
    if (gain.precision() != timing.precision() ||
        gain.batch() != timing.batch() || gain.backend() != timing.backend() ||
        (gain.caches() == LatencyRecord::COLD) !=
            (timing.caches() == LatencyRecord::COLD) ||
        gain.scenario() != LatencyRecord::Scenario_Name(timing.scenario())) {
      continue;
    }
    if (gain.against_precision() == timing.precision()) return &gain;
    if (found == nullptr) found = &gain;
  }
  return found;
}

std::string TuningText(const TuningRecord& record) {
  std::string text = absl::StrCat("tuned (", record.mode());
  if (record.comparisons() > 0) {
    absl::StrAppend(&text, ", ", record.comparisons(), " comparisons in ",
                    HumanSeconds(record.seconds()),
                    record.cached() ? " of an earlier run" : "");
  }
  absl::StrAppend(&text, "):");
  for (const KeyValue& row : record.choices()) {
    absl::StrAppend(&text, " ", row.key(), "=", row.value());
  }
  if (record.unmeasured_size() > 0) {
    absl::StrAppend(&text, "; no time for ", record.unmeasured_size(),
                    " more values");
  }
  return text;
}

std::string AvailabilityText(const Availability& availability) {
  const std::string state = Availability::State_Name(availability.state());
  if (availability.reason().empty()) return state;
  return absl::StrCat(state, ": ", availability.reason());
}

}  // namespace assay

#include "harness/report/history/metric_values.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/report/check.h"
#include "harness/report/report.pb.h"
#include "harness/report/timing_key.h"

namespace assay {
namespace {

class Values {
 public:
  void SetCandidate(const std::string& name) { candidate_ = name; }
  void Add(std::string metric, const char* unit, double value,
           bool less_is_better = true) {
    if (!names_.insert({candidate_, metric}).second) return;
    values_.push_back(
        {candidate_, std::move(metric), unit, less_is_better, value});
  }
  void Add(std::string metric, const char* unit, uint64_t value) {
    Add(std::move(metric), unit, static_cast<double>(value));
  }
  std::vector<MetricValue> Take() { return std::move(values_); }

 private:
  std::string candidate_;
  std::set<std::pair<std::string, std::string>> names_;
  std::vector<MetricValue> values_;
};

void AddQuality(const CandidateRecord& network, Values* values) {
  for (const QualityRecord& quality : network.quality()) {
    if (!HasValue(quality.availability())) continue;
    values->Add(absl::StrCat(quality.split(), " ", quality.metric(), " ",
                             quality.precision()),
                quality.unit().c_str(), quality.value(),
                quality.direction() == QualityRecord::LOWER_IS_BETTER);
  }
}

void AddCost(const CandidateRecord& network, Values* values) {
  if (HasValue(network.cost().availability())) {
    values->Add("non-zero parameters", "", network.cost().nonzero_parameters());
    values->Add("MACs", "", network.cost().macs());
    values->Add("bytes on disk", "bytes", network.cost().bytes_on_disk());
  }
  if (HasValue(network.memory().availability())) {
    values->Add("peak memory", "bytes", network.memory().peak_rss_bytes());
  }
}

void AddTiming(const LatencyRecord& timing, Values* values) {
  if (!HasValue(timing.availability())) return;
  const std::string under = absl::StrCat(" ", TimingLabel(timing));
  for (const PercentileRecord& p : timing.percentiles()) {
    if (p.fraction() == 0.5 || p.fraction() == 0.9) {
      values->Add(absl::StrCat("latency p", 100 * p.fraction(), under), "ns",
                  p.estimate_ns());
    }
  }
  values->Add(absl::StrCat("throughput", under), "per second",
              timing.samples_per_second(), false);
  for (const EnergyRecord& energy : timing.energy()) {
    if (energy.availability().state() != Availability::MEASURED) continue;
    values->Add(
        absl::StrCat("energy ", energy.meter(),
                     energy.scope().empty() ? "" : " ", energy.scope(), under),
        "J", energy.gross_joules_per_sample());
  }
}

void AddNetwork(const std::string& name, const CandidateRecord& network,
                Values* values) {
  values->SetCandidate(name);
  AddQuality(network, values);
  AddCost(network, values);
  for (const LatencyRecord& timing : network.latency()) {
    AddTiming(timing, values);
  }
}

}  // namespace

std::vector<MetricValue> MetricValues(const Report& report) {
  if (report.outcome().status() != Outcome::OK) return {};
  Values values;
  if (report.has_dense()) AddNetwork("dense", report.dense(), &values);
  if (report.tuned_dense().has_network()) {
    const CandidateRecord& tuned = report.tuned_dense().network();
    AddNetwork(tuned.name(), tuned, &values);
  }
  for (const CandidateRecord& candidate : report.candidates()) {
    AddNetwork(candidate.name(), candidate, &values);
  }
  values.SetCandidate("");
  if (HasValue(report.ledger().availability())) {
    values.Add("seconds of the method", "s", report.ledger().seconds());
    values.Add("training samples", "", report.ledger().samples());
  }
  if (HasValue(report.overhead().availability())) {
    values.Add("seconds of the run", "s", report.overhead().total_seconds());
  }
  return values.Take();
}

}  // namespace assay

#include "harness/report/formats/flat_row.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/report/check.h"
#include "harness/report/formats/figures.h"

namespace assay {
namespace {

class Row {
 public:
  void Text(const char* name, std::string text) {
    cells_.push_back({name, FlatCell::kText, std::move(text)});
  }
  void Number(const char* name, bool known, double value) {
    cells_.push_back({name, known ? FlatCell::kNumber : FlatCell::kNothing, "",
                      known ? value : 0.0});
  }
  void Count(const char* name, bool known, uint64_t value) {
    Number(name, known, static_cast<double>(value));
  }
  std::vector<FlatCell> Take() { return std::move(cells_); }

 private:
  std::vector<FlatCell> cells_;
};

void AddIdentity(const SummaryRow& row, Row& out) {
  const RunIdentity& id = row.report->identity();
  out.Text("task", id.task());
  out.Text("backend", id.backend());
  out.Text("method", id.method());
  out.Text("label", id.label());
  // As text: a double would not hold every seed.
  out.Text("seed", absl::StrCat(id.seed()));
  out.Text("network", row.candidate != nullptr ? row.candidate->name() : "");
  out.Text("status", Outcome::Status_Name(row.report->outcome().status()));
  out.Text("machine",
           MachineRecord::Verdict_Name(row.report->machine().verdict()));
}

void AddQuality(const SummaryRow& row, Row& out) {
  const QualityRecord none;
  const QualityRecord& quality = row.quality != nullptr ? *row.quality : none;
  const bool known = HasValue(quality.availability());
  out.Text("metric", quality.metric());
  out.Text("split", quality.split());
  out.Number("quality", known, quality.value());
  out.Number("quality_low", known && quality.has_interval(),
             quality.interval().low());
  out.Number("quality_high", known && quality.has_interval(),
             quality.interval().high());
  out.Count("items", known, quality.count());
  const bool paired = row.against_dense != nullptr &&
                      HasValue(row.against_dense->availability());
  out.Number("difference_to_dense", paired,
             paired ? row.against_dense->difference() : 0.0);
  out.Number("difference_p_value", paired,
             paired ? row.against_dense->p_value() : 0.0);
}

void AddCost(const SummaryRow& row, Row& out) {
  const CostRecord none;
  const CostRecord& cost =
      row.candidate != nullptr ? row.candidate->cost() : none;
  const bool known = HasValue(cost.availability());
  out.Count("parameters", known, cost.parameters());
  out.Count("nonzero_parameters", known, cost.nonzero_parameters());
  out.Number("density", known, cost.density());
  out.Number("mean_bits", known, cost.mean_bits());
  out.Count("macs", known, cost.macs());
  out.Count("nonzero_macs", known, cost.nonzero_macs());
  out.Count("bytes_on_disk", known, cost.bytes_on_disk());
}

void AddLatency(const SummaryRow& row, Row& out) {
  const LatencyRecord none;
  const LatencyRecord& latency = row.latency != nullptr ? *row.latency : none;
  const bool known = HasValue(latency.availability());
  out.Text("scenario", row.latency != nullptr
                           ? LatencyRecord::Scenario_Name(latency.scenario())
                           : "");
  out.Text("precision", latency.precision());
  out.Count("batch", row.latency != nullptr, latency.batch());
  out.Text("timed_on", latency.backend());
  out.Text("caches", latency.caches() == LatencyRecord::COLD ? "cold"
                     : row.latency != nullptr                ? "hot"
                                                             : "");
  out.Count("queries", known, latency.queries());
  out.Number("samples_per_second", known, latency.samples_per_second());
  const PercentileRecord* median = FindPercentile(latency, 0.5);
  out.Number("p50_ns", known && median != nullptr,
             median != nullptr ? median->estimate_ns() : 0.0);
  for (const auto& [name, fraction] :
       {std::pair("p90_bound_ns", 0.9), {"p99_bound_ns", 0.99}}) {
    const PercentileRecord* p = FindPercentile(latency, fraction);
    const bool stated = known && p != nullptr && HasValue(p->availability());
    out.Number(name, stated, stated ? p->bound_ns() : 0.0);
  }
  const bool gained = row.gain != nullptr && HasValue(row.gain->availability());
  out.Number("measured_speedup", gained,
             gained ? row.gain->measured_speedup() : 0.0);
  out.Number("realised_gain", gained, gained ? row.gain->realised_gain() : 0.0);
}

void AddEnergy(const SummaryRow& row, Row& out) {
  const EnergyRecord none;
  const EnergyRecord& energy = row.energy != nullptr ? *row.energy : none;
  const bool known = HasValue(energy.availability());
  out.Text("energy_meter", energy.meter());
  out.Text("energy_status",
           row.energy != nullptr
               ? Availability::State_Name(energy.availability().state())
               : "");
  out.Number("gross_joules_per_sample", known,
             energy.gross_joules_per_sample());
}

}  // namespace

std::vector<FlatCell> FlatRow(const SummaryRow& row) {
  Row out;
  AddIdentity(row, out);
  AddQuality(row, out);
  AddCost(row, out);
  AddLatency(row, out);
  AddEnergy(row, out);
  return out.Take();
}

std::vector<FlatCell> FlatRow(const MetricChange& change) {
  Row out;
  out.Text("change", ChangeName(change.change));
  out.Text("experiment", change.experiment);
  out.Text("network", change.candidate);
  out.Text("metric", change.metric);
  out.Text("unit", change.unit);
  out.Number("baseline", true, change.baseline);
  out.Number("now", true, change.now);
  out.Number("p_value", !change.test.empty() && change.test != "exact",
             change.p_value);
  out.Text("test", change.test);
  out.Text("effect", change.effect);
  const bool estimated = !change.effect.empty();
  out.Number("estimate", estimated, change.estimate);
  out.Number("low", estimated, change.low);
  out.Number("high", estimated, change.high);
  out.Number("confidence", estimated, change.confidence);
  out.Number("margin", estimated, change.margin);
  out.Text("note", change.note);
  return out.Take();
}

std::string PlainNumber(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end.ptr);
}

}  // namespace assay

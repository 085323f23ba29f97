// What a page says of a network: quality, cost, timings, energy.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "harness/report/check.h"
#include "harness/report/formats/figures.h"
#include "harness/report/formats/html/latency_bins.h"
#include "harness/report/formats/html/page_writer.h"
#include "harness/report/record/samples.h"
#include "harness/report/timing_key.h"

namespace assay::formats::html {

void PageWriter::WriteBudgets(const CandidateRecord& network) {
  if (network.budgets_size() == 0) return;
  out_.Key("budgets").BeginArray();
  for (const BudgetRecord& budget : network.budgets()) {
    out_.BeginObject().Text("quantity", budget.quantity());
    out_.Text("relation",
              budget.relation() == BudgetRecord::AT_LEAST ? ">=" : "<=");
    out_.Number("asked", budget.asked());
    if (Known(budget.availability())) {
      out_.Number("reached", budget.reached()).Bool("met", budget.met());
    }
    out_.EndObject();
  }
  out_.EndArray();
}

void PageWriter::WriteVersus(const char* key, const Comparisons& comparisons,
                             const QualityRecord& quality) {
  for (const QualityComparison& versus : comparisons) {
    if (versus.split() != quality.split() ||
        versus.metric() != quality.metric() ||
        versus.precision() != quality.precision()) {
      continue;
    }
    out_.Key(key).BeginObject();
    if (Known(versus.availability())) {
      out_.Number("difference", versus.difference());
      WriteInterval("in", versus.has_interval(), versus.interval(), &out_);
      out_.CountIf("lost", versus.dense_right_candidate_wrong());
      out_.CountIf("won", versus.dense_wrong_candidate_right());
      out_.Number("p", versus.p_value());
    }
    out_.EndObject();
    return;
  }
}

void PageWriter::WriteQuality(const CandidateRecord& network) {
  out_.Key("quality").BeginArray();
  for (const QualityRecord& quality : network.quality()) {
    out_.BeginObject().Text("split", quality.split());
    out_.Text("metric", quality.metric());
    out_.Text("precision", quality.precision());
    out_.Bool("up", quality.direction() != QualityRecord::LOWER_IS_BETTER);
    out_.TextIf("unit", quality.unit());
    if (Known(quality.availability())) {
      out_.Number("value", quality.value());
      WriteInterval("in", quality.has_interval(), quality.interval(), &out_);
    }
    WriteVersus("versus", network.against_dense(), quality);
    WriteVersus("versusTuned", network.against_tuned_dense(), quality);
    out_.EndObject();
  }
  out_.EndArray();
}

// [path, share] of the most frequent ones; MACs of one sample.
void PageWriter::WritePaths(const PathCosts& paths) {
  out_.Key("paths").BeginObject();
  out_.Count("conditionals", paths.conditionals());
  out_.Count("distinct", paths.distinct());
  out_.Key("taken").BeginArray();
  for (const PathShare& taken : paths.most_taken()) {
    out_.BeginArray().Text(taken.path()).Number(taken.share()).EndArray();
  }
  out_.EndArray();
  out_.Count("least", paths.least_macs()).Count("p5", paths.p5_macs());
  out_.Number("mean", paths.mean_macs());
  out_.Count("p95", paths.p95_macs()).Count("most", paths.most_macs());
  out_.EndObject();
}

void PageWriter::WriteCost(const CostRecord& cost) {
  out_.Key("cost").BeginObject();
  if (Known(cost.availability())) {
    out_.Count("parameters", cost.parameters());
    out_.Number("density", cost.density());
    out_.Count("disk", cost.bytes_on_disk());
    out_.Number("bits", cost.mean_bits());
    out_.Count("macs", cost.macs()).Count("nonzeroMacs", cost.nonzero_macs());
    if (cost.has_paths()) WritePaths(cost.paths());
  }
  out_.EndObject();
}

void PageWriter::WriteMaterialisation(const MaterialisationRecord& record) {
  out_.Key("material").BeginObject();
  if (Known(record.availability())) {
    out_.Bool("passed", record.passed());
    out_.CountIf("masks", static_cast<uint64_t>(record.masks_left_size()));
    out_.CountIf("fakes",
                 static_cast<uint64_t>(record.fake_quantizers_left_size()));
    out_.CountIf("zeroChannels", record.zero_channels_left());
    out_.Count("integerKernels", record.integer_kernels());
    out_.Count("weightKernels", record.weight_kernels());
    out_.CountIf("sparseKernels", record.sparse_kernels());
  }
  out_.EndObject();
}

void PageWriter::WriteMemory(const MemoryRecord& memory) {
  out_.Key("memory").BeginObject();
  if (Known(memory.availability())) {
    out_.Count("peak", memory.peak_rss_bytes());
    out_.Count("plan", memory.plan_bytes());
  }
  out_.EndObject();
}

// [fraction, estimate, bound], or [fraction, estimate, null, why].
void PageWriter::WritePercentiles(const LatencyRecord& latency) {
  out_.Key("p").BeginArray();
  for (const double fraction : {0.5, 0.9, 0.99}) {
    const PercentileRecord* found = FindPercentile(latency, fraction);
    if (found == nullptr) continue;
    const PercentileRecord& p = *found;
    out_.BeginArray().Number(p.fraction()).Number(p.estimate_ns());
    if (HasValue(p.availability())) {
      out_.Number(p.bound_ns());
    } else {
      out_.Raw("null").Count(
          texts_.IndexOf(JsonLiteral(p.availability().reason())));
    }
    out_.EndArray();
  }
  out_.EndArray();
}

void PageWriter::WriteHistogram(const LatencySamples& samples) {
  const auto latencies = DecodeSamples(samples);
  out_.Key("kept").BeginObject();
  if (latencies.ok()) {
    const LatencyBins bins = BinLatencies(*latencies);
    out_.Key("steps").Int(bins.steps).Key("first").Int(bins.first);
    out_.Key("counts").BeginArray();
    for (const uint64_t count : bins.counts) out_.Count(count);
    out_.EndArray();
  } else if (Known(samples.availability())) {
    out_.Text("state", "UNAVAILABLE");
    Sentence("why", std::string(latencies.status().message()));
  }
  out_.EndObject();
}

// Of each two readings of a block: [seconds, seconds, watts], the first two
// since the session began.
void PageWriter::WriteTrace(const EnergyTrace& trace, JsonWriter* out) {
  const int readings = std::min(trace.at_ns_size(), trace.joules_size());
  if (readings < 2) return;
  const std::set<uint32_t> starts(trace.block_starts().begin(),
                                  trace.block_starts().end());
  out->Key("trace").BeginArray();
  for (int i = 1; i < readings; ++i) {
    if (starts.count(static_cast<uint32_t>(i)) != 0) continue;
    const double from = static_cast<double>(trace.at_ns(i - 1)) * 1e-9;
    const double to = static_cast<double>(trace.at_ns(i)) * 1e-9;
    if (!(to > from)) continue;
    out->BeginArray().Number(from).Number(to);
    out->Number((trace.joules(i) - trace.joules(i - 1)) / (to - from));
    out->EndArray();
  }
  out->EndArray();
}

uint64_t PageWriter::EnergyOf(const EnergyRecord& energy) {
  JsonWriter out;
  out.BeginObject().Text("meter", energy.meter());
  out.TextIf("scope", energy.scope());
  if (Known(energy.availability(), &out)) {
    out.Number("gross", energy.gross_joules());
    WriteInterval("grossIn", energy.has_gross_interval(),
                  energy.gross_interval(), &out);
    out.Number("sample", energy.gross_joules_per_sample());
    if (HasValue(energy.net_availability())) {
      out.Number("net", energy.net_joules());
      WriteInterval("netIn", energy.has_net_interval(), energy.net_interval(),
                    &out);
      out.Number("netSample", energy.net_joules_per_sample());
    } else {
      Sentence("netWhy", energy.net_availability().reason(), &out);
    }
    out.Number("window", energy.window_seconds());
    out.NumberIf("before", energy.idle_watts_before());
    out.NumberIf("after", energy.idle_watts_after());
    out.NumberIf("spread", energy.idle_stddev_watts());
    out.NumberIf("idleSeconds", energy.idle_seconds());
    out.NumberIf("period", energy.counter_period_seconds());
    out.CountIf("updates", energy.counter_updates());
    out.CountIf("wraps", energy.wraps());
    out.TextIf("against", energy.checked_against());
    out.NumberIf("disagreement", energy.relative_disagreement());
    WriteTrace(energy.trace(), &out);
  }
  out.EndObject();
  return energies_.IndexOf(out.json());
}

void PageWriter::WriteGain(const GainRecord& gain) {
  out_.Key("gain").BeginObject().Text("against", gain.against_precision());
  out_.Number("measured", gain.measured_speedup());
  WriteInterval("in", gain.has_measured_interval(), gain.measured_interval(),
                &out_);
  out_.Number("realised", gain.realised_gain()).EndObject();
}

void PageWriter::WriteTiming(const CandidateRecord& network,
                             const LatencyRecord& latency) {
  JsonWriter kind;
  kind.BeginObject();
  // One word, which the page splits off at a blank.
  kind.Text(
      "scenario",
      absl::StrCat(LatencyRecord::Scenario_Name(latency.scenario()),
                   absl::StrReplaceAll(TimingSuffix(latency), {{" ", "/"}})));
  kind.Text("precision", latency.precision()).Count("batch", latency.batch());
  kind.EndObject();
  out_.BeginObject().Count("kind", kinds_.IndexOf(kind.json()));
  if (latency.has_tuning()) {
    out_.Text("tuned", TuningText(latency.tuning()));
  }
  if (Known(latency.availability())) {
    out_.Count("queries", latency.queries());
    out_.Number("perSecond", latency.samples_per_second());
    WriteInterval("perSecondIn", latency.has_samples_per_second_interval(),
                  latency.samples_per_second_interval(), &out_);
    out_.Number("min", latency.min_ns()).Number("mean", latency.mean_ns());
    WriteInterval("meanIn", latency.has_mean_interval(),
                  latency.mean_interval(), &out_);
    out_.Number("max", latency.max_ns());
    WritePercentiles(latency);
    out_.Number("effective", latency.effective_sample_size());
    out_.Number("drift", latency.relative_drift());
    out_.Number("driftP", latency.drift_p_value());
    if (latency.scenario() == LatencyRecord::SERVER) {
      out_.Number("askedQps", latency.asked_qps());
      out_.Number("reachedQps", latency.reached_qps());
    }
    WriteHistogram(latency.kept());
  }
  const GainRecord* gain = FindGain(network, latency);
  if (gain != nullptr && HasValue(gain->availability())) WriteGain(*gain);
  out_.Key("energy").BeginArray();
  for (const EnergyRecord& energy : latency.energy()) {
    out_.Count(EnergyOf(energy));
  }
  out_.EndArray().EndObject();
}

void PageWriter::WritePayback(const PaybackRecord& payback) {
  out_.Key("payback").BeginObject();
  if (Known(payback.availability())) {
    out_.Number("inferences", payback.inferences());
    WriteInterval("in", payback.has_interval(), payback.interval(), &out_);
  }
  out_.EndObject();
}

void PageWriter::WriteNetwork(const CandidateRecord& network, bool dense) {
  out_.BeginObject().Text("name", network.name());
  if (dense) out_.Bool("dense", true);
  out_.TextIf("artifact", network.artifact().sha256().substr(0, kShortHash));
  WriteBudgets(network);
  WriteQuality(network);
  WriteCost(network.cost());
  if (!dense) WriteMaterialisation(network.materialisation());
  WriteMemory(network.memory());
  out_.Key("timings").BeginArray();
  for (const LatencyRecord& latency : network.latency()) {
    WriteTiming(network, latency);
  }
  out_.EndArray();
  if (!dense) WritePayback(network.payback());
  out_.EndObject();
}

}  // namespace assay::formats::html

#include "harness/report/formats/html/page_data.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "harness/report/check.h"
#include "harness/report/compare.h"
#include "harness/report/formats/figures.h"
#include "harness/report/formats/html/json_writer.h"
#include "harness/report/formats/html/latency_bins.h"
#include "harness/report/formats/summary.h"
#include "harness/report/history/change_points.h"
#include "harness/report/history/metric_values.h"
#include "harness/report/index.h"
#include "harness/report/record/samples.h"
#include "harness/report/timing_key.h"

namespace assay::formats::html {
namespace {

constexpr size_t kShortHash = 12;

// Values that many runs share, each written once.
class Shared {
 public:
  uint64_t IndexOf(const std::string& json) {
    const auto [place, added] = index_.emplace(json, values_.size());
    if (added) values_.push_back(json);
    return place->second;
  }
  std::string Array() const {
    return absl::StrCat("[", absl::StrJoin(values_, ","), "]");
  }

 private:
  std::map<std::string, uint64_t> index_;
  std::vector<std::string> values_;
};

double Seconds(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) +
         static_cast<double>(time.nanos()) * 1e-9;
}

// The page takes an interval without a confidence for one of 95 %.
void WriteInterval(const char* key, bool present, const Interval& interval,
                   JsonWriter* out) {
  if (!present) return;
  out->Key(key).BeginArray().Number(interval.low()).Number(interval.high());
  if (interval.confidence() != 0.95) out->Number(interval.confidence());
  out->EndArray();
}

void WriteTexts(const char* key,
                const google::protobuf::RepeatedPtrField<std::string>& texts,
                JsonWriter* out) {
  if (texts.empty()) return;
  out->Key(key).BeginArray();
  for (const std::string& text : texts) out->Text(text);
  out->EndArray();
}

std::string Pairs(const google::protobuf::RepeatedPtrField<KeyValue>& pairs) {
  std::vector<std::string> words;
  for (const KeyValue& pair : pairs) {
    words.push_back(absl::StrCat(pair.key(), "=", pair.value()));
  }
  return absl::StrJoin(words, "  ");
}

// One page's worth of writing: the runs, and what they share.
class PageWriter {
 public:
  std::string Write(absl::Span<const Report* const> reports,
                    const Comparison* comparison);

 private:
  void WriteRun(const Report& report);
  void WriteIdentity(const Report& report);
  void WriteOutcome(const Outcome& outcome);
  void WriteMachineState(const MachineRecord& machine);
  void WriteNetwork(const CandidateRecord& network, bool dense);
  void WriteBudgets(const CandidateRecord& network);
  void WriteQuality(const CandidateRecord& network);
  void WriteVersus(const CandidateRecord& network,
                   const QualityRecord& quality);
  void WriteCost(const CostRecord& cost);
  void WriteMaterialisation(const MaterialisationRecord& record);
  void WriteMemory(const MemoryRecord& memory);
  void WriteTiming(const CandidateRecord& network,
                   const LatencyRecord& latency);
  void WritePercentiles(const LatencyRecord& latency);
  void WriteGain(const GainRecord& gain);
  void WriteHistogram(const LatencySamples& samples);
  void WritePayback(const PaybackRecord& payback);
  void WriteLedger(const char* key, const LedgerRecord& ledger);
  void WritePhases(const OverheadRecord& overhead);
  void WriteClaims(const Report& report);
  void WriteChanges(absl::Span<const Report* const> reports);
  void WriteComparison(const Comparison& comparison);

  // Whether there is a value; else, and for estimates, says so. Members that
  // follow belong to the same object.
  bool Known(const Availability& availability, JsonWriter* out);
  bool Known(const Availability& availability) {
    return Known(availability, &out_);
  }
  void Sentence(const char* key, const std::string& text, JsonWriter* out);
  void Sentence(const char* key, const std::string& text) {
    Sentence(key, text, &out_);
  }
  uint64_t MachineOf(const Provenance& provenance);
  uint64_t EnergyOf(const EnergyRecord& energy);

  JsonWriter out_;
  Shared texts_, machines_, energies_, kinds_;
  std::map<std::string, int> ids_;
  std::vector<std::string> anchors_;  // of the runs, in their order
};

void PageWriter::Sentence(const char* key, const std::string& text,
                          JsonWriter* out) {
  if (!text.empty()) out->Count(key, texts_.IndexOf(JsonLiteral(text)));
}

bool PageWriter::Known(const Availability& availability, JsonWriter* out) {
  const bool known = HasValue(availability);
  if (!known || availability.state() == Availability::ESTIMATED) {
    out->Text("state", Availability::State_Name(availability.state()));
    Sentence("why", availability.reason(), out);
  }
  return known;
}

uint64_t PageWriter::MachineOf(const Provenance& p) {
  const CpuRecord& cpu = p.cpu();
  JsonWriter out;
  out.BeginObject().TextIf("fingerprint", p.machine_fingerprint());
  out.TextIf("cpu", cpu.model_name()).TextIf("vendor", cpu.vendor());
  out.CountIf("cores", cpu.cores()).CountIf("cpus", cpu.hardware_threads());
  out.TextIf("microcode", cpu.microcode())
      .TextIf("caches", Pairs(cpu.caches()));
  WriteTexts("features", cpu.features(), &out);
  out.CountIf("memory", p.memory_bytes()).CountIf("numa", p.numa_nodes());
  out.TextIf("hypervisor", p.hypervisor()).TextIf("container", p.container());
  out.TextIf("kernel", p.kernel()).TextIf("system", p.distribution());
  out.TextIf("drivers", Pairs(p.drivers()));
  if (p.accelerators_size() > 0) {
    out.Key("accelerators").BeginArray();
    for (const AcceleratorRecord& a : p.accelerators()) {
      out.Text(absl::StrCat(a.name(), ", driver ", a.driver()));
    }
    out.EndArray();
  }
  out.CountIf("threads", p.threads());
  out.TextIf("affinity", absl::StrJoin(p.affinity(), " "));
  out.TextIf("environment", Pairs(p.environment()));
  out.TextIf("assay", p.assay_version()).TextIf("revision", p.assay_revision());
  if (p.assay_modified()) out.Bool("modified", true);
  out.TextIf("compiler", p.compiler());
  out.TextIf("flags", absl::StrJoin(p.compiler_flags(), " "));
  out.TextIf("libraries", Pairs(p.libraries())).EndObject();
  return machines_.IndexOf(out.json());
}

void PageWriter::WriteIdentity(const Report& report) {
  const RunIdentity& id = report.identity();
  std::string anchor = id.run_id().substr(0, kShortHash);
  const int copy = ++ids_[anchor];
  if (copy > 1) absl::StrAppend(&anchor, "-", copy);
  anchors_.push_back(anchor);
  out_.Text("id", anchor).Text("experiment", ExperimentKey(id));
  out_.Text("method", MethodName(id)).Text("task", id.task());
  out_.TextIf("domain", id.domain()).TextIf("suite", id.suite());
  out_.TextIf("backend", id.backend()).TextIf("device", id.device());
  // A double would not hold every seed.
  out_.Text("seed", absl::StrCat(id.seed()));
  WriteTexts("asked", id.budgets(), &out_);
  Sentence("settings", Pairs(id.method_settings()));
  if (!id.plugin_version().empty()) {
    Sentence("plugin",
             absl::StrCat(id.plugin_version(), ", ABI ", id.plugin_abi_major(),
                          ".", id.plugin_abi_revision()));
  }
  Sentence("data", absl::StrCat(id.dataset().name(),
                                id.dataset().embedded() ? ", embedded" : ""));
  out_.TextIf("command", id.command());
}

void PageWriter::WriteOutcome(const Outcome& outcome) {
  out_.Text("status", Outcome::Status_Name(outcome.status()));
  if (outcome.status() == Outcome::OK) return;
  out_.Text("stage", Outcome::Stage_Name(outcome.stage()));
  out_.TextIf("hook", outcome.hook()).TextIf("message", outcome.message());
  out_.TextIf("signal", outcome.signal_name());
  WriteTexts("log", outcome.last_log_lines(), &out_);
}

void PageWriter::WriteMachineState(const MachineRecord& machine) {
  out_.Text("verdict", MachineRecord::Verdict_Name(machine.verdict()));
  if (machine.reasons_size() > 0) {
    out_.Key("reasons").BeginArray();
    for (const MachineReason& reason : machine.reasons()) {
      out_.BeginObject().Text("code", reason.code());
      out_.Text("severity", MachineRecord::Verdict_Name(reason.severity()));
      Sentence("message", reason.message());
      out_.EndObject();
    }
    out_.EndArray();
  }
  const MachineActivity& during = machine.during();
  out_.Key("during").BeginObject();
  if (Known(during.availability())) {
    out_.Number("seconds", during.seconds());
    out_.Number("steal", during.steal_fraction());
    out_.Number("foreign", during.foreign_cpu_fraction());
    out_.Number("own", during.own_cpu_fraction());
    out_.Count("switches", during.involuntary_switches());
    if (HasValue(during.throttle_availability())) {
      out_.Count("throttled", during.throttle_events());
    }
    if (during.busiest_size() > 0) {
      out_.Text("busiest", during.busiest(0).command());
      out_.Number("busiestSeconds", during.busiest(0).cpu_seconds());
    }
  }
  out_.EndObject();
}

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

void PageWriter::WriteVersus(const CandidateRecord& network,
                             const QualityRecord& quality) {
  for (const QualityComparison& versus : network.against_dense()) {
    if (versus.split() != quality.split() ||
        versus.metric() != quality.metric() ||
        versus.precision() != quality.precision()) {
      continue;
    }
    out_.Key("versus").BeginObject();
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
    WriteVersus(network, quality);
    out_.EndObject();
  }
  out_.EndArray();
}

void PageWriter::WriteCost(const CostRecord& cost) {
  out_.Key("cost").BeginObject();
  if (Known(cost.availability())) {
    out_.Count("parameters", cost.parameters());
    out_.Number("density", cost.density());
    out_.Count("disk", cost.bytes_on_disk());
    out_.Number("bits", cost.mean_bits());
    out_.Count("macs", cost.macs()).Count("nonzeroMacs", cost.nonzero_macs());
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

void PageWriter::WriteLedger(const char* key, const LedgerRecord& ledger) {
  out_.Key(key).BeginObject();
  if (Known(ledger.availability())) {
    out_.Count("samples", ledger.samples()).Count("steps", ledger.steps());
    out_.Count("evaluations", ledger.evaluations());
    out_.Number("seconds", ledger.seconds());
    out_.NumberIf("cpu", ledger.cpu_seconds());
    out_.CountIf("memory", ledger.peak_memory_bytes());
    if (HasValue(ledger.joules_availability())) {
      out_.Number("joules", ledger.joules());
    } else {
      Sentence("joulesWhy", ledger.joules_availability().reason());
    }
    if (ledger.allowance_exceeded()) out_.Bool("exceeded", true);
  }
  out_.EndObject();
}

void PageWriter::WritePhases(const OverheadRecord& overhead) {
  out_.Key("time").BeginObject();
  if (Known(overhead.availability())) {
    out_.Number("total", overhead.total_seconds());
    out_.Number("harness", overhead.harness_fraction());
    std::map<std::string, double> by_kind;
    for (const PhaseRecord& phase : overhead.phases()) {
      by_kind[PhaseRecord::Kind_Name(phase.kind())] += phase.seconds();
    }
    out_.Key("kinds").BeginObject();
    for (const auto& [kind, seconds] : by_kind) out_.Number(kind, seconds);
    out_.EndObject();
  }
  out_.EndObject();
}

void PageWriter::WriteClaims(const Report& report) {
  if (report.claims_size() == 0) return;
  out_.Key("claims").BeginArray();
  for (const ClaimAttempt& claim : report.claims()) {
    out_.BeginObject().Text("claim", claim.claim());
    Sentence("statement", claim.statement());
    out_.Text("verdict", ClaimAttempt::Verdict_Name(claim.verdict()));
    out_.CountIf("attempt", claim.attempt());
    out_.NumberIf("p", claim.p_value());
    out_.TextIf("detail", claim.detail()).EndObject();
  }
  out_.EndArray();
}

void PageWriter::WriteRun(const Report& report) {
  out_.BeginObject();
  WriteIdentity(report);
  // Whole seconds: six digits would not tell two days apart.
  out_.Key("started").Int(report.started().seconds());
  out_.Number("seconds",
              Seconds(report.finished()) - Seconds(report.started()));
  WriteOutcome(report.outcome());
  out_.Count("machine", MachineOf(report.provenance()));
  WriteMachineState(report.machine());
  out_.Key("networks").BeginArray();
  if (report.has_dense()) WriteNetwork(report.dense(), true);
  for (const CandidateRecord& candidate : report.candidates()) {
    WriteNetwork(candidate, false);
  }
  out_.EndArray();
  WriteLedger("ledger", report.ledger());
  WriteLedger("denseLedger", report.dense_ledger());
  WritePhases(report.overhead());
  WriteClaims(report);
  out_.EndObject();
}

// A metric of one experiment on one machine, over time.
struct Course {
  std::string unit;
  std::vector<size_t> runs;
  std::vector<double> values;
};

// By experiment, machine, network and metric. `reports` are in order of time
// within an experiment.
std::map<std::array<std::string, 4>, Course> CoursesOf(
    absl::Span<const Report* const> reports) {
  std::map<std::array<std::string, 4>, Course> courses;
  for (size_t i = 0; i < reports.size(); ++i) {
    const Report& report = *reports[i];
    const std::string experiment = ExperimentKey(report.identity());
    for (const MetricValue& metric : MetricValues(report)) {
      Course& course =
          courses[{experiment, report.provenance().machine_fingerprint(),
                   metric.candidate, metric.metric}];
      course.unit = metric.unit;
      course.runs.push_back(i);
      course.values.push_back(metric.value);
    }
  }
  return courses;
}

void PageWriter::WriteChanges(absl::Span<const Report* const> reports) {
  ChangePointOptions options;
  options.permutations =
      199;  // enough for its level, and pages are many series
  out_.Key("changes").BeginArray();
  for (const auto& [key, course] : CoursesOf(reports)) {
    for (const ChangePoint& change : FindChangePoints(course.values, options)) {
      out_.BeginObject().Text("experiment", key[0]).Text("network", key[2]);
      out_.Text("metric", key[3]).TextIf("unit", course.unit);
      out_.Text("run", anchors_[course.runs[change.at]]);
      out_.Number("before", change.before).Number("after", change.after);
      out_.Number("p", change.p_value).EndObject();
    }
  }
  out_.EndArray();
}

void PageWriter::WriteComparison(const Comparison& comparison) {
  out_.Key("comparison").BeginObject();
  out_.Key("matched").Int(comparison.matched);
  out_.Key("exit").Int(comparison.ExitCode());
  for (const auto& [key, list] :
       {std::pair("onlyBaseline", &comparison.only_in_baseline),
        {"onlyNew", &comparison.only_in_new}}) {
    out_.Key(key).BeginArray();
    for (const std::string& experiment : *list) out_.Text(experiment);
    out_.EndArray();
  }
  out_.Key("changes").BeginArray();
  for (const MetricChange& change : comparison.changes) {
    out_.BeginObject().Text("change", ChangeName(change.change));
    out_.Text("experiment", change.experiment);
    out_.Text("network", change.candidate).Text("metric", change.metric);
    out_.TextIf("unit", change.unit).Number("baseline", change.baseline);
    out_.Number("now", change.now).Number("p", change.p_value);
    if (!change.effect.empty()) {
      out_.Text("effect", change.effect).Number("estimate", change.estimate);
      out_.Key("in").BeginArray().Number(change.low).Number(change.high);
      out_.Number(change.confidence).EndArray();
    }
    out_.TextIf("test", change.test).TextIf("note", change.note).EndObject();
  }
  out_.EndArray().EndObject();
}

std::string PageWriter::Write(absl::Span<const Report* const> reports,
                              const Comparison* comparison) {
  out_.BeginObject().Key("runs").BeginArray();
  for (const Report* report : reports) WriteRun(*report);
  out_.EndArray();
  WriteChanges(reports);
  if (comparison != nullptr) WriteComparison(*comparison);
  out_.Key("machines").Raw(machines_.Array());
  out_.Key("energies").Raw(energies_.Array());
  out_.Key("kinds").Raw(kinds_.Array());
  out_.Key("texts").Raw(texts_.Array()).EndObject();
  return out_.json();
}

}  // namespace

std::string PageData(absl::Span<const Report> reports,
                     const Comparison* comparison) {
  std::vector<const Report*> order;
  for (const Report& report : reports) order.push_back(&report);
  const auto key = [](const Report* report) {
    const RunIdentity& id = report->identity();
    return std::make_tuple(id.task(), id.backend(), id.method(), id.label(),
                           id.seed(), report->started().seconds(),
                           report->started().nanos(), id.run_id());
  };
  std::stable_sort(
      order.begin(), order.end(),
      [&](const Report* a, const Report* b) { return key(a) < key(b); });
  return PageWriter().Write(order, comparison);
}

}  // namespace assay::formats::html

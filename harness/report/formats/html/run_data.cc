// What a page says of a run: what it was, how it ended, where, at what cost.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/report/check.h"
#include "harness/report/formats/html/page_writer.h"
#include "harness/report/formats/summary.h"
#include "harness/report/index.h"

namespace assay::formats::html {
namespace {

double Seconds(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) +
         static_cast<double>(time.nanos()) * 1e-9;
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

}  // namespace

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

void PageWriter::WriteTuned(const TunedDense& tuned) {
  out_.Key("tuned").BeginObject();
  if (Known(tuned.availability())) {
    out_.Number("before", tuned.validation_before());
    out_.Number("after", tuned.validation_after());
    out_.Bool("kept", tuned.kept());
    WriteQuality(tuned.network());
    WriteLedger("ledger", tuned.ledger());
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
  if (report.has_tuned_dense()) WriteTuned(report.tuned_dense());
  WritePhases(report.overhead());
  WriteClaims(report);
  out_.EndObject();
}

}  // namespace assay::formats::html

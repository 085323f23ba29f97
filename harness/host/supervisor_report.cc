#include "harness/host/supervisor_report.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/host/run_identity.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/report/check.h"
#include "harness/report/record/energy_record.h"
#include "harness/report/record/machine_record.h"
#include "harness/report/record/phase_timer.h"
#include "harness/report/timing_key.h"

namespace assay {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const int64_t nanos = absl::ToUnixNanos(time);
  timestamp->set_seconds(nanos / 1000000000);
  timestamp->set_nanos(static_cast<int32_t>(nanos % 1000000000));
}

void FillRunIdentity(const RunRecord& record, RunIdentity* identity) {
  *identity = record.score.identity();
  FillIdentity(record.spec, identity);
  identity->set_plugin_sha256(record.plugin_sha256);
  if (record.compress_believed) {
    const PluginIdentity& plugin = record.compress.plugin();
    identity->set_plugin_version(Printable(plugin.version(), 200));
    identity->set_plugin_abi_major(plugin.abi_major());
    identity->set_plugin_abi_revision(plugin.abi_revision());
    if (record.compress.settings_size() > 0) {
      *identity->mutable_method_settings() = record.compress.settings();
    }
  }
  const ReferenceIdentity& reference = record.train.reference();
  identity->set_reference_graph_sha256(reference.graph_sha256());
  identity->set_reference_weights_sha256(reference.weights_sha256());
}

void FillAllowance(const RunSpec& spec, AllowanceRecord* allowance) {
  const auto count = [](int64_t value) {
    return static_cast<uint64_t>(std::max<int64_t>(value, 0));
  };
  allowance->set_samples(count(spec.training().samples()));
  allowance->set_steps(count(spec.training().steps()));
  allowance->set_evaluations(count(spec.training().evaluations()));
  allowance->set_seconds(std::max(spec.training().seconds(), 0.0));
  allowance->set_memory_bytes(count(spec.limits().memory_bytes()));
}

bool Exceeds(const LedgerRecord& ledger) {
  const AllowanceRecord& allowed = ledger.allowance();
  const auto past = [](auto spent, auto limit) {
    return limit > 0 && spent > limit;
  };
  return past(ledger.samples(), allowed.samples()) ||
         past(ledger.steps(), allowed.steps()) ||
         past(ledger.evaluations(), allowed.evaluations()) ||
         past(ledger.seconds(), allowed.seconds());
}

// Counts are the compress process's; time and memory are the system's.
void FillLedger(const RunRecord& record, LedgerRecord* ledger) {
  if (!record.compress_child.has_value()) return;
  const ChildResult& child = *record.compress_child;
  if (record.compress_believed) {
    *ledger = record.compress.ledger();
    *ledger->mutable_availability() = MakeAvailability(Availability::MEASURED);
  } else {
    *ledger->mutable_availability() = MakeAvailability(
        Availability::UNAVAILABLE,
        "the compress process left no counts; seconds and memory are the "
        "system's");
  }
  ledger->set_seconds(child.seconds);
  ledger->set_cpu_seconds(child.cpu_seconds);
  ledger->set_peak_memory_bytes(
      static_cast<uint64_t>(std::max<int64_t>(child.peak_memory_bytes, 0)));
  FillAllowance(record.spec, ledger->mutable_allowance());
  ledger->set_allowance_exceeded(Exceeds(*ledger));
  const LedgerRecord& energy = record.compress_energy;
  ledger->set_joules(energy.joules());
  *ledger->mutable_joules_availability() = energy.joules_availability();
  if (energy.has_joules_interval()) {
    *ledger->mutable_joules_interval() = energy.joules_interval();
  } else {
    ledger->clear_joules_interval();
  }
  *ledger->mutable_energy() = energy.energy();
}

// The phases of one process, which cannot have taken longer than it lived, and
// what it did beside them.
template <typename Phases>
void AddProcess(absl::string_view process, double lived, const Phases& phases,
                PhaseRecord::Kind rest, OverheadRecord* overhead) {
  double stated = 0;
  for (const PhaseRecord& phase : phases) stated += phase.seconds();
  const double scale = stated > lived ? lived / stated : 1.0;
  for (const PhaseRecord& phase : phases) {
    PhaseRecord* added = overhead->add_phases();
    *added = phase;
    added->set_name(absl::StrCat(process, ": ", Printable(phase.name(), 200)));
    added->set_seconds(phase.seconds() * scale);
  }
  *overhead->add_phases() = SinglePhase(absl::StrCat(process, ": rest"), rest,
                                        std::max(0.0, lived - stated * scale));
}

void FillOverhead(const RunRecord& record, OverheadRecord* overhead) {
  *overhead->mutable_availability() = MakeAvailability(Availability::MEASURED);
  const double total =
      std::max(0.0, absl::ToDoubleSeconds(record.finished - record.started));
  double lived = 0;
  if (record.train_child.has_value()) {
    lived += record.train_child->seconds;
    AddProcess("train", record.train_child->seconds, record.train.phases(),
               PhaseRecord::HARNESS, overhead);
  }
  if (record.compress_child.has_value()) {
    // A process that told nothing was the method's all the while.
    lived += record.compress_child->seconds;
    AddProcess(
        "compress", record.compress_child->seconds, record.compress.phases(),
        record.compress_believed ? PhaseRecord::HARNESS : PhaseRecord::METHOD,
        overhead);
  }
  if (record.twin_child.has_value()) {
    lived += record.twin_child->seconds;
    AddProcess("twin", record.twin_child->seconds, record.twin_phases.phases(),
               PhaseRecord::METHOD, overhead);
  }
  if (record.score_child.has_value()) {
    lived += record.score_child->seconds;
    AddProcess("score", record.score_child->seconds, record.score.phases(),
               PhaseRecord::HARNESS, overhead);
  }
  *overhead->add_phases() = SinglePhase("supervise", PhaseRecord::HARNESS,
                                        std::max(0.0, total - lived));
  overhead->set_total_seconds(std::max(total, lived));
  double harness = 0;
  for (const PhaseRecord& phase : overhead->phases()) {
    if (phase.kind() == PhaseRecord::HARNESS) harness += phase.seconds();
  }
  if (overhead->total_seconds() > 0) {
    overhead->set_harness_fraction(
        std::min(1.0, harness / overhead->total_seconds()));
  }
}

// From the first scenario in which one meter read both networks.
void FillPayback(const LedgerRecord& ledger, const CandidateRecord& dense,
                 CandidateRecord* candidate) {
  for (const LatencyRecord& mine : candidate->latency()) {
    for (const LatencyRecord& theirs : dense.latency()) {
      if (!SameSetting(mine, theirs)) continue;
      for (int i = 0; i < std::min(mine.energy_size(), theirs.energy_size());
           ++i) {
        *candidate->mutable_payback() =
            MakePaybackRecord(ledger, theirs.energy(i), mine.energy(i));
        if (HasValue(candidate->payback().availability())) return;
      }
    }
  }
}

void FillConformance(const RunRecord& record, ConformanceRecord* conformance) {
  *conformance->mutable_availability() = MakeAvailability(
      Availability::NOT_REQUESTED,
      "the conformance kit runs with the plugin's tests, not within a run");
  if (!record.compress_believed) return;
  conformance->set_declared_determinism(
      Printable(record.compress.plugin().determinism(), 200));
  for (const std::string& breach : record.compress.misbehaviours()) {
    if (conformance->failed_checks_size() == 100) break;
    conformance->add_failed_checks(Printable(breach, 500));
  }
}

void FillProvenance(const RunRecord& record, Provenance* provenance) {
  *provenance = record.provenance;
  provenance->MergeFrom(record.score.provenance());
  if (!record.compress_believed) return;
  for (const std::string& extension : record.compress.extensions()) {
    if (provenance->extensions_size() == 100) break;
    provenance->add_extensions(Printable(extension, 200));
  }
}

void FillWhatIsUnset(Report* report) {
  if (report->outcome().status() == Outcome::OK) {
    FillUnset(Availability::NOT_REQUESTED, "not part of this run", report);
  } else {
    FillUnreached(report);
  }
}

// The frame alone, for pieces that make no report.
Report WithoutPieces(const RunRecord& record, const absl::Status& why) {
  Report report;
  report.set_schema(kReportSchema);
  FillIdentity(record.spec, report.mutable_identity());
  *report.mutable_outcome() = OutcomeOf(
      absl::Status(why.code(),
                   absl::StrCat("the pieces make no report: ", why.message(),
                                "; the run itself ended with ",
                                Outcome::Status_Name(record.outcome.status()))),
      Outcome::HARNESS_ERROR, Outcome::RECORD);
  SetTime(record.started, report.mutable_started());
  SetTime(record.finished, report.mutable_finished());
  FillUnreached(&report);
  return report;
}

}  // namespace

Report MakeReport(const RunRecord& record) {
  Report report;
  report.set_schema(kReportSchema);
  FillRunIdentity(record, report.mutable_identity());
  *report.mutable_outcome() = record.outcome;
  SetTime(record.started, report.mutable_started());
  SetTime(record.finished, report.mutable_finished());
  FillProvenance(record, report.mutable_provenance());
  if (record.score.has_machine()) {
    *report.mutable_machine() = record.score.machine();
  }
  if (record.score.has_dense()) *report.mutable_dense() = record.score.dense();
  *report.mutable_candidates() = record.score.candidates();
  if (record.score.has_tuned_dense()) {
    *report.mutable_tuned_dense() = record.score.tuned_dense();
  }
  FillLedger(record, report.mutable_ledger());
  if (record.train.has_ledger()) {
    *report.mutable_dense_ledger() = record.train.ledger();
  }
  for (CandidateRecord& candidate : *report.mutable_candidates()) {
    FillPayback(report.ledger(), report.dense(), &candidate);
  }
  RefuseIfInvalid(&report);
  FillConformance(record, report.mutable_conformance());
  FillOverhead(record, report.mutable_overhead());
  FillWhatIsUnset(&report);
  const absl::Status checked = CheckReport(report);
  return checked.ok() ? report : WithoutPieces(record, checked);
}

}  // namespace assay

#include "harness/report/record/machine_record.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/report/check.h"

namespace assay {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

Availability Known(bool known, absl::string_view why) {
  return known ? MakeAvailability(Availability::MEASURED)
               : MakeAvailability(Availability::UNAVAILABLE, why);
}

MachineSnapshot Snapshot(const MachineState& state, absl::Time when) {
  MachineSnapshot out;
  SetTime(when, out.mutable_when());
  *out.mutable_governor_availability() =
      Known(!state.governors.empty(), "no scaling_governor");
  for (const std::string& g : state.governors) out.add_governors(g);
  *out.mutable_boost_availability() =
      Known(state.boost.has_value(), "no boost or no_turbo switch");
  out.set_boost(state.boost.value_or(false));
  *out.mutable_smt_availability() =
      Known(state.smt.has_value(), "no smt/active");
  out.set_smt(state.smt.value_or(false));
  out.set_load_average_1m(state.load_average_1m.value_or(0.0));
  *out.mutable_frequency_availability() =
      Known(state.max_frequency_hz.has_value(), "no scaling_cur_freq");
  out.set_min_frequency_hz(state.min_frequency_hz.value_or(0.0));
  out.set_max_frequency_hz(state.max_frequency_hz.value_or(0.0));
  *out.mutable_temperature_availability() =
      Known(state.max_temperature_celsius.has_value(), "no sensor of the CPU");
  out.set_max_temperature_celsius(state.max_temperature_celsius.value_or(0.0));
  out.set_available_memory_bytes(
      static_cast<uint64_t>(state.available_memory_bytes.value_or(0)));
  out.set_swap_used_bytes(
      static_cast<uint64_t>(state.swap_used_bytes.value_or(0)));
  out.set_pressure_cpu(state.pressure_cpu);
  for (const uint32_t cpu : state.affinity) out.add_affinity(cpu);
  out.set_quota_cpus(state.quota_cpus.value_or(0.0));
  out.set_runnable(static_cast<uint64_t>(state.runnable.value_or(0)));
  return out;
}

uint64_t NotNegative(int64_t value) {
  return static_cast<uint64_t>(std::max<int64_t>(value, 0));
}

MachineActivity Activity(const MachineUse& use) {
  MachineActivity out;
  *out.mutable_availability() =
      Known(use.foreign_fraction.has_value(), "no CPU times in /proc/stat");
  out.set_seconds(use.seconds);
  out.set_steal_fraction(use.steal_fraction.value_or(0.0));
  out.set_foreign_cpu_fraction(use.foreign_fraction.value_or(0.0));
  out.set_own_cpu_fraction(use.own_fraction.value_or(0.0));
  *out.mutable_throttle_availability() =
      Known(use.throttle_events.has_value() || use.quota_throttles.has_value(),
            "no throttle counters");
  out.set_throttle_events(NotNegative(use.throttle_events.value_or(0) +
                                      use.quota_throttles.value_or(0)));
  out.set_involuntary_switches(NotNegative(use.involuntary_switches));
  out.set_major_faults(NotNegative(use.major_faults));
  out.set_readings(NotNegative(use.readings));
  out.set_min_frequency_hz(use.min_frequency_hz.value_or(0.0));
  out.set_max_frequency_hz(use.max_frequency_hz.value_or(0.0));
  out.set_max_temperature_celsius(use.max_temperature_celsius.value_or(0.0));
  out.set_cpu_pressure_fraction(use.pressure_fraction.value_or(0.0));
  for (const MachineUse::Process& process : use.busiest) {
    ForeignProcess* foreign = out.add_busiest();
    foreign->set_command(process.command);
    foreign->set_cpu_seconds(process.cpu_seconds);
  }
  return out;
}

MachineRecord::Verdict VerdictOf(Fitness fitness) {
  switch (fitness) {
    case Fitness::kValid:
      return MachineRecord::VALID;
    case Fitness::kDegraded:
      return MachineRecord::DEGRADED;
    case Fitness::kInvalid:
      return MachineRecord::INVALID;
  }
  return MachineRecord::VERDICT_UNSPECIFIED;
}

void Refuse(const std::string& reason, Availability* availability) {
  if (HasValue(*availability)) {
    *availability = MakeAvailability(Availability::REFUSED, reason);
  }
}

void RefuseTimings(const std::string& reason, CandidateRecord* record) {
  for (LatencyRecord& latency : *record->mutable_latency()) {
    Refuse(reason, latency.mutable_availability());
    for (EnergyRecord& energy : *latency.mutable_energy()) {
      Refuse(reason, energy.mutable_availability());
    }
  }
  for (GainRecord& gain : *record->mutable_gains()) {
    Refuse(reason, gain.mutable_availability());
  }
  for (AuditRecord& audit : *record->mutable_audits()) {
    if (audit.speedup() > 0.0) Refuse(reason, audit.mutable_availability());
  }
  for (ClaimedGain& claim :
       *record->mutable_materialisation()->mutable_claims()) {
    // What is counted stands; what was decided by time does not.
    const bool counted =
        claim.shown_in() == "macs" || claim.shown_in() == "bytes" ||
        claim.quantity() == "macs_fraction" || claim.quantity() == "bytes";
    if (!counted) {
      claim.set_verdict(ClaimedGain::UNDECIDED);
      claim.clear_shown_in();
    }
  }
  Refuse(reason, record->mutable_payback()->mutable_availability());
}

}  // namespace

void FillProvenance(const MachineInfo& info, const MachineState& state,
                    Provenance* provenance) {
  provenance->set_kernel(info.kernel);
  provenance->set_distribution(info.distribution);
  provenance->set_hypervisor(info.hypervisor);
  provenance->set_container(info.container);
  provenance->set_memory_bytes(info.memory_bytes);
  provenance->set_numa_nodes(info.numa_nodes);
  provenance->set_machine_fingerprint(MachineFingerprint(info, state));
  CpuRecord* cpu = provenance->mutable_cpu();
  cpu->set_vendor(info.cpu.vendor);
  cpu->set_model_name(info.cpu.model_name);
  cpu->set_family(info.cpu.family);
  cpu->set_model(info.cpu.model);
  cpu->set_stepping(info.cpu.stepping);
  cpu->set_microcode(info.cpu.microcode);
  cpu->set_sockets(info.cpu.sockets);
  cpu->set_cores(info.cpu.cores);
  cpu->set_hardware_threads(info.cpu.hardware_threads);
  for (const std::string& f : info.cpu.features) cpu->add_features(f);
  for (const auto& [level, size] : info.cpu.caches) {
    KeyValue* cache = cpu->add_caches();
    cache->set_key(level);
    cache->set_value(size);
  }
}

MachineRecord MakeMachineRecord(const MachineState& before,
                                absl::Time before_when,
                                const MachineUse& during,
                                const MachineState& after,
                                absl::Time after_when,
                                const MachineVerdict& verdict) {
  MachineRecord record;
  record.set_verdict(VerdictOf(verdict.fitness));
  for (const MachineFinding& finding : verdict.findings) {
    MachineReason* reason = record.add_reasons();
    reason->set_code(finding.code);
    reason->set_severity(VerdictOf(finding.severity));
    reason->set_message(finding.message);
  }
  *record.mutable_before() = Snapshot(before, before_when);
  *record.mutable_during() = Activity(during);
  *record.mutable_after() = Snapshot(after, after_when);
  return record;
}

void RefuseIfInvalid(Report* report) {
  if (report->machine().verdict() != MachineRecord::INVALID) return;
  std::vector<std::string> codes;
  for (const MachineReason& reason : report->machine().reasons()) {
    if (reason.severity() == MachineRecord::INVALID) {
      codes.push_back(reason.code());
    }
  }
  const std::string reason = absl::StrCat(
      "the machine was not fit to be timed: ", absl::StrJoin(codes, ", "));
  if (report->has_dense()) RefuseTimings(reason, report->mutable_dense());
  for (CandidateRecord& candidate : *report->mutable_candidates()) {
    RefuseTimings(reason, &candidate);
  }
}

}  // namespace assay

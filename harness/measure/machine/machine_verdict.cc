#include "harness/measure/machine/machine_verdict.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

class Judge {
 public:
  void Add(absl::string_view code, Fitness severity, std::string message) {
    verdict_.findings.push_back(
        {std::string(code), severity, std::move(message)});
    verdict_.fitness = std::max(verdict_.fitness, severity);
  }

  void Limit(absl::string_view code, absl::string_view what, double fraction,
             double degraded, double invalid) {
    if (fraction <= degraded) return;
    Add(code, fraction > invalid ? Fitness::kInvalid : Fitness::kDegraded,
        absl::StrFormat("%s: expected at most %.1f %%, got %.1f %%", what,
                        100 * degraded, 100 * fraction));
  }

  MachineVerdict Take() { return std::move(verdict_); }

 private:
  MachineVerdict verdict_;
};

void JudgeSetting(const MachineInfo& info, const MachineState& state,
                  Judge& judge) {
  if (!info.hypervisor.empty()) {
    judge.Add("VIRTUAL_MACHINE", Fitness::kDegraded,
              absl::StrCat("runs under ", info.hypervisor,
                           ": clocks and neighbours cannot be seen"));
  }
  if (state.governors.empty()) {
    judge.Add("GOVERNOR_UNKNOWN", Fitness::kDegraded,
              "no scaling_governor in /sys/devices/system/cpu");
  } else if (state.governors != std::vector<std::string>{"performance"}) {
    judge.Add("GOVERNOR_NOT_PERFORMANCE", Fitness::kDegraded,
              absl::StrCat("scaling_governor: expected performance, got ",
                           absl::StrJoin(state.governors, ", ")));
  }
  if (state.boost.value_or(false)) {
    judge.Add("BOOST_ON", Fitness::kDegraded,
              "frequency boost: expected off, got on");
  }
  if (state.smt.value_or(false)) {
    judge.Add("SMT_ON", Fitness::kDegraded,
              "simultaneous multithreading: expected off, got on");
  }
  if (state.quota_cpus.has_value()) {
    judge.Add("CPU_QUOTA", Fitness::kDegraded,
              absl::StrFormat("the control group's CPU limit: expected none, "
                              "got %g CPUs of %d",
                              *state.quota_cpus, state.affinity.size()));
  }
  // One of them is the thread that looks.
  if (state.runnable.value_or(1) > 1) {
    judge.Add("BUSY_BEFORE", Fitness::kDegraded,
              absl::StrCat("other threads that wanted a CPU before the first "
                           "query: expected none, got ",
                           *state.runnable - 1));
  }
}

std::string Busiest(const MachineUse& use) {
  std::vector<std::string> names;
  for (const auto& process : use.busiest) {
    names.push_back(
        absl::StrFormat("%s %.1f s", process.command, process.cpu_seconds));
  }
  return absl::StrJoin(names, ", ");
}

void JudgeUse(const MachineUse& use, const MachineLimits& limits,
              Judge& judge) {
  if (!use.foreign_fraction.has_value() || !use.steal_fraction.has_value()) {
    judge.Add("LOAD_UNKNOWN", Fitness::kDegraded, "no CPU times in /proc/stat");
  } else {
    judge.Limit("STEAL_TIME", "CPU time given to other machines",
                *use.steal_fraction, limits.steal_degraded,
                limits.steal_invalid);
    const std::string busiest = Busiest(use);
    judge.Limit(
        "FOREIGN_LOAD",
        absl::StrCat("CPU time of other processes", busiest.empty() ? "" : " (",
                     busiest, busiest.empty() ? "" : ")"),
        *use.foreign_fraction, limits.foreign_degraded, limits.foreign_invalid);
  }
  if (use.throttle_events.value_or(0) > 0) {
    judge.Add("THROTTLED", Fitness::kInvalid,
              absl::StrCat("thermal throttling: expected no event, got ",
                           *use.throttle_events));
  }
  if (use.quota_throttles.value_or(0) > 0) {
    judge.Add("QUOTA_THROTTLED", Fitness::kInvalid,
              absl::StrCat("stops by the control group's CPU limit: expected "
                           "none, got ",
                           *use.quota_throttles));
  }
  if (!use.throttle_events.has_value() && !use.max_frequency_hz.has_value()) {
    judge.Add("THROTTLING_UNKNOWN", Fitness::kDegraded,
              "no throttle counter and no clock of the CPU to see it by");
  }
  judge.Limit("CPU_PRESSURE", "time in which threads waited for a CPU",
              use.pressure_fraction.value_or(0.0), limits.pressure_degraded,
              1.0);
  if (use.major_faults > limits.major_faults_degraded) {
    judge.Add(
        "MAJOR_FAULTS", Fitness::kDegraded,
        absl::StrCat("pages read from disk: expected at most ",
                     limits.major_faults_degraded, ", got ", use.major_faults));
  }
}

std::string Settings(const MachineState& state) {
  const auto word = [](const absl::optional<bool>& value) {
    return !value.has_value() ? "unknown" : *value ? "on" : "off";
  };
  return absl::StrCat("governor ", absl::StrJoin(state.governors, "+"),
                      ", boost ", word(state.boost), ", SMT ", word(state.smt));
}

// What also decides what a run may use, and changes from run to run.
std::string Share(const MachineState& state) {
  return absl::StrCat(
      ", CPUs ", absl::StrJoin(state.affinity, ","), ", quota ",
      state.quota_cpus.has_value() ? absl::StrCat(*state.quota_cpus) : "none");
}

void JudgeHeat(const MachineState& before, const MachineUse& during,
               const MachineState& after, const MachineLimits& limits,
               Judge& judge) {
  const auto& critical = after.critical_temperature_celsius;
  const double hottest =
      std::max(during.max_temperature_celsius.value_or(-300.0),
               after.max_temperature_celsius.value_or(-300.0));
  if (critical.has_value() &&
      hottest > *critical - limits.heat_margin_celsius) {
    judge.Add("HOT", Fitness::kDegraded,
              absl::StrFormat("CPU: expected at most %.0f C (critical is "
                              "%.0f C), got %.1f C",
                              *critical - limits.heat_margin_celsius, *critical,
                              hottest));
  }
  if (!before.max_temperature_celsius.has_value() ||
      !after.max_temperature_celsius.has_value()) {
    return;
  }
  const double rise =
      *after.max_temperature_celsius - *before.max_temperature_celsius;
  if (rise > limits.warming_degraded_celsius) {
    judge.Add("WARMING", Fitness::kDegraded,
              absl::StrFormat("CPU: %.1f C before, %.1f C after: expected at "
                              "most %.0f C more",
                              *before.max_temperature_celsius,
                              *after.max_temperature_celsius,
                              limits.warming_degraded_celsius));
  }
}

void JudgeChange(const MachineState& before, const MachineUse& during,
                 const MachineState& after, const MachineLimits& limits,
                 Judge& judge) {
  const std::string was = Settings(before) + Share(before);
  const std::string is = Settings(after) + Share(after);
  if (was != is) {
    judge.Add("STATE_CHANGED", Fitness::kInvalid,
              absl::StrCat("settings: before ", was, "; after ", is));
  }
  absl::optional<double> slowest = during.min_frequency_hz;
  absl::optional<double> fastest = during.max_frequency_hz;
  for (const MachineState* end : {&before, &after}) {
    if (!end->max_frequency_hz.has_value()) continue;
    slowest = std::min(slowest.value_or(*end->max_frequency_hz),
                       *end->max_frequency_hz);
    fastest = std::max(fastest.value_or(*end->max_frequency_hz),
                       *end->max_frequency_hz);
  }
  if (slowest.has_value() &&
      *fastest > *slowest * (1.0 + limits.frequency_change_degraded)) {
    judge.Add(
        "FREQUENCY_CHANGED", Fitness::kDegraded,
        absl::StrFormat("fastest clock over %d readings: expected within "
                        "%.0f %%, got %.0f to %.0f MHz",
                        during.readings, 100 * limits.frequency_change_degraded,
                        *slowest / 1e6, *fastest / 1e6));
  }
  const int64_t growth =
      after.swap_used_bytes.value_or(0) - before.swap_used_bytes.value_or(0);
  if (growth > limits.swap_growth_degraded_bytes) {
    judge.Add("SWAPPING", Fitness::kDegraded,
              absl::StrCat("swap in use grew by ", growth, " bytes"));
  }
}

}  // namespace

MachineVerdict JudgeMachine(const MachineInfo& info, const MachineState& before,
                            const MachineUse& during, const MachineState& after,
                            const MachineLimits& limits) {
  Judge judge;
  JudgeSetting(info, before, judge);
  JudgeUse(during, limits, judge);
  JudgeHeat(before, during, after, limits, judge);
  JudgeChange(before, during, after, limits, judge);
  return judge.Take();
}

std::string MachineFingerprint(const MachineInfo& info,
                               const MachineState& state) {
  const CpuInfo& cpu = info.cpu;
  return Sha256Hex(absl::StrCat(
      cpu.vendor, "\n", cpu.model_name, "\n", cpu.family, ".", cpu.model, ".",
      cpu.stepping, "\n", cpu.microcode, "\n", cpu.sockets, "/", cpu.cores, "/",
      cpu.hardware_threads, "\n", absl::StrJoin(cpu.features, " "), "\n",
      info.kernel, "\n", info.hypervisor, "\n", info.container, "\n",
      info.memory_bytes, "/", info.numa_nodes, "\n", Settings(state)));
}

}  // namespace assay

#include "harness/measure/machine/machine_verdict.h"

#include <algorithm>
#include <cmath>

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

void JudgeChange(const MachineState& before, const MachineState& after,
                 const MachineLimits& limits, Judge& judge) {
  if (Settings(before) != Settings(after)) {
    judge.Add("STATE_CHANGED", Fitness::kInvalid,
              absl::StrCat("settings: before ", Settings(before), "; after ",
                           Settings(after)));
  }
  if (before.max_frequency_hz.has_value() &&
      after.max_frequency_hz.has_value()) {
    const double change =
        *after.max_frequency_hz / *before.max_frequency_hz - 1.0;
    if (std::abs(change) > limits.frequency_change_degraded) {
      judge.Add("FREQUENCY_CHANGED", Fitness::kDegraded,
                absl::StrFormat("fastest clock: %.0f MHz before, %.0f MHz "
                                "after",
                                *before.max_frequency_hz / 1e6,
                                *after.max_frequency_hz / 1e6));
    }
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
  JudgeChange(before, after, limits, judge);
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

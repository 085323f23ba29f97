#include "harness/measure/machine/machine_state.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/measure/machine/machine_info.h"

namespace assay {
namespace {

constexpr char kCpus[] = "/sys/devices/system/cpu";

// "cpu0", "cpu12"; not "cpufreq" or "cpuidle".
std::vector<std::string> CpuFolders(const SystemFiles& files) {
  std::vector<std::string> folders;
  for (const std::string& name : files.Names(kCpus)) {
    absl::string_view digits = name;
    uint32_t index;
    if (absl::ConsumePrefix(&digits, "cpu") &&
        absl::SimpleAtoi(digits, &index)) {
      folders.push_back(absl::StrCat(kCpus, "/", name));
    }
  }
  return folders;
}

absl::optional<bool> Switch(const SystemFiles& files, absl::string_view path,
                            bool inverted) {
  const auto value = files.Integer(path);
  if (!value.ok()) return absl::nullopt;
  return (*value != 0) != inverted;
}

// AMD and generic drivers have `boost`; Intel's own says `no_turbo`.
absl::optional<bool> ReadBoost(const SystemFiles& files) {
  const auto boost =
      Switch(files, absl::StrCat(kCpus, "/cpufreq/boost"), false);
  if (boost.has_value()) return boost;
  return Switch(files, absl::StrCat(kCpus, "/intel_pstate/no_turbo"), true);
}

void ReadFrequencies(const SystemFiles& files, MachineState* state) {
  std::set<std::string> governors;
  for (const std::string& cpu : CpuFolders(files)) {
    const auto governor = files.Text(cpu + "/cpufreq/scaling_governor");
    if (governor.ok()) governors.insert(*governor);
    const auto khz = files.Integer(cpu + "/cpufreq/scaling_cur_freq");
    if (!khz.ok()) continue;
    const double hz = static_cast<double>(*khz) * 1e3;
    state->min_frequency_hz =
        std::min(state->min_frequency_hz.value_or(hz), hz);
    state->max_frequency_hz =
        std::max(state->max_frequency_hz.value_or(hz), hz);
  }
  state->governors.assign(governors.begin(), governors.end());
}

bool IsCpuSensor(absl::string_view chip) {
  return chip == "coretemp" || chip == "k10temp" || chip == "zenpower" ||
         chip == "cpu_thermal";
}

absl::optional<double> Celsius(const SystemFiles& files,
                               absl::string_view path) {
  const auto milli = files.Integer(path);
  if (!milli.ok()) return absl::nullopt;
  return static_cast<double>(*milli) / 1e3;
}

void ReadTemperatures(const SystemFiles& files, MachineState* state) {
  const std::string hwmon = "/sys/class/hwmon";
  for (const std::string& chip : files.Names(hwmon)) {
    const std::string folder = absl::StrCat(hwmon, "/", chip);
    const auto name = files.Text(folder + "/name");
    if (!name.ok() || !IsCpuSensor(*name)) continue;
    for (const std::string& file : files.Names(folder)) {
      absl::string_view sensor = file;
      if (!absl::StartsWith(sensor, "temp") ||
          !absl::ConsumeSuffix(&sensor, "_input")) {
        continue;
      }
      const auto now = Celsius(files, absl::StrCat(folder, "/", file));
      if (!now.has_value() ||
          *now <= state->max_temperature_celsius.value_or(-300.0)) {
        continue;
      }
      state->max_temperature_celsius = now;
      state->critical_temperature_celsius =
          Celsius(files, absl::StrCat(folder, "/", sensor, "_crit"));
    }
  }
}

// "400000 100000" (version 2) is 4 CPUs; "max 100000" no limit.
absl::optional<double> ReadQuota(const SystemFiles& files) {
  const auto text = files.Text(ControlGroupFolder(files) + "/cpu.max");
  if (text.ok()) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(*text, ' ', absl::SkipEmpty());
    double quota = 0, period = 0;
    if (words.size() == 2 && absl::SimpleAtod(words[0], &quota) &&
        absl::SimpleAtod(words[1], &period) && period > 0) {
      return quota / period;
    }
    return absl::nullopt;
  }
  // Version 1; -1 is no limit.
  const auto quota = files.Integer("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const auto period = files.Integer("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (!quota.ok() || !period.ok() || *quota <= 0 || *period <= 0) {
    return absl::nullopt;
  }
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

absl::optional<int64_t> ReadRunnable(const SystemFiles& files) {
  const auto text = files.Text("/proc/stat");
  if (!text.ok()) return absl::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    int64_t count = 0;
    if (absl::ConsumePrefix(&line, "procs_running ") &&
        absl::SimpleAtoi(line, &count)) {
      return count;
    }
  }
  return absl::nullopt;
}

absl::optional<int64_t> MeminfoBytes(absl::string_view text,
                                     absl::string_view key) {
  const std::string field = FieldOf(text, key);
  int64_t kib = 0;
  if (!absl::SimpleAtoi(absl::StripSuffix(field, " kB"), &kib)) {
    return absl::nullopt;
  }
  return kib * 1024;
}

}  // namespace

MachineState ReadMachineState(const SystemFiles& files) {
  MachineState state;
  ReadFrequencies(files, &state);
  state.boost = ReadBoost(files);
  state.smt = Switch(files, absl::StrCat(kCpus, "/smt/active"), false);
  const auto load = files.Text("/proc/loadavg");
  double average = 0.0;
  if (load.ok() &&
      absl::SimpleAtod(load->substr(0, load->find(' ')), &average)) {
    state.load_average_1m = average;
  }
  ReadTemperatures(files, &state);
  state.affinity = ReadAffinity(files);
  state.quota_cpus = ReadQuota(files);
  state.runnable = ReadRunnable(files);
  const auto meminfo = files.Text("/proc/meminfo");
  if (meminfo.ok()) {
    state.available_memory_bytes = MeminfoBytes(*meminfo, "MemAvailable");
    const auto total = MeminfoBytes(*meminfo, "SwapTotal");
    const auto free = MeminfoBytes(*meminfo, "SwapFree");
    if (total.has_value() && free.has_value()) {
      state.swap_used_bytes = *total - *free;
    }
  }
  const auto pressure = files.Text("/proc/pressure/cpu");
  if (pressure.ok()) {
    state.pressure_cpu = pressure->substr(0, pressure->find('\n'));
  }
  return state;
}

}  // namespace assay

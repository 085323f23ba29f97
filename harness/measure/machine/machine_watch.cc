#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"

namespace assay {
namespace {

// Fields of /proc/PID/stat after the command's closing parenthesis, from 0.
constexpr size_t kParent = 1;
constexpr size_t kMajorFaults = 9;
constexpr size_t kUserTime = 11;
constexpr size_t kSystemTime = 12;
constexpr size_t kChildrenUserTime = 13;
constexpr size_t kChildrenSystemTime = 14;

struct ProcessTimes {
  std::string command;
  int64_t parent = 0, major_faults = 0;
  int64_t ticks = 0;           // of its own
  int64_t children_ticks = 0;  // of those it waited for
};

int64_t Number(absl::string_view text) {
  int64_t value = 0;
  return absl::SimpleAtoi(text, &value) ? value : 0;
}

// "42 (a name) S 1 ...": the name may hold blanks and parentheses.
absl::optional<ProcessTimes> ParseProcess(absl::string_view text) {
  const size_t open = text.find('('), close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open) {
    return absl::nullopt;
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text.substr(close + 1), ' ', absl::SkipEmpty());
  if (fields.size() <= kChildrenSystemTime) return absl::nullopt;
  ProcessTimes times;
  times.command = std::string(text.substr(open + 1, close - open - 1));
  times.parent = Number(fields[kParent]);
  times.major_faults = Number(fields[kMajorFaults]);
  times.ticks = Number(fields[kUserTime]) + Number(fields[kSystemTime]);
  times.children_ticks =
      Number(fields[kChildrenUserTime]) + Number(fields[kChildrenSystemTime]);
  return times;
}

// The first line of /proc/stat: user nice system idle iowait irq softirq steal.
struct CpuTicks {
  int64_t busy = 0, idle = 0, steal = 0;
  int64_t total() const { return busy + idle + steal; }
};

absl::optional<CpuTicks> ReadCpuTicks(const SystemFiles& files) {
  const auto text = files.Text("/proc/stat");
  if (!text.ok()) return absl::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(*text).substr(0, text->find('\n')), ' ',
                     absl::SkipEmpty());
  if (fields.size() < 9 || fields[0] != "cpu") return absl::nullopt;
  CpuTicks ticks;
  for (size_t i : {1, 2, 3, 6, 7}) ticks.busy += Number(fields[i]);
  for (size_t i : {4, 5}) ticks.idle += Number(fields[i]);
  ticks.steal = Number(fields[8]);
  return ticks;
}

absl::optional<int64_t> ThermalThrottles(const SystemFiles& files) {
  absl::optional<int64_t> events;
  const std::string cpus = "/sys/devices/system/cpu";
  for (const std::string& name : files.Names(cpus)) {
    for (const char* count :
         {"core_throttle_count", "package_throttle_count"}) {
      const auto value = files.Integer(
          absl::StrCat(cpus, "/", name, "/thermal_throttle/", count));
      if (value.ok()) events = events.value_or(0) + *value;
    }
  }
  return events;
}

absl::optional<int64_t> QuotaThrottles(const SystemFiles& files) {
  const auto text = files.Text(ControlGroupFolder(files) + "/cpu.stat");
  if (!text.ok()) return absl::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (absl::ConsumePrefix(&line, "nr_throttled ")) return Number(line);
  }
  return absl::nullopt;
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=100" in its first line.
absl::optional<int64_t> PressureMicroseconds(const SystemFiles& files) {
  const auto text = files.Text("/proc/pressure/cpu");
  if (!text.ok()) return absl::nullopt;
  absl::string_view line(*text);
  line = line.substr(0, line.find('\n'));
  const size_t total = line.find("total=");
  int64_t us = 0;
  if (!absl::StartsWith(line, "some ") || total == line.npos ||
      !absl::SimpleAtoi(line.substr(total + 6), &us)) {
    return absl::nullopt;
  }
  return us;
}

int64_t InvoluntarySwitches(const SystemFiles& files) {
  int64_t switches = 0;
  for (const std::string& task : files.Names("/proc/self/task")) {
    const auto text =
        files.Text(absl::StrCat("/proc/self/task/", task, "/status"));
    if (text.ok()) {
      switches += Number(FieldOf(*text, "nonvoluntary_ctxt_switches"));
    }
  }
  return switches;
}

std::map<int64_t, ProcessTimes> ReadProcesses(const SystemFiles& files) {
  std::map<int64_t, ProcessTimes> processes;
  for (const std::string& name : files.Names("/proc")) {
    int64_t id = 0;
    if (!absl::SimpleAtoi(name, &id)) continue;
    const auto text = files.Text(absl::StrCat("/proc/", name, "/stat"));
    if (!text.ok()) continue;  // gone meanwhile
    const auto times = ParseProcess(*text);
    if (times.has_value()) processes[id] = *times;
  }
  return processes;
}

double Share(int64_t part, int64_t whole) {
  if (whole <= 0) return 0.0;
  return std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0,
                    1.0);
}

absl::optional<int64_t> Difference(const absl::optional<int64_t>& before,
                                   const absl::optional<int64_t>& after) {
  if (!before.has_value() || !after.has_value()) return absl::nullopt;
  return *after - *before;
}

}  // namespace

struct MachineWatch::Counters {
  absl::optional<CpuTicks> cpu;
  absl::optional<ProcessTimes> self;
  std::map<int64_t, ProcessTimes> processes;
  absl::optional<int64_t> thermal, quota, pressure_us;
  int64_t switches = 0;
  int64_t own_id = 0;
};

MachineWatch::Counters MachineWatch::Read(const SystemFiles& files) {
  Counters counters;
  counters.cpu = ReadCpuTicks(files);
  const auto self = files.Text("/proc/self/stat");
  if (self.ok()) {
    counters.self = ParseProcess(*self);
    counters.own_id = Number(self->substr(0, self->find(' ')));
  }
  counters.processes = ReadProcesses(files);
  counters.thermal = ThermalThrottles(files);
  counters.quota = QuotaThrottles(files);
  counters.pressure_us = PressureMicroseconds(files);
  counters.switches = InvoluntarySwitches(files);
  return counters;
}

MachineWatch::MachineWatch(SystemFiles files, Clock& clock)
    : files_(std::move(files)),
      clock_(clock),
      start_ns_(clock.NowNs()),
      start_(std::make_shared<const Counters>(Read(files_))) {
  Look();
}

void MachineWatch::Sample() {
  if (clock_.NowNs() >= next_look_ns_) Look();
}

void MachineWatch::Look() {
  constexpr int64_t kPauseNs = 100'000'000;
  const MachineState state = ReadMachineState(files_);
  next_look_ns_ = clock_.NowNs() + kPauseNs;
  ++seen_.readings;
  if (const auto& hz = state.max_frequency_hz; hz.has_value()) {
    seen_.min_frequency_hz =
        std::min(seen_.min_frequency_hz.value_or(*hz), *hz);
    seen_.max_frequency_hz =
        std::max(seen_.max_frequency_hz.value_or(*hz), *hz);
  }
  if (const auto& heat = state.max_temperature_celsius; heat.has_value()) {
    seen_.max_temperature_celsius =
        std::max(seen_.max_temperature_celsius.value_or(*heat), *heat);
  }
}

MachineUse MachineWatch::Finish() {
  const Counters end = Read(files_);
  Look();
  MachineUse use = seen_;
  use.seconds = static_cast<double>(clock_.NowNs() - start_ns_) * 1e-9;
  use.throttle_events = Difference(start_->thermal, end.thermal);
  use.quota_throttles = Difference(start_->quota, end.quota);
  const auto waited_us = Difference(start_->pressure_us, end.pressure_us);
  if (waited_us.has_value() && use.seconds > 0.0) {
    use.pressure_fraction = std::clamp(
        static_cast<double>(*waited_us) * 1e-6 / use.seconds, 0.0, 1.0);
  }
  use.involuntary_switches = end.switches - start_->switches;

  // What this process, its finished children and its living ones used.
  int64_t own = 0;
  if (start_->self.has_value() && end.self.has_value()) {
    use.major_faults = end.self->major_faults - start_->self->major_faults;
    own = end.self->ticks + end.self->children_ticks - start_->self->ticks -
          start_->self->children_ticks;
  }
  const double per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const auto& [id, process] : end.processes) {
    const auto before = start_->processes.find(id);
    const int64_t ticks =
        process.ticks -
        (before == start_->processes.end() ? 0 : before->second.ticks);
    if (id == end.own_id || ticks <= 0) continue;
    if (process.parent == end.own_id) {
      own += ticks;
      continue;
    }
    use.busiest.push_back(
        {process.command, static_cast<double>(ticks) / per_second});
  }
  std::sort(use.busiest.begin(), use.busiest.end(),
            [](const auto& a, const auto& b) {
              return a.cpu_seconds > b.cpu_seconds;
            });
  if (use.busiest.size() > 5) use.busiest.resize(5);

  if (start_->cpu.has_value() && end.cpu.has_value()) {
    const int64_t total = end.cpu->total() - start_->cpu->total();
    const int64_t busy = end.cpu->busy - start_->cpu->busy;
    use.steal_fraction = Share(end.cpu->steal - start_->cpu->steal, total);
    use.own_fraction = Share(own, total);
    use.foreign_fraction = Share(busy - own, total);
  }
  return use;
}

}  // namespace assay

#include "harness/measure/machine/machine_info.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace assay {
namespace {

std::string TextOrEmpty(const SystemFiles& files, absl::string_view path) {
  auto text = files.Text(path);
  return text.ok() ? *std::move(text) : "";
}

uint32_t NumberOrZero(absl::string_view text) {
  uint32_t value = 0;
  return absl::SimpleAtoi(text, &value) ? value : 0;
}

std::vector<std::string> Words(absl::string_view text) {
  return absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

// /proc/cpuinfo is one paragraph per hardware thread.
void ReadCores(absl::string_view cpuinfo, CpuInfo* cpu) {
  std::set<std::string> sockets, cores;
  for (absl::string_view one : absl::StrSplit(cpuinfo, "\n\n")) {
    if (FieldOf(one, "processor").empty()) continue;
    ++cpu->hardware_threads;
    const std::string socket = FieldOf(one, "physical id");
    const std::string core = FieldOf(one, "core id");
    if (!socket.empty()) sockets.insert(socket);
    if (!core.empty()) cores.insert(absl::StrCat(socket, "/", core));
  }
  cpu->sockets = static_cast<uint32_t>(sockets.size());
  cpu->cores = static_cast<uint32_t>(cores.size());
}

void ReadCaches(const SystemFiles& files, CpuInfo* cpu) {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cache";
  for (const std::string& name : files.Names(folder)) {
    if (!absl::StartsWith(name, "index")) continue;
    const std::string one = absl::StrCat(folder, "/", name, "/");
    const std::string type = TextOrEmpty(files, one + "type");
    const char* suffix = type == "Data"          ? "d"
                         : type == "Instruction" ? "i"
                                                 : "";
    cpu->caches.emplace_back(
        absl::StrCat("L", TextOrEmpty(files, one + "level"), suffix),
        TextOrEmpty(files, one + "size"));
  }
}

CpuInfo ReadCpu(const SystemFiles& files) {
  CpuInfo cpu;
  const std::string text = TextOrEmpty(files, "/proc/cpuinfo");
  cpu.vendor = FieldOf(text, "vendor_id");
  cpu.model_name = FieldOf(text, "model name");
  cpu.microcode = FieldOf(text, "microcode");
  cpu.family = NumberOrZero(FieldOf(text, "cpu family"));
  cpu.model = NumberOrZero(FieldOf(text, "model"));
  cpu.stepping = NumberOrZero(FieldOf(text, "stepping"));
  cpu.features = Words(FieldOf(text, "flags"));
  if (cpu.features.empty()) cpu.features = Words(FieldOf(text, "Features"));
  std::sort(cpu.features.begin(), cpu.features.end());
  ReadCores(text, &cpu);
  ReadCaches(files, &cpu);
  return cpu;
}

std::string Distribution(const SystemFiles& files) {
  const std::string text = TextOrEmpty(files, "/etc/os-release");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "PRETTY_NAME=")) continue;
    absl::ConsumePrefix(&line, "\"");
    absl::ConsumeSuffix(&line, "\"");
    return std::string(line);
  }
  return "";
}

std::string Hypervisor(const SystemFiles& files, const CpuInfo& cpu) {
  if (!std::binary_search(cpu.features.begin(), cpu.features.end(),
                          "hypervisor")) {
    return "";
  }
  const std::string vendor = TextOrEmpty(files, "/sys/class/dmi/id/sys_vendor");
  const std::string product =
      TextOrEmpty(files, "/sys/class/dmi/id/product_name");
  const std::string name =
      absl::StrCat(vendor, vendor.empty() ? "" : " ", product);
  return name.empty() ? "unnamed" : name;
}

std::string ContainerLimits(const SystemFiles& files) {
  const std::string folder = ControlGroupFolder(files);
  std::vector<std::string> limits;
  for (const char* name : {"cpu.max", "cpuset.cpus", "memory.max"}) {
    const std::string text =
        TextOrEmpty(files, absl::StrCat(folder, "/", name));
    if (text.empty() || absl::StartsWith(text, "max")) continue;
    limits.push_back(absl::StrCat(name, "=", text));
  }
  return absl::StrJoin(limits, "; ");
}

uint32_t NumaNodes(const SystemFiles& files) {
  uint32_t nodes = 0;
  for (absl::string_view name : files.Names("/sys/devices/system/node")) {
    uint32_t index;
    nodes +=
        absl::ConsumePrefix(&name, "node") && absl::SimpleAtoi(name, &index)
            ? 1
            : 0;
  }
  return nodes;
}

}  // namespace

MachineInfo ReadMachineInfo(const SystemFiles& files) {
  MachineInfo info;
  info.cpu = ReadCpu(files);
  info.kernel = std::string(absl::StripAsciiWhitespace(
      absl::StrCat(TextOrEmpty(files, "/proc/sys/kernel/ostype"), " ",
                   TextOrEmpty(files, "/proc/sys/kernel/osrelease"))));
  info.distribution = Distribution(files);
  info.hypervisor = Hypervisor(files, info.cpu);
  info.container = ContainerLimits(files);
  const std::string total =
      FieldOf(TextOrEmpty(files, "/proc/meminfo"), "MemTotal");
  uint64_t kib = 0;
  if (absl::SimpleAtoi(absl::StripSuffix(total, " kB"), &kib)) {
    info.memory_bytes = kib * 1024;
  }
  info.numa_nodes = NumaNodes(files);
  return info;
}

std::vector<uint32_t> ReadAffinity(const SystemFiles& files) {
  std::vector<uint32_t> cpus;
  const std::string list =
      FieldOf(TextOrEmpty(files, "/proc/self/status"), "Cpus_allowed_list");
  for (absl::string_view range :
       absl::StrSplit(list, ',', absl::SkipWhitespace())) {
    const std::vector<absl::string_view> ends = absl::StrSplit(range, '-');
    uint32_t first = 0, last = 0;
    if (!absl::SimpleAtoi(ends.front(), &first) ||
        !absl::SimpleAtoi(ends.back(), &last) || last - first > 4096) {
      continue;
    }
    for (uint32_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::string ControlGroupFolder(const SystemFiles& files) {
  const std::string text = TextOrEmpty(files, "/proc/self/cgroup");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "0::")) continue;
    const std::string own =
        absl::StrCat("/sys/fs/cgroup", line == "/" ? "" : line);
    // Inside a container the path may be that of the host.
    return files.Exists(own) ? own : "/sys/fs/cgroup";
  }
  return "";
}

}  // namespace assay

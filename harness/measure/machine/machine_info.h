// What this machine is: the part of a report's provenance that the kernel
// knows.
#ifndef ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_INFO_H_
#define ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_INFO_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/system_files.h"

namespace assay {

// Text is empty and numbers are 0 where the kernel does not say.
struct CpuInfo {
  std::string vendor, model_name, microcode;
  uint32_t family = 0, model = 0, stepping = 0;
  uint32_t sockets = 0, cores = 0, hardware_threads = 0;
  std::vector<std::string> features;                        // sorted
  std::vector<std::pair<std::string, std::string>> caches;  // "L2", "1024K"
};

struct MachineInfo {
  CpuInfo cpu;
  std::string kernel;        // "Linux 6.1.0-18-amd64"
  std::string distribution;  // "Debian GNU/Linux 12 (bookworm)"
  std::string hypervisor;    // empty on bare metal
  std::string container;     // limits of the control group, empty if none
  uint64_t memory_bytes = 0;
  uint32_t numa_nodes = 0;
};

MachineInfo ReadMachineInfo(const SystemFiles& files);

// The CPUs this process may run on, from /proc/self/status.
std::vector<uint32_t> ReadAffinity(const SystemFiles& files);

// The folder of this process's control group (version 2), "" if there is none.
std::string ControlGroupFolder(const SystemFiles& files);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_INFO_H_

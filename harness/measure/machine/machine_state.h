// How this machine is set at an instant, and what ran on it between two.
#ifndef ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_STATE_H_
#define ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_STATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "harness/measure/clock.h"
#include "harness/measure/system_files.h"

namespace assay {

// Nothing where the kernel does not say, as in most virtual machines.
struct MachineState {
  std::vector<std::string> governors;  // the distinct ones; empty: unknown
  absl::optional<bool> boost;
  absl::optional<bool> smt;
  absl::optional<double> load_average_1m;
  absl::optional<double> min_frequency_hz, max_frequency_hz;
  absl::optional<double> max_temperature_celsius;
  // What the hottest sensor's maker calls critical.
  absl::optional<double> critical_temperature_celsius;
  std::vector<uint32_t> affinity;     // CPUs that this process may use
  absl::optional<double> quota_cpus;  // CPUs' worth of time; none: no limit
  absl::optional<int64_t> runnable;   // threads that run or want to
  absl::optional<int64_t> available_memory_bytes, swap_used_bytes;
  std::string pressure_cpu;  // first line of /proc/pressure/cpu
};

MachineState ReadMachineState(const SystemFiles& files);

// What ran between two instants. Fractions are of the time of all CPUs.
struct MachineUse {
  double seconds = 0.0;
  absl::optional<double> steal_fraction;
  absl::optional<double> own_fraction;      // this process and its children
  absl::optional<double> foreign_fraction;  // everything else that ran
  absl::optional<int64_t> throttle_events;  // thermal, of any core
  absl::optional<int64_t> quota_throttles;  // by the control group's CPU limit
  // Time in which some thread of the machine waited for a CPU.
  absl::optional<double> pressure_fraction;
  int64_t involuntary_switches = 0;
  int64_t major_faults = 0;
  // Of Sample, over all calls and both ends.
  int64_t readings = 0;
  absl::optional<double> min_frequency_hz, max_frequency_hz;  // of the fastest
  absl::optional<double> max_temperature_celsius;
  struct Process {
    std::string command;
    double cpu_seconds = 0.0;
  };
  std::vector<Process> busiest;  // foreign, at most five, the busiest first
};

// Reads counters when made and again at Finish. Cheap, but not for timed
// regions.
class MachineWatch {
 public:
  MachineWatch(SystemFiles files, Clock& clock);
  // Looks at clocks and temperatures, which have no counters; at most ten times
  // a second, however often it is called.
  void Sample();
  MachineUse Finish();

 private:
  struct Counters;
  static Counters Read(const SystemFiles& files);
  void Look();

  SystemFiles files_;
  Clock& clock_;
  int64_t start_ns_;
  std::shared_ptr<const Counters> start_;
  int64_t next_look_ns_ = 0;
  MachineUse seen_;  // by Look
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_STATE_H_

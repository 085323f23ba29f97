// Counters of joules. A meter reads; it never estimates.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_METER_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_METER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/measure/system_files.h"

namespace assay {

// What is known of an external instrument; empty and 0 where it does not say.
struct MeterCalibration {
  std::string instrument, certificate, date;  // date: YYYY-MM-DD
  double relative_uncertainty = 0.0;
};

// One counter of one source. Not thread-safe.
class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;

  // What it covers: "package-0", "package-0/dram", "gpu-0".
  virtual const std::string& scope() const = 0;
  // Joules since the meter was opened. Never falls: a counter that wraps is
  // carried on, provided that it is read at least once per range.
  virtual absl::StatusOr<double> Joules() = 0;
  // The smallest step.
  virtual double resolution_joules() const = 0;
  // After so many joules the counter starts again; 0 = never.
  virtual double range_joules() const = 0;
  virtual int64_t wraps() const = 0;
  // Null but for instruments outside the machine.
  virtual const MeterCalibration* calibration() const { return nullptr; }
};

// What became of looking for one kind of meter on this machine.
struct MeterSource {
  std::string meter;        // "rapl", equal to the folder
  std::string help;         // one line
  std::string unavailable;  // why there are no scopes; empty if there are
  // The meter that reads the same counters in another way; empty: none. The two
  // are compared, never added.
  std::string twin_of;
  bool covers_machine = false;  // all other meters' energy is in its own
  std::vector<std::unique_ptr<EnergyMeter>> scopes;
};

// Reads a counter of the kernel's perf subsystem.
using PerfReader = std::function<absl::StatusOr<uint64_t>()>;
// Opens the counter of that kind, event and CPU.
using PerfOpener = std::function<absl::StatusOr<PerfReader>(
    uint32_t type, uint64_t config, int cpu)>;

struct MeterEnvironment {
  SystemFiles files;
  std::string nvml_library = "libnvidia-ml.so.1";
  std::vector<std::string> external;  // "tcp:HOST:PORT", "serial:PATH:BAUD"
  // perf_event_open and read; tests give their own. Null: the kernel's.
  PerfOpener open_perf;
};

// Every meter of the registry, sorted by name. Opening touches the hardware but
// starts nothing.
std::vector<MeterSource> OpenMeters(const MeterEnvironment& environment = {});

// The counters of which each joule of the machine is in one at most: outermost
// scopes ("package-0", not "package-0/dram"), no twins of a source that has
// scopes, and where a source covers the machine, that one alone.
std::vector<EnergyMeter*> DisjointMeters(absl::Span<const MeterSource> sources);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_METER_H_

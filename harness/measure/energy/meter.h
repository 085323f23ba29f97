// Counters of joules. A meter reads; it never estimates.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_METER_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_METER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/measure/system_files.h"

namespace assay {

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
};

// What became of looking for one kind of meter on this machine.
struct MeterSource {
  std::string meter;        // "rapl", equal to the folder
  std::string help;         // one line
  std::string unavailable;  // why there are no scopes; empty if there are
  std::vector<std::unique_ptr<EnergyMeter>> scopes;
};

struct MeterEnvironment {
  SystemFiles files;
  std::string nvml_library = "libnvidia-ml.so.1";
};

// Every meter of the registry, sorted by name. Opening touches the hardware but
// starts nothing.
std::vector<MeterSource> OpenMeters(const MeterEnvironment& environment = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_METER_H_

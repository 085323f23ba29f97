// How often a counter of joules really moves on this machine.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_COUNTER_PERIOD_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_COUNTER_PERIOD_H_

#include "absl/status/statusor.h"
#include "harness/measure/clock.h"
#include "harness/measure/energy/meter.h"

namespace assay {

struct PeriodOptions {
  int ticks = 16;                // intervals to see
  double timeout_seconds = 5.0;  // in all
  double poll_seconds = 100e-6;  // also the error of the answer
};

// The median time between two changes of the counter. UNAVAILABLE where it does
// not move often enough.
absl::StatusOr<double> MeasureCounterPeriod(EnergyMeter& meter, Clock& clock,
                                            const PeriodOptions& options = {});

// Returns just after the counter moved, with its joules. UNAVAILABLE after
// `timeout_seconds`.
absl::StatusOr<double> WaitForTick(EnergyMeter& meter, Clock& clock,
                                   double timeout_seconds, double poll_seconds);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_COUNTER_PERIOD_H_

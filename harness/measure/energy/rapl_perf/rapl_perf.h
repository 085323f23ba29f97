// The same counters as rapl, as the kernel's perf subsystem shows them:
// readable without root where kernel.perf_event_paranoid or CAP_PERFMON allows
// it. Perf counts to 64 bits, so that nothing wraps.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_RAPL_PERF_RAPL_PERF_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_RAPL_PERF_RAPL_PERF_H_

#include "harness/measure/energy/meter.h"

namespace assay::meters::rapl_perf {

MeterSource Open(const MeterEnvironment& environment);

}  // namespace assay::meters::rapl_perf

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_RAPL_PERF_RAPL_PERF_H_

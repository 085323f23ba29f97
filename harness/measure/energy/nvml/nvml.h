// NVIDIA's management library: the energy counter of each GPU since the driver
// was loaded (Volta and later), in millijoules. The library comes with the
// driver and is looked for at run time, so that one build serves machines with
// and without it.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_NVML_NVML_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_NVML_NVML_H_

#include "harness/measure/energy/meter.h"

namespace assay::meters::nvml {

MeterSource Open(const MeterEnvironment& environment);

}  // namespace assay::meters::nvml

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_NVML_NVML_H_

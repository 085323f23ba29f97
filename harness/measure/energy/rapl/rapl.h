// Running average power limit: the energy counters of Intel's and AMD's CPUs,
// as the powercap driver shows them.
//
// Every package and its DRAM is a scope, and the platform where there is one;
// cores and uncore lie within their package. A second driver for the same
// counters (intel-rapl-mmio) is left alone. Counters wrap; the files give the
// range. Since Linux 5.10 only root may read them.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_RAPL_RAPL_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_RAPL_RAPL_H_

#include "harness/measure/energy/meter.h"

namespace assay::meters::rapl {

MeterSource Open(const MeterEnvironment& environment);

}  // namespace assay::meters::rapl

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_RAPL_RAPL_H_

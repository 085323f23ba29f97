// Meters outside the machine that speak the protocol of this folder's README.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_EXTERNAL_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_EXTERNAL_H_

#include "harness/measure/energy/meter.h"

namespace assay::meters::external {

// One scope for each address of the environment; several with one scope get
// their number: "wall", "wall-2".
MeterSource Open(const MeterEnvironment& environment);

}  // namespace assay::meters::external

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_EXTERNAL_H_

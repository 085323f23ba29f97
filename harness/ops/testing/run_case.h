// A backend against the reference, over the op cases.
#ifndef ASSAY_HARNESS_OPS_TESTING_RUN_CASE_H_
#define ASSAY_HARNESS_OPS_TESTING_RUN_CASE_H_

#include "absl/status/status.h"
#include "harness/backend/device.h"
#include "harness/ops/testing/op_case.h"

namespace assay {

// Runs case `index` of AllCases() with float type `dtype` on `device` and
// compares every result with the reference's (CompareTensors, with the case's
// terms). UNIMPLEMENTED when the device does not support the node; INTERNAL
// names the result and element that differ.
absl::Status RunCaseOn(Device* device, const OpCase& op_case, size_t index,
                       DType dtype);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_RUN_CASE_H_

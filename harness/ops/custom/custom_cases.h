// Rows of the custom ops; see harness/ops/testing/op_case.h.
#ifndef ASSAY_HARNESS_OPS_CUSTOM_CUSTOM_CASES_H_
#define ASSAY_HARNESS_OPS_CUSTOM_CUSTOM_CASES_H_

#include "harness/ops/testing/op_case.h"

namespace assay {

OpCases CustomCases();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_CUSTOM_CUSTOM_CASES_H_

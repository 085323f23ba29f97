// The cases of all families.
#ifndef ASSAY_HARNESS_OPS_TESTING_ALL_CASES_H_
#define ASSAY_HARNESS_OPS_TESTING_ALL_CASES_H_

#include "harness/ops/testing/op_case.h"

namespace assay {

// Built on first use.
const OpCases& AllCases();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_ALL_CASES_H_

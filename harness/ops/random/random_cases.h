// The rows of the generic op tests for this family.
#ifndef ASSAY_HARNESS_OPS_RANDOM_RANDOM_CASES_H_
#define ASSAY_HARNESS_OPS_RANDOM_RANDOM_CASES_H_

#include "harness/ops/testing/op_case.h"

namespace assay {

OpCases RandomCases();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_RANDOM_RANDOM_CASES_H_

// The rows of the generic op tests for this family.
#ifndef ASSAY_HARNESS_OPS_ATTENTION_ATTENTION_CASES_H_
#define ASSAY_HARNESS_OPS_ATTENTION_ATTENTION_CASES_H_

#include "harness/ops/testing/op_case.h"

namespace assay {

OpCases AttentionCases();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ATTENTION_ATTENTION_CASES_H_

// All ops of Assay. ops.inc is the list; each family's folder has the schemas.
#ifndef ASSAY_HARNESS_OPS_OPS_H_
#define ASSAY_HARNESS_OPS_OPS_H_

#include "harness/graph/op_schema.h"

namespace assay {

// Built on first use; lives as long as the program. Any thread.
const OpSet& StandardOps();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_OPS_H_

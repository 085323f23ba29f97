// Normalisations over the last axis of src [..,D]: layer norm and RMS norm.
//
// scale and shift are [D], f32 where src is bf16 and else of src's type.
// epsilon (real, default 1e-5) is added to the mean of squares. Sums are taken
// in double. All differentiate any number of times. Cost: a few operations per
// element; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_NORM_ROW_NORM_H_
#define ASSAY_HARNESS_OPS_NORM_ROW_NORM_H_

#include "harness/graph/op_schema.h"

namespace assay {

// src scale shift -> dst = x scale + shift, with
// x = (src - mean) / sqrt(variance + epsilon), the row's biased variance.
OpSchema LayerNormSchema();
// src diff_dst scale -> diff_src, diff_scale, diff_shift.
OpSchema LayerNormBackwardSchema();

// src scale -> dst = x scale, with x = src / sqrt(mean(src^2) + epsilon).
OpSchema RmsNormSchema();
// src diff_dst scale -> diff_src, diff_scale.
OpSchema RmsNormBackwardSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_NORM_ROW_NORM_H_

// Batch normalisation over axis 1 of src [N,C,..], rank 2 or more.
//
// scale, shift, mean, variance are [C], f32 where src is bf16 and else of src's
// type. epsilon (real, default 1e-5) is added to the variance. Sums are taken
// in double. All differentiate any number of times. Cost: a few operations per
// element; no multiply-accumulates are counted (inference folds the op away).
#ifndef ASSAY_HARNESS_OPS_NORM_BATCH_NORM_H_
#define ASSAY_HARNESS_OPS_NORM_BATCH_NORM_H_

#include "harness/graph/op_schema.h"

namespace assay {

// Inference form: src scale shift mean variance -> dst
//   dst = (src - mean) / sqrt(variance + epsilon) * scale + shift
OpSchema BatchNormSchema();

// src scale shift -> dst, batch_mean, batch_variance: normalises with the
// batch's own statistics over all axes but 1; the variance is the biased one.
OpSchema BatchNormTrainingSchema();

// The gradient through dst: src diff_dst scale batch_mean batch_variance ->
// diff_src, diff_scale, diff_shift. With r = 1 / sqrt(batch_variance + epsilon)
// and x = (src - batch_mean) r:
//   diff_shift = sum(diff_dst), diff_scale = sum(diff_dst x),
//   diff_src = scale r (diff_dst - mean(diff_dst) - x mean(diff_dst x))
OpSchema BatchNormBackwardSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_NORM_BATCH_NORM_H_

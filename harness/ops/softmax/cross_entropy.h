// Cross-entropy of integer labels.
#ifndef ASSAY_HARNESS_OPS_SOFTMAX_CROSS_ENTROPY_H_
#define ASSAY_HARNESS_OPS_SOFTMAX_CROSS_ENTROPY_H_

#include "harness/graph/op_schema.h"

namespace assay {

// logits [N,C] (a float) and labels s32 [N] to loss [N] (f32 for bf16 logits,
// else logits' type): -sum over c of t[c] * log_softmax(logits)[c], where
// t = (1 - label_smoothing) * one_hot(label) + label_smoothing / C. Rows whose
// label is ignore_index (default -1) have loss 0 and gradient 0. Another label
// outside [0, C) is OUT_OF_RANGE in the reference and undefined elsewhere.
//
//   label_smoothing  in [0, 1), default 0.
//   gradient         (softmax(logits) - t) * diff_loss; any number of times.
//   cost             one exponential per logit; no multiply-accumulates.
//
// Soft targets are composed: -sum(t * log_softmax(logits)).
OpSchema CrossEntropySchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SOFTMAX_CROSS_ENTROPY_H_

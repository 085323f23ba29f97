// Random numbers that depend on nothing but a key and a step.
#ifndef ASSAY_HARNESS_OPS_RANDOM_RANDOM_UNIFORM_H_
#define ASSAY_HARNESS_OPS_RANDOM_RANDOM_UNIFORM_H_

#include "harness/graph/op_schema.h"

namespace assay {

// step (s64 []); key (int), shape -> f32 of `shape`, uniform in [0, 1).
//
// Element e is word e % 4 of the Philox 4x32-10 block with counter
// {low(e / 4), high(e / 4), low(step), high(step)} and key {low(key),
// high(key)}, where low and high are 32-bit halves; its upper 24 bits are
// scaled by 2^-24. So every backend gives the same bits, in any order and with
// any number of threads. No gradient. Cost: one block per four elements.
OpSchema RandomUniformSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_RANDOM_RANDOM_UNIFORM_H_

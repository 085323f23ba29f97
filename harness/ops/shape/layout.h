// Ops that move elements about. Any type. Cost: one copy; no
// multiply-accumulates. All differentiate any number of times.
#ifndef ASSAY_HARNESS_OPS_SHAPE_LAYOUT_H_
#define ASSAY_HARNESS_OPS_SHAPE_LAYOUT_H_

#include <cstdint>
#include <limits>

#include "harness/graph/op_schema.h"

namespace assay {

// "To the end" in slice's `ends`.
constexpr int64_t kSliceEnd = std::numeric_limits<int64_t>::max();

// Axis i of dst is axis permutation[i] of src.
OpSchema TransposeSchema();

// Elements starts[i], starts[i] + steps[i], ... below ends[i] of each axis i.
// Negative starts and ends count from the end, kSliceEnd is the end, steps (all
// 1 when absent) are at least 1. Bounds outside the axis and empty results are
// refused. The gradient is a pad.
OpSchema SliceSchema();

// Puts before[i] and after[i] elements of `value` (real, default 0) around axis
// i, and between[i] (all 0 when absent) between neighbours.
OpSchema PadSchema();

// One or more operands, of equal shapes but along `axis`, one after another.
OpSchema ConcatSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SHAPE_LAYOUT_H_

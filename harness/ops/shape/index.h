// Ops that pick or place rows by integer indices. Cost: one copy; no
// multiply-accumulates.
#ifndef ASSAY_HARNESS_OPS_SHAPE_INDEX_H_
#define ASSAY_HARNESS_OPS_SHAPE_INDEX_H_

#include "harness/graph/op_schema.h"

namespace assay {

// table [.., V, ..] with V on `axis` (default 0), any type; indices s32 of any
// shape. dst replaces V by the indices' shape: an embedding is table [V,D] and
// indices [B,T] to [B,T,D]. An index outside [0, V) is OUT_OF_RANGE in the
// reference and undefined elsewhere. Differentiates any number of times in
// table (repeated indices add up).
OpSchema GatherSchema();

// dst [rows, rest..], zero but for dst[indices[i]] += updates[i]: indices s32
// of shape I, updates of shape I + rest, a float. Sums in the order of i, in
// double. An index outside [0, rows) as for gather. Differentiates any number
// of times in updates.
OpSchema ScatterAddSchema();

// indices s32 [..] to [.., depth] of `dtype` (text, default "f32"): 1 at the
// index, else 0; a row of zeros for an index outside [0, depth). No gradient.
OpSchema OneHotSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SHAPE_INDEX_H_

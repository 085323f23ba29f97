// Ops that pick or place single elements by positions along one axis, and the
// largest of rows with one index. Cost: one pass; no multiply-accumulates.
#ifndef ASSAY_HARNESS_OPS_SHAPE_ALONG_H_
#define ASSAY_HARNESS_OPS_SHAPE_ALONG_H_

#include "harness/graph/op_schema.h"

namespace assay {

// src, indices s32; axis (default -1): dst has the indices' shape, which is
// src's beside `axis`, and dst[.., i, ..] = src[.., indices[.., i, ..], ..]
// (NumPy's take_along_axis). Any type. An index outside [0, extent) is
// OUT_OF_RANGE in the reference and on the cpu backend. Differentiates any
// number of times in src.
OpSchema GatherAlongSchema();

// indices s32, updates of one shape; axis (default -1), extent -> dst with that
// extent on the axis, zero but for dst[.., indices[.., i, ..], ..] +=
// updates[.., i, ..]. Floats, summed in the order of i, in double. The adjoint
// of gather_along. Differentiates any number of times in updates.
OpSchema ScatterAddAlongSchema();

// indices s32 of shape I, updates of shape I + rest, a float; rows -> dst
// [rows, rest..], the maximum of the updates with each index, 0 where there is
// none, and `first` s32 of that shape, the row-major position in I of the first
// maximum, -1 where there is none. A NaN is a maximum. The gradient goes to the
// first maximum; it differentiates any number of times in updates.
OpSchema ScatterMaxSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SHAPE_ALONG_H_

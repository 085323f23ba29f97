// Ops that give a tensor another shape. Any type. Cost: one copy; no
// multiply-accumulates.
#ifndef ASSAY_HARNESS_OPS_SHAPE_RESHAPE_H_
#define ASSAY_HARNESS_OPS_SHAPE_RESHAPE_H_

#include "harness/graph/op_schema.h"

namespace assay {

// The same elements, row-major, as `shape`: there 0 copies src's extent at that
// position and -1 (once) takes what is left. Differentiates any number of
// times.
//
// Channels: where one axis is split, its first (outermost) part goes on, each
// of its indices coupled with a block of the source's, and the other parts are
// frozen: splitting D into (heads, D/heads) leaves heads to remove. Merging
// axes is the mirror image: [N,C,H,W] to [N,C*H*W] couples a channel with its
// block of H*W.
OpSchema ReshapeSchema();

// src repeated over added leading axes and over axes of extent 1 (NumPy's
// rule) to `shape`; there 0 copies src's extent, both aligned at the last axis.
// Differentiates any number of times.
OpSchema BroadcastToSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SHAPE_RESHAPE_H_

// Integers move instead of floats.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_HOIST_QUANTIZE_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_HOIST_QUANTIZE_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// x -> slice, pad -> quantize_linear -> dequantize_linear, where x is quantized
// for another reader too: the integers of x are sliced and padded instead (with
// its zero point), and dequantized on its grid. The values are rounded to the
// grid of x rather than to one of their own. Grids must be constants of one
// scale. Pads with another value than 0 stay.
absl::StatusOr<Graph> HoistQuantize(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_HOIST_QUANTIZE_H_

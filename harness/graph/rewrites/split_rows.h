// The same network for bands of its images' rows.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_SPLIT_ROWS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_SPLIT_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

struct RowBands {
  // Each has the inputs and parameters of the whole graph and one output, the
  // mean over its band of the last images.
  std::vector<Graph> bands;
  // Inputs: the means, in order; the parameters and outputs of the whole graph.
  Graph tail;
};

// A convolutional network up to its mean over all positions, in `count` bands
// of the last images' rows, and what comes behind the mean. A band computes
// again those rows of earlier images that its kernels see across its border, so
// that bands need nothing from one another: threads that take one each wait for
// one another once. Each node is in every band under its name.
//
// Values differ from the whole graph's by the rounding of the mean alone, which
// is taken of the bands' means.
//
// UNIMPLEMENTED names the first node that is not known to go by rows; other
// inputs than images; fewer rows than bands; updates. INVALID_ARGUMENT:
// `count` < 1.
absl::StatusOr<RowBands> SplitRows(const Graph& graph, int64_t count);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_SPLIT_ROWS_H_

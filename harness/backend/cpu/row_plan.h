// Whether one image is computed in bands of rows.
#ifndef ASSAY_HARNESS_BACKEND_CPU_ROW_PLAN_H_
#define ASSAY_HARNESS_BACKEND_CPU_ROW_PLAN_H_

#include <optional>

#include "harness/graph/graph.h"
#include "harness/graph/rewrites/split_rows.h"

namespace assay::cpu {

// A small network spends more of its time on threads that wait for one another
// at every step, and for what the other one wrote, than on its arithmetic. In
// bands of rows (graph/rewrites/split_rows.h) they meet once, and compute some
// rows twice.
//
// A band for each thread where that is estimated faster; nothing for a batch of
// several samples, one thread, or a graph that cannot be divided. Depends on
// shapes, types and threads alone.
std::optional<RowBands> PlanRows(const Graph& graph, int threads);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_ROW_PLAN_H_

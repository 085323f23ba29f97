#include "harness/backend/cpu/row_plan.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/graph/op_schema.h"

namespace assay::cpu {
namespace {

// Nanoseconds in which threads wake, wait for one another and fetch what the
// others wrote, and that an element of a result costs beside its products. As
// in strip_plan.cc, orders of magnitude are enough.
constexpr double kMeeting = 2000, kElement = 0.1;

// Multiply-accumulates that a core does in a nanosecond.
double MacsPerNanosecond(DType dtype) {
  if (dtype == DType::kBF16) return 100;
  return SizeOf(dtype) == 1 ? 200 : 50;
}

struct Work {
  double nanoseconds = 0;  // on one thread
  double steps = 0;
};

Work WorkOf(const Graph& graph) {
  Work work;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    const TensorType& result = graph.type(node.outputs[0]);
    const OpSchema* schema = graph.ops().Find(node.op);
    if (schema != nullptr && schema->macs != nullptr) {
      work.nanoseconds += static_cast<double>(schema->macs(graph, node)) /
                          MacsPerNanosecond(graph.type(node.inputs[0]).dtype);
    }
    work.nanoseconds +=
        kElement * static_cast<double>(ElementCount(result.shape));
    ++work.steps;
  }
  return work;
}

}  // namespace

std::optional<RowBands> PlanRows(const Graph& graph, int threads) {
  if (threads < 2 || graph.inputs().empty()) return std::nullopt;
  const Shape& image = graph.shape(graph.inputs()[0]);
  if (image.size() != 4 || image[0] != 1) return std::nullopt;
  const Work whole = WorkOf(graph);
  const double together = whole.nanoseconds / threads + whole.steps * kMeeting;
  // Where meetings are too little of the time to be worth the search.
  if (whole.steps * kMeeting < 0.1 * together) return std::nullopt;
  absl::StatusOr<RowBands> rows = SplitRows(graph, threads);
  if (!rows.ok()) return std::nullopt;
  double band = 0;
  for (const Graph& part : rows->bands) {
    band = std::max(band, WorkOf(part).nanoseconds);
  }
  const double apart = band + kMeeting + WorkOf(rows->tail).nanoseconds;
  if (apart >= together) return std::nullopt;
  return std::move(*rows);
}

}  // namespace assay::cpu

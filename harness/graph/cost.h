// What a graph costs by counting: multiply-accumulates, parameters, bytes.
#ifndef ASSAY_HARNESS_GRAPH_COST_H_
#define ASSAY_HARNESS_GRAPH_COST_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct NodeCost {
  NodeId node = kNoNode;
  int64_t macs = 0;
  // MACs with zeros removed: macs times the fraction of non-zero weights,
  // which for convolutions and linear layers is alive weights times output
  // positions. Equal to macs for nodes without weights. Theoretical: what a
  // dense kernel does not gain.
  int64_t alive_macs = 0;
};

struct Cost {
  // Of one run at the graph's shapes, batch included (Rebatch to 1 for one
  // query), by the ops' schemas.
  int64_t macs = 0;
  int64_t alive_macs = 0;
  // Elements of parameters and of constants with more than one element;
  // running statistics do not count. 4-bit elements (packed.h) count one by
  // one, and all as not zero.
  int64_t parameters = 0;
  int64_t nonzeros = 0;  // of these
  // Of all parameters and constants, statistics included.
  int64_t bytes = 0;
  std::vector<NodeCost> nodes;  // those with MACs, in order
};

// Without values: zeros are seen in constants alone.
Cost CostOf(const Graph& graph);

// With values. Weights that the graph derives from parameters (masks,
// dequantization) are computed by the ops' references. NOT_FOUND and
// INVALID_ARGUMENT name a parameter that is absent or of another type.
absl::StatusOr<Cost> CostOf(const Graph& graph,
                            const ParameterStore& parameters);

// Multiply-accumulates of one node; 0 for ops that count none.
int64_t MacsOf(const Graph& graph, NodeId node);

// Elements that are not zero; -0.0 is zero, NaN is not.
int64_t CountNonzeros(const Tensor& tensor);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_COST_H_

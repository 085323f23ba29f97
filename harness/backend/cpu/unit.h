// Which nodes become one kernel.
#ifndef ASSAY_HARNESS_BACKEND_CPU_UNIT_H_
#define ASSAY_HARNESS_BACKEND_CPU_UNIT_H_

#include <vector>

#include "harness/backend/cpu/kernel_entry.h"
#include "harness/graph/graph.h"

namespace assay::cpu {

// Nodes that one kernel computes, in graph order. `anchor` gives the kernel
// its factory.
struct Unit {
  NodeId anchor = kNoNode;
  std::vector<NodeId> nodes;
};

// Groups nodes and orders the groups so that each comes after what it reads:
//  - element by element nodes of one shape join the only reader of their
//    result;
//  - add and relu join the batch normalisation in front of them, and
//    relu_backward the batch_norm_backward behind it;
//  - quantize_linear and casts to bf16 join the kernel in front of them where
//    that can store its result so (rounding.h).
std::vector<Unit> PlanUnits(const Graph& graph, KernelFinder find);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_UNIT_H_

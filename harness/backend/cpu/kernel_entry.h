// A row of kernels.inc.
#ifndef ASSAY_HARNESS_BACKEND_CPU_KERNEL_ENTRY_H_
#define ASSAY_HARNESS_BACKEND_CPU_KERNEL_ENTRY_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"

namespace assay::cpu {

class ProgramBuilder;

struct KernelEntry {
  const char* op;
  // Adds the steps of builder.unit(), whose anchor is a node of this op.
  absl::Status (*make)(ProgramBuilder& builder);
  // OK, or UNIMPLEMENTED naming the operand types that are missing.
  absl::Status (*supports)(const Graph& graph, const Node& node);
  // Computes each element from the elements of its operands there, so that
  // chains of such nodes become one kernel.
  bool elementwise;
};

// Null when there is none.
using KernelFinder = const KernelEntry* (*)(absl::string_view op);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_KERNEL_ENTRY_H_

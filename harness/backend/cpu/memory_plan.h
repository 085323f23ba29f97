// Static memory planning: offsets in one arena for blocks whose lifetimes are
// known.
#ifndef ASSAY_HARNESS_BACKEND_CPU_MEMORY_PLAN_H_
#define ASSAY_HARNESS_BACKEND_CPU_MEMORY_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace assay::cpu {

// A block is alive from step `first` to step `last`, both included.
struct PlannedBlock {
  int64_t bytes = 0;
  int first = 0, last = 0;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  // of each block, multiples of 64
  int64_t bytes = 0;             // of the arena
};

// Larger blocks first, each at the tightest gap that no living block overlaps.
// Deterministic. O(n^2).
MemoryPlan PlanMemory(absl::Span<const PlannedBlock> blocks);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_MEMORY_PLAN_H_

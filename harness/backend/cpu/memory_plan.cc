#include "harness/backend/cpu/memory_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace assay::cpu {
namespace {

constexpr int64_t kAlignment = 64;

int64_t RoundUp(int64_t bytes) {
  return (std::max<int64_t>(bytes, 1) + kAlignment - 1) / kAlignment *
         kAlignment;
}

struct Placed {
  int64_t offset, end;
  int first, last;
};

// The start of the tightest gap of at least `bytes` among `placed` (ordered by
// offset) during [first, last]; the end of the arena's used part otherwise.
int64_t FindGap(const std::vector<Placed>& placed, int64_t bytes, int first,
                int last) {
  int64_t best = -1, best_size = std::numeric_limits<int64_t>::max();
  int64_t free_from = 0;
  for (const Placed& p : placed) {
    if (p.last < first || p.first > last) continue;
    const int64_t gap = p.offset - free_from;
    if (gap >= bytes && gap < best_size) {
      best = free_from;
      best_size = gap;
    }
    free_from = std::max(free_from, p.end);
  }
  return best >= 0 ? best : free_from;
}

}  // namespace

MemoryPlan PlanMemory(absl::Span<const PlannedBlock> blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return blocks[a].bytes > blocks[b].bytes;
  });
  MemoryPlan plan;
  plan.offsets.resize(blocks.size());
  std::vector<Placed> placed;
  for (const size_t i : order) {
    const PlannedBlock& block = blocks[i];
    const int64_t bytes = RoundUp(block.bytes);
    const int64_t offset = FindGap(placed, bytes, block.first, block.last);
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
    const Placed p = {offset, offset + bytes, block.first, block.last};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), p,
                                   [](const Placed& a, const Placed& b) {
                                     return a.offset < b.offset;
                                   }),
                  p);
  }
  return plan;
}

}  // namespace assay::cpu

#include "harness/backend/cpu/memory_plan.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay::cpu {
namespace {

TEST(MemoryPlanTest, BlocksThatNeverMeetShareMemory) {
  const MemoryPlan plan = PlanMemory({{100, 0, 1}, {100, 2, 3}, {100, 4, 5}});
  EXPECT_EQ(plan.bytes, 128);
}

TEST(MemoryPlanTest, ABlockIsAliveInBothItsEndSteps) {
  const MemoryPlan plan = PlanMemory({{64, 0, 1}, {64, 1, 2}});
  EXPECT_EQ(plan.bytes, 128);
  EXPECT_NE(plan.offsets[0], plan.offsets[1]);
}

TEST(MemoryPlanTest, TakesTheTightestGap) {
  // Two gaps during step 2: of 256 bytes and of 64.
  const MemoryPlan plan = PlanMemory(
      {{512, 0, 3}, {256, 0, 1}, {192, 0, 3}, {128, 0, 3}, {64, 2, 3}});
  EXPECT_EQ(plan.bytes, 512 + 256 + 192 + 128);
}

TEST(MemoryPlanTest, LivingBlocksNeverOverlap) {
  RandomStream random(1, "blocks");
  std::vector<PlannedBlock> blocks;
  for (int i = 0; i < 200; ++i) {
    const int first = static_cast<int>(random.Below(100));
    blocks.push_back({static_cast<int64_t>(random.Below(5000)), first,
                      first + static_cast<int>(random.Below(20))});
  }
  const MemoryPlan plan = PlanMemory(blocks);
  for (size_t a = 0; a < blocks.size(); ++a) {
    EXPECT_EQ(plan.offsets[a] % 64, 0);
    EXPECT_LE(plan.offsets[a] + blocks[a].bytes, plan.bytes);
    for (size_t b = 0; b < a; ++b) {
      if (blocks[a].first > blocks[b].last || blocks[b].first > blocks[a].last)
        continue;
      EXPECT_TRUE(plan.offsets[a] + blocks[a].bytes <= plan.offsets[b] ||
                  plan.offsets[b] + blocks[b].bytes <= plan.offsets[a])
          << a << " and " << b;
    }
  }
}

}  // namespace
}  // namespace assay::cpu

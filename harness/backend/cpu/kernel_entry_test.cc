#include "harness/backend/cpu/kernel_entry.h"

#include <string>

#include "gtest/gtest.h"
#include "harness/backend/cpu/kernel_registry.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/ops.h"

namespace assay::cpu {
namespace {

TEST(KernelEntryTest, EveryOpHasOne) {
  for (const std::string& op : StandardOps().Names()) {
    const KernelEntry* entry = FindKernel(op);
    ASSERT_NE(entry, nullptr) << op;
    EXPECT_EQ(entry->op, op);
    EXPECT_NE(entry->make, nullptr) << op;
    EXPECT_NE(entry->supports, nullptr) << op;
  }
}

TEST(KernelEntryTest, UnknownOpsHaveNone) {
  EXPECT_EQ(FindKernel("no_such_op"), nullptr);
}

}  // namespace
}  // namespace assay::cpu

// Under OMP_THREAD_LIMIT=1, which the BUILD file sets.
#include <memory>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(ThreadLimitTest, MoreThreadsThanAllowedAreRefusedAndNoneIsAssumed) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  b.Output("y", b.Op("relu", {b.Input("x", DType::kF32, {4})}));
  ASSERT_OK(b.status());
  const std::unique_ptr<Device> device = MakeCpuDevice();
  EXPECT_THAT(device->Compile(graph, {.threads = 2}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("OMP_THREAD_LIMIT allows 1")));
  EXPECT_OK(device->Compile(graph, {.threads = 1}).status());
  EXPECT_OK(device->Compile(graph, {}).status());
}

}  // namespace
}  // namespace assay

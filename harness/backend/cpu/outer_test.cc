// Products of rows together with the sum of their left side against the
// reference.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

Tensor Normal(int64_t rows, int64_t columns, const char* name) {
  Tensor tensor(DType::kF32, {rows, columns});
  RandomStream(7, name).FillNormal(tensor.span<float>(), 0, 1);
  return tensor;
}

void ExpectNear(const Tensor& want, const Tensor& got, float tolerance) {
  ASSERT_EQ(want.shape(), got.shape());
  for (int64_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(want.data<float>()[i], got.data<float>()[i], tolerance) << i;
  }
}

void Check(int64_t rows, int64_t height, int64_t width) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId left = b.Input("left", DType::kF32, {rows, height});
  const ValueId right = b.Input("right", DType::kF32, {rows, width});
  b.Output("sum", b.ReduceSum(left, {0}, false));
  b.Output("product",
           b.Op("matmul", {left, right}, {{"transpose_a", int64_t{1}}}));
  ASSERT_TRUE(b.ok()) << b.status();
  const Tensor l = Normal(rows, height, "left");
  const Tensor r = Normal(rows, width, "right");
  auto run = Evaluate(graph, {{"left", l}, {"right", r}}, ParameterStore());
  ASSERT_TRUE(run.ok()) << run.status();
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (const int threads : {1, 3}) {
    SCOPED_TRACE(testing::Message() << rows << " rows, " << height << "x"
                                    << width << ", " << threads << " threads");
    auto session =
        Session::Make(device.get(), graph, nullptr, {.threads = threads});
    ASSERT_TRUE(session.ok()) << session.status();
    ASSERT_TRUE((*session)->Feed("left", l).ok());
    ASSERT_TRUE((*session)->Feed("right", r).ok());
    ASSERT_TRUE((*session)->Run().ok());
    for (const char* name : {"sum", "product"}) {
      ExpectNear(run->outputs.at(name), *(*session)->Fetch(name),
                 1e-5f * std::sqrt(static_cast<float>(rows)));
    }
  }
}

TEST(OuterTest, MatchesReference) {
  for (const int64_t rows : {512, 515, 640}) {
    for (const int64_t height : {16, 24, 72, 136}) {
      for (const int64_t width : {16, 48, 64}) {
        if (width <= height) Check(rows, height, width);
      }
    }
  }
}

}  // namespace
}  // namespace assay

#include "harness/backend/program_cache.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/session.h"
#include "harness/backend/testing/devices.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kPlenty = int64_t{1} << 40;

Tensor Row(std::vector<float> values) {
  const Shape shape = {1, static_cast<int64_t>(values.size())};
  return Tensor::From<float>(shape, values);
}

// y = tanh(linear(x, w)) of that many features, twice.
Graph Network(int64_t features, const std::string& name) {
  Graph graph(StandardOps());
  graph.set_name(name);
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1, 2});
  const ValueId w = b.Parameter("w", DType::kF32, {features, 2});
  const ValueId y = b.Op("linear", {x, w}, {}, name);
  b.Output("y", b.Op("tanh", {b.Op("tanh", {y})}));
  EXPECT_OK(b.status());
  return graph;
}

class ProgramCacheTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Device> device_ = MakeTestDevice(GetParam());
};

TEST_P(ProgramCacheTest, OneStructureIsCompiledOnce) {
  ProgramCache cache(device_.get(), kPlenty);
  ASSERT_OK_AND_ASSIGN(const auto first, cache.Get(Network(2, "a")));
  ASSERT_OK_AND_ASSIGN(const auto second, cache.Get(Network(2, "b")));
  ASSERT_OK_AND_ASSIGN(const auto other, cache.Get(Network(3, "a")));
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
  EXPECT_EQ(cache.hits(), 1);
  EXPECT_EQ(cache.misses(), 2);
}

TEST_P(ProgramCacheTest, SessionsOfOneProgramKeepTheirOperands) {
  ProgramCache cache(device_.get(), kPlenty);
  DeviceParameters ones(device_.get()), twos(device_.get());
  ASSERT_OK(ones.Set("w", Tensor::From<float>({2, 2}, {1, 0, 0, 1})));
  ASSERT_OK(twos.Set("w", Tensor::From<float>({2, 2}, {0, 2, 2, 0})));
  ASSERT_OK_AND_ASSIGN(const auto a,
                       Session::Make(&cache, Network(2, "a"), &ones));
  ASSERT_OK_AND_ASSIGN(const auto b,
                       Session::Make(&cache, Network(2, "b"), &twos));
  ASSERT_OK(a->Feed("x", Row({0.25f, -1})));
  ASSERT_OK(b->Feed("x", Row({-0.5f, 0.125f})));
  ASSERT_OK(a->Run());
  ASSERT_OK(b->Run());
  ASSERT_OK_AND_ASSIGN(const Tensor ya, a->Fetch("y"));
  ASSERT_OK_AND_ASSIGN(const Tensor yb, b->Fetch("y"));
  // b reads 2 * [x1, x0] = [0.25, -1]: what a reads.
  EXPECT_EQ(ya.data<float>()[0], yb.data<float>()[0]);
  EXPECT_EQ(ya.data<float>()[1], yb.data<float>()[1]);
  EXPECT_EQ(cache.misses(), 1);
}

TEST_P(ProgramCacheTest, ForgetsTheOldestButKeepsTheLast) {
  ProgramCache cache(device_.get(), -1);
  for (const int64_t features : {2, 3, 2}) {
    ASSERT_OK(cache.Get(Network(features, "a")).status());
  }
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.misses(), 3);
}

INSTANTIATE_TEST_SUITE_P(Devices, ProgramCacheTest,
                         testing::ValuesIn(TestDeviceNames()));

}  // namespace
}  // namespace assay

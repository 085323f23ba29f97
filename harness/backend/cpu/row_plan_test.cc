#include "harness/backend/cpu/row_plan.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/benchmark_plans.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/graph.h"
#include "harness/testing/status_matchers.h"

namespace assay::cpu {
namespace {

using testing::HasSubstr;

Graph Lowered(const char* network, int64_t batch,
              PlanType type = PlanType::kF32) {
  auto plan = MakeBenchmarkPlan(network, batch, type);
  EXPECT_OK(plan.status());
  return plan->graph;
}

absl::StatusOr<std::unique_ptr<Session>> Make(Device* device,
                                              const Graph& plan) {
  auto session = Session::Make(device, plan, nullptr, {.threads = 2});
  if (!session.ok()) return session.status();
  const Value& input = plan.value(plan.inputs()[0]);
  Tensor image(input.type.dtype, input.type.shape);
  RandomStream(1, "image").FillNormal(image.span<float>(), 0, 1);
  if (absl::Status s = (*session)->Feed(input.name, image); !s.ok()) return s;
  return session;
}

TEST(RowPlanTest, SmallNetworksOnOneImageAlone) {
  EXPECT_TRUE(PlanRows(Lowered("dscnn", 1), 2).has_value());
  EXPECT_FALSE(PlanRows(Lowered("dscnn", 1), 1).has_value());
  EXPECT_FALSE(PlanRows(Lowered("dscnn", 2), 2).has_value());
  // Its last stage has fewer rows than its kernels see.
  EXPECT_FALSE(PlanRows(Lowered("resnet20", 1), 2).has_value());
  EXPECT_FALSE(PlanRows(Lowered("lenet300", 1), 2).has_value());
}

TEST(RowPlanTest, BandsGiveTheWholeAndTheSameBitsAgain) {
  for (const auto& [precision, tolerance] :
       {std::pair(PlanType::kF32, 1e-5), std::pair(PlanType::kBf16, 0.02)}) {
    if (precision == PlanType::kBf16 && !HasNativeBf16()) continue;
    if (precision == PlanType::kInt8 && !HasNativeInt8()) continue;
    const Graph plan = Lowered("dscnn", 1, precision);
    const auto device = MakeCpuDevice();
    const auto undivided = MakeCpuDevice(CpuOptions{.row_bands = false});
    ASSERT_OK_AND_ASSIGN(const auto bands, Make(device.get(), plan));
    ASSERT_OK_AND_ASSIGN(const auto whole, Make(undivided.get(), plan));
    ASSERT_OK(whole->Run());
    ASSERT_OK_AND_ASSIGN(const Tensor want, whole->Fetch("logits"));
    ASSERT_OK(bands->Run());
    ASSERT_OK_AND_ASSIGN(const Tensor got, bands->Fetch("logits"));
    double largest = 0;
    for (const float w : want.span<float>()) {
      largest = std::max(largest, std::abs(static_cast<double>(w)));
    }
    for (int64_t i = 0; i < want.size(); ++i) {
      EXPECT_NEAR(got.data<float>()[i], want.data<float>()[i],
                  tolerance * largest);
    }
    ASSERT_OK(bands->Run());
    ASSERT_OK_AND_ASSIGN(const Tensor again, bands->Fetch("logits"));
    EXPECT_TRUE(BitEqual(got, again));
  }
}

// Nodes that a program's steps compute, in order.
std::vector<NodeId> NodesOf(const Program& program) {
  std::vector<NodeId> nodes;
  for (const ProgramStep& step : program.steps()) {
    nodes.insert(nodes.end(), step.nodes.begin(), step.nodes.end());
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

TEST(RowPlanTest, StepsComputeTheNodesOfTheWholeAndHaveTimes) {
  const Graph plan = Lowered("dscnn", 1);
  const auto device = MakeCpuDevice();
  const auto undivided = MakeCpuDevice(CpuOptions{.row_bands = false});
  ASSERT_OK_AND_ASSIGN(const auto session, Make(device.get(), plan));
  ASSERT_OK_AND_ASSIGN(const auto whole, Make(undivided.get(), plan));
  EXPECT_EQ(NodesOf(session->program()), NodesOf(whole->program()));
  const auto steps = session->program().steps();
  EXPECT_GT(steps.size(), whole->program().steps().size());
  for (const ProgramStep& step : steps) EXPECT_GT(step.bytes, 0) << step.name;
  std::vector<int64_t> times(steps.size());
  ASSERT_OK(session->RunTimed(absl::MakeSpan(times)));
  for (const int64_t time : times) EXPECT_GT(time, 0);
  times.pop_back();
  EXPECT_THAT(session->RunTimed(absl::MakeSpan(times)).message(),
              HasSubstr("expected times of"));
}

TEST(RowPlanTest, WholeImagesAreRefusedWhereTheyAreTheRule) {
  const auto device = MakeCpuDevice(CpuOptions{.row_bands = false});
  EXPECT_THAT(Make(device.get(), Lowered("resnet20", 1)).status().message(),
              HasSubstr("whole images in the place of bands of rows"));
}

}  // namespace
}  // namespace assay::cpu

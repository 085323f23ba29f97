#include "harness/profile/profile.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/graph/builder.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/profile/roofline.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

Graph LoweredLeNet() {
  const auto net = BuildReferenceGraph("lenet5", StandardOps(), {});
  EXPECT_TRUE(net.ok()) << net.status();
  const auto parameters = Initialise(net->graph, net->initialisers, 1);
  EXPECT_TRUE(parameters.ok()) << parameters.status();
  auto lowered = LowerForInference(net->graph, *parameters);
  EXPECT_TRUE(lowered.ok()) << lowered.status();
  return std::move(lowered->graph);
}

ProfileOptions FewRuns() {
  ProfileOptions options;
  options.runs = 5;
  options.threads = 1;
  return options;
}

TEST(ProfileTest, AllWorkOfTheGraphIsInOneStepOrAnother) {
  const auto device = MakeCpuDevice();
  const Graph graph = LoweredLeNet();
  const auto profile = ProfileGraph(device.get(), graph, FewRuns());
  ASSERT_TRUE(profile.ok()) << profile.status();
  int64_t macs = 0;
  double seconds = 0;
  for (const StepProfile& step : profile->steps) {
    macs += step.macs;
    seconds += step.seconds;
    EXPECT_FALSE(step.kind.empty());
    EXPECT_GT(step.bytes, 0) << step.kind;
    EXPECT_LE(step.low, step.seconds) << step.kind;
    EXPECT_LE(step.seconds, step.high) << step.kind;
  }
  EXPECT_EQ(macs, CostOf(graph).macs);
  EXPECT_GT(seconds, 0);
  EXPECT_GT(profile->timed_seconds, 0);
  EXPECT_GT(profile->plain_seconds, 0);
}

TEST(ProfileTest, TraceHasEveryStepInTurn) {
  Profile profile;
  profile.steps.resize(2);
  profile.steps[0].kind = "conv2d";
  profile.steps[0].name = "a \"b\"";
  profile.steps[0].last_ns = 1500;
  profile.steps[1].kind = "reorder";
  profile.steps[1].last_ns = 250;
  const std::string trace = ChromeTrace(profile);
  EXPECT_THAT(trace, HasSubstr(R"("name":"conv2d a \"b\"")"));
  EXPECT_THAT(trace, HasSubstr(R"("ts":0.000,"dur":1.500)"));
  EXPECT_THAT(trace, HasSubstr(R"("ts":1.500,"dur":0.250)"));
}

TEST(ProfileTest, ABackendThatCannotSaysSo) {
  const auto device = MakeReferenceDevice();
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  b.Output("y", b.Op("relu", {b.Input("x", DType::kF32, {4})}));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(ProfileGraph(device.get(), graph, FewRuns()).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(RooflineTest, TheLongerOfComputingAndMoving) {
  Roofline roofline;
  roofline.macs_per_second = {{DType::kF32, 100}, {DType::kU8, 400}};
  roofline.bandwidths = {{10, 50}, {100, 20}};
  EXPECT_DOUBLE_EQ(roofline.LeastSeconds(200, DType::kF32, 5), 2);
  EXPECT_DOUBLE_EQ(roofline.LeastSeconds(200, DType::kS8, 5), 0.5);
  EXPECT_DOUBLE_EQ(roofline.LeastSeconds(0, DType::kF32, 5), 0.1);
  EXPECT_DOUBLE_EQ(roofline.LeastSeconds(0, DType::kF32, 20), 1);
  EXPECT_DOUBLE_EQ(roofline.LeastSeconds(0, DType::kF32, 2000), 100);
  EXPECT_EQ(roofline.LeastSeconds(1, DType::kBF16, 5), 0);
}

}  // namespace
}  // namespace assay

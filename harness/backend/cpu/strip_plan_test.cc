#include "harness/backend/cpu/strip_plan.h"

#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"
#include "harness/ops/ops.h"

namespace assay::cpu {
namespace {

constexpr CacheSizes kCaches = {1 << 20, 16 << 20};

// Three convolutions of `channels` on 32x32, 4 bytes an element.
Graph Convolutions(int64_t batch, int64_t channels) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  ValueId v = b.Input("image", DType::kF32, {batch, channels, 32, 32});
  const ValueId weights =
      b.Constant(Tensor::Zeros(DType::kF32, {channels, channels, 1, 1}));
  for (int i = 0; i < 3; ++i) v = b.Op("conv2d", {v, weights});
  b.Output("dst", v);
  EXPECT_TRUE(b.status().ok()) << b.status();
  return graph;
}

TEST(StripPlanTest, StripsFitTheCacheAndShareTheBatchOut) {
  // 256 KiB in and out: two samples of three steps fit.
  for (const int threads : {1, 2}) {
    const auto plan = PlanStrips(Convolutions(32, 64), threads, kCaches);
    ASSERT_TRUE(plan.has_value());
    EXPECT_LE(plan->samples * threads * 2 * 256 * 1024, kCaches.shared / 2);
    EXPECT_EQ(plan->samples * plan->count, 32);
    EXPECT_EQ(plan->count % threads, 0);
    EXPECT_EQ(plan->graph.shape(plan->graph.inputs()[0]),
              (Shape{plan->samples, 64, 32, 32}));
  }
}

TEST(StripPlanTest, WhatFitsTheCacheStaysWhole) {
  EXPECT_FALSE(PlanStrips(Convolutions(4, 1), 1, kCaches).has_value());
}

TEST(StripPlanTest, OddBatchesStayWholeOnTwoThreads) {
  EXPECT_TRUE(PlanStrips(Convolutions(33, 64), 1, kCaches).has_value());
  EXPECT_FALSE(PlanStrips(Convolutions(33, 64), 2, kCaches).has_value());
}

TEST(StripPlanTest, UnknownCachesAndSingleSamplesStayWhole) {
  EXPECT_FALSE(PlanStrips(Convolutions(32, 64), 1, {}).has_value());
  EXPECT_FALSE(PlanStrips(Convolutions(1, 64), 1, kCaches).has_value());
}

TEST(StripPlanTest, MixedSamplesStayWhole) {
  Graph graph = Convolutions(32, 64);
  GraphBuilder b(&graph);
  b.Output("mean", b.Op("reduce_mean", {graph.FindOutput("dst")}));
  ASSERT_TRUE(b.status().ok()) << b.status();
  EXPECT_FALSE(PlanStrips(graph, 1, kCaches).has_value());
  EXPECT_FALSE(MakeStrips(graph, 1, 4).has_value());
}

TEST(StripPlanTest, StripsOfAGivenSize) {
  EXPECT_EQ(MakeStrips(Convolutions(12, 1), 2, 3)->count, 4);
  EXPECT_FALSE(MakeStrips(Convolutions(12, 1), 2, 4).has_value());
  EXPECT_FALSE(MakeStrips(Convolutions(12, 1), 1, 12).has_value());
}

}  // namespace
}  // namespace assay::cpu

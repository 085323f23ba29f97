// Linear layers by Strassen's algorithm beside sums of products, as plans have
// them.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/apart.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

struct Case {
  Shape src;
  int64_t columns;
  std::string activation = "none";
  bool residual = false;
  std::string dst = "f32";
};

Tensor Normal(Shape shape, const char* name, float deviation = 1) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(9, name).FillNormal(tensor.span<float>(), 0, deviation);
  return tensor;
}

// "plain" of a linear layer, "fused" of one with an epilogue.
Graph MakeGraph(const Case& c) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId src = b.Input("src", DType::kF32, c.src);
  Shape result = c.src;
  result.back() = c.columns;
  const ValueId weights =
      b.Constant(Normal({c.columns, c.src.back()}, "weights", 0.1f));
  const ValueId bias = b.Constant(Normal({c.columns}, "bias"));
  b.Output("plain", b.Op("linear", {src, weights, bias}));
  std::vector<ValueId> operands = {src, weights, bias};
  if (c.residual) operands.push_back(b.Input("residual", DType::kF32, result));
  const ValueId fused = b.Op(
      "linear_fused", operands,
      {{"activation", c.activation}, {"dst_dtype", c.dst}, {"dst_scale", 0.1}});
  b.Output("fused",
           c.dst == "f32" ? fused : b.Op("cast", {fused}, {{"dtype", "f32"}}));
  EXPECT_TRUE(b.ok()) << b.status();
  return graph;
}

std::vector<Tensor> Results(const Case& c, bool winograd, int threads) {
  const Graph graph = MakeGraph(c);
  const std::unique_ptr<Device> device =
      MakeCpuDevice({.winograd = winograd, .refuse_unheeded = false});
  auto session =
      Session::Make(device.get(), graph, nullptr, {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return {};
  for (const ValueId v : graph.inputs()) {
    const Value& value = graph.value(v);
    EXPECT_TRUE(
        (*session)
            ->Feed(value.name, Normal(value.type.shape, value.name.c_str()))
            .ok());
  }
  EXPECT_TRUE((*session)->Run().ok());
  return {*(*session)->Fetch("plain"), *(*session)->Fetch("fused")};
}

void Check(const Case& c) {
  SCOPED_TRACE(testing::Message()
               << c.src[0] << "x" << c.src[1] << "x" << c.src[2] << " to "
               << c.columns << " " << c.dst << ", " << c.activation
               << ", residual " << c.residual);
  const std::vector<Tensor> want = Results(c, false, 1);
  ASSERT_EQ(want.size(), 2);
  for (const int threads : {1, 2, 3}) {
    const std::vector<Tensor> got = Results(c, true, threads);
    const std::vector<Tensor> again = Results(c, true, threads);
    ASSERT_EQ(got.size(), 2);
    EXPECT_LE(Apart(want[0], got[0]), 1e-5f) << threads;
    // A result on a grid may fall on the other side of a half.
    EXPECT_LE(Apart(want[1], got[1]), c.dst == "f32" ? 1e-5f : 1.0f / 128)
        << threads;
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(Apart(got[i], again[i]), 0) << threads;
    }
  }
}

TEST(StrassenTest, Rows) {
  for (const int64_t rows : {40, 48, 95, 97, 197, 300, 700}) {
    Check({.src = {1, rows, 96}, .columns = 128});
  }
  Check({.src = {3, 50, 128}, .columns = 192});
}

TEST(StrassenTest, Epilogues) {
  for (const char* activation : {"none", "relu", "gelu", "silu"}) {
    for (const bool residual : {false, true}) {
      for (const char* dst : {"f32", "u8"}) {
        Check({.src = {1, 61, 128},
               .columns = 128,
               .activation = activation,
               .residual = residual,
               .dst = dst});
      }
    }
  }
}

// The switch does something: other roundings.
TEST(StrassenTest, CanBeForbidden) {
  const Case c{.src = {1, 64, 128}, .columns = 128};
  const std::vector<Tensor> off = Results(c, false, 1);
  const std::vector<Tensor> on = Results(c, true, 1);
  const std::vector<std::string> features =
      MakeCpuDevice()->description().features;
  const bool wide = std::count(features.begin(), features.end(), "avx512f") > 0;
  for (size_t i = 0; i < off.size(); ++i) {
    EXPECT_EQ(Apart(off[i], on[i]) > 0, wide) << i;
  }
}

}  // namespace
}  // namespace assay

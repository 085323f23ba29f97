// Convolutions and their gradients by Winograd's algorithm beside sums of
// products: every border and remainder, from either layout.
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

using Ints = std::vector<int64_t>;

struct Case {
  Shape src;
  int64_t results;
  Ints pads = {1, 1, 1, 1};
  bool bias = false;
  bool bf16 = false;
  // Behind 1x1 convolutions, whose layout the kernels take over, or row-major.
  bool behind = true;

  Shape ResultShape() const {
    return {src[0], results, src[2] + pads[0] + pads[2] - 2,
            src[3] + pads[1] + pads[3] - 2};
  }
};

Tensor Normal(Shape shape, const char* name, float deviation = 1) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(9, name).FillNormal(tensor.span<float>(), 0, deviation);
  return tensor;
}

// "dst", and for the gradient "diff" of it "to_src" and "to_weights".
Graph MakeGraph(const Case& c) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const auto cast = [&](ValueId v, const char* dtype) {
    return b.Op("cast", {v}, {{"dtype", dtype}});
  };
  const auto constant = [&](Shape shape, const char* name) {
    const ValueId v = b.Constant(Normal(std::move(shape), name));
    return c.bf16 ? cast(v, "bf16") : v;
  };
  const auto input = [&](const char* name, const Shape& shape) {
    ValueId v = b.Input(name, DType::kF32, shape);
    if (c.bf16) v = cast(v, "bf16");
    if (!c.behind) return v;
    return b.Op("conv2d", {v, constant({shape[1], shape[1], 1, 1}, name)});
  };
  const auto output = [&](const char* name, ValueId v) {
    b.Output(name, c.bf16 ? cast(v, "f32") : v);
  };
  const ValueId src = input("src", c.src);
  const ValueId diff = input("diff", c.ResultShape());
  const ValueId weights = constant({c.results, c.src[1], 3, 3}, "weights");
  std::vector<ValueId> operands = {src, weights};
  if (c.bias) operands.push_back(constant({c.results}, "bias"));
  output("dst", b.Op("conv2d", operands, {{"pads", c.pads}}));
  output("to_src",
         b.Op("conv2d_backward_data", {diff, weights},
              {{"pads", c.pads}, {"src_shape", Ints{c.src[2], c.src[3]}}}));
  output("to_weights", b.Op("conv2d_backward_weights", {src, diff},
                            {{"pads", c.pads}, {"kernel", Ints{3, 3}}}));
  EXPECT_TRUE(b.ok()) << b.status();
  return graph;
}

std::vector<Tensor> Results(const Graph& graph, const Case& c, bool winograd,
                            int threads) {
  const std::unique_ptr<Device> device =
      MakeCpuDevice({.winograd = winograd, .refuse_unheeded = false});
  auto session =
      Session::Make(device.get(), graph, nullptr, {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return {};
  EXPECT_TRUE((*session)->Feed("src", Normal(c.src, "src")).ok());
  EXPECT_TRUE((*session)->Feed("diff", Normal(c.ResultShape(), "diff")).ok());
  EXPECT_TRUE((*session)->Run().ok());
  std::vector<Tensor> results;
  for (const char* name : {"dst", "to_src", "to_weights"}) {
    results.push_back(*(*session)->Fetch(name));
  }
  return results;
}

void Check(const Case& c) {
  const Graph graph = MakeGraph(c);
  const std::vector<Tensor> want = Results(graph, c, false, 1);
  ASSERT_EQ(want.size(), 3);
  for (const int threads : {1, 3}) {
    const std::vector<Tensor> got = Results(graph, c, true, threads);
    ASSERT_EQ(got.size(), 3);
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_LE(Apart(want[i], got[i]), c.bf16 ? 8e-3f : 1e-5f)
          << i << ", " << threads << " threads";
    }
  }
}

TEST(WinogradTest, Borders) {
  for (const Ints& pads : {Ints{0, 0, 0, 0}, Ints{1, 1, 1, 1}, Ints{0, 2, 1, 0},
                           Ints{2, 0, 2, 2}}) {
    for (const int64_t extent : {7, 8, 9, 12}) {
      for (const bool behind : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << "pads " << pads[0] << pads[1] << pads[2] << pads[3]
                     << ", extent " << extent << ", behind " << behind);
        Check({.src = {17, 16, extent, extent + 1},
               .results = 32,
               .pads = pads,
               .behind = behind});
      }
    }
  }
}

TEST(WinogradTest, Channels) {
  for (const int64_t channels : {16, 32, 48, 64}) {
    for (const int64_t results : {16, 48, 64}) {
      for (const bool bf16 : {false, true}) {
        SCOPED_TRACE(testing::Message() << channels << " to " << results
                                        << (bf16 ? ", bf16" : ", f32"));
        Check({.src = {9, channels, 8, 8},
               .results = results,
               .bias = channels == 48,
               .bf16 = bf16});
      }
    }
  }
}

TEST(WinogradTest, ManyTiles) {
  Check({.src = {3, 16, 60, 44}, .results = 16, .bias = true});
}

// "dst" of a fused convolution with constant weights, as plans have them.
Tensor Fused(const Shape& src, int64_t results, const char* activation,
             bool residual, bool winograd, int threads) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const auto lead = [&](const char* name, int64_t channels) {
    const ValueId v =
        b.Input(name, DType::kF32, {src[0], channels, src[2], src[3]});
    const ValueId weights =
        b.Constant(Normal({channels, channels, 1, 1}, name, 0.1f));
    return b.Op("conv2d", {v, weights});
  };
  std::vector<ValueId> operands = {
      lead("src", src[1]),
      b.Constant(Normal({results, src[1], 3, 3}, "w", 0.05f)),
      b.Constant(Normal({results}, "bias"))};
  if (residual) operands.push_back(lead("residual", results));
  b.Output("dst",
           b.Op("conv2d_fused", operands,
                {{"pads", Ints{1, 1, 1, 1}}, {"activation", activation}}));
  EXPECT_TRUE(b.ok()) << b.status();
  const std::unique_ptr<Device> device =
      MakeCpuDevice({.winograd = winograd, .refuse_unheeded = false});
  auto session =
      Session::Make(device.get(), graph, nullptr, {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return Tensor();
  for (const ValueId v : graph.inputs()) {
    const Value& value = graph.value(v);
    EXPECT_TRUE(
        (*session)->Feed(value.name, Normal(value.type.shape, "fed")).ok());
  }
  EXPECT_TRUE((*session)->Run().ok());
  return *(*session)->Fetch("dst");
}

TEST(WinogradTest, Fused) {
  for (const Shape& src : {Shape{1, 64, 8, 8}, Shape{5, 48, 7, 9}}) {
    for (const int64_t results : {16, 64}) {
      for (const char* activation : {"none", "relu", "relu6", "silu"}) {
        for (const bool residual : {false, true}) {
          SCOPED_TRACE(testing::Message()
                       << src[1] << " to " << results << ", " << activation
                       << (residual ? ", with a residual" : ""));
          const Tensor want =
              Fused(src, results, activation, residual, false, 1);
          const Tensor one = Fused(src, results, activation, residual, true, 1);
          EXPECT_LE(Apart(want, one), 1e-5f);
          EXPECT_EQ(
              Apart(one, Fused(src, results, activation, residual, true, 2)),
              0);
        }
      }
    }
  }
}

// The switch does something: other roundings.
TEST(WinogradTest, CanBeForbidden) {
  const Case c{.src = {16, 16, 8, 8}, .results = 16};
  const Graph graph = MakeGraph(c);
  const std::vector<Tensor> off = Results(graph, c, false, 1);
  const std::vector<Tensor> on = Results(graph, c, true, 1);
  const std::vector<std::string> features =
      MakeCpuDevice()->description().features;
  const bool wide = std::count(features.begin(), features.end(), "avx512f") > 0;
  for (size_t i = 0; i < off.size(); ++i) {
    EXPECT_EQ(Apart(off[i], on[i]) > 0, wide) << i;
  }
}

}  // namespace
}  // namespace assay

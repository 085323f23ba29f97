// Layers with sparse=1 on the cpu backend against the reference.
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Tensor Normal(Shape shape, const char* stream) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(3, stream).FillNormal(tensor.span<float>(), 0, 1);
  return tensor;
}

// About `density` of the elements stay; the first output has none.
Tensor SparseWeights(Shape shape, double density) {
  Tensor weights = Normal(shape, "weights");
  Tensor chance(DType::kF32, shape);
  RandomStream(3, "mask").FillUniform(chance.span<float>(), 0, 1);
  const int64_t row = weights.size() / weights.dim(0);
  for (int64_t i = 0; i < weights.size(); ++i) {
    if (i < row || chance.data<float>()[i] >= density) {
      weights.data<float>()[i] = 0;
    }
  }
  return weights;
}

struct Layer {
  const char* op;
  Shape src;
  Shape weights;
  Ints strides = {1, 1}, pads = {0, 0, 0, 0}, dilations = {1, 1};
  const char* activation = "none";
  bool bias = true, residual = false;
  double density = 0.1;
};

void PrintTo(const Layer& layer, std::ostream* out) {
  *out << layer.op << " of " << ToString(layer.weights) << " on "
       << ToString(layer.src);
}

Graph MakeGraph(const Layer& layer) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  Attributes attributes = {{"sparse", int64_t{1}},
                           {"activation", layer.activation}};
  if (std::string(layer.op) == "conv2d_fused") {
    attributes.Set("strides", layer.strides);
    attributes.Set("pads", layer.pads);
    attributes.Set("dilations", layer.dilations);
  }
  std::vector<ValueId> operands = {
      b.Input("src", DType::kF32, layer.src),
      b.Constant(SparseWeights(layer.weights, layer.density), "weights"),
      layer.bias ? b.Constant(Normal({layer.weights[0]}, "bias"), "bias")
                 : kNoValue};
  const ValueId plain = b.Op(layer.op, operands, attributes, "plain");
  if (layer.residual) {
    operands.push_back(b.Input("residual", DType::kF32, graph.shape(plain)));
    b.Output("dst", b.Op(layer.op, operands, attributes, "dst"));
  }
  b.Output("plain", plain);
  EXPECT_OK(b.status());
  return graph;
}

class SparseTest : public testing::TestWithParam<Layer> {};

TEST_P(SparseTest, EqualsTheReference) {
  const Graph graph = MakeGraph(GetParam());
  std::map<std::string, Tensor> feeds;
  for (const ValueId id : graph.inputs()) {
    const std::string& name = graph.value(id).name;
    feeds[name] = Normal(graph.shape(id), name.c_str());
  }
  ASSERT_OK_AND_ASSIGN(const auto want,
                       Evaluate(graph, feeds, ParameterStore()));
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (const int threads : {1, 2, 3}) {
    ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<Session> session,
        Session::Make(device.get(), graph, nullptr, {.threads = threads}));
    for (const auto& [name, value] : feeds) {
      ASSERT_OK(session->Feed(name, value));
    }
    for (int run = 0; run < 2; ++run) ASSERT_OK(session->Run());
    for (const auto& [name, value] : want.outputs) {
      ASSERT_OK_AND_ASSIGN(const Tensor got, session->Fetch(name));
      EXPECT_OK(CompareTensors(value, got, 300)) << name << ' ' << threads;
    }
  }
}

const Ints kSame = {1, 1, 1, 1};

INSTANTIATE_TEST_SUITE_P(
    Convolutions, SparseTest,
    testing::Values(
        // 1x1: read in place, and copied where rows do not fill vectors.
        Layer{"conv2d_fused", {2, 24, 8, 8}, {20, 24, 1, 1}},
        Layer{"conv2d_fused", {1, 24, 7, 7}, {20, 24, 1, 1}},
        Layer{"conv2d_fused", {3, 300, 4, 4}, {5, 300, 1, 1}},
        Layer{"conv2d_fused", {1, 8, 56, 56}, {6, 8, 1, 1}},
        // Padding, strides, dilations, rectangles.
        Layer{"conv2d_fused", {2, 16, 32, 32}, {16, 16, 3, 3}, {1, 1}, kSame},
        Layer{"conv2d_fused", {1, 16, 9, 5}, {7, 16, 3, 3}, {1, 1}, kSame},
        Layer{"conv2d_fused", {2, 6, 15, 16}, {7, 6, 3, 3}, {2, 2}, kSame},
        Layer{"conv2d_fused", {1, 6, 16, 16}, {7, 6, 1, 1}, {2, 2}},
        Layer{
            "conv2d_fused", {1, 3, 20, 21}, {4, 3, 7, 7}, {2, 3}, {3, 2, 1, 4}},
        Layer{"conv2d_fused",
              {1, 4, 1, 40},
              {6, 4, 1, 5},
              {1, 1},
              {0, 4, 0, 4},
              {1, 2}},
        Layer{"conv2d_fused",
              {1, 4, 16, 16},
              {6, 4, 3, 3},
              {2, 2},
              {2, 2, 2, 2},
              {2, 3}},
        // Rows that the last window does not reach.
        Layer{"conv2d_fused", {1, 2, 10, 11}, {3, 2, 2, 2}, {3, 3}},
        // Epilogues; no weight at all.
        Layer{"conv2d_fused",
              {2, 8, 8, 8},
              {8, 8, 3, 3},
              {1, 1},
              kSame,
              {1, 1},
              "relu",
              false,
              true},
        Layer{"conv2d_fused",
              {1, 8, 8, 8},
              {8, 8, 1, 1},
              {1, 1},
              {0, 0, 0, 0},
              {1, 1},
              "hardswish",
              true,
              true},
        Layer{"conv2d_fused",
              {1, 4, 8, 8},
              {4, 4, 3, 3},
              {1, 1},
              kSame,
              {1, 1},
              "relu6",
              true,
              false,
              0}));

INSTANTIATE_TEST_SUITE_P(
    Linears, SparseTest,
    testing::Values(Layer{"linear_fused", {1, 40}, {10, 40}},
                    Layer{"linear_fused", {15, 33}, {7, 33}},
                    Layer{"linear_fused", {16, 33}, {7, 33}},
                    Layer{"linear_fused", {2, 70, 96}, {40, 96}},
                    Layer{"linear_fused", {200, 17}, {33, 17}},
                    Layer{.op = "linear_fused",
                          .src = {3, 40},
                          .weights = {300, 40},
                          .activation = "gelu",
                          .residual = true},
                    Layer{.op = "linear_fused",
                          .src = {100, 64},
                          .weights = {64, 64},
                          .activation = "silu",
                          .bias = false,
                          .residual = true},
                    Layer{.op = "linear_fused",
                          .src = {20, 16},
                          .weights = {16, 16},
                          .activation = "tanh",
                          .density = 1}));

TEST(SparseSupportTest, RefusesWhatIsNotServed) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId src = b.Input("src", DType::kF32, {1, 4, 8, 8});
  const Attributes sparse = {{"sparse", int64_t{1}}};
  b.Op("conv2d_fused", {src, b.Parameter("w", DType::kF32, {4, 4, 1, 1})},
       sparse, "by_parameter");
  b.Op("conv2d_fused",
       {src, b.Constant(Tensor::Zeros(DType::kF32, {4, 2, 1, 1}), "half")},
       {{"sparse", int64_t{1}}, {"groups", int64_t{2}}}, "grouped");
  ASSERT_OK(b.status());
  EXPECT_THAT(device->Supports(graph, 0),
              StatusIs(absl::StatusCode::kUnimplemented,
                       testing::HasSubstr("weights must be constant")));
  EXPECT_THAT(device->Supports(graph, 1),
              StatusIs(absl::StatusCode::kUnimplemented,
                       testing::HasSubstr("one group")));
}

}  // namespace
}  // namespace assay

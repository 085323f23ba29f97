#include "harness/graph/rewrites/mark_sparse.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

// Normal, then only every `nth` element is kept.
Tensor EveryNth(Shape shape, int64_t nth) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(1, "weights").FillNormal(tensor.span<float>(), 0, 1);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (i % nth != 0) tensor.data<float>()[i] = 0;
  }
  return tensor;
}

struct Network {
  Graph graph{StandardOps()};
  ParameterStore parameters;
};

// A dense and a sparse convolution; one that saves less than moving its result
// to the depthwise one's layout costs; one with few positions; a linear layer.
Network MakeNetwork() {
  Network net;
  GraphBuilder b(&net.graph);
  const auto weights = [&](const char* name, Shape shape, int64_t nth) {
    net.parameters.Set(name, EveryNth(shape, nth));
    return b.Parameter(name, DType::kF32, std::move(shape));
  };
  ValueId v = b.Input("image", DType::kF32, {2, 4, 8, 8});
  v = b.Op("conv2d", {v, weights("dense", {64, 4, 1, 1}, 2)}, {}, "dense/dst");
  v = b.Op("conv2d", {v, weights("sparse", {64, 64, 3, 3}, 10)},
           {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}, "sparse/dst");
  v = b.Op("relu", {v}, {}, "relu");
  v = b.Op("conv2d", {v, weights("narrow", {8, 64, 1, 1}, 10)}, {},
           "narrow/dst");
  v = b.Op("conv2d", {v, weights("depthwise", {8, 1, 3, 3}, 9)},
           {{"groups", int64_t{8}}}, "depthwise/dst");
  v = b.Op("conv2d", {v, weights("small", {8, 8, 4, 4}, 10)}, {}, "small/dst");
  v = b.Op("reshape", {v}, {{"shape", std::vector<int64_t>{0, -1}}}, "flat");
  b.Output("logits",
           b.Op("linear", {v, weights("linear", {4, 72}, 36)}, {}, "fc"));
  EXPECT_OK(b.status());
  return net;
}

std::vector<std::string> Sparse(const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    if (node.attributes.Int("sparse", 0) == 0) continue;
    names.push_back(graph.value(node.inputs[1]).name);
  }
  return names;
}

// Layers in a row stay what they are.
Graph Lowered(const Network& net, LoweringOptions options) {
  options.fold_low_rank = false;
  auto lowered = LowerForInference(net.graph, net.parameters, options);
  EXPECT_OK(lowered.status());
  return lowered->graph;
}

TEST(MarkSparseTest, MarksWhatIsSparseEnoughAndServed) {
  const Graph graph = Lowered(MakeNetwork(), {});
  EXPECT_EQ(Sparse(graph), (std::vector<std::string>{"sparse", "linear"}));
  EXPECT_EQ(graph.node(1).op, "conv2d_fused");
  EXPECT_EQ(graph.node(1).attributes.Text("activation", "none"), "relu");
}

TEST(MarkSparseTest, CanBeSwitchedOffAndHasAThreshold) {
  LoweringOptions options;
  options.sparse_density = 0;
  EXPECT_TRUE(Sparse(Lowered(MakeNetwork(), options)).empty());
  options.sparse_density = 0.6;
  EXPECT_EQ(Sparse(Lowered(MakeNetwork(), options)),
            (std::vector<std::string>{"dense", "sparse", "linear"}));
  // Two samples do not fill a vector: the linear layer with 1 in 36 is dense at
  // 0.1. The convolution with 1 in 10 would be Winograd's.
  options.sparse_density = 0.11;
  EXPECT_TRUE(Sparse(Lowered(MakeNetwork(), options)).empty());
  options.sparse_density = 0.17;
  EXPECT_EQ(Sparse(Lowered(MakeNetwork(), options)),
            (std::vector<std::string>{"sparse", "linear"}));
}

TEST(MarkSparseTest, TheThresholdIsOneOfTheKind) {
  // Weights, stride, and the densest of 1 in 3, 4, 6, 7, ... that is marked.
  struct Kind {
    Shape weights;
    int64_t stride, nth;
  };
  for (const Kind& kind : {Kind{{32, 32, 1, 1}, 1, 4},  // up to 0.3
                           Kind{{32, 32, 3, 3}, 1, 9},  // Winograd's, 0.12
                           Kind{{32, 32, 3, 3}, 2, 6},  // 0.2
                           Kind{{24, 32, 3, 3}, 1, 6},  // no whole blocks
                           Kind{{32, 32, 5, 5}, 1, 6}}) {
    int64_t densest = 0;
    for (const int64_t nth : {3, 4, 6, 7, 9, 20}) {
      Network net;
      GraphBuilder b(&net.graph);
      net.parameters.Set("w", EveryNth(kind.weights, nth));
      b.Output("logits",
               b.Op("conv2d",
                    {b.Input("image", DType::kF32, {1, 32, 16, 16}),
                     b.Parameter("w", DType::kF32, kind.weights)},
                    {{"strides", std::vector<int64_t>(2, kind.stride)}}));
      ASSERT_OK(b.status());
      if (densest == 0 && !Sparse(Lowered(net, {})).empty()) densest = nth;
    }
    EXPECT_EQ(densest, kind.nth)
        << ToString(TensorType{DType::kF32, kind.weights});
  }
}

TEST(MarkSparseTest, LeavesBf16Dense) {
  LoweringOptions options;
  options.precision = FloatPrecision::kBf16;
  EXPECT_TRUE(Sparse(Lowered(MakeNetwork(), options)).empty());
}

TEST(MarkSparseTest, KeepsTheFunction) {
  const Network net = MakeNetwork();
  Tensor image(DType::kF32, {2, 4, 8, 8});
  RandomStream(2, "image").FillNormal(image.span<float>(), 0, 1);
  ASSERT_OK_AND_ASSIGN(const auto want,
                       Evaluate(net.graph, {{"image", image}}, net.parameters));
  ASSERT_OK_AND_ASSIGN(
      const auto got,
      Evaluate(Lowered(net, {}), {{"image", image}}, ParameterStore()));
  EXPECT_OK(
      CompareTensors(want.outputs.at("logits"), got.outputs.at("logits"), 128));
}

}  // namespace
}  // namespace assay

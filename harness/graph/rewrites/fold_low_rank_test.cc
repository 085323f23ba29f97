#include "harness/graph/rewrites/fold_low_rank.h"

#include <string>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Tensor Normal(const std::string& name, Shape shape) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(1, name).FillNormal(tensor.span<float>(), 0, 0.5f);
  return tensor;
}

struct Network {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};
  ParameterStore parameters;
  ValueId v = kNoValue;
  int layers = 0;

  explicit Network(Shape image) {
    v = b.Input("image", DType::kF32, std::move(image));
  }
  ValueId Parameter(const std::string& name, const Shape& shape) {
    parameters.Set(name, Normal(name, shape));
    return b.Parameter(name, DType::kF32, shape);
  }
  void Layer(const char* op, const Shape& weights, bool bias,
             const Attributes& attributes = {}) {
    const std::string name = "layer" + std::to_string(layers++);
    std::vector<ValueId> operands = {v, Parameter(name + ".weights", weights)};
    if (bias) operands.push_back(Parameter(name + ".bias", {weights[0]}));
    v = b.Op(op, operands, attributes, name);
  }
  // Layers that lowering leaves; the results must be what they were.
  int Lowered(bool fold = true) {
    b.Output("logits", v);
    EXPECT_OK(b.status());
    LoweringOptions options;
    options.fold_low_rank = fold;
    const auto lowered = LowerForInference(graph, parameters, options);
    EXPECT_OK(lowered.status());
    const Tensor image = Normal("image", graph.shape(graph.inputs()[0]));
    const auto before = Evaluate(graph, {{"image", image}}, parameters);
    const auto after = Evaluate(lowered->graph, {{"image", image}}, {});
    EXPECT_OK(before.status());
    EXPECT_OK(after.status());
    EXPECT_OK(CompareTensors(before->outputs.at("logits"),
                             after->outputs.at("logits"), 300));
    int count = 0;
    for (NodeId id = 0; id < lowered->graph.node_count(); ++id) {
      const std::string& op = lowered->graph.node(id).op;
      count += op.find("linear") == 0 || op.find("conv2d") == 0 ? 1 : 0;
    }
    return count;
  }
};

TEST(FoldLowRankTest, WidePairsOfLinearLayersAreMultipliedOut) {
  for (const bool first : {false, true}) {
    for (const bool second : {false, true}) {
      Network net({3, 12});
      net.Layer("linear", {6, 12}, first);
      net.Layer("linear", {10, 6}, second);
      EXPECT_EQ(net.Lowered(), 1);  // 6 * 22 >= 120
    }
  }
}

TEST(FoldLowRankTest, NarrowPairsStay) {
  Network net({3, 12});
  net.Layer("linear", {5, 12}, true);
  net.Layer("linear", {10, 5}, true);
  EXPECT_EQ(net.Lowered(), 2);  // 5 * 22 < 120
}

TEST(FoldLowRankTest, CanBeSwitchedOff) {
  Network net({3, 12});
  net.Layer("linear", {11, 12}, true);
  net.Layer("linear", {10, 11}, true);
  EXPECT_EQ(net.Lowered(false), 2);
}

TEST(FoldLowRankTest, AConvolutionTakesThePointwiseOneBehindIt) {
  Network net({2, 4, 7, 6});
  net.Layer("conv2d", {9, 4, 3, 3}, true,
            {{"pads", Ints{1, 1, 0, 1}}, {"strides", Ints{2, 1}}});
  net.Layer("conv2d", {8, 9, 1, 1}, true);
  EXPECT_EQ(net.Lowered(), 1);
}

TEST(FoldLowRankTest, AConvolutionTakesThePointwiseOneBeforeIt) {
  const Attributes padded = {{"pads", Ints{1, 1, 1, 1}}};
  Network net({2, 4, 7, 6});
  net.Layer("conv2d", {8, 4, 1, 1}, false);
  net.Layer("conv2d", {9, 8, 3, 3}, true, padded);
  EXPECT_EQ(net.Lowered(), 1);
  // Its bias would not reach the padding.
  Network biased({2, 4, 7, 6});
  biased.Layer("conv2d", {8, 4, 1, 1}, true);
  biased.Layer("conv2d", {9, 8, 3, 3}, true, padded);
  EXPECT_EQ(biased.Lowered(), 2);
  Network unpadded({2, 4, 7, 6});
  unpadded.Layer("conv2d", {8, 4, 1, 1}, true);
  unpadded.Layer("conv2d", {9, 8, 3, 3}, true, {{"strides", Ints{1, 2}}});
  EXPECT_EQ(unpadded.Lowered(), 1);
}

TEST(FoldLowRankTest, StridesBetweenStay) {
  Network net({2, 4, 7, 6});
  net.Layer("conv2d", {8, 4, 3, 3}, false);
  net.Layer("conv2d", {8, 8, 1, 1}, false, {{"strides", Ints{2, 2}}});
  EXPECT_EQ(net.Lowered(), 2);
}

TEST(FoldLowRankTest, AMiddleThatOthersReadStays) {
  Network net({3, 12});
  net.Layer("linear", {12, 12}, true);
  const ValueId middle = net.v;
  net.Layer("linear", {12, 12}, true);
  net.v = net.b.Add(net.v, middle);
  EXPECT_EQ(net.Lowered(), 2);
}

TEST(FoldLowRankTest, ChainsFoldFromTheFront) {
  Network net({3, 8});
  net.Layer("linear", {8, 8}, true);
  net.Layer("linear", {8, 8}, true);
  net.Layer("linear", {8, 8}, false);
  EXPECT_EQ(net.Lowered(), 1);
}

TEST(FoldLowRankTest, LayersThatAreMostlyZerosStay) {
  Network net({3, 12});
  net.Layer("linear", {12, 12}, false);
  net.Layer("linear", {12, 12}, false);
  for (const char* name : {"layer0.weights", "layer1.weights"}) {
    Tensor sparse = net.parameters.Find(name)->Clone();
    for (int64_t i = 0; i < sparse.size(); ++i) {
      if (i % 4 != 0) sparse.data<float>()[i] = 0;
    }
    net.parameters.Set(name, sparse);
  }
  EXPECT_EQ(net.Lowered(), 2);
}

}  // namespace
}  // namespace assay

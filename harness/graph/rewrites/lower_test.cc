#include "harness/graph/rewrites/lower.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Ints = std::vector<int64_t>;

int Count(const Graph& graph, const std::string& op) {
  int count = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    count += graph.node(id).op == op ? 1 : 0;
  }
  return count;
}

// conv1 -> relu -> conv2 -> + relu's result -> relu -> mean -> linear.
struct Block {
  Graph graph{StandardOps()};
  ParameterStore parameters;

  Block() {
    GraphBuilder b(&graph);
    const auto parameter = [&](const char* name, Shape shape) {
      Tensor value(DType::kF32, shape);
      RandomStream(5, name).FillNormal(value.span<float>(), 0, 0.3f);
      parameters.Set(name, value);
      return b.Parameter(name, DType::kF32, std::move(shape));
    };
    const Attributes same = {{"pads", Ints{1, 1, 1, 1}}};
    const ValueId image = b.Input("image", DType::kF32, {2, 3, 6, 6});
    const ValueId first =
        b.Op("relu",
             {b.Op("conv2d",
                   {image, parameter("conv1.weights", {8, 3, 3, 3}),
                    parameter("conv1.bias", {8})},
                   same, "conv1")},
             {}, "relu1");
    const ValueId second =
        b.Op("conv2d",
             {first, parameter("conv2.weights", {8, 8, 3, 3}),
              parameter("conv2.bias", {8})},
             same, "conv2");
    const ValueId sum = b.Op("add", {second, first}, {}, "sum");
    const ValueId relu = b.Op("relu", {sum}, {}, "relu2");
    const ValueId mean =
        b.Op("reduce_mean", {relu}, {{"axes", Ints{2, 3}}}, "mean");
    b.Output("logits",
             b.Op("linear", {mean, parameter("fc.weights", {4, 8})}, {}, "fc"));
    EXPECT_OK(b.status());
  }

  Tensor Input() const {
    Tensor image(DType::kF32, {2, 3, 6, 6});
    RandomStream(6, "image").FillNormal(image.span<float>(), 0, 1);
    return image;
  }

  // Ranges that hold every value of a run.
  QuantizedNetwork Quantized() const {
    QuantizeOptions options;
    options.activations = {{"image", {-4, 4}},
                           {"relu1", {0, 12}},
                           {"conv2", {-12, 12}},
                           {"mean", {0, 4}}};
    for (const char* name : {"conv1.weights", "conv2.weights", "fc.weights"}) {
      options.weight_scales[name] = WeightScales(*parameters.Find(name), true);
    }
    auto quantized = Quantize(graph, parameters, options);
    EXPECT_OK(quantized.status());
    return *std::move(quantized);
  }
};

Tensor Logits(const Graph& graph, const ParameterStore& parameters,
              const Tensor& image) {
  auto run = Evaluate(graph, {{"image", image}}, parameters);
  EXPECT_OK(run.status());
  return run->outputs.at("logits");
}

double Largest(const Tensor& t) {
  double largest = 0;
  for (const float x : t.span<float>()) {
    largest = std::max(largest, std::abs(static_cast<double>(x)));
  }
  return largest;
}

double Difference(const Tensor& a, const Tensor& b) {
  double worst = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a.data<float>()[i] -
                                                         b.data<float>()[i])));
  }
  return worst;
}

TEST(LowerTest, FusesFloatLayersWithoutChangingResults) {
  const Block block;
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(block.graph, block.parameters));
  EXPECT_EQ(Count(lowered.graph, "conv2d_fused"), 2);
  EXPECT_EQ(Count(lowered.graph, "relu"), 0);
  EXPECT_EQ(Count(lowered.graph, "add"), 0);
  EXPECT_TRUE(lowered.graph.parameters().empty());
  EXPECT_THAT(lowered.left_in_float, IsEmpty());
  EXPECT_OK(CompareTensors(
      Logits(block.graph, block.parameters, block.Input()),
      Logits(lowered.graph, ParameterStore(), block.Input()), 72));
}

TEST(LowerTest, EveryPassCanBeSwitchedOff) {
  const Block block;
  LoweringOptions off;
  off.fold_batch_norms = off.integers = off.fuse = off.fold_constants = false;
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(block.graph, block.parameters, off));
  EXPECT_EQ(lowered.graph.node_count(), block.graph.node_count());
}

TEST(LowerTest, MakesIntegerLayersOfQuantizedOnes) {
  const Block block;
  const QuantizedNetwork quantized = block.Quantized();
  ASSERT_OK_AND_ASSIGN(
      const LoweredNetwork lowered,
      LowerForInference(quantized.graph, quantized.parameters));
  EXPECT_EQ(Count(lowered.graph, "conv2d_fused"), 2);
  EXPECT_EQ(Count(lowered.graph, "linear_fused"), 1);
  // The image and the mean alone are quantized by a node of their own.
  EXPECT_EQ(Count(lowered.graph, "quantize_linear"), 2);
  // The last block's residual, whose sum goes on as a float.
  EXPECT_EQ(Count(lowered.graph, "dequantize_linear"), 1);
  EXPECT_THAT(lowered.left_in_float, ElementsAre("mean"));
  const Tensor want =
      Logits(quantized.graph, quantized.parameters, block.Input());
  const Tensor got = Logits(lowered.graph, ParameterStore(), block.Input());
  // The elided rounding is one step of conv2's grid.
  EXPECT_LT(Difference(want, got), 0.02 * Largest(want));
}

TEST(LowerTest, SaysWhichNodesStayInFloat) {
  const Block block;
  const QuantizedNetwork quantized = block.Quantized();
  LoweringOptions options;
  options.integer_sums = false;
  ASSERT_OK_AND_ASSIGN(
      const LoweredNetwork lowered,
      LowerForInference(quantized.graph, quantized.parameters, options));
  EXPECT_THAT(lowered.left_in_float, ElementsAre("sum", "relu2", "mean"));
  // Then only the order of float sums differs.
  EXPECT_OK(CompareTensors(
      Logits(quantized.graph, quantized.parameters, block.Input()),
      Logits(lowered.graph, ParameterStore(), block.Input()), 10000));
}

TEST(LowerTest, MovesIntegers) {
  // image -> relu -> conv, and relu -> slice -> pad -> + conv's result.
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId image = b.Input("image", DType::kF32, {1, 2, 4, 4});
  const ValueId relu = b.Op("relu", {image}, {}, "relu");
  const ValueId slice = b.Op("slice", {relu},
                             {{"starts", Ints{0, 0, 0, 0}},
                              {"ends", Ints{1, 2, 4, 4}},
                              {"steps", Ints{1, 1, 2, 2}}});
  const ValueId pad =
      b.Op("pad", {slice},
           {{"before", Ints{0, 1, 0, 0}}, {"after", Ints{0, 1, 0, 0}}}, "pad");
  const ValueId conv =
      b.Op("conv2d", {relu, b.Parameter("weights", DType::kF32, {4, 2, 1, 1})},
           {{"strides", Ints{2, 2}}}, "conv");
  b.Output("logits", b.Add(conv, pad));
  ASSERT_OK(b.status());
  ParameterStore parameters;
  Tensor weights(DType::kF32, {4, 2, 1, 1});
  RandomStream(7, "weights").FillNormal(weights.span<float>(), 0, 1);
  parameters.Set("weights", weights);
  QuantizeOptions options;
  options.activations = {{"relu", {-1, 3}}, {"conv", {-4, 4}}, {"pad", {0, 3}}};
  options.weight_scales["weights"] = WeightScales(weights, true);
  ASSERT_OK_AND_ASSIGN(const QuantizedNetwork quantized,
                       Quantize(graph, parameters, options));
  ASSERT_OK_AND_ASSIGN(
      const LoweredNetwork lowered,
      LowerForInference(quantized.graph, quantized.parameters));
  ASSERT_EQ(Count(lowered.graph, "pad"), 1);
  for (NodeId id = 0; id < lowered.graph.node_count(); ++id) {
    const Node& node = lowered.graph.node(id);
    if (node.op != "pad" && node.op != "slice") continue;
    EXPECT_EQ(lowered.graph.type(node.outputs[0]).dtype, DType::kU8) << node.op;
  }
  Tensor input(DType::kF32, {1, 2, 4, 4});
  RandomStream(8, "image").FillNormal(input.span<float>(), 0, 1);
  const Tensor want = Logits(quantized.graph, quantized.parameters, input);
  // One step of the grids that were elided or replaced.
  EXPECT_LT(Difference(want, Logits(lowered.graph, ParameterStore(), input)),
            0.04);
}

TEST(LowerTest, PoolsMaximaOfIntegers) {
  // The pool's own grid: the source's, which goes, and another, which stays.
  for (const double step : {0.02, 0.015}) {
    SCOPED_TRACE(step);
    Graph graph(StandardOps());
    GraphBuilder b(&graph);
    const ValueId zero = b.Constant(Tensor::Zeros(DType::kS32, {}));
    const auto on_grid = [&](ValueId v, double scale) {
      const ValueId steps = b.Scalar(DType::kF32, scale);
      return b.Op("dequantize_linear",
                  {b.Op("quantize_linear", {v, steps, zero}), steps, zero});
    };
    const ValueId image = b.Input("image", DType::kF32, {2, 3, 6, 6});
    const ValueId pool = b.Op("max_pool", {on_grid(image, 0.02)},
                              {{"kernel", Ints{3, 3}},
                               {"strides", Ints{2, 2}},
                               {"pads", Ints{1, 1, 1, 1}}});
    Tensor weights(DType::kS8, {4, 3, 1, 1});
    for (int64_t i = 0; i < weights.size(); ++i) {
      weights.data<int8_t>()[i] = static_cast<int8_t>(i * 21 - 100);
    }
    const ValueId dequantized =
        b.Op("dequantize_linear",
             {b.Constant(weights), b.Scalar(DType::kF32, 0.01), zero});
    b.Output("logits", b.Op("conv2d", {on_grid(pool, step), dequantized}));
    ASSERT_OK(b.status());
    ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                         LowerForInference(graph, ParameterStore()));
    ASSERT_EQ(Count(lowered.graph, "max_pool"), 1);
    EXPECT_EQ(Count(lowered.graph, "quantize_linear"), step == 0.02 ? 1 : 2);
    for (NodeId id = 0; id < lowered.graph.node_count(); ++id) {
      const Node& node = lowered.graph.node(id);
      if (node.op != "max_pool") continue;
      EXPECT_EQ(lowered.graph.type(node.outputs[0]).dtype, DType::kU8);
    }
    Tensor input(DType::kF32, {2, 3, 6, 6});
    RandomStream(8, "image").FillNormal(input.span<float>(), 0, 2);
    // A grid keeps the order of its values: sums alone may differ.
    EXPECT_LT(Difference(Logits(graph, ParameterStore(), input),
                         Logits(lowered.graph, ParameterStore(), input)),
              1e-4);
  }
}

// Self-attention from one layer for query, key and value, between grids as a
// quantizer of ours puts them.
struct QuantizedAttention {
  Graph graph{StandardOps()};
  ParameterStore parameters;
  static constexpr int64_t kRows = 12, kHeads = 2, kWidth = 8;
  static constexpr int64_t kFeatures = kHeads * kWidth;

  QuantizedAttention() {
    GraphBuilder b(&graph);
    const auto parameter = [&](const char* name, Shape shape) {
      Tensor value(DType::kF32, shape);
      RandomStream(5, name).FillNormal(value.span<float>(), 0, 0.3f);
      parameters.Set(name, value);
      return b.Parameter(name, DType::kF32, std::move(shape));
    };
    const ValueId x = b.Input("image", DType::kF32, {2, kRows, kFeatures});
    const ValueId qkv =
        b.Op("linear",
             {x, parameter("qkv.weights", {3 * kFeatures, kFeatures}),
              parameter("qkv.bias", {3 * kFeatures})},
             {}, "qkv");
    const auto heads = [&](int64_t i, const char* name) {
      const ValueId part =
          b.Op("slice", {qkv},
               {{"starts", Ints{0, 0, i * kFeatures}},
                {"ends", Ints{2, kRows, (i + 1) * kFeatures}}});
      return b.Op("transpose", {b.Reshape(part, {0, 0, kHeads, kWidth})},
                  {{"permutation", Ints{0, 2, 1, 3}}}, name);
    };
    const ValueId q = heads(0, "q"), k = heads(1, "k"), v = heads(2, "v");
    const ValueId scores =
        b.Op("matmul", {q, k}, {{"transpose_b", int64_t{1}}}, "scores");
    const ValueId weights = b.Op("softmax", {b.Scale(scores, 0.35)},
                                 {{"axis", int64_t{-1}}}, "weights");
    const ValueId mixed = b.Op("matmul", {weights, v}, {}, "mixed");
    const ValueId merged =
        b.Op("reshape", {b.Transpose(mixed, {0, 2, 1, 3})},
             {{"shape", Ints{2, kRows, kFeatures}}}, "merged");
    b.Output("logits",
             b.Op("linear", {merged, parameter("out", {kFeatures, kFeatures})},
                  {}, "logits"));
    EXPECT_OK(b.status());
  }

  Tensor Input() const {
    Tensor x(DType::kF32, {2, kRows, kFeatures});
    RandomStream(6, "x").FillNormal(x.span<float>(), 0, 1);
    return x;
  }

  // Grids of their own for q, k and v.
  QuantizedNetwork Quantized() const {
    QuantizeOptions options;
    options.activations = {{"image", {-4, 4}},  {"q", {-5, 4}},
                           {"k", {-4, 5.5}},    {"v", {-5, 5}},
                           {"weights", {0, 1}}, {"merged", {-3, 3}}};
    for (const char* name : {"qkv.weights", "out"}) {
      options.weight_scales[name] = WeightScales(*parameters.Find(name), true);
    }
    auto quantized = Quantize(graph, parameters, options);
    EXPECT_OK(quantized.status());
    return *std::move(quantized);
  }
};

TEST(LowerTest, AttentionMultipliesIntegers) {
  const QuantizedAttention attention;
  const QuantizedNetwork quantized = attention.Quantized();
  ASSERT_OK_AND_ASSIGN(
      const LoweredNetwork lowered,
      LowerForInference(quantized.graph, quantized.parameters));
  // x is quantized, then layer, attention (and its quantization), layer.
  EXPECT_EQ(lowered.graph.node_count(), 5);
  EXPECT_EQ(Count(lowered.graph, "quantize_linear"), 2);
  ASSERT_EQ(Count(lowered.graph, "attention_fused"), 1);
  for (NodeId id = 0; id < lowered.graph.node_count(); ++id) {
    const Node& node = lowered.graph.node(id);
    if (node.op != "attention_fused") continue;
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(lowered.graph.type(node.inputs[i]).dtype, DType::kU8);
    }
    EXPECT_EQ(node.attributes.Int("query_zero_point", 0), 142);
    EXPECT_EQ(node.attributes.Int("key_zero_point", 0), 107);
  }
  const Tensor want =
      Logits(attention.graph, attention.parameters, attention.Input());
  const Tensor written =
      Logits(quantized.graph, quantized.parameters, attention.Input());
  const Tensor got = Logits(lowered.graph, ParameterStore(), attention.Input());
  EXPECT_LT(Difference(written, got), 0.03 * Largest(want));
  // Nearer to the floats than the graph as it is written, or as near.
  EXPECT_LT(Difference(want, got), 1.2 * Difference(want, written));
}

TEST(LowerTest, AttentionStaysInFloatWhereItIsToldTo) {
  const QuantizedAttention attention;
  const QuantizedNetwork quantized = attention.Quantized();
  LoweringOptions options;
  options.integer_attention = false;
  ASSERT_OK_AND_ASSIGN(
      const LoweredNetwork lowered,
      LowerForInference(quantized.graph, quantized.parameters, options));
  EXPECT_THAT(lowered.left_in_float, ElementsAre("merged"));
  ASSERT_EQ(Count(lowered.graph, "attention_fused"), 1);
  const Tensor want =
      Logits(quantized.graph, quantized.parameters, attention.Input());
  const Tensor got = Logits(lowered.graph, ParameterStore(), attention.Input());
  EXPECT_LT(Difference(want, got), 0.03 * Largest(want));
}

// norm -> Q -> DQ -> layer, and the same DQ + layer's result -> norm.
TEST(LowerTest, SumsInFloatReadWhatWasNotRounded) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const auto norm = [&](ValueId x) {
    Tensor ones(DType::kF32, {8});
    for (float& one : ones.span<float>()) one = 1;
    const ValueId zeros = b.Constant(Tensor::Zeros(DType::kF32, {8}));
    return b.Op("layer_norm", {x, b.Constant(ones), zeros});
  };
  const ValueId step = b.Scalar(DType::kF32, 0.025);
  const ValueId zero = b.Constant(Tensor::Zeros(DType::kS32, {}));
  const ValueId middle = b.Constant(Tensor::From<int32_t>({}, {128}));
  Tensor weights(DType::kS8, {8, 8});
  for (int64_t i = 0; i < weights.size(); ++i) {
    weights.data<int8_t>()[i] = static_cast<int8_t>(i * 37 % 200 - 100);
  }
  const ValueId first = norm(b.Input("image", DType::kF32, {4, 8}));
  const ValueId rounded =
      b.Op("dequantize_linear",
           {b.Op("quantize_linear", {first, step, middle}), step, middle});
  const ValueId layer = b.Op(
      "linear",
      {rounded, b.Op("dequantize_linear", {b.Constant(weights), step, zero})});
  b.Output("logits", norm(b.Add(rounded, layer)));
  ASSERT_OK(b.status());
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(graph, ParameterStore()));
  EXPECT_EQ(Count(lowered.graph, "linear_fused"), 1);
  EXPECT_EQ(Count(lowered.graph, "quantize_linear"), 1);
  EXPECT_EQ(Count(lowered.graph, "dequantize_linear"), 0);
  Tensor input(DType::kF32, {4, 8});
  RandomStream(8, "image").FillNormal(input.span<float>(), 0, 1);
  EXPECT_LT(Difference(Logits(graph, ParameterStore(), input),
                       Logits(lowered.graph, ParameterStore(), input)),
            0.02);
}

TEST(LowerTest, CastsFloatsToBf16) {
  const Block block;
  LoweringOptions options;
  options.precision = FloatPrecision::kBf16;
  ASSERT_OK_AND_ASSIGN(
      const LoweredNetwork lowered,
      LowerForInference(block.graph, block.parameters, options));
  EXPECT_EQ(Count(lowered.graph, "conv2d_fused"), 2);
  // The image and the logits; weights are constants.
  EXPECT_EQ(Count(lowered.graph, "cast"), 2);
  const Tensor want = Logits(block.graph, block.parameters, block.Input());
  EXPECT_LT(
      Difference(want, Logits(lowered.graph, ParameterStore(), block.Input())),
      0.05 * Largest(want));
}

}  // namespace
}  // namespace assay

#include "harness/graph/rewrites/fuse_group_weights.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/cost.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kInputs = 40, kOutputs = 24;

struct Network {
  Graph graph{StandardOps()};
  ParameterStore parameters;
};

ValueId Packed(GraphBuilder& b, ParameterStore* store, const std::string& name,
               int64_t outputs, int64_t inputs, bool zero_points) {
  RandomStream random(3, name);
  const auto bytes = [&](const std::string& part, Shape shape) {
    Tensor tensor(DType::kU8, shape);
    for (uint8_t& x : tensor.span<uint8_t>()) {
      x = static_cast<uint8_t>(random.Below(256));
    }
    store->Set(name + part, tensor);
    return b.Parameter(name + part, DType::kU8, std::move(shape));
  };
  const int64_t groups = (inputs + 15) / 16;
  const ValueId weights = bytes(".weights", {outputs, groups, 8});
  Tensor scales(DType::kF32, {outputs, groups});
  for (float& x : scales.span<float>()) {
    x = 0.01f + 0.01f * static_cast<float>(random.UniformDouble());
  }
  store->Set(name + ".scales", scales);
  std::vector<ValueId> operands = {
      weights, b.Parameter(name + ".scales", DType::kF32, scales.shape())};
  if (zero_points) {
    operands.push_back(bytes(".zero_points", {outputs, (groups + 1) / 2}));
  }
  return b.Op("dequantize_u4", operands, {{"inputs", inputs}},
              name + ".dequantized");
}

// Two layers, one with zero points and a bias; the second's weights are also
// an embedding.
Network MakeNetwork(int64_t rows = 3) {
  Network net;
  GraphBuilder b(&net.graph);
  const ValueId tokens = b.Input("tokens", DType::kS32, {rows});
  const ValueId head =
      Packed(b, &net.parameters, "head", kOutputs, kInputs, false);
  ValueId v = b.Op("gather", {head, tokens}, {}, "embedded");
  const ValueId weights =
      Packed(b, &net.parameters, "fc", kInputs, kInputs, true);
  Tensor bias(DType::kF32, {kInputs});
  RandomStream(4, "bias").FillNormal(bias.span<float>(), 0, 1);
  net.parameters.Set("fc.bias", bias);
  v = b.Op("linear",
           {v, weights, b.Parameter("fc.bias", DType::kF32, {kInputs})}, {},
           "fc");
  v = b.Op("relu", {v}, {}, "relu");
  b.Output("logits", b.Op("linear", {v, head}, {}, "head"));
  EXPECT_OK(b.status());
  return net;
}

int Count(const Graph& graph, const std::string& op) {
  int count = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    count += graph.node(id).op == op ? 1 : 0;
  }
  return count;
}

Tensor Logits(const Graph& graph, const ParameterStore& parameters) {
  Tensor tokens(DType::kS32, {3});
  for (int i = 0; i < 3; ++i) tokens.data<int32_t>()[i] = 5 * i;
  auto run = Evaluate(graph, {{"tokens", tokens}}, parameters);
  EXPECT_OK(run.status());
  return run->outputs.at("logits");
}

TEST(FuseGroupWeightsTest, LayersReadPackedWeightsAndTheEmbeddingDoesNot) {
  const Network net = MakeNetwork();
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(net.graph, net.parameters));
  EXPECT_EQ(Count(lowered.graph, "linear_u4"), 2);
  EXPECT_EQ(Count(lowered.graph, "dequantize_u4"), 0);
  EXPECT_OK(CompareTensors(Logits(net.graph, net.parameters),
                           Logits(lowered.graph, ParameterStore()), kInputs));
}

TEST(FuseGroupWeightsTest, CanBeSwitchedOff) {
  const Network net = MakeNetwork();
  LoweringOptions options;
  options.group_weights = false;
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(net.graph, net.parameters, options));
  EXPECT_EQ(Count(lowered.graph, "linear_u4"), 0);
  EXPECT_OK(CompareTensors(Logits(net.graph, net.parameters),
                           Logits(lowered.graph, ParameterStore()), kInputs));
}

TEST(FuseGroupWeightsTest, LayersOfManyRowsStay) {
  const Network net = MakeNetwork();
  for (const auto& [most_rows, fused] : {std::pair(2, 0), std::pair(3, 2)}) {
    ASSERT_OK_AND_ASSIGN(const Graph graph,
                         FuseGroupWeights(net.graph, most_rows));
    EXPECT_EQ(Count(graph, "linear_u4"), fused);
  }
}

TEST(FuseGroupWeightsTest, LargeWeightsHaveABoundOfTheirOwn) {
  for (const int64_t rows : {2, 3, 4, 5}) {
    Network net;
    GraphBuilder b(&net.graph);
    constexpr int64_t kWidth = 2048;
    static_assert(kWidth * kWidth == kLargeWeights);
    ValueId v = b.Input("src", DType::kF32, {rows, kWidth});
    v = b.Op("linear",
             {v, Packed(b, &net.parameters, "large", kWidth, kWidth, false)});
    b.Output("logits", b.Op("linear", {v, Packed(b, &net.parameters, "small",
                                                 kOutputs, kWidth, false)}));
    ASSERT_OK(b.status());
    ASSERT_OK_AND_ASSIGN(const Graph graph, FuseGroupWeights(net.graph, 2, 4));
    EXPECT_EQ(Count(graph, "linear_u4"), rows <= 2 ? 2 : rows <= 4 ? 1 : 0);
  }
}

TEST(FuseGroupWeightsTest, SourcesAloneBecomeBf16) {
  const Network net = MakeNetwork(2);
  LoweringOptions options;
  options.precision = FloatPrecision::kBf16;
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(net.graph, net.parameters, options));
  ASSERT_EQ(Count(lowered.graph, "linear_u4"), 2);
  for (NodeId id = 0; id < lowered.graph.node_count(); ++id) {
    const Node& node = lowered.graph.node(id);
    if (node.op != "linear_u4") continue;
    EXPECT_EQ(lowered.graph.type(node.inputs[0]).dtype, DType::kBF16);
    EXPECT_EQ(lowered.graph.type(node.inputs[2]).dtype, DType::kF32);
  }
}

TEST(FuseGroupWeightsTest, WeightsCountAsFourBits) {
  const Network net = MakeNetwork();
  ASSERT_OK_AND_ASSIGN(const Cost cost, CostOf(net.graph, net.parameters));
  // Groups of sixteen: 40 columns are stored as 48.
  const int64_t rows = kOutputs + kInputs;
  const int64_t packed = rows * 48, zero_points = kInputs * 4;
  EXPECT_EQ(cost.parameters, packed + zero_points + rows * 3 + kInputs);
  EXPECT_EQ(cost.bytes,
            packed / 2 + zero_points / 2 + (rows * 3 + kInputs) * 4);
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                       LowerForInference(net.graph, net.parameters));
  EXPECT_EQ(CostOf(lowered.graph).macs, cost.macs);
}

}  // namespace
}  // namespace assay

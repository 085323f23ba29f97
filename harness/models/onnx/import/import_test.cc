#include "harness/models/onnx/import/import.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/roles.h"
#include "harness/graph/verify.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kRefused = absl::StatusCode::kUnimplemented;

using OnnxAttributes = std::map<std::string, OnnxAttribute, std::less<>>;

OnnxNode MakeNode(std::string op, std::vector<std::string> inputs,
                  std::vector<std::string> outputs,
                  OnnxAttributes attributes = {}) {
  return {"",
          std::move(op),
          "",
          std::move(inputs),
          std::move(outputs),
          std::move(attributes)};
}

OnnxTensor Named(std::string name, Tensor value) {
  return {std::move(name), ToOnnxType(value.dtype()), std::move(value)};
}

OnnxTensor Ints(std::string name, std::vector<int64_t> values) {
  const int64_t size = static_cast<int64_t>(values.size());
  return Named(std::move(name), Tensor::From<int64_t>({size}, values));
}

OnnxValueInfo Typed(std::string name, std::vector<OnnxDimension> dimensions,
                    OnnxType type = OnnxType::kFloat) {
  return {std::move(name), type, std::move(dimensions)};
}

// A model with input x [batch, 4] and output y.
OnnxModel Model(std::vector<OnnxNode> nodes,
                std::vector<OnnxTensor> initializers = {}) {
  OnnxModel model;
  model.opsets[""] = 17;
  model.graph.nodes = std::move(nodes);
  model.graph.initializers = std::move(initializers);
  model.graph.inputs = {Typed("x", {{-1, "batch"}, {4, ""}})};
  model.graph.outputs = {{"y", OnnxType::kUndefined, {}}};
  return model;
}

absl::StatusOr<OnnxNetwork> Import(const OnnxModel& model,
                                   const OnnxImportOptions& options = {}) {
  absl::StatusOr<OnnxNetwork> network =
      ImportOnnx(model, options, StandardOps());
  if (network.ok()) {
    EXPECT_OK(Verify(network->graph));
  }
  return network;
}

std::vector<std::string> OpsOf(const Graph& graph) {
  std::vector<std::string> ops;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    ops.push_back(graph.node(id).op);
  }
  return ops;
}

// y on x = 0, 1, 2, ...
Tensor OutputOf(const OnnxNetwork& network) {
  std::map<std::string, Tensor> inputs;
  for (const ValueId id : network.graph.inputs()) {
    Tensor value(DType::kF32, network.graph.shape(id));
    for (int64_t i = 0; i < value.size(); ++i) {
      value.data<float>()[i] = static_cast<float>(i);
    }
    inputs[network.graph.value(id).name] = value;
  }
  auto run = Evaluate(network.graph, inputs, network.parameters);
  EXPECT_OK(run.status());
  return run.ok() ? run->outputs.at("y") : Tensor();
}

TEST(ImportTest, OpenDimensionsTakeTheCallersExtents) {
  OnnxModel model = Model({MakeNode("Relu", {"x"}, {"y"})});
  model.graph.inputs[0].dimensions->push_back({-1, "time"});
  EXPECT_THAT(Import(model), StatusIs(kInvalid, HasSubstr("'time' is open")));
  OnnxImportOptions options;
  options.dimensions["time"] = 7;
  options.batch = 3;
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork by_name, Import(model, options));
  EXPECT_THAT(by_name.graph.shape(0), ElementsAre(3, 4, 7));
  OnnxImportOptions whole;
  whole.shapes["x"] = {2, 4, 5};
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork by_shape, Import(model, whole));
  EXPECT_THAT(by_shape.graph.shape(0), ElementsAre(2, 4, 5));
  whole.shapes["x"] = {2, 3, 5};
  EXPECT_THAT(Import(model, whole), StatusIs(kInvalid, HasSubstr("not fit")));
  options.dimensions["width"] = 1;
  EXPECT_THAT(Import(model, options),
              StatusIs(kInvalid, HasSubstr("'width', which is no open")));
}

TEST(ImportTest, ShapeArithmeticNeverReachesTheGraph) {
  const OnnxModel model = Model(
      {MakeNode("Shape", {"x"}, {"s"}), MakeNode("Gather", {"s", "0"}, {"n"}),
       MakeNode("Unsqueeze", {"n", "axis"}, {"n1"}),
       MakeNode("Concat", {"n1", "rest"}, {"to"}, {{"axis", int64_t{0}}}),
       MakeNode("Reshape", {"x", "to"}, {"y"})},
      {Named("0", Tensor::From<int64_t>({}, {0})), Ints("axis", {0}),
       Ints("rest", {2, -1})});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model));
  EXPECT_THAT(OpsOf(network.graph), ElementsAre("reshape"));
  ASSERT_OK_AND_ASSIGN(const Graph wide, Rebatch(network.graph, 5));
  EXPECT_THAT(wide.shape(wide.outputs()[0].value), ElementsAre(5, 2, 2));
}

TEST(ImportTest, LayersKeepWeightsAsOutputsTimesInputs) {
  const OnnxModel model =
      Model({MakeNode("MatMul", {"x", "w"}, {"h"}),
             MakeNode("Add", {"b", "h"}, {"a"}),
             MakeNode("Gemm", {"a", "v"}, {"y"}, {{"transB", int64_t{1}}})},
            {Named("w", Tensor::From<float>({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})),
             Named("b", Tensor::From<float>({2}, {1, 2})),
             Named("v", Tensor::From<float>({1, 2}, {1, -1}))});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model));
  EXPECT_THAT(OpsOf(network.graph), ElementsAre("linear", "linear"));
  EXPECT_TRUE(BitEqual(*network.parameters.Find("w"),
                       Tensor::From<float>({2, 4}, {1, 3, 5, 7, 2, 4, 6, 8})));
  // (34 + 1) - (40 + 2)
  EXPECT_EQ(OutputOf(network).data<float>()[0], -7);
}

TEST(ImportTest, TransposesBeforeProductsAreFlagsOfThem) {
  const auto transpose = [](const char* from, const char* to) {
    return MakeNode("Transpose", {from}, {to},
                    {{"perm", std::vector<int64_t>{1, 0}}});
  };
  const OnnxModel model =
      Model({transpose("w", "wt"), MakeNode("MatMul", {"x", "wt"}, {"h"}),
             MakeNode("Add", {"h", "b"}, {"a"}), transpose("a", "at"),
             MakeNode("MatMul", {"a", "at"}, {"y"})},
            {Named("w", Tensor::From<float>({2, 4}, {1, 0, 0, 0, 0, 1, 0, 0})),
             Named("b", Tensor::From<float>({2}, {1, 2}))});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model));
  EXPECT_THAT(OpsOf(network.graph), ElementsAre("linear", "matmul"));
  EXPECT_EQ(OutputOf(network).data<float>()[0], 10);  // 1^2 + 3^2
}

TEST(ImportTest, ImportedNetworksDifferentiate) {
  const OnnxModel model =
      Model({MakeNode("Gemm", {"x", "w", "b"}, {"h"}),
             MakeNode("Softplus", {"h"}, {"y"})},
            {Named("w", Tensor::From<float>({4, 1}, {1, 1, 1, 1})),
             Named("b", Tensor::From<float>({2}, {0, 0}))});
  OnnxModel wide = model;
  wide.graph.initializers[0] = Named("w", Tensor::Zeros(DType::kF32, {4, 2}));
  ASSERT_OK_AND_ASSIGN(OnnxNetwork network, Import(wide));
  EXPECT_EQ(TrainableParameters(network.graph).size(), 2u);
  GraphBuilder b(&network.graph);
  const ValueId loss =
      b.ReduceSum(network.graph.outputs()[0].value, {0, 1}, false);
  ASSERT_OK(b.status());
  ASSERT_OK_AND_ASSIGN(
      const auto gradients,
      AddGradients(&network.graph, loss, kNoValue, network.graph.parameters()));
  for (const ValueId gradient : gradients) EXPECT_NE(gradient, kNoValue);
}

TEST(ImportTest, StatisticsOfBatchNormsAreKnownByTheirNames) {
  const auto vector = [](const char* name) {
    return Named(name, Tensor::From<float>({4}, {1, 1, 1, 1}));
  };
  const OnnxModel model =
      Model({MakeNode("BatchNormalization",
                      {"x", "s", "b", "bn.running_mean", "v"}, {"y"})},
            {vector("s"), vector("b"), vector("bn.running_mean"), vector("v")});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model));
  EXPECT_THAT(network.parameters.Names(),
              ElementsAre("b", "bn.mean", "s", "v.variance"));
}

// QDQ around a convolution, per channel.
OnnxModel Quantized() {
  const auto scalar = [](const char* name, float value) {
    return Named(name, Tensor::From<float>({}, {value}));
  };
  OnnxModel model = Model(
      {MakeNode("QuantizeLinear", {"x", "xs", "xz"}, {"xq"}),
       MakeNode("DequantizeLinear", {"xq", "xs", "xz"}, {"xd"}),
       MakeNode("DequantizeLinear", {"w", "ws", "wz"}, {"wd"},
                {{"axis", int64_t{0}}}),
       MakeNode("Conv", {"xd", "wd"}, {"c"}), MakeNode("Relu", {"c"}, {"r"}),
       MakeNode("QuantizeLinear", {"r", "ys", "xz"}, {"yq"}),
       MakeNode("DequantizeLinear", {"yq", "ys", "xz"}, {"y"})},
      {scalar("xs", 0.5f), scalar("ys", 0.25f),
       Named("xz", Tensor::From<uint8_t>({}, {0})),
       Named("w", Tensor::From<int8_t>({2, 3, 1, 1}, {1, 2, 3, -1, 2, -3})),
       Named("ws", Tensor::From<float>({2}, {0.1f, 0.2f})),
       Named("wz", Tensor::From<int8_t>({2}, {0, 0}))});
  model.graph.inputs[0] = Typed("x", {{1, ""}, {3, ""}, {2, ""}, {2, ""}});
  return model;
}

TEST(ImportTest, GroupsOfChannelsAreNormalised) {
  // x is 0, 1, 2, 3: means 0.5 and 2.5, deviations 0.5.
  OnnxModel model =
      Model({MakeNode("GroupNormalization", {"x", "scale", "shift"}, {"y"},
                      {{"num_groups", int64_t{2}}, {"epsilon", 0.0f}})},
            {Named("scale", Tensor::From<float>({4}, {1, 1, 1, 5})),
             Named("shift", Tensor::From<float>({4}, {0, 0, 0, 7}))});
  model.opsets[""] = 21;
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model));
  const Tensor y = OutputOf(network);
  EXPECT_THAT(y.span<float>(), ElementsAre(-1, 1, -1, 12));
  model.graph.nodes[0].attributes["num_groups"] = int64_t{3};
  EXPECT_THAT(Import(model),
              StatusIs(kInvalid, HasSubstr("'num_groups': 3 for [1,4]")));
}

TEST(ImportTest, QdqBecomesIntegerPlans) {
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(Quantized()));
  EXPECT_EQ(network.parameters.Find("w")->dtype(), DType::kS8);
  ASSERT_OK_AND_ASSIGN(const LoweredNetwork plan,
                       LowerForInference(network.graph, network.parameters));
  EXPECT_THAT(OpsOf(plan.graph), ElementsAre("quantize_linear", "conv2d_fused",
                                             "dequantize_linear"));
  EXPECT_TRUE(plan.left_in_float.empty());
}

std::shared_ptr<const OnnxGraph> Body(std::vector<OnnxNode> nodes,
                                      std::vector<std::string> outputs,
                                      std::vector<std::string> inputs = {}) {
  auto graph = std::make_shared<OnnxGraph>();
  graph->nodes = std::move(nodes);
  for (auto& name : inputs) graph->inputs.push_back(Typed(name, {}));
  for (auto& name : outputs) {
    graph->outputs.push_back({name, OnnxType::kUndefined, {}});
  }
  return graph;
}

TEST(ImportTest, BranchesAreChosenAtImportOrAtRunTime) {
  const OnnxAttributes branches = {
      {"then_branch", Body({MakeNode("Add", {"x", "x"}, {"t"})}, {"t"})},
      {"else_branch", Body({MakeNode("Neg", {"x"}, {"e"})}, {"e"})}};
  const OnnxModel known = Model({MakeNode("If", {"c"}, {"y"}, branches)},
                                {Named("c", Tensor::Zeros(DType::kBool, {}))});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork one, Import(known));
  EXPECT_THAT(OpsOf(one.graph), ElementsAre("neg"));
  const OnnxModel open =
      Model({MakeNode("ReduceMax", {"x"}, {"m"}, {{"keepdims", int64_t{0}}}),
             MakeNode("Greater", {"m", "two"}, {"c"}),
             MakeNode("If", {"c"}, {"y"}, branches)},
            {Named("two", Tensor::From<float>({}, {2}))});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork both, Import(open));
  EXPECT_EQ(OutputOf(both).data<float>()[3], 6);
  // The same condition on an input whose value the caller gives.
  OnnxModel bound = Model({MakeNode("If", {"c"}, {"y"}, branches)});
  bound.graph.inputs.push_back(Typed("c", {}, OnnxType::kBool));
  bound.graph.nodes[0].attributes["else_branch"] =
      Body({MakeNode("Reshape", {"x", "s"}, {"e"})}, {"e"});
  bound.graph.initializers.push_back(Ints("s", {-1}));
  EXPECT_THAT(Import(bound), StatusIs(kRefused, HasSubstr("at run time")));
}

TEST(ImportTest, LoopsAreWrittenOut) {
  const auto loop = [](int64_t trips) {
    OnnxModel model =
        Model({MakeNode("Loop", {"trips", "go", "x"}, {"y"},
                        {{"body", Body({MakeNode("Identity", {"c"}, {"c2"}),
                                        MakeNode("Add", {"v", "x"}, {"v2"})},
                                       {"c2", "v2"}, {"i", "c", "v"})}})},
              {Named("trips", Tensor::From<int64_t>({}, {trips})),
               Named("go", Tensor::From<int32_t>({}, {1}).Cast(DType::kBool))});
    return model;
  };
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(loop(3)));
  EXPECT_THAT(OpsOf(network.graph), ElementsAre("add", "add", "add"));
  EXPECT_THAT(Import(loop(int64_t{1} << 60)),
              StatusIs(kRefused, HasSubstr("iterations")));
}

TEST(ImportTest, InputsThatShapesDependOnAreBound) {
  OnnxModel model =
      Model({MakeNode("Cast", {"s"}, {"to"}, {{"to", int64_t{7}}}),
             MakeNode("Reshape", {"x", "to"}, {"y"})});
  model.graph.inputs.push_back(Typed("s", {{1, ""}}, OnnxType::kInt32));
  EXPECT_THAT(Import(model), StatusIs(kRefused, HasSubstr("value of input s")));
  OnnxImportOptions options;
  options.values["s"] = Tensor::From<int32_t>({1}, {-1});
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model, options));
  EXPECT_THAT(network.bound, ElementsAre("s"));
  EXPECT_EQ(network.graph.inputs().size(), 1u);
  options.values["s"] = Tensor::From<float>({1}, {-1});
  EXPECT_THAT(Import(model, options),
              StatusIs(kInvalid, HasSubstr("expected a value of INT32")));
}

TEST(ImportTest, RefusesAllUnknownOpsAtOnce) {
  OnnxModel model =
      Model({MakeNode("Fly", {"x"}, {"a"}), MakeNode("Fly", {"a"}, {"b"}),
             MakeNode("Swim", {"b"}, {"y"})});
  model.graph.nodes[2].domain = "sea";
  EXPECT_THAT(Import(model),
              StatusIs(kRefused, AllOf(HasSubstr("Fly (2 nodes)"),
                                       HasSubstr("sea.Swim"))));
  model = Model({MakeNode("Hardmax", {"x"}, {"y"})});
  model.opsets[""] = 11;
  EXPECT_THAT(Import(model),
              StatusIs(kRefused, HasSubstr("Hardmax of opset 11")));
  model.opsets[""] = 99;
  EXPECT_THAT(Import(model), StatusIs(kRefused, HasSubstr("opset 99")));
}

TEST(ImportTest, FunctionsOfTheModelAreWrittenOut) {
  OnnxModel model = Model({MakeNode("Twice", {"x"}, {"y"})});
  model.graph.nodes[0].domain = "mine";
  OnnxFunction twice;
  twice.name = "Twice";
  twice.domain = "mine";
  twice.inputs = {"a"};
  twice.outputs = {"b"};
  twice.nodes = {MakeNode("Add", {"a", "a"}, {"b"})};
  model.functions.push_back(twice);
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network, Import(model));
  EXPECT_THAT(OpsOf(network.graph), ElementsAre("add"));
  model.functions[0].nodes[0] = MakeNode("Twice", {"a"}, {"b"});
  model.functions[0].nodes[0].domain = "mine";
  EXPECT_THAT(Import(model), StatusIs(kRefused, HasSubstr("nested deeper")));
}

// --- Models that make no sense.

TEST(BadModelTest, CyclesAndMissingValuesNameTheNode) {
  EXPECT_THAT(Import(Model({MakeNode("Relu", {"b"}, {"a"}),
                            MakeNode("Relu", {"a"}, {"b"}),
                            MakeNode("Add", {"x", "b"}, {"y"})})),
              StatusIs(kInvalid, AllOf(HasSubstr("node 'a' (Relu)"),
                                       HasSubstr("cycle"))));
  EXPECT_THAT(Import(Model({MakeNode("Conv", {"x", "weights"}, {"y"})})),
              StatusIs(kInvalid, AllOf(HasSubstr("node 'y' (Conv)"),
                                       HasSubstr("gives 'weights'"))));
  EXPECT_THAT(Import(Model({MakeNode("Relu", {"x"}, {"z"})})),
              StatusIs(kInvalid, HasSubstr("gives 'y'")));
}

TEST(BadModelTest, NamesAreGivenOnce) {
  EXPECT_THAT(Import(Model({MakeNode("Relu", {"x"}, {"a"}),
                            MakeNode("Neg", {"x"}, {"a"}),
                            MakeNode("Add", {"a", "a"}, {"y"})})),
              StatusIs(kInvalid, HasSubstr("name that is taken")));
  OnnxModel model = Model({MakeNode("Relu", {"x"}, {"y"})});
  model.graph.inputs.push_back(model.graph.inputs[0]);
  EXPECT_THAT(Import(model), StatusIs(kInvalid, HasSubstr("input 'x'")));
}

TEST(BadModelTest, AttributesOfOtherKindsOrNames) {
  EXPECT_THAT(
      Import(Model({MakeNode("Softmax", {"x"}, {"y"}, {{"axis", 1.0f}})})),
      StatusIs(kInvalid,
               AllOf(HasSubstr("node 'y' (Softmax)"),
                     HasSubstr("'axis': expected an integer, got a real"))));
  EXPECT_THAT(
      Import(Model({MakeNode("Relu", {"x"}, {"y"}, {{"slope", 1.0f}})})),
      StatusIs(kRefused, HasSubstr("attribute 'slope' is not known")));
  EXPECT_THAT(Import(Model(
                  {MakeNode("Softmax", {"x"}, {"y"}, {{"axis", int64_t{5}}})})),
              StatusIs(kInvalid, HasSubstr("axis")));
}

TEST(BadModelTest, OperandsOfOtherTypesOrCounts) {
  EXPECT_THAT(Import(Model({MakeNode("Add", {"x"}, {"y"})})),
              StatusIs(kInvalid, HasSubstr("expected 2 to 2 operands")));
  EXPECT_THAT(Import(Model({MakeNode("Add", {"x", "n"}, {"y"})},
                           {Ints("n", {1, 2, 3, 4})})),
              StatusIs(kInvalid, HasSubstr("node 'y' (Add)")));
  OnnxModel half = Model({MakeNode("Add", {"x", "h"}, {"y"})});
  half.graph.initializers.push_back({"h", OnnxType::kFloat16, {}});
  EXPECT_THAT(Import(half), StatusIs(kRefused, HasSubstr("'h': FLOAT16")));
}

TEST(BadModelTest, ScalarsWhereAxesAreCut) {
  EXPECT_THAT(
      Import(Model({MakeNode("OneHot", {"i", "depth", "values"}, {"y"})},
                   {Ints("i", {1}), Ints("depth", {3}),
                    Named("values", Tensor::From<float>({}, {1}))})),
      StatusIs(kInvalid, HasSubstr("expected a tensor with axis 0")));
}

TEST(BadModelTest, AbsurdSizesAreRefusedBeforeMemoryIsAskedFor) {
  EXPECT_THAT(Import(Model({MakeNode("Expand", {"x", "to"}, {"y"})},
                           {Ints("to", {1 << 20, 1 << 20, 1, 4})})),
              StatusIs(kInvalid, HasSubstr("node 'y' (Expand)")));
  OnnxModel model = Model({MakeNode("Relu", {"x"}, {"y"})});
  model.graph.inputs[0] = Typed("x", {{int64_t{1} << 40, ""}, {4, ""}});
  EXPECT_THAT(Import(model), StatusIs(kInvalid, HasSubstr("input 'x'")));
  EXPECT_THAT(Import(Model({MakeNode("ConstantOfShape", {"n"}, {"c"}),
                            MakeNode("NonZero", {"c"}, {"y"})},
                           {Ints("n", {int64_t{1} << 33})})),
              StatusIs(kInvalid, HasSubstr("(ConstantOfShape)")));
}

}  // namespace
}  // namespace assay

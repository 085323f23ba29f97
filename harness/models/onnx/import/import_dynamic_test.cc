#include "harness/models/onnx/import/import_dynamic.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/interpreter.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using Values = std::map<std::string, Tensor>;

OnnxNode Node(const std::string& op, std::vector<std::string> inputs,
              std::vector<std::string> outputs) {
  OnnxNode node;
  node.op = op;
  node.name = outputs[0];
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  return node;
}

OnnxValueInfo Info(const std::string& name, OnnxType type,
                   std::vector<OnnxDimension> dimensions = {}) {
  return {name, type, std::move(dimensions)};
}

OnnxTensor Scalar(const std::string& name, Tensor value) {
  return {name, ToOnnxType(value.dtype()), std::move(value)};
}

std::shared_ptr<const OnnxGraph> Shared(OnnxGraph graph) {
  return std::make_shared<const OnnxGraph>(std::move(graph));
}

// One node that makes `result`.
OnnxGraph Branch(const std::string& op, std::vector<std::string> inputs,
                 const std::string& result) {
  OnnxGraph graph;
  graph.nodes = {Node(op, std::move(inputs), {result})};
  graph.outputs = {Info(result, OnnxType::kFloat)};
  return graph;
}

OnnxModel Model() {
  OnnxModel model;
  model.opsets[""] = 17;
  return model;
}

Tensor Real(float value) { return Tensor::From<float>({}, {value}); }

// The interpreter's outputs, which those of a plan must equal.
absl::StatusOr<Values> RunModel(const OnnxModel& model, const Values& inputs) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxDynamicNetwork network,
                         ImportDynamicOnnx(model, {}, StandardOps()));
  Interpreter interpreter(&network.graph, &network.parameters);
  ASSAY_ASSIGN_OR_RETURN(DynamicResult want, interpreter.Run(inputs));
  ASSAY_ASSIGN_OR_RETURN(const auto device, MakeDevice("cpu"));
  for (const int64_t unroll : {64, 0}) {
    ASSAY_ASSIGN_OR_RETURN(HostModule module,
                           BuildHostModule(network.graph, network.parameters,
                                           {.unroll_limit = unroll}));
    ASSAY_ASSIGN_OR_RETURN(const auto program,
                           DynamicProgram::Make(device.get(), std::move(module),
                                                network.parameters));
    ASSAY_ASSIGN_OR_RETURN(const DynamicResult got, program->Run(inputs));
    for (const auto& [name, value] : want.outputs) {
      EXPECT_TRUE(BitEqual(value, got.outputs.at(name))) << name;
    }
  }
  return want.outputs;
}

// y = x > 0 ? x + 1 : -x
OnnxModel Conditional() {
  OnnxModel model = Model();
  model.graph.inputs = {Info("x", OnnxType::kFloat)};
  model.graph.outputs = {Info("y", OnnxType::kFloat)};
  model.graph.initializers = {Scalar("zero", Real(0)), Scalar("one", Real(1))};
  OnnxNode choice = Node("If", {"positive"}, {"y"});
  choice.attributes["then_branch"] = Shared(Branch("Add", {"x", "one"}, "a"));
  choice.attributes["else_branch"] = Shared(Branch("Neg", {"x"}, "b"));
  model.graph.nodes = {Node("Greater", {"x", "zero"}, {"positive"}), choice};
  return model;
}

TEST(ImportDynamicTest, ARunDecidesWhichBranchRuns) {
  const OnnxModel model = Conditional();
  EXPECT_TRUE(HasControlFlow(model));
  ASSERT_OK_AND_ASSIGN(const OnnxDynamicNetwork network,
                       ImportDynamicOnnx(model, {}, StandardOps()));
  EXPECT_TRUE(Decides(network.graph));
  for (const float x : {3.0f, -5.0f}) {
    ASSERT_OK_AND_ASSIGN(const Values got, RunModel(model, {{"x", Real(x)}}));
    EXPECT_EQ(got.at("y").data<float>()[0], x > 0 ? x + 1 : -x);
  }
}

TEST(ImportDynamicTest, AKnownConditionDecidesAtImport) {
  OnnxModel model = Conditional();
  model.graph.nodes[0] = Node("Greater", {"one", "zero"}, {"positive"});
  ASSERT_OK_AND_ASSIGN(const OnnxDynamicNetwork network,
                       ImportDynamicOnnx(model, {}, StandardOps()));
  EXPECT_FALSE(Decides(network.graph));
  ASSERT_OK_AND_ASSIGN(const Values got, RunModel(model, {{"x", Real(-5)}}));
  EXPECT_EQ(got.at("y").data<float>()[0], -4);
}

// y = positive ? x + 1 : -pair, of other shapes.
OnnxModel Parting() {
  OnnxModel model = Conditional();
  model.graph.inputs.push_back(Info("pair", OnnxType::kFloat, {{2, ""}}));
  model.graph.nodes[1].attributes["else_branch"] =
      Shared(Branch("Neg", {"pair"}, "b"));
  return model;
}

void ExpectY(const OnnxModel& model, float x, std::vector<float> want) {
  ASSERT_OK_AND_ASSIGN(
      const Values got,
      RunModel(model,
               {{"x", Real(x)}, {"pair", Tensor::From<float>({2}, {3, 4})}}));
  const auto y = got.at("y").span<float>();
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()), want);
}

TEST(ImportDynamicTest, BranchesOfOtherTypesGiveOutputsOfTheirs) {
  const OnnxModel model = Parting();
  ExpectY(model, 1, {2});
  ExpectY(model, -1, {-3, -4});
}

// z as Parting's y, and its sum.
OnnxModel PartingSum() {
  OnnxModel model = Parting();
  model.graph.nodes[1].outputs = {"z"};
  model.graph.nodes.push_back(Node("ReduceSum", {"z"}, {"sum"}));
  model.graph.nodes.back().attributes["keepdims"] = int64_t{0};
  return model;
}

TEST(ImportDynamicTest, WhatFollowsBranchesOfOtherTypesMayJoinThem) {
  OnnxModel model = PartingSum();
  model.graph.nodes.push_back(Node("Neg", {"sum"}, {"y"}));
  ExpectY(model, 1, {-2});
  ExpectY(model, -1, {7});
}

TEST(ImportDynamicTest, BranchesMayGiveOtherTypesTwice) {
  OnnxModel model = PartingSum();
  OnnxNode choice = Node("If", {"positive"}, {"y"});
  choice.attributes["then_branch"] = Shared(Branch("Neg", {"sum"}, "c"));
  choice.attributes["else_branch"] =
      Shared(Branch("Add", {"sum", "pair"}, "d"));
  model.graph.nodes.push_back(choice);
  ExpectY(model, 1, {-2});
  ExpectY(model, -1, {-4, -3});
}

// PartingSum's sum, added to a pair or not and summed again, and again.
OnnxModel Partings(int count) {
  OnnxModel model = PartingSum();
  std::string sum = "sum";
  for (int i = 1; i < count; ++i) {
    const std::string joint = absl::StrCat("z", i), next = absl::StrCat("s", i);
    OnnxNode choice = Node("If", {"positive"}, {joint});
    choice.attributes["then_branch"] = Shared(Branch("Neg", {sum}, "c"));
    choice.attributes["else_branch"] =
        Shared(Branch("Add", {sum, "pair"}, "d"));
    model.graph.nodes.push_back(choice);
    model.graph.nodes.push_back(Node("ReduceSum", {joint}, {next}));
    model.graph.nodes.back().attributes["keepdims"] = int64_t{0};
    sum = next;
  }
  model.graph.nodes.push_back(Node("Neg", {sum}, {"y"}));
  return model;
}

TEST(ImportDynamicTest, CopiesOfWhatFollowsHaveABound) {
  ExpectY(Partings(3), 1, {-2});
  EXPECT_OK(ImportDynamicOnnx(Partings(8), {}, StandardOps()).status());
  EXPECT_THAT(
      ImportDynamicOnnx(Partings(9), {}, StandardOps()),
      StatusIs(absl::StatusCode::kUnimplemented,
               HasSubstr("what stands behind it is imported twice, and with "
                         "the Ifs before it more than 255 times")));
}

TEST(ImportDynamicTest, BranchesOfOtherTypesWithinALoopAreRefused) {
  OnnxModel model = Model();
  model.graph.inputs = {Info("trips", OnnxType::kInt64),
                        Info("x", OnnxType::kFloat),
                        Info("pair", OnnxType::kFloat, {{2, ""}})};
  model.graph.outputs = {Info("y", OnnxType::kFloat)};
  model.graph.initializers = {Scalar("zero", Real(0))};
  OnnxGraph body;
  body.inputs = {Info("i", OnnxType::kInt64), Info("c", OnnxType::kBool),
                 Info("v", OnnxType::kFloat)};
  OnnxNode choice = Node("If", {"positive"}, {"w"});
  choice.attributes["then_branch"] = Shared(Branch("Neg", {"v"}, "a"));
  choice.attributes["else_branch"] = Shared(Branch("Neg", {"pair"}, "b"));
  body.nodes = {Node("Identity", {"c"}, {"again"}),
                Node("Greater", {"v", "zero"}, {"positive"}), choice};
  body.outputs = {Info("again", OnnxType::kBool), Info("w", OnnxType::kFloat)};
  OnnxNode loop = Node("Loop", {"trips", "", "x"}, {"y"});
  loop.attributes["body"] = Shared(std::move(body));
  model.graph.nodes = {loop};
  EXPECT_THAT(ImportDynamicOnnx(model, {}, StandardOps()),
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("node 'w' (If): its branches give other "
                                 "types, and what comes of them behind it, "
                                 "'w', is f32[] after one and f32[2]")));
}

// x := x * 2, n := n + i, while x < limit, at most `trips` times.
OnnxModel Doubling(bool has_trips, bool has_condition) {
  OnnxModel model = Model();
  model.graph.inputs = {Info("trips", OnnxType::kInt64),
                        Info("x", OnnxType::kFloat),
                        Info("limit", OnnxType::kFloat)};
  model.graph.outputs = {Info("doubled", OnnxType::kFloat),
                         Info("sum", OnnxType::kInt64)};
  model.graph.initializers = {Scalar("two", Real(2)),
                              Scalar("zero", Tensor::From<int64_t>({}, {0}))};
  OnnxGraph body;
  body.inputs = {Info("i", OnnxType::kInt64), Info("c", OnnxType::kBool),
                 Info("v", OnnxType::kFloat), Info("n", OnnxType::kInt64)};
  body.nodes = {Node("Mul", {"v", "two"}, {"w"}),
                Node("Add", {"n", "i"}, {"m"}),
                has_condition ? Node("Less", {"w", "limit"}, {"again"})
                              : Node("Identity", {"c"}, {"again"})};
  body.outputs = {Info("again", OnnxType::kBool), Info("w", OnnxType::kFloat),
                  Info("m", OnnxType::kInt64)};
  OnnxNode loop = Node(
      "Loop",
      {has_trips ? "trips" : "", has_condition ? "start" : "", "x", "zero"},
      {"doubled", "sum"});
  loop.attributes["body"] = Shared(std::move(body));
  model.graph.nodes = {Node("Less", {"x", "limit"}, {"start"}), loop};
  return model;
}

void ExpectDoubled(const OnnxModel& model, int64_t trips, float limit,
                   float doubled, int64_t sum) {
  ASSERT_OK_AND_ASSIGN(
      const Values got,
      RunModel(model, {{"trips", Tensor::From<int64_t>({}, {trips})},
                       {"x", Real(3)},
                       {"limit", Real(limit)}}));
  EXPECT_EQ(got.at("doubled").data<float>()[0], doubled);
  EXPECT_EQ(got.at("sum").data<int64_t>()[0], sum);
}

TEST(ImportDynamicTest, ARunDecidesHowOftenALoopRuns) {
  const OnnxModel by_count = Doubling(true, false);
  ExpectDoubled(by_count, 4, 0, 48, 6);
  ExpectDoubled(by_count, 0, 0, 3, 0);
  ExpectDoubled(by_count, -1, 0, 3, 0);
  const OnnxModel by_condition = Doubling(false, true);
  ExpectDoubled(by_condition, 0, 20, 24, 3);
  ExpectDoubled(by_condition, 0, 2, 3, 0);
  const OnnxModel by_both = Doubling(true, true);
  ExpectDoubled(by_both, 2, 20, 12, 1);
  ExpectDoubled(by_both, 9, 20, 24, 3);
}

TEST(ImportDynamicTest, AKnownTripCountIsWrittenOut) {
  OnnxModel model = Doubling(true, false);
  model.graph.inputs.erase(model.graph.inputs.begin());
  model.graph.initializers.push_back(
      Scalar("trips", Tensor::From<int64_t>({}, {3})));
  ASSERT_OK_AND_ASSIGN(const OnnxDynamicNetwork network,
                       ImportDynamicOnnx(model, {}, StandardOps()));
  EXPECT_FALSE(Decides(network.graph));
}

TEST(ImportDynamicTest, ACarriedValueThatGrowsIsRefused) {
  OnnxModel model = Model();
  model.graph.inputs = {Info("trips", OnnxType::kInt64),
                        Info("x", OnnxType::kFloat, {{1, ""}})};
  model.graph.outputs = {Info("y", OnnxType::kFloat)};
  OnnxGraph body;
  body.inputs = {Info("i", OnnxType::kInt64), Info("c", OnnxType::kBool),
                 Info("v", OnnxType::kFloat)};
  OnnxNode concat = Node("Concat", {"v", "x"}, {"w"});
  concat.attributes["axis"] = int64_t{0};
  body.nodes = {concat, Node("Identity", {"c"}, {"again"})};
  body.outputs = {Info("again", OnnxType::kBool), Info("w", OnnxType::kFloat)};
  OnnxNode loop = Node("Loop", {"trips", "", "x"}, {"y"});
  loop.attributes["body"] = Shared(std::move(body));
  model.graph.nodes = {loop};
  EXPECT_THAT(ImportDynamicOnnx(model, {}, StandardOps()),
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("carried value 0 is f32[1] before an "
                                 "iteration and f32[2] behind it")));
}

TEST(ImportDynamicTest, AWeightThatTwoPiecesStoreDifferentlyStandsTwice) {
  OnnxModel model = Conditional();
  model.graph.inputs = {Info("x", OnnxType::kFloat, {{2, ""}, {2, ""}}),
                        Info("flag", OnnxType::kBool)};
  model.graph.initializers = {
      Scalar("w", Tensor::From<float>({2, 2}, {1, 2, 3, 4}))};
  // MatMul keeps its weights transposed, Add does not.
  OnnxNode choice = Node("If", {"flag"}, {"y"});
  choice.attributes["then_branch"] = Shared(Branch("MatMul", {"x", "w"}, "a"));
  choice.attributes["else_branch"] = Shared(Branch("Add", {"x", "w"}, "b"));
  model.graph.nodes = {choice};
  const Tensor x = Tensor::From<float>({2, 2}, {1, 0, 0, 1});
  for (const bool flag : {true, false}) {
    ASSERT_OK_AND_ASSIGN(
        const Values got,
        RunModel(model, {{"x", x}, {"flag", Tensor::From<bool>({}, {flag})}}));
    EXPECT_EQ(got.at("y").data<float>()[1], 2);
    EXPECT_EQ(got.at("y").data<float>()[0], flag ? 1 : 2);
  }
}

}  // namespace
}  // namespace assay

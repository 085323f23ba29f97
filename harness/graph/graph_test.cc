#include "harness/graph/graph.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/testing/toy_ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr DType kF32 = DType::kF32;

std::string ErrorOf(const absl::Status& status) {
  return std::string(status.message());
}

TEST(AttributesTest, PrintsSortedAndExactly) {
  const Attributes attributes = {{"b", 1e-5},
                                 {"a", int64_t{3}},
                                 {"t", std::string("x\"\n")},
                                 {"i", std::vector<int64_t>{1, -2}},
                                 {"r", std::vector<double>{0.1, 2}}};
  EXPECT_EQ(attributes.ToString(),
            "{a=3, b=1e-05, i=[1,-2], r=[0.1,2.0], t=\"x\\\"\\n\"}");
}

TEST(AttributesTest, RealsNeverLookLikeIntegers) {
  EXPECT_EQ(RealToString(2), "2.0");
  EXPECT_EQ(RealToString(-0.0), "-0.0");
  EXPECT_EQ(RealToString(1e300), "1e+300");
  EXPECT_EQ(RealToString(std::numeric_limits<double>::infinity()), "inf");
}

TEST(AttributesTest, GettersReturnThePresetWhenAbsent) {
  const Attributes attributes = {{"axis", int64_t{2}}};
  EXPECT_EQ(attributes.Int("axis", 0), 2);
  EXPECT_EQ(attributes.Int("keep", 7), 7);
  EXPECT_EQ(attributes.Text("mode", "none"), "none");
  EXPECT_THAT(attributes.Ints("pads", {1, 1}), ElementsAre(1, 1));
}

TEST(AttributesDeathTest, AnotherTypeAborts) {
  const Attributes attributes = {{"axis", int64_t{2}}};
  EXPECT_DEATH(attributes.Real("axis", 0), "'axis' has type int");
}

TEST(GraphTest, NamesAreMadeUnique) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2});
  const ValueId first = b.Op("tanh", {x});
  const ValueId second = b.Op("tanh", {x});
  const ValueId named = b.Op("tanh", {x}, {}, "x");
  EXPECT_EQ(graph.value(first).name, "tanh");
  EXPECT_EQ(graph.value(second).name, "tanh_2");
  EXPECT_EQ(graph.value(named).name, "x_2");
  EXPECT_EQ(graph.FindValue("tanh_2"), second);
  EXPECT_EQ(graph.FindValue("absent"), kNoValue);
}

TEST(GraphTest, EveryResultOfANodeHasAName) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const std::vector<ValueId> halves =
      b.Ops("split", {b.Input("x", kF32, {3, 4})}, {}, "half");
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(graph.value(halves[0]).name, "half");
  EXPECT_EQ(graph.value(halves[1]).name, "half.1");
  EXPECT_EQ(ToString(graph.type(halves[1])), "f32[3,2]");
}

TEST(GraphTest, AParameterIsOneValueUnderItsName) {
  Graph graph(ToyOps());
  const auto first = graph.AddParameter("w", {kF32, {2, 3}});
  const auto again = graph.AddParameter("w", {kF32, {2, 3}});
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(graph.parameters().size(), 1u);
  EXPECT_THAT(ErrorOf(graph.AddParameter("w", {kF32, {3, 2}}).status()),
              HasSubstr("f32[3,2], got a parameter of f32[2,3]"));
  EXPECT_FALSE(graph.AddInput("w", {kF32, {2}}).ok());
}

TEST(GraphTest, RefusesWhatTheSchemaDoesNotKnow) {
  Graph graph(ToyOps());
  const ValueId x = *graph.AddInput("x", {kF32, {2, 3}});
  const auto error = [&](std::string op, std::vector<ValueId> inputs,
                         Attributes attributes) {
    return ErrorOf(graph.AddNode(op, inputs, attributes, "n").status());
  };
  EXPECT_EQ(error("conv9", {x}, {}), "node 'n': unknown op 'conv9'");
  EXPECT_EQ(error("add", {x}, {}),
            "node 'n' (add): expected 2 to 2 operands (a b), got 1");
  EXPECT_EQ(error("add", {x, 99}, {}),
            "node 'n' (add): operand 1 (b): no value 99");
  EXPECT_EQ(error("add", {kNoValue, x}, {}),
            "node 'n' (add): operand 0 (a) is missing");
  EXPECT_EQ(error("matmul", {x, x}, {{"transpose", int64_t{1}}}),
            "node 'n' (matmul): unknown attribute 'transpose'; known: "
            "transpose_a transpose_b");
  EXPECT_EQ(error("matmul", {x, x}, {{"transpose_a", 1.0}}),
            "node 'n' (matmul): attribute 'transpose_a': expected int, got "
            "real 1.0");
  EXPECT_EQ(error("matmul", {x, x}, {}),
            "node 'n' (matmul): inner extents differ [operands f32[2,3] "
            "f32[2,3]; {}]");
  EXPECT_EQ(graph.node_count(), 0);
}

TEST(GraphTest, OutputsAndUpdatesAreChecked) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2});
  const ValueId w = b.Parameter("w", kF32, {2});
  const ValueId y = b.Mul(x, w);
  EXPECT_TRUE(graph.AddOutput("y", y).ok());
  EXPECT_EQ(ErrorOf(graph.AddOutput("y", x)), "output 'y' exists already");
  EXPECT_FALSE(graph.AddOutput("z", 42).ok());
  EXPECT_TRUE(graph.AddUpdate(w, y).ok());
  EXPECT_EQ(ErrorOf(graph.AddUpdate(w, x)), "parameter 'w' is updated twice");
  EXPECT_EQ(ErrorOf(graph.AddUpdate(x, y)), "update of 'x': not a parameter");
  EXPECT_EQ(graph.FindOutput("y"), y);
  EXPECT_EQ(graph.FindOutput("x"), kNoValue);
  graph.ClearOutputs();
  graph.ClearUpdates();
  EXPECT_EQ(graph.FindOutput("y"), kNoValue);
  EXPECT_TRUE(graph.AddOutput("y", x).ok());
  EXPECT_TRUE(graph.AddUpdate(w, w).ok());
}

TEST(GraphTest, InferTypesFollowsAChangedInput) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2, 3});
  const ValueId y =
      b.Op("tanh", {b.Op("matmul", {x, b.Parameter("w", kF32, {3, 5})})});
  ASSERT_TRUE(b.ok()) << b.status();
  graph.mutable_value(x)->type.shape = {8, 3};
  ASSERT_TRUE(graph.InferTypes().ok());
  EXPECT_EQ(graph.shape(y), (Shape{8, 5}));
  graph.mutable_value(x)->type.shape = {8, 4};
  EXPECT_THAT(ErrorOf(graph.InferTypes()), HasSubstr("node 'matmul' (matmul)"));
}

TEST(GraphTest, ConsumersListsEachReaderOnce) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2});
  b.Mul(x, x);
  b.Op("tanh", {b.Op("tanh", {x})});
  EXPECT_THAT(graph.Consumers(x), ElementsAre(0, 1));
}

TEST(GraphTest, CopiesAreIndependent) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2});
  Graph copy = graph;
  GraphBuilder(&copy).Op("tanh", {x});
  EXPECT_EQ(graph.node_count(), 0);
  EXPECT_EQ(copy.node_count(), 1);
}

TEST(GraphBuilderTest, TheFirstErrorSticks) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2});
  const ValueId bad = b.Op("nonsense", {x});
  EXPECT_EQ(bad, kNoValue);
  EXPECT_EQ(b.Scale(b.Add(bad, x), 2), kNoValue);
  b.Output("y", bad);
  EXPECT_THAT(ErrorOf(b.status()), HasSubstr("nonsense"));
  EXPECT_EQ(graph.node_count(), 0);
}

TEST(OpSetDeathTest, ANameTwiceAborts) {
  OpSet ops;
  OpSchema schema;
  schema.name = "add";
  ops.Add(schema);
  EXPECT_DEATH(ops.Add(schema), "'add' is listed twice");
}

}  // namespace
}  // namespace assay

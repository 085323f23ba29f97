#include "harness/dynamic/dynamic_graph.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

const TensorType kPair = {DType::kF32, {1, 2}};

// y = op(x)
Graph Piece(const std::string& op) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  b.Output("y", b.Op(op, {b.Input("x", DType::kF32, {1, 2})}));
  graph.set_name(op);
  return graph;
}

MATCHER_P(IsInvalid, message, "") {
  return testing::ExplainMatchResult(
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)), arg,
      result_listener);
}

TEST(DynamicGraphTest, SitesAreNumberedInTheOrderOfTheSource) {
  DynamicBuilder b(StandardOps(), "sites");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair);
  const Predicate sure = {PredicateKind::kMaxProbability, x, 0.9};
  b.While(sure, 3, [&] { b.If(sure, [] {}); });
  b.If(sure, [] {});
  b.Return({x});
  ASSERT_OK_AND_ASSIGN(const DynamicGraph graph, b.Finish());
  EXPECT_EQ(SiteCount(graph), 3);
  EXPECT_EQ(graph.body[0].site, 0);
  EXPECT_EQ(graph.body[0].body[0].site, 1);
  EXPECT_EQ(graph.body[1].site, 2);
}

TEST(DynamicGraphTest, NamesOfVariablesGiveWay) {
  DynamicGraph graph;
  EXPECT_EQ(graph.NewVariable("x"), 0);
  EXPECT_EQ(graph.NewVariable("x"), 1);
  EXPECT_EQ(graph.NameOf(1), "x_2");
  EXPECT_EQ(graph.Find("x_2"), 1);
  EXPECT_EQ(graph.Find("y"), kNoVariable);
}

TEST(VerifyDynamicTest, AVariableMustBeAssignedOnEveryPath) {
  DynamicBuilder b(StandardOps(), "paths");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair), y = b.Variable("y");
  b.If({PredicateKind::kMargin, x, 0.1}, [&] { b.Copy(y, x); });
  b.Return({y});
  EXPECT_THAT(b.Finish(),
              IsInvalid("statement 2 (return): 'y' is read, and not "
                        "assigned on every path"));
}

TEST(VerifyDynamicTest, APathThatReturnsNeedsNoAssignment) {
  DynamicBuilder b(StandardOps(), "paths");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair), y = b.Variable("y");
  b.If(
      {PredicateKind::kMargin, x, 0.1}, [&] { b.Copy(y, x); },
      [&] { b.Return({x}); });
  b.Return({y});
  EXPECT_OK(b.Finish());
}

TEST(VerifyDynamicTest, AWhileMayRunNoTimeAForRunsOnce) {
  for (const bool bounded : {true, false}) {
    DynamicBuilder b(StandardOps(), "loops");
    b.Outputs({"y"});
    const VariableId x = b.Input("x", kPair), y = b.Variable("y");
    if (bounded) {
      b.For(2, [&](VariableId) { b.Copy(y, x); });
    } else {
      b.While({PredicateKind::kMargin, x, 0.1}, 2, [&] { b.Copy(y, x); });
    }
    b.Return({y});
    EXPECT_EQ(b.Finish().ok(), bounded);
  }
}

TEST(VerifyDynamicTest, BehindBranchesIsAssignedWhatBothAssign) {
  const auto finish = [](VariableId read_of_abc) {
    DynamicBuilder b(StandardOps(), "branches");
    b.Outputs({"y"});
    const VariableId x = b.Input("x", kPair);
    const VariableId abc[] = {b.Variable("a"), b.Variable("b"),
                              b.Variable("c")};
    const Predicate sure = {PredicateKind::kMargin, x, 0.1};
    b.If(
        sure,
        [&] {
          b.Copy(abc[0], x);
          b.If(sure, [&] { b.Copy(abc[1], x); });  // on one path within
        },
        [&] {
          b.Copy(abc[1], x);
          b.Copy(abc[0], x);
          b.Copy(abc[2], x);
        });
    b.Return({abc[read_of_abc]});
    return b.Finish();
  };
  EXPECT_OK(finish(0));
  EXPECT_THAT(finish(1), IsInvalid("'b' is read, and not assigned"));
  EXPECT_THAT(finish(2), IsInvalid("'c' is read, and not assigned"));
}

// Tens of thousands of branches with variables of their own take no longer than
// any test.
TEST(VerifyDynamicTest, LongGraphsTakeLinearTime) {
  DynamicGraph graph;
  graph.ops = &StandardOps();
  graph.variables = {"x"};
  graph.inputs = {{"x", kPair, 0}};
  graph.outputs = {"y"};
  for (VariableId next = 1; next <= 50000; ++next) {
    graph.variables.push_back(std::to_string(next));
    Statement copy, choice;
    copy.kind = StatementKind::kCopy;
    copy.reads = {next - 1};
    copy.writes = {next};
    choice.kind = StatementKind::kIf;
    choice.predicate = {PredicateKind::kMargin, next - 1, 0.1};
    choice.body = {copy};
    choice.otherwise = {copy};
    graph.body.push_back(std::move(choice));
  }
  Statement end;
  end.kind = StatementKind::kReturn;
  end.reads = {50000};
  graph.body.push_back(std::move(end));
  NumberSites(&graph.body);
  EXPECT_OK(VerifyDynamic(graph));
}

TEST(VerifyDynamicTest, EveryPathReturns) {
  DynamicBuilder b(StandardOps(), "ends");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair);
  b.If({PredicateKind::kMargin, x, 0.1}, [&] { b.Return({x}); });
  EXPECT_THAT(b.Finish(), IsInvalid("ends without a return"));
}

TEST(VerifyDynamicTest, NothingStandsBehindAReturn) {
  DynamicBuilder b(StandardOps(), "ends");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair);
  b.Return({x});
  b.Return({x});
  EXPECT_THAT(b.Finish(), IsInvalid("nothing comes here"));
}

TEST(VerifyDynamicTest, PiecesGetWhatTheyTake) {
  DynamicBuilder b(StandardOps(), "pieces");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair);
  b.Return(b.Run(Piece("relu"), {x, x}));
  EXPECT_THAT(b.Finish(),
              IsInvalid("statement 1 (run relu): expected 1 reads"));
}

TEST(VerifyDynamicTest, LoopsHaveABound) {
  DynamicBuilder b(StandardOps(), "loops");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kPair);
  b.For(0, [](VariableId) {});
  b.Return({x});
  EXPECT_THAT(b.Finish(), IsInvalid("at least 1, got 0"));
}

TEST(VerifyDynamicTest, AParameterHasOneType) {
  DynamicBuilder b(StandardOps(), "parameters");
  b.Outputs({"y"});
  VariableId x = b.Input("x", kPair);
  for (const int64_t extent : {2, 1}) {
    Graph graph(StandardOps());
    GraphBuilder g(&graph);
    g.Output("y", g.Add(g.Input("x", DType::kF32, {1, 2}),
                        g.Parameter("w", DType::kF32, {extent})));
    x = b.Run(std::move(graph), {x})[0];
  }
  b.Return({x});
  EXPECT_THAT(b.Finish(), IsInvalid("'w' is f32[1] here and f32[2]"));
}

}  // namespace
}  // namespace assay

// From the source to code for the host: what each pass leaves.
#include "harness/dynamic/host_module.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/hcfg.h"
#include "harness/dynamic/interpreter.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/dynamic/rewrites.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using Piece = std::shared_ptr<const Graph>;

// y = x + term, s32 or f32.
Piece Plus(double term, DType dtype = DType::kF32, Shape shape = {1, 1}) {
  auto graph = std::make_shared<Graph>(StandardOps());
  GraphBuilder b(graph.get());
  b.Output("y", b.Offset(b.Input("x", dtype, std::move(shape)), term));
  EXPECT_OK(b.status());
  graph->set_name("plus");
  return graph;
}

// y = x beside x: twice the columns.
Piece Double() {
  auto graph = std::make_shared<Graph>(StandardOps());
  GraphBuilder b(graph.get());
  const ValueId x = b.Input("x", DType::kF32, {1, 1});
  b.Output("y", b.Op("concat", {x, x}, {{"axis", int64_t{1}}}));
  return graph;
}

Piece Same(const std::vector<std::string>& names) {
  auto graph = std::make_shared<Graph>(StandardOps());
  GraphBuilder b(graph.get());
  std::vector<ValueId> inputs;
  for (const std::string& name : names) {
    inputs.push_back(b.Input(name, DType::kF32, {1, 1}));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    b.Output(names[i], b.Op("identity", {inputs[i]}));
  }
  return graph;
}

Tensor Cell(float value) { return Tensor::From<float>({1, 1}, {value}); }

const TensorType kCell = {DType::kF32, {1, 1}};

// Runs every form; all must give the same outputs.
std::map<std::string, Tensor> RunAll(
    const DynamicGraph& graph, const std::map<std::string, Tensor>& inputs) {
  const ParameterStore none;
  Interpreter interpreter(&graph, &none);
  const auto want = interpreter.Run(inputs);
  EXPECT_OK(want);
  const auto device = MakeDevice("cpu");
  for (const bool passes : {true, false}) {
    HostModuleOptions options;
    options.merge_chains = options.eliminate_copies = passes;
    options.propagate_constants = passes;
    options.unroll_limit = passes ? 64 : 0;
    auto module = BuildHostModule(graph, none, options);
    EXPECT_OK(module);
    const std::string code = CodeText(*module);
    const auto program = DynamicProgram::Make(device->get(), *module, none,
                                              {.lower = passes, .threads = 1});
    EXPECT_OK(program);
    const auto got = (*program)->Run(inputs);
    EXPECT_OK(got);
    for (const auto& [name, value] : want->outputs) {
      EXPECT_TRUE(BitEqual(value, got->outputs.at(name))) << name << "\n"
                                                          << code;
    }
    // Constants that no pass takes out have no batch.
    if (!passes) continue;
    const auto grouped = RegroupedProgram::Make(
        device->get(), *std::move(module), none, 2, {.threads = 1});
    EXPECT_OK(grouped);
    const auto together = (*grouped)->Run(inputs);
    EXPECT_OK(together);
    for (const auto& [name, value] : want->outputs) {
      EXPECT_TRUE(BitEqual(value, together->outputs.at(name))) << name << "\n"
                                                               << code;
    }
  }
  return want->outputs;
}

DynamicGraph Finished(DynamicBuilder* b) {
  auto graph = b->Finish();
  EXPECT_OK(graph);
  return *std::move(graph);
}

TEST(HcfgTest, StraightRunsMergeAndDeadStatementsGo) {
  DynamicBuilder b(StandardOps(), "chain");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  VariableId y = b.Run(Plus(1), {x})[0];
  b.Run(Plus(9), {y});  // dead
  y = b.Run(Plus(1), {y})[0];
  b.If({PredicateKind::kGate, y, 0}, [&] { b.RunInto(Plus(1), {y}, {y}); });
  b.Return({y});
  Hcfg hcfg = SplitAtConditionals(Finished(&b));
  EXPECT_EQ(hcfg.nodes.size(), 6u);
  MergeChains(&hcfg);
  FindLiveness(&hcfg);
  EXPECT_EQ(HcfgText(hcfg),
            "0: y = plus(x); y_3 = plus(y); -> 1\n"
            "1: gate(y_3) -> 2 or 3\n"
            "2: y_3 = plus(y_3); -> 3\n"
            "3: return y_3\n");
}

TEST(HostModuleTest, LoopsCountOrAreWrittenOut) {
  DynamicBuilder b(StandardOps(), "loop");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  b.For(3, [&](VariableId) { b.RunInto(Plus(2), {x}, {x}); });
  b.Return({x});
  const DynamicGraph graph = Finished(&b);
  EXPECT_EQ(RunAll(graph, {{"x", Cell(1)}}).at("y").data<float>()[0], 7);
  ASSERT_OK_AND_ASSIGN(const HostModule loop,
                       BuildHostModule(graph, {}, {.unroll_limit = 2}));
  EXPECT_EQ(CodeText(loop),
            "0: CONST s64[] -> counter\n"
            "1: COUNT counter to 3 2 4\n"
            "2: CALL 0 (x) -> x\n"
            "3: JUMP 1\n"
            "4: RET x\n");
  ASSERT_OK_AND_ASSIGN(const HostModule flat, BuildHostModule(graph, {}));
  EXPECT_EQ(CodeText(flat), "0: CALL 0 (x) -> x\n1: RET x\n");
}

TEST(HostModuleTest, AWhileEndsAtItsPredicateOrItsMaximum) {
  DynamicBuilder b(StandardOps(), "while");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  // While x <= 3, at most 4 times: x += 1.
  b.While({PredicateKind::kGate, x, 3, 0, true}, 4,
          [&] { b.RunInto(Plus(1), {x}, {x}); });
  b.Return({x});
  const DynamicGraph graph = Finished(&b);
  EXPECT_EQ(RunAll(graph, {{"x", Cell(1)}}).at("y").data<float>()[0], 4);
  EXPECT_EQ(RunAll(graph, {{"x", Cell(5)}}).at("y").data<float>()[0], 5);
  EXPECT_EQ(RunAll(graph, {{"x", Cell(-9)}}).at("y").data<float>()[0], -5);
}

TEST(HostModuleTest, TheIndexOfALoopIsItsNumber) {
  DynamicBuilder b(StandardOps(), "index");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  auto add = std::make_shared<Graph>(StandardOps());
  GraphBuilder g(add.get());
  const ValueId cell = g.Input("x", DType::kF32, {1, 1});
  const ValueId index = g.Input("i", DType::kS64, {});
  const ValueId sum =
      g.Add(cell, g.Op("cast", {index}, {{"dtype", std::string("f32")}}));
  g.Output("y", sum);
  ASSERT_OK(g.status());
  b.For(4, [&](VariableId i) { b.RunInto(add, {x, i}, {x}); });
  b.Return({x});
  EXPECT_EQ(RunAll(Finished(&b), {{"x", Cell(0)}}).at("y").data<float>()[0], 6);
}

TEST(HostModuleTest, CopiesBecomeMovesEvenInACircle) {
  DynamicBuilder b(StandardOps(), "swap");
  b.Outputs({"p", "q"});
  const VariableId x = b.Input("x", kCell), y = b.Input("y", kCell);
  b.If({PredicateKind::kGate, x, 0}, [&] {
    b.RunInto(Same({"p", "q"}), {y, x}, {x, y});
  });
  b.Return({x, y});
  const DynamicGraph graph = Finished(&b);
  const auto outputs = RunAll(graph, {{"x", Cell(1)}, {"y", Cell(2)}});
  EXPECT_EQ(outputs.at("p").data<float>()[0], 2);
  EXPECT_EQ(outputs.at("q").data<float>()[0], 1);
  ASSERT_OK_AND_ASSIGN(const HostModule module, BuildHostModule(graph, {}));
  EXPECT_TRUE(module.subnetworks.empty()) << CodeText(module);
}

TEST(HostModuleTest, WithoutCopiesEliminatedWhatLivesOnPassesThroughCalls) {
  DynamicBuilder b(StandardOps(), "passing");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell), g = b.Input("g", kCell);
  b.If({PredicateKind::kGate, x, 0}, [&] { b.RunInto(Plus(1), {g}, {g}); });
  b.If({PredicateKind::kGate, g, 0}, [&] { b.RunInto(Plus(1), {x}, {x}); });
  b.Return({x});
  const DynamicGraph graph = Finished(&b);
  EXPECT_EQ(
      RunAll(graph, {{"x", Cell(2)}, {"g", Cell(0)}}).at("y").data<float>()[0],
      3);
  ASSERT_OK_AND_ASSIGN(const HostModule with, BuildHostModule(graph, {}));
  EXPECT_THAT(CodeText(with), HasSubstr("CALL 0 (g) -> g\n"));
  EXPECT_EQ(with.subnetworks.size(), 1u);  // the two sides are equal
  ASSERT_OK_AND_ASSIGN(const HostModule without,
                       BuildHostModule(graph, {}, {.eliminate_copies = false}));
  EXPECT_THAT(CodeText(without), HasSubstr("CALL 0 (g, x) -> x, g\n"));
}

TEST(HostModuleTest, AnOutputThatDependsOnParametersAloneIsAConstant) {
  DynamicBuilder b(StandardOps(), "constant");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  auto start = std::make_shared<Graph>(StandardOps());
  GraphBuilder g(start.get());
  g.Output("y", g.Offset(g.Parameter("w", DType::kF32, {1, 1}), 1));
  const VariableId y = b.Run(start, {})[0];
  b.If({PredicateKind::kGate, x, 0}, [&] { b.RunInto(Plus(1), {y}, {y}); });
  b.Return({y});
  ParameterStore store;
  store.Set("w", Cell(4));
  ASSERT_OK_AND_ASSIGN(const HostModule module,
                       BuildHostModule(Finished(&b), store));
  ASSERT_EQ(module.constants.size(), 1u);
  EXPECT_EQ(module.constants[0].data<float>()[0], 5);
  EXPECT_EQ(CodeText(module),
            "0: CONST f32[1,1] -> y\n"
            "1: BRANCH gate(x) 2 3\n"
            "2: CALL 0 (y) -> y\n"
            "3: RET y\n");
}

TEST(HostModuleTest, ConditionsOverConstantsAreDecided) {
  DynamicBuilder b(StandardOps(), "known");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell), flag = b.Variable("flag");
  b.Constant(flag, Cell(3));
  b.RunInto(Plus(-4), {flag}, {flag});
  b.If(
      {PredicateKind::kGate, flag, 0}, [&] { b.RunInto(Plus(1), {x}, {x}); },
      [&] { b.RunInto(Plus(2), {x}, {x}); });
  b.Return({x});
  const DynamicGraph graph = Finished(&b);
  EXPECT_EQ(RunAll(graph, {{"x", Cell(0)}}).at("y").data<float>()[0], 2);
  ASSERT_OK_AND_ASSIGN(const HostModule module, BuildHostModule(graph, {}));
  EXPECT_EQ(CodeText(module), "0: CALL 0 (x) -> x\n1: RET x\n");
}

TEST(HostModuleTest, AJoinIsCompiledForEachIncomingShape) {
  DynamicBuilder b(StandardOps(), "shapes");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell), g = b.Input("g", kCell);
  b.If({PredicateKind::kGate, g, 0}, [&] { b.RunInto(Double(), {x}, {x}); });
  b.RunInto(Plus(1), {x}, {x});
  b.Return({x});
  const DynamicGraph graph = Finished(&b);
  EXPECT_EQ(RunAll(graph, {{"x", Cell(1)}, {"g", Cell(1)}}).at("y").shape(),
            Shape({1, 2}));
  EXPECT_EQ(RunAll(graph, {{"x", Cell(1)}, {"g", Cell(-1)}}).at("y").shape(),
            Shape({1, 1}));
}

TEST(HostModuleTest, TooManyShapesAreRefusedByName) {
  DynamicBuilder b(StandardOps(), "shapes");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell), g = b.Input("g", kCell);
  for (int i = 0; i < 3; ++i) {
    b.If({PredicateKind::kGate, g, double(i)},
         [&] { b.RunInto(Double(), {x}, {x}); });
    b.RunInto(Plus(1), {x}, {x});
  }
  b.Return({x});
  const DynamicGraph graph = Finished(&b);
  EXPECT_OK(BuildHostModule(graph, {}));
  EXPECT_THAT(
      BuildHostModule(graph, {}, {.max_specialisations = 3}),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("'x' is f32[1,")));
}

TEST(HostModuleTest, SeveralDecisionsAtOnceAreRefused) {
  DynamicBuilder b(StandardOps(), "batch");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", {DType::kF32, {2, 1}});
  b.If({PredicateKind::kGate, x, 0}, [] {});
  b.Return({x});
  EXPECT_THAT(BuildHostModule(Finished(&b), {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected one decision, got 2")));
}

TEST(RegroupedProgramTest, SamplesLeaveTheBatchAndJoinAgain) {
  DynamicBuilder b(StandardOps(), "groups");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  b.If({PredicateKind::kGate, x, 10}, [&] { b.Return({x}); });
  b.If(
      {PredicateKind::kGate, x, 0}, [&] { b.RunInto(Plus(1), {x}, {x}); },
      [&] { b.RunInto(Plus(-1), {x}, {x}); });
  b.RunInto(Plus(100), {x}, {x});
  b.Return({x});
  ASSERT_OK_AND_ASSIGN(HostModule module, BuildHostModule(Finished(&b), {}));
  const auto device = MakeDevice("cpu");
  ASSERT_OK_AND_ASSIGN(
      const auto program,
      RegroupedProgram::Make(device->get(), std::move(module), {}, 4));
  ASSERT_OK_AND_ASSIGN(
      const DynamicResult got,
      program->Run({{"x", Tensor::From<float>({5, 1}, {1, -1, 20, 2, -2})}}));
  const auto y = got.outputs.at("y").span<float>();
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()),
            (std::vector<float>{102, 98, 20, 103, 97}));
  EXPECT_EQ(PathText(got.paths[2]), "0+");
  EXPECT_EQ(PathText(got.paths[4]), "0-1-");
  // Two samples each way, then four together.
  std::map<int64_t, int> calls;
  for (const SubnetworkStats& stats : program->stats()) {
    ++calls[stats.samples];
    EXPECT_EQ(stats.calls, 1);
  }
  EXPECT_EQ(calls, (std::map<int64_t, int>{{2, 2}, {4, 1}}));
}

// A decision of one sample must not depend on how many come with it.
TEST(RegroupedProgramTest, AResultHasOneRowForEachSample) {
  auto split = std::make_shared<Graph>(StandardOps());
  GraphBuilder in(split.get());
  in.Output("y", in.Reshape(in.Input("x", DType::kF32, {1, 2}), {-1, 1}));
  ASSERT_OK(in.status());
  DynamicBuilder b(StandardOps(), "rows");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", {DType::kF32, {1, 2}});
  b.RunInto(split, {x}, {x});
  b.Return({x});
  ASSERT_OK_AND_ASSIGN(HostModule module, BuildHostModule(Finished(&b), {}));
  const auto device = MakeDevice("cpu");
  EXPECT_THAT(
      RegroupedProgram::Make(device->get(), std::move(module), {}, 2).status(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("a result is not made sample by sample: expected one "
                         "row for each, got f32[2,1]")));
}

TEST(RegroupedProgramTest, CalibrationRefusesWhatIsNoNumber) {
  DynamicBuilder b(StandardOps(), "gate");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  b.If({PredicateKind::kGate, x, 0}, [&] { b.RunInto(Plus(1), {x}, {x}); });
  b.Return({x});
  ASSERT_OK_AND_ASSIGN(HostModule module, BuildHostModule(Finished(&b), {}));
  const auto device = MakeDevice("cpu");
  ASSERT_OK_AND_ASSIGN(
      const auto program,
      RegroupedProgram::Make(device->get(), std::move(module), {}, 4));
  const auto half = [](int32_t) { return 0.5; };
  EXPECT_THAT(
      program->Calibrate(
          {{"x", Tensor::From<float>({3, 1}, {1, std::nanf(""), 3})}}, half),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("conditional 0: sample 1 measures nan")));
  // One sample says nothing of fractions: its conditional stays as it is.
  ASSERT_OK_AND_ASSIGN(const auto one,
                       program->Calibrate({{"x", Cell(7)}}, half));
  EXPECT_EQ(one, (std::map<int32_t, double>{{0, 0.0}}));
}

TEST(RewritesTest, LoopsWithinLoopsAreWrittenOutWithinBounds) {
  DynamicBuilder b(StandardOps(), "nested");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  const auto nest = [&](const auto& self, int depth) -> void {
    if (depth == 0) return b.RunInto(Plus(1), {x}, {x});
    b.For(60, [&](VariableId) { self(self, depth - 1); });
  };
  nest(nest, 3);
  nest(nest, 2);
  b.Return({x});
  const DynamicGraph unrolled = Unroll(Finished(&b), 64);
  EXPECT_EQ(unrolled.body[0].kind, StatementKind::kFor);
  EXPECT_NE(unrolled.body[1].kind, StatementKind::kFor);
  int64_t statements = 0;
  ForEachStatement(unrolled.body, [&](const Statement&) { ++statements; });
  EXPECT_LE(statements, kMostUnrolled);
}

TEST(RewritesTest, MacsWithoutABoundAreTheMost) {
  auto layer = std::make_shared<Graph>(StandardOps());
  GraphBuilder in(layer.get());
  const ValueId cell = in.Input("x", DType::kF32, {1, 1});
  in.Output("y", in.Op("matmul", {cell, cell}));
  ASSERT_OK(in.status());
  DynamicBuilder b(StandardOps(), "endless");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  b.For(std::numeric_limits<int64_t>::max(), [&](VariableId) {
    for (int i = 0; i < 2; ++i) b.RunInto(layer, {x}, {x});
  });
  b.RunInto(layer, {x}, {x});
  b.Return({x});
  EXPECT_EQ(LongestPathMacs(Finished(&b)), std::numeric_limits<int64_t>::max());
}

TEST(RewritesTest, LongLoopsStay) {
  DynamicBuilder b(StandardOps(), "loops");
  b.Outputs({"y"});
  const VariableId x = b.Input("x", kCell);
  b.For(5, [&](VariableId) { b.RunInto(Plus(1), {x}, {x}); });
  b.While({PredicateKind::kGate, x, 0}, 2,
          [&] { b.RunInto(Plus(1), {x}, {x}); });
  b.Return({x});
  const DynamicGraph unrolled = Unroll(Finished(&b), 4);
  EXPECT_EQ(unrolled.body[0].kind, StatementKind::kFor);
  EXPECT_EQ(unrolled.body[1].kind, StatementKind::kIf);
  EXPECT_EQ(unrolled.body[1].body[1].kind, StatementKind::kIf);
  EXPECT_EQ(unrolled.body[1].body[1].site, unrolled.body[1].site);
}

}  // namespace
}  // namespace assay

#include "harness/graph/rewrites/fuse_compositions.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/drop_roundings.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;

std::vector<std::string> Ops(const Graph& graph) {
  std::vector<std::string> ops;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    ops.push_back(graph.node(id).op);
  }
  return ops;
}

Tensor Drawn(Shape shape, const char* name) {
  Tensor t(DType::kF32, std::move(shape));
  RandomStream(6, name).FillNormal(t.span<float>(), 0, 1);
  return t;
}

void ExpectSame(const Graph& before, const Graph& after, int64_t terms = 16) {
  const Tensor x = Drawn(before.shape(before.inputs()[0]), "x");
  ASSERT_OK_AND_ASSIGN(const Evaluation want,
                       Evaluate(before, {{"x", x}}, ParameterStore()));
  ASSERT_OK_AND_ASSIGN(const Evaluation got,
                       Evaluate(after, {{"x", x}}, ParameterStore()));
  EXPECT_OK(
      CompareTensors(want.outputs.at("dst"), got.outputs.at("dst"), terms));
}

struct Composed {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};
  ValueId x = b.Input("x", DType::kF32, {2, 3, 4});

  ValueId Linear(ValueId from) {
    return b.Op("linear", {from, b.Constant(Drawn({5, 4}, "weights"))});
  }
  ValueId Grid(ValueId from, double scale) {
    const std::vector<ValueId> grid = {b.Scalar(DType::kF32, scale),
                                       b.Scalar(DType::kS32, 128)};
    const ValueId q = b.Op("quantize_linear", {from, grid[0], grid[1]},
                           {{"dtype", std::string("u8")}});
    return b.Op("dequantize_linear", {q, grid[0], grid[1]});
  }
};

TEST(FuseCompositionsTest, TakesAVectorAsBias) {
  Composed c;
  const ValueId bias = c.b.Constant(Drawn({1, 5}, "bias"));
  c.b.Output("dst", c.b.Add(bias, c.Linear(c.x)));
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseCompositions(c.graph));
  EXPECT_THAT(Ops(fused), ElementsAre("linear"));
  ExpectSame(c.graph, fused);
}

TEST(FuseCompositionsTest, LeavesATensorThatIsNoVector) {
  Composed c;
  const ValueId table = c.b.Constant(Drawn({3, 5}, "table"));
  c.b.Output("dst", c.b.Add(c.Linear(c.x), table));
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseCompositions(c.graph));
  EXPECT_THAT(Ops(fused), ElementsAre("linear", "add"));
}

TEST(FuseCompositionsTest, SkipsReshapesAroundALayer) {
  Composed c;
  const ValueId rows = c.Linear(c.b.Reshape(c.x, {6, 4}));
  c.b.Output("dst", c.b.Reshape(rows, {2, 3, 5}));
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseCompositions(c.graph));
  EXPECT_THAT(Ops(fused), ElementsAre("linear"));
  ExpectSame(c.graph, fused);
}

TEST(FuseCompositionsTest, FindsGeluInAnyOrder) {
  const double root = std::sqrt(2.0);
  for (const int form : {0, 1, 2}) {
    Composed c;
    const ValueId inner = form == 0
                              ? c.b.Scale(c.x, 1 / root)
                              : c.b.Div(c.x, c.b.Scalar(DType::kF32, root));
    const ValueId erf = c.b.Offset(c.b.Op("erf", {inner}), 1);
    const ValueId dst = form == 0   ? c.b.Scale(c.b.Mul(c.x, erf), 0.5)
                        : form == 1 ? c.b.Mul(c.x, c.b.Scale(erf, 0.5))
                                    : c.b.Mul(erf, c.b.Scale(c.x, 0.5));
    c.b.Output("dst", dst);
    ASSERT_OK_AND_ASSIGN(const Graph fused, FuseCompositions(c.graph));
    EXPECT_THAT(Ops(fused), ElementsAre("gelu")) << form;
    ExpectSame(c.graph, fused);
  }
}

TEST(FuseCompositionsTest, FindsSilu) {
  Composed c;
  c.b.Output("dst", c.b.Mul(c.b.Op("sigmoid", {c.x}), c.x));
  ASSERT_OK_AND_ASSIGN(const Graph fused, FuseCompositions(c.graph));
  EXPECT_THAT(Ops(fused), ElementsAre("silu"));
  ExpectSame(c.graph, fused);
}

TEST(DropRoundingsTest, KeepsWhatALayerReads) {
  Composed c;
  c.b.Output("dst", c.Linear(c.Grid(c.b.Op("erf", {c.Grid(c.x, 0.05)}), 0.01)));
  ASSERT_OK_AND_ASSIGN(const Graph dropped, DropRoundings(c.graph));
  EXPECT_THAT(Ops(dropped), ElementsAre("erf", "quantize_linear",
                                        "dequantize_linear", "linear"));
}

TEST(DropRoundingsTest, KeepsSumsOfQuantizedValues) {
  Composed c;
  c.b.Output("dst", c.b.Add(c.Grid(c.x, 0.05), c.Grid(c.x, 0.1)));
  ASSERT_OK_AND_ASSIGN(const Graph kept, DropRoundings(c.graph));
  EXPECT_EQ(kept.node_count(), 5);
  Composed d;
  d.b.Output("dst", d.b.Add(d.Grid(d.x, 0.05), d.x));
  ASSERT_OK_AND_ASSIGN(const Graph dropped, DropRoundings(d.graph));
  EXPECT_THAT(Ops(dropped), ElementsAre("add"));
}

TEST(SinkDequantizeTest, MovesIntegersAndAddsThemOnTheirGrid) {
  Composed c;
  const ValueId slice = c.b.Op("slice", {c.Grid(c.x, 0.05)},
                               {{"starts", std::vector<int64_t>{0, 1, 0}},
                                {"ends", std::vector<int64_t>{2, 3, 4}}});
  const ValueId pad = c.b.Op("pad", {slice},
                             {{"before", std::vector<int64_t>{0, 1, 0}},
                              {"after", std::vector<int64_t>{0, 0, 0}}});
  c.b.Output("dst", c.b.Add(c.Grid(pad, 0.04), c.Grid(c.x, 0.1)));
  ASSERT_OK(c.b.status());
  ASSERT_OK_AND_ASSIGN(const Graph sunk, SinkDequantize(c.graph));
  EXPECT_THAT(Ops(sunk), ElementsAre("quantize_linear", "slice", "pad",
                                     "dequantize_linear", "quantize_linear",
                                     "dequantize_linear", "add"));
  // The second grid moved values by at most half a step of 0.04.
  const Tensor x = Drawn({2, 3, 4}, "x");
  ASSERT_OK_AND_ASSIGN(const Evaluation want,
                       Evaluate(c.graph, {{"x", x}}, ParameterStore()));
  ASSERT_OK_AND_ASSIGN(const Evaluation got,
                       Evaluate(sunk, {{"x", x}}, ParameterStore()));
  const Tensor& a = want.outputs.at("dst");
  const Tensor& b = got.outputs.at("dst");
  for (int64_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a.data<float>()[i], b.data<float>()[i], 0.0201);
  }
}

}  // namespace
}  // namespace assay

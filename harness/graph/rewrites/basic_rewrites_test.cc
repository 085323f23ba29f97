// prune_dead, rebatch, freeze and constant_fold over toy ops.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/constant_fold.h"
#include "harness/graph/rewrites/freeze.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/testing/toy_ops.h"
#include "harness/graph/text.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr DType kF32 = DType::kF32;

TEST(PruneDeadTest, KeepsWhatOutputsAndUpdatesNeed) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2});
  b.Input("unused", kF32, {2});
  const ValueId dead = b.Parameter("dead", kF32, {2});
  const ValueId live = b.Parameter("live", kF32, {2});
  const ValueId state = b.Parameter("state", kF32, {2});
  b.Op("tanh", {b.Mul(dead, x)});
  b.Output("y", b.Mul(live, x));
  b.Update(state, b.Add(x, x));
  const auto pruned = PruneDead(graph);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_TRUE(Verify(*pruned).ok());
  EXPECT_EQ(ToText(*pruned), R"(graph 1 "" {
  input %x f32[2]
  input %unused f32[2]
  parameter %live f32[2]
  parameter %state f32[2]
  %mul_2 f32[2] = mul(%live, %x)
  %add f32[2] = add(%x, %x)
  output "y" = %mul_2
  update %state = %add
}
)");
}

TEST(RebatchTest, SetsTheBatchOfEveryInput) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2, 3});
  b.Input("step", DType::kS64, {});
  b.Output("y", b.Op("matmul", {x, b.Parameter("w", kF32, {3, 5})}));
  const auto wide = Rebatch(graph, 7);
  ASSERT_TRUE(wide.ok()) << wide.status();
  EXPECT_EQ(wide->shape(wide->FindOutput("y")), (Shape{7, 5}));
  EXPECT_EQ(wide->shape(wide->FindValue("step")), Shape{});
  EXPECT_EQ(graph.shape(x), (Shape{2, 3}));
  EXPECT_EQ(Rebatch(graph, 0).status().message(),
            "batch: expected 1 or more, got 0");
}

TEST(RebatchTest, ANodeThatSpellsTheBatchOutIsNamed) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2, 3});
  const ValueId fixed =
      b.Op("broadcast_to", {b.Scalar(kF32, 1)}, {{"shape", Shape{2, 3}}});
  b.Output("y", b.Op("add", {x, fixed}, {}, "sum"));
  EXPECT_THAT(std::string(Rebatch(graph, 7).status().message()),
              HasSubstr("node 'sum' (add)"));
}

struct Weighted {
  Graph graph{ToyOps()};
  ParameterStore store;

  Weighted() {
    GraphBuilder b(&graph);
    const ValueId x = b.Input("x", kF32, {2, 3});
    const ValueId w = b.Parameter("w", kF32, {3, 3});
    const ValueId mask = b.Parameter("mask", kF32, {3, 3});
    const ValueId scaled = b.Scale(b.Mul(w, mask), 0.5);
    b.Output("y", b.Op("matmul", {x, scaled}));
    b.Update(w, scaled);
    EXPECT_TRUE(b.ok()) << b.status();
    store.Set("w", Tensor::From<float>({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}));
    store.Set("mask", Tensor::From<float>({3, 3}, {1, 0, 1, 0, 1, 0, 1, 0, 1}));
  }
};

TEST(FreezeTest, ParametersInTheStoreBecomeConstants) {
  Weighted n;
  ParameterStore some;
  some.Set("mask", *n.store.Find("mask"));
  const auto frozen = Freeze(n.graph, some);
  ASSERT_TRUE(frozen.ok()) << frozen.status();
  EXPECT_TRUE(Verify(*frozen).ok());
  EXPECT_EQ(frozen->parameters().size(), 1u);
  EXPECT_EQ(frozen->updates().size(), 1u);
  const Value& mask = frozen->value(frozen->FindValue("mask"));
  EXPECT_EQ(mask.kind, ValueKind::kConstant);
  EXPECT_EQ(mask.constant.raw(), some.Find("mask")->raw());
  some.Set("mask", Tensor::Zeros(kF32, {9}));
  EXPECT_EQ(Freeze(n.graph, some).status().message(),
            "parameter 'mask': expected f32[3,3], got f32[9]");
}

TEST(ConstantFoldTest, ComputesWhatNeedsNoInput) {
  Weighted n;
  const auto frozen = Freeze(n.graph, n.store);
  ASSERT_TRUE(frozen.ok()) << frozen.status();
  const auto folded = FoldConstants(*frozen);
  ASSERT_TRUE(folded.ok()) << folded.status();
  EXPECT_EQ(ToText(*folded), R"(graph 1 "" {
  input %x f32[2,3]
  constant %mul_2 f32[3,3] = [0.5,0,1.5,0,2.5,0,3.5,0,4.5]
  %matmul f32[2,3] = matmul(%x, %mul_2)
  output "y" = %matmul
}
)");
  const Tensor x = Tensor::From<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto before = Evaluate(n.graph, {{"x", x}}, n.store);
  const auto after = Evaluate(*folded, {{"x", x}}, {});
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_TRUE(BitEqual(before->outputs.at("y"), after->outputs.at("y")));
}

TEST(ConstantFoldTest, LargeResultsStay) {
  Weighted n;
  const auto frozen = Freeze(n.graph, n.store);
  const auto folded = FoldConstants(*frozen, 8);
  ASSERT_TRUE(folded.ok()) << folded.status();
  EXPECT_EQ(folded->node_count(), 3);
}

}  // namespace
}  // namespace assay

#include "harness/graph/copier.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/structural_hash.h"
#include "harness/graph/testing/toy_ops.h"
#include "harness/graph/text.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

constexpr DType kF32 = DType::kF32;

Graph Example() {
  Graph graph(ToyOps());
  graph.set_name("example");
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2, 4});
  const ValueId w = b.Parameter("w", kF32, {4, 4});
  const ValueId y = b.Op("tanh", {b.Op("matmul", {x, w})});
  const auto halves = b.Ops("split", {b.Scale(y, 2)});
  b.Output("left", halves[0]);
  b.Output("right", b.Mul(halves[1], halves[1]));
  b.Update(w, w);
  EXPECT_TRUE(b.ok()) << b.status();
  return graph;
}

TEST(CopierTest, WithoutHooksTheCopyIsTheSame) {
  const Graph graph = Example();
  const auto copy = CopyGraph(graph, {});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(ToText(*copy), ToText(graph));
}

TEST(CopierTest, HooksPutStandInsWhereTheyWant) {
  const Graph graph = Example();
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    if (graph.value(id).name != "w") return false;
    copier.Set(id, copier.b().Parameter("v", kF32, {4, 4}));
    return true;
  };
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    if (graph.node(id).op != "tanh") return false;
    const ValueId src = copier.Map(graph.node(id).inputs[0]);
    copier.Set(graph.node(id).outputs[0], copier.b().Op("sign", {src}));
    return true;
  };
  const auto copy = CopyGraph(graph, hooks);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(ToText(*copy), R"(graph 1 "example" {
  input %x f32[2,4]
  parameter %v f32[4,4]
  %matmul f32[2,4] = matmul(%x, %v)
  %sign f32[2,4] = sign(%matmul)
  constant %constant f32[] = 2
  %mul f32[2,4] = mul(%sign, %constant)
  %split f32[2,2], %split.1 f32[2,2] = split(%mul)
  %mul_2 f32[2,2] = mul(%split.1, %split.1)
  output "left" = %split
  output "right" = %mul_2
}
)");
}

TEST(CopierTest, AnOutputLeftOutIsAnError) {
  const Graph graph = Example();
  CopyHooks hooks;
  hooks.node = [&](GraphCopier&, NodeId id) {
    return id == graph.node_count() - 1;
  };
  EXPECT_EQ(CopyGraph(graph, hooks).status().message(),
            "output 'right' has no value in the copy");
}

TEST(ConsumerIndexTest, AgreesWithConsumers) {
  const Graph graph = Example();
  const auto readers = ConsumerIndex(graph);
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    EXPECT_EQ(readers[static_cast<size_t>(id)], graph.Consumers(id));
  }
}

TEST(StructuralHashTest, IgnoresNamesOfResultsAlone) {
  Graph a(ToyOps()), b(ToyOps()), c(ToyOps());
  const auto fill = [](Graph& graph, std::string input, std::string result,
                       float constant) {
    GraphBuilder builder(&graph);
    const ValueId x = builder.Input(std::move(input), kF32, {2});
    const ValueId k = builder.Constant(Tensor::From<float>({}, {constant}));
    builder.Output("y", builder.Op("mul", {x, k}, {}, std::move(result)));
    return StructuralHash(graph);
  };
  const std::string hash = fill(a, "x", "mul", 1);
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(fill(b, "x", "other", 1), hash);
  EXPECT_NE(fill(c, "z", "mul", 1), hash);
  Graph d(ToyOps());
  EXPECT_NE(fill(d, "x", "mul", 2), hash);
  ASSERT_TRUE(b.AddOutput("again", 0).ok());
  EXPECT_NE(StructuralHash(b), hash);
}

}  // namespace
}  // namespace assay

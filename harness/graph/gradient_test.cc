#include "harness/graph/gradient.h"

#include <cmath>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/reference.h"
#include "harness/graph/testing/toy_ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr DType kF64 = DType::kF64;

Tensor Random(const Shape& shape, const std::string& name) {
  Tensor t(kF64, shape);
  RandomStream stream(1, name);
  for (double& x : t.span<double>()) x = 2 * stream.UniformDouble() - 1;
  return t;
}

// loss = sum(tanh(x w + b) * v) with w used twice more, so that gradients of
// several consumers meet and one operand broadcasts.
struct Network {
  Graph graph{ToyOps()};
  ValueId x, w, bias, loss;
  std::map<std::string, Tensor> feeds;
  ParameterStore store;

  Network() {
    GraphBuilder b(&graph);
    x = b.Input("x", kF64, {4, 3});
    w = b.Parameter("w", kF64, {3, 3});
    bias = b.Parameter("bias", kF64, {3});
    const ValueId hidden = b.Op("tanh", {b.Add(b.Op("matmul", {x, w}), bias)});
    const ValueId squared = b.Op("matmul", {w, w}, {{"transpose_b", 1}});
    const ValueId mixed = b.Op("matmul", {hidden, squared});
    loss = b.ReduceSum(b.Mul(b.Op("tanh", {mixed}), hidden), {0, 1}, false);
    b.Output("loss", loss);
    EXPECT_TRUE(b.ok()) << b.status();
    feeds["x"] = Random({4, 3}, "x");
    store.Set("w", Random({3, 3}, "w"));
    store.Set("bias", Random({3}, "bias"));
  }

  std::map<std::string, Tensor> Run() {
    auto result = Evaluate(graph, feeds, store);
    EXPECT_TRUE(result.ok()) << result.status();
    return result->outputs;
  }
};

// Central differences of output `name` (a scalar) by each element of `at`.
std::vector<double> Differences(Network& n, Tensor& at,
                                const std::string& name) {
  std::vector<double> slopes;
  for (double& element : at.span<double>()) {
    const double kept = element, h = 1e-5;
    element = kept + h;
    const double up = n.Run()[name].data<double>()[0];
    element = kept - h;
    const double down = n.Run()[name].data<double>()[0];
    element = kept;
    slopes.push_back((up - down) / (2 * h));
  }
  return slopes;
}

void ExpectNear(const Tensor& got, const std::vector<double>& want) {
  ASSERT_EQ(static_cast<size_t>(got.size()), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(got.data<double>()[i], want[i], 1e-7) << "element " << i;
  }
}

TEST(GradientTest, AgreesWithFiniteDifferences) {
  Network n;
  const auto gradients =
      AddGradients(&n.graph, n.loss, kNoValue, {n.x, n.w, n.bias});
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  const char* names[] = {"dx", "dw", "db"};
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(n.graph.AddOutput(names[i], (*gradients)[i]).ok());
  }
  const auto outputs = n.Run();
  ExpectNear(outputs.at("dx"), Differences(n, n.feeds["x"], "loss"));
  ExpectNear(outputs.at("dw"), Differences(n, *n.store.Find("w"), "loss"));
  ExpectNear(outputs.at("db"), Differences(n, *n.store.Find("bias"), "loss"));
}

TEST(GradientTest, DifferentiatesItsOwnResult) {
  Network n;
  const auto first = AddGradients(&n.graph, n.loss, kNoValue, {n.w});
  ASSERT_TRUE(first.ok()) << first.status();
  // <gradient, v> and its gradient: the Hessian times v.
  GraphBuilder b(&n.graph);
  const ValueId v = b.Constant(Random({3, 3}, "v"));
  const ValueId slope = b.ReduceSum(b.Mul((*first)[0], v), {0, 1}, false);
  b.Output("slope", slope);
  const auto second =
      AddGradients(&n.graph, slope, kNoValue, {n.w, n.bias, n.x});
  ASSERT_TRUE(second.ok()) << second.status();
  b.Output("hw", (*second)[0]);
  b.Output("hb", (*second)[1]);
  b.Output("hx", (*second)[2]);
  ASSERT_TRUE(b.ok()) << b.status();
  const auto outputs = n.Run();
  ExpectNear(outputs.at("hw"), Differences(n, *n.store.Find("w"), "slope"));
  ExpectNear(outputs.at("hb"), Differences(n, *n.store.Find("bias"), "slope"));
  ExpectNear(outputs.at("hx"), Differences(n, n.feeds["x"], "slope"));
}

TEST(GradientTest, IntermediateValuesAreSourcesToo) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF64, {2});
  const ValueId y = b.Mul(x, x);
  const ValueId z = b.ReduceSum(b.Mul(y, y), {0}, false);
  const auto gradients = AddGradients(&graph, z, kNoValue, {y, x});
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  b.Output("dy", (*gradients)[0]);
  b.Output("dx", (*gradients)[1]);
  const auto result = Evaluate(
      graph, {{"x", Tensor::From<double>({2}, {2, 3})}}, ParameterStore());
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectNear(result->outputs.at("dy"), {8, 18});
  ExpectNear(result->outputs.at("dx"), {32, 108});
}

TEST(GradientTest, ASeedWeighsTheTarget) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF64, {2});
  const ValueId seed = b.Input("seed", kF64, {2});
  const ValueId y = b.Mul(x, x);
  const auto gradients = AddGradients(&graph, y, seed, {x});
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  b.Output("dx", (*gradients)[0]);
  const auto result = Evaluate(graph,
                               {{"x", Tensor::From<double>({2}, {2, 3})},
                                {"seed", Tensor::From<double>({2}, {10, 1})}},
                               ParameterStore());
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectNear(result->outputs.at("dx"), {40, 6});
}

TEST(GradientTest, TheTargetIsItsOwnSource) {
  Graph graph(ToyOps());
  const ValueId x = *graph.AddInput("x", {kF64, {}});
  const auto gradients = AddGradients(&graph, x, kNoValue, {x});
  ASSERT_TRUE(gradients.ok());
  EXPECT_EQ(graph.value((*gradients)[0]).kind, ValueKind::kConstant);
}

TEST(GradientTest, NoPathGivesNoValue) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF64, {2});
  const ValueId other = b.Parameter("other", kF64, {2});
  const ValueId blocked = b.Mul(b.Op("sign", {x}), x);
  const auto through = AddGradients(&graph, blocked, kNoValue, {x, other});
  ASSERT_TRUE(through.ok()) << through.status();
  EXPECT_NE((*through)[0], kNoValue);
  EXPECT_EQ((*through)[1], kNoValue);
  const auto stopped = AddGradients(&graph, b.Op("sign", {x}), kNoValue, {x});
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ((*stopped)[0], kNoValue);
}

TEST(GradientTest, AGradientOfAnotherTypeIsNamed) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF64, {2});
  const ValueId y = b.Op("bad_gradient", {x}, {}, "culprit");
  const auto gradients = AddGradients(&graph, y, kNoValue, {x});
  EXPECT_THAT(std::string(gradients.status().message()),
              HasSubstr("'culprit' (bad_gradient): gradient of operand 0: "
                        "expected f64[2], got f32[]"));
}

TEST(GradientTest, RefusesIntegerTargetsAndForeignValues) {
  Graph graph(ToyOps());
  const ValueId i = *graph.AddInput("i", {DType::kS32, {}});
  EXPECT_THAT(
      std::string(AddGradients(&graph, i, kNoValue, {i}).status().message()),
      HasSubstr("expected a floating-point type, got s32[]"));
  EXPECT_FALSE(AddGradients(&graph, 7, kNoValue, {}).ok());
}

// 20,000 nodes, each with a gradient: quadratic scanning would take minutes.
TEST(GradientTest, LongChainsAreLinear) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF64, {1});
  ValueId y = x;
  for (int i = 0; i < 20000; ++i) y = b.Op("tanh", {y});
  const auto gradients = AddGradients(&graph, y, kNoValue, {x});
  ASSERT_TRUE(gradients.ok());
  EXPECT_GT(graph.node_count(), 100000);
}

}  // namespace
}  // namespace assay

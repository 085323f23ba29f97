// The convolution's formula, written out, against the reference's loops; values
// by hand.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/conv/conv_cases.h"
#include "harness/ops/conv/geometry.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;

// dst by the formula of conv2d.h, element by element.
std::vector<double> ByFormula(const ConvGeometry& g, const double* src,
                              const double* weights) {
  std::vector<double> dst;
  const int64_t outputs = g.groups * g.outputs, inputs = g.groups * g.inputs;
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t o = 0; o < outputs; ++o) {
      for (int64_t y = 0; y < g.y.out; ++y) {
        for (int64_t x = 0; x < g.x.out; ++x) {
          double sum = 0;
          for (int64_t i = 0; i < g.inputs; ++i) {
            const int64_t c = i + g.inputs * (o / g.outputs);
            for (int64_t ky = 0; ky < g.y.kernel; ++ky) {
              for (int64_t kx = 0; kx < g.x.kernel; ++kx) {
                const int64_t sy =
                    y * g.y.stride + ky * g.y.dilation - g.y.before;
                const int64_t sx =
                    x * g.x.stride + kx * g.x.dilation - g.x.before;
                if (sy < 0 || sy >= g.y.in || sx < 0 || sx >= g.x.in) continue;
                sum += src[((n * inputs + c) * g.y.in + sy) * g.x.in + sx] *
                       weights[((o * g.inputs + i) * g.y.kernel + ky) *
                                   g.x.kernel +
                               kx];
              }
            }
          }
          dst.push_back(sum);
        }
      }
    }
  }
  return dst;
}

TEST(Conv2dTest, IsTheFormula) {
  size_t index = 0;
  for (const OpCase& c : ConvCases().accepted) {
    ++index;
    if (c.op != "conv2d" || c.operands.size() != 2) continue;
    const std::vector<Tensor> operands = MakeOperands(c, DType::kF64, index);
    const ConvGeometry g =
        KnownConv(c.attributes, operands[0].shape(), operands[1].shape());
    const std::vector<double> want =
        ByFormula(g, operands[0].data<double>(), operands[1].data<double>());
    const std::vector<double> got =
        ValuesOfOp("conv2d", operands, c.attributes);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], 1e-12) << "case " << index << " at " << i;
    }
  }
}

TEST(ConvTranspose2dTest, EveryElementAddsAKernel) {
  const Tensor weights = F32({1, 1, 1, 3}, {1, 10, 100});
  EXPECT_THAT(ValuesOfOp("conv_transpose2d", {F32({1, 1, 1, 2}, {2, 3}),
                                              weights, F32({1}, {1000})}),
              ElementsAre(1002, 1023, 1230, 1300));
  // Two apart; the pads cut both ends, the last column nothing reaches.
  EXPECT_THAT(
      ValuesOfOp("conv_transpose2d", {F32({1, 1, 1, 2}, {2, 3}), weights},
                 {{"strides", std::vector<int64_t>{1, 2}},
                  {"pads", std::vector<int64_t>{0, 1, 0, 0}},
                  {"output_padding", std::vector<int64_t>{0, 1}}}),
      ElementsAre(20, 203, 30, 300, 0));
}

TEST(ConvTranspose2dTest, ChannelsBelongToTheirGroup) {
  // Two inputs to one output each, then one input to two outputs.
  EXPECT_THAT(ValuesOfOp("conv_transpose2d",
                         {F32({1, 2, 1, 1}, {2, 3}), F32({2, 1, 1, 1}, {5, 7})},
                         {{"groups", int64_t{2}}}),
              ElementsAre(10, 21));
  EXPECT_THAT(ValuesOfOp("conv_transpose2d",
                         {F32({1, 1, 1, 1}, {2}), F32({1, 2, 1, 1}, {5, 7})}),
              ElementsAre(10, 14));
}

int64_t MacsOf(const std::string& op, const std::vector<Shape>& shapes,
               Attributes attributes) {
  Graph graph(StandardOps());
  std::vector<ValueId> inputs;
  for (const Shape& shape : shapes) {
    inputs.push_back(*graph.AddInput(absl::StrCat("x", inputs.size()),
                                     {DType::kF32, shape}));
  }
  const auto node = graph.AddNode(op, inputs, std::move(attributes));
  EXPECT_OK(node.status());
  return StandardOps().Find(op)->macs(graph, graph.node(*node));
}

TEST(MacsTest, CountTheFormulasProducts) {
  using Ints = std::vector<int64_t>;
  const Shape src = {2, 4, 6, 6}, weights = {8, 2, 3, 3}, dst = {2, 8, 4, 4};
  const int64_t want = 2 * 8 * 4 * 4 * 2 * 3 * 3;
  const Attributes groups = {{"groups", int64_t{2}}};
  EXPECT_EQ(MacsOf("conv2d", {src, weights}, groups), want);
  EXPECT_EQ(MacsOf("conv2d_backward_data", {dst, weights},
                   {{"groups", int64_t{2}}, {"src_shape", Ints{6, 6}}}),
            want);
  EXPECT_EQ(MacsOf("conv2d_backward_weights", {src, dst},
                   {{"groups", int64_t{2}}, {"kernel", Ints{3, 3}}}),
            want);
  EXPECT_EQ(MacsOf("conv_transpose2d", {dst, weights}, groups), want);
  EXPECT_EQ(MacsOf("conv2d_fused", {src, weights}, groups), want);
  EXPECT_EQ(MacsOf("linear", {{3, 2, 5}, {7, 5}}, {}), 3 * 2 * 5 * 7);
  EXPECT_EQ(MacsOf("linear_fused", {{3, 5}, {7, 5}}, {}), 3 * 5 * 7);
  EXPECT_EQ(MacsOf("matmul", {{2, 1, 5, 3}, {4, 5, 6}},
                   {{"transpose_a", int64_t{1}}}),
            2 * 4 * 3 * 5 * 6);
}

}  // namespace
}  // namespace assay

#include "harness/ops/conv/conv_cases.h"

#include <utility>

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

struct ConvCase {
  Shape src, weights;
  Attributes attributes;
  Shape dst;
};

TensorType Type(Shape shape) { return {DType::kF32, std::move(shape)}; }

Attributes With(Attributes attributes, const char* name, Ints value) {
  attributes.Set(name, std::move(value));
  return attributes;
}

// What each is meant to catch: a plain kernel; strides with uneven pads and a
// remainder; dilation; groups; depthwise with a multiplier; 1x1; a sequence.
std::vector<ConvCase> Geometries() {
  return {
      {{2, 3, 5, 4}, {4, 3, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}, {2, 4, 5, 4}},
      {{1, 2, 6, 7},
       {3, 2, 3, 2},
       {{"strides", Ints{2, 3}}, {"pads", Ints{0, 1, 1, 2}}},
       {1, 3, 3, 3}},
      {{1, 2, 7, 6}, {2, 2, 3, 2}, {{"dilations", Ints{2, 3}}}, {1, 2, 3, 3}},
      {{2, 4, 4, 4},
       {6, 2, 3, 3},
       {{"groups", int64_t{2}}, {"pads", Ints{1, 1, 1, 1}}},
       {2, 6, 4, 4}},
      {{1, 3, 5, 5},
       {6, 1, 3, 3},
       {{"groups", int64_t{3}}, {"strides", Ints{2, 2}}},
       {1, 6, 2, 2}},
      {{2, 3, 2, 2}, {5, 3, 1, 1}, {}, {2, 5, 2, 2}},
      {{1, 4, 1, 9},
       {3, 4, 1, 3},
       {{"dilations", Ints{1, 2}}, {"pads", Ints{0, 4, 0, 0}}},
       {1, 3, 1, 9}},
  };
}

int64_t Terms(const ConvCase& c) {
  return c.weights[1] * c.weights[2] * c.weights[3];
}

void AddAccepted(OpCases& cases, const ConvCase& c, int order) {
  cases.accepted.push_back({"conv2d",
                            {F(c.src), F(c.weights), F({c.weights[0]})},
                            c.attributes,
                            order,
                            Terms(c)});
  cases.accepted.push_back(
      {"conv2d", {F(c.src), F(c.weights)}, c.attributes, order, Terms(c)});
  cases.accepted.push_back(
      {"conv2d_backward_data",
       {F(c.dst), F(c.weights)},
       With(c.attributes, "src_shape", {c.src[2], c.src[3]}),
       order,
       c.weights[0] * c.weights[2] * c.weights[3]});
  cases.accepted.push_back(
      {"conv2d_backward_weights",
       {F(c.src), F(c.dst)},
       With(c.attributes, "kernel", {c.weights[2], c.weights[3]}),
       order,
       c.dst[0] * c.dst[2] * c.dst[3]});
}

// A stride with room behind; uneven pads; dilation; groups; depthwise.
void AddTransposed(OpCases& cases) {
  const std::vector<ConvCase> rows = {
      {{2, 3, 4, 3}, {3, 4, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}, {}},
      {{1, 2, 3, 4},
       {2, 3, 3, 2},
       {{"strides", Ints{2, 3}},
        {"pads", Ints{0, 1, 1, 2}},
        {"output_padding", Ints{1, 2}}},
       {}},
      {{1, 2, 4, 3}, {2, 2, 3, 2}, {{"dilations", Ints{2, 3}}}, {}},
      {{2, 6, 3, 3},
       {6, 2, 3, 3},
       {{"groups", int64_t{2}}, {"pads", Ints{1, 0, 1, 0}}},
       {}},
      {{1, 3, 2, 3},
       {3, 1, 4, 4},
       {{"groups", int64_t{3}},
        {"strides", Ints{2, 2}},
        {"pads", Ints{1, 1, 1, 1}}},
       {}},
  };
  for (const ConvCase& c : rows) {
    const int64_t groups = c.attributes.Int("groups", 1);
    const int64_t terms = c.weights[0] / groups * c.weights[2] * c.weights[3];
    cases.accepted.push_back(
        {"conv_transpose2d",
         {F(c.src), F(c.weights), F({c.weights[1] * groups})},
         c.attributes,
         2,
         terms});
    cases.accepted.push_back(
        {"conv_transpose2d", {F(c.src), F(c.weights)}, c.attributes, 2, terms});
  }
  cases.accepted.push_back({"conv_transpose2d",
                            {F({2, 32, 6, 5}), F({32, 17, 4, 4}), F({17})},
                            {{"strides", Ints{2, 2}}},
                            0,
                            32 * 4});
}

void RefuseTransposed(OpCases& cases) {
  const TensorType src = Type({1, 4, 5, 5}), weights = Type({4, 2, 3, 3});
  const std::vector<Refusal> refused = {
      {"conv_transpose2d",
       {Type({4, 5, 5}), weights},
       {},
       "src: expected rank 4 [N,I,H,W]"},
      {"conv_transpose2d",
       {src, Type({3, 2, 3, 3})},
       {},
       "weights: expected extent 4 (input channels) on axis 0"},
      {"conv_transpose2d",
       {src, weights},
       {{"groups", int64_t{3}}},
       "groups: expected a positive divisor of 4 input channels, got 3"},
      {"conv_transpose2d",
       {src, weights, Type({4})},
       {},
       "bias: expected f32[2], got f32[4]"},
      {"conv_transpose2d",
       {src, weights},
       {{"output_padding", Ints{0, 1}}},
       "output_padding: expected less than strides=[1,1], got [0,1]"},
      {"conv_transpose2d",
       {src, weights},
       {{"pads", Ints{4, 0, 4, 0}}},
       "extent"},
  };
  cases.refused.insert(cases.refused.end(), refused.begin(), refused.end());
}

}  // namespace

OpCases ConvCases() {
  OpCases cases;
  AddTransposed(cases);
  for (const ConvCase& c : Geometries()) AddAccepted(cases, c, 2);
  // Channels that vector kernels like, and one more; differences would be slow.
  AddAccepted(cases,
              {{2, 32, 9, 9},
               {17, 32, 3, 3},
               {{"pads", Ints{1, 1, 1, 1}}},
               {2, 17, 9, 9}},
              0);
  AddAccepted(cases,
              {{2, 32, 8, 8},
               {32, 1, 3, 3},
               {{"groups", int64_t{32}}, {"pads", Ints{1, 1, 1, 1}}},
               {2, 32, 8, 8}},
              0);
  const TensorType src = Type({1, 4, 5, 5});
  cases.refused = {
      {"conv2d", {Type({4, 5, 5}), src}, {}, "src: expected rank 4 [N,C,H,W]"},
      {"conv2d",
       {src, Type({3, 3, 3, 3})},
       {},
       "weights: expected extent 4 (input channels per group) on axis 1, got "
       "f32[3,3,3,3]"},
      {"conv2d",
       {src, Type({3, 2, 3, 3})},
       {{"groups", int64_t{2}}},
       "groups: expected a positive divisor of 4 input and 3 output"},
      {"conv2d", {src, Type({3, 4, 6, 3})}, {}, "fits into the padded source"},
      {"conv2d",
       {src, Type({3, 4, 3, 3})},
       {{"strides", Ints{0, 1}}},
       "strides: expected 2 values of at least 1"},
      {"conv2d",
       {src, Type({3, 4, 3, 3})},
       {{"pads", Ints{1, 1}}},
       "pads: expected 4 values of at least 0"},
      {"conv2d",
       {src, Type({3, 4, 3, 3}), Type({4})},
       {},
       "bias: expected f32[3], got f32[4]"},
      {"conv2d",
       {src, {DType::kF64, {3, 4, 3, 3}}},
       {},
       "weights: expected type f32"},
      {"conv2d_backward_data",
       {Type({1, 3, 3, 3}), Type({3, 4, 3, 3})},
       {{"src_shape", Ints{6, 5}}},
       "diff_dst: expected shape [1,3,4,3]"},
      {"conv2d_backward_weights",
       {src, Type({1, 3, 4, 3})},
       {{"kernel", Ints{3, 3}}},
       "diff_dst: expected shape [1,3,3,3]"},
  };
  RefuseTransposed(cases);
  return cases;
}

}  // namespace assay

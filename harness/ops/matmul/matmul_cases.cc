#include "harness/ops/matmul/matmul_cases.h"

namespace assay {
namespace {

TensorType Type(Shape shape) { return {DType::kF32, std::move(shape)}; }

CaseOperand U8(Shape shape) {
  CaseOperand operand = F(std::move(shape), 0, 255);
  operand.type.dtype = DType::kU8;
  return operand;
}

// Layers of 4-bit weights: widths that fill vectors, groups and panels of
// outputs and widths that do not; few rows and many; with zero points and
// without.
void AddU4(OpCases& cases) {
  struct Layer {
    Shape src;
    int64_t outputs, group;
  };
  const Layer layers[] = {{{1, 64}, 64, 32},
                          {{5, 96}, 33, 32},
                          {{2, 3, 50}, 7, 16},
                          {{1, 300}, 17, 64},
                          {{19, 128}, 80, 128}};
  for (const Layer& layer : layers) {
    const int64_t inputs = layer.src.back();
    const int64_t groups = (inputs + layer.group - 1) / layer.group;
    const int64_t o = layer.outputs;
    const CaseOperand weights = U8({o, groups, layer.group / 2});
    const CaseOperand scales = Constant(F({o, groups}, 0.05, 0.1));
    const int order = o < 10 ? 2 : 0;
    // A backend may round sources to 16 bits, which is more than sums do.
    const int64_t terms = inputs + 512;
    cases.accepted.push_back(
        {"linear_u4",
         {F(layer.src), weights, scales, U8({o, (groups + 1) / 2}), F({o})},
         {},
         order,
         terms});
    cases.accepted.push_back({"linear_u4",
                              {F(layer.src), weights, Statistics(scales)},
                              {},
                              order,
                              terms});
  }
  const TensorType src{DType::kF32, {2, 40}}, weights{DType::kU8, {3, 3, 8}},
      scales{DType::kF32, {3, 3}};
  const auto refuse = [&](std::vector<TensorType> operands,
                          std::string message) {
    cases.refused.push_back(
        {"linear_u4", std::move(operands), {}, std::move(message)});
  };
  refuse({src, {DType::kU8, {3, 2, 8}}, {DType::kF32, {3, 2}}},
         "weights: expected 3 groups of 16 (G) for 40 inputs");
  refuse({src, {DType::kU8, {3, 4, 5}}, {DType::kF32, {3, 4}}},
         "weights: expected groups of a multiple of 16");
  refuse({src, weights, {DType::kF32, {3, 2}}}, "scales: expected shape [3,3]");
  refuse({src, weights, {DType::kF64, {3, 3}}}, "scales: expected f64 where");
  refuse({src, weights, scales, {DType::kU8, {3, 3}}},
         "zero_points: expected u8[3,2]");
}

Attributes Transposed(bool a, bool b) {
  return {{"transpose_a", int64_t{a}}, {"transpose_b", int64_t{b}}};
}

}  // namespace

OpCases MatmulCases() {
  OpCases cases;
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) {
      const Shape left = a ? Shape{4, 3} : Shape{3, 4};
      const Shape right = b ? Shape{5, 4} : Shape{4, 5};
      cases.accepted.push_back(
          {"matmul", {F(left), F(right)}, Transposed(a, b), 2, 4});
      Shape batched = left;
      batched.insert(batched.begin(), {2, 1});
      Shape other = right;
      other.insert(other.begin(), 3);
      cases.accepted.push_back(
          {"matmul", {F(batched), F(other)}, Transposed(a, b), 2, 4});
    }
  }
  cases.accepted.push_back({"matmul", {F({2, 3, 4}), F({4, 2})}, {}, 2, 4});
  // Shapes that vector kernels like and dislike; differences would be slow.
  cases.accepted.push_back({"matmul", {F({33, 65}), F({65, 47})}, {}, 0, 65});
  cases.accepted.push_back(
      {"linear", {F({3, 4}), F({5, 4}), F({5})}, {}, 2, 4});
  cases.accepted.push_back({"linear", {F({2, 3, 4}), F({5, 4})}, {}, 2, 4});
  cases.accepted.push_back({"linear", {F({4}), F({2, 4}), Absent()}, {}, 2, 4});
  cases.accepted.push_back(
      {"linear", {F({17, 100}), F({30, 100}), F({30})}, {}, 0, 100});
  cases.refused = {
      {"matmul",
       {Type({2, 3}), Type({2, 3})},
       {},
       "b: expected extent 3 (K, as a has) on axis 0, got f32[2,3]"},
      {"matmul", {Type({3}), Type({3, 2})}, {}, "a: expected rank 2 or more"},
      {"matmul",
       {Type({2, 1, 2}), Type({3, 2, 2})},
       {},
       "expected shapes that broadcast"},
      {"matmul",
       {Type({2, 2}), {DType::kF64, {2, 2}}},
       {},
       "b: expected type f32"},
      {"linear",
       {Type({2, 3}), Type({4, 2})},
       {},
       "weights: expected extent 3 (I, as src has) on axis 1"},
      {"linear",
       {Type({2, 3}), Type({4, 3}), Type({3})},
       {},
       "bias: expected f32[4], got f32[3]"},
  };
  AddU4(cases);
  return cases;
}

}  // namespace assay

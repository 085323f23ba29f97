#include "harness/ops/matmul/matmul_cases.h"

namespace assay {
namespace {

TensorType Type(Shape shape) { return {DType::kF32, std::move(shape)}; }

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
  return cases;
}

}  // namespace assay

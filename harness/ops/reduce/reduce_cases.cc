#include "harness/ops/reduce/reduce_cases.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

const TensorType kFloats{DType::kF32, {2, 3}};

void AddReductions(OpCases& cases) {
  for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max"}) {
    const CaseOperand src = Distinct({3, 4, 5}, -1, 1.5);
    cases.accepted.push_back({op, {src}, {}, 2, 60});
    cases.accepted.push_back({op, {src}, {{"axes", Ints{1}}}, 2, 4});
    cases.accepted.push_back(
        {op, {src}, {{"axes", Ints{-1, 0}}, {"keep", int64_t{1}}}, 2, 15});
    cases.accepted.push_back({op, {src}, {{"axes", Ints{}}}});
    cases.accepted.push_back(
        {op, {Distinct({2, 3, 4, 5})}, {{"axes", Ints{0, 2, 3}}}, 2, 40});
    cases.refused.push_back(
        {op, {kFloats}, {{"axes", Ints{2}}}, "expected a value in [-2, 2)"});
    cases.refused.push_back(
        {op, {kFloats}, {{"axes", Ints{1, -1}}}, "axis 1 is given twice"});
    cases.refused.push_back(
        {op, {{DType::kBool, {2}}}, {}, "src: expected f32"});
  }
  for (const char* op : {"reduce_sum", "reduce_max"}) {
    cases.accepted.push_back(
        {op, {S32({3, 4}, -9, 9)}, {{"axes", Ints{0}}}, 0});
  }
}

}  // namespace

OpCases ReduceCases() {
  OpCases cases;
  AddReductions(cases);
  for (const int64_t axis : {0, 1, -1}) {
    cases.accepted.push_back(
        {"argmax", {Distinct({3, 4, 5})}, {{"axis", axis}}, 0});
    cases.accepted.push_back(
        {"cumsum", {F({3, 4, 5})}, {{"axis", axis}}, 2, 5});
  }
  // Ties.
  cases.accepted.push_back({"argmax", {S32({4, 6}, 0, 1)}, {}, 0});
  cases.accepted.push_back({"cumsum",
                            {F({2, 7})},
                            {{"axis", int64_t{1}}, {"reverse", int64_t{1}}},
                            2,
                            7});
  for (const char* op : {"argmax", "cumsum"}) {
    cases.refused.push_back(
        {op, {kFloats}, {{"axis", int64_t{-3}}}, "axis: expected a value in"});
    cases.refused.push_back(
        {op, {{DType::kF32, {}}}, {}, "axis: expected a value in [0, 0)"});
  }
  for (const int64_t axis : {0, 1, -1}) {
    cases.accepted.push_back(
        {"top_k", {Distinct({3, 4, 5})}, {{"axis", axis}, {"k", int64_t{2}}}});
    cases.accepted.push_back(
        {"top_k",
         {Distinct({3, 4, 5})},
         {{"axis", axis}, {"k", int64_t{3}}, {"largest", int64_t{0}}}});
  }
  // Ties; a whole row; a long one.
  cases.accepted.push_back(
      {"top_k", {S32({4, 6}, 0, 2)}, {{"k", int64_t{6}}}, 0});
  cases.accepted.push_back(
      {"top_k", {Distinct({3, 700})}, {{"k", int64_t{40}}}, 0});
  cases.refused.push_back({"top_k",
                           {kFloats},
                           {{"k", int64_t{4}}},
                           "k: expected 1 to 3 elements, got 4"});
  cases.refused.push_back({"top_k", {kFloats}, {}, "k: expected 1 to 3"});
  cases.refused.push_back(
      {"top_k", {{DType::kBool, {2}}}, {{"k", int64_t{1}}}, "src: expected"});
  return cases;
}

}  // namespace assay

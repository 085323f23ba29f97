#include "harness/ops/shape/shape_cases.h"

#include "harness/ops/shape/layout.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

const TensorType kFloats{DType::kF32, {2, 3}};

void AddReshapes(OpCases& cases) {
  const CaseOperand src = F({2, 3, 4});
  for (const Ints& shape : {Ints{6, 4}, Ints{0, -1}, Ints{2, 3, 2, 2}, Ints{24},
                            Ints{0, 0, 1, 4}}) {
    cases.accepted.push_back({"reshape", {src}, {{"shape", shape}}});
  }
  cases.accepted.push_back({"reshape", {F({1})}, {{"shape", Ints{}}}});
  cases.accepted.push_back(
      {"reshape", {S32({2, 3}, 0, 9)}, {{"shape", Ints{3, 2}}}, 0});
  cases.refused.push_back(
      {"reshape", {kFloats}, {{"shape", Ints{4}}}, "as many elements as"});
  cases.refused.push_back(
      {"reshape", {kFloats}, {{"shape", Ints{-1, -1}}}, "-1 once"});
  cases.refused.push_back(
      {"reshape", {kFloats}, {{"shape", Ints{4, -1}}}, "as many elements as"});
  const int64_t huge = int64_t{1} << 32;
  cases.refused.push_back({"reshape",
                           {kFloats},
                           {{"shape", Ints{huge, huge}}},
                           "as many elements as"});

  cases.accepted.push_back(
      {"broadcast_to", {F({3, 1})}, {{"shape", Ints{2, 3, 4}}}, 2, 8});
  cases.accepted.push_back(
      {"broadcast_to", {F({})}, {{"shape", Ints{2, 2}}}, 2, 4});
  cases.accepted.push_back(
      {"broadcast_to", {F({3, 4})}, {{"shape", Ints{2, 0, 0}}}, 2, 2});
  cases.refused.push_back({"broadcast_to",
                           {kFloats},
                           {{"shape", Ints{2, 4}}},
                           "src: expected a shape that broadcasts"});
  cases.refused.push_back(
      {"broadcast_to", {kFloats}, {{"shape", Ints{3}}}, "broadcasts"});
  cases.refused.push_back({"broadcast_to",
                           {{DType::kF32, {1}}},
                           {{"shape", Ints{huge, huge, huge}}},
                           "2^48 bytes"});
}

void AddTransposes(OpCases& cases) {
  for (const Ints& order : {Ints{2, 0, 1}, Ints{0, 2, 1}, Ints{0, 1, 2}}) {
    cases.accepted.push_back(
        {"transpose", {F({2, 3, 4})}, {{"permutation", order}}});
  }
  cases.accepted.push_back({"transpose",
                            {Given(DType::kU8, {2, 2}, {1, 2, 3, 4})},
                            {{"permutation", Ints{1, 0}}},
                            0});
  cases.refused.push_back({"transpose",
                           {kFloats},
                           {{"permutation", Ints{0, 0}}},
                           "expected each of the 2 axes once"});
}

void AddSlices(OpCases& cases) {
  cases.accepted.push_back(
      {"slice", {F({4, 5})}, {{"starts", Ints{1, 0}}, {"ends", Ints{3, 5}}}});
  cases.accepted.push_back(
      {"slice",
       {F({4, 5})},
       {{"starts", Ints{-3, 1}}, {"ends", Ints{kSliceEnd, -1}}}});
  cases.accepted.push_back(
      {"slice",
       {F({7, 5})},
       {{"starts", Ints{1, 0}}, {"ends", Ints{7, 5}}, {"steps", Ints{3, 2}}}});
  cases.refused.push_back({"slice",
                           {kFloats},
                           {{"starts", Ints{0, 0}}, {"ends", Ints{2, 4}}},
                           "axis 1 to hold a nonempty [0, 4)"});
  cases.refused.push_back({"slice",
                           {kFloats},
                           {{"starts", Ints{0, 2}}, {"ends", Ints{2, 2}}},
                           "nonempty"});
  cases.refused.push_back({"slice",
                           {kFloats},
                           {{"starts", Ints{0}}, {"ends", Ints{2, 3}}},
                           "starts: expected 2 values, got [0]"});

  cases.accepted.push_back(
      {"pad",
       {F({2, 3})},
       {{"before", Ints{1, 0}}, {"after", Ints{0, 2}}, {"value", 0.5}}});
  cases.accepted.push_back({"pad",
                            {F({3, 2})},
                            {{"before", Ints{0, 1}},
                             {"after", Ints{2, 0}},
                             {"between", Ints{2, 1}}}});
  cases.refused.push_back({"pad",
                           {kFloats},
                           {{"before", Ints{-1, 0}}},
                           "before: expected 2 values of at least 0"});
}

void AddConcats(OpCases& cases) {
  cases.accepted.push_back(
      {"concat", {F({2, 3}), F({4, 3}), F({1, 3})}, {{"axis", int64_t{0}}}});
  cases.accepted.push_back(
      {"concat", {F({2, 3, 2}), F({2, 1, 2})}, {{"axis", int64_t{-2}}}});
  cases.accepted.push_back({"concat", {F({2, 3})}, {{"axis", int64_t{1}}}});
  cases.refused.push_back({"concat",
                           {kFloats, {DType::kF32, {3, 3}}},
                           {{"axis", int64_t{1}}},
                           "operand 1: expected f32[2,3], got f32[3,3]"});
  cases.refused.push_back({"concat",
                           {kFloats, {DType::kF32, {2}}},
                           {{"axis", int64_t{0}}},
                           "operand 1: expected rank 2"});
}

void AddIndexing(OpCases& cases) {
  const CaseOperand indices = S32({2, 3}, 0, 4);
  cases.accepted.push_back({"gather", {F({5, 4}), indices}, {}, 2, 6});
  cases.accepted.push_back(
      {"gather", {F({3, 5, 2}), indices}, {{"axis", int64_t{1}}}, 2, 6});
  cases.accepted.push_back({"gather",
                            {F({3, 2, 5}), S32({4}, 0, 4)},
                            {{"axis", int64_t{-1}}},
                            2,
                            4});
  cases.accepted.push_back({"gather", {F({5}), S32({}, 0, 4)}});
  cases.accepted.push_back(
      {"scatter_add", {indices, F({2, 3, 4})}, {{"rows", int64_t{5}}}, 2, 6});
  cases.accepted.push_back(
      {"scatter_add", {indices, F({2, 3})}, {{"rows", int64_t{6}}}, 2, 6});
  cases.accepted.push_back({"one_hot",
                            {S32({2, 3}, -1, 5)},
                            {{"depth", int64_t{5}}, {"dtype", "f32"}},
                            0});
  cases.accepted.push_back({"one_hot",
                            {S32({4}, 0, 2)},
                            {{"depth", int64_t{3}}, {"dtype", "s8"}},
                            0});
  cases.refused.push_back(
      {"gather", {kFloats, kFloats}, {}, "indices: expected type s32"});
  cases.refused.push_back({"scatter_add",
                           {{DType::kS32, {3}}, kFloats},
                           {{"rows", int64_t{4}}},
                           "begins with the indices' [3]"});
  cases.refused.push_back(
      {"scatter_add", {{DType::kS32, {2}}, kFloats}, {}, "rows: expected"});
  cases.refused.push_back({"one_hot",
                           {{DType::kS32, {2}}},
                           {{"depth", int64_t{0}}},
                           "depth: expected at least 1"});
}

void AddAlong(OpCases& cases) {
  for (const int64_t axis : {0, 1, -1}) {
    Shape shape = {3, 4, 5};
    shape[static_cast<size_t>(axis < 0 ? 2 : axis)] = 6;
    const CaseOperand indices = S32(shape, 0, 2);
    cases.accepted.push_back(
        {"gather_along", {F({3, 4, 5}), indices}, {{"axis", axis}}, 2, 6});
    cases.accepted.push_back({"scatter_add_along",
                              {indices, F(shape)},
                              {{"axis", axis}, {"extent", int64_t{4}}},
                              2,
                              6});
  }
  cases.accepted.push_back(
      {"gather_along", {F({5}), S32({2}, 0, 4)}, {{"axis", int64_t{0}}}});
  cases.accepted.push_back(
      {"gather_along", {S32({2, 3}, -9, 9), S32({2, 3}, 0, 2)}, {}, 0});
  for (const Shape& rest : {Shape{}, Shape{4}}) {
    Shape shape = {2, 3};
    shape.insert(shape.end(), rest.begin(), rest.end());
    cases.accepted.push_back({"scatter_max",
                              {S32({2, 3}, 0, 3), Distinct(shape)},
                              {{"rows", int64_t{5}}},
                              2,
                              6});
  }
  const TensorType indices{DType::kS32, {2, 4}};
  cases.refused.push_back({"gather_along",
                           {kFloats, {DType::kS32, {3, 3}}},
                           {},
                           "indices: expected shape [2,3], got s32[3,3]"});
  cases.refused.push_back(
      {"gather_along", {kFloats, kFloats}, {}, "indices: expected type s32"});
  cases.refused.push_back({"scatter_add_along",
                           {indices, kFloats},
                           {{"extent", int64_t{3}}},
                           "indices: expected shape [2,3], got s32[2,4]"});
  cases.refused.push_back({"scatter_add_along",
                           {indices, {DType::kF32, {2, 4}}},
                           {},
                           "extent: expected at least 1, got 0"});
  cases.refused.push_back(
      {"scatter_max", {{DType::kS32, {2}}, kFloats}, {}, "rows: expected"});
  cases.refused.push_back({"scatter_max",
                           {{DType::kS32, {3}}, kFloats},
                           {{"rows", int64_t{4}}},
                           "begins with the indices' [3]"});
}

}  // namespace

OpCases ShapeCases() {
  OpCases cases;
  AddReshapes(cases);
  AddTransposes(cases);
  AddSlices(cases);
  AddConcats(cases);
  AddIndexing(cases);
  AddAlong(cases);
  return cases;
}

}  // namespace assay

#include "harness/ops/elementwise/elementwise_cases.h"

namespace assay {
namespace {

const TensorType kFloats{DType::kF32, {2, 3}};
const TensorType kWide{DType::kF64, {2, 3}};
const TensorType kInts{DType::kS32, {2, 3}};
const TensorType kBools{DType::kBool, {2, 3}};

// Equal shapes, a vector, a stretched axis and a scalar.
void AddBinary(OpCases& cases, const char* op, double low, double high) {
  for (const auto& [a, b] :
       std::vector<std::pair<Shape, Shape>>{{{2, 3}, {2, 3}},
                                            {{2, 3, 4}, {4}},
                                            {{2, 1, 4}, {3, 1}},
                                            {{}, {2, 2}}}) {
    cases.accepted.push_back({op, {F(a, low, high), F(b, low, high)}});
  }
}

void RefuseBinary(OpCases& cases, const char* op) {
  cases.refused.push_back(
      {op, {kFloats, kWide}, {}, "b: expected type f32, got f64[2,3]"});
  cases.refused.push_back({op, {kBools, kBools}, {}, "a: expected f32, f64"});
  cases.refused.push_back({op,
                           {kFloats, {DType::kF32, {2, 4}}},
                           {},
                           "expected shapes that broadcast, got [2,3]"});
}

void AddUnary(OpCases& cases, const char* op, const CaseOperand& src,
              int order = 2, Attributes attributes = {}) {
  cases.accepted.push_back({op, {src}, std::move(attributes), order});
  cases.refused.push_back({op, {kBools}, {}, "src: expected f32, f64"});
}

void AddArithmetic(OpCases& cases) {
  AddBinary(cases, "add", -1, 1);
  AddBinary(cases, "sub", -1, 1);
  AddBinary(cases, "mul", -1, 1);
  AddBinary(cases, "div", 0.5, 2);
  for (const char* op : {"add", "sub", "mul", "div", "maximum", "minimum"}) {
    RefuseBinary(cases, op);
  }
  for (const char* op : {"add", "sub", "mul", "maximum", "minimum"}) {
    cases.accepted.push_back(
        {op, {S32({2, 3}, -9, 9), S32({3}, -9, 9)}, {}, 0});
  }
  for (const char* op : {"maximum", "minimum"}) {
    // Operands that interleave, so that no pair is close.
    cases.accepted.push_back(
        {op, {Distinct({3, 4}, -1, 1), Distinct({3, 4}, -1.04, 0.96)}});
    cases.accepted.push_back(
        {op, {Distinct({3, 4}, -1, 1), Given(DType::kF32, {}, {0})}});
  }
  cases.refused.push_back(
      {"div", {kInts, kInts}, {}, "a: expected f32, f64 or bf16"});
}

void AddFunctions(OpCases& cases) {
  const CaseOperand plain = F({3, 4}, -2, 2);
  const CaseOperand positive = F({3, 4}, 0.3, 3);
  const CaseOperand off_zero = Avoiding({3, 4}, {0}, -2, 2);
  AddUnary(cases, "neg", plain);
  AddUnary(cases, "abs", off_zero);
  AddUnary(cases, "sign", off_zero, 0);
  AddUnary(cases, "exp", plain);
  AddUnary(cases, "log", positive);
  AddUnary(cases, "sqrt", positive);
  AddUnary(cases, "rsqrt", positive);
  AddUnary(cases, "square", plain);
  AddUnary(cases, "erf", plain);
  AddUnary(cases, "round",
           Given(DType::kF32, {7}, {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.51}), 0);
  for (const char* op : {"floor", "ceil"}) {
    AddUnary(cases, op,
             Given(DType::kF32, {6}, {-2, -1.5, -0.25, 0, 0.75, 3.5}), 0);
  }
  AddUnary(cases, "sin", F({3, 4}, -7, 7));
  AddUnary(cases, "cos", F({3, 4}, -7, 7));
  AddUnary(cases, "pow_scalar", positive, 2, {{"exponent", 2.5}});
  AddUnary(cases, "dropout", plain, 2, {{"rate", 0.3}});
  for (const char* op : {"neg", "abs"}) {
    cases.accepted.push_back({op, {S32({5}, -9, 9)}, {}, 0});
  }
  cases.accepted.push_back({"identity", {plain}});
  cases.accepted.push_back({"stop_gradient", {plain}, {}, 0});
  cases.refused.push_back({"dropout", {kFloats}, {{"rate", 1.0}}, "rate"});
}

void AddCasts(OpCases& cases) {
  OpCase widen = {"cast", {F({2, 3})}, {{"dtype", "f64"}}};
  widen.f64 = false;  // keeps more of an f64 operand than of an f32 one
  cases.accepted.push_back(std::move(widen));
  cases.accepted.push_back({"cast",
                            {Given(DType::kF32, {4}, {0.5, 1.5, -2.5, 300})},
                            {{"dtype", "u8"}},
                            0});
  cases.accepted.push_back(
      {"cast", {S32({5}, -300, 300)}, {{"dtype", "s8"}}, 0});
  cases.accepted.push_back({"cast", {F({3})}, {{"dtype", "bool"}}, 0});
  cases.refused.push_back({"cast", {kFloats}, {{"dtype", "f16"}}, "f16"});
}

void AddActivations(OpCases& cases) {
  const CaseOperand plain = F({3, 5}, -5, 5);
  for (const char* op : {"tanh", "sigmoid", "silu"}) {
    AddUnary(cases, op, plain);
  }
  AddUnary(cases, "gelu", plain);
  AddUnary(cases, "gelu", plain, 2, {{"approximate", "tanh"}});
  AddUnary(cases, "gelu_slope", plain);
  AddUnary(cases, "hardswish", Avoiding({4, 5}, {-3, 3}, -5, 5));
  AddUnary(cases, "relu", Avoiding({4, 5}, {0}));
  AddUnary(cases, "relu6", Avoiding({4, 5}, {0, 6}, -3, 9));
  AddUnary(cases, "clip", Avoiding({4, 5}, {-0.5, 0.5}), 2,
           {{"low", -0.5}, {"high", 0.5}});
  AddUnary(cases, "clip", Avoiding({4, 5}, {0.25}), 2, {{"high", 0.25}});
  cases.accepted.push_back(
      {"relu_backward", {F({4, 5}), Constant(Avoiding({4, 5}, {0}))}});
  cases.refused.push_back(
      {"gelu", {kFloats}, {{"approximate", "fast"}}, "'none' or 'tanh'"});
  cases.refused.push_back(
      {"clip", {kFloats}, {{"low", 1.0}, {"high", 0.0}}, "high"});
  cases.refused.push_back({"relu_backward",
                           {kFloats, {DType::kF32, {3}}},
                           {},
                           "dst: expected f32[2,3], got f32[3]"});
}

void AddSelections(OpCases& cases) {
  for (const char* op : {"greater", "equal"}) {
    cases.accepted.push_back({op, {F({2, 3}), F({3})}, {}, 0});
    cases.accepted.push_back(
        {op, {S32({4, 3}, 0, 2), S32({4, 1}, 0, 2)}, {}, 0});
    cases.refused.push_back({op, {kBools, kBools}, {}, "a: expected f32"});
  }
  const CaseOperand choice = Given(DType::kBool, {2, 1, 3}, {0, 1, 1, 1, 0, 0});
  cases.accepted.push_back({"where", {choice, F({2, 4, 3}), F({3})}});
  cases.accepted.push_back({"where", {choice, F({}), F({4, 1})}});
  cases.refused.push_back({"where",
                           {kFloats, kFloats, kFloats},
                           {},
                           "condition: expected type bool, got f32[2,3]"});
}

}  // namespace

OpCases ElementwiseCases() {
  OpCases cases;
  AddArithmetic(cases);
  AddFunctions(cases);
  AddCasts(cases);
  AddActivations(cases);
  AddSelections(cases);
  return cases;
}

}  // namespace assay

#include "harness/ops/optimizer/optimizer_cases.h"

namespace assay {
namespace {

OpCase Step(const char* op, std::vector<CaseOperand> operands,
            Attributes attributes) {
  OpCase c = {op, std::move(operands), std::move(attributes), 0, 4};
  c.bf16 = false;
  return c;
}

}  // namespace

OpCases OptimizerCases() {
  OpCases cases;
  const CaseOperand tensor = F({3, 5}), rate = F({}, 0.01, 0.1);
  const CaseOperand squares = F({3, 5}, 0, 1);
  for (const int64_t nesterov : {0, 1}) {
    cases.accepted.push_back(Step(
        "sgd_step", {tensor, tensor, tensor, rate},
        {{"momentum", 0.9}, {"weight_decay", 0.01}, {"nesterov", nesterov}}));
  }
  cases.accepted.push_back(
      Step("sgd_step", {tensor, tensor, tensor, rate}, {}));
  for (const double step : {1, 1000}) {
    cases.accepted.push_back(Step(
        "adamw_step",
        {tensor, tensor, tensor, squares, rate, Given(DType::kS64, {}, {step})},
        {{"weight_decay", 0.1}}));
  }
  const TensorType t{DType::kF32, {3}}, s{DType::kF32, {}},
      other{DType::kF32, {4}}, half{DType::kBF16, {3}}, step{DType::kS64, {}};
  cases.refused = {
      {"sgd_step", {t, other, t, s}, {}, "gradient: expected f32[3]"},
      {"sgd_step", {half, half, half, s}, {}, "parameter: expected f32 or f64"},
      {"sgd_step", {t, t, t, t}, {}, "learning_rate: expected f32[]"},
      {"sgd_step", {t, t, t, s}, {{"momentum", -1.0}}, "momentum: expected"},
      {"adamw_step", {t, t, t, t, s, s}, {}, "step: expected s64[]"},
      {"adamw_step", {t, t, t, other, s, step}, {}, "second: expected f32[3]"},
      {"adamw_step",
       {t, t, t, t, s, step},
       {{"beta1", 1.0}},
       "beta1: expected"},
  };
  return cases;
}

}  // namespace assay

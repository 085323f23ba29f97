#include "harness/ops/softmax/softmax_cases.h"

namespace assay {

OpCases SoftmaxCases() {
  OpCases cases;
  const TensorType logits{DType::kF32, {4, 5}};
  for (const char* op : {"softmax", "log_softmax"}) {
    cases.accepted.push_back({op, {F({3, 4}, -3, 3)}, {}, 2, 4});
    for (const int64_t axis : {0, 1, 2}) {
      cases.accepted.push_back(
          {op, {F({2, 3, 4}, -3, 3)}, {{"axis", axis}}, 2, 4});
    }
    // Rows that overflow exp.
    cases.accepted.push_back({op, {F({3, 7}, -300, 300)}, {}, 0, 7});
    cases.refused.push_back(
        {op, {logits}, {{"axis", int64_t{2}}}, "axis: expected a value in"});
    cases.refused.push_back(
        {op, {{DType::kS32, {2}}}, {}, "src: expected f32, f64 or bf16"});
  }
  const CaseOperand labels = Given(DType::kS32, {4}, {0, 4, 2, -1});
  cases.accepted.push_back(
      {"cross_entropy", {F({4, 5}, -3, 3), labels}, {}, 2, 5});
  cases.accepted.push_back(
      {"cross_entropy",
       {F({4, 5}, -3, 3), labels},
       {{"label_smoothing", 0.1}, {"ignore_index", int64_t{-1}}},
       2,
       5});
  cases.accepted.push_back({"cross_entropy",
                            {F({3, 5}, -3, 3), S32({3}, 0, 1)},
                            {{"ignore_index", int64_t{0}}},
                            2,
                            5});
  cases.accepted.push_back(
      {"cross_entropy", {F({4, 5}, -300, 300), labels}, {}, 0, 5});
  cases.refused.push_back({"cross_entropy",
                           {logits, {DType::kS32, {5}}},
                           {},
                           "labels: expected s32[4], got s32[5]"});
  cases.refused.push_back({"cross_entropy",
                           {logits, {DType::kS64, {4}}},
                           {},
                           "labels: expected s32[4], got s64[4]"});
  cases.refused.push_back({"cross_entropy",
                           {logits, {DType::kS32, {4}}},
                           {{"label_smoothing", 1.0}},
                           "label_smoothing"});
  return cases;
}

}  // namespace assay

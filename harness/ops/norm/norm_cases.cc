#include "harness/ops/norm/norm_cases.h"

namespace assay {
namespace {

TensorType Type(Shape shape) { return {DType::kF32, std::move(shape)}; }

CaseOperand Vector(int64_t length, double low = -1, double high = 1) {
  return Statistics(F({length}, low, high));
}

void AddBatchNorms(OpCases& cases, const Shape& src, int order) {
  const int64_t channels = src[1];
  const int64_t terms = ElementCount(src) / channels;
  const CaseOperand scale = Vector(channels, 0.5, 2), shift = Vector(channels);
  const CaseOperand mean = Vector(channels);
  const CaseOperand variance = Vector(channels, 0.3, 2);
  const Attributes epsilon = {{"epsilon", 1e-3}};
  cases.accepted.push_back(
      {"batch_norm", {F(src), scale, shift, mean, variance}, epsilon, order});
  cases.accepted.push_back(
      {"batch_norm_training", {F(src), scale, shift}, epsilon, order, terms});
  cases.accepted.push_back({"batch_norm_backward",
                            {F(src), F(src), scale, mean, variance},
                            epsilon,
                            order,
                            terms});
}

void AddRowNorms(OpCases& cases, const Shape& src, int order) {
  const int64_t length = src.back();
  const int64_t terms = ElementCount(src);
  const CaseOperand scale = Vector(length, 0.5, 2), shift = Vector(length);
  const Attributes epsilon = {{"epsilon", 1e-3}};
  cases.accepted.push_back(
      {"layer_norm", {F(src), scale, shift}, epsilon, order, length});
  cases.accepted.push_back(
      {"layer_norm_backward", {F(src), F(src), scale}, epsilon, order, terms});
  cases.accepted.push_back(
      {"rms_norm", {F(src), scale}, epsilon, order, length});
  cases.accepted.push_back(
      {"rms_norm_backward", {F(src), F(src), scale}, epsilon, order, terms});
}

}  // namespace

OpCases NormCases() {
  OpCases cases;
  AddBatchNorms(cases, {3, 2, 2, 3}, 2);
  AddBatchNorms(cases, {6, 3}, 2);
  AddBatchNorms(cases, {4, 33, 7, 5}, 0);
  AddRowNorms(cases, {3, 5}, 2);
  AddRowNorms(cases, {2, 2, 4}, 2);
  AddRowNorms(cases, {6}, 2);
  AddRowNorms(cases, {9, 65}, 0);
  const TensorType src = Type({2, 3, 4}), channels = Type({3}),
                   wrong = Type({4});
  cases.refused = {
      {"batch_norm",
       {src, channels, channels, wrong, channels},
       {},
       "mean: expected f32[3], got f32[4]"},
      {"batch_norm",
       {channels, channels, channels, channels, channels},
       {},
       "src: expected rank 2 or more [N,C,..]"},
      {"batch_norm_training",
       {src, channels, channels},
       {{"epsilon", -1.0}},
       "epsilon: expected a value in [0"},
      {"batch_norm_training",
       {{DType::kBF16, {2, 3}}, {DType::kBF16, {3}}, channels},
       {},
       "scale: expected f32[3], got bf16[3]"},
      {"batch_norm_backward",
       {src, channels, channels, channels, channels},
       {},
       "diff_dst: expected f32[2,3,4], got f32[3]"},
      {"layer_norm",
       {src, channels, channels},
       {},
       "scale: expected f32[4], got f32[3]"},
      {"layer_norm_backward",
       {src, channels, wrong},
       {},
       "diff_dst: expected f32[2,3,4]"},
      {"rms_norm", {src, channels}, {}, "scale: expected f32[4], got f32[3]"},
      {"rms_norm", {Type({}), channels}, {}, "src: expected rank 1 or more"},
      {"rms_norm_backward", {src, src, channels}, {}, "scale: expected f32[4]"},
  };
  return cases;
}

}  // namespace assay

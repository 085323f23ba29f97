#include "harness/ops/quantize/quantize_cases.h"

#include <cstdint>
#include <limits>

namespace assay {
namespace {

// Scales whose quotients have no ties near the drawn values matter little:
// a tie may round either way by one step.
CaseOperand Scale(Shape shape) {
  return Statistics(F(std::move(shape), 0.01, 0.02));
}

}  // namespace

OpCases QuantizeCases() {
  OpCases cases;
  const Attributes along_one = {{"axis", int64_t{1}}};
  for (const char* dtype : {"u8", "s8"}) {
    // Reaches past both ends of the range.
    cases.accepted.push_back({"quantize_linear",
                              {F({3, 9}, -3, 3), Scale({}), S32({}, 5, 9)},
                              {{"dtype", dtype}},
                              0});
    cases.accepted.push_back({"quantize_linear",
                              {F({2, 3, 4}), Scale({3}), S32({3}, 5, 90)},
                              {{"dtype", dtype}, {"axis", int64_t{-2}}},
                              0});
  }
  cases.accepted.push_back(
      {"dequantize_linear",
       {Given(DType::kU8, {4}, {0, 7, 128, 255}), Scale({}), S32({}, 5, 9)},
       {},
       0});
  cases.accepted.push_back({"dequantize_linear",
                            {Given(DType::kS8, {2, 2}, {-128, 127, 3, 0}),
                             Scale({2}), S32({2}, 0, 0)},
                            along_one,
                            0});
  cases.accepted.push_back({"dequantize_linear",
                            {S32({4}, -999, 999), Scale({}), S32({}, 0, 0)},
                            {},
                            0});
  const Attributes fifty = {{"inputs", int64_t{50}}};
  CaseOperand packed = F({3, 4, 8}, 0, 255), zero_points = F({3, 2}, 0, 255);
  packed.type.dtype = zero_points.type.dtype = DType::kU8;
  cases.accepted.push_back(
      {"dequantize_u4", {packed, F({3, 4}, 0.05, 0.1), zero_points}, fifty, 0});
  cases.accepted.push_back(
      {"dequantize_u4", {packed, F({3, 4}, 0.05, 0.1)}, fifty, 0});
  cases.accepted.push_back(
      {"fake_quantize", {F({3, 9}, -3, 3), Scale({}), S32({}, 50, 90)}, {}, 0});
  cases.accepted.push_back(
      {"fake_quantize",
       {F({2, 3, 4}), Scale({3}), S32({3}, 0, 0)},
       {{"axis", int64_t{1}}, {"low", int64_t{-7}}, {"high", int64_t{7}}},
       0});
  cases.accepted.push_back(
      {"lsq_quantize", {F({3, 9}, -1, 5), Scale({})}, {}, 0});
  cases.accepted.push_back({"lsq_quantize",
                            {F({2, 3, 4}), Scale({3})},
                            {{"axis", int64_t{-2}},
                             {"low", int64_t{-7}},
                             {"high", int64_t{7}},
                             {"gradient_scale", 0.25}},
                            0});
  // A step apart in f32 and f64 where a quotient lies at a tie.
  for (OpCase& c : cases.accepted) {
    c.f64 = c.op != "fake_quantize" && c.op != "lsq_quantize";
  }

  const TensorType src{DType::kF32, {2, 3}}, scale{DType::kF32, {}},
      zero{DType::kS32, {}}, scales{DType::kF32, {2}}, zeros{DType::kS32, {2}};
  cases.refused = {
      {"quantize_linear",
       {src, scale, scale},
       {},
       "zero_point: expected s32[], got f32[]"},
      {"quantize_linear",
       {src, scales, zeros},
       along_one,
       "scale: expected f32[3], got f32[2]"},
      {"quantize_linear",
       {src, scale, zero},
       {{"dtype", "s32"}},
       "dtype: expected 'u8' or 's8'"},
      {"dequantize_linear", {src, scale, zero}, {}, "src: expected u8, s8"},
      {"dequantize_linear",
       {{DType::kU8, {2, 3}}, scales, zero},
       {},
       "zero_point: expected s32[2], got s32[]"},
      {"fake_quantize",
       {src, scale, zero},
       {{"low", int64_t{3}}, {"high", int64_t{3}}},
       "expected low < high, got 3, 3"},
      {"dequantize_u4",
       {{DType::kU8, {3, 4, 8}}, {DType::kF32, {3, 4}}},
       {},
       "weights: expected 0 groups"},
      {"dequantize_u4",
       {{DType::kU8, {3, 4, 0}}, {DType::kF32, {3, 4}}},
       {{"inputs", int64_t{50}}},
       "weights: expected groups of a multiple of 16"},
      {"dequantize_u4",
       {{DType::kU8, {3, 4, 8}}, {DType::kF32, {3, 4}}},
       {{"inputs", std::numeric_limits<int64_t>::max()}},
       " groups of 16 (G) for 9223372036854775807 inputs"},
      {"dequantize_u4",
       {{DType::kU8, {3, 4, 8}}, {DType::kF32, {3, 4}}},
       {{"inputs", int64_t{50}}, {"dtype", "s8"}},
       "dtype: expected 'f32' or 'bf16'"},
      {"lsq_quantize", {src, scales}, along_one, "scale: expected f32[3]"},
      {"lsq_quantize",
       {src, scale},
       {{"low", int64_t{3}}, {"high", int64_t{3}}},
       "expected low < high, got 3, 3"},
  };
  return cases;
}

}  // namespace assay

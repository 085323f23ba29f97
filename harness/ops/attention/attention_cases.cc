#include "harness/ops/attention/attention_cases.h"

#include <utility>
#include <vector>

namespace assay {
namespace {

// A layer of 12 features, 4 heads of 6 over 2 of keys, 20 hidden features and a
// cache of 70 places.
OpCase DecoderLayer(DType matrices, double position) {
  const auto fixed = [](CaseOperand operand) {
    return Statistics(std::move(operand));
  };
  const auto matrix = [&](Shape shape) {
    const bool bytes = matrices == DType::kS8;
    CaseOperand operand =
        F(std::move(shape), bytes ? -127 : -1, bytes ? 127 : 1);
    operand.type.dtype = matrices;
    return fixed(operand);
  };
  OpCase c{
      "decoder_layer",
      {fixed(F({1, 12})), Given(DType::kS32, {}, {position}), fixed(F({12})),
       matrix({48, 12}), matrix({12, 24}), fixed(F({12})), matrix({40, 12}),
       matrix({12, 20}), fixed(F({2, 6, 70})), fixed(F({2, 70, 6}))},
      {{"heads", int64_t{4}}, {"base", 100.0}},
      0,
      64};
  if (matrices == DType::kS8) {
    for (const int64_t rows : {48, 12, 40, 12}) {
      c.operands.push_back(fixed(F({rows}, 0.005, 0.01)));
    }
  }
  // What meets bytes may be of 16 bits.
  if (matrices == DType::kS8) c.terms = 1024;
  c.f64 = c.bf16 = false;
  return c;
}

// The same in groups of 16 of 4 bits, the last ones not full.
OpCase DecoderLayerU4(bool zeroed, double position) {
  OpCase c = DecoderLayer(DType::kS8, position);
  const auto bytes = [](Shape shape) {
    CaseOperand operand = F(std::move(shape), 0, 255);
    operand.type.dtype = DType::kU8;
    return Statistics(std::move(operand));
  };
  const std::vector<std::pair<size_t, Shape>> matrices = {
      {3, {48, 1, 8}}, {4, {12, 2, 8}}, {6, {40, 1, 8}}, {7, {12, 2, 8}}};
  c.operands.resize(10, c.operands[0]);
  for (const auto& [i, shape] : matrices) c.operands[i] = bytes(shape);
  for (const auto& [i, shape] : matrices) {
    c.operands.push_back(Statistics(F({shape[0], shape[1]}, 0.05, 0.1)));
  }
  for (const auto& [i, shape] : matrices) {
    if (zeroed) c.operands.push_back(bytes({shape[0], (shape[1] + 1) / 2}));
  }
  return c;
}

}  // namespace

OpCases AttentionCases() {
  OpCases cases;
  const TensorType odd{DType::kF32, {1, 2, 3, 5}}, flat{DType::kF32, {3, 4}};
  cases.accepted = {
      {"rope", {F({2, 2, 3, 4})}, {}, 2, 2},
      {"rope",
       {F({1, 2, 4, 6})},
       {{"base", 100.0}, {"offset", int64_t{3}}},
       2,
       2},
      {"rope", {F({1, 1, 5, 2})}, {{"inverse", int64_t{1}}}, 2, 2},
      {"repeat_heads", {F({2, 2, 3, 4})}, {{"repeats", int64_t{3}}}, 2, 3},
      {"repeat_heads", {F({1, 2, 2, 2})}, {}},
  };
  for (const DType matrices : {DType::kF32, DType::kBF16, DType::kS8}) {
    cases.accepted.push_back(DecoderLayer(matrices, 0));
    cases.accepted.push_back(DecoderLayer(matrices, 67));
  }
  for (const bool zeroed : {false, true}) {
    cases.accepted.push_back(DecoderLayerU4(zeroed, 67));
  }
  cases.refused = {
      {"rope", {odd}, {}, "src: expected an even D on axis 3"},
      {"rope", {flat}, {}, "src: expected rank 4 [B,H,T,D]"},
      {"rope", {{DType::kF32, {1, 1, 1, 2}}}, {{"base", 0.0}}, "base"},
      {"repeat_heads", {flat}, {}, "src: expected rank 4 [B,KV,T,D]"},
      {"repeat_heads",
       {odd},
       {{"repeats", int64_t{0}}},
       "repeats: expected at least 1, got 0"},
  };
  const auto refused = [](int64_t heads, Shape values) {
    const auto f = [](Shape shape) {
      return TensorType{DType::kF32, std::move(shape)};
    };
    return Refusal{"decoder_layer",
                   {f({1, 12}),
                    {DType::kS32, {}},
                    f({12}),
                    f({48, 12}),
                    f({12, 24}),
                    f({12}),
                    f({40, 12}),
                    f({12, 20}),
                    f({2, 6, 70}),
                    f(std::move(values))},
                   {{"heads", heads}},
                   ""};
  };
  cases.refused.push_back(refused(3, {2, 70, 6}));
  cases.refused.back().message = "heads: expected a multiple of 2, got 3";
  cases.refused.push_back(refused(4, {2, 6, 70}));
  cases.refused.back().message = "values: expected";
  return cases;
}

}  // namespace assay

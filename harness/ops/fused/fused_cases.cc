#include "harness/ops/fused/fused_cases.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using Reals = std::vector<double>;

CaseOperand Integers(DType dtype, Shape shape, double low, double high) {
  CaseOperand operand = F(std::move(shape), low, high);
  operand.type.dtype = dtype;
  return operand;
}

CaseOperand U8(Shape shape) {
  return Integers(DType::kU8, std::move(shape), 0, 255);
}

CaseOperand S8(Shape shape) {
  return Integers(DType::kS8, std::move(shape), -127, 127);
}

// Integers do not follow the type under test: one run is enough.
OpCase OnIntegers(OpCase c) {
  c.f64 = c.bf16 = false;
  return c;
}

Attributes Join(Attributes a, const Attributes& b) {
  for (const auto& [name, value] : b.values()) a.Set(name, value);
  return a;
}

// A u8 source and s8 weights to u8, with a residual: scales that spread dst
// over its range.
Attributes ByteGrid(int64_t outputs) {
  Reals weights_scales;
  for (int64_t o = 0; o < outputs; ++o) {
    weights_scales.push_back(0.01 + 0.001 * static_cast<double>(o));
  }
  return {{"src_scale", 0.02},      {"src_zero_point", int64_t{117}},
          {"dst_scale", 0.1},       {"dst_zero_point", int64_t{120}},
          {"residual_scale", 0.05}, {"residual_zero_point", int64_t{130}},
          {"dst_dtype", "u8"},      {"weights_scales", weights_scales}};
}

void AddConvolutions(OpCases& cases) {
  const Attributes conv = {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 1}}};
  const Shape src = {2, 3, 5, 4}, weights = {4, 3, 3, 3}, dst = {2, 4, 3, 4};
  for (const char* activation :
       {"none", "relu", "relu6", "hardswish", "gelu", "silu", "tanh"}) {
    cases.accepted.push_back({"conv2d_fused",
                              {F(src), F(weights), Statistics(F({4})), F(dst)},
                              Join(conv, {{"activation", activation}}),
                              0,
                              27});
  }
  cases.accepted.push_back({"conv2d_fused", {F(src), F(weights)}, conv, 0, 27});
  cases.accepted.push_back(
      {"conv2d_fused", {F(src), F(weights), Absent(), F(dst)}, conv, 0, 27});
  // A float source straight to bytes.
  cases.accepted.push_back(
      OnIntegers({"conv2d_fused",
                  {F(src), F(weights), F({4})},
                  Join(conv, {{"dst_dtype", "s8"}, {"dst_scale", 0.05}}),
                  0,
                  27}));
  cases.accepted.push_back(OnIntegers({"conv2d_fused",
                                       {U8(src), S8(weights), F({4}), U8(dst)},
                                       Join(conv, ByteGrid(4)),
                                       0,
                                       27}));
  cases.accepted.push_back(OnIntegers(
      {"conv2d_fused",
       {S8({1, 4, 4, 4}), S8({8, 1, 3, 3}), F({8})},
       {{"groups", int64_t{4}}, {"src_scale", 0.01}, {"activation", "relu"}},
       0,
       9}));
  cases.accepted.push_back(OnIntegers(
      {"conv2d_fused",
       {U8({2, 32, 8, 8}), S8({16, 32, 3, 3}), F({16}), U8({2, 16, 8, 8})},
       Join({{"pads", Ints{1, 1, 1, 1}}, {"activation", "relu"}},
            Join(ByteGrid(16), {{"dst_scale", 0.5}})),
       0,
       288}));
}

void AddLinears(OpCases& cases) {
  for (const char* activation : {"none", "relu", "gelu"}) {
    cases.accepted.push_back(
        {"linear_fused",
         {F({2, 3, 8}), F({5, 8}), Statistics(F({5})), F({2, 3, 5})},
         {{"activation", activation}},
         0,
         8});
  }
  cases.accepted.push_back(
      OnIntegers({"linear_fused",
                  {U8({6, 40}), S8({10, 40}), F({10}), U8({6, 10})},
                  ByteGrid(10),
                  0,
                  40}));
  cases.accepted.push_back(
      OnIntegers({"linear_fused",
                  {S8({3, 16}), S8({4, 16})},
                  {{"src_scale", 0.1}, {"weights_scales", Reals{0.5}}},
                  0,
                  16}));
}

// Heads side by side in one tensor, as a layer gives them; heads apart; fewer
// heads of keys than of queries; extents that fill no vector.
void AddAttentions(OpCases& cases) {
  const auto packed = [](int64_t b, int64_t h, int64_t t, int64_t d) {
    const int64_t row = 3 * h * d;
    return Attributes{{"extents", Ints{b, h, t, t, d}},
                      {"query_view", Ints{0, t * row, d, row}},
                      {"key_view", Ints{h * d, t * row, d, row}},
                      {"value_view", Ints{2 * h * d, t * row, d, row}},
                      {"scale", 0.5}};
  };
  const auto qkv = [](int64_t b, int64_t h, int64_t t, int64_t d) {
    return F({b, t, 3 * h * d});
  };
  // Each as it is, and its gradient alone.
  const auto add = [&](OpCase c) {
    c.order = c.operands.size() > 3 ? 0 : 1;  // masks have no gradient
    c.terms = 32;
    OpCase backward = c;
    backward.op = "attention_backward";
    const Ints e = c.attributes.Ints("extents", {});
    backward.operands.insert(backward.operands.begin() + 3,
                             F({e[0], e[2], e[1] * e[4]}));
    backward.order = 0;
    backward.terms = 8 * c.terms;
    cases.accepted.push_back(std::move(c));
    if (e[2] == 5) {
      OpCase joined = backward;
      joined.attributes.Set("packed", int64_t{1});
      cases.accepted.push_back(std::move(joined));
    }
    cases.accepted.push_back(std::move(backward));
  };
  add({"attention_fused",
       {qkv(2, 3, 5, 16), qkv(2, 3, 5, 16), qkv(2, 3, 5, 16)},
       packed(2, 3, 5, 16)});
  add({"attention_fused",
       {qkv(1, 2, 70, 10), qkv(1, 2, 70, 10), qkv(1, 2, 70, 10),
        Statistics(F({1, 1, 1, 70}, -3, 3))},
       packed(1, 2, 70, 10)});
  add({"attention_fused",
       {qkv(1, 1, 13, 33), qkv(1, 1, 13, 33), qkv(1, 1, 13, 33),
        Statistics(F({1, 1, 13, 13}))},
       Join(packed(1, 1, 13, 33), {{"causal", int64_t{1}}})});
  // [B,H,T,D] each, two heads of queries to one of keys.
  add({"attention_fused",
       {F({2, 4, 3, 32}), F({2, 2, 9, 32}), F({2, 2, 9, 32}),
        Statistics(F({2, 4, 3, 9}))},
       {{"extents", Ints{2, 4, 3, 9, 32}},
        {"query_view", Ints{0, 384, 96, 32}},
        {"key_view", Ints{0, 576, 288, 32}},
        {"value_view", Ints{0, 576, 288, 32}},
        {"repeats", int64_t{2}}}});
  add({"attention_fused",
       {F({1, 2, 1, 8}), F({1, 2, 20, 8}), F({1, 2, 20, 8})},
       {{"extents", Ints{1, 2, 1, 20, 8}},
        {"query_view", Ints{0, 16, 8, 8}},
        {"key_view", Ints{0, 320, 160, 8}},
        {"value_view", Ints{0, 320, 160, 8}},
        {"causal", int64_t{1}}}});
}

// Integers of either sign, with zero points in the middle and at an end; words
// of four bytes that are not full; masks of a row and of one number; a mask
// that hides all keys but one.
void AddIntegerAttentions(OpCases& cases) {
  // A weight within a rounding error of a tie may be a step off, which is a
  // 255th of a sum at most: as many terms as an f32's tolerance for that has.
  constexpr int64_t kStepOff = 1 << 15;
  const auto add = [&](std::vector<CaseOperand> operands,
                       const Attributes& extents, const Attributes& grids) {
    cases.accepted.push_back(OnIntegers({"attention_fused", std::move(operands),
                                         Join(extents, grids), 0, kStepOff}));
  };
  const auto packed = [](int64_t h, int64_t t, int64_t d) {
    const int64_t row = 3 * h * d;
    return Attributes{{"extents", Ints{2, h, t, t, d}},
                      {"query_view", Ints{0, t * row, d, row}},
                      {"key_view", Ints{h * d, t * row, d, row}},
                      {"value_view", Ints{2 * h * d, t * row, d, row}}};
  };
  const Attributes middle = {{"scale", 0.125},
                             {"query_scale", 0.02},
                             {"query_zero_point", int64_t{131}},
                             {"key_scale", 0.01},
                             {"key_zero_point", int64_t{97}},
                             {"value_scale", 0.03},
                             {"value_zero_point", int64_t{140}}};
  add({U8({2, 37, 96}), U8({2, 37, 96}), U8({2, 37, 96})}, packed(2, 37, 16),
      middle);
  add({U8({2, 70, 30}), U8({2, 70, 30}), U8({2, 70, 30}),
       F({1, 1, 1, 70}, -3, 3)},
      packed(1, 70, 10), middle);
  add({U8({2, 13, 99}), U8({2, 13, 99}), U8({2, 13, 99}), F({1, 1, 1, 1})},
      Join(packed(1, 13, 33), {{"causal", int64_t{1}}}), middle);
  add({S8({2, 4, 9, 18}), U8({2, 2, 9, 18}), S8({2, 2, 9, 18}),
       F({2, 4, 9, 9})},
      {{"extents", Ints{2, 4, 9, 9, 18}},
       {"query_view", Ints{0, 648, 162, 18}},
       {"key_view", Ints{0, 324, 162, 18}},
       {"value_view", Ints{0, 324, 162, 18}},
       {"repeats", int64_t{2}}},
      {{"query_scale", 0.01},
       {"query_zero_point", int64_t{-128}},
       {"key_scale", 0.01},
       {"key_zero_point", int64_t{255}},
       {"value_zero_point", int64_t{3}}});
}

void RefuseAttentions(OpCases& cases) {
  const TensorType src{DType::kF32, {1, 4, 8}};
  const Attributes views = {{"extents", Ints{1, 2, 4, 4, 4}},
                            {"query_view", Ints{0, 32, 4, 8}},
                            {"key_view", Ints{0, 32, 4, 8}},
                            {"value_view", Ints{0, 32, 4, 8}}};
  cases.refused.push_back({"attention_fused",
                           {src, src, src},
                           Join(views, {{"key_view", Ints{1, 32, 4, 8}}}),
                           "key_view: expected to end within the 32 elements"});
  cases.refused.push_back({"attention_fused",
                           {src, src, src, {DType::kF32, {1, 1, 3, 4}}},
                           views,
                           "mask: expected 1 or 4 on axis 2"});
  cases.refused.push_back({"attention_backward",
                           {src, src, src, {DType::kF32, {1, 4, 9}}},
                           views,
                           "shape [1,4,8]"});
  cases.refused.push_back({"attention_backward",
                           {src, src, src, src},
                           Join(views, {{"key_view", Ints{0, 32, 3, 8}}}),
                           "key_view: expected a view that reads no element"});
  cases.refused.push_back({"attention_backward",
                           {src, src, src, src},
                           Join(views, {{"packed", int64_t{1}}}),
                           "packed: expected views of one tensor that do not"});
  cases.refused.push_back({"attention_fused",
                           {src, src, src},
                           Join(views, {{"repeats", int64_t{3}}}),
                           "repeats: expected a divisor of 2 heads, got 3"});
  const TensorType bytes{DType::kU8, {1, 4, 8}};
  cases.refused.push_back({"attention_fused",
                           {bytes, bytes, src},
                           views,
                           "value: expected u8 or s8, as query is"});
  cases.refused.push_back({"attention_fused",
                           {bytes, bytes, bytes},
                           Join(views, {{"key_zero_point", int64_t{-1}}}),
                           "key_zero_point: expected a value in [0, 255]"});
  cases.refused.push_back({"attention_fused",
                           {bytes, bytes, bytes},
                           Join(views, {{"scale", -1.0}}),
                           "scale: expected a value in"});
}

}  // namespace

OpCases FusedCases() {
  OpCases cases;
  AddConvolutions(cases);
  AddLinears(cases);
  AddAttentions(cases);
  AddIntegerAttentions(cases);
  const TensorType src{DType::kU8, {2, 8}}, weights{DType::kS8, {4, 8}},
      image{DType::kF32, {1, 2, 4, 4}}, filter{DType::kF32, {3, 2, 3, 3}};
  cases.refused = {
      {"linear_fused", {src, src}, {}, "weights: expected type s8"},
      {"linear_fused",
       {src, weights},
       {{"weights_scales", Reals{1, 2}}},
       "weights_scales: expected 1 or 4 positive values, got 2"},
      {"linear_fused",
       {src, weights},
       {{"src_zero_point", int64_t{256}}},
       "src_zero_point: expected a value in [0, 255], got 256"},
      {"linear_fused",
       {src, weights},
       {{"dst_dtype", "s32"}},
       "dst_dtype: expected f32, bf16, u8 or s8"},
      {"linear_fused",
       {src, weights},
       {{"activation", "softplus"}},
       "activation: expected none, relu"},
      {"linear_fused",
       {{DType::kU8, {1, 70000}}, {DType::kS8, {4, 70000}}},
       {},
       "sums of at most 65793 terms"},
      {"conv2d_fused",
       {image, filter, {DType::kF32, {2}}},
       {},
       "bias: expected shape [3]"},
      {"conv2d_fused",
       {image, filter, {DType::kF32, {3}}, image},
       {},
       "residual: expected shape [1,3,2,2]"},
      {"conv2d_fused",
       {image, filter},
       {{"dst_dtype", "u8"}, {"dst_scale", 0.0}},
       "dst_scale: expected a value in"},
  };
  RefuseAttentions(cases);
  return cases;
}

}  // namespace assay

// Comparisons, logic and choices.
#include <cmath>

#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

// Bools and bytes are compared as s32.
ValueId Comparable(NodeContext& c, ValueId x) {
  const DType type = c.dtype(x);
  const bool narrow =
      type == DType::kBool || type == DType::kU8 || type == DType::kS8;
  return narrow ? c.Cast(x, DType::kS32) : x;
}

struct Pair {
  ValueId a, b;
};
Pair Operands(NodeContext& c) {
  return {Comparable(c, c.In(0)), Comparable(c, c.In(1))};
}

ValueId IsNanOf(NodeContext& c, ValueId x) { return c.Not(c.Equal(x, x)); }

// a >= b is not b > a, but for NaN.
ValueId AtLeast(NodeContext& c, ValueId a, ValueId b) {
  const ValueId either = c.Op("maximum", {c.Cast(c.Greater(a, b), DType::kS32),
                                          c.Cast(c.Equal(a, b), DType::kS32)});
  return c.Cast(either, DType::kBool);
}

void Equal(NodeContext& c) {
  const auto [a, b] = Operands(c);
  c.Out(0, c.Equal(a, b));
}

void Greater(NodeContext& c) {
  const auto [a, b] = Operands(c);
  c.Out(0, c.Greater(a, b));
}

void Less(NodeContext& c) {
  const auto [a, b] = Operands(c);
  c.Out(0, c.Greater(b, a));
}

void GreaterOrEqual(NodeContext& c) {
  const auto [a, b] = Operands(c);
  c.Out(0, AtLeast(c, a, b));
}

void LessOrEqual(NodeContext& c) {
  const auto [a, b] = Operands(c);
  c.Out(0, AtLeast(c, b, a));
}

void Both(NodeContext& c, const char* op) {
  const auto [a, b] = Operands(c);
  c.Out(0, c.Cast(c.Op(op, {a, b}), DType::kBool));
}

void And(NodeContext& c) { Both(c, "minimum"); }
void Or(NodeContext& c) { Both(c, "maximum"); }
void Xor(NodeContext& c) { Both(c, "sub"); }
void Not(NodeContext& c) { c.Out(0, c.Not(c.In(0))); }
void IsNan(NodeContext& c) { c.Out(0, IsNanOf(c, c.In(0))); }

void IsInf(NodeContext& c) {
  const ValueId x = c.In(0);
  const bool negative = c.Int("detect_negative", 1) != 0;
  const bool positive = c.Int("detect_positive", 1) != 0;
  const ValueId infinity = c.Scalar(c.dtype(x), HUGE_VAL);
  if (negative && positive) {
    return c.Out(0, c.Equal(c.Op("abs", {x}), infinity));
  }
  if (positive) return c.Out(0, c.Equal(x, infinity));
  if (negative) return c.Out(0, c.Equal(c.Op("neg", {x}), infinity));
  c.Out(0, c.Greater(x, infinity));  // never
}

void Where(NodeContext& c) {
  const ValueId condition = c.In(0);
  c.Out(0, c.Where(condition, c.In(1), c.In(2)));
}

constexpr OnnxConverter kConverters[] = {
    {"And", 7, And, 2, 2, ""},
    {"Equal", 7, Equal, 2, 2, ""},
    {"Greater", 7, Greater, 2, 2, ""},
    {"GreaterOrEqual", 12, GreaterOrEqual, 2, 2, ""},
    {"IsInf", 10, IsInf, 1, 1, "detect_negative detect_positive"},
    {"IsNaN", 9, IsNan, 1, 1, ""},
    {"Less", 7, Less, 2, 2, ""},
    {"LessOrEqual", 12, LessOrEqual, 2, 2, ""},
    {"Not", 1, Not, 1, 1, ""},
    {"Or", 7, Or, 2, 2, ""},
    {"Where", 9, Where, 3, 3, ""},
    {"Xor", 7, Xor, 2, 2, ""},
};

}  // namespace

absl::Span<const OnnxConverter> LogicConverters() { return kConverters; }

}  // namespace assay

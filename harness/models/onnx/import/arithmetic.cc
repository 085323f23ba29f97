// Arithmetic on one, two or many tensors, and casts.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

void Unary(NodeContext& c, const char* op) { c.Out(0, c.Op(op, {c.In(0)})); }

bool IsByte(DType type) { return type == DType::kU8 || type == DType::kS8; }

// Bytes are computed as s32 and wrap around.
ValueId BinaryOf(NodeContext& c, const char* op, ValueId a, ValueId b) {
  const DType type = c.dtype(a);
  if (!IsByte(type)) return c.Op(op, {a, b});
  const ValueId wide = c.Cast(
      c.Op(op, {c.Cast(a, DType::kS32), c.Cast(b, DType::kS32)}), DType::kF64);
  const double low = type == DType::kS8 ? 128 : 0;
  const ValueId turns = c.Floor(c.Scale(c.Offset(wide, low), 1.0 / 256));
  return c.Cast(c.Sub(wide, c.Scale(turns, 256)), type);
}

void Binary(NodeContext& c, const char* op) {
  const ValueId a = c.In(0);
  c.Out(0, BinaryOf(c, op, a, c.In(1)));
}

void Abs(NodeContext& c) { Unary(c, "abs"); }
void Ceil(NodeContext& c) { Unary(c, "ceil"); }
void Cos(NodeContext& c) { Unary(c, "cos"); }
void Erf(NodeContext& c) { Unary(c, "erf"); }
void Exp(NodeContext& c) { Unary(c, "exp"); }
void Log(NodeContext& c) { Unary(c, "log"); }
void Neg(NodeContext& c) { Unary(c, "neg"); }
void Round(NodeContext& c) { Unary(c, "round"); }
void Sign(NodeContext& c) { Unary(c, "sign"); }
void Sin(NodeContext& c) { Unary(c, "sin"); }
void Sqrt(NodeContext& c) { Unary(c, "sqrt"); }
void Floor(NodeContext& c) { Unary(c, "floor"); }
void Sub(NodeContext& c) { Binary(c, "sub"); }
void Mul(NodeContext& c) { Binary(c, "mul"); }

void Reciprocal(NodeContext& c) {
  const ValueId x = c.In(0);
  c.Out(0, c.Div(c.Scalar(c.dtype(x), 1), x));
}

void Add(NodeContext& c) {
  const ValueId a = c.In(0), b = c.In(1);
  const ValueId layer = WithBias(c, a, b);
  c.Out(0, layer != kNoValue ? layer : BinaryOf(c, "add", a, b));
}

// Integers are divided as reals of 53 bits and cut towards zero.
void Div(NodeContext& c) {
  const ValueId a = c.In(0), b = c.In(1);
  if (c.IsFloat(a)) return c.Out(0, c.Div(a, b));
  const ValueId quotient =
      c.Div(c.Cast(a, DType::kF64), c.Cast(b, DType::kF64));
  c.Out(0, c.Cast(c.Trunc(quotient), c.dtype(a)));
}

// fmod=0: the sign of the divisor, as Python; fmod=1: of the dividend, as C.
void Mod(NodeContext& c) {
  const ValueId a = c.In(0), b = c.In(1);
  const DType type = c.dtype(a);
  const bool as_c = c.Int("fmod", 0) != 0;
  if (c.ok() && c.IsFloat(a) && !as_c) {
    return c.Invalid("attribute 'fmod': reals need 1");
  }
  const bool wide = !c.IsFloat(a);
  const ValueId x = wide ? c.Cast(a, DType::kF64) : a;
  const ValueId y = wide ? c.Cast(b, DType::kF64) : b;
  const ValueId quotient = c.Div(x, y);
  const ValueId whole = as_c ? c.Trunc(quotient) : c.Floor(quotient);
  c.Out(0, c.Cast(c.Sub(x, c.Mul(whole, y)), type));
}

// x^y of reals: |x|^y, with the sign of x where y is odd, and NaN where x is
// negative and y no integer.
ValueId Power(NodeContext& c, ValueId x, ValueId y) {
  const DType type = c.dtype(x);
  const auto number = [&](double value) { return c.Scalar(type, value); };
  const ValueId size = c.Op("exp", {c.Mul(y, c.Op("log", {c.Op("abs", {x})}))});
  const ValueId half = c.Scale(y, 0.5);
  const ValueId odd = c.Not(c.Equal(c.Floor(half), half));
  const ValueId whole = c.Equal(c.Floor(y), y);
  const ValueId negative =
      c.Where(whole, c.Where(odd, c.Op("neg", {size}), size), number(NAN));
  const ValueId power = c.Where(c.Greater(number(0), x), negative, size);
  return c.Where(c.Equal(y, number(0)), number(1), power);
}

void Pow(NodeContext& c) {
  const ValueId x = c.In(0), y = c.In(1);
  const DType type = c.dtype(x);
  const Tensor* known = c.Known(y);
  if (c.ok() && c.IsFloat(x) && known != nullptr && known->size() == 1 &&
      known->rank() <= c.Rank(x)) {
    const double exponent = known->Cast(DType::kF64).data<double>()[0];
    if (exponent == 2) return c.Out(0, c.Op("square", {x}));
    if (exponent == 0.5) return c.Out(0, c.Op("sqrt", {x}));
    return c.Out(0, c.Op("pow_scalar", {x}, {{"exponent", exponent}}));
  }
  if (c.IsFloat(x)) return c.Out(0, Power(c, x, c.Cast(y, type)));
  const ValueId power =
      Power(c, c.Cast(x, DType::kF64), c.Cast(y, DType::kF64));
  // Integers come out of a logarithm only nearly whole.
  const ValueId whole =
      c.IsFloat(y)
          ? c.Trunc(c.Op("mul", {power, c.Scalar(DType::kF64, 1 + 1e-12)}))
          : c.Op("round", {power});
  c.Out(0, c.Cast(whole, type));
}

// Bytes go through s32, which neither wraps nor saturates here.
void Extreme(NodeContext& c, const char* op) {
  const std::vector<ValueId> in = c.AllIn();
  if (!c.ok()) return;
  const DType type = c.dtype(in[0]);
  const DType in_type = IsByte(type) ? DType::kS32 : type;
  ValueId result = c.Cast(in[0], in_type);
  for (size_t i = 1; i < in.size(); ++i) {
    result = c.Op(op, {result, c.Cast(in[i], in_type)});
  }
  c.Out(0, c.Cast(result, type));
}

void Max(NodeContext& c) { Extreme(c, "maximum"); }
void Min(NodeContext& c) { Extreme(c, "minimum"); }

ValueId SumOf(NodeContext& c) {
  const std::vector<ValueId> in = c.AllIn();
  if (!c.ok()) return kNoValue;
  ValueId sum = in[0];
  for (size_t i = 1; i < in.size(); ++i) sum = c.Add(sum, in[i]);
  return sum;
}

void Sum(NodeContext& c) { c.Out(0, SumOf(c)); }

void Mean(NodeContext& c) {
  c.Out(0, c.Scale(SumOf(c), 1.0 / static_cast<double>(c.operand_count())));
}

void Clip(NodeContext& c) {
  const ValueId x = c.In(0);
  const DType type = c.dtype(x);
  const bool known = (!c.Has(1) || c.IsKnown(1)) && (!c.Has(2) || c.IsKnown(2));
  if (c.ok() && known && type == DType::kF32) {
    const double low = c.Has(1) ? c.RealIn(1, "the lower bound") : -HUGE_VAL;
    const double high = c.Has(2) ? c.RealIn(2, "the upper bound") : HUGE_VAL;
    if (low == 0 && high == 6) return c.Out(0, c.Op("relu6", {x}));
    if (low <= high) {
      return c.Out(0, c.Op("clip", {x}, {{"low", low}, {"high", high}}));
    }
  }
  const DType in_type = IsByte(type) ? DType::kS32 : type;
  ValueId result = c.Cast(x, in_type);
  if (c.Has(1)) result = c.Op("maximum", {result, c.Cast(c.In(1), in_type)});
  if (c.Has(2)) result = c.Op("minimum", {result, c.Cast(c.In(2), in_type)});
  c.Out(0, c.Cast(result, type));
}

// ONNX cuts reals towards zero; our cast rounds.
ValueId CastAs(NodeContext& c, ValueId x, DType to) {
  const Tensor* known = c.Known(x);
  if (known != nullptr && known->size() == 0) {
    return c.Constant(Tensor(to, known->shape()));
  }
  const bool cut = c.IsFloat(x) && !IsFloat(to) && to != DType::kBool;
  return c.Cast(cut ? c.Trunc(x) : x, to);
}

void Cast(NodeContext& c) {
  const auto type = static_cast<OnnxType>(c.Int("to", 0));
  const std::optional<DType> to = ToDType(type);
  if (!to) {
    return c.Refuse(absl::StrCat("attribute 'to': ", Name(type),
                                 " is no type of this engine"));
  }
  c.Out(0, CastAs(c, c.InOrEmpty(0), *to));
}

void CastLike(NodeContext& c) {
  const ValueId like = c.In(1);
  c.Out(0, CastAs(c, c.In(0), c.dtype(like)));
}

void Identity(NodeContext& c) { c.Out(0, c.InOrEmpty(0)); }

// Inference form; what a mask would keep is everything.
void Dropout(NodeContext& c) {
  const ValueId x = c.In(0);
  const bool training = c.Has(2) && c.RealIn(2, "the training mode") != 0;
  const bool given = c.Has(1) && (training || c.IsKnown(1));
  const double ratio = given ? c.RealIn(1, "the ratio") : c.Real("ratio", 0.5);
  if (!c.ok()) return;
  if (training && ratio != 0) {
    return c.Refuse("training mode with a ratio above 0 draws random numbers");
  }
  if (!(ratio >= 0 && ratio < 1)) {
    return c.Invalid(absl::StrCat("the ratio: expected [0, 1), got ", ratio));
  }
  c.Out(0, c.IsFloat(x) ? c.Op("dropout", {x}, {{"rate", ratio}}) : x);
  if (c.Wants(1)) {
    c.Out(1, c.Broadcast(c.Scalar(DType::kBool, 1), c.shape(x)));
  }
}

constexpr OnnxConverter kConverters[] = {
    {"Abs", 6, Abs, 1, 1, ""},
    {"Add", 7, Add, 2, 2, ""},
    {"Cast", 6, Cast, 1, 1, "to"},
    {"CastLike", 15, CastLike, 2, 2, ""},
    {"Ceil", 6, Ceil, 1, 1, ""},
    {"Clip", 11, Clip, 1, 3, ""},
    {"Cos", 7, Cos, 1, 1, ""},
    {"Div", 7, Div, 2, 2, ""},
    {"Dropout", 7, Dropout, 1, 3, "ratio seed"},
    {"Erf", 9, Erf, 1, 1, ""},
    {"Exp", 6, Exp, 1, 1, ""},
    {"Floor", 6, Floor, 1, 1, ""},
    {"Identity", 1, Identity, 1, 1, ""},
    {"Log", 6, Log, 1, 1, ""},
    {"Max", 8, Max, 1, -1, ""},
    {"Mean", 8, Mean, 1, -1, ""},
    {"Min", 8, Min, 1, -1, ""},
    {"Mod", 10, Mod, 2, 2, "fmod"},
    {"Mul", 7, Mul, 2, 2, ""},
    {"Neg", 6, Neg, 1, 1, ""},
    {"Pow", 7, Pow, 2, 2, ""},
    {"Reciprocal", 6, Reciprocal, 1, 1, ""},
    {"Round", 11, Round, 1, 1, ""},
    {"Sign", 9, Sign, 1, 1, ""},
    {"Sin", 7, Sin, 1, 1, ""},
    {"Sqrt", 6, Sqrt, 1, 1, ""},
    {"Sub", 7, Sub, 2, 2, ""},
    {"Sum", 8, Sum, 1, -1, ""},
};

}  // namespace

absl::Span<const OnnxConverter> ArithmeticConverters() { return kConverters; }

}  // namespace assay

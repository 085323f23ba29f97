#include "harness/ops/elementwise/arithmetic.h"

#include <type_traits>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/elementwise/elementwise.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

// Integers are computed unsigned: they wrap around instead of overflowing.
template <typename T, typename F>
T Wrapping(T a, T b, const F& f) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(f(static_cast<U>(a), static_cast<U>(b)));
  } else {
    return f(a, b);
  }
}

template <typename F>
absl::Status Arithmetic(ReferenceContext& context, const F& f) {
  return VisitNumeric(context.inputs[0]->dtype(), [&]<typename T>() {
    MapBinary<T, T>(context, [&](T a, T b) { return Wrapping(a, b, f); });
    return absl::OkStatus();
  });
}

template <typename F>
absl::Status Selection(ReferenceContext& context, const F& keeps_a) {
  return VisitNumeric(context.inputs[0]->dtype(), [&]<typename T>() {
    MapBinary<T, T>(context, [&](T a, T b) {
      if (a != a || b != b) return a + b;  // NaN
      return keeps_a(a, b) ? a : b;
    });
    return absl::OkStatus();
  });
}

absl::Status AddGradient(GradientBuilder& g) {
  for (size_t i = 0; i < 2; ++i) {
    if (g.needs(i)) g.SetUnbroadcast(i, g.gradient());
  }
  return absl::OkStatus();
}

absl::Status SubGradient(GradientBuilder& g) {
  if (g.needs(0)) g.SetUnbroadcast(0, g.gradient());
  if (g.needs(1)) g.SetUnbroadcast(1, g.b().Op("neg", {g.gradient()}));
  return absl::OkStatus();
}

absl::Status MulGradient(GradientBuilder& g) {
  for (size_t i = 0; i < 2; ++i) {
    if (g.needs(i)) {
      g.SetUnbroadcast(i, g.b().Mul(g.gradient(), g.input(1 - i)));
    }
  }
  return absl::OkStatus();
}

absl::Status DivGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId da = b.Div(g.gradient(), g.input(1));
  if (g.needs(0)) g.SetUnbroadcast(0, da);
  if (g.needs(1)) {
    g.SetUnbroadcast(1, b.Op("neg", {b.Mul(da, g.output(0))}));
  }
  return absl::OkStatus();
}

// `b_wins` is true where the result is b and not a.
absl::Status SelectionGradient(GradientBuilder& g, ValueId b_wins) {
  GraphBuilder& b = g.b();
  const ValueId dy = g.gradient();
  const ValueId zero = b.Scalar(b.dtype(dy), 0);
  if (g.needs(0)) g.SetUnbroadcast(0, b.Op("where", {b_wins, zero, dy}));
  if (g.needs(1)) g.SetUnbroadcast(1, b.Op("where", {b_wins, dy, zero}));
  return absl::OkStatus();
}

absl::Status InferDiv(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(Operand(context, 0, "a").IsFloat());
  return InferNumericBinary(context);
}

}  // namespace

OpSchema AddSchema() {
  return BinarySchema(
      "add",
      [](ReferenceContext& c) {
        return Arithmetic(c, [](auto a, auto b) { return a + b; });
      },
      AddGradient);
}

OpSchema SubSchema() {
  return BinarySchema(
      "sub",
      [](ReferenceContext& c) {
        return Arithmetic(c, [](auto a, auto b) { return a - b; });
      },
      SubGradient);
}

OpSchema MulSchema() {
  return BinarySchema(
      "mul",
      [](ReferenceContext& c) {
        return Arithmetic(c, [](auto a, auto b) { return a * b; });
      },
      MulGradient);
}

OpSchema DivSchema() {
  OpSchema schema = BinarySchema(
      "div",
      [](ReferenceContext& c) {
        return VisitFloat(c.inputs[0]->dtype(), [&]<typename T>() {
          MapBinary<T, T>(c, [](T a, T b) { return a / b; });
          return absl::OkStatus();
        });
      },
      DivGradient);
  schema.infer = InferDiv;
  return schema;
}

OpSchema MaximumSchema() {
  return BinarySchema(
      "maximum",
      [](ReferenceContext& c) {
        return Selection(c, [](auto a, auto b) { return a >= b; });
      },
      [](GradientBuilder& g) {
        return SelectionGradient(g,
                                 g.b().Op("greater", {g.input(1), g.input(0)}));
      });
}

OpSchema MinimumSchema() {
  return BinarySchema(
      "minimum",
      [](ReferenceContext& c) {
        return Selection(c, [](auto a, auto b) { return a <= b; });
      },
      [](GradientBuilder& g) {
        return SelectionGradient(g,
                                 g.b().Op("greater", {g.input(0), g.input(1)}));
      });
}

}  // namespace assay

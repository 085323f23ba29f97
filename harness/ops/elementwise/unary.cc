#include "harness/ops/elementwise/unary.h"

#include <cmath>
#include <cstring>
#include <type_traits>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/elementwise/elementwise.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

// Integers wrap around.
template <typename T>
T Negated(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(x));
  } else {
    return -x;
  }
}

template <typename T>
T Absolute(T x) {
  if constexpr (std::is_integral_v<T>) {
    return x < 0 ? Negated(x) : x;
  } else {
    return std::abs(x);
  }
}

absl::Status InferIdentity(InferContext& context) {
  return SetResults(context, {*context.inputs[0]});
}

absl::Status InferDropout(InferContext& context) {
  const double rate = context.attributes.Real("rate", 0.5);
  ASSAY_RETURN_IF_ERROR(CheckRange("rate", rate, 0, std::nextafter(1.0, 0.0)));
  return InferFloatUnary(context);
}

absl::Status InferCast(InferContext& context) {
  ASSAY_ASSIGN_OR_RETURN(const DType dtype,
                         ParseDType(context.attributes.Text("dtype", "")));
  return SetResults(context, {{dtype, context.inputs[0]->shape}});
}

absl::Status CopyReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  std::memcpy(context.outputs[0]->raw(), src.raw(),
              static_cast<size_t>(src.bytes()));
  return absl::OkStatus();
}

absl::Status CastReference(ReferenceContext& context) {
  Tensor& dst = *context.outputs[0];
  const Tensor cast = context.inputs[0]->Cast(dst.dtype());
  std::memcpy(dst.raw(), cast.raw(), static_cast<size_t>(cast.bytes()));
  return absl::OkStatus();
}

absl::Status PassGradient(GradientBuilder& g) {
  g.Set(0, g.gradient());
  return absl::OkStatus();
}

absl::Status CastGradient(GradientBuilder& g) {
  const DType src = g.b().dtype(g.input(0));
  if (!IsFloat(src)) return absl::OkStatus();
  g.Set(0,
        g.b().Op("cast", {g.gradient()}, {{"dtype", std::string(Name(src))}}));
  return absl::OkStatus();
}

absl::Status PowScalarGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const double exponent = g.attributes().Real("exponent", 1);
  const ValueId power =
      b.Op("pow_scalar", {g.input(0)}, {{"exponent", exponent - 1}});
  g.Set(0, b.Mul(g.gradient(), b.Scale(power, exponent)));
  return absl::OkStatus();
}

OpSchema PassThroughSchema(std::string name,
                           absl::Status (*gradient)(GradientBuilder&)) {
  OpSchema schema = UnarySchema(std::move(name), CopyReference, gradient);
  schema.infer = InferIdentity;
  return schema;
}

OpSchema NumericUnarySchema(std::string name,
                            absl::Status (*reference)(ReferenceContext&),
                            absl::Status (*gradient)(GradientBuilder&)) {
  OpSchema schema = UnarySchema(std::move(name), reference, gradient);
  schema.infer = InferNumericUnary;
  return schema;
}

}  // namespace

OpSchema NegSchema() {
  return NumericUnarySchema(
      "neg",
      [](ReferenceContext& c) {
        return MapNumeric(c, [](auto x) { return Negated(x); });
      },
      [](GradientBuilder& g) {
        g.Set(0, g.b().Op("neg", {g.gradient()}));
        return absl::OkStatus();
      });
}

OpSchema AbsSchema() {
  return NumericUnarySchema(
      "abs",
      [](ReferenceContext& c) {
        return MapNumeric(c, [](auto x) { return Absolute(x); });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        g.Set(0, b.Mul(g.gradient(), b.Op("sign", {g.input(0)})));
        return absl::OkStatus();
      });
}

OpSchema SignSchema() {
  return UnarySchema(
      "sign",
      [](ReferenceContext& c) {
        return MapFloat(c, []<typename T>(T x) {
          return x > 0 ? T(1) : (x < 0 ? T(-1) : x * 0);
        });
      },
      nullptr);
}

OpSchema ExpSchema() {
  return UnarySchema(
      "exp",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::exp(x); });
      },
      [](GradientBuilder& g) {
        g.Set(0, g.b().Mul(g.gradient(), g.output(0)));
        return absl::OkStatus();
      });
}

OpSchema LogSchema() {
  return UnarySchema(
      "log",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::log(x); });
      },
      [](GradientBuilder& g) {
        g.Set(0, g.b().Div(g.gradient(), g.input(0)));
        return absl::OkStatus();
      });
}

OpSchema SqrtSchema() {
  return UnarySchema(
      "sqrt",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::sqrt(x); });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        g.Set(0, b.Div(b.Scale(g.gradient(), 0.5), g.output(0)));
        return absl::OkStatus();
      });
}

OpSchema RsqrtSchema() {
  return UnarySchema(
      "rsqrt",
      [](ReferenceContext& c) {
        return MapFloat(c, []<typename T>(T x) { return T(1) / std::sqrt(x); });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        const ValueId y = g.output(0);
        const ValueId cube = b.Mul(b.Op("square", {y}), y);
        g.Set(0, b.Mul(g.gradient(), b.Scale(cube, -0.5)));
        return absl::OkStatus();
      });
}

OpSchema SquareSchema() {
  return UnarySchema(
      "square",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return x * x; });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        g.Set(0, b.Mul(g.gradient(), b.Scale(g.input(0), 2)));
        return absl::OkStatus();
      });
}

OpSchema ErfSchema() {
  return UnarySchema(
      "erf",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::erf(x); });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        const ValueId bell =
            b.Op("exp", {b.Op("neg", {b.Op("square", {g.input(0)})})});
        g.Set(0, b.Mul(g.gradient(), b.Scale(bell, M_2_SQRTPI)));
        return absl::OkStatus();
      });
}

OpSchema SinSchema() {
  return UnarySchema(
      "sin",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::sin(x); });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        g.Set(0, b.Mul(g.gradient(), b.Op("cos", {g.input(0)})));
        return absl::OkStatus();
      });
}

OpSchema CosSchema() {
  return UnarySchema(
      "cos",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::cos(x); });
      },
      [](GradientBuilder& g) {
        GraphBuilder& b = g.b();
        const ValueId slope = b.Op("neg", {b.Op("sin", {g.input(0)})});
        g.Set(0, b.Mul(g.gradient(), slope));
        return absl::OkStatus();
      });
}

OpSchema FloorSchema() {
  return UnarySchema(
      "floor",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::floor(x); });
      },
      nullptr);
}

OpSchema CeilSchema() {
  return UnarySchema(
      "ceil",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::ceil(x); });
      },
      nullptr);
}

OpSchema RoundSchema() {
  return UnarySchema(
      "round",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::nearbyint(x); });
      },
      nullptr);
}

OpSchema PowScalarSchema() {
  OpSchema schema = UnarySchema(
      "pow_scalar",
      [](ReferenceContext& c) {
        const double exponent = c.attributes.Real("exponent", 1);
        return MapFloat(c, [exponent]<typename T>(T x) {
          return static_cast<T>(std::pow(x, static_cast<T>(exponent)));
        });
      },
      PowScalarGradient);
  schema.attributes = {{"exponent", "real"}};
  return schema;
}

OpSchema IdentitySchema() {
  return PassThroughSchema("identity", PassGradient);
}

OpSchema StopGradientSchema() {
  return PassThroughSchema("stop_gradient", nullptr);
}

OpSchema DropoutSchema() {
  OpSchema schema = UnarySchema("dropout", CopyReference, PassGradient);
  schema.attributes = {{"rate", "real"}};
  schema.infer = InferDropout;
  return schema;
}

OpSchema CastSchema() {
  OpSchema schema = UnarySchema("cast", CastReference, CastGradient);
  schema.attributes = {{"dtype", "text"}};
  schema.infer = InferCast;
  return schema;
}

}  // namespace assay

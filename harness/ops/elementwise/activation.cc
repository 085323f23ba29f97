#include "harness/ops/elementwise/activation.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/elementwise/elementwise.h"
#include "harness/ops/elementwise/formulas.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSqrt2OverPi = M_SQRT1_2 * M_2_SQRTPI;
constexpr double kGeluCubic = 0.044715;

// `value` where low < x < high, else 0.
ValueId Within(GraphBuilder& b, ValueId x, double low, double high,
               ValueId value) {
  const DType dtype = b.dtype(x);
  const ValueId zero = b.Scalar(dtype, 0);
  const ValueId below =
      b.Op("where", {b.Op("greater", {b.Scalar(dtype, high), x}), value, zero});
  return b.Op("where",
              {b.Op("greater", {x, b.Scalar(dtype, low)}), below, zero});
}

absl::Status TanhGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId slope =
      b.Offset(b.Op("neg", {b.Op("square", {g.output(0)})}), 1);
  g.Set(0, b.Mul(g.gradient(), slope));
  return absl::OkStatus();
}

absl::Status SigmoidGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId y = g.output(0);
  g.Set(0, b.Mul(g.gradient(), b.Sub(y, b.Op("square", {y}))));
  return absl::OkStatus();
}

// d(x s) = s + x s (1 - s), s = sigmoid(x).
absl::Status SiluGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId s = b.Op("sigmoid", {g.input(0)}), y = g.output(0);
  g.Set(0, b.Mul(g.gradient(), b.Add(s, b.Sub(y, b.Mul(y, s)))));
  return absl::OkStatus();
}

// d(x h) = h + x h', h = clip(x + 3, 0, 6) / 6.
absl::Status HardswishGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId x = g.input(0);
  const ValueId h = b.Scale(
      b.Op("clip", {b.Offset(x, 3)}, {{"low", 0.0}, {"high", 6.0}}), 1.0 / 6);
  const ValueId ramp = Within(b, x, -3, 3, b.Scale(x, 1.0 / 6));
  g.Set(0, b.Mul(g.gradient(), b.Add(h, ramp)));
  return absl::OkStatus();
}

// phi(x) (2 - x^2).
absl::Status GeluSlopeGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId square = b.Op("square", {g.input(0)});
  const ValueId phi =
      b.Scale(b.Op("exp", {b.Scale(square, -0.5)}), M_SQRT1_2 * M_2_SQRTPI / 2);
  g.Set(0, b.Mul(g.gradient(), b.Mul(phi, b.Offset(b.Op("neg", {square}), 2))));
  return absl::OkStatus();
}

// (1 + t) / 2 + x (1 - t^2) u' / 2, t = tanh(u).
ValueId GeluTanhSlope(GraphBuilder& b, ValueId x) {
  const ValueId square = b.Op("square", {x});
  const ValueId u = b.Mul(
      x, b.Offset(b.Scale(square, kSqrt2OverPi * kGeluCubic), kSqrt2OverPi));
  const ValueId du =
      b.Offset(b.Scale(square, 3 * kSqrt2OverPi * kGeluCubic), kSqrt2OverPi);
  const ValueId t = b.Op("tanh", {u});
  const ValueId dt = b.Offset(b.Op("neg", {b.Op("square", {t})}), 1);
  return b.Scale(b.Add(b.Offset(t, 1), b.Mul(b.Mul(x, dt), du)), 0.5);
}

bool IsTanhGelu(const Attributes& attributes) {
  return attributes.Text("approximate", "none") == "tanh";
}

absl::Status GeluGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId x = g.input(0);
  const ValueId slope = IsTanhGelu(g.attributes()) ? GeluTanhSlope(b, x)
                                                   : b.Op("gelu_slope", {x});
  g.Set(0, b.Mul(g.gradient(), slope));
  return absl::OkStatus();
}

absl::Status InferGelu(InferContext& context) {
  const std::string kind = context.attributes.Text("approximate", "none");
  if (kind != "none" && kind != "tanh") {
    return absl::InvalidArgumentError(absl::StrCat(
        "approximate: expected 'none' or 'tanh', got '", kind, "'"));
  }
  return InferFloatUnary(context);
}

absl::Status GeluReference(ReferenceContext& context) {
  if (IsTanhGelu(context.attributes)) {
    return MapFloat(context, [](auto x) { return GeluTanh(x); });
  }
  return MapFloat(context, [](auto x) { return Gelu(x); });
}

absl::Status InferReluBackward(InferContext& context) {
  const Operand diff_dst(context, 0, "diff_dst"), dst(context, 1, "dst");
  ASSAY_RETURN_IF_ERROR(diff_dst.IsFloat());
  ASSAY_RETURN_IF_ERROR(dst.Has(diff_dst.dtype(), diff_dst.shape()));
  return SetResults(context, {diff_dst.type()});
}

absl::Status ReluBackwardGradient(GradientBuilder& g) {
  if (g.needs(0)) {
    g.Set(0, g.b().Op("relu_backward", {g.gradient(), g.input(1)}));
  }
  return absl::OkStatus();
}

absl::Status InferClip(InferContext& context) {
  const double low = context.attributes.Real("low", -kInfinity);
  const double high = context.attributes.Real("high", kInfinity);
  ASSAY_RETURN_IF_ERROR(CheckRange("high", high, low, kInfinity));
  return InferFloatUnary(context);
}

absl::Status ClipGradientWithin(GradientBuilder& g, double low, double high) {
  g.Set(0, Within(g.b(), g.input(0), low, high, g.gradient()));
  return absl::OkStatus();
}

}  // namespace

OpSchema TanhSchema() {
  return UnarySchema(
      "tanh",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return std::tanh(x); });
      },
      TanhGradient);
}

OpSchema SigmoidSchema() {
  return UnarySchema(
      "sigmoid",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return Sigmoid(x); });
      },
      SigmoidGradient);
}

OpSchema SiluSchema() {
  return UnarySchema(
      "silu",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return Silu(x); });
      },
      SiluGradient);
}

OpSchema HardswishSchema() {
  return UnarySchema(
      "hardswish",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return Hardswish(x); });
      },
      HardswishGradient);
}

OpSchema GeluSchema() {
  OpSchema schema = UnarySchema("gelu", GeluReference, GeluGradient);
  schema.attributes = {{"approximate", "text"}};
  schema.infer = InferGelu;
  return schema;
}

OpSchema GeluSlopeSchema() {
  return UnarySchema(
      "gelu_slope",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return GeluSlope(x); });
      },
      GeluSlopeGradient);
}

OpSchema ReluSchema() {
  return UnarySchema(
      "relu",
      [](ReferenceContext& c) {
        return MapFloat(c, [](auto x) { return Relu(x); });
      },
      [](GradientBuilder& g) {
        g.Set(0, g.b().Op("relu_backward", {g.gradient(), g.output(0)}));
        return absl::OkStatus();
      });
}

OpSchema ReluBackwardSchema() {
  return {.name = "relu_backward",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "diff_dst dst",
          .infer = InferReluBackward,
          .reference =
              [](ReferenceContext& c) {
                return VisitFloat(c.inputs[0]->dtype(), [&]<typename T>() {
                  MapBinary<T, T>(
                      c, [](T diff, T dst) { return dst > 0 ? diff : T(0); });
                  return absl::OkStatus();
                });
              },
          .gradient = ReluBackwardGradient,
          .couple = CoupleBroadcast};
}

OpSchema Relu6Schema() {
  return UnarySchema(
      "relu6",
      [](ReferenceContext& c) {
        return MapFloat(c, []<typename T>(T x) { return Clip<T>(x, 0, 6); });
      },
      [](GradientBuilder& g) { return ClipGradientWithin(g, 0, 6); });
}

OpSchema ClipSchema() {
  OpSchema schema = UnarySchema(
      "clip",
      [](ReferenceContext& c) {
        const double low = c.attributes.Real("low", -kInfinity);
        const double high = c.attributes.Real("high", kInfinity);
        return MapFloat(c, [=]<typename T>(T x) {
          return Clip(x, static_cast<T>(low), static_cast<T>(high));
        });
      },
      [](GradientBuilder& g) {
        return ClipGradientWithin(g, g.attributes().Real("low", -kInfinity),
                                  g.attributes().Real("high", kInfinity));
      });
  schema.attributes = {{"high", "real"}, {"low", "real"}};
  schema.infer = InferClip;
  return schema;
}

}  // namespace assay

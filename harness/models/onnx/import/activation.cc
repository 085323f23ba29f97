// Activation functions.
#include <string>

#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

void Named(NodeContext& c, const char* name, double alpha = 0,
           double beta = 0) {
  c.Out(0, Activation(c, name, c.Real("alpha", alpha), c.Real("beta", beta),
                      c.In(0)));
}

void Elu(NodeContext& c) { Named(c, "Elu", 1); }
void HardSigmoid(NodeContext& c) { Named(c, "HardSigmoid", 0.2, 0.5); }
void LeakyRelu(NodeContext& c) { Named(c, "LeakyRelu", 0.01); }
void Relu(NodeContext& c) { Named(c, "Relu"); }
void Sigmoid(NodeContext& c) { Named(c, "Sigmoid"); }
void Softplus(NodeContext& c) { Named(c, "Softplus"); }
void Softsign(NodeContext& c) { Named(c, "Softsign"); }
void Tanh(NodeContext& c) { Named(c, "Tanh"); }
void ThresholdedRelu(NodeContext& c) { Named(c, "ThresholdedRelu", 1); }
void HardSwish(NodeContext& c) { c.Out(0, c.Op("hardswish", {c.In(0)})); }

// max(0, x) + min(0, alpha (exp(x / alpha) - 1))
void Celu(NodeContext& c) {
  const ValueId x = c.In(0);
  const double alpha = c.Real("alpha", 1);
  if (c.ok() && alpha == 0) return c.Invalid("attribute 'alpha': got 0");
  const ValueId low = c.Op("minimum", {x, c.Scalar(c.dtype(x), 0)});
  const ValueId bent =
      c.Scale(c.Offset(c.Op("exp", {c.Scale(low, 1 / alpha)}), -1), alpha);
  c.Out(0, c.Add(c.Op("relu", {x}), bent));
}

void Selu(NodeContext& c) {
  const double alpha = c.Real("alpha", 1.67326319217681884765625);
  const double gamma = c.Real("gamma", 1.05070102214813232421875);
  c.Out(0, c.Scale(Activation(c, "Elu", alpha, 0, c.In(0)), gamma));
}

void Gelu(NodeContext& c) {
  const std::string kind = c.Text("approximate", "none");
  c.Out(0, c.Op("gelu", {c.In(0)}, {{"approximate", kind}}));
}

void Mish(NodeContext& c) {
  const ValueId x = c.In(0);
  c.Out(0, c.Mul(x, c.Op("tanh", {Activation(c, "Softplus", 0, 0, x)})));
}

void PRelu(NodeContext& c) {
  const ValueId x = c.In(0), slope = c.In(1);
  const ValueId low = c.Op("minimum", {x, c.Scalar(c.dtype(x), 0)});
  c.Out(0, c.Add(c.Op("relu", {x}), c.Mul(slope, low)));
}

// x + bias below -lambd, x - bias above lambd, else 0.
void Shrink(NodeContext& c) {
  const ValueId x = c.In(0);
  const DType type = c.dtype(x);
  const double lambda = c.Real("lambd", 0.5), bias = c.Real("bias", 0);
  const ValueId zero = c.Scalar(type, 0);
  const ValueId above =
      c.Where(c.Greater(x, c.Scalar(type, lambda)), c.Offset(x, -bias), zero);
  c.Out(0, c.Where(c.Greater(c.Scalar(type, -lambda), x), c.Offset(x, bias),
                   above));
}

// Before opset 13 all axes from `axis` on are seen as one.
void Normalized(NodeContext& c, const char* op) {
  const ValueId x = c.In(0);
  const bool merged = c.opset() < 13;
  const int64_t axis = c.Axis(c.Int("axis", merged ? 1 : -1), c.Rank(x));
  if (!merged || axis + 1 == c.Rank(x)) {
    return c.Out(0, c.Op(op, {x}, {{"axis", axis}}));
  }
  const Shape shape = c.shape(x);
  const int64_t rows = ElementCount(Shape(shape.begin(), shape.begin() + axis));
  const ValueId flat = c.Reshape(x, {rows, ElementCount(shape) / rows});
  c.Out(0, c.Reshape(c.Op(op, {flat}, {{"axis", int64_t{1}}}), shape));
}

void Softmax(NodeContext& c) { Normalized(c, "softmax"); }
void LogSoftmax(NodeContext& c) { Normalized(c, "log_softmax"); }

// 1 at the first maximum along `axis`, else 0.
void Hardmax(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t rank = c.Rank(x), axis = c.Axis(c.Int("axis", -1), rank);
  const ValueId at = c.Op("argmax", {x}, {{"axis", axis}});
  const ValueId hot = c.Op("one_hot", {at}, {{"depth", c.Dim(x, axis)}});
  c.Out(0, c.Cast(c.MoveAxis(hot, rank - 1, axis), c.dtype(x)));
}

void Sinh(NodeContext& c) {
  const ValueId x = c.In(0);
  c.Out(0,
        c.Scale(c.Sub(c.Op("exp", {x}), c.Op("exp", {c.Op("neg", {x})})), 0.5));
}

void Cosh(NodeContext& c) {
  const ValueId x = c.In(0);
  c.Out(0,
        c.Scale(c.Add(c.Op("exp", {x}), c.Op("exp", {c.Op("neg", {x})})), 0.5));
}

// sign(x) log(|x| + sqrt(x^2 + 1))
void Asinh(NodeContext& c) {
  const ValueId x = c.In(0);
  const ValueId root = c.Op("sqrt", {c.Offset(c.Op("square", {x}), 1)});
  c.Out(0,
        c.Mul(c.Op("sign", {x}), c.Op("log", {c.Add(c.Op("abs", {x}), root)})));
}

void Acosh(NodeContext& c) {
  const ValueId x = c.In(0);
  const ValueId root = c.Op("sqrt", {c.Offset(c.Op("square", {x}), -1)});
  c.Out(0, c.Op("log", {c.Add(x, root)}));
}

void Atanh(NodeContext& c) {
  const ValueId x = c.In(0);
  const ValueId one = c.Scalar(c.dtype(x), 1);
  c.Out(0, c.Scale(c.Op("log", {c.Div(c.Add(one, x), c.Sub(one, x))}), 0.5));
}

constexpr OnnxConverter kConverters[] = {
    {"Acosh", 9, Acosh, 1, 1, ""},
    {"Asinh", 9, Asinh, 1, 1, ""},
    {"Atanh", 9, Atanh, 1, 1, ""},
    {"Celu", 12, Celu, 1, 1, "alpha"},
    {"Cosh", 9, Cosh, 1, 1, ""},
    {"Elu", 6, Elu, 1, 1, "alpha"},
    {"Gelu", 20, Gelu, 1, 1, "approximate"},
    {"HardSigmoid", 6, HardSigmoid, 1, 1, "alpha beta"},
    {"HardSwish", 14, HardSwish, 1, 1, ""},
    {"Hardmax", 13, Hardmax, 1, 1, "axis"},
    {"LeakyRelu", 6, LeakyRelu, 1, 1, "alpha"},
    {"LogSoftmax", 1, LogSoftmax, 1, 1, "axis"},
    {"Mish", 18, Mish, 1, 1, ""},
    {"PRelu", 7, PRelu, 2, 2, ""},
    {"Relu", 6, Relu, 1, 1, ""},
    {"Selu", 6, Selu, 1, 1, "alpha gamma"},
    {"Shrink", 9, Shrink, 1, 1, "bias lambd"},
    {"Sigmoid", 6, Sigmoid, 1, 1, ""},
    {"Sinh", 9, Sinh, 1, 1, ""},
    {"Softmax", 1, Softmax, 1, 1, "axis"},
    {"Softplus", 1, Softplus, 1, 1, ""},
    {"Softsign", 1, Softsign, 1, 1, ""},
    {"Tanh", 6, Tanh, 1, 1, ""},
    {"ThresholdedRelu", 10, ThresholdedRelu, 1, 1, "alpha"},
};

}  // namespace

absl::Span<const OnnxConverter> ActivationConverters() { return kConverters; }

}  // namespace assay

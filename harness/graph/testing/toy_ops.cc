#include "harness/graph/testing/toy_ops.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"

namespace assay {
namespace {

absl::Status Bad(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

// Calls f(T{}) with the element type of the first result.
template <typename F>
absl::Status ForFloat(ReferenceContext& c, F f) {
  if (c.outputs[0]->dtype() == DType::kF64) {
    f(double{});
  } else {
    f(float{});
  }
  return absl::OkStatus();
}

// Offset in a tensor of shape `from`, which broadcasts to `to`, of element
// `flat` of `to`.
int64_t Source(int64_t flat, const Shape& to, const Shape& from) {
  const std::vector<int64_t> strides = RowMajorStrides(from);
  int64_t offset = 0;
  for (size_t k = to.size(); k-- > 0;) {
    const int64_t index = flat % to[k];
    flat /= to[k];
    if (k + from.size() < to.size()) continue;
    const size_t axis = k + from.size() - to.size();
    if (from[axis] != 1) offset += index * strides[axis];
  }
  return offset;
}

absl::Status InferSame(InferContext& c) {
  c.outputs->push_back(*c.inputs[0]);
  return absl::OkStatus();
}

absl::Status InferBinary(InferContext& c) {
  const Shape &a = c.inputs[0]->shape, &b = c.inputs[1]->shape;
  if (c.inputs[0]->dtype != c.inputs[1]->dtype) return Bad("types differ");
  Shape shape(std::max(a.size(), b.size()), 1);
  for (size_t k = 0; k < shape.size(); ++k) {
    const int64_t x = k < a.size() ? a[a.size() - 1 - k] : 1;
    const int64_t y = k < b.size() ? b[b.size() - 1 - k] : 1;
    if (x != y && x != 1 && y != 1) return Bad("shapes do not broadcast");
    shape[shape.size() - 1 - k] = std::max(x, y);
  }
  c.outputs->push_back({c.inputs[0]->dtype, shape});
  return absl::OkStatus();
}

template <typename F>
absl::Status Binary(ReferenceContext& c, F f) {
  return ForFloat(c, [&](auto zero) {
    using T = decltype(zero);
    Tensor& out = *c.outputs[0];
    const Tensor &a = *c.inputs[0], &b = *c.inputs[1];
    for (int64_t i = 0; i < out.size(); ++i) {
      out.data<T>()[i] = f(a.data<T>()[Source(i, out.shape(), a.shape())],
                           b.data<T>()[Source(i, out.shape(), b.shape())]);
    }
  });
}

template <typename F>
absl::Status Unary(ReferenceContext& c, F f) {
  return ForFloat(c, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < c.outputs[0]->size(); ++i) {
      c.outputs[0]->data<T>()[i] = f(c.inputs[0]->data<T>()[i]);
    }
  });
}

absl::Status AddGradient(GradientBuilder& g) {
  for (size_t i : {0u, 1u}) {
    if (g.needs(i)) g.SetUnbroadcast(i, g.gradient());
  }
  return absl::OkStatus();
}

absl::Status MulGradient(GradientBuilder& g) {
  for (size_t i : {0u, 1u}) {
    if (g.needs(i)) {
      g.SetUnbroadcast(i, g.b().Mul(g.gradient(), g.input(1 - i)));
    }
  }
  return absl::OkStatus();
}

absl::Status TanhGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId y = g.output(0);
  const ValueId slope = b.Offset(b.Scale(b.Mul(y, y), -1), 1);
  g.Set(0, b.Mul(g.gradient(), slope));
  return absl::OkStatus();
}

absl::Status InferMatmul(InferContext& c) {
  const Shape &a = c.inputs[0]->shape, &b = c.inputs[1]->shape;
  if (a.size() != 2 || b.size() != 2) return Bad("expected rank 2");
  const size_t ta = c.attributes.Int("transpose_a", 0) != 0;
  const size_t tb = c.attributes.Int("transpose_b", 0) != 0;
  if (a[1 - ta] != b[tb]) return Bad("inner extents differ");
  c.outputs->push_back({c.inputs[0]->dtype, {a[ta], b[1 - tb]}});
  return absl::OkStatus();
}

absl::Status Matmul(ReferenceContext& c) {
  return ForFloat(c, [&](auto zero) {
    using T = decltype(zero);
    const bool ta = c.attributes.Int("transpose_a", 0) != 0;
    const bool tb = c.attributes.Int("transpose_b", 0) != 0;
    const Tensor &a = *c.inputs[0], &b = *c.inputs[1];
    Tensor& out = *c.outputs[0];
    const int64_t inner = a.dim(ta ? 0 : 1);
    for (int64_t i = 0; i < out.dim(0); ++i) {
      for (int64_t j = 0; j < out.dim(1); ++j) {
        T sum = 0;
        for (int64_t k = 0; k < inner; ++k) {
          sum += a.data<T>()[ta ? k * a.dim(1) + i : i * a.dim(1) + k] *
                 b.data<T>()[tb ? j * b.dim(1) + k : k * b.dim(1) + j];
        }
        out.data<T>()[i * out.dim(1) + j] = sum;
      }
    }
  });
}

absl::Status MatmulGradient(GradientBuilder& g) {
  const int64_t ta = g.attributes().Int("transpose_a", 0);
  const int64_t tb = g.attributes().Int("transpose_b", 0);
  const ValueId a = g.input(0), b = g.input(1), d = g.gradient();
  const auto matmul = [&](ValueId x, ValueId y, int64_t tx, int64_t ty) {
    return g.b().Op("matmul", {x, y},
                    {{"transpose_a", tx}, {"transpose_b", ty}});
  };
  if (g.needs(0)) {
    g.Set(0, ta ? matmul(b, d, tb, 1) : matmul(d, b, 0, 1 - tb));
  }
  if (g.needs(1)) {
    g.Set(1, tb ? matmul(d, a, 1, ta) : matmul(a, d, 1 - ta, 0));
  }
  return absl::OkStatus();
}

int64_t MatmulMacs(const Graph& graph, const Node& node) {
  const Shape& a = graph.shape(node.inputs[0]);
  const int64_t inner = a[node.attributes.Int("transpose_a", 0) ? 0 : 1];
  return ElementCount(graph.shape(node.outputs[0])) * inner;
}

bool Reduced(const Attributes& attributes, size_t axis) {
  const std::vector<int64_t> axes = attributes.Ints("axes", {});
  return std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) !=
         axes.end();
}

Shape KeptShape(const Attributes& attributes, Shape shape) {
  for (size_t k = 0; k < shape.size(); ++k) {
    if (Reduced(attributes, k)) shape[k] = 1;
  }
  return shape;
}

absl::Status InferReduceSum(InferContext& c) {
  const Shape kept = KeptShape(c.attributes, c.inputs[0]->shape);
  Shape shape;
  for (size_t k = 0; k < kept.size(); ++k) {
    if (c.attributes.Int("keep", 0) || !Reduced(c.attributes, k)) {
      shape.push_back(kept[k]);
    }
  }
  c.outputs->push_back({c.inputs[0]->dtype, shape});
  return absl::OkStatus();
}

absl::Status ReduceSum(ReferenceContext& c) {
  return ForFloat(c, [&](auto zero) {
    using T = decltype(zero);
    const Tensor& src = *c.inputs[0];
    const Shape kept = KeptShape(c.attributes, src.shape());
    std::fill_n(c.outputs[0]->data<T>(), c.outputs[0]->size(), T{0});
    for (int64_t i = 0; i < src.size(); ++i) {
      c.outputs[0]->data<T>()[Source(i, src.shape(), kept)] += src.data<T>()[i];
    }
  });
}

absl::Status ReduceSumGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const Shape& shape = b.shape(g.input(0));
  const Shape kept = KeptShape(g.attributes(), shape);
  // Give the gradient its axes back by multiplying with ones of that shape.
  const ValueId ones =
      b.Constant(Tensor::From<float>({}, {1}).Cast(b.dtype(g.input(0))));
  ValueId gradient = g.gradient();
  if (!g.attributes().Int("keep", 0)) {
    gradient = b.Op("expand", {gradient}, {{"shape", kept}});
  }
  g.Set(0, b.Mul(b.Op("broadcast_to", {ones}, {{"shape", shape}}), gradient));
  return absl::OkStatus();
}

absl::Status InferShape(InferContext& c) {
  c.outputs->push_back({c.inputs[0]->dtype, c.attributes.Ints("shape", {})});
  return absl::OkStatus();
}

absl::Status BroadcastTo(ReferenceContext& c) {
  return ForFloat(c, [&](auto zero) {
    using T = decltype(zero);
    Tensor& out = *c.outputs[0];
    for (int64_t i = 0; i < out.size(); ++i) {
      out.data<T>()[i] =
          c.inputs[0]->data<T>()[Source(i, out.shape(), c.inputs[0]->shape())];
    }
  });
}

absl::Status BroadcastToGradient(GradientBuilder& g) {
  g.SetUnbroadcast(0, g.gradient());
  return absl::OkStatus();
}

absl::Status ExpandGradient(GradientBuilder& g) {
  const Shape shape = g.b().shape(g.input(0));
  g.Set(0, g.b().Op("expand", {g.gradient()}, {{"shape", shape}}));
  return absl::OkStatus();
}

absl::Status Copy(ReferenceContext& c) {
  return Unary(c, [](auto x) { return x; });
}

absl::Status InferSplit(InferContext& c) {
  TensorType half = *c.inputs[0];
  if (half.shape.empty() || half.shape.back() % 2 != 0) {
    return Bad("expected an even last extent");
  }
  half.shape.back() /= 2;
  *c.outputs = {half, half};
  return absl::OkStatus();
}

absl::Status InferCast(InferContext& c) {
  ASSAY_ASSIGN_OR_RETURN(DType dtype,
                         ParseDType(c.attributes.Text("dtype", "")));
  c.outputs->push_back({dtype, c.inputs[0]->shape});
  return absl::OkStatus();
}

absl::Status Cast(ReferenceContext& c) {
  *c.outputs[0] = c.inputs[0]->Cast(c.outputs[0]->dtype());
  return absl::OkStatus();
}

absl::Status BadGradient(GradientBuilder& g) {
  g.Set(0, g.b().Scalar(DType::kF32, 1));
  return absl::OkStatus();
}

OpSchema Op(std::string name, int inputs, std::string operands) {
  OpSchema schema;
  schema.name = std::move(name);
  schema.min_inputs = schema.max_inputs = inputs;
  schema.operands = std::move(operands);
  schema.infer = InferSame;
  return schema;
}

OpSet MakeToyOps() {
  OpSet ops;
  OpSchema add = Op("add", 2, "a b");
  add.infer = InferBinary;
  add.reference = [](ReferenceContext& c) {
    return Binary(c, [](auto a, auto b) { return a + b; });
  };
  add.gradient = AddGradient;
  ops.Add(add);

  OpSchema mul = Op("mul", 2, "a b");
  mul.infer = InferBinary;
  mul.reference = [](ReferenceContext& c) {
    return Binary(c, [](auto a, auto b) { return a * b; });
  };
  mul.gradient = MulGradient;
  ops.Add(mul);

  OpSchema tanh = Op("tanh", 1, "src");
  tanh.reference = [](ReferenceContext& c) {
    return Unary(c, [](auto x) { return std::tanh(x); });
  };
  tanh.gradient = TanhGradient;
  ops.Add(tanh);

  OpSchema matmul = Op("matmul", 2, "a b [bias]");
  matmul.max_inputs = 3;
  matmul.attributes = {{"transpose_a", "int"}, {"transpose_b", "int"}};
  matmul.infer = InferMatmul;
  matmul.reference = Matmul;
  matmul.gradient = MatmulGradient;
  matmul.macs = MatmulMacs;
  ops.Add(matmul);

  OpSchema reduce_sum = Op("reduce_sum", 1, "src");
  reduce_sum.attributes = {{"axes", "ints"}, {"keep", "int"}};
  reduce_sum.infer = InferReduceSum;
  reduce_sum.reference = ReduceSum;
  reduce_sum.gradient = ReduceSumGradient;
  ops.Add(reduce_sum);

  OpSchema broadcast_to = Op("broadcast_to", 1, "src");
  broadcast_to.attributes = {{"shape", "ints"}};
  broadcast_to.infer = InferShape;
  broadcast_to.reference = BroadcastTo;
  broadcast_to.gradient = BroadcastToGradient;
  ops.Add(broadcast_to);

  OpSchema expand = broadcast_to;
  expand.name = "expand";
  expand.reference = Copy;
  expand.gradient = ExpandGradient;
  ops.Add(expand);

  OpSchema sign = Op("sign", 1, "src");
  sign.reference = [](ReferenceContext& c) {
    return Unary(c, [](auto x) {
      return static_cast<decltype(x)>(x > 0 ? 1 : x < 0 ? -1 : 0);
    });
  };
  ops.Add(sign);

  OpSchema split = Op("split", 1, "src");
  split.infer = InferSplit;
  ops.Add(split);

  OpSchema cast = Op("cast", 1, "src");
  cast.attributes = {{"dtype", "text"}};
  cast.infer = InferCast;
  cast.reference = Cast;
  ops.Add(cast);

  OpSchema bad = Op("bad_gradient", 1, "src");
  bad.gradient = BadGradient;
  ops.Add(bad);

  OpSchema typed = Op("typed", 1, "src");
  typed.attributes = {{"count", "int"},
                      {"factor", "real"},
                      {"mode", "text"},
                      {"extents", "ints"},
                      {"scales", "reals"}};
  ops.Add(typed);
  return ops;
}

}  // namespace

const OpSet& ToyOps() {
  static const OpSet* ops = new OpSet(MakeToyOps());
  return *ops;
}

}  // namespace assay

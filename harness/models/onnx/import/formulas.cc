#include "harness/models/onnx/import/formulas.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Before and after of one axis, so that out = ceil(in / stride).
std::pair<int64_t, int64_t> SamePads(int64_t in, int64_t extent, int64_t stride,
                                     bool upper) {
  const int64_t out = (in - 1) / stride + 1;
  const int64_t total = std::max<int64_t>(0, (out - 1) * stride + extent - in);
  const int64_t less = total / 2;
  return upper ? std::pair(less, total - less) : std::pair(total - less, less);
}

// What ceil_mode adds behind one axis: the last window starts inside what is
// padded already, before the pads behind.
int64_t CeilPad(int64_t in, int64_t extent, int64_t stride, int64_t before,
                int64_t after) {
  const int64_t room = in + before + after - extent;
  if (room < 0 || room % stride == 0) return 0;
  const int64_t last = (room / stride + 1) * stride;
  return last < in + before ? last - room : 0;
}

bool Within(const Ints& values, int64_t low, int64_t high) {
  return std::all_of(values.begin(), values.end(),
                     [&](int64_t v) { return v >= low && v <= high; });
}

}  // namespace

ValueId WithBias(NodeContext& c, ValueId a, ValueId b) {
  if (!c.ok()) return kNoValue;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const ValueId layer = i == 0 ? a : b, bias = i == 0 ? b : a;
    const Value& value = c.graph().value(layer);
    if (value.producer == kNoNode || c.Reads(c.node().inputs[i]) != 1 ||
        c.graph().value(bias).kind == ValueKind::kResult ||
        c.graph().value(bias).kind == ValueKind::kInput) {
      continue;
    }
    const Node& node = c.graph().node(value.producer);
    if (node.op == "linear" && node.inputs.size() == 2 &&
        c.shape(bias) == Shape{c.Dim(layer, -1)} &&
        c.dtype(bias) == value.type.dtype) {
      return c.Op("linear", {node.inputs[0], node.inputs[1], bias});
    }
  }
  return kNoValue;
}

ValueId FromTheFront(NodeContext& c, ValueId indices, int64_t extent) {
  if (!c.ok()) return kNoValue;
  const double last = static_cast<double>(extent);
  if (c.Known(indices) == nullptr) {
    const ValueId at = c.Cast(indices, DType::kS32);
    const ValueId zero = c.Scalar(DType::kS32, 0);
    return c.Where(c.Greater(zero, at), c.Offset(at, last), at);
  }
  Tensor at = c.Known(indices)->Cast(DType::kS64);
  Tensor front(DType::kS32, at.shape());
  for (int64_t i = 0; i < at.size(); ++i) {
    const int64_t position = at.data<int64_t>()[i];
    if (position < -extent || position >= extent) {
      c.Invalid(
          absl::StrCat("index ", position, " of an axis of extent ", extent));
      return kNoValue;
    }
    front.data<int32_t>()[i] =
        static_cast<int32_t>(position < 0 ? position + extent : position);
  }
  return c.Constant(front);
}

ValueId Positions(NodeContext& c, const Shape& shape, const Ints& strides) {
  if (!c.ok()) return kNoValue;
  const int64_t size = ElementCount(shape);
  if (!c.MayCompute(size)) return kNoValue;
  const Ints own = RowMajorStrides(shape);
  Tensor positions(DType::kS32, shape);
  for (int64_t i = 0; i < size; ++i) {
    int64_t at = 0;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      at += i / own[axis] % shape[axis] * strides[axis];
    }
    positions.data<int32_t>()[i] = static_cast<int32_t>(at);
  }
  return c.Constant(positions);
}

ValueId Activation(NodeContext& c, const std::string& name, double alpha,
                   double beta, ValueId x) {
  const DType type = c.dtype(x);
  const auto number = [&](double value) { return c.Scalar(type, value); };
  const auto low = [&] { return c.Op("minimum", {x, number(0)}); };
  if (name == "Relu") return c.Op("relu", {x});
  if (name == "Sigmoid") return c.Op("sigmoid", {x});
  if (name == "Tanh") return c.Op("tanh", {x});
  if (name == "Affine") return c.Offset(c.Scale(x, alpha), beta);
  if (name == "LeakyRelu") {
    return c.Add(c.Op("relu", {x}), c.Scale(low(), alpha));
  }
  if (name == "ThresholdedRelu") {
    return c.Where(c.Greater(x, number(alpha)), x, number(0));
  }
  if (name == "ScaledTanh") {
    return c.Scale(c.Op("tanh", {c.Scale(x, beta)}), alpha);
  }
  if (name == "HardSigmoid") {
    return c.Op("clip", {c.Offset(c.Scale(x, alpha), beta)},
                {{"low", 0.0}, {"high", 1.0}});
  }
  if (name == "Elu") {
    const ValueId bent = c.Scale(c.Offset(c.Op("exp", {low()}), -1), alpha);
    return c.Add(c.Op("relu", {x}), bent);
  }
  if (name == "Softsign") {
    return c.Div(x, c.Offset(c.Op("abs", {x}), 1));
  }
  if (name == "Softplus") {
    const ValueId tail = c.Op("exp", {c.Op("neg", {c.Op("abs", {x})})});
    return c.Add(c.Op("relu", {x}), c.Op("log", {c.Offset(tail, 1)}));
  }
  c.Refuse(absl::StrCat("activation '", name, "'"));
  return kNoValue;
}

WindowAttributes Windows(NodeContext& c, ValueId src, Ints kernel) {
  const Ints stated = c.IntList("kernel_shape", kernel);
  if (kernel.empty()) kernel = stated;
  const size_t axes = kernel.size();
  Ints strides = c.IntList("strides", Ints(axes, 1));
  Ints dilations = c.IntList("dilations", Ints(axes, 1));
  Ints pads = c.IntList("pads", Ints(2 * axes, 0));
  const std::string how = c.Text("auto_pad", "NOTSET");
  const bool up = c.HasAttribute("ceil_mode") && c.Int("ceil_mode", 0) != 0;
  if (!c.ok()) return {};
  if (stated != kernel || axes < 1 ||
      static_cast<int64_t>(axes) + 2 != c.Rank(src) || strides.size() != axes ||
      dilations.size() != axes || pads.size() != 2 * axes) {
    c.Invalid(absl::StrCat(
        "windows of ", axes, " axes over ", ToString(c.shape(src)),
        ": kernel_shape ", ToString(stated), ", strides ", ToString(strides),
        ", pads ", ToString(pads), ", dilations ", ToString(dilations)));
    return {};
  }
  constexpr int64_t kMost = int64_t{1} << 24;
  if (axes > 2 || !Within(kernel, 1, kMost) || !Within(strides, 1, kMost) ||
      !Within(dilations, 1, kMost) || !Within(pads, 0, kMost)) {
    c.Refuse(absl::StrCat("windows of ", axes, " axes: kernel_shape ",
                          ToString(kernel), ", strides ", ToString(strides),
                          ", pads ", ToString(pads), ", dilations ",
                          ToString(dilations)));
    return {};
  }
  if (how != "NOTSET" && how != "VALID" && how != "SAME_UPPER" &&
      how != "SAME_LOWER") {
    c.Invalid(absl::StrCat("attribute 'auto_pad': got '", how, "'"));
    return {};
  }
  for (size_t i = 0; i < axes; ++i) {
    const int64_t in = c.Dim(src, static_cast<int64_t>(i) + 2);
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    if (how == "VALID") pads[i] = pads[i + axes] = 0;
    if (how == "SAME_UPPER" || how == "SAME_LOWER") {
      std::tie(pads[i], pads[i + axes]) =
          SamePads(in, extent, strides[i], how == "SAME_UPPER");
    }
    if (up) {
      pads[i + axes] +=
          CeilPad(in, extent, strides[i], pads[i], pads[i + axes]);
    }
  }
  if (axes == 1) {
    kernel.insert(kernel.begin(), 1);
    strides.insert(strides.begin(), 1);
    dilations.insert(dilations.begin(), 1);
    pads = {0, pads[0], 0, pads[1]};
  }
  return {kernel, strides, pads, dilations};
}

ValueId ToImage(NodeContext& c, ValueId src) {
  if (!c.ok()) return kNoValue;
  const Shape shape = c.shape(src);
  if (shape.size() == 4) return src;
  if (shape.size() != 3) {
    c.Refuse(absl::StrCat("expected one or two spatial axes, got ",
                          ToString(shape)));
    return kNoValue;
  }
  return c.Reshape(src, {shape[0], shape[1], 1, shape[2]});
}

ValueId FromImage(NodeContext& c, ValueId image, int64_t rank) {
  if (!c.ok() || rank == 4) return image;
  const Shape shape = c.shape(image);
  return c.Reshape(image, {shape[0], shape[1], shape[3]});
}

}  // namespace assay

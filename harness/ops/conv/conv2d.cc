#include "harness/ops/conv/conv2d.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/conv/geometry.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// --- The nodes that gradients are made of.

ValueId Conv(GradientBuilder& g, ValueId src, ValueId weights) {
  return g.b().Op("conv2d", {src, weights}, OnlyConvAttributes(g.attributes()));
}

ValueId BackwardData(GradientBuilder& g, ValueId diff_dst, ValueId weights,
                     const Shape& src) {
  Attributes attributes = OnlyConvAttributes(g.attributes());
  attributes.Set("src_shape", Ints{src[2], src[3]});
  return g.b().Op("conv2d_backward_data", {diff_dst, weights},
                  std::move(attributes));
}

ValueId BackwardWeights(GradientBuilder& g, ValueId src, ValueId diff_dst,
                        const Shape& weights) {
  Attributes attributes = OnlyConvAttributes(g.attributes());
  attributes.Set("kernel", Ints{weights[2], weights[3]});
  return g.b().Op("conv2d_backward_weights", {src, diff_dst},
                  std::move(attributes));
}

// --- conv2d

absl::Status InferConv2d(InferContext& context) {
  const Operand src(context, 0, "src"), weights(context, 1, "weights"),
      bias(context, 2, "bias");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(weights.Is(src.dtype()));
  ASSAY_ASSIGN_OR_RETURN(const ConvGeometry g,
                         CheckConv(context.attributes, src, weights));
  if (bias.present()) {
    ASSAY_RETURN_IF_ERROR(bias.Has(src.dtype(), {weights.dim(0)}));
  }
  return SetResults(context, {{src.dtype(), g.DstShape()}});
}

absl::Status Conv2dReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor& weights = *context.inputs[1];
  const Tensor* bias = context.inputs.size() > 2 ? context.inputs[2] : nullptr;
  const ConvGeometry g =
      KnownConv(context.attributes, src.shape(), weights.shape());
  std::vector<double> sums(static_cast<size_t>(g.y.out * g.x.out));
  return VisitFloat(src.dtype(), [&]<typename T>() {
    T* dst = context.outputs[0]->data<T>();
    for (int64_t n = 0; n < g.batch; ++n) {
      for (int64_t o = 0; o < g.groups * g.outputs; ++o) {
        std::fill(
            sums.begin(), sums.end(),
            bias == nullptr ? 0 : static_cast<double>(bias->data<T>()[o]));
        AddConvPlane(g, src.data<T>(), weights.data<T>(), n, o, sums.data());
        for (const double sum : sums) *dst++ = static_cast<T>(sum);
      }
    }
    return absl::OkStatus();
  });
}

absl::Status Conv2dGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId src = g.input(0), weights = g.input(1), dy = g.gradient();
  if (g.needs(0)) g.Set(0, BackwardData(g, dy, weights, b.shape(src)));
  if (g.needs(1)) g.Set(1, BackwardWeights(g, src, dy, b.shape(weights)));
  if (g.needs(2)) g.Set(2, b.ReduceSum(dy, {0, 2, 3}, false));
  return absl::OkStatus();
}

// --- conv2d_backward_data

ConvGeometry BackwardDataGeometry(const Attributes& attributes,
                                  const Shape& diff_dst, const Shape& weights) {
  const Ints source = attributes.Ints("src_shape", {});
  const int64_t channels = weights[1] * attributes.Int("groups", 1);
  return KnownConv(attributes, {diff_dst[0], channels, source[0], source[1]},
                   weights);
}

absl::Status InferBackwardData(InferContext& context) {
  const Operand diff_dst(context, 0, "diff_dst"),
      weights(context, 1, "weights");
  ASSAY_RETURN_IF_ERROR(diff_dst.IsFloat());
  ASSAY_RETURN_IF_ERROR(weights.Is(diff_dst.dtype()));
  ASSAY_RETURN_IF_ERROR(diff_dst.HasRank(4, "[N,O,OH,OW]"));
  ASSAY_RETURN_IF_ERROR(weights.HasRank(4, "[O,I/groups,kh,kw]"));
  ASSAY_ASSIGN_OR_RETURN(const Ints source,
                         IntsOfSize(context.attributes, "src_shape", {}, 2, 1));
  const int64_t groups = context.attributes.Int("groups", 1);
  if (groups < 1 || weights.dim(0) % groups != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups: expected a positive divisor of ", weights.dim(0),
                     " output channels, got ", groups));
  }
  ASSAY_RETURN_IF_ERROR(
      MakeWindows(context.attributes, source,
                  absl::MakeConstSpan(weights.shape()).subspan(2))
          .status());
  const ConvGeometry g = BackwardDataGeometry(
      context.attributes, diff_dst.shape(), weights.shape());
  ASSAY_RETURN_IF_ERROR(diff_dst.HasShape(g.DstShape()));
  return SetResults(context, {{diff_dst.dtype(), g.SrcShape()}});
}

absl::Status BackwardDataReference(ReferenceContext& context) {
  const Tensor& diff_dst = *context.inputs[0];
  const Tensor& weights = *context.inputs[1];
  const ConvGeometry g = BackwardDataGeometry(
      context.attributes, diff_dst.shape(), weights.shape());
  return VisitFloat(diff_dst.dtype(), [&]<typename T>() {
    ConvBackwardData(g, diff_dst.data<T>(), weights.data<T>(),
                     static_cast<const T*>(nullptr),
                     context.outputs[0]->data<T>());
    return absl::OkStatus();
  });
}

absl::Status BackwardDataGradient(GradientBuilder& g) {
  const ValueId diff_dst = g.input(0), weights = g.input(1), dx = g.gradient();
  if (g.needs(0)) g.Set(0, Conv(g, dx, weights));
  if (g.needs(1)) {
    g.Set(1, BackwardWeights(g, dx, diff_dst, g.b().shape(weights)));
  }
  return absl::OkStatus();
}

// --- conv2d_backward_weights

Shape WeightsShape(const Attributes& attributes, const Shape& src,
                   const Shape& diff_dst) {
  const Ints kernel = attributes.Ints("kernel", {});
  return {diff_dst[1], src[1] / attributes.Int("groups", 1), kernel[0],
          kernel[1]};
}

absl::Status InferBackwardWeights(InferContext& context) {
  const Operand src(context, 0, "src"), diff_dst(context, 1, "diff_dst");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(diff_dst.Is(src.dtype()));
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[N,I,H,W]"));
  ASSAY_RETURN_IF_ERROR(diff_dst.HasRank(4, "[N,O,OH,OW]"));
  ASSAY_RETURN_IF_ERROR(
      IntsOfSize(context.attributes, "kernel", {}, 2, 1).status());
  if (context.attributes.Int("groups", 1) < 1) {
    return absl::InvalidArgumentError("groups: expected at least 1");
  }
  const TensorType weights{
      src.dtype(),
      WeightsShape(context.attributes, src.shape(), diff_dst.shape())};
  const InferContext as_conv{
      context.attributes, {&src.type(), &weights}, nullptr};
  ASSAY_ASSIGN_OR_RETURN(
      const ConvGeometry g,
      CheckConv(context.attributes, src, Operand(as_conv, 1, "diff_weights")));
  ASSAY_RETURN_IF_ERROR(diff_dst.HasShape(g.DstShape()));
  return SetResults(context, {weights});
}

// The sum of a[i * stride] * b[i] for i in [0, count), in four interleaved
// parts.
template <typename T>
double Dot(const T* a, int64_t stride, const T* b, int64_t count) {
  double parts[4] = {0, 0, 0, 0};
  for (int64_t i = 0; i < count; ++i) {
    parts[i % 4] +=
        static_cast<double>(a[i * stride]) * static_cast<double>(b[i]);
  }
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

absl::Status BackwardWeightsReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor& diff_dst = *context.inputs[1];
  Tensor& dst = *context.outputs[0];
  const ConvGeometry g =
      KnownConv(context.attributes, src.shape(), dst.shape());
  const int64_t taps = g.y.kernel * g.x.kernel;
  std::vector<double> sums(static_cast<size_t>(taps));
  return VisitFloat(src.dtype(), [&]<typename T>() {
    T* to = dst.data<T>();
    for (int64_t o = 0; o < g.groups * g.outputs; ++o) {
      for (int64_t i = 0; i < g.inputs; ++i) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int64_t n = 0; n < g.batch; ++n) {
          const int64_t c = (n * g.groups + o / g.outputs) * g.inputs + i;
          const T* x = src.data<T>() + c * g.y.in * g.x.in;
          const T* dy = diff_dst.data<T>() +
                        (n * g.groups * g.outputs + o) * g.y.out * g.x.out;
          ForEachTapRow(g, [&](int64_t ky, int64_t kx, int64_t oy,
                               int64_t first, int64_t end) {
            sums[static_cast<size_t>(ky * g.x.kernel + kx)] +=
                Dot(x + g.y.Source(oy, ky) * g.x.in + g.x.Source(first, kx),
                    g.x.stride, dy + oy * g.x.out + first, end - first);
          });
        }
        for (const double sum : sums) *to++ = static_cast<T>(sum);
      }
    }
    return absl::OkStatus();
  });
}

absl::Status BackwardWeightsGradient(GradientBuilder& g) {
  const ValueId src = g.input(0), diff_dst = g.input(1), dw = g.gradient();
  if (g.needs(0)) {
    g.Set(0, BackwardData(g, diff_dst, dw, g.b().shape(src)));
  }
  if (g.needs(1)) g.Set(1, Conv(g, src, dw));
  return absl::OkStatus();
}

// As the forward convolution: every product of an output and a tap once.
int64_t BackwardDataMacs(const Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  return ElementCount(graph.shape(node.inputs[0])) * weights[1] * weights[2] *
         weights[3];
}

int64_t BackwardWeightsMacs(const Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.outputs[0]);
  return ElementCount(graph.shape(node.inputs[1])) * weights[1] * weights[2] *
         weights[3];
}

std::map<std::string, std::string> ConvAttributesAnd(std::string name) {
  std::map<std::string, std::string> attributes = ConvAttributes();
  attributes.emplace(std::move(name), "ints");
  return attributes;
}

}  // namespace

OpSchema Conv2dSchema() {
  return {.name = "conv2d",
          .min_inputs = 2,
          .max_inputs = 3,
          .operands = "src weights [bias]",
          .attributes = ConvAttributes(),
          .infer = InferConv2d,
          .reference = Conv2dReference,
          .gradient = Conv2dGradient,
          .couple = CoupleConv,
          .macs = ConvMacs};
}

OpSchema Conv2dBackwardDataSchema() {
  return {.name = "conv2d_backward_data",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "diff_dst weights",
          .attributes = ConvAttributesAnd("src_shape"),
          .infer = InferBackwardData,
          .reference = BackwardDataReference,
          .gradient = BackwardDataGradient,
          .macs = BackwardDataMacs};
}

OpSchema Conv2dBackwardWeightsSchema() {
  return {.name = "conv2d_backward_weights",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "src diff_dst",
          .attributes = ConvAttributesAnd("kernel"),
          .infer = InferBackwardWeights,
          .reference = BackwardWeightsReference,
          .gradient = BackwardWeightsGradient,
          .macs = BackwardWeightsMacs};
}

}  // namespace assay

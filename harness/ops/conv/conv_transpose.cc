#include "harness/ops/conv/conv_transpose.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/conv/geometry.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Far above any use; keeps the arithmetic below far from overflow.
constexpr int64_t kMost = int64_t{1} << 24;

// Checks what MakeWindows does not, as the extents of dst follow from it.
absl::Status CheckBounds(const Operand& src, const Operand& weights,
                         const Ints& strides, const Ints& dilations,
                         const Ints& extra) {
  for (size_t i = 0; i < 2; ++i) {
    const int64_t axis = static_cast<int64_t>(i) + 2;
    if (extra[i] >= strides[i]) {
      return absl::InvalidArgumentError(absl::StrCat(
          "output_padding: expected less than strides=[", strides[0], ",",
          strides[1], "], got [", extra[0], ",", extra[1], "]"));
    }
    if (strides[i] > kMost || dilations[i] > kMost || src.dim(axis) > kMost ||
        weights.dim(axis) > kMost) {
      return absl::InvalidArgumentError(absl::StrCat(
          "strides, dilations, source and kernel: expected at most ", kMost));
    }
  }
  return absl::OkStatus();
}

// The extents of dst, perhaps below 1.
absl::StatusOr<std::array<int64_t, 2>> DstExtents(const Attributes& attributes,
                                                  const Operand& src,
                                                  const Operand& weights) {
  ASSAY_ASSIGN_OR_RETURN(const Ints strides,
                         IntsOfSize(attributes, "strides", {1, 1}, 2, 1));
  ASSAY_ASSIGN_OR_RETURN(const Ints dilations,
                         IntsOfSize(attributes, "dilations", {1, 1}, 2, 1));
  ASSAY_ASSIGN_OR_RETURN(const Ints pads,
                         IntsOfSize(attributes, "pads", {0, 0, 0, 0}, 4, 0));
  ASSAY_ASSIGN_OR_RETURN(
      const Ints extra, IntsOfSize(attributes, "output_padding", {0, 0}, 2, 0));
  ASSAY_RETURN_IF_ERROR(CheckBounds(src, weights, strides, dilations, extra));
  std::array<int64_t, 2> extents;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t axis = static_cast<int64_t>(i) + 2;
    extents[i] = strides[i] * (src.dim(axis) - 1) +
                 dilations[i] * (weights.dim(axis) - 1) + 1 - pads[i] -
                 pads[i + 2] + extra[i];
  }
  return extents;
}

absl::Status InferConvTranspose(InferContext& context) {
  const Operand src(context, 0, "src"), weights(context, 1, "weights"),
      bias(context, 2, "bias");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(weights.Is(src.dtype()));
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[N,I,H,W]"));
  ASSAY_RETURN_IF_ERROR(weights.HasRank(4, "[I,O/groups,kh,kw]"));
  ASSAY_RETURN_IF_ERROR(weights.HasExtent(0, src.dim(1), "input channels"));
  const int64_t groups = context.attributes.Int("groups", 1);
  if (groups < 1 || src.dim(1) % groups != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups: expected a positive divisor of ", src.dim(1),
                     " input channels, got ", groups));
  }
  const int64_t outputs = weights.dim(1) * groups;
  if (bias.present()) {
    ASSAY_RETURN_IF_ERROR(bias.Has(src.dtype(), {outputs}));
  }
  ASSAY_ASSIGN_OR_RETURN(const auto extents,
                         DstExtents(context.attributes, src, weights));
  return SetResults(
      context, {{src.dtype(), {src.dim(0), outputs, extents[0], extents[1]}}});
}

absl::Status ConvTransposeReference(ReferenceContext& context) {
  const Tensor& weights = *context.inputs[1];
  const Tensor* bias = context.inputs.size() > 2 ? context.inputs[2] : nullptr;
  Tensor& dst = *context.outputs[0];
  // dst is the source of the convolution that is turned around.
  const ConvGeometry g =
      KnownConv(context.attributes, dst.shape(), weights.shape());
  return VisitFloat(dst.dtype(), [&]<typename T>() {
    ConvBackwardData(g, context.inputs[0]->data<T>(), weights.data<T>(),
                     bias == nullptr ? nullptr : bias->data<T>(),
                     dst.data<T>());
    return absl::OkStatus();
  });
}

absl::Status ConvTransposeGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId src = g.input(0), weights = g.input(1), dy = g.gradient();
  const Attributes attributes = OnlyConvAttributes(g.attributes());
  if (g.needs(0)) g.Set(0, b.Op("conv2d", {dy, weights}, attributes));
  if (g.needs(1)) {
    const Shape& shape = b.shape(weights);
    Attributes with_kernel = attributes;
    with_kernel.Set("kernel", Ints{shape[2], shape[3]});
    g.Set(1, b.Op("conv2d_backward_weights", {dy, src}, with_kernel));
  }
  if (g.needs(2)) g.Set(2, b.ReduceSum(dy, {0, 2, 3}, false));
  return absl::OkStatus();
}

void CoupleConvTranspose(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], weights = node.inputs[1],
                dst = node.outputs[0];
  const Shape& shape = coupler.graph().shape(weights);
  const int64_t groups = node.attributes.Int("groups", 1);
  coupler.Same(src, 0, dst, 0);
  coupler.Same(src, 1, weights, 0);
  if (groups == 1) {
    coupler.Same(weights, 1, dst, 1);
    ProducesIfParameter(coupler, weights, 1);
  } else {
    coupler.Freeze(weights, 1);
    if (groups == shape[0] && shape[1] == 1) {  // depthwise
      coupler.Same(weights, 0, dst, 1);
      ProducesIfParameter(coupler, weights, 0);
    } else {
      coupler.Freeze(weights, 0);
      coupler.Freeze(dst, 1);
    }
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    coupler.Same(node.inputs[2], 0, dst, 1);
  }
  for (const ValueId v : {src, weights, dst}) FreezeFrom(coupler, v, 2);
}

int64_t ConvTransposeMacs(const Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  return ElementCount(graph.shape(node.inputs[0])) * weights[1] * weights[2] *
         weights[3];
}

}  // namespace

OpSchema ConvTranspose2dSchema() {
  std::map<std::string, std::string> attributes = ConvAttributes();
  attributes["output_padding"] = "ints";
  return {.name = "conv_transpose2d",
          .min_inputs = 2,
          .max_inputs = 3,
          .operands = "src weights [bias]",
          .attributes = std::move(attributes),
          .infer = InferConvTranspose,
          .reference = ConvTransposeReference,
          .gradient = ConvTransposeGradient,
          .couple = CoupleConvTranspose,
          .macs = ConvTransposeMacs};
}

}  // namespace assay

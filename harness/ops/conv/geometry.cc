#include "harness/ops/conv/geometry.h"

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/ops/support/couple.h"

namespace assay {
namespace {

// Grouped convolution with several inputs per group: the same local channel
// goes in every group, so that groups stay equal.
void CoupleAcrossGroups(ChannelCoupler& coupler, ValueId v, int64_t groups) {
  const int64_t local = coupler.graph().shape(v)[1] / groups;
  for (int64_t g = 1; g < groups; ++g) {
    for (int64_t i = 0; i < local; ++i) {
      coupler.Couple(v, 1, i, v, 1, g * local + i);
    }
  }
}

// src and weights' input axis, and src and dst where one group is one channel.
void CoupleConvInputs(ChannelCoupler& coupler, ValueId src, ValueId weights,
                      ValueId dst, int64_t groups) {
  const Graph& graph = coupler.graph();
  const int64_t inputs = graph.shape(weights)[1];
  const int64_t outputs = graph.shape(weights)[0] / groups;
  if (groups == 1) {
    coupler.Same(src, 1, weights, 1);
  } else if (inputs == 1) {  // depthwise
    for (int64_t o = 0; o < groups * outputs; ++o) {
      coupler.Couple(src, 1, o / outputs, dst, 1, o);
    }
    coupler.Freeze(weights, 1);
  } else {
    CoupleAcrossGroups(coupler, src, groups);
    CoupleAcrossGroups(coupler, dst, groups);
    for (int64_t i = 0; i < inputs; ++i) {
      coupler.Couple(src, 1, i, weights, 1, i);
    }
  }
}

}  // namespace

absl::StatusOr<ConvGeometry> CheckConv(const Attributes& attributes,
                                       const Operand& src,
                                       const Operand& weights) {
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[N,C,H,W]"));
  ASSAY_RETURN_IF_ERROR(weights.HasRank(4, "[O,I/groups,kh,kw]"));
  const int64_t groups = attributes.Int("groups", 1);
  if (groups < 1 || src.dim(1) % groups != 0 || weights.dim(0) % groups != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "groups: expected a positive divisor of ", src.dim(1), " input and ",
        weights.dim(0), " output channels, got ", groups));
  }
  ASSAY_RETURN_IF_ERROR(
      weights.HasExtent(1, src.dim(1) / groups, "input channels per group"));
  const absl::Span<const int64_t> s = src.shape(), w = weights.shape();
  ASSAY_RETURN_IF_ERROR(
      MakeWindows(attributes, s.subspan(2), w.subspan(2)).status());
  return KnownConv(attributes, src.shape(), weights.shape());
}

ConvGeometry KnownConv(const Attributes& attributes, const Shape& src,
                       const Shape& weights) {
  const int64_t groups = attributes.Int("groups", 1);
  const absl::StatusOr<Windows> windows =
      MakeWindows(attributes, absl::MakeConstSpan(src).subspan(2),
                  absl::MakeConstSpan(weights).subspan(2));
  return {src[0],     groups,    weights[1], weights[0] / groups,
          windows->y, windows->x};
}

std::map<std::string, std::string> ConvAttributes() {
  return {{"strides", "ints"},
          {"pads", "ints"},
          {"dilations", "ints"},
          {"groups", "int"}};
}

Attributes OnlyConvAttributes(const Attributes& from) {
  Attributes kept;
  for (const auto& [name, type] : ConvAttributes()) {
    const auto it = from.values().find(name);
    if (it != from.values().end()) kept.Set(name, it->second);
  }
  return kept;
}

void CoupleConv(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], weights = node.inputs[1],
                dst = node.outputs[0];
  coupler.Same(src, 0, dst, 0);
  coupler.Same(weights, 0, dst, 1);
  ProducesIfParameter(coupler, weights, 0);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    coupler.Same(node.inputs[2], 0, dst, 1);
  }
  CoupleConvInputs(coupler, src, weights, dst,
                   node.attributes.Int("groups", 1));
  for (const ValueId v : {src, weights, dst}) FreezeFrom(coupler, v, 2);
}

int64_t ConvMacs(const Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  return ElementCount(graph.shape(node.outputs[0])) * weights[1] * weights[2] *
         weights[3];
}

}  // namespace assay

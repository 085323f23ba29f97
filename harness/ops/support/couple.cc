#include "harness/ops/support/couple.h"

#include "harness/ops/support/infer.h"

namespace assay {
namespace {

// Couples each axis of `v` with the axis of `dst` that broadcasting puts it on.
void CoupleAligned(ChannelCoupler& coupler, ValueId v, ValueId dst) {
  const Shape& from = coupler.graph().shape(v);
  const Shape& to = coupler.graph().shape(dst);
  const size_t added = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != to[added + i]) continue;
    coupler.Same(v, static_cast<int>(i), dst, static_cast<int>(added + i));
  }
}

}  // namespace

void CoupleBroadcast(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  for (const ValueId input : node.inputs) {
    if (input != kNoValue) CoupleAligned(coupler, input, node.outputs[0]);
  }
}

void CoupleFreezingAxis(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const int64_t rank = RankOf(coupler, src);
  const int64_t axis =
      KnownAxis(coupler.node().attributes.Int("axis", -1), rank);
  CoupleLeading(coupler, src, coupler.node().outputs[0], rank);
  coupler.Freeze(src, static_cast<int>(axis));
}

void CoupleLeading(ChannelCoupler& coupler, ValueId a, ValueId b,
                   int64_t count) {
  for (int axis = 0; axis < count; ++axis) coupler.Same(a, axis, b, axis);
}

void FreezeFrom(ChannelCoupler& coupler, ValueId v, int64_t from) {
  if (v == kNoValue) return;
  const int64_t rank = RankOf(coupler, v);
  for (int64_t axis = from; axis < rank; ++axis) {
    coupler.Freeze(v, static_cast<int>(axis));
  }
}

void ProducesIfParameter(ChannelCoupler& coupler, ValueId v, int64_t axis) {
  if (coupler.graph().value(v).kind == ValueKind::kParameter) {
    coupler.Produces(v, static_cast<int>(axis));
  }
}

int64_t RankOf(const ChannelCoupler& coupler, ValueId v) {
  return static_cast<int64_t>(coupler.graph().shape(v).size());
}

}  // namespace assay

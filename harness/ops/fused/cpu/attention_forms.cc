#include "harness/ops/fused/cpu/attention_forms.h"

#include "harness/backend/cpu/parallel.h"

namespace assay::cpu {

Attention::Attention(ProgramBuilder& b)
    : extents(ExtentsOf(b.node().attributes)),
      query(HeadViewOf(b.node().attributes, "query_view")),
      key(HeadViewOf(b.node().attributes, "key_view")),
      value(HeadViewOf(b.node().attributes, "value_view")),
      repeats(b.node().attributes.Int("repeats", 1)),
      scale(static_cast<float>(b.node().attributes.Real("scale", 1))),
      causal(b.node().attributes.Int("causal", 0) != 0),
      keys_padded(RoundUp(extents.keys, kVector)),
      features_padded(RoundUp(extents.features, kVector)),
      blocks((extents.queries + kBlockRows - 1) / kBlockRows) {
  const int64_t tasks = extents.batch * extents.heads * blocks;
  const int64_t work = 2 * extents.batch * extents.heads * extents.queries *
                       extents.keys * extents.features;
  parts = static_cast<int>(
      std::min<int64_t>(ThreadsFor(b.threads(), work / 8), tasks));
}

std::vector<SlotId> Attention::BindOperands(ProgramBuilder& b) {
  query_slot = b.ReadPlain(b.input(0));
  key_slot = b.ReadPlain(b.input(1));
  value_slot = b.ReadPlain(b.input(2));
  std::vector<SlotId> reads = {query_slot, key_slot, value_slot};
  ReadMask(b, 3, &reads);
  rounding = UnitRounding(b);
  dst = b.WritePlain(UnitResult(b));
  return reads;
}

void Attention::ReadMask(ProgramBuilder& b, size_t i,
                         std::vector<SlotId>* reads) {
  const ValueId mask = b.input(i);
  if (mask == kNoValue) return;
  mask_slot = b.ReadPlain(mask);
  reads->push_back(mask_slot);
  int64_t stride = 1;
  for (size_t axis = 4; axis-- > 0;) {
    const int64_t extent = b.shape(mask)[axis];
    mask_strides[axis] = extent == 1 ? 0 : stride;
    stride *= extent;
  }
}

const float* Attention::Mask(void* const* slots, int64_t b, int64_t h,
                             int64_t t) const {
  if (mask_slot == kNoSlot) return nullptr;
  return At<const float>(slots, mask_slot) + b * mask_strides[0] +
         h * mask_strides[1] + t * mask_strides[2];
}

}  // namespace assay::cpu

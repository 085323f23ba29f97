#include "harness/ops/matmul/cpu/u4_slots.h"

#include <memory>
#include <utility>

#include "harness/core/dtype.h"

namespace assay::cpu {
namespace {

constexpr int64_t kFloat = static_cast<int64_t>(sizeof(float));

// Where a matrix lies as it was given. No zero points: null.
struct Raw {
  const void* weights;
  const void* scales;
  const void* zeros;
};

struct Packed {
  uint32_t* words;
  float* scales;
  float* zeros;
};

// Of which rows, and how scales are stored.
struct Part {
  U4Shape shape;
  int64_t first_row = 0;
  bool narrow_scales = false;  // bf16
};

void Pack(const Part& part, const Raw& raw, const Packed& to) {
  const U4Shape& s = part.shape;
  const auto bytes = [&](const void* from, int64_t row) {
    return static_cast<const uint8_t*>(from) + part.first_row * row;
  };
  PackWords(bytes(raw.weights, s.groups * s.group / 2), s, to.words);
  const int64_t scale = part.first_row * s.groups;
  if (part.narrow_scales) {
    PackScales(static_cast<const BFloat16*>(raw.scales) + scale, s, to.scales);
  } else {
    PackScales(static_cast<const float*>(raw.scales) + scale, s, to.scales);
  }
  if (raw.zeros == nullptr) return;
  PackZeros(bytes(raw.zeros, (s.groups + 1) / 2), s, to.zeros);
}

template <typename T>
T* Find(void* const* slots, SlotId slot) {
  return slot == kNoSlot ? nullptr : At<T>(slots, slot);
}

class PackStep final : public Kernel {
 public:
  PackStep(const Part& part, const U4Slots& raw, const U4Slots& to)
      : part_(part), raw_(raw), to_(to) {}

  absl::Status Run(void* const* slots) const override {
    Pack(part_,
         {slots[raw_.words], slots[raw_.scales],
          Find<const void>(slots, raw_.zeros)},
         {Find<uint32_t>(slots, to_.words), Find<float>(slots, to_.scales),
          Find<float>(slots, to_.zeros)});
    return absl::OkStatus();
  }

 private:
  Part part_;
  U4Slots raw_, to_;
};

U4Slots PackNow(ProgramBuilder& b, const U4Values& values, const Part& part) {
  const auto raw = [&](ValueId v) -> const void* {
    return v == kNoValue ? nullptr : b.graph().value(v).constant.raw();
  };
  const U4Shape& shape = part.shape;
  std::vector<uint32_t> words(static_cast<size_t>(shape.words()));
  std::vector<float> scales(static_cast<size_t>(shape.factors()));
  std::vector<float> zeros(values.zeros == kNoValue ? 0 : scales.size());
  Pack(part, {raw(values.weights), raw(values.scales), raw(values.zeros)},
       {words.data(), scales.data(), zeros.data()});
  U4Slots slots;
  slots.words = b.Constant(words.data(), shape.words() * kFloat);
  slots.scales = b.Constant(scales.data(), shape.factors() * kFloat);
  if (values.zeros == kNoValue) return slots;
  slots.zeros = b.Constant(zeros.data(), shape.factors() * kFloat);
  return slots;
}

U4Slots PackOnEveryRun(ProgramBuilder& b, const U4Values& values,
                       const Part& part) {
  U4Slots raw, slots;
  raw.words = b.ReadPlain(values.weights);
  raw.scales = b.ReadPlain(values.scales);
  slots.words = b.Scratch(part.shape.words() * kFloat);
  slots.scales = b.Scratch(part.shape.factors() * kFloat);
  if (values.zeros != kNoValue) {
    raw.zeros = b.ReadPlain(values.zeros);
    slots.zeros = b.Scratch(part.shape.factors() * kFloat);
  }
  std::vector<SlotId> reads, writes;
  raw.AppendTo(&reads);
  slots.AppendTo(&writes);
  b.AddStep(std::make_unique<PackStep>(part, raw, slots), std::move(reads),
            std::move(writes));
  return slots;
}

}  // namespace

U4Panels U4Slots::At(void* const* slots, const U4Shape& shape) const {
  return {shape, Find<const uint32_t>(slots, words),
          Find<const float>(slots, scales), Find<const float>(slots, zeros)};
}

void U4Slots::AppendTo(std::vector<SlotId>* slots) const {
  for (const SlotId slot : {words, scales, zeros}) {
    if (slot != kNoSlot) slots->push_back(slot);
  }
}

U4Slots PackU4(ProgramBuilder& b, const U4Values& values, const U4Shape& shape,
               int64_t first_row) {
  bool constant = true;
  for (const ValueId v : {values.weights, values.scales, values.zeros}) {
    constant = constant && (v == kNoValue || b.is_constant(v));
  }
  const Part part = {shape, first_row,
                     b.type(values.scales).dtype == DType::kBF16};
  return constant ? PackNow(b, values, part) : PackOnEveryRun(b, values, part);
}

}  // namespace assay::cpu

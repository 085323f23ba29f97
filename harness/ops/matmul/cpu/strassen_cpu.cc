#include "harness/ops/matmul/cpu/strassen_cpu.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"

namespace assay::cpu {
namespace {

// Smaller halves cost more sums than they save products.
constexpr int64_t kFewestTerms = 96, kFewestColumns = 128;
// Rows that are multiplied at a time: their left sides stay in a core's cache.
constexpr int64_t kMostRows = 256;

ProductExtents ExtentsOf(const ProgramBuilder& b) {
  const Shape& weights = b.shape(b.input(1));
  const int64_t rows = ElementCount(b.shape(b.input(0))) / weights[1];
  return {rows, weights[1], weights[0]};
}

class StrassenKernel final : public Kernel {
 public:
  struct Slots {
    SlotId src, packed, bias = kNoSlot, dst, scratch;
  };

  StrassenKernel(const ProductExtents& extents, int parts, int64_t chunks,
                 ProductEpilogue epilogue, const Slots& slots)
      : e_(extents),
        parts_(parts),
        chunks_(chunks),
        epilogue_(epilogue),
        s_(slots) {}

  absl::Status Run(void* const* slots) const override {
    ProductEpilogue epilogue = epilogue_;
    if (s_.bias != kNoSlot) epilogue.bias = At<const float>(slots, s_.bias);
    const float* src = At<const float>(slots, s_.src);
    const float* packed = At<const float>(slots, s_.packed);
    float* dst = At<float>(slots, s_.dst);
    const int64_t scratch = StrassenScratch(RowsAtMost(), e_.terms);
    ParallelRanges(parts_, chunks_, [&](int part, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = e_.rows * i / chunks_;
        const int64_t rows = e_.rows * (i + 1) / chunks_ - first;
        MultiplyStrassen({rows, e_.terms, e_.columns}, src + first * e_.terms,
                         packed, epilogue,
                         At<float>(slots, s_.scratch) + part * scratch,
                         dst + first * e_.columns);
      }
    });
    return absl::OkStatus();
  }

 private:
  int64_t RowsAtMost() const { return (e_.rows + chunks_ - 1) / chunks_; }

  ProductExtents e_;
  int parts_;
  int64_t chunks_;
  ProductEpilogue epilogue_;
  Slots s_;
};

}  // namespace

bool SuitsStrassen(ProgramBuilder& b) {
  const auto single = [&](ValueId value) {
    return value == kNoValue || b.type(value).dtype == DType::kF32;
  };
  if (!HasWideVectors() || !b.is_constant(b.input(1)) ||
      !b.options().pack_weights || !single(b.input(0)) || !single(b.input(1)) ||
      !single(b.input(2))) {
    return false;
  }
  const ProductExtents e = ExtentsOf(b);
  const bool suits = e.rows >= kStrassenRows && e.terms % kStrassenTerms == 0 &&
                     e.terms >= kFewestTerms &&
                     e.columns % kStrassenColumns == 0 &&
                     e.columns >= kFewestColumns;
  b.taken().sums |= suits && !b.options().winograd;
  return suits && b.options().winograd;
}

void AddStrassen(ProgramBuilder& b, ProductEpilogue epilogue, SlotId dst) {
  const ProductExtents e = ExtentsOf(b);
  const ValueId weights = b.input(1), bias = b.input(2);
  const int64_t floats = StrassenPacked(e.terms, e.columns);
  std::vector<float> packed(static_cast<size_t>(floats));
  PackStrassen(b.graph().value(weights).constant.data<float>(), e.terms,
               e.columns, packed.data());
  const int parts =
      static_cast<int>(std::min<int64_t>(b.threads(), e.rows / kStrassenRows));
  // As many for each thread.
  const int64_t chunks =
      parts * ((e.rows + parts * kMostRows - 1) / (parts * kMostRows));
  const int64_t rows = (e.rows + chunks - 1) / chunks;
  StrassenKernel::Slots slots;
  slots.src = b.ReadPlain(b.input(0));
  slots.packed = b.Constant(packed.data(), 4 * floats);
  slots.dst = dst;
  slots.scratch = b.Scratch(4 * parts * StrassenScratch(rows, e.terms));
  std::vector<SlotId> reads = {slots.src, slots.packed};
  if (bias != kNoValue) {
    slots.bias = b.ReadPlain(bias);
    reads.push_back(slots.bias);
  }
  if (epilogue.add) reads.push_back(dst);
  b.AddStep(std::make_unique<StrassenKernel>(e, parts, chunks, epilogue, slots),
            std::move(reads), {dst, slots.scratch});
}

}  // namespace assay::cpu

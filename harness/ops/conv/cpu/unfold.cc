#include "harness/ops/conv/cpu/unfold.h"

#include <algorithm>

#include "harness/backend/cpu/parallel.h"

namespace assay::cpu {
namespace {

class UnfoldKernel final : public Kernel {
 public:
  UnfoldKernel(const WidthUnfold& unfold, uint8_t padding, SlotId src,
               SlotId dst, int threads)
      : u_(unfold),
        padding_(padding),
        src_(src),
        dst_(dst),
        parts_(static_cast<int>(std::min<int64_t>(
            ThreadsFor(threads, u_.rows * u_.positions * u_.columns),
            u_.rows))) {}

  absl::Status Run(void* const* slots) const override {
    const uint8_t* src = At<const uint8_t>(slots, src_);
    uint8_t* dst = At<uint8_t>(slots, dst_);
    const int64_t row_size = u_.positions * u_.columns;
    ParallelRanges(parts_, u_.rows, [&](int, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        UnfoldRow(src + row * u_.width, dst + row * row_size);
      }
    });
    return absl::OkStatus();
  }

 private:
  void UnfoldRow(const uint8_t* src, uint8_t* dst) const {
    for (int64_t x = 0; x < u_.positions; ++x) {
      const int64_t start = x * u_.stride - u_.pad;
      for (int64_t k = 0; k < u_.columns; ++k) {
        const int64_t at = start + k;
        *dst++ = at >= 0 && at < u_.width ? src[at] : padding_;
      }
    }
  }

  WidthUnfold u_;
  uint8_t padding_;
  SlotId src_, dst_;
  int parts_;
};

}  // namespace

std::unique_ptr<Kernel> MakeUnfold(const WidthUnfold& unfold, uint8_t padding,
                                   SlotId src, SlotId dst, int threads) {
  return std::make_unique<UnfoldKernel>(unfold, padding, src, dst, threads);
}

}  // namespace assay::cpu

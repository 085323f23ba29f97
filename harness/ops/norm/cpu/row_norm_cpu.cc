#include "harness/ops/norm/cpu/row_norm_cpu.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/rounding.h"
#include "harness/core/shape.h"
#include "harness/ops/norm/cpu/row_norm_rows.h"

namespace assay::cpu {
namespace {

struct RowNorm {
  int64_t rows, length;
  bool centred;
  float epsilon;
  int parts;
};

RowNorm RowNormOf(const ProgramBuilder& b, bool centred) {
  const Shape& shape = b.shape(b.input(0));
  RowNorm norm;
  norm.length = shape.back();
  norm.rows = ElementCount(shape) / norm.length;
  norm.centred = centred;
  norm.epsilon = static_cast<float>(b.node().attributes.Real("epsilon", 1e-5));
  norm.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), ElementCount(shape) * 4), norm.rows));
  return norm;
}

struct ForwardSlots {
  SlotId src, scale, shift = kNoSlot, dst;
};

template <typename T>
class ForwardKernel final : public Kernel {
 public:
  ForwardKernel(const RowNorm& norm, const ForwardSlots& slots)
      : norm_(norm), at_(slots) {}

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, at_.src);
    T* dst = At<T>(slots, at_.dst);
    const float* scale = At<const float>(slots, at_.scale);
    const float* shift =
        at_.shift == kNoSlot ? nullptr : At<const float>(slots, at_.shift);
    ParallelRanges(
        norm_.parts, norm_.rows, [&](int, int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            const int64_t at = row * norm_.length;
            const RowStatistics s = StatisticsOf(src + at, norm_.length,
                                                 norm_.centred, norm_.epsilon);
            NormalizeRow(src + at, norm_.length, s, scale, shift, dst + at);
          }
        });
    return absl::OkStatus();
  }

 private:
  RowNorm norm_;
  ForwardSlots at_;
};

// With what the unit rounds the result to.
template <typename T, typename Q>
class RoundedKernel final : public Kernel {
 public:
  // `whole`: of the result itself, where others read it.
  RoundedKernel(const RowNorm& norm, const ForwardSlots& slots, SlotId whole,
                const Rounding& rounding)
      : norm_(norm), at_(slots), whole_(whole), rounding_(rounding) {}

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, at_.src);
    Q* dst = At<Q>(slots, at_.dst);
    T* whole = whole_ == kNoSlot ? nullptr : At<T>(slots, whole_);
    const float* scale = At<const float>(slots, at_.scale);
    const float* shift =
        at_.shift == kNoSlot ? nullptr : At<const float>(slots, at_.shift);
    ParallelRanges(
        norm_.parts, norm_.rows, [&](int, int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            const int64_t at = row * norm_.length;
            const RowStatistics s = StatisticsOf(src + at, norm_.length,
                                                 norm_.centred, norm_.epsilon);
            NormalizeRowRounded(src + at, norm_.length, s, scale, shift,
                                rounding_.inverse, rounding_.zero,
                                whole == nullptr ? nullptr : whole + at,
                                dst + at);
          }
        });
    return absl::OkStatus();
  }

 private:
  RowNorm norm_;
  ForwardSlots at_;
  SlotId whole_;
  Rounding rounding_;
};

struct BackwardSlots {
  SlotId src, diff, scale, diff_src, diff_scale, diff_shift = kNoSlot;
  SlotId sums;  // per part, diff_scale and diff_shift
};

template <typename T>
class BackwardKernel final : public Kernel {
 public:
  BackwardKernel(const RowNorm& norm, const BackwardSlots& slots)
      : norm_(norm), at_(slots) {}

  absl::Status Run(void* const* slots) const override {
    ParallelRanges(norm_.parts, norm_.rows,
                   [&](int part, int64_t begin, int64_t end) {
                     RunRows(slots, part, begin, end);
                   });
    Fold(slots, 0, At<float>(slots, at_.diff_scale));
    if (at_.diff_shift != kNoSlot) {
      Fold(slots, norm_.length, At<float>(slots, at_.diff_shift));
    }
    return absl::OkStatus();
  }

 private:
  float* Sums(void* const* slots, int part) const {
    return At<float>(slots, at_.sums) + part * 2 * norm_.length;
  }

  void RunRows(void* const* slots, int part, int64_t begin, int64_t end) const {
    const int64_t n = norm_.length;
    const T* src = At<const T>(slots, at_.src);
    const T* diff = At<const T>(slots, at_.diff);
    T* diff_src = At<T>(slots, at_.diff_src);
    float* sums = Sums(slots, part);
    std::fill(sums, sums + 2 * n, 0.0f);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t at = row * n;
      const RowStatistics s =
          StatisticsOf(src + at, n, norm_.centred, norm_.epsilon);
      BackwardRow(src + at, diff + at, n, s, norm_.centred,
                  At<const float>(slots, at_.scale), diff_src + at, sums,
                  norm_.centred ? sums + n : nullptr);
    }
  }

  void Fold(void* const* slots, int64_t offset, float* dst) const {
    std::copy_n(Sums(slots, 0) + offset, norm_.length, dst);
    for (int part = 1; part < norm_.parts; ++part) {
      const float* sums = Sums(slots, part) + offset;
      for (int64_t i = 0; i < norm_.length; ++i) dst[i] += sums[i];
    }
  }

  RowNorm norm_;
  BackwardSlots at_;
};

template <typename T>
std::unique_ptr<Kernel> MakeRounded(const RowNorm& norm, const ForwardSlots& at,
                                    SlotId whole, const Rounding& rounding) {
  if (rounding.dtype == DType::kU8) {
    return std::make_unique<RoundedKernel<T, uint8_t>>(norm, at, whole,
                                                       rounding);
  }
  return std::make_unique<RoundedKernel<T, int8_t>>(norm, at, whole, rounding);
}

void AddRounded(ProgramBuilder& b, const RowNorm& norm, ForwardSlots at,
                std::vector<SlotId> reads) {
  const Rounding rounding = UnitRounding(b);
  at.dst = b.WritePlain(UnitResult(b));
  std::vector<SlotId> writes = {at.dst};
  SlotId whole = kNoSlot;
  if (b.ReadOutside(b.output())) {
    whole = b.WritePlain(b.output());
    writes.push_back(whole);
    b.MayOverwrite(whole, at.src);
  }
  std::unique_ptr<Kernel> kernel;
  if (b.type(b.input(0)).dtype == DType::kBF16) {
    kernel = MakeRounded<BFloat16>(norm, at, whole, rounding);
  } else if (rounding.dtype == DType::kBF16) {
    kernel = std::make_unique<RoundedKernel<float, BFloat16>>(norm, at, whole,
                                                              rounding);
  } else {
    kernel = MakeRounded<float>(norm, at, whole, rounding);
  }
  b.AddStep(std::move(kernel), std::move(reads), std::move(writes));
}

}  // namespace

absl::Status MakeRowNorm(ProgramBuilder& b) {
  const RowNorm norm = RowNormOf(b, b.node().op == "layer_norm");
  ForwardSlots at;
  at.src = b.ReadPlain(b.input(0));
  at.scale = b.ReadPlain(b.input(1));
  std::vector<SlotId> reads = {at.src, at.scale};
  if (norm.centred) {
    at.shift = b.ReadPlain(b.input(2));
    reads.push_back(at.shift);
  }
  if (b.unit().nodes.size() > 1) {
    AddRounded(b, norm, at, std::move(reads));
    return absl::OkStatus();
  }
  at.dst = b.WritePlain(b.output());
  b.MayOverwrite(at.dst, at.src);
  std::unique_ptr<Kernel> kernel;
  if (b.type(b.input(0)).dtype == DType::kBF16) {
    kernel = std::make_unique<ForwardKernel<BFloat16>>(norm, at);
  } else {
    kernel = std::make_unique<ForwardKernel<float>>(norm, at);
  }
  b.AddStep(std::move(kernel), std::move(reads), {at.dst});
  return absl::OkStatus();
}

absl::Status MakeRowNormBackward(ProgramBuilder& b) {
  const RowNorm norm = RowNormOf(b, b.node().op == "layer_norm_backward");
  BackwardSlots at;
  at.src = b.ReadPlain(b.input(0));
  at.diff = b.ReadPlain(b.input(1));
  at.scale = b.ReadPlain(b.input(2));
  at.diff_src = b.WritePlain(b.output(0));
  at.diff_scale = b.WritePlain(b.output(1));
  at.sums = b.Scratch(norm.parts * 2 * norm.length *
                      static_cast<int64_t>(sizeof(float)));
  std::vector<SlotId> writes = {at.diff_src, at.diff_scale, at.sums};
  if (norm.centred) {
    at.diff_shift = b.WritePlain(b.output(2));
    writes.push_back(at.diff_shift);
  }
  b.MayOverwrite(at.diff_src, at.diff);
  std::unique_ptr<Kernel> kernel;
  if (b.type(b.input(0)).dtype == DType::kBF16) {
    kernel = std::make_unique<BackwardKernel<BFloat16>>(norm, at);
  } else {
    kernel = std::make_unique<BackwardKernel<float>>(norm, at);
  }
  b.AddStep(std::move(kernel), {at.src, at.diff, at.scale}, std::move(writes));
  return absl::OkStatus();
}

}  // namespace assay::cpu

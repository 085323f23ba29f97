#include "harness/ops/reduce/cpu/scan_cpu.h"

#include <algorithm>
#include <memory>
#include <type_traits>

#include "absl/types/span.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"

namespace assay::cpu {
namespace {

// Lines along one axis: line l starts at Start(l), its elements lie `stride`
// apart.
struct Lines {
  int64_t count, length, stride;
  int parts;
  SlotId src, dst;

  int64_t Start(int64_t line) const {
    return line / stride * length * stride + line % stride;
  }
};

Lines LinesOf(ProgramBuilder& b) {
  const absl::Span<const int64_t> shape = b.shape(b.input(0));
  int64_t axis = b.node().attributes.Int("axis", -1);
  if (axis < 0) axis += static_cast<int64_t>(shape.size());
  const size_t at = static_cast<size_t>(axis);
  Lines lines;
  lines.length = shape[at];
  lines.stride = ElementCount(shape.subspan(at + 1));
  lines.count = ElementCount(shape.subspan(0, at)) * lines.stride;
  lines.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), ElementCount(shape) * 4), lines.count));
  lines.src = b.ReadPlain(b.input(0));
  lines.dst = b.WritePlain(b.output());
  return lines;
}

template <typename T>
class ArgmaxKernel final : public Kernel {
 public:
  explicit ArgmaxKernel(const Lines& lines) : lines_(lines) {}

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, lines_.src);
    int32_t* dst = At<int32_t>(slots, lines_.dst);
    ParallelRanges(lines_.parts, lines_.count,
                   [&](int, int64_t begin, int64_t end) {
                     for (int64_t line = begin; line < end; ++line) {
                       dst[line] = FirstMaximum(src + lines_.Start(line));
                     }
                   });
    return absl::OkStatus();
  }

 private:
  // A NaN is the maximum.
  int32_t FirstMaximum(const T* x) const {
    int64_t best = 0;
    for (int64_t i = 0; i < lines_.length; ++i) {
      const auto value = Wide(x[i * lines_.stride]);
      const auto top = Wide(x[best * lines_.stride]);
      if (top != top) break;
      if (value > top || value != value) best = i;
    }
    return static_cast<int32_t>(best);
  }
  static auto Wide(T x) {
    if constexpr (std::is_same_v<T, BFloat16>) {
      return static_cast<float>(x);
    } else {
      return x;
    }
  }

  Lines lines_;
};

template <typename T>
class CumsumKernel final : public Kernel {
 public:
  CumsumKernel(const Lines& lines, bool reverse)
      : lines_(lines), reverse_(reverse) {}

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, lines_.src);
    T* dst = At<T>(slots, lines_.dst);
    ParallelRanges(
        lines_.parts, lines_.count, [&](int, int64_t begin, int64_t end) {
          for (int64_t line = begin; line < end; ++line) {
            double sum = 0;
            for (int64_t i = 0; i < lines_.length; ++i) {
              const int64_t at =
                  lines_.Start(line) +
                  (reverse_ ? lines_.length - 1 - i : i) * lines_.stride;
              sum += static_cast<double>(static_cast<float>(src[at]));
              dst[at] = T(static_cast<float>(sum));
            }
          }
        });
    return absl::OkStatus();
  }

 private:
  Lines lines_;
  bool reverse_;
};

std::unique_ptr<Kernel> ArgmaxOf(DType dtype, const Lines& lines) {
  switch (dtype) {
    case DType::kF64:
      return std::make_unique<ArgmaxKernel<double>>(lines);
    case DType::kBF16:
      return std::make_unique<ArgmaxKernel<BFloat16>>(lines);
    case DType::kS32:
      return std::make_unique<ArgmaxKernel<int32_t>>(lines);
    case DType::kS64:
      return std::make_unique<ArgmaxKernel<int64_t>>(lines);
    default:
      return std::make_unique<ArgmaxKernel<float>>(lines);
  }
}

}  // namespace

absl::Status MakeArgmax(ProgramBuilder& b) {
  const Lines lines = LinesOf(b);
  b.AddStep(ArgmaxOf(b.type(b.input(0)).dtype, lines), {lines.src},
            {lines.dst});
  return absl::OkStatus();
}

absl::Status MakeCumsum(ProgramBuilder& b) {
  const Lines lines = LinesOf(b);
  const bool reverse = b.node().attributes.Int("reverse", 0) != 0;
  std::unique_ptr<Kernel> kernel;
  if (b.type(b.input(0)).dtype == DType::kBF16) {
    kernel = std::make_unique<CumsumKernel<BFloat16>>(lines, reverse);
  } else {
    kernel = std::make_unique<CumsumKernel<float>>(lines, reverse);
  }
  b.AddStep(std::move(kernel), {lines.src}, {lines.dst});
  return absl::OkStatus();
}

}  // namespace assay::cpu

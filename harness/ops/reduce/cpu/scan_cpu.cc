#include "harness/ops/reduce/cpu/scan_cpu.h"

#include <algorithm>
#include <memory>
#include <numeric>
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
auto Wide(T x) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return static_cast<float>(x);
  } else {
    return x;
  }
}

template <typename T>
T Narrow(double x) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return T(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
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
              sum += static_cast<double>(Wide(src[at]));
              dst[at] = Narrow<T>(sum);
            }
          }
        });
    return absl::OkStatus();
  }

 private:
  Lines lines_;
  bool reverse_;
};

// Positions are put in order in `order`, room for one line a part.
template <typename T>
class TopKKernel final : public Kernel {
 public:
  TopKKernel(const Lines& lines, int64_t k, bool largest, SlotId positions,
             SlotId order)
      : lines_(lines),
        k_(k),
        largest_(largest),
        positions_(positions),
        order_(order) {}

  absl::Status Run(void* const* slots) const override {
    ParallelRanges(
        lines_.parts, lines_.count, [&](int part, int64_t begin, int64_t end) {
          int32_t* order = At<int32_t>(slots, order_) + part * lines_.length;
          for (int64_t line = begin; line < end; ++line) {
            PickLine(slots, line, order);
          }
        });
    return absl::OkStatus();
  }

 private:
  void PickLine(void* const* slots, int64_t line, int32_t* order) const {
    const T* x = At<const T>(slots, lines_.src) + lines_.Start(line);
    const int64_t stride = lines_.stride;
    std::iota(order, order + lines_.length, 0);
    std::partial_sort(
        order, order + k_, order + lines_.length, [&](int32_t i, int32_t j) {
          const auto a = Wide(x[i * stride]);
          const auto b = Wide(x[j * stride]);
          const bool before = largest_ ? Above(a, b) : Above(b, a);
          const bool after = largest_ ? Above(b, a) : Above(a, b);
          return before || (!after && i < j);
        });
    const int64_t to = line / stride * k_ * stride + line % stride;
    T* values = At<T>(slots, lines_.dst) + to;
    int32_t* positions = At<int32_t>(slots, positions_) + to;
    for (int64_t i = 0; i < k_; ++i) {
      values[i * stride] = x[order[i] * stride];
      positions[i * stride] = order[i];
    }
  }
  // A NaN is above all numbers.
  template <typename U>
  static bool Above(U a, U b) {
    if (a != a || b != b) return a != a && b == b;
    return a > b;
  }

  Lines lines_;
  int64_t k_;
  bool largest_;
  SlotId positions_, order_;
};

// Kernel<T> for elements of `dtype`.
template <template <typename> class K, typename... Arguments>
std::unique_ptr<Kernel> Typed(DType dtype, const Arguments&... arguments) {
  switch (dtype) {
    case DType::kF64:
      return std::make_unique<K<double>>(arguments...);
    case DType::kBF16:
      return std::make_unique<K<BFloat16>>(arguments...);
    case DType::kS32:
      return std::make_unique<K<int32_t>>(arguments...);
    case DType::kS64:
      return std::make_unique<K<int64_t>>(arguments...);
    default:
      return std::make_unique<K<float>>(arguments...);
  }
}

}  // namespace

absl::Status MakeArgmax(ProgramBuilder& b) {
  const Lines lines = LinesOf(b);
  b.AddStep(Typed<ArgmaxKernel>(b.type(b.input(0)).dtype, lines), {lines.src},
            {lines.dst});
  return absl::OkStatus();
}

absl::Status MakeCumsum(ProgramBuilder& b) {
  const Lines lines = LinesOf(b);
  const bool reverse = b.node().attributes.Int("reverse", 0) != 0;
  b.AddStep(Typed<CumsumKernel>(b.type(b.input(0)).dtype, lines, reverse),
            {lines.src}, {lines.dst});
  return absl::OkStatus();
}

absl::Status MakeTopK(ProgramBuilder& b) {
  const Lines lines = LinesOf(b);
  const int64_t k = b.node().attributes.Int("k", 1);
  const bool largest = b.node().attributes.Int("largest", 1) != 0;
  const SlotId positions = b.WritePlain(b.output(1));
  const SlotId order = b.Scratch(lines.parts * lines.length * 4);
  b.AddStep(Typed<TopKKernel>(b.type(b.input(0)).dtype, lines, k, largest,
                              positions, order),
            {lines.src}, {lines.dst, positions, order});
  return absl::OkStatus();
}

}  // namespace assay::cpu

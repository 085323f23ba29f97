#include "harness/ops/reduce/cpu/reduce_cpu.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"
#include "harness/ops/reduce/cpu/reduce_rows.h"

namespace assay::cpu {
namespace {

enum class Reduction { kSum, kMean, kMax };

// A row-major tensor as alternating kept and reduced extents.
struct Axis {
  int64_t extent, stride;
};
struct ReducePlan {
  std::vector<Axis> kept, reduced;  // without the innermost one
  Axis inner;
  bool inner_reduced;

  int64_t kept_rows() const { return Count(kept); }
  int64_t reduced_rows() const { return Count(reduced); }
  static int64_t Count(const std::vector<Axis>& axes) {
    int64_t n = 1;
    for (const Axis& a : axes) n *= a.extent;
    return n;
  }
  static int64_t Offset(const std::vector<Axis>& axes, int64_t index) {
    int64_t offset = 0;
    for (size_t i = axes.size(); i-- > 0;) {
      offset += index % axes[i].extent * axes[i].stride;
      index /= axes[i].extent;
    }
    return offset;
  }
};

ReducePlan PlanOf(const Shape& shape, const std::vector<bool>& reduced) {
  struct Merged {
    Axis axis;
    bool reduced;
  };
  std::vector<Merged> axes;
  const std::vector<int64_t> strides = RowMajorStrides(shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    if (!axes.empty() && axes.back().reduced == reduced[i]) {
      axes.back().axis.extent *= shape[i];
      axes.back().axis.stride = strides[i];
    } else {
      axes.push_back({{shape[i], strides[i]}, reduced[i]});
    }
  }
  if (axes.empty()) axes.push_back({{1, 1}, true});
  ReducePlan plan;
  plan.inner = axes.back().axis;
  plan.inner_reduced = axes.back().reduced;
  axes.pop_back();
  for (const Merged& m : axes) {
    (m.reduced ? plan.reduced : plan.kept).push_back(m.axis);
  }
  return plan;
}

constexpr int64_t kTile = 256;  // columns reduced side by side
constexpr int64_t kRun = 64;    // rows summed in f32 before they join a double

struct ReduceSlots {
  SlotId src, dst, partial;
};

template <typename T>
constexpr bool kVectorised =
    std::is_same_v<T, float> || std::is_same_v<T, BFloat16>;

// Vector loops where the element type has them.
template <typename T>
double RowSum(const T* x, int64_t n) {
  if constexpr (kVectorised<T>) {
    return SumRow(x, n);
  } else {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
    return sum;
  }
}
template <typename T>
double RowMax(const T* x, int64_t n) {
  if constexpr (kVectorised<T>) {
    return static_cast<double>(MaxRow(x, n));
  } else {
    double best = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < n; ++i) {
      const double v = static_cast<double>(x[i]);
      if (v > best || v != v) best = v;
    }
    return best;
  }
}

// Work items are (kept row, column tile) pairs; where those are too few for the
// threads, each is also split along the reduced rows, and the splits' partial
// results are folded in order.
template <typename T>
class ReduceKernel final : public Kernel {
 public:
  ReduceKernel(ReducePlan plan, Reduction reduction, const ReduceSlots& slots,
               int threads, int splits)
      : plan_(std::move(plan)),
        reduction_(reduction),
        at_(slots),
        columns_(plan_.inner_reduced ? 1 : plan_.inner.extent),
        tiles_((columns_ + kTile - 1) / kTile),
        splits_(splits) {
    population_ = static_cast<double>(
        plan_.reduced_rows() * (plan_.inner_reduced ? plan_.inner.extent : 1));
    const int64_t work = plan_.kept_rows() * tiles_ * splits_;
    parts_ = static_cast<int>(std::min<int64_t>(
        ThreadsFor(threads, plan_.kept_rows() * plan_.reduced_rows() *
                                plan_.inner.extent),
        work));
  }

  static int Splits(const ReducePlan& plan, int threads) {
    const int64_t columns = plan.inner_reduced ? 1 : plan.inner.extent;
    const int64_t items = plan.kept_rows() * ((columns + kTile - 1) / kTile);
    const int64_t rows =
        plan.inner_reduced && plan.reduced.empty() ? 1 : plan.reduced_rows();
    const int64_t work =
        plan.kept_rows() * plan.reduced_rows() * plan.inner.extent;
    if (items >= threads || ThreadsFor(threads, work) == 1) return 1;
    return static_cast<int>(std::min<int64_t>(threads, rows));
  }

  absl::Status Run(void* const* slots) const override {
    const int64_t items = plan_.kept_rows() * tiles_;
    ParallelRanges(
        parts_, items * splits_, [&](int, int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            ReduceItem(slots, i / splits_, static_cast<int>(i % splits_));
          }
        });
    Fold(slots);
    return absl::OkStatus();
  }

 private:
  int64_t results() const { return plan_.kept_rows() * columns_; }

  void ReduceItem(void* const* slots, int64_t item, int split) const {
    const int64_t kept = item / tiles_, tile = item % tiles_ * kTile;
    const int64_t rows = plan_.reduced_rows();
    const int64_t begin = rows * split / splits_;
    const int64_t end = rows * (split + 1) / splits_;
    const T* src = At<const T>(slots, at_.src) +
                   ReducePlan::Offset(plan_.kept, kept) + tile;
    double* partial = At<double>(slots, at_.partial) + split * results() +
                      kept * columns_ + tile;
    if (plan_.inner_reduced) {
      *partial = ReduceRows(src, begin, end);
    } else {
      ReduceColumns(src, begin, end, std::min(kTile, columns_ - tile), partial);
    }
  }

  double ReduceRows(const T* src, int64_t begin, int64_t end) const {
    const bool max = reduction_ == Reduction::kMax;
    double result = max ? -std::numeric_limits<double>::infinity() : 0;
    for (int64_t row = begin; row < end; ++row) {
      const T* x = src + ReducePlan::Offset(plan_.reduced, row);
      if (max) {
        const double v = RowMax(x, plan_.inner.extent);
        if (v > result || v != v) result = v;
      } else {
        result += RowSum(x, plan_.inner.extent);
      }
    }
    return result;
  }

  void ReduceColumns(const T* src, int64_t begin, int64_t end, int64_t n,
                     double* partial) const {
    const bool max = reduction_ == Reduction::kMax;
    const double start = max ? -std::numeric_limits<double>::infinity() : 0;
    std::fill(partial, partial + n, start);
    // Consecutive rows of the innermost reduced axis go to one call.
    const Axis last = plan_.reduced.empty() ? Axis{1, 0} : plan_.reduced.back();
    for (int64_t row = begin; row < end;) {
      const int64_t run =
          std::min({kRun, end - row, last.extent - row % last.extent});
      ColumnRun(src + ReducePlan::Offset(plan_.reduced, row), run, last.stride,
                n, partial);
      row += run;
    }
  }

  void ColumnRun(const T* x, int64_t rows, int64_t stride, int64_t n,
                 double* partial) const {
    const bool max = reduction_ == Reduction::kMax;
    if constexpr (kVectorised<T>) {
      std::array<float, kTile> sums;
      const float start = max ? -std::numeric_limits<float>::infinity() : 0.0f;
      std::fill(sums.begin(), sums.begin() + n, start);
      if (max) {
        MaxRows(x, rows, stride, n, sums.data());
      } else {
        AddRows(x, rows, stride, n, sums.data());
      }
      for (int64_t i = 0; i < n; ++i) {
        Join(static_cast<double>(sums[static_cast<size_t>(i)]), partial + i);
      }
    } else {
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = 0; i < n; ++i) {
          Join(static_cast<double>(x[r * stride + i]), partial + i);
        }
      }
    }
  }

  void Join(double value, double* into) const {
    if (reduction_ != Reduction::kMax) {
      *into += value;
    } else if (value > *into || value != value) {
      *into = value;
    }
  }

  void Fold(void* const* slots) const {
    double* partial = At<double>(slots, at_.partial);
    T* dst = At<T>(slots, at_.dst);
    const double factor = reduction_ == Reduction::kMean ? population_ : 1;
    for (int64_t i = 0; i < results(); ++i) {
      for (int split = 1; split < splits_; ++split) {
        Join(partial[split * results() + i], partial + i);
      }
      if constexpr (std::is_same_v<T, BFloat16>) {
        dst[i] = BFloat16(static_cast<float>(partial[i] / factor));
      } else {
        dst[i] = static_cast<T>(partial[i] / factor);
      }
    }
  }

  ReducePlan plan_;
  Reduction reduction_;
  ReduceSlots at_;
  int64_t columns_, tiles_;
  int splits_, parts_;
  double population_;
};

std::vector<bool> ReducedAxes(const Node& node, size_t rank) {
  std::vector<bool> reduced(rank, !node.attributes.Has("axes"));
  for (int64_t axis : node.attributes.Ints("axes", {})) {
    if (axis < 0) axis += static_cast<int64_t>(rank);
    reduced[static_cast<size_t>(axis)] = true;
  }
  return reduced;
}

template <typename T>
std::unique_ptr<Kernel> MakeKernel(const ReducePlan& plan, Reduction reduction,
                                   const ReduceSlots& at, int threads,
                                   int splits) {
  return std::make_unique<ReduceKernel<T>>(plan, reduction, at, threads,
                                           splits);
}

std::unique_ptr<Kernel> MakeKernelOf(DType dtype, const ReducePlan& plan,
                                     Reduction reduction, const ReduceSlots& at,
                                     int threads, int splits) {
  switch (dtype) {
    case DType::kF32:
      return MakeKernel<float>(plan, reduction, at, threads, splits);
    case DType::kBF16:
      return MakeKernel<BFloat16>(plan, reduction, at, threads, splits);
    case DType::kF64:
      return MakeKernel<double>(plan, reduction, at, threads, splits);
    case DType::kS32:
      return MakeKernel<int32_t>(plan, reduction, at, threads, splits);
    default:
      return MakeKernel<int64_t>(plan, reduction, at, threads, splits);
  }
}

// A blocked tensor reduced over exactly its spatial axes, as one of shape
// [outer, blocks, inner, block]; the result is then row-major unless padded.
bool SpatialOnly(const std::vector<bool>& reduced) {
  for (size_t i = 0; i < reduced.size(); ++i) {
    if (reduced[i] != (i >= 2)) return false;
  }
  return reduced.size() > 2;
}

}  // namespace

absl::Status MakeReduce(ProgramBuilder& b) {
  const ValueId src = b.input(0);
  const std::vector<bool> reduced = ReducedAxes(b.node(), b.shape(src).size());
  const Layout& layout = b.layout(src);
  const absl::StatusOr<ChannelView> view = ViewChannels(layout, b.shape(src));
  ReduceSlots at;
  ReducePlan plan;
  if (!layout.plain && !layout.padded && view.ok() && SpatialOnly(reduced)) {
    plan = PlanOf({view->outer, view->blocks, view->inner, view->block},
                  {false, false, true, false});
    at.src = b.Read(src);
  } else {
    plan = PlanOf(b.shape(src), reduced);
    at.src = b.ReadPlain(src);
  }
  const Reduction reduction = b.node().op == "reduce_sum"    ? Reduction::kSum
                              : b.node().op == "reduce_mean" ? Reduction::kMean
                                                             : Reduction::kMax;
  const int splits = ReduceKernel<float>::Splits(plan, b.threads());
  at.partial = b.Scratch(ElementCount(b.shape(b.output())) * splits *
                         static_cast<int64_t>(sizeof(double)));
  at.dst = b.WritePlain(b.output());
  b.AddStep(
      MakeKernelOf(b.type(src).dtype, plan, reduction, at, b.threads(), splits),
      {at.src}, {at.dst, at.partial});
  return absl::OkStatus();
}

}  // namespace assay::cpu

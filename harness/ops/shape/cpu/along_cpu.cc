#include "harness/ops/shape/cpu/along_cpu.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"

namespace assay::cpu {
namespace {

absl::Status CheckIndices(const int32_t* indices, int64_t n, int64_t extent) {
  for (int64_t i = 0; i < n; ++i) {
    if (indices[i] < 0 || indices[i] >= extent) {
      return absl::OutOfRangeError(absl::StrCat("indices: element ", i,
                                                ": expected a value in [0, ",
                                                extent, "), got ", indices[i]));
    }
  }
  return absl::OkStatus();
}

// Two tensors [outer, length, stride]; one has `few` elements on the axis, as
// the indices do, the other `many`.
struct AlongGeometry {
  int64_t outer = 1, stride = 1, few = 1, many = 1;
  SlotId indices = kNoSlot, src = kNoSlot, dst = kNoSlot;
  int parts = 1;

  int64_t count() const { return outer * few * stride; }
};

AlongGeometry GeometryOf(ProgramBuilder& b, ValueId indices, ValueId many) {
  const absl::Span<const int64_t> shape = b.shape(indices);
  int64_t axis = b.node().attributes.Int("axis", -1);
  if (axis < 0) axis += static_cast<int64_t>(shape.size());
  const size_t at = static_cast<size_t>(axis);
  AlongGeometry g;
  g.outer = ElementCount(shape.subspan(0, at));
  g.few = shape[at];
  g.stride = ElementCount(shape.subspan(at + 1));
  g.many = b.shape(many)[at];
  g.indices = b.ReadPlain(indices);
  return g;
}

template <typename T>
class GatherAlongKernel final : public Kernel {
 public:
  explicit GatherAlongKernel(const AlongGeometry& g) : g_(g) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* indices = At<const int32_t>(slots, g_.indices);
    ASSAY_RETURN_IF_ERROR(CheckIndices(indices, g_.count(), g_.many));
    const T* src = At<const T>(slots, g_.src);
    T* dst = At<T>(slots, g_.dst);
    const int64_t block = g_.few * g_.stride;
    ParallelRanges(g_.parts, g_.count(), [&](int, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / block * g_.many + indices[i];
        dst[i] = src[row * g_.stride + i % g_.stride];
      }
    });
    return absl::OkStatus();
  }

 private:
  AlongGeometry g_;
};

// Each part owns a range of lines, so that sums keep the order of the indices.
template <typename T>
class ScatterAddAlongKernel final : public Kernel {
 public:
  ScatterAddAlongKernel(const AlongGeometry& g, SlotId sums)
      : g_(g), sums_(sums) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* indices = At<const int32_t>(slots, g_.indices);
    ASSAY_RETURN_IF_ERROR(CheckIndices(indices, g_.count(), g_.many));
    ParallelRanges(g_.parts, g_.outer * g_.stride,
                   [&](int, int64_t begin, int64_t end) {
                     for (int64_t l = begin; l < end; ++l) {
                       AddLine(slots, indices, l / g_.stride, l % g_.stride);
                     }
                   });
    return absl::OkStatus();
  }

 private:
  void AddLine(void* const* slots, const int32_t* indices, int64_t outer,
               int64_t inner) const {
    const int64_t from = outer * g_.few * g_.stride + inner;
    const int64_t to = outer * g_.many * g_.stride + inner;
    const T* src = At<const T>(slots, g_.src);
    float* sums = At<float>(slots, sums_);
    for (int64_t i = 0; i < g_.many; ++i) sums[to + i * g_.stride] = 0;
    for (int64_t i = 0; i < g_.few; ++i) {
      const int64_t at = from + i * g_.stride;
      sums[to + indices[at] * g_.stride] += static_cast<float>(src[at]);
    }
    if (sums_ == g_.dst) return;
    T* dst = At<T>(slots, g_.dst);
    for (int64_t i = 0; i < g_.many; ++i) {
      dst[to + i * g_.stride] = T(sums[to + i * g_.stride]);
    }
  }

  AlongGeometry g_;
  SlotId sums_;
};

struct MaxGeometry {
  int64_t rows = 1, width = 1, count = 1;
  SlotId indices = kNoSlot, updates = kNoSlot, dst = kNoSlot, first = kNoSlot;
  int parts = 1;
};

// Each part owns a range of columns.
template <typename T>
class ScatterMaxKernel final : public Kernel {
 public:
  explicit ScatterMaxKernel(const MaxGeometry& g) : g_(g) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* indices = At<const int32_t>(slots, g_.indices);
    ASSAY_RETURN_IF_ERROR(CheckIndices(indices, g_.count, g_.rows));
    ParallelRanges(g_.parts, g_.width, [&](int, int64_t begin, int64_t end) {
      PickColumns(slots, indices, begin, end);
    });
    return absl::OkStatus();
  }

 private:
  void PickColumns(void* const* slots, const int32_t* indices, int64_t begin,
                   int64_t end) const {
    const T* updates = At<const T>(slots, g_.updates);
    T* dst = At<T>(slots, g_.dst);
    int32_t* first = At<int32_t>(slots, g_.first);
    for (int64_t r = 0; r < g_.rows; ++r) {
      std::fill(dst + r * g_.width + begin, dst + r * g_.width + end, T(0.0f));
      std::fill(first + r * g_.width + begin, first + r * g_.width + end, -1);
    }
    for (int64_t i = 0; i < g_.count; ++i) {
      for (int64_t c = begin; c < end; ++c) {
        const int64_t at = indices[i] * g_.width + c;
        const float value = static_cast<float>(updates[i * g_.width + c]);
        const float top = static_cast<float>(dst[at]);
        const bool above = value > top || (value != value && top == top);
        if (first[at] >= 0 && !above) continue;
        dst[at] = updates[i * g_.width + c];
        first[at] = static_cast<int32_t>(i);
      }
    }
  }

  MaxGeometry g_;
};

}  // namespace

absl::Status MakeGatherAlong(ProgramBuilder& b) {
  AlongGeometry g = GeometryOf(b, b.input(1), b.input(0));
  g.src = b.ReadPlain(b.input(0));
  g.dst = b.WritePlain(b.output());
  g.parts = ThreadsFor(b.threads(), g.count() * 8);
  std::unique_ptr<Kernel> kernel;
  switch (SizeOf(b.type(b.input(0)).dtype)) {
    case 1:
      kernel = std::make_unique<GatherAlongKernel<uint8_t>>(g);
      break;
    case 2:
      kernel = std::make_unique<GatherAlongKernel<uint16_t>>(g);
      break;
    case 4:
      kernel = std::make_unique<GatherAlongKernel<uint32_t>>(g);
      break;
    default:
      kernel = std::make_unique<GatherAlongKernel<uint64_t>>(g);
  }
  b.AddStep(std::move(kernel), {g.src, g.indices}, {g.dst});
  return absl::OkStatus();
}

absl::Status MakeScatterAddAlong(ProgramBuilder& b) {
  AlongGeometry g = GeometryOf(b, b.input(0), b.output());
  g.src = b.ReadPlain(b.input(1));
  g.dst = b.WritePlain(b.output());
  g.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), g.count() * 8), g.outer * g.stride));
  if (b.type(b.input(1)).dtype == DType::kF32) {
    b.AddStep(std::make_unique<ScatterAddAlongKernel<float>>(g, g.dst),
              {g.indices, g.src}, {g.dst});
    return absl::OkStatus();
  }
  const SlotId sums = b.Scratch(ElementCount(b.shape(b.output())) * 4);
  b.AddStep(std::make_unique<ScatterAddAlongKernel<BFloat16>>(g, sums),
            {g.indices, g.src}, {g.dst, sums});
  return absl::OkStatus();
}

absl::Status MakeScatterMax(ProgramBuilder& b) {
  MaxGeometry g;
  g.rows = b.shape(b.output())[0];
  g.width = ElementCount(b.shape(b.output())) / g.rows;
  g.count = ElementCount(b.shape(b.input(0)));
  g.indices = b.ReadPlain(b.input(0));
  g.updates = b.ReadPlain(b.input(1));
  g.dst = b.WritePlain(b.output(0));
  g.first = b.WritePlain(b.output(1));
  g.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), (g.count + g.rows) * g.width), g.width));
  std::unique_ptr<Kernel> kernel;
  if (b.type(b.input(1)).dtype == DType::kF32) {
    kernel = std::make_unique<ScatterMaxKernel<float>>(g);
  } else {
    kernel = std::make_unique<ScatterMaxKernel<BFloat16>>(g);
  }
  b.AddStep(std::move(kernel), {g.indices, g.updates}, {g.dst, g.first});
  return absl::OkStatus();
}

}  // namespace assay::cpu

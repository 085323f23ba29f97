#include "harness/ops/shape/cpu/index_cpu.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"

namespace assay::cpu {
namespace {

absl::Status CheckIndices(const int32_t* indices, int64_t n, int64_t rows) {
  for (int64_t i = 0; i < n; ++i) {
    if (indices[i] < 0 || indices[i] >= rows) {
      return absl::OutOfRangeError(absl::StrCat("indices: element ", i,
                                                ": expected a value in [0, ",
                                                rows, "), got ", indices[i]));
    }
  }
  return absl::OkStatus();
}

struct RowGeometry {
  int64_t outer = 1, rows = 1, width = 1;  // table [outer, rows, width]
  int64_t indices = 1;
};

class GatherKernel final : public Kernel {
 public:
  GatherKernel(const RowGeometry& geometry, int64_t row_bytes, SlotId table,
               SlotId indices, SlotId dst, int threads)
      : g_(geometry),
        row_bytes_(row_bytes),
        table_(table),
        indices_(indices),
        dst_(dst),
        parts_(static_cast<int>(std::min<int64_t>(
            ThreadsFor(threads, g_.outer * g_.indices * row_bytes),
            g_.outer * g_.indices))) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* indices = At<const int32_t>(slots, indices_);
    ASSAY_RETURN_IF_ERROR(CheckIndices(indices, g_.indices, g_.rows));
    const char* table = At<const char>(slots, table_);
    char* dst = At<char>(slots, dst_);
    ParallelRanges(
        parts_, g_.outer * g_.indices, [&](int, int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t row =
                i / g_.indices * g_.rows + indices[i % g_.indices];
            std::memcpy(dst + i * row_bytes_, table + row * row_bytes_,
                        static_cast<size_t>(row_bytes_));
          }
        });
    return absl::OkStatus();
  }

 private:
  RowGeometry g_;
  int64_t row_bytes_;
  SlotId table_, indices_, dst_;
  int parts_;
};

// Each part owns a range of columns, so that sums keep the order of the indices
// whatever the thread count. bf16 rows are summed in f32 scratch.
template <typename T>
class ScatterAddKernel final : public Kernel {
 public:
  ScatterAddKernel(const RowGeometry& geometry, SlotId indices, SlotId updates,
                   SlotId dst, SlotId sums, int threads)
      : g_(geometry),
        indices_(indices),
        updates_(updates),
        dst_(dst),
        sums_(sums),
        parts_(static_cast<int>(std::min<int64_t>(
            ThreadsFor(threads, (g_.indices + g_.rows) * g_.width),
            g_.width))) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* indices = At<const int32_t>(slots, indices_);
    ASSAY_RETURN_IF_ERROR(CheckIndices(indices, g_.indices, g_.rows));
    ParallelRanges(parts_, g_.width, [&](int, int64_t begin, int64_t end) {
      AddColumns(slots, indices, begin, end);
    });
    return absl::OkStatus();
  }

 private:
  void AddColumns(void* const* slots, const int32_t* indices, int64_t begin,
                  int64_t end) const {
    float* sums = At<float>(slots, sums_);
    const T* updates = At<const T>(slots, updates_);
    for (int64_t r = 0; r < g_.rows; ++r) {
      std::fill(sums + r * g_.width + begin, sums + r * g_.width + end, 0.0f);
    }
    for (int64_t i = 0; i < g_.indices; ++i) {
      float* to = sums + indices[i] * g_.width;
      const T* from = updates + i * g_.width;
      for (int64_t c = begin; c < end; ++c) {
        to[c] += static_cast<float>(from[c]);
      }
    }
    if (sums_ == dst_) return;
    T* dst = At<T>(slots, dst_);
    for (int64_t r = 0; r < g_.rows; ++r) {
      for (int64_t c = begin; c < end; ++c) {
        dst[r * g_.width + c] = T(sums[r * g_.width + c]);
      }
    }
  }

  RowGeometry g_;
  SlotId indices_, updates_, dst_, sums_;
  int parts_;
};

class OneHotKernel final : public Kernel {
 public:
  OneHotKernel(const RowGeometry& geometry, DType dtype, SlotId indices,
               SlotId dst)
      : g_(geometry),
        width_(static_cast<size_t>(SizeOf(dtype))),
        one_(Tensor::From<float>({}, {1.0f}).Cast(dtype)),
        indices_(indices),
        dst_(dst) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* indices = At<const int32_t>(slots, indices_);
    char* dst = At<char>(slots, dst_);
    const size_t row = static_cast<size_t>(g_.width) * width_;
    std::memset(dst, 0, static_cast<size_t>(g_.indices) * row);
    for (int64_t i = 0; i < g_.indices; ++i) {
      if (indices[i] < 0 || indices[i] >= g_.width) continue;
      std::memcpy(dst + static_cast<size_t>(i) * row +
                      static_cast<size_t>(indices[i]) * width_,
                  one_.raw(), width_);
    }
    return absl::OkStatus();
  }

 private:
  RowGeometry g_;
  size_t width_;
  Tensor one_;
  SlotId indices_, dst_;
};

}  // namespace

absl::Status MakeGather(ProgramBuilder& b) {
  const ValueId table = b.input(0), indices = b.input(1), dst = b.output();
  const Shape& shape = b.shape(table);
  int64_t axis = b.node().attributes.Int("axis", 0);
  if (axis < 0) axis += static_cast<int64_t>(shape.size());
  const size_t at = static_cast<size_t>(axis);
  const absl::Span<const int64_t> extents = shape;
  RowGeometry g;
  g.outer = ElementCount(extents.subspan(0, at));
  g.rows = shape[at];
  g.width = ElementCount(extents.subspan(at + 1));
  g.indices = ElementCount(b.shape(indices));
  const SlotId read_table = b.ReadPlain(table);
  const SlotId read_indices = b.ReadPlain(indices);
  const SlotId written = b.WritePlain(dst);
  b.AddStep(std::make_unique<GatherKernel>(
                g, g.width * SizeOf(b.type(table).dtype), read_table,
                read_indices, written, b.threads()),
            {read_table, read_indices}, {written});
  return absl::OkStatus();
}

absl::Status MakeScatterAdd(ProgramBuilder& b) {
  const ValueId indices = b.input(0), updates = b.input(1), dst = b.output();
  RowGeometry g;
  g.rows = b.shape(dst)[0];
  g.width = ElementCount(b.shape(dst)) / g.rows;
  g.indices = ElementCount(b.shape(indices));
  const SlotId read_indices = b.ReadPlain(indices);
  const SlotId read_updates = b.ReadPlain(updates);
  const SlotId written = b.WritePlain(dst);
  if (b.type(updates).dtype == DType::kF32) {
    b.AddStep(std::make_unique<ScatterAddKernel<float>>(
                  g, read_indices, read_updates, written, written, b.threads()),
              {read_indices, read_updates}, {written});
    return absl::OkStatus();
  }
  const SlotId sums = b.Scratch(g.rows * g.width * 4);
  b.AddStep(std::make_unique<ScatterAddKernel<BFloat16>>(
                g, read_indices, read_updates, written, sums, b.threads()),
            {read_indices, read_updates}, {written, sums});
  return absl::OkStatus();
}

absl::Status MakeOneHot(ProgramBuilder& b) {
  const ValueId indices = b.input(0), dst = b.output();
  RowGeometry g;
  g.width = b.shape(dst).back();
  g.indices = ElementCount(b.shape(indices));
  const SlotId read = b.ReadPlain(indices), written = b.WritePlain(dst);
  b.AddStep(std::make_unique<OneHotKernel>(g, b.type(dst).dtype, read, written),
            {read}, {written});
  return absl::OkStatus();
}

}  // namespace assay::cpu

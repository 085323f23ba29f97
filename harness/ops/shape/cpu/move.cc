#include "harness/ops/shape/cpu/move.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "harness/backend/cpu/parallel.h"

namespace assay::cpu {
namespace {

// Drops extents of 1 and merges those that both sides walk in one stride.
void Collapse(Move* move) {
  Move merged;
  merged.src_start = move->src_start;
  merged.dst_start = move->dst_start;
  for (size_t i = 0; i < move->extents.size(); ++i) {
    const int64_t extent = move->extents[i];
    const int64_t src = move->src_strides[i], dst = move->dst_strides[i];
    if (extent == 1) continue;
    if (!merged.extents.empty() && merged.src_strides.back() == src * extent &&
        merged.dst_strides.back() == dst * extent) {
      merged.extents.back() *= extent;
      merged.src_strides.back() = src;
      merged.dst_strides.back() = dst;
      continue;
    }
    merged.extents.push_back(extent);
    merged.src_strides.push_back(src);
    merged.dst_strides.push_back(dst);
  }
  if (merged.extents.empty()) {
    merged.extents = {1};
    merged.src_strides = merged.dst_strides = {1};
  }
  *move = std::move(merged);
}

template <typename T>
class MoveKernel final : public Kernel {
 public:
  MoveKernel(Move move, SlotId src, SlotId dst, int threads)
      : move_(std::move(move)), src_(src), dst_(dst) {
    Collapse(&move_);
    inner_ = move_.extents.back();
    src_step_ = move_.src_strides.back();
    dst_step_ = move_.dst_strides.back();
    move_.extents.pop_back();
    rows_ = ElementCount(move_.extents);
    // One long row is cut into several.
    if (rows_ == 1 && inner_ >= kParallelGrain) {
      const int64_t piece = (inner_ + threads - 1) / threads;
      if (inner_ % piece == 0) {
        move_.extents.assign(1, inner_ / piece);
        move_.src_strides.assign(1, src_step_ * piece);
        move_.dst_strides.assign(1, dst_step_ * piece);
        rows_ = inner_ / piece;
        inner_ = piece;
      }
    }
    parts_ = static_cast<int>(
        std::min<int64_t>(ThreadsFor(threads, rows_ * inner_ * 4), rows_));
  }

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, src_) + move_.src_start;
    T* dst = At<T>(slots, dst_) + move_.dst_start;
    ParallelRanges(parts_, rows_, [&](int, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        int64_t rest = row, from = 0, to = 0;
        for (size_t i = move_.extents.size(); i-- > 0;) {
          const int64_t index = rest % move_.extents[i];
          rest /= move_.extents[i];
          from += index * move_.src_strides[i];
          to += index * move_.dst_strides[i];
        }
        CopyRow(src + from, dst + to);
      }
    });
    return absl::OkStatus();
  }

 private:
  void CopyRow(const T* src, T* dst) const {
    if (src_step_ == 1 && dst_step_ == 1) {
      std::memcpy(dst, src, static_cast<size_t>(inner_) * sizeof(T));
    } else if (src_step_ == 0 && dst_step_ == 1) {
      std::fill(dst, dst + inner_, *src);
    } else {
      for (int64_t i = 0; i < inner_; ++i) {
        dst[i * dst_step_] = src[i * src_step_];
      }
    }
  }

  Move move_;  // without the innermost extent
  SlotId src_, dst_;
  int64_t inner_, src_step_, dst_step_, rows_;
  int parts_;
};

template <typename T>
class FillKernel final : public Kernel {
 public:
  FillKernel(T value, int64_t count, SlotId dst, int threads)
      : value_(value),
        count_(count),
        dst_(dst),
        parts_(ThreadsFor(threads, count * 4)) {}

  absl::Status Run(void* const* slots) const override {
    T* dst = At<T>(slots, dst_);
    ParallelRanges(parts_, count_, [&](int, int64_t begin, int64_t end) {
      std::fill(dst + begin, dst + end, value_);
    });
    return absl::OkStatus();
  }

 private:
  T value_;
  int64_t count_;
  SlotId dst_;
  int parts_;
};

template <typename T>
std::unique_ptr<Kernel> FillOf(const void* value, int64_t count, SlotId dst,
                               int threads) {
  T element;
  std::memcpy(&element, value, sizeof(element));
  return std::make_unique<FillKernel<T>>(element, count, dst, threads);
}

}  // namespace

std::unique_ptr<Kernel> MakeMove(Move move, int64_t width, SlotId src,
                                 SlotId dst, int threads) {
  switch (width) {
    case 1:
      return std::make_unique<MoveKernel<uint8_t>>(std::move(move), src, dst,
                                                   threads);
    case 2:
      return std::make_unique<MoveKernel<uint16_t>>(std::move(move), src, dst,
                                                    threads);
    case 4:
      return std::make_unique<MoveKernel<uint32_t>>(std::move(move), src, dst,
                                                    threads);
    default:
      return std::make_unique<MoveKernel<uint64_t>>(std::move(move), src, dst,
                                                    threads);
  }
}

std::unique_ptr<Kernel> MakeFill(const void* value, int64_t width,
                                 int64_t count, SlotId dst, int threads) {
  switch (width) {
    case 1:
      return FillOf<uint8_t>(value, count, dst, threads);
    case 2:
      return FillOf<uint16_t>(value, count, dst, threads);
    case 4:
      return FillOf<uint32_t>(value, count, dst, threads);
    default:
      return FillOf<uint64_t>(value, count, dst, threads);
  }
}

}  // namespace assay::cpu

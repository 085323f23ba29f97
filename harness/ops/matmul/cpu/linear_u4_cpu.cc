#include "harness/ops/matmul/cpu/linear_u4_cpu.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/support.h"
#include "harness/core/shape.h"
#include "harness/ops/matmul/cpu/u4_panels.h"
#include "harness/ops/matmul/cpu/u4_slots.h"
#include "harness/ops/quantize/group.h"

namespace assay::cpu {
namespace {

U4Shape ShapeOf(ProgramBuilder& b, ValueId weights, int64_t inputs) {
  const Shape& w = b.shape(weights);
  return {w[0], inputs, w[1], 2 * w[2]};
}

// S: the source's and result's type.
template <typename S>
class LinearU4 : public Kernel {
 public:
  LinearU4(ProgramBuilder& b, const U4Shape& shape, const U4Slots& packed)
      : shape_(shape),
        packed_(packed),
        form_(BestU4Form()),
        row_bytes_(U4RowBytes(form_, shape)) {
    rows_ = ElementCount(b.shape(b.input(0))) / shape.inputs;
    src_ = b.ReadPlain(b.input(0));
    if (b.input(4) != kNoValue) {
      bias_ = b.ReadPlain(b.input(4));
      narrow_bias_ = b.type(b.input(4)).dtype == DType::kBF16;
    }
    dst_ = b.WritePlain(b.output());
    prepared_ = b.Scratch(rows_ * row_bytes_);
    const int64_t work = rows_ * shape.outputs * shape.inputs / 4;
    threads_ = static_cast<int>(std::min<int64_t>(
        ThreadsFor(b.threads(), work),
        (shape.panels() + kPanelsAtOnce - 1) / kPanelsAtOnce));
  }

  std::vector<SlotId> reads() const {
    std::vector<SlotId> slots = {src_};
    packed_.AppendTo(&slots);
    if (bias_ != kNoSlot) slots.push_back(bias_);
    return slots;
  }
  std::vector<SlotId> writes() const { return {dst_, prepared_}; }

  absl::Status Run(void* const* slots) const override {
    Prepare(slots);
    const int64_t units = (shape_.panels() + kPanelsAtOnce - 1) / kPanelsAtOnce;
    ParallelRanges(threads_, units, [&](int, int64_t begin, int64_t end) {
      const int64_t last = std::min(shape_.panels(), end * kPanelsAtOnce);
      for (int64_t row = 0; row < rows_; row += kRows) {
        const int rows =
            static_cast<int>(std::min<int64_t>(kRows, rows_ - row));
        for (int64_t p = begin * kPanelsAtOnce; p < last; p += kPanelsAtOnce) {
          RunTile(slots, row, rows, p, std::min(kPanelsAtOnce, last - p));
        }
      }
    });
    return absl::OkStatus();
  }

 private:
  void Prepare(void* const* slots) const {
    const int threads = ThreadsFor(threads_, rows_ * shape_.inputs);
    ParallelRanges(threads, rows_, [&](int, int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        PrepareU4Row(form_, At<const S>(slots, src_) + r * shape_.inputs,
                     shape_, At<char>(slots, prepared_) + r * row_bytes_);
      }
    });
  }

  void RunTile(void* const* slots, int64_t row, int rows, int64_t panel,
               int64_t count) const {
    float out[kRows * kPanelsAtOnce * kPanel];
    MultiplyU4(form_, packed_.At(slots, shape_), panel, count,
               At<const char>(slots, prepared_) + row * row_bytes_, rows, out);
    const int64_t first = panel * kPanel;
    const int64_t n = std::min(count * kPanel, shape_.outputs - first);
    for (int r = 0; r < rows; ++r) {
      float* sum = out + r * count * kPanel;
      AddBias(slots, first, n, sum);
      S* dst = At<S>(slots, dst_) + (row + r) * shape_.outputs + first;
      for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<S>(sum[i]);
    }
  }

  void AddBias(void* const* slots, int64_t first, int64_t n, float* sum) const {
    if (bias_ == kNoSlot) return;
    if (narrow_bias_) {
      const BFloat16* bias = At<const BFloat16>(slots, bias_) + first;
      for (int64_t i = 0; i < n; ++i) sum[i] += static_cast<float>(bias[i]);
    } else {
      const float* bias = At<const float>(slots, bias_) + first;
      for (int64_t i = 0; i < n; ++i) sum[i] += bias[i];
    }
  }

  U4Shape shape_;
  U4Slots packed_;
  U4Form form_;
  int64_t row_bytes_, rows_;
  int threads_;
  bool narrow_bias_ = false;
  SlotId src_, dst_, prepared_, bias_ = kNoSlot;
};

template <typename S>
void AddLayer(ProgramBuilder& b, const U4Shape& shape, const U4Slots& packed) {
  auto layer = std::make_unique<LinearU4<S>>(b, shape, packed);
  std::vector<SlotId> reads = layer->reads(), writes = layer->writes();
  b.AddStep(std::move(layer), std::move(reads), std::move(writes));
}

template <typename T, typename S>
class DequantizeU4 : public Kernel {
 public:
  DequantizeU4(U4Shape shape, SlotId weights, SlotId scales, SlotId zeros,
               SlotId dst, int threads)
      : shape_(shape),
        weights_(weights),
        scales_(scales),
        zeros_(zeros),
        dst_(dst),
        threads_(threads) {}

  absl::Status Run(void* const* slots) const override {
    const auto* weights = At<const uint8_t>(slots, weights_);
    const auto* scales = At<const S>(slots, scales_);
    T* dst = At<T>(slots, dst_);
    const int64_t row = shape_.groups * shape_.group / 2;
    ParallelRanges(
        threads_, shape_.outputs, [&](int, int64_t begin, int64_t end) {
          for (int64_t o = begin; o < end; ++o) {
            for (int64_t i = 0; i < shape_.inputs; ++i) {
              const int64_t g = i / shape_.group;
              const int q = NibbleAt(weights + o * row, i) - Zero(slots, o, g);
              dst[o * shape_.inputs + i] = static_cast<T>(
                  static_cast<float>(scales[o * shape_.groups + g]) *
                  static_cast<float>(q));
            }
          }
        });
    return absl::OkStatus();
  }

 private:
  int Zero(void* const* slots, int64_t o, int64_t g) const {
    if (zeros_ == kNoSlot) return 8;
    return NibbleAt(
        At<const uint8_t>(slots, zeros_) + o * ((shape_.groups + 1) / 2), g);
  }

  U4Shape shape_;
  SlotId weights_, scales_, zeros_, dst_;
  int threads_;
};

template <typename T, typename S>
void AddDequantize(ProgramBuilder& b) {
  const U4Shape shape =
      ShapeOf(b, b.input(0), b.node().attributes.Int("inputs", 0));
  std::vector<SlotId> reads = {b.ReadPlain(b.input(0)),
                               b.ReadPlain(b.input(1))};
  if (b.input(2) != kNoValue) reads.push_back(b.ReadPlain(b.input(2)));
  const SlotId dst = b.WritePlain(b.output());
  b.AddStep(
      std::make_unique<DequantizeU4<T, S>>(
          shape, reads[0], reads[1], reads.size() > 2 ? reads[2] : kNoSlot, dst,
          ThreadsFor(b.threads(), shape.outputs * shape.inputs)),
      reads, {dst});
}

}  // namespace

absl::Status MakeLinearU4(ProgramBuilder& b) {
  const U4Shape shape = ShapeOf(b, b.input(1), b.shape(b.input(0)).back());
  const U4Slots packed =
      PackU4(b, {b.input(1), b.input(2), b.input(3)}, shape, 0);
  if (b.type(b.input(0)).dtype == DType::kF32) {
    AddLayer<float>(b, shape, packed);
  } else {
    AddLayer<BFloat16>(b, shape, packed);
  }
  return absl::OkStatus();
}

absl::Status MakeDequantizeU4(ProgramBuilder& b) {
  const bool narrow = b.type(b.output()).dtype == DType::kBF16;
  const bool narrow_scales = b.type(b.input(1)).dtype == DType::kBF16;
  if (narrow) {
    narrow_scales ? AddDequantize<BFloat16, BFloat16>(b)
                  : AddDequantize<BFloat16, float>(b);
  } else {
    narrow_scales ? AddDequantize<float, BFloat16>(b)
                  : AddDequantize<float, float>(b);
  }
  return absl::OkStatus();
}

absl::Status SupportsU4(const Graph& graph, const Node& node) {
  return SupportsOnly(graph, node, {DType::kF32, DType::kBF16, DType::kU8});
}

}  // namespace assay::cpu

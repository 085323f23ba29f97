#include "harness/ops/matmul/cpu/linear_u4_cpu.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/support.h"
#include "harness/core/shape.h"
#include "harness/ops/matmul/cpu/u4_panels.h"
#include "harness/ops/quantize/group.h"

namespace assay::cpu {
namespace {

constexpr int64_t kFloat = static_cast<int64_t>(sizeof(float));

bool HasBf16Products() {
  const auto features = CpuFeatures();
  return std::count(features.begin(), features.end(), "avx512_bf16") > 0;
}

// Where a layer's operands lie as they were given.
struct RawLayer {
  U4Shape shape;
  SlotId weights = kNoSlot, scales = kNoSlot, zeros = kNoSlot;
  bool narrow_scales = false;  // bf16
};

// Where it lies packed.
struct PackedSlots {
  SlotId words = kNoSlot, scales = kNoSlot, zeros = kNoSlot;
};

void Pack(const U4Shape& shape, const void* weights, const void* scales,
          bool narrow_scales, const void* zeros, uint32_t* words,
          float* packed_scales, float* packed_zeros) {
  PackWords(static_cast<const uint8_t*>(weights), shape, words);
  if (narrow_scales) {
    PackScales(static_cast<const BFloat16*>(scales), shape, packed_scales);
  } else {
    PackScales(static_cast<const float*>(scales), shape, packed_scales);
  }
  if (zeros == nullptr) return;
  PackZeros(static_cast<const uint8_t*>(zeros), shape, packed_zeros);
}

class PackStep : public Kernel {
 public:
  PackStep(const RawLayer& raw, const PackedSlots& to) : raw_(raw), to_(to) {}

  absl::Status Run(void* const* slots) const override {
    Pack(raw_.shape, slots[raw_.weights], slots[raw_.scales],
         raw_.narrow_scales,
         raw_.zeros == kNoSlot ? nullptr : slots[raw_.zeros],
         At<uint32_t>(slots, to_.words), At<float>(slots, to_.scales),
         to_.zeros == kNoSlot ? nullptr : At<float>(slots, to_.zeros));
    return absl::OkStatus();
  }

 private:
  RawLayer raw_;
  PackedSlots to_;
};

U4Shape ShapeOf(ProgramBuilder& b, ValueId weights, int64_t inputs) {
  const Shape& w = b.shape(weights);
  return {w[0], inputs, w[1], 2 * w[2]};
}

// Packs constants now.
PackedSlots PackConstants(ProgramBuilder& b, const U4Shape& shape) {
  const auto raw = [&](size_t i) -> const void* {
    return b.input(i) == kNoValue ? nullptr
                                  : b.graph().value(b.input(i)).constant.raw();
  };
  const bool zeroed = b.input(3) != kNoValue;
  std::vector<uint32_t> words(static_cast<size_t>(shape.words()));
  std::vector<float> scales(static_cast<size_t>(shape.factors()));
  std::vector<float> zeros(zeroed ? scales.size() : 0);
  Pack(shape, raw(1), raw(2), b.type(b.input(2)).dtype == DType::kBF16, raw(3),
       words.data(), scales.data(), zeros.data());
  PackedSlots slots;
  slots.words = b.Constant(words.data(), shape.words() * kFloat);
  slots.scales = b.Constant(scales.data(), shape.factors() * kFloat);
  if (zeroed) slots.zeros = b.Constant(zeros.data(), shape.factors() * kFloat);
  return slots;
}

PackedSlots PackOnEveryRun(ProgramBuilder& b, const U4Shape& shape) {
  RawLayer raw;
  raw.shape = shape;
  raw.weights = b.ReadPlain(b.input(1));
  raw.scales = b.ReadPlain(b.input(2));
  raw.narrow_scales = b.type(b.input(2)).dtype == DType::kBF16;
  PackedSlots slots;
  slots.words = b.Scratch(shape.words() * kFloat);
  slots.scales = b.Scratch(shape.factors() * kFloat);
  std::vector<SlotId> reads = {raw.weights, raw.scales};
  std::vector<SlotId> writes = {slots.words, slots.scales};
  if (b.input(3) != kNoValue) {
    raw.zeros = b.ReadPlain(b.input(3));
    slots.zeros = b.Scratch(shape.factors() * kFloat);
    reads.push_back(raw.zeros);
    writes.push_back(slots.zeros);
  }
  b.AddStep(std::make_unique<PackStep>(raw, slots), std::move(reads),
            std::move(writes));
  return slots;
}

// A row of floats from whatever it was.
template <typename From, typename To>
void CopyRow(const From* src, int64_t n, int64_t width, To* dst) {
  for (int64_t i = 0; i < n; ++i) {
    dst[i] = static_cast<To>(static_cast<float>(src[i]));
  }
  for (int64_t i = n; i < width; ++i) dst[i] = To(0.0f);
}

// T: what products are made of; S: the source's and result's type.
template <typename T, typename S>
class LinearU4 : public Kernel {
 public:
  LinearU4(ProgramBuilder& b, const U4Shape& shape, const PackedSlots& packed)
      : shape_(shape), packed_(packed) {
    rows_ = ElementCount(b.shape(b.input(0))) / shape.inputs;
    copies_ = !std::is_same_v<T, S> || shape.width() != shape.inputs;
    src_ = b.ReadPlain(b.input(0));
    if (b.input(4) != kNoValue) {
      bias_ = b.ReadPlain(b.input(4));
      narrow_bias_ = b.type(b.input(4)).dtype == DType::kBF16;
    }
    dst_ = b.WritePlain(b.output());
    if (copies_) {
      copy_ =
          b.Scratch(rows_ * shape.width() * static_cast<int64_t>(sizeof(T)));
    }
    if (packed.zeros != kNoSlot) {
      sums_ = b.Scratch(rows_ * shape.groups * kFloat);
    }
    const int64_t work = rows_ * shape.outputs * shape.inputs / 4;
    threads_ = static_cast<int>(std::min<int64_t>(
        ThreadsFor(b.threads(), work),
        (shape.panels() + kPanelsAtOnce - 1) / kPanelsAtOnce));
  }

  std::vector<SlotId> reads() const {
    std::vector<SlotId> slots = {src_, packed_.words, packed_.scales};
    if (packed_.zeros != kNoSlot) slots.push_back(packed_.zeros);
    if (bias_ != kNoSlot) slots.push_back(bias_);
    return slots;
  }
  std::vector<SlotId> writes() const {
    std::vector<SlotId> slots = {dst_};
    if (copy_ != kNoSlot) slots.push_back(copy_);
    if (sums_ != kNoSlot) slots.push_back(sums_);
    return slots;
  }

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
    if (!copies_ && sums_ == kNoSlot) return;
    const int threads = ThreadsFor(threads_, rows_ * shape_.inputs);
    ParallelRanges(threads, rows_, [&](int, int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const S* src = At<const S>(slots, src_) + r * shape_.inputs;
        if (copies_) {
          CopyRow(src, shape_.inputs, shape_.width(),
                  At<T>(slots, copy_) + r * shape_.width());
        }
        if (sums_ != kNoSlot) {
          SumGroups(src, shape_, At<float>(slots, sums_) + r * shape_.groups);
        }
      }
    });
  }

  void RunTile(void* const* slots, int64_t row, int rows, int64_t panel,
               int64_t count) const {
    float out[kRows * kPanelsAtOnce * kPanel];
    const U4Panels panels = {shape_, At<const uint32_t>(slots, packed_.words),
                             At<const float>(slots, packed_.scales),
                             packed_.zeros == kNoSlot
                                 ? nullptr
                                 : At<const float>(slots, packed_.zeros)};
    const T* src = Source(slots) + row * shape_.width();
    const float* sums =
        sums_ == kNoSlot ? nullptr
                         : At<const float>(slots, sums_) + row * shape_.groups;
    if constexpr (std::is_same_v<T, float>) {
      MultiplyU4(panels, panel, count, src, shape_.width(), sums, rows, out);
    } else {
      MultiplyU4Bf16(panels, panel, count, src, shape_.width(), sums, rows,
                     out);
    }
    const int64_t first = panel * kPanel;
    const int64_t n = std::min(count * kPanel, shape_.outputs - first);
    for (int r = 0; r < rows; ++r) {
      float* sum = out + r * count * kPanel;
      AddBias(slots, first, n, sum);
      S* dst = At<S>(slots, dst_) + (row + r) * shape_.outputs + first;
      for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<S>(sum[i]);
    }
  }

  const T* Source(void* const* slots) const {
    return static_cast<const T*>(slots[copies_ ? copy_ : src_]);
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
  PackedSlots packed_;
  int64_t rows_;
  int threads_;
  bool copies_, narrow_bias_ = false;
  SlotId src_, dst_, bias_ = kNoSlot, copy_ = kNoSlot, sums_ = kNoSlot;
};

template <typename T, typename S>
void AddLayer(ProgramBuilder& b, const U4Shape& shape,
              const PackedSlots& packed) {
  auto layer = std::make_unique<LinearU4<T, S>>(b, shape, packed);
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
  bool constant = true;
  for (size_t i = 1; i < 4; ++i) {
    constant =
        constant && (b.input(i) == kNoValue || b.is_constant(b.input(i)));
  }
  const PackedSlots packed =
      constant ? PackConstants(b, shape) : PackOnEveryRun(b, shape);
  if (b.type(b.input(0)).dtype == DType::kF32) {
    AddLayer<float, float>(b, shape, packed);
  } else if (HasBf16Products()) {
    AddLayer<BFloat16, BFloat16>(b, shape, packed);
  } else {
    AddLayer<float, BFloat16>(b, shape, packed);
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

#include "harness/ops/fused/cpu/sparse_cpu.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/round_up.h"
#include "harness/backend/cpu/support.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/ops/elementwise/cpu/block_ops.h"
#include "harness/ops/fused/cpu/sparse_rows.h"

namespace assay::cpu {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kBlock = 64;              // rows of a linear layer at a time
constexpr int64_t kChunkFloats = 6 * 1024;  // of the source, kept in L1
constexpr int64_t kMinChunk = 64, kMaxChunk = 1024;  // positions

// Bias, residual and activation of a fused node.
struct Finish {
  std::vector<float> bias;  // one per output channel
  bool relu = false;
  const BlockOp* activation = nullptr;  // what is neither none nor relu

  explicit Finish(const ProgramBuilder& b, int64_t outputs)
      : bias(static_cast<size_t>(outputs), 0) {
    if (const ValueId id = b.input(2); id != kNoValue) {
      const Tensor& tensor = b.graph().value(id).constant;
      std::copy_n(tensor.data<float>(), outputs, bias.begin());
    }
    const std::string name = b.node().attributes.Text("activation", "none");
    relu = name == "relu";
    if (!relu && name != "none") activation = FindBlockOp(name);
  }

  void Apply(const float* residual, int64_t n, float* dst) const {
    if (residual != nullptr || relu) FinishRun(residual, relu, n, dst);
    if (activation != nullptr) {
      activation->f32({dst, nullptr, nullptr, dst, n, 0, 0});
    }
  }
};

// One axis of a convolution.
struct Axis {
  int64_t in, out, kernel, stride, dilation, pad;

  // Extent of each of the `stride` phases of the padded axis: phase q holds
  // every stride-th element from q on.
  int64_t phase() const {
    return std::max(out + (kernel - 1) * dilation / stride, int64_t{1});
  }
  // The first element of phase `q` behind the padding.
  int64_t First(int64_t q) const {
    return q >= pad ? 0 : (pad - q + stride - 1) / stride;
  }
};

class SparseConv final : public Kernel {
 public:
  SparseConv(ProgramBuilder& b, const Axis& y, const Axis& x)
      : y_(y), x_(x), finish_(b, b.shape(b.output())[1]) {
    const Shape& src = b.shape(b.input(0));
    images_ = src[0];
    channels_ = src[1];
    outputs_ = b.shape(b.output())[1];
    const bool moves = y.kernel > 1 || x.kernel > 1 || y.stride > 1 ||
                       x.stride > 1 || y.pad > 0 || x.pad > 0 ||
                       y.in != y.out || x.in != x.out;
    copies_ = moves || y.in * x.in % kLanes != 0;
    if (!copies_) {
      // One row a vector: no chunk reads past its end.
      y_ = {y.in * x.in / kLanes, y.in * x.in / kLanes, 1, 1, 1, 0};
      x_ = {kLanes, kLanes, 1, 1, 1, 0};
    }
    plane_ = y_.stride * x_.stride * y_.phase() * x_.phase();
    pitch_ = x_.phase();
    const int64_t chunk =
        std::clamp(kChunkFloats / channels_, kMinChunk, kMaxChunk);
    chunk_rows_ = std::clamp<int64_t>(chunk / pitch_, 1, y_.out);
    AddWeights(b.graph().value(b.input(1)).constant);
    const int64_t work =
        static_cast<int64_t>(rows_.values.size()) * y_.out * x_.out * images_;
    threads_ = ThreadsFor(b.threads(), work);
    buffers_ = copies_ && images_ >= threads_ ? threads_ : 1;
    // Vectors may reach past the last plane.
    buffer_ = channels_ * plane_ + kBlock;
    tile_ = RoundUp(chunk_rows_ * pitch_, kLanes);

    src_ = b.ReadPlain(b.input(0));
    residual_ = b.input(3) == kNoValue ? kNoSlot : b.ReadPlain(b.input(3));
    dst_ = b.WritePlain(b.output());
    scratch_ =
        b.Scratch(((copies_ ? buffers_ * buffer_ : 0) + threads_ * tile_) *
                  static_cast<int64_t>(sizeof(float)));
  }

  SlotId src() const { return src_; }
  SlotId residual() const { return residual_; }
  SlotId dst() const { return dst_; }
  SlotId scratch() const { return scratch_; }

  absl::Status Run(void* const* slots) const override {
    const float* src = At<const float>(slots, src_);
    float* buffers = At<float>(slots, scratch_);
    float* tiles = buffers + (copies_ ? buffers_ * buffer_ : 0);
    const int64_t in = channels_ * y_.in * x_.in;
    if (images_ >= threads_) {
      ParallelRanges(threads_, images_, [&](int part, int64_t n, int64_t end) {
        float* buffer = buffers + part * buffer_;
        for (; n < end; ++n) {
          if (copies_) CopyPlanes(src + n * in, 0, channels_, buffer);
          const float* read = copies_ ? buffer : src + n * in;
          Multiply(slots, n, 0, y_.out, read, tiles + part * tile_);
        }
      });
      return absl::OkStatus();
    }
    for (int64_t n = 0; n < images_; ++n) {
      if (copies_) {
        ParallelRanges(threads_, channels_,
                       [&](int, int64_t begin, int64_t end) {
                         CopyPlanes(src + n * in, begin, end, buffers);
                       });
      }
      const float* read = copies_ ? buffers : src + n * in;
      ParallelRanges(
          threads_, y_.out, [&](int part, int64_t begin, int64_t end) {
            Multiply(slots, n, begin, end, read, tiles + part * tile_);
          });
    }
    return absl::OkStatus();
  }

 private:
  // Where tap (ky, kx) of a channel begins, for output position 0.
  int64_t TapOffset(int64_t ky, int64_t kx) const {
    if (!copies_) return 0;
    const int64_t row = ky * y_.dilation, column = kx * x_.dilation;
    const int64_t phase = (row % y_.stride) * x_.stride + column % x_.stride;
    return phase * y_.phase() * x_.phase() + row / y_.stride * x_.phase() +
           column / x_.stride;
  }

  void AddWeights(const Tensor& weights) {
    const float* w = weights.data<float>();
    for (int64_t o = 0; o < outputs_; ++o) {
      for (int64_t i = 0; i < channels_; ++i) {
        for (int64_t ky = 0; ky < y_.kernel; ++ky) {
          for (int64_t kx = 0; kx < x_.kernel; ++kx, ++w) {
            if (*w != 0) rows_.Add(i * plane_ + TapOffset(ky, kx), *w);
          }
        }
      }
      rows_.EndRow();
    }
  }

  // Channels [begin, end) of one image into their phases, zeros around them.
  void CopyPlanes(const float* image, int64_t begin, int64_t end,
                  float* buffer) const {
    std::memset(buffer + begin * plane_, 0,
                static_cast<size_t>((end - begin) * plane_) * sizeof(float));
    if (end == channels_) {
      std::memset(buffer + end * plane_, 0, kBlock * sizeof(float));
    }
    for (int64_t c = begin; c < end; ++c) {
      float* phase = buffer + c * plane_;
      for (int64_t q = 0; q < y_.stride; ++q) {
        for (int64_t place = y_.First(q); place < y_.phase(); ++place) {
          const int64_t row = place * y_.stride + q - y_.pad;
          if (row >= y_.in) break;
          CopyRow(image + (c * y_.in + row) * x_.in,
                  phase + place * x_.phase());
        }
        phase += x_.stride * y_.phase() * x_.phase();
      }
    }
  }

  // `phase` is the row in the first of the x phases.
  void CopyRow(const float* src, float* phase) const {
    if (x_.stride == 1) {
      const int64_t n = std::min(x_.in, x_.phase() - x_.pad);
      std::memcpy(phase + x_.pad, src, static_cast<size_t>(n) * sizeof(float));
      return;
    }
    for (int64_t q = 0; q < x_.stride; ++q) {
      const int64_t first = x_.First(q);
      const int64_t column = first * x_.stride + q - x_.pad;
      const int64_t n = std::min(x_.phase() - first,
                                 (x_.in - column + x_.stride - 1) / x_.stride);
      for (int64_t i = 0; i < n; ++i) {
        phase[first + i] = src[column + i * x_.stride];
      }
      phase += y_.phase() * x_.phase();
    }
  }

  // Rows [begin, end) of image `n`'s results.
  void Multiply(void* const* slots, int64_t n, int64_t begin, int64_t end,
                const float* read, float* tile) const {
    const int64_t image = n * outputs_ * y_.out * x_.out;
    float* dst = At<float>(slots, dst_) + image;
    const float* residual = residual_ == kNoSlot
                                ? nullptr
                                : At<const float>(slots, residual_) + image;
    for (int64_t row = begin; row < end; row += chunk_rows_) {
      const int64_t rows = std::min(chunk_rows_, end - row);
      for (int64_t o = 0; o < outputs_; ++o) {
        const int64_t at = (o * y_.out + row) * x_.out;
        MultiplyChunk(read + row * pitch_, o, rows, dst + at, tile);
        finish_.Apply(residual == nullptr ? nullptr : residual + at,
                      rows * x_.out, dst + at);
      }
    }
  }

  void MultiplyChunk(const float* read, int64_t o, int64_t rows, float* dst,
                     float* tile) const {
    const int64_t n = rows * pitch_;
    const float start = finish_.bias[static_cast<size_t>(o)];
    if (pitch_ == x_.out && n % kLanes == 0) {
      MultiplyRow(rows_, o, start, read, n, dst);
      return;
    }
    MultiplyRow(rows_, o, start, read, n, tile);
    for (int64_t r = 0; r < rows; ++r) {
      std::memcpy(dst + r * x_.out, tile + r * pitch_,
                  static_cast<size_t>(x_.out) * sizeof(float));
    }
  }

  Axis y_, x_;
  Finish finish_;
  SparseRows rows_;
  int64_t images_, channels_, outputs_;
  bool copies_;            // into padded phases; else the source is read
  int64_t plane_, pitch_;  // floats of a channel, of a row of positions
  int64_t chunk_rows_, buffer_, tile_, buffers_;
  int threads_;
  SlotId src_, residual_, dst_, scratch_;
};

class SparseLinear final : public Kernel {
 public:
  explicit SparseLinear(ProgramBuilder& b)
      : finish_(b, b.shape(b.input(1))[0]) {
    const Tensor& weights = b.graph().value(b.input(1)).constant;
    outputs_ = weights.dim(0);
    inputs_ = weights.dim(1);
    samples_ = ElementCount(b.shape(b.input(0))) / inputs_;
    transposes_ = samples_ >= kLanes;
    const float* w = weights.data<float>();
    for (int64_t o = 0; o < outputs_; ++o) {
      for (int64_t i = 0; i < inputs_; ++i, ++w) {
        if (*w != 0) rows_.Add(transposes_ ? i * kBlock : i, *w);
      }
      rows_.EndRow();
    }
    const int64_t work = static_cast<int64_t>(rows_.values.size()) * samples_;
    const int64_t blocks = (samples_ + kBlock - 1) / kBlock;
    threads_ = ThreadsFor(b.threads(), work);
    if (transposes_) {
      threads_ = static_cast<int>(std::min<int64_t>(threads_, blocks));
    }
    src_ = b.ReadPlain(b.input(0));
    residual_ = b.input(3) == kNoValue ? kNoSlot : b.ReadPlain(b.input(3));
    dst_ = b.WritePlain(b.output());
    scratch_ =
        b.Scratch(transposes_ ? threads_ * (inputs_ + outputs_) * kBlock *
                                    static_cast<int64_t>(sizeof(float))
                              : 64);
  }

  SlotId src() const { return src_; }
  SlotId residual() const { return residual_; }
  SlotId dst() const { return dst_; }
  SlotId scratch() const { return scratch_; }

  absl::Status Run(void* const* slots) const override {
    if (transposes_) {
      const int64_t blocks = (samples_ + kBlock - 1) / kBlock;
      ParallelRanges(threads_, blocks,
                     [&](int part, int64_t block, int64_t end) {
                       for (; block < end; ++block)
                         RunBlock(slots, part, block * kBlock);
                     });
    } else {
      ParallelRanges(threads_, outputs_, [&](int, int64_t begin, int64_t end) {
        for (int64_t s = 0; s < samples_; ++s) RunSample(slots, s, begin, end);
      });
    }
    return absl::OkStatus();
  }

 private:
  void RunBlock(void* const* slots, int part, int64_t first) const {
    const int64_t samples = std::min(kBlock, samples_ - first);
    float* columns =
        At<float>(slots, scratch_) + part * (inputs_ + outputs_) * kBlock;
    float* results = columns + inputs_ * kBlock;
    TransposeIn(At<const float>(slots, src_) + first * inputs_, samples,
                inputs_, columns);
    for (int64_t o = 0; o < outputs_; ++o) {
      MultiplyRow(rows_, o, finish_.bias[static_cast<size_t>(o)], columns,
                  samples, results + o * kBlock);
    }
    float* dst = At<float>(slots, dst_) + first * outputs_;
    TransposeOut(results, samples, outputs_, dst);
    finish_.Apply(Residual(slots, first * outputs_), samples * outputs_, dst);
  }

  void RunSample(void* const* slots, int64_t sample, int64_t begin,
                 int64_t end) const {
    const float* src = At<const float>(slots, src_) + sample * inputs_;
    const int64_t at = sample * outputs_;
    float* dst = At<float>(slots, dst_) + at;
    for (int64_t o = begin; o < end; ++o) {
      dst[o] = MultiplyOne(rows_, o, finish_.bias[static_cast<size_t>(o)], src);
    }
    finish_.Apply(Residual(slots, at + begin), end - begin, dst + begin);
  }

  const float* Residual(void* const* slots, int64_t at) const {
    return residual_ == kNoSlot ? nullptr
                                : At<const float>(slots, residual_) + at;
  }

  Finish finish_;
  SparseRows rows_;
  int64_t inputs_, outputs_, samples_;
  bool transposes_;  // sixteen samples or more fill vectors
  int threads_;
  SlotId src_, residual_, dst_, scratch_;
};

template <typename Layer>
absl::Status AddLayer(ProgramBuilder& b, std::unique_ptr<Layer> layer) {
  std::vector<SlotId> reads = {layer->src()};
  if (layer->residual() != kNoSlot) reads.push_back(layer->residual());
  const std::vector<SlotId> writes = {layer->dst(), layer->scratch()};
  b.AddStep(std::move(layer), std::move(reads), writes);
  return absl::OkStatus();
}

bool IsConstant(const Graph& graph, ValueId id) {
  return graph.value(id).kind == ValueKind::kConstant;
}

}  // namespace

absl::Status MakeSparseConv2d(ProgramBuilder& b) {
  const Shape& src = b.shape(b.input(0));
  const Shape& weights = b.shape(b.input(1));
  const Shape& dst = b.shape(b.output());
  const Attributes& attributes = b.node().attributes;
  const std::vector<int64_t> strides = attributes.Ints("strides", {1, 1});
  const std::vector<int64_t> dilations = attributes.Ints("dilations", {1, 1});
  const std::vector<int64_t> pads = attributes.Ints("pads", {0, 0, 0, 0});
  return AddLayer(
      b,
      std::make_unique<SparseConv>(
          b,
          Axis{src[2], dst[2], weights[2], strides[0], dilations[0], pads[0]},
          Axis{src[3], dst[3], weights[3], strides[1], dilations[1], pads[1]}));
}

absl::Status MakeSparseLinear(ProgramBuilder& b) {
  return AddLayer(b, std::make_unique<SparseLinear>(b));
}

absl::Status SupportsSparse(const Graph& graph, const Node& node) {
  ASSAY_RETURN_IF_ERROR(SupportsF32(graph, node));
  const auto refuse = [&](absl::string_view why) {
    return absl::UnimplementedError(
        absl::StrCat("cpu: sparse ", Signature(graph, node), ": ", why));
  };
  if (!IsConstant(graph, node.inputs[1])) {
    return refuse("the weights must be constant");
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue &&
      !IsConstant(graph, node.inputs[2])) {
    return refuse("the bias must be constant");
  }
  if (node.attributes.Int("groups", 1) != 1) {
    return refuse("only one group is served");
  }
  return absl::OkStatus();
}

}  // namespace assay::cpu

#include "harness/ops/norm/cpu/batch_norm_cpu.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/support.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/core/status_macros.h"
#include "harness/ops/norm/cpu/batch_norm_rows.h"

namespace assay::cpu {
namespace {

// Walks a tensor as strips. Every strip belongs to up to 16 consecutive
// channels, or, row-major, to one.
class Strips {
 public:
  Strips(const ChannelView& view, int threads)
      : view_(view),
        padded_(view.blocks * view.block),
        parts_(static_cast<int>(std::min<int64_t>(
            ThreadsFor(threads, rows() * row_size()), rows()))) {}

  int parts() const { return parts_; }
  int64_t channels() const { return view_.channels; }
  // Channels rounded up to whole blocks, then to whole strips.
  int64_t padded_channels() const { return padded_ + kLanes; }
  int64_t rows() const { return view_.outer * view_.blocks; }
  int64_t row_size() const { return view_.inner * view_.block; }
  bool single() const { return view_.block == 1; }
  // Values per channel.
  double population() const {
    return static_cast<double>(view_.outer * view_.inner);
  }

  // f(strip, offset of its first element, its first channel) over the strips of
  // rows [begin, end).
  template <typename F>
  void Walk(int64_t begin, int64_t end, const F& f) const {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t offset = row * row_size();
      const int64_t channel = row % view_.blocks * view_.block;
      if (single()) {
        const int64_t whole = view_.inner / kLanes, rest = view_.inner % kLanes;
        if (whole > 0) f(Strip{whole, kLanes, kLanes}, offset, channel);
        if (rest > 0) {
          f(Strip{1, kLanes, rest}, offset + whole * kLanes, channel);
        }
        continue;
      }
      for (int64_t c = 0; c < view_.block; c += kLanes) {
        const int64_t lanes = std::min<int64_t>(kLanes, view_.block - c);
        f(Strip{view_.inner, view_.block, lanes}, offset + c, channel + c);
      }
    }
  }

  // Sixteen lanes of per-channel values from `channel` on.
  void Gather(const float* values, int64_t channel, float* lanes) const {
    if (single()) {
      std::fill(lanes, lanes + kLanes, values[channel]);
    } else {
      std::copy(values + channel, values + channel + kLanes, lanes);
    }
  }
  // Adds lanes to per-channel sums.
  void Scatter(const float* lanes, const Strip& strip, int64_t channel,
               double* sums) const {
    if (single()) {
      float sum = 0;
      for (int64_t i = 0; i < strip.lanes; ++i) sum += lanes[i];
      sums[channel] += sum;
      return;
    }
    for (int64_t i = 0; i < strip.lanes; ++i) {
      sums[channel + i] += static_cast<double>(lanes[i]);
    }
  }

  // Offset of the first element of a channel.
  int64_t First(int64_t channel) const {
    return channel / view_.block * row_size() + channel % view_.block;
  }

 private:
  ChannelView view_;
  int64_t padded_;
  int parts_;
};

// Scratch memory of a kernel: per-channel floats and, for each part of the
// work, two rows of double sums.
struct ChannelScratch {
  SlotId slot;
  int64_t channels;  // padded
  int parts;
  static constexpr int kFloats = 4;

  static int64_t Bytes(int64_t channels, int parts) {
    return channels * (kFloats * 4 + parts * 2 * 8);
  }
  // Sums first: they need the stricter alignment.
  double* Sums(void* const* slots, int part) const {
    return At<double>(slots, slot) + part * 2 * channels;
  }
  float* Floats(void* const* slots, int which) const {
    return reinterpret_cast<float*>(Sums(slots, parts)) + which * channels;
  }
  // Adds the parts' sums in order, into part 0.
  void Fold(void* const* slots) const {
    double* total = Sums(slots, 0);
    for (int part = 1; part < parts; ++part) {
      const double* sums = Sums(slots, part);
      for (int64_t i = 0; i < 2 * channels; ++i) total[i] += sums[i];
    }
  }
};

template <typename T>
const T* Optional(void* const* slots, SlotId slot, int64_t offset) {
  return slot == kNoSlot ? nullptr : At<const T>(slots, slot) + offset;
}

struct ForwardSlots {
  SlotId src, scale, shift, residual = kNoSlot, dst, mean, variance;
};

template <typename T>
class TrainingKernel final : public Kernel {
 public:
  TrainingKernel(const Strips& strips, const ForwardSlots& slots,
                 const ChannelScratch& scratch, double epsilon, bool relu)
      : strips_(strips),
        at_(slots),
        scratch_(scratch),
        epsilon_(epsilon),
        relu_(relu) {}

  absl::Status Run(void* const* slots) const override {
    float* pivot = scratch_.Floats(slots, 2);
    const T* src = At<const T>(slots, at_.src);
    std::fill(pivot, pivot + scratch_.channels, 0.0f);
    for (int64_t c = 0; c < strips_.channels(); ++c) {
      pivot[c] = static_cast<float>(src[strips_.First(c)]);
    }
    ParallelRanges(strips_.parts(), strips_.rows(),
                   [&](int part, int64_t begin, int64_t end) {
                     Sum(slots, part, begin, end);
                   });
    scratch_.Fold(slots);
    Finish(slots);
    ParallelRanges(
        strips_.parts(), strips_.rows(),
        [&](int, int64_t begin, int64_t end) { Normalize(slots, begin, end); });
    return absl::OkStatus();
  }

 private:
  void Sum(void* const* slots, int part, int64_t begin, int64_t end) const {
    const T* src = At<const T>(slots, at_.src);
    const float* pivot = scratch_.Floats(slots, 2);
    double* sums = scratch_.Sums(slots, part);
    double* squares = sums + scratch_.channels;
    std::fill(sums, sums + 2 * scratch_.channels, 0.0);
    strips_.Walk(begin, end, [&](const Strip& s, int64_t at, int64_t channel) {
      alignas(64) float shift[kLanes], sum[kLanes], square[kLanes];
      strips_.Gather(pivot, channel, shift);
      SumSquares(s, src + at, shift, sum, square);
      strips_.Scatter(sum, s, channel, sums);
      strips_.Scatter(square, s, channel, squares);
    });
  }

  void Finish(void* const* slots) const {
    const double* sums = scratch_.Sums(slots, 0);
    const double* squares = sums + scratch_.channels;
    const float* pivot = scratch_.Floats(slots, 2);
    float* factor = scratch_.Floats(slots, 0);
    float* term = scratch_.Floats(slots, 1);
    std::fill(factor, factor + scratch_.channels, 0.0f);
    std::fill(term, term + scratch_.channels, 0.0f);
    const double n = strips_.population();
    for (int64_t c = 0; c < strips_.channels(); ++c) {
      const double offset = sums[c] / n;  // of the mean from the pivot
      const double mean = static_cast<double>(pivot[c]) + offset;
      const double variance = std::max(0.0, squares[c] / n - offset * offset);
      const double f =
          static_cast<double>(At<const float>(slots, at_.scale)[c]) /
          std::sqrt(variance + epsilon_);
      factor[c] = static_cast<float>(f);
      term[c] = static_cast<float>(
          static_cast<double>(At<const float>(slots, at_.shift)[c]) - mean * f);
      At<float>(slots, at_.mean)[c] = static_cast<float>(mean);
      At<float>(slots, at_.variance)[c] = static_cast<float>(variance);
    }
  }

  void Normalize(void* const* slots, int64_t begin, int64_t end) const {
    const T* src = At<const T>(slots, at_.src);
    T* dst = At<T>(slots, at_.dst);
    const float* factor = scratch_.Floats(slots, 0);
    const float* term = scratch_.Floats(slots, 1);
    strips_.Walk(begin, end, [&](const Strip& s, int64_t at, int64_t channel) {
      alignas(64) float f[kLanes], t[kLanes];
      strips_.Gather(factor, channel, f);
      strips_.Gather(term, channel, t);
      ScaleShift(s, src + at, Optional<T>(slots, at_.residual, at), f, t, relu_,
                 dst + at);
    });
  }

  Strips strips_;
  ForwardSlots at_;
  ChannelScratch scratch_;
  double epsilon_;
  bool relu_;
};

// With given statistics.
template <typename T>
class InferenceKernel final : public Kernel {
 public:
  InferenceKernel(const Strips& strips, const ForwardSlots& slots,
                  const ChannelScratch& scratch, double epsilon)
      : strips_(strips), at_(slots), scratch_(scratch), epsilon_(epsilon) {}

  absl::Status Run(void* const* slots) const override {
    float* factor = scratch_.Floats(slots, 0);
    float* term = scratch_.Floats(slots, 1);
    std::fill(factor, factor + scratch_.channels, 0.0f);
    std::fill(term, term + scratch_.channels, 0.0f);
    for (int64_t c = 0; c < strips_.channels(); ++c) {
      factor[c] = At<const float>(slots, at_.scale)[c] /
                  std::sqrt(At<const float>(slots, at_.variance)[c] +
                            static_cast<float>(epsilon_));
      term[c] = At<const float>(slots, at_.shift)[c] -
                At<const float>(slots, at_.mean)[c] * factor[c];
    }
    const T* src = At<const T>(slots, at_.src);
    T* dst = At<T>(slots, at_.dst);
    ParallelRanges(
        strips_.parts(), strips_.rows(), [&](int, int64_t begin, int64_t end) {
          strips_.Walk(
              begin, end, [&](const Strip& s, int64_t at, int64_t channel) {
                alignas(64) float f[kLanes], t[kLanes];
                strips_.Gather(factor, channel, f);
                strips_.Gather(term, channel, t);
                ScaleShift<T>(s, src + at, nullptr, f, t, false, dst + at);
              });
        });
    return absl::OkStatus();
  }

 private:
  Strips strips_;
  ForwardSlots at_;
  ChannelScratch scratch_;
  double epsilon_;
};

struct BackwardSlots {
  SlotId src, diff, more = kNoSlot, mask = kNoSlot, scale, mean, variance;
  SlotId kept = kNoSlot, diff_src, diff_scale, diff_shift;
};

template <typename T>
class BackwardKernel final : public Kernel {
 public:
  BackwardKernel(const Strips& strips, const BackwardSlots& slots,
                 const ChannelScratch& scratch, double epsilon)
      : strips_(strips), at_(slots), scratch_(scratch), epsilon_(epsilon) {}

  absl::Status Run(void* const* slots) const override {
    float* mean = scratch_.Floats(slots, 3);
    std::fill(mean, mean + scratch_.channels, 0.0f);
    std::copy_n(At<const float>(slots, at_.mean), strips_.channels(), mean);
    ParallelRanges(strips_.parts(), strips_.rows(),
                   [&](int part, int64_t begin, int64_t end) {
                     Sum(slots, part, begin, end);
                   });
    scratch_.Fold(slots);
    Finish(slots);
    ParallelRanges(
        strips_.parts(), strips_.rows(),
        [&](int, int64_t begin, int64_t end) { Combine(slots, begin, end); });
    return absl::OkStatus();
  }

 private:
  Arriving<T> ArrivingAt(void* const* slots, int64_t at) const {
    return {At<const T>(slots, at_.diff) + at, Optional<T>(slots, at_.more, at),
            Optional<T>(slots, at_.mask, at)};
  }

  void Sum(void* const* slots, int part, int64_t begin, int64_t end) const {
    const T* src = At<const T>(slots, at_.src);
    const float* mean = scratch_.Floats(slots, 3);
    double* sums = scratch_.Sums(slots, part);
    double* dots = sums + scratch_.channels;
    std::fill(sums, sums + 2 * scratch_.channels, 0.0);
    strips_.Walk(begin, end, [&](const Strip& s, int64_t at, int64_t channel) {
      alignas(64) float m[kLanes], sum[kLanes], dot[kLanes];
      strips_.Gather(mean, channel, m);
      T* kept = at_.kept == kNoSlot ? nullptr : At<T>(slots, at_.kept) + at;
      SumGradients(s, ArrivingAt(slots, at), src + at, m, sum, dot, kept);
      strips_.Scatter(sum, s, channel, sums);
      strips_.Scatter(dot, s, channel, dots);
    });
  }

  // diff_src = a * g + b * x + c.
  void Finish(void* const* slots) const {
    const double* sums = scratch_.Sums(slots, 0);
    const double* dots = sums + scratch_.channels;
    float* a = scratch_.Floats(slots, 0);
    float* b = scratch_.Floats(slots, 1);
    float* c = scratch_.Floats(slots, 2);
    std::fill(a, a + 3 * scratch_.channels, 0.0f);
    const double n = strips_.population();
    for (int64_t i = 0; i < strips_.channels(); ++i) {
      const double mean =
          static_cast<double>(At<const float>(slots, at_.mean)[i]);
      const double rstd = 1 / std::sqrt(static_cast<double>(At<const float>(
                                            slots, at_.variance)[i]) +
                                        epsilon_);
      const double diff_scale = dots[i] * rstd;
      const double fa =
          static_cast<double>(At<const float>(slots, at_.scale)[i]) * rstd;
      const double fb = -fa * rstd * diff_scale / n;
      a[i] = static_cast<float>(fa);
      b[i] = static_cast<float>(fb);
      c[i] = static_cast<float>(-fa * sums[i] / n - fb * mean);
      At<float>(slots, at_.diff_scale)[i] = static_cast<float>(diff_scale);
      At<float>(slots, at_.diff_shift)[i] = static_cast<float>(sums[i]);
    }
  }

  void Combine(void* const* slots, int64_t begin, int64_t end) const {
    const T* src = At<const T>(slots, at_.src);
    T* dst = At<T>(slots, at_.diff_src);
    const float* a = scratch_.Floats(slots, 0);
    const float* b = scratch_.Floats(slots, 1);
    const float* c = scratch_.Floats(slots, 2);
    strips_.Walk(begin, end, [&](const Strip& s, int64_t at, int64_t channel) {
      alignas(64) float fa[kLanes], fb[kLanes], fc[kLanes];
      strips_.Gather(a, channel, fa);
      strips_.Gather(b, channel, fb);
      strips_.Gather(c, channel, fc);
      const Arriving<T> arriving =
          at_.kept == kNoSlot ? ArrivingAt(slots, at)
                              : Arriving<T>{At<const T>(slots, at_.kept) + at,
                                            nullptr, nullptr};
      CombineGradients(s, arriving, src + at, fa, fb, fc, dst + at);
    });
  }

  Strips strips_;
  BackwardSlots at_;
  ChannelScratch scratch_;
  double epsilon_;
};

template <template <typename> class KernelOf, typename... Args>
std::unique_ptr<Kernel> ForType(DType dtype, const Args&... args) {
  if (dtype == DType::kBF16) {
    return std::make_unique<KernelOf<BFloat16>>(args...);
  }
  return std::make_unique<KernelOf<float>>(args...);
}

// The layout of `value` if kernels can walk it, else row-major.
Layout WalkableLayout(const ProgramBuilder& b, ValueId value) {
  if (ViewChannels(b.layout(value), b.shape(value)).ok()) {
    return b.layout(value);
  }
  return PlainLayout(b.type(value));
}

Strips StripsOf(const ProgramBuilder& b, const Layout& layout, ValueId value) {
  return Strips(*ViewChannels(layout, b.shape(value)), b.threads());
}

ChannelScratch MakeScratch(ProgramBuilder& b, const Strips& strips) {
  const int64_t channels = strips.padded_channels();
  return {b.Scratch(ChannelScratch::Bytes(channels, strips.parts())), channels,
          strips.parts()};
}

NodeId FindInUnit(const ProgramBuilder& b, absl::string_view op) {
  for (const NodeId id : b.unit().nodes) {
    if (b.graph().node(id).op == op) return id;
  }
  return kNoNode;
}

double EpsilonOf(const Node& node) {
  return node.attributes.Real("epsilon", 1e-5);
}

}  // namespace

absl::Status MakeBatchNorm(ProgramBuilder& b) {
  const ValueId src = b.input(0);
  const Layout layout = WalkableLayout(b, src);
  const Strips strips = StripsOf(b, layout, src);
  const ChannelScratch scratch = MakeScratch(b, strips);
  ForwardSlots at;
  at.src = b.Read(src, layout.desc);
  at.scale = b.ReadPlain(b.input(1));
  at.shift = b.ReadPlain(b.input(2));
  at.mean = b.ReadPlain(b.input(3));
  at.variance = b.ReadPlain(b.input(4));
  at.dst = b.Write(b.output(), layout);
  b.MayOverwrite(at.dst, at.src);
  b.AddStep(ForType<InferenceKernel>(b.type(src).dtype, strips, at, scratch,
                                     EpsilonOf(b.node())),
            {at.src, at.scale, at.shift, at.mean, at.variance},
            {at.dst, scratch.slot});
  return absl::OkStatus();
}

absl::Status MakeBatchNormTraining(ProgramBuilder& b) {
  const ValueId src = b.input(0);
  const Layout layout = WalkableLayout(b, src);
  const Strips strips = StripsOf(b, layout, src);
  const ChannelScratch scratch = MakeScratch(b, strips);
  const NodeId add = FindInUnit(b, "add");
  const bool relu = FindInUnit(b, "relu") != kNoNode;
  const ValueId result = b.graph().node(b.unit().nodes.back()).outputs[0];
  ForwardSlots at;
  at.src = b.Read(src, layout.desc);
  at.scale = b.ReadPlain(b.input(1));
  at.shift = b.ReadPlain(b.input(2));
  std::vector<SlotId> reads = {at.src, at.scale, at.shift};
  if (add != kNoNode) {
    const std::vector<ValueId>& terms = b.graph().node(add).inputs;
    const ValueId other = terms[0] == b.output(0) ? terms[1] : terms[0];
    at.residual = b.Read(other, layout.desc);
    reads.push_back(at.residual);
  }
  at.dst = b.Write(result, layout);
  at.mean = b.WritePlain(b.output(1));
  at.variance = b.WritePlain(b.output(2));
  b.MayOverwrite(at.dst, at.src);
  if (add != kNoNode) b.MayOverwrite(at.dst, at.residual);
  b.AddStep(ForType<TrainingKernel>(b.type(src).dtype, strips, at, scratch,
                                    EpsilonOf(b.node()), relu),
            std::move(reads), {at.dst, at.mean, at.variance, scratch.slot});
  return absl::OkStatus();
}

absl::Status MakeBatchNormBackward(ProgramBuilder& b) {
  const ValueId src = b.input(0);
  const Layout layout = WalkableLayout(b, src);
  const Strips strips = StripsOf(b, layout, src);
  const ChannelScratch scratch = MakeScratch(b, strips);
  const NodeId mask = FindInUnit(b, "relu_backward");
  const NodeId add = FindInUnit(b, "add");
  BackwardSlots at;
  at.src = b.Read(src, layout.desc);
  std::vector<SlotId> reads = {at.src}, writes;
  auto read = [&](ValueId v) {
    reads.push_back(b.Read(v, layout.desc));
    return reads.back();
  };
  if (mask == kNoNode) {
    at.diff = read(b.input(1));
  } else {
    const Node& relu = b.graph().node(mask);
    at.mask = read(relu.inputs[1]);
    if (add == kNoNode) {
      at.diff = read(relu.inputs[0]);
    } else {
      at.diff = read(b.graph().node(add).inputs[0]);
      at.more = read(b.graph().node(add).inputs[1]);
    }
    if (b.ReadOutside(relu.outputs[0])) {
      at.kept = b.Write(relu.outputs[0], layout);
      writes.push_back(at.kept);
      b.MayOverwrite(at.kept, at.diff);
    }
  }
  at.scale = b.ReadPlain(b.input(2));
  at.mean = b.ReadPlain(b.input(3));
  at.variance = b.ReadPlain(b.input(4));
  at.diff_src = b.Write(b.output(0), layout);
  at.diff_scale = b.WritePlain(b.output(1));
  at.diff_shift = b.WritePlain(b.output(2));
  if (at.kept == kNoSlot) b.MayOverwrite(at.diff_src, at.diff);
  b.MayOverwrite(at.diff_src, at.src);
  for (const SlotId s : {at.scale, at.mean, at.variance}) reads.push_back(s);
  for (const SlotId s :
       {at.diff_src, at.diff_scale, at.diff_shift, scratch.slot}) {
    writes.push_back(s);
  }
  b.AddStep(ForType<BackwardKernel>(b.type(src).dtype, strips, at, scratch,
                                    EpsilonOf(b.node())),
            std::move(reads), std::move(writes));
  return absl::OkStatus();
}

absl::Status SupportsBatchNorm(const Graph& graph, const Node& node) {
  ASSAY_RETURN_IF_ERROR(SupportsOnly(graph, node, {DType::kF32, DType::kBF16}));
  const size_t activations = node.op == "batch_norm_backward" ? 2 : 1;
  for (size_t i = activations; i < node.inputs.size(); ++i) {
    if (graph.type(node.inputs[i]).dtype != DType::kF32) {
      return absl::UnimplementedError(
          absl::StrCat("cpu: ", Signature(graph, node),
                       ": statistics, scale and shift must be f32"));
    }
  }
  return absl::OkStatus();
}

}  // namespace assay::cpu

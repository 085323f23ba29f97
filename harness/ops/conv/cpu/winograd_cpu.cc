#include "harness/ops/conv/cpu/winograd_cpu.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/round_up.h"
#include "harness/ops/conv/cpu/winograd_rows.h"

namespace assay::cpu {
namespace {

using dnnl::memory;

constexpr int64_t kBlock = 16;  // channels
// Tiles that go through all stages at a time: they stay in a core's cache.
constexpr int64_t kGroup = 32;
// With more, a group reads its weights from too far away.
constexpr int64_t kMostChannels = 256;
constexpr int64_t kFewestBf16Channels = 64;
// Fewer tiles are not worth transforming the weights in every run, or reading
// more of them.
constexpr int64_t kFewestTiles = 128, kFewestTilesOfConstants = 16;

bool HasWholeBlocks(const Shape& shape) {
  return shape[1] % kBlock == 0 && shape[1] <= kMostChannels;
}

int64_t TilesAlong(int64_t extent) { return (extent + 1) / 2; }

// How `value` lies if that is channels-last or in blocks of 16 channels, else
// blocks.
memory::desc WalkableDesc(const ProgramBuilder& b, ValueId value) {
  const Layout& layout = b.layout(value);
  const auto view = ViewChannels(layout, b.shape(value));
  if (!layout.plain && view.ok() &&
      (view->block == kBlock || view->blocks == 1)) {
    return layout.desc;
  }
  return memory::desc(DnnlDims(b.shape(value)), DnnlType(b.type(value).dtype),
                      memory::format_tag::aBcd16b);
}

// A result in the form of `like`.
Layout LayoutLike(const memory::desc& like, const TensorType& source,
                  const TensorType& result) {
  return LayoutOf(result, *Relaid(LayoutOf(source, like), result));
}

// Of a tensor whose tiles begin at -top, -left, as many as `results` has.
TiledImages Tiled(const memory::desc& desc, const TensorType& type,
                  const Shape& results, int64_t top, int64_t left) {
  const ChannelView view = *ViewChannels(LayoutOf(type, desc), type.shape);
  TiledImages m;
  m.height = type.shape[2];
  m.width = type.shape[3];
  m.blocks = view.channels / kBlock;
  m.image = view.channels * view.inner;
  m.pixel = view.block;
  m.block = view.block == kBlock ? view.inner * kBlock : kBlock;
  m.across = TilesAlong(results[3]);
  m.tiles = TilesAlong(results[2]) * m.across;
  m.top = top;
  m.left = left;
  return m;
}

// A group's room for the positions of two tensors.
int64_t GroupFloats(const TiledImages& a, const TiledImages& b) {
  return kTilePositions * (PositionStride(kGroup, a.blocks * kBlock) +
                           PositionStride(kGroup, b.blocks * kBlock));
}

// `weights` is kNoSlot where `transformed` is a constant, else scratch, as is
// `groups`.
struct Convolution {
  TiledImages from, to;
  int64_t tiles;  // of all images
  int64_t group;  // tiles at a time
  KernelOrder order;
  int parts;
  SlotId src, weights = kNoSlot, bias = kNoSlot, dst;
  SlotId transformed, groups;
  TileEpilogue epilogue;

  int64_t channels() const { return from.blocks * kBlock; }
  int64_t results() const { return to.blocks * kBlock; }
  // f(scratch, more scratch, first tile, tiles, their room) for each group of
  // [begin, end), in the part's own scratch.
  template <typename F>
  void ForGroups(void* const* slots, int part, int64_t begin, int64_t end,
                 const F& f) const {
    float* scratch = At<float>(slots, groups) + part * GroupFloats(from, to);
    float* second =
        scratch + kTilePositions * PositionStride(kGroup, channels());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i * group;
      const int64_t count = std::min(group, tiles - first);
      f(scratch, second, first, count, RoundUp(count, TileRows(results())));
    }
  }
  int64_t group_count() const { return (tiles + group - 1) / group; }
};

class ForwardKernel final : public Kernel {
 public:
  explicit ForwardKernel(const Convolution& c) : c_(c) {}

  absl::Status Run(void* const* slots) const override {
    if (c_.weights != kNoSlot) Transform(slots);
    TileEpilogue epilogue = c_.epilogue;
    if (c_.bias != kNoSlot) epilogue.bias = At<const float>(slots, c_.bias);
    const float* transformed = At<const float>(slots, c_.transformed);
    ParallelRanges(
        c_.parts, c_.group_count(), [&](int part, int64_t begin, int64_t end) {
          c_.ForGroups(slots, part, begin, end,
                       [&](float* left, float* made, int64_t first,
                           int64_t count, int64_t room) {
                         ConvolveTiles(c_.from, At<const float>(slots, c_.src),
                                       transformed, epilogue, first, count,
                                       room, c_.to, left, made,
                                       At<float>(slots, c_.dst));
                       });
        });
    return absl::OkStatus();
  }

 private:
  void Transform(void* const* slots) const {
    ParallelRanges(
        c_.parts, c_.channels(), [&](int, int64_t begin, int64_t end) {
          TransformKernels(At<const float>(slots, c_.weights), c_.order, begin,
                           end, c_.channels(), c_.results(),
                           At<float>(slots, c_.transformed));
        });
  }

  Convolution c_;
};

// `weights` and `dst` are read, `bias` is not there; `transformed` holds each
// part's sums.
template <typename T>
class WeightsKernel final : public Kernel {
 public:
  WeightsKernel(const Convolution& c, SlotId gradients)
      : c_(c), gradients_(gradients) {}

  absl::Status Run(void* const* slots) const override {
    ParallelRanges(
        c_.parts, c_.group_count(), [&](int part, int64_t begin, int64_t end) {
          float* sums = Sums(slots, part);
          std::fill(sums, sums + size(), 0.0f);
          c_.ForGroups(slots, part, begin, end,
                       [&](float* left, float* right, int64_t first,
                           int64_t count, int64_t room) {
                         AddKernelGradients(c_.from, At<const T>(slots, c_.src),
                                            c_.to, At<const T>(slots, c_.dst),
                                            first, count, room, left, right,
                                            sums);
                       });
        });
    ParallelRanges(c_.parts, c_.channels(),
                   [&](int, int64_t begin, int64_t end) {
                     Fold(slots, begin, end);
                     FinishKernelGradients(Sums(slots, 0), c_.order, begin, end,
                                           c_.channels(), c_.results(),
                                           At<T>(slots, gradients_));
                   });
    return absl::OkStatus();
  }

 private:
  int64_t size() const { return kTilePositions * c_.channels() * c_.results(); }
  float* Sums(void* const* slots, int part) const {
    return At<float>(slots, c_.transformed) + part * size();
  }
  // Adds the parts' sums of channels [begin, end) in order, into part 0.
  void Fold(void* const* slots, int64_t begin, int64_t end) const {
    for (int part = 1; part < c_.parts; ++part) {
      for (int64_t p = 0; p < kTilePositions; ++p) {
        const int64_t row = p * c_.channels();
        float* total = Sums(slots, 0);
        const float* more = Sums(slots, part);
        for (int64_t i = (row + begin) * c_.results();
             i < (row + end) * c_.results(); ++i) {
          total[i] += more[i];
        }
      }
    }
  }

  Convolution c_;
  SlotId gradients_;
};

// A convolution that reads `from` padded by top and left and makes, or reads,
// `to`; `results` has the extents of the results.
Convolution Describe(const ProgramBuilder& b, const memory::desc& from_desc,
                     const TensorType& from, const memory::desc& to_desc,
                     const TensorType& to, int64_t top, int64_t left) {
  Convolution c;
  const Shape& results = to.shape;
  c.from = Tiled(from_desc, from, results, top, left);
  c.to = Tiled(to_desc, to, results, 0, 0);
  c.tiles = results[0] * c.to.tiles;
  // Few tiles are shared out among the threads.
  c.group = std::min(kGroup, RoundUp((c.tiles + b.threads() - 1) / b.threads(),
                                     TileRows(c.results())));
  c.parts = static_cast<int>(std::min<int64_t>(b.threads(), c.group_count()));
  return c;
}

// The step that convolves with `weights`, row-major.
void AddConvolution(ProgramBuilder& b, Convolution c, ValueId weights) {
  const int64_t size = kTilePositions * c.channels() * c.results();
  std::vector<SlotId> reads = {c.src}, writes = {c.dst};
  if (b.is_constant(weights)) {
    std::vector<float> transformed(static_cast<size_t>(size));
    TransformKernels(b.graph().value(weights).constant.data<float>(), c.order,
                     0, c.channels(), c.channels(), c.results(),
                     transformed.data());
    c.transformed = b.Constant(transformed.data(), 4 * size);
    reads.push_back(c.transformed);
  } else {
    c.weights = b.ReadPlain(weights);
    c.transformed = b.Scratch(4 * size);
    reads.push_back(c.weights);
    writes.push_back(c.transformed);
  }
  c.groups = b.Scratch(4 * c.parts * GroupFloats(c.from, c.to));
  writes.push_back(c.groups);
  if (c.bias != kNoSlot) reads.push_back(c.bias);
  if (c.epilogue.add) reads.push_back(c.dst);
  b.AddStep(std::make_unique<ForwardKernel>(c), std::move(reads),
            std::move(writes));
}

template <typename T>
void AddWeightsStep(ProgramBuilder& b, const Convolution& c, SlotId made) {
  b.AddStep(std::make_unique<WeightsKernel<T>>(c, made), {c.src, c.dst},
            {made, c.transformed, c.groups});
}

}  // namespace

bool SuitsWinograd(ProgramBuilder& b, const ConvGeometry& g, ValueId from,
                   ValueId to, const Shape& weights) {
  // Algorithms that can be asked for are oneDNN's.
  if (b.options().algorithm != ConvAlgorithm::kRule) return false;
  const auto all = [](const memory::dims& values, memory::dim low,
                      memory::dim high) {
    return std::all_of(values.begin(), values.end(),
                       [=](memory::dim v) { return v >= low && v <= high; });
  };
  const Shape& results = b.shape(to);
  const DType dtype = b.type(from).dtype;
  // Products of pairs of bf16 are ahead of f32's until transforming counts for
  // little.
  const bool suits_type =
      dtype == DType::kF32 ||
      (dtype == DType::kBF16 && b.node().op == "conv2d_backward_weights" &&
       b.shape(from)[1] >= kFewestBf16Channels &&
       results[1] >= kFewestBf16Channels);
  const bool constant =
      b.is_constant(b.input(1)) && b.node().op != "conv2d_backward_weights";
  const bool suits =
      suits_type && HasWideVectors() && g.groups == 1 && weights[2] == 3 &&
      weights[3] == 3 && all(g.strides, 1, 1) && all(g.dilations, 0, 0) &&
      all(g.pads_begin, 0, 2) && HasWholeBlocks(b.shape(from)) &&
      HasWholeBlocks(results) &&
      results[0] * TilesAlong(results[2]) * TilesAlong(results[3]) >=
          (constant ? kFewestTilesOfConstants : kFewestTiles);
  b.taken().sums |= suits && !b.options().winograd;
  return suits && b.options().winograd;
}

memory::desc WinogradResult(const ProgramBuilder& b, ValueId src,
                            const TensorType& dst) {
  return LayoutLike(WalkableDesc(b, src), b.type(src), dst).desc;
}

void AddWinograd(ProgramBuilder& b, const ConvGeometry& g,
                 const memory::desc& dst_desc, const TileEpilogue& epilogue,
                 SlotId dst) {
  const ValueId src = b.input(0), bias = b.input(2);
  const memory::desc from = WalkableDesc(b, src);
  const TensorType made = {b.type(src).dtype, b.shape(b.output())};
  Convolution c = Describe(b, from, b.type(src), dst_desc, made,
                           g.pads_begin[0], g.pads_begin[1]);
  c.order = {c.channels() * 9, 9, false};
  c.epilogue = epilogue;
  c.src = b.Read(src, from);
  if (bias != kNoValue) c.bias = b.ReadPlain(bias);
  c.dst = dst;
  AddConvolution(b, c, b.input(1));
}

void MakeWinogradForward(ProgramBuilder& b, const ConvGeometry& g) {
  const TensorType& type = b.type(b.output());
  const memory::desc desc = WinogradResult(b, b.input(0), type);
  AddWinograd(b, g, desc, TileEpilogue(),
              b.Write(b.output(), LayoutOf(type, desc)));
}

// The convolution of the gradient with the taps in the other order.
void MakeWinogradBackwardData(ProgramBuilder& b, const ConvGeometry& g) {
  const ValueId diff = b.input(0), made = b.output();
  const memory::desc from = WalkableDesc(b, diff);
  const Layout to = LayoutLike(from, b.type(diff), b.type(made));
  Convolution c = Describe(b, from, b.type(diff), to.desc, b.type(made),
                           2 - g.pads_begin[0], 2 - g.pads_begin[1]);
  c.order = {9, c.results() * 9, true};
  c.src = b.Read(diff, from);
  c.dst = b.Write(made, to);
  AddConvolution(b, c, b.input(1));
}

void MakeWinogradBackwardWeights(ProgramBuilder& b, const ConvGeometry& g) {
  const ValueId src = b.input(0), diff = b.input(1);
  const memory::desc from = WalkableDesc(b, src), to = WalkableDesc(b, diff);
  Convolution c = Describe(b, from, b.type(src), to, b.type(diff),
                           g.pads_begin[0], g.pads_begin[1]);
  c.order = {c.channels() * 9, 9, false};
  c.src = b.Read(src, from);
  c.dst = b.Read(diff, to);
  c.transformed =
      b.Scratch(4 * c.parts * kTilePositions * c.channels() * c.results());
  c.groups = b.Scratch(4 * c.parts * GroupFloats(c.from, c.to));
  const SlotId made = b.WritePlain(b.output());
  if (b.type(src).dtype == DType::kBF16) {
    AddWeightsStep<BFloat16>(b, c, made);
  } else {
    AddWeightsStep<float>(b, c, made);
  }
}

}  // namespace assay::cpu

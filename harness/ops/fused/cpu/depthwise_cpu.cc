#include "harness/ops/fused/cpu/depthwise_cpu.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "harness/ops/fused/cpu/depthwise_float_rows.h"
#include "harness/ops/fused/cpu/depthwise_rows.h"

namespace assay::cpu {
namespace {

// Nine products and sums.
constexpr int64_t kCostPerElement = 18;

constexpr int64_t kBlock = kDepthwiseChannels;

dnnl::memory::desc ChannelsLast(const TensorType& type) {
  return dnnl::memory::desc(DnnlDims(type.shape), DnnlType(type.dtype),
                            dnnl::memory::format_tag::nhwc);
}

class DepthwiseKernel final : public Kernel {
 public:
  // The source's and the result's images, rows in `rows`.
  struct Geometry {
    int64_t images, height, out_height, stride, pad_top;
    int parts;
    SlotId src, blocks, dst;
  };

  DepthwiseKernel(const Geometry& geometry, const DepthwiseRows& rows)
      : g_(geometry), rows_(rows) {}

  absl::Status Run(void* const* slots) const override {
    DepthwiseRows rows = rows_;
    rows.blocks = At<const DepthwiseBlock>(slots, g_.blocks);
    const int64_t src_row = rows.width * rows.channels;
    const int64_t dst_row = rows.out_width * rows.channels;
    const auto run = [&](int, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const uint8_t* image = At<const uint8_t>(slots, g_.src) +
                               i / g_.out_height * g_.height * src_row;
        const int64_t top = i % g_.out_height * g_.stride - g_.pad_top;
        const uint8_t* src[3];
        for (int64_t k = 0; k < 3; ++k) {
          const int64_t y = top + k;
          src[k] = y < 0 || y >= g_.height ? nullptr : image + y * src_row;
        }
        DepthwiseRow(rows, src, At<uint8_t>(slots, g_.dst) + i * dst_row);
      }
    };
    ParallelRanges(g_.parts, g_.images * g_.out_height, run);
    return absl::OkStatus();
  }

 private:
  Geometry g_;
  DepthwiseRows rows_;
};

// The node's constants, by channel.
class Channels {
 public:
  explicit Channels(const ProgramBuilder& b)
      : attributes_(b.node().attributes),
        weights_(b.graph().value(b.input(1)).constant.data<int8_t>()),
        bias_(b.input(2) == kNoValue
                  ? nullptr
                  : b.graph().value(b.input(2)).constant.data<float>()),
        scales_(attributes_.Reals("weights_scales", {1})),
        dst_scale_(attributes_.Real("dst_scale", 1)) {}

  void Pack(int64_t channel, int vector, int lane, DepthwiseBlock* to) const {
    const int8_t* w = weights_ + channel * 9;
    int32_t sum = 0;
    for (int column = 0; column < 3; ++column) {
      for (int row = 0; row < 3; ++row) {
        const int8_t weight = w[row * 3 + column];
        to->weights[column][vector][lane * 4 + row] = weight;
        sum += weight;
      }
    }
    to->start[vector][lane] =
        -sum * static_cast<int32_t>(attributes_.Int("src_zero_point", 0));
    const double scale =
        scales_[scales_.size() == 1 ? 0 : static_cast<size_t>(channel)];
    to->factor[vector][lane] = static_cast<float>(
        attributes_.Real("src_scale", 1) * scale / dst_scale_);
    const double bias =
        bias_ == nullptr ? 0 : static_cast<double>(bias_[channel]);
    to->offset[vector][lane] = static_cast<float>(bias / dst_scale_);
  }

  // In steps; no result is further from zero.
  double Furthest(int64_t channels) const {
    constexpr double kSum = 9.0 * 255 * 128;
    double furthest = 0;
    for (int64_t c = 0; c < channels; ++c) {
      const double scale =
          scales_[scales_.size() == 1 ? 0 : static_cast<size_t>(c)];
      const double bias = bias_ == nullptr ? 0 : static_cast<double>(bias_[c]);
      const double y =
          kSum * attributes_.Real("src_scale", 1) * scale + std::abs(bias);
      furthest = std::max(furthest, y / dst_scale_);
    }
    return furthest;
  }

  std::vector<DepthwiseBlock> Blocks(int64_t channels) const {
    std::vector<DepthwiseBlock> blocks(
        static_cast<size_t>((channels + kBlock - 1) / kBlock));
    for (size_t i = 0; i < blocks.size(); ++i) {
      for (int vector = 0; vector < 4; ++vector) {
        for (int lane = 0; lane < 8; ++lane) {
          const int64_t channel =
              static_cast<int64_t>(i) * kBlock + ChannelOfWord(vector, lane);
          if (channel < channels) Pack(channel, vector, lane, &blocks[i]);
        }
      }
    }
    return blocks;
  }

 private:
  const Attributes& attributes_;
  const int8_t* weights_;
  const float* bias_;
  std::vector<double> scales_;
  double dst_scale_;
};

DepthwiseRows RowsOf(const ProgramBuilder& b, const ConvGeometry& g) {
  // Beyond any byte, and small enough to add a zero point to.
  constexpr float kFar = 1e6f;
  const Attributes& attributes = b.node().attributes;
  const TensorType& dst = b.type(b.output());
  DepthwiseRows rows;
  rows.channels = dst.shape[1];
  rows.width = b.shape(b.input(0))[3];
  rows.out_width = dst.shape[3];
  rows.stride = g.strides[1];
  rows.pad_left = g.pads_begin[1];
  rows.src_zero = static_cast<uint8_t>(attributes.Int("src_zero_point", 0));
  rows.dst_zero = static_cast<int32_t>(attributes.Int("dst_zero_point", 0));
  rows.dst_signed = dst.dtype == DType::kS8;
  const std::string activation = attributes.Text("activation", "none");
  rows.low = activation == "none" ? -kFar : 0.0f;
  rows.high = kFar;
  if (activation == "relu6") {
    const double six = 6 / attributes.Real("dst_scale", 1);
    rows.high = std::min(kFar, static_cast<float>(six));
  }
  // Saturation does the same where the activation's ends are the type's.
  const float zero = static_cast<float>(rows.dst_zero);
  const float least = rows.dst_signed ? -128.0f : 0.0f;
  rows.clamps = rows.low > least - zero ||
                std::nearbyint(rows.high) < least + 255 - zero ||
                Channels(b).Furthest(rows.channels) > 1e9;
  return rows;
}

void MakeBytes(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const ConvGeometry g = GeometryOf(b.node());
  const DepthwiseRows rows = RowsOf(b, g);
  const std::vector<DepthwiseBlock> blocks = Channels(b).Blocks(rows.channels);
  const Shape& shape = b.shape(dst);
  DepthwiseKernel::Geometry geometry;
  geometry.images = shape[0];
  geometry.height = b.shape(src)[2];
  geometry.out_height = shape[2];
  geometry.stride = g.strides[0];
  geometry.pad_top = g.pads_begin[0];
  geometry.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), kCostPerElement * ElementCount(shape)),
      shape[0] * shape[2]));
  geometry.src = b.Read(src, ChannelsLast(b.type(src)));
  geometry.blocks =
      b.Constant(blocks.data(),
                 static_cast<int64_t>(blocks.size() * sizeof(DepthwiseBlock)));
  geometry.dst = b.Write(dst, LayoutOf(b.type(dst), ChannelsLast(b.type(dst))));
  b.AddStep(std::make_unique<DepthwiseKernel>(geometry, rows),
            {geometry.src, geometry.blocks}, {geometry.dst});
}

bool ServesBytes(const TensorType& src, const TensorType& dst) {
  return src.dtype == DType::kU8 &&
         (dst.dtype == DType::kU8 || dst.dtype == DType::kS8) && HasWideInt8();
}

bool ServesFloats(const TensorType& src, const TensorType& dst) {
  if (src.dtype != dst.dtype || src.shape[1] % kLanes != 0) return false;
  return (src.dtype == DType::kF32 && HasWideVectors()) ||
         (src.dtype == DType::kBF16 && HasWideBf16());
}

// Rows that are computed together.
constexpr int64_t kBand = 4;
int64_t BandsOf(int64_t rows) { return (rows + kBand - 1) / kBand; }

// Images of blocks of sixteen channels, in T.
template <typename T>
class FloatKernel final : public Kernel {
 public:
  struct Geometry {
    int64_t images, blocks, out_height;
    int64_t src_image, dst_image, src_block, dst_block;  // in elements
    bool channels_last;
    // Each part takes rows of its own, as convolutions around do: what it reads
    // it has made.
    bool by_rows;
    int parts;
    SlotId src, constants, dst;
  };

  FloatKernel(const Geometry& geometry, const DepthwiseFloatRows& rows)
      : g_(geometry), rows_(rows), chunks_(BandsOf(g_.out_height)) {}

  // Bands of rows, all blocks in turn where they lie beside each other.
  absl::Status Run(void* const* slots) const override {
    if (g_.by_rows) {
      RunByRows(slots);
      return absl::OkStatus();
    }
    const int64_t tasks = g_.images * chunks_ * g_.blocks;
    ParallelRanges(g_.parts, tasks, [&](int, int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t image = task / (chunks_ * g_.blocks);
        const int64_t within = task % (chunks_ * g_.blocks);
        const int64_t block =
            g_.channels_last ? within % g_.blocks : within / chunks_;
        const int64_t row =
            kBand * (g_.channels_last ? within / g_.blocks : within % chunks_);
        RunBand(slots, image, block, row, std::min(g_.out_height, row + kBand));
      }
    });
    return absl::OkStatus();
  }

 private:
  void RunByRows(void* const* slots) const {
    ParallelRanges(
        g_.parts, g_.out_height, [&](int, int64_t begin, int64_t end) {
          for (int64_t block = 0; block < g_.blocks; ++block) {
            for (int64_t row = begin; row < end; row += kBand) {
              RunBand(slots, 0, block, row, std::min(end, row + kBand));
            }
          }
        });
  }

  void RunBand(void* const* slots, int64_t image, int64_t block, int64_t row,
               int64_t end) const {
    DepthwiseFloat(
        rows_, At<const DepthwiseFloatBlock>(slots, g_.constants)[block],
        At<const T>(slots, g_.src) + image * g_.src_image +
            block * g_.src_block,
        row, end,
        At<T>(slots, g_.dst) + image * g_.dst_image + block * g_.dst_block);
  }

  Geometry g_;
  DepthwiseFloatRows rows_;
  int64_t chunks_;
};

float ElementOf(const Tensor& tensor, int64_t i) {
  return tensor.dtype() == DType::kBF16
             ? static_cast<float>(tensor.data<BFloat16>()[i])
             : tensor.data<float>()[i];
}

std::vector<DepthwiseFloatBlock> FloatBlocks(const ProgramBuilder& b,
                                             int64_t channels) {
  const Tensor& weights = b.graph().value(b.input(1)).constant;
  std::vector<DepthwiseFloatBlock> blocks(
      static_cast<size_t>(channels / kLanes));
  for (int64_t c = 0; c < channels; ++c) {
    DepthwiseFloatBlock& block = blocks[static_cast<size_t>(c / kLanes)];
    const int64_t lane = c % kLanes;
    for (int64_t tap = 0; tap < 9; ++tap) {
      block.weights[tap % 3][tap / 3][lane] = ElementOf(weights, c * 9 + tap);
    }
    block.bias[lane] = b.input(2) == kNoValue
                           ? 0.0f
                           : ElementOf(b.graph().value(b.input(2)).constant, c);
  }
  return blocks;
}

DepthwiseFloatRows FloatRowsOf(const ProgramBuilder& b, int64_t step) {
  const ConvGeometry g = GeometryOf(b.node());
  const Shape& src = b.shape(b.input(0));
  const std::string activation = b.node().attributes.Text("activation", "none");
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  DepthwiseFloatRows rows;
  rows.height = src[2];
  rows.width = src[3];
  rows.out_width = b.shape(b.output())[3];
  rows.step = step;
  rows.src_row = rows.width * step;
  rows.dst_row = rows.out_width * step;
  for (size_t i = 0; i < 2; ++i) rows.strides[i] = g.strides[i];
  rows.pad_top = g.pads_begin[0];
  rows.pad_left = g.pads_begin[1];
  rows.low = activation == "none" ? -kInfinity : 0.0f;
  rows.high = activation == "relu6" ? 6.0f : kInfinity;
  return rows;
}

// Channels last where they come so, else blocks of sixteen.
dnnl::memory::desc FloatDesc(const TensorType& type, bool channels_last) {
  if (channels_last) return ChannelsLast(type);
  return dnnl::memory::desc(DnnlDims(type.shape), DnnlType(type.dtype),
                            dnnl::memory::format_tag::nChw16c);
}

template <typename T>
void MakeFloats(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Shape& from = b.shape(src);
  const Shape& to = b.shape(dst);
  typename FloatKernel<T>::Geometry g;
  g.channels_last = !b.layout(src).plain &&
                    SameMemory(b.layout(src).desc, ChannelsLast(b.type(src)));
  g.images = to[0];
  g.blocks = to[1] / kLanes;
  g.out_height = to[2];
  const int64_t src_plane = from[2] * from[3], dst_plane = to[2] * to[3];
  g.src_image = from[1] * src_plane;
  g.dst_image = to[1] * dst_plane;
  g.src_block = kLanes * (g.channels_last ? 1 : src_plane);
  g.dst_block = kLanes * (g.channels_last ? 1 : dst_plane);
  g.parts = static_cast<int>(std::min<int64_t>(
      ThreadsFor(b.threads(), kCostPerElement * ElementCount(to)),
      g.images * g.blocks * BandsOf(g.out_height)));
  g.by_rows = !g.channels_last && g.images == 1 && g.out_height >= g.parts;
  const std::vector<DepthwiseFloatBlock> blocks = FloatBlocks(b, to[1]);
  g.src = b.Read(src, FloatDesc(b.type(src), g.channels_last));
  g.constants = b.Constant(
      blocks.data(),
      static_cast<int64_t>(blocks.size() * sizeof(DepthwiseFloatBlock)));
  const dnnl::memory::desc desc = FloatDesc(b.type(dst), g.channels_last);
  g.dst = b.Write(dst, LayoutOf(b.type(dst), desc));
  b.AddStep(std::make_unique<FloatKernel<T>>(
                g, FloatRowsOf(b, g.channels_last ? to[1] : kLanes)),
            {g.src, g.constants}, {g.dst});
}

}  // namespace

bool IsDepthwise(const ProgramBuilder& b) {
  const Node& node = b.node();
  const ValueId bias = b.input(2);
  if (node.op != "conv2d_fused" || b.input(3) != kNoValue ||
      !b.is_constant(b.input(1)) ||
      (bias != kNoValue && !b.is_constant(bias))) {
    return false;
  }
  const TensorType& src = b.type(b.input(0));
  const ConvGeometry g = GeometryOf(node);
  const auto dense = [](int64_t dilation) { return dilation == 0; };
  const auto narrow = [](int64_t pad) { return pad >= 0 && pad < 3; };
  const std::string activation = node.attributes.Text("activation", "none");
  return b.shape(b.input(1)) == Shape{src.shape[1], 1, 3, 3} &&
         g.groups == src.shape[1] &&
         std::all_of(g.dilations.begin(), g.dilations.end(), dense) &&
         std::all_of(g.pads_begin.begin(), g.pads_begin.end(), narrow) &&
         (activation == "none" || activation == "relu" ||
          activation == "relu6") &&
         (ServesBytes(src, b.type(b.output())) ||
          ServesFloats(src, b.type(b.output())));
}

absl::Status MakeDepthwise(ProgramBuilder& b) {
  switch (b.type(b.input(0)).dtype) {
    case DType::kF32:
      MakeFloats<float>(b);
      break;
    case DType::kBF16:
      MakeFloats<BFloat16>(b);
      break;
    default:
      MakeBytes(b);
  }
  return absl::OkStatus();
}

}  // namespace assay::cpu

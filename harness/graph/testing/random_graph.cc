#include "harness/graph/testing/random_graph.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

constexpr int64_t kBatch = 2, kClasses = 3;

// Draws one network into a builder.
class Artist {
 public:
  Artist(uint64_t seed, DType dtype, NetworkBuilder* n)
      : random_(seed, "random network"), dtype_(dtype), n_(*n), b_(n->b()) {}

  std::map<std::string, Tensor> Draw() {
    switch (Below(3)) {
      case 0:
        Images();
        break;
      case 1:
        Tokens();
        break;
      default:
        Patches();
    }
    return std::move(feeds_);
  }

 private:
  // --- Choices.
  int64_t Below(int64_t n) {
    return static_cast<int64_t>(random_.Below(static_cast<uint64_t>(n)));
  }
  int64_t Between(int64_t low, int64_t high) {
    return low + Below(high - low + 1);
  }
  bool Maybe() { return Below(2) == 0; }
  std::string Name(const char* what) { return absl::StrCat(what, count_++); }
  int64_t Extent(ValueId x, size_t axis) const {
    return b_.ok() ? b_.shape(x)[axis] : 1;
  }

  // --- What all networks are made of.
  ValueId Activation(ValueId x) {
    constexpr const char* kOps[] = {"relu", "relu6",     "gelu",   "silu",
                                    "tanh", "hardswish", "sigmoid"};
    return b_.Op(kOps[Below(7)], {x});
  }

  ValueId ScalarTimes(ValueId x, double factor) {
    return b_.Mul(x, b_.Scalar(dtype_, factor));
  }

  struct ConvChoice {
    int64_t channels, kernel, stride = 1, groups = 1, dilation = 1;
  };

  // Padded so that stride 1 keeps the extents; an odd total pads one side more.
  ValueId Conv(const std::string& name, ValueId x, const ConvChoice& c) {
    if (!b_.ok()) return kNoValue;
    const int64_t total = (c.kernel - 1) * c.dilation;
    const int64_t first = total / 2, last = total - first;
    Ints pads = {first, first, last, last};
    if (Maybe()) pads = {last, last, first, first};
    std::vector<ValueId> operands = {
        x, n_.Parameter(name + ".weights", {c.channels, Extent(x, 1) / c.groups,
                                            c.kernel, c.kernel})};
    if (Maybe()) operands.push_back(n_.Parameter(name + ".bias", {c.channels}));
    return b_.Op("conv2d", std::move(operands),
                 {{"strides", Ints{c.stride, c.stride}},
                  {"pads", std::move(pads)},
                  {"dilations", Ints{c.dilation, c.dilation}},
                  {"groups", c.groups}},
                 name);
  }

  ValueId ConvNorm(const std::string& name, ValueId x, const ConvChoice& c) {
    const ValueId y = Conv(name, x, c);
    return Maybe() ? n_.BatchNorm(name + ".norm", y) : y;
  }

  int64_t Kernel() { return Maybe() ? 1 : Between(2, 3); }

  // --- Images.
  ValueId Image() {
    const int64_t extent = Between(5, 10);
    const Shape shape = {kBatch, Between(1, 3), extent, Between(5, 10)};
    feeds_["image"] = RandomTensor(dtype_, shape, "image");
    return n_.Input("image", shape);
  }

  void Images() {
    ValueId x = Image();
    x = Activation(ConvNorm("stem", x, {Between(4, 6) * 2, Kernel()}));
    for (int64_t left = Between(1, 4); left > 0; --left) x = ImageBlock(x);
    if (Maybe()) {
      x = b_.ReduceMean(x, {2, 3}, false);
    } else {
      x = b_.Reshape(b_.Op("avg_pool", {x},
                           {{"kernel", Ints{2, 2}}, {"strides", Ints{2, 2}}}),
                     {0, -1});
    }
    if (Maybe()) {
      x = Activation(n_.Linear("hidden", x, Between(4, 8), Maybe()));
    }
    if (Maybe()) x = b_.Op("dropout", {x}, {{"rate", 0.25}});
    n_.Done(n_.Linear("head", x, kClasses));
  }

  ValueId ImageBlock(ValueId x) {
    switch (Below(9)) {
      case 0:
        return Residual(x);
      case 7:
        return Upsampled(x);
      case 1:
        return InvertedResidual(x);
      case 2:
        return Shuffled(x);
      case 3:
        return Branches(x);
      case 4:
        return Dense(x);
      case 5:
        return Gated(x);
      case 6:
        return SqueezeExcite(x);
      default:
        return Pooled(x);
    }
  }

  int64_t Stride(ValueId x) {
    return Extent(x, 2) >= 4 && Extent(x, 3) >= 4 && Maybe() ? 2 : 1;
  }

  ValueId Residual(ValueId x) {
    const std::string name = Name("residual");
    const int64_t stride = Stride(x);
    const bool project = stride > 1 || Maybe();
    const int64_t channels = project ? Between(3, 6) * 2 : Extent(x, 1);
    ValueId y = Activation(
        ConvNorm(name + ".conv1", x, {Between(4, 10), Kernel(), stride}));
    y = ConvNorm(name + ".conv2", y, {channels, Kernel(), 1, 1, Between(1, 2)});
    if (project) x = ConvNorm(name + ".project", x, {channels, 1, stride});
    x = Maybe() ? b_.Add(x, y) : b_.Sub(x, y);
    return Maybe() ? Activation(x) : x;
  }

  ValueId InvertedResidual(ValueId x) {
    const std::string name = Name("inverted");
    const int64_t channels = Extent(x, 1), wide = channels * 2;
    ValueId y = Activation(ConvNorm(name + ".expand", x, {wide, 1}));
    // A multiplier above 1 makes several channels of each.
    const int64_t multiplier = Between(1, 2);
    y = Activation(ConvNorm(name + ".depthwise", y,
                            {wide * multiplier, Between(2, 3), 1, wide}));
    y = ConvNorm(name + ".reduce", y, {channels, 1});
    return Maybe() ? b_.Add(x, y) : y;
  }

  ValueId Shuffled(ValueId x) {
    const std::string name = Name("grouped");
    ValueId y = ConvNorm(name + ".conv1", x, {Between(2, 4) * 2, 1, 1, 2});
    const int64_t c = Extent(y, 1), h = Extent(y, 2), w = Extent(y, 3);
    y = b_.Reshape(y, {0, 2, c / 2, h, w});
    y = b_.Reshape(b_.Transpose(y, {0, 2, 1, 3, 4}), {0, -1, h, w});
    return Activation(
        Conv(name + ".conv2", y, {Between(2, 5) * 2, Kernel(), 1, 2}));
  }

  ValueId Branches(ValueId x) {
    const std::string name = Name("branches");
    std::vector<ValueId> parts;
    int64_t channels = 0;
    for (int64_t i = Between(2, 3); i > 0; --i) {
      const int64_t more = i == 1 && channels % 2 == 1 ? 3 : Between(1, 3) * 2;
      channels += more;
      parts.push_back(Activation(
          ConvNorm(absl::StrCat(name, ".branch", i), x, {more, Kernel()})));
    }
    return b_.Op("concat", std::move(parts), {{"axis", 1}}, name);
  }

  ValueId Dense(ValueId x) {
    const std::string name = Name("dense");
    const ValueId y = Activation(ConvNorm(name, x, {Between(1, 2) * 2, 3}));
    return b_.Op("concat", {x, y}, {{"axis", 1}});
  }

  // One half of the channels gates the other.
  ValueId Gated(ValueId x) {
    const std::string name = Name("gated");
    const int64_t half = Between(2, 5);
    const ValueId y = Conv(name, x, {2 * half, Kernel()});
    if (!b_.ok()) return kNoValue;
    const Shape shape = b_.shape(y);
    const auto part = [&](int64_t from) {
      return b_.Op("slice", {y},
                   {{"starts", Ints{0, from, 0, 0}},
                    {"ends", Ints{shape[0], from + half, shape[2], shape[3]}}});
    };
    const ValueId gate = b_.Op("sigmoid", {part(0)});
    return Conv(name + ".out", b_.Mul(gate, part(half)),
                {Between(2, 5) * 2, 1});
  }

  ValueId SqueezeExcite(ValueId x) {
    const std::string name = Name("squeeze");
    const int64_t channels = Extent(x, 1);
    ValueId s = b_.ReduceMean(x, {2, 3}, false);
    s = Activation(n_.Linear(name + ".down", s, Between(2, 4)));
    s = b_.Op("sigmoid", {n_.Linear(name + ".up", s, channels)});
    return b_.Mul(x, b_.Reshape(s, {0, -1, 1, 1}));
  }

  // A transposed convolution: up to twice the extents.
  ValueId Upsampled(ValueId x) {
    if (!b_.ok() || Extent(x, 2) > 6 || Extent(x, 3) > 6) return Residual(x);
    const std::string name = Name("upsampled");
    const int64_t groups = Extent(x, 1) % 2 == 0 ? Between(1, 2) : 1;
    const int64_t channels = Between(1, 3) * 2;
    std::vector<ValueId> operands = {
        x, n_.Parameter(name + ".weights",
                        {Extent(x, 1), channels / groups, 2, 2})};
    if (Maybe()) operands.push_back(n_.Parameter(name + ".bias", {channels}));
    return Activation(b_.Op("conv_transpose2d", std::move(operands),
                            {{"strides", Ints{2, 2}}, {"groups", groups}},
                            name));
  }

  ValueId Pooled(ValueId x) {
    if (Extent(x, 2) < 4 || Extent(x, 3) < 4) return Activation(x);
    const Attributes window = {{"kernel", Ints{2, 2}},
                               {"strides", Ints{Maybe() ? 2 : 1, 2}},
                               {"pads", Ints{0, 0, Maybe() ? 1 : 0, 0}}};
    return b_.Op(Maybe() ? "max_pool" : "avg_pool", {x}, window);
  }

  // --- Tokens.
  void Tokens() {
    const int64_t length = Between(3, 8), vocabulary = Between(5, 9);
    const Shape shape = {kBatch, length};
    const ValueId tokens = b_.Input("tokens", DType::kS32, shape);
    feeds_["tokens"] = RandomTensor(DType::kF64, shape, "tokens", -0.49,
                                    static_cast<double>(vocabulary) - 0.51)
                           .Cast(DType::kS32);
    const int64_t width = Between(2, 3) * 4;
    const ValueId table =
        n_.Parameter("embedding.weights", {vocabulary, width});
    ValueId x = b_.Op("gather", {table, tokens});
    x = Blocks(x);
    if (Maybe()) {
      n_.Done(n_.Linear("head", b_.ReduceMean(x, {1}, false), kClasses));
    } else if (Maybe()) {
      n_.Done(b_.Op("linear", {x, table}));
    } else {
      n_.Done(n_.Linear("head", x, kClasses, false));
    }
  }

  void Patches() {
    const ValueId image = Image();
    const int64_t width = Between(2, 3) * 4;
    ValueId x = n_.Conv("patch", image, width, 3, 3, 1, Maybe());
    if (!b_.ok()) return;
    x = b_.Transpose(b_.Reshape(x, {0, width, -1}), {0, 2, 1});
    x = Blocks(x);
    n_.Done(n_.Linear("head", b_.ReduceMean(x, {1}, false), kClasses));
  }

  ValueId Norm(const std::string& name, ValueId x) {
    if (!b_.ok()) return kNoValue;
    const Shape width = {b_.shape(x).back()};
    const ValueId scale = n_.Parameter(name + ".scale", width);
    if (Maybe()) {
      return b_.Op("rms_norm", {x, scale}, {{"epsilon", 1e-3}}, name);
    }
    return b_.Op("layer_norm", {x, scale, n_.Parameter(name + ".shift", width)},
                 {{"epsilon", 1e-3}}, name);
  }

  ValueId Blocks(ValueId x) {
    if (!b_.ok()) return kNoValue;
    if (Maybe()) {
      const Shape shape = b_.shape(x);
      x = b_.Add(x, n_.Parameter("positions", {shape[1], shape[2]}));
    }
    const bool rope = Maybe(), causal = Maybe();
    for (int64_t left = Between(1, 3); left > 0; --left) {
      const std::string name = Name("block");
      x = b_.Add(
          x, Attention(name + ".attention",
                       Maybe() ? Norm(name + ".norm1", x) : x, rope, causal));
      x = b_.Add(x, FeedForward(name + ".feed_forward",
                                Maybe() ? Norm(name + ".norm2", x) : x));
    }
    return Maybe() ? Norm("norm", x) : x;
  }

  // [B,T,H*D] -> [B,H,T,D]
  ValueId Heads(ValueId x, int64_t heads, int64_t depth) {
    const ValueId split = b_.Reshape(x, {0, 0, heads, depth});
    return b_.Transpose(split, {0, 2, 1, 3});
  }

  ValueId Attention(const std::string& name, ValueId x, bool rope,
                    bool causal) {
    if (!b_.ok()) return kNoValue;
    const int64_t depth = 2 * Between(1, 2), repeats = Between(1, 2);
    const int64_t kv = Between(1, 3), heads = kv * repeats;
    const bool bias = Maybe();
    ValueId q =
        Heads(n_.Linear(name + ".query", x, heads * depth, bias), heads, depth);
    ValueId k = Heads(n_.Linear(name + ".key", x, kv * depth, bias), kv, depth);
    ValueId v =
        Heads(n_.Linear(name + ".value", x, kv * depth, bias), kv, depth);
    if (rope) {
      q = b_.Op("rope", {q});
      k = b_.Op("rope", {k});
    }
    if (repeats > 1) {
      k = b_.Op("repeat_heads", {k}, {{"repeats", repeats}});
      v = b_.Op("repeat_heads", {v}, {{"repeats", repeats}});
    }
    ValueId scores = ScalarTimes(b_.Op("matmul", {q, k}, {{"transpose_b", 1}}),
                                 1 / std::sqrt(static_cast<double>(depth)));
    if (causal) scores = b_.Add(scores, Causal(Extent(x, 1)));
    ValueId y = b_.Op("matmul", {b_.Op("softmax", {scores}), v});
    y = b_.Reshape(b_.Transpose(y, {0, 2, 1, 3}), {0, 0, heads * depth});
    return n_.Linear(name + ".output", y, Extent(x, 2), bias);
  }

  ValueId Causal(int64_t length) {
    Tensor mask = Tensor::Zeros(DType::kF64, {length, length});
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t j = i + 1; j < length; ++j) {
        mask.data<double>()[i * length + j] = -1e9;
      }
    }
    return b_.Constant(mask.Cast(dtype_), "causal");
  }

  ValueId FeedForward(const std::string& name, ValueId x) {
    if (!b_.ok()) return kNoValue;
    const int64_t wide = Between(4, 12);
    ValueId y = Activation(n_.Linear(name + ".up", x, wide, Maybe()));
    if (Maybe()) y = b_.Mul(y, n_.Linear(name + ".gate", x, wide, false));
    return n_.Linear(name + ".down", y, Extent(x, 2), Maybe());
  }

  RandomStream random_;
  const DType dtype_;
  NetworkBuilder& n_;
  GraphBuilder& b_;
  std::map<std::string, Tensor> feeds_;
  int count_ = 1;
};

}  // namespace

RandomNetwork MakeRandomNetwork(uint64_t seed, DType dtype) {
  RandomNetwork network;
  network.builder = std::make_unique<NetworkBuilder>(dtype);
  network.feeds = Artist(seed, dtype, network.builder.get()).Draw();
  return network;
}

}  // namespace assay

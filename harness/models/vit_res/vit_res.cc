#include "harness/models/vit_res/vit_res.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kStddev = 0.02;
constexpr double kEpsilon = 1e-6;

using Ints = std::vector<int64_t>;

ConvOptions Conv3x3(int64_t channels, int64_t stride) {
  return {.channels = channels,
          .kernel = {3, 3},
          .strides = {stride, stride},
          .pads = {1, 1, 1, 1}};
}

struct Network {
  LayerBuilder& net;

  GraphBuilder& b() { return net.b(); }

  ValueId Stem(ValueId x, int64_t channels) {
    const auto layer = [&](ValueId v, int number, int64_t stride) {
      return net.ConvNormRelu(v, absl::StrCat("stem.conv", number),
                              absl::StrCat("stem.bn", number),
                              Conv3x3(channels, stride));
    };
    x = layer(x, 1, 2);
    return b().Add(x, layer(layer(x, 2, 1), 3, 1));
  }

  ValueId Block(ValueId x, const std::string& path, const VitResStage& stage) {
    const auto norm = [&](ValueId v, const char* name) {
      return net.LayerNorm(v, path + name, kEpsilon);
    };
    x = b().Add(x, SelfAttention(net, norm(x, ".norm1"), path + ".attn",
                                 stage.heads, stage.head_features, kStddev));
    return b().Add(x, GeluMlp(net, norm(x, ".norm2"), path + ".mlp",
                              stage.hidden, kStddev));
  }

  // Tokens [start, end) of [N,T,D].
  ValueId Tokens(ValueId x, int64_t start, int64_t end) {
    return b().Op("slice", {x},
                  {{"starts", Ints{0, start, 0}},
                   {"ends", Ints{kToTheEnd, end, kToTheEnd}}});
  }

  // The tokens behind the class token as an image: [N,D,height,width].
  ValueId Grid(ValueId x, int64_t height, int64_t width) {
    const int64_t features = net.Extent(x, 2);
    return b().Reshape(b().Transpose(Tokens(x, 1, kToTheEnd), {0, 2, 1}),
                       {0, features, height, width});
  }

  ValueId WithToken(ValueId token, ValueId grid) {
    return b().Op("concat", {token, GridTokens(net, grid)},
                  {{"axis", int64_t{1}}});
  }

  // [N,1+T,D] -> [N,1+T/4,features].
  ValueId Reduce(ValueId x, const std::string& path, int64_t height,
                 int64_t width, int64_t features) {
    const ValueId normed = net.LayerNorm(x, path + ".norm", kEpsilon);
    ConvOptions conv = Conv3x3(features, 2);
    conv.bias = true;
    const ValueId grid =
        net.Conv(Grid(normed, height, width), path + ".conv", conv);
    const ValueId positions =
        net.Parameter(path + ".positions", {features, height / 2, width / 2},
                      Initialiser::Kind::kNormal, kStddev);
    const ValueId token = net.Linear(Tokens(normed, 0, 1), path + ".token",
                                     features, true, kStddev);
    const ValueId way = WithToken(token, b().Add(grid, positions));
    const ValueId means = b().Op("avg_pool", {Grid(x, height, width)},
                                 {{"kernel", Ints{2, 2}},
                                  {"strides", Ints{2, 2}},
                                  {"pads", Ints{0, 0, 0, 0}}});
    const int64_t further = features - net.Extent(x, 2);
    const ValueId skip =
        b().Op("pad", {WithToken(Tokens(x, 0, 1), means)},
               {{"before", Ints{0, 0, 0}}, {"after", Ints{0, 0, further}}});
    return b().Add(way, skip);
  }
};

absl::Status Check(const VitResOptions& vit_res, const Shape& image) {
  int64_t whole = vit_res.stem == 0 ? vit_res.patch : 2 * vit_res.patch;
  for (size_t stage = 1; stage < vit_res.stages.size(); ++stage) whole *= 2;
  if (image.size() != 3 || vit_res.stages.empty() || image[1] % whole != 0 ||
      image[2] % whole != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        vit_res.name, ": expected stages and an image [C,H,W] of multiples of ",
        whole, ", got ", vit_res.stages.size(), " and ", ToString(image)));
  }
  for (size_t stage = 1; stage < vit_res.stages.size(); ++stage) {
    if (vit_res.stages[stage].features < vit_res.stages[stage - 1].features) {
      return absl::InvalidArgumentError(
          absl::StrCat(vit_res.name, ": expected stages that widen, got ",
                       vit_res.stages[stage].features, " features after ",
                       vit_res.stages[stage - 1].features));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> VitRes(const OpSet& ops,
                                      const VitResOptions& vit_res,
                                      const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? vit_res.image : options.input;
  ASSAY_RETURN_IF_ERROR(Check(vit_res, shape));
  shape.insert(shape.begin(), options.batch);
  LayerBuilder net(vit_res.name, ops);
  Network network{net};
  ValueId x = net.b().Input("image", DType::kF32, shape);
  if (vit_res.stem > 0) x = network.Stem(x, vit_res.stem);
  x = PatchGrid(net, x, "patch", vit_res.stages[0].features, vit_res.patch);
  int64_t height = net.Extent(x, 2), width = net.Extent(x, 3);
  x = TokenAndPositions(net, GridTokens(net, x), "token", "positions", kStddev);
  for (size_t i = 0; i < vit_res.stages.size(); ++i) {
    const VitResStage& stage = vit_res.stages[i];
    if (i > 0) {
      x = network.Reduce(x, absl::StrCat("reduce", i), height, width,
                         stage.features);
      height /= 2;
      width /= 2;
    }
    for (int64_t block = 0; block < stage.blocks; ++block) {
      x = network.Block(x, absl::StrCat("stage", i + 1, ".", block), stage);
    }
  }
  x = network.Tokens(net.LayerNorm(x, "norm", kEpsilon), 0, 1);
  x = net.b().Reshape(x, {0, vit_res.stages.back().features});
  return net.Finish(net.Linear(
      x, "head", options.classes == 0 ? vit_res.classes : options.classes, true,
      kStddev));
}

}  // namespace assay

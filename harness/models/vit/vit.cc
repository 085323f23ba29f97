#include "harness/models/vit/vit.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kStddev = 0.02;
constexpr double kEpsilon = 1e-6;

struct Encoder {
  LayerBuilder& net;
  const VitOptions& options;

  ValueId Linear(ValueId x, const std::string& path, int64_t features) {
    return net.Linear(x, path, features, true, kStddev);
  }

  // [N,C,H,W] -> [N,T,D].
  ValueId Patches(ValueId image) {
    GraphBuilder& b = net.b();
    const Shape shape = {options.features, net.Extent(image, 1), options.patch,
                         options.patch};
    const ValueId weights =
        net.Parameter("patch_embed.proj.weights", shape,
                      Initialiser::Kind::kUniform, LecunFanIn(shape));
    const ValueId bias =
        net.Parameter("patch_embed.proj.bias", {options.features},
                      Initialiser::Kind::kConstant, 0);
    const ValueId x =
        b.Op("conv2d", {image, weights, bias},
             {{"strides", std::vector<int64_t>{options.patch, options.patch}}},
             "patch_embed.proj");
    return b.Transpose(b.Reshape(x, {0, options.features, -1}), {0, 2, 1});
  }

  // The class token in front, and positions: [N,T,D] -> [N,1+T,D]. Added, not
  // concatenated, so that nothing depends on the batch.
  ValueId Embed(ValueId x) {
    GraphBuilder& b = net.b();
    const int64_t tokens = net.Extent(x, 1);
    const auto pad = [&](ValueId v, int64_t before, int64_t after) {
      return b.Op("pad", {v},
                  {{"before", std::vector<int64_t>{0, before, 0}},
                   {"after", std::vector<int64_t>{0, after, 0}}});
    };
    const ValueId first = net.Parameter("cls_token", {1, 1, options.features},
                                        Initialiser::Kind::kNormal, kStddev);
    const ValueId positions =
        net.Parameter("pos_embed", {1, 1 + tokens, options.features},
                      Initialiser::Kind::kNormal, kStddev);
    return b.Add(pad(x, 1, 0), b.Add(pad(first, 0, tokens), positions));
  }

  ValueId Attention(ValueId x, const std::string& path) {
    const ValueId qkv = Linear(x, path + ".qkv", 3 * options.features);
    const auto heads = [&](int64_t part) {
      const int64_t start = part * options.features;
      const ValueId y = net.b().Op(
          "slice", {qkv},
          {{"starts", std::vector<int64_t>{0, 0, start}},
           {"ends", std::vector<int64_t>{kToTheEnd, kToTheEnd,
                                         start + options.features}}});
      return SplitHeads(net, y, options.heads);
    };
    const ValueId q = heads(0);
    const ValueId k = heads(1);
    const ValueId v = heads(2);
    return Linear(MergeHeads(net, Attend(net, q, k, v, kNoValue)),
                  path + ".proj", options.features);
  }

  ValueId Mlp(ValueId x, const std::string& path) {
    x = net.b().Op("gelu", {Linear(x, path + ".fc1", options.hidden)});
    return Linear(x, path + ".fc2", options.features);
  }

  ValueId Block(ValueId x, const std::string& path) {
    GraphBuilder& b = net.b();
    const auto norm = [&](ValueId v, const char* name) {
      return net.LayerNorm(v, path + name, kEpsilon);
    };
    x = b.Add(x, Attention(norm(x, ".norm1"), path + ".attn"));
    return b.Add(x, Mlp(norm(x, ".norm2"), path + ".mlp"));
  }

  ValueId ClassToken(ValueId x) {
    x = net.b().Op("slice", {x},
                   {{"starts", std::vector<int64_t>{0, 0, 0}},
                    {"ends", std::vector<int64_t>{kToTheEnd, 1, kToTheEnd}}});
    return net.b().Reshape(x, {0, options.features});
  }
};

absl::Status Check(const VitOptions& vit, const Shape& image) {
  if (image.size() != 3 || vit.patch < 1 || image[1] % vit.patch != 0 ||
      image[2] % vit.patch != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        vit.name, ": expected an image [C,H,W] of whole patches of ", vit.patch,
        " x ", vit.patch, ", got ", ToString(image)));
  }
  if (vit.heads < 1 || vit.features % vit.heads != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(vit.name, ": expected heads | features, got ", vit.heads,
                     " and ", vit.features));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Vit(const OpSet& ops, const VitOptions& vit,
                                   const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? vit.image : options.input;
  ASSAY_RETURN_IF_ERROR(Check(vit, shape));
  shape.insert(shape.begin(), options.batch);
  LayerBuilder net(vit.name, ops);
  Encoder encoder{net, vit};
  ValueId x = encoder.Embed(
      encoder.Patches(net.b().Input("image", DType::kF32, shape)));
  for (int64_t layer = 0; layer < vit.layers; ++layer) {
    x = encoder.Block(x, absl::StrCat("blocks.", layer));
  }
  x = encoder.ClassToken(net.LayerNorm(x, "norm", kEpsilon));
  return net.Finish(encoder.Linear(
      x, "head", options.classes == 0 ? vit.classes : options.classes));
}

}  // namespace assay
